//! Canonical TOML: one value has exactly one spelling, so that a file's digest is a fact about its meaning.
//!
//! The printer fixes key order, quotes and line ends. A reader accepts a file only if printing what it read gives
//! the same bytes again; unknown keys, comments, other quotes and CRLF are thereby refused without rules of their own.

use std::fmt::{Display, Write as _};

use serde::de::DeserializeOwned;

use super::tree::MAX_STATE_FILE;

/// Why bytes are not a state file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More than 64 KiB.
    #[error("it has {0} bytes; a state file has at most {MAX_STATE_FILE}")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("it is not UTF-8 (byte {0})")]
    NotText(usize),
    /// TOML that does not parse, or not as this kind of file.
    #[error("line {line}: {message}")]
    Toml {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// Parses, but is spelled another way.
    #[error("line {line} is not in canonical form; it must read `{expected}`")]
    NotCanonical {
        /// The first line that differs, from 1.
        line: usize,
        /// What it must be.
        expected: String,
    },
    /// A value that no file of this kind may have.
    #[error("{0}")]
    Value(String),
}

/// What a signature in a state file is over: the bytes before its table, given the file `printed` without signatures. The
/// empty line before the table is among them, so that `sed '/^\[signature\]/,$d'` gives them too.
pub fn signed_bytes(printed: &str) -> Vec<u8> {
    format!("{printed}\n").into_bytes()
}

/// A file kind with a canonical spelling.
pub trait Canonical: DeserializeOwned {
    /// The one spelling.
    fn print(&self) -> String;

    /// Rules that types alone do not express.
    fn validate(&self) -> Result<(), FormError>;

    /// Reads the text that [`print`](Self::print) writes, and perhaps more: a short cut, whose result is believed only where
    /// printing gives the text again. `None` leaves the text to the TOML parser.
    fn read(_: &str) -> Option<Self> {
        None
    }

    /// Reads `bytes`; succeeds only if [`print`](Self::print) gives the same bytes.
    fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() as u64 > MAX_STATE_FILE {
            return Err(FormError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| FormError::NotText(error.valid_up_to()))?;
        if let Some(value) = Self::read(text).filter(|value| value.validate().is_ok() && value.print() == text) {
            return Ok(value);
        }
        let value: Self = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            FormError::Toml { line: line_of(text, offset), message: error.message().to_owned() }
        })?;
        value.validate()?;
        let printed = value.print();
        if printed == text {
            return Ok(value);
        }
        Err(not_canonical(&printed, text))
    }
}

/// The first difference of `text` from what it must be.
fn not_canonical(printed: &str, text: &str) -> FormError {
    let at = printed.lines().zip(text.split('\n')).take_while(|(ours, theirs)| ours == theirs).count();
    let line = at + 1;
    let value = |problem: String| FormError::Value(problem);
    match (printed.lines().nth(at), text.split('\n').nth(at)) {
        (Some(ours), Some(theirs)) if theirs.strip_suffix('\r') == Some(ours) => {
            value(format!("line {line} ends with CRLF, not with a line feed alone"))
        }
        (Some(expected), _) => FormError::NotCanonical { line, expected: expected.to_owned() },
        (None, None) => value("the line feed at its end is missing".into()),
        (None, Some(_)) => value(format!("it must end before line {line}")),
    }
}

/// The line, from 1, of the byte `offset` in `text`.
pub fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// Builds canonical text key by key.
#[derive(Debug, Default)]
pub struct Printer(String);

impl Printer {
    /// An empty file.
    pub fn new() -> Self {
        Self::default()
    }

    /// `key = "text"`.
    pub fn text(&mut self, key: &str, value: impl AsRef<str>) -> &mut Self {
        self.start(key);
        quote_into(value.as_ref(), &mut self.0);
        self.0.push('\n');
        self
    }

    /// `key = number`.
    pub fn number(&mut self, key: &str, value: impl Display) -> &mut Self {
        let _ = writeln!(self.0, "{key} = {value}");
        self
    }

    /// `key = ["a", "b"]`, on one line.
    pub fn texts<T: Display>(&mut self, key: &str, values: impl IntoIterator<Item = T>) -> &mut Self {
        self.start(key);
        self.0.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.0.push_str(", ");
            }
            quote_into(&value.to_string(), &mut self.0);
        }
        self.0.push_str("]\n");
        self
    }

    /// `key = [` with one inline table a line `]`; `key = []` for none. Each item is a list of keys and texts.
    pub fn rows(&mut self, key: &str, rows: &[Vec<(&str, String)>]) -> &mut Self {
        self.start(key);
        self.0.push('[');
        for row in rows {
            self.0.push_str(if self.0.ends_with('[') { "\n  { " } else { "  { " });
            for (index, (name, value)) in row.iter().enumerate() {
                self.0.push_str(if index > 0 { ", " } else { "" });
                self.start(name);
                quote_into(value, &mut self.0);
            }
            self.0.push_str(" },\n");
        }
        self.0.push_str("]\n");
        self
    }

    /// An empty line and `[name]`.
    pub fn table(&mut self, name: &str) -> &mut Self {
        let _ = writeln!(self.0, "\n[{name}]");
        self
    }

    /// An empty line and `[[name]]`.
    pub fn table_row(&mut self, name: &str) -> &mut Self {
        let _ = writeln!(self.0, "\n[[{name}]]");
        self
    }

    /// The text so far.
    pub fn finish(self) -> String {
        self.0
    }

    fn start(&mut self, key: &str) {
        self.0.push_str(key);
        self.0.push_str(" = ");
    }
}

/// A basic TOML string: quotes, backslashes, and characters that would be invisible are escaped; all others stay.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote_into(text, &mut out);
    out
}

fn quote_into(text: &str, out: &mut String) {
    out.push('"');
    // As a rule nothing is to be escaped, and there are thousands of texts.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if super::escape::is_hidden(c) => {
                let code = c as u32;
                let _ = if code > 0xffff { write!(out, "\\U{code:08X}") } else { write!(out, "\\u{code:04X}") };
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A text of one line that people read: not empty unless allowed, no hidden characters, no spaces at its ends.
pub fn check_line(what: &str, text: &str, limit: usize, may_be_empty: bool) -> Result<(), FormError> {
    let length = text.chars().count();
    if length > limit {
        return Err(FormError::Value(format!("{what} has {length} characters; at most {limit} are allowed")));
    }
    if text.is_empty() && !may_be_empty {
        return Err(FormError::Value(format!("{what} is empty")));
    }
    if text.trim() != text || text.chars().any(super::escape::is_hidden) {
        return Err(FormError::Value(format!(
            "{what} `{}` must be one line without control, bidirectional or zero-width characters and without spaces at its ends",
            super::escape::visible(text)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_named() {
        let printed = crate::law::testing::learning().print();
        let reason = |text: &str| crate::model::record::Learning::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(reason(&printed.replace('\n', "\r\n")).contains("line 1 ends with CRLF"));
        assert!(reason(printed.trim_end()).contains("line feed at its end is missing"));
        assert!(reason(&format!("{printed}\n")).contains("must end before line"));
    }
}
