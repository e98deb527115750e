//! BM25: which of many texts a few words are about.
//!
//! A text is tokenised once; its [`TokenisedText`] is small and can be kept as bytes, so that ten thousand of them are
//! searched without reading the texts again. There is no index to go stale: each question looks at every text.

use super::words::{Term, each_term};

/// How much a repeated word still adds.
const SATURATION: f32 = 1.2;
/// How much long texts are held back.
const LENGTH: f32 = 0.75;

/// A text as the terms in it, each with how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenisedText {
    terms: Vec<(Term, u16)>,
    length: u32,
}

impl TokenisedText {
    /// Reads `text`.
    pub fn of(text: &str) -> Self {
        let mut all = Vec::new();
        each_term(text, |term| all.push(term));
        let length = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.sort_unstable();
        let mut terms: Vec<(Term, u16)> = Vec::new();
        for term in all {
            match terms.last_mut() {
                Some((last, count)) if *last == term => *count = count.saturating_add(1),
                _ => terms.push((term, 1)),
            }
        }
        Self { terms, length }
    }

    /// The same as bytes: the length, then each term and its count, all little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + 6 * self.terms.len());
        out.extend_from_slice(&self.length.to_le_bytes());
        for (term, count) in &self.terms {
            out.extend_from_slice(&term.to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
        }
        out
    }
}

/// A text that was kept as bytes: what [`TokenisedText::to_bytes`] wrote, looked up where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptText<'b> {
    terms: &'b [[u8; 6]],
    length: u32,
}

impl<'b> KeptText<'b> {
    /// The text in `bytes`; `None` where they have another form. That its terms are sorted is believed.
    pub fn of(bytes: &'b [u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (terms, left) = rest.as_chunks::<6>();
        left.is_empty().then_some(Self { terms, length: u32::from_le_bytes(*length) })
    }
}

/// What can be searched.
pub trait Searched {
    /// How many words it has.
    fn length(&self) -> u32;

    /// How often it has `term`.
    fn count(&self, term: Term) -> u16;
}

impl Searched for TokenisedText {
    fn length(&self) -> u32 {
        self.length
    }

    fn count(&self, term: Term) -> u16 {
        self.terms.binary_search_by_key(&term, |(known, _)| *known).map_or(0, |at| self.terms[at].1)
    }
}

impl Searched for KeptText<'_> {
    fn length(&self) -> u32 {
        self.length
    }

    fn count(&self, term: Term) -> u16 {
        let term_of = |[a, b, c, d, ..]: &[u8; 6]| Term::from_le_bytes([*a, *b, *c, *d]);
        let Ok(at) = self.terms.binary_search_by_key(&term, term_of) else { return 0 };
        let [.., low, high] = self.terms[at];
        u16::from_le_bytes([low, high])
    }
}

/// A text that fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its place among the texts.
    pub text: usize,
    /// How well it fits: above 0, larger is better, comparable within one search only.
    pub score: f32,
}

/// The texts that `words` are about, best first, at most `limit`; of equals the earlier one first. A text fits that has at least
/// one of the words. Without words of meaning nothing fits.
pub fn search<T: Searched>(texts: &[T], words: &str, limit: usize) -> Vec<Hit> {
    let query = TokenisedText::of(words);
    let average = texts.iter().map(|text| f64::from(text.length())).sum::<f64>() / (texts.len().max(1) as f64);
    let mut scores = vec![0_f32; texts.len()];
    for (term, _) in &query.terms {
        let counts: Vec<(usize, u16)> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| (at, text.count(*term)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let (all, with) = (texts.len() as f32, counts.len() as f32);
        let rarity = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
        for (at, count) in counts {
            let count = f32::from(count);
            let long = texts[at].length() as f32 / (average as f32).max(1.0);
            let held_back = SATURATION * (1.0 - LENGTH + LENGTH * long);
            scores[at] += rarity * count * (SATURATION + 1.0) / (count + held_back);
        }
    }
    let mut hits: Vec<Hit> = scores
        .into_iter()
        .enumerate()
        .filter(|(_, score)| *score > 0.0)
        .map(|(text, score)| Hit { text, score })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.text.cmp(&b.text)));
    hits.truncate(limit);
    hits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(texts: &[&str], words: &str) -> Vec<usize> {
        let texts: Vec<TokenisedText> = texts.iter().map(|text| TokenisedText::of(text)).collect();
        search(&texts, words, 10).into_iter().map(|hit| hit.text).collect()
    }

    #[test]
    fn the_best_text_comes_first() {
        let texts = [
            "Retries need jitter, or all clients meet again.",
            "An index is ignored when a column stands inside a function.",
            "Retry with a longer and longer delay; the delay needs jitter, and jitter needs a seed.",
            "Locks of the operating system die with their process.",
        ];
        assert_eq!(found(&texts, "jitter"), [2, 0]);
        assert_eq!(found(&texts, "ignoring indexes"), [1]);
        assert_eq!(found(&texts, "process lock"), [3]);
        assert_eq!(found(&texts, "the of"), [0_usize; 0]);
        assert_eq!(found(&texts, "kubernetes"), [0_usize; 0]);
        assert_eq!(found(&[], "jitter"), [0_usize; 0]);
    }

    #[test]
    fn rare_words_count_more() {
        assert_eq!(found(&["cache cache cache", "cache", "cache eviction"], "cache eviction")[0], 2);
    }

    proptest! {
        #[test]
        fn bytes_come_back(text in "([a-z]{1,4} ){0,40}") {
            let tokenised = TokenisedText::of(&text);
            let bytes = tokenised.to_bytes();
            let kept = KeptText::of(&bytes).unwrap();
            prop_assert_eq!(kept.length(), tokenised.length());
            prop_assert_eq!(kept.terms.len(), tokenised.terms.len());
            for (term, count) in &tokenised.terms {
                prop_assert_eq!((kept.count(*term), tokenised.count(*term)), (*count, *count));
                prop_assert_eq!(kept.count(term ^ 1), tokenised.count(term ^ 1));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(KeptText::of(&bytes).is_some(), bytes.len() >= 4 && (bytes.len() - 4) % 6 == 0);
            let _ = KeptText::of(&bytes).map(|text| text.count(7));
        }
    }
}
