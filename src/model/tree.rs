//! What a law may look at: trees and steps between them, as traits.
//!
//! A commit's tree, a merged tree, the staged index, the working tree and [`MemoryTree`] are all [`TreeView`]s, so
//! that a hook, CI, `phase next` and the property tests run the very same laws.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::commit::Commit;
use super::digest::{Digest, ObjectId};
use super::path::RepoPath;

/// Blobs above this size are not read as state: reaching a limit is a failure, never a skip.
pub const MAX_STATE_FILE: u64 = 64 * 1024;
/// Artifacts, and any other file a law reads whole.
pub const MAX_TEXT_FILE: u64 = 8 * 1024 * 1024;

/// Why something could not be seen. Never a reason to pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SightError {
    /// An object is named but absent: a shallow or partial clone, or a damaged repository.
    #[error("object {id} ({what}) is not in this repository")]
    Missing {
        /// The absent object.
        id: String,
        /// What it was wanted for.
        what: String,
    },
    /// Larger than what is read whole.
    #[error("`{path}` has {size} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Where.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Unreadable for another reason.
    #[error("{0}")]
    Failed(String),
}

/// How to mend that an object is absent.
pub const COMPLETE_CLONE: &str = "`git fetch --unshallow` completes a shallow clone, `git fetch --refetch --no-filter` a partial \
                                  one; elsewhere `git fsck` tells what is damaged";

/// The kinds of tree entries, as git's modes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// `40000`: a folder.
    Tree,
    /// `100644`: a file.
    File,
    /// `100755`: a file that may be run.
    Executable,
    /// `120000`: a symbolic link; its blob holds the target.
    Symlink,
    /// `160000`: a commit of another repository.
    Gitlink,
    /// Any other mode bits, as found in the raw tree.
    Odd(u32),
}

impl Mode {
    /// From the mode's bits.
    pub fn from_bits(bits: u32) -> Self {
        match bits {
            0o040_000 => Self::Tree,
            0o100_644 => Self::File,
            0o100_755 => Self::Executable,
            0o120_000 => Self::Symlink,
            0o160_000 => Self::Gitlink,
            other => Self::Odd(other),
        }
    }

    /// The mode's bits; git spells them in octal.
    pub fn bits(self) -> u32 {
        match self {
            Self::Tree => 0o040_000,
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Symlink => 0o120_000,
            Self::Gitlink => 0o160_000,
            Self::Odd(bits) => bits,
        }
    }

    /// A folder: git takes any mode of that type for one.
    pub fn is_folder(self) -> bool {
        self.bits() & 0o170_000 == 0o040_000
    }

    /// A plain or executable file.
    pub fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Executable)
    }

    /// A symbolic link or a submodule: what is found below its path lies elsewhere. A file can have nothing below it.
    pub fn is_link(self) -> bool {
        !matches!(self.bits() & 0o170_000, 0o040_000 | 0o100_000)
    }

    /// What it is called, with its article.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Symlink => "a symbolic link",
            Self::Gitlink => "a submodule",
            other if other.is_folder() => "a folder",
            other if other.is_link() => "an entry of an odd mode",
            _ => "a file",
        }
    }
}

/// One entry of one tree, in the order of the raw tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, one path component, unchecked bytes.
    pub name: Vec<u8>,
    /// Its kind.
    pub mode: Mode,
    /// The object it names.
    pub id: ObjectId,
}

/// A tree that can be looked into. Reading runs nothing and writes nothing.
pub trait TreeView {
    /// The entry at `path`; `None` when nothing is there. Symbolic links are not followed.
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, SightError>;

    /// The raw entries of the folder at `path` (the root for the empty path), unsorted and with duplicates if the
    /// tree is malformed that way; empty when there is no such folder.
    fn list(&self, path: &RepoPath) -> Result<Vec<Entry>, SightError>;

    /// The bytes of the blob `id`, found at `path`, after its size was compared with `limit`.
    fn blob(&self, id: &ObjectId, path: &RepoPath, limit: u64) -> Result<Vec<u8>, SightError>;

    /// The bytes of the plain or executable file at `path`; `None` where there is no such file.
    fn file(&self, path: &RepoPath, limit: u64) -> Result<Option<Vec<u8>>, SightError> {
        match self.entry(path)? {
            Some(entry) if entry.mode.is_file() => self.blob(&entry.id, path, limit).map(Some),
            _ => Ok(None),
        }
    }
}

/// How one path differs between two trees. Renames are not guessed: they show as one removal and one addition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub path: RepoPath,
    /// What was there; `None` for an addition.
    pub before: Option<(Mode, ObjectId)>,
    /// What is there; `None` for a removal.
    pub after: Option<(Mode, ObjectId)>,
}

/// An entry that makes readers of one tree disagree: git's index, a checkout and a lookup by name may each see another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The entry: its folder's path with the name it has there.
    pub path: RepoPath,
    /// What is wrong with it.
    pub fault: TreeFault,
}

/// What is wrong with an entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeFault {
    /// It does not come after the one before it in git's order, or has the same name.
    Order,
    /// Its name is no name: empty, `.`, `..`, `.git` in any spelling, or with a slash in it.
    Name,
}

/// A step T→M with what surrounds it: what the judge judges.
///
/// `base` is `None` only where there is no governed past: the step that introduces `.agentops`.
pub trait StepView {
    /// T, whose laws rule.
    fn base(&self) -> Option<&dyn TreeView>;
    /// M, the tree that is to become the next state.
    fn next(&self) -> &dyn TreeView;
    /// Every file that differs between T and M, sorted by path.
    fn changes(&self) -> Result<&[Change], SightError>;
    /// Malformed entries of the folders of M that are not the same in T; the first few, where there are many. What git's
    /// index holds is never malformed.
    fn malformed(&self) -> Result<&[Malformed], SightError>;
    /// The commits of the step, oldest first. In hooks: the one commit about to be made, if its message is known.
    fn commits(&self) -> &[Commit];
    /// What the commit at `index` of [`commits`](Self::commits) changes against its first parent.
    fn commit_changes(&self, index: usize) -> Result<Vec<Change>, SightError>;
    /// Whether the merge commit at `index` is what merging its parents without conflict gives.
    fn is_clean_merge(&self, index: usize) -> Result<bool, SightError>;
    /// The tree of parent number `parent` of the commit at `index`; `None` when there is no such parent or it cannot be seen.
    fn parent_tree(&self, index: usize, parent: usize) -> Result<Option<Box<dyn TreeView + '_>>, SightError>;
    /// The tree of the commit at `index`.
    fn commit_tree(&self, index: usize) -> Result<Box<dyn TreeView + '_>, SightError>;
    /// Up to `count` commits of T's first-parent line, newest first; fewer where history ends.
    fn history(&self, count: usize) -> Result<Vec<Rc<Commit>>, SightError>;
    /// The tree `id` when it belongs to a commit of the step, to one of their parents, or to a recent commit of T's
    /// first-parent line; `None` for any other object, so that nobody can cite a tree made up for the purpose.
    fn known_tree(&self, id: &ObjectId) -> Result<Option<Box<dyn TreeView + '_>>, SightError>;
}

/// A tree in memory, for the property tests and for trees about to be written.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<RepoPath, (Mode, Vec<u8>)>,
}

impl MemoryTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a plain file at `path`, replacing what is there.
    pub fn put(&mut self, path: impl Into<RepoPath>, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.put_mode(path, Mode::File, bytes)
    }

    /// Puts an entry of any kind at `path`.
    pub fn put_mode(&mut self, path: impl Into<RepoPath>, mode: Mode, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.files.insert(path.into(), (mode, bytes.into()));
        self
    }

    /// Takes the file at `path` away.
    pub fn remove(&mut self, path: impl Into<RepoPath>) -> &mut Self {
        self.files.remove(&path.into());
        self
    }

    /// All files with their modes and bytes.
    pub fn files(&self) -> impl Iterator<Item = (&RepoPath, Mode, &[u8])> {
        self.files.iter().map(|(path, (mode, bytes))| (path, *mode, bytes.as_slice()))
    }

    /// An id that two folders share exactly where they hold the same.
    fn folder_id(&self, folder: &RepoPath) -> ObjectId {
        let mut text = Vec::new();
        let below = self.files.iter().filter(|(path, _)| path.as_bytes().starts_with(folder.join(b"").as_bytes()));
        for (path, (mode, bytes)) in below {
            text.extend_from_slice(format!("{:o} {} ", mode.bits(), Digest::of(bytes)).as_bytes());
            text.extend_from_slice(&path.as_bytes()[folder.as_bytes().len()..]);
            text.push(0);
        }
        memory_id(&text)
    }

    /// The changes that lead from `before` to `self`, sorted by path.
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let side = |tree: &Self, path: &RepoPath| tree.files.get(path).map(|(mode, bytes)| (*mode, memory_id(bytes)));
        let mut paths: Vec<&RepoPath> = before.files.keys().chain(self.files.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
            .into_iter()
            .map(|path| Change { path: path.clone(), before: side(before, path), after: side(self, path) })
            .filter(|change| change.before != change.after)
            .collect()
    }
}

/// Object ids of a memory tree: a digest of the bytes, shaped like a sha256 repository's ids.
fn memory_id(bytes: &[u8]) -> ObjectId {
    ObjectId::parse(&Digest::of(bytes).hex()).unwrap_or_else(|_| unreachable!("a digest has 64 digits"))
}

impl TreeView for MemoryTree {
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, SightError> {
        let name = path.file_name().to_vec();
        if let Some((mode, bytes)) = self.files.get(path) {
            return Ok(Some(Entry { name, mode: *mode, id: memory_id(bytes) }));
        }
        let is_folder = path.as_str().is_some_and(|folder| self.files.keys().any(|file| file.is_below(folder)));
        Ok(is_folder.then(|| Entry { name, mode: Mode::Tree, id: self.folder_id(path) }))
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<Entry>, SightError> {
        let mut prefix = path.as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let mut entries: Vec<Entry> = Vec::new();
        for (file, (mode, bytes)) in &self.files {
            let Some(rest) = file.as_bytes().strip_prefix(prefix.as_slice()) else { continue };
            let entry = match rest.iter().position(|byte| *byte == b'/') {
                None => Entry { name: rest.to_vec(), mode: *mode, id: memory_id(bytes) },
                Some(end) if entries.last().is_some_and(|last| last.name == rest[..end]) => continue,
                Some(end) => {
                    Entry { name: rest[..end].to_vec(), mode: Mode::Tree, id: self.folder_id(&path.join(&rest[..end])) }
                }
            };
            entries.push(entry);
        }
        Ok(entries)
    }

    fn blob(&self, id: &ObjectId, path: &RepoPath, limit: u64) -> Result<Vec<u8>, SightError> {
        let found = match self.files.get(path) {
            Some((_, bytes)) if memory_id(bytes) == *id => Some(bytes),
            _ => self.files.values().map(|(_, bytes)| bytes).find(|bytes| memory_id(bytes) == *id),
        };
        let bytes = found.ok_or_else(|| SightError::Missing { id: id.to_string(), what: path.to_string() })?;
        let size = bytes.len() as u64;
        if size > limit {
            return Err(SightError::TooLarge { path: path.to_string(), size, limit });
        }
        Ok(bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_tree_lists_like_git() {
        let mut tree = MemoryTree::new();
        tree.put("a/b/c", "1").put("a/d", "2").put("e", "3");
        let names = |path: &str| -> Vec<(Vec<u8>, Mode)> {
            tree.list(&path.into()).unwrap().into_iter().map(|entry| (entry.name, entry.mode)).collect()
        };
        assert_eq!(names(""), [(b"a".to_vec(), Mode::Tree), (b"e".to_vec(), Mode::File)]);
        assert_eq!(names("a"), [(b"b".to_vec(), Mode::Tree), (b"d".to_vec(), Mode::File)]);
        assert_eq!(tree.file(&"a/d".into(), 10).unwrap().as_deref(), Some(&b"2"[..]));
        assert!(matches!(tree.file(&"a/d".into(), 0), Err(SightError::TooLarge { .. })));
        assert_eq!(tree.file(&"a".into(), 10).unwrap(), None);
        let id = |tree: &MemoryTree, path: &str| tree.entry(&path.into()).unwrap().unwrap().id;
        let mut other = tree.clone();
        other.put("a/b/c", "4");
        assert!(id(&tree, "a") != id(&other, "a") && tree.list(&"".into()).unwrap()[0].id == id(&tree, "a"));
        other.put("x/c", "1");
        assert_eq!(id(&tree, "a/b"), id(&other, "x"), "what a folder is called is not in it");
    }

    #[test]
    fn changes_are_found() {
        let mut before = MemoryTree::new();
        before.put("kept", "1").put("gone", "2").put("edited", "3");
        let mut after = before.clone();
        after.remove("gone").put("edited", "4").put("new", "5");
        let paths: Vec<String> = after.changes_since(&before).iter().map(|change| change.path.to_string()).collect();
        assert_eq!(paths, ["edited", "gone", "new"]);
    }
}
