//! A failpoint at every write: the write fails, or the process is killed there.

use std::cell::Cell;

use agentops::faults::Write;
use agentops::model::layout;
use agentops::model::vote::Proof;

use super::assert_told;
use crate::sandbox::{Call, Output, PROGRAM, Sandbox, lawful};
use crate::terminal::Terminal;

/// What one run meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The write fails, as on a full disk.
    Fails,
    /// `kill -9` right before it.
    Killed,
}

/// Where the branch is after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Old,
    New,
}

/// The writes of a transaction, with where each leaves the branch.
const TRANSACTION: &[(Write, Head)] = &[
    (Write::Blob, Head::Old),
    (Write::Tree, Head::Old),
    (Write::Commit, Head::Old),
    (Write::Journal, Head::Old),
    (Write::Reference, Head::Old),
    (Write::Log, Head::New),
    (Write::Index, Head::New),
    (Write::File, Head::New),
    (Write::JournalEnd, Head::New),
];

fn fail_at(call: Call, write: Write, mode: Mode) -> Output {
    let how = if mode == Mode::Killed { ":kill" } else { "" };
    call.env("AGENTOPS_FAIL_AT", &format!("{}{how}", write.name())).run()
}

/// Runs a verb into a fault at `write`, and sees what is left and what mends it: `doctor --fix` after a kill, the verb itself
/// after a failure. `verb` gives a fresh call each time, which ends with `code` where nothing fails.
#[track_caller]
fn survives(sandbox: &Sandbox, write: Write, mode: Mode, head: Head, code: i32, verb: &dyn Fn(&Sandbox) -> Call) {
    let case = format!("{} {mode:?}", write.name());
    let call = verb(sandbox);
    // What the verb is to commit may be an edit itself.
    let (before, work, edits) = (sandbox.head(), sandbox.work(), sandbox.behind());
    let output = fail_at(call, write, mode);
    let is_silent = write == Write::Log;
    match (mode, head) {
        (Mode::Killed, _) => assert_eq!(output.code, None, "{case}: {}", output.snapshot()),
        (Mode::Fails, Head::Old) => {
            assert!(output.code.is_some_and(|code| code != 0), "{case}: {}", output.snapshot());
            assert_told(&case, &output);
        }
        (Mode::Fails, Head::New) => {
            assert_eq!(output.code, Some(code), "{case}: {}", output.snapshot());
            assert!(is_silent || output.stderr.contains("warning: the commit is made, but"), "{}", output.snapshot());
        }
    }
    assert_eq!(sandbox.work(), work, "{case}");
    match head {
        Head::Old => assert_eq!(sandbox.head(), before, "{case}"),
        Head::New => assert_eq!(sandbox.git("rev-parse HEAD^"), before, "{case}"),
    }
    let behind = sandbox.behind();
    if head == Head::Old {
        assert_eq!(behind, edits, "{case}");
    } else if !behind.is_empty() {
        let complaints = sandbox.complaints();
        assert!(complaints.iter().any(|(check, _)| check == "journal"), "{case}: {complaints:?}");
    }
    if mode == Mode::Killed {
        sandbox.assert_mended(&case);
        let behind = if head == Head::Old { edits } else { String::new() };
        assert_eq!((sandbox.behind(), sandbox.work()), (behind, work.clone()), "{case}");
    }
    verb(sandbox).run().expect_code(code);
    assert_eq!((sandbox.behind(), sandbox.work()), (String::new(), work), "{case}");
    sandbox.assert_mended(&case);
}

#[track_caller]
fn survives_all(sandbox: &Sandbox, code: i32, verb: &dyn Fn(&Sandbox) -> Call) {
    for (write, head) in TRANSACTION {
        for mode in [Mode::Fails, Mode::Killed] {
            survives(sandbox, *write, mode, *head, code, verb);
        }
    }
    sandbox.try_git("fsck --strict --no-dangling --no-progress").run().expect_code(0);
}

#[test]
fn a_new_task() {
    let sandbox = Sandbox::at_work();
    survives_all(&sandbox, 0, &|sandbox| sandbox.agentops("task new --actor claude").arg("Sign in with a passkey"));
}

#[test]
fn a_submit_with_its_documents() {
    let sandbox = Sandbox::at_work();
    survives_all(&sandbox, 4, &|sandbox| {
        let task = sandbox.open_task("Sign in with a passkey", "");
        sandbox.fill_requirements(&task);
        sandbox.agentops(&format!("phase next {} --actor claude", task.id))
    });
}

#[test]
fn an_amend_of_a_file_that_somebody_edited() {
    let sandbox = Sandbox::at_work();
    survives_all(&sandbox, 0, &|sandbox| {
        let standard = ".agentops/product-dev/standards/own.md";
        let before = std::fs::read_to_string(sandbox.path().join(standard)).unwrap_or_default();
        sandbox.write(standard, format!("{before}One line more.\n"));
        sandbox.agentops("policy amend --actor alice --reason").arg("Our own standard grows by a line")
    });
}

#[test]
fn a_learning() {
    let sandbox = Sandbox::at_work();
    let task = sandbox.open_task("Sign in with a passkey", "");
    let number = Cell::new(0);
    survives_all(&sandbox, 0, &|sandbox| {
        let add = |flags: &str| {
            let message = lawful(&format!("feat: number {}", number.get()));
            let pattern = message.lines().find_map(|line| line.strip_prefix("Learning: ")).unwrap();
            sandbox.agentops(&format!("learn add --actor claude --task {} {flags} --pattern", task.id)).arg(pattern)
        };
        // The next that says something else than those that are there.
        number.set(number.get() + 1);
        while add("--dry-run").run().code != Some(0) {
            number.set(number.get() + 1);
        }
        add("")
    });
}

/// A repository in which votes may be simulated: those need no terminal.
fn voting() -> Sandbox {
    let sandbox = Sandbox::governed_with(&[Proof::Simulated]);
    sandbox.begin_work();
    sandbox
}

#[test]
fn a_vote() {
    survives_all(&voting(), 0, &|sandbox| {
        let task = sandbox.waiting_task("Sign in with a passkey");
        sandbox.agentops(&format!("gate approve {} --actor bob --simulated", task.id))
    });
}

#[test]
fn a_vote_on_another_branch() {
    let sandbox = voting();
    let task = sandbox.waiting_task("Sign in with a passkey");
    sandbox.git("branch feature");
    let (head, work, tip) = (sandbox.head(), sandbox.work(), sandbox.git("rev-parse feature"));
    let vote = || sandbox.agentops(&format!("gate approve {} --actor bob --simulated --ref feature", task.id));
    for (write, _) in TRANSACTION {
        for mode in [Mode::Fails, Mode::Killed] {
            let case = format!("{} {mode:?}", write.name());
            let output = fail_at(vote(), *write, mode);
            // Index, working tree, HEAD's log and the journal are HEAD's: the vote does not come near them.
            let is_reached = matches!(write, Write::Blob | Write::Tree | Write::Commit | Write::Reference);
            match (is_reached, mode) {
                (true, Mode::Fails) => assert_told(&case, &output),
                (true, Mode::Killed) => assert_eq!(output.code, None, "{case}: {}", output.snapshot()),
                (false, _) => assert_eq!(output.code, Some(0), "{case}: {}", output.snapshot()),
            }
            let stands = sandbox.git("rev-parse feature");
            assert_eq!(stands == tip, is_reached, "{case}: {}", output.snapshot());
            assert_eq!((sandbox.head(), sandbox.work(), sandbox.behind()), (head.clone(), work.clone(), String::new()));
            sandbox.assert_mended(&case);
            vote().run().expect_code(0);
            assert_eq!(sandbox.git("rev-parse feature^"), tip, "{case}: one vote, whether now or before");
            sandbox.git(&format!("branch --force feature {tip}"));
        }
    }
    sandbox.try_git("fsck --strict --no-dangling --no-progress").run().expect_code(0);
}

#[test]
fn an_adoption() {
    for (write, head) in TRANSACTION {
        for mode in [Mode::Fails, Mode::Killed] {
            let sandbox = Sandbox::new();
            for path in ["src/app.txt", "README.md"] {
                sandbox.write(path, "first\n");
            }
            sandbox.commit_all("first");
            sandbox.begin_work();
            let init = |_: &Sandbox| sandbox.agentops("init --profile sre");
            let case = format!("{} {mode:?}", write.name());
            let (before, work) = (sandbox.head(), sandbox.work());
            let output = fail_at(init(&sandbox), *write, mode);
            assert_eq!(sandbox.work(), work, "{case}: {}", output.snapshot());
            assert_eq!(sandbox.head() == before, *head == Head::Old, "{case}: {}", output.snapshot());
            init(&sandbox).run().expect_code(0);
            assert_eq!((sandbox.behind(), sandbox.work()), (String::new(), work), "{case}");
            sandbox.assert_mended(&case);
            sandbox.agentops("hooks status").run().expect_code(0);
        }
    }
}

#[test]
fn leaving_again() {
    let sandbox = Sandbox::at_work();
    let folder = sandbox.path().join(".agentops/format.toml");
    let first = sandbox.head();
    for (write, head) in [(Write::Removal, Head::New), (Write::Index, Head::New), (Write::Reference, Head::Old)] {
        for mode in [Mode::Fails, Mode::Killed] {
            let case = format!("{} {mode:?}", write.name());
            let work = sandbox.work();
            let output = fail_at(sandbox.agentops("deinit --confirm repo"), write, mode);
            assert_eq!(sandbox.work(), work, "{case}: {}", output.snapshot());
            assert_eq!(sandbox.head() == first, head == Head::Old, "{case}: {}", output.snapshot());
            sandbox.assert_mended(&case);
            assert_eq!(sandbox.behind(), "", "{case}");
            assert_eq!(folder.exists(), head == Head::Old, "{case}");
            // Back to where it was, with the work kept.
            sandbox.git(&format!("reset --quiet --soft {first}"));
            sandbox.git("restore --staged --worktree .agentops");
        }
    }
}

#[test]
fn a_session() {
    let sandbox = Sandbox::at_work();
    let work = sandbox.work();
    let task = sandbox.open_task("Sign in with a passkey", "");
    let start = || sandbox.agentops(&format!("session start --actor claude --task {}", task.id));
    for mode in [Mode::Fails, Mode::Killed] {
        let output = fail_at(start(), Write::Session, mode);
        assert_ne!(output.code, Some(0), "{}", output.snapshot());
        let open = sandbox.agentops("session show --json").run();
        assert_ne!(open.code, Some(0), "a start that failed began a session: {}", open.snapshot());
        sandbox.assert_mended(&format!("{mode:?}"));
    }
    for (mode, pattern) in [
        (Mode::Fails, "A record that is committed outranks the file of an open session"),
        (Mode::Killed, "Browsers differ in how they name the authenticator of a phone"),
    ] {
        start().run().expect_code(0);
        let learn = sandbox.agentops(&format!("learn add --actor claude --task {} --pattern", task.id));
        learn.arg(pattern).run().expect_code(0);
        let end = sandbox.agentops("session end --actor claude --choice none --summary");
        let end = end.arg("Looked at passkeys").arg("--improvement").arg("Let the sandbox offer a fake authenticator");
        let before = sandbox.head();
        fail_at(end, Write::SessionEnd, mode);
        assert_eq!(sandbox.git("rev-parse HEAD^"), before, "{mode:?}");
        sandbox.assert_mended(&format!("{mode:?}"));
    }
    start().run().expect_code(0);
    assert_eq!(sandbox.work(), work);
}

#[test]
fn hooks_that_somebody_else_has_there() {
    for point in ["file", "file:2", "file:5"] {
        for mode in ["", ":kill"] {
            let sandbox = Sandbox::at_work();
            let (theirs, kept) = ("#!/bin/sh\necho theirs\n", sandbox.work());
            sandbox.write(".git/hooks/pre-commit", theirs);
            let place = sandbox.path().join(".git/hooks/pre-commit");
            std::fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            let install = || sandbox.agentops("hooks install");
            let output = install().env("AGENTOPS_FAIL_AT", &format!("{point}{mode}")).run();
            assert_ne!(output.code, Some(0), "{point}{mode}: {}", output.snapshot());
            let stands = [".git/hooks/pre-commit", ".git/hooks/pre-commit.agentops-chained"]
                .map(|path| std::fs::read_to_string(sandbox.path().join(path)).unwrap_or_default());
            assert!(stands.iter().any(|text| text == theirs), "{point}{mode}: {stands:?}");
            let hooks = sandbox.agentops("doctor").run();
            assert!(hooks.stdout.contains("warn hooks: not installed"), "{point}{mode}: {}", hooks.snapshot());
            install().run().expect_code(0);
            sandbox.assert_mended(&format!("{point}{mode}"));
            sandbox.agentops("hooks uninstall").run().expect_code(0);
            assert_eq!(sandbox.read(".git/hooks/pre-commit"), theirs);
            assert_eq!(sandbox.work(), kept);
        }
    }
}

#[test]
fn what_hooks_keep_is_only_a_convenience() {
    let sandbox = Sandbox::at_work();
    sandbox.agentops("hooks install").run().expect_code(0);
    let commit = |message: &str| sandbox.try_git("commit --quiet --file=-").stdin(message);
    let (before, work) = (sandbox.head(), sandbox.work());
    let refused = fail_at(commit("wip\n"), Write::Handover, Mode::Fails);
    assert_eq!(refused.code, Some(1), "{}", refused.snapshot());
    let killed = fail_at(commit(&crate::sandbox::lawful("feat: one")), Write::Handover, Mode::Killed);
    assert_ne!(killed.code, Some(0), "a commit went past a hook that died: {}", killed.snapshot());
    assert_eq!((sandbox.head(), sandbox.work()), (before, work));
    fail_at(commit(&crate::sandbox::lawful("feat: two")), Write::Handover, Mode::Fails).expect_code(0);
    sandbox.assert_mended("handover");
}

#[test]
fn a_file_of_the_persons_choice_is_whole_or_absent() {
    let sandbox = Sandbox::at_work();
    sandbox.write(".agentops/product-dev/standards/own.md", "Ours.\n");
    let amend = || sandbox.agentops("policy amend --actor alice --reason \"Ours\" --out ../proposal.toml");
    for mode in [Mode::Fails, Mode::Killed] {
        let output = fail_at(amend(), Write::Output, mode);
        assert_ne!(output.code, Some(0), "{}", output.snapshot());
        assert!(!sandbox.root().join("proposal.toml").exists(), "{mode:?}");
    }
    amend().run().expect_code(0);
    let again = amend().run();
    assert_ne!(again.code, Some(0), "a file that is there was replaced: {}", again.snapshot());
}

#[test]
fn a_signature_that_cannot_be_added_takes_none_away() {
    let sandbox = Sandbox::signed();
    let config = sandbox.read(layout::CONFIG).replace("owners = 0", "owners = 2");
    sandbox.write(layout::CONFIG, config.replace("roles = [\"reviewer\"]", "roles = [\"owner\", \"reviewer\"]"));
    sandbox.agentops("policy amend --reason").arg("Two owners govern").run().expect_code(0);
    sandbox.write(".agentops/product-dev/standards/own.md", "Ours.\n");
    let propose = sandbox.agentops("policy amend --actor alice --out ../proposal.toml --reason");
    propose.arg("A standard of our own").run().expect_code(0);
    let (file, folder) = (sandbox.root().join("proposal.toml"), || std::fs::read_dir(sandbox.root()).unwrap().count());
    let (before, alone) = (std::fs::read(&file).unwrap(), folder());
    let sign = |fault: &str| {
        // The shell outlives a kill, and tells of it.
        let script = format!(
            "AGENTOPS_FAIL_AT={fault} {PROGRAM} policy sign ../proposal.toml --actor bob --color never; exit $?"
        );
        let words = ["-c".to_owned(), script];
        let mut terminal = Terminal::start("sh", &words, sandbox.path(), &sandbox.environment());
        terminal.wait_for("to leave:");
        terminal.type_line("0003");
        terminal.finish()
    };
    let failed = sign("output");
    assert_eq!(failed.code, 1, "{}", failed.text);
    assert!(failed.text.contains("cannot write the proposal to"), "{}", failed.text);
    assert_eq!((std::fs::read(&file).unwrap(), folder()), (before.clone(), alone));
    assert_eq!(sign("output:kill").code, 137);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let signed = sign("");
    assert!(signed.code == 0 && signed.text.contains("signed by alice, bob"), "{}", signed.text);
    sandbox.agentops("policy amend --actor bob --from ../proposal.toml").run().expect_code(0);
}

#[test]
fn a_manual_page_is_the_old_one_or_the_new_one() {
    let sandbox = Sandbox::new();
    let write = || sandbox.agentops("man --dir ../man1");
    write().run().expect_code(0);
    let page = sandbox.root().join("man1/agentops-check.1");
    let whole = std::fs::read(&page).unwrap();
    let older: Vec<_> = std::fs::read_dir(sandbox.root().join("man1")).unwrap().map(|it| it.unwrap().path()).collect();
    for path in &older {
        std::fs::write(path, "older\n").unwrap();
    }
    for point in ["output", "output:3", "output:3:kill"] {
        let output = write().env("AGENTOPS_FAIL_AT", point).run();
        assert_ne!(output.code, Some(0), "{point}");
        let news = older.iter().filter(|path| std::fs::read(path).unwrap() != b"older\n").count();
        assert_eq!(news, if point == "output" { 0 } else { 2 }, "{point}: {}", output.snapshot());
    }
    write().run().expect_code(0);
    assert_eq!(std::fs::read(&page).unwrap(), whole);
}

#[test]
fn a_document_that_cannot_be_laid_out() {
    let sandbox = Sandbox::at_work();
    for (point, code) in [("file:2", Some(0)), ("file:2:kill", None)] {
        let work = sandbox.work();
        let output = sandbox.agentops("task new --actor claude x").env("AGENTOPS_FAIL_AT", point).run();
        assert_eq!(output.code, code, "{}", output.snapshot());
        assert_eq!(sandbox.work(), work, "{point}: {}", output.snapshot());
        sandbox.assert_mended(point);
    }
}

#[test]
fn every_write_has_a_test_of_its_own() {
    let tested = |write: &Write| {
        use Write::{Handover, Output, Removal, Session, SessionEnd};
        TRANSACTION.iter().any(|(known, _)| known == write)
            || matches!(write, Removal | Session | SessionEnd | Handover | Output)
    };
    let forgotten: Vec<_> = Write::ALL.iter().filter(|write| !tested(write)).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
