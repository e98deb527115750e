//! What is offered where work begins, as people and programs read it.

use serde::Serialize;

use super::bundle::{HitBody, fill_hits};
use super::learn::{FoundBody, fill_found};
use crate::engine::knowledge::offer::Offer;
use crate::ui::{Page, Ui};

/// Learnings and bundles of any profile that may serve.
#[derive(Debug, Serialize)]
pub(super) struct OfferBody {
    learnings: Vec<FoundBody>,
    bundles: Vec<HitBody>,
}

impl OfferBody {
    pub(super) fn of(offer: &Offer) -> Self {
        Self {
            learnings: offer.learnings.iter().map(FoundBody::of).collect(),
            bundles: offer.bundles.iter().map(HitBody::of).collect(),
        }
    }

    pub(super) fn fill(&self, page: &mut Page) {
        fill_found(page, &self.learnings);
        fill_hits(page, &self.bundles);
    }

    /// Says how `task` makes use of it, where there is something.
    pub(super) fn tell(&self, ui: &Ui, task: &str) {
        if let Some(first) = self.learnings.first() {
            ui.hint(format!("where one of these serves, cite it in what you write: learning:{}", first.id()));
        }
        if let Some(first) = self.bundles.first() {
            ui.hint(format!("to read what others wrote up: agentops bundle load {} --task {task}", first.id()));
        }
    }
}
