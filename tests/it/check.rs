//! `agentops check`: what it says where there is nothing to judge, and where git starts it.

use super::governed::governed;
use super::sandbox::{PROGRAM, Sandbox, lawful};

#[test]
fn what_no_law_rules_does_not_pass() {
    let sandbox = Sandbox::new();
    for stage in ["a branch without commits", "a branch without laws"] {
        sandbox.write("file", stage);
        sandbox.git("add file");
        for arguments in ["check", "check --staged", "check --message -", "check --staged --allow-empty"] {
            let output = sandbox.agentops(arguments).stdin("feat: more\n").run();
            assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{stage}, {arguments}");
            assert!(output.stderr.contains("is not governed"), "{stage}, {arguments}: {}", output.stderr);
        }
        sandbox.commit_all("no law here");
    }
}

#[test]
#[cfg(unix)]
fn a_server_judges_a_push_before_it_takes_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = governed();
    let server = sandbox.root().join("server.git");
    sandbox.try_git("clone --quiet --bare .").arg(&server).run().expect_code(0);
    let hook = server.join("hooks/pre-receive");
    let line = format!("'{PROGRAM}' check --base \"$old\" --tip \"$new\" || exit 1");
    std::fs::write(&hook, format!("#!/bin/sh\nwhile read -r old new ref; do {line}; done\n")).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let push = || sandbox.try_git("push").arg(&server).arg("HEAD:main").run();
    sandbox.write("src/main.rs", "fn main() {}\n");
    sandbox.commit_all("lawless");
    let refused = push().expect_code(1);
    assert!(refused.stderr.contains("AO-R3"), "{}", refused.stderr);
    sandbox.git("reset --quiet --soft HEAD~1");
    let head = sandbox.commit_all(&lawful("feat: less of it"));
    push().expect_code(0);
    assert_eq!(sandbox.try_git("rev-parse main").in_dir(&server).run().expect_code(0).stdout.trim(), head);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_into_and_a_link_stays() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let sandbox = crate::governed::governed();
    let write =
        |to: &str| sandbox.agentops(&format!("check --all --quiet --format junit --out {to}")).run().expect_code(0);
    sandbox.write("kept.xml", "old\n");
    let kept = sandbox.path().join("kept.xml");
    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink("kept.xml", sandbox.path().join("link.xml")).unwrap();
    write("link.xml");
    assert!(sandbox.path().join("link.xml").is_symlink());
    assert!(sandbox.read("kept.xml").starts_with("<?xml"), "{}", sandbox.read("kept.xml"));
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let pipe = sandbox.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap())
    };
    write("pipe");
    assert!(reader.join().unwrap().starts_with("<?xml"));
}
