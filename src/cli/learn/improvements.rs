//! `agentops learn improvements`, `adopt` and `drop`: what sessions propose, and what became of it.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::acting::{self, Acting, CommitBody};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::records::improvements::{self, Listed, Standing, State, Verdict};
use crate::model::decision::Fate;
use crate::model::escape::shell_word;
use crate::ui::{Page, dim, good, plain, strong, warning};

/// List what sessions proposed to improve, and what became of it
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops learn improvements
  agentops learn improvements --state proposed --profile sre
  agentops learn improvements --json")]
pub struct ListArguments {
    /// Only this profile
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATE")]
    state: Option<StateName>,
}

/// The names of [`State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StateName {
    /// Nobody has decided
    Proposed,
    /// A commit brought it
    Adopted,
    /// It was given up
    Dropped,
    /// Two branches decided differently
    Disputed,
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Proposed => Self::Proposed,
            StateName::Adopted => Self::Adopted,
            StateName::Dropped => Self::Dropped,
            StateName::Disputed => Self::Disputed,
        }
    }
}

/// Record that a commit brought an improvement: one commit of one file
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops learn adopt 01kq3v9d.1 --commit HEAD
  agentops learn adopt 01kq3v9d.2 --commit 4f2c413 --reason \"Only for the nightly build\"")]
pub struct AdoptArguments {
    /// The improvement: its session's id, or the beginning of it, a dot and its number
    #[arg(value_name = "ID")]
    id: String,
    /// The commit of HEAD's history that brought it
    #[arg(long, value_name = "REV")]
    commit: String,
    /// A remark
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    acting: Acting,
}

/// Record that an improvement is given up, and why: one commit of one file
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops learn drop 01kq3v9d.1 --reason \"The queue it would speed up is gone\"")]
pub struct DropArguments {
    /// The improvement: its session's id, or the beginning of it, a dot and its number
    #[arg(value_name = "ID")]
    id: String,
    /// Why nobody is going to bring it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Serialize)]
struct ImprovementBody {
    id: String,
    session: String,
    number: u32,
    profile: String,
    proposed_by: String,
    what: String,
    impact: &'static str,
    effort: &'static str,
    priority: &'static str,
    state: &'static str,
    decisions: Vec<DecisionBody>,
}

#[derive(Serialize)]
struct DecisionBody {
    fate: &'static str,
    commit: Option<String>,
    /// Null where no commit is named.
    in_history: Option<bool>,
    reason: String,
    actor: String,
    at: String,
}

impl ImprovementBody {
    fn of(listed: &Listed) -> Self {
        let improvement = &listed.improvement;
        Self {
            id: listed.name(),
            session: listed.session.to_string(),
            number: listed.number,
            profile: listed.profile.to_string(),
            proposed_by: listed.actor.to_string(),
            what: improvement.what.clone(),
            impact: improvement.impact.as_str(),
            effort: improvement.effort.as_str(),
            priority: improvement.priority.as_str(),
            state: listed.state().as_str(),
            decisions: listed.standing.iter().map(DecisionBody::of).collect(),
        }
    }

    fn fill(&self, page: &mut Page) {
        let state = match self.state {
            "adopted" => good(self.state),
            "disputed" => warning(self.state),
            state => plain(state),
        };
        let Self { id, profile, impact, effort, priority, .. } = self;
        let grades = format!("  {profile}, impact {impact}, effort {effort}, priority {priority}");
        page.line([strong(id), plain("  "), state, dim(grades)]);
        page.wrapped(2, &self.what);
        for decision in &self.decisions {
            page.indented_label(2, [dim(decision.fate)], decision.sentence());
        }
    }
}

impl DecisionBody {
    fn of(standing: &Standing) -> Self {
        let decision = &standing.decision;
        Self {
            fate: decision.fate.as_str(),
            commit: (decision.fate == Fate::Adopted).then(|| decision.commit.clone()),
            in_history: standing.is_in_history,
            reason: decision.reason.clone(),
            actor: decision.actor.to_string(),
            at: decision.at.to_string(),
        }
    }

    fn sentence(&self) -> String {
        let mut parts = Vec::new();
        if let Some(commit) = &self.commit {
            let place = if self.in_history == Some(true) { "" } else { ", which is not in HEAD's history" };
            parts.push(format!("by commit {}{place}", commit.get(..12).unwrap_or(commit)));
        }
        if !self.reason.is_empty() {
            parts.push(self.reason.clone());
        }
        format!("{} ({}, {})", parts.join("; "), self.actor, self.at)
    }
}

#[derive(Serialize)]
struct ListBody {
    improvements: Vec<ImprovementBody>,
}

#[derive(Serialize)]
struct DecidedBody {
    improvement: ImprovementBody,
    path: String,
    #[serde(flatten)]
    commit: CommitBody,
}

pub(super) fn list(arguments: &ListArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let listed = improvements::list(&site, arguments.profile.as_deref(), arguments.state.map(State::from))?;
    let body = ListBody { improvements: listed.iter().map(ImprovementBody::of).collect() };
    context.ui.show(&body, |page| body.improvements.iter().for_each(|improvement| improvement.fill(page)));
    match body.improvements.iter().find(|improvement| matches!(improvement.state, "proposed" | "disputed")) {
        Some(open) => {
            context.ui.hint(format!("when it is done: agentops learn adopt {} --commit REV", shell_word(&open.id)));
        }
        None if body.improvements.is_empty() => {
            context.ui.talk("no improvement fits");
            context.ui.hint("a session proposes one: agentops session end --summary \"…\" --improvement \"…\"");
        }
        None => {}
    }
    Ok(Outcome::Done)
}

pub(super) fn adopt(arguments: &AdoptArguments, context: &Context) -> Result<Outcome, CommandError> {
    let verdict = Verdict::Adopt { commit: arguments.commit.clone(), reason: arguments.reason.clone() };
    decide(&arguments.id, &verdict, &arguments.acting, context)
}

pub(super) fn drop(arguments: &DropArguments, context: &Context) -> Result<Outcome, CommandError> {
    decide(&arguments.id, &Verdict::Drop { reason: arguments.reason.clone() }, &arguments.acting, context)
}

fn decide(id: &str, verdict: &Verdict, acting: &Acting, context: &Context) -> Result<Outcome, CommandError> {
    let done = improvements::decide(&acting.site(context)?, &acting.target(), id, verdict)?;
    let body = DecidedBody {
        improvement: ImprovementBody::of(&done.outcome),
        path: done.paths.iter().map(ToString::to_string).collect(),
        commit: CommitBody::of(&done),
    };
    context.ui.show(&body, |page| body.improvement.fill(page));
    acting::tell(&context.ui, &done);
    Ok(Outcome::Done)
}
