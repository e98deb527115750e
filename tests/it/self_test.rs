//! The harness itself: what a test relies on holds.

use similar::TextDiff;

use super::sandbox::{Sandbox, lawful};

#[test]
fn commits_are_the_same_in_every_run() {
    let build = || {
        let sandbox = Sandbox::new();
        sandbox.write("src/a.txt", "a\n");
        sandbox.commit_all(&lawful("feat: add a"));
        sandbox.write("src/a.txt", "b\n");
        (sandbox.commit_all(&lawful("fix: change a")), sandbox)
    };
    let ((first, sandbox), (second, _)) = (build(), build());
    assert_eq!(first, second);
    assert_eq!(sandbox.git("log -1 --format=%an|%ae|%ct|%D"), "Alice|alice@example.org|1795244760|HEAD -> main");
    assert_eq!(sandbox.read("src/a.txt"), "b\n");
}

#[test]
fn clones_and_worktrees_stand_beside_the_repository() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "a\n");
    let id = sandbox.commit_all(&lawful("feat: add a"));
    let (clone, worktree) = (sandbox.clone_as("clone"), sandbox.worktree("side"));
    for other in [&clone, &worktree] {
        assert_eq!(other.git("rev-parse HEAD"), id);
        assert_eq!(other.path().parent(), Some(sandbox.root()));
        assert_eq!(other.read("a.txt"), "a\n");
    }
    assert_eq!(worktree.git("branch --show-current"), "side");
}

#[test]
fn nothing_of_the_machine_leaks_in() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.git("config --show-scope --get-all user.name"), "global\tAlice");
    let scopes = sandbox.git("config --show-scope --list");
    assert!(scopes.lines().all(|line| line.starts_with("global\t") || line.starts_with("local\t")), "{scopes}");
    let outside = Sandbox::without_repository();
    outside.try_git("rev-parse --git-dir").run().expect_code(128);
}

#[test]
fn the_program_is_on_the_path_and_reads_its_input() {
    let sandbox = Sandbox::new();
    let output = sandbox.try_git("-c alias.x=!agentops x --version").run().expect_code(0);
    assert!(output.stdout.starts_with("agentops "), "{}", output.snapshot());
    let hash = sandbox.try_git("hash-object --stdin").stdin("a\n").env("GIT_TRACE", "0").in_dir("..").run();
    assert_eq!(hash.stdout.trim(), "78981922613b2afb6025042ff6bd878ac1994e85");
    assert_eq!(hash.snapshot_without_ids(), "exit 0\n--- stdout\n<id>\n");
}

#[test]
fn lawful_messages_have_all_sections_and_differ() {
    let learnings: Vec<_> = (0..50)
        .map(|number| {
            let message = lawful(&format!("feat: part {number}"));
            for token in ["\nContext: ", "\nSolution: ", "\nImpact: "] {
                assert!(message.contains(token), "{message}");
            }
            message.lines().find(|line| line.starts_with("Learning: ")).unwrap().to_owned()
        })
        .collect();
    for (index, first) in learnings.iter().enumerate() {
        for second in &learnings[index + 1..] {
            let (first, second): (Vec<_>, Vec<_>) = (first.split(' ').collect(), second.split(' ').collect());
            let ratio = TextDiff::from_slices(&first, &second).ratio();
            assert!(ratio < 0.85, "{ratio}\n{first:?}\n{second:?}");
        }
    }
}
