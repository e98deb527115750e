//! `!keep`: how an author marks what must be kept.

use super::code_spans::code_spans;

/// What marks a block, a row, a heading or a line of code that must be kept.
pub(super) const KEEP: &str = "!keep";

/// What may enclose a mark, so that it goes with it.
const PAIRS: &[(&str, &str)] =
    &[("(", ")"), ("[", "]"), ("{", "}"), ("*", "*"), ("_", "_"), ("\"", "\""), ("“", "”"), ("<!--", "-->")];

/// Running text without its marks; `None` where it has none. A mark is a word of its own, whatever punctuation and brackets are
/// at it, or all of a comment; in code it is only spoken of.
pub(super) fn without_mark(text: &str) -> Option<String> {
    text.contains(KEEP).then_some(())?;
    let spans = code_spans(text);
    let (mut out, mut from, mut found) = (String::new(), 0, false);
    for (at, _) in text.match_indices(KEEP) {
        let (mut start, mut end) = (at, at + KEEP.len());
        let span = spans.get(spans.partition_point(|span| span.whole.end <= at));
        let in_code = span.is_some_and(|span| span.whole.start <= at);
        let is_apart = |c: char| !c.is_alphanumeric() && !"!`-/".contains(c);
        let opens = text[..start].strip_suffix("--").unwrap_or(&text[..start]).chars().next_back().is_none_or(is_apart)
            || text[..start].ends_with("<!--");
        let closes = text[end..].chars().next().is_none_or(is_apart) || text[end..].starts_with("-->");
        if in_code || !opens || !closes || start < from {
            continue;
        }
        found = true;
        while let Some((before, after)) = PAIRS.iter().find_map(|(open, close)| {
            let before = text[from..start].trim_end().strip_suffix(open)?;
            let after = text[end..].trim_start().strip_prefix(close)?;
            Some((from + before.len(), text.len() - after.len()))
        }) {
            (start, end) = (before, after);
        }
        out.push_str(text[from..start].trim_end());
        let rest = text[end..].trim_start();
        let is_closed = out.is_empty() || out.ends_with(['.', '!', '?', ':', ';', ',', '…', '-', '(']);
        let rest = match rest.strip_prefix(['.', ',', ';', ':']) {
            Some(more) if is_closed && !more.starts_with(char::is_alphanumeric) => more.trim_start(),
            _ => rest,
        };
        from = text.len() - rest.len();
        if !out.is_empty() && !rest.is_empty() && !rest.starts_with(['.', ',', ';', ':', ')']) {
            out.push(' ');
        }
    }
    out.push_str(&text[from..]);
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_with_what_encloses_them() {
        for (text, rest) in [
            ("Ask Maria. !keep", "Ask Maria."),
            ("Ask Maria !keep.", "Ask Maria."),
            ("Ask Maria. !keep.", "Ask Maria."),
            ("Ask (!keep) Maria", "Ask Maria"),
            ("!keep: ask Maria", "ask Maria"),
            ("Ask **!keep** Maria <!-- !keep --> now", "Ask Maria now"),
            ("Ask Maria <!--!keep-->", "Ask Maria"),
            ("<!-- !keep: ask Maria -->", "<!-- ask Maria -->"),
            ("| a | !keep |", "| a | |"),
        ] {
            assert_eq!(without_mark(text).as_deref(), Some(rest), "{text}");
        }
        for text in ["a!keep", "!keeper", "use `!keep` for it", "!keep-alive", "!!keep"] {
            assert_eq!(without_mark(text), None, "{text}");
        }
    }
}
