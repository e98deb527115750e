//! Suggestions and grades as the command line has them.

use clap::ValueEnum;
use serde::Serialize;

use crate::engine::records::suggest::Suggestion;
use crate::model::record::Grade;
use crate::ui::{Page, Table, dim, plain, strong};

/// The names of [`Grade`].
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
        table.row([plain(format!("{:>3}.", suggestion.number)), strong(&suggestion.command), dim(&suggestion.why)]);
    }
    page.table(&table);
}
