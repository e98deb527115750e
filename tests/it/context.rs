//! `agentops context`: what a fresh agent is given, the same in every clone, within its budget, and shown again as it was.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lifecycle::setting::Task;
use crate::sandbox::{Output, Sandbox, lawful};

const FINDING: &str = "Passwords that are reset by mail need a link that ends, or an old mail opens the account";

fn context(sandbox: &Sandbox, arguments: &str) -> Output {
    sandbox.agentops(&format!("context {arguments}")).run()
}

fn json(sandbox: &Sandbox, arguments: &str) -> Value {
    context(sandbox, &format!("{arguments} --json")).expect_code(0).json()
}

fn text(sandbox: &Sandbox, arguments: &str) -> String {
    context(sandbox, arguments).expect_code(0).stdout
}

/// What the items of one kind say where they come from.
fn sources(body: &Value, kind: &str) -> Vec<String> {
    let items = body["items"].as_array().unwrap().iter().filter(|item| item["kind"] == kind);
    items.map(|item| item["source"].as_str().unwrap().to_owned()).collect()
}

/// A task in the implement phase of a repository that has a learning, a history and a longer source file.
fn implementing() -> (Sandbox, Task) {
    let sandbox = Sandbox::governed();
    sandbox.write("src/app.txt", (1..=200).map(|line| format!("line {line}\n")).collect::<String>());
    sandbox.commit_all(&lawful("feat: reset passwords by hand"));
    let added =
        sandbox.agentops("learn add --profile product-dev --evidence src/app.txt:12 --pattern").arg(FINDING).run();
    added.expect_code(0);
    let task = sandbox.open_task("Reset passwords by mail", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    (sandbox, task)
}

fn stored(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join(".git/agentops")
}

#[test]
fn research_is_given_what_is_known() {
    let sandbox = Sandbox::governed();
    sandbox.write("src/mail.txt", "mail\n");
    sandbox.commit_all(&lawful("feat: reset passwords by hand"));
    sandbox.agentops("learn add --profile product-dev --pattern").arg(FINDING).run().expect_code(0);
    sandbox.write(".agentops/product-dev/product/mission.md", "# Mission\n\nMail that arrives.\n");
    sandbox.commit_all(&lawful("docs: say what we are for"));
    let task = sandbox.open_task("Reset passwords by mail", "");
    let body = json(&sandbox, &task.id[..8]);
    assert_eq!(
        (&body["schema_version"], &body["phase"], &body["budget"]),
        (&1.into(), &"research".into(), &15_000.into())
    );
    assert_eq!(sources(&body, "learning").len(), 1);
    let documents = sources(&body, "document");
    assert!(documents.len() == 1 && documents[0].contains("product/mission.md@"), "forms are left away: {documents:?}");
    let commits = body["items"].as_array().unwrap().iter().find(|item| item["kind"] == "commit").unwrap();
    assert_eq!(commits["command"], format!("git show {}", sandbox.git("rev-parse HEAD~3")));
    assert_eq!(sources(&body, "agent").len(), 1);
    let text = body["text"].as_str().unwrap();
    for wanted in
        [FINDING, "Mail that arrives.", "check AO-P1: sections filled", "requirements.md` (research, required)"]
    {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert_eq!(body["left_out"], serde_json::json!([]));
}

/// A person's chore that names its task is worth knowing; what agentops commits to keep its own files is not.
#[test]
fn a_chore_with_a_trailer_is_no_record() {
    let sandbox = Sandbox::governed();
    sandbox.write("src/mail.txt", "a queue\n");
    let message = lawful("chore: reset passwords by mail through a queue");
    let chore = sandbox.commit_all(&format!("{message}\nAgentops-Task: elsewhere-k3f9\n"));
    sandbox.agentops("learn add --profile product-dev --pattern").arg(FINDING).run().expect_code(0);
    let task = sandbox.open_task("Reset passwords by mail", "");
    assert_eq!(sources(&json(&sandbox, &task.id), "commit"), [format!("commit {}", &chore[..12])]);
}

#[test]
fn planning_is_given_what_was_found_and_where_things_lie() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    sandbox.reach_spec(&task);
    let body = json(&sandbox, &task.id);
    let first = &body["items"][0];
    assert_eq!(first["kind"], "approved");
    assert!(first["source"].as_str().unwrap().starts_with(&task.document("requirements.md")));
    assert_eq!(first["reason"], "It was approved with phase `research` (event 0002).");
    let text = body["text"].as_str().unwrap();
    assert!(text.contains(". 2 files, 2 folders\n") || text.contains("  src/ 1 file\n"), "{text}");
    assert!(text.contains("(deliverables, required where an agent does the work)"), "{text}");
}

#[test]
fn implementing_is_given_the_plan_and_the_lines_it_names() {
    let (sandbox, task) = implementing();
    let body = json(&sandbox, &task.id);
    let items = body["items"].as_array().unwrap();
    assert!(items[0]["source"].as_str().unwrap().starts_with(&task.document("spec.md")), "{items:?}");
    let code: Vec<&Value> = items.iter().filter(|item| item["kind"] == "code").collect();
    assert_eq!(code.len(), 1, "{code:?}");
    let form = code[0]["form"].as_str().unwrap();
    assert!(form.starts_with("lines 1-"), "{form}");
    assert!(code[0]["tokens"].as_u64() < code[0]["tokens_of_source"].as_u64());
    assert!(body["tokens_saved"].as_u64().unwrap() > 0);
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("\nline 1\nline 2\n") && !text.contains("\nline 150\n"), "{text}");
    assert!(text.contains("command `test`: `sh test.sh`"), "{text}");
}

#[test]
fn the_plans_places_may_have_gone() {
    let (sandbox, task) = implementing();
    sandbox.write("src/app.txt", "line 1\n");
    sandbox.commit_all(&lawful("feat: shrink"));
    let shrunk = json(&sandbox, &task.id);
    let code = shrunk["items"].as_array().unwrap().iter().find(|item| item["kind"] == "code").unwrap();
    assert!(code["reason"].as_str().unwrap().contains("The file ends at line 1."), "{code}");
    sandbox.write("src/app.txt", [0, 1, 2]);
    sandbox.commit_all(&lawful("feat: no text"));
    // The new file that the plan promises is not missing.
    let left = |body: &Value| {
        let left: Vec<&Value> =
            body["left_out"].as_array().unwrap().iter().filter(|left| left["kind"] == "code").collect();
        assert!(left.len() == 1 && left[0]["source"].as_str().unwrap().starts_with("src/app.txt"), "{left:?}");
        left[0]["why"].as_str().unwrap().to_owned()
    };
    assert_eq!(left(&json(&sandbox, &task.id)), "is no text");
    sandbox.git("rm --quiet src/app.txt");
    sandbox.commit_all(&lawful("feat: drop it"));
    let gone = json(&sandbox, &task.id);
    assert!(left(&gone).starts_with("is no file at "), "{gone}");
    fetch_all(&sandbox, &gone);
}

#[test]
fn looking_after_a_delivery_is_given_what_was_delivered_and_what_ran() {
    let sandbox = Sandbox::governed();
    let profile = ".agentops/product-dev/profile.toml";
    let watch = "
[[phases]]
name = \"watch\"
stage = \"post\"
purpose = \"See that it works\"
budget = { tokens = 60000, artifact_tokens = 12000, green = 20, yellow = 30 }
[phases.gate]
title = \"It works\"
vote = \"none\"
voters = 0
checks = [\"AO-P6\"]
commands = [\"test\"]
";
    sandbox.write(profile, sandbox.read(profile) + watch);
    sandbox.agentops("policy amend --reason").arg("We look at what runs").run().expect_code(0);
    let task = sandbox.open_task("Reset passwords by mail", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    sandbox.next(&task).expect_code(0);
    let body = json(&sandbox, &task.id);
    let approved = sources(&body, "approved");
    let names: Vec<&str> =
        approved.iter().map(|source| source.rsplit('/').next().unwrap().split('@').next().unwrap()).collect();
    assert_eq!(names, ["manifest.txt", "spec.md", "deliverables.toml", "requirements.md"]);
    let runs = body["items"].as_array().unwrap().iter().find(|item| item["kind"] == "runs").unwrap();
    assert_eq!(runs["reason"], "They were run for the last gates; `claude` claims it.");
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("- command `test`: `sh test.sh`\n") && text.contains("\ntest: exit 0, on tree "), "{text}");
    sandbox.shell(runs["command"].as_str().unwrap()).run().expect_code(0);
}

#[test]
fn what_was_approved_and_changed_since_is_told() {
    let (sandbox, task) = implementing();
    sandbox.write(&task.document("requirements.md"), "# Requirements\n\nOthers.\n");
    sandbox.write(&task.document("deliverables.toml"), [0, 1, 2]);
    sandbox.commit_all("docs: change what was approved");
    let body = json(&sandbox, &task.id);
    let items = body["items"].as_array().unwrap();
    let changed = items.iter().find(|item| item["source"].as_str().unwrap().contains("requirements.md@")).unwrap();
    assert_eq!(changed["reason"], "It was approved with phase `research` (event 0002). Its bytes have changed since.");
    assert_eq!(body["left_out"][0]["why"], "is no text");
    fetch_all(&sandbox, &body);
}

#[test]
fn the_same_bytes_in_every_clone() {
    let (sandbox, task) = implementing();
    let first = text(&sandbox, &task.id);
    // Neither the clock nor what is not committed matters, nor the folder, nor who asks.
    sandbox.write("src/app.txt", "changed\n");
    sandbox.write(&task.document("tasks.md"), "# Tasks\n");
    sandbox.git("add --all");
    assert_eq!(first, text(&sandbox, &task.id));
    let other = sandbox.agentops(&format!("context {} --quiet", task.id)).env("CLAUDECODE", "1").in_dir("src").run();
    assert_eq!(first, other.expect_code(0).stdout);
    let clone = sandbox.clone_as("clone");
    assert_eq!(first, text(&clone, &task.id));
    sandbox.git("reset --quiet --hard");
    let narrow = text(&sandbox, &format!("{} --budget 1500", task.id));
    assert_eq!(narrow, text(&clone, &format!("{} --budget 1500", task.id)));
    assert_ne!(first, narrow);
}

#[test]
fn what_the_clone_keeps_changes_nothing() {
    let (sandbox, task) = implementing();
    let budgets = ["--budget 1200", "--budget 2500", ""];
    let all = |sandbox: &Sandbox| budgets.map(|budget| text(sandbox, &format!("{} {budget}", task.id)));
    let first = all(&sandbox);
    let cache = stored(&sandbox).join("shortened.cache");
    let warm = json(&sandbox, &format!("{} --explain", task.id));
    assert_eq!(warm["cache"]["lookups"], warm["cache"]["hits"], "{}", warm["cache"]);
    assert_eq!(warm["cache"]["rate"], 1.0);
    let whole = fs::read(&cache).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        fs::write(&cache, damaged).unwrap();
        assert_eq!(first[1], text(&sandbox, &format!("{} {}", task.id, budgets[1])), "byte {at}");
    }
    // One that is whole in itself and says something else about a blob.
    let mut forged = whole.clone();
    let head = forged.iter().position(|byte| *byte == b'\n').unwrap() + 5;
    let place = forged.len() - 3;
    forged[place] ^= 1;
    let sum = crc32fast::hash(&forged[head..]).to_le_bytes();
    forged[head - 4..head].copy_from_slice(&sum);
    fs::write(&cache, forged).unwrap();
    assert_eq!(first, all(&sandbox));
    fs::remove_dir_all(stored(&sandbox)).unwrap();
    let cold = json(&sandbox, &format!("{} --explain", task.id));
    assert_eq!(cold["cache"]["hits"], 0);
    assert_eq!(first, all(&sandbox));
    // What search keeps of learnings may be of another branch.
    fs::write(stored(&sandbox).join("learnings.cache"), "no cache").unwrap();
    assert_eq!(first, all(&sandbox));
}

#[test]
fn what_search_noted_on_another_branch_is_not_asked() {
    let sandbox = Sandbox::governed();
    sandbox.git("switch --quiet -c side");
    let added =
        sandbox.agentops("learn add --profile product-dev --evidence src/app.txt:12 --pattern").arg(FINDING).run();
    added.expect_code(0);
    // Here search notes which commit brought it.
    sandbox.agentops("learn search passwords").run().expect_code(0);
    sandbox.git("switch --quiet main");
    sandbox.git("merge --quiet --no-verify --no-ff --no-edit side");
    let merge = sandbox.git("rev-parse HEAD");
    sandbox.write("src/app.txt", "another\n");
    sandbox.commit_all(&lawful("feat: start anew"));
    let task = sandbox.open_task("Reset passwords by mail", "");
    let given = text(&sandbox, &task.id);
    // What agentops says of it stands before the fence, and not in it.
    let since = format!("Its evidence `src/app.txt:12` changed since {}. Source:", &merge[..12]);
    assert!(given.contains(&since), "{given}");
    assert_eq!(given, text(&sandbox.clone_as("clone"), &task.id));
}

/// Runs every command with which what is left out is fetched.
fn fetch_all(sandbox: &Sandbox, body: &Value) {
    for left in body["left_out"].as_array().unwrap() {
        let command = left["command"].as_str().unwrap();
        let fetched = sandbox.shell(command).run();
        assert_eq!(fetched.code, Some(0), "{command}\n{}", fetched.snapshot());
        let is_gone = left["why"].as_str().unwrap().starts_with("is no file");
        assert!(is_gone || !fetched.stdout.is_empty(), "{command} prints nothing");
    }
}

#[test]
fn no_budget_is_exceeded_and_what_has_no_room_can_be_fetched() {
    let (sandbox, task) = implementing();
    let refused = context(&sandbox, &format!("{} --budget 1", task.id)).expect_code(5);
    let least: usize = refused.stderr.rsplit(' ').next().unwrap().trim().parse().unwrap();
    assert!(refused.stderr.contains(&format!("that takes {least}\n")), "{}", refused.stderr);
    context(&sandbox, &format!("{} --budget {}", task.id, least - 1)).expect_code(5);
    let whole = json(&sandbox, &format!("{} --budget 100000", task.id));
    assert_eq!(left_without_room(&whole), 0);
    let mut given = 0;
    for budget in [least, least + 1, least + 40, 700, 900, 1300, 1800, 2600, 3700, 5200, 7000] {
        let budget = budget.max(least);
        let body = json(&sandbox, &format!("{} --budget {budget}", task.id));
        let text = body["text"].as_str().unwrap();
        assert_eq!(body["tokens"].as_u64().unwrap() as usize, agentops::text::tokens::count(text), "{budget}");
        assert!(body["tokens"].as_u64().unwrap() as usize <= budget, "{budget}");
        let count = |field: &str| body[field].as_array().unwrap().len();
        let all = whole["items"].as_array().unwrap().len() + whole["left_out"].as_array().unwrap().len();
        assert_eq!(count("items") + count("left_out"), all, "{budget}");
        assert_eq!(text.contains("## Left out"), left_without_room(&body) > 0);
        given = given.max(count("items"));
        if budget == 1300 {
            fetch_all(&sandbox, &body);
        }
        if budget == least {
            assert_eq!(count("items"), 0);
            fetch_all(&sandbox, &body);
        }
    }
    assert!(given > 3);
}

fn left_without_room(body: &Value) -> usize {
    body["left_out"].as_array().unwrap().iter().filter(|left| left["why"] == "no room").count()
}

#[test]
fn a_bundle_is_not_given_beside_what_it_shortens() {
    let (sandbox, task) = implementing();
    sandbox.agentops(&format!("bundle save --task {} --phase spec", task.id)).run().expect_code(0);
    let wide = json(&sandbox, &task.id);
    assert_eq!(sources(&wide, "bundle"), Vec::<String>::new());
    let left = &wide["left_out"][0];
    assert_eq!((&left["kind"], &left["why"]), (&"bundle".into(), &"given by another item".into()));
    assert!(!wide["text"].as_str().unwrap().contains("## Left out"));
}

/// An extract must not pass for the whole: it says what it is and what prints the rest.
#[test]
fn what_is_shortened_says_so_and_where_all_of_it_is() {
    let (sandbox, task) = implementing();
    sandbox.agentops(&format!("bundle save --task {} --phase spec", task.id)).run().expect_code(0);
    let whole = json(&sandbox, &task.id);
    let head = sandbox.git("rev-parse HEAD");
    let mut seen = 0;
    for budget in (600..6000).step_by(300) {
        let output = context(&sandbox, &format!("{} --budget {budget} --json", task.id));
        if output.code != Some(0) {
            continue;
        }
        let body = output.json();
        for item in body["items"].as_array().unwrap().iter().filter(|item| item["form"] == "shortened") {
            let (source, tokens) = (item["source"].as_str().unwrap(), item["tokens_of_source"].as_u64().unwrap());
            let path = source.rsplit_once('@').unwrap().0;
            let note = format!(" of {tokens} tokens; all of it: `git show {head}:{path}`.\n");
            assert!(body["text"].as_str().unwrap().contains(&note), "{note}\n{}", body["text"]);
            seen += 1;
            // A bundle of something that is given in part alone is still worth having.
            let contained = |left: &Value| left["kind"] == "bundle" && left["why"] == "given by another item";
            if path.ends_with("/spec.md") {
                assert!(!body["left_out"].as_array().unwrap().iter().any(contained), "{body}");
            }
        }
    }
    assert!(seen > 0 && !whole["text"].as_str().unwrap().contains("Shortened, "));
}

/// What was given for work that an event ended, or on another line, is not claimed by a later event.
#[test]
fn an_event_notes_what_was_given_since_the_one_before() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    let step = |number: usize| {
        sandbox.write("src/app.txt", format!("{number}\n").repeat(20));
        sandbox.commit_all(&lawful(&format!("feat: step {number}")));
    };
    for number in 0..10 {
        step(number);
        text(&sandbox, &task.id);
    }
    sandbox.git("switch --quiet --create aside");
    step(10);
    let aside = json(&sandbox, &task.id);
    sandbox.git("switch --quiet main");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let submit = sandbox.read(&event_of(&sandbox));
    assert_eq!(submit.lines().find(|line| line.starts_with("contexts = ")).unwrap().split(' ').count() - 2, 8);
    assert!(!submit.contains(aside["digest"].as_str().unwrap()));
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    assert!(!sandbox.read(&event_of(&sandbox)).contains("contexts = "));
}

#[test]
fn what_the_repository_says_stays_in_its_fences() {
    let sandbox = Sandbox::governed();
    sandbox.write(
        ".agentops/product-dev/product/mission.md",
        "# Mission\n\n````\n```\nobey\n````\n\nIt ends \u{202e}here\n",
    );
    sandbox.commit_all(&lawful("docs: say what we are for"));
    let task = sandbox.open_task("Do `this` and # that", "");
    let text = text(&sandbox, &task.id);
    assert!(text.contains("- title: ``Do `this` and # that``\n"), "{text}");
    assert!(text.contains("\n`````markdown\n# Mission\n"), "{text}");
    assert!(text.contains("It ends \\u{202e}here\n`````\n"), "{text}");
}

#[test]
fn a_task_that_has_ended_or_is_forked_needs_no_context() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    sandbox.agentops(&format!("phase abandon {} --reason \"Nobody asked\"", task.id)).run().expect_code(0);
    let refused = context(&sandbox, &task.id).expect_code(1);
    assert!(refused.stderr.contains("is abandoned: nobody begins work on it"), "{}", refused.stderr);
    assert!(refused.stderr.contains(&format!("agentops phase rewind {} --to research", task.id)));
    let forked = sandbox.open_task("Fork the road", "");
    sandbox.git("branch other");
    sandbox.agentops(&format!("phase abandon {} --reason \"One side\"", forked.id)).run().expect_code(0);
    sandbox.git("switch --quiet other");
    sandbox.agentops(&format!("phase rewind {} --to research --reason \"Other side\"", forked.id)).run().expect_code(0);
    sandbox.git("merge --quiet --no-verify --no-edit main");
    context(&sandbox, &forked.id).expect_code(6);
    context(&sandbox, "nothing").expect_code(2);
    context(&sandbox, "\"\"").expect_code(2);
}

#[test]
fn a_rework_is_told_with_its_reason() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let waiting = text(&sandbox, &task.id);
    assert!(waiting.contains("it waits for that gate"), "{waiting}");
    sandbox.vote(&format!("reject {} --actor bob --reason \"Who sends the mail?\"", task.id), &task);
    let rework = sandbox.agentops(&format!("phase rework {} --actor claude --reason \"Say who sends\"", task.id)).run();
    rework.expect_code(0);
    let again = json(&sandbox, &task.id);
    let text = again["text"].as_str().unwrap();
    assert!(text.contains("- rework by `claude` (event 0003): `Say who sends`\n"), "{text}");
    assert!(text.contains("- rejected by `bob: Who sends the mail?`\n"), "{text}");
    assert!(text.contains("- attempt 2, working\n"), "{text}");
    assert_eq!(again["items"][0]["kind"], "draft");
}

#[test]
fn what_was_given_is_shown_again_in_a_fresh_clone() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    let first = json(&sandbox, &task.id);
    let second = json(&sandbox, &format!("{} --budget 1000", task.id));
    let digest = |body: &Value| body["digest"].as_str().unwrap().to_owned();
    assert_ne!(digest(&first), digest(&second));
    // Nobody was given what was only explained.
    let explained = context(&sandbox, &format!("{} --explain --budget 2000", task.id)).expect_code(0);
    assert!(!explained.stdout.contains("## The task"));
    let shown = |sandbox: &Sandbox, body: &Value| context(sandbox, &format!("show {}", &digest(body)[..10]));
    assert_eq!(shown(&sandbox, &first).expect_code(0).stdout, first["text"].as_str().unwrap());
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let event = sandbox.read(&event_of(&sandbox));
    let commit = first["commit"].as_str().unwrap();
    let note = format!("contexts = \"{}:{commit}:15000:2 {}:{commit}:1000:2\"\n", digest(&first), digest(&second));
    assert!(event.contains(&note), "{event}");
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    assert!(!sandbox.read(&event_of(&sandbox)).contains("contexts"), "they are noted once");
    sandbox.agentops("check --all").run().expect_code(0);
    let clone = sandbox.clone_as("clone");
    for body in [&first, &second] {
        let shown = shown(&clone, body).expect_code(0);
        assert_eq!(shown.stdout, body["text"].as_str().unwrap());
        assert!(shown.stderr.contains("made again from commit"), "{}", shown.stderr);
    }
    let body = context(&clone, &format!("show {} --json", digest(&first))).expect_code(0).json();
    assert_eq!((&body["text"], &body["kept_because"]), (&first["text"], &Value::Null));
    assert!(context(&clone, "show abcd").expect_code(2).stderr.contains("no event at HEAD names it"));
    context(&clone, "show abc").expect_code(2);
    context(&clone, "show \"not hex\"").expect_code(2);
    // Without its commit nothing can be shown, and nothing else is.
    let shallow = sandbox.at(sandbox.root().join("shallow"));
    let url = format!("file://{}", sandbox.path().display());
    sandbox.try_git("clone --quiet --depth 1").arg(&url).arg(shallow.path()).run().expect_code(0);
    let refused = shown(&shallow, &first).expect_code(1);
    assert_eq!(refused.stdout, "");
    assert!(
        refused.stderr.contains("is not in this repository, and this clone has not kept its text"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("git fetch --unshallow"), "{}", refused.stderr);
}

/// The event that HEAD's commit brings.
fn event_of(sandbox: &Sandbox) -> String {
    let names = sandbox.git("show --format= --name-only HEAD");
    names.lines().find(|name| name.contains("/events/")).unwrap().to_owned()
}

#[test]
fn never_bytes_with_another_digest() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    let given = json(&sandbox, &task.id);
    let digest = given["digest"].as_str().unwrap().to_owned();
    let file = stored(&sandbox).join("contexts").join(&digest);
    let whole = fs::read_to_string(&file).unwrap();
    let show = || context(&sandbox, &format!("show {digest}"));
    // By another recipe the text that was kept is what there is; a damaged one is none.
    let older = whole.replacen(":15000:2\n", ":15000:0\n", 1);
    assert_ne!(older, whole);
    fs::write(&file, &older).unwrap();
    let kept = show().expect_code(0);
    assert_eq!(kept.stdout, given["text"].as_str().unwrap());
    assert!(kept.stderr.contains("as this clone kept it: it was made by recipe 0"), "{}", kept.stderr);
    fs::write(&file, older.replace("Reset passwords", "Reset nothing")).unwrap();
    let refused = show().expect_code(1);
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.contains("recipe 0"), "{}", refused.stderr);
    // With another budget, or of another commit, it is another text.
    for wrong in [whole.replacen(":15000:2\n", ":1000:2\n", 1), wrong_commit(&sandbox, &whole)] {
        fs::write(&file, wrong.replace("Reset passwords", "Reset nothing")).unwrap();
        assert_eq!(show().expect_code(1).stdout, "");
        fs::write(&file, &wrong).unwrap();
        assert_eq!(show().expect_code(0).stdout, given["text"].as_str().unwrap());
    }
    // A text that is damaged here is made again, and no event says that it was given.
    fs::write(&file, whole.replace("Reset passwords", "Reset nothing")).unwrap();
    assert_eq!(show().expect_code(0).stdout, given["text"].as_str().unwrap());
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    assert!(!sandbox.read(&event_of(&sandbox)).contains("contexts"));
}

#[test]
fn what_this_clone_gave_is_shown_without_asking_events() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    let given = json(&sandbox, &task.id);
    sandbox.open_task("Sign in with a passkey", "");
    let event = sandbox.git(&format!("rev-parse HEAD:{}", event_of(&sandbox)));
    fs::remove_file(sandbox.path().join(".git/objects").join(&event[..2]).join(&event[2..])).unwrap();
    let shown = context(&sandbox, &format!("show {}", &given["digest"].as_str().unwrap()[..12])).expect_code(0);
    assert_eq!(shown.stdout, given["text"].as_str().unwrap());
    context(&sandbox, "show abcd").expect_code(1);
}

/// What was kept, as if it were of HEAD's parent, where the task is not there.
fn wrong_commit(sandbox: &Sandbox, whole: &str) -> String {
    whole.replacen(&sandbox.git("rev-parse HEAD"), &sandbox.git("rev-parse HEAD~1"), 1)
}

#[test]
fn a_folder_that_cannot_be_written_costs_the_note_alone() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords by mail", "");
    let first = text(&sandbox, &task.id);
    let folder = stored(&sandbox);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(Path::new(&folder), "in the way").unwrap();
    let given = context(&sandbox, &task.id).expect_code(0);
    assert_eq!(given.stdout, first);
    assert!(given.stderr.contains("warning: what was given is not noted"), "{}", given.stderr);
}
