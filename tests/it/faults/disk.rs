//! A disk that takes nothing more, and an object database that takes nothing at all.

use std::fs;
use std::path::PathBuf;

use super::assert_told;
use crate::sandbox::{Output, PROGRAM, Sandbox};

/// Runs the program where no file may grow beyond so many blocks of 512 bytes: every write beyond fails, ours and git's, as
/// on a full disk. `None` where this system has no such limit.
fn with_limit(sandbox: &Sandbox, blocks: u32, arguments: &[&str]) -> Option<Output> {
    let script = format!("ulimit -f {blocks} 2>/dev/null || exit 99; trap '' XFSZ; exec \"$@\"");
    let mut call = sandbox.call_program(&PathBuf::from("sh"), "-c").arg(script).arg("sh").arg(PROGRAM);
    for argument in arguments {
        call = call.arg(argument);
    }
    let output = call.run();
    (output.code != Some(99)).then_some(output)
}

#[test]
fn a_full_disk() {
    let sandbox = Sandbox::at_work();
    // A file that is longer than the small limits: a blob, and with many entries an index, that do not fit.
    for number in 0..60 {
        sandbox.write(&format!("src/many/{number}.txt"), format!("{number}\n"));
    }
    sandbox.git("add src/many");
    let arguments = ["task", "new", "--actor", "claude", "Sign in with a passkey"];
    let (mut refused, mut behind) = (0, 0);
    for blocks in [0, 1, 2, 4, 8, 16] {
        let (before, work) = (sandbox.head(), sandbox.work());
        let Some(output) = with_limit(&sandbox, blocks, &arguments) else {
            panic!("this system knows no `ulimit -f`: the test proves nothing here")
        };
        let case = format!("{blocks} blocks: {}", output.snapshot());
        assert_eq!(sandbox.work(), work, "{case}");
        if output.code != Some(0) {
            refused += 1;
            assert_told(&case, &output);
            assert_eq!((sandbox.head(), sandbox.behind()), (before, String::new()), "{case}");
        } else if !sandbox.behind().is_empty() {
            behind += 1;
            assert_told(&case, &output);
            assert_eq!(sandbox.complaints()[0].0, "journal", "{case}");
        }
        sandbox.agentops("task new --actor claude").arg("Sign in with a passkey").run().expect_code(0);
        assert_eq!((sandbox.behind(), sandbox.work()), (String::new(), work), "{case}");
        sandbox.assert_mended(&case);
    }
    assert!(refused > 0 && behind > 0, "{refused} refused, {behind} with an index that could not follow");
    sandbox.try_git("fsck --strict --no-dangling --no-progress").run().expect_code(0);
}

#[test]
fn a_message_survives_a_full_disk() {
    let sandbox = Sandbox::hooked();
    sandbox.write("file.txt", "1\n");
    sandbox.git("add file.txt");
    let message = crate::sandbox::lawful("feat: one");
    sandbox.write("../message.txt", &message);
    let before = sandbox.head();
    let script = "ulimit -f 0; trap '' XFSZ; exec git commit --quiet --file=../message.txt";
    let output = sandbox.call_program(&PathBuf::from("sh"), "-c").arg(script).run();
    assert_ne!(output.code, Some(0), "{}", output.snapshot());
    assert_eq!((sandbox.head(), sandbox.read("../message.txt")), (before, message));
    sandbox.try_git("commit --quiet --file=../message.txt").run().expect_code(0);
}

/// Bars every way to write an object, for root, too: all objects lie in a pack, and a file stands where each of the 256
/// folders for new ones would be made.
fn bar_objects(sandbox: &Sandbox) -> Vec<PathBuf> {
    sandbox.git("repack -a -d --quiet");
    sandbox.git("prune-packed --quiet");
    let objects = sandbox.path().join(".git/objects");
    let barred: Vec<PathBuf> = (0..=255).map(|number| objects.join(format!("{number:02x}"))).collect();
    for place in &barred {
        let _ = fs::remove_dir(place);
        fs::write(place, "").unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    }
    barred
}

#[test]
fn an_object_database_that_takes_nothing() {
    let sandbox = Sandbox::at_work();
    let task = sandbox.open_task("Sign in with a passkey", "");
    sandbox.fill_requirements(&task);
    sandbox.write(".agentops/product-dev/standards/own.md", "Ours.\n");
    let (before, work) = (sandbox.head(), sandbox.work());
    let barred = bar_objects(&sandbox);
    let probe = sandbox.try_git("hash-object -w").arg(super::UNTRACKED).run();
    assert_ne!(probe.code, Some(0), "git can write an object: the test proves nothing here");
    let next = format!("phase next {} --actor claude", task.id);
    for verb in [next.as_str(), "task new --actor claude x", "policy amend --actor alice --reason ours"] {
        let output = sandbox.agentops(verb).run();
        assert!(output.code.is_some_and(|code| code != 0), "{verb}: {}", output.snapshot());
        assert_told(verb, &output);
        assert!(output.stderr.contains("object"), "{verb}: {}", output.snapshot());
        assert_eq!((sandbox.head(), sandbox.behind(), sandbox.work()), (before.clone(), String::new(), work.clone()));
        assert!(!sandbox.path().join(".git/agentops/journal").exists());
    }
    // What only reads goes on.
    sandbox.agentops("task list").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
    for place in barred {
        fs::remove_file(place).unwrap();
    }
    sandbox.agentops(&next).run().expect_code(4);
    assert_eq!((sandbox.behind(), sandbox.work()), (String::new(), work));
    sandbox.assert_mended("objects barred");
}
