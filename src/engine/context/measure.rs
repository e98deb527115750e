//! How many tokens texts have, and what is left of them when they are shortened: kept by the blob's id outside the tree.
//!
//! What is kept must not change a context. Each entry carries the digest of itself with the blob's id, so one that is damaged,
//! or stands at another blob, counts as absent. Somebody who can write into git's own folder and makes up an entry with its
//! digest deceives this clone, as by a hook or another program there; no other clone: `context show` makes the text again
//! without any of this.

use std::collections::BTreeMap;

use crate::engine::knowledge::corpus::Memory;
use crate::engine::site::Site;
use crate::model::bundle::{BUNDLE_TOKENS, BundleType, WANTED_RATIO};
use crate::model::digest::{Digest, Digesting, ObjectId};
use crate::store::blob_cache::BlobCache;
use crate::text::compress::compress;
use crate::text::units::{Reading, Source};
use crate::text::{fidelity, tokens};

/// The name of the cache's file.
const CACHE: &str = "shortened";
/// What its entries are. A release may count or shorten in another way, so each has a cache of its own.
const CONTENTS: &str = concat!("tokens and shortened texts, form 2, agentops ", env!("CARGO_PKG_VERSION"));
/// Entries that are kept besides those of the last context.
const OTHERS: usize = 256;
/// Shorter than this nothing is made: a small text is no burden.
const SMALL: usize = 120;

/// A text made shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Short {
    pub(super) text: String,
    pub(super) tokens: usize,
}

/// How often the cache knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheUse {
    /// How often it was asked.
    pub lookups: usize,
    /// How often it knew.
    pub hits: usize,
}

/// What is known of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Entry {
    tokens: Option<usize>,
    /// By what it was shortened as; `None` where what must be kept is too much.
    short: BTreeMap<BundleType, Option<Short>>,
}

/// Counts and shortens.
pub(super) struct Measure {
    memory: Memory,
    cache: BlobCache,
    entries: BTreeMap<ObjectId, Entry>,
    used: CacheUse,
}

impl Measure {
    /// One that knows what this clone has kept, or nothing.
    pub(super) fn new(site: &Site, memory: Memory) -> Self {
        match memory {
            Memory::Clone => Self {
                memory,
                cache: BlobCache::load(site.repo.common_dir(), CACHE, CONTENTS.to_owned()),
                ..Self::empty()
            },
            Memory::Nothing => Self::empty(),
        }
    }

    /// One that knows nothing and keeps nothing.
    pub(super) fn empty() -> Self {
        let cache = BlobCache::empty(CONTENTS.to_owned());
        Self { memory: Memory::Nothing, cache, entries: BTreeMap::new(), used: CacheUse::default() }
    }

    /// The tokens of the blob's text.
    pub(super) fn count(&mut self, blob: &ObjectId, text: &str) -> usize {
        let known = self.entry(blob).tokens;
        self.note(known.is_some());
        known.unwrap_or_else(|| {
            let tokens = tokens::count(text);
            self.entry(blob).tokens = Some(tokens);
            tokens
        })
    }

    /// The blob's text made shorter by the rules of bundles; `None` where that does not help, or what must be kept is too much.
    pub(super) fn short(&mut self, blob: &ObjectId, text: &str, kind: BundleType) -> Option<Short> {
        let known = self.entry(blob).short.get(&kind).cloned();
        self.note(known.is_some());
        known.unwrap_or_else(|| {
            let whole = self.count(blob, text);
            let short = shorten(text, whole, kind);
            self.entry(blob).short.insert(kind, short.clone());
            short
        })
    }

    /// How often the cache knew.
    pub(super) fn used(&self) -> CacheUse {
        self.used
    }

    /// Keeps what was learned. A cache that cannot be written costs time and nothing else.
    pub(super) fn keep(mut self, site: &Site) {
        let wanted: Vec<ObjectId> = self.entries.keys().copied().collect();
        for (blob, entry) in std::mem::take(&mut self.entries) {
            let bytes = encode(&blob, &entry);
            if self.cache.get(&blob) != Some(&bytes) {
                self.cache.put(blob, bytes);
            }
        }
        if self.memory == Memory::Clone && self.cache.is_changed() {
            let _ = self.cache.save(site.repo.common_dir(), CACHE, &wanted, OTHERS);
        }
    }

    fn entry(&mut self, blob: &ObjectId) -> &mut Entry {
        let cache = &self.cache;
        let read = || cache.get(blob).and_then(|bytes| decode(blob, bytes)).unwrap_or_default();
        self.entries.entry(*blob).or_insert_with(read)
    }

    fn note(&mut self, is_known: bool) {
        self.used.lookups += 1;
        self.used.hits += usize::from(is_known);
    }
}

fn shorten(text: &str, whole: usize, kind: BundleType) -> Option<Short> {
    // The name is told nowhere where there is one source; with it, two files of the same bytes would differ.
    let name = "source";
    if whole <= SMALL {
        return None;
    }
    let reading = Reading::of(&[Source { name, text }], kind);
    let limit = (BUNDLE_TOKENS as usize).min(whole);
    let short = compress(&reading, &[name], (whole / WANTED_RATIO).max(SMALL), limit).ok()?;
    let says_something = !short.body.trim().is_empty();
    let helps = says_something && short.tokens < whole && fidelity::lost(&reading, &short.body).is_empty();
    helps.then_some(Short { text: short.body, tokens: short.tokens })
}

/// The digest, then: whether tokens are known, how many; then, for each kind, its number, whether there is a text, its tokens,
/// its length, it. Numbers are little-endian, of four bytes where nothing is said.
fn encode(blob: &ObjectId, entry: &Entry) -> Vec<u8> {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
    let mut body = vec![u8::from(entry.tokens.is_some())];
    body.extend(number(entry.tokens.unwrap_or_default()));
    for (kind, short) in &entry.short {
        let text = short.as_ref().map(|short| short.text.as_str()).unwrap_or_default();
        body.extend([*kind as u8, u8::from(short.is_some())]);
        body.extend(number(short.as_ref().map_or(0, |short| short.tokens)));
        body.extend(number(text.len()));
        body.extend(text.as_bytes());
    }
    [seal(blob, &body).hex().into_bytes(), body].concat()
}

fn seal(blob: &ObjectId, body: &[u8]) -> Digest {
    let mut digest = Digesting::default();
    digest.add(blob.as_bytes());
    digest.add(body);
    digest.done()
}

/// Reads what [`encode`] wrote for this blob; `None` for anything else.
fn decode(blob: &ObjectId, bytes: &[u8]) -> Option<Entry> {
    let (digest, body) = bytes.split_at_checked(64)?;
    if seal(blob, body).hex().as_bytes() != digest {
        return None;
    }
    let (has_tokens, mut rest) = body.split_first()?;
    let tokens = number(&mut rest)?;
    let mut entry = Entry { tokens: (*has_tokens == 1).then_some(tokens), short: BTreeMap::new() };
    while let Some(([kind, has_text], after)) = rest.split_first_chunk::<2>() {
        rest = after;
        let kind = *BundleType::ALL.get(usize::from(*kind))?;
        let (tokens, length) = (number(&mut rest)?, number(&mut rest)?);
        let (text, after) = rest.split_at_checked(length)?;
        rest = after;
        let text = String::from_utf8(text.to_vec()).ok()?;
        entry.short.insert(kind, (*has_text == 1).then_some(Short { text, tokens }));
    }
    rest.is_empty().then_some(entry)
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes(&[byte; 20]).unwrap()
    }

    fn entry() -> Entry {
        let short = Short { text: "# A\n\nb\n".into(), tokens: 5 };
        let short = BTreeMap::from([(BundleType::Research, Some(short)), (BundleType::Progress, None)]);
        Entry { tokens: Some(300), short }
    }

    #[test]
    fn what_is_known_comes_back_for_its_blob_alone() {
        let bytes = encode(&id(1), &entry());
        assert_eq!(decode(&id(1), &bytes), Some(entry()));
        assert_eq!(decode(&id(2), &bytes), None);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(decode(&id(1), &damaged), None, "byte {at}");
            assert_eq!(decode(&id(1), &bytes[..at]), None, "{at} bytes");
        }
        assert_eq!(decode(&id(1), &encode(&id(1), &Entry::default())), Some(Entry::default()));
    }

    #[test]
    fn a_text_is_shortened_where_that_helps() {
        let long: String = (0..60).map(|n| format!("Somebody tells story number {n} again. ")).collect();
        let text = format!("# A\n\n{long}\n\nWe decided to keep `src/a.rs:3` as it is.\n");
        let whole = tokens::count(&text);
        let short = shorten(&text, whole, BundleType::Plan).unwrap();
        assert!(short.tokens < whole / 2 && short.text.contains("`src/a.rs:3`"), "{}", short.text);
        assert_eq!(shorten("# A\n\nb\n", 5, BundleType::Plan), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [seal(&id(1), &body).hex().into_bytes(), body].concat();
            let _ = decode(&id(1), &bytes);
        }
    }
}
