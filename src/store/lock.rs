//! The writers' lock: one agentops at a time moves refs in one clone, over all its worktrees.
//!
//! An operating system lock: it dies with its process, so that `kill -9` leaves nothing behind that blocks. Other git
//! tools do not know it; against them every ref is compared and swapped.

use std::fs::{File, OpenOptions};
use std::path::Path;

use super::StoreError;

/// Held until dropped.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Waits for the lock in git's common folder `common_dir`. Holders keep it for milliseconds.
    pub fn acquire(common_dir: &Path) -> Result<Self, StoreError> {
        let path = common_dir.join("agentops").join("lock");
        let open = || -> std::io::Result<File> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map(|file| Self { _file: file }).map_err(|source| StoreError::new("lock", &path, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let held = WriterLock::acquire(folder.path()).unwrap();
        let other = OpenOptions::new().write(true).open(folder.path().join("agentops/lock")).unwrap();
        assert!(matches!(other.try_lock(), Err(std::fs::TryLockError::WouldBlock)));
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
