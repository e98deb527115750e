//! Walks over history. Parents come from the raw commits; where history was cut off, that is said.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::commit::{head_of, parse};
use super::error::GitError;
use super::objects::from_gix;
use super::repo::Repo;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;

/// After the last wanted commit left the queue, so many more unwanted ones are looked at: with skewed clocks a wanted
/// commit may still turn out to be reachable from the base.
const PATIENCE: usize = 64;

/// Commits reachable from a tip and not from a base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// The commits, parents before children.
    pub commits: Vec<Commit>,
    /// Those of them with a parent that is not in this clone because history was cut off there.
    pub shallow_at: Vec<ObjectId>,
}

/// One commit that a walk has met.
struct Node {
    hidden: bool,
    done: bool,
    parents: Vec<ObjectId>,
    seconds: i64,
    /// Read only for what may be wanted.
    commit: Option<Commit>,
}

/// The state of a walk: what was met, and what waits, newest first.
struct Walk<'r> {
    repo: &'r Repo,
    nodes: HashMap<ObjectId, Node>,
    queue: BinaryHeap<(i64, Reverse<usize>, ObjectId)>,
    /// Wanted commits in the queue.
    wanted: usize,
    met: usize,
    buffer: Vec<u8>,
}

impl Repo {
    /// The commits reachable from `tip` and not from `base` (`None`: all of them).
    pub fn range(&self, base: Option<&ObjectId>, tip: &ObjectId) -> Result<Range, GitError> {
        self.range_hiding(base.copied().as_slice(), tip)
    }

    /// The commits reachable from `tip` and from none of `bases`.
    pub fn range_hiding(&self, bases: &[ObjectId], tip: &ObjectId) -> Result<Range, GitError> {
        let mut walk = Walk::new(self);
        for base in bases {
            walk.meet(base, true)?.then_some(()).ok_or_else(|| absent(base))?;
        }
        walk.meet(tip, false)?.then_some(()).ok_or_else(|| absent(tip))?;
        let mut shallow_at = Vec::new();
        let mut oldest = i64::MAX;
        let mut patience = PATIENCE;
        while let Some((seconds, _, id)) = walk.queue.pop() {
            let (hidden, parents) = walk.finish(&id);
            if !hidden {
                oldest = oldest.min(seconds);
            } else if walk.wanted == 0 && seconds < oldest {
                if patience == 0 {
                    break;
                }
                patience -= 1;
            }
            for parent in parents {
                if walk.meet(&parent, hidden)? || hidden {
                    continue;
                }
                if !self.is_shallow() {
                    return Err(GitError::MissingObject { id: parent.to_string(), what: format!("a parent of {id}") });
                }
                if shallow_at.last() != Some(&id) {
                    shallow_at.push(id);
                }
            }
        }
        let wanted = |id: &ObjectId| walk.nodes.get(id).is_some_and(|node| node.done && !node.hidden);
        shallow_at.retain(wanted);
        Ok(Range { commits: parents_first(walk.nodes), shallow_at })
    }

    /// What a push to `remote` would bring: commits reachable from `local` and from none of the remote's branches as
    /// last fetched.
    pub fn range_of_push(&self, remote: &str, local: &ObjectId) -> Result<Range, GitError> {
        let prefix = format!("refs/remotes/{remote}/");
        let doing = format!("list the references below `{prefix}`");
        let references = self.inner.references().map_err(GitError::while_doing(doing.clone()))?;
        let mut bases = Vec::new();
        for reference in references.prefixed(prefix.as_str()).map_err(GitError::while_doing(doing.clone()))? {
            let reference = reference.map_err(GitError::while_doing(doing.clone()))?;
            if let Some(id) = reference.target().try_id().map(from_gix)
                && matches!(self.header(&id)?, Some((gix::objs::Kind::Commit, _)))
            {
                bases.push(id);
            }
        }
        self.range_hiding(&bases, local)
    }

    /// Up to `count` commits of the first-parent line from `tip` on, newest first; fewer where history ends or was
    /// cut off.
    pub fn first_parents(&self, tip: &ObjectId, count: usize) -> Result<Vec<Commit>, GitError> {
        let mut line = Vec::new();
        let mut next = Some(*tip);
        while let Some(id) = next.filter(|_| line.len() < count) {
            if !line.is_empty() && !self.has_object(&id) && self.is_shallow() {
                break;
            }
            let commit = self.commit(&id)?;
            next = commit.parents.first().copied();
            line.push(commit);
        }
        Ok(line)
    }

    /// Whether `needle` lies on the first-parent line from `tip` on. Where the line was cut off before it was found, the
    /// answer is unknown: [`GitError::MissingObject`].
    pub fn first_parent_line_contains(&self, tip: &ObjectId, needle: &ObjectId) -> Result<bool, GitError> {
        let mut buffer = Vec::new();
        let mut seen = HashSet::new();
        let mut next = Some(*tip);
        while let Some(id) = next {
            if id == *needle {
                return Ok(true);
            }
            if !seen.insert(id) {
                return Ok(false);
            }
            if !self.read_into(&id, gix::objs::Kind::Commit, "a commit", &mut buffer)? {
                return Err(absent(&id));
            }
            next = head_of(&id, &buffer)?.parents.first().copied();
        }
        Ok(false)
    }

    /// Whether `old` is `new` or one of its ancestors. Where history was cut off before `old` was found, the answer is
    /// unknown: [`GitError::MissingObject`].
    pub fn is_ancestor(&self, old: &ObjectId, new: &ObjectId) -> Result<bool, GitError> {
        let mut walk = Walk::new(self);
        walk.meet(new, true)?.then_some(()).ok_or_else(|| absent(new))?;
        let mut gone = None;
        while let Some((_, _, id)) = walk.queue.pop() {
            if id == *old {
                return Ok(true);
            }
            for parent in walk.finish(&id).1 {
                if parent == *old {
                    return Ok(true);
                }
                if !walk.meet(&parent, true)? {
                    gone = Some(parent);
                }
            }
        }
        gone.map_or(Ok(false), |id| Err(absent(&id)))
    }
}

fn absent(id: &ObjectId) -> GitError {
    GitError::MissingObject { id: id.to_string(), what: "a commit".to_owned() }
}

impl<'r> Walk<'r> {
    fn new(repo: &'r Repo) -> Self {
        Self { repo, nodes: HashMap::new(), queue: BinaryHeap::new(), wanted: 0, met: 0, buffer: Vec::new() }
    }

    /// Puts a commit into the queue, or hides one that was met before. `false` when the commit is absent.
    fn meet(&mut self, id: &ObjectId, hidden: bool) -> Result<bool, GitError> {
        if self.nodes.contains_key(id) {
            if hidden {
                self.hide(*id);
            }
            return Ok(true);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let found = self.repo.read_into(id, gix::objs::Kind::Commit, "a commit", &mut buffer)?;
        if found {
            let head = head_of(id, &buffer)?;
            let seconds = head.seconds();
            let node = if hidden {
                Node { hidden, done: false, parents: head.parents, seconds, commit: None }
            } else {
                let commit = parse(id, &buffer)?;
                Node { hidden, done: false, parents: head.parents, seconds, commit: Some(commit) }
            };
            self.nodes.insert(*id, node);
            self.queue.push((seconds, Reverse(self.met), *id));
            self.met += 1;
            self.wanted += usize::from(!hidden);
        }
        self.buffer = buffer;
        Ok(found)
    }

    /// Hides a commit, and those of its ancestors that the walk has gone beyond.
    fn hide(&mut self, id: ObjectId) {
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            let Some(node) = self.nodes.get_mut(&id).filter(|node| !node.hidden) else { continue };
            node.hidden = true;
            node.commit = None;
            if node.done {
                waiting.extend_from_slice(&node.parents);
            } else {
                self.wanted -= 1;
            }
        }
    }

    /// Notes that a commit left the queue; whether it is hidden, and its parents.
    fn finish(&mut self, id: &ObjectId) -> (bool, Vec<ObjectId>) {
        let Some(node) = self.nodes.get_mut(id) else { return (true, Vec::new()) };
        node.done = true;
        self.wanted -= usize::from(!node.hidden);
        (node.hidden, node.parents.clone())
    }
}

/// The wanted commits, parents before children; of unrelated ones the older first.
fn parents_first(mut nodes: HashMap<ObjectId, Node>) -> Vec<Commit> {
    nodes.retain(|_, node| !node.hidden && node.done);
    let mut children: HashMap<ObjectId, usize> = HashMap::new();
    for node in nodes.values() {
        for parent in &node.parents {
            *children.entry(*parent).or_default() += 1;
        }
    }
    let free = nodes.iter().filter(|(id, _)| !children.contains_key(*id)).map(|(id, node)| (node.seconds, *id));
    let mut queue: BinaryHeap<(i64, ObjectId)> = free.collect();
    let mut commits = Vec::with_capacity(nodes.len());
    while let Some((_, id)) = queue.pop() {
        let Some(node) = nodes.remove(&id) else { continue };
        for parent in &node.parents {
            if let Some(left) = children.get_mut(parent) {
                *left -= 1;
                if let (0, Some(next)) = (*left, nodes.get(parent)) {
                    queue.push((next.seconds, *parent));
                }
            }
        }
        commits.extend(node.commit);
    }
    commits.reverse();
    commits
}
