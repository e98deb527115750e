//! Use cases, one function each: what a verb does, without printing it.
//!
//! A use case reads through a [`site::Site`], and writes, if it does, through one [`transact::transact`]: one commit, judged by
//! the laws before anything moves. Called by `cli` and `hooks`.

pub mod advance;
pub mod check;
pub mod commands;
mod compose;
pub mod doctor;
pub mod error;
pub mod gate;
mod judging;
pub mod leftovers;
mod manifest;
pub mod phase;
pub mod policy;
pub mod push;
pub mod site;
pub mod submitted;
pub mod task;
pub mod transact;

pub use error::EngineError;
pub use site::Site;
