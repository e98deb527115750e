//! Where verbs run: beside a user's work, in linked worktrees and bare clones, and where they refuse.

use std::collections::BTreeMap;

use agentops::model::digest::ObjectId;
use agentops::model::tree::Mode;
use agentops::store::journal::{self, Entry, Journal};

use super::setting::Task;
use crate::sandbox::{Sandbox, lawful};

/// Everything of a user that no verb may touch: what is staged, and the bytes of the files.
fn snapshot(sandbox: &Sandbox, paths: &[&str]) -> (String, BTreeMap<String, Vec<u8>>) {
    let staged = sandbox.git(&format!("ls-files --stage -- {}", paths.join(" ")));
    let bytes = |path: &&str| (path.to_string(), std::fs::read(sandbox.path().join(path)).unwrap_or_default());
    (staged, paths.iter().map(bytes).collect())
}

#[test]
fn a_users_work_survives_every_verb() {
    let sandbox = Sandbox::governed();
    sandbox.write("src/other.txt", "one\n");
    sandbox.write("src/gone.txt", "one\n");
    sandbox.commit_all(&lawful("chore: two files"));
    // Staged and edited again, edited only, removed from the index, new and staged, untracked, intended.
    sandbox.write("src/other.txt", "two\n");
    sandbox.git("add src/other.txt");
    sandbox.write("src/other.txt", "three\r\n");
    sandbox.write("README.md", "edited\n");
    sandbox.git("rm --quiet --cached src/gone.txt");
    sandbox.write("added.txt", "new\n");
    sandbox.git("add added.txt");
    sandbox.write("untracked.txt", "mine\n");
    sandbox.write("intended.txt", "later\n");
    sandbox.git("add --intent-to-add intended.txt");
    let paths = ["src/other.txt", "README.md", "src/gone.txt", "added.txt", "untracked.txt", "intended.txt"];
    let before = snapshot(&sandbox, &paths);
    let same = |what: &str| assert_eq!(snapshot(&sandbox, &paths), before, "{what}");
    let task = sandbox.open_task("Reset passwords", "");
    same("task new");
    sandbox.fill_requirements(&task);
    // An older version of the document is staged: what is committed is what lies in the working tree.
    let path = task.document("requirements.md");
    let text = sandbox.read(&path);
    sandbox.write(&path, "old\n");
    sandbox.git(&format!("add {path}"));
    sandbox.write(&path, &text);
    sandbox.next(&task).expect_code(4);
    same("phase next: submit");
    assert_eq!(sandbox.git(&format!("show HEAD:{path}")), text.trim());
    assert_eq!(sandbox.git(&format!("status --porcelain -- {path}")), "");
    sandbox.approve(&task);
    same("gate approve");
    sandbox.next(&task).expect_code(0);
    same("phase next: advance");
    for verb in ["rewind --to research", "abandon"] {
        let line = format!("phase {verb} --actor claude --reason Why");
        sandbox.agentops(&line).arg(&task.id).run().expect_code(0);
        same(verb);
    }
    for line in ["task list", "phase status", "gate list", "check --all", "phase log"] {
        let call = sandbox.agentops(line);
        let call = if line == "phase log" { call.arg(&task.id) } else { call };
        call.run().expect_code(0);
        same(line);
    }
    assert_eq!(sandbox.git("diff HEAD --name-only -- .agentops"), "");
}

#[test]
fn a_linked_worktree_is_a_place_like_any_other() {
    let sandbox = Sandbox::governed();
    let linked = sandbox.worktree("linked");
    let task = linked.open_task("Reset passwords", "");
    linked.reach_spec(&task);
    let (promises, spec) = (task.document("deliverables.toml"), task.document("spec.md"));
    assert_eq!(linked.git("status --porcelain"), format!("?? {promises}\n?? {spec}"));
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.agentops("task list --json").run().json()["tasks"], serde_json::json!([]));
    // From a folder below, too.
    linked.agentops("task show reset").in_dir("src").run().expect_code(0);
}

fn ready() -> (Sandbox, Task) {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    (sandbox, task)
}

#[test]
fn a_detached_head_moves_only_on_request() {
    let (sandbox, task) = ready();
    sandbox.git("checkout --quiet --detach");
    insta::assert_snapshot!(sandbox.next(&task).snapshot_without_ids(), @"
    exit 1
    --- stderr
    error: HEAD is detached at <id>; check a branch out with `git switch BRANCH`
    hint: `--detach` commits on the detached HEAD all the same; no branch will hold the commit
    ");
    let moved = sandbox.agentops(&format!("phase next {} --actor claude --detach --json", task.id)).run();
    assert_eq!(moved.expect_code(4).json()["branch"], serde_json::Value::Null);
    assert_eq!(sandbox.standing(&task), "research waiting");
    sandbox.git("checkout --quiet main");
    assert_eq!(sandbox.standing(&task), "research working");
}

#[test]
fn there_is_nothing_to_move_before_the_first_commit() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.agentops("phase status").run().snapshot(), @"
    exit 1
    --- stderr
    error: the branch `main` has no commit yet
    hint: make the first one with `git commit`, or with `agentops init`, which sets this repository up
    ");
    sandbox.agentops("task new X").run().expect_code(1);
    sandbox.commit_all("chore: begin");
    insta::assert_snapshot!(sandbox.agentops("task list --json").run().snapshot(), @r#"
    exit 1
    --- stdout
    {"schema_version":1,"error":{"code":"failed","message":"this repository is not governed: the commit at HEAD has no `.agentops`; `agentops init` sets it up","hint":null}}
    "#);
    insta::assert_snapshot!(Sandbox::without_repository().agentops("task list").run().snapshot(), @"
    exit 1
    --- stderr
    error: `<root>/repo` is not inside a Git repository; run `git init` there, or name the repository with `-C DIR`
    ");
}

#[test]
fn nothing_moves_while_git_is_at_work() {
    let (sandbox, task) = ready();
    let refused = |what: &str| {
        let output = sandbox.next(&task).expect_code(6);
        assert!(output.stderr.contains(what), "{}", output.snapshot());
        sandbox.agentops("task new X --actor claude").run().expect_code(6);
        sandbox.agentops("task list").run().expect_code(0);
    };
    sandbox.git("checkout --quiet -b side");
    sandbox.write("README.md", "side\n");
    sandbox.git("add README.md");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("docs: side")).run().expect_code(0);
    sandbox.git("checkout --quiet main");
    sandbox.write("README.md", "main\n");
    sandbox.git("add README.md");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("docs: main")).run().expect_code(0);
    sandbox.try_git("merge side").run().expect_code(1);
    refused("a merge is in progress");
    sandbox.git("merge --abort");
    sandbox.try_git("rebase side").run();
    refused("a rebase is in progress");
    sandbox.git("rebase --abort");
    sandbox.try_git("cherry-pick side").run();
    refused("a cherry-pick is in progress");
    sandbox.git("cherry-pick --abort");
    sandbox.git("bisect start");
    refused("a bisect is in progress");
    sandbox.git("bisect reset");
    sandbox.agentops("check --base main --tip side").run().expect_code(6);
    sandbox.next(&task).expect_code(4);
}

#[test]
fn a_bare_clone_can_be_read_and_voted_in() {
    let (sandbox, task) = ready();
    sandbox.next(&task).expect_code(4);
    let bare = sandbox.root().join("bare.git");
    sandbox.try_git("clone --quiet --bare").arg(sandbox.path()).arg(&bare).run().expect_code(0);
    let run = |line: &str| sandbox.agentops(line).in_dir(&bare).run();
    assert!(run("task list").expect_code(0).stdout.contains("waiting"));
    run("check --all").expect_code(0);
    run("gate list").expect_code(0);
    let next = run(&format!("phase next {} --actor claude", task.id)).expect_code(4);
    assert!(next.stderr.contains("waits at gate 1"), "{}", next.snapshot());
    run(&format!("phase rework {} --actor claude --reason Figures", task.id)).expect_code(0);
    let refused = run(&format!("phase next {} --actor claude", task.id)).expect_code(1);
    assert!(refused.stderr.contains("bare"), "{}", refused.snapshot());
    sandbox.try_git("fsck --strict").in_dir(&bare).run().expect_code(0);
}

/// A clone without the history before the last commit.
fn shallow(sandbox: &Sandbox) -> Sandbox {
    let source = format!("file://{}", sandbox.path().display());
    let clone = sandbox.clone_as("whole");
    let dir = sandbox.root().join("shallow");
    clone.try_git("clone --quiet --depth 1").arg(source).arg(&dir).run().expect_code(0);
    clone.at(dir)
}

fn leave_journal(sandbox: &Sandbox, commit: &str, entries: Vec<Entry>) {
    let commit = ObjectId::parse(commit).unwrap();
    let journal = Journal { commit, reference: "refs/heads/main".into(), entries };
    journal::save(&sandbox.path().join(".git"), &journal).unwrap();
}

#[test]
fn a_shallow_clone_is_a_place_to_work_in() {
    let origin = Sandbox::governed();
    origin.write("README.md", "# Second\n");
    origin.commit_all(&lawful("docs: a second commit"));
    let clone = shallow(&origin);
    leave_journal(&clone, &"1".repeat(40), Vec::new());
    clone.open_task("Reset passwords", "");
    assert!(!clone.path().join(".git/agentops/journal").exists(), "a commit that never landed is forgotten");
    // HEAD has a commit that `origin/main` lacks, which cut-off history cannot tell.
    clone.agentops("session start --profile product-dev --actor alice").run().expect_code(0);
    clone.agentops("session suggest").run().expect_code(0);
}

#[test]
fn an_old_journal_undoes_nothing() {
    let sandbox = Sandbox::governed();
    let blob = |rev: &str| Some((Mode::File, ObjectId::parse(&sandbox.git(&format!("rev-parse {rev}"))).unwrap()));
    let before = blob("HEAD:README.md");
    sandbox.write("README.md", "# Second\n");
    let landed = sandbox.commit_all(&lawful("docs: a second commit"));
    let after = blob("HEAD:README.md");
    sandbox.write("README.md", "# A product\n");
    sandbox.commit_all(&lawful("docs: back again"));
    leave_journal(&sandbox, &landed, vec![Entry { path: "README.md".into(), before, after }]);
    sandbox.agentops("doctor --fix").run();
    assert_eq!((sandbox.read("README.md").as_str(), sandbox.git("status --porcelain").as_str()), ("# A product\n", ""));
    let journal = sandbox.path().join(".git/agentops/journal");
    assert!(!journal.exists());
    std::fs::write(&journal, "half a line").unwrap();
    sandbox.agentops("doctor --fix").run();
    assert!(!journal.exists(), "a journal that cannot be read is found for ever");
}
