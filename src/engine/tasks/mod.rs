//! The life of a task: opened, worked on, submitted, voted on, advanced; and looking back at it.

pub mod advance;
pub mod commands;
pub(crate) mod coverage;
pub mod effects;
pub mod gate;
mod given;
mod handover;
mod manifest;
pub mod meant;
pub mod phase;
pub mod point;
pub mod restore;
pub mod show;
pub mod submitted;
pub mod task;
