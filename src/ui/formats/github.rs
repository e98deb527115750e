//! GitHub's log: workflow commands that become annotations, and the step summary.
//!
//! GitHub shows ten annotations of a kind for each step; what is beyond is counted in one notice. A line of its log is a
//! command where it begins with `::`, after blanks, or holds `##[`: every line printed here begins with a word of ours.

use super::{beside_file, last_line, path_text, told};
use crate::model::escape::{markdown, no_runner_command, visible};
use crate::model::law_id::Level;
use crate::model::report::{Report, Violation};

/// How many annotations of one kind GitHub keeps of a step.
const ANNOTATIONS: usize = 10;

/// The largest summary of a step that GitHub takes, in bytes: a larger one is dropped as a whole.
pub const LARGEST_SUMMARY: usize = 1024 * 1024;

/// The commands, what was not checked, and the last line for people.
pub(super) fn commands(report: &Report) -> String {
    let mut out = String::new();
    let mut left = Vec::new();
    for (level, kind) in [(Level::Error, "error"), (Level::Warn, "warning")] {
        let own: Vec<&Violation> = report.violations.iter().filter(|violation| violation.level == level).collect();
        for violation in own.iter().take(ANNOTATIONS) {
            out.push_str(&command(kind, violation));
        }
        if own.len() > ANNOTATIONS {
            let more = own.len() - ANNOTATIONS;
            left.push(format!("{more} more {kind}{}", if more == 1 { "" } else { "s" }));
        }
    }
    if !left.is_empty() {
        let text = format!(
            "{}: GitHub shows {ANNOTATIONS} of a kind for each step. The summary of the step has them all, as far as it holds them.",
            left.join(" and ")
        );
        out.push_str(&format!("::notice title=agentops::{}\n", data(&text)));
    }
    for sentence in &report.not_checked {
        out.push_str(&plain(&format!("not checked: {sentence}")));
    }
    for sentence in &report.notes {
        out.push_str(&plain(&format!("note: {sentence}")));
    }
    out.push_str(&plain(&last_line(report)));
    out
}

fn command(kind: &str, violation: &Violation) -> String {
    let mut properties = Vec::new();
    if let Some(path) = &violation.place.path {
        properties.push(format!("file={}", property(&path_text(path))));
        if let Some(line) = violation.place.line {
            properties.push(format!("line={line}"));
        }
    }
    properties.push(format!("title={}", property(violation.law.as_str())));
    format!("::{kind} {}::{}\n", properties.join(","), data(&told(violation).join("\n")))
}

/// The text of a command in one line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: `,` and `:` would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A line that is no command, whatever it quotes.
fn plain(text: &str) -> String {
    format!("{}\n", no_runner_command(&visible(text)))
}

/// The step summary in Markdown, of at most `room` bytes; what does not fit is counted. Nothing where not even that fits.
pub fn summary(report: &Report, room: usize) -> String {
    let head = format!("### agentops check\n\n{}\n\n", markdown(&last_line(report)));
    let mut rows: Vec<String> = Vec::new();
    for level in [Level::Error, Level::Warn] {
        rows.extend(report.violations.iter().filter(|violation| violation.level == level).map(row));
    }
    let lines = |label: &str, list: &[String]| -> String {
        list.iter().map(|sentence| format!("- {label}: {}\n", markdown(sentence))).collect()
    };
    let foot = lines("not checked", &report.not_checked) + &lines("note", &report.notes);
    let more = |count: usize| format!("\n{count} more findings do not fit here.\n\n");
    const TABLE: &str = "| law | level | where | what |\n| --- | --- | --- | --- |\n";
    let whole = rows.iter().map(String::len).sum::<usize>() + head.len() + TABLE.len() + foot.len() + 1;
    if whole <= room {
        let table = if rows.is_empty() { String::new() } else { format!("{TABLE}{}\n", rows.concat()) };
        return format!("{head}{table}{foot}");
    }
    // What was not checked may be long, too: rather a table that is cut than none.
    let mut out = head + TABLE;
    let reserved = more(rows.len()).len();
    if out.len() + reserved > room {
        return String::new();
    }
    let mut shown = 0;
    while let Some(row) = rows.get(shown).filter(|row| out.len() + row.len() + reserved <= room) {
        out.push_str(row);
        shown += 1;
    }
    if shown < rows.len() {
        out.push_str(&more(rows.len() - shown));
    }
    out
}

fn row(violation: &Violation) -> String {
    let level = if violation.level == Level::Error { "error" } else { "warning" };
    let place = &violation.place;
    let place = match (&place.path, place.line) {
        (Some(path), Some(line)) => format!("{}:{line}", path_text(path)),
        (Some(path), None) => path_text(path),
        (None, _) => beside_file(place).unwrap_or_default(),
    };
    let what: Vec<String> = told(violation).iter().map(|line| markdown(line)).collect();
    format!("| {} | {level} | {} | {} |\n", violation.law, markdown(&place), what.join("<br>"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{reports, sample};
    use super::super::{Format, verdict};
    use super::*;
    use crate::model::law_id::LawId;
    use crate::model::report::Place;

    fn many(count: usize, level: Level) -> Report {
        let one = |number| Violation {
            law: LawId::L1,
            level,
            place: Place::nowhere(),
            message: format!("finding {number}"),
            fix: String::new(),
        };
        Report { violations: (1..=count).map(one).collect(), ..Report::default() }
    }

    #[test]
    fn a_report_reads_as_github_wants_it() {
        insta::assert_snapshot!(verdict(&sample(), Format::Github).unwrap(), @"
        ::error file=src/a b.toml,line=7,title=AO-Y1::a key, twice: `x`%0ATo mend it: remove one
        ::error title=AO-L3::message of commit 222222222222, line 3: `Context:` says 100%25 <nothing>
        ::warning title=AO-N2::two tasks plan it%0ATo mend it: agree%0Awith each other
        not checked: the clone is shallow
        note: votes are not signed
        fail: 2 errors, 1 warning in 2 commits (111111111111..222222222222)
        ");
        insta::assert_snapshot!(summary(&sample(), LARGEST_SUMMARY), @r#"
        ### agentops check

        fail: 2 errors, 1 warning in 2 commits \(111111111111..222222222222\)

        | law | level | where | what |
        | --- | --- | --- | --- |
        | AO-Y1 | error | src/a b.toml:7 | a key, twice: \`x\`<br>To mend it: remove one |
        | AO-L3 | error | message of commit 222222222222, line 3 | message of commit 222222222222, line 3: \`Context:\` says 100% &lt;nothing&gt; |
        | AO-N2 | warning |  | two tasks plan it<br>To mend it: agree<br>with each other |

        - not checked: the clone is shallow
        - note: votes are not signed
        "#);
    }

    #[test]
    fn what_github_would_drop_is_counted() {
        let shown = |count| commands(&many(count, Level::Error));
        assert!(!shown(10).contains("::notice"));
        let text = shown(12);
        assert_eq!(text.matches("::error ").count(), 10);
        assert!(text.contains("::notice title=agentops::2 more errors: GitHub shows 10"), "{text}");
        assert!(commands(&many(11, Level::Warn)).contains("::1 more warning: "));
    }

    #[test]
    fn a_summary_that_is_too_long_says_so() {
        let report = many(1000, Level::Error);
        let whole = summary(&report, LARGEST_SUMMARY);
        assert_eq!(whole.matches("| AO-L1 |").count(), 1000);
        let cut = summary(&report, 4096);
        let shown = cut.matches("| AO-L1 |").count();
        assert!(cut.len() <= 4096 && cut.ends_with(&format!("\n{} more findings do not fit here.\n\n", 1000 - shown)));
        assert_eq!(summary(&report, 20), "");
    }

    /// A command as GitHub's runner takes it apart: kind, properties, text.
    type Command = (String, Vec<(String, String)>, String);

    fn parsed(line: &str) -> Option<Command> {
        let rest = line.trim_start().strip_prefix("::")?;
        let (head, text) = rest.split_once("::")?;
        let (kind, list) = head.split_once(' ').unwrap_or((head, ""));
        let back = |text: &str, is_property: bool| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n");
            let text = if is_property { text.replace("%3A", ":").replace("%2C", ",") } else { text };
            text.replace("%25", "%")
        };
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), back(value, true)));
        Some((kind.to_owned(), list.split(',').filter_map(pair).collect(), back(text, false)))
    }

    proptest! {
        #[test]
        fn any_report_parses_back(report in reports()) {
            let text = commands(&report);
            let found: Vec<_> = text.lines().filter_map(parsed).filter(|(kind, ..)| kind != "notice").collect();
            let at = |level| report.violations.iter().filter(move |violation| violation.level == level).take(10);
            let wanted: Vec<&Violation> = at(Level::Error).chain(at(Level::Warn)).collect();
            prop_assert_eq!(found.len(), wanted.len());
            for ((kind, properties, message), violation) in found.iter().zip(wanted) {
                prop_assert_eq!(kind == "error", violation.level == Level::Error);
                prop_assert_eq!(message, &told(violation).join("\n"));
                let value = |name: &str| properties.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
                prop_assert_eq!(value("title"), Some(violation.law.to_string()));
                prop_assert_eq!(value("file"), violation.place.path.as_ref().map(path_text));
                let line = violation.place.path.as_ref().and(violation.place.line);
                prop_assert_eq!(value("line"), line.map(|line| line.to_string()));
            }
            // Nothing else is a command, in either of the two forms.
            for line in text.lines().filter(|line| parsed(line).is_none()) {
                prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line:?}");
            }
        }

        #[test]
        fn a_summary_keeps_its_room(report in reports(), room in 0_usize..5000) {
            let text = summary(&report, room);
            prop_assert!(text.len() <= room);
            let rows = summary(&report, LARGEST_SUMMARY).lines().filter(|line| line.starts_with("| AO-")).count();
            prop_assert_eq!(rows, report.violations.len());
        }
    }
}
