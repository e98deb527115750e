//! AO-E7: trees are as git writes them, and what lies below `.agentops` is plain.

use std::collections::BTreeSet;

use super::{Case, Findings, Law, Reads, look_alikes};
use crate::model::digest::ObjectId;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::{Entry, Malformed, Mode, SightError, TreeFault, TreeView};

pub(crate) const LAW: Law = Law {
    id: LawId::E7,
    title: "trees are as git writes them",
    rule: "Every folder of M that is not the same in T is a tree as git writes it: strictly sorted, no name twice, none that is empty, \
           `.`, `..`, `.git` or holds a slash. `.agentops` is a folder, and is spelled that way alone; below it, entries are plain files (100644) or folders, names are made of a-z, 0-9, `.`, `_` \
           and `-`, and nothing lies deeper than 8 levels. No path is added that some disks take for one that `paths.governed`, `paths.readonly` or a \
           class of risk names, since they fold case or spell characters otherwise.",
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
    for Malformed { path, fault } in case.step.malformed()? {
        let message = match fault {
            TreeFault::Order => {
                "the tree that holds this is not strictly sorted, or names it twice: git's tools disagree on what is there"
            }
            TreeFault::Name => {
                "this is no name for a file or folder: git's index takes it for another path, or cannot hold it"
            }
        };
        let fix =
            "write the tree anew with git: `git read-tree HEAD && git commit --amend`, then look at what it holds";
        findings.add(Finding::new(Place::path(path.clone()), message, fix));
    }
    check_root(&next.list(&RepoPath::default())?, findings);
    look_alikes::check(case, findings)?;
    let own = match next.entry(&root)? {
        Some(entry) if entry.mode == Mode::Tree => entry.id,
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
    };
    if next.entry(&layout::FORMAT.into())?.is_none() {
        findings.add(Finding::new(
            Place::path(layout::FORMAT),
            "`format.toml` is gone: nothing could be judged from here on",
            "bring it back with `git checkout <base> -- .agentops/format.toml`",
        ));
    }
    let base = case.step.base();
    let before = match base {
        Some(base) => base.entry(&root)?.map(|entry| entry.id),
        None => None,
    };
    if before != Some(own) {
        check_below(base, next, &root, findings)?;
    }
    Ok(())
}

/// What lies beside `.agentops`: no other spelling of it.
fn check_root(entries: &[Entry], findings: &mut Findings) {
    for entry in entries.iter().filter(|entry| stands_for_root(&entry.name)) {
        findings.add(Finding::new(
            Place::path(RepoPath::from_bytes(entry.name.clone())),
            "another spelling of `.agentops` lies at the root: on some disks they are the same folder",
            "rename or remove it",
        ));
    }
}

/// Checks `folder` of `next` and every folder below it that is not in `base` just so.
///
/// Trees are compared by id, not by the files that changed: an order that git's tools stumble over changes no file.
fn check_below(
    base: Option<&dyn TreeView>,
    next: &dyn TreeView,
    folder: &RepoPath,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let entries = next.list(folder)?;
    if !check_folder(folder, &entries, findings) {
        return Ok(());
    }
    let known = match base {
        Some(base) => base.list(folder)?,
        None => Vec::new(),
    };
    let known: BTreeSet<(&[u8], ObjectId)> = known.iter().map(|entry| (entry.name.as_slice(), entry.id)).collect();
    for entry in entries.iter().filter(|entry| entry.mode == Mode::Tree) {
        if !known.contains(&(entry.name.as_slice(), entry.id)) {
            check_below(base, next, &folder.join(&entry.name), findings)?;
        }
    }
    Ok(())
}

/// Names what is wrong with one folder; `false` where nothing below it is looked at.
fn check_folder(folder: &RepoPath, entries: &[Entry], findings: &mut Findings) -> bool {
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
        return false;
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
    true
}

/// Whether an entry of this name at the root is another spelling of `.agentops`.
pub(crate) fn stands_for_root(name: &[u8]) -> bool {
    name != layout::ROOT.as_bytes() && folds_to_root(name)
}

/// Whether a disk that folds case, drops ignorable characters or trailing dots could take `name` for `.agentops`.
fn folds_to_root(name: &[u8]) -> bool {
    let folded = RepoPath::from_bytes(name).folded();
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
