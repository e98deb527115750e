//! What hooks ask: the staged content, and the message that is to go with it.

use super::amended;
use super::cases::{self, ALL};
use crate::config;
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, Ruling};
use crate::engine::site::Site;
use crate::git::{Overlay, RepoStep};
use crate::law::{Case, Context, Reads, judge};
use crate::model::commit::{Commit, Person};
use crate::model::digest::ObjectId;
use crate::model::law_id::Level;
use crate::model::policy::Policy;
use crate::model::report::Report;
use crate::model::tree::Change;

/// What a commit under way stands on: the commit that it follows, and its parents to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The commit before; `None` where the new commit is the first one.
    pub commit: Option<ObjectId>,
    /// Its tree: T.
    pub tree: Option<ObjectId>,
    /// The parents of the commit under way, as far as they are known; a merge in progress adds its own.
    pub parents: Vec<ObjectId>,
}

impl Ground {
    /// HEAD; for `git commit --amend`, which replaces HEAD, the first parent of HEAD.
    pub fn of(site: &Site) -> Result<Self, EngineError> {
        let repo = &site.repo;
        let Some(head) = repo.head()?.commit() else {
            return Ok(Self { commit: None, tree: None, parents: Vec::new() });
        };
        let head = repo.commit(&head)?;
        if !amended::is_amended(site, &head)? {
            return Ok(Self { commit: head.id, tree: head.tree, parents: head.id.into_iter().collect() });
        }
        let commit = head.parents.first().copied();
        let tree = commit.map(|id| repo.tree_of(&id)).transpose()?;
        Ok(Self { commit, tree, parents: head.parents })
    }

    /// Whether laws rule here: the tree holds `.agentops/format.toml`.
    pub fn is_governed(&self, site: &Site) -> Result<bool, EngineError> {
        let Some(tree) = &self.tree else { return Ok(false) };
        Ok(config::is_governed(&site.repo.tree(tree))?)
    }

    /// How the staged content differs from it, sorted by path.
    pub fn changes(&self, site: &Site) -> Result<Vec<Change>, EngineError> {
        Ok(site.repo.diff_index_against(self.tree.as_ref())?)
    }
}

/// Judges the staged content against what the commit will stand on: what `pre-commit` does. The message is judged when it
/// is known. Where no law rules this is [`EngineError::NotGoverned`]: what was not judged did not pass.
pub fn staged(site: &Site) -> Result<Report, EngineError> {
    let ground = Ground::of(site)?;
    let changes = ground.changes(site)?;
    staged_on(site, &ground, changes)?.ok_or(EngineError::NotGoverned)
}

/// As [`staged`], where the ground and the staged changes are known already. `None`: no law rules here.
pub fn staged_on(site: &Site, ground: &Ground, changes: Vec<Change>) -> Result<Option<Report>, EngineError> {
    judge_staged(site, ground, changes, None, &[Reads::Trees], |_| false)
}

/// Whether the staged content may go on to its message: what is wrong with it, if anything, a waiver there can excuse.
pub fn message_may_excuse(report: &Report) -> bool {
    let mut errors = report.violations.iter().filter(|violation| violation.level == Level::Error);
    errors.all(|violation| violation.law.may_be_waived())
}

/// Judges a message for the content that is staged, or for a pull request's title and body: message laws only. `onto` is
/// the branch that it is for; protected where nothing is said. As [`staged`], an error
/// where no law rules.
pub fn message(site: &Site, text: &str, onto: Option<&str>) -> Result<Report, EngineError> {
    let ground = Ground::of(site)?;
    let changes = if site.repo.work_dir().is_some() { ground.changes(site)? } else { Vec::new() };
    let pending = pending(site, &ground, (text.to_owned(), true))?;
    let protected = |policy: &Policy| policy.config.protects(onto);
    let report = judge_staged(site, &ground, changes, Some(pending), &[Reads::Messages], protected)?;
    report.ok_or(EngineError::NotGoverned)
}

/// What is staged, and whether it passed without its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// The changes against the ground, sorted by path.
    pub changes: Vec<Change>,
    /// Whether they were judged and let pass.
    pub passed: bool,
}

/// Judges a commit whose message is known: what `commit-msg` does. What did not pass without it is judged here, with the
/// waivers of the message. The text comes with whether its bytes were text at all. `None`: no law rules here.
pub fn commit_on(
    site: &Site,
    ground: &Ground,
    text: (String, bool),
    staged: Staged,
) -> Result<Option<Report>, EngineError> {
    let pending = Some(pending(site, ground, text)?);
    let reads = if staged.passed { &[Reads::Messages] } else { ALL };
    judge_staged(site, ground, staged.changes, pending, reads, |_| false)
}

/// The commit under way.
fn pending(site: &Site, ground: &Ground, (message, message_is_text): (String, bool)) -> Result<Commit, EngineError> {
    let mut parents = ground.parents.clone();
    parents.extend(site.repo.merge_heads()?);
    let known = |author| site.repo.configured_identity(author).map_or_else(|| site.repo.user_identity().ok(), Some);
    let now = site.clock.now().seconds();
    let person = |author| Person { seconds: now, ..known(author).unwrap_or_default() };
    let (author, committer) = (site.pending_author(person(true)), person(false));
    Ok(Commit { id: None, parents, tree: None, author, committer, message, message_is_text })
}

fn judge_staged(
    site: &Site,
    ground: &Ground,
    changes: Vec<Change>,
    pending: Option<Commit>,
    reads: &[Reads],
    onto_protected: impl FnOnce(&Policy) -> bool,
) -> Result<Option<Report>, EngineError> {
    let repo = &site.repo;
    let base_tree = &ground.tree;
    let next = Box::new(Overlay::new(repo, base_tree.as_ref(), changes.clone()));
    let mut policies = Policies::for_changes(&changes);
    let before = match base_tree {
        Some(tree) => policies.of(&repo.tree(tree))?,
        None => Ruling::Ungoverned,
    };
    let (policy, bootstrap) = match before {
        Ruling::Governed(policy) => (policy, false),
        Ruling::Ungoverned => match policies.of(next.as_ref())? {
            Ruling::Governed(policy) => (policy, true),
            Ruling::Ungoverned => return Ok(None),
        },
    };
    // The commit that brings `.agentops` has no governed parent: its message is under no law yet.
    let pending = pending.filter(|_| !bootstrap);
    let changes = match pending {
        Some(_) => changes,
        None => cases::without_sides(repo, changes, &repo.merge_heads()?)?,
    };
    let step = RepoStep::local(repo, base_tree.as_ref(), next, changes, pending, ground.commit);
    let mut case = Case::new(&step, &policy, Context::Local);
    case.bootstrap = bootstrap;
    case.next_policy = cases::next_policy(&step, &policy)?;
    case.onto_protected = onto_protected(&policy);
    let mut report = judge(&case, reads);
    report.base = ground.commit;
    Ok(Some(report))
}

/// Whether there is nothing for [`staged`] to judge.
pub fn nothing_staged(site: &Site) -> Result<bool, EngineError> {
    Ok(site.repo.diff_staged()?.is_empty())
}
