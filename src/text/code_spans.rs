//! Code spans in running text: the one reader of backticks.

use std::collections::HashMap;
use std::ops::Range;

/// A code span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CodeSpan {
    /// With its backticks.
    pub(super) whole: Range<usize>,
    /// Without them.
    pub(super) inner: Range<usize>,
}

/// The code spans of `text`, which is one paragraph, in order. As in Markdown, a run of backticks is closed by the next run
/// that is as long; one that nothing closes is text. One pass, whatever is left open.
pub(super) fn code_spans(text: &str) -> Vec<CodeSpan> {
    let bytes = text.as_bytes();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('`').map(|offset| from + offset) {
        from = start + bytes[start..].iter().take_while(|byte| **byte == b'`').count();
        runs.push(start..from);
    }
    // From the end on, the next run of each length.
    let mut next: HashMap<usize, usize> = HashMap::new();
    let closing: Vec<Option<usize>> =
        (0..runs.len()).rev().map(|at| next.insert(runs[at].len(), at)).collect::<Vec<_>>().into_iter().rev().collect();
    let (mut spans, mut at) = (Vec::new(), 0);
    while at < runs.len() {
        at = match closing[at] {
            Some(end) => {
                spans.push(CodeSpan { whole: runs[at].start..runs[end].end, inner: runs[at].end..runs[end].start });
                end + 1
            }
            None => at + 1,
        };
    }
    spans
}

/// The end of the code span that begins at `at`.
pub(super) fn end_of_span(spans: &[CodeSpan], at: usize) -> Option<usize> {
    let place = spans.binary_search_by_key(&at, |span| span.whole.start).ok()?;
    Some(spans[place].whole.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Parser};

    fn inner(text: &str) -> Vec<&str> {
        code_spans(text).into_iter().map(|span| &text[span.inner]).collect()
    }

    #[test]
    fn runs_are_closed_by_runs_as_long() {
        assert_eq!(inner("`a` ``b ` c`` `d"), ["a", "b ` c"]);
        assert_eq!(inner("```a ``b` c`"), [" c"]);
        assert_eq!(inner("no code"), [""; 0]);
    }

    proptest! {
        /// The parser of Markdown is the oracle, for text without other marks.
        #[test]
        fn spans_are_those_of_markdown(text in "a(`{1,3}|a|b | ){0,20}b") {
            let expected: Vec<String> = Parser::new(&text)
                .filter_map(|event| if let Event::Code(code) = event { Some(code.trim().to_owned()) } else { None })
                .collect();
            let found: Vec<String> = inner(&text).into_iter().map(|code| code.trim().to_owned()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
