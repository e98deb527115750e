//! After the branch has moved: index and working tree follow, now or, for a process that was killed, later.

use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::git::{GitError, Repo, TreeEdit};
use crate::model::digest::ObjectId;
use crate::model::tree::{Mode, TreeView as _};
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
    let (mut files, mut modes) = (Vec::new(), Vec::new());
    for entry in &journal.entries {
        let (before, after) = (entry.before.map(|(_, id)| id), entry.after.map(|(_, id)| id));
        let in_index = staged.entry(&entry.path)?.map(|entry| (entry.mode, entry.id));
        let lies = worktree.entry(&entry.path)?;
        let in_tree = lies.as_ref().map(|entry| entry.id);
        // What was committed from the working tree is no longer staged in an older version, as after `git commit -o`.
        if in_index != entry.after && (in_index == entry.before || in_tree == after) {
            index.push(TreeEdit { path: entry.path.clone(), entry: entry.after });
        }
        let follows = in_tree != after && in_tree == before;
        if follows {
            files.push((&entry.path, after));
        }
        // A mode that the commit changes, of a file that has the mode from before.
        let old = entry.before.map_or(Mode::File, |(mode, _)| mode);
        let is_as_before = lies.map_or(Mode::File, |entry| entry.mode) == old;
        if let Some((mode, _)) = entry.after.filter(|(mode, _)| *mode != old && is_as_before)
            && (follows || in_tree == after)
        {
            modes.push((&entry.path, mode == Mode::Executable));
        }
    }
    repo.update_index(&index)?;
    for (path, id) in files {
        match id {
            Some(id) => repo.write_worktree_file(path, &repo.blob(&id, path, u64::MAX)?)?,
            None => repo.remove_worktree_file(path)?,
        }
    }
    for (path, executable) in modes {
        repo.set_executable(path, executable)?;
    }
    Ok(())
}

/// Finishes what a killed process left: if the journal's commit is in HEAD's history, index and working tree follow, at the
/// paths that no later commit changed; if it never got there, the journal is forgotten. So is one that cannot be read.
pub(crate) fn recover(site: &Site) -> Result<bool, EngineError> {
    let repo = &site.repo;
    let Some(mut journal) = journal::load(repo.git_dir())? else {
        journal::clear(repo.git_dir())?;
        return Ok(false);
    };
    // The journal's writer is dead: its lock on the branch, if it left one, would stay for ever.
    repo.break_stale_lock(&journal.reference)?;
    let landed = landed_in(repo, &journal)?;
    if let Some(head) = landed {
        let tree = repo.tree(&repo.tree_of(&head)?);
        let mut kept = Vec::with_capacity(journal.entries.len());
        for entry in journal.entries {
            let now = tree.entry(&entry.path)?.map(|found| (found.mode, found.id));
            kept.extend((now == entry.after).then_some(entry));
        }
        journal.entries = kept;
        finish(site, &journal)?;
    }
    journal::clear(repo.git_dir())?;
    Ok(landed.is_some())
}

/// HEAD, where its history has the journal's commit.
fn landed_in(repo: &Repo, journal: &Journal) -> Result<Option<ObjectId>, EngineError> {
    let Some(head) = repo.head()?.commit() else { return Ok(None) };
    match repo.is_ancestor(&journal.commit, &head) {
        Ok(landed) => Ok(landed.then_some(head)),
        // Cut-off history does not show it: what landed here lately would lie before the cut.
        Err(GitError::MissingObject { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
