//! Sessions: one sitting of one actor, open in one worktree, and the record that it leaves.

use std::collections::BTreeSet;

use super::brought::{learnings, work};
use super::files;
use super::home_folders;
use super::measure::{Measured, Phases, Windows, measure};
use super::suggest::{self, Moment, Suggestion};
use super::transcripts::{self, Reading, Sources};
use crate::engine::error::EngineError;
use crate::engine::knowledge::filed;
use crate::engine::site::{Base, Site};
use crate::engine::writing::compose;
use crate::engine::writing::transact::{Committed, Draft, Target, transact};
use crate::model::canonical::Canonical as _;
use crate::model::digest::ObjectId;
use crate::model::escape::visible;
use crate::model::layout;
use crate::model::message::one_line;
use crate::model::name::{Principal, ProfileName, RecordId, TaskId};
use crate::model::record::{Improvement, Session, Suggestions};
use crate::model::time::Timestamp;
use crate::store::open_session::{self, OpenSession};

/// A session under way in this worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The id that the record will have.
    pub id: RecordId,
    /// The namespace.
    pub profile: ProfileName,
    /// Whose sitting.
    pub actor: Principal,
    /// When it began.
    pub started: Timestamp,
    /// The tasks it was begun for.
    pub tasks: Vec<TaskId>,
    /// Where HEAD was.
    pub head: Option<ObjectId>,
    /// The bundles that were loaded since, sorted.
    pub bundles: Vec<RecordId>,
}

/// The open session of this worktree. One that cannot be read, or whose record is committed already, counts as none.
pub(crate) fn open(site: &Site, base: &Base<'_>) -> Result<Option<Open>, EngineError> {
    let Some(open) = open_session::load(site.repo.git_dir())?.and_then(|kept| parse(&kept)) else { return Ok(None) };
    let record = layout::session(&open.profile, &open.started.date(), &open.id);
    let is_ended = base.view().entry(&record)?.is_some();
    Ok((!is_ended && base.policy.profiles.contains_key(&open.profile)).then_some(open))
}

/// What to say where a session was open and what is kept of it is damaged.
pub fn damaged(site: &Site) -> Result<Option<String>, EngineError> {
    let git_dir = site.repo.git_dir();
    let is_whole = open_session::load(git_dir)?.is_some_and(|kept| parse(&kept).is_some());
    let path = open_session::path(git_dir);
    Ok((!is_whole && path.exists()).then(|| {
        format!(
            "`{}` is damaged, so the session that it told of counts as none; `agentops session start` begins another",
            visible(&path.to_string_lossy())
        )
    }))
}

fn parse(kept: &OpenSession) -> Option<Open> {
    let bundles: BTreeSet<RecordId> = kept.bundles.iter().filter_map(|id| RecordId::parse(id).ok()).collect();
    Some(Open {
        id: RecordId::parse(&kept.id).ok()?,
        profile: ProfileName::parse(&kept.profile).ok()?,
        actor: Principal::parse(&kept.actor).ok()?,
        started: Timestamp::parse(&kept.started).ok()?,
        tasks: kept.tasks.iter().map(|task| TaskId::parse(task)).collect::<Result<_, _>>().ok()?,
        head: ObjectId::parse(&kept.head).ok(),
        bundles: bundles.into_iter().collect(),
    })
}

/// What `session start` is told.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The profile; where left out that of the tasks, or the only one.
    pub profile: Option<String>,
    /// Tasks, or prefixes, that the sitting is for.
    pub tasks: Vec<String>,
    /// Forget a session that is open already.
    pub force: bool,
    /// Remember nothing.
    pub dry_run: bool,
}

/// A session that was begun.
#[derive(Debug, Clone)]
pub struct Started {
    /// The session.
    pub session: Open,
    /// What could be done next.
    pub suggestions: Vec<Suggestion>,
    /// The session that was open and is forgotten.
    pub forgotten: Option<Open>,
}

/// Begins a session in this worktree. Nothing is committed.
pub fn start(site: &Site, request: &Start) -> Result<Started, EngineError> {
    let base = site.base()?;
    let (principal, actor) = site.actor(&base.policy)?;
    let forgotten = open(site, &base)?;
    if let Some(open) = forgotten.as_ref().filter(|_| !request.force) {
        return Err(EngineError::Conflict {
            message: format!("a session of `{}` is open in this worktree since {}", open.actor, open.started),
            hint: "end it: agentops session end --summary \"…\" --improvement \"…\"   or forget it: agentops session \
                   start --force"
                .into(),
        });
    }
    let (tasks, profiles) = named_tasks(&base, &request.tasks)?;
    let hints: Vec<&ProfileName> = profiles.iter().collect();
    let profile = base.home(request.profile.as_deref(), &hints, actor)?;
    refuse_foreign(&tasks, &profiles, &profile)?;
    if !actor.may_write(&profile) {
        return Err(EngineError::refused(
            format!("`{principal}` may not write in profile `{profile}`, so its session could not be recorded there"),
            format!("add `{profile}` to `profiles` below `[actors.{principal}]` with `agentops policy amend`"),
        ));
    }
    let started = site.clock.now();
    let session = Open {
        id: site.clock.new_record_id(),
        profile,
        actor: principal.clone(),
        started,
        tasks,
        head: Some(base.commit),
        bundles: Vec::new(),
    };
    // Before it is saved: a start that fails has not begun a session.
    let suggestions = suggest::at(site, &base, Some(&session), Moment::Start)?;
    if !request.dry_run {
        open_session::save(
            site.repo.git_dir(),
            &OpenSession {
                id: session.id.to_string(),
                profile: session.profile.to_string(),
                actor: session.actor.to_string(),
                started: session.started.to_string(),
                tasks: session.tasks.iter().map(TaskId::to_string).collect(),
                head: base.commit.to_string(),
                bundles: Vec::new(),
            },
        )?;
    }
    Ok(Started { session, suggestions, forgotten })
}

/// The tasks that prefixes name, sorted, and their profiles in the same order.
fn named_tasks(base: &Base<'_>, prefixes: &[String]) -> Result<(Vec<TaskId>, Vec<ProfileName>), EngineError> {
    let mut found = BTreeSet::new();
    for prefix in prefixes {
        let chain = base.task(prefix)?;
        found.insert((chain.task, chain.profile));
    }
    Ok(found.into_iter().unzip())
}

/// A session record lies in one namespace, and names the tasks of that one.
fn refuse_foreign(tasks: &[TaskId], profiles: &[ProfileName], home: &ProfileName) -> Result<(), EngineError> {
    match tasks.iter().zip(profiles).find(|(_, profile)| *profile != home) {
        Some((task, profile)) => Err(EngineError::usage(
            format!("task `{task}` belongs to profile `{profile}`, and this session to `{home}`"),
            "one session for each profile: end one, then start the other",
        )),
        None => Ok(()),
    }
}

/// What the human chose of the suggestions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// None of them.
    #[default]
    None,
    /// The one with this number, from 1.
    Number(usize),
}

/// What `session end` is told.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// One line on what was done.
    pub summary: String,
    /// Proposed betterments.
    pub improvements: Vec<Improvement>,
    /// Learnings, or prefixes; where empty those that the session recorded.
    pub learnings: Vec<String>,
    /// Further tasks, or prefixes, that were worked on.
    pub tasks: Vec<String>,
    /// The profile where no session is open and the tasks do not say it.
    pub profile: Option<String>,
    /// What the human chose.
    pub choice: Choice,
    /// Where usage is read from.
    pub sources: Sources,
}

/// Whether a session's end asks who chose what: a person acts.
pub fn asks(site: &Site) -> Result<bool, EngineError> {
    let base = site.base()?;
    Ok(site.actor(&base.policy)?.1.kind == crate::model::policy::ActorKind::Human)
}

/// A session that was ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The record.
    pub record: Session,
    /// What was shown, in the order of the numbers.
    pub suggestions: Vec<Suggestion>,
    /// What of the usage could not be read or counted, each a sentence.
    pub notes: Vec<String>,
}

/// Ends the open session with one record, in one commit. Where none is open, a record of the named tasks is written all
/// the same, with the same beginning and end: a forgotten start shall keep nobody from handing over.
pub fn end(site: &Site, target: &Target, request: &End) -> Result<Committed<Ended>, EngineError> {
    let fresh = site.clock.new_record_id();
    let ended = site.clock.now();
    // Once, and before the lock is taken: transcripts may be long.
    let reading = {
        let base = site.base()?;
        let begun = open(site, &base)?;
        transcripts::read(site, &request.sources, begun.as_ref().map(|open| &open.started))?
    };
    let done = transact(site, target, |base| {
        let (principal, actor) = files::acting(site, base)?;
        let (mut tasks, profiles) = named_tasks(base, &request.tasks)?;
        let begun = open(site, base)?;
        let session = match begun.clone() {
            Some(open) => {
                refuse_somebody_else(&open, &principal)?;
                if request.profile.as_ref().is_some_and(|named| *named != open.profile.as_str()) {
                    return Err(EngineError::usage(
                        format!("the open session belongs to profile `{}`", open.profile),
                        "leave `--profile` out",
                    ));
                }
                open
            }
            None if tasks.is_empty() => return Err(nothing_open()),
            None => {
                let hints: Vec<&ProfileName> = profiles.iter().collect();
                let profile = base.home(request.profile.as_deref(), &hints, &actor)?;
                let (id, started) = (fresh.clone(), ended.clone());
                Open {
                    id,
                    profile,
                    actor: principal.clone(),
                    started,
                    tasks: Vec::new(),
                    head: None,
                    bundles: Vec::new(),
                }
            }
        };
        refuse_foreign(&tasks, &profiles, &session.profile)?;
        tasks.extend(session.tasks.iter().cloned());
        tasks.sort_unstable();
        tasks.dedup();
        let work = work(site, base, &session, &tasks)?;
        let learnings = learnings(site, base, &session, &tasks, &request.learnings)?;
        refuse_empty(request, &learnings)?;
        let suggestions = suggest::at(site, base, begun.as_ref(), Moment::End)?;
        let shown: Vec<String> = suggestions.iter().map(Suggestion::line).collect();
        let is_begun = begun.is_some();
        let (window, times) = (request.sources.window, (is_begun.then_some(&session.started), &ended));
        let mut measured = measured_of(base, &reading, window, &session, times, work.iter().map(|work| &work.task))?;
        measured.collapses.extend(measured.red_at_end(&ended));
        let record = Session {
            v: 1,
            project: base.policy.format.project.clone(),
            id: session.id.clone(),
            profile: session.profile.clone(),
            actor: session.actor.clone(),
            started: session.started.clone(),
            ended: ended.clone(),
            summary: one_line(&request.summary),
            work: work.into_iter().collect(),
            learnings,
            bundles: session.bundles.clone(),
            usage: if measured.is_measured() { "measured" } else { "unmeasured" }.into(),
            measured: measured.facts,
            spent: measured.spent,
            peaks: measured.peaks,
            collapses: measured.collapses,
            suggestions: Suggestions { choice: chosen(&shown, request.choice)?, shown },
            improvements: request.improvements.iter().map(tidy).collect(),
        };
        record.validate()?;
        let improvements = record.improvements.iter().map(|improvement| ("an improvement", improvement.what.as_str()));
        home_folders::refuse([("the summary", record.summary.as_str())].into_iter().chain(improvements), site.env)?;
        let path = layout::session(&record.profile, &record.started.date(), &record.id);
        Ok(Draft {
            files: vec![(path, Some(record.print().into_bytes()))],
            message: message(&record, &actor),
            outcome: Ended { record, suggestions, notes: measured.notes },
        })
    })?;
    if done.commit.is_some() {
        // A session whose record is committed counts as ended, whatever lies about.
        let _ = open_session::clear(site.repo.git_dir());
    }
    Ok(done)
}

/// What `session` took until now, or until it ends.
fn measured_of<'t>(
    base: &Base<'_>,
    reading: &Reading,
    window: Option<u64>,
    session: &Open,
    times: (Option<&Timestamp>, &Timestamp),
    tasks: impl IntoIterator<Item = &'t TaskId>,
) -> Result<Measured, EngineError> {
    let profile = base.profile(session.profile.as_str())?;
    let windows = Windows { named: window, config: base.policy.config.window };
    Ok(measure(reading, windows, times, &Phases::of(base, tasks)?, profile))
}

fn message(record: &Session, actor: &crate::model::policy::Actor) -> String {
    let mut trailers = vec![format!("Agentops-Session: {}", record.id)];
    let tasks: BTreeSet<&TaskId> = record.work.iter().map(|work| &work.task).collect();
    trailers.extend(tasks.into_iter().map(|task| format!("Agentops-Task: {task}")));
    trailers.extend(compose::assisted_by(&record.actor, actor));
    let subject = compose::subject(&record.profile, &format!("end a session of {}", record.actor));
    compose::plain_message(&subject, &record.summary, &trailers)
}

fn tidy(improvement: &Improvement) -> Improvement {
    Improvement { what: one_line(&improvement.what), ..improvement.clone() }
}

fn nothing_open() -> EngineError {
    EngineError::refused(
        "no session is open in this worktree",
        "name the tasks that were worked on: agentops session end --task ID …   or begin one: agentops session start",
    )
}

/// A record speaks for its actor; nobody else writes it.
fn refuse_somebody_else(open: &Open, principal: &Principal) -> Result<(), EngineError> {
    if open.actor == *principal {
        return Ok(());
    }
    Err(EngineError::Conflict {
        message: format!("the open session is that of `{}`, and `{principal}` acts", open.actor),
        hint: format!(
            "end it in that name with `--actor {}`, or forget it: agentops session start --force",
            open.actor
        ),
    })
}

/// Laws 1 and 2 judge the record as well; this tells all that is missing at once, with what to type.
fn refuse_empty(request: &End, learnings: &[RecordId]) -> Result<(), EngineError> {
    let mut missing = Vec::new();
    let mut hints = Vec::new();
    if request.summary.trim().is_empty() {
        missing.push("a summary");
        hints.push("say what was done with `--summary \"…\"`");
    }
    if learnings.is_empty() {
        missing.push("a learning (AO-L1)");
        hints.push("record one first: agentops learn add --pattern \"…\"   or name one with `--learning ID`");
    }
    if request.improvements.is_empty() {
        missing.push("an improvement (AO-L2)");
        hints.push("propose one with `--improvement \"what to change\"`");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(EngineError::refused(format!("the session's record lacks {}", missing.join(", ")), hints.join("\n")))
}

fn chosen(shown: &[String], choice: Choice) -> Result<String, EngineError> {
    let Choice::Number(number) = choice else { return Ok("none".into()) };
    shown.get(number.wrapping_sub(1)).cloned().ok_or_else(|| {
        EngineError::usage(
            format!("there is no suggestion {number}: {} are shown", shown.len()),
            "`agentops session suggest` shows them with their numbers; `--choice none` chooses none",
        )
    })
}

fn until_now(site: &Site, base: &Base<'_>, open: &Open, sources: &Sources) -> Result<Measured, EngineError> {
    let reading = transcripts::read(site, sources, Some(&open.started))?;
    let worked = work(site, base, open, &open.tasks)?;
    let times = (Some(&open.started), &site.clock.now());
    measured_of(base, &reading, sources.window, open, times, worked.iter().map(|work| &work.task))
}

/// How full the context of the open session is. Fails where that is not known, and with [`EngineError::Budget`] where it is
/// above the second limit of its phase: what was not measured passes no check.
pub fn check(site: &Site, sources: &Sources) -> Result<Measured, EngineError> {
    let base = site.base()?;
    let open = open(site, &base)?.ok_or_else(nothing_open)?;
    let measured = until_now(site, &base, &open, sources)?;
    measured.refuse_red()?;
    Ok(measured)
}

/// A session as it is shown.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Under way in this worktree, and what it took until now.
    Open(Open, Box<Measured>),
    /// Ended: the record and its path.
    Ended(Box<Session>, String),
}

/// One session by the beginning of its id; without one the open session, or else the newest record. Fails where transcripts are
/// named and it is not open: its record tells what it took.
pub fn show(site: &Site, prefix: Option<&str>, sources: &Sources) -> Result<Shown, EngineError> {
    let base = site.base()?;
    let open = open(site, &base)?;
    let is_meant = |open: &Open| prefix.is_none_or(|prefix| !prefix.is_empty() && open.id.as_str().starts_with(prefix));
    if let Some(open) = open.filter(is_meant) {
        let measured = until_now(site, &base, &open, sources)?;
        return Ok(Shown::Open(open, Box::new(measured)));
    }
    if let Some(path) = sources.named.first() {
        let which = prefix.map_or("no session".into(), |id| format!("session `{id}`"));
        let verb = if prefix.is_some() { "is not" } else { "is" };
        return Err(EngineError::refused(
            format!("{which} {verb} open in this worktree, so `{}` was not read", visible(&path.to_string_lossy())),
            "leave `--transcript` out to see what was recorded, or record what it holds: agentops session end --task ID \
             --transcript FILE --summary \"…\" --improvement \"…\"",
        ));
    }
    let newest = match prefix {
        Some(prefix) => prefix.to_owned(),
        None => match filed::list::<Session>(&base, None)?.first() {
            Some(file) => file.id.to_string(),
            None => {
                return Err(EngineError::refused(
                    "no session is open here, and none has been recorded",
                    "begin one: agentops session start",
                ));
            }
        },
    };
    let (file, record) = filed::find::<Session>(&base, &newest)?;
    Ok(Shown::Ended(Box::new(record), file.path.to_string()))
}

/// The session records at HEAD, newest first, and the open session where there is one.
pub fn list(
    site: &Site,
    profile: Option<&str>,
    limit: Option<usize>,
) -> Result<(Option<Open>, Vec<Session>), EngineError> {
    let base = site.base()?;
    let profile = profile.map(|name| base.profile(name)).transpose()?.map(|profile| &profile.name);
    let open = open(site, &base)?.filter(|open| profile.is_none_or(|profile| *profile == open.profile));
    let mut sessions = Vec::new();
    for file in filed::list::<Session>(&base, profile)? {
        if limit.is_some_and(|limit| sessions.len() >= limit) {
            break;
        }
        sessions.extend(file.open(&base)?);
    }
    Ok((open, sessions))
}
