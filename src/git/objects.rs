//! Reading objects as they are: replace refs and grafts have no effect, and the folder of a push under judgement
//! (git's quarantine) is read where the caller names it.
//!
//! Everything that reads or writes objects goes through [`Objects`]; with memory, new objects stay in this process.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Display;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use gix::objs::{Exists, Find, FindHeader, Write};

use super::error::GitError;
use super::repo::Repo;
use crate::model::digest::ObjectId;
use crate::model::ids::{IdMap, IdSet};
use crate::model::path::RepoPath;
use crate::model::tree::{Entry, SightError};

/// Bytes of trees that are remembered; beyond it the memory is emptied.
const REMEMBERED_TREES: usize = 4 * 1024 * 1024;

/// So many lookups in one large tree cost as much as an index of its names.
const WORTH_AN_INDEX: u32 = 6;

/// The four kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// The bytes of a file.
    Blob,
    /// An annotated tag.
    Tag,
}

impl From<gix::objs::Kind> for ObjectKind {
    fn from(kind: gix::objs::Kind) -> Self {
        match kind {
            gix::objs::Kind::Commit => Self::Commit,
            gix::objs::Kind::Tree => Self::Tree,
            gix::objs::Kind::Blob => Self::Blob,
            gix::objs::Kind::Tag => Self::Tag,
        }
    }
}

/// The object database with the folders that are read besides it.
#[derive(Clone)]
pub(super) struct Objects {
    commits: Commits,
    main: gix::OdbHandle,
    /// Read before `main`: a miss there is dear, because it looks for new packs.
    extra: Vec<gix::odb::Handle>,
}

impl Objects {
    pub(super) fn new(mut main: gix::OdbHandle) -> Self {
        main.ignore_replacements = true;
        Self { commits: Commits::default(), main, extra: Vec::new() }
    }

    pub(super) fn read_also(&mut self, dir: &Path, hash: gix::hash::Kind) -> std::io::Result<()> {
        self.extra.push(gix::odb::at(dir, hash)?);
        Ok(())
    }

    /// The same objects; what is written from now on stays in memory.
    pub(super) fn in_memory(&self) -> Self {
        let mut copy = self.clone();
        copy.main.enable_object_memory();
        copy
    }

    fn find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<gix::objs::Data<'a>>> {
        for database in &self.extra {
            if database.exists(id) {
                return database.try_find(id, buffer);
            }
        }
        Find::try_find(&self.main, id, buffer)
    }
}

impl Find for Objects {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<gix::objs::Data<'a>>> {
        if self.commits.room.get() == 0 {
            return self.find(id, buffer);
        }
        if self.commits.read(id, buffer) {
            let object_hash = self.main.store_ref().object_hash();
            return Ok(Some(gix::objs::Data { kind: gix::objs::Kind::Commit, object_hash, data: buffer }));
        }
        let found = self.find(id, buffer)?;
        if let Some(commit) = found.as_ref().filter(|found| found.kind == gix::objs::Kind::Commit) {
            self.commits.keep(id, commit.data);
        }
        Ok(found)
    }
}

/// Commits that were read, for whoever is to walk over the same history many times. Off until there is room.
#[derive(Default)]
struct Commits {
    /// Bytes that may be kept.
    room: Cell<usize>,
    kept: RefCell<RawCommits>,
}

/// The bytes of commits.
#[derive(Default)]
struct RawCommits {
    by_id: IdMap<Box<[u8]>>,
    /// Of all of them, with their ids.
    size: usize,
    /// Those that a process before has read.
    known: KnownCommits,
}

/// The bytes of commits that were read before, all in one piece.
#[derive(Debug, Default)]
pub struct KnownCommits {
    /// The piece.
    pub bytes: Vec<u8>,
    /// Where in it each is.
    pub places: IdMap<Range<usize>>,
}

impl KnownCommits {
    /// The bytes of one.
    pub fn get(&self, id: &ObjectId) -> Option<&[u8]> {
        self.bytes.get(self.places.get(id)?.clone())
    }
}

/// Each thread reads for itself.
impl Clone for Commits {
    fn clone(&self) -> Self {
        Self { room: self.room.clone(), kept: RefCell::default() }
    }
}

impl Commits {
    fn read(&self, id: &gix::oid, buffer: &mut Vec<u8>) -> bool {
        let (kept, own) = (self.kept.borrow(), from_gix(id));
        // A process before may be anybody: its bytes are those of the commit, or they are not believed.
        let is_true = |bytes: &&[u8]| {
            gix::objs::compute_hash(id.kind(), gix::objs::Kind::Commit, bytes).is_ok_and(|found| *found == *id)
        };
        let known = || kept.known.get(&own).filter(is_true);
        let Some(bytes) = kept.by_id.get(&own).map(|bytes| &**bytes).or_else(known) else { return false };
        buffer.clear();
        buffer.extend_from_slice(bytes);
        true
    }

    /// Where there is no room left, the others are forgotten first. What has no room by itself is not kept.
    fn keep(&self, id: &gix::oid, bytes: &[u8]) {
        let size = bytes.len() + size_of::<(ObjectId, Box<[u8]>)>();
        if size > self.room.get() {
            return;
        }
        let mut kept = self.kept.borrow_mut();
        if kept.size + size > self.room.get() {
            *kept = RawCommits { known: std::mem::take(&mut kept.known), ..RawCommits::default() };
        }
        if kept.by_id.insert(from_gix(id), bytes.into()).is_none() {
            kept.size += size;
        }
    }
}

impl FindHeader for Objects {
    fn try_header(&self, id: &gix::oid) -> gix::Result<Option<gix::objs::Header>> {
        for database in &self.extra {
            if database.exists(id) {
                return FindHeader::try_header(database, id);
            }
        }
        FindHeader::try_header(&self.main, id)
    }
}

impl Exists for Objects {
    fn exists(&self, id: &gix::oid) -> bool {
        self.extra.iter().any(|database| database.exists(id)) || Exists::exists(&self.main, id)
    }
}

/// Writing what is there already costs nothing.
impl Write for Objects {
    fn write_buf(&self, kind: gix::objs::Kind, bytes: &[u8]) -> gix::Result<gix::ObjectId> {
        let id = gix::objs::compute_hash(self.main.store_ref().object_hash(), kind, bytes)?;
        self.write_buf_with_known_id(kind, bytes, id)
    }

    fn write_buf_with_known_id(
        &self,
        kind: gix::objs::Kind,
        bytes: &[u8],
        id: gix::ObjectId,
    ) -> gix::Result<gix::ObjectId> {
        if self.main.exists_without_refresh(&id) {
            return Ok(id);
        }
        self.main.write_buf_with_known_id(kind, bytes, id)
    }

    fn write_stream(
        &self,
        kind: gix::objs::Kind,
        size: u64,
        from: &mut dyn std::io::Read,
    ) -> gix::Result<gix::ObjectId> {
        self.main.write_stream(kind, size, from)
    }

    fn write_stream_with_known_id(
        &self,
        kind: gix::objs::Kind,
        size: u64,
        from: &mut dyn std::io::Read,
        id: gix::ObjectId,
    ) -> gix::Result<gix::ObjectId> {
        self.main.write_stream_with_known_id(kind, size, from, id)
    }
}

/// Recently read trees. A step looks into the same trees over and over.
#[derive(Default)]
pub(super) struct TreeMemory {
    trees: IdMap<Rc<[u8]>>,
    names: IdMap<(u32, Option<Rc<Names>>)>,
    /// Those of which it is known that their entries are in order, each with a name that a file or folder can have, and once.
    well_formed: IdSet,
    bytes: usize,
    pub(super) walked: Walked,
}

/// The folders on the way to the one that was looked up last: the next one is near it as a rule.
#[derive(Default)]
pub(super) struct Walked {
    root: Option<ObjectId>,
    path: Vec<u8>,
    /// For each folder of `path`, where its name ends and its tree.
    folders: Vec<(usize, ObjectId)>,
}

impl Walked {
    /// Goes back to the deepest folder that it has in common with `path`.
    pub(super) fn back_to(&mut self, root: &ObjectId, path: &[u8]) {
        if self.root.as_ref() != Some(root) {
            *self = Self { root: Some(*root), ..Self::default() };
        }
        let is_shared =
            |end: usize| path.get(..end) == Some(&self.path[..end]) && path.get(end).is_none_or(|next| *next == b'/');
        let shared = self.folders.iter().take_while(|(end, _)| is_shared(*end)).count();
        self.folders.truncate(shared);
        self.path.truncate(self.folders.last().map_or(0, |(end, _)| *end));
    }

    /// Where the name of the folder reached ends, and its tree; `None` at the root.
    pub(super) fn here(&self) -> Option<(usize, ObjectId)> {
        self.folders.last().copied()
    }

    /// One folder further.
    pub(super) fn enter(&mut self, name: &[u8], tree: ObjectId) {
        if !self.folders.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name);
        self.folders.push((self.path.len(), tree));
    }
}

/// The entries of a large tree by name, in the tree's order where a name stands twice.
pub(super) type Names = HashMap<Vec<u8>, Vec<Entry>>;

impl Repo {
    /// Keeps so many bytes of the commits that are read from now on, for histories that are walked many times.
    pub fn remember_commits(&self, bytes: usize) {
        self.objects.commits.room.set(bytes);
    }

    /// As [`remember_commits`](Self::remember_commits), with those that were read before.
    pub fn remember_commits_and(&self, bytes: usize, known: KnownCommits) {
        self.remember_commits(bytes);
        self.objects.commits.kept.borrow_mut().known = known;
    }

    /// The commits that were read and are remembered, with their bytes, but for those that were read before.
    pub fn newly_read_commits(&self) -> Vec<(ObjectId, Box<[u8]>)> {
        let kept = self.objects.commits.kept.borrow();
        kept.by_id.iter().map(|(id, bytes)| (*id, bytes.clone())).collect()
    }

    /// What kind of object `id` is; `None` when it is not in this repository.
    pub fn object_kind(&self, id: &ObjectId) -> Result<Option<ObjectKind>, GitError> {
        Ok(self.header(id)?.map(|(kind, _)| kind.into()))
    }

    /// Whether the object is in this repository.
    pub fn has_object(&self, id: &ObjectId) -> bool {
        self.own_id(id).is_some_and(|id| self.is_empty_tree(&id) || self.objects.exists(&id))
    }

    /// The bytes of the blob `id`, after its size was compared with `limit`. `what` names it in errors: its path.
    pub fn blob(&self, id: &ObjectId, what: &dyn Display, limit: u64) -> Result<Vec<u8>, SightError> {
        let missing = || SightError::Missing { id: id.to_string(), what: what.to_string() };
        let (kind, size) = self.header(id)?.ok_or_else(missing)?;
        if kind != gix::objs::Kind::Blob {
            return Err(SightError::Failed(format!("`{what}` is a {kind}, not a file (object {id})")));
        }
        if size > limit {
            return Err(SightError::TooLarge { path: what.to_string(), size, limit });
        }
        Ok(self.read(id, gix::objs::Kind::Blob, what)?)
    }

    /// Kind and size, without the contents.
    pub(super) fn header(&self, id: &ObjectId) -> Result<Option<(gix::objs::Kind, u64)>, GitError> {
        let Some(own) = self.own_id(id) else { return Ok(None) };
        if self.is_empty_tree(&own) {
            return Ok(Some((gix::objs::Kind::Tree, 0)));
        }
        let header = self.objects.try_header(&own).map_err(|error| unreadable(id, error))?;
        Ok(header.map(|header| (header.kind, header.size)))
    }

    /// The bytes of an object of a known kind.
    pub(super) fn read(&self, id: &ObjectId, kind: gix::objs::Kind, what: &dyn Display) -> Result<Vec<u8>, GitError> {
        let mut buffer = Vec::new();
        if self.read_into(id, kind, what, &mut buffer)? {
            Ok(buffer)
        } else {
            Err(GitError::MissingObject { id: id.to_string(), what: what.to_string() })
        }
    }

    /// As [`read`](Self::read), into a buffer that can be used again; `false` when the object is absent.
    pub(super) fn read_into(
        &self,
        id: &ObjectId,
        kind: gix::objs::Kind,
        what: &dyn Display,
        buffer: &mut Vec<u8>,
    ) -> Result<bool, GitError> {
        buffer.clear();
        let Some(own) = self.own_id(id) else { return Ok(false) };
        if kind == gix::objs::Kind::Tree && self.is_empty_tree(&own) {
            return Ok(true);
        }
        let found = self.objects.try_find(&own, buffer).map_err(|error| unreadable(id, error))?;
        match found.map(|data| (data.kind, data.data.len())) {
            None => Ok(false),
            Some((actual, _)) if actual != kind => Err(GitError::Damaged {
                id: id.to_string(),
                why: format!("{what} should be a {kind}, but it is a {actual}"),
            }),
            Some((_, length)) => {
                buffer.truncate(length);
                Ok(true)
            }
        }
    }

    /// The raw bytes of a tree.
    pub(super) fn read_tree(&self, id: &ObjectId, what: &dyn Display) -> Result<Rc<[u8]>, GitError> {
        if let Some(bytes) = self.trees.borrow().trees.get(id) {
            return Ok(Rc::clone(bytes));
        }
        let bytes: Rc<[u8]> = self.read(id, gix::objs::Kind::Tree, what)?.into();
        let mut memory = self.trees.borrow_mut();
        if memory.bytes + bytes.len() > REMEMBERED_TREES {
            memory.trees.clear();
            memory.names.clear();
            memory.well_formed.clear();
            memory.bytes = 0;
        }
        memory.bytes += bytes.len();
        memory.trees.insert(*id, Rc::clone(&bytes));
        Ok(bytes)
    }

    /// Whether a tree that was read lately is known to be well-formed; that of no folder is nothing's.
    pub(super) fn is_well_formed(&self, id: Option<ObjectId>) -> bool {
        id.is_some_and(|id| self.trees.borrow().well_formed.contains(&id))
    }

    /// Notes that a tree which was just read is well-formed.
    pub(super) fn note_well_formed(&self, id: Option<ObjectId>) {
        self.trees.borrow_mut().well_formed.extend(id);
    }

    /// The entries by name of the tree `id`, whose raw `bytes` were read: for folders with many entries that are looked up
    /// one by one, such as those of a thousand tasks. `None` for the first lookups, which would not repay it.
    pub(super) fn names_of(&self, id: &ObjectId, bytes: &[u8]) -> Result<Option<Rc<Names>>, GitError> {
        {
            let mut memory = self.trees.borrow_mut();
            let (lookups, names) = memory.names.entry(*id).or_default();
            *lookups += 1;
            if names.is_some() || *lookups < WORTH_AN_INDEX {
                return Ok(names.clone());
            }
        }
        let mut names = Names::new();
        self.for_each_entry(id, bytes, |entry| names.entry(entry.name.to_vec()).or_default().push(entry.entry()))?;
        let names = Rc::new(names);
        self.trees.borrow_mut().names.insert(*id, (WORTH_AN_INDEX, Some(Rc::clone(&names))));
        Ok(Some(names))
    }

    /// Our id as gix's; `None` for an id of the other hash kind, which cannot be in this repository.
    pub(super) fn own_id(&self, id: &ObjectId) -> Option<gix::ObjectId> {
        gix::ObjectId::try_from(id.as_bytes()).ok().filter(|own| own.kind() == self.hash)
    }

    /// The id of the tree without entries.
    pub fn empty_tree(&self) -> ObjectId {
        from_gix(&gix::ObjectId::empty_tree(self.hash))
    }

    /// The id that says "no object" in git's output.
    pub fn null_id(&self) -> ObjectId {
        from_gix(&self.hash.null())
    }

    fn is_empty_tree(&self, id: &gix::ObjectId) -> bool {
        *id == gix::ObjectId::empty_tree(self.hash)
    }
}

/// What a folder is called in errors: spelled out only where there is one.
pub(super) struct FolderName<'a>(pub(super) &'a [u8]);

impl Display for FolderName<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the folder `{}`", RepoPath::from_bytes(self.0))
    }
}

fn unreadable(id: &ObjectId, error: gix::Error) -> GitError {
    GitError::other(format!("read object {id}"), error)
}

/// gix's id as ours.
pub(super) fn from_gix(id: &gix::oid) -> ObjectId {
    ObjectId::from_bytes(id.as_bytes()).unwrap_or_else(|| unreachable!("git ids have 20 or 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_take_no_more_than_the_room_they_have() {
        let commits = Commits::default();
        commits.room.set(1000);
        let id = |number: u8| gix::ObjectId::from_bytes_or_panic(&[number; 20]);
        let is_kept = |number| commits.read(&id(number), &mut Vec::new());
        for _ in 0..100 {
            commits.keep(&id(1), &[b'x'; 300]);
        }
        commits.keep(&id(2), &[b'x'; 300]);
        commits.keep(&id(3), &[b'x'; 1001]);
        assert_eq!([1, 2, 3].map(is_kept), [true, true, false]);
        commits.keep(&id(4), &[b'x'; 500]);
        assert_eq!([1, 2, 4].map(is_kept), [false, false, true]);
    }

    #[test]
    fn what_another_process_kept_is_held_against_its_id() {
        let bytes = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
        let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Commit, bytes).unwrap();
        let other = gix::ObjectId::from_bytes_or_panic(&[7; 20]);
        let places = IdMap::from_iter([(from_gix(&id), 0..bytes.len()), (from_gix(&other), 0..bytes.len())]);
        let commits = Commits::default();
        commits.kept.borrow_mut().known = KnownCommits { bytes: bytes.to_vec(), places };
        assert_eq!([id, other].map(|id| commits.read(&id, &mut Vec::new())), [true, false]);
    }
}
