//! What judging found.

use super::digest::ObjectId;
use super::law_id::{LawId, Level};
use super::path::RepoPath;

/// Where a finding points. Everything is optional, because a missing file has no line and a tree has no commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The commit whose message or change is meant.
    pub commit: Option<ObjectId>,
    /// The file.
    pub path: Option<RepoPath>,
    /// The line in that file or in the commit's message, from 1.
    pub line: Option<usize>,
}

impl Place {
    /// No place in particular.
    pub fn nowhere() -> Self {
        Self::default()
    }

    /// A file.
    pub fn path(path: impl Into<RepoPath>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// A line of a file, from 1.
    pub fn line(path: impl Into<RepoPath>, line: usize) -> Self {
        Self { path: Some(path.into()), line: Some(line), ..Self::default() }
    }

    /// A commit's message, or the message being judged, at a line from 1.
    pub fn message(commit: Option<ObjectId>, line: usize) -> Self {
        Self { commit, line: Some(line), path: None }
    }

    /// The same place, in `commit`.
    pub fn in_commit(mut self, commit: Option<ObjectId>) -> Self {
        self.commit = commit;
        self
    }
}

/// One broken rule, with its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which law.
    pub law: LawId,
    /// How it counts, after config and waivers.
    pub level: Level,
    /// Where.
    pub place: Place,
    /// What is wrong, a sentence. May hold text from the repository: printers escape it.
    pub message: String,
    /// How to mend it: a sentence or a command to paste.
    pub fix: String,
}

/// What a law hands back; the judge adds the level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub fix: String,
    /// A level below the configured one: heuristics and stale citations only warn.
    pub at_most: Level,
}

impl Finding {
    /// A finding that counts as the config says.
    pub fn new(place: Place, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { place, message: message.into(), fix: fix.into(), at_most: Level::Error }
    }

    /// The same, as a warning whatever the config says.
    pub fn warning(mut self) -> Self {
        self.at_most = Level::Warn;
        self
    }
}

/// The verdict on one step or one history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// T; `None` where nothing governed came before.
    pub base: Option<ObjectId>,
    /// The tip whose tree, merged where needed, is M; `None` for staged content.
    pub tip: Option<ObjectId>,
    /// The full name of the reference by which somebody named the base; `None` where nobody did, or by an id.
    pub base_name: Option<String>,
    /// The same of the tip.
    pub tip_name: Option<String>,
    /// How many commits were judged.
    pub commits: usize,
    /// Broken rules: errors and warnings.
    pub violations: Vec<Violation>,
    /// What could not be seen or is only claimed, each a sentence.
    pub not_checked: Vec<String>,
    /// Facts a reader must know: bootstrap, unsigned amends, self-approval, simulated or terminal proofs.
    pub notes: Vec<String>,
    /// Violations that a waiver excused: the law, and where it was broken.
    pub waived: Vec<(LawId, Place)>,
    /// The laws that could not see what they needed. Each has its violation, too.
    pub unseen: Vec<LawId>,
    /// The laws that were not asked, because they do not rule here.
    pub off: Vec<LawId>,
}

impl Report {
    /// Whether no error stands. Warnings do not fail.
    pub fn passes(&self) -> bool {
        self.violations.iter().all(|violation| violation.level != Level::Error)
    }

    /// Adds what another report found. Counts add up; base and tip stay this report's own.
    pub fn absorb(&mut self, other: Self) {
        self.commits += other.commits;
        self.waived.extend(other.waived);
        self.unseen.extend(other.unseen);
        self.off.extend(other.off);
        self.violations.extend(other.violations);
        for (list, more) in [(&mut self.not_checked, other.not_checked), (&mut self.notes, other.notes)] {
            for line in more {
                if !list.contains(&line) {
                    list.push(line);
                }
            }
        }
    }
}
