//! What the search for secrets costs: over a tree and its history beside git reading the same, and in a hook before the
//! first keyword is met. Prints figures and ratios, never a verdict.
//!
//! `cargo bench --bench secrets`. First it proves that what was planted is found, and that nothing else is.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod sources;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use agentops::clock::Clock;
use agentops::engine::Site;
use agentops::engine::judging::secrets_history;
use agentops::env::Env;
use agentops::model::secret_rules::SecretRules;
use agentops::secrets::Scanner;

use sources::{PLANTED_EVERY, planted, text};

/// Files of generated text.
const FILES: usize = 400;

fn main() {
    let files: Vec<String> = (0..FILES).map(text).collect();
    let bytes: usize = files.iter().map(String::len).sum();
    let megabytes = bytes as f64 / 1e6;
    println!("   {FILES} files, {megabytes:.0} MB, {} secrets planted", FILES.div_ceil(PLANTED_EVERY));
    before_the_first_hit();
    one_thread(&files, megabytes);
    history(&files, megabytes);
}

/// What a hook pays for the rules: making the scanner, and a small file without a keyword.
fn before_the_first_hit() {
    const ROUNDS: u32 = 2000;
    let start = Instant::now();
    for round in 0..ROUNDS {
        let rules = SecretRules::default();
        let text = format!("name: shop\nport: {round}\nreplicas: 3\nimage: shop/web:1.{round}\n");
        let scanner = Scanner::new(&rules);
        assert!(scanner.scan(&"deploy/web.yaml".into(), text.as_bytes()).expect("a search").found.is_empty());
    }
    let each = start.elapsed() / ROUNDS;
    println!(
        "   rules and a small file without a keyword             {each:>12.1?}   budget 500 µs before the first expression"
    );
    let rules = SecretRules::default();
    let scanner = Scanner::new(&rules);
    let start = Instant::now();
    let found = scanner.scan(&"a".into(), planted(7).as_bytes()).expect("a search").found.len();
    println!("   a file with one secret, its rules compiled first     {:>12.1?}   found {found}", start.elapsed());
}

fn one_thread(files: &[String], megabytes: f64) {
    let rules = SecretRules::default();
    let scanner = Scanner::new(&rules);
    let search = || -> usize {
        let each = |(number, file): (usize, &String)| {
            let path = format!("src/f{number}.rs");
            scanner.scan(&path.as_str().into(), file.as_bytes()).expect("a search").found.len()
        };
        files.iter().enumerate().map(each).sum()
    };
    assert_eq!(search(), files.len().div_ceil(PLANTED_EVERY), "exactly what was planted must be found");
    let again = || assert!(search() > 0);
    let taken = median((0..5).map(|_| timed(again)).collect());
    println!(
        "   one thread, in memory                                {taken:>9.0} ms   {:>5.0} MB/s",
        megabytes * 1000.0 / taken
    );
}

/// A repository of these files, beside git reading its objects.
fn history(files: &[String], megabytes: f64) {
    let root = tempfile::tempdir().expect("a temporary folder");
    let dir = root.path();
    git(dir, &["init", "--quiet"]);
    let mut stream = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let head = format!(
            "commit refs/heads/main\ncommitter Ada <ada@example.org> {} +0000\ndata 1\nx\nM 100644 inline d{}/f{number}.rs\ndata {}\n",
            1_700_000_000 + number,
            number % 20,
            file.len()
        );
        stream.extend_from_slice(head.as_bytes());
        stream.extend_from_slice(file.as_bytes());
        stream.push(b'\n');
    }
    {
        use std::io::Write as _;
        let mut child = command(dir, &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git");
        child.stdin.take().expect("a pipe").write_all(&stream).expect("a written stream");
        assert!(child.wait().is_ok_and(|status| status.success()));
    }
    drop(stream);
    git(dir, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    let (env, clock) = (Env::process(), Clock::real());
    let search = || {
        let site = Site::open(dir, &env, &clock, None).expect("a site");
        secrets_history::search(&site, None).expect("a search")
    };
    let found = search();
    assert_eq!((found.files, found.secrets.len()), (files.len(), files.len().div_ceil(PLANTED_EVERY)));
    let ours = median((0..5).map(|_| timed(|| drop(search()))).collect());
    let objects = ["cat-file", "--batch-all-objects", "--batch", "--unordered"];
    let theirs = median((0..5).map(|_| timed(|| git(dir, &objects))).collect());
    let grep = ["grep", "-cE", "AKIA[0-9A-Z]{16}", "main"];
    let grepped = median((0..5).map(|_| timed(|| drop(command(dir, &grep).status()))).collect());
    let speed = megabytes * 1000.0 / ours;
    println!(
        "   history, on all processors                           {ours:>9.0} ms   {speed:>5.0} MB/s   budget 100 MB/s"
    );
    println!("   git cat-file --batch over the same objects           {theirs:>9.0} ms   ratio {:.2}", ours / theirs);
    println!("   git grep of one expression over the same tree        {grepped:>9.0} ms   ratio {:.2}", ours / grepped);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let highest = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: unmeasured");
    println!(
        "   memory of this process at its highest, {megabytes:.0} MB of it the text: {}",
        highest.trim_start_matches("VmHWM:").trim()
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// In milliseconds.
fn median(mut samples: Vec<Duration>) -> f64 {
    samples.sort_unstable();
    samples[samples.len() / 2].as_secs_f64() * 1000.0
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn git(dir: &Path, arguments: &[&str]) {
    assert!(command(dir, arguments).status().is_ok_and(|status| status.success()), "git {arguments:?}");
}
