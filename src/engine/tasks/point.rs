//! A point in the life of a task: one event, and the commit in which history holds it.

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::git::Walk;
use crate::model::digest::{Digest, ObjectId};
use crate::model::event::EventName;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView as _};
use crate::workflow::chain::{Chain, Link};

/// An event as people name it: `ID@SEQ`, or `ID@SEQ:HASH` where a fork has two with that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The task, or the beginning of its id.
    pub task: String,
    /// The event's number; none: whichever the verb is about.
    pub event: Option<(u32, String)>,
}

impl Address {
    /// Reads `ID`, `ID@SEQ` or `ID@SEQ:HASH`.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        let Some((task, event)) = text.split_once('@') else { return Ok(Self { task: text.to_owned(), event: None }) };
        let (seq, hash) = event.split_once(':').unwrap_or((event, ""));
        let fits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        let is_hash = hash.len() <= 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match seq.parse() {
            Ok(seq) if fits && is_hash => Ok(Self { task: task.to_owned(), event: Some((seq, hash.to_owned())) }),
            _ => Err(EngineError::usage(
                format!("`{}` names no event", crate::model::escape::visible(text)),
                "an event is named `ID@SEQ`, e.g. `auth-k3f9@3`; `agentops phase log ID` lists them",
            )),
        }
    }
}

/// The commit in which history holds an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The commit.
    pub commit: ObjectId,
    /// Whether it is the very commit that the event was written with. Otherwise a squash or a rebase replaced that one, and
    /// this is the first on HEAD's line of first parents that holds the event.
    pub is_own: bool,
}

/// The events that `address` may mean, by what it says.
pub(crate) fn matching<'c>(chain: &'c Chain, address: &Address) -> Result<&'c Link, EngineError> {
    let list = || format!("agentops phase log {}", chain.task);
    let Some((seq, hash)) = &address.event else {
        return Err(EngineError::usage(
            format!("which event of `{}` is meant?", chain.task),
            format!("name it as `{}@SEQ`; `{}` lists them", chain.task, list()),
        ));
    };
    let fits = |link: &&Link| link.event.seq == *seq && link.digest.hex().starts_with(hash);
    match chain.links.iter().filter(fits).collect::<Vec<_>>().as_slice() {
        [one] => Ok(one),
        [] => Err(EngineError::NotFound {
            what: "event",
            name: format!("{}@{seq}{}{hash}", chain.task, if hash.is_empty() { "" } else { ":" }),
            hint: list(),
        }),
        several => {
            let names: Vec<String> =
                several.iter().map(|link| format!("{}@{seq}:{}", chain.task, &link.digest.hex()[..12])).collect();
            Err(EngineError::usage(
                format!("`{}` is forked: {} events have the number {seq}", chain.task, several.len()),
                format!("one of: {}", names.join(", ")),
            ))
        }
    }
}

/// Where the history of `base` holds `link`. Its own commit is one whose parent has the tree that the event was made on.
pub(crate) fn origin(site: &Site, base: &Base<'_>, chain: &Chain, link: &Link) -> Result<Origin, EngineError> {
    let path = layout::event(&chain.profile, &chain.task, &EventName::of(&link.event));
    let holds = |commit: &ObjectId| -> Result<bool, EngineError> {
        Ok(site.repo.tree(&site.repo.tree_of(commit)?).entry(&path)?.is_some())
    };
    for id in site.repo.commits_changing(&base.commit, &path, Walk::All)? {
        // An event is written by a commit with one parent. That of a commit at which a shallow clone was cut off is not here.
        let commit = site.repo.commit(&id)?;
        if let [parent] = commit.parents.as_slice()
            && site.repo.has_object(parent)
            && site.repo.tree_of(parent)? == link.event.base
            && holds(&id)?
        {
            return Ok(Origin { commit: id, is_own: true });
        }
    }
    for commit in site.repo.commits_changing(&base.commit, &path, Walk::FirstParents)?.into_iter().rev() {
        if holds(&commit)? {
            return Ok(Origin { commit, is_own: false });
        }
    }
    // The tree holds it and no commit brings it: only a merge whose first parent has another history looks like that.
    Ok(Origin { commit: base.commit, is_own: false })
}

/// The bytes with that digest that lay at `path` in `origin` or in any commit that HEAD can reach; `None`: history does not
/// hold them any more.
pub(crate) fn content(
    site: &Site,
    base: &Base<'_>,
    origin: &Origin,
    path: &RepoPath,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, EngineError> {
    if let Some(bytes) = bytes_in(site, &origin.commit, path, digest)? {
        return Ok(Some(bytes));
    }
    for commit in site.repo.commits_changing(&base.commit, path, Walk::All)? {
        if let Some(bytes) = bytes_in(site, &commit, path, digest)? {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

fn bytes_in(site: &Site, commit: &ObjectId, path: &RepoPath, digest: &Digest) -> Result<Option<Vec<u8>>, EngineError> {
    match site.repo.tree(&site.repo.tree_of(commit)?).file(path, MAX_TEXT_FILE) {
        Ok(bytes) => Ok(bytes.filter(|bytes| Digest::of(bytes) == *digest)),
        // Left out by a partial clone, or more than an artifact may have: not those bytes, at any rate.
        Err(SightError::Missing { .. } | SightError::TooLarge { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_named_by_number_and_hash() {
        let read = |text: &str| Address::parse(text).ok().map(|address| (address.task, address.event));
        assert_eq!(read("auth"), Some(("auth".into(), None)));
        assert_eq!(read("auth@3"), Some(("auth".into(), Some((3, String::new())))));
        assert_eq!(read("auth@0003:ab12"), Some(("auth".into(), Some((3, "ab12".into())))));
        for bad in ["auth@", "auth@x", "auth@+3", "auth@3:xyz", "auth@99999999999", "auth@3:AB"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
