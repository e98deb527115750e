//! Topics: groups of alike texts, so that whole topics can be left out of training.
//!
//! The texts of each profile are parted into [`TOPICS`] groups by spherical k-means over TF-IDF of words and pairs of words,
//! begun with texts far from each other; no label but the profile and no feature of the classifier goes in. Topic number
//! `n` of every profile makes fold `n`. Every other text, those of two profiles, of none, and of further sources, belongs to
//! the topic whose middle is nearest, and is left out with it.

use agentops::model::digest::Digest;
use agentops::routing::evaluation::Gold;
use agentops::routing::model::{PROFILES, Weighed};

use super::trainer::Lesson;
use super::yardstick;

/// Topics of each profile.
pub(crate) const TOPICS: usize = 8;

/// Rounds of k-means; it stands still long before.
const ROUNDS: usize = 30;

/// The topic of each text, as the number of a fold.
pub(crate) fn topics(lessons: &[Lesson]) -> Vec<usize> {
    let texts: Vec<&str> = lessons.iter().map(|lesson| lesson.text.as_str()).collect();
    let weigh = yardstick::by_words(&texts);
    let weighed: Vec<Weighed> = texts.iter().map(|text| weigh(text)).collect();
    let size = weighed.iter().flatten().map(|(place, _)| place + 1).max().unwrap_or(0);
    let mut folds = vec![None; lessons.len()];
    let mut middles = Vec::new();
    for profile in 0..PROFILES.len() {
        let mut own: Vec<usize> = (0..lessons.len())
            .filter(|place| lessons[*place].is_first && lessons[*place].gold == Gold::One(profile))
            .collect();
        own.sort_by_key(|place| Digest::of(lessons[*place].text.as_bytes()));
        let own_middles = part(&own, &weighed, size);
        for place in own {
            folds[place] = Some(nearest(&own_middles, &weighed[place]));
        }
        middles.extend(own_middles);
    }
    let fold =
        |(place, known): (usize, &Option<usize>)| known.unwrap_or_else(|| nearest(&middles, &weighed[place]) % TOPICS);
    folds.iter().enumerate().map(fold).collect()
}

/// The middles of the topics of these texts.
fn part(own: &[usize], weighed: &[Weighed], size: usize) -> Vec<Vec<f64>> {
    let dense = |place: usize| {
        let mut out = vec![0.0; size];
        weighed[place].iter().for_each(|(at, value)| out[*at] = *value);
        out
    };
    let mut middles: Vec<Vec<f64>> = own.first().map(|place| dense(*place)).into_iter().collect();
    while middles.len() < TOPICS.min(own.len()) {
        let likeness =
            |place: &usize| middles.iter().map(|middle| product(middle, &weighed[*place])).fold(0.0, f64::max);
        let farthest = own.iter().min_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let next = farthest.map(|place| dense(*place));
        middles.extend(next);
    }
    for _ in 0..ROUNDS {
        let mut sums = vec![vec![0.0; size]; middles.len()];
        for place in own {
            let topic = nearest(&middles, &weighed[*place]);
            weighed[*place].iter().for_each(|(at, value)| sums[topic][*at] += value);
        }
        for (middle, sum) in middles.iter_mut().zip(sums) {
            let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
            if length > 0.0 {
                *middle = sum.into_iter().map(|value| value / length).collect();
            }
        }
    }
    middles
}

fn nearest(middles: &[Vec<f64>], weighed: &Weighed) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (topic, middle) in middles.iter().enumerate() {
        let likeness = product(middle, weighed);
        if likeness > best.1 {
            best = (topic, likeness);
        }
    }
    best.0
}

fn product(middle: &[f64], weighed: &Weighed) -> f64 {
    weighed.iter().map(|(at, value)| middle[*at] * value).sum()
}
