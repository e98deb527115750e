//! Verdicts: one immutable file each, what one verifier found who ran again what an event claims.

use serde::Deserialize;

use super::canonical::{Canonical, FormError, Printer, check_line, signed_bytes};
use super::digest::{Digest, ObjectId};
use super::event::{Run, Signature, check_project, check_version};
use super::name::{Principal, TaskId};
use super::time::Timestamp;

/// What the verifier says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every command ended as the event claims.
    Reproduced,
    /// At least one did not.
    Refuted,
}

impl Outcome {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Refuted => "refuted",
        }
    }
}

/// What one verifier found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's id.
    pub project: String,
    /// The task.
    pub task: TaskId,
    /// Full digest of the event that claims the runs.
    pub event: Digest,
    /// The tree on which the commands ran.
    pub tree: ObjectId,
    /// Reproduced or refuted.
    pub verdict: Outcome,
    /// Who ran them: a claim unless signed.
    pub verifier: Principal,
    /// When: for display.
    pub at: Timestamp,
    /// A remark.
    pub reason: String,
    /// How the commands ended this time.
    #[serde(default, rename = "run")]
    pub runs: Vec<Run>,
    /// The verifier's signature, where there is one.
    #[serde(default)]
    pub signature: Option<Signature>,
}

impl Verdict {
    /// The name of the verdict's file: `<principal>-<hash32>.toml`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.toml", self.verifier, Digest::of(self.print().as_bytes()).short())
    }

    /// The bytes that the verifier's key signs: all before the `[signature]` table.
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&Self { signature: None, ..self.clone() }.print())
    }
}

impl Canonical for Verdict {
    fn print(&self) -> String {
        let mut out = Printer::new();
        out.number("v", self.v)
            .text("project", &self.project)
            .text("task", self.task.as_str())
            .text("event", self.event.hex())
            .text("tree", self.tree.to_string())
            .text("verdict", self.verdict.as_str())
            .text("verifier", self.verifier.as_str())
            .text("at", self.at.as_str())
            .text("reason", &self.reason);
        for run in &self.runs {
            run.print(&mut out);
        }
        if let Some(signature) = &self.signature {
            signature.print(&mut out);
        }
        out.finish()
    }

    fn validate(&self) -> Result<(), FormError> {
        check_version(self.v)?;
        check_project(&self.project)?;
        check_line("the reason", &self.reason, 1000, true)?;
        if self.runs.is_empty() || self.runs.len() > 64 {
            return Err(FormError::Value("a verdict has 1 to 64 runs".into()));
        }
        if self.runs.iter().any(|run| run.tree != self.tree) {
            return Err(FormError::Value("every run of a verdict names the verdict's tree".into()));
        }
        Ok(())
    }
}
