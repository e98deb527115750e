//! One gate in memory for the tests of phase checks.
//!
//! Compiled for tests alone: `Gate::plan().with("spec", text).cites("src/a.rs", "1\n").judge(LawId::P4)`.

use std::collections::BTreeMap;

use crate::law::Findings;
use crate::law::testing::{principal, small_profile, word};
use crate::model::deliverables::Deliverables;
use crate::model::digest::{Digest, ObjectId};
use crate::model::event::Run;
use crate::model::law_id::LawId;
use crate::model::name::{TaskId, Word};
use crate::model::plan::Plan;
use crate::model::profile::{ArtifactKind, ArtifactSpec, CommandSpec, Phase, Profile};
use crate::model::state::{Priority, Status, TaskState};
use crate::model::time::Date;
use crate::model::tree::MemoryTree;
use crate::workflow::delivery::Promised;

use super::p9_deliverables;
use crate::workflow::verdict::Standing;

use super::{Artifact, LAWS, Material};
use super::{p1_sections, p2_sources, p3_pattern, p4_changes, p5_readiness, p6_commands, p7_manifest, p8_tasks};

/// The checks behind `LAWS`, in the same order.
type Examine = fn(&Material<'_>, &mut Findings) -> Result<(), crate::model::tree::SightError>;

const EXAMINE: [Examine; 9] = [
    p1_sections::examine,
    p2_sources::examine,
    p3_pattern::examine,
    p4_changes::examine,
    p5_readiness::examine,
    p6_commands::examine,
    p7_manifest::examine,
    p8_tasks::examine,
    p9_deliverables::examine,
];

/// The task `auth-k3f9` of the profile `dev` about to leave a phase.
pub(in crate::law) struct Gate {
    pub(in crate::law) profile: Profile,
    pub(in crate::law) phase: Phase,
    pub(in crate::law) texts: BTreeMap<String, Vec<u8>>,
    pub(in crate::law) templates: BTreeMap<String, String>,
    pub(in crate::law) cited: MemoryTree,
    pub(in crate::law) target: Option<MemoryTree>,
    pub(in crate::law) next: MemoryTree,
    pub(in crate::law) runs: Vec<Run>,
    pub(in crate::law) notes: BTreeMap<Word, String>,
    pub(in crate::law) verdicts: Standing,
    pub(in crate::law) plan: Option<Plan>,
    pub(in crate::law) promised: Option<Promised>,
    pub(in crate::law) is_agent: bool,
    pub(in crate::law) is_replay: bool,
}

impl Gate {
    pub(in crate::law) fn research() -> Self {
        Self::of("research")
    }

    pub(in crate::law) fn plan() -> Self {
        Self::of("spec")
    }

    pub(in crate::law) fn implement() -> Self {
        Self::of("implement")
    }

    fn of(phase: &str) -> Self {
        let profile = small_profile();
        let phase = profile.phases.iter().find(|own| own.name.as_str() == phase).unwrap().clone();
        Self {
            profile,
            phase,
            texts: BTreeMap::new(),
            templates: BTreeMap::new(),
            cited: MemoryTree::new(),
            target: None,
            next: MemoryTree::new(),
            runs: Vec::new(),
            notes: BTreeMap::new(),
            verdicts: Standing::default(),
            plan: None,
            promised: None,
            is_agent: true,
            is_replay: false,
        }
    }

    /// Gives the artifact `name` its bytes.
    pub(in crate::law) fn with(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.texts.insert(name.to_owned(), bytes.into());
        self
    }

    /// Gives the artifact `name` a template.
    pub(in crate::law) fn template(mut self, name: &str, text: &str) -> Self {
        self.templates.insert(name.to_owned(), text.to_owned());
        let spec = self.phase.artifacts.iter_mut().find(|spec| spec.name.as_str() == name).unwrap();
        spec.template = Some(format!("{name}.md"));
        self
    }

    /// Adds an artifact to the phase.
    pub(in crate::law) fn artifact(mut self, name: &str, kind: ArtifactKind, required: bool) -> Self {
        let path = format!("extra/{name}.md");
        self.phase.artifacts.push(ArtifactSpec { name: word(name), kind, path, template: None, required });
        self
    }

    /// Says what was promised with the plan.
    pub(in crate::law) fn promised(mut self, text: &str) -> Self {
        let deliverables = Deliverables::parse(text.as_bytes()).map_err(|problems| problems[0].clone());
        let planned_on = ObjectId::parse(&"e".repeat(40)).unwrap();
        self.promised = Some(Promised { path: "deliverables.toml".into(), planned_on, deliverables });
        self
    }

    /// Puts a file into the tree that citations are checked against.
    pub(in crate::law) fn cites(mut self, path: &str, text: &str) -> Self {
        self.cited.put(path, text);
        self
    }

    /// Puts a file into M.
    pub(in crate::law) fn holds(mut self, path: &str, text: &str) -> Self {
        self.next.put(path, text);
        self
    }

    /// Names a command of the profile.
    pub(in crate::law) fn command(mut self, name: &str, run: &[&str], takes_paths: bool) -> Self {
        let run = run.iter().map(|part| (*part).to_owned()).collect();
        self.profile.commands.insert(word(name), CommandSpec { run, timeout_seconds: 60, takes_paths });
        self
    }

    /// Says that a command ran, on a tree named by one digit.
    pub(in crate::law) fn ran(mut self, name: &str, arguments: &[&str], exit: i32, tree: &str) -> Self {
        self.runs.push(Run {
            name: Word::parse(name).unwrap(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            exit,
            ms: 5,
            output_sha256: Digest::of(b""),
            tree: ObjectId::parse(&tree.repeat(40)).unwrap(),
        });
        self
    }

    /// What the check `law` finds at this gate.
    pub(in crate::law) fn judge(&self, law: LawId) -> Findings {
        let task = TaskId::parse("auth-k3f9").unwrap();
        let state = TaskState {
            phase: self.phase.name.clone(),
            stage: self.phase.stage,
            status: Status::Working,
            attempt: 1,
            opened: Date::parse("2026-11-21").unwrap(),
            title: "Create new authentication system".to_owned(),
            priority: Priority::Normal,
            labels: Vec::new(),
            after: Vec::new(),
        };
        let actor = principal("claude");
        let artifacts = self.phase.artifacts.iter().map(|spec| Artifact {
            spec,
            path: spec.path_for(&self.profile.name, &task, &state).into(),
            bytes: self.texts.get(spec.name.as_str()).cloned(),
            template: self.templates.get(spec.name.as_str()).cloned(),
        });
        let material = Material {
            profile: &self.profile,
            phase: &self.phase,
            task: &task,
            state: &state,
            actor: &actor,
            is_agent: self.is_agent,
            artifacts: artifacts.collect(),
            planned_on: Some(&self.cited),
            cited: &self.cited,
            also: None,
            is_replay: self.is_replay,
            target: self.target.as_ref().map(|tree| tree as _),
            next: &self.next,
            runs: &self.runs,
            made_on: None,
            notes: &self.notes,
            verdicts: self.verdicts.clone(),
            plan: self.plan.clone(),
            promised: self.promised.clone(),
        };
        let mut findings = Findings::default();
        let at = LAWS.iter().position(|own| own.id == law).unwrap();
        EXAMINE[at](&material, &mut findings).unwrap();
        findings
    }
}

/// Findings as `line: message`, with `warning` before what only warns.
pub(in crate::law) fn shown(findings: &Findings) -> Vec<String> {
    let level = |finding: &crate::model::report::Finding| match finding.at_most {
        crate::model::law_id::Level::Error => "",
        _ => "warning ",
    };
    let shown = findings
        .list
        .iter()
        .map(|finding| format!("{}{}: {}", level(finding), finding.place.line.unwrap_or(0), finding.message));
    shown.collect()
}
