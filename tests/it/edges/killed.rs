//! Hooks that are killed, that run at once, and that find no room. Cases 1 and 18.

use std::fs;

use super::{PLANTED, found};
use crate::sandbox::{Sandbox, lawful};

/// A sandbox with work under way, where a foreign hook does to ours what `AT=hook DO=command` says.
fn interrupted() -> Sandbox {
    let sandbox = Sandbox::adopted();
    for hook in ["pre-commit", "commit-msg"] {
        let text = format!("#!/bin/sh\ntest \"$AT\" != {hook} || eval \"$DO\"\n");
        sandbox.write_program(&format!(".git/hooks/{hook}"), &text);
    }
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.write("a.txt", "staged\n");
    sandbox.git("add a.txt");
    sandbox.write("a.txt", "staged, and edited since\n");
    sandbox.write("untracked.txt", "1\n");
    sandbox
}

fn commit(sandbox: &Sandbox, subject: &str, at: &str, act: &str) -> crate::sandbox::Output {
    let call = sandbox.try_git("commit --quiet --file=-").stdin(lawful(subject));
    call.env("AT", at).env("DO", act).run()
}

#[test]
fn case_01_a_killed_check_leaves_all_as_it_was() {
    for signal in ["INT", "TERM", "KILL"] {
        let sandbox = interrupted();
        // Once for git, which refreshes the index.
        commit(&sandbox, "feat: a", "pre-commit", "exit 1").expect_code(1);
        let before = sandbox.possessions();
        for at in ["pre-commit", "commit-msg"] {
            let killed = commit(&sandbox, "feat: a", at, &format!("kill -{signal} $PPID"));
            assert_ne!(killed.code, Some(0), "{signal} {at}: {}", killed.snapshot());
            assert_eq!(sandbox.possessions(), before, "{signal} {at}");
            assert!(!sandbox.path().join(".git/index.lock").exists(), "{signal} {at}");
        }
        sandbox.plant();
        found(&commit(&sandbox, "feat: a", "", ""));
        sandbox.uproot();
        commit(&sandbox, "feat: a", "", "").expect_code(0);
        assert_eq!(sandbox.git("status --porcelain"), "M a.txt\n?? untracked.txt");
    }
}

#[test]
fn case_18_a_reader_that_went_away_lets_nothing_pass() {
    let sandbox = Sandbox::hooked();
    let message = sandbox.root().join("message");
    let piped = |subject: &str| {
        fs::write(&message, lawful(subject)).unwrap();
        // Standard error is a pipe that nobody reads any more; a probe that gets through says so.
        let script = "rm -f ../gone
            { until test -e ../gone; do sleep 0.1; done
              if (echo probe); then echo read > ../code; else git commit --file ../message 2>&1; echo $? > ../code; fi
            } | { exec <&-; touch ../gone; }
            cat ../code";
        let sh = sandbox.call_program(std::path::Path::new("sh"), "-c").arg(script);
        sh.run().expect_code(0).stdout.trim().parse::<i32>().unwrap()
    };
    let before = sandbox.git("rev-parse HEAD");
    sandbox.plant();
    assert_ne!(piped("feat: planted"), 0);
    assert_eq!(sandbox.git("rev-parse HEAD"), before);
    sandbox.uproot();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    piped("feat: add a");
    assert_eq!(sandbox.subject(), "feat: add a");
}

#[test]
fn case_18_two_commits_in_two_worktrees_at_once() {
    let sandbox = Sandbox::adopted();
    let linked = sandbox.worktree("linked");
    // Each waits in its hook until the other is in its own: what one hands over must not be taken by the other.
    let meet = "#!/bin/sh\ntouch \"$HERE\"; round=0; while test $round -lt 600; do\n\
                test -e \"$THERE\" && exit 0; sleep 0.2; round=$((round + 1)); done; exit 1\n";
    sandbox.write_program(".git/hooks/pre-commit", meet);
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    let (one, other) = (sandbox.root().join("one"), sandbox.root().join("other"));
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    linked.plant();
    let start = |place: &Sandbox, here: &std::path::Path, there: &std::path::Path, subject: &str| {
        let file = here.with_extension("message");
        fs::write(&file, lawful(subject)).unwrap();
        let mut git = std::process::Command::new("git");
        git.args(["commit", "--quiet", "--file"]).arg(file).current_dir(place.path());
        git.env_clear().envs(place.environment()).env("HERE", here).env("THERE", there);
        git.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let first = start(&sandbox, &one, &other, "feat: add a");
    let second = start(&linked, &other, &one, "feat: planted");
    let (first, second) = (first.wait_with_output().unwrap(), second.wait_with_output().unwrap());
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(!second.status.success() && told.contains(&format!("error[AO-Y1] {PLANTED}")), "{told}");
    assert_eq!((sandbox.subject(), linked.subject()), ("feat: add a".to_owned(), "chore: begin".to_owned()));
}

#[test]
fn case_18_a_folder_of_ours_that_takes_nothing_hides_no_verdict() {
    let sandbox = Sandbox::hooked();
    let folder = sandbox.path().join(".git/agentops");
    let _ = fs::remove_dir_all(&folder);
    // Stronger than permissions, which root does not heed.
    fs::write(&folder, "").unwrap();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let output = sandbox.try_git("commit --quiet -m wip").run().expect_code(1);
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 1
    --- stderr
    warning: cannot write `./.git/agentops/refused-message`; until the next commit the message stands where git wrote it
    refused: `commit-msg` of agentops stops this commit

    error[AO-L1] message:1: there is no `Learning:` section
      fix: add a line `Learning: …` that says what was found out and will serve again
    error[AO-L3] message:1: the sections `Context:`, `Solution:`, `Learning:`, `Impact:` are missing
      fix: add a line for each: Context: …, Solution: …, Learning: …, Impact: …
    error[AO-R3] message:1: the subject does not read `type(scope): subject`
      fix: begin with one of the types feat, fix, docs, refactor, perf, test, build, ci, chore, style, revert, then `: ` and the subject

    fail: 3 errors, 0 warnings in 1 commit (on <id>)
    hint: `agentops explain AO-L1` tells the law
    hint: your message is kept; `git commit -e -F <root>/repo/.git/COMMIT_EDITMSG` opens it again
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    let again = sandbox.path().join(".git/COMMIT_EDITMSG");
    assert_eq!(fs::read_to_string(again).unwrap(), "wip\n");
    sandbox.guards("feat: add b");
}

#[test]
fn case_18_a_store_of_objects_that_takes_nothing() {
    let sandbox = Sandbox::hooked();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.plant();
    sandbox.git("write-tree");
    let objects = sandbox.path().join(".git/objects");
    sandbox.git("repack -a -d --quiet");
    let loose = |name: &str| objects.join(name);
    let barred: Vec<_> = (0..=255).map(|number| loose(&format!("{number:02x}"))).filter(|at| !at.exists()).collect();
    for place in &barred {
        fs::write(place, "").unwrap();
    }
    let before = sandbox.git("rev-parse HEAD");
    // The hook writes no object: it is what refuses, and not git.
    found(&sandbox.commit("feat: planted", ""));
    sandbox.agentops("check --staged").run().expect_code(3);
    for place in barred {
        fs::remove_file(place).unwrap();
    }
    assert_eq!(sandbox.git("rev-parse HEAD"), before);
    sandbox.uproot();
    sandbox.commit("feat: add a", "").expect_code(0);
}

#[test]
fn case_18_a_full_disk_lets_nothing_pass_and_breaks_nothing() {
    let sandbox = Sandbox::hooked();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    fs::write(sandbox.root().join("message"), lawful("feat: add a")).unwrap();
    let run = |script: &str| {
        let script = format!("ulimit -f 0; trap '' XFSZ; {script}");
        sandbox.call_program(std::path::Path::new("sh"), "-c").arg(script).run()
    };
    // Our part alone: what is handed over to the next hook finds no room, and the verdict is the same.
    run("exec .git/hooks/pre-commit").expect_code(0);
    run("exec .git/hooks/commit-msg ../message").expect_code(0);
    sandbox.plant();
    let planted = run("exec .git/hooks/commit-msg ../message");
    found(&planted);
    sandbox.uproot();
    let before = sandbox.git("rev-parse HEAD");
    assert_ne!(run("exec git commit --quiet --file=../message").code, Some(0));
    assert_eq!(sandbox.git("rev-parse HEAD"), before);
    sandbox.commit("feat: add a", "").expect_code(0);
}
