//! `agentops gate`: what waits for a human, and the human's vote.

mod ballot;
mod list;
mod vote;

pub(super) use ballot::fill_difference;
pub(super) use list::{ClassBody, fill_classes};

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::acting::Acting;
use super::out_file;
use super::{CommandError, Context, Outcome};
use crate::model::time::Timestamp;
use crate::model::vote::{Verdict, Window};

/// See which gates wait for a human, and vote
#[derive(Debug, Subcommand)]
#[command(before_long_help = "Examples:
  agentops gate list
  agentops gate approve auth-k3f9
  agentops gate reject auth-k3f9 --reason \"Measures are missing\"")]
pub enum Verb {
    /// List the gates that wait for votes
    #[command(before_long_help = "Examples:
  agentops gate list
  agentops gate list --all-refs --json")]
    List(ListArguments),
    /// Show what was submitted and approve exactly these bytes; you type the task's id to confirm
    #[command(before_long_help = "Examples:
  agentops gate approve auth-k3f9
  agentops gate approve auth-k3f9 --ref feature/auth
  agentops gate approve auth-k3f9 --not-before 2026-11-21T22:00:00Z --not-after 2026-11-22T04:00:00Z
  agentops gate approve auth-k3f9 --ref origin/feature/auth --out vote.toml")]
    Approve(ApproveArguments),
    /// Show what was submitted and reject it; you type the task's id to confirm
    #[command(before_long_help = "Examples:
  agentops gate reject auth-k3f9 --reason \"Measures are missing\"
  agentops gate reject auth-k3f9 --reason \"No rollback\" --ref feature/auth")]
    Reject(RejectArguments),
}

/// Arguments of `gate list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Look at all local and remote-tracking branches, not only at HEAD
    #[arg(long)]
    all_refs: bool,
}

/// Arguments of `gate approve`.
#[derive(Debug, Args)]
pub struct ApproveArguments {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID")]
    task: String,
    /// A remark, in one line; it stays in the vote
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// The approval counts for no advance before TIME, such as 2026-11-21T22:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    not_before: Option<Timestamp>,
    /// The approval counts for no advance after TIME, such as 2026-11-22T04:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    not_after: Option<Timestamp>,
    #[command(flatten)]
    voting: Voting,
}

/// Arguments of `gate reject`.
#[derive(Debug, Args)]
pub struct RejectArguments {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID")]
    task: String,
    /// Why, in one line; it stays in the vote
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    voting: Voting,
}

/// Where the vote goes.
#[derive(Debug, Clone, Args)]
pub(super) struct Voting {
    /// Read the submit at REF, and commit the vote on that local branch
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Write the vote to FILE instead of committing it: anyone may commit it
    #[arg(long, value_name = "FILE", value_parser = out_file::named())]
    out: Option<PathBuf>,
    /// Sign with the private key in FILE; else git's `user.signingKey`, `~/.ssh` and your agent are looked at
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A vote that no person cast; counts only where the base's `gates.proof` lists it
    #[arg(long, hide = true)]
    simulated: bool,
    #[command(flatten)]
    acting: Acting,
}

/// Runs the verb.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::List(arguments) => list::run(arguments.all_refs, context),
        Verb::Approve(ApproveArguments { task, reason, not_before, not_after, voting }) => {
            let window = Window { not_before, not_after };
            vote::run(&task, Verdict::Approve, reason, window, &voting, context)
        }
        Verb::Reject(RejectArguments { task, reason, voting }) => {
            vote::run(&task, Verdict::Reject, reason, Window::default(), &voting, context)
        }
    }
}
