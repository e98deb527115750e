//! Paths inside a repository: bytes, `/` between names, never absolute.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};
use unicode_normalization::UnicodeNormalization as _;

use super::escape;

/// A path from the root of a tree. Git allows any bytes, so UTF-8 is not promised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepoPath(BString);

impl RepoPath {
    /// Takes bytes as git wrote them.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(BString::from(bytes.into()))
    }

    /// The path as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text where it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        self.0.to_str().ok()
    }

    /// The path as a byte string.
    pub fn as_bstr(&self) -> &BStr {
        self.0.as_bstr()
    }

    /// Whether it lies below the folder `folder` (not the folder itself).
    pub fn is_below(&self, folder: &str) -> bool {
        self.0.strip_prefix(folder.as_bytes()).is_some_and(|rest| rest.len() > 1 && rest[0] == b'/')
    }

    /// This path with one more name at its end; at the root, the name alone.
    pub fn join(&self, name: &[u8]) -> Self {
        // Room for all of it at once: a clone that grows takes twice as much, and trees have many paths.
        let mut bytes = BString::new(Vec::with_capacity(self.0.len() + 1 + name.len()));
        if !self.0.is_empty() {
            bytes.extend_from_slice(&self.0);
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// The last name.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit_str("/").next().unwrap_or_default()
    }

    /// As a disk may see it that folds case, composes characters and drops what is invisible, and dots and spaces at the end of
    /// a name: paths that are the same so may be one file there. Folds rather more than any one disk does.
    pub fn folded(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let names: Vec<String> =
            text.split('/').map(|name| folded(name).trim_end_matches(['.', ' ']).to_owned()).collect();
        names.join("/")
    }

    /// Whether it is a relative path of ordinary names: no empty name, `.`, `..`, backslash, NUL, nor `.git` in any case.
    pub fn is_ordinary(&self) -> bool {
        !self.0.is_empty()
            && self.0.split_str("/").all(|name| {
                !name.is_empty()
                    && name != b"."
                    && name != b".."
                    && !name.eq_ignore_ascii_case(b".git")
                    && !name.contains(&b'\\')
                    && !name.contains(&0)
            })
    }
}

/// As [`RepoPath::folded`], of any text: nothing is taken from its end.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().filter(|c| !escape::is_hidden(*c)).map(|c| c.to_ascii_lowercase()).collect();
    }
    // In upper case first: the long s lowers to itself, and is an `S` there.
    let visible = text.nfd().filter(|c| !escape::is_hidden(*c));
    visible.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

impl From<&str> for RepoPath {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for RepoPath {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// Escaped: safe to print.
impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape::visible_bytes(&self.0))
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_means_below() {
        assert!(RepoPath::from(".agentops/x").is_below(".agentops"));
        assert!(!RepoPath::from(".agentops").is_below(".agentops"));
        assert!(!RepoPath::from(".agentopsx/y").is_below(".agentops"));
    }

    #[test]
    fn spellings_that_are_one_file_on_some_disk() {
        for other in [
            "Docs/Gr\u{fc}\u{df}e.md",
            "docs/GRU\u{308}SSE.md",
            "docs./gr\u{fc}\u{17f}se.md ",
            "do\u{200b}cs/gr\u{fc}sse.md",
        ] {
            assert_eq!(RepoPath::from(other).folded(), "docs/gr\u{fc}sse.md", "{other:?}");
        }
        assert_eq!(RepoPath::from("a/B.C").folded(), "a/b.c");
        assert_ne!(RepoPath::from("docs/grusse.md").folded(), RepoPath::from("docs/gr\u{fc}sse.md").folded());
    }

    #[test]
    fn escapes_are_not_ordinary() {
        for path in ["", "/a", "a//b", "../a", "a/./b", "a/.GIT/config", "a\\b", "a\0"] {
            assert!(!RepoPath::from(path).is_ordinary(), "{path:?}");
        }
        assert!(RepoPath::from("src/main.rs").is_ordinary());
    }
}
