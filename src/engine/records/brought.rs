//! What a session brought, read off HEAD: its learnings, and the phases that it worked on.

use std::collections::BTreeSet;

use super::files;
use super::session::Open;
use crate::engine::error::EngineError;
use crate::engine::knowledge::filed;
use crate::engine::site::{Base, Site};
use crate::model::canonical::Canonical as _;
use crate::model::event::{Event, EventKind};
use crate::model::layout::Place;
use crate::model::name::{RecordId, TaskId};
use crate::model::policy::REUSE_SINCE;
use crate::model::record::{Learning, Work};
use crate::model::state::TaskState;
use crate::model::tree::{MAX_STATE_FILE, TreeView as _};

/// The learnings of the record, sorted: those named, or those that the session recorded; for a session that was never
/// begun, those of its actor and tasks.
pub(super) fn learnings(
    site: &Site,
    base: &Base<'_>,
    session: &Open,
    tasks: &[TaskId],
    named: &[String],
) -> Result<Vec<RecordId>, EngineError> {
    let mut ids = BTreeSet::new();
    for prefix in named {
        let (file, _) = filed::find::<Learning>(base, prefix)?;
        if file.profile != session.profile && base.policy.format.laws < REUSE_SINCE {
            return Err(EngineError::usage(
                format!(
                    "learning `{}` belongs to profile `{}`, and this session to `{}`",
                    file.id, file.profile, session.profile
                ),
                "record it there too, with `agentops learn add`",
            ));
        }
        ids.insert(file.id);
    }
    if named.is_empty() && session.head.is_some() {
        ids.extend(learnings_of(site, base, session)?);
    } else if named.is_empty() {
        for file in filed::list::<Learning>(base, Some(&session.profile))? {
            let is_own = |learning: &Learning| {
                learning.actor == session.actor && tasks.iter().any(|task| task.as_str() == learning.task)
            };
            if file.open(base)?.as_ref().is_some_and(is_own) {
                ids.insert(file.id);
            }
        }
    }
    Ok(ids.into_iter().collect())
}

/// The learnings that the session's actor recorded in its profile since it began.
pub(crate) fn learnings_of(site: &Site, base: &Base<'_>, session: &Open) -> Result<Vec<RecordId>, EngineError> {
    let mut ids = Vec::new();
    for (path, place) in files::added_since(site, base, session.head.as_ref())? {
        if !matches!(&place, Place::Learning(profile, _) if *profile == session.profile) {
            continue;
        }
        let bytes = base.tree.file(&path, MAX_STATE_FILE)?.unwrap_or_default();
        let Ok(learning) = Learning::parse(&bytes) else { continue };
        if learning.actor == session.actor && learning.at >= session.started {
            ids.push(learning.id);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

/// The phases worked on: those that the actor's events of this session left or entered again, and where the named tasks
/// stand.
pub(super) fn work(
    site: &Site,
    base: &Base<'_>,
    session: &Open,
    named: &[TaskId],
) -> Result<BTreeSet<Work>, EngineError> {
    let mut work = BTreeSet::new();
    let mut enter = |state: &TaskState, task: &TaskId| {
        work.insert(Work { task: task.clone(), phase: state.phase.clone(), attempt: state.attempt.to_string() });
    };
    if session.head.is_some() {
        for (path, place) in files::added_since(site, base, session.head.as_ref())? {
            let Place::Event(profile, task, _) = place else { continue };
            if profile != session.profile {
                continue;
            }
            let bytes = base.tree.file(&path, MAX_STATE_FILE)?.unwrap_or_default();
            let Ok(event) = Event::parse(&bytes) else { continue };
            if event.actor != session.actor || event.at < session.started {
                continue;
            }
            let chain = base.task(task.as_str())?;
            // An advance speaks of the phase that it left.
            let left = event.prev.first().filter(|_| event.kind == EventKind::Advance);
            let state = left.and_then(|prev| chain.link(prev)).map_or(&event.state, |link| &link.event.state);
            enter(state, &task);
        }
    }
    for task in named {
        for head in base.task(task.as_str())?.heads() {
            enter(&head.event.state, task);
        }
    }
    Ok(work)
}
