//! The quick way to read canonical text: key by key, in the order in which the printer wrote it.
//!
//! It decides nothing. [`Canonical::parse`](super::canonical::Canonical::parse) believes a value read here only where
//! printing it gives the same bytes again; for everything else, text with escapes included, the TOML parser is asked. A
//! thousand tasks are listed in a third of the time that way.

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, Error};

/// What is left of a text.
#[derive(Debug)]
pub struct Reader<'t>(&'t str);

impl<'t> Reader<'t> {
    /// Reads `text` from its start.
    pub fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// `key = "text"`.
    pub fn text<T: Deserialize<'t>>(&mut self, key: &str) -> Option<T> {
        self.key(key)?;
        let value = self.quoted()?;
        self.take("\n")?;
        Some(value)
    }

    /// `key = number`.
    pub fn number<T: std::str::FromStr>(&mut self, key: &str) -> Option<T> {
        self.key(key)?;
        let (number, rest) = self.0.split_once('\n')?;
        self.0 = rest;
        number.parse().ok()
    }

    /// `key = ["a", "b"]`.
    pub fn texts<T: Deserialize<'t>>(&mut self, key: &str) -> Option<Vec<T>> {
        self.key(key)?;
        self.take("[")?;
        let mut values = Vec::new();
        while self.take("]\n").is_none() {
            if !values.is_empty() {
                self.take(", ")?;
            }
            values.push(self.quoted()?);
        }
        Some(values)
    }

    /// `key = [` with inline tables of two texts, one a line, `]`.
    pub fn pairs<A: Deserialize<'t>, B: Deserialize<'t>>(
        &mut self,
        key: &str,
        [first, second]: [&str; 2],
    ) -> Option<Vec<(A, B)>> {
        self.key(key)?;
        self.take("[")?;
        let mut rows = Vec::new();
        while self.take("]\n").is_none() {
            self.take(if rows.is_empty() { "\n  { " } else { "  { " })?;
            self.key(first)?;
            let a = self.quoted()?;
            self.take(", ")?;
            self.key(second)?;
            rows.push((a, self.quoted()?));
            self.take(" },\n")?;
        }
        Some(rows)
    }

    /// An empty line and `[name]` or `[[name]]`, as `header` says.
    pub fn table(&mut self, header: &str) -> Option<()> {
        let rest = self.0.strip_prefix('\n')?.strip_prefix(header)?.strip_prefix('\n')?;
        self.0 = rest;
        Some(())
    }

    /// Nothing is left.
    pub fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    fn take(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    fn key(&mut self, key: &str) -> Option<()> {
        self.take(key)?;
        self.take(" = ")
    }

    /// A string without escapes, as whatever reads itself from one.
    fn quoted<T: Deserialize<'t>>(&mut self) -> Option<T> {
        self.take("\"")?;
        let end = self.0.bytes().position(|byte| byte == b'"' || byte == b'\\')?;
        let text = &self.0[..end];
        self.0 = &self.0[end..];
        self.take("\"")?;
        T::deserialize(BorrowedStrDeserializer::<Error>::new(text)).ok()
    }
}
