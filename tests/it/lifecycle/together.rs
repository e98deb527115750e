//! Several tasks, several branches: side by side without conflict, forks seen and settled.

use crate::sandbox::{Sandbox, lawful};

#[test]
fn two_branches_that_move_one_task_are_a_fork() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let start = sandbox.git("rev-parse HEAD");
    sandbox.git("branch other");
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    std::fs::remove_file(sandbox.path().join(task.document("spec.md"))).unwrap();
    sandbox.git("checkout --quiet other");
    let rework = format!("phase rework {} --actor claude --reason \"More figures\"", task.id);
    sandbox.agentops(&rework).run().expect_code(0);
    sandbox.git("checkout --quiet main");
    sandbox.git("merge --quiet --no-edit other");
    // Seen by everybody.
    let status = sandbox.status(&task);
    assert_eq!(status["status"], "forked");
    assert_eq!(status["heads"].as_array().map(Vec::len), Some(2));
    let list = sandbox.agentops("task list").run().expect_code(0);
    assert!(list.stdout.contains("forked"), "{}", list.snapshot());
    insta::assert_snapshot!(sandbox.agentops(&format!("phase log {}", task.id)).run().snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    * 0001 open  research working  claude  2026-11-21T07:05:00Z  <id>
    * 0002 submit  research waiting  claude  2026-11-21T07:06:00Z  <id>  superseded
    |      approve by bob  (unauthenticated: could be written by an agent)
    |\
    * | 0003 advance  spec working  claude  2026-11-21T07:10:00Z  <id>  head of the fork
      * 0003 rework  research working (attempt 2)  claude  2026-11-21T07:12:00Z  <id>  head of the fork
          reason: More figures
    --- stderr
    hint: agentops phase resolve reset-passwords-pfb9 --reason "…"
    "#);
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @r#"
    exit 6
    --- stderr
    error: `reset-passwords-pfb9` is forked: 2 events claim to be its last
    hint: agentops phase log reset-passwords-pfb9  shows both sides, then: agentops phase resolve reset-passwords-pfb9 --reason "…"
    "#);
    sandbox.agentops(&format!("phase rework {} --reason x", task.id)).run().expect_code(6);
    // It may not land as it is.
    let found = sandbox.agentops("check --base").arg(&start).run().expect_code(3);
    assert!(found.stdout.contains("error[AO-E6]"), "{}", found.snapshot());
    // Settled.
    let resolve = format!("phase resolve {} --actor claude --reason \"Figures first\"", task.id);
    sandbox.agentops(&resolve).run().expect_code(0);
    assert_eq!(sandbox.standing(&task), "research working");
    sandbox.agentops("check --base").arg(&start).run().expect_code(0);
    insta::assert_snapshot!(sandbox.agentops(&format!("phase log {}", task.id)).run().snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    * 0001 open  research working  claude  2026-11-21T07:05:00Z  <id>
    * 0002 submit  research waiting  claude  2026-11-21T07:06:00Z  <id>  superseded
    |      approve by bob  (unauthenticated: could be written by an agent)
    |\
    * | 0003 advance  spec working  claude  2026-11-21T07:10:00Z  <id>  superseded
    | * 0003 rework  research working (attempt 2)  claude  2026-11-21T07:12:00Z  <id>  superseded
    | |      reason: More figures
    |/
    * 0004 resolve  research working (attempt 3)  claude  2026-11-21T07:21:00Z  <id>  head
          reason: Figures first
    "#);
    sandbox.next(&task).expect_code(4);
}

#[test]
fn two_tasks_share_a_branch() {
    let sandbox = Sandbox::governed();
    let start = sandbox.git("rev-parse HEAD");
    let one = sandbox.open_task("Reset passwords", "");
    let two = sandbox.open_task("Expire sessions", "");
    sandbox.reach_implement(&one, "src/one.txt");
    sandbox.reach_spec(&two);
    sandbox.fill_spec(&two, "src/two.txt");
    let text = sandbox
        .read(&two.document("spec.md"))
        .replace("src/app.txt:4-9", "README.md:1")
        .replace("src/app.txt", "README.md");
    sandbox.write(&two.document("spec.md"), text);
    let promises = sandbox
        .read(&two.document("deliverables.toml"))
        .replace("src/app.txt", "README.md")
        .replace(&format!("line 5 for {}", two.id), "A product with sessions");
    sandbox.write(&two.document("deliverables.toml"), promises);
    sandbox.next(&two).expect_code(4);
    sandbox.approve(&two);
    sandbox.next(&two).expect_code(0);
    sandbox.implement(&one, "src/one.txt");
    sandbox.write("README.md", "# A product with sessions\n");
    sandbox.write("src/two.txt", format!("tokens of {}\n", two.id));
    sandbox.git("add README.md src/two.txt");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat(session): expire")).run().expect_code(0);
    for (task, number, own, foreign) in
        [(&one, 1, "src/one.txt", "src/two.txt"), (&two, 2, "src/two.txt", "src/one.txt")]
    {
        sandbox.bring_records(task, number);
        sandbox.next(task).expect_code(0);
        let manifest = sandbox.read(&task.document("manifest.txt"));
        assert!(manifest.contains(own), "{manifest}");
        if number == 1 {
            assert!(!manifest.contains(foreign), "{manifest}");
        }
    }
    sandbox.agentops("check --base").arg(&start).run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn votes_of_two_people_meet_without_conflict() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    sandbox.git("branch other");
    sandbox.approve(&task);
    let ending = sandbox.vote(&format!("approve {} --actor alice --ref other", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    sandbox.git("merge --quiet --no-edit other");
    let gates = sandbox.agentops("gate list --json").run().expect_code(0).json();
    assert_eq!(gates["gates"][0]["approvals"].as_array().map(Vec::len), Some(2));
    sandbox.next(&task).expect_code(0);
}
