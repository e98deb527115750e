//! `agentops commit`: a lawful message, judged before git makes the commit.

use super::governed::{as_agent, governed, governed_with};
use super::sandbox::{Call, Sandbox, lawful};

const FLAGS: [(&str, &str); 6] = [
    ("--type", "fix"),
    ("--subject", "read CRLF"),
    ("--context", "Windows files failed to parse"),
    ("--solution", "Strip the CR before the LF"),
    ("--learning", "autocrlf leaves files in archives alone"),
    ("--impact", "CSV files saved by Excel parse"),
];

/// A commit with every flag but those in `without`.
fn commit(sandbox: &Sandbox, arguments: &str, without: &[&str]) -> Call {
    let call = sandbox.agentops(&format!("commit {arguments}"));
    let flags = FLAGS.iter().filter(|(flag, _)| !without.contains(flag));
    flags.fold(call, |call, (flag, text)| call.arg(flag).arg(text))
}

#[test]
fn flags_make_a_lawful_message() {
    let sandbox = governed();
    let task = sandbox.agentops("task new \"Read CRLF\" --profile product-dev --json").run().json();
    let task = task["task"].as_str().unwrap().to_owned();
    sandbox.write("src/main.rs", "fn main() {}\r\n");
    let arguments = format!("-a --scope parser --breaking --trailer Refs=#12 --task {}", &task[..6]);
    let done = commit(&sandbox, &arguments, &[]).env("CLAUDECODE", "1").run();
    insta::assert_snapshot!(done.snapshot_without_ids(), @r"
    exit 0
    --- stdout
    <id> fix(parser)!: read CRLF
    ");
    insta::assert_snapshot!(sandbox.git("log -1 --format=%B").replace(&task, "<task>"), @r"
    fix(parser)!: read CRLF

    Context: Windows files failed to parse

    Solution: Strip the CR before the LF

    Learning: autocrlf leaves files in archives alone

    Impact: CSV files saved by Excel parse

    Refs: #12
    Agentops-Task: <task>
    Assisted-by: claude
    ");
    assert_eq!(sandbox.git("diff HEAD --name-only"), "");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn what_is_missing_is_named_by_its_flags() {
    let sandbox = governed();
    sandbox.write("src/main.rs", "fn main() {}\n");
    insta::assert_snapshot!(commit(&sandbox, "-a", &["--subject", "--learning"]).run().snapshot(), @r"
    exit 2
    --- stderr
    error: the message is not complete: `--subject`, `--learning` are missing
    hint: give `--subject`, `--learning`; `agentops explain AO-L3` tells what belongs where
    ");
    insta::assert_snapshot!(commit(&sandbox, "", &[]).run().snapshot(), @r"
    exit 1
    --- stderr
    error: there is nothing to commit: nothing is staged
    hint: stage what belongs together with `git add PATH…`, or take every tracked file with `-a`
    ");
    insta::assert_snapshot!(commit(&sandbox, "nowhere.rs", &[]).run().snapshot(), @r"
    exit 1
    --- stderr
    error: these paths cannot be committed: pathspec 'nowhere.rs' did not match any file(s) known to git
    hint: a new file is staged first: `git add PATH`
    ");
    for (wrong, told) in [
        ("--section Why=because", "`Why` is no section"),
        ("--trailer Refs", "`Refs` is no trailer"),
        ("--task nothing", "there is no task `nothing`"),
        ("--actor bob", "there is no actor `bob`"),
    ] {
        let output = commit(&sandbox, &format!("-a {wrong}"), &[]).run().expect_code(2);
        assert!(output.stderr.contains(told), "{}", output.snapshot());
    }
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
}

#[test]
fn laws_are_told_before_git_is_asked() {
    let sandbox = governed();
    sandbox.write("src/main.rs", "fn main() {}\n");
    let bad = commit(&sandbox, "-a --impact TODO", &["--impact"]).run().expect_code(3);
    assert!(bad.stderr.contains("error[AO-L3] message:9: `Impact:` is a placeholder"), "{}", bad.snapshot());
    assert!(bad.stderr.starts_with("fix: read CRLF\n"), "what was written is not lost: {}", bad.snapshot());
    let json = commit(&sandbox, "-a --json --impact TODO", &["--impact"]).run().expect_code(3).json();
    assert_eq!((&json["commit"], &json["violations"][0]["law"]), (&serde_json::Value::Null, &"AO-L3".into()));
    assert_eq!(json["error"]["code"], "law");
    assert!(json["message"].as_str().unwrap().contains("Impact: TODO"), "what was typed is not lost");
    // A law of trees, judged on what `-a` would commit.
    sandbox.write(".agentops/product-dev/profile.toml", "name = \"x\"\n");
    let governed = commit(&sandbox, "-a", &[]).run().expect_code(3);
    assert!(governed.stderr.contains("AO-G"), "{}", governed.snapshot());
    sandbox.git("checkout --quiet .agentops");
    let dry = commit(&sandbox, "-a --dry-run", &[]).run().expect_code(0);
    assert!(dry.stdout.starts_with("fix: read CRLF\n\nContext: Windows") && dry.stderr.contains("pass: 0 errors"));
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
    assert_eq!(sandbox.git("diff --cached --name-only"), "", "the index stays as it was");
    // A waiver with a reason.
    let waived = commit(&sandbox, "-a --impact TODO", &["--impact"]).arg("--waive");
    let waived = waived.arg("AO-L3 imported from the old tracker, whose entries have no impact").run().expect_code(0);
    assert!(waived.stderr.contains("1 waived"), "{}", waived.snapshot());
}

#[test]
fn paths_and_amends_go_through_to_git() {
    let sandbox = governed();
    sandbox.write("src/main.rs", "fn main() {}\n");
    sandbox.write("src/other.rs", "mod other;\n");
    sandbox.git("add src/other.rs");
    commit(&sandbox, "main.rs", &[]).in_dir("src").run().expect_code(0);
    assert_eq!(sandbox.git("diff --cached --name-only"), "src/other.rs", "what else is staged stays staged");
    assert_eq!(sandbox.git("show --format= --name-only"), "src/main.rs");
    // Whatever no flag says is kept; a commit does not collide with itself.
    let amended = as_agent(&sandbox, "commit --amend --subject \"read CR and CRLF\" --trailer Refs=#12 --json");
    assert_eq!(amended.expect_code(0).json()["paths"], serde_json::json!(["src/main.rs", "src/other.rs"]));
    let message = sandbox.git("log -1 --format=%B");
    assert!(message.starts_with("fix: read CR and CRLF\n\nContext: Windows"), "{message}");
    assert!(message.ends_with("Refs: #12\nAssisted-by: claude"), "{message}");
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
    sandbox.write("src/other.rs", "pub mod other;\n");
    sandbox.agentops("commit -a --amend --no-edit").run().expect_code(0);
    assert_eq!(sandbox.git("log -1 --format=%B"), message);
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
    sandbox.agentops("commit --no-edit").run().expect_code(2);
    // The same learning once more is a repeat.
    sandbox.write("src/other.rs", "mod other;\n");
    let repeat = commit(&sandbox, "-a", &[]).run().expect_code(3);
    assert!(repeat.stderr.contains("error[AO-L1]"), "{}", repeat.snapshot());
}

#[test]
fn a_foreign_hook_keeps_its_say() {
    let sandbox = governed();
    sandbox.write(".git/hooks/pre-commit", "#!/bin/sh\necho not today\nexit 1\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = sandbox.path().join(".git/hooks/pre-commit");
        std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    sandbox.write("src/main.rs", "fn main() {}\n");
    insta::assert_snapshot!(commit(&sandbox, "-a", &[]).run().snapshot(), @r"
    exit 1
    --- stderr
    not today
    error: git did not make the commit (exit 1)
    hint: what git and its hooks say stands above; nothing was committed
    ");
}

#[test]
fn other_sections_are_given_by_their_token() {
    let sandbox = governed_with(|config| {
        config.replace("\"Context\", \"Solution\", \"Learning\", \"Impact\"", "\"Why\", \"Learning\"")
    });
    sandbox.write("src/main.rs", "fn main() {}\n");
    let without = ["--context", "--solution", "--impact"];
    let missing = commit(&sandbox, "-a", &without).run().expect_code(2);
    assert!(missing.stderr.contains("`--section Why=…` is missing"), "{}", missing.snapshot());
    assert!(commit(&sandbox, "-a", &[]).run().expect_code(2).stderr.contains("`Context` is no section"));
    commit(&sandbox, "-a", &without).arg("--section").arg("Why=Windows files failed to parse").run().expect_code(0);
    assert!(sandbox.git("log -1 --format=%B").contains("\n\nWhy: Windows files failed to parse\n"));
}

#[test]
fn a_person_is_asked_and_each_answer_is_checked() {
    let sandbox = governed();
    sandbox.write("src/main.rs", "fn main() {}\n");
    let mut terminal = sandbox.terminal("commit -a");
    terminal.wait_for("Type (feat, fix");
    terminal.type_line("fixx");
    terminal.wait_for("the types here are");
    terminal.type_line("style");
    terminal.wait_for("Scope, ");
    terminal.type_line("");
    terminal.wait_for("Subject, ");
    terminal.type_line(&"long ".repeat(20));
    terminal.wait_for("72 at most");
    terminal.type_line("wrap lines");
    terminal.wait_for("Context, ");
    terminal.type_line("TODO");
    terminal.wait_for("that is a placeholder");
    terminal.type_line("Lines of main.rs had 200 columns");
    terminal.wait_for("Solution, ");
    terminal.type_line("Lines of main.rs had 200 columns.");
    terminal.wait_for("that says the same as `Context:`");
    terminal.type_line("Ran rustfmt with a width of 120");
    terminal.wait_for("Learning, ");
    terminal.type_line("N/A");
    terminal.wait_for("the reason after `N/A`");
    terminal.type_line("N/A rustfmt alone changed these lines");
    terminal.wait_for("Impact, ");
    terminal.type_line("A diff of main.rs fits 120 columns");
    let ending = terminal.finish();
    assert_eq!(ending.code, 0, "{}", ending.text);
    assert!(sandbox.git("log -1 --format=%B").starts_with("style: wrap lines\n\nContext: Lines of main.rs"));
}

#[test]
fn leaving_the_questions_commits_nothing() {
    let sandbox = governed();
    sandbox.write("src/main.rs", "fn main() {}\n");
    let mut terminal = sandbox.terminal("commit -a");
    terminal.wait_for("Type (feat, fix");
    terminal.press("\u{3}");
    assert_eq!(terminal.finish().code, 130);
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
}

#[test]
fn a_merge_is_ended_and_records_wait_for_its_end() {
    let sandbox = governed();
    sandbox.git("switch --quiet -c side");
    sandbox.write("src/main.rs", "side\n");
    sandbox.commit_all(&lawful("docs: tell of the side"));
    sandbox.git("switch --quiet main");
    sandbox.write("src/main.rs", "main\n");
    sandbox.commit_all(&lawful("docs: tell of the main line"));
    sandbox.try_git("merge side").run().expect_code(1);
    assert!(commit(&sandbox, "", &[]).run().expect_code(6).stderr.contains("src/main.rs"));
    let learn = "learn add --profile sre --pattern \"rename(2) is atomic only within one file system\"";
    assert!(sandbox.agentops(learn).run().expect_code(6).stderr.contains("a merge is in progress"));
    sandbox.write("src/main.rs", "both\n");
    sandbox.git("add src/main.rs");
    commit(&sandbox, "", &[]).run().expect_code(0);
    assert_eq!(sandbox.git("rev-parse HEAD^2"), sandbox.git("rev-parse side"));
    sandbox.agentops(learn).run().expect_code(0);
}
