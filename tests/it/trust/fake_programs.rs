//! Programs that git would ask about signatures, and that say yes to everything: nobody asks them.

use std::fs;

use super::signed_votes::forge;
use crate::sandbox::Sandbox;

#[cfg(unix)]
#[test]
fn a_program_that_calls_every_signature_good_is_not_asked() {
    let sandbox = Sandbox::signed();
    let task = sandbox.waiting_task("Reset passwords");
    sandbox.approve(&task);
    let (program, asked) = (sandbox.root().join("yes"), sandbox.root().join("asked"));
    fs::write(&program, format!("#!/bin/sh\ntouch '{}'\necho 'Good \"git\" signature'\n", asked.display())).unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for name in ["gpg.ssh.program", "gpg.program", "gpg.x509.program"] {
        sandbox.git(&format!("config {name} {}", program.display()));
    }
    sandbox.git("config gpg.format ssh");
    let path = sandbox.vote_path(&task);
    let why = forge(&sandbox, &path, |vote| vote.reason = "Well done".into());
    assert_eq!(why, "the signature does not fit the bytes before it");
    assert!(!asked.exists(), "somebody asked the program");
}
