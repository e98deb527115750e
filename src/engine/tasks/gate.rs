//! Gates: what waits for a human, and votes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::submitted::{self, Submitted};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site, near};
use crate::engine::writing::compose;
use crate::engine::writing::signing::SigningKey;
use crate::engine::writing::transact::{Committed, Draft, Target, transact};
use crate::law::Records;
use crate::model::canonical::Canonical as _;
use crate::model::digest::Digest;
use crate::model::event::{EventKind, Signature};
use crate::model::layout;
use crate::model::manifest::{Manifest, ManifestLine};
use crate::model::name::{Principal, ProfileName, TaskId, Word};
use crate::model::path::RepoPath;
use crate::model::policy::{ActorKind, SIGNATURES_SINCE};
use crate::model::profile::{ArtifactKind, FourEyes, Phase, VoteKind};
use crate::model::state::Status;
use crate::model::time::Timestamp;
use crate::model::tree::MAX_TEXT_FILE;
use crate::model::trust::Proved;
use crate::model::vote::{Proof, Verdict, Vote, Window};
use crate::workflow::artifact;
use crate::workflow::chain::{self, Chain, Link};
use crate::workflow::gate::{self, Tally};
use crate::workflow::proof;
use crate::workflow::risk::{Applied, Gate};

pub use crate::workflow::proof::Approval;

/// A gate that waits for votes.
#[derive(Debug, Clone)]
pub struct WaitingGate {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// The phase to be left.
    pub phase: String,
    /// `Validation Gate 1`, 2 or 3, by the phase's stage; 4 after deployment.
    pub number: usize,
    /// The gate's title.
    pub title: String,
    /// Review or approval.
    pub vote: VoteKind,
    /// Of each of these lists a voter must have one role.
    pub roles: Vec<Vec<Word>>,
    /// The proofs of a vote that count.
    pub proofs: Vec<Proof>,
    /// What must stand behind it that a voter did not do the work.
    pub four_eyes: FourEyes,
    /// The classes of risk that tighten it.
    pub classes: Vec<RiskMet>,
    /// The task's title.
    pub task_title: String,
    /// Digest of the submit that waits.
    pub submit: Digest,
    /// Digest of the resolved gate.
    pub gate: Digest,
    /// The artifacts with the digests of the bytes that are voted on.
    pub evidence: Vec<(String, Digest)>,
    /// Evidence whose bytes at that commit are no longer those of the submit: votes on it lapse.
    pub lapsed: Vec<String>,
    /// Who did the work.
    pub doers: Vec<Principal>,
    /// Votes so far.
    pub tally: Tally,
    /// The branch it was found on, where that is not HEAD's.
    pub reference: Option<String>,
}

/// A class of risk that tightens a task's gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskMet {
    /// Its name in the config.
    pub name: String,
    /// Why it applies, a clause.
    pub why: String,
}

impl RiskMet {
    /// The classes of a resolved gate.
    pub(crate) fn of(gate: &Gate<'_>) -> Vec<Self> {
        let met = |Applied { class, why }: &Applied<'_>| Self { name: class.name.to_string(), why: why.clone() };
        gate.classes.iter().map(met).collect()
    }
}

/// The gates that wait at HEAD, or at all local and remote branches.
pub fn list(site: &Site, all_refs: bool) -> Result<Vec<WaitingGate>, EngineError> {
    let mut gates = list_at(&site.base()?)?;
    if all_refs {
        let mut seen: BTreeSet<Digest> = gates.iter().map(|gate| gate.submit).collect();
        let mut references = site.repo.references("refs/heads/")?;
        references.extend(site.repo.references("refs/remotes/")?);
        for (reference, _) in references {
            // A branch from before adoption has no gates.
            let Ok(base) = site.base_of(&reference) else { continue };
            for mut gate in list_at(&base)? {
                if seen.insert(gate.submit) {
                    gate.reference = Some(reference.clone());
                    gates.push(gate);
                }
            }
        }
    }
    Ok(gates)
}

fn list_at(base: &Base<'_>) -> Result<Vec<WaitingGate>, EngineError> {
    let mut gates = Vec::new();
    for profile in base.policy.profiles.keys() {
        for task in chain::tasks(&base.tree, profile)? {
            let by_name = chain::standing_by_name(&base.tree, profile, &task)?;
            if by_name.is_some_and(|name| name.status != Status::Waiting) {
                continue;
            }
            gates.extend(waiting(base, &Chain::read(&base.tree, profile, &task)?)?);
        }
    }
    Ok(gates)
}

/// The gate that `chain`'s task waits at; `None` where it waits at none.
pub(crate) fn waiting(base: &Base<'_>, chain: &Chain) -> Result<Option<WaitingGate>, EngineError> {
    let Some(submit) = chain.head().filter(|link| link.event.kind == EventKind::Submit) else { return Ok(None) };
    let rules = base.rules(chain)?;
    let Some((_, phase)) = rules.phase(&submit.event.state.phase) else { return Ok(None) };
    let sessions = Records::default().sessions_on(base.view(), chain, &submit.event.state)?;
    let doers = gate::doers(chain, submit, &sessions);
    let mut lapsed = lapsed(base, submit)?;
    lapsed.extend(changed_code(base, submit)?);
    let votes = gate::read_votes(base.view(), &chain.profile, submit)?;
    let gate = Gate::resolve(&base.policy, rules, phase, chain, base.view())?;
    let tally = gate::tally(&base.policy, rules, &gate, submit, &doers, &votes);
    Ok(Some(WaitingGate {
        task: chain.task.clone(),
        profile: chain.profile.clone(),
        phase: phase.name.to_string(),
        number: number(phase),
        title: phase.gate.title.clone(),
        vote: gate.vote,
        roles: gate.roles.iter().map(|roles| roles.to_vec()).collect(),
        proofs: gate.proofs.clone(),
        four_eyes: gate.four_eyes,
        classes: RiskMet::of(&gate),
        task_title: submit.event.state.title.clone(),
        submit: submit.digest,
        gate: gate::gate_digest(&base.policy, rules, &gate),
        evidence: submit.event.evidence.iter().map(|item| (item.path.clone(), item.sha256)).collect(),
        lapsed,
        doers: doers.into_iter().collect(),
        tally,
        reference: None,
    }))
}

/// Evidence of `submit` that this tree no longer holds.
pub(crate) fn lapsed(base: &Base<'_>, submit: &Link) -> Result<Vec<String>, EngineError> {
    let mut lapsed = Vec::new();
    for item in &submit.event.evidence {
        let bytes = base.view().file(&RepoPath::from(item.path.as_str()), MAX_TEXT_FILE)?;
        if bytes.is_none_or(|bytes| Digest::of(&bytes) != item.sha256) {
            lapsed.push(item.path.clone());
        }
    }
    Ok(lapsed)
}

/// Paths that a manifest among `submit`'s evidence lists and that this tree holds otherwise. Only while the submit waits
/// is that a lapse: code goes on after its task is done.
fn changed_code(base: &Base<'_>, submit: &Link) -> Result<Vec<String>, EngineError> {
    let mut changed = Vec::new();
    for item in &submit.event.evidence {
        let path = RepoPath::from(item.path.as_str());
        let is_manifest =
            artifact::owner(&base.policy, &path).is_some_and(|owner| owner.spec.kind == ArtifactKind::Manifest);
        let bytes = if is_manifest { base.view().file(&path, MAX_TEXT_FILE)? } else { None };
        let Some(Ok(manifest)) = bytes.map(|bytes| Manifest::parse(&bytes)) else { continue };
        for line in manifest.lines() {
            if ManifestLine::of(base.view(), &line.path)? != *line {
                changed.push(line.path.to_string());
            }
        }
    }
    Ok(changed)
}

/// The number in `Validation Gate n`.
pub fn number(phase: &Phase) -> usize {
    phase.stage as usize + 1
}

/// What a voter asks for.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The task, or a prefix.
    pub task: String,
    /// Approve or reject.
    pub verdict: Verdict,
    /// Mandatory for a reject.
    pub reason: String,
    /// What the vote rests on. The command line passes `Terminal` only after a person typed the task id.
    pub proof: Proof,
    /// The key that signs, exactly where the proof is a signature.
    pub key: Option<SigningKey>,
    /// When the approval counts.
    pub window: Window,
    /// The submit that the voter has read: another one, come in meanwhile, is not voted on unseen.
    pub submit: Digest,
}

/// What the command line shows before it asks: the waiting gate of `task` with what is voted on, the voter's right to
/// vote and the proof checked. Nothing is written.
pub fn prepare(site: &Site, target: &Target, task: &str, wish: &Wish) -> Result<Ballot, EngineError> {
    let base = base_for(site, target)?;
    let chain = base.task(task)?;
    let gate = open_gate(&base, &chain)?;
    let voter = voter(site, &base, &chain, &gate)?;
    let proof = match wish {
        Wish::Simulated => Proof::Simulated,
        Wish::Person { key } => strongest(&base, &gate, &voter, key.is_some()),
    };
    accept(&gate, proof)?;
    let key = match wish {
        Wish::Person { key } if proof == Proof::Signature => {
            Some(SigningKey::find(site, &base.policy, &voter, key.as_deref())?)
        }
        _ => None,
    };
    let documents = submitted::documents(site, &base, &chain)?;
    Ok(Ballot { gate, voter, proof, key, documents })
}

/// How somebody wants to vote.
#[derive(Debug, Clone)]
pub enum Wish {
    /// As a person: with the strongest proof that the base accepts and the voter can give.
    Person {
        /// The file of the key to sign with; none: the voter's key is looked for.
        key: Option<PathBuf>,
    },
    /// As the demo.
    Simulated,
}

/// A signature where the gate accepts one, unless the voter has no key and the word of a person at a terminal does too.
fn strongest(base: &Base<'_>, gate: &WaitingGate, voter: &Principal, has_named_key: bool) -> Proof {
    let accepts = |proof| gate.proofs.contains(&proof);
    let has_key = has_named_key || base.policy.signers.get(voter).is_some();
    if accepts(Proof::Signature) && (has_key || !accepts(Proof::Terminal)) { Proof::Signature } else { Proof::Terminal }
}

/// What a voter is shown.
#[derive(Debug, Clone)]
pub struct Ballot {
    /// The gate.
    pub gate: WaitingGate,
    /// Who votes.
    pub voter: Principal,
    /// What the vote will rest on.
    pub proof: Proof,
    /// The key that signs it, exactly where that is a signature.
    pub key: Option<SigningKey>,
    /// The artifacts that are voted on.
    pub documents: Vec<Submitted>,
}

/// Writes one vote: on HEAD's branch, or on the branch that `target` names. The gate that comes back counts it.
pub fn cast(site: &Site, target: &Target, choice: &Choice) -> Result<Committed<WaitingGate>, EngineError> {
    let at = site.clock.now();
    // Signed before the lock is taken, for a person may take their time over a passphrase.
    let (_, signed) = sealed(site, &base_for(site, target)?, choice, &at)?;
    transact(site, target, |base| {
        let (mut gate, mut vote) = vote(site, base, choice, &at)?;
        if vote.signed_bytes() != signed.signed_bytes() {
            return Err(EngineError::Conflict {
                message: format!("the gate of `{}` changed while you voted: nothing was written", choice.task),
                hint: format!("read it again: agentops gate approve {}", choice.task),
            });
        }
        vote.signature.clone_from(&signed.signature);
        let key = proof_of(base, &vote)?;
        let rules = base.profile(gate.profile.as_str())?;
        let path = layout::votes(&rules.name, &gate.task, &gate.submit).join(vote.file_name().as_bytes());
        let what = format!("{} {} ({})", vote.verdict.as_str(), gate.task, gate.phase);
        let trailers = [format!("Agentops-Task: {}", gate.task)];
        let message = compose::plain_message(&compose::subject(&rules.name, &what), &vote.reason, &trailers);
        let files = vec![(path, Some(vote.print().into_bytes()))];
        gate.tally.count(&vote, key);
        Ok(Draft { files, message, outcome: gate })
    })
}

/// The command that publishes `branch` (a full name) where it is followed, or at `origin`.
pub fn push_command(site: &Site, branch: &str) -> String {
    let short = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    let remote = site.repo.config_get(&format!("branch.{short}.remote")).filter(|remote| remote != ".");
    format!("git push {} {short}", remote.as_deref().unwrap_or("origin"))
}

/// The vote's file for someone without push rights: its path in the repository and its bytes. Anyone may commit it.
pub fn vote_file(site: &Site, target: &Target, choice: &Choice) -> Result<(RepoPath, Vec<u8>), EngineError> {
    let base = base_for(site, target)?;
    let (gate, vote) = sealed(site, &base, choice, &site.clock.now())?;
    let path = layout::votes(&gate.profile, &gate.task, &gate.submit).join(vote.file_name().as_bytes());
    Ok((path, vote.print().into_bytes()))
}

fn base_for<'a>(site: &'a Site, target: &Target) -> Result<Base<'a>, EngineError> {
    match &target.at_home(site)?.reference {
        None => site.base(),
        Some(reference) => site.base_of(reference),
    }
}

/// The vote with its signature, where it has one, verified as the judge will.
fn sealed(site: &Site, base: &Base<'_>, choice: &Choice, at: &Timestamp) -> Result<(WaitingGate, Vote), EngineError> {
    let (gate, mut vote) = vote(site, base, choice, at)?;
    if let Some(key) = &choice.key {
        vote.signature = Some(Signature { armor: key.sign(&vote.signed_bytes())? });
    }
    vote.validate()?;
    proof_of(base, &vote)?;
    Ok((gate, vote))
}

/// The key behind a signed vote; an error where the judge would not count it.
fn proof_of(base: &Base<'_>, vote: &Vote) -> Result<Option<Proved>, EngineError> {
    if vote.proof != Proof::Signature {
        return Ok(None);
    }
    proof::vote_key(&base.policy, vote).map(Some).map_err(|reason| {
        EngineError::refused(
            format!("this signature would count for nothing: {reason}"),
            "`agentops policy show` prints the signers and what `gates.presence` asks for",
        )
    })
}

fn vote(site: &Site, base: &Base<'_>, choice: &Choice, at: &Timestamp) -> Result<(WaitingGate, Vote), EngineError> {
    let chain = base.task(&choice.task)?;
    let gate = open_gate(base, &chain)?;
    let voter = voter(site, base, &chain, &gate)?;
    accept(&gate, choice.proof)?;
    if gate.submit != choice.submit {
        return Err(EngineError::Conflict {
            message: format!("`{}` was submitted anew while you read: nothing was voted on", chain.task),
            hint: format!("read the new one: agentops gate approve {}", chain.task),
        });
    }
    refuse_window(base, &choice.window, at)?;
    let vote = Vote {
        v: 1,
        project: base.policy.format.project.clone(),
        task: chain.task.clone(),
        submit: gate.submit,
        gate: gate.gate,
        voter,
        verdict: choice.verdict,
        reason: choice.reason.trim().to_owned(),
        at: at.clone(),
        proof: choice.proof,
        not_before: choice.window.not_before.clone(),
        not_after: choice.window.not_after.clone(),
        signature: None,
    };
    Ok((gate, vote))
}

/// Refuses a window that would never count.
fn refuse_window(base: &Base<'_>, window: &Window, at: &Timestamp) -> Result<(), EngineError> {
    if !window.is_always() && base.policy.format.laws < SIGNATURES_SINCE {
        return Err(EngineError::refused(
            format!("edition {} of the laws rules here, and it knows no windows", base.policy.format.laws),
            "approve it when it may advance, without `--not-before` and `--not-after`",
        ));
    }
    if window.is_over(at) {
        return Err(EngineError::usage(
            format!("that window is over: it is {at}, and the approval would count {window}"),
            "name a later `--not-after`, in UTC",
        ));
    }
    Ok(())
}

/// Refuses a proof that the gate does not count.
fn accept(gate: &WaitingGate, proof: Proof) -> Result<(), EngineError> {
    if gate.proofs.contains(&proof) {
        return Ok(());
    }
    let names: Vec<&str> = gate.proofs.iter().map(|proof| proof.as_str()).collect();
    Err(EngineError::refused(
        format!("this gate accepts votes by {} only, not by {}", names.join(", "), proof.as_str()),
        "`agentops policy show` prints what `gates.proof` lists, and `agentops gate list` which classes of risk apply",
    ))
}

fn open_gate(base: &Base<'_>, chain: &Chain) -> Result<WaitingGate, EngineError> {
    let id = &chain.task;
    let gate = waiting(base, chain)?.ok_or_else(|| {
        EngineError::refused(
            format!("`{id}` does not wait for a vote"),
            format!("`agentops phase status {id}` says where it stands"),
        )
    })?;
    if !gate.lapsed.is_empty() {
        return Err(EngineError::refused(
            format!("what `{id}` submitted has changed since: {}", gate.lapsed.join(", ")),
            format!(
                "its doer submits it again: `agentops phase rework {id} --reason \"…\"`, then `agentops phase next {id}`"
            ),
        ));
    }
    Ok(gate)
}

fn voter(site: &Site, base: &Base<'_>, chain: &Chain, gate: &WaitingGate) -> Result<Principal, EngineError> {
    let (principal, actor) = site.actor(&base.policy)?;
    site.refuse_agents(&base.policy, "vote", &format!("agentops gate approve {}", chain.task))?;
    let rules = base.rules(chain)?;
    let phase = rules.phases.iter().find(|phase| phase.name.as_str() == gate.phase);
    let phase = phase.ok_or_else(|| EngineError::NotFound {
        what: "phase",
        name: gate.phase.clone(),
        hint: near(&gate.phase, std::iter::empty()),
    })?;
    if actor.kind == ActorKind::Agent {
        return Err(EngineError::refused(
            format!("`{principal}` is an agent: agents never vote"),
            format!("ask a person to run `agentops gate approve {}`", chain.task),
        ));
    }
    let doers: BTreeSet<Principal> = gate.doers.iter().cloned().collect();
    let resolved = Gate::resolve(&base.policy, rules, phase, chain, base.view())?;
    match gate::voter_refusal(&base.policy, rules, &resolved, &doers, principal) {
        Some(reason) => Err(EngineError::refused(
            reason,
            format!("ask somebody who may: `agentops gate list` shows the gate of {}", chain.task),
        )),
        None => Ok(principal.clone()),
    }
}

/// The reasons of the rejects that stand against `chain`'s submit.
pub(crate) fn reject_reasons(base: &Base<'_>, chain: &Chain) -> Result<Vec<String>, EngineError> {
    chain.head().map_or_else(|| Ok(Vec::new()), |submit| rejects_of(base, chain, submit))
}

/// The reasons of the rejects of one submit.
pub(crate) fn rejects_of(base: &Base<'_>, chain: &Chain, submit: &Link) -> Result<Vec<String>, EngineError> {
    let votes = gate::read_votes(base.view(), &chain.profile, submit)?;
    let rejects = votes.into_iter().filter_map(|file| file.content.ok()).filter(|vote| vote.verdict == Verdict::Reject);
    Ok(rejects.map(|vote| format!("{}: {}", vote.voter, vote.reason)).collect())
}
