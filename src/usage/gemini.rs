//! Transcripts of Gemini CLI: `~/.gemini/tmp/<project>/chats/session-*.jsonl`.
//!
//! The first line names session and project; then come messages, each written again whenever something of it changes, and
//! `{"$set": …}` lines that replace fields of the whole, the list of messages among them. `input` has what the cache held in
//! it. Whether `output` has the thoughts in it, only `total` tells.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use serde::Deserialize;

use super::lines::{Line, Lines};
use super::tokens::Usage;
use super::transcript::{Call, Client, Conversation, Transcript, Uncounted, milliseconds};

/// A line: of the session, of a message, or a change.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "sessionId")]
    session: Option<String>,
    kind: Option<String>,
    #[serde(rename = "$set")]
    set: Option<Set>,
}

#[derive(Deserialize)]
struct Set {
    messages: Option<Vec<Message>>,
}

#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    timestamp: Option<String>,
    model: Option<String>,
    tokens: Option<Tokens>,
}

impl Message {
    /// Whether it is an answer of the model that states what it took.
    fn is_call(&self) -> bool {
        self.kind.as_deref() == Some("gemini") && self.tokens.is_some()
    }
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    input: u64,
    #[serde(default)]
    output: u64,
    #[serde(default)]
    cached: u64,
    #[serde(default)]
    thoughts: u64,
    #[serde(default)]
    tool: u64,
    #[serde(default)]
    total: u64,
}

impl Tokens {
    fn usage(&self) -> Usage {
        let stated = self.total.saturating_sub(self.input.saturating_add(self.tool));
        let output = if self.total == 0 { self.output.saturating_add(self.thoughts) } else { stated.max(self.output) };
        Usage {
            input_uncached: self.input.saturating_sub(self.cached).saturating_add(self.tool),
            cache_read: self.cached,
            output,
            reasoning: self.thoughts.min(output),
            ..Usage::default()
        }
    }
}

/// Reads one file.
pub(super) fn read(source: impl BufRead) -> io::Result<Transcript> {
    let mut conversation = Conversation::new(Client::Gemini);
    let mut is_main = true;
    let mut known = BTreeSet::new();
    let mut last = None;
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next()? {
        let Some((entry, message)) = parsed(&line) else {
            lines.pass_over();
            continue;
        };
        if let Some(session) = entry.session {
            conversation.id = session;
            is_main = entry.kind.as_deref() != Some("subagent");
        }
        let replaced = entry.set.and_then(|set| set.messages);
        if let Some(messages) = &replaced {
            // A list of messages that lacks what the model said before: the client made it shorter.
            let kept: BTreeSet<&str> = messages.iter().filter_map(|message| message.id.as_deref()).collect();
            if known.iter().any(|id: &String| !kept.contains(id.as_str())) {
                conversation.compactions.push(last);
                known.retain(|id| kept.contains(id.as_str()));
            }
        }
        for message in replaced.unwrap_or_default().into_iter().chain(message) {
            last = message.timestamp.as_deref().and_then(milliseconds).or(last);
            known.extend(message.id.clone().filter(|_| message.is_call()));
            if call(message, is_main).and_then(|call| call.map_or(Ok(()), |call| conversation.enter(call))).is_err() {
                lines.pass_over();
            }
        }
    }
    Ok(Transcript { client: Client::Gemini, conversations: vec![conversation], unread: lines.unread() })
}

/// A line, and the message where it is one; `None` where it cannot be read.
fn parsed(line: &Line<'_>) -> Option<(Entry, Option<Message>)> {
    let Line::Whole(line) = line else { return None };
    let entry: Entry = serde_json::from_slice(line).ok()?;
    let is_message = entry.session.is_none() && entry.set.is_none();
    let message = is_message.then(|| serde_json::from_slice(line)).transpose().ok()?;
    Some((entry, message))
}

/// The call that a message tells of, where it does.
fn call(message: Message, is_main: bool) -> Result<Option<Call>, Uncounted> {
    let is_call = message.is_call();
    let Some(usage) = message.tokens.filter(|_| is_call).map(|tokens| tokens.usage()) else { return Ok(None) };
    let key = message.id.ok_or(Uncounted)?;
    let at = message.timestamp.as_deref().and_then(milliseconds);
    let model = message.model.unwrap_or_default();
    Ok(Some(Call { key, request: None, model, at, is_main, usage, window: None }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn message(id: &str, minute: u32, tokens: &Value) -> Value {
        json!({"id": id, "type": "gemini", "timestamp": format!("2026-11-22T01:{minute:02}:00Z"), "model": "gemini-2.5-flash",
            "content": "x", "tokens": tokens})
    }

    fn read_lines(lines: &[Value]) -> Conversation {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        read(text.as_bytes()).unwrap().conversations.remove(0)
    }

    #[test]
    fn thoughts_count_once_whatever_output_means() {
        let head = json!({"sessionId": "s", "projectHash": "h", "kind": "main"});
        let within = json!({"input": 1200, "output": 34, "cached": 800, "thoughts": 7, "tool": 0, "total": 1234});
        let beside = json!({"input": 1200, "output": 27, "cached": 800, "thoughts": 7, "tool": 0, "total": 1234});
        let tool = json!({"input": 1200, "output": 34, "cached": 800, "thoughts": 7, "tool": 50, "total": 1284});
        let read = read_lines(&[head, message("a", 1, &within), message("b", 2, &beside), message("c", 3, &tool)]);
        for call in &read.calls {
            assert_eq!((call.usage.output, call.usage.reasoning, call.usage.cache_read), (34, 7, 800), "{}", call.key);
        }
        assert_eq!((read.calls[1].usage.input_uncached, read.calls[2].usage.input_uncached), (400, 450));
    }

    #[test]
    fn a_shortened_list_of_messages_is_a_compaction() {
        let tokens = json!({"input": 10, "output": 1, "total": 11});
        let head = json!({"sessionId": "s", "projectHash": "h", "kind": "subagent"});
        let (a, b) = (message("a", 1, &tokens), message("b", 2, &tokens));
        let kept = json!({"$set": {"messages": [{"id": "u", "type": "user"}, a.clone(), b.clone()]}});
        let shorter = json!({"$set": {"messages": [{"id": "v", "type": "user"}, b.clone()]}});
        let first = json!({"$set": {"messages": [{"id": "u", "type": "user"}]}});
        let read = read_lines(&[head, first, a, b, kept, shorter, json!({"$set": {"lastUpdated": "x"}})]);
        assert_eq!(read.compactions, [Some(1_795_309_320_000)]);
        assert!(read.calls.iter().all(|call| !call.is_main));
    }
}
