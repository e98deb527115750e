//! Secrets in bytes: what looks like one, and what only looks like one.
//!
//! Pure: a [`Scanner`] is given rules, a path and bytes, and says what it found; it knows no repository, no law and no
//! policy. Called by `law` (AO-S1) for steps, by `engine` for whole histories, and by `config`, which asks whether a
//! repository's own rules can be used.
//!
//! - `automaton`, `prefilter`: where a keyword stands; nothing else is looked at
//! - [`pattern`]: expressions, compiled when first wanted, within limits
//! - `scanner`: the search; `entropy`, `checksum`, `placeholder`, `allow`: why a match may be none
//! - `found`: what was found, and how it is told without telling it
//! - [`baseline`]: what was there before and is known

pub mod baseline;
pub mod pattern;

mod allow;
mod automaton;
mod builtin;
mod checksum;
mod entropy;
mod found;
mod placeholder;
mod prefilter;
mod scanner;
mod shape;

pub use builtin::builtin;
pub use found::{Allow, Fingerprint, Found, Redacted};
pub use scanner::{MAX_FOUND, MAX_SCANNED, RuleError, Scan, Scanner};
