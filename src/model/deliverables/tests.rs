//! Promises are read, and what is none is told with its line.

use proptest::prelude::*;

use super::*;

const GOOD: &str = r#"[deliverables]
coverage = { report = "target/lcov.info" }

[[deliverables.file]]
path = "src/reset.rs"
change = "created"
contains = ["pub fn reset("]

[[deliverables.test]]
path = "tests/reset.rs"
contains = ["fn an_old_link_is_refused"]
command = "test"

[[deliverables.criterion]]
name = "old-links"
kind = "security"
text = "A link older than one hour is refused and says so"
evidence = [{ path = "tests/reset.rs", contains = "fn an_old_link_is_refused" }]

[[deliverables.criterion]]
name = "fast"
kind = "performance"
text = "A reset takes less than 100 ms"
command = "bench"

[[integration]]
name = "mail-api"
kind = "api"
text = "The mailer and the form agree on the token's field"
command = "test"
"#;

#[test]
fn promises_are_read() {
    let read = Deliverables::parse(GOOD.as_bytes()).unwrap();
    assert_eq!(read.commands().iter().map(|word| word.as_str()).collect::<Vec<_>>(), ["test", "bench"]);
    assert_eq!(read.coverage.unwrap().least, 80);
    assert_eq!(read.files[0].contains, ["pub fn reset("]);
    assert_eq!(read.criteria[0].evidence[0].path, "tests/reset.rs".into());
}

#[test]
fn problems_have_a_line() {
    let cases = [
        ("change = \"created\"", "change = \"new\"", 6, "unknown variant `new`"),
        ("\"src/reset.rs\"", "\"../reset.rs\"", 5, "is not an ordinary path"),
        ("\"src/reset.rs\"", "\".agentops/config.toml\"", 5, "is not an ordinary path"),
        ("target/lcov.info\" }", "target/lcov.info\", least = 101 }", 2, "from 1 to 100"),
        ("command = \"bench\"\n", "", 21, "names neither `evidence` nor `command`"),
        ("name = \"fast\"", "name = \"old-links\"", 1, "`old-links` is there twice"),
        ("kind = \"api\"", "kind = \"api\"\nby = \"bob\"", 29, "unknown field `by`"),
        ("[\"pub fn reset(\"]", "[\"\"]", 7, "the text is empty"),
        ("[\"pub fn reset(\"]", "[\"fn\"]", 7, "too short to show anything"),
        ("text = \"A reset", "text = \"\\u001b A reset", 23, "the text"),
    ];
    for (from, to, line, message) in cases {
        assert!(GOOD.contains(from), "{from}");
        let problems = Deliverables::parse(GOOD.replacen(from, to, 1).as_bytes()).expect_err(to);
        let found = problems.iter().find(|problem| problem.message.contains(message));
        assert_eq!(found.map(|problem| problem.line), Some(line), "{to}: {problems:?}");
    }
    let large = format!("{GOOD}# {}\n", "x".repeat(64 * 1024));
    assert!(Deliverables::parse(large.as_bytes()).unwrap_err()[0].message.contains("at most 65536"));
    let none = Deliverables::parse(b"[deliverables]\n").unwrap_err();
    assert!(none[0].message.contains("no `[[deliverables.criterion]]`"), "{none:?}");
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(at in any::<prop::sample::Index>(), cut in 0_usize..20, insert in "[\\x00-\\x7f]{0,6}") {
        let mut text = GOOD.to_owned();
        let start = at.index(text.len());
        let end = (start + cut).min(text.len());
        text.replace_range(start..end, &insert);
        let lines = text.split('\n').count();
        if let Err(problems) = Deliverables::parse(text.as_bytes()) {
            prop_assert!(!problems.is_empty() && problems.iter().all(|problem| (1..=lines).contains(&problem.line)));
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Deliverables::parse(&bytes);
    }
}
