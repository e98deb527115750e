//! Expressions of rules: what they may say, and how much of it.
//!
//! The engine is linear in what it reads, so what it takes of Go's syntax has no backtracking to lose time with; sizes of
//! text and program are limited. `\w`, `\d`, `\s` and `\b` mean ASCII, as they do in Go, and case folds ASCII letters alone.

use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::Extractor;

use super::shape::Shape;

/// The longest expression, in bytes.
const MAX_TEXT: usize = 4096;
/// The largest compiled program, in bytes.
const MAX_PROGRAM: usize = 128 * 1024;
/// What one expression's automaton may remember, in bytes, on each thread: it grows as it is used. With much less, the
/// expressions of generic rules forget what they need on the next line, and become thirty times slower.
const MAX_CACHE: usize = 2 * 1024 * 1024;
/// How deep groups may lie in groups.
const MAX_DEPTH: u32 = 50;
/// A keyword that is taken from an expression has so many bytes at least: shorter ones stand everywhere.
pub const MIN_KEYWORD: usize = 3;
/// An expression that begins in more ways than these has no keywords that could be taken from it.
const MAX_BEGINNINGS: usize = 16;

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct PatternError {
    /// What is wrong, without a full stop.
    pub what: String,
    /// How to mend it.
    pub fix: String,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Pattern {
    pub(super) regex: Regex,
    /// Whether a match may go over the end of a line into the text of the next one.
    pub(super) crosses_lines: bool,
}

impl Pattern {
    /// Compiles an expression.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let hir = parse(text)?;
        let config = Regex::config()
            .utf8_empty(false)
            .nfa_size_limit(Some(MAX_PROGRAM))
            // A keyword has told where to look; to build another filter takes longer than it saves.
            .auto_prefilter(false)
            .onepass(false)
            .dfa(false)
            .hybrid_cache_capacity(MAX_CACHE)
            .which_captures(WhichCaptures::All);
        let regex = Regex::builder().configure(config).build_from_hir(&hir).map_err(|_| PatternError {
            what: format!("this expression becomes a program of more than {} KiB", MAX_PROGRAM / 1024),
            fix: "count less: `{8,}` is smaller than `{8,1000}`, and finds the same".to_owned(),
        })?;
        Ok(Self { regex, crosses_lines: Shape::of(&hir).crosses_lines })
    }

    /// How many groups it has; the whole match is one.
    pub fn groups(&self) -> usize {
        self.regex.captures_len()
    }

    /// Whether it is satisfied by no character at all, and so by every text.
    pub fn matches_emptiness(&self) -> bool {
        self.regex.is_match(b"")
    }

    /// Whether it matches anywhere in `bytes`.
    pub(super) fn is_match(&self, bytes: &[u8]) -> bool {
        self.regex.is_match(bytes)
    }
}

/// Whether an expression can be parsed; compiling it is dear, and may still find it too large.
pub fn check(text: &str) -> Result<(), PatternError> {
    parse(text).map(drop)
}

/// The texts of which one begins every match of an expression, in lower case; `None` where they are many or short.
pub fn beginnings(text: &str) -> Option<Vec<String>> {
    let literals = Extractor::new().limit_class(2).extract(&parse(text).ok()?);
    let mut found = Vec::new();
    for literal in literals.literals()? {
        let text = std::str::from_utf8(literal.as_bytes()).ok()?.to_ascii_lowercase();
        if text.len() < MIN_KEYWORD {
            return None;
        }
        if !found.contains(&text) {
            found.push(text);
        }
    }
    (1..=MAX_BEGINNINGS).contains(&found.len()).then_some(found)
}

pub(super) fn parse(text: &str) -> Result<Hir, PatternError> {
    if text.len() > MAX_TEXT {
        return Err(PatternError {
            what: format!("this expression has {} bytes; at most {MAX_TEXT} are read", text.len()),
            fix: "make several rules of it".to_owned(),
        });
    }
    let config = syntax::Config::new().unicode(false).utf8(false).nest_limit(MAX_DEPTH);
    syntax::parse_with(text, &config).map_err(|error| explained(text, &error))
}

/// What the parser says, in words that name what Go takes and this program does not.
fn explained(text: &str, error: &regex_syntax::Error) -> PatternError {
    let (kind, offset) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
        _ => (error.to_string(), 0),
    };
    let rest = text.get(offset..).unwrap_or_default();
    let column = 1 + text.get(..offset).unwrap_or_default().chars().count();
    let named =
        |what: &str, fix: &str| PatternError { what: format!("{what}, at character {column}"), fix: fix.to_owned() };
    if rest.starts_with("(?=") || rest.starts_with("(?!") || rest.starts_with("(?<=") || rest.starts_with("(?<!") {
        return named(
            "looking ahead or behind is not possible in linear time",
            "match what stands there, and put the secret into a group",
        );
    }
    if let Some(letter) = rest.strip_prefix('\\').and_then(|rest| rest.chars().next()) {
        match letter {
            'Q' | 'E' => {
                return named("`\\Q…\\E`, which Go has, is not taken here", "write `\\` before each of the characters");
            }
            'C' => return named("`\\C`, which Go has, is not taken here", "write `(?s:.)`"),
            'p' | 'P' => {
                return named(
                    "classes of Unicode are not taken here: bytes are matched",
                    "write the letters that are meant",
                );
            }
            '0'..='9' => {
                return named(
                    "references to groups are not possible in linear time, and octal numbers are not taken",
                    "write `\\x41` for a byte",
                );
            }
            _ => {}
        }
    }
    named(
        &format!("this is no expression: {}", kind.trim_end_matches('.')),
        "correct it; https://github.com/google/re2/wiki/Syntax describes the syntax, of which `\\Q`, `\\C` and `\\p` are not taken",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_has_and_this_has_not_is_named() {
        for (text, named) in [
            (r"a(?=b)", "looking ahead or behind is not possible in linear time, at character 2"),
            (r"\Qa.b\E", "`\\Q…\\E`, which Go has, is not taken here, at character 1"),
            (r"x\C", "`\\C`, which Go has, is not taken here, at character 2"),
            (r"\pL+", "classes of Unicode are not taken here: bytes are matched, at character 1"),
            (
                r"(a)\1",
                "references to groups are not possible in linear time, and octal numbers are not taken, at character 4",
            ),
            (r"(a", "this is no expression: unclosed group, at character 1"),
            ("[^[]", "this is no expression: unclosed character class, at character 3"),
        ] {
            assert_eq!(check(text).unwrap_err().what, named, "{text}");
        }
        for text in
            [r"(?i)ab\z", r"(?P<name>a)", r"(?<name>a)", r"[[:alpha:]]+", r"(?sU)a.*b", r"\x{41}\x42\t", r"[\w.-]{3,}?"]
        {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn sizes_are_limited() {
        assert!(Pattern::new(&"a".repeat(MAX_TEXT + 1)).unwrap_err().what.contains("has 4097 bytes"));
        assert!(
            Pattern::new(r"(?:[a-z]{1,1000}[0-9]{1,1000}){1,1000}").unwrap_err().what.contains("more than 128 KiB")
        );
        assert!(check(&("(".repeat(60) + &")".repeat(60))).is_err());
        assert!(Pattern::new(r"[A-Za-z0-9_-]{20,400}").is_ok());
    }

    #[test]
    fn classes_are_ascii() {
        assert!(!Pattern::new(r"^\w+$").unwrap().is_match("é".as_bytes()));
        assert!(Pattern::new("é+").unwrap().is_match("éé".as_bytes()));
        assert!(Pattern::new(r"a.b").unwrap().is_match(b"a\xffb"));
    }

    #[test]
    fn expressions_over_lines_are_told_apart() {
        let crosses = |text: &str| Pattern::new(text).unwrap().crosses_lines;
        for text in [r"a[\s\S]{3}", "(?s)a.b", r#"a[^"]+"#, r"a\nb"] {
            assert!(crosses(text), "{text}");
        }
        for text in [r"a\s*=\s*b", r"a.b", r#"a[^\s"]+"#, r"(?m)^a$"] {
            assert!(!crosses(text), "{text}");
        }
    }

    #[test]
    fn keywords_are_taken_from_beginnings() {
        let taken = |text: &str| beginnings(text).map(|found| found.join(" "));
        assert_eq!(taken(r"\b(acme_[0-9a-f]{8})"), Some("acme_".into()));
        assert_eq!(taken(r"(?i)abc-[0-9]"), Some("abc-".into()));
        assert_eq!(taken(r"(?:live|test)_x"), Some("live_x test_x".into()));
        for text in [r"[a-z]+_secret", r"ab\d", r".*acme", ""] {
            assert_eq!(taken(text), None, "{text}");
        }
    }
}
