//! `skills/<name>/SKILL.md`: texts that tell agent clients which verb serves when. They lie outside `.agentops`, and are the
//! user's own once they are there: a file that differs stays, and is named.

use super::{Done, Kept, Outcome, Request, Texts, keep_what_is_there, message, write_missing};
use crate::config::builtin;
use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::engine::writing::transact::{Draft, Target, transact};
use crate::model::path::RepoPath;
use crate::model::tree::TreeView;

/// How a skill that is not this program's is renewed.
const RENEW: &str = "it differs from this version's; remove it and run `agentops init --skills` again to renew it";

/// What there is to add.
pub(super) struct Plan {
    /// The skills that are not there, or lie there as this program has them.
    pub(super) files: Vec<(RepoPath, Vec<u8>)>,
    /// Files in the place of a skill that are another's.
    pub(super) kept: Vec<Kept>,
}

/// Which skills may be written. What lies in the place of one and differs is not even committed.
pub(super) fn plan(site: &Site) -> Result<Plan, EngineError> {
    let mut files = builtin::skills();
    let mut kept = keep_what_is_there(site, &mut files)?;
    files.retain(|(path, _)| kept.iter().all(|file| file.path != *path));
    kept.iter_mut().for_each(|file| file.why = RENEW.into());
    Ok(Plan { files, kept })
}

/// Adds the skills that HEAD lacks, in a commit of their own.
pub(super) fn add(site: &Site, target: &Target, request: &Request, outcome: &mut Outcome) -> Result<(), EngineError> {
    let Plan { files, kept } = plan(site)?;
    let base = site.base()?;
    let mut missing = Vec::new();
    for (path, bytes) in files {
        if base.tree.entry(&path)?.is_none() {
            missing.push((path, bytes));
        }
    }
    outcome.kept.extend(kept);
    if missing.is_empty() {
        return Ok(());
    }
    outcome.done = Done::Added;
    if !request.commit {
        outcome.paths.extend(write_missing(site, &missing, target.dry_run)?);
        outcome.paths.sort();
        return Ok(());
    }
    let committed = transact(site, target, |base| {
        let names: Vec<String> = missing.iter().map(|(path, _)| format!("`{path}`")).collect();
        let config = &base.policy.config;
        let kind = ["chore", "docs"].into_iter().find(|kind| config.types.iter().any(|known| known == kind));
        let learning = if config.learning_optional.iter().any(|known| known == "chore") {
            "N/A the skills are texts of the program"
        } else {
            "A skill that only names a verb stays true while the verb changes; one that retells it does not."
        };
        let texts = Texts {
            context: "Agent clients that read skills found none here that says which verb of agentops serves when.",
            solution: &format!("Adds {} as agentops {} has them.", names.join(", "), env!("CARGO_PKG_VERSION")),
            learning,
            impact: "Clients offer these skills by their descriptions, so that an agent primes itself before it reads code.",
        };
        let text = message(site, &config.sections, kind.unwrap_or("chore"), "add the agents' skills", &texts);
        let files = missing.iter().map(|(path, bytes)| (path.clone(), Some(bytes.clone()))).collect();
        Ok(Draft { files, message: text, outcome: () })
    })?;
    outcome.commits.extend(committed.commit);
    outcome.branch = committed.branch;
    outcome.paths.extend(committed.paths);
    outcome.paths.sort();
    outcome.report.absorb(committed.report);
    outcome.notes.extend(committed.unfinished);
    Ok(())
}

/// The skills in `tree` that are exactly this program's: those that `deinit` takes away.
pub(crate) fn unchanged(tree: &dyn TreeView) -> Result<Vec<RepoPath>, EngineError> {
    let mut found = Vec::new();
    for (path, bytes) in builtin::skills() {
        let is_ours = tree.entry(&path)?.is_some_and(|entry| entry.mode.is_file())
            && tree.file(&path, bytes.len() as u64)?.as_ref() == Some(&bytes);
        if is_ours {
            found.push(path);
        }
    }
    Ok(found)
}
