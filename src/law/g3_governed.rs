//! AO-G3: governed files change only with a valid amend.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Context, Findings, Law, Reads};
use crate::model::amend::Amend;
use crate::model::digest::Digest;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;
use crate::workflow::governance::{self, AmendLink, Governed};
use crate::workflow::loosening::{self, Differences};
use crate::workflow::proof;

pub(crate) const LAW: Law = Law {
    id: LawId::G3,
    title: "governed files change by amend",
    rule: "Format, config, signers, attributes, profiles, agents, workflows, standards, templates and `paths.governed` are the same in M as \
           in T, or a new amend leads from T's governed digest to M's and names each of the changed files; and no link comes where \
           `paths.governed` names files below. Every new amend, also one that \
           only names the lines that meet in it, is signed by as many of T's owners as T wants.",
    passes: "A step made by `agentops policy amend --reason \"…\"`: the changed config and one file below `governance/`.",
    fails: "A commit that lowers a gate in `profile.toml`. Take it out, and propose it by itself: `agentops policy amend --reason \"…\"`.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let Some(base) = case.step.base().filter(|_| !case.bootstrap) else { return Ok(()) };
    let ours = Governed::new(&case.policy.config.governed);
    // What M's own config adds is governed from M on; `to` is computed with it.
    let theirs = case.next_policy().map_or_else(|| ours.clone(), |policy| Governed::new(&policy.config.governed));
    check_links(case, [&ours, &theirs], findings)?;
    let changed: Vec<&RepoPath> = case
        .step
        .changes()?
        .iter()
        .map(|change| &change.path)
        .filter(|path| ours.contains(path) || theirs.contains(path))
        .collect();
    let amended = case.step.changes()?.iter().any(|change| change.path.is_below(layout::GOVERNANCE));
    if changed.is_empty() && !amended {
        return Ok(());
    }
    let known: BTreeSet<Digest> = governance::read_amends(base)?.links.iter().map(|link| link.digest).collect();
    let amends = governance::read_amends(case.step.next())?;
    let fresh = amends.links.iter().filter(|link| !known.contains(&link.digest));
    let wanted = case.policy.config.owners;
    let mut agreed: Vec<&AmendLink> = Vec::new();
    for link in fresh {
        let owners = proof::owners(case.policy, &link.amend);
        for (who, key) in &owners.signed {
            findings.note(format!("amend {:04}: agreed to by `{who}` ({})", link.amend.seq, key.honest()));
        }
        let void: String = owners
            .void
            .iter()
            .map(|(who, why)| format!("; the signature of `{who}` counts for nothing: {why}"))
            .collect();
        // Whoever lands it reads here what is about to change. In a replay it has: each amend would be told for ever.
        if case.context == Context::Landing {
            findings.note(told(&link.amend, owners.signed.contains_key(&link.amend.actor)));
        }
        if wanted == 0 && !link.amend.redact.is_empty() {
            findings.note(format!(
                "amend {:04} redacts unsigned (`governance.owners = 0`): it proves nothing about who agreed",
                link.amend.seq
            ));
        }
        if proof::agreed(case.policy, &link.amend) {
            agreed.push(link);
        } else {
            findings.add(Finding::new(
                Place::path(link.path.clone()),
                format!("{} of {wanted} owners of the base signed this amend{void}", owners.signed.len()),
                "`agentops policy amend --out FILE` writes a proposal, each owner runs `agentops policy sign FILE`, and \
                 `agentops policy amend --from FILE` commits it",
            ));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    if let (Context::Landing, Some(next)) = (case.context, case.next_policy()) {
        let Differences { loosened, changed } = loosening::between(case.policy, next);
        loosened.iter().for_each(|clause| findings.note(format!("loosened: {clause}")));
        changed.iter().for_each(|clause| findings.note(format!("changed: {clause}")));
    }
    let from = ours.digest(base)?;
    let to = theirs.digest(case.step.next())?;
    if from != to && governance::leads(&agreed, from, to) {
        if wanted == 0 {
            findings.note("amends are unsigned here (`governance.owners = 0`): they prove nothing about who agreed");
        }
        for path in governance::unsaid(&agreed, &bytes_changed(case, &ours)?) {
            findings.add(Finding::new(
                Place::path(path.clone()),
                "a governed file changes, and no new amend says so: whoever reads the amends is misled",
                "make the change with `agentops policy amend --reason \"…\"`, which names every file that changes",
            ));
        }
    } else {
        for path in changed {
            findings.add(Finding::new(
                Place::path(path.clone()),
                format!(
                    "a governed file changes, and no new amend leads from the base's governed digest {} to {}",
                    &from.hex()[..12],
                    &to.hex()[..12]
                ),
                "take the change out, or make it by itself with `agentops policy amend --reason \"…\"`",
            ));
        }
    }
    Ok(())
}

/// Names links that come where governed files lie or would lie: what is found below them no amend can name.
fn check_links(case: &Case<'_>, governed: [&Governed; 2], findings: &mut Findings) -> Result<(), SightError> {
    if !case.policy.judges_stand_ins() {
        return Ok(());
    }
    for change in case.step.changes()?.iter().filter(|change| governed.iter().any(|one| one.is_led_elsewhere(change))) {
        let noun = change.after.map_or("a link", |(mode, _)| mode.noun());
        findings.add(Finding::new(
            Place::path(change.path.clone()),
            format!("this is {noun}, and `paths.governed` names files below it: they would come from where no amend names them"),
            "put a folder with the files there; where it has to be a link, first land an amend that takes the glob out of \
             `paths.governed`",
        ));
    }
    Ok(())
}

/// An amend in one sentence. What lies below `.agentops` decides how work is judged, and is named in full: nothing hides
/// behind a crowd of other files.
fn told(amend: &Amend, is_signed: bool) -> String {
    const SHOWN: usize = 5;
    let names = amend.files.iter().map(|file| file.path.as_str());
    let (rules, others): (Vec<&str>, Vec<&str>) = names.partition(|name| RepoPath::from(*name).is_below(layout::ROOT));
    let more = others.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = rules.iter().chain(others.iter().take(SHOWN)).map(ToString::to_string).collect();
    shown.extend((more > 0).then(|| format!("and {more} more outside `{}`", layout::ROOT)));
    let shown = if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) };
    let actor = format!("`{}`{}", amend.actor, if is_signed { ", who signed it" } else { ", a claim" });
    format!("amend {:04} by {actor}: {}{shown}", amend.seq, amend.reason)
}

/// The files governed in T whose bytes the step changes, with their digests in M.
fn bytes_changed(case: &Case<'_>, ours: &Governed) -> Result<BTreeMap<RepoPath, Option<Digest>>, SightError> {
    let files = ours.files(case.step.next())?;
    let changes = case.step.changes()?.iter().filter(|change| ours.contains(&change.path));
    let changes = changes.filter(|change| change.before.map(|(_, id)| id) != change.after.map(|(_, id)| id));
    Ok(changes.map(|change| (change.path.clone(), files.get(&change.path).map(|(_, digest)| *digest))).collect())
}
