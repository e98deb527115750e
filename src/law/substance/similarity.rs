//! Near-identity of two texts.
//!
//! Comparing every learning with fifty others by a real diff would cost more than reading them. So a text is sketched
//! once, and only pairs whose sketches are close are diffed.

use similar::{Algorithm, capture_diff_slices, diff_ratio};

use super::words::is_unspaced;

/// One bit for how each longer word of a text begins. Texts with most words in common have most bits in common; texts
/// about different matters do not. Short words are mostly grammar, which all texts share, and leave no bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sketch {
    bits: u64,
    count: u32,
}

impl Sketch {
    /// The sketch of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut bits = 0_u64;
        let mut is_inside = false;
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            let is_letter = LOWER[usize::from(*first)] != 1;
            if is_letter && !is_inside {
                bits |= opening(rest);
            }
            is_inside = is_letter;
            rest = tail;
        }
        Self { bits, count: bits.count_ones() }
    }

    /// Whether two texts may share so many words that comparing them is worth its cost. Texts without bits may.
    pub(crate) fn is_near(&self, other: &Self) -> bool {
        (self.bits & other.bits).count_ones() * 3 >= self.count.max(other.count) * 2
    }
}

/// The bit of a word of at least four letters, at the beginning of `bytes`.
fn opening(bytes: &[u8]) -> u64 {
    let [a, b, c, d, ..] = bytes else { return 0 };
    let [a, b, c, d] = [a, b, c, d].map(|byte| LOWER[usize::from(*byte)]);
    if b == 1 || c == 1 || d == 1 { 0 } else { 1 << ((u32::from(a) * 5 + u32::from(b) * 17 + u32::from(c)) & 63) }
}

/// A hash over the words of a text in order, lower case, without punctuation: texts with the same one are the same.
pub(crate) fn fingerprint(text: &str) -> u64 {
    let mut fingerprint = START;
    each_word(text, |word| fingerprint = spread(fingerprint.rotate_left(5) ^ word));
    fingerprint
}

/// For each byte: the lower case of an ASCII letter or digit, 1 for the rest of ASCII, 0 for a part of another letter.
const LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = if (byte as u8).is_ascii_alphanumeric() { (byte as u8).to_ascii_lowercase() } else { 1 };
        byte += 1;
    }
    table
};

const START: u64 = 0xcbf2_9ce4_8422_2325;

/// One more letter of a word; 0 is no word.
fn step(word: u64, letter: u32) -> u64 {
    (word ^ u64::from(letter)).wrapping_add(START).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Every bit of the result depends on every bit of `value`.
fn spread(value: u64) -> u64 {
    let value = (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93) ^ (value >> 29)
}

/// From this share of common words on, two texts say the same.
const SAME: f32 = 0.85;

/// The words of a text, ready to be compared with those of many others. A letter of an unspaced script counts as a word.
#[derive(Debug)]
pub(crate) struct Wording {
    in_order: Vec<u64>,
    sorted: Vec<u64>,
}

impl Wording {
    /// The words of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let in_order = units(text);
        let mut sorted = in_order.clone();
        sorted.sort_unstable();
        Self { in_order, sorted }
    }

    /// Whether two texts say the same in nearly the same words: the share of words that a diff keeps, 1 for the same words
    /// in the same order whatever their case and punctuation, is large. A diff is dear; most pairs are told apart by the
    /// words that they have in common in any order, which a diff cannot exceed.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.at_most(other) >= SAME && self.ratio(other) >= SAME
    }

    fn ratio(&self, other: &Self) -> f32 {
        let (a, b) = (&self.in_order, &other.in_order);
        diff_ratio(&capture_diff_slices(Algorithm::Myers, a, b), a.len(), b.len())
    }

    /// What [`ratio`](Self::ratio) cannot exceed: the words in common, in any order.
    fn at_most(&self, other: &Self) -> f32 {
        let total = self.sorted.len() + other.sorted.len();
        let mut rest = other.sorted.iter().peekable();
        let mut shared = 0_usize;
        for word in &self.sorted {
            while rest.next_if(|other| *other < word).is_some() {}
            shared += usize::from(rest.next_if_eq(&word).is_some());
        }
        if total == 0 { 1.0 } else { 2.0 * shared as f32 / total as f32 }
    }
}

/// Whether two texts say the same in nearly the same words.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    Sketch::of(a).is_near(&Sketch::of(b)) && Wording::of(a).is_same(&Wording::of(b))
}

/// A text's words as hashes.
fn units(text: &str) -> Vec<u64> {
    let mut units = Vec::with_capacity(text.len() / 5 + 1);
    each_word(text, |word| units.push(word));
    units
}

/// Calls `visit` with the hash of each lower-case word.
fn each_word(text: &str, mut visit: impl FnMut(u64)) {
    let bytes = text.as_bytes();
    let mut word = 0_u64;
    let mut end_word = |word: &mut u64| {
        if *word != 0 {
            visit(*word);
            *word = 0;
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let lower = LOWER[usize::from(bytes[at])];
        if lower > 1 {
            word = step(word, u32::from(lower));
            at += 1;
        } else if lower == 1 {
            end_word(&mut word);
            at += 1;
        } else {
            let Some(c) = text[at..].chars().next() else { break };
            if is_unspaced(c) || !c.is_alphanumeric() {
                end_word(&mut word);
            }
            if c.is_alphanumeric() {
                word = c.to_lowercase().fold(word, |word, c| step(word, u32::from(c)));
            }
            at += c.len_utf8();
            if is_unspaced(c) {
                end_word(&mut word);
            }
        }
    }
    end_word(&mut word);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ratio(a: &str, b: &str) -> f32 {
        Wording::of(a).ratio(&Wording::of(b))
    }

    #[test]
    fn the_same_words_are_the_same() {
        assert!((ratio("Sort keys, before hashing!", "sort keys before\nhashing") - 1.0).abs() < f32::EPSILON);
        let a = "The cache must be flushed before the index is written, or readers see stale rows.";
        let b = "The cache must be flushed before the index is saved, or readers see stale rows.";
        assert!(ratio(a, b) > 0.9 && is_same(a, b));
        let c = "Postgres ignores the index when the column is wrapped in a function.";
        assert!(ratio(a, c) < 0.5 && !is_same(a, c));
        assert!(!Sketch::of(a).is_near(&Sketch::of(c)));
        assert!(ratio("読む前にロックを取得する", "読む前にロックを解放する") > 0.8);
        assert!((ratio("", "") - 1.0).abs() < f32::EPSILON && is_same("", ""));
    }

    proptest! {
        #[test]
        fn the_bound_is_a_bound(a in "([abc] ){0,12}", b in "([abc] ){0,12}") {
            let (a, b) = (Wording::of(&a), Wording::of(&b));
            prop_assert!(a.at_most(&b) >= a.ratio(&b));
            prop_assert_eq!(a.is_same(&b), a.ratio(&b) >= SAME);
        }
    }
}
