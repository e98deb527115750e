//! AO-E3: a task's events form one complete chain.

use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;
use crate::workflow::transition;

pub(crate) const LAW: Law = Law {
    id: LawId::E3,
    title: "chains are complete",
    rule: "Every event but `open` names predecessors that are there, its `seq` is one more than the highest of theirs, and a task has \
           exactly one `open`, in one profile.",
    passes: "Events 1, 2 and 3, each naming the digest of the one before.",
    fails: "An event whose predecessor was left out of the commit. Add the missing file, or redo the transition with `agentops phase next`.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for task in case.tasks()? {
        for link in task.fresh_links() {
            if let Err(reason) = transition::check_links(&task.after, link) {
                findings.add(Finding::new(
                    Place::path(task.path(link)),
                    format!("the chain of `{}` is broken here: {reason}", task.after.task),
                    "commit the whole chain: merge or cherry-pick the commits with the missing events, or redo the transition",
                ));
            }
        }
        let starts: Vec<_> = task.after.links.iter().filter(|link| link.event.prev.is_empty()).collect();
        let fresh = starts.iter().find(|link| task.fresh.contains(&link.digest));
        let Some(link) = fresh else { continue };
        if starts.len() > 1 {
            findings.add(Finding::new(
                Place::path(task.path(link)),
                format!("`{}` is opened {} times", task.after.task, starts.len()),
                "a task is opened once: remove the later `open` and everything that follows it",
            ));
        }
        for other in case.policy.profiles.keys().filter(|name| **name != task.after.profile) {
            if case.step.next().entry(&layout::task_events(other, &task.after.task))?.is_some() {
                findings.add(Finding::new(
                    Place::path(task.path(link)),
                    format!("`{}` exists in profile `{other}` too", task.after.task),
                    "a task belongs to one profile: open a new one with `agentops task new`",
                ));
            }
        }
    }
    Ok(())
}
