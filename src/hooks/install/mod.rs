//! Putting hook files in place, taking them away, and telling how they stand.
//!
//! One file per hook, whose interpreter is this binary. A foreign hook that is there already moves aside, byte for byte,
//! and is run first; uninstalling puts it back. Every step is one rename, so that git sees the old hook or the new one and
//! never none. Nothing else in the folder is touched. One process at a time looks and writes, under the writers' lock.

mod calls;
mod kept;
mod place;
mod remarks;
mod replaced;
mod status;
mod text;
mod uninstall;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::replaced::Replaced;
use super::{Hook, chained, program};
use crate::engine::EngineError;
use crate::engine::Site;
use crate::engine::writing::transact;
use crate::git::GitError;
use crate::model::escape::shell_word;

pub use calls::Owner;
pub use kept::{Kept, Why};
pub use status::{Chained, Proof, State, Status, passed_by, prove, status};
pub use uninstall::uninstall;

/// What the file of somebody else's hook that ours runs first is called, after the hook's name.
pub const CHAINED: &str = chained::SUFFIX;

/// What was done, or in a dry run would be, with one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It stands as it should.
    Kept,
    /// Written where nothing was.
    Written,
    /// Written over an older or changed one of ours.
    Replaced,
    /// Written; the foreign hook moved aside and is run first.
    Chained,
    /// Written; what git would not have run moved aside, and is not run either.
    SetAside,
    /// Removed.
    Removed,
    /// The foreign hook is back.
    Restored,
    /// Somebody else's: left alone.
    LeftAlone,
}

impl Step {
    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "unchanged",
            Self::Written => "written",
            Self::Replaced => "replaced",
            Self::Chained => "chained",
            Self::SetAside => "set aside",
            Self::Removed => "removed",
            Self::Restored => "restored",
            Self::LeftAlone => "left alone",
        }
    }
}

/// The folder of hooks, and what was done with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Git's hooks folder.
    pub folder: PathBuf,
    /// Whether the folder is part of the working tree, where hook files can be committed by mistake.
    pub is_in_work_tree: bool,
    /// Git's own folder, where `core.hooksPath` leads git past it and ours were removed from it.
    pub passed_by: Option<PathBuf>,
    /// Step by step.
    pub steps: Vec<(Hook, Step)>,
    /// Hook files that somebody may have written in: kept, and run no more.
    pub kept: Vec<Kept>,
    /// What the user should know about hooks that were there before, in sentences.
    pub remarks: Vec<String>,
}

/// Why hooks were not installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Git could not be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The hooks of a clone where nobody commits.
    #[error("this is a bare repository without worktrees: nobody commits here, and git would never run these hooks")]
    Bare,
    /// `core.hooksPath` leads to a folder that is not this repository's.
    #[error("git runs hooks from `{}`, because `core.hooksPath` is set ({scope}); that folder is not this repository's alone", .folder.display())]
    Elsewhere {
        /// The folder.
        folder: PathBuf,
        /// Where the setting stands, in git's word.
        scope: &'static str,
        /// How this repository gets its own hooks again.
        remedy: String,
    },
    /// Git's default folder is a link that leads out of this repository.
    #[error("`{}` is a link to `{}`, and that folder is not this repository's alone", .link.display(), .folder.display())]
    Linked {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        folder: PathBuf,
    },
    /// The hooks there are written by another program, or are files of the project.
    #[error("the hooks in `{}` are {}; agentops does not replace them", .folder.display(), .owner.clause())]
    Owned {
        /// Git's hooks folder.
        folder: PathBuf,
        /// Whose they are.
        owner: Owner,
        /// The files to call agentops from.
        callers: Vec<(Hook, PathBuf)>,
    },
    /// Husky's folder, which it has not written in this worktree.
    #[error("git runs hooks from `{}`, which husky writes and which is not there yet, so that git runs none", .folder.display())]
    HuskyAbsent {
        /// Git's hooks folder.
        folder: PathBuf,
    },
    /// A foreign hook is there, and another one is kept already.
    #[error(
        "there are two foreign `{}` hooks, `{}` and `{}`, and they differ",
        .hook.name(), .file.display(), .kept.display()
    )]
    TwoForeign {
        /// Which hook.
        hook: Hook,
        /// The one in place.
        file: PathBuf,
        /// The one kept for chaining.
        kept: PathBuf,
    },
    /// The path of this program cannot be written into a hook.
    #[error("the path of this program, `{}`, cannot be written into a hook: {why}", .binary.display())]
    Binary {
        /// The path.
        binary: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file could not be used.
    #[error("cannot {doing}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl From<GitError> for InstallError {
    fn from(error: GitError) -> Self {
        Self::Engine(error.into())
    }
}

impl InstallError {
    /// What to do about it, where the error does not say so itself.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Bare => Some("to judge what is pushed here: `agentops hooks install --server`".to_owned()),
            Self::Elsewhere { remedy, .. } => Some(remedy.clone()),
            Self::Linked { link, .. } => Some(format!(
                "to give this repository its own hooks, run `rm {0} && mkdir {0}`",
                shell_word(&link.to_string_lossy())
            )),
            Self::HuskyAbsent { .. } => {
                Some("run husky in this worktree: `npx husky`, or the script `prepare` of `package.json`".to_owned())
            }
            Self::Owned { owner, callers, .. } => Some(owner.remedy(callers)),
            Self::TwoForeign { file, kept, .. } => Some(format!(
                "keep one of them: `mv {0} {1}` to run the first, `rm {0}` to run the second; then install again",
                shell_word(&file.to_string_lossy()),
                shell_word(&kept.to_string_lossy())
            )),
            Self::Binary { .. } => Some("put agentops at a plain path, for example /usr/local/bin/agentops".to_owned()),
            _ => None,
        }
    }
}

/// Installs `hooks`; once more changes nothing. All is looked at before anything is written.
pub fn install(site: &Site<'_>, hooks: &[Hook], dry_run: bool) -> Result<Done, InstallError> {
    let folder = place::own_folder(site)?;
    // Git names the bare repository itself as the first of its worktrees.
    if hooks != Hook::SERVER && site.repo.is_bare() && site.repo.worktrees()?.len() < 2 {
        return Err(InstallError::Bare);
    }
    let wanted = text::wanted(&binary(site)?)?;
    // What is ours in one moment is not the user's in the next: nobody writes between the look and the deed.
    let _lock = if dry_run { None } else { Some(transact::lock(site)?) };
    calls::refuse_owned(site, &folder, hooks)?;
    let mut plan = Vec::new();
    let mut replaced = Vec::new();
    let mut edited = Vec::new();
    let mut remarks = Vec::new();
    for hook in hooks {
        let status = status::look(site, &folder, *hook, &wanted)?;
        let step = match status.state {
            State::Installed(_) | State::Calls => Step::Kept,
            State::NoFile(_) => Step::LeftAlone,
            State::Missing => Step::Written,
            State::OtherBinary(_) | State::BinaryGone(_) | State::Tampered => Step::Replaced,
            State::Foreign => {
                // Two versions of one program are not two hooks: then none counts as chained, and the newer one is kept.
                if status.chained != Chained::Absent {
                    let kept = chained::beside(&status.file);
                    return Err(InstallError::TwoForeign { hook: *hook, file: status.file, kept });
                }
                if program::is_program(&status.file) { Step::Chained } else { Step::SetAside }
            }
        };
        if status.state == State::Tampered {
            edited.extend(Kept::edited(&status.file)?);
        }
        remarks.extend(remarks::of(&status, step));
        plan.push((*hook, step, status.file));
        if step != Step::LeftAlone {
            replaced.extend(Replaced::find(&folder.join(hook.name()))?);
        }
    }
    if !dry_run {
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        for replaced in &replaced {
            replaced.act()?;
        }
        for edited in &edited {
            edited.name_twice()?;
        }
        for (_, step, file) in plan.iter().filter(|(_, step, _)| !matches!(step, Step::Kept | Step::LeftAlone)) {
            if matches!(step, Step::Chained | Step::SetAside) {
                keep_aside(file)?;
            }
            write(site, file, wanted.as_bytes())?;
        }
    }
    let steps = plan.into_iter().map(|(hook, step, _)| (hook, step)).collect();
    let kept = replaced.into_iter().filter_map(Replaced::kept).chain(edited).collect();
    Ok(Done { is_in_work_tree: place::is_in_work_tree(site, &folder), folder, passed_by: None, steps, kept, remarks })
}

fn binary(site: &Site<'_>) -> Result<PathBuf, InstallError> {
    let found = site.env.current_exe().and_then(fs::canonicalize);
    found.map_err(|source| InstallError::Io { doing: "find the path of this program".to_owned(), source })
}

/// Keeps a second name for a foreign hook before ours takes the first, so that no moment is without it.
fn keep_aside(file: &Path) -> Result<(), InstallError> {
    if status::is_ours(file)? {
        // Written since by an agentops that knows no lock: ours is nobody's hook to chain.
        return Ok(());
    }
    kept::name_twice(file, &chained::beside(file))
}

fn write(site: &Site<'_>, file: &Path, bytes: &[u8]) -> Result<(), InstallError> {
    let written = site.repo.replace_file(file, bytes, program_permissions());
    written.map_err(failed("write", file))
}

#[cfg(unix)]
fn program_permissions() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn program_permissions() -> Option<fs::Permissions> {
    None
}

/// The bytes behind a name; a link that leads nowhere, and what is no file, is there and holds nothing.
fn read(file: &Path) -> Result<Option<Vec<u8>>, InstallError> {
    if no_file(file).is_some() {
        return Ok(Some(Vec::new()));
    }
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(is_there(file).then(Vec::new)),
        // `core.hooksPath = /dev/null` is a way to have no hooks.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(source) => Err(failed("read", file)(source)),
    }
}

/// What is there in words where it is no file: reading it fails, or never ends.
fn no_file(file: &Path) -> Option<&'static str> {
    let about = fs::metadata(file).ok().filter(|about| !about.is_file())?;
    Some(if about.is_dir() { "a folder" } else { "a pipe, a socket or a device" })
}

fn is_there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

fn failed(action: &str, file: &Path) -> impl FnOnce(io::Error) -> InstallError {
    let doing = format!("{action} `{}`", file.display());
    move |source| InstallError::Io { doing, source }
}
