//! What one push has judged already, for those of its branches that share commits.
//!
//! Each branch is judged as if it came alone: its own base, its own range, its own report. What is taken from here is only
//! what cannot come out otherwise, because nothing of the branch is in it:
//!
//! - **Of a commit by itself**: whether its sections are complete, what its learnings are, whether a rule about secrets matches
//!   anything that it adds. These follow from its bytes, its parents' and the policy ([`law::Memory`](crate::law::Memory)).
//! - **Of an edge**, a commit with the parent that it is judged from: what replaying it by the parent's own policy finds. The
//!   history behind a parent is fixed by the parent's id; so are the commits that a merge brings. Where the policy is that of
//!   the base, messages were judged with the whole range, so what was found counts for bases with the same policy only.
//! - **Of a merge** beside the line: whether it is what merging its parents gives, and what is wrong with it if not.
//!
//! Never taken from here: what depends on the base (what is new, which secrets it knows), on the range (repeated learnings,
//! loops, waivers and their number, beginnings), on the branch that moves (whether it is protected, whose line it becomes), or
//! on the tree that lands. A commit that is lawful on one line is thus judged afresh on every other one.

use std::rc::Rc;

use crate::engine::error::EngineError;
use crate::engine::policies::Policies;
use crate::engine::site::Site;
use crate::model::digest::ObjectId;
use crate::model::ids::IdMap;
use crate::model::policy::Policy;
use crate::model::report::Violation;

/// Commits of a push of which is remembered what they are.
const COMMITS: usize = 64 * 1024;

/// Bytes of commits that are kept for walking over them again.
const COMMIT_BYTES: usize = 16 * 1024 * 1024;

/// A commit, and the parent that it is judged from; `None` where a merge beside the line is judged from each.
type Edge = (Option<ObjectId>, ObjectId);

/// What was found on an edge, under the base's policy where it ruled the edge.
type Errors = (Option<Rc<Policy>>, Rc<[Violation]>);

/// The memory of one push. A new one remembers nothing.
#[derive(Default)]
pub struct Memory {
    pub(super) policies: Policies,
    edges: IdMap<Errors, Edge>,
    room: usize,
}

impl Memory {
    /// Of a push of so many references. One alone meets no commit twice.
    pub fn of_push(site: &Site, references: usize) -> Self {
        if references < 2 {
            return Self::default();
        }
        site.repo.remember_commits(COMMIT_BYTES);
        Self { policies: Policies::remembering(COMMITS), edges: IdMap::default(), room: COMMITS }
    }

    /// The errors that were found on an edge, where it was judged already.
    pub(super) fn known(&self, edge: &Edge, base: Option<&Rc<Policy>>) -> Option<Rc<[Violation]>> {
        let (of, errors) = self.edges.get(edge)?;
        (of.as_ref().map(Rc::as_ptr) == base.map(Rc::as_ptr)).then(|| Rc::clone(errors))
    }

    /// The errors on an edge, found now or earlier. `base` is the policy of the base.
    pub(super) fn errors(
        &mut self,
        edge: Edge,
        base: Option<&Rc<Policy>>,
        find: impl FnOnce(&mut Policies) -> Result<Vec<Violation>, EngineError>,
    ) -> Result<Rc<[Violation]>, EngineError> {
        if let Some(errors) = self.known(&edge, base) {
            return Ok(errors);
        }
        let errors: Rc<[Violation]> = find(&mut self.policies)?.into();
        if self.room > 0 {
            if self.edges.len() >= self.room {
                self.edges.clear();
            }
            self.edges.insert(edge, (base.cloned(), Rc::clone(&errors)));
        }
        Ok(errors)
    }
}
