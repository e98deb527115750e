//! Temporary repositories for the tests of this module. Real git is the oracle.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::repo::Repo;
use crate::model::digest::ObjectId;
use crate::model::tree::{Change, Mode};

/// A repository in a temporary folder, with its own home, author and clock.
pub(crate) struct Sandbox {
    temp: tempfile::TempDir,
    at: PathBuf,
    clock: Cell<u64>,
}

impl Sandbox {
    /// An empty repository on the branch `main`.
    pub(crate) fn new() -> Self {
        Self::init(&[])
    }

    /// As [`new`](Self::new), with further arguments of `git init`.
    pub(super) fn init(arguments: &[&str]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        // What a temporary folder is called may lead through symbolic links.
        let at = temp.path().canonicalize().unwrap().join("repo");
        std::fs::create_dir(&at).unwrap();
        let sandbox = Self { temp, at, clock: Cell::new(1_700_000_000) };
        sandbox.git(&[&["init", "-q", "-b", "main"], arguments].concat());
        for (key, value) in [
            ("user.name", "Tess Ter"),
            ("user.email", "tess@example.com"),
            ("commit.gpgSign", "false"),
            ("gc.auto", "0"),
        ] {
            sandbox.git(&["config", key, value]);
        }
        sandbox
    }

    /// The top of the working tree.
    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    /// A path beside the repository.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.at.parent().unwrap().join(name)
    }

    /// Runs git at `dir`; stdout without the last line feed.
    pub(super) fn git_at(&self, dir: &Path, arguments: &[&str]) -> String {
        let (code, out) = self.try_git(dir, arguments, b"");
        assert_eq!(code, 0, "git {arguments:?}: {}", String::from_utf8_lossy(&out));
        String::from_utf8(out).unwrap().trim_end_matches('\n').to_owned()
    }

    /// Runs git in the repository.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_at(&self.at, arguments)
    }

    /// Runs git with input; stdout as bytes.
    pub(super) fn git_input(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let (code, out) = self.try_git(&self.at, arguments, input);
        assert_eq!(code, 0, "git {arguments:?}: {}", String::from_utf8_lossy(&out));
        out
    }

    /// Runs git, well or not.
    pub(super) fn try_git(&self, dir: &Path, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> (i32, Vec<u8>) {
        self.clock.set(self.clock.get() + 60);
        let mut command = Command::new("git");
        for name in super::command::LOCAL_ENVIRONMENT {
            command.env_remove(name);
        }
        let date = format!("{} +0000", self.clock.get());
        command.current_dir(dir).args(arguments).env("HOME", self.temp.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(input).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        let code = output.status.code().unwrap();
        (code, if code == 0 { output.stdout } else { [output.stdout, output.stderr].concat() })
    }

    /// Writes a file of the working tree.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.at.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Stages everything and commits it; the commit's id.
    pub(crate) fn commit(&self, message: &str) -> ObjectId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    /// What git says a revision is.
    pub(super) fn id(&self, rev: &str) -> ObjectId {
        ObjectId::parse(&self.git(&["rev-parse", rev])).unwrap()
    }

    /// Opens the repository. Run from a hook, the environment may lead elsewhere: then nothing is opened.
    pub(crate) fn open(&self) -> Repo {
        self.open_at(&self.at)
    }

    /// Opens the repository that `dir` is in.
    pub(super) fn open_at(&self, dir: &Path) -> Repo {
        let repo = Repo::open(dir).unwrap();
        let git_dir = repo.git_dir().canonicalize().unwrap();
        assert!(git_dir.starts_with(self.at.parent().unwrap()), "{} is not the sandbox", git_dir.display());
        repo
    }

    /// Writes a tree object as it is, sorted or not.
    pub(super) fn raw_tree(&self, entries: &[(&str, &str, ObjectId)]) -> ObjectId {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend_from_slice(id.as_bytes());
        }
        self.object("tree", &bytes)
    }

    /// Writes any object as it is.
    pub(super) fn object(&self, kind: &str, bytes: &[u8]) -> ObjectId {
        let out = self.git_input(&["hash-object", "-t", kind, "--literally", "-w", "--stdin"], bytes);
        ObjectId::parse(String::from_utf8(out).unwrap().trim()).unwrap()
    }

    /// What `git diff-tree` says about two trees.
    pub(super) fn diff_tree(&self, before: &ObjectId, after: &ObjectId) -> Vec<Change> {
        let (before, after) = (before.to_string(), after.to_string());
        raw_changes(
            &self.git_input(&["diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", &before, &after], b""),
        )
    }
}

/// Reads git's raw format.
pub(super) fn raw_changes(output: &[u8]) -> Vec<Change> {
    let fields: Vec<&[u8]> = output.split(|byte| *byte == 0).collect();
    let mut changes: Vec<Change> = fields
        .chunks_exact(2)
        .map(|pair| {
            let head = std::str::from_utf8(pair[0]).unwrap();
            let parts: Vec<&str> = head[1..].split(' ').collect();
            let side = |mode: &str, id: &str| {
                let bits = u32::from_str_radix(mode, 8).unwrap();
                (bits != 0).then(|| (Mode::from_bits(bits), ObjectId::parse(id).unwrap()))
            };
            Change {
                path: crate::model::path::RepoPath::from_bytes(pair[1]),
                before: side(parts[0], parts[2]),
                after: side(parts[1], parts[3]),
            }
        })
        .collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}
