//! One verb, one commit: from drafted files to a judged commit, compared and swapped.
//!
//! Order of writes: objects, then the journal, then the branch, then index and working tree, then the journal goes. A
//! process killed anywhere leaves a repository that works; the next transaction in that worktree finishes what the
//! journal names.

use super::error::EngineError;
use super::judging;
use super::site::{Base, Site};
use crate::git::{GitError, NewCommit, TreeEdit};
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::report::Report;
use crate::model::tree::{Mode, TreeView as _};
use crate::store::journal::{self, Journal};
use crate::store::lock::WriterLock;

/// What the reflog says.
const REFLOG: &str = "agentops";
/// How often a lost race is run again.
const ATTEMPTS: usize = 10;

/// A path with the bytes to stand there; `None` removes what does.
pub type FileEdit = (RepoPath, Option<Vec<u8>>);

/// What a verb wants to commit.
pub struct Draft<T> {
    /// Files to write or to remove.
    pub files: Vec<FileEdit>,
    /// The commit message.
    pub message: String,
    /// What the verb hands back to its caller.
    pub outcome: T,
}

/// A transaction's result.
#[derive(Debug)]
pub struct Committed<T> {
    /// The new commit; `None` in a dry run.
    pub commit: Option<ObjectId>,
    /// The branch that moved, full name; `None` on a detached HEAD.
    pub branch: Option<String>,
    /// Whether that is another branch than HEAD's.
    pub other_branch: bool,
    /// The paths written, sorted.
    pub paths: Vec<RepoPath>,
    /// Warnings and notes of the judge.
    pub report: Report,
    /// What the verb hands back.
    pub outcome: T,
}

/// Where and how a transaction commits.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// A branch other than HEAD's; `None` means HEAD.
    pub reference: Option<String>,
    /// Whether a detached HEAD may move.
    pub detach: bool,
    /// Do everything but the writing.
    pub dry_run: bool,
}

impl Target {
    /// This target, where HEAD's own branch means HEAD: index and working tree must follow.
    pub(crate) fn at_home(&self, site: &Site) -> Result<Self, EngineError> {
        let head = site.repo.head()?;
        let is_head = |name: &String| {
            let full = if name.starts_with("refs/") { name.clone() } else { format!("refs/heads/{name}") };
            head.branch() == Some(full.as_str())
        };
        let reference = self.reference.clone().filter(|name| !is_head(name) && name != "HEAD");
        Ok(Self { reference, ..self.clone() })
    }
}

/// Runs `draft` on the current base and commits what it gives; again from the start when somebody else was faster.
///
/// `draft` is told the base it must be legal on. The laws are run on the result before anything moves.
pub fn transact<T>(
    site: &Site,
    target: &Target,
    mut draft: impl FnMut(&Base<'_>) -> Result<Draft<T>, EngineError>,
) -> Result<Committed<T>, EngineError> {
    let target = &target.at_home(site)?;
    let on_head = target.reference.is_none();
    if on_head {
        refuse_operation(site)?;
    }
    let _lock = if target.dry_run { None } else { Some(WriterLock::acquire(site.repo.common_dir())?) };
    if !target.dry_run {
        recover(site)?;
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        let base = match &target.reference {
            None => site.base()?,
            Some(reference) => site.base_of(reference)?,
        };
        check_target(site, target, &base)?;
        let draft = draft(&base)?;
        match commit(site, target, &base, draft) {
            Err(EngineError::Git(GitError::LostRace { .. })) if attempt < ATTEMPTS => {}
            result => return result,
        }
    }
}

/// Refuses while git itself is in the midst of something: index and HEAD are not ours then.
pub(crate) fn refuse_operation(site: &Site) -> Result<(), EngineError> {
    if let Some(operation) = site.repo.operation_in_progress() {
        return Err(GitError::OperationInProgress(operation).into());
    }
    if !site.repo.is_bare() && site.repo.has_unmerged()? {
        return Err(GitError::Unmerged { paths: Vec::new() }.into());
    }
    Ok(())
}

fn check_target(site: &Site, target: &Target, base: &Base<'_>) -> Result<(), EngineError> {
    match (&target.reference, &base.branch) {
        (None, None) if !target.detach => Err(GitError::Detached { commit: base.commit }.into()),
        (Some(reference), None) => Err(EngineError::usage(
            format!("`{reference}` is no local branch"),
            "make one first: `git branch NAME REV`; or write the file with `--out FILE`",
        )),
        (Some(_), Some(branch)) => match site.repo.worktree_of(branch)? {
            Some(place) => Err(EngineError::Conflict {
                message: format!(
                    "`{branch}` is checked out at `{}`: moving it would leave that worktree behind",
                    place.display()
                ),
                hint: format!("run the command there: `agentops -C {} …`", place.display()),
            }),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn commit<T>(site: &Site, target: &Target, base: &Base<'_>, draft: Draft<T>) -> Result<Committed<T>, EngineError> {
    let repo = &site.repo;
    let mut edits = Vec::with_capacity(draft.files.len());
    for (path, bytes) in &draft.files {
        let content = match bytes {
            Some(bytes) => Some((Mode::File, repo.write_blob(bytes)?)),
            None => None,
        };
        edits.push(TreeEdit { path: path.clone(), entry: content });
    }
    let tree = repo.edit_tree(Some(&base.tree_id), &edits)?;
    let author = repo.user_identity()?;
    let pending = Commit {
        id: None,
        parents: vec![base.commit],
        tree: Some(tree),
        author: author.clone(),
        committer: author,
        message: draft.message.clone(),
        message_is_text: true,
    };
    let report = judging::local(site, base, tree, pending)?;
    if !report.passes() {
        return Err(EngineError::Law(Box::new(report)));
    }
    let mut paths: Vec<RepoPath> = draft.files.iter().map(|(path, _)| path.clone()).collect();
    paths.sort_unstable();
    let mut done = Committed {
        commit: None,
        branch: base.branch.clone(),
        other_branch: target.reference.is_some(),
        paths,
        report,
        outcome: draft.outcome,
    };
    if target.dry_run {
        return Ok(done);
    }
    let id = repo.create_commit(&NewCommit {
        tree,
        parents: vec![base.commit],
        message: draft.message,
        author: None,
        committer: None,
    })?;
    let name = base.branch.as_deref().unwrap_or("HEAD");
    if target.reference.is_some() {
        repo.swap_ref(name, Some(&base.commit), &id, REFLOG)?;
    } else {
        let entries = edits.iter().map(|edit| entry(base, edit)).collect::<Result<_, EngineError>>()?;
        let journal = Journal { commit: id, reference: name.to_owned(), entries };
        journal::save(repo.git_dir(), &journal)?;
        let swapped = repo.swap_ref(name, Some(&base.commit), &id, REFLOG);
        if let Err(error) = swapped {
            journal::clear(repo.git_dir())?;
            return Err(error.into());
        }
        finish(site, &journal)?;
        journal::clear(repo.git_dir())?;
    }
    done.commit = Some(id);
    Ok(done)
}

fn entry(base: &Base<'_>, edit: &TreeEdit) -> Result<journal::Entry, EngineError> {
    let before = base.tree.entry(&edit.path)?.map(|entry| (entry.mode, entry.id));
    Ok(journal::Entry { path: edit.path.clone(), before, after: edit.entry })
}

/// Brings index and working tree to the journal's commit for exactly its paths: an index entry or file that is neither
/// what was there before nor what is to be there is somebody's work, and stays.
fn finish(site: &Site, journal: &Journal) -> Result<(), EngineError> {
    let repo = &site.repo;
    if repo.is_bare() {
        return Ok(());
    }
    let staged = repo.staged()?;
    let worktree = repo.worktree_view()?;
    let mut index = Vec::new();
    let mut files = Vec::new();
    for entry in &journal.entries {
        let (before, after) = (entry.before.map(|(_, id)| id), entry.after.map(|(_, id)| id));
        let in_index = staged.entry(&entry.path)?.map(|entry| (entry.mode, entry.id));
        let in_tree = worktree.entry(&entry.path)?.map(|entry| entry.id);
        // What was committed from the working tree is no longer staged in an older version, as after `git commit -o`.
        if in_index != entry.after && (in_index == entry.before || in_tree == after) {
            index.push(TreeEdit { path: entry.path.clone(), entry: entry.after });
        }
        if in_tree != after && in_tree == before {
            files.push((&entry.path, after));
        }
    }
    repo.update_index(&index)?;
    for (path, id) in files {
        match id {
            Some(id) => repo.write_worktree_file(path, &repo.blob(&id, &path.to_string(), u64::MAX)?)?,
            None => repo.remove_worktree_file(path)?,
        }
    }
    Ok(())
}

/// Finishes what a killed process left: if the journal's commit is on its branch, index and working tree follow;
/// if it never got there, the journal is forgotten.
pub fn recover(site: &Site) -> Result<bool, EngineError> {
    let Some(journal) = journal::load(site.repo.git_dir())? else { return Ok(false) };
    // The journal's writer is dead: its lock on the branch, if it left one, would stay for ever.
    site.repo.break_stale_lock(&journal.reference)?;
    let landed = match site.repo.resolve("HEAD") {
        Ok(head) => head == journal.commit || site.repo.is_ancestor(&journal.commit, &head)?,
        Err(_) => false,
    };
    if landed {
        finish(site, &journal)?;
    }
    journal::clear(site.repo.git_dir())?;
    Ok(landed)
}
