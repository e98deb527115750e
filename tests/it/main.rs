//! The integration tests: one binary, which runs the real program in sandboxes.
#![cfg(test)]

mod architecture;
mod command_line;
mod commit;
mod concurrency;
mod demo;
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
