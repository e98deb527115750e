//! What `agentops bundle` tells of what it takes, leaves out and finds changed: nothing happens in silence.

use super::governed::governed;
use super::sandbox::{Output, Sandbox, lawful};
use serde_json::Value;

const NOTES: &str = "# Sessions\n\nWe looked at three ways, and wrote down what was found in them.\n\n## Decisions\n\n\
                     - Sessions live in signed cookies, because no server is needed.\n";

fn run(sandbox: &Sandbox, arguments: &str) -> Output {
    sandbox.agentops(&format!("bundle {arguments}")).run()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A governed repository with a text at `docs/notes.md`.
fn with(notes: impl AsRef<[u8]>) -> Sandbox {
    let sandbox = governed();
    sandbox.write("docs/notes.md", notes);
    sandbox.commit_all(&lawful("docs: write down what was found"));
    sandbox
}

fn saved(sandbox: &Sandbox, arguments: &str) -> Value {
    run(sandbox, &format!("save --json {arguments}")).expect_code(0).json()
}

fn loaded(sandbox: &Sandbox, arguments: &str) -> Value {
    run(sandbox, &format!("load --json {arguments}")).expect_code(0).json()
}

/// A block that is larger than the whole budget is cut between words or lines, and a cut is seen.
#[test]
fn one_block_that_is_too_large_is_cut() {
    let words: String = (0..4_500).map(|number| format!("thought{number} ")).collect();
    let sandbox = with(&words);
    let body = saved(&sandbox, "docs/notes.md --profile sre");
    let shown = text(&run(&sandbox, "show notes --json").json()["body"]);
    assert!(shown.contains(" …") && shown.len() > 1_000, "{shown}");
    assert!(body["bundle"]["ratio"].as_str().unwrap().parse::<f64>().unwrap() >= 4.0, "{body}");
    let code: String = (0..900).map(|number| format!("    let value{number} = other{number} + {number};\n")).collect();
    sandbox.write("docs/code.md", format!("```rust\n{code}```\n"));
    sandbox.write("docs/line.md", "word ".repeat(100_000));
    sandbox.commit_all(&lawful("docs: write more"));
    saved(&sandbox, "docs/code.md --profile sre");
    let shown = text(&run(&sandbox, "show code --json").json()["body"]);
    assert!(shown.starts_with("```rust\n    let value") && shown.ends_with("\n```\n"), "{shown}");
    saved(&sandbox, "docs/line.md --profile sre");
    for name in ["notes", "code", "line"] {
        run(&sandbox, &format!("verify {name}")).expect_code(0);
    }
}

#[test]
fn what_cannot_be_cut_is_named() {
    let sandbox = with(format!("# Key\n\n{}\n", "x7".repeat(30_000)));
    insta::assert_snapshot!(run(&sandbox, "save docs/notes.md --profile sre").snapshot(), @"
    exit 5
    --- stderr
    error: the block at docs/notes.md:3 has nothing at which it can be cut; it takes 60001 tokens, and there is room for 7536
    hint: break it into sentences, words or lines, and commit that; or save other sources
    ");
    sandbox.write("docs/notes.md", "# One day\n\n## Or another\n");
    sandbox.commit_all(&lawful("docs: begin anew"));
    insta::assert_snapshot!(run(&sandbox, "save docs/notes.md --profile sre").snapshot(), @"
    exit 1
    --- stderr
    error: there is nothing to shorten: nothing in the sources says anything that could be kept
    hint: name sources that say more
    ");
}

#[test]
fn files_that_are_no_bundles_are_named() {
    let sandbox = with(NOTES);
    let body = saved(&sandbox, "docs/notes.md --profile sre --tag cookies");
    let path = text(&body["bundle"]["path"]);
    let broken = path.replace(&text(&body["bundle"]["id"]), "01arz3ndektsv4rrffq69g5fav");
    sandbox.write(&broken, sandbox.read(&path).replace("ratio = ", "ration = "));
    sandbox.commit_all(&lawful("docs: hand over"));
    insta::assert_snapshot!(run(&sandbox, "list --tag cookies").snapshot_without_ids(), @"
    exit 0
    --- stdout
    bundle                      profile  type      tokens  ratio  tags     name
    01m7yexx38btdtnf8xq2jm6qm4  sre      research  34      1.0    cookies  notes
    --- stderr
    warning: `.agentops/sre/bundles/01arz3ndektsv4rrffq69g5fav.md` is no well-formed bundle: line 16: unknown field `ration`, expected one of `v`, `project`, `id`, `profile`, `name`, `type`, `actor`, `at`, `task`, `phase`, `compressor`, `estimator`, `tokens_before`, `tokens_after`, `ratio`, `tags`, `sources`
    hint: agentops check --all
    ");
    insta::assert_snapshot!(run(&sandbox, "search nothing").snapshot_without_ids(), @"
    exit 0
    --- stderr
    warning: `.agentops/sre/bundles/01arz3ndektsv4rrffq69g5fav.md` is no well-formed bundle: line 16: unknown field `ration`, expected one of `v`, `project`, `id`, `profile`, `name`, `type`, `actor`, `at`, `task`, `phase`, `compressor`, `estimator`, `tokens_before`, `tokens_after`, `ratio`, `tags`, `sources`
    hint: agentops check --all
    no bundle has one of these words
    hint: agentops bundle list
    ");
    let listed = run(&sandbox, "list --profile sre --json").expect_code(0).json();
    assert_eq!((listed["bundles"].as_array().unwrap().len(), &listed["malformed"][0]["path"]), (1, &broken.into()));
    let elsewhere = run(&sandbox, "list --profile product-dev --json").expect_code(0).json();
    assert_eq!(elsewhere["malformed"], serde_json::json!([]));
}

#[test]
fn a_bundle_that_was_altered_by_hand_says_so_when_it_is_loaded() {
    let sandbox = with(NOTES);
    let body = saved(&sandbox, "docs/notes.md --profile sre");
    let path = text(&body["bundle"]["path"]);
    assert_eq!(loaded(&sandbox, "notes")["doubts"], serde_json::json!([]));
    sandbox.write(&path, sandbox.read(&path).replace("because no server is needed", "and nobody knows why that is so"));
    sandbox.commit_all(&lawful("docs: say it otherwise"));
    let output = run(&sandbox, "load notes").expect_code(0);
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 0
    --- stdout
    > Context bundle `01m7yexx38btdtnf8xq2jm6qm4` (research), saved 2026-11-21T07:08:00Z: 34 of 34 tokens of `docs/notes.md`.
    > It does not hold what its sources said: look there before you rely on this.

    # Sessions

    We looked at three ways, and wrote down what was found in them.

    ## Decisions

    - Sessions live in signed cookies, and nobody knows why that is so.
    --- stderr
    warning: it does not hold what its sources said: the decision `Sessions live in signed cookies, because no server is needed.` (docs/notes.md:7) must be kept, and is not in it; and 1 more
    hint: agentops bundle verify 01m7yexx38btdtnf8xq2jm6qm4
    ");
    assert_eq!(loaded(&sandbox, "notes")["doubts"].as_array().unwrap().len(), 2);
}

#[test]
fn edits_that_are_not_committed_are_told() {
    let sandbox = with(NOTES);
    sandbox.write("docs/notes.md", format!("{NOTES}\nA thought that nobody has committed.\n"));
    let output = run(&sandbox, "save docs/notes.md --profile sre").expect_code(0);
    let told = "warning: `docs/notes.md` has changes that are not committed: the bundle has what HEAD says\n";
    assert!(output.stderr.contains(told), "{}", output.stderr);
    assert!(!text(&run(&sandbox, "show notes --json").json()["body"]).contains("nobody has committed"));
    insta::assert_snapshot!(run(&sandbox, "load notes").expect_code(0).stderr, @"
    warning: `docs/notes.md` has changes that are not committed, of which the bundle knows nothing
    ");
    assert_eq!(loaded(&sandbox, "notes")["uncommitted"], serde_json::json!(["docs/notes.md"]));
    sandbox.git("checkout --quiet -- docs/notes.md");
    assert_eq!(saved(&sandbox, "docs/notes.md --profile sre")["uncommitted"], serde_json::json!([]));
    assert_eq!(loaded(&sandbox, "notes")["uncommitted"], serde_json::json!([]));
}

#[test]
fn a_source_that_only_moved_is_not_gone() {
    let sandbox = with(NOTES);
    saved(&sandbox, "docs/notes.md --profile sre");
    sandbox.git("mv docs/notes.md docs/session-notes.md");
    sandbox.write("elsewhere/notes.md", NOTES);
    sandbox.commit_all(&lawful("docs: give it a better name"));
    let output = run(&sandbox, "load notes").expect_code(0);
    assert!(output.stdout.contains("> `docs/notes.md` is now `elsewhere/notes.md`, unchanged.\n"), "{}", output.stdout);
    insta::assert_snapshot!(output.stderr, @"
    `docs/notes.md` is now `elsewhere/notes.md`, unchanged
    ");
    sandbox.git("rm --quiet -r elsewhere");
    sandbox.git("commit --quiet --no-verify -m gone");
    assert_eq!(
        loaded(&sandbox, "notes")["stale"],
        serde_json::json!([{ "path": "docs/notes.md", "now": "moved", "to": "docs/session-notes.md" }])
    );
}

#[test]
fn a_bundle_from_before_a_rework_is_told_from_one_after_it() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let first = text(&saved(&sandbox, &format!("--task {}", task.id))["bundle"]["id"]);
    assert_eq!(loaded(&sandbox, &first)["misfit"], Value::Null);
    let rejected = sandbox.vote(&format!("reject {} --actor bob --reason \"Measures are missing\"", task.id), &task);
    assert_eq!(rejected.code, 0, "{}", rejected.text);
    assert_eq!(
        loaded(&sandbox, &first)["misfit"],
        "what phase `research` came to was rejected by bob: Measures are missing"
    );
    sandbox.agentops(&format!("phase rework {} --reason \"Measures are missing\"", task.id)).run().expect_code(0);
    let older = text(&loaded(&sandbox, &first)["misfit"]);
    assert!(older.starts_with("it is older than the rework of phase `research` at 2026-11-21T"), "{older}");
    assert!(older.ends_with("(Measures are missing): what came of that is not in it"), "{older}");
    sandbox.write(&task.document("requirements.md"), sandbox.read(&task.document("requirements.md")) + "\nOne more.\n");
    sandbox.next(&task).expect_code(4);
    let second = text(&saved(&sandbox, &format!("--task {}", task.id))["bundle"]["id"]);
    assert_eq!(loaded(&sandbox, &second)["misfit"], Value::Null);
    assert_ne!(loaded(&sandbox, &first)["misfit"], Value::Null);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    assert_eq!(loaded(&sandbox, &second)["misfit"], Value::Null, "it is of the phase before");
    assert_ne!(loaded(&sandbox, &first)["misfit"], Value::Null);
}

#[test]
fn a_phase_that_ends_says_what_became_of_its_bundle() {
    let sandbox = Sandbox::governed();
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config + "\n[bundles]\nat_phase_end = true\n");
    sandbox.agentops("policy amend --reason \"Carry contexts over\" --actor alice").run().expect_code(0);
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    let rehearsed = sandbox.agentops(&format!("phase next {} --dry-run", task.id)).run();
    assert!(!rehearsed.stderr.contains("bundle load"), "it is written nowhere: {}", rehearsed.stderr);
    let passed = sandbox.next(&task).expect_code(4);
    insta::assert_snapshot!(passed.snapshot_without_ids(), @r#"
    exit 4
    --- stdout
    reset-passwords-pn0a: research working -> research waiting
    --- stderr
    committed <id> on main
      .agentops/product-dev/bundles/01m7yexx38btdtnf8xq2jm6qm4.md
      .agentops/product-dev/events/reset-passwords-pn0a/0002-research-waiting-<id>.toml
      .agentops/product-dev/specs/2026-11-21-reset-passwords-pn0a/requirements.md
    bundle 01m7yexx38btdtnf8xq2jm6qm4, reset-passwords-pn0a-research (research): 275 tokens to 164, 1.6 to 1
    the ratio is below 5 to 1: the sources are short, or most of what they say must be kept
    hint: agentops bundle load 01m7yexx38btdtnf8xq2jm6qm4
    hint: agentops gate approve reset-passwords-pn0a
    hint: agentops gate reject reset-passwords-pn0a --reason "…"
    "#);
    sandbox.agentops(&format!("phase rework {} --reason \"Once more\"", task.id)).run().expect_code(0);
    sandbox.write(&task.document("requirements.md"), sandbox.read(&task.document("requirements.md")) + "\nOne more.\n");
    let passed = sandbox.agentops(&format!("phase next {} --json", task.id)).run().json();
    let newest = run(&sandbox, "list --limit 1 --json").json()["bundles"][0].clone();
    assert_eq!(passed["bundle"], newest, "{passed}");
    sandbox.approve(&task);
    let passed = sandbox.agentops(&format!("phase next {} --json", task.id)).run().json();
    assert_eq!(passed.get("bundle"), None, "no phase was left: {passed}");
}

#[test]
fn a_type_that_nobody_named_is_told() {
    let sandbox = with(NOTES);
    insta::assert_snapshot!(run(&sandbox, "save docs/notes.md --profile sre").snapshot_without_ids(), @"
    exit 0
    --- stdout
    01m7yexx38btdtnf8xq2jm6qm4  notes (research)
      34 tokens to 34, 1.0 to 1; 1 facts that must be kept are in it
    --- stderr
    committed <id> on main
      .agentops/sre/bundles/01m7yexx38btdtnf8xq2jm6qm4.md
    type research was taken, as none is named; `--type plan` and `--type progress` keep other things
    the ratio is below 5 to 1: the sources are short, or most of what they say must be kept
    hint: agentops bundle load 01m7yexx38btdtnf8xq2jm6qm4
    ");
    let named = run(&sandbox, "save docs/notes.md --profile sre --type research").expect_code(0);
    assert!(!named.stderr.contains("--type"), "{}", named.stderr);
}

#[test]
fn ten_megabytes_in_one_file_are_read() {
    // What nobody sees is read, and takes no time to shorten.
    let unseen = |mib: usize| "\r".repeat(mib * 1024 * 1024);
    let sandbox = with(format!("{NOTES}{}\n", unseen(10)));
    saved(&sandbox, "docs/notes.md --profile sre");
    run(&sandbox, "verify notes").expect_code(0);
    sandbox.write("docs/more.md", unseen(6));
    sandbox.commit_all(&lawful("docs: write more"));
    insta::assert_snapshot!(run(&sandbox, "save docs/notes.md docs/more.md --profile sre").snapshot(), @"
    exit 5
    --- stderr
    error: with `docs/more.md` the sources have 16777372 bytes; a bundle is made of at most 16777216
    hint: save fewer or shorter sources: a bundle for each of them
    ");
}

#[test]
fn a_bundle_is_found_by_its_uuid_and_by_task_and_phase() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Letters that wait are sent again after an hour", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let body = saved(&sandbox, &format!("--task {}", task.id));
    let (id, uuid) = (text(&body["bundle"]["id"]), text(&body["bundle"]["uuid"]));
    let plain = uuid.replace('-', "");
    let name = text(&body["bundle"]["name"]);
    assert!(name.ends_with(&format!("-{}-research", task.id.rsplit('-').next().unwrap())), "{name}");
    for wanted in [
        uuid.clone(),
        uuid.to_uppercase(),
        uuid[..13].to_owned(),
        uuid[..12].to_owned(),
        plain[..10].to_owned(),
        plain,
        format!("{}-research", task.id),
        name,
    ] {
        assert_eq!(text(&run(&sandbox, &format!("show {wanted} --json")).expect_code(0).json()["bundle"]["id"]), id);
    }
    for wrong in [format!("{}-plan", task.id), format!("{}-", &uuid[..10]), "0-1".to_owned()] {
        run(&sandbox, &format!("show {wrong}")).expect_code(2);
    }
}

#[test]
fn hints_name_what_is_known() {
    let sandbox = with(NOTES);
    let rehearsed = run(&sandbox, "save docs/notes.md --profile sre --dry-run").expect_code(0);
    assert!(!rehearsed.stderr.contains("bundle load"), "it is written nowhere: {}", rehearsed.stderr);
    sandbox.write("docs/it's more.md", NOTES);
    sandbox.commit_all(&lawful("docs: write more"));
    sandbox
        .agentops("bundle save docs/notes.md --type plan --profile sre --name both --tag a --tag b")
        .arg("docs/it's more.md")
        .run()
        .expect_code(0);
    sandbox.write("docs/notes.md", format!("{NOTES}\nOne more.\n"));
    sandbox.commit_all(&lawful("docs: change it"));
    let hint = |output: Output| {
        let line = output.stderr.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap().to_owned();
        line.split_once("agentops ").unwrap().1.to_owned()
    };
    let command = hint(run(&sandbox, "load both").expect_code(0));
    insta::assert_snapshot!(command, @r#"
    bundle save docs/notes.md 'docs/it'\''s more.md' --type plan --profile sre --name both --tag a --tag b
    "#);
    sandbox.shell(&format!("{} {command}", super::sandbox::PROGRAM)).run().expect_code(0);
    assert_eq!(run(&sandbox, "load both").expect_code(0).stderr, "");
    let task = sandbox.agentops("task new \"Reset passwords\" --profile sre --json").run().expect_code(0).json();
    let task = text(&task["task"]);
    assert_eq!(hint(run(&sandbox, &format!("list --task {task}"))), format!("bundle save --task {task}"));
}

/// What a task promises is part of its plan.
#[test]
fn the_bundle_of_a_plan_says_what_is_promised() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    sandbox.fill_spec(&task, "src/reset.txt");
    sandbox.next(&task).expect_code(4);
    let body = saved(&sandbox, &format!("--task {}", task.id));
    let shown = text(&run(&sandbox, &format!("show {} --json", text(&body["bundle"]["id"]))).json()["body"]);
    assert!(shown.contains("path = \"src/reset.txt\"\nchange = \"created\"\n"), "{shown}");
    let sources: Vec<String> =
        body["bundle"]["sources"].as_array().unwrap().iter().map(|source| text(&source["path"])).collect();
    assert!(sources.contains(&task.document("deliverables.toml")), "{sources:?}");
    run(&sandbox, &format!("verify {}", text(&body["bundle"]["id"]))).expect_code(0);
}

/// A box that is to be ticked is as much a box as one that is.
#[test]
fn boxes_of_task_lists_stay() {
    let sandbox = with("## Remaining\n\n- [x] Cookies are signed.\n- [ ] Sessions end after 12 hours.\n");
    saved(&sandbox, "docs/notes.md --profile sre --type progress");
    let shown = text(&run(&sandbox, "show notes --json").json()["body"]);
    assert!(shown.contains("- [x] Cookies") && shown.contains("- [ ] Sessions"), "{shown}");
}
