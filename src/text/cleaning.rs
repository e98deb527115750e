//! Running text without what only a rendered page needs: link targets, images, comments, lists of references.
//!
//! What remains is the source's own words in their order; code spans are not touched.

use std::ops::Range;

use super::code_spans::{CodeSpan, code_spans, end_of_span};

/// Elements of HTML that people use in Markdown; other `<…>` is text, such as `Vec<u8>`.
const TAGS: &[&str] = &[
    "a", "b", "br", "center", "code", "dd", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "hr",
    "i", "img", "kbd", "p", "small", "span", "strong", "sub", "summary", "sup", "u",
];

/// The lines of a block as one line. `quoted` blocks lose the `>` that begins their lines.
pub(super) fn joined(block: &str, quoted: bool) -> String {
    let mut out = String::with_capacity(block.len());
    for line in block.lines() {
        let mut line = line.trim();
        while quoted && let Some(rest) = line.strip_prefix('>') {
            line = rest.trim_start();
        }
        if !line.is_empty() {
            out.push_str(if out.is_empty() { "" } else { " " });
            out.push_str(line.trim_end_matches('\\').trim_end());
        }
    }
    out
}

/// Running text as people read it.
pub(super) struct Cleaned<'t> {
    /// One line.
    pub(super) text: String,
    /// Where its links lead, in order, or their labels in brackets, which may have no definition; pictures are none.
    pub(super) targets: Vec<&'t str>,
}

/// One line of running text without link targets, images, comments and references to issues in brackets.
pub(super) fn cleaned(text: &str) -> Cleaned<'_> {
    let mut targets = Vec::new();
    let spans = code_spans(text);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = text[from..].find(['`', '[', '!', '<', '(']).map(|offset| from + offset) {
        out.push_str(&text[from..at]);
        let rest = &text[at..];
        let taken = match rest.as_bytes()[0] {
            b'`' => end_of_span(&spans, at).map(|end| (end - at, Some(&text[at..end]))),
            b'!' if rest.starts_with("![") => link(text, at + 1, &spans).map(|link| (1 + link.length, None)),
            b'[' => link(text, at, &spans).filter(|link| note_label(rest, link, &mut targets)).map(|link| {
                let shown = &rest[..link.shown];
                // A picture that leads somewhere is a picture.
                let is_text = !link.is_empty && !shown.contains("![");
                let target = &rest[link.shown..link.length];
                if is_text && target.starts_with('(') {
                    let target = target[1..target.len() - 1].trim();
                    let end = target.find([' ', '>']).unwrap_or(target.len());
                    targets.push(target[..end].trim_start_matches('<'));
                }
                (link.length, is_text.then_some(shown))
            }),
            b'<' if rest.starts_with("<!--") => Some((rest.find("-->").map_or(rest.len(), |end| end + 3), None)),
            b'<' => tag(rest).map(|length| (length, None)),
            b'(' => references(text, at, &spans).map(|length| (length, None)),
            _ => None,
        };
        from = match taken {
            Some((length, kept)) => {
                out.push_str(kept.unwrap_or_default());
                at + length
            }
            None => {
                out.push_str(&rest[..1]);
                at + 1
            }
        };
    }
    out.push_str(&text[from..]);
    Cleaned { text: single_blanks(&out), targets }
}

/// Notes the label of a link that leads where its definition says: `[text][label]`, `[text][]`, `[text]`. Whether it is a link
/// without a doubt.
fn note_label<'t>(rest: &'t str, link: &Link, targets: &mut Vec<&'t str>) -> bool {
    let (shown, target) = (&rest[..link.shown], &rest[link.shown..link.length]);
    match target {
        _ if link.is_empty || shown.contains("![") => {}
        "" | "[]" => targets.push(shown),
        _ if target.starts_with('[') => targets.push(target),
        _ => {}
    }
    link.has_target || link.is_empty
}

/// What people read of HTML: no tags, comments, scripts and styles.
pub(super) fn text_of_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_tag = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let hidden = [("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")];
        let end = match hidden.iter().find(|(open, _)| rest.starts_with(open)) {
            Some((_, close)) => Some(rest.find(close).map_or(rest.len(), |end| end + close.len())),
            None if is_tag => Some(rest.find('>').map_or(rest.len(), |end| end + 1)),
            None => None,
        };
        out.push_str(if end.is_some() { " " } else { "<" });
        rest = &rest[end.unwrap_or(1)..];
    }
    out.push_str(rest);
    out
}

/// What the comments of HTML say.
pub(super) fn comments_of_html(html: &str) -> String {
    let comments = html.split("<!--").skip(1).map(|rest| rest.split("-->").next().unwrap_or_default());
    comments.collect::<Vec<_>>().join(" ")
}

fn single_blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let closes = matches!(word, "." | "," | ";" | ":");
        out.push_str(if out.is_empty() || closes { "" } else { " " });
        out.push_str(word);
    }
    out
}

struct Link {
    /// Of `[text]`.
    shown: usize,
    /// Of all of it.
    length: usize,
    has_target: bool,
    is_empty: bool,
}

/// The link that begins at `at`: `[text](target)`, `[text][label]` or `[text]`.
fn link(text: &str, at: usize, spans: &[CodeSpan]) -> Option<Link> {
    let shown = balanced(text, at, b'[', b']', spans)?;
    let is_empty = text[at + 1..at + shown - 1].trim().is_empty();
    let after = at + shown;
    let target = match text.as_bytes().get(after) {
        Some(b'(') => balanced(text, after, b'(', b')', &[]),
        Some(b'[') => balanced(text, after, b'[', b']', spans),
        _ => None,
    };
    Some(Link { shown, length: shown + target.unwrap_or(0), has_target: target.is_some(), is_empty })
}

/// How far a link's text or target may reach, in bytes.
const MAX_LINK: usize = 2_000;
/// How many brackets in brackets are looked through, so that no byte is looked at much more often.
const MAX_NESTING: usize = 32;

/// The length of what is in brackets that open at `at`, brackets included; those in code do not count.
fn balanced(text: &str, at: usize, open: u8, close: u8, spans: &[CodeSpan]) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut next) = (0_usize, at);
    while next < bytes.len().min(at + MAX_LINK) {
        match bytes[next] {
            b'\\' => next += 1,
            b'`' => next = end_of_span(spans, next).map_or(next, |end| end - 1),
            byte if byte == open => {
                depth += 1;
                if depth > MAX_NESTING {
                    return None;
                }
            }
            byte if byte == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(next + 1 - at);
                }
            }
            _ => {}
        }
        next += 1;
    }
    None
}

/// The length of the HTML tag at the beginning of `text`.
fn tag(text: &str) -> Option<usize> {
    let inner = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    let name: String =
        inner.chars().take_while(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(12).collect();
    let after = inner[name.len()..].chars().next()?;
    (TAGS.contains(&name.as_str()) && (after == '>' || after == '/' || after == ' ')).then_some(())?;
    text.as_bytes().iter().take(MAX_LINK).position(|byte| *byte == b'>').map(|end| end + 1)
}

/// The length of a bracket that opens at `at` and holds nothing but numbers of issues: `(#12, [#13](…))`.
fn references(text: &str, at: usize, spans: &[CodeSpan]) -> Option<usize> {
    // Most brackets hold words.
    text[at + 1..].starts_with(['#', '!', '[', ']', ',', ';', ' ']).then_some(())?;
    let length = balanced(text, at, b'(', b')', &[])?;
    let inner = &text[at + 1..at + length - 1];
    let inner =
        if inner.contains("](") { without_targets(text, at + 1..at + length - 1, spans) } else { inner.to_owned() };
    let is_number = |word: &str| {
        let bare = word.trim_matches(|c: char| "[],;".contains(c));
        bare.is_empty()
            || bare.starts_with(['#', '!']) && bare.len() > 1 && bare[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    (inner.contains(['#', '!']) && inner.split([' ', ',']).all(is_number)).then_some(length)
}

fn without_targets(text: &str, range: Range<usize>, spans: &[CodeSpan]) -> String {
    let mut out = String::new();
    let mut from = range.start;
    while let Some(at) = text[from..range.end].find('[').map(|offset| from + offset) {
        out.push_str(&text[from..at]);
        from = at;
        let Some(link) = link(text, at, spans).filter(|link| at + link.length <= range.end) else { break };
        out.push_str(&text[at..at + link.shown]);
        from = at + link.length;
    }
    out.push_str(&text[from..range.end]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_lose_their_targets() {
        for (text, expected) in [
            ("see [the docs](https://example.org/a_(b)) now", "see [the docs] now"),
            ("[a][b] and [`c[0]`]", "[a] and [`c[0]`]"),
            ("a ![badge](x.svg) b [![ci](y.svg)](z) c", "a b c"),
            ("fix it ([#12](https://x/12), [#13]) now (#4).", "fix it now."),
            ("keep (see #12) and (4)", "keep (see #12) and (4)"),
            ("`[a](b)` stays <br> here <!-- gone -->", "`[a](b)` stays here"),
            ("Vec<u8> is no tag, a < b", "Vec<u8> is no tag, a < b"),
            ("[open (bracket", "[open (bracket"),
        ] {
            assert_eq!(cleaned(text).text, expected);
        }
    }

    #[test]
    fn targets_are_remembered() {
        let text = "see [a](docs/a.md#x \"t\"), ![p](p.svg), [![b](b.svg)](c), [d](<e f>) and `[g](h)`";
        assert_eq!(cleaned(text).targets, ["docs/a.md#x", "e"]);
    }

    #[test]
    fn html_is_read_as_it_is_seen() {
        let html = "<p align=\"x\">Keys < <b>32</b> bytes<script>let a = 1 > 0;</script><!-- no --> are</p>";
        assert_eq!(text_of_html(html).split_whitespace().collect::<Vec<_>>().join(" "), "Keys < 32 bytes are");
        assert_eq!(comments_of_html("<!-- a --> b <!--c").trim(), "a  c");
    }

    #[test]
    fn lines_become_one() {
        assert_eq!(joined("one\n  two\\\n> three", false), "one two > three");
        assert_eq!(joined("one\n> > two", true), "one two");
    }

    proptest! {
        #[test]
        fn any_text_is_cleaned(text in "([a#`<!\\->()\\[\\] 1\\\\]|é|<br>|<!--|-->){0,60}") {
            cleaned(&text);
        }
    }
}
