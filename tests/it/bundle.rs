//! `agentops bundle`: texts made shorter without losing what must be kept, found again, loaded and proved.

use super::governed::{as_agent, governed, governed_with};
use super::sandbox::{Output, Sandbox, lawful};

/// Design notes with something to keep and much that may go.
fn notes() -> String {
    let chatter = "We looked at this for a while, and many people had something to say about how it felt to them. ";
    format!(
        "# Sessions\n\n{}\n\n## Findings\n\n- The cookie is read in `src/main.rs:2`, once for each request.\n- {}\n\n\
         ## Decisions\n\n- Sessions live in signed cookies, because no server is needed.\n\n\
         Ask Maria before it is switched on. !keep\n\n## Talk\n\n{}\n",
        chatter.repeat(20),
        "It was said again and again that speed would be nice to have at some later time. ".repeat(12),
        "Somebody else tells a story that has nothing to do with any of this at all. ".repeat(20)
    )
}

/// A repository with these notes at `docs/design.md`.
fn with_notes() -> Sandbox {
    let sandbox = governed();
    sandbox.write("docs/design.md", notes());
    sandbox.commit_all(&lawful("docs: write down what was found"));
    sandbox
}

fn saved(sandbox: &Sandbox, arguments: &str) -> serde_json::Value {
    sandbox.agentops(&format!("bundle save --json {arguments}")).run().expect_code(0).json()
}

fn run(sandbox: &Sandbox, arguments: &str) -> Output {
    sandbox.agentops(&format!("bundle {arguments}")).run()
}

#[test]
fn a_bundle_is_one_commit_of_one_file() {
    let sandbox = with_notes();
    let output = run(&sandbox, "save docs/design.md --profile sre --tag cookies");
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 0
    --- stdout
    01m7yexx38btdtnf8xq2jm6qm4  design (research)
      1055 tokens to 110, 9.5 to 1; 3 facts that must be kept are in it
    --- stderr
    committed <id> on main
      .agentops/sre/bundles/01m7yexx38btdtnf8xq2jm6qm4.md
    type research was taken, as none is named; `--type plan` and `--type progress` keep other things
    hint: agentops bundle load 01m7yexx38btdtnf8xq2jm6qm4
    ");
    assert_eq!(sandbox.git("status --porcelain"), "");
    insta::assert_snapshot!(sandbox.git("log -1 --format=%B"), @"
    chore(sre): save a context bundle

    design (research), 9.5 to 1

    Agentops-Bundle: 01m7yexx38btdtnf8xq2jm6qm4
    ");
    let path = sandbox.git("diff --name-only HEAD~1 HEAD");
    insta::assert_snapshot!(sandbox.read(&path), @r#"
    +++
    v = 1
    project = "0123456789abcdef0123456789abcdef"
    id = "01m7yexx38btdtnf8xq2jm6qm4"
    profile = "sre"
    name = "design"
    type = "research"
    actor = "alice"
    at = "2026-11-21T07:08:00Z"
    task = ""
    phase = ""
    compressor = "extractive"
    estimator = "o200k"
    tokens_before = 1055
    tokens_after = 110
    ratio = "9.5"
    tags = ["cookies"]
    sources = [
      { path = "docs/design.md", blob = "c22dac9bd78fbb86d7eb1730d337b0694159a01e" },
    ]
    +++

    # Sessions

    We looked at this for a while, and many people had something to say about how it felt to them.

    ## Findings

    - The cookie is read in `src/main.rs:2`, once for each request.
    - It was said again and again that speed would be nice to have at some later time.

    ## Decisions

    - Sessions live in signed cookies, because no server is needed.

    Ask Maria before it is switched on.

    ## Talk

    Somebody else tells a story that has nothing to do with any of this at all.
    "#);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn a_task_says_which_documents_and_what_for() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    let early = sandbox.agentops(&format!("bundle save --task {}", task.id)).run();
    assert!(early.expect_code(1).stderr.contains("HEAD has no documents"));
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let body = saved(&sandbox, &format!("--task {}", &task.id[..8]));
    let bundle = &body["bundle"];
    assert_eq!((&bundle["type"], &bundle["phase"]), (&"research".into(), &"research".into()));
    assert_eq!(bundle["task"], task.id.as_str());
    assert_eq!(bundle["sources"][0]["path"], task.document("requirements.md"));
    assert_eq!(bundle["name"], format!("{}-research", task.id));
    assert!(body["facts"].as_u64().unwrap() > 0, "{body}");
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    let loaded = sandbox.agentops(&format!("bundle load {} --json", bundle["name"].as_str().unwrap())).run();
    let loaded = loaded.expect_code(0).json();
    assert_eq!((&loaded["misfit"], &loaded["stale"]), (&serde_json::Value::Null, &serde_json::json!([])));
    assert_eq!((&loaded["projection"]["phase"], &loaded["projection"]["band"]), (&"spec".into(), &"green".into()));
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn what_is_loaded_says_whether_it_still_holds() {
    let sandbox = with_notes();
    let body = saved(&sandbox, "docs/design.md --profile sre --name session-design");
    let uuid = body["bundle"]["uuid"].as_str().unwrap();
    let fresh = run(&sandbox, &format!("load {uuid}")).expect_code(0);
    assert_eq!(fresh.stderr, "");
    insta::assert_snapshot!(hide(&fresh.stdout, &body), @"
    > Context bundle `<id>` (research), saved <time>: 110 of 1055 tokens of `docs/design.md`.

    # Sessions

    We looked at this for a while, and many people had something to say about how it felt to them.

    ## Findings

    - The cookie is read in `src/main.rs:2`, once for each request.
    - It was said again and again that speed would be nice to have at some later time.

    ## Decisions

    - Sessions live in signed cookies, because no server is needed.

    Ask Maria before it is switched on.

    ## Talk

    Somebody else tells a story that has nothing to do with any of this at all.
    ");
    sandbox.write("docs/design.md", notes() + "\nAnd one more thing.\n");
    sandbox.commit_all(&lawful("docs: add to the design"));
    let stale = run(&sandbox, "load session-design").expect_code(0);
    assert!(stale.stdout.contains("> `docs/design.md` has changed since: look there before you rely on this."));
    insta::assert_snapshot!(stale.stderr, @"
    warning: `docs/design.md` has changed since the bundle was saved
    hint: save it anew from what is there: agentops bundle save docs/design.md --type research --profile sre --name session-design
    ");
    sandbox.git("rm --quiet docs/design.md");
    sandbox.git("commit --quiet --no-verify -m gone");
    let gone = sandbox.agentops("bundle load session-design --json").run().expect_code(0).json();
    assert_eq!(gone["stale"], serde_json::json!([{ "path": "docs/design.md", "now": "gone" }]));
}

#[test]
fn a_session_records_what_was_loaded_in_it() {
    let sandbox = with_notes();
    let name = |name: &str| {
        let body = saved(&sandbox, &format!("docs/design.md --profile product-dev --name {name}"));
        text(&body["bundle"]["id"])
    };
    let (early, first, second) = (name("early"), name("first"), name("second"));
    run(&sandbox, "load early").expect_code(0);
    as_agent(&sandbox, "session start --profile product-dev").expect_code(0);
    for bundle in ["second", &first[..20], "second"] {
        run(&sandbox, &format!("load {bundle}")).expect_code(0);
    }
    // What was looked at, or had no room, is in no context.
    run(&sandbox, "show early").expect_code(0);
    let task = sandbox.agentops("task new \"Sign in\" --profile sre --json").run().expect_code(0).json();
    run(&sandbox, &format!("load early --used 900000 --task {}", text(&task["task"]))).expect_code(5);
    let loaded = serde_json::json!([first, second]);
    assert_eq!(sandbox.agentops("session show --json").run().json()["session"]["bundles"], loaded);
    // Another worktree has a session of its own, or none.
    run(&sandbox.worktree("linked"), &format!("load {early}")).expect_code(0);
    let learn = "learn add --profile product-dev --pattern \"rename(2) is atomic only within one file system\"";
    as_agent(&sandbox, learn).expect_code(0);
    let end = "session end --json --summary \"Read up on sessions\" --improvement \"Run the fuzz target nightly\"";
    let ended = as_agent(&sandbox, end).expect_code(0).json();
    assert_eq!(ended["session"]["bundles"], loaded);
    let record = sandbox.read(&text(&ended["path"]));
    assert!(record.contains(&format!("\nbundles = [\"{first}\", \"{second}\"]\n")), "{record}");
    as_agent(&sandbox, "session start --profile product-dev").expect_code(0);
    assert_eq!(sandbox.agentops("session show --json").run().json()["session"].get("bundles"), None);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn no_more_is_loaded_than_the_phase_has_room_for() {
    let sandbox = with_notes();
    let task = sandbox.agentops("task new \"Sign in\" --profile sre --json").run().expect_code(0).json();
    let task = task["task"].as_str().unwrap();
    saved(&sandbox, "docs/design.md --profile product-dev --name session-design");
    let nowhere = sandbox.agentops("bundle load session-design --used 900000").run();
    assert!(nowhere.expect_code(2).stderr.contains("--task ID --used 900000"), "nothing to hold it against");
    let output = sandbox.agentops(&format!("bundle load session-design --task {task} --used 900000")).run();
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 5
    --- stderr
    error: with bundle `01m7yezqp8dj409ztfmf4w3a0c` the context of phase `detect` would take 900164 tokens; its budget is 60000
    hint: start a fresh session and load it there: agentops bundle load 01m7yezqp8dj409ztfmf4w3a0c
    ");
    let output = sandbox.agentops(&format!("bundle load session-design --task {task} --used 1000")).run();
    let output = output.expect_code(0);
    assert!(output.stderr.contains("it comes from profile `product-dev`"), "{}", output.stderr);
}

#[test]
fn bundles_are_found_across_profiles() {
    let sandbox = with_notes();
    sandbox.write("docs/queue.md", "# Queue\n\nLetters wait in a queue, and at most 30 retries are made.\n");
    sandbox.commit_all(&lawful("docs: write about the queue"));
    let first = saved(&sandbox, "docs/design.md --profile sre --tag cookies");
    let second = as_agent(&sandbox, "bundle save docs/queue.md --type progress --json").expect_code(0).json();
    assert_eq!(second["bundle"]["profile"], "product-dev", "the agent may write in one profile only");
    let listed = |filter: &str| {
        let found = run(&sandbox, &format!("list --json {filter}")).expect_code(0).json();
        let ids: Vec<String> = found["bundles"].as_array().unwrap().iter().map(|bundle| text(&bundle["id"])).collect();
        ids
    };
    let (first, second) = (text(&first["bundle"]["id"]), text(&second["bundle"]["id"]));
    assert_eq!(listed(""), [second.clone(), first.clone()], "newest first");
    assert_eq!(listed("--tag cookies"), [first.as_str()]);
    assert_eq!(listed("--profile product-dev"), [second.as_str()]);
    assert_eq!(listed("--type progress --limit 1"), [second.as_str()]);
    assert_eq!(listed("--tag network"), [""; 0]);
    let found = run(&sandbox, "search \"retries of letters\" --json").expect_code(0).json();
    assert_eq!((text(&found["bundles"][0]["id"]), found["bundles"].as_array().unwrap().len()), (second, 1));
    assert!(text(&found["bundles"][0]["line"]).contains("at most 30 retries"), "{found}");
    assert_eq!(text(&run(&sandbox, "show design --json").json()["bundle"]["id"]), first);
    for (wrong, says) in
        [("show 01", "fits 2 bundles"), ("show desing", "did you mean `design`?"), ("show \"\"", "is empty")]
    {
        let output = run(&sandbox, wrong).expect_code(2);
        assert!(output.stderr.contains(says), "{wrong}: {}", output.stderr);
    }
}

#[test]
fn what_must_be_kept_and_does_not_fit_is_refused() {
    let sandbox = governed();
    let many: String =
        (0..900).map(|number| format!("- Key {number} must be asked for at `src/k{number}.rs:{number}`.\n")).collect();
    sandbox.write("docs/keys.md", many);
    sandbox.commit_all(&lawful("docs: list all keys"));
    insta::assert_snapshot!(run(&sandbox, "save docs/keys.md --profile sre").snapshot(), @"
    exit 5
    --- stderr
    error: what must be kept takes 17104 tokens, and there is room for 7536; the first one without room is the decision `Key 443 must be asked for at `src/k443.rs:443`.` (docs/keys.md:444)
    hint: save fewer or shorter sources: a bundle for each of them
    ");
    for (wrong, code, says) in [
        ("save --profile sre", 2, "a bundle of what?"),
        ("save docs/none.md --profile sre", 2, "there is no file at HEAD `docs/none.md`"),
        ("save docs/keys.md", 2, "which profile?"),
        ("save docs/keys.md docs/keys.md --profile sre", 2, "named twice"),
        ("save src/main.rs --profile sre --task x", 2, "there is no task `x`"),
    ] {
        let output = run(&sandbox, wrong);
        assert!(output.code == Some(code) && output.stderr.contains(says), "{wrong}: {}", output.snapshot());
    }
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2", "nothing was committed");
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = with_notes();
    let output = run(&sandbox, "save docs/design.md --profile sre --dry-run").expect_code(0);
    assert!(output.stderr.contains("nothing was written"), "{}", output.stderr);
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
}

/// Notes in a repository whose config lets a command make bundles.
fn made_by(script: &str) -> Sandbox {
    let sandbox = governed_with(|config| {
        format!("{config}\n[bundles]\ncommand = [\"sh\", \"shorten.sh\"]\ntimeout_seconds = 5\n")
    });
    sandbox.write("docs/design.md", notes());
    sandbox.write("shorten.sh", script);
    sandbox.commit_all(&lawful("docs: write down what was found"));
    sandbox
}

#[cfg(unix)]
#[test]
fn a_command_makes_bundles_and_passes_the_same_gate() {
    let honest = made_by(
        "cat >/dev/null\necho \"$AGENTOPS_BUNDLE_TYPE\"\necho '`src/main.rs:2` reads it. sessions live in signed cookies,'\n\
         echo 'because no server is needed. Ask Maria before it is switched on.'\n",
    );
    let body = saved(&honest, "docs/design.md --profile sre");
    assert_eq!(body["bundle"]["compressor"], "command");
    let shown = run(&honest, "show design --json").json();
    assert!(text(&shown["body"]).starts_with("research\n`src/main.rs:2` reads it."), "{shown}");
    let forgetful = made_by("echo 'Sessions live in signed cookies, because no server is needed.'\n");
    insta::assert_snapshot!(run(&forgetful, "save docs/design.md --profile sre").snapshot(), @"
    exit 1
    --- stderr
    error: the bundle would lose 2 facts that must be kept: the citation `src/main.rs:2` (docs/design.md:7), the line marked `!keep` `Ask Maria before it is switched on.` (docs/design.md:14)
    hint: nothing was written; the text must hold these as the source spells them (docs/bundles.md says what must be kept)
    ");
    for (script, code, says) in [
        ("echo no such model >&2; exit 3\n", 1, "ended with exit status: 3: no such model"),
        ("true\n", 1, "printed nothing on standard output"),
        ("printf '\\377\\376\\001'\n", 1, "printed 3 bytes that are not UTF-8"),
        ("printf '\\001\\r\\n'\n", 1, "printed 3 bytes that are no text that anybody could see"),
        ("head -c 3000000 /dev/zero\n", 1, "printed more than 1048576 bytes"),
        ("sleep 20\n", 1, "took more than 5 seconds"),
        ("yes 'more and more' | head -c 200000\n", 5, "tokens; with its front matter a bundle may take 8000"),
    ] {
        let sandbox = made_by(script);
        let output = run(&sandbox, "save docs/design.md --profile sre");
        assert!(output.code == Some(code) && output.stderr.contains(says), "{script}: {}", output.snapshot());
        assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
    }
}

#[cfg(unix)]
#[test]
fn all_that_a_command_started_ends_with_it() {
    for (script, says) in [
        ("(sleep 20; echo lives) >pipe & wait", "took more than 5 seconds"),
        ("(sleep 20; echo lives) >pipe & yes", "printed more than 1048576 bytes"),
        ("(sleep 20; echo lives) >pipe & yes >&2", "printed more than 1048576 bytes"),
        ("exec 3>pipe; (sleep 20; echo lives >&3) & true", "printed nothing on standard output"),
    ] {
        let sandbox = made_by(&format!("{script}\n"));
        let pipe = sandbox.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
        let output = run(&sandbox, "save docs/design.md --profile sre").expect_code(1);
        assert!(output.stderr.contains(says), "{script}: {}", output.stderr);
        assert_eq!(reader.join().unwrap(), "", "{script}: a process outlived the command");
    }
}

#[test]
fn a_bundle_is_proved_by_its_sources_as_they_were() {
    let sandbox = with_notes();
    let body = saved(&sandbox, "docs/design.md --profile sre --name session-design");
    sandbox.write("docs/design.md", "# All new\n");
    sandbox.commit_all(&lawful("docs: begin anew"));
    insta::assert_snapshot!(run(&sandbox, "verify session-design").snapshot(), @"
    exit 0
    --- stdout
    holds: 3 facts of 1 of 1 sources that must be kept are in it
    ");
    // A bundle that was written by hand: its form is right, and a fact is gone.
    let path = text(&body["bundle"]["path"]);
    let id = text(&body["bundle"]["id"]);
    let forged_id = format!("{}zzzz", &id[..22]);
    let forged = sandbox.read(&path).replace(&id, &forged_id).replace("src/main.rs:2", "somewhere");
    sandbox.write(&path.replace(&id, &forged_id), forged);
    sandbox.commit_all(&lawful("docs: hand over"));
    let output = run(&sandbox, &format!("verify {forged_id}")).expect_code(3);
    assert!(output.stdout.contains("lost: the citation `src/main.rs:2` (docs/design.md:"), "{}", output.stdout);
    let missing = format!("{}yyyy", &id[..22]);
    let blob = text(&body["bundle"]["sources"][0]["blob"]);
    let forged = sandbox.read(&path).replace(&id, &missing).replace(&blob, &"1".repeat(40));
    sandbox.write(&path.replace(&id, &missing), forged);
    sandbox.commit_all(&lawful("docs: hand over again"));
    let output = run(&sandbox, &format!("verify {missing}")).expect_code(1);
    assert!(
        output.stdout.contains("not proved: 1 source is not in this repository: it cannot be proved"),
        "{}",
        output.stdout
    );
}

#[test]
fn what_is_no_bundle_is_refused_in_its_place() {
    let sandbox = governed();
    sandbox.write(".agentops/sre/bundles/01arz3ndektsv4rrffq69g5fav.md", "What the next phase must know.\n");
    sandbox.git("add .agentops");
    let output = sandbox.agentops("check --staged").run().expect_code(3);
    assert!(
        output.stdout.contains("AO-E2") && output.stdout.contains("this is no context bundle"),
        "{}",
        output.stdout
    );
}

#[test]
fn leaving_a_phase_saves_its_bundle_where_the_config_says_so() {
    let sandbox = Sandbox::governed();
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config + "\n[bundles]\nat_phase_end = true\n");
    sandbox.agentops("policy amend --reason \"Carry contexts over\" --actor alice").run().expect_code(0);
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    let output = sandbox.next(&task).expect_code(4);
    assert!(output.stderr.contains(".agentops/product-dev/bundles/"), "{}", output.stderr);
    let paths = sandbox.git("diff --name-only HEAD~1 HEAD");
    assert_eq!(paths.lines().count(), 3, "document, event and bundle in one commit: {paths}");
    let found = run(&sandbox, &format!("list --task {} --json", task.id)).json();
    let bundle = &found["bundles"][0];
    assert_eq!((&bundle["phase"], &bundle["type"]), (&"research".into(), &"research".into()));
    let id = text(&bundle["id"]);
    assert_eq!(run(&sandbox, &format!("load {id} --json")).expect_code(0).json()["stale"], serde_json::json!([]));
    run(&sandbox, &format!("verify {id}")).expect_code(0);
    sandbox.approve(&task);
    let output = sandbox.next(&task).expect_code(0);
    assert!(!output.stderr.contains("/bundles/"), "it left the phase when it was submitted: {}", output.stderr);
    sandbox.agentops("check --all").run().expect_code(0);
}

#[cfg(unix)]
#[test]
fn leaving_a_phase_runs_the_command_of_the_config() {
    let sandbox = Sandbox::governed();
    let config = sandbox.read(".agentops/config.toml");
    let rules = "\n[bundles]\nat_phase_end = true\ncommand = [\"sh\", \"shorten.sh\"]\n";
    sandbox.write(".agentops/config.toml", config + rules);
    sandbox.agentops("policy amend --reason \"Carry contexts over\" --actor alice").run().expect_code(0);
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.write("shorten.sh", "echo too short\n");
    let passed = sandbox.next(&task).expect_code(4);
    assert!(passed.stderr.contains("is left without its bundle: the bundle would lose"), "{}", passed.stderr);
    let by_hand = format!("to make it when that is mended: agentops bundle save --task {} --phase research\n", task.id);
    assert!(passed.stderr.contains(&by_hand), "{}", passed.stderr);
    sandbox.write("shorten.sh", "cat\n");
    saved(&sandbox, &format!("--task {} --phase research", task.id));
    sandbox.agentops(&format!("phase rework {} --reason \"Once more\"", task.id)).run().expect_code(0);
    sandbox.write(&task.document("requirements.md"), sandbox.read(&task.document("requirements.md")) + "\nOne more.\n");
    let passed = sandbox.next(&task).expect_code(4);
    assert!(!passed.stderr.contains("left without"), "{}", passed.stderr);
    let found = run(&sandbox, "list --json").json();
    let made_by: Vec<&str> =
        found["bundles"].as_array().unwrap().iter().map(|bundle| bundle["compressor"].as_str().unwrap()).collect();
    assert_eq!(made_by, ["command", "command"]);
    sandbox.write("shorten.sh", "kill -9 $$\n");
    sandbox.agentops(&format!("phase rework {} --reason \"And again\"", task.id)).run().expect_code(0);
    let passed = sandbox.agentops(&format!("phase next {} --json", task.id)).run().json();
    assert!(text(&passed["without_bundle"]).contains("ended with signal: 9"), "{passed}");
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn no_phase_waits_for_a_bundle_that_does_not_fit() {
    let sandbox = Sandbox::governed();
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config + "\n[bundles]\nat_phase_end = true\n");
    sandbox.agentops("policy amend --reason \"Carry contexts over\" --actor alice").run().expect_code(0);
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    let many: String =
        (0..650).map(|number| format!("- Key {number} must be asked for at `src/k{number}.rs`.\n")).collect();
    let document = task.document("requirements.md");
    sandbox.write(&document, format!("{}\n{many}", sandbox.read(&document)));
    let passed = sandbox.next(&task).expect_code(4);
    let told = passed.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap().to_owned();
    let (what, how) = told.split_once("; to make one of less: ").unwrap();
    assert!(
        what.starts_with("warning: phase `research` is left without its bundle: what must be kept takes "),
        "{told}"
    );
    assert!(what.contains("the first one without room is"), "{told}");
    assert_eq!(how, format!("agentops bundle save PATH… --task {} --phase research", task.id));
    assert_eq!(sandbox.git("diff --name-only HEAD~1 HEAD").lines().count(), 2, "document and event");
    run(&sandbox, &format!("save docs/none.md --task {} --phase research", task.id)).expect_code(2);
    sandbox.agentops("check --all").run().expect_code(0);
}

/// Three days, three clones: what each day needs of the day before is in a bundle that its clone has.
#[test]
fn a_task_is_carried_through_three_clones() {
    let first = Sandbox::governed();
    let task = first.open_task("Reset passwords", "");
    first.fill_requirements(&task);
    first.next(&task).expect_code(4);
    saved(&first, &format!("--task {} --name day-one", task.id));
    first.approve(&task);
    first.next(&task).expect_code(0);

    let second = first.clone_as("second");
    let loaded = run(&second, &format!("load day-one --task {} --json", task.id)).expect_code(0).json();
    assert_eq!((&loaded["misfit"], &loaded["stale"]), (&serde_json::Value::Null, &serde_json::json!([])));
    assert_eq!(loaded["projection"]["phase"], "spec");
    second.fill_spec(&task, "src/reset.txt");
    second.next(&task).expect_code(4);
    saved(&second, &format!("--task {} --name day-two", task.id));
    second.approve(&task);
    second.next(&task).expect_code(0);

    let third = second.clone_as("third");
    let loaded = run(&third, &format!("load day-two --task {} --json", task.id)).expect_code(0).json();
    assert_eq!((&loaded["misfit"], &loaded["projection"]["phase"]), (&serde_json::Value::Null, &"implement".into()));
    assert!(text(&loaded["text"]).contains("src/reset.txt"), "the places of the plan are in it: {loaded}");
    let old = run(&third, &format!("load day-one --task {} --json", task.id)).expect_code(0).json();
    assert_eq!(old["misfit"], "it is of phase `research`, and `spec` has come between");
    third.implement(&task, "src/reset.txt");
    third.bring_records(&task, 1);
    third.next(&task).expect_code(0);
    assert_eq!(third.standing(&task), "implement done");
    for name in ["day-one", "day-two"] {
        run(&third, &format!("verify {name}")).expect_code(0);
    }
    third.agentops("check --all").run().expect_code(0);
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A text without the bundle's id and time.
fn hide(shown: &str, saved: &serde_json::Value) -> String {
    shown.replace(&text(&saved["bundle"]["id"]), "<id>").replace(&text(&saved["bundle"]["at"]), "<time>")
}
