//! Hooks of others that are to call agentops: what is known of them before they are tried, and after.

use std::path::PathBuf;

use crate::sandbox::{Output, Sandbox};

const CLIENT: [&str; 5] = ["pre-commit", "prepare-commit-msg", "commit-msg", "pre-merge-commit", "pre-push"];

/// A governed repository whose project tracks this `pre-commit` hook; the others are ours.
fn tracked(script: &str) -> Sandbox {
    let sandbox = Sandbox::adopted();
    sandbox.git("config core.hooksPath .githooks");
    sandbox.write_program(".githooks/pre-commit", &format!("#!/bin/sh\n{script}\n"));
    sandbox.git("add .githooks/pre-commit");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox
}

fn state(run: &Output) -> String {
    run.json()["hooks"][0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_line_that_calls_us_proves_nothing_until_it_ran() {
    let ours = "agentops hooks run pre-commit \"$@\"";
    for (script, code, told) in [
        (format!("{ours} || exit 1\necho fine"), 0, "calls agentops"),
        (format!("exit 0\n{ours}"), 1, "did not ask agentops"),
        (format!("if false; then\n  {ours}\nfi"), 1, "did not ask agentops"),
        (format!("check() {{\n  return\n  {ours}\n}}\ncheck"), 1, "did not ask agentops"),
        (format!("{ours} || true"), 1, "ignores agentops"),
        (format!("{ours}\necho fine"), 1, "ignores agentops"),
        (format!("! test -e README.md || exit 1\n{ours}"), 1, "calls agentops, not proved"),
    ] {
        let sandbox = tracked(&script);
        let before = sandbox.agentops("hooks status --json").run().expect_code(0);
        assert_eq!(state(&before), "calls agentops, not proved", "{script}");
        let proved = sandbox.agentops("hooks status --prove --json").run();
        assert_eq!((state(&proved).as_str(), proved.code), (told, Some(code)), "{script}");
        assert_eq!(proved.json()["installed"], code == 0);
        assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "A  .githooks/pre-commit");
    }
}

#[test]
fn what_is_not_proved_is_said() {
    let sandbox = tracked("exit 0\nagentops hooks run pre-commit");
    insta::assert_snapshot!(sandbox.agentops("hooks status").run().snapshot(), @"
    exit 0
    --- stdout
    hook                state                       chained  binary
    pre-commit          calls agentops, not proved  no
    prepare-commit-msg  installed                   no       <agentops>
    commit-msg          installed                   no       <agentops>
    pre-merge-commit    installed                   no       <agentops>
    pre-push            installed                   no       <agentops>
    --- stderr
    hint: whether these hooks come to their call of agentops, and heed it, shows only when they run: pre-commit; `agentops hooks status --prove` runs them, with all that they do
    ");
    insta::assert_snapshot!(sandbox.agentops("hooks status --prove").run().snapshot(), @"
    exit 1
    --- stdout
    hook                state                 chained  binary
    pre-commit          did not ask agentops  no
    prepare-commit-msg  installed             no       <agentops>
    commit-msg          installed             no       <agentops>
    pre-merge-commit    installed             no       <agentops>
    pre-push            installed             no       <agentops>
    --- stderr
    warning: these hooks came to their end and did not ask agentops: the line that calls it is not reached, or they found nothing to do, as lefthook where nothing is staged: pre-commit
    ");
    let doctor = sandbox.agentops("doctor").run().expect_code(0);
    assert!(doctor.stdout.contains("5 installed, 1 by way of other hooks"), "{}", doctor.snapshot());
    sandbox.write_program(".githooks/pre-commit", "#!/bin/sh\nagentops hooks run pre-commit || true\n");
    let ignoring = sandbox.agentops("hooks status --prove").run().expect_code(1);
    assert!(ignoring.stderr.contains("went on although it refused: end the line"), "{}", ignoring.snapshot());
}

#[test]
fn every_hook_can_be_tried() {
    let sandbox = Sandbox::adopted();
    sandbox.git("config core.hooksPath .githooks");
    for name in CLIENT {
        sandbox.write_program(&format!(".githooks/{name}"), &format!("agentops hooks run {name} \"$@\" || exit 1\n"));
    }
    let state = sandbox.agentops("hooks status --prove --json").run().expect_code(0).json();
    let states: Vec<&str> =
        state["hooks"].as_array().unwrap().iter().map(|hook| hook["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["calls agentops"; 5]);
    // A server's too.
    let dir: PathBuf = sandbox.root().join("server.git");
    sandbox.try_git("clone --quiet --bare .").arg(&dir).run().expect_code(0);
    let bare = sandbox.at(dir);
    bare.write_program("hooks/pre-receive", "#!/bin/sh\nagentops hooks run pre-receive\n");
    let proved = bare.agentops("hooks status --prove --json").run().expect_code(0);
    assert_eq!(self::state(&proved), "calls agentops");
}

#[test]
fn the_variable_of_a_probe_lets_nothing_pass() {
    let sandbox = Sandbox::hooked();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    let commit = |value: &str| {
        let message = crate::sandbox::lawful("feat: add a");
        sandbox.try_git("commit --quiet --file=-").stdin(message).env("AGENTOPS_PROBE", value).run()
    };
    for value in ["1", "/no/such/file", "a.txt"] {
        let refused = commit(value).expect_code(1);
        assert!(refused.stderr.contains("asked by a probe"), "{}", refused.snapshot());
    }
    assert!(!sandbox.path().join("1").exists(), "nothing is written where nobody waits for it");
    commit("").expect_code(0);
}
