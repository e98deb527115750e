//! Where trust in a history starts: at governed files whose digest somebody wrote down.

use crate::config;
use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::git::Repo;
use crate::model::digest::{Digest, ObjectId};
use crate::model::policy::Policy;
use crate::workflow::governance::{self, Governed};

/// The tree in which a judged history meets its first laws.
pub(super) enum Start<'a> {
    /// It brings them.
    Here(&'a ObjectId),
    /// They came earlier, in commits that are not judged now.
    Before(&'a ObjectId),
}

/// Whether trust starts where the caller says it does. Amends lead on from there only where they came later: in the tree that
/// brings the laws, nothing judged them. Hands back what is believed without having been seen.
pub(super) fn check_root(
    repo: &Repo,
    policy: &Policy,
    root: Option<&str>,
    start: Start<'_>,
) -> Result<Option<String>, EngineError> {
    let Some(root) = root else { return Ok(None) };
    let wanted = Digest::parse(root)?;
    let (Start::Here(id) | Start::Before(id)) = start;
    let tree = repo.tree(id);
    let found = Governed::new(&policy.config.governed).digest(&tree)?;
    if found == wanted {
        return Ok(None);
    }
    let amends = governance::read_amends(&tree)?.links;
    if matches!(start, Start::Before(_)) && governance::leads(&amends.iter().collect::<Vec<_>>(), wanted, found) {
        return Ok(Some(format!(
            "the amends that lead from the pinned root {} to the base's governed digest {}: `agentops check --all --root` \
             replays them",
            &wanted.hex()[..12],
            &found.hex()[..12]
        )));
    }
    Err(EngineError::refused(
        format!(
            "trust does not start at {}: the governed files there have the digest {}",
            &wanted.hex()[..12],
            found.hex()
        ),
        "if that digest is the one you mean, pass it as `--root`; otherwise this history was replaced",
    ))
}

/// The governed digest at a revision: what `--root` wants.
pub fn root_digest(site: &Site, rev: &str) -> Result<Digest, EngineError> {
    let tree = site.repo.tree_of(&site.repo.resolve(rev)?)?;
    let tree = site.repo.tree(&tree);
    let policy = config::read_policy(&tree)?;
    Ok(Governed::new(&policy.config.governed).digest(&tree)?)
}
