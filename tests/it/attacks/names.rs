//! Attacks by names: a tag that anybody may push stands for what somebody else calls `main`.

use agentops::model::digest::ObjectId;

use crate::world::World;

/// A world in which a commit on other rules and work that needs them lie on `evil`, with `main` as it was; the id of the
/// loosened commit.
fn loosened() -> (World, String) {
    let world = World::new();
    world.branch("evil");
    world.amend("alice", |text| text.replace("max = 3", "max = 9"));
    let loose = world.git("rev-parse HEAD");
    world.commit_file("src/other.rs", "//! Other.\n", "feat: add a module");
    (world, loose)
}

fn refused(world: &World, command: &str, meanings: &[&str]) {
    let run = world.sandbox.agentops(command).run();
    let told = format!("{}{}", run.stdout, run.stderr);
    assert_ne!(run.code, Some(0), "{command}\n{told}");
    assert!(told.contains("is ambiguous"), "{command}\n{told}");
    for meaning in meanings {
        assert!(told.contains(&format!("`{meaning}`")), "{command}\n{told}");
    }
}

#[test]
fn a_tag_named_like_the_base() {
    let (world, loose) = loosened();
    world.git(&format!("tag main {loose}"));
    let both = ["refs/heads/main", "refs/tags/main"];
    for command in [
        "check --base main --tip evil",
        "check --base main~0 --tip evil",
        "check --base evil --tip main --allow-empty",
        "check --all --tip main",
        "check --print-root main",
        "hooks after-push --since main",
        "report compliance --since main",
    ] {
        refused(&world, command, &both);
    }
    // What `--ref` and `verify rerun --base` read by.
    let site = world.site("alice");
    assert!(crate::world::told(&site.base_of("main").err().unwrap()).contains("is ambiguous"));
    assert_eq!(site.base_of("refs/heads/main").unwrap().branch.as_deref(), Some("refs/heads/main"));
    // In full it is what it says, and the report says what was taken.
    let run = world.sandbox.agentops("check --base refs/heads/main --tip evil").run();
    let told = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, Some(0), "{told}");
    let (main, evil) = (world.git("rev-parse refs/heads/main"), world.git("rev-parse evil"));
    assert!(told.contains(&format!("(refs/heads/main {}..refs/heads/evil {})", &main[..12], &evil[..12])), "{told}");
    let json = world.sandbox.agentops("check --base refs/heads/main --tip evil --json").run().stdout;
    assert!(json.contains("\"base_name\":\"refs/heads/main\""), "{json}");
}

#[test]
fn a_tag_named_like_a_remote_branch() {
    let (world, loose) = loosened();
    let main = world.git("rev-parse main");
    world.git(&format!("update-ref refs/remotes/origin/main {main}"));
    world.git("symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main");
    for (name, meant) in [("origin/main", "refs/remotes/origin/main"), ("origin", "refs/remotes/origin/HEAD")] {
        world.git(&format!("update-ref refs/tags/{name} {loose}"));
        refused(&world, &format!("check --base {name} --tip evil"), &[meant, &format!("refs/tags/{name}")]);
        world.git(&format!("update-ref -d refs/tags/{name}"));
    }
    world.git(&format!("update-ref refs/tags/heads/main {loose}"));
    refused(&world, "check --base heads/main --tip evil", &["refs/heads/main", "refs/tags/heads/main"]);
}

#[test]
fn a_tag_named_like_the_tip() {
    let (world, _) = loosened();
    let main = world.git("rev-parse main");
    world.git(&format!("tag evil {main}"));
    refused(&world, "check --base main --tip evil", &["refs/heads/evil", "refs/tags/evil"]);
}

#[test]
fn a_tag_named_like_an_abbreviated_id() {
    let (world, loose) = loosened();
    let main = world.git("rev-parse main");
    for name in [main[..12].to_owned(), format!("v1-1-g{}", &main[..8])] {
        world.git(&format!("update-ref refs/tags/{name} {loose}"));
        refused(&world, &format!("check --base {name} --tip evil"), &[&main, &format!("refs/tags/{name}")]);
    }
    // A full id is that id, whatever is named like it.
    world.git(&format!("update-ref refs/tags/{main} {loose}"));
    let site = world.site("alice");
    assert_eq!(site.repo.resolve(&main).unwrap().to_string(), main);
    assert_eq!(site.repo.resolve(&format!("{loose}^")).unwrap().to_string(), main);
}

#[test]
fn a_tag_named_like_a_full_name() {
    let (world, loose) = loosened();
    world.git(&format!("update-ref refs/tags/refs/heads/gone {loose}"));
    let run = world.sandbox.agentops("check --base refs/heads/gone --tip evil").run();
    assert!(run.stderr.contains("names no commit"), "{}", run.stderr);
    world.git(&format!("update-ref refs/tags/refs/heads/main {loose}"));
    let main = world.git("rev-parse refs/heads/main");
    assert_eq!(world.site("alice").repo.resolve("refs/heads/main").unwrap().to_string(), main);
}

#[test]
fn a_tag_named_like_head() {
    let (world, loose) = loosened();
    let tip = world.git("rev-parse HEAD");
    world.git(&format!("update-ref refs/tags/HEAD {loose}"));
    world.git(&format!("update-ref refs/tags/@ {loose}"));
    let repo = &world.site("alice").repo;
    for name in ["HEAD", "@"] {
        assert_eq!(repo.resolve(name).unwrap(), ObjectId::parse(&tip).unwrap(), "{name}");
    }
}

#[test]
fn a_tag_of_the_same_commit_is_no_second_meaning() {
    let (world, _) = loosened();
    let main = world.git("rev-parse main");
    world.sandbox.try_git("tag -a -m release main main").run().expect_code(0);
    let found = world.site("alice").repo.revision("main").unwrap();
    assert_eq!((found.commit.to_string(), found.branch()), (main, Some("refs/heads/main")));
}
