//! A chained hook whose program has taken our place since, and calls us: chained any longer, it would come back with us once
//! that program is uninstalled.

use std::fs;
use std::path::{Path, PathBuf};

use super::{InstallError, failed, is_there, read};
use crate::hooks::{chained, manager};

/// What such a hook is called from then on, after the hook's name: nothing runs it.
const SUFFIX: &str = ".agentops-replaced";

/// What becomes of it.
#[derive(Debug)]
pub(super) enum Replaced {
    /// It goes: the one in place has the same bytes.
    Same(PathBuf),
    /// It stays under another name: somebody may have told it what the one in place does not know.
    Other(Kept),
}

/// A chained hook that nothing runs any more, and that is not lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is now.
    pub to: PathBuf,
}

impl Replaced {
    /// The replaced hook behind the place of a hook, `place`, where there is one.
    pub(super) fn find(place: &Path) -> Result<Option<Self>, InstallError> {
        let from = chained::beside(place);
        if !chained::is_same(place, &from) {
            return Ok(None);
        }
        if read(place)? == read(&from)? {
            return Ok(Some(Self::Same(from)));
        }
        let to = free(place);
        Ok(Some(Self::Other(Kept { from, to })))
    }

    pub(super) fn act(&self) -> Result<(), InstallError> {
        match self {
            Self::Same(file) => fs::remove_file(file).map_err(failed("remove", file)),
            Self::Other(Kept { from, to }) => fs::rename(from, to).map_err(failed("move aside", from)),
        }
    }

    pub(super) fn kept(self) -> Option<Kept> {
        match self {
            Self::Same(_) => None,
            Self::Other(kept) => Some(kept),
        }
    }
}

/// A name that nothing has yet.
fn free(place: &Path) -> PathBuf {
    let mut file = manager::beside(place, SUFFIX);
    let mut number = 1;
    while is_there(&file) {
        number += 1;
        file = manager::beside(place, &format!("{SUFFIX}-{number}"));
    }
    file
}
