//! How the index differs from a tree.
//!
//! Compared in this process, where git's record of unchanged folders (the cache-tree) spares most trees: at 100,000
//! files 11 ms, where a spawned `git diff-index` takes 17. A sparse index and one of a size that would cost us too much
//! memory are left to git.

use std::ops::Range;

use gix::index::entry::Flags;

use super::diff::{TreeDiff, canonical};
use super::error::GitError;
use super::objects::{FolderName, from_gix};
use super::repo::Repo;
use super::tree::RawEntry;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{Change, Mode};

/// Indexes up to this many bytes are read here: about 190,000 files, in memory twice as much.
const LARGEST_INDEX: u64 = 16 * 1024 * 1024;

impl Repo {
    /// The staged changes against HEAD, sorted by path.
    pub fn diff_staged(&self) -> Result<Vec<Change>, GitError> {
        self.diff_index_against(self.head_tree()?.as_ref())
    }

    /// How the index differs from the tree `base` (`None`: empty), sorted by path. Entries that are only intended to
    /// be added count as absent; unmerged ones are an error.
    pub fn diff_index_against(&self, base: Option<&ObjectId>) -> Result<Vec<Change>, GitError> {
        let size = std::fs::metadata(self.index_path()).map_or(0, |file| file.len());
        if size <= LARGEST_INDEX {
            let index = self.load_index()?;
            if !index.is_sparse() {
                return self.diff_index_here(&index, base);
            }
        }
        self.diff_index_by_git(base)
    }

    /// Whether the index holds conflicts.
    pub fn has_unmerged(&self) -> Result<bool, GitError> {
        Ok(!unmerged(&self.load_index()?).is_empty())
    }

    pub(super) fn load_index(&self) -> Result<gix::index::File, GitError> {
        gix::index::File::at_or_default(self.index_path(), self.hash, true, gix::index::decode::Options::default())
            .map_err(GitError::while_doing(format!("read the index `{}`", self.index_path().display())))
    }

    fn diff_index_by_git(&self, base: Option<&ObjectId>) -> Result<Vec<Change>, GitError> {
        let base = base.copied().unwrap_or_else(|| self.empty_tree()).to_string();
        let arguments = [
            "diff-index",
            "--cached",
            "--raw",
            // Without it a folder that a sparse index lacks would be one change of a tree.
            "-r",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--ignore-submodules=none",
            "--ita-invisible-in-index",
            "--end-of-options",
        ];
        let output = self.git(arguments).arg(&base).with_index().output()?;
        let mut changes = parse_raw(&output)?;
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }

    fn diff_index_here(&self, index: &gix::index::File, base: Option<&ObjectId>) -> Result<Vec<Change>, GitError> {
        let unmerged = unmerged(index);
        if !unmerged.is_empty() {
            return Err(GitError::Unmerged { paths: unmerged });
        }
        let mut changes = Vec::new();
        let root =
            Folder { at: Vec::new(), tree: base.copied(), entries: 0..index.entries().len(), known: index.tree() };
        let mut waiting = vec![root];
        while let Some(folder) = waiting.pop() {
            if !folder.is_unchanged() {
                self.compare(index, &folder, &mut waiting, &mut changes)?;
            }
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }

    fn compare<'i>(
        &self,
        index: &'i gix::index::File,
        folder: &Folder<'i>,
        waiting: &mut Vec<Folder<'i>>,
        changes: &mut Vec<Change>,
    ) -> Result<(), GitError> {
        let here = RepoPath::from_bytes(folder.at.strip_suffix(b"/").unwrap_or(&folder.at));
        let bytes = match &folder.tree {
            Some(id) => Some((*id, self.read_tree(id, &FolderName(here.as_bytes()))?)),
            None => None,
        };
        let mut old: Vec<RawEntry<'_>> = Vec::new();
        if let Some((id, bytes)) = &bytes {
            self.for_each_entry(id, bytes, |entry| old.push(entry))?;
        }
        // Sorting by name and type brings what belongs together side by side; a repeated entry stays over, as removed.
        old.sort_by_key(|entry| (entry.name, entry.is_tree()));
        let mut new = group(index, folder);
        new.sort_by_key(|item| (item.name, item.folder));
        let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some(a), Some(b)) => (a.name, a.is_tree()).cmp(&(b.name, b.folder)),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return Ok(()),
            };
            let left = if order.is_le() { old.next() } else { None };
            let right = if order.is_ge() { new.next() } else { None };
            match (left, right) {
                (Some(entry), None) if entry.is_tree() => {
                    let mut gone = TreeDiff::default();
                    self.diff_below(here.join(entry.name), Some(entry.id()), None, &mut gone)?;
                    changes.append(&mut gone.changes);
                }
                (left, Some(item)) if item.folder => {
                    let mut at = folder.at.clone();
                    at.extend_from_slice(item.name);
                    at.push(b'/');
                    let known =
                        folder.known.and_then(|tree| tree.children.iter().find(|child| child.name[..] == *item.name));
                    waiting.push(Folder { at, tree: left.map(|entry| entry.id()), entries: item.entries, known });
                }
                (left, right) => {
                    let before = left.map(|entry| (entry.mode(), entry.id()));
                    let after = right.as_ref().map(|item| staged_side(&index.entries()[item.entries.start]));
                    let same = |a: &(Mode, ObjectId), b: &(Mode, ObjectId)| a.1 == b.1 && canonical(a.0) == b.0;
                    if !matches!((&before, &after), (Some(a), Some(b)) if same(a, b)) {
                        let name = left.map(|entry| entry.name).or(right.map(|item| item.name)).unwrap_or_default();
                        changes.push(Change { path: here.join(name), before, after });
                    }
                }
            }
        }
    }
}

/// One folder, in the tree and in the index.
struct Folder<'i> {
    /// Its path with a slash at the end; empty for the root.
    at: Vec<u8>,
    tree: Option<ObjectId>,
    entries: Range<usize>,
    known: Option<&'i gix::index::extension::Tree>,
}

impl Folder<'_> {
    /// Git's own record says that the entries are exactly that tree. `git commit` writes by the same record.
    fn is_unchanged(&self) -> bool {
        self.known.is_some_and(|known| {
            known.num_entries.is_some_and(|count| count as usize == self.entries.len())
                && self.tree.is_some_and(|tree| tree == from_gix(&known.id))
        })
    }
}

/// A file or a folder of the index.
struct Item<'i> {
    name: &'i [u8],
    folder: bool,
    entries: Range<usize>,
}

/// The direct children of a folder. The index is sorted by path, so a subfolder's entries are neighbours.
fn group<'i>(index: &'i gix::index::File, folder: &Folder<'_>) -> Vec<Item<'i>> {
    let mut items = Vec::new();
    let entries = index.entries();
    let mut at = folder.entries.start;
    while at < folder.entries.end {
        let path: &[u8] = entries[at].path(index);
        let rest = path.get(folder.at.len()..).unwrap_or_default();
        match rest.iter().position(|byte| *byte == b'/') {
            None => {
                if !entries[at].flags.contains(Flags::INTENT_TO_ADD) {
                    items.push(Item { name: rest, folder: false, entries: at..at + 1 });
                }
                at += 1;
            }
            Some(slash) => {
                let prefix = &path[..=folder.at.len() + slash];
                let below = &entries[at..folder.entries.end];
                let length = below.partition_point(|entry| entry.path(index).starts_with(prefix)).max(1);
                items.push(Item { name: &rest[..slash], folder: true, entries: at..at + length });
                at += length;
            }
        }
    }
    items
}

fn staged_side(entry: &gix::index::Entry) -> (Mode, ObjectId) {
    (Mode::from_bits(entry.mode.bits()), from_gix(&entry.id))
}

fn unmerged(index: &gix::index::File) -> Vec<RepoPath> {
    let conflicts = index.entries().iter().filter(|entry| entry.stage_raw() != 0);
    let mut paths: Vec<RepoPath> = conflicts.map(|entry| RepoPath::from_bytes(entry.path(index).to_vec())).collect();
    paths.dedup();
    paths
}

/// `:MODE MODE ID ID STATUS NUL PATH NUL`, again and again.
fn parse_raw(output: &[u8]) -> Result<Vec<Change>, GitError> {
    let malformed = || GitError::other("read the output of `git diff-index`", "it has an unexpected form");
    let mut changes = Vec::new();
    let mut unmerged = Vec::new();
    let mut fields = output.split(|byte| *byte == 0);
    while let Some(head) = fields.next().filter(|head| !head.is_empty()) {
        let path = RepoPath::from_bytes(fields.next().ok_or_else(malformed)?);
        let head = std::str::from_utf8(head).ok().and_then(|head| head.strip_prefix(':')).ok_or_else(malformed)?;
        let parts: Vec<&str> = head.split(' ').collect();
        let [old_mode, new_mode, old, new, status] = parts[..] else { return Err(malformed()) };
        if status.starts_with('U') {
            unmerged.push(path);
            continue;
        }
        let side = |mode: &str, id: &str| -> Result<Option<(Mode, ObjectId)>, GitError> {
            let bits = u32::from_str_radix(mode, 8).map_err(|_| malformed())?;
            let id = ObjectId::parse(id).map_err(|_| malformed())?;
            Ok((bits != 0).then_some((Mode::from_bits(bits), id)))
        };
        changes.push(Change { path, before: side(old_mode, old)?, after: side(new_mode, new)? });
    }
    if unmerged.is_empty() { Ok(changes) } else { Err(GitError::Unmerged { paths: unmerged }) }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::{Sandbox, raw_changes};
    use super::*;
    use crate::model::tree::TreeView as _;

    fn oracle(sandbox: &Sandbox) -> Vec<Change> {
        let flags = [
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--ignore-submodules=none",
            "--ita-invisible-in-index",
            "HEAD",
        ];
        raw_changes(&sandbox.git_input(&flags, b""))
    }

    /// Both ways of comparing, held against git.
    fn check(sandbox: &Sandbox, repo: &Repo) -> Vec<Change> {
        let head = repo.head_tree().unwrap();
        let here = repo.diff_index_here(&repo.load_index().unwrap(), head.as_ref()).unwrap();
        assert_eq!(here, oracle(sandbox));
        assert_eq!(repo.diff_index_by_git(head.as_ref()).unwrap(), here);
        assert_eq!(repo.diff_staged().unwrap(), here);
        here
    }

    #[test]
    fn every_kind_of_staged_change() {
        let sandbox = Sandbox::new();
        for path in
            ["kept", "edited", "gone", "mode", "type", "dir/in", "dir/out", "deep/er/file", "becomes-dir", "moved"]
        {
            sandbox.write(path, path);
        }
        let first = sandbox.commit("first");
        let repo = sandbox.open();
        assert!(check(&sandbox, &repo).is_empty());
        sandbox.write("edited", "2").write("dir/new", "3").write("with \t\"odd\" name\n", "4");
        sandbox.git(&["rm", "-q", "gone", "dir/out", "becomes-dir"]);
        sandbox.write("becomes-dir/file", "5");
        sandbox.git(&["mv", "moved", "elsewhere"]);
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["update-index", "--chmod=+x", "mode"]);
        let link = sandbox.object("blob", b"kept").to_string();
        sandbox.git(&["update-index", "--cacheinfo", &format!("120000,{link},type")]);
        sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{first},module")]);
        sandbox.write("unstaged", "6").write("kept", "edited, not staged").write("intended", "7");
        sandbox.git(&["add", "-N", "intended"]);
        let changes = check(&sandbox, &repo);
        let paths: Vec<String> = changes.iter().map(|change| change.path.to_string()).collect();
        assert!(paths.contains(&"module".to_owned()) && !paths.contains(&"intended".to_owned()), "{paths:?}");
        let staged = repo.staged().unwrap();
        assert_eq!(staged.file(&"edited".into(), 9).unwrap().as_deref(), Some(&b"2"[..]));
        assert_eq!(staged.file(&"kept".into(), 9).unwrap().as_deref(), Some(&b"kept"[..]));
        assert!(staged.entry(&"becomes-dir/file".into()).unwrap().is_some());
        assert_eq!(staged.entry(&"gone".into()).unwrap(), None);
        // With a record of trees that are written (`write-tree`), and then some more.
        sandbox.git(&["write-tree"]);
        sandbox.write("deep/er/file", "8").git(&["add", "deep"]);
        check(&sandbox, &repo);
    }

    #[test]
    fn the_first_commit_and_an_amended_one() {
        let sandbox = Sandbox::new();
        sandbox.write("a/b", "1").git(&["add", "-A"]);
        let repo = sandbox.open();
        assert_eq!(repo.diff_staged().unwrap().len(), 1);
        assert_eq!(repo.diff_index_by_git(None).unwrap(), repo.diff_staged().unwrap());
        assert_eq!(repo.staged().unwrap().list(&"a".into()).unwrap().len(), 1);
        sandbox.commit("first");
        sandbox.write("c", "2").commit("second");
        let parent = repo.tree_of(&sandbox.id("HEAD^")).unwrap();
        assert!(repo.diff_staged().unwrap().is_empty());
        let amended = repo.staged_since(Some(parent));
        assert_eq!(amended.changes().unwrap().len(), 1);
        assert!(amended.entry(&"c".into()).unwrap().is_some());
    }

    #[test]
    fn a_partial_commit_is_judged_by_its_own_index() {
        let sandbox = Sandbox::new();
        sandbox.write("one", "1").write("two", "1").commit("first");
        sandbox.write("one", "2").write("two", "2").git(&["add", "two"]);
        let saved = sandbox.beside("saved-index");
        let hook = format!("#!/bin/sh\ncp \"$GIT_INDEX_FILE\" '{}'\nexit 1\n", saved.display());
        sandbox.write(".git/hooks/pre-commit", hook);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = sandbox.path().join(".git/hooks/pre-commit");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let paths = |repo: &Repo| -> Vec<String> {
            repo.diff_staged().unwrap().iter().map(|change| change.path.to_string()).collect()
        };
        for (arguments, expected) in
            [(&["commit", "-m", "x", "one"][..], &["one"][..]), (&["commit", "-am", "x"], &["one", "two"])]
        {
            let (code, _) = sandbox.try_git(sandbox.path(), arguments, b"");
            assert_eq!(code, 1, "the hook refuses");
            assert_eq!(paths(&sandbox.open().with_index(&saved)), expected);
            let here = sandbox.open().with_index(&saved);
            let head = here.head_tree().unwrap();
            assert_eq!(here.diff_index_by_git(head.as_ref()).unwrap(), here.diff_staged().unwrap());
        }
        assert_eq!(paths(&sandbox.open()), ["two"]);
    }

    #[test]
    fn sparse_and_split_indexes() {
        let sandbox = Sandbox::new();
        sandbox.write("in/a", "1").write("out/b", "2").write("out/deep/c", "3").commit("first");
        sandbox.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
        let repo = sandbox.open();
        assert!(repo.load_index().unwrap().is_sparse(), "the oracle made a sparse index");
        assert!(repo.diff_staged().unwrap().is_empty());
        sandbox.write("in/a", "4").git(&["add", "in/a"]);
        assert_eq!(repo.diff_staged().unwrap(), oracle(&sandbox));
        let staged = repo.staged().unwrap();
        assert_eq!(staged.file(&"out/deep/c".into(), 9).unwrap().as_deref(), Some(&b"3"[..]));
        // A whole folder that goes is the change of its files.
        let paths = |repo: &Repo| -> Vec<String> {
            repo.diff_staged().unwrap().iter().map(|change| change.path.to_string()).collect()
        };
        sandbox.git(&["rm", "-r", "-q", "--cached", "--sparse", "out"]);
        assert_eq!(paths(&repo), ["in/a", "out/b", "out/deep/c"]);
        sandbox.git(&["reset", "-q", "--hard"]);
        sandbox.write("in/a", "4");
        sandbox.git(&["sparse-checkout", "disable"]);
        sandbox.git(&["update-index", "--split-index"]);
        sandbox.write("out/b", "5").write("new", "6").git(&["add", "-A"]);
        assert_eq!(check(&sandbox, &sandbox.open()).len(), 3);
    }

    #[test]
    fn old_modes_and_odd_names_are_no_changes() {
        let sandbox = Sandbox::new();
        let blob = sandbox.object("blob", b"1");
        let tree = sandbox.raw_tree(&[("100664", "old", blob)]);
        let commit = sandbox.git(&["commit-tree", "-m", "old", &tree.to_string()]);
        sandbox.git(&["reset", "-q", "--hard", &commit]);
        assert!(check(&sandbox, &sandbox.open()).is_empty());
        // Another change beside it, so that the record of the folder does not spare the comparison.
        sandbox.write("new", "1").git(&["add", "new"]);
        assert_eq!(check(&sandbox, &sandbox.open()).len(), 1);
    }

    #[test]
    fn a_record_of_trees_that_does_not_fit_is_not_believed() {
        let sandbox = Sandbox::new();
        sandbox.write("a/b", "1").commit("first");
        let repo = sandbox.open();
        let mut index = repo.load_index().unwrap();
        assert!(index.tree().is_some_and(|tree| tree.num_entries == Some(1)));
        let (id, mode) = (index.entries()[0].id, index.entries()[0].mode);
        index.dangerously_push_entry(Default::default(), id, Flags::empty(), mode, "a/c".into());
        let changes = repo.diff_index_here(&index, repo.head_tree().unwrap().as_ref()).unwrap();
        assert_eq!(changes.iter().map(|change| change.path.to_string()).collect::<Vec<_>>(), ["a/c"]);
    }

    #[cfg(unix)]
    #[test]
    fn paths_of_any_bytes() {
        use std::os::unix::ffi::OsStrExt as _;
        let sandbox = Sandbox::new();
        sandbox.commit("first");
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
        std::fs::write(sandbox.path().join(name), "1").unwrap();
        sandbox.git(&["add", "-A"]);
        let repo = sandbox.open();
        assert_eq!(repo.diff_staged().unwrap()[0].path.as_bytes(), b"caf\xe9");
        assert_eq!(check_only(&repo), b"caf\xe9");
        let path = RepoPath::from_bytes(&b"caf\xe9"[..]);
        assert!(repo.worktree_view().unwrap().entry(&path).unwrap().is_some());
        let status = repo.path_status(std::slice::from_ref(&path)).unwrap();
        assert_eq!(status[0].0, path);
    }

    #[cfg(unix)]
    fn check_only(repo: &Repo) -> Vec<u8> {
        repo.diff_index_by_git(repo.head_tree().unwrap().as_ref()).unwrap()[0].path.as_bytes().to_vec()
    }
}
