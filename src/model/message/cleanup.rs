//! What git will make of an edited message before it becomes a commit.
//!
//! A hook sees `COMMIT_EDITMSG` as the editor left it: with comments, with the diff of `git commit -v`. Judging that
//! would judge what is not committed. The rules are those of `git help commit`, `--cleanup`.

/// `commit.cleanup`, or `--cleanup`. git's `default` is `strip` after an editor and `whitespace` without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cleanup {
    /// Comments go; otherwise as [`Whitespace`](Self::Whitespace).
    Strip,
    /// Empty lines at both ends and white space at the ends of lines go; several empty lines become one.
    Whitespace,
    /// Nothing goes.
    Verbatim,
    /// As [`Whitespace`](Self::Whitespace), after the scissors line and what follows went.
    Scissors,
}

impl Cleanup {
    /// Reads git's word; `default` depends on whether an editor runs.
    pub fn parse(word: &str, is_edited: bool) -> Option<Self> {
        Some(match word {
            "strip" => Self::Strip,
            "whitespace" => Self::Whitespace,
            "verbatim" => Self::Verbatim,
            "scissors" => Self::Scissors,
            "default" if is_edited => Self::Strip,
            "default" => Self::Whitespace,
            _ => return None,
        })
    }
}

/// What starts a comment line: `core.commentChar` or `core.commentString`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comment {
    /// This text; git's default is `#`.
    Text(String),
    /// git chose a character that starts no line of the message; it is read off the message's end.
    Auto,
}

impl Default for Comment {
    fn default() -> Self {
        Self::Text("#".to_owned())
    }
}

impl Comment {
    /// Reads the value of the setting; empty means the default.
    pub fn parse(value: &str) -> Self {
        match value {
            "" => Self::default(),
            _ if value.eq_ignore_ascii_case("auto") => Self::Auto,
            text => Self::Text(text.to_owned()),
        }
    }

    /// What git chooses for `text`, a message that nobody edits and that has no comment of git's: for `auto` the first candidate
    /// that starts no line.
    #[must_use]
    pub fn chosen_for(self, text: &[u8]) -> Self {
        if self != Self::Auto || !text.contains(&CANDIDATES[0]) {
            return if self == Self::Auto { Self::default() } else { self };
        }
        let starts = |candidate: &u8| {
            text.split(|byte| matches!(byte, b'\n' | b'\r')).any(|line| line.first() == Some(candidate))
        };
        let chosen = CANDIDATES.iter().find(|candidate| !starts(candidate));
        chosen.map_or_else(Self::default, |chosen| Self::Text(char::from(*chosen).to_string()))
    }

    /// The bytes that start a comment line of `text`, a message as git hands it out; may be empty.
    pub fn bytes<'a>(&'a self, text: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Text(comment) => comment.as_bytes(),
            Self::Auto => chosen(text),
        }
    }
}

/// The line that `git commit -v` and `--cleanup=scissors` put below the message, after the comment and a space.
const CUT: &[u8] = b"------------------------ >8 ------------------------";
/// What git chooses from for `core.commentChar = auto`.
const CANDIDATES: &[u8] = b"#;@!$%^&|:";

/// What git will make of `text`.
///
/// Everything from a scissors line on is dropped in every mode, whatever its comment character: below it stands what
/// `git commit -v` shows, and no hook is told whether `-v` was given.
pub fn clean(text: &[u8], mode: Cleanup, comment: &Comment) -> Vec<u8> {
    let kept = &text[..cut_at(text, comment)];
    if mode == Cleanup::Verbatim {
        return kept.to_vec();
    }
    let comment = comment.bytes(text);
    let drops_comments = mode == Cleanup::Strip && !comment.is_empty();
    let mut out = Vec::with_capacity(kept.len() + 1);
    let mut gap = false;
    for line in kept.split(|byte| *byte == b'\n') {
        if drops_comments && line.starts_with(comment) {
            continue;
        }
        let line = trim_end(line);
        if line.is_empty() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(b'\n');
        }
        gap = false;
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// Where the scissors line starts, whatever short word stands before it, or the comment that is configured; the text's length
/// where there is none.
fn cut_at(text: &[u8], comment: &Comment) -> usize {
    // White space at the end of a setting is not read alike everywhere.
    let is_configured = |mark: &[u8]| {
        let Comment::Text(configured) = comment else { return false };
        configured.as_bytes().trim_ascii_end() == mark.trim_ascii_end()
    };
    let mut start = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let prefix = trim_end(line).strip_suffix(CUT).and_then(|rest| rest.strip_suffix(b" "));
        let is_short = |mark: &[u8]| (1..=8).contains(&mark.len()) && !mark.contains(&b' ');
        if prefix.is_some_and(|mark| is_short(mark) || is_configured(mark)) {
            return start;
        }
        start += line.len();
    }
    text.len()
}

/// The comment character of `auto`: that of the scissors line, or of the last line, where git's own comments stand.
fn chosen(text: &[u8]) -> &[u8] {
    let cut = cut_at(text, &Comment::Auto);
    let mark = if cut < text.len() {
        Some(&text[cut..])
    } else {
        text.split(|byte| *byte == b'\n').map(trim_end).rfind(|line| !line.is_empty())
    };
    match mark {
        Some([first, ..]) if CANDIDATES.contains(first) => mark.map_or(b"#", |line| &line[..1]),
        _ => b"#",
    }
}

/// Without what git's `isspace` takes for white space.
fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).map_or(0, |last| last + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str, mode: Cleanup, comment: &str) -> String {
        String::from_utf8(clean(text.as_bytes(), mode, &Comment::parse(comment))).unwrap()
    }

    const EDITED: &str = "\n\nfeat: x  \r\n\n\n\n# why\nContext: y\n#hashtag\n\n# Please enter the commit message\n";

    #[test]
    fn the_modes_of_git() {
        assert_eq!(cleaned(EDITED, Cleanup::Strip, "#"), "feat: x\n\nContext: y\n");
        assert_eq!(
            cleaned(EDITED, Cleanup::Whitespace, "#"),
            "feat: x\n\n# why\nContext: y\n#hashtag\n\n# Please enter the commit message\n"
        );
        assert_eq!(cleaned(EDITED, Cleanup::Verbatim, "#"), EDITED);
        assert_eq!(cleaned("; a\n# b\n// c\n", Cleanup::Strip, "//"), "; a\n# b\n");
        assert_eq!(cleaned("\n# only\n\n", Cleanup::Strip, ""), "");
    }

    #[test]
    fn the_diff_of_a_verbose_commit_is_cut_whatever_the_comment() {
        for comment in ["#", ";", "//"] {
            let text = format!(
                "feat: x\n{comment} {}\n{comment} Do not touch\ndiff --git\n+Learning: no\n",
                "-".repeat(24) + " >8 " + &"-".repeat(24)
            );
            for mode in [Cleanup::Strip, Cleanup::Scissors, Cleanup::Whitespace, Cleanup::Verbatim] {
                assert_eq!(cleaned(&text, mode, "#"), "feat: x\n", "{comment} {mode:?}");
            }
        }
    }

    #[test]
    fn auto_is_read_off_the_end() {
        let text = "#12 is fixed\n\nbody\n; Please enter the commit message for your changes.\n;\n";
        assert_eq!(cleaned(text, Cleanup::Strip, "auto"), "#12 is fixed\n\nbody\n");
        assert_eq!(cleaned("a\n# b\nc", Cleanup::Strip, "auto"), "a\nc\n");
    }

    #[test]
    fn auto_without_an_editor_starts_no_line() {
        let chosen = |text: &str| Comment::Auto.chosen_for(text.as_bytes());
        let text = |comment: &str| Comment::Text(comment.to_owned());
        assert_eq!(chosen("a\nb\n"), text("#"));
        assert_eq!(chosen("a #1\nb\n"), text("#"));
        assert_eq!(chosen("a\n#1\n;2\n"), text("@"));
        assert_eq!(text("//").chosen_for(b"#1\n"), text("//"));
    }

    #[test]
    fn a_long_comment_before_the_scissors() {
        let scissors = "-".repeat(24) + " >8 " + &"-".repeat(24);
        for comment in ["rem: ", "comment line:"] {
            let text = format!("feat: x\n{comment}no\n{comment} {scissors}\ndiff\n");
            assert_eq!(cleaned(&text, Cleanup::Strip, comment), "feat: x\n");
            assert_eq!(cleaned(&text, Cleanup::Verbatim, comment), format!("feat: x\n{comment}no\n"));
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text: Vec<u8>, lines in "([#; a-z\r]{0,4}\n){0,8}") {
            for text in [text.as_slice(), lines.as_bytes()] {
                for mode in [Cleanup::Strip, Cleanup::Whitespace, Cleanup::Verbatim, Cleanup::Scissors] {
                    let once = clean(text, mode, &Comment::default());
                    prop_assert_eq!(clean(&once, mode, &Comment::default()), once);
                }
            }
        }
    }
}
