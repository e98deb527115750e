//! `agentops bundle`: contexts made shorter, found again, loaded and proved.

mod list;
mod load;
mod save;
mod verify;

pub(super) use list::{HitBody, fill_hits};
pub(super) use save::tell_handed_over;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::acting::Acting;
use super::{CommandError, Context, Outcome};
use crate::engine::knowledge::bundles::shelf::{self, Shelved};
use crate::model::bundle::{Bundle, BundleType, as_uuid};
use crate::ui::{Page, dim, plain, strong};

/// Save what the next phase must know of longer texts, find it again, load it
#[derive(Debug, Subcommand)]
#[command(before_long_help = "Examples:
  agentops bundle save --task auth-k3f9
  agentops bundle search \"session cookies\"
  agentops bundle load 01kq
  agentops bundle verify 01kq")]
pub enum Verb {
    /// Shorten texts to what must be kept and what matters most: one commit of one file
    #[command(before_long_help = "Examples:
  agentops bundle save --task auth-k3f9
  agentops bundle save --task auth-k3f9 --phase research --tag cookies
  agentops bundle save docs/design.md notes/limits.md --type research --name session-design
  agentops bundle save docs/design.md --profile sre --dry-run

Sources are files as committed at HEAD; with a task and no paths, the documents of its phase. A fact
that must be kept and is not in the bundle refuses it: paths, `path:line`, commands, decisions, what
is forbidden, and lines marked !keep.")]
    Save(SaveArguments),
    /// Print exactly what would go into a context, and say whether it still holds
    #[command(before_long_help = "Examples:
  agentops bundle load 01kq3v9d
  agentops bundle load auth-k3f9-research --task auth-k3f9
  agentops bundle load 01kq3v9d --used 52000 --json

Standard output is the text. Standard error says what changed since, whether the bundle fits the
task's phase, and what the context would take of the phase's budget; above it, exit code 5.")]
    Load(LoadArguments),
    /// List bundles of all profiles, newest first
    #[command(before_long_help = "Examples:
  agentops bundle list
  agentops bundle list --task auth-k3f9 --type plan
  agentops bundle list --profile sre --tag database --json")]
    List(ListArguments),
    /// Find bundles by what they say, the best first
    #[command(before_long_help = "Examples:
  agentops bundle search \"session cookies\"
  agentops bundle search \"retry limit\" --profile sre --limit 3 --json")]
    Search(SearchArguments),
    /// Show one bundle with what it was made of
    #[command(before_long_help = "Examples:
  agentops bundle show 01kq3v9d
  agentops bundle show 01563e3a-b5d3-d676-4c61-efb99302bd5b --json")]
    Show(ShowArguments),
    /// Look up every fact again in the sources as they were
    #[command(before_long_help = "Examples:
  agentops bundle verify 01kq3v9d
  agentops bundle verify 01kq3v9d --json

Exit codes: 0 the bundle holds as far as its sources are here, 3 it does not, 1 none of them is.")]
    Verify(VerifyArguments),
}

/// Arguments of `bundle save`.
#[derive(Debug, Args)]
pub struct SaveArguments {
    /// Files as committed at HEAD, from the top of the repository
    #[arg(value_name = "PATH")]
    sources: Vec<String>,
    /// The task it belongs to
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// The phase of that task; otherwise the last one that has documents
    #[arg(long, value_name = "PHASE", requires = "task")]
    phase: Option<String>,
    /// What it carries over; otherwise as the phase says
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<TypeName>,
    /// The profile it belongs to; otherwise that of the task, or the only one
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// A name to find it by; otherwise made of task and phase, or of the first path
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A word to find it by; may be given several times
    #[arg(long, value_name = "WORD")]
    tag: Vec<String>,
    #[command(flatten)]
    acting: Acting,
}

/// Arguments of `bundle load`.
#[derive(Debug, Args)]
pub struct LoadArguments {
    /// The beginning of its id or UUID, its name, or TASK-PHASE
    #[arg(value_name = "ID")]
    id: String,
    /// The task it is for; otherwise its own
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// Tokens that the context holds already
    #[arg(long, value_name = "TOKENS", default_value_t = 0, hide_default_value = true)]
    used: u32,
}

/// Arguments of `bundle list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    filter: Filtering,
}

/// Arguments of `bundle search`.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// What the bundle is to be about
    #[arg(value_name = "WORDS")]
    words: String,
    #[command(flatten)]
    filter: Filtering,
}

/// Which bundles are meant.
#[derive(Debug, Args)]
struct Filtering {
    /// Only this profile
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// Only this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<TypeName>,
    /// Only bundles with this tag
    #[arg(long, value_name = "WORD")]
    tag: Option<String>,
    /// Only bundles of this task
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", value_parser = crate::cli::how_many)]
    limit: Option<usize>,
}

impl Filtering {
    fn lowered(self) -> shelf::Filter {
        let Self { profile, kind, tag, task, limit } = self;
        shelf::Filter { profile, kind: kind.map(Into::into), tag, task, limit }
    }
}

/// Arguments of `bundle show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The beginning of its id or UUID, its name, or TASK-PHASE
    #[arg(value_name = "ID")]
    id: String,
}

/// Arguments of `bundle verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The beginning of its id or UUID, its name, or TASK-PHASE
    #[arg(value_name = "ID")]
    id: String,
}

/// The names of [`BundleType`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TypeName {
    /// Findings: decisions, constraints, the recommendation
    Research,
    /// Intentions: places, commands, the way back
    Plan,
    /// The state of the work: done, remaining, where git stands
    Progress,
}

impl From<TypeName> for BundleType {
    fn from(name: TypeName) -> Self {
        match name {
            TypeName::Research => Self::Research,
            TypeName::Plan => Self::Plan,
            TypeName::Progress => Self::Progress,
        }
    }
}

/// A bundle without its body, as documents tell it.
#[derive(Debug, Serialize)]
pub(super) struct BundleBody {
    id: String,
    uuid: Option<String>,
    profile: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    actor: String,
    at: String,
    task: Option<String>,
    phase: Option<String>,
    compressor: String,
    estimator: String,
    tokens_before: usize,
    tokens_after: usize,
    ratio: String,
    tags: Vec<String>,
    sources: Vec<SourceBody>,
    path: String,
}

#[derive(Debug, Serialize)]
struct SourceBody {
    path: String,
    blob: String,
}

impl BundleBody {
    pub(super) fn of(Shelved { bundle: Bundle { head, .. }, path }: &Shelved) -> Self {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            id: head.id.to_string(),
            uuid: as_uuid(&head.id),
            profile: head.profile.to_string(),
            name: head.name.to_string(),
            kind: head.kind.as_str(),
            actor: head.actor.to_string(),
            at: head.at.to_string(),
            task: some(&head.task),
            phase: some(&head.phase),
            compressor: head.compressor.to_string(),
            estimator: head.estimator.to_string(),
            tokens_before: head.tokens_before,
            tokens_after: head.tokens_after,
            ratio: head.ratio.clone(),
            tags: head.tags.iter().map(ToString::to_string).collect(),
            sources: head
                .sources
                .iter()
                .map(|source| SourceBody { path: source.path.clone(), blob: source.blob.to_string() })
                .collect(),
            path: path.to_string(),
        }
    }

    fn fill(&self, page: &mut Page) {
        page.line([strong(&self.id), plain(format!("  {}", self.name))]);
        let place = match (&self.task, &self.phase) {
            (Some(task), Some(phase)) => format!(", {task} in phase {phase}"),
            (Some(task), None) => format!(", {task}"),
            (None, _) => String::new(),
        };
        page.indented_label(2, [dim("type")], format!("{}, {}{place}", self.kind, self.profile));
        page.indented_label(2, [dim("saved")], format!("{} by {} ({})", self.at, self.actor, self.compressor));
        page.indented_label(
            2,
            [dim("tokens")],
            format!("{} of {}, {} to 1 ({})", self.tokens_after, self.tokens_before, self.ratio, self.estimator),
        );
        for source in &self.sources {
            page.indented_label(2, [dim("source")], format!("{} {}", &source.blob[..12], source.path));
        }
        if !self.tags.is_empty() {
            page.indented_label(2, [dim("tags")], self.tags.join(", "));
        }
        page.indented_label(2, [dim("path")], &self.path);
    }
}

#[derive(Serialize)]
struct ShowBody {
    bundle: BundleBody,
    /// Tasks to which it was shown.
    shown_to: Vec<String>,
    /// Sessions in which it was loaded.
    loaded_in: Vec<String>,
    body: String,
}

/// Runs the verb.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Save(arguments) => save::run(arguments, context),
        Verb::Load(arguments) => load::run(arguments, context),
        Verb::List(arguments) => list::list(arguments.filter, context),
        Verb::Search(arguments) => list::search(arguments, context),
        Verb::Show(arguments) => show(&arguments, context),
        Verb::Verify(arguments) => verify::run(&arguments, context),
    }
}

fn show(arguments: &ShowArguments, context: &Context) -> Result<Outcome, CommandError> {
    let (shelved, reuse) = shelf::show(&context.site(None)?, &arguments.id)?;
    let body = ShowBody {
        bundle: BundleBody::of(&shelved),
        shown_to: reuse.shown.iter().map(ToString::to_string).collect(),
        loaded_in: reuse.loaded.iter().map(ToString::to_string).collect(),
        body: shelved.bundle.body.clone(),
    };
    context.ui.show(&body, |page| {
        body.bundle.fill(page);
        for (what, by) in [("shown to", &body.shown_to), ("loaded in", &body.loaded_in)] {
            if !by.is_empty() {
                page.indented_label(2, [dim(what)], by.join(", "));
            }
        }
        if body.shown_to.is_empty() && body.loaded_in.is_empty() {
            page.line([dim("  no evidence of use")]);
        }
        page.blank();
        page.text(&body.body);
    });
    Ok(Outcome::Done)
}
