//! Sentences in running text.

use std::ops::Range;

use super::code_spans::{code_spans, end_of_span};

/// Words after whose full stop no sentence ends.
const ABBREVIATIONS: &[&str] = &[
    "e.g", "i.e", "etc", "vs", "cf", "approx", "resp", "incl", "dr", "mr", "mrs", "fig", "no", "eq", "sec", "al", "viz",
];

/// What ends a sentence where no blanks stand between words.
pub(super) const WIDE_ENDS: [char; 4] = ['。', '！', '？', '｡'];
/// What may close behind it.
const WIDE_CLOSERS: [char; 8] = ['」', '』', '）', '”', '’', '》', '】', '〉'];

/// The sentences of `text`, which is one paragraph, in order and without the blanks between them. Together they hold
/// everything but blanks. Wide marks end one without a blank behind them. Full stops in code spans, numbers, paths and
/// abbreviations end nothing.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let spans = code_spans(text);
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'`' => at = end_of_span(&spans, at).map_or(at, |end| end - 1),
            b'.' | b'!' | b'?' => {
                let mut end = at + 1;
                while end < bytes.len()
                    && matches!(bytes[end], b'.' | b'!' | b'?' | b')' | b'"' | b'\'' | b'*' | b'_' | b']')
                {
                    end += 1;
                }
                if ends_sentence(text, start, at, end) {
                    push(text, start..end, &mut found);
                    start = end;
                }
                at = end;
                continue;
            }
            // The first bytes of wide marks.
            0xe3 | 0xef => {
                let rest = &text[at..];
                let after = rest.trim_start_matches(WIDE_ENDS);
                if after.len() < rest.len() {
                    at = text.len() - after.len();
                    let closed = after.trim_start_matches(WIDE_CLOSERS);
                    // What was quoted may go on: 「…。」と.
                    if closed.len() == after.len() || closed.is_empty() || closed.starts_with(char::is_whitespace) {
                        at = text.len() - closed.len();
                        push(text, start..at, &mut found);
                        start = at;
                    }
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    push(text, start..text.len(), &mut found);
    found
}

fn push(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let start = range.start + part.len() - part.trim_start().len();
    let end = range.start + part.trim_end().len();
    if start < end {
        found.push(start..end);
    }
}

/// Whether the mark at `at`, with what closes behind it up to `end`, is a sentence's end.
fn ends_sentence(text: &str, start: usize, at: usize, end: usize) -> bool {
    let rest = &text[end..];
    let next = rest.trim_start();
    if next.is_empty() {
        return true;
    }
    if rest.len() == next.len() || next.starts_with(|c: char| c.is_lowercase()) {
        return false;
    }
    if text.as_bytes()[at] != b'.' {
        return true;
    }
    let before = text[start..at].rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let is_initial = before.chars().count() == 1 && before.chars().all(char::is_uppercase);
    let lower = before.to_lowercase();
    !is_initial && !ABBREVIATIONS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        assert_eq!(
            split("Use 1.5 or e.g. `a. B`, i.e. both. It works! (Really?) Then J. Doe left."),
            ["Use 1.5 or e.g. `a. B`, i.e. both.", "It works!", "(Really?)", "Then J. Doe left."]
        );
        assert_eq!(split("See src/a.rs. `b` follows"), ["See src/a.rs.", "`b` follows"]);
        assert_eq!(split("one ... two"), ["one ... two"]);
        assert_eq!(split("  "), [""; 0]);
        assert_eq!(
            split("今日は晴れ。明日は雨！？「行く。」と言った。（終）好。 Then v1.5。"),
            ["今日は晴れ。", "明日は雨！？", "「行く。」と言った。", "（終）好。", "Then v1.5。"]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "([a-zA-Z0-9.!?`()\"' \n]|é|日|。|」|？){0,60}") {
            let joined: String = split(&text).concat();
            let without = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(without(&joined), without(&text));
        }
    }
}
