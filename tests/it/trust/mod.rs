//! Trust: votes and amends that a key stands behind, made with the real `ssh-keygen` and judged without it.

#[cfg(unix)]
mod ballot;
mod compromised;
mod fake_programs;
mod keys;
mod later_rules;
mod owners;
mod risk;
mod setting_up;
mod signed_events;
mod signed_votes;
mod windows;

use agentops::model::vote::Proof;

use crate::lifecycle::setting::Task;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// A repository whose votes are signed: Alice and Bob have keys in `~/.ssh`, without passphrases.
    pub(crate) fn signed() -> Self {
        let sandbox = Self::governed_with(&[Proof::Signature]);
        let signers = sandbox.new_key("alice", "ed25519") + &sandbox.new_key("bob", "ed25519");
        sandbox.write(".agentops/allowed_signers", signers);
        sandbox.agentops("policy amend --reason").arg("Votes are signed from now on").run().expect_code(0);
        sandbox
    }

    /// Makes the key `~/.ssh/NAME` and gives its line in `allowed_signers`.
    pub(crate) fn new_key(&self, name: &str, kind: &str) -> String {
        let folder = self.root().join("home/.ssh");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        let (kind, bits) = kind.split_once(' ').unwrap_or((kind, "0"));
        let mut call = self.call_program("ssh-keygen".as_ref(), &format!("-q -t {kind} -C {name}@test -N")).arg("");
        if bits != "0" {
            call = call.arg("-b").arg(bits);
        }
        call.arg("-f").arg(&file).run().expect_code(0);
        let public = std::fs::read_to_string(file.with_extension("pub")).unwrap();
        format!("{name} namespaces=\"agentops-gate\" {public}")
    }

    /// A task whose requirements wait for a vote.
    pub(crate) fn waiting_task(&self, title: &str) -> Task {
        let task = self.open_task(title, "");
        self.fill_requirements(&task);
        self.next(&task).expect_code(4);
        task
    }

    /// The one vote on what `task` submitted last: its path.
    pub(crate) fn vote_path(&self, task: &Task) -> String {
        let listed = self.git(&format!("ls-tree -r --name-only HEAD .agentops/product-dev/votes/{}/", task.id));
        listed.lines().last().unwrap().to_owned()
    }
}
