//! Commits that went past the hooks: judged afterwards, each as the hooks would have judged it where it was made.

use super::cases;
use crate::engine::error::EngineError;
use crate::engine::policies::Policies;
use crate::engine::site::Site;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::report::Report;

/// A commit that the hooks would not have let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unguarded {
    /// The commit.
    pub commit: Commit,
    /// What it breaks.
    pub report: Report,
}

/// What was found, of the commits that were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Oldest first.
    pub found: Vec<Unguarded>,
    /// Whether there are older commits, which were not judged.
    pub is_cut: bool,
}

/// What `tip` brings that none of `known` has, without what is lawful. Of more than `most` commits the newest are judged. Of a
/// merge, its message and what it adds to its sides are judged, as where it is made: what the sides bring was judged there,
/// and a message that git wrote for a clean merge needs to say nothing.
pub fn find(site: &Site, tip: &ObjectId, known: &[ObjectId], most: usize) -> Result<Search, EngineError> {
    let repo = &site.repo;
    let mut commits = repo.newest_hiding(known, tip, most.saturating_add(1))?.commits;
    let is_cut = commits.len() > most;
    if is_cut {
        commits.remove(0);
    }
    let let_go = cases::let_go(&repo.tree(&repo.tree_of(tip)?))?;
    let mut policies = Policies::default();
    let mut found = Vec::new();
    for commit in commits {
        let Some(parent) = commit.parents.first() else { continue };
        if !commit.parents.iter().all(|parent| repo.has_object(parent)) {
            continue;
        }
        if let Some(report) = cases::alone(repo, &mut policies, parent, &commit, &let_go)?
            && !report.passes()
        {
            found.push(Unguarded { commit, report });
        }
    }
    Ok(Search { found, is_cut })
}

/// What of HEAD's history no remote has, judged so; of more than `most` commits the newest. Nothing where HEAD's own rules
/// cannot be read, which `doctor` tells.
pub fn unpushed(site: &Site, most: usize) -> Result<Search, EngineError> {
    let Some(tip) = site.repo.head()?.commit().filter(|_| !site.repo.is_bare()) else { return Ok(Search::default()) };
    let remote: Vec<ObjectId> = site.repo.references("refs/remotes/")?.into_iter().map(|(_, id)| id).collect();
    match find(site, &tip, &remote, most) {
        Err(EngineError::Policy(_)) => Ok(Search::default()),
        found => found,
    }
}
