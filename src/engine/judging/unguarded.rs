//! Commits that went past the hooks: judged afterwards, each as the hooks would have judged it where it was made.

use super::cases;
use crate::engine::error::EngineError;
use crate::engine::policies::Policies;
use crate::engine::site::Site;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::report::Report;
use crate::workflow::governance;

/// A commit that the hooks would not have let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unguarded {
    /// The commit.
    pub commit: Commit,
    /// What it breaks.
    pub report: Report,
}

/// What `tip` brings that none of `known` has, oldest first, without what is lawful. Of more than `most` commits the newest are
/// judged. Merges are left out: what they bring may need more steps than one, and a landing judges that.
pub fn find(site: &Site, tip: &ObjectId, known: &[ObjectId], most: usize) -> Result<Vec<Unguarded>, EngineError> {
    let repo = &site.repo;
    let commits = repo.newest_hiding(known, tip, most)?.commits;
    let let_go = governance::redactions(&governance::read_amends(&repo.tree(&repo.tree_of(tip)?))?.links);
    let mut policies = Policies::default();
    let mut found = Vec::new();
    for commit in commits.into_iter().rev() {
        let [parent] = commit.parents.as_slice() else { continue };
        if !repo.has_object(parent) {
            continue;
        }
        if let Some(report) = cases::alone(repo, &mut policies, parent, &commit, &let_go)?
            && !report.passes()
        {
            found.push(Unguarded { commit, report });
        }
    }
    found.reverse();
    Ok(found)
}

/// What of HEAD's history no remote has, judged so; of more than `most` commits the newest. Nothing where HEAD's own rules
/// cannot be read, which `doctor` tells.
pub fn unpushed(site: &Site, most: usize) -> Result<Vec<Unguarded>, EngineError> {
    let Some(tip) = site.repo.head()?.commit().filter(|_| !site.repo.is_bare()) else { return Ok(Vec::new()) };
    let remote: Vec<ObjectId> = site.repo.references("refs/remotes/")?.into_iter().map(|(_, id)| id).collect();
    match find(site, &tip, &remote, most) {
        Err(EngineError::Policy(_)) => Ok(Vec::new()),
        found => found,
    }
}
