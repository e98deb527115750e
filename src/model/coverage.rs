//! Line coverage: how many lines a report says ran, from lcov's tracefiles and Cobertura's XML.
//!
//! A reader that guesses would be worse than none: what is cut off, empty or of another format is an error with its line.
//! Only lines count; functions and branches are passed over. Reports of several runs over one file are merged: a line
//! that ran once has run.

use std::collections::BTreeMap;
use std::fmt;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::canonical::line_of;
use super::document::Problem;

/// A report above this size, in bytes, is not read.
pub const MAX_REPORT: u64 = 64 * 1024 * 1024;

/// The note of an event that holds [`Lines`].
pub const COVERAGE_NOTE: &str = "coverage";

/// How many lines ran, of how many that could: a claim as long as nobody ran the tests again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// Lines that ran at least once.
    pub covered: u64,
    /// All lines that the report counts; at least one.
    pub total: u64,
}

impl Lines {
    /// Whether at least `percent` of the lines ran.
    pub fn reach(self, percent: u8) -> bool {
        u128::from(self.covered) * 100 >= u128::from(self.total) * u128::from(percent)
    }

    /// Reads what [`Display`](fmt::Display) prints, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let (covered, total) = text.strip_suffix(" lines")?.split_once(" of ")?;
        let lines = Self { covered: covered.parse().ok()?, total: total.parse().ok()? };
        (lines.total > 0 && lines.covered <= lines.total && lines.to_string() == text).then_some(lines)
    }

    /// The share in percent, rounded down to a tenth: 79.99 is not 80.
    pub fn percent(self) -> String {
        let tenths = u128::from(self.covered) * 1000 / u128::from(self.total.max(1));
        format!("{}.{} %", tenths / 10, tenths % 10)
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} lines", self.covered, self.total)
    }
}

/// Reads a report; XML is taken for Cobertura's, all else for lcov's.
pub fn read(bytes: &[u8]) -> Result<Lines, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| Problem {
        line: bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count(),
        message: "this byte is not UTF-8".into(),
    })?;
    let files = if text.trim_start().starts_with('<') { cobertura(text)? } else { lcov(text)? };
    let lines = files.0.values().flat_map(BTreeMap::values);
    let (covered, total) = lines.fold((0, 0), |(covered, total), ran| (covered + u64::from(*ran), total + 1));
    match total {
        0 => Err(Problem { line: 1, message: "the report counts no line".into() }),
        _ => Ok(Lines { covered, total }),
    }
}

/// For each file whether each line ran.
#[derive(Default)]
struct Files<'t>(BTreeMap<std::borrow::Cow<'t, str>, BTreeMap<u64, bool>>);

impl<'t> Files<'t> {
    fn add(&mut self, file: std::borrow::Cow<'t, str>, line: u64, ran: bool) {
        *self.0.entry(file).or_default().entry(line).or_default() |= ran;
    }
}

/// lcov's tracefile, as `geninfo(1)` describes it.
fn lcov(text: &str) -> Result<Files<'_>, Problem> {
    let mut files = Files::default();
    let mut file: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let problem = |message: String| Problem { line: index + 1, message };
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "end_of_record" {
            file.take().ok_or_else(|| problem("a record ends that never began".into()))?;
            continue;
        }
        let named = line.split_once(':').filter(|(key, _)| {
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        });
        let Some((key, value)) = named else {
            return Err(problem("this is no line of an lcov tracefile, and the report no XML".into()));
        };
        match key {
            "SF" if file.is_some() => return Err(problem("a record begins inside another one".into())),
            "SF" => file = Some(value),
            "DA" => {
                let mut parts = value.split(',');
                let number = |part: Option<&str>| part.and_then(|part| part.trim().parse::<u64>().ok());
                let (Some(number), Some(hits)) = (number(parts.next()), number(parts.next())) else {
                    return Err(problem(format!("`{line}` names no line and count")));
                };
                let file = file.ok_or_else(|| problem("this line belongs to no file".into()))?;
                files.add(file.into(), number, hits > 0);
            }
            _ => {}
        }
    }
    match file {
        None => Ok(files),
        Some(_) => Err(Problem { line: text.lines().count().max(1), message: "the report is cut off".into() }),
    }
}

/// Cobertura's XML. Lines of methods stand among those of their class as well; only the latter count.
fn cobertura(text: &str) -> Result<Files<'_>, Problem> {
    let mut reader = Reader::from_str(text);
    let mut files = Files::default();
    let mut open: Vec<String> = Vec::new();
    let mut class: Option<String> = None;
    let mut is_first = true;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let problem = |message: String| Problem { line: line_of(text, at), message };
        let (element, is_empty) = match reader.read_event().map_err(|error| problem(error.to_string()))? {
            Event::Start(element) => (element, false),
            Event::Empty(element) => (element, true),
            Event::End(_) => {
                if open.pop().is_some_and(|name| name == "class") {
                    class = None;
                }
                continue;
            }
            Event::Eof if open.is_empty() && !is_first => return Ok(files),
            Event::Eof => return Err(problem("the report is cut off".into())),
            _ => continue,
        };
        let name = element.local_name().as_ref().to_owned();
        if std::mem::take(&mut is_first) && name != "coverage" {
            let message = "this XML is not Cobertura's: its outermost element is not `coverage`";
            return Err(problem(message.into()));
        }
        match name.as_str() {
            "class" if !is_empty => {
                class = Some(attribute(&element, "filename").ok_or_else(|| problem("a class names no file".into()))?);
            }
            "line" if !open.iter().any(|name| name == "methods") => {
                let number = |key: &str| attribute(&element, key).and_then(|text| text.trim().parse::<u64>().ok());
                let (Some(line), Some(hits)) = (number("number"), number("hits")) else {
                    return Err(problem("a line without `number` and `hits`".into()));
                };
                let file = class.clone().ok_or_else(|| problem("a line that belongs to no class".into()))?;
                files.add(file.into(), line, hits > 0);
            }
            _ => {}
        }
        if !is_empty {
            open.push(name);
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    Some(element.try_get_attribute(name).ok().flatten()?.value.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LCOV: &str = "TN:all\nSF:src/a.rs\nFN:1,main\nFNDA:1,main\nDA:1,4\nDA:2,0\nDA:3,1,abc\nLF:3\nLH:2\nend_of_record\n\
                        SF:src/a.rs\nDA:2,7\nend_of_record\nSF:src/b.rs\nBRDA:1,0,0,-\nDA:1,0\nend_of_record\n";
    const COBERTURA: &str = r#"<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="1.0"><packages><package name="a"><classes>
<class name="A" filename="src/a.py">
  <methods><method name="f"><lines><line number="1" hits="9"/><line number="9" hits="9"/></lines></method></methods>
  <lines><line number="1" hits="9" branch="true"><conditions/></line><line number="2" hits="0"/></lines>
</class>
<class name="B" filename="src/a.py"><methods/><lines><line number="2" hits="1"/><line number="4" hits="0"/></lines></class>
</classes></package></packages></coverage>
"#;

    #[test]
    fn both_formats_are_read() {
        assert_eq!(read(LCOV.as_bytes()), Ok(Lines { covered: 3, total: 4 }));
        assert_eq!(read(LCOV.replace('\n', "\r\n").as_bytes()), Ok(Lines { covered: 3, total: 4 }));
        assert_eq!(
            read(COBERTURA.as_bytes()),
            Ok(Lines { covered: 2, total: 3 }),
            "its own `line-rate` is not believed"
        );
    }

    #[test]
    fn what_is_no_report_is_named() {
        let cases: [(String, usize, &str); 11] = [
            (String::new(), 1, "counts no line"),
            ("SF:a\nend_of_record\n".into(), 1, "counts no line"),
            ("87 %\n".into(), 1, "no line of an lcov tracefile"),
            (LCOV.replace("DA:2,0", "DA:2"), 6, "names no line and count"),
            (LCOV.replace("DA:2,0", "DA:2,-1"), 6, "names no line and count"),
            ("DA:1,1\n".into(), 1, "belongs to no file"),
            (LCOV.trim_end().trim_end_matches("end_of_record").into(), 16, "cut off"),
            (COBERTURA.replace("</coverage>\n", ""), 9, "cut off"),
            ("<report><line number=\"1\" hits=\"1\"/></report>".into(), 1, "not Cobertura's"),
            (COBERTURA.replace("hits=\"0\"", "hits=\"many\""), 6, "without `number` and `hits`"),
            (COBERTURA.replace("</class>", "</klass>"), 7, ""),
        ];
        for (text, line, message) in cases {
            let problem = read(text.as_bytes()).expect_err(&text);
            assert!(problem.line == line && problem.message.contains(message), "{problem:?} in\n{text}");
        }
        assert_eq!(read(b"SF:\xff\n").unwrap_err().line, 1);
    }

    #[test]
    fn shares_are_exact() {
        let lines = |covered, total| Lines { covered, total };
        assert!(lines(4, 5).reach(80) && !lines(7999, 10_000).reach(80) && lines(1, 1).reach(100));
        assert!(lines(u64::MAX, u64::MAX).reach(100));
        assert_eq!((lines(7999, 10_000).percent(), lines(2, 3).percent()), ("79.9 %".into(), "66.6 %".into()));
        assert_eq!(Lines::parse("4 of 5 lines"), Some(lines(4, 5)));
        for text in ["", "4 of 5", "6 of 5 lines", "0 of 0 lines", "+4 of 5 lines", "4 of 5 lines ", "-1 of 5 lines"] {
            assert_eq!(Lines::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            at in any::<prop::sample::Index>(), cut in 0_usize..20, insert in "[\\x00-\\x7f]{0,6}", xml in any::<bool>()
        ) {
            let mut text = if xml { COBERTURA } else { LCOV }.to_owned();
            let start = at.index(text.len());
            let end = (start + cut).min(text.len());
            text.replace_range(start..end, &insert);
            if let Ok(lines) = read(text.as_bytes()) {
                prop_assert!(lines.total > 0 && lines.covered <= lines.total);
            }
        }
    }
}
