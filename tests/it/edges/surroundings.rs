//! Without a terminal, without PATH, under other shells; and how little a hook reads. Cases 14 to 16.

use std::fs;
use std::path::Path;

use super::{PLANTED, found};
use crate::sandbox::{Output, PROGRAM, Sandbox, lawful};

/// `git commit` as a program with windows starts it: git by its whole path, an environment without PATH, no terminal.
fn commit_without_path(sandbox: &Sandbox, subject: &str) -> Output {
    let git = sandbox.call_program(Path::new("sh"), "-c").arg("command -v git").run().expect_code(0).stdout;
    let home = sandbox.root().join("home");
    let env = sandbox.call_program(Path::new("/usr/bin/env"), "-i PATH=");
    env.arg(format!("HOME={}", home.display()))
        .arg(format!("GIT_CONFIG_GLOBAL={}", home.join("gitconfig").display()))
        .arg("GIT_CONFIG_NOSYSTEM=1")
        .arg(git.trim())
        .arg("commit")
        .arg("--quiet")
        .arg("--file=-")
        .stdin(lawful(subject))
        .run()
}

#[test]
fn case_14_programs_with_windows_have_no_path_and_no_terminal() {
    // A sparse index is the one thing for which a hook asks git.
    for is_sparse in [false, true] {
        let sandbox = Sandbox::hooked();
        sandbox.write("in/a.txt", "1\n");
        sandbox.write("out/b.txt", "1\n");
        sandbox.git("add .");
        sandbox.commit("feat: begin", "").expect_code(0);
        if is_sparse {
            sandbox.git("sparse-checkout set --cone --sparse-index in");
        }
        sandbox.plant();
        let output = commit_without_path(&sandbox, "feat: planted");
        found(&output);
        assert!(!output.stderr.contains('\u{1b}'), "colours without a terminal: {}", output.stderr);
        let law = output.stderr.lines().filter(|line| !line.contains("Learning")).collect::<String>();
        assert!(law.is_ascii(), "{law}");
        sandbox.uproot();
        sandbox.write("in/a.txt", "2\n");
        sandbox.git("add in");
        let passed = commit_without_path(&sandbox, "feat: edit a").expect_code(0);
        assert_eq!(passed.stderr, "");
        assert_eq!(sandbox.subject(), "feat: edit a");
    }
}

#[test]
fn case_14_a_missing_binary_stops_the_commit() {
    let sandbox = Sandbox::adopted();
    for folder in ["bin", "odd bin's"] {
        let copy = sandbox.root().join(folder).join("agentops");
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        // Not by `fs::copy`: a process that another test starts meanwhile would hold the file open for writing, and nobody
        // could run it.
        let copied = std::process::Command::new("cp").arg(PROGRAM).arg(&copy).status().unwrap();
        assert!(copied.success());
        let install = sandbox.call_program(&copy, "hooks install --quiet").run();
        install.expect_code(0);
        sandbox.guards(&format!("feat: from {}", folder.len()));
        fs::rename(&copy, copy.with_extension("gone")).unwrap();
        sandbox.write("a.txt", "again");
        sandbox.git("add a.txt");
        // Loud, and with nobody to help out.
        for refused in [
            sandbox.try_git("commit --quiet -m wip").env("PATH", "/usr/bin:/bin").run(),
            commit_without_path(&sandbox, "feat: unjudged"),
        ] {
            assert!(refused.code != Some(0), "{}", refused.snapshot());
            let reasons = ["cannot exec", "cannot run", "is missing"];
            assert!(reasons.iter().any(|reason| refused.stderr.contains(reason)), "{}", refused.snapshot());
        }
        sandbox.git("reset --quiet");
    }
    // With another one in PATH the shim goes on, and says so.
    sandbox.plant();
    let helped = sandbox.commit("feat: planted", "");
    found(&helped);
    assert!(helped.stderr.contains("instead"), "{}", helped.snapshot());
}

#[test]
fn case_15_what_is_written_for_windows() {
    let sandbox = Sandbox::without_repository();
    // A folder whose name needs the shell's form.
    let copy = sandbox.root().join("odd bin's/agentops");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("cp").arg(PROGRAM).arg(&copy).status().unwrap().success());
    sandbox.git("init --quiet");
    // Whatever git does to line ends of files.
    sandbox.git("config core.autocrlf true");
    for program in [Path::new(PROGRAM), &copy] {
        sandbox.call_program(program, "hooks install --quiet").run().expect_code(0);
        for hook in ["pre-commit", "prepare-commit-msg", "commit-msg", "pre-merge-commit", "pre-push"] {
            let text = fs::read(sandbox.path().join(".git/hooks").join(hook)).unwrap();
            assert!(text.starts_with(b"#!/") && text.ends_with(b"\n"));
            assert!(!text.contains(&b'\r') && text.is_ascii(), "{hook}");
        }
    }
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks");
    for template in fs::read_dir(templates).unwrap().map(|entry| entry.unwrap().path()) {
        assert!(!fs::read(&template).unwrap().contains(&b'\r'), "{}", template.display());
    }
}

#[test]
fn case_16_a_hook_runs_no_git_and_looks_at_no_file_of_the_worktree() {
    let sandbox = Sandbox::hooked();
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    // Whatever git runs, and whatever runs git, writes down its name here.
    let trace = sandbox.root().join("trace");
    fs::write(&trace, "").unwrap();
    let call = sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: add a"));
    call.env("GIT_TRACE2_EVENT", &trace.to_string_lossy()).run().expect_code(0);
    let trace = fs::read_to_string(&trace).unwrap();
    let named: Vec<&str> = trace.lines().filter(|line| line.contains("\"event\":\"cmd_name\"")).collect();
    assert_eq!(named.len(), 1, "{named:?}");
    let hooks = trace.lines().filter(|line| line.contains("\"child_class\":\"hook\"")).count();
    assert_eq!(hooks, 3, "pre-commit, prepare-commit-msg, commit-msg");
    // A worktree that cannot be read keeps nobody from judging what is staged.
    sandbox.plant();
    fs::remove_file(sandbox.path().join(PLANTED)).unwrap();
    fs::create_dir(sandbox.path().join(PLANTED)).unwrap();
    found(&sandbox.commit("feat: planted", ""));
}

/// What a hook is told of the settings of one command, it reads as git wrote them.
#[test]
fn case_16_a_setting_for_one_command_with_an_odd_key_stops_nothing() {
    let sandbox = Sandbox::hooked();
    let commit = |subject: &str| {
        let git = sandbox.try_git(
            "--config-env=http.https://h/?a=b.extraheader=HEADER -c core.editor=false commit --quiet --file=-",
        );
        git.env("HEADER", "c=d").stdin(lawful(subject)).run()
    };
    sandbox.write("a.txt", "1\n");
    sandbox.git("add a.txt");
    commit("feat: add a").expect_code(0);
    sandbox.plant();
    found(&commit("feat: planted"));
}
