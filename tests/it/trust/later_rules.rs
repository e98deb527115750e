//! Rules that come after a vote: what they take from an approval, and that they lift no reject.

use agentops::model::event::{EventKind, Signature};
use agentops::model::layout;
use agentops::model::vote::{Proof, Verdict};

use crate::sandbox::Sandbox;
use crate::world::{World, laws, principal, shown, told, warnings};

const OF_THE_CODE: &str = "name = \"code\"\npaths = [\"src/**\"]\n";

/// Adds a class of risk.
fn add_class(world: &World, asks: &str) {
    world.amend("alice", |text| format!("{text}\n[[gates.risk]]\n{asks}"));
}

/// Does the work of a task in its implement phase, and leaves it.
fn build(world: &World, task: &str) {
    world.fill(task);
    world.record(task);
    world.next(task);
}

#[test]
fn a_class_that_comes_after_the_plan_was_approved_is_met_by_no_plan() {
    for asks in ["vote = \"approval\"\nvoters = 2\nstages = [\"plan\"]\n", "voters = 2\n"] {
        let world = World::new();
        let task = world.open("Reset links expire");
        world.pass(&task);
        world.pass(&task);
        add_class(&world, &format!("{OF_THE_CODE}{asks}"));
        world.branch("work");
        build(&world, &task);
        let report = world.breaks(&["AO-G1"]);
        let named = format!("and the plan of `{task}` has not the votes that the class asks for");
        assert!(shown(&report).contains(&named), "{}", shown(&report));
        assert!(shown(&report).contains("the gate changed after it was cast"), "{}", shown(&report));
        // Approved anew, by as many as the class wants.
        world.switch("main");
        world.branch("again");
        world.step(&task, EventKind::Rewind, Some("spec"));
        world.submit(&task);
        world.vote(&task, "bob", Verdict::Approve);
        assert!(world.try_next(&task, "claude").is_err());
        world.vote(&task, "alice", Verdict::Approve);
        world.next(&task);
        // The plan may land first: its votes are over the gate with the class.
        world.breaks(&[]);
        world.git("branch -q --force main");
        build(&world, &task);
        world.breaks(&[]);
    }
}

#[test]
fn where_the_implement_gate_votes_for_the_class_the_plan_need_not() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    add_class(&world, &format!("{OF_THE_CODE}vote = \"review\"\n"));
    world.branch("work");
    build(&world, &task);
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.breaks(&[]);
}

#[test]
fn a_plan_that_was_rejected_late_meets_no_class() {
    let world = World::new();
    add_class(&world, &format!("{OF_THE_CODE}vote = \"approval\"\nstages = [\"plan\"]\n"));
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.pass(&task);
    reject(&world, &task, "alice");
    world.branch("work");
    build(&world, &task);
    let report = world.breaks(&["AO-G1"]);
    assert!(shown(&report).contains("`alice` rejects it"), "{}", shown(&report));
}

#[test]
fn a_class_by_paths_is_asked_before_code_lands() {
    for stages in ["\"research\"", "\"post\"", "\"research\", \"post\""] {
        let world = World::new();
        let config = world.sandbox.read(".agentops/config.toml");
        let class = format!("{OF_THE_CODE}vote = \"approval\"\nstages = [{stages}]\n");
        world.sandbox.write(".agentops/config.toml", format!("{config}\n[[gates.risk]]\n{class}"));
        let refused = told(&world.try_amend("alice").unwrap_err());
        assert!(refused.contains("the votes of this class are asked for when its paths"), "{refused}");
    }
}

/// Lists the key of `who` as compromised since `since`.
fn compromise(sandbox: &Sandbox, who: &str, since: &str) {
    let shown = sandbox.agentops("policy show --json").run().json();
    let signer = shown["signers"].as_array().unwrap().iter().find(|signer| signer["principal"] == who).unwrap();
    let table = format!("\n[[compromised]]\nkey = {}\nsince = \"{since}\"\n", signer["key"]);
    sandbox.write(".agentops/config.toml", sandbox.read(".agentops/config.toml") + &table);
    sandbox.agentops("policy amend --actor alice --reason").arg("The laptop was stolen").run().expect_code(0);
}

#[test]
fn an_approval_by_a_stolen_key_carries_no_new_code() {
    for (since, code) in [("2026-11-01T00:00:00Z", 3), ("2027-01-01T00:00:00Z", 0)] {
        let sandbox = Sandbox::signed();
        let task = sandbox.open_task("Reset passwords", "");
        sandbox.reach_implement(&task, "src/reset.txt");
        compromise(&sandbox, "bob", since);
        sandbox.git("checkout --quiet -b work");
        sandbox.implement(&task, "src/reset.txt");
        sandbox.bring_records(&task, 1);
        sandbox.next(&task).expect_code(0);
        let judged = sandbox.agentops("check --base main").run().expect_code(code);
        if code == 0 {
            continue;
        }
        assert!(judged.stdout.contains("error[AO-G1]"), "{}", judged.snapshot());
        let named = "whose vote of `bob` is signed by SHA256:";
        assert!(judged.stdout.contains(named), "{}", judged.snapshot());
        assert!(
            judged.stdout.contains(&format!("agentops phase rewind {} --to spec", task.id)),
            "{}",
            judged.snapshot()
        );
        let pushed = sandbox.agentops("check --base main --onto refs/heads/work").run().expect_code(0);
        assert!(pushed.stdout.contains("warning[AO-G1]"), "{}", pushed.snapshot());
    }
}

#[test]
fn an_approval_by_somebody_else_carries_on() {
    let sandbox = Sandbox::signed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_spec(&task);
    sandbox.fill_spec(&task, "src/reset.txt");
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    let second = sandbox.vote(&format!("approve {} --actor alice", task.id), &task);
    assert_eq!(second.code, 0, "{}", second.text);
    sandbox.next(&task).expect_code(0);
    compromise(&sandbox, "bob", "2026-11-01T00:00:00Z");
    sandbox.git("checkout --quiet -b work");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    sandbox.next(&task).expect_code(0);
    sandbox.agentops("check --base main").run().expect_code(0);
}

/// A reject that lies there as a file and is committed.
fn reject(world: &World, task: &str, voter: &str) {
    world.forge_vote(task, |vote| {
        vote.voter = principal(voter);
        vote.verdict = Verdict::Reject;
        vote.reason = "the second requirement cannot be tested".to_owned();
    });
    world.commit("chore: reject");
}

#[test]
fn a_class_that_wants_signatures_lifts_no_reject() {
    let sandbox = Sandbox::governed_with(&[Proof::Terminal, Proof::Simulated]);
    sandbox.write(".agentops/allowed_signers", sandbox.new_key("alice", "ed25519"));
    sandbox.agentops("policy amend --reason").arg("Alice has a key").run().expect_code(0);
    let task = sandbox.waiting_task("Reset passwords");
    let rejected = sandbox.vote(&format!("reject {} --actor bob --reason \"Untested\"", task.id), &task);
    assert_eq!(rejected.code, 0, "{}", rejected.text);
    let config = sandbox.read(".agentops/config.toml");
    let class = "[[gates.risk]]\nname = \"all\"\nproof = \"signature\"\n";
    sandbox.write(".agentops/config.toml", format!("{config}\n{class}"));
    sandbox.agentops("policy amend --reason").arg("Votes are signed").run().expect_code(0);
    let approved = sandbox.vote(&format!("approve {} --actor alice", task.id), &task);
    assert_eq!(approved.code, 0, "{}", approved.text);
    let refused = sandbox.next(&task);
    assert_ne!(refused.code, Some(0), "{}", refused.snapshot());
    assert!(refused.stderr.contains("bob"), "{}", refused.snapshot());
    assert_eq!(sandbox.standing(&task), "research waiting");
}

/// A task that Bob rejected and Alice approved; then the rules change; then it is advanced by hand.
fn advanced_past_the_reject(change: impl FnOnce(String) -> String) -> World {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.vote(&task, "bob", Verdict::Reject);
    world.vote(&task, "alice", Verdict::Approve);
    world.amend("alice", change);
    world.branch("work");
    assert!(world.try_next(&task, "claude").is_err());
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    world
}

#[test]
fn a_reject_outlives_the_right_to_it() {
    let bob =
        "[actors.bob]\nkind = \"human\"\nemails = [\"bob@example.org\"]\nprofiles = [\"*\"]\nroles = [\"reviewer\"]\n";
    let changes: [fn(&str) -> String; 4] = [
        |_| String::new(),
        |bob| bob.replace("\"human\"", "\"agent\"").replace("[\"reviewer\"]", "[]"),
        |bob| bob.replace("[\"*\"]", "[]"),
        |bob| format!("{bob}\n[[gates.risk]]\nname = \"all\"\nroles = [\"owner\"]\n"),
    ];
    for change in changes {
        let world = advanced_past_the_reject(|text| {
            assert!(text.contains(bob), "{text}");
            text.replace(bob, &change(bob))
        });
        let report = world.breaks(&["AO-G1"]);
        assert!(shown(&report).contains("although bob rejected it"), "{}", shown(&report));
    }
}

#[test]
fn a_signed_reject_outlives_its_key() {
    for lost in [true, false] {
        let sandbox = Sandbox::signed();
        let task = sandbox.waiting_task("Reset passwords");
        let rejected = sandbox.vote(&format!("reject {} --actor bob --reason \"Untested\"", task.id), &task);
        assert_eq!(rejected.code, 0, "{}", rejected.text);
        let approved = sandbox.vote(&format!("approve {} --actor alice", task.id), &task);
        assert_eq!(approved.code, 0, "{}", approved.text);
        if lost {
            let signers = sandbox.read(".agentops/allowed_signers");
            let others: Vec<&str> = signers.lines().filter(|line| !line.starts_with("bob ")).collect();
            sandbox.write(".agentops/allowed_signers", others.join("\n") + "\n");
            sandbox.agentops("policy amend --actor alice --reason").arg("Bob has left").run().expect_code(0);
        } else {
            compromise(&sandbox, "bob", "2026-11-01T00:00:00Z");
        }
        let refused = sandbox.next(&task);
        assert_ne!(refused.code, Some(0), "{}", refused.snapshot());
    }
}

#[test]
fn a_reject_by_nobody_stops_and_is_named_and_a_broken_one_does_neither() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.vote(&task, "bob", Verdict::Approve);
    world.branch("work");
    reject(&world, &task, "mallory");
    world.forge(&task, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    let report = world.breaks(&["AO-G1"]);
    assert!(warnings(&report).contains("AO-G2"), "{}", shown(&report));
    let said = "`mallory` is not an actor of the policy; a reject stands all the same, until a rework";
    assert!(shown(&report).contains(said), "{}", shown(&report));
    // One that says it is signed and is not is no reject of anybody.
    world.switch("main");
    world.branch("broken");
    world.forge_vote(&task, |vote| {
        vote.verdict = Verdict::Reject;
        vote.reason = "the second requirement cannot be tested".to_owned();
        vote.proof = Proof::Signature;
        vote.signature = Some(Signature { armor: "-----BEGIN SSH SIGNATURE-----\n".into() });
    });
    world.commit("chore: reject");
    world.next(&task);
    let report = world.landing("main", "HEAD");
    assert_eq!((laws(&report).len(), warnings(&report).contains("AO-G2")), (0, true), "{}", shown(&report));
}

#[test]
fn the_first_edition_of_the_laws_counts_rejects_as_it_did() {
    let world = World::new();
    let format = world.sandbox.read(layout::FORMAT).replace("laws = 2", "laws = 1");
    world.sandbox.write(layout::FORMAT, format);
    world.git("commit --quiet --all --amend --no-edit --no-verify");
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.vote(&task, "bob", Verdict::Reject);
    world.vote(&task, "alice", Verdict::Approve);
    assert!(world.try_next(&task, "claude").is_err());
    world.amend("alice", |text| {
        text.replace("roles = [\"reviewer\"]", "roles = []").replace(
            "emails = [\"bob@example.org\"]\nprofiles = [\"*\"]",
            "emails = [\"bob@example.org\"]\nprofiles = []",
        )
    });
    world.next(&task);
}
