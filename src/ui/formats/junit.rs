//! `JUnit` XML, as Jenkins and GitLab read it: one test case for each law.
//!
//! Jenkins keeps one failure of a test case, so all errors of a law stand in one, and its schema knows no file of a case.
//! Warnings fail nothing and stand in the output of their test case.

use quick_xml::escape::escape;

use super::{last_line, path_text, told};
use crate::law::{Law, registry};
use crate::model::escape::{OLD_RUNNER_COMMAND, visible};
use crate::model::law_id::Level;
use crate::model::report::{Report, Violation};

/// The name of the suite.
const SUITE: &str = "agentops check";

/// The whole document.
pub(super) fn suites(report: &Report) -> String {
    let cases: Vec<Case<'_>> = registry().iter().map(|law| Case::of(report, law)).collect();
    let failures = cases.iter().filter(|case| !case.errors.is_empty()).count();
    let skipped = cases.iter().filter(|case| case.is_skipped()).count();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{SUITE}\" {counts}>\n");
    out.push_str(&format!("  <testsuite name=\"{SUITE}\" {counts} skipped=\"{skipped}\">\n"));
    for case in &cases {
        case.print(&mut out);
    }
    let mut lines: Vec<String> = Vec::new();
    lines.extend(report.not_checked.iter().map(|sentence| format!("not checked: {}", visible(sentence))));
    lines.extend(report.notes.iter().map(|sentence| format!("note: {}", visible(sentence))));
    lines.push(last_line(report));
    out.push_str(&format!("    <system-out>{}</system-out>\n", text(&lines.join("\n"))));
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

struct Case<'a> {
    law: &'static Law,
    errors: Vec<&'a Violation>,
    warnings: Vec<&'a Violation>,
    is_off: bool,
}

impl<'a> Case<'a> {
    fn of(report: &'a Report, law: &'static Law) -> Self {
        let own = report.violations.iter().filter(|violation| violation.law == law.id);
        let (errors, warnings) = own.partition(|violation| violation.level == Level::Error);
        Self { law, errors, warnings, is_off: report.off.contains(&law.id) }
    }

    fn is_skipped(&self) -> bool {
        self.is_off && self.errors.is_empty()
    }

    fn print(&self, out: &mut String) {
        let name = text(&format!("{} {}", self.law.id, self.law.title));
        out.push_str(&format!("    <testcase classname=\"{SUITE}\" name=\"{name}\""));
        if !self.is_skipped() && self.errors.is_empty() && self.warnings.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push_str(">\n");
        if self.is_skipped() {
            out.push_str("      <skipped message=\"this law does not rule here\"/>\n");
        }
        if !self.errors.is_empty() {
            let count =
                if self.errors.len() == 1 { "1 error".to_owned() } else { format!("{} errors", self.errors.len()) };
            let all = text(&in_full(&self.errors));
            out.push_str(&format!("      <failure type=\"{}\" message=\"{count}\">{all}</failure>\n", self.law.id));
        }
        if !self.warnings.is_empty() {
            out.push_str(&format!("      <system-out>{}</system-out>\n", text(&in_full(&self.warnings))));
        }
        out.push_str("    </testcase>\n");
    }
}

/// Findings as people read them, one after the other.
fn in_full(violations: &[&Violation]) -> String {
    let one = |violation: &&Violation| {
        let level = if violation.level == Level::Error { "error" } else { "warning" };
        let place = match (&violation.place.path, violation.place.line) {
            (Some(path), Some(line)) => format!(" {}:{line}", path_text(path)),
            (Some(path), None) => format!(" {}", path_text(path)),
            (None, _) => String::new(),
        };
        format!("{level}[{}]{place}: {}", violation.law, told(violation).join("\n  "))
    };
    violations.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Text as it stands in an element or in an attribute. What XML cannot hold at all is spelled out: of the characters that
/// are not hidden, two. What would be a command to GitHub's runner is none as a reference, which a reader turns back.
fn text(text: &str) -> String {
    let text = escape(text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}");
    text.replace("::", "&#58;:").replace(OLD_RUNNER_COMMAND, "##&#91;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::events::Event;
    use quick_xml::{Reader, XmlVersion};

    use super::super::testing::{begins_a_command, reports, sample};
    use super::*;

    /// What a strict reader finds: the names of the failing cases with their texts.
    fn failures(xml: &str) -> Vec<(String, String)> {
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..);
        assert!(xml.chars().all(allowed), "{xml:?}");
        let mut reader = Reader::from_str(xml);
        reader.config_mut().check_comments = true;
        let mut open: Vec<String> = Vec::new();
        let mut found: Vec<(String, String)> = Vec::new();
        let mut case = String::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) => {
                    let name = tag.name().as_ref().to_owned();
                    let known = ["testsuites", "testsuite", "testcase", "failure", "skipped", "system-out"];
                    assert!(known.contains(&&*name), "{name}");
                    for attribute in tag.attributes() {
                        let attribute = attribute.unwrap();
                        let value = attribute.normalized_value(XmlVersion::Explicit1_0).unwrap();
                        if name == "testcase" && attribute.key.as_ref() == "name" {
                            case = value.into_owned();
                        }
                    }
                    if name == "failure" {
                        found.push((case.clone(), String::new()));
                    }
                    open.push(name);
                }
                Event::End(_) => drop(open.pop().unwrap()),
                Event::Text(part) if open.last().is_some_and(|name| name == "failure") => {
                    found.last_mut().unwrap().1.push_str(&part.xml10_content());
                }
                Event::GeneralRef(name) if open.last().is_some_and(|name| name == "failure") => {
                    let reference = format!("&{};", &*name);
                    found.last_mut().unwrap().1.push_str(&quick_xml::escape::unescape(&reference).unwrap());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty());
        found
    }

    #[test]
    fn each_law_is_a_test() {
        let xml = suites(&sample());
        assert_eq!(xml.matches("<testcase ").count(), registry().len());
        let shown: Vec<&str> = xml.lines().filter(|line| !line.ends_with("\"/>") || line.contains("skipped")).collect();
        let shown = shown.join("\n").replace(&format!("tests=\"{}\"", registry().len()), "tests=\"<n>\"");
        insta::assert_snapshot!(shown, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="agentops check" tests="<n>" failures="2" errors="0">
          <testsuite name="agentops check" tests="<n>" failures="2" errors="0" skipped="1">
            <testcase classname="agentops check" name="AO-L3 ALWAYS document context">
              <failure type="AO-L3" message="1 error">error[AO-L3]: message of commit 222222222222, line 3: `Context:` says 100% &lt;nothing&gt;</failure>
            </testcase>
            <testcase classname="agentops check" name="AO-N2 shared paths are named">
              <system-out>warning[AO-N2]: two tasks plan it
          To mend it: agree
          with each other</system-out>
            </testcase>
            <testcase classname="agentops check" name="AO-Y1 files that parse">
              <failure type="AO-Y1" message="1 error">error[AO-Y1] src/a b.toml:7: a key, twice: `x`
          To mend it: remove one</failure>
            </testcase>
            <testcase classname="agentops check" name="AO-B1 within the token budget">
              <skipped message="this law does not rule here"/>
            </testcase>
            <system-out>not checked: the clone is shallow
        note: votes are not signed
        fail: 2 errors, 1 warning in 2 commits (111111111111..222222222222)</system-out>
          </testsuite>
        </testsuites>
        "#);
    }

    proptest! {
        #[test]
        fn any_report_parses_back(report in reports()) {
            let xml = suites(&report);
            prop_assert!(!xml.lines().any(begins_a_command), "{xml}");
            let found = failures(&xml);
            for law in registry() {
                let errors: Vec<&Violation> = report
                    .violations
                    .iter()
                    .filter(|violation| violation.law == law.id && violation.level == Level::Error)
                    .collect();
                let name = format!("{} {}", law.id, law.title);
                let own: Vec<&String> = found.iter().filter(|(case, _)| *case == name).map(|(_, text)| text).collect();
                prop_assert_eq!(own.len(), usize::from(!errors.is_empty()));
                if let [own] = own.as_slice() {
                    let wanted = in_full(&errors).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}");
                    prop_assert_eq!(*own, &wanted);
                }
            }
        }
    }
}
