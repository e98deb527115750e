//! The text of a context: Markdown in which all that comes from the repository stands in fences or in code spans.

use super::item::About;
use crate::model::digest::ObjectId;
use crate::model::escape::{is_hidden, shell_word, visible};
use crate::model::path::RepoPath;

/// The text of a file; `None` where it is none. What nobody sees is spelled out, but for line ends and tabs, so that it can
/// neither hide anything nor get lost.
pub(super) fn readable(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), "\n"),
            None => (line, ""),
        };
        if line.chars().any(is_hidden) {
            let parts: Vec<String> = line.split('\t').map(visible).collect();
            out.push_str(&parts.join("\t"));
        } else {
            out.push_str(line);
        }
        out.push_str(end);
    }
    Some(out)
}

/// The longest run of backticks in a text.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A fence that no line of the text can end.
fn fence(text: &str) -> String {
    "`".repeat((longest_run(text) + 1).max(3))
}

/// A text between fences that are longer than any in it.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let fence = fence(text);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// One line as a code span.
pub(super) fn span(text: &str) -> String {
    let text = visible(text);
    let marks = "`".repeat(longest_run(&text) + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{marks}{gap}{text}{gap}{marks}")
}

/// A line of somebody's prose, quoted: nothing in it is markup.
pub(super) fn quoted(text: &str) -> String {
    span(text.trim())
}

/// What [`fenced`] puts around a text.
pub(super) fn frame(language: &str, text: &str) -> String {
    let fence = fence(text);
    format!("{fence}{language}\n\n{fence}\n")
}

/// The heading of a section, why it is there, where it is from, and a `note` on how it is given.
pub(super) fn heading(about: &About, note: &str) -> String {
    format!("\n## {}\n\n{} Source: {}.{note}\n\n", about.title, about.reason, span(&about.source))
}

/// The command that prints a file of a commit, whatever its name is. Ids are whole: a tag may be called what a shorter one is.
pub(super) fn show_command(commit: &ObjectId, path: &RepoPath, blob: &ObjectId) -> String {
    match path.as_str().filter(|path| !path.chars().any(is_hidden)) {
        Some(path) => format!("git show {}", shell_word(&format!("{commit}:{path}"))),
        None => format!("git cat-file blob {blob}"),
    }
}

/// The word behind a fence for a file of that name.
pub(super) fn language_of(path: &RepoPath) -> String {
    let name = String::from_utf8_lossy(path.file_name()).into_owned();
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("md" | "markdown") => "markdown".to_owned(),
        Some(ending) if ending.len() <= 10 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            ending.to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_gets_out_of_its_fence() {
        assert_eq!(fenced("", "a\n````\nb"), "`````\na\n````\nb\n`````\n");
        assert_eq!(fenced("rs", ""), "```rs\n```\n");
        assert_eq!((span("a").as_str(), span("a`b").as_str(), span("`a").as_str()), ("`a`", "``a`b``", "`` `a ``"));
    }

    #[test]
    fn any_name_can_be_fetched() {
        let (commit, blob) = (ObjectId::from_bytes(&[0xab; 20]).unwrap(), ObjectId::from_bytes(&[0xcd; 20]).unwrap());
        let command = |path: &[u8]| show_command(&commit, &RepoPath::from_bytes(path), &blob);
        assert_eq!(command(b"src/a.rs"), format!("git show {commit}:src/a.rs"));
        assert_eq!(command(b"it's $HOME `x`.md"), format!("git show '{commit}:it'\\''s $HOME `x`.md'"));
        for odd in [&b"a\nb"[..], b"a\xff"] {
            assert_eq!(command(odd), format!("git cat-file blob {blob}"));
        }
    }

    #[test]
    fn what_nobody_sees_is_spelled() {
        assert_eq!(readable("a\r\n\tb\u{202e}c\r".as_bytes()).unwrap(), "a\n\tb\\u{202e}c\\u{d}");
        assert_eq!((readable(b"\xff"), readable(b"a\0b")), (None, None));
    }

    proptest! {
        #[test]
        fn a_fence_is_longer_than_what_it_holds(text in "[`a\n]{0,40}") {
            let fenced = fenced("x", &text);
            let fence = fenced.split('x').next().unwrap_or_default();
            prop_assert!(!text.contains(fence));
            let closed = fenced.ends_with(&format!("\n{fence}\n"));
            prop_assert!(closed);
        }

        #[test]
        fn readable_text_shows_all(text in any::<String>()) {
            if let Some(read) = readable(text.as_bytes()) {
                prop_assert!(!read.chars().any(|c| !matches!(c, '\n' | '\t') && is_hidden(c)));
            }
        }
    }
}
