//! Other ways to make a text as short, over the same units, and which questions a text still answers.

use agentops::text::blocks::blocks;
use agentops::text::rank::Vectors;
use agentops::text::tokens;
use agentops::text::units::{Layout, Reading};

use super::documents::Document;

/// How many questions a text answers, all together and in the two halves of the documents.
#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) answered: usize,
    pub(crate) asked: usize,
    pub(crate) halves: [(usize, usize); 2],
}

impl Answered {
    pub(crate) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.asked += other.asked;
        for (own, more) in self.halves.iter_mut().zip(&other.halves) {
            *own = (own.0 + more.0, own.1 + more.1);
        }
    }
}

/// Which of the document's questions `text` answers: all strings in one block, blanks aside.
pub(crate) fn answerable(document: &Document, text: &str) -> Answered {
    let blank = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let blocks: Vec<String> = blocks(text).into_iter().map(|block| blank(&text[block.range])).collect();
    let fits = |question: &&Vec<String>| {
        blocks.iter().any(|block| question.iter().all(|string| block.contains(&blank(string))))
    };
    let answered = document.questions.iter().filter(fits).count();
    let asked = document.questions.len();
    let mut halves = [(0, 0); 2];
    halves[usize::from(!document.is_for_choosing)] = (answered, asked);
    Answered { answered, asked, halves }
}

/// The beginning.
pub(crate) fn lead(reading: &Reading, size: usize) -> String {
    taken(reading, 0..reading.units.len(), size)
}

/// TextRank as it is usually done: the units of the highest rank.
pub(crate) fn plain_textrank(reading: &Reading, size: usize) -> String {
    let ranks = Vectors::of(reading.units.iter().map(|unit| unit.text.as_str())).textrank();
    let mut order: Vec<usize> = (0..reading.units.len()).collect();
    order.sort_by(|a, b| ranks[*b].total_cmp(&ranks[*a]).then(a.cmp(b)));
    taken(reading, order.into_iter(), size)
}

/// Any units.
pub(crate) fn random(reading: &Reading, size: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut order: Vec<usize> = (0..reading.units.len()).collect();
    for at in (1..order.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(at, (state >> 20) as usize % (at + 1));
    }
    taken(reading, order.into_iter(), size)
}

/// The first units of an order that fit, in the order of the text.
fn taken(reading: &Reading, order: impl Iterator<Item = usize>, size: usize) -> String {
    let mut room = size;
    let mut chosen = Vec::new();
    for at in order {
        let cost = tokens::count(&reading.units[at].text) + 2;
        if let Some(rest) = room.checked_sub(cost) {
            room = rest;
            chosen.push(at);
        }
    }
    chosen.sort_unstable();
    let mut out = String::new();
    let mut last = None;
    for unit in chosen.into_iter().map(|at| &reading.units[at]) {
        let is_row = matches!(unit.layout, Layout::Row(_));
        out.push_str(match last == Some(unit.block) {
            true if is_row => "\n",
            true => " ",
            false => "\n\n",
        });
        if let (Layout::Row(head), true) = (&unit.layout, last != Some(unit.block)) {
            out.push_str(head);
            out.push('\n');
        }
        out.push_str(&unit.text);
        last = Some(unit.block);
    }
    out
}
