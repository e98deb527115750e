//! Shorter texts that still hold what must be kept, made of the source's own words.
//!
//! First comes what must be kept word for word, then a list of all other facts that must be kept, for each section; what the
//! budget has left goes to the units that are worth most for what they cost. A unit that is taken in full takes its facts off the
//! lists. The item of a list brings along the items that it is part of and the sentence that introduces the list, or the mark that
//! they are left out, because it would mean something else without them. Deterministic, and linear in the length of the sources but
//! for sorting.
//!
//! What a unit is worth was chosen by measurement. Words that tell of exceptions, conditions, changes and causes are worth most:
//! with them about half of the questions of the benchmark can be answered from a fifth of the text. TextRank, the usual choice,
//! takes long sentences from the middle of things and does worse than chance, so it only decides between equals.

mod choice;
mod leads;
mod page;
mod queue;
#[cfg(test)]
mod tests;

use self::choice::Choice;
use self::leads::Leads;
use self::queue::Queue;
use super::rank::Vectors;
use super::tokens;
use super::units::{MustKeep, Reading};

/// So many times what is left over is spent.
const ROUNDS: usize = 4;
/// What must be kept may take this part of its size more for what it means nothing without.
const LEADS: usize = 4;

/// A shorter text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compressed {
    /// Markdown that ends with a line feed.
    pub body: String,
    /// Its tokens.
    pub tokens: usize,
}

/// Why there is no text within the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// What must be kept is too much.
    Facts {
        /// Tokens of what must be kept.
        tokens: usize,
        /// The facts that found no room, in order.
        left_out: Vec<MustKeep>,
    },
    /// Nothing must be kept, and each unit is too large.
    Unit {
        /// The number of the smallest one.
        unit: usize,
        /// Its tokens.
        tokens: usize,
    },
}

/// What units are worth.
#[derive(Debug, Clone, Copy)]
pub struct Worth {
    /// Of its rank in the text.
    pub rank: f32,
    /// Of each code span that no taken unit has, up to four.
    pub code: f32,
    /// Of a decision or denial in it.
    pub wording: f32,
    /// Of each word that tells what one could not guess, up to three.
    pub telling: f32,
    /// Of standing first in its section.
    pub first: f32,
    /// Of standing early in its source.
    pub early: f32,
    /// How much its cost counts: 0 not at all, 1 in full.
    pub cost: f32,
}

impl Worth {
    /// Chosen by measurement: `cargo bench --bench bundles` shows what others give.
    pub const CHOSEN: Self =
        Self { rank: 0.1, code: 0.05, wording: 0.3, telling: 1.0, first: 0.1, early: 0.0, cost: 0.6 };
}

/// Shortens what was read to about `wanted` tokens, and never more than `limit`.
///
/// What must be kept may take more than `wanted`, up to `limit`; above it the text is unfit. So may the smallest unit, where nothing
/// must be kept and none is within `wanted`.
pub fn compress(reading: &Reading, names: &[&str], wanted: usize, limit: usize) -> Result<Compressed, Box<Unfit>> {
    compress_by(&Worth::CHOSEN, reading, names, wanted, limit)
}

/// As [`compress`], by another worth: for measuring.
pub fn compress_by(
    worth: &Worth,
    reading: &Reading,
    names: &[&str],
    wanted: usize,
    limit: usize,
) -> Result<Compressed, Box<Unfit>> {
    let mut choice = Choice::new(reading, names);
    choice.take_bound();
    // Prices are estimates, mostly too high.
    if choice.spent > limit && tokens::count(&choice.print()) > limit {
        return Err(choice.unfit(limit));
    }
    let leads = Leads::of(reading);
    choice.take_leads(&leads, wanted.max(choice.spent + choice.spent / LEADS).min(limit));
    let vectors = Vectors::of(reading.units.iter().map(|unit| unit.text.as_str()));
    let budget = wanted.max(choice.spent).min(limit);
    choice.note_oversized(budget, limit);
    let mut queue = Queue::new(worth, reading, &vectors, &leads);
    let mut taken = Vec::new();
    let (mut body, mut tokens) = (String::new(), 0);
    // What estimates leave over is spent again.
    let mut left_over = 0;
    for _ in 0..ROUNDS {
        taken.extend(queue.fill(&mut choice, budget + left_over));
        body = choice.print();
        tokens = tokens::count(&body);
        if tokens >= budget {
            break;
        }
        left_over = (choice.spent - tokens.min(choice.spent)).min(budget);
    }
    while tokens > budget
        && let Some(last) = taken.pop()
    {
        choice.is_taken[last] = false;
        body = choice.print();
        tokens = tokens::count(&body);
    }
    if choice.says_nothing() && !reading.units.is_empty() {
        return choice.only_one(limit);
    }
    if tokens > limit { Err(choice.unfit(limit)) } else { Ok(Compressed { body, tokens }) }
}
