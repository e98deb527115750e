//! The templates for forges: what they pin, what they never do, and that their scripts judge as they say.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use agentops::config::builtin::{CI_GITHUB, CI_GITLAB};

/// The reusable action.
const ACTION: &str = include_str!("../../templates/ci/github/action.yml");

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
    for text in [CI_GITHUB, CI_GITLAB, ACTION] {
        // A cache is filled by branches; a checkout holds their files, `rust-toolchain.toml` among them.
        let caches = |line: &str| line.trim_start().starts_with("cache:") || line.contains("actions/cache");
        assert!(!text.lines().any(caches));
    }
    let check = CI_GITHUB.split_once("\n  check:").unwrap().1.split_once("\n  commands:").unwrap().0;
    let (build, checkout) = (check.find("cargo install").unwrap(), check.find("actions/checkout").unwrap());
    assert!(build < checkout && check[..checkout].contains("working-directory: ${{ runner.temp }}"));
    let (build, checkout) = (ACTION.find("cargo install").unwrap(), ACTION.find("actions/checkout").unwrap());
    assert!(build < checkout && ACTION[..build].contains("cd \"$RUNNER_TEMP/judge\"\n"));
    // By the id of a commit, which nobody can move.
    let uses = |line: &str| line.trim_start().strip_prefix("uses: ").map(str::to_owned);
    for used in ACTION.lines().filter_map(uses) {
        let (_, at) = used.split_once('@').unwrap();
        assert!(at.bytes().take_while(u8::is_ascii_hexdigit).count() == 40, "{used}");
    }
    assert!(!CI_GITLAB.contains("$CI_PROJECT_DIR") && CI_GITLAB.contains("(cd \"$judge\" && cargo install"));
}

#[test]
fn only_what_lands_on_protected_branches_makes_a_check() {
    // A check that passed onto another branch, with laxer rules, would count for the same head commit here.
    let on = CI_GITHUB.split_once("\non:\n").unwrap().1.split_once("\npermissions:").unwrap().0;
    let events: Vec<&str> = on.lines().filter(|line| line.starts_with("  ") && line.as_bytes()[2] != b' ').collect();
    assert_eq!(events, ["  pull_request:", "  merge_group:", "  push:"]);
    for event in ["  pull_request:", "  push:"] {
        assert!(block(on, "", event).contains("branches: [main]\n"), "{event}");
    }
    // Turned to another base, a pull request is judged anew.
    assert!(block(on, "", "  pull_request:").contains("types: [opened, synchronize, reopened, edited]\n"));
}

#[test]
fn rights_are_few_and_titles_are_no_script() {
    assert!(CI_GITHUB.contains("\npermissions:\n  contents: read\n"));
    assert_eq!(CI_GITHUB.matches("permissions:").count(), 1);
    assert!(!CI_GITHUB.contains("pull_request_target") && !CI_GITHUB.contains("secrets."));
    let (checkouts, kept) = ("actions/checkout@", "persist-credentials: false");
    assert_eq!(CI_GITHUB.matches(checkouts).count(), CI_GITHUB.matches(kept).count());
    assert!(!ACTION.contains("secrets.") && ACTION.contains("persist-credentials: false"));
    let mut in_script = None;
    for line in CI_GITHUB.lines().chain(ACTION.lines()) {
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

/// Runs a step of GitHub's template, which the action has word for word, as its runner does.
fn step(sandbox: &Sandbox, name: &str, variables: &[(&str, &str)]) -> Output {
    let mark = format!("- name: {name}\n");
    assert_eq!(block(CI_GITHUB, &mark, "run: |").trim_end(), block(ACTION, &mark, "run: |").trim_end());
    run_step(sandbox, CI_GITHUB, name, variables)
}

fn run_step(sandbox: &Sandbox, file: &str, name: &str, variables: &[(&str, &str)]) -> Output {
    let script = sandbox.root().join("script");
    fs::write(&script, block(file, &format!("- name: {name}\n"), "run: |")).unwrap();
    let root = sandbox.root().display().to_string();
    let call = sandbox.call_program(Path::new("bash"), "-eo pipefail").arg(&script).env("RUNNER_TEMP", &root);
    let call = call.env("GITHUB_ACTIONS", "true");
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
    assert!(refused.stdout.contains("::error title=AO-"), "{}", refused.snapshot());
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

/// Runs the script of a job of GitLab's for merge requests: the lines that find the base, then `rest`.
fn gitlab(sandbox: &Sandbox, rest: &str, variables: &[(&str, &str)]) -> Output {
    let script = sandbox.root().join("script");
    let base = block(CI_GITLAB, "agentops:merge-request:\n", "- &base |");
    fs::write(&script, format!("agentops='{PROGRAM}'\n{base}{rest}\n")).unwrap();
    let call = sandbox.call_program(Path::new("bash"), "-e").arg(&script);
    let call = [("CI_PROJECT_ID", "7"), ("CI_MERGE_REQUEST_PROJECT_ID", "7")]
        .iter()
        .chain(variables)
        .fold(call, |call, (name, value)| call.env(name, value));
    call.run()
}

/// What a job of GitLab's does with the range that it has found.
fn judge(job: &str) -> String {
    let (_, rest) = CI_GITLAB.split_once(job).unwrap();
    let range = rest.lines().find_map(|line| line.trim_start().strip_prefix("- set -- ")).unwrap();
    format!("set -- {range}\n{}", block(CI_GITLAB, "agentops:merge-request:\n", "- &judge |"))
}

/// A branch whose commit the target's newest policy refuses, and an older one would not.
fn behind_its_target() -> Sandbox {
    let sandbox = Sandbox::governed();
    sandbox.git("switch --quiet --create work");
    sandbox.write("a.txt", "1\n");
    sandbox.commit_all(&lawful("feat: add a"));
    sandbox.git("switch --quiet main");
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config.replace("require_task = false", "require_task = true"));
    sandbox.agentops("policy amend --reason").arg("No work without a task").run().expect_code(0);
    sandbox.git("clone --quiet --bare . ../origin.git");
    sandbox.git("remote add origin ../origin.git");
    sandbox.git("switch --quiet work");
    // What a clone knows of the target may be old, too.
    sandbox.git("branch --quiet --force main work~1");
    sandbox
}

#[test]
fn gitlab_judges_by_the_newest_policy_of_the_target() {
    let judge = judge("agentops:merge-request:\n");
    let judge = judge.as_str();
    // Every job of a merge request finds its base in the same way.
    assert_eq!(CI_GITLAB.matches("    - *base\n").count(), 2);
    assert!(!CI_GITLAB.contains("DIFF_BASE_SHA") && !CI_GITLAB.contains("TARGET_BRANCH_SHA"));
    let sandbox = behind_its_target();
    let (old, tip) = (sandbox.git("rev-parse work~1"), sandbox.git("rev-parse work"));
    sandbox.agentops(&format!("check --base {old} --tip {tip}")).run().expect_code(0);
    let target = ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main");
    let variables = [target, ("CI_COMMIT_SHA", tip.as_str()), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", old.as_str())];
    let judged = gitlab(&sandbox, judge, &variables).expect_code(3);
    assert!(judged.stdout.contains("`paths.require_task`"), "{}", judged.snapshot());
    // Where no base is known nothing passes.
    for (unknown, words) in [
        (("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""), "names no target branch"),
        (("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "gone"), "couldn't find remote ref"),
        (("CI_MERGE_REQUEST_PROJECT_ID", "8"), "runs in a fork"),
    ] {
        let refused = gitlab(&sandbox, judge, &[&variables[..], &[unknown]].concat());
        assert!(refused.code != Some(0) && refused.stderr.contains(words), "{}", refused.snapshot());
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn gitlab_gets_both_reports_and_the_verdict() {
    let sandbox = behind_its_target();
    sandbox.git("checkout --quiet main");
    let (before, good) = (sandbox.git("rev-parse main"), sandbox.commit_all(&lawful("feat: nothing")));
    sandbox.write("b.txt", "1\n");
    let bad = sandbox.commit_all("wip");
    assert_eq!(CI_GITLAB.matches("    - *judge\n").count(), 1);
    let run = |before: &str, tip: &str| {
        let variables = [("CI_COMMIT_BEFORE_SHA", before), ("CI_COMMIT_SHA", tip), ("CI_COMMIT_BRANCH", "main")];
        let target = [("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")];
        gitlab(&sandbox, &judge("agentops:push:\n"), &[&variables[..], &target].concat())
    };
    // A link of a branch would lead what is written here to another file.
    fs::write(sandbox.root().join("kept"), "kept").unwrap();
    for name in ["gl-code-quality-report.json", "agentops.junit.xml"] {
        assert!(CI_GITLAB.contains(&format!(": {name}\n")), "GitLab is told of it");
        symlink("../kept", sandbox.path().join(name)).unwrap();
    }
    let refused = run(&good, &bad).expect_code(3);
    assert!(refused.stdout.matches("fail: ").count() == 1, "{}", refused.snapshot());
    assert!(sandbox.read("gl-code-quality-report.json").starts_with("[{\"description\""));
    assert!(sandbox.read("agentops.junit.xml").contains("<failure "));
    assert_eq!(fs::read_to_string(sandbox.root().join("kept")).unwrap(), "kept");
    let nothing = run(&"0".repeat(40), &bad).expect_code(1);
    assert!(nothing.stderr.contains("nothing was judged"), "{}", nothing.snapshot());
    assert!(!sandbox.path().join("agentops.junit.xml").exists());
    run(&before, &good).expect_code(0);
    assert_eq!(sandbox.read("gl-code-quality-report.json"), "[]\n");
}

#[test]
fn the_action_takes_no_other_program_and_no_other_event() {
    use std::os::unix::fs::PermissionsExt as _;
    const GET: &str = "Get agentops";
    let sandbox = Sandbox::adopted();
    let place = sandbox.root().join("tools");
    fs::create_dir(&place).unwrap();
    // Stands in for the network, and for cargo: what they are asked is what counts.
    let tools = [
        ("curl", "while [ \"$1\" != --output ]; do shift; done\necho \"$4\" >&2\nprintf 'the judge\\n' > \"$2\"\n"),
        ("cargo", "echo cargo \"$@\" in \"$PWD\"\n"),
    ];
    for (name, text) in tools {
        fs::write(place.join(name), format!("#!/bin/sh\n{text}")).unwrap();
        fs::set_permissions(place.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", place.display());
    let digest = agentops::model::digest::Digest::of(b"the judge\n").hex();
    let url = "https://example.org/agentops";
    let get = |url: &str, digest: &str| {
        let variables = [("PATH", path.as_str()), ("URL", url), ("SHA256", digest), ("GITHUB_ACTION_PATH", "/a/b/c/d")];
        run_step(&sandbox, ACTION, GET, &variables)
    };
    let judge = sandbox.root().join("judge/bin/agentops");
    let other = digest.replace(['0', '1', '2'], "3");
    for (url, digest) in [(url, other.as_str()), (url, ""), ("", &digest), (url, &digest[1..]), (url, &"z".repeat(64))]
    {
        assert_ne!(get(url, digest).code, Some(0), "{url} {digest}");
        assert!(!judge.exists());
    }
    let told = get(url, &digest).expect_code(0);
    assert!(told.stderr.contains(url) && judge.exists(), "{}", told.snapshot());
    let built = get("", "").expect_code(0);
    let root = sandbox.root().display();
    assert_eq!(
        built.stdout,
        format!("cargo install --quiet --locked --path /a/b/c/d/../../.. --root {root}/judge in {root}/judge\n")
    );
    let refused = run_step(&sandbox, ACTION, "Refuse other events", &[("EVENT", "pull_request_target")]).expect_code(1);
    assert!(refused.stderr.contains("Of pull_request_target it does not know"), "{}", refused.snapshot());
}

#[test]
fn five_lines_are_enough() {
    // What the files and the page tell people to write is the same, and short.
    let page = include_str!("../../docs/ci.md");
    let commented = |text: &str, first: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.strip_prefix("#   ").unwrap_or("").to_owned());
        lines.skip_while(|line| line != first).take_while(|line| !line.is_empty()).collect()
    };
    for (file, first, most) in [(ACTION, "jobs:", 5), (CI_GITLAB, "include:", 3)] {
        let lines = commented(file, first);
        assert!((3..=most).contains(&lines.len()), "{lines:?}");
        assert!(page.contains(&format!("{}\n", lines.join("\n"))), "{lines:?}");
    }
    // The folder that `uses:` names is there, and three folders below what is built.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(
        root.join("templates/ci/github/../../../Cargo.toml").exists() && page.contains("/templates/ci/github@COMMIT")
    );
}

#[test]
fn commands_of_a_profile_that_extends_another_run_too() {
    let gitlab = block(CI_GITLAB, "\nagentops:commands:\n", "- &commands |");
    let (_, script) = gitlab.split_once("<<'PYTHON'\n").unwrap();
    let (script, run) = script.split_once("PYTHON\n").unwrap();
    assert_eq!(run, "BASE=\"$base\" python3 /tmp/agentops-commands.py\n\n");
    assert_eq!(script, block(CI_GITHUB, "- name: Run the profiles' commands\n", "run: |"), "both run the same");
    let sandbox = Sandbox::governed();
    sandbox.agentops("profile new game --extends product-dev").run().expect_code(0);
    let own = ".agentops/game/profile.toml";
    let game = sandbox.read(own);
    let amend = |text: String| {
        sandbox.write(own, text);
        sandbox.agentops("policy amend --reason").arg("Games have rules").run().expect_code(0);
    };
    let run = || {
        let place = sandbox.root().join("commands.py");
        fs::write(&place, script).unwrap();
        sandbox.call_program(Path::new("python3"), "").arg(&place).env("BASE", "main").run()
    };
    amend(game.clone());
    let both = run().expect_code(0);
    assert_eq!(both.stdout, "game: test: sh test.sh\nproduct-dev: test: sh test.sh\n");
    amend(format!("{game}\n[commands.test]\nrun = [\"sh\", \"game.sh\"]\n"));
    sandbox.write("game.sh", "exit 1\n");
    let failed = run().expect_code(1);
    assert!(failed.stdout.contains("game: test: sh game.sh\n"), "{}", failed.snapshot());
    assert_eq!(failed.stderr, "failed: game: test\n");
    // The branch's own profile decides nothing.
    sandbox.git("switch --quiet --create work");
    sandbox.write(own, "name = \"game\"\n");
    run().expect_code(1);
    // A base that cannot be understood is no base on which all is well.
    sandbox.commit_all("past all hooks");
    sandbox.git("branch --quiet --force main work");
    let unknown = run().expect_code(1);
    assert!(unknown.stderr.contains("game has no implement phase"), "{}", unknown.snapshot());
}
