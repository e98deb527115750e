//! A step T→M over a repository: what the judge judges. Everything is read when first asked for, and once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

use super::diff::TreeDiff;
use super::error::GitError;
use super::repo::Repo;
use super::tree::CommitTree;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::ids::IdMap;
use crate::model::tree::{Change, Malformed, SightError, StepView, TreeView};

/// So far back on T's first-parent line a tree is known to belong to history.
const KNOWN_COMMITS: usize = 200;

/// A step whose trees and commits are in a repository; its next tree may be any view.
pub struct RepoStep<'r> {
    repo: &'r Repo,
    base: Option<CommitTree<'r>>,
    next: Box<dyn TreeView + 'r>,
    next_id: Option<ObjectId>,
    commits: Vec<Commit>,
    history: Option<ObjectId>,
    past: RefCell<Past>,
    diff: OnceCell<TreeDiff>,
    near: OnceCell<HashSet<ObjectId>>,
    known: OnceCell<HashSet<ObjectId>>,
    /// The trees of the step's own commits: most parents are among them.
    trees: IdMap<ObjectId>,
}

impl<'r> RepoStep<'r> {
    /// Landing and replay: from the tree `base` (`None`: no governed past) to the tree `next`, bringing `commits`, oldest
    /// first. `history` is the commit whose first-parent line is T's past. For a merged tree, `repo` is that of the merge.
    pub fn between(
        repo: &'r Repo,
        base: Option<&ObjectId>,
        next: &ObjectId,
        commits: Vec<Commit>,
        history: Option<ObjectId>,
    ) -> Self {
        let next_view = Box::new(repo.tree(next));
        Self { next_id: Some(*next), ..Self::new(repo, base, next_view, commits, history) }
    }

    /// Local: from the tree `base` to any view, which differs from it by `changes`; with the commit about to be made,
    /// if its message is known.
    pub fn local(
        repo: &'r Repo,
        base: Option<&ObjectId>,
        next: Box<dyn TreeView + 'r>,
        changes: Vec<Change>,
        pending: Option<Commit>,
        history: Option<ObjectId>,
    ) -> Self {
        let step = Self::new(repo, base, next, pending.into_iter().collect(), history);
        let _ = step.diff.set(TreeDiff::of(changes));
        step
    }

    fn new(
        repo: &'r Repo,
        base: Option<&ObjectId>,
        next: Box<dyn TreeView + 'r>,
        commits: Vec<Commit>,
        history: Option<ObjectId>,
    ) -> Self {
        let trees = commits.iter().filter_map(|commit| Some((commit.id?, commit.tree?))).collect();
        Self {
            repo,
            trees,
            base: base.map(|id| repo.tree(id)),
            next,
            next_id: None,
            commits,
            history,
            past: RefCell::default(),
            diff: OnceCell::new(),
            near: OnceCell::new(),
            known: OnceCell::new(),
        }
    }

    fn diff(&self) -> Result<&TreeDiff, SightError> {
        if let Some(diff) = self.diff.get() {
            return Ok(diff);
        }
        let diff = match &self.next_id {
            Some(next) => self.repo.compare_trees(self.base.as_ref().map(CommitTree::id), next)?,
            None => return Err(SightError::Failed("the changes of the step are not known".to_owned())),
        };
        Ok(self.diff.get_or_init(|| diff))
    }

    fn commit(&self, index: usize) -> Result<&Commit, SightError> {
        self.commits.get(index).ok_or_else(|| SightError::Failed(format!("the step has no commit {index}")))
    }

    fn tree_of(&self, commit: &ObjectId) -> Result<ObjectId, GitError> {
        self.trees.get(commit).map_or_else(|| self.repo.tree_of(commit), |tree| Ok(*tree))
    }

    /// The tree of a parent; `None` when it cannot be seen.
    fn tree_of_parent(&self, commit: &Commit, parent: usize) -> Result<Option<ObjectId>, SightError> {
        let Some(id) = commit.parents.get(parent) else { return Ok(None) };
        match self.tree_of(id) {
            Ok(tree) => Ok(Some(tree)),
            Err(GitError::MissingObject { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The trees of the step's own commits and of those that they follow.
    fn near(&self) -> Result<&HashSet<ObjectId>, SightError> {
        if let Some(near) = self.near.get() {
            return Ok(near);
        }
        let mut near: HashSet<ObjectId> = self.commits.iter().filter_map(|commit| commit.tree).collect();
        for commit in &self.commits {
            for parent in 0..commit.parents.len() {
                near.extend(self.tree_of_parent(commit, parent)?);
            }
        }
        Ok(self.near.get_or_init(|| near))
    }

    /// The trees of T's past.
    fn known(&self) -> Result<&HashSet<ObjectId>, SightError> {
        if let Some(known) = self.known.get() {
            return Ok(known);
        }
        let known = self.history(KNOWN_COMMITS)?.into_iter().filter_map(|commit| commit.tree).collect();
        Ok(self.known.get_or_init(|| known))
    }
}

impl StepView for RepoStep<'_> {
    fn base(&self) -> Option<&dyn TreeView> {
        self.base.as_ref().map(|tree| tree as &dyn TreeView)
    }

    fn next(&self) -> &dyn TreeView {
        self.next.as_ref()
    }

    fn changes(&self) -> Result<&[Change], SightError> {
        Ok(&self.diff()?.changes)
    }

    fn malformed(&self) -> Result<&[Malformed], SightError> {
        Ok(&self.diff()?.malformed)
    }

    fn commits(&self) -> &[Commit] {
        &self.commits
    }

    fn commit_changes(&self, index: usize) -> Result<Vec<Change>, SightError> {
        let commit = self.commit(index)?;
        let Some(tree) = &commit.tree else {
            // The commit about to be made is the whole step.
            return self.changes().map(<[Change]>::to_vec);
        };
        let before = match commit.parents.first() {
            Some(parent) => Some(self.tree_of(parent)?),
            None => None,
        };
        // Of a step of one commit these are the changes of the step.
        if self.next_id.as_ref() == Some(tree) && before.as_ref() == self.base.as_ref().map(CommitTree::id) {
            return self.changes().map(<[Change]>::to_vec);
        }
        Ok(self.repo.diff_trees(before.as_ref(), tree)?)
    }

    fn is_clean_merge(&self, index: usize) -> Result<bool, SightError> {
        let commit = self.commit(index)?;
        let [ours, theirs] = &commit.parents[..] else { return Ok(false) };
        let merged = match self.repo.merge(ours, theirs) {
            Ok(merged) => merged,
            Err(GitError::Conflict { .. } | GitError::TooLargeToMerge { .. } | GitError::Unrelated { .. }) => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        match &commit.tree {
            Some(tree) => Ok(tree == merged.tree_id()),
            None => {
                let before = self.tree_of(ours)?;
                if self.base.as_ref().map(CommitTree::id) != Some(&before) {
                    return Ok(false);
                }
                let expected = merged.repo().diff_trees(Some(&before), merged.tree_id())?;
                Ok(expected == self.changes()?)
            }
        }
    }

    fn parent_tree(&self, index: usize, parent: usize) -> Result<Option<Box<dyn TreeView + '_>>, SightError> {
        let tree = self.tree_of_parent(self.commit(index)?, parent)?;
        Ok(tree.map(|id| Box::new(self.repo.tree(&id)) as Box<dyn TreeView>))
    }

    fn commit_tree(&self, index: usize) -> Result<Box<dyn TreeView + '_>, SightError> {
        match &self.commit(index)?.tree {
            Some(id) => Ok(Box::new(self.repo.tree(id))),
            None => Ok(Box::new(Borrowed(self.next.as_ref()))),
        }
    }

    fn history(&self, count: usize) -> Result<Vec<Rc<Commit>>, SightError> {
        let Some(tip) = self.history else { return Ok(Vec::new()) };
        let mut past = self.past.borrow_mut();
        if past.asked < count {
            *past = Past { line: self.repo.first_parents(&tip, count)?, asked: count };
        }
        Ok(past.line.iter().take(count).cloned().collect())
    }

    fn known_tree(&self, id: &ObjectId) -> Result<Option<Box<dyn TreeView + '_>>, SightError> {
        let known = self.near()?.contains(id) || self.known()?.contains(id);
        Ok(known.then(|| Box::new(self.repo.tree(id)) as Box<dyn TreeView>))
    }
}

/// T's past as far as it was read: several laws look at the same commits.
#[derive(Default)]
struct Past {
    /// Newest first.
    line: Vec<Rc<Commit>>,
    /// How many were asked for; history may have fewer.
    asked: usize,
}

/// A view by reference.
struct Borrowed<'a>(&'a dyn TreeView);

impl TreeView for Borrowed<'_> {
    fn entry(&self, path: &crate::model::path::RepoPath) -> Result<Option<crate::model::tree::Entry>, SightError> {
        self.0.entry(path)
    }

    fn list(&self, path: &crate::model::path::RepoPath) -> Result<Vec<crate::model::tree::Entry>, SightError> {
        self.0.list(path)
    }

    fn blob(&self, id: &ObjectId, path: &crate::model::path::RepoPath, limit: u64) -> Result<Vec<u8>, SightError> {
        self.0.blob(id, path, limit)
    }

    fn file(&self, path: &crate::model::path::RepoPath, limit: u64) -> Result<Option<Vec<u8>>, SightError> {
        self.0.file(path, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;
    use crate::model::path::RepoPath;

    #[test]
    fn a_landing_step_over_a_merge() {
        let sandbox = Sandbox::new();
        let base = sandbox.write("a", "1\n2\n3\n").commit("base");
        sandbox.git(&["switch", "-q", "-c", "side"]);
        let side = sandbox.write("b", "1").commit("side");
        sandbox.git(&["switch", "-q", "main"]);
        let main = sandbox.write("c", "1").commit("main");
        let repo = sandbox.open();
        let merged = repo.merge(&main, &side).unwrap();
        let base_tree = repo.tree_of(&main).unwrap();
        let commits = repo.range(Some(&main), &side).unwrap().commits;
        let step = RepoStep::between(merged.repo(), Some(&base_tree), merged.tree_id(), commits, Some(main));
        let paths: Vec<String> = step.changes().unwrap().iter().map(|change| change.path.to_string()).collect();
        assert_eq!(paths, ["b"]);
        assert_eq!(step.next().list(&RepoPath::default()).unwrap().len(), 3);
        assert_eq!(step.base().unwrap().list(&RepoPath::default()).unwrap().len(), 2);
        assert_eq!(step.commit_changes(0).unwrap().len(), 1);
        let history: Vec<_> = step.history(9).unwrap().iter().map(|commit| commit.id.unwrap()).collect();
        assert_eq!(history, [main, base]);
        for known in [&side, &main, &base] {
            assert!(step.known_tree(&repo.tree_of(known).unwrap()).unwrap().is_some());
        }
        let made_up = sandbox.raw_tree(&[("100644", "x", sandbox.object("blob", b"x"))]);
        assert!(step.known_tree(&made_up).unwrap().is_none());
        assert!(step.commit_changes(1).is_err());
    }

    #[test]
    fn clean_merges_are_told_from_evil_ones() {
        let sandbox = Sandbox::new();
        let base = sandbox.write("a", "1").commit("base");
        for side in ["one", "two"] {
            sandbox.git(&["switch", "-q", "-c", side, &base.to_string()]);
            sandbox.write(side, "1").commit(side);
        }
        sandbox.git(&["switch", "-q", "main"]);
        sandbox.git(&["merge", "-q", "--no-ff", "-m", "clean", "one"]);
        let clean = sandbox.id("HEAD");
        sandbox.git(&["merge", "-q", "--no-commit", "--no-ff", "two"]);
        let repo = sandbox.open();
        let pending = |parents: Vec<ObjectId>| Commit {
            id: None,
            parents,
            tree: None,
            author: Default::default(),
            committer: Default::default(),
            message: String::new(),
            message_is_text: true,
        };
        let judge = || {
            let before = repo.head_tree().unwrap();
            let parents = vec![clean, sandbox.id("two")];
            let next = Box::new(repo.staged().unwrap());
            let step = RepoStep::local(
                &repo,
                before.as_ref(),
                next,
                repo.diff_staged().unwrap(),
                Some(pending(parents)),
                Some(clean),
            );
            assert_eq!(step.commit_changes(0).unwrap(), step.changes().unwrap());
            step.is_clean_merge(0).unwrap()
        };
        assert!(judge());
        sandbox.write("smuggled", "1").git(&["add", "-A"]);
        assert!(!judge());
        sandbox.git(&["commit", "-q", "-m", "evil"]);
        let evil = sandbox.id("HEAD");
        sandbox.git(&["switch", "-q", "-c", "octopus", &base.to_string()]);
        sandbox.write("third", "1").commit("third");
        sandbox.git(&["merge", "-q", "-m", "octopus", "one", "two"]);
        let octopus = sandbox.id("HEAD");
        let commits = [clean, evil, octopus, base].map(|id| repo.commit(&id).unwrap()).to_vec();
        let step = RepoStep::between(&repo, None, &repo.tree_of(&evil).unwrap(), commits, None);
        let clean: Vec<bool> = (0..4).map(|index| step.is_clean_merge(index).unwrap()).collect();
        assert_eq!(clean, [true, false, false, false]);
        assert!(step.parent_tree(0, 1).unwrap().is_some() && step.parent_tree(0, 2).unwrap().is_none());
        assert_eq!(step.commit_changes(3).unwrap().len(), 1, "a root commit adds all that it has");
        assert!(step.base().is_none() && step.history(9).unwrap().is_empty());
    }

    #[test]
    fn the_past_is_the_same_however_often_it_is_asked_for() {
        let sandbox = Sandbox::new();
        let ids: Vec<ObjectId> = (0..5).map(|number| sandbox.write("file", number.to_string()).commit("x")).collect();
        let repo = sandbox.open();
        let tree = repo.tree_of(&ids[4]).unwrap();
        for counts in [[2, 9, 3], [9, 1, 5], [0, 4, 4]] {
            let step = RepoStep::between(&repo, None, &tree, Vec::new(), Some(ids[4]));
            for count in counts {
                assert_eq!(step.history(count).unwrap(), repo.first_parents(&ids[4], count).unwrap());
            }
        }
        // Trees of commits that the step follows are known without a look at history.
        let mut pending = repo.commit(&ids[4]).unwrap();
        (pending.id, pending.tree, pending.parents) = (None, None, vec![ids[4]]);
        let step = RepoStep::between(&repo, None, &tree, vec![pending], Some(ids[4]));
        assert!(step.known_tree(&tree).unwrap().is_some() && step.past.borrow().asked == 0);
        assert!(step.known_tree(&repo.tree_of(&ids[0]).unwrap()).unwrap().is_some());
    }
}
