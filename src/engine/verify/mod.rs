//! What an event is worth to somebody who was not there: what is proved, what is claimed, what happens on trying it again.

pub mod report;
pub mod rerun;
mod rules;
mod trunk;
pub mod verdict;
