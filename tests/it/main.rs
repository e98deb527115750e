//! The integration tests: one binary, which runs the real program in sandboxes.
#![cfg(test)]

mod adopted;
mod architecture;
mod attacks;
mod command_line;
mod commit;
mod concurrency;
mod demo;
#[cfg(unix)]
mod docs;
mod doctor;
mod documents;
mod format;
mod governed;
mod hooks;
mod hooks_install;
mod init;
mod learn;
mod lifecycle;
mod policy;
mod profile;
mod prompt;
mod sandbox;
mod self_test;
mod session;
mod source;
mod terminal;
mod world;
