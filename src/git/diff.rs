//! Differences between trees: files only, renames not guessed, nothing hidden by a malformed tree.
//!
//! Two trees that are strictly sorted are walked side by side. Any other pair is compared by name, where the entries
//! of a repeated name are compared in their order, so that an odd order never makes a change disappear.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::error::GitError;
use super::objects::FolderName;
use super::repo::Repo;
use super::tree::{RawEntry, same_names};
use crate::model::digest::ObjectId;
use crate::model::ids::IdSet;
use crate::model::path::RepoPath;
use crate::model::tree::{Change, Malformed, Mode, TreeFault};

/// Changes of one step that are collected, and folders that are looked into for them: ten trees that name each other ten
/// times unfold to more than any memory holds or anybody waits for, be there a file in them or none.
const MAX_CHANGES: usize = 1_000_000;
/// The longest path that is followed, in bytes: systems open none that is longer.
const MAX_PATH: usize = 4096;
/// What the paths of one step may hold together, in bytes: one folder with a long name makes every path in it long.
const MAX_PATHS: usize = 256 * 1024 * 1024;
/// Folders that are walked before somebody asks whether they are the same few again and again.
const MANY_FOLDERS: usize = 1024;
/// Folders inside folders that are followed; git's own default is 2048.
const MAX_DEPTH: usize = 2048;
/// Malformed entries that are named; one is enough to refuse a tree.
const MAX_MALFORMED: usize = 20;

/// How two trees differ.
#[derive(Debug, Default)]
pub(super) struct TreeDiff {
    /// The files, sorted by path.
    pub(super) changes: Vec<Change>,
    /// Malformed entries in the folders of the later tree that differ: the first few.
    pub(super) malformed: Vec<Malformed>,
    /// The bytes of all paths that were made for it, those of folders included.
    paths: usize,
}

impl TreeDiff {
    /// Of changes that were found elsewhere, nothing malformed among them.
    pub(super) fn of(changes: Vec<Change>) -> Self {
        Self { changes, ..Self::default() }
    }
}

impl Repo {
    /// The files that differ between the trees `before` (`None`: empty) and `after`, sorted by path. Equal subtrees are
    /// not read.
    pub fn diff_trees(&self, before: Option<&ObjectId>, after: &ObjectId) -> Result<Vec<Change>, GitError> {
        Ok(self.compare_trees(before, after)?.changes)
    }

    /// As [`diff_trees`](Self::diff_trees), with what is malformed in the folders that were read for it.
    pub(super) fn compare_trees(&self, before: Option<&ObjectId>, after: &ObjectId) -> Result<TreeDiff, GitError> {
        let mut found = TreeDiff::default();
        self.diff_below(RepoPath::default(), before.copied(), Some(*after), &mut found)?;
        found.changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// The names at the top of two trees under which they differ, where both have the same names; `None` where they have not,
    /// or where nothing has told yet that `before` is well-formed.
    pub fn names_that_differ(&self, before: &ObjectId, after: &ObjectId) -> Result<Option<Vec<Vec<u8>>>, GitError> {
        if !self.is_well_formed(Some(*before)) {
            return Ok(None);
        }
        let (before, after) = (self.read_tree(before, &FolderName(b""))?, self.read_tree(after, &FolderName(b""))?);
        let differing = same_names(&before, &after, self.hash.len_in_bytes());
        Ok(differing.map(|pairs| pairs.iter().map(|(_, new)| new.name.to_vec()).collect()))
    }

    /// Whether a folder of `after` that is not the same in `before` is malformed.
    pub fn brings_malformed(&self, before: &ObjectId, after: &ObjectId) -> Result<bool, GitError> {
        Ok(!self.compare_trees(Some(before), after)?.malformed.is_empty())
    }

    /// As [`compare_trees`](Self::compare_trees) for the folder `at`; appends, unsorted.
    pub(super) fn diff_below(
        &self,
        at: RepoPath,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        found: &mut TreeDiff,
    ) -> Result<(), GitError> {
        let mut waiting = vec![Pair { at, depth: 0, trees: (before, after) }];
        let (mut folders, mut distinct, mut is_weighed) = (0, IdSet::default(), false);
        while let Some(pair) = waiting.pop() {
            let (before, after) = pair.trees;
            if before == after {
                continue;
            }
            self.open_pair(&pair, &mut waiting, found)?;
            folders += 1;
            distinct.insert(pair.trees);
            let so_far = found.changes.len() + folders;
            let is_repetitive = folders >= MANY_FOLDERS && distinct.len() < folders / 2;
            let left = match is_repetitive && !is_weighed {
                true => self.weigh(waiting.iter().map(|pair| pair.trees))?,
                false => waiting.len(),
            };
            is_weighed |= is_repetitive;
            if so_far.saturating_add(left) > MAX_CHANGES {
                return Err(too_many());
            }
        }
        Ok(())
    }

    /// Compares the entries of two folders: files that differ are `found`, folders are `waiting`.
    fn open_pair(&self, pair: &Pair, waiting: &mut Vec<Pair>, found: &mut TreeDiff) -> Result<(), GitError> {
        if pair.depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let (changes, paths) = (&mut found.changes, &mut found.paths);
        let malformed = self.each_difference(&pair.at, pair.trees, &mut |old, new| {
            let Some(either) = old.or(new) else { return Ok(()) };
            // Before the path is made: what is counted afterwards has taken its memory.
            let length = pair.at.as_bytes().len() + usize::from(pair.depth > 0) + either.name.len();
            // What is too long to be read may still be removed.
            if length > MAX_PATH && (new.is_some() || either.is_tree()) {
                return Err(too_long(&pair.at, either.name));
            }
            *paths += length;
            if *paths > MAX_PATHS {
                let what = "the number of bytes in all changed paths together".to_owned();
                return Err(GitError::Limit { what, limit: MAX_PATHS });
            }
            if changes.len() + waiting.len() > MAX_CHANGES {
                return Err(too_many());
            }
            let path = pair.at.join(either.name);
            if either.is_tree() {
                waiting.push(Pair {
                    at: path,
                    depth: pair.depth + 1,
                    trees: (old.map(RawEntry::id), new.map(RawEntry::id)),
                });
            } else {
                let side = |entry: Option<&RawEntry<'_>>| entry.map(|entry| (entry.mode(), entry.id()));
                changes.push(Change { path, before: side(old), after: side(new) });
            }
            Ok(())
        })?;
        let room = MAX_MALFORMED.saturating_sub(found.malformed.len());
        found.malformed.extend(malformed.into_iter().take(room));
        Ok(())
    }

    /// Hands over the entries in which two folders differ, the two of one name and type together. Gives what is malformed in
    /// the later folder: the first few.
    fn each_difference(
        &self,
        at: &RepoPath,
        (before, after): Trees,
        meet: &mut Meet<'_>,
    ) -> Result<Vec<Malformed>, GitError> {
        // Asked before they are read: reading may make room in the memory by forgetting the answer.
        let is_well_formed = self.is_well_formed(before);
        let (old, new) = (self.side(at, before)?, self.side(at, after)?);
        // Most folders are what they were but for a file or two, and then hardly any of their entries need be read.
        if is_well_formed && let Some(differing) = same_names(&old, &new, self.hash.len_in_bytes()) {
            differing.iter().try_for_each(|(old, new)| meet(Some(old), Some(new)))?;
            self.note_well_formed(after);
            return Ok(Vec::new());
        }
        let (old, new) = (self.raw(&before, &old)?, self.raw(&after, &new)?);
        let sorted = is_strictly_sorted(&new);
        let mut differ = |old: Option<&RawEntry<'_>>, new: Option<&RawEntry<'_>>| match old == new {
            true => Ok(()),
            false => meet(old, new),
        };
        if is_strictly_sorted(&old) && sorted {
            walk_side_by_side(&old, &new, &mut differ)?;
        } else {
            compare_by_name(&old, &new, &mut differ)?;
        }
        let malformed: Vec<Malformed> = malformed(at, &new, sorted).take(MAX_MALFORMED).collect();
        if sorted && malformed.is_empty() {
            self.note_well_formed(after);
        }
        Ok(malformed)
    }

    fn side(&self, at: &RepoPath, id: Option<ObjectId>) -> Result<Rc<[u8]>, GitError> {
        id.map_or_else(|| Ok(Rc::from([])), |id| self.read_tree(&id, &FolderName(at.as_bytes())))
    }

    fn raw<'a>(&self, id: &Option<ObjectId>, bytes: &'a [u8]) -> Result<Vec<RawEntry<'a>>, GitError> {
        let mut entries = Vec::new();
        if let Some(id) = id {
            self.for_each_entry(id, bytes, |entry| entries.push(entry))?;
        }
        Ok(entries)
    }
}

/// The trees of two folders.
type Trees = (Option<ObjectId>, Option<ObjectId>);

/// Takes two entries that differ, of one name and type, or one that the other side lacks.
type Meet<'m> = dyn FnMut(Option<&RawEntry<'_>>, Option<&RawEntry<'_>>) -> Result<(), GitError> + 'm;

/// Two folders yet to be compared.
struct Pair {
    at: RepoPath,
    depth: usize,
    trees: Trees,
}

fn too_many() -> GitError {
    GitError::Limit { what: "the number of changed files and folders".to_owned(), limit: MAX_CHANGES }
}

fn too_deep() -> GitError {
    GitError::Limit { what: "the depth of folders".to_owned(), limit: MAX_DEPTH }
}

fn too_long(at: &RepoPath, name: &[u8]) -> GitError {
    let start: Vec<u8> = at.as_bytes().iter().chain(b"/").chain(name).take(60).copied().collect();
    let what = format!("the number of bytes in the path `{}…`", RepoPath::from_bytes(start));
    GitError::Limit { what, limit: MAX_PATH }
}

fn order(a: &RawEntry<'_>, b: &RawEntry<'_>) -> Ordering {
    git_order((a.name, a.is_tree()), (b.name, b.is_tree()))
}

/// Git's order of entries: by name, where a folder counts as if its name ended with a slash.
fn git_order(a: (&[u8], bool), b: (&[u8], bool)) -> Ordering {
    let common = a.0.len().min(b.0.len());
    a.0[..common].cmp(&b.0[..common]).then_with(|| {
        let next = |(name, is_tree): (&[u8], bool)| name.get(common).copied().unwrap_or(if is_tree { b'/' } else { 0 });
        next(a).cmp(&next(b)).then_with(|| a.0.len().cmp(&b.0.len()))
    })
}

fn is_strictly_sorted(entries: &[RawEntry<'_>]) -> bool {
    entries.windows(2).all(|pair| order(&pair[0], &pair[1]).is_lt())
}

/// What readers of these entries may disagree on.
fn malformed<'a>(at: &RepoPath, entries: &'a [RawEntry<'a>], sorted: bool) -> impl Iterator<Item = Malformed> {
    // `a` and `a/` are in order with other names between them, and still one name.
    let is_file_too = move |entry: &&RawEntry<'_>| {
        let file = |other: &RawEntry<'_>| git_order((other.name, other.is_tree()), (entry.name, false));
        sorted && entry.is_tree() && entries.binary_search_by(file).is_ok()
    };
    let unsorted = entries.windows(2).filter(move |_| !sorted).filter(|pair| order(&pair[0], &pair[1]).is_ge());
    let disordered = unsorted.map(|pair| &pair[1]).chain(entries.iter().filter(is_file_too));
    let disordered = disordered.map(|entry| (entry, TreeFault::Order));
    let unnamed = entries.iter().filter(|entry| !is_name(entry.name)).map(|entry| (entry, TreeFault::Name));
    let at = at.clone();
    disordered.chain(unnamed).map(move |(entry, fault)| Malformed { path: at.join(entry.name), fault })
}

/// Whether a folder can have an entry of that name: as `git fsck` sees it.
fn is_name(name: &[u8]) -> bool {
    if name.contains(&b'/') || matches!(name, b"" | b"." | b"..") {
        return false;
    }
    // Most names are told from `.git` by their first bytes.
    if !(name.starts_with(b".") || name[0].eq_ignore_ascii_case(&b'g') || !name[0].is_ascii()) {
        return true;
    }
    let text = String::from_utf8_lossy(name);
    let folded: String =
        text.chars().filter(|c| !crate::model::escape::is_hidden(*c)).flat_map(char::to_lowercase).collect();
    let folded = folded.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    !matches!(folded, ".git" | "git~1")
}

fn walk_side_by_side<'a>(before: &[RawEntry<'a>], after: &[RawEntry<'a>], meet: &mut Meet<'_>) -> Result<(), GitError> {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) => order(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(()),
        };
        let left = if order.is_le() { old.next() } else { None };
        let right = if order.is_ge() { new.next() } else { None };
        meet(left, right)?;
    }
}

fn compare_by_name<'a>(before: &[RawEntry<'a>], after: &[RawEntry<'a>], meet: &mut Meet<'_>) -> Result<(), GitError> {
    type Sides<'s, 'a> = (Vec<&'s RawEntry<'a>>, Vec<&'s RawEntry<'a>>);
    let mut names: BTreeMap<(&[u8], bool), Sides<'_, 'a>> = BTreeMap::new();
    for entry in before {
        names.entry((entry.name, entry.is_tree())).or_default().0.push(entry);
    }
    for entry in after {
        names.entry((entry.name, entry.is_tree())).or_default().1.push(entry);
    }
    for (old, new) in names.values() {
        for at in 0..old.len().max(new.len()) {
            meet(old.get(at).copied(), new.get(at).copied())?;
        }
    }
    Ok(())
}

/// Modes as git's index knows them: old repositories hold group-writable files, which are plain files to git.
pub(super) fn canonical(mode: Mode) -> Mode {
    match mode {
        Mode::Odd(bits) => match bits & 0o170_000 {
            0o100_000 if bits & 0o100 != 0 => Mode::Executable,
            0o100_000 => Mode::File,
            0o120_000 => Mode::Symlink,
            0o040_000 => Mode::Tree,
            _ => Mode::Gitlink,
        },
        known => known,
    }
}

mod weight;

#[cfg(test)]
mod tests;
