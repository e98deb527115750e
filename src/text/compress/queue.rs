//! Which units are taken next: those that are worth most for their price.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::Worth;
use super::choice::Choice;
use super::leads::Leads;
use crate::text::code_spans::code_spans;
use crate::text::rank::Vectors;
use crate::text::units::{GOES_ON, IS_CUT, Layout, Reading};

/// Above this likeness a unit says again what another one said.
const REPEATS: f32 = 0.75;
/// So many units in a row for which there is no room end the search for one.
const MISFITS: usize = 400;

/// Units that may be taken, those that are worth most for their price first.
pub(super) struct Queue<'r> {
    worth: &'r Worth,
    reading: &'r Reading,
    vectors: &'r Vectors,
    /// What is worth the same whatever is taken.
    fixed: Vec<f32>,
    heap: BinaryHeap<(Order, Reverse<usize>)>,
    /// The code spans of each unit.
    spans: Vec<Vec<&'r str>>,
    /// Code spans that a taken unit has.
    known: HashSet<&'r str>,
    taken: Vec<usize>,
    leads: &'r Leads<'r>,
    /// Texts that were looked at: most repeats are word for word.
    said: HashSet<&'r str>,
}

/// A score as a heap compares it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Order(f32);

impl Eq for Order {}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Order {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl<'r> Queue<'r> {
    pub(super) fn new(worth: &'r Worth, reading: &'r Reading, vectors: &'r Vectors, leads: &'r Leads<'r>) -> Self {
        let ranks = vectors.textrank();
        let mut lengths: HashMap<usize, (usize, usize)> = HashMap::new();
        for (at, unit) in reading.units.iter().enumerate() {
            lengths.entry(reading.sections[unit.section].source).or_insert((at, 0)).1 += 1;
        }
        let mut queue = Self {
            worth,
            reading,
            vectors,
            leads,
            fixed: Vec::with_capacity(ranks.len()),
            heap: BinaryHeap::new(),
            spans: reading.units.iter().map(|unit| spans(&unit.text)).collect(),
            known: HashSet::new(),
            taken: Vec::new(),
            said: HashSet::new(),
        };
        for (at, unit) in reading.units.iter().enumerate() {
            let is_first = at == 0 || reading.units[at - 1].section != unit.section;
            let (start, count) = lengths[&reading.sections[unit.section].source];
            let mut value = worth.rank * ranks[at];
            value += if unit.is_weighty { worth.wording } else { 0.0 };
            value += worth.telling * unit.telling.min(3) as f32;
            value += if is_first { worth.first } else { 0.0 };
            value += worth.early * (1.0 - (at - start) as f32 / count as f32);
            queue.fixed.push(value);
            let price = unit.text.len() as f32 / 4.0 + 4.0;
            let score = queue.score(at, price);
            queue.heap.push((Order(score), Reverse(at)));
        }
        queue
    }

    fn score(&self, unit: usize, price: f32) -> f32 {
        let own = &self.reading.units[unit];
        let spans = match own.layout {
            Layout::Code => 0,
            _ => self.spans[unit].iter().filter(|span| !self.known.contains(*span)).count().min(4),
        };
        (self.fixed[unit] + self.worth.code * spans as f32) / price.max(1.0).powf(self.worth.cost)
    }

    /// Takes units until the budget is spent; says which, in the order in which they were taken.
    pub(super) fn fill(&mut self, choice: &mut Choice<'r>, budget: usize) -> Vec<usize> {
        let mut taken = Vec::new();
        let mut misfits = Vec::new();
        while misfits.len() < MISFITS
            && let Some((Order(score), Reverse(at))) = self.heap.pop()
        {
            if choice.is_taken[at] {
                continue;
            }
            let (cost, saved) = choice.price(at);
            let now = self.score(at, cost.saturating_sub(saved) as f32);
            // What has become worth less than the next one waits for its turn.
            if now < score * 0.99 && self.heap.peek().is_some_and(|(next, _)| Order(now) < *next) {
                self.heap.push((Order(now), Reverse(at)));
                continue;
            }
            if cost > saved && choice.spent + cost - saved > budget {
                misfits.push((Order(score), Reverse(at)));
                continue;
            }
            // The pieces of a sentence are as like each other as they are: what says it again is another sentence.
            let may_repeat = saved == 0 && !is_piece(&self.reading.units[at].text);
            if may_repeat && !self.said.insert(&self.reading.units[at].text) {
                continue;
            }
            if may_repeat && self.taken.iter().any(|other| self.vectors.likeness(at, *other) > REPEATS) {
                continue;
            }
            choice.take(at, (cost, saved));
            for unit in std::iter::once(at).chain(choice.take_leads_of(self.leads, at, budget)) {
                self.known.extend(&self.spans[unit]);
                self.taken.push(unit);
                taken.push(unit);
            }
        }
        self.heap.extend(misfits);
        taken
    }
}

/// Whether a text is a piece of a sentence that was cut.
fn is_piece(text: &str) -> bool {
    text.starts_with(GOES_ON) || text.ends_with(IS_CUT)
}

/// The code spans of a text.
fn spans(text: &str) -> Vec<&str> {
    code_spans(text).into_iter().map(|span| &text[span.inner]).collect()
}
