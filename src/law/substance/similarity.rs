//! Near-identity of two texts.
//!
//! Comparing every learning with fifty others by a real diff would cost more than reading them. So a text is sketched
//! once, and only pairs whose sketches are close are diffed.

use similar::TextDiff;

use super::words::is_unspaced;

/// What can be said about a text's words without the text: equal sketches, equal words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sketch {
    /// A hash over the words in order, lower case, without punctuation.
    pub(crate) fingerprint: u64,
    /// One bit for each different word.
    bits: [u64; 4],
    words: u32,
}

impl Sketch {
    /// The sketch of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut sketch = Self { fingerprint: OFFSET, bits: [0; 4], words: 0 };
        let mut word = 0_u64;
        for c in text.chars() {
            if c.is_ascii_alphanumeric() {
                word = mix(if word == 0 { OFFSET } else { word }, u64::from(c.to_ascii_lowercase() as u32));
                continue;
            }
            if c.is_ascii() || !c.is_alphanumeric() {
                sketch.end_word(&mut word);
                continue;
            }
            if is_unspaced(c) {
                sketch.end_word(&mut word);
            }
            for c in c.to_lowercase() {
                word = mix(if word == 0 { OFFSET } else { word }, u64::from(c as u32));
            }
        }
        sketch.end_word(&mut word);
        sketch
    }

    fn end_word(&mut self, word: &mut u64) {
        if *word != 0 {
            self.fingerprint = mix(self.fingerprint, *word);
            let bit = (*word >> 24) as usize % 256;
            self.bits[bit / 64] |= 1 << (bit % 64);
            self.words += 1;
            *word = 0;
        }
    }

    /// Whether two texts share so many words that a diff is worth its cost.
    pub(crate) fn is_near(&self, other: &Self) -> bool {
        if self.fingerprint == other.fingerprint {
            return true;
        }
        let count = |bits: &[u64; 4]| bits.iter().map(|word| word.count_ones()).sum::<u32>();
        let shared = self.bits.iter().zip(&other.bits).map(|(a, b)| (a & b).count_ones()).sum::<u32>();
        let (fewer, more) = (self.words.min(other.words), self.words.max(other.words));
        fewer * 3 >= more * 2 && shared * 3 >= count(&self.bits).max(count(&other.bits)) * 2
    }
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn mix(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29)
}

/// How much two texts say the same, from 0 to 1: 1 for the same words in the same order, whatever their case and
/// punctuation; otherwise the share of words, or of letters where words have no spaces, that a diff keeps.
pub(crate) fn similar(a: &str, b: &str) -> f32 {
    if Sketch::of(a).fingerprint == Sketch::of(b).fingerprint {
        return 1.0;
    }
    let (a, b) = (units(a), units(b));
    let (a, b): (Vec<&str>, Vec<&str>) =
        (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
    TextDiff::from_slices(&a, &b).ratio()
}

/// Lower-case words; a letter of an unspaced script is a word of its own.
fn units(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut inside = false;
    for c in text.chars() {
        if is_unspaced(c) {
            out.push(c.to_string());
            inside = false;
        } else if c.is_alphanumeric() {
            if !inside {
                out.push(String::new());
            }
            inside = true;
            if let Some(word) = out.last_mut() {
                word.extend(c.to_lowercase());
            }
        } else {
            inside = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same() {
        assert!((similar("Sort keys, before hashing!", "sort keys before\nhashing") - 1.0).abs() < f32::EPSILON);
        let a = "The cache must be flushed before the index is written, or readers see stale rows.";
        let b = "The cache must be flushed before the index is saved, or readers see stale rows.";
        assert!(similar(a, b) > 0.9);
        assert!(Sketch::of(a).is_near(&Sketch::of(b)));
        let c = "Postgres ignores the index when the column is wrapped in a function.";
        assert!(similar(a, c) < 0.5);
        assert!(!Sketch::of(a).is_near(&Sketch::of(c)));
        assert!(similar("読む前にロックを取得する", "読む前にロックを解放する") > 0.8);
        assert!((similar("", "") - 1.0).abs() < f32::EPSILON);
    }
}
