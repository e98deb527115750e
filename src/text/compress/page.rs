//! Units printed as Markdown, under their headings.

use std::collections::HashSet;

use crate::text::units::{GOES_ON, IS_CUT, Layout, Reading, Section, Unit};

/// What a list of facts begins with.
const LIST: &str = "Also: ";

/// Markdown that grows.
pub(super) struct Page<'r> {
    reading: &'r Reading,
    names: &'r [&'r str],
    out: String,
    headed: HashSet<usize>,
    /// The block and the layout of what was printed last.
    block: Option<(usize, Layout)>,
    /// The number of the unit that was printed last.
    last: Option<usize>,
    /// How deep the item stands that was printed last.
    depth: usize,
}

impl<'r> Page<'r> {
    /// An empty page for what was read of sources with these names.
    pub(super) fn new(reading: &'r Reading, names: &'r [&'r str]) -> Self {
        Self { reading, names, out: String::new(), headed: HashSet::new(), block: None, last: None, depth: 0 }
    }

    /// The text, which one line feed ends.
    pub(super) fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out.push('\n');
        self.out
    }

    pub(super) fn unit(&mut self, number: usize, unit: &Unit) {
        self.head(unit.section);
        let is_next = self.last.replace(number).is_some_and(|last| last + 1 == number);
        let goes_on = self.block.as_ref().is_some_and(|(block, _)| *block == unit.block);
        let after_item = matches!(&self.block, Some((_, Layout::Item(..))));
        match &unit.layout {
            Layout::Heading => {}
            Layout::Text | Layout::Quote | Layout::Item(..) if goes_on => {
                let text = match unit.text.strip_prefix(GOES_ON).filter(|_| self.out.ends_with(IS_CUT)) {
                    // The two marks are one, and none where nothing is left out.
                    Some(text) => {
                        self.out.truncate(self.out.len() - if is_next { IS_CUT.len() } else { 0 });
                        text
                    }
                    None => &unit.text,
                };
                self.out.push(' ');
                self.out.push_str(text);
            }
            Layout::Text => {
                self.part();
                self.text(&unit.text);
            }
            Layout::Quote => {
                self.part();
                self.out.push_str("> ");
                self.text(&unit.text);
            }
            Layout::Item(depth, marker) => {
                // An item whose outer one was left out stands where that stood: indented by itself it would be code.
                self.depth = if after_item { (*depth).min(self.depth + 1) } else { 1 };
                if after_item {
                    self.out.push('\n')
                } else {
                    self.part()
                }
                let indent = "  ".repeat(self.depth - 1);
                self.out.push_str(&format!("{indent}{marker} "));
                self.text(&unit.text);
            }
            Layout::Code if goes_on && is_next => {
                // The fences of both go, where one ends and the other begins.
                let inner = unit.text.split_once('\n').map_or("", |(_, inner)| inner);
                self.out.truncate(self.out.rfind('\n').map_or(0, |end| end + 1));
                self.out.push_str(inner);
            }
            Layout::Code => {
                self.part();
                self.out.push_str(&unit.text);
            }
            Layout::Row(head) => {
                if goes_on {
                    self.out.push('\n');
                } else {
                    self.part();
                    self.out.push_str(head);
                    self.out.push('\n');
                }
                self.out.push_str(&unit.text);
            }
        }
        self.block = Some((unit.block, unit.layout.clone()));
    }

    /// Running text at the beginning of a line, where it must not open a block of code.
    fn text(&mut self, text: &str) {
        if ["```", "~~~"].iter().any(|fence| text.starts_with(fence)) {
            self.out.push('\\');
        }
        self.out.push_str(text);
    }

    pub(super) fn list(&mut self, section: usize, facts: &[&str]) {
        self.head(section);
        self.part();
        self.out.push_str(LIST);
        self.out.push_str(&facts.join(" · "));
        self.block = None;
    }

    /// Prints the headings above that are not there yet, and the name of the source where there are several.
    fn head(&mut self, section: usize) {
        let mut missing = Vec::new();
        let mut next = Some(section);
        while let Some(at) = next.filter(|at| self.headed.insert(*at)) {
            missing.push(at);
            next = self.reading.sections[at].parent;
        }
        for at in missing.into_iter().rev() {
            let Section { source, level, title, .. } = &self.reading.sections[at];
            self.block = None;
            self.part();
            match level {
                0 if self.names.len() > 1 => self.out.push_str(&format!("**From `{}`**", self.names[*source])),
                0 => {}
                _ => self.out.push_str(&format!("{} {title}", "#".repeat(usize::from(*level)))),
            }
        }
    }

    /// An empty line, unless nothing stands above.
    fn part(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push_str("\n\n");
        }
    }
}
