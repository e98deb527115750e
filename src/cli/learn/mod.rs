//! `agentops learn`.

mod found;
mod improvements;
mod report;
mod search;

pub(super) use found::{FoundBody, fill_found};

use serde::Serialize;

use super::acting::{self, Acting, CommitBody};
use super::suggestion::Graded;
use super::{CommandError, Context, Outcome};
use crate::engine::records::learn::{self, Filter, Listed, NewLearning};
use crate::model::record::Learning;
use crate::ui::{Page, Table, dim, plain, strong};

/// Record what was found out, and find it again
#[derive(Debug, clap::Subcommand)]
#[command(before_long_help = "Examples:
  agentops learn add --pattern \"Retries need jitter, or clients meet again\" --tag network
  agentops learn search retry jitter
  agentops learn show 01kq
  agentops learn report")]
pub enum Verb {
    Add(AddArguments),
    List(ListArguments),
    Show(ShowArguments),
    Search(search::Arguments),
    Report(report::Arguments),
    Improvements(improvements::ListArguments),
    Adopt(improvements::AdoptArguments),
    Drop(improvements::DropArguments),
}

/// Record a learning: one commit of one file
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops learn add --pattern \"SQLite ignores the index when a column stands inside a function\"
  agentops learn add --pattern \"Retries need jitter, or clients meet again\" \\
    --task auth-k3f9 --tag network --evidence src/retry.rs:12")]
pub struct AddArguments {
    /// What holds, in a sentence or two
    #[arg(long, value_name = "TEXT")]
    pattern: String,
    /// The profile it belongs to; otherwise that of the task, of the open session, or the only one
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// Where it shows: PATH, PATH:LINE of HEAD, a commit or a URL; may be given several times
    #[arg(long, value_name = "WHERE")]
    evidence: Vec<String>,
    /// When and how to use it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    application: String,
    /// How widely it may serve
    #[arg(long, value_name = "GRADE", default_value = "medium")]
    reusability: Graded,
    /// A word to find it by; may be given several times
    #[arg(long, value_name = "WORD")]
    tag: Vec<String>,
    /// The task it came from
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// A learning that this one replaces; may be given several times
    #[arg(long, value_name = "ID")]
    supersedes: Vec<String>,
    #[command(flatten)]
    acting: Acting,
}

/// List learnings, newest first
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops learn list
  agentops learn list --profile sre --limit 10
  agentops learn list --task auth-k3f9 --json")]
pub struct ListArguments {
    /// Only this profile
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// Only learnings with this tag
    #[arg(long, value_name = "WORD")]
    tag: Option<String>,
    /// Only learnings of this task
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", value_parser = crate::cli::how_many)]
    limit: Option<usize>,
}

/// Show one learning
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops learn show 01kq3v9d
  agentops learn show 01kq3v9d --json")]
pub struct ShowArguments {
    /// Its id, or the beginning of it
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Debug, Serialize)]
struct LearningBody {
    id: String,
    profile: String,
    actor: String,
    at: String,
    task: Option<String>,
    pattern: String,
    evidence: Vec<String>,
    application: String,
    reusability: &'static str,
    tags: Vec<String>,
    supersedes: Vec<String>,
    superseded_by: Vec<String>,
}

impl LearningBody {
    fn of(learning: &Learning, superseded_by: &[crate::model::name::RecordId]) -> Self {
        Self {
            id: learning.id.to_string(),
            profile: learning.profile.to_string(),
            actor: learning.actor.to_string(),
            at: learning.at.to_string(),
            task: Some(learning.task.clone()).filter(|task| !task.is_empty()),
            pattern: learning.pattern.clone(),
            evidence: learning.evidence.clone(),
            application: learning.application.clone(),
            reusability: learning.reusability.as_str(),
            tags: learning.tags.iter().map(ToString::to_string).collect(),
            supersedes: learning.supersedes.iter().map(ToString::to_string).collect(),
            superseded_by: superseded_by.iter().map(ToString::to_string).collect(),
        }
    }

    fn listed(listed: &Listed) -> Self {
        Self::of(&listed.learning, &listed.superseded_by)
    }

    fn fill(&self, page: &mut Page) {
        page.line([strong(&self.id), plain(format!("  {} by {}, {}", self.profile, self.actor, self.at))]);
        page.wrapped(2, &self.pattern);
        let lists = [
            ("evidence", &self.evidence),
            ("tags", &self.tags),
            ("supersedes", &self.supersedes),
            ("superseded by", &self.superseded_by),
        ];
        if !self.application.is_empty() {
            page.indented_label(2, [dim("application")], &self.application);
        }
        page.indented_label(2, [dim("reusability")], self.reusability);
        if let Some(task) = &self.task {
            page.indented_label(2, [dim("task")], task);
        }
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            page.indented_label(2, [dim(name)], list.join(", "));
        }
    }
}

#[derive(Serialize)]
struct AddBody {
    learning: LearningBody,
    /// Known learnings that say much the same.
    near: Vec<NearBody>,
    path: String,
    #[serde(flatten)]
    commit: CommitBody,
}

/// A learning as one line.
#[derive(Debug, Serialize)]
struct NearBody {
    id: String,
    profile: String,
    pattern: String,
}

impl NearBody {
    fn of(learning: &Learning) -> Self {
        Self { id: learning.id.to_string(), profile: learning.profile.to_string(), pattern: learning.pattern.clone() }
    }
}

#[derive(Serialize)]
struct ListBody {
    learnings: Vec<LearningBody>,
}

#[derive(Serialize)]
struct ShowBody {
    learning: LearningBody,
    path: String,
}

/// Runs the verb.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Add(arguments) => add(arguments, context),
        Verb::List(arguments) => list(arguments, context),
        Verb::Show(arguments) => show(&arguments, context),
        Verb::Search(arguments) => search::run(arguments, context),
        Verb::Report(arguments) => report::run(&arguments, context),
        Verb::Improvements(arguments) => improvements::list(&arguments, context),
        Verb::Adopt(arguments) => improvements::adopt(&arguments, context),
        Verb::Drop(arguments) => improvements::drop(&arguments, context),
    }
}

fn add(arguments: AddArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.acting.site(context)?;
    let request = NewLearning {
        pattern: arguments.pattern,
        profile: arguments.profile,
        evidence: arguments.evidence,
        application: arguments.application,
        reusability: arguments.reusability.into(),
        tags: arguments.tag,
        task: arguments.task,
        supersedes: arguments.supersedes,
    };
    let done = learn::add(&site, &arguments.acting.target(), &request)?;
    let body = AddBody {
        learning: LearningBody::of(&done.outcome.learning, &[]),
        near: done.outcome.near.iter().map(NearBody::of).collect(),
        path: done.paths.iter().map(ToString::to_string).collect(),
        commit: CommitBody::of(&done),
    };
    context.ui.show(&body, |page| {
        page.line([strong(&body.learning.id)]);
        for near in &body.near {
            page.indented_label(2, [dim("near")], format!("{} ({}): {}", near.id, near.profile, near.pattern));
        }
    });
    acting::tell(&context.ui, &done);
    if let Some(near) = body.near.first() {
        context.ui.hint(format!(
            "where one of them serves as well, say so: agentops session end --learning {}; a search shows them together",
            near.id
        ));
    }
    Ok(Outcome::Done)
}

fn list(arguments: ListArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let filter =
        Filter { profile: arguments.profile, tag: arguments.tag, task: arguments.task, limit: arguments.limit };
    let learnings = learn::list(&site, &filter)?;
    let body = ListBody { learnings: learnings.iter().map(LearningBody::listed).collect() };
    context.ui.show(&body, |page| {
        let mut table = Table::new(["learning", "profile", "tags", "pattern"]);
        for learning in &body.learnings {
            let pattern = match learning.superseded_by.is_empty() {
                true => plain(&learning.pattern),
                false => dim(format!("(superseded by {}) {}", learning.superseded_by.join(", "), learning.pattern)),
            };
            table.row([strong(&learning.id), plain(&learning.profile), plain(learning.tags.join(",")), pattern]);
        }
        if !body.learnings.is_empty() {
            page.table(&table);
        }
    });
    if body.learnings.is_empty() {
        context.ui.talk("no learning fits");
        context.ui.hint("agentops learn add --pattern \"…\"");
    }
    Ok(Outcome::Done)
}

fn show(arguments: &ShowArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let (listed, path) = learn::show(&site, &arguments.id)?;
    let body = ShowBody { learning: LearningBody::listed(&listed), path };
    context.ui.show(&body, |page| {
        body.learning.fill(page);
        page.indented_label(2, [dim("path")], &body.path);
    });
    Ok(Outcome::Done)
}
