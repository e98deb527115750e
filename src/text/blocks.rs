//! Markdown cut into the blocks that people see: headings, paragraphs, list items, code, tables.
//!
//! Front matter and definitions of links are no text and belong to no block.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::model::document::options;

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A heading: its level from 1, and its text with code in backticks.
    Heading(u8, String),
    /// Running text.
    Paragraph,
    /// The text of a list item without inner lists, at a depth from 1.
    Item(usize),
    /// Code, in the language that its fence names, or none.
    Code(String),
    /// A table.
    Table,
    /// HTML, comments among it.
    Html,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub shape: Shape,
    /// Its bytes in the text; of an item from its marker on.
    pub range: Range<usize>,
    /// Whether it stands in a quotation, whose lines begin with `>`.
    pub quoted: bool,
    /// The innermost list that it stands in, numbered from 1; 0 where it stands in none.
    pub list: usize,
}

/// The blocks of the Markdown `text`, in order. Only items may be empty.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut cutter = Cutter::default();
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        cutter.take(event, range);
    }
    cutter.close();
    // The parser counts the indentation of the next item to indented code.
    for block in cutter.found.iter_mut().filter(|block| matches!(block.shape, Shape::Code(_))) {
        block.range.end = block.range.start + text[block.range.clone()].trim_end().len();
    }
    cutter.found
}

#[derive(Default)]
struct Cutter {
    found: Vec<Block>,
    open: Option<Block>,
    /// An item has begun, and its first paragraph is its text.
    is_fresh: bool,
    /// The lists that are open, outer ones first.
    lists: Vec<usize>,
    /// How many lists there were.
    lists_seen: usize,
    quotes: usize,
    /// What is opaque: nothing in it is text of a block of its own.
    skipped: usize,
}

impl Cutter {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        if self.skipped > 0 {
            match event {
                Event::Start(_) => self.skipped += 1,
                Event::End(_) => self.skipped -= 1,
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Html(_) => {}
            Event::Rule => self.close(),
            other => {
                let code = matches!(other, Event::Code(_));
                if let (Event::Text(part) | Event::Code(part), Some(Block { shape: Shape::Heading(_, title), .. })) =
                    (other, &mut self.open)
                {
                    let mark = if code { "`" } else { "" };
                    title.push_str(mark);
                    title.push_str(&part);
                    title.push_str(mark);
                }
                self.reach(range.end);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => self.begin(Shape::Heading(number(level), String::new()), range.start),
            Tag::Paragraph if self.is_fresh => self.is_fresh = false,
            Tag::Paragraph => self.begin(Shape::Paragraph, range.start),
            Tag::Item => {
                self.begin(Shape::Item(self.lists.len()), range.start);
                self.is_fresh = true;
            }
            Tag::List(_) => {
                self.close();
                self.lists_seen += 1;
                self.lists.push(self.lists_seen);
            }
            Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) => {
                self.close();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => {
                        info.split([',', ' ', '{']).next().unwrap_or_default().to_ascii_lowercase()
                    }
                    CodeBlockKind::Indented => String::new(),
                };
                self.whole(Shape::Code(language), range);
            }
            Tag::Table(_) => self.whole(Shape::Table, range),
            Tag::HtmlBlock => self.whole(Shape::Html, range),
            Tag::MetadataBlock(_) => {
                self.close();
                self.skipped = 1;
            }
            _ => self.reach(range.end),
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Item => self.close(),
            TagEnd::List(_) => {
                self.close();
                self.lists.pop();
            }
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
                self.close();
                self.quotes = self.quotes.saturating_sub(1);
            }
            _ => self.reach(range.end),
        }
    }

    fn begin(&mut self, shape: Shape, start: usize) {
        self.close();
        self.open = Some(self.block(shape, start..start));
    }

    fn whole(&mut self, shape: Shape, range: Range<usize>) {
        self.close();
        self.found.push(self.block(shape, range));
        self.skipped = 1;
    }

    fn block(&self, shape: Shape, range: Range<usize>) -> Block {
        Block { shape, range, quoted: self.quotes > 0, list: self.lists.last().copied().unwrap_or(0) }
    }

    /// Running text goes on to `end`.
    fn reach(&mut self, end: usize) {
        self.is_fresh = false;
        if let Some(block) = &mut self.open {
            block.range.end = block.range.end.max(end);
        }
    }

    fn close(&mut self) {
        self.is_fresh = false;
        let is_seen = |block: &Block| !block.range.is_empty() || matches!(block.shape, Shape::Item(_));
        self.found.extend(self.open.take().filter(is_seen));
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "\
---
title: x
---
# One `two`

A paragraph
of two lines.
<!-- not text -->

- first
  goes on

  a second paragraph
  - inner
- [ ] box
1. numbered

```sh
cargo test
```

| a | b |
| - | - |
| 1 | 2 |

> quoted
> text

Setext
======

<div>
html
</div>

[link]: https://example.org
";

    #[test]
    fn blocks_are_what_people_see() {
        let seen: Vec<(Shape, &str, bool)> =
            blocks(TEXT).into_iter().map(|block| (block.shape, &TEXT[block.range], block.quoted)).collect();
        let heading = |level, text: &str| Shape::Heading(level, text.to_owned());
        assert_eq!(
            seen,
            [
                (heading(1, "One `two`"), "# One `two`", false),
                (Shape::Paragraph, "A paragraph\nof two lines.", false),
                (Shape::Html, "<!-- not text -->\n", false),
                (Shape::Item(1), "- first\n  goes on", false),
                (Shape::Paragraph, "a second paragraph", false),
                (Shape::Item(2), "- inner", false),
                (Shape::Item(1), "- [ ] box", false),
                (Shape::Item(1), "1. numbered", false),
                (Shape::Code("sh".into()), "```sh\ncargo test\n```", false),
                (Shape::Table, "| a | b |\n| - | - |\n| 1 | 2 |\n", false),
                (Shape::Paragraph, "quoted\n> text", true),
                (heading(1, "Setext"), "Setext", false),
                (Shape::Html, "<div>\nhtml\n</div>\n", false),
            ]
        );
    }

    #[test]
    fn indented_code_ends_before_the_next_item() {
        let text = "- \t\t]\r\n\t- ```\t\t])```";
        let ranges: Vec<Range<usize>> = blocks(text).into_iter().map(|block| block.range).collect();
        assert!(ranges.is_sorted_by(|one, next| one.end <= next.start), "{ranges:?}");
    }

    proptest! {
        #[test]
        fn blocks_are_in_order_and_apart(text in "([#`<!\\->|\\[\\] \nax1.)*_:é]|- |## |<!--|```|\r\n|\t){0,80}") {
            let mut end = 0;
            for block in blocks(&text) {
                prop_assert!(block.range.start >= end && block.range.end <= text.len(), "{:?}", block);
                prop_assert!(text.get(block.range.clone()).is_some());
                end = block.range.end;
            }
        }
    }
}
