//! `phase show`: a task as it was at one of its events.

use std::collections::{BTreeMap, BTreeSet};

use super::effects::Effects;
use super::point::{self, Address, Origin};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site, near};
use crate::model::digest::Digest;
use crate::model::event::EventKind;
use crate::model::layout;
use crate::model::name::{ProfileName, TaskId, Word};
use crate::model::path::RepoPath;
use crate::model::tree::TreeView as _;
use crate::model::vote::Vote;
use crate::workflow::artifact;
use crate::workflow::chain::{Chain, Link};
use crate::workflow::gate::read_votes;

/// A task at one of its events.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// The event, with its digest; its state is the task's at that point.
    pub link: Link,
    /// Whether nothing later supersedes it.
    pub live: bool,
    /// Where history holds it.
    pub origin: Origin,
    /// What the task stood on at that point, by path.
    pub artifacts: Vec<PastArtifact>,
    /// The votes on the submits that it stood on, in their order.
    pub votes: Vec<PastVote>,
    /// What going back to it would not undo.
    pub effects: Effects,
}

/// A file that an event lists as evidence.
#[derive(Debug, Clone)]
pub struct PastArtifact {
    /// Where it lay.
    pub path: RepoPath,
    /// What the profile calls it, where it still knows it.
    pub name: Option<Word>,
    /// The digest that the event lists.
    pub digest: Digest,
    /// The number of that event.
    pub seq: u32,
    /// The bytes with that digest; `None`: history does not hold them.
    pub bytes: Option<Vec<u8>>,
}

/// A vote, and when it came.
#[derive(Debug, Clone)]
pub struct PastVote {
    /// The vote.
    pub vote: Vote,
    /// The number of the submit that it is about.
    pub seq: u32,
    /// Whether it was there at that point; unknown where the event's own commit is gone.
    pub was_there: Option<bool>,
}

/// The task as it was at the event that `address` names.
pub fn show(site: &Site, address: &str) -> Result<Shown, EngineError> {
    let address = Address::parse(address)?;
    let base = site.base()?;
    let chain = base.task(&address.task)?;
    let link = point::matching(&chain, &address)?;
    at(site, &base, &chain, link)
}

/// As [`show`], of an event that is known.
pub(crate) fn at(site: &Site, base: &Base<'_>, chain: &Chain, link: &Link) -> Result<Shown, EngineError> {
    let rules = base.rules(chain)?;
    let origin = point::origin(site, base, chain, link)?;
    let then = chain.until(&link.digest);
    let stood_on = then.live(rules);
    let mut listed: BTreeMap<&str, (Digest, u32)> = BTreeMap::new();
    let mut votes = Vec::new();
    for earlier in then.links.iter().filter(|earlier| stood_on.contains(&earlier.digest)) {
        for item in &earlier.event.evidence {
            listed.insert(&item.path, (item.sha256, earlier.event.seq));
        }
        if earlier.event.kind == EventKind::Submit {
            votes.extend(votes_on(site, base, chain, earlier, &origin)?);
        }
    }
    let mut artifacts = Vec::with_capacity(listed.len());
    for (path, (digest, seq)) in listed {
        let path = RepoPath::from(path);
        let bytes = point::content(site, base, &origin, &path, &digest)?;
        let name = artifact::owner(&base.policy, &path).map(|owner| owner.spec.name.clone());
        artifacts.push(PastArtifact { path, name, digest, seq, bytes });
    }
    let later: BTreeSet<Digest> = followers(chain, &link.digest);
    let later: Vec<&Link> = chain.links.iter().filter(|link| later.contains(&link.digest)).collect();
    Ok(Shown {
        task: chain.task.clone(),
        profile: chain.profile.clone(),
        link: link.clone(),
        live: chain.live(rules).contains(&link.digest),
        effects: Effects::of(site, &origin.commit, chain, rules, &later)?,
        origin,
        artifacts,
        votes,
    })
}

/// All events that come after `digest`.
fn followers(chain: &Chain, digest: &Digest) -> BTreeSet<Digest> {
    let mut found = BTreeSet::from([*digest]);
    // Sorted by number, so that whoever names an event stands behind it.
    for link in &chain.links {
        if link.event.prev.iter().any(|prev| found.contains(prev)) {
            found.insert(link.digest);
        }
    }
    found.remove(digest);
    found
}

fn votes_on(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    submit: &Link,
    origin: &Origin,
) -> Result<Vec<PastVote>, EngineError> {
    let tree = site.repo.tree_of(&origin.commit)?;
    let mut votes = Vec::new();
    for vote in read_votes(base.view(), &chain.profile, submit)?.into_iter().filter_map(|file| file.content.ok()) {
        let folder = layout::votes(&chain.profile, &chain.task, &submit.digest);
        let there = site.repo.tree(&tree).entry(&folder.join(vote.file_name().as_bytes()))?.is_some();
        votes.push(PastVote { vote, seq: submit.event.seq, was_there: origin.is_own.then_some(there) });
    }
    Ok(votes)
}

impl Shown {
    /// The artifact that `wanted` means: its path, the name that the profile gives it, or its file name.
    pub fn artifact(&self, wanted: &str) -> Result<&PastArtifact, EngineError> {
        let by_path = |item: &&PastArtifact| item.path.as_str() == Some(wanted);
        let by_name = |item: &&PastArtifact| {
            item.name.as_ref().is_some_and(|name| name.as_str() == wanted) || item.path.file_name() == wanted.as_bytes()
        };
        let exact = self.artifacts.iter().find(by_path);
        let named: Vec<&PastArtifact> = self.artifacts.iter().filter(by_name).collect();
        match (exact, named.as_slice()) {
            (Some(one), _) => Ok(one),
            (None, [one]) => Ok(one),
            (None, []) => {
                let known: Vec<String> = self.artifacts.iter().map(|item| item.path.to_string()).collect();
                let hint = near(wanted, known.iter().map(String::as_str));
                Err(EngineError::NotFound { what: "artifact", name: wanted.to_owned(), hint })
            }
            (None, several) => {
                let paths: Vec<String> = several.iter().map(|item| item.path.to_string()).collect();
                Err(EngineError::usage(
                    format!("`{wanted}` names {} artifacts", several.len()),
                    format!("one of: {}", paths.join(", ")),
                ))
            }
        }
    }

    /// The bytes of an artifact, or why there are none.
    pub fn bytes_of<'a>(&self, item: &'a PastArtifact) -> Result<&'a [u8], EngineError> {
        item.bytes.as_deref().ok_or_else(|| {
            EngineError::refused(
                format!("`{}` of `{}@{}`: content not in history", item.path, self.task, self.link.event.seq),
                format!(
                    "no commit that HEAD reaches holds the bytes with sha256 {}: a squash dropped them, or this clone is \
                     shallow (`git fetch --unshallow`)",
                    item.digest.hex()
                ),
            )
        })
    }
}
