//! What the shape of an expression tells before it is compiled, which is dear: most lines with a keyword have nothing behind
//! it that could be a secret, and a commit of one small file should not pay for finding that out.
//!
//! `build.rs` reads the built-in rules with this file, so that nothing of it is done by a start of the program.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Fewer bytes in a row stand everywhere.
const WORTH_ASKING: u32 = 8;

/// The shape of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether a match may go over the end of a line into the text of the next one.
    pub(super) crosses_lines: bool,
    /// Bytes in a row that every match holds.
    pub(super) run: Option<Run>,
}

/// So many bytes in a row, all of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// How many at least.
    pub(super) least: u32,
    /// The class: a bit for each byte.
    pub(super) of: [u64; 4],
}

impl Shape {
    /// The shape of an expression over bytes.
    pub(super) fn of(hir: &Hir) -> Self {
        Self { crosses_lines: crosses_lines(hir), run: Run::of(hir).filter(|run| run.least >= WORTH_ASKING) }
    }

    /// Whether a match may lie in `bytes`; `false` where there is none.
    pub(super) fn may_match(&self, bytes: &[u8]) -> bool {
        let Some(run) = &self.run else { return true };
        let mut length = 0;
        bytes.iter().any(|byte| {
            length = if run.has(*byte) { length + 1 } else { 0 };
            length >= run.least
        })
    }
}

impl Run {
    fn has(&self, byte: u8) -> bool {
        self.of[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    /// The longest that every match holds. Of several ways to match nothing is said.
    fn of(hir: &Hir) -> Option<Self> {
        match hir.kind() {
            HirKind::Repetition(repetition) if repetition.min > 0 => match repetition.sub.kind() {
                HirKind::Class(Class::Bytes(class)) => {
                    let mut of = [0; 4];
                    for byte in class.iter().flat_map(|range| range.start()..=range.end()) {
                        of[usize::from(byte >> 6)] |= 1 << (byte & 63);
                    }
                    Some(Self { least: repetition.min, of })
                }
                _ => Self::of(&repetition.sub),
            },
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Concat(parts) => parts.iter().filter_map(Self::of).max_by_key(|run| run.least),
            _ => None,
        }
    }
}

/// Whether an expression takes the end of a line for one character among others: `[\s\S]`, `[^"]`, `(?s:.)`, or a line feed
/// that is written out. `\s` alone does not count, for spaces around a sign are meant.
fn crosses_lines(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => {
            let has = |byte: u8| class.iter().any(|range| (range.start()..=range.end()).contains(&byte));
            has(b'\n') && (has(b'a') || has(b'A'))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let has = |letter: char| class.iter().any(|range| (range.start()..=range.end()).contains(&letter));
            has('\n') && (has('a') || has('A'))
        }
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Repetition(repetition) => crosses_lines(&repetition.sub),
        HirKind::Capture(capture) => crosses_lines(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(crosses_lines),
        HirKind::Empty | HirKind::Look(_) => false,
    }
}
