//! AO-E9: a merge drops no state.

use std::collections::{BTreeSet, HashMap};

use super::{Case, Findings, Law, Reads};
use crate::model::digest::{Digest, ObjectId};
use crate::model::law_id::LawId;
use crate::model::layout::{self, Place as Kind};
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_TEXT_FILE, Mode, SightError, TreeView};

pub(crate) const LAW: Law = Law {
    id: LawId::E9,
    title: "a merge drops nothing",
    rule: "A merge commit holds every write-once file of each of its parents, unchanged, but for what an amend redacts.",
    passes: "`git merge`: events of both sides are there, because no two of them share a name.",
    fails: "A merge with `-s ours`, or one edited by hand, that lost the other side's events: merge again, or \
            `git checkout PARENT -- .agentops/<profile>/events`.",
    reads: Reads::Trees,
    check,
};

/// Deeper than AO-E7 allows by far: reaching it is a failure.
const MAX_DEPTH: usize = 12;

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    // What T had and M has not, or has otherwise, AO-E1 names, however it went.
    let changes = case.step.changes()?.iter();
    let named: BTreeSet<&RepoPath> =
        changes.filter(|change| change.before.is_some()).map(|change| &change.path).collect();
    for (index, commit) in case.step.commits().iter().enumerate().filter(|(_, commit)| commit.is_merge()) {
        let merged = case.step.commit_tree(index)?;
        for parent in 0..commit.parents.len() {
            let Some(tree) = case.step.parent_tree(index, parent)? else {
                findings.not_checked(format!(
                    "whether merge {} kept all state of its parent {}: that parent is not in this repository",
                    commit.id.map(|id| id.short()).unwrap_or_default(),
                    commit.parents[parent].short()
                ));
                continue;
            };
            let mut lost = BTreeSet::new();
            missing(tree.as_ref(), merged.as_ref(), &layout::ROOT.into(), 0, &mut lost)?;
            for path in lost.into_iter().filter(|path| !named.contains(path)) {
                let gone = if merged.entry(&path)?.is_none() { tree.file(&path, MAX_TEXT_FILE)? } else { None };
                if let Some(bytes) = gone
                    && case.redacted(&path, &Digest::of(&bytes))?.is_some()
                {
                    continue;
                }
                findings.add(Finding::new(
                    Place::path(path).in_commit(commit.id),
                    format!("this merge lost or changed a state file of its parent {}", commit.parents[parent].short()),
                    "merge again, keeping both sides of `.agentops`",
                ));
            }
        }
    }
    Ok(())
}

/// Collects write-once files of `parent` below `folder` that `merged` lacks or has with other bytes.
fn missing(
    parent: &dyn TreeView,
    merged: &dyn TreeView,
    folder: &RepoPath,
    depth: usize,
    lost: &mut BTreeSet<RepoPath>,
) -> Result<(), SightError> {
    if depth > MAX_DEPTH {
        return Err(SightError::Failed(format!("`{folder}` lies deeper than {MAX_DEPTH} folders")));
    }
    if parent.entry(folder)?.map(|entry| entry.id) == merged.entry(folder)?.map(|entry| entry.id) {
        return Ok(());
    }
    let kept: HashMap<Vec<u8>, (Mode, ObjectId)> =
        merged.list(folder)?.into_iter().map(|entry| (entry.name, (entry.mode, entry.id))).collect();
    for entry in parent.list(folder)? {
        let path = folder.join(&entry.name);
        if kept.get(&entry.name) == Some(&(entry.mode, entry.id)) {
            continue;
        }
        if entry.mode == Mode::Tree {
            missing(parent, merged, &path, depth + 1, lost)?;
        } else if Kind::of(&path).is_some_and(|kind| kind.is_write_once()) {
            lost.insert(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, policy, tree};

    #[test]
    fn a_tree_too_deep_to_compare_is_not_taken_for_kept() {
        let path = format!(".agentops/{}file", "deep/".repeat(40));
        let step = TestStep::new().commit("Merge branch 'a'").merging(tree(&[(&path, "x")]), true);
        assert!((LAW.check)(&step.case(&policy()), &mut Findings::default()).is_err());
    }
}
