//! What `docs/hooks.md` says to paste for each manager works, as it stands there.

use super::*;

/// The first block of this language below this heading.
fn block(heading: &str, language: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hooks.md")).unwrap();
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no `{heading}`"));
    let section = section.split("\n## ").next().unwrap();
    let (_, rest) = section.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Fails unless agentops judges commits, messages, merges and pushes here.
#[track_caller]
fn judged(sandbox: &Sandbox) {
    sandbox.commit_all(&lawful("chore: as the page says"));
    sandbox.agentops("hooks status").run().expect_code(0);
    every_hook_of_a_commit(sandbox);
    merging_and_rebasing(sandbox, 1);
    sandbox.git("init --quiet --bare ../up.git");
    sandbox.git("push --quiet ../up.git main");
    sandbox.git("commit --quiet --no-verify --allow-empty --message wip");
    refused_by_law(sandbox.try_git("push --quiet ../up.git main").run(), "AO-L3");
}

#[track_caller]
fn every_hook_of_a_commit(sandbox: &Sandbox) {
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    refused_by_law(commit(sandbox, "", "feat: forge an event"), "AO-E2");
    sandbox.git("rm --quiet -r -f .agentops/sre/events");
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    refused_by_law(sandbox.try_git("commit --quiet --message wip").run(), "AO-L3");
    let seen = sandbox.root().join("seen");
    let script = format!("f() {{ cp \"$1\" {0}; false; }}; f", seen.display());
    let aborted = sandbox.try_git("commit --quiet").env("GIT_EDITOR", &script).run();
    assert_ne!(aborted.code, Some(0));
    let seen = fs::read_to_string(&seen).unwrap();
    assert!(seen.contains("agentops: a message here has these sections"), "{seen}");
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn for_lefthook() {
    let sandbox = team();
    sandbox.write("lefthook.yml", block("lefthook", "yaml"));
    shell(&sandbox, "lefthook install");
    judged(&sandbox);
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn for_husky() {
    let sandbox = team();
    shell(&sandbox, "husky");
    shell(&sandbox, &block("husky", "sh"));
    judged(&sandbox);
}

#[test]
#[ignore = "needs the hook managers that .ci/peers installs"]
fn for_pre_commit_and_prek() {
    for other in ["prek", "pre-commit"] {
        let sandbox = team();
        sandbox.write(".pre-commit-config.yaml", super::pre_commit::CONFIG);
        let text = block("pre-commit and prek", "sh");
        assert!(text.contains("pre-commit install") && text.contains("prek install"), "{text}");
        let lines = text.lines().filter(|line| !line.starts_with(other));
        shell(&sandbox, &lines.map(|line| format!("{line}\n")).collect::<String>());
        judged(&sandbox);
    }
}
