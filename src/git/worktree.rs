//! The working tree as a view: the bytes as they lie there, without filters, and without following symbolic links.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::PathBuf;

use super::command::path_from;
use super::error::GitError;
use super::objects::from_gix;
use super::repo::Repo;
use super::tree;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{Entry, Mode, SightError, TreeView};

/// The working tree. A path below a symbolic link is an error. Ids are those that the bytes would have as blobs;
/// folders have none.
pub struct WorkTree<'r> {
    repo: &'r Repo,
    top: PathBuf,
}

impl Repo {
    /// The view of the working tree.
    pub fn worktree_view(&self) -> Result<WorkTree<'_>, GitError> {
        Ok(WorkTree { repo: self, top: self.require_work_dir()?.to_owned() })
    }
}

/// When and where the file system wrote a file last: two stamps of one path differ where it was written in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    /// Inode, then change time and time of writing, each in seconds and nanoseconds. No program sets the change time at will.
    #[cfg(unix)]
    times: (u64, i64, i64, i64, i64),
    /// Time of writing, in steps of 100 ns.
    #[cfg(windows)]
    times: u64,
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        #[cfg(windows)]
        use std::os::windows::fs::MetadataExt as _;
        Self {
            size: found.len(),
            #[cfg(unix)]
            times: (found.ino(), found.ctime(), found.ctime_nsec(), found.mtime(), found.mtime_nsec()),
            #[cfg(windows)]
            times: found.last_write_time(),
        }
    }
}

impl WorkTree<'_> {
    /// When the plain file at `path` was written last; `None` where there is none.
    pub fn stamp(&self, path: &RepoPath) -> Result<Option<Stamp>, SightError> {
        let found = self.find(path)?.filter(|(_, found)| found.is_file());
        Ok(found.map(|(_, found)| Stamp::of(&found)))
    }

    /// The place of `path`, and what is there; `None` when nothing is. Git's own folder is not part of the tree.
    fn find(&self, path: &RepoPath) -> Result<Option<(PathBuf, Metadata)>, SightError> {
        let failed = |why: String| SightError::Failed(format!("`{path}` cannot be read: {why}"));
        let mut at = self.top.clone();
        let mut names = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            if name.is_empty() || name == b"." || name == b".." || is_git(name) {
                return Ok(None);
            }
            at.push(path_from(name));
            if names.peek().is_some() {
                match std::fs::symlink_metadata(&at) {
                    Ok(found) if found.is_dir() => {}
                    Ok(found) if found.is_symlink() => {
                        return Err(failed(format!("`{}` is a symbolic link", at.display())));
                    }
                    Ok(_) => return Ok(None),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(failed(error.to_string())),
                }
            }
        }
        match std::fs::symlink_metadata(&at) {
            Ok(found) => Ok(Some((at, found))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn read(&self, at: &PathBuf, found: &Metadata, path: &RepoPath, limit: u64) -> Result<Vec<u8>, SightError> {
        let failed = |error: std::io::Error| SightError::Failed(format!("`{path}` cannot be read: {error}"));
        if found.is_symlink() {
            let target = std::fs::read_link(at).map_err(failed)?;
            return Ok(gix::path::into_bstr(target)
                .map_err(|error| SightError::Failed(error.to_string()))?
                .into_owned()
                .into());
        }
        if !found.is_file() {
            return Err(SightError::Failed(format!("`{path}` is not a plain file")));
        }
        if found.len() > limit {
            return Err(SightError::TooLarge { path: path.to_string(), size: found.len(), limit });
        }
        let mut bytes = Vec::new();
        let file = File::open(at).map_err(failed)?;
        // The file may grow while it is read.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        let size = bytes.len() as u64;
        if size > limit {
            return Err(SightError::TooLarge { path: path.to_string(), size, limit });
        }
        Ok(bytes)
    }

    fn entry_of(&self, at: &PathBuf, found: &Metadata, path: &RepoPath) -> Result<Option<Entry>, SightError> {
        let mode = match found.file_type() {
            kind if kind.is_dir() => Mode::Tree,
            kind if kind.is_symlink() => Mode::Symlink,
            kind if kind.is_file() => file_mode(found),
            // Sockets, pipes and devices are nothing to git.
            _ => return Ok(None),
        };
        let id = match mode {
            Mode::Tree => self.repo.null_id(),
            Mode::Symlink => self.repo.blob_id(&self.read(at, found, path, u64::MAX)?)?,
            _ => self.file_id(at, found, path)?,
        };
        Ok(Some(Entry { name: path.file_name().to_vec(), mode, id }))
    }

    /// The id of a file of any size, read in pieces.
    fn file_id(&self, at: &PathBuf, found: &Metadata, path: &RepoPath) -> Result<ObjectId, SightError> {
        let failed = |why: String| SightError::Failed(format!("`{path}` cannot be read: {why}"));
        let mut file = File::open(at).map_err(|error| failed(error.to_string()))?;
        let id = gix::objs::compute_stream_hash(
            self.repo.hash,
            gix::objs::Kind::Blob,
            &mut file,
            found.len(),
            &mut gix::progress::Discard,
            &std::sync::atomic::AtomicBool::new(false),
        );
        Ok(from_gix(&id.map_err(|error| failed(error.to_string()))?))
    }
}

impl TreeView for WorkTree<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, SightError> {
        match self.find(path)? {
            Some((at, found)) => self.entry_of(&at, &found, path),
            None => Ok(None),
        }
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<Entry>, SightError> {
        let folder = if path.as_bytes().is_empty() {
            self.top.clone()
        } else {
            match self.find(path)? {
                Some((at, found)) if found.is_dir() => at,
                _ => return Ok(Vec::new()),
            }
        };
        let failed = |error: std::io::Error| SightError::Failed(format!("the folder `{path}` cannot be read: {error}"));
        let mut entries = Vec::new();
        for found in std::fs::read_dir(&folder).map_err(failed)? {
            let found = found.map_err(failed)?;
            let name = gix::path::os_string_into_bstring(found.file_name())
                .map_err(|error| SightError::Failed(error.to_string()))?;
            if is_git(&name) {
                continue;
            }
            let metadata = std::fs::symlink_metadata(found.path()).map_err(failed)?;
            entries.extend(self.entry_of(&found.path(), &metadata, &path.join(&name))?);
        }
        tree::sort(&mut entries);
        Ok(entries)
    }

    fn blob(&self, id: &ObjectId, path: &RepoPath, limit: u64) -> Result<Vec<u8>, SightError> {
        let missing = || SightError::Missing { id: id.to_string(), what: path.to_string() };
        let (at, found) = self.find(path)?.ok_or_else(missing)?;
        let bytes = self.read(&at, &found, path, limit)?;
        if self.repo.blob_id(&bytes)? != *id {
            return Err(SightError::Failed(format!("`{path}` changed while it was read; try again")));
        }
        Ok(bytes)
    }

    /// Reads the file once, so that what is judged is what was read.
    fn file(&self, path: &RepoPath, limit: u64) -> Result<Option<Vec<u8>>, SightError> {
        match self.find(path)? {
            Some((at, found)) if found.is_file() => self.read(&at, &found, path, limit).map(Some),
            _ => Ok(None),
        }
    }
}

fn is_git(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b".git")
}

#[cfg(unix)]
fn file_mode(found: &Metadata) -> Mode {
    use std::os::unix::fs::PermissionsExt as _;
    if found.permissions().mode() & 0o100 == 0 { Mode::File } else { Mode::Executable }
}

#[cfg(not(unix))]
fn file_mode(_: &Metadata) -> Mode {
    Mode::File
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn the_working_tree_reads_like_its_commit() {
        let sandbox = Sandbox::new();
        sandbox.write("a/b", "1").write("a.b", "2").write("a/run", "3");
        symlink("a/b", sandbox.path().join("link")).unwrap();
        std::fs::set_permissions(sandbox.path().join("a/run"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        sandbox.commit("first");
        let repo = sandbox.open();
        let (work, tree) = (repo.worktree_view().unwrap(), repo.tree(&repo.head_tree().unwrap().unwrap()));
        assert_eq!(work.list(&"a".into()).unwrap(), tree.list(&"a".into()).unwrap());
        let shape =
            |entries: Vec<Entry>| -> Vec<_> { entries.into_iter().map(|entry| (entry.name, entry.mode)).collect() };
        assert_eq!(shape(work.list(&"".into()).unwrap()), shape(tree.list(&"".into()).unwrap()));
        for path in ["a/b", "a.b", "link", "a/run", "none", "a/b/c", "none/x"] {
            assert_eq!(work.entry(&path.into()).unwrap(), tree.entry(&path.into()).unwrap(), "{path}");
            assert_eq!(work.file(&path.into(), 9).unwrap(), tree.file(&path.into(), 9).unwrap(), "{path}");
        }
        let entry = work.entry(&"a/b".into()).unwrap().unwrap();
        sandbox.write("a/b", "changed");
        assert!(matches!(work.blob(&entry.id, &"a/b".into(), 99), Err(SightError::Failed(_))));
        assert!(matches!(work.file(&"a/b".into(), 6), Err(SightError::TooLarge { size: 7, .. })));
        assert_eq!(work.file(&".git/config".into(), 9999).unwrap(), None);
    }

    #[test]
    fn links_on_the_way_are_errors() {
        let sandbox = Sandbox::new();
        sandbox.write("real/file", "1");
        symlink("real", sandbox.path().join("link")).unwrap();
        let repo = sandbox.open();
        let work = repo.worktree_view().unwrap();
        assert!(matches!(work.entry(&"link/file".into()), Err(SightError::Failed(_))));
        assert!(matches!(work.file(&"link/file".into(), 9), Err(SightError::Failed(_))));
        assert_eq!(work.list(&"link".into()).unwrap(), []);
        assert_eq!(work.file(&"link".into(), 9).unwrap(), None);
    }
}
