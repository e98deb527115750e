//! Whether tasks that came to be done had delivered what their plans promised, in the step that brought the end.

use std::collections::BTreeMap;

use crate::engine::error::EngineError;
use crate::git::Repo;
use crate::model::deliverables::Deliverables;
use crate::model::digest::ObjectId;
use crate::model::layout::Place;
use crate::model::name::{ProfileName, TaskId};
use crate::model::policy::Policy;
use crate::model::state::Status;
use crate::model::tree::{SightError, TreeView};
use crate::workflow::chain::Chain;
use crate::workflow::delivery;

/// What became of a done task's promises of files, tests and evidence. What commands show is not seen here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// All is there.
    Whole,
    /// The plan promised nothing.
    NothingPromised,
    /// The promises that were not kept, each a sentence.
    Missing(Vec<String>),
    /// Why nobody can tell.
    NotJudged(String),
}

/// The promises, made on the tree `planned_on`, that `tree` does not keep: sentences, each once.
pub(crate) fn missing(
    repo: &Repo,
    promises: &Deliverables,
    planned_on: &ObjectId,
    tree: &dyn TreeView,
) -> Result<Vec<String>, SightError> {
    let before = repo.has_object(planned_on).then(|| repo.tree(planned_on));
    let short = delivery::undelivered(promises, before.as_ref().map(|tree| tree as &dyn TreeView), tree)?;
    let mut missing: Vec<String> = short.into_iter().map(|short| short.message).collect();
    missing.dedup();
    Ok(missing)
}

/// The tasks that became done in the step from `before` to `after`, with what became of their promises.
pub(super) fn in_step(
    repo: &Repo,
    before: Option<&ObjectId>,
    after: &ObjectId,
    policy: &Policy,
    found: &mut BTreeMap<(ProfileName, TaskId), Delivery>,
) -> Result<(), EngineError> {
    let tree = repo.tree(after);
    for change in repo.diff_trees(before, after)?.iter().filter(|change| change.after.is_some()) {
        let Some(Place::Event(profile, task, name)) = Place::of(&change.path) else { continue };
        let Some(rules) = policy.profiles.get(&profile).filter(|_| name.status == Status::Done) else { continue };
        let chain = Chain::read(&tree, &profile, &task)?;
        let delivery = match delivery::promised(&tree, &chain, rules)? {
            None => Delivery::NothingPromised,
            Some(promised) => match promised.deliverables {
                Err(problem) => Delivery::NotJudged(problem.message),
                Ok(deliverables) => {
                    let missing = missing(repo, &deliverables, &promised.planned_on, &tree)?;
                    if missing.is_empty() { Delivery::Whole } else { Delivery::Missing(missing) }
                }
            },
        };
        found.insert((profile, task), delivery);
    }
    Ok(())
}
