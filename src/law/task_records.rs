//! Finding session records and learnings of a task in a tree.

use crate::model::canonical::Canonical;
use crate::model::layout;
use crate::model::name::{Principal, ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::record::{Learning, Session};
use crate::model::state::TaskState;
use crate::model::time::Date;
use crate::model::tree::{MAX_STATE_FILE, SightError, TreeView};

/// Well-formed records of type `T` below `<profile>/<folder>` in the months from `since` on. Malformed ones are AO-E2's.
fn records<T: Canonical>(
    tree: &dyn TreeView,
    profile: &ProfileName,
    folder: &str,
    since: &Date,
) -> Result<Vec<T>, SightError> {
    let root = RepoPath::from(format!("{}/{folder}", layout::namespace(profile)));
    let first = (since.year().as_bytes(), since.month().as_bytes());
    let mut found = Vec::new();
    for year in tree.list(&root)? {
        let years = root.join(&year.name);
        for month in tree.list(&years)? {
            if (year.name.as_slice(), month.name.as_slice()) < first {
                continue;
            }
            let months = years.join(&month.name);
            for file in tree.list(&months)?.into_iter().filter(|file| file.mode.is_file()) {
                let bytes = tree.blob(&file.id, &months.join(&file.name), MAX_STATE_FILE)?;
                found.extend(T::parse(&bytes).ok());
            }
        }
    }
    Ok(found)
}

/// Who sat on the phase of `state`, with the attempt: for telling doers from voters.
pub(crate) fn sessions_on(
    tree: &dyn TreeView,
    profile: &ProfileName,
    task: &TaskId,
    state: &TaskState,
) -> Result<Vec<(Principal, u32)>, SightError> {
    let sessions: Vec<Session> = records(tree, profile, "sessions", &state.opened)?;
    let mut found = Vec::new();
    for session in sessions {
        for work in session.work.iter().filter(|work| work.task == *task && work.phase == state.phase) {
            found.extend(work.attempt.parse().ok().map(|attempt| (session.actor.clone(), attempt)));
        }
    }
    Ok(found)
}

/// Whether a session record names the task.
pub(crate) fn has_session(
    tree: &dyn TreeView,
    profile: &ProfileName,
    task: &TaskId,
    since: &Date,
) -> Result<bool, SightError> {
    let sessions: Vec<Session> = records(tree, profile, "sessions", since)?;
    Ok(sessions.iter().any(|session| session.work.iter().any(|work| work.task == *task)))
}

/// Whether a learning names the task.
pub(crate) fn has_learning(
    tree: &dyn TreeView,
    profile: &ProfileName,
    task: &TaskId,
    since: &Date,
) -> Result<bool, SightError> {
    let learnings: Vec<Learning> = records(tree, profile, "learnings", since)?;
    Ok(learnings.iter().any(|learning| learning.task == task.as_str()))
}
