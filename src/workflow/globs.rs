//! Globs of paths, as config and profiles write them.
//!
//! A glob matches whole paths from the repository's root: `*` and `?` stay within one name, `**` crosses folders. A
//! glob that matches a folder matches everything below it. Used by laws and by classes of risk.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::model::path::RepoPath;
use crate::model::tree::SightError;

/// A compiled list of globs.
#[derive(Debug)]
pub(crate) struct Globs(GlobSet);

impl Globs {
    /// Compiles globs. A malformed one is an error, never "matches nothing".
    pub(crate) fn new<'a>(patterns: impl IntoIterator<Item = &'a String>) -> Result<Self, SightError> {
        Self::compile(patterns.into_iter().flat_map(|pattern| {
            let pattern = pattern.trim_end_matches('/');
            [pattern.to_owned(), format!("{pattern}/**")]
        }))
    }

    /// As [`new`](Self::new), of globs that mean exactly the paths they match: a folder does not stand for what is in it.
    pub(crate) fn exact<'a>(patterns: impl IntoIterator<Item = &'a String>) -> Result<Self, SightError> {
        Self::compile(patterns.into_iter().cloned())
    }

    fn compile(patterns: impl Iterator<Item = String>) -> Result<Self, SightError> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
            builder
                .add(glob.map_err(|error| SightError::Failed(format!("the glob `{pattern}` is malformed: {error}")))?);
        }
        let set = builder.build().map_err(|error| SightError::Failed(format!("the globs cannot be read: {error}")))?;
        Ok(Self(set))
    }

    /// Whether one of them matches `path`.
    pub(crate) fn matches(&self, path: &RepoPath) -> bool {
        self.0.is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_names() {
        let matches = |pattern: &str, path: &str| Globs::new([&pattern.to_owned()]).unwrap().matches(&path.into());
        assert!(matches("vendor", "vendor/a/b.c") && matches("vendor/", "vendor/a") && matches("vendor", "vendor"));
        assert!(!matches("vendor", "src/vendor/a") && !matches("vendor", "vendored/a"));
        assert!(matches("**/vendor", "src/vendor/a") && matches("*.lock", "a.lock") && !matches("*.lock", "b/a.lock"));
        assert!(Globs::new([&"a[".to_owned()]).is_err());
        let exact = Globs::exact([&"vendor/*".to_owned()]).unwrap();
        assert!(exact.matches(&"vendor/a".into()) && !exact.matches(&"vendor/a/b".into()));
        assert!(exact.matches(&RepoPath::from_bytes(b"vendor/\xff".to_vec())));
    }
}
