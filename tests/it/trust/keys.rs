//! Keys as `ssh-keygen` makes them.

use crate::sandbox::Sandbox;

#[test]
fn every_accepted_kind_of_key_signs_and_is_verified() {
    for kind in ["ed25519", "ecdsa 256", "ecdsa 384", "ecdsa 521", "rsa 3072"] {
        let sandbox = Sandbox::governed_with(&[agentops::model::vote::Proof::Signature]);
        sandbox.write(".agentops/allowed_signers", sandbox.new_key("bob", kind));
        sandbox.agentops("policy amend --reason").arg("Bob has a key").run().expect_code(0);
        let task = sandbox.waiting_task("Reset passwords");
        sandbox.approve(&task);
        sandbox.next(&task).expect_code(0);
        sandbox.agentops("check --all").run().expect_code(0);
    }
}

#[test]
fn a_bad_line_fails_the_policy_by_name() {
    let sandbox = Sandbox::signed();
    let line = sandbox.new_key("weak", "rsa 2048").replace("weak namespaces", "carol namespaces");
    let signers = sandbox.read(".agentops/allowed_signers");
    sandbox.write(".agentops/allowed_signers", signers + &line);
    let refused = sandbox.agentops("policy amend --reason").arg("Carol has a key").run();
    insta::assert_snapshot!(refused.snapshot_without_ids(), @r#"
    exit 1
    --- stderr
    error: .agentops/allowed_signers:3:1: The key of `carol` is an RSA key of 2048 bits; 3072 to 4096 are accepted. To mend it: copy the line of the `.pub` file: type and key
    "#);
    let stranger = sandbox.new_key("dora", "ed25519");
    sandbox.git("checkout --quiet .agentops/allowed_signers");
    sandbox.write(".agentops/allowed_signers", sandbox.read(".agentops/allowed_signers") + &stranger);
    let refused = sandbox.agentops("policy amend --reason").arg("Dora has a key").run().expect_code(1);
    assert!(refused.stderr.contains(".agentops/allowed_signers:3:1: `dora` is not an actor"), "{}", refused.snapshot());
}
