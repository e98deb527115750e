//! Tokens: what a text costs whoever reads it.

/// How tokens are counted. The vocabularies of other models are not public: for them the number is an estimate.
pub const ESTIMATOR: &str = "o200k";

/// The number of tokens of `text` in the o200k vocabulary.
pub fn count(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_are_counted() {
        assert_eq!(super::count(""), 0);
        assert_eq!(super::count("word word word"), 3);
    }
}
