//! A linear layer of the model: a score for each of `N` things from the features of a text. Weights of buckets are bytes,
//! in steps; those of concepts, of which there are few, are kept in full.

use super::model::{Front, Weighed};

/// A layer as the trainer makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer<const N: usize> {
    /// Each score where nothing was met.
    pub bias: [f64; N],
    /// Weights of the concepts, by number.
    pub concepts: Vec<[f64; N]>,
    /// What a step of `buckets` is worth, for each score.
    pub step: [f64; N],
    /// Weights of each bucket, in steps.
    pub buckets: Vec<[i8; N]>,
}

impl<const N: usize> Layer<N> {
    /// Rounds fitted weights, those of the buckets first, then those of the concepts.
    pub fn of(weights: &[[f64; N]], bias: [f64; N], buckets: usize) -> Self {
        let (hashed, concepts) = weights.split_at(buckets);
        let step = std::array::from_fn(|at| {
            let highest = hashed.iter().map(|row| row[at].abs()).fold(0.0, f64::max);
            if highest > 0.0 { highest / 127.0 } else { 1.0 }
        });
        let round = |row: &[f64; N]| std::array::from_fn(|at| (row[at] / step[at]).round() as i8);
        Self { bias, concepts: concepts.to_vec(), step, buckets: hashed.iter().map(round).collect() }
    }

    /// As it stands in the file: bias, concepts, steps, buckets; numbers little-endian.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        let numbers = self.bias.iter().chain(self.concepts.iter().flatten()).chain(&self.step);
        let buckets = self.buckets.iter().flatten().flat_map(|weight| weight.to_le_bytes());
        numbers.flat_map(|number| number.to_le_bytes()).chain(buckets)
    }
}

/// A layer looked at where its bytes lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerView<'a, const N: usize> {
    bias: [f64; N],
    concepts: &'a [u8],
    step: [f64; N],
    buckets: &'a [u8],
}

impl<'a, const N: usize> LayerView<'a, N> {
    /// Knows nothing.
    pub(super) const EMPTY: Self = Self { bias: [0.0; N], concepts: &[], step: [0.0; N], buckets: &[] };

    /// Takes a layer of so many concepts and buckets; `None` where it is cut off.
    pub(super) fn take(from: &mut Front<'a>, concepts: usize, buckets: usize) -> Option<Self> {
        let bias = from.numbers()?;
        let concepts = from.take(concepts.checked_mul(N * 8)?)?;
        let step = from.numbers()?;
        Some(Self { bias, concepts, step, buckets: from.take(buckets.checked_mul(N)?)? })
    }

    /// The scores of a text, where indices from `buckets` on are those of concepts.
    pub(super) fn scores(&self, weighed: &Weighed, buckets: usize) -> [f64; N] {
        let mut scores = self.bias;
        for (index, value) in weighed {
            for (at, score) in scores.iter_mut().enumerate() {
                *score += value
                    * match index.checked_sub(buckets) {
                        None => self.bucket(index * N + at) * self.step[at],
                        Some(concept) => self.concept(concept * N + at),
                    };
            }
        }
        scores
    }

    fn bucket(&self, index: usize) -> f64 {
        self.buckets.get(index).map_or(0.0, |weight| f64::from(weight.cast_signed()))
    }

    fn concept(&self, index: usize) -> f64 {
        let bytes = self.concepts.get(index * 8..index * 8 + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0.0, f64::from_le_bytes)
    }
}
