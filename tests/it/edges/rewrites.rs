//! Hooks of others that write instead of checking: AO-L4.

use super::{PLANTED, found};
use crate::sandbox::Sandbox;

#[test]
fn what_a_chained_hook_rewrites_is_named() {
    let sandbox = Sandbox::adopted();
    sandbox.write_program(".git/hooks/pre-commit", "#!/bin/sh\necho formatted > a.txt\ngit add a.txt\n");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let output = sandbox.commit("feat: add a", "").expect_code(0);
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 0
    --- stderr
    warning[AO-L4] a.txt: the chained `pre-commit` hook changed this file while it was being committed
      fix: look at it with `git diff`; let the hook check, and run what rewrites files by hand
    warning[AO-L4] a.txt: the chained `pre-commit` hook changed what is staged here
      fix: unstage it with `git restore --staged`, run by hand what wrote it, and commit what you mean to

    pass: 0 errors, 2 warnings (on <id>)
    ");
    assert_eq!(sandbox.git("show HEAD:a.txt"), "formatted");
}

#[test]
fn a_commit_of_nothing_but_a_hooks_writing_is_refused() {
    let sandbox = Sandbox::adopted();
    sandbox.write_program(".git/hooks/pre-commit", "#!/bin/sh\necho stamp > stamp\ngit add stamp\n");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    let refused = sandbox.commit("feat: nothing", "");
    insta::assert_snapshot!(refused.snapshot_without_ids(), @"
    exit 1
    --- stderr
    refused: `pre-commit` of agentops stops this commit

    error[AO-L4] stamp: the chained `pre-commit` hook staged this path, and nothing else is left to commit: it would hold only what a hook wrote
      fix: unstage it with `git restore --staged`, run by hand what wrote it, and commit what you mean to

    fail: 1 error, 0 warnings (on <id>)
    hint: `agentops explain AO-L4` tells the law
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    assert_eq!(sandbox.subject(), "chore: begin");
    sandbox.git("reset --quiet");
    // Nor does it get in where the hook put it in the place of what somebody staged.
    let replaces = "#!/bin/sh\ngit reset --quiet\necho stamp > stamp\ngit add stamp\n";
    sandbox.write_program(".git/hooks/pre-commit.agentops-chained", replaces);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let refused = sandbox.commit("feat: add a", "");
    assert!(refused.code == Some(1) && refused.stderr.contains("error[AO-L4] stamp"), "{}", refused.snapshot());
    // What was staged and is left is somebody's, whatever comes beside it.
    sandbox.git("reset --quiet");
    sandbox.write_program(".git/hooks/pre-commit.agentops-chained", "#!/bin/sh\necho stamp > stamp\ngit add stamp\n");
    sandbox.git("add a.txt");
    let output = sandbox.commit("feat: add a", "").expect_code(0);
    assert!(output.stderr.contains("warning[AO-L4] stamp"), "{}", output.snapshot());
}

#[test]
fn leftovers_are_named() {
    let sandbox = Sandbox::adopted();
    sandbox.agentops("hooks after-push").run().expect_code(0);
    let since = sandbox.git("rev-parse HEAD");
    sandbox.write("README.md", "Stamped.\n");
    sandbox.commit_all("chore: stamp\n");
    sandbox.write("README.md", "Stamped again.\n");
    let output = sandbox.agentops("hooks after-push --since").arg(&since).run().expect_code(3);
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 3
    --- stdout
    error[AO-L4] README.md: this tracked file is not as in HEAD
      fix: if it is your own work, go on; if a hook wrote it, `git diff` shows what, `git restore --staged --worktree` undoes it, and the hook must not write tracked files

    commit <id>
    error[AO-L4]: `chore: stamp` was committed after `<id>`
      fix: if a hook made it: let the hook check only, and drop the commit with `git reset --soft`

    fail: 2 errors, 0 warnings (<id>..<id>)
    ");
    let document = sandbox.agentops("hooks after-push --json").run().expect_code(3).json();
    assert_eq!(document["violations"][0]["law"], "AO-L4");
    assert_eq!(document["violations"][0]["path"], "README.md");
}

#[test]
fn a_hook_of_messages_that_writes_is_named_and_hides_nothing() {
    let sandbox = Sandbox::adopted();
    // Git has read the index before: what is taken out of it now is committed all the same.
    let hides = format!("#!/bin/sh\ngit rm --quiet --cached --force --ignore-unmatch {PLANTED}\n");
    sandbox.write_program(".git/hooks/commit-msg", &hides);
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.plant();
    found(&sandbox.commit("feat: planted", ""));
    sandbox.uproot();
    let writes = "#!/bin/sh\necho 2 > a.txt\necho 1 > b.txt\ngit add b.txt\n";
    sandbox.write_program(".git/hooks/commit-msg.agentops-chained", writes);
    let output = sandbox.commit("feat: add a", "").expect_code(0);
    for path in ["a.txt", "b.txt"] {
        let told = format!("warning[AO-L4] {path}: the chained `commit-msg` hook changed");
        assert!(output.stderr.contains(&told), "{}", output.snapshot());
    }
    assert_eq!(sandbox.git("show --format= --name-only HEAD"), "a.txt");
    assert_eq!(sandbox.git("show HEAD:a.txt"), "1");
    // What it left behind is told afterwards as well.
    let left = sandbox.agentops("hooks after-push").run().expect_code(3);
    assert!(left.stdout.contains("AO-L4] a.txt") && left.stdout.contains("AO-L4] b.txt"), "{}", left.snapshot());
}

#[test]
fn leftovers_are_what_tracked_files_hold() {
    let sandbox = Sandbox::hooked();
    let clean = |case: &str| {
        let output = sandbox.agentops("hooks after-push").run();
        assert_eq!(output.code, Some(0), "{case}: {}", output.snapshot());
    };
    clean("nothing");
    sandbox.write("untracked.txt", "1\n");
    clean("untracked");
    sandbox.write("README.md", "Things.\n");
    clean("written anew with the same bytes");
    let linked = sandbox.worktree("linked");
    sandbox.write("README.md", "Other things.\n");
    linked.agentops("hooks after-push").run().expect_code(0);
    sandbox.agentops("hooks after-push").run().expect_code(3);
    sandbox.git("add README.md");
    sandbox.agentops("hooks after-push").run().expect_code(3);
    sandbox.git("reset --quiet --hard");
    std::fs::remove_file(sandbox.path().join("README.md")).unwrap();
    sandbox.agentops("hooks after-push").run().expect_code(3);
    sandbox.git("checkout --quiet .");
    clean("brought back");
    let gone = sandbox.agentops("hooks after-push --since nowhere").run().expect_code(1);
    assert!(gone.stderr.contains("`nowhere`"), "{}", gone.snapshot());
}
