//! What `git commit` takes: the index, all tracked files (`-a`), or only some paths. The index that such a commit would
//! have is built beside the real one, so that it can be judged before git runs.

use std::ffi::OsString;
use std::path::Path;

use tempfile::TempDir;

use super::command::path_from;
use super::error::GitError;
use super::repo::Repo;
use crate::model::path::RepoPath;

/// What a commit takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// What is staged.
    #[default]
    Index,
    /// What is staged, and every tracked file as it is in the working tree: `-a`.
    All,
    /// HEAD with these paths as they are in the working tree: `git commit PATH…`.
    Paths(Vec<OsString>),
}

impl Selection {
    /// Exactly these files, from the top, whatever characters are in their names; none takes nothing but HEAD.
    pub fn literal<'p>(files: impl IntoIterator<Item = &'p RepoPath>) -> Self {
        let spec = |path: &RepoPath| {
            let mut spec = OsString::from(":(top,literal)");
            spec.push(path_from(path.as_bytes()));
            spec
        };
        Self::Paths(files.into_iter().map(spec).collect())
    }

    /// The arguments of `git commit` that ask for it.
    pub fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Index => Vec::new(),
            Self::All => vec!["--all".into()],
            Self::Paths(paths) => std::iter::once("--".into()).chain(paths.iter().cloned()).collect(),
        }
    }
}

/// A repository with the index that a commit would have. The index goes when this is dropped.
pub struct Selected {
    /// The same repository, with that index.
    pub repo: Repo,
    _folder: Option<TempDir>,
}

impl Repo {
    /// The repository as a commit of `selection` would see it; paths are meant from `dir`. Blobs that the commit would
    /// write are written, in a rehearsal beside the repository; the real index stays as it is.
    ///
    /// A path that git does not know is [`GitError::CommandFailed`] or simply adds nothing, as git sees fit.
    pub fn selected(&self, dir: &Path, selection: &Selection) -> Result<Selected, GitError> {
        let place = self.require_work_dir()?.to_owned();
        let reopened = || Self::open(&place);
        if *selection == Selection::Index {
            return Ok(Selected { repo: reopened()?.with_index(self.index_path()), _folder: None });
        }
        let doing = "make a temporary index";
        let folder = TempDir::with_prefix("agentops-").map_err(GitError::while_doing(doing))?;
        let index = folder.path().join("index");
        let mut trial = reopened()?.with_index(&index);
        let objects = folder.path().join("objects");
        if self.is_rehearsal {
            std::fs::create_dir(&objects).map_err(GitError::while_doing(doing))?;
        }
        // A split index would be looked for, by us and by others, beside the one that git names.
        let change = |arguments: &[&str], input: Vec<u8>| {
            let command = trial.git(["-c", "core.splitIndex=false"]).with_index().input(input);
            let command = arguments.iter().fold(command, |command, argument| command.arg(argument));
            if self.is_rehearsal { command.writing_to(&objects) } else { command }.output()
        };
        match selection {
            Selection::Index | Selection::All => {
                if self.index_path().exists() {
                    std::fs::copy(self.index_path(), &index).map_err(GitError::while_doing(doing))?;
                }
                change(&["add", "--update", "--", ":/"], Vec::new())?;
            }
            Selection::Paths(paths) => {
                match self.head_tree()? {
                    Some(tree) => change(&["read-tree", &tree.to_string()], Vec::new())?,
                    None => change(&["read-tree", "--empty"], Vec::new())?,
                };
                if !paths.is_empty() {
                    let known = self.known_paths(dir, paths)?;
                    change(&["update-index", "--add", "--remove", "-z", "--stdin"], known)?;
                }
            }
        }
        if self.is_rehearsal {
            trial = trial.with_objects(objects)?;
        }
        Ok(Selected { repo: trial, _folder: Some(folder) })
    }

    /// The files in the index or in HEAD that `paths` match, from the top, each ended by NUL.
    fn known_paths(&self, dir: &Path, paths: &[OsString]) -> Result<Vec<u8>, GitError> {
        let inside = |arguments: &[&str]| {
            let command = self.git(["-C"]).arg(dir);
            let command = arguments.iter().fold(command, |command, argument| command.arg(argument));
            paths.iter().fold(command.arg("--"), |command, path| command.arg(path)).with_index()
        };
        let mut known = inside(&["ls-files", "-z", "--full-name", "--error-unmatch", "--with-tree=HEAD"]);
        if self.head()?.commit().is_none() {
            known = inside(&["ls-files", "-z", "--full-name", "--error-unmatch"]);
        }
        known.output()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    fn changed(sandbox: &Sandbox, dir: &Path, selection: &Selection) -> Vec<String> {
        let before = std::fs::read(sandbox.path().join(".git/index")).unwrap();
        let selected = sandbox.open_at(dir).selected(dir, selection).unwrap();
        let paths = selected.repo.diff_staged().unwrap().iter().map(|change| change.path.to_string()).collect();
        assert_eq!(std::fs::read(sandbox.path().join(".git/index")).unwrap(), before, "the index stays as it was");
        paths
    }

    #[test]
    fn each_selection_is_what_git_would_commit() {
        let sandbox = Sandbox::new();
        sandbox.write("dir/a", "1").write("dir/b", "1").write("c", "1").commit("first");
        sandbox.write("dir/a", "2").write("dir/b", "2").write("c", "2").write("dir/new", "2").write("loose", "2");
        sandbox.git(&["add", "c", "dir/new"]);
        let (top, dir) = (sandbox.path().to_owned(), sandbox.path().join("dir"));
        assert_eq!(changed(&sandbox, &top, &Selection::Index), ["c", "dir/new"]);
        assert_eq!(changed(&sandbox, &dir, &Selection::All), ["c", "dir/a", "dir/b", "dir/new"]);
        let paths = |paths: &[&str]| Selection::Paths(paths.iter().map(|path| path.into()).collect());
        assert_eq!(changed(&sandbox, &top, &paths(&["dir"])), ["dir/a", "dir/b", "dir/new"]);
        assert_eq!(changed(&sandbox, &dir, &paths(&["a", "../c"])), ["c", "dir/a"]);
        std::fs::remove_file(dir.join("a")).unwrap();
        assert_eq!(changed(&sandbox, &dir, &paths(&["a"])), ["dir/a"]);
        assert!(sandbox.open().selected(&top, &paths(&["loose"])).is_err());
        let starred = Selection::literal(&[RepoPath::from("dir/*")]);
        assert!(sandbox.open().selected(&top, &starred).is_err(), "a star is a star");
        assert_eq!(changed(&sandbox, &top, &Selection::literal(&[])), Vec::<String>::new());
        let ids = |repo: &Repo| repo.diff_staged().unwrap().pop().unwrap().after;
        assert_eq!(ids(&sandbox.open().selected(&dir, &paths(&["a"])).unwrap().repo), None);
    }
    #[test]
    fn a_split_index_is_no_obstacle() {
        let sandbox = Sandbox::new();
        sandbox.write("a", "1").write("b", "1").commit("first");
        sandbox.git(&["config", "core.splitIndex", "true"]);
        sandbox.git(&["update-index", "--split-index"]);
        sandbox.write("a", "2");
        let top = sandbox.path().to_owned();
        assert_eq!(changed(&sandbox, &top, &Selection::All), ["a"]);
        assert_eq!(changed(&sandbox, &top, &Selection::literal(&["a".into()])), ["a"]);
    }

    #[test]
    fn a_rehearsal_leaves_no_objects() {
        let sandbox = Sandbox::new();
        sandbox.write("a", "1").commit("first");
        sandbox.write("a", "never seen before");
        let selected = sandbox.open().rehearsal().selected(sandbox.path(), &Selection::All).unwrap();
        let staged = selected.repo.diff_staged().unwrap().pop().unwrap().after.unwrap().1;
        assert_eq!(selected.repo.blob(&staged, &"a", 99).unwrap(), b"never seen before");
        assert!(!sandbox.open().has_object(&staged));
    }
}
