//! The straight way from opening a task to done, as an agent and a reviewer see it.

use crate::sandbox::Sandbox;

#[test]
fn from_open_to_done() {
    let sandbox = Sandbox::governed();
    let start = sandbox.git("rev-parse HEAD");
    insta::assert_snapshot!(sandbox.agentops("task list").run().snapshot(), @r#"
    exit 0
    --- stderr
    no task is open
    hint: agentops task new "TITLE" --profile NAME
    "#);
    let opened = sandbox.agentops("task new \"Reset passwords\" --actor claude --label mail --priority high").run();
    insta::assert_snapshot!(opened.snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-kq18: product-dev, phase research: Reset passwords
    --- stderr
    committed <id> on main
      .agentops/product-dev/events/reset-passwords-kq18/0001-research-working-<id>.toml
    fill in, from its template; `phase next` will commit it:
      .agentops/product-dev/specs/2026-11-21-reset-passwords-kq18/requirements.md
    hint: when it is filled in: agentops phase next reset-passwords-kq18
    ");
    let list = sandbox.agentops("task list --json").run().expect_code(0).json();
    let id = list["tasks"][0]["task"].as_str().unwrap().to_owned();
    assert_eq!(list["tasks"][0]["labels"], serde_json::json!(["mail"]));
    let task = super::setting::Task {
        folder: format!(".agentops/product-dev/specs/2026-11-21-{id}"),
        title: "Reset passwords".into(),
        id,
    };
    // Research: submitted, waits; asking again changes nothing.
    sandbox.fill_requirements(&task);
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @r#"
    exit 4
    --- stdout
    reset-passwords-kq18: research working -> research waiting
    --- stderr
    committed <id> on main
      .agentops/product-dev/events/reset-passwords-kq18/0002-research-waiting-<id>.toml
      .agentops/product-dev/specs/2026-11-21-reset-passwords-kq18/requirements.md
    hint: agentops gate approve reset-passwords-kq18
    hint: agentops gate reject reset-passwords-kq18 --reason "…"
    "#);
    let submitted = sandbox.git("rev-parse HEAD");
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @r#"
    exit 4
    --- stderr
    error: `reset-passwords-kq18` waits at gate 1 (Requirements review): 0 of 1 votes
    hint: a human runs: agentops gate approve reset-passwords-kq18   or: agentops gate reject reset-passwords-kq18 --reason "…"
    "#);
    assert_eq!(sandbox.git("rev-parse HEAD"), submitted);
    let status = sandbox.status(&task);
    assert_eq!(status["status"], "waiting");
    assert_eq!(status["waiting_for"], serde_json::json!(["1 review by a human (Requirements review)"]));
    insta::assert_snapshot!(sandbox.agentops("gate list").run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-kq18: Reset passwords
      Validation Gate 1: Requirements review (phase research of product-dev)
      submit <id>
      .agentops/product-dev/specs/2026-11-21-reset-passwords-kq18/requirements.md <id>
      wants review by 1 human; done by claude
      next: agentops gate approve reset-passwords-kq18
    ");
    sandbox.approve(&task);
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-kq18: research waiting -> spec working
    --- stderr
    note: reset-passwords-kq18: `bob` approved research (unauthenticated: could be written by an agent; that the voter is no doer is a claim)
    pass: 0 errors, 0 warnings in 1 commit (on <id>)
    committed <id> on main
      .agentops/product-dev/events/reset-passwords-kq18/0003-spec-working-<id>.toml
    fill in, from its template; `phase next` will commit it:
      .agentops/product-dev/specs/2026-11-21-reset-passwords-kq18/spec.md
      .agentops/product-dev/specs/2026-11-21-reset-passwords-kq18/deliverables.toml
    hint: agentops phase next reset-passwords-kq18
    ");
    // Plan.
    sandbox.fill_spec(&task, "src/reset.txt");
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    assert_eq!(sandbox.standing(&task), "implement working");
    // Implement: what a task must bring is asked for before the commands run.
    sandbox.implement(&task, "src/reset.txt");
    insta::assert_snapshot!(hide_time(&sandbox.next(&task).snapshot_without_ids()), @r#"
    exit 3
    --- stderr
    error[AO-L1] .agentops/product-dev/events/reset-passwords-kq18/0006-implement-done-<id>.toml: `reset-passwords-kq18` is done, but no learning names it
      fix: agentops learn add --profile product-dev --task reset-passwords-kq18 --pattern "…" --application "…"
    error[AO-L2] .agentops/product-dev/events/reset-passwords-kq18/0006-implement-done-<id>.toml: `claude` finished `reset-passwords-kq18`, but no session record names the task
      fix: agentops session end --task reset-passwords-kq18 --summary "…" --improvement "…"

    fail: 2 errors, 0 warnings in 1 commit (on <id>)
    error: 2 findings against the laws; nothing was committed
    hint: agentops explain AO-L1
    "#);
    sandbox.bring_records(&task, 1);
    let done = sandbox.agentops(&format!("phase next {} --actor claude --json", task.id)).run().expect_code(0).json();
    assert_eq!((done["status"].as_str(), done["event"].as_str()), (Some("done"), Some("advance")));
    assert_eq!((&done["runs"][0]["name"], &done["runs"][0]["exit"]), (&"test".into(), &0.into()));
    let manifest = sandbox.read(&task.document("manifest.txt"));
    assert!(manifest.contains(" src/app.txt") && manifest.contains(" src/reset.txt"), "{manifest}");
    assert_eq!(sandbox.git("status --porcelain"), "");
    let finished = sandbox.git("rev-parse HEAD");
    sandbox.next(&task).expect_code(0);
    assert_eq!(sandbox.git("rev-parse HEAD"), finished, "done is done");
    // The judge agrees, edge by edge and as one step.
    insta::assert_snapshot!(sandbox.agentops("check --all").run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    not checked: 1 command is claimed by claude, not reproduced
    not checked: replay: code binding, forks, session laws, waiver counts and wording are judged at landing; here they only warn
    note: bootstrap: this step introduces `.agentops`, so it is judged by its own policy
    note: reset-passwords-kq18: `bob` approved research (unauthenticated: could be written by an agent; that the voter is no doer is a claim)
    note: reset-passwords-kq18: `bob` approved spec (unauthenticated: could be written by an agent; that the voter is no doer is a claim)
    pass: 0 errors, 0 warnings in 10 commits (up to <id>)
    ");
    insta::assert_snapshot!(sandbox.agentops("check --base").arg(&start).run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    not checked: 1 command is claimed by claude, not reproduced
    note: reset-passwords-kq18: `bob` approved research (unauthenticated: could be written by an agent; that the voter is no doer is a claim)
    note: reset-passwords-kq18: `bob` approved spec (unauthenticated: could be written by an agent; that the voter is no doer is a claim)
    note: reset-passwords-kq18: implement rests on event 0004, approved by `bob` (unauthenticated: could be written by an agent)
    pass: 0 errors, 0 warnings in 10 commits (<id>..<id>)
    ");
    let verdict = sandbox.agentops("check --format json --base").arg(&start).run().expect_code(0).json();
    assert_eq!(verdict["judged"]["base"], start.as_str());
    assert_eq!(verdict["violations"], serde_json::json!([]));
    insta::assert_snapshot!(sandbox.agentops(&format!("phase log {}", task.id)).run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    * 0001 open  research working  claude  2026-11-21T07:07:00Z  <id>
    * 0002 submit  research waiting  claude  2026-11-21T07:09:00Z  <id>
    |      approve by bob  (unauthenticated: could be written by an agent)
    * 0003 advance  spec working  claude  2026-11-21T07:16:00Z  <id>
    * 0004 submit  spec waiting  claude  2026-11-21T07:17:00Z  <id>
    |      approve by bob  (unauthenticated: could be written by an agent)
    * 0005 advance  implement working  claude  2026-11-21T07:19:00Z  <id>
    * 0006 advance  implement done  claude  2026-11-21T07:26:00Z  <id>  head
    ");
    insta::assert_snapshot!(sandbox.agentops("task list").run().snapshot(), @r#"
    exit 0
    --- stderr
    no task is open
    hint: agentops task new "TITLE" --profile NAME
    "#);
    let all = sandbox.agentops("task list --all --json").run().expect_code(0).json();
    assert_eq!(all["tasks"][0]["status"], "done");
}

/// Commands take what time they take.
fn hide_time(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        match line.split_once(" ms)") {
            Some((before, after)) => {
                let start = before.rfind('(').map_or(before.len(), |start| start + 1);
                out.push_str(&format!("{}<time> ms){after}\n", &before[..start]));
            }
            None => out.push_str(&format!("{line}\n")),
        }
    }
    out
}

#[test]
fn a_squash_of_the_whole_task_passes_too() {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b work");
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    sandbox.next(&task).expect_code(0);
    sandbox.git("checkout --quiet main");
    sandbox.git("merge --quiet --squash work");
    let message = crate::sandbox::lawful("feat(reset): reset passwords");
    sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
    sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn a_failing_command_stops_the_task_and_shows_its_output() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.write("test.sh", "echo 'token \x1b[31mtest\x1b[0m failed' >&2\nexit 3\n");
    sandbox.commit_all(&crate::sandbox::lawful("test: a test that fails"));
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    let before = sandbox.git("rev-parse HEAD");
    insta::assert_snapshot!(hide_time(&sandbox.next(&task).snapshot_without_ids()), @r#"
    exit 3
    --- stderr
    running `sh test.sh`
    failed: `sh test.sh` with exit code 3 (<time> ms)
      token \u{1b}[31mtest\u{1b}[0m failed
    error[AO-P6]: `test` ended with exit 3 for task `reset-passwords-pfb9`
      fix: mend what fails and commit it, then `agentops phase next reset-passwords-pfb9` runs it again
    warning[AO-P7] .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/manifest.txt:3: unplanned: `test.sh` is in the manifest but not in the plan
      fix: if it matters, plan it: `agentops phase rewind reset-passwords-pfb9 --to spec --reason "…"`

    fail: 1 error, 1 warning in 1 commit (on <id>)
    error: 1 finding against the laws; nothing was committed
    hint: agentops explain AO-P6
    "#);
    assert_eq!(sandbox.git("rev-parse HEAD"), before);
}
