//! Raw trees, and the view of one.

use std::rc::Rc;

use bstr::ByteSlice as _;

use super::error::GitError;
use super::objects::{FolderName, Walked};
use super::repo::Repo;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{Entry, Mode, SightError, TreeView};

/// Trees of more bytes are looked up by an index of names instead of being read through each time.
const LARGE: usize = 2048;

/// One entry of a raw tree, borrowed from its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawEntry<'a> {
    pub(super) bits: u32,
    pub(super) name: &'a [u8],
    id: &'a [u8],
}

impl RawEntry<'_> {
    /// Git takes any mode of the folder type for a folder.
    pub(super) fn is_tree(&self) -> bool {
        is_tree(self.bits)
    }

    pub(super) fn mode(&self) -> Mode {
        Mode::from_bits(self.bits)
    }

    pub(super) fn id(&self) -> ObjectId {
        ObjectId::from_bytes(self.id).unwrap_or_else(|| unreachable!("cut to the length of an id"))
    }

    pub(super) fn entry(&self) -> Entry {
        Entry { name: self.name.to_vec(), mode: self.mode(), id: self.id() }
    }
}

/// Puts entries into git's order: a folder stands where its name with a slash would.
pub(super) fn sort(entries: &mut [Entry]) {
    entries.sort_by_cached_key(|entry| {
        let mut key = entry.name.clone();
        key.extend((entry.mode == Mode::Tree).then_some(b'/'));
        key
    });
}

/// Whether mode bits are of the folder type.
pub(super) fn is_tree(bits: u32) -> bool {
    bits & 0o170_000 == 0o040_000
}

/// The entries of a raw tree, in its order, up to the first that cannot be read.
pub(super) fn raw_entries(
    bytes: &[u8],
    hash_length: usize,
) -> impl Iterator<Item = Result<RawEntry<'_>, &'static str>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let parsed = raw_entry(rest, hash_length);
        rest = parsed.map_or(&[][..], |(_, tail)| tail);
        Some(parsed.map(|(entry, _)| entry).ok_or("a tree entry is malformed"))
    })
}

fn raw_entry(bytes: &[u8], hash_length: usize) -> Option<(RawEntry<'_>, &[u8])> {
    let mut bits = 0u32;
    let mut space = None;
    for (at, byte) in bytes.iter().take(12).enumerate() {
        match byte {
            b' ' => {
                space = Some(at);
                break;
            }
            b'0'..=b'7' => bits = bits.checked_mul(8)?.checked_add(u32::from(byte - b'0'))?,
            _ => return None,
        }
    }
    let after = &bytes[space.filter(|space| *space > 0)? + 1..];
    let end = after.find_byte(0).filter(|end| *end > 0)?;
    let id = after.get(end + 1..end + 1 + hash_length)?;
    Some((RawEntry { bits, name: &after[..end], id }, &after[end + 1 + hash_length..]))
}

/// The entries in which `after` differs from `before`, a well-formed tree, where both have the same names, each of the same
/// type: what stands before, between and behind them is the same bytes and is not read. `None` where they have not, or where
/// `after` cannot be read: then both have to be.
pub(super) fn same_names<'t>(
    before: &'t [u8],
    after: &'t [u8],
    hash_length: usize,
) -> Option<Vec<(RawEntry<'t>, RawEntry<'t>)>> {
    if before.len() != after.len() {
        return None;
    }
    let mut differing = Vec::new();
    let mut at = 0;
    while let Some(mismatch) = mismatch(&before[at..], &after[at..]) {
        let mismatch = at + mismatch;
        // On to the entry that it lies in.
        loop {
            let end = at + before[at..].find_byte(0)? + 1 + hash_length;
            if end > mismatch {
                break;
            }
            at = end;
        }
        let (old, rest) = raw_entry(before.get(at..)?, hash_length)?;
        let (new, other_rest) = raw_entry(after.get(at..)?, hash_length)?;
        if old.name != new.name || old.is_tree() != new.is_tree() || rest.len() != other_rest.len() {
            return None;
        }
        differing.push((old, new));
        at = before.len() - rest.len();
    }
    Some(differing)
}

/// Where two slices of one length differ first.
fn mismatch(one: &[u8], other: &[u8]) -> Option<usize> {
    const STEP: usize = 64;
    let same = one.chunks(STEP).zip(other.chunks(STEP)).take_while(|(one, other)| one == other).count() * STEP;
    one.get(same..)?.iter().zip(other.get(same..)?).position(|(one, other)| one != other).map(|at| same + at)
}

/// The tree of a commit, or any other tree of the repository.
#[derive(Clone, Copy)]
pub struct CommitTree<'r> {
    repo: &'r Repo,
    id: ObjectId,
}

impl Repo {
    /// The view of the tree `id`. Nothing is read yet.
    pub fn tree(&self, id: &ObjectId) -> CommitTree<'_> {
        CommitTree { repo: self, id: *id }
    }

    /// As [`raw_entries`], of a tree of this repository.
    pub(super) fn for_each_entry<'a>(
        &self,
        id: &ObjectId,
        bytes: &'a [u8],
        mut each: impl FnMut(RawEntry<'a>),
    ) -> Result<(), GitError> {
        for entry in raw_entries(bytes, self.hash.len_in_bytes()) {
            each(entry.map_err(|why| GitError::Damaged { id: id.to_string(), why: why.to_owned() })?);
        }
        Ok(())
    }
}

impl<'r> CommitTree<'r> {
    /// The id of the tree.
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    pub(super) fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// The first entry called `name` of the tree `id`; where duplicates differ, one of the wanted type.
    fn child(&self, id: &ObjectId, name: &[u8], folder: bool, path: &[u8]) -> Result<Option<Entry>, GitError> {
        let bytes = self.bytes(id, path)?;
        let fits = |bits: u32| !folder || is_tree(bits);
        let names = if bytes.len() > LARGE { self.repo.names_of(id, &bytes)? } else { None };
        if let Some(names) = names {
            let entries = names.get(name).map_or(&[][..], |entries| entries);
            return Ok(entries.iter().find(|entry| fits(entry.mode.bits())).cloned());
        }
        let mut found: Option<Entry> = None;
        self.repo.for_each_entry(id, &bytes, |entry| {
            if found.is_none() && entry.name == name && fits(entry.bits) {
                found = Some(entry.entry());
            }
        })?;
        Ok(found)
    }

    fn bytes(&self, id: &ObjectId, path: &[u8]) -> Result<Rc<[u8]>, GitError> {
        self.repo.read_tree(id, &FolderName(path))
    }

    /// The tree at `path`; `None` when there is no folder.
    pub(crate) fn folder(&self, path: &[u8]) -> Result<Option<ObjectId>, GitError> {
        if path.is_empty() {
            return Ok(Some(self.id));
        }
        let mut walked = std::mem::take(&mut self.repo.trees.borrow_mut().walked);
        walked.back_to(&self.id, path);
        let found = self.walk(&mut walked, path);
        self.repo.trees.borrow_mut().walked = walked;
        found
    }

    fn walk(&self, walked: &mut Walked, path: &[u8]) -> Result<Option<ObjectId>, GitError> {
        loop {
            let (start, above, id) = match walked.here() {
                Some((end, id)) if end == path.len() => return Ok(Some(id)),
                Some((end, id)) => (end + 1, &path[..end], id),
                None => (0, &[][..], self.id),
            };
            let name = path[start..].split(|byte| *byte == b'/').next().unwrap_or_default();
            let Some(entry) = self.child(&id, name, true, above)? else { return Ok(None) };
            walked.enter(name, entry.id);
        }
    }
}

impl TreeView for CommitTree<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, SightError> {
        let bytes = path.as_bytes();
        if bytes.is_empty() {
            return Ok(None);
        }
        let (parent, name) = match bytes.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (&bytes[..at], &bytes[at + 1..]),
            None => (&[][..], bytes),
        };
        let Some(folder) = self.folder(parent)? else { return Ok(None) };
        Ok(self.child(&folder, name, false, parent)?)
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<Entry>, SightError> {
        let Some(folder) = self.folder(path.as_bytes())? else { return Ok(Vec::new()) };
        let bytes = self.bytes(&folder, path.as_bytes())?;
        let mut entries = Vec::new();
        self.repo.for_each_entry(&folder, &bytes, |entry| entries.push(entry.entry()))?;
        Ok(entries)
    }

    fn blob(&self, id: &ObjectId, path: &RepoPath, limit: u64) -> Result<Vec<u8>, SightError> {
        self.repo.blob(id, path, limit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sandbox::Sandbox;
    use super::*;

    fn encode(entries: &[(u32, Vec<u8>, [u8; 20])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (bits, name, id) in entries {
            bytes.extend(format!("{bits:o} ").into_bytes());
            bytes.extend(name);
            bytes.push(0);
            bytes.extend(id);
        }
        bytes
    }

    proptest! {
        #[test]
        fn entries_survive(entries in proptest::collection::vec((1u32..0o200_000, "[a-z ./\\\\]{1,9}", any::<[u8; 20]>()), 0..9)) {
            let entries: Vec<_> = entries.into_iter().map(|(bits, name, id)| (bits, name.into_bytes(), id)).collect();
            let bytes = encode(&entries);
            let read: Vec<_> = raw_entries(&bytes, 20).map(|entry| entry.unwrap()).map(|e| (e.bits, e.name.to_vec(), <[u8; 20]>::try_from(e.id).unwrap())).collect();
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = raw_entries(&bytes, 20).count();
        }
    }

    #[test]
    fn truncated_trees_are_errors() {
        let bytes = encode(&[(0o100_644, b"a".to_vec(), [1; 20])]);
        for end in 1..bytes.len() {
            assert!(raw_entries(&bytes[..end], 20).any(|entry| entry.is_err()), "{end}");
        }
    }

    #[test]
    fn lookups_in_any_order_find_what_a_fresh_view_finds() {
        let sandbox = Sandbox::new();
        let paths = ["a/b/c/one", "a/b/two", "a/bc/three", "ab/four", "five"];
        for path in paths {
            sandbox.write(path, path);
        }
        // Folders of so many entries are looked up by an index of their names, after a while.
        for number in 0..90 {
            sandbox.write(&format!("many/{number:03}/file"), number.to_string());
        }
        let first = sandbox.commit("first");
        let second = sandbox.write("a/b/two", "changed").commit("second");
        let repo = sandbox.open();
        let trees = [first, second].map(|id| repo.tree_of(&id).unwrap());
        let mut asked: Vec<String> = paths.map(str::to_owned).to_vec();
        asked.extend(
            ["a/b", "a", "a/b/c/none", "a/b/none/one", "a/b/two/x", "none/x", "many/none/file", ""].map(str::to_owned),
        );
        asked.extend((0..90).step_by(7).map(|number| format!("many/{number:03}/file")));
        for shift in 0..asked.len() {
            for step in 0..asked.len() {
                let path = RepoPath::from(asked[(shift * 5 + step * 3) % asked.len()].as_str());
                let tree = trees[(shift + step) % 2];
                let fresh = sandbox.open();
                assert_eq!(repo.tree(&tree).entry(&path).unwrap(), fresh.tree(&tree).entry(&path).unwrap(), "{path}");
                assert_eq!(repo.tree(&tree).list(&path).unwrap(), fresh.tree(&tree).list(&path).unwrap(), "{path}");
            }
        }
    }
}
