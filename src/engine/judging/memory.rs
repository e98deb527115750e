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

use std::rc::Rc;

use crate::engine::error::EngineError;
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
type Edge = (Option<ObjectId>, ObjectId);

/// What was found on an edge, under the base's policy where it ruled the edge.
type Errors = (Option<Rc<Policy>>, Rc<[Violation]>);

/// The memory of one push. A new one remembers nothing.
#[derive(Default)]
pub struct PushMemory {
    pub(super) policies: Policies,
    edges: IdMap<Errors, Edge>,
    /// Of what was found on `edges`.
    bytes: usize,
    /// For `bytes`.
    room: usize,
}

impl PushMemory {
    /// Of a push of so many references. One alone meets no commit twice.
    pub fn of_push(site: &Site, references: usize) -> Self {
        if references < 2 {
            return Self::default();
        }
        site.repo.remember_commits(COMMIT_BYTES);
        Self { policies: Policies::remembering(BYTES), room: BYTES, ..Self::default() }
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
        self.keep(edge, base, &errors);
        Ok(errors)
    }

    fn keep(&mut self, edge: Edge, base: Option<&Rc<Policy>>, errors: &Rc<[Violation]>) {
        // A place in a hash table is taken about twice.
        let bytes = 2 * size_of::<(Edge, Errors)>() + errors.iter().map(size_of_violation).sum::<usize>();
        if bytes > self.room {
            return;
        }
        if self.bytes + bytes > self.room {
            self.edges = IdMap::default();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.edges.insert(edge, (base.cloned(), Rc::clone(errors)));
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
        let mut memory = PushMemory { room: 100_000, ..PushMemory::default() };
        let mut find = |number: usize, length: usize| {
            let (message, fix) = ("x".repeat(length), "mend it".to_owned());
            let found = Violation { law: LawId::E1, level: Level::Error, place: Place::nowhere(), message, fix };
            memory.errors((None, id(number)), None, |_| Ok(vec![found])).unwrap();
        };
        (0..1000).for_each(|number| find(number, 1000));
        find(1000, 100_001);
        let is_known = |number: &usize| memory.known(&(None, id(*number)), None).is_some();
        assert!(is_known(&999) && !is_known(&1000));
        assert!((0..1000).filter(is_known).count() <= 100);
    }
}
