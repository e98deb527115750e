//! Logistic regression with a quadratic penalty on all weights but the biases, fitted by L-BFGS: of things that exclude each
//! other, or of each thing by itself. In f64 and in a fixed order, so that the same examples give the same bits.

use agentops::routing::model::{Weighed, softmax};

/// What scores say of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Of all things one is right: their probabilities make one.
    OneOf,
    /// Each is right or not, whatever the others are.
    Each,
}

/// A text as the fit sees it.
#[derive(Debug, Clone)]
pub(crate) struct Example<const N: usize> {
    /// Its features.
    pub(crate) weighed: Weighed,
    /// How probable each thing should be.
    pub(crate) target: [f64; N],
    /// How much it counts.
    pub(crate) weight: f64,
}

/// A fitted model over features `0..size`.
#[derive(Debug, Clone)]
pub(crate) struct Fit<const N: usize> {
    /// By feature.
    pub(crate) weights: Vec<[f64; N]>,
    /// By thing.
    pub(crate) bias: [f64; N],
}

impl<const N: usize> Fit<N> {
    /// The score of each thing.
    pub(crate) fn scores(&self, weighed: &Weighed) -> [f64; N] {
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
pub(crate) fn fit<const N: usize>(examples: &[Example<N>], size: usize, c: f64, link: Link) -> Fit<N> {
    // Features that no example has keep weight 0: only the others are fitted.
    let mut places = vec![usize::MAX; size];
    let mut used = Vec::new();
    for (feature, _) in examples.iter().flat_map(|example| &example.weighed) {
        if places[*feature] == usize::MAX {
            places[*feature] = used.len();
            used.push(*feature);
        }
    }
    let rows: Vec<Example<N>> = examples
        .iter()
        .map(|example| Example {
            weighed: example.weighed.iter().map(|(feature, value)| (places[*feature], *value)).collect(),
            ..example.clone()
        })
        .collect();
    let point = descend(&rows, used.len(), 1.0 / c, link);
    let mut weights = vec![[0.0; N]; size];
    for (place, feature) in used.iter().enumerate() {
        weights[*feature] = row(&point, place);
    }
    Fit { weights, bias: row(&point, used.len()) }
}

fn row<const N: usize>(point: &[f64], place: usize) -> [f64; N] {
    std::array::from_fn(|thing| point[place * N + thing])
}

/// The loss at `point`, which holds a row of weights for each feature, then the biases; puts its gradient into `gradient`.
fn loss<const N: usize>(
    rows: &[Example<N>],
    features: usize,
    penalty: f64,
    link: Link,
    point: &[f64],
    gradient: &mut [f64],
) -> f64 {
    let (weights, bias) = point.split_at(features * N);
    let (slopes, bias_slopes) = gradient.split_at_mut(features * N);
    for (slope, weight) in slopes.iter_mut().zip(weights) {
        *slope = penalty * weight;
    }
    bias_slopes.fill(0.0);
    let mut total = 0.5 * penalty * weights.iter().map(|weight| weight * weight).sum::<f64>();
    for example in rows {
        let mut scores: [f64; N] = std::array::from_fn(|thing| bias[thing]);
        for (place, value) in &example.weighed {
            let weights = &weights[place * N..(place + 1) * N];
            for (score, weight) in scores.iter_mut().zip(weights) {
                *score += value * weight;
            }
        }
        let found = match link {
            Link::OneOf => softmax(scores),
            Link::Each => scores.map(|score| 1.0 / (1.0 + (-score).exp())),
        };
        let surprise = |target: f64, found: f64| -target * found.max(1e-300).ln();
        let mut errors = [0.0; N];
        for thing in 0..N {
            let (target, found) = (example.target[thing], found[thing]);
            total += example.weight * surprise(target, found);
            if link == Link::Each {
                total += example.weight * surprise(1.0 - target, 1.0 - found);
            }
            errors[thing] = example.weight * (found - target);
            bias_slopes[thing] += errors[thing];
        }
        for (place, value) in &example.weighed {
            let slopes = &mut slopes[place * N..(place + 1) * N];
            for (slope, error) in slopes.iter_mut().zip(errors) {
                *slope += value * error;
            }
        }
    }
    total
}

fn descend<const N: usize>(rows: &[Example<N>], features: usize, penalty: f64, link: Link) -> Vec<f64> {
    let size = (features + 1) * N;
    let mut point = vec![0.0; size];
    let mut slope = vec![0.0; size];
    let mut height = loss(rows, features, penalty, link, &point, &mut slope);
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
            let next_height = loss(rows, features, penalty, link, &next, &mut next_slope);
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
