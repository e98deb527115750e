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
