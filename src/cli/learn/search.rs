//! `agentops learn search`.

use clap::Args;
use serde::Serialize;

use super::found::{FoundBody, fill_found};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::knowledge::search::{self, Question};

/// Find learnings by words, of all profiles
///
/// Looked for are the words of pattern, application, evidence and tags, in any order; English endings do not matter. A
/// learning whose cited lines changed since it came ranks lower, one that another replaces is shown with that one, and those
/// that say much the same are shown as one.
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops learn search retry jitter
  agentops learn search \"index ignored\" --tag database --limit 3
  agentops learn search retry --profile sre --json")]
pub struct Arguments {
    /// What it is about
    #[arg(value_name = "WORDS", required = true)]
    words: Vec<String>,
    /// Only this profile
    #[arg(long, value_name = "NAME", alias = "flavor")]
    profile: Option<String>,
    /// Only learnings with this tag
    #[arg(long, value_name = "WORD")]
    tag: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = crate::cli::how_many)]
    limit: usize,
}

#[derive(Serialize)]
struct SearchBody {
    learnings: Vec<FoundBody>,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let Arguments { words, profile, tag, limit } = arguments;
    let question = Question { words: words.join(" "), profile, tag, limit };
    let found = search::search(&site, &question)?;
    let body = SearchBody { learnings: found.iter().map(FoundBody::of).collect() };
    context.ui.show(&body, |page| fill_found(page, &body.learnings));
    if body.learnings.is_empty() {
        context.ui.talk("no learning has any of these words");
        context.ui.hint("agentops learn list");
    }
    Ok(Outcome::Done)
}
