//! What the classifier sees of a text: hashed word 1-2-grams, hashed character 3-5-grams, and concepts of a lexicon.
//!
//! A text is lower-cased and cut into words: runs of letters, digits, `+`, `#` and `'`, of any script. Words and pairs of
//! words are taken by stem; character n-grams stay within a word, a space before and behind it. Both are hashed by FNV-1a
//! into the same buckets. A concept is met where one of its terms, one to three stems, stands in the text.
//!
//! The numbers are made here alone, for the trainer and for the program: a model is only worth something for exactly these
//! features.

use crate::model::fnv::fnv64;

/// The longest text that is looked at, in bytes; the rest of a longer one is left out.
pub const LONGEST_TEXT: usize = 8 * 1024;

/// The most words in a term of the lexicon.
const TERM_WORDS: usize = 3;

/// How often each feature stands in a text. Each list is sorted, without repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Buckets of word 1-2-grams.
    pub words: Vec<(u32, u32)>,
    /// Buckets of character 3-5-grams.
    pub characters: Vec<(u32, u32)>,
    /// Numbers of concepts.
    pub concepts: Vec<(u32, u32)>,
}

/// The features of a text, where there are `1 << bits` buckets and `concepts` says which concepts the term with a hash
/// stands for.
pub fn count<C: IntoIterator<Item = u32>>(text: &str, bits: u32, concepts: impl Fn(u64) -> C) -> Counted {
    let words = words(text);
    let stems: Vec<String> = words.iter().map(|word| stem(word)).collect();
    let mask = (1u64 << bits) - 1;
    let bucket = |hash: u64| u32::try_from((hash ^ (hash >> 32)) & mask).unwrap_or(u32::MAX);
    let mut counted = Counted::default();
    for at in 0..stems.len() {
        for length in 1..=TERM_WORDS.min(stems.len() - at) {
            let term = &stems[at..at + length];
            if length <= 2 {
                counted.words.push((bucket(hash("w", term)), 1));
            }
            counted.concepts.extend(concepts(term_hash(term)).into_iter().map(|concept| (concept, 1)));
        }
    }
    for word in &words {
        let padded = format!(" {word} ");
        let starts: Vec<usize> = padded.char_indices().map(|(start, _)| start).chain([padded.len()]).collect();
        for length in 3..=5 {
            for ends in starts.windows(length + 1) {
                counted.characters.push((bucket(hash("c", &[&padded[ends[0]..ends[length]]])), 1));
            }
        }
    }
    for list in [&mut counted.words, &mut counted.characters, &mut counted.concepts] {
        list.sort_unstable();
        list.dedup_by(|again, first| {
            let same = again.0 == first.0;
            first.1 += if same { again.1 } else { 0 };
            same
        });
    }
    counted
}

/// The hash by which a term of the lexicon is found.
pub fn term_hash(stems: &[String]) -> u64 {
    hash("t", stems)
}

/// The stems of a term or a text, in order.
pub fn stems(text: &str) -> Vec<String> {
    words(text).iter().map(|word| stem(word)).collect()
}

/// The beginning of a text that is looked at, at most [`LONGEST_TEXT`] bytes.
pub fn head_of(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST_TEXT)).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

fn words(text: &str) -> Vec<String> {
    let lower = head_of(text).to_lowercase();
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '+' | '#' | '\'');
    let words = lower.split(|c: char| !inside(c)).map(|word| word.trim_matches(['+', '\'']).trim_end_matches("'s"));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A word without its common English endings. What remains need be no word; forms of one word must only meet.
fn stem(word: &str) -> String {
    if word.len() <= 3 || !word.is_ascii() {
        return word.to_owned();
    }
    let singular = match word {
        _ if word.ends_with("ies") && word.len() > 4 => format!("{}y", &word[..word.len() - 3]),
        _ if word.ends_with("sses") => word[..word.len() - 2].to_owned(),
        _ if ["ses", "xes", "zes", "ches", "shes"].iter().any(|end| word.ends_with(end)) && word.len() > 4 => {
            word[..word.len() - 2].to_owned()
        }
        _ if word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) => {
            word[..word.len() - 1].to_owned()
        }
        _ => word.to_owned(),
    };
    let cut = |end: &str, longer_than: usize| {
        singular.strip_suffix(end).filter(|_| singular.len() > longer_than).map(str::to_owned)
    };
    let bare = cut("ing", 5)
        .or_else(|| cut("ed", 4))
        .map(undoubled)
        .or_else(|| cut("ion", 6))
        .or_else(|| cut("ment", 7))
        .unwrap_or(singular);
    match bare.strip_suffix('e') {
        Some(short) if bare.len() > 4 => short.to_owned(),
        _ => bare,
    }
}

/// `runn` → `run`; double l, s and z often belong to the word.
fn undoubled(mut stem: String) -> String {
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && bytes.len() > 3
        && a == b
        && !matches!(b, b'l' | b's' | b'z')
    {
        stem.pop();
    }
    stem
}

/// FNV-1a, 64 bits, over the kind and the parts, each begun by a byte that no UTF-8 text has.
fn hash(kind: &str, parts: &[impl AsRef<str>]) -> u64 {
    let parts = parts.iter().flat_map(|part| std::iter::once(0xff).chain(part.as_ref().bytes()));
    fnv64(kind.bytes().chain(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet() {
        for (one, other) in [
            ("deploys", "deployed"),
            ("deploying", "deployment"),
            ("migrate", "migration"),
            ("caches", "caching"),
            ("running", "runs"),
            ("retries", "retry"),
            ("tables", "table"),
            ("classes", "class"),
        ] {
            assert_eq!(stem(one), stem(other), "{one} {other}");
        }
        assert_eq!(stem("status"), "status");
        assert_eq!(stem("dns"), "dns");
        assert_eq!(stem("größe"), "größe");
    }

    #[test]
    fn words_are_cut_as_said() {
        assert_eq!(words("Fix C++/C# build — it's Bob's `a_b`!"), ["fix", "c", "c#", "build", "it", "bob", "a", "b"]);
        assert_eq!(words("日本 über"), ["日本", "über"]);
        assert!(words("  !? ").is_empty());
    }

    #[test]
    fn repeats_are_counted_and_concepts_found_by_stem() {
        let wanted = term_hash(&stems("error budgets"));
        let concepts = |hash: u64| if hash == wanted { vec![3] } else { Vec::new() };
        let counted = count("Error budget, error budget", 17, concepts);
        assert_eq!(counted.concepts, [(3, 2)]);
        // `error`, `budget`, `error budget` twice, `budget error` once.
        assert_eq!(counted.words.iter().map(|(_, times)| times).sum::<u32>(), 7);
        assert_eq!(counted.words.len(), 4);
        assert!(counted.words.is_sorted());
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let text = format!("{}é", "a".repeat(LONGEST_TEXT - 1));
        assert_eq!(words(&text), ["a".repeat(LONGEST_TEXT - 1)]);
    }
}
