//! After the branch has moved: index and working tree follow, now or, for a process that was killed, later.

use super::error::EngineError;
use super::site::Site;
use crate::git::TreeEdit;
use crate::model::tree::TreeView as _;
use crate::store::journal::{self, Journal};

/// Brings index and working tree to the journal's commit for exactly its paths: an index entry or file that is neither
/// what was there before nor what is to be there is somebody's work, and stays.
pub(super) fn finish(site: &Site, journal: &Journal) -> Result<(), EngineError> {
    let repo = &site.repo;
    if repo.is_bare() {
        return Ok(());
    }
    let staged = repo.staged()?;
    let worktree = repo.worktree_view()?;
    let mut index = Vec::new();
    let mut files = Vec::new();
    for entry in &journal.entries {
        let (before, after) = (entry.before.map(|(_, id)| id), entry.after.map(|(_, id)| id));
        let in_index = staged.entry(&entry.path)?.map(|entry| (entry.mode, entry.id));
        let in_tree = worktree.entry(&entry.path)?.map(|entry| entry.id);
        // What was committed from the working tree is no longer staged in an older version, as after `git commit -o`.
        if in_index != entry.after && (in_index == entry.before || in_tree == after) {
            index.push(TreeEdit { path: entry.path.clone(), entry: entry.after });
        }
        if in_tree != after && in_tree == before {
            files.push((&entry.path, after));
        }
    }
    repo.update_index(&index)?;
    for (path, id) in files {
        match id {
            Some(id) => repo.write_worktree_file(path, &repo.blob(&id, path, u64::MAX)?)?,
            None => repo.remove_worktree_file(path)?,
        }
    }
    Ok(())
}

/// Finishes what a killed process left: if the journal's commit is on its branch, index and working tree follow;
/// if it never got there, the journal is forgotten.
pub(crate) fn recover(site: &Site) -> Result<bool, EngineError> {
    let Some(journal) = journal::load(site.repo.git_dir())? else { return Ok(false) };
    // The journal's writer is dead: its lock on the branch, if it left one, would stay for ever.
    site.repo.break_stale_lock(&journal.reference)?;
    let landed = match site.repo.resolve("HEAD") {
        Ok(head) => head == journal.commit || site.repo.is_ancestor(&journal.commit, &head)?,
        Err(_) => false,
    };
    if landed {
        finish(site, &journal)?;
    }
    journal::clear(site.repo.git_dir())?;
    Ok(landed)
}
