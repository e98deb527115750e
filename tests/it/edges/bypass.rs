//! What goes past the hooks, and who sees it. Cases 12 and 13.

use std::fs;

use super::{PLANTED, found};
use crate::sandbox::{Call, Sandbox, lawful};

/// Two lines of history that can be put upon each other: `side` with a planted file made past the hooks, `main` without.
fn two_lines() -> Sandbox {
    let sandbox = Sandbox::hooked();
    sandbox.git("update-ref refs/remotes/origin/main HEAD");
    sandbox.git("switch --quiet --create side");
    sandbox.plant();
    past(sandbox.try_git("commit --quiet --no-verify --file=-"), "feat: planted");
    sandbox.git("switch --quiet main");
    sandbox.guards("feat: main");
    sandbox
}

fn past(call: Call, subject: &str) {
    call.stdin(lawful(subject)).run().expect_code(0);
}

/// Fails unless HEAD has the planted file and both see it: `check`, and `hooks status` here.
#[track_caller]
fn is_seen(sandbox: &Sandbox, way: &str) {
    assert!(sandbox.try_git(&format!("cat-file -e HEAD:{PLANTED}")).run().code == Some(0), "{way}: it did not get in");
    let check = sandbox.agentops("check --base origin/main").run();
    assert_eq!(check.code, Some(3), "{way}: {}", check.snapshot());
    assert!(check.stdout.contains(&format!("error[AO-Y1] {PLANTED}")), "{way}: {}", check.snapshot());
    let status = sandbox.agentops("hooks status --json").run().json();
    let unguarded = status["unguarded"].as_array().unwrap();
    let named = unguarded.iter().any(|commit| commit["laws"].as_array().unwrap().contains(&"AO-Y1".into()));
    assert!(named, "{way}: {status}");
}

#[test]
fn case_12_merges_and_rebases_are_not_disturbed_and_what_they_bring_is_judged() {
    let sandbox = two_lines();
    let main = sandbox.git("rev-parse HEAD");
    // A rebase asks nobody, takes no part in it, and says nothing.
    let back = || sandbox.git(&format!("reset --quiet --hard {main}"));
    sandbox.git("switch --quiet side");
    let output = sandbox.try_git("rebase --quiet main").run().expect_code(0);
    assert_eq!(output.stderr, "");
    is_seen(&sandbox, "rebase");
    sandbox.git("switch --quiet main");
    let output = sandbox.try_git("cherry-pick side").run().expect_code(0);
    assert_eq!(output.stderr, "");
    is_seen(&sandbox, "cherry-pick");
    back();
    sandbox.git("merge --quiet --ff-only side");
    is_seen(&sandbox, "fast-forward");
    back();
    // Somebody's mail.
    let mail = sandbox.try_git("format-patch -1 --stdout side").run().expect_code(0).stdout;
    sandbox.try_git("am --quiet").stdin(mail).run().expect_code(0);
    is_seen(&sandbox, "am");
    back();
    // A clean merge is judged by what it makes of both: what was broken before it came is not its own.
    sandbox.git("switch --quiet --create third origin/main");
    sandbox.guards("feat: third");
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-ff --no-edit third");
    sandbox.agentops("check --base origin/main").run().expect_code(0);
    sandbox.git("revert --no-edit --mainline 1 HEAD");
    // A stash asks nobody either, and gives back what it took.
    sandbox.plant();
    sandbox.write("README.md", "under way\n");
    let before = sandbox.git("status --porcelain");
    sandbox.git("stash push --quiet");
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.git("stash pop --quiet --index");
    assert_eq!((sandbox.read("README.md").as_str(), sandbox.git("status --porcelain")), ("under way\n", before));
    found(&sandbox.commit("feat: after the stash", ""));
}

#[test]
fn case_12_conflicts_of_a_rebase_and_of_a_pick_end_in_judged_commits() {
    let sandbox = Sandbox::forked();
    for (begin, end) in
        [("cherry-pick side", "commit --quiet --no-edit"), ("cherry-pick side", "cherry-pick --continue")]
    {
        let before = sandbox.git("rev-parse HEAD");
        assert_ne!(sandbox.try_git(begin).run().code, Some(0));
        sandbox.write("README.md", "both\n");
        sandbox.git("add README.md");
        sandbox.plant();
        found(&sandbox.try_git(end).run());
        sandbox.uproot();
        sandbox.try_git(end).run().expect_code(0);
        assert_eq!(sandbox.git("rev-parse HEAD~1"), before);
        sandbox.git("reset --quiet --hard HEAD~1");
    }
    sandbox.git("switch --quiet side");
    assert_ne!(sandbox.try_git("rebase main").run().code, Some(0));
    sandbox.write("README.md", "both\n");
    sandbox.git("add README.md");
    sandbox.plant();
    found(&sandbox.try_git("commit --quiet --no-edit").run());
    sandbox.uproot();
    sandbox.try_git("rebase --continue").run().expect_code(0);
    assert_eq!(sandbox.subject(), "feat: side");
    assert_eq!(sandbox.git("rev-parse HEAD~1"), sandbox.git("rev-parse main"));
}

/// What it is called, and how the staged content is committed so.
type Way<'w> = (&'w str, &'w dyn Fn(&Sandbox));

#[test]
fn case_13_commits_past_the_hooks_are_seen_by_check_and_status() {
    let ways: [Way<'_>; 6] = [
        ("--no-verify", &|sandbox| past(sandbox.try_git("commit --quiet --no-verify --file=-"), "feat: a")),
        ("-n", &|sandbox| past(sandbox.try_git("commit --quiet -n --file=-"), "feat: a")),
        ("core.hooksPath", &|sandbox| {
            past(sandbox.try_git("-c core.hooksPath=/dev/null commit --quiet --file=-"), "feat: a");
        }),
        ("plumbing", &|sandbox| {
            let tree = sandbox.git("write-tree");
            let made = sandbox.try_git(&format!("commit-tree -p HEAD {tree}")).stdin(lawful("feat: a")).run().stdout;
            sandbox.git(&format!("update-ref HEAD {}", made.trim()));
        }),
        ("a hook that was edited", &|sandbox| {
            sandbox.write_program(".git/hooks/commit-msg", "#!/bin/sh\nexit 0\n");
            past(sandbox.try_git("commit --quiet --file=-"), "feat: a");
            let status = sandbox.agentops("hooks status").run().expect_code(1);
            assert!(status.stdout.contains("commit-msg          foreign"), "{}", status.snapshot());
        }),
        ("hooks that were removed", &|sandbox| {
            fs::remove_dir_all(sandbox.path().join(".git/hooks")).unwrap();
            past(sandbox.try_git("commit --quiet --file=-"), "feat: a");
            sandbox.agentops("hooks status").run().expect_code(1);
        }),
    ];
    for (way, go) in ways {
        let sandbox = Sandbox::hooked();
        sandbox.git("update-ref refs/remotes/origin/main HEAD");
        sandbox.plant();
        go(&sandbox);
        is_seen(&sandbox, way);
        // Taken back by one more commit it is still seen, as long as it is in history.
        sandbox.agentops("hooks install --quiet").run();
        sandbox.git(&format!("rm --quiet {PLANTED}"));
        sandbox.try_git("commit --quiet --no-verify -m wip").run().expect_code(0);
        let status = sandbox.agentops("hooks status").run();
        assert_eq!(status.stderr.matches("unguarded: ").count(), 2, "{way}: {}", status.snapshot());
        sandbox.git("update-ref refs/remotes/origin/main HEAD");
        let status = sandbox.agentops("hooks status").run();
        assert!(!status.stderr.contains("unguarded"), "{way}: {}", status.snapshot());
    }
}

#[test]
fn case_13_a_namespace_hides_no_branch() {
    let sandbox = Sandbox::hooked();
    sandbox.plant();
    // A key of the library that reads repositories, which git knows nothing of.
    let call = sandbox.try_git("-c gitoxide.core.refsNamespace=x commit --quiet --file=-");
    found(&call.stdin(lawful("feat: planted")).run());
    sandbox.agentops("hooks install --strict --quiet").run().expect_code(0);
    let past = sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: planted"));
    found(&past.env("GIT_NAMESPACE", "x").run());
}

#[test]
fn case_13_switches_of_other_programs_switch_nothing_off() {
    let sandbox = Sandbox::hooked();
    sandbox.plant();
    let switches = [("HUSKY", "0"), ("LEFTHOOK", "0"), ("SKIP", "pre-commit"), ("PREK_SKIP", "all"), ("CI", "1")];
    for (name, value) in switches {
        let call = sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: planted"));
        found(&call.env(name, value).run());
    }
    sandbox.uproot();
    sandbox.guards("feat: add a");
}

#[test]
fn case_13_status_looks_at_the_newest_commits_alone() {
    let sandbox = Sandbox::hooked();
    // More than are looked at, in a clone that knows no remote; what is older is not even read.
    let tree = sandbox.git("rev-parse HEAD^{tree}");
    let mut history = String::new();
    for number in 0..260 {
        let when = 1_795_300_000 + number * 60;
        let who = format!("committer Alice <alice@example.org> {when} +0000");
        let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
        history += &format!("commit refs/heads/main\n{who}\ndata 4\nwip\n{from}\n");
    }
    sandbox.git("config fastimport.unpackLimit 1000");
    sandbox.try_git("fast-import --quiet --force").stdin(history).run().expect_code(0);
    assert_eq!(sandbox.git("rev-parse HEAD^{tree}"), tree);
    let old = sandbox.git("rev-parse HEAD~250");
    fs::remove_file(sandbox.path().join(".git/objects").join(&old[..2]).join(&old[2..])).unwrap();
    let body = sandbox.agentops("hooks status --json").run().expect_code(0).json();
    let unguarded = body["unguarded"].as_array().unwrap();
    assert_eq!(unguarded.len(), 200);
    assert_eq!(unguarded[199]["commit"], sandbox.git("rev-parse HEAD").as_str());
    // And says so.
    assert_eq!(body["unguarded_among_newest"], 200);
    let said = sandbox.agentops("hooks status").run().expect_code(0);
    assert!(said.stderr.contains("only the newest 200 were judged"), "{}", said.snapshot());
    sandbox.git("update-ref refs/remotes/origin/main HEAD~200");
    let body = sandbox.agentops("hooks status --json").run().expect_code(0).json();
    assert_eq!((body["unguarded"].as_array().unwrap().len(), &body["unguarded_among_newest"]), (200, &().into()));
}
