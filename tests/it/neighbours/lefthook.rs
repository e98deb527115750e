//! lefthook: it moves our hooks aside, runs them no more, and writes its own anew whenever its configuration changes. So it
//! calls agentops.

use super::*;

const CONFIG: &str = "output: [failure, execution_out]

pre-commit:
  jobs:
    - run: sh team-check.sh pre-commit

commit-msg:
  jobs:
    - run: sh team-check.sh commit-msg {1}

pre-push:
  jobs:
    - run: sh team-check.sh pre-push
";

fn managed(config: &str) -> Sandbox {
    let sandbox = team();
    sandbox.write("lefthook.yml", config);
    sandbox.commit_all(&lawful("chore: checks of the team"));
    sandbox
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn installed_first() {
    let sandbox = managed(CONFIG);
    let managed = Managed {
        name: "lefthook",
        command: "lefthook install",
        foreign: "pre-commit, commit-msg, pre-push",
        switch: "LEFTHOOK",
    };
    agentops_comes_second(&sandbox, &managed);
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn installed_after_agentops() {
    let sandbox = managed(CONFIG);
    let none = hooks_of(&sandbox);
    install(&sandbox).expect_code(0);
    shell(&sandbox, "lefthook install");
    let status = sandbox.agentops("hooks status").run().expect_code(1);
    for said in [
        "these hooks are lefthook's and do not call agentops: pre-commit, commit-msg, pre-push",
        "nothing runs the hook of agentops that was moved to",
    ] {
        assert!(status.stderr.contains(said), "{}", status.snapshot());
    }
    // The status offers what an installation would.
    follow(&sandbox, &status);
    sandbox.commit_all(&lawful("chore: lefthook calls agentops"));
    sandbox.agentops("hooks status").run().expect_code(0);
    both_judge(&sandbox, 1);
    // Its own uninstall puts ours back.
    shell(&sandbox, "lefthook uninstall --keep-config || lefthook uninstall && git restore lefthook.yml");
    sandbox.agentops("hooks status").run().expect_code(0);
    sandbox.write("a.txt", "late\n");
    sandbox.git("add a.txt");
    refused_by_law(sandbox.try_git("commit --quiet --message wip").run(), "AO-L3");
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    let mut left = hooks_of(&sandbox);
    left.retain(|path, _| !path.ends_with("info"));
    assert_eq!(left, none);
    // Uninstalled under it, ours go from where it moved them.
    shell(&sandbox, "lefthook install");
    let alone = hooks_of(&sandbox);
    shell(&sandbox, "lefthook uninstall && git restore lefthook.yml");
    install(&sandbox).expect_code(0);
    shell(&sandbox, "lefthook install");
    assert_ne!(hooks_of(&sandbox), alone);
    sandbox.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(hooks_of(&sandbox), alone);
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn what_it_fixes_is_judged_and_nothing_is_lost() {
    let fixer = "pre-commit:
  jobs:
    - run: \"trailing-whitespace-fixer {staged_files} || true\"
      glob: '*.txt'
      stage_fixed: true
    - run: \"test ! -e .agentops/sre/events || git add .agentops\"
";
    let sandbox = managed(fixer);
    shell(&sandbox, "lefthook install");
    have_it_call(&sandbox, "lefthook");
    fixes_and_loses_nothing(&sandbox);
    sandbox.git("restore README.md");
    sandbox.agentops("hooks after-push").run().expect_code(0);
    judges_what_it_stages(&sandbox, "feat: a job that stages more");
}
