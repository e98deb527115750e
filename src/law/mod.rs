//! The laws: pure checks over a step, one law per file, and the judge that runs them.
//!
//! A law sees a [`Case`]: the step, the policy of T, the context. It never reads a repository, runs nothing and
//! prints nothing; what it could not see it says. Called by `engine` (the judge) and by `ui` (`explain`).

pub mod actor;
pub(crate) mod exempt;
pub(crate) mod l1_learnings;
pub(crate) mod l2_improve;
pub(crate) mod l3_context;
pub(crate) mod l4_loops;
pub(crate) mod l5_suggestions;
pub(crate) mod r3_semantic;
mod records;
pub(crate) mod substance;
pub(crate) mod t1_trailers;
#[cfg(test)]
pub(crate) mod testing;
pub mod waiver;

use std::cell::OnceCell;

use crate::model::law_id::LawId;
use crate::model::message::Message;
use crate::model::policy::Policy;
use crate::model::report::Finding;
use crate::model::tree::{SightError, StepView};

/// Where a step is judged; see the table in `docs/architecture.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Hooks and our own commits: HEAD → index or new tree.
    Local,
    /// T → the tree that landing gives: the authority.
    Landing,
    /// One edge of the first-parent chain of what has landed.
    Replay,
}

/// What a law reads, so that an entry point runs only the laws it has material for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Commit messages.
    Messages,
    /// Trees and changes.
    Trees,
    /// Both: what is there of them.
    Both,
}

/// A step with all that a law may know about it.
pub struct Case<'a> {
    /// The step.
    pub step: &'a dyn StepView,
    /// The policy of T; in a bootstrap, of M.
    pub policy: &'a Policy,
    /// Where it is judged.
    pub context: Context,
    /// Whether the step moves a protected branch.
    pub onto_protected: bool,
    /// Whether the step introduces `.agentops`.
    pub bootstrap: bool,
    messages: OnceCell<Vec<Message>>,
    exempt: exempt::Memo,
}

impl<'a> Case<'a> {
    /// A case; nothing is read yet.
    pub fn new(step: &'a dyn StepView, policy: &'a Policy, context: Context) -> Self {
        Self {
            step,
            policy,
            context,
            onto_protected: false,
            bootstrap: false,
            messages: OnceCell::new(),
            exempt: exempt::Memo::default(),
        }
    }

    /// The parsed messages of the step's commits, in their order; parsed once.
    pub fn messages(&self) -> &[Message] {
        self.messages.get_or_init(|| {
            let sections = &self.policy.config.sections;
            self.step.commits().iter().map(|commit| Message::parse(&commit.message, sections)).collect()
        })
    }
}

/// What laws hand to the judge.
#[derive(Debug, Default)]
pub struct Findings {
    /// Broken rules.
    pub list: Vec<Finding>,
    /// What could not be seen or is only claimed.
    pub not_checked: Vec<String>,
    /// Facts a reader must know.
    pub notes: Vec<String>,
}

impl Findings {
    /// A broken rule.
    pub fn add(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// Something that could not be seen, or is only claimed.
    pub fn not_checked(&mut self, sentence: impl Into<String>) {
        self.not_checked.push(sentence.into());
    }

    /// A fact a reader must know.
    pub fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }
}

/// The laws of messages and records, in the order of their ids.
pub const OF_MESSAGES: [&Law; 7] = [
    &l1_learnings::LAW,
    &l2_improve::LAW,
    &l3_context::LAW,
    &l4_loops::LAW,
    &l5_suggestions::LAW,
    &r3_semantic::LAW,
    &t1_trailers::LAW,
];

/// One rule.
pub struct Law {
    /// Its id.
    pub id: LawId,
    /// Its name, e.g. `ALWAYS extract learnings`.
    pub title: &'static str,
    /// What it demands, in full sentences.
    pub rule: &'static str,
    /// Something that passes.
    pub passes: &'static str,
    /// Something that fails, with the remedy.
    pub fails: &'static str,
    /// What it reads.
    pub reads: Reads,
    /// The check.
    pub check: fn(&Case<'_>, &mut Findings) -> Result<(), SightError>,
}
