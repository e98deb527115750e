//! On whose approval an implement stage rests, and that one approval carries one delivery: the part of AO-G1 that looks back.
//!
//! Votes are read where a submit is left. A gate of checks alone rests on the votes of the plan, which may have landed long
//! before; a rewind to a phase behind them leaves them live. So they carry a task until it is done or abandoned, and not beyond. Where the
//! last phase of the plan stage wants no vote, it rests on the votes before it, as the work does.

use std::collections::BTreeSet;

use super::steps::TaskStep;
use super::{Case, Context, Findings, manifests};
use crate::model::digest::Digest;
use crate::model::event::EventKind;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::policy::APPROVED_ONCE_SINCE;
use crate::model::profile::{Phase, Profile, VoteKind};
use crate::model::report::{Finding, Place};
use crate::model::state::{Stage, Status};
use crate::model::tree::SightError;
use crate::model::trust::key_behind;
use crate::model::vote::Verdict;
use crate::workflow::artifact;
use crate::workflow::chain::{Link, position};
use crate::workflow::gate::{self, Tally};

pub(crate) fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    // Of a commit alone nobody can tell what landed before it.
    if case.context != Context::Landing {
        return Ok(());
    }
    for task in case.tasks()? {
        for link in task.fresh_advances_from(Stage::Implement) {
            let Some((profile, phase)) = task.gate_phase(case.policy, link) else { continue };
            let Some(approval) = task.after.approval(profile) else {
                if let Some(plan) = task.after.leaving(profile, Stage::Plan) {
                    let (id, name, seq) = (&task.after.task, &phase.name, plan.event.seq);
                    findings.note(format!("{id}: {name} rests on event {seq:04}, which wanted no vote"));
                }
                continue;
            };
            let tally = case.count(task, approval)?.map(|counted| counted.tally);
            if let Some(tally) = &tally {
                tell(task, phase, approval, tally, findings);
            }
            if case.policy.format.laws < APPROVED_ONCE_SINCE || task.fresh.contains(&approval.digest) {
                continue;
            }
            // Who votes here votes on what is there now.
            if case.gate(task, (profile, phase))?.vote != VoteKind::None {
                continue;
            }
            let mut wrong = beyond(case, task, link, (profile, phase), approval)?;
            if !tally.is_some_and(|tally| tally.is_satisfied())
                && let Some(stolen) = stolen(case, profile, approval)?
            {
                wrong.push((Place::path(task.path(link)), stolen));
            }
            let back = profile.phases.get(position(profile, &approval.event.state));
            let back = back.map_or(&approval.event.state.phase, |phase| &phase.name);
            for (place, message) in wrong {
                let fix = format!(
                    "have it approved anew: `agentops phase rewind {} --to {back} --reason \"…\"`",
                    task.after.task
                );
                let finding = Finding::new(place, message, fix);
                findings.add(if case.onto_protected { finding } else { finding.warning() });
            }
        }
    }
    Ok(())
}

/// Who approved what the implement stage did.
fn tell(task: &TaskStep, phase: &Phase, approval: &Link, tally: &Tally, findings: &mut Findings) {
    let (id, name, seq) = (&task.after.task, &phase.name, approval.event.seq);
    let voters: Vec<String> =
        tally.approvals.iter().map(|(voter, approval)| format!("`{voter}` ({})", approval.honest())).collect();
    let who = if voters.is_empty() { "nobody whose vote counts today".into() } else { voters.join(", ") };
    let before = if task.fresh.contains(&approval.digest) { "" } else { ", which landed before this range" };
    // A reject that came late stops nothing by itself; whoever reads this may want to.
    let rejected = tally.rejection().map_or_else(String::new, |clause| format!("; {clause}"));
    findings.note(format!("{id}: {name} rests on event {seq:04}{before}, approved by {who}{rejected}"));
}

/// Says that a vote on `approval`, which has landed, was cast with a key that was not its owner's alone any more. Otherwise the
/// vote stays what it was when it came in, whatever the rules have become.
fn stolen(case: &Case<'_>, profile: &Profile, approval: &Link) -> Result<Option<String>, SightError> {
    let compromised = &case.policy.config.compromised;
    if compromised.is_empty() {
        return Ok(None);
    }
    let votes = gate::read_votes(case.step.next(), &profile.name, approval)?;
    let approves =
        votes.iter().filter_map(|file| file.content.as_ref().ok()).filter(|vote| vote.verdict == Verdict::Approve);
    for vote in approves {
        let key = vote.signature.as_ref().and_then(|one| key_behind(&vote.signed_bytes(), &one.armor));
        let Some((key, since)) = key.and_then(|key| compromised.get_key_value(&key)) else { continue };
        if vote.at >= *since {
            return Ok(Some(format!(
                "`{}` rests on the approval of event {:04}, whose vote of `{}` is signed by {key}, listed as compromised since \
                 {since}, and whose other votes do not suffice",
                approval.event.task, approval.event.seq, vote.voter
            )));
        }
    }
    Ok(None)
}

/// What `approval`, which has landed, does not carry any more.
fn beyond(
    case: &Case<'_>,
    task: &TaskStep,
    link: &Link,
    (profile, phase): (&Profile, &Phase),
    approval: &Link,
) -> Result<Vec<(Place, String)>, SightError> {
    let (id, seq, before) = (&task.after.task, approval.event.seq, &task.before);
    if let Some(end) = before.ended_after(&approval.digest) {
        let message = match end.event.state.status {
            Status::Abandoned => format!(
                "`{id}` was abandoned, and with it the approval of event {seq:04}: it does not carry what `{}` brings now",
                phase.name
            ),
            _ => format!(
                "`{id}` was done before, on the approval of event {seq:04}: it is delivered, and does not carry what `{}` brings now",
                phase.name
            ),
        };
        return Ok(vec![(Place::path(task.path(link)), message)]);
    }
    // The advances of T by which the task left the phase on this approval, each with what came before it.
    let left: Vec<BTreeSet<Digest>> = before
        .links
        .iter()
        .filter(|earlier| earlier.event.kind == EventKind::Advance && before.origin(earlier).phase == phase.name)
        .map(|earlier| before.ancestors(&[earlier.digest]))
        .filter(|earlier| earlier.contains(&approval.digest))
        .collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    // Not done yet: what was planned then may be mended, and nothing else. A plan that nobody votes on may be written anew.
    let plan = artifact::live_plan(case.step.next(), &task.after, profile)?.filter(|(path, _)| {
        let is_approved = approval.event.evidence.iter().any(|item| path.as_str() == Some(item.path.as_str()));
        let leaving = task.after.leaving(profile, Stage::Plan);
        is_approved || leaving.is_some_and(|plan| left.iter().any(|earlier| earlier.contains(&plan.digest)))
    });
    let planned: Vec<RepoPath> =
        plan.into_iter().flat_map(|(_, plan)| plan.changes).map(|change| change.path).collect();
    let mut found = Vec::new();
    if let Some(listed) = manifests::manifest(case, task, link, (profile, phase))? {
        let changed = case.step.changes()?.iter().map(|change| &change.path);
        for changed in changed.filter(|path| !path.is_below(layout::ROOT) && listed.get(path).is_some()) {
            if !planned.contains(changed) {
                let message = format!(
                    "`{id}` left `{}` before, on the approval of event {seq:04}, whose plan does not name `{changed}`",
                    phase.name
                );
                found.push((Place::path(changed.clone()), message));
            }
        }
    }
    Ok(found)
}
