//! Where a cited file went: a file that came since and has its bytes, or the cited lines.

use super::ageing::{cited_lines, times_in};
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};

/// So many files are opened to look for lines, those with the file's own name first.
const OPENED: usize = 64;
/// Lines with fewer letters and digits stand in many files, and tell nothing.
const TELLING: usize = 8;

/// A file that was not there before.
pub(super) struct Arrived {
    pub(super) path: RepoPath,
    pub(super) id: ObjectId,
}

/// The files that came since some commit, sorted by path.
#[derive(Default)]
pub(super) struct Arrivals(Vec<Arrived>);

impl Arrivals {
    /// These files, in the order of their paths.
    pub(super) fn new(files: impl IntoIterator<Item = Arrived>) -> Self {
        Self(files.into_iter().collect())
    }

    /// Where the file at `path` of the tree `then`, or where lines are cited these, stand `now`; `None` where in no file that came
    /// since. One of the same name is named first.
    pub(super) fn place_of(
        &self,
        then: &dyn TreeView,
        now: &dyn TreeView,
        path: &RepoPath,
        lines: Option<(u32, u32)>,
    ) -> Result<Option<RepoPath>, SightError> {
        let Some(before) = then.entry(path)? else { return Ok(None) };
        let mut alike: Vec<&Arrived> = self.0.iter().filter(|file| ending(&file.path) == ending(path)).collect();
        alike.sort_by_key(|file| file.path.file_name() != path.file_name());
        if let Some(same) = alike.iter().copied().chain(&self.0).find(|file| file.id == before.id) {
            return Ok(Some(same.path.clone()));
        }
        let Some(lines) = lines.filter(|_| !alike.is_empty()) else { return Ok(None) };
        let old = then.blob(&before.id, path, MAX_TEXT_FILE)?;
        let letters =
            |line: &&[u8]| line.iter().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()).count();
        let cited = cited_lines(&old, lines).filter(|cited| cited.iter().map(letters).sum::<usize>() >= TELLING);
        let Some(cited) = cited else { return Ok(None) };
        for file in alike.into_iter().take(OPENED) {
            let new = match now.blob(&file.id, &file.path, MAX_TEXT_FILE) {
                Err(SightError::Missing { .. } | SightError::TooLarge { .. }) => continue,
                other => other?,
            };
            if times_in(&new, &cited) >= times_in(&old, &cited) {
                return Ok(Some(file.path.clone()));
            }
        }
        Ok(None)
    }
}

/// What follows the last dot of a file's name; nothing where there is none.
fn ending(path: &RepoPath) -> Option<&[u8]> {
    let mut parts = path.file_name().rsplitn(2, |byte| *byte == b'.');
    let last = parts.next();
    parts.next().and(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tree::MemoryTree;

    #[test]
    fn a_file_is_found_by_its_bytes_and_lines_by_themselves() {
        let mut then = MemoryTree::new();
        then.put("a/retry.rs", "fn retry() {\n    sleep(jitter(1));\n}\n");
        let found = |path: &str, text: &str, lines| {
            let mut now = MemoryTree::new();
            now.put("0/other.rs", "fn other() {\n}\n");
            now.put(path, text);
            let arrived = ["0/other.rs", path].map(|path| {
                let path = RepoPath::from(path);
                Arrived { id: now.entry(&path).unwrap().unwrap().id, path }
            });
            Arrivals::new(arrived)
                .place_of(&then, &now, &"a/retry.rs".into(), lines)
                .unwrap()
                .map(|path| path.to_string())
        };
        let same = "fn retry() {\n    sleep(jitter(1));\n}\n";
        assert_eq!(found("b/again", same, None).as_deref(), Some("b/again"));
        assert_eq!(found("b/again.rs", same, Some((3, 3))).as_deref(), Some("b/again.rs"));
        let other = "//! Retries.\nfn again() {\n  sleep(jitter(1));\n}\n";
        assert_eq!(found("b/again.rs", other, Some((2, 2))).as_deref(), Some("b/again.rs"));
        assert_eq!(found("b/again.md", other, Some((2, 2))), None, "another kind of file");
        assert_eq!(found("b/again.rs", other, Some((1, 2))), None, "one of them changed");
        assert_eq!(found("b/again.rs", other, Some((3, 3))), None, "a brace stands anywhere");
        assert_eq!(found("b/again.rs", other, None), None, "a whole file is its bytes");
    }
}
