//! pre-commit and prek: they write the same configuration's hooks, keep ours as `.legacy` and run it first.

use super::*;

pub(super) const CONFIG: &str = "default_install_hook_types: [pre-commit, commit-msg, pre-push]
repos:
  - repo: local
    hooks:
      - { id: staged, name: staged, language: system, entry: sh team-check.sh pre-commit, always_run: true,
          pass_filenames: false, stages: [pre-commit] }
      - { id: message, name: message, language: system, entry: sh team-check.sh commit-msg, stages: [commit-msg] }
      - { id: push, name: push, language: system, entry: sh team-check.sh pre-push, always_run: true,
          pass_filenames: false, stages: [pre-push] }
";

const FIXER: &str = "repos:
  - repo: local
    hooks:
      - { id: spaces, name: spaces, language: system, entry: trailing-whitespace-fixer, types: [text] }
";

fn managed(config: &str) -> Sandbox {
    let sandbox = team();
    sandbox.write(".pre-commit-config.yaml", config);
    sandbox.commit_all(&lawful("chore: checks of the team"));
    sandbox
}

fn manager_first(program: &str) {
    let sandbox = managed(CONFIG);
    shell(&sandbox, &format!("{program} install"));
    let before = hooks_of(&sandbox);
    install(&sandbox).expect_code(0);
    let with = hooks_of(&sandbox);
    both_judge(&sandbox, 1);
    let status = sandbox.agentops("hooks status").run().expect_code(0);
    assert!(status.stdout.contains("pre-push            installed  yes"), "{}", status.snapshot());
    install(&sandbox).expect_code(0);
    assert_eq!(hooks_of(&sandbox), with);
    // Its own uninstall does not see it behind ours; the table goes on saying that it runs.
    shell(&sandbox, &format!("{program} uninstall"));
    let status = sandbox.agentops("hooks status").run().expect_code(0);
    assert!(status.stdout.contains("pre-commit          installed  yes"), "{}", status.snapshot());
    assert_eq!(hooks_of(&sandbox), with);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(hooks_of(&sandbox), before);
}

fn agentops_first(program: &str) {
    let sandbox = managed(CONFIG);
    let none = hooks_of(&sandbox);
    shell(&sandbox, &format!("{program} install"));
    let alone = hooks_of(&sandbox);
    shell(&sandbox, &format!("{program} uninstall"));
    assert_eq!(hooks_of(&sandbox), none);
    install(&sandbox).expect_code(0);
    let ours = hooks_of(&sandbox);
    shell(&sandbox, &format!("{program} install"));
    let both = hooks_of(&sandbox);
    both_judge(&sandbox, 1);
    let status = sandbox.agentops("hooks status").run().expect_code(0);
    let said = format!("{program} runs the hooks of agentops before its own: pre-commit, commit-msg, pre-push");
    assert!(status.stderr.contains(&said), "{}", status.snapshot());
    install(&sandbox).expect_code(0);
    assert_eq!(hooks_of(&sandbox), both);
    // Its own uninstall puts ours back.
    shell(&sandbox, &format!("{program} uninstall"));
    assert_eq!(hooks_of(&sandbox), ours);
    shell(&sandbox, &format!("{program} install"));
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(hooks_of(&sandbox), alone);
}

/// In any order, as often as one likes; and where a hook of nobody's was there before.
fn again_and_again(program: &str) {
    let sandbox = managed(CONFIG);
    let none = hooks_of(&sandbox);
    for round in 1..4 {
        shell(&sandbox, &format!("{program} install"));
        both_judge_where(&sandbox, round > 1, round * 2);
        install(&sandbox).expect_code(0);
        both_judge(&sandbox, round * 2 + 1);
    }
    shell(&sandbox, &format!("{program} uninstall"));
    sandbox.agentops("hooks status").run().expect_code(0);
    ran(&sandbox);
    sandbox.write("late.txt", "1\n");
    sandbox.git("add late.txt");
    refused_by_law(sandbox.try_git("commit --quiet --message wip").run(), "AO-L3");
    commit(&sandbox, "", "feat: after its uninstall").expect_code(0);
    assert_eq!(ran(&sandbox), "", "{program} is uninstalled");
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(hooks_of(&sandbox), none);

    let own = "#!/bin/sh\necho own >> .git/ran\n";
    sandbox.write(".git/hooks/pre-commit", own);
    fs::set_permissions(sandbox.path().join(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    let own = hooks_of(&sandbox);
    shell(&sandbox, &format!("{program} install"));
    let alone = hooks_of(&sandbox);
    shell(&sandbox, &format!("{program} uninstall"));
    install(&sandbox).expect_code(0);
    shell(&sandbox, &format!("{program} install"));
    sandbox.write("late.txt", "2\n");
    commit(&sandbox, "--all", "feat: three in a row").expect_code(0);
    assert_eq!(ran(&sandbox), "own pre-commit commit-msg");
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(hooks_of(&sandbox), alone);
    shell(&sandbox, &format!("{program} uninstall"));
    assert_eq!(hooks_of(&sandbox), own);
}

fn both_judge_where(sandbox: &Sandbox, installed: bool, round: u32) {
    if installed {
        both_judge(sandbox, round);
    }
}

/// A fixer refuses by writing; what it wrote is named, and what was not staged stays.
fn fixer(program: &str) {
    let sandbox = managed(FIXER);
    shell(&sandbox, &format!("{program} install"));
    install(&sandbox).expect_code(0);
    sandbox.write("a.txt", "spaces   \n");
    sandbox.git("add a.txt");
    sandbox.write("README.md", "Unstaged.   \n");
    sandbox.write("untracked.txt", "Untracked.   \n");
    let run = commit(&sandbox, "", "feat: add a");
    assert_eq!(run.code, Some(1), "{}", run.snapshot());
    let named = "warning: AO-L4 a.txt: the chained `pre-commit` hook changed this file while it was being committed";
    assert!(run.stderr.contains(named), "{}", run.snapshot());
    assert_eq!((sandbox.read("a.txt").as_str(), sandbox.git("show :a.txt").as_str()), ("spaces\n", "spaces"));
    assert_eq!(sandbox.read("README.md"), "Unstaged.   \n");
    assert_eq!(sandbox.read("untracked.txt"), "Untracked.   \n");
    sandbox.git("add a.txt");
    commit(&sandbox, "", "feat: add a").expect_code(0);
    assert_eq!(sandbox.read("README.md"), "Unstaged.   \n");
    // Told to skip its own checks, it skips nothing of ours.
    sandbox.write("a.txt", "spaces again   \n");
    let skipping = sandbox.try_git("commit --quiet --message wip -- a.txt").env("SKIP", "spaces").run();
    refused_by_law(skipping, "AO-L3");
}

macro_rules! with {
    ($manager:ident, $program:literal) => {
        mod $manager {
            #[test]
            #[ignore = "needs the hook managers that .ci/peers installs"]
            fn installed_first() {
                super::manager_first($program);
            }

            #[test]
            #[ignore = "needs the hook managers that .ci/peers installs"]
            fn installed_after_agentops() {
                super::agentops_first($program);
            }

            #[test]
            #[ignore = "needs the hook managers that .ci/peers installs"]
            fn installed_again_and_again() {
                super::again_and_again($program);
            }

            #[test]
            #[ignore = "needs the hook managers that .ci/peers installs"]
            fn a_fixer_is_named() {
                super::fixer($program);
            }
        }
    };
}

with!(pre_commit, "pre-commit");
with!(prek, "prek");
