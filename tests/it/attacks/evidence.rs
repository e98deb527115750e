//! Attacks on the binding between votes, documents and code.

use agentops::model::event::EventKind;
use agentops::model::vote::Verdict;

use crate::world::{World, code, code_path, laws, requirements, shown, specification};

/// A branch with a task in its implement phase, code committed and recorded, not yet left.
fn built() -> (World, String) {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.branch("work");
    world.fill(&task);
    world.record(&task);
    (world, task)
}

#[test]
fn an_artifact_edited_after_its_approval() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.branch("work");
    let path = world.document(&task, "requirements.md");
    world.commit_file(&path, requirements(&task).replace("30 minutes", "30 days"), "docs: edit requirements");
    world.breaks(&["AO-E8"]);
}

#[test]
fn an_artifact_edited_between_submit_and_vote() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.submit(&task);
    let path = world.document(&task, "requirements.md");
    world.commit_file(&path, requirements(&task).replace("30 minutes", "30 days"), "docs: edit requirements");
    assert!(world.try_vote(&task, "bob", Verdict::Approve).is_err(), "votes on it lapse");
    world.forge_vote(&task, |_| {});
    world.commit("chore: vote by hand");
    assert!(world.try_next(&task, "claude").is_err());
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    world.breaks(&["AO-E8"]);
}

#[test]
fn an_artifact_removed_after_its_approval() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.branch("work");
    world.git(&format!("rm -q {}", world.document(&task, "requirements.md")));
    world.commit("docs: remove requirements");
    world.breaks(&["AO-E8"]);
}

#[test]
fn evidence_that_is_no_artifact_and_an_artifact_that_is_no_evidence() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let path = world.document(&task, "requirements.md");
    world.sandbox.write(&path, requirements(&task));
    world.forge(&task, EventKind::Submit, |event| event.evidence = vec![world.evidence("src/login.rs")]);
    world.commit("chore: submit by hand");
    let report = world.breaks(&["AO-E8"]);
    assert!(shown(&report).contains("is no artifact") && shown(&report).contains("without `"), "{}", shown(&report));
}

#[test]
fn evidence_with_another_digest() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let path = world.document(&task, "requirements.md");
    world.sandbox.write(&path, requirements(&task));
    world.forge(&task, EventKind::Submit, |event| {
        event.evidence = vec![world.evidence(&path)];
        event.evidence[0].sha256 = agentops::model::digest::Digest::of(b"other bytes");
    });
    world.commit("chore: submit by hand");
    world.breaks(&["AO-E8"]);
}

#[test]
fn code_changed_after_the_manifest() {
    let (world, task) = built();
    world.next(&task);
    world.breaks(&[]);
    world.commit_file(&code_path(&task), code(&task).replace("1800", "999_999"), "feat: raise the limit");
    let report = world.breaks(&["AO-P7"]);
    assert!(shown(&report).contains("has other content than the manifest lists"), "{}", shown(&report));
}

#[test]
fn code_changed_on_main_meanwhile() {
    let (world, task) = built();
    world.next(&task);
    world.switch("main");
    // The very file that the task adds comes from elsewhere, with other bytes: git sees a conflict.
    world.commit_file("src/login.rs", "fn other() {}\n", "feat: rewrite the login");
    let report = world.landing("main", "work");
    assert!(report.passes(), "unrelated code may change\n{}", shown(&report));
}

#[test]
fn a_manifest_that_omits_a_planned_path() {
    let (world, task) = built();
    let manifest = world.document(&task, "manifest.txt");
    world.commit_file("src/extra.rs", "//! Extra.\n", "feat: add more than planned");
    let digest = agentops::model::digest::Digest::of(b"//! Extra.\n");
    world.sandbox.write(&manifest, format!("100644 {} src/extra.rs\n", digest.hex()));
    forge_ending(&world, &task, &manifest);
    let report = world.breaks(&["AO-P7"]);
    assert!(shown(&report).contains("is planned but not in the manifest"), "{}", shown(&report));
}

#[test]
fn an_ending_without_a_run() {
    let (world, task) = built();
    let manifest = world.document(&task, "manifest.txt");
    let path = code_path(&task);
    let digest = agentops::model::digest::Digest::of(code(&task).as_bytes());
    world.sandbox.write(&manifest, format!("100644 {} {path}\n", digest.hex()));
    forge_ending(&world, &task, &manifest);
    let report = world.breaks(&["AO-P6"]);
    assert!(shown(&report).contains("has no run"), "{}", shown(&report));
}

#[test]
fn an_ending_that_ran_on_another_tree() {
    for base_too in [false, true] {
        let (world, task) = built();
        world.next(&task);
        let old = agentops::model::digest::ObjectId::parse(&world.git("rev-parse main^{tree}")).unwrap();
        let head = world.chain(&task).head().unwrap().event.clone();
        world.git("reset --quiet --hard HEAD~1");
        world
            .sandbox
            .write(&head.evidence[0].path, world.git(&format!("show ORIG_HEAD:{}", head.evidence[0].path)) + "\n");
        let mut event = head;
        event.runs[0].tree = old;
        if base_too {
            event.base = old;
        }
        world.put(&event);
        world.commit("chore: finish by hand");
        let report = world.breaks(&["AO-P6"]);
        let why = if base_too { "otherwise than the manifest lists" } else { "its event was made on" };
        assert!(shown(&report).contains(why), "{}", shown(&report));
    }
}

#[test]
fn work_that_was_squashed_or_rebased_still_lands() {
    for way in ["rebase", "squash"] {
        let (world, task) = built();
        world.next(&task);
        world.switch("main");
        world.commit_file("src/other.rs", "//! Other.\n", "feat: go on elsewhere");
        match way {
            "rebase" => {
                world.switch("work");
                world.git("rebase --quiet main");
            }
            _ => {
                world.git("merge --quiet --squash work");
                world.git("switch --quiet -c squashed");
                world.commit("feat: squash the work");
            }
        }
        let report = world.breaks(&[]);
        assert!(shown(&report).contains("on which the commands of"), "{way}: {}", shown(&report));
    }
}

/// Ends the implement phase by hand. Only the manifest is as it should be, or not.
fn forge_ending(world: &World, task: &str, manifest: &str) {
    let with_run = !world.sandbox.read(manifest).contains(&code_path(task));
    world.forge(task, EventKind::Advance, |event| {
        event.evidence = vec![world.evidence(manifest)];
        event.base = agentops::model::digest::ObjectId::parse(&world.git("rev-parse HEAD^{tree}")).unwrap();
        if with_run {
            event.runs = vec![agentops::model::event::Run {
                name: agentops::model::name::Word::parse("test").unwrap(),
                arguments: Vec::new(),
                exit: 0,
                ms: 1,
                output_sha256: agentops::model::digest::Digest::of(b""),
                tree: event.base,
            }];
        }
    });
    world.commit("chore: finish by hand");
}

#[test]
fn a_plan_that_cites_what_is_not_there() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.branch("work");
    world.promise(&task);
    let spec = world.document(&task, "spec.md");
    let text =
        specification(&task).replace("## Changes\n", "## Changes\n- `src/login.rs:999` — tighten the last step\n");
    world.sandbox.write(&spec, text);
    world.forge(&task, EventKind::Submit, |event| event.evidence = world.planned(&task));
    world.commit("chore: submit by hand");
    world.breaks(&["AO-P4"]);
}

#[test]
fn a_tree_made_up_to_be_cited() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.branch("work");
    world.promise(&task);
    let spec = world.document(&task, "spec.md");
    let text = specification(&task).replace("## Changes\n", "## Changes\n- `ghost.rs:1` — tighten the last step\n");
    world.sandbox.write(&spec, text);
    let blob = world.object("blob", "boo\n");
    let ghost = world.raw_tree(&[("100644", b"ghost.rs", &blob)]);
    world.forge(&task, EventKind::Submit, |event| {
        event.evidence = world.planned(&task);
        event.base = agentops::model::digest::ObjectId::parse(&ghost).unwrap();
    });
    world.commit("chore: submit by hand");
    world.breaks(&["AO-P4"]);
}

/// The gate of the implement phase wants an approval.
fn vote_on_code(world: &World) {
    let path = ".agentops/product-dev/profile.toml";
    let text = world.sandbox.read(path);
    let (head, tail) = text.split_once("name = \"implement\"").unwrap();
    let tail = tail.replacen("vote = \"none\"", "vote = \"approval\"", 1).replacen("voters = 0", "voters = 1", 1);
    world.sandbox.write(path, format!("{head}name = \"implement\"{tail}"));
    world.try_amend("alice").unwrap();
}

#[test]
fn code_lands_under_a_submit_that_nobody_approved() {
    let world = World::with(|text| text.replace("require_task = false", "require_task = true"));
    vote_on_code(&world);
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.branch("work");
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    let report = world.breaks(&["AO-P7"]);
    assert!(shown(&report).contains("(`paths.require_task`)"), "{}", shown(&report));
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.breaks(&[]);
}

#[test]
fn code_changed_after_the_vote_on_it() {
    let world = World::new();
    vote_on_code(&world);
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.vote(&task, "bob", Verdict::Approve);
    world.branch("work");
    // The submit and the vote have landed; the code changes before the advance does.
    world.commit_file(&code_path(&task), code(&task).replace("1800", "999_999"), "feat: raise the limit");
    let refused = world.try_next(&task, "claude");
    assert!(refused.is_err(), "votes lapse when a listed path changes");
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: finish by hand");
    world.breaks(&["AO-P7"]);
}

#[test]
fn work_outside_a_task_where_tasks_are_required() {
    let world = World::with(|text| text.replace("require_task = false", "require_task = true"));
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    let report = world.breaks(&["AO-P7"]);
    assert!(shown(&report).contains("require_task"), "{}", shown(&report));
    assert!(!laws(&report).contains("AO-E1"));
}

#[test]
fn a_plan_that_names_a_document_of_the_profile_too() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    let document = ".agentops/product-dev/product/mission.md";
    world.promise(&task);
    let text =
        specification(&task).replace("## Changes\n", &format!("## Changes\n- `{document}:1` — say it there too\n"));
    world.sandbox.write(&world.document(&task, "spec.md"), text);
    world.next(&task);
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.branch("work");
    world.commit_file(document, "# Mission\n\nResets that end.\n", "docs: say what resets are for");
    world.fill(&task);
    world.record(&task);
    // A manifest lists what lies outside `.agentops`: the document is no reason to stop.
    world.next(&task);
    world.breaks(&[]);
}

#[test]
fn a_squash_cites_what_only_it_brings_and_that_is_said() {
    for (line, broken) in [(2, &[][..]), (9, &["AO-P4"][..])] {
        let world = World::new();
        let task = world.open("Reset links expire");
        world.pass(&task);
        world.branch("work");
        world.commit_file("src/fresh.rs", "//! Fresh.\npub struct Fresh;\n", "feat: add fresh code");
        world.promise(&task);
        let spec = world.document(&task, "spec.md");
        let cited = format!("## Changes\n- `src/fresh.rs:{line}` — give it a time\n");
        world.sandbox.write(&spec, specification(&task).replace("## Changes\n", &cited));
        let tree = world.git("rev-parse HEAD^{tree}");
        world.forge(&task, EventKind::Submit, |event| {
            event.evidence = world.planned(&task);
            event.base = agentops::model::digest::ObjectId::parse(&tree).unwrap();
        });
        world.commit("chore: submit by hand");
        world.git("reset -q --soft main");
        world.commit("feat: all of it at once");
        let report = world.breaks(broken);
        assert!(shown(&report).contains("is not part of this history"), "{}", shown(&report));
    }
}
