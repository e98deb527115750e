//! AO-G4: amends are well-formed and form a chain.

use std::collections::BTreeSet;

use super::{Case, Context, Findings, Law, Reads};
use crate::model::digest::Digest;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::policy::REDACTIONS_SINCE;
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};
use crate::workflow::governance::{self, AmendLink, Governed};
use crate::workflow::redaction;

pub(crate) const LAW: Law = Law {
    id: LawId::G4,
    title: "amends form a chain",
    rule: "A new amend is canonical, named after its content, of this project, by an actor of T's config, and names predecessors that are \
           there, with a `seq` one more than theirs. What it redacts are bytes that T holds, or that an event of T names as its \
           evidence, and they are gone in M: of a document, a vote, a session record, a learning or a bundle; never of an event, an \
           amend, a manifest or a governed file. The last of them leads to the governed digest of M. Where two \
           lines of amends meet, a further amend names both before they land.",
    passes: "`governance/0002-amend-<hash32>.toml` whose `prev` is the digest of 0001.",
    fails: "An amend written by hand, or by someone the config does not list. Use `agentops policy amend`.",
    reads: Reads::Trees,
    check,
};

/// More new amends than any honest step brings.
const MOST_IN_A_STEP: usize = 100;

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
        check_redactions(case, link, findings)?;
    }
    let fresh = amends.links.iter().filter(|link| !known.contains(&link.digest)).count();
    if fresh > MOST_IN_A_STEP {
        let message = format!(
            "the step brings {fresh} amends: more than {MOST_IN_A_STEP} read as a flood, and their numbers are finite"
        );
        findings.add(Finding::new(Place::path(layout::GOVERNANCE), message, "bring the change as one amend"));
    }
    let heads = governance::amend_heads(&amends.links);
    if let [head] = heads.as_slice()
        && !known.contains(&head.digest)
        && let Some(policy) = case.next_policy()
    {
        let governed = Governed::new(&policy.config.governed).digest(case.step.next())?;
        if head.amend.to != governed {
            findings.add(Finding::new(
                Place::path(head.path.clone()),
                format!(
                    "it leads to the governed digest {}…, and the rules here have {}…",
                    &head.amend.to.hex()[..12],
                    &governed.hex()[..12]
                ),
                FIX,
            ));
        }
    }
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

/// A redaction is of exactly these bytes, which T holds or an event of T names, and after the step they are gone.
fn check_redactions(case: &Case<'_>, link: &AmendLink, findings: &mut Findings) -> Result<(), SightError> {
    let Some(base) = case.step.base().filter(|_| !case.bootstrap) else { return Ok(()) };
    let number = link.amend.seq;
    for redaction in &link.amend.redact {
        let path = RepoPath::from(redaction.path.as_str());
        let has = |tree: &dyn TreeView| -> Result<bool, SightError> {
            Ok(tree.file(&path, MAX_TEXT_FILE)?.is_some_and(|bytes| Digest::of(&bytes) == redaction.sha256))
        };
        let mut refuse = |message: String, fix: &str| {
            findings.add(Finding::new(Place::path(link.path.clone()), format!("it redacts wrongly: {message}"), fix));
        };
        if case.policy.format.laws < REDACTIONS_SINCE {
            let edition = case.policy.format.laws;
            refuse(
                format!("edition {edition} of the laws knows no redactions"),
                "`agentops upgrade`, and land that first",
            );
        } else if let Some(reason) = redaction::refusal(case.policy, &path) {
            refuse(reason, "take this amend out; `agentops explain AO-G4` says what can be redacted");
        } else if has(case.step.next())? {
            refuse(format!("`{path}` still holds these bytes"), "let `agentops redact` make the amend");
        } else if has(base)? || redaction::named_by(base, case.policy, &path, &redaction.sha256)?.is_some() {
            findings.note(format!("amend {number:04}: redacts `{path}` (sha256 {}…)", &redaction.sha256.hex()[..12]));
        } else if case.context == Context::Replay {
            findings.not_checked(format!(
                "what amend {number:04} redacts as `{path}` (sha256 {}…): this history has no such bytes",
                &redaction.sha256.hex()[..12]
            ));
        } else {
            refuse(
                format!("the base holds no such bytes as `{path}`, and no event there names them"),
                "what has not landed is taken out of its branch, `git rebase -i`; a redaction is for what has",
            );
        }
    }
    Ok(())
}
