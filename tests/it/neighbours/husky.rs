//! husky: `core.hooksPath` leads to a folder that it writes anew, so its scripts call agentops.

use super::*;

fn managed() -> Sandbox {
    let sandbox = team();
    for (hook, line) in [
        ("pre-commit", "sh team-check.sh pre-commit"),
        ("commit-msg", "sh team-check.sh commit-msg \"$1\""),
        // Some editors leave the last line unended.
        ("pre-push", "sh team-check.sh pre-push"),
    ] {
        sandbox.write(&format!(".husky/{hook}"), line);
    }
    sandbox.commit_all(&lawful("chore: checks of the team"));
    sandbox
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn installed_first() {
    let sandbox = managed();
    let managed =
        Managed { name: "husky", command: "husky", foreign: "pre-commit, prepare-commit-msg", switch: "HUSKY" };
    agentops_comes_second(&sandbox, &managed);
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn installed_after_agentops() {
    let sandbox = managed();
    let none = hooks_of(&sandbox);
    install(&sandbox).expect_code(0);
    let ours = hooks_of(&sandbox);
    shell(&sandbox, "husky");
    let status = sandbox.agentops("hooks status").run().expect_code(1);
    for said in [
        "these hooks are husky's and do not call agentops: pre-commit",
        "/repo/.git/hooks`: `core.hooksPath` leads it to `",
    ] {
        assert!(status.stderr.contains(said), "{}", status.snapshot());
    }
    // Its own way out: nothing runs it any more, and git comes back to ours.
    shell(&sandbox, "git config --unset core.hooksPath && rm -r .husky/_");
    assert_eq!(hooks_of(&sandbox).keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    sandbox.agentops("hooks status").run().expect_code(0);
    shell(&sandbox, "husky");
    let status = sandbox.agentops("hooks status").run();
    follow(&sandbox, &status);
    sandbox.commit_all(&lawful("chore: husky calls agentops"));
    sandbox.agentops("hooks status").run().expect_code(0);
    both_judge(&sandbox, 1);
    // Uninstalled, ours do not lie in wait where git would find them again.
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    let left = hooks_of(&sandbox);
    let in_git = |path: &&PathBuf| path.starts_with(".git/hooks");
    let (left, none): (Vec<_>, Vec<_>) = (left.keys().filter(in_git).collect(), none.keys().filter(in_git).collect());
    assert_eq!(left, none);
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn a_new_worktree_has_no_hooks_and_the_status_says_so() {
    let sandbox = managed();
    shell(&sandbox, "husky");
    have_it_call(&sandbox, "husky");
    let linked = sandbox.worktree("linked");
    let status = linked.agentops("hooks status").run().expect_code(1);
    assert!(status.stdout.contains("pre-commit          missing"), "{}", status.snapshot());
    shell(&linked, "husky");
    linked.agentops("hooks status").run().expect_code(0);
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn what_its_scripts_fix_is_judged_and_nothing_is_lost() {
    let sandbox = managed();
    // As lint-staged does: fix what is staged, and stage it again.
    sandbox.write(
        ".husky/pre-commit",
        "git diff --cached --name-only --diff-filter=ACM -z -- '*.txt' | xargs -0 -r trailing-whitespace-fixer || true\n\
         git update-index --again\ntest ! -e .agentops/sre/events || git add .agentops\n",
    );
    shell(&sandbox, "husky");
    have_it_call(&sandbox, "husky");
    fixes_and_loses_nothing(&sandbox);
    let left = sandbox.agentops("hooks after-push").run().expect_code(3);
    assert!(left.stdout.contains("error[AO-L4] README.md"), "{}", left.snapshot());
    judges_what_it_stages(&sandbox, "feat: a script that stages more");
}
