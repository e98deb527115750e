//! Learnings that replace others: what stands at the end of a chain of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::name::RecordId;
use crate::model::record::Learning;

/// So many are followed from one learning; of a longer chain the end is not looked for.
const FOLLOWED: usize = 256;

/// Which learnings replace which.
#[derive(Debug, Default)]
pub(crate) struct Replacements(BTreeMap<RecordId, Vec<RecordId>>);

impl Replacements {
    /// Adds what `learning` replaces.
    pub(crate) fn note(&mut self, learning: &Learning) {
        for old in &learning.supersedes {
            self.0.entry(old.clone()).or_default().push(learning.id.clone());
        }
    }

    /// All that replace the learning, those that replace them included.
    pub(crate) fn newer(&self, id: &RecordId) -> BTreeSet<RecordId> {
        newer(id, |id| self.direct(id))
    }

    /// As [`newest`].
    pub(crate) fn newest(&self, id: &RecordId) -> Vec<RecordId> {
        newest(id, |id| self.direct(id))
    }

    fn direct(&self, id: &RecordId) -> Vec<RecordId> {
        self.0.get(id).cloned().unwrap_or_default()
    }
}

/// All that replace `first`, those that replace them included, up to [`FOLLOWED`]. `replaced_by` gives the ones that name one as
/// replaced.
pub(crate) fn newer<T: Ord + Clone>(first: &T, replaced_by: impl Fn(&T) -> Vec<T>) -> BTreeSet<T> {
    let (mut seen, mut waiting) = (BTreeSet::new(), replaced_by(first));
    while let Some(next) = waiting.pop().filter(|_| seen.len() < FOLLOWED) {
        if next != *first && seen.insert(next.clone()) {
            waiting.extend(replaced_by(&next));
        }
    }
    seen
}

/// The newest of them, which nothing replaces; none where nothing replaces `first`. Of learnings that replace one another in a
/// circle, as only a forgery can, and of too long a chain those that replace `first` itself.
pub(crate) fn newest<T: Ord + Clone>(first: &T, replaced_by: impl Fn(&T) -> Vec<T>) -> Vec<T> {
    let direct = replaced_by(first);
    // Nothing replaces most of them.
    if direct.is_empty() {
        return direct;
    }
    let ends: Vec<T> = newer(first, &replaced_by).into_iter().filter(|one| replaced_by(one).is_empty()).collect();
    if ends.is_empty() { direct } else { ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_chains_are_found() {
        // 1 is replaced by 2 and 3, these by 4, and 5 by itself through 6.
        let replaced_by = |one: &u8| match one {
            1 => vec![3, 2],
            2 | 3 => vec![4],
            5 => vec![6],
            6 => vec![5],
            _ => vec![],
        };
        assert_eq!([1, 2, 4, 7].map(|one| newest(&one, replaced_by)), [vec![4], vec![4], vec![], vec![]]);
        assert_eq!(newer(&1, replaced_by), BTreeSet::from([2, 3, 4]));
        assert_eq!((newest(&5, replaced_by), newer(&5, replaced_by)), (vec![6], BTreeSet::from([6])));
        let asked = std::cell::Cell::new(0);
        let without_end = |one: &u32| {
            asked.set(asked.get() + 1);
            vec![one + 1]
        };
        assert_eq!(newest(&1, without_end), [2]);
        assert!(asked.get() <= 2 * FOLLOWED + 2, "{}", asked.get());
    }
}
