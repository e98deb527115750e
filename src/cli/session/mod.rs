//! `agentops session`.

mod body;
mod usage;

use std::path::PathBuf;

use serde::Serialize;

use self::body::SessionBody;
use self::usage::check;
use super::acting::{self, Acting, CommitBody};
use super::suggestion::{Graded, SuggestionBody, fill_suggestions, suggestion_bodies};
use super::{CommandError, Context, Outcome, Writing};
use crate::engine::records::session::{self, Choice, End, Shown, Start};
use crate::engine::records::suggest;
use crate::engine::records::transcripts::Sources;
use crate::engine::site::Site;
use crate::model::record::{Grade, Improvement};
use crate::ui::{Table, dim, plain, strong};

/// Begin and end a sitting, and leave a record of it
#[derive(Debug, clap::Subcommand)]
#[command(before_long_help = "Examples:
  agentops session start --task auth-k3f9
  agentops session suggest
  agentops session end --summary \"Wrote the spec\" --improvement \"Cache the compiler in CI\"")]
pub enum Verb {
    Start(StartArguments),
    End(Box<EndArguments>),
    Show(ShowArguments),
    List(ListArguments),
    Suggest(SuggestArguments),
}

/// Begin a session in this worktree; nothing is committed
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops session start
  agentops session start --task auth-k3f9 --actor claude")]
pub struct StartArguments {
    /// The profile it belongs to; otherwise that of the tasks, or the only one
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// A task to be worked on; may be given several times
    #[arg(long, value_name = "ID")]
    task: Vec<String>,
    /// Forget a session that is open already
    #[arg(long)]
    force: bool,
    /// Act as NAME, an actor of the config; else AGENTOPS_ACTOR, the marks of an agent's client, your e-mail address
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// End the session with a record: what was done, learned, and could be better
///
/// Learnings are those recorded since the session began; record them with `agentops learn add`. A grade is given once for
/// all improvements, or once for each, in their order. Where no session is open, `--task` names what was worked on, and a
/// record is written all the same.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops session end --summary \"Wrote the spec\" --improvement \"Cache the compiler in CI\"
  agentops session end --summary \"Fixed the outage\" --improvement \"Alert on queue length\" \\
    --impact high --effort low --choice 2
  agentops session end --task auth-k3f9 --learning 01kq3v9d --summary \"Reviewed the plan\" \\
    --improvement \"Split the parser's tests\"")]
pub struct EndArguments {
    /// One line on what was done
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    summary: String,
    /// What to change in the work, or in the system that does it; may be given several times
    #[arg(long, value_name = "TEXT")]
    improvement: Vec<String>,
    /// What the improvement would bring [default: medium]
    #[arg(long, value_name = "GRADE", requires = "improvement")]
    impact: Vec<Graded>,
    /// What the improvement would cost [default: medium]
    #[arg(long, value_name = "GRADE", requires = "improvement")]
    effort: Vec<Graded>,
    /// How soon the improvement is wanted [default: medium]
    #[arg(long, value_name = "GRADE", requires = "improvement")]
    priority: Vec<Graded>,
    /// A learning that it brought or that served it, several times for several; otherwise all that it recorded
    #[arg(long, value_name = "ID")]
    learning: Vec<String>,
    /// A further task that was worked on; may be given several times
    #[arg(long, value_name = "ID")]
    task: Vec<String>,
    /// The profile, where no session is open
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// What the human chose of the suggestions: a number, or none
    #[arg(long, value_name = "N|none", value_parser = choice)]
    choice: Option<Choice>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    acting: Acting,
}

/// Where usage is read from.
#[derive(Debug, clap::Args)]
struct Reading {
    /// Read usage from this transcript of an agent's client; may be given several times. Otherwise from those that clients wrote
    /// in this worktree since the session began
    #[arg(long, value_name = "FILE", conflicts_with = "unmeasured")]
    transcript: Vec<PathBuf>,
    /// The tokens that the model's window holds, whatever transcripts and the config's `[budgets] window` say
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    window: Option<u64>,
    /// Read no transcripts
    #[arg(long)]
    unmeasured: bool,
}

impl Reading {
    fn sources(&self, context: &Context) -> Sources {
        let named = self.transcript.iter().map(|path| context.path(path)).collect();
        Sources { named, window: self.window, none: self.unmeasured }
    }
}

/// Show a session: the open one, or else the last
///
/// Of an open session it tells how full the context is, by the transcripts of the agent's client: the input of the last call as a
/// share of the window. Up to the first limit of the phase nothing is said; up to the second, how to hand over; above it, to begin
/// a fresh session.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops session show
  agentops session show --window 200000 --check
  agentops session show 01kq3v9d --json")]
pub struct ShowArguments {
    /// Its id, or the beginning of it
    #[arg(value_name = "ID", conflicts_with = "check")]
    id: Option<String>,
    /// Say only how full the context of the open session is; exit 5 above the second limit of its phase, 1 where nothing was
    /// measured
    #[arg(long, conflicts_with = "unmeasured")]
    check: bool,
    #[command(flatten)]
    reading: Reading,
}

/// List sessions, newest first
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops session list
  agentops session list --profile sre --limit 5")]
pub struct ListArguments {
    /// Only this profile
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", value_parser = crate::cli::how_many)]
    limit: Option<usize>,
}

/// Suggest what could be done next, with the commands
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops session suggest
  agentops session suggest --json")]
pub struct SuggestArguments {}

fn choice(text: &str) -> Result<Choice, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Choice::None);
    }
    match text.parse::<usize>() {
        Ok(number) if number > 0 => Ok(Choice::Number(number)),
        _ => Err("expected the number of a suggestion, or `none`".into()),
    }
}

#[derive(Serialize)]
struct StartBody {
    session: SessionBody,
    forgotten: Option<String>,
    suggestions: Vec<SuggestionBody>,
}

#[derive(Serialize)]
struct EndBody {
    session: SessionBody,
    path: String,
    #[serde(flatten)]
    commit: CommitBody,
    suggestions: Vec<SuggestionBody>,
}

#[derive(Serialize)]
struct ShowBody {
    session: SessionBody,
    path: Option<String>,
}

#[derive(Serialize)]
struct ListBody {
    sessions: Vec<SessionBody>,
}

#[derive(Serialize)]
struct SuggestBody {
    suggestions: Vec<SuggestionBody>,
}

/// Runs the verb.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Start(arguments) => start(arguments, context),
        Verb::End(arguments) => end(*arguments, context),
        Verb::Show(arguments) => show(&arguments, context),
        Verb::List(arguments) => list(&arguments, context),
        Verb::Suggest(SuggestArguments {}) => suggestions(context),
    }
}

/// Says where what is kept of an open session cannot be read: that it counts as none is nobody's wish.
fn warn_of_damage(site: &Site, context: &Context) -> Result<(), CommandError> {
    session::damaged(site)?.into_iter().for_each(|damage| context.ui.warning(damage));
    Ok(())
}

fn start(arguments: StartArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(arguments.actor.as_deref())?;
    warn_of_damage(&site, context)?;
    let dry_run = arguments.writing.dry_run;
    let request = Start { profile: arguments.profile, tasks: arguments.task, force: arguments.force, dry_run };
    let started = session::start(&site, &request)?;
    let body = StartBody {
        session: SessionBody::open(&started.session),
        forgotten: started.forgotten.map(|open| open.id.to_string()),
        suggestions: suggestion_bodies(&started.suggestions),
    };
    context.ui.show(&body, |page| {
        let verb = if dry_run { "would begin" } else { "began" };
        let of = format!(" of {} in {}", body.session.actor, body.session.profile);
        page.line([plain(format!("{verb} session ")), strong(&body.session.id), plain(of)]);
        if let Some(id) = &body.forgotten {
            page.line([plain("  in place of "), plain(id), plain(", which leaves no record")]);
        }
        page.line([plain("what could be done:")]);
        fill_suggestions(page, &body.suggestions);
    });
    context.ui.hint("at the end: agentops session end --summary \"…\" --improvement \"…\"");
    Ok(Outcome::Done)
}

fn end(arguments: EndArguments, context: &Context) -> Result<Outcome, CommandError> {
    let improvements = improvements(&arguments)?;
    let sources = arguments.reading.sources(context);
    let site = arguments.acting.site(context)?;
    warn_of_damage(&site, context)?;
    let target = arguments.acting.target();
    let mut request = End {
        summary: arguments.summary,
        improvements,
        learnings: arguments.learning,
        tasks: arguments.task,
        profile: arguments.profile,
        choice: arguments.choice.unwrap_or_default(),
        sources,
    };
    if arguments.choice.is_none() && !target.dry_run && context.ui.can_ask() && session::asks(&site)? {
        // What is missing is told before anybody is asked.
        let trial = crate::engine::writing::transact::Target { dry_run: true, ..target.clone() };
        let trial = session::end(&site.rehearsal(), &trial, &request)?;
        request.choice = ask_choice(context, &suggestion_bodies(&trial.outcome.suggestions))?;
    }
    let done = session::end(&site, &target, &request)?;
    let body = EndBody {
        session: SessionBody::ended(&done.outcome.record),
        path: done.paths.iter().map(ToString::to_string).collect(),
        commit: CommitBody::of(&done),
        suggestions: suggestion_bodies(&done.outcome.suggestions),
    };
    context.ui.show(&body, |page| {
        page.line([strong(&body.session.id)]);
        page.line([plain("what could be done next:")]);
        fill_suggestions(page, &body.suggestions);
        let choice = body.session.suggestions.as_ref().map_or("none", |suggestions| suggestions.choice.as_str());
        page.labelled(strong("chosen"), choice);
        body.session.fill_usage(page);
    });
    done.outcome.notes.iter().for_each(|note| context.ui.warning(note));
    acting::tell(&context.ui, &done);
    Ok(Outcome::Done)
}

fn ask_choice(context: &Context, suggestions: &[SuggestionBody]) -> Result<Choice, CommandError> {
    context.ui.aside(|page| {
        page.line([plain("what could be done next:")]);
        fill_suggestions(page, suggestions);
    });
    let count = suggestions.len();
    Ok(context.ui.ask(format!("Which one? (1 to {count}, or none)"), |answer| match answer {
        "" => Ok(Choice::None),
        text => match choice(text)? {
            Choice::Number(number) if number > count => Err(format!("there are {count}")),
            choice => Ok(choice),
        },
    })?)
}

/// Pairs each improvement with its grades.
fn improvements(arguments: &EndArguments) -> Result<Vec<Improvement>, CommandError> {
    let count = arguments.improvement.len();
    for (flag, grades) in
        [("--impact", &arguments.impact), ("--effort", &arguments.effort), ("--priority", &arguments.priority)]
    {
        if grades.len() > 1 && grades.len() != count {
            return Err(CommandError::usage(format!(
                "`{flag}` is given {} times for {count} improvements",
                grades.len()
            ))
            .hint(format!("give `{flag}` once for all improvements, or once for each, in their order")));
        }
    }
    let grade = |grades: &[Graded], index: usize| -> Grade {
        let found = if grades.len() == 1 { grades.first() } else { grades.get(index) };
        found.copied().map_or(Grade::Medium, Grade::from)
    };
    let improvement = |(index, what): (usize, &String)| Improvement {
        what: what.clone(),
        impact: grade(&arguments.impact, index),
        effort: grade(&arguments.effort, index),
        priority: grade(&arguments.priority, index),
    };
    Ok(arguments.improvement.iter().enumerate().map(improvement).collect())
}

fn show(arguments: &ShowArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    warn_of_damage(&site, context)?;
    let sources = arguments.reading.sources(context);
    if arguments.check {
        return check(&context.ui, &session::check(&site, &sources)?);
    }
    let (body, measured) = match session::show(&site, arguments.id.as_deref(), &sources)? {
        Shown::Open(open, measured) => {
            let session = SessionBody::open(&open).measured(&measured);
            (ShowBody { session, path: None }, Some(measured))
        }
        Shown::Ended(record, path) => (ShowBody { session: SessionBody::ended(&record), path: Some(path) }, None),
    };
    context.ui.show(&body, |page| {
        body.session.fill(page);
        if let Some(path) = &body.path {
            page.indented_label(2, [dim("path")], path);
        }
    });
    if let Some(measured) = measured {
        measured.notes.iter().for_each(|note| context.ui.warning(note));
        usage::advise(&context.ui, &measured);
    }
    Ok(Outcome::Done)
}

fn list(arguments: &ListArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    warn_of_damage(&site, context)?;
    let (open, records) = session::list(&site, arguments.profile.as_deref(), arguments.limit)?;
    let ended = records.iter().map(SessionBody::ended);
    let body = ListBody { sessions: open.iter().map(SessionBody::open).chain(ended).collect() };
    context.ui.show(&body, |page| {
        let mut table = Table::new(["session", "profile", "actor", "started", "summary"]);
        for session in &body.sessions {
            let summary = session.summary.as_ref().map_or_else(|| dim("(open)"), plain);
            table.row([
                strong(&session.id),
                plain(&session.profile),
                plain(&session.actor),
                plain(&session.started),
                summary,
            ]);
        }
        if !body.sessions.is_empty() {
            page.table(&table);
        }
    });
    if body.sessions.is_empty() {
        context.ui.talk("no session has been recorded");
        context.ui.hint("agentops session start");
    }
    Ok(Outcome::Done)
}

fn suggestions(context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    warn_of_damage(&site, context)?;
    let found = suggest::suggest(&site)?;
    let body = SuggestBody { suggestions: suggestion_bodies(&found) };
    context.ui.show(&body, |page| fill_suggestions(page, &body.suggestions));
    Ok(Outcome::Done)
}
