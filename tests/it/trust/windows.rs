//! Maintenance windows: approvals that count for a time.

use agentops::model::canonical::Canonical as _;
use agentops::model::event::{Event, EventName};
use agentops::model::time::Timestamp;

use crate::lifecycle::setting::Task;
use crate::sandbox::{Output, Sandbox};

const WINDOW: &str = "--not-before 2026-11-21T12:00:00Z --not-after 2026-11-21T14:00:00Z";

/// `phase next` as Claude, at a time of that day.
fn next_at(sandbox: &Sandbox, task: &Task, time: &str) -> Output {
    let seconds = Timestamp::parse(&format!("2026-11-21T{time}Z")).unwrap().seconds();
    let call = sandbox.agentops(&format!("phase next {} --actor claude", task.id));
    call.env("AGENTOPS_TEST_NOW", &seconds.to_string()).run()
}

fn approve(sandbox: &Sandbox, task: &Task, window: &str) -> String {
    let ending = sandbox.vote(&format!("approve {} --actor bob --color never {window}", task.id), task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    ending.text
}

#[test]
fn an_approval_counts_in_its_window() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    let told = approve(&sandbox, &task, WINDOW);
    assert!(told.contains("your approval counts from 2026-11-21T12:00:00Z until 2026-11-21T14:00:00Z"), "{told}");
    let vote = sandbox.read(&sandbox.vote_path(&task));
    let fields = "proof = \"signature\"\nnot_before = \"2026-11-21T12:00:00Z\"\nnot_after = \"2026-11-21T14:00:00Z\"\n\n[signature]";
    assert!(vote.contains(fields), "{vote}");
    let gate = sandbox.agentops("gate list --json").run().json()["gates"][0].clone();
    assert_eq!(
        gate["approvals"][0]["windows"],
        serde_json::json!([{"not_before": "2026-11-21T12:00:00Z", "not_after": "2026-11-21T14:00:00Z"}])
    );
    let listed = sandbox.agentops("gate list").run().expect_code(0);
    assert!(listed.stdout.contains("; counts from 2026-11-21T12:00:00Z until"), "{}", listed.snapshot());
    let head = sandbox.git("rev-parse HEAD");
    insta::assert_snapshot!(next_at(&sandbox, &task, "11:59:59").snapshot_without_ids(), @"
    exit 4
    --- stderr
    error: `reset-passwords-ne9m` was approved for another time than now, 2026-11-21T11:59:59Z: `bob`'s counts from 2026-11-21T12:00:00Z until 2026-11-21T14:00:00Z
    hint: run it again then: agentops phase next reset-passwords-ne9m   or have it approved for now: agentops gate approve reset-passwords-ne9m
    ");
    insta::assert_snapshot!(next_at(&sandbox, &task, "14:00:01").snapshot_without_ids(), @"
    exit 4
    --- stderr
    error: `reset-passwords-ne9m` was approved for another time than now, 2026-11-21T14:00:01Z: `bob`'s counts from 2026-11-21T12:00:00Z until 2026-11-21T14:00:00Z
    hint: that time is over: a human approves it again: agentops gate approve reset-passwords-ne9m
    ");
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    next_at(&sandbox, &task, "12:00:00").expect_code(0);
    let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    let claim = "that it advanced at 2026-11-21T12:00:00Z is a claim of `claude`";
    assert!(judged.stdout.contains(claim), "{}", judged.snapshot());
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn another_window_may_be_given_when_one_is_over() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    approve(&sandbox, &task, "--not-before 2026-11-21T12:00:00Z");
    next_at(&sandbox, &task, "11:00:00").expect_code(4);
    // The same again is done already; another window is another vote.
    let again = sandbox.agentops(&format!("gate approve {} --actor bob --not-before 2026-11-21T12:00:00Z", task.id));
    assert!(again.run().expect_code(0).stderr.contains("said so already"));
    approve(&sandbox, &task, "--not-after 2026-11-21T11:30:00Z");
    next_at(&sandbox, &task, "11:00:00").expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn an_advance_dated_outside_is_refused() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    approve(&sandbox, &task, WINDOW);
    sandbox.git("checkout --quiet -b forged");
    next_at(&sandbox, &task, "13:00:00").expect_code(0);
    let folder = format!(".agentops/product-dev/events/{}", task.id);
    let listed = sandbox.git(&format!("ls-tree -r --name-only HEAD {folder}/"));
    let path = listed.lines().last().unwrap();
    let mut event = Event::parse(sandbox.read(path).as_bytes()).unwrap();
    event.at = Timestamp::parse("2026-11-21T14:30:00Z").unwrap();
    sandbox.git(&format!("rm --quiet {path}"));
    sandbox.write(&format!("{folder}/{}", EventName::of(&event)), event.print());
    sandbox.git(&format!("add {folder}"));
    sandbox.git("commit --quiet --no-verify --amend --no-edit");
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1]"), "{}", judged.snapshot());
    let said = "it says that it advanced at 2026-11-21T14:30:00Z, and `bob`'s counts from 2026-11-21T12:00:00Z until";
    assert!(judged.stdout.contains(said), "{}", judged.snapshot());
}

#[test]
fn windows_that_never_count_are_refused() {
    let sandbox = Sandbox::governed();
    let task = sandbox.waiting_task("Reset passwords");
    let refused = |arguments: &str, code: i32| {
        // A dry run asks nobody.
        let call = sandbox.agentops(&format!("gate approve {} --actor bob --dry-run {arguments}", task.id));
        call.run().expect_code(code).stderr
    };
    let over = refused("--not-after 2026-11-20T00:00:00Z", 2);
    assert!(over.contains("that window is over"), "{over}");
    let turned = refused("--not-before 2027-01-02T00:00:00Z --not-after 2027-01-01T00:00:00Z", 2);
    assert!(turned.contains("`not_before` comes before `not_after`"), "{turned}");
    let zone = refused("--not-after 2027-01-01T00:00:00", 2);
    assert!(zone.contains("`YYYY-MM-DDTHH:MM:SSZ` in UTC"), "{zone}");
    let reject = sandbox.agentops(&format!("gate reject {} --reason no {WINDOW}", task.id)).run().expect_code(2);
    assert!(reject.stderr.contains("--not-before"), "{}", reject.snapshot());
}
