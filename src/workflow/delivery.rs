//! Whether what a plan promised is there: promises held against trees.
//!
//! Called by the phase checks, and by whoever reports on tasks that are done. What commands show is not seen here: a
//! promise of a command is kept by a run.

use super::chain::Chain;
use crate::model::deliverables::{Change, Deliverables, File};
use crate::model::digest::{Digest, ObjectId};
use crate::model::document::Problem;
use crate::model::path::RepoPath;
use crate::model::profile::{ArtifactKind, Profile};
use crate::model::state::Stage;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};

/// The promises with which a task left its plan stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// Where they are written.
    pub path: RepoPath,
    /// The tree that they were made on.
    pub planned_on: ObjectId,
    /// The promises, or what is wrong with their file.
    pub deliverables: Result<Deliverables, Problem>,
}

/// The promises of `chain`'s task as they stand in `tree`: the file that is evidence of its live plan stage, if its bytes
/// are still those. `None` where the task has not left that stage, or left it without promising anything.
pub fn promised(tree: &dyn TreeView, chain: &Chain, profile: &Profile) -> Result<Option<Promised>, SightError> {
    let phases: Vec<_> = profile.phases.iter().filter(|phase| phase.stage == Stage::Plan).collect();
    let specs = || phases.iter().flat_map(|phase| &phase.artifacts);
    if !specs().any(|spec| spec.kind == ArtifactKind::Deliverables) {
        return Ok(None);
    }
    let live = chain.live(profile);
    let gates = chain.links.iter().rev().filter(|link| {
        live.contains(&link.digest) && link.event.carries_gate(chain) && chain.origin(link).stage == Stage::Plan
    });
    for link in gates {
        for spec in specs().filter(|spec| spec.kind == ArtifactKind::Deliverables) {
            let path = spec.path_for(&profile.name, &chain.task, &link.event.state);
            let Some(evidence) = link.event.evidence.iter().find(|item| item.path == path) else { continue };
            let path = RepoPath::from(path);
            let deliverables = match tree.file(&path, MAX_TEXT_FILE)? {
                None => Err(Problem { line: 1, message: format!("`{path}` is not there any more") }),
                Some(bytes) if Digest::of(&bytes) != evidence.sha256 => {
                    Err(Problem { line: 1, message: format!("`{path}` has other bytes than left the plan stage") })
                }
                Some(bytes) => Deliverables::parse(&bytes).map_err(|problems| {
                    let first = problems.into_iter().next();
                    first.unwrap_or(Problem { line: 1, message: format!("`{path}` cannot be read") })
                }),
            };
            return Ok(Some(Promised { path, planned_on: link.event.base, deliverables }));
        }
    }
    Ok(None)
}

/// A promise that is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The promise's line in the file, from 1.
    pub line: usize,
    /// What is wrong: a sentence without its full stop.
    pub message: String,
}

/// The promises of files, tests and evidence that `after` does not keep, in the order of the file. `before` is the tree
/// that they were made on; without it nobody can tell what was there already, and only presence is asked for.
///
/// Symbolic links and folders are no files, and none is followed. A text is looked for in files of at most
/// [`MAX_TEXT_FILE`] bytes.
pub fn undelivered(
    promises: &Deliverables,
    before: Option<&dyn TreeView>,
    after: &dyn TreeView,
) -> Result<Vec<Undelivered>, SightError> {
    let mut found = Vec::new();
    for file in &promises.files {
        found.extend(file_problems(file, before, after)?.into_iter().map(|message| at(file.line, message)));
    }
    for test in &promises.tests {
        let problems = texts_missing(&test.path, test.contains.iter().map(String::as_str), after)?;
        found.extend(problems.into_iter().map(|message| at(test.line, format!("test: {message}"))));
    }
    for criterion in &promises.criteria {
        for item in &criterion.evidence {
            let problems = texts_missing(&item.path, item.contains.as_deref(), after)?;
            let name = &criterion.name;
            found.extend(problems.into_iter().map(|message| at(item.line, format!("criterion `{name}`: {message}"))));
        }
    }
    Ok(found)
}

fn at(line: usize, message: String) -> Undelivered {
    Undelivered { line, message }
}

fn file_problems(file: &File, before: Option<&dyn TreeView>, after: &dyn TreeView) -> Result<Vec<String>, SightError> {
    let path = &file.path;
    let there = Found::at(path, after)?;
    if file.change == Change::Removed {
        let gone = matches!(there, Found::Nothing | Found::Folder);
        return Ok(if gone { Vec::new() } else { vec![format!("`{path}` was to be removed and is still there")] });
    }
    if let (Found::File(id), Some(before)) = (&there, before) {
        match (file.change, Found::at(path, before)?) {
            (Change::Created, Found::File(_)) => {
                return Ok(vec![format!("`{path}` was to be created and was there before the work began")]);
            }
            (Change::Changed, Found::File(old)) if old == *id => {
                return Ok(vec![format!("`{path}` was to be changed and is unchanged since the plan was made")]);
            }
            _ => {}
        }
    }
    texts_missing(path, file.contains.iter().map(String::as_str), after)
}

/// What is missing of a file that is to be there with some text in it, and with each of `texts`.
fn texts_missing<'t>(
    path: &RepoPath,
    texts: impl IntoIterator<Item = &'t str>,
    tree: &dyn TreeView,
) -> Result<Vec<String>, SightError> {
    let id = match Found::at(path, tree)? {
        Found::File(id) => id,
        Found::Nothing => return Ok(vec![format!("`{path}` is missing")]),
        Found::Folder => return Ok(vec![format!("`{path}` is a folder, not a file")]),
        Found::Other => return Ok(vec![format!("`{path}` is no plain file")]),
    };
    let mut texts = texts.into_iter().peekable();
    let bytes = match tree.blob(&id, path, MAX_TEXT_FILE) {
        Ok(bytes) => bytes,
        // A file of that size is not empty.
        Err(SightError::TooLarge { .. }) if texts.peek().is_none() => return Ok(Vec::new()),
        Err(SightError::TooLarge { size, limit, .. }) => {
            return Ok(vec![format!("`{path}` has {size} bytes; texts are looked for in files of at most {limit}")]);
        }
        Err(error) => return Err(error),
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(vec![format!("`{path}` is empty")]);
    }
    let missing = texts.filter(|text| !holds(&bytes, text));
    Ok(missing.map(|text| format!("`{path}` does not hold `{text}`")).collect())
}

/// Whether the file at `path` holds `text`; without one, whether it is there and not empty.
pub fn is_there(path: &RepoPath, text: Option<&str>, tree: &dyn TreeView) -> Result<bool, SightError> {
    Ok(texts_missing(path, text, tree)?.is_empty())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    use bstr::ByteSlice as _;
    bytes.contains_str(text)
}

/// What stands at a path.
enum Found {
    Nothing,
    Folder,
    File(ObjectId),
    Other,
}

impl Found {
    fn at(path: &RepoPath, tree: &dyn TreeView) -> Result<Self, SightError> {
        Ok(match tree.entry(path)? {
            None => Self::Nothing,
            Some(entry) if entry.mode.is_folder() => Self::Folder,
            Some(entry) if entry.mode.is_file() => Self::File(entry.id),
            Some(_) => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tree::{MemoryTree, Mode};

    const PROMISES: &str = r#"
[[deliverables.file]]
path = "new.rs"
change = "created"
contains = ["pub fn reset("]
[[deliverables.file]]
path = "old.rs"
change = "changed"
[[deliverables.file]]
path = "gone.rs"
change = "removed"
[[deliverables.test]]
path = "t.rs"
contains = ["fn expired", "fn used"]
command = "test"
[[deliverables.criterion]]
name = "docs"
kind = "docs"
text = "The page tells how long a link lives"
evidence = [{ path = "docs.md" }, { path = "docs.md", contains = "30 minutes" }]
"#;

    fn before() -> MemoryTree {
        let mut tree = MemoryTree::new();
        tree.put("old.rs", "1\n").put("gone.rs", "2\n");
        tree
    }

    fn after() -> MemoryTree {
        let mut tree = MemoryTree::new();
        tree.put("old.rs", "3\n").put("new.rs", "pub fn reset() {}\n").put("t.rs", "fn expired() {}\nfn used() {}\n");
        tree.put("docs.md", "A link lives 30 minutes.\n");
        tree
    }

    fn told(before: Option<&MemoryTree>, after: &MemoryTree) -> Vec<String> {
        let promises = Deliverables::parse(PROMISES.as_bytes()).unwrap();
        let found = undelivered(&promises, before.map(|tree| tree as &dyn TreeView), after).unwrap();
        found.into_iter().map(|one| format!("{}: {}", one.line, one.message)).collect()
    }

    #[test]
    fn what_is_there_is_delivered() {
        assert_eq!(told(Some(&before()), &after()), [""; 0]);
        assert_eq!(told(None, &after()), [""; 0]);
        let mut folder = after();
        folder.put("gone.rs/mod.rs", "x");
        assert_eq!(told(Some(&before()), &folder), [""; 0], "the file is gone");
    }

    #[test]
    fn what_is_missing_is_named_with_its_line() {
        let all = [
            "3: `new.rs` is missing",
            "7: `old.rs` was to be changed and is unchanged since the plan was made",
            "10: `gone.rs` was to be removed and is still there",
            "13: test: `t.rs` is missing",
            "20: criterion `docs`: `docs.md` is missing",
            "20: criterion `docs`: `docs.md` is missing",
        ];
        assert_eq!(told(Some(&before()), &before()), all);
        let unseen: Vec<&str> = all.into_iter().filter(|line| !line.contains("unchanged")).collect();
        assert_eq!(told(None, &before()), unseen, "what was there before is not known");
        let mut tree = after();
        tree.put("new.rs", "pub fn resets()\n").put("t.rs", "fn expired() {}\n").put("docs.md", " \n");
        let found = [
            "3: `new.rs` does not hold `pub fn reset(`",
            "13: test: `t.rs` does not hold `fn used`",
            "20: criterion `docs`: `docs.md` is empty",
            "20: criterion `docs`: `docs.md` is empty",
        ];
        assert_eq!(told(Some(&before()), &tree), found);
        let mut made = before();
        made.put("new.rs", "x");
        assert_eq!(told(Some(&made), &after()), ["3: `new.rs` was to be created and was there before the work began"]);
    }

    #[test]
    fn what_only_looks_like_a_file_is_none() {
        let mut tree = after();
        tree.remove("new.rs").put("new.rs/pub fn reset(", "pub fn reset(");
        tree.put_mode("t.rs", Mode::Symlink, "fn expired fn used").put_mode("docs.md", Mode::Gitlink, "30 minutes");
        tree.put_mode("gone.rs", Mode::Symlink, "nowhere").put_mode("old.rs", Mode::Executable, "1\n");
        let found = [
            "3: `new.rs` is a folder, not a file",
            "7: `old.rs` was to be changed and is unchanged since the plan was made",
            "10: `gone.rs` was to be removed and is still there",
            "13: test: `t.rs` is no plain file",
            "20: criterion `docs`: `docs.md` is no plain file",
            "20: criterion `docs`: `docs.md` is no plain file",
        ];
        assert_eq!(told(Some(&before()), &tree), found);
        let mut large = after();
        let size = usize::try_from(MAX_TEXT_FILE).unwrap() + 1;
        large.put("old.rs", vec![b'x'; size]).put("new.rs", vec![b'x'; size]);
        assert_eq!(
            told(Some(&before()), &large),
            ["3: `new.rs` has 8388609 bytes; texts are looked for in files of at most 8388608"]
        );
    }
}
