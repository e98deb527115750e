//! Why a verb did not do what was asked: what, where, why, and how to mend.

use crate::config::PolicyError;
use crate::git::GitError;
use crate::model::canonical::FormError;
use crate::model::name::NameError;
use crate::model::report::Report;
use crate::model::tree::{COMPLETE_CLONE, SightError};
use crate::store::StoreError;
use crate::workflow::transition::Illegal;

/// The kinds of failure that whoever asked has to tell apart: each is an exit code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It did not work, or nothing was judged.
    Failed,
    /// The request cannot be meant.
    Usage,
    /// A law is violated.
    Law,
    /// A human must vote first.
    Waiting,
    /// A budget is exceeded.
    Budget,
    /// A fork, a lock, a lost race, an operation of git in progress.
    Conflict,
    /// A program is missing.
    MissingTool,
    /// Somebody stopped it.
    Interrupted,
}

/// The engine's error. The command line turns its [`fault`](EngineError::fault) into an exit code.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Git refused.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The policy cannot be read.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Something could not be seen.
    #[error(transparent)]
    Sight(#[from] SightError),
    /// A file outside the tree could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The workflow does not allow the transition.
    #[error("this transition is not legal: {0}")]
    Illegal(#[from] Illegal),
    /// A name given is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A value given does not fit into a state file.
    #[error("{0}")]
    Form(#[from] FormError),
    /// There is no `.agentops` at HEAD.
    #[error("this repository is not governed: the commit at HEAD has no `.agentops`; `agentops init` sets it up")]
    NotGoverned,
    /// Laws are broken; nothing was committed.
    #[error("{}", law_summary(.0))]
    Law(Box<Report>),
    /// A human must vote first.
    #[error("{message}")]
    Waiting {
        /// Whose vote on what.
        message: String,
        /// The command for the human.
        hint: String,
    },
    /// No such thing.
    #[error("there is no {what} `{}`", crate::model::escape::visible(.name))]
    NotFound {
        /// `task`, `profile`, `phase`, …
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What it may have meant, or where to look.
        hint: String,
    },
    /// Not possible as things are.
    #[error("{message}")]
    Refused {
        /// What is in the way.
        message: String,
        /// How to get it out of the way.
        hint: String,
    },
    /// The request itself is wrong.
    #[error("{message}")]
    Usage {
        /// What is wrong with it.
        message: String,
        /// How it is meant.
        hint: String,
    },
    /// A fork, or somebody else's work in between.
    #[error("{message}")]
    Conflict {
        /// What clashes.
        message: String,
        /// How to settle it.
        hint: String,
    },
    /// A token budget is exceeded.
    #[error("{message}")]
    Budget {
        /// Which budget, by how much.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A program that is needed is not there.
    #[error("the program `{tool}` was not found")]
    MissingTool {
        /// Its name.
        tool: String,
        /// How to get it.
        hint: String,
    },
    /// Somebody stopped it while commands ran.
    #[error("interrupted: the commands that ran were ended, and nothing was committed")]
    Interrupted,
}

impl EngineError {
    pub(crate) fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// The message with its causes, in one line.
    pub(crate) fn chain(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |error| error.source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }

    /// The remedy, where the variant carries one of its own.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Waiting { hint, .. }
            | Self::NotFound { hint, .. }
            | Self::Refused { hint, .. }
            | Self::Usage { hint, .. }
            | Self::Conflict { hint, .. }
            | Self::Budget { hint, .. }
            | Self::MissingTool { hint, .. } => Some(hint),
            Self::Git(GitError::Detached { .. }) => {
                Some("`--detach` commits on the detached HEAD all the same; no branch will hold the commit")
            }
            Self::Git(GitError::Unborn { .. }) => {
                Some("make the first one with `git commit`, or with `agentops init`, which sets this repository up")
            }
            Self::Git(GitError::MissingObject { .. })
            | Self::Sight(SightError::Missing { .. })
            | Self::Policy(PolicyError::Sight(SightError::Missing { .. })) => Some(COMPLETE_CLONE),
            Self::Illegal(_) => Some("`agentops phase status ID` says where the task stands and what is next"),
            _ => None,
        }
    }

    /// What kind of failure it is. What another process or an unfinished operation of git is to blame for is a conflict.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Git(
                GitError::OperationInProgress(_)
                | GitError::Unmerged { .. }
                | GitError::Locked { .. }
                | GitError::LostRace { .. }
                | GitError::Conflict { .. }
                | GitError::TooLargeToMerge { .. },
            )
            | Self::Conflict { .. } => Fault::Conflict,
            Self::Git(GitError::GitMissing) | Self::MissingTool { .. } => Fault::MissingTool,
            Self::Interrupted => Fault::Interrupted,
            Self::Law(_) => Fault::Law,
            Self::Waiting { .. } => Fault::Waiting,
            Self::Budget { .. } => Fault::Budget,
            Self::Name(_) | Self::Form(_) | Self::NotFound { .. } | Self::Usage { .. } => Fault::Usage,
            Self::Git(_)
            | Self::Policy(_)
            | Self::Sight(_)
            | Self::Store(_)
            | Self::Illegal(_)
            | Self::NotGoverned
            | Self::Refused { .. } => Fault::Failed,
        }
    }
}

fn law_summary(report: &Report) -> String {
    let errors =
        report.violations.iter().filter(|violation| violation.level == crate::model::law_id::Level::Error).count();
    format!("{errors} finding{} against the laws; nothing was committed", if errors == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Operation;

    #[test]
    fn unfinished_operations_of_git_are_conflicts() {
        let fault = |error: GitError| EngineError::from(error).fault();
        assert_eq!(fault(GitError::OperationInProgress(Operation::Merge)), Fault::Conflict);
        assert_eq!(fault(GitError::Unmerged { paths: Vec::new() }), Fault::Conflict);
        assert_eq!(fault(GitError::Unborn { branch: String::new() }), Fault::Failed);
        assert_eq!(fault(GitError::GitMissing), Fault::MissingTool);
    }
}
