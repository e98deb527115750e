//! Whether a task needs two profiles. That two are probable does not say it: a text may be of either. So each pair of the
//! profiles that the classifier knows has weights of its own, learned from tasks of two profiles against all others.

use super::model::PROFILES;

/// The pairs, by places in [`PROFILES`], the smaller place first.
pub const PAIRS: [(usize, usize); 6] = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

/// What a share of nothing counts as, where its logarithm is wanted.
const LEAST_SHARE: f64 = 1e-9;

/// How the scores of pairs become probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Weight of the logarithms of both profiles' shares beside the pair's own score.
    pub shares: f64,
    /// By how much the log-odds rise with that sum.
    pub slope: f64,
    /// The log-odds where it is 0.
    pub offset: f64,
}

impl Scale {
    /// Leaves scores as they are.
    pub const fn plain(shares: f64) -> Self {
        Self { shares, slope: 1.0, offset: 0.0 }
    }
}

/// What a text says of each pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairs {
    /// By the order of [`PAIRS`].
    pub scores: [f64; PAIRS.len()],
    /// How they are read.
    pub scale: Scale,
}

impl Pairs {
    /// Nothing is known of pairs: no task needs two profiles.
    pub const UNKNOWN: Self =
        Self { scores: [0.0; PAIRS.len()], scale: Scale { shares: 0.0, slope: 0.0, offset: f64::NEG_INFINITY } };

    /// The log-odds that a task needs both of two profiles, each with its share of the probability; `None` for the same
    /// profile twice and for one that the classifier does not know.
    pub fn log_odds(&self, one: (&str, f64), other: (&str, f64)) -> Option<f64> {
        let place = |name: &str| PROFILES.iter().position(|known| *known == name);
        let (a, b) = (place(one.0)?, place(other.0)?);
        let pair = PAIRS.iter().position(|pair| *pair == (a.min(b), a.max(b)))?;
        let shares = one.1.max(LEAST_SHARE).ln() + other.1.max(LEAST_SHARE).ln();
        Some(self.scale.offset + self.scale.slope * (self.scores[pair] + self.scale.shares * shares))
    }

    /// The probability that a task needs both; 0 where nothing is known of the pair.
    pub fn probability(&self, one: (&str, f64), other: (&str, f64)) -> f64 {
        self.log_odds(one, other).map_or(0.0, |odds| 1.0 / (1.0 + (-odds).exp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_one_score_whichever_comes_first() {
        let pairs =
            Pairs { scores: [0.0, 0.0, 0.0, 0.0, 3.0, -3.0], scale: Scale { offset: 1.0, ..Scale::plain(0.5) } };
        let both = pairs.probability(("devops", 0.6), ("data-eng", 0.4));
        assert_eq!(both, pairs.probability(("data-eng", 0.4), ("devops", 0.6)));
        let odds = 1.0 + 3.0 + 0.5 * (0.6_f64.ln() + 0.4_f64.ln());
        assert!((both - 1.0 / (1.0 + (-odds).exp())).abs() < 1e-12);
        assert!(pairs.probability(("sre", 0.6), ("data-eng", 0.4)) < 0.1);
        assert!(
            pairs.probability(("devops", 1.0), ("data-eng", 0.0)) < both,
            "a profile without a share is not needed"
        );
    }

    #[test]
    fn of_an_unknown_pair_nothing_is_said() {
        let pairs = Pairs { scores: [9.0; PAIRS.len()], scale: Scale::plain(0.0) };
        assert_eq!(pairs.probability(("devops", 0.5), ("handbook", 0.5)), 0.0);
        assert_eq!(pairs.probability(("devops", 0.5), ("devops", 0.5)), 0.0);
        assert_eq!(Pairs::UNKNOWN.probability(("devops", 0.5), ("sre", 0.5)), 0.0);
    }
}
