//! The words of a text as numbers: what ranking and searching compare.
//!
//! A word is a run of letters and digits in lower case without its English ending, so that `retries` and `retrying` are
//! found by `retry`. Words are hashed at once: nothing here needs them as text.

use crate::model::fnv::fnv32;

/// A word: the FNV-1a hash of what is left of it.
pub type Term = u32;

/// The number of the way in which texts become terms: what was kept of an older one is not compared with newer terms.
pub const FORM: u32 = 1;

/// Words so common that they say nothing about a text.
const COMMON: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "do", "for", "from", "had", "has", "have",
    "if", "in", "into", "is", "it", "its", "not", "of", "on", "or", "so", "such", "that", "the", "their", "then",
    "there", "these", "they", "this", "to", "was", "we", "were", "when", "which", "will", "with", "you", "your",
];

/// Hands the terms of `text` to `each`, in order; common words are left out.
pub fn each_term(text: &str, mut each: impl FnMut(Term)) {
    let mut word = String::with_capacity(32);
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            each_of(&word, &mut each);
            word.clear();
        }
    }
    if !word.is_empty() {
        each_of(&word, &mut each);
    }
}

fn each_of(word: &str, each: &mut impl FnMut(Term)) {
    if COMMON.binary_search(&word).is_err() {
        each(fnv32(stem(word).bytes()));
    }
}

/// A word without its English ending.
fn stem(word: &str) -> &str {
    if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word;
    }
    let mut stem = word;
    if !stem.ends_with("ss") && !stem.ends_with("us") {
        stem = stem.strip_suffix('s').unwrap_or(stem);
    }
    // `retries` and `retry`, `cookies` and `cookie`.
    if stem.len() >= 5
        && let Some(rest) = stem.strip_suffix("ie")
    {
        return rest;
    }
    for ending in ["ing", "ed"] {
        if let Some(rest) = stem.strip_suffix(ending).filter(|rest| rest.len() >= 4) {
            stem = rest;
            break;
        }
    }
    if stem.len() >= 5 {
        stem = stem.strip_suffix('e').unwrap_or(stem);
    }
    if stem.len() >= 4 {
        stem = stem.strip_suffix('y').unwrap_or(stem);
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<Term> {
        let mut found = Vec::new();
        each_term(text, |term| found.push(term));
        found
    }

    #[test]
    fn common_words_are_sorted() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn another_way_has_another_number() {
        let text = "The retries' cookies changed, Ärger over 40 locked classes: being used, tried, `poll_timeout` and ΣΑΣ-like";
        let sum = terms(text).into_iter().fold(0_u32, |sum, term| sum.rotate_left(5) ^ term);
        assert_eq!((FORM, sum), (1, 2_349_853_295), "where terms differ from those of the form, it is a new one");
    }

    #[test]
    fn endings_do_not_matter() {
        for pair in [
            ["retry", "retries"],
            ["cookie", "cookies"],
            ["change", "Changed"],
            ["changing", "changes"],
            ["timeout", "TIMEOUTS"],
            ["lock", "locked"],
            ["Änderung", "änderung"],
        ] {
            assert_eq!(terms(pair[0]), terms(pair[1]), "{pair:?}");
        }
        assert_ne!(terms("class"), terms("clas"));
        assert_ne!(terms("use"), terms("user"));
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(terms("the `poll_timeout::Read` of it"), terms("poll timeout read"));
        assert!(terms("a, the. of").is_empty());
    }
}
