//! Where governed histories begin, among the commits that a step brings.

use std::collections::HashSet;

use crate::config;
use crate::engine::error::EngineError;
use crate::engine::policies::is_governed;
use crate::git::Repo;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::tree::{MAX_STATE_FILE, TreeView as _};

/// Commits that have `.agentops` where none of their parents has it, each before those that descend from it.
#[derive(Debug, Default)]
pub(super) struct Beginnings {
    /// Of the project that was asked for.
    pub(super) ours: Vec<ObjectId>,
    /// Of others.
    pub(super) foreign: Vec<ObjectId>,
}

impl Beginnings {
    /// Those among `commits`, which come parents first and stand on `known`, a commit under laws. A parent that is not in this
    /// clone counts as one.
    pub(super) fn among(
        repo: &Repo,
        commits: &[Commit],
        known: Option<&ObjectId>,
        project: &str,
    ) -> Result<Self, EngineError> {
        // Almost every commit stands on one of the others or on `known`, and no tree need be read.
        let mut met: HashSet<ObjectId> = commits.iter().filter_map(|commit| commit.id).chain(known.copied()).collect();
        let mut before_adoption: HashSet<ObjectId> = HashSet::new();
        let mut found = Self::default();
        for commit in commits {
            let (Some(id), Some(tree)) = (commit.id, commit.tree) else { continue };
            let mut stands_on_governed = false;
            // One is enough: the tree of another need not be in a partial clone.
            for parent in &commit.parents {
                if met.insert(*parent) && repo.has_object(parent) && !is_governed(repo, parent)? {
                    before_adoption.insert(*parent);
                }
                if !before_adoption.contains(parent) {
                    stands_on_governed = true;
                    break;
                }
            }
            if stands_on_governed {
                continue;
            }
            let tree = repo.tree(&tree);
            if !config::is_governed(&tree)? {
                before_adoption.insert(id);
                continue;
            }
            let format = tree.file(&layout::FORMAT.into(), MAX_STATE_FILE)?;
            let stated = format.and_then(|bytes| config::project_of(&bytes));
            if stated.is_none_or(|stated| stated == project) { found.ours.push(id) } else { found.foreign.push(id) }
        }
        Ok(found)
    }

    /// What a report says of the histories of other projects that a step brings along, if it brings any.
    pub(super) fn unseen(&self) -> Option<String> {
        let first = self.foreign.first()?;
        Some(format!(
            "the history of another project that begins at {}: it was judged by no law of this one; `--root DIGEST` pins which \
             of the two is this repository's",
            first.short()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::sandbox::Sandbox;

    #[test]
    fn where_one_parent_is_governed_the_trees_of_the_others_may_be_absent() {
        let sandbox = Sandbox::new();
        let governed = sandbox.write(layout::FORMAT, "format = 1\n").commit("governed");
        sandbox.git(&["switch", "-q", "--orphan", "other"]);
        let other = sandbox.write("other", "").commit("other");
        let repo = sandbox.open();
        let tree = repo.tree_of(&other).unwrap().to_string();
        let merge = |parents: [ObjectId; 2]| Commit {
            id: Some(ObjectId::parse(&"1".repeat(40)).unwrap()),
            parents: parents.to_vec(),
            tree: Some(repo.tree_of(&governed).unwrap()),
            ..repo.commit(&governed).unwrap()
        };
        let objects = sandbox.path().join(".git/objects");
        std::fs::remove_file(objects.join(&tree[..2]).join(&tree[2..])).unwrap();
        let repo = sandbox.open();
        let found = Beginnings::among(&repo, &[merge([governed, other])], None, "").unwrap();
        assert!(found.ours.is_empty() && found.foreign.is_empty());
        assert!(Beginnings::among(&repo, &[merge([other, governed])], None, "").is_err());
    }
}
