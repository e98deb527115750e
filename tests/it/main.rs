//! The integration tests: one binary, which runs the real program in sandboxes.
#![cfg(test)]

mod architecture;
mod attacks;
mod command_line;
mod concurrency;
mod demo;
mod dice;
mod documents;
mod format;
mod forms;
mod governed;
mod merges;
mod prompt;
mod sandbox;
mod self_test;
mod source;
mod terminal;
mod world;
