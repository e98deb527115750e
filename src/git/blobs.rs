//! Every file that history holds: each blob once, read on all processors.

use std::rc::Rc;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use super::commit::head_of;
use super::error::GitError;
use super::objects::FolderName;
use super::parallel::Shared;
use super::repo::Repo;
use crate::model::digest::ObjectId;
use crate::model::ids::IdSet;
use crate::model::path::RepoPath;
use crate::model::tree::Mode;

/// So many blobs are handed to a thread at once.
const BATCH: usize = 64;
/// So many batches may wait. With it, what waits is bounded however large history is.
const WAITING: usize = 4;
/// Deeper folders are not walked: a tree bomb is a failure, not a hang.
const MAX_DEPTH: usize = 256;

/// A blob, and where it was met first: commits are walked parents first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastBlob {
    /// The blob.
    pub id: ObjectId,
    /// Its path in that commit.
    pub path: RepoPath,
    /// The commit.
    pub commit: ObjectId,
}

/// How much was walked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// Commits.
    pub commits: usize,
    /// Blobs of files, each once.
    pub blobs: usize,
    /// Commits whose parents are not in this clone because history was cut off there.
    pub shallow_at: Vec<ObjectId>,
}

impl Repo {
    /// Runs `work` for each blob of a file that is reachable from `tips`, on all processors, with a repository of that
    /// thread's own. What it gives back comes in the order of the walk; `None` is left out.
    pub fn each_past_blob<R: Send>(
        &self,
        tips: &[ObjectId],
        work: impl Fn(&Self, &PastBlob) -> Option<R> + Sync,
    ) -> Result<(Walked, Vec<R>), GitError> {
        let (sender, receiver) = mpsc::sync_channel::<(usize, Vec<PastBlob>)>(WAITING);
        let receiver = Mutex::new(receiver);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            let (receiver, work) = (&receiver, &work);
            let start = |_| {
                let shared = Shared::of(self);
                scope.spawn(move || {
                    let repo = shared.open();
                    let mut found = Vec::new();
                    loop {
                        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((number, batch)) = next else { return found };
                        let results =
                            batch.iter().enumerate().filter_map(|(index, blob)| Some((index, work(&repo, blob)?)));
                        found.extend(results.map(|(index, result)| ((number, index), result)));
                    }
                })
            };
            let workers: Vec<_> = (0..threads).map(start).collect();
            let mut walk = Walk {
                repo: self,
                trees: IdSet::default(),
                blobs: IdSet::default(),
                batch: Vec::new(),
                sent: 0,
                sender,
            };
            let walked = walk.history(tips);
            // Without a sender the workers end.
            drop(walk);
            let mut found = Vec::new();
            for worker in workers {
                match worker.join() {
                    Ok(results) => found.extend(results),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            found.sort_by_key(|(place, _)| *place);
            Ok((walked?, found.into_iter().map(|(_, result)| result).collect()))
        })
    }
}

struct Walk<'r> {
    repo: &'r Repo,
    trees: IdSet,
    blobs: IdSet,
    batch: Vec<PastBlob>,
    sent: usize,
    sender: mpsc::SyncSender<(usize, Vec<PastBlob>)>,
}

impl Walk<'_> {
    fn history(&mut self, tips: &[ObjectId]) -> Result<Walked, GitError> {
        let mut walked = Walked::default();
        let mut seen = IdSet::default();
        let mut buffer = Vec::new();
        for tip in tips {
            // On the second visit of a commit all that it follows was walked.
            let mut stack = vec![(*tip, None)];
            while let Some((id, tree)) = stack.pop() {
                if let Some(tree) = tree {
                    self.tree(&tree, &id)?;
                    walked.commits += 1;
                    continue;
                }
                if !seen.insert(id) {
                    continue;
                }
                if !self.repo.read_into(&id, gix::objs::Kind::Commit, &"a commit", &mut buffer)? {
                    if !self.repo.is_shallow() {
                        return Err(GitError::MissingObject { id: id.to_string(), what: "a commit".to_owned() });
                    }
                    walked.shallow_at.push(id);
                    continue;
                }
                let head = head_of(&id, &buffer)?;
                stack.push((id, Some(head.tree)));
                stack.extend(head.parents.into_iter().map(|parent| (parent, None)));
            }
        }
        self.send();
        walked.blobs = self.blobs.len();
        Ok(walked)
    }

    /// The blobs below a tree, in folders that were not seen before.
    fn tree(&mut self, root: &ObjectId, commit: &ObjectId) -> Result<(), GitError> {
        // Each folder's own name, and the path of what it lies in once for all of them: they may be many.
        let mut stack = vec![(*root, Rc::new(RepoPath::default()), Vec::new(), 0)];
        while let Some((id, parent, name, depth)) = stack.pop() {
            if !self.trees.insert(id) {
                continue;
            }
            let folder = if depth == 0 { parent } else { Rc::new(parent.join(&name)) };
            if depth > MAX_DEPTH {
                let why = format!("`{folder}` lies deeper than {MAX_DEPTH} folders");
                return Err(GitError::Damaged { id: id.to_string(), why });
            }
            // Not remembered: each is read once.
            let bytes = self.repo.read(&id, gix::objs::Kind::Tree, &FolderName(folder.as_bytes()))?;
            let mut files = Vec::new();
            self.repo.for_each_entry(&id, &bytes, |entry| match entry.mode() {
                mode if mode.is_folder() => {
                    stack.push((entry.id(), Rc::clone(&folder), entry.name.to_vec(), depth + 1));
                }
                Mode::Gitlink | Mode::Symlink => {}
                _ => files.push((entry.id(), entry.name)),
            })?;
            for (id, name) in files {
                if self.blobs.insert(id) {
                    self.batch.push(PastBlob { id, path: folder.join(name), commit: *commit });
                    if self.batch.len() == BATCH {
                        self.send();
                    }
                }
            }
        }
        Ok(())
    }

    fn send(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        // The workers take until this end is closed.
        let _ = self.sender.send((self.sent, batch));
        self.sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn each_blob_once_where_it_came_in() {
        let sandbox = Sandbox::new();
        let first = sandbox.write("a", "1").write("folder/b", "2").commit("first");
        let second = sandbox.write("a", "3").write("copy", "2").commit("second");
        sandbox.git(&["switch", "-q", "-c", "side", &first.to_string()]);
        let side = sandbox.write("folder/c", "4").commit("side");
        sandbox.git(&["switch", "-q", "main"]);
        sandbox.git(&["merge", "-q", "--no-edit", "side"]);
        let repo = sandbox.open();
        let tips = [repo.head_commit().unwrap(), side];
        let (walked, mut found) = repo
            .each_past_blob(&tips, |repo, blob| {
                let bytes = repo.blob(&blob.id, &blob.path, 9).unwrap();
                Some((blob.path.to_string(), String::from_utf8(bytes).unwrap(), blob.commit))
            })
            .unwrap();
        found.sort();
        let shown: Vec<_> = found.iter().map(|(path, text, commit)| (path.as_str(), text.as_str(), *commit)).collect();
        assert_eq!(shown, [("a", "1", first), ("a", "3", second), ("folder/b", "2", first), ("folder/c", "4", side)]);
        assert_eq!((walked.commits, walked.blobs, walked.shallow_at.len()), (4, 4, 0));
        let git = sandbox.git(&[
            "rev-list",
            "--objects",
            "--all",
            "--no-object-names",
            "--filter=object:type=blob",
            "--filter-provided-objects",
        ]);
        assert_eq!(git.lines().count(), walked.blobs);
    }

    #[test]
    fn many_blobs_come_in_order() {
        let sandbox = Sandbox::new();
        for number in 0..500 {
            sandbox.write(&format!("{number:03}"), number.to_string());
        }
        let tip = sandbox.commit("many");
        let repo = sandbox.open();
        let (_, found) = repo.each_past_blob(&[tip], |_, blob| Some(blob.path.to_string())).unwrap();
        assert_eq!(found, (0..500).map(|number| format!("{number:03}")).collect::<Vec<_>>());
    }

    #[test]
    fn where_history_is_cut_off_is_said() {
        let sandbox = Sandbox::new();
        sandbox.write("a", "1").commit("first");
        let tip = sandbox.write("a", "2").commit("second");
        let clone = sandbox.beside("shallow");
        let source = format!("file://{}", sandbox.path().display());
        sandbox.git(&["clone", "-q", "--depth=1", &source, clone.to_str().unwrap()]);
        let repo = Repo::open(&clone).unwrap();
        let (walked, found) = repo.each_past_blob(&[tip], |_, blob| Some(blob.commit)).unwrap();
        assert_eq!((found, walked.shallow_at.len()), (vec![tip], 1));
    }
}
