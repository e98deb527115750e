//! What a plan promises to deliver, as data: files and what they must contain, tests, acceptance criteria with the place of
//! their evidence, coverage, and the points where parts meet.
//!
//! ```toml
//! [deliverables]
//! coverage = { report = "target/lcov.info", least = 80 }
//!
//! [[deliverables.file]]
//! path = "src/reset.rs"
//! change = "created"
//! contains = ["pub fn reset("]
//!
//! [[deliverables.test]]
//! path = "tests/reset.rs"
//! contains = ["fn an_old_link_is_refused"]
//! command = "test"
//!
//! [[deliverables.criterion]]
//! name = "old-links"
//! kind = "security"
//! text = "A link older than one hour is refused and says so"
//! evidence = [{ path = "tests/reset.rs", contains = "fn an_old_link_is_refused" }]
//!
//! [[integration]]
//! name = "mail-api"
//! kind = "api"
//! text = "The mailer and the reset form agree on the token's field"
//! command = "contract"
//! ```
//!
//! Written with the plan and voted on with it; held against the tree when the work is done.

mod reader;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::canonical::line_of;
use super::document::Problem;
use super::name::Word;
use super::path::RepoPath;
use super::tree::MAX_STATE_FILE;

/// The least coverage in percent where a report is named and nothing else is said.
pub const COVERAGE: u8 = 80;

/// What is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliverables {
    /// Files to be made, changed or removed.
    pub files: Vec<File>,
    /// Tests that are to be there and pass.
    pub tests: Vec<Test>,
    /// What must be true for the work to be accepted.
    pub criteria: Vec<Criterion>,
    /// Where parts meet, and the command that shows they do.
    pub integrations: Vec<Integration>,
    /// The least coverage that a report must show.
    pub coverage: Option<Coverage>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is not there before and is there after.
    Created,
    /// It is there before and after, with other bytes.
    Changed,
    /// It is there before and gone after.
    Removed,
}

/// One promised file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where: an ordinary path outside `.agentops`.
    pub path: RepoPath,
    /// What happens to it.
    pub change: Change,
    /// Texts that its bytes must hold afterwards.
    pub contains: Vec<String>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// One promised test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Where: an ordinary path outside `.agentops`.
    pub path: RepoPath,
    /// Texts that its bytes must hold, such as the names of its cases.
    pub contains: Vec<String>,
    /// The profile's command that runs it.
    pub command: Word,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// What an acceptance criterion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CriterionKind {
    /// What it does.
    Function,
    /// How fast, how large.
    Performance,
    /// What users can read.
    Docs,
    /// What must not be possible.
    Security,
    /// What maintainers need.
    Quality,
}

impl CriterionKind {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Performance => "performance",
            Self::Docs => "docs",
            Self::Security => "security",
            Self::Quality => "quality",
        }
    }
}

/// One acceptance criterion, with what will show it: a place, a command or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// Unique among the criteria.
    pub name: Word,
    /// What it is about.
    pub kind: CriterionKind,
    /// The criterion in one line.
    pub text: String,
    /// Places that show it.
    pub evidence: Vec<Evidence>,
    /// The profile's command that shows it.
    pub command: Option<Word>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// A place that shows a criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where: an ordinary path outside `.agentops`.
    pub path: RepoPath,
    /// A text that must stand there; none: the file itself.
    pub contains: Option<String>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// What meets at an integration point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegrationKind {
    /// Both sides of an interface agree.
    Api,
    /// Nothing that is imported is missing.
    Imports,
    /// A flow works from end to end.
    Flow,
}

/// A point where parts meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Unique among the integration points.
    pub name: Word,
    /// What meets.
    pub kind: IntegrationKind,
    /// What must hold, in one line.
    pub text: String,
    /// The profile's command that shows it.
    pub command: Word,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// The least coverage of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Where the commands leave the report: an ordinary path, in the working tree.
    pub report: RepoPath,
    /// In percent, 1 to 100.
    pub least: u8,
    /// Its line in the file, from 1.
    pub line: usize,
}

impl Deliverables {
    /// Reads the file. All problems are reported, with lines from 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        let one = |line: usize, message: String| vec![Problem { line, message }];
        if bytes.len() as u64 > MAX_STATE_FILE {
            let message = format!("the file has {} bytes; at most {MAX_STATE_FILE} are read", bytes.len());
            return Err(one(1, message));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            one(bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count(), "this byte is not UTF-8".into())
        })?;
        let raw: reader::raw::Top = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            one(line_of(text, offset), error.message().trim().replace('\n', " "))
        })?;
        reader::read(text, raw)
    }

    /// The commands that must run, each once, in the order of the file.
    pub fn commands(&self) -> Vec<&Word> {
        let tests = self.tests.iter().map(|test| &test.command);
        let criteria = self.criteria.iter().filter_map(|criterion| criterion.command.as_ref());
        let integrations = self.integrations.iter().map(|integration| &integration.command);
        let mut all: Vec<&Word> = Vec::new();
        for name in tests.chain(criteria).chain(integrations) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }
}
