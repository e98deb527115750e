//! `agentops profile`: the flavours of work, and making one's own.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, Context, ErrorKind, Outcome, Writing};
use crate::engine::profile::{self, Shown, Verdict};
use crate::model::profile::{Budget, Phase, Profile, VoteKind};
use crate::ui::{Page, Table, dim, error, good, plain, strong};

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

#[derive(Serialize)]
struct BegunBody {
    profile: String,
    extends: Option<String>,
    files: Vec<String>,
    next: Vec<String>,
    dry_run: bool,
}

#[derive(Serialize)]
struct ValidateBody {
    valid: bool,
    profiles: Vec<VerdictBody>,
}

#[derive(Serialize)]
struct VerdictBody {
    profile: String,
    valid: bool,
    problems: Vec<ProblemBody>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct ProblemBody {
    path: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    fix: Option<String>,
}

/// Runs one of the verbs.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::List(_) => list(context),
        Verb::Show(arguments) => show(&arguments.name, context),
        Verb::New(arguments) => begin(&arguments, context),
        Verb::Validate(arguments) => validate(arguments.name.as_deref(), context),
    }
}

fn list(context: &Context) -> Result<Outcome, CommandError> {
    let profiles = profile::list(&context.site(None)?)?;
    let listed = |profile: &'_ Profile| -> Vec<usize> { (0..profile.phases.len()).collect() };
    let body = ListBody {
        profiles: profiles
            .iter()
            .map(|profile| ListedBody {
                profile: profile.name.as_str(),
                version: profile.version,
                description: &profile.description,
                phases: listed(profile).into_iter().map(|index| listed_phase(index, &profile.phases[index])).collect(),
            })
            .collect(),
    };
    context.ui.show(&body, |page| {
        for (index, profile) in body.profiles.iter().enumerate() {
            if index > 0 {
                page.blank();
            }
            page.line([strong(profile.profile), plain(format!(": {}", profile.description))]);
            page.table(&phase_table(&profile.phases));
        }
    });
    context.ui.hint("`agentops profile show NAME` tells budgets, commands and agents");
    Ok(Outcome::Done)
}

fn listed_phase(index: usize, phase: &Phase) -> ListedPhase<'_> {
    ListedPhase {
        phase: phase.name.as_str(),
        stage: phase.stage.as_str(),
        gate: index + 1,
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

fn show(name: &str, context: &Context) -> Result<Outcome, CommandError> {
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
        phases: profile
            .phases
            .iter()
            .enumerate()
            .map(|(index, phase)| phase_body(index, phase, shown.window))
            .collect(),
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

fn phase_body(index: usize, phase: &Phase, window: u32) -> PhaseBody<'_> {
    let Budget { tokens, artifact_tokens, green, yellow } = phase.budget;
    let share = |percent: u8| u64::from(window) * u64::from(percent) / 100;
    PhaseBody {
        listed: listed_phase(index, phase),
        purpose: &phase.purpose,
        artifacts: phase
            .artifacts
            .iter()
            .map(|spec| ArtifactBody {
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
            let optional = if artifact.required { "" } else { " (may be left out)" };
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

fn validate(name: Option<&str>, context: &Context) -> Result<Outcome, CommandError> {
    let verdicts = profile::validate(&context.site(None)?, name)?;
    let body = ValidateBody {
        valid: verdicts.iter().all(|(_, verdict)| verdict.is_ok()),
        profiles: verdicts.iter().map(verdict_body).collect(),
    };
    context.ui.show(&body, |page| {
        for profile in &body.profiles {
            let verdict = if profile.valid { good("valid") } else { error("not valid") };
            page.line([strong(&profile.profile), plain(": "), verdict]);
            for problem in &profile.problems {
                fill_problem(page, problem);
            }
            for note in &profile.notes {
                page.indented_label(2, [dim("note")], note);
            }
        }
    });
    Ok(if body.valid { Outcome::Done } else { Outcome::Ended(ErrorKind::Failure) })
}

fn verdict_body((name, verdict): &Verdict) -> VerdictBody {
    let profile = name.to_string();
    match verdict {
        Ok(report) => VerdictBody { profile, valid: true, problems: Vec::new(), notes: report.notes.clone() },
        Err(failure) => {
            let mut problems: Vec<ProblemBody> = failure
                .problems()
                .iter()
                .map(|problem| ProblemBody {
                    path: Some(problem.path.to_string()),
                    line: Some(problem.line),
                    column: Some(problem.column),
                    message: problem.message.clone(),
                    fix: Some(problem.fix.clone()),
                })
                .collect();
            if problems.is_empty() {
                let message = failure.to_string();
                problems.push(ProblemBody { path: None, line: None, column: None, message, fix: None });
            }
            VerdictBody { profile, valid: false, problems, notes: Vec::new() }
        }
    }
}

fn fill_problem(page: &mut Page, problem: &ProblemBody) {
    let place = match (&problem.path, problem.line, problem.column) {
        (Some(path), Some(line), Some(column)) => format!("{path}:{line}:{column}"),
        _ => "error".to_owned(),
    };
    page.indented_label(2, [error(place)], &problem.message);
    if let Some(fix) = &problem.fix {
        page.indented_label(4, [plain("fix")], fix);
    }
}
