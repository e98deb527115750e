//! Markdown artifacts as data: sections and list items, each with its line.
//!
//! Positions come from the Markdown parser, so a heading inside a code block, a quote or a comment is none. HTML
//! comments are guidance of templates: they never count as text. Read by phase checks and by the readers beside it.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::citation::{Citation, citations};

/// Deeper lists belong to the text of the item that holds them.
const MAX_DEPTH: usize = 8;

/// One item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The line of its marker, from 1.
    pub line: usize,
    /// 1 for an item of an outer list, 2 for an item inside an item, and so on.
    pub depth: usize,
    /// Its own text without marker, comments and inner lists; line breaks and thereby line numbers are kept.
    pub text: String,
}

/// What stands under one `## Heading`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading's text.
    pub heading: String,
    /// The heading's line, from 1.
    pub line: usize,
    /// The body without HTML comments. Its first line is the rest of the heading's line, so that line `n` of the
    /// text, from 0, is line `self.line + n` of the document.
    pub text: String,
    /// The texts of the HTML comments in the body: in a template, its guidance.
    pub comments: Vec<String>,
    /// In a template: whether the first comment starts with `optional:`.
    pub optional: bool,
    /// The items of its lists in order, outer before inner.
    pub items: Vec<Item>,
}

/// Something in a document that cannot be read as what its place demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its line, from 1.
    pub line: usize,
    /// A sentence.
    pub message: String,
}

/// A Markdown document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The text before the first section without HTML comments; its first line is line 1.
    pub preamble: String,
    /// Its sections in order.
    pub sections: Vec<Section>,
    /// All list items, in sections or not, outer before inner.
    pub items: Vec<Item>,
}

impl Document {
    /// Reads Markdown. Any text is a document; one without `## ` headings has no sections.
    pub fn parse(text: &str) -> Self {
        let outline = Outline::of(text);
        let lines = LineIndex::new(text);
        let plain = blank(text, outline.comments.iter().cloned());
        let end = |index: usize| outline.headings.get(index).map_or(text.len(), |heading| heading.range.start);
        let mut sections = Vec::new();
        for (index, heading) in outline.headings.iter().enumerate() {
            if heading.level != HeadingLevel::H2 {
                continue;
            }
            let body = heading.body_start(text)..end(index + 1);
            let comments = starting_in(&outline.comments, &body, |range| range.start);
            let comments: Vec<String> = comments.iter().map(|range| comment_text(&text[range.clone()])).collect();
            let items = starting_in(&outline.items, &body, |item| item.range.start);
            sections.push(Section {
                heading: heading.text.trim().to_owned(),
                line: lines.line_of(heading.range.start),
                optional: comments.first().is_some_and(|comment| comment.starts_with("optional:")),
                comments,
                items: items.iter().map(|item| item.read(&plain, &lines)).collect(),
                text: plain[body].to_owned(),
            });
        }
        let items = outline.items.iter().map(|item| item.read(&plain, &lines)).collect();
        let first = outline.headings.iter().find(|heading| heading.level == HeadingLevel::H2);
        let preamble = plain[..first.map_or(text.len(), |heading| heading.range.start)].to_owned();
        Self { preamble, sections, items }
    }

    /// The first section with this heading, in any case.
    pub fn section(&self, heading: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.is(heading))
    }
}

impl Section {
    /// Whether this is its heading, in any case.
    pub fn is(&self, heading: &str) -> bool {
        self.heading.to_lowercase() == heading.trim().to_lowercase()
    }

    /// What its text cites, in order.
    pub fn citations(&self) -> Vec<Citation> {
        citations(&self.text, self.line)
    }
}

/// Those of `spots`, which are in the order of their starts, that start in `body`.
fn starting_in<'a, T>(spots: &'a [T], body: &Range<usize>, start: impl Fn(&T) -> usize) -> &'a [T] {
    let from = spots.partition_point(|spot| start(spot) < body.start);
    let to = spots.partition_point(|spot| start(spot) < body.end);
    &spots[from..to.max(from)]
}

/// Where things are, in the order of the text, before they are read.
#[derive(Default)]
struct Outline {
    headings: Vec<HeadingSpot>,
    comments: Vec<Range<usize>>,
    items: Vec<ItemSpot>,
}

struct HeadingSpot {
    level: HeadingLevel,
    text: String,
    range: Range<usize>,
}

impl HeadingSpot {
    /// The end of the heading's line: what follows is its body.
    fn body_start(&self, text: &str) -> usize {
        let heading = &text[self.range.clone()];
        self.range.end - usize::from(heading.ends_with('\n'))
    }
}

struct ItemSpot {
    range: Range<usize>,
    depth: usize,
    inner: Vec<Range<usize>>,
}

impl ItemSpot {
    fn read(&self, plain: &str, lines: &LineIndex) -> Item {
        let mut own = String::new();
        let mut at = self.range.start;
        for inner in &self.inner {
            own.push_str(&plain[at..inner.start.max(at)]);
            let skipped = lines.line_of(inner.end) - lines.line_of(inner.start);
            own.extend(std::iter::repeat_n('\n', skipped));
            at = inner.end.max(at);
        }
        own.push_str(&plain[at..self.range.end.max(at)]);
        let marker = own.trim_start_matches(|c: char| c.is_ascii_digit());
        let unmarked = marker.get(1..).unwrap_or_default();
        let text: Vec<&str> = unmarked.lines().map(str::trim).collect();
        Item { line: lines.line_of(self.range.start), depth: self.depth, text: text.join("\n").trim_end().to_owned() }
    }
}

impl Outline {
    fn of(text: &str) -> Self {
        let mut out = Self::default();
        let mut quotes = 0_usize;
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut heading: Option<HeadingSpot> = None;
        for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
            match event {
                Event::Start(Tag::BlockQuote(_) | Tag::FootnoteDefinition(_)) => quotes += 1,
                Event::End(TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition) => quotes -= 1,
                Event::Start(Tag::List(_)) => {
                    let innermost = (open.len() < MAX_DEPTH).then(|| open.last().copied().flatten()).flatten();
                    if let Some(index) = innermost {
                        out.items[index].inner.push(range);
                    }
                }
                Event::Start(Tag::Item) => {
                    let depth = open.len() + 1;
                    let kept = quotes == 0 && depth <= MAX_DEPTH;
                    open.push(kept.then_some(out.items.len()));
                    if kept {
                        out.items.push(ItemSpot { range, depth, inner: Vec::new() });
                    }
                }
                Event::End(TagEnd::Item) => {
                    open.pop();
                }
                Event::Start(Tag::Heading { level, .. })
                    if level <= HeadingLevel::H2
                        && quotes == 0
                        && open.is_empty()
                        && text[range.clone()].trim_start().starts_with('#') =>
                {
                    heading = Some(HeadingSpot { level, text: String::new(), range });
                }
                Event::End(TagEnd::Heading(_)) => out.headings.extend(heading.take()),
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.text.push_str(&part);
                    }
                }
                Event::Start(Tag::HtmlBlock) => out.comments.extend(comments_in(text, range)),
                Event::InlineHtml(html) if html.starts_with("<!--") => out.comments.push(range),
                _ => {}
            }
        }
        out
    }
}

/// How Markdown is read everywhere: tables and footnotes hold code spans of their own, front matter holds no text.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

/// The comments in an HTML block. An unclosed one reaches to the block's end.
fn comments_in(text: &str, block: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = block.start;
    while let Some(start) = text[at..block.end].find("<!--").map(|offset| at + offset) {
        // From the opening's own hyphens on, because `<!-->` is a whole comment.
        let end = text[start + 2..block.end].find("-->").map_or(block.end, |offset| start + 2 + offset + 3);
        found.push(start..end);
        at = end;
    }
    found
}

fn comment_text(comment: &str) -> String {
    let inner = comment.strip_prefix("<!--").unwrap_or(comment);
    inner.strip_suffix("-->").unwrap_or(inner).trim().to_owned()
}

/// `text` with `ranges` replaced by spaces; line breaks stay, so that positions stay.
fn blank(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        let start = range.start.max(at);
        let end = range.end.max(start);
        out.push_str(&text[at..start]);
        out.extend(text[start..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// Finds the line of an offset.
pub(crate) struct LineIndex(Vec<usize>);

impl LineIndex {
    /// Remembers where the lines of `text` start.
    pub(crate) fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The line, from 1, that holds the byte at `offset`.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "\
# Title: Login

<!-- how to use this -->
Intro.

## Sources
<!-- optional: list what you read -->
- `src/a.rs:1` — entry <!-- hidden -->
  goes on
  - inner
- second

```
## not a heading
```

<!--
## neither
-->
> ## quoted

## Pattern ##

Text `code`.

# End

after
";

    #[test]
    fn sections_have_lines_and_no_comments() {
        let document = Document::parse(TEXT);
        let headings: Vec<(&str, usize)> =
            document.sections.iter().map(|section| (section.heading.as_str(), section.line)).collect();
        assert_eq!(headings, [("Sources", 6), ("Pattern", 22)]);
        assert!(document.preamble.contains("Intro.") && !document.preamble.contains("how to"));
        let sources = document.section("sources").unwrap();
        assert!(sources.optional);
        assert_eq!(sources.comments[0], "optional: list what you read");
        assert!(!sources.text.contains("hidden") && !sources.text.contains("neither"));
        assert!(sources.text.lines().nth(5).unwrap().contains("second"), "line 5 after line 6 is line 11");
        let pattern = document.section("Pattern").unwrap();
        assert!(!pattern.optional);
        assert_eq!(pattern.text.trim(), "Text `code`.");
    }

    #[test]
    fn items_keep_their_own_text() {
        let document = Document::parse(TEXT);
        let items = &document.sections[0].items;
        let seen: Vec<(usize, usize, &str)> =
            items.iter().map(|item| (item.line, item.depth, item.text.as_str())).collect();
        assert_eq!(
            seen,
            [(8, 1, "`src/a.rs:1` — entry\ngoes on"), (10, 2, "inner"), (11, 1, "second")],
            "outer before inner, comments gone"
        );
    }

    #[test]
    fn comments_end_where_html_says() {
        for (text, shown) in
            [("## A\n<!--> seen\n", true), ("## A\n<!-- x --> seen\n", true), ("## A\n<!-- seen\n\nseen\n", false)]
        {
            assert_eq!(Document::parse(text).sections[0].text.contains("seen"), shown, "{text}");
        }
    }

    #[test]
    fn setext_underlines_make_no_section() {
        assert_eq!(Document::parse("Sources\n-------\n\ntext\n").sections, []);
        assert_eq!(Document::parse("---\ntitle: x\n---\n\n## A\nb\n").sections.len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_a_document(text in "([#`<!\\->\\[\\] \nax1.)*_:é]|- |## |<!--|-->|\r\n|\t){0,80}") {
            let document = Document::parse(&text);
            let count = text.matches('\n').count() + 1;
            for section in &document.sections {
                prop_assert!((1..=count).contains(&section.line));
                for item in &section.items {
                    prop_assert!(item.line >= section.line && item.line <= count);
                }
            }
        }
    }
}
