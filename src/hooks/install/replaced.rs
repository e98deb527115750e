//! A chained hook whose program has taken our place since, and calls us: chained any longer, it would come back with us once
//! that program is uninstalled.

use std::fs;
use std::path::{Path, PathBuf};

use super::kept::Kept;
use super::{InstallError, failed, read};
use crate::hooks::chained;

/// What becomes of it.
#[derive(Debug)]
pub(super) enum Replaced {
    /// It goes: the one in place has the same bytes.
    Same(PathBuf),
    /// It stays under another name: somebody may have told it what the one in place does not know.
    Other(Kept),
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
        Ok(Some(Self::Other(Kept::replaced(from, place))))
    }

    pub(super) fn act(&self) -> Result<(), InstallError> {
        match self {
            Self::Same(file) => fs::remove_file(file).map_err(failed("remove", file)),
            Self::Other(kept) => kept.act(),
        }
    }

    pub(super) fn kept(self) -> Option<Kept> {
        match self {
            Self::Same(_) => None,
            Self::Other(kept) => Some(kept),
        }
    }
}
