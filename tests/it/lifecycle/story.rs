//! The straight way from opening a task to done, as an agent and a reviewer see it.

use crate::sandbox::Sandbox;

#[test]
fn from_open_to_done() {
    let sandbox = Sandbox::governed();
    let start = sandbox.git("rev-parse HEAD");
    insta::assert_snapshot!(sandbox.agentops("task list").run().snapshot(), @"");
    let opened = sandbox.agentops("task new \"Reset passwords\" --actor claude --label mail --priority high").run();
    insta::assert_snapshot!(opened.snapshot_without_ids(), @"");
    let list = sandbox.agentops("task list --json").run().expect_code(0).json();
    let id = list["tasks"][0]["task"].as_str().unwrap().to_owned();
    assert_eq!(list["tasks"][0]["labels"], serde_json::json!(["mail"]));
    let task = super::super::governed::Task {
        folder: format!(".agentops/product-dev/specs/2026-11-21-{id}"),
        title: "Reset passwords".into(),
        id,
    };
    // Research: submitted, waits; asking again changes nothing.
    sandbox.fill_requirements(&task);
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @"");
    let submitted = sandbox.git("rev-parse HEAD");
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @"");
    assert_eq!(sandbox.git("rev-parse HEAD"), submitted);
    let status = sandbox.status(&task);
    assert_eq!(status["status"], "waiting");
    assert_eq!(status["waiting_for"], serde_json::json!(["1 review by a human (Requirements review)"]));
    insta::assert_snapshot!(sandbox.agentops("gate list").run().snapshot_without_ids(), @"");
    sandbox.approve(&task);
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @"");
    // Plan.
    sandbox.fill_spec(&task, "src/reset.txt");
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    assert_eq!(sandbox.standing(&task), "implement working");
    // Implement: the commands run, and what a task must bring is asked for.
    sandbox.implement(&task, "src/reset.txt");
    insta::assert_snapshot!(hide_time(&sandbox.next(&task).snapshot_without_ids()), @"");
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
    insta::assert_snapshot!(sandbox.agentops("check --all").run().snapshot_without_ids(), @"");
    insta::assert_snapshot!(sandbox.agentops("check --base").arg(&start).run().snapshot_without_ids(), @"");
    let verdict = sandbox.agentops("check --format json --base").arg(&start).run().expect_code(0).json();
    assert_eq!(verdict["judged"]["base"], start.as_str());
    assert_eq!(verdict["violations"], serde_json::json!([]));
    insta::assert_snapshot!(sandbox.agentops(&format!("phase log {}", task.id)).run().snapshot_without_ids(), @"");
    insta::assert_snapshot!(sandbox.agentops("task list").run().snapshot(), @"");
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
    insta::assert_snapshot!(hide_time(&sandbox.next(&task).snapshot_without_ids()), @"");
    assert_eq!(sandbox.git("rev-parse HEAD"), before);
}
