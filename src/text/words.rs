//! The words of a text as numbers: what ranking and searching compare.
//!
//! A word is a run of letters and digits in lower case without its English ending, so that `retries` and `retrying` are
//! found by `retry`. In scripts that part words by no spaces each two neighbouring characters are one, so that a run is found by a
//! part of it. Words are hashed at once: nothing here needs them as text.

use crate::model::fnv::fnv32;

/// A word: the FNV-1a hash of what is left of it.
pub type Term = u32;

/// The number of the way in which texts become terms: what was kept of an older one is not compared with newer terms.
pub const FORM: u32 = 2;

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
    if !word.is_ascii() && word.chars().any(is_unspaced) {
        each_of_runs(word, each);
    } else {
        each_of_one(word, each);
    }
}

fn each_of_one(word: &str, each: &mut impl FnMut(Term)) {
    if COMMON.binary_search(&word).is_err() {
        each(fnv32(stem(word).bytes()));
    }
}

/// The words in what a text without spaces has in one piece: of other scripts as they stand, of its own each two neighbours.
fn each_of_runs(piece: &str, each: &mut impl FnMut(Term)) {
    let all: Vec<char> = piece.chars().collect();
    for run in all.chunk_by(|a, b| is_unspaced(*a) == is_unspaced(*b)) {
        let pair = if is_unspaced(run[0]) { 2.min(run.len()) } else { run.len() };
        for pair in run.windows(pair) {
            each_of_one(&pair.iter().collect::<String>(), each);
        }
    }
}

/// Whether a character is of a script that writes no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han.
fn is_unspaced(c: char) -> bool {
    matches!(
        u32::from(c),
        0x0E00..=0x0EFF
            | 0x1000..=0x109F
            | 0x1780..=0x17FF
            | 0x3005..=0x3007
            | 0x3040..=0x30FF
            | 0x31F0..=0x31FF
            | 0x3400..=0x4DBF
            | 0x4E00..=0x9FFF
            | 0xF900..=0xFAFF
            | 0xFF66..=0xFF9F
            | 0x2_0000..=0x3_FFFF
    )
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
        let text = "The retries' cookies changed, Ärger over 40 locked classes: being used, tried, `poll_timeout` and ΣΑΣ-like, API超時";
        let sum = terms(text).into_iter().fold(0_u32, |sum, term| sum.rotate_left(5) ^ term);
        assert_eq!((FORM, sum), (2, 1_657_174_656), "where terms differ from those of the form, it is a new one");
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
    fn a_part_of_a_text_without_spaces_finds_it() {
        let text = terms("決済APIがタイムアウトする。ログインはOK");
        for part in ["タイムアウト", "決済", "api", "ログイン", "ok"] {
            let part = terms(part);
            assert!(!part.is_empty() && part.iter().all(|term| text.contains(term)), "{part:?}");
        }
        assert_eq!((terms("超時"), terms("超")), (vec![fnv32("超時".bytes())], vec![fnv32("超".bytes())]));
        assert_eq!(terms("ฐานข้อมูล").len(), terms("ฐานข้อมูล ").len());
        assert_eq!(terms("서버가 느리다").len(), 2, "Korean has spaces");
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(terms("the `poll_timeout::Read` of it"), terms("poll timeout read"));
        assert!(terms("a, the. of").is_empty());
    }
}
