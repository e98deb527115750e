//! Reading a message line by line.
//!
//! The body is cut into pieces: one for an ordinary message, one for each commit in the body of a squash. Each piece
//! is read without its indentation: first its trailers, from the end; what remains are sections.

use super::header::{Header, SubjectKind};
use super::{Message, Section, Trailer};

/// A line without its line end, and its number from 1.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    number: usize,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim_ascii_start().is_empty()
    }
}

pub(super) fn parse(text: &str, tokens: &[String]) -> Message {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text
        .split('\n')
        .enumerate()
        .map(|(index, line)| Line { text: line.strip_suffix('\r').unwrap_or(line), number: index + 1 })
        .skip_while(Line::is_blank);
    let Some(first) = lines.next() else {
        return Message { subject_stands_alone: true, ..Message::default() };
    };
    let mut body: Vec<Line<'_>> = Vec::with_capacity(8 + text.len() / 32);
    body.extend(lines);
    let subject = first.text.trim();
    let header = Header::parse(subject);
    let says_reverts = || body.iter().any(|line| line.text.starts_with("This reverts commit "));
    let mut message = Message {
        kind: SubjectKind::of(subject, header.is_some(), says_reverts),
        subject: subject.to_owned(),
        subject_line: first.number,
        subject_stands_alone: body.first().is_none_or(Line::is_blank),
        header,
        sections: Vec::with_capacity(tokens.len()),
        trailers: Vec::new(),
    };
    let starts: Vec<usize> = (0..body.len()).filter(|at| starts_piece(&body, *at)).collect();
    if starts.is_empty() {
        read_piece(&body, 0, tokens, &mut message);
        return message;
    }
    let ends = starts.iter().skip(1).copied().chain([body.len()]);
    let pieces: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    read_piece(&body[..starts[0]], 0, tokens, &mut message);
    for (number, (start, end)) in (1..).zip(pieces) {
        // The piece's first line is that commit's subject, or git's `commit …` line.
        let piece = &mut body[start + 1..end];
        unindent(piece);
        read_piece(piece, number, tokens, &mut message);
    }
    message
}

/// Whether a squashed commit begins at line `at`: `* subject` between empty lines, or `commit <id>` with `Author:`,
/// `Merge:` or `Date:` below, as `git merge --squash` and forges write them.
fn starts_piece(body: &[Line<'_>], at: usize) -> bool {
    let text = body[at].text;
    let stands_below_gap = at == 0 || body[at - 1].is_blank() || body[at - 1].text.starts_with("* ");
    match text.as_bytes().first() {
        Some(b'*') if stands_below_gap => {
            let next = body.get(at + 1);
            let is_alone = next.is_none_or(|next| next.is_blank() || next.text.starts_with("* "));
            let subject = text.strip_prefix("* ").map(str::trim_end).filter(|_| is_alone);
            subject.is_some_and(|subject| {
                let is_semantic = Header::parse(subject).is_some();
                SubjectKind::of(subject, is_semantic, || true) != SubjectKind::Other
            })
        }
        Some(b'c') if stands_below_gap => {
            let is_id = |id: &str| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_commit =
                text.strip_prefix("commit ").is_some_and(|rest| is_id(rest.split(' ').next().unwrap_or("")));
            is_commit
                && body
                    .get(at + 1)
                    .is_some_and(|next| ["Author:", "Merge:", "Date:"].iter().any(|start| next.text.starts_with(start)))
        }
        _ => false,
    }
}

/// Takes the first indented line's indentation off each line that has it.
fn unindent(lines: &mut [Line<'_>]) {
    let indentation = |line: &Line<'_>| line.text.len() - line.text.trim_start_matches(' ').len();
    // Not a folded line, which hangs below a line without indentation.
    let mut above_is_blank = true;
    let mut width = 0;
    for line in lines.iter() {
        if above_is_blank && indentation(line) > 0 && !line.is_blank() {
            width = indentation(line);
            break;
        }
        above_is_blank = line.is_blank();
    }
    for line in lines.iter_mut().filter(|line| indentation(line) >= width) {
        line.text = &line.text[width..];
    }
}

fn read_piece(lines: &[Line<'_>], piece: usize, tokens: &[String], message: &mut Message) {
    let end = read_trailers(lines, tokens, &mut message.trailers);
    let mut open: Option<(&str, usize, &str)> = None;
    let mut start = 0;
    let mut close = |open: Option<(&str, usize, &str)>, rest: &[Line<'_>]| {
        if let Some((token, line, first)) = open {
            message.sections.push(Section { token: token.to_owned(), text: join(first, rest), line, piece });
        }
    };
    for (index, line) in lines[..end].iter().enumerate() {
        if let Some((token, first)) = section_start(line.text, tokens) {
            close(open, &lines[start..index]);
            open = Some((token, line.number, first));
            start = index + 1;
        }
    }
    close(open, lines.get(start..end).unwrap_or_default());
}

/// The token that `line` starts with, and what follows its colon. `Impact::new()` is prose.
fn section_start<'a, 'b>(line: &'a str, tokens: &'b [String]) -> Option<(&'b str, &'a str)> {
    tokens.iter().find_map(|token| {
        // Most lines start with another letter than any token.
        line.as_bytes().first().filter(|first| token.as_bytes().first() == Some(first))?;
        let rest = line.strip_prefix(token.as_str())?.strip_prefix(':')?;
        (!rest.starts_with(':')).then_some((token.as_str(), rest))
    })
}

/// A section's text: trimmed, each line without spaces at its end.
fn join(first: &str, rest: &[Line<'_>]) -> String {
    let mut text = String::with_capacity(first.len() + rest.iter().map(|line| line.text.len() + 1).sum::<usize>());
    text.push_str(first.trim());
    for line in rest {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line.text.trim_end());
    }
    let trimmed = text.trim().len();
    if trimmed < text.len() {
        text = text.trim().to_owned();
    }
    text
}

/// Reads the trailers at the end of `lines`; gives the number of lines above them.
fn read_trailers(lines: &[Line<'_>], tokens: &[String], out: &mut Vec<Trailer>) -> usize {
    let mut end = lines.len();
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    loop {
        // GitHub draws a line above the co-authors of a squash.
        let is_gap = |line: &Line<'_>| {
            line.is_blank() || (line.text.len() >= 3 && line.text.trim_end().bytes().all(|byte| byte == b'-'))
        };
        let bottom = lines[..end].iter().rposition(|line| !is_gap(line)).map_or(0, |last| last + 1);
        let top = lines[..bottom].iter().rposition(Line::is_blank).map_or(0, |blank| blank + 1);
        let Some(start) = block_start(lines, top, bottom, blocks.is_empty(), tokens) else {
            end = if blocks.is_empty() { end } else { bottom };
            break;
        };
        blocks.push((start, bottom));
        end = start;
        if start > top {
            break;
        }
    }
    for (start, bottom) in blocks.into_iter().rev() {
        let mut is_folded_into_trailer = false;
        for line in &lines[start..bottom] {
            if line.text.starts_with([' ', '\t']) {
                if let Some(last) = out.last_mut().filter(|_| is_folded_into_trailer) {
                    last.value.push(' ');
                    last.value.push_str(line.text.trim());
                }
                continue;
            }
            let pair = key_and_value(line.text);
            is_folded_into_trailer = pair.is_some();
            if let Some((key, value)) = pair {
                out.push(Trailer { key: key.to_owned(), value: value.trim().to_owned(), line: line.number });
            }
        }
    }
    end
}

/// Where the trailers of the paragraph `top..bottom` start, if it ends in any. `is_last`: git itself looks there.
fn block_start(lines: &[Line<'_>], top: usize, bottom: usize, is_last: bool, tokens: &[String]) -> Option<usize> {
    let paragraph = &lines[top..bottom];
    let last_section = paragraph.iter().rposition(|line| section_start(line.text, tokens).is_some());
    let floor = last_section.map_or(0, |index| index + 1);
    let start = if is_last && is_block_of_git(paragraph) {
        paragraph[floor..].iter().position(|line| is_trailer(line.text))
    } else {
        // The longest tail of unmistakable trailers and what is folded below them.
        let mut start = None;
        for (index, line) in paragraph[floor..].iter().enumerate().rev() {
            if is_unmistakable(line.text) {
                start = Some(index);
            } else if !line.text.starts_with([' ', '\t']) {
                break;
            }
        }
        start
    };
    start.map(|index| top + floor + index)
}

/// git's own rule: all lines are trailers, or one is written by git and at least a quarter are.
fn is_block_of_git(paragraph: &[Line<'_>]) -> bool {
    let (mut trailers, mut others, mut folded, mut by_git) = (0, 0, 0, false);
    for line in paragraph.iter().rev() {
        by_git |= line.text.starts_with("Signed-off-by: ") || line.text.starts_with(CHERRY_PICKED);
        if is_trailer(line.text) {
            trailers += 1;
            folded = 0;
        } else if line.text.starts_with([' ', '\t']) {
            folded += 1;
        } else {
            others += 1 + folded;
            folded = 0;
        }
    }
    others += folded;
    trailers > 0 && (others == 0 || (by_git && trailers * 3 >= others))
}

pub(super) const CHERRY_PICKED: &str = "(cherry picked from commit ";
/// The one conventional footer whose key has a space.
const BREAKING: &str = "BREAKING CHANGE";

fn is_trailer(line: &str) -> bool {
    line.starts_with(CHERRY_PICKED) || key_and_value(line).is_some()
}

/// Whether nobody would write such a line as prose: a key with a hyphen, or one of the common keys.
fn is_unmistakable(line: &str) -> bool {
    const COMMON: [&str; 9] = ["Fixes", "Closes", "Refs", "Link", "Cc", "Bug", "Resolves", "Issue", BREAKING];
    line.starts_with(CHERRY_PICKED)
        || key_and_value(line).is_some_and(|(key, _)| {
            let is_name = key.contains('-') && key.starts_with(|c: char| c.is_ascii_uppercase());
            is_name || COMMON.contains(&key)
        })
}

/// `Key: value`, by git's rule for keys: letters, digits and hyphens, white space allowed before the colon.
pub(super) fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let end = line.bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b'-')?;
    let (key, rest) = line.split_at(end);
    let value = rest.trim_start_matches([' ', '\t']).strip_prefix(':');
    match value {
        Some(value) if !key.is_empty() => Some((key, value)),
        _ => line.strip_prefix(BREAKING)?.strip_prefix(':').map(|value| (BREAKING, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Header, Message, SubjectKind};
    use proptest::prelude::*;

    fn tokens() -> Vec<String> {
        ["Context", "Solution", "Learning", "Impact"].map(str::to_owned).to_vec()
    }

    fn parse(text: &str) -> Message {
        Message::parse(text, &tokens())
    }

    fn sections(message: &Message) -> Vec<(&str, &str, usize)> {
        message.sections.iter().map(|section| (section.token.as_str(), section.text.as_str(), section.line)).collect()
    }

    fn trailers(message: &Message) -> Vec<(&str, &str)> {
        message.trailers.iter().map(|trailer| (trailer.key.as_str(), trailer.value.as_str())).collect()
    }

    #[test]
    fn sections_and_trailers() {
        let message = parse(
            "feat(x)!: y\n\nContext: one\ntwo\n\nthree\nSolution:\n- a\nLearning: b\n\nImpact: Impact::new() is gone\n\n\
             Assisted-by: Claude\nAgentops-Event: auth-k3f9\n 0001-spec-working\n",
        );
        assert_eq!(
            sections(&message),
            [
                ("Context", "one\ntwo\n\nthree", 3),
                ("Solution", "- a", 7),
                ("Learning", "b", 9),
                ("Impact", "Impact::new() is gone", 11)
            ]
        );
        assert_eq!(trailers(&message), [("Assisted-by", "Claude"), ("Agentops-Event", "auth-k3f9 0001-spec-working")]);
        assert_eq!(message.header.as_ref().map(|header| header.breaking), Some(true));
        assert_eq!(message.trailers[1].line, 14);
        assert!(message.subject_stands_alone);
    }

    #[test]
    fn headings_and_indented_tokens_are_no_sections() {
        assert_eq!(parse("a\n\n## Context\nx\n Context: y\ncontext: z\nThe Context: w\n").sections, []);
    }

    #[test]
    fn trailers_right_below_a_section() {
        let all_keys = parse("a\n\nImpact: x\nFoo: y\nAssisted-by: z");
        assert_eq!(trailers(&all_keys), [("Foo", "y"), ("Assisted-by", "z")]);
        let prose = parse("a\n\nImpact: x\nmore of it\nnote: still prose\nAssisted-by: z\n");
        assert_eq!(sections(&prose), [("Impact", "x\nmore of it\nnote: still prose", 3)]);
        assert_eq!(trailers(&prose), [("Assisted-by", "z")]);
        assert_eq!(trailers(&parse("a\n\nImpact: x\nLearning: y")), []);
    }

    #[test]
    fn the_rules_of_git_for_blocks() {
        assert_eq!(trailers(&parse("a\n\nprose here\nSigned-off-by: A <a@b>\n")), [("Signed-off-by", "A <a@b>")]);
        assert_eq!(trailers(&parse("a\n\nprose here\nnote: b\n")), []);
        assert_eq!(trailers(&parse("a\n\nx\n\nKey : b\n\n")), [("Key", "b")]);
        assert_eq!(trailers(&parse("a\n\nBREAKING CHANGE: b\nRefs: #1\n")), [("BREAKING CHANGE", "b"), ("Refs", "#1")]);
        assert_eq!(trailers(&parse("a: b")), []);
        let two = parse("a\n\nImpact: x\n\nAssisted-by: A\n\n---------\n\nCo-authored-by: B <b@c>\n");
        assert_eq!(trailers(&two), [("Assisted-by", "A"), ("Co-authored-by", "B <b@c>")]);
        assert_eq!(sections(&two), [("Impact", "x", 3)]);
    }

    #[test]
    fn crlf_and_byte_order_mark() {
        let message = parse("\u{feff}fix: a\r\n\r\nContext: b\r\nc\r\n\r\nRefs: #1\r\n");
        assert_eq!(message.subject, "fix: a");
        assert_eq!(sections(&message), [("Context", "b\nc", 3)]);
        assert_eq!(trailers(&message), [("Refs", "#1")]);
    }

    #[test]
    fn squash_bodies_of_github() {
        let message = parse(
            "feat: all (#7)\n\n* feat: one\n\nContext: a\n\n* a loose list\n\nImpact: b\n\nAssisted-by: A\n\n* fix: two\n\n\
             * fixup! feat: one\n\nContext: c\n\n---------\n\nCo-authored-by: B <b@c>\n",
        );
        assert_eq!(
            sections(&message),
            [("Context", "a\n\n* a loose list", 5), ("Impact", "b", 9), ("Context", "c", 17)]
        );
        assert_eq!(trailers(&message), [("Assisted-by", "A"), ("Co-authored-by", "B <b@c>")]);
    }

    #[test]
    fn squash_bodies_of_git() {
        let id = "ab".repeat(20);
        let message = parse(&format!(
            "Squashed commit of the following:\n\ncommit {id}\nAuthor: A <a@b>\nDate:   today\n\n    feat: one\n    \n    \
             Context: a\n      b\n\n    Assisted-by: A\n\ncommit {id}\nAuthor: A <a@b>\n\n    fix: two\n\n    Context: c\n",
        ));
        assert_eq!(sections(&message), [("Context", "a\n  b", 9), ("Context", "c", 19)]);
        assert_eq!(trailers(&message), [("Assisted-by", "A")]);
    }

    #[test]
    fn subjects() {
        assert_eq!(parse("").subject_line, 0);
        assert_eq!(parse("\n\n  a  \nb").subject, "a");
        assert!(!parse("a\nb").subject_stands_alone);
        assert_eq!(parse("Revert \"feat: x\"\n\nThis reverts commit abc.\n").kind, SubjectKind::Revert);
        assert_eq!(parse("Revert \"feat: x\"\n\nSorry.\n").kind, SubjectKind::Other);
        assert_eq!(parse("feat: x").kind, SubjectKind::Semantic);
    }

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    /// Lines that read as something else where they stand at the beginning of a line.
    fn treacherous() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            "[a-zA-Z`.,()é本]{1,12}( [a-zA-Z`.,:]{1,12}){0,30}",
            Just("Context: not a section".to_owned()),
            Just("Fixes: #12 and Signed-off-by: me".to_owned()),
            Just("Signed-off-by: me".to_owned()),
            Just("* feat: a list item".to_owned()),
            Just("- item: with a colon".to_owned()),
            Just("# a heading".to_owned()),
            Just("---------".to_owned()),
            Just("```\nlet x:  u8 = 1;\n```".to_owned()),
            Just("    indented code:".to_owned()),
            Just(format!("commit {}\nAuthor: me", "ab".repeat(20))),
            Just(String::new()),
        ];
        proptest::collection::vec(line, 1..6).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn reading_never_panics(text: String, lines in "(([A-Z][a-z-]{0,8}: ?)?[ *a-zé#:\r-]{0,9}\n){0,12}") {
            for text in [&text, &lines] {
                let message = parse(text);
                let length = text.split('\n').count();
                prop_assert!(message.sections.iter().all(|section| (1..=length).contains(&section.line)));
                prop_assert!(message.trailers.iter().all(|trailer| (1..=length).contains(&trailer.line)));
            }
        }

        #[test]
        fn what_is_composed_reads_back(
            kind in "[a-z]{2,8}",
            scope in proptest::option::of("[a-z/]{1,8}"),
            breaking: bool,
            subject in "[a-z][a-z:é ]{0,40}[a-z]",
            texts in proptest::collection::vec(treacherous(), 0..5),
            values in proptest::collection::vec(("[A-Z][a-z]{0,6}-[a-z]{1,6}|Refs|Zz", "([a-z:<>@]{1,20} ?){0,12}"), 0..4),
        ) {
            let tokens = tokens();
            let header = Header { kind, scope, breaking, subject };
            let sections: Vec<(&str, &str)> = tokens.iter().map(String::as_str).cycle().zip(texts.iter().map(String::as_str)).collect();
            let pairs: Vec<(&str, &str)> = values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let text = Message::compose(&header, &sections, &pairs);
            let message = parse(&text);
            prop_assert_eq!(message.header.as_ref().map(ToString::to_string), Some(words(&header.to_string()).join(" ")), "{}", &text);
            let read: Vec<(&str, Vec<&str>)> = message.sections.iter().map(|section| (section.token.as_str(), words(&section.text))).collect();
            let written: Vec<(&str, Vec<&str>)> = sections.iter().map(|(token, text)| (*token, words(text))).collect();
            prop_assert_eq!(read, written, "{}", &text);
            let read: Vec<(&str, Vec<&str>)> = message.trailers.iter().map(|trailer| (trailer.key.as_str(), words(&trailer.value))).collect();
            let written: Vec<(&str, Vec<&str>)> = pairs.iter().map(|(key, value)| (*key, words(value))).collect();
            prop_assert_eq!(read, written, "{}", &text);
        }
    }
}
