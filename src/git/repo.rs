//! One open repository: where its parts are, where HEAD is, what a revision means.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::error::{GitError, Operation};
use super::objects::{Objects, TreeMemory, from_gix};
use crate::model::digest::ObjectId;

/// An open repository. Opening reads configuration only; everything else is read when asked for.
pub struct Repo {
    pub(super) inner: gix::Repository,
    pub(super) objects: Objects,
    pub(super) hash: gix::hash::Kind,
    pub(super) index_path: PathBuf,
    pub(super) trees: RefCell<TreeMemory>,
    pub(super) extra_objects: Vec<PathBuf>,
}

/// Where HEAD is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// On a branch that has no commit yet.
    Unborn {
        /// The full name of the branch.
        branch: String,
    },
    /// On a branch.
    Branch {
        /// The full name of the branch, e.g. `refs/heads/main`.
        name: String,
        /// Its tip.
        commit: ObjectId,
    },
    /// On a commit.
    Detached {
        /// The commit.
        commit: ObjectId,
    },
}

impl Head {
    /// The commit HEAD is at; `None` on a branch without commits.
    pub fn commit(&self) -> Option<ObjectId> {
        match self {
            Self::Unborn { .. } => None,
            Self::Branch { commit, .. } | Self::Detached { commit } => Some(*commit),
        }
    }

    /// The full name of the branch; `None` when detached.
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::Unborn { branch } => Some(branch),
            Self::Branch { name, .. } => Some(name),
            Self::Detached { .. } => None,
        }
    }
}

impl Repo {
    /// Opens the repository that `dir` is in, as git would: `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE`, which git
    /// sets for hooks, are followed; folders are walked up otherwise. Replace refs are switched off.
    pub fn open(dir: &Path) -> Result<Self, GitError> {
        let options = || {
            gix::open::Options::default()
                .bail_if_untrusted(true)
                .config_overrides(["core.useReplaceRefs=false", "core.commitGraph=false"])
        };
        let trust = gix::sec::trust::Mapping { full: options(), reduced: options() };
        let search = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let opened = gix::ThreadSafeRepository::discover_with_environment_overrides_opts(dir, search, trust);
        let inner = opened.map_err(|error| open_error(dir, error))?.to_thread_local();
        let format = inner.config_snapshot().string("extensions.refStorage");
        if let Some(format) = format.filter(|format| !format.eq_ignore_ascii_case(b"files")) {
            return Err(GitError::Reftable { format: format.to_string() });
        }
        Ok(Self {
            objects: Objects::new(inner.objects.clone()),
            hash: inner.object_hash(),
            index_path: inner.index_path(),
            trees: Self::no_trees(),
            extra_objects: Vec::new(),
            inner,
        })
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

    /// A second view of the same repository whose new objects stay in memory.
    pub(crate) fn in_memory(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            objects: self.objects.in_memory(),
            hash: self.hash,
            index_path: self.index_path.clone(),
            trees: Self::no_trees(),
            extra_objects: self.extra_objects.clone(),
        }
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
    pub(super) fn require_work_dir(&self) -> Result<&Path, GitError> {
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

    /// Where HEAD is.
    pub fn head(&self) -> Result<Head, GitError> {
        let doing = || "read HEAD".to_owned();
        let mut name = String::from("HEAD");
        // Git follows five symbolic references at most.
        for _ in 0..=5 {
            let found = self.inner.refs.try_find(name.as_str()).map_err(GitError::while_doing(doing()))?;
            let Some(reference) = found else {
                return Ok(Head::Unborn { branch: name });
            };
            match reference.target {
                gix::refs::Target::Symbolic(next) => name = next.as_bstr().to_string(),
                gix::refs::Target::Object(id) if name == "HEAD" => {
                    return Ok(Head::Detached { commit: self.peel(&from_gix(&id), &name)? });
                }
                gix::refs::Target::Object(id) => {
                    return Ok(Head::Branch { commit: self.peel(&from_gix(&id), &name)?, name });
                }
            }
        }
        Err(GitError::other(doing(), "too many symbolic references in a row"))
    }

    /// HEAD's commit, or that there is none.
    pub fn head_commit(&self) -> Result<ObjectId, GitError> {
        match self.head()? {
            Head::Unborn { branch } => Err(GitError::Unborn { branch }),
            Head::Branch { commit, .. } | Head::Detached { commit } => Ok(commit),
        }
    }

    /// The tree of HEAD's commit; `None` on a branch without commits.
    pub fn head_tree(&self) -> Result<Option<ObjectId>, GitError> {
        self.head()?.commit().map(|commit| self.tree_of(&commit)).transpose()
    }

    /// What the reference with this full name points to, peeled to a commit; `None` when there is no such reference.
    pub fn reference(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        let doing = format!("read the reference `{name}`");
        let Ok(full) = gix::refs::FullName::try_from(name) else { return Ok(None) };
        let mut target = match self.inner.refs.try_find(full.as_ref()).map_err(GitError::while_doing(doing.clone()))? {
            Some(reference) => reference.target,
            None => return Ok(None),
        };
        for _ in 0..=5 {
            match target {
                gix::refs::Target::Object(id) => return self.peel(&from_gix(&id), name).map(Some),
                gix::refs::Target::Symbolic(next) => {
                    match self.inner.refs.try_find(next.as_ref()).map_err(GitError::while_doing(doing.clone()))? {
                        Some(reference) => target = reference.target,
                        None => return Ok(None),
                    }
                }
            }
        }
        Err(GitError::other(doing, "too many symbolic references in a row"))
    }

    /// The commit that a revision means: full and short ids, references, `HEAD^1`, `main@{1}` and the like.
    pub fn resolve(&self, rev: &str) -> Result<ObjectId, GitError> {
        if let Ok(id) = ObjectId::parse(rev) {
            return match self.header(&id)? {
                Some(_) => self.peel(&id, rev),
                None => Err(GitError::UnknownRevision { rev: rev.to_owned() }),
            };
        }
        if let Ok(id) = self.inner.rev_parse_single(rev) {
            return self.peel(&from_gix(&id), rev);
        }
        // What gix does not know, git may: `:/text`, dates.
        let spec = format!("{rev}^{{commit}}");
        let output = self.git(["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]).run()?;
        std::str::from_utf8(&output.stdout)
            .ok()
            .and_then(|text| ObjectId::parse(text.trim_end()).ok())
            .filter(|_| output.code == Some(0))
            .ok_or_else(|| GitError::UnknownRevision { rev: rev.to_owned() })
    }

    /// Follows annotated tags to a commit.
    fn peel(&self, id: &ObjectId, rev: &str) -> Result<ObjectId, GitError> {
        let mut id = *id;
        for _ in 0..32 {
            let missing = || GitError::MissingObject { id: id.to_string(), what: format!("what `{rev}` names") };
            match self.header(&id)?.ok_or_else(missing)?.0 {
                gix::objs::Kind::Commit => return Ok(id),
                gix::objs::Kind::Tag => {
                    let bytes = self.read(&id, gix::objs::Kind::Tag, rev)?;
                    let target =
                        bytes.strip_prefix(b"object ").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
                    id = target.and_then(|hex| ObjectId::parse(std::str::from_utf8(hex).ok()?).ok()).ok_or_else(
                        || GitError::Damaged { id: id.to_string(), why: "a tag without object".to_owned() },
                    )?;
                }
                _ => break,
            }
        }
        Err(GitError::UnknownRevision { rev: rev.to_owned() })
    }

    /// What git is in the midst of, if anything.
    pub fn operation_in_progress(&self) -> Option<Operation> {
        let has = |name: &str| self.git_dir().join(name).symlink_metadata().is_ok();
        let states = [
            ("rebase-merge", Operation::Rebase),
            ("rebase-apply/applying", Operation::ApplyMailbox),
            ("rebase-apply", Operation::Rebase),
            ("MERGE_HEAD", Operation::Merge),
            ("CHERRY_PICK_HEAD", Operation::CherryPick),
            ("REVERT_HEAD", Operation::Revert),
            ("BISECT_LOG", Operation::Bisect),
        ];
        let found = states.into_iter().find(|(name, _)| has(name)).map(|(_, operation)| operation);
        // Between two picks of a sequence there is no `…_HEAD`; the list of what remains says which it is.
        found.or_else(|| {
            let todo = std::fs::read_to_string(self.git_dir().join("sequencer/todo")).ok()?;
            let verb = todo.lines().find_map(|line| line.split_whitespace().next())?;
            Some(if verb == "revert" { Operation::Revert } else { Operation::CherryPick })
        })
    }

    /// What a merge in progress will have as further parents: the lines of `MERGE_HEAD`.
    pub fn merge_heads(&self) -> Result<Vec<ObjectId>, GitError> {
        let path = self.git_dir().join("MERGE_HEAD");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().filter_map(|line| ObjectId::parse(line.trim()).ok()).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(GitError::other(format!("read `{}`", path.display()), error)),
        }
    }
}

fn open_error(dir: &Path, error: gix::Error) -> GitError {
    if error.is_permission_denied() {
        GitError::Untrusted { dir: dir.to_owned() }
    } else if error.is_not_found() {
        GitError::NotARepository { dir: dir.to_owned() }
    } else {
        GitError::other(format!("open the repository at `{}`", dir.display()), error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;
    use crate::model::tree::{SightError, TreeView as _};

    #[test]
    fn head_in_all_its_states() {
        let sandbox = Sandbox::new();
        assert_eq!(sandbox.open().head().unwrap(), Head::Unborn { branch: "refs/heads/main".to_owned() });
        let first = sandbox.commit("first");
        let name = "refs/heads/main".to_owned();
        assert_eq!(sandbox.open().head().unwrap(), Head::Branch { name, commit: first });
        sandbox.git(&["switch", "-q", "--detach"]);
        assert_eq!(sandbox.open().head().unwrap(), Head::Detached { commit: first });
        sandbox.git(&["switch", "-q", "main"]);
        sandbox.git(&["pack-refs", "--all"]);
        assert_eq!(sandbox.open().head().unwrap().commit(), Some(first));
        sandbox.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
        sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/alias"]);
        assert_eq!(sandbox.open().head().unwrap().branch(), Some("refs/heads/main"));
    }

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
    fn revisions() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        let second = sandbox.commit("second thoughts");
        sandbox.git(&["tag", "-a", "-m", "tagged", "v1", "HEAD^"]);
        let repo = sandbox.open();
        for (rev, id) in [
            ("HEAD", second),
            ("main", second),
            ("HEAD^1", first),
            ("v1", first),
            ("main@{1}", first),
            (":/thoughts", second),
        ] {
            assert_eq!(repo.resolve(rev).unwrap(), id, "{rev}");
        }
        assert_eq!(repo.resolve(&first.to_string()).unwrap(), first);
        assert_eq!(repo.resolve(&first.to_string()[..9]).unwrap(), first);
        assert_eq!(repo.resolve(&sandbox.id("v1").to_string()).unwrap(), first);
        for rev in ["nothing", "", "-h", "--all", "HEAD:", &"0".repeat(40)] {
            assert!(matches!(repo.resolve(rev), Err(GitError::UnknownRevision { .. })), "{rev:?}");
        }
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
        assert_eq!(repo.blob(&blob, "file", 5).unwrap(), b"12345");
        assert!(matches!(repo.blob(&blob, "file", 4), Err(SightError::TooLarge { size: 5, limit: 4, .. })));
        assert!(matches!(repo.blob(&sandbox.id("HEAD"), "file", 4), Err(SightError::Failed(_))));
        let absent = ObjectId::parse(&"1".repeat(40)).unwrap();
        assert!(matches!(repo.blob(&absent, "file", 4), Err(SightError::Missing { .. })));
    }

    #[test]
    fn operations_in_progress() {
        let sandbox = Sandbox::new();
        sandbox.write("file", "1\n").commit("first");
        sandbox.git(&["switch", "-q", "-c", "side"]);
        sandbox.write("file", "2\n").commit("side");
        sandbox.git(&["switch", "-q", "main"]);
        sandbox.write("file", "3\n").commit("main");
        let repo = sandbox.open();
        assert_eq!(repo.operation_in_progress(), None);
        let ways: [(&[&str], &[&str], Operation); 4] = [
            (&["merge", "side"], &["merge", "--abort"], Operation::Merge),
            (&["cherry-pick", "side"], &["cherry-pick", "--abort"], Operation::CherryPick),
            (&["rebase", "side"], &["rebase", "--abort"], Operation::Rebase),
            (&["revert", "HEAD^"], &["revert", "--abort"], Operation::Revert),
        ];
        for (start, end, operation) in ways {
            let (code, _) = sandbox.try_git(sandbox.path(), start, b"");
            assert_ne!(code, 0, "{start:?} stops");
            assert_eq!(repo.operation_in_progress(), Some(operation));
            assert!(repo.has_unmerged().unwrap());
            assert!(matches!(repo.diff_staged(), Err(GitError::Unmerged { paths }) if paths == ["file".into()]));
            if operation == Operation::Merge {
                assert_eq!(repo.merge_heads().unwrap(), [sandbox.id("side")]);
            }
            sandbox.git(end);
        }
        sandbox.git(&["bisect", "start"]);
        assert_eq!(repo.operation_in_progress(), Some(Operation::Bisect));
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
