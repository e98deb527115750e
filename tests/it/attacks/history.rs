//! Attacks on what the judge sees of history: cut, swapped, grafted, replaced, shallow, empty.

use agentops::engine::EngineError;
use agentops::engine::judging::landing::{self, Landing};
use agentops::engine::judging::replay;
use agentops::engine::tasks::task::{self, NewTask};
use agentops::git::GitError;
use agentops::model::event::EventKind;
use agentops::model::name::ProfileName;
use agentops::model::report::Report;
use agentops::model::vote::Verdict;

use crate::world::{World, laws, principal, shown};

/// A branch with a commit that writes what no law allows, and one that takes it back.
fn smuggled(world: &World) -> (String, String) {
    world.branch("work");
    let bad = world.commit_file(".agentops/product-dev/events/stray.toml", "v = 1\n", "feat: smuggle a file");
    world.sandbox.git("rm -q -r .agentops/product-dev/events");
    let good = world.commit_file("src/new.rs", "//! New.\n", "feat: look innocent");
    (bad, good)
}

#[test]
fn a_whole_task_lands_and_replays() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.finish(&task);
    let report = world.breaks(&[]);
    assert!(report.notes.iter().any(|note| note.contains("`bob` approved")), "{}", shown(&report));
    assert!(report.not_checked.iter().any(|line| line.contains("claimed by claude")), "{}", shown(&report));
    world.switch("main");
    world.git("merge --quiet --no-ff --no-edit work");
    world.replays("main");
    world.replays("work");
}

#[test]
fn agentops_removed_and_added_back() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    world.git("rm -q -r .agentops");
    world.commit("chore: remove all state");
    world.git("checkout -q main -- .agentops");
    world.commit("chore: bring state back");
    let report = world.breaks(&["AO-E1", "AO-E7", "AO-G3", "AO-G5"]);
    assert!(shown(&report).contains("`.agentops` is gone"), "{}", shown(&report));
    assert!(!world.all("work").passes());
    assert!(world.chain(&task).head().is_some());
}

#[test]
fn agentops_removed_for_good() {
    let world = World::new();
    world.branch("work");
    world.git("rm -q -r .agentops");
    world.commit("chore: remove all state");
    world.breaks(&["AO-E7", "AO-G3", "AO-G5"]);
}

#[test]
fn format_toml_removed_ends_no_law() {
    let world = World::new();
    world.branch("work");
    world.git("rm -q .agentops/format.toml");
    world.commit("chore: remove the format");
    world.commit_file(".agentops/stray.toml", "v = 1\n", "chore: write what no law sees");
    let report = world.breaks(&["AO-E2", "AO-E7", "AO-G3", "AO-G5"]);
    assert!(shown(&report).contains("`format.toml` is gone"), "{}", shown(&report));
    assert!(!world.all("work").passes());
}

#[test]
fn parents_swapped_are_judged_from_the_base_and_named() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    forge_abandon(&world, &task);
    world.switch("main");
    world.commit_file("src/main.rs", "fn main() {}\n", "feat: add a main function");
    world.switch("work");
    world.git("merge --quiet --no-edit main");
    // The first parent is the branch: by first parents alone, main's commit would be what is new.
    let report = world.breaks(&["AO-E5"]);
    assert!(report.notes.iter().any(|note| note.contains("not on the first-parent line")), "{}", shown(&report));
}

#[test]
fn a_first_parent_from_before_adoption_is_no_second_bootstrap() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let forged = forge_abandon(&world, &task);
    let old = world.git("rev-list --max-parents=0 HEAD");
    // All of the history hangs behind the second parent; along first parents, `.agentops` seems to begin here.
    world.commit_tree(&format!("{forged}^{{tree}}"), &[&old, &forged], "chore: join histories");
    world.breaks(&["AO-E5"]);
    let report = world.all("work");
    assert_eq!(laws(&report), ["AO-E5"].into(), "{}", shown(&report));
    assert!(
        report.notes.iter().any(|note| note.contains("is from before adoption: its history is that of its parent"))
    );
}

#[test]
fn an_adoption_merged_into_main_replays() {
    let world = World::before_adoption();
    world.branch("adopt");
    world.adopt(|text| text);
    world.open("Reset links expire");
    world.switch("main");
    world.sandbox.write("src/old.rs", "//! Old.\n");
    let base = world.sandbox.commit_all("no law then");
    world.git("merge --quiet --no-ff --no-edit adopt");
    let report = world.landing(&base, "main");
    assert!(report.passes(), "{}", shown(&report));
    world.replays("main");
}

/// An event that nobody may have made.
fn forge_abandon(world: &World, task: &str) -> String {
    world.forge(task, EventKind::Abandon, |event| {
        event.reason = "nobody wants it".to_owned();
        event.actor = principal("mallory");
    });
    world.commit("chore: abandon by hand")
}

#[test]
fn a_graft_hides_nothing() {
    let world = World::new();
    let (bad, good) = smuggled(&world);
    let base = world.git("rev-parse main");
    world.sandbox.write(".git/info/grafts", format!("{good} {base}\n"));
    assert!(!world.git("rev-list main..work").contains(&bad), "git itself follows the graft");
    world.breaks(&["AO-E2"]);
}

#[test]
fn a_replace_ref_hides_nothing() {
    let world = World::new();
    let (bad, good) = smuggled(&world);
    let clean = world.git(&format!("commit-tree -p main -m clean {good}^{{tree}}"));
    world.git(&format!("replace {good} {clean}"));
    assert!(!world.git("rev-list main..work").contains(&bad), "git itself follows the replacement");
    let report = world.landing("main", "work");
    assert!(laws(&report).contains("AO-E2"), "{}", shown(&report));
}

#[test]
fn a_clone_of_depth_one_proves_nothing() {
    let world = World::new();
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    let base = world.git("rev-parse main");
    let url = format!("file://{}", world.sandbox.path().display());
    let clone = world.sandbox.root().join("shallow");
    world.sandbox.try_git("clone --quiet --depth=1").arg(url).arg(&clone).run().expect_code(0);
    let (env, clock) = (agentops::env::Env::fixed(), agentops::clock::Clock::fixed(0, 0));
    let site = agentops::engine::Site::open(&clone, &env, &clock, None).unwrap();
    let request = Landing { base, ..Landing::default() };
    assert!(landing::landing(&site, &request).is_err(), "the base is not there");
    let report = replay::all(&site, None, None).unwrap();
    assert!(report.not_checked.iter().any(|line| line.contains("is not in this repository")), "{}", shown(&report));
}

#[test]
fn history_cut_inside_the_range_is_refused() {
    let world = World::new();
    let base = world.git("rev-parse main");
    world.branch("work");
    for number in 0..4 {
        world.commit_file(&format!("src/new{number}.rs"), "//! New.\n", &format!("feat: add module {number}"));
    }
    let url = format!("file://{}", world.sandbox.path().display());
    let clone = world.sandbox.root().join("shallow");
    world.sandbox.try_git("clone --quiet --depth=2").arg(&url).arg(&clone).run().expect_code(0);
    world.sandbox.try_git("fetch --quiet --depth=1 origin main:refs/heads/main").in_dir(&clone).run().expect_code(0);
    let (env, clock) = (agentops::env::Env::fixed(), agentops::clock::Clock::fixed(0, 0));
    let site = agentops::engine::Site::open(&clone, &env, &clock, None).unwrap();
    let request = Landing { base, ..Landing::default() };
    let error = landing::landing(&site, &request).unwrap_err();
    assert!(error.to_string().contains("history is cut off"), "{error}");
}

#[test]
fn nothing_judged_is_no_pass() {
    let world = World::new();
    world.branch("work");
    for base in ["work", "", "0000000000000000000000000000000000000000", "nowhere"] {
        assert!(world.try_landing(base, "work").is_err(), "{base}");
    }
    let old = world.git("rev-parse HEAD");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    assert!(world.try_landing("work", &old).is_err(), "the tip lies behind the base");
    let request = Landing { base: "work".into(), tip: Some("work".into()), allow_empty: true, ..Landing::default() };
    assert!(landing::landing(&world.site("alice"), &request).unwrap().passes());
    let behind = Landing { base: "work".into(), tip: Some(old), allow_empty: true, ..Landing::default() };
    let report = landing::landing(&world.site("alice"), &behind).unwrap();
    assert!(report.notes.iter().any(|note| note.contains("behind")), "{}", shown(&report));
}

#[test]
fn a_policy_tightened_meanwhile_rules() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.breaks(&[]);
    world.switch("main");
    let path = ".agentops/product-dev/profile.toml";
    let text = world.sandbox.read(path).replacen("voters = 1", "voters = 2", 1);
    world.sandbox.write(path, text);
    world.try_amend("alice").unwrap();
    let report = world.landing("main", "work");
    assert_eq!(laws(&report), ["AO-G1"].into(), "{}", shown(&report));
}

#[test]
fn a_branch_from_before_adoption_is_named() {
    let world = World::before_adoption();
    world.branch("old");
    world.commit_file("src/old.rs", "//! Old.\n", "feat: old work");
    world.sandbox.write("src/older.rs", "//! Older.\n");
    world.sandbox.commit_all("no law then");
    world.switch("main");
    world.adopt(|text| text);
    let report = world.landing("main", "old");
    assert!(report.notes.iter().any(|note| note.contains("before adoption")), "{}", shown(&report));
    assert!(laws(&report).contains("AO-R3"), "{}", shown(&report));
}

#[test]
fn a_bootstrap_says_so_and_is_judged_by_itself() {
    let world = World::before_adoption();
    let base = world.git("rev-parse HEAD");
    world.adopt(|text| text);
    let report = world.landing(&base, "HEAD");
    assert!(report.passes() && report.notes.iter().any(|note| note.contains("bootstrap")), "{}", shown(&report));
    world.sandbox.write(".agentops/stray.toml", "v = 1\n");
    world.sandbox.try_git("add -A").run().expect_code(0);
    world.git("commit --quiet --amend --no-edit");
    let report = world.landing(&base, "HEAD");
    assert_eq!(laws(&report), ["AO-E2"].into(), "{}", shown(&report));
}

#[test]
fn a_bootstrap_with_a_whole_task_lands() {
    let world = World::before_adoption();
    let base = world.git("rev-parse HEAD");
    world.adopt(|text| text);
    let task = world.open("Reset links expire");
    world.finish(&task);
    let report = world.landing(&base, "HEAD");
    assert!(report.passes(), "{}", shown(&report));
    world.replays("HEAD");
}

#[test]
fn an_evil_merge_that_drops_an_event() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.branch("side");
    world.submit(&task);
    world.vote(&task, "bob", Verdict::Reject);
    world.switch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    // The submit comes over, the reject does not.
    world.git("merge --quiet --no-commit --no-ff side");
    world.git("rm -q -r --cached .agentops/product-dev/votes");
    world.sandbox.try_git("clean -fdq").run().expect_code(0);
    world
        .sandbox
        .try_git("commit --quiet --file=-")
        .stdin(crate::sandbox::lawful("chore: merge side"))
        .run()
        .expect_code(0);
    world.breaks(&["AO-E9"]);
    let merge = world.git("rev-parse HEAD");
    world.switch("main");
    world.git(&format!("merge --quiet --no-ff --no-edit {merge}"));
    assert!(laws(&world.all("main")).contains("AO-E9"));
}

#[test]
fn a_conflict_is_no_verdict() {
    let world = World::new();
    world.branch("work");
    world.commit_file("src/session.rs", "pub struct Session(u8);\n", "feat: give sessions a number");
    world.switch("main");
    world.commit_file("src/session.rs", "pub struct Session(u16);\n", "feat: give sessions an age");
    match world.try_landing("main", "work") {
        Err(EngineError::Git(GitError::Conflict { paths })) => assert_eq!(paths, ["src/session.rs".into()]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn unrelated_histories_are_no_verdict() {
    let world = World::new();
    let alone = world.git("commit-tree -m alone HEAD^{tree}");
    assert!(matches!(world.try_landing("main", &alone), Err(EngineError::Git(GitError::Unrelated { .. }))));
}

#[test]
fn a_pinned_root_is_asked_for() {
    let world = World::new();
    let root = world.governed().hex();
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    let request = |root: &str| Landing { base: "main".into(), root: Some(root.to_owned()), ..Landing::default() };
    assert!(landing::landing(&world.site("alice"), &request(&root)).unwrap().passes());
    assert!(landing::landing(&world.site("alice"), &request(&"ab".repeat(32))).is_err());
    assert!(replay::all(&world.site("alice"), None, Some(&root)).unwrap().passes());
    assert!(replay::all(&world.site("alice"), None, Some(&"ab".repeat(32))).is_err());
}

#[test]
fn an_amend_made_up_to_lead_from_the_pinned_root() {
    let world = World::new();
    let root = world.governed().hex();
    // Another history with looser rules, and an amend in its first commit that claims to come from the pinned one.
    world.amend("alice", |text| text.replacen("max = ", "max = 9", 1));
    let alone = world.git("commit-tree -m alone HEAD^{tree}");
    let found = replay::all(&world.site("alice"), Some(&alone), Some(&root));
    assert!(found.is_err(), "{}", shown(&found.unwrap()));
    assert!(replay::all(&world.site("alice"), Some("main"), Some(&root)).unwrap().passes());
}

/// A branch into which main was merged, after main got a profile and then a task in it: two steps there, one merge here.
fn base_merged_into_a_branch() -> World {
    let world = World::new();
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    world.switch("main");
    for (path, bytes) in agentops::config::builtin::files(&ProfileName::parse("devops").unwrap()) {
        world.sandbox.write(&path.to_string(), bytes);
    }
    world.try_amend("alice").unwrap();
    let request = NewTask { title: "Upgrade the cluster".into(), profile: Some("devops".into()), ..Default::default() };
    task::open(&world.site("claude"), &Default::default(), &request).unwrap();
    world.switch("work");
    world.git("merge --quiet --no-edit main");
    world
}

fn onto(world: &World, branch: &str) -> Report {
    let request = Landing { base: "main".into(), onto: Some(branch.to_owned()), ..Landing::default() };
    landing::landing(&world.site("alice"), &request).unwrap()
}

#[test]
fn a_branch_that_merged_its_base_lands_by_a_merge_and_replays() {
    let world = base_merged_into_a_branch();
    let report = world.breaks(&[]);
    assert!(report.notes.iter().any(|note| note.contains("land it with a merge commit")), "{}", shown(&report));
    world.switch("main");
    world.git("merge --quiet --no-ff --no-edit work");
    world.replays("main");
}

#[test]
fn a_branch_that_merged_its_base_is_pushed_over_it_only_where_that_replays() {
    let world = base_merged_into_a_branch();
    // Along first parents, main's two steps are one now, judged by what the branch grew from: nobody can tell them from a
    // branch that brought rules along and used them.
    assert!(!world.all("work").passes());
    assert_eq!(laws(&onto(&world, "refs/heads/main")), ["AO-E4"].into());
    assert!(onto(&world, "refs/heads/other").passes(), "only a protected branch has a line to lose");

    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.switch("main");
    world.commit_file("src/main.rs", "fn main() {}\n", "feat: add a main function");
    world.switch("work");
    world.git("merge --quiet --no-edit main");
    let report = onto(&world, "refs/heads/main");
    assert!(report.passes(), "{}", shown(&report));
    world.replays("work");
}

#[test]
fn rules_loosened_and_used_on_a_branch_do_not_replay_when_merged() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let profile = ".agentops/product-dev/profile.toml";
    let text = world.sandbox.read(profile);
    let text = text.replacen("vote = \"review\"", "vote = \"none\"", 1).replacen("voters = 1", "voters = 0", 1);
    world.sandbox.write(profile, text);
    world.try_amend("claude").unwrap();
    world.submit(&task);
    world.switch("main");
    world.git("merge --quiet --no-ff --no-edit work");
    let report = world.all("main");
    assert!(laws(&report).contains("AO-E4"), "{}", shown(&report));
}
