//! Differences between trees, beside what git says of them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::sandbox::Sandbox;
use super::*;
use crate::model::tree::TreeView as _;

/// Writes the tree with these files by git's own means.
fn tree_of(sandbox: &Sandbox, files: &BTreeMap<String, (u8, u8)>) -> ObjectId {
    sandbox.git(&["read-tree", "--empty"]);
    let blobs: Vec<ObjectId> = (0..3).map(|number| sandbox.object("blob", &[b'0' + number])).collect();
    let mut lines = String::new();
    for (path, (mode, content)) in files {
        let mode = ["100644", "100755", "120000"][usize::from(mode % 3)];
        lines += &format!("{mode} {}\t{path}\n", blobs[usize::from(content % 3)]);
    }
    sandbox.git_input(&["update-index", "--index-info"], lines.as_bytes());
    sandbox.id(&sandbox.git(&["write-tree"]))
}

fn files() -> impl Strategy<Value = BTreeMap<String, (u8, u8)>> {
    // Few names, so that files and folders trade places; `a-` sorts between `a` and `a/`.
    let path = proptest::collection::vec(prop_oneof![Just("a"), Just("a-"), Just("b"), Just("a.b")], 1..4);
    proptest::collection::btree_map(path.prop_map(|names| names.join("/")), any::<(u8, u8)>(), 0..9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn changes_are_those_of_git(before in files(), after in files()) {
        let sandbox = Sandbox::new();
        let (before, after) = (tree_of(&sandbox, &before), tree_of(&sandbox, &after));
        let repo = sandbox.open();
        let changes = repo.diff_trees(Some(&before), &after).unwrap();
        prop_assert_eq!(&changes, &sandbox.diff_tree(&before, &after));
        // The index still holds `after`: the two ways to compare it agree with the trees.
        prop_assert_eq!(&repo.diff_index_against(Some(&before)).unwrap(), &changes);
        let staged = repo.staged_since(Some(before));
        let tree = repo.tree(&after);
        for path in ["", "a", "a/a", "a/b", "a-", "b", "b/a", "a/a/a", "a.b"] {
            let path = RepoPath::from(path);
            let names = |entries: Vec<crate::model::tree::Entry>| -> Vec<_> {
                entries.into_iter().map(|entry| (entry.name, entry.mode)).collect()
            };
            prop_assert_eq!(names(staged.list(&path).unwrap()), names(tree.list(&path).unwrap()), "{}", path);
            prop_assert_eq!(staged.file(&path, 9).unwrap(), tree.file(&path, 9).unwrap(), "{}", path);
            let mode = |entry: Option<crate::model::tree::Entry>| entry.map(|entry| entry.mode);
            prop_assert_eq!(mode(staged.entry(&path).unwrap()), mode(tree.entry(&path).unwrap()), "{}", path);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn a_history_is_compared_as_each_of_its_steps_by_itself(
        start in proptest::collection::btree_map("[a-d](/[ab.-]{1,2})?", any::<(u8, u8)>(), 4..12),
        edits in proptest::collection::vec(("[a-d](/[ab.-]{1,2})?", any::<(u8, u8)>(), 0u8..4), 1..6),
    ) {
        let sandbox = Sandbox::new();
        let mut files: BTreeMap<String, (u8, u8)> = start;
        let fits = |files: &BTreeMap<String, (u8, u8)>, path: &str| {
            !files.keys().any(|other| {
                let (short, long) = if other.len() < path.len() { (other.as_str(), path) } else { (path, other.as_str()) };
                long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'))
            }) && !path.split('/').any(|name| matches!(name, "." | ".."))
        };
        let mut kept = BTreeMap::new();
        for (path, file) in files {
            if fits(&kept, &path) {
                kept.insert(path, file);
            }
        }
        files = kept;
        let mut trees = vec![tree_of(&sandbox, &files)];
        for (path, file, kind) in edits {
            let known = files.keys().nth(usize::from(file.1) % files.len().max(1)).cloned();
            match (kind, known) {
                (0, Some(known)) => drop(files.remove(&known)),
                (1, _) if fits(&files, &path) => drop(files.insert(path, file)),
                (_, Some(known)) => drop(files.insert(known, file)),
                (_, None) => {}
            }
            trees.push(tree_of(&sandbox, &files));
        }
        let remembering = sandbox.open();
        for pair in trees.windows(2).chain(trees.windows(2).rev()) {
            for (before, after) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                let fresh = sandbox.open().compare_trees(Some(&before), &after).unwrap();
                let mine = remembering.compare_trees(Some(&before), &after).unwrap();
                prop_assert_eq!(&mine.changes, &fresh.changes);
                prop_assert_eq!(mine.malformed, fresh.malformed);
                prop_assert_eq!(&mine.changes, &sandbox.diff_tree(&before, &after));
            }
        }
    }
}

#[test]
fn what_is_malformed_stays_so_beside_what_is_not() {
    let sandbox = Sandbox::new();
    let [one, two, three] = ["1", "2", "3"].map(|text| sandbox.object("blob", text.as_bytes()));
    let good = sandbox.raw_tree(&[("100644", "a", one), ("100644", "b", two), ("100644", "c", one)]);
    let edited = sandbox.raw_tree(&[("100644", "a", three), ("100755", "b", two), ("100644", "c", three)]);
    let renamed = sandbox.raw_tree(&[("100644", "a", one), ("100644", "a", two), ("100644", "c", one)]);
    let unsorted = sandbox.raw_tree(&[("100644", "a", one), ("100644", "d", two), ("100644", "c", one)]);
    let twins = sandbox.raw_tree(&[("100644", "a", one), ("40000", "a", good), ("100644", "c", one)]);
    let hidden = sandbox.raw_tree(&[("100644", ".", one), ("100644", "b", two), ("100644", "c", one)]);
    let all = [good, edited, renamed, unsorted, twins, hidden];
    let remembering = sandbox.open();
    for _ in 0..2 {
        for before in all {
            for after in all {
                let fresh = sandbox.open().compare_trees(Some(&before), &after).unwrap();
                let mine = remembering.compare_trees(Some(&before), &after).unwrap();
                assert_eq!((mine.changes, mine.malformed), (fresh.changes, fresh.malformed), "{before} {after}");
            }
        }
    }
    let mut cut = b"100644 a\0".to_vec();
    cut.extend(b"short");
    let cut = sandbox.object("tree", &cut);
    assert!(matches!(remembering.diff_trees(Some(&good), &cut), Err(GitError::Damaged { .. })));
}

#[test]
fn malformed_trees_hide_nothing() {
    let sandbox = Sandbox::new();
    let [one, two, three] = ["1", "2", "3"].map(|text| sandbox.object("blob", text.as_bytes()));
    let good = sandbox.raw_tree(&[("100644", "a", one), ("100644", "b", two)]);
    let doubled = sandbox.raw_tree(&[("100644", "a", one), ("100644", "a", three), ("100644", "b", two)]);
    let reordered = sandbox.raw_tree(&[("100644", "a", three), ("100644", "a", one), ("100644", "b", two)]);
    let unsorted = sandbox.raw_tree(&[("100644", "b", two), ("100644", "a", three)]);
    let repo = sandbox.open();
    let sides = |before: &ObjectId, after: &ObjectId| -> Vec<(String, Option<ObjectId>, Option<ObjectId>)> {
        let changes = repo.diff_trees(Some(before), after).unwrap().into_iter();
        changes.map(|change| (change.path.to_string(), change.before.map(|b| b.1), change.after.map(|a| a.1))).collect()
    };
    let a = || "a".to_owned();
    assert_eq!(sides(&good, &doubled), [(a(), None, Some(three))]);
    assert_eq!(sides(&doubled, &good), [(a(), Some(three), None)]);
    assert_eq!(sides(&doubled, &reordered), [(a(), Some(one), Some(three)), (a(), Some(three), Some(one))]);
    assert_eq!(sides(&good, &unsorted), [(a(), Some(one), Some(three))]);
    let inside = sandbox.raw_tree(&[("40000", "d", good), ("40000", "d", doubled)]);
    let outside = sandbox.raw_tree(&[("40000", "d", good), ("40000", "d", good)]);
    assert_eq!(sides(&outside, &inside), [("d/a".to_owned(), None, Some(three))]);
    assert_eq!(repo.tree(&doubled).list(&RepoPath::default()).unwrap().len(), 3);
    let cut = sandbox.object("tree", b"100644 a\0short");
    assert!(matches!(repo.diff_trees(Some(&good), &cut), Err(GitError::Damaged { .. })));
}

/// A tree with ten names in it, each the same tree with ten names, and so on; its files are the same blob.
fn tenfold(sandbox: &Sandbox, levels: u32) -> ObjectId {
    let mut tree = sandbox.object("blob", b"x");
    let mut mode = "100644";
    for _ in 0..levels {
        let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        tree = sandbox.raw_tree(&names.map(|name| (mode, name, tree)));
        mode = "40000";
    }
    tree
}

#[test]
fn trees_that_swell_without_end_are_refused_soon() {
    let sandbox = Sandbox::new();
    let (small, swollen) = (tenfold(&sandbox, 1), tenfold(&sandbox, 30));
    let repo = sandbox.open();
    assert!(matches!(repo.diff_trees(None, &swollen), Err(GitError::Limit { .. })));
    for (before, after) in [(None, Some(swollen)), (Some(small), Some(swollen)), (Some(swollen), None)] {
        let mut found = TreeDiff::default();
        let refused = repo.diff_below(RepoPath::default(), before, after, &mut found);
        assert!(matches!(refused, Err(GitError::Limit { limit: MAX_CHANGES, .. })), "{refused:?}");
        assert!(found.changes.len() <= 10 * MANY_FOLDERS, "{} changes were collected", found.changes.len());
    }
}

#[test]
fn folders_that_are_copies_of_each_other_are_compared_whole() {
    let sandbox = Sandbox::new();
    let (smaller, copies) = (tenfold(&sandbox, 3), tenfold(&sandbox, 4));
    let repo = sandbox.open();
    assert_eq!(repo.diff_trees(None, &copies).unwrap().len(), 10_000);
    assert_eq!(repo.weigh([(None, Some(copies))].into_iter()).unwrap(), 11_111);
    assert_eq!(repo.weigh([(None, Some(copies)), (None, None), (None, Some(smaller))].into_iter()).unwrap(), 12_222);
    // A file on one side, a folder on the other.
    assert_eq!(repo.diff_trees(Some(&smaller), &copies).unwrap().len(), 1_000 + 10_000);
}

#[test]
fn paths_without_end_are_refused_soon() {
    let sandbox = Sandbox::new();
    let blob = sandbox.object("blob", b"x");
    let files = sandbox.raw_tree(&[("100644", "a", blob), ("100644", "b", blob)]);
    let inside = |name: &str| sandbox.raw_tree(&[("40000", name, files)]);
    let (long, longer) = (inside(&"n".repeat(MAX_PATH - 96)), inside(&"n".repeat(MAX_PATH + 1)));
    let names: Vec<String> = (0..1000).map(|number| format!("{number:04}")).collect();
    let many = sandbox.raw_tree(&names.iter().map(|name| ("40000", &**name, long)).collect::<Vec<_>>());
    let hundred = sandbox.raw_tree(&names[..100].iter().map(|name| ("40000", &**name, many)).collect::<Vec<_>>());
    let repo = sandbox.open();
    assert_eq!(repo.diff_trees(None, &long).unwrap().len(), 2);
    assert!(matches!(repo.diff_trees(None, &longer), Err(GitError::Limit { limit: MAX_PATH, .. })));
    let mut found = TreeDiff::default();
    let refused = repo.diff_below(RepoPath::default(), None, Some(hundred), &mut found);
    assert!(matches!(refused, Err(GitError::Limit { limit: MAX_PATHS, .. })), "{refused:?}");
    assert!(held(&found) <= MAX_PATHS, "{} bytes were collected", held(&found));
}

fn held(found: &TreeDiff) -> usize {
    found.changes.iter().map(|change| change.path.as_bytes().len()).sum()
}

#[test]
fn one_folder_of_many_files_is_refused_before_all_their_paths_are_made() {
    let sandbox = Sandbox::new();
    let blob = sandbox.object("blob", b"x");
    let names: Vec<String> = (0..80_000).map(|number| format!("{number:05}")).collect();
    let files = sandbox.raw_tree(&names.iter().map(|name| ("100644", &**name, blob)).collect::<Vec<_>>());
    let long = sandbox.raw_tree(&[("40000", &*"n".repeat(MAX_PATH - 96), files)]);
    let repo = sandbox.open();
    let mut found = TreeDiff::default();
    let refused = repo.diff_below(RepoPath::default(), None, Some(long), &mut found);
    assert!(matches!(refused, Err(GitError::Limit { limit: MAX_PATHS, .. })), "{refused:?}");
    assert!(held(&found) <= MAX_PATHS, "{} bytes were collected", held(&found));
}
