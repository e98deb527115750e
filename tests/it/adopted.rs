//! Sandboxes whose first commit brings `.agentops`, as the library writes it.

use agentops::config::{builtin, default_config, default_format};
use agentops::model::name::{Principal, ProfileName};
use agentops::model::policy::{Actor, ActorKind};
use agentops::model::vote::Proof;

use crate::sandbox::Sandbox;

/// What `.agentops/.gitattributes` holds.
pub(crate) const ATTRIBUTES: &str = "* -text -eol -filter -ident -working-tree-encoding -export-subst -export-ignore\n";

impl Sandbox {
    /// A repository with one commit: the profile `sre`, and Alice as its owner.
    pub(crate) fn adopted() -> Self {
        let sandbox = Self::new();
        sandbox.adopt();
        sandbox
    }

    /// The same first commit, in whatever repository is here.
    pub(crate) fn adopt(&self) {
        let profile = ProfileName::parse("sre").unwrap();
        for (path, bytes) in builtin::files(&profile) {
            self.write(path.as_str().unwrap(), bytes);
        }
        let alice = Actor {
            kind: ActorKind::Human,
            emails: vec!["alice@example.org".into()],
            profiles: Vec::new(),
            all_profiles: true,
            roles: Vec::new(),
        };
        let actors = [(Principal::parse("alice").unwrap(), alice)];
        self.write(".agentops/config.toml", default_config(&actors, &[], &[Proof::Terminal], &[]));
        self.write(".agentops/format.toml", default_format(&"0123456789abcdef".repeat(2)));
        self.write(".agentops/allowed_signers", "");
        self.write(".agentops/.gitattributes", ATTRIBUTES);
        self.write("README.md", "Things.\n");
        self.commit_all("chore: begin\n");
    }

    /// As [`governed`](Self::adopted), with our hooks.
    pub(crate) fn hooked() -> Self {
        let sandbox = Self::adopted();
        sandbox.agentops("hooks install --quiet").run().expect_code(0);
        sandbox
    }
}
