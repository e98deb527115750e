//! The integration tests: one binary, which runs the real program in sandboxes.
#![cfg(test)]

mod adopted;
mod architecture;
mod command_line;
mod commit;
mod concurrency;
mod demo;
mod doctor;
mod documents;
mod format;
mod governed;
mod hooks;
mod hooks_install;
mod init;
mod lifecycle;
mod policy;
mod profile;
mod prompt;
mod sandbox;
mod self_test;
mod source;
mod terminal;
