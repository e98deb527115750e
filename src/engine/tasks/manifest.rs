//! The manifest of an implement phase: every path of the task with the digest of what is committed there.

use std::collections::BTreeSet;

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::layout;
use crate::model::manifest::{Manifest, ManifestLine};
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::profile::Profile;
use crate::model::state::Stage;
use crate::workflow::artifact::live_plan;
use crate::workflow::chain::{self, Chain, Standing};

/// The manifest at `base`: planned paths, and paths outside `.agentops` that changed since the plan was submitted and
/// that no other open task plans.
pub(crate) fn of(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    rules: &Profile,
    plan: Option<&Plan>,
) -> Result<Manifest, EngineError> {
    let mut paths: BTreeSet<RepoPath> = BTreeSet::new();
    if let Some(plan) = plan {
        // A plan may name documents of the profile; what they hold is bound elsewhere.
        let own = plan.changes.iter().map(|change| &change.path).filter(|path| !path.is_below(layout::ROOT));
        paths.extend(own.cloned());
    }
    if let Some(planned_at) = chain.leaving(rules, Stage::Plan).map(|link| link.event.base)
        && site.repo.has_object(&planned_at)
    {
        let others = planned_elsewhere(base, chain)?;
        let changed = site.repo.diff_trees(Some(&planned_at), &base.tree_id)?;
        let own = changed
            .into_iter()
            .map(|change| change.path)
            .filter(|path| !path.is_below(layout::ROOT) && !others.contains(path));
        paths.extend(own);
    }
    let lines = paths.iter().map(|path| ManifestLine::of(&base.tree, path)).collect::<Result<Vec<_>, _>>()?;
    Manifest::new(lines).map_err(|error| {
        EngineError::refused(format!("the paths of the task give no manifest: {error}"), "rename the file")
    })
}

/// Paths that the live plans of other open tasks name.
fn planned_elsewhere(base: &Base<'_>, own: &Chain) -> Result<BTreeSet<RepoPath>, EngineError> {
    let mut paths = BTreeSet::new();
    for (name, rules) in &base.policy.profiles {
        for task in chain::tasks(&base.tree, name)? {
            if *name == own.profile && task == own.task {
                continue;
            }
            let chain = Chain::read(&base.tree, name, &task)?;
            let is_open = matches!(chain.standing(), Standing::At(state) if state.status.is_open());
            if let (true, Some((_, plan))) = (is_open, live_plan(&base.tree, &chain, rules)?) {
                paths.extend(plan.changes.into_iter().map(|change| change.path));
            }
        }
    }
    Ok(paths)
}
