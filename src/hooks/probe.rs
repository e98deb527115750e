//! Whether a hook that is not ours asks agentops, and stops where that refuses: found out by running it.
//!
//! Its text proves nothing: a line behind `exit` calls nobody, and one with `|| true` stops nobody. So the hook is run as git
//! would run it, with all that it does, under a variable by which our own hook, wherever it is called from, notes that it was
//! asked, and refuses. That variable opens nothing: whoever sets it is refused.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::{Call, Hook, program};
use crate::env::Env;

/// What a commit's message is in a probe.
const MESSAGE: &str = "agentops asks whether this hook asks it\n";

/// What came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It asked, and stopped.
    Stopped,
    /// It stopped before it asked: whether it would have, nobody knows.
    StoppedBefore,
    /// It asked, and went on although it was refused.
    WentOn,
    /// It came to its end and did not ask.
    NotAsked,
}

/// Whether this call is part of a probe; then it is noted, and has to be refused.
pub(super) fn is_probed(call: &Call<'_>) -> bool {
    let Some(file) = call.env.probe() else { return false };
    // Where there is no such file nobody waits for the note.
    let note = OpenOptions::new().append(true).open(file);
    let _ = note.and_then(|mut file| writeln!(file, "{}", call.hook.name()));
    true
}

/// Runs the hook in `file` from `dir`, the top of the working tree or the bare repository. It is told of no push and of no
/// reference, and of a message of ours; what it prints is dropped.
pub(super) fn run(hook: Hook, file: &Path, dir: &Path) -> io::Result<Probe> {
    let folder = tempfile::tempdir()?;
    let (note, message) = (folder.path().join("asked"), folder.path().join("message"));
    fs::write(&note, "")?;
    fs::write(&message, MESSAGE)?;
    let arguments: Vec<OsString> = match hook {
        Hook::PreCommit | Hook::PreMergeCommit | Hook::PreReceive => Vec::new(),
        Hook::CommitMsg => vec![message.into()],
        Hook::PrepareCommitMsg => vec![message.into(), "message".into()],
        Hook::PrePush => vec!["origin".into(), "origin".into()],
        Hook::ReferenceTransaction => vec!["prepared".into()],
    };
    let ended = program::run(file, &arguments, dir, Some(b""), |command| {
        command.env(Env::PROBE, &note).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    })?;
    let asked = fs::read_to_string(&note)?.lines().any(|line| line == hook.name());
    Ok(match (asked, ended.success()) {
        (true, false) => Probe::Stopped,
        (true, true) => Probe::WentOn,
        (false, false) => Probe::StoppedBefore,
        (false, true) => Probe::NotAsked,
    })
}
