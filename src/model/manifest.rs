//! The manifest of a task: the exact content of every path it touched outside `.agentops`.
//!
//! One line `mode sha256 path` a path, sorted by path, each ended by a line feed; a deleted path has mode `0` and 64
//! zeros. One value has one spelling, so that an event's digest over the file is a fact about the content. Written
//! by `phase next`, read by phase checks and at landing.

use super::digest::Digest;
use super::layout;
use super::path::RepoPath;
use super::tree::{Mode, SightError, TreeView};

/// Files that manifests list are read whole up to this size in bytes.
pub const MAX_LISTED_FILE: u64 = 32 * 1024 * 1024;
const DELETED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why bytes or lines are not a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ManifestError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// One path of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestLine {
    /// Where.
    pub path: RepoPath,
    /// Its mode, and the digest of its bytes: a file's content, a symbolic link's target, the hex digits of a
    /// gitlink's commit. `None` where nothing is there.
    pub content: Option<(Mode, Digest)>,
}

impl ManifestLine {
    /// What `tree` holds at `path`. A folder there means that the file is gone.
    pub fn of(tree: &dyn TreeView, path: &RepoPath) -> Result<Self, SightError> {
        let content = match tree.entry(path)? {
            None => None,
            Some(entry) => match entry.mode {
                Mode::Tree => None,
                Mode::Gitlink => Some((entry.mode, Digest::of(entry.id.to_string().as_bytes()))),
                mode => Some((mode, Digest::of(&tree.blob(&entry.id, path, MAX_LISTED_FILE)?))),
            },
        };
        Ok(Self { path: path.clone(), content })
    }
}

/// The lines of a manifest, sorted by path. Only [`new`](Self::new) and [`parse`](Self::parse) make one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    lines: Vec<ManifestLine>,
}

impl Manifest {
    /// A manifest of these lines in any order. Refuses paths that occur twice, hold a line feed, are not ordinary or
    /// lie below `.agentops`, and modes that git does not write. The error's line is the position in sorted order.
    pub fn new(mut lines: Vec<ManifestLine>) -> Result<Self, ManifestError> {
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        for (index, line) in lines.iter().enumerate() {
            let fail = |message: String| Err(ManifestError { line: index + 1, message });
            let path = &line.path;
            if index > 0 && lines[index - 1].path == *path {
                return fail(format!("`{path}` is listed twice"));
            }
            if path.as_bytes().contains(&b'\n') {
                return fail(format!("`{path}` holds a line feed, which a manifest cannot spell: rename the file"));
            }
            if !path.is_ordinary() {
                return fail(format!("`{path}` is not a plain path from the repository's root"));
            }
            if path.is_below(layout::ROOT) || path.as_bytes() == layout::ROOT.as_bytes() {
                return fail(format!("`{path}` is state of agentops: a manifest lists what lies outside `.agentops`"));
            }
            if let Some((mode @ (Mode::Tree | Mode::Odd(_)), _)) = line.content {
                return fail(format!("`{path}` has mode {:o}, which no manifest lists", mode.bits()));
            }
        }
        Ok(Self { lines })
    }

    /// Reads a manifest; succeeds only if [`print`](Self::print) gives the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let mut lines: Vec<ManifestLine> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let line = lines.len() + 1;
            let fail = |message: &str| ManifestError { line, message: message.to_owned() };
            let end = rest
                .iter()
                .position(|byte| *byte == b'\n')
                .ok_or_else(|| fail("the last line is not ended by a line feed"))?;
            let read = read_line(&rest[..end])
                .ok_or_else(|| fail("expected `mode sha256 path`, such as `100644 <64 hex digits> src/main.rs`"))?;
            if lines.last().is_some_and(|last| last.path >= read.path) {
                return Err(fail("lines must be sorted by path, without repeats"));
            }
            lines.push(read);
            rest = &rest[end + 1..];
        }
        Self::new(lines)
    }

    /// The one spelling.
    pub fn print(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in &self.lines {
            let start = match &line.content {
                None => format!("0 {DELETED} "),
                Some((mode, digest)) => format!("{:o} {digest} ", mode.bits()),
            };
            out.extend_from_slice(start.as_bytes());
            out.extend_from_slice(line.path.as_bytes());
            out.push(b'\n');
        }
        out
    }

    /// The lines, sorted by path.
    pub fn lines(&self) -> &[ManifestLine] {
        &self.lines
    }

    /// The first path that `tree` holds otherwise than its line says.
    pub fn first_unlike(&self, tree: &dyn TreeView) -> Result<Option<&RepoPath>, SightError> {
        for line in &self.lines {
            if ManifestLine::of(tree, &line.path)? != *line {
                return Ok(Some(&line.path));
            }
        }
        Ok(None)
    }

    /// The line about `path` and its number, from 1.
    pub fn get(&self, path: &RepoPath) -> Option<(usize, &ManifestLine)> {
        let index = self.lines.binary_search_by(|line| line.path.cmp(path)).ok()?;
        Some((index + 1, &self.lines[index]))
    }
}

fn read_line(line: &[u8]) -> Option<ManifestLine> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let mode = std::str::from_utf8(parts.next()?).ok()?;
    let sha256 = std::str::from_utf8(parts.next()?).ok()?;
    let path = RepoPath::from_bytes(parts.next()?);
    let mode = match mode {
        "0" if sha256 == DELETED => return Some(ManifestLine { path, content: None }),
        "100644" => Mode::File,
        "100755" => Mode::Executable,
        "120000" => Mode::Symlink,
        "160000" => Mode::Gitlink,
        _ => return None,
    };
    Some(ManifestLine { path, content: Some((mode, Digest::parse(sha256).ok()?)) })
}

#[cfg(test)]
mod tests {
    use super::super::tree::MemoryTree;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tree_gives_lines() {
        let mut tree = MemoryTree::new();
        tree.put("a", "1").put_mode("link", Mode::Symlink, "a").put_mode("tool", Mode::Executable, "2").put("d/e", "3");
        let line = |path: &str| ManifestLine::of(&tree, &path.into()).unwrap();
        assert_eq!(line("a").content, Some((Mode::File, Digest::of(b"1"))));
        assert_eq!(line("link").content, Some((Mode::Symlink, Digest::of(b"a"))));
        assert_eq!(line("gone").content, None);
        assert_eq!(line("d").content, None);
        let manifest = Manifest::new(["tool", "gone", "a"].map(line).to_vec()).unwrap();
        let text = String::from_utf8(manifest.print()).unwrap();
        assert!(text.starts_with("100644 6b86b273ff34") && text.contains(&format!("\n0 {DELETED} gone\n100755 ")));
        assert_eq!(manifest.get(&"gone".into()).map(|(line, _)| line), Some(2));
        assert_eq!(manifest.get(&"other".into()), None);
        assert_eq!(manifest.first_unlike(&tree).unwrap(), None);
        tree.put("gone", "back");
        assert_eq!(manifest.first_unlike(&tree).unwrap(), Some(&"gone".into()));
    }

    #[test]
    fn other_spellings_are_refused() {
        let digest = "ab".repeat(32);
        let good = format!("100644 {digest} a\n100755 {digest} b c\n");
        assert!(Manifest::parse(good.as_bytes()).is_ok());
        assert!(Manifest::parse(b"").is_ok_and(|manifest| manifest.lines().is_empty()));
        for bad in [
            good.trim_end().to_owned(),
            good.replace("100644", "0100644"),
            good.replace("100644", "100664"),
            good.replace("100644", "0"),
            good.replace("ab", "AB"),
            good.replace(" a\n", " c\n"),
            good.replace("b c", "a"),
            good.replace(" a\n", " ../a\n"),
            good.replace(" a\n", " .agentops/config.toml\n"),
            good.replace(" a\n", " a\n\n"),
            good.replace(&digest, DELETED).replace("100644", "40000"),
        ] {
            assert!(Manifest::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let feed = ManifestLine { path: "a\nb".into(), content: None };
        assert!(Manifest::new(vec![feed]).is_err());
    }

    fn line() -> impl Strategy<Value = ManifestLine> {
        let path = proptest::collection::vec(any::<u8>(), 1..6);
        let mode = prop_oneof![Just(Mode::File), Just(Mode::Executable), Just(Mode::Symlink), Just(Mode::Gitlink)];
        (path, proptest::option::of((mode, any::<u64>()))).prop_map(|(path, content)| ManifestLine {
            path: RepoPath::from_bytes(path),
            content: content.map(|(mode, seed)| (mode, Digest::of(&seed.to_le_bytes()))),
        })
    }

    proptest! {
        #[test]
        fn printed_manifests_read_back(lines in proptest::collection::vec(line(), 0..5)) {
            if let Ok(manifest) = Manifest::new(lines) {
                prop_assert_eq!(Manifest::parse(&manifest.print()), Ok(manifest));
            }
        }

        #[test]
        fn a_manifest_changed_anywhere_is_another_one_or_none(
            lines in proptest::collection::vec(line(), 1..5),
            at in any::<proptest::sample::Index>(),
            cut in 0_usize..70,
            insert in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'0'), Just(b' '), Just(b'\n'), Just(b'/')], 0..4),
        ) {
            let Ok(manifest) = Manifest::new(lines) else { return Ok(()) };
            let printed = manifest.print();
            let mut bytes = printed.clone();
            let start = at.index(bytes.len());
            let end = (start + cut).min(bytes.len());
            bytes.splice(start..end, insert);
            let count = bytes.split(|byte| *byte == b'\n').count();
            match Manifest::parse(&bytes) {
                Ok(other) => {
                    prop_assert_eq!(other.print(), bytes.clone(), "one value, one spelling");
                    prop_assert_eq!(other == manifest, bytes == printed);
                    prop_assert!(other.lines().is_sorted_by(|a, b| a.path < b.path));
                    prop_assert!(other.lines().iter().all(|line| line.path.is_ordinary() && !line.path.is_below(layout::ROOT)));
                }
                Err(error) => prop_assert!((1..=count).contains(&error.line), "{error}"),
            }
        }

        #[test]
        fn whatever_changes_in_a_tree_changes_its_line(
            files in proptest::collection::btree_map("[ab](/[cd])?", (0_usize..4, "[xy]{0,2}"), 1..6),
            at in any::<proptest::sample::Index>(),
            (mode, text) in (0_usize..5, "[xy]{0,2}"),
        ) {
            const MODES: [Mode; 4] = [Mode::File, Mode::Executable, Mode::Symlink, Mode::Gitlink];
            let is_folder = |path: &String| files.keys().any(|other| other.starts_with(&format!("{path}/")));
            let mut before = MemoryTree::new();
            for (path, (mode, text)) in files.iter().filter(|(path, _)| !is_folder(path)) {
                before.put_mode(path.as_str(), MODES[*mode], text.as_str());
            }
            let listed = || ["a", "a/c", "a/d", "b", "b/c", "b/d"].map(RepoPath::from);
            let (path, _) = files.iter().nth(at.index(files.len())).unwrap();
            if is_folder(path) {
                return Ok(());
            }
            let mut after = before.clone();
            match MODES.get(mode) {
                Some(mode) => after.put_mode(path.as_str(), *mode, text.as_str()),
                None => after.remove(path.as_str()).put(format!("{path}/deep").as_str(), "z"),
            };
            let lines = |tree: &MemoryTree| listed().map(|path| ManifestLine::of(tree, &path).unwrap()).to_vec();
            let changed: Vec<RepoPath> = after.changes_since(&before).into_iter().map(|change| change.path).collect();
            for (old, new) in lines(&before).iter().zip(&lines(&after)) {
                prop_assert_eq!(old != new, changed.contains(&old.path), "{}", old.path);
            }
            prop_assert_eq!(Manifest::new(lines(&before)) == Manifest::new(lines(&after)), lines(&before) == lines(&after));
        }

        #[test]
        fn what_reads_prints_the_same(bytes in "(0|100644|160000| |[0a]|\n|0{64}|(ab){32}){0,12}") {
            if let Ok(manifest) = Manifest::parse(bytes.as_bytes()) {
                prop_assert_eq!(manifest.print(), bytes.into_bytes());
            }
        }
    }
}
