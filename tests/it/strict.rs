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

/// `main` and `side`, which conflict in `a.txt`, each made through the hooks.
fn conflicting(sandbox: &Sandbox) {
    let write = |text: &str, subject: &str| {
        sandbox.write("a.txt", text);
        sandbox.git("add a.txt");
        sandbox.try_git("commit --quiet --file=-").stdin(lawful(subject)).run().expect_code(0);
    };
    write("1\n", "feat: a");
    sandbox.git("switch --quiet --create side");
    write("side\n", "feat: a by the side");
    sandbox.git("switch --quiet main");
    write("main\n", "feat: a by main");
}

/// Merges `side`, resolves the conflict, and adds what is in neither.
fn resolve(sandbox: &Sandbox) {
    assert_ne!(sandbox.try_git("merge --quiet side").run().code, Some(0));
    sandbox.write("a.txt", "both\n");
    sandbox.write("unrelated.txt", "more\n");
    sandbox.git("add a.txt unrelated.txt");
}

#[test]
fn a_resolved_merge_is_judged_as_any_commit() {
    let sandbox = strict();
    conflicting(&sandbox);
    resolve(&sandbox);
    refused(&sandbox, "commit --quiet --no-verify --message wip");
    let broken = "broken.json";
    sandbox.write(broken, "{ \"a\": \n");
    sandbox.git("add broken.json");
    let call = sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore(merge): a by both"));
    let run = call.run();
    assert!(run.code != Some(0) && run.stderr.contains(&format!("error[AO-Y1] {broken}")), "{}", run.snapshot());
    sandbox.git("rm --quiet --force broken.json");
    let lawful = sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore(merge): a by both"));
    lawful.run().expect_code(0);
    assert_eq!(sandbox.git("rev-list --merges --count HEAD"), "1");
}

#[test]
fn status_tells_of_merges_past_the_hooks_and_not_of_lawful_ones() {
    let sandbox = governed();
    sandbox.agentops("hooks install").run().expect_code(0);
    conflicting(&sandbox);
    let unguarded = || {
        let body = sandbox.agentops("hooks status --json").run().expect_code(0).json();
        let all = body["unguarded"].as_array().unwrap().clone();
        all.into_iter()
            .map(|one| (one["subject"].as_str().unwrap().to_owned(), one["laws"].clone()))
            .collect::<Vec<_>>()
    };
    resolve(&sandbox);
    sandbox.git("commit --quiet --no-verify --message wip");
    let laws = serde_json::json!(["AO-L1", "AO-L3", "AO-R3"]);
    assert_eq!(unguarded(), [("wip".to_owned(), laws.clone())]);
    sandbox.agentops("check --base HEAD~1").run().expect_code(3);
    sandbox.git("reset --quiet --hard HEAD~1");
    // What git merged by itself, under its own message, is as lawful as what it merged: be it with broken commits.
    sandbox.git("switch --quiet --create third HEAD~1");
    sandbox.write("c.txt", "1\n");
    sandbox.git("add c.txt");
    sandbox.git("commit --quiet --no-verify --message wip");
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-ff --no-edit third");
    assert_eq!(unguarded(), [("wip".to_owned(), laws.clone())], "the commit, not its merge");
    // The same merge with something smuggled in is none that git made.
    sandbox.write("d.txt", "1\n");
    sandbox.git("add d.txt");
    sandbox.git("commit --quiet --no-verify --amend --no-edit");
    let subjects: Vec<String> = unguarded().into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, ["wip", "Merge branch 'third'"]);
    // To go back to what a commit already stands on is its own doing, whatever it calls its parents.
    sandbox.git("reset --quiet --hard HEAD~1");
    let tree = sandbox.git("rev-parse HEAD~1^{tree}");
    let fake = sandbox.try_git(&format!("commit-tree -p HEAD -p HEAD~1 {tree}")).stdin("Merge branch 'old'\n").run();
    sandbox.git(&format!("reset --quiet --hard {}", fake.expect_code(0).stdout.trim()));
    let subjects: Vec<String> = unguarded().into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, ["Merge branch 'old'"]);
}

#[test]
fn lawful_merges_pulls_and_rebases_pass_the_strict_hook() {
    let sandbox = strict();
    conflicting(&sandbox);
    let origin = sandbox.clone_as("other");
    origin.write("theirs.txt", "1\n");
    origin.git("add theirs.txt");
    origin.git("commit --quiet --no-verify --message wip");
    origin.git("switch --quiet --create topic HEAD~1");
    origin.write("topic.txt", "1\n");
    origin.git("add topic.txt");
    origin.git("commit --quiet --no-verify --message topic");
    origin.git("switch --quiet main");
    origin.git("merge --quiet --no-ff -m wip topic");
    // A pull with a merge of ours on top of theirs, and one by rebase: what they made is theirs, merges included.
    sandbox.try_git("remote add theirs").arg(origin.path()).run().expect_code(0);
    sandbox.write("ours.txt", "1\n");
    sandbox.git("add ours.txt");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: ours")).run().expect_code(0);
    sandbox.git("pull --quiet --no-rebase --no-edit theirs main");
    assert_eq!(sandbox.git("log -1 --format=%P").split(' ').count(), 2);
    sandbox.git("reset --quiet --hard HEAD~1");
    sandbox.git("pull --quiet --rebase theirs main");
    // A merge that git makes again in a rebase, and an octopus whose message says what it is for.
    for name in ["one", "two"] {
        sandbox.git(&format!("switch --quiet --create {name} main"));
        sandbox.write(&format!("{name}.txt"), "1\n");
        sandbox.git("add --all");
        let call = sandbox.try_git("commit --quiet --file=-").stdin(lawful(&format!("feat: {name}")));
        call.run().expect_code(0);
    }
    sandbox.git("merge --quiet --no-ff --no-edit one");
    sandbox.git("rebase --quiet --rebase-merges --force-rebase main");
    assert_eq!(sandbox.git("rev-list --merges --count main..HEAD"), "1");
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-ff --no-edit two");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let sandbox = strict();
    let (one, zero) = (sandbox.git("rev-parse HEAD"), "0".repeat(40));
    let lawful = format!("{zero} {one} refs/heads/a\n");
    let run = |state: &str, input: &str| {
        let call = sandbox.agentops(&format!("hooks run reference-transaction {state}"));
        call.stdin(input).run()
    };
    for (state, input, expected) in [
        ("prepared", lawful.as_str(), 0),
        ("prepared", "", 0),
        ("preparing", "garbage\n", 0),
        ("committed", "garbage\n", 0),
        ("aborted", "garbage\n", 0),
        ("prepared", "garbage\n", 1),
        ("", lawful.as_str(), 1),
        ("done", lawful.as_str(), 1),
    ] {
        let output = run(state, input);
        assert_eq!(output.code, Some(expected), "{state} {input}: {}", output.snapshot());
    }
    assert!(run("prepared", "garbage\n").stderr.contains("`garbage` has an unexpected form"));
    assert!(run("done", "").stderr.contains("was told `done`"));
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
