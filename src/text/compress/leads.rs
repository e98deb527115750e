//! What the items of lists mean nothing without: the items that they are part of, and the sentence that introduces the list.

use std::collections::HashMap;

use crate::text::units::{Layout, Reading};

/// The units that items bring along, where there is room.
pub(super) struct Leads<'r> {
    reading: &'r Reading,
    /// Of each item the unit that says what is part of it.
    heads: Vec<Option<usize>>,
    /// By list: the unit above it that ends in a colon.
    intros: HashMap<usize, usize>,
}

impl<'r> Leads<'r> {
    pub(super) fn of(reading: &'r Reading) -> Self {
        let mut leads = Self { reading, heads: vec![None; reading.items.len()], intros: HashMap::new() };
        let mut list = 0;
        for (at, unit) in reading.units.iter().enumerate() {
            let Layout::Item(item) = unit.layout else { continue };
            // Its first unit, or a later one that says that something follows.
            if leads.heads[item].is_none() || introduces(&unit.text) {
                leads.heads[item] = Some(at);
            }
            // Lists are numbered in their order.
            if reading.items[item].list > list {
                list = reading.items[item].list;
                let before = at.checked_sub(1).filter(|before| reading.units[*before].section == unit.section);
                let intro = before.filter(|before| {
                    let above = &reading.units[*before];
                    matches!(above.layout, Layout::Text | Layout::Quote) && introduces(&above.text)
                });
                leads.intros.extend(intro.map(|intro| (list, intro)));
            }
        }
        leads
    }

    /// What a unit is to bring along, what is nearest to it first.
    pub(super) fn of_unit(&self, unit: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let Layout::Item(mut at) = self.reading.units[unit].layout else { return found };
        loop {
            let item = &self.reading.items[at];
            found.extend(self.intros.get(&item.list));
            let Some(outer) = item.outer else { return found };
            found.extend(self.heads[outer]);
            at = outer;
        }
    }
}

/// Whether a text says that something follows.
pub(super) fn introduces(text: &str) -> bool {
    text.trim_end_matches(['*', '_', ' ']).ends_with([':', '：'])
}
