//! The only reader of the environment: variables, arguments, the current folder, the terminals, the program's own path.
//!
//! Everything is read when asked for and not before, so a hook pays for nothing it does not use. Tests build an [`Env`]
//! by hand ([`Env::fixed`]); nothing else in the house may look around for itself.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

/// One of the three standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Standard input.
    Input,
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// What surrounds the process.
#[derive(Debug, Clone)]
pub struct Env {
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Process,
    Fixed(Box<Fixed>),
}

#[derive(Debug, Clone)]
struct Fixed {
    variables: BTreeMap<OsString, OsString>,
    terminals: Vec<Stream>,
    directory: PathBuf,
    executable: PathBuf,
    callers: Vec<Vec<OsString>>,
}

/// The arguments of the process, its own name first.
pub fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
}

/// `AGENTOPS_FAIL_AT`, as written: see [`faults`](crate::faults). No release build reads it.
#[cfg(debug_assertions)]
pub(crate) fn fail_at() -> Option<String> {
    Env::process().text("AGENTOPS_FAIL_AT")
}

impl Env {
    /// The real surroundings.
    pub fn process() -> Self {
        Self { source: Source::Process }
    }

    /// Made-up surroundings: no variables, no terminal, the folder `/` and the program `/agentops`.
    pub fn fixed() -> Self {
        Self {
            source: Source::Fixed(Box::new(Fixed {
                variables: BTreeMap::new(),
                terminals: Vec::new(),
                directory: PathBuf::from("/"),
                executable: PathBuf::from("/agentops"),
                callers: Vec::new(),
            })),
        }
    }

    /// These made-up surroundings with one more variable. Does nothing to the real ones.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Source::Fixed(fixed) = &mut self.source {
            fixed.variables.insert(name.into(), value.into());
        }
        self
    }

    /// These made-up surroundings with a terminal behind `stream`. Does nothing to the real ones.
    #[must_use]
    pub fn with_terminal(mut self, stream: Stream) -> Self {
        if let Source::Fixed(fixed) = &mut self.source {
            fixed.terminals.push(stream);
        }
        self
    }

    /// These made-up surroundings in another folder. Does nothing to the real ones.
    #[must_use]
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        if let Source::Fixed(fixed) = &mut self.source {
            fixed.directory = directory.into();
        }
        self
    }

    /// These made-up surroundings, run by one more command. Does nothing to the real ones.
    #[must_use]
    pub fn with_caller(mut self, line: &[&str]) -> Self {
        if let Source::Fixed(fixed) = &mut self.source {
            fixed.callers.push(line.iter().map(OsString::from).collect());
        }
        self
    }

    /// A variable as the system keeps it; `None` where it is unset or empty.
    fn raw(&self, name: &str) -> Option<OsString> {
        match &self.source {
            #[expect(clippy::disallowed_methods, reason = "this is the one place")]
            Source::Process => std::env::var_os(name),
            Source::Fixed(fixed) => fixed.variables.get(OsStr::new(name)).cloned(),
        }
        .filter(|value| !value.is_empty())
    }

    /// A variable as text; what is not UTF-8 is replaced, so that a strict parser refuses it by name.
    fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Whether a variable is set to something other than `0` or `false`.
    fn truthy(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    /// `AGENTOPS_ACTOR`: the principal that acts, where no flag says so. A claim.
    pub fn actor(&self) -> Option<String> {
        self.text("AGENTOPS_ACTOR")
    }

    /// Whether a variable by this name is set: how the config recognises agent clients.
    pub fn marker(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// `NO_COLOR` (<https://no-color.org>).
    pub fn no_color(&self) -> bool {
        self.raw("NO_COLOR").is_some()
    }

    /// `CLICOLOR_FORCE` or `FORCE_COLOR`: colour even without a terminal.
    pub fn force_color(&self) -> bool {
        self.truthy("CLICOLOR_FORCE") || self.truthy("FORCE_COLOR")
    }

    /// Whether a terminal, if there is one, shows colours: `TERM` is set and not `dumb`. Windows needs no `TERM`.
    pub fn terminal_has_color(&self) -> bool {
        self.text("TERM").map_or(cfg!(windows), |term| term != "dumb")
    }

    /// Whether this is a CI job: nobody can answer.
    pub fn ci(&self) -> bool {
        self.truthy("CI")
    }

    /// `COLUMNS`, where it is a number from 1.
    pub fn columns(&self) -> Option<usize> {
        self.text("COLUMNS")?.parse().ok().filter(|columns| *columns > 0)
    }

    /// Whether the locale (`LC_ALL`, `LC_CTYPE`, `LANG`: the first one set) is UTF-8.
    pub fn utf8(&self) -> bool {
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.text(name)).is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<PathBuf> {
        self.raw("HOME").or_else(|| self.raw("USERPROFILE")).map(PathBuf::from)
    }

    /// `CLAUDE_CODE_SESSION_ID`: the session of Claude Code that runs us.
    pub fn claude_session(&self) -> Option<String> {
        self.text("CLAUDE_CODE_SESSION_ID")
    }

    /// `CLAUDE_CONFIG_DIR`: where Claude Code keeps its sessions, if not in `~/.claude`.
    pub fn claude_config_dir(&self) -> Option<PathBuf> {
        self.raw("CLAUDE_CONFIG_DIR").map(PathBuf::from)
    }

    /// `CODEX_THREAD_ID`: the session of Codex that runs us.
    pub fn codex_thread(&self) -> Option<String> {
        self.text("CODEX_THREAD_ID")
    }

    /// `CODEX_HOME`: where Codex keeps its sessions, if not in `~/.codex`.
    pub fn codex_home(&self) -> Option<PathBuf> {
        self.raw("CODEX_HOME").map(PathBuf::from)
    }

    /// `GEMINI_SESSION_ID`: the session of Gemini CLI that runs us. It tells it to its hooks.
    pub fn gemini_session(&self) -> Option<String> {
        self.text("GEMINI_SESSION_ID")
    }

    /// `GEMINI_CLI_HOME`: the folder in which Gemini CLI has its `.gemini`, if not the user's home.
    pub fn gemini_home(&self) -> Option<PathBuf> {
        self.raw("GEMINI_CLI_HOME").map(PathBuf::from)
    }

    /// `XDG_DATA_HOME`: where programs keep data of the user, if not in `~/.local/share`.
    pub fn data_home(&self) -> Option<PathBuf> {
        self.raw("XDG_DATA_HOME").map(PathBuf::from)
    }

    /// Whether an SSH agent can be asked (`SSH_AUTH_SOCK`).
    pub fn has_ssh_agent(&self) -> bool {
        self.raw("SSH_AUTH_SOCK").is_some()
    }

    /// `GIT_AUTHOR_NAME`.
    pub fn git_author_name(&self) -> Option<String> {
        self.text("GIT_AUTHOR_NAME")
    }

    /// `GIT_AUTHOR_EMAIL`.
    pub fn git_author_email(&self) -> Option<String> {
        self.text("GIT_AUTHOR_EMAIL")
    }

    /// `GIT_AUTHOR_DATE`, as written.
    pub fn git_author_date(&self) -> Option<String> {
        self.text("GIT_AUTHOR_DATE")
    }

    /// `GIT_COMMITTER_DATE`, as written.
    pub fn git_committer_date(&self) -> Option<String> {
        self.text("GIT_COMMITTER_DATE")
    }

    /// `GITHUB_ACTIONS`: whether a runner of GitHub's reads what is printed, and takes some of it for commands.
    pub fn github_actions(&self) -> bool {
        self.truthy("GITHUB_ACTIONS")
    }

    /// `GITHUB_STEP_SUMMARY`: the file whose Markdown GitHub shows on the page of a job.
    pub fn github_step_summary(&self) -> Option<PathBuf> {
        self.raw("GITHUB_STEP_SUMMARY").map(PathBuf::from)
    }

    /// `GIT_CONFIG_PARAMETERS`: what `git -c KEY=VALUE` was told, as git hands it to hooks and aliases.
    pub fn git_config_parameters(&self) -> Option<String> {
        self.text("GIT_CONFIG_PARAMETERS")
    }

    /// `GIT_DIR`: the repository that git works in, as it names it to its hooks.
    pub fn git_dir(&self) -> Option<PathBuf> {
        self.raw("GIT_DIR").map(PathBuf::from)
    }

    /// `GIT_QUARANTINE_PATH`: where a `pre-receive` hook finds the objects of the push that it judges.
    pub fn git_quarantine(&self) -> Option<PathBuf> {
        self.raw("GIT_QUARANTINE_PATH").map(PathBuf::from)
    }

    /// `GIT_EDITOR`. In a hook, `:` means that nobody edits the message.
    pub fn git_editor(&self) -> Option<String> {
        self.text("GIT_EDITOR")
    }

    /// The variable that tells a chained hook, and what it calls, which one runs.
    pub const CHAINED_HOOK: &'static str = "AGENTOPS_CHAINED_HOOK";

    /// `AGENTOPS_CHAINED_HOOK`: the chained hook that runs us.
    pub fn chained_hook(&self) -> Option<PathBuf> {
        self.raw(Self::CHAINED_HOOK).map(PathBuf::from)
    }

    /// The variable by which a hook of ours notes that it was asked, and refuses.
    pub const PROBE: &'static str = "AGENTOPS_PROBE";

    /// `AGENTOPS_PROBE`: the file to note it in.
    pub fn probe(&self) -> Option<PathBuf> {
        self.raw(Self::PROBE).map(PathBuf::from)
    }

    /// The file with the local time zone, where `TZ` does not say another one; `None` where only the system knows.
    pub fn local_time_file(&self) -> Option<PathBuf> {
        let is_simple = cfg!(unix) && matches!(self.source, Source::Process) && self.raw("TZ").is_none();
        is_simple.then(|| PathBuf::from("/etc/localtime"))
    }

    /// `PATH`, to find an external tool before running it.
    pub fn path(&self) -> Option<OsString> {
        self.raw("PATH")
    }

    /// What a process needs to start and to find its programs and temporary files: nothing that says who acts, redirects git
    /// or holds a person's settings.
    pub fn plain(&self) -> Vec<(&'static str, OsString)> {
        const PLAIN: [&str; 12] = [
            "PATH",
            "LD_LIBRARY_PATH",
            "DYLD_LIBRARY_PATH",
            "GIT_EXEC_PATH",
            "SystemRoot",
            "TMPDIR",
            "TEMP",
            "TMP",
            "LANG",
            "LC_ALL",
            "LC_CTYPE",
            "LLVM_PROFILE_FILE",
        ];
        PLAIN.into_iter().filter_map(|name| Some((name, self.raw(name)?))).collect()
    }

    /// `AGENTOPS_TEST_NOW` and `AGENTOPS_TEST_SEED`, as written: see [`Clock`](crate::clock::Clock).
    pub fn test_clock(&self) -> (Option<String>, Option<String>) {
        (self.text("AGENTOPS_TEST_NOW"), self.text("AGENTOPS_TEST_SEED"))
    }

    /// Whether a stream is a terminal.
    pub fn is_terminal(&self, stream: Stream) -> bool {
        match (&self.source, stream) {
            (Source::Fixed(fixed), stream) => fixed.terminals.contains(&stream),
            (Source::Process, Stream::Input) => io::stdin().is_terminal(),
            (Source::Process, Stream::Output) => io::stdout().is_terminal(),
            (Source::Process, Stream::Error) => io::stderr().is_terminal(),
        }
    }

    /// The command lines of the processes that run this one, the nearest first, as far as the system shows them. A process
    /// writes its own: a claim.
    pub fn callers(&self) -> Box<dyn Iterator<Item = Vec<OsString>> + '_> {
        match &self.source {
            Source::Process => Box::new(running_callers()),
            Source::Fixed(fixed) => Box::new(fixed.callers.iter().cloned()),
        }
    }

    /// The current folder. Fails where it was removed or may not be read.
    pub fn current_dir(&self) -> io::Result<PathBuf> {
        match &self.source {
            Source::Process => std::env::current_dir(),
            Source::Fixed(fixed) => Ok(fixed.directory.clone()),
        }
    }

    /// The path of this program.
    pub fn current_exe(&self) -> io::Result<PathBuf> {
        match &self.source {
            Source::Process => std::env::current_exe(),
            Source::Fixed(fixed) => Ok(fixed.executable.clone()),
        }
    }
}

/// Beyond so many a hook was not started by this commit.
#[cfg(target_os = "linux")]
const MOST_CALLERS: usize = 32;

/// `/proc`: the arguments of a process end in NUL; the number of its parent is the second word after its name, which stands in
/// parentheses and may hold any. Read one by one: the first is the one that is wanted, as a rule.
#[cfg(target_os = "linux")]
fn running_callers() -> impl Iterator<Item = Vec<OsString>> {
    use std::os::unix::ffi::OsStringExt as _;
    let place = |process: &str| PathBuf::from("/proc").join(process);
    let first = std::os::unix::process::parent_id().to_string();
    let processes = std::iter::successors(Some(first), move |process| {
        let status = std::fs::read(place(process).join("stat")).ok()?;
        let status = String::from_utf8_lossy(&status);
        let parent = status.rsplit(')').next()?.split_whitespace().nth(1)?;
        (parent != "0").then(|| parent.to_owned())
    });
    processes.take(MOST_CALLERS).map_while(move |process| {
        let line = std::fs::read(place(&process).join("cmdline")).ok()?;
        let line = line.strip_suffix(b"\0").unwrap_or(&line);
        Some(line.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect())
    })
}

#[cfg(not(target_os = "linux"))]
fn running_callers() -> impl Iterator<Item = Vec<OsString>> {
    std::iter::empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_means_unset() {
        let env = Env::fixed().with("NO_COLOR", "").with("AGENTOPS_ACTOR", "").with("CLAUDECODE", "1");
        assert!(!env.no_color());
        assert_eq!(env.actor(), None);
        assert!(env.marker("CLAUDECODE"));
        assert!(!env.marker("CODEX"));
    }

    #[test]
    fn false_and_zero_switch_off() {
        for value in ["0", "false", "FALSE", ""] {
            assert!(!Env::fixed().with("CI", value).ci(), "{value}");
            assert!(!Env::fixed().with("FORCE_COLOR", value).force_color(), "{value}");
        }
        assert!(Env::fixed().with("CI", "true").ci());
        assert!(Env::fixed().with("CLICOLOR_FORCE", "1").force_color());
    }

    #[test]
    fn the_first_locale_set_decides() {
        assert!(Env::fixed().with("LANG", "de_DE.UTF-8").utf8());
        assert!(!Env::fixed().with("LANG", "de_DE.UTF-8").with("LC_ALL", "C").utf8());
        assert!(Env::fixed().with("LANG", "C").with("LC_CTYPE", "C.utf8").utf8());
        assert!(!Env::fixed().utf8());
    }

    #[test]
    fn columns_are_numbers_from_one() {
        assert_eq!(Env::fixed().with("COLUMNS", "72").columns(), Some(72));
        for value in ["0", "-1", "wide"] {
            assert_eq!(Env::fixed().with("COLUMNS", value).columns(), None, "{value}");
        }
    }

    #[test]
    fn terminals_are_what_was_said() {
        let env = Env::fixed().with_terminal(Stream::Error);
        assert!(env.is_terminal(Stream::Error));
        assert!(!env.is_terminal(Stream::Input));
    }
}
