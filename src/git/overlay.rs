//! A tree with changes laid over it: the staged tree, or one that is about to be written.

use std::collections::BTreeSet;

use super::repo::Repo;
use super::tree::{self, CommitTree};
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{Change, Entry, Mode, SightError, TreeView};

/// `base` with `changes` applied. Folders that the changes touch have no id of their own yet: theirs is null.
pub struct Overlay<'r> {
    repo: &'r Repo,
    base: Option<CommitTree<'r>>,
    changes: Vec<Change>,
}

impl<'r> Overlay<'r> {
    /// Lays `changes` over the tree `base` (`None`: empty).
    pub fn new(repo: &'r Repo, base: Option<&ObjectId>, mut changes: Vec<Change>) -> Self {
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Self { repo, base: base.map(|id| repo.tree(id)), changes }
    }

    /// The changes, sorted by path.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    fn change_at(&self, path: &RepoPath) -> Option<&Change> {
        let first = self.changes.partition_point(|change| change.path < *path);
        // Of several changes of one path the last has what stays.
        self.changes[first..]
            .iter()
            .take_while(|change| change.path == *path)
            .max_by_key(|change| change.after.is_some())
    }

    /// The changes below the folder `path`; all of them for the root.
    fn changes_below(&self, path: &RepoPath) -> &[Change] {
        if path.as_bytes().is_empty() {
            return &self.changes;
        }
        let mut prefix = path.as_bytes().to_vec();
        prefix.push(b'/');
        let start = self.changes.partition_point(|change| change.path.as_bytes() < prefix.as_slice());
        let length = self.changes[start..].partition_point(|change| change.path.as_bytes().starts_with(&prefix));
        &self.changes[start..start + length]
    }

    fn null(&self) -> ObjectId {
        self.repo.null_id()
    }

    fn folder_entry(&self, path: &RepoPath) -> Entry {
        Entry { name: path.file_name().to_vec(), mode: Mode::Tree, id: self.null() }
    }

    /// Whether a folder with changes below it still holds anything.
    fn holds_something(&self, path: &RepoPath) -> Result<bool, SightError> {
        if self.changes_below(path).iter().any(|change| change.after.is_some()) {
            return Ok(true);
        }
        Ok(!self.list(path)?.is_empty())
    }
}

impl TreeView for Overlay<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, SightError> {
        if path.as_bytes().is_empty() {
            return Ok(None);
        }
        if let Some((mode, id)) = self.change_at(path).and_then(|change| change.after) {
            return Ok(Some(Entry { name: path.file_name().to_vec(), mode, id }));
        }
        if !self.changes_below(path).is_empty() {
            return Ok(self.holds_something(path)?.then(|| self.folder_entry(path)));
        }
        if self.change_at(path).is_some() {
            return Ok(None);
        }
        let Some(base) = &self.base else { return Ok(None) };
        base.entry(path)
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<Entry>, SightError> {
        let below = self.changes_below(path);
        let base = self.base.as_ref().map_or_else(|| Ok(Vec::new()), |base| base.list(path))?;
        if below.is_empty() {
            return Ok(base);
        }
        let skip = if path.as_bytes().is_empty() { 0 } else { path.as_bytes().len() + 1 };
        let first_name = |change: &Change| {
            let rest = &change.path.as_bytes()[skip..];
            rest.split(|byte| *byte == b'/').next().unwrap_or_default().to_vec()
        };
        let touched: BTreeSet<Vec<u8>> = below.iter().map(first_name).collect();
        let mut entries: Vec<Entry> = base.into_iter().filter(|entry| !touched.contains(&entry.name)).collect();
        for name in touched {
            entries.extend(self.entry(&path.join(&name))?);
        }
        tree::sort(&mut entries);
        Ok(entries)
    }

    fn blob(&self, id: &ObjectId, path: &RepoPath, limit: u64) -> Result<Vec<u8>, SightError> {
        self.repo.blob(id, path, limit)
    }
}
