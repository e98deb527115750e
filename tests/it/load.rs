//! What agentops is made for, at its largest: many files, large files, many tasks. Run by `.ci/load`.
//!
//! Each run of the program, those that git starts as hooks included, is measured from outside: how much memory the system
//! gave it at most. Times are printed and never judged.

#![expect(clippy::print_stdout, reason = "what was measured is what the script is for")]

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::governed::governed;
use crate::sandbox::{Call, Output, PROGRAM, Sandbox, lawful};

/// Stands where the program was installed, runs it, and notes what it took.
const METER: &str = r#"#!/usr/bin/env python3
import os, sys, time
place = os.path.dirname(os.path.abspath(__file__))
start = time.monotonic()
child = os.fork()
if child == 0:
    os.execv(place + "/measured", [place + "/measured", *sys.argv[1:]])
_, status, usage = os.wait4(child, 0)
with open(place + "/log", "a") as log:
    log.write("%d\t%.2f\t%s\n" % (usage.ru_maxrss, time.monotonic() - start, " ".join(sys.argv[1:3])))
sys.exit(os.waitstatus_to_exitcode(status))
"#;

const MIB: usize = 1024 * 1024;

/// What a run may take, in MiB: the 64 of docs/benchmarks.md.
const BASE: u64 = 64;

/// And the largest file that is read at all: secrets are searched for in files of at most 16 MiB.
const WITH_A_FILE: u64 = BASE + 16;

/// And 16 KiB for each of 10,000 tasks: an event of about 1 KiB, its folder, what is known of both before and after a step, and
/// the gaps that reading objects one by one leaves.
const WITH_TASKS: u64 = BASE + 156;

/// A token that one of the built-in rules knows.
const TOKEN: &str = concat!("glpat", "-0q9w8e7r6t5z4u3i2o1p");

/// A governed repository with hooks and a remote repository, on a branch; the program in it is measured.
struct Load {
    sandbox: Sandbox,
    place: PathBuf,
}

impl Load {
    fn new() -> Self {
        let sandbox = governed();
        let place = sandbox.root().join("bin");
        fs::create_dir(&place).unwrap();
        let program = place.join("agentops");
        fs::copy(PROGRAM, &program).unwrap();
        sandbox.call_program(&program, "hooks install --quiet").run().expect_code(0);
        fs::rename(&program, place.join("measured")).unwrap();
        fs::write(&program, METER).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        let load = Self { sandbox, place };
        load.sandbox.git("clone --quiet --bare . ../server.git");
        load.sandbox.git("remote add origin ../server.git");
        load.sandbox.git("fetch --quiet origin");
        load.sandbox.git("switch --quiet --create work");
        println!("\n   at most MiB      seconds   run");
        load
    }

    /// Runs it, prints what each run of the program in it took, and fails where one took more than `most` MiB.
    #[track_caller]
    fn measured(&self, most: u64, call: Call) -> Output {
        let log = self.place.join("log");
        fs::write(&log, "").unwrap();
        let output = call.run();
        let text = fs::read_to_string(&log).unwrap();
        assert!(!text.is_empty(), "nothing was measured\n{}", output.snapshot());
        for line in text.lines() {
            let [memory, seconds, run] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let memory = memory.parse::<u64>().unwrap().div_ceil(1024);
            let run = run.trim_start_matches("--git-hook .git/hooks/");
            println!("   {memory:>4} of {most:<4} {seconds:>11}   {run}");
            assert!(memory <= most, "{run} took {memory} MiB\n{}", output.snapshot());
        }
        output
    }

    #[track_caller]
    fn agentops(&self, most: u64, arguments: &str) -> Output {
        self.measured(most, self.sandbox.call_program(&self.place.join("agentops"), arguments))
    }

    /// Stages everything and commits it with the hooks.
    #[track_caller]
    fn commit(&self, most: u64, subject: &str) -> Output {
        self.sandbox.git("add --all");
        self.measured(most, self.sandbox.try_git("commit --quiet --file=-").stdin(lawful(subject)))
    }

    #[track_caller]
    fn push(&self, most: u64) -> Output {
        self.measured(most, self.sandbox.try_git("push --quiet origin work"))
    }

    /// Fails unless a hook stopped the commit and named all of `told`.
    #[track_caller]
    fn is_refused(&self, most: u64, told: &[&str]) {
        let refused = self.commit(most, "feat: with a token");
        assert_eq!(refused.code, Some(1), "{}", refused.snapshot());
        says(&refused, told);
    }
}

#[track_caller]
fn says(output: &Output, told: &[&str]) {
    for words in told {
        assert!(output.stdout.contains(words) || output.stderr.contains(words), "{words}\n{}", output.snapshot());
    }
}

#[test]
#[ignore = "slow: .ci/load runs it"]
fn ten_thousand_staged_files() {
    let load = Load::new();
    for number in 0..10_000 {
        load.sandbox.write(&format!("src/d{}/f{number}.yaml", number / 100), format!("key{number}: {}\n", number * 7));
    }
    load.sandbox.write("src/d42/planted.yaml", format!("token: {TOKEN}\n"));
    load.is_refused(BASE, &["src/d42/planted.yaml:1: a GitLab token", "fail: 1 error"]);
    says(&load.agentops(BASE, "check").expect_code(3), &["fail: 1 error"]);
    load.sandbox.git("rm --quiet --force src/d42/planted.yaml");
    load.commit(BASE, "feat: many files").expect_code(0);
    says(&load.agentops(BASE, "check --base main").expect_code(0), &["10000 changed paths belong to no task"]);
    load.agentops(BASE, "check --all").expect_code(0);
    load.push(BASE).expect_code(0);
    says(&load.agentops(BASE, "check --secrets-history").expect_code(0), &["pass: no secrets in 10"]);
}

#[test]
#[ignore = "slow: .ci/load runs it"]
fn a_blob_of_a_gigabyte() {
    let load = Load::new();
    let disk = load.sandbox.path().join("disk.img");
    let mut file = File::create(&disk).unwrap();
    file.write_all(format!("token: {TOKEN}\n").as_bytes()).unwrap();
    file.set_len(1024 * MIB as u64).unwrap();
    drop(file);
    load.sandbox.write("a.yaml", format!("token: {TOKEN}\n"));
    let left_out = "`disk.img` has 1073741824 bytes; secrets are searched for in files of at most 16777216";
    load.is_refused(BASE, &["a.yaml:1: a GitLab token", left_out, "fail: 1 error, 1 warning"]);
    load.sandbox.git("rm --quiet --force a.yaml");
    says(&load.commit(BASE, "feat: a disk").expect_code(0), &[left_out]);
    for range in ["--base main", "--all"] {
        says(&load.agentops(BASE, &format!("check {range}")).expect_code(0), &[left_out]);
    }
    load.push(BASE).expect_code(0);
    let history = load.agentops(BASE, "check --secrets-history").expect_code(0);
    says(
        &history,
        &["not checked: `disk.img` of ", "it has 1073741824 bytes, more than the 16777216 that are searched"],
    );
    // What lands is a merge that does not exist yet.
    load.sandbox.git("switch --quiet main");
    load.sandbox.write("b.txt", "1\n");
    load.commit(BASE, "feat: go on").expect_code(0);
    says(&load.agentops(BASE, "check --base main --tip work").expect_code(0), &[left_out]);
    load.sandbox.git("checkout --quiet work -- disk.img");
    fs::OpenOptions::new().write(true).open(&disk).unwrap().write_all(b"another").unwrap();
    load.commit(BASE, "feat: another disk").expect_code(0);
    says(&load.agentops(BASE, "check --base main --tip work").expect_code(6), &["a conflict in `disk.img`"]);
    load.agentops(BASE, "task new \"A disk\" --profile product-dev").expect_code(0);
}

#[test]
#[ignore = "slow: .ci/load runs it"]
fn a_line_of_a_hundred_megabytes() {
    let load = Load::new();
    let line = |mib: usize, in_the_middle: &str| {
        let half = "lorem ipsum dolor ".repeat(mib * MIB / 36);
        format!("{half} {in_the_middle} {half}")
    };
    load.sandbox.write("long.txt", line(100, TOKEN));
    load.sandbox.write("long.json", format!("{{\"a\": \"{}\"}}\n", line(100, "")));
    load.sandbox.write("searched.txt", line(15, TOKEN));
    for (name, before, after) in
        [("json", "{\"a\": \"", "\"}\n"), ("toml", "a = \"", "\"\n"), ("yaml", "a: \"", "\"\n")]
    {
        load.sandbox.write(&format!("read.{name}"), format!("{before}{}{after}", line(7, "")));
        load.sandbox.write(&format!("wrong.{name}"), format!("{before}{}", line(7, "")));
    }
    let left_out = "secrets are searched for in files of at most 16777216";
    let json = "syntax is read in files of at most 8388608";
    let wrong = ["wrong.json:1: ", "wrong.toml:1: ", "wrong.yaml:1: "];
    load.is_refused(
        WITH_A_FILE,
        &[&["searched.txt:1: a GitLab token", "long.txt", left_out, json], &wrong[..]].concat(),
    );
    load.sandbox.git("rm --quiet --force searched.txt long.json wrong.json wrong.toml wrong.yaml");
    says(&load.commit(WITH_A_FILE, "feat: long lines").expect_code(0), &["long.txt", left_out]);
    for range in ["--base main", "--all"] {
        says(&load.agentops(WITH_A_FILE, &format!("check {range}")).expect_code(0), &["long.txt", left_out]);
    }
    load.push(WITH_A_FILE).expect_code(0);
    let history = load.agentops(WITH_A_FILE, "check --secrets-history").expect_code(0);
    says(&history, &["not checked: `long.txt` of ", "pass: no secrets"]);
    // Changed on both sides, in a merge that does not exist yet.
    load.sandbox.git("switch --quiet main");
    for (mib, word) in [(100, "one"), (7, "two")] {
        load.sandbox.write("long.txt", line(mib, word));
        load.commit(WITH_A_FILE, &format!("feat: a line with {word} in it")).expect_code(0);
        says(&load.agentops(WITH_A_FILE, "check --base main --tip work").expect_code(6), &["a conflict in `long.txt`"]);
    }
}

#[test]
#[ignore = "slow: .ci/load runs it"]
fn five_thousand_files_in_a_folder() {
    let load = Load::new();
    let folder = ".agentops/product-dev/product";
    for number in 0..5_000 {
        load.sandbox.write(&format!("notes/n{number}.md"), format!("# Note {number}\n"));
        load.sandbox.write(&format!("{folder}/n{number}.md"), format!("# Note {number}\n"));
    }
    load.sandbox.write("notes/n77.md", format!("token: {TOKEN}\n"));
    load.sandbox.write(&format!("{folder}/n77.md"), format!("token: {TOKEN}\n"));
    let planted = format!("{folder}/n77.md:1: a GitLab token");
    load.is_refused(BASE, &["notes/n77.md:1: a GitLab token", &planted, "fail: 2 errors"]);
    load.sandbox.write("notes/n77.md", "# Note 77\n");
    load.sandbox.write(&format!("{folder}/n77.md"), "# Note 77\n");
    load.commit(BASE, "feat: notes").expect_code(0);
    for arguments in
        ["task list", "check --base main", "check --all", "report compliance", "doctor", "check --secrets-history"]
    {
        load.agentops(BASE, arguments).expect_code(0);
    }
    load.push(BASE).expect_code(0);
}

#[test]
#[ignore = "slow: .ci/load runs it"]
fn ten_thousand_tasks() {
    let load = Load::new();
    load.agentops(BASE, "task new \"First of many\" --profile product-dev").expect_code(0);
    // The others are copies of its event under other ids.
    let path = load.sandbox.git("ls-tree -r --name-only HEAD .agentops/product-dev/events");
    let event = load.sandbox.read(&path);
    let first = event.lines().find_map(|line| line.strip_prefix("task = \"")).unwrap().trim_end_matches('"');
    let copy = |number: usize, body: &str| {
        let id = format!("copy-{number:04}");
        let body = body.replace(first, &id);
        let digest = agentops::model::digest::Digest::of(body.as_bytes()).short();
        let file = format!(".agentops/product-dev/events/{id}/0001-research-working-{digest}.toml");
        load.sandbox.write(&file, body);
        file
    };
    for number in 1..10_000 {
        copy(number, &event);
    }
    // One of them is no event.
    let planted = copy(0, &event.replace("priority = ", "urgency = "));
    load.is_refused(WITH_TASKS, &[&planted]);
    load.sandbox.git(&format!("rm --quiet --force {planted}"));
    load.commit(WITH_TASKS, "feat: many tasks").expect_code(0);
    // As git does by itself with so many objects, and clones have it.
    load.sandbox.git("gc --quiet");
    for arguments in ["check --base main", "check --all", "report compliance"] {
        load.agentops(WITH_TASKS, arguments).expect_code(0);
    }
    load.push(WITH_TASKS).expect_code(0);
    load.sandbox.write("a.txt", "1\n");
    load.commit(BASE, "feat: one file").expect_code(0);
    let listed = load.agentops(WITH_TASKS, "task list --json").expect_code(0).json();
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 10_000);
    says(&load.agentops(WITH_TASKS, "phase status").expect_code(0), &["copy-0001 ", "copy-9999 "]);
    says(&load.agentops(BASE, "phase status copy-0042").expect_code(0), &["copy-0042: First of many"]);
    load.agentops(BASE, "task new Another --profile product-dev").expect_code(0);
    let text = include_str!("../../templates/demo/requirements.md");
    let text = text.replace("greet.sh:3", "src/main.rs:1").replace("test.sh:3", "src/main.rs:2");
    load.sandbox.write(".agentops/product-dev/specs/2026-11-21-copy-0042/requirements.md", text);
    load.agentops(BASE, "phase next copy-0042").expect_code(4);
    load.agentops(WITH_TASKS, "gate list").expect_code(0);
    load.agentops(BASE, "session start --task copy-0042").expect_code(0);
    load.agentops(BASE, "doctor").expect_code(0);
    load.agentops(BASE, "check --secrets-history").expect_code(0);
    says(&load.agentops(WITH_TASKS, "check --base origin/work").expect_code(0), &["in 3 commits"]);
}
