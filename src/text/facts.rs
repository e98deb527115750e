//! Facts that a shorter text must still hold: what is short, exact, and lost by a paraphrase.
//!
//! Which of them must be kept is decided in [`units`](super::units): here stands what they look like.

use super::code_blocks::command_in;
use super::code_spans::code_spans;
use crate::model::citation::Cited;

/// What kind of fact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// What its author marked with `!keep`.
    Kept,
    /// A sentence that decides or binds.
    Decision,
    /// A clause that forbids, rules out or takes away.
    Denial,
    /// A command line.
    Command,
    /// `path:line`.
    Citation,
    /// A path.
    Path,
    /// An address.
    Url,
    /// A number with its unit, or a version.
    Number,
    /// A name in code, or an id such as `R1`.
    Identifier,
}

impl FactKind {
    /// What it is called where one is lost.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Kept => "line marked `!keep`",
            Self::Decision => "decision",
            Self::Denial => "denial",
            Self::Command => "command",
            Self::Citation => "citation",
            Self::Path => "path",
            Self::Url => "URL",
            Self::Number => "number",
            Self::Identifier => "identifier",
        }
    }
}

/// The longest code span that is one fact, in bytes: above it, it is an example.
const MAX_SPAN: usize = 80;

/// Units of measure, in lower case.
const UNITS: &[&str] = &[
    "%",
    "b",
    "bit",
    "bits",
    "byte",
    "bytes",
    "char",
    "characters",
    "chars",
    "commits",
    "core",
    "cores",
    "cycles",
    "day",
    "days",
    "entries",
    "files",
    "gb",
    "ghz",
    "gib",
    "h",
    "hour",
    "hours",
    "hz",
    "items",
    "kb",
    "khz",
    "kib",
    "lines",
    "mb",
    "mhz",
    "mib",
    "min",
    "minute",
    "minutes",
    "month",
    "months",
    "ms",
    "nanoseconds",
    "ns",
    "pages",
    "percent",
    "px",
    "requests",
    "rows",
    "s",
    "sec",
    "second",
    "seconds",
    "tb",
    "threads",
    "tib",
    "times",
    "tokens",
    "us",
    "users",
    "week",
    "weeks",
    "words",
    "x",
    "year",
    "years",
    "µs",
];

/// Endings of files, in lower case.
const ENDINGS: &[&str] = &[
    "c", "cc", "cfg", "conf", "cpp", "cs", "css", "csv", "env", "go", "h", "hpp", "html", "ini", "java", "js", "json",
    "jsonl", "jsx", "kt", "lock", "log", "md", "mjs", "php", "pl", "proto", "ps1", "py", "rb", "rs", "scala", "sh",
    "sql", "svg", "swift", "tf", "toml", "ts", "tsx", "txt", "vue", "xml", "yaml", "yml", "zig",
];

/// Hands every fact in the running text, which may hold Markdown, to `each`, with the bytes that say it, in order.
pub fn each_fact<'t>(text: &'t str, mut each: impl FnMut(FactKind, &'t str)) {
    let mut from = 0;
    for span in code_spans(text) {
        prose(&text[from..span.whole.start], &mut each);
        code_span(text[span.inner].trim(), &mut each);
        from = span.whole.end;
    }
    prose(&text[from..], &mut each);
}

fn code_span<'t>(code: &'t str, each: &mut impl FnMut(FactKind, &'t str)) {
    if code.is_empty() || code.len() > MAX_SPAN {
        return;
    }
    if let Some(line) = command_in(code) {
        return each(FactKind::Command, line);
    }
    if let Some(kind) = place(code) {
        return each(kind, code);
    }
    if code.chars().any(char::is_alphanumeric) {
        each(FactKind::Identifier, code);
    }
}

/// What kind of place a word is: an address, a line of a file, a path.
fn place(word: &str) -> Option<FactKind> {
    if ["https://", "http://"].iter().any(|scheme| word.starts_with(scheme)) {
        return Some(FactKind::Url);
    }
    if !word.contains(['/', '.']) || word.contains(char::is_whitespace) {
        return None;
    }
    let cited = Cited::parse(word);
    is_path(&cited.path).then_some(if cited.lines.is_some() { FactKind::Citation } else { FactKind::Path })
}

fn is_path(word: &str) -> bool {
    let ordinary = |c: char| c.is_alphanumeric() || "._-/~+@*{}$".contains(c);
    if word.len() < 3 || !word.chars().all(ordinary) || !word.contains(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    let name = word.rsplit('/').next().unwrap_or_default();
    let has_ending = name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && !stem.contains("..") && ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
    });
    let is_rooted = ["./", "../", "/", "~/", "."].iter().any(|root| word.starts_with(root)) && word[1..].contains('/');
    has_ending || is_rooted || (word.matches('/').count() >= 2 && !word.contains("//"))
}

fn prose<'t>(text: &'t str, each: &mut impl FnMut(FactKind, &'t str)) {
    let mut before: Option<&'t str> = None;
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let bare = trimmed(word);
        if bare.is_empty() {
            before = None;
            continue;
        }
        if let Some(kind) = place(bare) {
            each(kind, bare);
        } else if bare.starts_with(|c: char| c.is_ascii_digit() || "<>~$€±≤≥v".contains(c)) {
            let next = words.peek().map(|next| trimmed(next));
            if let Some(number) = number(text, bare, before, next) {
                each(FactKind::Number, number);
                if number.len() > bare.len() {
                    words.next();
                }
            }
        } else if is_identifier(bare) {
            each(FactKind::Identifier, bare);
        }
        // Whatever closes behind a word parts it from a unit.
        before = word.ends_with(bare).then_some(bare);
    }
}

/// A word without the marks around it.
fn trimmed(word: &str) -> &str {
    let word = word.trim_start_matches(|c: char| "([{\"'*<“‘".contains(c) && !(c == '<' && is_below(word)));
    let end = word.trim_end_matches(|c: char| ".,;:!?\"'*>”’".contains(c));
    if end.ends_with(')') && end.contains('(') {
        end
    } else {
        end.trim_end_matches(|c: char| ")]}.,;:!?\"'*>".contains(c))
    }
}

/// Whether a word begins with `<` as in `<3ms`.
fn is_below(word: &str) -> bool {
    word.strip_prefix('<').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '='))
}

/// The number that `word` is, with its unit: in the word or in the next one. Versions count, other bare numbers do not.
fn number<'t>(text: &'t str, word: &'t str, before: Option<&str>, next: Option<&'t str>) -> Option<&'t str> {
    let start = word.find(|c: char| c.is_ascii_digit())?;
    let digits = &word[start..];
    let end = digits.find(|c: char| !(c.is_ascii_digit() || ".,_".contains(c))).unwrap_or(digits.len());
    let unit = digits[end..].trim_start_matches('-');
    let is_unit = |unit: &str| UNITS.contains(&unit.to_lowercase().as_str());
    let names_version = |word: &str| {
        ["rust", "rustc", "msrv", "version", "edition", "python", "node"].contains(&word.to_lowercase().as_str())
    };
    if unit.is_empty() {
        if let Some(next) = next.filter(|next| is_unit(next)) {
            let (from, to) = (offset(text, word), offset(text, next) + next.len());
            return Some(&text[from..to]);
        }
        let is_version = digits.matches('.').count() >= 2
            || (digits.contains('.') && (word.starts_with('v') || before.is_some_and(names_version)));
        return (is_version || word.starts_with(['$', '€'])).then_some(word);
    }
    is_unit(unit).then_some(word)
}

/// Where `part`, which is a part of `text`, begins in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// Whether a word outside code is a name in code all the same: `read_line`, `Vec::new`, `run()`, `TcpStream`, or an id such as
/// `R1` and `AO-E2`.
fn is_identifier(word: &str) -> bool {
    let ordinary = |c: char| c.is_ascii_alphanumeric() || "_:().-!".contains(c);
    if word.len() < 2 || !word.chars().all(ordinary) || !word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        return false;
    }
    let is_id = || {
        let letters = word.bytes().take_while(|byte| byte.is_ascii_uppercase() || *byte == b'-').count();
        (1..=6).contains(&letters) && word.len() > letters && word[letters..].bytes().all(|byte| byte.is_ascii_digit())
    };
    let has_hump = || {
        word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && word.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
    };
    word.contains('_') || word.contains("::") || word.ends_with("()") || is_id() || has_hump()
}

/// Hands every place that a line of code names to `each`: addresses, `path:line`, paths.
pub(super) fn each_place<'t>(line: &'t str, mut each: impl FnMut(FactKind, &'t str)) {
    for word in line.split_whitespace().map(trimmed) {
        if let Some(kind) = place(word) {
            each(kind, word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FactKind::{Citation, Command, Identifier, Number, Path, Url};
    use proptest::prelude::*;

    fn facts(text: &str) -> Vec<(FactKind, &str)> {
        let mut found = Vec::new();
        each_fact(text, |kind, fact| found.push((kind, fact)));
        found
    }

    #[test]
    fn facts_in_code() {
        assert_eq!(
            facts(
                "In `src/a.rs:12-40`, `src/a.rs:1–2` and `docs/`, run `cargo test --lib`; ``a ` b`` is `x` of `$ ls -l` or `-`."
            ),
            [
                (Citation, "src/a.rs:12-40"),
                (Citation, "src/a.rs:1–2"),
                (Identifier, "docs/"),
                (Command, "cargo test --lib"),
                (Identifier, "a ` b"),
                (Identifier, "x"),
                (Command, "ls -l")
            ]
        );
        assert_eq!(facts("an `unclosed span of src/b.rs"), [(Path, "src/b.rs")]);
    }

    #[test]
    fn facts_in_prose() {
        assert_eq!(
            facts(
                "See (https://example.org/a_b), src/main.rs:3, Cargo.toml and/or TcpStream::connect; R1 needs run()."
            ),
            [
                (Url, "https://example.org/a_b"),
                (Citation, "src/main.rs:3"),
                (Path, "Cargo.toml"),
                (Identifier, "TcpStream::connect"),
                (Identifier, "R1"),
                (Identifier, "run()")
            ]
        );
        assert_eq!(facts("Plain words, e.g. these, are none. Nor is THIS or 42."), []);
    }

    #[test]
    fn numbers_have_units() {
        let numbers = |text: &'static str| facts(text).into_iter().map(|(_, fact)| fact).collect::<Vec<_>>();
        assert_eq!(
            numbers("after 30 minutes, <3ms, 95%, 64 KiB (8-bit), Rust 1.89, v2.0, 1.2.3, $5 and 1,000 users"),
            ["30 minutes", "<3ms", "95%", "64 KiB", "8-bit", "1.89", "v2.0", "1.2.3", "$5", "1,000 users"]
        );
        assert_eq!(numbers("in 2026, 14 of 3, page 1.5; vast vs view"), [""; 0]);
        assert!(facts("5 minutes").iter().all(|(kind, _)| *kind == Number));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([a-zR0-9`.:/ (){}<$*_%'\n-]|é|https://|::){0,60}") {
            for (_, fact) in facts(&text) {
                prop_assert!(!fact.is_empty() && text.contains(fact));
            }
        }
    }
}
