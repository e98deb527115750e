//! Items of lists: which list each belongs to, and which item it is part of.

/// The item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The list, numbered through all sources.
    pub list: usize,
    /// The item that it is part of, by its number; outer ones without a text are passed over.
    pub outer: Option<usize>,
    /// Its marker and the box behind it: `-`, `2.`, `- [ ]`.
    pub marker: String,
}

impl Item {
    /// The marker without a box.
    pub fn bullet(&self) -> &str {
        self.marker.split_whitespace().next().unwrap_or("-")
    }
}

/// The items around the one that is read, outer ones first; for one without a text the item that it is part of itself.
#[derive(Debug, Default)]
pub(super) struct Around(Vec<Option<usize>>);

impl Around {
    /// Notes that an item with number `own` begins at a depth from 1, or one without a text; says what it is part of.
    pub(super) fn enter(&mut self, depth: usize, own: Option<usize>) -> Option<usize> {
        self.0.truncate(depth.saturating_sub(1));
        let outer = self.0.last().copied().flatten();
        self.0.push(own.or(outer));
        outer
    }
}

/// The marker of a list item, with the box of a task, and its text.
pub(super) fn marked(item: &str) -> (&str, &str) {
    let marker = item.find(char::is_whitespace).unwrap_or(item.len());
    let text = item[marker..].trim_start();
    let has_box = ["[ ] ", "[x] ", "[X] "].iter().any(|mark| text.starts_with(mark));
    let end = if has_box { item.len() - text.len() + 3 } else { marker };
    (&item[..end], item[end..].trim_start())
}
