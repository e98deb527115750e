//! Which profile a task belongs to: text → hashed features → calibrated probabilities → decision. Pure and deterministic;
//! no network, no state. What the repository says besides the text comes in as [`signals`].
//!
//! The model is made by `benches/routing` from texts and is part of the program.

pub mod decision;
pub mod evaluation;
pub mod features;
pub mod layer;
pub mod model;
pub mod pairs;
pub mod signals;
