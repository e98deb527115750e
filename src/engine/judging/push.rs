//! What `pre-push` judges: each branch of a push as a landing on what the remote has.

use super::landing::{self, Landing};
use super::memory::PushMemory;
use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::git::Head;
use crate::model::digest::ObjectId;
use crate::model::report::Report;

/// One reference that a push is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// What is pushed; `None`: the remote reference is deleted.
    pub local: Option<ObjectId>,
    /// The full name over there.
    pub reference: String,
    /// Where it is over there; `None`: it is new.
    pub remote: Option<ObjectId>,
}

/// What came of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The full name over there.
    pub reference: String,
    /// The verdict; `None` where nothing was judged.
    pub report: Option<Report>,
    /// What was not judged, and why; what is dangerous although no law forbids it here.
    pub notes: Vec<String>,
}

/// Judges one update of a push to `remote`, all of whose updates share `memory`. `None` for what is no branch.
pub fn judge(
    site: &Site,
    remote: &str,
    update: &Update,
    memory: &mut PushMemory,
) -> Result<Option<Judged>, EngineError> {
    let Some(name) = update.reference.strip_prefix("refs/heads/") else { return Ok(None) };
    let mut judged = Judged { reference: update.reference.clone(), report: None, notes: Vec::new() };
    let Some(local) = update.local else {
        if is_protected(site, name) {
            judged.notes.push(format!("this push deletes the protected branch `{name}`"));
        }
        return Ok(Some(judged));
    };
    let local = site.repo.resolve(&local.to_string())?;
    let known = update.remote.filter(|id| site.repo.has_object(id));
    let forward = match &known {
        Some(known) => site.repo.is_ancestor(known, &local)?,
        None => update.remote.is_none(),
    };
    if !forward && is_protected(site, name) {
        judged.notes.push(format!("this push rewinds or replaces the protected branch `{name}`"));
    }
    let base = match known.filter(|_| forward) {
        Some(known) => Some(known),
        None => base_of_new(site, remote, &local, known.as_ref())?,
    };
    let Some(base) = base else {
        let of = if remote.is_empty() { "the remote, whose name was not given," } else { &format!("`{remote}`") };
        judged.notes.push(format!(
            "`{name}` was not judged: nothing of {of} that it grew from is known here; `agentops check --all` judges its \
             history"
        ));
        return Ok(Some(judged));
    };
    let request = Landing {
        base: base.to_string(),
        tip: Some(local.to_string()),
        allow_empty: true,
        root: None,
        onto: Some(update.reference.clone()),
        protected: false,
    };
    match landing::one_of(site, &request, memory) {
        Ok(report) => judged.report = Some(report),
        Err(EngineError::NotGoverned) => {
            judged.notes.push(format!("`{name}` was not judged: it is not governed, it has no `.agentops`"));
        }
        Err(error) => return Err(error),
    }
    Ok(Some(judged))
}

/// Where a branch that the remote has not, or has otherwise, left what the remote has: its main branch, else its former
/// tip.
fn base_of_new(
    site: &Site,
    remote: &str,
    local: &ObjectId,
    former: Option<&ObjectId>,
) -> Result<Option<ObjectId>, EngineError> {
    let mut candidates = vec![format!("refs/remotes/{remote}/HEAD")];
    candidates.extend(protected(site).iter().map(|name| format!("refs/remotes/{remote}/{name}")));
    for name in candidates {
        if let Some(tip) = site.repo.reference(&name)?
            && let Some(base) = site.repo.merge_base(&tip, local)?
        {
            return Ok(Some(base));
        }
    }
    match former {
        Some(former) => Ok(site.repo.merge_base(former, local)?),
        None => Ok(None),
    }
}

fn is_protected(site: &Site, name: &str) -> bool {
    protected(site).iter().any(|own| own == name)
}

/// The protected branches by the rules at HEAD; those of a fresh config where there are none to be read.
fn protected(site: &Site) -> Vec<String> {
    match site.repo.head() {
        Ok(Head::Branch { .. } | Head::Detached { .. }) => {
            site.base().map(|base| base.policy.config.protected.clone()).ok()
        }
        _ => None,
    }
    .unwrap_or_else(|| crate::config::defaults().protected)
}
