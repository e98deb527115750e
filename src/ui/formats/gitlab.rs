//! GitLab's Code Quality report: an array of issues.

use serde::Serialize;

use super::fingerprint::fingerprints;
use super::{artifact, path_text, told};
use crate::model::law_id::Level;
use crate::model::report::{Report, Violation};

/// One finding, by the fields that GitLab reads: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
#[derive(Serialize)]
pub(super) struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// All findings. A message has no file: its finding points at the first line of the one that says which laws rule.
pub(super) fn issues(report: &Report) -> Vec<Issue> {
    report.violations.iter().zip(fingerprints(report)).map(|(violation, print)| issue(violation, print)).collect()
}

fn issue(violation: &Violation, fingerprint: String) -> Issue {
    let place = &violation.place;
    Issue {
        description: told(violation).join("\n"),
        check_name: violation.law.as_str(),
        fingerprint,
        severity: if violation.level == Level::Error { "major" } else { "minor" },
        location: Location {
            path: path_text(&artifact(place)),
            lines: Lines { begin: place.path.as_ref().and(place.line).unwrap_or(1) },
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::super::testing::{reports, sample};
    use super::super::{Format, verdict};
    use super::*;

    /// What GitLab reads, and nothing else.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Read {
        description: String,
        check_name: String,
        fingerprint: String,
        severity: String,
        location: ReadLocation,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ReadLocation {
        path: String,
        lines: ReadLines,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ReadLines {
        begin: usize,
    }

    #[test]
    fn a_report_reads_as_gitlab_wants_it() {
        insta::assert_snapshot!(verdict(&sample(), Format::Gitlab).unwrap(), @r#"
        [{"description":"a key, twice: `x`\nTo mend it: remove one","check_name":"AO-Y1","fingerprint":"40469649188ee4b99afc6b48c99b4d20","severity":"major","location":{"path":"src/a b.toml","lines":{"begin":7}}},{"description":"message of commit 222222222222, line 3: `Context:` says 100% <nothing>","check_name":"AO-L3","fingerprint":"db6f20722a722a768977f91c429f05ea","severity":"major","location":{"path":".agentops/format.toml","lines":{"begin":1}}},{"description":"two tasks plan it\nTo mend it: agree\nwith each other","check_name":"AO-N2","fingerprint":"6036bf3b54ccabc2bfb522241c9ff254","severity":"minor","location":{"path":".agentops/format.toml","lines":{"begin":1}}}]
        "#);
    }

    proptest! {
        #[test]
        fn any_report_parses_back(report in reports()) {
            let text = verdict(&report, Format::Gitlab).unwrap();
            let read: Vec<Read> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.len(), report.violations.len());
            let prints: BTreeSet<&str> = read.iter().map(|issue| issue.fingerprint.as_str()).collect();
            prop_assert_eq!(prints.len(), read.len());
            for (issue, violation) in read.iter().zip(&report.violations) {
                prop_assert_eq!(&issue.description, &told(violation).join("\n"));
                prop_assert_eq!(&issue.check_name, violation.law.as_str());
                prop_assert!(["major", "minor"].contains(&&*issue.severity));
                prop_assert_eq!(&issue.location.path, &path_text(&artifact(&violation.place)));
                prop_assert!(issue.location.lines.begin >= 1);
            }
        }
    }
}
