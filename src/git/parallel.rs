//! Reading one repository on several threads: what was read is remembered by each for itself.

use std::cell::RefCell;
use std::path::PathBuf;
use std::thread;

use super::objects::Objects;
use super::repo::Repo;
use super::tree::CommitTree;

/// Fewer items than this are not worth a thread.
const WORTH_A_THREAD: usize = 128;

/// What another thread needs to read the same repository.
pub(super) struct Shared {
    inner: gix::ThreadSafeRepository,
    objects: Objects,
    hash: gix::hash::Kind,
    index_path: PathBuf,
    extra_objects: Vec<PathBuf>,
    is_rehearsal: bool,
}

impl Shared {
    pub(super) fn of(repo: &Repo) -> Self {
        Self {
            inner: repo.inner.clone().into_sync(),
            objects: repo.objects.clone(),
            hash: repo.hash,
            index_path: repo.index_path.clone(),
            extra_objects: repo.extra_objects.clone(),
            is_rehearsal: repo.is_rehearsal,
        }
    }

    pub(super) fn open(self) -> Repo {
        Repo {
            inner: self.inner.to_thread_local(),
            objects: self.objects,
            hash: self.hash,
            index_path: self.index_path,
            trees: RefCell::default(),
            walked_commits: RefCell::default(),
            extra_objects: self.extra_objects,
            is_rehearsal: self.is_rehearsal,
            threads: Some(1),
            local_time: None,
        }
    }
}

impl Repo {
    /// The same repository, whose parts are worked on by so many threads instead of one for each processor.
    pub fn on_threads(mut self, count: usize) -> Self {
        self.threads = Some(count.max(1));
        self
    }

    /// Runs `work` on parts of `items` side by side, on each other thread with a view of this repository of its own and with
    /// what `fresh` makes, on this one with `own`. The results are in the order of the items; few items are one part, on this
    /// thread.
    pub fn in_parts<T: Sync, S, R: Send>(
        &self,
        items: &[T],
        own: &mut S,
        fresh: impl Fn() -> S + Sync,
        work: impl Fn(&Repo, &mut S, &[T]) -> R + Sync,
    ) -> Vec<R> {
        if items.len() < 2 * WORTH_A_THREAD {
            return vec![work(self, own, items)];
        }
        let processors = self.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        let length = items.len().div_ceil(processors).max(WORTH_A_THREAD);
        let (first, others) = items.split_at(length.min(items.len()));
        thread::scope(|scope| {
            let start = |part| {
                let (shared, fresh, work) = (Shared::of(self), &fresh, &work);
                scope.spawn(move || work(&shared.open(), &mut fresh(), part))
            };
            let threads: Vec<_> = others.chunks(length).map(start).collect();
            let mut results = vec![work(self, own, first)];
            results.extend(threads.into_iter().map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }));
            results
        })
    }
}

impl CommitTree<'_> {
    /// As [`Repo::in_parts`], where each part looks into this tree.
    pub fn in_parts<T: Sync, R: Send>(&self, items: &[T], work: impl Fn(&CommitTree<'_>, &[T]) -> R + Sync) -> Vec<R> {
        let id = *self.id();
        self.repo().in_parts(items, &mut (), || (), |repo, (), part| work(&repo.tree(&id), part))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::WORTH_A_THREAD;
    use crate::model::path::RepoPath;
    use crate::model::tree::TreeView as _;

    #[test]
    fn parts_read_the_same_tree_in_order() {
        let sandbox = Sandbox::new();
        for number in 0..300 {
            sandbox.write(&format!("folder/{number:03}"), number.to_string());
        }
        let commit = sandbox.commit("many");
        let repo = sandbox.open().on_threads(2);
        let tree = repo.tree(&repo.tree_of(&commit).unwrap());
        for count in [0, 1, 255, 256, 257, 300] {
            let numbers: Vec<usize> = (0..count).collect();
            let parts = tree.in_parts(&numbers, |tree, part| {
                let read = |number: &usize| {
                    let path = RepoPath::from(format!("folder/{number:03}"));
                    String::from_utf8(tree.file(&path, 9).unwrap().unwrap()).unwrap().parse::<usize>().unwrap()
                };
                part.iter().map(read).collect::<Vec<_>>()
            });
            assert_eq!(parts.len(), if count < 2 * WORTH_A_THREAD { 1 } else { 2 });
            assert_eq!(parts.concat(), numbers);
        }
    }
}
