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
      promises: 3 of them; undelivered: 0 at the event, 0 in HEAD
    not checked
      run: `test` exit 0, claimed
      1 command is claimed by claude, not reproduced: `agentops verify rerun reset-passwords-pfb9` repeats what was claimed
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

/// A branch on which the work of a task waits, approved and led on with a key that the branch itself gave to Bob.
fn approved_with_a_key_of_its_own(sandbox: &Sandbox) -> String {
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.git("checkout --quiet -b work");
    let signers = sandbox.read(".agentops/allowed_signers");
    let keep: String =
        signers.lines().filter(|line| !line.starts_with("bob")).map(|line| format!("{line}\n")).collect();
    std::fs::remove_file(sandbox.root().join("home/.ssh/bob")).unwrap();
    std::fs::remove_file(sandbox.root().join("home/.ssh/bob.pub")).unwrap();
    sandbox.write(".agentops/allowed_signers", keep + &sandbox.new_key("bob", "ed25519"));
    sandbox.agentops("policy amend --reason").arg("Bob has another key").run().expect_code(0);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    task.id
}

#[test]
fn a_branch_does_not_say_whose_votes_count() {
    let sandbox = Sandbox::signed();
    let task = approved_with_a_key_of_its_own(&sandbox);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("AO-G1"), "{}", judged.snapshot());
    let report = |rest: &str| sandbox.agentops(&format!("verify report {task}@2{rest}")).run().expect_code(0);
    let by_main = report("");
    let said = by_main.stdout.as_str();
    assert!(said.contains("rules: votes and signatures count by those of main ("), "{said}");
    assert!(said.contains("votes: 0 of 1 approvals") && !said.contains("approved by"), "{said}");
    assert!(said.contains("    void: .agentops/product-dev/votes/"), "{said}");
    let body = report(" --json").json();
    assert_eq!(body["votes"]["approvals"], serde_json::json!([]), "{body:#}");
    assert_eq!(body["rules"]["commit"], sandbox.git("rev-parse main"));
    assert_eq!((&body["rules"]["name"], &body["rules"]["own_word"]), (&"main".into(), &false.into()));
    // Whoever asks may name others, and sees whose they are.
    let named = report(" --base HEAD --json").json();
    assert_eq!((&named["rules"]["name"], &named["votes"]["approvals"][0]["proved"]), (&"HEAD".into(), &true.into()));
    // A remote's branch goes before one that was moved here.
    sandbox.git("update-ref refs/remotes/origin/main main");
    sandbox.git("update-ref refs/heads/main work");
    assert_eq!(report(" --json").json()["rules"]["name"], "origin/main");
    // Once it has landed there, its rules are those that were agreed to.
    sandbox.git("update-ref refs/remotes/origin/main work");
    let landed = report("").stdout;
    assert!(landed.contains("votes: 1 of 1 approvals") && !landed.contains("rules:"), "{landed}");
}

#[test]
fn rules_that_landed_nowhere_prove_nothing() {
    let sandbox = Sandbox::signed();
    let task = approved_with_a_key_of_its_own(&sandbox);
    sandbox.git("branch --quiet -m main trunk");
    let report = |rest: &str| sandbox.agentops(&format!("verify report {task}@2{rest}")).run().expect_code(0);
    let said = report("").stdout;
    let (checked, not_checked) = said.split_once("not checked\n").unwrap();
    assert!(!checked.contains("votes:") && not_checked.contains("approved by bob"), "{said}");
    assert!(
        not_checked.contains("they are HEAD's own and have not landed (no branch is known on which they landed)"),
        "{said}"
    );
    let body = report(" --json").json();
    assert_eq!((&body["rules"]["own_word"], &body["votes"]["approvals"][0]["proved"]), (&true.into(), &false.into()));
    assert!(report(" --base trunk").stdout.contains("votes: 0 of 1 approvals"));
}

#[test]
fn a_step_that_was_judged_by_rules_of_the_branch_is_told() {
    let sandbox = Sandbox::signed();
    sandbox.git("checkout --quiet -b work");
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config.replace("[\"signature\"]", "[\"signature\", \"terminal\"]"));
    sandbox.agentops("policy amend --reason").arg("Votes by word too").run().expect_code(0);
    let task = sandbox.waiting_task("Reset passwords");
    let said = sandbox.agentops(&format!("verify report {}@2", task.id)).run().expect_code(0).stdout;
    let sentence = "the rules by which the laws judged that step: the commit before it has others than main";
    assert!(said.contains(sentence), "{said}");
    sandbox.git("checkout --quiet main");
    sandbox.git("merge --quiet --ff-only work");
    let said = sandbox.agentops(&format!("verify report {}@2", task.id)).run().expect_code(0).stdout;
    assert!(!said.contains("the rules by which"), "{said}");
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

#[test]
fn what_was_promised_is_held_against_then_and_now() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let report = |rest: &str| sandbox.agentops(&format!("verify report {}{rest}", task.id)).run().expect_code(0);
    assert!(report("").stdout.contains("promises: 3 of them; undelivered: 0 at the event, 0 in HEAD"));
    assert_eq!(report("@4 --json").json()["promises"], serde_json::json!(null), "no work was done yet");
    sandbox.git("rm --quiet src/reset.txt");
    sandbox.commit_all(&lawful("feat: take it out again"));
    let text = report("").stdout;
    assert!(text.contains("undelivered: 0 at the event, 2 in HEAD"), "{text}");
    assert!(text.contains("undelivered in HEAD: `src/reset.txt` is missing"), "{text}");
    let promises = &report(" --json").json()["promises"];
    assert_eq!((&promises["promised"], &promises["undelivered_at_event"]), (&3.into(), &serde_json::json!([])));
    assert_eq!(promises["undelivered_at_head"].as_array().unwrap().len(), 2);
}

#[test]
fn what_was_redacted_is_called_so() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let spec = task.document("spec.md");
    sandbox.agentops(&format!("redact {spec} --reason")).arg("It shows a password").run().expect_code(0);
    let report = |rest: &str| sandbox.agentops(&format!("verify report {}{rest}", task.id)).run().expect_code(0);
    let own = report("@4").stdout;
    let line = own.lines().find(|line| line.contains("spec.md")).unwrap();
    assert!(line.ends_with("redacted by amend 0001"), "{own}");
    let body = report("@4 --format in-toto").json()["predicate"].clone();
    let held = body["artifacts"].as_array().unwrap().iter().find(|held| held["path"] == *spec).unwrap();
    assert_eq!((&held["held"], &held["redacted_by"]), (&"redacted".into(), &1.into()));
    // The end of the task rests on that plan.
    let rests = report("").stdout;
    assert!(rests.contains(&format!("`{spec}`, which event 0004 lists and on which it rests: redacted by amend 0001")));
    let gone = &report(" --json").json()["redacted"][0];
    assert_eq!((&gone["path"], &gone["amend"], &gone["listed_by"]), (&spec.as_str().into(), &1.into(), &4.into()));
    // Without an amend it is merely gone.
    let requirements = task.document("requirements.md");
    sandbox.git(&format!("rm --quiet {requirements}"));
    sandbox.git("commit --quiet --no-verify -m gone");
    let text = report("@2").stdout;
    assert!(text.contains("in history, HEAD has no such file"), "{text}");
}

#[test]
fn approvals_outside_their_window_are_named() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    let window = "--not-before 2026-11-21T12:00:00Z --not-after 2026-11-21T14:00:00Z";
    let ending = sandbox.vote(&format!("approve {} --actor bob {window}", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    let report = |rest: &str| sandbox.agentops(&format!("verify report {}@2{rest}", task.id)).run().expect_code(0);
    assert_eq!(report(" --json").json()["votes"]["approvals"][0]["counted"], serde_json::json!(null));
    let at = |time: &str| agentops::model::time::Timestamp::parse(&format!("2026-11-21T{time}Z")).unwrap();
    let call = sandbox.agentops(&format!("phase next {} --actor claude", task.id));
    call.env("AGENTOPS_TEST_NOW", &at("13:00:00").seconds().to_string()).run().expect_code(0);
    let inside = report("").stdout;
    assert!(inside.contains("1 of 1 approvals") && inside.contains("; counts from 2026-11-21T12:00:00Z"), "{inside}");
    assert!(!inside.contains("did not count"), "{inside}");
    sandbox.forge_last_event(&task, |event| event.at = at("15:00:00"));
    let outside = report("").stdout;
    assert!(outside.contains("0 of 1 approvals"), "{outside}");
    assert!(outside.contains("did not count at 2026-11-21T15:00:00Z, when the task advanced"), "{outside}");
    let approval = report(" --json").json()["votes"]["approvals"][0].clone();
    assert_eq!(approval["counted"], false);
}
