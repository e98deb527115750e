//! From labelled texts to the parts of a model.
//!
//! Rarities and weights are learned from all texts; a text of two profiles pulls half towards each, and each pair of profiles
//! has weights of its own, learned from the texts of that pair against all others. The temperature, and the scale of pairs, are
//! those under which the labels of the first source's texts are most probable when each is judged by a model that did not see
//! it; so probabilities mean something for texts like those.

use std::collections::BTreeMap;

use agentops::model::digest::Digest;
use agentops::routing::evaluation::Gold;
use agentops::routing::features::{self, Counted};
use agentops::routing::layer::Layer;
use agentops::routing::model::{CLASSES, IDF_STEP, Judged, Model, PROFILES, Parts, Weighed, softmax, weigh};
use agentops::routing::pairs::{PAIRS, Pairs, Scale};

use super::logistic::{self, Example, Fit, Link};

/// How a model is made. The values of [`Settings::CHOSEN`] come from cross-validation on the training texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// There are `1 << bits` buckets.
    pub(crate) bits: u32,
    /// Weights of the groups of features.
    pub(crate) groups: [f64; 3],
    /// Weight of the texts against the penalty.
    pub(crate) c: f64,
    /// How much a text of another source than the first counts.
    pub(crate) further: f64,
    /// Weight of the logarithms of both profiles' shares beside the score of their pair.
    pub(crate) shares: f64,
}

impl Settings {
    /// What the shipped model is made with.
    pub(crate) const CHOSEN: Self = Self { bits: 17, groups: [1.0, 1.0, 0.4], c: 20.0, further: 0.3, shares: 0.5 };
}

/// A text to learn from.
#[derive(Debug, Clone)]
pub(crate) struct Lesson {
    /// The text.
    pub(crate) text: String,
    /// Where it belongs.
    pub(crate) gold: Gold,
    /// Whether it is of the first source, whose like the model is to judge.
    pub(crate) is_first: bool,
}

/// The words of the field with their concepts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lexicon {
    /// How many concepts there are.
    concepts: u8,
    /// Concepts by hash of a term.
    terms: BTreeMap<u64, Vec<u8>>,
}

impl Lexicon {
    /// Reads the lexicon: `profile/concept: term, term, …`. The names are for people.
    pub(crate) fn read(text: &str) -> Self {
        let mut lexicon = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (_, terms) = line.split_once(": ").expect("a concept and its terms");
            let concept = lexicon.concepts;
            lexicon.concepts += 1;
            for term in terms.split(',') {
                let concepts = lexicon.terms.entry(features::term_hash(&features::stems(term))).or_default();
                if !concepts.contains(&concept) {
                    concepts.push(concept);
                }
            }
        }
        lexicon
    }

    fn count(&self, text: &str, bits: u32) -> Counted {
        let none = Vec::new();
        features::count(text, bits, |hash| self.terms.get(&hash).unwrap_or(&none).iter().copied().map(u32::from))
    }
}

/// Judges a text.
pub(crate) type Judge = Box<dyn Fn(&str) -> Judged>;

/// How probable each class should be for a text.
pub(crate) fn target(gold: Gold) -> [f64; CLASSES] {
    let mut target = [0.0; CLASSES];
    match gold {
        Gold::One(place) => target[place] = 1.0,
        Gold::Two(one, other) => (target[one], target[other]) = (0.5, 0.5),
        Gold::Other => target[CLASSES - 1] = 1.0,
    }
    target
}

/// Which pair a text needs.
fn target_of_pairs(gold: Gold) -> [f64; PAIRS.len()] {
    PAIRS.map(|(one, other)| f64::from(u8::from(gold == Gold::Two(one, other))))
}

/// A model before it is rounded to bytes: what it weighs a text with, and its fits.
pub(crate) struct Trained<'l> {
    lexicon: &'l Lexicon,
    settings: Settings,
    idf: Vec<u8>,
    classes: Fit<CLASSES>,
    pairs: Fit<{ PAIRS.len() }>,
}

impl<'l> Trained<'l> {
    /// Learns from `lessons`.
    pub(crate) fn on(lessons: &[&Lesson], lexicon: &'l Lexicon, settings: Settings) -> Self {
        let counted: Vec<Counted> = lessons.iter().map(|lesson| lexicon.count(&lesson.text, settings.bits)).collect();
        let mut seen = vec![0u32; 1 << settings.bits];
        for (bucket, _) in counted.iter().flat_map(|counted| counted.words.iter().chain(&counted.characters)) {
            seen[*bucket as usize] += 1;
        }
        // What no text has keeps rarity 0: nothing is known of it, and it must not lengthen a text.
        let rarity = |seen: &u32| match seen {
            0 => 0,
            seen => {
                let idf = (f64::from(lessons.len() as u32 + 1) / f64::from(1 + seen)).ln() + 1.0;
                (idf / IDF_STEP).round().clamp(1.0, 255.0) as u8
            }
        };
        let idf: Vec<u8> = seen.iter().map(rarity).collect();
        let size = (1 << settings.bits) + usize::from(lexicon.concepts);
        let value =
            |counted| weigh(counted, settings.bits, settings.groups, |bucket| f64::from(idf[bucket]) * IDF_STEP);
        let weighed: Vec<Weighed> = counted.iter().map(value).collect();
        let classes = logistic::fit(&examples(lessons, &weighed, settings, target), size, settings.c, Link::OneOf);
        let pairs =
            logistic::fit(&examples(lessons, &weighed, settings, target_of_pairs), size, settings.c, Link::Each);
        Self { lexicon, settings, idf, classes, pairs }
    }

    /// The model as it is written: weights rounded to a byte.
    pub(crate) fn parts(&self, header: String, temperature: f64, scale: Scale) -> Parts {
        let buckets = 1 << self.settings.bits;
        Parts {
            header,
            bits: self.settings.bits,
            groups: self.settings.groups,
            temperature,
            scale,
            terms: self.lexicon.terms.iter().flat_map(|(hash, all)| all.iter().map(|one| (*hash, *one))).collect(),
            idf: self.idf.clone(),
            classes: Layer::of(&self.classes.weights, self.classes.bias, buckets),
            pairs: Layer::of(&self.pairs.weights, self.pairs.bias, buckets),
        }
    }
}

fn examples<const N: usize>(
    lessons: &[&Lesson],
    weighed: &[Weighed],
    settings: Settings,
    target: impl Fn(Gold) -> [f64; N],
) -> Vec<Example<N>> {
    let example = |(lesson, weighed): (&&Lesson, &Weighed)| Example {
        weighed: weighed.clone(),
        target: target(lesson.gold),
        weight: if lesson.is_first { 1.0 } else { settings.further },
    };
    lessons.iter().zip(weighed).map(example).collect()
}

/// What the texts of `folds` get from models that did not see their fold; `None` for texts in no fold.
pub(crate) fn out_of_fold<S: Clone>(
    lessons: &[Lesson],
    folds: &[Option<usize>],
    train: impl Fn(&[&Lesson]) -> Box<dyn Fn(&str) -> S>,
) -> Vec<Option<S>> {
    let mut out = vec![None; lessons.len()];
    let count = folds.iter().flatten().max().map_or(0, |highest| highest + 1);
    for fold in 0..count {
        let seen: Vec<&Lesson> =
            lessons.iter().zip(folds).filter(|(_, own)| **own != Some(fold)).map(|(lesson, _)| lesson).collect();
        let scores = train(&seen);
        for (place, lesson) in lessons.iter().enumerate().filter(|(place, _)| folds[*place] == Some(fold)) {
            out[place] = Some(scores(&lesson.text));
        }
    }
    out
}

/// The fold of each text: those of the first source are dealt out label by label, in the order of their digests.
pub(crate) fn deal(lessons: &[Lesson], count: usize) -> Vec<Option<usize>> {
    let all_further = !lessons.iter().any(|lesson| lesson.is_first);
    let mut order: Vec<usize> = (0..lessons.len()).filter(|place| all_further || lessons[*place].is_first).collect();
    order.sort_by_key(|place| (lessons[*place].gold, Digest::of(lessons[*place].text.as_bytes())));
    let mut folds = vec![None; lessons.len()];
    for (turn, place) in order.into_iter().enumerate() {
        folds[place] = Some(turn % count);
    }
    folds
}

/// The scores of one text: of the classes, and of the pairs.
pub(crate) type Scores = ([f64; CLASSES], [f64; PAIRS.len()]);

/// The temperature under which the labels of judged texts are most probable, in steps of a fiftieth.
fn temperature(judged: &[(Gold, Scores)]) -> f64 {
    let surprise = |temperature: f64| -> f64 {
        let each = judged.iter().map(|(gold, (scores, _))| {
            let found = softmax(scores.map(|score| score / temperature));
            let target = target(*gold);
            -(0..CLASSES).map(|class| if target[class] > 0.0 { found[class] } else { 0.0 }).sum::<f64>().max(1e-12).ln()
        });
        each.sum()
    };
    let steps = (10..=150).map(|step| f64::from(step) / 50.0);
    steps.min_by(|a, b| surprise(*a).total_cmp(&surprise(*b))).unwrap_or(1.0)
}

/// The scale under which it is most probable of judged texts whether they need both of their first two profiles.
fn scale(judged: &[(Gold, Scores)], temperature: f64, shares: f64) -> Scale {
    let example = |(gold, (scores, pairs)): &(Gold, Scores)| {
        let found = softmax(scores.map(|score| score / temperature));
        let mut places: Vec<usize> = (0..PROFILES.len()).collect();
        places.sort_by(|a, b| found[*b].total_cmp(&found[*a]));
        let (one, other) = (places[0], places[1]);
        let share = |place: usize| (PROFILES[place], found[place]);
        let pairs = Pairs { scores: *pairs, scale: Scale::plain(shares) };
        let score = pairs.log_odds(share(one), share(other)).unwrap_or_default();
        let is_needed = *gold == Gold::Two(one.min(other), one.max(other));
        Example { weighed: vec![(0, score)], target: [f64::from(u8::from(is_needed))], weight: 1.0 }
    };
    let examples: Vec<Example<1>> = judged.iter().map(example).collect();
    let fit = logistic::fit(&examples, 1, FREE, Link::Each);
    Scale { shares, slope: fit.weights[0][0], offset: fit.bias[0] }
}

/// As good as no penalty.
const FREE: f64 = 1e4;

/// A model of `lessons` with its temperature and scale, ready to be written.
pub(crate) fn train(lessons: &[Lesson], lexicon: &Lexicon, settings: Settings, header: String) -> Parts {
    let folds = deal(lessons, 5);
    let raw = |seen: &[&Lesson]| {
        scorer(&Trained::on(seen, lexicon, settings).parts(String::new(), 1.0, Scale::plain(settings.shares)))
    };
    let scores = out_of_fold(lessons, &folds, raw);
    let judged: Vec<(Gold, Scores)> =
        lessons.iter().zip(scores).filter_map(|(lesson, scores)| Some((lesson.gold, scores?))).collect();
    let temperature = temperature(&judged);
    let all: Vec<&Lesson> = lessons.iter().collect();
    Trained::on(&all, lexicon, settings).parts(header, temperature, scale(&judged, temperature, settings.shares))
}

/// The scores of a model as it is written.
pub(crate) fn scorer(parts: &Parts) -> Box<dyn Fn(&str) -> Scores> {
    let bytes = parts.bytes();
    Box::new(move |text| {
        let model = Model::read(&bytes).expect("what was just written");
        let weighed = model.weigh(&model.count(text));
        (model.scores(&weighed), model.pair_scores(&weighed))
    })
}

/// The judgement of a model as it is written.
pub(crate) fn judge(parts: &Parts) -> Judge {
    let bytes = parts.bytes();
    Box::new(move |text| {
        let model = Model::read(&bytes).expect("what was just written");
        model.judge(&model.weigh(&model.count(text)))
    })
}
