//! AO-N2: two open tasks that plan to change the same path are named.

use std::collections::BTreeSet;

use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::report::{Finding, Place};
use crate::model::state::Stage;
use crate::model::tree::SightError;
use crate::workflow::artifact::live_plan;
use crate::workflow::chain::{self, Chain, Standing};

pub(crate) const LAW: Law = Law {
    id: LawId::N2,
    title: "shared paths are named",
    rule: "When a plan is submitted, every other open task whose plan names one of the same paths is named with it, so that people can put \
           the two in order (`task new --after`) before their changes collide.",
    passes: "Two open tasks whose plans touch different files.",
    fails: "Two open tasks that both plan to change `src/auth.rs`. Let one come after the other, or split the file between them.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let mut fresh: Vec<(ProfileName, TaskId, Plan, RepoPath)> = Vec::new();
    for task in case.tasks()? {
        let plans_now = task.fresh_gates().any(|link| {
            link.event.state.stage == Stage::Plan || link.event.kind == crate::model::event::EventKind::Advance
        });
        if let (true, Some(rules)) = (plans_now, task.profile(case.policy))
            && let Some((path, plan)) = live_plan(case.step.next(), &task.after, rules)?
        {
            fresh.push((task.after.profile.clone(), task.after.task.clone(), plan, path));
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    for profile in case.policy.profiles.keys() {
        for other in chain::tasks(case.step.next(), profile)? {
            // Most tasks are closed, and their files' names say so.
            let by_name = chain::standing_by_name(case.step.next(), profile, &other)?;
            if by_name.is_some_and(|name| !name.status.is_open()) {
                continue;
            }
            let other = Chain::read(case.step.next(), profile, &other)?;
            let Standing::At(state) = other.standing() else { continue };
            if !state.status.is_open() {
                continue;
            }
            let Some(rules) = case.policy.profiles.get(profile) else { continue };
            let Some((_, theirs)) = live_plan(case.step.next(), &other, rules)? else { continue };
            let theirs: BTreeSet<&RepoPath> = theirs.changes.iter().map(|change| &change.path).collect();
            for (own_profile, task, ours, path) in &fresh {
                if *task == other.task && own_profile == profile {
                    continue;
                }
                for change in &ours.changes {
                    if theirs.contains(&change.path) {
                        findings.add(Finding::new(
                            Place::line(path.clone(), change.line),
                            format!("`{}` is also planned by the open task `{}` ({profile})", change.path, other.task),
                            "put the tasks in order, or split the file between them",
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}
