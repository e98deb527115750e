//! Replay: history judged edge by edge, each by the rules of the tree before it.

use super::cases::{self, ALL, Hindsight};
use super::compromised::{self, Landing};
use super::root::{Start, check_root};
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, Ruling, is_governed};
use crate::engine::site::Site;
use crate::git::{GitError, Repo, Revision};
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::report::Report;

/// Bytes that are kept of what was read off the commits of a walked line: each edge is compared with the fifty before it.
pub(super) const RECENT: usize = 1024 * 1024;

/// Replays the first-parent line up to `tip`, each edge by its own T.
pub fn all(site: &Site, tip: Option<&str>, root: Option<&str>) -> Result<Report, EngineError> {
    let History { mut report, hindsight, mut policies, line } = History::up_to(site, tip, root)?;
    let elsewhere = policies.elsewhere(RECENT);
    let parts = site.repo.in_parts(&line, &mut policies, elsewhere, |repo, policies, part| {
        let (mut cut_off, mut found) = (Vec::new(), Report::default());
        for step in part {
            let Edge { parent, commit, commits, hindsight } = step.edge(repo, &hindsight, &mut cut_off)?;
            let judged = cases::edge(repo, policies, parent.as_ref(), commit, (commits, Some(hindsight)), ALL)?;
            found.absorb(attributed(judged, commit));
        }
        Ok::<_, EngineError>((cut_off, found))
    });
    let mut found = Report::default();
    for part in parts {
        let (cut_off, of_part): (Vec<String>, Report) = part?;
        report.not_checked.extend(cut_off);
        found.absorb(of_part);
    }
    report.absorb(found);
    let landings: Vec<Landing> = line.iter().filter_map(Step::landing).collect();
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
    pub(crate) commit: &'w Commit,
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
    let History { mut report, hindsight, mut policies, line } = History::up_to(site, tip, root)?;
    for step in &line {
        visit(&mut policies, step.edge(&site.repo, &hindsight, &mut report.not_checked)?)?;
    }
    Ok(report)
}

/// A governed history.
struct History {
    /// What was walked, and what of it cannot be seen.
    report: Report,
    /// What its tip says of it.
    hindsight: Hindsight,
    policies: Policies,
    /// Oldest first.
    line: Vec<Step>,
}

impl History {
    /// The first-parent line up to `tip`, from where it is governed on.
    fn up_to(site: &Site, tip: Option<&str>, root: Option<&str>) -> Result<Self, EngineError> {
        let repo = &site.repo;
        let Revision { commit: tip, name: tip_name } = match tip {
            Some(rev) => repo.revision(rev)?,
            None => Revision { commit: repo.head()?.commit().ok_or(EngineError::NotGoverned)?, name: None },
        };
        let mut policies = Policies::remembering(RECENT);
        let hindsight = Hindsight::of(&repo.tree(&repo.tree_of(&tip)?))?;
        let mut report = Report { tip: Some(tip), tip_name, ..Report::default() };
        let mut line = governed_line(repo, &tip, &mut report)?;
        let mut start = 0;
        let policy = loop {
            let Some(Step { commit, .. }) = line.get(start) else { return Err(EngineError::NotGoverned) };
            if let Some(tree) = &commit.tree
                && let Ruling::Governed(policy) = policies.of(&repo.tree(tree))?
            {
                break policy;
            }
            start += 1;
        };
        line.drain(..start);
        if let Some(Step { parent, commit }) = line.first()
            && let (Some(tree), Some(id)) = (&commit.tree, &commit.id)
        {
            let absent = parent.filter(|parent| !repo.has_object(parent));
            let begins = if absent.is_some() { Start::Before(tree) } else { Start::Here(tree) };
            report.not_checked.extend(check_root(repo, &policy, root, begins)?);
            report.base = *parent;
            if let Some(parent) = absent {
                report.not_checked.push(format!(
                    "what came before {}: its parent {} is not in this repository",
                    id.short(),
                    parent.short()
                ));
                repo.keep_commit(commit);
                line.remove(0);
            }
        }
        Ok(Self { report, hindsight, policies, line })
    }
}

/// A commit of a line, and the parent that it is judged from.
struct Step {
    parent: Option<ObjectId>,
    commit: Commit,
}

impl Step {
    /// The edge that leads here. What of it cannot be seen is added to `cut_off`.
    fn edge<'w>(
        &'w self,
        repo: &Repo,
        hindsight: &'w Hindsight,
        cut_off: &mut Vec<String>,
    ) -> Result<Edge<'w>, EngineError> {
        let Self { parent, commit } = self;
        repo.keep_commit(commit);
        let commits = match (parent, &commit.id) {
            (Some(parent), Some(id)) if commit.is_merge() => {
                let range = repo.range(Some(parent), id)?;
                cut_off.extend(
                    range
                        .shallow_at
                        .iter()
                        .map(|at| format!("what {} merged: history is cut off at {}", id.short(), at.short())),
                );
                range.commits
            }
            _ => vec![commit.clone()],
        };
        Ok(Edge { parent: *parent, commit, commits, hindsight })
    }

    fn landing(&self) -> Option<Landing> {
        let Commit { id, tree, committer, .. } = &self.commit;
        Some(Landing { commit: (*id)?, tree: (*tree)?, seconds: committer.seconds })
    }
}

/// The line of first parents up to `tip`, oldest first. A merge whose first parent is from before adoption while another
/// one is governed does not begin history anew: the line goes on at the governed one.
fn governed_line(repo: &Repo, tip: &ObjectId, report: &mut Report) -> Result<Vec<Step>, EngineError> {
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
        line.push(Step { parent: next, commit });
    }
    line.reverse();
    Ok(line)
}

/// The parent from which a commit of the line is judged: its first, or where that is under no law, the first that is.
pub(super) fn judged_from(repo: &Repo, commit: &Commit) -> Result<Option<ObjectId>, EngineError> {
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
