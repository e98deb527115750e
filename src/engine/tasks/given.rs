//! Which contexts an agent was given for the work that an event ends: kept in the event, so that another clone can make them again.

use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::model::digest::Digest;
use crate::model::given_context::{CONTEXTS_NOTE, GivenContext, MOST_NOTED, given_in};
use crate::model::name::Word;
use crate::store::contexts;
use crate::workflow::chain::Chain;

/// The note of the contexts that this clone gave for the task of `chain` and no event of it names yet; the last few, where
/// there are many. Nothing where there is none.
pub(super) fn note(site: &Site, chain: &Chain) -> Result<Option<(Word, String)>, EngineError> {
    let common_dir = site.repo.common_dir();
    let mut kept = contexts::list(common_dir);
    kept.retain(|kept| kept.task == chain.task);
    if kept.is_empty() {
        return Ok(None);
    }
    let noted: Vec<Digest> =
        chain.links.iter().flat_map(|link| given_in(&link.event)).map(|given| given.digest).collect();
    // What is damaged was not given.
    let is_fresh =
        |given: &GivenContext| !noted.contains(&given.digest) && contexts::text(common_dir, &given.digest).is_some();
    let mut fresh: Vec<String> =
        kept.into_iter().map(|kept| kept.given).filter(is_fresh).map(|given| given.to_string()).collect();
    let fresh = fresh.split_off(fresh.len().saturating_sub(MOST_NOTED));
    Ok(if fresh.is_empty() { None } else { Some((Word::parse(CONTEXTS_NOTE)?, fresh.join(" "))) })
}
