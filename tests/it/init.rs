//! `agentops init` and `agentops deinit`: any repository, once and again, and back to what it was.

use std::fs;

use super::sandbox::{Output, Sandbox, lawful};

const BEGIN: &str = "<!-- agentops:begin -->";

/// Everything that git knows of the working tree, index and branch.
fn standing(sandbox: &Sandbox) -> String {
    let head = sandbox.try_git("rev-parse --verify --quiet HEAD").run().stdout;
    let objects = sandbox.git("count-objects -v");
    let files = sandbox.git("status --porcelain=v2 --untracked-files=all --ignored");
    let refs = sandbox.git("for-each-ref");
    let mut hooks: Vec<String> = fs::read_dir(sandbox.path().join(".git/hooks"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    hooks.sort();
    format!("{head}\n{objects}\n{files}\n{refs}\n{hooks:?}")
}

fn tree(sandbox: &Sandbox) -> String {
    sandbox.git("rev-parse HEAD^{tree}")
}

/// A run of `init` that must end well.
fn init(sandbox: &Sandbox, arguments: &str) -> Output {
    sandbox.agentops(&format!("init {arguments}")).run().expect_code(0)
}

#[test]
fn a_new_repository_gets_its_first_commit() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.toml", "[package]\n");
    insta::assert_snapshot!(init(&sandbox, "").snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    agentops is set up on main
      commit    <id>
      profiles  data-eng, devops, product-dev, sre
      you       alice <alice@example.org>, owner and reviewer
      tests     cargo test (because of Cargo.toml)
      votes     by terminal, which is unauthenticated: could be written by an agent
      hooks     pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push written
      files     60 below .agentops/, AGENTS.md
    --- stderr
    hint: no command line yet, so gates that want it cannot pass:
      `[commands.smoke]` in .agentops/devops/profile.toml
      `[commands.validate]` in .agentops/devops/profile.toml
      `[commands.smoke]` in .agentops/sre/profile.toml
      fill in `run`, then: agentops policy amend --reason "…"
    hint: agentops task new "…" --profile product-dev
    "#);
    assert_eq!(sandbox.git("status --porcelain"), "?? Cargo.toml");
    assert_eq!(sandbox.git("log --format=%s"), "chore: set up agentops");
    assert_eq!(sandbox.git("show HEAD:.agentops/allowed_signers"), "");
    assert_eq!(
        sandbox.git("show HEAD:.agentops/.gitattributes"),
        "* -text -eol -filter -ident -working-tree-encoding -export-subst -export-ignore"
    );
    assert!(sandbox.read("AGENTS.md").starts_with(BEGIN));
    assert!(!sandbox.path().join("CLAUDE.md").exists());
    assert!(sandbox.read(".agentops/sre/profile.toml").contains("run = [\"cargo\", \"test\"]"));
    sandbox.git("fsck --strict");
    sandbox.agentops("check --all").run().expect_code(0);
    sandbox.agentops("hooks status").run().expect_code(0);
}

#[test]
fn the_work_of_others_stays() {
    let sandbox = Sandbox::new();
    for file in ["staged", "edited", "gone", "both"] {
        sandbox.write(file, "1\n");
    }
    sandbox.write("AGENTS.md", "# Agents\r\n\r\nBe kind.\r\n");
    sandbox.write("CLAUDE.md", "Be brief.");
    sandbox.commit_all("first");
    for file in ["staged", "both", "new"] {
        sandbox.write(file, "2\n");
        sandbox.git(&format!("add {file}"));
    }
    for file in ["both", "edited", "untracked"] {
        sandbox.write(file, "3\n");
    }
    fs::remove_file(sandbox.path().join("gone")).unwrap();
    let before = sandbox.git("status --porcelain=v2 --untracked-files=all");
    init(&sandbox, "--profile product-dev");
    assert_eq!(sandbox.git("status --porcelain=v2 --untracked-files=all"), before);
    let changed = sandbox.git("diff --name-only HEAD^ HEAD");
    let foreign: Vec<&str> = changed.lines().filter(|path| !path.starts_with(".agentops/")).collect();
    assert_eq!(foreign, ["AGENTS.md", "CLAUDE.md"]);
    let agents = sandbox.read("AGENTS.md");
    assert!(agents.starts_with(&format!("# Agents\r\n\r\nBe kind.\r\n\r\n{BEGIN}\r\n")));
    assert!(agents.lines().count() > 10 && !agents.replace("\r\n", "").contains('\n'), "every line ends as before");
    assert!(sandbox.read("CLAUDE.md").starts_with(&format!("Be brief.\n\n{BEGIN}\n")));
}

#[test]
fn once_more_is_nothing() {
    let sandbox = Sandbox::new();
    init(&sandbox, "");
    let before = standing(&sandbox);
    insta::assert_snapshot!(init(&sandbox, "").snapshot(), @"
    exit 0
    --- stdout
    already set up: nothing was done
    ");
    assert_eq!(standing(&sandbox), before);
    insta::assert_snapshot!(init(&sandbox, "--profile sre --json").snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    {"schema_version":1,"done":"nothing","commits":[],"branch":null,"paths":[],"uncommitted":[],"kept":[],"profiles":[],"human":null,"test_command":null,"without_command":[],"proofs":[],"key":null,"hooks":[{"hook":"pre-commit","step":"unchanged"},{"hook":"prepare-commit-msg","step":"unchanged"},{"hook":"commit-msg","step":"unchanged"},{"hook":"pre-merge-commit","step":"unchanged"},{"hook":"pre-push","step":"unchanged"}],"hooks_error":null,"notes":[],"dry_run":false}
    "#);
    assert_eq!(standing(&sandbox), before);
}

#[test]
fn what_is_missing_comes_back() {
    let sandbox = Sandbox::new();
    sandbox.write("AGENTS.md", "Mine.\n");
    sandbox.commit_all("first");
    init(&sandbox, "--profile sre");
    fs::remove_file(sandbox.path().join(".git/hooks/commit-msg")).unwrap();
    sandbox.write("AGENTS.md", format!("Mine.\n\n{BEGIN}\nOUTDATED\n<!-- agentops:end -->\nMore.\n"));
    sandbox.git("add AGENTS.md");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin("shorter").run().expect_code(0);
    insta::assert_snapshot!(init(&sandbox, "").snapshot_without_ids(), @"
    exit 0
    --- stdout
    already set up: what was missing added on main
      commit  <id>
      hooks   commit-msg written
      files   AGENTS.md
    ");
    let text = sandbox.read("AGENTS.md");
    assert!(
        text.starts_with("Mine.\n\n") && text.ends_with("<!-- agentops:end -->\nMore.\n") && !text.contains("OUTDATED")
    );
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.agentops("hooks status").run().expect_code(0);
    sandbox.agentops("check --base HEAD~1").run().expect_code(0);
}

#[test]
fn a_profile_is_added_by_an_amend() {
    let sandbox = Sandbox::new();
    init(&sandbox, "--profile devops");
    insta::assert_snapshot!(init(&sandbox, "--flavor sre --test-command \"make check\"").snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    already set up: what was missing added on main
      commit    <id>
      profiles  sre
      tests     make check (as given)
      files     15 below .agentops/
    --- stderr
    hint: no command line yet, so gates that want it cannot pass:
      `[commands.smoke]` in .agentops/sre/profile.toml
      fill in `run`, then: agentops policy amend --reason "…"
    "#);
    assert_eq!(sandbox.git("log --format=%s"), "chore(policy): amend governed files\nchore: set up agentops");
    assert!(sandbox.read(".agentops/sre/profile.toml").contains("run = [\"make\", \"check\"]"));
    // A profile with documents takes a step more: they are its own only once the base has it.
    init(&sandbox, "--profile product-dev");
    assert_eq!(sandbox.git("log -1 --format=%s"), "chore: add the profile's documents");
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.agentops("check --all").run().expect_code(0);
    sandbox.agentops("check --base HEAD~3").run().expect_code(3);
    sandbox.agentops("check --base HEAD~1").run().expect_code(0);
}

#[test]
fn files_that_are_there_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.write(".agentops/sre/standards/alerting.md", "Ours.\n");
    sandbox.write(".agentops/sre/notes.txt", "A note.\n");
    insta::assert_snapshot!(init(&sandbox, "--profile sre").snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    agentops is set up on main
      commit    <id>
      profiles  sre
      you       alice <alice@example.org>, owner and reviewer
      votes     by terminal, which is unauthenticated: could be written by an agent
      hooks     pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push written
      files     18 below .agentops/, AGENTS.md
    kept .agentops/sre/standards/alerting.md: it was there already
    --- stderr
    hint: no command line yet, so gates that want it cannot pass:
      `[commands.smoke]` in .agentops/sre/profile.toml
      `[commands.test]` in .agentops/sre/profile.toml
      fill in `run`, then: agentops policy amend --reason "…"
    hint: agentops task new "…" --profile sre
    "#);
    assert_eq!(sandbox.git("show HEAD:.agentops/sre/standards/alerting.md"), "Ours.");
    assert_eq!(sandbox.git("status --porcelain"), "?? .agentops/sre/notes.txt");
}

#[test]
fn kept_files_must_make_a_policy() {
    let sandbox = Sandbox::new();
    sandbox.write(".agentops/config.toml", "colour = 1\n");
    let before = standing(&sandbox);
    insta::assert_snapshot!(sandbox.agentops("init --profile sre").run().expect_code(1).snapshot(), @"
    exit 1
    --- stderr
    error: .agentops/config.toml:1:1: `colour` is not a key of the top of the file. To mend it: remove it; the keys are `laws`, `messages`, `gates`, `governance`, `waivers`, `budgets`, `bundles`, `paths`, `refs`, `actors`, `compromised`, `exempt` and `agent_markers`
    ");
    assert_eq!(standing(&sandbox), before);
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = Sandbox::new();
    let before = standing(&sandbox);
    insta::assert_snapshot!(init(&sandbox, "--dry-run --profile sre").snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    agentops would be set up on main
      profiles  sre
      you       alice <alice@example.org>, owner and reviewer
      votes     by terminal, which is unauthenticated: could be written by an agent
      hooks     pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push would be written
      files     18 below .agentops/, AGENTS.md
    --- stderr
    hint: no command line yet, so gates that want it cannot pass:
      `[commands.smoke]` in .agentops/sre/profile.toml
      `[commands.test]` in .agentops/sre/profile.toml
      fill in `run`, then: agentops policy amend --reason "…"
    "#);
    assert_eq!(standing(&sandbox), before);
    sandbox.write("AGENTS.md", "Mine.\n");
    sandbox.commit_all("first");
    let before = standing(&sandbox);
    init(&sandbox, "--dry-run");
    assert_eq!(standing(&sandbox), before);
    init(&sandbox, "--profile devops");
    let before = standing(&sandbox);
    for arguments in ["init -n --profile product-dev", "deinit -n"] {
        let output = sandbox.agentops(arguments).run().expect_code(0);
        assert!(output.stdout.contains("would be"), "{}", output.snapshot());
        assert_eq!(standing(&sandbox), before, "{arguments}");
    }
}

#[test]
fn without_a_commit_files_are_written_and_not_staged() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(init(&sandbox, "--no-commit --profile sre").snapshot(), @r#"
    exit 0
    --- stdout
    agentops is laid out in the working tree, neither staged nor committed
      profiles  sre
      you       alice <alice@example.org>, owner and reviewer
      votes     by terminal, which is unauthenticated: could be written by an agent
      hooks     pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push written
      files     18 below .agentops/, AGENTS.md
    --- stderr
    hint: no command line yet, so gates that want it cannot pass:
      `[commands.smoke]` in .agentops/sre/profile.toml
      `[commands.test]` in .agentops/sre/profile.toml
      fill in `run`, then: agentops policy amend --reason "…"
    hint: look at the files, then: agentops init   (it commits exactly them, as they are)
    "#);
    assert_eq!(sandbox.git("status --porcelain"), "?? .agentops/\n?? AGENTS.md");
    // They are committed by the next run, as they are.
    sandbox.write(".agentops/sre/standards/alerting.md", "Ours.\n");
    init(&sandbox, "--profile sre");
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("show HEAD:.agentops/sre/standards/alerting.md"), "Ours.");
}

#[test]
fn flags_leave_things_alone() {
    let sandbox = Sandbox::new();
    init(&sandbox, "--no-agents-md --no-hooks --profile sre");
    assert!(!sandbox.path().join("AGENTS.md").exists());
    sandbox.agentops("hooks status").run().expect_code(1);
}

#[test]
fn uncommitted_words_about_agents_stay_uncommitted() {
    let sandbox = Sandbox::new();
    sandbox.write("AGENTS.md", "Mine.\n");
    insta::assert_snapshot!(init(&sandbox, "--profile sre").snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    agentops is set up on main
      commit    <id>
      profiles  sre
      you       alice <alice@example.org>, owner and reviewer
      votes     by terminal, which is unauthenticated: could be written by an agent
      hooks     pre-commit, prepare-commit-msg, commit-msg, pre-merge-commit, pre-push written
      files     18 below .agentops/
    AGENTS.md: the block put into the working tree, not committed: the file holds work of yours
    --- stderr
    hint: no command line yet, so gates that want it cannot pass:
      `[commands.smoke]` in .agentops/sre/profile.toml
      `[commands.test]` in .agentops/sre/profile.toml
      fill in `run`, then: agentops policy amend --reason "…"
    hint: agentops task new "…" --profile sre
    "#);
    assert_eq!(sandbox.git("status --porcelain"), "?? AGENTS.md");
    assert!(sandbox.read("AGENTS.md").starts_with(&format!("Mine.\n\n{BEGIN}\n")));
}

#[cfg(unix)]
#[test]
fn claude_may_read_the_same_file() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink("AGENTS.md", sandbox.path().join("CLAUDE.md")).unwrap();
    sandbox.commit_all("first");
    let output = init(&sandbox, "--profile sre");
    assert!(output.stdout.contains("kept CLAUDE.md: it is no plain file\n"), "{}", output.snapshot());
    let importing = Sandbox::new();
    importing.write("CLAUDE.md", "@AGENTS.md\n");
    importing.commit_all("first");
    let output = init(&importing, "--profile sre");
    assert!(output.stdout.contains("kept CLAUDE.md: it imports AGENTS.md"), "{}", output.snapshot());
    assert_eq!(importing.read("CLAUDE.md"), "@AGENTS.md\n");
}

#[cfg(unix)]
#[test]
fn modes_stay_and_links_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let sandbox = Sandbox::new();
    sandbox.write("AGENTS.md", "Mine.\n");
    fs::set_permissions(sandbox.path().join("AGENTS.md"), fs::Permissions::from_mode(0o755)).unwrap();
    let first = sandbox.commit_all("first");
    init(&sandbox, "--profile sre");
    assert!(sandbox.git("ls-tree HEAD AGENTS.md").starts_with("100755 "));
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.git(&format!("reset --quiet --hard {first}"));
    fs::create_dir(sandbox.root().join("elsewhere")).unwrap();
    symlink(sandbox.root().join("elsewhere"), sandbox.path().join(".agentops")).unwrap();
    let refused = sandbox.agentops("init").run().expect_code(1);
    assert!(refused.stderr.contains("`.agentops` is there already"), "{}", refused.snapshot());
    assert_eq!(fs::read_dir(sandbox.root().join("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_linked_worktree_is_set_up_on_its_branch() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1\n");
    let first = sandbox.commit_all("first");
    let side = sandbox.worktree("side");
    init(&side, "--profile sre");
    assert_eq!(sandbox.git("rev-parse main"), first);
    assert_eq!(side.git("status --porcelain"), "");
    assert!(!sandbox.path().join(".agentops").exists());
    side.agentops("hooks status").run().expect_code(0);
    // The hooks are common to both, and leave the branch alone that is not governed.
    sandbox.write("a", "2\n");
    sandbox.commit_all("no law here yet");
    side.write("a", "3\n");
    side.try_git("commit --quiet --all --message=lawless").run().expect_code(1);
}

#[test]
fn a_branch_from_before_does_not_become_a_second_project() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1\n");
    sandbox.commit_all("first");
    sandbox.git("branch old");
    init(&sandbox, "--profile sre");
    sandbox.git("switch --quiet old");
    insta::assert_snapshot!(sandbox.agentops("init").run().expect_code(1).snapshot(), @"
    exit 1
    --- stderr
    error: agentops is set up on `main` already; this branch is from before that
    hint: take it over: git merge main   (or: git rebase main)
    ");
    sandbox.git("merge --quiet --no-edit main");
    init(&sandbox, "");
}

#[test]
fn what_cannot_be_set_up_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1\n");
    sandbox.commit_all("first");
    // A merge under way.
    sandbox.git("switch --quiet --create side");
    sandbox.write("a", "2\n");
    sandbox.commit_all("side");
    sandbox.git("switch --quiet main");
    sandbox.write("a", "3\n");
    sandbox.commit_all("main");
    sandbox.try_git("merge side").run().expect_code(1);
    let before = standing(&sandbox);
    insta::assert_snapshot!(sandbox.agentops("init").run().expect_code(6).snapshot(), @"
    exit 6
    --- stderr
    error: a merge is in progress; end it with `git merge --continue` or `git merge --abort` and try again
    ");
    assert_eq!(standing(&sandbox), before);
    sandbox.git("merge --abort");
    // No branch.
    sandbox.git("switch --quiet --detach");
    insta::assert_snapshot!(sandbox.agentops("init --no-hooks").run().expect_code(1).snapshot_without_ids(), @"
    exit 1
    --- stderr
    error: HEAD is detached at <id>: a commit there would be on no branch
    hint: check a branch out with `git switch BRANCH`, or make one: `git switch -c BRANCH`
    ");
    sandbox.git("switch --quiet main");
    // Nobody there.
    for key in ["user.name", "user.email"] {
        sandbox.git(&format!("config --global --unset {key}"));
    }
    sandbox.git("config user.useConfigOnly true");
    insta::assert_snapshot!(sandbox.agentops("init").run().expect_code(1).snapshot(), @"
    exit 1
    --- stderr
    error: Git does not know who you are; run `git config user.name NAME` and `git config user.email ADDRESS`
    ");
    assert_eq!(sandbox.git("status --porcelain"), "");
    // A name is enough where nothing is committed.
    init(&sandbox, "--human alice --no-commit --no-hooks --profile sre");
    // No working tree, no repository.
    let bare = sandbox.root().join("bare.git");
    sandbox.try_git("init --quiet --bare").arg(&bare).run().expect_code(0);
    insta::assert_snapshot!(sandbox.agentops("init").in_dir(&bare).run().expect_code(1).snapshot(), @"
    exit 1
    --- stderr
    error: the repository at `<root>/bare.git` is bare: it has no working tree; run this in a clone or a worktree of it
    ");
    insta::assert_snapshot!(sandbox.agentops("init").in_dir("..").run().expect_code(1).snapshot(), @"
    exit 1
    --- stderr
    error: `<root>` is not inside a Git repository; run `git init` there, or name the repository with `-C DIR`
    ");
}

#[test]
fn references_in_another_format_are_refused() {
    let sandbox = Sandbox::without_repository();
    // Git without that format can still be told that the repository has it.
    if sandbox.try_git("init --quiet --ref-format=reftable").run().code != Some(0) {
        sandbox.git("init --quiet");
        sandbox.git("config core.repositoryFormatVersion 1");
        sandbox.git("config extensions.refStorage reftable");
    }
    let refused = sandbox.agentops("init").run().expect_code(1);
    assert!(refused.stderr.contains("reftable"), "{}", refused.snapshot());
    assert!(!sandbox.path().join(".agentops").exists());
}

#[test]
fn wrong_usage_names_the_remedy() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.agentops("init --profile prduct-dev").run().expect_code(2).snapshot(), @"
    exit 2
    --- stderr
    error: there is no built-in profile `prduct-dev`
    hint: did you mean `product-dev`?   (one of your own: agentops profile new NAME)
    ");
    insta::assert_snapshot!(sandbox.agentops("init --test-command").arg("make a | tee b").run().expect_code(2).snapshot(), @r#"
    exit 2
    --- stderr
    error: `--test-command`: it needs a shell, and none runs: quote the sign if it is meant as it is
    hint: write the program and its arguments, such as `--test-command "npm run test:all"`; for pipes and `&&` name a script
    "#);
    insta::assert_snapshot!(sandbox.agentops("init --human claude").run().expect_code(2).snapshot(), @"
    exit 2
    --- stderr
    error: `claude` is the name of an agent client; the person needs another
    hint: choose a name with `--human NAME`
    ");
    sandbox.git("config user.email noreply@anthropic.com");
    insta::assert_snapshot!(sandbox.agentops("init").run().expect_code(2).snapshot(), @"
    exit 2
    --- stderr
    error: git's `user.email` is that of the agent client `claude`: who is the human?
    hint: name the person who will approve with `--human NAME`; their e-mail address goes into `.agentops/config.toml`
    ");
    sandbox.git("config --unset user.email");
    init(&sandbox, "--profile sre");
    insta::assert_snapshot!(sandbox.agentops("init --human bob").run().expect_code(2).snapshot(), @r#"
    exit 2
    --- stderr
    error: `--human` is for the first set-up, and this repository is set up
    hint: edit `[actors]` in `.agentops/config.toml`, then: agentops policy amend --reason "…"
    "#);
    insta::assert_snapshot!(sandbox.agentops("init --test-command true").run().expect_code(2).snapshot(), @r#"
    exit 2
    --- stderr
    error: `--test-command` is for the first set-up, and this repository is set up
    hint: edit `[commands.test]` of a profile, then: agentops policy amend --reason "…"
    "#);
}

#[test]
fn an_agent_that_sets_up_says_so() {
    let sandbox = Sandbox::new();
    sandbox.agentops("init --profile sre").env("CLAUDECODE", "1").run().expect_code(0);
    assert_eq!(sandbox.git("log -1 --format=%(trailers:key=Assisted-by)"), "Assisted-by: claude");
    sandbox.agentops("init --profile devops").env("CLAUDECODE", "1").run().expect_code(0);
    assert_eq!(sandbox.git("log -1 --format=%(trailers:key=Assisted-by)"), "Assisted-by: claude");
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn ignored_and_foreign_hooks_are_named() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", ".*\n");
    sandbox.git("config --global core.hooksPath /tmp/shared-hooks");
    insta::assert_snapshot!(init(&sandbox, "--profile sre").snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    agentops is set up on main
      commit    <id>
      profiles  sre
      you       alice <alice@example.org>, owner and reviewer
      votes     by terminal, which is unauthenticated: could be written by an agent
      files     18 below .agentops/, AGENTS.md
    --- stderr
    warning: git's hooks were not installed: git runs hooks from `/tmp/shared-hooks`, because `core.hooksPath` is set (global); that folder is not this repository's alone
    hint: to give this repository its own hooks, run `git config --local core.hooksPath <root>/repo/.git/hooks`
    hint: then: agentops hooks install
    warning: git ignores `.agentops/` here: what lies there is tracked all the same, but `git add` will want `-f`; take the pattern out of `.gitignore`
    hint: no command line yet, so gates that want it cannot pass:
      `[commands.smoke]` in .agentops/sre/profile.toml
      `[commands.test]` in .agentops/sre/profile.toml
      fill in `run`, then: agentops policy amend --reason "…"
    hint: agentops task new "…" --profile sre
    "#);
    assert!(sandbox.git("ls-files .agentops").lines().count() > 10);
}

#[test]
fn line_ends_that_git_converts_stay_converted() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitattributes", "*.md text eol=crlf\n");
    sandbox.write("AGENTS.md", "One.\r\nTwo.\r\n");
    sandbox.commit_all("first");
    assert_eq!(sandbox.git("show HEAD:AGENTS.md"), "One.\nTwo.");
    init(&sandbox, "--profile sre");
    assert_eq!(sandbox.git("status --porcelain"), "");
    let text = sandbox.read("AGENTS.md");
    assert!(text.contains(BEGIN) && !text.replace("\r\n", "").contains('\n'), "{text:?}");
    assert!(!sandbox.git("show HEAD:AGENTS.md").contains('\r'));
    sandbox.agentops("deinit --confirm repo").run().expect_code(0);
    assert_eq!(sandbox.read("AGENTS.md"), "One.\r\nTwo.\r\n");
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn a_killed_init_is_finished_by_the_next() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1\n");
    let first = sandbox.commit_all("first");
    init(&sandbox, "--profile sre");
    // As if killed after the branch moved: index and working tree are of before, and the journal names what is missing.
    let head = sandbox.git("rev-parse HEAD");
    let blobs = sandbox.git("diff-tree -r --no-renames HEAD^ HEAD");
    let mut journal = format!("{head}\nrefs/heads/main\n");
    for line in blobs.lines() {
        let (about, path) = line.split_once('\t').unwrap();
        let words: Vec<&str> = about.trim_start_matches(':').split(' ').collect();
        journal.push_str(&format!("- {} {} {path}\0", words[1], words[3]));
    }
    sandbox.git(&format!("reset --quiet --hard {first}"));
    sandbox.git(&format!("update-ref refs/heads/main {head}"));
    sandbox.write(".git/agentops/journal", journal);
    assert_ne!(sandbox.git("status --porcelain"), "");
    init(&sandbox, "");
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert!(sandbox.path().join(".agentops/format.toml").exists());
}

#[test]
fn of_two_at_once_one_sets_up() {
    let sandbox = Sandbox::new();
    let calls: Vec<_> = (0..4).map(|_| sandbox.agentops("init --profile sre")).collect();
    let runs: Vec<_> = calls.into_iter().map(|call| std::thread::spawn(|| call.run())).collect();
    let outputs: Vec<Output> = runs.into_iter().map(|run| run.join().unwrap()).collect();
    assert!(outputs.iter().all(|output| matches!(output.code, Some(0 | 6))), "{}", outputs[0].snapshot());
    assert_eq!(sandbox.git("log --format=%s"), "chore: set up agentops");
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.agentops("hooks status").run().expect_code(0);
}

#[test]
fn deinit_gives_back_what_was_there() {
    let shapes: [(&str, Option<&str>, Option<&str>); 5] = [
        ("neither", None, None),
        ("both", Some("# A\r\n"), Some("Mine")),
        ("empty", Some(""), Some("a\n\n\n")),
        ("imported", Some("# A\n"), Some("@AGENTS.md\n")),
        ("only the other", None, Some("# C\n")),
    ];
    for (name, agents, claude) in shapes {
        let sandbox = Sandbox::new();
        sandbox.write("a", "1\n");
        for (file, text) in [("AGENTS.md", agents), ("CLAUDE.md", claude)] {
            if let Some(text) = text {
                sandbox.write(file, text);
            }
        }
        sandbox.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
        sandbox.commit_all("first");
        let (before, files) = (tree(&sandbox), sandbox.git("ls-files --stage"));
        init(&sandbox, "");
        sandbox.agentops("task new \"Rotate the certificate\" --profile sre").run().expect_code(0);
        sandbox.git("clean --quiet --force -d");
        assert_ne!(tree(&sandbox), before);
        sandbox.agentops("deinit --confirm repo").run().expect_code(0);
        assert_eq!(tree(&sandbox), before, "{name}");
        assert_eq!(sandbox.git("ls-files --stage"), files, "{name}");
        assert_eq!(sandbox.git("status --porcelain --ignored"), "", "{name}");
        assert_eq!(sandbox.read(".git/hooks/pre-commit"), "#!/bin/sh\nexit 0\n");
        assert!(!sandbox.path().join(".git/hooks/commit-msg").exists());
    }
}

#[test]
fn deinit_keeps_uncommitted_work() {
    let sandbox = Sandbox::new();
    sandbox.write("AGENTS.md", "One.\n");
    sandbox.commit_all("first");
    init(&sandbox, "--profile sre");
    let block = sandbox.read("AGENTS.md");
    sandbox.write("AGENTS.md", block.replace("One.\n", "One.\nStaged.\n"));
    sandbox.git("add AGENTS.md");
    sandbox.write("AGENTS.md", block.replace("One.\n", "One.\nStaged.\nEdited.\n"));
    sandbox.write(".agentops/sre/standards/alerting.md", "Edited.\n");
    sandbox.write(".agentops/sre/draft.md", "A draft.\n");
    insta::assert_snapshot!(sandbox.agentops("deinit --confirm repo").run().expect_code(0).snapshot_without_ids(), @"
    exit 0
    --- stdout
    agentops is taken out of main, commit <id>
      removed       18 files below .agentops/
      block out of  AGENTS.md
      hook          pre-commit removed
      hook          prepare-commit-msg removed
      hook          commit-msg removed
      hook          pre-merge-commit removed
      hook          pre-push removed
      open tasks    0
    2 files below .agentops/ were never committed and still lie there:
      .agentops/sre/draft.md
      .agentops/sre/standards/alerting.md
    --- stderr
    warning: landing this is an administrator's act: AO-E7 refuses it in `agentops check`, and only who may bypass that check can bring it onto a protected branch
    hint: to undo it: git revert HEAD && agentops hooks install
    ");
    assert_eq!(sandbox.git("show :AGENTS.md"), "One.\nStaged.");
    assert_eq!(sandbox.read("AGENTS.md"), "One.\nStaged.\nEdited.\n");
    assert_eq!(sandbox.read(".agentops/sre/draft.md"), "A draft.\n");
    assert_eq!(sandbox.read(".agentops/sre/standards/alerting.md"), "Edited.\n");
    assert_eq!(sandbox.git("show HEAD:AGENTS.md"), "One.");
}

#[test]
fn deinit_is_confirmed_by_a_person() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.agentops("deinit --confirm repo").run().expect_code(1).snapshot(), @"
    exit 1
    --- stderr
    error: agentops is not set up at HEAD: there is nothing to take away
    hint: what lies in the working tree and was never committed is yours: git status .agentops
    ");
    init(&sandbox, "--profile sre");
    let before = standing(&sandbox);
    insta::assert_snapshot!(sandbox.agentops("deinit").run().expect_code(2).snapshot(), @"
    exit 2
    --- stderr
    error: taking agentops away has to be confirmed by a person
    hint: confirm it with `--confirm repo`, the name of this repository's folder
    hint: to see what would go: agentops deinit --dry-run
    ");
    insta::assert_snapshot!(sandbox.agentops("deinit --confirm other").run().expect_code(2).snapshot(), @"
    exit 2
    --- stderr
    error: `--confirm other` is not this project
    hint: confirm it with `--confirm repo`, the name of this repository's folder
    ");
    insta::assert_snapshot!(sandbox.agentops("deinit --dry-run").run().expect_code(0).snapshot(), @"
    exit 0
    --- stdout
    agentops would be taken out of main; nothing was written
      removed       18 files below .agentops/
      block out of  AGENTS.md
      hook          pre-commit removed
      hook          prepare-commit-msg removed
      hook          commit-msg removed
      hook          pre-merge-commit removed
      hook          pre-push removed
      open tasks    0
    --- stderr
    warning: landing this is an administrator's act: AO-E7 refuses it in `agentops check`, and only who may bypass that check can bring it onto a protected branch
    ");
    assert_eq!(standing(&sandbox), before);
    let mut terminal = sandbox.terminal("deinit");
    terminal.wait_for("to go on:");
    terminal.type_line("rep");
    let ending = terminal.finish();
    assert!(ending.code == 1 && ending.text.contains("nothing was done"), "{}", ending.text);
    assert_eq!(standing(&sandbox), before);
    let mut terminal = sandbox.terminal("deinit");
    terminal.wait_for("to go on:");
    terminal.type_line("repo");
    assert_eq!(terminal.finish().code, 0);
    // The law refuses the step; it lands by an administrator alone.
    let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(3);
    assert!(judged.stdout.contains("AO-E7"), "{}", judged.snapshot());
}

#[test]
fn deinit_names_the_folder_as_a_shell_takes_it() {
    let sandbox = Sandbox::governed().clone_as("it's my shop");
    let refused = sandbox.agentops("deinit").run().expect_code(2);
    assert!(refused.stderr.contains(r"`--confirm 'it'\''s my shop'`"), "{}", refused.snapshot());
    sandbox.write(".agentops/draft.md", "mine\n");
    let gone = sandbox.agentops("deinit --confirm").arg("it's my shop").run().expect_code(0);
    assert!(gone.stdout.contains("1 file below .agentops/ was never committed"), "{}", gone.snapshot());
}

#[test]
fn after_deinit_it_may_be_set_up_again() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1\n");
    sandbox.commit_all("first");
    init(&sandbox, "--profile sre");
    let clone = sandbox.clone_as("clone");
    clone.agentops("deinit --confirm clone").run().expect_code(0);
    init(&clone, "--profile devops");
    clone.write("a", "2\n");
    clone.commit_all(&lawful("feat: go on"));
    clone.agentops("check --base HEAD~1").run().expect_code(0);
}

#[test]
fn a_section_of_ones_own_is_filled_in() {
    let sandbox = Sandbox::new();
    init(&sandbox, "--profile sre");
    let config = sandbox.read(".agentops/config.toml");
    let own = config.replace("\"Impact\"]", "\"Impact\", \"Risk\"]");
    assert_ne!(own, config);
    sandbox.write(".agentops/config.toml", own);
    sandbox.agentops("policy amend --reason").arg("Each change names what it may break").run().expect_code(0);
    init(&sandbox, "--profile product-dev");
    init(&sandbox, "--profile devops --profile data-eng");
    sandbox.agentops("check --all").run().expect_code(0);
}

/// Init, and the branches that it protects.
fn protected(sandbox: &Sandbox) -> String {
    init(sandbox, "--no-hooks").expect_code(0);
    let config = sandbox.read(".agentops/config.toml");
    config.lines().find(|line| line.starts_with("protected = ")).unwrap().to_owned()
}

#[test]
fn the_branch_that_work_lands_on_is_protected() {
    assert_eq!(protected(&Sandbox::new()), "protected = [\"main\", \"master\"]");
    let sandbox = Sandbox::new();
    sandbox.git("symbolic-ref HEAD refs/heads/trunk");
    assert_eq!(protected(&sandbox), "protected = [\"main\", \"master\", \"trunk\"]", "no commit yet");
    // On a branch of somebody's work, the remote's default branch is the one.
    for (default, expected) in [("main", "[\"main\", \"master\"]"), ("v2/next", "[\"main\", \"master\", \"v2/next\"]")]
    {
        let sandbox = Sandbox::new();
        let start = sandbox.commit_all("begin");
        sandbox.git(&format!("update-ref refs/remotes/origin/{default} {start}"));
        sandbox.git(&format!("symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/{default}"));
        sandbox.git("switch --quiet --create set-up");
        assert_eq!(protected(&sandbox), format!("protected = {expected}"));
    }
}

#[test]
fn on_a_trunk_of_another_name_classes_are_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.git("symbolic-ref HEAD refs/heads/trunk");
    init(&sandbox, "--no-hooks").expect_code(0);
    let config = sandbox.read(".agentops/config.toml");
    let class = "[[gates.risk]]\nname = \"billing\"\npaths = [\"billing/**\"]\nvote = \"approval\"\n";
    sandbox.write(".agentops/config.toml", format!("{config}\n{class}"));
    sandbox.agentops("policy amend --reason").arg("Billing is dear").run().expect_code(0);
    sandbox.write("billing/rate", "0 percent\n");
    let message = lawful("fix(billing): charge nothing");
    sandbox.commit_all(&message);
    // As the push job of GitLab's template says it.
    let judged = sandbox.agentops("check --base HEAD~1 --onto trunk").run().expect_code(3);
    assert!(judged.stdout.contains("error[AO-G1] billing/rate"), "{}", judged.snapshot());
}

#[test]
fn what_forges_and_their_runners_read_is_governed() {
    let sandbox = Sandbox::new();
    init(&sandbox, "--no-hooks").expect_code(0);
    sandbox.git("switch --quiet --create work");
    for path in [
        "CODEOWNERS",
        "docs/CODEOWNERS",
        ".gitlab/CODEOWNERS",
        ".gitlab-ci.yml",
        ".forgejo/workflows/test.yml",
        ".gitea/workflows/test.yml",
        ".circleci/config.yml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        ".woodpecker/test.yml",
        ".travis.yml",
        "Jenkinsfile",
    ] {
        sandbox.write(path, "x\n");
        sandbox.commit_all(&lawful("ci: run something else"));
        let judged = sandbox.agentops("check --base main").run().expect_code(3);
        assert!(judged.stdout.contains(&format!("error[AO-G3] {path}")), "{path}\n{}", judged.snapshot());
        sandbox.git("reset --quiet --hard main");
    }
}
