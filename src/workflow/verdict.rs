//! Verdicts: which count, and what they amount to.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, Link};
use super::filed::{self, Filed};
use super::proof;
use crate::model::event::Run;
use crate::model::layout;
use crate::model::name::{Principal, ProfileName};
use crate::model::path::RepoPath;
use crate::model::policy::{Policy, VERDICTS_SINCE};
use crate::model::tree::{SightError, TreeView};
use crate::model::trust::Proved;
use crate::model::verdict::{Outcome, Verdict};

/// The files of all verdicts on the event `link`.
pub fn read_verdicts(
    tree: &dyn TreeView,
    profile: &ProfileName,
    link: &Link,
) -> Result<Vec<Filed<Verdict>>, SightError> {
    filed::read(tree, &layout::verdicts(profile, &link.event.task, &link.digest), Verdict::file_name)
}

/// What the verdicts on one event amount to. Behind each name the key that signed; none: the name is a claim.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Who reproduced it.
    pub reproduced: BTreeMap<Principal, Option<Proved>>,
    /// Who refuted it; nobody is in both.
    pub refuted: BTreeMap<Principal, Option<Proved>>,
    /// Verdicts that count for nothing, each with the reason.
    pub void: Vec<(RepoPath, String)>,
    /// Whether all doers signed, so that a verifier who signed is proved to be none of them.
    pub doers_are_proved: bool,
}

impl Standing {
    /// `by bob (claimed), carol (signed by SHA256:…)` of those who reproduced, or refuted; none where nobody did.
    pub fn said(&self, outcome: Outcome) -> Option<String> {
        let all = match outcome {
            Outcome::Reproduced => &self.reproduced,
            Outcome::Refuted => &self.refuted,
        };
        let names: Vec<String> = all
            .iter()
            .map(|(who, key)| format!("{who} ({})", key.as_ref().map_or("claimed".to_owned(), Proved::honest)))
            .collect();
        (!names.is_empty()).then(|| format!("{} by {}", outcome.as_str(), names.join(", ")))
    }

    /// Whether nobody need be believed: a verifier signed, and where it is a reproduction all doers did.
    pub fn is_proved(&self) -> bool {
        let signed = |all: &BTreeMap<Principal, Option<Proved>>| all.values().any(Option::is_some);
        match self.refuted.is_empty() {
            true => signed(&self.reproduced) && self.doers_are_proved,
            false => signed(&self.refuted),
        }
    }

    /// What `runs` rest on that `actor` claims, a clause.
    pub fn told(&self, runs: usize, actor: &Principal) -> String {
        let claimed = match runs {
            1 => format!("1 command is claimed by {actor}"),
            _ => format!("{runs} commands are claimed by {actor}"),
        };
        match (self.said(Outcome::Refuted), self.said(Outcome::Reproduced)) {
            (Some(said), _) => format!("{claimed}, {said}"),
            // Of a doer who did not sign nobody knows whether it was the verifier.
            (None, Some(said)) if self.reproduced.values().any(Option::is_some) && !self.doers_are_proved => {
                format!("{claimed}, {said}; that the verifier is no doer is a claim")
            }
            (None, Some(said)) => format!("{claimed}, {said}"),
            (None, None) => format!("{claimed}, not reproduced"),
        }
    }
}

/// Weighs `files` over the event `link`, whose work `doers` did. One verifier's two verdicts that differ count as refuted.
pub fn weigh(
    policy: &Policy,
    chain: &Chain,
    link: &Link,
    doers: &BTreeSet<Principal>,
    files: &[Filed<Verdict>],
) -> Standing {
    let doers_are_proved = proof::doers_are_proved(policy, &link.event, doers);
    let mut standing = Standing { doers_are_proved, ..Standing::default() };
    for file in files {
        let counted = file.content.as_ref().map_err(String::clone).and_then(|verdict| {
            let key = backing(policy, chain, link, doers, verdict)?;
            Ok((verdict, key))
        });
        match counted {
            Ok((verdict, key)) if verdict.verdict == Outcome::Refuted => {
                standing.reproduced.remove(&verdict.verifier);
                standing.refuted.insert(verdict.verifier.clone(), key);
            }
            Ok((verdict, key)) if !standing.refuted.contains_key(&verdict.verifier) => {
                // Of two that say the same, the signed one speaks.
                let known = standing.reproduced.remove(&verdict.verifier).flatten();
                standing.reproduced.insert(verdict.verifier.clone(), key.or(known));
            }
            Ok(_) => {}
            Err(reason) => standing.void.push((file.path.clone(), reason)),
        }
    }
    standing
}

/// The key behind a verdict, none where it is unsigned; the error says why it counts for nothing.
pub fn backing(
    policy: &Policy,
    chain: &Chain,
    link: &Link,
    doers: &BTreeSet<Principal>,
    verdict: &Verdict,
) -> Result<Option<Proved>, String> {
    if policy.format.laws < VERDICTS_SINCE {
        return Err(format!(
            "edition {} of the laws, which `format.toml` names, knows no verdicts; edition {VERDICTS_SINCE} does",
            policy.format.laws
        ));
    }
    if verdict.project != policy.format.project {
        return Err("it was given in another project".into());
    }
    if verdict.task != chain.task || verdict.event != link.digest {
        return Err("it is about another event".into());
    }
    if !link.event.carries_gate(chain) || link.event.runs.is_empty() {
        return Err("its event claims no run of a command".into());
    }
    if link.event.runs.iter().any(|run| run.tree != verdict.tree) {
        return Err(format!("it is about the tree {}, which is not the event's", verdict.tree.short()));
    }
    if verdict.tree != link.event.base {
        return Err(format!(
            "its event was made on the tree {}, and says that its commands ran on another one",
            link.event.base.short()
        ));
    }
    // As with a reject: a session that names the verifier later takes no refutation away.
    let nobody = BTreeSet::new();
    let doers = if verdict.verdict == Outcome::Refuted { &nobody } else { doers };
    verifier_refusal(policy, chain, doers, &verdict.verifier).map_or(Ok(()), Err)?;
    match (agrees(&link.event.runs, &verdict.runs), verdict.verdict) {
        (false, Outcome::Reproduced) => {
            return Err("it says `reproduced`, and its own runs are not those that the event claims".into());
        }
        // What is reproduced is that the work passes.
        (true, Outcome::Reproduced) if verdict.runs.iter().any(|run| run.exit != 0) => {
            return Err("it says `reproduced`, and a command of its own failed".into());
        }
        (true, Outcome::Refuted) => {
            return Err("it says `refuted`, and its own runs are those that the event claims".into());
        }
        _ => {}
    }
    proof::verdict_key(policy, verdict).transpose()
}

/// Why `who` may not verify; `None` where it may. Agents may.
pub fn verifier_refusal(
    policy: &Policy,
    chain: &Chain,
    doers: &BTreeSet<Principal>,
    who: &Principal,
) -> Option<String> {
    match policy.config.actors.get(who) {
        None => Some(format!("`{who}` is not an actor of the policy")),
        Some(actor) if !actor.may_write(&chain.profile) => {
            Some(format!("`{who}` has no part in profile `{}`", chain.profile))
        }
        Some(_) if doers.contains(who) => Some(format!("`{who}` did the work: somebody else verifies it")),
        Some(_) => None,
    }
}

/// Whether each claimed command ended alike. The last run with the same name and arguments decides, on both sides.
fn agrees(claimed: &[Run], again: &[Run]) -> bool {
    let last = |runs: &'_ [Run], like: &Run| {
        runs.iter().rev().find(|run| run.name == like.name && run.arguments == like.arguments).map(|run| run.exit)
    };
    claimed.iter().all(|run| last(claimed, run) == last(again, run))
}
