//! Whose rules a report goes by: a branch that brings rules of its own does not say by them what its votes are worth.

use super::trunk::trunk;
use crate::engine::error::EngineError;
use crate::engine::policies::{Policies, Ruling};
use crate::engine::site::{Base, Site};
use crate::model::digest::ObjectId;
use crate::workflow::chain::Chain;

/// Where the rules of a report come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The commit whose policy they are.
    pub commit: ObjectId,
    /// How people call it: `HEAD`, a branch, or the revision that was named.
    pub called: String,
    /// Why nobody but HEAD stands behind them; none where they landed, or where whoever asks named them.
    pub own_word: Option<String>,
}

/// The rules at the revision `named`; without one HEAD's where it landed on the trunk, else the trunk's. Where none is known
/// that has the task's profile, HEAD's, as its own word.
pub(super) fn rules<'a>(
    site: &'a Site<'_>,
    chain: &Chain,
    named: Option<&str>,
) -> Result<(Base<'a>, Rules), EngineError> {
    if let Some(rev) = named {
        let base = site.base_of(rev)?;
        base.rules(chain)?;
        let rules = Rules { commit: base.commit, called: rev.to_owned(), own_word: None };
        return Ok((base, rules));
    }
    let here = site.base()?;
    let own = |own_word| Rules { commit: here.commit, called: "HEAD".into(), own_word };
    let why = match trunk(site)? {
        None => "no branch is known on which they landed".to_owned(),
        Some((base, _)) if site.repo.is_ancestor(&here.commit, &base.commit)? => {
            let rules = own(None);
            return Ok((here, rules));
        }
        Some((base, called)) if base.rules(chain).is_ok() => {
            let rules = Rules { commit: base.commit, called, own_word: None };
            return Ok((base, rules));
        }
        Some((_, called)) => format!("`{called}` has no profile `{}`", chain.profile),
    };
    let sentence = format!(
        "the rules by which votes and signatures count: they are HEAD's own and have not landed ({why}); `--base REV` names others"
    );
    let rules = own(Some(sentence));
    Ok((here, rules))
}

/// What to know of the rules by which the laws judged a step after `parent`, where they are neither `base`'s nor any that led
/// to it.
pub(super) fn rules_of_step(
    site: &Site<'_>,
    base: &Base<'_>,
    rules: &Rules,
    parent: Option<&ObjectId>,
) -> Result<Option<String>, EngineError> {
    if let Some(parent) = parent {
        if site.repo.is_ancestor(parent, &base.commit)? {
            return Ok(None);
        }
        let tree = site.repo.tree(&site.repo.tree_of(parent)?);
        if let Ruling::Governed(policy) = Policies::default().of(&tree)?
            && policy == base.policy
        {
            return Ok(None);
        }
    }
    Ok(Some(format!(
        "the rules by which the laws judged that step: the commit before it has others than {}, which have not landed there",
        rules.called
    )))
}
