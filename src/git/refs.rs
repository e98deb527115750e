//! Moving references by compare and swap, with their logs. Hooks of git do not run here: the laws ran before.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gix::refs::store::WriteReflog;
use gix::refs::transaction::{PreviousValue, RefEdit};
use gix::refs::{FullName, Target};

use super::error::GitError;
use super::objects::from_gix;
use super::repo::{Head, Repo};
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
        let line = message.lines().next().unwrap_or_default();
        let edit = RefEdit::update(full, own(new)?, previous, line);
        let committer = self.signature(None, false)?;
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
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(GitError::while_doing(doing()))?;
        }
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        // One write: lines of two processes do not mix.
        file.and_then(|mut file| file.write_all(&line)).map_err(GitError::while_doing(doing()))
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
