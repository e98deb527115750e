//! The text of a fresh `config.toml`: every value at its default, with a comment that says what it does.

use std::fmt::{Display, Write as _};

use super::config_toml::defaults;
use crate::model::canonical::quote;
use crate::model::name::Principal;
use crate::model::policy::{Actor, ActorKind, Generated};
use crate::model::vote::Proof;

/// What forges and their runners read to decide what runs and who reviews. Written out, for what a config leaves out stays
/// what it was when the format was made: a default that grows would govern files that no amend has named.
const GOVERNED: &[&str] = &[
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".github/CODEOWNERS",
    ".github/workflows/**",
    ".github/actions/**",
    ".gitlab/CODEOWNERS",
    ".gitlab-ci.yml",
    ".bitbucket/CODEOWNERS",
    "bitbucket-pipelines.yml",
    ".gitea/CODEOWNERS",
    ".gitea/workflows/**",
    ".forgejo/CODEOWNERS",
    ".forgejo/workflows/**",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    ".woodpecker/**",
    ".drone.yml",
    ".azure-pipelines/**",
    "azure-pipelines.yml",
    ".buildkite/**",
    ".circleci/**",
    ".travis.yml",
    "Jenkinsfile",
];

/// Writes the file for `actors`, the `markers` of agent clients (environment variable and actor), the `proofs` that gates
/// accept and the `branches` that are protected besides the usual ones. Reading it back gives [`defaults`] with those four,
/// and with what forges and their runners read as governed paths.
pub fn default_config(
    actors: &[(Principal, Actor)],
    markers: &[(String, Principal)],
    proofs: &[Proof],
    branches: &[String],
) -> String {
    let mut config = defaults();
    config.protected.extend(branches.iter().cloned());
    config.governed = GOVERNED.iter().map(|glob| (*glob).to_owned()).collect();
    let mut out = String::from(
        "# How agentops judges this repository. This file is governed: a change lands with an amend,\n\
         # `agentops policy amend --reason \"…\"`. Whatever is left out has the value shown here, but\n\
         # for `governed`, `actors` and `agent_markers`.\n",
    );
    table(
        &mut out,
        "laws",
        "Level per law: \"error\" or \"warn\", for some \"off\". `agentops explain AO-N2` tells a law.",
    );
    out.push_str("# AO-N2 = \"error\"\n");

    table(&mut out, "messages", "The sections a commit message must have, and the types its subject may begin with.");
    texts(&mut out, "sections", &config.sections);
    texts(&mut out, "types", &config.types);
    out.push_str("# These may say `Learning: N/A <reason>`.\n");
    texts(&mut out, "learning_optional", &config.learning_optional);

    table(
        &mut out,
        "gates",
        "Which proofs of a vote count: \"signature\" (an SSH key in allowed_signers), \"terminal\" (typed\n# at a terminal; unauthenticated: could be written by an agent), \"simulated\" (demo).",
    );
    texts(&mut out, "proof", &proofs.iter().map(|proof| proof.as_str()).collect::<Vec<_>>());
    out.push_str("# Whether whoever did the work may vote on it.\n");
    line(&mut out, "self_approve", config.self_approve);

    table(
        &mut out,
        "governance",
        "How many humans with the role \"owner\" must sign an amend. 0: amends are unsigned and prove nothing.",
    );
    line(&mut out, "owners", config.owners);

    table(&mut out, "waivers", "How many `Agentops-Waive:` lines may count in one step onto the base.");
    line(&mut out, "max", config.waivers_max);

    table(&mut out, "budgets", "The context window, in tokens, that the bands of phases are percent of.");
    line(&mut out, "window", config.window);

    table(
        &mut out,
        "paths",
        "Globs from the root of the repository; `*` stays within a folder, `**` does not.\n# readonly: never changed here. generated: { output = \"…\", source = \"…\" } change together.\n# governed: change only by an amend, as everything that rules below .agentops does. Listed is what forges and CI read;\n# left out, it is `.github/workflows/**`, `.gitlab-ci.yml` and GitHub's three CODEOWNERS.",
    );
    texts(&mut out, "readonly", &config.readonly);
    generated(&mut out, &config.generated);
    texts(&mut out, "governed", &config.governed);
    out.push_str("# Whether a changed path that no task's manifest lists is a violation.\n");
    line(&mut out, "require_task", config.require_task);

    table(&mut out, "refs", "Branches onto which forks, `fixup!` and `squash!` may not land.");
    texts(&mut out, "protected", &config.protected);

    out.push_str(
        "\n# Who may make events and votes. An agent works and never votes; `profiles = [\"*\"]` are all of them.\n",
    );
    if actors.is_empty() {
        out.push_str(
            "# [actors.alice]\n# kind = \"human\"\n# emails = [\"alice@example.org\"]\n# profiles = [\"*\"]\n\
             # roles = [\"owner\", \"reviewer\"]\n",
        );
    }
    for (name, actor) in actors {
        write_actor(&mut out, name, actor);
    }

    out.push_str(
        "\n# Commits of a bot that laws leave alone while every changed path matches. L1, L3, R3, T1 only.\n\
         # [[exempt]]\n# author = \"bot@example.org\"\n# laws = [\"AO-L1\", \"AO-L3\", \"AO-R3\"]\n\
         # paths = [\"Cargo.lock\"]\n",
    );

    out.push_str(
        "\n# Classes of risk tighten gates, and loosen none: for tasks with one of the labels, or that plan or change one of\n\
         # the paths; with neither, for all. Without `stages`, at every gate. Several that apply add up.\n\
         # [[gates.risk]]\n# name = \"payments\"\n# labels = [\"payments\"]\n# paths = [\"src/billing/**\"]\n\
         # stages = [\"plan\", \"implement\"]\n# vote = \"approval\"        # or \"review\": may raise a gate of checks alone to a vote\n\
         # voters = 2\n# roles = [\"security\"]      # each voter has one of them, and one of the gate's own\n\
         # proof = \"signature\"      # the weakest that counts\n# four_eyes = \"proved\"     # submit and votes are signed; \"claimed\": names are believed\n",
    );

    out.push_str(
        "\n# Context bundles. at_phase_end: `phase next` saves one of the phase that it leaves. command: makes bundles in the place of\n\
         # the built-in rules; it reads the sources and writes Markdown, in its time.\n\
         # [bundles]\n# at_phase_end = false\n# command = [\"python3\", \"tools/shorten.py\"]   # left out: none\n\
         # timeout_seconds = 120\n",
    );

    table(&mut out, "agent_markers", "Environment variables that agent clients set, and the actor that each means.");
    for (variable, actor) in markers {
        line(&mut out, variable, quote(actor.as_str()));
    }
    out
}

fn write_actor(out: &mut String, name: &Principal, actor: &Actor) {
    // A principal may hold a dot, which a bare key would read as a path.
    let key = if name.as_str().contains('.') { quote(name.as_str()) } else { name.to_string() };
    let kind = match actor.kind {
        ActorKind::Human => "human",
        ActorKind::Agent => "agent",
    };
    let _ = writeln!(out, "\n[actors.{key}]");
    line(out, "kind", quote(kind));
    texts(out, "emails", &actor.emails);
    if actor.all_profiles {
        texts(out, "profiles", &["*"]);
    } else {
        texts(out, "profiles", &actor.profiles);
    }
    texts(out, "roles", &actor.roles);
}

fn table(out: &mut String, name: &str, comment: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "\n# {comment}\n[{name}]");
}

fn line(out: &mut String, key: &str, value: impl Display) {
    let _ = writeln!(out, "{key} = {value}");
}

fn texts<T: Display>(out: &mut String, key: &str, values: &[T]) {
    let values: Vec<String> = values.iter().map(|value| quote(&value.to_string())).collect();
    line(out, key, format!("[{}]", values.join(", ")));
}

fn generated(out: &mut String, pairs: &[Generated]) {
    let item = |pair: &Generated| format!("{{ output = {}, source = {} }}", quote(&pair.output), quote(&pair.source));
    line(out, "generated", format!("[{}]", pairs.iter().map(item).collect::<Vec<_>>().join(", ")));
}

#[cfg(test)]
mod tests {
    use super::super::config_toml::read;
    use super::super::strict::Source;
    use super::*;
    use crate::model::layout;
    use crate::model::name::{ProfileName, Word};
    use crate::model::policy::Config;

    fn read_back(text: &str) -> Config {
        let source = Source::new(layout::CONFIG.into(), text);
        let config = read(&source).config;
        assert_eq!(source.take_problems(), [], "{text}");
        config
    }

    fn actor(kind: ActorKind, email: &str, roles: &[&str]) -> Actor {
        let roles = roles.iter().map(|role| Word::parse(role).unwrap()).collect();
        Actor { kind, emails: vec![email.into()], profiles: Vec::new(), all_profiles: true, roles }
    }

    #[test]
    fn an_empty_file_and_the_default_text_say_the_same() {
        assert_eq!(read_back(""), defaults());
        let text = read_back(&default_config(&[], &[], &[Proof::Terminal], &[]));
        let governed = text.governed.clone();
        assert!(defaults().governed.iter().all(|glob| governed.contains(glob)), "{governed:?}");
        assert_eq!(text, Config { governed, ..defaults() });
    }

    #[test]
    fn actors_markers_and_proofs_are_read_back() {
        let name = |text: &str| Principal::parse(text).unwrap();
        let mut claude = actor(ActorKind::Agent, "claude@example.org", &[]);
        claude.all_profiles = false;
        claude.profiles = vec![ProfileName::parse("sre").unwrap()];
        let actors = [
            (name("alice.b"), actor(ActorKind::Human, "o'\"x@example.org", &["owner", "reviewer"])),
            (name("claude"), claude),
        ];
        let markers = [("CLAUDECODE".to_owned(), name("claude"))];
        let text = default_config(&actors, &markers, &[Proof::Signature, Proof::Simulated], &["trunk".to_owned()]);
        let mut expected = defaults();
        expected.governed = GOVERNED.iter().map(|glob| (*glob).to_owned()).collect();
        expected.protected.push("trunk".to_owned());
        expected.actors.extend(actors);
        expected.agent_markers.extend(markers);
        expected.proofs = vec![Proof::Signature, Proof::Simulated];
        assert_eq!(read_back(&text), expected);
    }

    #[test]
    fn what_is_commented_out_would_be_valid() {
        let text = default_config(&[], &[], &[Proof::Terminal], &[]);
        let examples = [
            "AO-N2",
            "[actors.alice]",
            "kind",
            "emails",
            "profiles",
            "roles",
            "[[gates.risk]]",
            "name =",
            "labels =",
            "stages =",
            "vote =",
            "voters =",
            "proof =",
            "four_eyes =",
            "[[exempt]]",
            "author",
            "laws =",
            "paths =",
            "[bundles]",
            "at_phase_end =",
            "command =",
            "timeout_seconds =",
        ];
        let live: Vec<&str> = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(example) if examples.iter().any(|start| example.starts_with(start)) => example,
                _ => line,
            })
            .collect();
        let config = read_back(&live.join("\n"));
        let counts = (config.laws.len(), config.risks.len(), config.actors.len(), config.exempt.len());
        assert_eq!(counts, (1, 1, 1, 1));
        assert!(config.bundles.command.is_some() && !config.bundles.at_phase_end);
    }
}
