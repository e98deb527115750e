//! The hand-over from the `pre-commit` hook to `commit-msg`: which paths the commit changes, where they passed.
//!
//! Reading them costs a comparison of index and HEAD, the most expensive thing a hook does in a large repository; so
//! the first hook keeps the answer, sealed with what it was computed from. Whoever finds another seal computes anew.

use std::path::{Path, PathBuf};

use super::{StoreError, read_whole, write_again};
use crate::model::digest::{Digest, ObjectId};
use crate::model::path::RepoPath;
use crate::model::tree::{Change, Mode};

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("agentops").join("staged")
}

/// Keeps `changes` under `seal`, any text that names the index and HEAD they were computed from.
pub fn save(git_dir: &Path, seal: &str, changes: &[Change]) -> Result<(), StoreError> {
    let mut body = Vec::new();
    for change in changes {
        print_line(change, &mut body);
    }
    let mut bytes = format!("{seal}\n{}\n", Digest::of(&body)).into_bytes();
    bytes.extend_from_slice(&body);
    write_again(&path(git_dir), &bytes)
}

/// The changes kept under exactly `seal`; `None` for anything else, a damaged file included.
pub fn load(git_dir: &Path, seal: &str) -> Option<Vec<Change>> {
    let bytes = read_whole(&path(git_dir)).ok()??;
    let rest = bytes.strip_prefix(seal.as_bytes())?.strip_prefix(b"\n")?;
    let (digest, body) = rest.split_at_checked(65)?;
    if digest != format!("{}\n", Digest::of(body)).as_bytes() {
        return None;
    }
    body.split_inclusive(|byte| *byte == 0).map(parse_line).collect()
}

/// Appends one change, ended by NUL.
pub(super) fn print_line(change: &Change, out: &mut Vec<u8>) {
    let side = |side: &Side| side.map_or("-".to_owned(), |(mode, id)| format!("{:o} {id}", mode.bits()));
    out.extend_from_slice(format!("{} {} ", side(&change.before), side(&change.after)).as_bytes());
    out.extend_from_slice(change.path.as_bytes());
    out.push(0);
}

/// Reads what [`print_line`] wrote.
pub(super) fn parse_line(line: &[u8]) -> Option<Change> {
    let (before, rest) = parse_side(line.strip_suffix(b"\0")?)?;
    let (after, path) = parse_side(rest)?;
    Some(Change { path: RepoPath::from_bytes(path), before, after })
}

type Side = Option<(Mode, ObjectId)>;

fn parse_side(text: &[u8]) -> Option<(Side, &[u8])> {
    let word = |text: &[u8]| -> Option<usize> { text.iter().position(|byte| *byte == b' ') };
    if let Some(rest) = text.strip_prefix(b"- ") {
        return Some((None, rest));
    }
    let end = word(text)?;
    let mode = u32::from_str_radix(std::str::from_utf8(&text[..end]).ok()?, 8).ok()?;
    let rest = &text[end + 1..];
    let end = word(rest)?;
    let id = ObjectId::parse(std::str::from_utf8(&rest[..end]).ok()?).ok()?;
    Some((Some((Mode::from_bits(mode), id)), &rest[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_seal_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let id = ObjectId::parse(&"ab".repeat(20)).unwrap();
        let changes = vec![
            Change { path: RepoPath::from_bytes(*b"a b\n\xff"), before: None, after: Some((Mode::Executable, id)) },
            Change { path: "gone".into(), before: Some((Mode::Gitlink, id)), after: None },
        ];
        save(folder.path(), "seal one", &changes).unwrap();
        assert_eq!(load(folder.path(), "seal one"), Some(changes));
        assert_eq!(load(folder.path(), "seal two"), None);
        let file = path(folder.path());
        let mut bytes = std::fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() = b'x';
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(load(folder.path(), "seal one"), None);
    }
}
