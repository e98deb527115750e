//! Intervals by resampling: texts are drawn again with replacement, a thousand times, from a fixed beginning.

use agentops::routing::evaluation::{Evaluation, Gold, evaluate};
use agentops::routing::model::Judged;

const ROUNDS: usize = 1000;

/// A figure of an evaluation.
pub(crate) type Measure = fn(&Evaluation) -> Option<f64>;

/// The middle 95 % of what a figure is on resampled texts; `None` where it is unmeasured.
pub(crate) fn interval(judged: &[(Gold, Judged)], measure: Measure) -> Option<[f64; 2]> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut found: Vec<f64> = (0..ROUNDS)
        .filter_map(|_| {
            let drawn: Vec<_> = (0..judged.len()).map(|_| judged[(next() % judged.len() as u64) as usize]).collect();
            measure(&evaluate(&drawn))
        })
        .collect();
    found.sort_by(f64::total_cmp);
    let at = |share: f64| found.get((share * (found.len().saturating_sub(1)) as f64).round() as usize).copied();
    Some([at(0.025)?, at(0.975)?])
}
