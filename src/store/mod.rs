//! What is kept outside the tree, below git's own folders: the writers' lock, the open session, the hand-over between
//! hooks, commits that a hook has read, the last refused message, what was computed from blobs, contexts that were given.
//!
//! Nothing here is state of a task: all of it may be deleted at any time, and nothing committed depends on it.

pub mod blob_cache;
pub mod contexts;
pub mod handover;
pub mod journal;
pub mod lock;
pub mod open_session;
pub mod past_commits;
pub mod refused_message;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::faults::{Write, reach};

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
fn write_whole(path: &Path, bytes: &[u8], write: Write) -> Result<(), StoreError> {
    write_by_rename(path, bytes, true, write)
}

/// As [`write_whole`], without waiting for the disk: for what may be lost with the power.
fn write_soon(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_by_rename(path, bytes, false, Write::Handover)
}

fn write_by_rename(path: &Path, bytes: &[u8], waits: bool, write: Write) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let put = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        if waits {
            file.as_file().sync_all()?;
        }
        reach(write)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    put().map_err(|source| StoreError::new("write", path, source))
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
fn remove(path: &Path, write: Write) -> Result<(), StoreError> {
    let there = path.symlink_metadata().map(drop);
    match there.and_then(|()| reach(write)).and_then(|()| std::fs::remove_file(path)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::new("remove", path, source)),
    }
}
