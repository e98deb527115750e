//! The journal of one worktree: what a transaction is about to do to index and working tree.
//!
//! Written before the branch moves and removed when all is done. A process killed in between leaves it, and the next
//! transaction finishes the work.

use std::path::{Path, PathBuf};

use super::handover::{parse_line, print_line};
use super::{StoreError, read_whole, remove, write_whole};
use crate::faults::Write;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{Change, Mode};

/// One path of the transaction: what stood there, and what is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub path: RepoPath,
    /// In the base.
    pub before: Option<(Mode, ObjectId)>,
    /// In the new commit.
    pub after: Option<(Mode, ObjectId)>,
}

/// A transaction under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// The commit it makes.
    pub commit: ObjectId,
    /// The reference it moves.
    pub reference: String,
    /// The paths it writes.
    pub entries: Vec<Entry>,
}

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("agentops").join("journal")
}

/// Whether a journal is there: a transaction is under way, or was killed.
pub fn exists(git_dir: &Path) -> bool {
    path(git_dir).exists()
}

/// Writes the journal.
pub fn save(git_dir: &Path, journal: &Journal) -> Result<(), StoreError> {
    let mut bytes = format!("{}\n{}\n", journal.commit, journal.reference).into_bytes();
    for entry in &journal.entries {
        let change = Change { path: entry.path.clone(), before: entry.before, after: entry.after };
        print_line(&change, &mut bytes);
    }
    write_whole(&path(git_dir), &bytes, Write::Journal)
}

/// Reads the journal; `None` where there is none. One that cannot be read counts as none: the branch is the truth, and
/// `git status` shows what index and working tree lack.
pub fn load(git_dir: &Path) -> Result<Option<Journal>, StoreError> {
    Ok(read_whole(&path(git_dir))?.and_then(|bytes| parse(&bytes)))
}

/// Removes the journal.
pub fn clear(git_dir: &Path) -> Result<(), StoreError> {
    remove(&path(git_dir), Write::JournalEnd)
}

fn parse(bytes: &[u8]) -> Option<Journal> {
    let line = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'\n');
    let end = line(bytes)?;
    let commit = ObjectId::parse(std::str::from_utf8(&bytes[..end]).ok()?).ok()?;
    let rest = &bytes[end + 1..];
    let end = line(rest)?;
    let reference = std::str::from_utf8(&rest[..end]).ok()?.to_owned();
    let lines = rest[end + 1..].split_inclusive(|byte| *byte == 0);
    let entries = lines.map(|line| {
        let change = parse_line(line)?;
        Some(Entry { path: change.path, before: change.before, after: change.after })
    });
    Some(Journal { commit, reference, entries: entries.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let id = ObjectId::parse(&"cd".repeat(20)).unwrap();
        let entries = vec![Entry { path: "a b".into(), before: None, after: Some((Mode::File, id)) }];
        let journal = Journal { commit: id, reference: "refs/heads/main".into(), entries };
        save(folder.path(), &journal).unwrap();
        assert!(exists(folder.path()));
        assert_eq!(load(folder.path()).unwrap(), Some(journal));
        clear(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap(), None);
    }
}
