//! Whether what a learning cites is still there: the lines as they were when the learning came, looked for in HEAD's tree.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::filed::Filed;
use super::moving::{Arrivals, Arrived};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::git::{CommitTree, GitError};
use crate::model::citation::Cited;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::escape::visible_bytes;
use crate::model::ids::IdMap;
use crate::model::path::RepoPath;
use crate::model::record::Learning;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};

/// So far back it is looked for the commit that brought a learning: at most so many commits of HEAD's line.
const HORIZON: usize = 10_000;
/// A commit from which somebody looked is this near to HEAD, or the next one who finds it looks from HEAD: so that a walk to it
/// stays short.
const NEAR_HEAD: usize = 64;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The lines stand in the file less often than they did, as a rule nowhere.
    Changed,
    /// There is no such file any more.
    Gone,
    /// They stand in another file as they did, which came since: it was moved, perhaps.
    Moved(RepoPath),
}

impl Aged {
    /// A clause about it.
    pub fn sentence(&self) -> String {
        self.told(|name| format!("`{name}`"))
    }

    /// The same, with names as `quoted` gives them.
    pub(crate) fn told(&self, quoted: impl Fn(&str) -> String) -> String {
        let what = match &self.change {
            Change::Changed => "changed".to_owned(),
            Change::Gone => "is gone".to_owned(),
            Change::Moved(to) => format!("moved to {}", quoted(&visible_bytes(to.as_bytes()))),
        };
        format!("{} {what} since {}", quoted(&self.evidence), self.since.short())
    }

    /// Whether it speaks against the learning: what only moved does not.
    pub fn speaks_against(&self) -> bool {
        !matches!(self.change, Change::Moved(_))
    }
}

/// The commit that brought a file to a line of first parents, and a commit of that line from which somebody looked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) commit: ObjectId,
    pub(crate) seen_from: ObjectId,
}

/// HEAD's line, walked as far as somebody asks.
pub(crate) struct Ageing<'a> {
    site: &'a Site<'a>,
    base: &'a Base<'a>,
    line: RefCell<Line>,
    /// The files that came since a commit.
    arrived: RefCell<BTreeMap<ObjectId, Rc<Arrivals>>>,
}

/// The beginning of a line of first parents, newest first.
#[derive(Default)]
struct Line {
    commits: Vec<Rc<Commit>>,
    places: IdMap<usize>,
    /// Whether it ends there: at its first commit, where it was cut off, or at the horizon.
    is_whole: bool,
}

impl<'a> Ageing<'a> {
    pub(crate) fn new(site: &'a Site<'a>, base: &'a Base<'a>) -> Self {
        Self { site, base, line: RefCell::default(), arrived: RefCell::default() }
    }

    /// The commit of HEAD's line of first parents that brought the file: the one that is `known`, if that is a commit of HEAD's
    /// line, else the one that is found by halving, for a write-once file that is there stays there. `None` where that is too long
    /// ago, or cut off.
    pub(crate) fn brought_by(
        &self,
        file: &Filed<Learning>,
        known: Option<Origin>,
    ) -> Result<Option<Origin>, EngineError> {
        if let Some(known) = known {
            // What lies on the line of a commit of HEAD's line, lies on HEAD's.
            match self.first_of(&[known.commit, known.seen_from])? {
                Some(place) if place < NEAR_HEAD => return Ok(Some(known)),
                Some(_) => return Ok(Some(Origin { seen_from: self.base.commit, ..known })),
                None => {}
            }
        }
        // HEAD's tree holds it. `there` is the oldest commit known to hold it, `absent` the newest known not to.
        let (mut there, mut step) = (0, 1);
        let mut absent = loop {
            match self.holds(there + step, file)? {
                Some(true) => (there, step) = (there + step, step * 2),
                Some(false) => break there + step,
                None => break self.line.borrow().commits.len(),
            }
        };
        while absent - there > 1 {
            let middle = there + (absent - there) / 2;
            if self.holds(middle, file)? == Some(true) { there = middle } else { absent = middle }
        }
        let line = self.line.borrow();
        let found = line.commits.get(there);
        let is_known = absent < line.commits.len() || found.is_some_and(|commit| commit.parents.is_empty());
        let commit = found.filter(|_| is_known).and_then(|commit| commit.id);
        Ok(commit.map(|commit| Origin { commit, seen_from: self.base.commit }))
    }

    /// Whether the commit at `place` of HEAD's line holds the file; `None` beyond its end.
    fn holds(&self, place: usize, file: &Filed<Learning>) -> Result<Option<bool>, EngineError> {
        while self.line.borrow().commits.len() <= place {
            if !self.walk_on()? {
                return Ok(None);
            }
        }
        let Some(tree) = self.line.borrow().commits[place].tree else { return Ok(Some(false)) };
        let entry = self.site.repo.tree(&tree).entry(&file.path)?;
        Ok(Some(entry.is_some_and(|entry| entry.id == file.object)))
    }

    /// The place on HEAD's line of the newest of some commits; `None` where none of them is on it.
    fn first_of(&self, wanted: &[ObjectId]) -> Result<Option<usize>, EngineError> {
        loop {
            let found = wanted.iter().filter_map(|id| self.line.borrow().places.get(id).copied()).min();
            if found.is_some() || !self.walk_on()? {
                return Ok(found);
            }
        }
    }

    /// Walks about as far again as before; false where the line ends.
    fn walk_on(&self) -> Result<bool, EngineError> {
        let mut line = self.line.borrow_mut();
        let known = line.commits.len();
        let wanted = (2 * known).clamp(NEAR_HEAD, HORIZON);
        if line.is_whole || known >= wanted {
            return Ok(false);
        }
        let last = line.commits.last().and_then(|commit| commit.id);
        let from = last.unwrap_or(self.base.commit);
        let already = usize::from(last.is_some());
        let more = self.site.repo.first_parents(&from, wanted - known + already)?;
        for commit in more.into_iter().skip(already) {
            let place = line.commits.len();
            line.places.extend(commit.id.map(|id| (id, place)));
            line.commits.push(commit);
        }
        line.is_whole = line.commits.len() < wanted;
        Ok(line.commits.len() > known)
    }

    /// The evidence with lines that is not as it was at `brought_by`. What cannot be seen, or was not there even then, as after
    /// a squash, is left out: nothing is known of it.
    pub(crate) fn aged(&self, learning: &Learning, brought_by: &ObjectId) -> Result<Vec<Aged>, EngineError> {
        let then = self.tree(brought_by)?;
        let mut aged = Vec::new();
        for evidence in &learning.evidence {
            let cited = Cited::parse(evidence);
            if !cited.repo_path().is_ordinary() {
                continue;
            }
            let path = cited.repo_path();
            let change = match change(&then, &self.base.tree, &path, cited.lines) {
                Err(SightError::Missing { .. } | SightError::TooLarge { .. }) => None,
                Ok(Some(Change::Gone)) => {
                    let arrived = self.arrived_since(brought_by)?;
                    let moved = arrived.place_of(&then, &self.base.tree, &path, cited.lines)?;
                    Some(moved.map_or(Change::Gone, Change::Moved))
                }
                other => other?,
            };
            aged.extend(change.map(|change| Aged { evidence: evidence.clone(), change, since: *brought_by }));
        }
        Ok(aged)
    }

    /// The files that came since `commit`. Of more than can be compared none is known.
    fn arrived_since(&self, commit: &ObjectId) -> Result<Rc<Arrivals>, EngineError> {
        if let Some(known) = self.arrived.borrow().get(commit) {
            return Ok(known.clone());
        }
        let changes = match self.site.repo.diff_trees(Some(&self.site.repo.tree_of(commit)?), &self.base.tree_id) {
            Err(GitError::Limit { .. }) => Vec::new(),
            other => other?,
        };
        let arrived = changes.into_iter().filter(|change| change.before.is_none()).filter_map(|change| {
            let (mode, id) = change.after?;
            mode.is_file().then_some(Arrived { path: change.path, id })
        });
        let arrived = Rc::new(Arrivals::new(arrived));
        self.arrived.borrow_mut().insert(*commit, arrived.clone());
        Ok(arrived)
    }

    fn tree(&self, commit: &ObjectId) -> Result<CommitTree<'_>, GitError> {
        Ok(self.site.repo.tree(&self.site.repo.tree_of(commit)?))
    }
}

/// How the lines of `path`, counted from 1, differ between two trees: moved lines have not changed. Of a whole file only that it
/// is gone is told: almost any file changes.
fn change(
    then: &dyn TreeView,
    now: &dyn TreeView,
    path: &RepoPath,
    lines: Option<(u32, u32)>,
) -> Result<Option<Change>, SightError> {
    let Some(before) = then.entry(path)?.filter(|entry| entry.mode.is_file()) else { return Ok(None) };
    let Some(after) = now.entry(path)?.filter(|entry| entry.mode.is_file()) else { return Ok(Some(Change::Gone)) };
    let Some(lines) = lines.filter(|_| before.id != after.id) else { return Ok(None) };
    let (old, new) = (then.blob(&before.id, path, MAX_TEXT_FILE)?, now.blob(&after.id, path, MAX_TEXT_FILE)?);
    Ok(cited_lines(&old, lines).filter(|cited| times_in(&new, cited) < times_in(&old, cited)).map(|_| Change::Changed))
}

/// The cited lines of a text; `None` where it has no such lines.
pub(crate) fn cited_lines(text: &[u8], (first, last): (u32, u32)) -> Option<Vec<&[u8]>> {
    let (first, last) = (first.checked_sub(1)? as usize, last as usize);
    let lines: Vec<&[u8]> = lines(text).skip(first).take(last.checked_sub(first)?).collect();
    (!lines.is_empty()).then_some(lines)
}

/// How often the lines stand one behind the other in the text. Spaces at both ends do not count: to move a line into a block is
/// not to change it. Where they stand less often than before, one of their places has changed; which one, equal lines do not tell.
pub(crate) fn times_in(text: &[u8], wanted: &[&[u8]]) -> usize {
    let lines: Vec<&[u8]> = lines(text).map(<[u8]>::trim_ascii).collect();
    let wanted: Vec<&[u8]> = wanted.iter().map(|line| line.trim_ascii()).collect();
    lines.windows(wanted.len().max(1)).filter(|part| *part == wanted).count()
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
        let changed = |text: Option<&str>| change(&then, &tree(text), &"a.rs".into(), Some((2, 3))).unwrap();
        assert_eq!(changed(Some("one\ntwo\nthree\n")), None);
        assert_eq!(changed(Some("new\none\n  two\n  three\nmore")), None);
        assert_eq!(changed(Some("one\ntwo\nfour\nthree\n")), Some(Change::Changed));
        assert_eq!(changed(None), Some(Change::Gone));
        assert_eq!(change(&tree(None), &then, &"a.rs".into(), Some((1, 1))).unwrap(), None, "unknown");
        let twice = tree(Some("retry 3\nmore\nretry 3\n"));
        let once = tree(Some("retry 5\nmore\nretry 3\n"));
        assert_eq!(change(&twice, &once, &"a.rs".into(), Some((1, 1))).unwrap(), Some(Change::Changed));
        assert_eq!(change(&once, &twice, &"a.rs".into(), Some((3, 3))).unwrap(), None);
        let whole = |now| change(&then, &tree(now), &"a.rs".into(), None).unwrap();
        assert_eq!((whole(Some("other\n")), whole(None)), (None, Some(Change::Gone)));
    }

    proptest! {
        #[test]
        fn lines_stand_in_their_own_text(text in "([ab]{0,2}\n){0,6}", first in 1_u32..7, more in 0_u32..3) {
            if let Some(cited) = cited_lines(text.as_bytes(), (first, first + more)) {
                prop_assert!(times_in(text.as_bytes(), &cited) > 0);
                let moved = format!("before\n{text}after\n");
                prop_assert!(times_in(moved.as_bytes(), &cited) > 0 || cited.last() == Some(&&b""[..]));
            }
        }
    }
}
