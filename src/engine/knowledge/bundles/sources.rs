//! What became of the files that a bundle is made of: at HEAD, and in the working tree.

use std::collections::HashMap;

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::bundle::{BundleHead, BundleSource};
use crate::model::digest::ObjectId;
use crate::model::escape::{is_hidden, shell_word};
use crate::model::path::RepoPath;
use crate::model::tree::TreeView;

/// A source that HEAD does not have where it was, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Its path.
    pub path: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Another file stands at its path.
    Changed,
    /// Its bytes stand at this path, and no file at its own.
    Moved(RepoPath),
    /// No file is at its path, and its bytes were not found at HEAD.
    Gone,
}

/// The sources that HEAD does not have where they were, as they were. Only where there is no file at a source's path is its blob
/// looked for in all of HEAD's tree.
pub(super) fn stale(
    base: &Base<'_>,
    places: &mut Places<'_>,
    sources: &[BundleSource],
) -> Result<Vec<Stale>, EngineError> {
    let mut found = Vec::new();
    for source in sources {
        let fate = match base.tree.entry(&source.path.as_str().into())?.filter(|entry| entry.mode.is_file()) {
            Some(entry) if entry.id == source.blob => continue,
            Some(_) => Fate::Changed,
            None => places.likeliest(source)?.map_or(Fate::Gone, Fate::Moved),
        };
        found.push(Stale { path: source.path.clone(), fate });
    }
    Ok(found)
}

/// So many entries of a tree are looked at to find what moved: it is told for convenience, and somebody waits.
const MOST_ENTRIES: usize = 100_000;

/// Where the files of a tree are, by their blobs. The tree is walked once, and no further than is asked for.
pub(crate) struct Places<'a> {
    tree: &'a dyn TreeView,
    /// Folders to be looked into, the next one last.
    waiting: Vec<RepoPath>,
    /// Entries that may still be looked at.
    left: usize,
    /// The first place of each blob.
    first: HashMap<ObjectId, RepoPath>,
    /// The first place of each blob under each file name.
    named: HashMap<(ObjectId, Vec<u8>), RepoPath>,
}

impl<'a> Places<'a> {
    /// Of a tree into which nobody looked yet.
    pub(crate) fn of(tree: &'a dyn TreeView) -> Self {
        let waiting = vec![RepoPath::default()];
        Self { tree, waiting, left: MOST_ENTRIES, first: HashMap::new(), named: HashMap::new() }
    }

    /// Where a source most likely moved to: a place of its bytes with the same file name, otherwise the first one. What was asked
    /// before does not matter.
    fn likeliest(&mut self, source: &BundleSource) -> Result<Option<RepoPath>, EngineError> {
        let wanted = (source.blob, RepoPath::from(source.path.as_str()).file_name().to_vec());
        while !self.named.contains_key(&wanted) && self.look_on()? {}
        Ok(self.named.get(&wanted).or_else(|| self.first.get(&source.blob)).cloned())
    }

    /// Looks into one more folder; `false` where all was seen, or as much as may be.
    fn look_on(&mut self) -> Result<bool, EngineError> {
        let Some(folder) = self.waiting.pop() else { return Ok(false) };
        let known = self.waiting.len();
        for entry in self.tree.list(&folder)? {
            let Some(left) = self.left.checked_sub(1) else {
                self.waiting.clear();
                return Ok(false);
            };
            self.left = left;
            let path = folder.join(&entry.name);
            if entry.mode.is_folder() {
                self.waiting.push(path);
            } else if entry.mode.is_file() {
                self.first.entry(entry.id).or_insert_with(|| path.clone());
                self.named.entry((entry.id, entry.name)).or_insert(path);
            }
        }
        self.waiting[known..].reverse();
        Ok(true)
    }
}

/// Where the sources stand at HEAD, changed or not.
pub(super) fn now_at(sources: &[BundleSource], stale: &[Stale]) -> Vec<RepoPath> {
    let place =
        |source: &BundleSource| match stale.iter().find(|stale| stale.path == source.path).map(|stale| &stale.fate) {
            Some(Fate::Gone) => None,
            Some(Fate::Moved(path)) => Some(path.clone()),
            Some(Fate::Changed) | None => Some(source.path.as_str().into()),
        };
    sources.iter().filter_map(place).collect()
}

/// The command that saves a bundle anew from what its sources are now; nothing where none of them is at HEAD, or one has a name
/// that cannot be pasted.
pub(super) fn save_again(base: &Base<'_>, head: &BundleHead, stale: &[Stale]) -> Option<String> {
    let typed = |path: &RepoPath| path.as_str().filter(|path| !path.chars().any(is_hidden)).map(shell_word);
    let paths: Vec<String> = now_at(&head.sources, stale).iter().map(typed).collect::<Option<_>>()?;
    if paths.is_empty() {
        return None;
    }
    let mut command = format!("agentops bundle save {} --type {}", paths.join(" "), head.kind.as_str());
    let is_there = !head.task.is_empty() && base.task(&head.task).is_ok_and(|chain| chain.task.as_str() == head.task);
    command.push_str(&match head.phase.as_str() {
        _ if !is_there => format!(" --profile {}", head.profile),
        "" => format!(" --task {}", head.task),
        phase => format!(" --task {} --phase {phase}", head.task),
    });
    command.push_str(&format!(" --name {}", head.name));
    for tag in &head.tags {
        command.push_str(&format!(" --tag {tag}"));
    }
    Some(command)
}

/// Those of some paths that the working tree or the index has otherwise than HEAD; none where there is no working tree.
pub(super) fn uncommitted(site: &Site, paths: &[RepoPath]) -> Result<Vec<String>, EngineError> {
    if site.repo.work_dir().is_none() {
        return Ok(Vec::new());
    }
    Ok(site.repo.path_status(paths)?.into_iter().map(|(path, _)| path.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tree::{Entry, MemoryTree, Mode, SightError};

    fn source(path: &str, blob: ObjectId) -> BundleSource {
        BundleSource { path: path.into(), blob }
    }

    /// A tree that has no end, as far as anybody can tell who walks it.
    struct Endless;

    impl TreeView for Endless {
        fn entry(&self, _: &RepoPath) -> Result<Option<Entry>, SightError> {
            Ok(None)
        }

        fn list(&self, _: &RepoPath) -> Result<Vec<Entry>, SightError> {
            let id = ObjectId::parse(&"1".repeat(40)).unwrap();
            Ok(["a", "b"].map(|name| Entry { name: name.into(), mode: Mode::Tree, id }).to_vec())
        }

        fn blob(&self, id: &ObjectId, _: &RepoPath, _: u64) -> Result<Vec<u8>, SightError> {
            Err(SightError::Missing { id: id.to_string(), what: String::new() })
        }
    }

    #[test]
    fn no_more_is_looked_at_than_anybody_waits_for() {
        let mut places = Places { left: 20_001, ..Places::of(&Endless) };
        let wanted = source("notes.md", ObjectId::parse(&"2".repeat(40)).unwrap());
        assert_eq!(places.likeliest(&wanted).unwrap(), None);
        assert_eq!((places.left, places.waiting.len()), (0, 0));
    }

    #[test]
    fn places_do_not_depend_on_what_was_asked_before() {
        let mut tree = MemoryTree::new();
        tree.put("a/x.md", "1").put("b/y.md", "2").put("c/notes.md", "1").put("d/notes.md", "1").put("e/z.md", "3");
        let id = |path: &str| tree.entry(&path.into()).unwrap().unwrap().id;
        let (one, two) = (source("notes.md", id("a/x.md")), source("notes.md", id("b/y.md")));
        let mut places = Places::of(&tree);
        let found = |places: &mut Places<'_>, wanted| places.likeliest(wanted).unwrap().unwrap().to_string();
        assert_eq!(found(&mut places, &one), "c/notes.md");
        assert!(places.waiting.len() == 2, "what is behind was not looked at");
        assert_eq!(found(&mut places, &two), "b/y.md");
        assert_eq!(found(&mut places, &one), "c/notes.md");
        assert_eq!(places.left, MOST_ENTRIES - 10);
    }
}
