//! `bundle load`: what would go into a context, whether it still holds, and whether there is room for it.

use super::prove;
use super::shelf::{self, Shelved};
use super::sources::{Fate, Stale, now_at, stale, uncommitted};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::name::{PhaseName, RecordId};
use crate::model::profile::Profile;
use crate::store::open_session;
use crate::text::tokens;
use crate::workflow::chain::Standing;

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

/// What loading leads to, against the phase's budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The phase.
    pub phase: PhaseName,
    /// Tokens before and after loading.
    pub tokens: (u32, u32),
    /// Tokens that the phase's context may take.
    pub budget: u32,
    /// Percent of the window afterwards, rounded up.
    pub percent: u32,
    /// `green`, `yellow` or `red`, by the phase's bands.
    pub band: &'static str,
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
    /// Sources that have changes which are not committed: nothing of them is in the bundle.
    pub uncommitted: Vec<String>,
    /// What speaks against its text, as `bundle verify` finds it, sentences: it was altered, or today's rules keep more.
    pub doubts: Vec<String>,
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
    let stale = stale(&base, &shelved.bundle.head.sources)?;
    let uncommitted = uncommitted(site, &now_at(&shelved.bundle.head.sources, &stale))?;
    let proof = prove::prove(site, shelved)?;
    let (doubts, shelved) = (proof.doubts(), proof.shelved);
    let text = with_its_origin(&shelved, &stale, &doubts);
    let tokens = tokens::count(&text);
    let head = &shelved.bundle.head;
    let own = Some(head.task.clone()).filter(|task| !task.is_empty());
    let (misfit, projection) = match request.task.clone().or(own) {
        Some(task) => judge(&base, &shelved, &task, request.used, tokens)?,
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
    Ok(Loaded { text, tokens, stale, uncommitted, doubts, misfit, projection, shelved })
}

/// Notes for the record of this worktree's open session, where there is one, that a bundle went into a context. The text is what
/// was asked for: where the note cannot be written, the record lacks it, and nothing else.
pub(crate) fn note_loaded(site: &Site, bundle: &RecordId) {
    let _ = open_session::note_bundle(site.repo.git_dir(), bundle.as_str());
}

/// What an agent reads of a bundle, whoever it is for.
pub(crate) fn injected(base: &Base<'_>, shelved: &Shelved) -> Result<String, EngineError> {
    Ok(with_its_origin(shelved, &stale(base, &shelved.bundle.head.sources)?, &[]))
}

/// Where the text comes from, whether that is still so and was ever, then the text.
fn with_its_origin(shelved: &Shelved, stale: &[Stale], doubts: &[String]) -> String {
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
    if !doubts.is_empty() {
        out.push_str("> It does not hold what its sources said: look there before you rely on this.\n");
    }
    out.push('\n');
    out.push_str(&shelved.bundle.body);
    out
}

type Judged = (Option<String>, Option<Projection>);

fn judge(base: &Base<'_>, shelved: &Shelved, task: &str, used: u32, tokens: usize) -> Result<Judged, EngineError> {
    let head = &shelved.bundle.head;
    // The task of an old bundle may be gone from HEAD; only one that is asked for must be there.
    let chain = match base.task(task) {
        Err(EngineError::NotFound { .. }) if task == head.task => {
            return Ok((Some(format!("its task `{task}` is not at HEAD")), None));
        }
        other => other?,
    };
    let rules = base.rules(&chain)?;
    let Standing::At(state) = chain.standing() else {
        return Ok((Some(format!("`{}` is forked: which phase it is in is not decided", chain.task)), None));
    };
    let misfit = if head.profile != chain.profile {
        Some(format!("it comes from profile `{}`, and `{}` belongs to `{}`", head.profile, chain.task, chain.profile))
    } else if head.task != chain.task.as_str() {
        Some(match head.task.as_str() {
            "" => format!("it was made for no task, and not for `{}`", chain.task),
            other => format!("it was made for `{other}`, and not for `{}`", chain.task),
        })
    } else {
        phases_between(rules, &head.phase, &state.phase)
    };
    let Some((_, phase)) = rules.phase(&state.phase) else { return Ok((misfit, None)) };
    let after = used.saturating_add(u32::try_from(tokens).unwrap_or(u32::MAX));
    let window = u64::from(base.policy.config.window);
    let percent = u32::try_from((u64::from(after) * 100).div_ceil(window)).unwrap_or(u32::MAX);
    let band = match percent {
        percent if percent <= u32::from(phase.budget.green) => "green",
        percent if percent <= u32::from(phase.budget.yellow) => "yellow",
        _ => "red",
    };
    let projection =
        Projection { phase: phase.name.clone(), tokens: (used, after), budget: phase.budget.tokens, percent, band };
    Ok((misfit, Some(projection)))
}

/// Why a bundle of phase `from` is not meant for phase `to`: it fits its own phase and the next one.
fn phases_between(rules: &Profile, from: &str, to: &PhaseName) -> Option<String> {
    let known = PhaseName::parse(from).ok().and_then(|name| rules.phase(&name));
    let (Some((from_at, _)), Some((to_at, _))) = (known, rules.phase(to)) else {
        return Some(match from {
            "" => "it names no phase".to_owned(),
            _ => format!("the profile has no phase `{from}` any more"),
        });
    };
    match to_at.checked_sub(from_at) {
        Some(0 | 1) => None,
        Some(_) => {
            let between: Vec<&str> = rules.phases[from_at + 1..to_at].iter().map(|phase| phase.name.as_str()).collect();
            Some(format!("it is of phase `{from}`, and `{}` has come between", between.join("`, `")))
        }
        None => Some(format!("it is of phase `{from}`, which comes after `{to}`")),
    }
}
