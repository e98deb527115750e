//! Redactions: which state files owners may let go, and what rests on them.

use super::artifact;
use super::chain::{Chain, Link};
use crate::model::digest::Digest;
use crate::model::layout::Place;
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::profile::ArtifactKind;
use crate::model::tree::{SightError, TreeView};

/// Why no amend lets the file at `path` go; `None` where one can.
///
/// What is let go is kept by its digest alone, so only files may go whose digest is all that others rest on. An event's bytes
/// are the state of its task, and an amend's are what redactions themselves rest on.
pub fn refusal(policy: &Policy, path: &RepoPath) -> Option<String> {
    let reason = match Place::of(path) {
        None => "lies outside `.agentops`: no law keeps it, so remove it with git alone",
        Some(Place::TopFile | Place::Secrets | Place::ProfileFile(_)) => {
            "is governed: `agentops policy amend` changes it"
        }
        Some(Place::Event(..)) => {
            "is an event: the state of its task is proved by its bytes, and no signature could tell a shortened one from a \
             forged one"
        }
        Some(Place::Amend) => "is an amend: what rules here is proved by its bytes",
        Some(Place::Stray) => "has no place below `.agentops`",
        Some(Place::Document(_)) => {
            let owner = artifact::owner(policy, path);
            match owner.is_some_and(|owner| owner.spec.kind == ArtifactKind::Manifest) {
                true => "is a manifest: it binds votes to code, and holds paths and digests alone",
                false => return None,
            }
        }
        Some(Place::Vote(..) | Place::Verdict(..) | Place::Learning(..) | Place::Session(..)) => return None,
        Some(Place::Decision(..) | Place::Bundle(..)) => return None,
    };
    Some(format!("`{path}` {reason}"))
}

/// The event of `tree` that names the bytes `sha256` at `path` as its evidence, with its task's chain; the last of several.
pub fn named_by(
    tree: &dyn TreeView,
    policy: &Policy,
    path: &RepoPath,
    sha256: &Digest,
) -> Result<Option<(Chain, Link)>, SightError> {
    let Some(owner) = artifact::owner(policy, path) else { return Ok(None) };
    let chain = Chain::read(tree, &owner.profile, &owner.task)?;
    let names = |link: &&Link| {
        let mut evidence = link.event.evidence.iter();
        evidence.any(|item| item.path.as_bytes() == path.as_bytes() && item.sha256 == *sha256)
    };
    let link = chain.links.iter().rev().find(names).cloned();
    Ok(link.map(|link| (chain, link)))
}
