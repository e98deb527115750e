//! What is offered to whoever begins to look into something: what others found out, of any profile.
//!
//! The event that begins the work keeps what was shown, so that it can be told later what of it was used.

use super::corpus::Memory;
use super::likeness::Words;
use super::search::{self, Found, Question};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::event::Event;
use crate::model::name::{RecordId, Word};
use crate::model::state::{Stage, Status, TaskState};

/// The note of an event that says which learnings were shown when it was made: their ids, with spaces between.
pub const SHOWN_NOTE: &str = "learnings_shown";

/// So many are shown: more is not read.
const MOST: usize = 3;
/// So many different words of the title a learning must have, or all where it has fewer.
const SHARED: usize = 2;

/// What may serve at the beginning of some work. What else is to be offered there belongs in here.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The nearest learnings, the nearest first.
    pub learnings: Vec<Found>,
}

impl Offer {
    /// What may serve a task in `state`: something where its research begins, nothing elsewhere.
    pub(crate) fn of(site: &Site, base: &Base<'_>, state: &TaskState) -> Result<Self, EngineError> {
        if state.stage != Stage::Research || state.status != Status::Working {
            return Ok(Self::default());
        }
        Ok(Self { learnings: nearest(site, base, &state.title, MOST, Memory::Clone)? })
    }

    /// What the event keeps of it.
    pub(crate) fn notes(&self) -> Result<Vec<(Word, String)>, EngineError> {
        if self.learnings.is_empty() {
            return Ok(Vec::new());
        }
        let linked = |found: &Found| found.linked.iter().map(|linked| linked.learning.id.clone()).collect::<Vec<_>>();
        let all =
            self.learnings.iter().flat_map(|found| std::iter::once(found.learning.id.clone()).chain(linked(found)));
        let ids: Vec<String> = all.map(|id| id.to_string()).collect();
        Ok(vec![(Word::parse(SHOWN_NOTE)?, ids.join(" "))])
    }
}

/// The learnings of any profile that are about what `title` says, the nearest first, at most `most`.
pub(crate) fn nearest(
    site: &Site,
    base: &Base<'_>,
    title: &str,
    most: usize,
    memory: Memory,
) -> Result<Vec<Found>, EngineError> {
    let words = Words::of(title);
    let question = Question { words: title.to_owned(), limit: 4 * most, ..Question::default() };
    let mut learnings = search::search_at(site, base, &question, memory)?;
    learnings.retain(|found| {
        let learning = &found.learning;
        let tags = learning.tags.iter().map(Word::as_str).collect::<Vec<_>>().join(" ");
        is_about(&words, &[&learning.pattern, &learning.application, &tags].map(String::as_str).join("\n"))
    });
    learnings.truncate(most);
    Ok(learnings)
}

/// Whether a text has enough words of a title to be offered.
pub(crate) fn is_about(title: &Words, text: &str) -> bool {
    title.shared(&Words::of(text)) >= SHARED.min(title.count())
}

/// The learnings that were shown when the event was made.
pub(crate) fn shown_by(event: &Event) -> impl Iterator<Item = RecordId> {
    let note = event.note.iter().find(|(key, _)| key.as_str() == SHOWN_NOTE);
    note.into_iter().flat_map(|(_, ids)| ids.split(' ')).filter_map(|id| RecordId::parse(id).ok())
}
