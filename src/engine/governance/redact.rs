//! `redact`: lets the bytes of a state file go, by an amend that keeps their digest.
//!
//! What rests on the file rests on its digest, so history stays provable once the bytes are gone, here and in every commit.
//! Which files can go, and what passes no gate afterwards, is `workflow::redaction`'s and AO-E8's to say.

use std::path::PathBuf;

use super::policy::{self, Amended, Change};
use super::proposal::Proposal;
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::writing::transact::{Committed, Target};
use crate::model::amend::Redaction;
use crate::model::digest::{Digest, ObjectId};
use crate::model::name::TaskId;
use crate::model::path::RepoPath;
use crate::model::policy::REDACTIONS_SINCE;
use crate::model::tree::{MAX_TEXT_FILE, TreeView};
use crate::workflow::redaction;

/// What `redact` is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The file, from the repository's root.
    pub path: String,
    /// The revision that holds the bytes; `None`: HEAD.
    pub at: Option<String>,
    /// Why.
    pub reason: String,
    /// The file of the key that signs; `None`: the one that is found.
    pub key: Option<PathBuf>,
}

/// What is let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// Where it lies.
    pub path: RepoPath,
    /// Digest of its bytes, which the amend keeps.
    pub sha256: Digest,
    /// Git's id of its bytes, which history still holds.
    pub blob: ObjectId,
    /// The task that rests on it and has to go back before it goes on, with the phase to go back to.
    pub reopen: Option<(TaskId, String)>,
}

/// Commits the redaction on HEAD.
///
/// # Errors
///
/// Files that cannot go are refused with the reason; so is what has not landed on a protected branch yet.
pub fn redact(site: &Site, target: &Target, request: &Request) -> Result<(Redacted, Committed<Amended>), EngineError> {
    let redacted = find(site, &site.base()?, request)?;
    let committed = policy::amend_with(site, target, &request.reason, request.key.as_deref(), |base| {
        Ok(change(&find(site, base, request)?))
    })?;
    Ok((redacted, committed))
}

/// The redaction as a proposal for other owners to sign.
///
/// # Errors
///
/// As [`redact`].
pub fn propose(site: &Site, request: &Request) -> Result<(Redacted, Proposal), EngineError> {
    let redacted = find(site, &site.base()?, request)?;
    let proposal = policy::propose_with(site, &request.reason, request.key.as_deref(), |_| Ok(change(&redacted)))?;
    Ok((redacted, proposal))
}

fn change(redacted: &Redacted) -> Change {
    let redaction = Redaction { path: redacted.path.to_string(), sha256: redacted.sha256 };
    Change { redact: vec![redaction], ..Change::default() }
}

fn find(site: &Site, base: &Base<'_>, request: &Request) -> Result<Redacted, EngineError> {
    let path = RepoPath::from(request.path.trim_start_matches("./"));
    if base.policy.format.laws < REDACTIONS_SINCE {
        return Err(EngineError::refused(
            format!("edition {} of the laws rules here, and it knows no redactions", base.policy.format.laws),
            "raise it with `agentops upgrade`, and land that first",
        ));
    }
    if let Some(reason) = redaction::refusal(&base.policy, &path) {
        return Err(EngineError::refused(
            reason,
            "change the secret where it is valid: that is what protects it; `agentops explain AO-G4` says what can be redacted",
        ));
    }
    let (bytes, blob) = match &request.at {
        None => held(base.view(), &path)?,
        Some(rev) => held(&site.repo.tree(&site.repo.tree_of(&site.repo.resolve(rev)?)?), &path)?,
    }
    .ok_or_else(|| {
        EngineError::refused(
            format!("{} has no file `{path}`", request.at.as_deref().unwrap_or("HEAD")),
            format!("paths are meant from the root of the repository; `git log --oneline -- {path}` names commits for `--at`"),
        )
    })?;
    let sha256 = Digest::of(&bytes);
    let is_here = held(base.view(), &path)?.is_some_and(|(here, _)| here == bytes);
    let named = redaction::named_by(base.view(), &base.policy, &path, &sha256)?;
    if !is_here && named.is_none() {
        return Err(EngineError::refused(
            format!("no event at HEAD names these bytes of `{path}`: no law asks for them"),
            "take them out of history with git alone",
        ));
    }
    if is_here {
        refuse_unlanded(site, base, &path, &bytes)?;
    }
    let reopen = named.and_then(|(chain, link)| {
        let rules = base.rules(&chain).ok()?;
        let open = chain.head().is_some_and(|head| head.event.state.status.is_open());
        let rests = open && is_here && chain.live(rules).contains(&link.digest);
        rests.then(|| (chain.task.clone(), link.event.state.phase.to_string()))
    });
    Ok(Redacted { path, sha256, blob, reopen })
}

fn held(tree: &dyn TreeView, path: &RepoPath) -> Result<Option<(Vec<u8>, ObjectId)>, EngineError> {
    let Some(entry) = tree.entry(path)?.filter(|entry| entry.mode.is_file()) else { return Ok(None) };
    Ok(Some((tree.blob(&entry.id, path, MAX_TEXT_FILE)?, entry.id)))
}

/// What no protected branch has is taken out of the branch that brings it: a redaction would carry it there first.
fn refuse_unlanded(site: &Site, base: &Base<'_>, path: &RepoPath, bytes: &[u8]) -> Result<(), EngineError> {
    let mut protected = Vec::new();
    for name in &base.policy.config.protected {
        for full in [format!("refs/heads/{name}"), format!("refs/remotes/origin/{name}")] {
            if base.branch.as_deref() == Some(full.as_str()) {
                return Ok(());
            }
            let Some(commit) = site.repo.reference(&full)? else { continue };
            if held(&site.repo.tree(&site.repo.tree_of(&commit)?), path)?.is_some_and(|(there, _)| there == bytes) {
                return Ok(());
            }
            protected.push(name.clone());
        }
    }
    match protected.first() {
        None => Ok(()),
        Some(name) => Err(EngineError::refused(
            format!("`{path}` has not landed on `{name}`: a redaction would carry its bytes there"),
            format!("take it out of this branch instead: git rebase -i {name}"),
        )),
    }
}
