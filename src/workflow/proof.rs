//! What stands behind a vote, an event or an amend: a key of T's signers, or somebody's word.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::amend::Amend;
use crate::model::event::Event;
use crate::model::name::Principal;
use crate::model::policy::{ActorKind, Policy, SIGNATURES_SINCE};
use crate::model::time::Timestamp;
use crate::model::trust::{Presence, Proved};
use crate::model::vote::{Proof, Vote};

/// The role whose holders govern.
pub const OWNER: &str = "owner";

/// What an approval that counts rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The kind of proof.
    pub proof: Proof,
    /// The key that signed, exactly where the proof is a signature.
    pub key: Option<Proved>,
}

impl Approval {
    /// What a report must say of it.
    pub fn honest(&self) -> String {
        self.key.as_ref().map_or_else(|| self.proof.honest().to_owned(), signed_by)
    }
}

/// `signed by SHA256:…`, with what a security key says of the person.
pub fn signed_by(key: &Proved) -> String {
    let shown = match key.presence {
        None => "",
        Some(Presence::None) => ", a security key that nobody touched",
        Some(Presence::Touch) => ", a security key, touched",
        Some(Presence::Pin) => ", a security key, touched and with its PIN",
    };
    format!("signed by {}{shown}", key.fingerprint)
}

/// The key behind a vote whose proof is `signature`; the error says why the vote counts for nothing.
pub fn vote_key(policy: &Policy, vote: &Vote) -> Result<Proved, String> {
    let armor = vote.signature.as_ref().map(|signature| signature.armor.as_str()).unwrap_or_default();
    key(policy, &vote.voter, &vote.at, policy.config.presence, &vote.signed_bytes(), armor)
}

/// The key behind an event that its doer signed; `None` for an unsigned one, whose actor is a claim.
pub fn event_key(policy: &Policy, event: &Event) -> Option<Result<Proved, String>> {
    let armor = &event.signature.as_ref()?.armor;
    Some(key(policy, &event.actor, &event.at, Presence::None, &event.signed_bytes(), armor))
}

/// Whose signatures an amend bears.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owners {
    /// Owners of the policy whose signatures hold.
    pub signed: BTreeMap<Principal, Proved>,
    /// Signatures that count for nothing, each with the reason.
    pub void: Vec<(Principal, String)>,
}

/// The owners of `policy` who signed `amend`.
pub fn owners(policy: &Policy, amend: &Amend) -> Owners {
    let mut owners = Owners::default();
    for signature in &amend.signatures {
        let who = &signature.principal;
        let verdict = owner_refusal(policy, who).map_or_else(
            || key(policy, who, &amend.at, policy.config.presence, &amend.signed_bytes(), &signature.armor),
            Err,
        );
        match verdict {
            Ok(key) => _ = owners.signed.insert(who.clone(), key),
            Err(reason) => owners.void.push((who.clone(), reason)),
        }
    }
    owners
}

/// Why `who` governs nothing; `None` for an owner.
pub fn owner_refusal(policy: &Policy, who: &Principal) -> Option<String> {
    match policy.config.actors.get(who) {
        None => Some(format!("`{who}` is not an actor of the policy")),
        Some(actor) if actor.kind != ActorKind::Human => Some(format!("`{who}` is an agent: agents do not govern")),
        Some(actor) if !actor.roles.iter().any(|role| role.as_str() == OWNER) => {
            Some(format!("`{who}` has not the role `{OWNER}`"))
        }
        Some(_) => None,
    }
}

/// Whether `voter` is proved to be somebody else than every doer: all of them signed, each with a key of its own. One key
/// belongs to one principal, so different names are different keys.
pub fn proves_four_eyes(policy: &Policy, submit: &Event, doers: &BTreeSet<Principal>, approval: &Approval) -> bool {
    let submitted = matches!(event_key(policy, submit), Some(Ok(_)));
    // A session's record names a doer too, and is not signed.
    approval.key.is_some() && submitted && doers.iter().all(|doer| *doer == submit.actor)
}

fn key(
    policy: &Policy,
    who: &Principal,
    at: &Timestamp,
    presence: Presence,
    signed: &[u8],
    armor: &str,
) -> Result<Proved, String> {
    if policy.format.laws < SIGNATURES_SINCE {
        return Err(format!(
            "edition {} of the laws, which `format.toml` names, verifies no signatures; edition {SIGNATURES_SINCE} does",
            policy.format.laws
        ));
    }
    let proved = policy.signers.verify(who, at, presence, signed, armor).map_err(|refusal| refusal.to_string())?;
    match policy.config.compromised.get(&proved.fingerprint) {
        // New signatures of a stolen key count for nothing, whatever date the thief wrote.
        Some(since) => Err(format!("its key {} is listed as compromised since {since}", proved.fingerprint)),
        None => Ok(proved),
    }
}
