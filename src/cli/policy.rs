//! `agentops policy`: what rules here, and changing it by an amend.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::acting::{Acting, CommitBody, tell};
use super::{CommandError, Context, Outcome};
use crate::engine::policy::{self, Shown};
use crate::model::law_id::Level;
use crate::model::policy::ActorKind;
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
  agentops policy amend --reason \"The smoke test has a command line\" --dry-run")]
    Amend(Amend),
}

/// Arguments of `policy show`.
#[derive(Debug, Args)]
pub struct Show {}

/// Arguments of `policy amend`.
#[derive(Debug, Args)]
pub struct Amend {
    /// Why, for whoever reads the chain of amends later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Serialize)]
struct ShowBody {
    project: String,
    laws_edition: u32,
    governed: String,
    governed_files: Vec<FileBody>,
    amends: usize,
    amends_unsigned: bool,
    actors: Vec<ActorBody>,
    proofs: Vec<&'static str>,
    self_approve: bool,
    owners: u32,
    protected: Vec<String>,
    laws: BTreeMap<&'static str, Level>,
    waivers_max: u32,
    window: u32,
    require_task: bool,
    profiles: Vec<String>,
}

#[derive(Serialize)]
struct FileBody {
    path: String,
    sha256: String,
}

#[derive(Serialize)]
struct ActorBody {
    name: String,
    kind: ActorKind,
    emails: Vec<String>,
    profiles: Vec<String>,
    roles: Vec<String>,
}

#[derive(Serialize)]
struct AmendBody {
    governed: String,
    files: Vec<ChangeBody>,
    unsigned: bool,
    #[serde(flatten)]
    commit: CommitBody,
}

#[derive(Serialize)]
struct ChangeBody {
    path: String,
    change: &'static str,
    before: Option<String>,
    after: Option<String>,
}

/// Runs one of the verbs.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Show(_) => show(context),
        Verb::Amend(arguments) => amend(&arguments, context),
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
        proofs: config.proofs.iter().map(|proof| proof.as_str()).collect(),
        self_approve: config.self_approve,
        owners: config.owners,
        protected: config.protected.clone(),
        laws: differing.map(|(law, level)| (law.as_str(), *level)).collect(),
        waivers_max: config.waivers_max,
        window: config.window,
        require_task: config.require_task,
        profiles: shown.policy.profiles.keys().map(ToString::to_string).collect(),
    }
}

fn fill(page: &mut Page, body: &ShowBody) {
    let mut table = Table::without_headings();
    let mut row = |name: &str, text: String| _ = table.row([dim(name), plain(text)]);
    row("project", body.project.clone());
    row("profiles", body.profiles.join(", "));
    row("gates.proof", body.proofs.join(", "));
    row("gates.self_approve", body.self_approve.to_string());
    row("governance.owners", body.owners.to_string());
    row("refs.protected", body.protected.join(", "));
    row("paths.require_task", body.require_task.to_string());
    row("waivers.max", body.waivers_max.to_string());
    row("budgets.window", format!("{} tokens", body.window));
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

fn amend(arguments: &Amend, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.acting.site(context)?;
    let committed = policy::amend(&site, &arguments.acting.target(), &arguments.reason)?;
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let body = AmendBody {
        governed: committed.outcome.to.hex(),
        files: committed
            .outcome
            .files
            .iter()
            .map(|file| ChangeBody {
                path: file.path.clone(),
                change: match (file.before.is_empty(), file.after.is_empty()) {
                    (true, _) => "added",
                    (_, true) => "removed",
                    _ => "changed",
                },
                before: some(&file.before),
                after: some(&file.after),
            })
            .collect(),
        unsigned: committed.outcome.unsigned,
        commit: CommitBody::of(&committed),
    };
    context.ui.show(&body, |page| {
        let mut table = Table::without_headings();
        for file in &body.files {
            table.row([plain(file.change), strong(&file.path)]);
        }
        table.row([plain("governed"), plain(&body.governed)]);
        page.table(&table);
    });
    tell(&context.ui, &committed);
    Ok(Outcome::Done)
}
