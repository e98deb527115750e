//! `agentops commit`.

use std::ffi::OsString;

use serde::Serialize;

use super::{CommandError, Context, ErrorKind, Outcome, Writing};
use crate::engine::EngineError;
use crate::engine::writing::commit::{self, Draft, Field, Request};
use crate::model::report::Report;
use crate::ui::{ErrorBody, ReportBody, plain, strong};

/// Commit with a message that the laws accept
///
/// What no flag says is asked for at a terminal, one question at a time, each answer checked at once. The whole is judged
/// before git is asked to make the commit, with its hooks and its signing.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops commit                      # asks
  agentops commit --dry-run --type fix --subject \"read CRLF\" \\
    --context \"Windows files failed to parse\" --solution \"Strip the CR before the LF\" \\
    --learning \"autocrlf leaves files in archives alone\" --impact \"CSV files saved by Excel parse\"
  agentops commit -a --task auth-k3f9 --type style --subject \"wrap lines\" \\
    --context \"Lines had 200 columns\" --solution \"Ran rustfmt with width 120\" \\
    --learning \"N/A rustfmt alone\" --impact \"A diff of main.rs fits 120 columns\"
  agentops commit --amend --subject \"read CRLF and CR\"")]
pub struct Arguments {
    /// The type of the change: feat, fix, docs, …
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The part that it changes
    #[arg(long, value_name = "WORD")]
    scope: Option<String>,
    /// Users must change something
    #[arg(long)]
    breaking: bool,
    /// What the commit does, in a few words
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// What was the matter
    #[arg(long, value_name = "TEXT")]
    context: Option<String>,
    /// What was done about it
    #[arg(long, value_name = "TEXT")]
    solution: Option<String>,
    /// What was found out that will serve again
    #[arg(long, value_name = "TEXT")]
    learning: Option<String>,
    /// What is different now
    #[arg(long, value_name = "TEXT")]
    impact: Option<String>,
    /// Another section of this repository's messages; may be given several times
    #[arg(long, value_name = "TOKEN=TEXT")]
    section: Vec<String>,
    /// A task that it belongs to; may be given several times
    #[arg(long, value_name = "ID")]
    task: Vec<String>,
    /// A law that this commit is an exception from, and why, as one word in quotes; may be given several times
    #[arg(long, value_name = "LAW REASON")]
    waive: Vec<String>,
    /// A further trailer; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    trailer: Vec<String>,
    /// Take every tracked file as it is in the working tree
    #[arg(short, long, conflicts_with = "paths")]
    all: bool,
    /// Replace the last commit; what no flag says is kept of its message
    #[arg(long)]
    amend: bool,
    /// Keep the message of the amended commit as it is
    #[arg(long, requires = "amend", conflicts_with_all = ["kind", "scope", "breaking", "subject", "context", "solution", "learning", "impact", "section", "task", "waive", "trailer"])]
    no_edit: bool,
    /// Only these paths, whatever else is staged
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
    /// Act as NAME, an actor of the config; else AGENTOPS_ACTOR, the marks of an agent's client, your e-mail address
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
    commit: Option<String>,
    message: &'a str,
    paths: &'a [String],
    #[serde(flatten)]
    report: ReportBody<'a>,
}

/// Runs the verb.
pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    let dry_run = arguments.writing.dry_run;
    let site = context.site(arguments.actor.as_deref())?;
    let mut draft = commit::begin(&site, &context.dir, &lower(arguments)?)?;
    ask(&mut draft, context)?;
    let message = draft.message();
    let report = draft.judge(&message)?;
    let refusal = (!report.passes()).then(|| CommandError::from(EngineError::Law(Box::new(report.clone()))).body());
    let mut body =
        Body { error: refusal, commit: None, message: &message, paths: draft.paths(), report: ReportBody::of(&report) };
    if dry_run {
        context.ui.show(&body, |page| page.text(&message));
        return Ok(verdict(&body, &report, context));
    }
    if !report.passes() {
        if context.ui.mode() == crate::ui::Mode::Json {
            context.ui.show(&body, |_| ());
        } else {
            // What was typed is not lost.
            context.ui.aside(|page| {
                page.text(&message);
                page.blank();
            });
        }
        return Ok(verdict(&body, &report, context));
    }
    let id = draft.commit(&site, &context.dir, &message)?;
    body.commit = Some(id.to_string());
    let subject = message.lines().next().unwrap_or_default();
    context.ui.show(&body, |page| page.line([strong(id.short()), plain(format!(" {subject}"))]));
    if !report.violations.is_empty() || !report.waived.is_empty() {
        verdict(&body, &report, context);
    }
    Ok(Outcome::Done)
}

/// Says what the laws say, beside the data.
fn verdict(body: &Body<'_>, report: &Report, context: &Context) -> Outcome {
    if context.ui.mode() == crate::ui::Mode::Human {
        context.ui.aside(|page| body.report.fill(page));
        for law in body.report.broken_laws().into_iter().take(3) {
            context.ui.hint(format!("agentops explain {law}"));
        }
    }
    if report.passes() { Outcome::Done } else { Outcome::Ended(ErrorKind::Law) }
}

fn lower(arguments: Arguments) -> Result<Request, CommandError> {
    let own = [
        ("Context", arguments.context),
        ("Solution", arguments.solution),
        ("Learning", arguments.learning),
        ("Impact", arguments.impact),
    ];
    let mut sections: Vec<(String, String)> =
        own.into_iter().filter_map(|(token, text)| Some((token.to_owned(), text?))).collect();
    for text in arguments.section {
        let Some((token, text)) = text.split_once('=') else {
            return Err(CommandError::usage(format!("`{text}` is no section")).hint("write `--section Token=text`"));
        };
        sections.push((token.trim().to_owned(), text.to_owned()));
    }
    Ok(Request {
        kind: arguments.kind,
        scope: arguments.scope,
        breaking: arguments.breaking,
        subject: arguments.subject,
        sections,
        tasks: arguments.task,
        waivers: arguments.waive,
        trailers: arguments.trailer,
        all: arguments.all,
        paths: arguments.paths,
        amend: arguments.amend,
        keep_message: arguments.no_edit,
    })
}

/// Asks for what is missing, or says which flags give it.
fn ask(draft: &mut Draft, context: &Context) -> Result<(), CommandError> {
    let missing = draft.missing();
    if missing.is_empty() {
        return Ok(());
    }
    if !context.ui.can_ask() {
        let flags: Vec<String> =
            missing.iter().filter(|field| **field != Field::Scope).map(|field| format!("`{}`", field.flag())).collect();
        return Err(CommandError::usage(format!("the message is not complete: {} missing", are(&flags)))
            .hint(format!("give {}; `agentops explain AO-L3` tells what belongs where", flags.join(", "))));
    }
    for field in missing {
        let question = question(&field, draft);
        context.ui.ask(question, |answer| draft.answer(&field, answer))?;
    }
    Ok(())
}

fn are(flags: &[String]) -> String {
    let verb = if flags.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", flags.join(", "))
}

fn question(field: &Field, draft: &Draft) -> String {
    match field {
        Field::Type => format!("Type ({}):", draft.types().join(", ")),
        Field::Scope => "Scope, the part that it changes (empty for none):".into(),
        Field::Subject => "Subject, what the commit does:".into(),
        Field::Section(token) => match token.as_str() {
            "Context" => "Context, what was the matter:".into(),
            "Solution" => "Solution, what was done about it:".into(),
            "Learning" => "Learning, what was found out that will serve again:".into(),
            "Impact" => "Impact, what is different now:".into(),
            token => format!("{token}:"),
        },
    }
}
