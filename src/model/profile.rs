//! A profile: a flavour of work, as data. Read and checked by `config`; ruled by the copy in the base tree.

use std::collections::BTreeMap;

use super::digest::Digest;
use super::law_id::LawId;
use super::name::{PhaseName, ProfileName, TaskId, Word};
use super::state::{Stage, TaskState};

/// What an artifact is for; decides which phase checks read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// Findings: sections, sources, a pattern.
    Research,
    /// Changes as `path:line`, tests, order, risks, rollback.
    Plan,
    /// Ticked boxes with evidence.
    Tasks,
    /// Any other document: its template's sections must be filled.
    Report,
    /// Written by `phase next`: one line `mode sha256 path` for each path of the task.
    Manifest,
}

/// One document that a phase produces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactSpec {
    /// Unique in the profile.
    pub name: Word,
    /// What it is for.
    pub kind: ArtifactKind,
    /// Path below `.agentops/<profile>/`, with `{task}` and `{opened}` filled in per task.
    pub path: String,
    /// File below `templates/`; none for a manifest.
    pub template: Option<String>,
    /// Whether the phase cannot be left without it.
    pub required: bool,
}

impl ArtifactSpec {
    /// The artifact's path in the repository for one task.
    pub fn path_for(&self, profile: &ProfileName, task: &TaskId, state: &TaskState) -> String {
        let filled = self.path.replace("{task}", task.as_str()).replace("{opened}", state.opened.as_str());
        format!("{}/{filled}", super::layout::namespace(profile))
    }
}

/// Whether a human must vote to leave a phase, and how that vote is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VoteKind {
    /// Checks alone.
    None,
    /// A human reads it.
    Review,
    /// A human takes responsibility for it.
    Approval,
}

impl VoteKind {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Review => "review",
            Self::Approval => "approval",
        }
    }
}

/// What must hold to leave a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSpec {
    /// For people, e.g. `Specification approval`.
    pub title: String,
    /// Whether and how humans vote.
    pub vote: VoteKind,
    /// How many different voters must approve; 0 exactly where `vote` is none.
    pub voters: u32,
    /// Roles that may vote; empty: any human of the profile.
    pub roles: Vec<Word>,
    /// Phase checks that run on the artifacts.
    pub checks: Vec<LawId>,
    /// Names of commands that must have run with exit 0.
    pub commands: Vec<Word>,
}

/// The token budget of a phase's artifacts and context, and its bands in percent of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Tokens for the phase's context.
    pub tokens: u32,
    /// Tokens for each artifact of the phase.
    pub artifact_tokens: u32,
    /// Up to this share of the window all is well.
    pub green: u8,
    /// Up to this share: prepare to hand over; above: start a fresh session.
    pub yellow: u8,
}

/// One step of the lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its name, unique in the profile.
    pub name: PhaseName,
    /// What it maps onto.
    pub stage: Stage,
    /// One line for people.
    pub purpose: String,
    /// What it produces.
    pub artifacts: Vec<ArtifactSpec>,
    /// What must hold to leave it.
    pub gate: GateSpec,
    /// Its budget.
    pub budget: Budget,
}

/// A command that `phase next` may run. Never run by `check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// Program and arguments; empty where the project has not said yet.
    pub run: Vec<String>,
    /// Seconds before it is stopped and counts as failed.
    pub timeout_seconds: u32,
    /// Whether a plan may add paths to the command line.
    pub takes_paths: bool,
}

/// An agent's description: front matter of `agents/<name>.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// File stem.
    pub name: Word,
    /// What it is responsible for, one line.
    pub role: String,
    /// The kind of work: research, planning, implementation, verification.
    pub agent_type: Word,
    /// How it is told what it is.
    pub role_prompt: String,
}

/// A flavour of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name and namespace.
    pub name: ProfileName,
    /// Rises with every change of the built-in text.
    pub version: u32,
    /// One line for people; also what routing reads.
    pub description: String,
    /// Texts of typical tasks: what routing learns from.
    pub examples: Vec<String>,
    /// Documents besides artifacts that may be written at any time, as globs below the namespace.
    pub documents: Vec<String>,
    /// The lifecycle, in order.
    pub phases: Vec<Phase>,
    /// Commands by name.
    pub commands: BTreeMap<Word, CommandSpec>,
    /// Syntax checks: glob → name of a command.
    pub syntax: Vec<(String, Word)>,
    /// Laws whose level this profile raises.
    pub laws: BTreeMap<LawId, super::law_id::Level>,
    /// Digests of the templates by file name, as found in the same tree.
    pub templates: BTreeMap<String, Digest>,
}

impl Profile {
    /// The phase with this name and its position.
    pub fn phase(&self, name: &PhaseName) -> Option<(usize, &Phase)> {
        self.phases.iter().enumerate().find(|(_, phase)| phase.name == *name)
    }

    /// The first phase of a stage: where a task goes whose own phase no longer exists.
    pub fn phase_of_stage(&self, stage: Stage) -> Option<(usize, &Phase)> {
        self.phases.iter().enumerate().find(|(_, phase)| phase.stage == stage)
    }
}
