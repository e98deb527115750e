//! `agentops deinit`: taking agentops out of a repository again.

use clap::Args;
use serde::Serialize;

use super::acting::short_branch;
use super::hooks::tell_removed;
use super::init::HookBody;
use super::{CommandError, Context, Outcome, Writing};
use crate::engine::adoption::deinit::{self as taking, Inventory, Removed};
use crate::engine::writing::transact::Target;
use crate::hooks::install::{self, Step};
use crate::model::escape::shell_word;
use crate::model::layout;
use crate::ui::{Page, Table, Ui, dim, plain, strong, warning};

/// Take agentops out of this repository again
///
/// One commit removes `.agentops/` and the block for agents, and gives back what was there before; hooks that were there
/// before run again. Tasks, votes and learnings stay in history alone. Landing that commit is an administrator's act:
/// `check` refuses it.
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops deinit --dry-run
  agentops deinit
  agentops deinit --confirm my-project")]
pub struct Arguments {
    /// Confirm by the name of the folder that the repository is in, instead of typing it when asked
    #[arg(long, value_name = "PROJECT")]
    confirm: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Serialize)]
struct RemovedBody {
    project: String,
    commit: Option<String>,
    branch: Option<String>,
    paths: Vec<String>,
    uncommitted: Vec<String>,
    left: Vec<String>,
    open_tasks: usize,
    hooks: Vec<HookBody>,
    dry_run: bool,
}

/// Takes agentops away, after a person confirmed it.
pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let dry_run = arguments.writing.dry_run;
    let inventory = taking::inventory(&site)?;
    if !dry_run {
        confirm(arguments.confirm.as_deref(), &inventory, &context.ui)?;
    }
    let mut removed = taking::deinit(&site, &Target { reference: None, detach: false, dry_run })?;
    let hooks = install::uninstall(&site, dry_run);
    let steps = hooks.as_ref().map(|done| done.steps.as_slice()).unwrap_or_default();
    let hooks_body = steps
        .iter()
        .filter(|(_, step)| !matches!(step, Step::Kept))
        .map(|(hook, step)| HookBody { hook: hook.name(), step: step.word() });
    let unfinished = removed.unfinished.take();
    let body = removed_body(removed, &inventory, hooks_body.collect(), dry_run);
    context.ui.show(&body, |page| fill_removed(page, &body));
    if let Some(unfinished) = unfinished {
        context.ui.warning(unfinished);
    }
    match hooks {
        Ok(done) => tell_removed(&context.ui, &done, dry_run),
        Err(error) => {
            context.ui.warning(format!("git's hooks are as they were: {error}"));
            context.ui.hint("agentops hooks uninstall");
        }
    }
    context.ui.warning(
        "landing this is an administrator's act: AO-E7 refuses it in `agentops check`, and only who may bypass that \
         check can bring it onto a protected branch",
    );
    if !dry_run {
        context.ui.hint("to undo it: git revert HEAD && agentops hooks install");
    }
    Ok(Outcome::Done)
}

fn removed_body(removed: Removed, inventory: &Inventory, hooks: Vec<HookBody>, dry_run: bool) -> RemovedBody {
    let texts = |paths: &[crate::model::path::RepoPath]| paths.iter().map(ToString::to_string).collect();
    RemovedBody {
        project: inventory.project.clone(),
        commit: removed.commit.map(|id| id.to_string()),
        branch: removed.branch.as_deref().map(|name| short_branch(name).to_owned()),
        paths: texts(&removed.paths),
        uncommitted: texts(&removed.uncommitted),
        left: texts(&removed.left),
        open_tasks: inventory.open_tasks,
        hooks,
        dry_run,
    }
}

/// The name of the project, by flag or typed.
fn confirm(given: Option<&str>, inventory: &Inventory, ui: &Ui) -> Result<(), CommandError> {
    let project = &inventory.project;
    let flag = || format!("confirm it with `--confirm {}`, the name of this repository's folder", shell_word(project));
    match given {
        Some(name) if name == project => return Ok(()),
        Some(name) => {
            return Err(CommandError::usage(format!("`--confirm {name}` is not this project")).hint(flag()));
        }
        None => {}
    }
    if !ui.can_ask() {
        let error = CommandError::usage("taking agentops away has to be confirmed by a person");
        return Err(error.hint(flag()).hint("to see what would go: agentops deinit --dry-run"));
    }
    ui.aside(|page| {
        page.line([
            warning("This removes"),
            plain(format!(
                " the {} files of {}/ and ends {} open task{}; history keeps them.",
                inventory.files,
                layout::ROOT,
                inventory.open_tasks,
                if inventory.open_tasks == 1 { "" } else { "s" }
            )),
        ]);
    });
    let typed = ui.ask(format!("Type the project's name, {project}, to go on:"), |answer| Ok(answer.to_owned()))?;
    if typed == *project {
        return Ok(());
    }
    Err(CommandError::failed("not confirmed: nothing was done"))
}

fn fill_removed(page: &mut Page, body: &RemovedBody) {
    let place = body.branch.as_deref().unwrap_or("HEAD");
    match &body.commit {
        Some(id) => page
            .line([strong("agentops is taken out"), plain(format!(" of {place}, commit {}", &id[..12.min(id.len())]))]),
        None => page.line([strong("agentops would be taken out"), plain(format!(" of {place}; nothing was written"))]),
    }
    let inside = body.paths.iter().filter(|path| path.starts_with(layout::ROOT)).count();
    let mut table = Table::without_headings();
    table.row([dim("  removed"), plain(format!("{inside} files below {}/", layout::ROOT))]);
    for path in body.paths.iter().filter(|path| !path.starts_with(layout::ROOT)).chain(&body.uncommitted) {
        table.row([dim("  block out of"), plain(path)]);
    }
    for hook in &body.hooks {
        table.row([dim("  hook"), plain(format!("{} {}", hook.hook, hook.step))]);
    }
    table.row([dim("  open tasks"), plain(body.open_tasks)]);
    page.table(&table);
    if !body.left.is_empty() {
        let what = match body.left.len() {
            1 => format!("1 file below {}/ was never committed and still lies there:", layout::ROOT),
            count => format!("{count} files below {}/ were never committed and still lie there:", layout::ROOT),
        };
        page.line([plain(what)]);
        for path in body.left.iter().take(10) {
            page.line([dim(format!("  {path}"))]);
        }
    }
}
