//! The first look at a file: where a keyword of a rule ends. Only there expressions are compiled and asked.

use super::automaton::Automaton;

/// Tells `hit` where a keyword of `automaton` ends in `bytes`, and whose it is.
pub(super) fn each_hit(automaton: &Automaton, bytes: &[u8], mut hit: impl FnMut(usize, &[u16])) {
    let Ok(columns) = <&[u8; 256]>::try_from(automaton.columns.as_ref()) else { return };
    let (next, first_ending) = (automaton.next.as_ref(), automaton.first_ending);
    let mut state = 0u32;
    for (at, byte) in bytes.iter().enumerate() {
        state = next[state as usize + usize::from(columns[usize::from(*byte)])];
        if state >= first_ending {
            hit(at + 1, &automaton.owners[((state - first_ending) / automaton.width) as usize]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(keywords: &[&str], text: &str) -> Vec<(usize, u16)> {
        let numbered = keywords.iter().zip(0u16..).map(|(keyword, number)| (*keyword, number));
        let mut found = Vec::new();
        each_hit(&Automaton::new(numbered), text.as_bytes(), |end, owners| {
            found.extend(owners.iter().map(|owner| (end, *owner)))
        });
        found
    }

    #[test]
    fn keywords_in_keywords_are_all_found() {
        assert_eq!(hits(&["client_secret", "secret", "cre"], "CLIENT_Secret"), [(12, 2), (13, 0), (13, 1)]);
        assert_eq!(hits(&["aab", "ab"], "aaab"), [(4, 0), (4, 1)]);
        assert_eq!(hits(&["", "x"], "axx"), [(2, 1), (3, 1)]);
        assert_eq!(hits(&[], "abc"), []);
    }

    proptest! {
        #[test]
        fn as_a_search_for_each_keyword_finds(keywords in prop::collection::vec("[abc_]{1,4}", 0..6), text in "[abcABC_x]{0,40}") {
            let words: Vec<&str> = keywords.iter().map(String::as_str).collect();
            let lower = text.to_lowercase();
            let ends = |end: usize| words.iter().zip(0u16..).filter(move |(word, _)| lower[..end].ends_with(*word));
            let expected: Vec<(usize, u16)> = (1..=text.len()).flat_map(|end| ends.clone()(end).map(move |(_, number)| (end, number)).collect::<Vec<_>>()).collect();
            prop_assert_eq!(hits(&words, &text), expected);
        }
    }
}
