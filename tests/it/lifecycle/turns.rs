//! Ways back and out: rewind, abandon, rework; what comes after what.

use super::setting::Task;
use crate::sandbox::{Output, Sandbox, lawful};

#[test]
fn rewind_leads_out_of_done() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    sandbox.next(&task).expect_code(0);
    let rewind = format!("phase rewind {} --to spec --actor claude --reason \"The API changed\"", task.id);
    insta::assert_snapshot!(sandbox.agentops(&rewind).run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pfb9: implement done -> spec working (attempt 2)
    --- stderr
    committed <id> on main
      .agentops/product-dev/events/reset-passwords-pfb9/0007-spec-working-<id>.toml
    git cannot undo: the run of `test` in event 0006 (exit 0)
    the task moved, your files stay as they are; to see them as they were: agentops phase restore reset-passwords-pfb9@SEQ
    hint: agentops phase next reset-passwords-pfb9
    ");
    assert_eq!(sandbox.standing(&task), "spec working");
    assert_eq!(sandbox.status(&task)["attempt"], 2);
    let log = sandbox.agentops(&format!("phase log {} --json", task.id)).run().expect_code(0).json();
    let live: Vec<bool> = log["events"].as_array().unwrap().iter().map(|event| event["live"] == true).collect();
    assert_eq!(live, [true, true, true, false, false, false, true]);
    // The plan is made again: both files exist by now.
    let spec = sandbox.read(&task.document("spec.md")).replace("`src/reset.txt` (new file)", "`src/reset.txt:1`");
    sandbox.write(&task.document("spec.md"), spec);
    // What was delivered is there already, and promises nothing any more.
    assert!(
        sandbox.next(&task).expect_code(3).stderr.contains("already, so the promise is kept before the work begins")
    );
    let promises = sandbox
        .read(&task.document("deliverables.toml"))
        .replace(&format!("contains = [\"line 5 for {}\"]\n", task.id), "")
        .replace("\"created\"", "\"changed\"");
    sandbox.write(&task.document("deliverables.toml"), promises);
    sandbox.next(&task).expect_code(4);
    sandbox.agentops("check --all").run().expect_code(0);
    let forward = format!("phase rewind {} --to implement --actor claude --reason \"Forward\"", task.id);
    assert!(sandbox.agentops(&forward).run().expect_code(1).stderr.contains("cannot go forward"));
}

#[test]
fn an_abandoned_task_rests() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    let abandon = format!("phase abandon {} --actor claude --reason \"Bought instead\"", task.id);
    insta::assert_snapshot!(sandbox.agentops(&abandon).run().snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    reset-passwords-pfb9: research working -> research abandoned
    --- stderr
    committed <id> on main
      .agentops/product-dev/events/reset-passwords-pfb9/0002-research-abandoned-<id>.toml
    hint: agentops phase rewind reset-passwords-pfb9 --to research --reason "…"
    "#);
    let refused = sandbox.next(&task).expect_code(1);
    assert!(refused.stderr.contains("phase rewind"), "{}", refused.snapshot());
    let again = sandbox.agentops(&abandon).run().expect_code(1);
    assert!(again.stderr.contains("hint: `agentops phase status ID`"), "{}", again.snapshot());
    assert_eq!(sandbox.agentops("task list --json").run().json()["tasks"], serde_json::json!([]));
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn what_comes_after_waits() {
    let sandbox = Sandbox::governed();
    let first = sandbox.open_task("Token store", "");
    let second = sandbox.open_task("Reset passwords", &format!("--after {}", first.id));
    sandbox.fill_requirements(&second);
    let refused = sandbox.next(&second).expect_code(1);
    assert!(
        refused.stderr.contains(&format!("comes after `{}`, which is not done", first.id)),
        "{}",
        refused.snapshot()
    );
    assert_eq!(sandbox.status(&second)["waiting_for"], serde_json::json!([format!("`{}` to be done", first.id)]));
    // Given up, it waits for nobody.
    let third = sandbox.open_task("Mails", &format!("--after {}", first.id));
    sandbox.agentops(&format!("phase abandon {} --actor claude --reason \"Bought instead\"", third.id)).run();
    assert!(sandbox.next(&third).expect_code(1).stderr.contains("is abandoned"));
    sandbox.reach_implement(&first, "src/store.txt");
    sandbox.implement(&first, "src/store.txt");
    sandbox.bring_records(&first, 1);
    sandbox.next(&first).expect_code(0);
    sandbox.next(&second).expect_code(4);
}

#[test]
fn a_dry_run_writes_nothing_at_all() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    let state = || (sandbox.git("rev-parse HEAD"), sandbox.git("count-objects -v"), sandbox.git("status --porcelain"));
    let before = state();
    let dry = sandbox.agentops(&format!("phase next {} --actor claude -n", task.id)).run().expect_code(0);
    assert!(dry.stderr.contains("would commit on main; nothing was written"), "{}", dry.snapshot());
    sandbox.agentops("task new Another --actor claude -n").run().expect_code(0);
    sandbox.agentops(&format!("phase abandon {} --actor claude --reason No -n", task.id)).run().expect_code(0);
    assert_eq!(state(), before);
    let learn = "learn add --profile product-dev --actor claude -n --pattern";
    sandbox.agentops(learn).arg("Rename is atomic only within one file system").run().expect_code(0);
    sandbox
        .agentops("session end --profile product-dev --actor claude -n --summary \"Wrote the research\" --improvement")
        .arg("Run the fuzz target of the parser nightly")
        .arg("--task")
        .arg(&task.id)
        .run();
    sandbox.write(".agentops/product-dev/standards/own.md", "# Our own\n\nTabs are eight wide.\n");
    sandbox.agentops("policy amend --actor alice -n --reason").arg("Tabs are ours to choose").run().expect_code(0);
    std::fs::remove_file(sandbox.path().join(".agentops/product-dev/standards/own.md")).unwrap();
    assert_eq!(state(), before);
    std::fs::remove_file(sandbox.path().join(task.document("requirements.md"))).unwrap();
    let missing = sandbox.agentops(&format!("phase next {} --actor claude -n", task.id)).run().expect_code(1);
    assert!(!missing.stderr.contains("has been laid out"), "{}", missing.snapshot());
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let before = state();
    sandbox.agentops(&format!("gate approve {} --actor bob -n", task.id)).run().expect_code(0);
    assert_eq!(state(), before);
}

#[test]
fn changed_files_go_through_the_syntax_checks_of_the_profile() {
    let sandbox = Sandbox::governed();
    let profile = ".agentops/product-dev/profile.toml";
    let check = "\n[commands.lint]\nrun = [\"sh\", \"lint.sh\"]\ntimeout_seconds = 60\ntakes_paths = true\n\n[syntax]\n\"src/*.txt\" = \"lint\"\n";
    sandbox.write(profile, sandbox.read(profile) + check);
    sandbox.agentops("policy amend --reason").arg("Texts are linted").run().expect_code(0);
    sandbox.write("lint.sh", "grep -L tokens \"$@\" | grep . && exit 1\nexit 0\n");
    sandbox.git("add lint.sh");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("ci: a check of texts")).run().expect_code(0);
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    let refused = sandbox.next(&task).expect_code(3);
    assert!(refused.stderr.contains("`lint src/app.txt src/reset.txt` ended with exit 1"), "{}", refused.snapshot());
    sandbox.write("src/app.txt", sandbox.read("src/app.txt") + "tokens\n");
    sandbox.git("add src/app.txt");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("fix: what the linter wants")).run().expect_code(0);
    let done = sandbox.next(&task).expect_code(0);
    assert!(done.stderr.contains("running `sh lint.sh src/app.txt src/reset.txt`"), "{}", done.snapshot());
    sandbox.agentops("check --all").run().expect_code(0);
}

/// A task that is done, on main.
fn done(sandbox: &Sandbox) -> Task {
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    sandbox.next(&task).expect_code(0);
    task
}

fn commit(sandbox: &Sandbox, path: &str, text: &str) {
    sandbox.write(path, text);
    sandbox.git(&format!("add {path}"));
    sandbox
        .try_git("commit --quiet --file=-")
        .stdin(lawful(&format!("feat(reset): {}", text.trim())))
        .run()
        .expect_code(0);
}

fn rewind(sandbox: &Sandbox, task: &Task, to: &str) -> Output {
    let rewind = format!("phase rewind {} --to {to} --actor claude --reason \"One thing more\"", task.id);
    sandbox.agentops(&rewind).run().expect_code(0)
}

#[test]
fn an_approval_carries_a_task_until_it_is_done_and_not_beyond() {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b first");
    let task = done(&sandbox);
    let first = sandbox.agentops("check --base main").run().expect_code(0);
    let rests = format!("{}: implement rests on event 0004, approved by `bob` (", task.id);
    assert!(first.stdout.contains(&rests), "{}", first.snapshot());
    // Before it lands, a reviewer may ask for more: nothing was delivered yet.
    let warned = rewind(&sandbox, &task, "implement");
    let remedy = format!("agentops phase rewind {} --to spec", task.id);
    assert!(warned.stderr.contains("warning: the approval of event 0004 carried"), "{}", warned.snapshot());
    assert!(warned.stderr.contains(&remedy), "{}", warned.snapshot());
    commit(&sandbox, "src/reset.txt", &format!("tokens of {}, checked\n", task.id));
    sandbox.next(&task).expect_code(0);
    sandbox.agentops("check --base main").run().expect_code(0);
    sandbox.git("branch --force main first");
    sandbox.git("checkout --quiet -b second");
    rewind(&sandbox, &task, "implement");
    commit(&sandbox, "src/reset.txt", &format!("tokens of {}, and a back door\n", task.id));
    commit(&sandbox, "src/door.txt", "a back door\n");
    sandbox.next(&task).expect_code(0);
    insta::assert_snapshot!(sandbox.agentops("check --base main").run().snapshot_without_ids(), @r#"
    exit 3
    --- stdout
    warning[AO-P7] .agentops/product-dev/specs/2026-11-21-reset-passwords-pn0a/manifest.txt:2: unplanned: `src/door.txt` is in the manifest but not in the plan
      fix: if it matters, plan it: `agentops phase rewind reset-passwords-pn0a --to spec --reason "…"`
    error[AO-G1] .agentops/product-dev/events/reset-passwords-pn0a/0010-implement-done-<id>.toml: `reset-passwords-pn0a` was done before, on the approval of event 0004: it is delivered, and does not carry what `implement` brings now
      fix: have it approved anew: `agentops phase rewind reset-passwords-pn0a --to spec --reason "…"`

    not checked: 1 command is claimed by claude, not reproduced
    note: reset-passwords-pn0a: implement rests on event 0004, which landed before this range, approved by `bob` (unauthenticated: could be written by an agent)
    fail: 1 error, 1 warning in 4 commits (refs/heads/main <id>..<id>)
    --- stderr
    hint: agentops explain AO-P7
    "#);
    let pushed = sandbox.agentops("check --base main --onto refs/heads/second").run().expect_code(0);
    assert!(pushed.stdout.contains("warning[AO-G1]"), "{}", pushed.snapshot());
    // In the first edition of the laws an approval carries whatever comes.
    sandbox.git("checkout --quiet -b old main");
    let format = sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 ");
    sandbox.write(".agentops/format.toml", format);
    sandbox.git("commit --quiet --all --no-verify --message old");
    sandbox.git("checkout --quiet -b third");
    assert!(!rewind(&sandbox, &task, "implement").stderr.contains("carried"));
    commit(&sandbox, "src/reset.txt", &format!("tokens of {}, once more\n", task.id));
    sandbox.next(&task).expect_code(0);
    let old = sandbox.agentops("check --base old").run();
    assert!(!old.stdout.contains("AO-G1"), "{}", old.snapshot());
}

#[test]
fn programs_are_told_that_a_rewind_leads_to_delivered_work() {
    let sandbox = Sandbox::governed();
    let task = done(&sandbox);
    let body = |to: &str| {
        let rewind = format!("phase rewind {} --to {to} --actor claude --dry-run --json --reason", task.id);
        sandbox.agentops(&rewind).arg("One thing more").run().expect_code(0).json()
    };
    assert_eq!(
        body("implement")["delivered"],
        format!(
            "the approval of event 0004 carried `{id}` until it was done; where that has landed, AO-G1 refuses more on it: \
             agentops phase rewind {id} --to spec --reason \"…\"",
            id = task.id
        )
    );
    // Where the plan is approved anew there is nothing to tell, and no field.
    assert_eq!(body("spec").get("delivered"), None);
    assert_eq!(sandbox.standing(&task), "implement done");
}

#[test]
fn from_a_later_phase_what_was_planned_may_be_mended() {
    let sandbox = Sandbox::governed();
    let profile = ".agentops/product-dev/profile.toml";
    let watch = "
[[phases]]
name = \"watch\"
stage = \"post\"
purpose = \"See that it works\"
budget = { tokens = 60000, artifact_tokens = 12000, green = 20, yellow = 30 }
[phases.gate]
title = \"It works\"
vote = \"none\"
voters = 0
";
    sandbox.write(profile, sandbox.read(profile) + watch);
    sandbox.agentops("policy amend --reason").arg("We look at what runs").run().expect_code(0);
    let task = done(&sandbox);
    assert_eq!(sandbox.standing(&task), "watch working");
    sandbox.git("checkout --quiet -b mended");
    rewind(&sandbox, &task, "implement");
    commit(&sandbox, "src/reset.txt", &format!("tokens of {}, mended\n", task.id));
    sandbox.next(&task).expect_code(0);
    sandbox.next(&task).expect_code(0);
    assert_eq!(sandbox.standing(&task), "watch done");
    let judged = sandbox.agentops("check --base main").run().expect_code(0);
    let rests = "implement rests on event 0004, which landed before this range, approved by `bob` (";
    assert!(judged.stdout.contains(rests), "{}", judged.snapshot());
    sandbox.git("checkout --quiet -b beyond main");
    rewind(&sandbox, &task, "implement");
    commit(&sandbox, "src/door.txt", "a back door\n");
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1] src/door.txt"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("whose plan does not name `src/door.txt`"), "{}", judged.snapshot());
}
