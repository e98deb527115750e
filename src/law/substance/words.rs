//! A text as a stream of words, names, numbers and the like.
//!
//! One pass, no allocation: this runs over four sections of ten thousand messages.

/// What a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A word of letters.
    Word(&'a str),
    /// What names one thing: a code span, an identifier, a path, a flag.
    Name(&'a str),
    /// Digits, with their dots and signs.
    Number(&'a str),
    /// An address of something elsewhere.
    Link(&'a str),
    /// A run of a script that puts no spaces between words.
    Unspaced(&'a str),
    /// `<something to fill in>` or `[something to fill in]`.
    Blank(&'a str),
}

/// Calls `visit` for each item until it returns false.
pub(super) fn scan<'a>(text: &'a str, mut visit: impl FnMut(Item<'a>) -> bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let go_on = match bytes[at] {
            b'`' => {
                let (inner, end) = code_span(text, at);
                at = end;
                !inner.bytes().any(|byte| byte.is_ascii_alphanumeric()) || visit(Item::Name(inner))
            }
            open @ (b'<' | b'[') => {
                let end = blank_end(bytes, at, open);
                let inner = &text[at + 1..end.unwrap_or(at + 1)];
                at = end.map_or(at + 1, |end| end + 1);
                inner.is_empty() || visit(Item::Blank(inner))
            }
            byte if part(byte) == Part::Break => {
                at += 1;
                true
            }
            _ => {
                let start = at;
                let is_beyond = part(bytes[at]) == Part::Beyond;
                if is_beyond && text[at..].starts_with(is_unspaced) {
                    at += text[at..].find(|c: char| !is_unspaced(c)).unwrap_or(text.len() - at);
                    visit(Item::Unspaced(&text[start..at]))
                } else {
                    let shape;
                    (at, shape) = chunk(text, at);
                    classify(&text[start..at], shape, bytes[at..].starts_with(b"()"), &mut visit)
                }
            }
        };
        if !go_on {
            return;
        }
    }
}

/// The text between backticks, as many on both sides, and where it ends. Without a closing one: nothing.
fn code_span(text: &str, at: usize) -> (&str, usize) {
    let ticks = text[at..].bytes().take_while(|byte| *byte == b'`').count();
    let start = at + ticks;
    let close = if ticks == 1 { text[start..].find('`') } else { text[start..].find(&text[at..start]) };
    match close {
        Some(length) => (&text[start..start + length], start + length + ticks),
        None => ("", start),
    }
}

/// Where `<fill me in>` ends: on the same line, standing alone, and of words. `Vec<T>`, `[x](y)` and `[1]` do not count.
fn blank_end(bytes: &[u8], at: usize, open: u8) -> Option<usize> {
    let close = if open == b'<' { b'>' } else { b']' };
    let stands_alone = at == 0 || bytes[at - 1].is_ascii_whitespace() || bytes[at - 1] == open;
    let length = bytes[at + 1..].iter().take(120).position(|byte| *byte == close || *byte == b'\n' || *byte == open)?;
    let inner = &bytes[at + 1..at + 1 + length];
    let is_prose = inner.first().is_some_and(u8::is_ascii_alphabetic)
        && inner.iter().all(|byte| byte.is_ascii_alphabetic() || b" ,.?'-_/".contains(byte) || !byte.is_ascii());
    let is_closed = bytes[at + 1 + length] == close && !matches!(bytes.get(at + 2 + length), Some(b'(' | b':' | b'['));
    (stands_alone && is_prose && is_closed).then_some(at + 1 + length)
}

/// What a chunk of non-spaces contains.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    letters: bool,
    digits: bool,
    lower: bool,
    /// An upper-case letter after a lower-case one or a digit, or a lower-case start with an upper-case letter.
    hump: bool,
    /// `_`, `@`, `$`, `\`, `::`.
    sign: bool,
    /// Anything else but letters and digits: `-`, `/`, `.`, `:`, an apostrophe.
    joint: bool,
}

/// What a byte does to the chunk it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Lower,
    Upper,
    Digit,
    Sign,
    Colon,
    Joint,
    /// Belongs to the chunk, says nothing about it.
    Silent,
    Break,
    Beyond,
}

const PARTS: [Part; 256] = {
    let mut table = [Part::Beyond; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => Part::Lower,
            b'A'..=b'Z' => Part::Upper,
            b'0'..=b'9' => Part::Digit,
            b'_' | b'@' | b'$' | b'\\' => Part::Sign,
            b':' => Part::Colon,
            b'-' | b'/' | b'.' | b'\'' | b'+' | b'&' => Part::Joint,
            b'#' | b'%' | b'~' => Part::Silent,
            _ => Part::Break,
        };
        byte += 1;
    }
    table
};

fn part(byte: u8) -> Part {
    PARTS[usize::from(byte)]
}

fn chunk(text: &str, start: usize) -> (usize, Shape) {
    let bytes = text.as_bytes();
    let mut shape = Shape::default();
    let mut at = start;
    while let Some(byte) = bytes.get(at).copied() {
        // Most words are nothing but lower case.
        if byte.is_ascii_lowercase() {
            at += 1;
            while bytes.get(at).is_some_and(u8::is_ascii_lowercase) {
                at += 1;
            }
            shape.letters = true;
            shape.lower = true;
            continue;
        }
        match part(byte) {
            Part::Lower => {}
            Part::Upper => {
                shape.letters = true;
                shape.hump |= shape.lower;
            }
            Part::Digit => shape.digits = true,
            Part::Sign => shape.sign = true,
            Part::Colon => {
                shape.sign |= bytes.get(at + 1) == Some(&b':');
                shape.joint = true;
            }
            Part::Joint => {
                shape.joint = true;
                // `PostgreSQL/MySQL`, `Rust-Binary`: each part by itself.
                shape.lower = false;
            }
            Part::Silent => shape.joint = true,
            Part::Break => break,
            Part::Beyond => {
                let Some(c) = text[at..].chars().next() else { break };
                if c == '\u{2019}' {
                    shape.joint = true;
                } else if is_unspaced(c) || !c.is_alphanumeric() {
                    break;
                } else {
                    shape.letters = true;
                    shape.lower |= c.is_lowercase();
                }
                at += c.len_utf8();
                continue;
            }
        }
        at += 1;
    }
    if at == start {
        // Punctuation outside ASCII.
        at += text[start..].chars().next().map_or(1, char::len_utf8);
    }
    (at, shape)
}

fn classify<'a>(chunk: &'a str, shape: Shape, is_call: bool, visit: &mut impl FnMut(Item<'a>) -> bool) -> bool {
    if !shape.letters {
        return !shape.digits || visit(Item::Number(chunk));
    }
    if !(shape.joint || shape.sign || shape.digits || shape.hump || is_call) {
        return visit(Item::Word(chunk));
    }
    if let Some(word) = chunk.strip_suffix('.').filter(|word| word.bytes().all(|byte| byte.is_ascii_alphabetic()))
        && !(shape.hump || is_call)
    {
        return visit(Item::Word(word));
    }
    let inner = chunk.trim_end_matches(['.', ':', '\'', '-', '&', '+']).trim_start_matches(['\'', '#', '&', '+']);
    if inner.contains("://") {
        return visit(Item::Link(inner));
    }
    let is_flag = inner.starts_with("--");
    if shape.sign || shape.digits || shape.hump || is_call || is_flag || is_path(inner) {
        return visit(Item::Name(inner));
    }
    inner.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| visit(Item::Word(word)))
}

/// `/etc/passwd`, `./x`, `src/main.rs`, `main.rs`, `example.org`; not `e.g.`, `and/or`, `N/A`.
fn is_path(chunk: &str) -> bool {
    let has_slash = chunk.contains('/');
    let is_rooted = has_slash && chunk.starts_with(['/', '.', '~']) && chunk.len() > 2;
    let has_dot = chunk.trim_start_matches('.').contains('.');
    is_rooted || (has_dot && chunk.split('.').all(|part| has_slash || part.len() > 1))
}

/// Whether the script of `c` writes words without spaces: Han, kana, Thai and its neighbours.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3041}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items(text: &str) -> Vec<Item<'_>> {
        let mut out = Vec::new();
        scan(text, |item| {
            out.push(item);
            true
        });
        out
    }

    #[test]
    fn names_words_numbers() {
        use Item::{Blank, Link, Name, Number, Unspaced, Word};
        assert_eq!(
            items("The `git gc`-run, don't"),
            [Word("The"), Name("git gc"), Word("run"), Word("don"), Word("t")]
        );
        assert_eq!(
            items("see src/main.rs, /etc/passwd: e.g. and/or N/A read_file() foo() kB 12.5 p99 --force"),
            [
                Word("see"),
                Name("src/main.rs"),
                Name("/etc/passwd"),
                Word("e"),
                Word("g"),
                Word("and"),
                Word("or"),
                Word("N"),
                Word("A"),
                Name("read_file"),
                Name("foo"),
                Name("kB"),
                Number("12.5"),
                Name("p99"),
                Name("--force"),
            ]
        );
        assert_eq!(
            items("<what was learned> Vec<T> [x](y) [fill in]"),
            [Blank("what was learned"), Word("Vec"), Word("T"), Word("x"), Word("y"), Blank("fill in")]
        );
        assert_eq!(items("https://a.b/c."), [Link("https://a.b/c")]);
        assert_eq!(items("値 größer"), [Unspaced("値"), Word("größer")]);
    }

    proptest! {
        #[test]
        fn scanning_never_panics(text: String, dense in "[`<>\\[\\]a-bA-B_./:'é本 \n\u{2019}…]{0,24}") {
            for text in [&text, &dense] {
                scan(text, |_| true);
            }
        }
    }
}
