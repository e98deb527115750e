//! One open repository, and where its parts are.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::error::GitError;
use super::objects::{Objects, TreeMemory};
use super::range::WalkedCommits;

/// An open repository. Opening reads configuration only; everything else is read when asked for.
pub struct Repo {
    pub(super) inner: gix::Repository,
    pub(super) objects: Objects,
    pub(super) hash: gix::hash::Kind,
    pub(super) index_path: PathBuf,
    pub(super) trees: RefCell<TreeMemory>,
    pub(super) walked_commits: RefCell<WalkedCommits>,
    pub(super) extra_objects: Vec<PathBuf>,
    pub(super) is_rehearsal: bool,
    /// By how many parts are worked on; `None`: one for each processor.
    pub(super) threads: Option<usize>,
    /// The file that says what the local time is; `None`: gix finds out.
    pub(super) local_time: Option<PathBuf>,
}

impl Repo {
    /// Opens the repository that `dir` is in, as git would: `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE`, which git
    /// sets for hooks, are followed; folders are walked up otherwise. Replace refs are switched off.
    pub fn open(dir: &Path) -> Result<Self, GitError> {
        Self::open_with(dir, "")
    }

    /// As [`open`](Self::open), with the settings that `parameters` holds, the text of `GIT_CONFIG_PARAMETERS`: what a
    /// `git -c KEY=VALUE` that runs us was told.
    pub fn open_with(dir: &Path, parameters: &str) -> Result<Self, GitError> {
        let options = || options(parameters);
        let trust = gix::sec::trust::Mapping { full: options(), reduced: options() };
        let search = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let opened = gix::ThreadSafeRepository::discover_with_environment_overrides_opts(dir, search, trust);
        Self::of(opened.map_err(|error| open_error(dir, error))?)
    }

    /// Opens the repository whose own folder is `git_dir`, with the settings that `parameters` holds. A push runs its hook
    /// in that folder with `GIT_DIR=.`; gix, told so by the environment, looks for a `.git` below it.
    pub fn open_git_dir(git_dir: &Path, parameters: &str) -> Result<Self, GitError> {
        let whole = std::fs::canonicalize(git_dir).unwrap_or_else(|_| git_dir.to_owned());
        let opened = gix::ThreadSafeRepository::open_opts(whole, options(parameters).open_path_as_is(true));
        Self::of(opened.map_err(|error| open_error(git_dir, error))?)
    }

    fn of(opened: gix::ThreadSafeRepository) -> Result<Self, GitError> {
        let mut inner = opened.to_thread_local();
        // `GIT_NAMESPACE` is for those who serve a repository: git itself commits to the branches without it.
        inner.clear_namespace();
        let format = inner.config_snapshot().string("extensions.refStorage");
        if let Some(format) = format.filter(|format| !format.eq_ignore_ascii_case(b"files")) {
            return Err(GitError::Reftable { format: format.to_string() });
        }
        Ok(Self {
            objects: Objects::new(inner.objects.clone()),
            hash: inner.object_hash(),
            index_path: inner.index_path(),
            trees: RefCell::default(),
            walked_commits: RefCell::default(),
            extra_objects: Vec::new(),
            is_rehearsal: false,
            threads: None,
            local_time: None,
            inner,
        })
    }

    /// Dates commits by the local time that the zone in this file gives; where there is none, or no zone in it, by what gix
    /// finds out.
    pub fn where_local_time_is(mut self, file: Option<PathBuf>) -> Self {
        self.local_time = file;
        self
    }

    /// Reads the index at `path` instead of the one that git names.
    pub fn with_index(mut self, path: impl Into<PathBuf>) -> Self {
        self.index_path = path.into();
        self
    }

    /// Reads objects in `dir` as well: the quarantine of a push (`GIT_QUARANTINE_PATH`), which git shows to a
    /// `pre-receive` hook only through the environment. A folder that is absent holds no objects.
    pub fn with_objects(mut self, dir: impl Into<PathBuf>) -> Result<Self, GitError> {
        let dir = dir.into();
        if dir.is_dir() {
            let doing = format!("read the objects in `{}`", dir.display());
            self.objects.read_also(&dir, self.hash).map_err(GitError::while_doing(doing))?;
            self.extra_objects.push(dir);
        }
        Ok(self)
    }

    /// The same repository for trying something out: new objects stay in memory, and what would change references,
    /// index or working tree checks whether it could, and leaves them as they are. For `--dry-run`, by the same code.
    pub fn rehearsal(&self) -> Self {
        Self {
            is_rehearsal: true,
            inner: self.inner.clone(),
            objects: self.objects.in_memory(),
            hash: self.hash,
            index_path: self.index_path.clone(),
            trees: RefCell::default(),
            walked_commits: RefCell::default(),
            extra_objects: self.extra_objects.clone(),
            threads: self.threads,
            local_time: self.local_time.clone(),
        }
    }

    /// Whether this is a [`rehearsal`](Self::rehearsal).
    pub fn is_rehearsal(&self) -> bool {
        self.is_rehearsal
    }

    /// The folder of this worktree's HEAD and index: `.git`, or `.git/worktrees/NAME`.
    pub fn git_dir(&self) -> &Path {
        self.inner.git_dir()
    }

    /// The folder that all worktrees share.
    pub fn common_dir(&self) -> &Path {
        self.inner.common_dir()
    }

    /// The top of the working tree; `None` in a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// The top of the working tree, or why there is none.
    pub(crate) fn require_work_dir(&self) -> Result<&Path, GitError> {
        self.work_dir().ok_or_else(|| GitError::Bare { git_dir: self.git_dir().to_owned() })
    }

    /// The index that git names: in a partial commit a temporary one.
    pub fn index_path(&self) -> &Path {
        &self.index_path
    }

    /// Whether there is no working tree.
    pub fn is_bare(&self) -> bool {
        self.work_dir().is_none()
    }

    /// Whether history was cut off when it was fetched.
    pub fn is_shallow(&self) -> bool {
        std::fs::metadata(self.common_dir().join("shallow")).is_ok_and(|file| file.len() > 0)
    }

    /// The hash of object ids: `sha1` or `sha256`.
    pub fn object_format(&self) -> &'static str {
        if self.hash.len_in_bytes() == 20 { "sha1" } else { "sha256" }
    }
}

fn options(parameters: &str) -> gix::open::Options {
    gix::open::Options::default()
        .bail_if_untrusted(true)
        .cli_overrides(super::parameters::parse(parameters).into_iter().filter(|setting| is_heeded(setting)))
        .config_overrides(["core.useReplaceRefs=false", "core.commitGraph=false"])
}

fn open_error(dir: &Path, error: gix::Error) -> GitError {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    if error.is_permission_denied() && error.downcast_any_ref::<std::io::Error>().is_none() {
        // What is to be trusted is the repository, not the folder inside it where the search began.
        let top = dir.ancestors().find(|above| above.join(".git").exists());
        GitError::Untrusted { dir: top.unwrap_or(&dir).to_owned() }
    } else if error.is_not_found() {
        GitError::NotARepository { dir }
    } else {
        GitError::other(format!("open the repository at `{}`", dir.display()), error)
    }
}

/// Whether git too would heed a setting of a command line: it reads what a repository is from the repository's own file alone,
/// and knows nothing of gix's own keys.
fn is_heeded(setting: &str) -> bool {
    let section = setting.split(['.', '=']).next().unwrap_or_default();
    !["extensions", "gitoxide"].iter().any(|other| section.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::super::revision::Head;
    use super::super::sandbox::Sandbox;
    use super::*;
    use crate::model::digest::ObjectId;
    use crate::model::tree::{SightError, TreeView as _};

    #[test]
    fn opening_what_is_not_usable() {
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Repo::open(empty.path()), Err(GitError::NotARepository { .. })));
        let sandbox = Sandbox::init(&["--ref-format=reftable"]);
        assert!(matches!(Repo::open(sandbox.path()), Err(GitError::Reftable { .. })));
    }

    #[test]
    fn folders_and_worktrees() {
        let sandbox = Sandbox::new();
        let first = sandbox.write("a/b/c", "1").commit("first");
        let repo = sandbox.open_at(&sandbox.path().join("a/b"));
        assert_eq!(repo.work_dir().unwrap().canonicalize().unwrap(), sandbox.path());
        let tree = sandbox.beside("linked");
        sandbox.git(&["worktree", "add", "-q", "-b", "other", tree.to_str().unwrap()]);
        let linked = sandbox.open_at(&tree.join("a"));
        assert_eq!(linked.head().unwrap(), Head::Branch { name: "refs/heads/other".to_owned(), commit: first });
        assert!(linked.git_dir().ends_with("worktrees/linked"));
        assert_eq!(linked.common_dir().canonicalize().unwrap(), sandbox.path().join(".git"));
        assert_eq!(linked.work_dir().unwrap().canonicalize().unwrap(), tree);
        let git = linked.git(["rev-parse", "--show-toplevel"]).text().unwrap();
        assert_eq!(git.trim_end(), tree.to_str().unwrap());
        assert_eq!(linked.hooks_dir().unwrap(), sandbox.path().join(".git/hooks"));
    }

    #[test]
    fn replaced_objects_are_read_as_they_were() {
        let sandbox = Sandbox::new();
        let first = sandbox.write("file", "true").commit("first");
        let second = sandbox.write("file", "changed").commit("second");
        let forged = sandbox.git(&["commit-tree", "-m", "forged", "HEAD^{tree}"]);
        let (blob, other) = (sandbox.git(&["rev-parse", "HEAD:file"]), sandbox.git(&["rev-parse", "HEAD^:file"]));
        sandbox.git(&["replace", &blob, &other]);
        sandbox.git(&["replace", &second.to_string(), &forged]);
        sandbox.git(&["pack-refs", "--all"]);
        let repo = sandbox.open();
        assert_eq!(sandbox.git(&["cat-file", "-p", &blob]), "true", "the replacement is in force for git");
        let commit = repo.commit(&second).unwrap();
        assert_eq!((commit.message.as_str(), &commit.parents[..]), ("second\n", &[first][..]));
        let tree = repo.tree(&commit.tree.unwrap());
        assert_eq!(tree.file(&"file".into(), 100).unwrap().as_deref(), Some(&b"changed"[..]));
        assert_eq!(repo.resolve("HEAD^").unwrap(), first);
        let log = repo.git(["log", "--format=%s", &second.to_string()]).text().unwrap();
        assert_eq!(log, "second\nfirst\n");
        assert!(repo.diff_staged().unwrap().is_empty());
    }

    #[test]
    fn sha256_repositories() {
        let sandbox = Sandbox::init(&["--object-format=sha256"]);
        let first = sandbox.write("a/file", "text").commit("first");
        let repo = sandbox.open();
        assert_eq!((repo.object_format(), first.as_bytes().len()), ("sha256", 32));
        let tree = repo.tree_of(&first).unwrap();
        assert_eq!(repo.tree(&tree).file(&"a/file".into(), 9).unwrap().as_deref(), Some(&b"text"[..]));
        assert_eq!(repo.empty_tree().to_string(), sandbox.git(&["hash-object", "-t", "tree", "/dev/null"]));
        let foreign = ObjectId::parse(&"1".repeat(40)).unwrap();
        assert!(matches!(repo.commit(&foreign), Err(GitError::MissingObject { .. })));
        assert!(!repo.has_object(&foreign));
        sandbox.write("b", "2").git(&["add", "b"]);
        assert_eq!(repo.diff_staged().unwrap().len(), 1);
    }

    #[test]
    fn blobs_have_limits_and_kinds() {
        let sandbox = Sandbox::new();
        sandbox.write("file", "12345").commit("first");
        let repo = sandbox.open();
        let blob = sandbox.id("HEAD:file");
        assert_eq!(repo.blob(&blob, &"file", 5).unwrap(), b"12345");
        assert!(matches!(repo.blob(&blob, &"file", 4), Err(SightError::TooLarge { size: 5, limit: 4, .. })));
        assert!(matches!(repo.blob(&sandbox.id("HEAD"), &"file", 4), Err(SightError::Failed(_))));
        let absent = ObjectId::parse(&"1".repeat(40)).unwrap();
        assert!(matches!(repo.blob(&absent, &"file", 4), Err(SightError::Missing { .. })));
    }

    #[test]
    fn quarantined_objects_are_read_where_named() {
        let sandbox = Sandbox::new();
        sandbox.commit("first");
        let quarantine = sandbox.beside("quarantine");
        let donor = Sandbox::new();
        let pushed = donor.write("new", "pushed").commit("pushed");
        std::fs::rename(donor.path().join(".git/objects"), &quarantine).unwrap();
        assert!(!sandbox.open().has_object(&pushed));
        let repo = sandbox.open().with_objects(&quarantine).unwrap();
        let tree = repo.tree_of(&pushed).unwrap();
        assert_eq!(repo.tree(&tree).file(&"new".into(), 9).unwrap().as_deref(), Some(&b"pushed"[..]));
        assert_eq!(repo.resolve(&pushed.to_string()).unwrap(), pushed);
        assert_eq!(repo.git(["cat-file", "-t", &pushed.to_string()]).text().unwrap(), "commit\n");
        assert!(repo.with_objects(sandbox.beside("absent")).is_ok());
    }
}
