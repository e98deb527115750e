//! What a change of the rules comes to: two policies compared field by field, for whoever reads a report before agreeing.
//!
//! Nothing here is judged: a rule that is loosened on purpose is an amend like any other. Where nobody can tell which of
//! two values asks for less (a key, a command line, a template), the change itself is told.

mod class;
mod profile;
mod secrets;
#[cfg(test)]
mod tests;

use crate::model::law_id::{LawId, Level};
use crate::model::policy::{Actor, ActorKind, BundleRules, Config, Exemption, Policy};
use crate::model::trust::{Signer, Signers};

/// What differs, in clauses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// Rules that ask for less than before, and rights that somebody gains.
    pub loosened: Vec<String>,
    /// Rules of which nobody can tell that.
    pub changed: Vec<String>,
}

impl Differences {
    fn loosened_if(&mut self, is: bool, clause: impl FnOnce() -> String) {
        self.loosened.extend(is.then(clause));
    }

    fn changed_if(&mut self, is: bool, clause: impl FnOnce() -> String) {
        self.changed.extend(is.then(clause));
    }
}

/// What `after` asks for less than `before`, or otherwise.
pub fn between(before: &Policy, after: &Policy) -> Differences {
    let mut found = Differences::default();
    config(&before.config, &after.config, &mut found);
    levels(before, after, &mut found);
    signers(&before.signers, &after.signers, &mut found);
    secrets::compare(&before.secrets, &after.secrets, &mut found);
    profile::compare_all(&before.profiles, &after.profiles, &mut found);
    found
}

/// What the second list has that the first has not.
fn more<'a, T: PartialEq>(before: &'a [T], after: &'a [T]) -> impl Iterator<Item = &'a T> {
    after.iter().filter(|item| !before.contains(item))
}

fn config(old: &Config, new: &Config, found: &mut Differences) {
    // Named one by one, so that a rule that is added to the config is added here.
    let Config {
        laws: _,
        sections,
        types,
        learning_optional,
        proofs,
        presence,
        compromised,
        risks,
        self_approve,
        owners,
        waivers_max,
        window,
        bundles,
        readonly,
        generated,
        governed,
        require_task,
        protected,
        actors,
        exempt,
        agent_markers,
    } = old;
    found.loosened_if(new.owners < *owners, || format!("{} owners must sign an amend, not {owners}", new.owners));
    found.loosened_if(new.self_approve && !self_approve, || "who did the work may approve it (`self_approve`)".into());
    found.loosened_if(new.presence < *presence, || {
        format!("a security key must show `{}`, not `{}`", new.presence.as_str(), presence.as_str())
    });
    found.loosened_if(new.waivers_max > *waivers_max, || {
        format!("a step may use {} waivers, not {waivers_max}", new.waivers_max)
    });
    found.loosened_if(*require_task && !new.require_task, || "changes need no task (`require_task`)".into());
    found.loosened_if(new.window > *window, || {
        format!("the context window that budgets are percent of has {} tokens, not {window}", new.window)
    });
    let made_by = |rules: &BundleRules| match &rules.command {
        Some(command) => format!("`{}`", command.run.join(" ")),
        None => "agentops".to_owned(),
    };
    found.changed_if(new.bundles.command != bundles.command, || {
        format!("context bundles are made by {}, not by {}", made_by(&new.bundles), made_by(bundles))
    });
    found.changed_if(new.bundles.at_phase_end != bundles.at_phase_end, || match new.bundles.at_phase_end {
        true => "leaving a phase saves a context bundle".into(),
        false => "leaving a phase saves no context bundle".into(),
    });
    let loosened = &mut found.loosened;
    loosened.extend(more(&new.sections, sections).map(|name| format!("commit messages need no section `{name}`")));
    loosened.extend(more(types, &new.types).map(|name| format!("commits may be of the type `{name}`")));
    let free = more(learning_optional, &new.learning_optional);
    loosened.extend(free.map(|name| format!("commits of the type `{name}` may do without a learning")));
    loosened.extend(more(proofs, &new.proofs).map(|proof| format!("votes with proof `{}` count", proof.as_str())));
    loosened.extend(more(&new.protected, protected).map(|name| format!("the branch `{name}` is protected no more")));
    loosened.extend(more(&new.governed, governed).map(|glob| format!("`{glob}` is governed no more")));
    loosened.extend(more(&new.readonly, readonly).map(|glob| format!("`{glob}` is read-only no more")));
    let pairs = more(&new.generated, generated);
    loosened.extend(pairs.map(|pair| format!("`{}` may change without `{}`", pair.output, pair.source)));
    let bots = new.exempt.iter().filter(|bot| !exempt.iter().any(|known| covers(known, bot)));
    loosened.extend(bots.map(told_exemption));
    class::compare_all(risks, &new.risks, found);
    let trusted = compromised.iter().filter(|(key, since)| new.compromised.get(*key).is_none_or(|now| now > *since));
    found.loosened.extend(trusted.map(|(key, _)| format!("the compromised key `{key}` counts again")));
    for (name, actor) in &new.actors {
        gains(name.as_str(), actors.get(name), actor, found);
    }
    let gone = actors.keys().filter(|name| !new.actors.contains_key(*name));
    found.changed.extend(gone.map(|name| format!("`{name}` is no actor any more")));
    for (variable, agent) in agent_markers {
        match new.agent_markers.get(variable) {
            None => found.loosened.push(format!("the variable `{variable}` tells of no agent any more")),
            Some(other) => {
                found.changed_if(other != agent, || format!("the variable `{variable}` means `{other}`, not `{agent}`"))
            }
        }
    }
}

/// Whether all that `bot` may, `known` might.
fn covers(known: &Exemption, bot: &Exemption) -> bool {
    known.author == bot.author
        && more(&known.laws, &bot.laws).next().is_none()
        && more(&known.paths, &bot.paths).next().is_none()
}

fn told_exemption(bot: &Exemption) -> String {
    let laws: Vec<&str> = bot.laws.iter().map(|law| law.as_str()).collect();
    format!(
        "commits of `{}` that change nothing but `{}` are exempt from {}",
        bot.author,
        bot.paths.join("`, `"),
        laws.join(", ")
    )
}

fn gains(name: &str, before: Option<&Actor>, after: &Actor, found: &mut Differences) {
    match before {
        None => {
            let kind = if after.kind == ActorKind::Human { "a human" } else { "an agent" };
            found.loosened.push(format!("`{name}` is a new actor, {kind}"));
        }
        Some(before) => found.loosened_if(before.kind == ActorKind::Agent && after.kind == ActorKind::Human, || {
            format!("the agent `{name}` counts as a human")
        }),
    }
    let (emails, roles) = before.map_or((&[][..], &[][..]), |actor| (&actor.emails, &actor.roles));
    let loosened = &mut found.loosened;
    loosened.extend(more(emails, &after.emails).map(|email| format!("commits of `{email}` are those of `{name}`")));
    loosened.extend(more(roles, &after.roles).map(|role| format!("`{name}` has the role `{role}`")));
    if let Some(before) = before.filter(|actor| !actor.all_profiles) {
        loosened.extend(after.all_profiles.then(|| format!("`{name}` may write in all profiles")));
        let profiles = more(&before.profiles, &after.profiles);
        loosened.extend(profiles.map(|profile| format!("`{name}` may write in `{profile}`")));
    }
}

fn levels(before: &Policy, after: &Policy, found: &mut Differences) {
    for law in LawId::ALL {
        let (old, new) = (before.level(*law, None), after.level(*law, None));
        if new < old {
            found.loosened.push(format!("{law} is {}, not {}", word(new), word(old)));
            continue;
        }
        for name in before.profiles.keys().filter(|name| after.profiles.contains_key(*name)) {
            let (old, new) = (before.level(*law, Some(name)), after.level(*law, Some(name)));
            found.loosened_if(new < old, || format!("{law} is {} in `{name}`, not {}", word(new), word(old)));
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

fn signers(before: &Signers, after: &Signers, found: &mut Differences) {
    for Signer { principal, key, after: since, before: until, line: _ } in after.iter() {
        let now = key.fingerprint();
        match before.get(principal) {
            None => found.loosened.push(format!("`{principal}` may sign with the key {now}")),
            Some(old) if old.key.fingerprint() != now => {
                found.changed.push(format!("the key of `{principal}` is {now}, not {}", old.key.fingerprint()));
            }
            Some(old) => {
                let earlier = old.after.as_ref().is_some_and(|old| since.as_ref().is_none_or(|now| now < old));
                let later = old.before.as_ref().is_some_and(|old| until.as_ref().is_none_or(|now| now > old));
                found.loosened_if(earlier || later, || format!("the key of `{principal}` counts for a longer time"));
            }
        }
    }
    let gone = before.iter().filter(|signer| after.get(&signer.principal).is_none());
    found.changed.extend(gone.map(|signer| format!("`{}` has no key any more", signer.principal)));
}
