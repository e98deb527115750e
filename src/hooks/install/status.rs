//! How the hooks stand: looked at, and nothing written.

use std::path::{Path, PathBuf};

use super::{InstallError, binary, calls, is_there, place, read, text};
use crate::engine::Site;
use crate::hooks::manager::{self, Manager};
use crate::hooks::{Hook, chained};

/// How one hook stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Which.
    pub hook: Hook,
    /// The file in the hook's place; where a manager runs ours as the one that it found there, that file of ours.
    pub file: PathBuf,
    /// What is there.
    pub state: State,
    /// Whether a foreign hook is kept beside it and run first.
    pub chained: bool,
    /// The hook manager whose file is in the hook's place.
    pub manager: Option<Manager>,
    /// Ours, moved aside to where nothing runs it.
    pub idle: Option<PathBuf>,
}

/// What stands where a hook belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Ours, for this binary.
    Installed,
    /// Nothing.
    Missing,
    /// Ours, for another binary.
    OtherBinary(PathBuf),
    /// Ours once, changed since; or git may not run it.
    Tampered,
    /// Somebody else's.
    Foreign,
    /// Somebody else's, which calls `agentops hooks run`.
    Calls,
}

impl State {
    /// The word for people and programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Missing => "missing",
            Self::OtherBinary(_) => "other binary",
            Self::Tampered => "tampered",
            Self::Foreign => "foreign",
            Self::Calls => "calls agentops",
        }
    }

    /// Whether agentops judges what this hook guards.
    pub fn is_in_order(&self) -> bool {
        matches!(self, Self::Installed | Self::Calls)
    }
}

/// How the hooks stand that this repository should have: those of a clone, or of a server where there is no working tree;
/// and those of the other kind that are there. Reads only; where `core.hooksPath` leads does not matter.
pub fn status(site: &Site<'_>) -> Result<Vec<Status>, InstallError> {
    let folder = place::folder(site)?;
    let wanted = text::wanted(&binary(site)?)?;
    let own = if site.repo.is_bare() { Hook::SERVER } else { Hook::CLIENT };
    let mut found = Vec::new();
    for hook in Hook::all() {
        let status = look(site, &folder, hook, &wanted)?;
        if own.contains(&hook) || !matches!(status.state, State::Missing | State::Foreign) {
            found.push(status);
        }
    }
    Ok(found)
}

/// Git's own folder of hooks, where ours lie in it and `core.hooksPath` leads git past it.
pub fn passed_by(site: &Site<'_>) -> Result<Option<PathBuf>, InstallError> {
    let Some(usual) = place::passed_by(site)? else { return Ok(None) };
    for hook in Hook::all() {
        if is_ours(&usual.join(hook.name()))? {
            return Ok(Some(usual));
        }
    }
    Ok(None)
}

pub(super) fn look(site: &Site<'_>, folder: &Path, hook: Hook, wanted: &str) -> Result<Status, InstallError> {
    let in_place = folder.join(hook.name());
    let there = read(&in_place)?;
    let manager = there.as_deref().and_then(Manager::of);
    let run = manager.filter(|manager| manager.runs_what_it_keeps()).map(|_| manager::kept_and_run(&in_place));
    let run = run.filter(|file| is_ours(file).unwrap_or(false));
    let mut idle = None;
    for file in manager::moved_aside(&in_place) {
        if Some(&file) != run.as_ref() && is_ours(&file)? {
            idle = Some(file);
        }
    }
    let kept = chained::beside(&in_place);
    let chained = is_there(&kept) && !(there.is_some() && chained::is_same(&in_place, &kept));
    let (file, bytes) = match run {
        Some(file) => {
            let bytes = read(&file)?;
            (file, bytes)
        }
        None => (in_place, there),
    };
    let state = match bytes {
        None => State::Missing,
        Some(bytes) if bytes == wanted.as_bytes() => {
            if chained::is_program(&file) {
                State::Installed
            } else {
                State::Tampered
            }
        }
        Some(bytes) if !text::is_ours(&bytes) => {
            if calls::is_called(site, folder, hook)? {
                State::Calls
            } else {
                State::Foreign
            }
        }
        Some(bytes) => text::binary_of(&bytes).map_or(State::Tampered, State::OtherBinary),
    };
    Ok(Status { hook, file, state, chained, manager, idle })
}

pub(super) fn is_ours(file: &Path) -> Result<bool, InstallError> {
    Ok(read(file)?.is_some_and(|bytes| text::is_ours(&bytes)))
}
