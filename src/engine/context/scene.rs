//! What a context is made from: one commit, one task as it stands there, and nothing else.

use std::cell::RefCell;

use super::page::show_command;
use crate::engine::error::EngineError;
use crate::engine::knowledge::bundles::sources::Places;
use crate::engine::site::{Base, Site};
use crate::engine::tasks::phase;
use crate::model::digest::ObjectId;
use crate::model::escape::{is_hidden, shell_word};
use crate::model::path::RepoPath;
use crate::model::profile::{Phase, Profile};
use crate::model::state::{Status, TaskState};
use crate::workflow::chain::{Chain, Standing};

/// A task at a commit.
pub(super) struct Scene<'a> {
    pub(super) site: &'a Site<'a>,
    pub(super) base: &'a Base<'a>,
    pub(super) chain: &'a Chain,
    pub(super) rules: &'a Profile,
    pub(super) state: TaskState,
    /// The phase that the task is in, and its place in the profile.
    pub(super) phase: &'a Phase,
    pub(super) place: usize,
    /// Where the commit's files are, for what moved.
    pub(super) places: RefCell<Places<'a>>,
}

impl<'a> Scene<'a> {
    /// The task of `chain` in `base`, which is worked on.
    ///
    /// Errors: `Conflict` where it is forked, `Refused` where its work has ended or its profile lost the phase.
    pub(super) fn of(site: &'a Site<'a>, base: &'a Base<'a>, chain: &'a Chain) -> Result<Self, EngineError> {
        phase::refuse_fork(chain)?;
        let rules = base.rules(chain)?;
        let Standing::At(state) = chain.standing() else {
            return Err(EngineError::NotFound {
                what: "task",
                name: chain.task.to_string(),
                hint: "agentops task list --all".into(),
            });
        };
        let id = &chain.task;
        if matches!(state.status, Status::Done | Status::Abandoned) {
            return Err(EngineError::refused(
                format!("`{id}` is {}: nobody begins work on it, so it needs no context", state.status),
                format!(
                    "`agentops task show {id}` tells what was done; to take it up again: agentops phase rewind {id} --to {} \
                     --reason \"…\"",
                    rules.phases[0].name
                ),
            ));
        }
        let Some((place, phase)) = rules.phase(&state.phase) else {
            return Err(EngineError::refused(
                format!("profile `{}` has no phase `{}` any more", rules.name, state.phase),
                format!("agentops phase rewind {id} --to {} --reason \"…\"", rules.phases[0].name),
            ));
        };
        let places = RefCell::new(Places::of(&base.tree));
        Ok(Self { site, base, chain, rules, state, phase, place, places })
    }

    /// The command that prints a file of the commit.
    pub(super) fn show(&self, path: &RepoPath, blob: &ObjectId) -> String {
        show_command(&self.base.commit, path, blob)
    }

    /// The command that tells what became of a file that is not there.
    pub(super) fn history_of(&self, path: &RepoPath) -> String {
        match path.as_str().filter(|path| !path.chars().any(is_hidden)) {
            Some(path) => {
                format!("git log --oneline {} -- {}", self.base.commit, shell_word(&format!(":(top,literal){path}")))
            }
            None => format!("git log --oneline --stat {}", self.base.commit),
        }
    }
}
