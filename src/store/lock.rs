//! The writers' lock: one agentops at a time moves refs in one clone, over all its worktrees.
//!
//! An operating system lock: it dies with its process, so that `kill -9` leaves nothing behind that blocks. Other git
//! tools do not know it; against them every ref is compared and swapped.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::StoreError;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

/// Held until dropped.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Where the lock lies, in git's common folder `common_dir`.
    pub fn path(common_dir: &Path) -> PathBuf {
        common_dir.join("agentops").join("lock")
    }

    /// Waits for the lock, at most for `patience`; `None` where somebody else has held it all the time. Holders keep it for
    /// milliseconds, or while a person types the passphrase of a signing key.
    pub fn acquire(common_dir: &Path, patience: Duration) -> Result<Option<Self>, StoreError> {
        let path = Self::path(common_dir);
        let open = || -> std::io::Result<Option<File>> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            let mut waited = Duration::ZERO;
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(Some(file)),
                    Err(TryLockError::Error(error)) => return Err(error),
                    Err(TryLockError::WouldBlock) if waited >= patience => return Ok(None),
                    Err(TryLockError::WouldBlock) => {
                        std::thread::sleep(PAUSE);
                        waited += PAUSE;
                    }
                }
            }
        };
        open()
            .map(|held| held.map(|file| Self { _file: file }))
            .map_err(|source| StoreError::new("lock", &path, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let at_once = || WriterLock::acquire(folder.path(), Duration::ZERO).unwrap();
        let held = at_once().unwrap();
        assert!(at_once().is_none(), "nobody waits for ever");
        let other = OpenOptions::new().write(true).open(folder.path().join("agentops/lock")).unwrap();
        assert!(matches!(other.try_lock(), Err(std::fs::TryLockError::WouldBlock)));
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
