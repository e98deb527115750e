//! Suggestions: what could be done next, read off the state. Nothing starts by itself.
//!
//! The order is fixed: what waits for a human first, because it stops others; then what is stuck, in work, left behind.
//! No kind takes all places: two of each come first, the rest fills up.

use super::session::{self, Open};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::tasks::gate;
use crate::engine::tasks::task::{self, Listed};
use crate::git::GitError;
use crate::model::name::TaskId;
use crate::model::state::{Status, TaskState};

/// Places in a list.
const PLACES: usize = 6;
/// Of one kind that come before others had their turn.
const OF_ONE_KIND: usize = 2;

const NO_TASK: &str = "no task is open, and research, plans and votes each belong to one";
const NO_LEARNING: &str = "no learning was recorded since this session began, and every session leaves one";

/// Something that could be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The command to paste.
    pub command: String,
    /// Why now: a clause.
    pub why: String,
    /// Whether only a person may do it.
    pub for_human: bool,
    kind: Kind,
}

impl Suggestion {
    /// The line that a session record keeps.
    pub fn line(&self) -> String {
        let line = format!("{}: {}", self.command, self.why);
        line.chars().take(400).collect::<String>().trim_end().to_owned()
    }
}

/// Kinds in the order of their rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Vote,
    Rework,
    Fork,
    Pass,
    Work,
    Blocked,
    Dirty,
    Learn,
    Check,
    NewTask,
    Session,
}

/// When suggestions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A session begins.
    Start,
    /// In between.
    Now,
    /// A session ends.
    End,
}

/// What could be done next at HEAD, at most six.
pub fn suggest(site: &Site) -> Result<Vec<Suggestion>, EngineError> {
    let base = site.base()?;
    let open = session::open(site, &base)?;
    at(site, &base, open.as_ref(), Moment::Now)
}

/// With an open session its end is the last suggestion of a list, and has the last place to itself: so the numbers of the
/// others are the same now and when the session ends. A session that ends without having begun was never `open`.
pub(crate) fn at(
    site: &Site,
    base: &Base<'_>,
    open: Option<&Open>,
    moment: Moment,
) -> Result<Vec<Suggestion>, EngineError> {
    let mut all = Vec::new();
    tasks(site, base, open, &mut all)?;
    if site.repo.work_dir().is_some() {
        let count = site.repo.modified_count()?;
        if count > 0 {
            let files = if count == 1 { "1 tracked file differs" } else { &format!("{count} tracked files differ") };
            all.push(suggestion(Kind::Dirty, "agentops commit".into(), format!("{files} from HEAD in this worktree")));
        }
    }
    if let Some(open) = open.filter(|_| moment != Moment::Start)
        && super::brought::learnings_of(site, base, open)?.is_empty()
    {
        let command = "agentops learn add --pattern \"…\"".to_owned();
        all.push(suggestion(Kind::Learn, command, NO_LEARNING.into()));
    }
    if let Some(branch) = remote_behind(site, base)? {
        all.push(check(&branch));
    }
    let places = if open.is_some() || moment == Moment::End { PLACES - 1 } else { PLACES };
    let mut chosen = choose(all, places);
    if moment == Moment::Now {
        match open {
            Some(open) => chosen.push(suggestion(
                Kind::Session,
                "agentops session end --summary \"…\" --improvement \"…\"".into(),
                format!("the session of `{}` is open since {}", open.actor, open.started),
            )),
            None if chosen.len() < PLACES => {
                let why = "no session is open here; a record tells the next one what was done".to_owned();
                chosen.push(suggestion(Kind::Session, "agentops session start".into(), why));
            }
            None => {}
        }
    }
    Ok(chosen)
}

fn suggestion(kind: Kind, command: String, why: String) -> Suggestion {
    Suggestion { command, why, for_human: kind == Kind::Vote, kind }
}

fn choose(all: Vec<Suggestion>, places: usize) -> Vec<Suggestion> {
    let mut first = Vec::new();
    let mut rest = Vec::new();
    for suggestion in all {
        let same = first.iter().filter(|other: &&Suggestion| other.kind == suggestion.kind).count();
        if same < OF_ONE_KIND { first.push(suggestion) } else { rest.push(suggestion) }
    }
    first.sort_by_key(|suggestion| suggestion.kind);
    rest.sort_by_key(|suggestion| suggestion.kind);
    first.extend(rest);
    first.truncate(places);
    first.sort_by_key(|suggestion| suggestion.kind);
    first
}

/// One suggestion for each open task; those of the session's tasks first, then those of its profile.
fn tasks(site: &Site, base: &Base<'_>, open: Option<&Open>, all: &mut Vec<Suggestion>) -> Result<(), EngineError> {
    let mut listed = task::list(site, &task::Filter::default())?;
    if let Some(open) = open {
        listed.sort_by_key(|listed| (!open.tasks.contains(&listed.task), listed.profile != open.profile));
    }
    if listed.is_empty() {
        all.push(suggestion(Kind::NewTask, "agentops task new \"…\"".into(), NO_TASK.into()));
    }
    for Listed { task, state, .. } in listed {
        all.push(match state {
            None => fork(&task),
            Some(state) if state.status == Status::Waiting => waiting(base, &task)?,
            Some(state) => working(base, &task, &state)?,
        });
    }
    Ok(())
}

fn waiting(base: &Base<'_>, task: &TaskId) -> Result<Suggestion, EngineError> {
    let chain = base.task(task.as_str())?;
    let Some(gate) = gate::waiting(base, &chain)? else {
        return Ok(rework(task, "waits at a gate that its profile no longer has"));
    };
    if !gate.tally.rejects.is_empty() {
        return Ok(rework(task, &format!("was rejected by {}", gate::reject_reasons(base, &chain)?.join("; "))));
    }
    if !gate.lapsed.is_empty() {
        return Ok(rework(task, &format!("has changed since it was submitted: {}", gate.lapsed.join(", "))));
    }
    let place = format!("gate {} ({})", gate.number, gate.title);
    if gate.tally.is_satisfied() {
        return Ok(pass(task, &place));
    }
    Ok(vote(task, &gate.task_title, &place, gate.vote.as_str()))
}

fn working(base: &Base<'_>, task: &TaskId, state: &TaskState) -> Result<Suggestion, EngineError> {
    for earlier in &state.after {
        if !base.is_done(earlier)? {
            return Ok(blocked(task, earlier));
        }
    }
    Ok(work(task, state))
}

// The words below must say something, though AO-L5 is content with a command; a test sees to it.

fn fork(task: &TaskId) -> Suggestion {
    let why = format!("two events claim to be the last of `{task}`; `agentops phase log {task}` shows both sides");
    suggestion(Kind::Fork, format!("agentops phase resolve {task} --reason \"…\""), why)
}

fn rework(task: &TaskId, problem: &str) -> Suggestion {
    suggestion(Kind::Rework, format!("agentops phase rework {task} --reason \"…\""), format!("`{task}` {problem}"))
}

fn pass(task: &TaskId, place: &str) -> Suggestion {
    let why = format!("`{task}` has the votes that {place} wants");
    suggestion(Kind::Pass, format!("agentops phase next {task}"), why)
}

fn vote(task: &TaskId, title: &str, place: &str, wanted: &str) -> Suggestion {
    let why = format!("“{title}” waits at {place} for a human's {wanted}");
    suggestion(Kind::Vote, format!("agentops gate approve {task}"), why)
}

fn blocked(task: &TaskId, earlier: &TaskId) -> Suggestion {
    let why = format!("`{task}` cannot leave its phase before `{earlier}` is done");
    suggestion(Kind::Blocked, format!("agentops phase status {earlier}"), why)
}

fn work(task: &TaskId, state: &TaskState) -> Suggestion {
    let attempt = if state.attempt == 1 { String::new() } else { format!(", attempt {}", state.attempt) };
    let why = format!("“{}” is at work in phase {}{attempt}", state.title, state.phase);
    suggestion(Kind::Work, format!("agentops phase next {task}"), why)
}

fn check(branch: &str) -> Suggestion {
    let why = format!("HEAD has commits that `{branch}` lacks; landing them is judged like this");
    suggestion(Kind::Check, format!("agentops check --base {branch}"), why)
}

/// A protected branch of a remote that HEAD is ahead of, by its short name.
fn remote_behind(site: &Site, base: &Base<'_>) -> Result<Option<String>, EngineError> {
    let protected = &base.policy.config.protected;
    let mut remote = Vec::new();
    for (name, tip) in site.repo.references("refs/remotes/")? {
        let Some(short) = name.strip_prefix("refs/remotes/") else { continue };
        let Some((_, branch)) = short.split_once('/') else { continue };
        let rank = protected.iter().position(|own| own == branch);
        remote.extend(rank.map(|rank| (!short.starts_with("origin/"), rank, short.to_owned(), tip)));
    }
    remote.sort();
    for (_, _, short, tip) in remote {
        match site.repo.is_ancestor(&base.commit, &tip) {
            Ok(true) => {}
            Ok(false) => return Ok(Some(short)),
            // Where history is cut off a landing could not be judged anyway.
            Err(GitError::MissingObject { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(kind: Kind, count: usize) -> Vec<Suggestion> {
        (0..count).map(|number| suggestion(kind, format!("{kind:?} {number}"), String::new())).collect()
    }

    fn commands(list: &[Suggestion]) -> Vec<&str> {
        list.iter().map(|suggestion| suggestion.command.as_str()).collect()
    }

    #[test]
    fn every_suggestion_says_something() {
        let (task, other) = (TaskId::parse("wip-k3f9").unwrap(), TaskId::parse("task-0000").unwrap());
        let state = TaskState {
            phase: crate::model::name::PhaseName::parse("plan").unwrap(),
            stage: crate::model::state::Stage::Plan,
            status: Status::Working,
            attempt: 1,
            opened: crate::model::time::Date::parse("2026-11-21").unwrap(),
            title: "WIP".into(),
            priority: Default::default(),
            labels: Vec::new(),
            after: Vec::new(),
        };
        let all = [
            fork(&task),
            rework(&task, "was rejected by bob: no"),
            rework(&task, "waits at a gate that its profile no longer has"),
            pass(&task, "gate 1 (Review)"),
            vote(&task, "WIP", "gate 1 (Review)", "review"),
            blocked(&task, &other),
            work(&task, &state),
            suggestion(Kind::NewTask, "agentops task new \"…\"".into(), NO_TASK.into()),
            suggestion(Kind::Learn, "agentops learn add --pattern \"…\"".into(), NO_LEARNING.into()),
            suggestion(
                Kind::Dirty,
                "agentops commit".into(),
                "1 tracked file differs from HEAD in this worktree".into(),
            ),
            check("origin/main"),
        ];
        for suggestion in all {
            assert_eq!(crate::law::wording::problem_of_reason(&suggestion.line()), None, "{}", suggestion.line());
        }
    }

    #[test]
    fn every_kind_has_its_turn() {
        let all = [some(Kind::Dirty, 1), some(Kind::Work, 9), some(Kind::Vote, 4)].concat();
        let six = ["Vote 0", "Vote 1", "Vote 2", "Work 0", "Work 1", "Dirty 0"];
        assert_eq!(commands(&choose(all, 6)), six);
        assert_eq!(commands(&choose(some(Kind::Work, 9), 3)), ["Work 0", "Work 1", "Work 2"]);
        assert!(choose(Vec::new(), 6).is_empty());
    }
}
