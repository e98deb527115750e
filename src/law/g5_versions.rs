//! AO-G5: versions only rise, and nothing that rules is taken away.

use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::report::{Finding, Place};
use crate::model::tree::{SightError, TreeView};
use crate::workflow::chain::{self, Chain, Standing};

/// A message names no more tasks than this.
const MOST_NAMED: usize = 8;

pub(crate) const LAW: Law = Law {
    id: LawId::G5,
    title: "versions only rise",
    rule: "`format`, `min_reader`, `laws` and each profile's `version` never fall, the project id never changes, and no profile \
           disappears; M's own policy can be read, so that the next step has laws.",
    passes: "`laws = 2` after `laws = 1`.",
    fails: "A step that lowers `laws`, removes a profile, or breaks `config.toml`. Keep the profile: its tasks' history needs it.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let touched = case
        .step
        .changes()?
        .iter()
        .any(|change| crate::model::layout::Place::of(&change.path).is_some_and(|place| place.is_governed()));
    let Some(base) = case.step.base().filter(|_| touched && !case.bootstrap) else { return Ok(()) };
    let Some(next) = case.next_policy() else {
        let reason = case.next_policy_error().unwrap_or("it cannot be read").to_owned();
        findings.add(Finding::new(
            Place::path(layout::ROOT),
            format!("the policy that this step would leave behind is broken: {reason}"),
            "`agentops doctor` names file, line and remedy",
        ));
        return Ok(());
    };
    let (before, after) = (&case.policy.format, &next.format);
    let rising = [
        ("format", before.format, after.format),
        ("min_reader", before.min_reader, after.min_reader),
        ("laws", before.laws, after.laws),
    ];
    for (key, before, after) in rising {
        if after < before {
            findings.add(Finding::new(
                Place::path(layout::FORMAT),
                format!("`{key}` falls from {before} to {after}"),
                "versions only rise: put it back",
            ));
        }
    }
    if before.project != after.project {
        findings.add(Finding::new(
            Place::path(layout::FORMAT),
            "the project id changes",
            "put it back: every event and vote carries it",
        ));
    }
    for (name, profile) in &case.policy.profiles {
        let path = layout::profile_file(name);
        match next.profiles.get(name) {
            None => {
                let open = open_tasks(base, name)?;
                let named = if open.is_empty() {
                    String::new()
                } else {
                    format!(", and its tasks are open: {}", open.join(", "))
                };
                findings.add(Finding::new(
                    Place::path(path),
                    format!("profile `{name}` disappears{named}"),
                    "keep it: its tasks are judged by it",
                ));
            }
            Some(after) if after.version < profile.version => findings.add(Finding::new(
                Place::path(path),
                format!("`version` falls from {} to {}", profile.version, after.version),
                "versions only rise: put it back",
            )),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The tasks of a profile that are not done in `tree`, up to eight of them.
fn open_tasks(tree: &dyn TreeView, profile: &ProfileName) -> Result<Vec<String>, SightError> {
    let mut open = Vec::new();
    for task in chain::tasks(tree, profile)? {
        let is_open = match Chain::read(tree, profile, &task)?.standing() {
            Standing::At(state) => state.status.is_open(),
            Standing::Forked(_) => true,
            Standing::Absent => false,
        };
        if is_open && open.len() == MOST_NAMED {
            open.push("…".to_owned());
            break;
        }
        open.extend(is_open.then(|| task.to_string()));
    }
    Ok(open)
}
