//! `agentops prime`: from a sentence to a task and all that there is to know for it.

use serde::Serialize;

use super::acting::{self, Acting, CommitBody, Sealing};
use super::choosing::{self, Choice};
use super::context::{ContextBody, Given};
use super::route::RouteBody;
use super::{CommandError, Context, Outcome};
use crate::engine::context::{self, Request};
use crate::engine::knowledge::route;
use crate::engine::tasks::meant;
use crate::engine::tasks::task::{self, Listed, NewTask};
use crate::engine::{EngineError, Site};
use crate::model::escape::{shell_word, visible};
use crate::model::state::Status;
use crate::routing::decision::Decision;
use crate::ui::{Mode, plain, strong};

/// So many tasks that may be meant are named.
const NAMED: usize = 5;

/// Begin work: find the profile and the open task, open one where there is none, and print its context
///
/// TEXT says what is to be done, its first line being the title, or is the id of a task or the beginning of one. An open task
/// with such a title is taken; otherwise one is opened in the profile that `agentops route` finds. What looks like an id and
/// fits no task is refused. What is printed is `agentops context` of that task.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops prime \"Customers can download their invoices as PDF\"
  agentops prime auth-k3f9
  agentops prime \"Pods restart under load\" --profile sre --budget 8000
  agentops prime \"Sign-in page\" --dry-run")]
pub struct Arguments {
    /// What is to be done, or a task's id or its beginning
    #[arg(value_name = "TEXT")]
    text: String,
    /// Only tasks of this profile, and a new one there
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// Open a task even where one with such a title is open
    #[arg(long)]
    new: bool,
    /// Tokens that the context may take; otherwise a quarter of what the phase may
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    budget: Option<u32>,
    #[command(flatten)]
    sealing: Sealing,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Serialize)]
struct Body {
    /// `picked`, `opened`, or `none` where no task is needed.
    decision: &'static str,
    task: Option<String>,
    profile: Option<String>,
    /// What the router said, where it was asked.
    route: Option<RouteBody>,
    /// The commit that opened the task.
    commit: Option<CommitBody>,
    /// Null where there is none: nothing needs a task, or a dry run did not open one.
    context: Option<ContextBody>,
}

/// Runs the verb.
pub(super) fn run(arguments: Arguments, context: &Context) -> Result<Outcome, CommandError> {
    let text = arguments.text.trim();
    if text.is_empty() {
        return Err(CommandError::usage("there is nothing to begin with").hint("agentops prime \"WHAT IS TO BE DONE\""));
    }
    let title = title_of(text);
    choosing::refuse_unfit(title)?;
    let site = arguments.sealing.site(&arguments.acting, context)?;
    let meant = if arguments.new {
        meant::refuse_taken(&site, title)?;
        Vec::new()
    } else {
        meant::open_tasks(&site, title, arguments.profile.as_deref()).map_err(|error| no_id(title, error))?
    };
    match meant.as_slice() {
        [] => open(&arguments, text, &site, context),
        [one] => pick(&arguments, one, &site, context),
        several => Err(which(text, several)),
    }
}

fn pick(arguments: &Arguments, one: &Listed, site: &Site<'_>, context: &Context) -> Result<Outcome, CommandError> {
    // A task that has ended, or is forked, is refused here, before anything is said of it.
    let given = assemble(arguments, site, one.task.as_str())?;
    let title = one.state.as_ref().map(|state| state.title.as_str()).unwrap_or_default();
    context.ui.talk(format!("task `{}` of `{}` is open: {}", one.task, one.profile, visible(title)));
    let waits = one.state.as_ref().is_some_and(|state| state.status == Status::Waiting);
    if waits {
        context
            .ui
            .warning(format!("`{}` waits for a human: nothing is to be done until the gate is decided", one.task));
    }
    let body = Body {
        decision: "picked",
        task: Some(one.task.to_string()),
        profile: Some(one.profile.to_string()),
        route: None,
        commit: None,
        context: None,
    };
    show(body, Some(given), context)
}

fn open(arguments: &Arguments, text: &str, site: &Site<'_>, context: &Context) -> Result<Outcome, CommandError> {
    let title = title_of(text);
    let base = site.base()?;
    let choice = match &arguments.profile {
        None if base.policy.profiles.len() > 1 => {
            // The whole text is routed, of which the title may be the first line alone.
            let routed = route::route(&base, text)?;
            if routed.route.decision == Decision::None {
                return none(RouteBody::of(&routed), title, context);
            }
            choosing::settle(context, &base, &routed, title, "agentops prime")?
        }
        named => choosing::choose(context, site, title, named.clone())?,
    };
    drop(base);
    let Choice { profile, notes, routed } = choice;
    let request = NewTask { title: title.to_owned(), profile, note: notes, ..NewTask::default() };
    let opened = task::open(site, &arguments.acting.target(), &request)?;
    let outcome = &opened.outcome;
    context.ui.talk(format!("opened task `{}` of `{}`: {}", outcome.task, outcome.profile, visible(title)));
    acting::tell_key(&context.ui, outcome.key.as_ref());
    acting::tell(&context.ui, &opened);
    acting::tell_documents(&context.ui, &outcome.laid_out);
    let given = match opened.commit {
        Some(_) => Some(assemble(arguments, site, outcome.task.as_str())?),
        None => None,
    };
    let body = Body {
        decision: "opened",
        task: Some(outcome.task.to_string()),
        profile: Some(outcome.profile.to_string()),
        route: routed,
        commit: Some(CommitBody::of(&opened)),
        context: None,
    };
    show(body, given, context)
}

/// One-off work: there is nothing to open, and nothing is wrong.
fn none(route: RouteBody, title: &str, context: &Context) -> Result<Outcome, CommandError> {
    let body = Body { decision: "none", task: None, profile: None, route: Some(route), commit: None, context: None };
    context.ui.show(&body, |page| {
        page.line([strong("no task is needed"), plain(": this looks like one-off work that belongs to no profile")]);
    });
    context.ui.hint("do it, then: agentops commit");
    context.ui.hint(format!("if it needs a plan: agentops prime {} --profile NAME", shell_word(title)));
    Ok(Outcome::Done)
}

fn assemble(arguments: &Arguments, site: &Site<'_>, task: &str) -> Result<Given, CommandError> {
    let request = Request { task: task.to_owned(), budget: arguments.budget };
    Ok(Given::of(site, context::assemble(site, &request)?))
}

fn show(mut body: Body, given: Option<Given>, context: &Context) -> Result<Outcome, CommandError> {
    let ui = &context.ui;
    if let Some(given) = &given {
        given.tell(ui);
    }
    match (given, ui.mode()) {
        (Some(given), Mode::Human) => ui.bytes(given.text().as_bytes()),
        (given, _) => {
            body.context = given.map(|given| given.body);
            ui.show(&body, |_| {});
        }
    }
    Ok(Outcome::Done)
}

/// What is told besides where a text was taken for the id of a task that is not there.
fn no_id(title: &str, error: EngineError) -> CommandError {
    let is_unknown = matches!(error, EngineError::NotFound { what: "task", .. });
    let error = CommandError::from(error);
    if !is_unknown {
        return error;
    }
    error.hint(format!("where it is the title of a new task: agentops prime {} --new", shell_word(title)))
}

/// Several open tasks may be meant.
fn which(text: &str, several: &[Listed]) -> CommandError {
    let error = CommandError::usage(format!("which task? {} open ones have such a title", several.len()));
    let commands = several.iter().take(NAMED).map(|one| {
        let title = one.state.as_ref().map(|state| state.title.as_str()).unwrap_or_default();
        format!("agentops prime {}   ({})", one.task, visible(title))
    });
    let new = format!("agentops prime {} --new", shell_word(text));
    commands.chain([new]).fold(error, CommandError::hint)
}

/// The first line of a text.
fn title_of(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(text)
}
