//! A working copy apart: a clone that shares the objects and nothing else. What runs in it finds no branch, index, hook or
//! configuration of this repository to change.

use std::path::Path;
use std::process::{Command, Stdio};

use super::command::LOCAL_ENVIRONMENT;
use super::error::GitError;
use super::repo::Repo;
use crate::model::digest::ObjectId;

impl Repo {
    /// Clones into the empty folder `dir` and checks `commit` out there, detached. No hook runs; the objects are this
    /// repository's, read and never written.
    pub fn copy_to(&self, dir: &Path, commit: &ObjectId) -> Result<(), GitError> {
        let source = self.common_dir().canonicalize();
        let source = source.map_err(GitError::while_doing(format!("find `{}`", self.common_dir().display())))?;
        let mut clone = apart(dir);
        // An empty template: hooks of the user's own template are for working, not for proving.
        clone.args(["clone", "--quiet", "--shared", "--no-checkout", "--template=", "--"]).arg(source).arg(dir);
        run(clone, "clone this repository")?;
        // `git push` has nowhere to go.
        let mut forget = apart(dir);
        forget.args(["config", "--remove-section", "remote.origin"]);
        run(forget, "forget where the clone comes from")?;
        let mut checkout = apart(dir);
        checkout.args(["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"]);
        checkout.args(["checkout", "--quiet", "--detach"]).arg(commit.to_string()).arg("--");
        run(checkout, "check the commit out")
    }

    /// The files of `commit` that the copy at `dir` has otherwise, as git names them. What ran there may have moved branches
    /// and index and changed the configuration of the copy's own repository: another one beside it, made now, looks.
    pub fn changed_in_copy(&self, dir: &Path, commit: &ObjectId) -> Result<Vec<String>, GitError> {
        let doing = "look at the copy";
        let beside = tempfile::tempdir_in(dir.parent().unwrap_or(dir)).map_err(GitError::while_doing(doing))?;
        let source = self.common_dir().canonicalize().map_err(GitError::while_doing(doing))?;
        let mut clone = apart(beside.path());
        clone.args(["clone", "--quiet", "--shared", "--bare", "--template=", "--"]).arg(source).arg(beside.path());
        run(clone, doing)?;
        let looking = || {
            let mut command = apart(dir);
            command.arg("--git-dir").arg(beside.path()).arg("--work-tree").arg(dir);
            command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.bare=false"]);
            command
        };
        let mut read = looking();
        read.args(["read-tree", &commit.to_string()]);
        run(read, doing)?;
        let mut diff = looking();
        diff.args(["diff", "--name-only", "--no-ext-diff", "--ignore-submodules", "--"]);
        let output = diff.output().map_err(GitError::while_doing(doing))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(GitError::CommandFailed {
                command: format!("git: {doing}"),
                code: output.status.code(),
                stderr,
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}

/// Git in `dir`, with nothing of the caller's repository in its environment.
fn apart(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).stdin(Stdio::null());
    for name in LOCAL_ENVIRONMENT {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_REPLACE_OBJECTS", "1");
    command
}

fn run(mut command: Command, what: &str) -> Result<(), GitError> {
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => GitError::GitMissing,
        _ => GitError::other(what, error),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(GitError::CommandFailed { command: format!("git: {what}"), code: output.status.code(), stderr })
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;

    #[test]
    fn a_copy_shares_objects_and_nothing_else() {
        let sandbox = Sandbox::new();
        let first = sandbox.write("file", "1").commit("first");
        sandbox.write("file", "2").commit("second");
        sandbox.git(&["tag", "v1"]);
        let dir = sandbox.beside("copy");
        std::fs::create_dir(&dir).unwrap();
        let repo = sandbox.open();
        repo.copy_to(&dir, &first).unwrap();
        assert_eq!(std::fs::read_to_string(dir.join("file")).unwrap(), "1");
        assert_eq!(sandbox.git_at(&dir, &["rev-parse", "HEAD"]), first.to_string());
        assert_eq!(repo.changed_in_copy(&dir, &first).unwrap(), [""; 0]);
        std::fs::write(dir.join("file"), "3").unwrap();
        assert_eq!(repo.changed_in_copy(&dir, &first).unwrap(), ["file"]);
        sandbox.git_at(&dir, &["-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "-am", "hidden"]);
        assert_eq!(repo.changed_in_copy(&dir, &first).unwrap(), ["file"], "a commit hides nothing");
        sandbox.git_at(&dir, &["tag", "stray"]);
        let (code, _) = sandbox.try_git(&dir, &["push", "origin", "stray"], b"");
        assert_ne!(code, 0);
        assert_eq!(sandbox.git(&["tag"]), "v1");
        assert_eq!(repo.worktrees().unwrap().len(), 1);
    }
}
