//! AO-E4: every transition is legal, and every state is what folding gives.

use super::{Case, Findings, Law, Reads};
use crate::model::event::EventKind;
use crate::model::law_id::LawId;
use crate::model::profile::VoteKind;
use crate::model::report::{Finding, Place};
use crate::model::state::Status;
use crate::model::tree::SightError;
use crate::workflow::chain::{Chain, Standing};
use crate::workflow::transition;

pub(crate) const LAW: Law = Law {
    id: LawId::E4,
    title: "transitions are legal",
    rule: "An event follows its predecessors as the profile in T allows, its `[state]` is exactly what folding the chain gives, and no \
           task advances before the tasks it comes after are done. Of events that a later rewind superseded only this is wanted: \
           they keep the task's description and lead to no later phase, so that they may name phases that are gone.",
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
            let raised = match (link.event.kind, task.gate_phase(case.policy, link)) {
                (EventKind::Submit | EventKind::Advance, Some(gate)) => case.gate(task, gate)?.vote != VoteKind::None,
                _ => false,
            };
            let judged = match task.after.is_left_behind(link, profile) || !task.live.contains(&link.digest) {
                true => transition::check_superseded(&task.after, link, profile),
                false => transition::check(&task.after, link, profile, raised),
            };
            if let Err(reason) = judged {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, event, policy_with_profile};
    use crate::model::canonical::Canonical;
    use crate::model::digest::Digest;
    use crate::model::event::{Event, EventName};
    use crate::model::layout;
    use crate::model::name::PhaseName;
    use crate::model::policy::Policy;
    use crate::model::state::{Stage, TaskState};
    use crate::model::tree::MemoryTree;

    /// A task that goes from one event to the next: kind, phase, status, attempt.
    fn found(policy: &Policy, steps: &[(EventKind, &str, Status, u32)]) -> Vec<String> {
        let first = Event::parse(event("auth-k3f9", &[]).1.as_bytes()).unwrap();
        let profile = policy.profiles.keys().next().unwrap();
        let mut tree = MemoryTree::new();
        let mut prev: Vec<Digest> = Vec::new();
        for (seq, (kind, phase, status, attempt)) in (1..).zip(steps) {
            let stage = match *phase {
                "research" | "study" => Stage::Research,
                "spec" => Stage::Plan,
                _ => Stage::Implement,
            };
            let phase = PhaseName::parse(phase).unwrap();
            let state = TaskState { phase, stage, status: *status, attempt: *attempt, ..first.state.clone() };
            let event = Event { seq, kind: *kind, prev, state, reason: "because".into(), ..first.clone() };
            tree.put(layout::event(profile, &event.task, &EventName::of(&event)), event.print());
            prev = vec![Digest::of(event.print().as_bytes())];
        }
        let step = TestStep::new().after(tree);
        step.judge(&LAW, policy).list.into_iter().map(|finding| finding.message).collect()
    }

    const OPEN: (EventKind, &str, Status, u32) = (EventKind::Open, "research", Status::Working, 1);

    #[test]
    fn what_a_rewind_superseded_may_name_phases_that_are_gone() {
        let steps = [
            OPEN,
            (EventKind::Submit, "research", Status::Waiting, 1),
            (EventKind::Advance, "spec", Status::Working, 1),
            (EventKind::Submit, "spec", Status::Waiting, 1),
            (EventKind::Rework, "spec", Status::Working, 2),
        ];
        let mut policy = policy_with_profile();
        assert_eq!(found(&policy, &steps), [""; 0]);
        let rules = policy.profiles.values_mut().next().unwrap();
        rules.phases[0].name = PhaseName::parse("study").unwrap();
        rules.phases[1].name = PhaseName::parse("plan").unwrap();
        assert!(!found(&policy, &steps).is_empty());
        let back = [&steps[..], &[(EventKind::Rewind, "study", Status::Working, 1)]].concat();
        assert_eq!(found(&policy, &back), [""; 0]);
    }

    #[test]
    fn nothing_that_is_superseded_opens_the_way_to_a_later_phase() {
        let policy = policy_with_profile();
        let back = (EventKind::Rewind, "implement", Status::Working, 1);
        for jump in [
            (EventKind::Submit, "research", Status::Done, 1),
            (EventKind::Rework, "research", Status::Working, 2),
            (EventKind::Rewind, "implement", Status::Working, 1),
            (EventKind::Abandon, "implement", Status::Abandoned, 1),
            (EventKind::Submit, "implement", Status::Waiting, 1),
            (EventKind::Rework, "implement", Status::Working, 2),
            (EventKind::Advance, "implement", Status::Working, 1),
        ] {
            let to = if jump.1 == "research" { "research" } else { back.1 };
            let found = found(&policy, &[OPEN, jump, (back.0, to, back.2, 1 + jump.3)]);
            assert!(!found.is_empty(), "{jump:?}");
        }
    }
}
