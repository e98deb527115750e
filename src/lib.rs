//! agentops: a Git-native workflow engine.
//!
//! The map of the house; dependencies point down this list, and a test enforces it:
//!
//! - `cli`: clap types, one file per noun, lowered to requests of the engine; errors become exit codes
//! - `ui`: the only printer
//! - `hooks`: git hook entry points and their installation
//! - `engine`: use cases, one function each
//! - `usage`: what agents used, read from the transcripts of their clients
//! - `store`: what is kept outside the tree: locks, the open session, hand-overs between hooks
//! - `law`: pure checks, one law per file; the judge
//! - `config`: strict readers of config and profiles
//! - `workflow`: pure rules: phases, transitions, folding, votes
//! - `secrets`: what looks like a secret
//! - [`routing`]: which profile a text belongs to
//! - [`text`]: what texts say: blocks, sentences, facts, what matters most, what words are about
//! - `git`: the only user of gix and of the git command
//! - [`model`]: pure data and the traits through which laws see trees
//! - [`faults`]: the writes at which a test lets the program fail; nothing in a release build
//! - [`env`](mod@env), [`clock`]: the only readers of environment, time and randomness

pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod env;
pub mod faults;
pub mod git;
pub mod hooks;
pub mod law;
pub mod model;
pub mod routing;
pub mod secrets;
pub mod store;
pub mod text;
pub mod ui;
pub mod usage;
pub mod workflow;
