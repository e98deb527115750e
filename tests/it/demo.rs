//! The demo: the whole loop, by real commands.

use crate::sandbox::Sandbox;

#[test]
fn the_demo_tells_the_whole_story() {
    let sandbox = Sandbox::without_repository();
    let output = sandbox.agentops("demo greeter").run().expect_code(0);
    let told = &output.stdout;
    for (part, why) in [
        ("(exit code 3)", "an untouched template is refused"),
        ("(exit code 4)", "a gate waits for a human"),
        ("is an agent: agents never vote", "an agent cannot vote"),
        ("refused: `commit-msg` of agentops stops this commit", "the hooks refuse a commit"),
        ("feat(greet): greet people by their name", "the remedy works"),
        ("implement working -> implement done", "the task is done"),
        ("simulated: no person voted", "the votes are named as what they are"),
        ("pass: 0 errors, 0 warnings", "all of history passes"),
        ("What to try next", "the reader is not left alone"),
    ] {
        assert!(told.contains(part), "{why}: `{part}` is missing in\n{told}");
    }
    assert_eq!(output.stderr, "");
    let repository = sandbox.path().join("greeter/greeter");
    sandbox.try_git("fsck --strict --no-dangling").in_dir(&repository).run().expect_code(0);
    assert_eq!(sandbox.try_git("status --porcelain").in_dir(&repository).run().expect_code(0).stdout, "");
    let verdict = sandbox.agentops("check --all --json").in_dir(&repository).run().expect_code(0).json();
    assert_eq!(verdict["violations"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let sandbox = Sandbox::without_repository();
    sandbox.write("full/file", "mine");
    let output = sandbox.agentops("demo full").run().expect_code(1);
    assert!(output.stderr.contains("is not empty"), "{}", output.stderr);
    assert_eq!(sandbox.read("full/file"), "mine");
}

#[test]
fn the_demo_stays_in_its_folder_whoever_starts_it() {
    let mine = Sandbox::new();
    mine.write("file", "mine");
    let before = mine.commit_all("mine");
    let index = mine.path().join(".git/index");
    let call = mine.agentops("demo ../greeter");
    let call = call.env("GIT_DIR", &mine.path().join(".git").to_string_lossy());
    let call = call.env("GIT_WORK_TREE", &mine.path().to_string_lossy());
    let call = call.env("GIT_INDEX_FILE", &index.to_string_lossy());
    let call = call.env("GIT_AUTHOR_EMAIL", "alice@example.org").env("GIT_COMMITTER_EMAIL", "alice@example.org");
    let call = call.env("CLAUDECODE", "1").env("AGENTOPS_ACTOR", "codex");
    call.run().expect_code(0);
    assert_eq!(mine.git("rev-parse HEAD"), before, "a commit of the demo is in the user's repository");
    assert_eq!(mine.git("status --porcelain"), "");
    assert_eq!(mine.git("for-each-ref --format=%(refname)"), "refs/heads/main");
    let greeter = mine.root().join("greeter/greeter");
    let authors = mine.try_git("log --format=%ae").in_dir(&greeter).run().expect_code(0).stdout;
    assert!(authors.lines().all(|email| email == "ada@example.org"), "{authors}");
}
