//! Which of some paths are not as in HEAD.

use super::error::GitError;
use super::repo::Repo;
use crate::model::path::RepoPath;

/// How a path differs from HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathState {
    /// Staged or edited, and in HEAD.
    Modified,
    /// Gone from the index or from the working tree.
    Deleted,
    /// Staged, and not in HEAD.
    Added,
    /// Neither in HEAD nor staged.
    Untracked,
    /// In conflict.
    Unmerged,
}

/// Arguments of one command line stay well below what systems allow.
const BATCH_BYTES: usize = 60_000;

impl Repo {
    /// How many tracked files differ from HEAD, staged or not.
    pub fn modified_count(&self) -> Result<usize, GitError> {
        let bytes =
            self.git(["status", "--porcelain", "-z", "--no-renames", "--untracked-files=no"]).with_index().output()?;
        Ok(bytes.split(|byte| *byte == 0).filter(|line| !line.is_empty()).count())
    }

    /// Those of `paths` that are not as in HEAD, with how they differ. A folder stands for all that is in it.
    /// Ignored files are not reported.
    pub fn path_status(&self, paths: &[RepoPath]) -> Result<Vec<(RepoPath, PathState)>, GitError> {
        self.require_work_dir()?;
        let mut states = Vec::new();
        let mut rest = paths;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |path: &&RepoPath| {
                bytes += path.as_bytes().len() + 1;
                bytes <= BATCH_BYTES
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (batch, later) = rest.split_at(count);
            rest = later;
            let flags = [
                "--literal-pathspecs",
                "status",
                "--porcelain=v2",
                "-z",
                "--untracked-files=all",
                "--no-renames",
                "--ignore-submodules=none",
                "--",
            ];
            let places = batch.iter().map(|path| super::command::path_from(path.as_bytes()));
            let output = places.fold(self.git(flags).with_index(), |command, path| command.arg(path)).output()?;
            parse(&output, &mut states)?;
        }
        states.sort_by(|a, b| a.0.cmp(&b.0));
        states.dedup();
        Ok(states)
    }
}

impl Repo {
    /// The tracked files that are not as in HEAD, staged or not, with how they differ.
    pub fn tracked_changes(&self) -> Result<Vec<(RepoPath, PathState)>, GitError> {
        self.require_work_dir()?;
        let flags = ["status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames"];
        let mut states = Vec::new();
        parse(&self.git(flags).with_index().output()?, &mut states)?;
        states.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(states)
    }
}

fn parse(output: &[u8], states: &mut Vec<(RepoPath, PathState)>) -> Result<(), GitError> {
    let malformed = || GitError::other("read the output of `git status`", "it has an unexpected form");
    for line in output.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let (skip, state) = match line {
            [b'1', b' ', index, work, ..] => (8, changed(*index, *work)),
            [b'u', ..] => (10, PathState::Unmerged),
            [b'?', ..] => (1, PathState::Untracked),
            [b'#' | b'!', ..] => continue,
            _ => return Err(malformed()),
        };
        let path = line.splitn(skip + 1, |byte| *byte == b' ').nth(skip).ok_or_else(malformed)?;
        states.push((RepoPath::from_bytes(path), state));
    }
    Ok(())
}

fn changed(index: u8, work: u8) -> PathState {
    match (index, work) {
        (_, b'D') | (b'D', _) => PathState::Deleted,
        (b'A', _) | (_, b'A') => PathState::Added,
        _ => PathState::Modified,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn only_the_asked_paths_and_only_differences() {
        let sandbox = Sandbox::new();
        for path in ["kept", "edited", "staged", "gone", "dir/one", "other"] {
            sandbox.write(path, "1");
        }
        sandbox.write(".gitignore", "ignored\n").commit("first");
        for path in ["edited", "staged", "other", "added", "dir/new", "*", "ignored", "space d"] {
            sandbox.write(path, "2");
        }
        sandbox.git(&["add", "staged", "added"]);
        std::fs::remove_file(sandbox.path().join("gone")).unwrap();
        let asked = ["kept", "edited", "staged", "gone", "dir", "added", "*", "ignored", "absent", "space d"];
        let paths: Vec<RepoPath> = asked.map(RepoPath::from).to_vec();
        let states = sandbox.open().path_status(&paths).unwrap();
        let states: Vec<(String, PathState)> =
            states.into_iter().map(|(path, state)| (path.to_string(), state)).collect();
        let expected = [
            ("*", PathState::Untracked),
            ("added", PathState::Added),
            ("dir/new", PathState::Untracked),
            ("edited", PathState::Modified),
            ("gone", PathState::Deleted),
            ("space d", PathState::Untracked),
            ("staged", PathState::Modified),
        ];
        assert_eq!(states, expected.map(|(path, state)| (path.to_owned(), state)));
        assert_eq!(sandbox.open().path_status(&[]).unwrap(), []);
        let tracked = sandbox.open().tracked_changes().unwrap();
        let tracked: Vec<String> = tracked.into_iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(tracked, ["added", "edited", "gone", "other", "staged"]);
        let many: Vec<RepoPath> =
            (0..9000).map(|number| RepoPath::from(format!("absent/{number}"))).chain(["edited".into()]).collect();
        assert_eq!(sandbox.open().path_status(&many).unwrap().len(), 1);
    }
}
