//! What is remembered beside tasks: sessions, learnings, suggestions.

pub(crate) mod brought;
pub(crate) mod files;
mod home_folders;
pub mod improvements;
pub mod learn;
pub mod measure;
pub mod reuse;
pub mod session;
pub mod suggest;
pub mod transcripts;
