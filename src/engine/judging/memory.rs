//! What one push has judged already, for those of its branches that share commits.
//!
//! Each branch is judged as if it came alone: its own base, its own range, its own report. What is taken from here is only
//! what cannot come out otherwise, because nothing of the branch is in it:
//!
//! - **Of a commit by itself**: whether its sections are complete, what its learnings are, whether a rule about secrets matches
//!   anything that it adds. These follow from its bytes, its parents' and the policy ([`law::ReadOff`](crate::law::ReadOff)).
//! - **Of an edge**, a commit with the parent that it is judged from: what replaying it by the parent's own policy finds. The
//!   history behind a parent is fixed by the parent's id; so are the commits that a merge brings. Where the policy is that of
//!   the base, messages were judged with the whole range, so what was found counts for bases with the same policy only.
//! - **Of a merge** beside the line: whether it is what merging its parents gives, and what is wrong with it if not.
//!
//! Never taken from here: what depends on the base (what is new, which secrets it knows), on the range (repeated learnings,
//! loops, waivers and their number, beginnings), on the branch that moves (whether it is protected, whose line it becomes), or
//! on the tree that lands. A commit that is lawful on one line is thus judged afresh on every other one.

use std::sync::Arc;

use crate::engine::policies::Policies;
use crate::engine::site::Site;
use crate::model::digest::ObjectId;
use crate::model::ids::IdMap;
use crate::model::policy::Policy;
use crate::model::report::Violation;

/// Bytes that are kept of what was read off commits under one policy, and of what was found on edges.
const BYTES: usize = 16 * 1024 * 1024;

/// Bytes of commits that are kept for walking over them again.
const COMMIT_BYTES: usize = 16 * 1024 * 1024;

/// A commit, and the parent that it is judged from; `None` where a merge beside the line is judged from each.
pub(super) type Edge = (Option<ObjectId>, ObjectId);

/// What was found on an edge; and where the base's policy ruled it, which of [`Edges::bases`] that is.
type Errors = (Option<usize>, Arc<[Violation]>);

/// Policies of bases that are kept.
const BASES: usize = 4;

/// The memory of one push. A new one remembers nothing.
#[derive(Default)]
pub struct PushMemory {
    pub(super) policies: Policies,
    pub(super) edges: Edges,
}

impl PushMemory {
    /// Of a push of so many references. One alone meets no commit twice.
    pub fn of_push(site: &Site, references: usize) -> Self {
        if references < 2 {
            return Self::default();
        }
        site.repo.remember_commits(COMMIT_BYTES);
        Self { policies: Policies::remembering(BYTES), edges: Edges { room: BYTES, ..Edges::default() } }
    }
}

/// What was found on edges, within the room that there is.
#[derive(Default)]
pub(super) struct Edges {
    errors: IdMap<Errors, Edge>,
    /// The policies of bases under which edges were judged.
    bases: Vec<Arc<Policy>>,
    /// Of what was found.
    bytes: usize,
    /// For `bytes`.
    room: usize,
}

impl Edges {
    /// The errors that were found on an edge, where it was judged already. `base` is the policy of the base, where that rules
    /// the edge.
    pub(super) fn known(&self, edge: &Edge, base: Option<&Arc<Policy>>) -> Option<Arc<[Violation]>> {
        let (of, errors) = self.errors.get(edge)?;
        (of.map(|of| &self.bases[of]) == base).then(|| Arc::clone(errors))
    }

    /// Notes what was found on an edge.
    pub(super) fn keep(&mut self, edge: Edge, base: Option<&Arc<Policy>>, errors: &[Violation]) {
        // A place in a hash table is taken about twice.
        let bytes = 2 * size_of::<(Edge, Errors)>() + errors.iter().map(size_of_violation).sum::<usize>();
        if bytes > self.room {
            return;
        }
        if self.bytes + bytes > self.room || self.place_of(base) >= Some(BASES) {
            *self = Self { room: self.room, ..Self::default() };
        }
        self.bytes += bytes;
        let place = self.place_of(base);
        if place == Some(self.bases.len()) {
            self.bases.extend(base.cloned());
        }
        self.errors.insert(edge, (place, errors.into()));
    }

    /// Where the policy of a base is kept, or would be.
    fn place_of(&self, base: Option<&Arc<Policy>>) -> Option<usize> {
        let base = base?;
        Some(self.bases.iter().position(|known| known == base).unwrap_or(self.bases.len()))
    }
}

/// Bytes that a finding takes.
fn size_of_violation(violation: &Violation) -> usize {
    let path = violation.place.path.as_ref().map_or(0, |path| path.as_bytes().len());
    size_of::<Violation>() + path + violation.message.len() + violation.fix.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::law_id::{LawId, Level};
    use crate::model::report::Place;

    #[test]
    fn long_findings_take_no_more_than_the_room_there_is() {
        let id = |number: usize| ObjectId::parse(&format!("{number:040x}")).unwrap();
        let mut edges = Edges { room: 100_000, ..Edges::default() };
        let mut keep = |number: usize, length: usize| {
            let (message, fix) = ("x".repeat(length), "mend it".to_owned());
            let found = Violation { law: LawId::E1, level: Level::Error, place: Place::nowhere(), message, fix };
            edges.keep((None, id(number)), None, &[found]);
        };
        (0..1000).for_each(|number| keep(number, 1000));
        keep(1000, 100_001);
        let is_known = |number: &usize| edges.known(&(None, id(*number)), None).is_some();
        assert!(is_known(&999) && !is_known(&1000));
        assert!((0..1000).filter(is_known).count() <= 100);
    }

    #[test]
    fn edges_count_for_bases_with_the_same_policy_and_few_of_these_are_kept() {
        let id = |number: u32| ObjectId::parse(&format!("{number:040x}")).unwrap();
        let base = |number: u32| {
            let mut policy = crate::law::testing::policy();
            policy.config.waivers_max = number;
            Arc::new(policy)
        };
        let mut edges = Edges { room: 1_000_000, ..Edges::default() };
        for number in 0..100 {
            let edge = (None, id(number));
            edges.keep(edge, Some(&base(number)), &[]);
            assert!(edges.known(&edge, Some(&base(number))).is_some(), "the same, read again");
            for other in [Some(base(number + 1)), None] {
                assert!(edges.known(&edge, other.as_ref()).is_none());
            }
            assert!(edges.bases.len() <= BASES);
        }
        edges.keep((None, id(100)), None, &[]);
        assert!(edges.known(&(None, id(100)), None).is_some());
    }
}
