//! The one write transaction among other users of the index: what stands in its way is told before anything moves, and
//! what fails afterwards does not deny the commit.

use std::fs;

use super::sandbox::{Output, Sandbox};

fn new_task(sandbox: &Sandbox) -> Output {
    sandbox.agentops("task new --profile sre").arg("Disks of the database fill up").run()
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git("rev-parse HEAD")
}

#[test]
fn a_held_index_stops_a_verb_before_anything_moves() {
    let sandbox = Sandbox::adopted();
    let before = (head(&sandbox), sandbox.git("status --porcelain"));
    sandbox.write(".git/index.lock", "");
    let refused = new_task(&sandbox).expect_code(6);
    assert!(refused.stderr.contains("index.lock` is locked"), "{}", refused.snapshot());
    fs::remove_file(sandbox.path().join(".git/index.lock")).unwrap();
    assert_eq!((head(&sandbox), sandbox.git("status --porcelain")), before);
    assert!(!sandbox.path().join(".git/agentops/journal").exists());
    new_task(&sandbox).expect_code(0);
    let tasks = sandbox.agentops("task list --json").run().expect_code(0).json();
    assert_eq!(tasks["tasks"].as_array().map(Vec::len), Some(1), "{tasks}");
}

#[test]
fn a_working_tree_that_cannot_follow_is_told_and_finished_later() {
    let sandbox = Sandbox::adopted();
    let before = head(&sandbox);
    // Where a folder is to be lies a file of the user's.
    sandbox.write(".agentops/sre/events", "mine\n");
    let output = new_task(&sandbox).expect_code(0);
    assert_ne!(head(&sandbox), before);
    let told =
        ["warning: the commit is made, but index and working tree do not follow it yet", "`agentops doctor --fix`"];
    assert!(told.iter().all(|part| output.stderr.contains(part)), "{}", output.snapshot());
    assert_eq!(sandbox.read(".agentops/sre/events"), "mine\n");
    fs::remove_file(sandbox.path().join(".agentops/sre/events")).unwrap();
    sandbox.agentops("doctor --fix").run();
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
}

#[test]
fn documents_that_cannot_be_laid_out_do_not_deny_the_commit() {
    let sandbox = Sandbox::adopted();
    sandbox.write(".agentops/sre/incidents", "mine\n");
    let output = new_task(&sandbox).expect_code(0);
    let told = ["warning: the commit is made, but its documents are not laid out", "`agentops phase next` lays out"];
    assert!(told.iter().all(|part| output.stderr.contains(part)), "{}", output.snapshot());
    assert_eq!(sandbox.read(".agentops/sre/incidents"), "mine\n");
}

#[test]
fn a_refused_commit_tells_of_the_killed_command_behind_it() {
    let sandbox = Sandbox::hooked();
    let task = new_task(&sandbox).expect_code(0);
    // As a process leaves it that is killed right after the branch moved.
    let event = sandbox.git("show --format= --name-only HEAD");
    let (id, blob) = (head(&sandbox), sandbox.git(&format!("rev-parse HEAD:{event}")));
    sandbox.git(&format!("rm --quiet --cached {event}"));
    fs::remove_file(sandbox.path().join(&event)).unwrap();
    sandbox.write(".git/agentops/journal", format!("{id}\nrefs/heads/main\n- 100644 {blob} {event}\0"));
    let refused = sandbox.try_git("commit --quiet -m wip").run();
    assert!(refused.code == Some(1) && refused.stderr.contains("agentops doctor --fix"), "{}", refused.snapshot());
    sandbox.agentops("doctor --fix").run();
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "", "{}", task.stdout);
}

#[test]
fn files_outside_of_a_sparse_checkout_stay_there() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let sandbox = Sandbox::new();
        for path in ["in/a", "out/b", "AGENTS.md"] {
            sandbox.write(path, "1\n");
        }
        sandbox.commit_all("before");
        sandbox.git(&format!("sparse-checkout set --cone {index} in"));
        let before = sandbox.git("ls-files -t -s");
        sandbox.agentops("init --profile sre").run().expect_code(0);
        assert_eq!(sandbox.git("status --porcelain"), "", "{index}");
        sandbox.agentops("deinit --confirm repo").run().expect_code(0);
        assert_eq!(
            (sandbox.git("status --porcelain"), sandbox.git("ls-files -t -s")),
            (String::new(), before),
            "{index}"
        );
    }
    // Without cones, and a file that the commit changes is not there.
    let sandbox = Sandbox::new();
    for path in ["in/a", "AGENTS.md"] {
        sandbox.write(path, "1\n");
    }
    sandbox.commit_all("before");
    sandbox.git("sparse-checkout set --no-cone /in/");
    let before = sandbox.git("ls-files -t -s");
    sandbox.agentops("init --profile sre").run().expect_code(0);
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert!(!sandbox.path().join("AGENTS.md").exists());
    sandbox.agentops("deinit --confirm repo").run().expect_code(0);
    assert_eq!((sandbox.git("status --porcelain"), sandbox.git("ls-files -t -s")), (String::new(), before));
}

#[test]
fn a_file_that_git_converts_is_left_to_the_user() {
    let sandbox = Sandbox::new();
    sandbox.git("config filter.upper.clean rev");
    sandbox.git("config filter.upper.smudge rev");
    sandbox.write(".gitattributes", "AGENTS.md filter=upper\n");
    sandbox.write("AGENTS.md", "of the user\n");
    sandbox.commit_all("before");
    let output = sandbox.agentops("init --profile sre").run().expect_code(0);
    assert!(output.stdout.contains("git converts it"), "{}", output.snapshot());
    assert_eq!((sandbox.git("status --porcelain").as_str(), sandbox.read("AGENTS.md").as_str()), ("", "of the user\n"));
    assert_eq!(sandbox.git("show HEAD:AGENTS.md"), "resu eht fo");
}
