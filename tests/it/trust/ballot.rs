//! What a voter is shown, by whom, and what is said of keys that sign unasked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

#[test]
fn what_is_signed_is_shown_by_nobody_elses_program() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    let step = format!("phase rewind {} --actor claude --to research --reason", task.id);
    sandbox.agentops(&step).arg("Measures are unclear").run().expect_code(0);
    let document = task.document("requirements.md");
    sandbox.write(
        &document,
        sandbox.read(&document).replace("41 in October, 10 hoped for", "41 in October, 12 hoped for"),
    );
    sandbox.next(&task).expect_code(4);
    // Each of these would show a harmless text, and tell that it was asked.
    let (program, asked) = (sandbox.root().join("harmless"), sandbox.root().join("asked"));
    fs::write(&program, format!("#!/bin/sh\necho \"$0\" >> '{}'\necho harmless\n", asked.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for name in
        ["core.pager", "pager.diff", "diff.md.textconv", "diff.external", "diff.md.command", "interactive.diffFilter"]
    {
        sandbox.git(&format!("config {name} {}", program.display()));
    }
    sandbox.write(".git/info/attributes", "*.md diff=md\n");
    // `post-index-change` is not among them: git tells it when the index follows, after the vote is committed.
    let hooks = sandbox.root().join("hooks");
    fs::create_dir(&hooks).unwrap();
    for name in ["pre-commit", "commit-msg", "post-commit", "reference-transaction", "post-checkout"] {
        fs::copy(&program, hooks.join(name)).unwrap();
    }
    sandbox.git(&format!("config core.hooksPath {}", hooks.display()));
    // The settings themselves made git run something, perhaps.
    let _ = fs::remove_file(&asked);
    let ending = sandbox.vote(&format!("approve {} --actor bob --color never", task.id), &task);
    assert_eq!(ending.code, 0, "{}", ending.text);
    assert!(ending.text.contains("against what was approved before:"), "{}", ending.text);
    assert!(
        ending.text.contains("+Tickets that mention a lost password per month: 41 in October, 12"),
        "{}",
        ending.text
    );
    assert_eq!(fs::read_to_string(&asked).unwrap_or_default(), "", "somebody else's program was run");
}

#[test]
fn an_agent_that_signs_without_asking_is_named_with_what_makes_it_ask() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    let socket = sandbox.root().join("agent");
    let mut agent = Command::new("ssh-agent");
    let mut agent = agent.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    while !socket.exists() {
        assert!(agent.try_wait().unwrap().is_none(), "the agent did not start");
        std::thread::yield_now();
    }
    let socket = socket.to_str().unwrap();
    let key = sandbox.root().join("home/.ssh/bob");
    sandbox.call_program("ssh-add".as_ref(), "-q").arg(&key).env("SSH_AUTH_SOCK", socket).run().expect_code(0);
    // The private half lies with the agent alone.
    fs::remove_file(&key).unwrap();
    let call = sandbox.agentops(&format!("gate approve {} --actor bob", task.id));
    let alone = call.env("SSH_AUTH_SOCK", socket).run().expect_code(1);
    assert!(alone.stderr.contains("a vote is given by a person at a terminal"), "{}", alone.snapshot());
    let call = sandbox.agentops(&format!("gate approve {} --actor bob --dry-run", task.id));
    let told = call.env("SSH_AUTH_SOCK", socket).run();
    agent.kill().unwrap();
    agent.wait().unwrap();
    let told = told.expect_code(0);
    let warning =
        "the agent that holds it may sign without asking (`ssh-add -c` makes it ask, and a security key wants a touch)";
    assert!(told.stderr.contains(warning), "{}", told.snapshot());
}
