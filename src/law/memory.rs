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

/// Learnings of more bytes in one message are read again each time: nobody fills a server's memory with them.
const LONG: usize = 8 * 1024;

/// What was read, by commit. It is for cases of one and the same policy.
#[derive(Debug)]
pub struct Memory {
    /// Of more commits nothing is kept at once.
    room: usize,
    learnings: RefCell<IdMap<Arc<[Learning]>>>,
    complete: RefCell<IdSet>,
    innocent: RefCell<IdSet>,
    innocent_files: RefCell<HashSet<(RepoPath, ObjectId)>>,
}

impl Memory {
    /// An empty one, of at most so many commits.
    pub fn of(room: usize) -> Self {
        Self {
            room,
            learnings: RefCell::default(),
            complete: RefCell::default(),
            innocent: RefCell::default(),
            innocent_files: RefCell::default(),
        }
    }

    /// The learnings in a commit's message.
    pub(super) fn learnings(&self, commit: Option<ObjectId>) -> Option<Arc<[Learning]>> {
        self.learnings.borrow().get(&commit?).cloned()
    }

    pub(super) fn keep_learnings(&self, commit: Option<ObjectId>, learnings: &Arc<[Learning]>) {
        if learnings.iter().map(Learning::length).sum::<usize>() > LONG {
            return;
        }
        let mut kept = self.learnings.borrow_mut();
        if kept.len() >= self.room {
            kept.clear();
        }
        kept.extend(commit.map(|id| (id, Arc::clone(learnings))));
    }

    /// Whether a commit's message has all sections, with nothing wrong in them.
    pub(super) fn is_complete(&self, commit: Option<ObjectId>) -> bool {
        commit.is_some_and(|id| self.complete.borrow().contains(&id))
    }

    pub(super) fn note_complete(&self, commit: Option<ObjectId>) {
        note(&mut self.complete.borrow_mut(), commit, self.room);
    }

    /// Whether nothing that a commit adds looks like a secret to any rule, and all of it could be searched.
    pub(super) fn is_innocent(&self, commit: ObjectId) -> bool {
        self.innocent.borrow().contains(&commit)
    }

    pub(super) fn note_innocent(&self, commit: ObjectId) {
        note(&mut self.innocent.borrow_mut(), Some(commit), self.room);
    }

    /// The same of one file, by its path and its object.
    pub(super) fn is_innocent_file(&self, file: &(RepoPath, ObjectId)) -> bool {
        self.innocent_files.borrow().contains(file)
    }

    pub(super) fn note_innocent_file(&self, file: &(RepoPath, ObjectId)) {
        note(&mut self.innocent_files.borrow_mut(), Some(file.clone()), self.room);
    }
}

fn note<T: Eq + Hash, S: BuildHasher>(kept: &mut HashSet<T, S>, item: Option<T>, room: usize) {
    if kept.len() >= room {
        kept.clear();
    }
    kept.extend(item);
}
