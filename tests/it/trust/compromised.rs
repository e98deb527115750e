//! Keys that turn out to be stolen after what they signed has landed.

use agentops::model::canonical::Canonical as _;
use agentops::model::time::Timestamp;
use agentops::model::vote::Vote;

use crate::sandbox::{Sandbox, lawful};

/// Lists the key of `who` as compromised.
fn compromise(sandbox: &Sandbox, who: &str, since: &str) {
    let shown = sandbox.agentops("policy show --json").run().json();
    let signer = shown["signers"].as_array().unwrap().iter().find(|signer| signer["principal"] == who).unwrap();
    let key = signer["key"].as_str().unwrap();
    let config = sandbox.read(".agentops/config.toml");
    let config = config.split("\n[[compromised]]").next().unwrap();
    let table = format!("{config}\n[[compromised]]\nkey = \"{key}\"\nsince = \"{since}\"\n");
    sandbox.write(".agentops/config.toml", table);
    sandbox.agentops("policy amend --actor alice --reason").arg("The laptop was stolen").run().expect_code(0);
}

#[test]
fn a_vote_dated_later_is_named_with_the_way_back() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    let quiet = |report: &str| assert!(!report.contains("listed as compromised"), "{report}");
    compromise(&sandbox, "bob", "2027-01-01T00:00:00Z");
    quiet(&sandbox.agentops("check --all").run().expect_code(0).stdout);
    compromise(&sandbox, "bob", "2026-11-01T00:00:00Z");
    let judged = sandbox.agentops("check --all").run().expect_code(0);
    let found = format!("the approval of {} (research) by `bob` is signed by SHA256:", task.id);
    assert!(judged.stdout.contains("warning[AO-G2]") && judged.stdout.contains(&found), "{}", judged.snapshot());
    assert!(judged.stdout.contains("it is dated 2026-11-21T"), "{}", judged.snapshot());
    let remedy = format!("agentops phase rewind {} --to research", task.id);
    assert!(judged.stdout.contains(&remedy), "{}", judged.snapshot());
    quiet(&sandbox.agentops("check --base HEAD~1").run().expect_code(0).stdout);
}

#[test]
fn a_vote_that_says_it_is_older_is_named_where_it_landed_later() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    let ending = sandbox.vote(&format!("approve {} --actor bob --out ../vote.toml", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    let vote = Vote::parse(std::fs::read_to_string(sandbox.root().join("vote.toml")).unwrap().as_bytes()).unwrap();
    let folder = format!(".agentops/product-dev/votes/{}/{}", task.id, vote.submit.short());
    sandbox.write(&format!("{folder}/{}", vote.file_name()), vote.print());
    sandbox.git("add .agentops/product-dev/votes");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("chore: a vote by mail")).run().expect_code(0);
    sandbox.next(&task).expect_code(0);
    compromise(&sandbox, "bob", Timestamp::from_seconds(vote.at.seconds() + 1).as_str());
    let judged = sandbox.agentops("check --all").run().expect_code(0);
    assert!(judged.stdout.contains("that it is older is a claim of whoever signed it"), "{}", judged.snapshot());
}

#[test]
fn an_amend_signed_with_a_stolen_key_is_named() {
    let sandbox = Sandbox::signed();
    let amend = |from: &str, to: &str| {
        let config = sandbox.read(".agentops/config.toml");
        assert!(config.contains(from));
        sandbox.write(".agentops/config.toml", config.replace(from, to));
        sandbox.agentops("policy amend --actor alice --reason").arg("As agreed").run().expect_code(0);
    };
    amend("owners = 0", "owners = 1");
    amend("self_approve = false", "self_approve = true");
    // Owners are none any more, so that the next amend needs no key.
    amend("owners = 1", "owners = 0");
    compromise(&sandbox, "alice", "2026-11-01T00:00:00Z");
    let judged = sandbox.agentops("check --all").run().expect_code(0);
    let found = "amend 0003 is signed for `alice` by SHA256:";
    assert!(judged.stdout.contains("warning[AO-G3]") && judged.stdout.contains(found), "{}", judged.snapshot());
}
