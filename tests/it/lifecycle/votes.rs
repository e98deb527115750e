//! Who may vote, where a vote goes, and what it binds.

use agentops::model::vote::Proof;

use super::setting::Task;
use crate::sandbox::{Sandbox, lawful};

fn waiting() -> (Sandbox, Task) {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    (sandbox, task)
}

#[test]
fn a_vote_shows_all_that_is_voted_on() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    let path = task.document("requirements.md");
    sandbox.write(
        &path,
        sandbox.read(&path) + "\n## Open questions\nWhat does \u{202e}evil\u{1b}[2J mean for the export?\n",
    );
    sandbox.next(&task).expect_code(4);
    let mut terminal = sandbox.terminal(&format!("gate approve {} --actor bob --color never", task.id));
    terminal.wait_for("to leave:");
    terminal.type_line("yes");
    terminal.wait_for(&format!("that is not `{}`; nothing was written", task.id));
    terminal.wait_for("to leave:");
    terminal.type_line(&task.id);
    let ending = terminal.finish();
    assert_eq!(ending.code, 0, "{}", ending.text);
    for shown in [
        "Validation Gate 1: Requirements review (phase research of product-dev)",
        "wants review by 1 human; done by claude",
        "  | Visitors who forget their password write to support: 41 tickets",
        "  | What does \\u{202e}evil\\u{1b}[2J mean for the export?",
        "you vote as bob; proof: terminal (unauthenticated: could be written by an agent)",
        "approved by bob (unauthenticated: could be written by an agent)",
    ] {
        assert!(ending.text.contains(shown), "`{shown}` is not in:\n{}", ending.text);
    }
}

#[test]
fn agents_doers_and_scripts_do_not_vote() {
    let (sandbox, task) = waiting();
    let refused = |arguments: &str, marker: bool| {
        let call = sandbox.agentops(&format!("gate approve {} {arguments}", task.id));
        let call = if marker { call.env("CLAUDECODE", "1") } else { call };
        call.run().expect_code(1).stderr
    };
    assert!(refused("--actor claude", false).starts_with("error: `claude` is an agent: agents never vote\n"));
    assert!(refused("--actor bob", true).starts_with("error: `claude` runs this command (`CLAUDECODE` is set)"));
    assert!(refused("--actor bob", false).contains("error: a vote is given by a person at a terminal"));
    assert!(refused("--actor bob --simulated", false).contains("accepts votes by terminal only, not by simulated"));
    // Whoever did the work does not vote on it.
    let own = sandbox.open_task("Own work", "");
    sandbox.fill_requirements(&own);
    sandbox.agentops(&format!("phase next {}", own.id)).run().expect_code(4);
    let doer = sandbox.agentops(&format!("gate approve {}", own.id)).run().expect_code(1);
    assert!(doer.stderr.contains("`alice` did the work that is voted on"), "{}", doer.snapshot());
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn a_reject_sends_the_task_back() {
    let (sandbox, task) = waiting();
    let ending = sandbox.vote(&format!("reject {} --actor bob --reason \"No measures\"", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    let status = sandbox.status(&task);
    assert_eq!(status["waiting_for"], serde_json::json!(["rework after a reject by bob: No measures"]));
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @r#"
    exit 1
    --- stderr
    error: `reset-passwords-pfb9` was rejected by bob: No measures
    hint: agentops phase rework reset-passwords-pfb9 --reason "…"
    "#);
    let rework = sandbox.agentops(&format!("phase rework {} --actor claude --reason \"As Bob says\"", task.id)).run();
    rework.expect_code(0);
    let path = task.document("requirements.md");
    sandbox.write(&path, sandbox.read(&path).replace("10 hoped for", "5 hoped for"));
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    assert_eq!(sandbox.standing(&task), "spec working");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn the_same_vote_again_is_done_already() {
    let (sandbox, task) = waiting();
    sandbox.approve(&task);
    let head = sandbox.git("rev-parse HEAD");
    let again = sandbox.agentops(&format!("gate approve {} --actor bob", task.id)).run().expect_code(0);
    assert!(again.stderr.contains("bob said so already; nothing was written"), "{}", again.snapshot());
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    // A reject outweighs the same person's approve, and nothing takes it back.
    let ending = sandbox.vote(&format!("reject {} --actor bob --reason \"On second thought\"", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    let gates = sandbox.agentops("gate list --json").run().expect_code(0).json();
    assert_eq!(
        (&gates["gates"][0]["approvals"], &gates["gates"][0]["rejects"]),
        (&serde_json::json!([]), &serde_json::json!(["bob"]))
    );
    sandbox.next(&task).expect_code(1);
}

#[test]
fn after_a_rewind_the_difference_to_what_was_approved_is_shown() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_spec(&task);
    let back = format!("phase rewind {} --to research --actor claude --reason \"New figures\"", task.id);
    sandbox.agentops(&back).run().expect_code(0);
    let path = task.document("requirements.md");
    sandbox.write(&path, sandbox.read(&path).replace("10 hoped for", "5 hoped for"));
    sandbox.next(&task).expect_code(4);
    let ending = sandbox.vote(&format!("approve {} --actor bob --color never", task.id), &task);
    assert!(ending.text.contains("against what was approved before:"), "{}", ending.text);
    assert!(ending.text.contains("  -Tickets that mention") && ending.text.contains("  +Tickets that mention"));
    assert!(!ending.text.contains("Registered customers"), "{}", ending.text);
    sandbox.next(&task).expect_code(0);
}

#[test]
fn votes_go_to_other_branches_and_into_files() {
    let (sandbox, task) = waiting();
    sandbox.git("branch feature");
    sandbox.git("reset --quiet --hard HEAD~2");
    sandbox.write("notes.txt", "mine\n");
    let gates = sandbox.agentops("gate list --json").run().expect_code(0).json();
    assert_eq!(gates["gates"], serde_json::json!([]));
    let gates = sandbox.agentops("gate list --all-refs --json").run().expect_code(0).json();
    assert_eq!((&gates["gates"][0]["task"], &gates["gates"][0]["ref"]), (&task.id.as_str().into(), &"feature".into()));
    // A file, for reviewers without push rights: where it belongs is said, and anyone may commit it.
    let ending = sandbox.vote(&format!("approve {} --actor bob --ref feature --out ../vote.toml", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    assert!(ending.text.contains(".agentops/product-dev/votes/"), "{}", ending.text);
    assert!(std::fs::read_to_string(sandbox.root().join("vote.toml")).unwrap().contains("voter = \"bob\""));
    // The branch itself.
    let head = sandbox.git("rev-parse HEAD");
    let ending = sandbox.vote(&format!("approve {} --actor bob --ref feature", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    assert!(ending.text.contains("git push origin feature"), "{}", ending.text);
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    assert_eq!(sandbox.git("status --porcelain"), "?? notes.txt");
    assert!(sandbox.git("log -1 --format=%s feature").contains("approve"));
    sandbox.git("checkout --quiet feature");
    sandbox.next(&task).expect_code(0);
    // A branch that is checked out elsewhere is not moved under somebody's feet.
    let second = sandbox.open_task("Second", "");
    sandbox.fill_requirements(&second);
    sandbox.next(&second).expect_code(4);
    let linked = sandbox.worktree("linked");
    let ending = linked.vote(&format!("approve {} --actor bob --ref feature", second.id), &second);
    assert_eq!(ending.code, 6, "{}", ending.text);
    // The own branch by name is HEAD: index and working tree follow.
    let ending = sandbox.vote(&format!("approve {} --actor bob --ref feature", second.id), &second);
    assert_eq!(ending.code, 0, "{}", ending.text);
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
}

#[test]
fn simulated_votes_count_only_where_they_are_accepted() {
    let sandbox = Sandbox::governed_with(&[Proof::Simulated]);
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let vote = sandbox.agentops(&format!("gate approve {} --actor bob --simulated --json", task.id)).run();
    assert_eq!(vote.expect_code(0).json()["worth"], "simulated: no person voted");
    sandbox.next(&task).expect_code(0);
    let help = sandbox.agentops("gate approve --help").run().expect_code(0);
    assert!(!help.stdout.contains("simulated"));
}

#[test]
fn a_vote_goes_to_a_branch_or_nowhere() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    sandbox.git("branch side");
    sandbox.commit_all(&lawful("docs: one more"));
    let rehearsed =
        |reference: &str| sandbox.agentops(&format!("gate approve {} --actor bob -n --ref {reference}", task.id)).run();
    let refused = rehearsed("main~1").expect_code(2);
    assert!(refused.stderr.contains("`main~1` is no local branch"), "{}", refused.snapshot());
    let voted = rehearsed("side").expect_code(0);
    assert!(!voted.stderr.contains("git push"), "nothing is there to be published: {}", voted.snapshot());
}
