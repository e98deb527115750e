//! From labelled texts to the parts of a model.
//!
//! Rarities and weights are learned from all texts; a text of two profiles pulls half towards each. The temperature is the
//! one under which the labels of the first source's texts are most probable when each is judged by a model that did not see
//! it; so confidence means something for texts like those.

use std::collections::BTreeMap;

use agentops::model::digest::Digest;
use agentops::routing::evaluation::Gold;
use agentops::routing::features::{self, Counted};
use agentops::routing::model::{CLASSES, IDF_STEP, Parts, Weighed, softmax, weigh};

use super::logistic::{self, Example, Fit};

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
}

impl Settings {
    /// What the shipped model is made with.
    pub(crate) const CHOSEN: Self = Self { bits: 17, groups: [1.0, 1.0, 0.4], c: 20.0, further: 0.3 };
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

/// Gives a text a number for each class.
pub(crate) type Judge = Box<dyn Fn(&str) -> [f64; CLASSES]>;

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

/// A model before it is rounded to bytes: what it weighs a text with, and its fit.
pub(crate) struct Trained<'l> {
    lexicon: &'l Lexicon,
    settings: Settings,
    idf: Vec<u8>,
    fit: Fit,
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
        let mut trained = Self { lexicon, settings, idf, fit: Fit { weights: Vec::new(), bias: [0.0; CLASSES] } };
        let examples: Vec<Example> = lessons
            .iter()
            .zip(&counted)
            .map(|(lesson, counted)| Example {
                weighed: trained.weigh(counted),
                target: target(lesson.gold),
                weight: if lesson.is_first { 1.0 } else { settings.further },
            })
            .collect();
        trained.fit = logistic::fit(&examples, size, settings.c);
        trained
    }

    fn weigh(&self, counted: &Counted) -> Weighed {
        let Settings { bits, groups, .. } = self.settings;
        weigh(counted, bits, groups, |bucket| f64::from(self.idf[bucket]) * IDF_STEP)
    }

    /// The model as it is written: weights rounded to a byte.
    pub(crate) fn parts(&self, header: String, temperature: f64) -> Parts {
        let buckets = 1 << self.settings.bits;
        let (hashed, concepts) = self.fit.weights.split_at(buckets);
        let step = std::array::from_fn(|class| {
            let highest = hashed.iter().map(|row| row[class].abs()).fold(0.0, f64::max);
            if highest > 0.0 { highest / 127.0 } else { 1.0 }
        });
        let round = |row: &[f64; CLASSES]| std::array::from_fn(|class| (row[class] / step[class]).round() as i8);
        Parts {
            header,
            bits: self.settings.bits,
            groups: self.settings.groups,
            temperature,
            bias: self.fit.bias,
            terms: self.lexicon.terms.iter().flat_map(|(hash, all)| all.iter().map(|one| (*hash, *one))).collect(),
            concept_weights: concepts.to_vec(),
            idf: self.idf.clone(),
            step,
            weights: hashed.iter().map(round).collect(),
        }
    }
}

/// The scores that the texts of `folds` get from models that did not see their fold; `None` for texts in no fold.
pub(crate) fn out_of_fold(
    lessons: &[Lesson],
    folds: &[Option<usize>],
    train: impl Fn(&[&Lesson]) -> Judge,
) -> Vec<Option<[f64; CLASSES]>> {
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

/// The temperature under which the labels of judged texts are most probable, in steps of a fiftieth.
pub(crate) fn temperature(lessons: &[Lesson], scores: &[Option<[f64; CLASSES]>]) -> f64 {
    let surprise = |temperature: f64| -> f64 {
        let judged = lessons.iter().zip(scores).filter_map(|(lesson, scores)| Some((lesson, (*scores)?)));
        let each = judged.map(|(lesson, scores)| {
            let found = softmax(scores.map(|score| score / temperature));
            let target = target(lesson.gold);
            -(0..CLASSES).map(|class| if target[class] > 0.0 { found[class] } else { 0.0 }).sum::<f64>().max(1e-12).ln()
        });
        each.sum()
    };
    let steps = (10..=150).map(|step| f64::from(step) / 50.0);
    steps.min_by(|a, b| surprise(*a).total_cmp(&surprise(*b))).unwrap_or(1.0)
}

/// A model of `lessons` with its temperature, ready to be written.
pub(crate) fn train(lessons: &[Lesson], lexicon: &Lexicon, settings: Settings, header: String) -> Parts {
    let folds = deal(lessons, 5);
    let scores =
        out_of_fold(lessons, &folds, |seen| scorer(&Trained::on(seen, lexicon, settings).parts(String::new(), 1.0)));
    let temperature = temperature(lessons, &scores);
    let all: Vec<&Lesson> = lessons.iter().collect();
    Trained::on(&all, lexicon, settings).parts(header, temperature)
}

/// The scores of a model as it is written.
pub(crate) fn scorer(parts: &Parts) -> Judge {
    let bytes = parts.bytes();
    Box::new(move |text| {
        let model = agentops::routing::model::Model::read(&bytes).expect("what was just written");
        model.scores(&model.weigh(&model.count(text)))
    })
}
