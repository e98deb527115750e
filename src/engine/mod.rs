//! Use cases, one function each: what a verb does, without printing it.
//!
//! A use case reads through a [`site::Site`], and writes, if it does, through one [`transact::transact`]: one commit, judged by
//! the laws before anything moves. Called by `cli` and `hooks`.

pub mod advance;
mod beginnings;
pub mod check;
pub mod commands;
pub mod commit;
pub mod compliance;
mod compose;
mod compromised;
mod coverage;
pub mod deinit;
pub mod demo;
pub mod doctor;
pub mod effects;
pub mod error;
pub mod gate;
pub mod init;
mod judging;
pub mod learn;
pub mod leftovers;
mod manifest;
pub mod phase;
pub mod point;
pub mod policy;
pub mod profile;
pub mod proposal;
pub mod push;
mod records;
pub mod redact;
mod replay;
pub mod rerun;
pub mod restore;
pub mod seal;
pub mod session;
mod settle;
pub mod show;
pub mod signing;
pub mod site;
pub mod submitted;
pub mod suggest;
pub mod task;
pub mod transact;
pub mod upgrade;
pub mod verdict;
pub mod verification;

pub use error::EngineError;
pub use site::Site;
