//! Where the transcripts of a session lie: those that are named, or those that agents' clients wrote in this worktree since the
//! session began. Never those of another repository.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::env::Env;
use crate::model::escape::visible;
use crate::model::time::Timestamp;
use crate::usage::{self, Client, Conversation, Ledger, ReadError, Transcript, Unread};

/// Where usage is read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Transcripts to read, and no others; where empty they are looked for.
    pub named: Vec<PathBuf>,
    /// The tokens that the model's window holds, whatever transcripts say.
    pub window: Option<u64>,
    /// Read none.
    pub none: bool,
}

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// All calls.
    pub(crate) ledger: Ledger,
    /// The conversation that runs this process, as its client calls it.
    pub(crate) own: Option<String>,
    /// What could not be read or counted, each a sentence.
    pub(crate) notes: Vec<String>,
}

impl Reading {
    /// Enters the transcript of a file. What was passed over of a transcript that tells of nobody here is nobody's.
    fn enter(&mut self, path: &Path, transcript: Transcript) {
        if transcript.conversations.is_empty() {
            return;
        }
        let path = visible(&path.to_string_lossy());
        self.notes.extend(match transcript.unread {
            Unread { count: 0, .. } => None,
            Unread { count: 1, first: Some(line) } => {
                Some(format!("line {line} of `{path}` could not be read, and is not counted"))
            }
            Unread { count, first: Some(line) } => Some(format!(
                "{count} lines of `{path}`, the first of them line {line}, could not be read, and are not counted"
            )),
            Unread { count: 1, first: None } => {
                Some(format!("1 row of `{path}` could not be read, and is not counted"))
            }
            Unread { count, first: None } => {
                Some(format!("{count} rows of `{path}` could not be read, and are not counted"))
            }
        });
        self.ledger.enter(transcript);
    }
}

/// Reads what `sources` name, or what was written in this worktree `since` the session began; without that, nothing is
/// looked for.
pub(crate) fn read(site: &Site, sources: &Sources, since: Option<&Timestamp>) -> Result<Reading, EngineError> {
    let mut reading = Reading::default();
    if sources.none {
        return Ok(reading);
    }
    let top = site.repo.work_dir().map(real);
    let is_here = |folder: &Path| top.as_deref().is_some_and(|top| is_in(top, folder));
    for path in &sources.named {
        reading.enter(path, usage::read_named(path, &is_here).map_err(refused)?);
    }
    let (Some(top), Some(since), true) = (&top, since, sources.named.is_empty()) else {
        return Ok(reading);
    };
    reading.own = [Client::Claude, Client::Codex, Client::Gemini].iter().find_map(|client| running(site.env, *client));
    let search = Search { env: site.env, top, since: since.seconds() };
    for path in search.found(&is_here) {
        match usage::read(&path, &is_here) {
            Ok(mut transcript) => {
                // Gemini CLI's do not name their folder; the one that they lie in does.
                let is_ours = |told: &Conversation| told.folder.is_some() || told.client == Client::Gemini;
                transcript.conversations.retain(is_ours);
                reading.enter(&path, transcript);
            }
            // What only looks like a transcript, or is gone by now, measures nothing; the rest may.
            Err(error) => reading.notes.push(one_line(&error)),
        }
    }
    Ok(reading)
}

fn refused(error: ReadError) -> EngineError {
    let hint = match &error {
        ReadError::Io { .. } | ReadError::Database { .. } => {
            "name a file that can be read, or leave `--transcript` out"
        }
        ReadError::Unknown { .. } => {
            "name a session file of Claude Code, Codex or Gemini CLI, or opencode's `opencode.db`; \
             `--unmeasured` records that nothing was measured"
        }
    };
    EngineError::usage(one_line(&error), hint)
}

fn one_line(error: &ReadError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether `folder` belongs to the working tree at `top`, and not to a repository inside it.
fn is_in(top: &Path, folder: &Path) -> bool {
    let folder = real(folder);
    folder.starts_with(top)
        && folder.ancestors().take_while(|inner| *inner != top).all(|inner| !inner.join(".git").exists())
}

/// What a client's environment calls the session that runs us.
fn running(env: &Env, client: Client) -> Option<String> {
    match client {
        Client::Claude => env.claude_session(),
        Client::Codex => env.codex_thread(),
        Client::Gemini => env.gemini_session(),
        Client::Opencode => None,
    }
}

/// The clients that run us; all where none says so.
fn clients(env: &Env) -> Vec<Client> {
    let is_running = |client: &Client| {
        let marks: &[&str] = match client {
            Client::Claude => &["CLAUDECODE"],
            Client::Codex => &["CODEX_SANDBOX"],
            Client::Gemini => &["GEMINI_CLI"],
            Client::Opencode => &["OPENCODE"],
        };
        running(env, *client).is_some() || marks.iter().any(|mark| env.marker(mark))
    };
    let marked: Vec<Client> = Client::ALL.into_iter().filter(is_running).collect();
    if marked.is_empty() { Client::ALL.to_vec() } else { marked }
}

/// A search in the folders of clients.
struct Search<'a> {
    env: &'a Env,
    top: &'a Path,
    /// Seconds since 1970.
    since: i64,
}

impl Search<'_> {
    /// Files that may be transcripts of this worktree; the reader looks at the folders that they name.
    fn found(&self, is_here: &dyn Fn(&Path) -> bool) -> BTreeSet<PathBuf> {
        let home = self.env.home();
        let below = |own: Option<PathBuf>, usual: &str| own.or_else(|| Some(home.as_ref()?.join(usual)));
        let mut found = BTreeSet::new();
        for client in clients(self.env) {
            let own = running(self.env, client);
            match client {
                Client::Claude => {
                    let Some(base) = below(self.env.claude_config_dir(), ".claude") else { continue };
                    // The folder of a session is named after the one that it began in.
                    let name = claude_folder(self.top);
                    for folder in children(&base.join("projects")) {
                        let is_own = own.as_ref().is_some_and(|id| folder.join(format!("{id}.jsonl")).is_file());
                        if is_own || name_of(&folder).starts_with(&name) {
                            found.extend(self.written(&folder, 4, |name| name.ends_with(".jsonl")));
                        }
                    }
                }
                Client::Codex => {
                    let Some(base) = below(self.env.codex_home(), ".codex") else { continue };
                    let fits = |name: &str| name.starts_with("rollout-") && name.ends_with(".jsonl");
                    found.extend(self.written(&base.join("sessions"), 4, fits));
                }
                Client::Gemini => {
                    let Some(base) = self.env.gemini_home().or_else(|| home.clone()) else { continue };
                    for folder in children(&base.join(".gemini").join("tmp")) {
                        let root = fs::read_to_string(folder.join(".project_root")).unwrap_or_default();
                        if !root.trim().is_empty() && is_here(Path::new(root.trim())) {
                            let fits = |name: &str| name.starts_with("session-") && name.ends_with(".jsonl");
                            found.extend(self.written(&folder.join("chats"), 3, fits));
                        }
                    }
                }
                Client::Opencode => {
                    let Some(base) = below(self.env.data_home(), ".local/share") else { continue };
                    found.extend(Some(base.join("opencode").join("opencode.db")).filter(|file| file.is_file()));
                }
            }
        }
        found
    }

    /// Files below `folder` whose names fit and that were written since the session began.
    fn written(&self, folder: &Path, depth: usize, fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let is_since = |file: &walkdir::DirEntry| {
            let written = file.metadata().ok().and_then(|data| data.modified().ok());
            let seconds = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
            seconds.is_none_or(|seconds| i64::try_from(seconds).is_ok_and(|seconds| seconds >= self.since))
        };
        let files = walkdir::WalkDir::new(folder).max_depth(depth).into_iter().filter_map(Result::ok);
        files
            .filter(|file| file.file_type().is_file() && fits(&file.file_name().to_string_lossy()))
            .filter(is_since)
            .map(walkdir::DirEntry::into_path)
            .collect()
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).collect()
}

fn name_of(folder: &Path) -> String {
    folder.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned()
}

/// How Claude Code names the folder for sessions in `folder`: it keeps letters and digits, and cuts long names.
fn claude_folder(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_inside_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let top = real(folder.path());
        fs::create_dir_all(top.join("src/deep")).unwrap();
        fs::create_dir_all(top.join("vendor/other/.git")).unwrap();
        fs::create_dir_all(top.join("vendor/other/src")).unwrap();
        fs::create_dir_all(top.join(".git")).unwrap();
        for (inner, expected) in
            [("", true), ("src/deep", true), ("vendor", true), ("vendor/other", false), ("vendor/other/src", false)]
        {
            assert_eq!(is_in(&top, &top.join(inner)), expected, "{inner}");
        }
        assert!(!is_in(&top, Path::new("/")));
        assert!(!is_in(&top.join("src"), &top.join("src-other")));
    }

    #[test]
    fn markers_choose_clients() {
        assert_eq!(clients(&Env::fixed()).len(), 4);
        assert_eq!(clients(&Env::fixed().with("CLAUDE_CODE_SESSION_ID", "s")), [Client::Claude]);
        assert_eq!(
            clients(&Env::fixed().with("OPENCODE", "1").with("GEMINI_CLI", "1")),
            [Client::Gemini, Client::Opencode]
        );
        assert_eq!(claude_folder(Path::new("/tmp/a_b/c.d")), "-tmp-a-b-c-d");
    }
}
