//! The messages of 10,000 commits, 300 of which break a rule: `wip`, a subject too long, no section `Learning`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::history::plant;
use crate::setting::{Bench, files, text};
use crate::{MISSING, Peers, ran};

const PROGRAM: &str = env!("CARGO_BIN_EXE_agentops");
const COMMITS: usize = 10_000;
/// gitlint starts git some times for each commit: it is asked about so many, and its time is multiplied.
const FEWER: usize = 300;

pub(crate) fn measure(bench: &Bench, peers: &Peers) {
    let dir = bench.import("range", &files(500));
    bench.must(&dir, PROGRAM, &["init", "--profile", "product-dev", "--no-hooks"]);
    let base = text(bench, &dir, &["rev-parse", "HEAD"]);
    plant(bench, &dir, &base, COMMITS);
    let span = format!("{base}..HEAD");
    let ids = text(bench, &dir, &["rev-list", "--reverse", &span]);
    let history = History { ids: ids.lines().map(str::to_owned).collect() };
    assert_eq!(history.ids.len(), COMMITS);
    println!("   {COMMITS} commits, 300 planted; seconds, commits a second, found, others named");
    let floor: Vec<Duration> =
        (0..3).map(|_| bench.timed(&dir, "git", &["log", "--format=%H%x00%B%x00", &span])).collect();
    row("git log, the floor", &floor, COMMITS, None, None);
    let checked: Vec<_> = (0..3).map(|_| ran(bench, &dir, PROGRAM, &["check", "--base", &base, "--json"])).collect();
    let named = history.named_by_agentops(&checked[0].text);
    row("agentops check, all laws", &times(&checked), COMMITS, Some(history.verdict(&named, COMMITS)), None);
    let one = |name: &str, runs: usize, arguments: &[&str], count: usize, note: Option<&str>| {
        let Some(program) = peers.program(name) else {
            println!("   {name:<28} {MISSING}{}", if note.is_none() { " --cargo" } else { "" });
            return;
        };
        let runs: Vec<_> = (0..runs).map(|_| ran(bench, &dir, &program, arguments)).collect();
        let named = history.named(&runs[0].text);
        row(name, &times(&runs), count, Some(history.verdict(&named, count)), note);
    };
    one("convco", 3, &["check", &span], COMMITS, None);
    one("cog", 3, &["check", &span], COMMITS, None);
    let config = commitlint_config(bench, &peers.folder);
    one("commitlint", 1, &["--config", &config, "--from", &base, "--to", "HEAD"], COMMITS, Some("header rules"));
    let fewer = format!("HEAD~{FEWER}..HEAD");
    let rules = ["--contrib", "contrib-title-conventional-commits", "--ignore", "B1,B5,B6,B4"];
    let arguments = [&["--ignore-stdin"], rules.as_slice(), &["--commits", &fewer]].concat();
    one("gitlint", 1, &arguments, FEWER, Some("title rules, on the last 300 commits"));
}

/// Header rules alone: the others know nothing of our sections.
fn commitlint_config(bench: &Bench, folder: &Path) -> String {
    let preset = folder.join("npm/node_modules/@commitlint/config-conventional/lib/index.js");
    let text = format!(
        "{{\"extends\": [\"{}\"], \"rules\": {{\"header-max-length\": [2, \"always\", 72], \"body-max-line-length\": [0], \
         \"footer-max-line-length\": [0], \"footer-leading-blank\": [0], \"subject-case\": [0]}}}}",
        preset.display()
    );
    let file = bench.path("commitlint.json");
    fs::write(&file, text).expect("a written file");
    file.to_string_lossy().into_owned()
}

/// The commits, the oldest first: number 3, 36 and 69 of each hundred break a rule.
struct History {
    ids: Vec<String>,
}

impl History {
    /// The numbers of the commits that a text names: by the beginning of an id, or by the number in a subject.
    fn named(&self, text: &str) -> BTreeSet<usize> {
        let mut named = BTreeSet::new();
        let by_prefix: std::collections::BTreeMap<&str, usize> =
            self.ids.iter().enumerate().map(|(number, id)| (&id[..7], number)).collect();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            if word.len() >= 7
                && let Some(number) = by_prefix.get(&word[..7])
                && self.ids[*number].starts_with(word)
            {
                named.insert(*number);
            }
        }
        for before in ["keep record ", "wip "] {
            for rest in text.split(before).skip(1) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                named.extend(digits.parse::<usize>().ok().filter(|number| *number < self.ids.len()));
            }
        }
        named
    }

    fn named_by_agentops(&self, text: &str) -> BTreeSet<usize> {
        let document: serde_json::Value = serde_json::from_str(text).expect("a report");
        let found = document["violations"].as_array().expect("findings").iter();
        let ids = found.filter_map(|violation| violation["commit"].as_str());
        ids.filter_map(|id| self.ids.iter().position(|other| other == id)).collect()
    }

    /// Of the last `count` commits: how many were planted, how many of them are named, how many others.
    fn verdict(&self, named: &BTreeSet<usize>, count: usize) -> (usize, usize, usize) {
        let planted = |number: &usize| matches!(number % 100, 3 | 36 | 69);
        let all = (self.ids.len() - count..self.ids.len()).filter(planted).count();
        let found = named.iter().filter(|number| planted(number)).count();
        (all, found, named.len() - found)
    }
}

fn times(runs: &[crate::Ran]) -> Vec<Duration> {
    runs.iter().map(|run| run.taken).collect()
}

fn row(name: &str, taken: &[Duration], count: usize, verdict: Option<(usize, usize, usize)>, note: Option<&str>) {
    let seconds = crate::setting::median(taken.to_vec()) / 1000.0;
    let speed = count as f64 / seconds;
    let verdict = verdict.map_or(String::new(), |(all, found, others)| format!("{found:>4} of {all:<4} {others:>5}"));
    let scaled = if count < COMMITS {
        format!("; {:.1} s for all of them, by multiplication", seconds * COMMITS as f64 / count as f64)
    } else {
        String::new()
    };
    let note = note.unwrap_or_default();
    println!("   {name:<28} {seconds:>8.3} {speed:>9.0}  {verdict}  {note}{scaled}");
}
