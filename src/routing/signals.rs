//! What stands beside the text: the profiles that a repository has, with the examples that teach them, and what its files
//! and tasks say.
//!
//! Examples: the nearest of a profile's texts to the task's, by the cosine of their features, is a sign for that profile
//! the stronger the nearer it is. So profiles route that the classifier has never heard of, and the four that it knows can
//! be taught. Of a profile's other signals the strongest adds to its log-odds.

use super::decision::{Candidate, Route, decide};
use super::model::{CLASSES, Judged, Model, PROFILES, Weighed};
use crate::model::name::ProfileName;

/// The cosine at which an example speaks for its profile as much as everything else speaks against it.
const NEAR: f64 = 0.2;

/// How fast that grows with the cosine.
const STEEP: f64 = 18.0;

/// The least that an example must weigh to be told.
const TOLD: f64 = 0.5;

/// A profile without a probability of its own begins with this one, so that signals can speak for it.
const FLOOR: f64 = 0.01;

/// A profile of the repository.
#[derive(Debug, Clone)]
pub struct Taught<'a> {
    /// Its name.
    pub name: &'a ProfileName,
    /// Its description and its examples; of a built-in profile those that are not the program's own, for from them the
    /// classifier has learned.
    pub texts: Vec<&'a str>,
}

/// Something in the repository that speaks for a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// For which one.
    pub profile: ProfileName,
    /// By how much its log-odds rise.
    pub weight: f64,
    /// What it is, for people.
    pub says: String,
}

/// Routes a text in a repository with these profiles and signals; gives what spoke for whom besides the text.
pub fn route(model: &Model<'_>, text: &str, profiles: &[Taught<'_>], signals: Vec<Signal>) -> (Route, Vec<String>) {
    let weighed = model.weigh(&model.count(text));
    let Judged { probabilities, pairs } = model.judge(&weighed);
    let mut says = Vec::new();
    let mut votes: Vec<(&ProfileName, f64)> = Vec::new();
    for profile in profiles {
        let Some((near, example)) = nearest(model, &weighed, &profile.texts) else { continue };
        let vote = 1.0 / (1.0 + (-STEEP * (near - NEAR)).exp());
        votes.push((profile.name, vote));
        if vote >= TOLD {
            says.push(format!("like an example of `{}`: “{example}”", profile.name));
        }
    }
    let strongest = votes.iter().map(|(_, vote)| *vote).fold(0.0, f64::max);
    let sum: f64 = votes.iter().map(|(_, vote)| vote).sum();
    let taught = |name: &ProfileName| {
        let vote = votes.iter().find(|(voted, _)| *voted == name).map_or(0.0, |(_, vote)| *vote);
        if sum > 0.0 { strongest * vote / sum } else { 0.0 }
    };
    let known = PROFILES.iter().filter_map(|name| ProfileName::parse(name).ok()).zip(probabilities);
    let mut candidates: Vec<Candidate> = known
        .map(|(profile, probability)| Candidate {
            score: (1.0 - strongest) * probability + taught(&profile),
            present: profiles.iter().any(|present| *present.name == profile),
            profile,
        })
        .collect();
    for own in profiles.iter().filter(|own| !PROFILES.contains(&own.name.as_str())) {
        candidates.push(Candidate { profile: own.name.clone(), score: taught(own.name), present: true });
    }
    let mut other = (1.0 - strongest) * probabilities[CLASSES - 1];
    // The strongest of a profile's signals counts: a list of a hundred files says no more than its first one.
    for candidate in &mut candidates {
        let own = signals.iter().filter(|signal| signal.profile == candidate.profile).map(|signal| signal.weight);
        if let Some(weight) = own.reduce(f64::max) {
            candidate.score = candidate.score.max(FLOOR) * weight.exp();
        }
    }
    says.extend(signals.into_iter().map(|signal| signal.says));
    let all = other + candidates.iter().map(|candidate| candidate.score).sum::<f64>();
    candidates.iter_mut().for_each(|candidate| candidate.score /= all);
    other /= all;
    (decide(candidates, other, &pairs), says)
}

/// The text nearest to `weighed`, with the cosine between them.
fn nearest<'t>(model: &Model<'_>, weighed: &Weighed, texts: &[&'t str]) -> Option<(f64, &'t str)> {
    let own = in_order(weighed.clone());
    let near = texts.iter().map(|text| (cosine(&own, &in_order(model.weigh(&model.count(text)))), *text));
    near.reduce(|best, next| if next.0 > best.0 { next } else { best })
}

fn in_order(mut weighed: Weighed) -> Weighed {
    weighed.sort_by_key(|(index, _)| *index);
    weighed
}

/// The cosine of two texts, each in the order of its indices.
fn cosine(one: &Weighed, other: &Weighed) -> f64 {
    let length = |weighed: &Weighed| weighed.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
    let mut rest = one.iter().peekable();
    let mut product = 0.0;
    for (index, value) in other {
        while rest.next_if(|(own, _)| own < index).is_some() {}
        product += rest.peek().filter(|(own, _)| own == index).map_or(0.0, |(_, own)| own * value);
    }
    let lengths = length(one) * length(other);
    if lengths > 0.0 { product / lengths } else { 0.0 }
}

/// The paths that a text names: words with a `/` or an extension, without the quotes, brackets, line numbers and stops
/// around them. Addresses of the web are none.
pub fn paths_in(text: &str) -> Vec<&str> {
    let edge = |c: char| c.is_whitespace() || "`'\"()[]{}<>,;“”".contains(c);
    let mut paths: Vec<&str> = text
        .split(edge)
        .map(|word| word.trim_end_matches(['.', ':', '!', '?']))
        .map(|word| word.split_once(':').map_or(word, |(path, line)| if is_number(line) { path } else { word }))
        .filter(|word| !word.contains("://") && (word.contains('/') || has_extension(word)))
        .map(|word| word.trim_start_matches("./").trim_matches('/'))
        .filter(|word| !word.is_empty())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b':')
}

fn has_extension(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=5).contains(&extension.len())
            && extension.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::super::decision::Decision;
    use super::*;

    fn name(text: &str) -> ProfileName {
        ProfileName::parse(text).unwrap()
    }

    #[test]
    fn a_profile_of_ones_own_routes_by_its_examples() {
        let (own, sre) = (name("translation"), name("sre"));
        let profiles = [
            Taught { name: &own, texts: vec!["Translating the manual", "Translate the German chapter on knitting"] },
            Taught { name: &sre, texts: vec!["Running services"] },
        ];
        let model = Model::shipped();
        let (route, says) = route(&model, "Translate the French chapter on knitting", &profiles, Vec::new());
        assert_eq!((route.decision, route.profile()), (Decision::Auto, Some(&own)), "{route:?}");
        assert_eq!(says, ["like an example of `translation`: “Translate the German chapter on knitting”"]);
        let (route, says) = super::route(&model, "The API answers 502 since the last restart", &profiles, Vec::new());
        assert_eq!((route.decision, route.profile()), (Decision::Auto, Some(&sre)), "{route:?}");
        assert!(says.is_empty(), "{says:?}");
    }

    #[test]
    fn what_is_not_there_is_suggested_at_most() {
        let own = name("translation");
        let profiles = [Taught { name: &own, texts: vec!["Translate the German chapter on knitting"] }];
        let (route, _) = route(&Model::shipped(), "The API answers 502 since the last restart", &profiles, Vec::new());
        assert_eq!((route.decision, route.profile()), (Decision::Suggest, Some(&name("sre"))), "{route:?}");
    }

    #[test]
    fn a_thousand_files_say_no_more_than_one() {
        let (own, sre) = (name("translation"), name("sre"));
        let profiles = [Taught { name: &own, texts: Vec::new() }, Taught { name: &sre, texts: Vec::new() }];
        let file = || Signal { profile: own.clone(), weight: 3.0, says: "a file".into() };
        let text = "The API answers 502 since the last restart";
        let (one, _) = route(&Model::shipped(), text, &profiles, vec![file()]);
        let (many, says) = route(&Model::shipped(), text, &profiles, vec![file(); 1000]);
        assert!(many.candidates.iter().all(|candidate| candidate.score.is_finite()), "{many:?}");
        assert_eq!((many, says.len()), (one, 1000));
    }

    #[test]
    fn signals_speak_for_their_profile() {
        let (own, sre) = (name("translation"), name("sre"));
        let profiles = [Taught { name: &own, texts: Vec::new() }, Taught { name: &sre, texts: Vec::new() }];
        let model = Model::shipped();
        let score = |signals| {
            let (route, _) = route(&model, "Look at it again", &profiles, signals);
            route.candidates.iter().find(|one| one.profile == own).unwrap().score
        };
        let signal = Signal { profile: own.clone(), weight: 6.0, says: "names po/de.po".into() };
        assert_eq!(score(Vec::new()), 0.0);
        assert!(score(vec![signal]) > 0.5);
    }

    #[test]
    fn paths_are_found_in_prose() {
        let text = "Fix `src/app.rs:12-14`, (docs/) and main.tf. See https://a.example/b/c.html; version 1.2.";
        assert_eq!(paths_in(text), ["docs", "main.tf", "src/app.rs"]);
        assert_eq!(paths_in("and/or nothing"), ["and/or"]);
        assert!(paths_in("no path here. None").is_empty());
    }
}
