//! What is remembered beside tasks: sessions, learnings, suggestions.

pub(crate) mod files;
pub mod improvements;
pub mod learn;
pub mod reuse;
pub mod session;
pub mod suggest;
