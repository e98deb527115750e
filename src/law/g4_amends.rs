//! AO-G4: amends are well-formed and form a chain.

use std::collections::BTreeSet;

use super::{Case, Context, Findings, Law, Reads};
use crate::model::digest::Digest;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;
use crate::workflow::governance;

pub(crate) const LAW: Law = Law {
    id: LawId::G4,
    title: "amends form a chain",
    rule: "A new amend is canonical, named after its content, of this project, by an actor of T's config, and names predecessors that are \
           there, with a `seq` one more than theirs. Where two lines of amends meet, a further amend names both before they land.",
    passes: "`governance/0002-amend-<hash32>.toml` whose `prev` is the digest of 0001.",
    fails: "An amend written by hand, or by someone the config does not list. Use `agentops policy amend`.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    if !case.step.changes()?.iter().any(|change| change.path.is_below(layout::GOVERNANCE)) {
        return Ok(());
    }
    let known: BTreeSet<Digest> = match case.step.base() {
        Some(base) => governance::read_amends(base)?.links.iter().map(|link| link.digest).collect(),
        None => BTreeSet::new(),
    };
    let amends = governance::read_amends(case.step.next())?;
    const FIX: &str = "remove it and use `agentops policy amend --reason \"…\"`";
    for (path, reason) in amends.broken {
        findings.add(Finding::new(Place::path(path), format!("this is no amend: {reason}"), FIX));
    }
    for link in amends.links.iter().filter(|link| !known.contains(&link.digest)) {
        let mut add = |message: String| findings.add(Finding::new(Place::path(link.path.clone()), message, FIX));
        let amend = &link.amend;
        if amend.project != case.policy.format.project {
            add("it belongs to another project".into());
        }
        if !case.policy.config.actors.contains_key(&amend.actor) {
            add(format!("`{}` is not an actor of the base's config", amend.actor));
        }
        let mut highest = 0;
        for prev in &amend.prev {
            match amends.links.iter().find(|other| other.digest == *prev) {
                Some(other) => highest = highest.max(other.amend.seq),
                None => add(format!("its predecessor {} is not there", &prev.hex()[..12])),
            }
        }
        if amend.seq != highest + 1 {
            add(format!("its seq is {}, but its predecessors ask for {}", amend.seq, highest + 1));
        }
    }
    let heads = governance::amend_heads(&amends.links);
    if let (true, Some(link)) = (heads.len() > 1, heads.iter().find(|link| !known.contains(&link.digest))) {
        let finding = Finding::new(
            Place::path(link.path.clone()),
            format!("{} amends claim to be the last: lines of two branches that no amend brings together", heads.len()),
            "merge the base, then `agentops policy amend --reason \"…\"`: it starts from both",
        );
        // A branch may hold them on its way to being settled.
        let lands = case.context == Context::Landing && case.onto_protected;
        findings.add(if lands { finding } else { finding.warning() });
    }
    Ok(())
}
