//! What a step does to tasks: for each task it touches, the chain before, the chain after, and what is fresh.
//!
//! Read once per case and shared by the laws on events, gates and phases.

use std::collections::BTreeSet;

use crate::model::digest::Digest;
use crate::model::event::EventKind;
use crate::model::layout::Place;
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::profile::{Phase, Profile};
use crate::model::state::{Stage, Status};
use crate::model::tree::{SightError, StepView};
use crate::workflow::artifact;
use crate::workflow::chain::{Chain, Link};

/// One task that the step touches.
#[derive(Debug)]
pub(crate) struct TaskStep {
    /// The chain in T; empty where T has no such task.
    pub(crate) before: Chain,
    /// The chain in M.
    pub(crate) after: Chain,
    /// Events of M that T lacks.
    pub(crate) fresh: BTreeSet<Digest>,
    /// Events of M that nothing supersedes, under T's profile; all of them where T has no such profile.
    pub(crate) live: BTreeSet<Digest>,
}

impl TaskStep {
    /// The fresh events, by `seq`.
    pub(crate) fn fresh_links(&self) -> impl Iterator<Item = &Link> {
        self.after.links.iter().filter(|link| self.fresh.contains(&link.digest))
    }

    /// The fresh live events that claim a gate's checks passed.
    pub(crate) fn fresh_gates(&self) -> impl Iterator<Item = &Link> {
        self.fresh_links().filter(|link| self.live.contains(&link.digest) && link.event.carries_gate(&self.after))
    }

    /// The fresh live events with which the task leaves a phase for good.
    pub(crate) fn fresh_advances(&self) -> impl Iterator<Item = &Link> {
        self.fresh_links().filter(|link| self.live.contains(&link.digest) && link.event.kind == EventKind::Advance)
    }

    /// Those of them that leave a phase of `stage`.
    pub(crate) fn fresh_advances_from(&self, stage: Stage) -> impl Iterator<Item = &Link> {
        self.fresh_advances().filter(move |link| self.after.origin(link).stage == stage)
    }

    /// The fresh live events with which the task is done.
    pub(crate) fn fresh_endings(&self) -> impl Iterator<Item = &Link> {
        self.fresh_links().filter(|link| self.live.contains(&link.digest) && link.event.state.status == Status::Done)
    }

    /// The file of an event of this task.
    pub(crate) fn path(&self, link: &Link) -> RepoPath {
        let name = crate::model::event::EventName::of(&link.event);
        crate::model::layout::event(&self.after.profile, &self.after.task, &name)
    }

    /// The profile in T's policy.
    pub(crate) fn profile<'a>(&self, policy: &'a Policy) -> Option<&'a Profile> {
        policy.profiles.get(&self.after.profile)
    }

    /// The phase that a gate-carrying event leaves, in T's policy.
    pub(crate) fn gate_phase<'a>(&self, policy: &'a Policy, link: &Link) -> Option<(&'a Profile, &'a Phase)> {
        let profile = self.profile(policy)?;
        let state = match link.event.kind {
            EventKind::Advance => &self.after.link(link.event.prev.first()?)?.event.state,
            _ => &link.event.state,
        };
        Some((profile, profile.phase(&state.phase)?.1))
    }
}

/// The tasks that the step touches: by an event, a vote, a verdict or an artifact.
pub(crate) fn touched(step: &dyn StepView, policy: &Policy) -> Result<Vec<TaskStep>, SightError> {
    let mut tasks: BTreeSet<(ProfileName, TaskId)> = BTreeSet::new();
    for change in step.changes()? {
        match Place::of(&change.path) {
            Some(Place::Event(profile, task, _) | Place::Vote(profile, task, _) | Place::Verdict(profile, task, _)) => {
                tasks.insert((profile, task));
            }
            Some(Place::Document(_)) => {
                tasks.extend(artifact::owner(policy, &change.path).map(|owner| (owner.profile, owner.task)));
            }
            // A misnamed file in a task's folder is still that task's.
            Some(Place::Stray) => tasks.extend(stray_task(&change.path)),
            _ => {}
        }
    }
    tasks
        .into_iter()
        .map(|(profile, task)| {
            let after = Chain::read(step.next(), &profile, &task)?;
            let before = match step.base() {
                Some(base) => Chain::read(base, &profile, &task)?,
                None => Chain::new(profile.clone(), task, Vec::new()),
            };
            let known: BTreeSet<Digest> = before.links.iter().map(|link| link.digest).collect();
            let fresh = after.links.iter().map(|link| link.digest).filter(|digest| !known.contains(digest)).collect();
            let live = match policy.profiles.get(&profile) {
                Some(profile) => after.live(profile),
                None => after.links.iter().map(|link| link.digest).collect(),
            };
            Ok(TaskStep { before, after, fresh, live })
        })
        .collect()
}

fn stray_task(path: &RepoPath) -> Option<(ProfileName, TaskId)> {
    let names: Vec<&str> = path.as_str()?.split('/').collect();
    match names.as_slice() {
        [_, profile, "events" | "votes", task, ..] => {
            Some((ProfileName::parse(profile).ok()?, TaskId::parse(task).ok()?))
        }
        _ => None,
    }
}
