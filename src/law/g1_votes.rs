//! AO-G1: what leaves a gate has the votes that the base's policy wants.

use super::gates::Counted;
use super::{Case, Context, Findings, Law, Reads, approved_once, risk_paths};
use crate::model::event::EventKind;
use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::state::Status;
use crate::model::tree::SightError;
use crate::workflow::proof;
use crate::workflow::risk::Applied;

pub(crate) const LAW: Law = Law {
    id: LawId::G1,
    title: "votes satisfy the policy",
    rule: "An `advance` out of `waiting` rests on as many approvals of its submit as the gate in T wants, by humans with the right roles who \
           did not do the work, with proofs that `gates.proof` accepts, as the classes of risk (`[[gates.risk]]`) that apply tighten it, over exactly this submit and this gate; and no reject stands. \
           What lands on a protected branch at a path that a class of risk names is listed by a task that passes its implement gate there; \
           and where an implement gate wants no vote, the plan's approval carries its task until it is done or abandoned, and not beyond.",
    passes: "A spec approved by `bob`, written by `claude`, then advanced.",
    fails: "An `advance` without a vote, with a vote of its doer, or with a standing reject. Ask a reviewer: `agentops gate approve ID`; after a \
            reject: `agentops phase rework ID`.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    check_votes(case, findings)?;
    approved_once::check(case, findings)?;
    risk_paths::check(case, findings)
}

fn check_votes(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for task in case.tasks()? {
        for link in task.fresh_advances() {
            let Some(submit) = link.event.prev.first().and_then(|prev| task.after.link(prev)) else { continue };
            if submit.event.state.status != Status::Waiting {
                continue;
            }
            let id = &task.after.task;
            let Some((profile, phase)) = task.gate_phase(case.policy, link) else { continue };
            if submit.event.kind != EventKind::Submit {
                findings.add(Finding::new(
                    Place::path(task.path(link)),
                    "what it advances from is no submit",
                    "let `agentops phase next` write the event",
                ));
                continue;
            }
            // It may have been a reject, which nothing but a rework ends.
            if case.context != Context::Replay
                && let Some(amend) = case.redacted_vote(&profile.name, submit)?
            {
                findings.add(Finding::new(
                    Place::path(task.path(link)),
                    format!("`{id}` left `{}` after amend {amend:04} redacted a vote on it", phase.name),
                    format!("`agentops phase rework {id} --reason \"…\"`, and ask for votes on a new submit"),
                ));
                continue;
            }
            let Some(Counted { gate, doers, tally }) = case.count(task, submit)? else { continue };
            for Applied { class, why } in &gate.classes {
                findings.note(format!("{id}: class `{}` tightens the gate of {} ({why})", class.name, phase.name));
            }
            let at = &link.event.at;
            for (voter, approval) in tally.approvals.iter().filter(|(_, approval)| approval.counts_at(at)) {
                let four_eyes = proof::four_eyes(case.policy, &submit.event, &doers, voter, approval.key.as_ref());
                let other = match four_eyes {
                    Ok(()) => "submit and vote are signed with different people's keys",
                    Err(_) => "that the voter is no doer is a claim",
                };
                findings.note(format!("{id}: `{voter}` approved {} ({}; {other})", phase.name, approval.honest()));
                if let Some(bounds) = approval.bounds() {
                    let actor = &link.event.actor;
                    findings.note(format!("{id}: the approval of `{voter}` counts {bounds}; that it advanced at {at} is a claim of `{actor}`"));
                }
            }
            if case.policy.config.self_approve {
                findings.note("doers may approve their own work here (`gates.self_approve = true`)");
            }
            if tally.is_satisfied_at(at) {
                continue;
            }
            if let Some(amend) = case.votes_let_go(&profile.name, submit) {
                findings.not_checked(format!(
                    "whether the votes on `{id}` {:04} sufficed: amend {amend:04} redacted one",
                    submit.event.seq
                ));
                continue;
            }
            let rejects: Vec<&str> = tally.rejects.iter().map(|voter| voter.as_str()).collect();
            let message = if rejects.is_empty() {
                format!("`{id}` left `{}` with {} of {} approvals", phase.name, tally.approved_at(at), tally.wanted)
            } else {
                format!("`{id}` left `{}` although {} rejected it", phase.name, rejects.join(", "))
            };
            let outside = tally.outside(at);
            let message = if outside.is_empty() {
                message
            } else {
                format!("{message}; it says that it advanced at {at}, and {}", outside.join(", "))
            };
            let message = match tally.voided() {
                Some(void) => format!("{message}; {void}"),
                None => message,
            };
            findings.add(Finding::new(
                Place::path(task.path(link)),
                message,
                format!("take the `advance` out, ask for votes (`agentops gate approve {id}`), then `agentops phase next {id}`; after a reject: `agentops phase rework {id}`"),
            ));
        }
    }
    Ok(())
}
