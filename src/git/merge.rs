//! Merging two commits in memory, the same way everywhere: fixed options, no configuration, no attributes, no drivers.
//!
//! Renames are followed as git does by default. Attributes have no effect: neither `merge=union` of the working tree
//! nor one of the merged trees can make a conflict disappear. Nothing is written into the object database.

use std::num::NonZeroU8;

use gix::diff::blob as diff_blob;
use gix::merge::plumbing;
use gix::merge::plumbing::blob::builtin_driver::text;
use gix::objs::Write as _;
use gix::worktree::{Stack, stack};

use super::error::GitError;
use super::objects::from_gix;
use super::repo::Repo;
use super::tree::CommitTree;
use crate::model::digest::ObjectId;
use crate::model::path::RepoPath;

/// Files above this size are not merged line by line, as in git.
const LARGEST_TEXT: u64 = 512 * 1024 * 1024;

/// What merging gives: a tree, which exists in this process only.
pub struct Merged {
    repo: Repo,
    tree: ObjectId,
}

impl Merged {
    /// The id of the merged tree.
    pub fn tree_id(&self) -> &ObjectId {
        &self.tree
    }

    /// The view of the merged tree.
    pub fn tree(&self) -> CommitTree<'_> {
        self.repo.tree(&self.tree)
    }

    /// The repository with the merged objects in it: what compares the merged tree with others.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }
}

impl Repo {
    /// The tree that merging `theirs` into `ours` gives. Where a human must decide, [`GitError::Conflict`] names paths.
    pub fn merge(&self, ours: &ObjectId, theirs: &ObjectId) -> Result<Merged, GitError> {
        let repo = self.in_memory();
        let tree = repo.merge_here(ours, theirs)?;
        Ok(Merged { repo, tree })
    }

    /// One best common ancestor of two commits; `None` when there is none to be seen.
    pub fn merge_base(&self, one: &ObjectId, other: &ObjectId) -> Result<Option<ObjectId>, GitError> {
        let mut graph = gix::revwalk::Graph::new(&self.objects, None);
        let bases = gix::revision::plumbing::merge_base(self.commit_id(one)?, &[self.commit_id(other)?], &mut graph)
            .map_err(GitError::while_doing(format!("find the common ancestor of {one} and {other}")))?;
        Ok(bases.map(|bases| from_gix(bases.first())))
    }

    fn commit_id(&self, id: &ObjectId) -> Result<gix::ObjectId, GitError> {
        let missing = || GitError::MissingObject { id: id.to_string(), what: "a commit".to_owned() };
        let own = self.own_id(id).ok_or_else(missing)?;
        match self.header(id)? {
            Some((gix::objs::Kind::Commit, _)) => Ok(own),
            Some((kind, _)) => Err(GitError::Damaged { id: id.to_string(), why: format!("a {kind}, not a commit") }),
            None => Err(missing()),
        }
    }

    fn merge_here(&self, ours: &ObjectId, theirs: &ObjectId) -> Result<ObjectId, GitError> {
        let doing = || format!("merge {theirs} into {ours}");
        if self.merge_base(ours, theirs)?.is_none() {
            return Err(GitError::Unrelated { ours: *ours, theirs: *theirs });
        }
        let mut graph = gix::revwalk::Graph::new(&self.objects, None);
        let outcome = plumbing::commit(
            self.commit_id(ours)?,
            self.commit_id(theirs)?,
            text::Labels::default(),
            &mut graph,
            &mut self.diff_platform(),
            &mut self.merge_platform(),
            &self.objects,
            &mut |id| id.to_string(),
            plumbing::commit::Options { tree_merge: options(), ..Default::default() },
        );
        let mut merged = outcome.map_err(GitError::while_doing(doing()))?.tree_merge;
        let how = plumbing::tree::TreatAsUnresolved::git();
        if merged.has_unresolved_conflicts(how) {
            let unresolved = merged.conflicts.iter().filter(|conflict| conflict.is_unresolved(how));
            let sides = unresolved.flat_map(|conflict| [conflict.ours.location(), conflict.theirs.location()]);
            let mut paths: Vec<RepoPath> = sides.map(|path| RepoPath::from_bytes(path.to_vec())).collect();
            paths.sort();
            paths.dedup();
            return Err(GitError::Conflict { paths });
        }
        let tree = merged.tree.write(|tree| self.objects.write(tree)).map_err(GitError::while_doing(doing()))?;
        Ok(from_gix(&tree))
    }

    fn filter(&self) -> gix::filter::plumbing::Pipeline {
        gix::filter::plumbing::Pipeline::new(gix::command::Context::default(), self.hash, Default::default())
    }

    fn diff_platform(&self) -> diff_blob::Platform {
        let options = diff_blob::pipeline::Options { large_file_threshold_bytes: LARGEST_TEXT, ..Default::default() };
        let pipeline = diff_blob::Pipeline::new(Default::default(), self.filter(), Vec::new(), options);
        let algorithm =
            diff_blob::platform::Options { algorithm: Some(diff_blob::Algorithm::Histogram), ..Default::default() };
        diff_blob::Platform::new(algorithm, pipeline, diff_blob::pipeline::Mode::ToGit, no_attributes())
    }

    fn merge_platform(&self) -> plumbing::blob::Platform {
        let options = plumbing::blob::pipeline::Options { large_file_threshold_bytes: LARGEST_TEXT };
        let pipeline = plumbing::blob::Pipeline::new(Default::default(), self.filter(), options);
        let mode = plumbing::blob::pipeline::Mode::ToGit;
        plumbing::blob::Platform::new(pipeline, mode, no_attributes(), Vec::new(), Default::default())
    }
}

/// Attributes that are found nowhere: no files of the machine, none of the repository, none of the index.
fn no_attributes() -> Stack {
    let source = stack::state::attributes::Source::IdMapping;
    let none = stack::state::Attributes::new(Default::default(), None, source, Default::default());
    Stack::new("", stack::State::AttributesStack(none), gix::glob::pattern::Case::Sensitive, Vec::new(), Vec::new())
}

/// What git's merge does without any configuration.
fn options() -> plumbing::tree::Options {
    let keep = text::Conflict::Keep {
        style: text::ConflictStyle::Merge,
        marker_size: NonZeroU8::new(text::Conflict::DEFAULT_MARKER_SIZE).unwrap_or(NonZeroU8::MIN),
    };
    plumbing::tree::Options {
        rewrites: Some(gix::diff::Rewrites { copies: None, percentage: Some(0.5), limit: 7000, track_empty: false }),
        blob_merge: plumbing::blob::platform::merge::Options {
            is_virtual_ancestor: false,
            resolve_binary_with: None,
            text: text::Options { diff_algorithm: diff_blob::Algorithm::Histogram, conflict: keep },
        },
        ..Default::default()
    }
}
