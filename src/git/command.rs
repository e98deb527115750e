//! The git command: for what gix cannot do, or does slower. Arguments are a list, never a line for a shell.
//!
//! A spawned git sees the repository that we opened and nothing of what redirects it: the environment that hooks run
//! with is taken away, replace refs and grafts are off, nothing is fetched, no lock is taken for reading's sake.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::GitError;
use super::repo::Repo;

/// What `git rev-parse --local-env-vars` prints, with what it leaves out.
pub(crate) const LOCAL_ENVIRONMENT: [&str; 19] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A git command about to run.
pub struct GitCommand<'r> {
    repo: &'r Repo,
    arguments: Vec<OsString>,
    input: Option<Vec<u8>>,
    index: Option<PathBuf>,
    objects: Option<PathBuf>,
    /// Whether settings that the caller's environment holds count.
    configured_by_caller: bool,
}

/// How a git command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr, as text.
    pub stderr: String,
}

impl Repo {
    /// A git command for this repository, run at the top of its working tree.
    pub fn git<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> GitCommand<'_> {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        GitCommand { repo: self, arguments, input: None, index: None, objects: None, configured_by_caller: false }
    }

    /// Runs the user's `git commit` as the user would: in `dir`, with this process's environment and terminal, and
    /// with hooks. Returns its exit code.
    pub fn commit_with_git(&self, dir: &Path, arguments: &[OsString]) -> Result<Option<i32>, GitError> {
        let mut command = Command::new("git");
        command.current_dir(dir).arg("commit").args(arguments);
        let status = command.status().map_err(|error| start_error("git commit", error))?;
        Ok(status.code())
    }

    /// The folder that git runs hooks from, called as this process was: `core.hooksPath`, be it from the environment or a
    /// command line, or `hooks` in the common folder.
    pub fn hooks_dir(&self) -> Result<PathBuf, GitError> {
        // Asked for a hook, not for the folder: of an empty setting git makes `./` for the one and the root for the other.
        let mut command = self.git(["rev-parse", "--git-path", "hooks/pre-commit"]);
        command.configured_by_caller = true;
        let mut path = command.output()?;
        while path.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            path.pop();
        }
        let hook = self.directory().join(path_from(&path));
        Ok(hook.parent().unwrap_or(&hook).to_owned())
    }

    /// Where git commands run.
    fn directory(&self) -> &Path {
        self.work_dir().unwrap_or_else(|| self.git_dir())
    }
}

impl GitCommand<'_> {
    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// What the command reads from stdin; nothing otherwise.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Shows the command the index that [`Repo::index_path`] names.
    #[must_use]
    pub fn with_index(mut self) -> Self {
        self.index = Some(self.repo.index_path().to_owned());
        self
    }

    /// Lets the command write new objects into the folder `dir`, and read those of the repository.
    #[must_use]
    pub(super) fn writing_to(mut self, dir: &Path) -> Self {
        self.objects = Some(dir.to_owned());
        self
    }

    /// Runs it and returns how it ended, well or not.
    pub fn run(self) -> Result<Output, GitError> {
        let line = self.line();
        let mut command = self.prepare();
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| start_error(&line, error))?;
        let pipe = child.stdin.take();
        let output = std::thread::scope(|scope| {
            if let (Some(mut pipe), Some(input)) = (pipe, self.input.as_deref()) {
                // A command that ends early breaks the pipe; its exit code tells why.
                scope.spawn(move || pipe.write_all(input));
            }
            child.wait_with_output()
        });
        let output = output.map_err(GitError::while_doing(format!("run `{line}`")))?;
        Ok(Output {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs it and returns its stdout; any exit code but 0 is an error.
    pub fn output(self) -> Result<Vec<u8>, GitError> {
        let command = self.line();
        let output = self.run()?;
        if output.code == Some(0) {
            Ok(output.stdout)
        } else {
            Err(GitError::CommandFailed { command, code: output.code, stderr: output.stderr })
        }
    }

    /// As [`output`](Self::output), as text.
    pub fn text(self) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.output()?).into_owned())
    }

    fn line(&self) -> String {
        let words: Vec<_> = self.arguments.iter().take(8).map(|word| word.to_string_lossy()).collect();
        let more = if self.arguments.len() > 8 { " …" } else { "" };
        format!("git {}{more}", words.join(" "))
    }

    fn prepare(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.repo.directory());
        for name in LOCAL_ENVIRONMENT {
            if !(self.configured_by_caller && name.starts_with("GIT_CONFIG_")) {
                command.env_remove(name);
            }
        }
        let absolute = |path: &Path| self.repo.inner.current_dir().join(path);
        command.env("GIT_DIR", absolute(self.repo.git_dir()));
        if let Some(work_dir) = self.repo.work_dir() {
            command.env("GIT_WORK_TREE", absolute(work_dir));
        }
        if let Some(index) = &self.index {
            command.env("GIT_INDEX_FILE", absolute(index));
        }
        let mut read = self.repo.extra_objects.clone();
        if let Some(objects) = &self.objects {
            command.env("GIT_OBJECT_DIRECTORY", absolute(objects));
            read.push(absolute(&self.repo.common_dir().join("objects")));
        }
        if let (false, Ok(dirs)) = (read.is_empty(), std::env::join_paths(&read)) {
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", dirs);
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_GRAFT_FILE", "/dev/null")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0");
        command.args(&self.arguments);
        command
    }
}

/// The version of the git command, asked outside of any repository.
pub fn installed_version() -> Result<(u32, u32, u32), GitError> {
    let output = Command::new("git").arg("version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| start_error("git version", error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse_version(&text).ok_or_else(|| GitError::other("read the version of git", text))
}

fn start_error(command: &str, error: std::io::Error) -> GitError {
    match error.kind() {
        std::io::ErrorKind::NotFound => GitError::GitMissing,
        _ => GitError::other(format!("start `{command}`"), error),
    }
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let number = text.trim().strip_prefix("git version ")?.split_whitespace().next()?;
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}

/// A path as git printed it.
pub(crate) fn path_from(bytes: &[u8]) -> PathBuf {
    gix::path::from_bstr(gix::bstr::BStr::new(bytes))
        .map_or_else(|_| PathBuf::from(String::from_utf8_lossy(bytes).into_owned()), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(parse_version("git version 2.47.3\n"), Some((2, 47, 3)));
        assert_eq!(parse_version("git version 2.39.5 (Apple Git-154)\n"), Some((2, 39, 5)));
        assert_eq!(parse_version("git version 2.46.GIT"), Some((2, 46, 0)));
        assert_eq!(parse_version("hg 1"), None);
        assert!(installed_version().unwrap() >= (2, 30, 0));
    }

    #[test]
    fn the_list_of_variables_is_gits() {
        let sandbox = super::super::sandbox::Sandbox::new();
        for name in sandbox.git(&["rev-parse", "--local-env-vars"]).lines() {
            assert!(LOCAL_ENVIRONMENT.contains(&name), "{name} redirects git");
        }
    }

    #[test]
    fn failures_carry_what_git_said() {
        let sandbox = super::super::sandbox::Sandbox::new();
        let repo = sandbox.open();
        let Err(GitError::CommandFailed { command, code, stderr }) = repo.git(["cat-file", "-p", "absent"]).output()
        else {
            panic!("no failure")
        };
        assert_eq!((command.as_str(), code), ("git cat-file -p absent", Some(128)));
        assert!(stderr.contains("absent"));
        let input = vec![b'x'; 1 << 20];
        let id = repo.git(["hash-object", "--stdin"]).input(input.clone()).text().unwrap();
        assert_eq!(id.trim(), repo.blob_id(&input).unwrap().to_string());
        assert!(repo.git(["version"]).input(input).run().is_ok(), "input that nobody reads is no failure");
    }
}
