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

/// As [`visible`], for a cell of a Markdown table: nothing in it is markup, a link, a mention or the end of the cell.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            // Forges notify whoever is mentioned, and link numbers.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '(' | ')' | '!' | '|' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// The beginning of a command to GitHub's runner, of the older form, wherever it stands in a line.
pub const OLD_RUNNER_COMMAND: &str = "##[";

/// Lines of which none is a command to GitHub's runner, which reads them in the log of a job: `::…::` at the beginning of a
/// line, after blanks, and `##[…]` anywhere. What would begin one is spelled as [`visible`] spells what is hidden.
pub fn no_runner_command(text: &str) -> String {
    let line = |line: &str| {
        let rest = line.trim_start();
        match rest.strip_prefix("::") {
            Some(after) => format!("{}\\u{{3a}}:{after}", &line[..line.len() - rest.len()]),
            None => line.to_owned(),
        }
    };
    text.split_inclusive('\n').map(line).collect::<String>().replace(OLD_RUNNER_COMMAND, "#\\u{23}[")
}

/// `text` as one types it in a shell: in single quotes where it holds anything that a shell could take for more than
/// itself. For commands that are printed to be pasted.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Whether a character changes how others are shown, or shows nothing itself.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_a_shell_stays_one_word() {
        assert_eq!(shell_word("src/a-b.rs"), "src/a-b.rs");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("$(rm -r it's)"), r"'$(rm -r it'\''s)'");
    }

    #[test]
    fn a_cell_of_markdown_stays_text() {
        assert_eq!(markdown("a|b `c` [d](e) @f #1"), "a\\|b \\`c\\` \\[d\\]\\(e\\) &#64;f &#35;1");
        assert_eq!(markdown("<b>&\n\u{202e}"), "&lt;b&gt;&amp;\\\\u{a}\\\\u{202e}");
    }

    #[test]
    fn a_line_of_a_log_is_no_command() {
        let log = "a ::b::\n \t::add-mask::e\n:::x\n##[group]x ##[ ##\n";
        let told = "a ::b::\n \t\\u{3a}:add-mask::e\n\\u{3a}::x\n#\\u{23}[group]x #\\u{23}[ ##\n";
        assert_eq!(no_runner_command(log), told);
        assert_eq!(no_runner_command("error[AO-L1]: a::b"), "error[AO-L1]: a::b");
    }

    #[test]
    fn nothing_hidden_survives() {
        let shown = visible("a\u{1b}[31mb\u{202e}c\u{200b}\r\nd");
        assert_eq!(shown, "a\\u{1b}[31mb\\u{202e}c\\u{200b}\\u{d}\\u{a}d");
        assert_eq!(visible_bytes(b"a\xffb"), "a\\xffb");
        assert_eq!(visible("Grüße 日本"), "Grüße 日本");
    }
}
