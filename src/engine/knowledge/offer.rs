//! What is offered to whoever begins to look into something: what others found out and wrote up, of any profile.
//!
//! The event that begins the work keeps what was shown, so that it can be told later what of it was used.

use super::bundles::shelf::{self, Hit};
use super::corpus::Memory;
use super::likeness::Words;
use super::search::{self, Found, Link, Question};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::event::Event;
use crate::model::name::{RecordId, Word};
use crate::model::record::Learning;
use crate::model::state::{Stage, Status, TaskState};

/// The note of an event that says which learnings were shown when it was made: their ids, with spaces between.
pub const LEARNINGS_NOTE: &str = "learnings_shown";
/// The same of bundles.
pub const BUNDLES_NOTE: &str = "bundles_shown";

/// So many of each are shown: more is not read.
const MOST: usize = 3;
/// So many different words of the title a learning must have; in a context all, where it has fewer, at the beginning of work there
/// is nothing to offer then. A bundle must have half of the title's, too: a long text has two words of anything.
const SHARED: usize = 2;

/// What may serve at the beginning of some work. What else is to be offered there belongs in here.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The nearest learnings, the nearest first.
    pub learnings: Vec<Found>,
    /// The nearest bundles, the nearest first.
    pub bundles: Vec<Hit>,
}

impl Offer {
    /// What may serve a task in `state`: something where its research begins, nothing elsewhere.
    pub(crate) fn of(site: &Site, base: &Base<'_>, state: &TaskState) -> Result<Self, EngineError> {
        if state.stage != Stage::Research || state.status != Status::Working {
            return Ok(Self::default());
        }
        let title = Words::of(&state.title);
        if title.count() < SHARED {
            // One word is said of too many things.
            return Ok(Self::default());
        }
        let learnings = nearest(site, base, &state.title, MOST, Memory::Clone)?;
        let wanted = SHARED.max(title.count().div_ceil(2));
        let mut bundles = shelf::search_at(base, &state.title, &shelf::Filter::default())?;
        bundles.retain(|hit| title.shared(&Words::of(&shelf::searched(&hit.shelved))) >= wanted);
        bundles.truncate(MOST);
        Ok(Self { learnings, bundles })
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.learnings.is_empty() && self.bundles.is_empty()
    }

    /// What the event keeps of it.
    pub(crate) fn notes(&self) -> Result<Vec<(Word, String)>, EngineError> {
        let linked = |found: &Found| found.linked.iter().map(|linked| linked.learning.id.clone()).collect::<Vec<_>>();
        let learnings =
            self.learnings.iter().flat_map(|found| [vec![found.learning.id.clone()], linked(found)].concat());
        let bundles = self.bundles.iter().map(|hit| hit.shelved.bundle.head.id.clone());
        let mut notes = Vec::new();
        for (key, ids) in [(LEARNINGS_NOTE, learnings.collect()), (BUNDLES_NOTE, bundles.collect::<Vec<_>>())] {
            if !ids.is_empty() {
                let ids: Vec<&str> = ids.iter().map(RecordId::as_str).collect();
                notes.push((Word::parse(key)?, ids.join(" ")));
            }
        }
        Ok(notes)
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
    let serves = |learning: &Learning| {
        let tags = learning.tags.iter().map(Word::as_str).collect::<Vec<_>>().join(" ");
        is_about(&words, &[&learning.pattern, &learning.application, &tags].map(String::as_str).join("\n"))
    };
    // Whoever replaces a learning need not say it again in the same words: it is about what the replaced one is about.
    learnings.retain(|found| {
        let replaced = found.linked.iter().filter(|linked| linked.link == Link::Superseded);
        serves(&found.learning) || replaced.into_iter().any(|linked| serves(&linked.learning))
    });
    learnings.truncate(most);
    Ok(learnings)
}

/// Whether a text has enough words of a title to be offered.
pub(crate) fn is_about(title: &Words, text: &str) -> bool {
    title.shared(&Words::of(text)) >= SHARED.min(title.count())
}

/// The records that the event's `note` says were shown when it was made.
pub(crate) fn shown_by<'e>(event: &'e Event, note: &str) -> impl Iterator<Item = RecordId> + use<'e> {
    let note = event.note.iter().find(|(key, _)| key.as_str() == note);
    note.into_iter().flat_map(|(_, ids)| ids.split(' ')).filter_map(|id| RecordId::parse(id).ok())
}
