//! Attacks on the rules themselves.

use agentops::config::builtin;
use agentops::engine::EngineError;
use agentops::model::amend::Amend;
use agentops::model::canonical::Canonical as _;
use agentops::model::digest::Digest;
use agentops::model::layout;
use agentops::model::name::ProfileName;

use crate::world::{World, laws, principal, shown, told};

const PROFILE_FILE: &str = ".agentops/product-dev/profile.toml";

/// The newest amend in the working tree, changed and written anew under its own name; not committed.
fn forge_amend(world: &World, forge: impl FnOnce(&mut Amend)) -> String {
    let folder = world.sandbox.path().join(layout::GOVERNANCE);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let newest = files.last().unwrap();
    let mut amend = Amend::parse(&std::fs::read(newest).unwrap()).unwrap();
    std::fs::remove_file(newest).unwrap();
    forge(&mut amend);
    let path = format!("{}/{}", layout::GOVERNANCE, amend.file_name());
    world.sandbox.write(&path, amend.print());
    path
}

/// Loosens the gate of the research phase in the working tree.
fn loosen(world: &World) {
    let text = world.sandbox.read(PROFILE_FILE);
    let text = text.replacen("vote = \"review\"", "vote = \"none\"", 1).replacen("voters = 1", "voters = 0", 1);
    world.sandbox.write(PROFILE_FILE, text);
}

#[test]
fn a_governed_file_changed_without_an_amend() {
    let world = World::new();
    world.branch("work");
    loosen(&world);
    world.commit("chore: loosen a gate");
    world.breaks(&["AO-G3"]);
}

#[test]
fn a_governed_file_outside_agentops_changed_without_an_amend() {
    let world = World::new();
    world.branch("work");
    world.commit_file(".github/workflows/check.yml", "on: push\n", "ci: add a workflow");
    world.breaks(&["AO-G3"]);
    world.git("reset -q --hard main");
    world.sandbox.write(".github/workflows/check.yml", "on: push\n");
    assert!(world.try_amend("alice").is_err(), "git was not told of it");
    world.git("add .github");
    world.try_amend("alice").unwrap_or_else(|error| panic!("{}", told(&error)));
    world.breaks(&[]);
}

#[test]
fn a_profile_loosened_in_the_branch_that_uses_it() {
    let world = World::new();
    world.branch("work");
    loosen(&world);
    world.try_amend("alice").unwrap();
    let task = world.open("Reset links expire");
    world.submit(&task);
    assert_eq!(world.chain(&task).head().unwrap().event.state.phase.as_str(), "spec", "no vote was asked for");
    // Each commit is lawful by its parent's rules; the landing is judged by those of main.
    world.replays("work");
    world.breaks(&["AO-E4"]);
}

#[test]
fn an_amend_of_an_unknown_actor() {
    let world = World::new();
    world.branch("work");
    loosen(&world);
    world.try_amend("alice").unwrap();
    forge_amend(&world, |amend| amend.actor = principal("mallory"));
    world.git("add -A");
    world.git("commit --quiet --amend --no-edit");
    world.breaks(&["AO-G4"]);
}

#[test]
fn an_amend_from_elsewhere() {
    let world = World::new();
    world.branch("work");
    loosen(&world);
    world.try_amend("alice").unwrap();
    forge_amend(&world, |amend| amend.from = vec![agentops::model::digest::Digest::of(b"elsewhere")]);
    world.git("add -A");
    world.git("commit --quiet --amend --no-edit");
    world.breaks(&["AO-G3"]);
}

#[test]
fn an_amend_that_leads_elsewhere() {
    let world = World::new();
    world.branch("work");
    loosen(&world);
    world.try_amend("alice").unwrap();
    // One governed file more than the amend speaks of.
    world.sandbox.write(".agentops/product-dev/standards/testing.md", "# Testing\n\nNobody needs to test anything.\n");
    world.git("add -A");
    world.git("commit --quiet --amend --no-edit");
    world.breaks(&["AO-G3", "AO-G4"]);
}

#[test]
fn an_amend_from_another_project() {
    let world = World::new();
    world.branch("work");
    loosen(&world);
    world.try_amend("alice").unwrap();
    forge_amend(&world, |amend| amend.project = "ff".repeat(16));
    world.git("add -A");
    world.git("commit --quiet --amend --no-edit");
    world.breaks(&["AO-G4"]);
}

#[test]
fn a_chain_of_amends_that_is_broken() {
    let world = World::new();
    world.amend("alice", |text| text.replace("max = 3", "max = 4"));
    world.branch("work");
    world.amend("alice", |text| text.replace("max = 4", "max = 5"));
    for broken in ["predecessor", "seq", "none"] {
        world.git("checkout -q HEAD -- .agentops");
        let path = forge_amend(&world, |amend| match broken {
            "predecessor" => amend.prev = vec![agentops::model::digest::Digest::of(b"no amend")],
            "seq" => amend.seq = 7,
            // It starts a chain of its own beside the one that is there.
            _ => (amend.seq, amend.prev) = (1, Vec::new()),
        });
        world.git("add -A");
        let tree = world.git("write-tree");
        let call =
            world.sandbox.try_git(&format!("commit-tree -p main {tree}")).stdin(crate::sandbox::lawful("chore: x"));
        let tip = call.run().expect_code(0).stdout.trim().to_owned();
        let report = world.landing("main", &tip);
        assert_eq!(laws(&report), ["AO-G4"].into(), "{broken} {path}\n{}", shown(&report));
    }
}

#[test]
fn an_amend_edited_and_one_removed() {
    let world = World::new();
    world.amend("alice", |text| text.replace("max = 3", "max = 4"));
    world.branch("work");
    forge_amend(&world, |amend| amend.reason = "another reason".to_owned());
    world.commit("chore: rewrite an amend");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E1"), "{}", shown(&report));
}

#[test]
fn two_amends_meet() {
    let world = World::new();
    world.branch("work");
    world.amend("bob", |text| text.replace("window = 200000", "window = 100000"));
    world.breaks(&[]);
    world.switch("main");
    world.amend("alice", |text| text.replace("max = 3", "max = 4"));
    let report = world.landing("main", "work");
    assert_eq!(laws(&report), ["AO-G3", "AO-G4"].into(), "nobody agreed to both\n{}", shown(&report));
    world.switch("work");
    world.git("merge --quiet --no-edit main");
    world.breaks(&["AO-G3", "AO-G4"]);
    // A third one starts from both.
    world.try_amend("alice").unwrap_or_else(|error| panic!("{}", told(&error)));
    world.breaks(&[]);
    world.switch("main");
    world.git("merge --quiet --no-ff --no-edit work");
    world.replays("main");
    assert!(world.try_amend("alice").is_err(), "all is settled");
}

#[test]
fn owners_that_must_sign() {
    let world = World::with(|text| text.replace("owners = 0", "owners = 1"));
    world.branch("work");
    loosen(&world);
    let error = world.try_amend("alice").unwrap_err();
    assert!(error.to_string().contains("`alice` has no key in `.agentops/allowed_signers`"), "{error}");
}

#[test]
fn laws_of_a_newer_edition_are_not_passed_by_this_binary() {
    let world = World::new();
    world.branch("work");
    for (key, known) in [("format", 1), ("min_reader", 1), ("laws", 2)] {
        let now = world.sandbox.read(layout::FORMAT);
        let newer = now.replace(&format!("{key} = {known}"), &format!("{key} = {}", known + 1));
        assert_ne!(now, newer, "{key}");
        world.commit_file(layout::FORMAT, newer, "chore: raise a version");
        let report = world.landing("main", "HEAD");
        assert!(laws(&report).is_superset(&["AO-G3", "AO-G5"].into()), "{key}\n{}", shown(&report));
        // From there on this binary judges nothing.
        world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
        assert!(matches!(world.try_landing("HEAD^", "HEAD"), Err(EngineError::Policy(_))), "{key}");
        assert!(agentops::engine::judging::replay::all(&world.site("alice"), Some("HEAD"), None).is_err(), "{key}");
        world.git("reset -q --hard main");
    }
}

#[test]
fn versions_that_fall_and_profiles_that_go() {
    let world = World::with_profiles(&["product-dev", "devops"]);
    world.branch("work");
    world.git("rm -q -r .agentops/devops");
    let error = world.try_amend("alice").unwrap_err();
    assert!(told(&error).contains("AO-G5"), "{}", told(&error));
    world.git("reset -q --hard main");
    let text = world.sandbox.read(layout::FORMAT).replace("00112233", "99112233");
    world.sandbox.write(layout::FORMAT, text);
    let error = world.try_amend("alice").unwrap_err();
    assert!(told(&error).contains("AO-G5"), "{}", told(&error));
}

#[test]
fn a_config_broken_for_whoever_comes_next() {
    let world = World::new();
    world.branch("work");
    world.commit_file(layout::CONFIG, "laws = 7\n", "chore: break the config");
    world.breaks(&["AO-G3", "AO-G5"]);
}

#[test]
fn a_new_profile_and_its_first_task_need_two_steps() {
    let world = World::new();
    world.branch("work");
    for (path, bytes) in builtin::files(&ProfileName::parse("devops").unwrap()) {
        world.sandbox.write(&path.to_string(), bytes);
    }
    world.try_amend("alice").unwrap_or_else(|error| panic!("{}", told(&error)));
    world.breaks(&[]);
    let first = world.git("rev-parse HEAD");
    let request = agentops::engine::tasks::task::NewTask {
        title: "Upgrade the cluster".into(),
        profile: Some("devops".into()),
        ..Default::default()
    };
    agentops::engine::tasks::task::open(&world.site("claude"), &Default::default(), &request).unwrap();
    world.breaks(&["AO-E4"]);
    world.git(&format!("update-ref refs/heads/main {first}"));
    world.breaks(&[]);
}

#[test]
fn main_merged_into_a_branch_is_not_judged_by_the_branch_again() {
    let world = World::new();
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    world.switch("main");
    // Main gets another profile, and then its first task: two steps there, one merge here.
    for (path, bytes) in builtin::files(&ProfileName::parse("devops").unwrap()) {
        world.sandbox.write(&path.to_string(), bytes);
    }
    world.try_amend("alice").unwrap_or_else(|error| panic!("{}", told(&error)));
    let request = agentops::engine::tasks::task::NewTask {
        title: "Upgrade the cluster".into(),
        profile: Some("devops".into()),
        ..Default::default()
    };
    agentops::engine::tasks::task::open(&world.site("claude"), &Default::default(), &request).unwrap();
    world.switch("work");
    world.git("merge --quiet --no-commit --no-ff main");
    let report = agentops::engine::judging::staged::staged(&world.site("alice")).unwrap();
    assert!(report.passes(), "{}", shown(&report));
    // What nobody judged yet is judged, in the middle of a merge too.
    world.sandbox.write(".agentops/stray.toml", "v = 1\n");
    world.git("add .agentops/stray.toml");
    let report = agentops::engine::judging::staged::staged(&world.site("alice")).unwrap();
    assert_eq!(laws(&report), ["AO-E2"].into(), "{}", shown(&report));
    world.git("rm -q --cached .agentops/stray.toml");
    world.git("commit --quiet --no-edit");
    world.breaks(&[]);
}

#[test]
fn a_governed_folder_is_governed_to_its_bottom_and_no_further() {
    let world = World::with(|text| text.replace("governed = [", "governed = [\"ci\", \"deploy/*.yml\", "));
    world.branch("work");
    world.commit_file("ci/deep/down.yml", "on: push\n", "ci: add a job");
    world.breaks(&["AO-G3"]);
    world.git("reset -q --hard main");
    world.commit_file("deploy/prod.yml", "on: push\n", "ci: add a job");
    world.breaks(&["AO-G3"]);
    world.git("reset -q --hard main");
    world.commit_file("deploy/notes/prod.yml", "on: push\n", "ci: add a note");
    world.breaks(&[]);
}

/// Commits a file at `path`, every name of which may be any bytes, in folders of the mode `mode`; nothing else is in them.
fn commit_raw_file(world: &World, path: &[&[u8]], mode: &str) {
    let (first, rest) = path.split_first().unwrap();
    let mut entry = ("100644".to_owned(), world.object("blob", "on: push\n"));
    for name in rest.iter().rev() {
        entry = (mode.to_owned(), world.raw_tree(&[(entry.0.as_str(), *name, entry.1.as_str())]));
    }
    world.commit_raw("", |entries| {
        entries.retain(|(_, name, _)| name != first);
        let at = entries.iter().position(|(_, name, _)| name.as_slice() > *first).unwrap_or(entries.len());
        entries.insert(at, (entry.0, first.to_vec(), entry.1));
    });
}

#[test]
fn a_governed_path_that_is_no_text() {
    let world = World::new();
    world.branch("work");
    commit_raw_file(&world, &[b".github", b"workflows", b"\xff.yml"], "40000");
    world.breaks(&["AO-G3"]);
}

#[test]
fn a_governed_path_spelled_as_one_name() {
    let world = World::new();
    world.branch("work");
    commit_raw_file(&world, &[b".github/workflows/check.yml"], "40000");
    world.git("read-tree HEAD");
    assert_eq!(world.git("ls-files .github"), ".github/workflows/check.yml", "git's index has the path");
    world.breaks(&["AO-E7", "AO-G3"]);
    world.git("reset -q --hard main");
    commit_raw_file(&world, &[b".github", b"workflows/check.yml"], "40000");
    world.breaks(&["AO-E7", "AO-G3"]);
}

#[test]
fn a_governed_folder_of_an_odd_mode() {
    let world = World::new();
    world.amend("alice", |text| text.replacen("governed = [", "governed = [\"**/Makefile\", ", 1));
    world.commit_file("tools/notes.md", "Notes.\n", "docs: add notes");
    world.branch("odd");
    // Git takes any mode of the folder type for a folder.
    world.commit_raw("", |entries| {
        entries.iter_mut().find(|(_, name, _)| name == b"tools").unwrap().0 = "40755".to_owned();
    });
    let lands = world.landing("main", "HEAD").passes();
    commit_raw_file(&world, &[b"tools", b"Makefile"], "40755");
    let report = world.landing(if lands { "HEAD^" } else { "main" }, "HEAD");
    assert!(laws(&report).contains("AO-G3"), "{}", shown(&report));
}

#[test]
fn an_amend_that_names_other_files_than_it_changes() {
    let world = World::new();
    world.branch("work");
    loosen(&world);
    world.try_amend("alice").unwrap_or_else(|error| panic!("{}", told(&error)));
    world.git("reset -q --soft main");
    forge_amend(&world, |amend| {
        assert_eq!(amend.files.len(), 1);
        amend.files[0].path = ".agentops/product-dev/standards/testing.md".to_owned();
    });
    world.commit("chore: sharpen the standard of testing");
    let report = world.breaks(&["AO-G3"]);
    assert!(shown(&report).contains("profile.toml"), "{}", shown(&report));
}

#[test]
fn a_flood_of_amends() {
    let world = World::new();
    world.branch("work");
    world.amend("alice", |text| text.replace("max = 3", "max = 4"));
    let path = world.git("ls-files .agentops/governance");
    let mut amend = Amend::parse(world.sandbox.read(&path).as_bytes()).unwrap();
    for seq in 2..=101 {
        amend.prev = vec![Digest::of(amend.print().as_bytes())];
        amend.seq = seq;
        amend.from = vec![amend.to];
        world.sandbox.write(&format!("{}/{}", layout::GOVERNANCE, amend.file_name()), amend.print());
    }
    world.commit("chore: use all numbers up");
    let report = world.breaks(&["AO-G4"]);
    assert!(shown(&report).contains("brings 101 amends"), "{}", shown(&report));
}

#[test]
fn an_amend_that_loosens_says_what() {
    let world = World::new();
    world.branch("work");
    world.amend("alice", |text| {
        text.replace("proof = [", "proof = [\"simulated\", ")
            .replace("self_approve = false", "self_approve = true")
            .replace("max = 3", "max = 9")
    });
    let text = world.sandbox.read(".agentops/product-dev/profile.toml");
    let text = text.replacen("vote = \"review\"", "vote = \"none\"", 1).replacen("voters = 1", "voters = 0", 1);
    world.sandbox.write(".agentops/product-dev/profile.toml", text);
    world.try_amend("alice").unwrap();
    let report = world.landing("main", "HEAD");
    assert!(report.passes(), "{}", shown(&report));
    let told =
        |wanted: &str| assert!(report.notes.iter().any(|note| note.contains(wanted)), "{wanted}\n{}", shown(&report));
    told("amend 0001 by `alice`, a claim: the team of four reviews in pairs since Monday (.agentops/config.toml)");
    told("amend 0002 by `alice`, a claim: ");
    told("loosened: who did the work may approve it");
    told("loosened: votes with proof `simulated` count");
    told("loosened: a step may use 9 waivers, not 3");
    told("loosened: the gate of `product-dev` phase `research`: its vote is `none`, not `review`");
    told("loosened: the gate of `product-dev` phase `research`: 0 voters, not 1");
    // The way back loosens nothing.
    world.branch("back");
    world.git("checkout -q main -- .agentops/config.toml .agentops/product-dev/profile.toml");
    world.try_amend("alice").unwrap();
    let report = world.landing("work", "HEAD");
    assert!(report.passes() && !shown(&report).contains("loosened"), "{}", shown(&report));
}

#[test]
fn a_policy_that_is_gutted_says_so() {
    let class = "\n[[gates.risk]]\nname = \"billing\"\npaths = [\"src/billing/**\"]\nvote = \"approval\"\nvoters = 2\n";
    let world = World::with(|text| text + class);
    let key = |name: &str, file: &str| world.sandbox.new_key(file, "ed25519").replacen(file, name, 1);
    world.sandbox.write(layout::SIGNERS, key("bob", "bob"));
    world.try_amend("alice").unwrap();
    world.branch("work");
    let config = world.sandbox.read(layout::CONFIG);
    let config = config.replace("\"src/billing/**\"]", "\"src/biling/**\"]").replace("voters = 2", "voters = 1");
    world.sandbox.write(layout::CONFIG, config);
    world.sandbox.write(layout::SIGNERS, key("bob", "mallory"));
    let profile = world.sandbox.read(PROFILE_FILE);
    let at = profile.find("[commands.test]").unwrap();
    let run = at + profile[at..].find("run = ").unwrap();
    let end = run + profile[run..].find('\n').unwrap();
    let profile = format!("{}run = [\"echo\"]{}", &profile[..run], &profile[end..]);
    world.sandbox.write(PROFILE_FILE, profile);
    world.sandbox.write(".agentops/product-dev/templates/requirements.md", "# Requirements\n");
    // A crowd of files that matter to nobody.
    for number in 0..20 {
        world.sandbox.write(&format!(".github/workflows/a{number}.yml"), "on: push\n");
    }
    world.git("add --all");
    world.try_amend("alice").unwrap_or_else(|error| panic!("{}", told(&error)));
    let report = world.landing("main", "HEAD");
    assert!(report.passes(), "{}", shown(&report));
    for wanted in [
        "loosened: the class of risk `billing`: it is not for `src/billing/**`",
        "loosened: the class of risk `billing`: 1 voters, not 2",
        "changed: the key of `bob` is SHA256:",
        "changed: the command `test` of `product-dev` runs `echo`",
        "changed: the template `requirements.md` of `product-dev` has another text",
        "(.agentops/allowed_signers, .agentops/config.toml, .agentops/product-dev/profile.toml, \
         .agentops/product-dev/templates/requirements.md, .github/workflows/a0.yml, .github/workflows/a1.yml, \
         .github/workflows/a10.yml, .github/workflows/a11.yml, .github/workflows/a12.yml, and 15 more outside `.agentops`)",
    ] {
        assert!(report.notes.iter().any(|note| note.contains(wanted)), "{wanted}\n{}", shown(&report));
    }
}
