//! Phases: where a task stands, and the transitions that need no gate.

use super::effects::Effects;
use super::gate::{self, RiskMet};
use super::{given, task};
use crate::config;
use crate::engine::error::EngineError;
use crate::engine::knowledge::bundles::shelf::Shelved;
use crate::engine::knowledge::offer::Offer;
use crate::engine::site::{Base, Site, near};
use crate::engine::writing::compose;
use crate::engine::writing::seal::{Author, transact_sealed};
use crate::engine::writing::transact::{Committed, Draft, Target};
use crate::model::canonical::Canonical as _;
use crate::model::digest::Digest;
use crate::model::event::{Event, EventKind, EventName, Evidence, Run};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::name::{PhaseName, ProfileName, TaskId, Word};
use crate::model::path::RepoPath;
use crate::model::policy::{APPROVED_ONCE_SINCE, Actor, ActorKind};
use crate::model::profile::{ArtifactKind, ArtifactSpec, Phase, Profile, VoteKind};
use crate::model::state::{Stage, Status, TaskState};
use crate::model::tree::TreeView as _;
use crate::model::trust::Proved;
use crate::model::vote::Vote;
use crate::workflow::chain::{Chain, Link, Standing, position};
use crate::workflow::gate::read_votes;
use crate::workflow::risk::Gate;
use crate::workflow::transition;

/// Where a task stands, and what is next.
#[derive(Debug, Clone)]
pub struct PhaseStatus {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// Its state; for a forked task that of its first head.
    pub state: TaskState,
    /// The digests of the heads where the task is forked.
    pub fork: Vec<Digest>,
    /// What it waits for, a clause each: votes, a predecessor.
    pub waiting_for: Vec<String>,
    /// Evidence whose bytes changed since the submit: votes on it lapse.
    pub lapsed: Vec<String>,
    /// The classes of risk that tighten the gate of an open task's phase, as far as HEAD tells.
    pub classes: Vec<RiskMet>,
    /// The phase's documents: path and whether who asks cannot leave the phase without it.
    pub documents: Vec<(String, bool)>,
    /// Commands that make sense now.
    pub next: Vec<String>,
    /// Evidence of passed phases that is no longer what was approved.
    pub stale: Vec<String>,
}

/// Where the task stands at HEAD.
pub fn status(site: &Site, prefix: &str) -> Result<PhaseStatus, EngineError> {
    let base = site.base()?;
    let chain = base.task(prefix)?;
    status_of(site, &base, &chain)
}

/// Where every open task stands at HEAD, urgent ones first.
pub fn status_all(site: &Site) -> Result<Vec<PhaseStatus>, EngineError> {
    let base = site.base()?;
    task::list_at(&base, &task::Filter::default())?
        .into_iter()
        .map(|listed| status_of(site, &base, &Chain::read(&base.tree, &listed.profile, &listed.task)?))
        .collect()
}

pub(crate) fn status_of(site: &Site, base: &Base<'_>, chain: &Chain) -> Result<PhaseStatus, EngineError> {
    let id = &chain.task;
    let rules = base.rules(chain)?;
    let heads = chain.heads();
    let Some(first) = heads.first() else {
        return Err(EngineError::NotFound {
            what: "task",
            name: id.to_string(),
            hint: near(id.as_str(), std::iter::empty()),
        });
    };
    let state = first.event.state.clone();
    let mut status = PhaseStatus {
        task: id.clone(),
        profile: chain.profile.clone(),
        fork: if heads.len() > 1 { heads.iter().map(|head| head.digest).collect() } else { Vec::new() },
        waiting_for: Vec::new(),
        lapsed: Vec::new(),
        classes: Vec::new(),
        documents: Vec::new(),
        next: Vec::new(),
        stale: Vec::new(),
        state: state.clone(),
    };
    if !status.fork.is_empty() {
        status.waiting_for.push("the fork to be resolved".into());
        status.next = vec![format!("agentops phase log {id}"), format!("agentops phase resolve {id} --reason \"…\"")];
        return Ok(status);
    }
    if let Some((_, phase)) = rules.phase(&state.phase) {
        if state.status.is_open() {
            status.classes = RiskMet::of(&Gate::resolve(&base.policy, rules, phase, chain, base.view())?);
        }
        let actor = acting(site, base);
        for spec in phase.artifacts.iter().filter(|spec| spec.template.is_some()) {
            let is_wanted = is_wanted(base, phase, spec, actor);
            status.documents.push((spec.path_for(&rules.name, id, &state), is_wanted));
        }
    }
    for earlier in &state.after {
        if state.status.is_open() && !base.is_done(earlier)? {
            status.waiting_for.push(format!("`{earlier}` to be done"));
        }
    }
    match state.status {
        Status::Working if status.waiting_for.is_empty() => status.next.push(format!("agentops phase next {id}")),
        Status::Working => {
            status.next.extend(state.after.iter().map(|earlier| format!("agentops phase status {earlier}")))
        }
        Status::Waiting => {
            if let Some(gate) = gate::waiting(base, chain)? {
                status.lapsed = gate.lapsed.clone();
                let rejects = gate::reject_reasons(base, chain)?;
                if !gate.tally.rejects.is_empty() {
                    status
                        .waiting_for
                        .extend(rejects.into_iter().map(|reason| format!("rework after a reject by {reason}")));
                    status.next.push(format!("agentops phase rework {id} --reason \"…\""));
                } else if !gate.lapsed.is_empty() {
                    status.waiting_for.push("a new submit: the evidence changed".into());
                    status.next.push(format!("agentops phase rework {id} --reason \"…\""));
                } else if gate.tally.is_satisfied() {
                    status.next.push(format!("agentops phase next {id}"));
                } else {
                    let missing = u64::from(gate.tally.wanted) - gate.tally.approvals.len() as u64;
                    status.waiting_for.push(format!("{missing} {} by a human ({})", gate.vote.as_str(), gate.title));
                    status.next.push(format!("agentops gate approve {id}"));
                    status.next.push(format!("agentops gate reject {id} --reason \"…\""));
                }
            }
        }
        Status::Done | Status::Abandoned => {
            status.next.push(format!("agentops phase rewind {id} --to {} --reason \"…\"", rules.phases[0].name))
        }
    }
    let live = chain.live(rules);
    for link in chain
        .links
        .iter()
        .filter(|link| live.contains(&link.digest) && Some(link.digest) != chain.head().map(|head| head.digest))
    {
        for path in gate::lapsed(base, link)? {
            status.stale.push(format!("`{path}` is no longer what left phase `{}`", link.event.state.phase));
        }
    }
    Ok(status)
}

/// A transition that was made.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// Which transition.
    pub kind: EventKind,
    /// The state before.
    pub from: TaskState,
    /// The state after.
    pub to: TaskState,
    /// Number of the event in the chain.
    pub seq: u32,
    /// The key that signed the event; `None` where its actor is a claim.
    pub key: Option<Proved>,
    /// Documents of the phase it moved to that were laid out in the working tree, uncommitted.
    pub laid_out: Vec<RepoPath>,
    /// What others found out that may serve, where research begins; the event keeps what it was.
    pub offer: Offer,
    /// What a rewind leaves as it is; nothing otherwise.
    pub effects: Effects,
    /// Where a rewind leads to work on an approval that was delivered or given up: that it is not carried again, and what is.
    pub delivered: Option<String>,
    /// The bundle of the phase that was left, where the config asks for one.
    pub bundle: Option<Box<Shelved>>,
    /// Where the config asks for a bundle of the phase that was left, and none could be made: why, and how it is made by hand.
    pub without_bundle: Option<String>,
}

/// What goes into an event besides what follows from the chain.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) reason: String,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) runs: Vec<Run>,
    pub(crate) note: Vec<(Word, String)>,
}

/// The event of `kind` that follows the chain's heads, its file, and what to say of it.
pub(crate) fn compose_event(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    kind: EventKind,
    to: Option<&PhaseName>,
    author: Author<'_>,
    contents: Contents,
) -> Result<Draft<Moved>, EngineError> {
    let rules = base.rules(chain)?;
    // Whoever submits has found that the gate wants a vote; AO-E4 looks again.
    let (prev, seq, state) = transition::draft(chain, kind, to, rules, kind == EventKind::Submit)?;
    let offer = Offer::of(site, base, &state)?;
    let from = chain.heads().first().map_or_else(|| state.clone(), |head| head.event.state.clone());
    let mut event = Event {
        v: 1,
        project: base.policy.format.project.clone(),
        task: chain.task.clone(),
        seq,
        kind,
        prev,
        actor: author.principal.clone(),
        at: author.at.clone(),
        reason: contents.reason.trim().to_owned(),
        evidence: contents.evidence,
        base: base.tree_id,
        runs: contents.runs,
        note: contents.note.into_iter().chain(offer.notes()?).chain(given::note(site, base, chain)?).collect(),
        state: state.clone(),
        signature: None,
    };
    event.validate()?;
    let key = author.seal.close(&base.policy, &mut event)?;
    let path = layout::event(&chain.profile, &chain.task, &EventName::of(&event));
    let what = match (kind, state.status) {
        (EventKind::Advance, Status::Done) => format!("finish {}", chain.task),
        (EventKind::Advance, _) => format!("advance {} to {}", chain.task, state.phase),
        (EventKind::Rewind, _) => format!("rewind {} to {}", chain.task, state.phase),
        (EventKind::Submit, _) => format!("submit {} ({})", chain.task, state.phase),
        _ => format!("{kind} {}", chain.task),
    };
    Ok(Draft {
        files: vec![(path, Some(event.print().into_bytes()))],
        message: compose::event_message(&chain.profile, &event, &what, author.actor),
        outcome: Moved {
            task: chain.task.clone(),
            profile: chain.profile.clone(),
            kind,
            from,
            to: state,
            seq,
            key,
            laid_out: Vec::new(),
            offer,
            effects: Effects::default(),
            delivered: None,
            bundle: None,
            without_bundle: None,
        },
    })
}

/// What a rewind to the phase at `place` must be told where AO-G1 will refuse what comes of it. Whether the task landed as
/// done or abandoned, only a landing can tell: so this is a warning.
fn delivered(base: &Base<'_>, chain: &Chain, rules: &Profile, place: usize) -> Result<Option<String>, EngineError> {
    let Some(approval) = chain.approval(rules) else { return Ok(None) };
    let Some(end) = chain.ended_after(&approval.digest) else { return Ok(None) };
    let is_judged = base.policy.format.laws >= APPROVED_ONCE_SINCE;
    if !is_judged || place <= position(rules, &approval.event.state) {
        return Ok(None);
    }
    // The gates on the way through the implement stage: a vote at one of them is a new approval.
    let way: Vec<&Phase> = rules.phases[place..].iter().take_while(|phase| phase.stage <= Stage::Implement).collect();
    for phase in &way {
        if Gate::resolve(&base.policy, rules, phase, chain, base.view())?.vote != VoteKind::None {
            return Ok(None);
        }
    }
    if way.is_empty() {
        return Ok(None);
    }
    let (id, to) = (&chain.task, &approval.event.state.phase);
    let ended = if end.event.state.status == Status::Abandoned { "abandoned" } else { "done" };
    Ok(Some(format!(
        "the approval of event {:04} carried `{id}` until it was {ended}; where that has landed, AO-G1 refuses more on it: \
         agentops phase rewind {id} --to {to} --reason \"…\"",
        approval.event.seq
    )))
}

/// Makes a transition that needs no gate: rework, rewind, abandon or resolve.
pub fn step(
    site: &Site,
    target: &Target,
    prefix: &str,
    kind: EventKind,
    to: Option<&str>,
    reason: &str,
) -> Result<Committed<Moved>, EngineError> {
    let at = site.clock.now();
    let mut moved = transact_sealed(site, target, |base, seal| {
        let chain = base.task(prefix)?;
        let rules = base.rules(&chain)?;
        let phase = to.map(|name| known_phase(rules, name)).transpose()?;
        match (kind, chain.standing()) {
            (EventKind::Resolve, Standing::At(_)) => {
                return Err(EngineError::refused(
                    format!("`{}` is not forked: there is nothing to resolve", chain.task),
                    format!("agentops phase status {}", chain.task),
                ));
            }
            (EventKind::Resolve, _) => {}
            _ => refuse_fork(&chain)?,
        }
        let author = Author::of(site, base, &at, seal)?;
        let contents = Contents { reason: reason.to_owned(), ..Contents::default() };
        let mut draft = compose_event(site, base, &chain, kind, phase.as_ref(), author, contents)?;
        if let (EventKind::Rewind, Some(phase)) = (kind, &phase) {
            draft.outcome.effects = Effects::of_rewind(site, base, &chain, rules, phase)?;
            if let Some((place, _)) = rules.phase(phase) {
                draft.outcome.delivered = delivered(base, &chain, rules, place)?;
            }
        }
        Ok(draft)
    })?;
    if moved.commit.is_some() && moved.outcome.to.status == Status::Working {
        let laid_out = lay_out_anew(site, &moved.outcome.task);
        moved.outcome.laid_out = moved.afterwards(laid_out, NOT_LAID_OUT, LAY_OUT).unwrap_or_default();
    }
    Ok(moved)
}

fn known_phase(rules: &Profile, name: &str) -> Result<PhaseName, EngineError> {
    let known = || rules.phases.iter().map(|phase| phase.name.as_str());
    let found = PhaseName::parse(name).ok().filter(|name| rules.phase(name).is_some());
    found.ok_or_else(|| EngineError::NotFound { what: "phase", name: name.to_owned(), hint: near(name, known()) })
}

pub(crate) fn refuse_fork(chain: &Chain) -> Result<(), EngineError> {
    match chain.standing() {
        Standing::Forked(heads) => Err(EngineError::Conflict {
            message: format!("`{}` is forked: {} events claim to be its last", chain.task, heads.len()),
            hint: format!(
                "agentops phase log {id}  shows both sides, then: agentops phase resolve {id} --reason \"…\"",
                id = chain.task
            ),
        }),
        _ => Ok(()),
    }
}

/// The task's events with their votes, the heads last. For `phase log`.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// Its events by `seq`.
    pub events: Vec<Entry>,
}

/// One event of a log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The event with its digest.
    pub link: Link,
    /// Whether nothing later supersedes it.
    pub live: bool,
    /// Whether no event follows it.
    pub head: bool,
    /// The votes on it, well-formed ones only, by voter.
    pub votes: Vec<Vote>,
}

/// The history of a task at HEAD.
pub fn log(site: &Site, prefix: &str) -> Result<Logged, EngineError> {
    let base = site.base()?;
    let chain = base.task(prefix)?;
    let live = chain.live(base.rules(&chain)?);
    let heads: Vec<Digest> = chain.heads().iter().map(|head| head.digest).collect();
    let mut events = Vec::with_capacity(chain.links.len());
    for link in &chain.links {
        let votes = match link.event.kind {
            EventKind::Submit => read_votes(base.view(), &chain.profile, link)?,
            _ => Vec::new(),
        };
        events.push(Entry {
            live: live.contains(&link.digest),
            head: heads.contains(&link.digest),
            votes: votes.into_iter().filter_map(|file| file.content.ok()).collect(),
            link: link.clone(),
        });
    }
    Ok(Logged { task: chain.task.clone(), profile: chain.profile.clone(), events })
}

/// What is told where documents could not be laid out after a commit, and what does it later.
pub(crate) const NOT_LAID_OUT: &str = "its documents are not laid out";
/// The remedy for [`NOT_LAID_OUT`].
pub(crate) const LAY_OUT: &str = "mend that; `agentops phase next` lays out what is missing";

/// As [`lay_out`], for a task as it stands after a commit.
pub(crate) fn lay_out_anew(site: &Site, task: &TaskId) -> Result<Vec<RepoPath>, EngineError> {
    let base = site.base()?;
    lay_out(site, &base, &base.task(task.as_str())?)
}

/// Lays the current phase's documents out in the working tree, from their templates, where nothing is there yet. They
/// stay uncommitted: `phase next` commits them when they are filled in. Returns the paths written.
pub(crate) fn lay_out(site: &Site, base: &Base<'_>, chain: &Chain) -> Result<Vec<RepoPath>, EngineError> {
    if site.repo.is_bare() {
        return Ok(Vec::new());
    }
    let worktree = site.repo.worktree_view()?;
    let Standing::At(state) = chain.standing() else { return Ok(Vec::new()) };
    let rules = base.rules(chain)?;
    let Some((_, phase)) = rules.phase(&state.phase) else { return Ok(Vec::new()) };
    let actor = acting(site, base);
    let mut written = Vec::new();
    for spec in phase.artifacts.iter().filter(|spec| is_wanted(base, phase, spec, actor)) {
        let Some(name) = &spec.template else { continue };
        let path = RepoPath::from(spec.path_for(&rules.name, &chain.task, &state));
        if worktree.entry(&path)?.is_some() {
            continue;
        }
        let Some((_, bytes)) = config::template(base.view(), &rules.name, name)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        site.repo.write_worktree_file(&path, fill(&text, &rules.name, &chain.task, &state).as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// Who asks, where that is clear.
fn acting<'a>(site: &Site, base: &'a Base<'_>) -> Option<&'a Actor> {
    site.actor(&base.policy).ok().map(|(_, actor)| actor)
}

/// Whether `actor` cannot leave `phase` without the artifact: the profile requires it, or AO-P9 wants it of agents.
pub(crate) fn is_wanted(base: &Base<'_>, phase: &Phase, spec: &ArtifactSpec, actor: Option<&Actor>) -> bool {
    let is_agent = actor.is_some_and(|actor| actor.kind == ActorKind::Agent);
    let promises = || spec.kind == ArtifactKind::Deliverables && is_agent && base.policy.asks(phase, LawId::P9);
    spec.required || promises()
}

fn fill(template: &str, profile: &ProfileName, task: &TaskId, state: &TaskState) -> String {
    // The same placeholders, in the same order, as the check that compares a document with its template.
    [
        ("{title}", state.title.as_str()),
        ("{task}", task.as_str()),
        ("{opened}", state.opened.as_str()),
        ("{profile}", profile.as_str()),
        ("{phase}", state.phase.as_str()),
    ]
    .into_iter()
    .fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
}
