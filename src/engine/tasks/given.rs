//! Which contexts an agent was given for the work that an event ends: kept in the event, so that another clone can make them again.

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::digest::Digest;
use crate::model::given_context::{CONTEXTS_NOTE, GivenContext, MOST_NOTED, given_in};
use crate::model::layout;
use crate::model::name::Word;
use crate::model::tree::TreeView as _;
use crate::store::contexts;
use crate::workflow::chain::Chain;

/// The note of the contexts that this clone gave for the task of `chain` since its last event, on the line that `base` is on; the
/// last few, where there are many. Nothing where there is none.
pub(super) fn note(site: &Site, base: &Base<'_>, chain: &Chain) -> Result<Option<(Word, String)>, EngineError> {
    let common_dir = site.repo.common_dir();
    let mut kept = contexts::list(common_dir);
    kept.retain(|kept| kept.task == chain.task);
    if kept.is_empty() {
        return Ok(None);
    }
    let noted: Vec<Digest> =
        chain.links.iter().flat_map(|link| given_in(&link.event)).map(|given| given.digest).collect();
    let folder = layout::task_events(&chain.profile, &chain.task);
    let events = base.tree.entry(&folder)?.map(|entry| entry.id);
    // Given before the last event, it belongs to that one's work; given on another line, nobody can make it again from this one.
    // What is damaged was not given.
    let is_fresh = |given: &GivenContext| -> bool {
        let then = site.repo.tree_of(&given.commit).ok().map(|tree| site.repo.tree(&tree));
        let had = then.and_then(|tree| tree.entry(&folder).ok()?.map(|entry| entry.id));
        !noted.contains(&given.digest)
            && had == events
            && site.repo.is_ancestor(&given.commit, &base.commit).unwrap_or(false)
            && contexts::text(common_dir, &given.digest).is_some()
    };
    let mut fresh: Vec<String> =
        kept.into_iter().map(|kept| kept.given).filter(is_fresh).map(|given| given.to_string()).collect();
    let fresh = fresh.split_off(fresh.len().saturating_sub(MOST_NOTED));
    Ok(if fresh.is_empty() { None } else { Some((Word::parse(CONTEXTS_NOTE)?, fresh.join(" "))) })
}
