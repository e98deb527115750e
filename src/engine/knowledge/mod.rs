//! What is known when a task begins: which profile it belongs to.

pub mod route;
