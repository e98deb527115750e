//! `verify report`: what it tells, and in which forms.

use crate::sandbox::{Sandbox, lawful};

#[test]
fn claims_and_facts_are_told_apart() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let report = |rest: &str| sandbox.agentops(&format!("verify report {}{rest}", task.id)).run();
    insta::assert_snapshot!(report("").snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pfb9@6: Reset passwords
      claude left phase implement of product-dev on 2026-11-21T07:16:00Z
    checked
      laws: all that read trees, over the step that brought it: 0 errors, 0 warnings; those of the gate: AO-P1, AO-P6, AO-P7, AO-P8, AO-P9
      votes: this gate wants none
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/manifest.txt  <id>  in HEAD
      files: 2 of 2 are in HEAD as the manifest lists them
    not checked
      run: `test` exit 0, claimed
      1 run is a claim of claude, not reproduced: `agentops verify rerun reset-passwords-pfb9` repeats what was claimed
      who did the work: the event says claude, and no key stands behind it
      tokens, durations and dates: whoever wrote the file says so
    ");
    insta::assert_snapshot!(report("@2").snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pfb9@2: Reset passwords
      claude left phase research of product-dev on 2026-11-21T07:06:00Z
    checked
      laws: all that read trees, over the step that brought it: 0 errors, 0 warnings; those of the gate: AO-P1, AO-P2, AO-P3
      votes: 1 of 1 approvals
        approved by bob  (unauthenticated: could be written by an agent)
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/requirements.md  <id>  in HEAD
    not checked
      who did the work: the event says claude, and no key stands behind it
      attention: a vote shows that somebody signed or typed, not that anybody read
      tokens, durations and dates: whoever wrote the file says so
    ");
    // Code goes on: that is said, and is no fault.
    sandbox.write("src/reset.txt", "more\n");
    sandbox.commit_all(&lawful("feat: go on"));
    let text = report("").expect_code(0).stdout;
    assert!(text.contains("1 of 2 are in HEAD") && text.contains("changed since: src/reset.txt"), "{text}");
    let body = report(" --format json").expect_code(0).json();
    assert_eq!(body["runs"][0]["standing"], "claimed");
    assert_eq!(body["laws"]["errors"], 0);
    assert_eq!(body["event"]["actor_rests_on"], "claim");
    let open = sandbox.open_task("Another", "");
    let none = sandbox.agentops(&format!("verify report {}", open.id)).run().expect_code(1);
    assert!(none.stderr.contains("no event of"), "{}", none.snapshot());
}

#[test]
fn signed_votes_are_proved() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    let body = sandbox.agentops(&format!("verify report {} --json", task.id)).run().expect_code(0).json();
    let approval = &body["votes"]["approvals"][0];
    assert_eq!((&approval["voter"], &approval["proved"]), (&"bob".into(), &true.into()));
    assert!(approval["says"].as_str().unwrap().starts_with("signed by SHA256:"));
}

#[test]
fn a_forged_step_is_seen_by_the_laws() {
    let sandbox = Sandbox::governed();
    let task = sandbox.waiting_task("Reset passwords");
    // The document is emptied in the very commit that submits it.
    sandbox.write(&task.document("requirements.md"), "nothing\n");
    sandbox.git("add --all");
    sandbox.git("commit --quiet --amend --no-edit --no-verify");
    let body = sandbox.agentops(&format!("verify report {} --json", task.id)).run().expect_code(0).json();
    assert_ne!(body["laws"]["errors"], 0, "{body:#}");
    assert_eq!(body["artifacts"][0]["held"], "nowhere");
}

#[test]
fn the_statement_is_one_of_in_toto() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let statement =
        sandbox.agentops(&format!("verify report {} --format in-toto", task.id)).run().expect_code(0).json();
    let keys: Vec<&String> = statement.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["_type", "predicate", "predicateType", "subject"]);
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "urn:agentops:verification:v1");
    assert_eq!(statement["predicate"]["task"], task.id);
    let subjects = statement["subject"].as_array().unwrap();
    for subject in subjects {
        assert!(!subject["name"].as_str().unwrap().is_empty());
        for (algorithm, value) in subject["digest"].as_object().unwrap() {
            let length = match algorithm.as_str() {
                "sha256" => 64,
                "gitCommit" | "gitTree" => 40,
                other => panic!("{other}"),
            };
            let value = value.as_str().unwrap();
            assert!(value.len() == length && value.bytes().all(|byte| byte.is_ascii_hexdigit()), "{value}");
        }
    }
    let names: Vec<&str> = subjects.iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["git:commit", "src/app.txt", "src/reset.txt"]);
    assert_eq!(subjects[0]["digest"]["gitCommit"], sandbox.git("rev-parse HEAD"));
    let own = sandbox.call_program("sha256sum".as_ref(), "src/reset.txt").run().stdout;
    assert_eq!(subjects[2]["digest"]["sha256"], own.split(' ').next().unwrap());
}
