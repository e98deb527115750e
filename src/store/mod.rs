//! What is kept outside the tree, below git's own folders: the writers' lock, the open session, the hand-over between
//! hooks, commits that a hook has read, the last refused message, what was computed from blobs, contexts that were given, files
//! that are believed only whole.
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
pub mod sealed;

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

/// What must hold while a new file takes the place of an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// The new one is on the disk at the end.
    Lasting,
    /// One of the two is there at any time; with the power, the new one may be lost.
    Replaced,
    /// For a moment there may be none: somebody computes it again.
    Recomputed,
}

/// Writes a whole file or none of it: to a temporary file beside it, then renamed. It is on the disk before this returns.
fn write_whole(path: &Path, bytes: &[u8], write: Write) -> Result<(), StoreError> {
    write_by_rename(path, bytes, Care::Lasting, write)
}

/// As [`write_whole`], without waiting for the disk: for what may be lost with the power.
fn write_soon(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_by_rename(path, bytes, Care::Replaced, Write::Handover)
}

/// As [`write_soon`], but the old file may be gone before the new one is there: for what its reader can compute again. Where
/// a file is renamed onto another, ext4 first sends its content to the disk, and behind git's own writing that takes up to 9 ms.
fn write_again(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_by_rename(path, bytes, Care::Recomputed, Write::Handover)
}

fn write_by_rename(path: &Path, bytes: &[u8], care: Care, write: Write) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let put = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        if care == Care::Lasting {
            file.as_file().sync_all()?;
        }
        reach(write)?;
        if care == Care::Recomputed {
            // What cannot be removed cannot be replaced either, and that error is told.
            let _ = std::fs::remove_file(path);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads the old file goes on reading it, whole: none is written over in its place.
    #[test]
    fn another_file_takes_the_place_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        for care in [Care::Lasting, Care::Replaced, Care::Recomputed] {
            let path = folder.path().join(format!("{care:?}"));
            let old = folder.path().join(format!("{care:?}-old"));
            write_by_rename(&path, b"old", care, Write::Handover).unwrap();
            std::fs::hard_link(&path, &old).unwrap();
            write_by_rename(&path, b"new", care, Write::Handover).unwrap();
            assert_eq!(read_whole(&path).unwrap().unwrap(), b"new", "{care:?}");
            assert_eq!(read_whole(&old).unwrap().unwrap(), b"old", "{care:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 6, "no temporary file stays");
    }

    #[test]
    fn what_cannot_be_replaced_is_told_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        for care in [Care::Lasting, Care::Replaced, Care::Recomputed] {
            let error = write_by_rename(&path, b"new", care, Write::Handover).unwrap_err();
            assert_eq!((error.action, error.path.as_path()), ("write", path.as_path()), "{care:?}");
        }
        assert!(path.is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }
}
