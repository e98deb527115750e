//! Reports to print: one of each kind of finding, and any.

use proptest::prelude::*;

use crate::model::digest::ObjectId;
use crate::model::law_id::{LawId, Level};
use crate::model::path::RepoPath;
use crate::model::report::{Place, Report, Violation};

/// Whether GitHub's runner would look for a command in a line of a log.
pub(super) fn begins_a_command(line: &str) -> bool {
    line.trim_start().starts_with("::") || line.contains("##[")
}

fn id(digit: u8) -> ObjectId {
    ObjectId::from_bytes(&[digit; 20]).unwrap()
}

/// A report with a finding in a file, one in a message and one in a whole history.
pub(super) fn sample() -> Report {
    let violation = |law, level, place, message: &str, fix: &str| Violation {
        law,
        level,
        place,
        message: message.into(),
        fix: fix.into(),
    };
    Report {
        base: Some(id(0x11)),
        tip: Some(id(0x22)),
        commits: 2,
        violations: vec![
            violation(LawId::Y1, Level::Error, Place::line("src/a b.toml", 7), "a key, twice: `x`", "remove one"),
            violation(LawId::L3, Level::Error, Place::message(Some(id(0x22)), 3), "`Context:` says 100% <nothing>", ""),
            violation(LawId::N2, Level::Warn, Place::nowhere(), "two tasks plan it", "agree\nwith each other"),
        ],
        not_checked: vec!["the clone is shallow".into()],
        notes: vec!["votes are not signed".into()],
        off: vec![LawId::B1],
        ..Report::default()
    }
}

/// Text as people would attack with it.
pub(super) fn texts() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "]]>",
        "\n",
        "\r\n",
        "\u{1b}[31m",
        "\0",
        "::error::",
        "%0A",
        "##[error]",
        "\"",
        "'",
        "<a>&amp;",
        "\u{202e}",
        ",",
        ":",
        "](http://x)",
        "\\",
        "\u{ffff}",
        "|",
        "`",
        "é",
        " ",
    ]);
    prop_oneof![any::<String>(), prop::collection::vec(nasty, 0..12).prop_map(|parts| parts.concat())]
}

fn places() -> impl Strategy<Value = Place> {
    let path = prop_oneof![
        prop::collection::vec(1_u8.., 1..20).prop_map(RepoPath::from_bytes),
        texts().prop_filter("git has no empty path", |text| !text.is_empty()).prop_map(RepoPath::from),
    ];
    let commit = prop::option::of(any::<u8>().prop_map(id));
    (prop::option::of(path), prop::option::of(1_usize..100_000), commit).prop_map(|(path, line, commit)| Place {
        commit,
        path,
        line,
    })
}

/// Any report.
pub(super) fn reports() -> impl Strategy<Value = Report> {
    let level = prop_oneof![Just(Level::Error), Just(Level::Warn)];
    let violation = (prop::sample::select(LawId::ALL), level, places(), texts(), texts())
        .prop_map(|(law, level, place, message, fix)| Violation { law, level, place, message, fix });
    let sentences = || prop::collection::vec(texts(), 0..3);
    let off = prop::collection::vec(prop::sample::select(LawId::ALL), 0..3);
    (prop::collection::vec(violation, 0..30), sentences(), sentences(), off).prop_map(
        |(violations, not_checked, notes, off)| Report { violations, not_checked, notes, off, ..Report::default() },
    )
}
