//! Sources read as what can be kept or left out: units in sections, and the facts that must be kept.
//!
//! A unit is a sentence, a short block, a block of code or the row of a table; what is very long of them is cut, where that is not
//! to be kept word for word. What must be kept, and why:
//!
//! - what is marked `!keep`, all of it, and every decision (a sentence with `must`, `decided` and the like), word for word;
//! - each clause that forbids or rules out (`never`, `cannot`, `no longer`), word for word;
//! - each clause that denies something exact (`not`, `without`, `isn't`, and code, a path, a number …), word for word: a sentence
//!   whose sense turns without it, of something that may be listed without it;
//! - in sections whose wording the kind of bundle is about (decisions, rollback, what remains), every unit, word for word, and
//!   every line of code;
//! - in those sections, in other sections that it is about, and in sentences that decide or forbid: every path, identifier,
//!   number with its unit, URL; in the sections every clause that denies;
//! - anywhere: `path:line`, command lines, and in running text paths.
//!
//! All other facts may go: a changelog of 100 kB has thousands of numbers, and a text that keeps them all is no shorter.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::blocks::{Shape, blocks};
use super::cleaning::{Cleaned, cleaned, comments_of_html, joined, text_of_html};
use super::code_blocks::{all_lines, code_of_toml, commands, fenced, kept_of_code, lines};
use super::facts::{FactKind, each_fact, each_place};
use super::keep::{KEEP, without_mark};
use super::sentences::sentences;
use super::wording::{Denial, decides, denials, telling};
use crate::model::bundle::BundleType;
use crate::model::document::LineIndex;
use definitions::Definitions;
use items::{Around, marked};

/// Blocks of at most so many bytes are one unit: their sentences belong together.
pub(super) const WHOLE: usize = 400;

/// A text that is to be shortened.
#[derive(Debug, Clone, Copy)]
pub struct Source<'t> {
    /// What it is called, such as its path.
    pub name: &'t str,
    /// Markdown; TOML where the name ends in `.toml`.
    pub text: &'t str,
}

/// What stands under a heading, or before the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The source, from 0.
    pub source: usize,
    /// The heading's level; 0 for what stands before the first one.
    pub level: u8,
    /// The heading's text.
    pub title: String,
    /// The section that this one is part of.
    pub parent: Option<usize>,
}

/// How a unit is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Running text.
    Text,
    /// The heading of the section itself.
    Heading,
    /// Running text of a quotation.
    Quote,
    /// Text of a list item, by the item's number.
    Item(usize),
    /// Code with its fences.
    Code,
    /// The row of a table, with the two lines above the first row.
    Row(Arc<str>),
}

/// The least that is kept or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The section it stands in.
    pub section: usize,
    /// The block it belongs to, numbered through all sources.
    pub block: usize,
    /// Its text: one line, except of code.
    pub text: String,
    /// The line of the source, from 1, on which the block begins.
    pub line: usize,
    /// How it is laid out.
    pub layout: Layout,
    /// Whether it must be kept word for word.
    pub is_bound: bool,
    /// Whether it decides, binds, forbids or the like.
    pub is_weighty: bool,
    /// How many words it has that tell what one could not guess.
    pub telling: usize,
}

/// A fact that must be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MustKeep {
    /// What it is.
    pub kind: FactKind,
    /// How it reads.
    pub text: String,
    /// The unit that says it.
    pub unit: usize,
    /// Its bytes in the unit's text; `None` where the text does not show it, as with the target of a link.
    pub shown: Option<Range<usize>>,
    /// The line of the source, from 1, on which the block begins that says it.
    pub line: usize,
}

impl FactKind {
    /// Whether it is a sentence or clause, in which case does not matter.
    pub(super) fn is_wording(self) -> bool {
        matches!(self, Self::Kept | Self::Decision | Self::Denial)
    }

    /// Whether it must be kept wherever it stands.
    fn always(self) -> bool {
        matches!(self, Self::Citation | Self::Path | Self::Command)
    }
}

/// What sources say, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The sections; the first of each source has level 0.
    pub sections: Vec<Section>,
    /// The units.
    pub units: Vec<Unit>,
    /// The items of lists.
    pub items: Vec<Item>,
    /// The facts that must be kept, in the order of the units that say them.
    pub facts: Vec<MustKeep>,
}

impl Reading {
    /// Reads sources for a kind of bundle.
    pub fn of(sources: &[Source<'_>], kind: BundleType) -> Self {
        let (out, definitions) = (Self::default(), Definitions::default());
        let mut reader = Reader { kind, out, weight: Weight::Plain, open: Vec::new(), definitions, block: 0, line: 0 };
        for (number, source) in sources.iter().enumerate() {
            match toml_title(source.name) {
                Some(title) => reader.toml(number, title, source.text),
                None => reader.source(number, source.text),
            }
        }
        reader.out
    }

    /// Where a fact stands, for people: the source's number from 0, and the line.
    pub fn place(&self, fact: &MustKeep) -> (usize, usize) {
        (self.sections[self.units[fact.unit].section].source, fact.line)
    }
}

/// What a section is to a kind of bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Nothing in particular.
    Plain,
    /// Its facts are kept.
    Facts,
    /// Its wording is kept.
    Wording,
}

struct Reader {
    kind: BundleType,
    out: Reading,
    weight: Weight,
    /// The sections that the next heading may be part of, outer ones first, with their weights.
    open: Vec<(usize, Weight)>,
    /// Of the source that is read.
    definitions: Definitions,
    block: usize,
    line: usize,
}

impl Reader {
    fn source(&mut self, number: usize, text: &str) {
        let lines = LineIndex::new(text);
        self.weight = Weight::Plain;
        self.definitions = Definitions::of(text);
        self.open = vec![(self.out.sections.len(), Weight::Plain)];
        self.out.sections.push(Section { source: number, level: 0, title: String::new(), parent: None });
        let lists_before = self.out.items.iter().map(|item| item.list).max().unwrap_or(0);
        let mut around = Around::default();
        for block in blocks(text) {
            self.block += 1;
            self.line = lines.line_of(block.range.start);
            let raw = &text[block.range.clone()];
            match block.shape {
                Shape::Heading(level, title) => self.heading(number, level, raw, title.trim()),
                Shape::Paragraph => {
                    let layout = if block.quoted { Layout::Quote } else { Layout::Text };
                    self.running(&joined(raw, block.quoted), layout);
                }
                Shape::Item(depth) => {
                    let joined = joined(raw, block.quoted);
                    let (marker, text) = marked(&joined);
                    let number = Some(self.out.items.len()).filter(|_| !text.is_empty());
                    let outer = around.enter(depth, number);
                    if let Some(number) = number {
                        self.out.items.push(Item { list: lists_before + block.list, outer, marker: marker.to_owned() });
                        self.running(text, Layout::Item(number));
                    }
                }
                Shape::Code(language) => self.code(fenced(raw, block.quoted), &language),
                Shape::Table => self.table(raw),
                Shape::Html => self.html(raw),
            }
        }
    }

    /// A file in TOML: a section with the file's name, and in it one block of code without comments and empty lines.
    fn toml(&mut self, number: usize, title: &str, text: &str) {
        let section = Section { source: number, level: 0, title: String::new(), parent: None };
        let parent = Some(self.out.sections.len());
        self.out.sections.push(section.clone());
        self.out.sections.push(Section { level: 1, title: title.to_owned(), parent, ..section });
        self.weight = self.kind.weight_of(title);
        (self.block, self.line) = (self.block + 1, 1);
        let code = code_of_toml(text);
        if !code.is_empty() {
            self.code(code, "toml");
        }
    }

    /// A heading: a unit of its own where it says something that must be kept, and does not just name its section.
    fn heading(&mut self, source: usize, level: u8, raw: &str, title: &str) {
        let is_marked = without_mark(raw).is_some();
        let title = cleaned(&without_mark(title).unwrap_or_else(|| title.to_owned())).text;
        while self.open.last().is_some_and(|(at, _)| self.out.sections[*at].level >= level) {
            self.open.pop();
        }
        let (parent, above) = self.open.last().map_or((None, Weight::Plain), |(at, weight)| (Some(*at), *weight));
        let own = self.kind.weight_of(&title);
        self.weight = if own == Weight::Plain { above } else { own };
        self.open.push((self.out.sections.len(), self.weight));
        self.out.sections.push(Section { source, level, title: title.clone(), parent });
        let before = self.out.facts.len();
        if is_marked {
            self.fact(FactKind::Kept, &title, Some(0..title.len()));
            self.facts_of(&title, 0, true);
        } else if own == Weight::Plain {
            self.sentence(&title, 0, decides(&title));
        }
        if self.out.facts.len() > before {
            self.push(title, Layout::Heading, true);
        }
    }

    /// A block of HTML, as people see it; one with a mark in a comment and nothing else is that comment.
    fn html(&mut self, raw: &str) {
        let seen = joined(&text_of_html(raw), false);
        let is_marked = without_mark(&joined(raw, false)).is_some();
        let seen = match seen.contains(char::is_alphanumeric) {
            false if is_marked => joined(&comments_of_html(raw), false),
            _ => seen,
        };
        self.running(&if is_marked && !seen.contains(KEEP) { format!("{seen} {KEEP}") } else { seen }, Layout::Text);
    }

    /// A paragraph or an item: whole where it is short or marked, otherwise by sentences.
    fn running(&mut self, raw: &str, layout: Layout) {
        if let Some(rest) = without_mark(raw) {
            let Cleaned { text, targets } = cleaned(&rest);
            self.fact(FactKind::Kept, &text, Some(0..text.len()));
            self.facts_of(&text, 0, true);
            self.targets(&targets, true);
            return self.push(text, layout, true);
        }
        let Cleaned { text, targets } = cleaned(raw);
        if !text.chars().any(char::is_alphanumeric) {
            return;
        }
        let (mut is_bound, mut carries) = (false, self.weight != Weight::Plain);
        let is_whole = text.len() <= WHOLE;
        let all = sentences(&text);
        for (at, sentence) in all.iter().enumerate() {
            let before = self.out.facts.len();
            let (own, start) = (&text[sentence.clone()], if is_whole { sentence.start } else { 0 });
            let binds = self.weight == Weight::Wording || decides(own);
            carries |= self.sentence(own, start, binds);
            is_bound |= binds;
            // Where the links of a block lead belongs to its last unit.
            if at + 1 == all.len() {
                self.targets(&targets, carries);
            }
            if !is_whole {
                self.push_sentence(own, &layout, binds, before);
            }
        }
        if is_whole {
            self.push(text, layout, is_bound);
        }
    }

    /// Notes the facts of a sentence that begins at `start` of its unit, and must be kept word for word where it `binds`. Whether
    /// it carries facts that must be kept.
    fn sentence(&mut self, text: &str, start: usize, binds: bool) -> bool {
        if binds {
            self.fact(FactKind::Decision, text, Some(start..start + text.len()));
        }
        let denials = denials(text);
        let carries = binds || denials.iter().any(|denial| denial.forbids);
        self.facts_of(text, start, carries);
        for Denial { clause, forbids } in denials {
            let own = &text[clause.clone()];
            // What is kept word for word says what it denies.
            if forbids || !binds && (self.weight != Weight::Plain || names_something(own)) {
                self.fact(FactKind::Denial, own, Some(start + clause.start..start + clause.end));
            }
        }
        carries
    }

    /// Notes the facts of running text that begins at `start` of its unit: all of them where it `carries` them, otherwise
    /// those that are always kept.
    fn facts_of(&mut self, text: &str, start: usize, carries: bool) {
        let all = carries || self.weight != Weight::Plain;
        each_fact(text, |kind, fact| {
            if all || kind.always() {
                let from = start + (fact.as_ptr() as usize - text.as_ptr() as usize);
                self.fact(kind, fact, Some(from..from + fact.len()));
            }
        });
    }

    /// Notes where links lead, which the text itself loses: paths always, addresses where the block `carries` facts.
    fn targets(&mut self, targets: &[&str], carries: bool) {
        let definitions = std::mem::take(&mut self.definitions);
        for target in targets.iter().filter_map(|target| definitions.resolve(target)) {
            let is_address = target.starts_with("http");
            let end = target.find(['#', '?']).filter(|_| !is_address).unwrap_or(target.len());
            each_place(&target[..end], |kind, place| {
                if carries || kind != FactKind::Url {
                    self.fact(kind, place, None);
                }
            });
        }
        self.definitions = definitions;
    }

    /// A block of code: where the section's wording is kept, all of it.
    fn code(&mut self, block: String, language: &str) {
        let whole = || Some(0..block.len());
        let is_worded = self.weight == Weight::Wording;
        let mut is_bound = is_worded;
        for line in lines(&block).filter(|line| line.contains(KEEP)) {
            is_bound = true;
            self.fact(FactKind::Kept, &kept_of_code(line), whole());
        }
        let commands = if is_worded { all_lines(&block, language) } else { commands(&block, language) };
        for command in &commands {
            self.fact(FactKind::Command, command, whole());
        }
        // A line that is kept says the places that it names.
        let commands: HashSet<&str> = commands.iter().map(String::as_str).collect();
        let is_other = |line: &&str| !is_worded && line.contains([':', '/']) && !commands.contains(line.trim());
        for line in lines(&block).filter(is_other) {
            each_place(line, |kind, place| {
                if kind == FactKind::Citation || kind == FactKind::Path && self.weight == Weight::Facts {
                    self.fact(kind, place, whole());
                }
            });
        }
        if is_bound {
            return self.push(block, Layout::Code, true);
        }
        let before = self.out.facts.partition_point(|fact| fact.unit < self.out.units.len());
        let pieces = cutting::code(block);
        // Which of the pieces shows a fact is not told: it is listed.
        if pieces.len() > 1 {
            self.out.facts[before..].iter_mut().for_each(|fact| fact.shown = None);
        }
        for piece in pieces {
            self.push(piece, Layout::Code, false);
        }
    }

    fn table(&mut self, raw: &str) {
        let mut lines = raw.lines();
        let head: Vec<&str> = lines.by_ref().take(2).map(str::trim).collect();
        let head: Arc<str> = head.join("\n").into();
        for line in lines {
            let rest = without_mark(line);
            let Cleaned { text, targets } = cleaned(rest.as_deref().unwrap_or(line));
            let binds = rest.is_none() && (self.weight == Weight::Wording || decides(&text));
            if rest.is_some() {
                self.fact(FactKind::Kept, &text, Some(0..text.len()));
            }
            let carries = self.sentence(&text, 0, binds) || rest.is_some() || self.weight != Weight::Plain;
            self.targets(&targets, carries);
            self.push(text, Layout::Row(head.clone()), binds || rest.is_some());
        }
    }

    /// Notes a fact of the unit that is pushed next.
    fn fact(&mut self, kind: FactKind, text: &str, shown: Option<Range<usize>>) {
        if text.chars().any(char::is_alphanumeric) {
            let unit = self.out.units.len();
            self.out.facts.push(MustKeep { kind, text: text.to_owned(), unit, shown, line: self.line });
        }
    }

    /// Pushes a sentence, whose facts are those from number `before` on: in pieces where it is very long and need not be kept.
    fn push_sentence(&mut self, text: &str, layout: &Layout, is_bound: bool, before: usize) {
        let shown = self.out.facts[before..].iter().filter_map(|fact| fact.shown.clone());
        let pieces = if is_bound { Vec::new() } else { cutting::sentence(text, shown) };
        let [first, .., last] = pieces.as_slice() else {
            return self.push(text.to_owned(), layout.clone(), is_bound);
        };
        for fact in &mut self.out.facts[before..] {
            match &mut fact.shown {
                None => fact.unit += pieces.len() - 1,
                Some(shown) => {
                    let number = pieces.partition_point(|piece| piece.end <= shown.start);
                    let mark = if number == 0 { 0 } else { GOES_ON.len() };
                    let moved = |at: usize| at - pieces[number].start + mark;
                    *shown = moved(shown.start)..moved(shown.end);
                    fact.unit += number;
                }
            }
        }
        self.out.facts[before..].sort_by_key(|fact| fact.unit);
        for piece in &pieces {
            let begins = if piece == first { "" } else { GOES_ON };
            let ends = if piece == last { "" } else { IS_CUT };
            self.push(format!("{begins}{}{ends}", &text[piece.clone()]), layout.clone(), false);
        }
    }

    fn push(&mut self, text: String, layout: Layout, is_bound: bool) {
        let section = self.out.sections.len() - 1;
        let unit = self.out.units.len();
        let own = &self.out.facts[self.out.facts.partition_point(|fact| fact.unit < unit)..];
        let is_weighty = own.iter().take_while(|fact| fact.unit == unit).any(|fact| fact.kind.is_wording());
        let telling = if layout == Layout::Code { 0 } else { telling(&text) };
        let (block, line) = (self.block, self.line);
        self.out.units.push(Unit { section, block, text, line, layout, is_bound, is_weighty, telling });
    }
}

/// The name of a file in TOML, without folders and ending; `None` for other files.
pub(crate) fn toml_title(name: &str) -> Option<&str> {
    name.rsplit('/').next().unwrap_or(name).strip_suffix(".toml")
}

/// Whether a clause is about anything exact.
fn names_something(clause: &str) -> bool {
    let mut found = false;
    each_fact(clause, |_, _| found = true);
    found
}

impl BundleType {
    fn weight_of(self, heading: &str) -> Weight {
        match (self.is_about_wording(heading), self.is_about_facts(heading)) {
            (true, _) => Weight::Wording,
            (false, true) => Weight::Facts,
            (false, false) => Weight::Plain,
        }
    }
}

pub(super) use cutting::{GOES_ON, IS_CUT};
pub use items::Item;

mod cutting;
mod definitions;
mod items;
#[cfg(test)]
mod tests;
