//! `agentops profile`: the flavours of work.

use super::sandbox::Sandbox;

fn governed(arguments: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.agentops(&format!("init {arguments}")).run().expect_code(0);
    sandbox
}

#[test]
fn profiles_are_listed_with_their_gates() {
    let sandbox = governed("");
    insta::assert_snapshot!(sandbox.agentops("profile list").run().snapshot(), @"");
    let body = sandbox.agentops("profile list --json").run().expect_code(0).json();
    assert_eq!(body["profiles"][2]["profile"], "product-dev");
    assert_eq!(body["profiles"][2]["phases"][1]["gate"], 2);
}

#[test]
fn a_profile_is_shown() {
    let sandbox = governed("--profile sre --test-command \"make test\"");
    insta::assert_snapshot!(sandbox.agentops("profile show sre").run().snapshot(), @"");
    insta::assert_snapshot!(sandbox.agentops("profile show ser").run().snapshot(), @"");
    let body = sandbox.agentops("profile show sre --json").run().expect_code(0).json();
    assert_eq!(body["phases"][0]["green_tokens"].as_u64().map(|tokens| tokens % 1000), Some(0));
    assert_eq!(body["differs"], false);
    sandbox.write(".agentops/sre/standards/alerting.md", "Other.\n");
    let other = sandbox.agentops("profile show sre").run().expect_code(0);
    assert!(other.stderr.contains("the working tree has another version"), "{}", other.snapshot());
}

#[test]
fn built_in_profiles_are_valid() {
    let sandbox = governed("--test-command true");
    insta::assert_snapshot!(sandbox.agentops("profile validate").run().snapshot(), @"");
}

#[test]
fn a_profile_of_ones_own_lands_by_an_amend() {
    let sandbox = governed("--profile product-dev --test-command true");
    let before = sandbox.git("status --porcelain");
    sandbox.agentops("profile new mobile --extends product-dev --dry-run").run().expect_code(0);
    assert_eq!(sandbox.git("status --porcelain"), before);
    insta::assert_snapshot!(sandbox.agentops("profile new mobile --extends product-dev").run().snapshot(), @"");
    sandbox.agentops("profile new own").run().expect_code(0);
    insta::assert_snapshot!(sandbox.agentops("profile new mobile").run().snapshot(), @"");
    insta::assert_snapshot!(sandbox.agentops("profile new Mobile").run().snapshot(), @"");
    insta::assert_snapshot!(sandbox.agentops("profile new x --extends product-def").run().snapshot(), @"");
    sandbox.agentops("profile validate").run().expect_code(0);
    // At HEAD they are not there yet.
    sandbox.agentops("profile show mobile").run().expect_code(2);
    sandbox.agentops("policy amend --reason").arg("Two more kinds of work").run().expect_code(0);
    for flag in ["--profile", "--flavor"] {
        sandbox.agentops("task new \"App crashes at start\"").arg(flag).arg("mobile").run().expect_code(0);
    }
    sandbox.agentops("task new \"Something else\" --profile own").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn mistakes_have_a_place_and_a_remedy() {
    let sandbox = governed("--profile sre --test-command true");
    let text = sandbox.read(".agentops/sre/profile.toml");
    sandbox.write(
        ".agentops/sre/profile.toml",
        text.replace("version = 1", "version = \"1\"").replace("voters = 1", "voters = -1"),
    );
    sandbox.write(".agentops/sre/agents/resolver.md", "no front matter\n");
    insta::assert_snapshot!(sandbox.agentops("profile validate").run().snapshot(), @"");
    let body = sandbox.agentops("profile validate sre --json").run().expect_code(1).json();
    assert_eq!((&body["valid"], &body["profiles"][0]["valid"]), (&false.into(), &false.into()));
    assert_eq!(body["profiles"][0]["problems"][0]["line"].as_u64().map(|line| line > 0), Some(true));
    let refused = sandbox.agentops("policy amend --reason").arg("Voting is by all").run().expect_code(1);
    assert!(refused.stderr.contains("profile.toml:"), "{}", refused.snapshot());
    insta::assert_snapshot!(sandbox.agentops("profile validate ser").run().snapshot(), @"");
    insta::assert_snapshot!(Sandbox::new().agentops("profile validate").run().snapshot(), @"");
}
