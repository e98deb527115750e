//! The open session of one worktree: begun by `session start`, turned into a record by `session end`.
//!
//! Local to the worktree and never committed; it holds names and times, no prompts.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{StoreError, read_whole, remove, write_whole};
use crate::faults::Write;

/// What is known of a session before it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// The id that the record will have.
    pub id: String,
    /// The namespace.
    pub profile: String,
    /// Whose sitting.
    pub actor: String,
    /// When it began.
    pub started: String,
    /// The tasks it was begun for.
    pub tasks: Vec<String>,
    /// The commit HEAD was at; empty on an unborn branch.
    pub head: String,
}

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("agentops").join("session.toml")
}

/// The open session of the worktree whose git folder is `git_dir`. A file that cannot be read as one counts as none:
/// it is only a convenience.
pub fn load(git_dir: &Path) -> Result<Option<OpenSession>, StoreError> {
    let bytes = read_whole(&path(git_dir))?;
    Ok(bytes.and_then(|bytes| toml::from_str(std::str::from_utf8(&bytes).ok()?).ok()))
}

/// Remembers `session` as the open one.
pub fn save(git_dir: &Path, session: &OpenSession) -> Result<(), StoreError> {
    let text = toml::to_string(session).unwrap_or_default();
    write_whole(&path(git_dir), text.as_bytes(), Write::Session)
}

/// Forgets the open session.
pub fn clear(git_dir: &Path) -> Result<(), StoreError> {
    remove(&path(git_dir), Write::SessionEnd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()).unwrap(), None);
        let session = OpenSession {
            id: "01arz3ndektsv4rrffq69g5fav".into(),
            profile: "sre".into(),
            actor: "claude".into(),
            started: "2026-11-21T07:00:00Z".into(),
            tasks: vec!["db-k3f9".into()],
            head: String::new(),
        };
        save(folder.path(), &session).unwrap();
        assert_eq!(load(folder.path()).unwrap(), Some(session));
        clear(folder.path()).unwrap();
        clear(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap(), None);
    }
}
