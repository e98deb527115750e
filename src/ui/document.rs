//! The JSON form of everything: one document, one line, `schema_version` first.
//!
//! The schema only grows: a field is added, never renamed nor given another meaning, without a new version.

use std::fmt::Write as _;

use serde::Serialize;

use super::page::{Page, error, hint, strong};
use super::report::ReportBody;
use crate::model::escape::{OLD_RUNNER_COMMAND, is_hidden};

/// The version of every document.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a, T: Serialize> {
    schema_version: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// `{"error": …}`.
#[derive(Serialize)]
pub(super) struct ErrorDocument<'a> {
    pub(super) error: &'a ErrorBody,
}

/// `{"error": …}` with the fields of a verdict beside it.
#[derive(Serialize)]
pub(super) struct RefusalDocument<'a> {
    pub(super) error: &'a ErrorBody,
    #[serde(flatten)]
    pub(super) report: &'a ReportBody<'a>,
}

/// Why a verb failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// A stable word for programs, one for each exit code.
    code: &'static str,
    /// What is wrong, with the causes, outermost first.
    #[serde(serialize_with = "join_causes")]
    message: Vec<String>,
    /// How to mend it; in JSON one text of lines, or null.
    #[serde(rename = "hint", serialize_with = "join_hints")]
    hints: Vec<String>,
}

impl ErrorBody {
    /// An error by its code and its message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: vec![message.into()], hints: Vec::new() }
    }

    /// The same, with one more cause below the ones so far.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.message.push(cause.into());
        self
    }

    /// The same, with one more thing to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The form for people.
    pub fn fill(&self, page: &mut Page) {
        for (depth, message) in self.message.iter().enumerate() {
            if depth == 0 {
                page.labelled(error("error"), message);
            } else {
                page.labelled(strong("caused by"), message);
            }
        }
        for text in &self.hints {
            page.labelled(hint("hint"), text);
        }
    }
}

#[expect(clippy::ptr_arg, reason = "serde hands over the field")]
fn join_causes<S: serde::Serializer>(messages: &Vec<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&messages.join(": "))
}

#[expect(clippy::ptr_arg, reason = "serde hands over the field")]
fn join_hints<S: serde::Serializer>(hints: &Vec<String>, serializer: S) -> Result<S::Ok, S::Error> {
    if hints.is_empty() { serializer.serialize_none() } else { serializer.serialize_str(&hints.join("\n")) }
}

/// Prints a body as one line. Fails only where `body` is neither a struct nor a map with text keys.
///
/// JSON allows bidirectional and zero-width characters; they are spelled `\uXXXX` here, which every reader of JSON
/// turns back, so that a document on a terminal shows what it holds. Nor is it a command to GitHub's runner in a job's log.
pub(super) fn print(body: &impl Serialize) -> serde_json::Result<String> {
    print_foreign(&Document { schema_version: SCHEMA_VERSION, body })
}

/// As [`print`], without `schema_version`: for formats that have a version of their own.
pub(super) fn print_foreign(body: &impl Serialize) -> serde_json::Result<String> {
    let mut text = serde_json::to_string(body)?;
    if text.chars().any(is_hidden) {
        text = escape(&text);
    }
    // It can only stand in a string, where a reader of JSON turns it back and a runner does not.
    if text.contains(OLD_RUNNER_COMMAND) {
        text = text.replace(OLD_RUNNER_COMMAND, "#\\u0023[");
    }
    text.push('\n');
    Ok(text)
}

/// Outside strings a document printed by serde has no hidden characters, so every one met stands in a string.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Serialize)]
    struct Body<'a> {
        text: &'a str,
    }

    proptest! {
        #[test]
        fn a_document_is_one_visible_line_and_keeps_its_text(text in "(.|##\\[)*") {
            let line = print(&Body { text: &text }).unwrap();
            prop_assert!(!line.trim_end_matches('\n').chars().any(is_hidden));
            prop_assert!(!line.contains("##["));
            let back: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(back["text"].as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn characters_beyond_16_bits_are_pairs() {
        let line = print(&Body { text: "\u{e0041}" }).unwrap();
        assert_eq!(line, "{\"schema_version\":1,\"text\":\"\\udb40\\udc41\"}\n");
    }

    #[test]
    fn a_body_without_fields_is_an_error_not_a_panic() {
        assert!(print(&"text").is_err());
    }

    #[test]
    fn causes_and_hints_join() {
        let body = ErrorBody::new("failed", "cannot open").caused_by("no such file").hint("make it").hint("or not");
        let line = print(&ErrorDocument { error: &body }).unwrap();
        assert!(line.contains("\"message\":\"cannot open: no such file\",\"hint\":\"make it\\nor not\""), "{line}");
        let mut page = Page::new(false, 80);
        body.fill(&mut page);
        assert_eq!(page.finish(), "error: cannot open\ncaused by: no such file\nhint: make it\nhint: or not\n");
    }
}
