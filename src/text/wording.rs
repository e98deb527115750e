//! What the wording of a sentence or a heading says about its weight: decisions, constraints, what must not be done, and
//! the sections that a kind of bundle is about.

use std::ops::Range;

use super::code_spans::{CodeSpan, code_spans};
use crate::model::bundle::BundleType;

/// Words of a sentence that decides or binds, whatever the bundle is for.
const DECIDES: &[&str] = &[
    "agreed",
    "chose",
    "chosen",
    "decided",
    "decision",
    "must",
    "recommend",
    "recommended",
    "rejected",
    "shall",
    "we will",
];

/// Words of a sentence that forbids, rules out, or takes away.
const DENIES: &[&str] = &[
    "can not",
    "can't",
    "cannot",
    "do not",
    "don't",
    "forbidden",
    "may not",
    "must not",
    "mustn't",
    "never",
    "no longer",
    "not allowed",
    "not possible",
    "not supported",
    "shall not",
    "should not",
    "shouldn't",
    "unsupported",
];

/// Words that turn the sense of a clause, whatever it says.
const TURNS: &[&str] = &[
    "aren't", "couldn't", "didn't", "doesn't", "hadn't", "hasn't", "haven't", "isn't", "neither", "no", "nor", "not",
    "wasn't", "weren't", "without", "won't", "wouldn't",
];

/// After these words `not` takes nothing away: `not only`.
const ADDS: &[&str] = &["just", "merely", "only"];

/// Words of a sentence that tells what one could not guess: exceptions, conditions, changes, causes.
const TELLS: &[&str] = &[
    "because",
    "breaking",
    "by default",
    "changed",
    "deprecated",
    "error",
    "errors",
    "except",
    "fails",
    "however",
    "instead",
    "limit",
    "minimum",
    "msrv",
    "note",
    "now",
    "only",
    "panic",
    "panics",
    "removed",
    "renamed",
    "replaced",
    "requires",
    "since",
    "so that",
    "unless",
    "unsafe",
    "warning",
    "without",
];

/// A clause that denies is kept with at most so many words on each side of what denies.
const CLAUSE_WORDS: usize = 12;

impl BundleType {
    /// Words in headings of the sections whose wording this kind of bundle keeps.
    fn kept_wording(self) -> &'static [&'static str] {
        match self {
            Self::Research => &[
                "constraints",
                "decision",
                "decisions",
                "out of scope",
                "pattern",
                "recommendation",
                "recommendations",
            ],
            Self::Plan => &["decision", "decisions", "deliverables", "rollback"],
            Self::Progress => {
                &["decision", "decisions", "deviations", "done", "git", "next", "next steps", "remaining"]
            }
        }
    }

    /// Words in headings of the sections whose facts this kind of bundle keeps.
    fn kept_facts(self) -> &'static [&'static str] {
        match self {
            Self::Research => {
                &["conclusion", "conclusions", "criteria", "limits", "measures", "open questions", "requirements"]
            }
            Self::Plan => {
                &["acceptance criteria", "changes", "commands", "files", "order", "plan", "risks", "steps", "tests"]
            }
            Self::Progress => &["blocked", "branch", "status", "tasks", "to do", "todo"],
        }
    }

    /// Whether a section under this heading is kept word for word.
    pub fn is_about_wording(self, heading: &str) -> bool {
        names_any(heading, self.kept_wording())
    }

    /// Whether the facts of a section under this heading are kept.
    pub fn is_about_facts(self, heading: &str) -> bool {
        names_any(heading, self.kept_facts())
    }
}

/// Whether a heading is little more than one of `words`: `5. Rollback`, `Git state`, and not `How a file is done well`.
fn names_any(heading: &str, words: &[&str]) -> bool {
    let count = |text: &str| text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).count();
    occurrences(heading, words).any(|found| count(heading) <= count(&heading[found]) + 1)
}

/// Whether the sentence decides something or binds whoever reads it.
pub fn decides(sentence: &str) -> bool {
    occurrences(sentence, DECIDES).next().is_some()
}

/// How often the text uses words that tell what one could not guess.
pub fn telling(text: &str) -> usize {
    occurrences(text, TELLS).count()
}

/// A clause that denies, from one comma or the like to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Its bytes in the sentence.
    pub clause: Range<usize>,
    /// Whether it forbids, rules out or takes away by its own words; otherwise it is what it denies that gives it weight.
    pub forbids: bool,
}

/// The clauses of the sentence that deny, apart and in order. Words in code deny nothing.
pub fn denials(sentence: &str) -> Vec<Denial> {
    let forbids = occurrences(sentence, DENIES).map(|word| (word, true));
    let turns = occurrences(sentence, TURNS).filter(|word| !adds(&sentence[word.end..])).map(|word| (word, false));
    let words: Vec<(Range<usize>, bool)> = forbids.chain(turns).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let parts = Parts::of(sentence);
    let outside = words.into_iter().filter(|(word, _)| parts.span_at(word.start).is_none());
    let mut found: Vec<Denial> =
        outside.map(|(word, forbids)| Denial { clause: parts.clause(sentence, word), forbids }).collect();
    found.sort_by_key(|denial| (denial.clause.start, denial.clause.end));
    found.dedup_by(|next, kept| {
        let overlap = next.clause.start < kept.clause.end;
        if overlap {
            kept.clause.end = kept.clause.end.max(next.clause.end);
            kept.forbids |= next.forbids;
        }
        overlap
    });
    found
}

fn adds(after: &str) -> bool {
    occurrences(after.trim_start(), ADDS).next().is_some_and(|word| word.start == 0)
}

/// Where a sentence can be cut, found in one pass for all its clauses.
struct Parts {
    /// The marks that part clauses.
    marks: Vec<Range<usize>>,
    /// Where blanks stand.
    blanks: Vec<usize>,
    spans: Vec<CodeSpan>,
}

impl Parts {
    fn of(sentence: &str) -> Self {
        let mut parts = Self { marks: Vec::new(), blanks: Vec::new(), spans: code_spans(sentence) };
        let mut next_span = parts.spans.iter().peekable();
        for (at, c) in sentence.char_indices() {
            while next_span.next_if(|span| span.whole.end <= at).is_some() {}
            let in_code = next_span.peek().is_some_and(|span| span.whole.start <= at);
            match c {
                ',' | ';' | ':' | '(' | ')' | '—' if !in_code && ends_clause(sentence, at, c) => {
                    parts.marks.push(at..at + c.len_utf8());
                }
                c if c.is_whitespace() => parts.blanks.push(at),
                _ => {}
            }
        }
        parts
    }

    /// The code that the byte at `at` is part of.
    fn span_at(&self, at: usize) -> Option<&CodeSpan> {
        let next = self.spans.partition_point(|span| span.whole.end <= at);
        self.spans.get(next).filter(|span| span.whole.start <= at)
    }

    /// The clause around `word`.
    fn clause(&self, sentence: &str, word: Range<usize>) -> Range<usize> {
        let next = self.marks.partition_point(|mark| mark.start < word.start);
        let mut start = next.checked_sub(1).map_or(0, |last| self.marks[last].end);
        let mut end = self.marks.get(next).map_or(sentence.len(), |mark| mark.start);
        let blanks_before = |at: usize| self.blanks.partition_point(|blank| *blank < at);
        let (first, own) = (blanks_before(start), blanks_before(word.start));
        if own - first > CLAUSE_WORDS {
            start = self.blanks[own - 1 - CLAUSE_WORDS];
            start = self.span_at(start).map_or(start, |span| span.whole.start);
        }
        let (first, last) = (blanks_before(word.end), blanks_before(end));
        if last - first > CLAUSE_WORDS {
            end = self.blanks[first + CLAUSE_WORDS];
            end = self.span_at(end).map_or(end, |span| span.whole.end);
        }
        let part = &sentence[start..end];
        let lead = part.len() - part.trim_start().len();
        start + lead..start + part.trim_end_matches(|c: char| c.is_whitespace() || c == '.').len().max(lead)
    }
}

/// A comma in `1,000`, a colon in `a::b` and a bracket in `f()` part nothing.
fn ends_clause(sentence: &str, at: usize, c: char) -> bool {
    match c {
        '(' => sentence[..at].ends_with(char::is_whitespace),
        ')' => !sentence[..at].ends_with('('),
        '—' => true,
        _ => sentence[at + c.len_utf8()..].starts_with(char::is_whitespace),
    }
}

/// Where one of `words`, in any case, stands in `text` as a word or words of its own, in order; the longest of several. Marks of
/// emphasis may stand around and between them, and `’` for `'`. One pass over the text, whatever the number of words.
fn occurrences<'a>(text: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = Range<usize>> + 'a {
    let bytes = text.as_bytes();
    // Most words begin with a letter with which none of `words` begins.
    let letters = words.iter().fold(0_u32, |letters, word| letters | letter(word.as_bytes()[0]));
    let may_begin = move |at: &usize| {
        letter(bytes[*at].to_ascii_lowercase()) & letters != 0
            && at.checked_sub(1).is_none_or(|last| !bytes[last].is_ascii_alphanumeric())
    };
    (0..bytes.len()).filter(may_begin).filter_map(move |at| {
        let first = bytes[at].to_ascii_lowercase();
        let ends = words.iter().filter(|word| word.as_bytes()[0] == first).filter_map(|word| {
            let end = end_of(word.as_bytes(), bytes, at)?;
            // Underscores are emphasis where no name goes on behind them.
            let goes_on = text[end..].trim_start_matches('_').starts_with(char::is_alphanumeric)
                || text[..at].trim_end_matches('_').ends_with(char::is_alphanumeric);
            (!goes_on).then_some(end)
        });
        ends.max().map(|end| at..end)
    })
}

/// Where `word`, in lower case, ends in `text` if it begins at `at`.
fn end_of(word: &[u8], text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    for byte in word {
        end += match (byte, text.get(end)?) {
            (b' ', _) => {
                let gap = text[end..].iter().take_while(|byte| b" *_".contains(byte)).count();
                text[end..end + gap].contains(&b' ').then_some(gap)?
            }
            (b'\'', 0xe2) => text[end..].starts_with("’".as_bytes()).then_some("’".len())?,
            (byte, own) => own.eq_ignore_ascii_case(byte).then_some(1)?,
        };
    }
    Some(end)
}

/// A bit for each letter, none for other bytes.
fn letter(byte: u8) -> u32 {
    if byte.is_ascii_lowercase() { 1 << (byte - b'a') } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(sentence: &str) -> Vec<&str> {
        denials(sentence).into_iter().filter(|denial| denial.forbids).map(|denial| &sentence[denial.clause]).collect()
    }

    /// The clauses that turn, and forbid nothing by their own words.
    fn turned(sentence: &str) -> Vec<&str> {
        denials(sentence).into_iter().filter(|denial| !denial.forbids).map(|denial| &sentence[denial.clause]).collect()
    }

    #[test]
    fn what_binds_is_known_by_its_words() {
        for sentence in ["We decided for SQLite.", "A key must be 32 bytes long.", "Decision: no cache."] {
            assert!(decides(sentence), "{sentence}");
        }
        for sentence in ["Use `must_use` here.", "An indecision.", "It is mustard."] {
            assert!(!decides(sentence), "{sentence}");
        }
    }

    #[test]
    fn denials_are_clauses() {
        assert_eq!(clauses("For keys, never reuse a nonce, even once."), ["never reuse a nonce"]);
        assert_eq!(
            clauses("It cannot fail, and `a, b` do not block (they never wait)."),
            ["It cannot fail", "and `a, b` do not block", "they never wait"]
        );
        assert_eq!(clauses("A limit of 1,000 can't be raised."), ["A limit of 1,000 can't be raised"]);
        assert_eq!(clauses("All is well."), [""; 0]);
        let long = format!("{}never{}", "a ".repeat(40), " b".repeat(40));
        assert_eq!(clauses(&long), [format!("{}never{}", "a ".repeat(12), " b".repeat(12))]);
    }

    #[test]
    fn emphasis_and_apostrophes_hide_no_denial() {
        for sentence in [
            "It must **not** wait",
            "It _never_ waits",
            "It *can*not",
            "It can’t wait",
            "Do __not__ wait",
            "“never” wait",
        ] {
            assert_eq!(clauses(sentence).len(), usize::from(sentence != "It *can*not"), "{sentence}");
        }
        assert!(decides("We **must** go") && decides("we *will* go") && !decides("`must_use`"));
        assert_eq!(clauses("An `unsupported` mode, and `must not`."), [""; 0]);
    }

    #[test]
    fn plain_words_turn_a_clause() {
        assert_eq!(
            turned("It does not read `x`, isn’t `Send`, has no lock, and runs without `y`."),
            ["It does not read `x`", "isn’t `Send`", "has no lock", "and runs without `y`"]
        );
        assert_eq!(turned("Not only `x`, but nothing else; a knot, No_one."), [""; 0]);
        assert!(denials("They must not wait")[0].forbids);
    }

    #[test]
    fn long_clauses_are_cut_outside_code() {
        let sentence = format!("never{} `cargo test --lib --all` more", " b".repeat(11));
        assert!(clauses(&sentence)[0].ends_with("`cargo test --lib --all`"));
    }

    #[test]
    fn sections_belong_to_kinds() {
        assert!(BundleType::Research.is_about_wording("Out of scope"));
        assert!(BundleType::Plan.is_about_wording("5. Rollback"));
        assert!(BundleType::Progress.is_about_wording("Git state"));
        assert!(BundleType::Plan.is_about_facts("Changes") && !BundleType::Plan.is_about_wording("Changes"));
        for heading in ["Digits", "Changelog", "How a release is done well", ""] {
            assert!(!BundleType::Progress.is_about_wording(heading), "{heading}");
        }
    }
}
