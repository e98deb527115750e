//! `agentops session`: a sitting leaves one record with what was learned, what could be better, and what comes next.

use super::governed::{as_agent, governed};
use super::sandbox::Sandbox;

const LEARN: &str = "learn add --json --pattern \"rename(2) is atomic only within one file system\"";
const END: &str =
    "session end --json --summary \"Wrote the research\" --improvement \"Run the fuzz target of the parser nightly\"";

fn id(output: &super::sandbox::Output, noun: &str) -> String {
    output.json()[noun]["id"].as_str().unwrap().to_owned()
}

fn new_task(sandbox: &Sandbox, title: &str, profile: &str) -> String {
    let output = sandbox.agentops("task new --json --profile").arg(profile).arg(title).run().expect_code(0);
    output.json()["task"].as_str().unwrap().to_owned()
}

#[test]
fn a_session_from_start_to_record() {
    let sandbox = governed();
    let task = new_task(&sandbox, "Sign in with a passkey", "product-dev");
    let started = as_agent(&sandbox, &format!("session start --task {task} --json")).expect_code(0);
    assert_eq!(started.json()["session"]["profile"], "product-dev");
    let moved = as_agent(&sandbox, "task new \"Sign out everywhere\" --profile product-dev --json").expect_code(0);
    let moved = moved.json()["task"].as_str().unwrap().to_owned();
    let learning = id(&as_agent(&sandbox, LEARN).expect_code(0), "learning");
    // Of somebody else, so not of this session.
    sandbox
        .agentops("learn add --profile product-dev --pattern \"Passkeys sync through the platform's keychain\"")
        .run();
    let suggested = as_agent(&sandbox, "session suggest --json").expect_code(0).json();
    let ended = as_agent(&sandbox, &format!("{END} --impact high --choice 2")).expect_code(0);
    let record = &ended.json()["session"];
    assert_eq!(record["id"], started.json()["session"]["id"]);
    assert_eq!((&record["actor"], &record["usage"]), (&"claude".into(), &"unmeasured".into()));
    assert_eq!(record["learnings"], serde_json::json!([learning]));
    let mut work = [&task, &moved].map(|task| serde_json::json!({"task": task, "phase": "research", "attempt": 1}));
    work.sort_by_key(|work| work["task"].to_string());
    assert_eq!(record["work"], serde_json::json!(work));
    assert_eq!(record["improvements"][0]["impact"], "high");
    assert_eq!(record["improvements"][0]["effort"], "medium");
    // The numbers are those that `suggest` showed.
    let chosen = suggested["suggestions"][1]["command"].as_str().unwrap();
    assert!(record["suggestions"]["choice"].as_str().unwrap().starts_with(chosen), "{record}");
    assert_eq!(sandbox.git("status --porcelain"), format!("?? .agentops/product-dev/{}", laid_out(&sandbox)));
    assert!(sandbox.git("log -1 --format=%B").contains("\nAssisted-by: claude"));
    // It is closed: the next start finds none, and `show` shows the record.
    let shown = sandbox.agentops("session show --json").run().expect_code(0).json();
    assert_eq!((&shown["session"]["state"], &shown["session"]["id"]), (&"ended".into(), &record["id"]));
    let list = sandbox.agentops("session list --json --profile product-dev --limit 1").run().json();
    assert_eq!(list["sessions"][0]["summary"], "Wrote the research");
    as_agent(&sandbox, "session start").expect_code(0);
    sandbox.agentops("check --all").run().expect_code(0);
}

/// What `task new` put into the working tree, as `git status` names it.
fn laid_out(sandbox: &Sandbox) -> String {
    let status = sandbox.git("status --porcelain");
    status.trim_start_matches("?? .agentops/product-dev/").to_owned()
}

#[test]
fn one_session_at_a_time_in_a_worktree() {
    let sandbox = governed();
    sandbox.agentops("session start --profile sre").run().expect_code(0);
    insta::assert_snapshot!(sandbox.agentops("session start --profile sre").run().snapshot(), @r#"
    exit 6
    --- stderr
    error: a session of `alice` is open in this worktree since 2026-11-21T07:05:00Z
    hint: end it: agentops session end --summary "…" --improvement "…"   or forget it: agentops session start --force
    "#);
    let other = sandbox.worktree("linked");
    other.agentops("session start --profile sre").run().expect_code(0);
    // Nobody ends a session in another's name without saying so.
    assert!(as_agent(&sandbox, END).expect_code(6).stdout.contains("`claude` acts"));
    let forced = as_agent(&sandbox, "session start --force --json").expect_code(0).json();
    assert!(forced["forgotten"].is_string());
    assert_eq!(sandbox.agentops("session show --json").run().json()["session"]["actor"], "claude");
    let dry =
        other.agentops("session start --force --dry-run --profile product-dev --json").run().expect_code(0).json();
    assert_ne!(other.agentops("session show --json").run().json()["session"]["id"], dry["session"]["id"]);
    assert_eq!(sandbox.git("rev-list --count --all"), "1");
}

#[test]
fn a_record_without_learning_or_improvement_is_refused() {
    let sandbox = governed();
    sandbox.agentops("session start --profile product-dev").run().expect_code(0);
    insta::assert_snapshot!(sandbox.agentops("session end").run().snapshot(), @r#"
    exit 1
    --- stderr
    error: the session's record lacks a summary, a learning (AO-L1), an improvement (AO-L2)
    hint: say what was done with `--summary "…"`
      record one first: agentops learn add --pattern "…"   or name one with `--learning ID`
      propose one with `--improvement "what to change"`
    "#);
    sandbox.agentops(LEARN).run().expect_code(0);
    let filler = sandbox.agentops("session end --summary \"Wrote it\" --improvement \"Improve code quality\"").run();
    assert!(filler.expect_code(3).stderr.contains("AO-L2"));
    sandbox.agentops(&format!("{END} --choice 9")).run().expect_code(2);
    sandbox.agentops(&format!("{END} --effort low --effort high")).run().expect_code(2);
    sandbox.agentops(&format!("{END} --choice all")).run().expect_code(2);
    sandbox.agentops(&format!("{END} --dry-run")).run().expect_code(0);
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2", "nothing but the learning was committed");
    let ended = sandbox.agentops(END).run().expect_code(0).json();
    assert_eq!(ended["session"]["suggestions"]["choice"], "none");
}

#[test]
fn who_forgot_to_start_can_still_end() {
    let sandbox = governed();
    insta::assert_snapshot!(sandbox.agentops("session end --summary x").run().snapshot(), @r"
    exit 1
    --- stderr
    error: no session is open in this worktree
    hint: name the tasks that were worked on: agentops session end --task ID …   or begin one: agentops session start
    ");
    let task = new_task(&sandbox, "Sign in with a passkey", "product-dev");
    as_agent(&sandbox, &format!("{END} --task {task}")).expect_code(1);
    let learning = id(&as_agent(&sandbox, &format!("{LEARN} --task {task}")).expect_code(0), "learning");
    let ended = as_agent(&sandbox, &format!("{END} --task {task}")).expect_code(0).json();
    assert_eq!(ended["session"]["learnings"], serde_json::json!([learning]));
    assert_eq!(ended["session"]["started"], ended["session"]["ended"]);
    assert_eq!(ended["session"]["work"][0]["task"], task);
    let shown = ended["session"]["suggestions"]["shown"].to_string();
    assert!(shown.contains("phase next") && !shown.contains("learn add"), "nothing was begun that lacks one: {shown}");
    let foreign = new_task(&sandbox, "Restart loop", "sre");
    let both = sandbox.agentops(&format!("{END} --task {task} --task {foreign}")).run();
    assert!(both.expect_code(2).stdout.contains("one session for each profile"));
}

#[test]
fn suggestions_follow_the_state() {
    let sandbox = governed();
    let commands = || -> Vec<String> {
        let body = sandbox.agentops("session suggest --json").run().expect_code(0).json();
        let list = body["suggestions"].as_array().unwrap();
        list.iter().map(|suggestion| suggestion["command"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(commands(), ["agentops task new \"…\"", "agentops session start"]);
    let first = new_task(&sandbox, "Sign in with a passkey", "product-dev");
    let body = sandbox.agentops("task new Later --profile product-dev --json --after").arg(&first).run().json();
    let blocked = body["task"].as_str().unwrap().to_owned();
    sandbox.write("src/main.rs", "fn main() {}\n");
    let expected = [format!("agentops phase next {first}"), format!("agentops phase status {first}")];
    assert_eq!(commands()[..3], [&expected[..], &["agentops commit".to_owned()]].concat());
    let body = sandbox.agentops("session suggest").run().expect_code(0).stdout;
    assert!(body.contains(&format!("`{blocked}` cannot leave its phase before `{first}` is done")), "{body}");
    sandbox.git("checkout --quiet src");
    let clone = sandbox.clone_as("clone");
    clone
        .agentops("learn add --profile sre --pattern \"Clones share no hooks with their origin\"")
        .run()
        .expect_code(0);
    let ahead = clone.agentops("session suggest").run().expect_code(0).stdout;
    assert!(ahead.contains("agentops check --base origin/main"), "{ahead}");
    assert!(!sandbox.agentops("session suggest").run().stdout.contains("check --base"));
    // Two sides of a fork, and what waits for a human before everything else.
    sandbox.git("switch --quiet -c side");
    sandbox.agentops("phase abandon --reason \"Not wanted any more\"").arg(&first).run().expect_code(0);
    sandbox.git("switch --quiet main");
    sandbox.agentops("phase rewind --to research --reason \"Once more\"").arg(&first).run().expect_code(0);
    sandbox.git("merge --quiet --no-edit side");
    assert_eq!(commands()[0], format!("agentops phase resolve {first} --reason \"…\""));
}

#[test]
fn a_person_is_asked_for_the_choice() {
    let sandbox = governed();
    sandbox.agentops("session start --profile product-dev").run().expect_code(0);
    sandbox.agentops(LEARN).run().expect_code(0);
    let mut terminal = sandbox.terminal(&END.replace(" --json", ""));
    terminal.wait_for("Which one? (1 to 1, or none)");
    terminal.type_line("7");
    terminal.wait_for("there are 1");
    terminal.type_line("1");
    let ending = terminal.finish();
    assert_eq!(ending.code, 0, "{}", ending.text);
    let shown = sandbox.agentops("session show --json").run().json();
    assert!(shown["session"]["suggestions"]["choice"].as_str().unwrap().starts_with("agentops task new"), "{shown}");
}

#[test]
fn a_damaged_note_of_the_open_session_is_told() {
    let sandbox = governed();
    sandbox.agentops("session start --profile sre").run().expect_code(0);
    let note = sandbox.path().join(".git/agentops/session.toml");
    let whole = std::fs::read_to_string(&note).unwrap();
    for damaged in [&whole[..whole.len() / 2], &whole.replace("sre", "No such name")] {
        std::fs::write(&note, damaged).unwrap();
        for verb in ["session show", "session show --check", "session list", "session suggest", "session end --json"] {
            let told = sandbox.agentops(verb).run().stderr;
            assert!(told.contains("session.toml` is damaged"), "{verb}: {told}");
        }
    }
    let begun = sandbox.agentops("session start --profile sre").run().expect_code(0);
    assert!(begun.stderr.contains("session.toml` is damaged"), "{}", begun.stderr);
    assert!(!sandbox.agentops("session show").run().expect_code(0).stderr.contains("damaged"));
}

#[test]
fn a_home_folder_comes_into_no_record() {
    let sandbox = governed();
    sandbox.agentops("session start --profile product-dev").run().expect_code(0);
    sandbox.agentops(LEARN).run().expect_code(0);
    let end = "session end --summary \"Read the logs in /home/alice/work/api.log\" \
               --improvement \"Keep `C:\\Users\\alice\\x` and docs/home/alice out\"";
    let head = sandbox.git("rev-parse HEAD");
    insta::assert_snapshot!(sandbox.agentops(end).run().snapshot(), @r#"
    exit 1
    --- stderr
    error: the summary names a home folder, `/home/alice/work/api.log`, an improvement names a home folder, `C:\Users\alice\x`; everybody who has the repository would read it
    hint: name files from the repository's top, what lies in a home from there (`~/notes`), and an address with its host
    "#);
    sandbox.agentops(&format!("{end} --dry-run")).run().expect_code(1);
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    let reworded = end.replace("/home/alice/work", "~").replace("C:\\Users\\alice\\x", "x");
    sandbox.agentops(&reworded).run().expect_code(0);
}
