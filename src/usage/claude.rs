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
use super::tokens::{Usage, possible_window};
use super::transcript::{Call, Client, Conversation, Transcript, Uncounted, Unread, milliseconds};

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
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next()? {
        let Line::Whole(line) = line else {
            lines.pass_over();
            continue;
        };
        let Ok(entry) = serde_json::from_slice::<Entry>(line) else {
            lines.pass_over();
            continue;
        };
        if conversation.folder.is_none() && entry.cwd.is_some() {
            if entry.cwd.as_deref().is_some_and(|folder| !wanted(folder)) {
                return Ok(Transcript { client: Client::Claude, conversations: Vec::new(), unread: Unread::default() });
            }
            conversation.folder.clone_from(&entry.cwd);
        }
        if conversation.id.is_empty() {
            conversation.id = entry.session.clone().unwrap_or_default();
        }
        match (entry.kind.as_deref(), entry.subtype.as_deref()) {
            (Some("assistant"), _) => {
                let answer = serde_json::from_slice::<Answer>(line).map_err(|_| Uncounted);
                let told = answer.and_then(|answer| call(entry, answer.message));
                if told.and_then(|call| call.map_or(Ok(()), |call| conversation.enter(call))).is_err() {
                    lines.pass_over();
                }
            }
            (Some("system"), Some("compact_boundary")) if !entry.is_side => {
                conversation.compactions.push(entry.timestamp.as_deref().and_then(milliseconds));
            }
            (Some("result"), _) => match serde_json::from_slice::<Outcome>(line) {
                Ok(outcome) => windows.extend(
                    outcome
                        .models
                        .into_iter()
                        .filter_map(|(model, stated)| Some((model, possible_window(stated.window?)?))),
                ),
                Err(_) => lines.pass_over(),
            },
            _ => {}
        }
    }
    for call in &mut conversation.calls {
        call.window = windows.get(&call.model).copied();
    }
    Ok(Transcript { client: Client::Claude, conversations: vec![conversation], unread: lines.unread() })
}

/// The call that a line tells of; none where it is the client's own message, such as that of an interrupted call. Without an id
/// nobody can tell whether the call was counted already.
fn call(entry: Entry, message: Message) -> Result<Option<Call>, Uncounted> {
    let Some(usage) = message.usage.map(|tokens| tokens.usage()) else { return Ok(None) };
    let model = message.model.unwrap_or_default();
    if model == "<synthetic>" {
        return Ok(None);
    }
    let key = message.id.ok_or(Uncounted)?;
    let at = entry.timestamp.as_deref().and_then(milliseconds);
    let is_main = !entry.is_side && entry.parent_tool.is_none();
    Ok(Some(Call { key, request: entry.request, model, at, is_main, usage, window: None }))
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
        assert_eq!((main.as_slice(), read.unread), ([true, false].as_slice(), Unread { count: 1, first: Some(5) }));
        assert_eq!(conversation.compactions, [Some(1_795_311_600_000)]);
    }

    #[test]
    fn a_call_that_cannot_be_counted_is_unread() {
        let [mut huge, mut nameless, mut unnamed] = ["b", "c", "d"].map(|id| assistant(id, 1));
        huge["message"]["usage"]["output_tokens"] = json!(u64::MAX);
        nameless["message"].as_object_mut().unwrap().remove("id");
        unnamed["message"].as_object_mut().unwrap().remove("model");
        let read = read_lines(&[assistant("a", 2), huge, nameless, unnamed]);
        let keys: Vec<&str> = read.conversations[0].calls.iter().map(|call| call.key.as_str()).collect();
        assert_eq!((keys, read.unread), (vec!["a", "d"], Unread { count: 2, first: Some(2) }));
    }

    #[test]
    fn the_window_is_the_one_that_the_stream_states() {
        let result = json!({"type": "result", "session_id": "s", "modelUsage": {"claude-sonnet-4-5": {"contextWindow": 200_000}}});
        let read = read_lines(&[assistant("a", 34), result]);
        assert_eq!(read.conversations[0].calls[0].window, Some(200_000));
        let result = json!({"type": "result", "session_id": "s", "modelUsage": {"claude-sonnet-4-5": {"contextWindow": u64::MAX}}});
        assert_eq!(read_lines(&[assistant("a", 34), result]).conversations[0].calls[0].window, None);
    }

    #[test]
    fn a_session_of_another_folder_is_not_read() {
        let text = assistant("a", 34).to_string();
        assert_eq!(read(text.as_bytes(), &|folder| folder == Path::new("/elsewhere")).unwrap().conversations, []);
    }
}
