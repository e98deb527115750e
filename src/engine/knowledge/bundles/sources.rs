//! What became of the files that a bundle is made of: at HEAD, and in the working tree.

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::bundle::BundleSource;
use crate::model::path::RepoPath;
use crate::model::tree::TreeView as _;

/// A source that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Its path.
    pub path: String,
    /// Whether HEAD has another file there, rather than none.
    pub is_there: bool,
}

/// The sources that HEAD does not have as they were.
pub(super) fn stale(base: &Base<'_>, sources: &[BundleSource]) -> Result<Vec<Stale>, EngineError> {
    let mut found = Vec::new();
    for source in sources {
        let entry = base.tree.entry(&RepoPath::from(source.path.as_str()))?;
        if entry.as_ref().is_none_or(|entry| entry.id != source.blob) {
            found.push(Stale { path: source.path.clone(), is_there: entry.is_some() });
        }
    }
    Ok(found)
}

/// Those of some paths that the working tree or the index has otherwise than HEAD; none where there is no working tree.
pub(super) fn uncommitted(site: &Site, paths: &[RepoPath]) -> Result<Vec<String>, EngineError> {
    if site.repo.work_dir().is_none() {
        return Ok(Vec::new());
    }
    Ok(site.repo.path_status(paths)?.into_iter().map(|(path, _)| path.to_string()).collect())
}
