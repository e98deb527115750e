//! `agentops phase`: where tasks stand, and the steps from one phase to the next.

mod log;
mod next;
mod restore;
mod show;
mod status;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::acting::{self, Acting, CommitBody, Sealing};
use super::bundle::{self, BundleBody};
use super::offer::OfferBody;
use super::{CommandError, Context, Outcome, Writing};
use crate::engine::tasks::effects::Effects;
use crate::engine::tasks::phase::{self, Moved};
use crate::engine::writing::transact::Committed;
use crate::model::event::EventKind;
use crate::model::state::{Status, TaskState};
use crate::ui::{Mode, Page, Ui, plain, strong, warning};

pub(super) use status::{StatusBody, fill_status};

/// See where tasks stand, and take them from phase to phase
#[derive(Debug, Subcommand)]
#[command(before_long_help = "Examples:
  agentops phase status
  agentops phase next auth-k3f9
  agentops phase rewind auth-k3f9 --to spec --reason \"The API changed\"")]
pub enum Verb {
    /// Say where a task stands, what it waits for and what is next; without ID, one line for each open task
    #[command(before_long_help = "Examples:
  agentops phase status
  agentops phase status auth-k3f9 --json")]
    Status(StatusArguments),
    /// Check the gate and take the task one step further, in one commit of its documents and the event
    #[command(before_long_help = "Examples:
  agentops phase next auth-k3f9
  agentops phase next auth-k3f9 --dry-run
  agentops phase next auth-k3f9 --actor claude

Exit code 4 says that a human must vote now; the step itself was committed. Commands of the gate run
before it, also in a dry run, once all else is in order.")]
    Next(NextArguments),
    /// Take a submit back to work on it: after a reject, or to withdraw it
    #[command(before_long_help = "Examples:
  agentops phase rework auth-k3f9 --reason \"Measures are missing\"")]
    Rework(StepArguments),
    /// Go back to an earlier phase: the way out of done, and the remedy for what went stale
    #[command(before_long_help = "Examples:
  agentops phase rewind auth-k3f9 --to spec --reason \"The API changed\"

It moves the task, by one more event and for everybody, and leaves your files as they are. To look
at files as they were, `phase restore` makes a worktree and moves nothing. What git cannot undo is
listed.")]
    Rewind(RewindArguments),
    /// Give a task up; it can be rewound later
    #[command(before_long_help = "Examples:
  agentops phase abandon auth-k3f9 --reason \"Bought instead of built\"")]
    Abandon(StepArguments),
    /// End a fork: the task goes on from the earliest phase of its heads
    #[command(before_long_help = "Examples:
  agentops phase log auth-k3f9
  agentops phase resolve auth-k3f9 --reason \"Both specifications go into one\"")]
    Resolve(StepArguments),
    /// Show the chain of a task's events as a graph, with votes
    #[command(before_long_help = "Examples:
  agentops phase log auth-k3f9
  agentops phase log auth-k3f9 --json")]
    Log(LogArguments),
    /// Show a task as it was at one of its events: state, documents, votes
    #[command(before_long_help = "Examples:
  agentops phase show auth-k3f9@3
  agentops phase show auth-k3f9@3:1f4a             # one of two events with that number
  agentops phase show auth-k3f9@3 --artifact spec.md > spec-then.md

Documents are found in the history of HEAD by their digests; what no commit holds any more is
printed as `content not in history`. To get all files as they were: `phase restore`.")]
    Show(ShowArguments),
    /// Make a worktree with all files as they were at an event; the task stays where it is
    #[command(before_long_help = "Examples:
  agentops phase restore auth-k3f9@3
  agentops phase restore auth-k3f9@3 --into ../auth-then --dry-run

It makes a new worktree, detached, and touches no other; it moves nothing. `phase rewind` is the
verb that moves the task back. `git worktree remove DIR` takes the worktree away. What git cannot
undo is listed.")]
    Restore(RestoreArguments),
}

/// Arguments of `phase show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The event: a task's id or its beginning, `@`, the number in `phase log`; `:` and the beginning of its hash in a fork
    #[arg(value_name = "ID@SEQ")]
    event: String,
    /// Print the bytes of this document: its path, its file name, or the name that the profile gives it
    #[arg(long, value_name = "PATH|NAME")]
    artifact: Option<String>,
}

/// Arguments of `phase restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// The event: a task's id or its beginning, `@`, the number in `phase log`; `:` and the beginning of its hash in a fork
    #[arg(value_name = "ID@SEQ")]
    event: String,
    /// Where, absent or empty, outside the repository; else beside it, named after the task and the event
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    #[command(flatten)]
    writing: Writing,
}

/// Arguments of `phase status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID")]
    task: Option<String>,
}

/// Arguments of `phase next`.
#[derive(Debug, Args)]
pub struct NextArguments {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID")]
    task: String,
    #[command(flatten)]
    sealing: Sealing,
    #[command(flatten)]
    acting: Acting,
}

/// Arguments of the verbs that need a reason.
#[derive(Debug, Args)]
pub struct StepArguments {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID")]
    task: String,
    /// Why, in one line; it stays in the event
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    sealing: Sealing,
    #[command(flatten)]
    acting: Acting,
}

/// Arguments of `phase rewind`.
#[derive(Debug, Args)]
pub struct RewindArguments {
    #[command(flatten)]
    step: StepArguments,
    /// The phase to go back to; the current one starts it afresh
    #[arg(long, value_name = "PHASE")]
    to: String,
}

/// Arguments of `phase log`.
#[derive(Debug, Args)]
pub struct LogArguments {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID")]
    task: String,
}

/// Runs the verb.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Status(arguments) => status::run(arguments.task.as_deref(), context),
        Verb::Next(arguments) => next::run(&arguments, context),
        Verb::Rework(arguments) => step(&arguments, EventKind::Rework, None, context),
        Verb::Rewind(arguments) => step(&arguments.step, EventKind::Rewind, Some(&arguments.to), context),
        Verb::Abandon(arguments) => step(&arguments, EventKind::Abandon, None, context),
        Verb::Resolve(arguments) => step(&arguments, EventKind::Resolve, None, context),
        Verb::Log(arguments) => log::run(&arguments.task, context),
        Verb::Show(arguments) => show::run(&arguments, context),
        Verb::Restore(arguments) => restore::run(&arguments, context),
    }
}

fn step(
    arguments: &StepArguments,
    kind: EventKind,
    to: Option<&str>,
    context: &Context,
) -> Result<Outcome, CommandError> {
    let site = arguments.sealing.site(&arguments.acting, context)?;
    let moved = phase::step(&site, &arguments.acting.target(), &arguments.task, kind, to, &arguments.reason)?;
    tell_moved(&context.ui, &moved, Vec::new());
    Ok(Outcome::Done)
}

/// What a transition prints in JSON mode.
#[derive(Serialize)]
struct MovedBody {
    task: String,
    profile: String,
    event: &'static str,
    seq: u32,
    from: StandingBody,
    phase: String,
    stage: &'static str,
    status: &'static str,
    attempt: u32,
    documents: Vec<String>,
    runs: Vec<RunBody>,
    /// What may serve where research begins; only there.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    offer: Option<OfferBody>,
    /// `SHA256:…` of the key that signed the event; null where its actor is a claim.
    key: Option<String>,
    #[serde(flatten)]
    commit: CommitBody,
    /// What a rewind leaves as it is; only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_undone: Option<EffectsBody>,
    /// Where a rewind leads to work that was approved and delivered already; only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<String>,
    /// The bundle of the phase that was left, where the config asks for one; only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<BundleBody>,
    /// Where the config asks for a bundle of the phase that was left, and none could be made; only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_bundle: Option<String>,
    next: Vec<String>,
}

/// What git cannot undo.
#[derive(Serialize)]
struct EffectsBody {
    pushed_to: Vec<String>,
    ran: Vec<RanBody>,
    may_have_run: Vec<String>,
}

#[derive(Serialize)]
struct RanBody {
    seq: u32,
    name: String,
    arguments: Vec<String>,
    exit: i32,
}

impl EffectsBody {
    fn of(effects: &Effects) -> Self {
        let ran = effects.ran.iter().map(|run| RanBody {
            seq: run.seq,
            name: run.name.to_string(),
            arguments: run.arguments.clone(),
            exit: run.exit,
        });
        Self {
            pushed_to: effects.pushed_to.clone(),
            ran: ran.collect(),
            may_have_run: effects.deployed.iter().map(|(_, name)| name.to_string()).collect(),
        }
    }
}

/// Lists what going back leaves as it is.
fn fill_effects(page: &mut Page, indent: usize, effects: &Effects) {
    for sentence in effects.sentences() {
        page.indented_label(indent, [warning("git cannot undo")], sentence);
    }
}

#[derive(Serialize)]
struct StandingBody {
    phase: String,
    status: &'static str,
    attempt: u32,
}

#[derive(Serialize)]
struct RunBody {
    name: String,
    command: Vec<String>,
    exit: i32,
    ms: u64,
}

/// Prints a transition, and on standard error what was committed and what is next.
fn tell_moved(ui: &Ui, moved: &Committed<Moved>, runs: Vec<RunBody>) {
    let outcome = &moved.outcome;
    let Moved { task, profile, kind, from, to, seq, key, laid_out, offer, effects, .. } = outcome;
    let Moved { delivered, bundle, without_bundle, .. } = outcome;
    let next = next_commands(task.as_str(), to);
    let body = MovedBody {
        task: task.to_string(),
        profile: profile.to_string(),
        event: kind.as_str(),
        seq: *seq,
        from: StandingBody { phase: from.phase.to_string(), status: from.status.as_str(), attempt: from.attempt },
        phase: to.phase.to_string(),
        stage: to.stage.as_str(),
        status: to.status.as_str(),
        attempt: to.attempt,
        documents: laid_out.iter().map(ToString::to_string).collect(),
        runs,
        offer: (!offer.is_empty()).then(|| OfferBody::of(offer)),
        key: key.as_ref().map(|key| key.fingerprint.clone()),
        commit: CommitBody::of(moved),
        not_undone: (*kind == EventKind::Rewind).then(|| EffectsBody::of(effects)),
        delivered: delivered.clone(),
        bundle: bundle.as_deref().map(BundleBody::of),
        without_bundle: without_bundle.clone(),
        next: next.clone(),
    };
    ui.show(&body, |page| {
        page.line([strong(task), plain(format!(": {} -> {}", standing(from), standing(to)))]);
        if let Some(offer) = &body.offer {
            offer.fill(page);
        }
    });
    if let Some(offer) = &body.offer {
        offer.tell(ui, &body.task);
    }
    acting::tell_key(ui, key.as_ref());
    acting::tell(ui, moved);
    if *kind == EventKind::Rewind && ui.mode() == Mode::Human {
        ui.aside(|page| fill_effects(page, 0, effects));
        ui.talk(format!(
            "the task moved, your files stay as they are; to see them as they were: agentops phase restore {task}@SEQ"
        ));
    }
    if let Some(bundle) = bundle {
        bundle::tell_handed_over(ui, &bundle.bundle.head, moved.commit.is_some());
    }
    for sentence in [delivered, without_bundle].into_iter().flatten() {
        ui.warning(sentence);
    }
    acting::tell_documents(ui, laid_out);
    for command in next {
        ui.hint(command);
    }
}

/// `spec waiting`, with the attempt from the second on.
fn standing(state: &TaskState) -> String {
    let attempt = if state.attempt > 1 { format!(" (attempt {})", state.attempt) } else { String::new() };
    format!("{} {}{attempt}", state.phase, state.status)
}

fn next_commands(task: &str, state: &TaskState) -> Vec<String> {
    match state.status {
        Status::Working => vec![format!("agentops phase next {task}")],
        Status::Waiting => {
            vec![format!("agentops gate approve {task}"), format!("agentops gate reject {task} --reason \"…\"")]
        }
        Status::Done => vec![format!("agentops phase log {task}")],
        Status::Abandoned => vec![format!("agentops phase rewind {task} --to {} --reason \"…\"", state.phase)],
    }
}
