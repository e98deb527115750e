//! Transcripts of Claude Code: `$CLAUDE_CONFIG_DIR/projects/<folder>/<session>.jsonl`, those of subagents beside them, and what
//! `claude -p --output-format stream-json` prints.
//!
//! One call is written as several lines, one for each block of the answer, and again in the files of resumed and forked
//! sessions; the counts of early lines are lower. What is printed, and what came through some gateways, names no request. `input_tokens` leaves out what caches read and were written.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::lines::{Line, Lines};
use super::tokens::Usage;
use super::transcript::{Call, Client, Conversation, Transcript, milliseconds};

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: Option<String>,
    subtype: Option<String>,
    #[serde(rename = "isSidechain", default)]
    is_side: bool,
    #[serde(rename = "parent_tool_use_id")]
    parent_tool: Option<String>,
    #[serde(rename = "requestId")]
    request: Option<String>,
    #[serde(rename = "sessionId", alias = "session_id")]
    session: Option<String>,
    cwd: Option<PathBuf>,
    timestamp: Option<String>,
}

/// What only the lines of answers have.
#[derive(Deserialize)]
struct Answer {
    message: Message,
}

/// What only the last line of the stream has.
#[derive(Deserialize)]
struct Outcome {
    #[serde(rename = "modelUsage", default)]
    models: BTreeMap<String, Model>,
}

#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    model: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "contextWindow")]
    window: Option<u64>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    cache_creation_input_tokens: u64,
    #[serde(default)]
    cache_read_input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    cache_creation: Option<Written>,
}

#[derive(Deserialize, Default)]
struct Written {
    #[serde(default)]
    ephemeral_5m_input_tokens: u64,
    #[serde(default)]
    ephemeral_1h_input_tokens: u64,
}

impl Tokens {
    fn usage(&self) -> Usage {
        let split = self.cache_creation.as_ref();
        let hour = split.map_or(0, |split| split.ephemeral_1h_input_tokens);
        let sum = split.map_or(0, |split| split.ephemeral_5m_input_tokens.saturating_add(hour));
        Usage {
            input_uncached: self.input_tokens,
            cache_read: self.cache_read_input_tokens,
            cache_write_5m: self.cache_creation_input_tokens.max(sum).saturating_sub(hour),
            cache_write_1h: hour,
            output: self.output_tokens,
            reasoning: 0,
        }
    }
}

/// Reads one file; stops with nothing where `wanted` refuses the folder that the session began in.
pub(super) fn read(source: impl BufRead, wanted: &dyn Fn(&Path) -> bool) -> io::Result<Transcript> {
    let mut conversation = Conversation::new(Client::Claude);
    let mut windows = BTreeMap::new();
    let mut unread = 0;
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next()? {
        let Line::Whole(line) = line else {
            unread += 1;
            continue;
        };
        let Ok(entry) = serde_json::from_slice::<Entry>(line) else {
            unread += 1;
            continue;
        };
        if conversation.folder.is_none() && entry.cwd.is_some() {
            if entry.cwd.as_deref().is_some_and(|folder| !wanted(folder)) {
                return Ok(Transcript { client: Client::Claude, conversations: Vec::new(), unread: 0 });
            }
            conversation.folder.clone_from(&entry.cwd);
        }
        if conversation.id.is_empty() {
            conversation.id = entry.session.clone().unwrap_or_default();
        }
        match (entry.kind.as_deref(), entry.subtype.as_deref()) {
            (Some("assistant"), _) => match serde_json::from_slice::<Answer>(line) {
                Ok(answer) => conversation.calls.extend(call(entry, answer.message)),
                Err(_) => unread += 1,
            },
            (Some("system"), Some("compact_boundary")) if !entry.is_side => {
                conversation.compactions.push(entry.timestamp.as_deref().and_then(milliseconds));
            }
            (Some("result"), _) => match serde_json::from_slice::<Outcome>(line) {
                Ok(outcome) => windows
                    .extend(outcome.models.into_iter().filter_map(|(model, stated)| Some((model, stated.window?)))),
                Err(_) => unread += 1,
            },
            _ => {}
        }
    }
    for call in &mut conversation.calls {
        call.window = windows.get(&call.model).copied();
    }
    Ok(Transcript { client: Client::Claude, conversations: vec![conversation], unread })
}

/// The call that a line tells of; none where it is the client's own message, such as that of an interrupted call.
fn call(entry: Entry, message: Message) -> Option<Call> {
    let usage = message.usage?.usage();
    let model = message.model.filter(|model| model != "<synthetic>")?;
    let at = entry.timestamp.as_deref().and_then(milliseconds);
    let is_main = !entry.is_side && entry.parent_tool.is_none();
    Some(Call { key: message.id?, request: entry.request, model, at, is_main, usage, window: None })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_lines(lines: &[Value]) -> Transcript {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        read(text.as_bytes(), &|_| true).unwrap()
    }

    fn assistant(id: &str, output: u64) -> Value {
        json!({"type": "assistant", "sessionId": "s", "cwd": "/w", "requestId": format!("req-{id}"), "isSidechain": false,
            "timestamp": "2026-11-22T01:32:02.553Z", "message": {"id": id, "model": "claude-sonnet-4-5", "content": [],
            "usage": {"input_tokens": 1200, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 800,
                "output_tokens": output, "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0}}}})
    }

    #[test]
    fn caches_are_apart_from_the_input() {
        let read = read_lines(&[assistant("a", 34)]);
        let call = &read.conversations[0].calls[0];
        assert_eq!((call.key.as_str(), call.is_main, call.at), ("a", true, Some(1_795_311_122_553)));
        let expected =
            Usage { input_uncached: 1200, cache_read: 800, cache_write_5m: 100, output: 34, ..Usage::default() };
        assert_eq!((call.usage, call.usage.context()), (expected, 2100));
        let mut split = assistant("a", 34);
        split["message"]["usage"]["cache_creation"] =
            json!({"ephemeral_1h_input_tokens": 60, "ephemeral_5m_input_tokens": 40});
        let usage = read_lines(&[split]).conversations[0].calls[0].usage;
        assert_eq!((usage.cache_write_5m, usage.cache_write_1h), (40, 60));
    }

    #[test]
    fn what_is_no_call_is_passed_over_and_what_cannot_be_read_is_counted() {
        let mut side = assistant("b", 1);
        side["isSidechain"] = json!(true);
        let mut own = assistant("c", 0);
        own["message"]["model"] = json!("<synthetic>");
        let compacted = json!({"type": "system", "subtype": "compact_boundary", "timestamp": "2026-11-22T01:40:00Z"});
        let mut text: String =
            [assistant("a", 2), side, own, compacted].iter().map(|line| format!("{line}\n")).collect();
        text.push_str("{\"type\": \"assistant\", \"mess");
        let read = read(text.as_bytes(), &|_| true).unwrap();
        let conversation = &read.conversations[0];
        let main: Vec<bool> = conversation.calls.iter().map(|call| call.is_main).collect();
        assert_eq!((main.as_slice(), read.unread), ([true, false].as_slice(), 1));
        assert_eq!(conversation.compactions, [Some(1_795_311_600_000)]);
    }

    #[test]
    fn the_window_is_the_one_that_the_stream_states() {
        let result = json!({"type": "result", "session_id": "s", "modelUsage": {"claude-sonnet-4-5": {"contextWindow": 200_000}}});
        let read = read_lines(&[assistant("a", 34), result]);
        assert_eq!(read.conversations[0].calls[0].window, Some(200_000));
    }

    #[test]
    fn a_session_of_another_folder_is_not_read() {
        let text = assistant("a", 34).to_string();
        assert_eq!(read(text.as_bytes(), &|folder| folder == Path::new("/elsewhere")).unwrap().conversations, []);
    }
}
