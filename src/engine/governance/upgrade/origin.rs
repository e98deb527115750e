//! Which built-in version a profile was made from, told from its own files.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::merging::Files;
use super::text;
use crate::config::{self, PolicyError, builtin};
use crate::model::layout::{self, Place};
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;

/// Where a profile comes from.
pub(super) struct Origin {
    /// What it says itself.
    pub(super) stated: u32,
    /// The built-in version that it was.
    pub(super) base: (u32, Files),
    /// What is built in now.
    pub(super) newest: (u32, Files),
}

/// Where the profile `name` comes from; `None` for one of the team's own: no file of it is as any version had it.
pub(super) fn of(name: &ProfileName, ours: &Files) -> Result<Option<Origin>, PolicyError> {
    let file = layout::profile_file(name);
    let Some(newest) = builtin::version(name) else { return Ok(None) };
    let governed = |version| -> Option<(u32, Files)> {
        let files = builtin::files_of(name, version)?.into_iter();
        Some((version, files.filter(|(path, _)| Place::of(path).is_some_and(|place| place.is_governed())).collect()))
    };
    let known: Vec<(u32, Files)> = (1..=newest).filter_map(governed).collect();
    let same = |files: &Files| files.iter().any(|(path, bytes)| ours.get(path) == Some(bytes));
    let Some(last) = known.last().filter(|_| known.iter().any(|(_, files)| same(files))) else { return Ok(None) };
    let stated = config::number(file.clone(), &text(ours.get(&file)), "version")?;
    let said = known.iter().find(|(version, _)| *version == stated);
    let near = || known.iter().min_by_key(|(version, files)| (distance(ours, files), Reverse(*version)));
    let base = said.or_else(near).unwrap_or(last).clone();
    Ok(Some(Origin { stated, base, newest: last.clone() }))
}

/// How many lines the one has and the other has not, wherever they stand.
fn distance(one: &Files, other: &Files) -> usize {
    let mut lines: BTreeMap<(&RepoPath, &[u8]), i64> = BTreeMap::new();
    for (files, step) in [(one, 1), (other, -1)] {
        for (path, bytes) in files {
            bytes.split(|byte| *byte == b'\n').for_each(|line| *lines.entry((path, line)).or_default() += step);
        }
    }
    lines.values().map(|count| count.unsigned_abs() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in(version: u32) -> (ProfileName, Files) {
        let name = ProfileName::parse("sre").unwrap();
        let files = builtin::files_of(&name, version).unwrap().into_iter().collect();
        (name, files)
    }

    fn stating(files: &Files, version: u32) -> Files {
        let (mut files, path) = (files.clone(), RepoPath::from(".agentops/sre/profile.toml"));
        let changed = config::set_number(path.clone(), &text(files.get(&path)), "version", version).unwrap();
        files.insert(path, changed.into_bytes());
        files
    }

    #[test]
    fn the_version_says_where_a_profile_comes_from() {
        for version in 1..=2 {
            let (name, files) = built_in(version);
            let origin = of(&name, &files).unwrap().unwrap();
            assert_eq!((origin.stated, origin.base.0), (version, version));
        }
    }

    #[test]
    fn a_number_of_the_teams_own_is_told_by_the_nearest_files() {
        for version in 1..=2 {
            let (name, files) = built_in(version);
            let origin = of(&name, &stating(&files, 77)).unwrap().unwrap();
            assert_eq!((origin.stated, origin.base.0), (77, version));
        }
    }

    #[test]
    fn a_profile_without_any_of_our_files_is_the_teams_own() {
        let (name, files) = built_in(1);
        let own = files.into_iter().map(|(path, bytes)| (path, [&bytes[..], b"# ours\n"].concat())).collect();
        assert!(of(&name, &own).unwrap().is_none());
        let (_, files) = built_in(1);
        assert!(of(&ProfileName::parse("mine").unwrap(), &files).unwrap().is_none());
    }
}
