//! AO-V1: verdicts are about this very event, and come from somebody else than its doer.

use std::collections::BTreeSet;

use super::actor::commit_actor;
use super::{Case, Findings, Law, Reads};
use crate::model::canonical::Canonical as _;
use crate::model::law_id::LawId;
use crate::model::layout::Place as Kind;
use crate::model::name::Principal;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_STATE_FILE, SightError};
use crate::model::verdict::Verdict;
use crate::workflow::chain::Link;
use crate::workflow::{artifact, gate, verdict};

pub(crate) const LAW: Law = Law {
    id: LawId::V1,
    title: "verdicts come from others",
    rule: "A new verdict is about an event of this tree that claims runs, and about the very tree on which they are claimed, which is \
           the one that the event was made on and, where it is known, holds what the event's manifest lists; its own runs say \
           what it says, and commands that failed are never `reproduced`. The verifier is an actor of T with a part in the profile, human or agent, and no doer of \
           the work. A signature that is there must hold; an unsigned verdict must not come in a doer's commit. From edition 2 \
           of the laws on.",
    passes: "`.agentops/sre/verdicts/db-k3f9/<hash32 of the event>/bob-<hash32>.toml`, written by `agentops verify rerun db-k3f9 \
             --record` of `bob`, where `claude` did the work.",
    fails: "A verdict of the doer, one copied from another task, or one over another tree. Take the file out and let somebody \
            else run `agentops verify rerun ID --record`.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for change in case.step.changes()? {
        let (Some((_, id)), Some(Kind::Verdict(profile, task, hash))) = (change.after, Kind::of(&change.path)) else {
            continue;
        };
        let bytes = case.step.next().blob(&id, &change.path, MAX_STATE_FILE)?;
        // A file that is no verdict is AO-E2's.
        let Ok(own) = Verdict::parse(&bytes) else { continue };
        let add = |findings: &mut Findings, message: String| {
            findings.add(Finding::new(
                Place::path(change.path.clone()),
                message,
                "take the file out; somebody who did not do the work runs `agentops verify rerun ID --record`",
            ));
        };
        let tasks = case.tasks()?;
        let found = tasks.iter().find(|step| step.after.profile == profile && step.after.task == task);
        let found = found.and_then(|step| Some((step, step.after.link(&own.event)?)));
        let Some((step, link)) = found.filter(|(_, link)| link.digest.short() == hash) else {
            add(findings, format!("`{task}` has no such event in this tree"));
            continue;
        };
        let state = step.after.origin(link);
        let sessions = case.records.sessions_on(case.step.next(), &step.after, state)?;
        let doers = gate::doers(&step.after, link, &sessions);
        match verdict::backing(case.policy, &step.after, link, &doers, &own) {
            Err(reason) => add(findings, format!("this verdict counts for nothing: {reason}")),
            Ok(_) if !holds_the_work(case, link, findings)? => add(
                findings,
                format!(
                    "this verdict counts for nothing: its tree {} holds other files than the manifest of its event lists",
                    own.tree.short()
                ),
            ),
            Ok(Some(_)) => {}
            Ok(None) => {
                if let Some(doer) = brought_by(case, &change.path, &doers)? {
                    add(
                        findings,
                        format!(
                            "a commit of `{doer}`, who did the work, brings this verdict of `{}`, and no key stands behind it",
                            own.verifier
                        ),
                    );
                }
            }
        }
    }
    Ok(())
}

/// Whether the tree that the event of a verdict was made on holds what the event's manifest lists.
fn holds_the_work(case: &Case<'_>, link: &Link, findings: &mut Findings) -> Result<bool, SightError> {
    let Some(manifest) = artifact::listed_manifest(case.step.next(), case.policy, &link.event)? else {
        return Ok(true);
    };
    let Some(tree) = case.step.known_tree(&link.event.base)? else {
        findings.not_checked(format!(
            "whether the tree {} of a verdict on `{}` holds what the manifest lists: it is not part of this history",
            link.event.base.short(),
            link.event.task
        ));
        return Ok(true);
    };
    Ok(manifest.first_unlike(tree.as_ref())?.is_none())
}

/// The doer in whose commit the file comes, if it is one's.
fn brought_by(case: &Case<'_>, path: &RepoPath, doers: &BTreeSet<Principal>) -> Result<Option<Principal>, SightError> {
    for index in 0..case.step.commits().len() {
        let changes = case.step.commit_changes(index)?;
        let change = changes.iter().find(|change| change.path == *path && change.after.is_some());
        let brings = change.map_or(Ok(false), |change| case.is_own(index, change))?;
        let by = commit_actor(case, index).principal().filter(|who| doers.contains(*who)).cloned();
        if brings && by.is_some() {
            return Ok(by);
        }
    }
    Ok(None)
}
