//! The templates for forges: what they pin, what they never do, and that their scripts judge as they say.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use agentops::config::builtin::{CI_GITHUB, CI_GITLAB};

use super::sandbox::{Output, PROGRAM, Sandbox, lawful};

/// The lines of the block that the first line with `opening` after `mark` opens, without their indentation.
fn block(text: &str, mark: &str, opening: &str) -> String {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("no `{mark}`"));
    let mut lines = rest.lines().skip_while(|line| !line.trim_end().ends_with(opening));
    let depth = |line: &str| line.len() - line.trim_start().len();
    let outer = lines.next().map(depth).unwrap();
    let inside: Vec<&str> = lines.take_while(|line| line.trim().is_empty() || depth(line) > outer).collect();
    let indent = inside.iter().filter(|line| !line.trim().is_empty()).map(|line| depth(line)).min().unwrap();
    inside.iter().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect()
}

fn both() -> [&'static str; 2] {
    [CI_GITHUB, CI_GITLAB]
}

#[test]
fn the_pinned_version_is_this_one() {
    let pin = format!("AGENTOPS_VERSION: \"{}\"", env!("CARGO_PKG_VERSION"));
    for text in both() {
        assert_eq!(text.matches("AGENTOPS_VERSION: ").count(), 1);
        assert!(text.contains(&pin), "{pin}");
        assert!(text.contains("cargo install agentops --locked --version \"=$AGENTOPS_VERSION\""));
    }
}

#[test]
fn nothing_of_a_branch_can_become_the_judge() {
    for text in both() {
        // A cache is filled by branches; a checkout holds their files, `rust-toolchain.toml` among them.
        let caches = |line: &str| line.trim_start().starts_with("cache:") || line.contains("actions/cache");
        assert!(!text.lines().any(caches));
    }
    let check = CI_GITHUB.split_once("\n  check:").unwrap().1.split_once("\n  commands:").unwrap().0;
    let (build, checkout) = (check.find("cargo install").unwrap(), check.find("actions/checkout").unwrap());
    assert!(build < checkout && check[..checkout].contains("working-directory: ${{ runner.temp }}"));
    assert!(!CI_GITLAB.contains("$CI_PROJECT_DIR") && CI_GITLAB.contains("(cd \"$judge\" && cargo install"));
}

#[test]
fn rights_are_few_and_titles_are_no_script() {
    assert!(CI_GITHUB.contains("\npermissions:\n  contents: read\n"));
    assert_eq!(CI_GITHUB.matches("permissions:").count(), 1);
    assert!(!CI_GITHUB.contains("pull_request_target") && !CI_GITHUB.contains("secrets."));
    let (checkouts, kept) = ("actions/checkout@", "persist-credentials: false");
    assert_eq!(CI_GITHUB.matches(checkouts).count(), CI_GITHUB.matches(kept).count());
    let mut in_script = None;
    for line in CI_GITHUB.lines() {
        let depth = line.len() - line.trim_start().len();
        if in_script.is_some_and(|outer| depth <= outer && !line.trim().is_empty()) {
            in_script = None;
        }
        assert!(in_script.is_none() || !line.contains("${{"), "an expression becomes part of a script: {line}");
        let key = line.trim_start().trim_start_matches("- ");
        if key.starts_with("run:") {
            assert!(!key.contains("${{"), "{line}");
            in_script = Some(depth);
        }
    }
}

/// A governed repository on the forge's merge of a branch that was made by `work`; base and head by full id.
fn merged(work: impl FnOnce(&Sandbox)) -> (Sandbox, String, String) {
    let sandbox = Sandbox::adopted();
    sandbox.git("switch --quiet --create work");
    work(&sandbox);
    let head = sandbox.git("rev-parse HEAD");
    sandbox.git("switch --quiet main");
    sandbox.write("main.txt", "1\n");
    let base = sandbox.commit_all(&lawful("feat: add to the main line"));
    sandbox.git("switch --quiet --detach");
    sandbox.git("merge --quiet --no-ff --no-edit work");
    let place = sandbox.root().join("judge/bin");
    fs::create_dir_all(&place).unwrap();
    symlink(PROGRAM, place.join("agentops")).unwrap();
    (sandbox, base, head)
}

/// Runs a step of GitHub's template as its runner does.
fn step(sandbox: &Sandbox, name: &str, variables: &[(&str, &str)]) -> Output {
    let script = sandbox.root().join("script");
    fs::write(&script, block(CI_GITHUB, &format!("- name: {name}\n"), "run: |")).unwrap();
    let root = sandbox.root().display().to_string();
    let call = sandbox.call_program(Path::new("bash"), "-e").arg(&script).env("RUNNER_TEMP", &root);
    variables.iter().fold(call, |call, (name, value)| call.env(name, value)).run()
}

#[test]
fn github_judges_the_merge_by_its_first_parent() {
    const JUDGE: &str = "Judge the pull request";
    let (good, base, head) = merged(|sandbox| {
        sandbox.write("a.txt", "1\n");
        sandbox.commit_all(&lawful("feat: add a"));
    });
    step(&good, JUDGE, &[("BASE_SHA", &base), ("HEAD_SHA", &head)]).expect_code(0);
    let stale = step(&good, JUDGE, &[("BASE_SHA", &base), ("HEAD_SHA", &base)]).expect_code(1);
    assert!(stale.stderr.contains("Start the run again"), "{}", stale.snapshot());
    let (bad, base, head) = merged(|sandbox| {
        sandbox.write("a.txt", "1\n");
        sandbox.commit_all("wip");
    });
    let refused = step(&bad, JUDGE, &[("BASE_SHA", &base), ("HEAD_SHA", &head)]).expect_code(3);
    assert!(refused.stdout.contains("error[AO-"), "{}", refused.snapshot());
}

#[test]
fn github_judges_title_and_body_and_never_runs_them() {
    const SQUASH: &str = "Judge title and body as the message of a squash";
    let (sandbox, ..) = merged(|sandbox| {
        sandbox.write("a.txt", "1\n");
        sandbox.commit_all(&lawful("feat: add a"));
    });
    let merge = sandbox.git("rev-parse HEAD");
    let text = lawful("feat: add a");
    let (title, body) = text.split_once("\n\n").unwrap();
    step(&sandbox, SQUASH, &[("TITLE", title), ("BODY", &body.replace('\n', "\r\n"))]).expect_code(0);
    let bait = "$(touch pwned)`touch pwned`\"; touch pwned; %s\\";
    for variables in
        [[("TITLE", bait), ("BODY", body)], [("TITLE", title), ("BODY", bait)], [("TITLE", title), ("BODY", "")]]
    {
        sandbox.git(&format!("switch --quiet --detach {merge}"));
        step(&sandbox, SQUASH, &variables).expect_code(3);
        assert!(!sandbox.path().join("pwned").exists());
    }
}
