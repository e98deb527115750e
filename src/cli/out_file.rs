//! Files of the person's choice, as `--out FILE` and `--dir DIR` name them: proposals, votes, manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};

use super::CommandError;
use crate::faults::{Write, reach};

/// Reads the name of a file to write. Not `-`, which means standard output elsewhere: there these verbs say what they did.
pub(super) fn named() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|file| {
        if file == Path::new("-") {
            return Err("this is not written to standard output: name a file (`./-` is one that is called so)");
        }
        Ok(file)
    })
}

/// Writes a file where none is: whole or not at all, and to the disk, so that a failure leaves nothing in the way of the
/// next try.
pub(super) fn write_new(place: &Path, bytes: &[u8], what: &str) -> Result<(), CommandError> {
    let written = half_written(place, bytes).and_then(|out| Ok(out.persist_noclobber(place)?));
    written.map(drop).map_err(|error| not_written(place, what, error))
}

/// As [`write_new`], where a file is to be replaced: a crash leaves one or the other. A link stays, and the file that it leads
/// to is replaced; its permissions stay. What is no file, a pipe or a device, is written into.
pub(super) fn write_over(place: &Path, bytes: &[u8], what: &str) -> Result<(), CommandError> {
    replace(place, bytes).map_err(|error| not_written(place, what, error))
}

fn replace(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let about = match fs::metadata(place) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(place).is_err() => {
            half_written(place, bytes)?.persist(place)?;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if !about.is_file() {
        return fs::OpenOptions::new().write(true).open(place)?.write_all(bytes);
    }
    let place = fs::canonicalize(place)?;
    let out = half_written(&place, bytes)?;
    out.as_file().set_permissions(about.permissions())?;
    out.persist(place)?;
    Ok(())
}

/// A temporary file beside `place` that holds `bytes`.
fn half_written(place: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".agentops-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask takes from this what the user does not want.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut out = builder.tempfile_in(folder)?;
    out.write_all(bytes)?;
    out.as_file().sync_all()?;
    reach(Write::Output)?;
    Ok(out)
}

/// That a file of the person's choice could not be written.
fn not_written(place: &Path, what: &str, error: io::Error) -> CommandError {
    CommandError::failed(format!("cannot write the {what} to `{}`", place.display())).because(error)
}
