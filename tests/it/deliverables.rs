//! Deliverables: an agent that wants to finish without delivering is refused, by `phase next` and by the judge.

use std::os::unix::fs::symlink;

use agentops::model::digest::Digest;
use agentops::model::event::{EventKind, Run};
use agentops::model::layout;
use agentops::model::name::Word;
use agentops::model::vote::Verdict;

use crate::sandbox::{Sandbox, lawful};
use crate::world::{World, code, code_path, laws, shown};

/// A task of Claude in the implement phase whose promises are `promises`, with `{task}` filled in; nothing is built yet.
fn promised(world: &World, promises: &str) -> String {
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.fill(&task);
    let text = promises.replace("{code}", &code_path(&task));
    world.sandbox.write(&world.document(&task, "deliverables.toml"), text);
    world.next(&task);
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.branch("work");
    world.record(&task);
    task
}

const PROMISES: &str = r#"[[deliverables.file]]
path = "{code}"
change = "created"
contains = ["pub const LIMIT"]

[[deliverables.criterion]]
name = "expired-link"
kind = "security"
text = "A link of 1801 seconds answers 410 and opens no session"
evidence = [{ path = "{code}", contains = "1800" }]
"#;

/// Why `phase next` refuses; every finding with its place.
#[track_caller]
fn refusal(world: &World, task: &str) -> String {
    match world.try_next(task, "claude") {
        Err(agentops::engine::EngineError::Law(report)) => shown(&report),
        Err(error) => error.to_string(),
        Ok(_) => panic!("`{task}` went on"),
    }
}

#[test]
fn an_agent_leaves_the_plan_with_promises_and_a_person_without() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.fill(&task);
    std::fs::remove_file(world.sandbox.path().join(world.document(&task, "deliverables.toml"))).unwrap();
    let refused = refusal(&world, &task);
    assert!(refused.contains("deliverables.toml`, which was not there"), "{refused}");
    assert!(world.sandbox.read(&world.document(&task, "deliverables.toml")).contains("[[deliverables.file]]"));
    let unfilled = refusal(&world, &task);
    assert!(unfilled.contains("AO-P9") && unfilled.contains("the path is empty"), "{unfilled}");
    std::fs::remove_file(world.sandbox.path().join(world.document(&task, "deliverables.toml"))).unwrap();
    // By hand, past `phase next`.
    world.branch("forged");
    world.forge(&task, EventKind::Submit, |event| {
        event.evidence = vec![world.evidence(&world.document(&task, "spec.md"))];
        event.base = head_tree(&world);
    });
    world.commit("chore: submit by hand");
    let report = world.breaks(&["AO-P9"]);
    assert!(shown(&report).contains("is an agent"), "{}", shown(&report));
    world.switch("main");
    world.sandbox.write(&world.document(&task, "spec.md"), crate::world::specification(&task));
    world.try_next(&task, "alice").unwrap_or_else(|error| panic!("{error}"));
    world.vote(&task, "bob", Verdict::Approve);
    world.try_next(&task, "alice").unwrap_or_else(|error| panic!("{error}"));
    // An agent cannot end what was planned so; a person can.
    world.fill(&task);
    world.record(&task);
    let refused = refusal(&world, &task);
    assert!(refused.contains("was planned without deliverables, and `claude`"), "{refused}");
    world.try_next(&task, "alice").unwrap_or_else(|error| panic!("{error}"));
    world.replays("HEAD");
}

#[test]
fn status_says_of_whom_promises_are_required() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_spec(&task);
    let shown = |actor: &str| {
        let call = |flags: &str| sandbox.agentops(&format!("phase status {} {flags}", task.id));
        let text = call("").env("AGENTOPS_ACTOR", actor).run().expect_code(0).stdout;
        let body = call("--json").env("AGENTOPS_ACTOR", actor).run().expect_code(0).json();
        let documents = body["documents"].as_array().unwrap();
        let found = documents.iter().find(|one| one["path"].as_str().unwrap().ends_with("deliverables.toml")).unwrap();
        let line = text.lines().find(|line| line.ends_with("deliverables.toml")).unwrap();
        (line.trim().split_once(": ").unwrap().0.to_owned(), found["required"].as_bool().unwrap())
    };
    assert_eq!(shown("claude"), ("document".into(), true));
    assert_eq!(shown("alice"), ("optional".into(), false));
    // Who does not say who it is gets what the profile says of everybody.
    assert_eq!(shown("nobody"), ("optional".into(), false));
    // A gate that does not ask for them requires them of nobody.
    let file = ".agentops/product-dev/profile.toml";
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 "));
    sandbox.git("commit --quiet --all --no-verify -m older");
    assert!(sandbox.read(file).contains("AO-P9"));
    assert_eq!(shown("claude"), ("optional".into(), false));
}

fn head_tree(world: &World) -> agentops::model::digest::ObjectId {
    agentops::model::digest::ObjectId::parse(&world.git("rev-parse HEAD^{tree}")).unwrap()
}

#[test]
fn half_of_the_work_is_not_done() {
    let world = World::new();
    let task = promised(&world, PROMISES);
    let path = code_path(&task);
    for (bytes, subject, said) in [
        ("const LIMIT: u64 = 1800;\n", "feat: hide the limit", format!("`{path}` does not hold `pub const LIMIT`")),
        (
            "pub const LIMIT: u64 = 60;\n",
            "feat: one minute",
            format!("criterion `expired-link`: `{path}` does not hold `1800`"),
        ),
        (" \n", "feat: an empty file", format!("`{path}` is empty")),
    ] {
        world.commit_file(&path, bytes, subject);
        let refused = refusal(&world, &task);
        assert!(refused.contains("AO-P9") && refused.contains(&said), "{said}\n{refused}");
    }
    world.commit_file(&path, code(&task), "feat: build the rest");
    world.next(&task);
    assert_eq!(laws(&world.landing("main", "HEAD")), Default::default());
    world.replays("HEAD");
}

#[test]
fn what_only_looks_like_the_file_is_not_delivered() {
    let world = World::new();
    let task = promised(&world, PROMISES);
    let path = code_path(&task);
    let file = world.sandbox.path().join(&path);
    world.sandbox.write("src/elsewhere.txt", code(&task));
    symlink("elsewhere.txt", &file).unwrap();
    world.commit("feat: a link in its place");
    assert!(refusal(&world, &task).contains("is no plain file"), "a symbolic link");
    std::fs::remove_file(&file).unwrap();
    world.sandbox.write(&format!("{path}/mod.rs"), code(&task));
    world.commit("feat: a folder in its place");
    assert!(refusal(&world, &task).contains("is a folder, not a file"), "a folder");
    std::fs::remove_dir_all(&file).unwrap();
    world.sandbox.write("other/real.rs", code(&task));
    world.sandbox.write(&path, vec![b'x'; 9 << 20]);
    world.commit("feat: a huge file in its place");
    assert!(refusal(&world, &task).contains("has 9437184 bytes"), "a huge file");
}

#[test]
fn an_ending_by_hand_without_the_goods() {
    let world = World::new();
    let task = promised(&world, PROMISES);
    let path = code_path(&task);
    let bytes = "pub const NOTHING: u8 = 0;\n";
    world.commit_file(&path, bytes, "feat: build something else");
    let manifest = world.document(&task, "manifest.txt");
    world.sandbox.write(&manifest, format!("100644 {} {path}\n", Digest::of(bytes.as_bytes()).hex()));
    world.forge(&task, EventKind::Advance, |event| {
        event.evidence = vec![world.evidence(&manifest)];
        event.base = head_tree(&world);
        event.runs = vec![Run {
            name: Word::parse("test").unwrap(),
            arguments: Vec::new(),
            exit: 0,
            ms: 1,
            output_sha256: Digest::of(b""),
            tree: event.base,
        }];
    });
    world.commit("chore: finish by hand");
    let report = world.breaks(&["AO-P9"]);
    let found = shown(&report);
    assert!(found.contains("does not hold `pub const LIMIT`") && found.contains("does not hold `1800`"), "{found}");
}

#[test]
fn promises_edited_after_the_vote() {
    let world = World::new();
    let task = promised(&world, PROMISES);
    let document = world.document(&task, "deliverables.toml");
    let easier = world.sandbox.read(&document).replace("1800", "LIMIT");
    world.sandbox.write(&document, easier);
    world.git(&format!("add {document}"));
    world.git("commit --quiet --no-verify -m wip");
    world.commit_file(&code_path(&task), "pub const LIMIT: u64 = 60;\n", "feat: build some of it");
    let refused = refusal(&world, &task);
    assert!(refused.contains("has other bytes than left the plan stage"), "{refused}");
    assert!(laws(&world.landing("main", "HEAD")).contains("AO-E8"));
}

#[test]
fn promises_that_prove_nothing_are_refused_at_the_plan() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    for (promise, said) in [
        ("change = \"created\"\ncontains = [\"\"]", "the text is empty"),
        ("change = \"created\"\ncontains = [\"e\"]", "too short to show anything"),
        ("change = \"removed\"", "is promised as removed, but the plan says created"),
    ] {
        world.fill(&task);
        let text = PROMISES.replace("change = \"created\"\ncontains = [\"pub const LIMIT\"]", promise);
        world.sandbox.write(&world.document(&task, "deliverables.toml"), text.replace("{code}", &code_path(&task)));
        let refused = refusal(&world, &task);
        assert!(refused.contains(said), "{promise}: {refused}");
    }
    world.fill(&task);
    let before =
        PROMISES.replace("path = \"{code}\", contains = \"1800\"", "path = \"src/session.rs\", contains = \"Session\"");
    world.sandbox.write(&world.document(&task, "deliverables.toml"), before.replace("{code}", &code_path(&task)));
    let refused = refusal(&world, &task);
    assert!(refused.contains("criterion `expired-link` is met before the work begins"), "{refused}");
}

#[test]
fn edition_one_of_the_laws_asks_for_nothing() {
    let world = World::before_adoption();
    for (path, bytes) in crate::world::adoption(&[crate::world::PROFILE], |text| text) {
        let bytes = match path == layout::FORMAT {
            true => String::from_utf8(bytes).unwrap().replace("laws = 2", "laws = 1").into_bytes(),
            false => bytes,
        };
        world.sandbox.write(&path, bytes);
    }
    world.sandbox.commit_all("chore: adopt agentops");
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.sandbox.write(&world.document(&task, "spec.md"), crate::world::specification(&task));
    world.next(&task);
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.fill(&task);
    world.record(&task);
    world.next(&task);
    world.replays("HEAD");
}

#[test]
fn stray_paths_beside_a_task_where_tasks_are_required() {
    let world = World::with(|text| text.replace("require_task = false", "require_task = true"));
    world.branch("work");
    let task = world.open("Reset links expire");
    world.finish(&task);
    world.breaks(&[]);
    // It came after the manifest was written, so no manifest lists it.
    world.commit_file("src/stray.rs", "//! Stray.\n", "feat: one more thing");
    let report = world.breaks(&["AO-P7"]);
    assert!(shown(&report).contains("src/stray.rs (`paths.require_task`)"), "{}", shown(&report));
}

/// A governed repository whose task promises coverage by `cov.info`, written by the script `test.sh`.
fn covered() -> (Sandbox, crate::lifecycle::setting::Task) {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_spec(&task);
    sandbox.fill_spec(&task, "src/new.txt");
    let document = task.document("deliverables.toml");
    let promises = sandbox.read(&document);
    sandbox.write(&document, format!("[deliverables]\ncoverage = {{ report = \"cov.info\" }}\n\n{promises}"));
    sandbox.next(&task).expect_code(4);
    sandbox.approve(&task);
    sandbox.next(&task).expect_code(0);
    sandbox.implement(&task, "src/new.txt");
    sandbox.bring_records(&task, 1);
    sandbox.write(".gitignore", "cov.info\n");
    sandbox.git("add .gitignore");
    commit(&sandbox, "chore: ignore the report");
    (sandbox, task)
}

fn commit(sandbox: &Sandbox, subject: &str) {
    sandbox.try_git("commit --quiet --file=-").stdin(lawful(subject)).run().expect_code(0);
}

fn report(hits: &[u8]) -> String {
    let lines: String = hits.iter().zip(1..).map(|(hits, line)| format!("DA:{line},{hits}\n")).collect();
    format!("SF:src/app.txt\n{lines}end_of_record\n")
}

#[test]
fn coverage_is_read_from_the_report_of_this_run() {
    let (sandbox, task) = covered();
    let tests = |script: String, subject: &str| {
        sandbox.write("test.sh", script);
        sandbox.git("add test.sh");
        commit(&sandbox, subject);
    };
    let refused = |said: &str| {
        let head = sandbox.git("rev-parse HEAD");
        let output = sandbox.next(&task).expect_code(1);
        assert!(output.stderr.contains(said), "{said}:\n{}", output.stderr);
        assert_eq!(sandbox.git("rev-parse HEAD"), head);
    };
    refused("the coverage report `cov.info` is not there after the commands ran");
    // Written by hand, before: the commands do not touch it.
    sandbox.write("cov.info", report(&[1, 1, 1, 1, 1]));
    refused("the coverage report `cov.info` is older than the run");
    tests(format!("cat > cov.info <<E\n{}E\n", report(&[1, 1, 1, 0, 0])), "test: write a report");
    refused("the tests cover 60.0 % (3 of 5 lines by `cov.info`); promised are 80 %");
    tests("echo 100 % > cov.info\n".into(), "test: write a figure");
    refused("the coverage report `cov.info` cannot be read: line 1");
    std::fs::remove_file(sandbox.path().join("cov.info")).unwrap();
    tests("printf 'SF:a\\nDA:1,1\\nend_of_record\\n' > .git/c && ln -sf .git/c cov.info\n".into(), "test: link it");
    refused("the coverage report `cov.info` is not there after the commands ran");
    tests(format!("rm -f cov.info\ncat > cov.info <<E\n{}E\n", report(&[1, 1, 1, 1, 0])), "test: cover four of five");
    let output = sandbox.next(&task).expect_code(0);
    let claim =
        format!("that the tests of `{}` cover 80.0 % (4 of 5 lines by `cov.info`) is claimed by claude", task.id);
    assert!(output.stderr.contains(&claim), "{}", output.stderr);
    let events = format!(".agentops/product-dev/events/{}", task.id);
    let event = sandbox.git(&format!("grep -h coverage HEAD -- {events}"));
    assert!(event.contains("coverage = \"4 of 5 lines\""), "{event}");
}
