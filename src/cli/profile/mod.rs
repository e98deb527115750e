//! `agentops profile`: the flavours of work, and making one's own.

mod show;
mod validate;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, Context, Outcome, Writing};
use crate::engine::governance::profile;
use crate::engine::tasks::gate;
use crate::model::profile::{Phase, VoteKind};
use crate::ui::{Table, plain, strong};

/// List, show, make and check profiles
#[derive(Debug, Subcommand)]
#[command(before_long_help = "Examples:
  agentops profile list
  agentops profile show sre
  agentops profile new mobile --extends product-dev
  agentops profile validate")]
pub enum Verb {
    /// List the profiles at HEAD with their phases and gates
    #[command(before_long_help = "Examples:
  agentops profile list
  agentops profile list --json")]
    List(List),
    /// Show one profile: phases, gates, budgets, commands, agents, standards
    #[command(before_long_help = "Examples:
  agentops profile show product-dev
  agentops profile show sre --json")]
    Show(Show),
    /// Begin a profile of your own in the working tree
    ///
    /// The files are yours to edit. They are governed, so they land by an amend.
    #[command(before_long_help = "Examples:
  agentops profile new mobile --extends product-dev
  agentops profile new research-notes --dry-run")]
    New(New),
    /// Check profiles as they lie in the working tree; exit 1 where one is wrong
    #[command(before_long_help = "Examples:
  agentops profile validate
  agentops profile validate mobile")]
    Validate(Validate),
}

/// Arguments of `profile list`.
#[derive(Debug, Args)]
pub struct List {}

/// Arguments of `profile show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The profile
    #[arg(value_name = "NAME")]
    name: String,
}

/// Arguments of `profile new`.
#[derive(Debug, Args)]
pub struct New {
    /// Its name: a-z, 0-9 and single hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// A profile whose phases, commands and templates it takes over
    #[arg(long, value_name = "P")]
    extends: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// Arguments of `profile validate`.
#[derive(Debug, Args)]
pub struct Validate {
    /// The profile; without it all of them
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

#[derive(Serialize)]
struct ListBody<'a> {
    profiles: Vec<ListedBody<'a>>,
    /// Those that only the working tree has.
    begun: Vec<String>,
}

#[derive(Serialize)]
struct ListedBody<'a> {
    profile: &'a str,
    version: u32,
    description: &'a str,
    phases: Vec<ListedPhase<'a>>,
}

#[derive(Serialize)]
struct ListedPhase<'a> {
    phase: &'a str,
    stage: &'static str,
    /// The number of its Validation Gate.
    gate: usize,
    title: &'a str,
    vote: &'static str,
}

#[derive(Serialize)]
struct BegunBody {
    profile: String,
    extends: Option<String>,
    files: Vec<String>,
    next: Vec<String>,
    dry_run: bool,
}

/// Runs one of the verbs.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::List(_) => list(context),
        Verb::Show(arguments) => show::run(&arguments.name, context),
        Verb::New(arguments) => begin(&arguments, context),
        Verb::Validate(arguments) => validate::run(arguments.name.as_deref(), context),
    }
}

fn list(context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let profiles = profile::list(&site)?;
    let body = ListBody {
        profiles: profiles
            .iter()
            .map(|profile| ListedBody {
                profile: profile.name.as_str(),
                version: profile.version,
                description: &profile.description,
                phases: profile.phases.iter().map(listed_phase).collect(),
            })
            .collect(),
        begun: profile::begun(&site)?.iter().map(ToString::to_string).collect(),
    };
    context.ui.show(&body, |page| {
        for (index, profile) in body.profiles.iter().enumerate() {
            if index > 0 {
                page.blank();
            }
            page.line([strong(profile.profile), plain(format!(": {}", profile.description))]);
            page.table(&phase_table(&profile.phases));
        }
        for name in &body.begun {
            page.blank();
            page.line([
                strong(name),
                plain(": begun in the working tree; it has no tasks before an amend has committed it"),
            ]);
        }
    });
    if let Some(name) = body.begun.first() {
        context.ui.hint(format!("agentops profile validate {name}"));
        context.ui.hint(format!("agentops policy amend --reason \"Work of the profile {name} begins\""));
    }
    context.ui.hint("`agentops profile show NAME` tells budgets, commands and agents");
    Ok(Outcome::Done)
}

fn listed_phase(phase: &Phase) -> ListedPhase<'_> {
    ListedPhase {
        phase: phase.name.as_str(),
        stage: phase.stage.as_str(),
        gate: gate::number(phase),
        title: &phase.gate.title,
        vote: phase.gate.vote.as_str(),
    }
}

fn phase_table(phases: &[ListedPhase<'_>]) -> Table {
    let mut table = Table::new(["  phase", "stage", "to leave it"]);
    for phase in phases {
        let vote = if phase.vote == VoteKind::None.as_str() {
            "checks alone".to_owned()
        } else {
            format!("{} by a human", phase.vote)
        };
        table.row([
            strong(format!("  {}", phase.phase)),
            plain(phase.stage),
            plain(format!("Validation Gate {}: {}, {vote}", phase.gate, phase.title)),
        ]);
    }
    table
}

fn begin(arguments: &New, context: &Context) -> Result<Outcome, CommandError> {
    let dry_run = arguments.writing.dry_run;
    let begun = profile::begin(&context.site(None)?, &arguments.name, arguments.extends.as_deref(), dry_run)?;
    let own = crate::model::layout::profile_file(&begun.name);
    let body = BegunBody {
        profile: begun.name.to_string(),
        extends: begun.extends.as_ref().map(ToString::to_string),
        files: begun.files.iter().map(ToString::to_string).collect(),
        next: vec![
            format!("agentops profile validate {}", begun.name),
            format!("agentops policy amend --reason \"Work of the profile {} begins\"", begun.name),
        ],
        dry_run,
    };
    context.ui.show(&body, |page| {
        let verb = if dry_run { "would write" } else { "wrote" };
        for path in &body.files {
            page.line([plain(format!("{verb} ")), strong(path)]);
        }
    });
    if !dry_run {
        context.ui.talk(format!("uncommitted; a profile is governed, so it lands by an amend. Edit {own}, then:"));
        for next in &body.next {
            context.ui.hint(next);
        }
    }
    Ok(Outcome::Done)
}
