//! What the wording of a sentence or a heading says about its weight: decisions, constraints, what must not be done, and
//! the sections that a kind of bundle is about.

use std::ops::Range;

use super::code_spans::code_spans;
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
            Self::Plan => &["decision", "decisions", "rollback"],
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

/// The clauses of the sentence that forbid, rule out or take away: from one comma or the like to the next.
pub fn denials(sentence: &str) -> Vec<Range<usize>> {
    let words: Vec<Range<usize>> = occurrences(sentence, DENIES).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let parts = Parts::of(sentence);
    let mut found: Vec<Range<usize>> = words.into_iter().map(|word| parts.clause(sentence, word)).collect();
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, kept| {
        let overlap = next.start < kept.end;
        if overlap {
            kept.end = kept.end.max(next.end);
        }
        overlap
    });
    found
}

/// Where a sentence can be cut, found in one pass for all its clauses.
struct Parts {
    /// The marks that part clauses.
    marks: Vec<Range<usize>>,
    /// Where blanks stand.
    blanks: Vec<usize>,
}

impl Parts {
    fn of(sentence: &str) -> Self {
        let spans = code_spans(sentence);
        let mut parts = Self { marks: Vec::new(), blanks: Vec::new() };
        let mut next_span = spans.iter().peekable();
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

    /// The clause around `word`.
    fn clause(&self, sentence: &str, word: Range<usize>) -> Range<usize> {
        let next = self.marks.partition_point(|mark| mark.start < word.start);
        let mut start = next.checked_sub(1).map_or(0, |last| self.marks[last].end);
        let mut end = self.marks.get(next).map_or(sentence.len(), |mark| mark.start);
        let blanks_before = |at: usize| self.blanks.partition_point(|blank| *blank < at);
        let (first, own) = (blanks_before(start), blanks_before(word.start));
        if own - first > CLAUSE_WORDS {
            start = self.blanks[own - 1 - CLAUSE_WORDS];
        }
        let (first, last) = (blanks_before(word.end), blanks_before(end));
        if last - first > CLAUSE_WORDS {
            end = self.blanks[first + CLAUSE_WORDS];
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

/// Where one of `words`, in any case, stands in `text` as a word or words of its own, in order; the longest of several.
/// One pass over the text, whatever the number of words.
fn occurrences<'a>(text: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let bytes = text.as_bytes();
    // Most words begin with a letter with which none of `words` begins.
    let letters = words.iter().fold(0_u32, |letters, word| letters | letter(word.as_bytes()[0]));
    let may_begin = move |at: &usize| letter(bytes[*at].to_ascii_lowercase()) & letters != 0;
    let starts_word = move |at: &usize| {
        may_begin(at) && is_part(&bytes[*at]) && at.checked_sub(1).is_none_or(|last| !is_part(&bytes[last]))
    };
    (0..bytes.len()).filter(starts_word).filter_map(move |at| {
        let first = bytes[at].to_ascii_lowercase();
        let ends = words.iter().filter(|word| word.as_bytes()[0] == first).filter_map(|word| {
            let end = at + word.len();
            let fits = bytes.get(at..end)?.eq_ignore_ascii_case(word.as_bytes());
            (fits && bytes.get(end).is_none_or(|after| !is_part(after))).then_some(end)
        });
        ends.max().map(|end| at..end)
    })
}

/// A bit for each letter, none for other bytes.
fn letter(byte: u8) -> u32 {
    if byte.is_ascii_lowercase() { 1 << (byte - b'a') } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(sentence: &str) -> Vec<&str> {
        denials(sentence).into_iter().map(|range| &sentence[range]).collect()
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
