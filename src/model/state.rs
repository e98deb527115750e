//! The state of a task.

use std::fmt;

use serde::Deserialize;

use super::canonical::{FormError, Printer, check_line};
use super::name::{PhaseName, TaskId, Word};
use super::reader::Reader;
use super::time::Date;

/// What every profile's phases map onto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Finding out.
    Research,
    /// Deciding what to change.
    Plan,
    /// Changing it.
    Implement,
    /// After deployment.
    Post,
}

impl Stage {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Research => "research",
            Self::Plan => "plan",
            Self::Implement => "implement",
            Self::Post => "post",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its doer.
    Working,
    /// A human's vote.
    Waiting,
    /// Nothing: all phases are left behind.
    Done,
    /// Nothing: given up.
    Abandoned,
}

impl Status {
    /// The word in files and file names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Working, Self::Waiting, Self::Done, Self::Abandoned].into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the task still wants work or a vote.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Working | Self::Waiting)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How soon a task is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// When there is time.
    Low,
    /// In its turn.
    #[default]
    Normal,
    /// Before others.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The full state of a task after an event. Each event carries it, and it must equal what folding the chain gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskState {
    /// Where it stands; after the last phase's advance, that last phase.
    pub phase: PhaseName,
    /// That phase's stage.
    pub stage: Stage,
    /// What it waits for.
    pub status: Status,
    /// From 1; counts reworks, rewinds and resolves within the phase.
    pub attempt: u32,
    /// The day the task was opened.
    pub opened: Date,
    /// One line for people.
    pub title: String,
    /// How soon it is wanted.
    pub priority: Priority,
    /// Free words, sorted, without repeats.
    pub labels: Vec<Word>,
    /// Tasks that must be done before this one may leave a phase; sorted, without repeats.
    pub after: Vec<TaskId>,
}

/// Whether a text can be the title of a task: one line of 200 characters at most.
pub fn check_title(title: &str) -> Result<(), FormError> {
    check_line("the title", title, 200, false)
}

impl TaskState {
    pub(crate) fn print(&self, out: &mut Printer) {
        out.table("state")
            .text("phase", self.phase.as_str())
            .text("stage", self.stage.as_str())
            .text("status", self.status.as_str())
            .number("attempt", self.attempt)
            .text("opened", self.opened.as_str())
            .text("title", &self.title)
            .text("priority", self.priority.as_str())
            .texts("labels", &self.labels)
            .texts("after", &self.after);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.table("[state]")?;
        Some(Self {
            phase: from.text("phase")?,
            stage: from.text("stage")?,
            status: from.text("status")?,
            attempt: from.number("attempt")?,
            opened: from.text("opened")?,
            title: from.text("title")?,
            priority: from.text("priority")?,
            labels: from.texts("labels")?,
            after: from.texts("after")?,
        })
    }

    pub(crate) fn validate(&self) -> Result<(), FormError> {
        check_title(&self.title)?;
        let sorted = self.labels.is_sorted_by(|a, b| a < b) && self.after.is_sorted_by(|a, b| a < b);
        if !sorted || self.labels.len() > 32 || self.after.len() > 64 {
            return Err(FormError::Value(
                "labels (32 at most) and after (64 at most) must be sorted and without repeats".into(),
            ));
        }
        if self.attempt == 0 {
            return Err(FormError::Value("attempt counts from 1".into()));
        }
        Ok(())
    }
}
