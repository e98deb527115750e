//! The budgets of `docs/benchmarks.md`, measured in one run beside git: medians and ratios, never a verdict.
//!
//! `cargo bench` runs all; `cargo bench -- hooks` those whose name holds `hooks`. Each benchmark first proves that what it
//! measures really happens: the hooks ran, the planted violations are found.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod history;
mod setting;

use std::path::Path;
use std::time::Instant;

use agentops::clock::Clock;
use agentops::engine::Site;
use agentops::engine::judging::landing;
use agentops::engine::tasks::phase;
use agentops::engine::tasks::task;
use agentops::env::Env;
use agentops::git::{Repo, RepoStep};
use agentops::law::{Case, Context, Reads, judge};

use history::{lawful, plant};
use setting::{Bench, files, least, median, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_agentops");

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let all: [(&str, Measure); 6] = [
        ("start", start),
        ("hooks-small", |bench| hooks(bench, 100, 25)),
        ("hooks-large", |bench| hooks(bench, 100_000, 9)),
        ("range", range),
        ("state", state),
        ("transition", transition),
    ];
    for (name, run) in all {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            println!("\n== {name}");
            run(&Bench::new());
            println!("   memory of this process at its highest: {}", highest_memory());
        }
    }
}

/// One benchmark.
type Measure = fn(&Bench);

fn line(what: &str, ours: f64, theirs: f64, budget: &str) {
    println!("   {what:<58} {ours:>9.2} ms   git {theirs:>9.2} ms   ratio {:>6.2}   budget {budget}", ours / theirs);
}

fn highest_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: unmeasured");
    line.trim_start_matches("VmHWM:").trim().to_owned()
}

/// Start of the process, against git's.
fn start(bench: &Bench) {
    let dir = bench.path("plain");
    bench.must(bench.root.path(), "git", &["init", "--quiet", "plain"]);
    let (mut ours, mut hook, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..50 {
        ours.push(bench.timed(&dir, PROGRAM, &["--version"]));
        hook.push(bench.timed(&dir, PROGRAM, &["--git-hook", ".git/hooks/pre-commit"]));
        theirs.push(bench.timed(&dir, "git", &["--version"]));
    }
    let theirs = median(theirs);
    line("`--version`", median(ours), theirs, "3 ms");
    line("a hook with nothing to do", median(hook), theirs, "3 ms");
}

/// A commit of one small file with all hooks, over the same commit without hooks.
fn hooks(bench: &Bench, count: usize, rounds: usize) {
    let dir = bench.import("hooked", &files(count));
    bench.must(&dir, PROGRAM, &["init", "--profile", "product-dev"]);
    let message = bench.path("message");
    std::fs::write(&message, "wip\n").expect("a written file");
    std::fs::write(dir.join("planted.txt"), "x").expect("a written file");
    bench.must(&dir, "git", &["add", "planted.txt"]);
    let file = message.to_string_lossy().into_owned();
    assert!(
        !bench.run(&dir, "git", &["commit", "-q", "-F", &file]),
        "the planted violation must be refused: do the hooks run?"
    );
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..rounds * 2 {
        std::fs::write(&message, lawful(round)).expect("a written file");
        std::fs::write(dir.join("d0/f0.yaml"), format!("key: {round}\n")).expect("a written file");
        bench.must(&dir, "git", &["add", "d0/f0.yaml"]);
        if round % 2 == 0 {
            with.push(bench.timed(&dir, "git", &["commit", "-q", "-F", &file]));
        } else {
            without.push(bench.timed(&dir, "git", &["-c", "core.hooksPath=/dev/null", "commit", "-q", "-F", &file]));
        }
    }
    let least = (least(&with), least(&without));
    let (with, without) = (median(with), median(without));
    line(
        &format!("git commit with all hooks, {count} files"),
        with,
        without,
        if count > 1000 { "+ 45 ms" } else { "+ 8 ms" },
    );
    println!(
        "   all hooks together: + {:.2} ms; + {:.2} between the fastest of each",
        with - without,
        least.0 - least.1
    );
}

/// Message laws over 10,000 commits; tree and content laws of a step of 1,000 files.
fn range(bench: &Bench) {
    const COMMITS: usize = 10_000;
    let dir = bench.import("range", &files(500));
    bench.must(&dir, PROGRAM, &["init", "--profile", "product-dev", "--no-hooks"]);
    let base = text(bench, &dir, &["rev-parse", "HEAD"]);
    plant(bench, &dir, &base, COMMITS);
    let span = format!("{base}..HEAD");
    let policy = agentops::config::read_policy(&repo(&dir).tree(&tree_of(&dir, "HEAD"))).expect("a policy");
    let judged = |reads: &[Reads]| {
        let repo = repo(&dir);
        let (from, tip) = (repo.resolve(&base).expect("the base"), repo.resolve("HEAD").expect("the tip"));
        let commits = repo.range(Some(&from), &tip).expect("the range").commits;
        let (before, after) = (repo.tree_of(&from).expect("a tree"), repo.tree_of(&tip).expect("a tree"));
        let step = RepoStep::between(&repo, Some(&before), &after, commits, Some(from));
        judge(&Case::new(&step, &policy, Context::Landing), reads)
    };
    let report = judged(&[Reads::Messages]);
    let mut broken: Vec<_> = report.violations.iter().filter_map(|violation| violation.place.commit).collect();
    broken.sort_unstable();
    broken.dedup();
    assert_eq!(broken.len(), 300, "exactly the planted violations must be found");
    println!("   planted 300 of {COMMITS}; commits named: {}", broken.len());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let start = Instant::now();
        judged(&[Reads::Messages]);
        ours.push(start.elapsed());
        theirs.push(bench.timed(&dir, "git", &["log", "--format=%B", &span]));
    }
    line(&format!("message laws over {COMMITS} commits"), median(ours), median(theirs), "ratio 2");
    let (mut ours, mut theirs, mut contents) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..7 {
        let start = Instant::now();
        judged(&[Reads::Trees]);
        ours.push(start.elapsed());
        theirs.push(bench.timed(&dir, "git", &["log", "--raw", &span]));
        contents.push(bench.timed(&dir, "git", &["log", "-p", &span]));
    }
    let ours = median(ours);
    line("tree and content laws of that step, over log --raw", ours, median(theirs), "ratio 2");
    line("tree and content laws of that step, over log -p", ours, median(contents), "ratio 2");
    let (mut whole, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (env, clock) = (Env::process(), Clock::real());
        let start = Instant::now();
        let site = Site::open(&dir, &env, &clock, None).expect("a site");
        let request = landing::Landing { base: base.clone(), ..landing::Landing::default() };
        landing::landing(&site, &request).expect("a verdict");
        whole.push(start.elapsed());
        raw.push(bench.timed(&dir, "git", &["log", "--raw", &span]));
    }
    line("the whole landing of 10,000 commits, over log --raw", median(whole), median(raw), "none");
}

/// The state of one task, and the list of a thousand.
fn state(bench: &Bench) {
    let dir = bench.import("tasks", &files(100));
    bench.must(&dir, PROGRAM, &["init", "--profile", "product-dev", "--no-hooks"]);
    bench.must(&dir, PROGRAM, &["task", "new", "First of many", "--profile", "product-dev"]);
    // The others are copies of its event under other ids: enough to be listed and read.
    let folder = text(bench, &dir, &["ls-tree", "-r", "--name-only", "HEAD", ".agentops/product-dev/events"]);
    let event = std::fs::read_to_string(dir.join(&folder)).expect("the event");
    let first =
        event.lines().find_map(|line| line.strip_prefix("task = \"")).expect("an id").trim_end_matches('"').to_owned();
    for number in 0..999 {
        let id = format!("copy-{:04}", number).replace(['i', 'l', 'o', 'u'], "0");
        let body = event.replace(&first, &id);
        let digest = agentops::model::digest::Digest::of(body.as_bytes());
        let folder = dir.join(format!(".agentops/product-dev/events/{id}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("0001-research-working-{}.toml", digest.short())), body)
            .expect("a written file");
    }
    bench.must(&dir, "git", &["add", ".agentops"]);
    bench.must(&dir, "git", &["-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "a thousand tasks"]);
    bench.must(&dir, "git", &["gc", "--quiet"]);
    let (env, clock) = (Env::process(), Clock::real());
    let (mut one, mut all, mut git) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..15 {
        let site = Site::open(&dir, &env, &clock, None).expect("a site");
        let start = Instant::now();
        phase::status(&site, &first).expect("a status");
        one.push(start.elapsed());
        let site = Site::open(&dir, &env, &clock, None).expect("a site");
        let start = Instant::now();
        let listed = task::list(&site, &task::Filter::default()).expect("a list");
        all.push(start.elapsed());
        assert_eq!(listed.len(), 1000);
        git.push(bench.timed(&dir, "git", &["ls-tree", "-r", "--name-only", "HEAD", ".agentops/product-dev/events"]));
    }
    let git = median(git);
    line("state of one task among 1,000, after open", median(one), git, "1 ms");
    line("list of 1,000 tasks, after open", median(all), git, "15 ms");
}

/// `phase` verbs with commit, index and working tree, over `git add` and `git commit --no-verify`.
fn transition(bench: &Bench) {
    let dir = bench.import("transitions", &files(1000));
    bench.must(&dir, PROGRAM, &["init", "--profile", "product-dev", "--no-hooks"]);
    let mut ids = Vec::new();
    for number in 0..12 {
        let title = format!("Task number {number}");
        bench.must(&dir, PROGRAM, &["task", "new", &title, "--profile", "product-dev"]);
        ids.push(format!("task-number-{number}-"));
    }
    let text = include_str!("../templates/demo/requirements.md")
        .replace("greet.sh:3", "d0/f0.yaml:1")
        .replace("test.sh:3", "d0/f1.yaml:1");
    for entry in std::fs::read_dir(dir.join(".agentops/product-dev/specs")).expect("the tasks' folders").flatten() {
        std::fs::write(entry.path().join("requirements.md"), &text).expect("a written file");
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (number, id) in ids.iter().enumerate() {
        let mut command = bench.command(&dir, PROGRAM, &["phase", "next", id]);
        let start = Instant::now();
        let status = command.status().expect("a status");
        ours.push(start.elapsed());
        assert_eq!(status.code(), Some(4), "{id}: the submit waits for a vote");
        std::fs::write(dir.join("d0/f0.yaml"), format!("key0: {number}\nmore: 1\n")).expect("a written file");
        let start = Instant::now();
        bench.must(&dir, "git", &["add", "d0/f0.yaml"]);
        bench.must(&dir, "git", &["commit", "-q", "--no-verify", "-m", "one file"]);
        theirs.push(start.elapsed());
    }
    line("phase next (a submit of one artifact)", median(ours), median(theirs), "ratio 1.5");
}

fn repo(dir: &Path) -> Repo {
    Repo::open(dir).expect("a repository")
}

fn tree_of(dir: &Path, rev: &str) -> agentops::model::digest::ObjectId {
    let repo = repo(dir);
    repo.tree_of(&repo.resolve(rev).expect("a commit")).expect("a tree")
}
