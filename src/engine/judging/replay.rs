//! Replay: history judged edge by edge, each by the rules of the tree before it.

use std::rc::Rc;

use super::cases::{self, ALL, Hindsight};
use super::compromised::{self, Landing};
use super::memory::PushMemory;
use super::root::{Start, check_root};
use crate::config::PolicyError;
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, Ruling, is_governed};
use crate::engine::site::Site;
use crate::git::{GitError, Repo, Revision};
use crate::law::Reads;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::ids::IdMap;
use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::policy::Policy;
use crate::model::report::{Place, Report, Violation};

/// Bytes that are kept of what was read off the commits of a walked line: each edge is compared with the fifty before it.
const RECENT: usize = 1024 * 1024;

/// Replays the first-parent line up to `tip`, each edge by its own T.
pub fn all(site: &Site, tip: Option<&str>, root: Option<&str>) -> Result<Report, EngineError> {
    let mut found = Report::default();
    let mut landings = Vec::new();
    let mut report = each_edge(site, tip, root, |policies, edge| {
        let Edge { parent, commit, commits, hindsight } = edge;
        let landing = |(id, tree)| Landing { commit: id, tree, seconds: commit.committer.seconds };
        landings.extend(commit.id.zip(commit.tree).map(landing));
        let judged = cases::edge(&site.repo, policies, parent.as_ref(), &commit, (commits, Some(hindsight)), ALL)?;
        found.absorb(attributed(judged, &commit));
        Ok(())
    })?;
    report.absorb(found);
    if let Some(last) = landings.last()
        && let Ruling::Governed(today) = Policies::default().of(&site.repo.tree(&last.tree))?
    {
        report.violations.extend(compromised::named(&site.repo, &landings, &today)?);
    }
    report.not_checked.push("replay: code binding, forks, session laws, waiver counts and wording are judged at landing; here they only warn".into());
    Ok(report)
}

/// An edge of a history: the commit on its line, the one that it is judged from, the commits that it brings, and what the tip
/// says of it.
pub(crate) struct Edge<'w> {
    pub(crate) parent: Option<ObjectId>,
    pub(crate) commit: Commit,
    pub(crate) commits: Vec<Commit>,
    pub(crate) hindsight: &'w Hindsight,
}

/// Walks the governed edges of the first-parent line up to `tip`, oldest first. The report says what was walked, and what
/// of it cannot be seen.
pub(crate) fn each_edge(
    site: &Site,
    tip: Option<&str>,
    root: Option<&str>,
    mut visit: impl FnMut(&mut Policies, Edge<'_>) -> Result<(), EngineError>,
) -> Result<Report, EngineError> {
    let repo = &site.repo;
    let Revision { commit: tip, name: tip_name } = match tip {
        Some(rev) => repo.revision(rev)?,
        None => Revision { commit: repo.head()?.commit().ok_or(EngineError::NotGoverned)?, name: None },
    };
    let mut policies = Policies::remembering(RECENT);
    let hindsight = Hindsight::of(&repo.tree(&repo.tree_of(&tip)?))?;
    let mut report = Report { tip: Some(tip), tip_name, ..Report::default() };
    let mut governed = false;
    for (parent, commit) in governed_line(repo, &tip, &mut report)? {
        let (Some(tree), Some(id)) = (commit.tree, commit.id) else { continue };
        repo.keep_commit(&commit);
        if !governed {
            let Ruling::Governed(policy) = policies.of(&repo.tree(&tree))? else { continue };
            governed = true;
            let cut = parent.is_some_and(|parent| !repo.has_object(&parent));
            let start = if cut { Start::Before(&tree) } else { Start::Here(&tree) };
            report.not_checked.extend(check_root(repo, &policy, root, start)?);
            report.base = parent;
            if let Some(parent) = parent.filter(|parent| !repo.has_object(parent)) {
                report.not_checked.push(format!(
                    "what came before {}: its parent {} is not in this repository",
                    id.short(),
                    parent.short()
                ));
                continue;
            }
        }
        let commits = match (commit.parents.as_slice(), &parent) {
            ([] | [_], _) | (_, None) => vec![commit.clone()],
            (_, Some(parent)) => {
                let range = repo.range(Some(parent), &id)?;
                for at in range.shallow_at {
                    report.not_checked.push(format!(
                        "what {} merged: history is cut off at {}",
                        id.short(),
                        at.short()
                    ));
                }
                range.commits
            }
        };
        visit(&mut policies, Edge { parent, commit, commits, hindsight: &hindsight })?;
    }
    if !governed {
        return Err(EngineError::NotGoverned);
    }
    Ok(report)
}

/// The line of first parents up to `tip`, oldest first. A merge whose first parent is from before adoption while another
/// one is governed does not begin history anew: the line goes on at the governed one. Each commit comes with the parent that
/// it is judged from.
fn governed_line(
    repo: &Repo,
    tip: &ObjectId,
    report: &mut Report,
) -> Result<Vec<(Option<ObjectId>, Commit)>, EngineError> {
    let mut line = Vec::new();
    let mut next = Some(*tip);
    while let Some(id) = next {
        let commit = match repo.commit(&id) {
            Err(GitError::MissingObject { .. }) if !line.is_empty() && repo.is_shallow() => break,
            other => other?,
        };
        next = judged_from(repo, &commit)?;
        if let Some(other) = next.filter(|next| commit.parents.first() != Some(next)) {
            report.notes.push(format!(
                "the first parent of {} is from before adoption: its history is that of its parent {}",
                id.short(),
                other.short()
            ));
        }
        line.push((next, commit));
    }
    line.reverse();
    Ok(line)
}

/// The parent from which a commit of the line is judged: its first, or where that is under no law, the first that is.
fn judged_from(repo: &Repo, commit: &Commit) -> Result<Option<ObjectId>, EngineError> {
    let first = commit.parents.first();
    if commit.is_merge() {
        for parent in commit.parents.iter().filter(|parent| repo.has_object(parent)) {
            if is_governed(repo, parent)? {
                return Ok(Some(*parent));
            }
        }
    }
    Ok(first.copied())
}

/// Every finding of an edge names its commit.
fn attributed(mut report: Report, commit: &Commit) -> Report {
    for violation in &mut report.violations {
        violation.place.commit = violation.place.commit.or(commit.id);
    }
    report
}

/// Replays the commits of a landing, each as [`all`] will, and enters the errors that the landing as a whole does not show.
/// `straight` is the tip whose line is to be the branch's; `base` is T's policy, where T has one; `memory` has what branches
/// of the same push brought.
///
/// Merges beside that line are not edges of any replay where they are what merging their parents gives: what they bring was
/// judged where it was made. What more a merge does must be lawful as one step from one of its parents.
pub(crate) fn commits(
    site: &Site,
    memory: &mut PushMemory,
    commits: &[Commit],
    straight: Option<&ObjectId>,
    base: Option<&Rc<Policy>>,
    report: &mut Report,
) -> Result<(), EngineError> {
    let repo = &site.repo;
    let by_id: IdMap<&Commit> = commits.iter().filter_map(|commit| Some((commit.id?, commit))).collect();
    let line = line_of(repo, &by_id, straight)?;
    let state = base.map(|policy| cases::State::of(policy));
    let mut before_adoption = 0;
    for commit in commits {
        let (Some(tree), Some(id)) = (commit.tree, commit.id) else { continue };
        let on_line = line.get(&id).copied();
        let judged_from = on_line.unwrap_or(commit.parents.first().copied());
        let Some(parent) = &judged_from else { continue };
        if commit.is_merge() && on_line.is_none() {
            let errors = memory.errors((None, id), None, |policies| {
                if is_clean(repo, commit)? { Ok(Vec::new()) } else { edited_merge(site, policies, commit) }
            })?;
            errors.iter().for_each(|violation| enter(report, violation.clone(), &id));
            continue;
        }
        if let Some(errors) = base.and_then(|_| memory.known(&(Some(*parent), id), base)) {
            errors.iter().for_each(|violation| enter(report, violation.clone(), &id));
            continue;
        }
        let before = match by_id.get(parent).and_then(|parent| parent.tree) {
            Some(tree) => tree,
            None => repo.tree_of(parent)?,
        };
        let policy = match memory.policies.of(&repo.tree(&before)) {
            Ok(Ruling::Governed(policy)) => policy,
            Ok(Ruling::Ungoverned) => {
                before_adoption += usize::from(!is_governed(repo, &id)?);
                continue;
            }
            Err(EngineError::Policy(error)) if !matches!(error, PolicyError::Sight(_)) => {
                enter(report, unreadable(&id, &error), &id);
                continue;
            }
            Err(error) => return Err(error),
        };
        let of_base = base.filter(|base| Rc::ptr_eq(base, &policy));
        let by_base = state.as_ref().filter(|_| of_base.is_some());
        let errors = memory.errors((Some(*parent), id), of_base, |policies| {
            errors_of_edge(repo, policies, (parent, &before), (commit, &tree), by_base)
        })?;
        errors.iter().for_each(|violation| enter(report, violation.clone(), &id));
    }
    if before_adoption > 0 && base.is_some() {
        let commits = if before_adoption == 1 { "1 commit is" } else { &format!("{before_adoption} commits are") };
        report
            .notes
            .push(format!("{commits} from before adoption, made under no law: rebase the branch onto the base"));
    }
    Ok(())
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

/// The errors on the edge from a parent to a commit, each with its tree. By T's own rules, the state of whose policy is
/// `by_base` then, the landing has judged messages and files already.
fn errors_of_edge(
    repo: &Repo,
    policies: &mut Policies,
    (parent, before): (&ObjectId, &ObjectId),
    (commit, after): (&Commit, &ObjectId),
    by_base: Option<&cases::State>,
) -> Result<Vec<Violation>, EngineError> {
    if let Some(state) = by_base
        && !state.differs(repo, before, after)?
        && !repo.brings_malformed(before, after)?
    {
        return Ok(Vec::new());
    }
    let reads = if by_base.is_some() { &[Reads::Trees][..] } else { ALL };
    let own = match (commit.is_merge(), commit.id) {
        (true, Some(id)) => repo.range(Some(parent), &id)?.commits,
        _ => vec![commit.clone()],
    };
    let edge = cases::edge(repo, policies, Some(parent), commit, (own, None), reads)?;
    Ok(edge.violations.into_iter().filter(|violation| violation.level == Level::Error).collect())
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
fn edited_merge(site: &Site, policies: &mut Policies, commit: &Commit) -> Result<Vec<Violation>, EngineError> {
    let (repo, Some(id)) = (&site.repo, commit.id) else { return Ok(Vec::new()) };
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
        let errors: Vec<Violation> =
            edge.violations.into_iter().filter(|violation| violation.level == Level::Error).collect();
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
