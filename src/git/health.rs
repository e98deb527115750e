//! What tells whether a repository is in order: lock files that stayed, attributes that apply.

use std::path::PathBuf;
use std::time::Duration;

use super::error::GitError;
use super::repo::Repo;

impl Repo {
    /// The lock files of git that lie in this worktree's folder, in the common folder and below its `refs`, with how long
    /// ago each was made. One that stays is a command at work, or what a killed one left.
    pub fn lock_files(&self) -> Vec<(PathBuf, Option<Duration>)> {
        let mut found = Vec::new();
        for (folder, depth) in
            [(self.git_dir().to_owned(), 1), (self.common_dir().to_owned(), 1), (self.common_dir().join("refs"), 32)]
        {
            // What cannot be listed holds no lock that anybody could remove.
            for entry in walkdir::WalkDir::new(folder).max_depth(depth).into_iter().filter_map(Result::ok) {
                if entry.file_type().is_file() && entry.path().extension().is_some_and(|end| end == "lock") {
                    let made = entry.metadata().ok().and_then(|about| about.modified().ok());
                    found.push((entry.into_path(), made.and_then(|made| made.elapsed().ok())));
                }
            }
        }
        found.sort();
        found.dedup_by(|a, b| a.0 == b.0);
        found
    }

    /// Files that were being written and never took their name, with how long ago each was begun: in our own folder of this
    /// worktree and in the object database, where git's `gc` knows nothing of them. Somebody at work, or a killed command.
    pub fn half_written_files(&self) -> Vec<(PathBuf, Option<Duration>)> {
        let mut found = Vec::new();
        for folder in [self.git_dir().join("agentops"), self.common_dir().join("objects")] {
            let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            for entry in entries.filter(|entry| is_temporary(&entry.file_name())) {
                let Some(about) = entry.metadata().ok().filter(std::fs::Metadata::is_file) else { continue };
                found.push((entry.path(), about.modified().ok().and_then(|made| made.elapsed().ok())));
            }
        }
        found.sort();
        found
    }

    /// What `git check-attr` says about one attribute of one path: `set`, `unset`, `unspecified`, or a value.
    pub fn attribute(&self, path: &str, attribute: &str) -> Result<String, GitError> {
        let bytes = self.git(["check-attr", "-z", attribute, "--", path]).output()?;
        let value = bytes.split(|byte| *byte == 0).nth(2).unwrap_or_default();
        Ok(String::from_utf8_lossy(value).into_owned())
    }
}

/// Whether files have such names only while they are being written.
fn is_temporary(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(".tmp") || name.starts_with(".agentops-") && name.ends_with(".tmp")
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;

    #[test]
    fn locks_and_attributes() {
        let sandbox = Sandbox::new();
        sandbox.write(".gitattributes", "*.x -text\n*.y eol=lf\n").commit("first");
        let repo = sandbox.open();
        let of = |path: &str, attribute: &str| repo.attribute(path, attribute).unwrap();
        assert_eq!((of("a.x", "text"), of("a.y", "eol")), ("unset".to_owned(), "lf".to_owned()));
        assert_eq!(of("a.z", "text"), "unspecified");
        assert_eq!(repo.lock_files(), []);
        sandbox.write(".git/index.lock", "").write(".git/refs/heads/deep/x.lock", "").write(".git/objects/y.lock", "");
        let names: Vec<String> = repo
            .lock_files()
            .iter()
            .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["index.lock", "x.lock"]);
        assert!(repo.lock_files().iter().all(|(_, age)| age.is_some()));
    }

    #[test]
    fn what_never_took_its_name_is_seen() {
        let sandbox = Sandbox::new();
        let repo = sandbox.open();
        sandbox.write(".git/agentops/lock", "").write(".git/agentops/journal", "").write(".git/objects/ab/cd", "");
        assert_eq!(repo.half_written_files(), []);
        sandbox.write(".git/agentops/.tmpAbCdEf", "").write(".git/agentops/.agentops-x.tmp", "");
        sandbox.write(".git/objects/.tmpGhIjKl", "");
        assert_eq!(repo.half_written_files().len(), 3);
    }
}
