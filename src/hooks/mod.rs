//! Git hook entry points and their installation: adapters, no rules.
//!
//! Git starts `agentops --git-hook <hook file> <arguments>…`; [`run`] answers with what `cli` is to print. A hook opens the
//! repository that git's environment names, asks `engine` to judge, and refuses or lets pass: it writes nothing that git
//! tracks. What it keeps for the next hook lies in git's own folder and may be lost at any time.
//!
//! - `commit`: `pre-commit`, `pre-merge-commit`; `message`: `commit-msg`; `prepare`: `prepare-commit-msg`; `push`: `pre-push`;
//!   `receive`: `pre-receive`; `transaction`: `reference-transaction`
//! - `input`: what git tells the last three, which references move
//! - `chained`: somebody else's hook of the same name, which was there before; `manager`: programs that write such hooks
//! - `program`: a hook of somebody else's, run; `probe`: run to see whether it asks ours
//! - [`install`]: putting hook files in place and taking them away

mod chained;
mod commit;
mod input;
pub mod install;
mod manager;
mod message;
mod prepare;
mod probe;
mod program;
mod push;
mod receive;
mod transaction;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::engine::EngineError;
use crate::engine::Site;
use crate::env::Env;
use crate::git::GitError;
use crate::model::report::Report;
use crate::store::StoreError;

pub use manager::Manager;
pub use probe::Probe;

/// A hook that is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Before a commit is made.
    PreCommit,
    /// Before the editor opens.
    PrepareCommitMsg,
    /// When the message is written.
    CommitMsg,
    /// Before a clean merge is committed.
    PreMergeCommit,
    /// Before a push.
    PrePush,
    /// On a server, before references move.
    PreReceive,
    /// Before references move, in a clone that wants no commit past its hooks.
    ReferenceTransaction,
}

impl Hook {
    /// Those of a clone.
    pub const CLIENT: &'static [Self] =
        &[Self::PreCommit, Self::PrepareCommitMsg, Self::CommitMsg, Self::PreMergeCommit, Self::PrePush];

    /// The one more of a clone that wants no commit past them.
    pub const STRICT: &'static [Self] = &[Self::ReferenceTransaction];

    /// Those of a repository that is pushed to.
    pub const SERVER: &'static [Self] = &[Self::PreReceive];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        Self::CLIENT.iter().chain(Self::STRICT).chain(Self::SERVER).copied()
    }

    /// Git's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrepareCommitMsg => "prepare-commit-msg",
            Self::CommitMsg => "commit-msg",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
            Self::ReferenceTransaction => "reference-transaction",
        }
    }

    /// The hook of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().find(|hook| hook.name() == name)
    }

    /// How many arguments git hands over, at most.
    pub fn most_arguments(self) -> usize {
        match self {
            Self::PreCommit | Self::PreMergeCommit | Self::PreReceive => 0,
            Self::CommitMsg | Self::ReferenceTransaction => 1,
            Self::PrePush => 2,
            Self::PrepareCommitMsg => 3,
        }
    }

    /// What it keeps from happening, e.g. `this commit`.
    pub fn guards(self) -> &'static str {
        if matches!(self, Self::PrePush | Self::PreReceive) { "this push" } else { "this commit" }
    }
}

/// One run of a hook.
#[derive(Debug)]
pub struct Call<'c> {
    /// Which.
    pub hook: Hook,
    /// The hook file that git started, as git named it in the current folder; `None` where nothing is chained behind it.
    pub file: Option<PathBuf>,
    /// What git hands to the hook.
    pub arguments: Vec<OsString>,
    /// The folder to work in.
    pub dir: &'c Path,
    /// The surroundings.
    pub env: &'c Env,
    /// The clock.
    pub clock: &'c Clock,
}

/// What a hook says.
#[derive(Debug, Default)]
pub struct Answer {
    /// Whether git shall not go on.
    pub refuses: bool,
    /// Verdicts, each with what it is about where that is not plain.
    pub reports: Vec<(Option<String>, Report)>,
    /// What could not be judged, by reference, and why: git is told to stop.
    pub unjudged: Vec<(String, EngineError)>,
    /// What was not judged, and other things worth a line.
    pub notes: Vec<String>,
    /// What may be wrong.
    pub warnings: Vec<String>,
    /// What to do about a refusal, besides what the verdicts say.
    pub remedies: Vec<String>,
}

impl Answer {
    fn note(text: impl Into<String>) -> Self {
        Self { notes: vec![text.into()], ..Self::default() }
    }

    /// A refusal for a reason that no law states.
    fn refusal(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { refuses: true, notes: vec![reason.into()], remedies: vec![remedy.into()], ..Self::default() }
    }

    /// That judging failed: of others it may not.
    fn fail(&mut self, about: String, error: EngineError) {
        self.refuses = true;
        self.unjudged.push((about, error));
    }

    fn add(&mut self, about: Option<String>, report: Report) {
        self.refuses |= !report.passes();
        self.reports.push((about, report));
    }
}

/// Why a hook could not answer. Git is then told to stop.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// Judging failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file or a stream could not be used.
    #[error("cannot {doing}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file with the message was not handed over.
    #[error("the `{hook}` hook needs the file with the message as its argument")]
    NoMessageFile {
        /// The hook.
        hook: &'static str,
    },
    /// What was handed over is no state of a transaction.
    #[error(
        "the `reference-transaction` hook needs the state of the transaction as its argument: `prepared`, `committed` or \
         `aborted`, and was told `{state}`"
    )]
    NoState {
        /// What was; empty where nothing was.
        state: String,
    },
}

impl From<GitError> for HookError {
    fn from(error: GitError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<StoreError> for HookError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// Runs a hook: the chained one first, then ours.
pub fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    if probe::is_probed(call) {
        let told = "asked by a probe, `agentops hooks status --prove`, which wants to see whether a refusal stops git";
        return Ok(Answer::refusal(told, "outside of a probe the variable `AGENTOPS_PROBE` is not set"));
    }
    match call.hook {
        Hook::PreCommit | Hook::PreMergeCommit => commit::run(call),
        Hook::PrepareCommitMsg => prepare::run(call),
        Hook::CommitMsg => message::run(call),
        Hook::PrePush => push::run(call),
        Hook::PreReceive => receive::run(call),
        Hook::ReferenceTransaction => transaction::run(call),
    }
}

impl<'c> Call<'c> {
    fn open(&self) -> Result<Site<'c>, HookError> {
        Ok(Site::open(self.dir, self.env, self.clock, None)?)
    }

    /// The file with the message, the first argument of the hooks that have one.
    fn message_file(&self) -> Result<PathBuf, HookError> {
        let file = self.arguments.first().map(|file| self.dir.join(file));
        file.ok_or(HookError::NoMessageFile { hook: self.hook.name() })
    }
}

fn io_error(doing: impl Into<String>) -> impl FnOnce(io::Error) -> HookError {
    let doing = doing.into();
    move |source| HookError::Io { doing, source }
}
