//! What was read off single commits, for the cases of one run that meet the same commits again: the edges of a history,
//! each with the fifty commits before it, and the branches of a push, which share most of theirs.
//!
//! Here is only what follows from a commit's bytes, from those of its parents and from the policy, whatever step they come
//! in; so it cannot be otherwise in the next one. What a commit is *worth* is not here: whether its learning repeats another
//! depends on what came before it, whether a secret is known on the base, how many waivers are too many on the whole step.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::l1_learnings::Learning;
use crate::model::digest::ObjectId;
use crate::model::ids::{IdMap, IdSet};
use crate::model::path::RepoPath;

/// What was read, by commit. It is for cases of one and the same policy.
#[derive(Debug)]
pub struct ReadOff {
    /// Bytes that may be kept: whoever pushes decides how long learnings and paths are.
    room: usize,
    kept: RefCell<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Of all that follows.
    bytes: usize,
    learnings: IdMap<Arc<[Learning]>>,
    complete: IdSet,
    innocent: IdSet,
    innocent_files: HashSet<(RepoPath, ObjectId)>,
}

impl ReadOff {
    /// Nothing so far, and never more than about so many bytes.
    pub fn of(room: usize) -> Self {
        Self { room, kept: RefCell::default() }
    }

    /// The learnings in a commit's message.
    pub(super) fn learnings(&self, commit: Option<ObjectId>) -> Option<Arc<[Learning]>> {
        self.kept.borrow().learnings.get(&commit?).cloned()
    }

    pub(super) fn keep_learnings(&self, commit: Option<ObjectId>, learnings: &Arc<[Learning]>) {
        let Some(commit) = commit else { return };
        let texts: usize = learnings.iter().map(Learning::length).sum();
        let mut kept = self.kept.borrow_mut();
        if kept.has_room(size_of_val(&**learnings) + texts + slot::<(ObjectId, Arc<[Learning]>)>(), self.room) {
            kept.learnings.insert(commit, Arc::clone(learnings));
        }
    }

    /// Whether a commit's message has all sections, with nothing wrong in them.
    pub(super) fn is_complete(&self, commit: Option<ObjectId>) -> bool {
        commit.is_some_and(|id| self.kept.borrow().complete.contains(&id))
    }

    pub(super) fn note_complete(&self, commit: Option<ObjectId>) {
        if let Some(commit) = commit {
            self.note(|kept| &mut kept.complete, commit, 0);
        }
    }

    /// Whether nothing that a commit adds looks like a secret to any rule, and all of it could be searched.
    pub(super) fn is_innocent(&self, commit: ObjectId) -> bool {
        self.kept.borrow().innocent.contains(&commit)
    }

    pub(super) fn note_innocent(&self, commit: ObjectId) {
        self.note(|kept| &mut kept.innocent, commit, 0);
    }

    /// The same of one file, by its path and its object.
    pub(super) fn is_innocent_file(&self, file: &(RepoPath, ObjectId)) -> bool {
        self.kept.borrow().innocent_files.contains(file)
    }

    pub(super) fn note_innocent_file(&self, file: &(RepoPath, ObjectId)) {
        self.note(|kept| &mut kept.innocent_files, file.clone(), file.0.as_bytes().len());
    }

    /// `bytes` are those that `item` has elsewhere.
    fn note<T: Eq + Hash, S: BuildHasher>(
        &self,
        set: impl FnOnce(&mut Kept) -> &mut HashSet<T, S>,
        item: T,
        bytes: usize,
    ) {
        let mut kept = self.kept.borrow_mut();
        if kept.has_room(bytes + slot::<T>(), self.room) {
            set(&mut kept).insert(item);
        }
    }
}

impl Kept {
    /// Counts what is to be kept; where it has no room beside the rest, the rest is forgotten, and where it has none by
    /// itself, it is not to be kept.
    fn has_room(&mut self, bytes: usize, room: usize) -> bool {
        if bytes > room {
            return false;
        }
        if self.bytes + bytes > room {
            *self = Self::default();
        }
        self.bytes += bytes;
        true
    }
}

/// Bytes of a place in a hash table, which has up to twice as many as it needs.
const fn slot<T>() -> usize {
    2 * (size_of::<T>() + 1)
}

#[cfg(test)]
mod tests {
    use super::super::l1_learnings::learnings;
    use super::*;
    use crate::model::message::Message;

    fn id(number: usize) -> ObjectId {
        ObjectId::parse(&format!("{number:040x}")).unwrap()
    }

    #[test]
    fn long_paths_take_no_more_than_the_room_there_is() {
        let read_off = ReadOff::of(100_000);
        let file = |number: usize| (RepoPath::from_bytes(format!("{number:01000}").into_bytes()), id(number));
        for number in 0..1000 {
            read_off.note_innocent_file(&file(number));
            assert!(read_off.is_innocent_file(&file(number)));
            assert!(number < 100 || !read_off.is_innocent_file(&file(number - 100)));
        }
        let endless = (RepoPath::from_bytes(vec![b'x'; 100_001]), id(1000));
        read_off.note_innocent_file(&endless);
        assert!(!read_off.is_innocent_file(&endless) && read_off.is_innocent_file(&file(999)));
    }

    #[test]
    fn long_learnings_take_no_more_than_the_room_there_is() {
        let read_off = ReadOff::of(100_000);
        let sections = [super::super::l1_learnings::LEARNING.to_owned()];
        let long = learnings(&Message::parse(&format!("feat: x\n\nLearning: {}\n", "x".repeat(1000)), &sections));
        assert_eq!(long.iter().map(Learning::length).sum::<usize>(), 1000);
        for number in 0..1000 {
            read_off.keep_learnings(Some(id(number)), &long);
            assert!(read_off.learnings(Some(id(number))).is_some());
            assert!(number < 100 || read_off.learnings(Some(id(number - 100))).is_none());
        }
    }

    #[test]
    fn many_commits_take_no_more_than_the_room_there_is() {
        let read_off = ReadOff::of(100_000);
        for number in 0..10_000 {
            read_off.note_complete(Some(id(number)));
            read_off.note_innocent(id(number));
        }
        let kept = (0..10_000).filter(|number| read_off.is_complete(Some(id(*number)))).count()
            + (0..10_000).filter(|number| read_off.is_innocent(id(*number))).count();
        assert!((1..100_000 / size_of::<ObjectId>()).contains(&kept), "{kept}");
    }
}
