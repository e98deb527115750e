//! Contexts that were given: noted in this clone, kept by events, made again byte for byte.

use super::{Request, assemble_at};
use crate::engine::context::recipe::RECIPE;
use crate::engine::error::EngineError;
use crate::engine::knowledge::corpus::Memory;
use crate::engine::site::{Base, Site};
use crate::model::given_context::{GivenContext, given_in};
use crate::model::name::TaskId;
use crate::model::tree::SightError;
use crate::store::StoreError;
use crate::store::contexts::{self, Kept};
use crate::workflow::chain::{self, Chain};

use super::Assembled;

/// So many ways to make a context are tried: whoever writes events decides how many there are.
const MOST_TRIED: usize = 8;
/// Fewer digits of a digest are no name.
const SHORTEST: usize = 4;

/// Notes in this clone that the text was handed to somebody: `context show` finds it, and the next event of the task keeps what it
/// is made again from.
pub fn record(site: &Site, assembled: &Assembled) -> Result<(), StoreError> {
    let Assembled { task, digest, commit, budget, recipe, text, .. } = assembled;
    let given = GivenContext { digest: *digest, commit: *commit, budget: *budget, recipe: *recipe };
    contexts::save(site.repo.common_dir(), &Kept { task: task.clone(), given }, text.as_bytes())
}

/// A context as it was given.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The task that it was for.
    pub task: TaskId,
    /// What it was made from.
    pub given: GivenContext,
    /// Its bytes, whose digest is that of `given`.
    pub text: String,
    /// Whether it was made again; otherwise it is the text that this clone kept, and why it could not be made again.
    pub made_again: Result<(), String>,
}

/// The context whose digest begins with `prefix`: of this clone, or of an event at HEAD.
///
/// Errors: `NotFound`; `Usage` where several fit; `Refused` where it cannot be made again and its text is not here. No bytes
/// are ever returned that have another digest.
pub fn show(site: &Site, prefix: &str) -> Result<Shown, EngineError> {
    let prefix = prefix.trim().to_ascii_lowercase();
    if prefix.len() < SHORTEST || prefix.len() > 64 || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(EngineError::usage(
            "a context is named by its digest: 64 hex digits, or at least the first four".to_string(),
            "`agentops phase log ID --json` prints the notes of a task's events, `contexts` among them",
        ));
    }
    let is_meant = |kept: &Kept| kept.given.digest.hex().starts_with(&prefix);
    // What this clone gave is known here: events need not be asked, and cannot make its name mean something else.
    let mut found: Vec<Kept> = contexts::list(site.repo.common_dir()).into_iter().filter(is_meant).collect();
    let is_here = |kept: &Kept| contexts::text(site.repo.common_dir(), &kept.given.digest).is_some();
    if !found.iter().any(is_here) {
        found.extend(named_by_events(&site.base()?)?.into_iter().filter(is_meant));
    }
    let mut seen: Vec<Kept> = Vec::new();
    found.retain(|kept| {
        let is_new = !seen.contains(kept);
        seen.extend(is_new.then(|| kept.clone()));
        is_new
    });
    let Some(digest) = found.first().map(|kept| kept.given.digest) else {
        return Err(EngineError::NotFound {
            what: "context",
            name: prefix,
            hint: "it was given in another clone and no event at HEAD names it: ask there, or look at the branch that has the \
                   task's next event"
                .into(),
        });
    };
    if found.iter().any(|kept| kept.given.digest != digest) {
        let mut digests: Vec<String> = found.iter().map(|kept| kept.given.digest.hex()).collect();
        digests.sort();
        digests.dedup();
        digests.truncate(8);
        return Err(EngineError::usage(
            format!("`{prefix}` fits several contexts"),
            format!("one of: {}", digests.join(", ")),
        ));
    }
    let mut why = String::new();
    for Kept { task, given } in found.iter().take(MOST_TRIED) {
        match make_again(site, task, given)? {
            Ok(text) => return Ok(Shown { task: task.clone(), given: given.clone(), text, made_again: Ok(()) }),
            Err(reason) => why = reason,
        }
    }
    let Kept { task, given } = found.into_iter().next().unwrap_or_else(|| unreachable!("there is a first one"));
    let text = contexts::text(site.repo.common_dir(), &digest).and_then(|bytes| String::from_utf8(bytes).ok());
    match text {
        Some(text) => Ok(Shown { task, given, text, made_again: Err(why) }),
        None => {
            let hint = remedy(site, &given);
            Err(EngineError::refused(
                format!(
                    "context {} of `{task}` cannot be shown as it was: {why}, and this clone has not kept its text",
                    digest.short()
                ),
                hint,
            ))
        }
    }
}

/// The contexts that events at HEAD name.
fn named_by_events(base: &Base<'_>) -> Result<Vec<Kept>, EngineError> {
    let mut found = Vec::new();
    let mut tasks = Vec::new();
    for profile in base.policy.profiles.keys() {
        tasks.extend(chain::tasks(&base.tree, profile)?.into_iter().map(|task| (profile, task)));
    }
    let parts = base.tree.in_parts(&tasks, |tree, part| -> Result<Vec<Kept>, SightError> {
        let mut named = Vec::new();
        for (profile, task) in part {
            for link in Chain::read(tree, profile, task)?.links {
                named.extend(given_in(&link.event).map(|given| Kept { task: task.clone(), given }));
            }
        }
        Ok(named)
    });
    for part in parts {
        found.extend(part?);
    }
    Ok(found)
}

/// The text, made again without anything that this clone keeps; or why it is another one, a clause.
fn make_again(site: &Site, task: &TaskId, given: &GivenContext) -> Result<Result<String, String>, EngineError> {
    if given.recipe != RECIPE {
        return Ok(Err(format!("it was made by recipe {}, and this agentops has recipe {RECIPE}", given.recipe)));
    }
    if !site.repo.has_object(&given.commit) {
        return Ok(Err(format!("its commit {} is not in this repository", given.commit.short())));
    }
    let request = Request { task: task.to_string(), budget: Some(given.budget) };
    let made =
        site.base_of(&given.commit.to_string()).and_then(|base| assemble_at(site, &base, &request, Memory::Nothing));
    Ok(match made {
        Ok(made) if made.digest == given.digest => Ok(made.text),
        Ok(_) => Err(match site.repo.is_shallow() {
            true => "made again from the history of this shallow clone it is another text".to_owned(),
            false => "made again it is another text: another version of agentops made it, or what names it is wrong"
                .to_owned(),
        }),
        Err(error) => Err(format!("it cannot be made again ({})", error.chain())),
    })
}

fn remedy(site: &Site, given: &GivenContext) -> String {
    if site.repo.is_shallow() {
        return "complete this clone: git fetch --unshallow".to_owned();
    }
    if !site.repo.has_object(&given.commit) {
        return format!("fetch it from where it was made: git fetch origin {}", given.commit);
    }
    "ask the clone in which it was given, or run the version of agentops that made it".to_owned()
}
