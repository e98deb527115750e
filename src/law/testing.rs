//! A step in memory for the tests of laws: trees, commits and a policy, without a repository.
//!
//! Compiled for tests alone. A test reads like a sentence:
//! `TestStep::new().before(tree).after(tree).commit("feat: …").by("Alice", "alice@example.org")`.

mod policy;
mod records;

pub(crate) use policy::{policy, policy_with_profile, small_profile};
pub(crate) use records::{decision, event, learning, records, session};

use std::cell::OnceCell;
use std::rc::Rc;

use crate::model::commit::{Commit, Person};
use crate::model::digest::{Digest, ObjectId};
use crate::model::name::{Principal, Word};
use crate::model::policy::Policy;
use crate::model::tree::{Change, Malformed, MemoryTree, SightError, StepView, TreeView};

use super::{Case, Context, Findings, Law};

/// The project id of [`policy`].
pub(crate) const PROJECT: &str = "000102030405060708090a0b0c0d0e0f";
/// The e-mail address of the human `alice`.
pub(crate) const ALICE: &str = "alice@example.org";
/// The e-mail address of the agent `claude`.
pub(crate) const CLAUDE: &str = "claude@example.org";

/// One commit of the step or of the past, with its whole tree.
#[derive(Debug, Clone)]
struct TestCommit {
    commit: Commit,
    tree: Option<MemoryTree>,
    /// The second parent's tree, in a merge.
    merged: Option<MemoryTree>,
    clean: bool,
    made: bool,
}

/// A [`StepView`] over [`MemoryTree`]s. Commits without a tree of their own keep the tree before them; the last one
/// has M.
#[derive(Debug, Clone)]
pub(crate) struct TestStep {
    base: Option<MemoryTree>,
    next: MemoryTree,
    /// Oldest first.
    past: Vec<TestCommit>,
    /// Oldest first.
    own: Vec<TestCommit>,
    commits: Vec<Commit>,
    changes: OnceCell<Vec<Change>>,
}

impl TestStep {
    /// A step from an empty tree to an empty tree without commits.
    pub(crate) fn new() -> Self {
        Self {
            base: Some(MemoryTree::new()),
            next: MemoryTree::new(),
            past: Vec::new(),
            own: Vec::new(),
            commits: Vec::new(),
            changes: OnceCell::new(),
        }
    }

    /// Sets T. M becomes the same until [`after`](Self::after) says otherwise.
    pub(crate) fn before(mut self, tree: MemoryTree) -> Self {
        self.next = tree.clone();
        self.base = Some(tree);
        self.linked()
    }

    /// There is no T: the step introduces `.agentops`.
    pub(crate) fn without_base(mut self) -> Self {
        self.base = None;
        self.linked()
    }

    /// Sets M.
    pub(crate) fn after(mut self, tree: MemoryTree) -> Self {
        self.next = tree;
        self.linked()
    }

    /// Adds a commit to the step, by Alice; further calls describe it.
    pub(crate) fn commit(mut self, message: &str) -> Self {
        let commit = test_commit(message, 1_000 + self.own.len() as i64);
        self.own.push(commit);
        self.linked()
    }

    /// Adds a commit to T's first-parent line, newer than the ones added before; the newest is T's own.
    pub(crate) fn past(mut self, message: &str) -> Self {
        let commit = test_commit(message, self.past.len() as i64);
        self.past.push(commit);
        self.linked()
    }

    /// As [`past`](Self::past), with a tree.
    pub(crate) fn past_with(mut self, message: &str, tree: MemoryTree) -> Self {
        let mut commit = test_commit(message, self.past.len() as i64);
        commit.tree = Some(tree);
        self.past.push(commit);
        self.linked()
    }

    /// Who wrote, and committed, the step's newest commit.
    pub(crate) fn by(self, name: &str, email: &str) -> Self {
        self.change_last(|last| {
            for person in [&mut last.commit.author, &mut last.commit.committer] {
                person.name = name.to_owned();
                person.email = email.to_owned();
            }
        })
    }

    /// When the step's newest commit was written, in seconds.
    pub(crate) fn at(self, seconds: i64) -> Self {
        self.change_last(|last| last.commit.author.seconds = seconds)
    }

    /// The tree of the step's newest commit.
    pub(crate) fn tree(self, tree: MemoryTree) -> Self {
        self.change_last(|last| last.tree = Some(tree))
    }

    /// Makes the step's newest commit a merge of something with the tree `other`; `clean`: nothing was edited.
    pub(crate) fn merging(self, other: MemoryTree, clean: bool) -> Self {
        self.change_last(|last| {
            last.merged = Some(other);
            last.clean = clean;
        })
    }

    /// The step's newest commit is only about to be made: it has no id.
    pub(crate) fn unmade(self) -> Self {
        self.change_last(|last| last.made = false)
    }

    /// A case at landing over this step.
    pub(crate) fn case<'a>(&'a self, policy: &'a Policy) -> Case<'a> {
        Case::new(self, policy, Context::Landing)
    }

    /// What `law` finds in this step under `policy`, at landing.
    pub(crate) fn judge(&self, law: &Law, policy: &Policy) -> Findings {
        let mut findings = Findings::default();
        (law.check)(&self.case(policy), &mut findings).unwrap();
        findings
    }

    fn change_last(mut self, change: impl FnOnce(&mut TestCommit)) -> Self {
        change(self.own.last_mut().expect("`commit` comes first"));
        self.linked()
    }

    /// Gives every commit its tree, its id and its parents.
    fn linked(mut self) -> Self {
        self.changes = OnceCell::new();
        let mut parent: Option<ObjectId> = None;
        let base = self.base.clone().unwrap_or_default();
        let last_past = self.past.len().saturating_sub(1);
        for (index, past) in self.past.iter_mut().enumerate() {
            let tree =
                past.tree.clone().unwrap_or_else(|| if index == last_past { base.clone() } else { MemoryTree::new() });
            past.link(&tree, &mut parent);
        }
        let mut tree = base;
        let last_own = self.own.len().saturating_sub(1);
        for (index, own) in self.own.iter_mut().enumerate() {
            tree = match &own.tree {
                Some(own) => own.clone(),
                None if index == last_own => self.next.clone(),
                None => tree,
            };
            own.link(&tree, &mut parent);
        }
        self.commits = self.own.iter().map(|own| own.commit.clone()).collect();
        self
    }

    /// The tree before (`None`) or after the commit at `index`.
    fn tree_at(&self, index: Option<usize>) -> MemoryTree {
        let base = self.base.clone().unwrap_or_default();
        let Some(index) = index else { return base };
        match &self.own[index].tree {
            Some(tree) => tree.clone(),
            None if index + 1 == self.own.len() => self.next.clone(),
            None => self.tree_at(index.checked_sub(1)),
        }
    }
}

impl TestCommit {
    fn link(&mut self, tree: &MemoryTree, parent: &mut Option<ObjectId>) {
        self.commit.tree = Some(tree_id(tree));
        self.commit.parents = parent.iter().copied().collect();
        if let Some(merged) = &self.merged {
            if self.commit.parents.is_empty() {
                self.commit.parents.push(id_of("T"));
            }
            self.commit.parents.push(id_of(&format!("merged {}", tree_id(merged))));
        }
        let id = id_of(&format!("{:?}", self.commit));
        self.commit.id = self.made.then_some(id);
        *parent = Some(id);
    }
}

fn test_commit(message: &str, seconds: i64) -> TestCommit {
    let person = Person { name: "Alice".into(), email: ALICE.into(), seconds };
    let commit = Commit {
        id: None,
        parents: Vec::new(),
        tree: None,
        author: person.clone(),
        committer: person,
        message: message.into(),
        message_is_text: true,
    };
    TestCommit { commit, tree: None, merged: None, clean: false, made: true }
}

fn id_of(text: &str) -> ObjectId {
    ObjectId::parse(&Digest::of(text.as_bytes()).hex()).unwrap()
}

/// The id that [`TestStep`] gives a tree: a digest over its paths, modes and bytes.
pub(crate) fn tree_id(tree: &MemoryTree) -> ObjectId {
    id_of(
        &tree.files().map(|(path, mode, bytes)| format!("{path} {mode:?} {}\n", Digest::of(bytes))).collect::<String>(),
    )
}

/// A tree of plain files.
pub(crate) fn tree(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree.put(*path, *text);
    }
    tree
}

impl StepView for TestStep {
    fn base(&self) -> Option<&dyn TreeView> {
        self.base.as_ref().map(|tree| tree as &dyn TreeView)
    }

    fn next(&self) -> &dyn TreeView {
        &self.next
    }

    fn changes(&self) -> Result<&[Change], SightError> {
        Ok(self.changes.get_or_init(|| self.next.changes_since(&self.base.clone().unwrap_or_default())))
    }

    fn malformed(&self) -> Result<&[Malformed], SightError> {
        Ok(&[])
    }

    fn commits(&self) -> &[Commit] {
        &self.commits
    }

    fn commit_changes(&self, index: usize) -> Result<Vec<Change>, SightError> {
        Ok(self.tree_at(Some(index)).changes_since(&self.tree_at(index.checked_sub(1))))
    }

    fn is_clean_merge(&self, index: usize) -> Result<bool, SightError> {
        Ok(self.own[index].merged.is_some() && self.own[index].clean)
    }

    fn parent_tree(&self, index: usize, parent: usize) -> Result<Option<Box<dyn TreeView + '_>>, SightError> {
        Ok(match parent {
            0 => Some(Box::new(self.tree_at(index.checked_sub(1)))),
            1 => self.own[index].merged.clone().map(|tree| Box::new(tree) as Box<dyn TreeView>),
            _ => None,
        })
    }

    fn commit_tree(&self, index: usize) -> Result<Box<dyn TreeView + '_>, SightError> {
        Ok(Box::new(self.tree_at(Some(index))))
    }

    fn history(&self, count: usize) -> Result<Vec<Rc<Commit>>, SightError> {
        Ok(self.past.iter().rev().take(count).map(|past| Rc::new(past.commit.clone())).collect())
    }

    fn known_tree(&self, id: &ObjectId) -> Result<Option<Box<dyn TreeView + '_>>, SightError> {
        let own = (0..self.own.len()).map(|index| self.tree_at(Some(index)));
        let merged = self.own.iter().filter_map(|own| own.merged.clone());
        let past = self.past.iter().filter_map(|past| past.tree.clone());
        let found = own.chain(merged).chain(past).chain(self.base.clone()).find(|tree| tree_id(tree) == *id);
        Ok(found.map(|tree| Box::new(tree) as Box<dyn TreeView>))
    }
}

/// A principal; the name must be valid.
pub(crate) fn principal(name: &str) -> Principal {
    Principal::parse(name).unwrap()
}

/// A word; it must be valid.
pub(crate) fn word(text: &str) -> Word {
    Word::parse(text).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_linked_and_have_trees() {
        let (a, b) = (tree(&[("a", "1")]), tree(&[("a", "1"), ("b", "2")]));
        let step = TestStep::new()
            .before(a.clone())
            .past("feat: one")
            .after(b.clone())
            .commit("feat: two")
            .commit("feat: three")
            .by("Bob", "bob@example.org");
        let commits = step.commits();
        assert_eq!(commits[0].parents, [step.history(1).unwrap()[0].id.unwrap()]);
        assert_eq!(commits[1].parents, [commits[0].id.unwrap()]);
        assert_eq!((commits[0].tree, commits[1].tree), (Some(tree_id(&a)), Some(tree_id(&b))));
        assert_eq!(step.commit_changes(0).unwrap(), []);
        assert_eq!(step.commit_changes(1).unwrap().len(), 1);
        assert_eq!(step.changes().unwrap().len(), 1);
        assert!(step.known_tree(&tree_id(&b)).unwrap().is_some());
        assert_eq!(commits[1].author.name, "Bob");
        assert_eq!(policy_with_profile().profiles.values().collect::<Vec<_>>(), [&small_profile()]);
        let hook = TestStep::new().without_base().after(b).commit("feat: one").unmade();
        assert!(hook.base().is_none() && hook.commits()[0].id.is_none());
    }
}
