//! `AGENTS.md` and `CLAUDE.md`: the block in what is committed, staged and lying in the working tree.
//!
//! A commit of ours changes the committed file by the block alone. Where the file is staged or edited besides, that work
//! stays: the staged and the edited version get the same change, uncommitted.

use super::Kept;
use super::block::{self, Edited};
use crate::config::builtin;
use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::engine::writing::transact::{Committed, Ground};
use crate::git::TreeEdit;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, TreeView};

/// Read by most agent clients; created where there is none.
const AGENTS: &str = "AGENTS.md";
/// Read by one client instead of the other; never created.
const CLAUDE: &str = "CLAUDE.md";

/// Which way the block goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Into the files.
    In,
    /// Out of them.
    Out,
}

impl Way {
    fn edit(self, file: &[u8]) -> Edited {
        match self {
            Self::In => block::put(Some(file), builtin::AGENTS_BLOCK),
            Self::Out => block::take(file),
        }
    }
}

/// What is to happen to the two files.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What the commit changes.
    pub(crate) files: Vec<(RepoPath, Option<Vec<u8>>)>,
    /// Files that are not committed yet: they change in the working tree alone.
    pub(crate) uncommitted: Vec<RepoPath>,
    /// Files that are left alone, and why.
    pub(crate) kept: Vec<Kept>,
}

impl Plan {
    /// Whether there is nothing to do anywhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.uncommitted.is_empty()
    }
}

/// What is at a path.
enum Content {
    Absent,
    File(Vec<u8>),
    Other,
}

fn read(tree: &dyn TreeView, path: &RepoPath) -> Result<Content, EngineError> {
    Ok(match tree.entry(path)? {
        None => Content::Absent,
        Some(entry) if entry.mode.is_file() => match tree.file(path, MAX_TEXT_FILE)? {
            Some(bytes) => Content::File(bytes),
            None => Content::Absent,
        },
        Some(_) => Content::Other,
    })
}

/// Decides what the commit on `ground` changes.
pub(crate) fn plan(site: &Site, ground: &Ground<'_>, way: Way) -> Result<Plan, EngineError> {
    let worktree = site.repo.worktree_view()?;
    let mut plan = Plan::default();
    for name in [AGENTS, CLAUDE] {
        let path = RepoPath::from(name);
        let keep = |plan: &mut Plan, why: &str| {
            if way == Way::In {
                plan.kept.push(Kept { path: path.clone(), why: why.to_owned() });
            }
        };
        let (committed, lying) = (read(&ground.tree, &path)?, read(&worktree, &path)?);
        if matches!(committed, Content::Other) || matches!(lying, Content::Other) {
            keep(&mut plan, "it is no plain file");
            continue;
        }
        if way == Way::In && is_converted(site, name)? {
            keep(&mut plan, "git converts it by a filter or into another encoding; put the block in by hand");
            continue;
        }
        if name == CLAUDE && [&committed, &lying].iter().any(|content| imports_agents(content)) && way == Way::In {
            keep(&mut plan, "it imports AGENTS.md, where the block is");
            continue;
        }
        match (committed, lying) {
            (Content::File(bytes), lying) => match way.edit(&bytes) {
                Edited::Bytes(bytes) => plan.files.push((path.clone(), Some(bytes))),
                Edited::Gone => plan.files.push((path.clone(), None)),
                Edited::Unfit(why) => keep(&mut plan, why),
                Edited::Same => {
                    if let Content::File(bytes) = lying
                        && matches!(way.edit(&bytes), Edited::Bytes(_) | Edited::Gone)
                    {
                        plan.uncommitted.push(path.clone());
                    }
                }
            },
            (_, Content::File(bytes)) => {
                // What an earlier run left uncommitted is ours, and is committed now.
                let is_ours = block::take(&bytes) == Edited::Gone;
                match way.edit(&bytes) {
                    Edited::Bytes(bytes) if way == Way::In && is_ours => plan.files.push((path.clone(), Some(bytes))),
                    Edited::Same if way == Way::In && is_ours => plan.files.push((path.clone(), Some(bytes))),
                    Edited::Bytes(_) | Edited::Gone => plan.uncommitted.push(path.clone()),
                    Edited::Unfit(why) => keep(&mut plan, why),
                    Edited::Same => {}
                }
            }
            _ if way == Way::In && name == AGENTS && site.repo.staged()?.entry(&path)?.is_none() => {
                if let Edited::Bytes(bytes) = block::put(None, builtin::AGENTS_BLOCK) {
                    plan.files.push((path.clone(), Some(bytes)));
                }
            }
            _ => {}
        }
    }
    Ok(plan)
}

/// Whether git keeps other bytes of the file than those that lie in the working tree, line ends aside.
fn is_converted(site: &Site, name: &str) -> Result<bool, EngineError> {
    for attribute in ["filter", "working-tree-encoding", "ident"] {
        if !["unspecified", "unset"].contains(&site.repo.attribute(name, attribute)?.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings the staged and the lying version of the two files to where the committed one is. `with_index`: whether
/// something was committed; otherwise what is staged stays.
pub(crate) fn follow(site: &Site, plan: &Plan, way: Way, with_index: bool) -> Result<(), EngineError> {
    let paths: Vec<&RepoPath> = plan.files.iter().map(|(path, _)| path).chain(&plan.uncommitted).collect();
    if with_index {
        let staged = site.repo.staged()?;
        let mut edits = Vec::new();
        for path in &paths {
            let Some(entry) = staged.entry(path)?.filter(|entry| entry.mode.is_file()) else { continue };
            let after = match way.edit(&staged.blob(&entry.id, path, MAX_TEXT_FILE)?) {
                Edited::Bytes(bytes) => Some((entry.mode, site.repo.write_blob(&bytes)?)),
                Edited::Gone => None,
                Edited::Same | Edited::Unfit(_) => continue,
            };
            edits.push(TreeEdit { path: (*path).clone(), entry: after });
        }
        site.repo.update_index(&edits)?;
    }
    let worktree = site.repo.worktree_view()?;
    for path in paths {
        let Content::File(bytes) = read(&worktree, path)? else { continue };
        match way.edit(&bytes) {
            Edited::Bytes(bytes) => site.repo.write_worktree_file(path, &bytes)?,
            Edited::Gone => site.repo.remove_worktree_file(path)?,
            Edited::Same | Edited::Unfit(_) => {}
        }
    }
    Ok(())
}

/// As [`follow`], after a commit: a failure is told, and does not undo it.
pub(crate) fn follow_commit(site: &Site, committed: &mut Committed<Plan>, way: Way) {
    let followed = follow(site, &committed.outcome, way, true);
    let remedy = match way {
        Way::In => "mend that, then run `agentops init` again",
        Way::Out => "take the block for agents out of them by hand",
    };
    committed.afterwards(
        followed,
        "what is staged or edited of `AGENTS.md` and `CLAUDE.md` does not follow it",
        remedy,
    );
}

/// Writes what a commit would have changed into the working tree instead.
pub(crate) fn write_uncommitted(site: &Site, plan: &Plan) -> Result<(), EngineError> {
    let worktree = site.repo.worktree_view()?;
    for (path, bytes) in &plan.files {
        let is_new = worktree.entry(path)?.is_none();
        if let (true, Some(bytes)) = (is_new, bytes) {
            site.repo.write_worktree_file(path, bytes)?;
        }
    }
    follow(site, plan, Way::In, false)
}

/// Whether a `CLAUDE.md` takes in `AGENTS.md`, as that client's `@path` does.
fn imports_agents(content: &Content) -> bool {
    let Content::File(bytes) = content else { return false };
    let text = String::from_utf8_lossy(bytes);
    text.split_whitespace().any(|word| word == "@AGENTS.md" || word == "@./AGENTS.md")
}
