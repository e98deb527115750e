//! Writing a message.

use super::Header;
use super::parse::{CHERRY_PICKED, key_and_value};

/// Columns of a body's line.
const WIDTH: usize = 72;
/// Put before a line that would otherwise read as something else, and before the further lines of a list item.
const INDENT: &str = "  ";

pub(super) fn compose(header: &Header, sections: &[(&str, &str)], trailers: &[(&str, &str)]) -> String {
    let mut out = one_line(&header.to_string());
    out.push('\n');
    for (token, text) in sections {
        let lines = lay_out(text, token.chars().count() + 2);
        out.push_str(&format!("\n{token}:"));
        if lines.first().is_some_and(|first| !is_block(first)) {
            out.push(' ');
        } else {
            out.push('\n');
        }
        for (index, line) in lines.iter().enumerate() {
            let stands_at_margin = index > 0 || is_block(line);
            if stands_at_margin && reads_as_something_else(line, sections) {
                out.push_str(INDENT);
            }
            out.push_str(line);
            out.push('\n');
        }
    }
    if !trailers.is_empty() {
        out.push('\n');
    }
    for (key, value) in trailers {
        out.push_str(format!("{key}: {}", one_line(value)).trim_end());
        out.push('\n');
    }
    out
}

/// One line of what a person typed: line breaks and runs of spaces become single spaces.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of a section's text; `column` is where the first of them starts. Several empty lines become one.
fn lay_out(text: &str, column: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut prose: Vec<&str> = Vec::new();
    let mut is_fenced = false;
    for line in text.trim_matches(['\r', '\n']).lines() {
        let is_fence = line.trim_start().starts_with("```");
        let is_list = is_list_item(line);
        let is_kept = is_fenced || is_fence || line.starts_with([' ', '\t', '|', '>', '#']);
        let is_gap = line.trim().is_empty();
        if !(is_gap || is_list || is_kept) {
            prose.extend(line.split_whitespace());
            continue;
        }
        fill(&mut lines, &prose, column, "");
        prose.clear();
        if is_gap {
            if lines.last().is_some_and(|last| !last.is_empty()) {
                lines.push(String::new());
            }
        } else if is_kept {
            lines.push(line.trim_end().to_owned());
        } else {
            fill(&mut lines, &line.split_whitespace().collect::<Vec<_>>(), column, INDENT);
        }
        is_fenced ^= is_fence;
    }
    fill(&mut lines, &prose, column, "");
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Fills lines with `words`; `hang` stands before all of them but the first.
fn fill(lines: &mut Vec<String>, words: &[&str], column: usize, hang: &str) {
    let mut line = String::new();
    let mut used = if lines.is_empty() { column } else { 0 };
    for word in words {
        let width = word.chars().count();
        if !line.is_empty() && used + 1 + width > WIDTH {
            lines.push(std::mem::replace(&mut line, hang.to_owned()));
            used = hang.len();
        } else if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width;
    }
    if !line.is_empty() {
        lines.push(line);
    }
}

fn is_list_item(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let numbered = digits > 0 && (line[digits..].starts_with(". ") || line[digits..].starts_with(") "));
    numbered || ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark))
}

/// Whether a text that starts with this line stands below its token, not beside it.
fn is_block(line: &str) -> bool {
    is_list_item(line) || line.starts_with([' ', '\t', '|', '>', '#']) || line.starts_with("```")
}

/// Whether a line at the margin would be read as a section, a trailer, a comment, a squashed commit or a divider.
fn reads_as_something_else(line: &str, sections: &[(&str, &str)]) -> bool {
    key_and_value(line).is_some()
        || sections.iter().any(|(token, _)| line.strip_prefix(token).is_some_and(|rest| rest.starts_with(':')))
        || ["#", ";", "* ", "commit ", CHERRY_PICKED].iter().any(|start| line.starts_with(start))
        || (line.len() >= 3 && line.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::super::{Header, Message};

    #[test]
    fn paragraphs_and_lists_are_kept() {
        let header =
            Header { kind: "fix".into(), scope: Some("x".into()), breaking: true, subject: "read  CRLF".into() };
        let prose = "word ".repeat(20);
        let text = format!("{prose}\n\n\n- {prose}\n- Note: two\n\nwarning: it is hot\n```\nlet  x: u8 = 1;\n```\n");
        let message = Message::compose(
            &header,
            &[("Context", &text), ("Impact", "- one"), ("Empty", " ")],
            &[("Assisted-by", "Claude:x\nmore"), ("Refs", "#1")],
        );
        insta::assert_snapshot!(message, @r"
        fix(x)!: read CRLF

        Context: word word word word word word word word word word word word
        word word word word word word word word

        - word word word word word word word word word word word word word word
          word word word word word word
        - Note: two

          warning: it is hot
        ```
        let  x: u8 = 1;
        ```

        Impact:
        - one

        Empty:

        Assisted-by: Claude:x more
        Refs: #1
        ");
    }
}
