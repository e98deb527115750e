//! A page: lines of text for people, escaped and styled in one place.

use std::fmt::{Display, Write as _};

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::table::Table;
use crate::model::escape::visible;

/// What a piece of text means; how that looks is decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    Strong,
    Dim,
    Good,
    Hint,
    Warning,
    Error,
}

impl Role {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Hint => AnsiColor::Cyan.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Error => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// A piece of a line, with its meaning. Escaped from the start: it has no line break and nothing hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    role: Role,
    text: String,
}

impl Span {
    fn new(role: Role, text: impl Display) -> Self {
        Self { role, text: visible(&text.to_string()) }
    }

    /// The escaped text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.text.width()
    }

    fn write(&self, color: bool, out: &mut String) {
        if color && self.role != Role::Plain {
            let style = self.role.style();
            // Writing to a `String` cannot fail.
            let _ = write!(out, "{style}{}{style:#}", self.text);
        } else {
            out.push_str(&self.text);
        }
    }
}

/// Ordinary text.
pub fn plain(text: impl Display) -> Span {
    Span::new(Role::Plain, text)
}

/// A heading, an id, a name.
pub fn strong(text: impl Display) -> Span {
    Span::new(Role::Strong, text)
}

/// What matters less.
pub fn dim(text: impl Display) -> Span {
    Span::new(Role::Dim, text)
}

/// That something holds.
pub fn good(text: impl Display) -> Span {
    Span::new(Role::Good, text)
}

/// What to do.
pub fn hint(text: impl Display) -> Span {
    Span::new(Role::Hint, text)
}

/// That something may be wrong. The text says so itself.
pub fn warning(text: impl Display) -> Span {
    Span::new(Role::Warning, text)
}

/// That something is wrong. The text says so itself.
pub fn error(text: impl Display) -> Span {
    Span::new(Role::Error, text)
}

/// Text for people under way to a stream.
#[derive(Debug)]
pub struct Page {
    text: String,
    color: bool,
    columns: usize,
}

impl Page {
    pub(super) fn new(color: bool, columns: usize) -> Self {
        Self { text: String::new(), color, columns: columns.clamp(40, 100) }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// One line made of pieces, none put between them.
    pub fn line(&mut self, spans: impl IntoIterator<Item = Span>) {
        for span in spans {
            span.write(self.color, &mut self.text);
        }
        self.text.push('\n');
    }

    /// As [`line`](Self::line), without its end: a question waits there for its answer.
    pub(super) fn open_line(&mut self, spans: impl IntoIterator<Item = Span>) {
        self.line(spans);
        self.text.pop();
    }

    /// Plain text, one line for each of its lines.
    pub fn text(&mut self, text: impl Display) {
        for line in text.to_string().lines() {
            self.line([plain(line)]);
        }
    }

    /// `label: text`; further lines of the text are indented.
    pub fn labelled(&mut self, label: Span, text: impl Display) {
        self.indented_label(0, [label], text);
    }

    /// As [`labelled`](Self::labelled), `indent` columns to the right, with a label made of pieces.
    pub fn indented_label(&mut self, indent: usize, label: impl IntoIterator<Item = Span>, text: impl Display) {
        let text = text.to_string();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let label = std::iter::once(plain(" ".repeat(indent))).chain(label);
        self.line(label.chain([plain(": "), plain(first)]));
        for line in lines {
            self.line([plain(" ".repeat(indent + 2)), plain(line)]);
        }
    }

    /// Text wrapped at words, `indent` columns to the right; an empty line parts paragraphs. Other line breaks are
    /// kept.
    pub fn wrapped(&mut self, indent: usize, text: impl Display) {
        let room = self.columns.saturating_sub(indent).max(20);
        for line in text.to_string().lines() {
            for piece in wrap(line, room) {
                if !piece.is_empty() {
                    self.text.push_str(&" ".repeat(indent));
                }
                self.line([plain(piece)]);
            }
        }
    }

    /// A table.
    pub fn table(&mut self, table: &Table) {
        for line in table.lines() {
            self.line(line);
        }
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Text that this program made for a machine, as it is: a script, a manual page. Never text from a repository.
    pub fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Text of this program with ANSI styles in `styled` and without in `plain`.
    pub fn raw_styled(&mut self, plain: &str, styled: &str) {
        self.raw(if self.color { styled } else { plain });
    }
}

/// Breaks a line at spaces so that no piece is wider than `room`, words that are too wide excepted. What the line is
/// indented by, its pieces are indented by; a line that fits stays as it is.
fn wrap(line: &str, room: usize) -> Vec<String> {
    if line.width() <= room {
        return vec![line.trim_end().to_owned()];
    }
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let mut pieces = Vec::new();
    let (mut piece, mut width) = (indent.clone(), indent.len());
    for word in line.split_whitespace() {
        let wide: usize = word.chars().map(|c| c.width().unwrap_or(0)).sum();
        if width > indent.len() {
            if width + 1 + wide > room {
                pieces.push(std::mem::replace(&mut piece, indent.clone()));
                width = indent.len();
            } else {
                piece.push(' ');
                width += 1;
            }
        }
        piece.push_str(word);
        width += wide;
    }
    pieces.push(if piece.trim().is_empty() { String::new() } else { piece });
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::escape::is_hidden;

    #[test]
    fn colour_comes_and_goes_whole() {
        for (color, expected) in [(false, "error: no\n"), (true, "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: no\n")] {
            let mut page = Page::new(color, 80);
            page.labelled(error("error"), "no");
            assert_eq!(page.finish(), expected);
        }
    }

    #[test]
    fn lines_stay_lines() {
        let mut page = Page::new(false, 80);
        page.text("one\ntwo\r\n\nfour\u{7}");
        page.labelled(hint("hint"), "first\nsecond");
        assert_eq!(page.finish(), "one\ntwo\n\nfour\\u{7}\nhint: first\n  second\n");
    }

    #[test]
    fn text_wraps_at_words() {
        let mut page = Page::new(false, 40);
        page.wrapped(2, "The quick brown fox jumps over the lazy dog and over 日本語日本語 too.\n\nNext.\n  a list");
        assert_eq!(
            page.finish(),
            "  The quick brown fox jumps over the\n  lazy dog and over 日本語日本語 too.\n\n  Next.\n    a list\n"
        );
    }

    proptest! {
        #[test]
        fn nothing_hidden_reaches_a_page(text in any::<String>(), columns in 0_usize..200) {
            let mut page = Page::new(false, columns);
            page.text(&text);
            page.wrapped(4, &text);
            page.labelled(hint("hint"), &text);
            prop_assert!(!page.finish().chars().any(|c| c != '\n' && is_hidden(c)));
        }
    }
}
