//! A history is judged side by side on several threads, and nobody can tell from the report.

use std::fmt::Write as _;

use agentops::clock::Clock;
use agentops::engine::Site;
use agentops::engine::judging::landing::{self, Landing};
use agentops::engine::judging::replay;
use agentops::env::Env;
use agentops::model::report::Report;

use crate::sandbox::{Sandbox, lawful};

const COMMITS: usize = 600;

/// Six hundred commits on the branch `main`, from the one that brings the laws on. Every fiftieth breaks some law, and its
/// rules change on the way, unlawfully, and where it `breaks` for a while into what nobody can read.
fn history(sandbox: &Sandbox, breaks: bool) {
    let config = sandbox.read(".agentops/config.toml");
    let looser = config.replacen("max = 3", "max = 4", 1);
    assert_ne!(looser, config);
    let mut stream = String::new();
    for number in 0..COMMITS {
        let message = if number % 50 == 7 { format!("wip {number}\n") } else { lawful(&format!("part {number}")) };
        let (path, text) = match number {
            n if n % 50 == 11 => (format!(".agentops/sre/stray-{number}.txt"), "stray\n".to_owned()),
            100 => (".agentops/config.toml".to_owned(), looser.clone()),
            400 if breaks => (".agentops/config.toml".to_owned(), "no config".to_owned()),
            402 => (".agentops/config.toml".to_owned(), config.clone()),
            _ => (format!("d{}/file", number % 7), format!("{number}\n")),
        };
        let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
        let when = 1_795_300_000 + number * 60;
        let (message_length, text_length) = (message.len(), text.len());
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter Alice <alice@example.org> {when} +0000\ndata {message_length}\n{message}\n\
             {from}M 100644 inline {path}\ndata {text_length}\n{text}\n"
        );
    }
    sandbox.try_git("fast-import --quiet --force").stdin(stream).run().expect_code(0);
    sandbox.git("reset --quiet --hard");
}

/// A judge, and what it said.
type Judge = Box<dyn Fn(&Site<'_>) -> Judged>;
type Judged = Result<Report, String>;

fn on_threads(sandbox: &Sandbox, count: usize, judge: &Judge) -> Judged {
    let (env, clock) = (Env::fixed(), Clock::fixed(1_795_400_000, 1));
    let mut site = Site::open(sandbox.path(), &env, &clock, None).unwrap();
    site.repo = site.repo.on_threads(count);
    judge(&site)
}

#[test]
fn the_report_of_one_thread_is_that_of_two_and_of_three() {
    for breaks in [false, true] {
        let sandbox = Sandbox::adopted();
        let base = sandbox.git("rev-parse HEAD");
        history(&sandbox, breaks);
        let land = |onto: Option<&str>| -> Judge {
            let request = Landing { base: base.clone(), onto: onto.map(str::to_owned), ..Landing::default() };
            Box::new(move |site| landing::landing(site, &request).map_err(|error| error.to_string()))
        };
        let all: Judge = Box::new(|site| replay::all(site, None, None).map_err(|error| error.to_string()));
        for (judge, goes_on) in [(all, !breaks), (land(None), true), (land(Some("refs/heads/main")), true)] {
            let alone = on_threads(&sandbox, 1, &judge);
            match &alone {
                Ok(report) => {
                    assert!(report.commits >= COMMITS && report.violations.len() > COMMITS / 50, "{report:?}")
                }
                Err(error) => assert!(!goes_on, "{error}"),
            }
            for count in [2, 3] {
                let together = on_threads(&sandbox, count, &judge);
                assert!(together == alone, "on {count} threads: {together:#?}\nalone: {alone:#?}");
            }
        }
    }
}
