//! Differences between trees: files only, renames not guessed, nothing hidden by a malformed tree.
//!
//! Two trees that are strictly sorted are walked side by side. Any other pair is compared by name, where the entries
//! of a repeated name are compared in their order, so that an odd order never makes a change disappear.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
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
        let mut waiting = vec![Pair { at, depth: 0, before, after }];
        let (mut folders, mut distinct, mut is_weighed) = (0, IdSet::default(), false);
        let mut paths = 0;
        while let Some(pair) = waiting.pop() {
            if pair.before == pair.after {
                continue;
            }
            let (files, inside) = (found.changes.len(), waiting.len());
            self.open_pair(&pair, &mut waiting, found)?;
            let new = found.changes[files..].iter().map(|change| &change.path);
            let new = new.chain(waiting[inside..].iter().map(|pair| &pair.at)).map(|path| path.as_bytes().len());
            paths += new.sum::<usize>();
            if paths > MAX_PATHS {
                let what = "the bytes of all changed paths".to_owned();
                return Err(GitError::Limit { what, limit: MAX_PATHS });
            }
            folders += 1;
            distinct.insert(pair.trees());
            let so_far = found.changes.len() + folders;
            let is_repetitive = folders >= MANY_FOLDERS && distinct.len() < folders / 2;
            let left = if is_repetitive && !is_weighed { self.weigh(&waiting)? } else { waiting.len() };
            is_weighed |= is_repetitive;
            if so_far.saturating_add(left) > MAX_CHANGES {
                let what = "the number of changed files and folders".to_owned();
                return Err(GitError::Limit { what, limit: MAX_CHANGES });
            }
        }
        Ok(())
    }

    /// Compares the entries of two folders: files that differ are `found`, folders are `waiting`.
    fn open_pair(&self, pair: &Pair, waiting: &mut Vec<Pair>, found: &mut TreeDiff) -> Result<(), GitError> {
        if pair.depth > MAX_DEPTH {
            return Err(GitError::Limit { what: "the depth of folders".to_owned(), limit: MAX_DEPTH });
        }
        if pair.at.as_bytes().len() > MAX_PATH {
            return Err(GitError::Limit { what: "the bytes of one path".to_owned(), limit: MAX_PATH });
        }
        let before = self.side(pair, pair.before)?;
        let after = self.side(pair, pair.after)?;
        // Most folders are what they were but for a file or two, and then hardly any of their entries need be read.
        if self.is_well_formed(pair.before)
            && let Some(differing) = same_names(&before, &after, self.hash.len_in_bytes())
        {
            for (old, new) in &differing {
                self.meet(pair, Some(old), Some(new), waiting, &mut found.changes);
            }
            self.note_well_formed(pair.after);
            return Ok(());
        }
        let (before, after) = (self.raw(&pair.before, &before)?, self.raw(&pair.after, &after)?);
        let mut meet = |old: Option<&RawEntry<'_>>, new: Option<&RawEntry<'_>>| {
            self.meet(pair, old, new, waiting, &mut found.changes);
        };
        let sorted = is_strictly_sorted(&after);
        if is_strictly_sorted(&before) && sorted {
            walk_side_by_side(&before, &after, &mut meet);
        } else {
            compare_by_name(&before, &after, &mut meet);
        }
        let mut malformed = malformed(&pair.at, &after, sorted).take(MAX_MALFORMED).peekable();
        if sorted && malformed.peek().is_none() {
            self.note_well_formed(pair.after);
        }
        if found.malformed.len() < MAX_MALFORMED {
            found.malformed.extend(malformed);
        }
        Ok(())
    }

    /// How many files and folders the pairs unfold to. Trees that occur again are not read again, so that the answer for ten
    /// thousand million comes as fast as for ten.
    fn weigh(&self, pairs: &[Pair]) -> Result<usize, GitError> {
        /// A folder whose folders are being weighed; at the bottom that which all `pairs` lie in.
        struct Frame {
            trees: Option<Trees>,
            inside: Vec<Pair>,
            weight: usize,
        }
        let mut known: HashMap<Trees, usize> = HashMap::new();
        let mut stack: Vec<Frame> = Vec::new();
        let mut frame = Frame { trees: None, inside: pairs.to_vec(), weight: 0 };
        loop {
            while let Some(pair) = frame.inside.pop() {
                if pair.before == pair.after {
                    continue;
                }
                if let Some(weight) = known.get(&pair.trees()) {
                    frame.weight = frame.weight.saturating_add(*weight);
                    continue;
                }
                let (mut inside, mut found) = (Vec::new(), TreeDiff::default());
                self.open_pair(&pair, &mut inside, &mut found)?;
                stack.push(frame);
                frame = Frame { trees: Some(pair.trees()), inside, weight: 1 + found.changes.len() };
            }
            let (Some(trees), Some(mut above)) = (frame.trees, stack.pop()) else { return Ok(frame.weight) };
            known.insert(trees, frame.weight);
            above.weight = above.weight.saturating_add(frame.weight);
            frame = above;
        }
    }

    fn side(&self, pair: &Pair, id: Option<ObjectId>) -> Result<Rc<[u8]>, GitError> {
        id.map_or_else(|| Ok(Rc::from([])), |id| self.read_tree(&id, &FolderName(pair.at.as_bytes())))
    }

    fn raw<'a>(&self, id: &Option<ObjectId>, bytes: &'a [u8]) -> Result<Vec<RawEntry<'a>>, GitError> {
        let mut entries = Vec::new();
        if let Some(id) = id {
            self.for_each_entry(id, bytes, |entry| entries.push(entry))?;
        }
        Ok(entries)
    }

    /// Two entries of one name and type, or one that the other side lacks.
    fn meet(
        &self,
        pair: &Pair,
        old: Option<&RawEntry<'_>>,
        new: Option<&RawEntry<'_>>,
        waiting: &mut Vec<Pair>,
        changes: &mut Vec<Change>,
    ) {
        let Some(either) = old.or(new) else { return };
        if old == new {
            return;
        }
        let path = pair.at.join(either.name);
        if either.is_tree() {
            let id = |entry: Option<&RawEntry<'_>>| entry.map(RawEntry::id);
            waiting.push(Pair { at: path, depth: pair.depth + 1, before: id(old), after: id(new) });
        } else {
            let side = |entry: Option<&RawEntry<'_>>| entry.map(|entry| (entry.mode(), entry.id()));
            changes.push(Change { path, before: side(old), after: side(new) });
        }
    }
}

/// The trees of two folders.
type Trees = (Option<ObjectId>, Option<ObjectId>);

/// Two folders yet to be compared.
#[derive(Clone)]
struct Pair {
    at: RepoPath,
    depth: usize,
    before: Option<ObjectId>,
    after: Option<ObjectId>,
}

impl Pair {
    fn trees(&self) -> Trees {
        (self.before, self.after)
    }
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

fn walk_side_by_side<'a>(
    before: &[RawEntry<'a>],
    after: &[RawEntry<'a>],
    meet: &mut impl FnMut(Option<&RawEntry<'a>>, Option<&RawEntry<'a>>),
) {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) => order(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return,
        };
        let left = if order.is_le() { old.next() } else { None };
        let right = if order.is_ge() { new.next() } else { None };
        meet(left, right);
    }
}

fn compare_by_name<'a>(
    before: &[RawEntry<'a>],
    after: &[RawEntry<'a>],
    meet: &mut impl FnMut(Option<&RawEntry<'a>>, Option<&RawEntry<'a>>),
) {
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
            meet(old.get(at).copied(), new.get(at).copied());
        }
    }
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

#[cfg(test)]
mod tests;
