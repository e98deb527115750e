//! The judge's entry points, from a repository to a report. Reads git objects and runs nothing.

mod amended;
mod beginnings;
pub(crate) mod cases;
pub mod commit_command;
mod commits;
mod compromised;
pub mod landing;
mod memory;
pub mod past;
pub mod push;
pub mod receive;
pub mod replay;
pub mod root;
pub mod secrets_history;
pub mod staged;
pub mod unguarded;

pub use memory::PushMemory;
