//! Where a cited file went: a file that came since and has its bytes, or the cited lines.

use super::ageing::{cited_lines, times_in};
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};

/// So many files are opened to look for lines, those with the file's own name first.
const OPENED: usize = 64;
/// Text with fewer letters and digits stands in many files, and tells nothing: `return Err(error);` has fourteen.
const TELLING: usize = 24;

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
    /// since, or where what was there cannot be read, or says too little. One of the same name is named first.
    pub(super) fn place_of(
        &self,
        then: &dyn TreeView,
        now: &dyn TreeView,
        path: &RepoPath,
        lines: Option<(u32, u32)>,
    ) -> Result<Option<RepoPath>, SightError> {
        let Some(before) = then.entry(path)? else { return Ok(None) };
        if self.0.is_empty() {
            return Ok(None);
        }
        let old = match then.blob(&before.id, path, MAX_TEXT_FILE) {
            Err(SightError::Missing { .. } | SightError::TooLarge { .. }) => return Ok(None),
            other => other?,
        };
        let mut alike: Vec<&Arrived> = self.0.iter().filter(|file| ending(&file.path) == ending(path)).collect();
        alike.sort_by_key(|file| file.path.file_name() != path.file_name());
        let same = alike.iter().copied().chain(&self.0).find(|file| file.id == before.id);
        if let Some(same) = same.filter(|_| tells([old.as_slice()])) {
            return Ok(Some(same.path.clone()));
        }
        let cited = lines.and_then(|lines| cited_lines(&old, lines));
        let Some(cited) = cited.filter(|cited| tells(cited.iter().copied())) else { return Ok(None) };
        let times = times_in(&old, &cited);
        for file in alike.into_iter().take(OPENED) {
            let new = match now.blob(&file.id, &file.path, MAX_TEXT_FILE) {
                Err(SightError::Missing { .. } | SightError::TooLarge { .. }) => continue,
                other => other?,
            };
            if times_in(&new, &cited) >= times {
                return Ok(Some(file.path.clone()));
            }
        }
        Ok(None)
    }
}

/// Whether a text says enough to be known again elsewhere.
fn tells<'t>(parts: impl IntoIterator<Item = &'t [u8]>) -> bool {
    let letters = |part: &[u8]| part.iter().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()).count();
    parts.into_iter().map(letters).sum::<usize>() >= TELLING
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
        then.put("a/retry.rs", "fn retry() {\n    sleep(jitter(attempt, limit, &mut random));\n}\n");
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
        let same = "fn retry() {\n    sleep(jitter(attempt, limit, &mut random));\n}\n";
        assert_eq!(found("b/again", same, None).as_deref(), Some("b/again"));
        assert_eq!(found("b/again.rs", same, Some((3, 3))).as_deref(), Some("b/again.rs"));
        let other = "//! Retries.\nfn again() {\n  sleep(jitter(attempt, limit, &mut random));\n}\n";
        assert_eq!(found("b/again.rs", other, Some((2, 2))).as_deref(), Some("b/again.rs"));
        assert_eq!(found("b/again.md", other, Some((2, 2))), None, "another kind of file");
        assert_eq!(found("b/again.rs", other, Some((1, 2))), None, "one of them changed");
        assert_eq!(found("b/again.rs", other, Some((3, 3))), None, "a brace stands anywhere");
        assert_eq!(found("b/again.rs", other, None), None, "a whole file is its bytes");
    }

    #[test]
    fn of_what_says_nothing_or_cannot_be_read_nothing_is_said() {
        let large = "x".repeat(usize::try_from(MAX_TEXT_FILE).unwrap() + 1);
        for (path, text) in [("pkg/init.py", ""), ("pkg/init.py", "import os\n"), ("data.csv", large.as_str())] {
            let (mut then, mut now) = (MemoryTree::new(), MemoryTree::new());
            then.put(path, text);
            now.put("docs/keep.py", text);
            let arrived = RepoPath::from("docs/keep.py");
            let arrived = Arrived { id: now.entry(&arrived).unwrap().unwrap().id, path: arrived };
            let place = Arrivals::new([arrived]).place_of(&then, &now, &path.into(), Some((1, 1))).unwrap();
            assert_eq!(place, None, "{path}");
        }
    }
}
