//! What fits: items in the order of their ranks within a budget, and what is left out named with the command that fetches it.

use std::collections::BTreeSet;

use super::item::{Body, Candidate, Form, Item, LeftOut, Why};
use super::measure::Measure;
use super::page::{fenced, frame, heading, span};
use crate::model::digest::ObjectId;
use crate::text::tokens;

/// Of the room that is left, so much at most is kept free for naming what is left out: one of so many parts.
const FOR_NAMES: usize = 4;

/// A text within its budget.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    pub(super) text: String,
    pub(super) tokens: usize,
    pub(super) items: Vec<Item>,
    pub(super) left_out: Vec<LeftOut>,
}

/// A candidate that has been decided on.
struct Decided {
    candidate: Candidate,
    /// Tokens of all that it could give; unknown for what cannot be read.
    tokens: Option<usize>,
    /// Its line where it is left out.
    line: String,
    /// What is given of it.
    given: Option<Given>,
}

struct Given {
    section: String,
    tokens: usize,
    form: Form,
    of: usize,
}

/// Puts together `head` and what fits of the candidates, which stand in the order of their ranks. `all` is the command that
/// names all of them.
///
/// Errors: the least budget, where `budget` is smaller.
pub(super) fn fit(
    head: &str,
    all: &str,
    candidates: Vec<Candidate>,
    budget: usize,
    measure: &mut Measure,
) -> Result<Fitted, usize> {
    let mut page = Page { head, all, decided: Vec::with_capacity(candidates.len()), named: 0 };
    for candidate in candidates {
        let tokens = match &candidate.body {
            Body::Document { blob, text, .. } => Some(measure.count(blob, text)),
            Body::Part { text, .. } => Some(tokens::count(text)),
            Body::Unreadable(_) => None,
        };
        let line = line(&candidate, tokens);
        page.decided.push(Decided { candidate, tokens, line, given: None });
    }
    let least = tokens::count(&page.print());
    if least > budget {
        return Err(least);
    }
    let lines: Vec<usize> = page.decided.iter().map(|decided| tokens::count(&decided.line)).collect();
    let mut names: usize = lines.iter().sum();
    let mut used = least;
    for (at, line) in lines.iter().enumerate() {
        let is_contained = page.contains(at);
        let given = if is_contained {
            None
        } else {
            let reserved = (names - line).min((budget - used) / FOR_NAMES);
            give(&page.decided[at], budget - used - reserved, measure)
        };
        if let Some(given) = &given {
            used += given.tokens;
        }
        if given.is_some() || is_contained {
            names -= line;
        }
        page.decided[at].given = given;
    }
    Ok(page.within(budget))
}

/// The largest form of a candidate that has no more than `room` tokens.
fn give(decided: &Decided, room: usize, measure: &mut Measure) -> Option<Given> {
    let about = &decided.candidate.about;
    let whole = decided.tokens?;
    // The heading and the fences are counted as they stand; where they meet the text a token more or less is possible.
    let given = |form, note: &str, text: &str, language: &str, tokens: usize, of| {
        let heading = heading(about, note);
        let frame = tokens::count(&format!("{heading}{}", frame(language, text)));
        let tokens = frame + tokens;
        (tokens <= room).then(|| Given { section: format!("{heading}{}", fenced(language, text)), tokens, form, of })
    };
    match &decided.candidate.body {
        Body::Document { blob, text, language, shortened_as } => {
            if let Some(given) = given(Form::Whole, "", text, language, whole, whole) {
                return Some(given);
            }
            let short = measure.short(blob, text, (*shortened_as)?)?;
            // Whoever takes an extract for the whole plan leaves out what was agreed.
            let note = format!(" Shortened, {} of {whole} tokens; all of it: {}.", short.tokens, span(&about.command));
            given(Form::Shortened, &note, &short.text, language, short.tokens, whole)
        }
        Body::Part { form, text, language, of } => {
            given(*form, "", text, language, whole, of.unwrap_or(whole).max(whole))
        }
        Body::Unreadable(_) => None,
    }
}

fn line(candidate: &Candidate, tokens: Option<usize>) -> String {
    let about = &candidate.about;
    let why = match (&candidate.body, tokens) {
        (Body::Unreadable(why), _) => why.clone(),
        (_, tokens) => format!("{} tokens", tokens.unwrap_or_default()),
    };
    format!("- {} ({why}): {}\n", about.title, span(&about.command))
}

/// A text that grows and shrinks.
struct Page<'t> {
    head: &'t str,
    all: &'t str,
    decided: Vec<Decided>,
    /// How many of those that are left out are named, one by one.
    named: usize,
}

impl Page<'_> {
    /// Whether what a candidate is made of is given by others before it.
    fn contains(&self, at: usize) -> bool {
        let made_of = &self.decided[at].candidate.made_of;
        if made_of.is_empty() {
            return false;
        }
        let is_whole = |other: &&Decided| {
            other.given.as_ref().is_some_and(|given| given.form == Form::Whole)
                && matches!(other.candidate.body, Body::Document { .. })
        };
        let given: BTreeSet<&ObjectId> =
            self.decided[..at].iter().filter(is_whole).flat_map(|other| &other.candidate.made_of).collect();
        made_of.iter().all(|blob| given.contains(blob))
    }

    /// The places of what is left out and worth fetching.
    fn missing(&self) -> Vec<usize> {
        (0..self.decided.len()).filter(|at| self.decided[*at].given.is_none() && !self.contains(*at)).collect()
    }

    fn print(&self) -> String {
        let mut text = self.head.to_owned();
        for given in self.decided.iter().filter_map(|decided| decided.given.as_ref()) {
            text.push_str(&given.section);
        }
        let missing = self.missing();
        if missing.is_empty() {
            return text;
        }
        text.push_str("\n## Left out\n\nFetch what you need of this:\n\n");
        for at in missing.iter().take(self.named) {
            text.push_str(&self.decided[*at].line);
        }
        if missing.len() > self.named {
            let more = missing.len() - self.named;
            text.push_str(&format!("- {more} more, named by {}\n", span(self.all)));
        }
        text
    }

    /// As many as may fit by what single lines take.
    fn names_that_fit(&self, room: usize) -> usize {
        let mut taken = 0;
        let lines = self.missing().into_iter().map(|at| tokens::count(&self.decided[at].line));
        lines
            .take_while(|line| {
                taken += line;
                taken <= room
            })
            .count()
    }

    /// Names what is left out as far as there is room, and takes back what is too much: first names, then what ranks last.
    /// That it fits with nothing but the head is known.
    fn within(mut self, budget: usize) -> Fitted {
        self.named = self.names_that_fit(budget.saturating_sub(tokens::count(&self.print())));
        let mut text = self.print();
        let mut tokens = tokens::count(&text);
        while tokens > budget {
            if self.named > 0 {
                self.named -= 1;
            } else if let Some(last) = self.decided.iter_mut().rev().find(|decided| decided.given.is_some()) {
                last.given = None;
            } else {
                break;
            }
            text = self.print();
            tokens = tokens::count(&text);
        }
        let contained: Vec<bool> = (0..self.decided.len()).map(|at| self.contains(at)).collect();
        let (mut items, mut left_out) = (Vec::new(), Vec::new());
        for (Decided { candidate, tokens, given, .. }, is_contained) in self.decided.into_iter().zip(contained) {
            let about = candidate.about;
            match given {
                Some(Given { tokens, form, of, .. }) => items.push(Item { about, form, tokens, of }),
                None => {
                    let why = match candidate.body {
                        Body::Unreadable(why) => Why::Unreadable(why),
                        _ if is_contained => Why::Contained,
                        _ => Why::NoRoom,
                    };
                    left_out.push(LeftOut { about, tokens, why });
                }
            }
        }
        Fitted { text, tokens, items, left_out }
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::About;
    use super::super::recipe::Kind;
    use super::*;
    use crate::model::bundle::BundleType;
    use proptest::prelude::*;

    const HEAD: &str = "# The head\n\nIt says what there is to do.\n";

    /// A document, a part or a thing that cannot be read, of so many words.
    fn candidate(number: usize, what: u8, words: usize) -> Candidate {
        let blob = ObjectId::from_bytes(&[u8::try_from(number).unwrap(); 20]).unwrap();
        let text: String = (0..words).map(|word| format!("word{word} of text {number}. ")).collect();
        let body = match what {
            0 => Body::Document { blob, text, language: "markdown".into(), shortened_as: Some(BundleType::Plan) },
            1 => Body::Part { form: Form::Whole, text, language: "text".into(), of: None },
            _ => Body::Unreadable("is no text".into()),
        };
        let about = About {
            kind: Kind::Standard,
            title: format!("Text {number}"),
            source: format!("text {number}"),
            reason: "A test wants it.".into(),
            command: format!("cat {number}"),
        };
        Candidate { about, body, made_of: vec![blob] }
    }

    fn fit_all(candidates: &[Candidate], budget: usize) -> Result<Fitted, usize> {
        fit(HEAD, "list all", candidates.to_vec(), budget, &mut Measure::empty())
    }

    #[test]
    fn what_ranks_first_is_given_first_and_the_rest_is_named() {
        let candidates: Vec<Candidate> = [(1, 30), (1, 300), (1, 20), (2, 0)]
            .into_iter()
            .enumerate()
            .map(|(number, (what, words))| candidate(number, what, words))
            .collect();
        let fitted = fit_all(&candidates, 900).unwrap();
        let sources = |items: &[Item]| items.iter().map(|item| item.about.source.clone()).collect::<Vec<_>>();
        assert_eq!(sources(&fitted.items), ["text 0", "text 2"]);
        let left: Vec<(&str, &Why)> =
            fitted.left_out.iter().map(|left| (left.about.source.as_str(), &left.why)).collect();
        assert_eq!(left, [("text 1", &Why::NoRoom), ("text 3", &Why::Unreadable("is no text".into()))]);
        assert!(fitted.text.ends_with("tokens): `cat 1`\n- Text 3 (is no text): `cat 3`\n"), "{}", fitted.text);
        assert_eq!(fit_all(&[], 0).unwrap_err(), tokens::count(HEAD));
        assert_eq!(fit_all(&[], 100).unwrap().text, HEAD);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn no_budget_is_exceeded_and_nothing_is_lost(
            wanted in proptest::collection::vec((0_u8..3, 0_usize..120), 0..9),
            budget in 0_usize..1500,
        ) {
            let candidates: Vec<Candidate> =
                wanted.iter().enumerate().map(|(number, (what, words))| candidate(number, *what, *words)).collect();
            match fit_all(&candidates, budget) {
                Err(least) => {
                    prop_assert!(least > budget);
                    let barely = fit_all(&candidates, least);
                    prop_assert!(barely.is_ok_and(|fitted| fitted.tokens <= least));
                }
                Ok(fitted) => {
                    prop_assert!(fitted.tokens <= budget);
                    prop_assert_eq!(fitted.tokens, tokens::count(&fitted.text));
                    prop_assert_eq!(fitted.items.len() + fitted.left_out.len(), candidates.len());
                    prop_assert!(fitted.text.starts_with(HEAD));
                    prop_assert_eq!(&fit_all(&candidates, budget).unwrap().text, &fitted.text);
                }
            }
        }
    }
}
