//! Changing single entries of the index. What else is staged stays as it was, and so does git's cache of trees.

use super::error::GitError;
use super::refs::{ATTEMPTS, lock_of, locked, pause};
use super::repo::Repo;
use super::write::{TreeEdit, check_path};
use crate::model::tree::Mode;

impl Repo {
    /// Sets exactly these entries of the index that git names. Held locks are waited for, within bounds.
    pub fn update_index(&self, edits: &[TreeEdit]) -> Result<(), GitError> {
        if edits.is_empty() {
            return Ok(());
        }
        self.require_work_dir()?;
        let mut lines = Vec::new();
        for edit in edits {
            check_path(&edit.path)?;
            let (bits, id) = edit.entry.map_or_else(|| (0, self.null_id()), |(mode, id)| (index_bits(mode), id));
            lines.extend_from_slice(format!("{bits:06o} {id}\t").as_bytes());
            lines.extend_from_slice(edit.path.as_bytes());
            lines.push(0);
        }
        let lock = lock_of(self.index_path());
        let mut attempt = 0;
        loop {
            let command = self.git(["update-index", "-z", "--index-info"]).with_index().input(lines.clone());
            let output = command.run()?;
            if output.code == Some(0) {
                return Ok(());
            }
            if !output.stderr.contains(".lock") {
                let command = "git update-index -z --index-info".to_owned();
                return Err(GitError::CommandFailed { command, code: output.code, stderr: output.stderr });
            }
            if attempt == ATTEMPTS {
                return Err(locked(lock));
            }
            attempt += 1;
            pause(attempt);
        }
    }
}

fn index_bits(mode: Mode) -> u32 {
    super::diff::canonical(mode).bits()
}
