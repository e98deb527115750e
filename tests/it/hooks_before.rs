//! What stands in a hook's place before ours: of every kind, each told as what it is.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, symlink};

use crate::sandbox::Sandbox;

#[test]
fn what_is_no_file_is_named_and_left_alone() {
    let sandbox = Sandbox::adopted();
    let hooks = sandbox.path().join(".git/hooks");
    sandbox.shell("mkfifo .git/hooks/pre-commit").run().expect_code(0);
    fs::create_dir(hooks.join("commit-msg")).unwrap();
    insta::assert_snapshot!(sandbox.agentops("hooks install").run().snapshot(), @"
    exit 1
    --- stdout
    hook                is
    pre-commit          left alone
    prepare-commit-msg  written
    commit-msg          left alone
    pre-merge-commit    written
    pre-push            written
    --- stderr
    hooks installed in <root>/repo/.git/hooks
    warning: `<root>/repo/.git/hooks/pre-commit` is a pipe, a socket or a device, which git cannot run: it is left alone, and agentops does not judge there; remove it and install again
    warning: `<root>/repo/.git/hooks/commit-msg` is a folder, which git cannot run: it is left alone, and agentops does not judge there; remove it and install again
    ");
    insta::assert_snapshot!(sandbox.agentops("hooks status").run().snapshot(), @"
    exit 1
    --- stdout
    hook                state      chained  binary
    pre-commit          no file    no
    prepare-commit-msg  installed  no       <agentops>
    commit-msg          no file    no
    pre-merge-commit    installed  no       <agentops>
    pre-push            installed  no       <agentops>
    --- stderr
    warning: `<root>/repo/.git/hooks/pre-commit` is a pipe, a socket or a device, which git cannot run: remove it
    warning: `<root>/repo/.git/hooks/commit-msg` is a folder, which git cannot run: remove it
    hint: `agentops hooks install` puts all of them in place
    ");
    sandbox.agentops("doctor").run().expect_code(1);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert!(fs::metadata(hooks.join("pre-commit")).unwrap().file_type().is_fifo());
    assert!(hooks.join("commit-msg").is_dir() && !hooks.join("pre-push").exists());
}

#[test]
fn a_message_without_end_is_refused() {
    let sandbox = Sandbox::adopted();
    let refused = sandbox.agentops("hooks run commit-msg /dev/zero").run().expect_code(1);
    assert!(refused.stderr.contains("it is longer than 16 MiB"), "{}", refused.snapshot());
}

#[test]
fn what_git_would_not_run_is_kept_and_not_run() {
    let sandbox = Sandbox::adopted();
    sandbox.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    symlink("../../gone.sh", sandbox.path().join(".git/hooks/pre-push")).unwrap();
    insta::assert_snapshot!(sandbox.agentops("hooks install").run().snapshot(), @"
    exit 0
    --- stdout
    hook                is
    pre-commit          set aside
    prepare-commit-msg  written
    commit-msg          written
    pre-merge-commit    written
    pre-push            set aside
    --- stderr
    hooks installed in <root>/repo/.git/hooks
    warning: the `pre-commit` hook that was there is kept; git did not run it because it has no exec bit, and agentops does not either
    warning: the `pre-push` hook that was there is kept; git did not run it because it is a link that leads nowhere, and agentops does not either
    ");
    insta::assert_snapshot!(sandbox.agentops("hooks status").run().snapshot(), @"
    exit 0
    --- stdout
    hook                state      chained  binary
    pre-commit          installed  not run  <agentops>
    prepare-commit-msg  installed  no       <agentops>
    commit-msg          installed  no       <agentops>
    pre-merge-commit    installed  no       <agentops>
    pre-push            installed  not run  <agentops>
    ");
    let status = sandbox.agentops("hooks status --json").run().expect_code(0).json();
    assert_eq!((&status["hooks"][0]["chained"], status["hooks"][0]["binary"].is_string()), (&false.into(), true));
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.commit("feat: add a", "").expect_code(0);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(sandbox.read(".git/hooks/pre-commit"), "#!/bin/sh\nexit 1\n");
}

#[test]
fn a_hook_that_reads_its_own_name_is_named() {
    let sandbox = Sandbox::adopted();
    sandbox.write_program("tools/hook", "#!/bin/sh\n\ncase \"$(basename \"$0\")\" in pre-commit) exit 1;; esac\n");
    for name in ["pre-commit", "pre-push"] {
        symlink("../../tools/hook", sandbox.path().join(".git/hooks").join(name)).unwrap();
    }
    sandbox.write_program(".git/hooks/commit-msg", "#!/bin/sh\n. \"$(dirname \"$0\")/common.sh\"\n");
    insta::assert_snapshot!(sandbox.agentops("hooks install").run().snapshot(), @"
    exit 0
    --- stdout
    hook                is
    pre-commit          chained
    prepare-commit-msg  written
    commit-msg          chained
    pre-merge-commit    written
    pre-push            chained
    --- stderr
    hooks installed in <root>/repo/.git/hooks
    hint: chained hooks keep running, before those of agentops; `agentops hooks uninstall` puts them back
    warning: the `pre-commit` hook that was there reads its own name (line 3), and now runs under the name `pre-commit.agentops-chained`: where it compares that name, make it know this one too
    warning: the `pre-push` hook that was there reads its own name (line 3), and now runs under the name `pre-push.agentops-chained`: where it compares that name, make it know this one too
    ");
    let again = sandbox.agentops("hooks install").run().expect_code(0);
    assert_eq!(again.stderr.matches("reads its own name").count(), 2, "{}", again.snapshot());
}

#[test]
fn setting_up_and_taking_away_tell_what_the_verbs_of_hooks_tell() {
    let sandbox = Sandbox::new();
    sandbox.write_program(".git/hooks/pre-commit", "#!/bin/sh\n\ncase \"$(basename \"$0\")\" in no) exit 1;; esac\n");
    sandbox.write(".git/hooks/pre-push", "#!/bin/sh\n");
    let set_up = sandbox.agentops("init --profile sre").run().expect_code(0);
    for said in
        ["pre-push set aside", "reads its own name (line 3)", "it has no exec bit", "chained hooks keep running"]
    {
        assert!(set_up.snapshot().contains(said), "{said}: {}", set_up.snapshot());
    }
    sandbox.git("config core.hooksPath .githooks");
    sandbox.write_program(".githooks/commit-msg", "#!/bin/sh\nagentops hooks run commit-msg \"$@\"\n");
    let gone = sandbox.agentops("deinit --confirm repo").run().expect_code(0);
    for said in ["and in <root>/repo/.git/hooks, which git passes by", "commit-msg still calls `agentops hooks run`"] {
        assert!(gone.snapshot().contains(said), "{said}: {}", gone.snapshot());
    }
}

#[test]
fn removing_nothing_is_said() {
    let sandbox = Sandbox::adopted();
    insta::assert_snapshot!(sandbox.agentops("hooks uninstall").run().snapshot(), @"
    exit 0
    --- stdout
    hook                is
    pre-commit          unchanged
    prepare-commit-msg  unchanged
    commit-msg          unchanged
    pre-merge-commit    unchanged
    pre-push            unchanged
    --- stderr
    no hooks of agentops are in <root>/repo/.git/hooks
    ");
}

#[test]
fn a_first_line_that_names_no_program_is_told() {
    let sandbox = Sandbox::adopted();
    sandbox.write_program(".git/hooks/pre-commit", "#!/bin/sh\r\nexit 0\r\n");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    insta::assert_snapshot!(sandbox.commit("feat: add a", "").snapshot(), @r#"
    exit 1
    --- stderr
    error: cannot run the chained hook `.git/hooks/pre-commit.agentops-chained`
    caused by: the lines of this script end in CR LF, so that its first one names no program: `sed -i 's/\r$//' .git/hooks/pre-commit.agentops-chained` mends that
    hint: the `pre-commit` hook lets nothing pass that it could not judge
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    "#);
    sandbox.write_program(".git/hooks/pre-commit.agentops-chained", "#! /no/such/program -x\n");
    let refused = sandbox.commit("feat: add a", "").expect_code(1);
    assert!(
        refused.stderr.contains("the program in its first line, `/no/such/program`, is not there"),
        "{}",
        refused.stderr
    );
}

#[test]
fn husky_has_to_run_in_a_new_worktree() {
    let sandbox = Sandbox::adopted();
    sandbox.write(".husky/pre-commit", "agentops hooks run pre-commit \"$@\" || exit 1\n");
    sandbox.commit_all("feat: husky");
    sandbox.git("config core.hooksPath .husky/_");
    let linked = sandbox.worktree("linked");
    insta::assert_snapshot!(linked.agentops("hooks install").run().snapshot(), @"
    exit 1
    --- stderr
    error: git runs hooks from `<root>/linked/.husky/_`, which husky writes and which is not there yet, so that git runs none
    hint: run husky in this worktree: `npx husky`, or the script `prepare` of `package.json`
    ");
    let status = linked.agentops("hooks status").run().expect_code(1);
    assert!(status.stderr.contains("hint: run husky in this worktree: `npx husky`"), "{}", status.snapshot());
    assert!(!linked.path().join(".husky/_").exists());
}
