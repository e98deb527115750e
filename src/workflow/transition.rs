//! Transitions: which event may follow which, and the state it leads to.

use std::collections::BTreeSet;

use super::chain::{Chain, Link, position};
use crate::model::digest::Digest;
use crate::model::event::{Event, EventKind};
use crate::model::name::PhaseName;
use crate::model::profile::{Phase, Profile, VoteKind};
use crate::model::state::{Status, TaskState};

/// Why a transition is not legal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// The status does not allow it.
    #[error("`{kind}` does not follow `{status}`")]
    Status {
        /// What was tried.
        kind: EventKind,
        /// Where the task stands.
        status: Status,
    },
    /// A gate with voters is left by `submit` first.
    #[error("the gate of phase `{0}` wants a vote: `submit` comes before `advance`")]
    NeedsVote(PhaseName),
    /// A gate of checks alone has nothing to wait for.
    #[error("the gate of phase `{0}` is checks alone: nothing waits for a vote there")]
    NeedsNoVote(PhaseName),
    /// The profile does not know the phase; only rewind and abandon lead out.
    #[error("profile `{profile}` has no phase `{phase}` any more: rewind the task to one of its phases, or abandon it")]
    PhaseGone {
        /// The profile.
        profile: String,
        /// The phase.
        phase: PhaseName,
    },
    /// Everything but an advance goes back or stays.
    #[error("a task cannot go forward to `{0}` but by `advance`")]
    Forward(PhaseName),
    /// A fork allows `resolve` alone, and only a fork does.
    #[error("`resolve` names all heads of a fork, at least two, none of which comes before another")]
    NotAFork,
    /// A predecessor is not there.
    #[error("its predecessor {0} is not among the task's events")]
    NoPredecessor(Digest),
    /// The first event is `open`, and only the first.
    #[error("`open` is the first event of a task, and the only one without predecessor")]
    Open,
    /// `seq` is not 1 + the highest of the predecessors.
    #[error("its seq is {found}, but its predecessors ask for {expected}")]
    Sequence {
        /// In the file.
        found: u32,
        /// As it must be.
        expected: u32,
    },
    /// The state is not what folding gives.
    #[error("its `[state]` is not what follows: `{field}` must be `{expected}`, not `{found}`")]
    State {
        /// Which key.
        field: &'static str,
        /// As it must be.
        expected: String,
        /// In the file.
        found: String,
    },
}

/// The state of a freshly opened task; title and the like come from the opener.
pub fn opened(profile: &Profile, description: TaskState) -> Result<TaskState, Illegal> {
    let first = profile
        .phases
        .first()
        .ok_or_else(|| Illegal::PhaseGone { profile: profile.name.to_string(), phase: description.phase.clone() })?;
    Ok(TaskState { phase: first.name.clone(), stage: first.stage, status: Status::Working, attempt: 1, ..description })
}

/// The state after `kind` follows the events `prev` of `chain`. `to` is the target of a rewind; `raised` says that a class
/// of risk wants a vote at this task's gate, whatever the profile says.
pub fn follow(
    chain: &Chain,
    prev: &[&Link],
    kind: EventKind,
    to: Option<&PhaseName>,
    profile: &Profile,
    raised: bool,
) -> Result<TaskState, Illegal> {
    let Some(first) = prev.first() else { return Err(Illegal::Open) };
    let before = &first.event.state;
    let wrong_status = || Illegal::Status { kind, status: before.status };
    let changed = |phase: &Phase, status, attempt| TaskState {
        phase: phase.name.clone(),
        stage: phase.stage,
        status,
        attempt,
        ..before.clone()
    };
    if (kind == EventKind::Resolve) != (prev.len() > 1) {
        return Err(Illegal::NotAFork);
    }
    if kind == EventKind::Resolve {
        // Of two events of which one comes before the other, only the later one was ever a head.
        let digests: Vec<Digest> = prev.iter().map(|link| link.digest).collect();
        let before = chain.ancestors(&digests);
        if digests.iter().any(|digest| before.contains(digest)) {
            return Err(Illegal::NotAFork);
        }
    }
    match kind {
        EventKind::Open => Err(Illegal::Open),
        EventKind::Submit => {
            let (_, phase) = known_phase(profile, before)?;
            if before.status != Status::Working {
                return Err(wrong_status());
            }
            if phase.gate.vote == VoteKind::None && !raised {
                return Err(Illegal::NeedsNoVote(phase.name.clone()));
            }
            Ok(changed(phase, Status::Waiting, before.attempt))
        }
        EventKind::Advance => {
            let (place, phase) = known_phase(profile, before)?;
            match before.status {
                Status::Working if phase.gate.vote != VoteKind::None || raised => {
                    return Err(Illegal::NeedsVote(phase.name.clone()));
                }
                Status::Working | Status::Waiting => {}
                Status::Done | Status::Abandoned => return Err(wrong_status()),
            }
            Ok(match profile.phases.get(place + 1) {
                Some(next) => changed(next, Status::Working, 1),
                None => changed(phase, Status::Done, before.attempt),
            })
        }
        EventKind::Rework => {
            let (_, phase) = known_phase(profile, before)?;
            if before.status != Status::Waiting {
                return Err(wrong_status());
            }
            Ok(changed(phase, Status::Working, before.attempt.saturating_add(1)))
        }
        EventKind::Abandon => {
            if before.status == Status::Abandoned {
                return Err(wrong_status());
            }
            Ok(TaskState { status: Status::Abandoned, ..before.clone() })
        }
        EventKind::Rewind => {
            let target = to.unwrap_or(&before.phase);
            let gone = || Illegal::PhaseGone { profile: profile.name.to_string(), phase: target.clone() };
            let (place, phase) = profile.phase(target).ok_or_else(gone)?;
            if place > position(profile, before) {
                return Err(Illegal::Forward(target.clone()));
            }
            Ok(changed(phase, Status::Working, highest_attempt(chain, prev, &phase.name).saturating_add(1)))
        }
        EventKind::Resolve => {
            let earliest = prev.iter().map(|link| position(profile, &link.event.state)).min().unwrap_or(0);
            let gone = || Illegal::PhaseGone { profile: profile.name.to_string(), phase: before.phase.clone() };
            let phase = profile.phases.get(earliest).ok_or_else(gone)?;
            Ok(changed(phase, Status::Working, highest_attempt(chain, prev, &phase.name).saturating_add(1)))
        }
    }
}

/// Whether `link` legally follows its predecessors in `chain`, under `profile`; `raised` as in [`follow`].
pub fn check(chain: &Chain, link: &Link, profile: &Profile, raised: bool) -> Result<(), Illegal> {
    let event = &link.event;
    let mut prev = Vec::with_capacity(event.prev.len());
    for digest in &event.prev {
        prev.push(chain.link(digest).ok_or(Illegal::NoPredecessor(*digest))?);
    }
    let sequence = 1 + prev.iter().map(|link| link.event.seq).max().unwrap_or(0);
    if event.seq != sequence {
        return Err(Illegal::Sequence { found: event.seq, expected: sequence });
    }
    let expected = match event.kind {
        EventKind::Open => opened(profile, event.state.clone())?,
        kind => follow(chain, &prev, kind, Some(&event.state.phase), profile, raised)?,
    };
    compare(&expected, &event.state)
}

/// The part of [`check`] that needs no profile: predecessors and sequence.
pub fn check_links(chain: &Chain, link: &Link) -> Result<(), Illegal> {
    let mut highest = 0;
    for digest in &link.event.prev {
        highest = highest.max(chain.link(digest).ok_or(Illegal::NoPredecessor(*digest))?.event.seq);
    }
    let expected = highest + 1;
    if link.event.seq == expected { Ok(()) } else { Err(Illegal::Sequence { found: link.event.seq, expected }) }
}

/// The part of [`check`] that holds for superseded events, under whatever profile they were made: the task stays the same
/// task, its status changes as the kind of event says, and none but an `advance` goes forward. An advance is superseded only by what goes back to where it came from;
/// anything else that went forward would let a rewind come out at a phase that no gate led to.
pub fn check_superseded(chain: &Chain, link: &Link, profile: &Profile) -> Result<(), Illegal> {
    check_links(chain, link)?;
    if (link.event.kind == EventKind::Open) != link.event.prev.is_empty() {
        return Err(Illegal::Open);
    }
    let found = &link.event.state;
    let prev = link.event.prev.iter().filter_map(|digest| chain.link(digest));
    for before in prev.map(|link| &link.event.state) {
        let goes_forward = position(profile, found) > position(profile, before);
        if goes_forward && link.event.kind != EventKind::Advance {
            return Err(Illegal::Forward(found.phase.clone()));
        }
        let stays = before.phase == found.phase && before.stage == found.stage;
        let fits = match (link.event.kind, before.status, found.status) {
            (EventKind::Submit, Status::Working, Status::Waiting) => stays && found.attempt == before.attempt,
            (EventKind::Rework, Status::Waiting, Status::Working) => stays && found.attempt > before.attempt,
            (EventKind::Abandon, earlier, Status::Abandoned) => stays && earlier != Status::Abandoned,
            (EventKind::Advance, Status::Working | Status::Waiting, Status::Working | Status::Done)
            | (EventKind::Rewind | EventKind::Resolve, _, Status::Working) => true,
            _ => false,
        };
        if !fits {
            return Err(Illegal::Status { kind: link.event.kind, status: before.status });
        }
        let TaskState { phase, stage, status, attempt, .. } = found.clone();
        compare(&TaskState { phase, stage, status, attempt, ..before.clone() }, found)?;
    }
    Ok(())
}

/// The event that would follow the chain's head, without evidence, runs and reason; `raised` as in [`follow`].
pub fn draft(
    chain: &Chain,
    kind: EventKind,
    to: Option<&PhaseName>,
    profile: &Profile,
    raised: bool,
) -> Result<(Vec<Digest>, u32, TaskState), Illegal> {
    let heads = chain.heads();
    let state = follow(chain, &heads, kind, to, profile, raised)?;
    let mut prev: Vec<Digest> = heads.iter().map(|head| head.digest).collect();
    prev.sort_unstable();
    let seq = 1 + heads.iter().map(|head| head.event.seq).max().unwrap_or(0);
    Ok((prev, seq, state))
}

fn known_phase<'a>(profile: &'a Profile, state: &TaskState) -> Result<(usize, &'a Phase), Illegal> {
    profile
        .phase(&state.phase)
        .ok_or_else(|| Illegal::PhaseGone { profile: profile.name.to_string(), phase: state.phase.clone() })
}

/// The highest attempt at `phase` among `prev` and everything before them; 0 where there was none.
fn highest_attempt(chain: &Chain, prev: &[&Link], phase: &PhaseName) -> u32 {
    let digests: Vec<Digest> = prev.iter().map(|link| link.digest).collect();
    let mut seen: BTreeSet<Digest> = chain.ancestors(&digests);
    seen.extend(digests);
    let events =
        chain.links.iter().filter(|link| seen.contains(&link.digest)).map(|link: &Link| -> &Event { &link.event });
    events.filter(|event| event.state.phase == *phase).map(|event| event.state.attempt).max().unwrap_or(0)
}

fn compare(expected: &TaskState, found: &TaskState) -> Result<(), Illegal> {
    let text = |words: Vec<&str>| words.join(", ");
    let fields = [
        ("phase", expected.phase.to_string(), found.phase.to_string()),
        ("stage", expected.stage.to_string(), found.stage.to_string()),
        ("status", expected.status.to_string(), found.status.to_string()),
        ("attempt", expected.attempt.to_string(), found.attempt.to_string()),
        ("opened", expected.opened.to_string(), found.opened.to_string()),
        ("title", expected.title.clone(), found.title.clone()),
        ("priority", expected.priority.to_string(), found.priority.to_string()),
        (
            "labels",
            text(expected.labels.iter().map(|w| w.as_str()).collect()),
            text(found.labels.iter().map(|w| w.as_str()).collect()),
        ),
        (
            "after",
            text(expected.after.iter().map(|w| w.as_str()).collect()),
            text(found.after.iter().map(|w| w.as_str()).collect()),
        ),
    ];
    for (field, expected, found) in fields {
        if expected != found {
            return Err(Illegal::State { field, expected, found });
        }
    }
    Ok(())
}
