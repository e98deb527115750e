//! Usage in recordings of real clients, held against what the clients themselves printed. Run by `.ci/clients`.
//!
//! Recordings hold other people's texts, so none is in this repository; `.ci/clients` tells how they are made.

use std::fs;
use std::path::{Path, PathBuf};

use agentops::usage::{Client, Ledger, Usage, read};
use serde_json::Value;

/// The folder of recordings: in it one folder for each client, with its `home` and what it printed, `stdout.jsonl`.
#[expect(clippy::disallowed_methods, reason = "whoever runs it says where")]
fn recordings() -> PathBuf {
    PathBuf::from(std::env::var_os("AGENTOPS_RECORDINGS").expect("AGENTOPS_RECORDINGS names the folder of recordings"))
}

/// The usage in all files below the client's home whose path contains `part` and whose name ends with `ending`.
fn used(client: &str, part: &str, ending: &str) -> Ledger {
    let mut ledger = Ledger::default();
    let mut count = 0;
    for file in walkdir::WalkDir::new(recordings().join(client).join("home")).into_iter().map(Result::unwrap) {
        let path = file.path().to_string_lossy().into_owned();
        if file.file_type().is_file() && path.contains(part) && path.ends_with(ending) {
            ledger.enter(read(file.path(), &|folder: &Path| folder.ends_with("repo")).unwrap());
            count += 1;
        }
    }
    assert!(count > 0, "{client}: no transcript below its home");
    assert_eq!(ledger.unread(), 0, "{client}: every line was read");
    ledger
}

/// The lines that the client printed, of one type.
fn printed(client: &str, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(recordings().join(client).join("stdout.jsonl")).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found: Vec<Value> = lines.filter(|line| line["type"] == kind).collect();
    assert!(!found.is_empty(), "{client} printed no `{kind}`");
    found
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Dollars for the sum at prices for a million tokens: of input, of input read from a cache and written for five minutes and
/// for an hour, of output.
fn dollars(sum: Usage, [input, read, five, hour, output]: [f64; 5]) -> f64 {
    let cost = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
    cost(sum.input_uncached, input)
        + cost(sum.cache_read, read)
        + cost(sum.cache_write_5m, five)
        + cost(sum.cache_write_1h, hour)
        + cost(sum.output, output)
}

fn assert_same_dollars(ours: f64, theirs: &Value) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() < 1e-9, "ours {ours}, theirs {theirs}");
}

#[test]
#[ignore = "reads recordings of real clients: .ci/clients"]
fn claude_code_printed_the_same() {
    let ledger = used("claude", "projects", ".jsonl");
    let result = printed("claude", "result").pop().unwrap();
    let (sum, theirs) = (ledger.sum(), &result["usage"]);
    assert_eq!(sum.input_uncached, number(&theirs["input_tokens"]));
    assert_eq!(sum.cache_read, number(&theirs["cache_read_input_tokens"]));
    assert_eq!(sum.cache_write_5m + sum.cache_write_1h, number(&theirs["cache_creation_input_tokens"]));
    assert_eq!(sum.output, number(&theirs["output_tokens"]));
    assert_eq!(ledger.calls().len() as u64, number(&result["num_turns"]));
    assert!(
        ledger.calls().iter().all(|counted| counted.call.model == "claude-sonnet-4-5"),
        "the prices are of that model"
    );
    assert_same_dollars(dollars(sum, [3.0, 0.3, 3.75, 6.0, 15.0]), &result["total_cost_usd"]);
    // What it printed is a transcript of the same calls, and states the window.
    let mut both = ledger;
    both.enter(read(&recordings().join("claude").join("stdout.jsonl"), &|_| true).unwrap());
    assert_eq!(both.sum(), sum);
}

#[test]
#[ignore = "reads recordings of real clients: .ci/clients"]
fn codex_printed_the_same() {
    let ledger = used("codex", "sessions", ".jsonl");
    let sum = ledger.sum();
    let theirs = &printed("codex", "turn.completed").pop().unwrap()["usage"];
    assert_eq!(sum.context(), number(&theirs["input_tokens"]));
    assert_eq!(sum.cache_read, number(&theirs["cached_input_tokens"]));
    assert_eq!(sum.cache_write_5m, number(&theirs["cache_write_input_tokens"]));
    assert_eq!(sum.output, number(&theirs["output_tokens"]));
    assert_eq!(sum.reasoning, number(&theirs["reasoning_output_tokens"]));
    assert!(ledger.calls().iter().all(|counted| counted.call.window.is_some() && counted.call.is_main));
}

#[test]
#[ignore = "reads recordings of real clients: .ci/clients"]
fn gemini_cli_printed_the_same() {
    let sum = used("gemini", "chats", ".jsonl").sum();
    let theirs = &printed("gemini", "result").pop().unwrap()["stats"];
    assert_eq!(sum.context(), number(&theirs["input_tokens"]));
    assert_eq!(sum.input_uncached, number(&theirs["input"]));
    assert_eq!(sum.cache_read, number(&theirs["cached"]));
    assert_eq!(sum.context() + sum.output, number(&theirs["total_tokens"]));
}

#[test]
#[ignore = "reads recordings of real clients: .ci/clients"]
fn opencode_printed_the_same() {
    let ledger = used("opencode", "opencode", "opencode.db");
    let sum = ledger.sum();
    let steps = printed("opencode", "step_finish");
    let total = |pointer: &str| steps.iter().map(|step| number(step["part"].pointer(pointer).unwrap())).sum::<u64>();
    assert_eq!(sum.input_uncached, total("/tokens/input"));
    assert_eq!(sum.cache_read, total("/tokens/cache/read"));
    assert_eq!(sum.cache_write_5m, total("/tokens/cache/write"));
    assert_eq!(sum.output, total("/tokens/output") + total("/tokens/reasoning"));
    assert_eq!(ledger.calls().len(), steps.len());
    assert!(ledger.calls().iter().all(|counted| counted.client == Client::Opencode));
    let cost: f64 = steps.iter().map(|step| step["part"]["cost"].as_f64().unwrap()).sum();
    assert_same_dollars(dollars(sum, [3.0, 0.3, 0.0, 0.0, 15.0]), &cost.into());
}
