//! Moving references by compare and swap, with their logs. Hooks of git do not run here: the laws ran before.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gix::refs::store::WriteReflog;
use gix::refs::transaction::{PreviousValue, RefEdit};
use gix::refs::{FullName, Target};

use super::error::GitError;
use super::objects::from_gix;
use super::repo::Repo;
use super::revision::Head;
use crate::faults::{Write, reach};
use crate::model::digest::ObjectId;

/// Attempts on a held lock, besides the time that `core.filesRefLockTimeout` grants each.
pub(super) const ATTEMPTS: u32 = 10;

impl Repo {
    /// Moves the reference `name` from `expected` (`None`: it must not exist) to `new`, and logs `message`.
    ///
    /// [`GitError::LostRace`] when it is somewhere else: read again, judge again, repeat. [`GitError::Locked`] when its lock
    /// was held for all attempts. When HEAD is on `name`, HEAD's log gets the line too.
    pub fn swap_ref(
        &self,
        name: &str,
        expected: Option<&ObjectId>,
        new: &ObjectId,
        message: &str,
    ) -> Result<(), GitError> {
        let full = FullName::try_from(name).map_err(GitError::while_doing(format!("use `{name}` as a reference")))?;
        let own = |id: &ObjectId| {
            self.own_id(id).ok_or_else(|| GitError::MissingObject { id: id.to_string(), what: format!("for `{name}`") })
        };
        let previous = match expected {
            Some(id) => PreviousValue::MustExistAndMatch(Target::Object(own(id)?)),
            None => PreviousValue::MustNotExist,
        };
        if self.is_rehearsal {
            let actual = self.reference(name)?;
            let expected = expected.copied();
            let lost = || GitError::LostRace { name: name.to_owned(), expected, actual };
            return (actual == expected).then_some(()).ok_or_else(lost);
        }
        let line = message.lines().next().unwrap_or_default();
        let edit = RefEdit::update(full, own(new)?, previous, line);
        let committer = self.signature(None, false)?;
        reach(Write::Reference).map_err(GitError::while_doing(format!("move the reference `{name}`")))?;
        let mut time = gix::date::parse::TimeBuf::default();
        let mut attempt = 0;
        let edits = loop {
            let done = self.inner.edit_references_as([edit.clone()], Some(committer.to_ref(&mut time)));
            match done {
                Ok(edits) => break edits,
                Err(error) if error.is_conflict() || error.is_not_found() => {
                    return Err(self.lost(name, expected, &error));
                }
                Err(error) if error.can_retry() && attempt < ATTEMPTS => {
                    attempt += 1;
                    pause(attempt);
                }
                Err(error) if error.can_retry() => {
                    let packed = self.common_dir().join("packed-refs.lock");
                    let own = lock_of(&self.ref_path(name));
                    return Err(locked(if own.exists() || !packed.exists() { own } else { packed }));
                }
                Err(error) => return Err(GitError::other(format!("move the reference `{name}`"), error)),
            }
        };
        if expected.is_none()
            && let Some(gix::refs::TargetRef::Object(actual)) =
                edits.first().and_then(|edit| edit.change.previous_value())
        {
            // A reference that exists already with this very value is no success of ours: somebody else made it.
            let actual = Some(from_gix(actual));
            return Err(GitError::LostRace { name: name.to_owned(), expected: None, actual });
        }
        // The reference has moved; a log that cannot be written must not say otherwise.
        let _ = self.log_head(name, expected, new, &committer, line);
        Ok(())
    }

    fn lost(&self, name: &str, expected: Option<&ObjectId>, error: &gix::Error) -> GitError {
        use gix::refs::file::transaction::prepare::{MustNotExist, ReferenceOutOfDate};
        let seen = error.downcast_any_ref::<ReferenceOutOfDate>().map(|found| &found.actual);
        let seen = seen.or_else(|| error.downcast_any_ref::<MustNotExist>().map(|found| &found.actual));
        let actual = seen.and_then(|target| target.try_id()).map(from_gix);
        GitError::LostRace { name: name.to_owned(), expected: expected.copied(), actual }
    }

    /// HEAD's own log, where HEAD is on the branch that moved: `git reflog` and `HEAD@{1}` read it.
    fn log_head(
        &self,
        name: &str,
        old: Option<&ObjectId>,
        new: &ObjectId,
        who: &gix::actor::Signature,
        message: &str,
    ) -> Result<(), GitError> {
        let on_it = match self.head()? {
            Head::Branch { name: branch, .. } => branch == name,
            _ => false,
        };
        let path = self.git_dir().join("logs/HEAD");
        let wanted = match self.inner.refs.write_reflog {
            WriteReflog::Disable => path.exists(),
            WriteReflog::Normal | WriteReflog::Always => true,
        };
        if !on_it || !wanted {
            return Ok(());
        }
        let doing = || format!("write `{}`", path.display());
        let old = old.copied().unwrap_or_else(|| self.null_id());
        let mut line = format!("{old} {new} ").into_bytes();
        who.write_to(&mut line).map_err(GitError::while_doing(doing()))?;
        line.extend_from_slice(format!("\t{message}\n").as_bytes());
        reach(Write::Log).map_err(GitError::while_doing(doing()))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(GitError::while_doing(doing()))?;
        }
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        // One write: lines of two processes do not mix.
        file.and_then(|mut file| file.write_all(&line)).map_err(GitError::while_doing(doing()))
    }

    /// Removes the lock of the reference `name` if nobody has touched it for about a second; `true` when it was there.
    ///
    /// Only for a reference whose mover is known to have died: git holds such a lock for milliseconds, and a killed
    /// process leaves it for ever.
    pub fn break_stale_lock(&self, name: &str) -> Result<bool, GitError> {
        let lock = lock_of(&self.ref_path(name));
        let seen = || std::fs::metadata(&lock).and_then(|file| file.modified()).ok();
        let Some(first) = seen() else { return Ok(false) };
        for _ in 0..24 {
            std::thread::sleep(Duration::from_millis(50));
            if seen() != Some(first) {
                return Ok(false);
            }
        }
        match std::fs::remove_file(&lock) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(GitError::other(format!("remove the stale lock `{}`", lock.display()), error)),
        }
    }

    fn ref_path(&self, name: &str) -> PathBuf {
        let own = ["refs/bisect/", "refs/worktree/", "refs/rewritten/"].iter().any(|prefix| name.starts_with(prefix));
        let dir = if own || !name.starts_with("refs/") { self.git_dir() } else { self.common_dir() };
        dir.join(name)
    }
}

/// Waits before another attempt: 1 ms at first, 50 ms at most. Processes differ a little, so that they do not meet again.
pub(super) fn pause(attempt: u32) {
    let longest = 50_000u64.min(1000 << attempt.min(6));
    let spread = u64::from(std::process::id().wrapping_mul(2_654_435_761) >> 20) % (longest / 2).max(1);
    std::thread::sleep(Duration::from_micros(longest - spread));
}

/// The lock file of a file.
pub(super) fn lock_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The error for a lock that stays.
pub(super) fn locked(path: impl AsRef<Path>) -> GitError {
    let made = std::fs::metadata(path.as_ref()).and_then(|file| file.modified()).ok();
    GitError::Locked { path: path.as_ref().to_owned(), age: made.and_then(|made| made.elapsed().ok()) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::sandbox::Sandbox;
    use super::super::write::NewCommit;
    use super::*;

    #[test]
    fn a_lock_that_nobody_holds_is_broken() {
        let sandbox = Sandbox::new();
        let repo = Repo::open(sandbox.path()).unwrap();
        assert!(!repo.break_stale_lock("refs/heads/main").unwrap());
        let lock = repo.common_dir().join("refs/heads/main.lock");
        std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
        std::fs::write(&lock, "").unwrap();
        assert!(repo.break_stale_lock("refs/heads/main").unwrap());
        assert!(!lock.exists());
    }

    fn child(repo: &Repo, parent: &ObjectId, message: &str) -> ObjectId {
        let tree = repo.tree_of(parent).unwrap();
        let message = message.to_owned();
        let new = NewCommit { tree, parents: vec![*parent], message, author: None, committer: None };
        repo.create_commit(&new).unwrap()
    }

    #[test]
    fn swaps_are_logged_and_checked() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let repo = sandbox.open();
        let second = child(&repo, &first, "second");
        repo.swap_ref("refs/heads/main", Some(&first), &second, "commit: second\nline two").unwrap();
        assert_eq!(sandbox.id("HEAD"), second);
        for name in ["HEAD", "main"] {
            assert_eq!(sandbox.git(&["log", "-g", "-1", "--format=%gs", name]), "commit: second");
            assert_eq!(sandbox.id(&format!("{name}@{{1}}")), first, "{name}");
        }
        let third = child(&repo, &second, "third");
        let lost = repo.swap_ref("refs/heads/main", Some(&first), &third, "x");
        assert!(
            matches!(&lost, Err(GitError::LostRace { expected, actual, .. }) if *expected == Some(first) && *actual == Some(second)),
            "{lost:?}"
        );
        let lost = repo.swap_ref("refs/heads/none", Some(&first), &third, "x");
        assert!(matches!(lost, Err(GitError::LostRace { actual: None, .. })));
        assert_eq!(sandbox.id("HEAD"), second);
        sandbox.git(&["reflog", "expire", "--expire=never", "--all"]);
        sandbox.git(&["fsck", "--strict"]);
    }

    #[test]
    fn what_must_not_exist_is_made_once() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let repo = sandbox.open();
        let name = "refs/agentops/claims/one";
        repo.swap_ref(name, None, &first, "claim").unwrap();
        assert_eq!(repo.reference(name).unwrap(), Some(first));
        // The very same value counts as lost too: the claim is somebody else's.
        let again = repo.swap_ref(name, None, &first, "claim");
        assert!(matches!(again, Err(GitError::LostRace { expected: None, actual: Some(id), .. }) if id == first));
        sandbox.git(&["pack-refs", "--all"]);
        let again = sandbox.open().swap_ref(name, None, &child(&repo, &first, "x"), "claim");
        assert!(matches!(again, Err(GitError::LostRace { actual: Some(id), .. }) if id == first));
        assert_eq!(sandbox.open().reference("refs/heads/none").unwrap(), None);
        assert!(repo.swap_ref("not a name", None, &first, "x").is_err());
    }

    #[test]
    fn a_detached_head_moves_alone() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let repo = sandbox.open();
        let second = child(&repo, &first, "second");
        let refused = repo.swap_ref("HEAD", Some(&first), &second, "x");
        assert!(matches!(refused, Err(GitError::LostRace { .. })), "HEAD is on a branch: {refused:?}");
        sandbox.git(&["switch", "-q", "--detach"]);
        repo.swap_ref("HEAD", Some(&first), &second, "moved").unwrap();
        assert_eq!((sandbox.id("HEAD"), sandbox.id("main")), (second, first));
        assert_eq!(sandbox.git(&["log", "-g", "-1", "--format=%gs", "HEAD"]), "moved");
        assert_eq!(sandbox.id("HEAD@{1}"), first);
    }

    #[test]
    fn a_lock_that_stays_is_named() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        sandbox.git(&["config", "core.filesRefLockTimeout", "1"]);
        let repo = sandbox.open();
        sandbox.write(".git/refs/heads/main.lock", "");
        let second = child(&repo, &first, "second");
        let Err(GitError::Locked { path, age }) = repo.swap_ref("refs/heads/main", Some(&first), &second, "x") else {
            panic!("not locked")
        };
        assert!(path.ends_with("refs/heads/main.lock") && age.is_some());
        assert_eq!(sandbox.id("HEAD"), first);
    }

    #[test]
    fn nothing_is_lost_among_threads() {
        const WRITERS: usize = 4;
        const EACH: usize = 12;
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let lost = AtomicUsize::new(0);
        let path = sandbox.path().to_owned();
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (path, lost) = (&path, &lost);
                scope.spawn(move || {
                    let repo = Repo::open(path).unwrap();
                    for number in 0..EACH {
                        loop {
                            let tip = repo.head_commit().unwrap();
                            let new = child(&repo, &tip, &format!("{writer}.{number}"));
                            match repo.swap_ref("refs/heads/main", Some(&tip), &new, "append") {
                                Ok(()) => break,
                                Err(GitError::LostRace { .. } | GitError::Locked { .. }) => {
                                    lost.fetch_add(1, Ordering::Relaxed)
                                }
                                Err(error) => panic!("{}", error.chain()),
                            };
                        }
                    }
                });
            }
        });
        let repo = sandbox.open();
        let commits = repo.range(Some(&first), &repo.head_commit().unwrap()).unwrap().commits;
        let mut messages: Vec<&str> = commits.iter().map(|commit| commit.message.as_str()).collect();
        messages.sort_unstable();
        messages.dedup();
        assert_eq!(messages.len(), WRITERS * EACH, "{} races were lost and run again", lost.load(Ordering::Relaxed));
        sandbox.git(&["fsck", "--strict"]);
    }

    #[test]
    fn a_linked_worktree_logs_its_own_head() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let tree = sandbox.beside("linked");
        sandbox.git(&["worktree", "add", "-q", "-b", "other", tree.to_str().unwrap()]);
        let repo = sandbox.open_at(&tree);
        let second = child(&repo, &first, "second");
        repo.swap_ref("refs/heads/other", Some(&first), &second, "here").unwrap();
        assert_eq!(sandbox.git_at(&tree, &["log", "-g", "-1", "--format=%gs", "HEAD"]), "here");
        assert_eq!(sandbox.id("other"), second);
        assert_eq!(sandbox.id("HEAD"), first);
        assert_ne!(sandbox.git(&["log", "-g", "-1", "--format=%gs", "HEAD"]), "here");
    }
}
