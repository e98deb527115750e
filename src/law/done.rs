//! What a task that reaches done must have brought: the parts of AO-L1 and AO-L2 that speak of tasks.

use super::records::tempered;
use super::{Case, Findings};
use crate::model::policy::ActorKind;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// AO-L1: a task's last advance brings at least one learning.
pub(crate) fn check_learning(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for task in case.tasks()? {
        for link in task.fresh_endings() {
            let (profile, id) = (&task.after.profile, &task.after.task);
            if !case.records.has_learning(case.step.next(), &task.after)? {
                findings.add(tempered(
                    case,
                    Finding::new(
                        Place::path(task.path(link)),
                        format!("`{id}` is done, but no learning names it"),
                        format!(
                            "agentops learn add --profile {profile} --task {id} --pattern \"…\" --application \"…\""
                        ),
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// AO-L2: an agent's task that reaches done needs a session record that names it.
pub(crate) fn check_session(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for task in case.tasks()? {
        for link in task.fresh_endings() {
            let id = &task.after.task;
            let kind = case.policy.config.actors.get(&link.event.actor).map(|actor| actor.kind);
            if kind == Some(ActorKind::Agent) && !case.records.has_session(case.step.next(), &task.after)? {
                findings.add(tempered(
                    case,
                    Finding::new(
                        Place::path(task.path(link)),
                        format!("`{}` finished `{id}`, but no session record names the task", link.event.actor),
                        format!("agentops session end --task {id} --summary \"…\" --improvement \"…\""),
                    ),
                ));
            }
        }
    }
    Ok(())
}
