//! What a change of the rules loosens: two policies compared, for whoever reads a report before agreeing.
//!
//! Not every change is listed, and none is judged: a rule that is loosened on purpose is an amend like any other.

use std::fmt;

use crate::model::law_id::{LawId, Level};
use crate::model::name::{PhaseName, Principal, ProfileName, Word};
use crate::model::policy::{Actor, ActorKind, Policy};
use crate::model::profile::{GateSpec, Profile, VoteKind};
use crate::model::trust::Presence;
use crate::model::vote::Proof;

/// One rule that asks for less than before, or one right that somebody gains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loosening {
    /// Fewer owners must sign an amend.
    Owners(u32, u32),
    /// Doers may vote on their own work.
    SelfApprove,
    /// A proof that did not count before.
    Proof(Proof),
    /// What a security key must show.
    Presence(Presence, Presence),
    /// A law's level, overall or in a profile.
    Level(LawId, Option<ProfileName>, Level, Level),
    /// More waivers in one step.
    Waivers(u32, u32),
    /// Changed paths need no task any more.
    RequireTask,
    /// A branch that is protected no more.
    Unprotected(String),
    /// A glob of paths that are governed no more.
    Ungoverned(String),
    /// A glob of paths that are read-only no more.
    Writable(String),
    /// A bot whose commits some laws leave alone.
    Exempt(String),
    /// A class of risk that is gone, and what it asked for with it.
    Risk(Word),
    /// A key that counts again.
    Trusted(String),
    /// An actor's rights.
    Actor(Principal, Gain),
    /// A profile that is gone.
    Profile(ProfileName),
    /// A gate.
    Gate(ProfileName, PhaseName, Less),
}

/// What an actor gains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gain {
    /// To be one at all.
    Listed(ActorKind),
    /// To count as a human.
    Human,
    /// An e-mail address whose commits are its own.
    Email(String),
    /// A role.
    Role(Word),
    /// A profile to write in; `None`: all.
    Profile(Option<ProfileName>),
}

/// What a gate asks for no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Less {
    /// All of it: the phase is gone.
    Phase,
    /// Another kind of vote.
    Vote(VoteKind, VoteKind),
    /// Fewer voters.
    Voters(u32, u32),
    /// Voters of any role.
    AnyRole,
    /// Voters of one more role.
    Role(Word),
    /// Proof that the voter did not do the work.
    FourEyes,
    /// A check.
    Check(LawId),
    /// A command.
    Command(Word),
}

/// What `after` asks for less than `before`.
pub fn between(before: &Policy, after: &Policy) -> Vec<Loosening> {
    let (old, new) = (&before.config, &after.config);
    let mut found = Vec::new();
    let mut note = |is: bool, loosening: Loosening| found.extend(is.then_some(loosening));
    note(new.owners < old.owners, Loosening::Owners(old.owners, new.owners));
    note(new.self_approve && !old.self_approve, Loosening::SelfApprove);
    note(new.presence < old.presence, Loosening::Presence(old.presence, new.presence));
    note(new.waivers_max > old.waivers_max, Loosening::Waivers(old.waivers_max, new.waivers_max));
    note(old.require_task && !new.require_task, Loosening::RequireTask);
    found.extend(more(&old.proofs, &new.proofs).map(Loosening::Proof));
    found.extend(more(&new.protected, &old.protected).map(Loosening::Unprotected));
    found.extend(more(&new.governed, &old.governed).map(Loosening::Ungoverned));
    found.extend(more(&new.readonly, &old.readonly).map(Loosening::Writable));
    found.extend(more(&old.exempt, &new.exempt).map(|exempt| Loosening::Exempt(exempt.author)));
    let gone = old.risks.iter().filter(|class| !new.risks.iter().any(|other| other.name == class.name));
    found.extend(gone.map(|class| Loosening::Risk(class.name.clone())));
    let trusted =
        old.compromised.iter().filter(|(key, since)| new.compromised.get(*key).is_none_or(|now| now > *since));
    found.extend(trusted.map(|(key, _)| Loosening::Trusted(key.clone())));
    for (name, actor) in &new.actors {
        let gains = gains(old.actors.get(name), actor);
        found.extend(gains.into_iter().map(|gain| Loosening::Actor(name.clone(), gain)));
    }
    for law in LawId::ALL {
        let levels = (before.level(*law, None), after.level(*law, None));
        if levels.1 < levels.0 {
            found.push(Loosening::Level(*law, None, levels.0, levels.1));
            continue;
        }
        for name in before.profiles.keys().filter(|name| after.profiles.contains_key(*name)) {
            let levels = (before.level(*law, Some(name)), after.level(*law, Some(name)));
            if levels.1 < levels.0 {
                found.push(Loosening::Level(*law, Some(name.clone()), levels.0, levels.1));
            }
        }
    }
    for (name, profile) in &before.profiles {
        match after.profiles.get(name) {
            Some(next) => gates(profile, next, &mut found),
            None => found.push(Loosening::Profile(name.clone())),
        }
    }
    found
}

/// What the second list has that the first has not.
fn more<'a, T: PartialEq + Clone>(before: &'a [T], after: &'a [T]) -> impl Iterator<Item = T> + 'a {
    after.iter().filter(|item| !before.contains(item)).cloned()
}

fn gains(before: Option<&Actor>, after: &Actor) -> Vec<Gain> {
    let mut found = Vec::new();
    match before {
        None => found.push(Gain::Listed(after.kind)),
        Some(before) if before.kind == ActorKind::Agent && after.kind == ActorKind::Human => found.push(Gain::Human),
        Some(_) => {}
    }
    let (emails, roles) = before.map_or((&[][..], &[][..]), |actor| (&actor.emails, &actor.roles));
    found.extend(more(emails, &after.emails).map(Gain::Email));
    found.extend(more(roles, &after.roles).map(Gain::Role));
    if let Some(before) = before.filter(|actor| !actor.all_profiles) {
        found.extend(after.all_profiles.then_some(Gain::Profile(None)));
        found.extend(more(&before.profiles, &after.profiles).map(|name| Gain::Profile(Some(name))));
    }
    found
}

fn gates(before: &Profile, after: &Profile, found: &mut Vec<Loosening>) {
    for phase in &before.phases {
        let less = match after.phase(&phase.name) {
            Some((_, next)) => less(&phase.gate, &next.gate),
            None => vec![Less::Phase],
        };
        found.extend(less.into_iter().map(|less| Loosening::Gate(before.name.clone(), phase.name.clone(), less)));
    }
}

fn less(before: &GateSpec, after: &GateSpec) -> Vec<Less> {
    let mut found = Vec::new();
    let mut note = |is: bool, less: Less| found.extend(is.then_some(less));
    note(after.vote < before.vote, Less::Vote(before.vote, after.vote));
    note(after.voters < before.voters, Less::Voters(before.voters, after.voters));
    note(after.four_eyes < before.four_eyes, Less::FourEyes);
    if !before.roles.is_empty() {
        note(after.roles.is_empty(), Less::AnyRole);
        found.extend(more(&before.roles, &after.roles).map(Less::Role));
    }
    found.extend(more(&after.checks, &before.checks).map(Less::Check));
    found.extend(more(&after.commands, &before.commands).map(Less::Command));
    found
}

impl fmt::Display for Loosening {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owners(old, new) => write!(out, "{new} owners must sign an amend, not {old}"),
            Self::SelfApprove => out.write_str("who did the work may approve it (`self_approve`)"),
            Self::Proof(proof) => write!(out, "votes with proof `{}` count", proof.as_str()),
            Self::Presence(old, new) => {
                write!(out, "a security key must show `{}`, not `{}`", new.as_str(), old.as_str())
            }
            Self::Level(law, None, old, new) => write!(out, "{law} is {}, not {}", word(*new), word(*old)),
            Self::Level(law, Some(profile), old, new) => {
                write!(out, "{law} is {} in `{profile}`, not {}", word(*new), word(*old))
            }
            Self::Waivers(old, new) => write!(out, "a step may use {new} waivers, not {old}"),
            Self::RequireTask => out.write_str("changes need no task (`require_task`)"),
            Self::Unprotected(name) => write!(out, "the branch `{name}` is protected no more"),
            Self::Ungoverned(glob) => write!(out, "`{glob}` is governed no more"),
            Self::Writable(glob) => write!(out, "`{glob}` is read-only no more"),
            Self::Exempt(author) => write!(out, "commits of `{author}` are exempt from laws"),
            Self::Risk(name) => write!(out, "the class of risk `{name}` is gone"),
            Self::Trusted(key) => write!(out, "the compromised key `{key}` counts again"),
            Self::Actor(name, gain) => match gain {
                Gain::Listed(ActorKind::Human) => write!(out, "`{name}` is a new actor, a human"),
                Gain::Listed(ActorKind::Agent) => write!(out, "`{name}` is a new actor, an agent"),
                Gain::Human => write!(out, "the agent `{name}` counts as a human"),
                Gain::Email(email) => write!(out, "commits of `{email}` are those of `{name}`"),
                Gain::Role(role) => write!(out, "`{name}` has the role `{role}`"),
                Gain::Profile(Some(profile)) => write!(out, "`{name}` may write in `{profile}`"),
                Gain::Profile(None) => write!(out, "`{name}` may write in all profiles"),
            },
            Self::Profile(name) => write!(out, "the profile `{name}` is gone"),
            Self::Gate(profile, phase, less) => {
                write!(out, "the gate of `{profile}` phase `{phase}`: ")?;
                match less {
                    Less::Phase => out.write_str("the phase is gone"),
                    Less::Vote(old, new) => write!(out, "its vote is `{}`, not `{}`", new.as_str(), old.as_str()),
                    Less::Voters(old, new) => write!(out, "{new} voters, not {old}"),
                    Less::AnyRole => out.write_str("voters need no role"),
                    Less::Role(role) => write!(out, "the role `{role}` may vote"),
                    Less::FourEyes => out.write_str("that voters are no doers is claimed, not proved"),
                    Less::Check(law) => write!(out, "{law} is not asked"),
                    Less::Command(name) => write!(out, "the command `{name}` is not run"),
                }
            }
        }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Warn => "a warning",
        Level::Error => "an error",
    }
}
