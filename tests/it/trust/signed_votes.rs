//! A vote with a key behind it counts; anything else under its name does not.

use agentops::model::canonical::Canonical as _;
use agentops::model::vote::{Proof, Verdict, Vote};

use crate::sandbox::{Sandbox, lawful};

/// Commits `text` as the vote it is, past the hooks, and says what the judge finds.
pub(super) fn forge(sandbox: &Sandbox, old: &str, change: impl FnOnce(&mut Vote)) -> String {
    let mut vote = Vote::parse(sandbox.read(old).as_bytes()).unwrap();
    change(&mut vote);
    let folder = old.rsplit_once('/').unwrap().0;
    sandbox.git("checkout --quiet -B forged HEAD~1");
    sandbox.write(&format!("{folder}/{}", vote.file_name()), vote.print());
    sandbox.git("add --all");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore: forge")).run().expect_code(0);
    let listed = sandbox.agentops("gate list --json").run().expect_code(0).json();
    sandbox.git("checkout --quiet main");
    let gate = &listed["gates"][0];
    assert_eq!(gate["approvals"], serde_json::json!([]), "{listed:#}");
    gate["void"][0]["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_signed_vote_is_cast_carried_and_judged() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    let ending = sandbox.vote(&format!("approve {} --actor bob --color never", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    for said in [
        "proof: signature (your key SHA256:",
        "whoever runs programs as you could cast this vote:",
        "has no passphrase",
    ] {
        assert!(ending.text.contains(said), "`{said}` is not in:\n{}", ending.text);
    }
    let vote = sandbox.read(&sandbox.vote_path(&task));
    assert!(
        vote.contains("proof = \"signature\"\n\n[signature]\narmor = \"-----BEGIN SSH SIGNATURE-----\\n"),
        "{vote}"
    );
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base HEAD~3").run().expect_code(0);
    assert!(judged.stdout.contains("`bob` approved research (signed by SHA256:"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("that the voter is no doer is a claim"), "{}", judged.snapshot());
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn openssh_agrees_about_the_signature() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    let vote = sandbox.read(&sandbox.vote_path(&task));
    let (signed, table) = vote.split_once("[signature]\n").unwrap();
    let armor: String = table.trim().trim_start_matches("armor = \"").trim_end_matches('"').replace("\\n", "\n");
    sandbox.write("vote.sig", armor);
    let verify = |bytes: &str| {
        sandbox
            .call_program(
                "ssh-keygen".as_ref(),
                "-Y verify -n agentops-gate -I bob -s vote.sig -f .agentops/allowed_signers",
            )
            .stdin(bytes)
            .run()
            .code
    };
    assert_eq!(verify(signed), Some(0));
    assert_ne!(verify(&signed.replace("approve", "reject")), Some(0));
}

#[test]
fn a_forged_vote_counts_for_nothing() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    let path = sandbox.vote_path(&task);
    let reason = |change: fn(&mut Vote)| forge(&sandbox, &path, change);
    assert_eq!(
        reason(|vote| vote.at = agentops::model::time::Timestamp::from_seconds(0)),
        "the signature does not fit the bytes before it"
    );
    assert_eq!(reason(|vote| vote.reason = "Well done".into()), "the signature does not fit the bytes before it");
    assert_eq!(
        reason(|vote| vote.voter = "alice".parse().unwrap())
            .split(" signed it")
            .next()
            .unwrap()
            .split(' ')
            .take(2)
            .collect::<Vec<_>>(),
        ["the", "key"]
    );
    assert_eq!(
        reason(|vote| {
            vote.proof = Proof::Terminal;
            vote.signature = None;
        }),
        "its proof is `terminal`, which `gates.proof` does not accept"
    );
    assert_eq!(reason(|vote| vote.not_after = Some(vote.at.clone())), "the signature does not fit the bytes before it");
    assert!(reason(|vote| vote.project = "f".repeat(32)).contains("another project"));
    assert!(
        reason(|vote| {
            let signature = vote.signature.as_mut().unwrap();
            signature.armor = format!("{0}{0}", signature.armor);
        })
        .contains("is not wrapped at 70 characters")
    );
    let other = forge(&sandbox, &path, |vote| {
        // A good signature, in the namespace of signed commits.
        let file = sandbox.root().join("home/.ssh/bob");
        let call = sandbox.call_program("ssh-keygen".as_ref(), "-q -Y sign -n git -f").arg(file);
        vote.signature.as_mut().unwrap().armor = call.stdin(vote.signed_bytes()).run().expect_code(0).stdout;
    });
    assert_eq!(other, "its signature is made for another namespace than `agentops-gate`");
}

#[test]
fn a_vote_is_about_one_submit_of_one_task() {
    let sandbox = Sandbox::signed();
    let first = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&first);
    let vote = Vote::parse(sandbox.read(&sandbox.vote_path(&first)).as_bytes()).unwrap();
    let second = sandbox.waiting_task("Delete accounts");
    let listed = sandbox.agentops("gate list --json").run().expect_code(0).json();
    let gates = listed["gates"].as_array().unwrap();
    let submit = gates.iter().find(|gate| gate["task"] == second.id).unwrap()["submit"].as_str().unwrap().to_owned();
    let path = format!(".agentops/product-dev/votes/{}/{}/{}", second.id, &submit[..32], vote.file_name());
    sandbox.write(&path, vote.print());
    sandbox.git("add --all");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore: replay a vote")).run().expect_code(0);
    sandbox.next(&second).expect_code(4);
    let judged = sandbox.agentops("check --base HEAD~1").run();
    assert!(judged.code == Some(3) || judged.stdout.contains("another submit"), "{}", judged.snapshot());
}

#[test]
fn a_script_at_a_terminal_has_no_key() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    std::fs::remove_file(sandbox.root().join("home/.ssh/bob")).unwrap();
    let ending = sandbox.vote(&format!("approve {} --actor bob", task.id), &task);
    assert_eq!(ending.code, 1, "{}", ending.text);
    assert!(ending.text.contains("the private half of SHA256:"), "{}", ending.text);
    // Another key under that name is found at once.
    let flag = sandbox.root().join("home/.ssh/alice");
    let refused =
        sandbox.agentops(&format!("gate approve {} --actor bob --key", task.id)).arg(flag).run().expect_code(1);
    assert!(refused.stderr.contains("is not the key of `bob`"), "{}", refused.snapshot());
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.next(&task).expect_code(4);
}

#[test]
fn whoever_has_no_key_is_told_how_to_get_one() {
    let sandbox = Sandbox::governed_with(&[Proof::Signature]);
    let task = sandbox.waiting_task("Reset passwords");
    insta::assert_snapshot!(sandbox.agentops(&format!("gate approve {} --actor bob", task.id)).run().snapshot_without_ids(), @r#"
    exit 1
    --- stderr
    error: `bob` has no key in `.agentops/allowed_signers`
    hint: add the line `bob namespaces="agentops-gate" TYPE KEY` with what `ssh-keygen` wrote into the `.pub` file, then `agentops policy amend --reason "…"`, and land that first
    "#);
}

#[test]
fn where_both_count_the_strongest_is_taken() {
    let sandbox = Sandbox::governed_with(&[Proof::Signature, Proof::Terminal]);
    let signers = sandbox.new_key("bob", "ed25519");
    sandbox.write(".agentops/allowed_signers", signers);
    sandbox.agentops("policy amend --reason").arg("Bob has a key").run().expect_code(0);
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    let vote = Vote::parse(sandbox.read(&sandbox.vote_path(&task)).as_bytes()).unwrap();
    assert_eq!((vote.proof, vote.verdict), (Proof::Signature, Verdict::Approve));
    let other = sandbox.waiting_task("Delete accounts");
    // Alice has no key.
    let ending = sandbox.vote(&format!("approve {} --actor alice", other.id), &other);
    assert_eq!(ending.code, 0, "{}", ending.text);
    assert!(ending.text.contains("unauthenticated"), "{}", ending.text);
}

#[test]
fn a_signer_added_in_the_branch_that_uses_it_is_none() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.git("checkout --quiet -b takeover");
    // An agent gives Bob a key of its own; amends are unsigned here, so the branch may propose it.
    std::fs::remove_file(sandbox.root().join("home/.ssh/bob")).unwrap();
    let line = sandbox.new_key("bob", "ed25519");
    let signers = sandbox.read(".agentops/allowed_signers");
    let kept: String =
        signers.lines().filter(|line| line.starts_with("alice")).map(|line| format!("{line}\n")).collect();
    sandbox.write(".agentops/allowed_signers", kept + &line);
    sandbox.agentops("policy amend --reason").arg("Bob has a new key").run().expect_code(0);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("AO-G1") && judged.stdout.contains("0 of 1 approvals"), "{}", judged.snapshot());
}

#[test]
fn a_compromised_key_votes_no_more() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    let shown = sandbox.agentops("policy show --json").run().json();
    let key = shown["signers"][1]["key"].as_str().unwrap().to_owned();
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(
        ".agentops/config.toml",
        format!("{config}\n[[compromised]]\nkey = \"{key}\"\nsince = \"2026-11-01T00:00:00Z\"\n"),
    );
    sandbox.agentops("policy amend --reason").arg("Bob's laptop was stolen").run().expect_code(0);
    let ending = sandbox.vote(&format!("approve {} --actor bob", task.id), &task);
    assert_eq!(ending.code, 1, "{}", ending.text);
    assert!(ending.text.contains("is listed as compromised since 2026-11-01T00:00:00Z"), "{}", ending.text);
}

#[test]
fn a_newer_program_changes_nothing_where_an_older_edition_rules() {
    let sandbox = Sandbox::governed_with(&[Proof::Signature, Proof::Terminal]);
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 "));
    sandbox.git("commit --quiet --all --amend --no-edit --no-verify");
    sandbox.write(".agentops/allowed_signers", sandbox.new_key("bob", "ed25519"));
    sandbox.agentops("policy amend --reason").arg("Bob has a key").run().expect_code(0);
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    let path = sandbox.vote_path(&task);
    assert_eq!(Vote::parse(sandbox.read(&path).as_bytes()).unwrap().proof, Proof::Terminal);
    let reason = forge(&sandbox, &path, |vote| {
        vote.proof = Proof::Signature;
        let file = sandbox.root().join("home/.ssh/bob");
        let call = sandbox.call_program("ssh-keygen".as_ref(), "-q -Y sign -n agentops-gate -f").arg(file);
        let armor = call.stdin(vote.signed_bytes()).run().expect_code(0).stdout;
        vote.signature = Some(agentops::model::event::Signature { armor });
    });
    assert_eq!(reason, "edition 1 of the laws, which `format.toml` names, verifies no signatures; edition 2 does");
    // Raised by an amend, the edition counts the same vote.
    sandbox.git("checkout --quiet forged");
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 1 ", "laws = 2 "));
    sandbox.agentops("policy amend --reason").arg("Signatures count from now on").run().expect_code(0);
    let listed = sandbox.agentops("gate list --json").run().expect_code(0).json();
    assert_eq!(listed["gates"][0]["approvals"][0]["proof"], "signature", "{listed:#}");
}

#[test]
fn a_replaced_key_leaves_old_votes_standing_and_casts_no_new_ones() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    let old = sandbox.root().join("home/.ssh/bob");
    std::fs::rename(&old, old.with_extension("old")).unwrap();
    let line = sandbox.new_key("bob", "ed25519");
    let signers = sandbox.read(".agentops/allowed_signers");
    let kept: String =
        signers.lines().filter(|line| line.starts_with("alice")).map(|line| format!("{line}\n")).collect();
    sandbox.write(".agentops/allowed_signers", kept + &line);
    sandbox.agentops("policy amend --reason").arg("Bob has a new laptop").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
    let next = sandbox.waiting_task("Delete accounts");
    sandbox.approve(&next);
    let reason = forge(&sandbox, &sandbox.vote_path(&next), |vote| {
        let call = sandbox.call_program("ssh-keygen".as_ref(), "-q -Y sign -n agentops-gate -f");
        let armor = call.arg(old.with_extension("old")).stdin(vote.signed_bytes()).run().expect_code(0).stdout;
        vote.signature.as_mut().unwrap().armor = armor;
    });
    assert!(reason.contains("signed it, and `bob` has SHA256:"), "{reason}");
}
