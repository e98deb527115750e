//! Learnings that a search found, as people and programs read them.

use serde::Serialize;

use super::{LearningBody, NearBody};
use crate::engine::knowledge::search::{Aged, Change, Found, Link, Linked};
use crate::ui::{Page, dim, plain, strong, warning};

/// So many near or replaced ones are shown below one.
const LINKED: usize = 5;

/// A learning that fits.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct FoundBody {
    #[serde(flatten)]
    learning: LearningBody,
    /// Comparable within one search only.
    score: f32,
    /// Evidence that is not as it was, or not where it was; where some changed or is gone, the score is halved.
    aged: Vec<AgedBody>,
    linked: Vec<LinkedBody>,
}

#[derive(Debug, Serialize)]
struct AgedBody {
    evidence: String,
    change: &'static str,
    /// The path that it moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// The commit that brought the learning.
    since: String,
    #[serde(skip)]
    sentence: String,
    #[serde(skip)]
    speaks_against: bool,
}

#[derive(Debug, Serialize)]
struct LinkedBody {
    #[serde(flatten)]
    learning: NearBody,
    link: &'static str,
    aged: Vec<AgedBody>,
}

impl AgedBody {
    fn of(aged: &Aged) -> Self {
        Self {
            evidence: aged.evidence.clone(),
            change: match aged.change {
                Change::Changed => "changed",
                Change::Gone => "gone",
                Change::Moved(_) => "moved",
            },
            to: match &aged.change {
                Change::Moved(to) => Some(to.to_string()),
                Change::Changed | Change::Gone => None,
            },
            since: aged.since.to_string(),
            sentence: aged.sentence(),
            speaks_against: aged.speaks_against(),
        }
    }
}

impl LinkedBody {
    fn of(linked: &Linked) -> Self {
        Self {
            learning: NearBody::of(&linked.learning),
            link: match linked.link {
                Link::Near => "near",
                Link::Superseded => "superseded",
            },
            aged: linked.aged.iter().map(AgedBody::of).collect(),
        }
    }
}

impl FoundBody {
    pub(in crate::cli) fn id(&self) -> &str {
        &self.learning.id
    }

    pub(in crate::cli) fn of(found: &Found) -> Self {
        Self {
            learning: LearningBody::of(&found.learning, &found.superseded_by),
            score: found.score,
            aged: found.aged.iter().map(AgedBody::of).collect(),
            linked: found.linked.iter().map(LinkedBody::of).collect(),
        }
    }
}

/// Learnings one behind the other, with what people need to judge them.
pub(in crate::cli) fn fill_found(page: &mut Page, all: &[FoundBody]) {
    for FoundBody { learning, aged, linked, .. } in all {
        let tags = if learning.tags.is_empty() { String::new() } else { format!(", {}", learning.tags.join(", ")) };
        page.line([strong(&learning.id), plain(format!("  {}{tags}", learning.profile))]);
        page.wrapped(2, &learning.pattern);
        if !learning.application.is_empty() {
            page.indented_label(2, [dim("application")], &learning.application);
        }
        if !learning.evidence.is_empty() {
            page.indented_label(2, [dim("evidence")], learning.evidence.join(", "));
        }
        for aged in aged {
            let label = if aged.speaks_against { warning("ranked lower") } else { dim("moved") };
            page.indented_label(2, [label], &aged.sentence);
        }
        if !learning.superseded_by.is_empty() {
            page.indented_label(2, [warning("superseded by")], learning.superseded_by.join(", "));
        }
        for LinkedBody { learning: NearBody { id, profile, pattern }, link, aged } in linked.iter().take(LINKED) {
            let aged: String = aged.iter().map(|aged| format!("; {}", aged.sentence)).collect();
            page.indented_label(2, [dim(link)], format!("{id} ({profile}): {pattern}{aged}"));
        }
        if let Some(more) = linked.len().checked_sub(LINKED).filter(|more| *more > 0) {
            page.indented_label(2, [dim("and")], format!("{more} more that are near or replaced; `--json` has them"));
        }
    }
}
