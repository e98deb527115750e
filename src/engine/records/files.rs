//! What verbs about records have in common: what is new since a commit, who acts.

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::digest::ObjectId;
use crate::model::layout::Place;
use crate::model::name::Principal;
use crate::model::path::RepoPath;
use crate::model::policy::Actor;

/// What HEAD holds that the commit `since` does not (`None`: everything), as paths of state files.
pub(crate) fn added_since(
    site: &Site,
    base: &Base<'_>,
    since: Option<&ObjectId>,
) -> Result<Vec<(RepoPath, Place)>, EngineError> {
    // A commit that was rebased away and collected tells nothing; times then decide alone.
    let before = since.filter(|id| site.repo.has_object(id)).and_then(|id| site.repo.tree_of(id).ok());
    let changes = site.repo.diff_trees(before.as_ref(), &base.tree_id)?;
    let added = changes.into_iter().filter(|change| change.before.is_none());
    Ok(added
        .filter_map(|change| Some((Place::of(&change.path)?, change.path)))
        .map(|(place, path)| (path, place))
        .collect())
}

/// Who acts, owned, so that it can be kept beside a base.
pub(crate) fn acting(site: &Site, base: &Base<'_>) -> Result<(Principal, Actor), EngineError> {
    let (principal, actor) = site.actor(&base.policy)?;
    Ok((principal.clone(), actor.clone()))
}
