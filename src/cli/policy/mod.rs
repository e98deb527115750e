//! `agentops policy`: what rules here, and changing it by an amend.

use std::collections::BTreeMap;

mod amend;
mod sign;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, Context, Outcome};
use crate::engine::governance::policy::{self, Shown};
use crate::model::law_id::Level;
use crate::model::policy::{ActorKind, BundleRules};
use crate::model::risk::RiskClass;
use crate::model::vote::Proof;
use crate::ui::{Page, Table, dim, plain, strong, warning};

/// Show what rules this repository, and change it
#[derive(Debug, Subcommand)]
#[command(before_long_help = "Examples:
  agentops policy show
  agentops policy amend --reason \"Bob reviews from now on\"")]
pub enum Verb {
    /// Show actors, gates, laws and the governed digest at HEAD
    #[command(before_long_help = "Examples:
  agentops policy show
  agentops policy show --json")]
    Show(Show),
    /// Commit the governed files as they are in the working tree, with an amend that says why
    ///
    /// Governed are config, signers, profiles with their agents, standards, workflows and templates, and what
    /// `paths.governed` names. Changed in any other way they are refused.
    #[command(before_long_help = "Examples:
  agentops policy amend --reason \"Bob reviews from now on\"
  agentops policy amend --reason \"The smoke test has a command line\" --dry-run
  agentops policy amend --reason \"Votes are signed\" --out amend.toml
  agentops policy amend --from amend.toml")]
    Amend(amend::Arguments),
    /// Sign a proposed amend, after reading what it changes
    ///
    /// Where `governance.owners` is 1 or more, that many owners sign each amend with the keys that `.agentops/allowed_signers`
    /// gives them. The signature goes into FILE.
    #[command(before_long_help = "Examples:
  agentops policy sign amend.toml
  agentops policy sign amend.toml --key ~/.ssh/id_ed25519")]
    Sign(sign::Arguments),
}

/// Arguments of `policy show`.
#[derive(Debug, Args)]
pub struct Show {}

#[derive(Serialize)]
struct ShowBody {
    project: String,
    laws_edition: u32,
    governed: String,
    governed_files: Vec<FileBody>,
    amends: usize,
    amends_unsigned: bool,
    actors: Vec<ActorBody>,
    signers: Vec<SignerBody>,
    proofs: Vec<&'static str>,
    presence: &'static str,
    compromised: BTreeMap<String, String>,
    self_approve: bool,
    risks: Vec<RiskBody>,
    owners: u32,
    protected: Vec<String>,
    laws: BTreeMap<&'static str, Level>,
    waivers_max: u32,
    window: u32,
    require_task: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundles: Option<BundlesBody>,
    profiles: Vec<String>,
}

/// How context bundles are made, where the config says so.
#[derive(Serialize)]
struct BundlesBody {
    at_phase_end: bool,
    command: Option<Vec<String>>,
}

#[derive(Serialize)]
struct FileBody {
    path: String,
    sha256: String,
}

#[derive(Serialize)]
struct SignerBody {
    principal: String,
    /// `SHA256:…`
    key: String,
    algorithm: String,
    valid_after: Option<String>,
    valid_before: Option<String>,
}

/// A class of risk as the config has it.
#[derive(Serialize)]
struct RiskBody {
    name: String,
    labels: Vec<String>,
    paths: Vec<String>,
    stages: Vec<&'static str>,
    vote: &'static str,
    voters: u32,
    roles: Vec<String>,
    proof: Option<&'static str>,
    four_eyes: &'static str,
}

impl RiskBody {
    fn of(class: &RiskClass) -> Self {
        Self {
            name: class.name.to_string(),
            labels: class.labels.iter().map(ToString::to_string).collect(),
            paths: class.paths.clone(),
            stages: class.stages.iter().map(|stage| stage.as_str()).collect(),
            vote: class.vote.as_str(),
            voters: class.voters,
            roles: class.roles.iter().map(ToString::to_string).collect(),
            proof: class.proof.map(Proof::as_str),
            four_eyes: class.four_eyes.as_str(),
        }
    }
}

#[derive(Serialize)]
struct ActorBody {
    name: String,
    kind: ActorKind,
    emails: Vec<String>,
    profiles: Vec<String>,
    roles: Vec<String>,
}

/// Runs one of the verbs.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Show(_) => show(context),
        Verb::Amend(arguments) => amend::run(&arguments, context),
        Verb::Sign(arguments) => sign::run(&arguments, context),
    }
}

fn show(context: &Context) -> Result<Outcome, CommandError> {
    let body = show_body(&policy::show(&context.site(None)?)?);
    context.ui.show(&body, |page| fill(page, &body));
    Ok(Outcome::Done)
}

fn show_body(shown: &Shown) -> ShowBody {
    let config = &shown.policy.config;
    let actors = config.actors.iter().map(|(name, actor)| ActorBody {
        name: name.to_string(),
        kind: actor.kind,
        emails: actor.emails.clone(),
        profiles: match actor.all_profiles {
            true => vec!["*".to_owned()],
            false => actor.profiles.iter().map(ToString::to_string).collect(),
        },
        roles: actor.roles.iter().map(ToString::to_string).collect(),
    });
    let differing = config.laws.iter().filter(|(law, level)| **level != law.default_level());
    ShowBody {
        project: shown.policy.format.project.clone(),
        laws_edition: shown.policy.format.laws,
        governed: shown.governed.hex(),
        governed_files: shown
            .files
            .iter()
            .map(|(path, digest)| FileBody { path: path.to_string(), sha256: digest.hex() })
            .collect(),
        amends: shown.amends,
        amends_unsigned: config.owners == 0,
        actors: actors.collect(),
        signers: shown
            .policy
            .signers
            .iter()
            .map(|signer| SignerBody {
                principal: signer.principal.to_string(),
                key: signer.key.fingerprint(),
                algorithm: signer.key.algorithm(),
                valid_after: signer.after.as_ref().map(ToString::to_string),
                valid_before: signer.before.as_ref().map(ToString::to_string),
            })
            .collect(),
        presence: config.presence.as_str(),
        compromised: config.compromised.iter().map(|(key, since)| (key.clone(), since.to_string())).collect(),
        proofs: config.proofs.iter().map(|proof| proof.as_str()).collect(),
        self_approve: config.self_approve,
        risks: config.risks.iter().map(RiskBody::of).collect(),
        owners: config.owners,
        protected: config.protected.clone(),
        laws: differing.map(|(law, level)| (law.as_str(), *level)).collect(),
        waivers_max: config.waivers_max,
        window: config.window,
        require_task: config.require_task,
        bundles: (config.bundles != BundleRules::default()).then(|| BundlesBody {
            at_phase_end: config.bundles.at_phase_end,
            command: config.bundles.command.as_ref().map(|command| command.run.clone()),
        }),
        profiles: shown.policy.profiles.keys().map(ToString::to_string).collect(),
    }
}

fn fill(page: &mut Page, body: &ShowBody) {
    let mut table = Table::without_headings();
    let mut row = |name: &str, text: String| _ = table.row([dim(name), plain(text)]);
    row("project", body.project.clone());
    row("profiles", body.profiles.join(", "));
    row("gates.proof", body.proofs.join(", "));
    row("gates.presence", body.presence.to_owned());
    row("gates.self_approve", body.self_approve.to_string());
    if !body.risks.is_empty() {
        let names: Vec<&str> = body.risks.iter().map(|class| class.name.as_str()).collect();
        row("gates.risk", names.join(", "));
    }
    row("governance.owners", body.owners.to_string());
    row("refs.protected", body.protected.join(", "));
    row("paths.require_task", body.require_task.to_string());
    row("waivers.max", body.waivers_max.to_string());
    row("budgets.window", format!("{} tokens", body.window));
    if let Some(bundles) = &body.bundles {
        row("bundles.at_phase_end", bundles.at_phase_end.to_string());
        row("bundles.command", bundles.command.as_ref().map_or("none".to_owned(), |line| line.join(" ")));
    }
    row("edition of the laws", body.laws_edition.to_string());
    let levels: Vec<String> = body.laws.iter().map(|(law, level)| format!("{law} {}", level_word(*level))).collect();
    row("laws not at their default", if levels.is_empty() { "none".to_owned() } else { levels.join(", ") });
    row("governed digest", body.governed.clone());
    row("governed files", body.governed_files.len().to_string());
    row("amends", body.amends.to_string());
    page.table(&table);
    page.blank();
    let mut table = Table::new(["actor", "kind", "roles", "profiles", "e-mail"]);
    for actor in &body.actors {
        let kind = if actor.kind == ActorKind::Human { "human" } else { "agent" };
        table.row([
            strong(&actor.name),
            plain(kind),
            plain(or_dash(&actor.roles)),
            plain(or_dash(&actor.profiles)),
            plain(or_dash(&actor.emails)),
        ]);
    }
    page.table(&table);
    page.blank();
    if !body.signers.is_empty() {
        let mut table = Table::new(["signer", "key", "type", "valid"]);
        for signer in &body.signers {
            let bound = |word: &str, time: &Option<String>| time.as_ref().map(|time| format!("{word} {time}"));
            let valid: Vec<String> = [bound("from", &signer.valid_after), bound("until", &signer.valid_before)]
                .into_iter()
                .flatten()
                .collect();
            table.row([
                strong(&signer.principal),
                plain(&signer.key),
                plain(&signer.algorithm),
                plain(if valid.is_empty() { "always".to_owned() } else { valid.join(", ") }),
            ]);
        }
        page.table(&table);
        page.blank();
    }
    for (key, since) in &body.compromised {
        page.labelled(warning("key"), format!("{key} is listed as compromised since {since}"));
    }
    for proof in [Proof::Terminal, Proof::Simulated] {
        if body.proofs.contains(&proof.as_str()) {
            page.labelled(
                warning("votes"),
                format!("by {} count here; such a vote is {}", proof.as_str(), proof.honest()),
            );
        }
    }
    if body.self_approve {
        page.labelled(warning("votes"), "whoever did the work may vote on it (`gates.self_approve = true`)");
    }
    if body.amends_unsigned {
        page.labelled(
            warning("amends"),
            "are unsigned (`governance.owners = 0`): they record what was changed and why, and prove nothing about who \
             agreed",
        );
    }
}

fn or_dash(words: &[String]) -> String {
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
