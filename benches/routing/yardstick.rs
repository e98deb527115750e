//! What the classifier has to beat: TF-IDF of words and of characters with logistic regression, as one would make it from
//! a well-known library in ten lines. Words of two characters and more with pairs of them; character 3-5-grams within words;
//! sublinear term frequency, smooth rarity, each list of length one; one model of the four profiles.

use std::collections::HashMap;

use agentops::routing::evaluation::Gold;
use agentops::routing::model::{CLASSES, Judged, Weighed, softmax};
use agentops::routing::pairs::Pairs;

use super::logistic::{self, Example, Fit, Link};
use super::trainer::{Lesson, target};

/// The strength that served the yardstick best.
const C: f64 = 10.0;

/// Words or characters, with the place and rarity of each gram seen in training.
struct List {
    grams: fn(&str) -> Vec<String>,
    known: HashMap<String, (usize, f64)>,
}

impl List {
    fn learn(grams: fn(&str) -> Vec<String>, texts: &[&str], first: usize) -> Self {
        let mut seen: Vec<String> = Vec::new();
        let mut counts: HashMap<String, (usize, u32)> = HashMap::new();
        for text in texts {
            let mut own = grams(text);
            own.sort_unstable();
            own.dedup();
            for gram in own {
                let place = first + seen.len();
                let entry = counts.entry(gram.clone()).or_insert_with(|| {
                    seen.push(gram);
                    (place, 0)
                });
                entry.1 += 1;
            }
        }
        let rarity = |count: u32| ((1.0 + texts.len() as f64) / f64::from(1 + count)).ln() + 1.0;
        let known = counts.into_iter().map(|(gram, (place, count))| (gram, (place, rarity(count)))).collect();
        Self { grams, known }
    }

    fn weigh(&self, text: &str) -> Weighed {
        let mut counts: HashMap<usize, (u32, f64)> = HashMap::new();
        for gram in (self.grams)(text) {
            if let Some((place, rarity)) = self.known.get(&gram) {
                counts.entry(*place).or_insert((0, *rarity)).0 += 1;
            }
        }
        let often = |count: u32| 1.0 + f64::from(count).ln();
        let mut out: Weighed =
            counts.into_iter().map(|(place, (count, rarity))| (place, often(count) * rarity)).collect();
        out.sort_unstable_by_key(|(place, _)| *place);
        let length = out.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        out.iter_mut().for_each(|(_, value)| *value /= length);
        out
    }
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = lower.split(|c| !inside(c)).filter(|word| word.chars().count() > 1).collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    pairs.chain(words.iter().map(|word| (*word).to_owned())).collect()
}

fn characters(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for word in text.to_lowercase().split_whitespace() {
        let padded: Vec<char> = format!(" {word} ").chars().collect();
        out.extend((3..=5).flat_map(|length| padded.windows(length).map(|gram| gram.iter().collect::<String>())));
    }
    out
}

/// The yardstick, trained.
pub(crate) struct Yardstick {
    lists: [List; 2],
    fit: Fit<CLASSES>,
}

impl Yardstick {
    /// Learns from those of `lessons` that belong to one profile.
    pub(crate) fn on(lessons: &[&Lesson]) -> Self {
        let lessons: Vec<&&Lesson> = lessons.iter().filter(|lesson| matches!(lesson.gold, Gold::One(_))).collect();
        let texts: Vec<&str> = lessons.iter().map(|lesson| lesson.text.as_str()).collect();
        let first = List::learn(words, &texts, 0);
        let second = List::learn(characters, &texts, first.known.len());
        let size = first.known.len() + second.known.len();
        let lists = [first, second];
        let examples: Vec<Example<CLASSES>> = lessons
            .iter()
            .map(|lesson| Example { weighed: weigh(&lists, &lesson.text), target: target(lesson.gold), weight: 1.0 })
            .collect();
        let fit = logistic::fit(&examples, size, C, Link::OneOf);
        Self { lists, fit }
    }

    /// Probabilities of the four profiles; in the place of `other`, how unsure it is. Of pairs it knows nothing.
    pub(crate) fn judge(&self, text: &str) -> Judged {
        let mut scores = self.fit.scores(&weigh(&self.lists, text));
        scores[CLASSES - 1] = f64::NEG_INFINITY;
        let mut found = softmax(scores);
        found[CLASSES - 1] = 1.0 - found.iter().copied().fold(0.0, f64::max);
        Judged { probabilities: found, pairs: Pairs::UNKNOWN }
    }
}

fn weigh(lists: &[List; 2], text: &str) -> Weighed {
    lists.iter().flat_map(|list| list.weigh(text)).collect()
}

/// What a text weighs in words alone, among `texts`: what topics are found by.
pub(crate) fn by_words<'t>(texts: &[&'t str]) -> impl Fn(&str) -> Weighed + use<'t> {
    let list = List::learn(words, texts, 0);
    move |text| list.weigh(text)
}
