//! Which client wrote a file, and its reader.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::lines::{Line, Lines};
use super::sqlite::{MAGIC, SqliteError};
use super::transcript::{Client, Transcript};
use super::{claude, codex, gemini, opencode};

/// Why a file gives no transcript.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("`{}` cannot be read", crate::model::escape::visible(&.path.to_string_lossy()))]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is one of SQLite's, and cannot be read.
    #[error("`{}` cannot be read: {reason}", crate::model::escape::visible(&.path.to_string_lossy()))]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No known client writes such files.
    #[error("`{}` is no transcript that can be read: {found}", crate::model::escape::visible(&.path.to_string_lossy()))]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: &'static str,
    },
}

/// So many lines are looked at to tell whose a transcript is.
const LOOKED_AT: usize = 64;

/// Reads the transcript at `path` of a session in a folder that `wanted` asks for; one of another folder gives no conversation.
pub fn read(path: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Transcript, ReadError> {
    read_with(path, wanted, wanted)
}

/// Reads the transcript at `path`, whatever folder it names: the repository may have moved. Only of a file with the sessions of
/// all folders, as opencode's is, those are chosen that `wanted` asks for.
pub fn read_named(path: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Transcript, ReadError> {
    read_with(path, &|_| true, wanted)
}

/// `own` is asked about the folder of a file with one session, `each` about those of a file with many.
fn read_with(path: &Path, own: &dyn Fn(&Path) -> bool, each: &dyn Fn(&Path) -> bool) -> Result<Transcript, ReadError> {
    let failed = |source: io::Error| ReadError::Io { path: path.to_owned(), source };
    let unknown = |found: &'static str| ReadError::Unknown { path: path.to_owned(), found };
    // A pipe would be waited for, and a device never ends.
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    if !kind.is_file() {
        return Err(unknown(if kind.is_dir() { "a folder, and no file" } else { "a pipe or a device, and no file" }));
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut magic = Vec::new();
    (&mut file).take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(failed)?;
    if magic == MAGIC {
        return match opencode::read(path, each) {
            Ok(found) => found.ok_or_else(|| unknown("an SQLite file that is not opencode's")),
            Err(SqliteError::Io(source)) => Err(failed(source)),
            Err(error) => Err(ReadError::Database { path: path.to_owned(), reason: error.to_string() }),
        };
    }
    file.rewind().map_err(failed)?;
    let client = client_of(&file).map_err(failed)?.map_err(unknown)?;
    file.rewind().map_err(failed)?;
    let source = BufReader::with_capacity(1 << 18, file);
    match client {
        Client::Claude => claude::read(source, own),
        Client::Codex => codex::read(source, own),
        Client::Gemini => gemini::read(source),
        Client::Opencode => return Err(unknown("a file of opencode's that is not its database `opencode.db`")),
    }
    .map_err(failed)
}

/// What tells clients apart: fields of their lines.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "type")]
    kind: Option<serde_json::Value>,
    payload: Option<serde::de::IgnoredAny>,
    #[serde(rename = "sessionId")]
    session: Option<serde::de::IgnoredAny>,
    #[serde(rename = "session_id")]
    stream: Option<serde::de::IgnoredAny>,
    #[serde(rename = "projectHash")]
    project: Option<serde::de::IgnoredAny>,
    #[serde(rename = "sessionID")]
    opencode: Option<serde::de::IgnoredAny>,
    #[serde(rename = "parentUuid")]
    parent: Option<serde::de::IgnoredAny>,
    #[serde(rename = "usageMetadata")]
    qwen: Option<serde::de::IgnoredAny>,
}

fn client_of(file: &File) -> io::Result<Result<Client, &'static str>> {
    let mut lines = Lines::new(BufReader::new(file));
    let mut is_claude = false;
    let mut found = "its first lines are not JSON, or not of a kind that is known";
    for _ in 0..LOOKED_AT {
        let Some(line) = lines.next()? else { break };
        let Line::Whole(line) = line else { continue };
        let Ok(marks) = serde_json::from_slice::<Marks>(line) else { continue };
        let kind = marks.kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        if marks.project.is_some() && marks.session.is_some() {
            return Ok(Ok(Client::Gemini));
        }
        if marks.payload.is_some() && !kind.is_empty() {
            return Ok(Ok(Client::Codex));
        }
        if marks.opencode.is_some() {
            return Ok(Ok(Client::Opencode));
        }
        // Qwen Code writes lines like those of Claude Code, with other numbers in them.
        if marks.qwen.is_some() {
            return Ok(Err("a transcript of Qwen Code, whose usage is not read"));
        }
        if kind == "session" {
            found = "a transcript of pi, whose usage is not read";
        }
        if kind == "thread.started" || kind == "turn.completed" {
            found = "what `codex exec --json` prints, which names no single calls; its transcript lies in `sessions/`";
        }
        is_claude |= !kind.is_empty()
            && ((marks.session.is_some() && (marks.parent.is_some() || kind != "session")) || marks.stream.is_some());
    }
    Ok(if is_claude { Ok(Client::Claude) } else { Err(found) })
}
