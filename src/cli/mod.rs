//! Clap types, one file per noun, lowered to requests of the engine; errors become exit codes.
//!
//! # Adding a verb
//!
//! Write `src/cli/<noun>.rs`: a `clap` type whose doc comments are the help, with examples in `before_long_help`, and
//!
//! ```text
//! pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError>
//! ```
//!
//! Then three lines name it: `mod` here, a variant and an arm in `command.rs`. A verb prints through [`Context::ui`]
//! alone: [`Ui::show`] once for its data, `talk` and `hint` for what it did and what comes next. What it writes to disk
//! honours `--dry-run` ([`command::Writing`]). Where a `--profile` flag occurs it has the hidden alias `flavor`.
//!
//! # Exit codes
//!
//! An error's [`ErrorKind`] is its exit code; a verb that printed its data and still must not exit 0, such as a check
//! that found a violation, returns [`Outcome::Ended`].

mod acting;
mod bundle;
mod check;
mod choosing;
mod command;
mod commit;
mod completions;
mod context;
mod deinit;
mod demo;
mod doctor;
mod engine_error;
mod error;
mod explain;
mod gate;
mod git_hook;
mod hooks;
mod init;
mod learn;
mod man;
mod offer;
mod out_file;
mod phase;
mod policy;
mod prime;
mod profile;
mod progress;
mod proposing;
mod redact;
mod report;
mod route;
mod secrets_history;
mod session;
mod settings;
mod suggestion;
mod task;
mod topic;
mod upgrade;
mod usage;
mod verify;
mod version;
mod welcome;

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind as ClapKind;
use clap::{CommandFactory as _, FromArgMatches as _};

use crate::clock::Clock;
use crate::engine::Site;
use crate::env::Env;
use crate::ui::{Mode, Settings, Ui};

pub use command::{Cli, Command, Options, Writing, tree};
pub use error::{CommandError, ErrorKind};

/// What every verb is handed.
#[derive(Debug)]
pub struct Context {
    /// The environment.
    pub env: Env,
    /// Time and randomness.
    pub clock: Clock,
    /// The printer.
    pub ui: Ui,
    /// The folder to work in: the current one, or what `-C` says.
    pub dir: PathBuf,
}

impl Context {
    /// A path from the command line: relative ones are meant from [`dir`](Self::dir).
    pub fn path(&self, path: &Path) -> PathBuf {
        self.dir.join(path)
    }

    /// The repository to work in, at or above [`dir`](Self::dir), with who acts where a flag says so.
    pub fn site(&self, actor: Option<&str>) -> Result<Site<'_>, CommandError> {
        Ok(Site::open(&self.dir, &self.env, &self.clock, actor.map(str::to_owned))?)
    }
}

/// How a verb ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit 0.
    Done,
    /// The data was printed and says why this is not 0.
    Ended(ErrorKind),
}

/// Runs the program: `arguments` are those of the process, its name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Git starts hooks as `agentops --git-hook <path of the hook file> <arguments>…`. That path branches off here,
    // before anything of clap is built or anything of the environment is read: a hook with nothing to do has 3 ms.
    if arguments.get(1).is_some_and(|argument| argument == git_hook::FLAG) {
        return git_hook::run(&arguments[2..], &Env::process());
    }
    run_command(&arguments, Env::process())
}

fn run_command(arguments: &[OsString], env: Env) -> ExitCode {
    // To take all verbs apart again costs a tenth of a start, and the process ends anyway. Only help needs them dressed.
    let mut verbs = ManuallyDrop::new(Cli::command());
    let matches = match verbs.try_get_matches_from_mut(arguments).or_else(|_| tree().try_get_matches_from(arguments)) {
        Ok(matches) => matches,
        Err(error) => return explain_clap(&error, arguments, &env),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return explain_clap(&error, arguments, &env),
    };
    let ui = Ui::new(settings::settings(&cli.options, &env));
    let (ui, result) = match context(&cli.options, env) {
        Ok((env, clock, dir)) => {
            let mut context = Context { env, clock, ui, dir };
            let result = command::run(cli.command, &mut context);
            (context.ui, result)
        }
        Err(error) => (ui, Err(error)),
    };
    finish(&ui, result)
}

fn context(options: &Options, env: Env) -> Result<(Env, Clock, PathBuf), CommandError> {
    let clock = Clock::from_env(&env).map_err(|error| CommandError::new(ErrorKind::Usage, error))?;
    // A current folder that was removed matters only to verbs that look into it: they fail on `.` by themselves.
    let mut dir = env.current_dir().unwrap_or_else(|_| PathBuf::from("."));
    for step in &options.directories {
        dir.push(step);
    }
    if !options.directories.is_empty() && !dir.is_dir() {
        let message = format!("`-C`: there is no folder `{}`", dir.display());
        return Err(CommandError::new(ErrorKind::Usage, message));
    }
    Ok((env, clock, dir))
}

/// What clap did not turn into a verb: help and the version are data, everything else is wrong usage.
fn explain_clap(error: &clap::Error, arguments: &[OsString], env: &Env) -> ExitCode {
    let ui = Ui::new(settings::preflight(arguments, env));
    let result = match error.kind() {
        ClapKind::DisplayVersion if ui.mode() == Mode::Json => version::show(&ui),
        ClapKind::DisplayHelp | ClapKind::DisplayVersion => {
            let help = error.render();
            ui.data(|page| page.raw_styled(&help.to_string(), &help.ansi().to_string()));
            Ok(Outcome::Done)
        }
        _ => Err(usage::error(error, arguments)),
    };
    finish(&ui, result)
}

fn finish(ui: &Ui, result: Result<Outcome, CommandError>) -> ExitCode {
    let mut code = match result {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Ended(kind)) => kind.exit_code(),
        Err(error) => {
            error.print(ui);
            error.kind().exit_code()
        }
    };
    if let Some(failure) = ui.failure() {
        let error = CommandError::failed("cannot write to standard output").because(failure);
        // Standard output is what failed, so this goes to standard error even in JSON mode.
        Ui::new(Settings { mode: Mode::Human, ..ui.settings() }).error(&error.body());
        if code == 0 {
            code = ErrorKind::Failure.exit_code();
        }
    }
    ExitCode::from(code)
}

/// Reads how many are to be shown at most: to show none answers nothing.
fn how_many(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1 on is expected".to_owned())
}
