//! AO-E4: every transition is legal, and every state is what folding gives.

use super::{Case, Findings, Law, Reads};
use crate::model::event::EventKind;
use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::state::Status;
use crate::model::tree::SightError;
use crate::workflow::chain::{Chain, Standing};
use crate::workflow::transition;

pub(crate) const LAW: Law = Law {
    id: LawId::E4,
    title: "transitions are legal",
    rule: "An event follows its predecessors as the profile in T allows, its `[state]` is exactly what folding the chain gives, and no \
           task advances before the tasks it comes after are done.",
    passes: "`submit` after `working` where the gate wants a vote; `advance` after `waiting`.",
    fails: "A hand-written `advance` from research straight to implement. Remove it and use `agentops phase next ID`.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for task in case.tasks()? {
        if task.fresh.is_empty() {
            continue;
        }
        let Some(profile) = task.profile(case.policy) else {
            let place = task.fresh_links().next().map(|link| task.path(link)).unwrap_or_default();
            findings.add(Finding::new(
                Place::path(place),
                format!("profile `{}` is not in the base: its laws are not yet in force", task.after.profile),
                "land the new profile first, then open its tasks: a profile and its first task need two steps",
            ));
            continue;
        };
        for link in task.fresh_links() {
            let place = || Place::path(task.path(link));
            if let Err(reason) = transition::check(&task.after, link, profile) {
                findings.add(Finding::new(
                    place(),
                    format!("`{}` of `{}` is not legal: {reason}", link.event.kind, task.after.task),
                    "remove the event and let `agentops phase` write it; it knows the profile of the base",
                ));
            }
            if link.event.kind != EventKind::Advance || !task.live.contains(&link.digest) {
                continue;
            }
            for earlier in &link.event.state.after {
                if !is_done(case, earlier)? {
                    findings.add(Finding::new(
                        place(),
                        format!("`{}` comes after `{earlier}`, which is not done", task.after.task),
                        format!("finish `{earlier}` first: `agentops phase status {earlier}`"),
                    ));
                }
            }
        }
    }
    Ok(())
}

fn is_done(case: &Case<'_>, task: &crate::model::name::TaskId) -> Result<bool, SightError> {
    for profile in case.policy.profiles.keys() {
        if let Standing::At(state) = Chain::read(case.step.next(), profile, task)?.standing() {
            return Ok(state.status == Status::Done);
        }
    }
    Ok(false)
}
