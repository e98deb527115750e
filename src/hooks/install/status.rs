//! How the hooks stand: looked at, and nothing written.

use std::path::{Path, PathBuf};

use super::{InstallError, binary, calls, is_there, no_file, place, read, text};
use crate::engine::Site;
use crate::hooks::manager::{self, Manager};
use crate::hooks::{Hook, Probe, chained, probe, program};

/// How one hook stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Which.
    pub hook: Hook,
    /// The file in the hook's place; where a manager runs ours as the one that it found there, that file of ours.
    pub file: PathBuf,
    /// What is there.
    pub state: State,
    /// The foreign hook that is kept beside it.
    pub chained: Chained,
    /// The hook manager whose file is in the hook's place.
    pub manager: Option<Manager>,
    /// Ours, moved aside to where nothing runs it.
    pub idle: Option<PathBuf>,
    /// Whether git comes to ours, where `state` is in order.
    pub proof: Proof,
}

/// What is known of git's way to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Git itself starts ours.
    Direct,
    /// Git starts somebody else's hook, which is to call ours: nobody has tried.
    Untried,
    /// That was tried.
    Tried(Probe),
}

impl Status {
    /// The words for people and programs.
    pub fn words(&self) -> String {
        match self.proof {
            Proof::Direct | Proof::Tried(Probe::Stopped) => self.state.word().to_owned(),
            Proof::Untried | Proof::Tried(Probe::StoppedBefore) => format!("{}, not proved", self.state.word()),
            Proof::Tried(Probe::WentOn) => "ignores agentops".to_owned(),
            Proof::Tried(Probe::NotAsked) => "did not ask agentops".to_owned(),
        }
    }

    /// Whether agentops judges what this hook guards, as far as is known: what was tried has to be proved.
    pub fn is_in_order(&self) -> bool {
        self.state.is_in_order() && matches!(self.proof, Proof::Direct | Proof::Untried | Proof::Tried(Probe::Stopped))
    }
}

/// Tries whether the hook in place comes to ours, by running it with all that it does. What git starts itself needs no proof.
pub fn prove(site: &Site<'_>, status: &mut Status) -> Result<(), InstallError> {
    if status.proof != Proof::Untried {
        return Ok(());
    }
    let place = place::folder(site)?.join(status.hook.name());
    let dir = site.repo.work_dir().unwrap_or_else(|| site.repo.git_dir());
    let probe = probe::run(status.hook, &place, dir);
    let failed = |source| InstallError::Io { doing: format!("run the hook `{}`", place.display()), source };
    status.proof = Proof::Tried(probe.map_err(failed)?);
    Ok(())
}

/// What becomes of a foreign hook that was there before ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chained {
    /// There is none.
    Absent,
    /// It is run first.
    Run,
    /// It is kept and not run, as git would not run it: it has no exec bit, or leads nowhere.
    Idle,
}

impl Chained {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "no",
            Self::Run => "yes",
            Self::Idle => "not run",
        }
    }
}

/// What stands where a hook belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Ours, for this binary.
    Installed(PathBuf),
    /// Nothing.
    Missing,
    /// Ours, for another binary.
    OtherBinary(PathBuf),
    /// Ours, for a binary that is not there or has no exec bit: git refuses what the hook guards.
    BinaryGone(PathBuf),
    /// Ours once, changed since; or git may not run it.
    Tampered,
    /// Somebody else's.
    Foreign,
    /// Somebody else's, which calls `agentops hooks run`.
    Calls,
    /// A folder, a pipe or the like, which git cannot run: in words.
    NoFile(&'static str),
}

impl State {
    /// The word for people and programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Installed(_) => "installed",
            Self::Missing => "missing",
            Self::OtherBinary(_) => "other binary",
            Self::BinaryGone(_) => "binary gone",
            Self::Tampered => "tampered",
            Self::Foreign => "foreign",
            Self::Calls => "calls agentops",
            Self::NoFile(_) => "no file",
        }
    }

    fn is_in_order(&self) -> bool {
        matches!(self, Self::Installed(_) | Self::Calls)
    }

    /// The binary that our hook starts.
    pub fn binary(&self) -> Option<&Path> {
        match self {
            Self::Installed(binary) | Self::OtherBinary(binary) | Self::BinaryGone(binary) => Some(binary),
            _ => None,
        }
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
        if own.contains(&hook) || !matches!(status.state, State::Missing | State::Foreign | State::NoFile(_)) {
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
    let chained = if !is_there(&kept) || (there.is_some() && chained::is_same(&in_place, &kept)) {
        Chained::Absent
    } else if program::is_program(&kept) {
        Chained::Run
    } else {
        Chained::Idle
    };
    let is_kept_by_manager = run.is_some();
    let (file, bytes) = match run {
        Some(file) => {
            let bytes = read(&file)?;
            (file, bytes)
        }
        None => (in_place, there),
    };
    let state = match bytes {
        None => State::Missing,
        Some(_) if let Some(kind) = no_file(&file) => State::NoFile(kind),
        Some(bytes) if bytes == wanted.as_bytes() => {
            let binary = text::binary_of(&bytes).filter(|_| program::is_program(&file));
            binary.map_or(State::Tampered, State::Installed)
        }
        Some(bytes) if !text::is_ours(&bytes) => {
            if calls::is_called(site, folder, hook)? {
                State::Calls
            } else {
                State::Foreign
            }
        }
        Some(bytes) => match text::binary_of(&bytes) {
            Some(binary) if program::is_program(&binary) => State::OtherBinary(binary),
            Some(binary) => State::BinaryGone(binary),
            None => State::Tampered,
        },
    };
    let is_direct = !state.is_in_order() || (!is_kept_by_manager && state != State::Calls);
    let proof = if is_direct { Proof::Direct } else { Proof::Untried };
    Ok(Status { hook, file, state, chained, manager, idle, proof })
}

pub(super) fn is_ours(file: &Path) -> Result<bool, InstallError> {
    Ok(read(file)?.is_some_and(|bytes| text::is_ours(&bytes)))
}
