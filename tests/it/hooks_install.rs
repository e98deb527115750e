//! Hooks come, are looked at, and go.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};

use crate::sandbox::{Output, PROGRAM, Sandbox};

/// Every file of the hooks folder: its bytes, its mode, what it links to.
type Folder = BTreeMap<String, (Vec<u8>, u32, Option<std::path::PathBuf>)>;

impl Sandbox {
    fn hooks(&self) -> Folder {
        let folder = self.path().join(".git/hooks");
        let entry = |entry: std::io::Result<fs::DirEntry>| {
            let entry = entry.unwrap();
            let mode = entry.path().symlink_metadata().unwrap().permissions().mode();
            let bytes = fs::read(entry.path()).unwrap_or_default();
            (entry.file_name().into_string().unwrap(), (bytes, mode, fs::read_link(entry.path()).ok()))
        };
        fs::read_dir(folder).unwrap().map(entry).collect()
    }

    fn program(&self, path: &str, text: &str, mode: u32) {
        self.write(path, text);
        fs::set_permissions(self.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn install(&self) -> Output {
        self.agentops("hooks install").run()
    }
}

#[test]
fn installed_once_and_again() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.agentops("hooks status").run().snapshot(), @"
    exit 1
    --- stdout
    hook                state    chained  binary
    pre-commit          missing  no
    prepare-commit-msg  missing  no
    commit-msg          missing  no
    pre-merge-commit    missing  no
    pre-push            missing  no
    --- stderr
    hint: `agentops hooks install` puts all of them in place
    ");
    insta::assert_snapshot!(sandbox.agentops("hooks install --dry-run").run().snapshot(), @"
    exit 0
    --- stdout
    hook                would be
    pre-commit          written
    prepare-commit-msg  written
    commit-msg          written
    pre-merge-commit    written
    pre-push            written
    --- stderr
    hooks would be installed in <root>/repo/.git/hooks
    ");
    let before = sandbox.hooks();
    insta::assert_snapshot!(sandbox.install().snapshot(), @"
    exit 0
    --- stdout
    hook                is
    pre-commit          written
    prepare-commit-msg  written
    commit-msg          written
    pre-merge-commit    written
    pre-push            written
    --- stderr
    hooks installed in <root>/repo/.git/hooks
    ");
    let installed = sandbox.hooks();
    assert_eq!(installed.len(), before.len() + 5);
    assert!(installed["pre-push"].0.starts_with(b"#!") && installed["pre-push"].1 & 0o777 == 0o755);
    insta::assert_snapshot!(sandbox.install().snapshot(), @"
    exit 0
    --- stdout
    hook                is
    pre-commit          unchanged
    prepare-commit-msg  unchanged
    commit-msg          unchanged
    pre-merge-commit    unchanged
    pre-push            unchanged
    --- stderr
    hooks installed in <root>/repo/.git/hooks
    ");
    assert_eq!(sandbox.hooks(), installed);
    let status = sandbox.agentops("hooks status --json").run().expect_code(0).json();
    assert_eq!((status["installed"].as_bool(), status["hooks"].as_array().map(Vec::len)), (Some(true), Some(5)));
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(sandbox.hooks(), before);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
}

#[test]
fn foreign_hooks_come_back_byte_for_byte() {
    let sandbox = Sandbox::new();
    sandbox.program(".git/hooks/pre-commit", "#!/bin/sh\r\nexit 0\n\n", 0o700);
    sandbox.program(".git/hooks/commit-msg", "not run: no program\n", 0o644);
    sandbox.program("tools/push.sh", "#!/bin/sh\n", 0o755);
    symlink("../../tools/push.sh", sandbox.path().join(".git/hooks/pre-push")).unwrap();
    sandbox.program(".git/hooks/post-commit", "#!/bin/sh\n", 0o755);
    let before = sandbox.hooks();
    sandbox.install().expect_code(0);
    sandbox.install().expect_code(0);
    let with = sandbox.hooks();
    for name in ["pre-commit", "commit-msg", "pre-push"] {
        assert_eq!(with[&format!("{name}.agentops-chained")], before[name]);
        assert!(with[name].2.is_none());
    }
    assert_eq!(with["post-commit"], before["post-commit"]);
    assert_eq!(sandbox.read("tools/push.sh"), "#!/bin/sh\n");
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(sandbox.hooks(), before);
}

#[test]
fn two_foreign_hooks_are_not_chosen_between() {
    let sandbox = Sandbox::new();
    sandbox.program(".git/hooks/pre-push", "one\n", 0o755);
    sandbox.program(".git/hooks/pre-push.agentops-chained", "two\n", 0o755);
    let before = sandbox.hooks();
    insta::assert_snapshot!(sandbox.install().snapshot(), @"
    exit 1
    --- stderr
    error: there are two foreign `pre-push` hooks, `<root>/repo/.git/hooks/pre-push` and `<root>/repo/.git/hooks/pre-push.agentops-chained`, and they differ
    hint: keep one of them: `mv <root>/repo/.git/hooks/pre-push <root>/repo/.git/hooks/pre-push.agentops-chained` to run the first, `rm <root>/repo/.git/hooks/pre-push` to run the second; then install again
    ");
    assert_eq!(sandbox.hooks(), before, "nothing is installed by halves");
    sandbox.program(".git/hooks/pre-push", "two\n", 0o755);
    sandbox.install().expect_code(0);
    assert_eq!(sandbox.hooks()["pre-push.agentops-chained"].0, b"two\n");
}

#[test]
fn what_was_done_to_our_hooks_is_seen_and_mended() {
    let sandbox = Sandbox::new();
    sandbox.install().expect_code(0);
    let good = sandbox.hooks();
    let hook = |name: &str| format!(".git/hooks/{name}");
    let text = sandbox.read(&hook("pre-commit"));
    sandbox.program(&hook("pre-commit"), &text.replace(" --git-hook", " --version"), 0o755);
    sandbox.program(&hook("commit-msg"), &text, 0o644);
    let other = text.replacen(text.lines().next().unwrap(), "#!/bin/sh --git-hook", 1);
    sandbox.program(&hook("pre-push"), &other, 0o755);
    let gone = text.replacen(text.lines().next().unwrap(), "#!/opt/agentops --git-hook", 1);
    sandbox.program(&hook("reference-transaction"), &gone, 0o755);
    fs::remove_file(sandbox.path().join(hook("pre-merge-commit"))).unwrap();
    sandbox.program(&hook("prepare-commit-msg"), "#!/bin/sh\n", 0o755);
    insta::assert_snapshot!(sandbox.agentops("hooks status").run().snapshot(), @"
    exit 1
    --- stdout
    hook                   state         chained  binary
    pre-commit             tampered      no
    prepare-commit-msg     foreign       no
    commit-msg             tampered      no
    pre-merge-commit       missing       no
    pre-push               other binary  no       /bin/sh
    reference-transaction  binary gone   no       /opt/agentops
    --- stderr
    hint: `agentops hooks install` puts all of them in place
    ");
    let uninstalled = sandbox.agentops("hooks uninstall --dry-run --json").run().expect_code(0).json();
    let steps: Vec<_> = uninstalled["hooks"].as_array().unwrap().iter().map(|hook| hook["step"].clone()).collect();
    assert_eq!(steps, ["removed", "left alone", "removed", "unchanged", "removed", "removed"]);
    fs::remove_file(sandbox.path().join(hook("reference-transaction"))).unwrap();
    fs::remove_file(sandbox.path().join(hook("prepare-commit-msg"))).unwrap();
    sandbox.install().expect_code(0);
    let mut mended = sandbox.hooks();
    assert!(mended.remove("pre-commit.agentops-edited").is_some(), "somebody wrote it");
    assert_eq!(mended, good);
}

#[test]
fn what_somebody_wrote_into_a_hook_of_ours_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.install().expect_code(0);
    let good = sandbox.hooks();
    let place = ".git/hooks/pre-commit";
    let edited = |line: &str| sandbox.read(place) + line;
    let edit = |line: &str| sandbox.program(place, &edited(line), 0o755);
    edit("npm test\n");
    let before = sandbox.hooks();
    let planned = sandbox.agentops("hooks install --dry-run").run().expect_code(0);
    assert!(planned.stderr.contains("would be kept as"), "{}", planned.snapshot());
    assert_eq!(sandbox.hooks(), before);
    insta::assert_snapshot!(sandbox.install().snapshot(), @"
    exit 0
    --- stdout
    hook                is
    pre-commit          replaced
    prepare-commit-msg  unchanged
    commit-msg          unchanged
    pre-merge-commit    unchanged
    pre-push            unchanged
    --- stderr
    hooks installed in <root>/repo/.git/hooks
    warning: the hook of agentops `<root>/repo/.git/hooks/pre-commit` is not as it was written: what stands there is kept as `<root>/repo/.git/hooks/pre-commit.agentops-edited`, which nothing runs
    hint: what is to run besides agentops goes into a hook of its own, for example `pre-commit.agentops-chained`, which runs first
    ");
    let kept = sandbox.hooks();
    assert_eq!(kept["pre-commit.agentops-edited"], before["pre-commit"]);
    assert_eq!(kept["pre-commit"], good["pre-commit"]);
    // Once more, and by the removal: each under a name of its own.
    edit("npm run lint\n");
    let second = sandbox.hooks()["pre-commit"].clone();
    sandbox.install().expect_code(0);
    edit("make\n");
    let third = sandbox.hooks()["pre-commit"].clone();
    let removed = sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert!(removed.snapshot().contains("is kept as `<root>/repo/.git/hooks/pre-commit.agentops-edited-3`"));
    let kept = sandbox.hooks();
    assert!(!kept.contains_key("pre-commit"));
    assert_eq!((&kept["pre-commit.agentops-edited-2"], &kept["pre-commit.agentops-edited-3"]), (&second, &third));
    // A chained hook comes back all the same; and where a manager keeps ours, that file is looked at too.
    sandbox.program(place, "#!/bin/sh\n", 0o755);
    sandbox.install().expect_code(0);
    edit("exit 0\n");
    fs::copy(sandbox.path().join(place), sandbox.path().join(".git/hooks/pre-push.old")).unwrap();
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(sandbox.read(place), "#!/bin/sh\n");
    assert!(sandbox.read(".git/hooks/pre-commit.agentops-edited-4").ends_with("exit 0\n"));
    assert!(sandbox.read(".git/hooks/pre-push.old.agentops-edited").ends_with("exit 0\n"));
}

#[test]
fn where_git_looks_for_hooks() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path().join(".git/hooks");
    // The default, said aloud.
    sandbox.try_git("config core.hooksPath").arg(&folder).run().expect_code(0);
    sandbox.install().expect_code(0);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    // A folder of the working tree.
    sandbox.git("config core.hooksPath .husky/_");
    insta::assert_snapshot!(sandbox.install().snapshot(), @"
    exit 0
    --- stdout
    hook                is
    pre-commit          written
    prepare-commit-msg  written
    commit-msg          written
    pre-merge-commit    written
    pre-push            written
    --- stderr
    hooks installed in <root>/repo/.husky/_
    warning: this folder is part of the working tree, and the hooks name a binary of this machine: do not commit them
    ");
    assert!(sandbox.path().join(".husky/_/pre-commit").exists());
    sandbox.agentops("hooks status").run().expect_code(0);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    // Somewhere else.
    sandbox.git("config core.hooksPath ../shared");
    insta::assert_snapshot!(sandbox.install().snapshot(), @"
    exit 1
    --- stderr
    error: git runs hooks from `<root>/shared`, because `core.hooksPath` is set (local); that folder is not this repository's alone
    hint: to give this repository its own hooks, run `git config --local core.hooksPath <root>/repo/.git/hooks`
    ");
    assert!(!sandbox.root().join("shared").exists());
    // The user's own folder for all repositories, and the way out that is offered.
    sandbox.git("config --unset core.hooksPath");
    sandbox.git("config --global core.hooksPath .githooks");
    let refused = sandbox.install().expect_code(1);
    insta::assert_snapshot!(refused.snapshot(), @"
    exit 1
    --- stderr
    error: git runs hooks from `<root>/repo/.githooks`, because `core.hooksPath` is set (global); that folder is not this repository's alone
    hint: to give this repository its own hooks, run `git config --local core.hooksPath <root>/repo/.git/hooks`
    ");
    let command = refused.stderr.split('`').rev().nth(1).unwrap();
    sandbox.git(command.strip_prefix("git ").unwrap());
    sandbox.install().expect_code(0);
    assert!(folder.join("pre-commit").exists());
}

#[test]
fn hooks_that_husky_writes_are_not_replaced() {
    let sandbox = Sandbox::new();
    sandbox.git("config core.hooksPath .husky/_");
    sandbox.write(".husky/_/h", "#!/usr/bin/env sh\nsh -e \"$s\" \"$@\" || echo \"husky - $n failed\"\n");
    for name in ["pre-commit", "prepare-commit-msg", "commit-msg", "pre-merge-commit", "pre-push"] {
        sandbox.program(&format!(".husky/_/{name}"), "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"", 0o755);
    }
    sandbox.write(".husky/pre-commit", "# agentops hooks run pre-commit\nnpm test\n");
    insta::assert_snapshot!(sandbox.install().snapshot(), @r#"
    exit 1
    --- stderr
    error: the hooks in `<root>/repo/.husky/_` are husky's, which writes them anew at each install; agentops does not replace them
    hint: have them call agentops, after what they do now:
      printf '\nagentops hooks run pre-commit "$@" || exit 1\n' >> <root>/repo/.husky/pre-commit
      printf '\nagentops hooks run prepare-commit-msg "$@" || exit 1\n' >> <root>/repo/.husky/prepare-commit-msg
      printf '\nagentops hooks run commit-msg "$@" || exit 1\n' >> <root>/repo/.husky/commit-msg
      printf '\nagentops hooks run pre-merge-commit "$@" || exit 1\n' >> <root>/repo/.husky/pre-merge-commit
      printf '\nagentops hooks run pre-push "$@" || exit 1\n' >> <root>/repo/.husky/pre-push
    "#);
    assert!(!sandbox.path().join(".husky/_/pre-commit.agentops-chained").exists());
    sandbox.agentops("doctor").run().expect_code(1);
    for name in ["pre-commit", "prepare-commit-msg", "commit-msg", "pre-merge-commit", "pre-push"] {
        sandbox.write(&format!(".husky/{name}"), format!("agentops hooks run {name} \"$@\" || exit 1\n"));
    }
    insta::assert_snapshot!(sandbox.agentops("hooks status").run().snapshot(), @"
    exit 0
    --- stdout
    hook                state                       chained  binary
    pre-commit          calls agentops, not proved  no
    prepare-commit-msg  calls agentops, not proved  no
    commit-msg          calls agentops, not proved  no
    pre-merge-commit    calls agentops, not proved  no
    pre-push            calls agentops, not proved  no
    --- stderr
    hint: whether these hooks come to their call of agentops, and heed it, shows only when they run: pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push; `agentops hooks status --prove` runs them, with all that they do
    ");
    let before = sandbox.git("status --porcelain --untracked-files=all");
    sandbox.install().expect_code(0);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(sandbox.git("status --porcelain --untracked-files=all"), before);
}

#[test]
fn hooks_that_the_project_tracks_are_not_replaced() {
    let sandbox = Sandbox::new();
    sandbox.git("config core.hooksPath .githooks");
    sandbox.program(".githooks/pre-commit", "#!/bin/sh\n", 0o755);
    sandbox.git("add .");
    insta::assert_snapshot!(sandbox.install().snapshot(), @r#"
    exit 1
    --- stderr
    error: the hooks in `<root>/repo/.githooks` are tracked files of the project; agentops does not replace them
    hint: have them call agentops; add the line `agentops hooks run pre-commit "$@" || exit 1` to <root>/repo/.githooks/pre-commit
    "#);
    assert_eq!(sandbox.git("status --porcelain --untracked-files=all"), "A  .githooks/pre-commit");
    sandbox.program(".githooks/pre-commit", "#!/bin/sh\n/opt/bin/agentops hooks run pre-commit \"$@\"\n", 0o755);
    sandbox.install().expect_code(0);
    assert!(sandbox.read(".githooks/pre-commit").contains("/opt/bin/agentops"));
    sandbox.agentops("hooks status").run().expect_code(0);
}

#[test]
fn a_hooks_folder_that_leads_elsewhere_is_not_written_to() {
    let sandbox = Sandbox::new();
    let (folder, shared) = (sandbox.path().join(".git/hooks"), sandbox.root().join("shared"));
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&shared).unwrap();
    symlink(&shared, &folder).unwrap();
    insta::assert_snapshot!(sandbox.install().snapshot(), @"
    exit 1
    --- stderr
    error: `<root>/repo/.git/hooks` is a link to `<root>/shared`, and that folder is not this repository's alone
    hint: to give this repository its own hooks, run `rm <root>/repo/.git/hooks && mkdir <root>/repo/.git/hooks`
    ");
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    sandbox.git("config core.hooksPath .git/hooks");
    sandbox.install().expect_code(1);
    // A way to have no hooks at all.
    sandbox.git("config core.hooksPath /dev/null");
    sandbox.install().expect_code(1);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    let status = sandbox.agentops("hooks status --json").run().expect_code(1).json();
    assert_eq!(status["hooks"][0]["state"], "missing");
}

#[test]
fn worktrees_and_subfolders_install_into_the_one_folder() {
    let sandbox = Sandbox::adopted();
    let linked = sandbox.worktree("linked");
    linked.write("sub/x", "");
    linked.agentops("hooks install").in_dir("sub").run().expect_code(0);
    sandbox.agentops("hooks status").run().expect_code(0);
    assert!(sandbox.path().join(".git/hooks/pre-commit").exists());
    let outside = Sandbox::without_repository();
    outside.install().expect_code(1);
}

#[test]
fn installs_and_uninstalls_at_once_keep_the_users_own_hook() {
    let sandbox = Sandbox::new();
    sandbox.program(".git/hooks/pre-push", "#!/bin/sh\necho MINE\n", 0o755);
    let before = sandbox.hooks();
    let start = |verb: &str| {
        let mut command = Command::new(PROGRAM);
        command.args(["hooks", verb]).current_dir(sandbox.path()).env_clear().envs(sandbox.environment());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for round in 0..20 {
        let other = if round % 2 == 0 { "install" } else { "uninstall" };
        for child in ["install", other, "install", other].map(start) {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        sandbox.agentops("hooks uninstall").run().expect_code(0);
        assert_eq!(sandbox.hooks(), before, "round {round}");
    }
}

#[test]
fn a_bare_repository_gets_the_hook_of_a_server() {
    let clone = Sandbox::adopted();
    let dir = clone.root().join("server.git");
    clone.try_git("clone --quiet --bare .").arg(&dir).run().expect_code(0);
    let bare = clone.at(dir);
    insta::assert_snapshot!(bare.install().snapshot(), @"
    exit 1
    --- stderr
    error: this is a bare repository without worktrees: nobody commits here, and git would never run these hooks
    hint: to judge what is pushed here: `agentops hooks install --server`
    ");
    assert!(!bare.path().join("hooks/pre-commit").exists());
    bare.agentops("hooks install --server").run().expect_code(0);
    assert!(bare.read("hooks/pre-receive").contains("(`agentops hooks install --server` into `pre-receive`"));
    // Somebody commits in its worktrees.
    bare.git("worktree add --quiet -b side ../side");
    bare.install().expect_code(0);
    assert!(bare.path().join("hooks/pre-commit").exists());
}
