//! Hooks at work: real commits, merges and pushes through real git.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::sandbox::{Call, Output, Sandbox, lawful};

impl Sandbox {
    /// `git commit` with a message that passes, and further arguments.
    pub(crate) fn commit(&self, subject: &str, arguments: &str) -> Output {
        self.try_git(&format!("commit --quiet --file=- {arguments}")).stdin(lawful(subject)).run()
    }

    /// Writes a program.
    pub(crate) fn write_program(&self, path: &str, text: &str) {
        self.write(path, text);
        fs::set_permissions(self.path().join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// HEAD's subject.
    pub(crate) fn subject(&self) -> String {
        self.git("log -1 --format=%s")
    }
}

/// A commit under this editor, a shell command that gets the file's name.
pub(crate) fn with_editor(call: Call, script: &str) -> Call {
    call.env("GIT_EDITOR", &format!("f() {{ {script}; }}; f"))
}

/// Where an event of a task lies.
pub(crate) const EVENT: &str = ".agentops/sre/events/db-k3f9/0001-detect-working-00112233445566778899aabbccddeeff.toml";

#[test]
fn a_lawful_commit_passes_in_silence() {
    let sandbox = Sandbox::hooked();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let output = sandbox.commit("feat: add a", "").expect_code(0);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn a_refusal_names_law_place_and_remedy() {
    let sandbox = Sandbox::hooked();
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    let before = (sandbox.git("status --porcelain"), sandbox.git("rev-parse HEAD"));
    let output = sandbox.commit("feat: forge an event", "");
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 1
    --- stderr
    refused: `pre-commit` of agentops stops this commit

    error[AO-E2] .agentops/sre/events/db-k3f9/0001-detect-working-<id>.toml: this is no event: line 1: missing field `project`
      fix: these files are written by agentops alone: remove this one and use the verb (`agentops explain AO-E2` names them)

    fail: 1 error, 0 warnings (on <id>)
    hint: `agentops explain AO-E2` tells the law
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    assert_eq!((sandbox.git("status --porcelain"), sandbox.git("rev-parse HEAD")), before);
}

#[test]
fn a_refused_message_is_kept_and_serves_again() {
    let sandbox = Sandbox::hooked();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let before = sandbox.git("status --porcelain");
    let output = sandbox.try_git("commit --quiet -m").arg("feat: add a\n\nContext: it was asked for").run();
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 1
    --- stderr
    refused: `commit-msg` of agentops stops this commit

    error[AO-L1] message:1: there is no `Learning:` section
      fix: add a line `Learning: …` that says what was found out and will serve again
    error[AO-L3] message:1: the sections `Solution:`, `Learning:`, `Impact:` are missing
      fix: add a line for each: Solution: …, Learning: …, Impact: …
    error[AO-L3] message:3: `Context:` could stand below any change
      fix: name what this one is about: the part, the cause, a figure, what is different now

    fail: 3 errors, 0 warnings in 1 commit (on <id>)
    hint: `agentops explain AO-L1` tells the law
    hint: your message is kept; `git commit -e -F <root>/repo/.git/agentops/refused-message` opens it again
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    assert_eq!(sandbox.git("status --porcelain"), before);
    let kept = sandbox.path().join(".git/agentops/refused-message");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "feat: add a\n\nContext: it was asked for\n");
    fs::write(&kept, lawful("feat: add a")).unwrap();
    sandbox.try_git("commit --quiet -e -F").arg(&kept).run().expect_code(0);
    assert!(!kept.exists(), "a message that served is forgotten");
}

#[test]
fn by_hand_there_is_one_document_and_nothing_is_swallowed() {
    let sandbox = Sandbox::hooked();
    sandbox.write("good", lawful("feat: add a"));
    sandbox.write("bad", "wip\n");
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    for (arguments, code) in
        [("pre-commit", 0), ("commit-msg good", 0), ("commit-msg bad", 1), ("pre-push origin url", 0)]
    {
        let output = sandbox.agentops(&format!("hooks run {arguments} --json")).run();
        assert_eq!(sandbox.agentops(&format!("--json hooks run {arguments}")).run().stdout, output.stdout);
        let body = output.expect_code(code).json();
        assert_eq!((body["schema_version"].as_u64(), body["passes"].as_bool()), (Some(1), Some(code == 0)), "{body}");
        let broken = body["reports"].as_array().unwrap().iter().any(|one| one["report"]["violations"][0].is_object());
        assert_eq!(broken, code == 1, "{body}");
    }
    for arguments in ["pre-commit EXTRA", "commit-msg good EXTRA", "pre-push origin url EXTRA", "pre-receive EXTRA"] {
        let output = sandbox.agentops(&format!("hooks run {arguments}")).run().expect_code(2);
        assert!(output.stderr.contains("`EXTRA` is one too many"), "{}", output.snapshot());
        let takes_none = matches!(arguments, "pre-commit EXTRA" | "pre-receive EXTRA");
        assert_eq!(output.stderr.contains("pass_filenames: false"), takes_none, "{arguments}");
    }
    let line = format!("refs/heads/main {} refs/heads/main {}\n", sandbox.git("rev-parse HEAD"), "0".repeat(40));
    let output = sandbox.agentops("hooks run pre-push").stdin(line).run().expect_code(0);
    assert!(output.stderr.contains("nothing of the remote, whose name was not given,"), "{}", output.snapshot());
}

/// Where the system shows no command lines, words stand in place of the command.
#[cfg(target_os = "linux")]
#[test]
fn the_remedy_repeats_the_command_that_was_refused() {
    let sandbox = Sandbox::hooked();
    let kept = sandbox.path().join(".git/agentops/refused-message");
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.commit("feat: begin", "").expect_code(0);
    let go = |command: &str| {
        let refused = sandbox.shell(&format!("git {command} -m wip")).run().expect_code(1);
        let end = "` opens it again";
        let line = refused.stderr.lines().find(|line| line.ends_with(end));
        let line = line.unwrap_or_else(|| panic!("{}", refused.stderr));
        let remedy = line.split_once("; `").unwrap().1.trim_end_matches(end);
        fs::write(&kept, lawful(&format!("feat: {}", command.len()))).unwrap();
        // As somebody would who pastes it.
        with_editor(sandbox.shell(remedy), "true").run().expect_code(0);
        sandbox.git("show --format= --name-only HEAD")
    };
    // `-a` takes what is not staged, a path leaves the others alone, an amend makes no second commit.
    sandbox.write("a.txt", "2\n");
    assert_eq!(go("commit --quiet -a"), "a.txt");
    sandbox.write("a.txt", "3\n");
    sandbox.write("b it's.txt", "3\n");
    sandbox.git("add .");
    assert_eq!(go("commit --quiet 'b it'\\''s.txt'"), "b it's.txt");
    sandbox.git("restore --staged --worktree .");
    sandbox.write("a.txt", "4\n");
    sandbox.git("add .");
    let before = sandbox.git("rev-list --count HEAD");
    assert_eq!(go("commit --quiet --amend"), "a.txt\nb it's.txt");
    assert_eq!(sandbox.git("rev-list --count HEAD"), before);
    sandbox.write("a.txt", "5\n");
    go("-C . commit --quiet -a --author='Bob B <bob@example.org>' --date 2001-02-03T04:05:06Z");
    assert_eq!(sandbox.git("log -1 --format=%an,%ae,%as"), "Bob B,bob@example.org,2001-02-03");
    // By hand nobody runs a command that could be repeated.
    sandbox.write("message", "wip\n");
    let by_hand = sandbox.agentops("hooks run commit-msg message").run().expect_code(1);
    assert!(by_hand.stderr.contains("; repeat your command with `-e -F "), "{}", by_hand.snapshot());
}

#[test]
fn a_waiver_in_the_message_excuses_what_is_staged() {
    let sandbox = Sandbox::hooked();
    sandbox.write("broken.json", "{ \"a\": \n");
    sandbox.git("add broken.json");
    let refused = sandbox.commit("test: a broken fixture", "");
    insta::assert_snapshot!(refused.snapshot_without_ids(), @"
    exit 1
    --- stderr
    refused: `commit-msg` of agentops stops this commit

    error[AO-Y1] broken.json:2: `broken.json` does not parse as JSON: EOF while parsing a value
      fix: mend the file, or say why it must be so in the commit message: `Agentops-Waive: AO-Y1 reason`

    fail: 1 error, 0 warnings in 1 commit (on <id>)
    hint: `agentops explain AO-Y1` tells the law
    hint: your message is kept; `git commit -e -F <root>/repo/.git/agentops/refused-message` opens it again
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    let message = lawful("test: a broken fixture")
        + "\nAgentops-Waive: AO-Y1 `broken.json` feeds the test of the JSON reader's error at line 2\n";
    sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
    assert_eq!(sandbox.subject(), "test: a broken fixture");
}

#[test]
fn merges_run_their_own_hook() {
    let sandbox = Sandbox::hooked();
    sandbox.git("switch --quiet --create side");
    sandbox.write("side.txt", "1\n");
    sandbox.git("add side.txt");
    sandbox.commit("feat: the side", "").expect_code(0);
    sandbox.git("switch --quiet main");
    sandbox.write("main.txt", "1\n");
    sandbox.git("add main.txt");
    sandbox.commit("feat: the main line", "").expect_code(0);
    sandbox.try_git("merge --quiet --no-ff --no-edit side").run().expect_code(0);
    assert_eq!(sandbox.subject(), "Merge branch 'side'");
    sandbox.git("switch --quiet --create bad HEAD~1");
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    sandbox.try_git("commit --quiet --no-verify -m wip").run().expect_code(0);
    sandbox.git("switch --quiet main");
    let refused = sandbox.try_git("merge --quiet --no-ff --no-edit bad").run();
    assert!(refused.stderr.contains("`pre-merge-commit` of agentops stops"), "{}", refused.snapshot());
    assert_ne!(refused.code, Some(0));
}

#[test]
fn a_hook_that_others_keep_under_another_name_still_judges() {
    let sandbox = Sandbox::adopted();
    sandbox.write_program(".git/hooks/pre-commit", "#!/bin/sh\necho first >> .git/ran\n");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    // As `pre-commit install` does: it keeps ours, and runs it before its own.
    let hooks = sandbox.path().join(".git/hooks");
    fs::rename(hooks.join("pre-commit"), hooks.join("pre-commit.legacy")).unwrap();
    let theirs = "#!/bin/sh\n\"$(dirname \"$0\")/pre-commit.legacy\" \"$@\" && echo theirs >> .git/ran\n";
    sandbox.write_program(".git/hooks/pre-commit", theirs);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.commit("feat: add a", "").expect_code(0);
    assert_eq!(sandbox.read(".git/ran"), "first\ntheirs\n");
    // Installed once more: theirs is the one that is chained, and calls ours back.
    fs::remove_file(hooks.join("pre-commit.agentops-chained")).unwrap();
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.write("a.txt", "2\n");
    sandbox.commit("feat: edit a", "-a").expect_code(0);
    assert_eq!(sandbox.read(".git/ran"), "first\ntheirs\ntheirs\n");
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    let refused = sandbox.commit("feat: forge an event", "");
    assert!(refused.code == Some(1) && refused.stderr.contains("error[AO-E2]"), "{}", refused.snapshot());
}

#[test]
fn a_message_in_an_editor_is_judged_as_git_will_commit_it() {
    let sandbox = Sandbox::hooked();
    let good = sandbox.root().join("good");
    fs::write(&good, lawful("feat: add a")).unwrap();
    sandbox.write("a.txt", "Learning: the diff below the scissors is no message\n");
    sandbox.git("add a.txt");
    // The comments and the diff that `-v` shows do not count, neither for nor against.
    let script =
        format!("cp \"$1\" {0}/seen && cat {0}/good \"$1\" > {0}/new && cp {0}/new \"$1\"", sandbox.root().display());
    with_editor(sandbox.try_git("commit --quiet --verbose"), &script).run().expect_code(0);
    let seen = fs::read_to_string(sandbox.root().join("seen")).unwrap();
    insta::assert_snapshot!(seen.split("# ---").next().unwrap(), @"
    # agentops: a message here has these sections, each at the beginning of a line:
    #   Context:  why the change was needed
    #   Solution: what was done, and why so
    #   Learning: what was found out that will serve again
    #   Impact:   what is different now, and for whom
    #
    # Please enter the commit message for your changes. Lines starting
    # with '#' will be ignored, and an empty message aborts the commit.
    #
    # On branch main
    # Changes to be committed:
    #	new file:   a.txt
    #
    ");
    assert_eq!(sandbox.git("log -1 --format=%B"), lawful("feat: add a").trim_end());
    // An editor that leaves the file as it is: the commit ends, and is said to.
    sandbox.write("a.txt", "2\n");
    let output = with_editor(sandbox.try_git("commit --quiet -a"), "true").run();
    assert!(
        output.code == Some(1) && output.stderr.contains("hint: an empty message aborts the commit"),
        "{}",
        output.snapshot()
    );
    // Sections only in comments are none.
    let script = "printf 'feat: b\\n\\n# Context: hidden\\n' > \"$1\"";
    let refused = with_editor(sandbox.try_git("commit --quiet -a"), script).run();
    assert!(refused.code == Some(1) && refused.stderr.contains("`Context:`"), "{}", refused.snapshot());
}

#[test]
fn comments_follow_the_configuration() {
    let sandbox = Sandbox::hooked();
    sandbox.git("config core.commentChar ;");
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let script = format!("cp \"$1\" {}/seen", sandbox.root().display());
    with_editor(sandbox.try_git("commit --quiet"), &script).run().expect_code(1);
    let seen = fs::read_to_string(sandbox.root().join("seen")).unwrap();
    assert!(seen.contains("\n; agentops: a message here has these sections") && !seen.contains('#'), "{seen}");
    // Where comments stay in the message, nothing is added to it.
    sandbox.git("config commit.cleanup scissors");
    with_editor(sandbox.try_git("commit --quiet"), &script).run().expect_code(1);
    let seen = fs::read_to_string(sandbox.root().join("seen")).unwrap();
    assert!(!seen.contains("agentops"), "{seen}");
    // Without an editor comment lines are content.
    sandbox.git("config --unset commit.cleanup");
    let message = lawful("feat: add a") + "; no comment\n";
    sandbox.try_git("commit --quiet --file=-").stdin(&message).run().expect_code(0);
    assert!(sandbox.git("log -1 --format=%B").ends_with("; no comment"));
}

#[test]
fn what_is_not_governed_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let output = sandbox.try_git("commit --quiet -m wip").run().expect_code(0);
    assert_eq!(output.stderr, "agentops: not judged: neither HEAD nor what is staged has `.agentops`\n");
}

#[test]
fn a_chained_hook_runs_first_as_git_runs_it() {
    let sandbox = Sandbox::adopted();
    let note = "printf '%s %s %s\\n' \"$(basename \"$0\")\" \"$*\" \"${GIT_INDEX_FILE##*/}\" >> ../notes\n";
    for hook in ["pre-commit", "commit-msg"] {
        sandbox.write_program(&format!(".git/hooks/{hook}"), &format!("#!/bin/sh\n{note}test -z \"$FAIL\"\n"));
    }
    // Without a first line that names a shell, as git allows it.
    sandbox.write_program(".git/hooks/pre-push", "cat >> ../notes\n");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.commit("feat: add a", "").expect_code(0);
    sandbox.write("a.txt", "2\n");
    let refused = sandbox.commit("feat: edit a", "-a").code;
    assert_eq!(refused, Some(0));
    sandbox.git("init --quiet --bare ../up.git");
    sandbox.try_git("push --quiet ../up.git main").run().expect_code(0);
    let notes = fs::read_to_string(sandbox.root().join("notes")).unwrap();
    let head = sandbox.git("rev-parse HEAD");
    assert_eq!(
        notes,
        format!(
            "pre-commit.agentops-chained  index\ncommit-msg.agentops-chained .git/COMMIT_EDITMSG index\n\
             pre-commit.agentops-chained  index.lock\ncommit-msg.agentops-chained .git/COMMIT_EDITMSG index.lock\n\
             refs/heads/main {head} refs/heads/main {}\n",
            "0".repeat(40)
        )
    );
    sandbox.write("a.txt", "3\n");
    let refused = sandbox.try_git("commit --quiet -a --file=-").stdin(lawful("feat: once more")).env("FAIL", "1").run();
    insta::assert_snapshot!(refused.snapshot(), @"
    exit 1
    --- stderr
    refused: `pre-commit` of agentops stops this commit
    the chained hook `.git/hooks/pre-commit.agentops-chained` failed: exit status: 1
    hint: mend what it complains about; it was there before agentops, which runs it first
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
}

#[test]
fn a_push_is_judged_as_a_landing() {
    let origin = Sandbox::adopted();
    origin.git("switch --quiet --create elsewhere");
    let clone = origin.clone_as("clone");
    clone.git("switch --quiet main");
    clone.git("remote set-head origin main");
    clone.agentops("hooks install --quiet").run().expect_code(0);
    clone.write("a.txt", "1\n");
    clone.git("add a.txt");
    clone.commit("feat: add a", "").expect_code(0);
    let output = clone.try_git("push --quiet").run().expect_code(0);
    assert_eq!(output.stderr, "");
    clone.try_git("push --quiet").run().expect_code(0);

    clone.write(EVENT, "v = 1\n");
    clone.git("add .agentops");
    clone.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: forge an event")).run().expect_code(0);
    for target in ["main", "fresh"] {
        let refused = clone.try_git("push --quiet origin").arg(format!("HEAD:refs/heads/{target}")).run();
        assert!(refused.code == Some(1) && refused.stderr.contains("error[AO-E2]"), "{}", refused.snapshot());
        assert!(refused.stderr.contains(&format!("\nrefs/heads/{target}\n")), "{}", refused.snapshot());
    }
    clone.git("reset --quiet --hard HEAD~1");
    clone.git("switch --quiet --create work");
    for text in ["1", "2"] {
        // A branch of one's own is rewritten and pushed by force.
        clone.write("b.txt", text);
        clone.git("add b.txt");
        clone.commit(&format!("feat: add b {text}"), "").expect_code(0);
        clone.try_git("push --quiet --force origin work").run().expect_code(0);
        clone.git("reset --quiet --hard main");
    }
    let deleted = clone.try_git("push --quiet origin :work").run().expect_code(0);
    assert_eq!(deleted.stderr, "");
    clone.git("tag v1");
    let tagged = clone.try_git("push --quiet origin v1").run().expect_code(0);
    assert_eq!(tagged.stderr, "agentops: not judged: 1 reference that is no branch\n");
    let rewound = clone.try_git("push --quiet --force origin main~1:main").run().expect_code(0);
    assert_eq!(rewound.stderr, "warning: this push rewinds or replaces the protected branch `main`\n");
}

#[test]
fn a_modified_event_does_not_leave() {
    let origin = Sandbox::adopted();
    let opened = origin.agentops("task new --profile sre --json").arg("Database is slow").run().expect_code(0).json();
    let task = opened["task"].as_str().unwrap();
    origin.git("switch --quiet --create elsewhere");
    let clone = origin.clone_as("clone");
    clone.git("switch --quiet main");
    clone.agentops("hooks install --quiet").run().expect_code(0);
    let event = clone.git(&format!("ls-files .agentops/sre/events/{task}"));
    clone.write(&event, clone.read(&event).replace("Database", "Everything"));
    let refused = clone.commit("fix: another title", "-a");
    assert!(refused.code == Some(1) && refused.stderr.contains("error[AO-E1]"), "{}", refused.snapshot());
    clone.commit("fix: another title", "-a --no-verify").expect_code(0);
    let refused = clone.try_git("push --quiet origin main").run();
    assert!(refused.code == Some(1) && refused.stderr.contains("error[AO-E1]"), "{}", refused.snapshot());
    assert_eq!(origin.git("rev-parse main"), clone.git("rev-parse HEAD~1"));
}

#[test]
fn a_push_that_cannot_be_judged_does_not_leave() {
    let sandbox = Sandbox::hooked();
    sandbox.git("init --quiet --bare ../up.git");
    sandbox.git("remote add origin ../up.git");
    let first = sandbox.try_git("push --quiet origin main").run().expect_code(0);
    assert!(first.stderr.starts_with("warning: `main` was not judged"), "{}", first.snapshot());
    sandbox.write(".agentops/config.toml", "[wavers]\n");
    sandbox.try_git("commit --quiet --no-verify -a -m broken").run().expect_code(0);
    sandbox.try_git("push --quiet --no-verify origin main").run().expect_code(0);
    sandbox.write("README.md", "More.\n");
    sandbox.try_git("commit --quiet --no-verify -a --file=-").stdin(lawful("docs: more")).run().expect_code(0);
    let refused = sandbox.try_git("push --quiet origin main").run();
    assert!(refused.code == Some(1) && refused.stderr.contains("config.toml:1:"), "{}", refused.snapshot());
}

#[test]
fn hooks_run_by_hand_and_from_other_hook_programs() {
    let sandbox = Sandbox::adopted();
    sandbox.agentops("hooks run pre-commit").run().expect_code(0);
    sandbox.write("sub/message", "wip\n");
    let refused = sandbox.agentops("hooks run commit-msg message").in_dir("sub").run().expect_code(1);
    assert!(refused.stderr.contains("AO-L3"), "{}", refused.snapshot());
    sandbox.write("sub/message", lawful("feat: add a"));
    sandbox.agentops("hooks run commit-msg message").in_dir("sub").run().expect_code(0);
    sandbox.agentops("hooks run pre-push origin url").run().expect_code(0);
    insta::assert_snapshot!(sandbox.agentops("hooks run pre-comit").run().snapshot(), @"
    exit 2
    --- stderr
    error: there is no hook `pre-comit`
    hint: did you mean `pre-commit`?
    ");
    insta::assert_snapshot!(sandbox.agentops("hooks run commit-msg").run().snapshot(), @"
    exit 1
    --- stderr
    error: the `commit-msg` hook needs the file with the message as its argument
    hint: the `commit-msg` hook lets nothing pass that it could not judge
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    insta::assert_snapshot!(sandbox.agentops("--git-hook .git/hooks/post-merge 0").run().snapshot(), @"
    exit 1
    --- stderr
    error: `.git/hooks/post-merge` is no hook of agentops
    hint: `agentops hooks install` writes those that it has; remove other copies of them
    ");
}

#[test]
fn nothing_is_left_in_the_working_tree() {
    let sandbox = Sandbox::hooked();
    assert!(!Path::new(&sandbox.path().join(".git/agentops/staged")).exists());
    sandbox.write("a.txt", "1\n");
    sandbox.write("untracked.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.commit("feat: add a", "").expect_code(0);
    assert_eq!(sandbox.git("status --porcelain"), "?? untracked.txt");
    assert!(sandbox.path().join(".git/agentops/staged").exists(), "the hand-over lies in git's own folder");
}
