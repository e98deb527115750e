//! Writing files of the working tree: whole or not at all, and never through a symbolic link.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::command::path_from;
use super::error::GitError;
use super::repo::Repo;
use super::write::check_path;
use crate::faults::{Write, reach};
use crate::model::path::RepoPath;

impl Repo {
    /// Writes a plain file: into a temporary one, which then takes its name, with the permissions of the one it replaces.
    /// Folders are made as needed.
    pub fn write_worktree_file(&self, path: &RepoPath, bytes: &[u8]) -> Result<(), GitError> {
        let target = self.place(path, !self.is_rehearsal)?;
        let doing = || format!("write `{path}`");
        let there = std::fs::symlink_metadata(&target).ok();
        if there.as_ref().is_some_and(|file| !file.is_file()) {
            return Err(unsafe_path(path, "there is something other than a plain file"));
        }
        if self.is_rehearsal {
            return Ok(());
        }
        // Whether a file is executable is git's to keep, too.
        let permissions = there.map(|there| there.permissions());
        self.replace_file(&target, bytes, permissions).map_err(GitError::while_doing(doing()))
    }

    /// Makes a plain file one that may be run by whoever may read it, or by nobody. Does nothing where the file system keeps
    /// no modes.
    pub fn set_executable(&self, path: &RepoPath, executable: bool) -> Result<(), GitError> {
        let target = self.place(path, false)?;
        if self.is_rehearsal || !self.keeps_modes() {
            return Ok(());
        }
        let doing = || format!("set the mode of `{path}`");
        let there = std::fs::symlink_metadata(&target).map_err(GitError::while_doing(doing()))?;
        if !there.is_file() {
            return Err(unsafe_path(path, "there is something other than a plain file"));
        }
        let permissions = with_executable(there.permissions(), executable);
        std::fs::set_permissions(&target, permissions).map_err(GitError::while_doing(doing()))
    }

    /// Puts a whole file at `target` by one rename: with these permissions, and then on the disk before it takes its name,
    /// because it may replace somebody's bytes; or with those that the umask leaves.
    ///
    /// What is half written lies in git's own folder, where a killed process leaves nothing for the user to find; only where
    /// `target` is on another file system it lies beside it.
    pub(crate) fn replace_file(
        &self,
        target: &Path,
        bytes: &[u8],
        permissions: Option<std::fs::Permissions>,
    ) -> std::io::Result<()> {
        let own = self.git_dir().join("agentops");
        std::fs::create_dir_all(&own)?;
        let file = half_written(&own, bytes, permissions.clone())?;
        reach(Write::File)?;
        match file.persist(target) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == std::io::ErrorKind::CrossesDevices => {
                let beside = target.parent().unwrap_or(Path::new("."));
                half_written(beside, bytes, permissions)?.persist(target).map_err(|error| error.error)?;
                Ok(())
            }
            Err(error) => Err(error.error),
        }
    }

    /// Removes a plain file, and the folders that it leaves empty. A file that is absent is removed already.
    pub fn remove_worktree_file(&self, path: &RepoPath) -> Result<(), GitError> {
        let target = self.place(path, false)?;
        let doing = format!("remove `{path}`");
        match std::fs::symlink_metadata(&target) {
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(GitError::other(doing, error)),
            Ok(file) if file.is_dir() => return Err(unsafe_path(path, "it is a folder")),
            Ok(_) if self.is_rehearsal => return Ok(()),
            Ok(_) => {
                let removed = reach(Write::Removal).and_then(|()| std::fs::remove_file(&target));
                removed.map_err(GitError::while_doing(doing))?;
            }
        }
        let top = self.require_work_dir()?;
        let mut folder = target.parent();
        while let Some(empty) = folder.filter(|folder| *folder != top && folder.starts_with(top)) {
            if std::fs::remove_dir(empty).is_err() {
                break;
            }
            folder = empty.parent();
        }
        Ok(())
    }

    /// Where `path` is on disk, after each folder on the way was seen to be a real one.
    fn place(&self, path: &RepoPath, create: bool) -> Result<PathBuf, GitError> {
        check_path(path)?;
        let mut at = self.require_work_dir()?.to_owned();
        let names: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').collect();
        let (last, folders) = names.split_last().unwrap_or_else(|| unreachable!("split gives one part at least"));
        for name in folders {
            at.push(path_from(name));
            match real_folder(&at) {
                Ok(true) => {}
                Ok(false) if create => {
                    // Somebody else may make it in this moment: then it must be a folder too.
                    if let Err(error) = std::fs::create_dir(&at)
                        && !matches!(real_folder(&at), Ok(true))
                    {
                        return Err(GitError::other(format!("make the folder for `{path}`"), error));
                    }
                }
                Ok(false) => {}
                Err(why) => return Err(unsafe_path(path, &why)),
            }
        }
        at.push(path_from(last));
        Ok(at)
    }
}

#[cfg(unix)]
fn with_executable(mut permissions: std::fs::Permissions, executable: bool) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = permissions.mode() & !0o111;
    permissions.set_mode(if executable { mode | (mode & 0o444) >> 2 } else { mode });
    permissions
}

#[cfg(not(unix))]
fn with_executable(permissions: std::fs::Permissions, _: bool) -> std::fs::Permissions {
    permissions
}

/// A temporary file that holds `bytes`.
fn half_written(
    folder: &Path,
    bytes: &[u8],
    permissions: Option<std::fs::Permissions>,
) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".agentops-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask takes from this what the user does not want.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
    }
    Ok(file)
}

/// Whether there is a folder; an error when there is something else.
fn real_folder(path: &Path) -> Result<bool, String> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(found) if found.is_symlink() => Err(format!("`{}` is a symbolic link", path.display())),
        Ok(_) => Err(format!("`{}` is not a folder", path.display())),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(format!("`{}`: {error}", path.display())),
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn unsafe_path(path: &RepoPath, why: &str) -> GitError {
    GitError::UnsafePath { path: path.clone(), why: why.to_owned() }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn files_come_and_go_whole() {
        let sandbox = Sandbox::new();
        let repo = sandbox.open();
        let path = RepoPath::from("deep/er/file");
        repo.write_worktree_file(&path, b"one").unwrap();
        repo.write_worktree_file(&path, b"two").unwrap();
        let at = sandbox.path().join("deep/er/file");
        assert_eq!(std::fs::read(&at).unwrap(), b"two");
        let other = sandbox.path().join("other");
        std::fs::write(&other, "").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&at), mode(&other), "as the umask says");
        assert_eq!(std::fs::read_dir(at.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
        repo.remove_worktree_file(&path).unwrap();
        repo.remove_worktree_file(&path).unwrap();
        assert!(!sandbox.path().join("deep").exists());
        assert!(sandbox.path().exists());
    }

    #[test]
    fn nothing_goes_through_links() {
        let sandbox = Sandbox::new();
        let outside = sandbox.beside("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("file"), "kept").unwrap();
        symlink(&outside, sandbox.path().join("link")).unwrap();
        symlink(outside.join("file"), sandbox.path().join("direct")).unwrap();
        std::fs::create_dir(sandbox.path().join("folder")).unwrap();
        sandbox.write("plain", "1");
        let repo = sandbox.open();
        for path in ["link/new", "link/file", "direct", "folder", "plain/x", ".git/hooks/x", "../x", "a/../../x"] {
            let refused = repo.write_worktree_file(&path.into(), b"bad");
            assert!(matches!(refused, Err(GitError::UnsafePath { .. })), "{path}: {refused:?}");
        }
        assert!(matches!(repo.remove_worktree_file(&"link/file".into()), Err(GitError::UnsafePath { .. })));
        assert_eq!(std::fs::read(outside.join("file")).unwrap(), b"kept");
        assert!(!outside.join("new").exists());
    }
}
