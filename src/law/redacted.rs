//! Files that owners let go: what a law may find absent.
//!
//! A redaction takes the bytes away and lets no gate pass. In the step that brings it, and ever after, the file may be gone;
//! a task that still rests on it goes back before it goes on. A replay is told what the tip of history let go (`let_go`):
//! where history was rewritten without these bytes, they were never there.

use std::collections::BTreeSet;

use super::Case;
use super::steps::TaskStep;
use crate::model::digest::Digest;
use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;
use crate::model::policy::REDACTIONS_SINCE;
use crate::model::tree::SightError;
use crate::workflow::chain::Link;
use crate::workflow::governance::{self, Redactions};
use crate::workflow::proof;

/// What owners let go.
#[derive(Debug, Default)]
pub(crate) struct Agreed {
    /// By amends of T.
    landed: Redactions,
    /// By amends of the step.
    fresh: Redactions,
}

impl Case<'_> {
    /// The amend by which the file at `path` with the digest `sha256` may be absent: one of T, a new one to which T's owners
    /// agreed, or in a replay one of the tip.
    pub(crate) fn redacted(&self, path: &RepoPath, sha256: &Digest) -> Result<Option<u32>, SightError> {
        let key = (path.clone(), *sha256);
        if let Some(seq) = self.let_go.and_then(|let_go| let_go.get(&key)) {
            return Ok(Some(*seq));
        }
        let agreed = self.redactions()?;
        Ok(agreed.landed.get(&key).or_else(|| agreed.fresh.get(&key)).copied())
    }

    /// The amend of T that let bytes at `path` go, where `sha256` gives their digest; asked for only where the path is one of
    /// those.
    pub(crate) fn landed_redaction(
        &self,
        path: &RepoPath,
        sha256: impl FnOnce() -> Result<Digest, SightError>,
    ) -> Result<Option<u32>, SightError> {
        let rows = &self.redactions()?.landed;
        if !rows.keys().any(|(there, _)| there == path) {
            return Ok(None);
        }
        Ok(rows.get(&(path.clone(), sha256()?)).copied())
    }

    /// The amend of T, or a new one to which T's owners agreed, that lets a vote on `submit` go.
    pub(crate) fn redacted_vote(&self, profile: &ProfileName, submit: &Link) -> Result<Option<u32>, SightError> {
        let folder = layout::votes(profile, &submit.event.task, &submit.digest).to_string();
        let agreed = self.redactions()?;
        let mut rows = agreed.landed.iter().chain(&agreed.fresh);
        Ok(rows.find(|((path, _), _)| path.is_below(&folder)).map(|(_, amend)| *amend))
    }

    /// In a replay: the amend by which a vote on `submit` was let go.
    pub(crate) fn votes_let_go(&self, profile: &ProfileName, submit: &Link) -> Option<u32> {
        let folder = layout::votes(profile, &submit.event.task, &submit.digest);
        let mut rows = self.let_go.into_iter().flatten();
        rows.find(|((path, _), _)| path.is_below(&folder.to_string())).map(|(_, amend)| *amend)
    }

    /// In a replay: the amend by which a live event of the task lost evidence that is not there, with its path. What a gate
    /// read then cannot be read again.
    pub(crate) fn evidence_let_go(&self, task: &TaskStep) -> Result<Option<(u32, RepoPath)>, SightError> {
        let Some(let_go) = self.let_go else { return Ok(None) };
        for link in task.after.links.iter().filter(|link| task.live.contains(&link.digest)) {
            for item in &link.event.evidence {
                let path = RepoPath::from(item.path.as_str());
                if let Some(amend) = let_go.get(&(path.clone(), item.sha256))
                    && self.step.next().entry(&path)?.is_none()
                {
                    return Ok(Some((*amend, path)));
                }
            }
        }
        Ok(None)
    }

    fn redactions(&self) -> Result<&Agreed, SightError> {
        if let Some(redactions) = self.redactions.get() {
            return Ok(redactions);
        }
        let redactions = self.agreed()?;
        Ok(self.redactions.get_or_init(|| redactions))
    }

    fn agreed(&self) -> Result<Agreed, SightError> {
        let Some(base) = self.step.base().filter(|_| !self.bootstrap) else { return Ok(Agreed::default()) };
        if self.policy.format.laws < REDACTIONS_SINCE {
            return Ok(Agreed::default());
        }
        let landed = governance::read_amends(base)?.links;
        let known: BTreeSet<Digest> = landed.iter().map(|link| link.digest).collect();
        let mut all = governance::read_amends(self.step.next())?.links;
        all.retain(|link| !known.contains(&link.digest) && proof::agreed(self.policy, &link.amend));
        Ok(Agreed { landed: governance::redactions(&landed), fresh: governance::redactions(&all) })
    }
}
