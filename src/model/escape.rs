//! Making text from a repository safe to print.

use std::fmt::Write as _;

/// Spells control, bidirectional and zero-width characters as `\u{…}`, so that a title cannot move the
/// cursor, colour a terminal or reverse a line. Line feed and tab are escaped too: one value, one line.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}

/// As [`visible`], for bytes: what is not UTF-8 is spelled `\xNN`.
pub fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&visible(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Whether a character changes how others are shown, or shows nothing itself.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_survives() {
        let shown = visible("a\u{1b}[31mb\u{202e}c\u{200b}\r\nd");
        assert_eq!(shown, "a\\u{1b}[31mb\\u{202e}c\\u{200b}\\u{d}\\u{a}d");
        assert_eq!(visible_bytes(b"a\xffb"), "a\\xffb");
        assert_eq!(visible("Grüße 日本"), "Grüße 日本");
    }
}
