//! How well texts are routed whose profile is known. All definitions stand at [`Evaluation`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::decision::{Decision, Route, decide_text};
use super::model::{CLASSES, Judged, PROFILES};

/// Where a text belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gold {
    /// To one profile, by its place in [`PROFILES`].
    One(usize),
    /// To two of them, the smaller place first.
    Two(usize, usize),
    /// To none.
    Other,
}

/// A text with where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// The task's text.
    pub text: String,
    /// Where it belongs.
    pub gold: Gold,
}

/// Why a line of an evaluation file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is no JSON object with the fields.
    #[error("line {line} is no object with `text`, `label` and `labels`: {source}")]
    Form {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Its label is none that the classifier knows.
    #[error("line {line}: the label `{label}` with {count} `labels` is none of: {}, `multi` with two of them, `other`", PROFILES.join(", "))]
    Label {
        /// Number of the line, from 1.
        line: usize,
        /// The label, escaped.
        label: String,
        /// How many names `labels` has.
        count: usize,
    },
    /// Its text says nothing.
    #[error("line {line}: the text is empty")]
    Empty {
        /// Number of the line, from 1.
        line: usize,
    },
    /// There is nothing to measure on.
    #[error("no line of it has a text")]
    NoTexts,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    label: String,
    #[serde(default)]
    labels: Vec<String>,
}

impl Gold {
    /// Reads a label: the name of a profile, `other`, or `multi` with the names of two profiles.
    pub fn parse(label: &str, labels: &[impl AsRef<str>]) -> Option<Self> {
        let place = |name: &str| PROFILES.iter().position(|known| *known == name);
        match (label, labels) {
            ("other", _) => Some(Self::Other),
            ("multi", [one, other]) => {
                let (one, other) = (place(one.as_ref())?, place(other.as_ref())?);
                (one != other).then_some(Self::Two(one.min(other), one.max(other)))
            }
            _ => place(label).map(Self::One),
        }
    }

    /// The label.
    pub fn label(self) -> &'static str {
        match self {
            Self::One(place) => PROFILES[place],
            Self::Two(..) => "multi",
            Self::Other => "other",
        }
    }
}

/// Reads texts: one JSON object a line with `text`, `label` and, where the label is `multi`, `labels`; other fields and
/// empty lines are passed over, and so is a byte order mark.
pub fn read(file: &str) -> Result<Vec<Labelled>, LineError> {
    let mut texts = Vec::new();
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    for (line, content) in (1..).zip(file.lines()).filter(|(_, content)| !content.trim().is_empty()) {
        let read: Line = serde_json::from_str(content).map_err(|source| LineError::Form { line, source })?;
        let gold = Gold::parse(&read.label, &read.labels).ok_or_else(|| LineError::Label {
            line,
            label: crate::model::escape::visible(&read.label).to_string(),
            count: read.labels.len(),
        })?;
        if read.text.trim().is_empty() {
            return Err(LineError::Empty { line });
        }
        texts.push(Labelled { text: read.text, gold });
    }
    if texts.is_empty() { Err(LineError::NoTexts) } else { Ok(texts) }
}

/// Figures over texts. "The four" are the texts that belong to exactly one profile. What there is no text for is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// How many texts were routed, of all labels.
    pub n: usize,
    /// How many of them are of the four.
    pub n_four: usize,
    /// Share of the four whose most probable profile is the right one, whatever the decision was. Of equally probable
    /// profiles the one that comes first in product-dev, devops, sre, data-eng is taken.
    pub accuracy: Option<f64>,
    /// Wilson's interval of `accuracy` at 95 %.
    pub ci95: Option<[f64; 2]>,
    /// Mean over the four profiles of the F1 of precision and recall among the four; 0 for a profile never right.
    pub macro_f1: Option<f64>,
    /// By label, then by most probable profile: how many texts. All labels have a row.
    pub confusion: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    /// Share of the `multi` texts whose two most probable profiles are their two, in any order.
    pub top2_multi: Option<f64>,
    /// Share of the `multi` texts that count as tasks of two profiles, of exactly their two.
    pub named_multi: Option<f64>,
    /// Share of the four that wrongly count as tasks of two profiles.
    pub named_two: Option<f64>,
    /// Area under the ROC curve for telling `other` from the four by the probability of `other`; ties count half. `multi`
    /// texts are left out.
    pub auroc_other: Option<f64>,
    /// Expected calibration error over the four: the most probable profile's confidence against how often it is right, in
    /// ten bins of equal width, weighted by texts.
    pub ece: Option<f64>,
    /// Share of the four on which the decision proposes no single profile: `ask` or `none`.
    pub abstain_rate: Option<f64>,
}

/// The most probable profile's place.
pub fn best(probabilities: &[f64; CLASSES]) -> usize {
    let mut best = 0;
    for place in 1..PROFILES.len() {
        if probabilities[place] > probabilities[best] {
            best = place;
        }
    }
    best
}

/// Compares probabilities, as the model gives them, with where the texts belong.
pub fn evaluate(judged: &[(Gold, Judged)]) -> Evaluation {
    let routes: Vec<(Gold, Route)> = judged.iter().map(|(gold, judged)| (*gold, decide_text(judged))).collect();
    let routes_of =
        |wanted: fn(&Gold) -> bool| -> Vec<&(Gold, Route)> { routes.iter().filter(|(gold, _)| wanted(gold)).collect() };
    let (routes_four, routes_multi) =
        (routes_of(|gold| matches!(gold, Gold::One(_))), routes_of(|gold| matches!(gold, Gold::Two(..))));
    let judged: Vec<(Gold, [f64; CLASSES])> = judged.iter().map(|(gold, one)| (*gold, one.probabilities)).collect();
    let judged = judged.as_slice();
    let four: Vec<(usize, &[f64; CLASSES])> = judged
        .iter()
        .filter_map(|(gold, probabilities)| match gold {
            Gold::One(place) => Some((*place, probabilities)),
            Gold::Two(..) | Gold::Other => None,
        })
        .collect();
    let mut confusion: BTreeMap<&'static str, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for (gold, probabilities) in judged {
        *confusion.entry(gold.label()).or_default().entry(PROFILES[best(probabilities)]).or_default() += 1;
    }
    let right = four.iter().filter(|(place, probabilities)| best(probabilities) == *place).count();
    let some = |value: f64| (!four.is_empty()).then_some(value);
    Evaluation {
        n: judged.len(),
        n_four: four.len(),
        accuracy: share(right, four.len()),
        ci95: wilson(right, four.len()),
        macro_f1: some(macro_f1(&four)),
        confusion,
        top2_multi: top_two(judged),
        named_multi: share(routes_multi.iter().filter(|one| names_both(one)).count(), routes_multi.len()),
        named_two: share(routes_four.iter().filter(|(_, route)| route.is_of_two()).count(), routes_four.len()),
        auroc_other: area(judged),
        ece: some(calibration_error(&four)),
        abstain_rate: share(routes_four.iter().filter(|(_, route)| abstains(route)).count(), four.len()),
    }
}

fn abstains(route: &Route) -> bool {
    matches!(route.decision, Decision::Ask | Decision::None)
}

/// Whether a task of two profiles counts as one of exactly these.
fn names_both((gold, route): &(Gold, Route)) -> bool {
    let Gold::Two(one, other) = *gold else { return false };
    let named: Vec<&str> = route.named().map(|one| one.profile.as_str()).collect();
    route.is_of_two() && [one, other].iter().all(|place| named.contains(&PROFILES[*place]))
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Wilson's score interval of a share at 95 %.
pub fn wilson(part: usize, whole: usize) -> Option<[f64; 2]> {
    const Z: f64 = 1.959_963_984_540_054;
    let p = share(part, whole)?;
    let n = whole as f64;
    let middle = p + Z * Z / (2.0 * n);
    let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some([((middle - reach) / scale).max(0.0), ((middle + reach) / scale).min(1.0)])
}

fn macro_f1(four: &[(usize, &[f64; CLASSES])]) -> f64 {
    let each = (0..PROFILES.len()).map(|class| {
        let count = |wanted: &dyn Fn(usize, usize) -> bool| {
            four.iter().filter(|(gold, probabilities)| wanted(*gold, best(probabilities))).count() as f64
        };
        let hits = count(&|gold, found| gold == class && found == class);
        let named = count(&|gold, found| (gold == class) != (found == class));
        if hits > 0.0 { 2.0 * hits / (2.0 * hits + named) } else { 0.0 }
    });
    each.sum::<f64>() / PROFILES.len() as f64
}

fn top_two(judged: &[(Gold, [f64; CLASSES])]) -> Option<f64> {
    let (mut right, mut all) = (0, 0);
    for (gold, probabilities) in judged {
        if let Gold::Two(one, other) = gold {
            let mut places: Vec<usize> = (0..PROFILES.len()).collect();
            places.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
            places.truncate(2);
            places.sort_unstable();
            all += 1;
            right += usize::from(places == [*one, *other]);
        }
    }
    share(right, all)
}

fn area(judged: &[(Gold, [f64; CLASSES])]) -> Option<f64> {
    let of = |wanted: fn(&Gold) -> bool| -> Vec<f64> {
        judged.iter().filter(|(gold, _)| wanted(gold)).map(|(_, probabilities)| probabilities[CLASSES - 1]).collect()
    };
    let (others, four) = (of(|gold| *gold == Gold::Other), of(|gold| matches!(gold, Gold::One(_))));
    if others.is_empty() || four.is_empty() {
        return None;
    }
    let wins: f64 = others
        .iter()
        .flat_map(|other| {
            four.iter().map(move |one| f64::from(u8::from(other > one)) + 0.5 * f64::from(u8::from(other == one)))
        })
        .sum();
    Some(wins / (others.len() * four.len()) as f64)
}

fn calibration_error(four: &[(usize, &[f64; CLASSES])]) -> f64 {
    const BINS: usize = 10;
    let mut bins = [(0.0, 0.0); BINS];
    for (gold, probabilities) in four {
        let found = best(probabilities);
        let confidence = probabilities[found];
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += confidence;
        bin.1 += f64::from(u8::from(found == *gold));
    }
    bins.iter().map(|(confidence, right)| f64::abs(confidence - right)).sum::<f64>() / (four.len().max(1)) as f64
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{Pairs, Scale};
    use super::*;

    fn sure(place: usize, confidence: f64) -> [f64; CLASSES] {
        let mut out = [(1.0 - confidence) / 4.0; CLASSES];
        out[place] = confidence;
        out
    }

    #[test]
    fn figures_are_what_their_definitions_say() {
        let judged = [
            (Gold::One(0), sure(0, 0.9)),
            (Gold::One(1), sure(1, 0.9)),
            (Gold::One(2), sure(2, 0.9)),
            (Gold::One(3), sure(2, 0.9)),
            (Gold::Two(0, 3), [0.4, 0.1, 0.1, 0.3, 0.1]),
            (Gold::Two(0, 3), [0.4, 0.3, 0.1, 0.1, 0.1]),
            (Gold::Other, sure(4, 0.8)),
            (Gold::Other, sure(0, 0.9)),
        ];
        let pairs = Pairs { scores: [-9.0, -9.0, 0.3, -9.0, -9.0, 3.0], scale: Scale::plain(0.5) };
        let found = evaluate(&judged.map(|(gold, probabilities)| (gold, Judged { probabilities, pairs })));
        assert_eq!((found.n, found.n_four, found.accuracy), (8, 4, Some(0.75)));
        // Three of four right at 0.9: |2.7 / 3 …| in one bin of four.
        assert!((found.ece.unwrap() - 0.15).abs() < 1e-9);
        // F1 of the four: 1, 1, 2/3, 0.
        assert!((found.macro_f1.unwrap() - (2.0 + 2.0 / 3.0) / 4.0).abs() < 1e-9);
        assert_eq!(found.top2_multi, Some(0.5));
        // Of the second the first two candidates are another pair. The two led by `sre` have `data-eng` behind it.
        assert_eq!((found.named_multi, found.named_two), (Some(0.5), Some(0.5)));
        // One of the others is above all, one ties with all.
        assert_eq!(found.auroc_other, Some(0.75));
        assert_eq!(found.abstain_rate, Some(0.5));
        assert_eq!(found.confusion["data-eng"]["sre"], 1);
        let [low, high] = found.ci95.unwrap();
        assert!((low - 0.3006).abs() < 1e-3 && (high - 0.9544).abs() < 1e-3, "{low} {high}");
    }

    #[test]
    fn what_there_is_no_text_for_is_null() {
        let found = evaluate(&[(Gold::Other, Judged { probabilities: sure(4, 0.9), pairs: Pairs::UNKNOWN })]);
        assert_eq!((found.accuracy, found.ece, found.auroc_other, found.top2_multi), (None, None, None, None));
        assert_eq!((found.named_multi, found.named_two), (None, None));
    }

    #[test]
    fn files_are_read_strictly() {
        let good = "{\"id\":\"x\",\"text\":\"a\",\"label\":\"multi\",\"labels\":[\"sre\",\"devops\"]}\n\n{\"text\":\"b\",\"label\":\"other\"}";
        let golds: Vec<Gold> = read(good).unwrap().iter().map(|text| text.gold).collect();
        assert_eq!(golds, [Gold::Two(1, 2), Gold::Other]);
        let error = read("{\"text\":\"a\",\"label\":\"sre\"}\n{\"text\":\"a\",\"label\":\"ops\"}").unwrap_err();
        assert!(error.to_string().starts_with("line 2: the label `ops`"), "{error}");
        assert_eq!(read(&format!("\u{feff}{good}")).unwrap().len(), 2);
        let empty = read("{\"text\":\"a\",\"label\":\"sre\"}\n\n{\"text\":\" \",\"label\":\"sre\"}").unwrap_err();
        assert_eq!(empty.to_string(), "line 3: the text is empty");
        assert!(matches!(read("\u{feff}\n \n"), Err(LineError::NoTexts)));
        assert!(read("[]").unwrap_err().to_string().starts_with("line 1 is no object"));
        assert!(read("{\"text\":\"a\",\"label\":\"multi\",\"labels\":[\"sre\",\"sre\"]}").is_err());
    }
}
