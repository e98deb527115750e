//! `bundle load`: what would go into a context, whether it still holds, and whether there is room for it.

use super::fit::{self, Projection};
use super::prove::{Proof, Scope, Verdict};
use super::shelf::{self, Shelved};
use super::sources::{Fate, Places, Stale, now_at, save_again, stale, uncommitted};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::name::RecordId;
use crate::store::open_session;
use crate::text::tokens;

/// What `bundle load` is told.
#[derive(Debug, Clone, Default)]
pub struct Loading {
    /// The bundle: the beginning of its id, a UUID, or a name.
    pub bundle: String,
    /// The task it is for, or prefix; where left out, the bundle's own.
    pub task: Option<String>,
    /// Tokens that the context holds already, as its client says.
    pub used: u32,
}

/// A bundle as it would be injected.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The bundle.
    pub shelved: Shelved,
    /// Exactly what would be injected.
    pub text: String,
    /// Its tokens.
    pub tokens: usize,
    /// Sources that changed since, moved, or are gone.
    pub stale: Vec<Stale>,
    /// The command that saves it anew, where a source changed or is gone and another one is there.
    pub save_again: Option<String>,
    /// Sources that have changes which are not committed: nothing of them is in the bundle.
    pub uncommitted: Vec<String>,
    /// What `bundle verify` finds: its text was altered, today's rules keep more, or nobody can tell.
    pub proof: Proof,
    /// Why it may not be what the task's phase needs, a sentence; nothing where it is.
    pub misfit: Option<String>,
    /// Against the phase's budget; nothing where no task is meant.
    pub projection: Option<Projection>,
}

/// Looks at a bundle for a context, and notes for the open session's record that it was loaded.
///
/// Errors: `Budget` where the phase's context would take more than its budget.
pub fn load(site: &Site, request: &Loading) -> Result<Loaded, EngineError> {
    let base = site.base()?;
    let shelved = shelf::find(&base, &request.bundle)?;
    let stale = stale(&base, &mut Places::of(&base.tree), &shelved.bundle.head.sources)?;
    let is_new = stale.iter().any(|source| !matches!(source.fate, Fate::Moved(_)));
    let save_again = if is_new { save_again(&base, &shelved.bundle.head, &stale) } else { None };
    let uncommitted = uncommitted(site, &now_at(&shelved.bundle.head.sources, &stale))?;
    let proof = Proof::of(&base, &shelved.bundle, Scope::Clone)?;
    let text = with_its_origin(&shelved, &stale, proof.verdict());
    let tokens = tokens::count(&text);
    let head = &shelved.bundle.head;
    let own = Some(head.task.clone()).filter(|task| !task.is_empty());
    let (misfit, projection) = match request.task.clone().or(own) {
        Some(task) => fit::judge(&base, &shelved, &task, request.used, tokens)?,
        None if request.used > 0 => {
            return Err(EngineError::usage(
                format!("bundle `{}` belongs to no task, so no phase says what a context may take", head.id),
                format!(
                    "name the task it is loaded for: agentops bundle load {} --task ID --used {}",
                    head.id, request.used
                ),
            ));
        }
        None => (None, None),
    };
    if let Some(over) = projection.as_ref().filter(|projection| projection.tokens.1 > projection.budget) {
        return Err(EngineError::Budget {
            message: format!(
                "with bundle `{}` the context of phase `{}` would take {} tokens; its budget is {}",
                head.id, over.phase, over.tokens.1, over.budget
            ),
            hint: match tokens > over.budget as usize {
                true => {
                    format!("the bundle alone is above it; read what is needed of it: agentops bundle show {}", head.id)
                }
                false => format!("start a fresh session and load it there: agentops bundle load {}", head.id),
            },
        });
    }
    note_loaded(site, &head.id);
    Ok(Loaded { text, tokens, stale, save_again, uncommitted, proof, misfit, projection, shelved })
}

/// Notes for the record of this worktree's open session, where there is one, that a bundle went into a context. The text is what
/// was asked for: where the note cannot be written, the record lacks it, and nothing else.
pub(crate) fn note_loaded(site: &Site, bundle: &RecordId) {
    let _ = open_session::note_bundle(site.repo.git_dir(), bundle.as_str());
}

/// What a context says of a bundle: a function of the commit alone. It is held against those of its sources whose bytes the commit
/// has, and of the others it says that they changed or are gone; what else this clone may have is not asked.
pub(crate) fn injected(base: &Base<'_>, places: &mut Places<'_>, shelved: &Shelved) -> Result<String, EngineError> {
    let stale = stale(base, places, &shelved.bundle.head.sources)?;
    let proof = Proof::of(base, &shelved.bundle, Scope::Commit(&stale))?;
    Ok(with_its_origin(shelved, &stale, proof.verdict()))
}

/// Where the text comes from, whether that is still so and was ever, then the text.
fn with_its_origin(shelved: &Shelved, stale: &[Stale], verdict: Verdict) -> String {
    let head = &shelved.bundle.head;
    let paths: Vec<String> = head.sources.iter().map(|source| format!("`{}`", source.path)).collect();
    let of = match (head.task.as_str(), head.phase.as_str()) {
        ("", _) => String::new(),
        (task, "") => format!(" of task `{task}`"),
        (task, phase) => format!(" of task `{task}`, phase `{phase}`"),
    };
    let mut out = format!(
        "> Context bundle `{}` ({}){of}, saved {}: {} of {} tokens of {}.\n",
        head.id,
        head.kind.as_str(),
        head.at,
        head.tokens_after,
        head.tokens_before,
        paths.join(", ")
    );
    for source in stale {
        let what = match &source.fate {
            Fate::Changed => "has changed since: look there before you rely on this.".to_owned(),
            Fate::Moved(path) => format!("is now `{path}`, unchanged."),
            Fate::Gone => "is gone since: look there before you rely on this.".to_owned(),
        };
        out.push_str(&format!("> `{}` {what}\n", source.path));
    }
    let doubt = match verdict {
        Verdict::Holds => None,
        Verdict::DoesNotHold => Some("does not hold what its sources said"),
        Verdict::Unproved => Some("was not held against all that it was made of"),
    };
    if let Some(doubt) = doubt {
        out.push_str(&format!("> It {doubt}: look there before you rely on this.\n"));
    }
    out.push('\n');
    out.push_str(&shelved.bundle.body);
    out
}
