//! Governed files: which they are, their common digest, and the amends that lead from one digest to the next.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use super::filed::{self, Filed};
use super::globs::{beginning_of, is_on_the_way};
use crate::model::amend::Amend;
use crate::model::canonical::Canonical;
use crate::model::digest::Digest;
use crate::model::layout::{self, Place};
use crate::model::path::RepoPath;
use crate::model::tree::{Change, MAX_TEXT_FILE, Mode, SightError, TreeView};

/// Folders of a tree that are walked, and how deep: as a landing compares them, so that what may land can be walked, and a
/// tree bomb is a failure and not a hang.
const MAX_FOLDERS: usize = 1_000_000;
/// See [`MAX_FOLDERS`].
const MAX_DEPTH: usize = 2048;
/// More governed files than this are refused.
const MAX_FILES: usize = 10_000;

/// Decides which paths are governed: those of `.agentops` that [`Place::is_governed`], and the config's globs.
#[derive(Debug, Clone)]
pub struct Governed {
    patterns: Vec<String>,
    prefixes: Vec<String>,
    /// Compiled for the first path that may match: most steps have none, and compiling costs a hook more than judging.
    globs: OnceCell<GlobSet>,
}

impl Governed {
    /// For the `paths.governed` globs of a config; those were checked when it was read, a broken one matches nothing.
    pub fn new(patterns: &[String]) -> Self {
        let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.trim_end_matches('/').to_owned()).collect();
        let prefixes = patterns.iter().map(|pattern| beginning_of(pattern)).collect();
        Self { patterns, prefixes, globs: OnceCell::new() }
    }

    fn globs(&self) -> &GlobSet {
        self.globs.get_or_init(|| {
            let mut globs = GlobSetBuilder::new();
            // As everywhere: `*` stays within one name, and what matches a folder matches all below it.
            for pattern in &self.patterns {
                for spelled in [pattern.clone(), format!("{pattern}/**")] {
                    if let Ok(glob) = GlobBuilder::new(&spelled).literal_separator(true).build() {
                        globs.add(glob);
                    }
                }
            }
            globs.build().unwrap_or_else(|_| GlobSet::empty())
        })
    }

    /// Whether `path` changes only by an amend.
    pub fn contains(&self, path: &RepoPath) -> bool {
        match Place::of(path) {
            Some(place) => place.is_governed(),
            None => {
                self.may_match(path.as_bytes())
                    && self.globs().is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
            }
        }
    }

    /// Whether `path` lies at or below what a glob begins with; otherwise none matches it.
    fn may_match(&self, path: &[u8]) -> bool {
        self.prefixes.iter().any(|prefix| {
            let rest = path.strip_prefix(prefix.as_bytes());
            rest.is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    /// Whether `change` puts a link where a glob begins, or above it: governed files would come from elsewhere, unseen by any
    /// digest. A link that goes takes them away at most.
    pub fn is_led_elsewhere(&self, change: &Change) -> bool {
        change.after.is_some_and(|(mode, _)| mode.is_link())
            && self.prefixes.iter().any(|prefix| is_on_the_way(&change.path, prefix))
            && !self.contains(&change.path)
    }

    /// The folders above the [`roots`](Self::roots): where a link would lead governed files elsewhere.
    pub fn above(&self) -> BTreeSet<String> {
        let ends = |path: &str| path.match_indices('/').map(|(end, _)| end).collect::<Vec<_>>();
        self.prefixes.iter().flat_map(|prefix| ends(prefix).into_iter().map(|end| prefix[..end].to_owned())).collect()
    }

    /// The folders and files below which all governed paths lie: where two trees agree on these, nothing governed
    /// differs. The empty path stands for the whole tree.
    pub fn roots(&self) -> BTreeSet<String> {
        let mut roots: BTreeSet<String> = self.prefixes.iter().cloned().collect();
        roots.insert(layout::ROOT.to_owned());
        roots
    }

    /// The governed files of `tree` with the digests of their bytes, sorted by path.
    pub fn files(&self, tree: &dyn TreeView) -> Result<BTreeMap<RepoPath, (Mode, Digest)>, SightError> {
        let mut files = BTreeMap::new();
        let mut folders = 0;
        for root in self.roots() {
            let path = RepoPath::from(root.as_str());
            match tree.entry(&path)? {
                _ if root.is_empty() => self.walk(tree, path, &mut folders, &mut files)?,
                Some(entry) if entry.mode.is_folder() => self.walk(tree, path, &mut folders, &mut files)?,
                Some(entry) if self.contains(&path) => {
                    files.insert(path.clone(), (entry.mode, digest(tree, &entry, &path)?));
                }
                _ => {}
            }
        }
        Ok(files)
    }

    /// Enters the governed files below `top`; `folders` counts those that were looked into.
    fn walk(
        &self,
        tree: &dyn TreeView,
        top: RepoPath,
        folders: &mut usize,
        files: &mut BTreeMap<RepoPath, (Mode, Digest)>,
    ) -> Result<(), SightError> {
        let mut waiting = vec![top];
        while let Some(folder) = waiting.pop() {
            *folders += 1;
            if *folders > MAX_FOLDERS {
                let what =
                    format!("governed files may lie in more than {MAX_FOLDERS} folders: the globs reach too far");
                return Err(SightError::Failed(what));
            }
            if folder.as_bytes().iter().filter(|byte| **byte == b'/').count() > MAX_DEPTH {
                return Err(SightError::Failed(format!("`{folder}` lies deeper than {MAX_DEPTH} folders")));
            }
            for entry in tree.list(&folder)? {
                let path = folder.join(&entry.name);
                if entry.mode.is_folder() {
                    waiting.extend((!is_bulk(&path)).then_some(path));
                } else if self.contains(&path) {
                    files.insert(path.clone(), (entry.mode, digest(tree, &entry, &path)?));
                    if files.len() > MAX_FILES {
                        return Err(SightError::Failed(format!("more than {MAX_FILES} governed files")));
                    }
                }
            }
        }
        Ok(())
    }

    /// The governed digest of `tree`: over one line `mode sha256 path` for each governed file, sorted by path.
    pub fn digest(&self, tree: &dyn TreeView) -> Result<Digest, SightError> {
        Ok(digest_of(&self.files(tree)?))
    }
}

/// The governed digest of a set of files.
pub fn digest_of(files: &BTreeMap<RepoPath, (Mode, Digest)>) -> Digest {
    let mut text = Vec::new();
    for (path, (mode, sha256)) in files {
        text.extend_from_slice(format!("{:06o} {sha256} ", mode.bits()).as_bytes());
        text.extend_from_slice(path.as_bytes());
        text.push(b'\n');
    }
    Digest::of(&text)
}

/// Folders below a namespace that hold no governed file and may hold thousands of others.
fn is_bulk(path: &RepoPath) -> bool {
    let Some(text) = path.as_str().filter(|_| path.is_below(layout::ROOT)) else { return false };
    let names: Vec<&str> = text.split('/').collect();
    matches!(
        names.as_slice(),
        [layout::ROOT, "governance"] | [layout::ROOT, _, "events" | "votes" | "learnings" | "sessions" | "bundles"]
    )
}

fn digest(tree: &dyn TreeView, entry: &crate::model::tree::Entry, path: &RepoPath) -> Result<Digest, SightError> {
    // In the common digest a line is a file: a path with a line feed could stand for two of them.
    if path.as_bytes().contains(&b'\n') {
        return Err(SightError::Failed(format!("the governed path `{path}` holds a line feed: rename the file")));
    }
    match entry.mode {
        Mode::Gitlink => Ok(Digest::of(entry.id.as_bytes())),
        _ => Ok(Digest::of(&tree.blob(&entry.id, path, MAX_TEXT_FILE)?)),
    }
}

/// An amend with the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmendLink {
    /// Where it lies.
    pub path: RepoPath,
    /// Digest over the file's bytes.
    pub digest: Digest,
    /// The amend.
    pub amend: Amend,
}

/// What lies below `governance/`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Amends {
    /// Well-formed amends, by `seq` then digest.
    pub links: Vec<AmendLink>,
    /// Files that are none, each with the reason.
    pub broken: Vec<(RepoPath, String)>,
}

/// The amends of a tree.
pub fn read_amends(tree: &dyn TreeView) -> Result<Amends, SightError> {
    let mut amends = Amends::default();
    for Filed { path, content } in filed::read(tree, &layout::GOVERNANCE.into(), Amend::file_name)? {
        match content {
            Ok(amend) => {
                let digest = Digest::of(amend.print().as_bytes());
                amends.links.push(AmendLink { path, digest, amend });
            }
            Err(reason) => amends.broken.push((path, reason)),
        }
    }
    amends.links.sort_by_key(|link| (link.amend.seq, link.digest));
    Ok(amends)
}

/// The amends that no other amend names in `prev`.
pub fn amend_heads(amends: &[AmendLink]) -> Vec<&AmendLink> {
    let followed: BTreeSet<Digest> = amends.iter().flat_map(|link| link.amend.prev.iter().copied()).collect();
    amends.iter().filter(|link| !followed.contains(&link.digest)).collect()
}

/// Those of the governed files `changed` (paths with the digests of their bytes afterwards; `None`: gone) of which `amends`
/// say nothing, or something else. Where amends of two branches meet, git has merged the bytes and no amend knows them: then
/// a name is enough.
pub fn unsaid<'c>(amends: &[&AmendLink], changed: &'c BTreeMap<RepoPath, Option<Digest>>) -> Vec<&'c RepoPath> {
    let meet = amends.iter().any(|link| link.amend.prev.len() > 1);
    let files = || amends.iter().flat_map(|link| &link.amend.files);
    let named: BTreeSet<&str> = files().map(|file| file.path.as_str()).collect();
    let said: BTreeSet<(&str, &str)> = files().map(|file| (file.path.as_str(), file.after.as_str())).collect();
    let is_said = |path: &RepoPath, after: &Option<Digest>| {
        let after = after.map(|digest| digest.hex()).unwrap_or_default();
        path.as_str().is_some_and(|path| if meet { named.contains(path) } else { said.contains(&(path, &after)) })
    };
    changed.iter().filter(|(path, after)| !is_said(path, after)).map(|(path, _)| path).collect()
}

/// What amends let go: which amend, by path and digest.
pub type Redactions = BTreeMap<(RepoPath, Digest), u32>;

/// What `amends` let go, with the `seq` of the first that says so.
pub fn redactions<'a>(amends: impl IntoIterator<Item = &'a AmendLink>) -> Redactions {
    let mut found = Redactions::new();
    for link in amends {
        for redaction in &link.amend.redact {
            found.entry((redaction.path.as_str().into(), redaction.sha256)).or_insert(link.amend.seq);
        }
    }
    found
}

/// Whether `amends` lead from the governed digest `from` to `to`, through any number of them.
pub fn leads(amends: &[&AmendLink], from: Digest, to: Digest) -> bool {
    let mut onwards: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
    for amend in amends.iter().map(|link| &link.amend) {
        for start in &amend.from {
            onwards.entry(*start).or_default().push(amend.to);
        }
    }
    let mut reached = BTreeSet::from([from]);
    let mut waiting = vec![from];
    while let Some(digest) = waiting.pop() {
        waiting.extend(onwards.get(&digest).into_iter().flatten().filter(|next| reached.insert(**next)));
    }
    reached.contains(&to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::digest::ObjectId;
    use crate::model::tree::Entry;

    proptest! {
        #[test]
        fn no_path_escapes_the_look_at_its_beginning(
            patterns in prop::collection::vec("(a|b|\\*|\\*\\*|a\\?|\\{a,b\\}|\\[ab\\]|ab)(/(a|b|\\*|\\*\\*|a\\*)){0,3}/?", 0..4),
            path in "(a|b|ab|aa)(/(a|b|ab)){0,4}",
        ) {
            let governed = Governed::new(&patterns);
            prop_assert_eq!(governed.contains(&path.as_str().into()), governed.globs().is_match(&path));
        }
    }

    /// Ten folders in each folder, ten deep: more than anybody waits for.
    struct Bomb;

    impl TreeView for Bomb {
        fn entry(&self, _: &RepoPath) -> Result<Option<Entry>, SightError> {
            Ok(None)
        }

        fn list(&self, path: &RepoPath) -> Result<Vec<Entry>, SightError> {
            let id = ObjectId::parse(&"0".repeat(40)).unwrap();
            let depth = path.as_bytes().len().div_ceil(2);
            let names: &[u8] = if depth < 10 { b"0123456789" } else { b"" };
            Ok(names.iter().map(|name| Entry { name: vec![*name], mode: Mode::Tree, id }).collect())
        }

        fn blob(&self, _: &ObjectId, _: &RepoPath, _: u64) -> Result<Vec<u8>, SightError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_tree_bomb_is_refused_and_not_unfolded() {
        let error = Governed::new(&["**/OWNERS".to_owned()]).digest(&Bomb).unwrap_err();
        assert!(error.to_string().contains("more than 1000000 folders"), "{error}");
    }

    #[test]
    fn the_globs_wait_for_a_path_that_may_match() {
        let governed = Governed::new(&["ci/*.yml".to_owned(), "OWNERS".to_owned()]);
        assert!(!governed.contains(&"src/main.rs".into()) && !governed.contains(&"cid/x.yml".into()));
        assert!(governed.globs.get().is_none());
        assert!(governed.contains(&"ci/test.yml".into()) && governed.contains(&"OWNERS".into()));
        assert!(!governed.contains(&"ci/deep/test.yml".into()) && !governed.contains(&"OWNERS2".into()));
    }
}
