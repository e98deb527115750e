//! The gate of every bundle: each fact that must be kept is looked up in the shorter text.
//!
//! Whoever shortened it, a program or a model, is not asked. What Markdown adds (backticks, emphasis, brackets) and where
//! lines break does not matter; a fact counts only as a whole: `10 ms` is not found in `110 ms`.

use std::collections::HashSet;

use super::units::{MustKeep, Reading};

/// A text in which facts are looked up.
pub struct Evidence {
    exact: String,
    folded: String,
}

impl Evidence {
    /// Prepares `text`.
    pub fn of(text: &str) -> Self {
        let exact = plain(text);
        Self { folded: exact.to_lowercase(), exact }
    }

    /// Whether the text says the fact. Sentences and clauses may differ in case, names, paths and numbers may not.
    pub fn says(&self, fact: &MustKeep) -> bool {
        let plain = plain(&fact.text);
        if fact.kind.is_wording() {
            stands_in(&self.folded, &plain.to_lowercase())
        } else {
            stands_in(&self.exact, &plain)
        }
    }
}

/// The facts of `reading` that `text` lost, in order, each once.
pub fn lost<'r>(reading: &'r Reading, text: &str) -> Vec<&'r MustKeep> {
    let evidence = Evidence::of(text);
    let mut seen = HashSet::new();
    reading.facts.iter().filter(|fact| seen.insert(&fact.text) && !evidence.says(fact)).collect()
}

/// Text without what Markdown adds, and with single blanks.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for c in text.chars() {
        if c.is_whitespace() {
            if !blank {
                out.push(' ');
            }
            blank = true;
        } else if !matches!(c, '`' | '*' | '[' | ']' | '\\') {
            out.push(c);
            blank = false;
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether `fact` stands in `text` as a whole.
fn stands_in(text: &str, fact: &str) -> bool {
    if fact.is_empty() {
        return true;
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let begins = fact.starts_with(is_part);
    let ends = fact.ends_with(is_part);
    let ends_in_digit = fact.ends_with(|c: char| c.is_ascii_digit());
    let mut from = 0;
    while let Some(at) = text[from..].find(fact).map(|at| from + at) {
        let end = at + fact.len();
        let mut after = text[end..].chars();
        let next = after.next();
        let goes_on = ends && next.is_some_and(is_part)
            || ends_in_digit && next == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit());
        let comes_from = begins && text[..at].ends_with(is_part);
        if !goes_on && !comes_from {
            return true;
        }
        from = at + fact.chars().next().map_or(1, char::len_utf8);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_as_wholes() {
        assert!(stands_in("takes 10 ms at most", "10 ms"));
        assert!(!stands_in("takes 110 ms", "10 ms"));
        assert!(!stands_in("Rust 1.85.0", "1.85"));
        assert!(stands_in("Rust 1.85.", "1.85"));
        assert!(!stands_in("read_line", "read"));
        assert!(stands_in("read_line, read", "read"));
        assert!(stands_in("a -- b", "--"));
    }

    #[test]
    fn markup_does_not_matter() {
        assert_eq!(plain(" **must** run\n  `a  b` of [c] "), "must run a b of c");
    }
}
