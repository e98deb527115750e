//! Multinomial logistic regression with a quadratic penalty on all weights but the biases, fitted by L-BFGS. In f64 and in
//! a fixed order, so that the same examples give the same bits.

use agentops::routing::model::{CLASSES, Weighed, softmax};

/// A text as the fit sees it.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// Its features.
    pub(crate) weighed: Weighed,
    /// How probable each class should be; they make one.
    pub(crate) target: [f64; CLASSES],
    /// How much it counts.
    pub(crate) weight: f64,
}

/// A fitted model over features `0..size`.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// By feature.
    pub(crate) weights: Vec<[f64; CLASSES]>,
    /// By class.
    pub(crate) bias: [f64; CLASSES],
}

impl Fit {
    /// The score of each class.
    pub(crate) fn scores(&self, weighed: &Weighed) -> [f64; CLASSES] {
        let mut scores = self.bias;
        for (feature, value) in weighed {
            for (score, weight) in scores.iter_mut().zip(self.weights[*feature]) {
                *score += value * weight;
            }
        }
        scores
    }
}

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;

/// The most steps.
const STEPS: usize = 200;

/// The fit is done where no part of the gradient is larger.
const FLAT: f64 = 1e-3;

/// Fits `examples` whose features lie in `0..size`; `c` weighs them against the penalty, as usual.
pub(crate) fn fit(examples: &[Example], size: usize, c: f64) -> Fit {
    // Features that no example has keep weight 0: only the others are fitted.
    let mut places = vec![usize::MAX; size];
    let mut used = Vec::new();
    for (feature, _) in examples.iter().flat_map(|example| &example.weighed) {
        if places[*feature] == usize::MAX {
            places[*feature] = used.len();
            used.push(*feature);
        }
    }
    let rows: Vec<Example> = examples
        .iter()
        .map(|example| Example {
            weighed: example.weighed.iter().map(|(feature, value)| (places[*feature], *value)).collect(),
            ..example.clone()
        })
        .collect();
    let point = descend(&rows, used.len(), 1.0 / c);
    let mut weights = vec![[0.0; CLASSES]; size];
    for (place, feature) in used.iter().enumerate() {
        weights[*feature] = row(&point, place);
    }
    Fit { weights, bias: row(&point, used.len()) }
}

fn row(point: &[f64], place: usize) -> [f64; CLASSES] {
    std::array::from_fn(|class| point[place * CLASSES + class])
}

/// The loss at `point`, which holds a row of weights for each feature, then the biases; puts its gradient into `gradient`.
fn loss(rows: &[Example], features: usize, penalty: f64, point: &[f64], gradient: &mut [f64]) -> f64 {
    let (weights, bias) = point.split_at(features * CLASSES);
    let (slopes, bias_slopes) = gradient.split_at_mut(features * CLASSES);
    for (slope, weight) in slopes.iter_mut().zip(weights) {
        *slope = penalty * weight;
    }
    bias_slopes.fill(0.0);
    let mut total = 0.5 * penalty * weights.iter().map(|weight| weight * weight).sum::<f64>();
    for example in rows {
        let mut scores: [f64; CLASSES] = std::array::from_fn(|class| bias[class]);
        for (place, value) in &example.weighed {
            let weights = &weights[place * CLASSES..(place + 1) * CLASSES];
            for (score, weight) in scores.iter_mut().zip(weights) {
                *score += value * weight;
            }
        }
        let found = softmax(scores);
        let mut errors = [0.0; CLASSES];
        for class in 0..CLASSES {
            total -= example.weight * example.target[class] * found[class].max(1e-300).ln();
            errors[class] = example.weight * (found[class] - example.target[class]);
            bias_slopes[class] += errors[class];
        }
        for (place, value) in &example.weighed {
            let slopes = &mut slopes[place * CLASSES..(place + 1) * CLASSES];
            for (slope, error) in slopes.iter_mut().zip(errors) {
                *slope += value * error;
            }
        }
    }
    total
}

fn descend(rows: &[Example], features: usize, penalty: f64) -> Vec<f64> {
    let size = (features + 1) * CLASSES;
    let mut point = vec![0.0; size];
    let mut slope = vec![0.0; size];
    let mut height = loss(rows, features, penalty, &point, &mut slope);
    let mut memory: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for step in 0..STEPS {
        if slope.iter().all(|part| part.abs() <= FLAT) {
            break;
        }
        let direction = direction(&slope, &memory);
        let downhill = dot(&direction, &slope);
        let mut length = if step == 0 { 1.0 / dot(&slope, &slope).sqrt() } else { 1.0 };
        let (next, next_slope, next_height) = loop {
            let next: Vec<f64> = point.iter().zip(&direction).map(|(at, part)| at + length * part).collect();
            let mut next_slope = vec![0.0; size];
            let next_height = loss(rows, features, penalty, &next, &mut next_slope);
            if next_height <= height + 1e-4 * length * downhill {
                break (next, next_slope, next_height);
            }
            length *= 0.5;
            if length < 1e-12 {
                return point;
            }
        };
        let moved: Vec<f64> = next.iter().zip(&point).map(|(next, at)| next - at).collect();
        let turned: Vec<f64> = next_slope.iter().zip(&slope).map(|(next, at)| next - at).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 1e-12 {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push((moved, turned, 1.0 / curvature));
        }
        (point, slope, height) = (next, next_slope, next_height);
    }
    point
}

/// The way down that the remembered steps suggest.
fn direction(slope: &[f64], memory: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut way: Vec<f64> = slope.to_vec();
    let mut shares = Vec::with_capacity(memory.len());
    for (moved, turned, inverse) in memory.iter().rev() {
        let share = inverse * dot(moved, &way);
        way.iter_mut().zip(turned).for_each(|(part, turned)| *part -= share * turned);
        shares.push(share);
    }
    if let Some((_, turned, inverse)) = memory.last() {
        let scale = 1.0 / (inverse * dot(turned, turned));
        way.iter_mut().for_each(|part| *part *= scale);
    }
    for ((moved, turned, inverse), share) in memory.iter().zip(shares.iter().rev()) {
        let back = inverse * dot(turned, &way);
        way.iter_mut().zip(moved).for_each(|(part, moved)| *part += (share - back) * moved);
    }
    way.iter_mut().for_each(|part| *part = -*part);
    way
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
