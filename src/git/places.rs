//! Branches and worktrees of a repository.

use std::path::PathBuf;

use super::error::GitError;
use super::repo::Repo;

impl Repo {
    /// The full names of all local and remote-tracking branches.
    pub fn branches(&self) -> Result<Vec<String>, GitError> {
        let text = self.git(["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes"]).text()?;
        Ok(text.lines().filter(|name| !name.ends_with("/HEAD")).map(str::to_owned).collect())
    }

    /// The worktree in which `branch` (a full name) is checked out; `None` where it is nowhere.
    pub fn worktree_of(&self, branch: &str) -> Result<Option<PathBuf>, GitError> {
        let bytes = self.git(["worktree", "list", "--porcelain", "-z"]).output()?;
        let mut place = None;
        for line in bytes.split(|byte| *byte == 0) {
            if let Some(path) = line.strip_prefix(b"worktree ") {
                place = Some(super::command::path_from(path));
            } else if line.strip_prefix(b"branch ").is_some_and(|name| name == branch.as_bytes()) {
                return Ok(place);
            }
        }
        Ok(None)
    }

    /// How many tracked files differ from HEAD, staged or not.
    pub fn modified_count(&self) -> Result<usize, GitError> {
        let bytes =
            self.git(["status", "--porcelain", "-z", "--no-renames", "--untracked-files=no"]).with_index().output()?;
        Ok(bytes.split(|byte| *byte == 0).filter(|line| !line.is_empty()).count())
    }
}
