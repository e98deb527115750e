//! What a transcript tells: conversations, their calls, and how much of it could not be read.

use std::path::PathBuf;

use super::tokens::{Usage, possible_window};

/// A program through which an agent works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
}

impl Client {
    /// All that can be read.
    pub const ALL: [Self; 4] = [Self::Claude, Self::Codex, Self::Gemini, Self::Opencode];

    /// The word in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claude => "claude-code",
            Self::Codex => "codex",
            Self::Gemini => "gemini-cli",
            Self::Opencode => "opencode",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Opencode => "opencode",
        }
    }
}

/// One call of a model. A transcript may tell of it several times, under the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What the client calls it.
    pub key: String,
    /// The request that it answered, where the account says so. Two accounts of one client with one key are of the same call,
    /// unless both name a request, and different ones.
    pub request: Option<String>,
    /// The model, as the client names it.
    pub model: String,
    /// Milliseconds since 1970; `None` where the transcript does not say.
    pub at: Option<i64>,
    /// Whether it belongs to the conversation that a person sees, and not to one that an agent began by itself.
    pub is_main: bool,
    /// What it took.
    pub usage: Usage,
    /// The tokens that the model's window holds, where the transcript says so.
    pub window: Option<u64>,
}

/// One conversation with a client: one context that fills up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The client.
    pub client: Client,
    /// What the client calls it; kept in memory alone.
    pub id: String,
    /// The folder that it began in, where the transcript says so; kept in memory alone.
    pub folder: Option<PathBuf>,
    /// Its calls, in the order of the transcript.
    pub calls: Vec<Call>,
    /// When the client replaced what was said by a summary, in milliseconds since 1970; `None`: it does not say when.
    pub compactions: Vec<Option<i64>>,
}

impl Conversation {
    /// One in which nothing was said yet.
    pub(super) fn new(client: Client) -> Self {
        Self { client, id: String::new(), folder: None, calls: Vec::new(), compactions: Vec::new() }
    }

    /// Enters a call, unless its numbers cannot be those of one.
    pub(super) fn enter(&mut self, call: Call) -> Result<(), Uncounted> {
        if !call.usage.is_of_one_call() {
            return Err(Uncounted);
        }
        self.calls.push(Call { window: call.window.and_then(possible_window), ..call });
        Ok(())
    }
}

/// Something tells of a call, or should, and the call cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uncounted;

/// What of a transcript could not be read or counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unread {
    /// Lines, or rows.
    pub count: u64,
    /// The first of the lines, from 1; rows of a database have no numbers.
    pub first: Option<u64>,
}

/// What was read of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Whose it is.
    pub client: Client,
    /// Its conversations that were asked for.
    pub conversations: Vec<Conversation>,
    /// Lines, or rows, in which something should stand that counts, and that could not be read or counted.
    pub unread: Unread,
}

/// Milliseconds since 1970 of a time as clients write it: `2026-11-22T01:32:02.553Z`.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|time| time.as_millisecond())
}
