//! The gate of every bundle: each fact that must be kept is looked up in the shorter text.
//!
//! Whoever shortened it, a program or a model, is not asked. The text is read block by block, as sources are: what Markdown adds
//! (backticks, emphasis, brackets) and where lines break does not matter. A fact counts only as a whole, which depends on its
//! kind: `wholeness` says where it ends.

use std::collections::HashSet;
use std::ops::Range;

use super::blocks::{Shape, blocks};
use super::cleaning::{joined, text_of_html};
use super::code_blocks::{all_lines, kept_of_code};
use super::code_spans::code_spans;
use super::keep::KEEP;
use super::units::{MustKeep, Reading};
use super::wholeness::{is_name, is_whole};
use crate::model::fnv::fnv64;

/// A text in which facts are looked up: each block a line.
pub struct Evidence {
    /// As it stands.
    raw: Indexed,
    /// Without the marks of Markdown outside code; backticks stay, because they say where code ends.
    exact: Indexed,
    /// Without any marks, in lower case.
    worded: Indexed,
}

impl Evidence {
    /// Prepares `text`.
    pub fn of(text: &str) -> Self {
        let mut lines = Lines::default();
        let mut end = 0;
        for block in blocks(text) {
            // What is no block, such as the target of a link, says something all the same.
            text[end..block.range.start].lines().for_each(|line| lines.running(line));
            end = block.range.end;
            let raw = &text[block.range.clone()];
            match block.shape {
                Shape::Code(language) => {
                    for line in raw.lines() {
                        lines.code(line);
                        if line.contains(KEEP) {
                            lines.code(&kept_of_code(line));
                        }
                    }
                    all_lines(raw, &language).iter().for_each(|command| lines.code(command));
                }
                Shape::Table => raw.lines().for_each(|line| lines.running(line)),
                Shape::Html => {
                    lines.running(raw);
                    lines.running(&text_of_html(raw));
                }
                _ => lines.running(&joined(raw, block.quoted)),
            }
        }
        text[end..].lines().for_each(|line| lines.running(line));
        Self { raw: Indexed::of(lines.raw), exact: Indexed::of(lines.exact), worded: Indexed::of(lines.worded) }
    }

    /// Whether the text says the fact. Sentences and clauses may differ in case, names, paths and numbers may not.
    pub fn says(&self, fact: &MustKeep) -> bool {
        if fact.kind.is_wording() {
            return self.worded.holds(fact, &plain(&fact.text).to_lowercase());
        }
        let text = single_blanks(&fact.text);
        // What has marks itself is looked up among marks.
        let evidence = if text.contains(is_mark) || text.contains('`') { &self.raw } else { &self.exact };
        evidence.holds(fact, &text)
    }
}

/// The facts of `reading` that `text` lost, in order, each once.
pub fn lost<'r>(reading: &'r Reading, text: &str) -> Vec<&'r MustKeep> {
    let evidence = Evidence::of(text);
    let mut seen = HashSet::new();
    reading.facts.iter().filter(|fact| seen.insert((fact.kind, &fact.text)) && !evidence.says(fact)).collect()
}

#[derive(Default)]
struct Lines {
    raw: String,
    exact: String,
    worded: String,
}

impl Lines {
    fn running(&mut self, text: &str) {
        let line = single_blanks(text);
        let mut from = 0;
        for span in code_spans(&line) {
            self.exact.extend(line[from..span.whole.start].chars().filter(|c| !is_mark(*c)));
            self.exact.push_str(&line[span.whole.clone()]);
            from = span.whole.end;
        }
        self.exact.extend(line[from..].chars().filter(|c| !is_mark(*c)));
        self.end(&line);
    }

    fn code(&mut self, text: &str) {
        let line = single_blanks(text);
        self.exact.push_str(&line);
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        self.raw.push_str(line);
        self.worded.push_str(&plain(line).to_lowercase());
        for text in [&mut self.raw, &mut self.exact, &mut self.worded] {
            text.push('\n');
        }
    }
}

/// A text whose words are found without looking through it.
struct Indexed {
    text: String,
    /// Runs of letters and digits: the hash of each and where it stands, sorted.
    runs: Vec<(u64, usize)>,
}

impl Indexed {
    fn of(text: String) -> Self {
        let mut runs: Vec<(u64, usize)> = runs(&text).map(|run| (hash(&text[run.clone()]), run.start)).collect();
        runs.sort_unstable();
        Self { text, runs }
    }

    /// Whether `needle`, which says the fact, stands here as a whole.
    fn holds(&self, fact: &MustKeep, needle: &str) -> bool {
        let places = |run: &Range<usize>| {
            let hash = hash(&needle[run.clone()]);
            let from = self.runs.partition_point(|(other, _)| *other < hash);
            let to = self.runs.partition_point(|(other, _)| *other <= hash);
            &self.runs[from..to]
        };
        let Some((run, places)) =
            runs(needle).map(|run| (run.clone(), places(&run))).min_by_key(|(_, places)| places.len())
        else {
            return true;
        };
        places.iter().any(|(_, at)| {
            let Some(start) = at.checked_sub(run.start) else { return false };
            let end = start + needle.len();
            self.text.as_bytes().get(start..end) == Some(needle.as_bytes())
                && is_whole(fact.kind, &self.text[..start], needle, &self.text[end..])
        })
    }
}

/// The runs of letters, digits and underscores in a text.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let parts = text.split(|c: char| !is_name(c)).filter(|run| !run.is_empty());
    parts.map(|run| {
        let start = run.as_ptr() as usize - text.as_ptr() as usize;
        start..start + run.len()
    })
}

fn hash(word: &str) -> u64 {
    fnv64(word.bytes())
}

/// What Markdown adds to words, backticks aside.
fn is_mark(c: char) -> bool {
    matches!(c, '*' | '[' | ']' | '\\')
}

/// Text with single blanks and with the apostrophe that keyboards have.
fn single_blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        out.push_str(if out.is_empty() { "" } else { " " });
        out.extend(word.chars().map(|c| if c == '’' { '\'' } else { c }));
    }
    out
}

/// Text without what Markdown adds, and with single blanks.
pub(super) fn plain(text: &str) -> String {
    single_blanks(&text.replace(|c| is_mark(c) || c == '`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::facts::FactKind;

    fn says(text: &str, kind: FactKind, fact: &str) -> bool {
        Evidence::of(text).says(&MustKeep { kind, text: fact.to_owned(), unit: 0, shown: None, line: 1 })
    }

    #[test]
    fn markup_does_not_matter() {
        assert_eq!(plain(" **must** run\n  `a  b` of [c] "), "must run a b of c");
        assert!(says("We **don’t**\nretry `x`.", FactKind::Denial, "We don't retry x"));
        assert!(says("after **30** minutes", FactKind::Number, "30 minutes"));
        assert!(says("> see *docs/a.md*:\n> there", FactKind::Path, "docs/a.md"));
        assert!(says("[a]\n\n[a]: https://example.org/a\n", FactKind::Url, "https://example.org/a"));
        assert!(says("<!-- src/a.rs:3 -->", FactKind::Citation, "src/a.rs:3"));
    }

    #[test]
    fn marks_in_code_are_no_markup() {
        let clear = "Then `rm -rf build/*`, or `a[0]`.";
        assert!(says(clear, FactKind::Command, "rm -rf build/*") && says(clear, FactKind::Identifier, "a[0]"));
        assert!(!says(clear, FactKind::Command, "rm -rf build/"));
        assert!(!says("Then `rm -rf build/`, or `a0`.", FactKind::Command, "rm -rf build/*"));
        assert!(!says("Then `rm -rf build/`, or `a0`.", FactKind::Identifier, "a[0]"));
        assert!(says("see **src/*.rs**", FactKind::Path, "src/*.rs"));
    }

    #[test]
    fn blocks_of_code_are_read_by_lines() {
        let text = "```sh\n$ cargo test \\\n    --lib\n$ make\n```\n";
        assert!(says(text, FactKind::Command, "cargo test --lib") && says(text, FactKind::Command, "make"));
        assert!(!says(text, FactKind::Command, "cargo test"));
    }

    #[test]
    fn one_text_of_two_kinds_is_looked_up_twice() {
        let fact = |kind, text: &str| MustKeep { kind, text: text.to_owned(), unit: 0, shown: None, line: 1 };
        let facts = vec![fact(FactKind::Denial, "never cargo test"), fact(FactKind::Command, "never cargo test")];
        let reading = Reading { facts, ..Reading::default() };
        let lost = lost(&reading, "They never cargo test it.");
        assert_eq!(lost.iter().map(|fact| fact.kind).collect::<Vec<_>>(), [FactKind::Command]);
    }
}
