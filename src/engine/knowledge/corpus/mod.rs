//! All learnings of a tree as search needs them: their words, their tags, what they replace. What was read once is kept in the
//! clone's cache, outside the tree. It says of which folders it is: as long as HEAD has the same, a search reads one file and opens
//! what it shows.

mod kept;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ageing::Origin;
use super::filed::{self, Filed};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::canonical::Canonical as _;
use crate::model::digest::ObjectId;
use crate::model::ids::{IdMap, IdSet};
use crate::model::layout;
use crate::model::name::{ProfileName, RecordId, Word};
use crate::model::path::RepoPath;
use crate::model::record::Learning;
use crate::model::tree::MAX_STATE_FILE;
use crate::store::sealed::Sealed;
use crate::text::search::{KeptText, TokenisedText};
use crate::text::words;
use kept::{Builder, Facts, Kept};

/// The name of the cache's file.
const CACHE: &str = "learnings";

/// So many learnings of other trees stay in it, for who goes from branch to branch.
const OTHERS: usize = 10_000;

/// The first line of the file. Whoever cuts words in another way has a cache of its own.
fn kind() -> String {
    format!("agentops cache of learnings, form 3, words of form {}", words::FORM)
}

/// Between tags.
const BETWEEN: char = ' ';

/// The learnings of one tree, newest first; malformed files are left out, AO-E2 names them.
#[derive(Debug)]
pub(super) struct Corpus {
    kept: Kept,
    memory: Memory,
}

/// What a search may rest on besides the tree and its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// What this clone has kept: faster, and what it finds is kept.
    Clone,
    /// Nothing: for what must come out alike in every clone.
    Nothing,
}

impl Corpus {
    /// Takes what the cache has of this tree; else reads those that it does not know, on all processors, and keeps them there. A
    /// cache that cannot be written costs time and nothing else.
    pub(super) fn load(site: &Site, base: &Base<'_>, memory: Memory) -> Result<Self, EngineError> {
        let key = key(base)?;
        let file = (memory == Memory::Clone).then(|| Sealed::load(site.repo.common_dir(), CACHE, &kind())).flatten();
        let known = match file.and_then(Kept::of) {
            Some(kept) if kept.key() == key => return Ok(Self { kept, memory }),
            other => other,
        };
        let corpus = Self { kept: read(base, &key, known.as_ref())?, memory };
        corpus.keep(site);
        Ok(corpus)
    }

    fn keep(&self, site: &Site) {
        if self.memory == Memory::Clone {
            // It is a help and no state.
            let _ = self.kept.file().save(site.repo.common_dir(), CACHE);
        }
    }

    /// The words of all of them.
    pub(super) fn texts(&self) -> Vec<KeptText<'_>> {
        self.kept.texts()
    }

    /// The file of the learning at this place.
    pub(super) fn file(&self, place: usize) -> Option<Filed<Learning>> {
        let (folders, id) = (self.kept.folders(), self.kept.id(place));
        let path = format!("{}/{id}.toml", folders.get(self.kept.folder(place))?);
        Filed::at(RepoPath::from(path), self.kept.object(place)?)
    }

    /// The id of the learning at this place.
    pub(super) fn id(&self, place: usize) -> &str {
        self.kept.id(place)
    }

    /// Whether each of them is of the profile.
    pub(super) fn of_profile(&self, profile: &ProfileName) -> Vec<bool> {
        let namespace = layout::namespace(profile);
        let is_below = |folder: &&str| RepoPath::from(*folder).is_below(&namespace);
        let folders: Vec<bool> = self.kept.folders().iter().map(is_below).collect();
        let of_place = |place| folders.get(self.kept.folder(place)).is_some_and(|is_below| *is_below);
        (0..self.kept.in_tree()).map(of_place).collect()
    }

    /// Whether the learning at this place has the tag.
    pub(super) fn has_tag(&self, place: usize, tag: &Word) -> bool {
        self.kept.tags(place).split(BETWEEN).any(|own| own == tag.as_str())
    }

    /// For the id of each learning that others replace, the places of those, newest first.
    pub(super) fn replacements(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for place in 0..self.kept.in_tree() {
            for old in self.kept.supersedes(place) {
                found.entry(old).or_default().push(place);
            }
        }
        found
    }

    /// Who brought the learning at this place, as far as somebody has looked.
    pub(super) fn origin(&self, place: usize) -> Option<Origin> {
        self.kept.origin(place)
    }

    /// Keeps who brought which learning, for the next time.
    pub(super) fn note_origins(&mut self, site: &Site, found: &[(usize, Origin)]) {
        if let Some(kept) = self.kept.with_origins(&kind(), found) {
            self.kept = kept;
            self.keep(site);
        }
    }
}

/// What tells whether two trees have the same learnings: the folders in which they lie, by profile.
fn key(base: &Base<'_>) -> Result<String, EngineError> {
    let mut key = String::new();
    for profile in base.policy.profiles.keys() {
        if let Some(tree) = base.tree.folder(filed::root::<Learning>(profile).as_bytes())? {
            let _ = writeln!(key, "{profile} {tree}");
        }
    }
    Ok(key)
}

/// The learnings of a tree. Of what is `known` nothing is read again.
fn read(base: &Base<'_>, key: &str, known: Option<&Kept>) -> Result<Kept, EngineError> {
    let all = filed::list::<Learning>(base, None)?;
    let known: IdMap<Facts<'_>> = known.map(|known| known.all().collect()).unwrap_or_default();
    let unread = all.iter().filter(|file| !known.contains_key(&file.object));
    let unread: Vec<(ObjectId, &RepoPath)> = unread.map(|file| (file.object, &file.path)).collect();
    let read: Vec<Read> = base.tree.each_blob(&unread, MAX_STATE_FILE, Read::of)?;
    let fresh: IdMap<Facts<'_>> = unread.iter().map(|(id, _)| *id).zip(read.iter().map(Read::facts)).collect();
    let facts_of = |id: &ObjectId| known.get(id).or_else(|| fresh.get(id));
    let mut builder = Builder::default();
    let (mut here, mut beside) = (IdSet::default(), Vec::new());
    let mut fits = Some(());
    for file in &all {
        let Some(facts) = facts_of(&file.object) else { continue };
        let is_first = here.insert(file.object);
        if !facts.text.is_empty() {
            fits = fits.and_then(|()| builder.in_tree(folder(&file.path), &file.id, &file.object, facts));
        } else if is_first {
            beside.push((&file.object, facts));
        }
    }
    let mut others: Vec<(&ObjectId, &Facts<'_>)> = known.iter().filter(|(id, _)| !here.contains(*id)).collect();
    others.sort_unstable_by_key(|(id, _)| **id);
    for (id, facts) in beside.into_iter().chain(others.into_iter().take(OTHERS)) {
        fits = fits.and_then(|()| builder.beside(id, facts));
    }
    let kept = fits.and_then(|()| builder.finish(&kind(), key, base.tree_id.as_bytes().len()));
    kept.ok_or_else(|| EngineError::refused("the learnings are too many to be searched", "agentops learn list"))
}

/// The path of the folder.
fn folder(path: &RepoPath) -> &str {
    path.as_str().and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder).unwrap_or_default()
}

/// What was read of a blob.
#[derive(Debug, Default)]
struct Read {
    text: Vec<u8>,
    tags: String,
    supersedes: String,
}

impl Read {
    /// Nothing where the bytes are no learning.
    fn of(bytes: &[u8]) -> Self {
        let Ok(learning) = Learning::parse(bytes) else { return Self::default() };
        let tags = learning.tags.iter().map(Word::as_str).collect::<Vec<_>>().join(" ");
        let Learning { pattern, application, evidence, supersedes, .. } = learning;
        let text = TokenisedText::of(&format!("{pattern}\n{application}\n{}\n{tags}", evidence.join("\n")));
        Self { text: text.to_bytes(), tags, supersedes: supersedes.iter().map(RecordId::as_str).collect() }
    }

    fn facts(&self) -> Facts<'_> {
        Facts { text: &self.text, tags: &self.tags, supersedes: &self.supersedes, origin: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learning_is_read_as_what_is_asked_of_it() {
        let mut learning = crate::law::testing::learning();
        learning.tags = vec![Word::parse("files").unwrap(), Word::parse("storage").unwrap()];
        learning.supersedes = vec![learning.id.clone()];
        let read = Read::of(learning.print().as_bytes());
        assert_eq!((read.tags.as_str(), read.supersedes.as_str()), ("files storage", learning.id.as_str()));
        assert!(KeptText::of(&read.text).is_some());
        assert!(Read::of(b"v = 2\n").text.is_empty());
    }
}
