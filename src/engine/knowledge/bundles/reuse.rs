//! Whether a bundle served: to which tasks it was shown, in which sessions it was loaded. Read from files; where they say nothing,
//! that is the answer.

use std::collections::BTreeSet;

use crate::engine::error::EngineError;
use crate::engine::knowledge::filed;
use crate::engine::knowledge::offer::{BUNDLES_NOTE, shown_by};
use crate::engine::site::Base;
use crate::model::name::{RecordId, TaskId};
use crate::model::record::Session;
use crate::workflow::chain::{self, Chain};

/// What is known of the use of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reuse {
    /// The tasks whose events say that it was shown.
    pub shown: BTreeSet<TaskId>,
    /// The sessions whose records say that it was loaded, newest first.
    pub loaded: Vec<RecordId>,
}

impl Reuse {
    /// Of the bundle `id`, in a base.
    pub(super) fn of(base: &Base<'_>, id: &RecordId) -> Result<Self, EngineError> {
        let mut found = Self::default();
        for profile in base.policy.profiles.keys() {
            for task in chain::tasks(&base.tree, profile)? {
                let links = Chain::read(&base.tree, profile, &task)?.links;
                if links.iter().any(|link| shown_by(&link.event, BUNDLES_NOTE).any(|shown| shown == *id)) {
                    found.shown.insert(task);
                }
            }
        }
        for file in filed::list::<Session>(base, None)? {
            let is_loaded = file.open(base)?.is_some_and(|session| session.bundles.contains(id));
            found.loaded.extend(is_loaded.then_some(file.id));
        }
        Ok(found)
    }
}
