//! `report compliance`: what each law found in what has landed, by profile, actor and session. Reads git and nothing else.
//!
//! History is replayed as `check --all` replays it, each step of the first-parent line by the rules of the tree before it.
//! A law that reads trees gives one verdict a step, which counts for the commit on that line; a law that reads messages
//! gives one for each commit that the step brings. Besides, each commit with one parent is judged alone, as the hooks judge
//! it where it is made.

mod contexts;
mod count;
mod promises;
mod sittings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::PolicyError;
use crate::engine::error::EngineError;
use crate::engine::judging::cases::{self, ALL};
use crate::engine::judging::replay::{self, Edge};
use crate::engine::policies::{Policies, Ruling, is_governed};
use crate::engine::site::{Base, Site};
use crate::law::{CommitActor, actor_of};
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::message::Message;
use crate::model::name::{Principal, ProfileName, RecordId, TaskId};
use crate::model::path::RepoPath;
use crate::model::policy::{ActorKind, Policy};
use crate::model::time::Date;
use crate::model::tree::TreeView as _;
use crate::workflow::chain;
use crate::workflow::governance::Redactions;
pub use contexts::{Contexts, PhaseContexts};
use count::verdicts;
pub use count::{Counts, Verdict};
pub use promises::Delivery;
pub(crate) use promises::missing;
use sittings::{Fit, Sittings};

/// Whose work it is. All of it is what commits and records claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doing {
    /// The profile; `None` where the commit belongs to none, or to several.
    pub profile: Option<ProfileName>,
    /// The actor's name in the config, where it has one.
    pub actor: Option<Principal>,
    /// Human or agent.
    pub kind: ActorKind,
    /// The session; `None` where no record, or more than one, fits.
    pub session: Option<RecordId>,
}

/// What was found in the work of one profile, actor and session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Commits.
    pub commits: usize,
    /// Those of them that hooks see being made, and that could be judged as hooks judge: with one governed parent.
    pub seen_by_hooks: usize,
    /// By law.
    pub laws: BTreeMap<LawId, Counts>,
}

/// Where a report begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// With the steps that were committed on that day (UTC) or later.
    Day(Date),
    /// With the step after this commit.
    Commit(ObjectId),
}

/// The report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compliance {
    /// Where it begins; `None`: at adoption.
    pub since: Option<Since>,
    /// The commit that it ends at.
    pub tip: Option<ObjectId>,
    /// Steps of the first-parent line.
    pub steps: usize,
    /// Commits that they bring.
    pub commits: usize,
    /// What was found, by whose work it is.
    pub rows: BTreeMap<Doing, Row>,
    /// The tasks that these steps brought to their end, with what became of their promises.
    pub tasks: BTreeMap<(ProfileName, TaskId), Delivery>,
    /// How full the contexts of sessions were, as their records say.
    pub contexts: Contexts,
    /// What could not be seen, each a sentence.
    pub not_checked: Vec<String>,
}

/// Makes the report up to HEAD. `since` is a day (`2026-11-21`) or a revision on the first-parent line.
pub fn report(site: &Site, since: Option<&str>) -> Result<Compliance, EngineError> {
    let base = site.base()?;
    let since = since.map(|text| begin(site, &base, text)).transpose()?;
    let mut made = Compliance { since: since.clone(), ..Compliance::default() };
    let mut work = Work { site, sittings: Sittings::read(&base)?, tasks: homes(&base)?, base: &base, ambiguous: 0 };
    let mut is_on = !matches!(&since, Some(Since::Commit(id)) if is_governed(&site.repo, id)?);
    let walked = replay::each_edge(site, None, None, |policies, edge| {
        if matches!(&since, Some(Since::Commit(id)) if edge.commit.id == Some(*id)) {
            is_on = true;
            return Ok(());
        }
        if is_on && falls_within(&since, edge.commit) {
            work.enter(policies, edge, &mut made)?;
        }
        Ok(())
    })?;
    made.tip = walked.tip;
    made.contexts = contexts::of_sessions(site, &base, since.as_ref())?;
    let own = std::mem::take(&mut made.not_checked);
    made.not_checked = walked.not_checked.into_iter().chain(own).collect();
    made.not_checked.push(
        "code binding, forks and the number of waivers were judged when each step landed; a replay of history cannot judge \
         them again"
            .into(),
    );
    if work.ambiguous > 0 {
        let commits = if work.ambiguous == 1 { "commit" } else { "commits" };
        made.not_checked
            .push(format!("whose session {} {commits} belong to: more than one record fits", work.ambiguous));
    }
    Ok(made)
}

fn begin(site: &Site, base: &Base<'_>, text: &str) -> Result<Since, EngineError> {
    if let Ok(day) = Date::parse(text) {
        return Ok(Since::Day(day));
    }
    let id = site.repo.resolve(text)?;
    if !site.repo.first_parent_line_contains(&base.commit, &id)? {
        return Err(EngineError::usage(
            format!("{} is not on the first-parent line of HEAD", id.short()),
            "name a commit that HEAD's branch was at, `git log --first-parent` lists them, or a day: 2026-11-21",
        ));
    }
    Ok(Since::Commit(id))
}

fn falls_within(since: &Option<Since>, commit: &Commit) -> bool {
    match since {
        Some(Since::Day(day)) => crate::model::time::Timestamp::from_seconds(commit.committer.seconds).date() >= *day,
        _ => true,
    }
}

/// The profile of each task at the end.
fn homes(base: &Base<'_>) -> Result<BTreeMap<TaskId, ProfileName>, EngineError> {
    let mut homes = BTreeMap::new();
    for profile in base.policy.profiles.keys() {
        homes.extend(chain::tasks(&base.tree, profile)?.into_iter().map(|task| (task, profile.clone())));
    }
    Ok(homes)
}

/// A report under way.
struct Work<'a> {
    site: &'a Site<'a>,
    base: &'a Base<'a>,
    sittings: Sittings,
    tasks: BTreeMap<TaskId, ProfileName>,
    /// Commits that more than one session record fits.
    ambiguous: usize,
}

impl Work<'_> {
    /// Judges a step and counts what was found.
    fn enter(&mut self, policies: &mut Policies, edge: Edge<'_>, made: &mut Compliance) -> Result<(), EngineError> {
        let repo = &self.site.repo;
        let Edge { parent, commit, commits, hindsight } = edge;
        let Some(id) = commit.id else { return Ok(()) };
        let judged =
            readable(cases::edge(repo, policies, parent.as_ref(), commit, (commits.clone(), Some(hindsight)), ALL))?;
        if let Err(reason) = &judged {
            made.not_checked
                .push(format!("the step to {}: the rules it stands on cannot be read: {reason}", id.short()));
        }
        made.steps += 1;
        if let (Ok(_), Some(tree)) = (&judged, &commit.tree) {
            let before = parent.as_ref().map(|parent| repo.tree_of(parent)).transpose()?;
            if let Some(policy) = self.rules(policies, parent.as_ref())?.or(self.rules(policies, Some(&id))?) {
                promises::in_step(repo, before.as_ref(), tree, &policy, &mut made.tasks)?;
            }
        }
        let is_bootstrap = match &parent {
            Some(parent) => !is_governed(repo, parent)?,
            None => true,
        };
        // Before adoption messages were under no law.
        let under_law = cases::under_law(repo, parent.as_ref(), commit, is_bootstrap, commits.clone())?;
        let messages: BTreeSet<ObjectId> = under_law.iter().filter_map(|commit| commit.id).collect();
        let mut verdicts = verdicts(judged.as_ref().ok(), id, &messages);
        for commit in commits.iter().filter(|own| own.id == Some(id) || own.id.is_some_and(|id| messages.contains(&id)))
        {
            let Some(own) = commit.id else { continue };
            made.commits += 1;
            let refused = self.refused_by_hooks(policies, commit, &hindsight.let_go)?;
            let doing = self.doing(policies, commit)?;
            let row = made.rows.entry(doing).or_default();
            row.commits += 1;
            row.seen_by_hooks += usize::from(refused.is_some());
            for (law, verdict) in verdicts.remove(&own).unwrap_or_default() {
                row.laws.entry(law).or_default().add(verdict);
            }
            for law in refused.into_iter().flatten() {
                row.laws.entry(law).or_default().bypassed += 1;
            }
        }
        Ok(())
    }

    /// The laws for which the hooks would have refused a commit where it stands now; `None` where hooks see no such commit
    /// (a merge, the first one), or the rules before it cannot be read.
    fn refused_by_hooks(
        &self,
        policies: &mut Policies,
        commit: &Commit,
        let_go: &Redactions,
    ) -> Result<Option<BTreeSet<LawId>>, EngineError> {
        let Some((parent, others)) = commit.parents.split_first() else { return Ok(None) };
        let repo = &self.site.repo;
        if !repo.has_object(parent) {
            return Ok(None);
        }
        // What merges a commit that it stands on anyway is no merge.
        for other in others {
            if !repo.has_object(other) || !repo.is_ancestor(other, parent)? {
                return Ok(None);
            }
        }
        let Ok(Some(report)) = readable(cases::alone(&self.site.repo, policies, parent, commit, let_go))? else {
            return Ok(None);
        };
        let errors = report.violations.iter().filter(|violation| violation.level == Level::Error);
        Ok(Some(errors.map(|violation| violation.law).filter(|law| !report.unseen.contains(law)).collect()))
    }

    /// Whose work a commit is, by the config before it where that can be read, otherwise by HEAD's.
    fn doing(&mut self, policies: &mut Policies, commit: &Commit) -> Result<Doing, EngineError> {
        let before = self.rules(policies, commit.parents.first())?;
        let policy = before.as_deref().unwrap_or(&self.base.policy);
        let message = Message::parse(&commit.message, &policy.config.sections);
        let (kind, actor) = match actor_of(&policy.config, &commit.author, &message) {
            CommitActor::Agent(name) => (ActorKind::Agent, name),
            CommitActor::Human(name) => (ActorKind::Human, name),
        };
        let tasks: BTreeSet<TaskId> =
            message.trailers_named("Agentops-Task").filter_map(|line| TaskId::parse(line.value.trim()).ok()).collect();
        let sitting = match self.sittings.of(&message, actor.as_ref(), commit.author.seconds, &tasks) {
            Fit::One(sitting) => Some(sitting),
            Fit::None => None,
            Fit::Several => {
                self.ambiguous += 1;
                None
            }
        };
        let session = sitting.map(|sitting| sitting.id.clone());
        let mut profiles = self.namespaces(commit, policy)?;
        if profiles.is_empty() {
            profiles.extend(tasks.iter().filter_map(|task| self.tasks.get(task).cloned()));
        }
        if profiles.is_empty() {
            profiles.extend(sitting.map(|sitting| sitting.profile.clone()));
        }
        let profile = if profiles.len() == 1 { profiles.pop_first() } else { None };
        Ok(Doing { profile, actor, kind, session })
    }

    fn rules(&self, policies: &mut Policies, commit: Option<&ObjectId>) -> Result<Option<Arc<Policy>>, EngineError> {
        let repo = &self.site.repo;
        let Some(commit) = commit.filter(|commit| repo.has_object(commit)) else { return Ok(None) };
        let tree = repo.tree_of(commit)?;
        Ok(match readable(policies.of(&repo.tree(&tree)))? {
            Ok(Ruling::Governed(policy)) => Some(policy),
            Ok(Ruling::Ungoverned) | Err(_) => None,
        })
    }

    /// The profiles in whose namespace a commit changes something.
    fn namespaces(&self, commit: &Commit, policy: &Policy) -> Result<BTreeSet<ProfileName>, EngineError> {
        let repo = &self.site.repo;
        let Some(tree) = &commit.tree else { return Ok(BTreeSet::new()) };
        let after = repo.tree(tree);
        let before = match commit.parents.first().filter(|parent| repo.has_object(parent)) {
            Some(parent) => Some(repo.tree_of(parent)?),
            None => None,
        };
        let before = before.as_ref().map(|tree| repo.tree(tree));
        let mut found = BTreeSet::new();
        for profile in policy.profiles.keys() {
            let folder = RepoPath::from(layout::namespace(profile));
            let old = before.as_ref().map(|tree| tree.entry(&folder)).transpose()?.flatten();
            if old.map(|entry| entry.id) != after.entry(&folder)?.map(|entry| entry.id) {
                found.insert(profile.clone());
            }
        }
        Ok(found)
    }
}

/// Rules that cannot be read make one step unjudged, and not the report impossible; all else does.
fn readable<T>(result: Result<T, EngineError>) -> Result<Result<T, PolicyError>, EngineError> {
    match result {
        Ok(found) => Ok(Ok(found)),
        Err(EngineError::Policy(error)) if !matches!(error, PolicyError::Sight(_)) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}
