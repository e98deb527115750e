//! Secrets kept out of commits and found in history: the installed hooks, `check --base`, `check --secrets-history`.
//!
//! The secrets are made up here, and put together from parts, so that no scanner takes this file for a leak.

use crate::sandbox::{Output, Sandbox, lawful};

/// A GitLab token, different for each number.
pub(crate) fn token(number: usize) -> String {
    let letters = b"7xK2mQ9vRtB4nW8sLp3ZcY6dHf5jGg1aE";
    let body: String = (0..20).map(|at| char::from(letters[(at * at + 7 * number + at) % letters.len()])).collect();
    ["glpat", &body].join("-")
}

impl Sandbox {
    fn commit_secret(&self, path: &str, text: &str) -> Output {
        self.write(path, text);
        self.git("add --all");
        self.try_git("commit --quiet --file=-").stdin(lawful("feat: add settings")).run()
    }

    /// The same without hooks.
    fn commit_past_hooks(&self, path: &str, text: &str, subject: &str) -> String {
        self.write(path, text);
        self.git("add --all");
        self.try_git("commit --quiet --no-verify --file=-").stdin(lawful(subject)).run().expect_code(0);
        self.git("rev-parse HEAD")
    }

    fn amend(&self, reason: &str) -> Output {
        self.git("add --all");
        self.agentops(&format!("policy amend --reason \"{reason}\" --quiet")).run()
    }
}

/// Nothing that was printed tells a secret.
#[track_caller]
fn tells_nothing(output: &Output, secrets: &[&str]) {
    for secret in secrets {
        let middle = &secret[5..secret.len() - 2];
        assert!(!output.stdout.contains(middle) && !output.stderr.contains(middle), "{}", output.snapshot());
    }
}

#[test]
fn the_hook_refuses_a_secret_and_does_not_tell_it() {
    let sandbox = Sandbox::hooked();
    let secret = token(1);
    let output = sandbox.commit_secret("deploy.py", &format!("import os\ntoken = \"{secret}\"\n"));
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 1
    --- stderr
    refused: `pre-commit` of agentops stops this commit

    error[AO-S1] deploy.py:2: a GitLab token (gitlab-token): glp… (26 characters)
      fix: take it out and keep it where no commit goes: in the environment, in a store for secrets. Is it none? Say why on its line: `agentops:allow-secret <reason>`

    fail: 1 error, 0 warnings (on <id>)
    hint: `agentops explain AO-S1` tells the law
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    ");
    tells_nothing(&output, &[&secret]);
    let json = sandbox.agentops("check --json").run().expect_code(3);
    tells_nothing(&json, &[&secret]);
    let document = json.json();
    let violation = &document["violations"][0];
    assert_eq!((violation["law"].as_str(), violation["line"].as_u64()), (Some("AO-S1"), Some(2)), "{document}");
    // Staged counts, not what lies in the working tree since.
    sandbox.write("deploy.py", "import os\n");
    sandbox.agentops("check").run().expect_code(3);
    sandbox.commit_secret("deploy.py", "import os\ntoken = os.environ[\"TOKEN\"]\n").expect_code(0);
}

#[test]
fn a_reason_on_the_line_lets_it_pass_and_no_waiver_does() {
    let sandbox = Sandbox::hooked();
    let line = |comment: &str| format!("token = \"{}\" # {comment}\n", token(2));
    sandbox.commit_secret("a.py", &line("agentops:allow-secret")).expect_code(1);
    sandbox.commit_secret("a.py", &line("gitleaks:allow todo")).expect_code(1);
    let waived =
        format!("{}\nAgentops-Waive: AO-S1 the sandbox of the vendor is public\n", lawful("feat: add settings"));
    sandbox.try_git("commit --quiet --file=-").stdin(waived).run().expect_code(1);
    let reason = "agentops:allow-secret of the vendor's public sandbox, printed in its manual";
    sandbox.commit_secret("a.py", &line(reason)).expect_code(0);
    let check = sandbox.agentops("check --base HEAD~1").run().expect_code(0);
    assert!(check.stdout.contains("note: allowed on its line, `a.py:1`: a GitLab token"), "{}", check.snapshot());
    tells_nothing(&check, &[&token(2)]);
}

#[test]
fn a_secret_added_and_removed_in_one_branch_is_found() {
    let sandbox = Sandbox::adopted();
    let added = sandbox.commit_past_hooks("a.txt", &format!("{}\n", token(3)), "feat: add it");
    sandbox.commit_past_hooks("a.txt", "nothing\n", "fix: take it out");
    let output = sandbox.agentops("check --base HEAD~2 --json").run().expect_code(3);
    tells_nothing(&output, &[&token(3)]);
    let document = output.json();
    let found: Vec<_> = document["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|violation| (violation["law"].as_str(), violation["commit"].as_str()))
        .collect();
    assert_eq!(found, [(Some("AO-S1"), Some(added.as_str()))], "{document}");
    // Once it has landed a replay tells it and does not fail for ever.
    let replay = sandbox.agentops("check --all --json").run().expect_code(0).json();
    assert!(
        replay["violations"]
            .as_array()
            .unwrap()
            .iter()
            .any(|violation| violation["law"] == "AO-S1" && violation["level"] == "warn"),
        "{replay}"
    );
}

#[test]
fn the_baseline_knows_what_was_there_and_nothing_new() {
    let sandbox = Sandbox::adopted();
    let (old, new) = (token(4), token(5));
    sandbox.commit_past_hooks("a.txt", &format!("one\n{old}\n"), "feat: add it");
    sandbox.commit_past_hooks("b.txt", "b\n", "feat: add another file");
    let output = sandbox.agentops("check --secrets-history").run();
    insta::assert_snapshot!(output.snapshot_without_ids(), @"
    exit 3
    --- stdout
    commit <id>
    secret[gitlab-token] a.txt:2: a GitLab token: glp… (26 characters)

    found: 1 secret in 21 files of 3 commits
    ");
    let json = sandbox.agentops("check --secrets-history --json").run().expect_code(3);
    tells_nothing(&json, &[&old]);
    let document = json.json();
    assert_eq!(
        (document["secrets"][0]["path"].as_str(), document["secrets"][0]["line"].as_u64()),
        (Some("a.txt"), Some(2))
    );
    let written = sandbox.agentops("check --secrets-history --write-baseline --quiet").run().expect_code(0);
    tells_nothing(&written, &[&old]);
    let baseline = sandbox.read(".agentops/secrets.baseline");
    assert!(!baseline.contains(&old[6..]) && baseline.ends_with(" gitlab-token a.txt\n"), "{baseline}");
    // It takes an amend, and only then it counts.
    sandbox.git("add --all");
    sandbox.agentops("check").run().expect_code(3);
    sandbox.amend("The token was revoked in March, before this repository was governed").expect_code(0);
    let known = sandbox.agentops("check --secrets-history").run().expect_code(0);
    assert!(known.stdout.ends_with("1 known\n"), "{}", known.snapshot());
    // Looking back, the replay need not warn of it any more; a landing does not go by what came later.
    let warns = |arguments: &str| sandbox.agentops(arguments).run().stdout.contains("AO-S1");
    assert!(warns("check --all --tip HEAD~1") && !warns("check --all"));
    assert!(warns("check --base HEAD~3"));
    sandbox.git("rm --quiet --cached a.txt");
    sandbox.write("a.txt", format!("one\n{old}\n"));
    sandbox.git("commit --quiet --no-verify -m away");
    sandbox.git("add a.txt");
    sandbox.agentops("check").run().expect_code(0);
    sandbox.write("a.txt", format!("one\n{new}\n"));
    sandbox.git("add a.txt");
    sandbox.agentops("check").run().expect_code(3);
}

#[test]
fn rules_of_the_repository_are_governed_and_named_where_they_are_wrong() {
    let sandbox = Sandbox::adopted();
    sandbox.write(".agentops/secrets.toml", "[[rules]]\nid = \"badge\"\nregex = '''badge-[0-9]{6}'''\n\n[[rules]]\nid = \"slow\"\nregex = '''(?=badge)x'''\nkeywords = [\"badge\"]\n");
    let refused = sandbox.amend("Badges open doors here, so they are secrets").expect_code(1);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains(".agentops/secrets.toml:7:") && said.contains("looking ahead"), "{}", refused.snapshot());
    sandbox.write(
        ".agentops/secrets.toml",
        "[extend]\ndisabledRules = [\"gitlab-token\"]\n[[rules]]\nid = \"badge\"\nregex = '''badge-[0-9]{6}'''\n[[allowlists]]\ndescription = \"samples\"\nregexes = ['''sample.+''']\n",
    );
    let base = sandbox.git("rev-parse HEAD");
    sandbox.amend("Badges open doors here, so they are secrets").expect_code(0);
    let landing = sandbox.agentops("check").arg("--base").arg(&base).run().expect_code(0);
    assert!(landing.stdout.contains("loosened: `gitlab-token` finds no secrets any more"), "{}", landing.snapshot());
    assert!(
        landing.stdout.contains("loosened: counts as no secret: samples (regexes `sample.+`)"),
        "{}",
        landing.snapshot()
    );
    sandbox.write("a.txt", format!("badge-314159 {}\n", token(6)));
    sandbox.git("add a.txt");
    let output = sandbox.agentops("check").run().expect_code(3);
    assert!(
        output.stdout.contains("(badge): … (12 characters)") || output.stdout.contains("(badge): b… (12 characters)"),
        "{}",
        output.snapshot()
    );
    assert!(!output.stdout.contains("gitlab-token"));
}

#[test]
fn history_is_searched_before_adoption_and_on_every_branch() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "a\n");
    sandbox.commit_all("begin\n");
    sandbox.git("switch --quiet -c side");
    sandbox.write("a.txt", format!("{}\n", token(7)));
    sandbox.commit_all("side\n");
    sandbox.git("switch --quiet main");
    let output = sandbox.agentops("check --secrets-history --json").run().expect_code(3);
    tells_nothing(&output, &[&token(7)]);
    let document = output.json();
    assert_eq!((document["searched"]["files"].as_u64(), document["secrets"].as_array().unwrap().len()), (Some(2), 1));
    sandbox.agentops("check --secrets-history --tip main").run().expect_code(0);
    sandbox.agentops("check --secrets-history --exit-zero").run().expect_code(0);
    let refused = sandbox.agentops("check --secrets-history --write-baseline out").run().expect_code(1);
    assert!(refused.stderr.contains("agentops init"), "{}", refused.snapshot());
    assert!(!sandbox.path().join("out").exists());
}

#[test]
fn under_edition_1_nothing_of_it_rules() {
    let sandbox = Sandbox::adopted();
    let former = sandbox.read(".agentops/format.toml").replace("laws = 2", "laws = 1");
    sandbox.write(".agentops/format.toml", former);
    sandbox.git("add --all");
    sandbox.git("commit --quiet --amend --no-verify --no-edit");
    sandbox.write("a.txt", format!("{}\n", token(8)));
    sandbox.git("add --all");
    sandbox.agentops("check").run().expect_code(0);
    sandbox.write(".agentops/secrets.toml", "[extend]\ndisabledRules = [\"jwt\"]\n");
    sandbox.git("add --all");
    let output = sandbox.agentops("check").run().expect_code(3);
    assert!(output.stdout.contains("AO-E2") && output.stdout.contains("agentops upgrade"), "{}", output.snapshot());
}
