//! The contexts that were given to agents in this clone: their texts, and what they are made again from.
//!
//! One file each, named after the digest of the text, in the folder that all worktrees share. Bounded in number and bytes: the
//! oldest go first. All of it may be deleted at any time; then a context is made again from what events say.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{StoreError, read_whole, remove, write_soon};
use crate::faults::Write;
use crate::model::digest::Digest;
use crate::model::given_context::GivenContext;
use crate::model::name::TaskId;

/// The first line of each file.
const MAGIC: &str = "agentops context, form 1";
/// So many files are kept.
const MOST: usize = 64;
/// So many bytes are kept, all files together.
const ROOM: u64 = 16 * 1024 * 1024;
/// The first two lines of a file are shorter than this.
const HEAD: u64 = 512;

/// A context that was given in this clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The task it was for.
    pub task: TaskId,
    /// What it is made again from.
    pub given: GivenContext,
}

fn folder(common_dir: &Path) -> PathBuf {
    common_dir.join("agentops").join("contexts")
}

/// Keeps a context with its text, as the newest one.
pub fn save(common_dir: &Path, kept: &Kept, text: &[u8]) -> Result<(), StoreError> {
    let mut bytes = format!("{MAGIC}\n{} {}\n", kept.task, kept.given).into_bytes();
    bytes.extend_from_slice(text);
    write_soon(&folder(common_dir).join(kept.given.digest.hex()), &bytes)?;
    let mut room = ROOM;
    for (at, (path, size)) in files(common_dir).into_iter().rev().enumerate() {
        room = room.saturating_sub(size);
        if at >= MOST || room == 0 {
            remove(&path, Write::Handover)?;
        }
    }
    Ok(())
}

/// The contexts that are kept, the oldest first. What is damaged counts as absent.
pub fn list(common_dir: &Path) -> Vec<Kept> {
    files(common_dir).into_iter().filter_map(|(path, _)| head(&path)).collect()
}

/// The text with this digest; `None` where it is not kept, or not whole.
pub fn text(common_dir: &Path, digest: &Digest) -> Option<Vec<u8>> {
    let bytes = read_whole(&folder(common_dir).join(digest.hex())).ok()??;
    let text = bytes.splitn(3, |byte| *byte == b'\n').nth(2)?;
    (Digest::of(text) == *digest).then(|| text.to_vec())
}

/// All files of the folder with their sizes, the oldest first; those that a killed process left half-written, too.
fn files(common_dir: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(folder(common_dir)).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((about.modified().ok()?, entry.path(), about.len()))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, path, size)| (path, size)).collect()
}

/// What the beginning of a file says, where it is the file of that context.
fn head(path: &Path) -> Option<Kept> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(HEAD).read_to_end(&mut bytes).ok()?;
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut line = || std::str::from_utf8(lines.next()?).ok();
    if line()? != MAGIC {
        return None;
    }
    let (task, given) = line()?.split_once(' ')?;
    let kept = Kept { task: TaskId::parse(task).ok()?, given: GivenContext::parse(given)? };
    (path.file_name()?.to_str()? == kept.given.digest.hex()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::ObjectId;

    fn kept(text: &str) -> Kept {
        let commit = ObjectId::from_bytes(&[7; 20]).unwrap();
        let given = GivenContext { digest: Digest::of(text.as_bytes()), commit, budget: 15_000, recipe: 1 };
        Kept { task: TaskId::parse("auth-k3f9").unwrap(), given }
    }

    #[test]
    fn what_was_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let one = kept("one\n");
        assert!(list(folder.path()).is_empty() && text(folder.path(), &one.given.digest).is_none());
        save(folder.path(), &one, b"one\n").unwrap();
        save(folder.path(), &one, b"one\n").unwrap();
        assert_eq!(list(folder.path()), std::slice::from_ref(&one));
        assert_eq!(text(folder.path(), &one.given.digest), Some(b"one\n".to_vec()));
    }

    #[test]
    fn the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MOST + 3 {
            let text = format!("{number}\n");
            save(folder.path(), &kept(&text), text.as_bytes()).unwrap();
        }
        assert_eq!(list(folder.path()).len(), MOST);
        assert!(text(folder.path(), &kept(&format!("{}\n", MOST + 2)).given.digest).is_some());
        let large = "x".repeat(ROOM as usize);
        save(folder.path(), &kept(&large), large.as_bytes()).unwrap();
        assert!(list(folder.path()).is_empty(), "it is larger than all may be together");
    }

    #[test]
    fn whatever_was_changed_counts_as_absent() {
        let common = tempfile::tempdir().unwrap();
        let one = kept("one\n");
        save(common.path(), &one, b"one\n").unwrap();
        let path = folder(common.path()).join(one.given.digest.hex());
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            let text = text(common.path(), &one.given.digest);
            assert!(text.is_none_or(|text| text == b"one\n"), "byte {at}");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(super::text(common.path(), &one.given.digest).is_none(), "{at} bytes");
        }
    }
}
