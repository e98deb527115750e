//! Changing single entries of the index. What else is staged stays as it was, and so does git's cache of trees.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::UNIX_EPOCH;

use super::error::GitError;
use super::refs::{ATTEMPTS, lock_of, locked, pause};
use super::repo::Repo;
use super::write::{TreeEdit, check_path};
use crate::model::tree::Mode;

impl Repo {
    /// Sets exactly these entries of the index that git names. Held locks are waited for, within bounds.
    pub fn update_index(&self, edits: &[TreeEdit]) -> Result<(), GitError> {
        if edits.is_empty() {
            return Ok(());
        }
        self.require_work_dir()?;
        let mut lines = Vec::new();
        for edit in edits {
            check_path(&edit.path)?;
            let (bits, id) = edit.entry.map_or_else(|| (0, self.null_id()), |(mode, id)| (index_bits(mode), id));
            lines.extend_from_slice(format!("{bits:06o} {id}\t").as_bytes());
            lines.extend_from_slice(edit.path.as_bytes());
            lines.push(0);
        }
        if self.is_rehearsal {
            return Ok(());
        }
        let lock = lock_of(self.index_path());
        let mut attempt = 0;
        loop {
            let command = self.git(["update-index", "-z", "--index-info"]).with_index().input(lines.clone());
            let output = command.run()?;
            if output.code == Some(0) {
                return Ok(());
            }
            if !output.stderr.contains(".lock") {
                let command = "git update-index -z --index-info".to_owned();
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
