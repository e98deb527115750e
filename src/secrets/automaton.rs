//! The automaton of Aho and Corasick over the keywords of rules: one look-up a byte, whatever the number of keywords.
//!
//! That of the built-in rules is made while the program is built (`build.rs` has this file too) and costs nothing at start;
//! that of a repository's own rules is made by the same code when it is wanted. Letters match in either case.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// An automaton. States are numbered by where their row of `next` begins; those at which a keyword ends come last.
pub(crate) struct Automaton {
    /// For each byte, its column. Bytes of no keyword share column 0.
    pub(crate) columns: Cow<'static, [u8]>,
    /// How many columns a row has.
    pub(crate) width: u32,
    /// Where to go from a state at a column.
    pub(crate) next: Cow<'static, [u32]>,
    /// The first state at which a keyword ends.
    pub(crate) first_ending: u32,
    /// For each state from there on, to whom the keywords belong that end there.
    pub(crate) owners: Cow<'static, [Cow<'static, [u16]>]>,
}

impl Automaton {
    /// For keywords in lower case, each with its owner. An empty keyword is none.
    pub(crate) fn new<'k>(keywords: impl IntoIterator<Item = (&'k str, u16)>) -> Self {
        let mut columns = vec![0u8; 256];
        let mut width = 1u8;
        // A trie: for each state its children by byte, and the owners of what ends there.
        let mut children: Vec<BTreeMap<u8, usize>> = vec![BTreeMap::new()];
        let mut owners: Vec<BTreeSet<u16>> = vec![BTreeSet::new()];
        for (keyword, owner) in keywords {
            let mut state = 0;
            for byte in keyword.bytes().map(|byte| byte.to_ascii_lowercase()) {
                if columns[usize::from(byte)] == 0 {
                    columns[usize::from(byte)] = width;
                    columns[usize::from(byte.to_ascii_uppercase())] = width;
                    width += 1;
                }
                state = match children[state].get(&byte) {
                    Some(next) => *next,
                    None => {
                        let next = children.len();
                        children[state].insert(byte, next);
                        children.push(BTreeMap::new());
                        owners.push(BTreeSet::new());
                        next
                    }
                };
            }
            if state > 0 {
                owners[state].insert(owner);
            }
        }
        // From the root outwards: where a state has no child, it goes where its longest proper suffix goes.
        let row = usize::from(width);
        let mut next = vec![0usize; children.len() * row];
        let mut suffix = vec![0usize; children.len()];
        let mut queue = VecDeque::from([0]);
        while let Some(state) = queue.pop_front() {
            let through = suffix[state] * row;
            if state > 0 {
                let inherited = next[through..through + row].to_vec();
                next[state * row..(state + 1) * row].copy_from_slice(&inherited);
                let ending = owners[suffix[state]].clone();
                owners[state].extend(ending);
            }
            for (byte, child) in &children[state] {
                let column = usize::from(columns[usize::from(*byte)]);
                suffix[*child] = if state == 0 { 0 } else { next[through + column] };
                next[state * row + column] = *child;
                queue.push_back(*child);
            }
        }
        // Those with owners last, so that one comparison tells them.
        let (quiet, ending): (Vec<usize>, Vec<usize>) =
            (0..children.len()).partition(|state| owners[*state].is_empty());
        let mut place = vec![0u32; children.len()];
        for (number, state) in quiet.iter().chain(&ending).enumerate() {
            place[*state] = u32::try_from(number * row).unwrap_or(u32::MAX);
        }
        let ordered = quiet.iter().chain(&ending);
        let rows = ordered.flat_map(|state| &next[state * row..(state + 1) * row]).map(|state| place[*state]);
        Self {
            columns: Cow::Owned(columns),
            width: u32::from(width),
            next: Cow::Owned(rows.collect()),
            first_ending: u32::try_from(quiet.len() * row).unwrap_or(u32::MAX),
            owners: ending.iter().map(|state| Cow::Owned(owners[*state].iter().copied().collect())).collect(),
        }
    }
}
