//! The records that a step adds, for the laws that read them.

use super::{Case, Context};
use crate::model::canonical::{Canonical, FormError};
use crate::model::layout::Place;
use crate::model::path::RepoPath;
use crate::model::record::{Learning, Session};
use crate::model::report::Finding;
use crate::model::tree::{MAX_STATE_FILE, SightError};

/// A record with its path, or why it cannot be read.
pub(super) type Found<T> = (RepoPath, Result<T, FormError>);

/// The session records that the step adds.
pub(super) fn new_sessions(case: &Case<'_>) -> Result<Vec<Found<Session>>, SightError> {
    added(case, |place| matches!(place, Place::Session(..)))
}

/// The learnings that the step adds.
pub(super) fn new_learnings(case: &Case<'_>) -> Result<Vec<Found<Learning>>, SightError> {
    added(case, |place| matches!(place, Place::Learning(..)))
}

/// The session records that can be read; AO-L1 names the others.
pub(super) fn readable_sessions(case: &Case<'_>) -> Result<Vec<(RepoPath, Session)>, SightError> {
    Ok(new_sessions(case)?.into_iter().filter_map(|(path, session)| Some((path, session.ok()?))).collect())
}

fn added<T: Canonical>(case: &Case<'_>, is_wanted: impl Fn(&Place) -> bool) -> Result<Vec<Found<T>>, SightError> {
    let mut found = Vec::new();
    for change in case.step.changes()?.iter().filter(|change| change.before.is_none()) {
        if Place::of(&change.path).is_some_and(|place| is_wanted(&place))
            && let Some(bytes) = case.step.next().file(&change.path, MAX_STATE_FILE)?
        {
            found.push((change.path.clone(), T::parse(&bytes)));
        }
    }
    Ok(found)
}

/// What landed is not refused in hindsight for its wording or its records: in a replay such findings are warnings.
pub(super) fn tempered(case: &Case<'_>, finding: Finding) -> Finding {
    if case.context == Context::Replay { finding.warning() } else { finding }
}
