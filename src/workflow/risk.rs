//! A gate as it stands for one task: the profile's, tightened by each class of risk that applies.
//!
//! The one place that resolves gates: `phase next`, votes, laws and the digest that a vote names all start from here. What
//! decides is what cannot be taken back: the labels of all of a task's events, the planned paths, and at implement the
//! paths of the manifest, whatever was planned.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Chain;
use super::globs::Globs;
use crate::model::manifest::Manifest;
use crate::model::name::Word;
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::policy::Policy;
use crate::model::profile::{ArtifactKind, FourEyes, Phase, Profile, VoteKind};
use crate::model::risk::RiskClass;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};
use crate::model::vote::Proof;

/// A resolved gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate<'p> {
    /// The phase to be left.
    pub phase: &'p Phase,
    /// Whether and how humans vote.
    pub vote: VoteKind,
    /// How many must approve; 0 exactly where `vote` is none.
    pub voters: u32,
    /// Of each of these lists a voter must have one role.
    pub roles: Vec<&'p [Word]>,
    /// The proofs of a vote that count.
    pub proofs: Vec<Proof>,
    /// What must stand behind it that a voter did not do the work.
    pub four_eyes: FourEyes,
    /// The classes that apply, in the order of the config.
    pub classes: Vec<Applied<'p>>,
}

/// A class of risk that applies to a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied<'p> {
    /// The class.
    pub class: &'p RiskClass,
    /// Why, a clause: "its label `payments`".
    pub why: String,
}

impl<'p> Gate<'p> {
    /// The gate as the profile and `gates.proof` say, without any class of risk.
    pub fn plain(policy: &Policy, phase: &'p Phase) -> Self {
        let gate = &phase.gate;
        Self {
            phase,
            vote: gate.vote,
            voters: gate.voters,
            roles: Some(gate.roles.as_slice()).filter(|roles| !roles.is_empty()).into_iter().collect(),
            proofs: policy.config.proofs.clone(),
            four_eyes: gate.four_eyes,
            classes: Vec::new(),
        }
    }

    /// The gate of `phase` for `chain`'s task, whose documents lie in `tree`.
    pub fn resolve(
        policy: &'p Policy,
        profile: &Profile,
        phase: &'p Phase,
        chain: &Chain,
        tree: &dyn TreeView,
    ) -> Result<Self, SightError> {
        let mut gate = Self::plain(policy, phase);
        let risks = &policy.config.risks;
        let in_stage = |class: &&RiskClass| class.stages.is_empty() || class.stages.contains(&phase.stage);
        let classes: Vec<&RiskClass> = risks.iter().filter(in_stage).collect();
        let touched = match classes.iter().any(|class| !class.paths.is_empty()) {
            true => touched(profile, phase, chain, tree)?,
            false => Touched::default(),
        };
        let labels: BTreeSet<&Word> = chain.links.iter().flat_map(|link| &link.event.state.labels).collect();
        for class in classes {
            if let Some(why) = applies(class, &labels, &touched)? {
                gate.tighten(class);
                gate.classes.push(Applied { class, why });
            }
        }
        // A class may ask for voters and another one for the vote.
        gate.voters = if gate.vote == VoteKind::None { 0 } else { gate.voters.max(1) };
        Ok(gate)
    }

    fn tighten(&mut self, class: &'p RiskClass) {
        self.vote = self.vote.max(class.vote);
        self.voters = self.voters.max(class.voters);
        self.four_eyes = self.four_eyes.max(class.four_eyes);
        if !class.roles.is_empty() {
            self.roles.push(&class.roles);
        }
        if let Some(weakest) = class.proof {
            self.proofs.retain(|proof| proof.is_as_strong_as(weakest));
            if self.proofs.is_empty() {
                self.proofs.push(weakest);
            }
        }
    }
}

/// What a task plans and changes, as far as a gate can know.
#[derive(Default)]
struct Touched {
    /// Each with whether it may be, or have been, a link to elsewhere.
    paths: BTreeMap<RepoPath, bool>,
    /// A document that should tell and cannot be read: what it hides may be anything.
    unreadable: Option<RepoPath>,
}

impl Touched {
    fn enter(&mut self, path: RepoPath, may_be_link: bool) {
        *self.paths.entry(path).or_default() |= may_be_link;
    }
}

/// The paths in the plans and manifests of the phases up to `phase`.
fn touched(profile: &Profile, phase: &Phase, chain: &Chain, tree: &dyn TreeView) -> Result<Touched, SightError> {
    let mut touched = Touched::default();
    let Some(first) = chain.links.first() else { return Ok(touched) };
    let last = profile.phase(&phase.name).map_or(profile.phases.len(), |(place, _)| place + 1);
    for spec in profile.phases[..last].iter().flat_map(|phase| &phase.artifacts) {
        if !matches!(spec.kind, ArtifactKind::Plan | ArtifactKind::Manifest) {
            continue;
        }
        let path = RepoPath::from(spec.path_for(&profile.name, &chain.task, &first.event.state));
        let Some(bytes) = tree.file(&path, MAX_TEXT_FILE)? else { continue };
        match spec.kind {
            ArtifactKind::Manifest => match Manifest::parse(&bytes) {
                Ok(manifest) => {
                    for line in manifest.lines() {
                        touched.enter(line.path.clone(), line.content.is_none_or(|(mode, _)| mode.is_link()));
                    }
                }
                Err(_) => touched.unreadable = Some(path),
            },
            _ => {
                let plan = Plan::parse(&String::from_utf8_lossy(&bytes));
                plan.mentioned.into_iter().for_each(|path| touched.enter(path, false));
                // A plan does not say what a new path will be.
                plan.changes.into_iter().for_each(|change| touched.enter(change.path, true));
            }
        }
    }
    Ok(touched)
}

/// Why `class` applies; `None` where it does not.
fn applies(class: &RiskClass, labels: &BTreeSet<&Word>, touched: &Touched) -> Result<Option<String>, SightError> {
    if class.labels.is_empty() && class.paths.is_empty() {
        return Ok(Some("it is for every task".into()));
    }
    if let Some(label) = class.labels.iter().find(|label| labels.contains(label)) {
        return Ok(Some(format!("its label `{label}`")));
    }
    if class.paths.is_empty() {
        return Ok(None);
    }
    let globs = Globs::new(&class.paths)?;
    let met = |(path, may_be_link): &(&RepoPath, &bool)| globs.matches(path) || **may_be_link && globs.leads_to(path);
    if let Some((path, _)) = touched.paths.iter().find(met) {
        return Ok(Some(format!("its path `{path}`")));
    }
    Ok(touched.unreadable.as_ref().map(|path| format!("`{path}` cannot be read, so its paths are not known")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{event, policy, small_profile, word};
    use crate::model::canonical::Canonical as _;
    use crate::model::digest::Digest;
    use crate::model::event::Event;
    use crate::model::state::Stage;
    use crate::model::tree::MemoryTree;
    use crate::workflow::chain::Link;
    use crate::workflow::gate::gate_digest;

    fn class(name: &str, change: impl FnOnce(&mut RiskClass)) -> RiskClass {
        let mut class = RiskClass {
            name: word(name),
            labels: Vec::new(),
            paths: Vec::new(),
            stages: Vec::new(),
            vote: VoteKind::None,
            voters: 0,
            roles: Vec::new(),
            proof: None,
            four_eyes: FourEyes::Claimed,
        };
        change(&mut class);
        class
    }

    /// A task with the label `payments` that plans `src/pay/a.rs` and changes `src/rate.rs`.
    fn resolved<'p>(policy: &'p Policy, profile: &'p Profile, phase: usize, manifest: &str) -> Gate<'p> {
        let mut first = Event::parse(event("auth-k3f9", &[]).1.as_bytes()).unwrap();
        first.state.labels = vec![word("payments")];
        let (task, opened) = (first.task.clone(), first.state.opened.clone());
        let link = Link { digest: Digest::of(first.print().as_bytes()), event: first };
        let chain = Chain::new(profile.name.clone(), task.clone(), vec![link]);
        let mut tree = MemoryTree::new();
        let plan = "# Plan\n\n## Changes\n- `src/pay/a.rs` (new file) — pay\n";
        tree.put(format!(".agentops/dev/specs/{opened}-{task}/spec.md").as_str(), plan);
        tree.put(format!(".agentops/dev/manifests/{opened}-{task}.txt").as_str(), manifest);
        Gate::resolve(policy, profile, &profile.phases[phase], &chain, &tree).unwrap()
    }

    fn why(class: RiskClass, phase: usize) -> Option<String> {
        let (mut policy, profile) = (policy(), small_profile());
        policy.config.risks = vec![class];
        let manifest = format!("100644 {} src/rate.rs\n", "ab".repeat(32));
        resolved(&policy, &profile, phase, &manifest).classes.first().map(|applied| applied.why.clone())
    }

    #[test]
    fn labels_plans_and_manifests_decide() {
        let label = |text: &str| class("a", |class| class.labels = vec![word(text)]);
        let path = |glob: &str| class("a", |class| class.paths = vec![glob.to_owned()]);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(why(label("payments"), 0), some("its label `payments`"));
        assert_eq!(why(label("mail"), 0), None);
        assert_eq!(why(path("src/pay/**"), 0), None, "at research nothing is planned");
        assert_eq!(why(path("src/pay/**"), 1), some("its path `src/pay/a.rs`"));
        assert_eq!(why(path("src/pay"), 2), some("its path `src/pay/a.rs`"));
        assert_eq!(why(path("src/rate.rs"), 1), None, "what is changed is known when it is changed");
        assert_eq!(why(path("src/rate.rs"), 2), some("its path `src/rate.rs`"));
        assert_eq!(why(class("a", |_| {}), 0), some("it is for every task"));
        assert_eq!(why(class("a", |class| class.stages = vec![Stage::Plan]), 0), None);
        let either = class("a", |class| (class.labels, class.paths) = (vec![word("mail")], vec!["src/**".into()]));
        assert_eq!(why(either, 1), some("its path `src/pay/a.rs`"));
    }

    #[test]
    fn a_link_above_a_path_of_a_class_is_of_the_class() {
        let path = |glob: &str| class("a", |class| class.paths = vec![glob.to_owned()]);
        assert!(why(path("src/pay/a.rs/**"), 1).is_some(), "nobody says what will be at a planned path");
        assert_eq!(why(path("src/rate.rs/**"), 2), None, "a file leads nowhere");
        let mut policy = policy();
        policy.config.risks = vec![path("src/rate.rs/**")];
        let link = format!("120000 {} src/rate.rs\n", "ab".repeat(32));
        assert_eq!(resolved(&policy, &small_profile(), 2, &link).classes[0].why, "its path `src/rate.rs`");
    }

    #[test]
    fn what_cannot_be_read_may_be_anything() {
        let (mut policy, profile) = (policy(), small_profile());
        policy.config.risks = vec![class("a", |class| class.paths = vec!["src/secret".into()])];
        let gate = resolved(&policy, &profile, 2, "no manifest\n");
        assert!(gate.classes[0].why.contains("cannot be read"), "{:?}", gate.classes);
    }

    #[test]
    fn classes_add_up_and_loosen_nothing() {
        let (mut policy, profile) = (policy(), small_profile());
        policy.config.proofs = vec![Proof::Terminal, Proof::Simulated];
        let (security, legal) = (vec![word("security")], vec![word("legal")]);
        policy.config.risks = vec![
            class("a", |class| (class.voters, class.roles) = (3, security.clone())),
            class("b", |class| (class.vote, class.proof) = (VoteKind::Review, Some(Proof::Terminal))),
            class("c", |class| (class.voters, class.roles, class.four_eyes) = (2, legal.clone(), FourEyes::Proved)),
        ];
        // A gate of checks alone, and one that wants an approval already.
        for (phase, vote) in [(2, VoteKind::Review), (1, VoteKind::Approval)] {
            let gate = resolved(&policy, &profile, phase, "");
            assert_eq!((gate.vote, gate.voters, gate.four_eyes), (vote, 3, FourEyes::Proved));
            assert_eq!(gate.roles, [security.as_slice(), legal.as_slice()]);
            assert_eq!(gate.proofs, [Proof::Terminal]);
        }
        policy.config.risks.push(class("d", |class| class.proof = Some(Proof::Signature)));
        assert_eq!(resolved(&policy, &profile, 1, "").proofs, [Proof::Signature]);
        policy.config.risks = vec![class("a", |class| class.voters = 2)];
        let alone = resolved(&policy, &profile, 2, "");
        assert_eq!((alone.vote, alone.voters), (VoteKind::None, 0), "voters make no vote");
    }

    #[test]
    fn a_gate_of_a_profile_may_want_proof_itself() {
        let (policy, mut profile) = (policy(), small_profile());
        let digest = |profile: &Profile| gate_digest(&policy, profile, &resolved(&policy, profile, 1, ""));
        let plain = digest(&profile);
        profile.phases[1].gate.four_eyes = FourEyes::Proved;
        assert_eq!(resolved(&policy, &profile, 1, "").four_eyes, FourEyes::Proved);
        assert_ne!(digest(&profile), plain);
    }

    #[test]
    fn a_gate_has_another_digest_only_where_a_class_applies() {
        let (mut policy, profile) = (policy(), small_profile());
        let digest = |policy: &Policy| gate_digest(policy, &profile, &resolved(policy, &profile, 1, ""));
        let plain = digest(&policy);
        policy.config.risks = vec![class("a", |class| (class.labels, class.voters) = (vec![word("mail")], 2))];
        assert_eq!(digest(&policy), plain);
        policy.config.risks[0].labels = vec![word("payments")];
        let tightened = digest(&policy);
        assert_ne!(tightened, plain);
        policy.config.risks[0].labels.push(word("sepa"));
        assert_eq!(digest(&policy), tightened, "whom else it is for is no matter of this gate");
        policy.config.risks[0].voters = 3;
        assert_ne!(digest(&policy), tightened);
    }
}
