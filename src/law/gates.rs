//! The gates of a case's tasks as T's rules resolve them and M's documents make them, and what the votes there amount to.
//!
//! To resolve one, the plan and the manifest are read. Each is resolved once in a case, for a hostile chain may go through
//! the same gate as often as it has events.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Case;
use super::steps::TaskStep;
use crate::model::name::{PhaseName, Principal, ProfileName, TaskId};
use crate::model::profile::{Phase, Profile};
use crate::model::tree::SightError;
use crate::workflow::chain::Link;
use crate::workflow::gate::{self, Tally};
use crate::workflow::risk::Gate;

/// The gates resolved so far: of which task, and of which phase.
#[derive(Debug, Default)]
pub(crate) struct Memo<'p>(RefCell<BTreeMap<Key, Rc<Gate<'p>>>>);

type Key = (ProfileName, TaskId, PhaseName);

/// The votes on one submit.
pub(crate) struct Counted<'p> {
    pub(crate) gate: Rc<Gate<'p>>,
    /// Who did the work that is voted on.
    pub(crate) doers: BTreeSet<Principal>,
    pub(crate) tally: Tally,
}

impl<'a> Case<'a> {
    /// The gate at the end of `phase`, a phase of T's `profile`, for `task`.
    pub(crate) fn gate(
        &self,
        task: &TaskStep,
        (profile, phase): (&'a Profile, &'a Phase),
    ) -> Result<Rc<Gate<'a>>, SightError> {
        let key = (profile.name.clone(), task.after.task.clone(), phase.name.clone());
        if let Some(known) = self.gates.0.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let gate = Rc::new(Gate::resolve(self.policy, profile, phase, &task.after, self.step.next())?);
        self.gates.0.borrow_mut().insert(key, Rc::clone(&gate));
        Ok(gate)
    }

    /// Counts the votes in M on `submit`; `None` where T's profile has not its phase.
    pub(crate) fn count(&self, task: &TaskStep, submit: &Link) -> Result<Option<Counted<'a>>, SightError> {
        let Some((profile, phase)) = task.gate_phase(self.policy, submit) else { return Ok(None) };
        let (next, gate) = (self.step.next(), self.gate(task, (profile, phase))?);
        let sessions = self.records.sessions_on(next, &task.after, &submit.event.state)?;
        let doers = gate::doers(&task.after, submit, &sessions);
        let votes = gate::read_votes(next, &profile.name, submit)?;
        let tally = gate::tally(self.policy, profile, &gate, submit, &doers, &votes);
        Ok(Some(Counted { gate, doers, tally }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, event, policy_with_profile, tree, word};
    use crate::model::canonical::Canonical as _;
    use crate::model::event::{Event, EventName};
    use crate::model::layout;
    use crate::model::profile::{FourEyes, VoteKind};
    use crate::model::risk::RiskClass;

    #[test]
    fn a_remembered_gate_is_the_one_that_would_be_resolved() {
        let mut policy = policy_with_profile();
        let class = |name: &str, labels: &[&str], paths: &[&str]| RiskClass {
            name: word(name),
            labels: labels.iter().map(|label| word(label)).collect(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            stages: Vec::new(),
            vote: VoteKind::Approval,
            voters: 2,
            roles: Vec::new(),
            proof: None,
            four_eyes: FourEyes::Claimed,
        };
        policy.config.risks =
            vec![class("pay", &[], &["src/pay/**"]), class("mail", &["mail"], &[]), class("rate", &[], &["src/rate"])];
        let profile = policy.profiles.values().next().unwrap();
        // Two tasks that touch different things, one of them with a label.
        let mut next = tree(&[]);
        for (id, plan, label) in [("auth-k3f9", "src/pay/a", None), ("mail-a1b2", "src/rate", Some("mail"))] {
            let mut first = Event::parse(event(id, &[]).1.as_bytes()).unwrap();
            first.state.labels.extend(label.map(word));
            let opened = first.state.opened.clone();
            next.put(layout::event(&profile.name, &first.task, &EventName::of(&first)), first.print());
            let plan = format!("# Plan\n\n## Changes\n- `{plan}` (new file) — new\n");
            next.put(format!(".agentops/dev/specs/{opened}-{id}/spec.md").as_str(), plan);
            let manifest = format!("100644 {} src/rate\n", "ab".repeat(32));
            next.put(format!(".agentops/dev/manifests/{opened}-{id}.txt").as_str(), manifest);
        }
        let step = TestStep::new().after(next);
        let case = step.case(&policy);
        let mut classes = Vec::new();
        for task in case.tasks().unwrap() {
            for phase in &profile.phases {
                let fresh = Gate::resolve(&policy, profile, phase, &task.after, case.step.next()).unwrap();
                let gate = case.gate(task, (profile, phase)).unwrap();
                assert_eq!(*gate, fresh);
                assert!(Rc::ptr_eq(&gate, &case.gate(task, (profile, phase)).unwrap()), "resolved once");
                classes.push(gate.classes.iter().map(|applied| applied.class.name.as_str()).collect::<Vec<_>>());
            }
        }
        let expected: [&[&str]; 6] = [&[], &["pay"], &["pay", "rate"], &["mail"], &["mail", "rate"], &["mail", "rate"]];
        assert_eq!(classes, expected, "each task and phase has its own");
    }
}
