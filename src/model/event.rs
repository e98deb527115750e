//! Events: one immutable file each, one transition of one task.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::canonical::{Canonical, FormError, Printer, check_line, signed_bytes};
use super::digest::{Digest, ObjectId};
use super::name::{PhaseName, Principal, TaskId, Word};
use super::path::RepoPath;
use super::reader::Reader;
use super::state::{Status, TaskState};
use super::time::Timestamp;

/// The transitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Nothing → first phase, working.
    Open,
    /// Working → waiting: the gate's checks passed, a human must vote.
    Submit,
    /// To the next phase, or from the last one to done.
    Advance,
    /// Waiting → working, same phase, one more attempt.
    Rework,
    /// Any status → the same or an earlier phase, working.
    Rewind,
    /// Any status → abandoned.
    Abandon,
    /// Forked → the earliest phase of the heads, working.
    Resolve,
}

impl EventKind {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Submit => "submit",
            Self::Advance => "advance",
            Self::Rework => "rework",
            Self::Rewind => "rewind",
            Self::Abandon => "abandon",
            Self::Resolve => "resolve",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file whose exact bytes an event stands on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Path from the repository's root, UTF-8.
    pub path: String,
    /// Digest of the file's bytes.
    pub sha256: Digest,
}

/// A command that ran: a claim by the doer until it is run again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The command's name in the profile.
    pub name: Word,
    /// What a plan added to the command line.
    pub arguments: Vec<String>,
    /// Exit code; a signal counts as 128 + its number.
    pub exit: i32,
    /// Wall time in milliseconds.
    pub ms: u64,
    /// Digest of stdout followed by stderr.
    pub output_sha256: Digest,
    /// The tree it ran on.
    pub tree: ObjectId,
}

impl Run {
    pub(crate) fn print(&self, out: &mut Printer) {
        out.table_row("run")
            .text("name", self.name.as_str())
            .texts("arguments", &self.arguments)
            .number("exit", self.exit)
            .number("ms", self.ms)
            .text("output_sha256", self.output_sha256.hex())
            .text("tree", self.tree.to_string());
    }
}

/// A signature over the bytes before its table. Verified by the trust layer; the format is fixed here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// One armoured SSH signature in namespace `agentops-gate`.
    pub armor: String,
}

impl Signature {
    pub(crate) fn print(&self, out: &mut Printer) {
        out.table("signature").text("armor", &self.armor);
    }
}

/// One transition of one task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's random id from `format.toml`: an event cannot be replayed elsewhere.
    pub project: String,
    /// Whose transition.
    pub task: TaskId,
    /// 1 + the highest `seq` of `prev`; 1 for the first.
    pub seq: u32,
    /// Which transition.
    pub kind: EventKind,
    /// Digests of the predecessors, sorted: none for `open`, two or more for `resolve`, one otherwise.
    pub prev: Vec<Digest>,
    /// Who acted: a claim unless signed.
    pub actor: Principal,
    /// When: for display, never for ordering.
    pub at: Timestamp,
    /// Why: mandatory for rework, rewind, abandon and resolve.
    pub reason: String,
    /// The files it stands on, sorted by path.
    pub evidence: Vec<Evidence>,
    /// The tree that citations were checked against.
    pub base: ObjectId,
    /// Commands that ran, in order.
    #[serde(default, rename = "run")]
    pub runs: Vec<Run>,
    /// Further facts, such as a routing decision. Keys are [`Word`]s; laws read nothing here but a share of covered
    /// lines, under [`COVERAGE_NOTE`](super::coverage::COVERAGE_NOTE).
    #[serde(default)]
    pub note: BTreeMap<Word, String>,
    /// The full state after this event.
    pub state: TaskState,
    /// The doer's signature, where there is one.
    #[serde(default)]
    pub signature: Option<Signature>,
}

impl Canonical for Event {
    fn print(&self) -> String {
        let mut out = Printer::new();
        let evidence: Vec<_> =
            self.evidence.iter().map(|item| vec![("path", item.path.clone()), ("sha256", item.sha256.hex())]).collect();
        out.number("v", self.v)
            .text("project", &self.project)
            .text("task", self.task.as_str())
            .number("seq", self.seq)
            .text("kind", self.kind.as_str())
            .texts("prev", &self.prev)
            .text("actor", self.actor.as_str())
            .text("at", self.at.as_str())
            .text("reason", &self.reason)
            .rows("evidence", &evidence)
            .text("base", self.base.to_string());
        for run in &self.runs {
            run.print(&mut out);
        }
        if !self.note.is_empty() {
            out.table("note");
            for (key, value) in &self.note {
                out.text(key.as_str(), value);
            }
        }
        self.state.print(&mut out);
        if let Some(signature) = &self.signature {
            signature.print(&mut out);
        }
        out.finish()
    }

    /// All but notes and signatures.
    fn read(text: &str) -> Option<Self> {
        let mut from = Reader::new(text);
        let event = Self {
            v: from.number("v")?,
            project: from.text("project")?,
            task: from.text("task")?,
            seq: from.number("seq")?,
            kind: from.text("kind")?,
            prev: from.texts("prev")?,
            actor: from.text("actor")?,
            at: from.text("at")?,
            reason: from.text("reason")?,
            evidence: {
                let pairs = from.pairs("evidence", ["path", "sha256"])?;
                pairs.into_iter().map(|(path, sha256)| Evidence { path, sha256 }).collect()
            },
            base: from.text("base")?,
            runs: {
                let mut runs = Vec::new();
                while from.table("[[run]]").is_some() {
                    runs.push(Run {
                        name: from.text("name")?,
                        arguments: from.texts("arguments")?,
                        exit: from.number("exit")?,
                        ms: from.number("ms")?,
                        output_sha256: from.text("output_sha256")?,
                        tree: from.text("tree")?,
                    });
                }
                runs
            },
            note: BTreeMap::new(),
            state: TaskState::read(&mut from)?,
            signature: None,
        };
        from.end()?;
        Some(event)
    }

    fn validate(&self) -> Result<(), FormError> {
        let fail = |message: &str| Err(FormError::Value(message.to_owned()));
        check_version(self.v)?;
        check_project(&self.project)?;
        check_line("the reason", &self.reason, 1000, true)?;
        self.state.validate()?;
        let needs_reason =
            matches!(self.kind, EventKind::Rework | EventKind::Rewind | EventKind::Abandon | EventKind::Resolve);
        if needs_reason && self.reason.is_empty() {
            return Err(FormError::Value(format!("`{}` needs a reason", self.kind)));
        }
        let fits = match self.kind {
            EventKind::Open => self.prev.is_empty(),
            EventKind::Resolve => self.prev.len() > 1,
            _ => self.prev.len() == 1,
        };
        if !fits || !self.prev.is_sorted_by(|a, b| a < b) {
            return fail(
                "`prev` names no event for open, two or more for resolve, one otherwise; sorted, without repeats",
            );
        }
        if !(1..=9999).contains(&self.seq) || (self.seq == 1) != self.prev.is_empty() {
            return fail("`seq` is 1 exactly for `open`, and at most 9999");
        }
        if !self.evidence.is_sorted_by(|a, b| a.path < b.path) || self.evidence.len() > 256 {
            return fail("`evidence` is sorted by path, without repeats, 256 items at most");
        }
        if let Some(item) = self.evidence.iter().find(|item| !RepoPath::from(item.path.as_str()).is_ordinary()) {
            return Err(FormError::Value(format!(
                "evidence path `{}` is not a plain relative path",
                super::escape::visible(&item.path)
            )));
        }
        if self.runs.len() > 64 || self.note.len() > 32 {
            return fail("at most 64 runs and 32 notes");
        }
        Ok(())
    }
}

pub(crate) fn check_version(v: u32) -> Result<(), FormError> {
    if v == 1 {
        Ok(())
    } else {
        Err(FormError::Value(format!("v = {v} is not a version that this agentops reads (1)")))
    }
}

/// A project id: 128 random bits in hex.
pub(crate) fn check_project(project: &str) -> Result<(), FormError> {
    let fits = project.len() == 32 && project.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if fits { Ok(()) } else { Err(FormError::Value("`project` is 32 lower-case hex digits".into())) }
}

/// The file name of an event: `<seq4>-<phase>-<status>-<hash32>.toml`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventName {
    /// The event's `seq`.
    pub seq: u32,
    /// The phase after the event.
    pub phase: PhaseName,
    /// The status after the event.
    pub status: Status,
    /// The first 32 hex digits of the digest over the file's bytes.
    pub hash32: String,
}

impl Event {
    /// The bytes that the doer's key signs: all before the `[signature]` table.
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&Self { signature: None, ..self.clone() }.print())
    }
}

impl EventName {
    /// The name that `event`, printed, must have.
    pub fn of(event: &Event) -> Self {
        Self {
            seq: event.seq,
            phase: event.state.phase.clone(),
            status: event.state.status,
            hash32: Digest::of(event.print().as_bytes()).short(),
        }
    }

    /// Reads a file name; `None` when it is not an event's.
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".toml")?.split('-');
        let (seq, phase, status, hash32) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let fits = parts.next().is_none()
            && seq.len() == 4
            && seq.bytes().all(|byte| byte.is_ascii_digit())
            && is_hash32(hash32);
        fits.then_some(())?;
        Some(Self {
            seq: seq.parse().ok()?,
            phase: PhaseName::parse(phase).ok()?,
            status: Status::parse(status)?,
            hash32: hash32.to_owned(),
        })
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{}-{}-{}.toml", self.seq, self.phase, self.status, self.hash32)
    }
}

pub(crate) fn is_hash32(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let text = format!("0003-spec-waiting-{}.toml", "ab".repeat(16));
        assert_eq!(EventName::parse(&text).map(|name| name.to_string()), Some(text.clone()));
        for bad in [
            text.replace("0003", "3"),
            text.replace("waiting", "idle"),
            text.replace(".toml", ""),
            text.replace("ab", "AB"),
        ] {
            assert_eq!(EventName::parse(&bad), None, "{bad}");
        }
    }
}
