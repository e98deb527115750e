//! What texts say, as far as a program can tell: blocks and sentences, facts that must be kept, which sentences matter most,
//! and which texts a few words are about.
//!
//! Pure and deterministic: the same bytes give the same result on every machine; time grows with the length of the text.
//! Called by the engine's room `knowledge` and by what finds records again.

pub mod blocks;
mod cleaning;
mod code_blocks;
mod code_spans;
pub mod compress;
pub mod facts;
pub mod fidelity;
mod keep;
pub mod rank;
pub mod search;
pub mod sentences;
pub mod tokens;
pub mod units;

mod wholeness;
pub mod wording;
pub mod words;
