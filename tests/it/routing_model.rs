//! The model of the program is what its header says, and can be made again from the texts that lie here.

use std::fs;
use std::path::Path;

use agentops::model::digest::Digest;
use agentops::routing::evaluation::{Gold, best};
use agentops::routing::model::{CLASSES, Model, PROFILES, softmax};
use agentops::routing::pairs::{PAIRS, Scale};

#[path = "../../benches/routing/logistic.rs"]
#[expect(dead_code, reason = "the yardstick of the benchmark uses the rest")]
mod logistic;
#[path = "../../benches/routing/sources.rs"]
#[expect(dead_code, reason = "the benchmark reads its command line")]
mod sources;
#[path = "../../benches/routing/trainer.rs"]
#[expect(dead_code, reason = "the benchmark calibrates and cross-validates")]
mod trainer;

use trainer::{Lesson, Lexicon, Settings, Trained, scorer};

fn committed(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/routing").join(name)).unwrap()
}

#[test]
fn the_header_names_the_texts_that_lie_here() {
    let header = Model::shipped().header();
    let files = sources::LABELS.iter().map(|label| format!("texts/{label}.txt")).chain(["lexicon.txt".to_owned()]);
    for file in files {
        let text = committed(&file);
        let name = file.rsplit('/').next().unwrap();
        let line = format!("{name} sha256 {} lines {}", Digest::of(text.as_bytes()).hex(), text.lines().count());
        assert!(
            header.lines().any(|known| known == line),
            "`{file}` is not what the model was trained on; see docs/routing.md for how it is made again:\n{header}"
        );
    }
}

#[test]
fn a_small_model_learns_from_the_texts_that_lie_here_and_comes_out_the_same_again() {
    let texts = sources::own_texts(|label| committed(&format!("texts/{label}.txt")));
    // Every sixth text is learned from; those that are asked are others.
    let pick = |every: usize, at: usize| -> Vec<&Lesson> {
        texts.iter().enumerate().filter(|(place, _)| place % every == at).map(|(_, text)| text).collect()
    };
    let lexicon = Lexicon::read(&committed("lexicon.txt"));
    let settings = Settings { bits: 14, c: 5.0, ..Settings::CHOSEN };
    let train =
        || Trained::on(&pick(6, 0), &lexicon, settings).parts("small\n".to_owned(), 1.0, Scale::plain(settings.shares));
    let parts = train();
    assert!(parts.bytes() == train().bytes(), "the same texts gave another model");
    let scores = scorer(&parts);
    let asked: Vec<(Gold, [f64; CLASSES])> =
        pick(36, 7).iter().map(|text| (text.gold, softmax(scores(&text.text).0))).collect();
    let four = asked.iter().filter_map(|(gold, found)| match gold {
        Gold::One(place) => Some((PROFILES[*place], PROFILES[best(found)])),
        Gold::Two(..) | Gold::Other => None,
    });
    let (right, all) = four.fold((0, 0), |(right, all), (gold, found)| (right + usize::from(gold == found), all + 1));
    assert!(all > 40 && right * 10 >= all * 7, "{right} of {all} are right");
    // Chance finds the pair that a text needs one time in six. So small a model, of a hundred such texts, does a little better.
    let highest = |text: &Lesson| {
        let scores = scores(&text.text).1;
        (0..PAIRS.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).map(|pair| PAIRS[pair])
    };
    let of_two: Vec<bool> = pick(3, 1)
        .into_iter()
        .filter_map(|text| match text.gold {
            Gold::Two(one, other) => Some(highest(text) == Some((one, other))),
            Gold::One(_) | Gold::Other => None,
        })
        .collect();
    let right = of_two.iter().filter(|right| **right).count();
    assert!(of_two.len() > 40 && right * 4 >= of_two.len(), "{right} of {} pairs are right", of_two.len());
}
