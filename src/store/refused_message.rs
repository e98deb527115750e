//! The message that the `commit-msg` hook refused last, kept so that nobody writes it twice.

use std::path::{Path, PathBuf};

use super::{StoreError, remove, write_soon};
use crate::faults::Write;

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("agentops").join("refused-message")
}

/// Keeps `text` for another try, and returns where.
pub fn save(git_dir: &Path, text: &[u8]) -> Result<PathBuf, StoreError> {
    let path = path(git_dir);
    write_soon(&path, text)?;
    Ok(path)
}

/// Forgets it.
pub fn clear(git_dir: &Path) -> Result<(), StoreError> {
    remove(&path(git_dir), Write::Handover)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = save(folder.path(), b"wip\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"wip\n");
        clear(folder.path()).unwrap();
        clear(folder.path()).unwrap();
        assert!(!path.exists());
    }
}
