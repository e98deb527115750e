//! `agentops route`, and `task new` without a profile: sure of one it is taken, otherwise somebody is asked.

use super::governed::governed;
use super::sandbox::Sandbox;

const INCIDENT: &str = "Checkout answers 502 since the last restart, find the root cause and write the postmortem";

fn note(sandbox: &Sandbox, title: &str, flags: &str) -> toml::Table {
    let opened = sandbox.agentops(&format!("task new --actor alice --json {flags}")).arg(title).run().expect_code(0);
    let body = opened.json();
    let path = body["paths"].as_array().unwrap().iter().find(|path| path.as_str().unwrap().contains("/events/"));
    let event: toml::Table = sandbox.read(path.unwrap().as_str().unwrap()).parse().unwrap();
    event.get("note").and_then(|note| note.as_table().cloned()).unwrap_or_default()
}

#[test]
fn a_text_is_routed_to_a_profile_of_the_repository() {
    let sandbox = governed();
    let body = sandbox.agentops("route --json").arg(INCIDENT).run().expect_code(0).json();
    assert_eq!((&body["profile"], &body["decision"]), (&"sre".into(), &"auto".into()), "{body}");
    let scores: Vec<f64> =
        body["candidates"].as_array().unwrap().iter().map(|one| one["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores.len() == 4, "{body}");
    assert_eq!(body["confidence"], body["candidates"][0]["score"]);
    assert_eq!(body["model"].as_str().unwrap().len(), 12);
    let human = sandbox.agentops("route -").stdin(format!("{INCIDENT}\n")).run().expect_code(0);
    assert!(human.stdout.starts_with("sre: "), "{}", human.stdout);
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn a_text_is_routed_where_there_is_no_repository() {
    let sandbox = Sandbox::without_repository();
    let body = sandbox.agentops("route --json").arg(INCIDENT).run().expect_code(0).json();
    assert_eq!(body["profile"], "sre");
    sandbox.agentops("route").arg("  ").run().expect_code(2);
    sandbox.agentops("route").run().expect_code(2);
}

#[test]
fn a_profile_that_is_not_there_is_suggested_at_most() {
    let sandbox = governed();
    let text = "Terraform module for the cluster's node pools, applied from the GitHub Actions pipeline";
    let body = sandbox.agentops("route --json").arg(text).run().expect_code(0).json();
    assert_eq!((&body["profile"], &body["decision"]), (&"devops".into(), &"suggest".into()), "{body}");
    assert!(body["signals"][0].as_str().unwrap().contains("agentops init --profile devops"), "{body}");
    let refused = sandbox.agentops("task new --actor alice").arg(text).run().expect_code(2);
    assert!(refused.stderr.contains("which this repository does not have"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: agentops init --profile devops"), "{}", refused.stderr);
}

#[test]
fn work_for_nobody_is_committed_directly() {
    let sandbox = governed();
    let text = "Correct a spelling mistake in the readme";
    let body = sandbox.agentops("route --json").arg(text).run().expect_code(0).json();
    assert_eq!((&body["profile"], &body["decision"]), (&serde_json::Value::Null, &"none".into()), "{body}");
    let refused = sandbox.agentops("task new --actor alice").arg(text).run().expect_code(2);
    assert!(refused.stderr.contains("if it needs no plan, commit it directly: agentops commit"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--profile product-dev"), "{}", refused.stderr);
}

#[test]
fn a_new_task_goes_where_the_router_is_sure_and_remembers_it() {
    let sandbox = governed();
    let opened = sandbox.agentops("task new --actor alice --json").arg(INCIDENT).run().expect_code(0).json();
    assert_eq!((&opened["profile"], &opened["route"]["decision"]), (&"sre".into(), &"auto".into()));
    let note = note(&sandbox, "Alerts for slow requests page the on-call engineer at night", "");
    assert!(note["route"].as_str().unwrap().starts_with("auto sre "), "{note:?}");
    assert_eq!(note["route-model"].as_str().unwrap().len(), 12);
    assert!(!note.contains_key("route-override"));
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn a_profile_that_is_named_is_taken_and_being_another_is_remembered() {
    let sandbox = governed();
    assert!(note(&sandbox, INCIDENT, "--profile sre").is_empty(), "what was not needed is not told");
    let overridden = note(&sandbox, INCIDENT, "--profile product-dev");
    assert_eq!(overridden["route-override"].as_str(), Some("product-dev"));
    assert!(overridden["route"].as_str().unwrap().starts_with("auto sre "), "{overridden:?}");
    // Whoever is asked and answers decides as well, and so does who wants a task for what needs none.
    assert!(note(&sandbox, "Look into it", "--profile sre")["route"].as_str().unwrap().starts_with("ask "));
    let wanted = note(&sandbox, "Correct a spelling mistake in the readme", "--profile sre");
    assert_eq!(
        (wanted["route"].as_str().map(|text| &text[..4]), wanted["route-override"].as_str()),
        (Some("none"), Some("sre"))
    );
    let untitled = sandbox.agentops("task new \"\" --actor alice").run().expect_code(2);
    assert!(untitled.stderr.contains("a task needs a title"), "{}", untitled.stderr);
}

#[test]
fn what_cannot_be_a_title_is_not_routed() {
    let sandbox = governed();
    let long = "checkout ".repeat(1400);
    for (title, why) in [
        (long.as_str(), "the title has 12599 characters; at most 200 are allowed"),
        ("Correct a\nspelling mistake in the readme", "must be one line"),
        ("Correct a \u{7}spelling mistake in the readme", "must be one line"),
    ] {
        for verb in ["task new --actor alice", "task new --actor alice --profile sre", "prime --actor alice"] {
            if verb.starts_with("prime") && title.contains('\n') {
                // Its first line is the title.
                continue;
            }
            let refused = sandbox.agentops(verb).arg(title).run().expect_code(2).stderr;
            assert!(refused.contains(why) && refused.len() < 400, "{verb}: {refused}");
        }
    }
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
}

#[test]
fn a_title_has_a_letter_or_a_digit() {
    let sandbox = governed();
    for title in ["...", "-", "''", "🚀", "...\nIt has details."] {
        for verb in ["task new --actor alice --profile sre", "prime --actor alice --profile sre", "prime --new"] {
            if verb.starts_with("task") && title.contains('\n') {
                continue;
            }
            let refused = sandbox.agentops(verb).arg(title).run().expect_code(2).stderr;
            assert!(refused.contains("has neither a letter nor a digit"), "{verb} {title}: {refused}");
            let is_stream = refused.contains("`-` stands for standard input in `agentops route` alone");
            assert_eq!(is_stream, title == "-", "{refused}");
        }
    }
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
    sandbox.agentops("task new --actor alice --profile sre --dry-run").arg("日本").run().expect_code(0);
}

#[test]
fn where_nobody_can_be_asked_the_candidates_are_named() {
    let sandbox = governed();
    let title = "Customers see a blank page whenever the payment service times out";
    let body = sandbox.agentops("route --json").arg(title).run().json();
    assert_eq!(body["decision"], "ask", "{body}");
    let refused = sandbox.agentops("task new --actor alice").arg(title).run().expect_code(2);
    assert!(refused.stderr.contains("error: which profile? it could belong to "), "{}", refused.stderr);
    for profile in ["product-dev", "sre"] {
        let command = format!("hint: agentops task new '{title}' --profile {profile}\n");
        assert!(refused.stderr.contains(&command), "{}", refused.stderr);
    }
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
}

#[test]
#[cfg(unix)]
fn at_a_terminal_somebody_is_asked() {
    let sandbox = governed();
    let mut terminal = sandbox.terminal("task new --actor alice --color never Something");
    terminal.wait_for("which profile? ");
    terminal.type_line("devops");
    terminal.wait_for("again: there are: product-dev, sre");
    terminal.type_line("sre");
    let ending = terminal.finish();
    assert_eq!(ending.code, 0, "{}", ending.text);
    let event = sandbox.git("show --format= --name-only HEAD");
    assert!(event.starts_with(".agentops/sre/events/something-"), "{event}");
    let text = sandbox.read(event.trim());
    assert!(text.contains("route-override = \"sre\"") || text.contains("route = \"suggest sre"), "{text}");
}

#[test]
fn paths_and_tasks_that_the_text_names_speak_for_their_profile() {
    let sandbox = governed();
    let signals = |text: &str| {
        let body = sandbox.agentops("route --json").arg(text).run().expect_code(0).json();
        (body["candidates"][0]["profile"].as_str().unwrap().to_owned(), body["signals"].to_string())
    };
    let (best, said) = signals("Look over .agentops/sre/runbooks/failover.md");
    assert!(best == "sre" && said.contains("lies in the namespace of `sre`"), "{best} {said}");
    let opened = sandbox.agentops("task new --actor alice --profile product-dev --json Thing").run().json();
    let task = opened["task"].as_str().unwrap();
    let (best, said) = signals(&format!("Go on with {task}"));
    assert_eq!(best, "product-dev");
    let expected = format!("the open task `{task}` of `product-dev` is named: phase research, working");
    assert!(said.contains(&expected), "{said}");
    assert!(signals("Thing").1.contains("has such a title"));
    // Ids are cut, and leave out what is not ASCII; the event has the whole title.
    for title in ["Nightly load of the orders table repeats rows that it's had", "夜間のバックアップが止まる"]
    {
        sandbox.agentops("task new --actor alice --profile product-dev").arg(title).run().expect_code(0);
        assert!(signals(title).1.contains("has such a title"), "{title}");
    }
    assert!(signals("nightly load of the Orders table repeats rows, that its had.").1.contains("has such a title"));
    for other in ["Nightly load of the orders table repeats columns", "夜間のバックアップが遅い", "🌙"] {
        assert!(!signals(other).1.contains("title"), "{other}");
    }
}

#[test]
fn the_classifier_is_measured_on_texts_of_ones_own() {
    let sandbox = Sandbox::without_repository();
    let lines = [
        r#"{"id":"1","text":"Checkout answers 502 since the last restart","label":"sre","labels":["sre"]}"#,
        r#"{"id":"2","text":"Terraform module for the VPC","label":"devops","labels":["devops"]}"#,
        r#"{"id":"3","text":"Fix a typo in the licence","label":"other","labels":["other"]}"#,
        r#"{"id":"4","text":"Airflow DAG behind a Terraform module","label":"multi","labels":["devops","data-eng"]}"#,
    ];
    sandbox.write("texts.jsonl", lines.join("\n"));
    let body = sandbox.agentops("route eval texts.jsonl --json").run().expect_code(0).json();
    assert_eq!((&body["n"], &body["n_four"], &body["accuracy"]), (&4.into(), &2.into(), &1.0.into()), "{body}");
    assert_eq!(body["auroc_other"], 1.0);
    assert_eq!(body["top2_multi"], 1.0);
    assert_eq!(body["confusion"]["devops"]["devops"], 1);
    assert!(body["ci95"].is_array() && body["ece"].is_number() && body["abstain_rate"].is_number());
    let human = sandbox.agentops("route eval texts.jsonl").run().expect_code(0);
    assert!(human.stdout.contains("accuracy"), "{}", human.stdout);
    sandbox.write("texts.jsonl", "{\"text\":\"x\",\"label\":\"ops\"}\n");
    let refused = sandbox.agentops("route eval texts.jsonl").run().expect_code(2);
    assert!(refused.stderr.contains("`texts.jsonl` cannot be used: line 1: the label `ops`"), "{}", refused.stderr);
    sandbox.agentops("route eval nowhere.jsonl").run().expect_code(1);
    let piped = |text: &str| sandbox.agentops("route eval - --json").stdin(text).run();
    assert_eq!(piped(&format!("\u{feff}{}", lines.join("\r\n"))).expect_code(0).json(), body);
    for (text, why) in [
        ("", "standard input cannot be used: no line of it has a text"),
        ("\n{\"text\":\"\",\"label\":\"sre\"}\n", "standard input cannot be used: line 2: the text is empty"),
    ] {
        let refused = piped(text).expect_code(2).json();
        assert!(refused["error"]["message"].as_str().unwrap().contains(why), "{refused}");
    }
}
