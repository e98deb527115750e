//! Transcripts of Codex: `$CODEX_HOME/sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl`.
//!
//! Each line is `{timestamp, type, payload}`. Newer versions write a `token_usage_record` for each answer of the model; all
//! write `token_count` events with the sum so far and the last call, sometimes the same one twice. `input_tokens` has what
//! caches held in it, and `output_tokens` the reasoning.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::lines::{Line, Lines};
use super::tokens::Usage;
use super::transcript::{Call, Client, Conversation, Transcript, Uncounted, Unread, milliseconds};

/// What every line has.
#[derive(Deserialize)]
struct Entry {
    timestamp: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    payload: Option<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A line again, for what only its kind has.
#[derive(Deserialize)]
struct Of<T> {
    payload: T,
}

#[derive(Deserialize)]
struct SessionMeta {
    id: Option<String>,
    cwd: Option<PathBuf>,
    source: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct TurnContext {
    model: Option<String>,
}

#[derive(Deserialize)]
struct TaskStarted {
    model_context_window: Option<u64>,
}

#[derive(Deserialize)]
struct Record {
    response_id: Option<String>,
    usage: Option<Tokens>,
    thread_token_usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Count {
    info: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    total_token_usage: Option<Tokens>,
    last_token_usage: Option<Tokens>,
    model_context_window: Option<u64>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
struct Tokens {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    cached_input_tokens: u64,
    #[serde(default)]
    cache_write_input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    #[serde(default)]
    reasoning_output_tokens: u64,
}

impl Tokens {
    fn usage(self) -> Usage {
        let cached = self.cached_input_tokens.saturating_add(self.cache_write_input_tokens);
        Usage {
            input_uncached: self.input_tokens.saturating_sub(cached),
            cache_read: self.cached_input_tokens,
            cache_write_5m: self.cache_write_input_tokens,
            cache_write_1h: 0,
            output: self.output_tokens,
            reasoning: self.reasoning_output_tokens.min(self.output_tokens),
        }
    }
}

/// A transcript under way.
struct Reading {
    conversation: Conversation,
    is_main: bool,
    model: String,
    window: Option<u64>,
    /// The sum of the thread at the call counted last: the other account of the same call tells the same.
    total: Option<Tokens>,
}

/// Reads one file; stops with nothing where `wanted` refuses the folder that the session began in.
pub(super) fn read(source: impl BufRead, wanted: &dyn Fn(&Path) -> bool) -> io::Result<Transcript> {
    let mut reading = Reading {
        conversation: Conversation::new(Client::Codex),
        is_main: true,
        model: String::new(),
        window: None,
        total: None,
    };
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next()? {
        match reading.enter(line, wanted) {
            Ok(Told::Counted) => {}
            Ok(Told::Elsewhere) => {
                return Ok(Transcript { client: Client::Codex, conversations: Vec::new(), unread: Unread::default() });
            }
            Err(Uncounted) => lines.pass_over(),
        }
    }
    Ok(Transcript { client: Client::Codex, conversations: vec![reading.conversation], unread: lines.unread() })
}

/// What became of a line.
enum Told {
    Counted,
    /// The session is one that nobody asked for.
    Elsewhere,
}

fn payload<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, Uncounted> {
    serde_json::from_slice::<Of<T>>(line).map(|line| line.payload).map_err(|_| Uncounted)
}

/// The key of a call without an id of its own: a copy in a fork has the same time and the same sums.
fn nameless(timestamp: Option<String>, total: Tokens) -> String {
    let sums = [total.input_tokens, total.cached_input_tokens, total.output_tokens];
    format!("{} {sums:?}", timestamp.unwrap_or_default())
}

impl Reading {
    /// Enters one line.
    fn enter(&mut self, line: Line<'_>, wanted: &dyn Fn(&Path) -> bool) -> Result<Told, Uncounted> {
        let Line::Whole(line) = line else { return Err(Uncounted) };
        let Entry { timestamp, kind, payload: inner } = serde_json::from_slice(line).map_err(|_| Uncounted)?;
        let at = timestamp.as_deref().and_then(milliseconds);
        match (kind.as_str(), inner.and_then(|inner| inner.kind).as_deref()) {
            // The first one is the session's own; a fork copies those of its ancestors behind it.
            ("session_meta", _) if self.conversation.id.is_empty() => {
                let meta: SessionMeta = payload(line)?;
                if meta.cwd.as_deref().is_some_and(|folder| !wanted(folder)) {
                    return Ok(Told::Elsewhere);
                }
                self.conversation.id = meta.id.unwrap_or_default();
                self.conversation.folder = meta.cwd;
                self.is_main = meta.source.is_none_or(|source| source.get("subagent").is_none());
            }
            ("turn_context", _) => self.model = payload::<TurnContext>(line)?.model.unwrap_or_default(),
            ("event_msg", Some("task_started")) => {
                self.window = payload::<TaskStarted>(line)?.model_context_window.or(self.window);
            }
            ("compacted", _) => self.conversation.compactions.push(at),
            ("token_usage_record", _) => {
                let record: Record = payload(line)?;
                if let (true, Some(usage)) = (self.is_news(record.thread_token_usage), record.usage) {
                    let key = record.response_id;
                    let key = key.unwrap_or_else(|| nameless(timestamp, record.thread_token_usage.unwrap_or(usage)));
                    self.count(key, at, usage)?;
                }
            }
            ("event_msg", Some("token_count")) => {
                let Some(info) = payload::<Count>(line)?.info else { return Ok(Told::Counted) };
                self.window = info.model_context_window.or(self.window);
                if let (Some(last), Some(total)) = (info.last_token_usage, info.total_token_usage)
                    && self.is_news(Some(total))
                {
                    self.count(nameless(timestamp, total), at, last)?;
                }
            }
            _ => {}
        }
        Ok(Told::Counted)
    }

    /// Whether the sum of the thread has moved since the call counted last.
    fn is_news(&mut self, total: Option<Tokens>) -> bool {
        total.is_none() || std::mem::replace(&mut self.total, total) != total
    }

    fn count(&mut self, key: String, at: Option<i64>, tokens: Tokens) -> Result<(), Uncounted> {
        let (model, window) = (self.model.clone(), self.window);
        let call = Call { key, request: None, model, at, is_main: self.is_main, usage: tokens.usage(), window };
        self.conversation.enter(call)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn tokens(times: u64) -> Value {
        json!({"input_tokens": 1200 * times, "cached_input_tokens": 800 * times, "cache_write_input_tokens": 0,
            "output_tokens": 34 * times, "reasoning_output_tokens": 7 * times, "total_tokens": 1234 * times})
    }

    fn line(kind: &str, payload: Value) -> String {
        json!({"timestamp": "2026-11-22T01:32:38.190Z", "type": kind, "payload": payload}).to_string() + "\n"
    }

    fn record(number: u64) -> String {
        line(
            "token_usage_record",
            json!({"response_id": format!("resp_{number}"), "usage": tokens(1), "thread_token_usage": tokens(number)}),
        )
    }

    fn count(number: u64) -> String {
        let info = json!({"total_token_usage": tokens(number), "last_token_usage": tokens(1), "model_context_window": 258_400});
        line("event_msg", json!({"type": "token_count", "info": info}))
    }

    fn head(source: Value) -> String {
        line("session_meta", json!({"id": "t", "cwd": "/w", "source": source}))
            + &line("turn_context", json!({"model": "gpt-5-codex"}))
    }

    fn read_text(text: &str) -> Conversation {
        read(text.as_bytes(), &|_| true).unwrap().conversations.remove(0)
    }

    #[test]
    fn both_accounts_of_a_call_count_once() {
        let text = head(json!("exec")) + &record(1) + &count(1) + &count(1) + &record(2) + &count(2);
        let conversation = read_text(&text);
        let keys: Vec<&str> = conversation.calls.iter().map(|call| call.key.as_str()).collect();
        assert_eq!(keys, ["resp_1", "resp_2"]);
        let call = &conversation.calls[1];
        let expected = Usage { input_uncached: 400, cache_read: 800, output: 34, reasoning: 7, ..Usage::default() };
        assert_eq!((call.usage, call.model.as_str(), call.window), (expected, "gpt-5-codex", Some(258_400)));
        assert!(call.is_main);
        // An older version writes the sums alone.
        let older = read_text(&(head(json!("cli")) + &count(1) + &count(1) + &count(2)));
        assert_eq!(older.calls.len(), 2);
        assert_ne!(older.calls[0].key, older.calls[1].key);
    }

    #[test]
    fn a_call_that_cannot_be_counted_is_unread() {
        let nameless = line("token_usage_record", json!({"usage": tokens(1), "thread_token_usage": tokens(1)}));
        let mut huge: Value = serde_json::from_str(&record(2)).unwrap();
        huge["payload"]["usage"]["output_tokens"] = json!(u64::MAX);
        let mut odd: Value = serde_json::from_str(&record(3)).unwrap();
        odd["payload"]["usage"]["reasoning_output_tokens"] = json!(35);
        let text = head(json!("exec")) + &nameless + &count(1) + &format!("{huge}\n{odd}\n");
        let read = read(text.as_bytes(), &|_| true).unwrap();
        let reasoning: Vec<u64> = read.conversations[0].calls.iter().map(|call| call.usage.reasoning).collect();
        assert_eq!((reasoning, read.unread), (vec![7, 34], Unread { count: 1, first: Some(5) }));
    }

    #[test]
    fn subagents_and_compactions_are_seen() {
        let text =
            head(json!({"subagent": {"thread_spawn": {}}})) + &record(1) + &line("compacted", json!({"message": ""}));
        let conversation = read_text(&text);
        assert!(!conversation.calls[0].is_main);
        assert_eq!(conversation.compactions.len(), 1);
        let refused = read(text.as_bytes(), &|_| false).unwrap();
        assert_eq!(refused.conversations, []);
    }
}
