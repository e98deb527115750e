//! The life of a task from end to end, with real git.

mod misuse;
mod past;
mod places;
pub(crate) mod setting;
mod story;
mod together;
mod turns;
mod votes;
