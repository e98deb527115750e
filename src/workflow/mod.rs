//! Pure rules: the phase graph, legal transitions, folding events to a state, votes against policy, amends.
//!
//! Everything here is a function of trees and policies. Laws judge with it, the engine acts with it; so what the engine
//! writes and what the judge accepts cannot drift apart.

pub mod artifact;
pub mod chain;
pub mod delivery;
pub mod filed;
pub mod gate;
pub(crate) mod globs;
pub mod governance;
pub mod loosening;
pub mod proof;
pub mod redaction;
pub mod risk;
pub mod transition;
pub mod verdict;

#[cfg(test)]
mod tests;
