//! The commits of a landing, each judged by itself as a replay of history will judge it.
//!
//! Merges beside the line that a landing makes are not edges of any replay where they are what merging their parents gives:
//! what they bring was judged where it was made. What more a merge does must be lawful as one step from one of its parents.
//!
//! Each is judged by what stands in git alone, so where laws must be asked of many, they are judged side by side; what is found
//! is entered in their order.

use std::sync::Arc;

use super::cases::{self, ALL};
use super::memory::{self, Edges, PushMemory};
use super::replay::{RECENT, judged_from};
use crate::config::PolicyError;
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, Ruling, is_governed};
use crate::engine::site::Site;
use crate::git::{GitError, Repo};
use crate::law::Reads;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::ids::IdMap;
use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::policy::Policy;
use crate::model::report::{Place, Report, Violation};

/// Judges them, and enters the errors that the landing as a whole does not show. `straight` is the tip whose line is to be the
/// branch's; `base` is T's policy, where T has one; `memory` has what branches of the same push brought.
pub(super) fn each(
    site: &Site,
    memory: &mut PushMemory,
    commits: &[Commit],
    straight: Option<&ObjectId>,
    base: Option<&Arc<Policy>>,
    report: &mut Report,
) -> Result<(), EngineError> {
    let repo = &site.repo;
    let by_id: IdMap<&Commit> = commits.iter().filter_map(|commit| Some((commit.id?, commit))).collect();
    let line = line_of(repo, &by_id, straight)?;
    let own: Vec<Own<'_>> = commits.iter().filter_map(|commit| Own::of(commit, &line)).collect();
    let state = base.map(|policy| cases::State::of(policy));
    let judge = Judge { by_id: &by_id, base, state: state.as_ref(), edges: &memory.edges };
    // Most commits follow the base's rules and leave its state alone, which takes a look at trees that were just read.
    let (mut at_once, mut failed) = (Vec::with_capacity(own.len()), None);
    for own in &own {
        match judge.at_once(repo, &mut memory.policies, own) {
            Ok(found) => at_once.push(found),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let left: Vec<&Own<'_>> =
        own.iter().zip(&at_once).filter_map(|(own, found)| found.is_none().then_some(own)).collect();
    let elsewhere = memory.policies.elsewhere(RECENT);
    let parts = repo.in_parts(&left, &mut memory.policies, elsewhere, |repo, policies, part| {
        part.iter().map(|own| judge.in_full(repo, policies, own)).collect::<Result<Vec<Found>, EngineError>>()
    });
    let mut parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten();
    if let Some(error) = failed {
        return Err(error);
    }
    let mut before_adoption = 0;
    for (own, found) in own.iter().zip(at_once) {
        let Some(found) = found.or_else(|| parts.next()) else { continue };
        match found {
            Found::Known(errors) => errors.iter().for_each(|violation| enter(report, violation.clone(), own.id)),
            Found::Errors { of_base, errors } => {
                memory.edges.keep(own.edge(), base.filter(|_| of_base), &errors);
                errors.into_iter().for_each(|violation| enter(report, violation, own.id));
            }
            Found::Ungoverned => {}
            Found::BeforeAdoption => before_adoption += 1,
        }
    }
    if before_adoption > 0 && base.is_some() {
        let commits = if before_adoption == 1 { "1 commit is" } else { &format!("{before_adoption} commits are") };
        report
            .notes
            .push(format!("{commits} from before adoption, made under no law: rebase the branch onto the base"));
    }
    Ok(())
}

/// A commit of a landing, to be judged by itself.
struct Own<'c> {
    commit: &'c Commit,
    id: &'c ObjectId,
    tree: &'c ObjectId,
    /// The parent that it is judged from; `None`: a merge beside the line.
    from: Option<&'c ObjectId>,
}

impl<'c> Own<'c> {
    /// One of the commits of a landing; `line` are those of the line that it makes. `None`: no law sees it by itself.
    fn of(commit: &'c Commit, line: &'c IdMap<Option<ObjectId>>) -> Option<Self> {
        let (tree, id) = (commit.tree.as_ref()?, commit.id.as_ref()?);
        let on_line = line.get(id);
        let parent = on_line.map_or(commit.parents.first(), Option::as_ref)?;
        let is_beside = commit.is_merge() && on_line.is_none();
        Some(Self { commit, id, tree, from: (!is_beside).then_some(parent) })
    }

    fn edge(&self) -> memory::Edge {
        (self.from.copied(), *self.id)
    }
}

/// What came of one.
enum Found {
    /// What was found when a branch before was judged.
    Known(Arc<[Violation]>),
    /// Its errors, and whether they are by the rules of the base.
    Errors { of_base: bool, errors: Vec<Violation> },
    /// It stands on no rules, and brings some.
    Ungoverned,
    /// It stands on no rules, and brings none.
    BeforeAdoption,
}

/// Judges commits of one landing.
struct Judge<'g> {
    by_id: &'g IdMap<&'g Commit>,
    /// T's policy, where T has one.
    base: Option<&'g Arc<Policy>>,
    /// The state under it.
    state: Option<&'g cases::State>,
    /// What branches before had judged.
    edges: &'g Edges,
}

impl Judge<'_> {
    /// What is known of a commit without asking a law; `None` where one must be asked.
    fn at_once(&self, repo: &Repo, policies: &mut Policies, own: &Own<'_>) -> Result<Option<Found>, EngineError> {
        let Some(parent) = own.from else { return Ok(self.edges.known(&own.edge(), None).map(Found::Known)) };
        if let Some(errors) = self.base.and_then(|_| self.edges.known(&own.edge(), self.base)) {
            return Ok(Some(Found::Known(errors)));
        }
        let before = self.tree_before(repo, parent)?;
        let policy = match policies.of(&repo.tree(&before)) {
            Ok(Ruling::Governed(policy)) => policy,
            Ok(Ruling::Ungoverned) if is_governed(repo, own.id)? => return Ok(Some(Found::Ungoverned)),
            Ok(Ruling::Ungoverned) => return Ok(Some(Found::BeforeAdoption)),
            Err(EngineError::Policy(error)) if !matches!(error, PolicyError::Sight(_)) => {
                return Ok(Some(Found::Errors { of_base: false, errors: vec![unreadable(own.id, &error)] }));
            }
            Err(error) => return Err(error),
        };
        if !self.is_of_base(&policy) {
            return Ok(self.edges.known(&own.edge(), None).map(Found::Known));
        }
        let Some(state) = self.state else { return Ok(None) };
        let is_touched = state.differs(repo, &before, own.tree)? || repo.brings_malformed(&before, own.tree)?;
        Ok((!is_touched).then(|| Found::Errors { of_base: true, errors: Vec::new() }))
    }

    /// What the laws say of a commit: of one that follows the base's rules those that read trees, for the landing has judged the
    /// messages already.
    fn in_full(&self, repo: &Repo, policies: &mut Policies, own: &Own<'_>) -> Result<Found, EngineError> {
        let Own { commit, id, .. } = own;
        let Some(parent) = own.from else {
            let errors = if is_clean(repo, commit)? { Vec::new() } else { edited_merge(repo, policies, commit)? };
            return Ok(Found::Errors { of_base: false, errors });
        };
        let policy = policies.of(&repo.tree(&self.tree_before(repo, parent)?))?.policy();
        let of_base = policy.is_some_and(|policy| self.is_of_base(&policy));
        let reads = if of_base { &[Reads::Trees][..] } else { ALL };
        let brought = if commit.is_merge() { repo.range(Some(parent), id)?.commits } else { vec![(*commit).clone()] };
        let edge = cases::edge(repo, policies, Some(parent), commit, (brought, None), reads)?;
        Ok(Found::Errors { of_base, errors: errors_of(edge) })
    }

    fn tree_before(&self, repo: &Repo, parent: &ObjectId) -> Result<ObjectId, EngineError> {
        match self.by_id.get(parent).and_then(|parent| parent.tree) {
            Some(tree) => Ok(tree),
            None => Ok(repo.tree_of(parent)?),
        }
    }

    fn is_of_base(&self, policy: &Arc<Policy>) -> bool {
        self.base == Some(policy)
    }
}

/// The commits of the line that ends in `tip`, each with the parent from which it is judged.
fn line_of(
    repo: &Repo,
    commits: &IdMap<&Commit>,
    tip: Option<&ObjectId>,
) -> Result<IdMap<Option<ObjectId>>, EngineError> {
    let mut line = IdMap::default();
    let mut next = tip.copied();
    while let Some((id, commit)) = next.and_then(|id| Some((id, commits.get(&id)?))) {
        next = judged_from(repo, commit)?;
        line.insert(id, next);
    }
    Ok(line)
}

fn errors_of(report: Report) -> Vec<Violation> {
    report.violations.into_iter().filter(|violation| violation.level == Level::Error).collect()
}

/// Whether a merge is just what merging its parents gives. A text that is too large to merge here may be what git made of it or
/// what somebody wrote: it is a conflict, and so the merge is judged as one that was edited.
fn is_clean(repo: &Repo, commit: &Commit) -> Result<bool, EngineError> {
    let [ours, theirs] = commit.parents.as_slice() else { return Ok(false) };
    for merge in [Repo::merge, Repo::foretell] {
        match merge(repo, ours, theirs) {
            Ok(merged) if Some(merged.tree_id()) == commit.tree.as_ref() => return Ok(true),
            Ok(_) | Err(GitError::Conflict { .. } | GitError::TooLargeToMerge { .. } | GitError::Unrelated { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// Judges a merge beside the line to which somebody's own changes were added, be it that they resolved a conflict: as one
/// step from each governed parent in turn, until one of them lets it pass. A parent under old rules may, where the merge
/// brings the new ones along lawfully.
fn edited_merge(repo: &Repo, policies: &mut Policies, commit: &Commit) -> Result<Vec<Violation>, EngineError> {
    let Some(id) = commit.id else { return Ok(Vec::new()) };
    let mut refused: Vec<Violation> = Vec::new();
    for parent in &commit.parents {
        match policies.of(&repo.tree(&repo.tree_of(parent)?)) {
            Ok(Ruling::Governed(_)) => {}
            Ok(Ruling::Ungoverned) => continue,
            Err(EngineError::Policy(error)) if !matches!(error, PolicyError::Sight(_)) => {
                refused.push(unreadable(&id, &error));
                continue;
            }
            Err(error) => return Err(error),
        }
        let own = repo.range(Some(parent), &id)?.commits;
        let edge = cases::edge(repo, policies, Some(parent), commit, (own, None), &[Reads::Trees])?;
        let errors = errors_of(edge);
        if errors.is_empty() {
            return Ok(errors);
        }
        if refused.is_empty() {
            refused = errors;
        }
    }
    Ok(refused)
}

/// A finding that the report does not have yet.
fn enter(report: &mut Report, mut violation: Violation, commit: &ObjectId) {
    let place = &violation.place;
    let known = report.violations.iter().any(|other| {
        other.law == violation.law
            && other.level == Level::Error
            && other.place.path == place.path
            && (place.path.is_some() || other.place.commit == place.commit)
    });
    if !known {
        violation.place.commit = place.commit.or(Some(*commit));
        report.violations.push(violation);
    }
}

fn unreadable(commit: &ObjectId, error: &PolicyError) -> Violation {
    Violation {
        law: LawId::G5,
        level: Level::Error,
        place: Place::path(layout::ROOT).in_commit(Some(*commit)),
        message: format!("the policy that this commit stands on cannot be read: {error}"),
        fix: "fold the commit that mends the policy into the one that broke it: `git rebase -i`".into(),
    }
}
