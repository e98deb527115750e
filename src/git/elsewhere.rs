//! Git as a person runs it, in a folder that need not be a repository yet: for the demo.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use super::command::Output;
use super::error::GitError;

/// Runs `git` in `dir` with hooks, and with no environment but `environment`.
pub fn run_in(dir: &Path, arguments: &[&str], environment: &[(&str, OsString)]) -> Result<Output, GitError> {
    let mut command = Command::new("git");
    command.current_dir(dir).args(arguments).stdin(Stdio::null());
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    match command.output() {
        Ok(output) => Ok(Output {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(GitError::GitMissing),
        Err(error) => Err(GitError::other(format!("run `git {}`", arguments.join(" ")), error)),
    }
}
