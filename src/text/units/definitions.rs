//! Where references lead: `[text][label]`, with `[label]: target` anywhere in the document.

use std::collections::HashMap;

use pulldown_cmark::Parser;

use crate::model::document::options;

/// The targets of a document's labels.
#[derive(Debug, Default)]
pub(super) struct Definitions(HashMap<String, String>);

impl Definitions {
    /// The definitions in the Markdown `text`.
    pub(super) fn of(text: &str) -> Self {
        // Most documents have none, and need not be read for them.
        if !text.contains("]:") {
            return Self::default();
        }
        let parser = Parser::new_ext(text, options());
        let found = parser.reference_definitions().iter();
        Self(found.map(|(label, definition)| (normal(label), definition.dest.to_string())).collect())
    }

    /// Where a link leads, as `cleaned` gives it: a target as it is, a label in brackets by its definition.
    pub(super) fn resolve<'t>(&'t self, target: &'t str) -> Option<&'t str> {
        match target.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(label) if self.0.is_empty() || label.is_empty() => None,
            Some(label) => self.0.get(&normal(label)).map(String::as_str),
            None => Some(target),
        }
    }
}

/// A label as labels are compared: without regard to case and blanks.
fn normal(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
