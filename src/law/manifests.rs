//! Which task answers for a changed path: one that leaves an implement phase in the step, with a manifest that lists the path
//! as M has it.
//!
//! A manifest that only waits for votes lists what nobody has agreed to, and one of another stage binds nothing: no check asks
//! whether it holds.

use std::collections::BTreeSet;

use super::Case;
use super::steps::TaskStep;
use crate::model::layout;
use crate::model::manifest::{Manifest, ManifestLine};
use crate::model::path::RepoPath;
use crate::model::profile::{ArtifactKind, Phase, Profile};
use crate::model::state::Stage;
use crate::model::tree::{MAX_TEXT_FILE, SightError};
use crate::workflow::chain::Link;

/// A task that leaves an implement phase in the step, votes included.
pub(super) struct Passed<'c, 'p> {
    pub(super) task: &'c TaskStep,
    /// The phase that it leaves, and its profile.
    pub(super) gate: (&'p Profile, &'p Phase),
    pub(super) manifest: Manifest,
}

impl Passed<'_, '_> {
    /// Whether its manifest has exactly this line.
    pub(super) fn lists(&self, now: &ManifestLine) -> bool {
        self.manifest.get(&now.path).is_some_and(|(_, line)| line == now)
    }
}

/// The tasks that leave an implement phase in the step.
pub(super) fn passed<'c, 'p>(case: &'c Case<'p>) -> Result<Vec<Passed<'c, 'p>>, SightError> {
    let mut found = Vec::new();
    for task in case.tasks()? {
        for link in task.fresh_advances_from(Stage::Implement) {
            let Some(gate) = task.gate_phase(case.policy, link) else { continue };
            let manifest = manifest(case, task, link, gate)?;
            found.extend(manifest.map(|manifest| Passed { task, gate, manifest }));
        }
    }
    Ok(found)
}

/// The manifest in M with which `link` leaves a phase; `None` where there is none that can be read, which AO-P7 names.
pub(super) fn manifest(
    case: &Case<'_>,
    task: &TaskStep,
    link: &Link,
    (profile, phase): (&Profile, &Phase),
) -> Result<Option<Manifest>, SightError> {
    let Some(spec) = phase.artifacts.iter().find(|spec| spec.kind == ArtifactKind::Manifest) else { return Ok(None) };
    let path = RepoPath::from(spec.path_for(&profile.name, &task.after.task, &link.event.state));
    let bytes = case.step.next().file(&path, MAX_TEXT_FILE)?;
    Ok(bytes.and_then(|bytes| Manifest::parse(&bytes).ok()))
}

/// The paths that those manifests list.
pub(crate) fn listed(case: &Case<'_>) -> Result<BTreeSet<RepoPath>, SightError> {
    let passed = passed(case)?;
    Ok(passed.iter().flat_map(|one| one.manifest.lines()).map(|line| line.path.clone()).collect())
}

/// Paths outside `.agentops` that the step changes and for which no task answers.
pub(crate) fn unanswered(case: &Case<'_>) -> Result<Vec<RepoPath>, SightError> {
    let passed = passed(case)?;
    let mut found = Vec::new();
    for path in case.step.changes()?.iter().map(|change| &change.path).filter(|path| !path.is_below(layout::ROOT)) {
        let is_listed = passed.iter().any(|one| one.manifest.get(path).is_some());
        // Only then the bytes are worth reading.
        let now = if is_listed { Some(ManifestLine::of(case.step.next(), path)?) } else { None };
        if !now.is_some_and(|now| passed.iter().any(|one| one.lists(&now))) {
            found.push(path.clone());
        }
    }
    Ok(found)
}
