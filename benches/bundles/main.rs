//! What bundles lose: real documents made shorter, with questions whose answers are known, beside other ways to make them as
//! short. Prints figures, never a verdict; a lost fact ends it.
//!
//! `cargo bench --bench bundles`. The documents are those of pinned crates, read from cargo's registry on this machine; only the
//! questions are ours. A question can be answered from a text where all strings of `answer` and `context` stand in one block.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod documents;
mod yardsticks;

use std::time::Instant;

use agentops::model::bundle::{BUNDLE_TOKENS, BundleType};
use agentops::text::compress::{Worth, compress, compress_by};
use agentops::text::fidelity;
use agentops::text::search::{KeptText, TokenisedText, search};
use agentops::text::tokens;
use agentops::text::units::{Reading, Source};

use documents::{Document, documents};
use yardsticks::{Answered, answerable, lead, plain_textrank, random};

/// Tokens of a bundle's front matter, for which room is left.
const HEAD: usize = 300;
/// Room for what must be kept of all documents together.
const ROOM: usize = 32_000;
/// So many shuffles are averaged.
const SHUFFLES: u64 = 5;

fn main() {
    let documents = documents();
    let questions: usize = documents.iter().map(|document| document.questions.len()).sum();
    println!("   {} documents, {questions} questions", documents.len());
    quality(&documents);
    speed(&documents);
    growth();
    found(&documents);
}

/// Facts and questions, at five to one or what the facts ask for.
fn quality(documents: &[Document]) {
    let limit = BUNDLE_TOKENS as usize - HEAD;
    let mut table: Vec<(&str, Answered)> = Vec::new();
    let mut add = |way: &'static str, answered: Answered| match table.iter_mut().find(|(known, _)| *known == way) {
        Some((_, sum)) => sum.add(&answered),
        None => table.push((way, answered)),
    };
    let (mut before, mut after, mut facts, mut lost_facts) = (0, 0, 0, 0);
    println!("   document                                   type       tokens  bundle  ratio  facts  lost  answered");
    for document in documents {
        let reading = Reading::of(&[Source { name: &document.name, text: &document.text }], document.kind);
        let own = tokens::count(&document.text);
        let short = match compress(&reading, &[&document.name], own / 5, limit) {
            Ok(short) => short,
            Err(unfit) => {
                println!("   {:<42} unfit: {unfit:?}", document.name);
                continue;
            }
        };
        let lost = fidelity::lost(&reading, &short.body);
        for fact in &lost {
            println!("   lost: {} `{}` of line {}", fact.kind.noun(), fact.text, fact.line);
        }
        let answered = answerable(document, &short.body);
        println!(
            "   {:<42} {:<9} {own:>7} {:>7} {:>6} {:>6} {:>5} {:>6}/{}",
            document.name,
            document.kind.as_str(),
            short.tokens,
            agentops::model::bundle::ratio(own, short.tokens),
            reading.facts.len(),
            lost.len(),
            answered.answered,
            answered.asked
        );
        before += own;
        after += short.tokens;
        facts += reading.facts.len();
        lost_facts += lost.len();
        add("ours", answered);
        for (name, worth) in VARIANTS {
            if let Ok(other) = compress_by(&worth, &reading, &[&document.name], own / 5, limit) {
                add(name, answerable(document, &other.body));
            }
        }
        add("lead-n", answerable(document, &lead(&reading, short.tokens)));
        add("TextRank", answerable(document, &plain_textrank(&reading, short.tokens)));
        for seed in 1..=SHUFFLES {
            add("random", answerable(document, &random(&reading, short.tokens, seed)));
        }
        let whole = compress(&reading, &[&document.name], usize::MAX / 2, usize::MAX / 2).expect("no limit");
        add("all of it, cleaned", answerable(document, &whole.body));
    }
    println!("   tokens {before} to {after}: ratio {}", agentops::model::bundle::ratio(before, after));
    println!("   must-keep facts {facts}, lost {lost_facts}: recall {:.3}", 1.0 - lost_facts as f64 / facts as f64);
    for (way, sum) in &table {
        let share = 100.0 * sum.answered as f64 / sum.asked as f64;
        let halves = sum.halves.map(|(answered, asked)| 100.0 * answered as f64 / f64::max(asked as f64, 1.0));
        println!(
            "   {way:<40} answers {share:>5.1} %   (documents for choosing {:.1} %, others {:.1} %)",
            halves[0], halves[1]
        );
    }
    assert_eq!(lost_facts, 0, "a fact that must be kept was lost");
}

/// Other worths in the same frame.
const VARIANTS: [(&str, Worth); 5] = [
    ("in our frame, by rank alone", Worth { rank: 1.0, ..NOTHING }),
    ("in our frame, by code alone", Worth { code: 1.0, cost: 0.5, ..NOTHING }),
    ("in our frame, by telling words alone", Worth { telling: 1.0, cost: 0.5, ..NOTHING }),
    ("in our frame, without telling words", Worth { telling: 0.0, ..Worth::CHOSEN }),
    ("in our frame, early units first", Worth { early: 1.0, ..Worth::CHOSEN }),
];
const NOTHING: Worth = Worth { rank: 0.0, code: 0.0, wording: 0.0, telling: 0.0, first: 0.0, early: 0.0, cost: 0.0 };

/// Ten megabytes, made of the documents again and again.
fn speed(documents: &[Document]) {
    let mut text = String::new();
    while text.len() < 10_000_000 {
        documents.iter().for_each(|document| text.push_str(&document.text));
    }
    tokens::count("warm");
    let start = Instant::now();
    let reading = Reading::of(&[Source { name: "all", text: &text }], BundleType::Research);
    let read = start.elapsed();
    let own = tokens::count(&text);
    let counted = start.elapsed();
    let short = compress(&reading, &["all"], ROOM, ROOM).expect("room");
    let done = start.elapsed();
    let lost = fidelity::lost(&reading, &short.body).len();
    let gated = start.elapsed();
    println!(
        "   {:.1} MB: read {read:.2?}, tokens counted {:.2?}, shortened {:.2?}, held against the facts {:.2?}; all {gated:.2?}",
        text.len() as f64 / 1e6,
        counted - read,
        done - counted,
        gated - done
    );
    println!(
        "   {own} tokens to {}, facts {}, lost {lost}; budget 2 s in a release build",
        short.tokens,
        reading.facts.len()
    );
}

/// What a text is made of, and its parts by number.
type Shape = (&'static str, fn(usize) -> String);

/// One megabyte and four of what has few ends: whoever reads a text four times as long may take about four times as long.
fn growth() {
    let shapes: [Shape; 9] = [
        ("headings", |at| format!("# h{at}\n\n")),
        ("denials in one sentence", |at| format!("never a{at} ")),
        ("denials joined by hyphens", |_| "never-".to_owned()),
        ("facts in one sentence that binds", |at| format!("must `a{at}` ")),
        ("open backticks", |at| format!("a{} ", "`".repeat(at % 1_500 + 1))),
        ("open brackets", |_| "[".to_owned()),
        ("open brackets with numbers", |_| "(#".to_owned()),
        ("open tags", |_| "<b é".to_owned()),
        ("commands in one block", |at| if at == 0 { "```sh\n".to_owned() } else { format!("cargo run {at}\n") }),
    ];
    for (name, part) in shapes {
        let taken = [1_000_000, 4_000_000].map(|size| {
            let mut text = String::new();
            let mut at = 0;
            while text.len() < size {
                text.push_str(&part(at));
                at += 1;
            }
            let start = Instant::now();
            let reading = Reading::of(&[Source { name: "all", text: &text }], BundleType::Research);
            let short = compress(&reading, &["all"], ROOM, usize::MAX / 2).expect("room");
            assert!(fidelity::lost(&reading, &short.body).is_empty(), "{name}");
            start.elapsed()
        });
        let times = taken[1].as_secs_f64() / taken[0].as_secs_f64();
        println!("   1 MB and 4 MB of {name}: {:.2?} and {:.2?}, {times:.1} times as long", taken[0], taken[1]);
    }
}

/// Search over ten thousand texts of the size of a learning.
fn found(documents: &[Document]) {
    let units: Vec<String> = documents
        .iter()
        .flat_map(|document| {
            let reading = Reading::of(&[Source { name: &document.name, text: &document.text }], document.kind);
            reading.units.into_iter().map(|unit| unit.text)
        })
        .collect();
    let texts: Vec<TokenisedText> = units.iter().cycle().take(10_000).map(|text| TokenisedText::of(text)).collect();
    let bytes: Vec<Vec<u8>> = texts.iter().map(TokenisedText::to_bytes).collect();
    let start = Instant::now();
    let read: Vec<KeptText<'_>> = bytes.iter().filter_map(|bytes| KeptText::of(bytes)).collect();
    let loaded = start.elapsed();
    let start = Instant::now();
    let hits = search(&read, "which minimum rust version is needed for the timeout of a poll", 10);
    println!(
        "   search over {} texts: read from bytes {loaded:.2?}, searched {:.2?}, {} hits",
        read.len(),
        start.elapsed(),
        hits.len()
    );
}
