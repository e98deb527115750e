//! Gates: what a vote is about, and whether votes suffice.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, Link};
use super::filed::{self, Filed};
use super::proof::{self, Approval};
use super::risk::{Applied, Gate};
use crate::model::canonical::Printer;
use crate::model::digest::Digest;
use crate::model::layout;
use crate::model::name::{Principal, ProfileName, Word};
use crate::model::path::RepoPath;
use crate::model::policy::{ActorKind, Policy, REJECTS_STAND_SINCE, SIGNATURES_SINCE};
use crate::model::profile::{FourEyes, Profile};
use crate::model::time::Timestamp;
use crate::model::tree::{SightError, TreeView};
use crate::model::trust::{Presence, Proved};
use crate::model::vote::{Proof, Verdict, Vote};

/// The digest of the resolved gate: profile, phase, checks, commands, artifacts with kind and template, voters, proofs, what
/// classes of risk ask for; not the whole config, so that unrelated changes of policy leave votes standing.
pub fn gate_digest(policy: &Policy, profile: &Profile, resolved: &Gate<'_>) -> Digest {
    let phase = resolved.phase;
    let gate = &phase.gate;
    let mut out = Printer::new();
    out.text("profile", profile.name.as_str())
        .text("phase", phase.name.as_str())
        .text("vote", gate.vote.as_str())
        .number("voters", gate.voters)
        .texts("roles", &gate.roles)
        .texts("proofs", policy.config.proofs.iter().map(|proof| proof.as_str()))
        .text("self_approve", policy.config.self_approve.to_string())
        .texts("checks", &gate.checks);
    // Left out where nothing is asked, so that gates from before there were signatures keep their digests.
    if policy.config.presence != Presence::None {
        out.text("presence", policy.config.presence.as_str());
    }
    if gate.four_eyes != FourEyes::Claimed {
        out.text("four_eyes", gate.four_eyes.as_str());
    }
    for name in &gate.commands {
        let run = profile.commands.get(name).map_or(&[][..], |command| &command.run);
        out.table_row("command").text("name", name.as_str()).texts("run", run);
    }
    for artifact in &phase.artifacts {
        let template = artifact.template.as_deref().unwrap_or("");
        let digest = profile.templates.get(template).map(Digest::hex).unwrap_or_default();
        out.table_row("artifact").text("path", &artifact.path).text("template", template).text("sha256", digest);
        // Only where they are not what a phase of that stage is for, so that gates from before keep their digests.
        if artifact.kind != phase.stage.own_artifact() {
            out.text("kind", artifact.kind.as_str());
        }
        if !artifact.required {
            out.text("required", "false");
        }
    }
    // What a class asks for, not whom it is for: a glob more leaves votes standing.
    for Applied { class, .. } in &resolved.classes {
        out.table_row("risk")
            .text("name", class.name.as_str())
            .text("vote", class.vote.as_str())
            .number("voters", class.voters)
            .texts("roles", &class.roles)
            .text("proof", class.proof.map_or("", Proof::as_str))
            .text("four_eyes", class.four_eyes.as_str());
    }
    Digest::of(out.finish().as_bytes())
}

/// The files of all votes on the submit `submit`.
pub fn read_votes(tree: &dyn TreeView, profile: &ProfileName, submit: &Link) -> Result<Vec<Filed<Vote>>, SightError> {
    filed::read(tree, &layout::votes(profile, &submit.event.task, &submit.digest), Vote::file_name)
}

/// What the votes on one submit amount to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Who approves, and what that rests on; one entry a voter.
    pub approvals: BTreeMap<Principal, Approval>,
    /// Who rejects.
    pub rejects: BTreeSet<Principal>,
    /// Votes that count for nothing, each with the reason.
    pub void: Vec<(RepoPath, String)>,
    /// How many approvals the gate wants.
    pub wanted: u32,
}

impl Tally {
    /// Counts a vote that has right and proof. A principal's reject outweighs its approve, in any order.
    pub fn count(&mut self, vote: &Vote, key: Option<Proved>) {
        if vote.verdict == Verdict::Reject {
            self.approvals.remove(&vote.voter);
            self.rejects.insert(vote.voter.clone());
        } else if !self.rejects.contains(&vote.voter) {
            let first = Approval { proof: vote.proof, key, windows: Vec::new() };
            self.approvals.entry(vote.voter.clone()).or_insert(first).windows.push(vote.window());
        }
    }

    /// How many approvals count for an advance made at `at`.
    pub fn approved_at(&self, at: &Timestamp) -> usize {
        self.approvals.values().filter(|approval| approval.counts_at(at)).count()
    }

    /// Enough approvals for an advance made at `at`, and no reject.
    pub fn is_satisfied_at(&self, at: &Timestamp) -> bool {
        self.rejects.is_empty() && self.approved_at(at) as u64 >= u64::from(self.wanted)
    }

    /// The approvals that do not count at `at`, with when they do; a clause each.
    pub fn outside(&self, at: &Timestamp) -> Vec<String> {
        let outside = self.approvals.iter().filter(|(_, approval)| !approval.counts_at(at));
        outside.map(|(who, approval)| format!("`{who}`'s counts {}", approval.bounds().unwrap_or_default())).collect()
    }

    /// The votes that count for nothing, a clause; `None` where there are none.
    pub fn voided(&self) -> Option<String> {
        let void: Vec<String> = self.void.iter().map(|(path, why)| format!("{path}: {why}")).collect();
        (!void.is_empty()).then(|| format!("votes that count for nothing: {}", void.join("; ")))
    }

    /// What an advance made at `at` lacks, a clause; `None` where it lacks nothing.
    pub fn shortfall_at(&self, at: &Timestamp) -> Option<String> {
        if self.is_satisfied_at(at) {
            return None;
        }
        let counted = || format!("{} of {} approvals count", self.approved_at(at), self.wanted);
        let mut clauses = vec![self.rejection().unwrap_or_else(counted)];
        clauses.extend(self.outside(at));
        clauses.extend(self.voided());
        Some(clauses.join("; "))
    }

    /// Who rejects, a clause; `None` where nobody does.
    pub fn rejection(&self) -> Option<String> {
        let voters: Vec<String> = self.rejects.iter().map(|voter| format!("`{voter}`")).collect();
        let verb = if voters.len() == 1 { "rejects" } else { "reject" };
        (!voters.is_empty()).then(|| format!("{} {verb} it", voters.join(", ")))
    }

    /// Enough approvals, whenever they count, and no reject.
    pub fn is_satisfied(&self) -> bool {
        self.rejects.is_empty() && self.approvals.len() as u64 >= u64::from(self.wanted)
    }
}

/// Who did the work of the phase that `leaving` leaves, a submit or an advance without votes: its actor, those of the phase's
/// submits, and of `sessions` on it. In all its attempts: what one attempt leaves is what the next begins with. Opening,
/// reworking or rewinding a task is not doing its work.
pub fn doers(chain: &Chain, leaving: &Link, sessions: &BTreeSet<Principal>) -> BTreeSet<Principal> {
    let phase = &chain.origin(leaving).phase;
    let leaves = |link: &&Link| link.event.carries_gate(chain) && chain.origin(link).phase == *phase;
    let mut doers: BTreeSet<Principal> =
        chain.links.iter().filter(leaves).map(|link| link.event.actor.clone()).collect();
    doers.insert(leaving.event.actor.clone());
    doers.extend(sessions.iter().cloned());
    doers
}

/// Counts `votes` on `submit` under `policy`. Votes without right or proof count for nothing; one principal's approve
/// and reject count as reject.
///
/// A reject stands for its submit until a rework, whatever the rules become: of it is asked only that it is about this
/// submit, and that its signature, where it says that it has one, is one. Whoever can commit a reject can commit a rework.
pub fn tally(
    policy: &Policy,
    profile: &Profile,
    gate: &Gate<'_>,
    submit: &Link,
    doers: &BTreeSet<Principal>,
    votes: &[Filed<Vote>],
) -> Tally {
    let digest = gate_digest(policy, profile, gate);
    let mut tally = Tally { wanted: gate.voters, ..Tally::default() };
    for file in votes {
        let counted = file.content.as_ref().map_err(String::clone).and_then(|vote| {
            let stands = vote.verdict == Verdict::Reject && policy.format.laws >= REJECTS_STAND_SINCE;
            let key = match stands {
                true => about(policy, submit, vote).and_then(|()| proof::is_whole(vote)).map(|()| None)?,
                false => weigh(policy, profile, gate, submit, doers, &digest, vote)?,
            };
            Ok((vote, key))
        });
        match counted {
            Ok((vote, key)) => tally.count(vote, key),
            Err(reason) => tally.void.push((file.path.clone(), reason)),
        }
    }
    tally
}

/// Judges a vote that comes in, approve and reject alike, by the rules of `policy`: the key behind it, where it is signed; the
/// error says why it has no right or no proof.
pub fn examine(
    policy: &Policy,
    profile: &Profile,
    gate: &Gate<'_>,
    submit: &Link,
    doers: &BTreeSet<Principal>,
    vote: &Vote,
) -> Result<Option<Proved>, String> {
    weigh(policy, profile, gate, submit, doers, &gate_digest(policy, profile, gate), vote)
}

fn weigh(
    policy: &Policy,
    profile: &Profile,
    gate: &Gate<'_>,
    submit: &Link,
    doers: &BTreeSet<Principal>,
    digest: &Digest,
    vote: &Vote,
) -> Result<Option<Proved>, String> {
    about(policy, submit, vote)?;
    void_reason(policy, profile, gate, doers, digest, vote).map_or(Ok(()), Err)?;
    let key = if vote.proof == Proof::Signature { Some(proof::vote_key(policy, vote)?) } else { None };
    // A reject stops the task, whoever it comes from.
    if gate.four_eyes == FourEyes::Proved && vote.verdict == Verdict::Approve {
        proof::four_eyes(policy, &submit.event, doers, &vote.voter, key.as_ref())
            .map_err(|reason| format!("that its voter did not do the work must be proved here, and {reason}"))?;
    }
    Ok(key)
}

/// The error says what else `vote` is about than `submit`.
fn about(policy: &Policy, submit: &Link, vote: &Vote) -> Result<(), String> {
    if vote.project != policy.format.project {
        return Err("it was cast in another project".into());
    }
    if vote.task != submit.event.task || vote.submit != submit.digest {
        return Err("it is about another submit".into());
    }
    Ok(())
}

fn void_reason(
    policy: &Policy,
    profile: &Profile,
    gate: &Gate<'_>,
    doers: &BTreeSet<Principal>,
    digest: &Digest,
    vote: &Vote,
) -> Option<String> {
    // A session that names its voter, or a class of risk that comes to apply, takes nothing from a reject.
    let rejects = vote.verdict == Verdict::Reject;
    let nobody = BTreeSet::new();
    if let Some(reason) = voter_refusal(policy, profile, gate, if rejects { &nobody } else { doers }, &vote.voter) {
        return Some(reason);
    }
    if !gate.proofs.contains(&vote.proof) {
        let rule = if policy.config.proofs.contains(&vote.proof) { "its class of risk" } else { "`gates.proof`" };
        return Some(format!("its proof is `{}`, which {rule} does not accept", vote.proof.as_str()));
    }
    if !vote.window().is_always() && policy.format.laws < SIGNATURES_SINCE {
        return Some("it counts for a time only, which edition 1 of the laws does not know".into());
    }
    if vote.gate != *digest && !rejects {
        return Some("the gate changed after it was cast (`gate` digest differs): vote again".into());
    }
    None
}

/// Why `voter` may not vote here; `None` when it may.
pub fn voter_refusal(
    policy: &Policy,
    profile: &Profile,
    gate: &Gate<'_>,
    doers: &BTreeSet<Principal>,
    voter: &Principal,
) -> Option<String> {
    let config = &policy.config;
    let Some(actor) = config.actors.get(voter) else {
        return Some(format!("`{voter}` is not an actor of the policy"));
    };
    if actor.kind != ActorKind::Human {
        return Some(format!("`{voter}` is an agent: agents never vote"));
    }
    if !actor.may_write(&profile.name) {
        return Some(format!("`{voter}` has no part in profile `{}`", profile.name));
    }
    let lacks = |roles: &&&[Word]| !roles.iter().any(|role| actor.roles.contains(role));
    if let Some(roles) = gate.roles.iter().find(lacks) {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        return Some(format!("`{voter}` has none of the roles this gate wants: {}", roles.join(", ")));
    }
    if !config.self_approve && doers.contains(voter) {
        return Some(format!("`{voter}` did the work that is voted on (`gates.self_approve` is false)"));
    }
    None
}
