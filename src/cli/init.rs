//! `agentops init`: bringing agentops into a repository.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::acting::{remarks, short_branch};
use super::hooks::tell_installed;
use super::{CommandError, Context, Outcome, Writing};
use crate::engine::Site;
use crate::engine::adoption::init::{self as bringing, Done, Request};
use crate::engine::writing::transact::Target;
use crate::hooks::Hook;
use crate::hooks::install::{self, InstallError, Step};
use crate::model::layout;
use crate::model::vote::Proof;
use crate::ui::{Mode, Page, Table, Ui, dim, plain, strong};

/// Set a repository up: laws, profiles, actors and hooks, in one commit
///
/// Run it again whenever something is missing: what is there is never overwritten. In a repository that is set up,
/// `--profile` adds a built-in profile by an amend.
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops init
  agentops init --profile product-dev --test-command \"cargo test --workspace\"
  agentops init --profile sre --dry-run
  agentops init --skills
  agentops init --human alice --no-hooks")]
pub struct Arguments {
    /// Install this built-in profile; may be given several times; without it all of them
    #[arg(long, value_name = "P", alias = "flavor")]
    profile: Vec<String>,
    /// The command line that runs the tests; without it Cargo.toml, package.json and the like tell
    #[arg(long, value_name = "CMD")]
    test_command: Option<String>,
    /// Your name as an actor; without it git's user.name tells
    #[arg(long, value_name = "NAME")]
    human: Option<String>,
    /// Let your votes be signed with the SSH key in FILE; without it the one that git signs with, where it is an SSH key
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Write skills/<name>/SKILL.md for agent clients: one for each phase, for priming and for bundles
    #[arg(long)]
    skills: bool,
    /// Leave AGENTS.md and CLAUDE.md alone
    #[arg(long)]
    no_agents_md: bool,
    /// Leave git's hooks alone
    #[arg(long)]
    no_hooks: bool,
    /// Write the files, unstaged, and leave the commit to you
    #[arg(long)]
    no_commit: bool,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Serialize)]
struct Body {
    done: &'static str,
    commits: Vec<String>,
    branch: Option<String>,
    paths: Vec<String>,
    uncommitted: Vec<String>,
    kept: Vec<KeptBody>,
    profiles: Vec<String>,
    human: Option<HumanBody>,
    test_command: Option<TestBody>,
    without_command: Vec<CommandBody>,
    proofs: Vec<&'static str>,
    /// `SHA256:…` of the key entered for the person.
    key: Option<String>,
    hooks: Vec<HookBody>,
    hooks_error: Option<String>,
    notes: Vec<String>,
    dry_run: bool,
}

#[derive(Serialize)]
struct KeptBody {
    path: String,
    why: String,
}

#[derive(Serialize)]
struct HumanBody {
    name: String,
    email: Option<String>,
}

#[derive(Serialize)]
struct TestBody {
    run: Vec<String>,
    found_in: Option<&'static str>,
}

#[derive(Serialize)]
struct CommandBody {
    profile: String,
    command: String,
    file: String,
}

/// What was done with one hook.
#[derive(Serialize)]
pub(super) struct HookBody {
    pub(super) hook: &'static str,
    pub(super) step: &'static str,
}

/// Sets the repository up, or adds what is missing.
pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let dry_run = arguments.writing.dry_run;
    let request = Request {
        profiles: arguments.profile,
        test_command: arguments.test_command,
        human: arguments.human,
        signing_key: arguments.signing_key.as_ref().map(|file| context.path(file)),
        instructions: !arguments.no_agents_md,
        skills: arguments.skills,
        commit: !arguments.no_commit,
    };
    let target = Target { reference: None, detach: false, dry_run };
    let outcome = bringing::init(&site, &target, &request)?;
    let hooks = if arguments.no_hooks { Ok(Vec::new()) } else { install_hooks(&site, &context.ui, dry_run) };
    let (hooks, failure) = match hooks {
        Ok(hooks) => (hooks, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let hooks_changed = hooks.iter().any(|hook| hook.step != Step::Kept.word());
    let nothing = outcome.done == Done::Nothing && outcome.uncommitted.is_empty() && !hooks_changed;
    let body = Body {
        done: match outcome.done {
            Done::SetUp => "set-up",
            Done::Added => "added",
            Done::Nothing if hooks_changed => "added",
            Done::Nothing => "nothing",
        },
        commits: outcome.commits.iter().map(ToString::to_string).collect(),
        branch: outcome.branch.as_deref().map(|name| short_branch(name).to_owned()),
        paths: outcome.paths.iter().map(ToString::to_string).collect(),
        uncommitted: outcome.uncommitted.iter().map(ToString::to_string).collect(),
        kept: outcome.kept.iter().map(|kept| KeptBody { path: kept.path.to_string(), why: kept.why.clone() }).collect(),
        profiles: outcome.profiles.iter().map(ToString::to_string).collect(),
        human: outcome.human.as_ref().map(|(name, email)| HumanBody { name: name.to_string(), email: email.clone() }),
        test_command: outcome
            .test_command
            .as_ref()
            .map(|command| TestBody { run: command.run.clone(), found_in: command.found_in }),
        without_command: outcome
            .without_command
            .iter()
            .map(|(profile, command)| CommandBody {
                profile: profile.to_string(),
                command: command.to_string(),
                file: layout::profile_file(profile).to_string(),
            })
            .collect(),
        proofs: outcome.proofs.iter().map(|proof| proof.as_str()).collect(),
        key: outcome.key.clone(),
        hooks,
        hooks_error: failure.as_ref().map(ToString::to_string),
        notes: outcome.notes.clone(),
        dry_run,
    };
    context.ui.show(&body, |page| fill(page, &body, nothing, request.commit));
    if !outcome.report.violations.is_empty() {
        remarks(&context.ui, &outcome.report);
    }
    if let Some(error) = &failure {
        warn_hooks(&context.ui, error);
    }
    advise(&context.ui, &body, &request);
    Ok(Outcome::Done)
}

fn install_hooks(site: &Site<'_>, ui: &Ui, dry_run: bool) -> Result<Vec<HookBody>, InstallError> {
    let done = install::install(site, Hook::CLIENT, dry_run)?;
    tell_installed(ui, &done, dry_run);
    Ok(done.steps.iter().map(|(hook, step)| HookBody { hook: hook.name(), step: step.word() }).collect())
}

/// Without hooks the laws still hold in `check`: that is no failure of setting up.
fn warn_hooks(ui: &Ui, error: &InstallError) {
    ui.warning(format!("git's hooks were not installed: {error}"));
    if let Some(hint) = error.hint() {
        ui.hint(hint);
    }
    if !matches!(error, InstallError::Bare) {
        ui.hint("then: agentops hooks install");
    }
}

fn fill(page: &mut Page, body: &Body, nothing: bool, commits: bool) {
    let would = if body.dry_run { "would be " } else { "" };
    let place = body.branch.as_deref().map(|branch| format!(" on {branch}")).unwrap_or_default();
    if nothing {
        let kept = if body.dry_run { "nothing would be done" } else { "nothing was done" };
        page.line([strong("already set up"), plain(format!(": {kept}"))]);
        return;
    }
    match (body.done, commits) {
        ("set-up", true) => page.line([strong("agentops"), plain(format!(" {} set up{place}", is(body.dry_run)))]),
        ("set-up", false) => {
            let verb = is(body.dry_run);
            page.line([
                strong("agentops"),
                plain(format!(" {verb} laid out in the working tree, neither staged nor committed")),
            ]);
        }
        _ => page.line([strong("already set up"), plain(format!(": what was missing {would}added{place}"))]),
    }
    let mut table = Table::without_headings();
    let mut row = |name: &str, text: String| {
        if !text.is_empty() {
            table.row([dim(format!("  {name}")), plain(text)]);
        }
    };
    row("commit", body.commits.iter().map(|id| id[..12.min(id.len())].to_owned()).collect::<Vec<_>>().join(", "));
    row("profiles", body.profiles.join(", "));
    if let Some(human) = &body.human {
        let email = human.email.as_deref().map(|email| format!(" <{email}>")).unwrap_or_default();
        row("you", format!("{}{email}, owner and reviewer", human.name));
    }
    if let Some(command) = &body.test_command {
        let origin = command.found_in.map_or("as given".to_owned(), |file| format!("because of {file}"));
        row("tests", format!("{} ({origin})", command.run.join(" ")));
    }
    if !body.proofs.is_empty() {
        row(
            "votes",
            match &body.key {
                Some(key) => format!("by {}, with your key {key}", Proof::Signature.as_str()),
                None => format!("by {}, which is {}", Proof::Terminal.as_str(), Proof::Terminal.honest()),
            },
        );
    }
    for step in [Step::Written, Step::Replaced, Step::Chained, Step::SetAside, Step::LeftAlone] {
        let hooks: Vec<&str> =
            body.hooks.iter().filter(|hook| hook.step == step.word()).map(|hook| hook.hook).collect();
        if !hooks.is_empty() {
            row("hooks", format!("{} {would}{}", hooks.join(", "), step.word()));
        }
    }
    let outside: Vec<&str> =
        body.paths.iter().map(String::as_str).filter(|path| !path.starts_with(layout::ROOT)).collect();
    let inside = body.paths.len() - outside.len();
    let mut files: Vec<String> = Vec::new();
    if inside > 0 {
        files.push(format!("{inside} below {}/", layout::ROOT));
    }
    files.extend(outside.iter().map(|path| (*path).to_owned()));
    row("files", files.join(", "));
    page.table(&table);
    if body.done != "set-up" && !commits && !body.paths.is_empty() {
        page.text(format!("{would}written, not staged and not committed"));
    }
    for path in &body.uncommitted {
        page.line([plain(format!(
            "{path}: the block {would}put into the working tree, not committed: the file holds work of yours"
        ))]);
    }
    for kept in &body.kept {
        page.line([plain("kept "), strong(&kept.path), plain(format!(": {}", kept.why))]);
    }
}

fn is(dry_run: bool) -> &'static str {
    if dry_run { "would be" } else { "is" }
}

/// What comes next, a command each.
fn advise(ui: &Ui, body: &Body, request: &Request) {
    for note in &body.notes {
        ui.warning(note);
    }
    if !body.without_command.is_empty() && ui.mode() == Mode::Human && !ui.settings().quiet {
        let names: Vec<String> = body
            .without_command
            .iter()
            .map(|missing| format!("`[commands.{}]` in {}", missing.command, missing.file))
            .collect();
        ui.hint(format!(
            "no command line yet, so gates that want it cannot pass:\n{}\nfill in `run`, then: agentops policy amend \
             --reason \"…\"",
            names.join("\n")
        ));
    }
    if body.done != "set-up" {
        return;
    }
    if !request.commit && !body.paths.is_empty() {
        ui.hint("look at the files, then: agentops init   (it commits exactly them, as they are)");
    } else if let Some(first) = body.profiles.first().filter(|_| !body.dry_run) {
        let profile = body.profiles.iter().find(|name| *name == "product-dev").unwrap_or(first);
        ui.hint(format!("agentops task new \"…\" --profile {profile}"));
    }
}
