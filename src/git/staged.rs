//! The view of what is staged: HEAD's tree with the changes of the index that git names.

use std::cell::OnceCell;

use super::error::GitError;
use super::overlay::Overlay;
use super::repo::Repo;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;
use crate::model::tree::{Change, Entry, SightError, TreeView};

/// The tree that a commit of the index would have. Read when first looked at, and once.
pub struct StagedTree<'r> {
    repo: &'r Repo,
    base: Option<ObjectId>,
    overlay: OnceCell<Overlay<'r>>,
}

impl Repo {
    /// What is staged, against HEAD.
    pub fn staged(&self) -> Result<StagedTree<'_>, GitError> {
        Ok(self.staged_since(self.head_tree()?))
    }

    /// What is staged, against the tree `base` (`None`: empty). For `commit --amend`: the tree of HEAD's parent.
    pub fn staged_since(&self, base: Option<ObjectId>) -> StagedTree<'_> {
        StagedTree { repo: self, base, overlay: OnceCell::new() }
    }
}

impl<'r> StagedTree<'r> {
    /// The staged changes, sorted by path.
    pub fn changes(&self) -> Result<&[Change], GitError> {
        Ok(self.overlay()?.changes())
    }

    fn overlay(&self) -> Result<&Overlay<'r>, GitError> {
        if let Some(overlay) = self.overlay.get() {
            return Ok(overlay);
        }
        let changes = self.repo.diff_index_against(self.base.as_ref())?;
        Ok(self.overlay.get_or_init(|| Overlay::new(self.repo, self.base.as_ref(), changes)))
    }
}

impl TreeView for StagedTree<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, SightError> {
        self.overlay()?.entry(path)
    }

    fn list(&self, path: &RepoPath) -> Result<Vec<Entry>, SightError> {
        self.overlay()?.list(path)
    }

    fn blob(&self, id: &ObjectId, path: &RepoPath, limit: u64) -> Result<Vec<u8>, SightError> {
        self.repo.blob(id, path, limit)
    }
}
