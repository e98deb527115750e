//! Amends that owners sign.

use agentops::engine::governance::proposal::Proposal;
use agentops::model::amend::{Amend, OwnerSignature};
use agentops::model::canonical::Canonical as _;
use agentops::model::digest::Digest;

use crate::sandbox::{Sandbox, lawful};

/// Two owners, Alice and Bob, of whom `wanted` must sign.
fn owned(wanted: u32) -> Sandbox {
    let sandbox = Sandbox::signed();
    let config = sandbox.read(".agentops/config.toml");
    let changed = config
        .replace("owners = 0", &format!("owners = {wanted}"))
        .replace("roles = [\"reviewer\"]", "roles = [\"owner\", \"reviewer\"]");
    assert_ne!(config, changed);
    sandbox.write(".agentops/config.toml", changed);
    sandbox.agentops("policy amend --reason").arg("Owners sign amends from now on").run().expect_code(0);
    sandbox
}

fn loosen(sandbox: &Sandbox) {
    let config = sandbox.read(".agentops/config.toml");
    let changed = config.replace("proof = [\"signature\"]", "proof = [\"signature\", \"terminal\"]");
    assert_ne!(config, changed);
    sandbox.write(".agentops/config.toml", changed);
}

#[test]
fn one_owner_signs_and_commits() {
    let sandbox = owned(1);
    loosen(&sandbox);
    let amended = sandbox
        .agentops("policy amend --actor alice --json --reason")
        .arg("Votes by word too")
        .run()
        .expect_code(0)
        .json();
    assert_eq!((&amended["signed"], &amended["unsigned"]), (&serde_json::json!(["alice"]), &false.into()));
    let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    assert!(judged.stdout.contains("amend 0003: agreed to by `alice` (signed by SHA256:"), "{}", judged.snapshot());
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn agents_and_those_without_the_role_sign_nothing() {
    let sandbox = owned(1);
    loosen(&sandbox);
    let refused = |arguments: &str, marker: bool| {
        let call = sandbox.agentops(&format!("policy amend {arguments} --reason")).arg("Votes by word too");
        let call = if marker { call.env("CLAUDECODE", "1") } else { call };
        call.run().expect_code(1).stderr
    };
    assert!(refused("--actor claude", false).contains("`claude` is an agent: agents do not govern"));
    assert!(refused("--actor alice", true).contains("agents never sign"));
    // Nor is there a way around by an amend from before owners had to sign.
    sandbox.git("checkout --quiet HEAD -- .agentops");
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn two_of_two_owners_sign_a_proposal() {
    let sandbox = owned(2);
    loosen(&sandbox);
    let alone = sandbox.agentops("policy amend --actor alice --reason").arg("Votes by word too").run();
    insta::assert_snapshot!(alone.snapshot_without_ids(), @r#"
    exit 1
    --- stderr
    error: 1 of 2 owners have signed this amend; nothing was committed
    hint: write it down with `--out FILE`; each owner runs `agentops policy sign FILE`, and the last one `agentops policy amend --from FILE`
    "#);
    sandbox
        .agentops("policy amend --actor alice --out ../amend.toml --reason")
        .arg("Votes by word too")
        .run()
        .expect_code(0);
    sandbox.git("checkout --quiet .agentops");
    // One signature is not enough, and the second is given by a person.
    let early = sandbox.agentops("policy amend --actor alice --from ../amend.toml").run().expect_code(3);
    assert!(early.stderr.contains("1 of 2 owners of the base signed this amend"), "{}", early.snapshot());
    sandbox.agentops("policy sign ../amend.toml --actor bob").run().expect_code(1);
    let mut terminal = sandbox.terminal("policy sign ../amend.toml --actor bob --color never");
    terminal.wait_for("to leave:");
    terminal.type_line("0003");
    let ending = terminal.finish();
    assert_eq!(ending.code, 0, "{}", ending.text);
    for said in [
        "amend 0003 by alice: Votes by word too",
        "+proof = [\"signature\", \"terminal\"]",
        "signed by alice, bob",
        "commit it: agentops policy amend --from",
    ] {
        assert!(ending.text.contains(said), "`{said}` is not in:\n{}", ending.text);
    }
    sandbox.agentops("policy amend --actor bob --from ../amend.toml").run().expect_code(0);
    assert!(sandbox.read(".agentops/config.toml").contains("\"terminal\""));
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn a_proposal_is_signed_for_one_base_and_one_content() {
    let sandbox = owned(2);
    loosen(&sandbox);
    sandbox
        .agentops("policy amend --actor alice --out ../amend.toml --reason")
        .arg("Votes by word too")
        .run()
        .expect_code(0);
    sandbox.git("checkout --quiet .agentops");
    let file = sandbox.root().join("amend.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("self_approve = false", "self_approve = true")).unwrap();
    let refused = sandbox.agentops("policy sign ../amend.toml --actor bob").run().expect_code(1);
    assert!(
        refused.stderr.contains("its content of `.agentops/config.toml` is not what its amend names"),
        "{}",
        refused.snapshot()
    );
}

#[test]
fn a_proposal_brings_modes_along() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = owned(2);
    let workflow = ".github/workflows/release.sh";
    let place = sandbox.path().join(workflow);
    let set_mode = |mode: u32| std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode)).unwrap();
    let amend = |out: &str| {
        let call = sandbox.agentops(&format!("policy amend --actor alice --out ../{out}.toml --reason"));
        call.arg("The release runs").run().expect_code(0);
        sandbox.git("reset --quiet --hard");
    };
    let sign_and_commit = |file: &str, number: &str, shown: &str| {
        let mut terminal = sandbox.terminal(&format!("policy sign ../{file}.toml --actor bob --color never"));
        terminal.wait_for("to leave:");
        terminal.type_line(number);
        let ending = terminal.finish();
        assert!(ending.code == 0 && ending.text.contains(shown), "{}", ending.text);
        sandbox.agentops(&format!("policy amend --actor bob --from ../{file}.toml")).run().expect_code(0);
        assert_eq!(sandbox.git("status --porcelain"), "");
        sandbox.agentops("check --all").run().expect_code(0);
        sandbox.git(&format!("ls-tree HEAD {workflow}")).split(' ').next().unwrap().to_owned()
    };
    // A new file that may be run.
    sandbox.write(workflow, "#!/bin/sh\n");
    set_mode(0o755);
    sandbox.git(&format!("add {workflow}"));
    amend("new");
    assert!(!place.exists());
    assert_eq!(sign_and_commit("new", "0003", "mode 100644 -> 100755"), "100755");
    // The mode alone, back.
    set_mode(0o644);
    amend("mode");
    assert_eq!(sign_and_commit("mode", "0004", "mode 100755 -> 100644"), "100644");
}

#[test]
fn an_amend_that_owners_did_not_sign_is_refused() {
    let sandbox = owned(1);
    sandbox.git("checkout --quiet -b rollback");
    loosen(&sandbox);
    sandbox.agentops("policy amend --actor alice --reason").arg("Votes by word too").run().expect_code(0);
    let path = sandbox.git("ls-files .agentops/governance").lines().last().unwrap().to_owned();
    let signed = Amend::parse(sandbox.read(&path).as_bytes()).unwrap();
    sandbox.agentops("check --base main").run().expect_code(0);
    let refused = |change: &dyn Fn(&mut Amend)| {
        sandbox.git("checkout --quiet -B forged rollback");
        sandbox.git(&format!("rm --quiet {path}"));
        let mut amend = signed.clone();
        change(&mut amend);
        sandbox.write(&format!(".agentops/governance/{}", amend.file_name()), amend.print());
        sandbox.git("add --all");
        sandbox.try_git("commit --quiet --no-verify --amend --no-edit").run().expect_code(0);
        let judged = sandbox.agentops("check --base main").run().expect_code(3);
        assert!(judged.stdout.contains("error[AO-G3]"), "{}", judged.snapshot());
        judged.stdout
    };
    assert!(refused(&|amend| amend.signatures.clear()).contains("0 of 1 owners of the base signed this amend"));
    assert!(
        refused(&|amend| amend.reason = "Nothing to see".into())
            .contains("the signature does not fit the bytes before it")
    );
    let other = refused(&|amend| amend.signatures[0].principal = "claude".parse().unwrap());
    assert!(other.contains("`claude` is an agent: agents do not govern"), "{other}");
    let twice = refused(&|amend| {
        let mut again = amend.signatures[0].clone();
        again.principal = "bob".parse().unwrap();
        amend.signatures = vec![again];
    });
    assert!(twice.contains("signed it, and `bob` has SHA256:"), "{twice}");
}

#[test]
fn an_amend_that_changes_nothing_is_signed_too() {
    let sandbox = owned(1);
    sandbox.git("checkout --quiet -b claims");
    loosen(&sandbox);
    sandbox.agentops("policy amend --actor alice --reason").arg("Votes by word too").run().expect_code(0);
    let path = sandbox.git("ls-files .agentops/governance").lines().last().unwrap().to_owned();
    let mut claim = Amend::parse(sandbox.read(&path).as_bytes()).unwrap();
    claim.signatures.clear();
    claim.reason = "Bob and Alice agreed to everything that follows".into();
    let landed = |claim: &Amend| {
        sandbox.write(&format!(".agentops/governance/{}", claim.file_name()), claim.print());
        sandbox.git("add --all");
        sandbox.try_git("commit --quiet --no-verify -m").arg("chore: claim an agreement").run().expect_code(0);
        let judged = sandbox.agentops("check --base main").run().expect_code(3);
        assert!(judged.stdout.contains("error[AO-G3]"), "{}", judged.snapshot());
        assert!(judged.stdout.contains("0 of 1 owners"), "{}", judged.snapshot());
        judged.stdout
    };
    sandbox.git("reset --quiet --hard main");
    // It leads to rules that are not here.
    assert!(landed(&claim).contains("error[AO-G4]"));
    // It leads to the rules that are here, and claims to bring two lines together.
    sandbox.git("reset --quiet --hard main");
    let known = sandbox.git("ls-files .agentops/governance");
    let known: Vec<Amend> = known.lines().map(|path| Amend::parse(sandbox.read(path).as_bytes()).unwrap()).collect();
    assert!(known.len() > 1, "there is something to join");
    claim.prev = known.iter().map(|amend| Digest::of(amend.print().as_bytes())).collect();
    claim.prev.sort();
    claim.seq = 1 + known.last().unwrap().seq;
    claim.from = known.iter().map(|amend| amend.to).collect();
    claim.from.sort();
    claim.from.dedup();
    claim.to = known.last().unwrap().to;
    claim.files.clear();
    landed(&claim);
}

/// What `ssh-keygen` signs with the key `~/.ssh/NAME`.
fn signature_by(sandbox: &Sandbox, name: &str, bytes: &[u8]) -> String {
    let key = sandbox.root().join("home/.ssh").join(name);
    let call = sandbox.call_program("ssh-keygen".as_ref(), "-q -Y sign -n agentops-gate -f").arg(key);
    call.stdin(bytes).run().expect_code(0).stdout
}

/// Commits what a proposal brings as if its amend had been signed enough.
fn commit_unasked(sandbox: &Sandbox, proposal: &Proposal) {
    for (path, bytes) in &proposal.files {
        sandbox.write(path.as_str().unwrap(), bytes.as_ref().unwrap());
    }
    let amend = &proposal.amend;
    sandbox.write(&format!(".agentops/governance/{}", amend.file_name()), amend.print());
    sandbox.git("add --all");
    let message = lawful("chore: govern anew");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(message).run().expect_code(0);
}

/// The proposal of what lies in the working tree, which then is as HEAD again.
fn proposal(sandbox: &Sandbox, actor: &str) -> Proposal {
    let call = sandbox.agentops(&format!("policy amend --actor {actor} --out ../proposal.toml --reason"));
    call.arg("We govern otherwise").run().expect_code(0);
    sandbox.git("checkout --quiet HEAD -- .agentops");
    let file = sandbox.root().join("proposal.toml");
    let proposal = Proposal::read(&std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(file).unwrap();
    proposal
}

#[test]
fn fewer_owners_are_not_enough_to_ask_for_fewer() {
    let sandbox = owned(2);
    sandbox.git("checkout --quiet -b work");
    let lowered = sandbox.read(".agentops/config.toml").replace("owners = 2", "owners = 0");
    sandbox.write(".agentops/config.toml", lowered);
    let alone = sandbox.agentops("policy amend --actor alice --reason").arg("Nobody needs to sign").run();
    assert!(alone.expect_code(1).stderr.contains("1 of 2 owners have signed this amend"));
    let proposal = proposal(&sandbox, "alice");
    assert_eq!(proposal.amend.signatures.len(), 1);
    commit_unasked(&sandbox, &proposal);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G3]"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("1 of 2 owners of the base signed this amend"), "{}", judged.snapshot());
    // From there on nobody is asked any more, and still the branch does not land.
    sandbox.write(".agentops/allowed_signers", "");
    sandbox.agentops("policy amend --actor bob --reason").arg("Nobody signs").run().expect_code(0);
    sandbox.agentops("check --base main").run().expect_code(3);
    sandbox.agentops("check --all").run().expect_code(3);
}

#[test]
fn a_key_that_an_amend_brings_does_not_sign_it() {
    let sandbox = owned(1);
    sandbox.git("checkout --quiet -b work");
    let mallory = sandbox.new_key("mallory", "ed25519").replacen("mallory", "alice", 1);
    let signers = sandbox.read(".agentops/allowed_signers");
    let others: Vec<&str> = signers.lines().filter(|line| !line.starts_with("alice ")).collect();
    sandbox.write(".agentops/allowed_signers", format!("{mallory}{}\n", others.join("\n")));
    let call = sandbox.agentops("policy amend --actor alice --key ../home/.ssh/mallory --reason");
    let refused = call.arg("Alice has a new key").run().expect_code(1);
    assert!(refused.stderr.contains("is not the key of `alice`"), "{}", refused.snapshot());
    let mut proposal = proposal(&sandbox, "bob");
    let armor = signature_by(&sandbox, "mallory", &proposal.amend.signed_bytes());
    proposal.amend.signatures = vec![OwnerSignature { principal: "alice".parse().unwrap(), armor }];
    commit_unasked(&sandbox, &proposal);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G3]"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("0 of 1 owners of the base signed this amend"), "{}", judged.snapshot());
}

#[test]
fn a_key_added_in_a_branch_votes_on_nothing_there() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset a password");
    sandbox.git("checkout --quiet -b work");
    let mallory = sandbox.new_key("mallory", "ed25519").replacen("mallory", "bob", 1);
    let signers = sandbox.read(".agentops/allowed_signers");
    let others: Vec<&str> = signers.lines().filter(|line| !line.starts_with("bob ")).collect();
    sandbox.write(".agentops/allowed_signers", format!("{}\n{mallory}", others.join("\n")));
    sandbox.agentops("policy amend --reason").arg("Bob has a new key").run().expect_code(0);
    let ending = sandbox.vote(&format!("approve {} --actor bob --key ../home/.ssh/mallory", task.id), &task);
    assert_eq!(ending.code, 0, "the branch believes itself: {}", ending.text);
    sandbox.next(&task).expect_code(0);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1]"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("left `research` with 0 of 1 approvals"), "{}", judged.snapshot());
}

#[test]
fn a_redaction_that_owners_did_not_sign_is_refused() {
    let sandbox = owned(1);
    let task = sandbox.waiting_task("Reset a password");
    let path = task.document("requirements.md");
    sandbox.git("checkout --quiet -b work");
    let call = sandbox.agentops(&format!("redact {path} --actor alice --out ../proposal.toml --reason"));
    call.arg("It shows a password").run().expect_code(0);
    let file = sandbox.root().join("proposal.toml");
    let mut proposal = Proposal::read(&std::fs::read(&file).unwrap()).unwrap();
    proposal.amend.signatures.clear();
    sandbox.git(&format!("rm --quiet {path}"));
    commit_unasked(&sandbox, &proposal);
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    for said in ["error[AO-G3]", "0 of 1 owners of the base signed this amend", "error[AO-E8]"] {
        assert!(judged.stdout.contains(said), "`{said}` is not in:\n{}", judged.snapshot());
    }
}
