//! Classes of risk: what they ask for, whom they meet, and that nobody slips away from them.

use agentops::model::canonical::Canonical as _;
use agentops::model::event::{Event, EventKind, EventName};
use agentops::model::state::Status;

use crate::lifecycle::setting::Task;
use crate::sandbox::{Sandbox, lawful};

/// Adds a class to the config of `sandbox`.
fn with_class(sandbox: Sandbox, class: &str) -> Sandbox {
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", format!("{config}\n[[gates.risk]]\n{class}"));
    sandbox.agentops("policy amend --reason").arg("Payments are dear").run().expect_code(0);
    sandbox
}

fn approve_as(sandbox: &Sandbox, voter: &str, task: &Task) {
    let ending = sandbox.vote(&format!("approve {} --actor {voter}", task.id), task);
    assert_eq!(ending.code, 0, "{}", ending.text);
}

/// Replaces the newest event of `task`, which HEAD brings, by what `forge` makes of it, past the hooks.
fn forge(sandbox: &Sandbox, task: &Task, forge: impl FnOnce(&mut Event)) {
    let folder = format!(".agentops/product-dev/events/{}", task.id);
    let listed = sandbox.git(&format!("ls-tree -r --name-only HEAD {folder}/"));
    let path = listed.lines().last().unwrap();
    let mut event = Event::parse(sandbox.read(path).as_bytes()).unwrap();
    forge(&mut event);
    sandbox.git(&format!("rm --quiet {path}"));
    sandbox.write(&format!("{folder}/{}", EventName::of(&event)), event.print());
    sandbox.git(&format!("add {folder}"));
    sandbox.git("commit --quiet --no-verify --amend --no-edit");
}

#[test]
fn a_label_asks_for_more_voters() {
    let class = "name = \"payments\"\nlabels = [\"payments\"]\nvoters = 2\nstages = [\"research\"]\n";
    let sandbox = with_class(Sandbox::governed(), class);
    let task = sandbox.open_task("Reset passwords", "--label payments");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    insta::assert_snapshot!(sandbox.agentops("gate list").run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pn0a: Reset passwords
      Validation Gate 1: Requirements review (phase research of product-dev)
      submit <id>
      .agentops/product-dev/specs/2026-11-21-reset-passwords-pn0a/requirements.md <id>
      wants review by 2 humans; done by claude
      class: payments: its label `payments`
      votes count by terminal
      next: agentops gate approve reset-passwords-pn0a
    ");
    let listed = sandbox.agentops("gate list --json").run().json();
    let gate = &listed["gates"][0];
    assert_eq!(gate["classes"], serde_json::json!([{"name": "payments", "why": "its label `payments`"}]));
    assert_eq!((&gate["wanted"], &gate["four_eyes"]), (&2.into(), &"claimed".into()));
    assert_eq!(sandbox.status(&task)["classes"][0]["name"], "payments");
    approve_as(&sandbox, "bob", &task);
    let waits = sandbox.next(&task).expect_code(4);
    assert!(waits.stderr.contains("1 of 2 votes"), "{}", waits.snapshot());
    approve_as(&sandbox, "alice", &task);
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    let note = "class `payments` tightens the gate of research (its label `payments`)";
    assert!(judged.stdout.contains(note), "{}", judged.snapshot());
    assert_eq!(sandbox.status(&task)["classes"], serde_json::json!([]), "the class is for research alone");
    let other = sandbox.waiting_task("Delete accounts");
    approve_as(&sandbox, "bob", &other);
    sandbox.next(&other).expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn an_advance_with_too_few_voters_for_its_class_is_refused() {
    let class = "name = \"payments\"\nlabels = [\"payments\"]\nvoters = 2\n";
    let sandbox = with_class(Sandbox::governed(), class);
    sandbox.git("checkout --quiet -b loosened");
    let task = sandbox.open_task("Reset passwords", "--label payments");
    sandbox.fill_requirements(&task);
    // The branch takes the class away for itself: the base still has it.
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config.split("\n[[gates.risk]]").next().unwrap().to_owned() + "\n");
    sandbox.agentops("policy amend --reason").arg("One voter is enough").run().expect_code(0);
    sandbox.next(&task).expect_code(4);
    approve_as(&sandbox, "bob", &task);
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1]"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("left `research` with 0 of 2 approvals"), "{}", judged.snapshot());
}

#[test]
fn a_label_is_not_dropped_on_the_way() {
    let class = "name = \"payments\"\nlabels = [\"payments\"]\nvoters = 2\n";
    let sandbox = with_class(Sandbox::governed(), class);
    let task = sandbox.open_task("Reset passwords", "--label payments");
    sandbox.git("checkout --quiet -b relabelled");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    forge(&sandbox, &task, |event| event.state.labels.clear());
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(
        judged.stdout.contains("error[AO-E4]") && judged.stdout.contains("`labels` must be"),
        "{}",
        judged.snapshot()
    );
    // Nor does the gate forget it.
    let listed = sandbox.agentops("gate list --json").run().json();
    assert_eq!(listed["gates"][0]["classes"][0]["name"], "payments", "{listed:#}");
}

/// A task that plans nothing of billing, and changes it.
fn changed_beside_the_plan(sandbox: &Sandbox) -> Task {
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/token.txt");
    sandbox.bring_records(&task, 1);
    sandbox.implement(&task, "src/token.txt");
    sandbox.write("src/billing/rate.txt", "3 percent\n");
    sandbox.git("add src/billing");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat(billing): rates")).run().expect_code(0);
    task
}

const BILLING: &str =
    "name = \"billing\"\npaths = [\"src/billing/**\"]\nstages = [\"plan\", \"implement\"]\nvote = \"approval\"\n";

#[test]
fn a_path_beside_the_plan_raises_a_gate_of_checks_alone_to_a_vote() {
    let sandbox = with_class(Sandbox::governed(), BILLING);
    let task = changed_beside_the_plan(&sandbox);
    sandbox.git("branch before");
    sandbox.next(&task).expect_code(4);
    let gate = sandbox.agentops("gate list --json").run().json()["gates"][0].clone();
    assert_eq!((&gate["phase"], &gate["vote"], &gate["wanted"]), (&"implement".into(), &"approval".into(), &1.into()));
    assert_eq!(gate["classes"][0]["why"], "its path `src/billing/rate.txt`");
    approve_as(&sandbox, "bob", &task);
    sandbox.next(&task).expect_code(0);
    assert_eq!(sandbox.standing(&task), "implement done");
    sandbox.agentops("check --all").run().expect_code(0);
    sandbox.agentops("check --base before").run().expect_code(0);
}

#[test]
fn nobody_advances_past_a_raised_gate_by_hand() {
    let sandbox = with_class(Sandbox::governed(), BILLING);
    let task = changed_beside_the_plan(&sandbox);
    sandbox.git("checkout --quiet -b forged");
    sandbox.next(&task).expect_code(4);
    forge(&sandbox, &task, |event| {
        event.kind = EventKind::Advance;
        event.state.status = Status::Done;
    });
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-E4]"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("the gate of phase `implement` wants a vote"), "{}", judged.snapshot());
}

#[test]
fn a_class_asks_for_signatures_and_roles() {
    let sandbox = Sandbox::governed();
    sandbox.write(".agentops/allowed_signers", sandbox.new_key("bob", "ed25519"));
    let class = "name = \"payments\"\nlabels = [\"payments\"]\nproof = \"signature\"\nroles = [\"owner\"]\n";
    let sandbox = with_class(sandbox, class);
    let task = sandbox.open_task("Reset passwords", "--label payments");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let refused = sandbox.agentops(&format!("gate approve {} --actor bob", task.id)).run().expect_code(1);
    assert!(refused.stderr.contains("none of the roles this gate wants: owner"), "{}", refused.snapshot());
    let refused = sandbox.agentops(&format!("gate approve {} --actor alice", task.id)).run().expect_code(1);
    assert!(refused.stderr.contains("`alice` has no key in"), "{}", refused.snapshot());
    let other = sandbox.waiting_task("Delete accounts");
    approve_as(&sandbox, "alice", &other);
    sandbox.next(&other).expect_code(0);
}

#[test]
fn a_class_asks_for_proof_that_the_voter_is_no_doer() {
    let sandbox = Sandbox::signed();
    let signers = sandbox.read(".agentops/allowed_signers") + &sandbox.new_key("claude", "ed25519");
    sandbox.write(".agentops/allowed_signers", signers);
    let class = "name = \"payments\"\nlabels = [\"payments\"]\nfour_eyes = \"proved\"\n";
    let sandbox = with_class(sandbox, class);
    let task = sandbox.open_task("Reset passwords", "--label payments");
    sandbox.fill_requirements(&task);
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @"
    exit 1
    --- stderr
    error: no vote on an unsigned submit of `reset-passwords-jrej` would count: that its voter did not do the work must be proved here
    hint: sign it: agentops phase next reset-passwords-jrej --sign
    ");
    // Submitted unsigned by the laws of a branch that has no such class, it is refused by those of the base.
    sandbox.git("checkout --quiet -b loosened");
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config.replace("\"proved\"", "\"claimed\""));
    sandbox.agentops("policy amend --reason").arg("Names are believed").run().expect_code(0);
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1]"), "{}", judged.snapshot());
    sandbox.git("checkout --quiet --force main");
    sandbox.fill_requirements(&task);
    sandbox.agentops(&format!("phase next {} --actor claude --sign", task.id)).run().expect_code(4);
    sandbox.approve(&task);
    let moved = sandbox.next(&task).expect_code(0);
    assert!(
        moved.stderr.contains("; submit and vote are signed with different people's keys)"),
        "{}",
        moved.snapshot()
    );
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn classes_are_judged_where_the_second_edition_of_the_laws_is() {
    let sandbox = Sandbox::governed();
    let format = sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 ");
    sandbox.write(".agentops/format.toml", format);
    sandbox.git("commit --quiet --all --amend --no-edit --no-verify");
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", format!("{config}\n[[gates.risk]]\n{BILLING}"));
    let refused = sandbox.agentops("policy amend --reason").arg("Payments are dear").run().expect_code(1);
    assert!(refused.stderr.contains("are judged from edition 2 of the laws on"), "{}", refused.snapshot());
}

/// Commits `text` at `src/billing/pay.txt`, through the hooks.
fn pay(sandbox: &Sandbox, text: &str) {
    sandbox.write("src/billing/pay.txt", format!("{text}\n"));
    sandbox.git("add src/billing");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat(billing): pay at once")).run().expect_code(0);
}

#[test]
fn a_path_of_a_class_does_not_land_outside_of_any_task() {
    let sandbox = with_class(Sandbox::governed(), BILLING);
    sandbox.git("checkout --quiet -b work");
    pay(&sandbox, "at once");
    insta::assert_snapshot!(sandbox.agentops("check --base main").run().snapshot_without_ids(), @"
    exit 3
    --- stdout
    error[AO-G1] src/billing/pay.txt: `src/billing/pay.txt` is of the class `billing`, and no task that passes its implement gate here lists it as it is
      fix: make the change in a task, so that the votes of its class are asked for: `agentops task new`, plan the path, and let `agentops phase next` write the manifest

    note: 1 changed path belongs to no task's manifest: src/billing/pay.txt
    fail: 1 error, 0 warnings in 1 commit (refs/heads/main <id>..<id>)
    --- stderr
    hint: agentops explain AO-G1
    ");
    // On its way it may be pushed for others to see.
    let pushed = sandbox.agentops("check --base main --onto refs/heads/work").run().expect_code(0);
    assert!(pushed.stdout.contains("before it lands on a protected branch"), "{}", pushed.snapshot());
    // What landed is the base's: a branch that merges it does not bring it.
    sandbox.git("checkout --quiet -b other main");
    sandbox.write("notes.txt", "1\n");
    sandbox.commit_all(&lawful("docs: notes"));
    sandbox.git("branch --force main work");
    sandbox.git("merge --quiet --no-edit main");
    sandbox.agentops("check --base main").run().expect_code(0);
}

#[test]
fn a_path_of_a_class_is_listed_as_it_lands() {
    let sandbox = with_class(Sandbox::governed(), BILLING);
    sandbox.git("checkout --quiet -b work");
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/billing/token.txt");
    sandbox.bring_records(&task, 1);
    sandbox.implement(&task, "src/billing/token.txt");
    // A manifest that waits for its votes has none yet.
    sandbox.next(&task).expect_code(4);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1] src/billing/token.txt"), "{}", judged.snapshot());
    approve_as(&sandbox, "bob", &task);
    sandbox.next(&task).expect_code(0);
    sandbox.agentops("check --base main").run().expect_code(0);
    // Done, with a manifest that leaves it out.
    pay(&sandbox, "at once");
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1] src/billing/pay.txt"), "{}", judged.snapshot());
    assert!(!judged.stdout.contains("error[AO-G1] src/billing/token.txt"), "{}", judged.snapshot());
}

#[test]
fn a_class_that_asks_for_voters_alone_wants_its_paths_planned() {
    let class = "name = \"billing\"\npaths = [\"src/billing/**\"]\nvoters = 2\n";
    let sandbox = with_class(Sandbox::governed(), class);
    sandbox.git("checkout --quiet -b work");
    let task = changed_beside_the_plan(&sandbox);
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    let message = format!("`{}` changed it beyond its plan through a gate without a vote", task.id);
    assert!(judged.stdout.contains(&message), "{}", judged.snapshot());
}
