//! The laws: pure checks over a step, one law per file, and the judge that runs them.
//!
//! A law sees a [`Case`]: the step, the policy of T, the context. It never reads a repository, runs nothing and
//! prints nothing; what it could not see it says. Called by `engine` (the judge) and by `ui` (`explain`).

pub mod phase;

mod actor;
mod approved_once;
mod b1_budget;
mod done;
mod e10_beginnings;
mod e1_write_once;
mod e2_form;
mod e3_chain;
mod e4_transition;
mod e5_actors;
mod e6_forks;
mod e7_tree;
mod e8_evidence;
mod e9_merges;
pub mod editions;
mod exempt;
mod g1_votes;
mod g2_void_votes;
mod g3_governed;
mod g4_amends;
mod g5_versions;
mod gates;
mod judge;
mod l1_learnings;
mod l2_improve;
mod l3_context;
mod l4_loops;
mod l5_suggestions;
mod look_alikes;
mod manifests;
mod n1_namespace;
mod n2_shared_paths;
mod r1_readonly;
mod r2_generated;
mod r3_semantic;
mod read_off;
mod records;
mod redacted;
mod registry;
mod risk_paths;
mod s1_secrets;
mod steps;
mod substance;
mod t1_trailers;
mod task_records;
#[cfg(test)]
pub(crate) mod testing;
mod v1_verdicts;
mod waiver;
pub(crate) mod wording;
mod y1_syntax;

use std::cell::OnceCell;

use crate::model::digest::ObjectId;
use crate::model::law_id::LawId;
use crate::model::message::Message;
use crate::model::policy::Policy;
use crate::model::report::Finding;
use crate::model::tree::{Change, SightError, StepView};
use crate::secrets::baseline::Baseline;
use crate::workflow::globs;
use crate::workflow::governance::Redactions;
use steps::TaskStep;

pub(crate) use actor::{CommitActor, actor_of};
pub(crate) use e7_tree::stands_for_root;
pub use judge::judge;
pub(crate) use manifests::{listed, unanswered};
pub use read_off::ReadOff;
pub use registry::registry;
pub(crate) use s1_secrets::{baseline_of as secrets_baseline, stands as reason_beside};
pub(crate) use task_records::Records;

/// So many messages are read on two threads.
const WORTH_A_THREAD: usize = 512;

/// What `work` makes of each item, in their order; of many items, the later half on a second thread.
fn for_each_of_many<'i, T: Sync, R: Send>(items: &'i [T], work: impl Fn(&'i T) -> R + Sync) -> Vec<R> {
    let (own, others) = if items.len() < WORTH_A_THREAD { (items, &[][..]) } else { items.split_at(items.len() / 2) };
    if others.is_empty() {
        return own.iter().map(work).collect();
    }
    std::thread::scope(|scope| {
        let other = scope.spawn(|| others.iter().map(&work).collect::<Vec<_>>());
        let mut results: Vec<R> = own.iter().map(&work).collect();
        // Should that have panicked, it panics here too.
        results.extend(other.join().unwrap_or_else(|_| others.iter().map(&work).collect()));
        results
    })
}

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
    /// The commits of the step that bring `.agentops`, of this project, where no parent of theirs has it.
    pub beginnings: Vec<ObjectId>,
    /// What M leaves behind as policy; the engine reads it where governed files change.
    pub next_policy: NextPolicy,
    messages: OnceCell<Vec<Message>>,
    exempt: exempt::Memo,
    gates: gates::Memo<'a>,
    tasks: OnceCell<Vec<TaskStep>>,
    /// What the tip of a replayed history let go; `None` elsewhere.
    pub let_go: Option<&'a Redactions>,
    /// The secrets that the tip of a replayed history knows; `None` elsewhere.
    pub later_baseline: Option<&'a Baseline>,
    /// What other cases of this policy read off the same commits; `None`: this case is alone.
    pub read_off: Option<&'a ReadOff>,
    redactions: OnceCell<redacted::Agreed>,
    /// The records of M.
    records: Records,
}

/// The policy in M.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextPolicy {
    /// No governed file changes: T's.
    Same,
    /// Another one.
    Changed(Box<Policy>),
    /// One that cannot be read, with the reason.
    Broken(String),
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
            beginnings: Vec::new(),
            next_policy: NextPolicy::Same,
            messages: OnceCell::new(),
            exempt: exempt::Memo::default(),
            gates: gates::Memo::default(),
            tasks: OnceCell::new(),
            let_go: None,
            later_baseline: None,
            read_off: None,
            redactions: OnceCell::new(),
            records: Records::default(),
        }
    }

    /// The parsed messages of the step's commits, in their order; parsed once.
    pub fn messages(&self) -> &[Message] {
        self.messages.get_or_init(|| {
            let sections = &self.policy.config.sections;
            for_each_of_many(self.step.commits(), |commit| Message::parse(&commit.message, sections))
        })
    }
}

impl Case<'_> {
    /// The policy in M; `None` where it cannot be read.
    pub(crate) fn next_policy(&self) -> Option<&Policy> {
        match &self.next_policy {
            NextPolicy::Same => Some(self.policy),
            NextPolicy::Changed(policy) => Some(policy),
            NextPolicy::Broken(_) => None,
        }
    }

    /// Why the policy in M cannot be read; `None` where it can.
    pub(crate) fn next_policy_error(&self) -> Option<&str> {
        match &self.next_policy {
            NextPolicy::Broken(reason) => Some(reason),
            NextPolicy::Same | NextPolicy::Changed(_) => None,
        }
    }

    /// Whether a change of the commit at `index` is its own: a merge has the rest from one of its other parents.
    pub(crate) fn is_own(&self, index: usize, change: &Change) -> Result<bool, SightError> {
        for parent in 1..self.step.commits()[index].parents.len() {
            let Some(tree) = self.step.parent_tree(index, parent)? else { continue };
            if tree.entry(&change.path)?.map(|entry| (entry.mode, entry.id)) == change.after {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The tasks that the step touches; read once.
    pub(crate) fn tasks(&self) -> Result<&[TaskStep], SightError> {
        if let Some(tasks) = self.tasks.get() {
            return Ok(tasks);
        }
        let tasks = steps::touched(self.step, self.policy)?;
        Ok(self.tasks.get_or_init(|| tasks))
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

#[cfg(test)]
mod tests {
    use super::WORTH_A_THREAD;
    use super::testing::TestStep;
    use super::testing::policy;

    #[test]
    fn messages_keep_their_order_on_two_threads() {
        for count in [WORTH_A_THREAD - 1, WORTH_A_THREAD, WORTH_A_THREAD + 1] {
            let step = (0..count).fold(TestStep::new(), |step, number| step.commit(&format!("feat: {number}")));
            let policy = policy();
            let case = step.case(&policy);
            let subjects: Vec<&str> = case.messages().iter().map(|message| message.subject.as_str()).collect();
            assert_eq!(subjects, (0..count).map(|number| format!("feat: {number}")).collect::<Vec<_>>());
        }
    }
}
