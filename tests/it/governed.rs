//! A governed repository for tests of verbs: two profiles, a human and an agent, one source file.

use agentops::config::{builtin, default_config, default_format};
use agentops::model::name::{Principal, ProfileName};
use agentops::model::policy::{Actor, ActorKind};
use agentops::model::vote::Proof;

use super::sandbox::{Output, Sandbox};

/// Alice, a human, may write everywhere; claude, an agent, only in `product-dev`.
pub(crate) fn governed() -> Sandbox {
    governed_with(|config| config)
}

/// As [`governed`], with another text of `config.toml`.
pub(crate) fn governed_with(change: impl FnOnce(String) -> String) -> Sandbox {
    let sandbox = Sandbox::new();
    let name = |text: &str| Principal::parse(text).unwrap();
    let actor = |kind, email: &str, profiles: &[&str]| Actor {
        kind,
        emails: vec![email.to_owned()],
        profiles: profiles.iter().map(|name| ProfileName::parse(name).unwrap()).collect(),
        all_profiles: profiles.is_empty(),
        roles: Vec::new(),
    };
    let actors = [
        (name("alice"), actor(ActorKind::Human, "alice@example.org", &[])),
        (name("claude"), actor(ActorKind::Agent, "claude@example.org", &["product-dev"])),
    ];
    let markers = [("CLAUDECODE".to_owned(), name("claude"))];
    sandbox.write(".agentops/format.toml", default_format(&"0123456789abcdef".repeat(2)));
    sandbox.write(".agentops/config.toml", change(default_config(&actors, &markers, &[Proof::Terminal], &[])));
    sandbox.write(".agentops/allowed_signers", "");
    sandbox.write(
        ".agentops/.gitattributes",
        "* -text -eol -filter -ident -working-tree-encoding -export-subst -export-ignore\n",
    );
    for profile in ["product-dev", "sre"] {
        for (path, bytes) in builtin::files(&ProfileName::parse(profile).unwrap()) {
            sandbox.write(path.as_str().unwrap(), bytes);
        }
    }
    sandbox.write("src/main.rs", "fn main() {}\nfn second() {}\n");
    sandbox.commit_all("chore: adopt agentops");
    sandbox
}

/// What a run as the agent leaves.
pub(crate) fn as_agent(sandbox: &Sandbox, arguments: &str) -> Output {
    sandbox.agentops(arguments).env("CLAUDECODE", "1").run()
}
