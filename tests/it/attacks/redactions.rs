//! Attacks with redactions: what goes, goes by an amend that owners signed, is exactly what it names, and opens no gate.

use agentops::engine::governance::redact::{self, Request};
use agentops::engine::writing::transact::Target;
use agentops::model::amend::{Amend, Redaction};
use agentops::model::canonical::Canonical as _;
use agentops::model::digest::Digest;
use agentops::model::event::{EventKind, Evidence};
use agentops::model::layout;
use agentops::model::time::Timestamp;
use agentops::model::vote::Verdict;

use crate::world::{PROJECT, World, laws, principal, shown, told};

/// Writes an amend that redacts `sha256` at `path`, as no verb would; not committed.
fn forge_redaction(world: &World, path: &str, sha256: Digest) {
    let governed = world.governed();
    let amend = Amend {
        v: 1,
        project: PROJECT.to_owned(),
        seq: 1,
        prev: Vec::new(),
        from: vec![governed],
        to: governed,
        actor: principal("alice"),
        at: Timestamp::parse("2026-11-21T09:00:00Z").unwrap(),
        reason: "It shows a password".to_owned(),
        files: Vec::new(),
        redact: vec![Redaction { path: path.to_owned(), sha256 }],
        signatures: Vec::new(),
    };
    world.sandbox.write(&format!("{}/{}", layout::GOVERNANCE, amend.file_name()), amend.print());
}

fn learning_path(world: &World) -> String {
    world.git("ls-files .agentops/product-dev/learnings").lines().last().unwrap().to_owned()
}

fn redact(world: &World, path: &str) {
    let request = Request { path: path.to_owned(), at: None, reason: "It shows a password".to_owned(), key: None };
    redact::redact(&world.site("alice"), &Target::default(), &request)
        .unwrap_or_else(|error| panic!("{}", told(&error)));
}

#[test]
fn a_record_that_goes_without_its_amend() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.learn(&task);
    let path = learning_path(&world);
    let sha256 = Digest::of(world.sandbox.read(&path).as_bytes());
    world.branch("work");
    world.git(&format!("rm -q {path}"));
    world.commit("chore: forget a learning");
    world.breaks(&["AO-E1"]);
    // An amend of other bytes is no better, nor is one that leaves the file where it is.
    world.git("reset -q --hard main");
    world.git(&format!("rm -q {path}"));
    forge_redaction(&world, &path, Digest::of(b"other bytes"));
    world.commit("chore: redact a learning");
    world.breaks(&["AO-E1", "AO-G4"]);
    world.git("reset -q --hard main");
    forge_redaction(&world, &path, sha256);
    world.commit("chore: redact a learning");
    let report = world.breaks(&["AO-G4"]);
    assert!(shown(&report).contains("still holds these bytes"), "{}", shown(&report));
    // With exactly these it goes.
    world.git("reset -q --hard main");
    world.git(&format!("rm -q {path}"));
    forge_redaction(&world, &path, sha256);
    world.commit("chore: redact a learning");
    world.breaks(&[]);
    world.replays("HEAD");
}

#[test]
fn what_no_amend_can_let_go() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let event = world.git(&format!("ls-files .agentops/product-dev/events/{task}"));
    for (path, also) in
        [(event.as_str(), "AO-G4"), (".agentops/product-dev/standards/testing.md", "AO-G3"), ("src/login.rs", "AO-G4")]
    {
        let sha256 = Digest::of(world.sandbox.read(path).as_bytes());
        forge_redaction(&world, path, sha256);
        world.git(&format!("rm -q {path}"));
        world.commit("chore: redact it");
        let report = world.landing("main", "HEAD");
        assert!(laws(&report).is_superset(&["AO-G4", also].into()), "{path}\n{}", shown(&report));
        world.git("reset -q --hard main");
    }
}

#[test]
fn a_gate_passed_with_evidence_that_was_never_there() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    // Submit and redaction in one commit: nobody has ever seen these requirements.
    let path = world.document(&task, "requirements.md");
    let sha256 = Digest::of(b"nothing to see");
    world.forge(&task, EventKind::Submit, |event| event.evidence = vec![Evidence { path: path.clone(), sha256 }]);
    forge_redaction(&world, &path, sha256);
    world.commit("feat: requirements that nobody may read");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-E8", "AO-P1", "AO-G4"].into()), "{}", shown(&report));
    // Redacted beforehand, for bytes to come.
    world.git("reset -q --hard main");
    forge_redaction(&world, &path, sha256);
    world.commit("chore: redact what is to come");
    let report = world.breaks(&["AO-G4"]);
    assert!(shown(&report).contains("no event there names them"), "{}", shown(&report));
    world.forge(&task, EventKind::Submit, |event| event.evidence = vec![Evidence { path: path.clone(), sha256 }]);
    world.commit("feat: requirements that nobody may read");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-E8", "AO-P1", "AO-G4"].into()), "{}", shown(&report));
}

#[test]
fn a_submit_of_what_was_let_go() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    let path = world.document(&task, "requirements.md");
    let sha256 = Digest::of(world.sandbox.read(&path).as_bytes());
    redact(&world, &path);
    world.replays("main");
    world.branch("work");
    world.step(&task, EventKind::Rework, None);
    world.breaks(&[]);
    // The same digest again, whose bytes were judged once: nobody could read what is voted on.
    world.forge(&task, EventKind::Submit, |event| event.evidence = vec![Evidence { path: path.clone(), sha256 }]);
    world.commit("feat: the same requirements again");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-E8", "AO-P1"].into()), "{}", shown(&report));
}

#[test]
fn a_merge_brings_a_redaction_to_a_branch_that_has_the_file() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.learn(&task);
    let path = learning_path(&world);
    world.branch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    world.switch("main");
    redact(&world, &path);
    world.switch("work");
    world.git("merge --quiet --no-edit main");
    world.breaks(&[]);
    world.switch("main");
    world.git("merge --quiet --no-ff --no-edit work");
    world.replays("main");
}

#[test]
fn bytes_that_come_back() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.learn(&task);
    world.submit(&task);
    for path in [learning_path(&world), world.document(&task, "requirements.md")] {
        redact(&world, &path);
        world.git("switch -q -C work");
        // As an old clone has it, or a branch from before.
        world.git(&format!("checkout -q HEAD~1 -- {path}"));
        world.commit("docs: bring a lost file back");
        let report = world.breaks(&["AO-E1"]);
        assert!(shown(&report).contains("redacted these bytes, and they come back"), "{}", shown(&report));
        world.switch("main");
    }
    // Other bytes may take the place of a document.
    world.step(&task, EventKind::Rework, None);
    world.git("switch -q -C work");
    world.fill(&task);
    assert!(world.try_next(&task, "claude").is_err(), "the same text again");
    let path = world.document(&task, "requirements.md");
    let text = world.sandbox.read(&path) + "\nWithout the password.\n";
    world.sandbox.write(&path, text);
    world.next(&task);
    world.replays("work");
}

#[test]
fn a_reject_that_was_let_go() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.vote(&task, "bob", Verdict::Reject);
    let reject = world.git("ls-files .agentops/product-dev/votes");
    world.vote(&task, "alice", Verdict::Approve);
    world.branch("work");
    redact(&world, &reject);
    world.breaks(&[]);
    assert!(world.try_next(&task, "claude").is_err());
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("after amend 0001 redacted a vote on it"), "{}", shown(&report));
}
