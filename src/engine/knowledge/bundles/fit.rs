//! Whether a bundle is what a task's phase needs, and whether the phase's context has room for it.

use super::shelf::Shelved;
use crate::engine::error::EngineError;
use crate::engine::site::Base;
use crate::model::bundle::BundleHead;
use crate::model::event::EventKind;
use crate::model::name::PhaseName;
use crate::model::profile::Profile;
use crate::model::state::{Status, TaskState};
use crate::model::tree::SightError;
use crate::model::vote::Verdict;
use crate::workflow::chain::{Chain, Standing};
use crate::workflow::gate;

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

/// Why a bundle may not be what a task's phase needs, a sentence, and what loading it leads to.
type Judged = (Option<String>, Option<Projection>);

/// Judges a bundle of `tokens` for a task, in a context that holds `used` tokens already.
pub(super) fn judge(
    base: &Base<'_>,
    shelved: &Shelved,
    task: &str,
    used: u32,
    tokens: usize,
) -> Result<Judged, EngineError> {
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
        match phases_between(rules, &head.phase, &state.phase).or_else(|| taken_back(&chain, rules, head)) {
            Some(misfit) => Some(misfit),
            None => rejected(base, &chain, &state, head)?,
        }
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

/// Whether the bundle's phase, or one before it, was begun anew after it was saved. Both times are what their writers said.
fn taken_back(chain: &Chain, rules: &Profile, head: &BundleHead) -> Option<String> {
    let place = |phase: &PhaseName| rules.phase(phase).map(|(at, _)| at);
    let own = place(&PhaseName::parse(&head.phase).ok()?)?;
    let later = chain.links.iter().map(|link| &link.event).rfind(|event| {
        matches!(event.kind, EventKind::Rework | EventKind::Rewind | EventKind::Resolve)
            && event.at > head.at
            && place(&event.state.phase).is_some_and(|at| at <= own)
    })?;
    let what = match later.kind {
        EventKind::Rework => "rework of",
        EventKind::Rewind => "rewind to",
        _ => "end of a fork in",
    };
    Some(format!(
        "it is older than the {what} phase `{}` at {} ({}): what came of that is not in it",
        later.state.phase, later.at, later.reason
    ))
}

/// Whether what the bundle's phase came to waits rejected.
fn rejected(
    base: &Base<'_>,
    chain: &Chain,
    state: &TaskState,
    head: &BundleHead,
) -> Result<Option<String>, SightError> {
    let Some(submit) = chain.head().filter(|_| state.status == Status::Waiting && state.phase.as_str() == head.phase)
    else {
        return Ok(None);
    };
    let votes = gate::read_votes(base.view(), &chain.profile, submit)?;
    let mut rejects =
        votes.into_iter().filter_map(|file| file.content.ok()).filter(|vote| vote.verdict == Verdict::Reject);
    Ok(rejects
        .next()
        .map(|vote| format!("what phase `{}` came to was rejected by {}: {}", head.phase, vote.voter, vote.reason)))
}
