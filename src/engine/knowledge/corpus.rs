//! All learnings of a tree as search needs them: their words, their tags, what they replace. What was read once is kept by the
//! blob's id in the clone's cache, outside the tree; so a search opens the few files that it shows.

use std::collections::BTreeMap;

use super::ageing::Origin;
use super::filed::{self, Filed};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::canonical::Canonical as _;
use crate::model::digest::ObjectId;
use crate::model::name::{RecordId, Word};
use crate::model::path::RepoPath;
use crate::model::record::Learning;
use crate::model::tree::MAX_STATE_FILE;
use crate::store::blob_cache::BlobCache;
use crate::text::search::TokenisedText;
use crate::text::words;

/// The name of the cache's file.
const CACHE: &str = "learnings";

/// What its entries are. Whoever cuts words in another way has a cache of its own.
fn contents() -> String {
    format!("words of learnings, form 2, words of form {}", words::FORM)
}

/// Between tags, and between ids.
const BETWEEN: char = ' ';

/// What is known of a learning without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    /// Who brought it to the line from which somebody has looked.
    origin: Option<Origin>,
    tags: String,
    supersedes: Vec<RecordId>,
}

/// The learnings of one tree, newest first; malformed files are left out, AO-E2 names them.
#[derive(Debug)]
pub(super) struct Corpus {
    files: Vec<Filed<Learning>>,
    facts: Vec<Facts>,
    texts: Vec<TokenisedText>,
    cache: BlobCache,
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
    /// Reads those that the cache does not know, on all processors, and keeps them there. A cache that cannot be written costs
    /// time and nothing else.
    pub(super) fn load(site: &Site, base: &Base<'_>, memory: Memory) -> Result<Self, EngineError> {
        let all = filed::list::<Learning>(base, None)?;
        let mut cache = match memory {
            Memory::Clone => BlobCache::load(site.repo.common_dir(), CACHE, contents()),
            Memory::Nothing => BlobCache::empty(contents()),
        };
        let unread = all.iter().filter(|file| cache.get(&file.object).is_none());
        let unread: Vec<(ObjectId, &RepoPath)> = unread.map(|file| (file.object, &file.path)).collect();
        let entries = base.tree.each_blob(&unread, MAX_STATE_FILE, entry_of)?;
        let read: Vec<(ObjectId, Vec<u8>)> = unread.into_iter().map(|(id, _)| id).zip(entries).collect();
        for (id, entry) in read {
            cache.put(id, entry);
        }
        let mut corpus = Self { files: Vec::new(), facts: Vec::new(), texts: Vec::new(), cache, memory };
        for file in all {
            if let Some((facts, text)) = corpus.cache.get(&file.object).and_then(decode) {
                corpus.files.push(file);
                corpus.facts.push(facts);
                corpus.texts.push(text);
            }
        }
        corpus.keep(site);
        Ok(corpus)
    }

    /// Writes the cache where it learned something.
    fn keep(&self, site: &Site) {
        if self.memory == Memory::Clone && self.cache.is_changed() {
            let mut wanted: Vec<ObjectId> = self.files.iter().map(|file| file.object).collect();
            wanted.sort_unstable();
            // It is a help and no state.
            let _ = self.cache.save(site.repo.common_dir(), CACHE, &wanted, wanted.len());
        }
    }

    /// The words of all of them.
    pub(super) fn texts(&self) -> &[TokenisedText] {
        &self.texts
    }

    /// The file of the learning at this place.
    pub(super) fn file(&self, place: usize) -> &Filed<Learning> {
        &self.files[place]
    }

    /// Whether the learning at this place has the tag.
    pub(super) fn has_tag(&self, place: usize, tag: &Word) -> bool {
        self.facts[place].tags.split(BETWEEN).any(|own| own == tag.as_str())
    }

    /// For each learning that others replace, the places of those, newest first.
    pub(super) fn replacements(&self) -> BTreeMap<&RecordId, Vec<usize>> {
        let mut found: BTreeMap<&RecordId, Vec<usize>> = BTreeMap::new();
        for (place, facts) in self.facts.iter().enumerate() {
            for old in &facts.supersedes {
                found.entry(old).or_default().push(place);
            }
        }
        found
    }

    /// Who brought the learning at this place, as far as somebody has looked.
    pub(super) fn origin(&self, place: usize) -> Option<Origin> {
        self.facts[place].origin
    }

    /// Keeps who brought which learning, for the next time.
    pub(super) fn note_origins(&mut self, site: &Site, found: &[(usize, Origin)]) {
        for (place, origin) in found {
            self.facts[*place].origin = Some(*origin);
            self.cache.put(self.files[*place].object, encode(&self.facts[*place], &self.texts[*place]));
        }
        self.keep(site);
    }
}

/// The cache's entry for a learning's bytes; nothing for bytes that are none.
fn entry_of(bytes: &[u8]) -> Vec<u8> {
    let Ok(learning) = Learning::parse(bytes) else { return Vec::new() };
    let tags = learning.tags.iter().map(Word::as_str).collect::<Vec<_>>().join(" ");
    let Learning { pattern, application, evidence, supersedes, .. } = learning;
    let text = TokenisedText::of(&format!("{pattern}\n{application}\n{}\n{tags}", evidence.join("\n")));
    encode(&Facts { origin: None, tags, supersedes }, &text)
}

/// Three lines, then the words: two commits or nothing, tags, ids.
fn encode(facts: &Facts, text: &TokenisedText) -> Vec<u8> {
    let origin =
        facts.origin.map(|origin| format!("{}{BETWEEN}{}", origin.commit, origin.seen_from)).unwrap_or_default();
    let ids: Vec<&str> = facts.supersedes.iter().map(RecordId::as_str).collect();
    let mut bytes = format!("{origin}\n{}\n{}\n", facts.tags, ids.join(" ")).into_bytes();
    bytes.extend(text.to_bytes());
    bytes
}

fn decode(entry: &[u8]) -> Option<(Facts, TokenisedText)> {
    let mut parts = entry.splitn(4, |byte| *byte == b'\n');
    let mut line = || std::str::from_utf8(parts.next()?).ok();
    let (origin, tags, ids) = (line()?, line()?, line()?);
    let origin = match origin.split_once(BETWEEN) {
        Some((commit, seen_from)) => {
            Some(Origin { commit: ObjectId::parse(commit).ok()?, seen_from: ObjectId::parse(seen_from).ok()? })
        }
        None if origin.is_empty() => None,
        None => return None,
    };
    let ids = ids.split(BETWEEN).filter(|id| !id.is_empty());
    let supersedes = ids.map(|id| RecordId::parse(id).ok()).collect::<Option<Vec<_>>>()?;
    Some((Facts { origin, tags: tags.to_owned(), supersedes }, TokenisedText::from_bytes(parts.next()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_known_comes_back() {
        let mut learning = crate::law::testing::learning();
        learning.tags = vec![Word::parse("files").unwrap(), Word::parse("storage").unwrap()];
        learning.supersedes = vec![learning.id.clone()];
        let (mut facts, text) = decode(&entry_of(learning.print().as_bytes())).unwrap();
        assert_eq!((facts.tags.as_str(), &facts.supersedes), ("files storage", &learning.supersedes));
        let id = |byte| ObjectId::from_bytes(&[byte; 20]).unwrap();
        facts.origin = Some(Origin { commit: id(7), seen_from: id(8) });
        assert_eq!(decode(&encode(&facts, &text)), Some((facts, text)));
        assert!(entry_of(b"v = 2\n").is_empty() && decode(b"").is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(entry in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&entry);
        }
    }
}
