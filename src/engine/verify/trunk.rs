//! Where work lands, as far as a clone knows: the branch whose rules were agreed to.

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};

/// Where work lands, by the names that clones have for it.
const TRUNKS: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// The tip of the first of them that is governed, and how people call it.
pub(super) fn trunk<'a>(site: &'a Site<'_>) -> Result<Option<(Base<'a>, String)>, EngineError> {
    for name in TRUNKS {
        if site.repo.reference(name)?.is_none() {
            continue;
        }
        match site.base_of(name) {
            // A branch from before adoption names nothing.
            Err(EngineError::NotGoverned) => {}
            other => {
                let short = name.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
                return Ok(Some((other?, short.to_owned())));
            }
        }
    }
    Ok(None)
}
