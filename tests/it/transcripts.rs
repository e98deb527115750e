//! Transcripts as they come: of several clients at once, without a window, without times, with impossible numbers, and files
//! that are none.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::governed::{as_agent, governed_with};
use super::usage::{Sitting, others};

fn named<'p>(paths: impl IntoIterator<Item = &'p Path>) -> String {
    paths.into_iter().map(|path| format!(" --transcript \"{}\"", path.display())).collect()
}

#[test]
fn the_fullest_context_of_two_clients_counts_whoever_states_its_window() {
    let sitting = Sitting::new();
    let [codex, ..] = others(&sitting);
    let claude = sitting.write(&sitting.claude_path("full"), &[sitting.claude("msg_1", 10, 150_104, 34)]);
    let both = named([claude.as_path(), codex.as_path()]);
    let refused = sitting.show(&format!("--check {both}")).expect_code(5).stderr;
    assert!(refused.contains("150104 tokens, 75.1 % of 200000"), "{refused}");
    assert!(sitting.show(&both).stderr.contains("the fullest of them counts"));
    // Found by themselves, too, where no client says that it asks; where one does, its conversation counts.
    sitting.sandbox.agentops("session show --check").run().expect_code(5);
    let own = sitting.sandbox.agentops("session show --check").env("CODEX_THREAD_ID", "t").run().expect_code(0);
    assert!(!own.stderr.contains("fullest"), "{}", own.stderr);
    let (ended, text) = sitting.end(&both);
    let peaks: Vec<_> = ended["peaks"].as_array().unwrap().iter().map(|own| (&own["tokens"], &own["band"])).collect();
    assert_eq!(peaks, [(&json!(150_104), &json!("red"))], "{text}");
    assert_eq!(ended["collapses"][0]["cause"], "red");
    let report = sitting.sandbox.agentops("report compliance --json").run().expect_code(0).json();
    assert_eq!(report["contexts"]["phases"][0]["red"], 1, "{report}");
    sitting.sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn a_conversation_that_went_on_in_another_one_no_longer_counts() {
    let sitting = Sitting::new();
    let of = |session: &str, mut line: Value| {
        line["sessionId"] = json!(session);
        line
    };
    let compacted =
        json!({"type": "system", "subtype": "compact_boundary", "cwd": sitting.place(), "timestamp": sitting.at(20)});
    let full = sitting.claude("msg_1", 10, 150_104, 34);
    sitting.write(&sitting.claude_path("a"), &[of("a", full.clone())]);
    let fork = sitting.claude_path("b");
    let mut lines = vec![of("b", full), of("b", compacted)];
    sitting.write(&fork, &lines);
    let show = || sitting.sandbox.agentops("session show --check").run();
    assert!(show().expect_code(1).stderr.contains("replaced the conversation by a summary"));
    lines.push(of("b", sitting.claude("msg_2", 30, 2_000, 1)));
    sitting.write(&fork, &lines);
    assert!(show().expect_code(0).stdout.starts_with("research: 2000 tokens"));
}

#[test]
fn the_window_is_the_clients_or_else_the_configs_and_it_is_told_whose() {
    let sandbox = governed_with(|config| config.replace("window = 200000", "window = 10000"));
    let sitting = Sitting::within(sandbox);
    let [codex, ..] = others(&sitting);
    let claude = sitting.write("one.jsonl", &[sitting.claude("msg_1", 10, 2_500, 1)]);
    insta::assert_snapshot!(sitting.show(&format!("--check {}", named([claude.as_path()]))).snapshot(), @r#"
    exit 0
    --- stdout
    research: 2500 tokens, 25.0 % of 10000, the config's window: yellow (green to 20 %, yellow to 30 %)
    --- stderr
    warning: the context is past the first limit of its phase: finish the step, and hand over
    hint: agentops session end --summary "…" --improvement "…"   then begin a fresh session of the client: agentops session start --task ID
    "#);
    let own = |arguments: &str| sitting.show(&format!("--json {arguments}")).expect_code(0).json();
    let context = |shown: &Value| {
        (shown["session"]["context"]["window"].clone(), shown["session"]["context"]["window_of"].clone())
    };
    assert_eq!(context(&own(&named([claude.as_path()]))), (json!(10_000), json!("config")));
    assert_eq!(context(&own(&format!("--window 9000 {}", named([claude.as_path()])))), (json!(9_000), Value::Null));
    assert_eq!(context(&own(&named([codex.as_path()]))), (json!(258_400), Value::Null));
    let full = sitting.write("full.jsonl", &[sitting.claude("msg_2", 20, 4_500, 1)]);
    insta::assert_snapshot!(sitting.show(&format!("--check {}", named([full.as_path()]))).snapshot(), @r#"
    exit 5
    --- stderr
    error: the context holds 4500 tokens, 45.0 % of 10000, the config's window; phase `research` allows 30 %
    hint: hand over: agentops session end --summary "…" --improvement "…"   then go on in a fresh session of the client: agentops session start --task ID
      where the model's window holds another number: agentops session show --check --window TOKENS
    "#);
    let (ended, text) = sitting.end(&named([claude.as_path()]));
    assert!(text.contains("window = 10000\nwindow_of = \"config\"\ngreen = 20\n"), "{text}");
    assert_eq!(ended["peaks"][0]["window_of"], "config");
    sitting.sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn calls_without_times_belong_to_the_one_phase_of_the_session() {
    let sitting = Sitting::new();
    // What `--output-format stream-json` prints has no times.
    let mut line = sitting.claude("msg_1", 10, 50_000, 34);
    line.as_object_mut().unwrap().remove("timestamp");
    let stream = named([sitting.write("stream.jsonl", &[line]).as_path()]);
    let shown = sitting.show(&format!("--check {stream}")).expect_code(0).stdout;
    assert!(shown.starts_with("research: 50000 tokens, 25.0 % of 200000"), "{shown}");
    let (ended, _) = sitting.end(&stream);
    assert_eq!((&ended["peaks"][0]["phase"], &ended["spent"][0]["phase"]), (&json!("research"), &json!("research")));
}

#[test]
fn a_line_that_cannot_be_counted_is_told_and_keeps_no_session_open() {
    let sitting = Sitting::new();
    let mut huge = sitting.claude("msg_2", 20, 2_100, 1);
    huge["message"]["usage"]["cache_read_input_tokens"] = json!(u64::MAX);
    let mut nameless = sitting.claude("msg_3", 30, 2_200, 1);
    nameless["message"].as_object_mut().unwrap().remove("id");
    let lines = [sitting.claude("msg_1", 10, 2_000, 1), huge, sitting.claude("msg_4", 40, 2_300, 1), nameless];
    let path = sitting.write("odd.jsonl", &lines);
    let shown = sitting.show(&named([path.as_path()])).expect_code(0).stderr;
    let told = format!("2 lines of `{}`, the first of them line 2, could not be read", path.display());
    assert!(shown.contains(&told), "{shown}");
    let (ended, text) = sitting.end(&named([path.as_path()]));
    assert_eq!((&ended["measured"]["calls"], &ended["measured"]["unread_lines"]), (&json!("2"), &json!("2")), "{text}");
    assert!(!text.contains("odd.jsonl"), "{text}");
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let sitting = Sitting::new();
    let pipe = sitting.home().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::create_dir(sitting.home().join("folder")).unwrap();
    for path in [pipe.as_path(), Path::new("/dev/zero"), &sitting.home().join("folder")] {
        let refused = sitting.show(&named([path])).expect_code(2).stderr;
        assert!(refused.contains(&format!("`{}`", path.display())) && refused.contains("no file"), "{refused}");
    }
    // A link to a file is one.
    let file = sitting.write("one.jsonl", &[sitting.claude("msg_1", 10, 2_000, 1)]);
    let link = sitting.home().join("link.jsonl");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(sitting.show(&format!("--json {}", named([link.as_path()]))).json()["session"]["usage"], "measured");
}

#[test]
fn a_transcript_without_an_open_session_is_not_passed_over() {
    let sitting = Sitting::new();
    let file = sitting.write("one.jsonl", &[sitting.claude("msg_1", 10, 2_000, 1)]);
    let (ended, _) = sitting.end("--unmeasured");
    let id = ended["id"].as_str().unwrap();
    insta::assert_snapshot!(sitting.show("--transcript ../home/one.jsonl").snapshot(), @r#"
    exit 1
    --- stderr
    error: no session is open in this worktree, so `<root>/repo/../home/one.jsonl` was not read
    hint: leave `--transcript` out to see what was recorded, or record what it holds: agentops session end --task ID --transcript FILE --summary "…" --improvement "…"
    "#);
    sitting.show(&format!("{id} --transcript {}", file.display())).expect_code(1);
    as_agent(&sitting.sandbox, &format!("session show {id}")).expect_code(0);
}
