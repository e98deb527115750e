//! `agentops context`: what a fresh agent needs for the phase that a task is in; what an agent was given.

use serde::Serialize;

use super::{CommandError, Context, Outcome};
use crate::engine::Site;
use crate::engine::context::given::{self, Shown};
use crate::engine::context::item::{About, Item, LeftOut};
use crate::engine::context::{self, Assembled, Request};
use crate::ui::{Mode, Page, Table, Ui, dim, plain, strong, warning};

/// Print what a fresh agent needs for the phase that a task is in, within a budget of tokens
///
/// Standard output is exactly what the agent reads. The same commit, task and budget give the same bytes in every clone; what is
/// not committed is not in it. What has no room is named at the end with the command that fetches it.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    before_long_help = "Examples:
  agentops context auth-k3f9
  agentops context auth --budget 8000 > context.md
  agentops context auth-k3f9 --explain
  agentops context show 3f9a2c41

Exit codes: 5 where the budget is too small to say what the task is, 6 where the task is forked."
)]
pub struct Arguments {
    /// The task, or the beginning of its id
    #[arg(value_name = "ID", required = true)]
    task: Option<String>,
    /// Tokens that the text may have; otherwise a quarter of the phase's budget
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    budget: Option<u32>,
    /// Instead of the text, say what is in it and why, what is left out, and what the cache knew
    #[arg(long)]
    explain: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What else there is to ask.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Print a context again, byte for byte as an agent was given it
    #[command(before_long_help = "Examples:
  agentops context show 3f9a2c41
  agentops context show 3f9a2c41 --json

It is made again from what this clone kept or an event at HEAD names, and held against the digest;
bytes with another digest are never printed.")]
    Show {
        /// The digest of its text, or the beginning of it
        #[arg(value_name = "DIGEST")]
        digest: String,
    },
}

/// A context as programs read it.
#[derive(Serialize)]
pub(super) struct ContextBody {
    task: String,
    profile: String,
    phase: String,
    commit: String,
    digest: String,
    recipe: u32,
    budget: u32,
    tokens: usize,
    /// Tokens that the sources of the items have and the items have not.
    tokens_saved: usize,
    items: Vec<ItemBody>,
    left_out: Vec<LeftOutBody>,
    cache: CacheBody,
    /// Null with `--explain`: then nobody was given it.
    pub(super) text: Option<String>,
}

#[derive(Serialize)]
struct ItemBody {
    rank: usize,
    #[serde(flatten)]
    about: AboutBody,
    /// `whole`, `shortened` or `lines a-b`.
    form: String,
    tokens: usize,
    /// Tokens of all of its source.
    tokens_of_source: usize,
}

#[derive(Serialize)]
struct LeftOutBody {
    #[serde(flatten)]
    about: AboutBody,
    why: String,
    tokens: Option<usize>,
}

#[derive(Serialize)]
struct AboutBody {
    kind: &'static str,
    title: String,
    source: String,
    reason: String,
    command: String,
}

#[derive(Serialize)]
struct CacheBody {
    lookups: usize,
    hits: usize,
    /// Null where nothing was looked up.
    rate: Option<f64>,
}

#[derive(Serialize)]
struct ShownBody {
    task: String,
    commit: String,
    digest: String,
    recipe: u32,
    budget: u32,
    /// Null where it was made again; otherwise why it could not be, and what stands here is what this clone kept.
    kept_because: Option<String>,
    text: String,
}

impl AboutBody {
    /// Its source, with its kind where the source does not say that.
    fn named(&self) -> String {
        if self.source.starts_with(self.kind) { self.source.clone() } else { format!("{} {}", self.kind, self.source) }
    }

    fn of(about: &About) -> Self {
        let About { kind, title, source, reason, command } = about.clone();
        Self { kind: kind.as_str(), title, source, reason, command }
    }
}

impl ContextBody {
    fn of(assembled: &Assembled) -> Self {
        let item = |(rank, item): (usize, &Item)| ItemBody {
            rank,
            about: AboutBody::of(&item.about),
            form: item.form.to_string(),
            tokens: item.tokens,
            tokens_of_source: item.of,
        };
        let left_out = |left: &LeftOut| LeftOutBody {
            about: AboutBody::of(&left.about),
            why: left.why.to_string(),
            tokens: left.tokens,
        };
        let cache = assembled.cache;
        let rate = (cache.lookups > 0).then(|| (cache.hits as f64 / cache.lookups as f64 * 1e3).round() / 1e3);
        Self {
            task: assembled.task.to_string(),
            profile: assembled.profile.to_string(),
            phase: assembled.phase.to_string(),
            commit: assembled.commit.to_string(),
            digest: assembled.digest.hex(),
            recipe: assembled.recipe,
            budget: assembled.budget,
            tokens: assembled.tokens,
            tokens_saved: assembled.saved(),
            items: (1..).zip(&assembled.items).map(item).collect(),
            left_out: assembled.left_out.iter().map(left_out).collect(),
            cache: CacheBody { lookups: cache.lookups, hits: cache.hits, rate },
            text: None,
        }
    }

    fn explain(&self, page: &mut Page) {
        page.line([
            strong(&self.task),
            plain(format!(
                ", phase {}: {} of {} tokens, recipe {}, commit {}",
                self.phase,
                self.tokens,
                self.budget,
                self.recipe,
                &self.commit[..12]
            )),
        ]);
        page.indented_label(2, [dim("digest")], &self.digest);
        page.blank();
        let mut table = Table::new(["rank", "tokens", "form", "kind", "source"]);
        for item in &self.items {
            table.row([
                plain(item.rank),
                plain(item.tokens),
                plain(&item.form),
                plain(item.about.kind),
                plain(&item.about.source),
            ]);
        }
        page.table(&table);
        for item in &self.items {
            page.indented_label(2, [dim(item.rank)], &item.about.reason);
        }
        if !self.left_out.is_empty() {
            page.blank();
            page.line([strong("left out")]);
        }
        for left in &self.left_out {
            let tokens = left.tokens.map(|tokens| format!(", {tokens} tokens")).unwrap_or_default();
            page.line([plain("  "), warning(&left.why), plain(format!(": {}{tokens}", left.about.named()))]);
            page.indented_label(4, [dim("why asked for")], &left.about.reason);
            page.line([plain(format!("    {}", left.about.command))]);
        }
        page.blank();
        let CacheBody { lookups, hits, rate } = &self.cache;
        let rate = rate.map_or("nothing was looked up".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        page.line([plain(format!("cache: {hits} of {lookups} known ({rate}); tokens saved: {}", self.tokens_saved))]);
    }
}

/// Runs the verb.
pub(super) fn run(arguments: Arguments, context: &Context) -> Result<Outcome, CommandError> {
    match arguments.verb {
        Some(Verb::Show { digest }) => show(&digest, context),
        None => {
            let request = Request { task: arguments.task.unwrap_or_default(), budget: arguments.budget };
            give(&request, arguments.explain, context)
        }
    }
}

fn give(request: &Request, explain: bool, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let assembled = context::assemble(&site, request)?;
    let ui = &context.ui;
    if explain {
        let body = ContextBody::of(&assembled);
        ui.show(&body, |page| body.explain(page));
        return Ok(Outcome::Done);
    }
    let given = Given::of(&site, assembled);
    match ui.mode() {
        Mode::Json => ui.show(&given.body, |_| {}),
        Mode::Human => ui.bytes(given.text().as_bytes()),
    }
    given.tell(ui);
    Ok(Outcome::Done)
}

/// A context that is handed to whoever reads standard output, and noted in this clone.
pub(super) struct Given {
    /// With its text.
    pub(super) body: ContextBody,
    recorded: Result<(), String>,
}

impl Given {
    /// Notes it.
    pub(super) fn of(site: &Site<'_>, assembled: Assembled) -> Self {
        let mut body = ContextBody::of(&assembled);
        let recorded = given::record(site, &assembled).map_err(|error| error.to_string());
        body.text = Some(assembled.text);
        Self { body, recorded }
    }

    /// What the agent reads.
    pub(super) fn text(&self) -> &str {
        self.body.text.as_deref().unwrap_or_default()
    }

    /// Says how large it is and how it is seen again.
    pub(super) fn tell(&self, ui: &Ui) {
        let body = &self.body;
        match &self.recorded {
            Ok(()) => ui.talk(format!(
                "{} of {} tokens, {} left out; to see it again: agentops context show {}",
                body.tokens,
                body.budget,
                body.left_out.len(),
                &body.digest[..12]
            )),
            Err(error) => ui.warning(format!("what was given is not noted, so no event will name it: {error}")),
        }
    }
}

fn show(digest: &str, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let Shown { task, given, text, made_again } = given::show(&site, digest)?;
    let body = ShownBody {
        task: task.to_string(),
        commit: given.commit.to_string(),
        digest: given.digest.hex(),
        recipe: given.recipe,
        budget: given.budget,
        kept_because: made_again.err(),
        text,
    };
    let ui = &context.ui;
    if ui.mode() == Mode::Json {
        ui.show(&body, |_| {});
        return Ok(Outcome::Done);
    }
    ui.bytes(body.text.as_bytes());
    match &body.kept_because {
        None => ui.talk(format!("of `{}`, made again from commit {}", body.task, given.commit.short())),
        Some(why) => ui.talk(format!("of `{}`, as this clone kept it: {why}", body.task)),
    }
    Ok(Outcome::Done)
}
