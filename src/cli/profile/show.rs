//! `agentops profile show`: one profile with everything that belongs to it.

use serde::Serialize;

use super::super::{CommandError, Context, Outcome};
use super::{ListedPhase, listed_phase};
use crate::engine::governance::profile::{self, Shown};
use crate::model::profile::{Budget, Phase};
use crate::ui::{Page, Table, dim, error, plain, strong};

#[derive(Serialize)]
struct ShowBody<'a> {
    profile: &'a str,
    version: u32,
    description: &'a str,
    window: u32,
    phases: Vec<PhaseBody<'a>>,
    commands: Vec<CommandBody<'a>>,
    syntax: Vec<SyntaxBody<'a>>,
    agents: Vec<AgentBody<'a>>,
    standards: Vec<String>,
    workflows: Vec<String>,
    document_patterns: &'a [String],
    documents: Vec<String>,
    laws: std::collections::BTreeMap<&'static str, crate::model::law_id::Level>,
    differs: bool,
}

#[derive(Serialize)]
struct PhaseBody<'a> {
    #[serde(flatten)]
    listed: ListedPhase<'a>,
    purpose: &'a str,
    artifacts: Vec<ArtifactBody<'a>>,
    voters: u32,
    roles: Vec<&'a str>,
    checks: Vec<&'static str>,
    commands: Vec<&'a str>,
    tokens: u32,
    artifact_tokens: u32,
    green_percent: u8,
    yellow_percent: u8,
    green_tokens: u64,
    yellow_tokens: u64,
}

#[derive(Serialize)]
struct ArtifactBody<'a> {
    name: &'a str,
    kind: &'static str,
    path: &'a str,
    template: Option<&'a str>,
    required: bool,
}

#[derive(Serialize)]
struct CommandBody<'a> {
    command: &'a str,
    run: &'a [String],
    timeout_seconds: u32,
}

#[derive(Serialize)]
struct SyntaxBody<'a> {
    glob: &'a str,
    command: &'a str,
}

#[derive(Serialize)]
struct AgentBody<'a> {
    agent: &'a str,
    agent_type: &'a str,
    role: &'a str,
}

/// Prints one profile at HEAD.
pub(super) fn run(name: &str, context: &Context) -> Result<Outcome, CommandError> {
    let shown = profile::show(&context.site(None)?, name)?;
    let body = show_body(&shown);
    context.ui.show(&body, |page| fill(page, &body));
    if body.differs {
        context.ui.hint(
            "the working tree has another version of this profile: agentops profile validate, then agentops policy \
             amend --reason \"…\"",
        );
    }
    Ok(Outcome::Done)
}

fn show_body(shown: &Shown) -> ShowBody<'_> {
    let profile = &shown.profile;
    let texts = |paths: &[crate::model::path::RepoPath]| paths.iter().map(ToString::to_string).collect();
    ShowBody {
        profile: profile.name.as_str(),
        version: profile.version,
        description: &profile.description,
        window: shown.window,
        phases: profile.phases.iter().map(|phase| phase_body(phase, shown.window)).collect(),
        commands: profile
            .commands
            .iter()
            .map(|(name, command)| CommandBody {
                command: name.as_str(),
                run: &command.run,
                timeout_seconds: command.timeout_seconds,
            })
            .collect(),
        syntax: profile.syntax.iter().map(|(glob, command)| SyntaxBody { glob, command: command.as_str() }).collect(),
        agents: shown
            .agents
            .iter()
            .map(|agent| AgentBody {
                agent: agent.name.as_str(),
                agent_type: agent.agent_type.as_str(),
                role: &agent.role,
            })
            .collect(),
        standards: texts(&shown.standards),
        workflows: texts(&shown.workflows),
        document_patterns: &profile.documents,
        documents: texts(&shown.documents),
        laws: profile.laws.iter().map(|(law, level)| (law.as_str(), *level)).collect(),
        differs: shown.differs,
    }
}

fn phase_body(phase: &Phase, window: u32) -> PhaseBody<'_> {
    let Budget { tokens, artifact_tokens, green, yellow } = phase.budget;
    let share = |percent: u8| u64::from(window) * u64::from(percent) / 100;
    PhaseBody {
        listed: listed_phase(phase),
        purpose: &phase.purpose,
        artifacts: phase
            .artifacts
            .iter()
            .map(|spec| ArtifactBody {
                kind: spec.kind.as_str(),
                name: spec.name.as_str(),
                path: &spec.path,
                template: spec.template.as_deref(),
                required: spec.required,
            })
            .collect(),
        voters: phase.gate.voters,
        roles: phase.gate.roles.iter().map(|role| role.as_str()).collect(),
        checks: phase.gate.checks.iter().map(|law| law.as_str()).collect(),
        commands: phase.gate.commands.iter().map(|command| command.as_str()).collect(),
        tokens,
        artifact_tokens,
        green_percent: green,
        yellow_percent: yellow,
        green_tokens: share(green),
        yellow_tokens: share(yellow),
    }
}

fn fill(page: &mut Page, body: &ShowBody<'_>) {
    page.line([strong(body.profile), plain(format!(" (version {}): {}", body.version, body.description))]);
    for phase in &body.phases {
        page.blank();
        page.line([strong(phase.listed.phase), dim(format!("  stage {}", phase.listed.stage))]);
        page.wrapped(2, phase.purpose);
        let mut table = Table::without_headings();
        for artifact in &phase.artifacts {
            let optional = match (artifact.required, artifact.kind) {
                (true, _) => "",
                (false, "deliverables") => " (people may leave it out)",
                (false, _) => " (may be left out)",
            };
            table.row([dim("  writes"), plain(format!("{}{optional}", artifact.path))]);
        }
        let vote = match phase.listed.vote {
            "none" => "checks alone".to_owned(),
            vote => {
                let roles = if phase.roles.is_empty() {
                    String::new()
                } else {
                    format!(" with role {}", phase.roles.join(" or "))
                };
                format!("{vote} by {} human{}{roles}", phase.voters, if phase.voters == 1 { "" } else { "s" })
            }
        };
        table.row([
            dim("  gate"),
            plain(format!("Validation Gate {}: {}, {vote}", phase.listed.gate, phase.listed.title)),
        ]);
        table.row([dim("  checks"), plain(phase.checks.join(", "))]);
        if !phase.commands.is_empty() {
            table.row([dim("  runs"), plain(phase.commands.join(", "))]);
        }
        table.row([dim("  budget"), plain(format!("{} tokens, {} per document", phase.tokens, phase.artifact_tokens))]);
        table.row([
            dim("  bands"),
            plain(format!(
                "green to {} % ({} tokens), yellow to {} % ({} tokens) of a window of {}",
                phase.green_percent, phase.green_tokens, phase.yellow_percent, phase.yellow_tokens, body.window
            )),
        ]);
        page.table(&table);
    }
    page.blank();
    let mut table = Table::without_headings();
    for command in &body.commands {
        let run = if command.run.is_empty() {
            error("no command line yet: fill in `run`")
        } else {
            plain(format!("{} (at most {} s)", command.run.join(" "), command.timeout_seconds))
        };
        table.row([dim("command"), strong(command.command), run]);
    }
    for syntax in &body.syntax {
        table.row([dim("syntax"), strong(syntax.glob), plain(syntax.command)]);
    }
    for agent in &body.agents {
        table.row([dim("agent"), strong(agent.agent), plain(agent.role)]);
    }
    let paths = [("standard", &body.standards), ("workflow", &body.workflows), ("document", &body.documents)];
    for (kind, path) in paths.iter().flat_map(|(kind, paths)| paths.iter().map(move |path| (kind, path))) {
        table.row([dim(kind), plain(path)]);
    }
    for pattern in body.document_patterns {
        table.row([dim("may write"), plain(pattern)]);
    }
    for (law, level) in &body.laws {
        table.row([dim("law"), strong(law), plain(format!("{level:?}").to_lowercase())]);
    }
    page.table(&table);
}
