//! `agentops redact`: bytes go, what rests on their digest stays.

use agentops::model::layout;

use super::lifecycle::setting::Task;
use super::sandbox::Sandbox;

/// A repository with a task that was approved out of its first phase; its requirements hold what should never have been said.
fn leaked() -> (Sandbox, Task, String) {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset a password", "");
    sandbox.fill_requirements(&task);
    let path = task.document("requirements.md");
    let text = sandbox.read(&path).replace("Support agents", "Support agents (their password is tr0ub4dor)");
    sandbox.write(&path, text);
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    (sandbox, task, path)
}

fn redact(sandbox: &Sandbox, path: &str) -> serde_json::Value {
    let call = sandbox.agentops(&format!("redact {path} --json --reason"));
    call.arg("It shows a password").run().expect_code(0).json()
}

/// Rewrites every commit without `path`, leaves out those that become empty as `git filter-repo` does, and lets go of whatever git kept of the old ones.
fn rewrite_without(sandbox: &Sandbox, path: &str) {
    let filter = format!("git rm -r --cached --quiet --ignore-unmatch {path}");
    let call = sandbox.try_git("filter-branch --force --prune-empty --index-filter").arg(filter).arg("--").arg("--all");
    call.env("FILTER_BRANCH_SQUELCH_WARNING", "1").run().expect_code(0);
    sandbox.git("update-ref -d refs/original/refs/heads/main");
    sandbox.git("reflog expire --expire=now --all");
    sandbox.git("gc --quiet --prune=now");
}

fn has_object(sandbox: &Sandbox, id: &serde_json::Value) -> bool {
    sandbox.try_git("cat-file -e").arg(id.as_str().unwrap()).run().code == Some(0)
}

#[test]
fn the_evidence_of_a_task_goes_and_its_history_stays_proved() {
    let (sandbox, task, path) = leaked();
    let healthy = sandbox.agentops("doctor").run().stdout;
    let said = sandbox.agentops(&format!("redact {path} --reason")).arg("It shows a password").run();
    insta::assert_snapshot!(said.snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    redacted  .agentops/product-dev/specs/2026-11-21-reset-a-password-pfb9/requirements.md
    sha256    <id>
    blob      <id>
    --- stderr
    not checked: evidence `.agentops/product-dev/specs/2026-11-21-reset-a-password-pfb9/requirements.md` of `reset-a-password-pfb9` 0002: redacted by amend 0001
    note: 1 commit says `Learning: N/A`
    note: amend 0001 redacts unsigned (`governance.owners = 0`): it proves nothing about who agreed
    note: amend 0001: redacts `.agentops/product-dev/specs/2026-11-21-reset-a-password-pfb9/requirements.md` (sha256 <id>…)
    pass: 0 errors, 0 warnings in 1 commit (on <id>)
    committed <id> on main
      .agentops/governance/0001-amend-<id>.toml
      .agentops/product-dev/specs/2026-11-21-reset-a-password-pfb9/requirements.md
    hint: `reset-a-password-pfb9` rests on it and passes no gate before: agentops phase rewind reset-a-password-pfb9 --to research --reason "…"
    hint: git's history still holds the bytes: change the secret first, for every clone has it
    hint: then, once this has landed, take them out of every commit and push that: echo <id> > ../blobs && git filter-repo --strip-blobs-with-ids ../blobs; ask the forge to purge its caches and pull requests
    "#);
    assert!(!sandbox.path().join(&path).exists());
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
    let id = &task.id;
    let still = || {
        for arguments in ["check --all", "gate list", "task list"] {
            sandbox.agentops(arguments).run().expect_code(0);
        }
        assert_eq!(sandbox.agentops("doctor").run().stdout, healthy);
        for verb in ["phase status", "phase log", "task show"] {
            sandbox.agentops(&format!("{verb} {id}")).run().expect_code(0);
        }
    };
    still();
    sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    // No gate opens for what is not there; the way is back.
    sandbox.fill_spec(&task, "src/reset.txt");
    let refused = sandbox.next(&task).expect_code(3);
    assert!(
        refused.stderr.contains("error[AO-E8]") && refused.stderr.contains("phase rewind"),
        "{}",
        refused.snapshot()
    );
    sandbox
        .agentops(&format!("phase rewind {id} --actor claude --to research --reason"))
        .arg("Its notes are gone")
        .run()
        .expect_code(0);
    sandbox.reach_spec(&task);
    still();
}

#[test]
fn history_rewritten_without_the_bytes_is_still_proved() {
    let (sandbox, task, path) = leaked();
    let body = redact(&sandbox, &path);
    assert!(has_object(&sandbox, &body["blob"]));
    let before = sandbox.git("rev-list --count HEAD");
    rewrite_without(&sandbox, &path);
    assert!(!has_object(&sandbox, &body["blob"]));
    assert_eq!(sandbox.git("rev-list --count HEAD"), before);
    let judged = sandbox.agentops("check --all").run().expect_code(0);
    for said in [
        format!("evidence `{path}` of `{}` 0002: redacted by amend 0001", task.id),
        format!("the checks of `{}` 0002: `{path}`, on which it rests, was redacted by amend 0001", task.id),
        "amend 0001 redacts unsigned (`governance.owners = 0`): it proves nothing about who agreed".to_owned(),
    ] {
        assert!(judged.stdout.contains(&said), "`{said}` is not in:\n{}", judged.snapshot());
    }
    for verb in ["phase status", "phase log"] {
        sandbox.agentops(&format!("{verb} {}", task.id)).run().expect_code(0);
    }
    // The task goes on from there.
    let rewind = format!("phase rewind {} --actor claude --to research --reason", task.id);
    sandbox.agentops(&rewind).arg("Its notes are gone").run().expect_code(0);
    sandbox.reach_spec(&task);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn history_rewritten_further_than_amends_reach_is_refused() {
    let (sandbox, _, path) = leaked();
    let other = sandbox.waiting_task("Lock an account");
    let kept = other.document("requirements.md");
    redact(&sandbox, &path);
    rewrite_without(&sandbox, &format!("{path} {kept}"));
    let judged = sandbox.agentops("check --all").run().expect_code(3);
    assert!(judged.stdout.contains(&format!("error[AO-E8] {kept}")), "{}", judged.snapshot());
    assert!(!judged.stdout.contains(&format!("error[AO-E8] {path}")), "{}", judged.snapshot());
}

#[test]
fn records_and_votes_go_too() {
    let (sandbox, task, _) = leaked();
    sandbox.fill_spec(&task, "src/reset.txt");
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    sandbox.bring_records(&task, 1);
    let listed = sandbox
        .git("ls-files .agentops/product-dev/learnings .agentops/product-dev/sessions .agentops/product-dev/votes");
    let paths: Vec<&str> = listed.lines().collect();
    assert_eq!(paths.len(), 4, "{listed}");
    for path in &paths {
        redact(&sandbox, path);
        sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    }
    sandbox.agentops("check --base HEAD~4").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
    rewrite_without(&sandbox, &paths.join(" "));
    let judged = sandbox.agentops("check --all").run().expect_code(0);
    assert!(judged.stdout.contains("whether the votes on"), "{}", judged.snapshot());
    sandbox.agentops("learn list").run().expect_code(0);
    sandbox.agentops("session list").run().expect_code(0);
}

#[test]
fn an_earlier_draft_is_let_go_by_its_bytes() {
    let (sandbox, task, path) = leaked();
    let rewind = format!("phase rewind {} --actor claude --to research --reason", task.id);
    sandbox.agentops(&rewind).arg("The notes show a password").run().expect_code(0);
    sandbox.reach_spec(&task);
    let call = sandbox.agentops(&format!("redact {path} --at HEAD~4 --json --reason"));
    let body = call.arg("The first draft shows a password").run().expect_code(0).json();
    assert!(sandbox.path().join(&path).exists(), "the draft that counts stays");
    assert_eq!(body["reopen"], serde_json::Value::Null);
    // Only that blob goes from history.
    let blob = body["blob"].as_str().unwrap();
    let filter = format!("git ls-files -s {path} | grep -q {blob} && git rm --cached --quiet {path} || true");
    let call = sandbox.try_git("filter-branch --force --index-filter").arg(filter).arg("--").arg("--all");
    call.env("FILTER_BRANCH_SQUELCH_WARNING", "1").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn what_cannot_go_is_refused_with_the_reason() {
    let (sandbox, task, path) = leaked();
    let before = sandbox.git("rev-parse HEAD");
    let refused = |path: &str, flags: &str| {
        let call = sandbox.agentops(&format!("redact {path} {flags} --reason")).arg("It shows a password");
        let ran = call.run();
        assert_ne!(ran.code, Some(0));
        ran.stderr
    };
    let event = sandbox.git(&format!("ls-files .agentops/product-dev/events/{}", task.id));
    assert!(
        refused(event.lines().next().unwrap(), "")
            .contains("is an event: the state of its task is proved by its bytes")
    );
    assert!(refused(layout::CONFIG, "").contains("is governed: `agentops policy amend` changes it"));
    assert!(refused(".agentops/product-dev/profile.toml", "").contains("is governed"));
    assert!(refused("src/app.txt", "").contains("lies outside `.agentops`"));
    assert!(refused(&task.document("nothing.md"), "").contains("HEAD has no file"));
    assert!(refused(".agentops/product-dev/no.thing.toml", "--at HEAD~1").contains("HEAD~1 has no file"));
    // What has not landed is not carried there.
    sandbox.git("checkout --quiet -b work HEAD~2");
    sandbox.git("branch --quiet --force main HEAD~2");
    assert!(refused(&path, "").contains("has not landed on `main`"));
    sandbox.git("checkout --quiet -B main");
    sandbox.git(&format!("reset --quiet --hard {before}"));
    sandbox.agentops(&format!("redact {path} --dry-run --reason")).arg("It shows a password").run().expect_code(0);
    assert_eq!((sandbox.git("rev-parse HEAD"), sandbox.git("status --porcelain -uno")), (before, String::new()));
}

#[test]
fn under_the_first_edition_nothing_goes() {
    let sandbox = Sandbox::governed();
    let format = sandbox.read(layout::FORMAT).replace("laws = 2", "laws = 1");
    sandbox.write(layout::FORMAT, format);
    sandbox.git("commit --quiet --all --amend --no-edit");
    let task = sandbox.waiting_task("Reset a password");
    let refused = sandbox.agentops(&format!("redact {} --reason x", task.document("requirements.md"))).run();
    assert!(
        refused.stderr.contains("edition 1 of the laws rules here, and it knows no redactions"),
        "{}",
        refused.snapshot()
    );
}

#[test]
fn owners_sign_a_redaction_as_any_amend() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset a password");
    let path = task.document("requirements.md");
    let config = sandbox.read(layout::CONFIG).replace("owners = 0", "owners = 2");
    sandbox.write(layout::CONFIG, config.replace("roles = [\"reviewer\"]", "roles = [\"owner\", \"reviewer\"]"));
    sandbox.agentops("policy amend --reason").arg("Two owners govern").run().expect_code(0);
    let call = sandbox.agentops(&format!("redact {path} --actor alice --reason")).arg("It shows a password");
    assert!(call.run().expect_code(1).stderr.contains("1 of 2 owners have signed this amend"));
    let call = sandbox.agentops(&format!("redact {path} --actor alice --out ../redact.toml --reason"));
    call.arg("It shows a password").run().expect_code(0);
    let early = sandbox.agentops("policy amend --actor alice --from ../redact.toml").run().expect_code(3);
    assert!(early.stderr.contains("1 of 2 owners of the base signed this amend"), "{}", early.snapshot());
    let mut terminal = sandbox.terminal("policy sign ../redact.toml --actor bob --color never");
    terminal.wait_for("to leave:");
    terminal.type_line("0003");
    let ending = terminal.finish();
    assert_eq!(ending.code, 0, "{}", ending.text);
    assert!(ending.text.contains(&format!("lets go {path}  sha256 ")), "{}", ending.text);
    let committed = sandbox.agentops("policy amend --actor bob --from ../redact.toml").run().expect_code(0);
    assert!(committed.stdout.contains(&format!("redacted   {path}")), "{}", committed.snapshot());
    assert!(!sandbox.path().join(&path).exists());
    rewrite_without(&sandbox, &path);
    let judged = sandbox.agentops("check --all").run().expect_code(0);
    assert!(!judged.stdout.contains("redacts unsigned"), "{}", judged.snapshot());
}
