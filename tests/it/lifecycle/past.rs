//! A task as it was: shown at an event, restored into a worktree, and what going back leaves undone.

use std::os::unix::fs::symlink;

use super::setting::Task;
use crate::sandbox::{Sandbox, lawful};

/// A finished task; its requirements were submitted twice, with other words the second time.
fn finished(sandbox: &Sandbox) -> Task {
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    sandbox
        .agentops(&format!("phase rework {} --actor claude --reason \"More figures\"", task.id))
        .run()
        .expect_code(0);
    let path = task.document("requirements.md");
    sandbox.write(&path, sandbox.read(&path).replace("41 tickets", "43 tickets"));
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    sandbox.fill_spec(&task, "src/reset.txt");
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    sandbox.next(&task).expect_code(0);
    task
}

#[test]
fn an_event_is_shown_as_it_was() {
    let sandbox = Sandbox::governed();
    let task = finished(&sandbox);
    let show = |rest: &str| sandbox.agentops(&format!("phase show {}{rest}", task.id)).run();
    insta::assert_snapshot!(show("@2").snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pfb9@2: Reset passwords
      product-dev: phase research (stage research), waiting
      event: submit by claude, 2026-11-21T07:06:00Z; superseded by what came later
      sha256: <id>
      commit: <id>
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/requirements.md  <id>  1223 bytes, listed by 0002
      git cannot undo: the run of `test` in event 0008 (exit 0)
    --- stderr
    hint: agentops phase restore reset-passwords-pfb9@2:<id>
    ");
    insta::assert_snapshot!(show("@8").snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pfb9@8: Reset passwords
      product-dev: phase implement (stage implement), done
      event: advance by claude, 2026-11-21T07:18:00Z
      sha256: <id>
      commit: <id>
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/deliverables.toml  <id>  397 bytes, listed by 0006
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/manifest.txt  <id>  170 bytes, listed by 0008
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/requirements.md  <id>  1223 bytes, listed by 0004
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/spec.md  <id>  1423 bytes, listed by 0006
      vote: approve of 0004 by bob  (unauthenticated: could be written by an agent)
      vote: approve of 0006 by bob  (unauthenticated: could be written by an agent)
      run: `test` exit 0 (claimed)
    --- stderr
    hint: agentops phase restore reset-passwords-pfb9@8:<id>
    ");
    let then = show("@2 --artifact requirements.md").expect_code(0).stdout;
    assert!(then.contains("41 tickets in October mention"), "{then}");
    assert!(show("@4 --artifact requirements").expect_code(0).stdout.contains("43 tickets"));
    let by_path = format!("@4 --artifact {} --json", task.document("requirements.md"));
    let document = show(&by_path).expect_code(0).json();
    assert!(document["text"].as_str().unwrap().contains("43 tickets"));
    let body = sandbox.agentops("phase show reset@5 --json").run().expect_code(0).json();
    assert_eq!((&body["kind"], &body["state"]["phase"]), (&"advance".into(), &"spec".into()));
    assert_eq!(body["votes"][0]["was_there"], true);
    assert_eq!(body["not_undone"]["ran"][0]["name"], "test");
    assert_eq!(body["commit"], sandbox.git(&format!("log -1 --format=%H --grep=advance.*{}.to.spec", task.id)));
    insta::assert_snapshot!(show("@99").snapshot(), @"
    exit 2
    --- stderr
    error: there is no event `reset-passwords-pfb9@99`
    hint: agentops phase log reset-passwords-pfb9
    ");
    insta::assert_snapshot!(show("").snapshot(), @"
    exit 2
    --- stderr
    error: which event of `reset-passwords-pfb9` is meant?
    hint: name it as `reset-passwords-pfb9@SEQ`; `agentops phase log reset-passwords-pfb9` lists them
    ");
    insta::assert_snapshot!(show("@2 --artifact nothing.md").snapshot(), @"
    exit 2
    --- stderr
    error: there is no artifact `nothing.md`
    hint: there are: .agentops/product-dev/specs/2026-11-21-reset-passwords-pfb9/requirements.md
    ");
}

#[test]
fn what_a_squash_dropped_is_said_to_be_gone() {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b work");
    let task = finished(&sandbox);
    sandbox.git("checkout --quiet main");
    sandbox.git("merge --quiet --squash work");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: squash it")).run().expect_code(0);
    sandbox.git("branch --quiet -D work");
    let show = |rest: &str| sandbox.agentops(&format!("phase show {}{rest}", task.id)).run();
    insta::assert_snapshot!(show("@2").snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pn0a@2: Reset passwords
      product-dev: phase research (stage research), waiting
      event: submit by claude, 2026-11-21T07:07:00Z; superseded by what came later
      sha256: <id>
      commit: <id>
      note: the commit that wrote this event is not in the history of HEAD: a squash or a rebase replaced it; <id> is the first on HEAD's line that holds the event
      artifact: .agentops/product-dev/specs/2026-11-21-reset-passwords-pn0a/requirements.md  <id>  content not in history, listed by 0002
      git cannot undo: the run of `test` in event 0008 (exit 0)
    --- stderr
    hint: agentops phase restore reset-passwords-pn0a@2:<id>
    ");
    let gone = show("@2 --artifact requirements.md").expect_code(1);
    assert!(gone.stderr.contains("content not in history"), "{}", gone.snapshot());
    assert_eq!(gone.stdout, "");
    show("@4 --artifact requirements.md").expect_code(0);
    assert_eq!(show("@4 --json").json()["votes"][0]["was_there"], serde_json::Value::Null);
    let restored = sandbox.agentops(&format!("phase restore {}@2", task.id)).run().expect_code(0);
    assert!(restored.stderr.contains("a squash or a rebase replaced it"), "{}", restored.snapshot());
}

#[test]
fn commits_beside_the_first_parents_count() {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b work");
    let task = finished(&sandbox);
    let own = sandbox.git(&format!("log --reverse --format=%H --grep=submit.{}", task.id));
    sandbox.git("checkout --quiet main");
    // The merge's first parent has the very tree that the task was opened on, and is no commit of an event.
    sandbox.git("merge --quiet --no-ff --no-edit work");
    sandbox.git("branch --quiet -D work");
    let shown = sandbox.agentops(&format!("phase show {}@2 --json", task.id)).run().expect_code(0).json();
    assert_eq!((&shown["commit"], &shown["commit_is_own"]), (&own.lines().next().unwrap().into(), &true.into()));
    let opened = sandbox.agentops(&format!("phase show {}@1 --json", task.id)).run().expect_code(0).json();
    assert_eq!(
        sandbox.git(&format!("rev-list --parents -1 {}", opened["commit"].as_str().unwrap())).split(' ').count(),
        2
    );
    assert!(shown["artifacts"][0]["bytes"].is_number());
}

#[test]
fn a_fork_asks_which() {
    let sandbox = Sandbox::governed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.git("branch other");
    sandbox.agentops(&format!("phase rework {} --actor claude --reason One", task.id)).run().expect_code(0);
    sandbox.git("checkout --quiet other");
    sandbox.agentops(&format!("phase rework {} --actor claude --reason Two", task.id)).run().expect_code(0);
    sandbox.git("merge --quiet --no-edit main");
    let asked = sandbox.agentops(&format!("phase show {}@3", task.id)).run().expect_code(2);
    assert!(asked.stderr.contains("2 events have the number 3"), "{}", asked.snapshot());
    let named = asked.stderr.rsplit("one of: ").next().unwrap().split(", ").next().unwrap().trim();
    assert!(sandbox.agentops(&format!("phase show {named}")).run().expect_code(0).stdout.contains("reason: "));
}

#[test]
fn bytes_of_a_document_reach_no_terminal() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    let path = task.document("requirements.md");
    let text = sandbox.read(&path).replace("## Users\n", "## Users\nred \u{1b}[31m and \u{202e}turned. ");
    sandbox.write(&path, &text);
    sandbox.next(&task).expect_code(4);
    let verb = format!("phase show {}@2 --artifact requirements.md", task.id);
    assert_eq!(sandbox.agentops(&verb).run().expect_code(0).stdout, text);
    let shown = sandbox.terminal(&verb).finish();
    assert!(shown.text.contains("red \\u{1b}[31m and \\u{202e}turned"), "{}", shown.text);
    assert!(!shown.text.contains('\u{1b}'), "{}", shown.text);
}

#[test]
fn a_point_is_restored_beside_and_nothing_else_moves() {
    let sandbox = Sandbox::governed();
    let task = finished(&sandbox);
    sandbox.write("src/app.txt", "my work\n");
    let before = (sandbox.git("rev-parse HEAD"), sandbox.git("status --porcelain"), sandbox.git("branch --list"));
    let dry = sandbox.agentops(&format!("phase restore {}@2 --dry-run --json", task.id)).run().expect_code(0).json();
    assert_eq!(dry["dry_run"], true);
    let dir = sandbox.root().join(format!("repo-{}-0002", task.id));
    assert!(!dir.exists());
    insta::assert_snapshot!(sandbox.agentops(&format!("phase restore {}@2", task.id)).run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    <root>/repo-reset-passwords-pfb9-0002: detached at <id>
    --- stderr
    git cannot undo: the run of `test` in event 0008 (exit 0)
    `reset-passwords-pfb9` stays where it is, and so do your files: phase rewind is what moves a task
    hint: when you have seen it: git worktree remove <root>/repo-reset-passwords-pfb9-0002
    ");
    let then = sandbox.at(dir.clone());
    assert!(then.read(&task.document("requirements.md")).contains("41 tickets in October mention"));
    assert_eq!(then.git("rev-parse HEAD"), dry["commit"].as_str().unwrap());
    assert_ne!(then.try_git("symbolic-ref HEAD").run().code, Some(0), "detached");
    let after = (sandbox.git("rev-parse HEAD"), sandbox.git("status --porcelain"), sandbox.git("branch --list"));
    assert_eq!(before, after);
    assert_eq!(sandbox.standing(&task), "implement done");
    let again = sandbox.agentops(&format!("phase restore {}@2", task.id)).run().expect_code(1);
    assert!(again.stderr.contains("a part of this repository already"), "{}", again.snapshot());
    sandbox.git(&format!("worktree remove {}", dir.display()));
}

#[test]
fn no_place_inside_the_repository_is_restored_into() {
    let sandbox = Sandbox::governed();
    let task = sandbox.waiting_task("Reset passwords");
    let root = sandbox.root().to_path_buf();
    symlink(sandbox.path(), root.join("way-in")).unwrap();
    symlink(root.join("nowhere"), root.join("link")).unwrap();
    std::fs::create_dir(root.join("full")).unwrap();
    std::fs::write(root.join("full/own"), "mine").unwrap();
    std::fs::write(root.join("file"), "mine").unwrap();
    for (into, why) in [
        ("then", "inside this repository"),
        (".git/then", "inside this repository"),
        ("../way-in/then", "inside this repository"),
        ("src/../then", "inside this repository"),
        (".", "a part of this repository already"),
        ("../link", "is a symbolic link"),
        ("../full", "not empty"),
        ("../file", "is a file"),
        ("../missing/then", "its parent"),
    ] {
        let refused = sandbox.agentops(&format!("phase restore {}@2 --into {into}", task.id)).run().expect_code(1);
        assert!(refused.stderr.contains(why), "{into}: {}", refused.snapshot());
    }
    assert_eq!(std::fs::read_to_string(root.join("full/own")).unwrap(), "mine");
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("worktree list").lines().count(), 1);
    // A folder that another worktree has is one of the repository, too.
    let other = sandbox.worktree("other");
    let refused = sandbox.agentops(&format!("phase restore {}@2 --into ../other/then", task.id)).run().expect_code(1);
    assert!(refused.stderr.contains("inside this repository"), "{}", refused.snapshot());
    assert_eq!(other.git("status --porcelain"), "");
    // A checkout that fails leaves nothing.
    sandbox.git("config filter.broken.smudge false");
    sandbox.git("config filter.broken.required true");
    sandbox.write(".git/info/attributes", "*.txt filter=broken\n");
    sandbox.agentops(&format!("phase restore {}@2 --into ../then", task.id)).run().expect_code(1);
    assert!(!root.join("then").exists());
    assert_eq!(sandbox.git("worktree list").lines().count(), 2);
}

#[test]
fn a_rewind_says_what_git_cannot_undo() {
    let sandbox = Sandbox::governed();
    let task = finished(&sandbox);
    sandbox.git("clone --quiet --bare . ../origin.git");
    sandbox.git("remote add origin ../origin.git");
    sandbox.git("fetch --quiet origin");
    let rewind = format!("phase rewind {} --to spec --actor claude --reason \"The API changed\"", task.id);
    let dry = sandbox.agentops(&format!("{rewind} --dry-run --json")).run().expect_code(0).json();
    assert_eq!(dry["not_undone"]["pushed_to"], serde_json::json!(["origin/main"]));
    assert_eq!(dry["not_undone"]["ran"][0]["name"], "test");
    insta::assert_snapshot!(sandbox.agentops(&rewind).run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pfb9: implement done -> spec working (attempt 2)
    --- stderr
    committed <id> on main
      .agentops/product-dev/events/reset-passwords-pfb9/0009-spec-working-<id>.toml
    git cannot undo: the push to origin/main: whoever fetched has it
    git cannot undo: the run of `test` in event 0008 (exit 0)
    the task moved, your files stay as they are; to see them as they were: agentops phase restore reset-passwords-pfb9@SEQ
    hint: agentops phase next reset-passwords-pfb9
    ");
}
