//! The records that a step adds, for the laws that read them. What cannot be read is AO-E2's to name.

use super::{Case, Context};
use crate::model::canonical::Canonical;
use crate::model::decision::Decision;
use crate::model::layout::Place;
use crate::model::path::RepoPath;
use crate::model::policy::DECISIONS_SINCE;
use crate::model::record::{Learning, Session};
use crate::model::report::Finding;
use crate::model::tree::{MAX_STATE_FILE, SightError, TreeView};

/// The session records that the step adds.
pub(super) fn new_sessions(case: &Case<'_>) -> Result<Vec<(RepoPath, Session)>, SightError> {
    added(case, |place| matches!(place, Place::Session(..)))
}

/// The learnings that the step adds.
pub(super) fn new_learnings(case: &Case<'_>) -> Result<Vec<(RepoPath, Learning)>, SightError> {
    added(case, |place| matches!(place, Place::Learning(..)))
}

/// The decisions on improvements that the step adds. Before they were known, a file in their place was a document.
pub(super) fn new_decisions(case: &Case<'_>) -> Result<Vec<(RepoPath, Decision)>, SightError> {
    if case.policy.format.laws < DECISIONS_SINCE {
        return Ok(Vec::new());
    }
    added(case, |place| matches!(place, Place::Decision(..)))
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

/// The path of the record called `file` below `root`, whose folders are years and months.
pub(super) fn find_in_months(tree: &dyn TreeView, root: &RepoPath, file: &str) -> Result<Option<RepoPath>, SightError> {
    for year in tree.list(root)? {
        let year = root.join(&year.name);
        for month in tree.list(&year)? {
            let path = year.join(&month.name).join(file.as_bytes());
            if tree.entry(&path)?.is_some() {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// What landed is not refused in hindsight for its wording or its records: in a replay such findings are warnings.
pub(super) fn tempered(case: &Case<'_>, finding: Finding) -> Finding {
    if case.context == Context::Replay { finding.warning() } else { finding }
}
