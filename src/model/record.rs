//! Records: session records and learnings, write-once files named by a ULID.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::canonical::{Canonical, FormError, Printer, check_line};
use super::event::{check_project, check_version};
use super::measured::{self, Collapse, Peak, Spent};
use super::name::{PhaseName, Principal, ProfileName, RecordId, TaskId, Word};
use super::reader::Reader;
use super::time::Timestamp;

/// How much something matters or costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Grade {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A phase of a task that a session worked on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// The task.
    pub task: TaskId,
    /// Its phase at that time.
    pub phase: PhaseName,
    /// Its attempt, as text of a number from 1.
    pub attempt: String,
}

/// A proposed betterment of the work or of the system that does it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Improvement {
    /// What to change.
    pub what: String,
    /// What it would bring.
    pub impact: Grade,
    /// What it would cost.
    pub effort: Grade,
    /// How soon.
    pub priority: Grade,
}

/// What Law 5 wants kept: what was offered, and what a human chose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestions {
    /// The suggestions shown, in order, at most 6.
    pub shown: Vec<String>,
    /// The one chosen, or `none`.
    pub choice: String,
}

/// One sitting of one actor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's id.
    pub project: String,
    /// The record's id, also its file name.
    pub id: RecordId,
    /// The namespace it belongs to.
    pub profile: ProfileName,
    /// Whose sitting: a claim.
    pub actor: Principal,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// One line on what was done.
    pub summary: String,
    /// The task phases worked on, sorted.
    pub work: Vec<Work>,
    /// Learnings that the sitting brought, sorted; at least one.
    pub learnings: Vec<RecordId>,
    /// Context bundles that were loaded, sorted.
    #[serde(default)]
    pub bundles: Vec<RecordId>,
    /// Tokens and the like: `unmeasured`, or measured facts by name.
    pub usage: String,
    /// Measured facts by name, where `usage` is `measured`.
    #[serde(default)]
    pub measured: BTreeMap<Word, String>,
    /// Sums by phase, client and model, sorted.
    #[serde(default)]
    pub spent: Vec<Spent>,
    /// The fullest context of each phase, sorted by phase.
    #[serde(default, rename = "peak")]
    pub peaks: Vec<Peak>,
    /// Contexts that did not last.
    #[serde(default, rename = "collapse")]
    pub collapses: Vec<Collapse>,
    /// What was offered at the end.
    pub suggestions: Suggestions,
    /// Proposed betterments; at least one (AO-L2).
    #[serde(default, rename = "improvement")]
    pub improvements: Vec<Improvement>,
}

impl Canonical for Session {
    fn print(&self) -> String {
        let mut out = Printer::new();
        let work: Vec<_> = self
            .work
            .iter()
            .map(|work| {
                vec![
                    ("task", work.task.to_string()),
                    ("phase", work.phase.to_string()),
                    ("attempt", work.attempt.clone()),
                ]
            })
            .collect();
        out.number("v", self.v)
            .text("project", &self.project)
            .text("id", self.id.as_str())
            .text("profile", self.profile.as_str())
            .text("actor", self.actor.as_str())
            .text("started", self.started.as_str())
            .text("ended", self.ended.as_str())
            .text("summary", &self.summary)
            .rows("work", &work)
            .texts("learnings", &self.learnings);
        if !self.bundles.is_empty() {
            out.texts("bundles", &self.bundles);
        }
        out.text("usage", &self.usage);
        if !self.measured.is_empty() {
            out.table("measured");
            for (key, value) in &self.measured {
                out.text(key.as_str(), value);
            }
        }
        measured::print(&mut out, &self.spent, &self.peaks, &self.collapses);
        out.table("suggestions").texts("shown", &self.suggestions.shown).text("choice", &self.suggestions.choice);
        for improvement in &self.improvements {
            out.table_row("improvement")
                .text("what", &improvement.what)
                .text("impact", improvement.impact.as_str())
                .text("effort", improvement.effort.as_str())
                .text("priority", improvement.priority.as_str());
        }
        out.finish()
    }

    /// Form only: what Laws 1, 2 and 5 want of the contents is judged by those laws.
    fn validate(&self) -> Result<(), FormError> {
        let fail = |message: &str| Err(FormError::Value(message.to_owned()));
        check_version(self.v)?;
        check_project(&self.project)?;
        check_line("the summary", &self.summary, 400, true)?;
        if !self.work.is_sorted_by(|a, b| a < b)
            || !self.learnings.is_sorted_by(|a, b| a < b)
            || !self.bundles.is_sorted_by(|a, b| a < b)
        {
            return fail("`work`, `learnings` and `bundles` are sorted and without repeats");
        }
        if self.work.iter().any(|work| {
            !work.attempt.parse::<u32>().is_ok_and(|attempt| attempt > 0 && attempt.to_string() == work.attempt)
        }) {
            return fail("`attempt` counts from 1");
        }
        if !matches!(self.usage.as_str(), "measured" | "unmeasured")
            || (self.usage == "measured") == self.measured.is_empty()
        {
            return fail("`usage` is `measured`, with a `[measured]` table, or `unmeasured`, without one");
        }
        if self.usage == "unmeasured" && !(self.spent.is_empty() && self.peaks.is_empty() && self.collapses.is_empty())
        {
            return fail("`spent`, `peak` and `collapse` stand only where `usage` is `measured`");
        }
        measured::validate(&self.spent, &self.peaks, &self.collapses)?;
        if self.suggestions.shown.len() > 6 || self.improvements.len() > 32 {
            return fail("at most 6 suggestions and 32 improvements");
        }
        for line in self.suggestions.shown.iter().chain([&self.suggestions.choice]) {
            check_line("a suggestion", line, 400, true)?;
        }
        self.improvements.iter().try_for_each(|improvement| check_line("an improvement", &improvement.what, 1000, true))
    }
}

/// A reusable finding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learning {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's id.
    pub project: String,
    /// The record's id, also its file name.
    pub id: RecordId,
    /// The namespace it belongs to.
    pub profile: ProfileName,
    /// Who found it: a claim.
    pub actor: Principal,
    /// When.
    pub at: Timestamp,
    /// The task it came from, or empty.
    pub task: String,
    /// What holds, in a sentence or two.
    pub pattern: String,
    /// Where it shows: `path`, `path:line`, a commit id or a URL.
    pub evidence: Vec<String>,
    /// When and how to use it.
    pub application: String,
    /// How widely it may serve.
    pub reusability: Grade,
    /// Free words, sorted.
    pub tags: Vec<Word>,
    /// Learnings that this one replaces, sorted.
    pub supersedes: Vec<RecordId>,
}

impl Canonical for Learning {
    fn print(&self) -> String {
        let mut out = Printer::new();
        out.number("v", self.v)
            .text("project", &self.project)
            .text("id", self.id.as_str())
            .text("profile", self.profile.as_str())
            .text("actor", self.actor.as_str())
            .text("at", self.at.as_str())
            .text("task", &self.task)
            .text("pattern", &self.pattern)
            .texts("evidence", &self.evidence)
            .text("application", &self.application)
            .text("reusability", self.reusability.as_str())
            .texts("tags", &self.tags)
            .texts("supersedes", &self.supersedes);
        out.finish()
    }

    /// All of them: thousands are read to be searched.
    fn read(text: &str) -> Option<Self> {
        let mut from = Reader::new(text);
        let learning = Self {
            v: from.number("v")?,
            project: from.text("project")?,
            id: from.text("id")?,
            profile: from.text("profile")?,
            actor: from.text("actor")?,
            at: from.text("at")?,
            task: from.text("task")?,
            pattern: from.text("pattern")?,
            evidence: from.texts("evidence")?,
            application: from.text("application")?,
            reusability: from.text("reusability")?,
            tags: from.texts("tags")?,
            supersedes: from.texts("supersedes")?,
        };
        from.end()?;
        Some(learning)
    }

    fn validate(&self) -> Result<(), FormError> {
        check_version(self.v)?;
        check_project(&self.project)?;
        check_line("the pattern", &self.pattern, 1000, false)?;
        check_line("the application", &self.application, 1000, true)?;
        if !self.task.is_empty() {
            TaskId::parse(&self.task).map_err(|error| FormError::Value(error.to_string()))?;
        }
        if !self.tags.is_sorted_by(|a, b| a < b)
            || !self.supersedes.is_sorted_by(|a, b| a < b)
            || self.evidence.len() > 32
        {
            return Err(FormError::Value(
                "`tags` and `supersedes` are sorted and without repeats; at most 32 items of evidence".into(),
            ));
        }
        self.evidence.iter().try_for_each(|item| check_line("an item of evidence", item, 400, false))
    }
}
