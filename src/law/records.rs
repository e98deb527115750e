//! The records that a step adds, for the laws that read them. What cannot be read is AO-E2's to name.

use super::{Case, Context};
use crate::model::canonical::Canonical;
use crate::model::layout::Place;
use crate::model::path::RepoPath;
use crate::model::record::{Learning, Session};
use crate::model::report::Finding;
use crate::model::tree::{MAX_STATE_FILE, SightError};

/// The session records that the step adds.
pub(super) fn new_sessions(case: &Case<'_>) -> Result<Vec<(RepoPath, Session)>, SightError> {
    added(case, |place| matches!(place, Place::Session(..)))
}

/// The learnings that the step adds.
pub(super) fn new_learnings(case: &Case<'_>) -> Result<Vec<(RepoPath, Learning)>, SightError> {
    added(case, |place| matches!(place, Place::Learning(..)))
}

fn added<T: Canonical>(case: &Case<'_>, is_wanted: impl Fn(&Place) -> bool) -> Result<Vec<(RepoPath, T)>, SightError> {
    let mut found = Vec::new();
    for change in case.step.changes()?.iter().filter(|change| change.before.is_none()) {
        if Place::of(&change.path).is_some_and(|place| is_wanted(&place))
            && let Some(bytes) = case.step.next().file(&change.path, MAX_STATE_FILE)?
        {
            found.extend(T::parse(&bytes).ok().map(|record| (change.path.clone(), record)));
        }
    }
    Ok(found)
}

/// What landed is not refused in hindsight for its wording or its records: in a replay such findings are warnings.
pub(super) fn tempered(case: &Case<'_>, finding: Finding) -> Finding {
    if case.context == Context::Replay { finding.warning() } else { finding }
}
