//! A policy and a small profile, for tests to change.

use std::collections::BTreeMap;

use super::{ALICE, CLAUDE, PROJECT, principal, word};
use crate::model::name::{PhaseName, ProfileName};
use crate::model::policy::{Actor, ActorKind, BundleRules, Config, FORMAT_VERSION, Format, LAWS_VERSION, Policy};
use crate::model::profile::{ArtifactKind, ArtifactSpec, Budget, GateSpec, Phase, Profile, VoteKind};
use crate::model::secret_rules::SecretRules;
use crate::model::state::Stage;
use crate::model::trust::{Presence, Signers};
use crate::model::vote::Proof;

/// A policy as `init` would write it: the human `alice` (owner and reviewer), the agent `claude`, both in all
/// profiles; no profile. Its fields are public: a test changes what it is about.
pub(crate) fn policy() -> Policy {
    let words = |list: &[&str]| -> Vec<String> { list.iter().map(|word| (*word).to_owned()).collect() };
    let actor = |kind, email: &str, roles: &[&str]| Actor {
        kind,
        emails: vec![email.to_owned()],
        profiles: Vec::new(),
        all_profiles: true,
        roles: roles.iter().map(|role| word(role)).collect(),
    };
    let config = Config {
        laws: BTreeMap::new(),
        sections: words(&["Context", "Solution", "Learning", "Impact"]),
        types: words(&[
            "feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert", "learn",
        ]),
        learning_optional: words(&["build", "ci", "chore", "style", "test", "revert"]),
        proofs: vec![Proof::Terminal],
        presence: Presence::None,
        compromised: BTreeMap::new(),
        risks: Vec::new(),
        self_approve: false,
        owners: 0,
        waivers_max: 3,
        window: 200_000,
        bundles: BundleRules::default(),
        readonly: Vec::new(),
        generated: Vec::new(),
        governed: Vec::new(),
        require_task: false,
        protected: words(&["main", "master"]),
        actors: BTreeMap::from([
            (principal("alice"), actor(ActorKind::Human, ALICE, &["owner", "reviewer"])),
            (principal("claude"), actor(ActorKind::Agent, CLAUDE, &[])),
        ]),
        exempt: Vec::new(),
        agent_markers: BTreeMap::new(),
    };
    let format =
        Format { format: FORMAT_VERSION, min_reader: FORMAT_VERSION, laws: LAWS_VERSION, project: PROJECT.to_owned() };
    Policy { format, config, signers: Signers::default(), profiles: BTreeMap::new(), secrets: SecretRules::default() }
}

/// As [`policy`], with [`small_profile`].
pub(crate) fn policy_with_profile() -> Policy {
    let profile = small_profile();
    let mut policy = policy();
    policy.profiles.insert(profile.name.clone(), profile);
    policy
}

/// The profile `dev`: phases `research` (a review), `spec` (an approval) and `implement` (checks alone), with the
/// artifacts `research/{opened}-{task}.md`, `specs/{opened}-{task}/spec.md` and `manifests/{opened}-{task}.txt`.
pub(crate) fn small_profile() -> Profile {
    let phase = |name: &str, stage, artifact: &str, kind, path: &str, vote| Phase {
        name: PhaseName::parse(name).unwrap(),
        stage,
        purpose: format!("the {name} of the work"),
        artifacts: vec![ArtifactSpec {
            name: word(artifact),
            kind,
            path: path.to_owned(),
            template: None,
            required: true,
        }],
        gate: GateSpec {
            title: format!("Leave {name}"),
            vote,
            voters: u32::from(vote != VoteKind::None),
            roles: Vec::new(),
            four_eyes: Default::default(),
            checks: Vec::new(),
            commands: Vec::new(),
        },
        budget: Budget { tokens: 40_000, artifact_tokens: 8_000, green: 35, yellow: 40 },
    };
    Profile {
        name: ProfileName::parse("dev").unwrap(),
        version: 1,
        description: "Product development in small".into(),
        examples: Vec::new(),
        documents: Vec::new(),
        phases: vec![
            phase(
                "research",
                Stage::Research,
                "notes",
                ArtifactKind::Research,
                "research/{opened}-{task}.md",
                VoteKind::Review,
            ),
            phase("spec", Stage::Plan, "spec", ArtifactKind::Plan, "specs/{opened}-{task}/spec.md", VoteKind::Approval),
            phase(
                "implement",
                Stage::Implement,
                "manifest",
                ArtifactKind::Manifest,
                "manifests/{opened}-{task}.txt",
                VoteKind::None,
            ),
        ],
        commands: BTreeMap::new(),
        syntax: Vec::new(),
        laws: BTreeMap::new(),
        templates: BTreeMap::new(),
    }
}
