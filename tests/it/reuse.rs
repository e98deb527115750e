//! What was found out is shown where work begins, what was shown is kept, and `learn report` tells what came of it.

use super::governed::{as_agent, governed};
use super::sandbox::{Sandbox, lawful};

fn add(sandbox: &Sandbox, arguments: &str, pattern: &str) -> String {
    let output = sandbox.agentops(&format!("learn add --json {arguments} --pattern")).arg(pattern).run();
    output.expect_code(0).json()["learning"]["id"].as_str().unwrap().to_owned()
}

fn report(sandbox: &Sandbox) -> serde_json::Value {
    sandbox.agentops("learn report --json").run().expect_code(0).json()
}

/// What the report says of one learning.
fn of(report: &serde_json::Value, id: &str) -> serde_json::Value {
    let all = report["learnings"].as_array().unwrap();
    all.iter().find(|learning| learning["id"] == id).unwrap().clone()
}

const KEYCHAIN: &str = "Passkeys sync through the platform's keychain, so a lost phone is no lost account";
const DRAIN: &str = "Cordoned nodes keep their pods until somebody drains them";

#[test]
fn a_new_task_shows_what_may_serve_and_keeps_what_it_showed() {
    let sandbox = governed();
    let none = sandbox.agentops("task new \"Sign in with passkeys\" --profile product-dev --json").run().expect_code(0);
    assert_eq!(none.json()["learnings"], serde_json::json!([]));
    let keychain = add(&sandbox, "--profile sre --tag sign-in", KEYCHAIN);
    add(&sandbox, "--profile sre", DRAIN);
    let opened =
        sandbox.agentops("task new \"Sync passkeys between phones\" --profile product-dev").run().expect_code(0);
    let shown = opened.snapshot_without_ids().replace(&keychain, "<keychain>");
    insta::assert_snapshot!(shown, @"
    exit 0
    --- stdout
    sync-passkeys-between-phones-ne9m: product-dev, phase research: Sync passkeys between phones
    <keychain>  sre, sign-in
      Passkeys sync through the platform's keychain, so a lost phone is no lost account
    --- stderr
    hint: where one of these serves, cite it in what you write: learning:<keychain>
    committed <id> on main
      .agentops/product-dev/events/sync-passkeys-between-phones-ne9m/0001-research-working-<id>.toml
    fill in, from its template; `phase next` will commit it:
      .agentops/product-dev/specs/2026-11-21-sync-passkeys-between-phones-ne9m/requirements.md
    hint: when it is filled in: agentops phase next sync-passkeys-between-phones-ne9m
    ");
    let path = sandbox.git("show --format= --name-only HEAD");
    let event = sandbox.read(&path);
    assert!(event.contains(&format!("[note]\nlearnings_shown = \"{keychain}\"\n")), "{event}");
    // One word in common is none.
    let other = sandbox.agentops("task new \"Phone numbers are optional\" --profile product-dev --json").run();
    assert_eq!(other.expect_code(0).json()["learnings"], serde_json::json!([]));
    assert!(!sandbox.read(&sandbox.git("show --format= --name-only HEAD")).contains("[note]"));
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn what_replaces_a_learning_is_shown_where_that_one_would_have_been() {
    let sandbox = governed();
    let old = add(&sandbox, "--profile sre", "Uploads to the bucket fail with 413 above 5 MB");
    let newer =
        add(&sandbox, &format!("--profile sre --supersedes {old}"), "Release 7 of nginx lifts that limit to 20 MB");
    let opened = sandbox.agentops("task new \"Uploads to the bucket fail\" --profile product-dev --json").run();
    let shown = opened.expect_code(0).json();
    assert_eq!(shown["learnings"][0]["id"], newer.as_str(), "{shown}");
    let event = sandbox.read(&sandbox.git("show --format= --name-only HEAD"));
    assert!(event.contains(&format!("learnings_shown = \"{newer} {old}\"")), "{event}");
}

#[test]
fn a_new_task_shows_bundles_of_any_profile_and_they_tell_their_use() {
    let sandbox = governed();
    sandbox.write(
        "docs/phones.md",
        "# Phones\n\nPasskeys sync between phones of one maker.\n\n- Maria owns two phones.\n",
    );
    sandbox.write("docs/pods.md", "# Pods\n\nPasskeys are no secrets of pods. Phones are not there either.\n");
    sandbox.commit_all(&lawful("docs: write down what was found"));
    let saved = |path: &str| {
        let output = sandbox.agentops(&format!("bundle save docs/{path}.md --profile sre --json")).run();
        output.expect_code(0).json()["bundle"]["id"].as_str().unwrap().to_owned()
    };
    let (phones, pods) = (saved("phones"), saved("pods"));
    let opened = sandbox.agentops("task new \"Sync passkeys between all new phones\" --profile product-dev").run();
    let shown = opened.expect_code(0).snapshot_without_ids().replace(&phones, "<phones>");
    insta::assert_snapshot!(shown, @"
    exit 0
    --- stdout
    sync-passkeys-between-all-new-jrej: product-dev, phase research: Sync passkeys between all new phones
    <phones>  phones (research, sre)
      Passkeys sync between phones of one maker.
    --- stderr
    hint: to read what others wrote up: agentops bundle load <phones> --task sync-passkeys-between-all-new-jrej
    committed <id> on main
      .agentops/product-dev/events/sync-passkeys-between-all-new-jrej/0001-research-working-<id>.toml
    fill in, from its template; `phase next` will commit it:
      .agentops/product-dev/specs/2026-11-21-sync-passkeys-between-all-new-jrej/requirements.md
    hint: when it is filled in: agentops phase next sync-passkeys-between-all-new-jrej
    ");
    let event = sandbox.read(&sandbox.git("show --format= --name-only HEAD"));
    assert!(event.contains(&format!("[note]\nbundles_shown = \"{phones}\"\n")), "{event}");
    let task = sandbox.agentops("task list --json").run().json()["tasks"][0]["task"].as_str().unwrap().to_owned();
    as_agent(&sandbox, "session start").expect_code(0);
    sandbox.agentops(&format!("bundle load {phones} --task {task}")).run().expect_code(0);
    as_agent(&sandbox, &format!("learn add --pattern \"{KEYCHAIN}\"")).expect_code(0);
    let end = "session end --json --summary \"Read up\" --improvement \"Alert on queue length\"";
    let session = as_agent(&sandbox, end).expect_code(0).json()["session"]["id"].clone();
    let show = |id: &str| sandbox.agentops(&format!("bundle show {id} --json")).run().expect_code(0).json();
    let used = show(&phones);
    assert_eq!((&used["shown_to"], &used["loaded_in"]), (&serde_json::json!([task]), &serde_json::json!([session])));
    let text = sandbox.agentops(&format!("bundle show {phones}")).run().stdout;
    assert!(text.contains(&format!("  shown to: {task}\n  loaded in: {}\n", session.as_str().unwrap())), "{text}");
    assert_eq!(show(&pods)["shown_to"], serde_json::json!([]));
    assert!(sandbox.agentops("bundle show pods").run().stdout.contains("\n  no evidence of use\n"));
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn one_shared_word_is_too_little_to_be_offered_anything() {
    let sandbox = governed();
    sandbox.write("docs/phones.md", "# Phones\n\nPasskeys sync between phones of one maker.\n");
    sandbox.commit_all(&lawful("docs: write down what was found"));
    sandbox.agentops("bundle save docs/phones.md --profile sre").run().expect_code(0);
    let keychain = add(&sandbox, "--profile sre", KEYCHAIN);
    let offered = |title: &str| {
        let verb = "task new --profile product-dev --dry-run --json";
        let body = sandbox.agentops(verb).arg(title).run().expect_code(0).json();
        let ids = |key: &str| body[key].as_array().unwrap().len();
        (body["learnings"][0]["id"].as_str().map(str::to_owned), ids("learnings"), ids("bundles"))
    };
    assert_eq!(offered("Passkeys phones"), (Some(keychain), 1, 1));
    assert_eq!(offered("Passkeys"), (None, 0, 0));
    assert_eq!(offered("The passkeys"), (None, 0, 0));
}

#[test]
fn research_that_begins_again_is_offered_it_again() {
    let sandbox = governed();
    let opened = sandbox.agentops("task new \"Sync passkeys between phones\" --profile product-dev --json").run();
    let task = opened.expect_code(0).json()["task"].as_str().unwrap().to_owned();
    let keychain = add(&sandbox, "--profile sre", KEYCHAIN);
    let rewound =
        sandbox.agentops(&format!("phase rewind {task} --to research --json --reason \"The market changed\"")).run();
    assert_eq!(rewound.expect_code(0).json()["learnings"][0]["id"], keychain.as_str());
    let served = of(&report(&sandbox), &keychain);
    assert_eq!((&served["shown"], &served["use"]), (&serde_json::json!([task]), &"no evidence of use".into()));
    let abandoned = sandbox.agentops(&format!("phase abandon {task} --json --reason \"Nobody asked for it\"")).run();
    assert_eq!(abandoned.expect_code(0).json().get("learnings"), None);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn the_report_tells_what_files_tell_and_no_more() {
    let sandbox = governed();
    insta::assert_snapshot!(sandbox.agentops("learn report").run().snapshot(), @r#"
    exit 0
    --- stderr
    there is no learning yet
    hint: agentops learn add --pattern "…"
    "#);
    sandbox.write("src/sync.rs", "fn sync() {\n    upload();\n}\n");
    sandbox.commit_all(&lawful("feat: sync"));
    let keychain = add(&sandbox, "--profile sre --evidence src/sync.rs:2", KEYCHAIN);
    let drain = add(&sandbox, "--profile sre", DRAIN);
    let report_of = |id: &str| of(&report(&sandbox), id);
    let fresh = report_of(&keychain);
    assert_eq!(
        (&fresh["use"], &fresh["cited"], &fresh["signs"]),
        (&"no evidence of use".into(), &serde_json::json!([]), &serde_json::json!([]))
    );
    assert_eq!(fresh["watched"], serde_json::json!(["src/sync.rs:2"]));
    // The session that brings a learning does not prove that it served, and one that lists it later does.
    as_agent(&sandbox, "session start").expect_code(0);
    let own =
        as_agent(&sandbox, "learn add --json --pattern \"Helm keeps ten revisions of every release\"").expect_code(0);
    let own = own.json()["learning"]["id"].as_str().unwrap().to_owned();
    let end = "--summary \"Read up\" --improvement \"Alert on queue length\"";
    as_agent(&sandbox, &format!("session end {end} --learning {own} --learning {drain}")).expect_code(0);
    assert_eq!(report_of(&own)["cited"], serde_json::json!([]));
    assert_eq!(report_of(&drain)["cited"][0]["kind"], "session");
    // A task that cites what it was shown.
    let opened = sandbox
        .agentops("task new \"Sync passkeys between phones\" --profile product-dev --json")
        .run()
        .expect_code(0)
        .json();
    let (task, document) = (opened["task"].as_str().unwrap(), opened["documents"][0].as_str().unwrap());
    sandbox.write(document, format!("# Requirements\n\n- learning:{keychain} says how they sync\n"));
    sandbox.git("add --all");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("docs: research")).run().expect_code(0);
    let served = report_of(&keychain);
    assert_eq!((&served["use"], &served["cited_where_shown"]), (&"cited".into(), &true.into()));
    assert_eq!(served["cited"], serde_json::json!([{ "kind": "document", "by": document, "task": task }]));
    // A trailer of a later commit counts; that of the commit which records it does not.
    sandbox.write("a", "1");
    let message = format!("{}\nAgentops-Learning: {own}\n", lawful("feat: use it").trim_end());
    let commit = sandbox.commit_all(&message);
    assert_eq!(report_of(&own)["cited"], serde_json::json!([{ "kind": "commit", "by": commit, "task": null }]));
    // A learning that names another one, and one that says it again.
    let again = "No account is lost with a phone: passkeys sync through the keychain of the platform";
    let again = add(&sandbox, &format!("--profile sre --application \"See learning:{drain} too\""), again);
    assert_eq!(
        report_of(&keychain)["signs"],
        serde_json::json!([{ "kind": "said again", "by": again, "evidence": null }])
    );
    assert_eq!(report_of(&drain)["cited"][1], serde_json::json!({ "kind": "learning", "by": again, "task": null }));
    // Fixes elsewhere are no signs; one that takes the cited line away is, and so is a revert.
    sandbox.write("src/sync.rs", "//! Sync.\nfn sync() {\n    upload();\n}\n");
    sandbox.commit_all(&lawful("fix: say what it is"));
    sandbox.write("src/sync.rs", "//! Sync.\nfn sync() {\n    upload_sealed();\n}\n");
    sandbox.commit_all(&lawful("refactor: seal it"));
    assert_eq!(report_of(&keychain)["signs"].as_array().unwrap().len(), 1);
    sandbox.git("revert --no-edit --no-commit HEAD");
    sandbox.commit_all(&lawful("refactor: unseal it"));
    sandbox.write("src/sync.rs", "//! Sync.\nfn sync() {\n    upload_later();\n}\n");
    let fix = sandbox.commit_all(&lawful("fix: wait for the network"));
    let signs = report_of(&keychain)["signs"].clone();
    assert_eq!(signs[1], serde_json::json!({ "kind": "fixed", "by": fix, "evidence": "src/sync.rs:2" }));
    // What was taken back is back, and taken away by git's own revert.
    sandbox.write("src/sync.rs", "//! Sync.\nfn sync() {\n    upload();\n}\n");
    sandbox.commit_all(&lawful("feat: upload at once"));
    sandbox.write("src/sync.rs", "//! Sync.\nfn sync() {\n    upload_later();\n}\n");
    let subject = format!("Revert \"feat: upload at once\"\n\nThis reverts commit {}.", sandbox.git("rev-parse HEAD"));
    sandbox.git("add --all");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(&subject).run().expect_code(0);
    let revert = sandbox.git("rev-parse HEAD");
    let signs = report_of(&keychain)["signs"].clone();
    assert_eq!(signs[1], serde_json::json!({ "kind": "reverted", "by": revert, "evidence": "src/sync.rs:2" }));
    let text = sandbox.agentops("learn report --profile sre").run();
    let text = text
        .snapshot_without_ids()
        .replace(&keychain, "<keychain>")
        .replace(&drain, "<drain>")
        .replace(&again, "<again>");
    insta::assert_snapshot!(text, @"
    exit 0
    --- stdout
    3 learnings: 1 shown, 2 cited, 1 without evidence of use, 1 with signs that it came back
    <again>  sre
      No account is lost with a phone: passkeys sync through the keychain of the platform
      no evidence of use
      no sign that it came back: no later learning says the same; it cites no lines that could be watched
    <drain>  sre
      Cordoned nodes keep their pods until somebody drains them
      cited by: session 01m7yf57f8y2qe0fxm9csax5hz
      cited by: learning <again>
      no sign that it came back: no later learning says the same; it cites no lines that could be watched
    <keychain>  sre
      Passkeys sync through the platform's keychain, so a lost phone is no lost account
      shown to: sync-passkeys-between-phones-f3jh
      cited by: document .agentops/product-dev/specs/2026-11-21-sync-passkeys-between-phones-f3jh/requirements.md
      it may have come back: learning <again> says much the same later
      it may have come back: a revert, <id>, took away `src/sync.rs:2`
      it may have come back: a fix, <id>, took away `src/sync.rs:2`
    ");
}

#[test]
fn a_shallow_clone_reports_what_it_sees() {
    let sandbox = governed();
    sandbox.write("src/sync.rs", "fn sync() {\n    upload();\n}\n");
    sandbox.commit_all(&lawful("feat: sync"));
    sandbox.write("src/other.rs", "fn other() {}\n");
    sandbox.commit_all(&lawful("fix: add the other one"));
    let keychain = add(&sandbox, "--profile sre --evidence src/sync.rs:2", KEYCHAIN);
    let cloned = |depth: usize| {
        let dir = sandbox.root().join(format!("shallow-{depth}"));
        let url = format!("file://{}", sandbox.path().display());
        sandbox.try_git(&format!("clone --quiet --depth {depth}")).arg(url).arg(&dir).run().expect_code(0);
        sandbox.at(dir)
    };
    // The commit that records the learning names it; without its parent nobody can tell that it does not cite it.
    let served = of(&report(&cloned(1)), &keychain);
    assert_eq!((&served["cited"], &served["watched"]), (&serde_json::json!([]), &serde_json::json!([])), "{served}");
    // History ends at a fix.
    let served = of(&report(&cloned(2)), &keychain);
    assert_eq!(
        (&served["signs"], &served["watched"][0]),
        (&serde_json::json!([]), &"src/sync.rs:2".into()),
        "{served}"
    );
    sandbox.write("src/sync.rs", "fn sync() {\n    upload_later();\n}\n");
    let fix = sandbox.commit_all(&lawful("fix: wait for the network"));
    assert_eq!(of(&report(&cloned(3)), &keychain)["signs"][0]["by"], fix);
    // A fix beside the line, whose history was cut off before the learning: nothing is claimed.
    let url = format!("file://{}", sandbox.path().display());
    sandbox.git("switch --quiet --create side HEAD~2");
    sandbox.write("src/sync.rs", "fn sync() {\n    upload_never();\n}\n");
    sandbox.commit_all(&lawful("feat: never upload"));
    sandbox.write("src/sync.rs", "fn sync() {\n    upload();\n}\n");
    sandbox.commit_all(&lawful("feat: upload at once"));
    sandbox.commit_all(&lawful("docs: say why"));
    sandbox.write("src/sync.rs", "fn sync() {\n    upload_twice();\n}\n");
    sandbox.commit_all(&lawful("fix: upload twice"));
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-edit --strategy=ours side");
    let dir = sandbox.root().join("cut");
    sandbox.try_git("clone --quiet --depth 4").arg(url).arg(&dir).run().expect_code(0);
    let signs = of(&report(&sandbox.at(dir)), &keychain)["signs"].clone();
    assert_eq!(signs.as_array().map(Vec::len), Some(1), "{signs}");
    assert_eq!(signs[0]["by"], fix);
}
