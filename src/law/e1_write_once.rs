//! AO-E1: what was written once stays as it is.

use super::{Case, Findings, Law, Reads};
use crate::model::digest::Digest;
use crate::model::law_id::LawId;
use crate::model::layout::Place as Kind;
use crate::model::report::{Finding, Place};
use crate::model::tree::{Change, MAX_TEXT_FILE, SightError};

pub(crate) const LAW: Law = Law {
    id: LawId::E1,
    title: "state files are write-once",
    rule: "Events, votes, verdicts, amends, session records, learnings, decisions about improvements and bundles are never changed, renamed or removed once they \
           are in T. What they say is history; a correction is a new file. Votes, verdicts, records, learnings and bundles may go by an \
           amend that redacts them, and do not come back.",
    passes: "A step that adds `.agentops/sre/events/db-k3f9/0002-detect-waiting-….toml` and touches no event that was there.",
    fails: "A step that edits or deletes an event file. Restore it: `git checkout T -- PATH`. To take a transition back, use \
            `agentops phase rewind ID`. A revert: `git revert -n C && git checkout HEAD -- .agentops`, then rewind.",
    reads: Reads::Trees,
    check,
};

/// Names bytes that come back although an amend of T let them go: an old branch or an old clone brings them so.
fn check_return(case: &Case<'_>, change: &Change, findings: &mut Findings) -> Result<(), SightError> {
    let (Some((_, after)), Some(kind)) = (change.after, Kind::of(&change.path)) else { return Ok(()) };
    // Neither is ever let go.
    if kind.is_governed() || matches!(kind, Kind::Event(..) | Kind::Amend | Kind::Stray) {
        return Ok(());
    }
    let Some(amend) = case.landed_redaction(&change.path, || {
        Ok(Digest::of(&case.step.next().blob(&after, &change.path, MAX_TEXT_FILE)?))
    })?
    else {
        return Ok(());
    };
    findings.add(Finding::new(
        Place::path(change.path.clone()),
        format!("amend {amend:04} redacted these bytes, and they come back"),
        "take the file out again; where an old clone or branch brought it, rebase that onto the history without it",
    ));
    Ok(())
}

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for change in case.step.changes()? {
        check_return(case, change, findings)?;
        let Some((_, before)) = change.before else { continue };
        if !Kind::of(&change.path).is_some_and(|kind| kind.is_write_once()) {
            continue;
        }
        if let (None, Some(base)) = (change.after, case.step.base()) {
            let bytes = base.blob(&before, &change.path, MAX_TEXT_FILE)?;
            if case.redacted(&change.path, &Digest::of(&bytes))?.is_some() {
                continue;
            }
        }
        let what = if change.after.is_none() { "removed" } else { "changed" };
        findings.add(Finding::new(
            Place::path(change.path.clone()),
            format!("a write-once file was {what}"),
            "bring it back with `git checkout <base> -- <path>`; to take a transition back use `agentops phase rewind`, and \
             after a revert `git checkout HEAD -- .agentops`",
        ));
    }
    Ok(())
}
