//! Whether tasks that came to be done had delivered what their plans promised, in the step that brought the end.

use std::collections::BTreeMap;

use crate::engine::error::EngineError;
use crate::git::Repo;
use crate::model::digest::ObjectId;
use crate::model::layout::Place;
use crate::model::name::{ProfileName, TaskId};
use crate::model::policy::Policy;
use crate::model::state::Status;
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
                    let planned_on = repo.has_object(&promised.planned_on).then(|| repo.tree(&promised.planned_on));
                    let planned_on = planned_on.as_ref().map(|tree| tree as &dyn crate::model::tree::TreeView);
                    let short = delivery::undelivered(&deliverables, planned_on, &tree)?;
                    let missing: Vec<String> = short.into_iter().map(|short| short.message).collect();
                    if missing.is_empty() { Delivery::Whole } else { Delivery::Missing(missing) }
                }
            },
        };
        found.insert((profile, task), delivery);
    }
    Ok(())
}
