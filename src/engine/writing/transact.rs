//! One verb, one commit: from drafted files to a judged commit, compared and swapped.
//!
//! Order of writes: objects, then the journal, then the branch, then index and working tree, then the journal goes. A
//! process killed anywhere leaves a repository that works; the next transaction in that worktree finishes what the
//! journal names.

use std::collections::BTreeMap;
use std::time::Duration;

use super::settle;
use crate::config;
use crate::engine::error::EngineError;
use crate::engine::judging::cases;
use crate::engine::judging::past::Past;
use crate::engine::site::{Base, Site};
use crate::git::{CommitTree, GitError, NewCommit, Repo, TreeEdit};
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::report::Report;
use crate::model::tree::{Mode, TreeView as _};
use crate::store::journal::{self, Journal};
use crate::store::lock::WriterLock;

/// What the reflog says.
const REFLOG: &str = "agentops";
/// How often a lost race is run again.
const ATTEMPTS: usize = 10;

/// How long another writer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A path with the bytes to stand there; `None` removes what does.
pub type FileEdit = (RepoPath, Option<Vec<u8>>);

/// The modes of files that come from elsewhere than the working tree.
pub type Modes = BTreeMap<RepoPath, Mode>;

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
    /// What could not be done once the commit had been made, and what finishes it, a sentence. The commit stands: to run
    /// the verb again would do its work twice.
    pub unfinished: Option<String>,
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

/// What a commit is made on: a base, or what is there before adoption.
pub(crate) struct Ground<'a> {
    /// The parent; `None` on a branch without commits.
    pub(crate) commit: Option<ObjectId>,
    /// The full name of the branch that moves; `None` on a detached HEAD.
    pub(crate) branch: Option<String>,
    /// The parent's tree; the empty tree where there is no parent.
    pub(crate) tree_id: ObjectId,
    /// A view of that tree.
    pub(crate) tree: CommitTree<'a>,
}

impl<'a> Ground<'a> {
    fn of(repo: &'a Repo, base: &Base<'_>) -> Self {
        let tree_id = base.tree_id;
        Self { commit: Some(base.commit), branch: base.branch.clone(), tree_id, tree: repo.tree(&tree_id) }
    }

    /// HEAD, governed or not.
    pub(crate) fn head(repo: &'a Repo) -> Result<Self, EngineError> {
        let head = repo.head()?;
        let tree_id = match head.commit() {
            Some(commit) => repo.tree_of(&commit)?,
            None => repo.empty_tree(),
        };
        let branch = head.branch().map(str::to_owned);
        Ok(Self { commit: head.commit(), branch, tree_id, tree: repo.tree(&tree_id) })
    }

    /// Whether it has laws of its own.
    pub(crate) fn is_governed(&self) -> Result<bool, EngineError> {
        Ok(config::is_governed(&self.tree)?)
    }
}

/// Runs `draft` on the current base and commits what it gives; again from the start when somebody else was faster.
///
/// `draft` is told the base it must be legal on. The laws are run on the result before anything moves.
pub fn transact<T>(
    site: &Site,
    target: &Target,
    draft: impl FnMut(&Base<'_>) -> Result<Draft<T>, EngineError>,
) -> Result<Committed<T>, EngineError> {
    transact_with(site, target, &Modes::new(), draft)
}

/// As [`transact`], for files whose modes are said.
pub(crate) fn transact_with<T>(
    site: &Site,
    target: &Target,
    modes: &Modes,
    mut draft: impl FnMut(&Base<'_>) -> Result<Draft<T>, EngineError>,
) -> Result<Committed<T>, EngineError> {
    let target = &target.at_home(site)?;
    with_lock(site, target, || {
        let base = match &target.reference {
            None => site.base()?,
            Some(reference) => site.base_of(reference)?,
        };
        check_target(site, target, &base)?;
        let draft = draft(&base)?;
        let ground = Ground::of(&site.repo, &base);
        commit(site, target, &ground, draft, modes, |tree, pending| cases::local(site, &base, tree, pending))
    })
}

/// As [`transact`], where HEAD is not governed yet: what is drafted brings `.agentops`, so the step is judged by its own
/// policy. HEAD may be a branch without commits.
pub(crate) fn bootstrap<T>(
    site: &Site,
    target: &Target,
    mut draft: impl FnMut(&Ground<'_>) -> Result<Draft<T>, EngineError>,
) -> Result<Committed<T>, EngineError> {
    with_lock(site, target, || {
        let ground = Ground::head(&site.repo)?;
        check_ground(target, &ground)?;
        if ground.is_governed()? {
            return Err(EngineError::Conflict {
                message: "somebody else set agentops up here meanwhile".into(),
                hint: "look at what they did: `git show`; then run `agentops init` again".into(),
            });
        }
        let draft = draft(&ground)?;
        commit(site, target, &ground, draft, &Modes::new(), |tree, _| cases::bootstrap(site, ground.commit, tree))
    })
}

/// As [`transact`], for the one step that no law allows: taking `.agentops` away. Nothing judges it but the person who
/// confirmed it; `check` names it, and an administrator lands it.
pub(crate) fn dismantle<T>(
    site: &Site,
    target: &Target,
    mut draft: impl FnMut(&Ground<'_>) -> Result<Draft<T>, EngineError>,
) -> Result<Committed<T>, EngineError> {
    with_lock(site, target, || {
        let ground = Ground::head(&site.repo)?;
        check_ground(target, &ground)?;
        let draft = draft(&ground)?;
        commit(site, target, &ground, draft, &Modes::new(), |_, _| {
            Ok(Report { base: ground.commit, ..Report::default() })
        })
    })
}

/// Refuses where git is in the midst of something, takes the writers' lock, finishes what a killed process left, and runs
/// `attempt` until no race is lost.
fn with_lock<T>(
    site: &Site,
    target: &Target,
    mut attempt: impl FnMut() -> Result<Committed<T>, EngineError>,
) -> Result<Committed<T>, EngineError> {
    if target.reference.is_none() {
        refuse_operation(site)?;
    }
    let _lock = if target.dry_run { None } else { Some(lock(site)?) };
    // Index and working tree belong to HEAD's branch, and may be git's own while another one is voted on.
    if !target.dry_run && target.reference.is_none() {
        settle::recover(site)?;
    }
    let past = (!target.dry_run).then(|| Past::recall(site));
    let mut result = attempt();
    for _ in 1..ATTEMPTS {
        if !matches!(result, Err(EngineError::Git(GitError::LostRace { .. }))) {
            break;
        }
        result = attempt();
    }
    if let (Ok(_), Some(past)) = (&result, past) {
        past.keep(site);
    }
    result
}

/// Finishes what a killed process left, for a verb that may find nothing to commit.
pub(crate) fn mend(site: &Site) -> Result<bool, EngineError> {
    let _lock = lock(site)?;
    settle::recover(site)
}

/// The writers' lock of the clone.
pub(crate) fn lock(site: &Site) -> Result<WriterLock, EngineError> {
    WriterLock::acquire(site.repo.common_dir(), PATIENCE)?.ok_or_else(|| EngineError::Conflict {
        message: format!(
            "another agentops has been writing in this repository for {} seconds: it holds `{}`",
            PATIENCE.as_secs(),
            WriterLock::path(site.repo.common_dir()).display()
        ),
        hint: "it may wait for a passphrase, or hang: look for it with `ps`, end it, and run this again".into(),
    })
}

/// Index and HEAD are git's own while a merge, a rebase or the like is under way.
pub(crate) fn refuse_operation(site: &Site) -> Result<(), EngineError> {
    if let Some(operation) = site.repo.operation_in_progress() {
        return Err(GitError::OperationInProgress(operation).into());
    }
    if !site.repo.is_bare() && site.repo.has_unmerged()? {
        return Err(GitError::Unmerged { paths: Vec::new() }.into());
    }
    Ok(())
}

fn check_ground(target: &Target, ground: &Ground<'_>) -> Result<(), EngineError> {
    match (&ground.branch, ground.commit) {
        (None, Some(commit)) if !target.detach => Err(EngineError::refused(
            format!("HEAD is detached at {}: a commit there would be on no branch", commit.short()),
            "check a branch out with `git switch BRANCH`, or make one: `git switch -c BRANCH`",
        )),
        _ => Ok(()),
    }
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

/// The mode with which `path` is committed: outside `.agentops` as it lies in the working tree, where the file system
/// knows modes; otherwise as it was.
pub(crate) fn mode_after(site: &Site, path: &RepoPath, before: Option<Mode>) -> Result<Mode, EngineError> {
    let lies = match site.repo.keeps_modes() && !path.is_below(layout::ROOT) {
        true => site.repo.worktree_view()?.entry(path)?.map(|entry| entry.mode),
        false => None,
    };
    Ok(lies.or(before).filter(|mode| mode.is_file()).unwrap_or(Mode::File))
}

fn commit<T>(
    site: &Site,
    target: &Target,
    ground: &Ground<'_>,
    draft: Draft<T>,
    modes: &Modes,
    judge: impl FnOnce(ObjectId, Commit) -> Result<Report, EngineError>,
) -> Result<Committed<T>, EngineError> {
    let repo = &site.repo;
    let mut entries = Vec::with_capacity(draft.files.len());
    for (path, bytes) in &draft.files {
        let before = ground.tree.entry(path)?.map(|entry| (entry.mode, entry.id));
        let mode = match modes.get(path) {
            Some(mode) => *mode,
            None => mode_after(site, path, before.map(|(mode, _)| mode))?,
        };
        let after = match bytes {
            Some(bytes) => Some((mode, repo.write_blob(bytes)?)),
            None => None,
        };
        entries.push(journal::Entry { path: path.clone(), before, after });
    }
    let edits: Vec<TreeEdit> =
        entries.iter().map(|entry| TreeEdit { path: entry.path.clone(), entry: entry.after }).collect();
    let tree = repo.edit_tree(Some(&ground.tree_id), &edits)?;
    let author = repo.user_identity()?;
    let parents: Vec<ObjectId> = ground.commit.into_iter().collect();
    let pending = Commit {
        id: None,
        parents: parents.clone(),
        tree: Some(tree),
        author: author.clone(),
        committer: author,
        message: draft.message.clone(),
        message_is_text: true,
    };
    let report = judge(tree, pending)?;
    if !report.passes() {
        return Err(EngineError::Law(Box::new(report)));
    }
    let mut paths: Vec<RepoPath> = draft.files.iter().map(|(path, _)| path.clone()).collect();
    paths.sort_unstable();
    let mut done = Committed {
        commit: None,
        branch: ground.branch.clone(),
        other_branch: target.reference.is_some(),
        paths,
        report,
        unfinished: None,
        outcome: draft.outcome,
    };
    if target.dry_run {
        return Ok(done);
    }
    let id = repo.create_commit(&NewCommit { tree, parents, message: draft.message, author: None, committer: None })?;
    let name = ground.branch.as_deref().unwrap_or("HEAD");
    if target.reference.is_some() {
        repo.swap_ref(name, ground.commit.as_ref(), &id, REFLOG)?;
    } else {
        if !repo.is_bare() {
            // Whoever commits in an editor may hold the index for minutes: then nothing moves.
            repo.await_index()?;
        }
        let journal = Journal { commit: id, reference: name.to_owned(), entries };
        journal::save(repo.git_dir(), &journal)?;
        let swapped = repo.swap_ref(name, ground.commit.as_ref(), &id, REFLOG);
        if let Err(error) = swapped {
            journal::clear(repo.git_dir())?;
            return Err(error.into());
        }
        let followed = settle::finish(site, &journal).and_then(|()| Ok(journal::clear(repo.git_dir())?));
        let remedy = "mend that, then run `agentops doctor --fix`; the next command that commits finishes it, too";
        done.afterwards(followed, "index and working tree do not follow it yet", remedy);
    }
    done.commit = Some(id);
    Ok(done)
}

impl<T> Committed<T> {
    /// What came of work after the commit: its failure is told, the first one of several, and does not undo the commit.
    pub(crate) fn afterwards<W>(&mut self, work: Result<W, EngineError>, what: &str, remedy: &str) -> Option<W> {
        match work {
            Ok(done) => Some(done),
            Err(error) => {
                let told = || format!("the commit is made, but {what}: {}; {remedy}", error.chain());
                self.unfinished.get_or_insert_with(told);
                None
            }
        }
    }
}
