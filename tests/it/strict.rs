//! What goes past the hooks: seen by `hooks status`, and refused at once by `hooks install --strict`.

use crate::governed::governed;
use crate::sandbox::{Sandbox, lawful};

fn strict() -> Sandbox {
    let sandbox = governed();
    sandbox.agentops("hooks install --strict").run().expect_code(0);
    sandbox
}

/// Fails unless HEAD and its branch stay where they are, and the law is named.
#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &str) {
    let before = sandbox.git("rev-parse HEAD main");
    let run = sandbox.try_git(arguments).run();
    assert_ne!(run.code, Some(0), "{arguments}: {}", run.stderr);
    assert!(
        run.stderr.contains("refused: `reference-transaction` of agentops") && run.stderr.contains("AO-L3"),
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.git("rev-parse HEAD main"), before, "{arguments}");
}

#[test]
fn no_way_leads_past_the_strict_hook() {
    let sandbox = strict();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    refused(&sandbox, "commit --quiet --no-verify --message wip");
    assert_eq!(sandbox.git("diff --cached --name-only"), "a.txt", "what was staged stays staged");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: one")).run().expect_code(0);
    let wip = sandbox.try_git("commit-tree HEAD^{tree} -p HEAD").stdin("wip\n").run().expect_code(0);
    let wip = wip.stdout.trim().to_owned();
    refused(&sandbox, &format!("update-ref refs/heads/main {wip}"));
    refused(&sandbox, &format!("reset --quiet --soft {wip}"));
    refused(&sandbox, &format!("branch side {wip}"));
    refused(&sandbox, &format!("merge --quiet --ff-only {wip}"));
    // Outside of branches it may lie about.
    sandbox.git(&format!("tag kept {wip}"));
    sandbox.git("checkout --quiet --detach HEAD");
    sandbox.git("switch --quiet main");
}

#[test]
fn what_is_lawful_or_not_ours_passes() {
    let sandbox = strict();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: one")).run().expect_code(0);
    sandbox.git("switch --quiet --create side HEAD~1");
    sandbox.write("b.txt", "1\n");
    sandbox.git("add b.txt");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: two")).run().expect_code(0);
    sandbox.git("rebase --quiet main");
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-ff --no-edit side");
    sandbox.git("reset --quiet --hard HEAD~1");
    sandbox.git("branch --quiet --delete --force side");
    sandbox.agentops("task new --profile product-dev").arg("Reset links expire").run().expect_code(0);
    // What others pushed is theirs: it arrives below refs/remotes, and is judged where it lands.
    let other = sandbox.clone_as("other");
    other.write("c.txt", "1\n");
    other.git("add c.txt");
    other.git("commit --quiet --no-verify --message wip");
    sandbox.try_git("fetch --quiet").arg(other.path()).arg("main:refs/remotes/other/main").run().expect_code(0);
    sandbox.git("merge --quiet --ff-only other/main");
}

#[test]
fn status_tells_what_went_unguarded() {
    let sandbox = governed();
    sandbox.agentops("hooks install").run().expect_code(0);
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.git("commit --quiet --no-verify --message wip");
    let wip = sandbox.git("rev-parse HEAD");
    let said = sandbox.agentops("hooks status").run().expect_code(0);
    assert!(
        said.stderr.contains(&format!("unguarded: {} `wip` went past the hooks and breaks AO-L1", &wip[..12])),
        "{}",
        said.stderr
    );
    let body = sandbox.agentops("hooks status --json").run().expect_code(0).json();
    assert_eq!(
        (&body["unguarded"][0]["commit"], &body["unguarded"][0]["subject"]),
        (&wip.as_str().into(), &"wip".into())
    );
    assert_eq!(body["unguarded"].as_array().unwrap().len(), 1);
    // What a remote has is no matter of this clone.
    sandbox.git("update-ref refs/remotes/origin/main HEAD");
    let body = sandbox.agentops("hooks status --json").run().expect_code(0).json();
    assert_eq!(body["unguarded"].as_array().unwrap().len(), 0);
}

#[test]
fn strictness_is_taken_away_again() {
    let sandbox = strict();
    let hooks = || {
        let body = sandbox.agentops("hooks status --json").run().expect_code(0).json();
        body["hooks"].as_array().unwrap().iter().filter(|hook| hook["hook"] == "reference-transaction").count()
    };
    assert_eq!(hooks(), 1);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    sandbox.agentops("hooks install").run().expect_code(0);
    assert_eq!(hooks(), 0);
    sandbox.git("commit --quiet --allow-empty --no-verify --message wip");
}
