//! What can go wrong between us and a repository. Each message says what, where and how to mend.

use std::path::PathBuf;
use std::time::Duration;

use super::operation::Operation;
use crate::model::digest::ObjectId;
use crate::model::escape;
use crate::model::path::RepoPath;
use crate::model::tree::SightError;

/// Why something with git failed. The variants are what exit codes and remedies depend on.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No repository at or above the folder.
    #[error("`{}` is not inside a Git repository; run `git init` there, or name the repository with `-C DIR`", .dir.display())]
    NotARepository {
        /// Where the search began.
        dir: PathBuf,
    },
    /// The repository belongs to somebody else, as git's `safe.directory` sees it.
    #[error(
        "the repository at `{0}` belongs to another user and is not trusted; if you trust it, run \
         `git config --global --add safe.directory {0}`",
        .dir.display()
    )]
    Untrusted {
        /// The folder that was found.
        dir: PathBuf,
    },
    /// References are not kept as files, where a write of ours would be invisible to git.
    #[error(
        "this repository keeps its references as `{format}`, which is not supported; \
         `git refs migrate --ref-format=files` makes it usable"
    )]
    Reftable {
        /// The value of `extensions.refStorage`.
        format: String,
    },
    /// The repository has no working tree, and the request needs one.
    #[error("the repository at `{}` is bare: it has no working tree; run this in a clone or a worktree of it", .git_dir.display())]
    Bare {
        /// The repository.
        git_dir: PathBuf,
    },
    /// Git is in the midst of something.
    #[error("a {} is in progress; end it with {} and try again", .0.command(), .0.remedy())]
    OperationInProgress(Operation),
    /// The index holds conflicts.
    #[error("{}; resolve the conflicts, then `git add` the files", unmerged(.paths))]
    Unmerged {
        /// The paths in conflict.
        paths: Vec<RepoPath>,
    },
    /// A lock file stayed in place for all attempts.
    #[error("`{}` is locked{}; another git command is at work, or one was killed: if none runs, remove that file", .path.display(), held(.age))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long ago it was made, where that can be told.
        age: Option<Duration>,
    },
    /// A reference moved between reading and writing.
    #[error("`{name}` moved meanwhile: expected {}, found {}; nothing was lost: repeat the command", shown(.expected), shown(.actual))]
    LostRace {
        /// The reference.
        name: String,
        /// What it was when it was read; `None`: absent.
        expected: Option<ObjectId>,
        /// What it is now; `None`: absent.
        actual: Option<ObjectId>,
    },
    /// HEAD names a branch without commits.
    #[error("the branch `{}` has no commit yet", branch.trim_start_matches("refs/heads/"))]
    Unborn {
        /// The full name of the branch.
        branch: String,
    },
    /// HEAD names no branch.
    #[error("HEAD is detached at {}; check a branch out with `git switch BRANCH`", .commit.short())]
    Detached {
        /// Where HEAD is.
        commit: ObjectId,
    },
    /// Git knows no name and e-mail address to write into a commit.
    #[error("Git does not know who you are; run `git config user.name NAME` and `git config user.email ADDRESS`")]
    NoIdentity,
    /// An object is named but absent.
    #[error("object {id} ({what}) is not in this repository")]
    MissingObject {
        /// The absent object.
        id: String,
        /// What it was wanted for.
        what: String,
    },
    /// Nothing in the repository has that name.
    #[error("`{rev}` names no commit of this repository; `git log --oneline --all` lists them")]
    UnknownRevision {
        /// The name as given.
        rev: String,
    },
    /// A name that stands for different commits, or for something else beside a commit.
    #[error("`{rev}` is ambiguous: it could be {}; name the one that you mean in full. A tag can come along with any fetch", listed(.meanings))]
    AmbiguousName {
        /// The name as given.
        rev: String,
        /// The full names and ids that it could stand for; at least two.
        meanings: Vec<String>,
    },
    /// A merge is not possible without a human.
    #[error("merging gives {}; merge or rebase the branch and resolve them", conflicts(.paths))]
    Conflict {
        /// The paths in conflict.
        paths: Vec<RepoPath>,
    },
    /// Texts that both sides changed and that are not merged here for their size: git may merge them without a human.
    #[error(
        "{} more than 16 MiB and changed on both sides, which is not merged here: merge the base into the branch with \
         `git merge`, and have that judged",
        are(.paths)
    )]
    TooLargeToMerge {
        /// The paths.
        paths: Vec<RepoPath>,
    },
    /// Two commits without a common ancestor.
    #[error("{} and {} have no common ancestor in this repository; in a shallow clone, fetch more history", .ours.short(), .theirs.short())]
    Unrelated {
        /// One commit.
        ours: ObjectId,
        /// The other.
        theirs: ObjectId,
    },
    /// A path that must not be read or written through.
    #[error("`{path}` cannot be used: {why}")]
    UnsafePath {
        /// The path inside the repository.
        path: RepoPath,
        /// What is wrong with it.
        why: String,
    },
    /// More than what is read. A limit is a failure, never a skip.
    #[error("{what} is above the limit of {limit}; leave it out of the commit that brings it, or split it")]
    Limit {
        /// What is too large.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// An object whose bytes are not what its kind demands.
    #[error("object {id} is damaged: {why}; `git fsck` tells more")]
    Damaged {
        /// The object.
        id: String,
        /// What is wrong with it.
        why: String,
    },
    /// A git command failed.
    #[error("`{command}` failed{}{}", exit(.code), message(.stderr))]
    CommandFailed {
        /// The command as one line.
        command: String,
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// What it wrote to stderr.
        stderr: String,
    },
    /// There is no git command.
    #[error("the command `git` was not found; install Git and make sure that it is in PATH")]
    GitMissing,
    /// Everything else.
    #[error("could not {doing}")]
    Other {
        /// What was attempted.
        doing: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl GitError {
    /// Anything without a variant of its own. `doing` completes "could not …".
    pub(super) fn other(doing: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other { doing: doing.into(), source: source.into() }
    }

    /// For `map_err`: see [`other`](Self::other).
    pub(super) fn while_doing<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        doing: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::other(doing, source)
    }

    /// The message with its causes, in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl From<GitError> for SightError {
    fn from(error: GitError) -> Self {
        match error {
            GitError::MissingObject { id, what } => Self::Missing { id, what },
            other => Self::Failed(other.chain()),
        }
    }
}

fn unmerged(paths: &[RepoPath]) -> String {
    match paths {
        [] => "the index has unmerged paths".to_owned(),
        [path] => format!("`{path}` is unmerged"),
        [first, ..] => format!("{} paths are unmerged (`{first}`, …)", paths.len()),
    }
}

fn conflicts(paths: &[RepoPath]) -> String {
    match paths {
        [] => "conflicts".to_owned(),
        [path] => format!("a conflict in `{path}`"),
        [first, ..] => format!("conflicts in {} paths (`{first}`, …)", paths.len()),
    }
}

fn are(paths: &[RepoPath]) -> String {
    match paths {
        [path] => format!("`{path}` has"),
        [first, ..] => format!("{} files (`{first}`, …) have", paths.len()),
        [] => "some files have".to_owned(),
    }
}

fn held(age: &Option<Duration>) -> String {
    age.map(|age| format!(" since {} seconds", age.as_secs())).unwrap_or_default()
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{}`", escape::visible(name))).collect::<Vec<_>>().join(" or ")
}

fn shown(id: &Option<ObjectId>) -> String {
    id.map_or_else(|| "nothing".to_owned(), |id| id.short())
}

fn exit(code: &Option<i32>) -> String {
    code.map(|code| format!(" with exit code {code}")).unwrap_or_default()
}

fn message(stderr: &str) -> String {
    let lines: Vec<String> =
        stderr.lines().map(str::trim).filter(|line| !line.is_empty()).map(escape::visible).collect();
    if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) }
}
