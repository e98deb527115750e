//! Globs of paths, as config and profiles write them.
//!
//! A glob matches whole paths from the repository's root: `*` and `?` stay within one name, `**` crosses folders. A
//! glob that matches a folder matches everything below it. A symbolic link or a submodule at the folder with which a glob
//! begins, or above it, could stand for whatever the glob names below. Used by laws and by classes of risk.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::model::path::RepoPath;
use crate::model::tree::{Change, SightError};

/// A compiled list of globs.
#[derive(Debug)]
pub(crate) struct Globs {
    set: GlobSet,
    /// The folder with which each of them begins, up to its first wildcard.
    beginnings: Vec<String>,
}

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
        let mut beginnings = Vec::new();
        for pattern in patterns {
            beginnings.push(beginning_of(&pattern));
            let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
            builder
                .add(glob.map_err(|error| SightError::Failed(format!("the glob `{pattern}` is malformed: {error}")))?);
        }
        let set = builder.build().map_err(|error| SightError::Failed(format!("the globs cannot be read: {error}")))?;
        Ok(Self { set, beginnings })
    }

    /// Whether one of them matches `path`.
    pub(crate) fn matches(&self, path: &RepoPath) -> bool {
        self.set.is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
    }

    /// Whether a link at `path` could stand for what one of them matches: it is the folder with which a glob begins, or lies
    /// above it. A file there leads nowhere.
    pub(crate) fn leads_to(&self, path: &RepoPath) -> bool {
        self.beginnings.iter().any(|beginning| is_on_the_way(path, beginning))
    }

    /// Whether one of them matches the path of `change`, or a link that comes, changes or goes there leads to what it matches.
    pub(crate) fn touches(&self, change: &Change) -> bool {
        let mut sides = change.before.iter().chain(&change.after);
        self.matches(&change.path) || sides.any(|(mode, _)| mode.is_link()) && self.leads_to(&change.path)
    }
}

/// The longest path at the start of a glob that holds no wildcard. A glob without any wildcard is that path itself.
pub(super) fn beginning_of(pattern: &str) -> String {
    let wild = |name: &str| name.contains(['*', '?', '[', '{', '\\']);
    let names: Vec<&str> = pattern.split('/').collect();
    let literal = names.iter().take_while(|name| !wild(name)).count();
    names[..literal].join("/")
}

/// Whether `path` is `beginning` or lies above it.
pub(super) fn is_on_the_way(path: &RepoPath, beginning: &str) -> bool {
    let rest = beginning.as_bytes().strip_prefix(path.as_bytes());
    !path.as_bytes().is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
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

    #[test]
    fn links_lead_to_what_lies_below_the_beginning_of_a_glob() {
        let leads = |pattern: &str, path: &str| Globs::new([&pattern.to_owned()]).unwrap().leads_to(&path.into());
        for path in ["app", "app/billing"] {
            assert!(leads("app/billing/**", path) && leads("app/billing/*.rs", path) && leads("app/billing/", path));
        }
        assert!(leads("app/rates.txt", "app") && leads("app/*/rates", "app"));
        assert!(!leads("app/*/rates", "app/x") && !leads("app/billing/**", "app/bill") && !leads("**/OWNERS", "app"));
        assert!(!leads("**/OWNERS", "") && !leads("app/billing/**", "app/billing/x"));
    }
}
