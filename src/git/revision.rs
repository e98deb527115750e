//! Names of commits: where HEAD is, what references and revisions mean.

use std::collections::HashSet;
use std::path::PathBuf;

use super::command::path_from;
use super::error::GitError;
use super::objects::from_gix;
use super::repo::Repo;
use crate::model::digest::ObjectId;

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

/// A commit that somebody named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The commit.
    pub commit: ObjectId,
    /// The full name of the reference by which it was named, with what followed it: `refs/heads/main~1`; `None` where it was
    /// named by an id or as HEAD.
    pub name: Option<String>,
}

impl Revision {
    /// The full name of the branch, where it was named by that alone.
    pub fn branch(&self) -> Option<&str> {
        let is_branch = |name: &&str| name.starts_with("refs/heads/") && end_of_name(name) == name.len();
        self.name.as_deref().filter(is_branch)
    }
}

/// Where the name in a revision ends and what git does with it begins: `^`, `~2`, `@{1}`, `:path`. No reference's name holds
/// these.
fn end_of_name(rev: &str) -> usize {
    let suffix = |text: &str| rev.find(text).unwrap_or(rev.len());
    ["^", "~", ":", "@{"].into_iter().map(suffix).min().unwrap_or(rev.len())
}

/// The parts of a name that git would take for the beginning of an id: all of it, or the end of what `git describe` prints.
fn abbreviated_ids(name: &str) -> impl Iterator<Item = &str> {
    let described = name.rsplit_once("-g").map(|(_, hex)| hex);
    [Some(name), described].into_iter().flatten().filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl Repo {
    /// Where HEAD is.
    pub fn head(&self) -> Result<Head, GitError> {
        let doing = || "read HEAD".to_owned();
        let mut name = String::from("HEAD");
        // Git follows five symbolic references at most.
        for _ in 0..=5 {
            // In full: looked up as a short name, an unborn branch could be a tag.
            let full = gix::refs::FullName::try_from(name.as_str()).map_err(GitError::while_doing(doing()))?;
            let found = self.inner.refs.try_find(full.as_ref()).map_err(GitError::while_doing(doing()))?;
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

    /// The default branch of `remote` as this clone knows it, without `refs/heads/`: where `git clone` or `git remote set-head`
    /// saw its HEAD. `None` where nothing was seen.
    pub fn default_branch(&self, remote: &str) -> Result<Option<String>, GitError> {
        let folder = format!("refs/remotes/{remote}/");
        let name = format!("{folder}HEAD");
        let doing = || format!("read the reference `{name}`");
        let Ok(full) = gix::refs::FullName::try_from(name.as_str()) else { return Ok(None) };
        let found = self.inner.refs.try_find(full.as_ref()).map_err(GitError::while_doing(doing()))?;
        Ok(found.and_then(|reference| match reference.target {
            gix::refs::Target::Symbolic(next) => next.as_bstr().to_string().strip_prefix(&folder).map(str::to_owned),
            gix::refs::Target::Object(_) => None,
        }))
    }

    /// The full name that `name` stands for in the end, symbolic references followed: itself where it is none.
    pub fn final_name(&self, name: &str) -> Result<String, GitError> {
        let doing = format!("read the reference `{name}`");
        let mut name = name.to_owned();
        for _ in 0..=5 {
            let Ok(full) = gix::refs::FullName::try_from(name.as_str()) else { return Ok(name) };
            match self.inner.refs.try_find(full.as_ref()).map_err(GitError::while_doing(doing.clone()))? {
                Some(gix::refs::Reference { target: gix::refs::Target::Symbolic(next), .. }) => {
                    name = next.as_bstr().to_string();
                }
                _ => return Ok(name),
            }
        }
        Err(GitError::other(doing, "too many symbolic references in a row"))
    }

    /// All references whose full names begin with `prefix` (`refs/heads/`), with the commits that they lead to, sorted by
    /// name. References to anything else, and broken ones, are left out.
    pub fn references(&self, prefix: &str) -> Result<Vec<(String, ObjectId)>, GitError> {
        let doing = || format!("list the references below `{prefix}`");
        let platform = self.inner.references().map_err(GitError::while_doing(doing()))?;
        let mut found = Vec::new();
        for reference in platform.prefixed(prefix).map_err(GitError::while_doing(doing()))? {
            let name = reference.map_err(GitError::while_doing(doing()))?.name().as_bstr().to_string();
            if let Ok(Some(id)) = self.reference(&name) {
                found.push((name, id));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The working tree in which the branch with this full name is checked out, if any.
    pub fn worktree_of(&self, branch: &str) -> Result<Option<PathBuf>, GitError> {
        let output = self.git(["worktree", "list", "--porcelain", "-z"]).output()?;
        let mut place = None;
        for line in output.split(|byte| *byte == 0) {
            if let Some(path) = line.strip_prefix(b"worktree ") {
                place = Some(path_from(path));
            } else if line.strip_prefix(b"branch ") == Some(branch.as_bytes()) {
                return Ok(place);
            }
        }
        Ok(None)
    }

    /// The commit that a revision means: full and short ids, references, `HEAD^1`, `main@{1}` and the like.
    ///
    /// A name that stands for different commits is refused, where git would take the tag: whoever can push a tag could
    /// otherwise say what somebody else's `main` is.
    pub fn revision(&self, rev: &str) -> Result<Revision, GitError> {
        let unknown = || GitError::UnknownRevision { rev: rev.to_owned() };
        if let Ok(id) = ObjectId::parse(rev) {
            self.header(&id)?.ok_or_else(unknown)?;
            return Ok(Revision { commit: self.peel(&id, rev)?, name: None });
        }
        let (name, suffix) = rev.split_at(end_of_name(rev));
        // Nobody can push what lies beside HEAD; and a full id with a suffix is no name.
        if name.is_empty() || name == "@" || self.is_own_head(name) || ObjectId::parse(name).is_ok() {
            return Ok(Revision { commit: self.evaluate(rev)?, name: None });
        }
        let (meant, full) = match self.only_meaning(rev, name)? {
            Some(full) => (format!("{full}{suffix}"), true),
            // Git would look for a tag of that name, `refs/tags/refs/heads/main`.
            None if name.starts_with("refs/") => return Err(unknown()),
            None => (rev.to_owned(), false),
        };
        Ok(Revision { commit: self.evaluate(&meant)?, name: full.then_some(meant) })
    }

    /// The commit that [`revision`](Self::revision) finds.
    pub fn resolve(&self, rev: &str) -> Result<ObjectId, GitError> {
        Ok(self.revision(rev)?.commit)
    }

    /// Whether `name` is a file beside HEAD, such as `FETCH_HEAD`, which is what git takes first.
    fn is_own_head(&self, name: &str) -> bool {
        name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') && self.inner.git_dir().join(name).is_file()
    }

    /// The full name of the reference that `name` stands for; `None` where it is the name of none. Names that could mean
    /// something else, too, are refused unless all of it is the same commit.
    fn only_meaning(&self, rev: &str, name: &str) -> Result<Option<String>, GitError> {
        // Git's own places, branches first: where all agree, a branch is more than a tag.
        let places: &[String] = &match name.starts_with("refs/") {
            true => vec![name.to_owned()],
            false => vec![
                format!("refs/{name}"),
                format!("refs/heads/{name}"),
                format!("refs/remotes/{name}"),
                format!("refs/remotes/{name}/HEAD"),
                format!("refs/tags/{name}"),
            ],
        };
        let mut meanings: Vec<(String, Option<ObjectId>)> = Vec::new();
        for place in places {
            match self.reference(place) {
                Ok(None) => {}
                Ok(found) => meanings.push((place.clone(), found)),
                // One that leads to no commit, or nowhere, is a second meaning all the same.
                Err(_) => meanings.push((place.clone(), None)),
            }
        }
        let Some((first, commit)) = meanings.first().cloned() else { return Ok(None) };
        if !name.starts_with("refs/") {
            for hex in abbreviated_ids(name) {
                for id in self.ids_beginning_with(hex)? {
                    if Some(id) != commit {
                        meanings.push((id.to_string(), Some(id)));
                    }
                }
            }
        }
        if meanings.iter().all(|(_, other)| *other == commit) {
            return Ok(Some(first));
        }
        let meanings = meanings.into_iter().map(|(name, _)| name).collect();
        Err(GitError::AmbiguousName { rev: rev.to_owned(), meanings })
    }

    /// The objects whose ids begin with `hex`; at most a few, for a refusal that lists them.
    fn ids_beginning_with(&self, hex: &str) -> Result<Vec<ObjectId>, GitError> {
        let Ok(prefix) = gix::hash::Prefix::from_hex(hex) else { return Ok(Vec::new()) };
        let mut candidates = HashSet::new();
        self.inner
            .objects
            .lookup_prefix(prefix, Some(&mut candidates))
            .map_err(GitError::while_doing(format!("look for objects whose ids begin with `{hex}`")))?;
        let mut ids: Vec<ObjectId> = candidates.iter().map(|id| from_gix(id)).collect();
        ids.sort();
        ids.truncate(4);
        Ok(ids)
    }

    /// What an unambiguous expression leads to, peeled to a commit.
    fn evaluate(&self, rev: &str) -> Result<ObjectId, GitError> {
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
                    let bytes = self.read(&id, gix::objs::Kind::Tag, &rev)?;
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
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

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
    fn references_and_where_they_are_checked_out() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit("first");
        sandbox.git(&["tag", "-a", "-m", "x", "v1"]);
        sandbox.git(&["tag", "blob", &sandbox.object("blob", b"x").to_string()]);
        sandbox.git(&["branch", "deep/er"]);
        sandbox.git(&["pack-refs", "--all"]);
        sandbox.git(&["branch", "loose"]);
        let repo = sandbox.open();
        let names = |prefix: &str| -> Vec<String> {
            let found = repo.references(prefix).unwrap();
            assert!(found.iter().all(|(_, id)| *id == first));
            found.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names("refs/heads/"), ["refs/heads/deep/er", "refs/heads/loose", "refs/heads/main"]);
        assert_eq!(names("refs/tags/"), ["refs/tags/v1"]);
        assert_eq!(names("refs/none/"), [""; 0]);
        let tree = sandbox.beside("linked tree");
        sandbox.git(&["worktree", "add", "-q", tree.to_str().unwrap(), "loose"]);
        assert_eq!(repo.worktree_of("refs/heads/loose").unwrap(), Some(tree));
        assert_eq!(repo.worktree_of("refs/heads/main").unwrap().as_deref(), Some(sandbox.path()));
        assert_eq!(repo.worktree_of("refs/heads/deep/er").unwrap(), None);
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
}
