//! AO-G2: votes that count for nothing, and rejects that came too late, are named.

use super::{Case, Findings, Law, Reads};
use crate::model::canonical::Canonical;
use crate::model::digest::Digest;
use crate::model::event::EventKind;
use crate::model::law_id::LawId;
use crate::model::layout::Place as Kind;
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_STATE_FILE, SightError};
use crate::model::vote::{Verdict, Vote};
use crate::workflow::filed::Filed;
use crate::workflow::gate;

pub(crate) const LAW: Law = Law {
    id: LawId::G2,
    title: "void and late votes are named",
    rule: "A new vote is about a submit that is there, and is cast by someone who may vote, with an accepted proof. Votes without right or \
           proof are named, and approvals among them count for nothing; a reject that lands after its submit advanced is a finding too.",
    passes: "A vote of a reviewer on the submit that waits.",
    fails: "A reject of a submit that has already advanced: it stops nothing by itself. `agentops phase rewind ID --to PHASE` reopens the phase.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for change in case.step.changes()? {
        let (Some((_, id)), Some(Kind::Vote(profile_name, task_id, _))) = (change.after, Kind::of(&change.path)) else {
            continue;
        };
        let bytes = case.step.next().blob(&id, &change.path, MAX_STATE_FILE)?;
        // A file that is no vote is AO-E2's.
        let Ok(vote) = Vote::parse(&bytes) else { continue };
        let place = || Place::path(change.path.clone());
        let tasks = case.tasks()?;
        let task = tasks.iter().find(|task| task.after.profile == profile_name && task.after.task == task_id);
        let submit =
            task.and_then(|task| task.after.link(&vote.submit)).filter(|link| link.event.kind == EventKind::Submit);
        let (Some(task), Some(submit)) = (task, submit) else {
            findings.add(Finding::new(
                place(),
                format!("`{task_id}` has no such submit in this tree"),
                "commit the vote where the submit is",
            ));
            continue;
        };
        let Some((profile, phase)) = task.gate_phase(case.policy, submit) else { continue };
        let sessions = case.records.sessions_on(case.step.next(), &task.after, &submit.event.state)?;
        let doers = gate::doers(&task.after, submit, &sessions);
        let gate = case.gate(task, (profile, phase))?;
        // What counts for nothing when it comes in may stand as a reject all the same.
        let judged = gate::examine(case.policy, profile, &gate, submit, &doers, &vote);
        let file = Filed { path: change.path.clone(), content: Ok(vote.clone()) };
        let stands = !gate::tally(case.policy, profile, &gate, submit, &doers, &[file]).rejects.is_empty();
        if let Err(reason) = judged {
            let (message, fix) = match stands {
                true => (
                    format!("{reason}; a reject stands all the same, until a rework"),
                    format!("if it is not meant: `agentops phase rework {task_id} --reason \"…\"`"),
                ),
                false => (
                    format!("this vote counts for nothing: {reason}"),
                    "vote again with the right to do so, or leave it: it does no harm".to_owned(),
                ),
            };
            findings.add(Finding::new(place(), message, fix).warning());
        }
        let superseded: Vec<Digest> = task
            .before
            .links
            .iter()
            .filter(|link| link.event.prev.contains(&vote.submit))
            .map(|link| link.digest)
            .collect();
        if vote.verdict == Verdict::Reject && superseded.iter().any(|digest| task.live.contains(digest)) {
            findings.add(
                Finding::new(
                    place(),
                    format!("`{}` rejects a submit of `{task_id}` that has already moved on", vote.voter),
                    format!(
                        "if the reject is right: `agentops phase rewind {task_id} --to {} --reason \"…\"`",
                        submit.event.state.phase
                    ),
                )
                .warning(),
            );
        }
    }
    Ok(())
}
