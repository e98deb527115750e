//! Paths inside a repository: bytes, `/` between names, never absolute.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

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
        let mut bytes = self.0.clone();
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// The last name.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit_str("/").next().unwrap_or_default()
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
    fn escapes_are_not_ordinary() {
        for path in ["", "/a", "a//b", "../a", "a/./b", "a/.GIT/config", "a\\b", "a\0"] {
            assert!(!RepoPath::from(path).is_ordinary(), "{path:?}");
        }
        assert!(RepoPath::from("src/main.rs").is_ordinary());
    }
}
