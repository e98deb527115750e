//! What the hooks of each manager add to a commit of one small file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::history::lawful;
use crate::setting::{Bench, files, least};
use crate::{MISSING, Peers};

const PROGRAM: &str = env!("CARGO_BIN_EXE_agentops");

/// What a manager without checks of its own runs: as cheap as `/bin/true`, and able to refuse.
const JOB: &str = "test ! -e refuse";

const LEFTHOOK: &str = "output: [failure]\npre-commit:\n  jobs:\n    - run: test ! -e refuse\ncommit-msg:\n  jobs:\n    - run: test ! -e refuse\n";

fn config(checks: &str) -> String {
    format!(
        "repos:\n{checks}  - repo: local\n    hooks:\n      - {{ id: a, name: a, language: system, entry: {JOB}, always_run: true, \
         pass_filenames: false, stages: [pre-commit] }}\n      - {{ id: b, name: b, language: system, entry: {JOB}, always_run: true, \
         pass_filenames: false, stages: [commit-msg] }}\n"
    )
}

const BUILTIN: &str =
    "  - repo: builtin\n    hooks: [{ id: trailing-whitespace }, { id: check-yaml }, { id: detect-private-key }]\n";

/// One setting: how it is called, the program it needs, how its hooks come, what git is told besides.
struct Setting {
    name: &'static str,
    program: Option<&'static str>,
    install: &'static str,
    hooks_path: Option<&'static str>,
    refuses: bool,
}

const SETTINGS: [Setting; 8] = [
    Setting { name: "bare", program: None, install: "", hooks_path: Some("/dev/null"), refuses: false },
    Setting {
        name: "`/bin/true` x2",
        program: None,
        install: "for hook in pre-commit commit-msg; do printf '#!/bin/true\\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done",
        hooks_path: None,
        refuses: false,
    },
    Setting { name: "agentops", program: None, install: "agentops hooks install", hooks_path: None, refuses: true },
    Setting {
        name: "husky, nothing in it",
        program: Some("husky"),
        install: "husky && git config --unset core.hooksPath",
        hooks_path: Some(".husky/_"),
        refuses: true,
    },
    Setting {
        name: "prek, builtin checks",
        program: Some("prek"),
        install: "prek install -c builtin.yaml -t pre-commit -t commit-msg",
        hooks_path: None,
        refuses: true,
    },
    Setting {
        name: "prek, nothing in it",
        program: Some("prek"),
        install: "prek install -c noop.yaml -t pre-commit -t commit-msg",
        hooks_path: None,
        refuses: true,
    },
    Setting {
        name: "lefthook, nothing in it",
        program: Some("lefthook"),
        install: "lefthook install",
        hooks_path: None,
        refuses: true,
    },
    Setting {
        name: "pre-commit, nothing in it",
        program: Some("pre-commit"),
        install: "pre-commit install -c noop.yaml -t pre-commit -t commit-msg",
        hooks_path: None,
        refuses: true,
    },
];

/// One setting in the repository: its folder of hooks lies aside unless it is its turn.
struct Installed<'s> {
    setting: &'s Setting,
    aside: PathBuf,
    samples: Vec<Duration>,
}

pub(crate) fn measure(bench: &Bench, peers: &Peers, count: usize, rounds: usize) {
    let dir = bench.import("hooked", &files(count));
    bench.must(&dir, PROGRAM, &["init", "--profile", "product-dev", "--no-hooks"]);
    let write = |path: &str, text: &str| {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a written file");
    };
    write("noop.yaml", &config(""));
    write("builtin.yaml", &config(BUILTIN));
    write("lefthook.yml", LEFTHOOK);
    write(".husky/pre-commit", JOB);
    write(".husky/commit-msg", JOB);
    bench.must(&dir, "git", &["add", "--all"]);
    bench.must(&dir, "git", &["commit", "-q", "--no-verify", "-m", "settings"]);
    let mut all = Vec::new();
    for (number, setting) in SETTINGS.iter().enumerate() {
        if setting.program.is_some_and(|program| peers.program(program).is_none()) {
            println!("   {:<28} {MISSING}", setting.name);
            continue;
        }
        let hooks = dir.join(".git/hooks");
        let _ = fs::remove_dir_all(&hooks);
        fs::create_dir(&hooks).expect("a folder");
        bench.must(&dir, "sh", &["-ec", setting.install]);
        let aside = dir.join(format!(".git/hooks-{number}"));
        fs::rename(&hooks, &aside).expect("a folder moved");
        all.push(Installed { setting, aside, samples: Vec::new() });
    }
    for installed in all.iter().filter(|installed| installed.setting.refuses) {
        // A message that is none, a file that says no, spaces at an end: each has something to refuse.
        fs::write(dir.join("refuse"), "").expect("a written file");
        stage(bench, &dir, "key: 1   \n");
        fs::write(bench.path("message"), "wip\n").expect("a written file");
        let passed = commit(bench, &dir, installed, |command| command.status().is_ok_and(|status| status.success()));
        assert!(!passed, "{} must refuse what was planted: do its hooks run?", installed.setting.name);
        fs::remove_file(dir.join("refuse")).expect("a removed file");
    }
    println!("   each refused the planted violation; {rounds} rounds, in ms");
    for round in 0..rounds {
        for (number, installed) in all.iter_mut().enumerate() {
            stage(bench, &dir, &format!("key: {round}{number}\n"));
            fs::write(bench.path("message"), lawful(round * 100 + number)).expect("a written file");
            let taken = commit(bench, &dir, installed, |command| {
                let start = std::time::Instant::now();
                let status = command.status();
                let taken = start.elapsed();
                assert!(status.is_ok_and(|status| status.success()), "a lawful commit passes");
                taken
            });
            installed.samples.push(taken);
        }
    }
    let bare = all[0].samples.clone();
    println!("   {:<28} {:>8} {:>8} {:>9}", "", "fastest", "median", "overhead");
    for installed in &all {
        let mut over: Vec<f64> = installed.samples.iter().zip(&bare).map(|(one, bare)| ms(*one) - ms(*bare)).collect();
        over.sort_by(f64::total_cmp);
        println!(
            "   {:<28} {:>8.1} {:>8.1} {:>+9.1}",
            installed.setting.name,
            least(&installed.samples),
            crate::setting::median(installed.samples.clone()),
            over[over.len() / 2]
        );
    }
}

fn stage(bench: &Bench, dir: &Path, text: &str) {
    fs::write(dir.join("d0/f0.yaml"), text).expect("a written file");
    bench.must(dir, "git", &["add", "d0/f0.yaml"]);
}

/// `git commit` while this setting's hooks are in place.
fn commit<T>(
    bench: &Bench,
    dir: &Path,
    installed: &Installed<'_>,
    run: impl FnOnce(&mut std::process::Command) -> T,
) -> T {
    let hooks = dir.join(".git/hooks");
    fs::rename(&installed.aside, &hooks).expect("a folder moved");
    let path = installed.setting.hooks_path.map(|path| format!("core.hooksPath={path}"));
    let message = bench.path("message").to_string_lossy().into_owned();
    let mut arguments = Vec::new();
    if let Some(path) = &path {
        arguments.extend(["-c", path.as_str()]);
    }
    arguments.extend(["commit", "-q", "-F", &message]);
    let answer = run(&mut bench.command(dir, "git", &arguments));
    fs::rename(&hooks, &installed.aside).expect("a folder moved");
    answer
}

fn ms(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1000.0
}
