//! How well tasks are routed, beside a yardstick measured in the same run; and the maker of the shipped model.
//!
//! `cargo bench --bench routing -- --train train.jsonl --dev dev.jsonl` prints the figures: trained on the first file alone,
//! and on it and the texts of `benches/routing/texts`; by cross-validation, on the second file, and with whole topics held
//! out. Both flags may be left out: then only our own texts are cross-validated. With `--write` the model is trained on all
//! of them and written to `src/routing/model.bin`: the same files give the same bytes.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod examples;
mod intervals;
mod logistic;
mod sources;
mod topics;
mod trainer;
mod yardstick;

use std::path::Path;
use std::time::Instant;

use agentops::routing::evaluation::{Evaluation, Gold, evaluate};
use agentops::routing::model::Judged;

use intervals::{Measure, interval};
use sources::Sources;
use trainer::{Judge, Lesson, Lexicon, Settings};
use yardstick::Yardstick;

/// Folds of the cross-validation.
const FOLDS: usize = 5;

fn main() {
    let sources = Sources::from_arguments(std::env::args().skip(1));
    let start = Instant::now();
    if sources.writes {
        return write(&sources);
    }
    let own = sources.own();
    let first = sources.first();
    let all: Vec<Lesson> = first.iter().chain(&own).cloned().collect();
    let lexicon = sources.lexicon();
    for (name, lessons) in [("the first file alone", &first), ("the first file and our own texts", &all)] {
        if lessons.is_empty() || (first.is_empty() && std::ptr::eq(lessons, &first)) {
            continue;
        }
        println!("\n== trained on {name}: {} texts", lessons.len());
        let held_back = sources.dev();
        if !held_back.is_empty() {
            let model = model(&lessons.iter().collect::<Vec<_>>(), &lexicon);
            tell("on the second file", &judge(&held_back, |text| model(text)));
            let yardstick = Yardstick::on(&lessons.iter().collect::<Vec<_>>());
            tell("  TF-IDF with logistic regression", &judge(&held_back, |text| yardstick.judge(text)));
        }
        let folds = trainer::deal(lessons, FOLDS);
        left_out(&format!("cross-validated in {FOLDS} parts"), lessons, &folds, &lexicon);
        let topics: Vec<Option<usize>> = topics::topics(lessons).into_iter().map(Some).collect();
        left_out(&format!("whole topics left out, {} a profile", topics::TOPICS), lessons, &topics, &lexicon);
    }
    if !first.is_empty() {
        let [(own, all_own), (others, all_others)] = examples::by_examples(&all, &lexicon);
        println!("\n== a profile that is known by its description and 15 examples alone");
        println!("   {own} of its {all_own} texts are right; of those of the other three {others} of {all_others}");
    }
    println!("\n   {:.0} s in all", start.elapsed().as_secs_f64());
}

/// Judges each text by models that did not see its fold, beside the yardstick. Only texts of the first source are counted.
fn left_out(what: &str, lessons: &[Lesson], folds: &[Option<usize>], lexicon: &Lexicon) {
    let counted = |found: Vec<Option<Judged>>| -> Vec<(Gold, Judged)> {
        let has_first = lessons.iter().any(|lesson| lesson.is_first);
        let judged = lessons.iter().zip(found).filter(|(lesson, _)| lesson.is_first || !has_first);
        judged.filter_map(|(lesson, found)| Some((lesson.gold, found?))).collect()
    };
    tell(what, &counted(trainer::out_of_fold(lessons, folds, |seen| model(seen, lexicon))));
    let yardstick = |seen: &[&Lesson]| -> Judge {
        let yardstick = Yardstick::on(seen);
        Box::new(move |text| yardstick.judge(text))
    };
    tell("  TF-IDF with logistic regression", &counted(trainer::out_of_fold(lessons, folds, yardstick)));
}

/// What a model of these texts says of a text.
fn model(seen: &[&Lesson], lexicon: &Lexicon) -> Judge {
    let seen: Vec<Lesson> = seen.iter().map(|lesson| (*lesson).clone()).collect();
    trainer::judge(&trainer::train(&seen, lexicon, Settings::CHOSEN, String::new()))
}

fn judge(texts: &[Lesson], route: impl Fn(&str) -> Judged) -> Vec<(Gold, Judged)> {
    texts.iter().map(|lesson| (lesson.gold, route(&lesson.text))).collect()
}

fn tell(what: &str, judged: &[(Gold, Judged)]) {
    let figures = evaluate(judged);
    let show = |name: &str, value: Option<f64>, interval: Option<[f64; 2]>| match (value, interval) {
        (Some(value), Some([low, high])) => format!("{name} {value:.3} [{low:.3} {high:.3}]"),
        _ => format!("{name} unmeasured"),
    };
    let resampled = |measure: Measure| interval(judged, measure);
    println!("   {what}: {} texts, {} of the four", figures.n, figures.n_four);
    println!(
        "      {}  {}  {}",
        show("accuracy", figures.accuracy, figures.ci95),
        show("macro F1", figures.macro_f1, resampled(|figures: &Evaluation| figures.macro_f1)),
        show("area for other", figures.auroc_other, resampled(|figures: &Evaluation| figures.auroc_other)),
    );
    println!(
        "      {}  {}  {}",
        show("calibration error", figures.ece, resampled(|figures: &Evaluation| figures.ece)),
        show("both of two", figures.top2_multi, resampled(|figures: &Evaluation| figures.top2_multi)),
        show("named", figures.named_multi, resampled(|figures: &Evaluation| figures.named_multi)),
    );
    println!(
        "      {}  {}",
        show("two of one", figures.named_two, resampled(|figures: &Evaluation| figures.named_two)),
        show("abstains", figures.abstain_rate, resampled(|figures: &Evaluation| figures.abstain_rate)),
    );
}

/// Trains on everything there is, and writes the model.
fn write(sources: &Sources) {
    let lessons: Vec<Lesson> = sources.first().into_iter().chain(sources.dev()).chain(sources.own()).collect();
    let parts = trainer::train(&lessons, &sources.lexicon(), Settings::CHOSEN, sources.header());
    let bytes = parts.bytes();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routing/model.bin");
    std::fs::write(&path, &bytes).expect("a written model");
    println!("{} bytes to {}, trained on:\n{}", bytes.len(), path.display(), sources.header());
}
