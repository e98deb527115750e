//! `doctor`: what it sees, and what it mends.

use std::fs;
use std::time::Duration;

use crate::sandbox::{Output, Sandbox};

impl Sandbox {
    fn doctor(&self, arguments: &str) -> Output {
        self.agentops(&format!("doctor {arguments}")).run()
    }

    /// What one check says: grade and text of each of its findings.
    #[track_caller]
    fn findings(&self, check: &str) -> Vec<(String, String)> {
        let document = self.doctor("--json").json();
        let text =
            |value: &serde_json::Value| value.as_str().unwrap().replace(&*self.root().to_string_lossy(), "<root>");
        let findings = document["findings"].as_array().unwrap().iter();
        let own = findings.filter(|finding| finding["check"] == check);
        own.map(|finding| (text(&finding["grade"]), text(&finding["what"]))).collect()
    }
}

#[test]
fn a_healthy_repository() {
    let sandbox = Sandbox::hooked();
    let output = sandbox.doctor("").expect_code(0);
    let version = sandbox.git("version").replace("git ", "");
    insta::assert_snapshot!(output.snapshot().replace(&version, "version <version>"), @r#"
    exit 0
    --- stdout
    ok   git: version <version>
    ok   repository: <root>/repo (sha1)
    ok   hooks: 5 installed
    ok   rules: format 1, laws 2, 1 actor, profiles: sre
    ok   working tree: has the rules of HEAD
    warn profile: sre: no program yet for `smoke`, `test`; gates that want it cannot pass
         fix: fill in `run` below `[commands.…]` in `.agentops/sre/profile.toml`, then `agentops policy amend --reason "…"`
    ok   attributes: git leaves the files alone
    ok   actor: alice (human)
    ok   journal: nothing is unfinished
    ok   locks: none
    ok   history: complete
    --- stderr
    0 failed, 1 could be better, 10 in order
    "#);
}

#[test]
fn no_repository_and_no_rules() {
    let sandbox = Sandbox::without_repository();
    assert_eq!(sandbox.findings("repository")[0].0, "fail");
    sandbox.doctor("").expect_code(1);
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.findings("rules")[0].0, "warn");
    sandbox.doctor("").expect_code(0);
    let sandbox = Sandbox::without_repository();
    // Said by hand, since git older than 2.45 cannot make such a repository.
    sandbox.git("init --quiet");
    let config = "[core]\n\trepositoryFormatVersion = 1\n\tbare = false\n[extensions]\n\trefStorage = reftable\n";
    sandbox.write(".git/config", config);
    let found = sandbox.findings("repository");
    assert!(found[0].0 == "fail" && found[0].1.contains("reftable"), "{found:?}");
}

#[test]
fn rules_that_are_wrong_are_placed() {
    let sandbox = Sandbox::hooked();
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config.replace("[waivers]", "[wavers]"));
    let edited = sandbox.findings("working tree");
    assert!(edited[0].0 == "fail" && edited[0].1.starts_with(".agentops/config.toml:"), "{edited:?}");
    assert_eq!(sandbox.findings("rules")[0].0, "ok");
    sandbox.try_git("commit --quiet --no-verify -a -m broken").run().expect_code(0);
    let broken = sandbox.findings("rules");
    assert!(broken[0].0 == "fail" && broken[0].1.contains("`wavers`"), "{broken:?}");
    sandbox.doctor("").expect_code(1);
    sandbox.write(".agentops/config.toml", config);
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 9 "));
    sandbox.try_git("commit --quiet --no-verify -a -m newer").run().expect_code(0);
    let newer = sandbox.findings("rules");
    assert!(newer[0].0 == "fail" && newer[0].1.contains("needs a newer agentops"), "{newer:?}");
}

#[test]
fn profiles_agents_and_actors() {
    let sandbox = Sandbox::hooked();
    assert_eq!(sandbox.findings("actor"), [("ok".to_owned(), "alice (human)".to_owned())]);
    sandbox.git("config user.email stranger@example.org");
    assert_eq!(sandbox.findings("actor")[0].0, "warn");
    sandbox.write(".agentops/sre/agents/resolver.md", "no front matter\n");
    sandbox.try_git("commit --quiet --no-verify -a -m broken").run().expect_code(0);
    let profile = sandbox.findings("profile");
    assert!(profile[0].0 == "fail" && profile[0].1.contains("agents/resolver.md:1:1"), "{profile:?}");
}

#[test]
fn attributes_must_be_there_and_work() {
    let sandbox = Sandbox::hooked();
    assert_eq!(sandbox.findings("attributes")[0].0, "ok");
    sandbox.write(".git/info/attributes", ".agentops/** text\n");
    let found = sandbox.findings("attributes");
    assert!(found[0].0 == "fail" && found[0].1.contains("`text`"), "{found:?}");
    fs::remove_file(sandbox.path().join(".git/info/attributes")).unwrap();
    sandbox.write(".agentops/.gitattributes", "* -text\n");
    sandbox.try_git("commit --quiet --no-verify -a -m less").run().expect_code(0);
    assert_eq!(sandbox.findings("attributes")[0].0, "fail");
    sandbox.git("rm --quiet .agentops/.gitattributes");
    sandbox.try_git("commit --quiet --no-verify -a -m none").run().expect_code(0);
    assert!(sandbox.findings("attributes")[0].1.contains("is missing"));
}

#[test]
fn hooks_in_every_state() {
    let sandbox = Sandbox::adopted();
    let missing = "not installed: pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push";
    assert_eq!(sandbox.findings("hooks"), [("warn".to_owned(), missing.to_owned())]);
    sandbox.doctor("").expect_code(0);
    sandbox.agentops("hooks install").run().expect_code(0);
    assert_eq!(sandbox.findings("hooks"), [("ok".to_owned(), "5 installed".to_owned())]);
    let text = sandbox.read(".git/hooks/pre-push");
    sandbox.write(".git/hooks/pre-push", text.clone() + "exit 0\n");
    sandbox
        .write(".git/hooks/pre-commit", text.replacen(text.lines().next().unwrap(), "#!/gone/agentops --git-hook", 1));
    let grades: Vec<_> = sandbox.findings("hooks").into_iter().map(|(grade, _)| grade).collect();
    assert_eq!(grades, ["fail", "fail"]);
    sandbox.agentops("hooks install").run().expect_code(0);
    sandbox.git("config --global core.hooksPath /elsewhere");
    let found = sandbox.findings("hooks");
    assert!(found[0].0 == "fail" && found[0].1.contains("core.hooksPath"), "{found:?}");
}

#[test]
fn locks_and_shallow_clones() {
    let sandbox = Sandbox::hooked();
    assert_eq!(sandbox.findings("locks")[0].0, "ok");
    sandbox.write(".git/index.lock", "");
    let found = sandbox.findings("locks");
    assert!(found[0].0 == "warn" && found[0].1.contains("index.lock"), "{found:?}");
    let lock = fs::File::options().write(true).open(sandbox.path().join(".git/index.lock")).unwrap();
    let made = lock.metadata().unwrap().modified().unwrap();
    lock.set_modified(made - Duration::from_secs(3 * 3600 + 60)).unwrap();
    let found = sandbox.findings("locks");
    assert!(found[0].0 == "fail" && found[0].1.contains("3 hours old"), "{found:?}");
    let shallow = sandbox.root().join("shallow");
    fs::remove_file(sandbox.path().join(".git/index.lock")).unwrap();
    sandbox.commit_with_all_hooks_skipped("second");
    let url = format!("file://{}", sandbox.path().display());
    sandbox.try_git("clone --quiet --depth=1").arg(url).arg(&shallow).run().expect_code(0);
    let output = sandbox.agentops("doctor").in_dir(&shallow).run();
    assert!(output.stdout.contains("warn history: the clone is shallow"), "{}", output.snapshot());
}

#[test]
fn what_a_killed_command_left_is_finished() {
    let sandbox = Sandbox::adopted();
    let opened = sandbox.agentops("task new --profile sre --json").arg("Database is slow").run().expect_code(0).json();
    let task = opened["task"].as_str().unwrap();
    let head = sandbox.git("rev-parse HEAD");
    let event = sandbox.git(&format!("ls-files .agentops/sre/events/{task}"));
    let blob = sandbox.git(&format!("rev-parse HEAD:{event}"));
    // As if the process had died right after the branch moved.
    sandbox.git(&format!("rm --quiet --cached {event}"));
    fs::remove_file(sandbox.path().join(&event)).unwrap();
    sandbox.write(".git/agentops/journal", format!("{head}\nrefs/heads/main\n- 100644 {blob} {event}\0"));
    assert_eq!(sandbox.findings("journal")[0].0, "warn");
    assert_ne!(sandbox.git("status --porcelain --untracked-files=no"), "");
    sandbox.doctor("--fix").expect_code(0);
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
    assert_eq!(sandbox.findings("journal"), [("ok".to_owned(), "nothing is unfinished".to_owned())]);
}

impl Sandbox {
    fn commit_with_all_hooks_skipped(&self, message: &str) {
        self.write("more.txt", message);
        self.git("add more.txt");
        self.try_git("commit --quiet --no-verify -m").arg(message).run().expect_code(0);
    }
}

#[test]
fn worktrees_that_are_not_whole() {
    let sandbox = Sandbox::hooked();
    let [gone, half] = ["gone", "half made"].map(|name| sandbox.root().join(name));
    sandbox.try_git("worktree add --quiet --detach").arg(&gone).run().expect_code(0);
    assert_eq!(sandbox.findings("worktrees"), []);
    fs::remove_dir_all(&gone).unwrap();
    // A lock with this reason is what `git worktree add` leaves when it is killed.
    let killed = sandbox.try_git("worktree add --quiet --detach --no-checkout --lock --reason initializing");
    killed.arg(&half).run().expect_code(0);
    let warn = |what: &str| ("warn".to_owned(), what.to_owned());
    assert_eq!(
        sandbox.findings("worktrees"),
        [
            warn("the folder `<root>/gone` is gone, and git has a record of it"),
            warn("`<root>/half made` is being made, or what made it was killed half-way"),
        ]
    );
    let told = sandbox.doctor("").expect_code(0).stdout;
    assert!(told.contains("`git worktree prune`") && told.contains("worktree remove --force --force '"), "{told}");
    // What it names mends it, also where the folder of the second is gone by now.
    fs::remove_dir_all(&half).unwrap();
    sandbox.git("worktree prune");
    sandbox.try_git("worktree remove --force --force").arg(&half).run().expect_code(0);
    assert_eq!(sandbox.findings("worktrees"), []);
}

#[test]
fn a_default_branch_that_nobody_protects() {
    let sandbox = Sandbox::adopted();
    assert_eq!(sandbox.findings("branches"), []);
    let head = sandbox.git("rev-parse HEAD");
    for (name, warned) in [("main", false), ("trunk", true)] {
        sandbox.git(&format!("update-ref refs/remotes/origin/{name} {head}"));
        sandbox.git(&format!("symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/{name}"));
        let found = sandbox.findings("branches");
        assert_eq!(found.len(), usize::from(warned), "{name}: {found:?}");
    }
    let found = sandbox.findings("branches");
    assert!(found[0].0 == "warn" && found[0].1.contains("`trunk` is the default branch of `origin`"), "{found:?}");
    let config = sandbox.read(".agentops/config.toml");
    sandbox.write(".agentops/config.toml", config.replace("protected = [", "protected = [\"trunk\", "));
    sandbox.agentops("policy amend --reason").arg("Work lands on trunk").run().expect_code(0);
    assert_eq!(sandbox.findings("branches"), []);
}
