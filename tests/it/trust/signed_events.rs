//! Events that their doers sign: what turns the doer's name from a claim into something proved.

use agentops::model::canonical::Canonical as _;
use agentops::model::event::Event;

use crate::lifecycle::setting::Task;
use crate::sandbox::Sandbox;

/// As [`Sandbox::signed`], and Claude has a key too.
fn signed_by_all() -> Sandbox {
    let sandbox = Sandbox::signed();
    let signers = sandbox.read(".agentops/allowed_signers") + &sandbox.new_key("claude", "ed25519");
    sandbox.write(".agentops/allowed_signers", signers);
    sandbox.agentops("policy amend --reason").arg("Claude signs its events").run().expect_code(0);
    sandbox
}

/// The newest event of `task`: its path and what it says.
fn newest(sandbox: &Sandbox, task: &Task) -> (String, Event) {
    let listed = sandbox.git(&format!("ls-tree -r --name-only HEAD .agentops/product-dev/events/{}/", task.id));
    let path = listed.lines().last().unwrap().to_owned();
    let event = Event::parse(sandbox.read(&path).as_bytes()).unwrap();
    (path, event)
}

/// Takes a task whose requirements are filled in through its gate; what `check` says of the vote.
fn passed(sandbox: &Sandbox, task: &Task, flags: &str) -> String {
    sandbox.fill_requirements(task);
    sandbox.agentops(&format!("phase next {} --actor claude {flags}", task.id)).run().expect_code(4);
    sandbox.approve(task);
    sandbox.next(task).expect_code(0);
    let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
    judged.stdout
}

#[test]
fn voter_and_doer_are_proved_to_be_two_where_both_sign() {
    let sandbox = signed_by_all();
    let task = sandbox.open_task("Reset passwords", "--sign");
    assert!(newest(&sandbox, &task).1.signature.is_some());
    let told = passed(&sandbox, &task, "--sign");
    assert!(told.contains("`bob` approved research (signed by SHA256:"), "{told}");
    assert!(told.contains("; submit and vote are signed with different people's keys)"), "{told}");
    let other = sandbox.open_task("Delete accounts", "--sign");
    let told = passed(&sandbox, &other, "");
    assert!(told.contains("; that the voter is no doer is a claim)"), "{told}");
}

#[test]
fn every_verb_that_writes_an_event_signs_it() {
    let sandbox = signed_by_all();
    let task = sandbox.open_task("Reset passwords", "--sign");
    sandbox.fill_requirements(&task);
    let verbs = [
        ("next", "", "submit", 4),
        ("rework", "--reason \"Measures are missing\"", "rework", 0),
        ("next", "", "submit", 4),
        ("rewind", "--to research --reason \"The API changed\"", "rewind", 0),
        ("abandon", "--reason \"Bought instead of built\"", "abandon", 0),
    ];
    for (verb, arguments, kind, code) in verbs {
        let call = format!("phase {verb} {} --actor claude --sign --json {arguments}", task.id);
        let told = sandbox.agentops(&call).run().expect_code(code).json();
        let (_, event) = newest(&sandbox, &task);
        assert_eq!(event.kind.as_str(), kind);
        assert!(event.signature.is_some(), "{verb}");
        assert!(told["key"].as_str().unwrap().starts_with("SHA256:"), "{told:#}");
    }
    // A fork of two lines, which only `resolve` ends.
    let task = sandbox.open_task("Delete accounts", "");
    sandbox.git("branch other");
    let abandon = |reason: &str| {
        sandbox.agentops(&format!("phase abandon {} --actor claude --reason", task.id)).arg(reason).run().expect_code(0)
    };
    abandon("Bought instead of built");
    sandbox.git("checkout --quiet other");
    abandon("Nobody asked for it any more");
    sandbox.git("checkout --quiet main");
    sandbox.git("merge --quiet --no-edit --no-verify other");
    sandbox
        .agentops(&format!("phase resolve {} --actor claude --sign --reason", task.id))
        .arg("Both lines gave it up")
        .run()
        .expect_code(0);
    let (_, event) = newest(&sandbox, &task);
    assert_eq!((event.kind.as_str(), event.signature.is_some()), ("resolve", true));
}

#[test]
fn a_setting_of_git_makes_it_the_default() {
    let sandbox = signed_by_all();
    sandbox.git("config agentops.sign true");
    let is_signed = |task: &Task| newest(&sandbox, task).1.signature.is_some();
    assert!(is_signed(&sandbox.open_task("Reset passwords", "")));
    assert!(!is_signed(&sandbox.open_task("Delete accounts", "--no-sign")));
    // Who has no key in the base is not kept from working; who asks for a signature is.
    let signers = sandbox.read(".agentops/allowed_signers");
    let kept: Vec<&str> = signers.lines().filter(|line| !line.starts_with("claude")).collect();
    sandbox.write(".agentops/allowed_signers", kept.join("\n") + "\n");
    sandbox.agentops("policy amend --reason").arg("Claude has no key").run().expect_code(0);
    assert!(!is_signed(&sandbox.open_task("Export invoices", "")));
    let refused = sandbox.agentops("task new --actor claude --sign").arg("Import invoices").run().expect_code(1);
    assert!(refused.stderr.contains("`claude` has no key in `.agentops/allowed_signers`"), "{}", refused.snapshot());
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
}

#[test]
fn a_file_named_by_hand_is_the_actors_key_or_refused() {
    let sandbox = signed_by_all();
    let file = |name: &str| sandbox.root().join("home/.ssh").join(name);
    let elsewhere = sandbox.root().join("claude.key");
    std::fs::rename(file("claude"), &elsewhere).unwrap();
    std::fs::rename(file("claude.pub"), elsewhere.with_extension("pub")).unwrap();
    let head = sandbox.git("rev-parse HEAD");
    let call =
        |key: &std::path::Path| sandbox.agentops("task new --actor claude --key").arg(key).arg("Reset passwords");
    let refused = call(&file("bob")).run().expect_code(1);
    assert!(refused.stderr.contains("is not the key of `claude`"), "{}", refused.snapshot());
    let lost = sandbox.agentops("task new --actor claude --sign").arg("Reset passwords").run().expect_code(1);
    assert!(lost.stderr.contains("the private half of SHA256:"), "{}", lost.snapshot());
    assert_eq!(sandbox.git("rev-parse HEAD"), head, "nothing was committed");
    std::fs::rename(elsewhere.with_extension("pub"), sandbox.root().join("claude.pub")).unwrap();
    std::fs::rename(&elsewhere, sandbox.root().join("claude")).unwrap();
    call(&sandbox.root().join("claude")).run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn a_signed_event_under_another_name_is_refused() {
    let sandbox = signed_by_all();
    sandbox.git("checkout --quiet -b forged");
    let task = sandbox.open_task("Reset passwords", "--sign");
    let (path, mut event) = newest(&sandbox, &task);
    event.actor = "bob".parse().unwrap();
    sandbox.git(&format!("rm --quiet {path}"));
    let name = agentops::model::event::EventName::of(&event);
    sandbox.write(&format!("{}/{name}", path.rsplit_once('/').unwrap().0), event.print());
    sandbox.git("add --all .agentops/product-dev/events");
    sandbox.git("commit --quiet --no-verify --amend --no-edit");
    let judged = sandbox.agentops("check --base main").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-E5]"), "{}", judged.snapshot());
    assert!(judged.stdout.contains("the event is signed, and the key SHA256:"), "{}", judged.snapshot());
}

#[test]
fn what_the_laws_refuse_asks_for_no_signature() {
    let sandbox = signed_by_all();
    let task = sandbox.open_task("Reset passwords", "");
    // Whoever is asked would be asked by this program.
    let asked = sandbox.root().join("asked");
    let program = sandbox.root().join("bin/ssh-keygen");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    std::fs::write(&program, format!("#!/bin/sh\ntouch '{}'\nexit 1\n", asked.display())).unwrap();
    let (_, usual) = sandbox.environment().into_iter().find(|(name, _)| name == "PATH").unwrap();
    let path = format!("{}:{}", program.parent().unwrap().display(), usual.to_str().unwrap());
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let next = || {
        let call = sandbox.agentops(&format!("phase next {} --actor claude --sign", task.id));
        call.env("PATH", &path).run()
    };
    next().expect_code(3);
    assert!(!asked.exists(), "a template that is not filled in");
    sandbox.fill_requirements(&task);
    let refused = next().expect_code(1);
    assert!(asked.exists() && refused.stderr.contains("did not sign"), "{}", refused.snapshot());
    assert_eq!(sandbox.standing(&task), "research working");
}
