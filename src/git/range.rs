//! Walks over history. Parents come from the raw commits; where history was cut off, that is said.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::commit::{head_of, parse};
use super::error::GitError;
use super::repo::Repo;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::ids::{IdMap, IdSet};

/// After the last wanted commit left the queue, so many more unwanted ones are looked at: with skewed clocks a wanted
/// commit may still turn out to be reachable from the base.
const PATIENCE: usize = 16;

/// Bytes of commits of walked lines that are remembered; beyond it the memory is emptied.
const REMEMBERED_COMMITS: usize = 1024 * 1024;

/// Commits reachable from a tip and not from a base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// The commits, parents before children.
    pub commits: Vec<Commit>,
    /// Those of them with a parent that is not in this clone because history was cut off there.
    pub shallow_at: Vec<ObjectId>,
}

impl Range {
    /// Whether the line of first parents from the tip on leaves the range at `base`, from which the range was asked for:
    /// whether `base` lies on that line.
    pub fn follows(&self, base: &ObjectId) -> bool {
        let parents: IdMap<Option<&ObjectId>> =
            self.commits.iter().filter_map(|commit| Some((commit.id?, commit.parents.first()))).collect();
        let mut next = self.commits.last().and_then(|tip| tip.id);
        while let Some(parent) = next.and_then(|id| parents.get(&id)) {
            next = parent.copied();
        }
        // From where it leaves the range, all that comes is reachable from `base`; only `base` itself leads nowhere else.
        next == Some(*base)
    }
}

impl Repo {
    /// The commits reachable from `tip` and not from `base` (`None`: all of them).
    pub fn range(&self, base: Option<&ObjectId>, tip: &ObjectId) -> Result<Range, GitError> {
        self.range_hiding(base.copied().as_slice(), tip)
    }

    /// The commits reachable from `tip` and from none of `bases`.
    pub fn range_hiding(&self, bases: &[ObjectId], tip: &ObjectId) -> Result<Range, GitError> {
        self.newest_hiding(bases, tip, usize::MAX)
    }

    /// As [`range_hiding`](Self::range_hiding), where `most` commits are enough: the newest, as they are dated. The walk ends with
    /// them, so that it costs nothing how long history is; with skewed clocks some that a base reaches may be among them.
    pub fn newest_hiding(&self, bases: &[ObjectId], tip: &ObjectId, most: usize) -> Result<Range, GitError> {
        let mut walk = Walk::new(self);
        for base in bases {
            walk.meet(base, true)?.then_some(()).ok_or_else(|| absent(base))?;
        }
        walk.meet(tip, false)?.then_some(()).ok_or_else(|| absent(tip))?;
        let mut shallow_at = Vec::new();
        let mut oldest = i64::MAX;
        let mut patience = PATIENCE;
        let mut left = most;
        while left > 0
            && let Some((seconds, Reverse(at))) = walk.queue.pop()
        {
            let hidden = walk.finish(at);
            if !hidden {
                oldest = oldest.min(seconds);
                left -= 1;
            } else if walk.wanted == 0 && seconds < oldest {
                if patience == 0 {
                    break;
                }
                patience -= 1;
            }
            let parents = std::mem::take(&mut walk.nodes[at].parents);
            for parent in &parents {
                if walk.meet(parent, hidden)? || hidden {
                    continue;
                }
                let id = walk.nodes[at].id;
                if !self.is_shallow() {
                    return Err(GitError::MissingObject { id: parent.to_string(), what: format!("a parent of {id}") });
                }
                if shallow_at.last() != Some(&at) {
                    shallow_at.push(at);
                }
            }
            walk.nodes[at].parents = parents;
        }
        shallow_at.retain(|at| walk.nodes[*at].is_wanted());
        let shallow_at = shallow_at.into_iter().map(|at| walk.nodes[at].id).collect();
        Ok(Range { commits: walk.parents_first(), shallow_at })
    }

    /// Remembers a commit that was read: those that follow it will ask for it.
    pub fn keep_commit(&self, commit: &Commit) {
        if let Some(id) = commit.id {
            self.walked_commits.borrow_mut().keep(id, commit.clone());
        }
    }

    /// Up to `count` commits of the first-parent line from `tip` on, newest first; fewer where history ends or was
    /// cut off.
    pub fn first_parents(&self, tip: &ObjectId, count: usize) -> Result<Vec<Rc<Commit>>, GitError> {
        let mut buffer = Vec::new();
        let mut line: Vec<Rc<Commit>> = Vec::new();
        let mut next = Some(*tip);
        let mut walked = self.walked_commits.borrow_mut();
        while let Some(id) = next.filter(|_| line.len() < count) {
            let commit = match walked.commits.get(&id) {
                Some(commit) => Rc::clone(commit),
                None => {
                    if !self.read_into(&id, gix::objs::Kind::Commit, &"a commit", &mut buffer)? {
                        if !line.is_empty() && self.is_shallow() {
                            break;
                        }
                        return Err(absent(&id));
                    }
                    walked.keep(id, parse(&id, &head_of(&id, &buffer)?))
                }
            };
            next = commit.parents.first().copied();
            line.push(commit);
        }
        Ok(line)
    }

    /// Whether `needle` lies on the first-parent line from `tip` on. Where the line was cut off before it was found, the
    /// answer is unknown: [`GitError::MissingObject`].
    pub fn first_parent_line_contains(&self, tip: &ObjectId, needle: &ObjectId) -> Result<bool, GitError> {
        let mut buffer = Vec::new();
        let mut next = Some(*tip);
        while let Some(id) = next {
            if id == *needle {
                return Ok(true);
            }
            if !self.read_into(&id, gix::objs::Kind::Commit, &"a commit", &mut buffer)? {
                return Err(absent(&id));
            }
            next = head_of(&id, &buffer)?.parents.first().copied();
        }
        Ok(false)
    }

    /// Whether `old` is `new` or one of its ancestors. Where history was cut off before `old` was found, the answer is
    /// unknown: [`GitError::MissingObject`].
    pub fn is_ancestor(&self, old: &ObjectId, new: &ObjectId) -> Result<bool, GitError> {
        let mut buffer = Vec::new();
        let mut seen = IdSet::default();
        let mut queue = BinaryHeap::from([(i64::MAX, *new)]);
        let mut gone = None;
        seen.insert(*new);
        // The newest first: what is asked for is recent as a rule.
        while let Some((_, id)) = queue.pop() {
            if id == *old {
                return Ok(true);
            }
            if !self.read_into(&id, gix::objs::Kind::Commit, &"a commit", &mut buffer)? {
                gone = Some(id);
                continue;
            }
            let head = head_of(&id, &buffer)?;
            let seconds = head.seconds();
            queue
                .extend(head.parents.into_iter().filter(|parent| seen.insert(*parent)).map(|parent| (seconds, parent)));
        }
        gone.map_or(Ok(false), |id| Err(absent(&id)))
    }
}

/// Commits of lines that were walked: the next edge of a history has almost the same past.
#[derive(Default)]
pub(super) struct WalkedCommits {
    commits: IdMap<Rc<Commit>>,
    bytes: usize,
}

impl WalkedCommits {
    /// The tree of a commit that is remembered.
    pub(super) fn tree_of(&self, id: &ObjectId) -> Option<ObjectId> {
        self.commits.get(id)?.tree
    }

    fn keep(&mut self, id: ObjectId, commit: Commit) -> Rc<Commit> {
        if let Some(known) = self.commits.get(&id) {
            return Rc::clone(known);
        }
        let bytes = size_of::<(ObjectId, Commit)>()
            + [&commit.author, &commit.committer].map(|who| who.name.len() + who.email.len()).iter().sum::<usize>()
            + size_of_val(commit.parents.as_slice())
            + commit.message.len();
        let commit = Rc::new(commit);
        if bytes > REMEMBERED_COMMITS {
            return commit;
        }
        if self.bytes + bytes > REMEMBERED_COMMITS {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.commits.insert(id, Rc::clone(&commit));
        commit
    }
}

fn absent(id: &ObjectId) -> GitError {
    GitError::MissingObject { id: id.to_string(), what: "a commit".to_owned() }
}

/// One commit that a walk has met.
struct Node {
    id: ObjectId,
    hidden: bool,
    done: bool,
    seconds: i64,
    parents: Vec<ObjectId>,
    /// Read only for what may be wanted; its parents are in `parents`.
    commit: Option<Commit>,
}

impl Node {
    fn is_wanted(&self) -> bool {
        self.done && !self.hidden
    }
}

/// The state of a walk: what was met, and what waits, newest first. Commits are known by their place in `nodes`.
struct Walk<'r> {
    repo: &'r Repo,
    nodes: Vec<Node>,
    places: IdMap<usize>,
    queue: BinaryHeap<(i64, Reverse<usize>)>,
    /// Wanted commits in the queue.
    wanted: usize,
    buffer: Vec<u8>,
}

impl<'r> Walk<'r> {
    fn new(repo: &'r Repo) -> Self {
        Self {
            repo,
            nodes: Vec::new(),
            places: IdMap::default(),
            queue: BinaryHeap::new(),
            wanted: 0,
            buffer: Vec::new(),
        }
    }

    /// Puts a commit into the queue, or hides one that was met before. `false` when the commit is absent.
    fn meet(&mut self, id: &ObjectId, hidden: bool) -> Result<bool, GitError> {
        if let Some(at) = self.places.get(id) {
            if hidden {
                self.hide(*at);
            }
            return Ok(true);
        }
        if !self.repo.read_into(id, gix::objs::Kind::Commit, &"a commit", &mut self.buffer)? {
            return Ok(false);
        }
        let mut head = head_of(id, &self.buffer)?;
        let (seconds, parents) = (head.seconds(), std::mem::take(&mut head.parents));
        let commit = (!hidden).then(|| parse(id, &head));
        let at = self.nodes.len();
        self.nodes.push(Node { id: *id, hidden, done: false, seconds, parents, commit });
        self.places.insert(*id, at);
        self.queue.push((seconds, Reverse(at)));
        self.wanted += usize::from(!hidden);
        Ok(true)
    }

    /// Hides a commit, and those of its ancestors that the walk has gone beyond.
    fn hide(&mut self, at: usize) {
        let mut waiting = vec![at];
        while let Some(at) = waiting.pop() {
            let node = &mut self.nodes[at];
            if node.hidden {
                continue;
            }
            node.hidden = true;
            node.commit = None;
            if node.done {
                waiting.extend(node.parents.iter().filter_map(|parent| self.places.get(parent)));
            } else {
                self.wanted -= 1;
            }
        }
    }

    /// Notes that a commit left the queue; whether it is hidden.
    fn finish(&mut self, at: usize) -> bool {
        let node = &mut self.nodes[at];
        node.done = true;
        self.wanted -= usize::from(!node.hidden);
        node.hidden
    }

    /// The wanted commits, parents before children; of unrelated ones the older first.
    fn parents_first(mut self) -> Vec<Commit> {
        let mut children = vec![0usize; self.nodes.len()];
        for node in self.nodes.iter().filter(|node| node.is_wanted()) {
            for at in node.parents.iter().filter_map(|parent| self.places.get(parent)) {
                children[*at] += 1;
            }
        }
        let free = self.nodes.iter().enumerate().filter(|(at, node)| node.is_wanted() && children[*at] == 0);
        let mut queue: BinaryHeap<(i64, Reverse<usize>)> = free.map(|(at, node)| (node.seconds, Reverse(at))).collect();
        let mut commits = Vec::new();
        while let Some((_, Reverse(at))) = queue.pop() {
            let parents = std::mem::take(&mut self.nodes[at].parents);
            for parent in parents.iter().filter_map(|parent| self.places.get(parent)) {
                children[*parent] -= 1;
                if children[*parent] == 0 && self.nodes[*parent].is_wanted() {
                    queue.push((self.nodes[*parent].seconds, Reverse(*parent)));
                }
            }
            commits.extend(self.nodes[at].commit.take().map(|commit| Commit { parents, ..commit }));
        }
        commits.reverse();
        commits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sandbox::Sandbox;
    use super::*;
    use crate::model::commit::Person;

    /// Commits with the given parents, one minute after another unless `skewed`.
    fn history(sandbox: &Sandbox, parents: &[Vec<usize>]) -> Vec<ObjectId> {
        let tree = sandbox.git(&["write-tree"]);
        let mut ids: Vec<ObjectId> = Vec::new();
        for (number, parents) in parents.iter().enumerate() {
            let mut arguments =
                vec!["commit-tree".to_owned(), "-m".to_owned(), format!("commit {number}"), tree.clone()];
            for parent in parents {
                arguments.extend(["-p".to_owned(), ids[*parent].to_string()]);
            }
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            ids.push(ObjectId::parse(&sandbox.git(&arguments)).unwrap());
        }
        ids
    }

    fn ids(range: &Range) -> Vec<ObjectId> {
        range.commits.iter().filter_map(|commit| commit.id).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
        #[test]
        fn ranges_are_those_of_git(
            shape in proptest::collection::vec(proptest::collection::btree_set(0usize..100, 0..3), 2..14),
            base in 0usize..100,
            tip in 0usize..100,
        ) {
            let sandbox = Sandbox::new();
            let parents: Vec<Vec<usize>> = shape.iter().enumerate()
                .map(|(number, set)| {
                    let mut below: Vec<usize> = set.iter().filter(|_| number > 0).map(|parent| parent % number.max(1)).collect();
                    below.sort_unstable();
                    below.dedup();
                    below
                })
                .collect();
            let all = history(&sandbox, &parents);
            let (base, tip) = (all[base % all.len()], all[tip % all.len()]);
            let repo = sandbox.open();
            let range = repo.range(Some(&base), &tip).unwrap();
            let mut mine = ids(&range);
            for (at, commit) in range.commits.iter().enumerate() {
                prop_assert!(commit.parents.iter().all(|parent| !mine[at..].contains(parent)), "parents come first");
            }
            let text = sandbox.git(&["rev-list", &tip.to_string(), &format!("^{base}")]);
            let mut oracle: Vec<ObjectId> = text.lines().map(|line| ObjectId::parse(line).unwrap()).collect();
            mine.sort_unstable();
            oracle.sort_unstable();
            prop_assert_eq!(mine, oracle);
            let (code, _) = sandbox.try_git(sandbox.path(), &["merge-base", "--is-ancestor", &base.to_string(), &tip.to_string()], b"");
            prop_assert_eq!(repo.is_ancestor(&base, &tip).unwrap(), code == 0);
            let line = sandbox.git(&["rev-list", "--first-parent", &tip.to_string()]);
            let mine: Vec<String> = repo.first_parents(&tip, 99).unwrap().iter().map(|commit| commit.id.unwrap().to_string()).collect();
            prop_assert_eq!(mine.join("\n"), line.clone());
            prop_assert_eq!(repo.first_parent_line_contains(&tip, &base).unwrap(), line.contains(&base.to_string()));
            prop_assert!(range.commits.is_empty() || range.follows(&base) == line.contains(&base.to_string()));
        }
    }

    #[test]
    fn walked_commits_take_no_more_than_the_room_they_have() {
        let commit = |parents: usize, message: usize| Commit {
            id: None,
            parents: vec![ObjectId::parse(&"1".repeat(40)).unwrap(); parents],
            tree: None,
            author: Person::default(),
            committer: Person::default(),
            message: "x".repeat(message),
            message_is_text: true,
        };
        let id = |number: usize| ObjectId::parse(&format!("{number:040x}")).unwrap();
        let mut walked = WalkedCommits::default();
        let first = walked.keep(id(1), commit(1, 100));
        for _ in 0..100 {
            assert!(Rc::ptr_eq(&first, &walked.keep(id(1), commit(1, REMEMBERED_COMMITS / 50))));
        }
        walked.keep(id(2), commit(1, REMEMBERED_COMMITS));
        walked.keep(id(3), commit(REMEMBERED_COMMITS / size_of::<ObjectId>(), 1));
        assert_eq!([1, 2, 3].map(|number| walked.commits.contains_key(&id(number))), [true, false, false]);
        for number in 4..1000 {
            walked.keep(id(number), commit(REMEMBERED_COMMITS / 100 / size_of::<ObjectId>(), 1));
            assert!(walked.commits.len() <= 100);
        }
    }

    #[test]
    fn clocks_may_be_wrong() {
        let sandbox = Sandbox::new();
        let tree = sandbox.git(&["write-tree"]);
        let commit = |parents: &[ObjectId], seconds: u32| {
            let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
            let who = format!("T <t@e> {seconds} +0000");
            sandbox.object("commit", format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\nx\n").as_bytes())
        };
        let root = commit(&[], 800);
        let middle = commit(&[root], 900);
        let tip = commit(&[middle], 1000);
        // Made by a clock that is far behind: met when the walk has gone beyond its ancestors.
        let base = commit(&[middle], 10);
        let range = sandbox.open().range(Some(&base), &tip).unwrap();
        assert_eq!(ids(&range), [tip]);
    }

    #[test]
    fn grafts_have_no_effect() {
        let sandbox = Sandbox::new();
        let all = history(&sandbox, &[vec![], vec![0], vec![1]]);
        sandbox.write(".git/info/grafts", format!("{}\n", all[2]));
        assert_eq!(sandbox.git(&["rev-list", "--count", &all[2].to_string()]), "1", "git follows the graft");
        let repo = sandbox.open();
        assert_eq!(ids(&repo.range(None, &all[2]).unwrap()), all);
        assert!(repo.is_ancestor(&all[0], &all[2]).unwrap());
        let log = repo.git(["rev-list", "--count", &all[2].to_string()]).text().unwrap();
        assert_eq!(log.trim(), "3");
    }

    #[test]
    fn a_planted_shallow_file_hides_nothing() {
        let sandbox = Sandbox::new();
        let all = history(&sandbox, &[vec![], vec![0], vec![1]]);
        sandbox.write(".git/shallow", format!("{}\n", all[2]));
        let range = sandbox.open().range(None, &all[2]).unwrap();
        assert_eq!((ids(&range), range.shallow_at), (all, vec![]));
    }

    #[test]
    fn shallow_clones_say_where_they_end() {
        let sandbox = Sandbox::new();
        let all: Vec<ObjectId> = (0..4).map(|number| sandbox.commit(&format!("commit {number}"))).collect();
        let clone = sandbox.beside("shallow");
        let url = format!("file://{}", sandbox.path().display());
        sandbox.git(&["clone", "-q", "--depth=2", &url, clone.to_str().unwrap()]);
        let repo = sandbox.open_at(&clone);
        assert!(repo.is_shallow());
        let range = repo.range(None, &all[3]).unwrap();
        assert_eq!((ids(&range), range.shallow_at), (vec![all[2], all[3]], vec![all[2]]));
        assert!(matches!(repo.range(Some(&all[0]), &all[3]), Err(GitError::MissingObject { .. })));
        assert!(matches!(repo.is_ancestor(&all[0], &all[3]), Err(GitError::MissingObject { .. })));
        assert!(matches!(repo.first_parent_line_contains(&all[3], &all[0]), Err(GitError::MissingObject { .. })));
        assert_eq!(repo.first_parents(&all[3], 9).unwrap().len(), 2);
    }

    #[test]
    fn absent_parents_of_a_full_clone_are_an_error() {
        let sandbox = Sandbox::new();
        let all = history(&sandbox, &[vec![], vec![0]]);
        let (folder, file) = (all[0].to_string()[..2].to_owned(), all[0].to_string()[2..].to_owned());
        std::fs::remove_file(sandbox.path().join(".git/objects").join(folder).join(file)).unwrap();
        assert!(matches!(sandbox.open().range(None, &all[1]), Err(GitError::MissingObject { .. })));
    }
}
