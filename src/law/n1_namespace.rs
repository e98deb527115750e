//! AO-N1: each profile writes in its own namespace.

use std::collections::{BTreeMap, BTreeSet};

use super::actor::commit_actor;
use super::globs::Globs;
use super::{Case, Context, Findings, Law, Reads};
use crate::model::canonical::Canonical;
use crate::model::decision::Decision;
use crate::model::digest::Digest;
use crate::model::law_id::LawId;
use crate::model::layout::{self, Place as Kind};
use crate::model::name::{Principal, ProfileName};
use crate::model::path::RepoPath;
use crate::model::policy::{DECISIONS_SINCE, VERDICTS_SINCE};
use crate::model::record::{Learning, Session};
use crate::model::report::{Finding, Place};
use crate::model::tree::{Change, MAX_STATE_FILE, MAX_TEXT_FILE, SightError};
use crate::workflow::artifact;
use crate::workflow::chain::{Chain, Standing};

pub(crate) const LAW: Law = Law {
    id: LawId::N1,
    title: "namespaces keep agents apart",
    rule: "Below `.agentops/<profile>/` a step adds records and bundles of actors who have a part in that profile, artifacts of its tasks that are \
           open, and the documents the profile declares; nothing else. Votes are ruled by AO-G, verdicts by AO-V, governed files by the amend.",
    passes: "`.agentops/devops/changes/2026-11-21-upgrade-k3f9/plan.md` while the task `upgrade-k3f9` is open.",
    fails: "A file below `.agentops/sre/` that belongs to no task there, or a learning of an actor whom the config gives no part in `sre`. \
            Write into your own profile, or have the config amended first.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let mut profiles: BTreeSet<ProfileName> = BTreeSet::new();
    let mut has_authors = false;
    let mut declared: BTreeMap<ProfileName, Globs> = BTreeMap::new();
    for change in case.step.changes()? {
        let Some(kind) = Kind::of(&change.path) else { continue };
        if let (Some(profile), false) = (kind.profile(), kind.is_governed()) {
            profiles.insert(profile.clone());
            if !case.policy.profiles.contains_key(profile) && !matches!(kind, Kind::Event(..)) {
                findings.add(Finding::new(
                    Place::path(change.path.clone()),
                    format!("`{profile}` is no profile of the base"),
                    "add the profile first (`agentops profile new`, `agentops policy amend`) and land it",
                ));
                continue;
            }
        }
        match &kind {
            Kind::Learning(profile, _) | Kind::Session(profile, _) => {
                let Some((_, id)) = change.after else { continue };
                let bytes = case.step.next().blob(&id, &change.path, MAX_STATE_FILE)?;
                let actor = match kind {
                    Kind::Learning(..) => Learning::parse(&bytes).ok().map(|learning| learning.actor),
                    _ => Session::parse(&bytes).ok().map(|session| session.actor),
                };
                // A record that does not parse is AO-E2's.
                if let Some(actor) = actor {
                    check_actor(case, &actor, profile, Place::path(change.path.clone()), findings);
                }
            }
            Kind::Decision(profile, ..) if case.policy.format.laws >= DECISIONS_SINCE => {
                let Some((_, id)) = change.after else { continue };
                let bytes = case.step.next().blob(&id, &change.path, MAX_STATE_FILE)?;
                if let Ok(decision) = Decision::parse(&bytes) {
                    check_actor(case, &decision.actor, profile, Place::path(change.path.clone()), findings);
                }
            }
            Kind::Bundle(..) => has_authors = true,
            // From then on AO-V1 rules them.
            Kind::Verdict(..) if case.policy.format.laws >= VERDICTS_SINCE => {}
            Kind::Document(profile) | Kind::Verdict(profile, ..) | Kind::Decision(profile, ..) => {
                if lets_go(case, change)? {
                    continue;
                }
                has_authors = true;
                if let (false, Some(rules)) = (declared.contains_key(profile), case.policy.profiles.get(profile)) {
                    declared.insert(profile.clone(), Globs::exact(&rules.documents)?);
                }
                if !is_declared(declared.get(profile), profile, &change.path) && !is_owned(case, profile, &change.path)?
                {
                    findings.add(Finding::new(
                        Place::path(change.path.clone()),
                        format!("this is neither an artifact of an open task of `{profile}` nor a document that the profile declares"),
                        "open a task with `agentops task new`, and write to the paths that `agentops phase status` names",
                    ));
                }
            }
            _ => {}
        }
    }
    if has_authors {
        check_commits(case, findings)?;
    }
    if case.context == Context::Local && profiles.len() > 1 {
        let names: Vec<&str> = profiles.iter().map(ProfileName::as_str).collect();
        findings.add(
            Finding::new(
                Place::path(layout::ROOT),
                format!("this commit writes in {} profiles: {}", names.len(), names.join(", ")),
                "commit each profile's files by themselves",
            )
            .warning(),
        );
    }
    Ok(())
}

/// Whether the change does nothing but remove what an amend redacts: that is the owners' matter, whoever's the file was.
fn lets_go(case: &Case<'_>, change: &Change) -> Result<bool, SightError> {
    let (Some((_, before)), None, Some(base)) = (change.before, change.after, case.step.base()) else {
        return Ok(false);
    };
    let bytes = base.blob(&before, &change.path, MAX_TEXT_FILE)?;
    Ok(case.redacted(&change.path, &Digest::of(&bytes))?.is_some())
}

fn check_actor(case: &Case<'_>, actor: &Principal, profile: &ProfileName, place: Place, findings: &mut Findings) {
    let message = match case.policy.config.actors.get(actor) {
        None => format!("`{actor}` is not an actor of the base's config"),
        Some(known) if !known.may_write(profile) => format!("`{actor}` has no part in profile `{profile}`"),
        Some(_) => return,
    };
    findings.add(Finding::new(
        place,
        message,
        format!("list it under `[actors.{actor}]` with `agentops policy amend`, and land that first"),
    ));
}

/// Whether `path` is a document that the profile declares.
fn is_declared(declared: Option<&Globs>, profile: &ProfileName, path: &RepoPath) -> bool {
    let rest = path.as_str().and_then(|text| text.strip_prefix(&layout::namespace(profile))?.strip_prefix('/'));
    declared.zip(rest).is_some_and(|(declared, rest)| declared.matches(&rest.into()))
}

/// Whether `path` is an artifact of a task that is open in T or M, or that the step moves.
fn is_owned(case: &Case<'_>, profile: &ProfileName, path: &RepoPath) -> Result<bool, SightError> {
    let Some(owner) = artifact::owner(case.policy, path) else { return Ok(false) };
    let moved = |task: &&super::steps::TaskStep| task.after.profile == *profile && task.after.task == owner.task;
    let Some(task) = case.tasks()?.iter().find(moved) else { return Ok(false) };
    let is_open = |chain: &Chain| match chain.standing() {
        Standing::At(state) => state.status.is_open(),
        Standing::Forked(_) => true,
        Standing::Absent => false,
    };
    let opened = task.after.links.iter().find(|link| link.event.prev.is_empty());
    let at_its_path = opened
        .is_some_and(|link| owner.spec.path_for(profile, &owner.task, &link.event.state).as_bytes() == path.as_bytes());
    Ok(at_its_path && (is_open(&task.before) || is_open(&task.after) || !task.fresh.is_empty()))
}

/// A commit of a known actor changes documents only where that actor has a part; bundles, which name no actor, come from
/// commits of known actors alone.
fn check_commits(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for (index, commit) in case.step.commits().iter().enumerate() {
        let principal = commit_actor(case, index).principal().cloned();
        let actor = principal.and_then(|name| case.policy.config.actors.get(&name).map(|actor| (name, actor)));
        for change in case.step.commit_changes(index)? {
            let (profile, is_bundle) = match Kind::of(&change.path) {
                Some(Kind::Document(profile)) => (profile, false),
                Some(Kind::Bundle(profile, _)) => (profile, true),
                _ => continue,
            };
            if lets_go(case, &change)? || !case.is_own(index, &change)? {
                continue;
            }
            let message = match &actor {
                None if is_bundle => "this bundle comes from nobody whom the base's config names".to_owned(),
                Some((name, actor)) if !actor.may_write(&profile) => {
                    format!("`{name}` has no part in profile `{profile}`")
                }
                _ => continue,
            };
            findings.add(Finding::new(
                Place::path(change.path).in_commit(commit.id),
                message,
                "leave other profiles' documents to their actors, or have the config amended first",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{ALICE, TestStep, policy_with_profile, tree};

    #[test]
    fn bundles_come_from_actors_of_the_profile() {
        let bundle = tree(&[(".agentops/dev/bundles/01arz3ndektsv4rrffq69g5fav.md", "What the next phase must know.")]);
        let found = |email: &str, profiles: bool| {
            let mut policy = policy_with_profile();
            policy.config.actors.values_mut().for_each(|actor| actor.all_profiles = profiles);
            let step = TestStep::new().after(bundle.clone()).commit("docs: hand over").by("Someone", email);
            step.judge(&LAW, &policy).list.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(found(ALICE, true), [""; 0]);
        assert_eq!(found(ALICE, false), ["`alice` has no part in profile `dev`"]);
        assert_eq!(found("x@nobody.org", true), ["this bundle comes from nobody whom the base's config names"]);
    }
}
