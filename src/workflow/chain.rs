//! Chains: the events of one task, read from a tree and folded.
//!
//! Heads are the events that no other event names in `prev`. One head: the task is in that head's state. More: a fork,
//! which only `resolve` ends. None of this trusts file order, times or commits.

use std::collections::{BTreeSet, HashMap};

use crate::model::canonical::Canonical;
use crate::model::digest::Digest;
use crate::model::event::{Event, EventKind, EventName};
use crate::model::layout;
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::profile::Profile;
use crate::model::state::{Stage, Status, TaskState};
use crate::model::tree::{MAX_STATE_FILE, Mode, SightError, TreeView};

/// More events than this in one task are refused rather than folded.
pub const MAX_EVENTS: usize = 2000;

/// One event with the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Digest over the file's bytes.
    pub digest: Digest,
    /// The event.
    pub event: Event,
}

/// An event file that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Where.
    pub path: RepoPath,
    /// Why, a clause: "line 3: …".
    pub reason: String,
}

/// The events of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The namespace it lies in.
    pub profile: ProfileName,
    /// Whose events.
    pub task: TaskId,
    /// Well-formed events, sorted by `seq`, then digest; each digest once.
    pub links: Vec<Link>,
    /// Files that are not well-formed events of this task.
    pub broken: Vec<Broken>,
    /// Where in `links` each digest is: a hostile chain is as long as it may be, and every event asks for its predecessors.
    places: HashMap<Digest, usize>,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// No event.
    Absent,
    /// One head.
    At(TaskState),
    /// Several heads, by digest.
    Forked(Vec<Digest>),
}

impl Chain {
    /// A chain of `links` in any order of arrival.
    pub fn new(profile: ProfileName, task: TaskId, mut links: Vec<Link>) -> Self {
        links.sort_by_key(|link| (link.event.seq, link.digest));
        links.dedup_by(|a, b| a.digest == b.digest);
        let places = links.iter().enumerate().map(|(place, link)| (link.digest, place)).collect();
        Self { profile, task, links, broken: Vec::new(), places }
    }

    /// Reads the events of `task` from `tree`. Malformed files go to [`broken`](Self::broken).
    pub fn read(tree: &dyn TreeView, profile: &ProfileName, task: &TaskId) -> Result<Self, SightError> {
        let folder = layout::task_events(profile, task);
        let entries = tree.list(&folder)?;
        if entries.len() > MAX_EVENTS {
            return Err(SightError::Failed(format!(
                "`{folder}` holds {} files; at most {MAX_EVENTS} are read",
                entries.len()
            )));
        }
        let mut links = Vec::new();
        let mut broken = Vec::new();
        for entry in entries {
            let path = folder.join(&entry.name);
            if entry.mode != Mode::File {
                broken.push(Broken { path, reason: format!("mode {:o} is not a plain file", entry.mode.bits()) });
                continue;
            }
            let bytes = match tree.blob(&entry.id, &path, MAX_STATE_FILE) {
                Ok(bytes) => bytes,
                Err(error @ SightError::TooLarge { .. }) => {
                    broken.push(Broken { path, reason: error.to_string() });
                    continue;
                }
                Err(error) => return Err(error),
            };
            match read_event(&entry.name, &bytes, task) {
                Ok(link) => links.push(link),
                Err(reason) => broken.push(Broken { path, reason }),
            }
        }
        let mut chain = Self::new(profile.clone(), task.clone(), links);
        chain.broken = broken;
        Ok(chain)
    }

    /// The chain as it was when `digest` was its head: that event and all that come before it.
    #[must_use]
    pub fn until(&self, digest: &Digest) -> Self {
        let mut kept = self.ancestors(&[*digest]);
        kept.insert(*digest);
        let links = self.links.iter().filter(|link| kept.contains(&link.digest)).cloned().collect();
        Self::new(self.profile.clone(), self.task.clone(), links)
    }

    /// The event with this digest.
    pub fn link(&self, digest: &Digest) -> Option<&Link> {
        self.places.get(digest).map(|place| &self.links[*place])
    }

    /// The events that no other event follows.
    pub fn heads(&self) -> Vec<&Link> {
        let followed: BTreeSet<Digest> = self.links.iter().flat_map(|link| link.event.prev.iter().copied()).collect();
        self.links.iter().filter(|link| !followed.contains(&link.digest)).collect()
    }

    /// Where the task stands.
    pub fn standing(&self) -> Standing {
        match self.heads().as_slice() {
            [] => Standing::Absent,
            [head] => Standing::At(head.event.state.clone()),
            heads => Standing::Forked(heads.iter().map(|head| head.digest).collect()),
        }
    }

    /// The single head; `None` for an absent or forked task.
    pub fn head(&self) -> Option<&Link> {
        match self.heads().as_slice() {
            [head] => Some(head),
            _ => None,
        }
    }

    /// All events that come before those in `from`, themselves not included unless one comes before another.
    pub fn ancestors(&self, from: &[Digest]) -> BTreeSet<Digest> {
        let mut found = BTreeSet::new();
        let mut met = vec![false; self.links.len()];
        let mut queue: Vec<Digest> = from.to_vec();
        while let Some(digest) = queue.pop() {
            for prev in self.link(&digest).map_or(&[][..], |link| &link.event.prev) {
                let is_new = match self.places.get(prev) {
                    Some(place) => !std::mem::replace(&mut met[*place], true),
                    None => !found.contains(prev),
                };
                if is_new {
                    found.insert(*prev);
                    queue.push(*prev);
                }
            }
        }
        found
    }

    /// The first event after the one with this digest by which the task was done or abandoned.
    pub fn ended_after(&self, earlier: &Digest) -> Option<&Link> {
        let mut ends = self.links.iter().filter(|link| !link.event.state.status.is_open());
        ends.find(|link| self.ancestors(&[link.digest]).contains(earlier))
    }

    /// The phase a link leaves or works in: for an advance the predecessor's phase.
    pub(crate) fn origin<'a>(&'a self, link: &'a Link) -> &'a TaskState {
        match (link.event.kind, link.event.prev.first().and_then(|prev| self.link(prev))) {
            (EventKind::Advance, Some(prev)) => &prev.event.state,
            _ => &link.event.state,
        }
    }

    /// The digests of live events: those that no later rewind, resolve, rework or abandon supersedes.
    ///
    /// A rewind or resolve to phase P supersedes what came before it from P on; a rework or an abandon supersedes the
    /// submit that it directly follows. Superseded events are judged for form and chain only.
    pub fn live(&self, profile: &Profile) -> BTreeSet<Digest> {
        let mut live: BTreeSet<Digest> = self.links.iter().map(|link| link.digest).collect();
        // What comes before a rewind or resolve, with the phase it goes back to; the earliest one where there are several.
        let mut limits: Vec<Option<usize>> = vec![None; self.links.len()];
        let mut queue: Vec<(Digest, usize)> = Vec::new();
        for later in &self.links {
            match later.event.kind {
                EventKind::Rework | EventKind::Abandon => {
                    for prev in &later.event.prev {
                        if self.link(prev).is_some_and(|link| link.event.kind == EventKind::Submit) {
                            live.remove(prev);
                        }
                    }
                }
                EventKind::Rewind | EventKind::Resolve => {
                    let limit = position(profile, &later.event.state);
                    queue.extend(later.event.prev.iter().map(|prev| (*prev, limit)));
                }
                EventKind::Open | EventKind::Submit | EventKind::Advance => {}
            }
        }
        while let Some((digest, limit)) = queue.pop() {
            let Some(place) = self.places.get(&digest) else { continue };
            // A limit only falls, and there are as many as phases: each event is gone through so often at most.
            if limits[*place].is_none_or(|known| limit < known) {
                limits[*place] = Some(limit);
                queue.extend(self.links[*place].event.prev.iter().map(|prev| (*prev, limit)));
            }
        }
        for (link, limit) in self.links.iter().zip(limits) {
            let is_gone = limit.is_some_and(|limit| position(profile, self.origin(link)) >= limit);
            if is_gone && link.event.kind != EventKind::Open {
                live.remove(&link.digest);
            }
        }
        live
    }

    /// Whether `link` is an `open` that a later rewind or resolve to the first phase left behind. It stays live, because the
    /// task begins with it, but the phase it names no longer matters.
    pub fn is_left_behind(&self, link: &Link, profile: &Profile) -> bool {
        let restarts = |later: &Link| {
            matches!(later.event.kind, EventKind::Rewind | EventKind::Resolve)
                && position(profile, &later.event.state) == 0
        };
        link.event.kind == EventKind::Open && self.links.iter().any(restarts)
    }

    /// The live event that carries the artifacts with which the task left its (last) phase of `stage`: the submit, or
    /// the advance of a gate of checks alone.
    pub fn leaving(&self, profile: &Profile, stage: Stage) -> Option<&Link> {
        let live = self.live(profile);
        self.links.iter().rev().find(|link| {
            live.contains(&link.digest) && link.event.carries_gate(self) && self.origin(link).stage == stage
        })
    }

    /// The live submit whose votes carry the work after the plan: the last one at or before the plan stage, whatever phases
    /// without a vote come after it. `None` where nobody was asked.
    pub fn approval(&self, profile: &Profile) -> Option<&Link> {
        let live = self.live(profile);
        let is_asked = |link: &&Link| link.event.kind == EventKind::Submit && link.event.state.stage <= Stage::Plan;
        self.links.iter().rev().filter(is_asked).find(|link| live.contains(&link.digest))
    }
}

impl Event {
    /// Whether this event claims that a gate's checks passed: a submit, or an advance straight out of `working`.
    pub fn carries_gate(&self, chain: &Chain) -> bool {
        match self.kind {
            EventKind::Submit => true,
            EventKind::Advance => self
                .prev
                .first()
                .and_then(|prev| chain.link(prev))
                .is_some_and(|prev| prev.event.state.status == Status::Working),
            _ => false,
        }
    }
}

/// The position of a state's phase in the profile; a phase that is gone counts as the first of its stage.
pub fn position(profile: &Profile, state: &TaskState) -> usize {
    profile
        .phase(&state.phase)
        .or_else(|| profile.phase_of_stage(state.stage))
        .map_or(profile.phases.len(), |(position, _)| position)
}

fn read_event(name: &[u8], bytes: &[u8], task: &TaskId) -> Result<Link, String> {
    let name = std::str::from_utf8(name)
        .ok()
        .and_then(EventName::parse)
        .ok_or("its name is not `<seq4>-<phase>-<status>-<hash32>.toml`")?;
    let event = Event::parse(bytes).map_err(|error| error.to_string())?;
    let expected = EventName::of(&event);
    if name != expected {
        return Err(format!("its content asks for the name `{expected}`"));
    }
    if event.task != *task {
        return Err(format!("it belongs to task `{}`", event.task));
    }
    Ok(Link { digest: Digest::of(bytes), event })
}

/// The names of all tasks of a profile, sorted; folders that are no task ids are left to the laws.
pub fn tasks(tree: &dyn TreeView, profile: &ProfileName) -> Result<Vec<TaskId>, SightError> {
    let entries = tree.list(&layout::events(profile))?;
    let ids = entries.into_iter().filter(|entry| entry.mode == Mode::Tree);
    Ok(ids.filter_map(|entry| TaskId::parse(std::str::from_utf8(&entry.name).ok()?).ok()).collect())
}

/// Where a task stands, from file names alone where seqs run 1..n without repeats; `None` where the files must be opened.
pub fn standing_by_name(
    tree: &dyn TreeView,
    profile: &ProfileName,
    task: &TaskId,
) -> Result<Option<EventName>, SightError> {
    let entries = tree.list(&layout::task_events(profile, task))?;
    let mut names: Vec<EventName> = Vec::with_capacity(entries.len());
    for entry in &entries {
        match std::str::from_utf8(&entry.name).ok().and_then(EventName::parse) {
            Some(name) if entry.mode == Mode::File => names.push(name),
            _ => return Ok(None),
        }
    }
    names.sort_by_key(|name| name.seq);
    let plain = names.iter().zip(1..).all(|(name, seq)| name.seq == seq);
    Ok(if plain { names.pop() } else { None })
}

/// The whole state after the event that is called so: one file is opened.
pub fn state_by_name(
    tree: &dyn TreeView,
    profile: &ProfileName,
    task: &TaskId,
    name: &EventName,
) -> Result<TaskState, SightError> {
    let path = layout::event(profile, task, name);
    let bytes = tree.file(&path, MAX_STATE_FILE)?.unwrap_or_default();
    let event = Event::parse(&bytes).map_err(|error| SightError::Failed(format!("`{path}` is no event: {error}")))?;
    Ok(event.state)
}
