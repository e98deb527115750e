//! `init` proposes signatures where there is a key to sign with.

use crate::sandbox::Sandbox;

fn set_up(configure: impl FnOnce(&Sandbox), arguments: &str) -> (Sandbox, serde_json::Value) {
    let sandbox = Sandbox::new();
    sandbox.new_key("id_ed25519", "ed25519");
    configure(&sandbox);
    let done =
        sandbox.agentops(&format!("init --profile sre --test-command true --json {arguments}")).run().expect_code(0);
    let body = done.json();
    (sandbox, body)
}

#[test]
fn the_key_that_git_signs_with_is_proposed() {
    let configure = |sandbox: &Sandbox| {
        sandbox.git("config --global gpg.format ssh");
        sandbox.git("config --global user.signingKey ~/.ssh/id_ed25519.pub");
    };
    let (sandbox, body) = set_up(configure, "");
    assert_eq!(body["proofs"], serde_json::json!(["signature"]));
    let public = std::fs::read_to_string(sandbox.root().join("home/.ssh/id_ed25519.pub")).unwrap();
    let key: Vec<&str> = public.split(' ').take(2).collect();
    let signers = sandbox.read(".agentops/allowed_signers");
    assert_eq!(signers, format!("alice namespaces=\"agentops-gate\" {}\n", key.join(" ")));
    let shown = sandbox.agentops("policy show --json").run().expect_code(0).json();
    assert_eq!((&shown["signers"][0]["key"], &shown["proofs"]), (&body["key"], &serde_json::json!(["signature"])));
    let (_, literal) = set_up(
        |sandbox| {
            sandbox.git("config --global gpg.format ssh");
            let public = std::fs::read_to_string(sandbox.root().join("home/.ssh/id_ed25519.pub")).unwrap();
            sandbox.git(&format!("config --global user.signingKey \"key::{}\"", public.trim()));
        },
        "",
    );
    assert_eq!(literal["proofs"], serde_json::json!(["signature"]));
}

#[test]
fn a_key_that_merely_lies_there_is_taken_when_it_is_named() {
    let (_, body) = set_up(|_| {}, "");
    assert_eq!((&body["proofs"], &body["key"]), (&serde_json::json!(["terminal"]), &serde_json::Value::Null));
    let (sandbox, body) = set_up(|_| {}, "--signing-key ../home/.ssh/id_ed25519");
    assert_eq!(body["proofs"], serde_json::json!(["signature"]));
    assert!(sandbox.read(".agentops/allowed_signers").starts_with("alice namespaces="));
    let other = Sandbox::new();
    let refused = other.agentops("init --signing-key nowhere.pub").run().expect_code(1);
    assert!(refused.stderr.contains("is not a public key that may sign"), "{}", refused.snapshot());
    assert_eq!(other.git("status --porcelain"), "", "nothing was written");
}
