//! `agentops task`: open tasks, list them, show one.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::acting::{self, Acting, CommitBody, Sealing};
use super::offer::OfferBody;
use super::phase::{StatusBody, fill_status};
use super::route::RouteBody;
use super::{CommandError, Context, Outcome, choosing};
use crate::engine::tasks::task::{self, Filter, Listed, NewTask, Opened};
use crate::engine::writing::transact::Committed;
use crate::model::event::Event;
use crate::model::state::Priority;
use crate::ui::{Table, Ui, dim, plain, strong};

/// Open a task, list tasks, show one
#[derive(Debug, Subcommand)]
#[command(before_long_help = "Examples:
  agentops task new \"Create new authentication system\" --profile product-dev
  agentops task list
  agentops task show auth-k3f9")]
pub enum Verb {
    /// Open a task: one commit with its first event; the first document is laid out to be filled in
    #[command(before_long_help = "Examples:
  agentops task new \"Create new authentication system\" --profile product-dev
  agentops task new \"Pods restart under load\" --profile sre --priority urgent --label database
  agentops task new \"Sign-in page\" --profile product-dev --after auth-k3f9 --dry-run")]
    New(New),
    /// List the open tasks, urgent ones first
    #[command(before_long_help = "Examples:
  agentops task list
  agentops task list --profile sre --all
  agentops task list --label database --json")]
    List(List),
    /// Show one task with its documents and events
    #[command(before_long_help = "Examples:
  agentops task show auth-k3f9
  agentops task show auth --json")]
    Show(Show),
}

/// Arguments of `task new`.
#[derive(Debug, Args)]
pub struct New {
    /// What is to be done, in one line
    title: String,
    /// The profile whose phases it goes through; left out, it is the only one, or found as `agentops route` does
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// A task that must be done first; may be given several times
    #[arg(long, value_name = "ID")]
    after: Vec<String>,
    /// A word to find it by; may be given several times
    #[arg(long, value_name = "WORD")]
    label: Vec<String>,
    /// How soon
    #[arg(long, value_name = "LEVEL", default_value = "normal")]
    priority: PriorityName,
    #[command(flatten)]
    sealing: Sealing,
    #[command(flatten)]
    acting: Acting,
}

/// The names of [`Priority`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PriorityName {
    Low,
    Normal,
    High,
    Urgent,
}

impl From<PriorityName> for Priority {
    fn from(name: PriorityName) -> Self {
        match name {
            PriorityName::Low => Self::Low,
            PriorityName::Normal => Self::Normal,
            PriorityName::High => Self::High,
            PriorityName::Urgent => Self::Urgent,
        }
    }
}

/// Arguments of `task list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only tasks of this profile
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// Done and abandoned ones too
    #[arg(long)]
    all: bool,
    /// Only tasks with this label
    #[arg(long, value_name = "WORD")]
    label: Option<String>,
}

/// Arguments of `task show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID")]
    task: String,
}

#[derive(Serialize)]
struct OpenedBody {
    task: String,
    profile: String,
    phase: String,
    documents: Vec<String>,
    /// `SHA256:…` of the key that signed the event; null where its actor is a claim.
    key: Option<String>,
    /// What others found out that may serve.
    #[serde(flatten)]
    offer: OfferBody,
    /// The open tasks of the profile that have this very title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    same_title: Vec<String>,
    #[serde(flatten)]
    commit: CommitBody,
    /// How the profile was found, where nobody named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<RouteBody>,
    next: Vec<String>,
}

#[derive(Serialize)]
struct ListBody {
    tasks: Vec<ListedBody>,
}

/// One task as lists print it. A fork has no state of its own.
#[derive(Serialize)]
struct ListedBody {
    task: String,
    profile: String,
    phase: Option<String>,
    stage: Option<&'static str>,
    status: &'static str,
    title: Option<String>,
    priority: Option<&'static str>,
    labels: Vec<String>,
}

#[derive(Serialize)]
struct ShowBody {
    #[serde(flatten)]
    status: StatusBody,
    artifacts: Vec<ArtifactBody>,
    events: Vec<EventBody>,
}

#[derive(Serialize)]
struct ArtifactBody {
    stage: &'static str,
    path: String,
}

#[derive(Serialize)]
struct EventBody {
    seq: u32,
    kind: &'static str,
    phase: String,
    status: &'static str,
    actor: String,
    at: String,
    reason: String,
}

/// Runs the verb.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::New(arguments) => new(arguments, context),
        Verb::List(arguments) => list(arguments, context),
        Verb::Show(arguments) => show(&arguments, context),
    }
}

fn new(arguments: New, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.sealing.site(&arguments.acting, context)?;
    let choice = choosing::choose(context, &site, &arguments.title, arguments.profile)?;
    let request = NewTask {
        title: arguments.title,
        profile: choice.profile,
        after: arguments.after,
        labels: arguments.label,
        priority: arguments.priority.into(),
        note: choice.notes,
    };
    let opened = task::open(&site, &arguments.acting.target(), &request)?;
    tell_opened(&context.ui, &opened, choice.routed);
    Ok(Outcome::Done)
}

fn tell_opened(ui: &Ui, opened: &Committed<Opened>, route: Option<RouteBody>) {
    let Opened { task, profile, state, key, documents, laid_out, offer, same_title } = &opened.outcome;
    let next = format!("agentops phase next {task}");
    let body = OpenedBody {
        task: task.to_string(),
        profile: profile.to_string(),
        phase: state.phase.to_string(),
        documents: documents.clone(),
        key: key.as_ref().map(|key| key.fingerprint.clone()),
        offer: OfferBody::of(offer),
        same_title: same_title.iter().map(ToString::to_string).collect(),
        commit: CommitBody::of(opened),
        route,
        next: vec![next.clone()],
    };
    ui.show(&body, |page| {
        page.line([strong(task), plain(format!(": {profile}, phase {}: ", state.phase)), plain(&state.title)]);
        body.offer.fill(page);
    });
    body.offer.tell(ui, &body.task);
    for same in same_title {
        ui.talk(format!(
            "note: `{same}` is open and has the same title; to go on with that one: agentops prime {same}"
        ));
    }
    acting::tell_key(ui, key.as_ref());
    acting::tell(ui, opened);
    acting::tell_documents(ui, laid_out);
    // In a dry run nothing lies there to be filled in.
    if opened.commit.is_some() {
        ui.hint(if laid_out.is_empty() { next } else { format!("when it is filled in: {next}") });
    }
}

fn list(arguments: List, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let filter = Filter { profile: arguments.profile, all: arguments.all, label: arguments.label };
    let body = ListBody { tasks: task::list(&site, &filter)?.iter().map(listed).collect() };
    context.ui.show(&body, |page| {
        if body.tasks.is_empty() {
            return;
        }
        let mut table = Table::new(["task", "profile", "phase", "status", "priority", "title"]);
        for task in &body.tasks {
            let priority = task.priority.filter(|priority| *priority != Priority::Normal.as_str());
            table.row([
                strong(&task.task),
                plain(&task.profile),
                plain(task.phase.as_deref().unwrap_or("-")),
                plain(task.status),
                plain(priority.unwrap_or("-")),
                plain(task.title.as_deref().unwrap_or("")),
            ]);
        }
        page.table(&table);
    });
    if body.tasks.is_empty() {
        let is_narrowed = filter.profile.is_some() || filter.label.is_some();
        context.ui.talk(match (filter.all, is_narrowed) {
            (false, false) => "no task is open",
            (true, false) => "there is no task yet",
            (false, true) => "there is no such open task",
            (true, true) => "there is no such task",
        });
        context.ui.hint("agentops task new \"TITLE\" --profile NAME");
    }
    Ok(Outcome::Done)
}

fn listed(listed: &Listed) -> ListedBody {
    let state = listed.state.as_ref();
    ListedBody {
        task: listed.task.to_string(),
        profile: listed.profile.to_string(),
        phase: state.map(|state| state.phase.to_string()),
        stage: state.map(|state| state.stage.as_str()),
        status: state.map_or("forked", |state| state.status.as_str()),
        title: state.map(|state| state.title.clone()),
        priority: state.map(|state| state.priority.as_str()),
        labels: state.map(|state| state.labels.iter().map(ToString::to_string).collect()).unwrap_or_default(),
    }
}

fn show(arguments: &Show, context: &Context) -> Result<Outcome, CommandError> {
    let shown = task::show(&context.site(None)?, &arguments.task)?;
    let body = ShowBody {
        status: StatusBody::of(&shown.status),
        artifacts: shown
            .artifacts
            .iter()
            .map(|(stage, path)| ArtifactBody { stage: stage.as_str(), path: path.to_string() })
            .collect(),
        events: shown.events.iter().map(event).collect(),
    };
    context.ui.show(&body, |page| {
        fill_status(page, &shown.status);
        if !body.artifacts.is_empty() {
            page.blank();
            let mut table = Table::new(["stage", "artifact"]);
            for artifact in &body.artifacts {
                table.row([plain(artifact.stage), plain(&artifact.path)]);
            }
            page.table(&table);
        }
        page.blank();
        let mut table = Table::new(["seq", "event", "phase", "status", "actor", "at", "reason"]);
        for event in &body.events {
            table.row([
                plain(event.seq),
                strong(event.kind),
                plain(&event.phase),
                plain(event.status),
                plain(&event.actor),
                dim(&event.at),
                plain(&event.reason),
            ]);
        }
        page.table(&table);
    });
    Ok(Outcome::Done)
}

fn event(event: &Event) -> EventBody {
    EventBody {
        seq: event.seq,
        kind: event.kind.as_str(),
        phase: event.state.phase.to_string(),
        status: event.state.status.as_str(),
        actor: event.actor.to_string(),
        at: event.at.to_string(),
        reason: event.reason.clone(),
    }
}
