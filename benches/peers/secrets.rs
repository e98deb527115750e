//! A tree of 200 MB and its history: how fast it is searched, how much of what was planted is found, and how much of what
//! only looks like a secret is called one. All of it is generated; nobody was ever given these secrets.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::fakes::{DECOYS, Fakes, PLANTED};
use crate::setting::Bench;
use crate::sources::{PLANTED_EVERY, text};
use crate::{MISSING, Peers, ran};

const PROGRAM: &str = env!("CARGO_BIN_EXE_agentops");
/// Of 256 KiB each.
const FILES: usize = 800;
/// So many of these files are enough for a program that would search all of them for minutes.
const FEWER: usize = 20;

/// The generated files, and which of them hold a secret.
struct Corpus {
    files: Vec<(String, String)>,
    planted: BTreeSet<String>,
}

impl Corpus {
    fn new() -> Self {
        let mut corpus = Self { files: Vec::new(), planted: BTreeSet::new() };
        let mut fakes = Fakes(0x9e37_79b9_7f4a_7c15);
        for (number, (rule, template)) in PLANTED.iter().enumerate() {
            let text = fakes.make(template);
            // Of a setting the first line names the file.
            let (name, text) = match text.split_once('\n') {
                Some((name, line)) if rule.ends_with("-setting") => (name.to_owned(), line.to_owned()),
                _ => ("some.file".to_owned(), text.clone()),
            };
            let path = format!("some/p{number:03}/{name}");
            corpus.planted.insert(path.clone());
            corpus.files.push((path, format!("first line\n{text}\nlast line\n")));
        }
        for (number, (name, template)) in DECOYS.iter().enumerate() {
            corpus.files.push((format!("some/n{number:03}/{name}"), fakes.make(template) + "\n"));
        }
        for number in 0..FILES {
            let path = format!("{}/f{number:03}.rs", if number < FEWER { "some" } else { "more" });
            if number.is_multiple_of(PLANTED_EVERY) {
                corpus.planted.insert(path.clone());
            }
            corpus.files.push((path, text(number)));
        }
        corpus
    }

    fn megabytes(&self, below: &str) -> f64 {
        self.below(below).map(|(_, text)| text.len()).sum::<usize>() as f64 / 1e6
    }

    fn below(&self, below: &str) -> impl Iterator<Item = &(String, String)> {
        let below = below.to_owned();
        self.files.iter().filter(move |(path, _)| path.starts_with(&below))
    }

    /// A commit for each file.
    fn stream(&self) -> Vec<u8> {
        let mut stream = Vec::new();
        for (number, (path, text)) in self.files.iter().enumerate() {
            let head = format!(
                "commit refs/heads/main\ncommitter Ada <ada@example.org> {} +0000\ndata 1\nx\nM 100644 inline {path}\ndata {}\n",
                1_700_000_000 + number,
                text.len()
            );
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(text.as_bytes());
            stream.push(b'\n');
        }
        stream
    }

    /// How many files below this folder hold a secret, how many of them a report names, how many others.
    fn verdict(&self, report: &str, below: &str) -> (usize, usize, usize) {
        let named = self.below(below).filter(|(path, _)| report.contains(path.as_str()));
        let (found, others): (Vec<_>, Vec<_>) = named.partition(|(path, _)| self.planted.contains(path));
        (self.below(below).filter(|(path, _)| self.planted.contains(path)).count(), found.len(), others.len())
    }
}

pub(crate) fn measure(bench: &Bench, peers: &Peers) {
    let corpus = Corpus::new();
    let dir = bench.import("sources", &corpus.stream());
    println!(
        "   {:.0} MB in {} files, {} of them with a secret, {} that only look so; seconds, MB a second, found, others named",
        corpus.megabytes(""),
        corpus.files.len(),
        corpus.planted.len(),
        DECOYS.len()
    );
    let objects = ["cat-file", "--batch-all-objects", "--batch", "--unordered"];
    row("git cat-file, the floor", bench.timed(&dir, "git", &objects), corpus.megabytes(""), None, "history");
    let whole = |name: &str, program: &str, arguments: &[&str], what: &str| {
        let runs: Vec<_> = (0..3).map(|_| ran(bench, &dir, program, arguments)).collect();
        let taken = runs.iter().map(|run| run.taken).min().unwrap_or_default();
        row(name, taken, corpus.megabytes(""), Some(corpus.verdict(&runs[0].text, "")), what);
    };
    whole("agentops", PROGRAM, &["check", "--secrets-history", "--json"], "history and tree");
    if let Some(program) = peers.program("kingfisher") {
        let place = dir.to_string_lossy().into_owned();
        for (history, what) in [("full", "history and tree"), ("none", "tree")] {
            let options = ["--no-validate", "--no-update-check", "--format", "json", "--git-history", history];
            whole("kingfisher", &program, &[&["scan", &place], options.as_slice()].concat(), what);
        }
    } else {
        println!("   {:<28} {MISSING}", "kingfisher");
    }
    part(bench, &dir, peers, &corpus, "ripsecrets", &["some"], " --cargo");
    part(bench, &dir, peers, &corpus, "detect-secrets", &["scan", "--all-files", "--no-verify", "some"], "");
}

/// One that would take minutes for all of it.
fn part(bench: &Bench, dir: &Path, peers: &Peers, corpus: &Corpus, name: &str, arguments: &[&str], flag: &str) {
    let Some(program) = peers.program(name) else {
        println!("   {name:<28} {MISSING}{flag}");
        return;
    };
    let run = ran(bench, dir, &program, arguments);
    let megabytes = corpus.megabytes("some");
    let what = format!("tree, {megabytes:.0} MB of it with all that was planted but the tokens in the rest");
    row(name, run.taken, megabytes, Some(corpus.verdict(&run.text, "some")), &what);
}

fn row(name: &str, taken: Duration, megabytes: f64, verdict: Option<(usize, usize, usize)>, what: &str) {
    let seconds = taken.as_secs_f64();
    let verdict = verdict.map_or(String::new(), |(all, found, others)| format!("{found:>4} of {all:<4} {others:>5}"));
    println!("   {name:<28} {seconds:>8.2} {:>8.1}  {verdict:<18} {what}", megabytes / seconds);
}
