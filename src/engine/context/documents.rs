//! Documents of the task: those with which earlier phases were left, and those of this phase as far as they are committed.

use std::collections::BTreeMap;

use super::item::{About, Body, Candidate};
use super::page::{language_of, readable, show_command, span};
use super::recipe::Kind;
use super::scene::Scene;
use crate::engine::error::EngineError;
use crate::engine::knowledge::bundles::making;
use crate::model::bundle::BundleType;
use crate::model::digest::{Digest, ObjectId};
use crate::model::path::RepoPath;
use crate::model::profile::{ArtifactKind, Phase, VoteKind};
use crate::model::state::Stage;
use crate::model::tree::{SightError, TreeView as _};
use crate::workflow::artifact;
use crate::workflow::chain::position;

/// Larger files are not read for a context: they are named with the command that shows them.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// The evidence with which the task left the phases before this one, the last phase first.
pub(super) fn approved(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let Scene { base, chain, rules, place, .. } = scene;
    let live = chain.live(rules);
    // By path: the phase's place, the digest, the event's number. A later one counts.
    let mut listed: BTreeMap<&str, (usize, Digest, u32)> = BTreeMap::new();
    for link in chain.links.iter().filter(|link| live.contains(&link.digest) && link.event.carries_gate(chain)) {
        let left = position(rules, chain.origin(link));
        if left < *place {
            for item in &link.event.evidence {
                listed.insert(&item.path, (left, item.sha256, link.event.seq));
            }
        }
    }
    let mut ranked: Vec<_> = listed
        .into_iter()
        .map(|(path, (left, digest, seq))| {
            let path = RepoPath::from(path);
            let kind = artifact::owner(&base.policy, &path).map(|owner| owner.spec.kind);
            (left, rank(kind), path, digest, seq, kind)
        })
        .collect();
    ranked.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
    let mut found = Vec::new();
    for (left, _, path, digest, seq, kind) in ranked {
        // What a manifest lists is what the code says, but for whoever looks after a delivery.
        if kind == Some(ArtifactKind::Manifest) && scene.phase.stage != Stage::Post {
            continue;
        }
        let Some(phase) = rules.phases.get(left) else { continue };
        let how = if phase.gate.vote == VoteKind::None { "It left" } else { "It was approved with" };
        let reason = format!("{how} phase `{}` (event {seq:04}).", phase.name);
        let title = format!("From phase `{}`: {}", phase.name, span(&path.to_string()));
        let mut candidate = file(scene, Kind::Approved, title, reason, &path, Some(making::kind_of(phase)))?;
        if let (Body::Document { .. }, Some(bytes)) = (&candidate.body, bytes_of(scene, &path)?)
            && Digest::of(&bytes) != digest
        {
            candidate.about.reason.push_str(" Its bytes have changed since.");
        }
        found.push(candidate);
    }
    Ok(found)
}

/// Of the documents of one phase, the plan comes first, and the list of files last.
fn rank(kind: Option<ArtifactKind>) -> usize {
    use ArtifactKind::{Deliverables, Manifest, Plan, Report, Research, Tasks};
    [Plan, Research, Deliverables, Tasks, Report, Manifest].iter().position(|known| Some(*known) == kind).unwrap_or(6)
}

/// The documents of this phase, as far as they are committed.
pub(super) fn drafts(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let mut found = Vec::new();
    for spec in scene.phase.artifacts.iter().filter(|spec| spec.kind != ArtifactKind::Manifest) {
        let path = RepoPath::from(spec.path_for(&scene.rules.name, &scene.chain.task, &scene.state));
        if scene.base.tree.entry(&path)?.is_some_and(|entry| entry.mode.is_file()) {
            let reason = "This phase writes it, and it was committed before.".to_owned();
            let title = format!("So far: {}", span(&path.to_string()));
            found.push(file(scene, Kind::Draft, title, reason, &path, Some(making::kind_of(scene.phase)))?);
        }
    }
    Ok(found)
}

/// A whole file of the commit, shortened by the rules of a kind where it is prose and does not fit.
pub(super) fn file(
    scene: &Scene<'_>,
    kind: Kind,
    title: String,
    reason: String,
    path: &RepoPath,
    shortened_as: Option<BundleType>,
) -> Result<Candidate, EngineError> {
    let Some(entry) = scene.base.tree.entry(path)?.filter(|entry| entry.mode.is_file()) else {
        let about = About { kind, title, source: path.to_string(), reason, command: scene.history_of(path) };
        let why = format!("is no file at {} any more", scene.base.commit.short());
        return Ok(Candidate { about, body: Body::Unreadable(why), made_of: Vec::new() });
    };
    let about = About {
        kind,
        title,
        source: source(path, &entry.id),
        reason,
        command: show_command(&scene.base.commit, path, &entry.id),
    };
    let body = match text_of(scene, path, &entry.id)? {
        Ok(text) => Body::Document {
            blob: entry.id,
            text,
            language: language_of(path),
            shortened_as: shortened_as.filter(|_| making::is_prose(path)),
        },
        Err(why) => Body::Unreadable(why),
    };
    Ok(Candidate { about, body, made_of: vec![entry.id] })
}

/// Where an item comes from: the path, and which bytes lay there.
pub(super) fn source(path: &RepoPath, blob: &ObjectId) -> String {
    format!("{path}@{}", blob.short())
}

/// The text of a blob, or why there is none: the end of a sentence.
pub(super) fn text_of(
    scene: &Scene<'_>,
    path: &RepoPath,
    blob: &ObjectId,
) -> Result<Result<String, String>, EngineError> {
    match scene.base.tree.blob(blob, path, LARGEST) {
        Ok(bytes) => Ok(readable(&bytes).ok_or_else(|| "is no text".to_owned())),
        Err(SightError::TooLarge { size, .. }) => Ok(Err(format!("has {size} bytes"))),
        Err(error) => Err(error.into()),
    }
}

fn bytes_of(scene: &Scene<'_>, path: &RepoPath) -> Result<Option<Vec<u8>>, EngineError> {
    Ok(scene.base.tree.file(path, LARGEST)?)
}

/// By whose rules texts that no phase wrote are shortened: those of what is found out.
pub(super) fn rules_for(phase: &Phase) -> BundleType {
    match phase.stage {
        Stage::Research | Stage::Plan => BundleType::Research,
        Stage::Implement | Stage::Post => BundleType::Plan,
    }
}
