//! Profiles compared: phases, gates, documents, templates, commands.

use std::collections::BTreeMap;

use super::class::{eyes, roles_gained};
use super::{Differences, more};
use crate::model::name::ProfileName;
use crate::model::profile::{ArtifactSpec, Budget, CommandSpec, GateSpec, Phase, Profile, VoteKind};

type Profiles = BTreeMap<ProfileName, Profile>;

pub(super) fn compare_all(before: &Profiles, after: &Profiles, found: &mut Differences) {
    for (name, profile) in before {
        match after.get(name) {
            Some(next) => compare(profile, next, found),
            None => found.loosened.push(format!("the profile `{name}` is gone")),
        }
    }
    for (name, profile) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let free: Vec<String> = profile
            .phases
            .iter()
            .filter(|phase| phase.gate.vote == VoteKind::None)
            .map(|phase| format!("`{}`", phase.name))
            .collect();
        if free.len() == profile.phases.len() {
            found.loosened.push(format!("the new profile `{name}` asks for no vote at any gate"));
        } else if free.is_empty() {
            found.changed.push(format!("the profile `{name}` is new; each of its gates asks for a vote"));
        } else {
            found.changed.push(format!("the profile `{name}` is new; it asks for no vote at {}", free.join(", ")));
        }
    }
}

fn compare(before: &Profile, after: &Profile, found: &mut Differences) {
    // What people and routing read rules nothing, levels are compared with the config's.
    let Profile {
        name,
        version: _,
        description: _,
        examples: _,
        documents,
        phases,
        commands,
        syntax,
        laws: _,
        templates,
    } = before;
    let written = more(documents, &after.documents);
    found.loosened.extend(written.map(|glob| format!("documents `{glob}` of `{name}` may be written at any time")));
    for phase in phases {
        let of = format!("phase `{}` of `{name}`", phase.name);
        let gate = format!("the gate of `{name}` phase `{}`", phase.name);
        let Some((_, next)) = after.phase(&phase.name) else {
            found.loosened.push(format!("{gate}: the phase is gone"));
            continue;
        };
        found.changed_if(next.stage != phase.stage, || {
            format!("{of} is of the stage `{}`, not `{}`", next.stage, phase.stage)
        });
        artifacts(&of, &phase.artifacts, &next.artifacts, found);
        found.loosened.extend(budget(&phase.budget, &next.budget).into_iter().map(|clause| format!("{of}: {clause}")));
        found.loosened.extend(less(&phase.gate, &next.gate).into_iter().map(|clause| format!("{gate}: {clause}")));
    }
    for phase in after.phases.iter().filter(|phase| before.phase(&phase.name).is_none()) {
        found.changed.push(format!(
            "`{name}` has a new phase `{}`, whose vote is `{}`",
            phase.name,
            phase.gate.vote.as_str()
        ));
    }
    let order = |own: &[Phase], other: &Profile| -> Vec<String> {
        let common = own.iter().filter(|phase| other.phase(&phase.name).is_some());
        common.map(|phase| format!("`{}`", phase.name)).collect()
    };
    let now = order(&after.phases, before);
    found.changed_if(now != order(phases, after), || {
        format!("the phases of `{name}` come in another order: {}", now.join(", "))
    });
    for (template, digest) in templates {
        match after.templates.get(template) {
            None => found.changed.push(format!("the template `{template}` of `{name}` is gone")),
            Some(next) => {
                found.changed_if(next != digest, || format!("the template `{template}` of `{name}` has another text"))
            }
        }
    }
    for (command, spec) in commands {
        match after.commands.get(command) {
            None => found.changed.push(format!("the command `{command}` of `{name}` is gone")),
            Some(next) => changed_command(&format!("the command `{command}` of `{name}`"), spec, next, found),
        }
    }
    let unchecked = more(&after.syntax, syntax);
    found.loosened.extend(unchecked.map(|(glob, by)| format!("`{by}` of `{name}` does not check `{glob}`")));
}

fn artifacts(of: &str, before: &[ArtifactSpec], after: &[ArtifactSpec], found: &mut Differences) {
    for ArtifactSpec { name, kind, path, template, required } in before {
        let Some(next) = after.iter().find(|next| next.name == *name) else {
            let clause = format!("{of} has no document `{name}`");
            if *required { &mut found.loosened } else { &mut found.changed }.push(clause);
            continue;
        };
        found.loosened_if(*required && !next.required, || format!("{of} may leave out the document `{name}`"));
        found.changed_if(next.kind != *kind, || {
            format!("the document `{name}` in {of} is of the kind `{}`, not `{}`", next.kind.as_str(), kind.as_str())
        });
        found.changed_if(next.path != *path, || {
            format!("the document `{name}` in {of} lies at `{}`, not `{path}`", next.path)
        });
        found.changed_if(next.template != *template, || match &next.template {
            Some(now) => format!("the document `{name}` in {of} follows the template `{now}`"),
            None => format!("the document `{name}` in {of} follows no template"),
        });
    }
}

fn budget(before: &Budget, after: &Budget) -> Vec<String> {
    let Budget { tokens, artifact_tokens, green, yellow } = *before;
    let mut found = Vec::new();
    if after.tokens > tokens {
        found.push(format!("its budget is {} tokens, not {tokens}", after.tokens));
    }
    if after.artifact_tokens > artifact_tokens {
        found.push(format!("a document may have {} tokens, not {artifact_tokens}", after.artifact_tokens));
    }
    if after.green > green || after.yellow > yellow {
        found.push(format!("its bands end at {} and {} percent, not {green} and {yellow}", after.green, after.yellow));
    }
    found
}

fn less(before: &GateSpec, after: &GateSpec) -> Vec<String> {
    let GateSpec { title: _, vote, voters, roles, four_eyes, checks, commands } = before;
    let mut found = Vec::new();
    if after.vote < *vote {
        found.push(format!("its vote is `{}`, not `{}`", after.vote.as_str(), vote.as_str()));
    }
    if after.voters < *voters {
        found.push(format!("{} voters, not {voters}", after.voters));
    }
    if after.four_eyes < *four_eyes {
        found.push(eyes(after.four_eyes));
    }
    found.extend(roles_gained(roles, &after.roles));
    found.extend(more(&after.checks, checks).map(|law| format!("{law} is not asked")));
    found.extend(more(&after.commands, commands).map(|name| format!("the command `{name}` is not run")));
    found
}

fn changed_command(what: &str, before: &CommandSpec, after: &CommandSpec, found: &mut Differences) {
    let CommandSpec { run, timeout_seconds, takes_paths } = before;
    found.changed_if(after.run != *run, || match (after.run.is_empty(), run.is_empty()) {
        (true, _) => format!("{what} has no command line any more"),
        (_, true) => format!("{what} runs `{}`", after.run.join(" ")),
        _ => format!("{what} runs `{}`, not `{}`", after.run.join(" "), run.join(" ")),
    });
    found.loosened_if(after.takes_paths && !takes_paths, || format!("{what}: a plan may add paths to it"));
    found.changed_if(after.timeout_seconds != *timeout_seconds, || {
        format!("{what} may take {} seconds, not {timeout_seconds}", after.timeout_seconds)
    });
}
