//! The verdict of the judge, for people and for programs.

use std::collections::HashMap;

use serde::Serialize;

use super::page::{Page, Span, dim, error, good, hint, plain, strong, warning};
use crate::model::digest::ObjectId;
use crate::model::escape::visible_bytes;
use crate::model::law_id::{LawId, Level};
use crate::model::path::RepoPath;
use crate::model::report::{Report, Violation};

/// Of one commit so many findings of one law with one remedy are shown to people.
const MOST_ALIKE: usize = 10;

/// A report as `check` prints it: hand [`ReportBody::of`] to [`show`](super::Ui::show) and [`fill`](Self::fill) the
/// page.
#[derive(Debug, Clone, Serialize)]
pub struct ReportBody<'a> {
    judged: Judged<'a>,
    violations: Vec<ViolationBody<'a>>,
    not_checked: &'a [String],
    notes: &'a [String],
    waived: usize,
    #[serde(skip)]
    report: &'a Report,
}

#[derive(Debug, Clone, Serialize)]
struct Judged<'a> {
    base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_name: Option<&'a str>,
    tip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tip_name: Option<&'a str>,
    commits: usize,
}

#[derive(Debug, Clone, Serialize)]
struct ViolationBody<'a> {
    law: &'static str,
    level: Level,
    commit: Option<String>,
    path: Option<String>,
    line: Option<usize>,
    message: &'a str,
    fix: &'a str,
}

impl<'a> ReportBody<'a> {
    /// The form that programs read.
    pub fn of(report: &'a Report) -> Self {
        let full = |id: &ObjectId| id.to_string();
        let violations = report
            .violations
            .iter()
            .map(|violation| ViolationBody {
                law: violation.law.as_str(),
                level: violation.level,
                commit: violation.place.commit.as_ref().map(full),
                path: violation.place.path.as_ref().map(path_text),
                line: violation.place.line,
                message: &violation.message,
                fix: &violation.fix,
            })
            .collect();
        Self {
            judged: Judged {
                base: report.base.as_ref().map(full),
                base_name: report.base_name.as_deref(),
                tip: report.tip.as_ref().map(full),
                tip_name: report.tip_name.as_deref(),
                commits: report.commits,
            },
            violations,
            not_checked: &report.not_checked,
            notes: &report.notes,
            waived: report.waived.len(),
            report,
        }
    }

    /// The form that people read: violations by commit, then what was not checked, notes, and one line of summary.
    pub fn fill(&self, page: &mut Page) {
        for (commit, violations) in by_commit(&self.report.violations) {
            if let Some(commit) = commit {
                page.line([plain("commit "), strong(commit.short())]);
            }
            fill_violations(page, &violations);
            page.blank();
        }
        for sentence in self.not_checked {
            page.labelled(warning("not checked"), sentence);
        }
        for sentence in self.notes {
            page.labelled(strong("note"), sentence);
        }
        page.line(self.summary());
    }

    /// The laws that broke, without repeats, in the order of the findings: what `agentops explain` may be asked about.
    pub fn broken_laws(&self) -> Vec<LawId> {
        let mut laws = Vec::new();
        for violation in &self.report.violations {
            if !laws.contains(&violation.law) {
                laws.push(violation.law);
            }
        }
        laws
    }

    /// The last line of what people read.
    pub(super) fn summary(&self) -> Vec<Span> {
        let at = |level| self.report.violations.iter().filter(|violation| violation.level == level).count();
        let (errors, warnings) = (at(Level::Error), at(Level::Warn));
        let verdict = if self.report.passes() { good("pass") } else { error("fail") };
        let mut text = format!(": {}, {}", count(errors, "error"), count(warnings, "warning"));
        if self.waived > 0 {
            text.push_str(&format!(", {} waived", self.waived));
        }
        if self.judged.commits > 0 {
            text.push_str(&format!(" in {}", count(self.judged.commits, "commit")));
        }
        let base = self.report.base.as_ref().map(|id| named(id, self.judged.base_name));
        let tip = self.report.tip.as_ref().map(|id| named(id, self.judged.tip_name));
        let range = match (base, tip) {
            (Some(base), Some(tip)) => format!(" ({base}..{tip})"),
            (Some(base), None) => format!(" (on {base})"),
            (None, Some(tip)) => format!(" (up to {tip})"),
            (None, None) => String::new(),
        };
        vec![verdict, plain(text), dim(range)]
    }
}

/// A commit as people read it, after the full name by which somebody chose it: what a short name stood for is seen.
fn named(id: &ObjectId, name: Option<&str>) -> String {
    name.map_or_else(|| id.short(), |name| format!("{name} {}", id.short()))
}

/// Each finding; of more than [`MOST_ALIKE`] of one law with one remedy the first, and how many more there are.
fn fill_violations(page: &mut Page, violations: &[&Violation]) {
    let mut alike: HashMap<(LawId, Level, &str), usize> = HashMap::new();
    let mut more = Vec::new();
    for violation in violations {
        let kind = (violation.law, violation.level, violation.fix.as_str());
        let number = alike.entry(kind).or_default();
        *number += 1;
        match *number {
            ..=MOST_ALIKE => fill_violation(page, violation),
            number if number == MOST_ALIKE + 1 => more.push(kind),
            _ => {}
        }
    }
    for kind in more {
        page.text(format!("… and {} more of {}; `--json` lists all", alike[&kind] - MOST_ALIKE, kind.0));
    }
}

fn fill_violation(page: &mut Page, violation: &Violation) {
    let label = match violation.level {
        Level::Error => error(format!("error[{}]", violation.law)),
        Level::Warn | Level::Off => warning(format!("warning[{}]", violation.law)),
    };
    let place = match (&violation.place.path, violation.place.line) {
        (Some(path), Some(line)) => Some(format!("{path}:{line}")),
        (Some(path), None) => Some(path.to_string()),
        (None, Some(line)) => Some(format!("message:{line}")),
        (None, None) => None,
    };
    let place = place.map(|place| plain(format!(" {place}")));
    page.indented_label(0, std::iter::once(label).chain(place), &violation.message);
    if !violation.fix.is_empty() {
        page.indented_label(2, [hint("fix")], &violation.fix);
    }
}

/// What belongs to no commit first, then each commit in the order of its first finding.
fn by_commit(violations: &[Violation]) -> Vec<(Option<ObjectId>, Vec<&Violation>)> {
    let mut groups: Vec<(Option<ObjectId>, Vec<&Violation>)> = Vec::new();
    for violation in violations {
        let commit = violation.place.commit;
        match groups.iter_mut().find(|(known, _)| *known == commit) {
            Some((_, group)) => group.push(violation),
            None => groups.push((commit, vec![violation])),
        }
    }
    // A stable sort: `None` comes first, the others keep their order.
    groups.sort_by_key(|(commit, _)| commit.is_some());
    groups
}

/// A path for programs: as it is where it is UTF-8, else with `\xNN` for what is not.
fn path_text(path: &RepoPath) -> String {
    path.as_str().map_or_else(|| visible_bytes(path.as_bytes()), str::to_owned)
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Settings, Ui};
    use super::*;
    use crate::model::report::Place;

    fn id(digit: u8) -> ObjectId {
        ObjectId::from_bytes(&[digit; 20]).unwrap()
    }

    fn violation(law: LawId, level: Level, place: Place, message: &str, fix: &str) -> Violation {
        Violation { law, level, place, message: message.into(), fix: fix.into() }
    }

    fn report() -> Report {
        Report {
            base: Some(id(0x11)),
            tip: Some(id(0x22)),
            commits: 2,
            violations: vec![
                violation(
                    LawId::L3,
                    Level::Error,
                    Place::message(Some(id(0x22)), 3),
                    "`Context:` says nothing",
                    "say why the change was needed\nor waive it",
                ),
                violation(LawId::N2, Level::Warn, Place::line("src/a\u{202e}.rs", 7), "two tasks plan it", ""),
                violation(LawId::R3, Level::Error, Place::default().in_commit(Some(id(0x22))), "no type", "add one"),
            ],
            not_checked: vec!["the clone is shallow".into()],
            notes: vec!["votes are not signed".into()],
            waived: vec![(LawId::L1, Place::nowhere())],
            ..Report::default()
        }
    }

    fn printed(mode: Mode, report: &Report) -> String {
        let ui = Ui::memory(Settings { mode, ..Settings::default() });
        let body = ReportBody::of(report);
        ui.show(&body, |page| body.fill(page));
        ui.captured().0
    }

    #[test]
    fn people_read_place_message_and_remedy() {
        insta::assert_snapshot!(printed(Mode::Human, &report()), @r"
        warning[AO-N2] src/a\u{202e}.rs:7: two tasks plan it

        commit 222222222222
        error[AO-L3] message:3: `Context:` says nothing
          fix: say why the change was needed
            or waive it
        error[AO-R3]: no type
          fix: add one

        not checked: the clone is shallow
        note: votes are not signed
        fail: 2 errors, 1 warning, 1 waived in 2 commits (111111111111..222222222222)
        ");
    }

    #[test]
    fn programs_read_the_documented_fields() {
        let document: serde_json::Value = serde_json::from_str(&printed(Mode::Json, &report())).unwrap();
        assert_eq!(document["schema_version"], 1);
        assert_eq!(document["judged"]["commits"], 2);
        assert_eq!(document["judged"]["tip"], "22".repeat(20));
        assert_eq!(document["waived"], 1);
        assert_eq!(
            document["violations"][1],
            serde_json::json!({
                "law": "AO-N2", "level": "warn", "commit": null, "path": "src/a\u{202e}.rs", "line": 7,
                "message": "two tasks plan it", "fix": "",
            })
        );
        let keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["judged", "not_checked", "notes", "schema_version", "violations", "waived"]);
    }

    #[test]
    fn many_of_one_kind_are_counted() {
        let of = |law, commit: u8, fix: &str| {
            violation(law, Level::Error, Place::path("a").in_commit(Some(id(commit))), "broken", fix)
        };
        let mut report = report();
        report.violations = (0..5000).map(|_| of(LawId::Y1, 0x22, "mend it")).collect();
        report.violations.extend((0..10).map(|_| of(LawId::Y1, 0x33, "mend it")));
        report.violations.extend((0..11).map(|_| of(LawId::S1, 0x33, "take it out")));
        report.violations.push(of(LawId::Y1, 0x22, "another one"));
        let text = printed(Mode::Human, &report);
        assert_eq!(text.matches("error[AO-Y1]").count(), 10 + 10 + 1);
        assert_eq!(text.matches("error[AO-S1]").count(), 10);
        assert!(text.contains("\n… and 4990 more of AO-Y1; `--json` lists all\n"), "{text}");
        assert!(text.contains("\n… and 1 more of AO-S1; `--json` lists all\n"), "{text}");
        assert!(text.contains("fail: 5022 errors, 0 warnings"), "{text}");
        let document: serde_json::Value = serde_json::from_str(&printed(Mode::Json, &report)).unwrap();
        assert_eq!(document["violations"].as_array().map(Vec::len), Some(5022));
    }

    #[test]
    fn a_clean_report_is_one_line() {
        let clean = Report { base: Some(id(1)), ..Report::default() };
        assert_eq!(printed(Mode::Human, &clean), "pass: 0 errors, 0 warnings (on 010101010101)\n");
        assert_eq!(ReportBody::of(&report()).broken_laws(), [LawId::L3, LawId::N2, LawId::R3]);
    }
}
