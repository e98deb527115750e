//! `agentops policy`: what rules, and changing it.

use super::sandbox::{Sandbox, lawful};

fn governed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.agentops("init --profile sre --test-command true").run().expect_code(0);
    sandbox
}

/// Replaces a piece of the config in the working tree.
fn edit(sandbox: &Sandbox, from: &str, to: &str) {
    let config = sandbox.read(".agentops/config.toml");
    assert!(config.contains(from), "{from}");
    sandbox.write(".agentops/config.toml", config.replace(from, to));
}

#[test]
fn the_policy_is_shown() {
    let sandbox = governed();
    insta::assert_snapshot!(sandbox.agentops("policy show").run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    project                    <id>
    profiles                   sre
    gates.proof                terminal
    gates.presence             none
    gates.self_approve         false
    governance.owners          0
    refs.protected             main, master
    paths.require_task         false
    waivers.max                3
    budgets.window             200000 tokens
    edition of the laws        2
    laws not at their default  none
    governed digest            <id>
    governed files             18
    amends                     0

    actor     kind   roles            profiles  e-mail
    aider     agent  -                *         aider@aider.chat
    alice     human  owner, reviewer  *         alice@example.org
    claude    agent  -                *         noreply@anthropic.com
    codex     agent  -                *         noreply@openai.com
    copilot   agent  -                *         198982749+Copilot@users.noreply.github.com
    cursor    agent  -                *         cursoragent@cursor.com
    gemini    agent  -                *         -
    opencode  agent  -                *         noreply@opencode.ai

    votes: by terminal count here; such a vote is unauthenticated: could be written by an agent
    amends: are unsigned (`governance.owners = 0`): they record what was changed and why, and prove nothing about who agreed
    ");
    let body = sandbox.agentops("policy show --json").run().expect_code(0).json();
    assert_eq!(body["governed"].as_str().unwrap().len(), 64);
    assert_eq!((&body["amends"], &body["amends_unsigned"]), (&0.into(), &true.into()));
    assert_eq!(body["actors"][1]["name"], "alice");
    assert_eq!(body["governed_files"][0]["path"], ".agentops/.gitattributes");
}

#[test]
fn an_amend_lands_and_any_other_change_does_not() {
    let sandbox = governed();
    let before = sandbox.agentops("policy show --json").run().json()["governed"].clone();
    edit(&sandbox, "self_approve = false", "self_approve = true");
    // By git, past the hook and through it.
    sandbox.git("add --all");
    sandbox.agentops("check --staged").run().expect_code(3);
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("chore: loosen")).run().expect_code(1);
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore: loosen")).run().expect_code(0);
    let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(3);
    assert!(judged.stdout.contains("AO-G3"), "{}", judged.snapshot());
    sandbox.git("reset --quiet --soft HEAD~1");
    // By the verb.
    insta::assert_snapshot!(
        sandbox.agentops("policy amend --reason").arg("Alice works alone").run().snapshot_without_ids(),
        @"
        exit 0
        --- stdout
        changed   .agentops/config.toml
        governed  <id>
        --- stderr
        note: 1 commit says `Learning: N/A`
        note: amends are unsigned here (`governance.owners = 0`): they prove nothing about who agreed
        pass: 0 errors, 0 warnings in 1 commit (on <id>)
        committed <id> on main
          .agentops/config.toml
          .agentops/governance/0001-amend-<id>.toml
        "
    );
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
    let shown = sandbox.agentops("policy show --json").run().json();
    assert_ne!(shown["governed"], before);
    assert_eq!((&shown["amends"], &shown["self_approve"]), (&1.into(), &true.into()));
    let text = sandbox.agentops("policy show").run().stdout;
    assert!(text.contains("whoever did the work may vote on it"), "{text}");
}

#[test]
fn an_amend_takes_governed_files_alone() {
    let sandbox = governed();
    sandbox.write("code", "1\n");
    sandbox.git("add code");
    sandbox.write(".agentops/sre/standards/new.md", "# New\n");
    sandbox.write(".agentops/sre/notes.md", "no standard\n");
    std::fs::remove_file(sandbox.path().join(".agentops/sre/standards/alerting.md")).unwrap();
    edit(&sandbox, "[laws]", "[laws]\nAO-N2 = \"error\"");
    let body = sandbox
        .agentops("policy amend --json --reason")
        .arg("Alerts are ruled by a standard of our own")
        .run()
        .expect_code(0)
        .json();
    let changes: Vec<_> =
        body["files"].as_array().unwrap().iter().map(|file| (&file["change"], &file["path"])).collect();
    assert_eq!(
        format!("{changes:?}"),
        "[(String(\"changed\"), String(\".agentops/config.toml\")), \
         (String(\"removed\"), String(\".agentops/sre/standards/alerting.md\")), \
         (String(\"added\"), String(\".agentops/sre/standards/new.md\"))]"
    );
    assert_eq!(sandbox.git("status --porcelain"), "A  code\n?? .agentops/sre/notes.md");
    let shown = sandbox.agentops("policy show").run().stdout;
    assert!(shown.contains("laws not at their default  AO-N2 error\n"), "{shown}");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn amends_that_cannot_be_are_refused() {
    let sandbox = governed();
    insta::assert_snapshot!(sandbox.agentops("policy amend --reason why").run().snapshot(), @r#"
    exit 1
    --- stderr
    error: no governed file differs from HEAD: there is nothing to amend
    hint: edit `.agentops/config.toml` or a profile first, then `agentops policy amend --reason "…"`
    "#);
    edit(&sandbox, "max = 3", "max = \"three\"");
    insta::assert_snapshot!(sandbox.agentops("policy amend --reason").arg("More waivers").run().snapshot(), @"
    exit 1
    --- stderr
    error: .agentops/config.toml:29:7: `max` must be a whole number, not a text. To mend it: write it as `0`
    ");
    edit(&sandbox, "max = \"three\"", "max = 4");
    insta::assert_snapshot!(sandbox.agentops("policy amend").run().snapshot(), @"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
        --reason <TEXT>
    hint: read on with `agentops policy amend --help`
    ");
    insta::assert_snapshot!(sandbox.agentops("policy amend --reason").arg(" ").run().snapshot(), @"
    exit 2
    --- stderr
    error: the reason is empty
    ");
    insta::assert_snapshot!(
        sandbox.agentops("policy amend --actor mallory --reason").arg("More waivers").run().snapshot(),
        @"
        exit 2
        --- stderr
        error: there is no actor `mallory`
        hint: there are: aider, alice, cursor, copilot, gemini, opencode, claude, codex
        "
    );
    let dry = sandbox.agentops("policy amend --dry-run --reason").arg("More waivers").run().expect_code(0);
    assert!(dry.stderr.contains("nothing was written"), "{}", dry.snapshot());
    // A version that falls and a profile that goes are no matter of amends.
    std::fs::remove_dir_all(sandbox.path().join(".agentops/sre")).unwrap();
    let refused = sandbox.agentops("policy amend --reason").arg("Nobody is on call").run().expect_code(3);
    assert!(refused.stderr.contains("profile `sre` disappears"), "{}", refused.snapshot());
    assert_eq!(sandbox.git("log --format=%s"), "chore: set up agentops");
    let bare = Sandbox::new();
    bare.agentops("policy show").run().expect_code(1);
}

#[test]
fn several_amends_form_a_chain() {
    let sandbox = governed();
    for (from, to) in [("max = 3", "max = 4"), ("max = 4", "max = 5"), ("max = 5", "max = 6")] {
        edit(&sandbox, from, to);
        sandbox.agentops("policy amend --reason").arg("Waivers").run().expect_code(0);
    }
    sandbox.agentops("check --all").run().expect_code(0);
    sandbox.agentops("check --base HEAD~3").run().expect_code(0);
    assert_eq!(sandbox.git("ls-files .agentops/governance").lines().count(), 3);
}

#[test]
#[cfg(unix)]
fn governed_files_of_the_product_are_amended_as_git_commits_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = governed();
    let amend = || sandbox.agentops("policy amend --json --reason").arg("The pipeline of our product is ours").run();
    let make_executable = |path: &str| {
        let permissions = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(sandbox.path().join(path), permissions).unwrap();
    };
    let staged = || sandbox.git("ls-tree -r --format=%(objectmode)%x20%(path) HEAD ci");
    edit(&sandbox, "governed = [", "governed = [\"ci/**\", ");
    amend().expect_code(0);
    sandbox.write(".gitattributes", "*.txt text eol=crlf\n");
    sandbox.write(".gitignore", "*.env\n");
    sandbox.commit_all(&lawful("chore: attributes and ignores"));
    // What git is not told of is named; what it ignores stays out.
    sandbox.write("ci/run", "exit 0\n");
    sandbox.write("ci/notes.txt", "one\r\ntwo\r\n");
    sandbox.write("ci/secret.env", "password\n");
    make_executable("ci/run");
    let refused = amend().expect_code(1);
    assert!(
        refused.stdout.contains("ci/notes.txt, ci/run") && !refused.stdout.contains("secret"),
        "{}",
        refused.stdout
    );
    sandbox.git("add ci/run ci/notes.txt");
    let body = amend().expect_code(0).json();
    assert_eq!(body["files"].as_array().map(Vec::len), Some(2));
    assert_eq!(staged(), "100644 ci/notes.txt\n100755 ci/run");
    assert_eq!(sandbox.try_git("cat-file blob HEAD:ci/notes.txt").run().stdout, "one\ntwo\n");
    assert_eq!(sandbox.git("status --porcelain"), "");
    // A mode alone is a change, too.
    make_executable("ci/notes.txt");
    amend().expect_code(0);
    assert_eq!(staged(), "100755 ci/notes.txt\n100755 ci/run");
    assert_eq!((sandbox.git("status --porcelain").as_str(), amend().code), ("", Some(1)));
    sandbox.agentops("check --all").run().expect_code(0);
}
