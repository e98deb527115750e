//! Merging two commits in memory, the same way everywhere: fixed options, no configuration, no attributes, no drivers.
//!
//! Attributes have no effect: neither `merge=union` of the working tree nor one of the merged trees can make a conflict
//! disappear. Nothing is written into the object database.
//!
//! Which of several files a renamed one is taken to be is a guess, and programs guess differently. So there are two merges:
//! [`Repo::merge`] follows renames, to recognise what git did; [`Repo::foretell`] follows none, and gives a tree only
//! where git's merge, whatever it guesses, ends in that tree or in a conflict.

use std::collections::BTreeSet;
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

/// Files above this size, in bytes, are not merged line by line: changed on both sides they are a conflict. Merging takes six
/// times the size in memory. Git's own limit is 512 MiB, so where it merges such files itself a human merges first.
const LARGEST_TEXT: u64 = 16 * 1024 * 1024;

/// What is taken where two texts changed the same lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Favour {
    /// Neither: there is no merged text.
    Neither,
    /// Our lines.
    Ours,
    /// Their lines.
    Theirs,
}

/// The three-way merge of a text, with the options of [`Repo::merge`]; `None` where both sides changed the same lines and
/// neither is favoured.
pub fn merge_texts(base: &[u8], ours: &[u8], theirs: &[u8], favour: Favour) -> Option<Vec<u8>> {
    let text::Options { diff_algorithm, conflict: keep } = options(Renames::Apart).blob_merge.text;
    let conflict = match favour {
        Favour::Neither => keep,
        Favour::Ours => text::Conflict::ResolveWithOurs,
        Favour::Theirs => text::Conflict::ResolveWithTheirs,
    };
    let mut input = diff_blob::InternedInput::default();
    let mut merged = Vec::new();
    let merge = text::Merge::new(&mut input, ours, base, theirs, diff_algorithm);
    let resolution = merge.run(&mut merged, text::Labels::default(), conflict);
    (resolution != gix::merge::plumbing::blob::Resolution::Conflict).then_some(merged)
}

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
    /// The tree that merging `theirs` into `ours` gives, renames followed as git does by default. Where a human must decide,
    /// [`GitError::Conflict`] names paths.
    pub fn merge(&self, ours: &ObjectId, theirs: &ObjectId) -> Result<Merged, GitError> {
        let repo = self.rehearsal();
        let tree = repo.merge_here(ours, theirs, options(Renames::Followed))?;
        Ok(Merged { repo, tree })
    }

    /// The tree that a merge of `theirs` into `ours` will give, if it gives one without a human: no renames are followed, so
    /// that a file which one side moved and the other changed is a [`GitError::Conflict`]. Only of [`Repo::contested`] paths
    /// may git's lines be others.
    pub fn foretell(&self, ours: &ObjectId, theirs: &ObjectId) -> Result<Merged, GitError> {
        let repo = self.rehearsal();
        let tree = repo.merge_here(ours, theirs, options(Renames::Apart))?;
        Ok(Merged { repo, tree })
    }

    /// Paths that both sides changed since their common ancestors, each in its own way, sorted: their lines are put together,
    /// and where lines repeat, programs differ in how.
    pub fn contested(&self, ours: &ObjectId, theirs: &ObjectId) -> Result<Vec<RepoPath>, GitError> {
        let (our_tree, their_tree) = (self.tree_of(ours)?, self.tree_of(theirs)?);
        let mut changed: [BTreeSet<RepoPath>; 2] = Default::default();
        for base in self.merge_bases(ours, theirs)? {
            let base = self.tree_of(&base)?;
            for (side, tree) in changed.iter_mut().zip([&our_tree, &their_tree]) {
                side.extend(self.diff_trees(Some(&base), tree)?.into_iter().map(|change| change.path));
            }
        }
        let differing = self.diff_trees(Some(&our_tree), &their_tree)?.into_iter().map(|change| change.path);
        Ok(differing.filter(|path| changed.iter().all(|side| side.contains(path))).collect())
    }

    /// One best common ancestor of two commits; `None` when there is none to be seen.
    pub fn merge_base(&self, one: &ObjectId, other: &ObjectId) -> Result<Option<ObjectId>, GitError> {
        Ok(self.merge_bases(one, other)?.first().copied())
    }

    /// All best common ancestors of two commits, the one that git names first ahead.
    fn merge_bases(&self, one: &ObjectId, other: &ObjectId) -> Result<Vec<ObjectId>, GitError> {
        let mut graph = gix::revwalk::Graph::new(&self.objects, None);
        let bases = gix::revision::plumbing::merge_base(self.commit_id(one)?, &[self.commit_id(other)?], &mut graph)
            .map_err(GitError::while_doing(format!("find the common ancestor of {one} and {other}")))?;
        Ok(bases.map(|bases| bases.iter().map(|base| from_gix(base)).collect()).unwrap_or_default())
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

    fn merge_here(
        &self,
        ours: &ObjectId,
        theirs: &ObjectId,
        tree_merge: plumbing::tree::Options,
    ) -> Result<ObjectId, GitError> {
        let doing = || format!("merge {theirs} into {ours}");
        let Some(base) = self.merge_base(ours, theirs)? else {
            return Err(GitError::Unrelated { ours: *ours, theirs: *theirs });
        };
        // The merge itself has no limits: what is too much to compare must not reach it.
        let base = self.tree_of(&base)?;
        for side in [ours, theirs] {
            self.diff_trees(Some(&base), &self.tree_of(side)?)?;
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
            plumbing::commit::Options { tree_merge, ..Default::default() },
        );
        let mut merged = outcome.map_err(GitError::while_doing(doing()))?.tree_merge;
        let how = plumbing::tree::TreatAsUnresolved::git();
        if merged.has_unresolved_conflicts(how) {
            let (mut paths, mut are_large) = (Vec::new(), true);
            for conflict in merged.conflicts.iter().filter(|conflict| conflict.is_unresolved(how)) {
                let sides = [&conflict.ours, &conflict.theirs];
                paths.extend(sides.map(|side| RepoPath::from_bytes(side.location().to_vec())));
                let ids = sides.map(|side| from_gix(side.entry_mode_and_id().1));
                are_large &= self.is_too_large(&ids[0])? || self.is_too_large(&ids[1])?;
            }
            paths.sort();
            paths.dedup();
            return Err(if are_large { GitError::TooLargeToMerge { paths } } else { GitError::Conflict { paths } });
        }
        let tree = merged.tree.write(|tree| self.objects.write(tree)).map_err(GitError::while_doing(doing()))?;
        Ok(from_gix(&tree))
    }

    /// Whether this is a text that is not merged by lines.
    fn is_too_large(&self, id: &ObjectId) -> Result<bool, GitError> {
        Ok(self.header(id)?.is_some_and(|(_, size)| size > LARGEST_TEXT))
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

/// Whether a file that went from one path and one much like it that came at another are taken to be the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Renames {
    /// As git does.
    Followed,
    /// They are two files.
    Apart,
}

/// What git's merge does without any configuration.
fn options(renames: Renames) -> plumbing::tree::Options {
    let rewrites = gix::diff::Rewrites { copies: None, percentage: Some(0.5), limit: 7000, track_empty: false };
    let keep = text::Conflict::Keep {
        style: text::ConflictStyle::Merge,
        marker_size: NonZeroU8::new(text::Conflict::DEFAULT_MARKER_SIZE).unwrap_or(NonZeroU8::MIN),
    };
    plumbing::tree::Options {
        rewrites: (renames == Renames::Followed).then_some(rewrites),
        blob_merge: plumbing::blob::platform::merge::Options {
            is_virtual_ancestor: false,
            resolve_binary_with: None,
            text: text::Options { diff_algorithm: diff_blob::Algorithm::Histogram, conflict: keep },
        },
        ..Default::default()
    }
}

#[cfg(test)]
mod tests;
