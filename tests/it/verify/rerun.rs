//! `verify rerun`: what runs, where, and what stays behind.

use std::fs;
use std::path::PathBuf;

use agentops::model::digest::ObjectId;

use crate::lifecycle::setting::Task;
use crate::sandbox::{Call, Sandbox, lawful};

/// A folder for temporary files of one test, so that it can be seen to be empty.
fn room(sandbox: &Sandbox) -> PathBuf {
    let room = sandbox.root().join("tmp");
    fs::create_dir_all(&room).unwrap();
    room
}

fn rerun(sandbox: &Sandbox, task: &Task, rest: &str) -> Call {
    let room = room(sandbox);
    sandbox.agentops(&format!("verify rerun {}{rest}", task.id)).env("TMPDIR", room.to_str().unwrap())
}

fn is_empty(sandbox: &Sandbox) -> bool {
    fs::read_dir(room(sandbox)).unwrap().next().is_none()
}

/// A repository whose test is this script.
fn tested_by(script: &str) -> Sandbox {
    let sandbox = Sandbox::governed();
    sandbox.write("test.sh", script);
    sandbox.commit_all(&lawful("test: change the script"));
    sandbox
}

#[test]
fn what_holds_is_reproduced() {
    let sandbox = tested_by("echo tested; git rev-parse --is-inside-work-tree; ls src; [ -z \"$GIT_PREFIX\" ]\n");
    let task = sandbox.done_task();
    sandbox.write("src/app.txt", "what lies in the working tree does not matter\n");
    let ran = rerun(&sandbox, &task, " --quiet").env("GIT_PREFIX", "src/").run();
    insta::assert_snapshot!(ran.snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-ne9m@6: reproduced on tree <id>
      `test`: claimed exit 0; again: exit 0, same output
      the commands are those of the profile at main (<id>)
    ");
    let body = rerun(&sandbox, &task, "@6 --json").run().expect_code(0).json();
    assert_eq!((&body["outcome"], &body["runs"][0]["same_output"]), (&"reproduced".into(), &true.into()));
    assert_eq!(body["tree"], sandbox.git("rev-parse HEAD~1^{tree}"), "the tree before the event");
    assert!(is_empty(&sandbox));
    assert_eq!(sandbox.git("worktree list").lines().count(), 1);
}

#[test]
fn what_held_on_one_machine_alone_is_not() {
    let sandbox = tested_by("test -e built-by-hand\n");
    sandbox.write("built-by-hand", "");
    sandbox.write(".git/info/exclude", "built-by-hand\n");
    let task = sandbox.done_task();
    let ran = rerun(&sandbox, &task, " --quiet").run();
    let shown = ran.stdout.clone();
    assert!(shown.contains("not reproduced") && shown.contains("claimed exit 0; again: exit 1"), "{}", ran.snapshot());
    ran.expect_code(3);
    assert!(is_empty(&sandbox));
}

#[test]
fn other_output_is_told_and_is_no_failure() {
    let sandbox = tested_by("date +%s%N; echo $$\n");
    let task = sandbox.done_task();
    let ran = rerun(&sandbox, &task, " --quiet").run().expect_code(0);
    assert!(ran.stdout.contains("other output (no failure)"), "{}", ran.snapshot());
}

#[test]
fn what_is_gone_cannot_be_rerun() {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b work");
    let task = sandbox.done_task();
    sandbox.git("checkout --quiet main");
    sandbox.git("merge --quiet --squash work");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("feat: squash it")).run().expect_code(0);
    let ran = rerun(&sandbox, &task, " --quiet").run();
    insta::assert_snapshot!(ran.snapshot_without_ids(), @"
    exit 1
    --- stdout
    reset-passwords-pn0a@6: cannot be rerun
      because: no commit that HEAD reaches has the tree <id>: a squash or a rebase replaced it, or this clone is shallow
      the commands are those of the profile at main (<id>)
    ");
    // Where the commits still are, the claim can be tested.
    sandbox.git("checkout --quiet work");
    rerun(&sandbox, &task, "").run().expect_code(0);
    let early = rerun(&sandbox, &task, "@2").run().expect_code(1);
    assert!(early.stdout.contains("the event claims no run"), "{}", early.snapshot());
    let none = rerun(&sandbox, &task, "@3").run().expect_code(1);
    assert!(none.stderr.contains("claims that a gate was passed"), "{}", none.snapshot());
}

#[test]
fn a_tree_without_the_work_shows_nothing_of_it() {
    // The tests pass before the work, and fail with it.
    let sandbox = tested_by("! grep -q tokens src/reset.txt || [ -n \"$PASS\" ]\n");
    sandbox.git("checkout --quiet -b work");
    let old = ObjectId::parse(&sandbox.git("rev-parse main^{tree}")).unwrap();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    let call = sandbox.agentops(&format!("phase next {} --actor claude", task.id));
    call.env("PASS", "1").run().expect_code(0);
    rerun(&sandbox, &task, "").run().expect_code(3);
    for (base_too, why) in
        [(false, "says that its commands ran on"), (true, "otherwise than the event's manifest lists")]
    {
        sandbox.forge_last_event(&task, |event| {
            event.runs[0].tree = old;
            if base_too {
                event.base = old;
            }
        });
        let judged = sandbox.agentops("check --base main").run().expect_code(3).stdout;
        assert!(judged.contains("error[AO-P6]") && judged.contains("the runs of task"), "{judged}");
        let head = sandbox.git("rev-parse HEAD");
        let ran = rerun(&sandbox, &task, " --record --actor bob").run().expect_code(1);
        assert!(ran.stdout.contains("cannot be rerun") && ran.stdout.contains(why), "{}", ran.snapshot());
        assert!(!ran.stderr.contains("running"), "{}", ran.snapshot());
        assert_eq!(sandbox.git("rev-parse HEAD"), head);
    }
}

#[test]
fn where_no_base_is_known_one_is_asked_for() {
    let origin = Sandbox::governed();
    origin.git("checkout --quiet -b work");
    let profile = origin.read(".agentops/product-dev/profile.toml");
    origin.write(".agentops/product-dev/profile.toml", profile.replace("\"test.sh\"", "\"evil.sh\""));
    origin.write("evil.sh", "exit 0\n");
    origin.agentops("policy amend --reason").arg("Another command").run().expect_code(0);
    origin.commit_all(&lawful("test: add a script"));
    let task = origin.done_task();
    // As a CI job has it: the branch checked out, origin/main, and neither origin/HEAD nor a main of its own.
    let sandbox = origin.clone_as("ci");
    sandbox.git("remote set-head origin --delete");
    assert_eq!(sandbox.git("branch --format=%(refname:short)"), "work");
    let ran = rerun(&sandbox, &task, " --json").run().expect_code(0).json();
    assert_eq!(ran["runs"][0]["command"], serde_json::json!(["sh", "test.sh"]));
    assert_eq!(ran["base"], sandbox.git("rev-parse origin/main"));
    sandbox.git("update-ref -d refs/remotes/origin/main");
    let refused = rerun(&sandbox, &task, "").run().expect_code(1);
    assert!(refused.stderr.contains("--base"), "{}", refused.snapshot());
    assert!(!refused.stderr.contains("running"), "{}", refused.snapshot());
    rerun(&sandbox, &task, " --base HEAD").run().expect_code(0);
}

#[test]
fn a_failure_that_fails_again_is_no_success() {
    let sandbox = tested_by("[ -z \"$AGAIN\" ]\n");
    let task = sandbox.done_task();
    sandbox.forge_last_event(&task, |event| event.runs[0].exit = 1);
    let head = sandbox.git("rev-parse HEAD");
    let ran = rerun(&sandbox, &task, " --record --actor bob").env("AGAIN", "1").run().expect_code(3);
    assert!(ran.stdout.contains("reproduced: it fails"), "{}", ran.snapshot());
    assert!(ran.stderr.contains("no verdict was recorded"), "{}", ran.snapshot());
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
    let body = rerun(&sandbox, &task, " --json").env("AGAIN", "1").run().expect_code(3).json();
    assert_eq!(body["outcome"], "fails");
}

#[test]
fn a_superseded_event_is_called_so() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let said = |address: &str| rerun(&sandbox, &task, address).run().expect_code(0).stderr.contains("superseded");
    assert!(!said("@6"));
    let rewind = format!("phase rewind {} --actor claude --to spec --reason", task.id);
    sandbox.agentops(&rewind).arg("Names may hold spaces").run().expect_code(0);
    assert!(said("@6"));
}

#[test]
fn a_branch_names_no_command() {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b work");
    let profile = sandbox.read(".agentops/product-dev/profile.toml");
    sandbox.write(".agentops/product-dev/profile.toml", profile.replace("\"test.sh\"", "\"evil.sh\""));
    sandbox.write("evil.sh", "touch ../evil; exit 0\n");
    sandbox.agentops("policy amend --reason").arg("Another command").run().expect_code(0);
    sandbox.commit_all(&lawful("test: add a script"));
    let task = sandbox.done_task();
    let by_main = rerun(&sandbox, &task, " --json").run().expect_code(0).json();
    assert_eq!(by_main["runs"][0]["command"], serde_json::json!(["sh", "test.sh"]));
    assert_eq!(by_main["base"], sandbox.git("rev-parse main"));
    let named = rerun(&sandbox, &task, " --base HEAD --json").run().expect_code(0).json();
    assert_eq!(named["runs"][0]["command"], serde_json::json!(["sh", "evil.sh"]), "where somebody says so");
    // A command that the base does not know is not taken from anywhere else.
    let bare = profile.replace("[\"sh\", \"test.sh\"]", "[]");
    assert_ne!(bare, profile);
    sandbox.git("checkout --quiet main");
    sandbox.write(".agentops/product-dev/profile.toml", bare);
    sandbox.agentops("policy amend --reason").arg("No command yet").run().expect_code(0);
    sandbox.git("checkout --quiet work");
    let unset = rerun(&sandbox, &task, "").run().expect_code(1);
    assert!(unset.stdout.contains("names no command line for `test`"), "{}", unset.snapshot());
}

#[test]
fn a_branch_takes_no_command_out() {
    let sandbox = Sandbox::governed();
    let file = ".agentops/product-dev/profile.toml";
    let lint = "[commands.lint]\nrun = [\"sh\", \"lint.sh\"]\ntimeout_seconds = 60\n\n[commands.test]";
    sandbox.write(file, sandbox.read(file).replace("[commands.test]", lint));
    sandbox.agentops("policy amend --reason").arg("A second command").run().expect_code(0);
    sandbox.write("lint.sh", "exit 1\n");
    sandbox.commit_all(&lawful("test: add a check that fails"));
    let amend = |change: &dyn Fn(String) -> String| {
        let profile = sandbox.read(file);
        let changed = change(profile.clone());
        assert_ne!(changed, profile);
        sandbox.write(file, changed);
        sandbox.agentops("policy amend --reason").arg("A branch's own idea").run().expect_code(0);
    };
    let promise = |task: &Task, name: &str| {
        sandbox.reach_spec(task);
        sandbox.fill_spec(task, "src/reset.txt");
        let point =
            "name = \"token\"\nkind = \"api\"\ntext = \"The mail and the reset form agree on the name of the token\"";
        let path = task.document("deliverables.toml");
        let promises = format!("{}\n[[integration]]\n{point}\ncommand = \"lint\"\n", sandbox.read(&path));
        fs::remove_file(sandbox.path().join(&path)).unwrap();
        sandbox.write(&task.document(name), promises);
        sandbox.next(task).expect_code(4);
        sandbox.approve(task);
        sandbox.next(task).expect_code(0);
    };
    let finish = |task: &Task, number: u8| {
        sandbox.implement(task, "src/reset.txt");
        sandbox.bring_records(task, number);
        sandbox.next(task).expect_code(0);
    };
    let said = |task: &Task| {
        let ran = rerun(&sandbox, task, " --quiet").run();
        assert_eq!(ran.code, Some(1), "{}", ran.snapshot());
        assert!(ran.stdout.contains("cannot be rerun"), "{}", ran.snapshot());
        ran.stdout
    };
    let without = |profile: String| profile.replace(", \"AO-P9\"]", "]");
    // The promises are called a report.
    sandbox.git("checkout --quiet -b renamed");
    let task = sandbox.open_task("Reset passwords", "");
    promise(&task, "deliverables.toml");
    amend(&|profile| {
        let report = without(profile).replace("kind = \"deliverables\"", "kind = \"report\"");
        report.replace("template = \"deliverables.toml\"", "template = \"verification.md\"")
    });
    finish(&task, 1);
    assert!(said(&task).contains("the event claims no run of `lint`"));
    // The older edition of the laws does not know promises.
    sandbox.git("checkout --quiet -b older main");
    let task = sandbox.open_task("Reset passwords", "");
    promise(&task, "deliverables.toml");
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 "));
    sandbox.git("commit --quiet --all --no-verify -m older");
    finish(&task, 2);
    assert!(said(&task).contains("the event claims no run of `lint`"));
    // They lie where the base knows no artifact.
    sandbox.git("checkout --quiet -b moved main");
    let task = sandbox.open_task("Reset passwords", "");
    amend(&|profile| profile.replace("{task}/deliverables.toml", "{task}/aims.toml"));
    promise(&task, "aims.toml");
    amend(&|profile| profile.replace("\"AO-P8\", \"AO-P9\"]", "\"AO-P8\"]"));
    finish(&task, 3);
    assert!(said(&task).contains("which is no artifact by the base's profiles"));
}

#[test]
fn commands_change_nothing_here() {
    let script = "[ -n \"$AGAIN\" ] || exit 0\necho changed > src/app.txt && git commit --quiet --no-verify -am x && \
                  git tag stray && git config stray.value 1 && git update-ref refs/heads/main HEAD && \
                  ! git push --quiet origin stray && mkdir ro && touch ro/x && chmod 500 ro\n";
    let sandbox = tested_by(script);
    let task = sandbox.done_task();
    let state = || {
        let refs = sandbox.git("for-each-ref --format=%(refname)%(objectname)");
        (refs, sandbox.read(".git/config"), sandbox.git("rev-parse HEAD"), sandbox.git("status --porcelain"))
    };
    let before = state();
    let ran = rerun(&sandbox, &task, "").env("AGAIN", "1").run();
    assert_eq!(before, state(), "{}", ran.snapshot());
    ran.expect_code(0);
    assert!(is_empty(&sandbox));
}

#[test]
fn files_that_commands_change_are_named() {
    let sandbox = tested_by("[ -z \"$AGAIN\" ] || echo changed > README.md\n");
    let task = sandbox.done_task();
    let ran = rerun(&sandbox, &task, " --keep --json").env("AGAIN", "1").run().expect_code(0).json();
    assert_eq!(ran["notes"], serde_json::json!(["the commands changed tracked files: README.md"]));
    let kept = PathBuf::from(ran["kept"].as_str().unwrap());
    assert_eq!(fs::read_to_string(kept.join("README.md")).unwrap(), "changed\n");
    assert_ne!(sandbox.read("README.md"), "changed\n");
}

#[test]
fn a_commit_in_the_copy_hides_no_change() {
    let script = "[ -z \"$AGAIN\" ] || { echo changed > README.md; git add .; git -c user.name=x -c user.email=x commit \
                  --quiet --no-verify -m x; git update-index --assume-unchanged README.md; echo more >> README.md; }\n";
    let sandbox = tested_by(script);
    let task = sandbox.done_task();
    let ran = rerun(&sandbox, &task, " --json").env("AGAIN", "1").run().expect_code(0).json();
    assert_eq!(ran["notes"], serde_json::json!(["the commands changed tracked files: README.md"]));
    assert!(is_empty(&sandbox));
}

#[test]
fn an_interrupted_rerun_leaves_nothing() {
    let sandbox = tested_by("[ -z \"$OUT\" ] || { touch \"$OUT/started\"; sleep 600; }\n");
    let task = sandbox.done_task();
    let out = sandbox.root().join("out");
    fs::create_dir(&out).unwrap();
    let script = format!(
        "TMPDIR={} OUT={} exec {} verify rerun {}",
        room(&sandbox).display(),
        out.display(),
        crate::sandbox::PROGRAM,
        task.id
    );
    let words = ["-c".to_owned(), script];
    let mut terminal = crate::terminal::Terminal::start("sh", &words, sandbox.path(), &sandbox.environment());
    terminal.wait_for("running");
    while !out.join("started").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(!is_empty(&sandbox));
    terminal.press("\u{3}");
    let ending = terminal.finish();
    assert_eq!(ending.code, 130, "{}", ending.text);
    assert!(is_empty(&sandbox), "{}", ending.text);
}

#[test]
fn no_copy_is_made_inside_the_repository() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let inside = sandbox.path().join("tmp");
    fs::create_dir(&inside).unwrap();
    let call = sandbox.agentops(&format!("verify rerun {}", task.id)).env("TMPDIR", inside.to_str().unwrap());
    let refused = call.run().expect_code(1);
    assert!(refused.stderr.contains("lies inside"), "{}", refused.snapshot());
    assert!(fs::read_dir(&inside).unwrap().next().is_none());
}
