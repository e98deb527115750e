//! Transcripts of opencode: `~/.local/share/opencode/opencode.db`, an SQLite file with the sessions of all folders.
//!
//! `session` says where a session ran and which one began it; `message.data` is JSON, and an answer of the model has its
//! tokens in it. `tokens.input` leaves out what caches hold, and `tokens.output` leaves out the reasoning.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::sqlite::{Database, SqliteError};
use super::tokens::Usage;
use super::transcript::{Call, Client, Conversation, Transcript, Unread};

#[derive(Deserialize)]
struct Message {
    role: Option<String>,
    #[serde(rename = "modelID")]
    model: Option<String>,
    /// `true` on the answer that replaces what was said before. A person's message may have an object here.
    summary: Option<serde_json::Value>,
    tokens: Option<Tokens>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    input: f64,
    #[serde(default)]
    output: f64,
    #[serde(default)]
    reasoning: f64,
    #[serde(default)]
    cache: Cache,
}

#[derive(Deserialize, Default)]
struct Cache {
    #[serde(default)]
    read: f64,
    #[serde(default)]
    write: f64,
}

impl Tokens {
    fn usage(&self) -> Usage {
        // Whole numbers, written by a language that has no others than these; `as` cuts off what cannot be.
        let count = |number: f64| number as u64;
        let reasoning = count(self.reasoning);
        Usage {
            input_uncached: count(self.input),
            cache_read: count(self.cache.read),
            cache_write_5m: count(self.cache.write),
            cache_write_1h: 0,
            output: count(self.output).saturating_add(reasoning),
            reasoning,
        }
    }
}

/// Reads the sessions of the folders that `wanted` asks for; `None` where the file is not opencode's.
pub(super) fn read(path: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Option<Transcript>, SqliteError> {
    const TRIES: u32 = 5;
    for _ in 0..TRIES {
        let mut database = Database::open(path)?;
        // What was read while the file changed may be anything: an error counts only if it is unchanged.
        let read = read_once(&mut database, wanted);
        if database.is_unchanged()? {
            return read;
        }
    }
    Err(SqliteError::Damaged("it changes faster than it can be read; try again"))
}

fn read_once(database: &mut Database, wanted: &dyn Fn(&Path) -> bool) -> Result<Option<Transcript>, SqliteError> {
    let mut sessions: BTreeMap<String, (Conversation, bool)> = BTreeMap::new();
    let mut unread = 0;
    let is_known = database.rows("session", &["id", "parent_id", "directory"], |row| {
        let [id, parent, directory] = row else { return };
        match (id.text(), directory.text().map(PathBuf::from)) {
            (Some(id), Some(folder)) if wanted(&folder) => {
                let conversation =
                    Conversation { id: id.to_owned(), folder: Some(folder), ..Conversation::new(Client::Opencode) };
                sessions.insert(id.to_owned(), (conversation, parent.text().is_none()));
            }
            (Some(_), Some(_)) => {}
            _ => unread += 1,
        }
    })?;
    let is_known = is_known
        && database.rows("message", &["id", "session_id", "time_created", "data"], |row| {
            let [id, session, at, data] = row else { return };
            let Some((conversation, is_main)) = session.text().and_then(|session| sessions.get_mut(session)) else {
                return;
            };
            let message = data.text().and_then(|data| serde_json::from_str::<Message>(data).ok());
            let (Some(id), Some(message)) = (id.text(), message) else {
                unread += 1;
                return;
            };
            let at = at.integer();
            if message.role.as_deref() != Some("assistant") {
                return;
            }
            if message.summary == Some(serde_json::Value::Bool(true)) {
                conversation.compactions.push(at);
            }
            let usage = message.tokens.map(|tokens| tokens.usage()).unwrap_or_default();
            let (key, model) = (id.to_owned(), message.model.unwrap_or_default());
            let call = Call { key, request: None, model, at, is_main: *is_main, usage, window: None };
            unread += u64::from(conversation.enter(call).is_err());
        })?;
    let conversations = sessions.into_values().map(|(mut conversation, _)| {
        conversation.calls.sort_by_key(|call| call.at);
        conversation
    });
    Ok(is_known.then(|| Transcript {
        client: Client::Opencode,
        conversations: conversations.collect(),
        unread: Unread { count: unread, first: None },
    }))
}
