//! What a session took: its calls in time, by phase; how full its context is; what did not last.

use std::collections::{BTreeMap, BTreeSet};

use super::transcripts::Reading;
use crate::engine::error::EngineError;
use crate::engine::site::Base;
use crate::model::measured::{Band, Cause, Collapse, MOST_ROWS, Peak, Spent, model_name};
use crate::model::name::{PhaseName, TaskId, Word};
use crate::model::profile::Profile;
use crate::model::time::Timestamp;
use crate::usage::{Call, Counted, Usage};

/// What was measured. Nothing, where there are no calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// Facts by name, as the record has them.
    pub facts: BTreeMap<Word, String>,
    /// Sums by phase, client and model.
    pub spent: Vec<Spent>,
    /// The fullest context of each phase.
    pub peaks: Vec<Peak>,
    /// Contexts that did not last.
    pub collapses: Vec<Collapse>,
    /// The context as the last call left it; `None` where there was none, or where it was replaced by a summary since.
    pub now: Option<Peak>,
    /// What could not be read or counted, each a sentence.
    pub notes: Vec<String>,
}

impl Measured {
    /// Whether anything was measured.
    pub fn is_measured(&self) -> bool {
        !self.facts.is_empty()
    }

    /// Where the context stands now, if that is known.
    pub fn band(&self) -> Option<Band> {
        self.now.as_ref()?.band
    }

    /// What a session says of itself that ends above the second limit of its phase: it should have ended earlier.
    pub(crate) fn red_at_end(&self, ended: &Timestamp) -> Option<Collapse> {
        let now = self.now.as_ref().filter(|now| now.band == Some(Band::Red))?;
        Some(Collapse { at: ended.clone(), phase: now.phase.clone(), cause: Cause::Red })
    }

    /// Fails where it is not known how full the context is, or where it is too full.
    pub(crate) fn refuse_red(&self) -> Result<(), EngineError> {
        let unknown = |message: &str, hint: &str| Err(EngineError::refused(message, hint));
        let Some(now) = &self.now else {
            let message = match self.is_measured() {
                true => "how full the context is is not known since the client replaced the conversation by a summary",
                false => "how full the context is was not measured: no call of this session is in any transcript",
            };
            return unknown(
                message,
                "name the transcript of the agent's client: agentops session show --check --transcript FILE",
            );
        };
        match (now.window, now.share()) {
            (None, _) => unknown(
                "the context's share of the window is not known: the transcript does not state the window",
                "state it: agentops session show --check --window TOKENS",
            ),
            (_, None) => unknown(
                "the context has no limits: no task of this session was in a phase at its last call",
                "name the task where the session begins: agentops session start --task ID",
            ),
            (_, Some(share)) if share.band() == Band::Red => Err(EngineError::Budget {
                message: format!(
                    "the context holds {} tokens, {share} of {}; phase `{}` allows {} %",
                    share.tokens, share.window, now.phase, share.yellow
                ),
                hint: "hand over: agentops session end --summary \"…\" --improvement \"…\"   then go on in a fresh session of the \
                       client: agentops session start --task ID"
                    .into(),
            }),
            (_, Some(_)) => Ok(()),
        }
    }
}

/// When which phase was under way, by the events of the tasks: a claim, as their times are.
#[derive(Debug, Default)]
pub(crate) struct Phases(Vec<(i64, PhaseName)>);

impl Phases {
    /// Of these tasks. Where several are under way, the one that moved last counts.
    pub(crate) fn of<'t>(base: &Base<'_>, tasks: impl IntoIterator<Item = &'t TaskId>) -> Result<Self, EngineError> {
        let mut moves = Vec::new();
        for task in tasks.into_iter().collect::<BTreeSet<_>>() {
            let chain = base.task(task.as_str())?;
            moves.extend(chain.links.iter().map(|link| (link.event.at.seconds(), link.event.state.phase.clone())));
        }
        moves.sort_by_key(|(at, _)| *at);
        Ok(Self(moves))
    }

    /// The phase at a time in milliseconds; empty before the first event, and where no time is known.
    fn at(&self, at: Option<i64>) -> String {
        let before = at.map_or(0, |at| self.0.partition_point(|(moved, _)| moved.saturating_mul(1000) <= at));
        before.checked_sub(1).map_or_else(String::new, |last| self.0[last].1.to_string())
    }
}

/// Attributes what was read to the session that began at `from`, if it was begun, and is looked at or ends at `to`. `window`
/// overrides what transcripts state.
pub(crate) fn measure(
    reading: &Reading,
    window: Option<u64>,
    (from, to): (Option<&Timestamp>, &Timestamp),
    phases: &Phases,
    profile: &Profile,
) -> Measured {
    let mut made = Measured { notes: reading.notes.clone(), ..Measured::default() };
    let first = from.map_or(i64::MIN, |from| from.seconds().saturating_mul(1000));
    let last = to.seconds().saturating_mul(1000).saturating_add(999);
    let is_within = |at: Option<i64>| at.is_none_or(|at| (first..=last).contains(&at));
    let (calls, others): (Vec<&Counted>, Vec<&Counted>) =
        reading.ledger.calls().into_iter().partition(|counted| is_within(counted.call.at));
    made.notes.extend(match others.len() {
        0 => None,
        1 => Some("1 call in the transcripts lies outside the session, and is not counted".to_owned()),
        count => Some(format!("{count} calls in the transcripts lie outside the session, and are not counted")),
    });
    made.notes.extend(match reading.ledger.unread() {
        0 => None,
        1 => Some("1 line of the transcripts could not be read, and is not counted".to_owned()),
        count => Some(format!("{count} lines of the transcripts could not be read, and are not counted")),
    });
    if calls.is_empty() {
        return made;
    }
    let bands = |phase: &str| {
        let phase = profile.phases.iter().find(|own| own.name.as_str() == phase)?;
        Some((phase.budget.green, phase.budget.yellow))
    };
    let peak_of = |call: &Call| {
        let phase = phases.at(call.at);
        let bands = bands(&phase);
        Peak::new(phase, call.usage.context(), window.or(call.window).filter(|window| *window > 0), bands)
    };
    made.facts = facts(&calls, reading.ledger.unread());
    made.spent = spent(&calls, phases);
    let main: Vec<&Counted> = calls.iter().copied().filter(|counted| counted.call.is_main).collect();
    let mut peaks: BTreeMap<String, Peak> = BTreeMap::new();
    for peak in main.iter().map(|counted| peak_of(&counted.call)) {
        let fullness = |peak: &Peak| (peak.share().map_or(0, |share| share.tenths()), peak.tokens);
        match peaks.get(&peak.phase) {
            Some(known) if fullness(known) >= fullness(&peak) => {}
            _ => drop(peaks.insert(peak.phase.clone(), peak)),
        }
    }
    made.peaks = peaks.into_values().collect();
    let mut compactions: Vec<Option<i64>> =
        reading.ledger.compactions().iter().map(|own| own.at).filter(|at| is_within(*at)).collect();
    compactions.sort_unstable();
    // One row is left for the end.
    made.collapses = compactions
        .iter()
        .take(MOST_ROWS - 1)
        .map(|at| Collapse {
            at: at.map_or_else(|| to.clone(), |at| Timestamp::from_seconds(at.div_euclid(1000))),
            phase: phases.at(*at),
            cause: Cause::Compaction,
        })
        .collect();
    // Of several conversations the one that asks, where it is known: how full another one is, is no answer.
    let is_asked = |counted: &&&Counted| {
        reading.own.is_none() || reading.own.as_deref() == reading.ledger.conversation(counted.conversation)
    };
    if let Some(Counted { call: newest, conversation, .. }) = main.iter().rev().find(is_asked) {
        let is_replaced = reading.ledger.compactions().iter().any(|own| {
            let is_of_it =
                own.conversations.iter().any(|told| reading.ledger.is_same_conversation(*told, *conversation));
            is_of_it && own.at.is_some() && own.at >= newest.at && is_within(own.at)
        });
        if is_replaced {
            made.notes.push(
                "the client replaced the conversation by a summary after its last call; how full its context is, the next call \
                 will tell"
                    .into(),
            );
        } else {
            made.now = Some(peak_of(newest));
        }
    }
    made
}

fn facts(calls: &[&Counted], unread: u64) -> BTreeMap<Word, String> {
    let sum = calls.iter().fold(Usage::default(), |sum, counted| sum.plus(counted.call.usage));
    let days: BTreeSet<i64> =
        calls.iter().filter_map(|counted| Some(counted.call.at?.div_euclid(86_400_000))).collect();
    let mut facts = vec![
        ("calls", calls.len() as u64),
        ("input_uncached", sum.input_uncached),
        ("cache_read", sum.cache_read),
        ("cache_write_5m", sum.cache_write_5m),
        ("cache_write_1h", sum.cache_write_1h),
        ("output", sum.output),
        ("reasoning", sum.reasoning),
    ];
    facts.extend((!days.is_empty()).then_some(("days", days.len() as u64)));
    facts.extend((unread > 0).then_some(("unread_lines", unread)));
    facts.into_iter().filter_map(|(name, value)| Some((Word::parse(name).ok()?, value.to_string()))).collect()
}

fn spent(calls: &[&Counted], phases: &Phases) -> Vec<Spent> {
    let mut sums: BTreeMap<(String, Word, String), (u64, Usage)> = BTreeMap::new();
    for counted in calls {
        let Ok(client) = Word::parse(counted.client.as_str()) else { continue };
        let key = (phases.at(counted.call.at), client, model_name(&counted.call.model));
        let (count, sum) = sums.entry(key).or_default();
        *count += 1;
        *sum = sum.plus(counted.call.usage);
    }
    sums.into_iter()
        .take(MOST_ROWS)
        .map(|((phase, client, model), (calls, sum))| Spent {
            phase,
            client,
            model,
            calls,
            input_uncached: sum.input_uncached,
            cache_read: sum.cache_read,
            cache_write_5m: sum.cache_write_5m,
            cache_write_1h: sum.cache_write_1h,
            output: sum.output,
            reasoning: sum.reasoning,
        })
        .collect()
}
