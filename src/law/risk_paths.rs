//! What a class of risk names by path lands with a task that met the class: the part of AO-G1 that sees what no task brings.
//!
//! Gates are only met by tasks. So where a step lands on a protected branch, each path that such a class names and the step
//! changes is asked for the task that answers for it.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Case, Context, Findings};
use crate::model::layout;
use crate::model::manifest::{Manifest, ManifestLine};
use crate::model::name::TaskId;
use crate::model::path::RepoPath;
use crate::model::profile::{ArtifactKind, VoteKind};
use crate::model::report::{Finding, Place};
use crate::model::risk::RiskClass;
use crate::model::state::Stage;
use crate::model::tree::{MAX_TEXT_FILE, SightError};
use crate::workflow::artifact;
use crate::workflow::globs::Globs;
use crate::workflow::risk::Gate;

/// A task that leaves an implement phase in the step, votes included.
struct Passed<'c, 'p> {
    task: &'c TaskId,
    listed: Manifest,
    planned: BTreeSet<RepoPath>,
    gate: Rc<Gate<'p>>,
}

pub(crate) fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let by_path = case.policy.config.risks.iter().filter(|class| !class.paths.is_empty());
    let classes: Vec<&RiskClass> = by_path.collect();
    // A working copy and a commit of a branch are on their way; what counts is what is to land.
    if classes.is_empty() || case.context != Context::Landing || case.bootstrap {
        return Ok(());
    }
    let mut passed = None;
    for class in classes {
        let globs = Globs::new(&class.paths)?;
        let changes = case.step.changes()?.iter().map(|change| &change.path);
        for path in changes.filter(|path| !path.is_below(layout::ROOT) && globs.matches(path)) {
            let passed = match &mut passed {
                Some(passed) => &*passed,
                empty => empty.insert(passed_in(case)?),
            };
            let Some((message, fix)) = missing(case, class, path, passed)? else { continue };
            if case.onto_protected {
                findings.add(Finding::new(Place::path(path.clone()), message, fix));
            } else {
                findings.note(format!("before it lands on a protected branch: {message}"));
            }
        }
    }
    Ok(())
}

fn passed_in<'c, 'p>(case: &'c Case<'p>) -> Result<Vec<Passed<'c, 'p>>, SightError> {
    let next = case.step.next();
    let mut found = Vec::new();
    for task in case.tasks()? {
        for link in task.fresh_advances_from(Stage::Implement) {
            let Some((profile, phase)) = task.gate_phase(case.policy, link) else { continue };
            let planned = artifact::live_plan(next, &task.after, profile)?;
            // All that makes the plan's gate meet a class.
            let planned = planned.map(|(_, plan)| {
                plan.changes.into_iter().map(|change| change.path).chain(plan.mentioned).collect::<BTreeSet<RepoPath>>()
            });
            let planned = planned.unwrap_or_default();
            let gate = case.gate(task, (profile, phase))?;
            for spec in phase.artifacts.iter().filter(|spec| spec.kind == ArtifactKind::Manifest) {
                let path = RepoPath::from(spec.path_for(&profile.name, &task.after.task, &link.event.state));
                let bytes = next.file(&path, MAX_TEXT_FILE)?;
                // One that cannot be read lists nothing; AO-P7 names it.
                let listed = bytes.and_then(|bytes| Manifest::parse(&bytes).ok());
                let (planned, gate) = (planned.clone(), Rc::clone(&gate));
                found.extend(listed.map(|listed| Passed { task: &task.after.task, listed, planned, gate }));
            }
        }
    }
    Ok(found)
}

/// What is wrong with a changed path of `class`, and how to mend it; `None` where a task answers for it.
fn missing(
    case: &Case<'_>,
    class: &RiskClass,
    path: &RepoPath,
    passed: &[Passed<'_, '_>],
) -> Result<Option<(String, String)>, SightError> {
    let name = &class.name;
    let now = ManifestLine::of(case.step.next(), path)?;
    let listing = || passed.iter().filter(|one| one.listed.get(path).is_some_and(|(_, line)| *line == now));
    let voted = |one: &Passed<'_, '_>| {
        one.gate.vote != VoteKind::None && one.gate.classes.iter().any(|applied| applied.class.name == *name)
    };
    if listing().any(|one| one.planned.contains(path) || voted(one)) {
        return Ok(None);
    }
    Ok(Some(match listing().next() {
        Some(one) => (
            format!(
                "`{path}` is of the class `{name}`, and `{}` changed it beyond its plan through a gate without a vote",
                one.task
            ),
            format!("plan the path: `agentops phase rewind {} --to PHASE --reason \"…\"` with the phase of the plan", one.task),
        ),
        None => (
            format!("`{path}` is of the class `{name}`, and no task that passes its implement gate here lists it as it is"),
            "make the change in a task, so that the votes of its class are asked for: `agentops task new`, plan the path, \
             and let `agentops phase next` write the manifest"
                .into(),
        ),
    }))
}
