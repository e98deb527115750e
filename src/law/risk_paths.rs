//! What a class of risk names by path lands with a task that met the class: the part of AO-G1 that sees what no task brings.
//!
//! Gates are only met by tasks. So where a step lands on a protected branch, each path that such a class names and the step
//! changes is asked for the task that answers for it. That a path was planned is not enough, for the class may be younger than
//! the plan's approval: the votes on the plan are counted by the rules of today, in which the class is.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::manifests::{self, Passed};
use super::{Case, Context, Findings};
use crate::model::event::EventKind;
use crate::model::layout;
use crate::model::manifest::ManifestLine;
use crate::model::path::RepoPath;
use crate::model::profile::VoteKind;
use crate::model::report::{Finding, Place};
use crate::model::risk::RiskClass;
use crate::model::state::Stage;
use crate::model::tree::SightError;
use crate::workflow::artifact;
use crate::workflow::chain::Link;
use crate::workflow::globs::Globs;
use crate::workflow::risk::Gate;

/// A task that leaves an implement phase in the step, with what meets a class.
struct Answer<'c, 'p> {
    passed: Passed<'c, 'p>,
    /// Where its plan changes something.
    planned: BTreeSet<RepoPath>,
    /// Other paths that its plan names.
    mentioned: BTreeSet<RepoPath>,
    /// The gate that it passes.
    gate: Rc<Gate<'p>>,
    /// The gates of its plan stage that want votes today.
    plans: Vec<Planning<'p>>,
}

/// A gate of a plan stage that a task has left.
struct Planning<'p> {
    gate: Rc<Gate<'p>>,
    /// What its votes lack by T's rules, a clause; `None` where they suffice.
    lacks: Option<String>,
}

/// Whether `gate` wants votes, and as `class` asks for them.
fn asks(gate: &Gate<'_>, class: &RiskClass) -> bool {
    gate.vote != VoteKind::None && gate.classes.iter().any(|applied| applied.class.name == class.name)
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
        let changes = case.step.changes()?.iter();
        let of_class = changes.filter(|change| !change.path.is_below(layout::ROOT) && globs.touches(change));
        for path in of_class.map(|change| &change.path) {
            let answers = match &mut known {
                Some(answers) => &*answers,
                empty => empty.insert(answers(case)?),
            };
            let Some((message, fix)) = missing(case, (class, &globs), path, answers)? else { continue };
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
        let plan = artifact::live_plan(case.step.next(), &passed.task.after, passed.gate.0)?.map(|(_, plan)| plan);
        let (planned, mentioned) = match plan {
            Some(plan) => (plan.changes.into_iter().map(|change| change.path).collect(), plan.mentioned),
            None => Default::default(),
        };
        let (gate, plans) = (case.gate(passed.task, passed.gate)?, plans(case, &passed)?);
        Ok(Answer { passed, planned, mentioned, gate, plans })
    };
    manifests::passed(case)?.into_iter().map(answer).collect()
}

fn plans<'p>(case: &Case<'p>, passed: &Passed<'_, 'p>) -> Result<Vec<Planning<'p>>, SightError> {
    let (task, (profile, _)) = (passed.task, passed.gate);
    let live = |link: &&Link| task.live.contains(&link.digest);
    let mut found = Vec::new();
    for phase in profile.phases.iter().filter(|phase| phase.stage == Stage::Plan) {
        let gate = case.gate(task, (profile, phase))?;
        if gate.vote == VoteKind::None {
            continue;
        }
        let left = |link: &&Link| link.event.kind == EventKind::Advance && task.after.origin(link).phase == phase.name;
        let advance = task.after.links.iter().filter(live).find(left);
        let submit = advance.and_then(|advance| task.after.link(advance.event.prev.first()?));
        let lacks = match (advance, submit.filter(|submit| submit.event.kind == EventKind::Submit)) {
            (Some(advance), Some(submit)) => match case.count(task, submit)? {
                Some(counted) => counted.tally.shortfall_at(&advance.event.at),
                None => continue,
            },
            _ => Some("nobody was asked for a vote".into()),
        };
        found.push(Planning { gate, lacks });
    }
    Ok(found)
}

/// What is wrong with a changed path of `class`, and how to mend it; `None` where a task answers for it.
fn missing(
    case: &Case<'_>,
    (class, globs): (&RiskClass, &Globs),
    path: &RepoPath,
    answers: &[Answer<'_, '_>],
) -> Result<Option<(String, String)>, SightError> {
    let now = ManifestLine::of(case.step.next(), path)?;
    let listing: Vec<&Answer<'_, '_>> = answers.iter().filter(|one| one.passed.lists(&now)).collect();
    // All that makes the plan's gate meet a class: a path that is named in passing is taken for no link.
    let is_planned =
        |one: &Answer<'_, '_>| one.planned.contains(path) || (globs.matches(path) && one.mentioned.contains(path));
    let is_met = |one: &Answer<'_, '_>| {
        let by_plan = |plan: &Planning<'_>| asks(&plan.gate, class) && plan.lacks.is_none();
        asks(&one.gate, class) || (is_planned(one) && one.plans.iter().any(by_plan))
    };
    if listing.iter().any(|one| is_met(one)) {
        return Ok(None);
    }
    let of = format!("`{path}` is of the class `{}`, and", class.name);
    let Some(one) = listing.first() else {
        let fix = "make the change in a task, so that the votes of its class are asked for: `agentops task new`, plan the path, \
                   and let `agentops phase next` write the manifest";
        return Ok(Some((format!("{of} no task that passes its implement gate here lists it as it is"), fix.into())));
    };
    let id = &one.passed.task.after.task;
    if !is_planned(one) {
        let fix =
            format!("plan the path: `agentops phase rewind {id} --to PHASE --reason \"…\"` with the phase of the plan");
        return Ok(Some((format!("{of} `{id}` changed it beyond its plan through a gate without a vote"), fix)));
    }
    Ok(Some(match one.plans.iter().find(|plan| asks(&plan.gate, class)) {
        Some(Planning { gate, lacks }) => (
            format!(
                "{of} the plan of `{id}` has not the votes that the class asks for: {}",
                lacks.as_deref().unwrap_or_default()
            ),
            format!(
                "have the plan approved as the class asks: `agentops phase rewind {id} --to {} --reason \"…\"`",
                gate.phase.name
            ),
        ),
        None => (
            format!("{of} no gate of `{id}` wants the votes that the class asks for"),
            "let the class ask for a vote at plan or implement gates: `vote = \"approval\"` in `.agentops/config.toml`, and \
             `agentops policy amend`; then pass that gate again"
                .into(),
        ),
    }))
}
