//! The integration tests: one binary, which runs the real program in sandboxes.
#![cfg(test)]

mod architecture;
mod command_line;
mod concurrency;
mod demo;
#[cfg(unix)]
mod docs;
mod documents;
mod format;
mod governed;
mod learn;
mod prompt;
mod sandbox;
mod self_test;
mod session;
mod source;
mod terminal;
