//! Arguments that verbs with records share: who acts, where a commit may go, grades; and what is said of suggestions.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{CommandError, Context, Writing};
use crate::engine::Site;
use crate::engine::suggest::Suggestion;
use crate::engine::transact::Target;
use crate::model::record::Grade;
use crate::ui::{Page, Table, dim, plain, strong};

/// Who acts, for verbs that only read or that write no commit of their own.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Acting {
    /// Act as NAME of the config; otherwise AGENTOPS_ACTOR, the agent's own marker, or the e-mail address of git decides
    #[arg(long, value_name = "NAME")]
    pub(super) actor: Option<String>,
}

impl Acting {
    /// The repository at the folder of the call.
    pub(super) fn site<'c>(&self, context: &'c Context) -> Result<Site<'c>, CommandError> {
        Ok(Site::open(&context.dir, &context.env, &context.clock, self.actor.clone())?)
    }
}

/// For verbs that make a commit of their own.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Committing {
    /// Who acts
    #[command(flatten)]
    pub(super) acting: Acting,
    /// Commit on a detached HEAD too
    #[arg(long)]
    pub(super) detach: bool,
    /// Whether to write at all
    #[command(flatten)]
    pub(super) writing: Writing,
}

impl Committing {
    /// HEAD, as the flags say.
    pub(super) fn target(&self) -> Target {
        Target { reference: None, detach: self.detach, dry_run: self.writing.dry_run }
    }
}

/// How much something matters or costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Graded {
    /// Little
    Low,
    /// Some
    Medium,
    /// Much
    High,
}

impl From<Graded> for Grade {
    fn from(graded: Graded) -> Self {
        match graded {
            Graded::Low => Self::Low,
            Graded::Medium => Self::Medium,
            Graded::High => Self::High,
        }
    }
}

/// A suggestion as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct SuggestionBody {
    number: usize,
    command: String,
    why: String,
    #[serde(rename = "for")]
    whom: &'static str,
}

/// Suggestions with their numbers, from 1.
pub(super) fn suggestion_bodies(suggestions: &[Suggestion]) -> Vec<SuggestionBody> {
    let body = |(index, suggestion): (usize, &Suggestion)| SuggestionBody {
        number: index + 1,
        command: suggestion.command.clone(),
        why: suggestion.why.clone(),
        whom: if suggestion.for_human { "human" } else { "anyone" },
    };
    suggestions.iter().enumerate().map(body).collect()
}

/// The same for people.
pub(super) fn fill_suggestions(page: &mut Page, suggestions: &[SuggestionBody]) {
    let mut table = Table::without_headings();
    for suggestion in suggestions {
        let why =
            if suggestion.whom == "human" { format!("{} (a human's)", suggestion.why) } else { suggestion.why.clone() };
        table.row([plain(format!("{:>3}.", suggestion.number)), strong(&suggestion.command), dim(why)]);
    }
    page.table(&table);
}
