//! What is wrong with the governed files, as data: where, what, and how to mend it.

use std::fmt;

use crate::model::escape::visible;
use crate::model::path::RepoPath;
use crate::model::tree::SightError;

/// One thing that is wrong in one governed file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub path: RepoPath,
    /// The line in it, from 1; 1 for what concerns the whole file.
    pub line: usize,
    /// The column in that line, in characters from 1.
    pub column: usize,
    /// What is wrong, a sentence. May hold text from the repository: printers escape it.
    pub message: String,
    /// How to mend it: a sentence or a command to paste. May hold text from the repository too.
    pub fix: String,
}

impl Problem {
    /// A problem of a whole file.
    pub fn of_file(path: impl Into<RepoPath>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { path: path.into(), line: 1, column: 1, message: message.into(), fix: fix.into() }
    }
}

/// Escaped: safe to print.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, message, fix } = self;
        write!(f, "{path}:{line}:{column}: {} To mend it: {}", visible(message), visible(fix))
    }
}

/// Why no policy can be read from a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The tree has no `.agentops`.
    #[error("there is no `.agentops` folder here; `agentops init` creates it")]
    Absent,
    /// The files are of a newer format, or want laws that this binary does not know.
    #[error(
        "this repository needs a newer agentops: its `.agentops/format.toml` says `{key} = {found}`, and this \
         program knows up to {known}; install the current release"
    )]
    TooNew {
        /// Which of `format`, `min_reader` and `laws`.
        key: &'static str,
        /// What the file says.
        found: u32,
        /// The newest that this binary knows.
        known: u32,
    },
    /// The files are there and wrong; never empty, sorted by place.
    #[error("{}", summary(.0))]
    Problems(Vec<Problem>),
    /// Something could not be read.
    #[error(transparent)]
    Sight(#[from] SightError),
}

impl PolicyError {
    /// What is wrong in the files; empty for the other kinds of failure.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Problems(problems) => problems,
            _ => &[],
        }
    }
}

fn summary(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
