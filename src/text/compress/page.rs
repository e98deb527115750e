//! Units printed as Markdown, under their headings.

use std::collections::HashSet;

use super::leads::introduces;
use crate::text::sentences::WIDE_ENDS;
use crate::text::units::{GOES_ON, IS_CUT, Layout, Reading, Section, Unit};

/// What a list of facts begins with.
const LIST: &str = "Also: ";
/// What stands where something is left out.
const LEFT_OUT: &str = "…";

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
    /// Whether a mark stands for it.
    is_marked: bool,
    /// The item that was printed last and those that it is part of, outer ones first; none where something else came behind it.
    open: Vec<usize>,
}

impl<'r> Page<'r> {
    /// An empty page for what was read of sources with these names.
    pub(super) fn new(reading: &'r Reading, names: &'r [&'r str]) -> Self {
        Self {
            reading,
            names,
            out: String::new(),
            headed: HashSet::new(),
            block: None,
            last: None,
            is_marked: false,
            open: Vec::new(),
        }
    }

    /// The text, which one line feed ends.
    pub(super) fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out.push('\n');
        self.out
    }

    /// A unit in full.
    pub(super) fn unit(&mut self, number: usize, unit: &Unit) {
        self.place(number, unit, &unit.text);
        self.is_marked = false;
    }

    /// The mark that a unit is left out, laid out as it would be.
    pub(super) fn mark(&mut self, number: usize, unit: &Unit) {
        match &unit.layout {
            Layout::Heading => return,
            Layout::Row(_) => self.place(number, unit, "| … |"),
            Layout::Code => {
                let fences =
                    unit.text.split_once('\n').and_then(|(open, rest)| Some((open, rest.rsplit_once('\n')?.1)));
                let (open, close) = fences.unwrap_or(("```", "```"));
                self.place(number, unit, &format!("{open}\n{LEFT_OUT}\n{close}"));
            }
            _ => self.place(number, unit, LEFT_OUT),
        }
        self.is_marked = true;
    }

    fn place(&mut self, number: usize, unit: &Unit, text: &str) {
        self.head(unit.section);
        let last = self.last.replace(number);
        let is_next = !self.is_marked && last.is_some_and(|last| last + 1 == number);
        let goes_on = self.block.as_ref().is_some_and(|(block, _)| *block == unit.block);
        match &unit.layout {
            Layout::Heading => {}
            Layout::Text | Layout::Quote | Layout::Item(..) if goes_on => {
                let text = match text.strip_prefix(GOES_ON).filter(|_| self.out.ends_with(IS_CUT)) {
                    // The two marks are one, and none where nothing is left out.
                    Some(text) => {
                        self.out.truncate(self.out.len() - if is_next { IS_CUT.len() } else { 0 });
                        text
                    }
                    None => text,
                };
                self.out.push_str(if self.out.ends_with(WIDE_ENDS) { "" } else { " " });
                self.out.push_str(text);
            }
            Layout::Text => {
                self.part();
                self.text(text);
            }
            Layout::Quote => {
                self.part();
                self.out.push_str("> ");
                self.text(text);
            }
            Layout::Item(item) => {
                self.item(number, *item, last);
                self.text(text);
            }
            Layout::Code => self.code(number, text, goes_on, is_next),
            Layout::Row(head) => {
                if goes_on {
                    self.out.push('\n');
                } else {
                    self.part();
                    self.out.push_str(head);
                    self.out.push('\n');
                }
                self.out.push_str(text);
            }
        }
        if !matches!(unit.layout, Layout::Item(_)) {
            self.open.clear();
        }
        self.block = Some((unit.block, unit.layout.clone()));
    }

    /// Begins the item of a list below the items that it is part of. Those that are not there are marked, and so is what stood
    /// between it and the list above, which would take it in.
    fn item(&mut self, number: usize, item: usize, last: Option<usize>) {
        let items = &self.reading.items;
        let mut path = vec![item];
        while let Some(outer) = path.last().and_then(|inner| items[*inner].outer) {
            path.push(outer);
        }
        path.reverse();
        let mut known = self.open.iter().zip(&path).take_while(|(one, other)| one == other).count();
        let left_out = self.left_out(number, last);
        let goes_on = match self.open.get(known) {
            Some(sibling) => items[*sibling].list == items[path[known]].list,
            None => known > 0 && left_out.is_none(),
        };
        if !goes_on {
            let bullet = |item: usize| items[item].bullet().chars().next_back();
            let is_apart = match self.open.first() {
                Some(above) => last.is_some_and(|last| last + 1 == number) && bullet(*above) != bullet(path[0]),
                None if self.block.is_none() => left_out.is_none_or(|unit| !introduces(&unit.text)),
                None => left_out.is_none(),
            };
            if !is_apart {
                self.part();
                self.out.push_str(LEFT_OUT);
            }
            self.part();
            (self.open, known) = (Vec::new(), 0);
        }
        let is_sibling = self.open.len() > known;
        let mut indent: usize = path[..known].iter().map(|outer| items[*outer].bullet().len() + 1).sum();
        for (at, own) in path.iter().enumerate().skip(known) {
            let bullet = items[*own].bullet();
            if at > 0 || goes_on {
                // Only a list that begins with 1 may follow the text of an item at once.
                let begins = !(at == known && is_sibling);
                let is_odd = bullet.starts_with(|c: char| c.is_ascii_digit()) && !matches!(bullet, "1." | "1)");
                self.out.push_str(if begins && is_odd { "\n\n" } else { "\n" });
            }
            self.out.push_str(&" ".repeat(indent));
            let (marker, text) = if *own == item { (items[item].marker.as_str(), "") } else { (bullet, LEFT_OUT) };
            self.out.push_str(&format!("{marker} {text}"));
            indent += bullet.len() + 1;
        }
        self.open = path;
    }

    /// What stood last between the unit that was printed last, in the same section, and this one, and belongs to no item.
    fn left_out(&self, number: usize, last: Option<usize>) -> Option<&'r Unit> {
        let own = &self.reading.units[number];
        let between = &self.reading.units[last.map_or(0, |last| last + 1)..number];
        let of_section = between.iter().rev().take_while(|unit| unit.section == own.section);
        of_section.into_iter().find(|unit| !matches!(unit.layout, Layout::Item(_) | Layout::Heading))
    }

    /// A block of code, or a piece of one: all pieces stand in one fence, with a mark where lines are left out.
    fn code(&mut self, number: usize, text: &str, goes_on: bool, is_next: bool) {
        const MARK: &str = "…\n";
        let (open, rest) = text.split_once('\n').unwrap_or((text, ""));
        let (inner, close) = rest.rsplit_once('\n').unwrap_or(("", rest));
        let units = &self.reading.units;
        let is_piece = |other: Option<&Unit>| other.is_some_and(|other| other.block == units[number].block);
        if goes_on {
            self.out.truncate(self.out.rfind('\n').map_or(0, |end| end + 1));
            if is_next && self.out.ends_with(MARK) {
                self.out.truncate(self.out.len() - MARK.len());
            }
        } else {
            self.part();
            self.out.push_str(&format!("{open}\n"));
            if is_piece(number.checked_sub(1).and_then(|before| units.get(before))) {
                self.out.push_str(MARK);
            }
        }
        let is_there = inner == LEFT_OUT && self.out.ends_with(MARK);
        if !inner.is_empty() && !is_there {
            self.out.push_str(&format!("{inner}\n"));
        }
        if is_piece(units.get(number + 1)) && !self.out.ends_with(MARK) {
            self.out.push_str(MARK);
        }
        self.out.push_str(close);
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
        self.open.clear();
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
            self.open.clear();
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
