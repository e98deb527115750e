//! JSON with comments, made plain JSON without moving anything.

/// `text` with comments and trailing commas replaced by spaces; line breaks stay, so that positions stay. Strings are
/// left alone; an unclosed comment is blank to the end.
pub(super) fn blank(text: &str) -> String {
    let mut out: Vec<u8> = text.bytes().collect();
    let mut comma: Option<usize> = None;
    let mut at = 0;
    while at < out.len() {
        match out[at] {
            b'"' => {
                comma = None;
                at = string_end(&out, at);
                continue;
            }
            b'/' if out.get(at + 1) == Some(&b'/') => {
                let end = out[at..].iter().position(|byte| *byte == b'\n').map_or(out.len(), |offset| at + offset);
                fill(&mut out[at..end]);
                at = end;
                continue;
            }
            b'/' if out.get(at + 1) == Some(&b'*') => {
                let close = out[at + 2..].windows(2).position(|pair| pair == b"*/");
                let end = close.map_or(out.len(), |offset| at + 2 + offset + 2);
                fill(&mut out[at..end]);
                at = end;
                continue;
            }
            b',' => comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    out[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
    // Only whole characters were replaced: comments end where characters end.
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Where the string that starts at `start` ends, quotes included.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn fill(part: &mut [u8]) {
    for byte in part.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests {
    use super::blank;
    use proptest::prelude::*;

    #[test]
    fn comments_and_trailing_commas_are_blank() {
        for (text, plain) in [
            ("[1, /* é */ 2,]", "[1,          2 ]"),
            ("{\"a\": \"//,]\" // x\n}", "{\"a\": \"//,]\"     \n}"),
            ("[1, // x\n /* y */]", "[1      \n        ]"),
            ("[\"\\\"\", /*", "[\"\\\"\",   "),
            ("[,,]", "[, ]"),
            ("/", "/"),
        ] {
            assert_eq!(blank(text), plain);
        }
    }

    proptest! {
        #[test]
        fn positions_stay(text in "([\\[\\]{},:\"\\\\a1é \n]|//|/\\*|\\*/){0,40}") {
            let plain = blank(&text);
            prop_assert_eq!(plain.len(), text.len());
            prop_assert_eq!(plain.matches('\n').count(), text.matches('\n').count());
        }
    }
}
