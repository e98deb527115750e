//! AO-E10: a governed history has one beginning.

use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

pub(crate) const LAW: Law = Law {
    id: LawId::E10,
    title: "history begins once",
    rule: "No step brings a second commit at which this project's governed history begins: one that has `.agentops` with this \
           project's id, where none of its parents has it.",
    passes: "A branch that was begun at any commit of the governed history, or before `agentops init`.",
    fails: "A commit without parents that holds a copy of `.agentops`, merged with the real history: its line could pass \
            for the real one. `git rebase --onto` the base takes over what is worth keeping.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    // The step that brings the laws brings one.
    for id in case.beginnings.iter().skip(usize::from(case.bootstrap)) {
        findings.add(Finding::new(
            Place::nowhere().in_commit(Some(*id)),
            "the history of this project begins here a second time: no parent of this commit has `.agentops`",
            format!(
                "keep the history that is in the base: `git rebase --onto BASE {}`, then drop what it says about `.agentops`",
                id.short()
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::law::Findings;
    use crate::law::testing::{TestStep, policy};
    use crate::model::digest::ObjectId;

    #[test]
    fn only_the_step_that_brings_the_laws_brings_a_beginning() {
        let policy = policy();
        let step = TestStep::new();
        let judged = |beginnings: usize, bootstrap: bool| {
            let mut case = step.case(&policy);
            case.bootstrap = bootstrap;
            case.beginnings = (0..beginnings).map(|_| ObjectId::from_bytes(&[7; 20]).unwrap()).collect();
            let mut findings = Findings::default();
            super::check(&case, &mut findings).unwrap();
            findings.list.len()
        };
        assert_eq!([judged(0, false), judged(1, false), judged(1, true), judged(2, true)], [0, 1, 0, 1]);
    }
}
