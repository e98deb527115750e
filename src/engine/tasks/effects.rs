//! What git cannot undo: commits that were pushed, and commands that ran. Going back in git takes neither back.

use super::point;
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::digest::ObjectId;
use crate::model::name::{PhaseName, Word};
use crate::model::profile::Profile;
use crate::model::state::Stage;
use crate::workflow::chain::{Chain, Link, position};

/// What stays as it is when a task, or somebody who looks, goes back to an earlier point.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Remote-tracking branches that contain the commit: others may have it.
    pub pushed_to: Vec<String>,
    /// Commands that events after that point say ran.
    pub ran: Vec<RanLater>,
    /// Commands of post phases that the task entered after that point: they are meant to reach what is deployed, and nobody
    /// records one that ran without its event.
    pub deployed: Vec<(PhaseName, Word)>,
}

/// One `[[run]]` of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RanLater {
    /// The event's number.
    pub seq: u32,
    /// The command's name in the profile.
    pub name: Word,
    /// What was added to its command line.
    pub arguments: Vec<String>,
    /// How it ended.
    pub exit: i32,
}

impl Effects {
    /// Of going back behind `later`, events of `chain` in its order; `commit` is the one that may have been pushed.
    pub(crate) fn of(
        site: &Site,
        commit: &ObjectId,
        chain: &Chain,
        rules: &Profile,
        later: &[&Link],
    ) -> Result<Self, EngineError> {
        let mut effects = Self { pushed_to: site.repo.pushed_to(commit)?, ..Self::default() };
        for link in later {
            effects.ran.extend(link.event.runs.iter().map(|run| RanLater {
                seq: link.event.seq,
                name: run.name.clone(),
                arguments: run.arguments.clone(),
                exit: run.exit,
            }));
            // Where it was, and where it came to.
            for state in [chain.origin(link), &link.event.state] {
                let Some((_, phase)) = rules.phase(&state.phase).filter(|(_, phase)| phase.stage == Stage::Post) else {
                    continue;
                };
                for name in &phase.gate.commands {
                    let entry = (phase.name.clone(), name.clone());
                    if !effects.deployed.contains(&entry) {
                        effects.deployed.push(entry);
                    }
                }
            }
        }
        let ran: Vec<Word> = effects.ran.iter().map(|run| run.name.clone()).collect();
        effects.deployed.retain(|(_, name)| !ran.contains(name));
        Ok(effects)
    }

    /// Of a rewind to `phase`: of what it supersedes.
    pub(crate) fn of_rewind(
        site: &Site,
        base: &Base<'_>,
        chain: &Chain,
        rules: &Profile,
        phase: &PhaseName,
    ) -> Result<Self, EngineError> {
        let Some((limit, _)) = rules.phase(phase) else { return Ok(Self::default()) };
        let live = chain.live(rules);
        let left = |link: &&Link| {
            live.contains(&link.digest) && !link.event.prev.is_empty() && position(rules, chain.origin(link)) >= limit
        };
        let later: Vec<&Link> = chain.links.iter().filter(left).collect();
        let Some(first) = later.first() else { return Ok(Self::default()) };
        Self::of(site, &point::origin(site, base, chain, first)?.commit, chain, rules, &later)
    }

    /// One sentence for each.
    pub fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !self.pushed_to.is_empty() {
            all.push(format!("the push to {}: whoever fetched has it", self.pushed_to.join(", ")));
        }
        for run in &self.ran {
            let words: Vec<&str> =
                std::iter::once(run.name.as_str()).chain(run.arguments.iter().map(String::as_str)).collect();
            all.push(format!("the run of `{}` in event {:04} (exit {})", words.join(" "), run.seq, run.exit));
        }
        for (phase, name) in &self.deployed {
            all.push(format!("any run of `{name}`, a command of phase {phase}, after deployment"));
        }
        all
    }
}
