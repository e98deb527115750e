//! AO-E6: no fork lands.

use super::{Case, Context, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;
use crate::workflow::chain::Standing;

pub(crate) const LAW: Law = Law {
    id: LawId::E6,
    title: "no fork lands",
    rule: "Where two branches moved one task, both moves stay visible: the task is forked. A fork is settled with `agentops phase resolve` \
           before it lands on a protected branch; until then nothing else moves the task.",
    passes: "Two submits of one task and a `resolve` that names both.",
    fails: "Two heads and no `resolve`: `agentops phase log ID` shows them, `agentops phase resolve ID --reason …` settles them.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for task in case.tasks()? {
        let Standing::Forked(heads) = task.after.standing() else { continue };
        let Some(link) = task.after.heads().into_iter().find(|link| task.fresh.contains(&link.digest)) else {
            continue;
        };
        let finding = Finding::new(
            Place::path(task.path(link)),
            format!("`{}` is forked: {} events claim to be its last", task.after.task, heads.len()),
            format!("settle it: `agentops phase resolve {} --reason \"…\"`", task.after.task),
        );
        // A branch may hold a fork on its way to being settled, and be pushed; a protected one may not.
        let lands = case.context == Context::Landing && case.onto_protected;
        findings.add(if lands { finding } else { finding.warning() });
    }
    Ok(())
}
