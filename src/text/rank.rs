//! Which units say most of what a text says: TF-IDF vectors, and TextRank over them.
//!
//! The graph of TextRank has an edge between any two units that share a word. It is never built: a unit's rank flows to its
//! terms and from them to all units that have them, so that a round costs as much as the text is long.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::words::{Term, each_term};

/// How much of a rank comes through the graph.
const DAMPING: f32 = 0.85;
/// After so many rounds ranks hardly move.
const ROUNDS: usize = 20;

/// Terms are hashes already: mixed once more, because maps look at the upper bits, too.
#[derive(Default)]
struct TermHasher(u64);

impl Hasher for TermHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, term: u32) {
        self.0 = (self.0 ^ u64::from(term)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Units as vectors of length 1, or 0 for those without words of meaning.
#[derive(Debug, Clone, Default)]
pub struct Vectors {
    /// Where the entries of each unit begin; one more than there are units.
    starts: Vec<usize>,
    /// Numbers of terms, rising within a unit, with weights.
    entries: Vec<(u32, f32)>,
    terms: usize,
}

impl Vectors {
    /// The vectors of `texts`, weighted by how rare their terms are among them.
    pub fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut numbers: HashMap<Term, u32, BuildHasherDefault<TermHasher>> = HashMap::default();
        let mut spread: Vec<u32> = Vec::new();
        let mut vectors = Self { starts: vec![0], ..Self::default() };
        let mut own: Vec<u32> = Vec::new();
        for text in texts {
            own.clear();
            each_term(text, |term| {
                let next = numbers.len() as u32;
                own.push(*numbers.entry(term).or_insert(next));
            });
            spread.resize(numbers.len(), 0);
            own.sort_unstable();
            for same in own.chunk_by(|a, b| a == b) {
                spread[same[0] as usize] += 1;
                vectors.entries.push((same[0], 1.0 + (same.len() as f32).ln()));
            }
            vectors.starts.push(vectors.entries.len());
        }
        vectors.terms = numbers.len();
        let all = vectors.len() as f32;
        for at in 0..vectors.len() {
            let entries = &mut vectors.entries[vectors.starts[at]..vectors.starts[at + 1]];
            for (term, weight) in entries.iter_mut() {
                *weight *= (1.0 + all / spread[*term as usize] as f32).ln();
            }
            let length = entries.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
            for (_, weight) in entries.iter_mut() {
                *weight /= length;
            }
        }
        vectors
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn entries(&self, unit: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[unit]..self.starts[unit + 1]]
    }

    /// How alike two units are: 0 where they share no word, 1 where they have the same ones.
    pub fn likeness(&self, one: usize, other: usize) -> f32 {
        let (mut one, mut other) = (self.entries(one), self.entries(other));
        let mut sum = 0.0;
        while let ([(a, x), rest_a @ ..], [(b, y), rest_b @ ..]) = (one, other) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => one = rest_a,
                std::cmp::Ordering::Greater => other = rest_b,
                std::cmp::Ordering::Equal => {
                    sum += x * y;
                    (one, other) = (rest_a, rest_b);
                }
            }
        }
        sum
    }

    /// TextRank: how much each unit shares with units that share much. The greatest is 1.
    pub fn textrank(&self) -> Vec<f32> {
        let count = self.len();
        let degrees = self.through(&vec![1.0; count]);
        let mut ranks = vec![1.0_f32; count];
        for _ in 0..ROUNDS {
            let handed: Vec<f32> = ranks
                .iter()
                .zip(&degrees)
                .map(|(rank, degree)| if *degree > 0.0 { rank / degree } else { 0.0 })
                .collect();
            ranks = self.through(&handed).into_iter().map(|rank| 1.0 - DAMPING + DAMPING * rank).collect();
        }
        let greatest = ranks.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        ranks.into_iter().map(|rank| rank / greatest).collect()
    }

    /// What reaches each unit when each sends `values` along its edges to others.
    fn through(&self, values: &[f32]) -> Vec<f32> {
        let mut terms = vec![0.0_f32; self.terms];
        for (unit, value) in values.iter().enumerate() {
            for (term, weight) in self.entries(unit) {
                terms[*term as usize] += weight * value;
            }
        }
        let reaches = |(unit, own): (usize, &f32)| {
            let all: f32 = self.entries(unit).iter().map(|(term, weight)| weight * terms[*term as usize]).sum();
            // Vectors have the length 1: what a unit would send itself is its own value.
            if self.entries(unit).is_empty() { 0.0 } else { (all - own).max(0.0) }
        };
        values.iter().enumerate().map(reaches).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_often_ranks_high() {
        let texts = [
            "The cache keeps tokens of signed-in users.",
            "Tokens of users expire in the cache after an hour.",
            "A cache without limits keeps tokens for ever.",
            "Lunch is at noon.",
        ];
        let vectors = Vectors::of(texts.iter().copied());
        let ranks = vectors.textrank();
        assert!(ranks[..3].iter().all(|rank| *rank > ranks[3]), "{ranks:?}");
        assert!(ranks.contains(&1.0));
        assert!(vectors.likeness(0, 1) > vectors.likeness(0, 3));
        assert!((vectors.likeness(0, 0) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn nothing_is_ranked_without_failing() {
        assert!(Vectors::of([].into_iter()).textrank().is_empty());
        assert_eq!(Vectors::of(["", "the of"].into_iter()).textrank().len(), 2);
    }
}
