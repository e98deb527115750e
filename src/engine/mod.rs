//! Use cases, one function each: what a verb does, without printing it.
//!
//! A use case reads through a [`site::Site`], and writes, if it does, through one [`writing::transact::transact`]: one commit,
//! judged by the laws before anything moves. Called by `cli` and `hooks`.
//!
//! The rooms, each above those that it uses: `verify`, `compliance`, `context`, `records`, `tasks`, `knowledge`, `doctor`, `adoption`,
//! `governance`, `writing`, `judging`, and the ground that all stand on, `running`, `site`, `policies` and `error`.
//! `tests/it/architecture.rs` holds them to it.

pub mod adoption;
pub mod compliance;
pub mod context;
pub mod doctor;
pub mod error;
pub mod governance;
pub mod judging;
pub mod knowledge;
pub(crate) mod policies;
pub mod records;
pub(crate) mod running;
pub mod site;
pub mod tasks;
pub mod verify;
pub mod writing;

pub use error::EngineError;
pub use site::Site;
