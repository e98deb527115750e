//! `agentops hooks`: installing git's hooks, how they stand, running one, what others left behind.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use serde::Serialize;

use super::command::Writing;
use super::{CommandError, Context, ErrorKind, Outcome, git_hook};
use crate::engine::judging::unguarded::{self, Unguarded};
use crate::engine::writing::leftovers;
use crate::engine::{EngineError, Site};
use crate::hooks::install::{self, Chained, Done, InstallError, Kept, Proof, State, Status, Step, Why};
use crate::hooks::{Call, Hook, Manager, Probe};
use crate::model::law_id::{LawId, Level};
use crate::ui::{ReportBody, Table, Ui, good, plain, strong, warning};

/// Unpushed commits up to here are judged by `hooks status`, the newest ones.
const MOST_UNGUARDED: usize = 200;

/// Install git's hooks, see how they stand, run one of them
#[derive(Debug, clap::Subcommand)]
#[command(before_long_help = "Examples:
  agentops hooks install
  agentops hooks status
  agentops hooks run pre-commit")]
pub enum Verb {
    Install(InstallArguments),
    Uninstall(UninstallArguments),
    Status(StatusArguments),
    Run(RunArguments),
    AfterPush(AfterPushArguments),
}

/// Write the hooks into git's hooks folder; hooks of others are kept and run first
///
/// A hook file starts this very binary. Running it again changes nothing; running it with another binary writes that one
/// into the hooks.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops hooks install
  agentops hooks install --dry-run
  agentops hooks install --strict
  agentops hooks install --server")]
pub struct InstallArguments {
    /// In a repository that is pushed to: the `pre-receive` hook, which judges every push before anything moves
    #[arg(long)]
    server: bool,
    /// Also a `reference-transaction` hook, which refuses commits made past the others: by `--no-verify`, a rebase, a
    /// cherry-pick
    #[arg(long, conflicts_with = "server")]
    strict: bool,
    #[command(flatten)]
    writing: Writing,
}

/// Remove the hooks and put back what was there before, byte for byte
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops hooks uninstall
  agentops hooks uninstall --dry-run")]
pub struct UninstallArguments {
    #[command(flatten)]
    writing: Writing,
}

/// Show which hooks are installed and which binary they name; exit 1 unless all are in order, and with `--prove` proved
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops hooks status
  agentops hooks status --prove
  agentops hooks status --json")]
pub struct StatusArguments {
    /// Run the hooks of others that are to call agentops, with all that they do, to see whether they ask it and heed it
    #[arg(long)]
    prove: bool,
}

/// Run a hook by hand, or from the hooks of another program
///
/// It judges what is staged, or the message or push that it is told of, exactly as git's hook would. A chained hook is not
/// run.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops hooks run pre-commit
  agentops hooks run commit-msg .git/COMMIT_EDITMSG")]
pub struct RunArguments {
    /// pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push, reference-transaction or pre-receive
    #[arg(value_name = "NAME")]
    name: String,
    /// What git would hand to the hook
    #[arg(value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

/// Name what hooks left behind: tracked files that are not as in HEAD, commits after a revision
///
/// Exits 3 where there is any. After a push or a commit of everything the working tree should be clean.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops hooks after-push
  agentops hooks after-push --since origin/main")]
pub struct AfterPushArguments {
    /// Also name the commits that came after this one
    #[arg(long, value_name = "REV")]
    since: Option<String>,
}

#[derive(Serialize)]
struct DoneBody<'a> {
    folder: String,
    dry_run: bool,
    hooks: Vec<StepBody<'a>>,
}

#[derive(Serialize)]
struct StepBody<'a> {
    hook: &'a str,
    step: &'a str,
}

#[derive(Serialize)]
struct StatusBody {
    installed: bool,
    hooks: Vec<HookBody>,
    /// A folder with hooks of agentops that git does not look into.
    passed_by: Option<String>,
    /// Commits of HEAD that no remote has and that the hooks would not have let pass.
    unguarded: Vec<UnguardedBody>,
    /// So many were judged, the newest, where there are more; otherwise all were.
    unguarded_among_newest: Option<usize>,
}

#[derive(Serialize)]
struct UnguardedBody {
    commit: String,
    subject: String,
    laws: Vec<&'static str>,
}

#[derive(Serialize)]
struct HookBody {
    hook: &'static str,
    state: String,
    file: String,
    binary: Option<String>,
    /// Whether a foreign hook is run first.
    chained: bool,
    #[serde(skip)]
    chained_word: &'static str,
    /// The hook manager whose file is in the hook's place.
    manager: Option<&'static str>,
    #[serde(skip)]
    in_order: bool,
}

/// Runs one of the verbs.
pub(super) fn run(verb: Verb, context: &mut Context) -> Result<Outcome, CommandError> {
    match verb {
        Verb::Install(arguments) => {
            let hooks = match (arguments.server, arguments.strict) {
                (true, _) => Hook::SERVER.to_vec(),
                (false, true) => [Hook::CLIENT, Hook::STRICT].concat(),
                (false, false) => Hook::CLIENT.to_vec(),
            };
            change(context, arguments.writing.dry_run, "installed", |site, dry_run| {
                install::install(site, &hooks, dry_run)
            })
        }
        Verb::Uninstall(arguments) => uninstall(context, arguments.writing.dry_run),
        Verb::Status(arguments) => status(&arguments, context),
        Verb::Run(arguments) => run_hook(arguments, context),
        Verb::AfterPush(arguments) => after_push(&arguments, context),
    }
}

fn not_done(error: InstallError) -> CommandError {
    match error {
        InstallError::Engine(error) => error.into(),
        error => {
            let hint = error.hint();
            hint.into_iter().fold(CommandError::failed(error), CommandError::hint)
        }
    }
}

fn change(
    context: &Context,
    dry_run: bool,
    verb: &str,
    act: impl FnOnce(&Site<'_>, bool) -> Result<Done, InstallError>,
) -> Result<Outcome, CommandError> {
    let done = act(&context.site(None)?, dry_run).map_err(not_done)?;
    let body = DoneBody {
        folder: done.folder.display().to_string(),
        dry_run,
        hooks: done.steps.iter().map(|(hook, step)| StepBody { hook: hook.name(), step: step.word() }).collect(),
    };
    context.ui.show(&body, |page| {
        let mut table = Table::new(["hook", if dry_run { "would be" } else { "is" }]);
        for step in &body.hooks {
            table.row([strong(step.hook), plain(step.step)]);
        }
        page.table(&table);
    });
    let would = if dry_run { "would be " } else { "" };
    let is_done = |step: Step| !matches!(step, Step::Kept | Step::LeftAlone);
    if verb == "removed" && !done.steps.iter().any(|(_, step)| is_done(*step)) {
        context.ui.talk(format!("no hooks of agentops are in {}", body.folder));
    } else {
        context.ui.talk(format!("hooks {would}{verb} in {}", body.folder));
    }
    if verb == "installed" {
        tell_installed(&context.ui, &done, dry_run);
    } else {
        tell_removed(&context.ui, &done, dry_run);
    }
    // An installation that left a hook out is not whole.
    let is_whole = verb != "installed" || done.steps.iter().all(|(_, step)| *step != Step::LeftAlone);
    Ok(if is_whole { Outcome::Done } else { Outcome::Ended(ErrorKind::Failure) })
}

/// What somebody who installed hooks should know of those that were there before.
pub(super) fn tell_installed(ui: &Ui, done: &Done, dry_run: bool) {
    warn_kept(ui, done, dry_run);
    if done.kept.iter().any(|kept| kept.why == Why::Edited) {
        ui.hint(format!(
            "what is to run besides agentops goes into a hook of its own, for example `pre-commit{}`, which runs first",
            install::CHAINED
        ));
    }
    if done.steps.iter().any(|(_, step)| *step == Step::Chained) {
        ui.hint("chained hooks keep running, before those of agentops; `agentops hooks uninstall` puts them back");
    }
    for remark in &done.remarks {
        ui.warning(remark);
    }
    if done.is_in_work_tree && done.steps.iter().any(|(_, step)| *step != Step::Kept) {
        ui.warning(
            "this folder is part of the working tree, and the hooks name a binary of this machine: do not commit them",
        );
    }
}

/// What somebody who removed hooks should know of those that are there now.
pub(super) fn tell_removed(ui: &Ui, done: &Done, dry_run: bool) {
    if let Some(folder) = &done.passed_by {
        ui.talk(format!("and in {}, which git passes by because of `core.hooksPath`", folder.display()));
    }
    warn_kept(ui, done, dry_run);
    for remark in &done.remarks {
        ui.warning(remark);
    }
}

/// Names the hook files that nothing runs any more.
fn warn_kept(ui: &Ui, done: &Done, dry_run: bool) {
    let is = if dry_run { "would be" } else { "is" };
    for Kept { from, to, why } in &done.kept {
        let (from, to) = (from.display(), to.display());
        ui.warning(match why {
            Why::Replaced => format!(
                "the chained hook `{from}` {is} kept as `{to}`, which nothing runs: its own program wrote another one since"
            ),
            Why::Edited => format!(
                "the hook of agentops `{from}` is not as it was written: what stands there {is} kept as `{to}`, which nothing runs"
            ),
        });
    }
}

fn uninstall(context: &Context, dry_run: bool) -> Result<Outcome, CommandError> {
    change(context, dry_run, "removed", install::uninstall)
}

fn names(all: &[Status], which: impl Fn(&Status) -> bool) -> Vec<&'static str> {
    all.iter().filter(|status| which(status)).map(|status| status.hook.name()).collect()
}

/// What the table cannot say: who stands in the hooks' place, and where ours are that nothing runs.
fn explain(site: &Site<'_>, all: &[Status], passed_by: Option<&str>, ui: &Ui) -> Result<(), CommandError> {
    for manager in Manager::ALL {
        let by = |status: &Status| status.manager == Some(manager);
        let kept = names(all, |status| by(status) && !matches!(status.state, State::Foreign | State::Calls));
        if !kept.is_empty() {
            ui.talk(format!("{} runs the hooks of agentops before its own: {}", manager.name(), kept.join(", ")));
        }
        let foreign = names(all, |status| by(status) && status.state == State::Foreign);
        if !foreign.is_empty() {
            let name = manager.name();
            ui.warning(format!("these hooks are {name}'s and do not call agentops: {}", foreign.join(", ")));
        }
    }
    for status in all {
        if let State::NoFile(kind) = status.state {
            ui.warning(format!("`{}` is {kind}, which git cannot run: remove it", status.file.display()));
        }
    }
    tell_proof(all, ui);
    for status in all.iter().filter(|status| !status.is_in_order()) {
        if let Some(file) = &status.idle {
            ui.warning(format!("nothing runs the hook of agentops that was moved to `{}`", file.display()));
        }
    }
    if let Some(folder) = passed_by {
        let now = site.repo.hooks_dir().map_err(EngineError::from)?;
        ui.warning(format!(
            "git does not run the hooks of agentops in `{folder}`: `core.hooksPath` leads it to `{}`",
            now.display()
        ));
    }
    Ok(())
}

/// What is known of hooks that are not ours and are to call us.
fn tell_proof(all: &[Status], ui: &Ui) {
    let by = |proof| names(all, |status| status.proof == proof).join(", ");
    let told = [
        (
            Probe::StoppedBefore,
            "stopped before they asked agentops, so nothing is proved: try where their own checks pass",
        ),
        (Probe::WentOn, "asked agentops and went on although it refused: end the line that calls it in `|| exit 1`"),
        (
            Probe::NotAsked,
            "came to their end and did not ask agentops: the line that calls it is not reached, or they found nothing to do, as \
             lefthook where nothing is staged",
        ),
    ];
    for (probe, what) in told {
        let hooks = by(Proof::Tried(probe));
        if !hooks.is_empty() {
            ui.warning(format!("these hooks {what}: {hooks}"));
        }
    }
    let untried = by(Proof::Untried);
    if !untried.is_empty() {
        ui.hint(format!(
            "whether these hooks come to their call of agentops, and heed it, shows only when they run: {untried}; `agentops hooks \
             status --prove` runs them, with all that they do"
        ));
    }
}

fn status(arguments: &StatusArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let mut all = install::status(&site).map_err(not_done)?;
    if arguments.prove {
        for status in &mut all {
            install::prove(&site, status).map_err(not_done)?;
        }
    }
    let passed_by = install::passed_by(&site).map_err(not_done)?.map(|folder| folder.display().to_string());
    let installed = all.iter().all(Status::is_in_order);
    let search = unguarded::unpushed(&site, MOST_UNGUARDED)?;
    let body = StatusBody {
        installed,
        hooks: all.iter().map(hook_body).collect(),
        passed_by,
        unguarded: search.found.iter().map(unguarded_body).collect(),
        unguarded_among_newest: search.is_cut.then_some(MOST_UNGUARDED),
    };
    context.ui.show(&body, |page| {
        let mut table = Table::new(["hook", "state", "chained", "binary"]);
        for hook in &body.hooks {
            let state = if hook.in_order { good(&hook.state) } else { warning(&hook.state) };
            table.row([
                strong(hook.hook),
                state,
                plain(hook.chained_word),
                plain(hook.binary.as_deref().unwrap_or_default()),
            ]);
        }
        page.table(&table);
    });
    explain(&site, &all, body.passed_by.as_deref(), &context.ui)?;
    for commit in &body.unguarded {
        context.ui.warning(format!(
            "unguarded: {} `{}` went past the hooks and breaks {}",
            &commit.commit[..12],
            commit.subject,
            commit.laws.join(", ")
        ));
    }
    if let Some(judged) = body.unguarded_among_newest {
        context.ui.warning(format!(
            "there may be more: of the commits that no remote has, only the newest {judged} were judged; `agentops check --base \
             REV` judges all after REV"
        ));
    }
    if installed {
        return Ok(Outcome::Done);
    }
    // What was tried is somebody else's, and no installation mends it.
    if all.iter().all(|status| status.is_in_order() || matches!(status.proof, Proof::Tried(_))) {
        return Ok(Outcome::Ended(ErrorKind::Failure));
    }
    let own = if site.repo.is_bare() { Hook::SERVER } else { Hook::CLIENT };
    // What a dry run of the installation refuses, an installation would.
    let remedy = install::install(&site, own, true).err().and_then(|error| error.hint());
    let install = if site.repo.is_bare() { "agentops hooks install --server" } else { "agentops hooks install" };
    context.ui.hint(remedy.unwrap_or_else(|| format!("`{install}` puts all of them in place")));
    Ok(Outcome::Ended(ErrorKind::Failure))
}

fn unguarded_body(found: &Unguarded) -> UnguardedBody {
    let errors = found.report.violations.iter().filter(|violation| violation.level == Level::Error);
    let laws: BTreeSet<_> = errors.map(|violation| violation.law).collect();
    UnguardedBody {
        commit: found.commit.id.map(|id| id.to_string()).unwrap_or_default(),
        subject: found.commit.message.lines().next().unwrap_or_default().to_owned(),
        laws: laws.into_iter().map(LawId::as_str).collect(),
    }
}

fn hook_body(status: &Status) -> HookBody {
    HookBody {
        hook: status.hook.name(),
        state: status.words(),
        file: status.file.display().to_string(),
        binary: status.state.binary().map(|binary| binary.display().to_string()),
        chained: status.chained == Chained::Run,
        chained_word: status.chained.word(),
        manager: status.manager.map(Manager::name),
        in_order: status.is_in_order(),
    }
}

fn run_hook(arguments: RunArguments, context: &Context) -> Result<Outcome, CommandError> {
    let Some(hook) = Hook::by_name(&arguments.name) else {
        let names: Vec<&str> = Hook::all().map(Hook::name).collect();
        let error = CommandError::usage(format!("there is no hook `{}`", arguments.name));
        return Err(match super::usage::nearest(&arguments.name, names.iter().copied()) {
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None => error.hint(format!("there are: {}", names.join(", "))),
        });
    };
    if let Some(extra) = arguments.arguments.get(hook.most_arguments()) {
        let most = match hook.most_arguments() {
            0 => "no argument",
            1 => "one argument",
            2 => "two arguments",
            _ => "three arguments",
        };
        let extra = extra.to_string_lossy();
        let error = CommandError::usage(format!("`{}` takes {most}: `{extra}` is one too many", hook.name()));
        // pre-commit and prek hand over the names of staged files unless told not to.
        return Err(match hook.most_arguments() {
            0 => error.hint("where a hook manager starts it: have it pass no file names (`pass_filenames: false`)"),
            _ => error,
        });
    }
    // Git runs its hooks at the top of the working tree.
    let top = context.site(None)?.repo.work_dir().map(Path::to_owned);
    let dir = top.as_deref().unwrap_or(&context.dir);
    let arguments = arguments.arguments.into_iter();
    let arguments = match hook {
        Hook::CommitMsg | Hook::PrepareCommitMsg => {
            let mut rest = arguments;
            rest.next().map(|file| context.path(Path::new(&file)).into_os_string()).into_iter().chain(rest).collect()
        }
        _ => arguments.collect(),
    };
    let call = Call { hook, file: None, arguments, dir, env: &context.env, clock: &context.clock };
    let passes = git_hook::answer(&call, &context.ui);
    Ok(if passes { Outcome::Done } else { Outcome::Ended(ErrorKind::Failure) })
}

fn after_push(arguments: &AfterPushArguments, context: &Context) -> Result<Outcome, CommandError> {
    let report = leftovers::after_push(&context.site(None)?, arguments.since.as_deref())?;
    let body = ReportBody::of(&report);
    context.ui.show(&body, |page| body.fill(page));
    Ok(if report.passes() { Outcome::Done } else { Outcome::Ended(ErrorKind::Law) })
}
