//! What a session took: its calls in time, by phase; how full its context is; what did not last.

use std::collections::{BTreeMap, BTreeSet};

use super::transcripts::Reading;
use crate::engine::error::EngineError;
use crate::engine::site::Base;
use crate::model::measured::{Band, Cause, Collapse, MOST_ROWS, Peak, Spent, WindowOf, model_name};
use crate::model::name::{PhaseName, TaskId, Word};
use crate::model::profile::Profile;
use crate::model::time::Timestamp;
use crate::usage::{Call, Counted, Ledger, Usage};

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
    /// The context as the last call left it, of several the fullest; `None` where there was none, or where it was replaced by a
    /// summary since.
    pub now: Option<Peak>,
    /// Whether that call has no time, and the session was in several phases.
    pub(crate) lacks_time: bool,
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
        let Some(share) = now.share() else {
            return match self.lacks_time {
                true => unknown(
                    "the context has no limits: the transcript states no times, and this session was in several phases",
                    "name a transcript with times, such as the one in the client's own folder: agentops session show --check \
                     --transcript FILE",
                ),
                false => unknown(
                    "the context has no limits: no task of this session was in a phase at its last call",
                    "name the task where the session begins: agentops session start --task ID",
                ),
            };
        };
        if share.band() != Band::Red {
            return Ok(());
        }
        let (whose, otherwise) = match now.window_of {
            Some(WindowOf::Config) => (
                ", the config's window",
                "\nwhere the model's window holds another number: agentops session show --check --window TOKENS",
            ),
            None => ("", ""),
        };
        Err(EngineError::Budget {
            message: format!(
                "the context holds {} tokens, {share} of {}{whose}; phase `{}` allows {} %",
                share.tokens, share.window, now.phase, share.yellow
            ),
            hint: format!(
                "hand over: agentops session end --summary \"…\" --improvement \"…\"   then go on in a fresh session of the \
                 client: agentops session start --task ID{otherwise}"
            ),
        })
    }
}

/// Who states how many tokens a window holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    /// Whoever measures, whatever the client says.
    pub(crate) named: Option<u64>,
    /// The config, where the client says nothing.
    pub(crate) config: u32,
}

impl Windows {
    fn of(self, call: &Call) -> (u64, Option<WindowOf>) {
        let stated = self.named.or(call.window).filter(|window| *window > 0);
        stated.map_or_else(|| (u64::from(self.config).max(1), Some(WindowOf::Config)), |window| (window, None))
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

    /// How many events there were at a time in milliseconds.
    fn until(&self, at: i64) -> usize {
        self.0.partition_point(|(moved, _)| moved.saturating_mul(1000) <= at)
    }

    /// The phase at a time in milliseconds; `None` before the first event.
    fn at(&self, at: i64) -> Option<&PhaseName> {
        self.until(at).checked_sub(1).map(|last| &self.0[last].1)
    }

    /// The phases that were under way from one time in milliseconds until another.
    fn during(&self, first: i64, last: i64) -> BTreeSet<&PhaseName> {
        let moves = &self.0[self.until(first)..self.until(last)];
        self.at(first).into_iter().chain(moves.iter().map(|(_, phase)| phase)).collect()
    }
}

/// The phases of a session. A call without a time belongs to the only one.
struct Under<'p> {
    phases: &'p Phases,
    all: BTreeSet<&'p PhaseName>,
}

impl Under<'_> {
    /// The phase at a time in milliseconds; empty where none was under way, or where that is not known.
    fn at(&self, at: Option<i64>) -> String {
        let only = || self.all.first().copied().filter(|_| self.all.len() == 1);
        at.map_or_else(only, |at| self.phases.at(at)).map_or_else(String::new, ToString::to_string)
    }
}

/// Attributes what was read to the session that began at `from`, if it was begun, and is looked at or ends at `to`.
pub(crate) fn measure(
    reading: &Reading,
    windows: Windows,
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
    if calls.is_empty() {
        return made;
    }
    let under = Under { phases, all: phases.during(first, last) };
    let bands = |phase: &str| {
        let phase = profile.phases.iter().find(|own| own.name.as_str() == phase)?;
        Some((phase.budget.green, phase.budget.yellow))
    };
    let peak_of = |call: &Call| {
        let phase = under.at(call.at);
        let bands = bands(&phase);
        let (window, window_of) = windows.of(call);
        Peak { window_of, ..Peak::new(phase, call.usage.context(), Some(window), bands) }
    };
    made.facts = facts(&calls, reading.ledger.unread());
    made.spent = spent(&calls, &under);
    let main: Vec<&Counted> = calls.iter().copied().filter(|counted| counted.call.is_main).collect();
    let mut peaks: BTreeMap<String, Peak> = BTreeMap::new();
    for peak in main.iter().map(|counted| peak_of(&counted.call)) {
        match peaks.get(&peak.phase) {
            Some(known) if known.cmp_fullness(&peak).is_ge() => {}
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
            phase: under.at(*at),
            cause: Cause::Compaction,
        })
        .collect();
    let (replaced, standing): (Vec<Context<'_>>, Vec<Context<'_>>) =
        contexts(reading, &main, &is_within).into_iter().partition(|context| context.is_replaced);
    let newest = |contexts: &[Context<'_>]| contexts.iter().map(|context| context.last.call.at).max();
    // What is not known passes for all but too full.
    let rank = |peak: &Peak| match peak.band {
        Some(Band::Green) => 0,
        Some(Band::Yellow) => 1,
        None => 2,
        Some(Band::Red) => 3,
    };
    let fullest = standing
        .iter()
        .map(|context| (context.last, peak_of(&context.last.call)))
        .max_by(|(_, one), (_, other)| rank(one).cmp(&rank(other)).then_with(|| one.cmp_fullness(other)));
    let is_unknown = !replaced.is_empty() && newest(&replaced) >= newest(&standing);
    match fullest.filter(|(_, peak)| !is_unknown || peak.band == Some(Band::Red)) {
        Some((last, peak)) => {
            if Some(last.call.at) < newest(&standing).max(newest(&replaced)) {
                made.notes.push(
                    "several conversations are in the transcripts, and which of them is meant is not known, so the fullest of them \
                     counts; `--transcript FILE` names one"
                        .into(),
                );
            }
            made.lacks_time = last.call.at.is_none() && under.all.len() > 1;
            made.now = Some(peak);
        }
        None if is_unknown => made.notes.push(
            "the client replaced the conversation by a summary after its last call; how full its context is, the next call will \
             tell"
                .into(),
        ),
        None => {}
    }
    made
}

/// One conversation with a person, as its last call left it.
struct Context<'l> {
    last: &'l Counted,
    /// Whether its client replaced what was said by a summary since.
    is_replaced: bool,
}

/// The contexts that may be meant, of the calls of conversations with a person, in the order of time: that of the conversation that
/// asks, where it is known; otherwise all but those that another conversation goes on from, with a copy of their last call.
fn contexts<'l>(reading: &Reading, main: &[&'l Counted], is_within: &dyn Fn(Option<i64>) -> bool) -> Vec<Context<'l>> {
    let ledger: &Ledger = &reading.ledger;
    let mut last: BTreeMap<usize, &'l Counted> = BTreeMap::new();
    for counted in main {
        last.extend(counted.conversations.iter().map(|told| (*told, *counted)));
    }
    let is_replaced = |conversation: usize, call: &Call| {
        ledger.compactions().iter().any(|own| {
            own.conversations.contains(&conversation) && own.at.is_some() && own.at >= call.at && is_within(own.at)
        })
    };
    let goes_on_in = |other: usize, counted: &'l Counted| {
        last.get(&other).is_some_and(|later| !std::ptr::eq(*later, counted)) || is_replaced(other, &counted.call)
    };
    let is_meant = |conversation: usize, counted: &'l Counted| match &reading.own {
        Some(own) => ledger.conversation(conversation) == Some(own),
        None => {
            is_replaced(conversation, &counted.call)
                || !counted.conversations.iter().any(|other| *other != conversation && goes_on_in(*other, counted))
        }
    };
    let meant = last.iter().filter(|(conversation, counted)| is_meant(**conversation, counted));
    meant
        .map(|(conversation, counted)| Context {
            last: counted,
            is_replaced: is_replaced(*conversation, &counted.call),
        })
        .collect()
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

fn spent(calls: &[&Counted], under: &Under<'_>) -> Vec<Spent> {
    let mut sums: BTreeMap<(String, Word, String), (u64, Usage)> = BTreeMap::new();
    for counted in calls {
        let Ok(client) = Word::parse(counted.client.as_str()) else { continue };
        let key = (under.at(counted.call.at), client, model_name(&counted.call.model));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_a_time_belongs_to_the_only_phase_of_its_session() {
        let phase = |name: &str| PhaseName::parse(name).unwrap();
        let phases = Phases(vec![(10, phase("research")), (20, phase("research")), (30, phase("plan"))]);
        let only = |first, last| Under { phases: &phases, all: phases.during(first, last) }.at(None);
        assert_eq!([only(0, 9_999), only(0, 29_999), only(15_000, 16_000)], ["", "research", "research"]);
        assert_eq!([only(15_000, 30_000), only(30_000, 99_000), only(i64::MIN, 99_000)], ["", "plan", ""]);
        assert_eq!(phases.at(29_999), Some(&phase("research")));
    }

    #[test]
    fn without_limits_the_way_out_is_the_one_that_helps() {
        let now = Some(Peak::new(String::new(), 900, Some(10_000), None));
        let hint = |lacks_time| {
            let measured = Measured { now: now.clone(), lacks_time, ..Measured::default() };
            measured.refuse_red().unwrap_err().hint().unwrap_or_default().to_owned()
        };
        assert!(hint(false).contains("--task ID") && hint(true).contains("--transcript FILE"));
    }
}
