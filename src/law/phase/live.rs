//! From a step to the material of phase checks: the live events that T lacks and that claim a gate was passed.

use super::{Artifact, MadeOn, Material};
use crate::law::steps::TaskStep;
use crate::law::{Case, Context, Findings};
use crate::model::digest::Digest;
use crate::model::event::EventKind;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::policy::RUN_TREES_SINCE;
use crate::model::profile::{Phase, Profile};
use crate::model::state::Stage;
use crate::model::tree::{MAX_TEXT_FILE, MemoryTree, SightError, TreeView};
use crate::workflow::chain::Link;
use crate::workflow::delivery;
use crate::workflow::verdict::{self, Standing};
use crate::workflow::{artifact, gate};

/// Runs `examine` over the material of every gate that the step claims to have passed and whose checks name `law`.
pub(crate) fn examine_each(
    case: &Case<'_>,
    law: LawId,
    examine: fn(&Material<'_>, &mut Findings) -> Result<(), SightError>,
    findings: &mut Findings,
) -> Result<(), SightError> {
    for task in case.tasks()? {
        for link in task.fresh_gates() {
            let Some((profile, phase)) = task.gate_phase(case.policy, link) else { continue };
            if !phase.gate.checks.contains(&law) || let_go(case, task, link, findings)? {
                continue;
            }
            let planned = match phase.stage {
                Stage::Implement => task.after.leaving(profile, Stage::Plan).map(|plan| plan.event.base),
                _ => Some(link.event.base),
            };
            let known = match planned {
                Some(id) => case.step.known_tree(&id)?,
                None => None,
            };
            let cited: &dyn TreeView = match (&known, case.step.base()) {
                (Some(tree), _) => tree.as_ref(),
                (None, Some(base)) => base,
                (None, None) => case.step.next(),
            };
            if let (None, Some(id)) = (&known, planned) {
                findings.not_checked(format!(
                    "the tree {} that `{}` {:04} was checked against is not part of this history: citations were looked up in the base and in what is to land, and whether planned paths changed was not",
                    id.short(),
                    task.after.task,
                    link.event.seq
                ));
            }
            let mut material = material(case, task, link, profile, phase, cited)?;
            material.also = known.is_none().then_some(case.step.next());
            material.planned_on = known.as_deref();
            examine(&material, findings)?;
        }
    }
    Ok(())
}

/// Runs `examine` over the material of every submit that T has and on which an advance of the step rests.
pub(crate) fn examine_resting(
    case: &Case<'_>,
    law: LawId,
    examine: fn(&Material<'_>, &mut Findings) -> Result<(), SightError>,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let nothing = MemoryTree::new();
    for task in case.tasks()? {
        for link in task.fresh_links() {
            let rests = link.event.kind == EventKind::Advance && task.live.contains(&link.digest);
            let submit = link.event.prev.first().filter(|prev| rests && !task.fresh.contains(prev));
            let submit = submit.and_then(|prev| task.after.link(prev));
            let Some(submit) = submit.filter(|submit| submit.event.kind == EventKind::Submit) else { continue };
            let Some((profile, phase)) = task.gate_phase(case.policy, submit) else { continue };
            if phase.gate.checks.contains(&law) && !let_go(case, task, submit, findings)? {
                examine(&material(case, task, submit, profile, phase, &nothing)?, findings)?;
            }
        }
    }
    Ok(())
}

/// Whether the checks of this gate cannot be made again, because what they read was let go; then the report says so.
fn let_go(case: &Case<'_>, task: &TaskStep, link: &Link, findings: &mut Findings) -> Result<bool, SightError> {
    let Some((amend, path)) = case.evidence_let_go(task)? else { return Ok(false) };
    findings.not_checked(format!(
        "the checks of `{}` {:04}: `{path}`, on which it rests, was redacted by amend {amend:04}",
        task.after.task, link.event.seq
    ));
    Ok(true)
}

fn material<'a>(
    case: &'a Case<'_>,
    task: &'a TaskStep,
    link: &'a Link,
    profile: &'a Profile,
    phase: &'a Phase,
    cited: &'a dyn TreeView,
) -> Result<Material<'a>, SightError> {
    let next = case.step.next();
    let state = match link.event.kind {
        EventKind::Advance => link
            .event
            .prev
            .first()
            .and_then(|prev| task.after.link(prev))
            .map_or(&link.event.state, |prev| &prev.event.state),
        _ => &link.event.state,
    };
    let mut artifacts = Vec::new();
    for spec in &phase.artifacts {
        let path = RepoPath::from(spec.path_for(&profile.name, &task.after.task, state));
        let bytes = next.file(&path, MAX_TEXT_FILE)?;
        let template = match &spec.template {
            Some(name) => template(case, profile, name)?,
            None => None,
        };
        artifacts.push(Artifact { spec, path, bytes, template });
    }
    let plan = match phase.stage {
        Stage::Implement => artifact::live_plan(next, &task.after, profile)?.map(|(_, plan)| plan),
        _ => None,
    };
    let promised = match phase.stage {
        Stage::Implement if case.policy.asks(phase, LawId::P9) => delivery::promised(next, &task.after, profile)?,
        _ => None,
    };
    let actor = &link.event.actor;
    Ok(Material {
        profile,
        phase,
        task: &task.after.task,
        state,
        actor,
        is_agent: case.policy.is_agent(actor),
        artifacts,
        planned_on: None,
        cited,
        also: None,
        target: case.step.base(),
        is_replay: case.context == Context::Replay,
        next,
        runs: &link.event.runs,
        made_on: made_on(case, link)?,
        notes: &link.event.note,
        verdicts: verdicts(case, task, link)?,
        plan,
        promised,
    })
}

fn made_on<'a>(case: &'a Case<'_>, link: &Link) -> Result<Option<MadeOn<'a>>, SightError> {
    if link.event.runs.is_empty() || case.policy.format.laws < RUN_TREES_SINCE {
        return Ok(None);
    }
    let id = link.event.base;
    Ok(Some(MadeOn { id, tree: case.step.known_tree(&id)? }))
}

/// What verdicts in M say of the event's runs.
fn verdicts(case: &Case<'_>, task: &TaskStep, link: &Link) -> Result<Standing, SightError> {
    if link.event.runs.is_empty() {
        return Ok(Standing::default());
    }
    let files = verdict::read_verdicts(case.step.next(), &task.after.profile, link)?;
    if files.is_empty() {
        return Ok(Standing::default());
    }
    let sessions = case.records.sessions_on(case.step.next(), &task.after, task.after.origin(link))?;
    let doers = gate::doers(&task.after, link, &sessions);
    Ok(verdict::weigh(case.policy, &task.after, link, &doers, &files))
}

/// The template's text in T: in the profile's own folder, or in that of a profile it extends.
fn template(case: &Case<'_>, profile: &Profile, name: &str) -> Result<Option<String>, SightError> {
    // In a bootstrap, T has no profiles: the policy is M's.
    let tree = case.step.base().filter(|_| !case.bootstrap).unwrap_or(case.step.next());
    let Some(digest) = profile.templates.get(name) else { return Ok(None) };
    for folder in std::iter::once(&profile.name).chain(case.policy.profiles.keys()) {
        if let Some(bytes) = tree.file(&layout::template(folder, name), MAX_TEXT_FILE)?
            && Digest::of(&bytes) == *digest
        {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(None)
}
