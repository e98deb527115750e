//! Which rules judge while they are being changed. Case 17.

use super::{PLANTED, found, refused};
use crate::sandbox::Sandbox;

const CONFIG: &str = ".agentops/config.toml";

/// The config with AO-Y1 switched off: a planted file would pass by it.
fn loosened(sandbox: &Sandbox) -> String {
    let text = sandbox.read(CONFIG);
    let loose = text.replacen("[laws]\n", "[laws]\n\"AO-Y1\" = \"off\"\n", 1);
    assert_ne!(loose, text);
    loose
}

#[test]
fn case_17_rules_that_are_not_staged_do_not_rule() {
    let sandbox = Sandbox::hooked();
    let strict = sandbox.read(CONFIG);
    // Neither looser ones, nor broken ones, nor none.
    for text in [loosened(&sandbox), "[wavers]\n".to_owned(), String::new()] {
        sandbox.write(CONFIG, &text);
        sandbox.guards(&format!("feat: with {} bytes of rules", text.len()));
        assert_eq!(sandbox.git("diff --name-only"), CONFIG);
        sandbox.write(CONFIG, &strict);
    }
    std::fs::remove_dir_all(sandbox.path().join(".agentops")).unwrap();
    sandbox.guards("feat: without any");
}

#[test]
fn case_17_staged_rules_come_in_by_the_rules_before_them() {
    let sandbox = Sandbox::hooked();
    let strict = sandbox.read(CONFIG);
    sandbox.write(CONFIG, loosened(&sandbox));
    sandbox.git(&format!("add {CONFIG}"));
    sandbox.plant();
    // The same commit cannot bring a rule and rest on it; a change of rules without an amend is none.
    let both = sandbox.commit("feat: loosen", "");
    found(&both);
    refused(&both, "AO-G3");
    sandbox.uproot();
    refused(&sandbox.commit("feat: loosen", ""), "AO-G3");
    // Left staged and committed without: by the old rules.
    sandbox.plant();
    found(&sandbox.commit("feat: planted", &format!("-- {PLANTED}")));
    sandbox.uproot();
    for (broken, law) in [("[wavers]\n", "AO-G3"), ("", "AO-G3")] {
        sandbox.write(CONFIG, broken);
        sandbox.git(&format!("add {CONFIG}"));
        refused(&sandbox.commit("feat: break", ""), law);
    }
    sandbox.git("rm --quiet --cached -r .agentops");
    let gone = sandbox.commit("feat: no rules", "");
    assert!(gone.code == Some(1) && gone.stderr.contains("error[AO-"), "{}", gone.snapshot());
    sandbox.git("reset --quiet");
    sandbox.write(CONFIG, strict);
    sandbox.guards("feat: as before");
}

#[test]
fn case_17_rules_that_cannot_be_read_let_nothing_pass() {
    let sandbox = Sandbox::hooked();
    sandbox.write(CONFIG, "[wavers]\nmax = 3\n");
    sandbox.try_git("commit --quiet --no-verify -a -m broken").run().expect_code(0);
    sandbox.write("README.md", "More.\n");
    let refused = sandbox.commit("docs: more", "-a");
    insta::assert_snapshot!(refused.snapshot_without_ids(), @"
    exit 1
    --- stderr
    error: .agentops/config.toml:1:2: `wavers` is not a key of the top of the file. To mend it: did you mean `waivers`? The keys are `laws`, `messages`, `gates`, `governance`, `waivers`, `budgets`, `bundles`, `paths`, `refs`, `actors`, `compromised`, `exempt` and `agent_markers`
    hint: nothing can be judged by rules that cannot be read: mend the files, or bring them back from an earlier commit (`git log -- .agentops`); `agentops doctor` shows when they are right
    hint: the `pre-commit` hook lets nothing pass that it could not judge
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    // Without rules to be judged by, even the mending needs a person who says so; then they rule again.
    sandbox.git(&format!("checkout --quiet HEAD~1 -- {CONFIG}"));
    assert_eq!(sandbox.commit("fix: the rules", "").code, Some(1));
    sandbox.try_git("commit --quiet --no-verify -m mended").run().expect_code(0);
    sandbox.guards("feat: judged again");
    // History keeps the commit by which nothing can be judged, and that is no pass either.
    let all = sandbox.agentops("check --all").run().expect_code(1);
    assert!(all.stderr.contains(".agentops/config.toml:1:2"), "{}", all.snapshot());
}
