//! `agentops prime`: route, the open task or a new one, and its context.

use super::governed::{as_agent, governed};
use super::sandbox::{Output, Sandbox};

/// A text that the router is sure of.
const SIGN_IN: &str = "Let users sign in with their Google account";
/// A text of one-off work.
const TYPO: &str = "Fix the typo in the second line of the readme";

fn prime(sandbox: &Sandbox, arguments: &str) -> Output {
    as_agent(sandbox, &format!("prime {arguments}"))
}

fn tasks(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.agentops("task list --json").run().expect_code(0).json();
    list["tasks"].as_array().unwrap().iter().map(|task| task["task"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_task_is_opened_once_and_found_again() {
    let sandbox = governed();
    let opened = prime(&sandbox, &format!("\"{SIGN_IN}\"")).expect_code(0);
    let [task] = tasks(&sandbox).try_into().expect("one task");
    assert!(opened.stderr.contains(&format!("opened task `{task}` of `product-dev`")), "{}", opened.stderr);
    // The agent reads the context and nothing else; what happened is told on the other stream.
    let shown = as_agent(&sandbox, &format!("context {task}")).expect_code(0);
    assert_eq!(opened.stdout, shown.stdout);
    assert!(opened.stdout.contains(SIGN_IN));
    let event = sandbox.git("show HEAD");
    assert!(event.contains("+route = \"auto product-dev"), "the decision is in the event: {event}");

    let head = sandbox.git("rev-parse HEAD");
    // The same in other words' order and with other endings, the id, the beginning of the id.
    for text in [SIGN_IN, "User signs in with a Google account: let them", &task, &task[..6]] {
        let again = prime(&sandbox, &format!("\"{text}\" --json")).expect_code(0).json();
        assert_eq!((&again["decision"], &again["task"]), (&"picked".into(), &task.as_str().into()), "{text}");
        assert_eq!(again["context"]["text"], shown.stdout.as_str(), "{text}");
        assert_eq!(again["commit"], serde_json::Value::Null);
    }
    assert_eq!(sandbox.git("rev-parse HEAD"), head, "nothing was committed");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn what_is_meant_is_asked_where_several_fit() {
    let sandbox = governed();
    prime(&sandbox, &format!("\"{SIGN_IN}\"")).expect_code(0);
    prime(&sandbox, &format!("\"{SIGN_IN}, too\" --new")).expect_code(0);
    let both = tasks(&sandbox);
    assert_eq!(both.len(), 2);
    let refused = prime(&sandbox, "\"Sign in with their Google account for users\"").expect_code(2);
    for task in &both {
        assert!(refused.stderr.contains(&format!("agentops prime {task}")), "{}", refused.stderr);
    }
    assert!(refused.stderr.contains("--new"), "{}", refused.stderr);
    // Word for word it is one of them.
    let one = prime(&sandbox, &format!("\"{SIGN_IN}, too\" --json")).expect_code(0).json();
    assert_eq!(one["decision"], "picked");
    // Another profile has no such task.
    let other = sandbox.agentops(&format!("prime \"{SIGN_IN}\" --profile sre --dry-run --json")).run();
    assert_eq!(other.expect_code(0).json()["decision"], "opened");
    assert_eq!(tasks(&sandbox).len(), 2);
}

#[test]
fn one_off_work_needs_no_task() {
    let sandbox = governed();
    let head = sandbox.git("rev-parse HEAD");
    let output = prime(&sandbox, &format!("\"{TYPO}\"")).expect_code(0);
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 0
    --- stdout
    no task is needed: this looks like one-off work that belongs to no profile
    --- stderr
    hint: do it, then: agentops commit
    hint: if it needs a plan: agentops prime 'Fix the typo in the second line of the readme' --profile NAME
    ");
    let json = prime(&sandbox, &format!("\"{TYPO}\" --json")).expect_code(0).json();
    assert_eq!((&json["decision"], &json["context"]), (&"none".into(), &serde_json::Value::Null));
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    // Who wants a task all the same gets one.
    prime(&sandbox, &format!("\"{TYPO}\" --profile product-dev")).expect_code(0);
    assert_eq!(tasks(&sandbox).len(), 1);
}

#[test]
fn where_the_router_is_not_sure_it_asks() {
    let sandbox = governed();
    let refused = prime(&sandbox, "\"Look into it\"").expect_code(2);
    insta::assert_snapshot!(refused.stderr, @"
    error: which profile? nothing fits clearly; nearest is `sre` (24 %)
    hint: agentops prime 'Look into it' --profile sre
    hint: agentops prime 'Look into it' --profile product-dev
    ");
    assert!(tasks(&sandbox).is_empty());
}

#[test]
fn a_rehearsal_opens_nothing() {
    let sandbox = governed();
    let head = sandbox.git("rev-parse HEAD");
    let json = prime(&sandbox, &format!("\"{SIGN_IN}\" --dry-run --json")).expect_code(0).json();
    assert_eq!((&json["decision"], &json["context"]), (&"opened".into(), &serde_json::Value::Null));
    assert_eq!(json["commit"]["commit"], serde_json::Value::Null);
    assert_eq!((sandbox.git("rev-parse HEAD"), sandbox.git("status --porcelain")), (head, String::new()));
}

#[test]
fn a_longer_text_is_routed_whole_and_its_first_line_is_the_title() {
    let sandbox = governed();
    let text = "\nGoogle accounts\nLet users sign in to the shop with the account that they have there.\n";
    let json = prime(&sandbox, &format!("\"{text}\" --json")).expect_code(0).json();
    assert_eq!(json["decision"], "opened");
    let shown = sandbox.agentops(&format!("task show {} --json", json["task"].as_str().unwrap())).run().json();
    assert_eq!(shown["title"], "Google accounts");
    prime(&sandbox, "\"\"").expect_code(2);
}

#[test]
fn a_task_that_waits_says_so() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let output = sandbox.agentops(&format!("prime {}", task.id)).run().expect_code(0);
    assert!(output.stderr.contains("waits for a human"), "{}", output.stderr);
}

/// Opens a task in `product-dev` and gives its id.
fn opened(sandbox: &Sandbox, title: &str) -> String {
    let verb = "task new --profile product-dev --json";
    let output = sandbox.agentops(verb).arg(title).env("CLAUDECODE", "1").run();
    output.expect_code(0).json()["task"].as_str().unwrap().to_owned()
}

#[test]
fn what_looks_like_an_id_and_fits_none_is_no_title() {
    let sandbox = governed();
    let task = opened(&sandbox, "Sign-in page for partners");
    let head = sandbox.git("rev-parse HEAD");
    let other = format!("{}zzzz", &task[..task.len() - 4]);
    for text in [other.as_str(), "sign-in-page-for-partnerz"] {
        let refused = prime(&sandbox, text).expect_code(2).stderr;
        assert!(refused.contains(&format!("error: there is no task `{text}`")), "{refused}");
        assert!(refused.contains(&format!("did you mean `{task}`?")), "{refused}");
        assert!(refused.contains(&format!("agentops prime {text} --new")), "{refused}");
    }
    let refused = prime(&sandbox, "nope-abcd").expect_code(2);
    insta::assert_snapshot!(refused.stderr.replace(&task, "<task>"), @"
    error: there is no task `nope-abcd`
    hint: there are: <task>
    hint: where it is the title of a new task: agentops prime nope-abcd --new
    ");
    // The details below do not make a title of it.
    prime(&sandbox, "\"nope-abcd\nGo on with it.\"").expect_code(2);
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    // Whoever says that it is a title means it.
    assert_eq!(prime(&sandbox, "dark-mode --new --dry-run --profile product-dev --json").json()["decision"], "opened");
}

#[test]
fn a_task_that_has_ended_is_not_opened_anew_by_its_id() {
    let sandbox = governed();
    let task = opened(&sandbox, "Partners sign in");
    sandbox.agentops(&format!("phase abandon {task} --reason \"Nobody asked for it\"")).run().expect_code(0);
    let head = sandbox.git("rev-parse HEAD");
    let told = as_agent(&sandbox, &format!("context {task}")).expect_code(1);
    for text in [task.as_str(), "partners-sign", &format!("{task} --profile product-dev")] {
        let refused = prime(&sandbox, text).expect_code(1);
        assert_eq!((refused.stdout.as_str(), refused.stderr.as_str()), ("", told.stderr.as_str()), "{text}");
    }
    let refused = prime(&sandbox, &format!("{task} --new --profile product-dev")).expect_code(2).stderr;
    assert!(refused.contains(&format!("`{task}` is the id of a task")), "{refused}");
    let refused = prime(&sandbox, &format!("{task} --profile sre")).expect_code(2).stderr;
    assert!(refused.contains(&format!("`{task}` is a task of `product-dev`, not of `sre`")), "{refused}");
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
}

#[test]
fn the_beginning_of_several_ids_means_none_of_them() {
    let sandbox = governed();
    let load = opened(&sandbox, "Pods restart under load");
    let night = opened(&sandbox, "Pods restart every night");
    let ended = opened(&sandbox, "Pods restart for no reason");
    sandbox.agentops(&format!("phase abandon {ended} --reason \"Nobody asked for it\"")).run().expect_code(0);
    for text in ["pods-restart", "pods", "po", "pods-restart-"] {
        let refused = prime(&sandbox, text).expect_code(2).stderr;
        assert!(refused.contains(&format!("error: `{text}` fits 2 open tasks")), "{refused}");
        assert!(refused.contains(&format!("one of: {night}, {load}")), "{refused}");
        assert!(refused.contains(&format!("agentops prime {text} --new")), "{refused}");
    }
    for text in ["pods-restart-u", &load] {
        let one = prime(&sandbox, &format!("{text} --json")).expect_code(0).json();
        assert_eq!((&one["decision"], &one["task"]), (&"picked".into(), &load.as_str().into()), "{text}");
    }
}

#[test]
fn the_title_above_the_details_is_what_is_compared() {
    let sandbox = governed();
    let task = opened(&sandbox, "Google accounts");
    let details = "Let users sign in to the shop with the account that they have there, on phones and elsewhere.";
    let json = prime(&sandbox, &format!("\"Google accounts\n\n{details}\" --json")).expect_code(0).json();
    assert_eq!((&json["decision"], &json["task"]), (&"picked".into(), &task.as_str().into()));
    assert_eq!(tasks(&sandbox), [task]);
    // So is a title of common words alone, which have no likeness to anything.
    let common = opened(&sandbox, "Do it");
    let json = prime(&sandbox, "\"do it\" --profile product-dev --json").expect_code(0).json();
    assert_eq!(json["task"], common.as_str());
}

#[test]
fn a_new_task_says_which_open_one_has_its_title() {
    let sandbox = governed();
    let first = opened(&sandbox, "Google accounts");
    let again = |arguments: &str| sandbox.agentops(&format!("task new {arguments}")).run().expect_code(0);
    let note =
        format!("note: `{first}` is open and has the same title; to go on with that one: agentops prime {first}");
    let second = again("\"Google Accounts\" --profile product-dev");
    assert!(second.stderr.contains(&note), "{}", second.stderr);
    let json = again("\"Google accounts\" --profile product-dev --dry-run --json").json();
    assert_eq!(json["same_title"].as_array().unwrap().len(), 2, "{json}");
    // Neither another title, nor another profile, nor one that has ended.
    for other in ["\"Google accounts too\" --profile product-dev", "\"Google accounts\" --profile sre"] {
        let output = again(&format!("{other} --dry-run"));
        assert!(!output.stderr.contains("same title"), "{}", output.stderr);
    }
    for task in tasks(&sandbox) {
        sandbox.agentops(&format!("phase abandon {task} --reason \"Nobody asked for it\"")).run().expect_code(0);
    }
    let json = again("\"Google accounts\" --profile product-dev --dry-run --json").json();
    assert!(json.get("same_title").is_none(), "{json}");
}
