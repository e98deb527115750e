//! Files of the person's choice, as `--out FILE` and `--dir DIR` name them: proposals, votes, manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};

use super::CommandError;
use crate::faults::{Write, reach};
use crate::model::escape::shell_word;
use crate::model::layout::{self, Place};

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
    // A vote may be written to where it belongs, below `.agentops`; a new file takes the place of none.
    refuse_gits(&whole(place), place, what)?;
    let written = half_written(place, bytes).and_then(|out| Ok(out.persist_noclobber(place)?));
    written.map(drop).map_err(|error| not_written(place, what, error))
}

/// As [`write_new`], where a file is to be replaced: a crash leaves one or the other. A link stays, and the file that it leads
/// to is replaced; its permissions stay. What is no file, a pipe or a device, is written into.
pub(super) fn write_over(place: &Path, bytes: &[u8], what: &str) -> Result<(), CommandError> {
    write_own(place, None, bytes, what)
}

/// As [`write_over`], where the file may be `own`, the one below `.agentops` that is for this.
pub(super) fn write_own(place: &Path, own: Option<&str>, bytes: &[u8], what: &str) -> Result<(), CommandError> {
    refuse_kept(place, own, what)?;
    replace(place, bytes).map_err(|error| not_written(place, what, error))
}

/// Refuses a place that is git's or `.agentops`' own, but for the file `own`, a path from the top of the working tree.
/// Documents of tasks are the person's.
pub(super) fn refuse_kept(place: &Path, own: Option<&str>, what: &str) -> Result<(), CommandError> {
    let whole = whole(place);
    refuse_gits(&whole, place, what)?;
    let roots = whole.ancestors().skip(1).filter(|folder| folder.ends_with(layout::ROOT));
    for root in roots.filter(|folder| folder.join("format.toml").is_file()) {
        let inside = root.parent().and_then(|top| whole.strip_prefix(top).ok()).and_then(Path::to_str);
        let kept = inside.filter(|inside| Some(*inside) != own).map(|inside| Place::of(&inside.into()));
        if kept.is_some_and(|kept| !matches!(kept, Some(Place::Document(_)))) {
            return Err(of_others(place, what, layout::ROOT));
        }
    }
    Ok(())
}

/// Refuses what git keeps in its own folder, of this repository or of another one.
fn refuse_gits(whole: &Path, place: &Path, what: &str) -> Result<(), CommandError> {
    let is_git = |folder: &Path| {
        let own = folder.join("objects").is_dir() && folder.join("refs").is_dir();
        folder.join("HEAD").is_file() && (own || folder.join("commondir").is_file())
    };
    // A working tree may lie in a bare repository.
    let mut folders = whole.ancestors().skip(1).take_while(|folder| !folder.join(".git").exists());
    if whole.file_name().is_some_and(|name| name == ".git") || folders.any(is_git) {
        return Err(of_others(place, what, "git"));
    }
    Ok(())
}

fn of_others(place: &Path, what: &str, owner: &str) -> CommandError {
    CommandError::failed(format!(
        "cannot write the {what} to `{}`: `{owner}` keeps its own files there",
        place.display()
    ))
    .hint("name a file elsewhere, for example one in the working tree or beside the repository")
}

/// Where a file is, or would be, links followed; as it is named where its folder cannot be found.
fn whole(place: &Path) -> PathBuf {
    let beside = || Some(fs::canonicalize(folder(place)).ok()?.join(place.file_name()?));
    fs::canonicalize(place).ok().or_else(beside).unwrap_or_else(|| place.to_owned())
}

fn folder(place: &Path) -> &Path {
    place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

/// A temporary file beside `place` that holds `bytes`. The umask takes from its permissions what the user does not want.
fn half_written(place: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".agentops-").suffix(".tmp");
    // Opened here, so that an error does not name it: a temporary file's path tells nobody anything.
    let open = |path: &Path| fs::OpenOptions::new().read(true).write(true).create_new(true).open(path);
    let mut out = builder.make_in(folder(place), open)?;
    out.write_all(bytes)?;
    out.as_file().sync_all()?;
    reach(Write::Output)?;
    Ok(out)
}

/// That a file of the person's choice could not be written.
fn not_written(place: &Path, what: &str, error: io::Error) -> CommandError {
    let failed = CommandError::failed(format!("cannot write the {what} to `{}`", place.display())).because(error);
    let folder = folder(place);
    if folder.exists() {
        return failed;
    }
    failed.hint(format!("its folder is not there; make it: mkdir -p {}", shell_word(&folder.to_string_lossy())))
}
