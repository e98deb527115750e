//! What was computed from blobs, kept by their ids: so that ten thousand small files need not be read again to be searched.
//!
//! One file of the folder that all worktrees share, replaced as a whole. It may be deleted at any time, whatever is damaged or
//! of another program counts as absent, and who writes last wins: an entry is right or it is not there, for a blob never
//! changes. No gate rests on it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::StoreError;
use super::sealed::Sealed;
use crate::model::digest::ObjectId;

/// The beginning of every such file; what follows is told by the name of its contents.
const MAGIC: &str = "agentops cache of blobs, form 1: ";

/// Entries by the id of the blob that they were computed from.
#[derive(Debug)]
pub struct BlobCache {
    /// Says what the entries are and in which form; a file with other contents counts as absent.
    contents: String,
    file: Option<Sealed>,
    /// Of the entries in the file, sorted by id.
    directory: Vec<(ObjectId, Range<usize>)>,
    fresh: BTreeMap<ObjectId, Vec<u8>>,
}

impl BlobCache {
    /// The cache `name` below `common_dir`, empty where there is none with these `contents`.
    pub fn load(common_dir: &Path, name: &str, contents: String) -> Self {
        let file = Sealed::load(common_dir, name, &kind(&contents));
        let directory = file.as_ref().and_then(|file| directory(file.bytes())).unwrap_or_default();
        Self { contents, file, directory, fresh: BTreeMap::new() }
    }

    /// An empty one, for whoever is not to rest on what a clone keeps.
    pub fn empty(contents: String) -> Self {
        Self { contents, file: None, directory: Vec::new(), fresh: BTreeMap::new() }
    }

    /// What is kept for the blob `id`.
    pub fn get(&self, id: &ObjectId) -> Option<&[u8]> {
        if let Some(fresh) = self.fresh.get(id) {
            return Some(fresh);
        }
        let at = self.directory.binary_search_by_key(id, |(known, _)| *known).ok()?;
        self.bytes().get(self.directory[at].1.clone())
    }

    fn bytes(&self) -> &[u8] {
        self.file.as_ref().map(Sealed::bytes).unwrap_or_default()
    }

    /// Keeps `bytes` for the blob `id`, in the place of what was kept.
    pub fn put(&mut self, id: ObjectId, bytes: Vec<u8>) {
        self.fresh.insert(id, bytes);
    }

    /// Whether something was put that is not on the disk.
    pub fn is_changed(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Writes the cache. `wanted`, the blobs that there are now, sorted, stay in it; of others, which another branch may have,
    /// at most so many.
    pub fn save(&self, common_dir: &Path, name: &str, wanted: &[ObjectId], others: usize) -> Result<(), StoreError> {
        let mut entries: BTreeMap<&ObjectId, &[u8]> = BTreeMap::new();
        let mut room = others;
        for (id, range) in &self.directory {
            let is_wanted = wanted.binary_search(id).is_ok();
            if is_wanted || room > 0 {
                room -= usize::from(!is_wanted);
                entries.insert(id, self.bytes().get(range.clone()).unwrap_or_default());
            }
        }
        entries.extend(self.fresh.iter().map(|(id, bytes)| (id, bytes.as_slice())));
        let mut body = Vec::with_capacity(self.bytes().len());
        for (id, bytes) in entries {
            // Neither an id nor an entry is that long.
            let (Ok(of_id), Ok(length)) = (u8::try_from(id.as_bytes().len()), u32::try_from(bytes.len())) else {
                continue;
            };
            body.push(of_id);
            body.extend_from_slice(&length.to_le_bytes());
            body.extend_from_slice(id.as_bytes());
            body.extend_from_slice(bytes);
        }
        Sealed::of(&kind(&self.contents), &body).save(common_dir, name)
    }
}

fn kind(contents: &str) -> String {
    format!("{MAGIC}{contents}")
}

/// Where the entries lie; `None` where the bytes are no entries.
fn directory(bytes: &[u8]) -> Option<Vec<(ObjectId, Range<usize>)>> {
    let mut found: Vec<(ObjectId, Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (of_id, rest) = bytes[at..].split_first()?;
        let length = u32::from_le_bytes(*rest.first_chunk::<4>()?) as usize;
        let id = ObjectId::from_bytes(bytes.get(at + 5..at + 5 + usize::from(*of_id))?)?;
        let start = at + 5 + usize::from(*of_id);
        let end = start.checked_add(length).filter(|end| *end <= bytes.len())?;
        if found.last().is_some_and(|(last, _)| *last >= id) {
            return None;
        }
        found.push((id, start..end));
        at = end;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes(&[byte; 20]).unwrap()
    }

    #[test]
    fn what_was_put_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let load = || BlobCache::load(folder.path(), "words", "words 1".into());
        let mut cache = load();
        assert!(!cache.is_changed() && cache.get(&id(1)).is_none());
        cache.put(id(2), b"two".to_vec());
        cache.put(id(1), Vec::new());
        assert!(cache.is_changed());
        cache.save(folder.path(), "words", &[id(1), id(2)], 2).unwrap();
        let mut again = load();
        assert_eq!(
            (again.get(&id(1)), again.get(&id(2)), again.get(&id(3))),
            (Some(&b""[..]), Some(&b"two"[..]), None)
        );
        again.put(id(2), b"second".to_vec());
        again.save(folder.path(), "words", &[id(2)], 1).unwrap();
        assert_eq!((load().get(&id(1)), load().get(&id(2))), (Some(&b""[..]), Some(&b"second"[..])), "one other stays");
        load().save(folder.path(), "words", &[], 0).unwrap();
        assert_eq!(load().get(&id(2)), None, "nobody wants it");
        assert!(BlobCache::load(folder.path(), "words", "words 2".into()).get(&id(1)).is_none());
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(found) = directory(&body) {
                prop_assert!(found.iter().all(|(_, range)| range.end <= body.len()));
            }
        }
    }
}
