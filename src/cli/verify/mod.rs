//! `agentops verify`: what of a task is proved, and what is somebody's word.

mod report;
mod rerun;
mod statement;

use clap::{Args, Subcommand};

use super::acting::{Acting, Sealing};
use super::{CommandError, Context, Outcome};

/// Tell what of a task is checked and what is not, and repeat the commands that somebody claims ran
#[derive(Debug, Subcommand)]
#[command(before_long_help = "Examples:
  agentops verify report auth-k3f9
  agentops verify rerun auth-k3f9")]
pub enum Verb {
    /// Tell what is checked of a passed gate, and what is somebody's word; reads only
    #[command(before_long_help = "Examples:
  agentops verify report auth-k3f9
  agentops verify report auth-k3f9@2 --format json
  agentops verify report auth-k3f9@2 --base origin/main
  agentops verify report auth-k3f9 --format in-toto > statement.json

Whether a vote or a signature counts, say the rules that landed: HEAD's where the trunk has it, else
the trunk's.

It tells and does not judge: exit 0 whatever it found. `agentops check` judges.")]
    Report(ReportArguments),
    /// Run the commands of a gate again, in a copy of the very tree, and compare
    #[command(before_long_help = "Examples:
  agentops verify rerun auth-k3f9
  agentops verify rerun auth-k3f9@6 --base origin/main
  agentops verify rerun auth-k3f9 --keep
  agentops verify rerun auth-k3f9 --record --actor bob --sign

The base's profile names the command lines, never that of the branch which is looked at. The
commands run code of that branch: do it where nothing can be taken, as the job `commands` of the CI
templates does. They run in a clone apart, which is removed afterwards, also when you interrupt it.

`--record` commits what was found as a verdict of yours, reproduced or refuted. Agents may give one;
who did the work may not. Signed, it proves who verified; unsigned, that is a claim.

Exit codes: 0 reproduced, 3 not reproduced or failing as claimed, 1 cannot be rerun.")]
    Rerun(RerunArguments),
}

/// Arguments of `verify report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// The task, or the beginning of its id; `@` and a number name one of its events, else that which left the implement phase
    #[arg(value_name = "ID[@SEQ]")]
    event: String,
    /// By whose rules votes and signatures count; else the remote's default branch, main or master
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// How the report is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: report::Format,
}

/// Arguments of `verify rerun`.
#[derive(Debug, Args)]
pub struct RerunArguments {
    /// The task, or the beginning of its id; `@` and a number name one of its events, else that which left the implement phase
    #[arg(value_name = "ID[@SEQ]")]
    event: String,
    /// Whose profiles name the commands; else the remote's default branch, main or master
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Leave the copy where it is, and say where
    #[arg(long)]
    keep: bool,
    /// Commit what was found as your verdict
    #[arg(long)]
    record: bool,
    /// A remark in the verdict, in one line
    #[arg(long, value_name = "TEXT", default_value = "", requires = "record")]
    reason: String,
    #[command(flatten)]
    sealing: Sealing,
    #[command(flatten)]
    acting: Acting,
}

/// Runs the verb.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Report(arguments) => report::run(&arguments, context),
        Verb::Rerun(arguments) => rerun::run(&arguments, context),
    }
}
