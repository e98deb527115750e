//! Locks that a killed command left: git's, which nobody but a person may break, and ours, which die with their holder.

use std::fs;
use std::time::Duration;

use super::age;
use crate::sandbox::Sandbox;

#[test]
fn a_lock_of_git_that_stays_is_named_and_nothing_is_lost() {
    let sandbox = Sandbox::at_work();
    sandbox.git("config core.filesRefLockTimeout 1");
    for lock in ["index.lock", "refs/heads/main.lock"] {
        let (before, work) = (sandbox.head(), sandbox.work());
        let place = sandbox.path().join(".git").join(lock);
        fs::write(&place, "").unwrap();
        age(&place, Duration::from_secs(3600));
        let refused = sandbox.agentops("task new --actor claude x").run().expect_code(6);
        assert!(refused.stderr.contains(lock), "{}", refused.snapshot());
        assert_eq!((sandbox.head(), sandbox.behind(), sandbox.work()), (before, String::new(), work.clone()));
        assert!(!sandbox.path().join(".git/agentops/journal").exists());
        let complaints = sandbox.complaints();
        assert!(complaints.len() == 1 && complaints[0].1.contains(lock), "{complaints:?}");
        // Whether a git command still runs only a person knows: `--fix` leaves the lock, and the finding says what to type.
        sandbox.agentops("doctor --fix").run().expect_code(1);
        let told = sandbox.agentops("doctor").run();
        assert!(told.stdout.contains(&format!("{lock}'`")), "{}", told.snapshot());
        fs::remove_file(place).unwrap();
        sandbox.agentops("task new --actor claude x").run().expect_code(0);
        assert_eq!((sandbox.behind(), sandbox.work()), (String::new(), work));
        sandbox.assert_mended(lock);
    }
}

#[test]
fn a_lock_of_head_stops_whoever_would_move_head_itself() {
    let sandbox = Sandbox::at_work();
    sandbox.git("config core.filesRefLockTimeout 1");
    fs::write(sandbox.path().join(".git/HEAD.lock"), "").unwrap();
    // A branch moves without HEAD's own lock, as git's does.
    sandbox.agentops("task new --actor claude x").run().expect_code(0);
    assert_eq!(sandbox.complaints()[0].0, "locks");
    fs::remove_file(sandbox.path().join(".git/HEAD.lock")).unwrap();
    sandbox.git("switch --quiet --detach");
    fs::write(sandbox.path().join(".git/HEAD.lock"), "").unwrap();
    let before = sandbox.head();
    let refused = sandbox.agentops("task new --actor claude --detach y").run().expect_code(6);
    assert!(refused.stderr.contains("HEAD.lock"), "{}", refused.snapshot());
    assert_eq!((sandbox.head(), sandbox.behind()), (before, String::new()));
    fs::remove_file(sandbox.path().join(".git/HEAD.lock")).unwrap();
    sandbox.agentops("task new --actor claude --detach y").run().expect_code(0);
    sandbox.assert_mended("HEAD.lock");
}

#[cfg(debug_assertions)]
#[test]
fn our_own_lock_blocks_nobody_once_its_holder_is_dead() {
    let sandbox = Sandbox::at_work();
    let work = sandbox.work();
    let killed = sandbox.agentops("task new --actor claude x").env("AGENTOPS_FAIL_AT", "commit:kill").run();
    assert_eq!(killed.code, None, "{}", killed.snapshot());
    assert!(sandbox.path().join(".git/agentops/lock").exists());
    assert_eq!(sandbox.complaints(), []);
    sandbox.agentops("task new --actor claude x").run().expect_code(0);
    assert_eq!((sandbox.behind(), sandbox.work()), (String::new(), work));
}

#[cfg(debug_assertions)]
#[test]
fn the_lock_on_the_branch_of_a_killed_command_is_broken_by_whoever_comes_next() {
    let sandbox = Sandbox::at_work();
    let (before, work) = (sandbox.head(), sandbox.work());
    let killed = sandbox.agentops("task new --actor claude x").env("AGENTOPS_FAIL_AT", "reference:kill").run();
    assert_eq!((killed.code, sandbox.head()), (None, before));
    // As the kill leaves it that falls a moment later.
    fs::write(sandbox.path().join(".git/refs/heads/main.lock"), "").unwrap();
    sandbox.agentops("task new --actor claude x").run().expect_code(0);
    assert_eq!((sandbox.behind(), sandbox.work()), (String::new(), work));
    sandbox.assert_mended("main.lock");
}
