//! The verdicts of the corpus.

use super::*;
use proptest::prelude::*;

const SUBSTANTIVE: &str = include_str!("../../../tests/fixtures/substance/substantive.txt");
const FILLER: &str = include_str!("../../../tests/fixtures/substance/filler.txt");

fn entries(corpus: &str) -> Vec<&str> {
    corpus.split("%%\n").map(str::trim_end).collect()
}

fn wrong(corpus: &str, passes: bool) -> Vec<(&str, Result<(), Weakness>)> {
    entries(corpus)
        .into_iter()
        .map(|text| (text, assess(text)))
        .filter(|(_, verdict)| verdict.is_ok() != passes)
        .collect()
}

#[test]
fn every_verdict_of_the_corpus_holds() {
    assert_eq!(entries(SUBSTANTIVE).len(), 51);
    assert_eq!(entries(FILLER).len(), 50);
    assert_eq!(wrong(SUBSTANTIVE, true), []);
    assert_eq!(wrong(FILLER, false), []);
}

#[test]
fn a_weakness_is_named_for_what_it_is() {
    for (text, weakness) in [
        ("", Weakness::Empty),
        ("<what was learned>", Weakness::Placeholder),
        ("TODO: say why the scheduler needs a queue", Weakness::Placeholder),
        ("...", Weakness::Placeholder),
        ("See above.", Weakness::Elsewhere),
        ("code code code code", Weakness::Repetitive),
        ("sdkjfh wkejfh", Weakness::Gibberish),
        ("#12, #34", Weakness::Gibberish),
        ("`src/main.rs` and `src/lib.rs`", Weakness::BareNames),
        ("What did you learn?", Weakness::Question),
        ("This makes the code better.", Weakness::Generic),
    ] {
        assert_eq!(assess(text), Err(weakness), "{text}");
    }
}

#[test]
fn a_short_sentence_needs_no_padding() {
    for text in [
        "Restart the pod",
        "The clock is in UTC",
        "Deadlock under load",
        "Swapped the mutex for a channel",
        "The lexer skips comments",
        "Postgres locks the row, not the table",
    ] {
        assert_eq!(assess(text), Ok(()), "{text}");
    }
    for text in [
        "Restart",
        "Fix the parser",
        "Update the docs and the tests",
        "It works now",
        "placeholder for the parser",
        "The kjhg of the parser",
        "Is the parser slow?",
    ] {
        assert!(assess(text).is_err(), "{text}");
    }
}

#[test]
fn a_reason_may_be_shorter() {
    assert_eq!(assess_reason("dependency bump"), Ok(()));
    assert!(assess("dependency bump").is_err());
    assert!(assess_reason("not needed").is_err());
}

proptest! {
    #[test]
    fn assessing_never_panics(text: String, dense in "[`<>a-c本TODO:/_. \n]{0,24}") {
        for text in [&text, &dense] {
            let _ = (assess(text), is_same(text, "a b c"), Sketch::of(text));
        }
    }
}

const HELD_OUT_SUBSTANTIVE: &str = include_str!("../../../tests/fixtures/substance/held_out_substantive.txt");
const HELD_OUT_FILLER: &str = include_str!("../../../tests/fixtures/substance/held_out_filler.txt");

/// Written after the rules, in two batches.
#[test]
fn every_verdict_of_the_held_out_corpus_holds() {
    assert_eq!(entries(HELD_OUT_SUBSTANTIVE).len(), 40);
    assert_eq!(entries(HELD_OUT_FILLER).len(), 40);
    let wrong = (wrong(HELD_OUT_SUBSTANTIVE, true), wrong(HELD_OUT_FILLER, false));
    assert_eq!(wrong, (vec![], vec![]));
}
