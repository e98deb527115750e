//! What is refused, with the reason and the remedy.

#[cfg(unix)]
use std::io::{BufRead as _, BufReader, Read as _};

use crate::sandbox::{Sandbox, lawful};

#[test]
fn an_untouched_template_is_refused_section_by_section() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    let head = sandbox.git("rev-parse HEAD");
    let refused = sandbox.next(&task).expect_code(3);
    for (line, section) in [(3, "Problem"), (8, "Users"), (13, "Requirements"), (40, "Sources"), (48, "Pattern")] {
        let expected = format!("requirements.md:{line}: `## {section}` holds nothing but its template");
        assert_eq!(refused.stderr.matches(&expected).count(), 1, "{}", refused.snapshot());
    }
    assert_eq!(refused.stdout, "");
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    let json = sandbox.agentops(&format!("phase next {} --json", task.id)).run().expect_code(3).json();
    assert_eq!(json["error"]["code"], "law");
    assert_eq!((&json["violations"][0]["law"], &json["violations"][0]["line"]), (&"AO-P1".into(), &3.into()));
}

#[test]
fn filler_is_refused() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    let path = task.document("requirements.md");
    let text = sandbox.read(&path);
    let start = text.find("## Users\n").unwrap() + "## Users\n".len();
    let end = text.find("\n## Requirements").unwrap();
    sandbox.write(&path, format!("{}Various improvements were made.\n{}", &text[..start], &text[end..]));
    let refused = sandbox.next(&task).expect_code(3);
    assert!(refused.stderr.contains("error[AO-P1]") && refused.stderr.contains("`## Users`"), "{}", refused.snapshot());
    assert_eq!(refused.stderr.matches("error[").count(), 1, "{}", refused.snapshot());
}

#[test]
fn an_empty_id_chooses_no_task() {
    let sandbox = Sandbox::governed();
    sandbox.open_task("Reset passwords", "");
    let head = sandbox.git("rev-parse HEAD");
    for verb in ["phase abandon --reason wrong", "phase next", "task show", "learn show", "session show"] {
        for unset in ["", " "] {
            let refused = sandbox.agentops(verb).arg(unset).run().expect_code(2);
            assert!(refused.stderr.contains(" is empty"), "{verb}: {}", refused.snapshot());
        }
    }
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
}

#[test]
fn an_advance_written_by_hand_is_found() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let base = sandbox.git("rev-parse HEAD");
    // What the approved chain would look like, without a vote: made in a copy that accepts it, then carried over.
    let other = sandbox.clone_as("other");
    other.approve(&task);
    other.next(&task).expect_code(0);
    let event = other.git("diff-tree -r --no-commit-id --name-only --diff-filter=A HEAD");
    sandbox.write(&event, other.read(&event));
    let staged = sandbox.git("add .agentops");
    assert_eq!(staged, "");
    let found = sandbox.agentops("check").run().expect_code(3);
    assert!(found.stdout.contains("error[AO-G1]"), "{}", found.snapshot());
    sandbox.commit_all(&lawful("chore: advance by hand"));
    let found = sandbox.agentops("check --base").arg(&base).run().expect_code(3);
    assert!(found.stdout.contains("error[AO-G1]"), "{}", found.snapshot());
    sandbox.agentops("check --exit-zero --base").arg(&base).run().expect_code(0);
    sandbox.agentops("check --all").run().expect_code(3);
}

#[test]
fn an_approved_specification_stays_as_it_was_approved() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    let path = task.document("spec.md");
    sandbox.write(&path, sandbox.read(&path) + "\nOne more wish.\n");
    sandbox.git("add .agentops");
    let found = sandbox.agentops("check --staged").run().expect_code(3);
    assert!(found.stdout.contains("error[AO-E8]") && found.stdout.contains("phase rewind"), "{}", found.snapshot());
    // Committed past the hooks, the task itself says what is stale.
    sandbox.commit_all(&lawful("docs: one more wish"));
    sandbox.agentops("check --base HEAD~1").run().expect_code(3);
    let stale = sandbox.status(&task)["stale"][0].as_str().unwrap().to_owned();
    assert!(stale.contains("spec.md` is no longer what left phase `spec`"), "{stale}");
}

#[test]
fn what_was_submitted_and_edited_since_is_lapsed() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.fill_requirements(&task);
    sandbox.next(&task).expect_code(4);
    let path = task.document("requirements.md");
    sandbox.write(&path, sandbox.read(&path) + "\nMore.\n");
    sandbox.commit_all(&lawful("docs: more"));
    assert_eq!(sandbox.status(&task)["lapsed"][0], path.as_str());
    let refused = sandbox.agentops(&format!("gate approve {} --actor bob", task.id)).run().expect_code(1);
    assert!(refused.stderr.contains("has changed since") && refused.stderr.contains("phase rework"));
    sandbox.next(&task).expect_code(1);
    sandbox.agentops(&format!("phase rework {} --actor claude --reason More", task.id)).run().expect_code(0);
    sandbox.next(&task).expect_code(4);
    assert_eq!(sandbox.status(&task)["attempt"], 2);
}

#[test]
fn planned_files_must_be_committed() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.write("src/app.txt", "edited\n");
    sandbox.write("src/reset.txt", "new\n");
    insta::assert_snapshot!(sandbox.next(&task).snapshot(), @"
    exit 1
    --- stderr
    error: planned files of `reset-passwords-pfb9` are not committed: src/app.txt, src/reset.txt
    hint: commit them first: git add src/app.txt src/reset.txt && agentops commit --task reset-passwords-pfb9 …
    ");
}

#[test]
fn a_planned_file_that_git_ignores_is_missed_too() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "out/it's new.txt");
    sandbox.write(".git/info/exclude", "out/\n");
    sandbox.implement(&task, "src/other.txt");
    sandbox.write("out/it's new.txt", "new\n");
    insta::assert_snapshot!(sandbox.next(&task).snapshot(), @r"
    exit 1
    --- stderr
    error: planned files of `reset-passwords-pfb9` are not committed: out/it's new.txt; git ignores out/it's new.txt
    hint: commit them first: git add --force 'out/it'\''s new.txt' && agentops commit --task reset-passwords-pfb9 …
    ");
    sandbox.git("add --force out");
    assert!(!sandbox.next(&task).expect_code(1).stderr.contains("--force"), "staged, it is not hidden any more");
    sandbox.commit_all(&lawful("feat: what was planned"));
    let refused = sandbox.next(&task);
    assert!(!refused.stderr.contains("not committed"), "{}", refused.snapshot());
}

#[test]
fn commands_run_when_all_else_is_in_order() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    let refused = sandbox.next(&task).expect_code(3);
    assert!(refused.stderr.contains("error[AO-L1]"), "{}", refused.snapshot());
    assert!(!refused.stderr.contains("running") && !refused.stderr.contains("AO-P6"), "{}", refused.snapshot());
    sandbox.bring_records(&task, 1);
    let done = sandbox.next(&task).expect_code(0);
    assert_eq!(done.stderr.matches("running `sh test.sh`").count(), 1, "{}", done.snapshot());
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_the_commands() {
    use std::process::{Command, Stdio};
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    let pipe = sandbox.root().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let script = format!("exec >{}\necho runs\nsleep 20 && echo lives\n", pipe.display());
    sandbox.write("test.sh", script);
    let head = sandbox.git("rev-parse HEAD");
    let mut program = Command::new(crate::sandbox::PROGRAM);
    program.args(["phase", "next", &task.id, "--actor", "claude"]).current_dir(sandbox.path());
    program.env_clear().envs(sandbox.environment()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = program.spawn().unwrap();
    let mut output = BufReader::new(std::fs::File::open(&pipe).unwrap());
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    assert_eq!(first, "runs\n");
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(130));
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "the command outlived the program");
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
}

#[test]
fn an_uncommitted_plan_is_what_gets_committed_but_a_missing_one_is_laid_out() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_spec(&task);
    std::fs::remove_file(sandbox.path().join(task.document("spec.md"))).unwrap();
    let refused = sandbox.next(&task).expect_code(1);
    assert!(refused.stderr.contains("which was not there"), "{}", refused.snapshot());
    assert!(sandbox.read(&task.document("spec.md")).starts_with("# Specification: Reset passwords\n"));
}

#[test]
fn names_are_guessed_and_prefixes_taken() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.open_task("Reset tokens", "");
    let run = |line: &str| sandbox.agentops(line).run();
    assert_eq!(run("phase status reset-p").expect_code(0).stdout.lines().count(), 4);
    assert!(run("phase status reset-").expect_code(2).stderr.contains("fits 2 tasks"));
    let near = task.id.replace("passwords", "paswords");
    assert!(
        run(&format!("phase status {near}")).expect_code(2).stderr.contains(&format!("did you mean `{}`?", task.id))
    );
    assert!(run("task new X --profile product-dve").expect_code(2).stderr.contains("did you mean `product-dev`?"));
    assert!(run("task new X --actor clade").expect_code(2).stderr.contains("did you mean `claude`?"));
    assert!(run(&format!("phase rewind {} --to sepc --reason x", task.id)).expect_code(2).stderr.contains("`spec`"));
    run("task new \"\"").expect_code(2);
    run("task new \"two\nlines\"").expect_code(2);
    run("task new X --label \"no word\"").expect_code(2);
    run(&format!("phase rework {}", task.id)).expect_code(2);
    run(&format!("phase rework {} --reason x", task.id)).expect_code(1);
    run(&format!("phase resolve {} --reason x", task.id)).expect_code(1);
    run(&format!("phase abandon {} --reason \"\"", task.id)).expect_code(2);
}

#[test]
fn who_has_no_address_is_told_to_git() {
    let sandbox = Sandbox::governed();
    let refused = sandbox.agentops("task new Tokens").env("GIT_CONFIG_GLOBAL", "/dev/null").run().expect_code(1);
    assert!(refused.stderr.contains("git config user.email"), "{}", refused.snapshot());
    let label = sandbox.agentops("task new Tokens --label \"Sign In\"").run().expect_code(2);
    assert!(label.stderr.contains("the label `Sign In` is not a name"), "{}", label.snapshot());
}

#[test]
fn check_says_when_nothing_was_judged() {
    let sandbox = Sandbox::governed();
    insta::assert_snapshot!(sandbox.agentops("check").run().snapshot(), @"
    exit 1
    --- stderr
    error: nothing was judged: nothing is staged
    hint: `git add` something, or judge what is committed: `agentops check --base REV`, `agentops check --all`
    ");
    sandbox.agentops("check --allow-empty").run().expect_code(0);
    sandbox.agentops("check --base HEAD").run().expect_code(1);
    sandbox.agentops("check --base HEAD --allow-empty").run().expect_code(0);
    sandbox.agentops("check --base 0000000000000000000000000000000000000000").run().expect_code(1);
    sandbox.agentops("check --base nowhere").run().expect_code(1);
    sandbox.agentops("check --staged --all").run().expect_code(2);
    sandbox.agentops("check --tip HEAD").run().expect_code(2);
    let root = sandbox.agentops("check --print-root").run().expect_code(0).stdout;
    sandbox.agentops("check --all --root").arg(root.trim()).run().expect_code(0);
    sandbox.agentops("check --all --root").arg("0".repeat(64)).run().expect_code(1);
    let message = sandbox.agentops("check --message -").stdin("fix stuff\n").run().expect_code(3);
    assert!(message.stdout.contains("error[AO-R3]") && message.stdout.contains("error[AO-L3]"));
    sandbox.agentops("check --message -").stdin(lawful("fix(app): answer in time")).run().expect_code(0);
}
