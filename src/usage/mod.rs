//! What coding agents used: readers of the transcripts that their clients keep, one form of numbers for all of them.
//!
//! Nothing here knows of repositories, tasks or records, and nothing of what people and models said leaves this room: a
//! reader takes token counts, model names, times and folders, and passes over all else. Transcripts are read and never
//! written, line by line, so that one of hundreds of megabytes takes no more memory than its calls.

mod claude;
mod codex;
mod gemini;
mod ledger;
mod lines;
mod opencode;
mod read;
mod sqlite;
mod tokens;
mod transcript;

pub use ledger::{Compaction, Counted, Ledger};
pub use read::{ReadError, read, read_named};
pub use tokens::Usage;
pub use transcript::{Call, Client, Conversation, Transcript, Unread};
