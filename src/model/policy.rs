//! The policy: `config.toml` and `format.toml` as data. Defaults are what `init` writes.

use std::collections::BTreeMap;

use super::law_id::{LawId, Level};
use super::name::{Principal, ProfileName, Word};
use super::profile::{Phase, Profile};
use super::risk::RiskClass;
use super::secret_rules::SecretRules;
use super::time::Timestamp;
use super::trust::{Presence, Signers};
use super::vote::Proof;

/// `format.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Version of the files' format.
    pub format: u32,
    /// The oldest reader that may write here.
    pub min_reader: u32,
    /// Which edition of the laws judges steps from here.
    pub laws: u32,
    /// 128 random bits in hex.
    pub project: String,
}

/// The format this binary writes.
pub const FORMAT_VERSION: u32 = 1;
/// The newest edition of the laws this binary knows.
pub const LAWS_VERSION: u32 = 2;
/// The edition of the laws from which signatures are verified. Before it, what is signed counts for nothing.
pub const SIGNATURES_SINCE: u32 = 2;
/// The edition of the laws from which amends may let state files go.
pub const REDACTIONS_SINCE: u32 = 2;
/// The edition of the laws from which verdicts are known. Before it, a file in their place is a document like any other.
pub const VERDICTS_SINCE: u32 = 2;
/// The edition of the laws from which decisions about improvements are known. Before it, a file in their place is a document like
/// any other.
pub const DECISIONS_SINCE: u32 = 2;
/// The edition of the laws from which a session record may list learnings of other profiles, which served it again.
pub const REUSE_SINCE: u32 = 2;
/// The edition of the laws from which the approval of a plan carries one delivery.
pub const APPROVED_ONCE_SINCE: u32 = 2;
/// The edition of the laws from which a reject stands for its submit, whatever becomes of its voter or of the gate.
pub const REJECTS_STAND_SINCE: u32 = 2;
/// The edition of the laws from which the runs of an event must name the tree that it was made on.
pub const RUN_TREES_SINCE: u32 = 2;
/// The edition of the laws from which it is judged what could stand for a path that the rules name: a link above it, another
/// spelling of it.
pub const STAND_INS_SINCE: u32 = 2;

/// Human or agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// May vote.
    Human,
    /// May not.
    Agent,
}

/// Who may make events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Human or agent.
    pub kind: ActorKind,
    /// E-mail addresses in commits that mean this actor; compared in lower case.
    pub emails: Vec<String>,
    /// Profiles it may write in; `*` stands for all and is kept as an empty list with [`all_profiles`](Self::all_profiles).
    pub profiles: Vec<ProfileName>,
    /// Whether `profiles = ["*"]`.
    pub all_profiles: bool,
    /// Roles, such as `owner` or `reviewer`.
    pub roles: Vec<Word>,
}

impl Actor {
    /// Whether the actor may write in `profile`.
    pub fn may_write(&self, profile: &ProfileName) -> bool {
        self.all_profiles || self.profiles.contains(profile)
    }
}

/// Commits of a bot that some laws leave alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The author's e-mail address.
    pub author: String,
    /// Which laws: L1, L3, R3 and T1 only.
    pub laws: Vec<LawId>,
    /// Globs that every changed path must match.
    pub paths: Vec<String>,
}

/// A generated file and what it is made from, as globs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// A glob of the output.
    pub output: String,
    /// A glob of the source.
    pub source: String,
}

/// A command that makes texts shorter instead of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compressor {
    /// Program and arguments.
    pub run: Vec<String>,
    /// Seconds before it is stopped.
    pub timeout_seconds: u32,
}

/// How context bundles are made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BundleRules {
    /// Whether `phase next` saves a bundle of the phase that it leaves.
    pub at_phase_end: bool,
    /// What makes them instead of this program.
    pub command: Option<Compressor>,
}

/// `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Levels that differ from [`LawId::default_level`].
    pub laws: BTreeMap<LawId, Level>,
    /// Message section tokens, in the order they are asked for. The one named `Learning` is what AO-L1 reads.
    pub sections: Vec<String>,
    /// Commit types of R3.
    pub types: Vec<String>,
    /// Commit types that may say `Learning: N/A <reason>`.
    pub learning_optional: Vec<String>,
    /// Proofs that gates accept.
    pub proofs: Vec<Proof>,
    /// What a security key must show for a signed vote or amend to count.
    pub presence: Presence,
    /// Keys that are no longer their owners' alone, by `SHA256:…`: since when.
    pub compromised: BTreeMap<String, Timestamp>,
    /// Classes of risk, which tighten gates.
    pub risks: Vec<RiskClass>,
    /// Whether a doer may vote on its own work.
    pub self_approve: bool,
    /// How many owners must sign an amend; 0: unsigned amends.
    pub owners: u32,
    /// Waivers a step may use.
    pub waivers_max: u32,
    /// The context window that budgets refer to, in tokens.
    pub window: u32,
    /// How context bundles are made.
    pub bundles: BundleRules,
    /// Globs of paths that never change here (AO-R1).
    pub readonly: Vec<String>,
    /// Generated files (AO-R2).
    pub generated: Vec<Generated>,
    /// Globs of governed paths outside `.agentops`.
    pub governed: Vec<String>,
    /// Whether a changed path that no manifest lists is a violation.
    pub require_task: bool,
    /// Branches onto which forks, `fixup!` and `squash!` may not land.
    pub protected: Vec<String>,
    /// Actors by name.
    pub actors: BTreeMap<Principal, Actor>,
    /// Exemptions for bots.
    pub exempt: Vec<Exemption>,
    /// Markers of agent clients: environment variable → actor.
    pub agent_markers: BTreeMap<String, Principal>,
}

impl Config {
    /// Whether the branch `onto` is a protected one; it is taken for one where nothing is said.
    pub fn protects(&self, onto: Option<&str>) -> bool {
        let name = onto.map(|onto| onto.strip_prefix("refs/heads/").unwrap_or(onto));
        name.is_none_or(|name| self.protected.iter().any(|own| own == name))
    }

    /// The actor that an e-mail address belongs to.
    pub fn actor_by_email(&self, email: &str) -> Option<(&Principal, &Actor)> {
        let email = email.to_lowercase();
        self.actors.iter().find(|(_, actor)| actor.emails.iter().any(|own| own.to_lowercase() == email))
    }
}

/// Everything that rules a step, read from one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `format.toml`.
    pub format: Format,
    /// `config.toml`.
    pub config: Config,
    /// `allowed_signers`: whose key is whose. Nobody's before [`SIGNATURES_SINCE`].
    pub signers: Signers,
    /// Profiles by name, with `extends` resolved.
    pub profiles: BTreeMap<ProfileName, Profile>,
    /// `secrets.toml`: what it adds to the built-in rules about secrets, and takes from them.
    pub secrets: SecretRules,
}

impl Policy {
    /// The level of a law for changes in `profile`'s namespace, or overall: a profile may only tighten.
    pub fn level(&self, law: LawId, profile: Option<&ProfileName>) -> Level {
        let general = self.config.laws.get(&law).copied().unwrap_or_else(|| law.default_level());
        let own = profile.and_then(|name| self.profiles.get(name)).and_then(|profile| profile.laws.get(&law).copied());
        own.map_or(general, |own| own.max(general))
    }

    /// Whether the config calls `actor` an agent.
    pub fn is_agent(&self, actor: &Principal) -> bool {
        self.config.actors.get(actor).is_some_and(|actor| actor.kind == ActorKind::Agent)
    }

    /// Whether the edition of the laws that rules here has this law.
    pub fn judges(&self, law: LawId) -> bool {
        self.format.laws >= law.edition()
    }

    /// Whether the edition that rules here judges what could stand for a path that the rules name.
    pub fn judges_stand_ins(&self) -> bool {
        self.format.laws >= STAND_INS_SINCE
    }

    /// Whether `law` is one of the checks with which `phase` is left here.
    pub fn asks(&self, phase: &Phase, law: LawId) -> bool {
        self.judges(law) && phase.gate.checks.contains(&law)
    }
}
