//! What benchmarks share: a folder with git in it, repositories of generated files, and how samples are read.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A folder with an environment of its own.
pub(crate) struct Bench {
    pub(crate) root: tempfile::TempDir,
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let config = root.path().join("gitconfig");
        let text = "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
        std::fs::write(&config, text).expect("a written file");
        let environment = vec![
            ("HOME", root.path().as_os_str().to_owned()),
            ("GIT_CONFIG_GLOBAL", config.into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_EDITOR", ":".into()),
        ];
        Self { root, environment }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn command(&self, dir: &Path, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).args(arguments).envs(self.environment.clone());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    pub(crate) fn run(&self, dir: &Path, program: &str, arguments: &[&str]) -> bool {
        self.command(dir, program, arguments).status().is_ok_and(|status| status.success())
    }

    pub(crate) fn must(&self, dir: &Path, program: &str, arguments: &[&str]) {
        assert!(self.run(dir, program, arguments), "{program} {arguments:?}");
    }

    pub(crate) fn timed(&self, dir: &Path, program: &str, arguments: &[&str]) -> Duration {
        let mut command = self.command(dir, program, arguments);
        let start = Instant::now();
        let status = command.status();
        let taken = start.elapsed();
        assert!(status.is_ok_and(|status| status.success()), "{program} {arguments:?}");
        taken
    }

    /// A repository made by `git fast-import` from `stream`.
    pub(crate) fn import(&self, name: &str, stream: &[u8]) -> PathBuf {
        let dir = self.path(name);
        self.must(self.root.path(), "git", &["init", "--quiet", name]);
        self.fast_import(&dir, stream);
        dir
    }

    /// More commits in a repository, whose HEAD is then checked out.
    pub(crate) fn fast_import(&self, dir: &Path, stream: &[u8]) {
        use std::io::Write as _;
        let mut child = self
            .command(dir, "git", &["fast-import", "--quiet", "--force"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("git fast-import");
        child.stdin.take().expect("a pipe").write_all(stream).expect("a written stream");
        assert!(child.wait().is_ok_and(|status| status.success()));
        self.must(dir, "git", &["reset", "--hard", "--quiet"]);
    }
}

pub(crate) fn median(mut samples: Vec<Duration>) -> f64 {
    samples.sort_unstable();
    samples[samples.len() / 2].as_secs_f64() * 1000.0
}

pub(crate) fn least(samples: &[Duration]) -> f64 {
    samples.iter().min().map_or(0.0, |least| least.as_secs_f64() * 1000.0)
}

pub(crate) fn files(count: usize) -> Vec<u8> {
    let mut stream =
        String::from("commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 5\nfirst\n");
    for number in 0..count {
        let body = format!("key{number}: {}\n", number * 7);
        let _ = writeln!(stream, "M 100644 inline d{}/f{number}.yaml\ndata {}\n{body}", number / 250, body.len());
    }
    stream.into_bytes()
}

/// A sentence that is unlike the others: four words out of long lists, mixed by the number.
pub(crate) fn finding(number: usize) -> String {
    const THINGS: [&str; 11] = [
        "page cache",
        "write barrier",
        "lock table",
        "hash bucket",
        "free list",
        "root block",
        "journal",
        "index leaf",
        "buffer pool",
        "checksum",
        "tombstone",
    ];
    const VERBS: [&str; 7] = ["delays", "hides", "doubles", "evicts", "reorders", "splits", "orphans"];
    const CAUSES: [&str; 13] = [
        "a short read",
        "an aborted merge",
        "clock skew",
        "a full disk",
        "two readers",
        "a torn sector",
        "late fsync",
        "an odd page size",
        "a cold start",
        "key reuse",
        "a stale handle",
        "empty ranges",
        "a rename",
    ];
    let mixed = number.wrapping_mul(2_654_435_761) >> 7;
    format!(
        "`{}-{number}` {} its {} after {}, {} times in {} runs",
        THINGS[mixed % 11].replace(' ', "-"),
        VERBS[mixed / 11 % 7],
        THINGS[mixed / 77 % 11],
        CAUSES[mixed / 847 % 13],
        mixed % 89 + 2,
        mixed % 997 + 100
    )
}

pub(crate) fn text(bench: &Bench, dir: &Path, arguments: &[&str]) -> String {
    let output = bench.command(dir, "git", arguments).stdout(Stdio::piped()).output().expect("git");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
