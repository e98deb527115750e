//! Hook files that have to go and that somebody may have written in: they stay under another name, which nothing runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{InstallError, failed, is_there, read, text};
use crate::hooks::manager;

/// A hook file that nothing runs any more, and that is not lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is now.
    pub to: PathBuf,
    /// Why nothing runs it.
    pub why: Why,
}

/// Why a hook file went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was chained, and its own program has written another one since.
    Replaced,
    /// It is one of ours, and not as an installation writes it.
    Edited,
}

impl Why {
    /// How the file is called from then on, after its name.
    fn suffix(self) -> &'static str {
        match self {
            Self::Replaced => ".agentops-replaced",
            Self::Edited => ".agentops-edited",
        }
    }
}

impl Kept {
    /// A chained hook behind the place of a hook, `place`.
    pub(super) fn replaced(from: PathBuf, place: &Path) -> Self {
        Self { from, to: free(place, Why::Replaced), why: Why::Replaced }
    }

    /// Ours in `file`, where somebody has edited it.
    pub(super) fn edited(file: &Path) -> Result<Option<Self>, InstallError> {
        let bytes = read(file)?.unwrap_or_default();
        let is_edited = text::is_ours(&bytes) && text::binary_of(&bytes).is_none();
        Ok(is_edited.then(|| Self { from: file.to_owned(), to: free(file, Why::Edited), why: Why::Edited }))
    }

    /// Moves it.
    pub(super) fn act(&self) -> Result<(), InstallError> {
        fs::rename(&self.from, &self.to).map_err(failed("move aside", &self.from))
    }

    /// Names it twice, for something that takes the first name.
    pub(super) fn name_twice(&self) -> Result<(), InstallError> {
        name_twice(&self.from, &self.to)
    }
}

/// Gives a hook a second name before ours takes the first, so that no moment is without a hook.
pub(super) fn name_twice(from: &Path, to: &Path) -> Result<(), InstallError> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(failed("move aside", from)(error)),
        // Not every file system has hard links.
        Err(_) => fs::rename(from, to).map_err(failed("move aside", from)),
    }
}

/// A name that nothing has yet.
fn free(place: &Path, why: Why) -> PathBuf {
    let suffix = why.suffix();
    let mut file = manager::beside(place, suffix);
    let mut number = 1;
    while is_there(&file) {
        number += 1;
        file = manager::beside(place, &format!("{suffix}-{number}"));
    }
    file
}
