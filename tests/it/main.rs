//! The integration tests: one binary, which runs the real program in sandboxes.
#![cfg(test)]

mod adopted;
mod architecture;
mod attacks;
mod bundle;
mod bundle_doubted;
mod bundle_told;
mod check;
#[cfg(unix)]
mod ci;
mod command_line;
mod commit;
mod concurrency;
mod context;
mod deliverables;
mod demo;
mod dice;
#[cfg(unix)]
mod docs;
mod doctor;
mod documents;
#[cfg(unix)]
mod edges;
#[cfg(unix)]
mod faults;
mod format;
mod formats;
mod forms;
mod governed;
mod hooks;
mod hooks_before;
mod hooks_install;
mod hooks_proved;
mod improvements;
mod init;
mod learn;
mod learn_search;
mod lifecycle;
#[cfg(target_os = "linux")]
mod load;
mod merges;
#[cfg(unix)]
mod neighbours;
mod policy;
mod prime;
mod profile;
mod prompt;
mod recordings;
mod redact;
mod report;
mod reuse;
mod route;
mod routing_model;
mod sandbox;
mod secrets;
mod self_test;
mod server;
mod session;
mod skills;
mod source;
mod strict;
mod terminal;
mod threads;
mod transaction;
mod transcripts;
mod trust;
mod upgrade;
mod usage;
mod verify;
mod world;
