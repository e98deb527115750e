//! Tokens: what a text costs whoever reads it.

use std::collections::HashMap;

/// How tokens are counted. The vocabularies of other models are not public: for them the number is an estimate.
pub const ESTIMATOR: &str = "o200k";

/// The number of tokens of `text` in the o200k vocabulary.
pub fn count(text: &str) -> usize {
    Counter::default().count(text)
}

/// Counts the tokens of texts. A vocabulary's pieces, words mostly, come again and again: each is looked up once.
#[derive(Debug, Default)]
pub struct Counter<'t> {
    known: HashMap<&'t str, usize>,
}

impl<'t> Counter<'t> {
    /// The number of tokens of `text` in the o200k vocabulary.
    pub fn count(&mut self, text: &'t str) -> usize {
        let vocabulary = bpe_openai::o200k_base();
        let of_piece =
            |piece: &'t str| *self.known.entry(piece).or_insert_with(|| vocabulary.bpe.count(piece.as_bytes()));
        vocabulary.split(text).map(of_piece).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_counted() {
        assert_eq!(count(""), 0);
        assert_eq!(count("word word word"), 3);
    }

    proptest! {
        #[test]
        fn pieces_add_up_to_the_vocabularys_own_count(texts in proptest::collection::vec("([a-c ]{0,4}|\\PC{0,6}|\n){0,9}", 1..4)) {
            let mut counter = Counter::default();
            for text in &texts {
                prop_assert_eq!(counter.count(text), bpe_openai::o200k_base().count(text.as_str()));
            }
        }
    }
}
