//! How much two trees unfold to, before anybody unfolds them.

use std::collections::{BTreeMap, HashMap};

use super::{MAX_CHANGES, MAX_DEPTH, Trees, too_deep};
use crate::git::error::GitError;
use crate::git::repo::Repo;
use crate::git::tree::RawEntry;
use crate::model::path::RepoPath;

/// Two folders whose folders are being weighed; at the bottom that which all lie in.
struct Frame {
    trees: Option<Trees>,
    /// Under how many names its parent has it.
    times: usize,
    /// The folders in it that differ, each pair once: what many names lead to takes no more memory than one.
    inside: Vec<(Trees, usize)>,
    weight: usize,
}

impl Repo {
    /// How many files and folders the pairs unfold to, or some number above [`MAX_CHANGES`]. Trees that occur again are not
    /// read again, and no paths are made, so that the answer for ten thousand million comes as fast as for ten.
    pub(super) fn weigh(&self, pairs: impl Iterator<Item = Trees>) -> Result<usize, GitError> {
        let mut known: HashMap<Trees, usize> = HashMap::new();
        let mut stack: Vec<Frame> = Vec::new();
        let mut frame = Frame { trees: None, times: 1, inside: counted(pairs), weight: 0 };
        loop {
            while let Some((pair, times)) = frame.inside.pop() {
                if let Some(weight) = known.get(&pair) {
                    frame.weight = frame.weight.saturating_add(weight.saturating_mul(times));
                    continue;
                }
                let (inside, files) = self.folders_and_files(pair)?;
                stack.push(frame);
                frame = Frame { trees: Some(pair), times, inside, weight: 1 + files };
                if stack.len() > MAX_DEPTH {
                    return Err(too_deep());
                }
            }
            // Whatever it lies in weighs no less.
            if frame.weight > MAX_CHANGES {
                return Ok(frame.weight);
            }
            let (Some(trees), Some(mut above)) = (frame.trees, stack.pop()) else { return Ok(frame.weight) };
            known.insert(trees, frame.weight);
            above.weight = above.weight.saturating_add(frame.weight.saturating_mul(frame.times));
            frame = above;
        }
    }

    /// The folders in which two folders differ, and how many files they differ in.
    fn folders_and_files(&self, pair: Trees) -> Result<(Vec<(Trees, usize)>, usize), GitError> {
        let (mut folders, mut files) = (Vec::new(), 0);
        self.each_difference(&RepoPath::default(), pair, &mut |old, new| {
            match old.or(new).is_some_and(RawEntry::is_tree) {
                true => folders.push((old.map(RawEntry::id), new.map(RawEntry::id))),
                false => files += 1,
            }
            Ok(())
        })?;
        Ok((counted(folders.into_iter()), files))
    }
}

/// Each pair that differs once, with how often it occurs.
fn counted(pairs: impl Iterator<Item = Trees>) -> Vec<(Trees, usize)> {
    let mut counts = BTreeMap::new();
    for pair in pairs.filter(|(before, after)| before != after) {
        *counts.entry(pair).or_default() += 1;
    }
    counts.into_iter().collect()
}
