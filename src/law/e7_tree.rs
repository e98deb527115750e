//! AO-E7: what lies below `.agentops` is a plain tree.

use std::collections::BTreeSet;

use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::{Entry, Mode, SightError};

pub(crate) const LAW: Law = Law {
    id: LawId::E7,
    title: "`.agentops` is a plain tree",
    rule: "`.agentops` is there, is a folder, and is spelled that way alone. Below it trees are strictly sorted without duplicates, entries \
           are plain files (100644) or folders, names are made of a-z, 0-9, `.`, `_` and `-`, and nothing lies deeper than 8 levels.",
    passes: "`.agentops/product-dev/specs/2026-11-21-auth-k3f9/spec.md`, mode 100644.",
    fails: "A symbolic link, an executable file, `.AgentOps`, `Spec.md`, or no `.agentops` at all below a governed commit: \
            `git checkout BASE -- .agentops` brings it back; a branch from before adoption is rebased.",
    reads: Reads::Trees,
    check,
};

/// Folders below `.agentops`, counted from it.
const MAX_LEVELS: usize = 8;

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let next = case.step.next();
    let root = RepoPath::from(layout::ROOT);
    for entry in next.list(&RepoPath::default())? {
        if entry.name != layout::ROOT.as_bytes() && folds_to_root(&entry.name) {
            findings.add(Finding::new(
                Place::path(RepoPath::from_bytes(entry.name)),
                "another spelling of `.agentops` lies at the root: on some disks they are the same folder",
                "rename or remove it",
            ));
        }
    }
    match next.entry(&root)? {
        Some(entry) if entry.mode == Mode::Tree => {}
        Some(entry) => {
            findings.add(Finding::new(
                Place::path(root),
                format!("`.agentops` has mode {:o}; it must be a folder", entry.mode.bits()),
                "put the folder back: `git checkout <base> -- .agentops`",
            ));
            return Ok(());
        }
        None => {
            findings.add(Finding::new(
                Place::path(root),
                "`.agentops` is gone, though what came before is governed",
                "bring it back with `git checkout <base> -- .agentops`; a branch from before adoption: rebase it onto the base",
            ));
            return Ok(());
        }
    }
    if next.entry(&layout::FORMAT.into())?.is_none() {
        findings.add(Finding::new(
            Place::path(layout::FORMAT),
            "`format.toml` is gone: nothing could be judged from here on",
            "bring it back with `git checkout <base> -- .agentops/format.toml`",
        ));
    }
    let mut folders: BTreeSet<RepoPath> = BTreeSet::new();
    for change in case.step.changes()? {
        if change.after.is_some() && change.path.is_below(layout::ROOT) {
            folders.extend(folders_of(&change.path));
        }
    }
    for folder in folders {
        check_folder(&folder, &next.list(&folder)?, findings);
    }
    Ok(())
}

/// `.agentops` and every folder below it on the way to `path`.
fn folders_of(path: &RepoPath) -> Vec<RepoPath> {
    let bytes = path.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
    ends.map(|end| RepoPath::from_bytes(&bytes[..end])).collect()
}

fn check_folder(folder: &RepoPath, entries: &[Entry], findings: &mut Findings) {
    let mut add = |name: &[u8], message: String| {
        findings.add(Finding::new(
            Place::path(folder.join(name)),
            message,
            "remove it, or store it under a plain name as a plain file",
        ));
    };
    let levels = folder.as_bytes().iter().filter(|byte| **byte == b'/').count();
    if levels > MAX_LEVELS {
        add(b"", format!("lies deeper than {MAX_LEVELS} levels below `.agentops`"));
        return;
    }
    for pair in entries.windows(2) {
        if sort_key(&pair[0]) >= sort_key(&pair[1]) || pair[0].name == pair[1].name {
            add(
                &pair[1].name,
                "the tree is not strictly sorted, or names this twice: git's tools disagree on what it holds".into(),
            );
        }
    }
    for entry in entries {
        if !matches!(entry.mode, Mode::Tree | Mode::File) {
            add(
                &entry.name,
                format!("mode {:o}: only folders and plain files (100644) may lie here", entry.mode.bits()),
            );
        }
        let plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if entry.name.is_empty() || !entry.name.iter().all(plain) || entry.name == b"." || entry.name == b".." {
            add(&entry.name, "names here are made of a-z, 0-9, `.`, `_` and `-`".into());
        } else if entry.name == b".gitattributes" && folder.as_bytes() != layout::ROOT.as_bytes() {
            add(&entry.name, "attributes below `.agentops` are set in one file, at its top".into());
        }
    }
}

/// Git sorts a folder as if its name ended in `/`.
fn sort_key(entry: &Entry) -> Vec<u8> {
    let mut key = entry.name.clone();
    if entry.mode == Mode::Tree {
        key.push(b'/');
    }
    key
}

/// Whether a disk that folds case, drops ignorable characters or trailing dots could take `name` for `.agentops`.
fn folds_to_root(name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(name);
    let folded: String =
        text.chars().filter(|c| !crate::model::escape::is_hidden(*c)).flat_map(char::to_lowercase).collect::<String>();
    // U+017F and U+212A lower to themselves but fold to `s` and `k`.
    let folded = folded.replace('\u{17f}', "s");
    let folded = folded.trim_end_matches(['.', ' ']);
    folded == layout::ROOT || folded.starts_with("agento~") || folded.starts_with(".agentops:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_are_seen() {
        for name in [
            ".AgentOps",
            ".agentops.",
            ".agentops ",
            ".agent\u{200b}ops",
            "AGENTO~1",
            ".agentop\u{17f}",
            ".agentops::$INDEX",
        ] {
            assert!(folds_to_root(name.as_bytes()), "{name:?}");
        }
        assert!(!folds_to_root(b"agentops"));
        assert!(!folds_to_root(b".agent"));
    }
}
