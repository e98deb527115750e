//! Maps and sets of object ids, without hashing what is a hash.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::digest::ObjectId;

/// A map from ids, or from pairs of them.
pub type IdMap<V, K = ObjectId> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// A set of ids, or of pairs of them.
pub type IdSet<T = ObjectId> = HashSet<T, BuildHasherDefault<IdHasher>>;

/// Ids are digests already: their first bytes serve as their hash, those of a pair together.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = self.0.rotate_left(23) ^ u64::from_ne_bytes(*first);
        }
    }

    fn write_u8(&mut self, _: u8) {}

    fn write_usize(&mut self, _: usize) {}
}
