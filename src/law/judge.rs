//! The judge: runs the laws over a case, applies levels and waivers, and reports.

use std::collections::BTreeSet;

use super::waiver::{self, Waiver};
use super::{Case, Context, Findings, Law, Reads, registry};
use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place, Report, Violation};
use crate::model::tree::{COMPLETE_CLONE, SightError};

/// What the case breaks, by the laws that read one of `reads`.
///
/// A law that could not see what it needs has failed: not seeing is never passing.
pub fn judge(case: &Case<'_>, reads: &[Reads]) -> Report {
    let mut report = Report { commits: case.step.commits().len(), ..Report::default() };
    if case.bootstrap && reads.contains(&Reads::Trees) {
        report.notes.push("bootstrap: this step introduces `.agentops`, so it is judged by its own policy".into());
    }
    let mut waivers = Waivers::read(case);
    for law in registry().iter().filter(|law| law.reads == Reads::Both || reads.contains(&law.reads)) {
        if !case.policy.judges(law.id) || highest_level(case, law.id) == Level::Off {
            report.off.push(law.id);
            continue;
        }
        let mut findings = Findings::default();
        waivers.ran.insert(law.id);
        if let Err(error) = (law.check)(case, &mut findings) {
            report.unseen.push(law.id);
            // Neither waived nor softened in a replay: what was not seen is no matter of degree.
            report.violations.push(Violation {
                law: law.id,
                level: highest_level(case, law.id),
                place: Place::nowhere(),
                message: format!("this law could not be checked: {error}"),
                fix: remedy(&error).into(),
            });
        }
        for line in findings.not_checked {
            push_once(&mut report.not_checked, line);
        }
        for line in findings.notes {
            push_once(&mut report.notes, line);
        }
        for finding in findings.list {
            enter(case, law, finding, &mut waivers, &mut report);
        }
    }
    waivers.finish(case, &mut report);
    report
}

fn enter(case: &Case<'_>, law: &Law, finding: Finding, waivers: &mut Waivers, report: &mut Report) {
    let profile = finding.place.path.as_ref().and_then(layout::Place::of).and_then(|place| place.profile().cloned());
    let level = case.policy.level(law.id, profile.as_ref()).min(finding.at_most);
    let level = if case.context == Context::Replay && is_of_the_whole(law.id) { level.min(Level::Warn) } else { level };
    if level == Level::Off || says_already(report, &finding, level) {
        return;
    }
    if level == Level::Error && waivers.excuse(case, law.id, &finding.place) {
        report.waived.push((law.id, finding.place));
        return;
    }
    report.violations.push(Violation {
        law: law.id,
        level,
        place: finding.place,
        message: finding.message,
        fix: finding.fix,
    });
}

/// Whether a law before has said the same of the same place of a file, as strictly: that a section is empty is one thing to
/// mend, whichever laws ask for it.
fn says_already(report: &Report, finding: &Finding, level: Level) -> bool {
    finding.place.path.is_some()
        && report
            .violations
            .iter()
            .any(|said| said.level >= level && said.place == finding.place && said.message == finding.message)
}

/// Laws about a step as a whole: cut into its commits, a lawful step may break them in between. Paths changed and changed
/// back, a generated file one commit after its source, a manifest of code that comes later: landing judged those.
/// A secret that has landed is out, and no verdict takes it back; and with each release more are known.
fn is_of_the_whole(law: LawId) -> bool {
    matches!(
        law,
        LawId::L4 | LawId::R1 | LawId::R2 | LawId::N2 | LawId::E6 | LawId::P7 | LawId::Y1 | LawId::B1 | LawId::S1
    )
}

/// The strictest level that any namespace asks for.
fn highest_level(case: &Case<'_>, law: LawId) -> Level {
    let own = case.policy.profiles.keys().map(|name| case.policy.level(law, Some(name)));
    own.fold(case.policy.level(law, None), Level::max)
}

fn remedy(error: &SightError) -> &'static str {
    match error {
        SightError::Missing { .. } => COMPLETE_CLONE,
        SightError::TooLarge { .. } => "make the file smaller, or split it: what is too large to read is not judged",
        SightError::Failed(_) => {
            "mend what the sentence names; where that is the repository itself, `git fsck` tells more"
        }
    }
}

fn push_once(list: &mut Vec<String>, line: String) {
    if !list.contains(&line) {
        list.push(line);
    }
}

/// The step's waivers. A waiver excuses the findings of its law in its own commit: in the message, and at paths that the
/// commit changes.
struct Waivers {
    /// The laws that were asked: a waiver of another one is not yet known to be without use.
    ran: BTreeSet<LawId>,
    open: Vec<(Waiver, Option<crate::model::digest::ObjectId>)>,
    used: Vec<bool>,
    /// The paths that each waiver's commit changes, read when first asked for.
    paths: Vec<Option<BTreeSet<RepoPath>>>,
}

impl Waivers {
    fn read(case: &Case<'_>) -> Self {
        let mut open = Vec::new();
        // Malformed waivers excuse nothing; AO-T1 names them.
        for waiver in waiver::read(case.messages()).into_iter().flatten() {
            let commit = case.step.commits().get(waiver.commit_index).and_then(|commit| commit.id);
            open.push((waiver, commit));
        }
        let used = vec![false; open.len()];
        let paths = vec![None; open.len()];
        Self { ran: BTreeSet::new(), open, used, paths }
    }

    fn excuse(&mut self, case: &Case<'_>, law: LawId, place: &Place) -> bool {
        for index in 0..self.open.len() {
            let (waiver, commit) = &self.open[index];
            let fits = waiver.law == law
                && match &place.path {
                    Some(path) => {
                        // What cannot be seen is not excused.
                        let read = || case.step.commit_changes(waiver.commit_index).unwrap_or_default();
                        let paths = self.paths[index]
                            .get_or_insert_with(|| read().into_iter().map(|change| change.path).collect());
                        paths.contains(path)
                    }
                    None => place.line.is_some() && place.commit == *commit,
                };
            if fits {
                self.used[index] = true;
                return true;
            }
        }
        false
    }

    fn finish(self, case: &Case<'_>, report: &mut Report) {
        for ((waiver, commit), used) in self.open.iter().zip(&self.used) {
            if !self.ran.contains(&waiver.law) {
                continue;
            }
            let of = commit.map(|id| format!(" in {}", id.short())).unwrap_or_default();
            let what = if *used { "waived" } else { "waiver without use for" };
            push_once(&mut report.notes, format!("{what} {}{of}: {}", waiver.law, waiver.reason));
        }
        let count = self.used.iter().filter(|used| **used).count() as u64;
        let limit = u64::from(case.policy.config.waivers_max);
        if count > limit && case.context != Context::Replay {
            report.violations.push(Violation {
                law: LawId::T1,
                level: case.policy.level(LawId::T1, None),
                place: Place::nowhere(),
                message: format!("this step uses {count} waivers; the base allows {limit} (`waivers.max`)"),
                fix: "mend some of the findings instead, or split the work into steps that land one after the other"
                    .into(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, policy, tree};
    use crate::model::policy::Policy;

    #[test]
    fn not_seeing_is_an_error_in_a_replay_too() {
        let mut policy = policy();
        policy.config.readonly = vec!["a[".into()];
        let step = TestStep::new().after(tree(&[("b", "1")]));
        let mut case = step.case(&policy);
        case.context = Context::Replay;
        let report = judge(&case, &[Reads::Trees]);
        let unseen = report.violations.iter().find(|violation| violation.law == LawId::R1).unwrap();
        assert_eq!(unseen.level, Level::Error);
        assert!(!unseen.fix.contains("unshallow"), "{}", unseen.fix);
    }

    #[test]
    fn remedies_fit_what_kept_a_law_from_seeing() {
        let (path, what) = ("a".to_owned(), "blob".to_owned());
        assert!(remedy(&SightError::Missing { id: String::new(), what }).contains("git fetch"));
        assert!(remedy(&SightError::TooLarge { path, size: 2, limit: 1 }).contains("smaller"));
        assert!(!remedy(&SightError::Failed(String::new())).contains("fetch"));
    }

    const WAIVED: &str = "nonsense\n\nAgentops-Waive: AO-R3 imported from the old tracker by a script\n";

    #[test]
    fn too_many_waivers_have_the_level_of_their_law() {
        let mut policy = policy();
        policy.config.waivers_max = 0;
        let level = |policy: &Policy| {
            let step = TestStep::new().after(tree(&[("b", "1")])).commit(WAIVED);
            let report = judge(&step.case(policy), &[Reads::Messages]);
            report.violations.iter().find(|violation| violation.law == LawId::T1).map(|violation| violation.level)
        };
        assert_eq!(level(&policy), Some(Level::Error));
        policy.config.laws.insert(LawId::T1, Level::Warn);
        assert_eq!(level(&policy), Some(Level::Warn));
    }

    #[test]
    fn a_waiver_for_a_law_that_did_not_run_is_not_called_useless() {
        let text = "feat: x\n\nAgentops-Waive: AO-Y1 vendored sources of zlib\n";
        let step = TestStep::new().after(tree(&[("b", "1")])).commit(text);
        let notes = |reads: &[Reads]| judge(&step.case(&policy()), reads).notes.join("\n");
        assert!(!notes(&[Reads::Messages]).contains("AO-Y1"));
        assert!(notes(&[Reads::Messages, Reads::Trees]).contains("waiver without use for AO-Y1"));
    }
}
