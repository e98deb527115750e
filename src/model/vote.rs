//! Votes: one immutable file each, one person's approve or reject of one submit.

use std::fmt;

use serde::Deserialize;

use super::canonical::{Canonical, FormError, Printer, check_line, signed_bytes};
use super::digest::Digest;
use super::event::{Signature, check_project, check_version};
use super::name::{Principal, TaskId};
use super::time::Timestamp;

/// What the voter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The submit may advance.
    Approve,
    /// It may not, ever; a rework ends it.
    Reject,
}

impl Verdict {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// What a vote rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The voter's SSH key signed the file.
    Signature,
    /// Somebody typed the task id at a terminal. Unauthenticated: an agent could have written the file.
    Terminal,
    /// The demo.
    Simulated,
}

impl Proof {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Terminal => "terminal",
            Self::Simulated => "simulated",
        }
    }

    /// Whether it proves as much as `other`, or more.
    pub fn is_as_strong_as(self, other: Self) -> bool {
        let strength = |proof| match proof {
            Self::Simulated => 0,
            Self::Terminal => 1,
            Self::Signature => 2,
        };
        strength(self) >= strength(other)
    }

    /// What a report must say of it.
    pub fn honest(self) -> &'static str {
        match self {
            Self::Signature => "signed by the voter's key",
            Self::Terminal => "unauthenticated: could be written by an agent",
            Self::Simulated => "simulated: no person voted",
        }
    }
}

/// When an approval counts: for a task that advances in this time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// Not before this second.
    pub not_before: Option<Timestamp>,
    /// Not after this second.
    pub not_after: Option<Timestamp>,
}

impl Window {
    /// Whether it bounds nothing.
    pub fn is_always(&self) -> bool {
        self.not_before.is_none() && self.not_after.is_none()
    }

    /// Whether `at` lies in it.
    pub fn holds(&self, at: &Timestamp) -> bool {
        self.not_before.as_ref().is_none_or(|start| start <= at) && !self.is_over(at)
    }

    /// Whether it has ended before `at`.
    pub fn is_over(&self, at: &Timestamp) -> bool {
        self.not_after.as_ref().is_some_and(|end| at > end)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.not_before, &self.not_after) {
            (None, None) => f.write_str("at any time"),
            (Some(start), None) => write!(f, "from {start} on"),
            (None, Some(end)) => write!(f, "until {end}"),
            (Some(start), Some(end)) => write!(f, "from {start} until {end}"),
        }
    }
}

/// One person's word on one submit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's id.
    pub project: String,
    /// The task.
    pub task: TaskId,
    /// Full digest of the submit event.
    pub submit: Digest,
    /// Digest of the resolved gate that was voted on.
    pub gate: Digest,
    /// Who votes.
    pub voter: Principal,
    /// Approve or reject.
    pub verdict: Verdict,
    /// Mandatory for a reject.
    pub reason: String,
    /// When: for display.
    pub at: Timestamp,
    /// What the vote rests on.
    pub proof: Proof,
    /// An approval counts for no advance before this.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// An approval counts for no advance after this.
    #[serde(default)]
    pub not_after: Option<Timestamp>,
    /// Present exactly where `proof` is `signature`.
    #[serde(default)]
    pub signature: Option<Signature>,
}

impl Vote {
    /// The name of the vote's file: `<principal>-<hash32>.toml`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.toml", self.voter, Digest::of(self.print().as_bytes()).short())
    }

    /// When it counts.
    pub fn window(&self) -> Window {
        Window { not_before: self.not_before.clone(), not_after: self.not_after.clone() }
    }

    /// The bytes that the voter's key signs: all before the `[signature]` table, the word `signature` as proof among them.
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&Self { signature: None, ..self.clone() }.print())
    }
}

impl Canonical for Vote {
    fn print(&self) -> String {
        let mut out = Printer::new();
        out.number("v", self.v)
            .text("project", &self.project)
            .text("task", self.task.as_str())
            .text("submit", self.submit.hex())
            .text("gate", self.gate.hex())
            .text("voter", self.voter.as_str())
            .text("verdict", self.verdict.as_str())
            .text("reason", &self.reason)
            .text("at", self.at.as_str())
            .text("proof", self.proof.as_str());
        if let Some(start) = &self.not_before {
            out.text("not_before", start.as_str());
        }
        if let Some(end) = &self.not_after {
            out.text("not_after", end.as_str());
        }
        if let Some(signature) = &self.signature {
            signature.print(&mut out);
        }
        out.finish()
    }

    fn validate(&self) -> Result<(), FormError> {
        check_version(self.v)?;
        check_project(&self.project)?;
        check_line("the reason", &self.reason, 1000, self.verdict == Verdict::Approve)?;
        if !self.window().is_always() && self.verdict == Verdict::Reject {
            return Err(FormError::Value("a reject has no window: it stands until a rework ends it".into()));
        }
        if let (Some(start), Some(end)) = (&self.not_before, &self.not_after)
            && start >= end
        {
            return Err(FormError::Value("`not_before` comes before `not_after`".into()));
        }
        if self.signature.is_some() != (self.proof == Proof::Signature) {
            return Err(FormError::Value("a `[signature]` table stands exactly where proof is `signature`".into()));
        }
        Ok(())
    }
}
