//! Whether what a learning cites is still there: the lines as they were when the learning came, looked for in HEAD's tree.

use std::cell::OnceCell;
use std::rc::Rc;

use super::filed::Filed;
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::git::{CommitTree, GitError};
use crate::model::citation::Cited;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::record::Learning;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};

/// So far back it is looked for the commit that brought a learning: at most so many commits of HEAD's line.
const HORIZON: usize = 10_000;

/// A piece of evidence that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aged {
    /// As the learning cites it.
    pub evidence: String,
    /// What became of it.
    pub change: Change,
    /// The commit that brought the learning: up to there it was as cited.
    pub since: ObjectId,
}

/// What became of cited lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The lines stand nowhere in the file any more.
    Changed,
    /// There is no such file any more.
    Gone,
}

impl Aged {
    /// A clause about it.
    pub fn sentence(&self) -> String {
        let what = match self.change {
            Change::Changed => "changed",
            Change::Gone => "is gone",
        };
        format!("`{}` {what} since {}", self.evidence, self.since.short())
    }
}

/// HEAD's line, walked once and only if somebody asks.
pub(crate) struct Ageing<'a> {
    site: &'a Site<'a>,
    base: &'a Base<'a>,
    line: OnceCell<Vec<Rc<Commit>>>,
}

impl<'a> Ageing<'a> {
    pub(crate) fn new(site: &'a Site<'a>, base: &'a Base<'a>) -> Self {
        Self { site, base, line: OnceCell::new() }
    }

    /// The commit of HEAD's line of first parents that brought the file: `known`, if it did, else the one that is found by
    /// halving, for a write-once file that is there stays there. `None` where that is too long ago, or cut off.
    pub(crate) fn brought_by(
        &self,
        file: &Filed<Learning>,
        known: Option<ObjectId>,
    ) -> Result<Option<ObjectId>, EngineError> {
        if let Some(known) = known.filter(|known| self.site.repo.has_object(known))
            && holds(&self.tree(&known)?, file)?
        {
            return Ok(Some(known));
        }
        let line = match self.line.get() {
            Some(line) => line,
            None => {
                let line = self.site.repo.first_parents(&self.base.commit, HORIZON)?;
                self.line.get_or_init(|| line)
            }
        };
        // HEAD's tree holds it. `there` is the oldest commit known to hold it, `absent` the newest known not to.
        let (mut there, mut absent) = (0, line.len());
        while absent - there > 1 {
            let middle = there + (absent - there) / 2;
            let is_there = match line[middle].tree {
                Some(tree) => holds(&self.site.repo.tree(&tree), file)?,
                None => false,
            };
            if is_there { there = middle } else { absent = middle }
        }
        let is_beginning = line.get(there).is_some_and(|commit| commit.parents.is_empty());
        let is_known = absent < line.len() || is_beginning;
        Ok(line.get(there).filter(|_| is_known).and_then(|commit| commit.id))
    }

    /// The evidence with lines that is not as it was at `brought_by`. What cannot be seen, or was not there even then, as after
    /// a squash, is left out: nothing is known of it.
    pub(crate) fn aged(&self, learning: &Learning, brought_by: &ObjectId) -> Result<Vec<Aged>, EngineError> {
        let then = self.tree(brought_by)?;
        let mut aged = Vec::new();
        for evidence in &learning.evidence {
            let cited = Cited::parse(evidence);
            let Some(lines) = cited.lines.filter(|_| cited.repo_path().is_ordinary()) else { continue };
            let change = match change(&then, &self.base.tree, &cited.repo_path(), lines) {
                Err(SightError::Missing { .. } | SightError::TooLarge { .. }) => None,
                other => other?,
            };
            aged.extend(change.map(|change| Aged { evidence: evidence.clone(), change, since: *brought_by }));
        }
        Ok(aged)
    }

    fn tree(&self, commit: &ObjectId) -> Result<CommitTree<'_>, GitError> {
        Ok(self.site.repo.tree(&self.site.repo.tree_of(commit)?))
    }
}

fn holds(tree: &CommitTree<'_>, file: &Filed<Learning>) -> Result<bool, SightError> {
    Ok(tree.entry(&file.path)?.is_some_and(|entry| entry.id == file.object))
}

/// How the lines of `path`, counted from 1, differ between two trees: moved lines have not changed.
fn change(
    then: &dyn TreeView,
    now: &dyn TreeView,
    path: &RepoPath,
    lines: (u32, u32),
) -> Result<Option<Change>, SightError> {
    let Some(before) = then.entry(path)?.filter(|entry| entry.mode.is_file()) else { return Ok(None) };
    let Some(after) = now.entry(path)?.filter(|entry| entry.mode.is_file()) else { return Ok(Some(Change::Gone)) };
    if before.id == after.id {
        return Ok(None);
    }
    let (old, new) = (then.blob(&before.id, path, MAX_TEXT_FILE)?, now.blob(&after.id, path, MAX_TEXT_FILE)?);
    Ok(cited_lines(&old, lines).filter(|cited| !stand_in(&new, cited)).map(|_| Change::Changed))
}

/// The cited lines of a text; `None` where it has no such lines.
pub(crate) fn cited_lines(text: &[u8], (first, last): (u32, u32)) -> Option<Vec<&[u8]>> {
    let (first, last) = (first.checked_sub(1)? as usize, last as usize);
    let lines: Vec<&[u8]> = lines(text).skip(first).take(last.checked_sub(first)?).collect();
    (!lines.is_empty()).then_some(lines)
}

/// Whether the lines stand one behind the other somewhere in the text. Spaces at both ends do not count: to move a line into a
/// block is not to change it.
pub(crate) fn stand_in(text: &[u8], wanted: &[&[u8]]) -> bool {
    let lines: Vec<&[u8]> = lines(text).map(<[u8]>::trim_ascii).collect();
    let wanted: Vec<&[u8]> = wanted.iter().map(|line| line.trim_ascii()).collect();
    lines.windows(wanted.len().max(1)).any(|part| part == wanted)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tree::MemoryTree;
    use proptest::prelude::*;

    #[test]
    fn moved_lines_have_not_changed() {
        let tree = |text: Option<&str>| {
            let mut tree = MemoryTree::new();
            if let Some(text) = text {
                tree.put("a.rs", text);
            }
            tree
        };
        let then = tree(Some("one\ntwo\nthree\n"));
        let changed = |text: Option<&str>| change(&then, &tree(text), &"a.rs".into(), (2, 3)).unwrap();
        assert_eq!(changed(Some("one\ntwo\nthree\n")), None);
        assert_eq!(changed(Some("new\none\n  two\n  three\nmore")), None);
        assert_eq!(changed(Some("one\ntwo\nfour\nthree\n")), Some(Change::Changed));
        assert_eq!(changed(None), Some(Change::Gone));
        assert_eq!(change(&tree(None), &then, &"a.rs".into(), (1, 1)).unwrap(), None, "unknown");
    }

    proptest! {
        #[test]
        fn lines_stand_in_their_own_text(text in "([ab]{0,2}\n){0,6}", first in 1_u32..7, more in 0_u32..3) {
            if let Some(cited) = cited_lines(text.as_bytes(), (first, first + more)) {
                prop_assert!(stand_in(text.as_bytes(), &cited));
                let moved = format!("before\n{text}after\n");
                prop_assert!(stand_in(moved.as_bytes(), &cited) || cited.last() == Some(&&b""[..]));
            }
        }
    }
}
