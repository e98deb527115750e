//! AO-E8: an event's evidence is the phase's artifacts, byte for byte.

use std::collections::BTreeSet;

use super::steps::TaskStep;
use super::{Case, Context, Findings, Law, Reads};
use crate::model::digest::Digest;
use crate::model::event::EventKind;
use crate::model::law_id::LawId;
use crate::model::path::RepoPath;
use crate::model::profile::{Phase, Profile};
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_TEXT_FILE, Mode, SightError};
use crate::workflow::chain::Link;

pub(crate) const LAW: Law = Law {
    id: LawId::E8,
    title: "evidence holds",
    rule: "The event that leaves a phase lists every required artifact of that phase, and nothing but its artifacts, each with the sha256 \
           of its bytes in M. While such an event is live, those files stay as they are, \
           unless an amend redacts them; then the task passes no gate until it has gone back.",
    passes: "A `submit` of phase spec that lists `spec.md`, whose bytes have that digest.",
    fails: "A spec edited after it was submitted or approved: withdraw it with `agentops phase rework ID`, or go back with \
            `agentops phase rewind ID --to PHASE`, and submit again.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let changed: BTreeSet<&RepoPath> = case.step.changes()?.iter().map(|change| &change.path).collect();
    for task in case.tasks()? {
        // What passes a gate now must stand on what is there, whoever let it go before.
        let passes = task.fresh_links().any(|link| {
            let forward = matches!(link.event.kind, EventKind::Submit | EventKind::Advance);
            forward && task.live.contains(&link.digest)
        });
        for link in task.after.links.iter().filter(|link| task.live.contains(&link.digest)) {
            let gate = link.event.carries_gate(&task.after);
            let fresh = task.fresh.contains(&link.digest);
            if fresh && gate {
                if let Some((profile, phase)) = task.gate_phase(case.policy, link) {
                    check_list(case, task, link, profile, phase, findings)?;
                }
            } else if fresh && !link.event.evidence.is_empty() {
                findings.add(Finding::new(
                    Place::path(task.path(link)),
                    format!("a `{}` that leaves no gate carries evidence", link.event.kind),
                    "let `agentops phase` write the event",
                ));
            }
            let advanced = fresh_advance_of(task, link);
            for item in &link.event.evidence {
                let path = RepoPath::from(item.path.as_str());
                let gone = passes && case.step.next().entry(&path)?.is_none();
                if fresh || advanced || gone || changed.contains(&path) {
                    let redacted = match passes && case.context != Context::Replay {
                        true => None,
                        false => case.redacted(&path, &item.sha256)?,
                    };
                    check_bytes(case, task, link, &path, &item.sha256, redacted, findings)?;
                }
            }
        }
    }
    Ok(())
}

/// Whether this step brings the advance that rests on the submit `link`.
fn fresh_advance_of(task: &TaskStep, link: &Link) -> bool {
    task.fresh_links().any(|later| later.event.kind == EventKind::Advance && later.event.prev.contains(&link.digest))
}

fn check_list(
    case: &Case<'_>,
    task: &TaskStep,
    link: &Link,
    profile: &Profile,
    phase: &Phase,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let place = || Place::path(task.path(link));
    let listed: BTreeSet<&str> = link.event.evidence.iter().map(|item| item.path.as_str()).collect();
    let paths: Vec<(String, bool)> = phase
        .artifacts
        .iter()
        .map(|spec| (spec.path_for(&profile.name, &task.after.task, &link.event.state), spec.required))
        .collect();
    for (path, required) in &paths {
        let present = case.step.next().entry(&path.as_str().into())?.is_some();
        if !listed.contains(path.as_str()) && (*required || present) {
            findings.add(Finding::new(
                place(),
                format!("phase `{}` is left without `{path}` as evidence", phase.name),
                format!("write it, then `agentops phase next {}`", task.after.task),
            ));
        }
    }
    for path in listed.iter().filter(|path| !paths.iter().any(|(known, _)| known == *path)) {
        findings.add(Finding::new(
            place(),
            format!("`{path}` is no artifact of phase `{}`", phase.name),
            "let `agentops phase next` write the event",
        ));
    }
    Ok(())
}

fn check_bytes(
    case: &Case<'_>,
    task: &TaskStep,
    link: &Link,
    path: &RepoPath,
    expected: &Digest,
    redacted: Option<u32>,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let next = case.step.next();
    let message = match (next.entry(path)?, redacted) {
        (None, Some(amend)) => {
            findings.not_checked(format!(
                "evidence `{path}` of `{}` {:04}: redacted by amend {amend:04}",
                task.after.task, link.event.seq
            ));
            return Ok(());
        }
        (None, None) => "is not there".to_owned(),
        (Some(entry), _) if entry.mode != Mode::File => format!("has mode {:o}, not 100644", entry.mode.bits()),
        (Some(entry), _) => {
            let found = Digest::of(&next.blob(&entry.id, path, MAX_TEXT_FILE)?);
            if found == *expected {
                return Ok(());
            }
            format!("has other bytes (sha256 {}…) than the event records", &found.hex()[..12])
        }
    };
    let id = &task.after.task;
    findings.add(Finding::new(
        Place::path(path.clone()),
        format!("evidence of `{}` {:04} ({}) {message}", id, link.event.seq, link.event.kind),
        format!("take the change back, or reopen the phase: `agentops phase rework {id} --reason \"…\"` before a vote has carried, `agentops phase rewind {id} --to {} --reason \"…\"` after", link.event.state.phase),
    ));
    Ok(())
}
