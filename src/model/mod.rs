//! Pure data: ids, events, votes, verdicts, amends, records, decisions, state, policy; and the traits through which laws see trees.
//!
//! Nothing here reads a repository, a clock or the environment, and nothing here prints. Everything may depend on it.

pub mod amend;
pub mod bundle;
pub mod canonical;
pub mod citation;
pub mod commit;
pub mod coverage;
pub mod decision;
pub mod deliverables;
pub mod digest;
pub mod document;
pub mod escape;
pub mod event;
pub(crate) mod fnv;
pub mod given_context;
pub mod ids;
pub mod law_id;
pub mod layout;
pub mod manifest;
pub mod measured;
pub mod message;
pub mod name;
pub mod path;
pub mod plan;
pub mod policy;
pub mod profile;
pub mod reader;
pub mod record;
pub mod report;
pub mod risk;
pub mod secret_rules;
pub mod state;
pub mod tasks;
pub mod time;
pub mod tree;
pub mod trust;
pub mod verdict;
pub mod vote;
