//! How alike two short texts are, by the words that they share: learnings that are near one another are shown together.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::words::{Term, each_term};

/// From this share of common words on, two learnings are near: they say much the same, though perhaps in another order.
pub const NEAR: f64 = 0.6;

/// The different words of a text; common words and English endings do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(BTreeSet<Term>);

impl Words {
    /// The words of `text`.
    pub fn of(text: &str) -> Self {
        let mut words = BTreeSet::new();
        each_term(text, |term| {
            words.insert(term);
        });
        Self(words)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many of them `other` has too.
    pub fn shared(&self, other: &Self) -> usize {
        self.0.intersection(&other.0).count()
    }

    /// The share of words in common: 0 for none, 1 for the same words (Dice's coefficient).
    pub fn likeness(&self, other: &Self) -> f64 {
        let all = self.count() + other.count();
        if all == 0 { 0.0 } else { 2.0 * self.shared(other) as f64 / all as f64 }
    }

    /// Whether the two are near one another.
    pub fn is_near(&self, other: &Self) -> bool {
        self.likeness(other) >= NEAR
    }
}

/// The pairs of texts that are near one another, by their places, the smaller first; sorted. Only texts that share a word are
/// compared.
pub fn near_pairs(texts: &[Words]) -> Vec<(usize, usize)> {
    let mut earlier: BTreeMap<Term, Vec<usize>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let mut sharing: BTreeSet<usize> = BTreeSet::new();
        for term in &text.0 {
            let places = earlier.entry(*term).or_default();
            sharing.extend(places.iter());
            places.push(place);
        }
        pairs.extend(sharing.into_iter().filter(|other| texts[*other].is_near(text)).map(|other| (other, place)));
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn order_and_endings_do_not_matter() {
        let near = |a: &str, b: &str| Words::of(a).is_near(&Words::of(b));
        assert!(near(
            "Retries need jitter, or clients meet again",
            "Without jitter the retry of a client meets others again"
        ));
        assert!(!near("Retries need jitter, or clients meet again", "An index is ignored below a function call"));
        assert!(!near("", "") && !near("the", "a"));
    }

    proptest! {
        #[test]
        fn likeness_is_a_share(a in "([a-f] ){0,8}", b in "([a-f] ){0,8}") {
            let (one, other) = (Words::of(&a), Words::of(&b));
            prop_assert!((0.0..=1.0).contains(&one.likeness(&other)));
            prop_assert_eq!(one.likeness(&other).to_bits(), other.likeness(&one).to_bits());
            prop_assert_eq!(one.is_near(&one), one.count() > 0);
        }

        #[test]
        fn pairs_are_those_of_comparing_all(texts in proptest::collection::vec("([a-e] ){0,5}", 0..7)) {
            let texts: Vec<Words> = texts.iter().map(|text| Words::of(text)).collect();
            let all = (0..texts.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
            let mut expected: Vec<_> = all.filter(|(a, b)| texts[*a].is_near(&texts[*b])).collect();
            expected.sort_unstable();
            prop_assert_eq!(near_pairs(&texts), expected);
        }
    }
}
