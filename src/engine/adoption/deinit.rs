//! `deinit`: takes agentops out of a repository again, in one commit that gives back the tree from before.
//!
//! No law allows this step, so nothing judges it here; the person who typed the project's name decided it. Uncommitted
//! work below `.agentops` stays where it lies. Git hooks are taken out by the command line.

use super::init::{self, instructions, skills};
use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::engine::writing::transact::{Draft, Ground, Target, dismantle, refuse_operation};
use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::tree::{Mode, SightError, TreeView};
use crate::workflow::chain;

/// Deeper than any tree that the laws let in.
const MAX_DEPTH: usize = 32;

/// What `deinit` would take away: for the person who is to confirm it.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// What has to be typed to confirm: the name of the folder that the repository is in.
    pub project: String,
    /// How many files lie below `.agentops` at HEAD.
    pub files: usize,
    /// How many tasks are neither done nor abandoned.
    pub open_tasks: usize,
}

/// What came of `deinit`.
#[derive(Debug, Clone)]
pub struct Removed {
    /// The commit; `None` in a dry run.
    pub commit: Option<ObjectId>,
    /// The branch that moved, full name.
    pub branch: Option<String>,
    /// The paths that the commit changes.
    pub paths: Vec<RepoPath>,
    /// Files that changed in the working tree alone.
    pub uncommitted: Vec<RepoPath>,
    /// What could not be done once the commit had been made, and what finishes it.
    pub unfinished: Option<String>,
    /// What still lies below `.agentops` in the working tree: it was never committed.
    pub left: Vec<RepoPath>,
}

/// What there is to take away.
pub fn inventory(site: &Site) -> Result<Inventory, EngineError> {
    let top = site.repo.worktree_view().map(|_| site.repo.work_dir())?;
    refuse_operation(site)?;
    let ground = Ground::head(&site.repo)?;
    if !ground.is_governed()? {
        return Err(EngineError::refused(
            "agentops is not set up at HEAD: there is nothing to take away",
            "what lies in the working tree and was never committed is yours: git status .agentops",
        ));
    }
    let files = files_below(&ground.tree, &layout::ROOT.into(), 0)?.len();
    let project = top.and_then(|top| top.file_name()).map(|name| name.to_string_lossy().into_owned());
    // A policy that cannot be read is one more reason to leave.
    let open_tasks = match site.base() {
        Ok(base) => {
            let mut open = 0;
            for profile in base.policy.profiles.keys() {
                for task in chain::tasks(&base.tree, profile)? {
                    let name = chain::standing_by_name(&base.tree, profile, &task)?;
                    open += usize::from(name.is_none_or(|name| name.status.is_open()));
                }
            }
            open
        }
        Err(_) => 0,
    };
    Ok(Inventory { project: project.unwrap_or_else(|| "repository".into()), files, open_tasks })
}

/// Takes everything away that `init` brought and that was written since, in one commit.
pub fn deinit(site: &Site, target: &Target) -> Result<Removed, EngineError> {
    inventory(site)?;
    let rehearsal;
    let site = if target.dry_run {
        rehearsal = site.rehearsal();
        &rehearsal
    } else {
        site
    };
    let way = instructions::Way::Out;
    let mut committed = dismantle(site, target, |ground| {
        let plan = instructions::plan(site, ground, way)?;
        let mut files: Vec<(RepoPath, Option<Vec<u8>>)> =
            files_below(&ground.tree, &layout::ROOT.into(), 0)?.into_iter().map(|path| (path, None)).collect();
        let count = files.len();
        files.extend(skills::unchanged(&ground.tree)?.into_iter().map(|path| (path, None)));
        files.extend(plan.files.iter().cloned());
        Ok(Draft { files, message: message(site, count), outcome: plan })
    })?;
    if !target.dry_run {
        instructions::follow_commit(site, &mut committed, way);
    }
    let left = match target.dry_run {
        true => Vec::new(),
        false => files_below(&site.repo.worktree_view()?, &layout::ROOT.into(), 0)?,
    };
    Ok(Removed {
        commit: committed.commit,
        branch: committed.branch,
        paths: committed.paths,
        uncommitted: committed.outcome.uncommitted,
        unfinished: committed.unfinished,
        left,
    })
}

fn message(site: &Site, count: usize) -> String {
    let texts = init::Texts {
        context: "From here on people and agents work in this repository without phases, gates and `agentops check`.",
        solution: &format!(
            "Removes the {count} files below `.agentops/`, the block for agents and unchanged skills; what was there before is as it was."
        ),
        learning: "AO-E7 refuses this commit because whoever could remove the judge by a commit could remove every \
                   gate: only an administrator who may bypass `agentops check` lands it.",
        impact: "No law judges what follows. Tasks, votes and learnings stay readable in history; `git revert` of \
                 this commit brings them back.",
    };
    init::message(site, &crate::config::defaults().sections, "chore", "remove agentops", &texts)
}

/// Every file at or below `path`.
fn files_below(tree: &dyn TreeView, path: &RepoPath, depth: usize) -> Result<Vec<RepoPath>, SightError> {
    if depth > MAX_DEPTH {
        return Err(SightError::Failed(format!("`{path}` lies deeper than {MAX_DEPTH} folders")));
    }
    match tree.entry(path)? {
        None => Ok(Vec::new()),
        Some(entry) if entry.mode != Mode::Tree => Ok(vec![path.clone()]),
        Some(_) => {
            let mut files = Vec::new();
            for entry in tree.list(path)? {
                files.extend(files_below(tree, &path.join(&entry.name), depth + 1)?);
            }
            Ok(files)
        }
    }
}
