//! Commits as they were read, for the next run of the `commit-msg` hook: it compares a message with those of the fifty commits
//! before it, and git keeps each of these in a file of its own until it packs them.
//!
//! What is kept follows from ids, so it never goes stale, and whoever reads it holds it against them: what somebody else wrote
//! there is not believed. What is damaged or lost is read anew.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{StoreError, read_whole, write_again};
use crate::faults::{Write, reach};
use crate::git::KnownCommits;
use crate::model::digest::ObjectId;

/// Bytes of a commit that is kept, at most.
const LONGEST: usize = 4 * 1024;
/// Bytes of the file, at most: beyond it the file begins anew. Fifty commits fit in any case.
const MOST: usize = 256 * 1024;
/// Bytes before the id: how long id and commit are together, their checksum, and how long the id is.
const HEAD: usize = 9;

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("agentops").join("past-commits")
}

/// What is kept, up to the first damage.
pub fn load(git_dir: &Path) -> KnownCommits {
    let path = path(git_dir);
    let fits = path.symlink_metadata().is_ok_and(|about| about.is_file() && about.len() <= MOST as u64);
    let mut known = KnownCommits {
        bytes: Some(path).filter(|_| fits).and_then(|path| read_whole(&path).ok()?).unwrap_or_default(),
        ..KnownCommits::default()
    };
    let mut at = 0;
    while let Some((id, end)) = entry(&known.bytes[at..]) {
        let start = at + HEAD + id.as_bytes().len();
        at += end;
        known.places.insert(id, start..at);
    }
    known.bytes.truncate(at);
    known
}

/// Adds commits with their bytes to the file, which held `whole` bytes without damage when it was loaded.
pub fn add(git_dir: &Path, whole: usize, read: &[(ObjectId, Box<[u8]>)]) -> Result<(), StoreError> {
    let mut bytes = Vec::new();
    for (id, commit) in read.iter().filter(|(_, commit)| commit.len() <= LONGEST) {
        print(id, commit, &mut bytes);
    }
    if bytes.is_empty() {
        return Ok(());
    }
    let path = path(git_dir);
    let is_whole = path.metadata().is_ok_and(|about| about.len() == whole as u64);
    if !is_whole || whole + bytes.len() > MOST {
        bytes.truncate(MOST);
        return write_again(&path, &bytes);
    }
    let append = || -> std::io::Result<()> {
        reach(Write::Handover)?;
        // One write: what a killed process leaves of it does not fit its checksum.
        OpenOptions::new().append(true).open(&path)?.write_all(&bytes)
    };
    append().map_err(|source| StoreError::new("write", &path, source))
}

fn print(id: &ObjectId, commit: &[u8], out: &mut Vec<u8>) {
    let id = id.as_bytes();
    let length = id.len() + commit.len();
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    let checksum_at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.push(u8::try_from(id.len()).unwrap_or_default());
    out.extend_from_slice(id);
    out.extend_from_slice(commit);
    let checksum = crc32fast::hash(&out[checksum_at + 5..]);
    out[checksum_at..checksum_at + 4].copy_from_slice(&checksum.to_le_bytes());
}

/// The id of the first commit in `bytes`, and where what is kept of it ends.
fn entry(bytes: &[u8]) -> Option<(ObjectId, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let (id_length, rest) = rest.split_first()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let body = rest.get(..length)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return None;
    }
    Some((ObjectId::from_bytes(body.get(..usize::from(*id_length))?)?, HEAD + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: usize, length: usize) -> (ObjectId, Box<[u8]>) {
        let id = ObjectId::parse(&format!("{number:040x}")).unwrap();
        (id, format!("{number}").repeat(length).into_bytes().into())
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("agentops")).unwrap();
        folder
    }

    #[test]
    fn round_trip() {
        let folder = folder();
        let sha256 = (ObjectId::parse(&"ab".repeat(32)).unwrap(), Box::from(*b"tree"));
        let commits = [commit(1, 300), sha256, commit(2, 1)];
        assert!(load(folder.path()).places.is_empty());
        add(folder.path(), 0, &commits[..2]).unwrap();
        let known = load(folder.path());
        assert_eq!((known.get(&commits[1].0), known.get(&commits[2].0)), (Some(&b"tree"[..]), None));
        add(folder.path(), known.bytes.len(), &commits[2..]).unwrap();
        let known = load(folder.path());
        for (id, bytes) in &commits {
            assert_eq!(known.get(id), Some(&**bytes));
        }
    }

    #[test]
    fn damage_ends_it_and_is_written_over() {
        let folder = folder();
        add(folder.path(), 0, &[commit(1, 20), commit(2, 20)]).unwrap();
        let whole = std::fs::read(path(folder.path())).unwrap();
        let first = whole.len() / 2;
        for at in first..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(path(folder.path()), &bytes).unwrap();
            let known = load(folder.path());
            assert_eq!((known.places.len(), known.bytes.len()), (1, first), "{at}");
            std::fs::write(path(folder.path()), &whole[..at]).unwrap();
            assert_eq!(load(folder.path()).places.len(), 1, "{at}");
        }
        let known = load(folder.path());
        add(folder.path(), known.bytes.len(), &[commit(3, 20)]).unwrap();
        assert!(load(folder.path()).get(&commit(3, 0).0).is_some());
    }

    #[test]
    fn it_stays_small() {
        let folder = folder();
        let own = |number: usize| [commit(number, LONGEST / 3), commit(1000 + number, LONGEST)];
        for number in 100..400 {
            let known = load(folder.path());
            add(folder.path(), known.bytes.len(), &own(number)).unwrap();
            assert!(path(folder.path()).metadata().unwrap().len() <= MOST as u64);
            let known = load(folder.path());
            assert!(known.get(&commit(number, 0).0).is_some() && known.get(&commit(1000 + number, 0).0).is_none());
        }
    }
}
