//! Attacks by way of messages: waivers, folded commits, trailers.

use agentops::engine::judging::landing::{self, Landing};

use crate::sandbox::lawful;
use crate::world::{World, laws, shown};

/// A commit that breaks AO-Y1, with a waiver in its message.
fn waived(world: &World, number: usize) {
    world.sandbox.write(&format!("data/{number}.json"), "{\n");
    let message = lawful(&format!("feat: add fixture {number}"));
    let waiver = format!("Agentops-Waive: AO-Y1 fixture {number} of the parser is broken on purpose");
    world.sandbox.commit_all(&format!("{message}\n{waiver}\n"));
}

#[test]
fn more_waivers_than_the_base_allows() {
    let world = World::new();
    world.branch("work");
    for number in 0..3 {
        waived(&world, number);
    }
    let report = world.breaks(&[]);
    assert_eq!(report.waived.len(), 3, "{}", shown(&report));
    waived(&world, 3);
    let report = world.breaks(&["AO-T1"]);
    assert!(shown(&report).contains("waivers.max"), "{}", shown(&report));
}

#[test]
fn a_waiver_excuses_its_own_commit_alone() {
    let world = World::new();
    world.branch("work");
    world.commit_file("data/other.json", "{\n", "feat: add another fixture");
    waived(&world, 0);
    let report = world.breaks(&["AO-Y1"]);
    assert_eq!(report.waived.len(), 1, "{}", shown(&report));
    assert!(shown(&report).contains("data/other.json"), "{}", shown(&report));
}

#[test]
fn a_waiver_of_what_cannot_be_waived() {
    let world = World::new();
    world.branch("work");
    world.sandbox.write(".agentops/stray.toml", "v = 1\n");
    let message =
        format!("{}\nAgentops-Waive: AO-E2 this file is needed by the deployment of Friday\n", lawful("feat: x"));
    world.sandbox.commit_all(&message);
    world.breaks(&["AO-E2", "AO-T1"]);
}

#[test]
fn a_commit_still_to_be_folded() {
    let world = World::new();
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    world.sandbox.write("src/new.rs", "//! New!\n");
    world.sandbox.commit_all("fixup! feat: add a module\n");
    world.breaks(&["AO-R3"]);
    let onto = |name: &str| Landing { base: "main".into(), onto: Some(name.to_owned()), ..Landing::default() };
    assert!(landing::landing(&world.site("alice"), &onto("refs/heads/feature")).unwrap().passes());
    let report = landing::landing(&world.site("alice"), &onto("refs/heads/main")).unwrap();
    assert_eq!(laws(&report), ["AO-R3"].into(), "{}", shown(&report));
}

#[test]
fn a_trailer_that_names_what_is_not_there() {
    let world = World::new();
    world.branch("work");
    world.sandbox.write("src/new.rs", "//! New.\n");
    world.sandbox.commit_all(&format!("{}\nAgentops-Task: ghost-k3f9\n", lawful("feat: add a module")));
    world.breaks(&["AO-T1"]);
}

#[test]
fn a_trailer_that_names_a_task_to_come() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.sandbox.write("src/new.rs", "//! New.\n");
    world.sandbox.commit_all(&format!("{}\nAgentops-Task: {task}\n", lawful("feat: add a module")));
    // The commit that names the task comes first, the one that opens it second.
    let named = world.git("rev-parse HEAD");
    world.git("reset -q --hard main");
    world.git(&format!("cherry-pick {named} {named}^"));
    world.breaks(&[]);
    world.replays("work");
}

#[test]
fn a_forbidden_change_made_and_unmade() {
    let world = World::with(|text| text.replace("readonly = []", "readonly = [\"vendor/**\"]"));
    world.branch("work");
    world.commit_file("vendor/a.c", "int a;\n", "feat: change a vendored file");
    world.breaks(&["AO-R1"]);
    world.git("rm -q -r vendor");
    world.commit("fix: take the vendored file back");
    world.breaks(&[]);
    world.replays("work");
}

#[test]
fn rules_for_messages_changed_on_the_branch() {
    let world = World::new();
    world.branch("work");
    world.amend("alice", |text| text.replace("\"perf\", ", ""));
    world.commit_file("src/new.rs", "//! New.\n", "perf: add a module");
    // By main's rules `perf` is a type; whoever replays the branch's own line sees that it was none there.
    let report = world.landing("main", "HEAD");
    assert_eq!(laws(&report), laws(&world.all("work")), "{}", shown(&report));
}

#[test]
fn a_pull_request_still_to_be_folded() {
    let world = World::new();
    for title in
        ["fixup! feat: x", "squash! feat: x", "amend! feat: x", "Merge branch 'x'", "Merge pull request #1 from x"]
    {
        let told = world.sandbox.agentops("check --message -").stdin(format!("{title}\n\n\n")).run();
        told.expect_code(3);
    }
}

#[test]
fn one_learning_under_one_date_again_and_again() {
    let world = World::new();
    world.branch("work");
    let commit = |number: usize, subject: &str| {
        world.sandbox.write(&format!("src/new{number}.rs"), "//! New.\n");
        world.git("add --all");
        let text = lawful("feat: add a module").replacen("feat: add a module", subject, 1);
        let call = world.sandbox.try_git("commit --quiet --date=2026-11-21T08:00:00Z --file=-").stdin(text);
        call.run().expect_code(0);
    };
    commit(1, "feat: add a module");
    // Picked onto another branch, it is the same commit still.
    world.git("switch --quiet -c other main");
    world.git("cherry-pick work");
    world.git("merge --quiet --no-edit work");
    world.breaks(&[]);
    world.switch("work");
    commit(2, "feat: add another module");
    world.breaks(&["AO-L1"]);
}
