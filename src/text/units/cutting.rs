//! Texts that are too large to be taken or left out as a whole, cut between words or lines.

use std::ops::Range;

use crate::text::code_spans::code_spans;

/// A sentence of more bytes is cut, unless it must be kept word for word.
const LONG_SENTENCE: usize = 2_000;
/// So is a block of code of more bytes.
const LONG_CODE: usize = 8_000;
/// Pieces have about so many bytes at most, where there is a place to cut.
const PIECE: usize = 400;

/// What a piece of a sentence begins with that is not its first one.
pub(in crate::text) const GOES_ON: &str = "… ";
/// What a piece of a sentence ends with that is not its last one.
pub(in crate::text) const IS_CUT: &str = " …";

/// The pieces of a sentence, in order, without the blanks between them. Code spans and what is in one of `whole` stay whole.
pub(super) fn sentence(text: &str, whole: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    if text.len() > LONG_SENTENCE {
        let mut whole: Vec<Range<usize>> = code_spans(text).into_iter().map(|span| span.whole).chain(whole).collect();
        whole.sort_unstable_by_key(|range| range.start);
        let mut whole = whole.into_iter().peekable();
        // Up to where all is whole, and the last place to cut.
        let (mut reach, mut last) = (0, None);
        for (at, _) in text.match_indices(' ') {
            while let Some(range) = whole.next_if(|range| range.start <= at) {
                reach = reach.max(range.end);
            }
            if at < reach {
                continue;
            }
            if at - start > PIECE
                && let Some(cut) = last.replace(at)
            {
                pieces.push(start..cut);
                start = cut + 1;
            }
            last = Some(at);
        }
        if let Some(cut) = last.filter(|_| text.len() - start > PIECE) {
            pieces.push(start..cut);
            start = cut + 1;
        }
    }
    pieces.push(start..text.len());
    pieces
}

/// A block of code in its fences, as several such blocks that have its lines.
pub(super) fn code(block: String) -> Vec<String> {
    let lines: Vec<&str> = block.lines().collect();
    let [open, inner @ .., close] = lines.as_slice() else { return vec![block] };
    if block.len() <= LONG_CODE {
        return vec![block];
    }
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    let mut close_piece = |piece: &mut String| {
        if !piece.trim().is_empty() {
            pieces.push(format!("{open}\n{piece}{close}"));
        }
        piece.clear();
    };
    for line in inner {
        if piece.len() + line.len() > PIECE {
            close_piece(&mut piece);
        }
        piece.push_str(line);
        piece.push('\n');
    }
    close_piece(&mut piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sentences_are_cut_between_words() {
        let text = "word ".repeat(1_000);
        let pieces = sentence(text.trim_end(), std::iter::empty());
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE && text[piece.clone()].ends_with("word")), "{pieces:?}");
        let short = "word ".repeat(300);
        assert_eq!(sentence(&short, std::iter::empty()).len(), 1);
        let unbroken = "x".repeat(9_000);
        assert_eq!(sentence(&unbroken, std::iter::empty()).len(), 1);
    }

    #[test]
    fn what_is_whole_stays_whole() {
        let text = format!("{}`a {}b` {}", "word ".repeat(300), "span ".repeat(300), "word ".repeat(300));
        let fact = 10..1_000;
        let pieces = sentence(text.trim_end(), [fact.clone()].into_iter());
        for whole in [fact, 1_500..3_004] {
            let holds = |piece: &Range<usize>| piece.start <= whole.start && piece.end >= whole.end;
            assert!(pieces.iter().any(holds), "{whole:?} in {pieces:?}");
        }
    }

    #[test]
    fn code_is_cut_between_lines() {
        let block = format!("```rust\n{}```", "let a = 1;\n".repeat(1_000));
        let pieces = code(block.clone());
        assert!(
            pieces.len() > 20
                && pieces.iter().all(|piece| piece.starts_with("```rust\nlet") && piece.ends_with(";\n```"))
        );
        let lines: usize = pieces.iter().map(|piece| piece.lines().count() - 2).sum();
        assert_eq!(lines, 1_000);
        assert_eq!(code("```\na\n```".into()), ["```\na\n```"]);
    }

    proptest! {
        #[test]
        fn pieces_are_all_but_blanks(words in prop::collection::vec("[a-z`é.]{1,90}", 0..90)) {
            let text = words.join(" ");
            let pieces = sentence(&text, std::iter::empty());
            let joined: Vec<&str> = pieces.iter().map(|piece| &text[piece.clone()]).collect();
            prop_assert_eq!(joined.join(" "), text);
        }
    }
}
