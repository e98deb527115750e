//! Phase checks: what must hold to leave a phase, read from the artifacts' bytes alone.
//!
//! Each check is a law. `phase next` runs them before it writes an event; the judge runs them again, under the base's
//! profile, for the live events that T lacks (`live`), so that an event written by hand proves nothing.

mod filled;
pub(crate) mod live;
mod p1_sections;
mod p2_sources;
mod p3_pattern;
mod p4_changes;
mod p5_readiness;
mod p6_commands;
mod p7_manifest;
mod p8_tasks;
mod p9_deliverables;
mod required;

use std::collections::BTreeMap;

use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::name::{Principal, TaskId, Word};
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::profile::{ArtifactKind, ArtifactSpec, Phase, Profile};
use crate::model::report::{Finding, Place};
use crate::model::state::{Stage, TaskState};
use crate::model::tree::TreeView;
use crate::model::{event::Run, law_id::LawId};
use crate::workflow::delivery::Promised;
use crate::workflow::verdict::Standing;

use super::{Findings, Law};

pub use required::{Required, required_commands};

/// The phase checks in the order of their ids.
pub const LAWS: [&Law; 9] = [
    &p1_sections::LAW,
    &p2_sources::LAW,
    &p3_pattern::LAW,
    &p4_changes::LAW,
    &p5_readiness::LAW,
    &p6_commands::LAW,
    &p7_manifest::LAW,
    &p8_tasks::LAW,
    &p9_deliverables::LAW,
];

/// What the check of one gate reads: the artifacts' bytes and what surrounds them.
pub struct Material<'a> {
    /// The base's profile.
    pub profile: &'a Profile,
    /// The phase that is to be left.
    pub phase: &'a Phase,
    /// The task.
    pub task: &'a TaskId,
    /// Its state before leaving the phase.
    pub state: &'a TaskState,
    /// Who leaves the phase, and claims that commands ran.
    pub actor: &'a Principal,
    /// Whether the config calls them an agent.
    pub is_agent: bool,
    /// The artifacts of the phase, present or not.
    pub artifacts: Vec<Artifact<'a>>,
    /// The tree that the plan of an implement phase was made on; `None` where nobody knows it any more.
    pub planned_on: Option<&'a dyn TreeView>,
    /// The tree that citations are checked against: the event's `base`.
    pub cited: &'a dyn TreeView,
    /// Where citations are looked up as well, because the event's tree is not known: M. After a squash or a rebase nobody
    /// can tell what of it was there when it was cited.
    pub also: Option<&'a dyn TreeView>,
    /// T: what is in `cited` but gone from here is a stale plan, a warning.
    pub target: Option<&'a dyn TreeView>,
    /// Whether an edge of history is judged, in which code may come after the event that stands on it.
    pub is_replay: bool,
    /// M: what manifests and evidence must hold in.
    pub next: &'a dyn TreeView,
    /// The commands that the event says ran.
    pub runs: &'a [Run],
    /// The tree that the event was made on, from the edition of the laws on that asks for it.
    pub made_on: Option<MadeOn<'a>>,
    /// What the event notes; the share of lines that the tests covered is a claim too.
    pub notes: &'a BTreeMap<Word, String>,
    /// What verdicts in M say of them.
    pub verdicts: Standing,
    /// The plan of the task's live plan stage.
    pub plan: Option<Plan>,
    /// What was promised there, in an implement phase whose gate asks for it.
    pub promised: Option<Promised>,
}

/// The tree that an event was made on, where its commands ran.
pub struct MadeOn<'a> {
    /// The event's `base`.
    pub id: ObjectId,
    /// Its files; `None` where a squash or a rebase took it out of history.
    pub tree: Option<Box<dyn TreeView + 'a>>,
}

/// One artifact as the check reads it.
pub struct Artifact<'a> {
    /// What the profile says about it.
    pub spec: &'a ArtifactSpec,
    /// Where it is.
    pub path: RepoPath,
    /// Its bytes; `None` where it is not there.
    pub bytes: Option<Vec<u8>>,
    /// The text of its template, placeholders such as `{title}` not filled in.
    pub template: Option<String>,
}

impl<'a> Artifact<'a> {
    /// Its text; not being UTF-8 is a finding.
    fn text(&self, findings: &mut Findings) -> Option<&str> {
        match std::str::from_utf8(self.bytes.as_deref()?) {
            Ok(text) => Some(text),
            Err(error) => {
                let message = format!("`{}` is not UTF-8 (byte {})", self.path, error.valid_up_to());
                findings.add(Finding::new(self.place(), message, "save the file as UTF-8 text"));
                None
            }
        }
    }

    fn place(&self) -> Place {
        Place::path(self.path.clone())
    }

    fn line(&self, line: usize) -> Place {
        Place::line(self.path.clone(), line)
    }
}

impl<'a> Material<'a> {
    /// The artifacts of `kind` that are there. A required one that is missing is a finding of AO-P1, or of the law
    /// that asks where the gate does not name AO-P1; a phase that produces none of the kind is one too, because a check
    /// without anything to check would pass for the wrong reason.
    fn present(&self, kind: ArtifactKind, findings: &mut Findings) -> Vec<&Artifact<'a>> {
        let all: Vec<&Artifact<'a>> = self.artifacts.iter().filter(|artifact| artifact.spec.kind == kind).collect();
        if all.is_empty() {
            let profile = &self.profile.name;
            findings.add(Finding::new(
                Place::path(layout::profile_file(profile)),
                format!("the gate of phase `{}` checks a {} artifact, but the phase has none", self.phase.name, kind.as_str()),
                format!(
                    "give the phase such an artifact in `.agentops/{profile}/profile.toml` or take the check out of its \
                     gate, then run `agentops policy amend`"
                ),
            ));
        }
        if kind == ArtifactKind::Manifest || !self.phase.gate.checks.contains(&LawId::P1) {
            for artifact in &all {
                self.missing(artifact, findings);
            }
        }
        all.into_iter().filter(|artifact| artifact.bytes.is_some()).collect()
    }

    /// A finding where a required artifact is not there.
    fn missing(&self, artifact: &Artifact<'a>, findings: &mut Findings) {
        if !artifact.spec.required || artifact.bytes.is_some() {
            return;
        }
        let next = format!("run `agentops phase next {}`", self.task);
        let fix = match &artifact.spec.template {
            _ if artifact.spec.kind == ArtifactKind::Manifest => format!("{next}: it writes the manifest"),
            Some(template) => {
                format!("write it, starting from `{}`, then {next}", layout::template(&self.profile.name, template))
            }
            None => format!("write it, then {next}"),
        };
        let message =
            format!("`{}`, the {} of phase `{}`, is missing", artifact.path, artifact.spec.name, self.phase.name);
        findings.add(Finding::new(artifact.place(), message, fix));
    }

    /// The command that goes back to the plan.
    fn plan_again(&self) -> String {
        let phase = self.profile.phase_of_stage(Stage::Plan).map_or(self.phase, |(_, phase)| phase);
        format!("`agentops phase rewind {} --to {} --reason \"…\"`", self.task, phase.name)
    }

    /// A template's text with the task's values filled in.
    fn fill(&self, template: &str) -> String {
        [
            ("{title}", self.state.title.as_str()),
            ("{task}", self.task.as_str()),
            ("{opened}", self.state.opened.as_str()),
            ("{profile}", self.profile.name.as_str()),
            ("{phase}", self.phase.name.as_str()),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// `1 command`, `2 commands`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
pub(super) mod testing;

#[cfg(test)]
mod tests {
    use super::testing::Gate;
    use super::*;

    #[test]
    fn a_check_without_anything_to_check_fails() {
        for law in [LawId::P2, LawId::P3, LawId::P4, LawId::P5, LawId::P7, LawId::P8] {
            let mut gate = Gate::research();
            gate.phase.artifacts.clear();
            assert!(gate.judge(law).list[0].message.contains("the phase has none"), "{law}");
        }
    }

    #[test]
    fn a_missing_artifact_is_found_once() {
        let mut gate = Gate::research();
        assert!(gate.judge(LawId::P2).list[0].message.contains("is missing"));
        gate.phase.gate.checks = vec![LawId::P1, LawId::P2];
        assert_eq!(gate.judge(LawId::P2).list, []);
        assert!(gate.judge(LawId::P1).list[0].message.contains("is missing"));
        gate.phase.artifacts[0].required = false;
        assert_eq!(gate.judge(LawId::P1).list, []);
    }

    #[test]
    fn every_check_is_in_the_table() {
        let ids: Vec<&str> = LAWS.iter().map(|law| law.id.as_str()).collect();
        assert_eq!(ids, ["AO-P1", "AO-P2", "AO-P3", "AO-P4", "AO-P5", "AO-P6", "AO-P7", "AO-P8", "AO-P9"]);
    }
}
