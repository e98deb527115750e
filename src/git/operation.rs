//! Unfinished operations of git, which own index and HEAD until they end.

use std::fmt;

use super::error::GitError;
use super::repo::Repo;
use crate::model::digest::ObjectId;

/// An unfinished operation of git that owns index and HEAD until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `git merge` that waits for its commit.
    Merge,
    /// `git rebase`.
    Rebase,
    /// `git am`.
    ApplyMailbox,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

impl Operation {
    /// The name of git's command.
    pub fn command(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::ApplyMailbox => "am",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => "bisect",
        }
    }

    /// The commands that end it, for a hint.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Merge => "`git merge --continue` or `git merge --abort`",
            Self::Rebase => "`git rebase --continue` or `git rebase --abort`",
            Self::ApplyMailbox => "`git am --continue` or `git am --abort`",
            Self::CherryPick => "`git cherry-pick --continue` or `git cherry-pick --abort`",
            Self::Revert => "`git revert --continue` or `git revert --abort`",
            Self::Bisect => "`git bisect reset`",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command())
    }
}

impl Repo {
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

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

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
}
