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
    let text::Options { diff_algorithm, conflict: keep } = options().blob_merge.text;
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
    /// The tree that merging `theirs` into `ours` gives. Where a human must decide, [`GitError::Conflict`] names paths.
    pub fn merge(&self, ours: &ObjectId, theirs: &ObjectId) -> Result<Merged, GitError> {
        let repo = self.rehearsal();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sandbox::Sandbox;
    use super::*;
    use crate::model::tree::TreeView as _;

    /// Two branches that grow from one commit; the ids of ours and theirs.
    fn fork(sandbox: &Sandbox, ours: impl FnOnce(&Sandbox), theirs: impl FnOnce(&Sandbox)) -> (ObjectId, ObjectId) {
        sandbox.git(&["switch", "-q", "-c", "theirs"]);
        theirs(sandbox);
        let their_tip = sandbox.commit("theirs");
        sandbox.git(&["switch", "-q", "main"]);
        ours(sandbox);
        (sandbox.commit("ours"), their_tip)
    }

    /// What git says: the tree of a clean merge, or nothing for a conflict.
    fn oracle(sandbox: &Sandbox, ours: &ObjectId, theirs: &ObjectId) -> Option<ObjectId> {
        let (code, out) = sandbox.try_git(
            sandbox.path(),
            &["merge-tree", "--write-tree", &ours.to_string(), &theirs.to_string()],
            b"",
        );
        assert!(code < 2, "{}", String::from_utf8_lossy(&out));
        (code == 0).then(|| ObjectId::parse(std::str::from_utf8(&out).unwrap().trim()).unwrap())
    }

    #[test]
    fn texts_merge_as_git_merges_them() {
        let base = "1\n2\n3\n4\n5\n6\n";
        let (ours, theirs) = ("one\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\nsix\n");
        let merged = |base: &str, ours: &str, theirs: &str, favour| {
            merge_texts(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), favour)
                .map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(merged(base, ours, theirs, Favour::Neither).as_deref(), Some("one\n2\n3\n4\n5\nsix\n"));
        let both = "uno\n2\n3\n4\n5\nsix\n";
        assert_eq!(merged(base, ours, both, Favour::Neither), None);
        // Only the lines in question are decided; the rest arrives from both sides.
        assert_eq!(merged(base, ours, both, Favour::Ours).as_deref(), Some("one\n2\n3\n4\n5\nsix\n"));
        assert_eq!(merged(base, ours, both, Favour::Theirs).as_deref(), Some(both));
        assert_eq!(merged("", "a\n", "b\n", Favour::Neither), None);
        assert_eq!(merged("", "a\n", "a\n", Favour::Neither).as_deref(), Some("a\n"));
        // Git itself agrees.
        let sandbox = Sandbox::new();
        sandbox.write("base", base).write("ours", ours).write("theirs", theirs).write("both", both);
        let git = |theirs| sandbox.try_git(sandbox.path(), &["merge-file", "-p", "ours", "base", theirs], b"");
        assert_eq!(git("theirs"), (0, merged(base, ours, theirs, Favour::Neither).unwrap().into_bytes()));
        assert_eq!(git("both").0, 1);
    }

    fn count_objects(sandbox: &Sandbox) -> String {
        sandbox.git(&["count-objects", "-v"])
    }

    #[test]
    fn clean_merges_give_gits_tree_and_write_nothing() {
        let sandbox = Sandbox::new();
        let text: String = (0..40).map(|line| format!("line {line}\n")).collect();
        sandbox.write("text", &text).write("renamed", &text).write("gone", "1").write("dir/kept", "2").commit("base");
        let (ours, theirs) = fork(
            &sandbox,
            |sandbox| {
                sandbox.write("text", text.replace("line 3\n", "ours\n")).write("ours", "new");
                sandbox.write("renamed", text.replace("line 7\n", "ours\n"));
            },
            |sandbox| {
                sandbox.write("text", text.replace("line 30\n", "theirs\n")).write("dir/theirs", "new");
                sandbox.git(&["mv", "renamed", "moved"]);
                sandbox.git(&["rm", "-q", "gone"]);
            },
        );
        let before = count_objects(&sandbox);
        let repo = sandbox.open();
        let merged = repo.merge(&ours, &theirs).unwrap();
        assert_eq!(count_objects(&sandbox), before);
        assert!(!repo.has_object(merged.tree_id()));
        assert_eq!(Some(*merged.tree_id()), oracle(&sandbox, &ours, &theirs));
        let read = merged.tree().file(&"text".into(), 9999).unwrap().unwrap();
        assert_eq!(
            String::from_utf8(read).unwrap(),
            text.replace("line 3\n", "ours\n").replace("line 30\n", "theirs\n")
        );
        let tree = repo.tree_of(&ours).unwrap();
        let changed = merged.repo().diff_trees(Some(&tree), merged.tree_id()).unwrap();
        assert_eq!(changed, sandbox.diff_tree(&tree, merged.tree_id()));
        assert_eq!(repo.merge_base(&ours, &theirs).unwrap(), Some(sandbox.id("main^")));
    }

    #[test]
    fn conflicts_are_named() {
        let sandbox = Sandbox::new();
        sandbox.write("dir/text", "base\n").write("gone", "base\n").commit("base");
        let (ours, theirs) = fork(
            &sandbox,
            |sandbox| {
                sandbox.write("dir/text", "ours\n").write("gone", "ours\n").write("added", "ours\n");
            },
            |sandbox| {
                sandbox.write("dir/text", "theirs\n").write("added", "theirs\n");
                sandbox.git(&["rm", "-q", "gone"]);
            },
        );
        assert_eq!(oracle(&sandbox, &ours, &theirs), None);
        let Err(GitError::Conflict { paths }) = sandbox.open().merge(&ours, &theirs) else { panic!("no conflict") };
        assert_eq!(paths, ["added".into(), "dir/text".into(), "gone".into()]);
    }

    #[test]
    fn attributes_and_configuration_have_no_effect() {
        let sandbox = Sandbox::new();
        sandbox.write("log", "base\n").write(".gitattributes", "* merge=union\n").commit("base");
        sandbox.write(".git/info/attributes", "* merge=union\n");
        let driver = sandbox.beside("driver-ran");
        sandbox.git(&["config", "merge.mine.driver", &format!("touch '{}'", driver.display())]);
        sandbox.git(&["config", "merge.default", "union"]);
        sandbox.git(&["config", "merge.renames", "false"]);
        let (ours, theirs) = fork(
            &sandbox,
            |sandbox| {
                sandbox.write("log", "base\nours\n").write(".gitattributes", "* merge=mine\n");
            },
            |sandbox| {
                sandbox.write("log", "base\ntheirs\n");
            },
        );
        let Err(GitError::Conflict { paths }) = sandbox.open().merge(&ours, &theirs) else { panic!("no conflict") };
        assert_eq!(paths, ["log".into()]);
        assert!(!driver.exists());
    }

    #[test]
    fn unrelated_and_criss_cross_histories() {
        let sandbox = Sandbox::new();
        sandbox.write("a", "1\n2\n3\n").write("b", "1\n").commit("base");
        let (ours, theirs) = fork(
            &sandbox,
            |sandbox| {
                sandbox.write("a", "one\n2\n3\n");
            },
            |sandbox| {
                sandbox.write("a", "1\n2\nthree\n");
            },
        );
        // Each side merges the other: two best common ancestors.
        sandbox.git(&["merge", "-q", "-m", "m1", &theirs.to_string()]);
        sandbox.write("b", "ours\n");
        let left = sandbox.commit("left");
        sandbox.git(&["switch", "-q", "theirs"]);
        sandbox.git(&["merge", "-q", "-m", "m2", &ours.to_string()]);
        sandbox.write("c", "theirs\n");
        let right = sandbox.commit("right");
        assert_eq!(sandbox.git(&["merge-base", "--all", "main", "theirs"]).lines().count(), 2);
        let repo = sandbox.open();
        let merged = repo.merge(&left, &right).unwrap();
        assert_eq!(Some(*merged.tree_id()), oracle(&sandbox, &left, &right));
        let alone = sandbox.git(&["commit-tree", "-m", "alone", "HEAD^{tree}"]);
        let alone = ObjectId::parse(&alone).unwrap();
        assert!(matches!(repo.merge(&left, &alone), Err(GitError::Unrelated { .. })));
        assert_eq!(repo.merge_base(&left, &alone).unwrap(), None);
        assert_eq!(repo.merge(&ours, &left).unwrap().tree_id(), &repo.tree_of(&left).unwrap());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
        #[test]
        fn random_merges_are_those_of_git(
            ours in proptest::collection::vec((0usize..5, 0usize..12, 0u8..3), 1..5),
            theirs in proptest::collection::vec((0usize..5, 0usize..12, 0u8..3), 1..5),
        ) {
            let sandbox = Sandbox::new();
            let text = |file: usize| -> Vec<String> { (0..12).map(|line| format!("file {file} line {line}\n")).collect() };
            for file in 0..5 {
                sandbox.write(&format!("d{}/f{file}", file % 2), text(file).concat());
            }
            sandbox.commit("base");
            let apply = |edits: &[(usize, usize, u8)], who: &str| {
                let edits = edits.to_vec();
                let who = who.to_owned();
                move |sandbox: &Sandbox| {
                    for (file, line, kind) in edits {
                        let path = format!("d{}/f{file}", file % 2);
                        let Ok(now) = std::fs::read_to_string(sandbox.path().join(&path)) else { continue };
                        match kind {
                            0 => { sandbox.write(&path, now.replace(&format!("line {line}\n"), &format!("line {line} by {who}\n"))); }
                            1 => { sandbox.write(&path, now.replace(&format!("file {file} line {line}\n"), "")); }
                            _ => { sandbox.write(&format!("d{}/{who}{file}", file % 2), "new\n"); }
                        }
                    }
                }
            };
            let (ours, theirs) = fork(&sandbox, apply(&ours, "ours"), apply(&theirs, "theirs"));
            let mine = match sandbox.open().merge(&ours, &theirs) {
                Ok(merged) => Some(*merged.tree_id()),
                Err(GitError::Conflict { .. }) => None,
                Err(error) => panic!("{error}"),
            };
            prop_assert_eq!(mine, oracle(&sandbox, &ours, &theirs));
        }
    }
}
