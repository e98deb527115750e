//! A profile: a flavour of work, as data. Read and checked by `config`; ruled by the copy in the base tree.

use std::collections::BTreeMap;

use super::digest::Digest;
use super::law_id::LawId;
use super::name::{PhaseName, ProfileName, TaskId, Word};
use super::path::RepoPath;
use super::state::{Stage, TaskState};
use super::time::Date;

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
    /// Promised files, tests, criteria and integration points: TOML.
    Deliverables,
    /// Written by `phase next`: one line `mode sha256 path` for each path of the task.
    Manifest,
}

impl ArtifactKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Research, Self::Plan, Self::Tasks, Self::Report, Self::Deliverables, Self::Manifest];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Research => "research",
            Self::Plan => "plan",
            Self::Tasks => "tasks",
            Self::Report => "report",
            Self::Deliverables => "deliverables",
            Self::Manifest => "manifest",
        }
    }
}

impl Stage {
    /// The kind of artifact that a phase of this stage is for.
    pub fn own_artifact(self) -> ArtifactKind {
        match self {
            Self::Research => ArtifactKind::Research,
            Self::Plan => ArtifactKind::Plan,
            Self::Implement => ArtifactKind::Manifest,
            Self::Post => ArtifactKind::Report,
        }
    }
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

    /// The task whose artifact of this kind lies at `path`: the inverse of [`path_for`](Self::path_for). A pattern
    /// without `{task}` belongs to no task in particular and matches nothing.
    pub fn task_of(&self, profile: &ProfileName, path: &RepoPath) -> Option<TaskId> {
        let namespace = super::layout::namespace(profile);
        let below = path.as_str()?.strip_prefix(namespace.as_str())?.strip_prefix('/')?;
        match_pattern(&self.path, below, None, None)?
    }
}

/// Matches the whole `text` with a pattern of literals, `{task}` and `{opened}`; each stands for one value throughout.
/// The outer `None` is no match, the inner one a match without task.
fn match_pattern(pattern: &str, text: &str, task: Option<&TaskId>, opened: Option<&str>) -> Option<Option<TaskId>> {
    let Some(at) = ["{task}", "{opened}"].iter().filter_map(|name| pattern.find(name)).min() else {
        return (pattern == text).then(|| task.cloned());
    };
    let text = text.strip_prefix(&pattern[..at])?;
    if let Some(rest) = pattern[at..].strip_prefix("{opened}") {
        let day = text.get(..10).filter(|day| Date::parse(day).is_ok() && opened.is_none_or(|known| known == *day))?;
        return match_pattern(rest, &text[10..], task, Some(day));
    }
    let rest = &pattern[at + "{task}".len()..];
    if let Some(known) = task {
        return match_pattern(rest, text.strip_prefix(known.as_str())?, task, opened);
    }
    // An id has at most 48 bytes, and once chosen it is fixed: this does not explode.
    (1..=48)
        .filter_map(|length| TaskId::parse(text.get(..length)?).ok())
        .find_map(|id| match_pattern(rest, &text[id.as_str().len()..], Some(&id), opened))
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

/// What must stand behind it that a voter did not do the work. In the order of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum FourEyes {
    /// The names in events and votes: a claim where one of them is unsigned.
    #[default]
    Claimed,
    /// Signatures of the submit and of the vote, and no doer who signed nothing.
    Proved,
}

impl FourEyes {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Claimed, Self::Proved];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Proved => "proved",
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
    /// What must stand behind it that a voter did not do the work.
    pub four_eyes: FourEyes,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn task_of(pattern: &str, path: &str) -> Option<String> {
        let spec = ArtifactSpec {
            name: Word::parse("spec").unwrap(),
            kind: ArtifactKind::Plan,
            path: pattern.to_owned(),
            template: None,
            required: true,
        };
        let profile = ProfileName::parse("dev").unwrap();
        spec.task_of(&profile, &path.into()).map(|task| task.to_string())
    }

    #[test]
    fn artifacts_are_known_by_their_path() {
        let pattern = "specs/{opened}-{task}/spec.md";
        let found = task_of(pattern, ".agentops/dev/specs/2026-11-21-new-auth-k3f9/spec.md");
        assert_eq!(found.as_deref(), Some("new-auth-k3f9"));
        for other in [
            ".agentops/dev/specs/2026-11-21-auth-k3f9/other.md",
            ".agentops/dev/specs/2026-13-21-auth-k3f9/spec.md",
            ".agentops/dev/specs/2026-11-21-auth/spec.md",
            ".agentops/sre/specs/2026-11-21-auth-k3f9/spec.md",
            "specs/2026-11-21-auth-k3f9/spec.md",
        ] {
            assert_eq!(task_of(pattern, other), None, "{other}");
        }
        assert_eq!(task_of("{task}/{task}.md", ".agentops/dev/a-k3f9/a-k3f9.md").as_deref(), Some("a-k3f9"));
        assert_eq!(task_of("{task}/{task}.md", ".agentops/dev/a-k3f9/b-k3f9.md"), None);
        assert_eq!(task_of("{task}-x-0000.md", ".agentops/dev/a-k3f9-x-0000.md").as_deref(), Some("a-k3f9"));
        assert_eq!(task_of("notes.md", ".agentops/dev/notes.md"), None);
    }
}
