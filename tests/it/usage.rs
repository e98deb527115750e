//! Usage and the 40 % rule: transcripts that the tests write themselves, in the form of each client.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::governed::{as_agent, governed};
use super::sandbox::{Output, Sandbox};

const LEARN: &str = "learn add --json --pattern \"rename(2) is atomic only within one file system\"";
const END: &str =
    "session end --json --summary \"Wrote the research\" --improvement \"Run the fuzz target of the parser nightly\"";

/// A session of the agent on a task, and when it began.
pub(super) struct Sitting {
    pub(super) sandbox: Sandbox,
    started: jiff::Timestamp,
}

impl Sitting {
    pub(super) fn new() -> Self {
        Self::within(governed())
    }

    pub(super) fn within(sandbox: Sandbox) -> Self {
        let task =
            as_agent(&sandbox, "task new \"Sign in with a passkey\" --profile product-dev --json").expect_code(0);
        let task = task.json()["task"].as_str().unwrap().to_owned();
        let started = as_agent(&sandbox, &format!("session start --task {task} --json")).expect_code(0).json();
        let started = started["session"]["started"].as_str().unwrap().parse().unwrap();
        as_agent(&sandbox, LEARN).expect_code(0);
        Self { sandbox, started }
    }

    /// A time after the session's beginning, or before it.
    pub(super) fn at(&self, seconds: i64) -> String {
        let at = self.started.as_millisecond() + seconds * 1000 + 553;
        jiff::Timestamp::from_millisecond(at).unwrap().to_string()
    }

    pub(super) fn home(&self) -> PathBuf {
        self.sandbox.root().join("home")
    }

    pub(super) fn place(&self) -> String {
        fs::canonicalize(self.sandbox.path()).unwrap().to_string_lossy().into_owned()
    }

    /// Writes lines to a file below the home folder, as if a minute after the session began.
    pub(super) fn write(&self, path: &str, lines: &[Value]) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.started.as_second()).unwrap() + 60);
        File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
        path
    }

    /// What Claude Code writes of one answer; its context holds `context` tokens, of which 800 were cached and 100 are written.
    pub(super) fn claude(&self, id: &str, seconds: i64, context: u64, output: u64) -> Value {
        json!({"type": "assistant", "isSidechain": false, "sessionId": "secret-session", "cwd": self.place(),
            "requestId": format!("req-{id}"), "timestamp": self.at(seconds),
            "message": {"id": id, "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "a secret answer"}],
                "usage": {"input_tokens": context - 900, "cache_creation_input_tokens": 100,
                    "cache_read_input_tokens": 800, "output_tokens": output}}})
    }

    pub(super) fn claude_path(&self, name: &str) -> String {
        let folder: String = self.place().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!(".claude/projects/{folder}/{name}.jsonl")
    }

    pub(super) fn show(&self, arguments: &str) -> Output {
        as_agent(&self.sandbox, &format!("session show {arguments}"))
    }

    pub(super) fn end(&self, arguments: &str) -> (Value, String) {
        let ended = as_agent(&self.sandbox, &format!("{END} {arguments}")).expect_code(0).json();
        let text = self.sandbox.read(ended["path"].as_str().unwrap());
        (ended["session"].clone(), text)
    }
}

fn facts(session: &Value) -> Vec<(&str, &str)> {
    let names = ["calls", "input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"];
    names.map(|name| (name, session["measured"][name].as_str().unwrap_or("none"))).to_vec()
}

#[test]
fn calls_of_this_worktree_and_time_are_found_and_each_counts_once() {
    let sitting = Sitting::new();
    let mut side = sitting.claude("msg_s", 30, 90_000, 5);
    side["isSidechain"] = json!(true);
    let lines = [
        json!({"type": "user", "sessionId": "secret-session", "cwd": sitting.place(), "message": {"content": "a secret prompt"}}),
        sitting.claude("msg_0", -600, 50_000, 7),
        sitting.claude("msg_1", 10, 2_100, 1),
        sitting.claude("msg_1", 10, 2_100, 34),
        side,
        sitting.claude("msg_2", 20, 3_100, 20),
    ];
    sitting.write(&sitting.claude_path("secret-session"), &lines);
    // The session was resumed: its file begins with a copy.
    sitting.write(&sitting.claude_path("resumed"), &[sitting.claude("msg_1", 10, 2_100, 34)]);
    // Of another repository whose folder begins alike, and of one inside this one.
    for folder in [format!("{}-other", sitting.place()), format!("{}/vendor", sitting.place())] {
        let mut other = sitting.claude("msg_x", 10, 9_000, 9);
        other["cwd"] = json!(folder);
        fs::create_dir_all(Path::new(&folder).join(".git")).unwrap();
        sitting.write(&sitting.claude_path(&format!("other-{}", folder.len())), &[other]);
    }
    let shown = sitting.show("--window 12400 --json").expect_code(0).json();
    let session = &shown["session"];
    assert_eq!(session["usage"], "measured");
    let expected = ["3", "92500", "2400", "300", "0", "59", "0"];
    assert_eq!(facts(session).iter().map(|(_, value)| *value).collect::<Vec<_>>(), expected, "{session}");
    // The last call of the main conversation; the subagent has a context of its own.
    let context = json!({"phase": "research", "tokens": 3100, "window": 12_400, "share_percent": 25.0, "green_percent": 20,
        "yellow_percent": 30, "band": "yellow"});
    assert_eq!(session["context"], context);
    assert_eq!(session["notes"], json!(["1 call in the transcripts lies outside the session, and is not counted"]));
    let (ended, text) = sitting.end("--window 12400");
    assert_eq!((&ended["peaks"][0], &ended["collapses"]), (&context, &json!([])));
    let (_, measured) = text.split_once("usage = ").unwrap();
    insta::assert_snapshot!(measured.split_once("\n\n[suggestions]").unwrap().0, @r#"
    "measured"

    [measured]
    cache_read = "2400"
    cache_write_1h = "0"
    cache_write_5m = "300"
    calls = "3"
    days = "1"
    input_uncached = "92500"
    output = "59"
    reasoning = "0"

    [[spent]]
    phase = "research"
    client = "claude-code"
    model = "claude-sonnet-4-5"
    calls = 3
    input_uncached = 92500
    cache_read = 2400
    cache_write_5m = 300
    cache_write_1h = 0
    output = 59
    reasoning = 0

    [[peak]]
    phase = "research"
    tokens = 3100
    window = 12400
    green = 20
    yellow = 30
    band = "yellow"
    "#);
    for secret in ["secret", "/home", "msg_", "req-", &sitting.place()] {
        assert!(!text.contains(secret), "{secret} in the record\n{text}");
    }
    sitting.sandbox.agentops("check --all").run().expect_code(0);
    let report = sitting.sandbox.agentops("report compliance --json").run().expect_code(0).json();
    let phase = json!({"profile": "product-dev", "phase": "research", "green": 0, "yellow": 1, "red": 0,
        "highest_share_percent": 25.0});
    assert_eq!(report["contexts"], json!({"sessions": 1, "measured": 1, "collapses": 0, "phases": [phase]}));
}

#[test]
fn bands_are_quiet_then_hand_over_then_refuse() {
    let sitting = Sitting::new();
    insta::assert_snapshot!(sitting.show("--check --window 10000").snapshot(), @"
    exit 1
    --- stderr
    error: how full the context is was not measured: no call of this session is in any transcript
    hint: name the transcript of the agent's client: agentops session show --check --transcript FILE
    ");
    sitting.write(&sitting.claude_path("one"), &[sitting.claude("msg_1", 10, 3_100, 1)]);
    insta::assert_snapshot!(sitting.show("--check").snapshot(), @"
    exit 0
    --- stdout
    research: 3100 tokens, 1.6 % of 200000, the config's window: green (green to 20 %, yellow to 30 %)
    ");
    insta::assert_snapshot!(sitting.show("--check --window 20000").snapshot(), @"
    exit 0
    --- stdout
    research: 3100 tokens, 15.5 % of 20000: green (green to 20 %, yellow to 30 %)
    ");
    insta::assert_snapshot!(sitting.show("--check --window 12400").snapshot(), @r#"
    exit 0
    --- stdout
    research: 3100 tokens, 25.0 % of 12400: yellow (green to 20 %, yellow to 30 %)
    --- stderr
    warning: the context is past the first limit of its phase: finish the step, and hand over
    hint: agentops session end --summary "…" --improvement "…"   then begin a fresh session of the client: agentops session start --task ID
    "#);
    insta::assert_snapshot!(sitting.show("--check --window 7000").snapshot(), @r#"
    exit 5
    --- stderr
    error: the context holds 3100 tokens, 44.3 % of 7000; phase `research` allows 30 %
    hint: hand over: agentops session end --summary "…" --improvement "…"   then go on in a fresh session of the client: agentops session start --task ID
    "#);
    // Without being asked to check, it tells and does not fail.
    assert!(sitting.show("--window 7000").expect_code(0).stderr.contains("fresh session"));
    assert_eq!(sitting.show("--unmeasured --json").expect_code(0).json()["session"]["usage"], "unmeasured");
    let (ended, text) = sitting.end("--window 7000");
    assert_eq!((&ended["collapses"][0]["cause"], &ended["collapses"][0]["phase"]), (&json!("red"), &json!("research")));
    assert!(text.contains("band = \"red\""), "{text}");
}

#[test]
fn a_compaction_is_a_collapse_and_the_meter_waits_for_the_next_call() {
    let sitting = Sitting::new();
    let compacted =
        json!({"type": "system", "subtype": "compact_boundary", "cwd": sitting.place(), "timestamp": sitting.at(20)});
    let mut lines = vec![sitting.claude("msg_1", 10, 9_000, 1), compacted];
    let path = sitting.claude_path("one");
    sitting.write(&path, &lines);
    assert!(
        sitting.show("--check --window 10000").expect_code(1).stderr.contains("replaced the conversation by a summary")
    );
    lines.push(sitting.claude("msg_2", 30, 2_000, 1));
    sitting.write(&path, &lines);
    sitting.show("--check --window 10000").expect_code(0);
    let (ended, _) = sitting.end("--window 10000");
    assert_eq!(ended["peaks"][0]["band"], "red");
    let causes: Vec<&Value> = ended["collapses"].as_array().unwrap().iter().map(|own| &own["cause"]).collect();
    assert_eq!(causes, [&json!("compaction")]);
}

#[test]
fn what_another_conversation_lost_is_not_ours() {
    let sitting = Sitting::new();
    sitting.write(&sitting.claude_path("secret-session"), &[sitting.claude("msg_1", 10, 2_000, 1)]);
    let mut theirs = sitting.claude("msg_2", 15, 9_000, 1);
    theirs["sessionId"] = json!("another-session");
    let compacted = json!({"type": "system", "subtype": "compact_boundary", "sessionId": "another-session",
        "cwd": sitting.place(), "timestamp": sitting.at(20)});
    sitting.write(&sitting.claude_path("another-session"), &[theirs, compacted]);
    let shown = |own: &str| {
        let show = sitting.sandbox.agentops("session show --json --window 10000").env("CLAUDECODE", "1");
        show.env("CLAUDE_CODE_SESSION_ID", own).run().expect_code(0).json()["session"].clone()
    };
    let ours = shown("secret-session");
    assert_eq!((&ours["context"]["tokens"], ours.get("notes")), (&json!(2_000), None), "{ours}");
    assert_eq!(ours["collapses"][0]["cause"], "compaction", "the record tells of all contexts of the session");
    assert_eq!(shown("another-session").get("context"), None);
}

/// One call of each of the other clients, with the same tokens: 400 uncached, 800 cached, 34 out, 7 of them reasoning.
pub(super) fn others(sitting: &Sitting) -> [PathBuf; 3] {
    let tokens = json!({"input_tokens": 1200, "cached_input_tokens": 800, "output_tokens": 34, "reasoning_output_tokens": 7,
        "total_tokens": 1234});
    let codex = |kind: &str, payload: Value| json!({"timestamp": sitting.at(40), "type": kind, "payload": payload});
    let codex = sitting.write(
        ".codex/sessions/2026/11/21/rollout-2026-11-21T07-00-00-x.jsonl",
        &[
            codex("session_meta", json!({"id": "t", "cwd": sitting.place(), "source": "exec"})),
            codex("event_msg", json!({"type": "task_started", "model_context_window": 258_400})),
            codex("turn_context", json!({"model": "gpt-5-codex"})),
            codex("token_usage_record", json!({"response_id": "r", "usage": tokens, "thread_token_usage": tokens})),
            codex(
                "event_msg",
                json!({"type": "token_count", "info": {"total_token_usage": tokens, "last_token_usage": tokens}}),
            ),
        ],
    );
    let root = ".gemini/tmp/repo/.project_root";
    sitting.write(root, &[]);
    fs::write(sitting.home().join(root), sitting.place()).unwrap();
    let gemini = sitting.write(
        ".gemini/tmp/repo/chats/session-2026-11-21T07-00-x.jsonl",
        &[
            json!({"sessionId": "s", "projectHash": "h", "kind": "main"}),
            json!({"id": "g", "type": "gemini", "timestamp": sitting.at(50), "model": "gemini-2.5-flash", "content": "",
                "tokens": {"input": 1200, "output": 27, "cached": 800, "thoughts": 7, "tool": 0, "total": 1234}}),
        ],
    );
    let data = json!({"role": "assistant", "modelID": "stub-1",
        "tokens": {"input": 400, "output": 27, "reasoning": 7, "cache": {"read": 800, "write": 0}}});
    let opencode = sitting.home().join(".local/share/opencode/opencode.db");
    fs::create_dir_all(opencode.parent().unwrap()).unwrap();
    let at = sitting.started.as_millisecond() + 45_000;
    let script = sitting.sandbox.call_program(Path::new("python3"), "-c").arg(DATABASE).arg(&opencode);
    script.arg(sitting.place()).arg(at.to_string()).arg(data.to_string()).run().expect_code(0);
    [codex, gemini, opencode]
}

/// SQLite itself writes what opencode would. The first rows lie in the file, over several pages; the last ones are left in the
/// write-ahead log, as a client that runs leaves them, behind a transaction that was not committed.
const DATABASE: &str = r#"
import os, sqlite3, sys
path, folder, at, data = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
db.execute("pragma journal_mode = wal")
db.execute("create table `session` (`id` text primary key, `project_id` text, `parent_id` text, `directory` text not null)")
db.execute("create table `message` (`id` text primary key, `session_id` text not null, `time_created` integer not null,"
           " `data` text not null, constraint `fk` foreign key (`session_id`) references `session`(`id`))")
db.execute("begin")
db.execute("insert into session values ('other', 'p', null, '/somewhere/else')")
for number in range(2000):
    db.execute("insert into message values (?, 'other', ?, ?)", (f"o{number}", int(at), data))
db.execute("commit")
db.execute("pragma wal_checkpoint(truncate)")
db.execute("insert into session values ('mine', 'p', null, ?)", (folder,))
db.execute("insert into session values ('child', 'p', 'mine', ?)", (folder,))
long = data[:-1] + ', "filler": "' + "x" * 30000 + '"}'
db.execute("insert into message values ('m', 'mine', ?, ?)", (int(at), long))
db.execute("insert into message values ('u', 'mine', ?, '{\"role\": \"user\", \"summary\": {\"diffs\": []}}')", (int(at),))
db.execute("begin")
db.execute("insert into message values ('never', 'mine', ?, ?)", (int(at), data))
os._exit(0)
"#;

#[test]
fn the_same_call_of_each_client_counts_the_same() {
    let sitting = Sitting::new();
    let others = others(&sitting);
    for (path, client) in others.iter().zip(["codex", "gemini-cli", "opencode"]) {
        let shown = sitting.show(&format!("--json --transcript \"{}\"", path.display())).expect_code(0).json();
        let spent = &shown["session"]["spent"];
        assert_eq!(spent.as_array().unwrap().len(), 1, "{spent}");
        let of = |name: &str| spent[0][name].clone();
        let counted = ["client", "calls", "input_uncached", "cache_read", "output", "reasoning"].map(of);
        assert_eq!(json!(counted), json!([client, 1, 400, 800, 34, 7]), "{spent}");
        assert_eq!(shown["session"]["context"]["tokens"], 1200, "{client}");
    }
    // Codex states its window.
    let shown = sitting.show(&format!("--json --transcript \"{}\"", others[0].display())).expect_code(0).json();
    assert_eq!(shown["session"]["context"]["window"], 258_400);
    // Where no client says that it runs us, all of them are looked at.
    let ended = sitting.sandbox.agentops(&format!("{END} --actor claude --dry-run"));
    let ended = ended.run().expect_code(0).json();
    let clients: Vec<&Value> = ended["session"]["spent"].as_array().unwrap().iter().map(|own| &own["client"]).collect();
    assert_eq!(clients, [&json!("codex"), &json!("gemini-cli"), &json!("opencode")], "{ended}");
    // The agent's marker is that of Claude Code, which was not there.
    let (ended, text) = sitting.end("");
    assert_eq!(ended["usage"], "unmeasured");
    assert!(text.contains("usage = \"unmeasured\"\n\n[suggestions]"), "{text}");
}

#[test]
fn what_is_no_transcript_is_refused_by_name() {
    let sitting = Sitting::new();
    let head = sitting.sandbox.git("rev-parse HEAD");
    sitting.write("notes.txt", &[]);
    fs::write(sitting.home().join("notes.txt"), "no JSON\n").unwrap();
    sitting.write(
        "qwen.jsonl",
        &[json!({"sessionId": "s", "type": "assistant", "usageMetadata": {"promptTokenCount": 1}})],
    );
    let broken = sitting.home().join("broken.db");
    fs::write(&broken, b"SQLite format 3\0 and nothing more").unwrap();
    for (name, reason) in [
        ("notes.txt", "is no transcript that can be read"),
        ("qwen.jsonl", "Qwen Code"),
        ("broken.db", "its header is not whole"),
        ("absent.jsonl", "cannot be read"),
    ] {
        let path = sitting.home().join(name);
        let refused = as_agent(&sitting.sandbox, &format!("{END} --transcript \"{}\"", path.display())).expect_code(2);
        let error = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(error.contains(name) && error.contains(reason), "{error}");
    }
    assert_eq!(sitting.sandbox.git("rev-parse HEAD"), head);
    // Lines that cannot be read are counted, and the others are read.
    let path = sitting.write("cut.jsonl", &[sitting.claude("msg_1", 10, 2_000, 1)]);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{}", &text[..text.len() / 2])).unwrap();
    let (ended, _) = sitting.end(&format!("--transcript \"{}\"", path.display()));
    assert_eq!((&ended["measured"]["calls"], &ended["measured"]["unread_lines"]), (&json!("1"), &json!("1")));
}
