//! Linked worktrees: made beside the others, and taken away again.

use std::path::{Path, PathBuf};

use super::command::path_from;
use super::error::GitError;
use super::repo::Repo;
use crate::model::digest::ObjectId;

/// What is wrong with a linked worktree of which git has a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Its folder is gone.
    Gone,
    /// It is being made, or the git command that made it was killed.
    HalfMade,
}

impl Repo {
    /// The linked worktrees that are not whole, by their folders. One that somebody locked is theirs to judge.
    pub fn broken_worktrees(&self) -> Result<Vec<(PathBuf, Broken)>, GitError> {
        let output = self.git(["worktree", "list", "--porcelain", "-z"]).output()?;
        let mut found = Vec::new();
        let mut dir = PathBuf::new();
        for line in output.split(|byte| *byte == 0) {
            if let Some(path) = line.strip_prefix(b"worktree ") {
                dir = path_from(path);
            } else if line.starts_with(b"prunable") {
                found.push((dir.clone(), Broken::Gone));
            } else if line == b"locked initializing" {
                // The reason that git itself writes for as long as it fills the folder.
                found.push((dir.clone(), Broken::HalfMade));
            }
        }
        Ok(found)
    }

    /// The tops of all working trees of this repository.
    pub fn worktrees(&self) -> Result<Vec<PathBuf>, GitError> {
        let output = self.git(["worktree", "list", "--porcelain", "-z"]).output()?;
        let lines = output.split(|byte| *byte == 0);
        Ok(lines.filter_map(|line| line.strip_prefix(b"worktree ")).map(path_from).collect())
    }

    /// Makes a worktree at `dir`, which is absent or empty, detached at `commit`. No hook runs. Where it fails half-way,
    /// nothing of it stays.
    pub fn add_worktree(&self, dir: &Path, commit: &ObjectId) -> Result<(), GitError> {
        let doing = || format!("make the folder `{}`", dir.display());
        let was_there = match std::fs::create_dir(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let mut entries = std::fs::read_dir(dir).map_err(GitError::while_doing(doing()))?;
                if entries.next().is_some() {
                    return Err(GitError::other(doing(), "it is there, and not empty"));
                }
                true
            }
            made => made.map(|()| false).map_err(GitError::while_doing(doing()))?,
        };
        let command = self.git(["-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach"]);
        let added = command.arg(dir).arg(commit.to_string()).output();
        if added.is_err() {
            // Git takes away what it can; what a failed checkout left it does not.
            let _ = self.git(["worktree", "remove", "--force", "--force"]).arg(dir).run();
            let _ = std::fs::remove_dir_all(dir);
            let _ = self.git(["worktree", "prune"]).run();
            if was_there {
                let _ = std::fs::create_dir(dir);
            }
        }
        added.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;

    #[test]
    fn a_worktree_is_made_whole_or_not_at_all() {
        let sandbox = Sandbox::new();
        let first = sandbox.write("file", "1").commit("first");
        sandbox.write(".gitattributes", "* filter=broken\n").commit("second");
        let repo = sandbox.open();
        let dir = sandbox.beside("then");
        repo.add_worktree(&dir, &first).unwrap();
        assert_eq!(std::fs::read_to_string(dir.join("file")).unwrap(), "1");
        assert_eq!(repo.worktrees().unwrap().len(), 2);
        sandbox.git(&["config", "filter.broken.smudge", "false"]);
        sandbox.git(&["config", "filter.broken.required", "true"]);
        let broken = sandbox.beside("broken");
        assert!(repo.add_worktree(&broken, &repo.head_commit().unwrap()).is_err());
        assert!(!broken.exists());
        std::fs::create_dir(&broken).unwrap();
        std::fs::write(broken.join("own"), "mine").unwrap();
        assert!(repo.add_worktree(&broken, &first).is_err());
        assert_eq!(std::fs::read_to_string(broken.join("own")).unwrap(), "mine");
        assert_eq!(repo.worktrees().unwrap().len(), 2);
        assert_eq!(sandbox.git(&["branch", "--list"]).lines().count(), 1, "no branch is made");
    }
}
