//! What is kept outside the tree, below git's own folders: the writers' lock, the open session, the hand-over between
//! hooks, the last refused message.
//!
//! Nothing here is state of a task: all of it may be deleted at any time, and nothing committed depends on it.

pub mod handover;
pub mod journal;
pub mod lock;
pub mod open_session;
pub mod refused_message;

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file outside the tree that could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", .path.display())]
pub struct StoreError {
    /// `read`, `write`, `lock`, `remove`.
    pub action: &'static str,
    /// Which file.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub source: std::io::Error,
}

impl StoreError {
    pub(crate) fn new(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }
}

/// Writes a whole file or none of it: to a temporary file beside it, then renamed. It is on the disk before this returns.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_by_rename(path, bytes, true)
}

/// As [`write_whole`], without waiting for the disk: for what may be lost with the power.
fn write_soon(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_by_rename(path, bytes, false)
}

fn write_by_rename(path: &Path, bytes: &[u8], waits: bool) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        if waits {
            file.as_file().sync_all()?;
        }
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| StoreError::new("write", path, source))
}

/// Reads a file; `None` where there is none.
fn read_whole(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::new("read", path, source)),
    }
}

/// Removes a file; one that is not there is removed already.
fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::new("remove", path, source)),
    }
}
