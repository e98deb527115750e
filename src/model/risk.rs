//! Classes of risk: what a gate wants beyond its profile, for tasks that touch what is dear.

use super::name::Word;
use super::profile::{FourEyes, VoteKind};
use super::state::Stage;
use super::vote::Proof;

/// One `[[gates.risk]]` of the config. It tightens the gates of the tasks that it applies to, and loosens none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskClass {
    /// For people, unique.
    pub name: Word,
    /// It applies to tasks with one of these labels,
    pub labels: Vec<Word>,
    /// and to tasks that plan or change a path that one of these globs matches; with neither, to all tasks.
    pub paths: Vec<String>,
    /// The stages whose gates it tightens; empty: all of them.
    pub stages: Vec<Stage>,
    /// The least kind of vote; it may raise a gate of checks alone to a vote.
    pub vote: VoteKind,
    /// The least number of voters where there is a vote.
    pub voters: u32,
    /// Roles of which each voter must have one, besides those that the gate wants.
    pub roles: Vec<Word>,
    /// The weakest proof of a vote that counts.
    pub proof: Option<Proof>,
    /// What must stand behind it that a voter did not do the work.
    pub four_eyes: FourEyes,
}
