//! From repository to case: builds the steps that the judge judges.

use std::collections::BTreeSet;

use super::beginnings::Beginnings;
use crate::config::{self, PolicyError};
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, Ruling, is_governed};
use crate::engine::site::{Base, Site};
use crate::git::{CommitTree, Repo, RepoStep};
use crate::law::{Case, Context, NextPolicy, Reads, judge, secrets_baseline, stands_for_root};
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::report::Report;
use crate::model::tree::{Change, MAX_STATE_FILE, Mode, SightError, StepView, TreeView};
use crate::secrets::baseline::Baseline;
use crate::workflow::governance::{self, Governed, Redactions};

/// Both kinds of laws.
pub(crate) const ALL: &[Reads] = &[Reads::Trees, Reads::Messages];

/// Judges one of our own commits before it is made.
pub(crate) fn local(site: &Site, base: &Base<'_>, tree: ObjectId, pending: Commit) -> Result<Report, EngineError> {
    let step = RepoStep::between(&site.repo, Some(&base.tree_id), &tree, vec![pending], Some(base.commit));
    let mut case = Case::new(&step, &base.policy, Context::Local);
    case.next_policy = next_policy(&step, &base.policy)?;
    let mut report = judge(&case, ALL);
    report.base = Some(base.commit);
    Ok(report)
}

/// Judges the commit that brings `.agentops`, by the policy it brings. Its message is under no law yet.
pub(crate) fn bootstrap(site: &Site, parent: Option<ObjectId>, tree: ObjectId) -> Result<Report, EngineError> {
    let policy = config::read_policy(&site.repo.tree(&tree))?;
    let before = parent.map(|id| site.repo.tree_of(&id)).transpose()?;
    let step = RepoStep::between(&site.repo, before.as_ref(), &tree, Vec::new(), parent);
    let mut case = Case::new(&step, &policy, Context::Local);
    case.bootstrap = true;
    case.next_policy = next_policy(&step, &policy)?;
    let mut report = judge(&case, &[Reads::Trees]);
    report.base = parent;
    Ok(report)
}

/// Judges a commit that is about to be made from the index, with its message, on `pending`'s first parent. A repository that
/// is not governed there has no laws yet: its report says so.
pub(crate) fn staged(repo: &Repo, pending: Commit) -> Result<Report, EngineError> {
    let parent = pending.parents.first().copied();
    let before = parent.map(|id| repo.tree_of(&id)).transpose()?;
    let changes = repo.diff_index_against(before.as_ref())?;
    let next = Box::new(crate::git::Overlay::new(repo, before.as_ref(), changes.clone()));
    let mut policies = Policies::default();
    let ruling = match &before {
        Some(tree) => policies.of(&repo.tree(tree))?,
        None => Ruling::Ungoverned,
    };
    let Ruling::Governed(policy) = ruling else {
        let sentence = "the commit before is not governed: no law judges this one";
        return Ok(Report { base: parent, not_checked: vec![sentence.into()], ..Report::default() });
    };
    let step = RepoStep::local(repo, before.as_ref(), next, changes, Some(pending), parent);
    let mut case = Case::new(&step, &policy, Context::Local);
    case.next_policy = next_policy(&step, &policy)?;
    let mut report = judge(&case, ALL);
    report.base = parent;
    Ok(report)
}

/// What the tip of a history says of all that came before it.
pub(crate) struct Hindsight {
    /// What owners let go may have been taken out of all of history since.
    pub(crate) let_go: Redactions,
    /// Secrets that owners have written down since as known: the replay, which can only warn of them, need not for ever.
    pub(crate) baseline: Baseline,
}

impl Hindsight {
    /// Of this tip's tree.
    pub(crate) fn of(tree: &dyn TreeView) -> Result<Self, EngineError> {
        let let_go = let_go(tree)?;
        let project = tree.file(&layout::FORMAT.into(), MAX_STATE_FILE)?.and_then(|bytes| config::project_of(&bytes));
        // A baseline that cannot be read knows nothing; AO-G5 names it where it came in.
        let baseline = project.and_then(|project| secrets_baseline(tree, &project).ok()).unwrap_or_default();
        Ok(Self { let_go, baseline })
    }
}

/// What owners have let go in this tree.
pub(super) fn let_go(tree: &dyn TreeView) -> Result<Redactions, EngineError> {
    Ok(governance::redactions(&governance::read_amends(tree)?.links))
}

/// The policy that a step leaves behind, read only where one of its files changes.
pub(crate) fn next_policy(step: &dyn StepView, policy: &Policy) -> Result<NextPolicy, EngineError> {
    let mut below = step.changes()?.iter().filter(|change| change.path.is_below(layout::ROOT)).peekable();
    // Most commits leave `.agentops` alone, and building the matcher costs a hook more than all the rest of this.
    if below.peek().is_none() {
        return Ok(NextPolicy::Same);
    }
    let governed = Governed::new(&policy.config.governed);
    if !below.any(|change| governed.contains(&change.path)) {
        return Ok(NextPolicy::Same);
    }
    match config::read_policy(step.next()) {
        Ok(next) => Ok(NextPolicy::Changed(Box::new(next))),
        Err(PolicyError::Sight(error)) => Err(error.into()),
        Err(error) => Ok(NextPolicy::Broken(error.to_string())),
    }
}

/// Judges one edge of a history, from `parent`'s tree to `commit`'s, by the policy of `parent`. With the commits comes what
/// the tip of the history says of it.
pub(crate) fn edge(
    repo: &Repo,
    policies: &mut Policies,
    parent: Option<&ObjectId>,
    tip: &Commit,
    (commits, hindsight): (Vec<Commit>, Option<&Hindsight>),
    reads: &[Reads],
) -> Result<Report, EngineError> {
    let Some(tree) = tip.tree else { return Ok(Report::default()) };
    let before = parent.map(|id| repo.tree_of(id)).transpose()?;
    let after = repo.tree(&tree);
    let ruling = match &before {
        Some(id) => policies.of(&repo.tree(id))?,
        None => Ruling::Ungoverned,
    };
    let (policy, bootstrap) = match ruling {
        Ruling::Governed(policy) => (policy, false),
        Ruling::Ungoverned => match policies.of(&after)? {
            Ruling::Governed(policy) => (policy, true),
            Ruling::Ungoverned => return Ok(Report::default()),
        },
    };
    let beginnings = Beginnings::among(repo, &commits, parent.filter(|_| !bootstrap), &policy.format.project)?;
    let commits = under_law(repo, parent, tip, bootstrap, commits)?;
    let step = RepoStep::between(repo, before.as_ref(), &tree, commits, parent.copied());
    let read_off = policies.read_off(&policy);
    let mut case = Case::new(&step, &policy, Context::Replay);
    case.bootstrap = bootstrap;
    case.let_go = hindsight.map(|hindsight| &hindsight.let_go);
    case.later_baseline = hindsight.map(|hindsight| &hindsight.baseline);
    case.read_off = read_off.as_deref();
    case.next_policy = next_policy(&step, &policy)?;
    let unseen = beginnings.unseen();
    case.beginnings = beginnings.ours;
    let mut report = judge(&case, reads);
    report.not_checked.extend(unseen);
    Ok(report)
}

/// The commits of an edge that were made under a law: where it introduces `.agentops`, or is judged from another parent than
/// the tip's first, it brings commits from before adoption.
pub(crate) fn under_law(
    repo: &Repo,
    parent: Option<&ObjectId>,
    tip: &Commit,
    bootstrap: bool,
    commits: Vec<Commit>,
) -> Result<Vec<Commit>, EngineError> {
    let swapped = parent != tip.parents.first();
    if bootstrap || swapped { governed_commits(repo, commits) } else { Ok(commits) }
}

/// Judges a commit that stands on `parent` as the hooks judge it where it is made: alone, and in the context of a working
/// copy; what owners have let go since is not missed. Of a merge, what it adds to its sides. `None`: the parent is under no
/// law.
pub(crate) fn alone(
    repo: &Repo,
    policies: &mut Policies,
    parent: &ObjectId,
    commit: &Commit,
    let_go: &Redactions,
) -> Result<Option<Report>, EngineError> {
    let Some(tree) = commit.tree else { return Ok(None) };
    let before = repo.tree_of(parent)?;
    let Ruling::Governed(policy) = policies.of(&repo.tree(&before))? else { return Ok(None) };
    let mut sides = Vec::new();
    for other in commit.parents.iter().filter(|other| *other != parent) {
        // What `parent` stands on anyway is no side: to go back to it is the commit's own doing.
        if !repo.is_ancestor(other, parent)? {
            sides.push(*other);
        }
    }
    let step = if sides.is_empty() {
        RepoStep::between(repo, Some(&before), &tree, vec![commit.clone()], Some(*parent))
    } else {
        let changes = without_sides(repo, repo.diff_trees(Some(&before), &tree)?, &sides)?;
        let next = Box::new(repo.tree(&tree));
        RepoStep::local(repo, Some(&before), next, changes, Some(commit.clone()), Some(*parent))
    };
    let mut case = Case::new(&step, &policy, Context::Local);
    case.let_go = Some(let_go);
    case.next_policy = next_policy(&step, &policy)?;
    Ok(Some(judge(&case, ALL)))
}

/// The changes of a merge without what comes unchanged from one of its other sides. That was judged where it was made, and
/// may need more steps than one; what a merge may not lose, its commit is judged for.
pub(crate) fn without_sides(
    repo: &Repo,
    mut changes: Vec<Change>,
    sides: &[ObjectId],
) -> Result<Vec<Change>, EngineError> {
    for side in sides {
        let theirs = repo.tree(&repo.tree_of(side)?);
        let mut kept = Vec::with_capacity(changes.len());
        for change in changes {
            let same = theirs.entry(&change.path)?.map(|entry| (entry.mode, entry.id)) == change.after;
            kept.extend((!same).then_some(change));
        }
        changes = kept;
    }
    Ok(changes)
}

/// The commits with a governed parent: in a step that introduces `.agentops`, the others were made under no law.
pub(crate) fn governed_commits(repo: &Repo, commits: Vec<Commit>) -> Result<Vec<Commit>, EngineError> {
    let mut kept = Vec::with_capacity(commits.len());
    for commit in commits {
        let mut governed = false;
        for parent in &commit.parents {
            governed |= is_governed(repo, parent)?;
        }
        if governed {
            kept.push(commit);
        }
    }
    Ok(kept)
}

/// Where all lies that integrity laws read: `.agentops`, and where the paths begin that a policy governs.
pub(crate) struct State {
    roots: Vec<RepoPath>,
    /// Folders above them: a link there would lead elsewhere.
    above: Vec<RepoPath>,
}

impl State {
    /// Under `policy`.
    pub(crate) fn of(policy: &Policy) -> Self {
        let governed = Governed::new(&policy.config.governed);
        let paths = |names: BTreeSet<String>| names.iter().map(|name| RepoPath::from(name.as_str())).collect();
        Self { roots: paths(governed.roots()), above: paths(governed.above()) }
    }

    /// Whether anything there differs between two trees.
    pub(crate) fn differs(&self, repo: &Repo, before: &ObjectId, after: &ObjectId) -> Result<bool, EngineError> {
        let differing = repo.names_that_differ(before, after)?;
        let may_differ = |path: &RepoPath| match &differing {
            Some(names) => names.iter().any(|name| path.as_bytes().split(|byte| *byte == b'/').next() == Some(name)),
            None => true,
        };
        let (before, after) = (repo.tree(before), repo.tree(after));
        let side = |tree: &CommitTree<'_>, path: &RepoPath| -> Result<Option<(Mode, ObjectId)>, SightError> {
            Ok(tree.entry(path)?.map(|entry| (entry.mode, entry.id)))
        };
        for path in &self.roots {
            if path.as_bytes().is_empty() || may_differ(path) && side(&before, path)? != side(&after, path)? {
                return Ok(true);
            }
        }
        for path in self.above.iter().filter(|path| may_differ(path)) {
            let now = side(&after, path)?;
            if now.is_some_and(|(mode, _)| mode.is_link()) && now != side(&before, path)? {
                return Ok(true);
            }
        }
        // Where names came or went, one of them may be another spelling of `.agentops`, which AO-E7 reads as state.
        Ok(differing.is_none() && after.list(&RepoPath::default())?.iter().any(|entry| stands_for_root(&entry.name)))
    }
}
