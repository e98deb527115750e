//! A sandbox: a folder with a repository and a home of its own, nothing of the machine's configuration, and a clock
//! that the tests move. Two runs of one test print the same ids, digests and dates.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use tempfile::TempDir;

use super::terminal::Terminal;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_agentops");

/// The first second of every sandbox: 2026-11-21T07:00:00Z.
const START: u64 = 1_795_244_400;

/// A working tree in a temporary folder. Clones and linked worktrees are sandboxes in the same folder.
pub(crate) struct Sandbox {
    root: Rc<TempDir>,
    seconds: Rc<Cell<u64>>,
    /// Folders of programs, looked into before those of the machine.
    programs: Rc<[PathBuf]>,
    dir: PathBuf,
}

impl Sandbox {
    /// A new folder with an empty repository on `main`; the user is Alice.
    pub(crate) fn new() -> Self {
        let sandbox = Self::without_repository();
        sandbox.git("init --quiet");
        sandbox
    }

    /// A new folder without a repository.
    pub(crate) fn without_repository() -> Self {
        let root = TempDir::with_prefix("agentops-it-").unwrap();
        let dir = root.path().join("repo");
        fs::create_dir_all(&dir).unwrap();
        fs::create_dir_all(root.path().join("home")).unwrap();
        fs::write(
            root.path().join("home/gitconfig"),
            "[user]\n\tname = Alice\n\temail = alice@example.org\n\
             [init]\n\tdefaultBranch = main\n\
             [core]\n\teditor = true\n\tautocrlf = false\n\
             [commit]\n\tgpgSign = false\n\
             [advice]\n\tdetachedHead = false\n\
             [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n",
        )
        .unwrap();
        Self { root: Rc::new(root), seconds: Rc::new(Cell::new(START)), programs: Rc::default(), dir }
    }

    /// The same, where the programs in these folders are installed.
    pub(crate) fn with_programs(self, folders: &[PathBuf]) -> Self {
        Self { programs: folders.into(), ..self }
    }

    /// The working tree.
    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    /// The folder of everything: `repo`, `home`, clones, worktrees.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// A run of the program, to be told more and then [`run`](Call::run). Words are parted by spaces; double quotes
    /// keep them together.
    pub(crate) fn agentops(&self, arguments: &str) -> Call {
        self.call(PROGRAM, arguments)
    }

    /// As [`agentops`](Self::agentops), for a copy of the program at another place.
    pub(crate) fn call_program(&self, program: &Path, arguments: &str) -> Call {
        self.call(&program.to_string_lossy(), arguments)
    }

    /// What a successful `git` prints, without spaces around it.
    pub(crate) fn git(&self, arguments: &str) -> String {
        self.try_git(arguments).run().expect_code(0).stdout.trim().to_owned()
    }

    /// A run of `git`, to be told more and then [`run`](Call::run).
    pub(crate) fn try_git(&self, arguments: &str) -> Call {
        self.call("git", arguments)
    }

    /// A run of a shell's command.
    pub(crate) fn shell(&self, command: &str) -> Call {
        self.call("sh", "-c").arg(command)
    }

    /// The program in a terminal.
    pub(crate) fn terminal(&self, arguments: &str) -> Terminal {
        Terminal::start(PROGRAM, &words(arguments), &self.dir, &self.environment())
    }

    /// Writes a file below the working tree, with the folders it needs.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file below the working tree.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.dir.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Commits everything under exactly this message, hooks included. The id of the commit.
    pub(crate) fn commit_all(&self, message: &str) -> String {
        self.git("add --all");
        self.try_git("commit --quiet --allow-empty --file=-").stdin(message).run().expect_code(0);
        self.git("rev-parse HEAD")
    }

    /// A clone of this repository, beside it.
    pub(crate) fn clone_as(&self, name: &str) -> Self {
        let dir = self.root().join(name);
        self.try_git("clone --quiet").arg(&self.dir).arg(&dir).run().expect_code(0);
        self.at(dir)
    }

    /// A linked worktree on a new branch of the same name, beside this one.
    pub(crate) fn worktree(&self, name: &str) -> Self {
        let dir = self.root().join(name);
        self.try_git("worktree add --quiet -b").arg(name).arg(&dir).run().expect_code(0);
        self.at(dir)
    }

    /// The working tree at `dir`, in the same folder.
    pub(crate) fn at(&self, dir: PathBuf) -> Self {
        let programs = Rc::clone(&self.programs);
        Self { root: Rc::clone(&self.root), seconds: Rc::clone(&self.seconds), programs, dir }
    }

    fn call(&self, program: &str, arguments: &str) -> Call {
        let mut command = Command::new(program);
        command.args(words(arguments)).current_dir(&self.dir).env_clear().envs(self.environment());
        Call { command, stdin: Vec::new(), root: self.root().to_path_buf() }
    }

    /// The whole environment of one run. Each run is a minute later than the one before and draws other random numbers.
    pub(crate) fn environment(&self) -> Vec<(String, OsString)> {
        let now = self.seconds.get() + 60;
        self.seconds.set(now);
        // Nothing of the machine passes but what a process needs to start, and where coverage is to be written. So no
        // `GIT_…` and no marker of an agent client is there.
        let passed = ["SystemRoot", "TMPDIR", "TEMP", "TMP", "LLVM_PROFILE_FILE"];
        let mut own_path = PathBuf::from(PROGRAM).parent().unwrap().as_os_str().to_owned();
        let mut all = Vec::new();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name == "PATH" {
                for folder in &*self.programs {
                    own_path.push(if cfg!(windows) { ";" } else { ":" });
                    own_path.push(folder);
                }
                own_path.push(if cfg!(windows) { ";" } else { ":" });
                own_path.push(value);
            } else if passed.contains(&name.as_str()) {
                all.push((name, value));
            }
        }
        let home = self.root().join("home");
        let date = format!("@{now} +0000");
        let own: [(&str, OsString); 16] = [
            ("PATH", own_path),
            ("HOME", home.clone().into()),
            ("XDG_CONFIG_HOME", home.join(".config").into()),
            ("GIT_CONFIG_GLOBAL", home.join("gitconfig").into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CEILING_DIRECTORIES", self.root().into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_AUTHOR_DATE", date.clone().into()),
            ("GIT_COMMITTER_DATE", date.into()),
            ("AGENTOPS_TEST_NOW", now.to_string().into()),
            ("AGENTOPS_TEST_SEED", now.to_string().into()),
            ("LANG", "C.UTF-8".into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
            ("COLUMNS", "100".into()),
            ("TZ", "UTC".into()),
        ];
        all.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
        all
    }
}

/// One run of a program.
pub(crate) struct Call {
    command: Command,
    stdin: Vec<u8>,
    root: PathBuf,
}

impl Call {
    /// One more argument, as it is.
    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// What it reads from standard input; nothing if not told.
    pub(crate) fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_vec();
        self
    }

    /// One more variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Another folder to run in: relative to the working tree, or absolute.
    pub(crate) fn in_dir(mut self, dir: impl AsRef<Path>) -> Self {
        let dir = self.command.get_current_dir().unwrap().join(dir);
        self.command.current_dir(dir);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Output {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        let mut input = child.stdin.take().unwrap();
        // A thread of its own, because a program may print much before it reads. One that does not read is no failure.
        let text = self.stdin;
        let writer = std::thread::spawn(move || drop(input.write_all(&text)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            root: self.root,
        }
    }

    /// Runs it with standard output going to `target`; only standard error is in the output.
    pub(crate) fn run_into(mut self, target: impl Into<Stdio>) -> Output {
        let child = self.command.stdin(Stdio::null()).stdout(target).stderr(Stdio::piped()).spawn().unwrap();
        // The command holds its own copy of `target`.
        drop(self.command);
        let output = child.wait_with_output().unwrap();
        Output {
            code: output.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            root: self.root,
        }
    }
}

/// What a run left.
#[derive(Clone)]
pub(crate) struct Output {
    /// The exit code; `None`: ended by a signal.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    root: PathBuf,
}

impl Output {
    /// Fails unless it ended with `code`.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.snapshot());
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.snapshot()))
    }

    /// Exit code and both streams as text, with `<root>` for the sandbox's folder; silent streams are left out.
    pub(crate) fn snapshot(&self) -> String {
        let code = self.code.map_or("signal".to_owned(), |code| code.to_string());
        let mut text = format!("exit {code}\n");
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                text.push_str(&format!("--- {name}\n{stream}"));
                if !text.ends_with('\n') {
                    text.push_str("<no line end>\n");
                }
            }
        }
        let canonical = fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        text.replace(PROGRAM, "<agentops>")
            .replace(&*canonical.to_string_lossy(), "<root>")
            .replace(&*self.root.to_string_lossy(), "<root>")
    }

    /// As [`snapshot`](Self::snapshot), with `<id>` for every run of 12 or more hex digits: for what holds ids of
    /// objects whose bytes may change with the program.
    pub(crate) fn snapshot_without_ids(&self) -> String {
        hide_ids(&self.snapshot())
    }
}

/// Replaces each word of 12 or more hex digits by `<id>`.
fn hide_ids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let end = rest[start..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        let is_id = word.len() >= 12 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        out.push_str(&rest[..start]);
        out.push_str(if is_id { "<id>" } else { word });
        rest = &rest[end..];
    }
    out + rest
}

/// Words as a shell would part them, with double quotes alone.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// A commit message that every message law passes. Two subjects give two learnings that are not alike.
pub(crate) fn lawful(subject: &str) -> String {
    const THINGS: [&str; 8] = [
        "the parser of dates",
        "a retry in the client",
        "the cache of thumbnails",
        "our queue of letters",
        "the index on orders",
        "an expired certificate",
        "the nightly export",
        "a lock around billing",
    ];
    const FACTS: [&str; 8] = [
        "hides errors until the second call",
        "costs more than the work it saves",
        "needs a limit written down first",
        "is easier to test from outside",
        "breaks when two hosts disagree on time",
        "must be undone in reverse order",
        "behaves well only under light load",
        "should name its owner in the log",
    ];
    const REASONS: [&str; 8] = [
        "because nobody measured it before",
        "which the traces of Monday showed",
        "as three reviewers pointed out",
        "while the old path stayed in use",
        "once the table passed a million rows",
        "since retries multiply each other",
        "though the manual promises otherwise",
        "unless somebody restarts it by hand",
    ];
    const PLACES: [&str; 8] = [
        "`Pool::take` in the worker",
        "`orders.created_at`",
        "`fetch_all` behind the gateway",
        "the `--since` flag",
        "`journal.rs` line 88",
        "the `X-Trace` header",
        "`MAX_BATCH` in the settings",
        "`drain()` at shutdown",
    ];
    const ADVICE: [&str; 8] = [
        "Read the lock order before adding a second mutex",
        "Count rows on a copy first and compare both plans",
        "Let the caller pass its deadline down instead",
        "Prefer one batch per tenant over many small writes",
        "Log the byte offset so that a replay can start there",
        "Give the fixture two time zones, one with half an hour",
        "Ask the broker for its own limit at start",
        "Keep both encodings readable until the last client is gone",
    ];
    // Any even spread of subjects over the words will do.
    let digest = agentops::model::digest::Digest::of(subject.as_bytes()).hex();
    let spread = u64::from_str_radix(&digest[..15], 16).unwrap();
    let pick = |list: [&'static str; 8], shift: u32| list[(spread >> shift) as usize % 8];
    let (thing, fact, reason, place) = (pick(THINGS, 7), pick(FACTS, 19), pick(REASONS, 31), pick(PLACES, 43));
    let advice = pick(ADVICE, 52);
    let number = 100 + spread % 900;
    format!(
        "{subject}\n\n\
         Context: Work on {thing} was blocked, {reason}.\n\
         Solution: Moved the check to {place} and covered it with a test of {number} rows.\n\
         Learning: {place}: {thing} {fact}, {reason} ({number} times). {advice}.\n\
         Impact: Nightly runs spend {number} ms less there, and {thing} can be changed alone.\n"
    )
}
