//! Changing single entries of the index. What else is staged stays as it was, and so does git's cache of trees.

use std::ffi::OsString;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use gix::index::entry::Flags;

use super::command::{GitCommand, path_from};
use super::error::GitError;
use super::refs::{ATTEMPTS, lock_of, locked, pause};
use super::repo::Repo;
use super::write::{TreeEdit, check_path};
use crate::faults::{Write, reach};
use crate::model::tree::Mode;

impl Repo {
    /// Sets exactly these entries of the index that git names. Held locks are waited for, within bounds.
    ///
    /// Each path keeps its marks (`skip-worktree` of a sparse checkout, `assume-unchanged`): without the first, a file that
    /// was never checked out would count as deleted.
    pub fn update_index(&self, edits: &[TreeEdit]) -> Result<(), GitError> {
        if edits.is_empty() {
            return Ok(());
        }
        self.require_work_dir()?;
        for edit in edits {
            check_path(&edit.path)?;
        }
        if self.is_rehearsal {
            return Ok(());
        }
        reach(Write::Index).map_err(GitError::while_doing("write the index"))?;
        let marks = self.marks(edits)?;
        let marked = |mark| edits.iter().zip(&marks).filter(move |(_, found)| **found == mark).map(|(edit, _)| edit);
        let mut lines = Vec::new();
        for edit in marked(None) {
            let (bits, id) = edit.entry.map_or_else(|| (0, self.null_id()), |(mode, id)| (index_bits(mode), id));
            lines.extend_from_slice(format!("{bits:06o} {id}\t").as_bytes());
            lines.extend_from_slice(edit.path.as_bytes());
            lines.push(0);
        }
        if !lines.is_empty() {
            self.write_index(&|| self.git(["update-index", "-z", "--index-info"]).input(lines.clone()))?;
        }
        for mark in [Mark::SkipWorktree, Mark::AssumeUnchanged] {
            for edit in marked(Some(mark)) {
                // Entry and mark in one command: no moment has one without the other.
                let Some((mode, id)) = edit.entry else { continue };
                let mut entry = OsString::from(format!("{:06o},{id},", index_bits(mode)));
                entry.push(path_from(edit.path.as_bytes()));
                let command = || {
                    let command = self.git(["update-index", "--add", "--cacheinfo"]).arg(&entry);
                    command.arg(mark.flag()).arg("--").arg(path_from(edit.path.as_bytes()))
                };
                self.write_index(&command)?;
            }
        }
        Ok(())
    }

    /// Waits while another command holds the lock of the index, within bounds: whoever moves a branch looks here first, so
    /// that the index can follow.
    pub fn await_index(&self) -> Result<(), GitError> {
        let lock = lock_of(self.index_path());
        for attempt in 1..=ATTEMPTS {
            if lock.symlink_metadata().is_err() {
                return Ok(());
            }
            pause(attempt);
        }
        Err(locked(lock))
    }

    /// Whether the index has the file `file`, a path without links.
    pub fn is_tracked(&self, file: &Path) -> Result<bool, GitError> {
        let Some(top) = self.work_dir() else { return Ok(false) };
        let doing = || format!("find `{}`", top.display());
        let top = std::fs::canonicalize(top).map_err(GitError::while_doing(doing()))?;
        let Ok(path) = file.strip_prefix(top) else { return Ok(false) };
        let Ok(path) = gix::path::into_bstr(path) else { return Ok(false) };
        let path = gix::path::to_unix_separators_on_windows(path);
        Ok(self.load_index()?.entry_by_path(path.as_ref()).is_some())
    }

    /// The mark that each edited path has in the index; a path that goes needs none.
    fn marks(&self, edits: &[TreeEdit]) -> Result<Vec<Option<Mark>>, GitError> {
        let index = self.load_index()?;
        let mark = |edit: &TreeEdit| {
            let entry = edit.entry.and_then(|_| index.entry_by_path(gix::bstr::BStr::new(edit.path.as_bytes())))?;
            if entry.flags.contains(Flags::SKIP_WORKTREE) {
                Some(Mark::SkipWorktree)
            } else {
                entry.flags.contains(Flags::ASSUME_VALID).then_some(Mark::AssumeUnchanged)
            }
        };
        Ok(edits.iter().map(mark).collect())
    }

    /// Runs a command that writes the index, again while somebody else holds its lock.
    fn write_index<'r>(&'r self, command: &dyn Fn() -> GitCommand<'r>) -> Result<(), GitError> {
        let lock = lock_of(self.index_path());
        let mut attempt = 0;
        loop {
            let output = command().with_index().run()?;
            if output.code == Some(0) {
                return Ok(());
            }
            if !output.stderr.contains(".lock") {
                let command = "git update-index".to_owned();
                return Err(GitError::CommandFailed { command, code: output.code, stderr: output.stderr });
            }
            if attempt == ATTEMPTS {
                return Err(locked(lock));
            }
            attempt += 1;
            pause(attempt);
        }
    }
}

/// What a user told git about the working file of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is not checked out.
    SkipWorktree,
    /// It is not looked at.
    AssumeUnchanged,
}

impl Mark {
    fn flag(self) -> &'static str {
        match self {
            Self::SkipWorktree => "--skip-worktree",
            Self::AssumeUnchanged => "--assume-unchanged",
        }
    }
}

impl Repo {
    /// A short text that changes whenever the index that git names does: the checksum that git puts at its end. Where
    /// git was told to leave that out (`index.skipHash`), size, time and file number stand in for it.
    pub fn index_seal(&self) -> Result<String, GitError> {
        let doing = || format!("read the index `{}`", self.index_path().display());
        let mut file = match std::fs::File::open(self.index_path()) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok("absent".to_owned()),
            Err(error) => return Err(GitError::other(doing(), error)),
        };
        let about = file.metadata().map_err(GitError::while_doing(doing()))?;
        let mut checksum = vec![0; self.hash.len_in_bytes()];
        let length = i64::try_from(checksum.len()).unwrap_or(0);
        let read = file.seek(SeekFrom::End(-length)).and_then(|_| file.read_exact(&mut checksum));
        read.map_err(GitError::while_doing(doing()))?;
        if checksum.iter().any(|byte| *byte != 0) {
            return Ok(checksum.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        let made = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Ok(format!("{}-{}-{}", about.len(), made.as_nanos(), file_number(&about)))
    }
}

#[cfg(unix)]
fn file_number(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn file_number(_about: &std::fs::Metadata) -> u64 {
    0
}

fn index_bits(mode: Mode) -> u32 {
    super::diff::canonical(mode).bits()
}

#[cfg(test)]
mod tests {
    use super::super::error::GitError;
    use super::super::sandbox::Sandbox;
    use super::super::write::TreeEdit;
    use crate::model::tree::Mode;

    #[test]
    fn other_entries_and_the_record_of_trees_stay() {
        let sandbox = Sandbox::new();
        sandbox.write("a/kept", "1").write("b/gone", "2").write("c/staged", "3").commit("first");
        sandbox.write("c/staged", "4").git(&["add", "c"]);
        sandbox.git(&["write-tree"]);
        let repo = sandbox.open();
        let blob = repo.write_blob(b"new").unwrap();
        let edits = [
            TreeEdit { path: "b/gone".into(), entry: None },
            TreeEdit { path: "new/with\ttab".into(), entry: Some((Mode::File, blob)) },
        ];
        repo.update_index(&edits).unwrap();
        let staged = sandbox.git(&["diff", "--cached", "--name-status", "--no-renames", "-z"]);
        assert_eq!(staged, "D\0b/gone\0M\0c/staged\0A\0new/with\ttab\0");
        let index = repo.load_index().unwrap();
        let known = index.tree().expect("the record of trees is kept");
        let valid =
            |name: &[u8]| known.children.iter().any(|child| &child.name[..] == name && child.num_entries.is_some());
        assert!(valid(b"a") && valid(b"c") && !valid(b"b"));
        repo.update_index(&[]).unwrap();
    }

    #[test]
    fn entries_keep_their_marks() {
        let sandbox = Sandbox::new();
        sandbox.write("absent", "1").write("hidden", "1").write("plain", "1").commit("first");
        sandbox.git(&["update-index", "--skip-worktree", "absent"]);
        sandbox.git(&["update-index", "--assume-unchanged", "hidden"]);
        std::fs::remove_file(sandbox.path().join("absent")).unwrap();
        sandbox.write("hidden", "of the user").write("plain", "new");
        let repo = sandbox.open();
        let blob = repo.write_blob(b"new").unwrap();
        let edits =
            ["absent", "hidden", "plain"].map(|path| TreeEdit { path: path.into(), entry: Some((Mode::File, blob)) });
        repo.update_index(&edits).unwrap();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "M  absent\nM  hidden\nM  plain");
        assert_eq!(sandbox.git(&["ls-files", "-v"]), "S absent\nh hidden\nH plain");
        repo.update_index(&edits.map(|edit| TreeEdit { entry: None, ..edit })).unwrap();
        assert_eq!(sandbox.git(&["ls-files"]), "");
    }

    #[test]
    fn the_seal_follows_the_index() {
        let sandbox = Sandbox::new();
        assert_eq!(sandbox.open().index_seal().unwrap(), "absent");
        for skip in ["false", "true"] {
            sandbox.git(&["config", "index.skipHash", skip]);
            let mut seals = vec![sandbox.open().index_seal().unwrap()];
            for text in ["1", "2"] {
                sandbox.write("file", format!("{skip} {text}")).git(&["add", "-A"]);
                seals.push(sandbox.open().index_seal().unwrap());
                assert_eq!(sandbox.open().index_seal().unwrap(), seals[seals.len() - 1]);
            }
            seals.dedup();
            assert_eq!(seals.len(), 3, "{seals:?}");
        }
    }

    #[test]
    fn a_held_lock_is_named() {
        let sandbox = Sandbox::new();
        sandbox.write("file", "1").commit("first");
        let repo = sandbox.open();
        sandbox.write(".git/index.lock", "");
        let edit = TreeEdit { path: "file".into(), entry: None };
        let Err(GitError::Locked { path, .. }) = repo.update_index(&[edit]) else { panic!("not locked") };
        assert!(path.ends_with(".git/index.lock"));
    }

    #[test]
    fn refused_without_a_working_tree_or_with_odd_paths() {
        let sandbox = Sandbox::new();
        let repo = sandbox.open();
        let edit = TreeEdit { path: "../x".into(), entry: None };
        assert!(matches!(repo.update_index(&[edit]), Err(GitError::UnsafePath { .. })));
        let bare = sandbox.beside("bare.git");
        sandbox.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
        let repo = sandbox.open_at(&bare);
        assert!(repo.is_bare());
        let edit = TreeEdit { path: "x".into(), entry: None };
        assert!(matches!(repo.update_index(&[edit]), Err(GitError::Bare { .. })));
    }
}
