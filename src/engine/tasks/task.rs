//! Tasks: opening, listing, showing.

use super::phase::{self, PhaseStatus};
use crate::engine::error::EngineError;
use crate::engine::knowledge::offer::Offer;
use crate::engine::site::{Base, Site};
use crate::engine::writing::compose;
use crate::engine::writing::seal::transact_sealed;
use crate::engine::writing::transact::{Committed, Draft, Target};
use crate::model::canonical::Canonical as _;
use crate::model::event::{Event, EventKind, EventName};
use crate::model::layout;
use crate::model::name::{ProfileName, TaskId, Word};
use crate::model::path::RepoPath;
use crate::model::state::{Priority, Stage, Status, TaskState};
use crate::model::tree::{SightError, TreeView};
use crate::model::trust::Proved;
use crate::workflow::chain::{self, Chain, Standing};
use crate::workflow::transition;

/// What `task new` is told.
#[derive(Debug, Clone, Default)]
pub struct NewTask {
    /// One line.
    pub title: String,
    /// The profile; may be left out where there is only one.
    pub profile: Option<String>,
    /// Tasks, or prefixes, that must be done first.
    pub after: Vec<String>,
    /// Free words.
    pub labels: Vec<String>,
    /// How soon.
    pub priority: Priority,
    /// Further facts for the event, e.g. a routing decision.
    pub note: Vec<(String, String)>,
}

/// A task that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its id.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// Its first state.
    pub state: TaskState,
    /// The key that signed the event; `None` where its actor is a claim.
    pub key: Option<Proved>,
    /// The documents its first phase wants.
    pub documents: Vec<String>,
    /// Those of them that were laid out in the working tree, uncommitted.
    pub laid_out: Vec<RepoPath>,
    /// What others found out that may serve; the event keeps what it was.
    pub offer: Offer,
    /// The open tasks of the profile that have this very title.
    pub same_title: Vec<TaskId>,
}

/// Opens a task: one commit with its first event. The first phase's documents are laid out in the working tree from
/// their templates, uncommitted, where nothing is in the way.
pub fn open(site: &Site, target: &Target, request: &NewTask) -> Result<Committed<Opened>, EngineError> {
    let entropy = site.clock.random_u32();
    let at = site.clock.now();
    let mut committed = transact_sealed(site, target, |base, seal| {
        let profile = match &request.profile {
            Some(name) => base.profile(name)?,
            None => only_profile(base)?,
        };
        let (principal, actor) = site.actor(&base.policy)?;
        let mut after = request
            .after
            .iter()
            .map(|prefix| Ok(base.task(prefix)?.task))
            .collect::<Result<Vec<TaskId>, EngineError>>()?;
        after.sort_unstable();
        after.dedup();
        let mut labels = request.labels.iter().map(|text| label(text)).collect::<Result<Vec<Word>, _>>()?;
        labels.sort_unstable();
        labels.dedup();
        let task = unused_id(base, &request.title, entropy)?;
        let first = &profile.phases[0];
        let description = TaskState {
            phase: first.name.clone(),
            stage: first.stage,
            status: Status::Working,
            attempt: 1,
            opened: at.date(),
            title: request.title.trim().to_owned(),
            priority: request.priority,
            labels,
            after,
        };
        let state = transition::opened(profile, description)?;
        let offer = Offer::of(site, base, &state)?;
        let same_title = of_title(base, &profile.name, &state.title)?;
        let note = request
            .note
            .iter()
            .map(|(key, value)| Ok((Word::parse(key)?, value.clone())))
            .chain(offer.notes()?.into_iter().map(Ok))
            .collect::<Result<_, EngineError>>()?;
        let mut event = Event {
            v: 1,
            project: base.policy.format.project.clone(),
            task: task.clone(),
            seq: 1,
            kind: EventKind::Open,
            prev: Vec::new(),
            actor: principal.clone(),
            at: at.clone(),
            reason: String::new(),
            evidence: Vec::new(),
            base: base.tree_id,
            runs: Vec::new(),
            note,
            state: state.clone(),
            signature: None,
        };
        event.validate()?;
        let key = seal.close(&base.policy, &mut event)?;
        let path = layout::event(&profile.name, &task, &EventName::of(&event));
        let documents = first.artifacts.iter().filter(|spec| spec.template.is_some() && spec.required);
        let documents = documents.map(|spec| spec.path_for(&profile.name, &task, &state)).collect();
        Ok(Draft {
            files: vec![(path, Some(event.print().into_bytes()))],
            message: compose::event_message(&profile.name, &event, &format!("open {task}"), actor),
            outcome: Opened {
                task,
                profile: profile.name.clone(),
                state,
                key,
                documents,
                laid_out: Vec::new(),
                offer,
                same_title,
            },
        })
    })?;
    if committed.commit.is_some() {
        let laid_out = phase::lay_out_anew(site, &committed.outcome.task);
        committed.outcome.laid_out =
            committed.afterwards(laid_out, phase::NOT_LAID_OUT, phase::LAY_OUT).unwrap_or_default();
    }
    Ok(committed)
}

fn only_profile<'a>(base: &'a Base<'_>) -> Result<&'a crate::model::profile::Profile, EngineError> {
    let names: Vec<&str> = base.policy.profiles.keys().map(ProfileName::as_str).collect();
    match base.policy.profiles.values().next() {
        Some(profile) if names.len() == 1 => Ok(profile),
        _ => Err(EngineError::usage(
            "which profile? the task's lifecycle depends on it",
            format!("name one with `--profile`: {}", names.join(", ")),
        )),
    }
}

fn label(text: &str) -> Result<Word, EngineError> {
    Word::parse(text)
        .map_err(|error| EngineError::usage(format!("the label {error}"), "write it like `--label sign-in`"))
}

/// An id that no task has in any profile.
fn unused_id(base: &Base<'_>, title: &str, entropy: u32) -> Result<TaskId, EngineError> {
    for offset in 0..64 {
        let id = TaskId::from_title(title, entropy.wrapping_add(offset * 7919));
        let mut taken = false;
        for profile in base.policy.profiles.keys() {
            taken |= base.view().entry(&layout::task_events(profile, &id))?.is_some();
        }
        if !taken {
            return Ok(id);
        }
    }
    Err(EngineError::refused("no free task id was found", "try again, or use another title"))
}

/// Whether two titles are the same but for capitals and the blanks around them.
pub(super) fn is_same_title(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// The open tasks of a profile that have the very title, by id. The same title makes the same id but for its last digits, so no
/// other task is opened to look.
fn of_title(base: &Base<'_>, profile: &ProfileName, title: &str) -> Result<Vec<TaskId>, EngineError> {
    let slug = |id: &TaskId| id.as_str().rsplit_once('-').map(|(slug, _)| slug.to_owned());
    let wanted = slug(&TaskId::from_title(title, 0));
    let mut same = Vec::new();
    for task in chain::tasks(&base.tree, profile)?.into_iter().filter(|task| slug(task) == wanted) {
        let listed = listed_task(&base.tree, profile, &task, &Filter::default())?;
        if listed.and_then(|listed| listed.state).is_some_and(|state| is_same_title(&state.title, title)) {
            same.push(task);
        }
    }
    Ok(same)
}

/// One line of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// Its state; `None` where it is forked.
    pub state: Option<TaskState>,
}

/// What `task list` shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this profile.
    pub profile: Option<String>,
    /// Done and abandoned tasks too.
    pub all: bool,
    /// Only tasks with this label.
    pub label: Option<String>,
}

/// The tasks at HEAD, urgent ones first, then by id.
pub fn list(site: &Site, filter: &Filter) -> Result<Vec<Listed>, EngineError> {
    list_at(&site.base()?, filter)
}

pub(crate) fn list_at(base: &Base<'_>, filter: &Filter) -> Result<Vec<Listed>, EngineError> {
    if let Some(name) = &filter.profile {
        base.profile(name)?;
    }
    let mut tasks = Vec::new();
    for profile in
        base.policy.profiles.keys().filter(|name| filter.profile.as_ref().is_none_or(|only| only == name.as_str()))
    {
        tasks.extend(chain::tasks(&base.tree, profile)?.into_iter().map(|task| (profile, task)));
    }
    let parts = base.tree.in_parts(&tasks, |tree, part| -> Result<Vec<Listed>, SightError> {
        let mut listed = Vec::new();
        for (profile, task) in part {
            listed.extend(listed_task(tree, profile, task, filter)?);
        }
        Ok(listed)
    });
    let mut listed = Vec::with_capacity(tasks.len());
    for part in parts {
        listed.extend(part?);
    }
    let urgency = |listed: &Listed| std::cmp::Reverse(listed.state.as_ref().map(|state| state.priority));
    listed.sort_by(|a, b| (urgency(a), &a.task).cmp(&(urgency(b), &b.task)));
    Ok(listed)
}

/// The line of one task; `None` where the filter does not want it.
fn listed_task(
    tree: &dyn TreeView,
    profile: &ProfileName,
    task: &TaskId,
    filter: &Filter,
) -> Result<Option<Listed>, SightError> {
    let state = match chain::standing_by_name(tree, profile, task)? {
        Some(name) if !filter.all && !name.status.is_open() => return Ok(None),
        Some(name) => Some(chain::state_by_name(tree, profile, task, &name)?),
        None => match Chain::read(tree, profile, task)?.standing() {
            Standing::At(state) => Some(state),
            Standing::Forked(_) => None,
            Standing::Absent => return Ok(None),
        },
    };
    let shown = state.as_ref().is_none_or(|state| {
        (filter.all || state.status.is_open())
            && filter.label.as_ref().is_none_or(|label| state.labels.iter().any(|own| own.as_str() == label))
    });
    Ok(shown.then(|| Listed { task: task.clone(), profile: profile.clone(), state }))
}

/// Everything about one task.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Where it stands.
    pub status: PhaseStatus,
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// The artifacts that exist at HEAD: stage and path.
    pub artifacts: Vec<(Stage, RepoPath)>,
}

/// One task with its events and artifacts.
pub fn show(site: &Site, prefix: &str) -> Result<Shown, EngineError> {
    let base = site.base()?;
    let chain = base.task(prefix)?;
    let status = phase::status_of(site, &base, &chain)?;
    let rules = base.rules(&chain)?;
    let mut artifacts = Vec::new();
    if let Some(first) = chain.links.first() {
        for phase in &rules.phases {
            for spec in &phase.artifacts {
                let path = RepoPath::from(spec.path_for(&rules.name, &chain.task, &first.event.state));
                if base.view().entry(&path)?.is_some() {
                    artifacts.push((phase.stage, path));
                }
            }
        }
    }
    Ok(Shown { status, events: chain.links.into_iter().map(|link| link.event).collect(), artifacts })
}
