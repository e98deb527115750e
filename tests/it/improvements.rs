//! `agentops learn improvements`, `adopt`, `drop`: what sessions propose has a state, kept in files that branches can merge.

use super::governed::{as_agent, governed};
use super::sandbox::{Sandbox, lawful};

/// Two improvements of one session of the agent; the session's id.
fn proposed(sandbox: &Sandbox) -> String {
    as_agent(sandbox, "session start").expect_code(0);
    as_agent(sandbox, "learn add --pattern \"rename(2) is atomic only within one file system\"").expect_code(0);
    let ended = as_agent(
        sandbox,
        "session end --json --summary \"Wrote the research\" --improvement \"Run the fuzz target of the parser nightly\" \
         --improvement \"Cache the compiler between builds of CI\" --impact high --impact low",
    );
    ended.expect_code(0).json()["session"]["id"].as_str().unwrap().to_owned()
}

fn state(sandbox: &Sandbox, number: usize) -> String {
    let list = sandbox.agentops("learn improvements --json").run().expect_code(0).json();
    list["improvements"][number - 1]["state"].as_str().unwrap().to_owned()
}

#[test]
fn improvements_are_adopted_and_dropped() {
    let sandbox = governed();
    insta::assert_snapshot!(sandbox.agentops("learn improvements").run().snapshot(), @r#"
    exit 0
    --- stderr
    no improvement fits
    hint: a session proposes one: agentops session end --summary "…" --improvement "…"
    "#);
    let session = proposed(&sandbox);
    let shown =
        |arguments: &str| sandbox.agentops(arguments).run().snapshot_without_ids().replace(&session, "<session>");
    insta::assert_snapshot!(shown("learn improvements"), @"
    exit 0
    --- stdout
    <session>.1  proposed  product-dev, impact high, effort medium, priority medium
      Run the fuzz target of the parser nightly
    <session>.2  proposed  product-dev, impact low, effort medium, priority medium
      Cache the compiler between builds of CI
    --- stderr
    hint: when it is done: agentops learn adopt <session>.1 --commit REV
    ");
    sandbox.write("ci.yaml", "cache: true\n");
    let commit = sandbox.commit_all(&lawful("ci: cache the compiler"));
    insta::assert_snapshot!(shown(&format!("learn adopt {}.2 --commit HEAD", &session[..12])), @"
    exit 0
    --- stdout
    <session>.2  adopted  product-dev, impact low, effort medium, priority medium
      Cache the compiler between builds of CI
      adopted: by commit <id> (alice, 2026-11-21T07:13:00Z)
    --- stderr
    committed <id> on main
      .agentops/product-dev/improvements/<session>/2-<id>.toml
    ");
    insta::assert_snapshot!(sandbox.git("log -1 --format=%B").replace(&session, "<session>"), @"
    chore(product-dev): adopt an improvement

    Cache the compiler between builds of CI

    Agentops-Session: <session>
    ");
    insta::assert_snapshot!(shown(&format!("learn drop {session}.1 --reason \"The parser goes next month\"")), @"
    exit 0
    --- stdout
    <session>.1  dropped  product-dev, impact high, effort medium, priority medium
      Run the fuzz target of the parser nightly
      dropped: The parser goes next month (alice, 2026-11-21T07:15:00Z)
    --- stderr
    committed <id> on main
      .agentops/product-dev/improvements/<session>/1-<id>.toml
    ");
    insta::assert_snapshot!(shown("learn improvements"), @"
    exit 0
    --- stdout
    <session>.1  dropped  product-dev, impact high, effort medium, priority medium
      Run the fuzz target of the parser nightly
      dropped: The parser goes next month (alice, 2026-11-21T07:15:00Z)
    <session>.2  adopted  product-dev, impact low, effort medium, priority medium
      Cache the compiler between builds of CI
      adopted: by commit <id> (alice, 2026-11-21T07:13:00Z)
    ");
    let list = sandbox.agentops("learn improvements --state adopted --json").run().expect_code(0).json();
    assert_eq!(list["improvements"].as_array().unwrap().len(), 1);
    let body = &list["improvements"][0];
    assert_eq!((&body["id"], &body["state"]), (&format!("{session}.2").into(), &"adopted".into()));
    assert_eq!((&body["decisions"][0]["commit"], &body["decisions"][0]["in_history"]), (&commit.into(), &true.into()));
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn what_cannot_be_decided_is_told_and_nothing_is_committed() {
    let sandbox = governed();
    let session = proposed(&sandbox);
    sandbox.git("branch elsewhere");
    sandbox.git("switch --quiet elsewhere");
    sandbox.write("a", "1");
    sandbox.commit_all(&lawful("feat: elsewhere"));
    sandbox.git("switch --quiet main");
    let head = sandbox.git("rev-parse HEAD");
    let snapshot = |arguments: &str| {
        let text = sandbox.agentops(arguments).run().snapshot_without_ids();
        text.replace(&session, "<session>")
    };
    insta::assert_snapshot!(snapshot(&format!("learn adopt {session} --commit HEAD")), @"
    exit 2
    --- stderr
    error: session `<session>` proposes 2 improvements
    hint: one of: <session>.1, <session>.2
    ");
    insta::assert_snapshot!(snapshot(&format!("learn adopt {session}.3 --commit HEAD")), @"
    exit 2
    --- stderr
    error: session `<session>` proposes no improvement `3`
    hint: one of: <session>.1, <session>.2
    ");
    insta::assert_snapshot!(snapshot(&format!("learn adopt {session}.1 --commit elsewhere")), @"
    exit 1
    --- stderr
    error: the commit <id> is not in HEAD's history
    hint: merge it first, or name the commit that brought the improvement here
    ");
    insta::assert_snapshot!(snapshot("learn drop 07zz.1 --reason \"The parser goes next month\""), @"
    exit 2
    --- stderr
    error: there is no session `07zz`
    hint: there are: <session>; `agentops session list` lists them
    ");
    let filler = sandbox.agentops(&format!("learn drop {session}.1 --reason TODO")).run().expect_code(3);
    assert!(filler.stderr.contains("AO-L2"), "{}", filler.stderr);
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    sandbox.write("ci.yaml", "nightly: true\n");
    let brought = sandbox.commit_all(&lawful("ci: run the fuzz target"));
    sandbox.agentops(&format!("learn adopt {session}.1 --commit HEAD --dry-run")).run().expect_code(0);
    assert_eq!(sandbox.git("rev-parse HEAD"), brought);
    let drop = format!("learn drop {session}.1 --reason \"The parser goes next month\"");
    sandbox.agentops(&drop).run().expect_code(0);
    insta::assert_snapshot!(snapshot(&drop), @"
    exit 1
    --- stderr
    error: `<session>.1` is dropped already, because: The parser goes next month
    hint: `agentops learn improvements` shows where each stands
    ");
    // Minds change: a later decision replaces the one before.
    sandbox.agentops(&format!("learn adopt {session}.1 --commit HEAD~1")).run().expect_code(0);
    assert_eq!(state(&sandbox, 1), "adopted");
}

#[test]
fn what_was_there_before_does_not_bring_an_improvement() {
    let sandbox = governed();
    sandbox.git("branch aside");
    let session = proposed(&sandbox);
    let head = sandbox.git("rev-parse HEAD");
    let snapshot = |commit: &str| {
        let text = sandbox.agentops(&format!("learn adopt {session}.1 --commit {commit}")).run().snapshot_without_ids();
        text.replace(&session, "<session>")
    };
    insta::assert_snapshot!(snapshot("HEAD"), @r#"
    exit 1
    --- stderr
    error: the commit <id> brings nothing but records of agentops
    hint: name a later commit that brought it, or give it up: agentops learn drop <session>.1 --reason "…"
    "#);
    insta::assert_snapshot!(snapshot("HEAD~2"), @r#"
    exit 1
    --- stderr
    error: the commit <id> is older than the improvement, which was proposed at 2026-11-21T07:08:01Z
    hint: name a later commit that brought it, or give it up: agentops learn drop <session>.1 --reason "…"
    "#);
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    // A branch that never saw the record: what was made there since then may well bring it.
    sandbox.git("switch --quiet aside");
    sandbox.write("ci.yaml", "nightly: true\n");
    let beside = sandbox.commit_all(&lawful("ci: run the fuzz target"));
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-edit aside");
    sandbox.agentops(&format!("learn adopt {session}.1 --commit {beside}")).run().expect_code(0);
    assert_eq!(state(&sandbox, 1), "adopted");
    // A squash brings the record and what it asks for in one.
    sandbox.git("switch --quiet --create squashed aside~1");
    sandbox.git("merge --quiet --squash main");
    let squash = sandbox.commit_all(&lawful("ci: all of it"));
    sandbox.agentops(&format!("learn adopt {session}.1 --commit {squash}")).run().expect_code(0);
}

#[test]
fn two_branches_that_decide_differently_leave_a_dispute() {
    let sandbox = governed();
    let session = proposed(&sandbox);
    sandbox.write("ci.yaml", "nightly: true\n");
    sandbox.commit_all(&lawful("ci: run the fuzz target"));
    sandbox.git("branch other");
    sandbox.agentops(&format!("learn adopt {session}.1 --commit HEAD")).run().expect_code(0);
    sandbox.git("switch --quiet other");
    sandbox.agentops(&format!("learn drop {session}.1 --reason \"The parser goes next month\"")).run().expect_code(0);
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-edit other");
    assert_eq!(state(&sandbox, 1), "disputed");
    sandbox.agentops("check --all").run().expect_code(0);
    // The record of a decision brought nothing, nor did the merge that has only such.
    for revision in ["HEAD", "HEAD~1"] {
        let refused = sandbox.agentops(&format!("learn adopt {session}.1 --commit {revision}")).run().expect_code(1);
        assert!(refused.stderr.contains("brings nothing but records of agentops"), "{}", refused.stderr);
    }
    sandbox.agentops(&format!("learn adopt {session}.1 --commit HEAD~2")).run().expect_code(0);
    assert_eq!(state(&sandbox, 1), "adopted");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn a_commit_that_history_lost_is_named() {
    let sandbox = governed();
    let session = proposed(&sandbox);
    sandbox.write("ci.yaml", "cache: true\n");
    sandbox.commit_all(&lawful("ci: cache the compiler"));
    sandbox.agentops(&format!("learn adopt {session}.1 --commit HEAD")).run().expect_code(0);
    sandbox.git("reset --quiet --soft HEAD~2");
    sandbox.commit_all(&lawful("ci: squash"));
    let list = sandbox.agentops("learn improvements --json").run().expect_code(0).json();
    assert_eq!(list["improvements"][0]["decisions"][0]["in_history"], false);
    let shown = sandbox.agentops("learn improvements").run().stdout;
    assert!(shown.contains("which is not in HEAD's history"), "{shown}");
}

#[test]
fn decisions_are_write_once_well_formed_and_of_their_edition() {
    let sandbox = governed();
    let session = proposed(&sandbox);
    let drop = format!("learn drop {session}.1 --reason \"The parser goes next month\"");
    sandbox.agentops(&drop).run().expect_code(0);
    let path = sandbox.git("ls-files .agentops/product-dev/improvements");
    let text = sandbox.read(&path);
    let judged = |what: &str| {
        sandbox.git("add --all");
        sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore: plant")).run().expect_code(0);
        let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(3).stdout;
        assert!(judged.contains(what), "{what}: {judged}");
        sandbox.git("reset --quiet --hard HEAD~1");
    };
    sandbox.write(&path, text.replace("next month", "next year"));
    judged("AO-E1");
    std::fs::remove_file(sandbox.path().join(&path)).unwrap();
    judged("AO-E1");
    let copy = path.replace("/1-", "/2-");
    sandbox.write(&copy, &text);
    judged("AO-E2");
    // Sre is not claude's, whose decision this claims to be.
    let foreign = text.replace("profile = \"product-dev\"", "profile = \"sre\"").replace("\"alice\"", "\"claude\"");
    let digest = agentops::model::digest::Digest::of(foreign.as_bytes()).short();
    sandbox.write(&format!(".agentops/sre/improvements/{session}/1-{digest}.toml"), foreign);
    judged("AO-N1");
    // Before its edition such a file is a document that nobody declared, and the verbs refuse.
    sandbox.git("switch --quiet --create older HEAD~1");
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 "));
    sandbox.git("commit --quiet --all --no-verify -m older");
    let refused = sandbox.agentops(&drop).run().expect_code(1);
    assert!(refused.stderr.contains("it knows no decisions"), "{}", refused.snapshot());
    sandbox.write(&path, &text);
    judged("AO-N1");
}
