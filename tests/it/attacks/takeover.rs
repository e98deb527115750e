//! Attacks that bring old rules back, or get past those who must agree to new ones.

use agentops::engine::judging::landing;
use agentops::engine::judging::replay;
use agentops::model::layout;

use crate::sandbox::lawful;
use crate::world::{World, laws, shown, told};

fn waivers(from: u32, to: u32) -> impl Fn(String) -> String {
    move |text| text.replace(&format!("max = {from}"), &format!("max = {to}"))
}

#[test]
fn old_rules_brought_back_without_an_amend() {
    let world = World::new();
    world.amend("alice", waivers(3, 4));
    world.branch("work");
    world.git("checkout -q HEAD~1 -- .agentops/config.toml");
    world.commit("chore: bring the old config back");
    // The amend that once led away from them says nothing about the way back.
    world.breaks(&["AO-G3"]);
}

#[test]
fn an_old_amend_committed_again() {
    let world = World::new();
    world.branch("never-landed");
    world.amend("alice", waivers(3, 9));
    world.switch("main");
    world.amend("alice", waivers(3, 4));
    world.amend("alice", waivers(4, 3));
    // The governed digest is what it was when the other amend was made: it leads on from here.
    world.branch("work");
    world.git("checkout -q never-landed -- .agentops");
    world.commit("chore: allow nine waivers");
    world.breaks(&["AO-G4"]);
    // One that landed is in T already, and leads nowhere a second time.
    world.git("reset -q --hard main");
    let config = world.sandbox.read(layout::CONFIG);
    world.commit_file(layout::CONFIG, waivers(3, 4)(config), "chore: allow four waivers again");
    world.breaks(&["AO-G3"]);
}

#[test]
fn laws_lowered() {
    let world = World::new();
    world.branch("work");
    let lowered = world.sandbox.read(layout::FORMAT).replace("laws = 2", "laws = 1");
    world.sandbox.write(layout::FORMAT, &lowered);
    let error = world.try_amend("alice").unwrap_err();
    assert!(told(&error).contains("`laws` falls from 2 to 1"), "{}", told(&error));
    world.commit_file(layout::FORMAT, lowered, "chore: lower the laws");
    world.breaks(&["AO-G3", "AO-G5"]);
}

#[test]
fn a_reader_asked_for_that_nobody_has() {
    let world = World::new();
    world.branch("work");
    let before = world.git("rev-parse HEAD");
    let raised = world.sandbox.read(layout::FORMAT).replace("min_reader = 1", "min_reader = 2");
    world.sandbox.write(layout::FORMAT, &raised);
    let error = world.try_amend("alice").unwrap_err();
    assert!(told(&error).contains("min_reader"), "{}", told(&error));
    assert_eq!(world.git("rev-parse HEAD"), before);
    world.commit_file(layout::FORMAT, raised, "chore: ask for a newer reader");
    world.breaks(&["AO-G3", "AO-G5"]);
}

#[test]
fn a_profile_taken_away_from_its_open_tasks() {
    let world = World::with_profiles(&["product-dev", "devops"]);
    let task = world.open("Reset links expire");
    world.branch("work");
    world.git("rm -q -r .agentops/product-dev/profile.toml .agentops/product-dev/templates");
    let error = world.try_amend("alice").unwrap_err();
    let named = format!("profile `product-dev` disappears, and its tasks are open: {task}");
    assert!(told(&error).contains(&named), "{}", told(&error));
    world.commit("chore: nobody develops products");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-G3", "AO-G5"].into()), "{}", shown(&report));
    assert!(shown(&report).contains(&named), "{}", shown(&report));
}

#[test]
fn policy_and_code_squashed_into_one() {
    let world = World::new();
    world.branch("work");
    let text = world.sandbox.read(PROFILE_FILE);
    let text = text.replacen("vote = \"review\"", "vote = \"none\"", 1).replacen("voters = 1", "voters = 0", 1);
    world.sandbox.write(PROFILE_FILE, text);
    world.try_amend("alice").unwrap();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.switch("main");
    world.branch("squashed");
    world.git("merge --quiet --squash work");
    world.git("add -A");
    world.sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: reset links expire")).run().expect_code(0);
    world.breaks(&["AO-E4"]);
    // Landed past the check, it stays refused.
    let report = replay::all(&world.site("alice"), Some("squashed"), None).unwrap();
    assert_eq!(laws(&report), ["AO-E4"].into(), "{}", shown(&report));
}

#[test]
fn a_merge_that_drops_an_amend() {
    let world = World::new();
    world.branch("side");
    world.amend("alice", waivers(3, 4));
    world.switch("main");
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    world.git("merge --quiet --no-edit -s ours side");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E9") && shown(&report).contains("0001-amend-"), "{}", shown(&report));
    // The base's own amend, dropped by the merge that brings the base in.
    world.switch("main");
    world.git("merge --quiet --no-edit --no-ff side");
    world.switch("work");
    world.git("reset -q --hard HEAD~1");
    world.git("merge --quiet --no-edit -s ours main");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-E1", "AO-G3"].into()), "{}", shown(&report));
}

const PROFILE_FILE: &str = ".agentops/product-dev/profile.toml";

#[test]
fn a_history_that_begins_anew_beside_the_governed_one() {
    let world = World::new();
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    let main = world.git("rev-parse main");
    world.branch("work");
    world.commit_file("src/evil.rs", "//! Evil.\n", "feat: add what nobody saw");
    let tree = world.git("rev-parse HEAD^{tree}");
    let anew = world.commit_tree(&tree, &[], "feat: begin");
    let merged = world.commit_tree(&tree, &[&anew, &main], "chore: take over main");
    // A fast-forward of main: from then on the line of first parents is the attacker's.
    let report = world.landing("main", &merged);
    assert_eq!(laws(&report), ["AO-E10"].into(), "{}", shown(&report));
    assert!(laws(&world.all(&merged)).contains("AO-E10"));
    // The beginning may stand on a commit from before adoption, and the real history may come third.
    let before = world.git("rev-parse main~2");
    let anew = world.commit_tree(&tree, &[&before], "feat: begin");
    let merged = world.commit_tree(&tree, &[&before, &anew, &main], "chore: take over main");
    assert!(laws(&world.landing("main", &merged)).contains("AO-E10"));
    assert!(laws(&world.all(&merged)).contains("AO-E10"));
}

#[test]
fn the_history_of_another_project_is_told_apart() {
    let world = World::new();
    let main = world.git("rev-parse main");
    let theirs = World::new();
    theirs.sandbox.write(layout::FORMAT, agentops::config::default_format(&"ab".repeat(16)));
    theirs.git("commit --quiet --all --amend --no-edit");
    world.git(&format!("fetch --quiet {} main:theirs", theirs.sandbox.path().display()));
    world.branch("work");
    let merged = world.commit_tree("main^{tree}", &[&main, "theirs"], "chore: take another project in");
    let unseen = |report: &agentops::model::report::Report| {
        report.not_checked.iter().any(|sentence| sentence.starts_with("the history of another project"))
    };
    let report = world.landing("main", &merged);
    assert!(!laws(&report).contains("AO-E10") && unseen(&report), "{}", shown(&report));
    let report = world.all(&merged);
    assert!(!laws(&report).contains("AO-E10") && unseen(&report), "{}", shown(&report));
    assert!(!unseen(&world.all("main")));
}

#[test]
fn a_line_that_leads_through_what_is_under_no_law() {
    let world = World::new();
    let (before, base) = (world.git("rev-parse main~1"), world.git("rev-parse main"));
    world.branch("work");
    let config = world.sandbox.read(layout::CONFIG).replace("max = 3", "max = 99");
    world.sandbox.write(layout::CONFIG, config);
    world.git("add -A");
    world.git(&format!("rm -q --cached {}", layout::FORMAT));
    let tree = world.git("write-tree");
    world.git("reset -q --hard");
    // No law rules what the first parent had, nor what this leaves.
    let lawless = world.commit_tree(&tree, &[&before, &base], "chore: leave the laws");
    let back = world.commit_tree(&format!("{base}^{{tree}}"), &[&lawless], "chore: come back");
    let request = landing::Landing {
        base: base.clone(),
        tip: Some(back.clone()),
        onto: Some("main".into()),
        ..landing::Landing::default()
    };
    let report = landing::landing(&world.site("alice"), &request).unwrap();
    assert!(laws(&report).is_superset(&["AO-E7", "AO-G3"].into()), "{}", shown(&report));
    assert!(!world.landing("main", &back).passes());
}
