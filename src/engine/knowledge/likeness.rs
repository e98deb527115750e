//! How alike two short texts are, by the words that they share: learnings that are near one another are shown together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::engine::error::EngineError;
use crate::model::escape::visible;
use crate::text::words::{Term, each_term};

/// From this share of common words on, two learnings are near: they say much the same, though perhaps in another order.
pub const NEAR: f64 = 0.6;

/// A text is compared with at most so many others, so that ten thousand that share a phrase take seconds and not hours.
const COMPARED: usize = 256;

/// The different words of a text, sorted; common words and English endings do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<Term>);

impl Words {
    /// The words of `text`.
    pub fn of(text: &str) -> Self {
        let mut words = Vec::new();
        each_term(text, |term| words.push(term));
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many of them `other` has too.
    pub fn shared(&self, other: &Self) -> usize {
        self.0.iter().filter(|term| other.0.binary_search(term).is_ok()).count()
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

/// Refuses a question that has no word to look for; `list` is the command that shows all.
pub(crate) fn refuse_no_words(question: &str, list: &str) -> Result<(), EngineError> {
    if Words::of(question).count() > 0 {
        return Ok(());
    }
    Err(EngineError::usage(
        match question.trim() {
            "" => "there are no words to look for".to_owned(),
            words => {
                format!("`{}` has no word to look for: only signs, or words that stand in any text", visible(words))
            }
        },
        format!("all there are: {list}"),
    ))
}

/// The pairs of texts that are near one another, by their places, the smaller first; sorted. Two that are near share one of their
/// rarest words, so only texts that do are compared, and of them 256 with each, the nearest places first.
pub fn near_pairs(texts: &[Words]) -> Vec<(usize, usize)> {
    let mut frequency: HashMap<Term, usize> = HashMap::new();
    texts.iter().flat_map(|text| &text.0).for_each(|term| *frequency.entry(*term).or_default() += 1);
    let mut earlier: HashMap<Term, Vec<usize>> = HashMap::new();
    let mut pairs = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        // Near ones have at least this many words in common, for none is near that is too short; whatever they are, the rarest of
        // them is not behind all the others.
        let shared = (text.count() as f64 * NEAR / (2.0 - NEAR)) as usize;
        let mut rarest = text.0.clone();
        rarest.sort_unstable_by_key(|term| (frequency.get(term), *term));
        rarest.truncate(text.count() + 1 - shared.max(1));
        let mut compared: BTreeSet<usize> = BTreeSet::new();
        for other in rarest.iter().filter_map(|term| earlier.get(term)).flat_map(|places| places.iter().rev()) {
            if compared.len() == COMPARED {
                break;
            }
            if compared.insert(*other) && texts[*other].is_near(text) {
                pairs.push((*other, place));
            }
        }
        for term in rarest {
            earlier.entry(term).or_default().push(place);
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Words that turn a sentence into its opposite, or nearly so.
const TURNING: &[&str] = &[
    "always",
    "cannot",
    "except",
    "kein",
    "keine",
    "never",
    "nicht",
    "nie",
    "no",
    "non",
    "none",
    "not",
    "only",
    "pas",
    "unless",
    "without",
    "не",
    "никогда",
];

/// Whether two texts that have nearly the same words may say different things all the same: one has a figure or a denial that the
/// other has not.
pub fn may_differ_in_sense(one: &str, other: &str) -> bool {
    let words = |text: &str| -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        // `don't`, with either apostrophe, is a word that denies.
        for word in text.to_lowercase().replace('’', "'").split(|c: char| !c.is_alphanumeric() && c != '\'') {
            *counts.entry(word.trim_matches('\'').to_owned()).or_default() += 1;
        }
        counts
    };
    let (one, other) = (words(one), words(other));
    let tells =
        |word: &str| TURNING.contains(&word) || word.ends_with("n't") || word.chars().any(|c| c.is_ascii_digit());
    one.keys().chain(other.keys()).any(|word| one.get(word) != other.get(word) && tells(word))
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

    #[test]
    fn figures_and_denials_turn_a_sentence() {
        let text = "Deploys to 3 regions want a lock in etcd";
        for other in [
            "Deploys to 3 regions want no lock in etcd",
            "Deploys to 3 regions do not want a lock in etcd",
            "Deploys to 3 regions don’t want a lock in etcd",
            "Deploys to 30 regions want a lock in etcd",
            "Deploys to 3 regions want a lock in etcd only",
        ] {
            assert!(may_differ_in_sense(text, other) && may_differ_in_sense(other, text), "{other}");
        }
        assert!(
            may_differ_in_sense("Never cache it", "Always cache it")
                && may_differ_in_sense("Кэш нужен", "Кэш не нужен")
        );
        assert!(!may_differ_in_sense(text, "Deploys to 3 regions need a lock inside etcd!"));
    }

    #[test]
    fn texts_that_all_say_the_same_are_not_all_compared() {
        let texts = vec![Words::of("retries need jitter"); 3 * COMPARED];
        let pairs = near_pairs(&texts);
        assert_eq!(pairs.len(), (0..texts.len()).map(|place| place.min(COMPARED)).sum::<usize>());
        assert!(pairs.contains(&(2 * COMPARED, 2 * COMPARED + 1)), "the nearest places");
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
        fn pairs_are_those_of_comparing_all(texts in proptest::collection::vec("([b-h] ){0,9}", 0..12)) {
            let texts: Vec<Words> = texts.iter().map(|text| Words::of(text)).collect();
            let all = (0..texts.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
            let mut expected: Vec<_> = all.filter(|(a, b)| texts[*a].is_near(&texts[*b])).collect();
            expected.sort_unstable();
            prop_assert_eq!(near_pairs(&texts), expected);
        }
    }
}
