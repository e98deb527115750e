//! What could stand for a path that the rules name: a link above it, and another spelling of it.

use crate::world::{World, laws, shown};

const CLASS: &str = "\n[[gates.risk]]\nname = \"billing\"\npaths = [\"app/billing/**\"]\nvote = \"approval\"\n";

/// Rules that name folders with nothing in them yet.
fn guarded() -> World {
    World::with(|text| text.replace("readonly = []", "readonly = [\"lib/vendor/**\"]") + CLASS)
}

/// Commits an entry of `mode` at `path`.
fn entry(world: &World, mode: &str, path: &str) {
    let id = match mode {
        "160000" => world.git("rev-parse HEAD"),
        _ => world.object("blob", "elsewhere"),
    };
    world.git(&format!("update-index --add --cacheinfo {mode},{id},{path}"));
    let message = crate::sandbox::lawful("chore: put it there");
    world.sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
}

#[test]
fn a_link_where_nothing_lies_yet() {
    let world = guarded();
    world.branch("work");
    let places = [
        ("AO-G3", [".github/workflows", ".github"]),
        ("AO-R1", ["lib/vendor", "lib"]),
        ("AO-G1", ["app/billing", "app"]),
    ];
    for (law, paths) in places {
        for path in paths {
            for mode in ["120000", "160000"] {
                entry(&world, mode, path);
                world.breaks(&[law]);
                world.git("reset -q --hard main");
            }
            // Nothing can be below a file.
            entry(&world, "100644", path);
            world.breaks(&[]);
            world.git("reset -q --hard main");
        }
        entry(&world, "120000", &format!("{}x", paths[1]));
        world.breaks(&[]);
        world.git("reset -q --hard main");
    }
}

#[test]
fn a_link_that_comes_and_goes_does_not_land() {
    let world = guarded();
    world.branch("work");
    entry(&world, "120000", ".github");
    world.git("rm -q --cached .github");
    world.commit("chore: take it away");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-G3"), "as every replay would say\n{}", shown(&report));
    assert!(laws(&world.all("HEAD")).contains("AO-G3"));
}

#[test]
fn a_link_from_before_adoption_gives_way_to_files() {
    let world = World::before_adoption();
    entry(&world, "120000", ".github");
    world.git("checkout -q -- .github");
    world.adopt(|text| text);
    world.branch("work");
    world.git("rm -q .github");
    world.commit("chore: make room for files");
    world.breaks(&[]);
    world.sandbox.write(".github/workflows/check.yml", "on: push\n");
    world.git("add --all");
    world.try_amend("alice").unwrap();
    world.breaks(&[]);
    world.replays("HEAD");
}

#[test]
fn what_has_to_be_a_link_is_governed_no_more_beforehand() {
    let world = guarded();
    let below = "\".github/CODEOWNERS\", \".github/workflows/**\", \".github/actions/**\", ";
    world.amend("alice", |text| text.replace(below, ""));
    world.branch("work");
    entry(&world, "160000", ".github");
    world.breaks(&[]);
    world.replays("HEAD");
}

#[test]
fn a_path_that_some_disks_take_for_another() {
    let world = guarded();
    world.commit_file("src/Tables.rs", "//! Tables.\n", "feat: add tables");
    world.branch("work");
    let paths = [
        "codeowners",
        ".GitHub/workflows/check.yml",
        ".github/Workflows/check.yml",
        "lib/Vendor/zlib.c",
        "app/billin\u{200b}g/rate",
        "App/billing/rate",
        ".git\u{200b}hub/CODEOWNERS",
    ];
    for path in paths {
        entry(&world, "100644", path);
        let report = world.breaks(&["AO-E7"]);
        assert!(shown(&report).contains("some disks take this for a path that is"), "{}", shown(&report));
        world.git("reset -q --hard main");
    }
    // A plain file leads nowhere; the link that it becomes does.
    world.commit_file("App", "plain\n", "feat: add a file");
    world.switch("main");
    world.git("merge -q --ff-only work");
    world.switch("work");
    entry(&world, "120000", "App");
    let report = world.breaks(&["AO-E7"]);
    assert!(shown(&report).contains("`App`") || shown(&report).contains(" App "), "{}", shown(&report));
    world.git("reset -q --hard main");
    // Told before the commit is made.
    let blob = world.object("blob", "* @mallory");
    world.git(&format!("update-index --add --cacheinfo 100644,{blob},codeowners"));
    let report = agentops::engine::judging::staged::staged(&world.site("alice")).unwrap();
    assert_eq!(laws(&report), ["AO-E7"].into(), "{}", shown(&report));
    world.git("reset -q --hard main");
    // What no rule names may be spelled in any way.
    entry(&world, "100644", "src/tables.rs");
    world.breaks(&[]);
    world.git("reset -q --hard main");
    // One that came and went leaves a history that replays.
    entry(&world, "100644", "codeowners");
    world.git("rm -q --cached codeowners");
    world.commit("chore: take it away");
    world.breaks(&[]);
    world.replays("HEAD");
}

#[test]
fn another_spelling_of_our_folder_that_comes_and_goes() {
    let world = guarded();
    for name in [".AGENTOPS", ".agent\u{200c}ops", "AGENTO~1", ".agentops."] {
        world.branch("work");
        entry(&world, "100644", &format!("{name}/note.txt"));
        world.breaks(&["AO-E7"]);
        world.git("rm -r --quiet --cached .");
        world.git("read-tree main");
        let message = crate::sandbox::lawful("chore: take it away");
        world.sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
        // A replay would refuse it for good.
        world.breaks(&["AO-E7"]);
        world.git("switch --quiet main");
        world.git("branch -D --quiet work");
    }
}
