//! What has been taken of a text, what that costs, and what is listed because nothing that was taken says it.

use std::collections::{HashMap, HashSet};

use super::leads::Leads;
use super::page::Page;
use super::{Compressed, Unfit};
use crate::text::facts::FactKind;
use crate::text::tokens;
use crate::text::units::{Layout, MustKeep, Reading, Section, Unit, WHOLE};

/// What a fact costs in a list beside its own tokens.
const SEPARATOR: usize = 1;
/// What a mark costs, with the fences around it.
const MARK: usize = 6;

/// What has been taken so far, and what that costs.
pub(super) struct Choice<'r> {
    reading: &'r Reading,
    names: &'r [&'r str],
    pub(super) is_taken: Vec<bool>,
    /// Units that are too large for the budget: a mark stands where they are left out.
    is_oversized: Vec<bool>,
    /// Facts by number: the first of equal ones, what it costs in a list, and whether a taken unit says it.
    facts: Vec<(&'r MustKeep, usize)>,
    /// The numbers of the facts that each unit says.
    said: Vec<Vec<usize>>,
    is_said: Vec<bool>,
    /// Whether the heading of a section is paid for.
    is_headed: Vec<bool>,
    counter: tokens::Counter<'r>,
    /// The tokens of each unit with its marks, where they were asked for.
    costs: Vec<Option<usize>>,
    pub(super) spent: usize,
}

impl<'r> Choice<'r> {
    pub(super) fn new(reading: &'r Reading, names: &'r [&'r str]) -> Self {
        let mut choice = Self {
            reading,
            names,
            is_taken: vec![false; reading.units.len()],
            is_oversized: vec![false; reading.units.len()],
            facts: Vec::new(),
            said: vec![Vec::new(); reading.units.len()],
            is_said: Vec::new(),
            is_headed: vec![false; reading.sections.len()],
            counter: tokens::Counter::default(),
            costs: vec![None; reading.units.len()],
            spent: if names.len() > 1 { names.iter().map(|name| tokens::count(name) + 5).sum() } else { 0 },
        };
        let mut numbers: HashMap<(FactKind, &str), usize> = HashMap::new();
        for facts in reading.facts.chunk_by(|a, b| a.unit == b.unit) {
            let covered = covered(facts);
            for fact in facts.iter().filter(|fact| !covered.contains(fact.text.as_str())) {
                let number = *numbers.entry((fact.kind, &fact.text)).or_insert_with(|| {
                    choice.facts.push((fact, choice.counter.count(&fact.text) + SEPARATOR));
                    choice.facts.len() - 1
                });
                // Where a link leads is listed even where its text is taken.
                if fact.shown.is_some() {
                    choice.said[fact.unit].push(number);
                }
            }
        }
        choice.is_said = vec![false; choice.facts.len()];
        for number in 0..choice.facts.len() {
            let (fact, cost) = choice.facts[number];
            choice.spent += cost;
            choice.pay_heading(reading.units[fact.unit].section);
        }
        let listed: HashSet<usize> = choice.facts.iter().map(|(fact, _)| reading.units[fact.unit].section).collect();
        choice.spent += 4 * listed.len();
        choice
    }

    /// Pays for the headings above a section that are not paid for.
    fn pay_heading(&mut self, section: usize) {
        let mut next = Some(section);
        while let Some(at) = next.filter(|at| !self.is_headed[*at]) {
            self.is_headed[at] = true;
            self.spent += self.heading_cost(at);
            next = self.reading.sections[at].parent;
        }
    }

    fn heading_cost(&mut self, section: usize) -> usize {
        let Section { level, title, .. } = &self.reading.sections[section];
        if *level == 0 { 0 } else { self.counter.count(title) + 3 }
    }

    fn heading_price(&mut self, section: usize) -> usize {
        let mut price = 0;
        let mut next = Some(section);
        while let Some(at) = next.filter(|at| !self.is_headed[*at]) {
            price += self.heading_cost(at);
            next = self.reading.sections[at].parent;
        }
        price
    }

    /// What a unit costs without its headings.
    fn cost(&mut self, unit: usize) -> usize {
        if let Some(cost) = self.costs[unit] {
            return cost;
        }
        let Unit { text, layout, .. } = &self.reading.units[unit];
        let lead = match layout {
            // Its heading is paid for as such.
            Layout::Heading => return *self.costs[unit].insert(0),
            Layout::Text => 1,
            Layout::Quote | Layout::Item(..) => 3,
            Layout::Code => 2,
            Layout::Row(head) => 1 + self.counter.count(head) / 3,
        };
        *self.costs[unit].insert(self.counter.count(text) + lead)
    }

    /// What taking a unit costs, and what that saves.
    pub(super) fn price(&mut self, unit: usize) -> (usize, usize) {
        let mut unsaid: Vec<usize> = self.said[unit].iter().copied().filter(|number| !self.is_said[*number]).collect();
        unsaid.sort_unstable();
        unsaid.dedup();
        let saved = unsaid.iter().map(|number| self.facts[*number].1).sum();
        (self.cost(unit) + self.heading_price(self.reading.units[unit].section), saved)
    }

    pub(super) fn take(&mut self, unit: usize, (cost, saved): (usize, usize)) {
        self.is_taken[unit] = true;
        self.spent = (self.spent + cost).saturating_sub(saved);
        self.pay_heading_of(unit);
        for at in 0..self.said[unit].len() {
            self.is_said[self.said[unit][at]] = true;
        }
    }

    fn pay_heading_of(&mut self, unit: usize) {
        let spent = self.spent;
        self.pay_heading(self.reading.units[unit].section);
        // It was part of the price.
        self.spent = spent;
    }

    /// Takes what must be kept word for word, the same words once.
    pub(super) fn take_bound(&mut self) {
        let mut seen = HashSet::new();
        for (at, unit) in self.reading.units.iter().enumerate() {
            if unit.is_bound && seen.insert(unit.text.as_str()) {
                let price = self.price(at);
                self.take(at, price);
            }
        }
    }

    /// Takes what the units that are taken mean nothing without, as far as there is room for it.
    pub(super) fn take_leads(&mut self, leads: &Leads<'_>, budget: usize) {
        for unit in 0..self.is_taken.len() {
            if self.is_taken[unit] {
                self.take_leads_of(leads, unit, budget);
            }
        }
    }

    /// Takes what a unit means nothing without, as far as there is room for it; says what it took.
    pub(super) fn take_leads_of(&mut self, leads: &Leads<'_>, unit: usize, budget: usize) -> Vec<usize> {
        let mut taken = Vec::new();
        for lead in leads.of_unit(unit) {
            if self.is_taken[lead] {
                continue;
            }
            let (cost, saved) = self.price(lead);
            if self.spent + cost <= budget + saved {
                self.take(lead, (cost, saved));
                taken.push(lead);
            }
        }
        taken
    }

    /// Notes which units are too large for a budget by themselves, as far as there is room to mark them.
    pub(super) fn note_oversized(&mut self, budget: usize, limit: usize) {
        for unit in 0..self.is_taken.len() {
            // A token has a byte at least.
            let is_large = !self.is_taken[unit] && self.reading.units[unit].text.len() > budget.max(WHOLE);
            if is_large && self.cost(unit) > budget {
                let price = self.heading_price(self.reading.units[unit].section) + MARK;
                if self.spent + price <= limit {
                    self.is_oversized[unit] = true;
                    self.spent += price;
                    self.pay_heading_of(unit);
                }
            }
        }
    }

    /// Whether nothing is taken, and nothing listed.
    pub(super) fn says_nothing(&self) -> bool {
        self.facts.is_empty() && !self.is_taken.contains(&true)
    }

    /// What is too much, given that the first facts have room.
    pub(super) fn unfit(&self, limit: usize) -> Box<Unfit> {
        let mut room = limit;
        let mut left_out = Vec::new();
        for (fact, cost) in &self.facts {
            match room.checked_sub(*cost) {
                Some(rest) => room = rest,
                None => {
                    room = 0;
                    left_out.push((*fact).clone());
                }
            }
        }
        Box::new(Unfit::Facts { tokens: self.spent, left_out })
    }

    /// The smallest unit by itself, where there are units and nothing is taken or listed.
    pub(super) fn only_one(&mut self, limit: usize) -> Result<Compressed, Box<Unfit>> {
        let (tokens, unit) = (0..self.is_taken.len()).map(|unit| (self.cost(unit), unit)).min().unwrap_or_default();
        self.is_taken[unit] = true;
        let body = self.print();
        match tokens::count(&body) {
            taken if taken <= limit => Ok(Compressed { body, tokens: taken }),
            _ => Err(Box::new(Unfit::Unit { unit, tokens })),
        }
    }

    /// The text: what was taken in its order, under its headings, and below each section what is listed.
    pub(super) fn print(&self) -> String {
        let mut is_said = vec![false; self.facts.len()];
        for unit in (0..self.is_taken.len()).filter(|unit| self.is_taken[*unit]) {
            for number in &self.said[unit] {
                is_said[*number] = true;
            }
        }
        let mut listed: HashMap<usize, Vec<&str>> = HashMap::new();
        let mut seen = HashSet::new();
        for ((fact, _), _) in self.facts.iter().zip(&is_said).filter(|(_, is_said)| !**is_said) {
            if !seen.insert(&fact.text) {
                continue;
            }
            listed.entry(self.reading.units[fact.unit].section).or_default().push(&fact.text);
        }
        let mut page = Page::new(self.reading, self.names);
        let mut next = 0;
        for section in 0..self.reading.sections.len() {
            while let Some(unit) = self.reading.units.get(next).filter(|unit| unit.section == section) {
                if self.is_taken[next] {
                    page.unit(next, unit);
                } else if self.is_oversized[next] {
                    page.mark(next, unit);
                }
                next += 1;
            }
            if let Some(facts) = listed.get(&section) {
                page.list(section, facts);
            }
        }
        page.finish()
    }
}

/// The facts of a unit that a longer sentence or clause of it says, which is kept anyway: they are not listed again.
fn covered(facts: &[MustKeep]) -> HashSet<&str> {
    let shown = |fact: &MustKeep| fact.shown.clone().map(|range| (range.start, range.end));
    let mut wordings: Vec<(usize, usize)> =
        facts.iter().filter(|fact| fact.kind.is_wording()).filter_map(shown).collect();
    wordings.sort_unstable();
    // How far any of the wordings up to here reaches.
    let reaches: Vec<usize> = wordings
        .iter()
        .scan(0, |furthest, (_, end)| {
            *furthest = (*furthest).max(*end);
            Some(*furthest)
        })
        .collect();
    let reach = |before: usize| before.checked_sub(1).map_or(0, |last| reaches[last]);
    let is_covered = |fact: &&MustKeep| {
        shown(fact).is_some_and(|(start, end)| {
            reach(wordings.partition_point(|(other, _)| *other < start)) >= end
                || reach(wordings.partition_point(|(other, _)| *other <= start)) > end
        })
    };
    facts.iter().filter(is_covered).map(|fact| fact.text.as_str()).collect()
}
