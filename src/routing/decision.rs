//! From scores to what is proposed: take it, suggest it, ask, or no task at all.

use super::model::{CLASSES, Judged, PROFILES};
use super::pairs::Pairs;
use crate::model::name::ProfileName;

/// From this confidence on the best profile is taken without asking.
pub const AUTO: f64 = 0.80;

/// From this confidence on the best profile is suggested; below it, nobody can know.
pub const SUGGEST: f64 = 0.50;

/// From this probability on that the task needs both of the first two profiles it counts as a task of two. A question that
/// names two is answered in a moment; half a task that nobody opened is missed late. So it lies below one half.
pub const TWO: f64 = 0.20;

/// A profile with less than this share is not needed, whatever its pair says.
pub const LEAST: f64 = 0.01;

/// A second profile that has at least this share could be the right one as well as the first.
pub const TORN: f64 = 0.35;

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
    /// Somebody says which; the task may be of either of two, or need both.
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
    /// Probability that the task needs both of the first two candidates.
    pub two: f64,
    /// The profiles, best first, equal ones by name.
    pub candidates: Vec<Candidate>,
}

impl Route {
    /// The profile that is proposed; none where the decision is [`Decision::None`], or where there is no profile at all.
    pub fn profile(&self) -> Option<&ProfileName> {
        self.candidates.first().filter(|_| self.decision != Decision::None).map(|best| &best.profile)
    }

    /// Whether the task counts as one of two profiles, the first two candidates.
    pub fn is_of_two(&self) -> bool {
        self.decision == Decision::Ask && self.two >= TWO
    }

    /// The profiles that are named: both of a two-profile task, or the two between which nobody can tell; else the first.
    pub fn named(&self) -> impl Iterator<Item = &Candidate> {
        let second = self.candidates.get(1).filter(|second| self.is_of_two() || second.score >= TORN);
        self.candidates.first().into_iter().chain(second)
    }
}

impl Route {
    /// The same, but that nobody says "no task" of a text that says too little: of one word, of words that any task may have, or
    /// of another script than its own the classifier learns nothing, and `other` is what is left. Then somebody is asked.
    #[must_use]
    pub fn unless_untold(mut self, text: &str) -> Self {
        if self.decision == Decision::None && !says_enough(text) {
            self.decision = Decision::Ask;
            self.confidence = self.candidates.first().map_or(0.0, |best| best.score);
        }
        self
    }
}

/// Words that stand in tasks of any kind, sorted: they do not say what one is about.
#[rustfmt::skip]
const OF_ANY_TASK: [&str; 178] = [
    "a", "about", "add", "after", "again", "all", "an", "and", "any", "are", "arent", "as", "at", "back", "be",
    "been", "before", "better", "but", "by", "can", "cant", "change", "check", "clean", "clear", "come", "comes",
    "could", "couldnt", "did", "didnt", "do", "does", "doesnt", "doing", "done", "dont", "down", "everything", "few",
    "first", "fix", "for", "from", "get", "give", "go", "good", "had", "handle", "has", "have", "help", "how", "i",
    "if", "im", "improve", "in", "into", "is", "isnt", "issue", "it", "its", "ive", "just", "keep", "know", "last",
    "later", "less", "let", "lets", "like", "little", "look", "lot", "make", "many", "may", "me", "more", "much",
    "must", "my", "need", "new", "next", "no", "not", "nothing", "now", "of", "off", "old", "on", "one", "only",
    "or", "other", "our", "out", "over", "own", "people", "please", "problem", "put", "really", "say", "see", "set",
    "should", "shouldnt", "show", "so", "some", "somehow", "someone", "something", "soon", "sort", "stuff", "such",
    "take", "task", "than", "that", "thats", "the", "their", "them", "then", "there", "theres", "these", "they",
    "thing", "things", "think", "this", "those", "time", "to", "today", "tomorrow", "too", "try", "up", "update",
    "us", "use", "very", "want", "was", "wasnt", "way", "we", "well", "what", "whats", "when", "where", "which",
    "while", "who", "why", "will", "with", "without", "wont", "work", "works", "would", "you", "your",
];

/// Whether a text has two words that the classifier could know, one of which says what it is about, and is mostly of its script.
fn says_enough(text: &str) -> bool {
    let is_word = |word: &&str| word.chars().filter(char::is_ascii_alphabetic).count() >= 2;
    // `doesn't` is one word.
    let joined = text.replace(['\'', '’'], "");
    let words = || joined.split(|c: char| !c.is_alphanumeric()).filter(is_word);
    let tells = |word: &str| OF_ANY_TASK.binary_search(&word.to_ascii_lowercase().as_str()).is_err();
    let is_told = words().nth(1).is_some() && words().any(tells);
    let (known, letters) = text
        .chars()
        .filter(|c| c.is_alphabetic())
        .fold((0, 0), |(known, letters), c| (known + usize::from(c.is_ascii()), letters + 1));
    is_told && 2 * known >= letters
}

/// Decides. `other` is the probability that no profile fits; it and the scores of `candidates` make one. `pairs` says of
/// the first two of them whether the task needs both.
pub fn decide(mut candidates: Vec<Candidate>, other: f64, pairs: &Pairs) -> Route {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.profile.cmp(&b.profile)));
    let best = candidates.first();
    let confidence = best.map_or(0.0, |best| best.score);
    let second = candidates.get(1).map_or(0.0, |second| second.score);
    let present = best.is_some_and(|best| best.present);
    let two = match candidates.as_slice() {
        [one, other, ..] if other.score >= LEAST => {
            pairs.probability((one.profile.as_str(), one.score), (other.profile.as_str(), other.score))
        }
        _ => 0.0,
    };
    let decision = match () {
        () if best.is_none() || other >= NONE => Decision::None,
        () if two >= TWO || second >= TORN || confidence < SUGGEST => Decision::Ask,
        () if confidence < AUTO || !present => Decision::Suggest,
        () => Decision::Auto,
    };
    Route { decision, confidence: if decision == Decision::None { other } else { confidence }, two, candidates }
}

/// The decision on a text alone: the four profiles that the classifier knows, all of them present.
pub fn decide_text(judged: &Judged) -> Route {
    let named = PROFILES.iter().zip(judged.probabilities);
    let candidates = named
        .filter_map(|(name, score)| Some(Candidate { profile: ProfileName::parse(name).ok()?, score, present: true }));
    decide(candidates.collect(), judged.probabilities[CLASSES - 1], &judged.pairs)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::Scale;
    use super::*;

    /// A text of which nothing is known about pairs.
    fn of(probabilities: [f64; CLASSES]) -> Judged {
        Judged { probabilities, pairs: Pairs::UNKNOWN }
    }

    fn decided(judged: &Judged) -> (Decision, String) {
        let route = decide_text(judged);
        (route.decision, route.named().map(|one| one.profile.to_string()).collect::<Vec<_>>().join("+"))
    }

    #[test]
    fn each_decision_has_its_bounds() {
        assert_eq!(decided(&of([0.02, 0.05, 0.9, 0.02, 0.01])), (Decision::Auto, "sre".into()));
        assert_eq!(decided(&of([0.1, 0.1, 0.65, 0.05, 0.1])), (Decision::Suggest, "sre".into()));
        assert_eq!(decided(&of([0.02, 0.05, 0.58, 0.34, 0.01])), (Decision::Suggest, "sre".into()));
        assert_eq!(decided(&of([0.02, 0.05, 0.57, 0.35, 0.01])), (Decision::Ask, "sre+data-eng".into()));
        assert_eq!(decided(&of([0.2, 0.2, 0.2, 0.2, 0.2])), (Decision::Ask, "data-eng".into()));
        assert_eq!(decided(&of([0.1, 0.1, 0.1, 0.1, 0.6])).0, Decision::None);
    }

    #[test]
    fn a_task_of_two_profiles_is_asked_about_however_sure_the_first_is() {
        let with = |offset: f64, probabilities| {
            let pairs = Pairs { scores: [0.0; 6], scale: Scale { shares: 0.0, slope: 1.0, offset } };
            Judged { probabilities, pairs }
        };
        let sure = [0.01, 0.95, 0.01, 0.02, 0.01];
        // The log-odds of 0.20 are −1.386.
        assert_eq!(decided(&with(-1.38, sure)), (Decision::Ask, "devops+data-eng".into()));
        assert!(decide_text(&with(-1.38, sure)).is_of_two());
        assert_eq!(decided(&with(-1.39, sure)), (Decision::Auto, "devops".into()));
        assert_eq!(decided(&with(9.0, [0.0, 0.99, 0.0, 0.009, 0.001])), (Decision::Auto, "devops".into()));
        assert!(!decide_text(&of([0.02, 0.05, 0.5, 0.42, 0.01])).is_of_two(), "either is not both");
        let other = decide_text(&with(3.0, [0.1, 0.1, 0.1, 0.1, 0.6]));
        assert!(other.decision == Decision::None && !other.is_of_two());
    }

    #[test]
    fn what_the_repository_has_not_is_not_taken() {
        let route = decide_text(&of([0.0, 0.0, 0.97, 0.0, 0.03]));
        let candidates = route.candidates.into_iter().map(|one| Candidate { present: false, ..one }).collect();
        assert_eq!(decide(candidates, 0.03, &Pairs::UNKNOWN).decision, Decision::Suggest);
        assert_eq!(decide(Vec::new(), 0.0, &Pairs::UNKNOWN).decision, Decision::None);
    }

    #[test]
    fn nothing_is_said_of_a_text_that_says_nothing() {
        assert!(OF_ANY_TASK.is_sorted());
        for text in [
            "x",
            "TODO",
            "\u{1f642}",
            "日本語のタスク",
            "支付服务在部署后返回502",
            "",
            "Fix the problem",
            "Look into it",
            "MAKE IT BETTER!",
            "It doesn't work",
        ] {
            let route = decide_text(&of([0.03, 0.02, 0.01, 0.01, 0.93])).unless_untold(text);
            assert_eq!((route.decision, route.confidence), (Decision::Ask, 0.03), "{text}");
        }
        let route = decide_text(&of([0.03, 0.02, 0.01, 0.01, 0.93])).unless_untold("Fix a typo");
        assert_eq!((route.decision, route.confidence), (Decision::None, 0.93));
    }

    #[test]
    fn without_a_profile_none_is_proposed() {
        let route = decide_text(&of([0.1, 0.1, 0.1, 0.1, 0.6]));
        assert_eq!((route.profile(), route.confidence), (None, 0.6));
    }
}
