//! Attacks on gates: votes by the wrong hand, with the wrong proof, in the wrong place, at the wrong time.

use agentops::model::canonical::Canonical as _;
use agentops::model::event::EventKind;
use agentops::model::name::TaskId;
use agentops::model::vote::{Proof, Verdict, Vote};

use crate::world::{World, laws, principal, shown, warnings};

/// A task whose requirements wait for a vote on `main`, and a branch for what follows.
fn waiting() -> (World, String) {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.branch("work");
    (world, task)
}

/// Commits a forged vote and an advance that rests on it.
fn advance_on(world: &World, task: &str, forge: impl FnOnce(&mut Vote)) {
    world.forge_vote(task, forge);
    world.commit("chore: vote by hand");
    world.forge(task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
}

#[test]
fn a_forged_vote_that_is_as_it_should_be_carries() {
    let (world, task) = waiting();
    advance_on(&world, &task, |_| {});
    let report = world.breaks(&[]);
    assert!(report.notes.iter().any(|note| note.contains("could be written by an agent")), "{}", shown(&report));
}

#[test]
fn no_vote_at_all() {
    let (world, task) = waiting();
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    world.breaks(&["AO-G1"]);
}

#[test]
fn a_vote_of_an_agent() {
    let (world, task) = waiting();
    assert!(world.try_vote(&task, "claude", Verdict::Approve).is_err());
    advance_on(&world, &task, |vote| vote.voter = principal("claude"));
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("agents never vote"), "{}", shown(&report));
}

#[test]
fn a_vote_of_a_stranger() {
    let (world, task) = waiting();
    advance_on(&world, &task, |vote| vote.voter = principal("mallory"));
    world.breaks(&["AO-G1"]);
}

#[test]
fn a_vote_of_the_doer() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.fill(&task);
    world.try_next(&task, "alice").unwrap();
    world.branch("work");
    assert!(world.try_vote(&task, "alice", Verdict::Approve).is_err());
    advance_on(&world, &task, |vote| vote.voter = principal("alice"));
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("did the work"), "{}", shown(&report));
}

#[test]
fn a_vote_without_an_accepted_proof() {
    let (world, task) = waiting();
    advance_on(&world, &task, |vote| vote.proof = Proof::Simulated);
    let report = world.breaks(&["AO-G1"]);
    assert!(warnings(&report).contains("AO-G2"), "{}", shown(&report));
}

#[test]
fn a_signature_that_nobody_verified() {
    let world = World::with(|text| text.replace("proof = [\"terminal\"]", "proof = [\"signature\"]"));
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.branch("work");
    advance_on(&world, &task, |vote| {
        vote.proof = Proof::Signature;
        vote.signature = Some(agentops::model::event::Signature { armor: "-----BEGIN SSH SIGNATURE-----\n".into() });
    });
    world.breaks(&["AO-G1"]);
}

#[test]
fn a_vote_on_another_gate() {
    let (world, task) = waiting();
    advance_on(&world, &task, |vote| vote.gate = agentops::model::digest::Digest::of(b"another gate"));
    world.breaks(&["AO-G1"]);
}

#[test]
fn an_approval_replayed_on_a_later_submit() {
    let (world, task) = waiting();
    let path = world.forge_vote(&task, |_| {});
    world.commit("chore: vote by hand");
    world.step(&task, EventKind::Rework, None);
    world.submit(&task);
    let chain = world.chain(&task);
    let submit = chain.head().unwrap().digest.short();
    let parts: Vec<&str> = path.rsplitn(3, '/').collect();
    let moved = format!("{}/{submit}/{}", parts[2], parts[0]);
    world.sandbox.write(&moved, world.sandbox.read(&path));
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    world.breaks(&["AO-E2", "AO-G1"]);
}

#[test]
fn an_approval_replayed_on_another_task() {
    let (world, task) = waiting();
    let other = world.open("Second factor by mail");
    world.submit(&other);
    let path = world.forge_vote(&task, |_| {});
    world.commit("chore: vote by hand");
    let chain = world.chain(&other);
    let vote = Vote::parse(world.sandbox.read(&path).as_bytes()).unwrap();
    let folder = format!(".agentops/product-dev/votes/{other}/{}", chain.head().unwrap().digest.short());
    world.sandbox.write(&format!("{folder}/{}", vote.file_name()), vote.print());
    world.forge(&other, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    world.breaks(&["AO-E2", "AO-G1", "AO-G2"]);
}

#[test]
fn an_approval_from_another_project() {
    let (world, task) = waiting();
    advance_on(&world, &task, |vote| vote.project = "ff".repeat(16));
    world.breaks(&["AO-E2", "AO-G1"]);
}

#[test]
fn a_vote_on_what_is_not_there() {
    let (world, task) = waiting();
    world.forge_vote(&task, |vote| vote.task = TaskId::parse("other-k3f9").unwrap());
    world.commit("chore: vote by hand");
    world.breaks(&["AO-E2"]);
    world.git("reset -q --hard main");
    let mut vote = Vote::parse(world.sandbox.read(&world.forge_vote(&task, |_| {})).as_bytes()).unwrap();
    world.sandbox.try_git("clean -fdq").run().expect_code(0);
    vote.submit = agentops::model::digest::Digest::of(b"no event");
    let folder = format!(".agentops/product-dev/votes/{task}/{}", vote.submit.short());
    world.commit_file(&format!("{folder}/{}", vote.file_name()), vote.print(), "chore: vote by hand");
    world.breaks(&["AO-G2"]);
}

#[test]
fn approve_and_reject_of_one_voter_count_as_reject() {
    let (world, task) = waiting();
    world.vote(&task, "bob", Verdict::Reject);
    advance_on(&world, &task, |_| {});
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("although bob rejected it"), "{}", shown(&report));
}

#[test]
fn a_reject_that_lands_with_the_advance_stops_it() {
    let (world, task) = waiting();
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.forge_vote(&task, |vote| {
        vote.voter = principal("alice");
        vote.verdict = Verdict::Reject;
        vote.reason = "the second requirement cannot be tested".to_owned();
    });
    world.commit("chore: reject");
    world.breaks(&["AO-G1"]);
}

#[test]
fn a_reject_below_an_advance_that_landed_is_named() {
    let (world, task) = waiting();
    world.switch("main");
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.git("switch --quiet -C work");
    world.forge_vote(&task, |vote| {
        vote.voter = principal("alice");
        vote.verdict = Verdict::Reject;
        vote.reason = "the second requirement cannot be tested".to_owned();
    });
    world.commit("chore: reject");
    let report = world.breaks(&[]);
    assert!(warnings(&report).contains("AO-G2"), "{}", shown(&report));
    assert!(shown(&report).contains("has already moved on"), "{}", shown(&report));
}

#[test]
fn malformed_vote_files() {
    let (world, task) = waiting();
    let path = world.forge_vote(&task, |_| {});
    let good = world.sandbox.read(&path).into_bytes();
    std::fs::remove_file(world.sandbox.path().join(&path)).unwrap();
    let cases: [(&str, Vec<u8>); 4] = [
        ("oversized", [good.as_slice(), &vec![b'#'; 70_000]].concat()),
        ("with CRLF", String::from_utf8(good.clone()).unwrap().replace('\n', "\r\n").into_bytes()),
        ("with a byte order mark", [b"\xef\xbb\xbf", good.as_slice()].concat()),
        ("not UTF-8", [good.as_slice(), b"\xff\n"].concat()),
    ];
    for (what, bytes) in cases {
        let digest = agentops::model::digest::Digest::of(&bytes).short();
        let name = format!("{}-{digest}.toml", path.rsplit_once('-').unwrap().0);
        world.sandbox.write(&name, bytes);
        world.commit("chore: vote by hand");
        let report = world.landing("main", "HEAD");
        assert!(laws(&report).contains("AO-E2"), "{what}\n{}", shown(&report));
        let others: Vec<&str> =
            laws(&report).into_iter().filter(|law| !["AO-E2", "AO-G2", "AO-Y1"].contains(law)).collect();
        assert!(others.is_empty(), "{what}\n{}", shown(&report));
        world.git("reset -q --hard main");
    }
}

#[test]
fn an_unneeded_advance_on_a_vote_for_the_attempt_before() {
    let (world, task) = waiting();
    world.vote(&task, "bob", Verdict::Approve);
    world.step(&task, EventKind::Rework, None);
    world.submit(&task);
    assert!(world.try_next(&task, "claude").is_err(), "the vote was on the submit before");
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    world.breaks(&["AO-G1"]);
}

#[test]
fn a_session_that_names_the_voter_lifts_no_reject() {
    let (world, task) = waiting();
    world.vote(&task, "alice", Verdict::Approve);
    world.vote(&task, "bob", Verdict::Reject);
    // Anybody can write such a record; a doer's approval counts for nothing, and a doer's reject does.
    world.record_of("bob", &task);
    assert!(world.try_next(&task, "claude").is_err());
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("although bob rejected it"), "{}", shown(&report));
}

#[test]
fn a_rework_makes_nobody_a_stranger_to_the_work() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.fill(&task);
    world.try_next(&task, "alice").unwrap();
    world.branch("work");
    world.step(&task, EventKind::Rework, None);
    world.next(&task);
    assert!(world.try_vote(&task, "alice", Verdict::Approve).is_err());
    advance_on(&world, &task, |vote| vote.voter = principal("alice"));
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("`alice` did the work"), "{}", shown(&report));
}
