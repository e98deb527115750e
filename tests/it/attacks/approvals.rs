//! Attacks that make one approval carry more than what was approved.

use agentops::engine::tasks::phase;
use agentops::engine::writing::transact::Target;
use agentops::model::event::EventKind;

use crate::world::{World, code, code_path, deliverables, shown, specification};

const PROFILE_FILE: &str = ".agentops/product-dev/profile.toml";

/// A phase without a vote.
fn unvoted(name: &str, stage: &str, artifacts: &str) -> String {
    format!(
        "[[phases]]\nname = \"{name}\"\nstage = \"{stage}\"\npurpose = \"What comes besides\"\n\
         budget = {{ tokens = 60000, artifact_tokens = 12000, green = 20, yellow = 30 }}\nartifacts = [{artifacts}]\n\
         [phases.gate]\ntitle = \"It is there\"\nvote = \"none\"\nvoters = 0\nroles = []\nchecks = []\ncommands = []\n\n"
    )
}

/// Changes the profile, and amends.
fn with_profile(world: &World, edit: impl FnOnce(String) -> String) {
    let text = world.sandbox.read(PROFILE_FILE);
    let edited = edit(text.clone());
    assert_ne!(edited, text);
    world.sandbox.write(PROFILE_FILE, edited);
    world.try_amend("alice").unwrap();
}

/// A plan phase without a vote after the one with a vote.
fn detail_after_spec(text: String) -> String {
    let implement = "[[phases]]\nname = \"implement\"";
    text.replace(implement, &format!("{}{implement}", unvoted("detail", "plan", "")))
}

/// Only the research is voted on.
fn no_vote_on_the_spec(text: String) -> String {
    text.replace("vote = \"approval\"\nvoters = 1", "vote = \"none\"\nvoters = 0")
}

/// A phase in which is watched what runs.
fn watched(text: String) -> String {
    format!("{text}\n{}", unvoted("watch", "post", ""))
}

/// The planned file with more in it.
fn more(world: &World, task: &str) {
    let text = code(task) + "pub const DOOR: u64 = 1;\n";
    world.commit_file(&code_path(task), text, &format!("feat: a door in {task}"));
}

#[test]
fn a_phase_without_vote_after_the_vote_makes_no_approval_endless() {
    let world = World::new();
    with_profile(&world, detail_after_spec);
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.next(&task);
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.branch("work");
    let back = |to| phase::step(&world.site("claude"), &Target::default(), &task, EventKind::Rewind, Some(to), "more");
    let delivered = back("detail").unwrap().outcome.delivered.unwrap();
    assert!(delivered.contains("the approval of event 0004"), "{delivered}");
    world.git("reset -q --hard main");
    let delivered = back("implement").unwrap().outcome.delivered.unwrap();
    assert!(delivered.contains(&format!("phase rewind {task} --to spec")), "{delivered}");
    more(&world, &task);
    world.next(&task);
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("was done before, on the approval of event 0004"), "{}", shown(&report));
}

#[test]
fn where_only_the_research_is_voted_on_that_is_what_work_rests_on() {
    let world = World::new();
    with_profile(&world, no_vote_on_the_spec);
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.submit(&task);
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.branch("work");
    world.step(&task, EventKind::Rewind, Some("implement"));
    more(&world, &task);
    world.next(&task);
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("was done before, on the approval of event 0002"), "{}", shown(&report));
    assert!(
        shown(&report).contains("implement rests on event 0002, which landed before this range, approved by `bob`")
    );
}

#[test]
fn a_plan_that_nobody_voted_on_widens_nothing() {
    let world = World::new();
    with_profile(&world, |text| watched(no_vote_on_the_spec(text)));
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.submit(&task);
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    // What was planned when it landed may be mended, as it is being watched.
    world.branch("mended");
    world.step(&task, EventKind::Rewind, Some("implement"));
    more(&world, &task);
    world.next(&task);
    world.breaks(&[]);
    for lands_first in [false, true] {
        world.switch("main");
        world.branch(if lands_first { "in-two-steps" } else { "in-one-step" });
        world.step(&task, EventKind::Rewind, Some("spec"));
        let path = code_path(&task);
        let plan = specification(&task).replace(&path, "src/door.rs");
        world.sandbox.write(&world.document(&task, "spec.md"), plan);
        let promises = deliverables(&task).replace(&path, "src/door.rs");
        world.sandbox.write(&world.document(&task, "deliverables.toml"), promises);
        world.next(&task);
        if lands_first {
            world.breaks(&[]);
            world.git("branch -q --force main");
        }
        world.commit_file("src/door.rs", code(&task), "feat: a door");
        world.next(&task);
        let report = world.breaks(&["AO-G1"]);
        assert!(shown(&report).contains("whose plan does not name `src/door.rs`"), "{}", shown(&report));
    }
}

#[test]
fn an_abandoned_task_does_not_come_back_on_its_old_approval() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.step(&task, EventKind::Abandon, None);
    world.branch("work");
    let back = phase::step(
        &world.site("claude"),
        &Target::default(),
        &task,
        EventKind::Rewind,
        Some("implement"),
        "it is wanted all the same",
    );
    let told = back.unwrap().outcome.delivered.unwrap();
    assert!(told.contains(&format!("phase rewind {task} --to spec")), "{told}");
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("was abandoned, and with it the approval of event 0004"), "{}", shown(&report));
    // Approved anew, it goes on.
    world.switch("main");
    world.branch("again");
    world.step(&task, EventKind::Rewind, Some("spec"));
    world.pass(&task);
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.breaks(&[]);
}

#[test]
fn a_late_reject_is_told_with_the_approval() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.forge_vote(&task, |vote| {
        vote.voter = crate::world::principal("alice");
        vote.verdict = agentops::model::vote::Verdict::Reject;
        vote.reason = "the second requirement cannot be tested".to_owned();
    });
    world.commit("chore: reject");
    world.branch("work");
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    let report = world.breaks(&[]);
    assert!(
        shown(&report)
            .contains("approved by `bob` (unauthenticated: could be written by an agent); `alice` rejects it"),
        "{}",
        shown(&report)
    );
}

/// A world in which every changed path belongs to a task.
fn where_code_needs_a_task() -> World {
    World::with(|text| text.replace("require_task = false", "require_task = true"))
}

#[test]
fn a_manifest_of_a_later_phase_makes_code_no_tasks() {
    let world = where_code_needs_a_task();
    let manifest =
        "{ name = \"shipped\", kind = \"manifest\", path = \"specs/{opened}-{task}/shipped.txt\", required = true }";
    with_profile(&world, |text| format!("{text}\n{}", unvoted("watch", "post", manifest)));
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.branch("work");
    world.commit_file("src/door.rs", "pub const DOOR: u64 = 1;\n", "feat: a door");
    world.next(&task);
    let listed = world.sandbox.read(&world.document(&task, "shipped.txt"));
    assert!(listed.contains(" src/door.rs\n"), "{listed}");
    let report = world.breaks(&["AO-P7"]);
    assert!(shown(&report).contains("to no task's manifest: src/door.rs (`paths.require_task`)"), "{}", shown(&report));
}

#[test]
fn a_manifest_is_believed_for_what_it_lists_alone() {
    let world = where_code_needs_a_task();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    world.branch("work");
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.breaks(&[]);
    // The manifest does not hold any more, and so it makes nothing a task's.
    more(&world, &task);
    let report = world.breaks(&["AO-P7"]);
    let named = format!("to no task's manifest: {} (`paths.require_task`)", code_path(&task));
    assert!(shown(&report).contains(&named), "{}", shown(&report));
}
