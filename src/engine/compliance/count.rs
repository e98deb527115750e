//! From the report on a step to one verdict for each law and commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::law::{Reads, registry};
use crate::model::digest::ObjectId;
use crate::model::law_id::{LawId, Level};
use crate::model::report::Report;

/// What one law found in one commit, or in the step that a commit makes. Each judgement has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Judged, and nothing found.
    Passed,
    /// Judged, and warned of something.
    Warned,
    /// Broken, and excused by a counted `Agentops-Waive:`.
    Waived,
    /// The law does not rule there, or could not see what it needed.
    NotJudged,
    /// A finding of level error stands.
    Failed,
}

/// How often each verdict was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// [`Verdict::Passed`].
    pub passed: usize,
    /// [`Verdict::Warned`].
    pub warned: usize,
    /// [`Verdict::Failed`].
    pub failed: usize,
    /// [`Verdict::Waived`].
    pub waived: usize,
    /// [`Verdict::NotJudged`].
    pub not_judged: usize,
    /// Commits that the hooks would have refused for this law: a fact beside the verdicts, about how they came in.
    pub bypassed: usize,
}

impl Counts {
    pub(super) fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Passed => &mut self.passed,
            Verdict::Warned => &mut self.warned,
            Verdict::Failed => &mut self.failed,
            Verdict::Waived => &mut self.waived,
            Verdict::NotJudged => &mut self.not_judged,
        } += 1;
    }

    /// These and others together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            warned: self.warned + other.warned,
            failed: self.failed + other.failed,
            waived: self.waived + other.waived,
            not_judged: self.not_judged + other.not_judged,
            bypassed: self.bypassed + other.bypassed,
        }
    }
}

/// The verdicts on a step that the commit `step` makes, whose `messages` are under the laws of messages. `report` is `None`
/// where the step could not be judged at all.
pub(super) fn verdicts(
    report: Option<&Report>,
    step: ObjectId,
    messages: &BTreeSet<ObjectId>,
) -> BTreeMap<ObjectId, BTreeMap<LawId, Verdict>> {
    let mut found: BTreeMap<ObjectId, BTreeMap<LawId, Verdict>> = BTreeMap::new();
    for law in registry() {
        let is_blind = report.is_none_or(|report| report.off.contains(&law.id) || report.unseen.contains(&law.id));
        let first = if is_blind { Verdict::NotJudged } else { Verdict::Passed };
        match law.reads {
            Reads::Trees => {
                found.entry(step).or_default().insert(law.id, first);
            }
            Reads::Messages | Reads::Both => {
                for commit in messages {
                    found.entry(*commit).or_default().insert(law.id, first);
                }
            }
        }
    }
    let Some(report) = report else { return found };
    let mut say = |law: LawId, commit: Option<ObjectId>, verdict: Verdict| {
        // What was found in a commit that gives no verdict of its own, the step answers for.
        let commit =
            commit.filter(|commit| found.get(commit).is_some_and(|laws| laws.contains_key(&law))).unwrap_or(step);
        let said = found.entry(commit).or_default().entry(law).or_insert(verdict);
        *said = (*said).max(verdict);
    };
    for (law, place) in &report.waived {
        say(*law, place.commit, Verdict::Waived);
    }
    for violation in &report.violations {
        match violation.level {
            // A law that could not see has its violation, too.
            Level::Error if report.unseen.contains(&violation.law) && violation.place == Default::default() => {}
            Level::Error => say(violation.law, violation.place.commit, Verdict::Failed),
            Level::Warn => say(violation.law, violation.place.commit, Verdict::Warned),
            Level::Off => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::{Place, Violation};

    fn id(byte: &str) -> ObjectId {
        ObjectId::parse(&byte.repeat(20)).unwrap()
    }

    fn violation(law: LawId, level: Level, commit: Option<ObjectId>) -> Violation {
        let place = Place::nowhere().in_commit(commit);
        Violation { law, level, place, message: String::new(), fix: String::new() }
    }

    #[test]
    fn each_judgement_has_one_verdict() {
        let (step, brought) = (id("aa"), id("bb"));
        let report = Report {
            violations: vec![
                violation(LawId::L3, Level::Error, Some(brought)),
                violation(LawId::L3, Level::Error, Some(brought)),
                violation(LawId::R1, Level::Warn, None),
                violation(LawId::E9, Level::Error, Some(brought)),
                violation(LawId::G1, Level::Error, None),
            ],
            waived: vec![(LawId::R3, Place::message(Some(brought), 1)), (LawId::L3, Place::message(Some(brought), 1))],
            unseen: vec![LawId::G1],
            off: vec![LawId::B1],
            ..Report::default()
        };
        let found = verdicts(Some(&report), step, &[step, brought].into());
        let of = |commit: ObjectId, law: LawId| found[&commit].get(&law).copied();
        assert_eq!(of(brought, LawId::L3), Some(Verdict::Failed), "an error outweighs what was waived");
        assert_eq!(of(step, LawId::L3), Some(Verdict::Passed));
        assert_eq!(of(brought, LawId::R3), Some(Verdict::Waived));
        assert_eq!((of(step, LawId::R1), of(brought, LawId::R1)), (Some(Verdict::Warned), None));
        assert_eq!(of(step, LawId::E9), Some(Verdict::Failed), "the step answers for what its merge lost");
        assert_eq!(of(step, LawId::G1), Some(Verdict::NotJudged), "not seen is neither passed nor failed");
        assert_eq!(of(step, LawId::B1), Some(Verdict::NotJudged));
        let blind = verdicts(None, step, &[step].into());
        assert!(
            blind[&step].len() == registry().len() && blind[&step].values().all(|said| *said == Verdict::NotJudged)
        );
    }

    #[test]
    fn counts_add_up() {
        let mut counts = Counts::default();
        [Verdict::Passed, Verdict::Passed, Verdict::Failed].into_iter().for_each(|verdict| counts.add(verdict));
        let both = counts.plus(Counts { bypassed: 1, ..counts });
        assert_eq!((both.passed, both.failed, both.bypassed, both.warned), (4, 2, 1, 0));
    }
}
