//! `check --format`: in every mode, on standard output and in a file, with the exit codes of the verdict.

use crate::sandbox::{Call, Sandbox, lawful};

const FOREIGN: [&str; 4] = ["sarif", "github", "gitlab", "junit"];

/// A repository with a branch that has an unlawful commit, and an unlawful file staged.
fn unlawful() -> Sandbox {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b work");
    sandbox.write("src/a b,c%.txt", "text\n");
    sandbox.commit_all("wip ]]> \"::error::\" [click](http://example.org)");
    sandbox.write(".agentops/product-dev/stray.toml", "x = \n");
    sandbox.git("add --all");
    sandbox
}

fn check(sandbox: &Sandbox, arguments: &str) -> Call {
    sandbox.agentops(&format!("check {arguments}"))
}

/// How many findings a text of that format shows.
fn findings(format: &str, text: &str) -> usize {
    let json = || serde_json::from_str::<serde_json::Value>(text).unwrap();
    match format {
        "sarif" => json()["runs"][0]["results"].as_array().unwrap().len(),
        "gitlab" => json().as_array().unwrap().len(),
        "github" => text.lines().filter(|line| line.starts_with("::error ") || line.starts_with("::warning ")).count(),
        "junit" => text.lines().filter(|line| line.contains("error[") || line.contains("warning[")).count(),
        other => panic!("{other}"),
    }
}

#[test]
fn every_mode_has_every_format() {
    let sandbox = unlawful();
    for mode in ["--staged", "--message -", "--base main", "--all"] {
        let judged = check(&sandbox, &format!("{mode} --json")).stdin("wip\n").run();
        let wanted = judged.json()["violations"].as_array().unwrap().len();
        assert!(wanted > 0 && wanted <= 10, "{mode}: {}", judged.stdout);
        for format in FOREIGN {
            let output = check(&sandbox, &format!("{mode} --format {format}"))
                .stdin("wip\n")
                .run()
                .expect_code(judged.code.unwrap());
            assert_eq!(findings(format, &output.stdout), wanted, "{mode}: {}", output.stdout);
        }
    }
    // `check` alone, and `--exit-zero`.
    check(&sandbox, "--format sarif").run().expect_code(3);
    check(&sandbox, "--format sarif --exit-zero").run().expect_code(0);
}

#[test]
fn a_file_gets_the_report_and_people_read_the_verdict() {
    let sandbox = unlawful();
    let human = check(&sandbox, "--base main").run().expect_code(3);
    for format in FOREIGN {
        let plain = check(&sandbox, &format!("--base main --format {format}")).run().stdout;
        std::fs::write(sandbox.root().join("report"), "an older one").unwrap();
        let output = check(&sandbox, &format!("--base main --format {format} --out ../report")).run().expect_code(3);
        assert_eq!(output.stdout, human.stdout);
        assert_eq!(std::fs::read_to_string(sandbox.root().join("report")).unwrap(), plain);
        let output = check(&sandbox, &format!("--base main --format {format} --out ../report --json")).run();
        assert_eq!(output.json()["schema_version"], 1);
    }
    check(&sandbox, "--base main --format json --out ../report").run().expect_code(3);
    let json = check(&sandbox, "--base main --json").run().stdout;
    assert_eq!(std::fs::read_to_string(sandbox.root().join("report")).unwrap(), json);
    let failed = check(&sandbox, "--base main --format junit --out ../no/such/folder").run().expect_code(1);
    assert!(failed.stderr.contains("cannot write the verdict to"), "{}", failed.snapshot());
}

#[test]
fn a_dash_is_standard_output_or_refused() {
    let sandbox = unlawful();
    for format in ["human", "json", "sarif", "github", "gitlab", "junit"] {
        let plain = check(&sandbox, &format!("--base main --format {format}")).run().expect_code(3);
        let dashed = check(&sandbox, &format!("--base main --format {format} --out -")).run().expect_code(3);
        assert_eq!((plain.stdout, plain.stderr), (dashed.stdout, dashed.stderr), "{format}");
    }
    check(&sandbox, "--base main --json --format junit --out -").run().expect_code(2);
    for arguments in [
        "check --secrets-history --write-baseline=-",
        "policy amend --reason \"Because of it\" --out -",
        "gate approve some-task --out -",
    ] {
        let refused = sandbox.agentops(arguments).run().expect_code(2);
        assert!(refused.stderr.contains("`./-` is one that is called so"), "{}", refused.snapshot());
    }
    assert!(!sandbox.path().join("-").exists());
    check(&sandbox, "--base main --format junit --out ./-").run().expect_code(3);
    assert!(sandbox.read("-").starts_with("<?xml"));
}

/// Whether GitHub's runner would take a line of a log for a command: of the first form where one of these stands at its
/// beginning, of the older one anywhere.
fn commands_a_runner(line: &str) -> bool {
    let kinds = ["add-mask", "stop-commands", "set-output", "group", "error", "warning", "debug"];
    let begins = |text: &str, end: &[char]| {
        kinds.iter().any(|kind| text.strip_prefix(kind).is_some_and(|rest| rest.starts_with(end)))
    };
    line.trim_start().strip_prefix("::").is_some_and(|rest| begins(rest, &[':', ' ']))
        || line.match_indices("##[").any(|(at, _)| begins(&line[at + 3..], &[']', ' ']))
}

#[test]
fn no_text_of_a_repository_commands_a_runner() {
    let sandbox = Sandbox::governed();
    sandbox.git("checkout --quiet -b work");
    let token = concat!("glpat", "-0q9w8e7r6t5z4u3i2o1p");
    for path in [
        "##[add-mask]x.json",
        "a\n::stop-commands::x.json",
        "::set-output name=a::b.json",
        "b\u{1b}[0Ksection_start:1:x\r\u{1b}[0K.json",
    ] {
        sandbox.write(path, "{");
    }
    sandbox.write(
        "##[group]a/##[error]b.txt",
        format!("{token} agentops:allow-secret ##[add-mask]a ::add-mask::b\n{token}2\n"),
    );
    sandbox.commit_all("##[add-mask]wip\n\n::stop-commands::x\n##[add-mask]b\n\nContext: ##[set-output name=a]b\nLearning: ::group::c\n##[group]x");
    for format in ["human", "json", "sarif", "gitlab", "junit"] {
        for mode in ["--base main", "--all", "--secrets-history"] {
            if mode == "--secrets-history" && format != "human" {
                continue;
            }
            let call = check(&sandbox, &format!("{mode} --format {format}")).env("GITHUB_ACTIONS", "true");
            let judged = call.run().expect_code(3);
            for line in judged.stdout.lines().chain(judged.stderr.lines()) {
                assert!(!commands_a_runner(line), "{format} {mode}: {line}");
            }
            assert!(judged.stdout.contains("add-mask]x.json") || mode == "--secrets-history", "{}", judged.snapshot());
            // Nor can it move GitLab's cursor, or begin one of its sections.
            assert!(!judged.stdout.contains(['\r', '\u{1b}']), "{format} {mode}");
        }
    }
    let annotated = check(&sandbox, "--base main --format github").env("GITHUB_ACTIONS", "true").run().expect_code(3);
    let ours = |line: &&str| !line.starts_with("::error ") && !line.starts_with("::warning ");
    assert!(!annotated.stdout.lines().filter(ours).any(commands_a_runner), "{}", annotated.stdout);
    // People elsewhere read what is there.
    let elsewhere = check(&sandbox, "--base main").run().expect_code(3);
    assert!(elsewhere.stdout.lines().any(commands_a_runner), "{}", elsewhere.stdout);
}

#[test]
fn what_was_not_judged_has_no_report() {
    let sandbox = Sandbox::governed();
    for format in FOREIGN {
        let output = check(&sandbox, &format!("--format {format}")).run().expect_code(1);
        assert_eq!(output.stdout, "");
        check(&sandbox, &format!("--format {format} --out ../report")).run().expect_code(1);
        assert!(!sandbox.root().join("report").exists());
        let both = check(&sandbox, &format!("--all --json --format {format}")).run().expect_code(2);
        assert!(both.stdout.contains("ask for different documents"), "{}", both.snapshot());
        for mode in ["--print-root", "--secrets-history"] {
            let refused = check(&sandbox, &format!("{mode} --format {format}")).run().expect_code(2);
            assert!(refused.stderr.contains("prints no verdict of the laws"), "{}", refused.snapshot());
        }
    }
}

#[test]
fn a_step_of_a_github_job_gets_a_summary() {
    let sandbox = unlawful();
    let place = sandbox.root().join("summary.md");
    let run = |format: &str| {
        let call = check(&sandbox, &format!("--base main --format {format}"));
        call.env("GITHUB_STEP_SUMMARY", place.to_str().unwrap()).run().expect_code(3)
    };
    run("sarif");
    assert!(!place.exists(), "another format leaves it alone");
    std::fs::write(&place, "## What another tool said\n").unwrap();
    let first = run("github");
    let text = std::fs::read_to_string(&place).unwrap();
    assert!(text.starts_with("## What another tool said\n\n### agentops check\n"), "{text}");
    let rows = text.lines().filter(|line| line.starts_with("| AO-")).count();
    assert_eq!(rows, findings("github", &first.stdout), "{text}");
    // GitHub drops a summary of more than 1 MiB as a whole, and what others wrote with it.
    let full = "x".repeat(1024 * 1024 - 10);
    std::fs::write(&place, &full).unwrap();
    let output = run("github");
    assert_eq!(std::fs::read_to_string(&place).unwrap(), full);
    assert!(output.stderr.contains("warning: the step summary"), "{}", output.snapshot());
}

#[test]
fn a_rebase_keeps_the_fingerprints() {
    let sandbox = unlawful();
    sandbox.git("reset --quiet --hard");
    let prints = || -> Vec<String> {
        let text = check(&sandbox, "--base main --format gitlab").run().expect_code(3).stdout;
        let issues: serde_json::Value = serde_json::from_str(&text).unwrap();
        issues.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let before = prints();
    sandbox.git("checkout --quiet main");
    sandbox.write("src/other.txt", "text\n");
    sandbox.commit_all(&lawful("feat: something else"));
    let old = sandbox.git("rev-parse work");
    sandbox.git("checkout --quiet work");
    sandbox.git("rebase --quiet main");
    assert_ne!(sandbox.git("rev-parse work"), old);
    assert_eq!(prints(), before);
}

#[test]
fn a_finding_that_moves_in_its_file_is_the_same_one() {
    let sandbox = Sandbox::governed();
    let finding = |path: &str, text: &str| -> (String, u64) {
        sandbox.write(path, text);
        sandbox.git("add --all");
        let printed = check(&sandbox, "--staged --format gitlab").run().expect_code(3).stdout;
        sandbox.git(&format!("rm --quiet --force {path}"));
        let issues: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(issues.as_array().unwrap().len(), 1, "{issues}");
        let line = issues[0]["location"]["lines"]["begin"].as_u64().unwrap();
        (issues[0]["fingerprint"].as_str().unwrap().to_owned(), line)
    };
    let (before, line) = finding("shop.toml", "a = 1\na = 2\n");
    sandbox.write("src/other.txt", "text\n");
    sandbox.commit_all(&lawful("feat: something else"));
    let (after, moved) = finding("shop.toml", "# Prices\n\n[shop]\na = 1\na = 2\n");
    assert_eq!((before.as_str(), line + 3), (after.as_str(), moved));
    // What is another finding is another one: of another file, and of another kind.
    assert_ne!(finding("stock.toml", "a = 1\na = 2\n").0, before);
    assert_ne!(finding("shop.toml", "a = \n").0, before);
}

#[test]
fn no_report_takes_the_place_of_what_git_or_agentops_keeps() {
    let sandbox = unlawful();
    let linked = sandbox.worktree("linked");
    std::os::unix::fs::symlink(".git/config", sandbox.path().join("link")).unwrap();
    let read = |file: &str| std::fs::read(sandbox.path().join(file)).ok();
    for file in [
        ".git/index",
        ".git/new",
        ".git/refs/heads/new",
        ".git/worktrees/linked/HEAD",
        "link",
        ".agentops/config.toml",
        ".agentops/new",
        ".agentops/secrets.baseline",
    ] {
        let before = read(file);
        let output = check(&sandbox, "--base main --format sarif --out").arg(file).run().expect_code(1);
        assert!(output.stderr.contains("keeps its own files there"), "{file}: {}", output.snapshot());
        assert_eq!(read(file), before, "{file}");
    }
    let before = std::fs::read(linked.path().join(".git")).unwrap();
    check(&linked, "--base main --out .git").run().expect_code(1);
    assert_eq!(std::fs::read(linked.path().join(".git")).unwrap(), before);
    let baseline = |file: &str| sandbox.agentops("check --secrets-history --write-baseline").arg(file).run();
    baseline(".agentops/config.toml").expect_code(1);
    baseline(".git/index").expect_code(1);
    baseline(".agentops/secrets.baseline").expect_code(0);
    for folder in [".git/hooks", ".git/pages", ".agentops"] {
        let pages = sandbox.agentops(&format!("man --dir {folder}")).run().expect_code(1);
        assert!(pages.stderr.contains("keeps its own files there"), "{}", pages.snapshot());
    }
    assert!(!sandbox.path().join(".git/pages").exists());
    // A working tree that lies in a bare repository is nobody's but the person's.
    sandbox.git("clone --quiet --bare . ../bare.git");
    sandbox.git("-C ../bare.git worktree add --quiet tree work");
    let inside = sandbox.at(sandbox.root().join("bare.git/tree"));
    check(&inside, "--base main --out report.sarif").run().expect_code(3);
    check(&inside, "--base main --out ../report.sarif").run().expect_code(1);
    check(&sandbox, "--base main --out report.sarif").run().expect_code(3);
}

#[test]
fn a_missing_folder_is_named() {
    let sandbox = unlawful();
    insta::assert_snapshot!(check(&sandbox, "--base main --format sarif --out a/b/c.sarif").run().snapshot(), @"
    exit 1
    --- stderr
    error: cannot write the verdict to `<root>/repo/a/b/c.sarif`
    caused by: No such file or directory (os error 2)
    hint: its folder is not there; make it: mkdir -p <root>/repo/a/b
    ");
}
