//! What a class of risk names by path lands with a task that met the class: the part of AO-G1 that sees what no task brings.
//!
//! Gates are only met by tasks. So where a step lands on a protected branch, each path that such a class names and the step
//! changes is asked for the task that answers for it.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::manifests::{self, Passed};
use super::{Case, Context, Findings};
use crate::model::layout;
use crate::model::manifest::ManifestLine;
use crate::model::path::RepoPath;
use crate::model::profile::VoteKind;
use crate::model::report::{Finding, Place};
use crate::model::risk::RiskClass;
use crate::model::tree::SightError;
use crate::workflow::artifact;
use crate::workflow::globs::Globs;
use crate::workflow::risk::Gate;

/// A task that leaves an implement phase in the step, with what meets a class.
struct Answer<'c, 'p> {
    passed: Passed<'c, 'p>,
    /// All that makes the gate of its plan meet a class.
    planned: BTreeSet<RepoPath>,
    /// The gate that it passes.
    gate: Rc<Gate<'p>>,
}

pub(crate) fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let by_path = case.policy.config.risks.iter().filter(|class| !class.paths.is_empty());
    let classes: Vec<&RiskClass> = by_path.collect();
    // A working copy and a commit of a branch are on their way; what counts is what is to land.
    if classes.is_empty() || case.context != Context::Landing || case.bootstrap {
        return Ok(());
    }
    let mut known = None;
    for class in classes {
        let globs = Globs::new(&class.paths)?;
        let changes = case.step.changes()?.iter().map(|change| &change.path);
        for path in changes.filter(|path| !path.is_below(layout::ROOT) && globs.matches(path)) {
            let answers = match &mut known {
                Some(answers) => &*answers,
                empty => empty.insert(answers(case)?),
            };
            let Some((message, fix)) = missing(case, class, path, answers)? else { continue };
            if case.onto_protected {
                findings.add(Finding::new(Place::path(path.clone()), message, fix));
            } else {
                findings.note(format!("before it lands on a protected branch: {message}"));
            }
        }
    }
    Ok(())
}

fn answers<'c, 'p>(case: &'c Case<'p>) -> Result<Vec<Answer<'c, 'p>>, SightError> {
    let answer = |passed: Passed<'c, 'p>| {
        let plan = artifact::live_plan(case.step.next(), &passed.task.after, passed.gate.0)?;
        let planned = plan.map(|(_, plan)| plan.changes.into_iter().map(|change| change.path).chain(plan.mentioned));
        let planned = planned.into_iter().flatten().collect();
        let gate = case.gate(passed.task, passed.gate)?;
        Ok(Answer { passed, planned, gate })
    };
    manifests::passed(case)?.into_iter().map(answer).collect()
}

/// What is wrong with a changed path of `class`, and how to mend it; `None` where a task answers for it.
fn missing(
    case: &Case<'_>,
    class: &RiskClass,
    path: &RepoPath,
    answers: &[Answer<'_, '_>],
) -> Result<Option<(String, String)>, SightError> {
    let name = &class.name;
    let now = ManifestLine::of(case.step.next(), path)?;
    let listing: Vec<&Answer<'_, '_>> = answers.iter().filter(|one| one.passed.lists(&now)).collect();
    let voted = |one: &Answer<'_, '_>| {
        one.gate.vote != VoteKind::None && one.gate.classes.iter().any(|applied| applied.class.name == *name)
    };
    if listing.iter().any(|one| one.planned.contains(path) || voted(one)) {
        return Ok(None);
    }
    Ok(Some(match listing.first() {
        Some(one) => (
            format!(
                "`{path}` is of the class `{name}`, and `{}` changed it beyond its plan through a gate without a vote",
                one.passed.task.after.task
            ),
            format!("plan the path: `agentops phase rewind {} --to PHASE --reason \"…\"` with the phase of the plan", one.passed.task.after.task),
        ),
        None => (
            format!("`{path}` is of the class `{name}`, and no task that passes its implement gate here lists it as it is"),
            "make the change in a task, so that the votes of its class are asked for: `agentops task new`, plan the path, \
             and let `agentops phase next` write the manifest"
                .into(),
        ),
    }))
}
