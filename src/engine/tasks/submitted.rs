//! What a voter reads: the bytes that a submit names, and those that were approved before.

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::digest::Digest;
use crate::model::event::EventKind;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, TreeView as _};
use crate::workflow::chain::{Chain, Link};

/// One artifact of a submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Where it lies.
    pub path: RepoPath,
    /// The digest that is voted on.
    pub digest: Digest,
    /// The bytes that have this digest.
    pub bytes: Vec<u8>,
    /// The bytes of the same path that a gate let pass before; `None` where none did, or where they are not in this
    /// repository.
    pub approved: Option<Vec<u8>>,
}

/// The artifacts of the submit that `chain` waits with; each has exactly the bytes of its digest.
pub(crate) fn documents(site: &Site, base: &Base<'_>, chain: &Chain) -> Result<Vec<Submitted>, EngineError> {
    let Some(submit) = chain.head() else { return Ok(Vec::new()) };
    let passed = last_passed(chain, submit);
    let mut documents = Vec::with_capacity(submit.event.evidence.len());
    for item in &submit.event.evidence {
        let path = RepoPath::from(item.path.as_str());
        let found = base.view().file(&path, MAX_TEXT_FILE)?.filter(|bytes| Digest::of(bytes) == item.sha256);
        let bytes = found.ok_or_else(|| {
            EngineError::refused(
                format!("`{path}` no longer holds what was submitted"),
                format!("agentops phase rework {} --reason \"…\"", chain.task),
            )
        })?;
        let approved = match passed {
            Some((earlier, advance)) => approved_bytes(site, earlier, advance, &item.path)?,
            None => None,
        };
        documents.push(Submitted { path, digest: item.sha256, bytes, approved });
    }
    Ok(documents)
}

/// The last submit of the same phase before `submit` that an advance followed, with that advance.
fn last_passed<'a>(chain: &'a Chain, submit: &Link) -> Option<(&'a Link, &'a Link)> {
    let before = chain.ancestors(&[submit.digest]);
    chain
        .links
        .iter()
        .rev()
        .filter(|link| link.event.kind == EventKind::Advance && before.contains(&link.digest))
        .find_map(|advance| {
            let earlier = advance.event.prev.first().and_then(|digest| chain.link(digest))?;
            let fits = earlier.event.kind == EventKind::Submit && earlier.event.state.phase == submit.event.state.phase;
            fits.then_some((earlier, advance))
        })
}

/// The advance was made on a tree that held what the votes were about.
fn approved_bytes(site: &Site, earlier: &Link, advance: &Link, path: &str) -> Result<Option<Vec<u8>>, EngineError> {
    let Some(item) = earlier.event.evidence.iter().find(|item| item.path == path) else { return Ok(None) };
    if !site.repo.has_object(&advance.event.base) {
        return Ok(None);
    }
    let bytes = site.repo.tree(&advance.event.base).file(&RepoPath::from(path), MAX_TEXT_FILE)?;
    Ok(bytes.filter(|bytes| Digest::of(bytes) == item.sha256))
}
