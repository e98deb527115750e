//! From scores to what is proposed: take it, suggest it, ask, or no task at all.

use super::model::{CLASSES, PROFILES};
use crate::model::name::ProfileName;

/// From this confidence on the best profile is taken without asking.
pub const AUTO: f64 = 0.80;

/// From this confidence on the best profile is suggested; below it, nobody can know.
pub const SUGGEST: f64 = 0.50;

/// A second profile that has at least this share belongs to the task as well: both are named.
pub const SECOND: f64 = 0.15;

/// From this probability of `other` on, the text is no work for any profile.
pub const NONE: f64 = 0.55;

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The profile is taken.
    Auto,
    /// The profile is proposed; somebody says yes.
    Suggest,
    /// Somebody says which; the task may need two.
    Ask,
    /// One-off work that needs no task: commit it directly.
    None,
}

impl Decision {
    /// The word in JSON and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Suggest => "suggest",
            Self::Ask => "ask",
            Self::None => "none",
        }
    }
}

/// A profile and how well it fits: shares of one, together with what fits none.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The profile's name.
    pub profile: ProfileName,
    /// Its probability.
    pub score: f64,
    /// Whether the repository has it. What it has not is never taken without asking.
    pub present: bool,
}

/// What the router says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// What is to happen.
    pub decision: Decision,
    /// Probability of the first candidate; where the decision is none, of there being no profile for it.
    pub confidence: f64,
    /// The profiles, best first, equal ones by name.
    pub candidates: Vec<Candidate>,
}

impl Route {
    /// The profile that is proposed; none where the decision is [`Decision::None`], or where there is no profile at all.
    pub fn profile(&self) -> Option<&ProfileName> {
        self.candidates.first().filter(|_| self.decision != Decision::None).map(|best| &best.profile)
    }

    /// The profiles that the task needs: both of a two-profile task.
    pub fn needed(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates
            .iter()
            .enumerate()
            .filter(|(rank, one)| *rank == 0 || one.score >= SECOND)
            .map(|(_, one)| one)
            .take(2)
    }
}

/// Decides. `other` is the probability that no profile fits; it and the scores of `candidates` make one.
pub fn decide(mut candidates: Vec<Candidate>, other: f64) -> Route {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.profile.cmp(&b.profile)));
    let best = candidates.first();
    let confidence = best.map_or(0.0, |best| best.score);
    let second = candidates.get(1).map_or(0.0, |second| second.score);
    let present = best.is_some_and(|best| best.present);
    let decision = match () {
        () if best.is_none() || other >= NONE => Decision::None,
        () if second >= SECOND || confidence < SUGGEST => Decision::Ask,
        () if confidence < AUTO || !present => Decision::Suggest,
        () => Decision::Auto,
    };
    Route { decision, confidence: if decision == Decision::None { other } else { confidence }, candidates }
}

/// The decision on a text alone: the four profiles that the classifier knows, all of them present.
pub fn decide_text(probabilities: [f64; CLASSES]) -> Route {
    let named = PROFILES.iter().zip(probabilities);
    let candidates = named
        .filter_map(|(name, score)| Some(Candidate { profile: ProfileName::parse(name).ok()?, score, present: true }));
    decide(candidates.collect(), probabilities[CLASSES - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(probabilities: [f64; CLASSES]) -> (Decision, String) {
        let route = decide_text(probabilities);
        (route.decision, route.needed().map(|one| one.profile.to_string()).collect::<Vec<_>>().join("+"))
    }

    #[test]
    fn each_decision_has_its_bounds() {
        assert_eq!(decided([0.02, 0.05, 0.9, 0.02, 0.01]), (Decision::Auto, "sre".into()));
        assert_eq!(decided([0.1, 0.1, 0.65, 0.05, 0.1]), (Decision::Suggest, "sre".into()));
        assert_eq!(decided([0.2, 0.2, 0.2, 0.2, 0.2]).0, Decision::Ask);
        assert_eq!(decided([0.05, 0.45, 0.0, 0.45, 0.05]), (Decision::Ask, "data-eng+devops".into()));
        assert_eq!(decided([0.1, 0.1, 0.1, 0.1, 0.6]).0, Decision::None);
    }

    #[test]
    fn what_the_repository_has_not_is_not_taken() {
        let route = decide_text([0.0, 0.0, 0.97, 0.0, 0.03]);
        let candidates = route.candidates.into_iter().map(|one| Candidate { present: false, ..one }).collect();
        assert_eq!(decide(candidates, 0.03).decision, Decision::Suggest);
        assert_eq!(decide(Vec::new(), 0.0).decision, Decision::None);
    }

    #[test]
    fn without_a_profile_none_is_proposed() {
        let route = decide_text([0.1, 0.1, 0.1, 0.1, 0.6]);
        assert_eq!((route.profile(), route.confidence), (None, 0.6));
    }
}
