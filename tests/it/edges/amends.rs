//! Amends, and what hooks do after a commit. Cases 8 and 9.

use super::{PLANTED, found, refused};
use crate::hooks::EVENT;
use crate::sandbox::{Call, Sandbox, lawful};

#[test]
fn case_08_a_post_commit_hook_that_amends_ends() {
    let sandbox = Sandbox::adopted();
    // As its author wrote it: it knows itself by a variable.
    let stamp = "#!/bin/sh\ntest -z \"$STAMPED\" || exit 0\necho once >> ../ran\necho stamped > stamp.txt\ngit add stamp.txt\n\
                 STAMPED=1 git commit --quiet --amend --no-edit\n";
    sandbox.write_program(".git/hooks/post-commit", stamp);
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    assert!(!sandbox.path().join(".git/hooks/post-commit.agentops-chained").exists(), "we have no such hook");
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    sandbox.commit("feat: add a", "").expect_code(0);
    assert_eq!(sandbox.read("../ran"), "once\n");
    assert_eq!(sandbox.git("show --format= --name-only HEAD"), "a.txt\nstamp.txt");
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
    sandbox.guards("feat: still guarded");
    // What it amends is judged like anything else.
    let planting = stamp.replace("stamp.txt", PLANTED).replace("echo stamped", "echo {");
    sandbox.write_program(".git/hooks/post-commit", &planting);
    sandbox.write("b.txt", "1\n");
    sandbox.git("add b.txt");
    let output = sandbox.commit("feat: add b", "").expect_code(0);
    assert!(output.stderr.contains(&format!("error[AO-Y1] {PLANTED}")), "{}", output.snapshot());
    assert_eq!(sandbox.git("show --format= --name-only HEAD"), "b.txt");
}

#[test]
fn case_08_maintenance_after_a_commit_runs_no_hook_of_ours() {
    let sandbox = Sandbox::hooked();
    for setting in ["gc.auto 1", "gc.autoDetach false", "maintenance.auto true", "maintenance.autoDetach false"] {
        sandbox.git(&format!("config {setting}"));
    }
    sandbox.guards("feat: maintained");
    sandbox.git("maintenance run --task=gc --task=commit-graph --quiet");
    sandbox.guards("feat: maintained again");
}

#[test]
fn case_09_an_amend_without_new_files_is_judged_as_a_whole() {
    let sandbox = Sandbox::hooked();
    sandbox.plant();
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: planted")).run().expect_code(0);
    let before = sandbox.git("rev-parse HEAD");
    // Nothing is staged against HEAD, and yet the new commit would hold the file.
    let mut amends = vec!["", "--no-edit"];
    // Known by the command line alone.
    if cfg!(target_os = "linux") {
        amends.extend(["--reset-author --no-edit", "--date=now --no-edit", "--author \"B <b@example.org>\" --no-edit"]);
    }
    for form in &amends {
        found(&sandbox.try_git(&format!("commit --quiet --amend {form}")).run());
    }
    found(&sandbox.commit("feat: other words", "--amend"));
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    found(&sandbox.commit("feat: one file more", "--amend"));
    assert_eq!(sandbox.git("rev-parse HEAD"), before);
    sandbox.uproot();
    sandbox.commit("feat: without it", "--amend").expect_code(0);
    assert_eq!(sandbox.git("show --format= --name-only HEAD"), "a.txt");
    let refused = sandbox.try_git("commit --quiet --amend -m wip").run();
    assert!(refused.code == Some(1) && refused.stderr.contains("error[AO-R3]"), "{}", refused.snapshot());
    // The same message once more does not repeat itself, whoever its author becomes.
    for form in amends {
        sandbox.try_git(&format!("commit --quiet --amend {form}")).run().expect_code(0);
    }
}

/// What the command line alone tells is told through all the programs that teams put between git and us.
#[test]
#[cfg(target_os = "linux")]
fn case_09_an_amend_is_known_from_far_below_it() {
    let sandbox = Sandbox::hooked();
    std::fs::remove_file(sandbox.path().join(".git/hooks/pre-commit")).unwrap();
    // Each shell waits for the next.
    let deep = "#!/bin/sh\nexport DEPTH=$((${DEPTH:-0} + 1))\n\
                if test $DEPTH -lt 16; then sh \"$0\" \"$@\"; else agentops hooks run commit-msg \"$@\"; fi\nexit $?\n";
    sandbox.write_program(".git/hooks/commit-msg", deep);
    sandbox.plant();
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: planted")).run().expect_code(0);
    found(&sandbox.try_git("commit --quiet --amend --reset-author --no-edit").run());
}

#[test]
fn case_09_what_a_commit_brought_goes_with_it() {
    let sandbox = Sandbox::hooked();
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    sandbox.try_git("commit --quiet --no-verify -m wip").run().expect_code(0);
    refused(&sandbox.commit("feat: same content", "--amend"), "AO-E2");
    // Taking HEAD's event back together with HEAD is no removal of a landed one; a commit on top would be.
    sandbox.git("rm -q -r .agentops/sre/events");
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    refused(&sandbox.commit("feat: take it back", ""), "AO-E1");
    sandbox.commit("feat: add a", "--amend").expect_code(0);
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
}

#[test]
fn case_09_the_first_commit_of_all_and_a_merge_are_amended() {
    let sandbox = Sandbox::hooked();
    sandbox.plant();
    // The commit that brings the laws is judged by them.
    found(&sandbox.try_git("commit --quiet --amend --no-edit").run());
    sandbox.uproot();
    sandbox.try_git("commit --quiet --amend -m").arg("chore: begin otherwise").run().expect_code(0);
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
    sandbox.git("switch --quiet --create side");
    sandbox.guards("feat: side");
    sandbox.git("switch --quiet main");
    sandbox.guards("feat: main");
    sandbox.git("merge --quiet --no-ff --no-edit side");
    sandbox.plant();
    found(&sandbox.try_git("commit --quiet --amend --no-edit").run());
    sandbox.uproot();
    sandbox.try_git("commit --quiet --amend --no-edit").run().expect_code(0);
    assert_eq!(sandbox.git("rev-list --merges --count HEAD"), "1");
}

/// A call at one and the same second.
fn at_once(call: Call) -> Call {
    let date = "@1795300000 +0000";
    call.env("GIT_AUTHOR_DATE", date).env("GIT_COMMITTER_DATE", date).env("AGENTOPS_TEST_NOW", "1795300000")
}

/// The learning of one subject under another one.
fn reworded(old: &str, new: &str) -> String {
    lawful(old).replace(old, new)
}

// Where the system does not show command lines, an amend of the same second is known by its changing nothing but the message.
#[cfg(target_os = "linux")]
#[test]
fn case_09_an_amend_within_the_second_of_its_commit() {
    let sandbox = Sandbox::hooked();
    let commit = |arguments: &str, message: &str| {
        at_once(sandbox.try_git(&format!("commit --quiet --file=- {arguments}"))).stdin(message).run()
    };
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    commit("", &lawful("feat: add a")).expect_code(0);
    // Other words for the same change do not repeat themselves; in a new commit they do.
    commit("--amend", &reworded("feat: add a", "feat: add the first")).expect_code(0);
    sandbox.write("a.txt", "2\n");
    refused(&commit("-a", &reworded("feat: add a", "feat: add the second")), "AO-L1");
    commit("-a --amend", &reworded("feat: add a", "feat: add the third")).expect_code(0);
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
    // What is told in an alias, by a beginning of the option, behind options of git.
    sandbox.git("config alias.again \"commit --quiet --amen\"");
    at_once(sandbox.try_git("-c a.b=--amend --no-pager again --file=-"))
        .stdin(reworded("feat: add a", "feat: add the fourth"))
        .run()
        .expect_code(0);
    // An event that HEAD brought goes with HEAD, and not by a commit on top, whatever its message says of it.
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    commit("--no-verify", "wip\n").expect_code(0);
    refused(&commit("--amend", &lawful("feat: keep it")), "AO-E2");
    sandbox.git("rm -q -r .agentops/sre/events");
    refused(&commit("--allow-empty", &lawful("feat: take it back")), "AO-E1");
    let told =
        sandbox.try_git("commit --quiet --allow-empty -m").arg(lawful("feat: take it back")).arg("-m").arg("--amend");
    refused(&at_once(told).run(), "AO-E1");
    commit("--amend --allow-empty", &lawful("feat: no event")).expect_code(0);
}

#[cfg(target_os = "linux")]
#[test]
fn case_09_a_new_commit_in_the_name_of_another_is_none() {
    let sandbox = Sandbox::hooked();
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: an event")).run().expect_code(0);
    sandbox.git("rm -q -r .agentops/sre/events");
    // Author, date and message are HEAD's, and it stands on HEAD all the same.
    refused(&sandbox.try_git("commit --quiet -C HEAD").run(), "AO-E1");
    refused(&sandbox.try_git("commit --quiet -c HEAD").run(), "AO-E1");
    let dated = sandbox.git("log -1 --format=@%ad --date=raw");
    let claimed = sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: take it back"));
    refused(&claimed.env("GIT_AUTHOR_DATE", &dated).run(), "AO-E1");
    sandbox.try_git("commit --quiet --amend --allow-empty --no-edit").run().expect_code(0);
}
