//! Where governed histories begin, among the commits that a step brings.

use std::collections::HashSet;

use crate::config;
use crate::engine::error::EngineError;
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
    /// Those among `commits`, which come parents first; a parent that is not in this clone counts as governed.
    pub(super) fn among(repo: &Repo, commits: &[Commit], project: &str) -> Result<Self, EngineError> {
        let own: HashSet<ObjectId> = commits.iter().filter_map(|commit| commit.id).collect();
        let mut before_adoption: HashSet<ObjectId> = HashSet::new();
        let mut found = Self::default();
        // Almost every commit stands on one that is governed, and its tree need not be read.
        for commit in commits {
            let (Some(id), Some(tree)) = (commit.id, commit.tree) else { continue };
            let mut stands_on_governed = false;
            for parent in &commit.parents {
                if !own.contains(parent) && !before_adoption.contains(parent) && !is_governed(repo, parent)? {
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
            let ours = match tree.file(&layout::FORMAT.into(), MAX_STATE_FILE)? {
                Some(bytes) => config::project_of(&bytes).is_none_or(|text| text == project),
                None => true,
            };
            if ours { found.ours.push(id) } else { found.foreign.push(id) }
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

fn is_governed(repo: &Repo, commit: &ObjectId) -> Result<bool, EngineError> {
    if !repo.has_object(commit) {
        return Ok(true);
    }
    Ok(config::is_governed(&repo.tree(&repo.tree_of(commit)?))?)
}
