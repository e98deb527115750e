//! The recipe: what each stage of work needs in its context, in which order. One table.
//!
//! Whatever changes the text of a context, here or in what the gatherers do, is a new version: `context show` makes contexts
//! again only by the recipe that they were made by.

use crate::model::profile::Phase;
use crate::model::state::Stage;

/// The version of the recipe.
pub const RECIPE: u32 = 2;

/// The share of the phase's budget that a context may take where nothing is said: one of so many parts.
pub const SHARE: u32 = 4;

/// What an item of a context is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A document with which an earlier phase was left.
    Approved,
    /// A document of this phase, as far as it is committed.
    Draft,
    /// Lines that the plan names.
    Code,
    /// A context bundle of this task.
    Bundle,
    /// A context bundle of other work.
    Related,
    /// A learning of any profile.
    Learning,
    /// A standard of the profile.
    Standard,
    /// The description of an agent of the profile.
    Agent,
    /// A declared document of the profile.
    Document,
    /// The folders of the repository.
    Structure,
    /// A commit about what the task is about.
    Commit,
    /// Commands that an event claims to have run.
    Runs,
}

impl Kind {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Draft => "draft",
            Self::Code => "code",
            Self::Bundle => "bundle",
            Self::Related => "related",
            Self::Learning => "learning",
            Self::Standard => "standard",
            Self::Agent => "agent",
            Self::Document => "document",
            Self::Structure => "structure",
            Self::Commit => "commit",
            Self::Runs => "runs",
        }
    }
}

/// What a stage needs besides the task itself, the most important first. Research looks for patterns, documents and history;
/// planning for the architecture and the structure of files; implementing for the code as it is and what validates it; what
/// comes after for tests and what was deployed.
pub(super) fn ranks(stage: Stage) -> &'static [Kind] {
    use Kind::*;
    match stage {
        Stage::Research => &[Approved, Draft, Bundle, Learning, Related, Document, Commit, Standard, Agent, Structure],
        Stage::Plan => &[Approved, Draft, Structure, Learning, Bundle, Related, Standard, Document, Agent],
        Stage::Implement => &[Approved, Code, Draft, Standard, Learning, Bundle, Related, Agent],
        Stage::Post => &[Approved, Runs, Draft, Bundle, Learning, Standard, Related, Agent],
    }
}

/// What the files of agents call the work of a stage.
pub(super) fn agent_type(stage: Stage) -> &'static str {
    match stage {
        Stage::Research => "research",
        Stage::Plan => "planning",
        Stage::Implement => "implementation",
        Stage::Post => "verification",
    }
}

/// The tokens that a context may take where nothing is said.
pub fn default_budget(phase: &Phase) -> u32 {
    (phase.budget.tokens / SHARE).max(1)
}
