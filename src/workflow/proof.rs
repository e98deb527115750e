//! What stands behind a vote, a verdict, an event or an amend: a key of T's signers, or somebody's word.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::amend::Amend;
use crate::model::event::Event;
use crate::model::name::Principal;
use crate::model::policy::{ActorKind, Policy, SIGNATURES_SINCE};
use crate::model::time::Timestamp;
use crate::model::trust::{Presence, Proved, key_behind};
use crate::model::verdict::Verdict;
use crate::model::vote::{Proof, Vote, Window};

/// The role whose holders govern.
pub const OWNER: &str = "owner";

/// What an approval that counts rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The kind of proof.
    pub proof: Proof,
    /// The key that signed, exactly where the proof is a signature.
    pub key: Option<Proved>,
    /// When it counts: in any of these.
    pub windows: Vec<Window>,
}

impl Approval {
    /// Whether it counts for an advance made at `at`.
    pub fn counts_at(&self, at: &Timestamp) -> bool {
        self.windows.iter().any(|window| window.holds(at))
    }

    /// When it counts, a clause; `None` where that is at any time.
    pub fn bounds(&self) -> Option<String> {
        if self.windows.iter().any(Window::is_always) {
            return None;
        }
        Some(self.windows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and "))
    }

    /// What a report must say of it.
    pub fn honest(&self) -> String {
        self.key.as_ref().map_or_else(|| self.proof.honest().to_owned(), Proved::honest)
    }
}

/// The key behind a vote whose proof is `signature`; the error says why the vote counts for nothing.
pub fn vote_key(policy: &Policy, vote: &Vote) -> Result<Proved, String> {
    let armor = vote.signature.as_ref().map(|signature| signature.armor.as_str()).unwrap_or_default();
    key(policy, &vote.voter, &vote.at, policy.config.presence, &vote.signed_bytes(), armor)
}

/// The error says that a vote which claims to be signed is not: by nobody's key, whatever the policy.
pub fn is_whole(vote: &Vote) -> Result<(), String> {
    let Some(signature) = &vote.signature else { return Ok(()) };
    match key_behind(&vote.signed_bytes(), &signature.armor) {
        Some(_) => Ok(()),
        None => Err("its signature is none over these bytes".into()),
    }
}

/// The key behind an event that its doer signed; `None` for an unsigned one, whose actor is a claim.
pub fn event_key(policy: &Policy, event: &Event) -> Option<Result<Proved, String>> {
    let armor = &event.signature.as_ref()?.armor;
    Some(key(policy, &event.actor, &event.at, Presence::None, &event.signed_bytes(), armor))
}

/// The key behind a verdict that its verifier signed; `None` for an unsigned one, whose verifier is a claim.
pub fn verdict_key(policy: &Policy, verdict: &Verdict) -> Option<Result<Proved, String>> {
    let armor = &verdict.signature.as_ref()?.armor;
    Some(key(policy, &verdict.verifier, &verdict.at, Presence::None, &verdict.signed_bytes(), armor))
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

/// Whether as many owners of `policy` signed `amend` as it wants.
pub fn agreed(policy: &Policy, amend: &Amend) -> bool {
    policy.config.owners == 0 || owners(policy, amend).signed.len() as u64 >= u64::from(policy.config.owners)
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

/// Whether `voter`, who signed with `key`, is proved to be somebody else than every doer: all of them signed, each with a key
/// of its own. The error says what lacks, a clause.
pub fn four_eyes(
    policy: &Policy,
    submit: &Event,
    doers: &BTreeSet<Principal>,
    voter: &Principal,
    key: Option<&Proved>,
) -> Result<(), String> {
    if doers.contains(voter) || submit.actor == *voter {
        return Err(format!("`{voter}` did it"));
    }
    if key.is_none() {
        return Err("the vote is not signed".into());
    }
    match event_key(policy, submit) {
        None => Err("the submit is not signed (`phase rework`, then `phase next --sign`)".into()),
        Some(Err(reason)) => Err(format!("of the submit {reason}")),
        Some(Ok(_)) => match unsigned_doer(submit, doers) {
            Some(doer) => Err(format!("a session's record names `{doer}`, who signed nothing")),
            None => Ok(()),
        },
    }
}

/// Whether everybody who did the work that `leaving` leaves is proved to be who `doers` says. One key belongs to one principal,
/// so whoever else signs is then none of them.
pub fn doers_are_proved(policy: &Policy, leaving: &Event, doers: &BTreeSet<Principal>) -> bool {
    matches!(event_key(policy, leaving), Some(Ok(_))) && unsigned_doer(leaving, doers).is_none()
}

/// A doer beside the event's own: a session's record names one too, and is not signed.
fn unsigned_doer<'a>(leaving: &Event, doers: &'a BTreeSet<Principal>) -> Option<&'a Principal> {
    doers.iter().find(|doer| **doer != leaving.actor)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{event, policy, principal};
    use crate::model::canonical::Canonical as _;
    use crate::model::event::Signature;
    use crate::model::trust::testing::{PretendedSecurityKey, SoftwareKey};
    use crate::model::trust::{NAMESPACE, Signers};

    fn signed_by_claude(policy: &mut Policy, key: &SoftwareKey) -> Event {
        let line = format!("claude namespaces=\"{NAMESPACE}\" {}\n", key.public());
        policy.signers = Signers::parse(line.as_bytes()).unwrap();
        let mut submit = Event::parse(event("auth-k3f9", &[]).1.as_bytes()).unwrap();
        submit.actor = principal("claude");
        let armor = key.sign(NAMESPACE, &submit.signed_bytes());
        submit.signature = Some(Signature { armor });
        submit
    }

    #[test]
    fn an_event_is_its_signers_or_nobodys() {
        let (mut policy, key) = (policy(), SoftwareKey::new(1));
        let mut submit = signed_by_claude(&mut policy, &key);
        assert!(matches!(event_key(&policy, &submit), Some(Ok(_))));
        assert_eq!(event_key(&policy, &Event { signature: None, ..submit.clone() }), None);
        submit.reason = "another".into();
        let refused = event_key(&policy, &submit).unwrap().unwrap_err();
        assert_eq!(refused, "the signature does not fit the bytes before it");
        policy.format.laws = 1;
        assert!(event_key(&policy, &submit).unwrap().unwrap_err().starts_with("edition 1 of the laws"));
    }

    #[test]
    fn a_listed_key_counts_no_more_whatever_its_date() {
        let (mut policy, key) = (policy(), SoftwareKey::new(1));
        let submit = signed_by_claude(&mut policy, &key);
        let fingerprint = policy.signers.get(&principal("claude")).unwrap().key.fingerprint();
        policy.config.compromised.insert(fingerprint, Timestamp::parse("2099-01-01T00:00:00Z").unwrap());
        assert!(event_key(&policy, &submit).unwrap().unwrap_err().contains("is listed as compromised since 2099"));
    }

    #[test]
    fn four_eyes_are_proved_by_two_signatures_and_no_unsigned_doer() {
        let (mut policy, key) = (policy(), SoftwareKey::new(1));
        let submit = signed_by_claude(&mut policy, &key);
        let voter = SoftwareKey::new(2);
        let line = format!("alice namespaces=\"{NAMESPACE}\" {}\n", voter.public());
        let alice = Signers::parse(line.as_bytes()).unwrap();
        let shown =
            alice.verify(&principal("alice"), &submit.at, Presence::None, b"x", &voter.sign(NAMESPACE, b"x")).unwrap();
        let doers = |names: &[&str]| names.iter().map(|name| principal(name)).collect::<BTreeSet<_>>();
        let proves = |submit: &Event, doers: &BTreeSet<Principal>, voter: &str, key: Option<&Proved>| {
            four_eyes(&policy, submit, doers, &principal(voter), key).err().unwrap_or_default()
        };
        assert_eq!(proves(&submit, &doers(&["claude"]), "alice", Some(&shown)), "");
        assert_eq!(proves(&submit, &doers(&["claude"]), "alice", None), "the vote is not signed");
        let session = proves(&submit, &doers(&["claude", "codex"]), "alice", Some(&shown));
        assert_eq!(session, "a session's record names `codex`, who signed nothing");
        assert!(doers_are_proved(&policy, &submit, &doers(&["claude"])));
        assert!(!doers_are_proved(&policy, &submit, &doers(&["claude", "codex"])));
        let unsigned = Event { signature: None, ..submit.clone() };
        assert!(!doers_are_proved(&policy, &unsigned, &doers(&["claude"])));
        assert!(proves(&unsigned, &doers(&["claude"]), "alice", Some(&shown)).contains("the submit is not signed"));
        assert_eq!(proves(&submit, &doers(&["alice", "claude"]), "alice", Some(&shown)), "`alice` did it");
        assert_eq!(proves(&submit, &doers(&["claude"]), "claude", Some(&shown)), "`claude` did it");
    }

    #[test]
    fn votes_show_the_touch_that_the_policy_wants() {
        let (mut policy, key) = (policy(), PretendedSecurityKey::new(3));
        let line = format!("alice namespaces=\"{NAMESPACE}\" {}\n", key.public());
        policy.signers = Signers::parse(line.as_bytes()).unwrap();
        policy.config.presence = Presence::Touch;
        let submit = Event::parse(event("auth-k3f9", &[]).1.as_bytes()).unwrap();
        let mut vote = Vote {
            v: 1,
            project: submit.project.clone(),
            task: submit.task.clone(),
            submit: crate::model::digest::Digest::of(b"submit"),
            gate: crate::model::digest::Digest::of(b"gate"),
            voter: principal("alice"),
            verdict: crate::model::vote::Verdict::Approve,
            reason: String::new(),
            at: submit.at.clone(),
            proof: Proof::Signature,
            not_before: None,
            not_after: None,
            signature: None,
        };
        let mut verdict = |flags: u8| {
            vote.signature = Some(Signature { armor: key.sign(flags, &vote.signed_bytes()) });
            vote_key(&policy, &vote).map(|key| key.presence)
        };
        assert_eq!(verdict(0x01), Ok(Some(Presence::Touch)));
        assert!(verdict(0x00).unwrap_err().contains("nobody touched it"));
    }
}
