//! Full text over 10,000 learnings: `agentops learn search`, cold and warm, beside `git grep` over the same files in the same
//! run. Medians and ratios, never a verdict.
//!
//! It first proves that a planted learning is found, and that neither the cache nor its absence changes an answer.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod setting;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use agentops::model::canonical::Canonical as _;
use agentops::model::layout;
use agentops::model::name::{Principal, ProfileName, RecordId, Word};
use agentops::model::record::{Grade, Learning};
use agentops::model::time::Timestamp;
use agentops::text::search::{TokenisedText, search};

use setting::{Bench, files, finding, least, median, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_agentops");
/// How many there are.
const COUNT: usize = 10_000;
const PLANTED: &str = "Zeppelins drift when the mooring mast leans";

fn main() {
    let bench = Bench::new();
    let dir = bench.import("learned", &files(100));
    bench.must(&dir, PROGRAM, &["init", "--profile", "product-dev", "--no-hooks"]);
    let project = text(&bench, &dir, &["show", "HEAD:.agentops/format.toml"]);
    let project = project.lines().find_map(|line| line.strip_prefix("project = \"")?.split('"').next()).expect("an id");
    let all: Vec<Learning> = (0..COUNT).map(|number| learning(project, number)).collect();
    let parent = text(&bench, &dir, &["rev-parse", "HEAD"]);
    bench.fast_import(&dir, &stream(&parent, &all));
    bench.must(&dir, "git", &["gc", "--quiet"]);
    let ask = |words: &[&str]| {
        let output = bench
            .command(&dir, PROGRAM, &[&["learn", "search", "--json"], words].concat())
            .stdout(std::process::Stdio::piped())
            .output()
            .expect("an output");
        assert!(output.status.success(), "{words:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let cache = dir.join(".git/agentops/learnings.cache");
    let first = ask(&["zeppelin", "mast"]);
    assert!(first.contains(PLANTED), "the planted learning must be found");
    assert_eq!(ask(&["zeppelin", "mast"]), first, "with the cache as without");
    println!(
        "   the planted one of {COUNT} is found; the cache holds {} bytes",
        cache.metadata().map_or(0, |file| file.len())
    );
    let (mut cold, mut warm, mut grep, mut common) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..9 {
        let _ = std::fs::remove_file(&cache);
        cold.push(bench.timed(&dir, PROGRAM, &["learn", "search", "zeppelin", "mast"]));
        warm.push(bench.timed(&dir, PROGRAM, &["learn", "search", "zeppelin", "mast"]));
        common.push(bench.timed(&dir, PROGRAM, &["learn", "search", "journal", "checksum", "page", "cache"]));
        grep.push(bench.timed(&dir, "git", &["grep", "-i", "-l", "zeppelin", "HEAD", "--", ".agentops/*/learnings/*"]));
    }
    let git = median(grep);
    println!("   fastest: cold {:.2} ms, warm {:.2} ms", least(&cold), least(&warm));
    line("cold: every learning is read", median(cold), git, "150 ms");
    line("warm: two rare words", median(warm), git, "20 ms");
    line("warm: four words that thousands have", median(common), git, "20 ms");
    let texts: Vec<TokenisedText> = all.iter().map(|learning| TokenisedText::of(&learning.pattern)).collect();
    let mut alone: Vec<Duration> = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        let found = search(&texts, "journal checksum page cache", 10);
        alone.push(start.elapsed());
        assert_eq!(found.len(), 10);
    }
    line("of that, the ranking alone", median(alone), git, "none");
}

fn line(what: &str, ours: f64, theirs: f64, budget: &str) {
    println!(
        "   {what:<58} {ours:>9.2} ms   git grep {theirs:>9.2} ms   ratio {:>6.2}   budget {budget}",
        ours / theirs
    );
}

/// A learning unlike the others; the one in the middle is planted.
fn learning(project: &str, number: usize) -> Learning {
    let pattern = if number == COUNT / 2 { PLANTED.to_owned() } else { finding(number) };
    Learning {
        v: 1,
        project: project.to_owned(),
        id: RecordId::parse(&format!("01kbjd8r{number:018}")).expect("an id"),
        profile: ProfileName::parse("product-dev").expect("a name"),
        actor: Principal::parse("ada").expect("a name"),
        at: Timestamp::from_seconds(1_795_000_000),
        task: String::new(),
        pattern,
        evidence: vec![format!("d0/f{}.yaml:1", number % 100)],
        application: format!("Measure it where {} first, and only then change the code", finding(number + COUNT)),
        reusability: Grade::Medium,
        tags: vec![Word::parse(["cache", "disk", "index", "lock"][number % 4]).expect("a word")],
        supersedes: Vec::new(),
    }
}

/// One commit of all of them.
fn stream(parent: &str, all: &[Learning]) -> Vec<u8> {
    let mut stream = format!(
        "commit refs/heads/main\ncommitter Ada <ada@example.org> 1795000000 +0000\ndata 9\nlearnings\nfrom {parent}\n"
    );
    for learning in all {
        let path = layout::learning(&learning.profile, &learning.at.date(), &learning.id);
        let body = learning.print();
        let _ = writeln!(stream, "M 100644 inline {path}\ndata {}\n{body}", body.len());
    }
    stream.into_bytes()
}
