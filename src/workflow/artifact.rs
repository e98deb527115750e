//! Artifact paths: from a path back to the task and the phase that own it.

use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::layout::Place;
use crate::model::manifest::Manifest;
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::policy::Policy;
use crate::model::profile::{ArtifactKind, ArtifactSpec, Phase, Profile};
use crate::model::state::Stage;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};
use crate::workflow::chain::Chain;

/// Whose artifact a path is.
#[derive(Debug, Clone)]
pub struct Owner<'a> {
    /// The namespace.
    pub profile: ProfileName,
    /// The task whose id the path carries; it need not exist.
    pub task: TaskId,
    /// The phase that produces it.
    pub phase: &'a Phase,
    /// Which of its artifacts.
    pub spec: &'a ArtifactSpec,
}

/// The owner of `path` by the artifact patterns of the policy's profiles; `None` where no pattern fits.
pub fn owner<'a>(policy: &'a Policy, path: &RepoPath) -> Option<Owner<'a>> {
    let Some(Place::Document(name)) = Place::of(path) else { return None };
    let profile = policy.profiles.get(&name)?;
    profile.phases.iter().find_map(|phase| {
        phase.artifacts.iter().find_map(|spec| {
            let task = spec.task_of(&name, path)?;
            Some(Owner { profile: name.clone(), task, phase, spec })
        })
    })
}

/// The manifest that `event` lists as evidence, where `tree` has those bytes and they can be read.
pub fn listed_manifest(tree: &dyn TreeView, policy: &Policy, event: &Event) -> Result<Option<Manifest>, SightError> {
    for item in &event.evidence {
        let path = RepoPath::from(item.path.as_str());
        if owner(policy, &path).is_none_or(|owner| owner.spec.kind != ArtifactKind::Manifest) {
            continue;
        }
        let bytes = tree.file(&path, MAX_TEXT_FILE)?.filter(|bytes| Digest::of(bytes) == item.sha256);
        return Ok(bytes.and_then(|bytes| Manifest::parse(&bytes).ok()));
    }
    Ok(None)
}

/// The plan with which `chain`'s task left its plan stage, as it stands in `tree`; `None` before that, or where the
/// event is superseded.
pub fn live_plan(
    tree: &dyn TreeView,
    chain: &Chain,
    profile: &Profile,
) -> Result<Option<(RepoPath, Plan)>, SightError> {
    let Some(link) = chain.leaving(profile, Stage::Plan) else { return Ok(None) };
    let specs = profile.phases.iter().filter(|phase| phase.stage == Stage::Plan).flat_map(|phase| &phase.artifacts);
    for spec in specs.filter(|spec| spec.kind == ArtifactKind::Plan) {
        let path = RepoPath::from(spec.path_for(&profile.name, &chain.task, &link.event.state));
        if let Some(bytes) = tree.file(&path, MAX_TEXT_FILE)? {
            return Ok(Some((path, Plan::parse(&String::from_utf8_lossy(&bytes)))));
        }
    }
    Ok(None)
}
