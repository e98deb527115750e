//! Whether a text says something: the judge of sections, learnings, improvements, suggestions and reasons.
//!
//! There is no rule by length. A text passes by evidence: different words that are about the matter, names, numbers,
//! a stated cause or contrast; against it count words that could stand below any change. The lists of such words are
//! those of [`vocabulary`]; every other word, in any language, counts as being about the matter, so that a sentence in
//! a language without lists passes.
//!
//! This is a floor, not a reader: it stops what was not written at all. Whether a text is true, it cannot know.

mod similarity;
mod vocabulary;
mod words;

pub(crate) use similarity::{Sketch, Wording, fingerprint, is_same};

use std::fmt;

use vocabulary::Class;
use words::Item;

/// What is wrong with a text that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// There is no text.
    Empty,
    /// Something stands where the text is still to be written.
    Placeholder,
    /// It points to another place.
    Elsewhere,
    /// The same few words over and over.
    Repetitive,
    /// Keys hit at random, or signs without words.
    Gibberish,
    /// Names, numbers or links, but no sentence around them.
    BareNames,
    /// A question, perhaps the section's own, without an answer.
    Question,
    /// It could stand below any change.
    Generic,
}

impl Weakness {
    /// What is wrong, as the end of a sentence that names the text.
    pub(crate) fn problem(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::Placeholder => "is a placeholder",
            Self::Elsewhere => "points elsewhere",
            Self::Repetitive => "repeats the same words",
            Self::Gibberish => "holds no words",
            Self::BareNames => "holds only names, numbers or links",
            Self::Question => "asks and does not answer",
            Self::Generic => "could stand below any change",
        }
    }

    /// How to mend it.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Empty | Self::Gibberish => "write a sentence about this change",
            Self::Placeholder => "write the sentence that belongs there",
            Self::Elsewhere => "say here what is meant: links rot, and a squash drops what stood above",
            Self::Repetitive => "say it once, and say what follows from it",
            Self::BareNames => "say what is the matter with them",
            Self::Question => "write the answer",
            Self::Generic => "name what this one is about: the part, the cause, a figure, what is different now",
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.problem(), self.remedy())
    }
}

/// Evidence that a text of its own needs.
const ENOUGH: u32 = 3;
/// Evidence after which nothing can be said against a text any more.
const PLENTY: u32 = 6;

/// Decides whether `text` is substantive.
pub(crate) fn assess(text: &str) -> Result<(), Weakness> {
    judge(text, ENOUGH)
}

/// As [`assess`], for a reason that something else surrounds: of a waiver, of `N/A`. Two words of evidence are enough.
pub(crate) fn assess_reason(text: &str) -> Result<(), Weakness> {
    judge(text, ENOUGH - 1)
}

fn judge(text: &str, enough: u32) -> Result<(), Weakness> {
    let tally = Tally::of(text);
    if starts_as_stub(text) {
        return Err(Weakness::Placeholder);
    }
    if tally.evidence() >= PLENTY {
        return Ok(());
    }
    let is_question = is_one_question(text);
    let needed = match tally.filler {
        // Far more filler than matter.
        filler if filler > 3 * tally.evidence() => enough + 3,
        _ if is_question => enough + 2,
        // A short sentence without a word to spare: `Restart the pod`, `The clock is in UTC`.
        0 if tally.specific > 0 && tally.is_plain() && tally.words > tally.specific + tally.names => enough - 1,
        _ => enough,
    };
    // Fluent prose about nothing: no name, no number, no cause, and the filler outweighs what is left.
    if !tally.is_anchored() && tally.evidence() < tally.filler {
        return Err(tally.weakness(text, is_question));
    }
    let is_sentence = (tally.specific > 0 || tally.joins) && tally.words >= 2 || tally.unspaced > 0;
    if tally.evidence() >= needed && is_sentence && tally.again < 2 * tally.evidence() {
        return Ok(());
    }
    Err(tally.weakness(text, is_question))
}

/// What a text holds. Words count once each.
#[derive(Debug, Default)]
struct Tally {
    /// All words, grammar and repeats too.
    words: u32,
    /// Words that are about the matter.
    specific: u32,
    names: u32,
    numbers: u32,
    links: u32,
    /// A third of the different letters of unspaced scripts.
    unspaced: u32,
    filler: u32,
    stubs: u32,
    mash: u32,
    blanks: u32,
    /// Words said once more.
    again: u32,
    joins: bool,
    seen: Seen,
}

impl Tally {
    /// Counts until nothing more can change the verdict.
    fn of(text: &str) -> Self {
        let mut tally = Self::default();
        let mut letters: Vec<char> = Vec::new();
        words::scan(text, |item| {
            tally.count(item, &mut letters);
            tally.evidence() < PLENTY
        });
        tally
    }

    fn count(&mut self, item: Item<'_>, letters: &mut Vec<char>) {
        match item {
            Item::Word(word) => {
                let (class, hash) = vocabulary::look_up(word);
                self.words += 1;
                match class {
                    Class::Function => {}
                    Class::Link => self.joins = true,
                    _ if !self.seen.insert(hash) => self.again += 1,
                    // An acronym, a signal, a keyword: `SIGTERM`, `NULL`.
                    Class::Specific if word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                        self.names += 1;
                    }
                    Class::Specific => self.specific += 1,
                    Class::Filler => self.filler += 1,
                    Class::Stub => self.stubs += 1,
                    Class::Mash => self.mash += 1,
                }
            }
            Item::Name(name) => match self.seen.insert(vocabulary::hash(name.as_bytes())) {
                true => self.names += 1,
                false => self.again += 1,
            },
            Item::Number(number) => self.numbers += u32::from(self.seen.insert(vocabulary::hash(number.as_bytes()))),
            Item::Link(_) => self.links += 1,
            Item::Unspaced(run) => {
                for c in vocabulary_of_unspaced(run).filter(|c| !letters.contains(c)).take(64).collect::<Vec<_>>() {
                    letters.push(c);
                }
                self.unspaced = letters.len() as u32 / 3;
            }
            Item::Blank(_) => self.blanks += 1,
        }
    }

    /// Numbers count twice at most, and links once: a list of tickets is no text. A cause or contrast counts where
    /// there is something for it to join.
    fn evidence(&self) -> u32 {
        let matter = self.specific + self.names + self.unspaced;
        matter + self.numbers.min(2) + self.links.min(1) + u32::from(self.joins && matter >= 2)
    }

    /// Whether nothing in it stands for a text that is still to be written.
    fn is_plain(&self) -> bool {
        self.stubs + self.mash + self.blanks == 0
    }

    /// Whether anything ties the text to its matter besides the choice of words.
    fn is_anchored(&self) -> bool {
        self.names + self.numbers + self.unspaced > 0 || self.joins
    }

    /// Why a text that did not pass did not pass.
    fn weakness(&self, text: &str, is_question: bool) -> Weakness {
        let lowered = text.to_lowercase();
        if text.trim().is_empty() {
            Weakness::Empty
        } else if self.blanks > 0 || self.stubs > 0 || !text.chars().any(|c| c.is_alphanumeric() || c == '!') {
            Weakness::Placeholder
        } else if self.mash > self.specific || !text.chars().any(char::is_alphabetic) {
            Weakness::Gibberish
        } else if self.again > 1 && self.again >= self.specific + self.filler + self.names {
            Weakness::Repetitive
        } else if ELSEWHERE.iter().any(|phrase| lowered.contains(phrase)) {
            Weakness::Elsewhere
        } else if is_question {
            Weakness::Question
        } else if self.names + self.numbers + self.links > 0 && self.specific + self.filler == 0 {
            Weakness::BareNames
        } else {
            Weakness::Generic
        }
    }
}

/// Phrases that send the reader away.
const ELSEWHERE: [&str; 16] = [
    "see above",
    "see below",
    "see the",
    "see pr",
    "see diff",
    "see commit",
    "see issue",
    "see ticket",
    "same as",
    "as discussed",
    "as above",
    "as described",
    "as mentioned",
    "siehe oben",
    "voir ci-dessus",
    "ver arriba",
];

/// What unspaced scripts write when there is nothing to say.
const UNSPACED_FILLER: [&str; 24] = [
    "特になし",
    "なし",
    "しました",
    "します",
    "コード",
    "改善",
    "修正",
    "変更",
    "更新",
    "対応",
    "各種",
    "バグ",
    "問題",
    "追加",
    "品質",
    "向上",
    "修复",
    "问题",
    "优化",
    "代码",
    "更新",
    "一些",
    "改进",
    "无",
];

/// The letters of `run` outside those phrases.
fn vocabulary_of_unspaced(run: &str) -> impl Iterator<Item = char> {
    let mut rest = run;
    std::iter::from_fn(move || {
        while let Some(phrase) = UNSPACED_FILLER.iter().find(|phrase| rest.starts_with(**phrase)) {
            rest = &rest[phrase.len()..];
        }
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        Some(c)
    })
}

/// Whether a text begins `TODO:`, `TBD,`, `N/A (…`: a mark, not a word of a sentence.
fn starts_as_stub(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    ["todo", "tbd", "tba", "fixme", "wip", "n/a", "xxx"].iter().any(|mark| {
        let head = text.get(..mark.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(mark))
            && text[mark.len()..].trim_start_matches(' ').chars().next().is_none_or(|next| !next.is_alphanumeric())
    })
}

/// Whether the text is one question and nothing else.
fn is_one_question(text: &str) -> bool {
    text.trim_end().strip_suffix(['?', '？']).is_some_and(|rest| !rest.contains(". ") && !rest.contains(['?', '\n']))
}

/// The words seen so far. Beyond its room it forgets, which can only count a word twice in a text that repeats itself.
#[derive(Debug)]
struct Seen {
    hashes: [u32; 48],
    length: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self { hashes: [0; 48], length: 0 }
    }
}

impl Seen {
    /// Whether `hash` is new.
    fn insert(&mut self, hash: u32) -> bool {
        if self.hashes[..self.length].contains(&hash) {
            return false;
        }
        if let Some(slot) = self.hashes.get_mut(self.length) {
            *slot = hash;
            self.length += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests;
