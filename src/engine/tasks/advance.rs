//! `phase next`: the main verb. Checks the gate on the documents as they are in the working tree, and moves the task.

use super::commands::{self, Progress, Ran};
use super::coverage::CoverageReport;
use super::gate::{self, Approval};
use super::handover::{self, Bundled, Handover};
use super::manifest;
use super::phase::{self, Contents, Moved, PhaseStatus};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::writing::seal::{Author, Seal, transact_sealed};
use crate::engine::writing::transact::{Committed, Draft, FileEdit, Target, refuse_operation, transact};
use crate::git::{CommitTree, TreeEdit};
use crate::law::phase::required_commands;
use crate::model::coverage::{COVERAGE_NOTE, Lines};
use crate::model::digest::{Digest, ObjectId};
use crate::model::escape::shell_word;
use crate::model::event::{EventKind, Evidence};
use crate::model::law_id::LawId;
use crate::model::name::Word;
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::policy::Actor;
use crate::model::profile::{ArtifactKind, FourEyes, Phase, Profile, VoteKind};
use crate::model::state::{Stage, Status, TaskState};
use crate::model::time::Timestamp;
use crate::model::tree::{MAX_TEXT_FILE, Mode, TreeView as _};
use crate::workflow::artifact::live_plan;
use crate::workflow::chain::{Chain, Standing};
use crate::workflow::delivery;
use crate::workflow::risk::Gate;

/// What `phase next` did.
#[derive(Debug)]
pub enum Next {
    /// The task moved: submitted, advanced or finished.
    Moved(Box<Committed<Moved>>, Vec<Ran>),
    /// It is done already; nothing was committed.
    AlreadyDone(Box<PhaseStatus>),
}

/// Commands that ran before the transaction, and the tree they ran on.
struct Runs {
    tree: ObjectId,
    ran: Vec<Ran>,
    /// What the report that was promised shows, if all commands succeeded.
    coverage: Option<Lines>,
}

/// Takes the task one step further, in one commit of exactly its artifacts and the event.
///
/// A gate that wants votes is submitted to; a gate that has them is passed; a gate of checks alone is passed at once.
/// Commands run before it, once all else is in order; `watch` is told of them, because a refusal does not carry their
/// output.
/// Errors: `Law` where a check fails, `Waiting` where a human's vote is missing, `Conflict` on a fork.
pub fn next(
    site: &Site,
    target: &Target,
    prefix: &str,
    watch: &mut dyn FnMut(Progress<'_>),
) -> Result<Next, EngineError> {
    refuse_operation(site)?;
    let base = site.base()?;
    let chain = base.task(prefix)?;
    phase::refuse_fork(&chain)?;
    let Standing::At(state) = chain.standing() else {
        return Err(EngineError::NotFound {
            what: "task",
            name: prefix.to_owned(),
            hint: "agentops task list --all".into(),
        });
    };
    if state.status == Status::Done {
        return Ok(Next::AlreadyDone(Box::new(phase::status_of(site, &base, &chain)?)));
    }
    let at = site.clock.now();
    // Commands may run for minutes: they run before any lock is taken, and count only for the tree they ran on.
    let runs = match state.status {
        Status::Working => run_commands(site, target, &base, &chain, &state, &at, watch)?,
        _ => None,
    };
    let handed = match state.status {
        Status::Working if handover::runs_a_command(&base) => {
            let phase = current_phase(base.rules(&chain)?, &chain, &state)?;
            let (_, actor) = site.actor(&base.policy)?;
            handover::ahead(site, &base, &chain, phase, &documents(site, &base, &chain, phase, &state, actor)?)?
        }
        _ => None,
    };
    let mut moved = transact_sealed(site, target, |base, seal| {
        let chain = base.task(prefix)?;
        phase::refuse_fork(&chain)?;
        let Standing::At(state) = chain.standing() else { unreachable!("a task that is there has a head or a fork") };
        if state.status.is_open() {
            refuse_predecessors(base, &chain, &state)?;
        }
        let author = Author::of(site, base, &at, seal)?;
        match state.status {
            Status::Working => {
                leave(site, base, &chain, &state, author, runs.as_ref(), Handover::Ahead(handed.as_ref()))
            }
            Status::Waiting => {
                check_votes(base, &chain, &at)?;
                phase::compose_event(site, base, &chain, EventKind::Advance, None, author, Contents::default())
            }
            Status::Done | Status::Abandoned => Err(EngineError::refused(
                format!("`{}` is {}", chain.task, state.status),
                format!(
                    "to take it up again: agentops phase rewind {} --to {} --reason \"…\"",
                    chain.task, state.phase
                ),
            )),
        }
    })?;
    if moved.commit.is_some() && moved.outcome.to.status == Status::Working {
        let laid_out = phase::lay_out_anew(site, &moved.outcome.task);
        moved.outcome.laid_out = moved.afterwards(laid_out, phase::NOT_LAID_OUT, phase::LAY_OUT).unwrap_or_default();
    }
    Ok(Next::Moved(Box::new(moved), runs.map(|runs| runs.ran).unwrap_or_default()))
}

fn refuse_predecessors(base: &Base<'_>, chain: &Chain, state: &TaskState) -> Result<(), EngineError> {
    for earlier in &state.after {
        if !base.is_done(earlier)? {
            return Err(EngineError::refused(
                format!("`{}` comes after `{earlier}`, which is not done", chain.task),
                format!("agentops phase status {earlier}"),
            ));
        }
    }
    Ok(())
}

fn check_votes(base: &Base<'_>, chain: &Chain, at: &Timestamp) -> Result<(), EngineError> {
    let id = &chain.task;
    let Some(gate) = gate::waiting(base, chain)? else {
        return Err(EngineError::refused(
            format!("`{id}` waits, but at no gate of its profile"),
            format!("agentops phase rework {id} --reason \"…\""),
        ));
    };
    let rework = format!("agentops phase rework {id} --reason \"…\"");
    if !gate.tally.rejects.is_empty() {
        let reasons = gate::reject_reasons(base, chain)?.join("; ");
        return Err(EngineError::refused(format!("`{id}` was rejected by {reasons}"), rework));
    }
    if !gate.lapsed.is_empty() {
        return Err(EngineError::refused(
            format!("what `{id}` submitted has changed since: {}", gate.lapsed.join(", ")),
            rework,
        ));
    }
    if gate.tally.is_satisfied_at(at) {
        return Ok(());
    }
    let outside = gate.tally.outside(at);
    if !outside.is_empty() && gate.tally.is_satisfied() {
        let again = format!("agentops gate approve {id}");
        let is_over = |approval: &Approval| approval.windows.iter().all(|window| window.is_over(at));
        return Err(EngineError::Waiting {
            message: format!("`{id}` was approved for another time than now, {at}: {}", outside.join(", ")),
            hint: match gate.tally.approvals.values().any(is_over) {
                true => format!("that time is over: a human approves it again: {again}"),
                false => format!("run it again then: agentops phase next {id}   or have it approved for now: {again}"),
            },
        });
    }
    let void: Vec<String> =
        gate.tally.void.iter().map(|(path, reason)| format!("; {path} counts for nothing: {reason}")).collect();
    Err(EngineError::Waiting {
        message: format!(
            "`{id}` waits at gate {} ({}): {} of {} votes{}",
            gate.number,
            gate.title,
            gate.tally.approved_at(at),
            gate.tally.wanted,
            outside.iter().map(|what| format!("; {what}")).chain(void).collect::<String>()
        ),
        hint: format!("a human runs: agentops gate approve {id}   or: agentops gate reject {id} --reason \"…\""),
    })
}

/// The commit that leaves a phase: the artifacts and the event.
fn leave(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    state: &TaskState,
    author: Author<'_>,
    runs: Option<&Runs>,
    handover: Handover<'_>,
) -> Result<Draft<Moved>, EngineError> {
    let rules = base.rules(chain)?;
    let phase = current_phase(rules, chain, state)?;
    let plan = plan_of(base, chain, rules, phase)?;
    if let Some(plan) = &plan {
        refuse_uncommitted(site, base, chain, plan)?;
    }
    let mut files: Vec<FileEdit> = Vec::new();
    let mut evidence = Vec::new();
    let documents = documents(site, base, chain, phase, state, author.actor)?;
    let bundle = handover::draft(site, base, chain, phase, &documents, &author, handover)?;
    for (path, bytes) in documents {
        evidence.push(Evidence { path: path.to_string(), sha256: Digest::of(&bytes) });
        files.push((path, Some(bytes)));
    }
    if let Some(spec) = phase.artifacts.iter().find(|spec| spec.kind == ArtifactKind::Manifest) {
        let path = RepoPath::from(spec.path_for(&rules.name, &chain.task, state));
        let bytes = manifest::of(site, base, chain, rules, plan.as_ref())?.print();
        evidence.push(Evidence { path: path.to_string(), sha256: Digest::of(&bytes) });
        files.push((path, Some(bytes)));
    }
    evidence.sort_by(|a, b| a.path.cmp(&b.path));
    let mut contents = Contents { evidence, ..Contents::default() };
    if let Some(runs) = runs {
        if runs.tree != base.tree_id {
            return Err(EngineError::Conflict {
                message: "HEAD moved while the commands ran: what they proved is about another tree".into(),
                hint: format!("run it again: agentops phase next {}", chain.task),
            });
        }
        contents.runs = runs.ran.iter().map(|ran| ran.run.clone()).collect();
        if let Some(lines) = runs.coverage {
            contents.note.push((Word::parse(COVERAGE_NOTE)?, lines.to_string()));
        }
        let dirty = if contents.runs.is_empty() { 0 } else { site.repo.modified_count()? };
        if dirty > 0 {
            contents.note.push((Word::parse("modified_files_during_runs")?, dirty.to_string()));
        }
    }
    let tree;
    let view = if base.policy.config.risks.is_empty() {
        base.view()
    } else {
        tree = with_documents(site, base, &files)?;
        &tree
    };
    let gate = Gate::resolve(&base.policy, rules, phase, chain, view)?;
    let kind = if gate.vote == VoteKind::None { EventKind::Advance } else { EventKind::Submit };
    if gate.four_eyes == FourEyes::Proved && kind == EventKind::Submit && author.seal.leaves_unsigned() {
        return Err(EngineError::refused(
            format!(
                "no vote on an unsigned submit of `{}` would count: that its voter did not do the work must be proved here",
                chain.task
            ),
            format!("sign it: agentops phase next {} --sign", chain.task),
        ));
    }
    let mut draft = phase::compose_event(site, base, chain, kind, None, author, contents)?;
    draft.files.extend(files);
    match bundle {
        Bundled::None => {}
        Bundled::Made(made) => {
            draft.files.push((made.path.clone(), Some(made.bundle.print().into_bytes())));
            draft.outcome.bundle = Some(made);
        }
        Bundled::LeftOut(told) => draft.outcome.without_bundle = Some(told),
    }
    Ok(draft)
}

/// HEAD's tree with the documents that are about to be committed: the plan among them says which paths are planned.
fn with_documents<'s>(site: &'s Site, base: &Base<'_>, files: &[FileEdit]) -> Result<CommitTree<'s>, EngineError> {
    let mut edits = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let entry = bytes.as_ref().map(|bytes| Ok::<_, EngineError>((Mode::File, site.repo.write_blob(bytes)?)));
        edits.push(TreeEdit { path: path.clone(), entry: entry.transpose()? });
    }
    Ok(site.repo.tree(&site.repo.edit_tree(Some(&base.tree_id), &edits)?))
}

/// Refuses before minutes are spent what no command can mend: who may not act, a document that is not filled in, a
/// learning that is missing. It is the step itself, without the runs and without writing.
fn rehearse(site: &Site, target: &Target, chain: &Chain, state: &TaskState, at: &Timestamp) -> Result<(), EngineError> {
    let dry = Target { dry_run: true, ..target.clone() };
    let rehearsed = transact(site, &dry, |base| {
        let seal = Seal::trial();
        let author = Author::of(site, base, at, &seal)?;
        leave(site, base, chain, state, author, None, Handover::Rehearsed)
    });
    match rehearsed {
        Err(EngineError::Law(mut report)) => {
            report.violations.retain(|violation| violation.law != LawId::P6);
            if report.passes() { Ok(()) } else { Err(EngineError::Law(report)) }
        }
        other => other.map(|_| ()),
    }
}

fn current_phase<'a>(rules: &'a Profile, chain: &Chain, state: &TaskState) -> Result<&'a Phase, EngineError> {
    rules.phase(&state.phase).map(|(_, phase)| phase).ok_or_else(|| {
        EngineError::refused(
            format!("profile `{}` has no phase `{}` any more", rules.name, state.phase),
            format!("agentops phase rewind {} --to {} --reason \"…\"", chain.task, rules.phases[0].name),
        )
    })
}

/// The plan that rules an implement phase.
fn plan_of(base: &Base<'_>, chain: &Chain, rules: &Profile, phase: &Phase) -> Result<Option<Plan>, EngineError> {
    if phase.stage != Stage::Implement {
        return Ok(None);
    }
    Ok(live_plan(base.view(), chain, rules)?.map(|(_, plan)| plan))
}

/// The phase's documents as they are in the working tree; each is read once, and no symbolic link is followed.
fn documents(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    phase: &Phase,
    state: &TaskState,
    actor: &Actor,
) -> Result<Vec<(RepoPath, Vec<u8>)>, EngineError> {
    let worktree = site.repo.worktree_view()?;
    let mut found = Vec::new();
    for spec in phase.artifacts.iter().filter(|spec| spec.kind != ArtifactKind::Manifest) {
        let path = RepoPath::from(spec.path_for(&chain.profile, &chain.task, state));
        let bytes = match worktree.entry(&path)? {
            Some(entry) if entry.mode.is_file() => worktree.file(&path, MAX_TEXT_FILE)?,
            Some(_) => return Err(EngineError::refused(format!("`{path}` is no plain file"), "replace it by a file")),
            None => None,
        };
        match bytes {
            Some(bytes) => found.push((path, bytes)),
            None if phase::is_wanted(base, phase, spec, Some(actor)) => {
                let laid_out = phase::lay_out(site, base, chain)?.contains(&path) && !site.repo.is_rehearsal();
                let what = if laid_out { "it has been laid out from its template: fill it in" } else { "write it" };
                return Err(EngineError::refused(
                    format!("phase `{}` wants `{path}`, which was not there", phase.name),
                    format!("{what}, then `agentops phase next {}`", chain.task),
                ));
            }
            None => {}
        }
    }
    Ok(found)
}

/// Planned files must be committed: a manifest speaks of what is in the tree.
fn refuse_uncommitted(site: &Site, base: &Base<'_>, chain: &Chain, plan: &Plan) -> Result<(), EngineError> {
    let planned: Vec<RepoPath> = plan.changes.iter().map(|change| change.path.clone()).collect();
    let mut uncommitted: Vec<RepoPath> = site.repo.path_status(&planned)?.into_iter().map(|(path, _)| path).collect();
    let ignored = ignored(site, base, &planned, &uncommitted)?;
    uncommitted.extend(ignored.iter().cloned());
    if uncommitted.is_empty() {
        return Ok(());
    }
    uncommitted.sort();
    uncommitted.dedup();
    let names: Vec<String> = uncommitted.iter().map(ToString::to_string).collect();
    let words: Vec<String> = names.iter().map(|name| shell_word(name)).collect();
    let (force, which) = if ignored.is_empty() {
        ("", String::new())
    } else {
        let names: Vec<String> = ignored.iter().map(ToString::to_string).collect();
        ("--force ", format!("; git ignores {}", names.join(", ")))
    };
    Err(EngineError::refused(
        format!("planned files of `{}` are not committed: {}{which}", chain.task, names.join(", ")),
        format!("commit them first: git add {force}{} && agentops commit --task {} …", words.join(" "), chain.task),
    ))
}

/// Planned files that lie in the working tree and neither in HEAD nor in what git's status lists: an ignore rule hides
/// them. Of a planned folder only what status lists counts, since build output lies there by right.
fn ignored(
    site: &Site,
    base: &Base<'_>,
    planned: &[RepoPath],
    listed: &[RepoPath],
) -> Result<Vec<RepoPath>, EngineError> {
    let worktree = site.repo.worktree_view()?;
    let mut found = Vec::new();
    for path in planned.iter().filter(|path| !listed.contains(path)) {
        if base.view().entry(path)?.is_none() && worktree.entry(path)?.is_some_and(|entry| entry.mode.is_file()) {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn run_commands(
    site: &Site,
    target: &Target,
    base: &Base<'_>,
    chain: &Chain,
    state: &TaskState,
    at: &Timestamp,
    watch: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<Runs>, EngineError> {
    let rules = base.rules(chain)?;
    let phase = current_phase(rules, chain, state)?;
    refuse_predecessors(base, chain, state)?;
    let plan = plan_of(base, chain, rules, phase)?;
    if let Some(plan) = &plan {
        refuse_uncommitted(site, base, chain, plan)?;
    }
    let writes_manifest = phase.artifacts.iter().any(|spec| spec.kind == ArtifactKind::Manifest);
    let changed = writes_manifest.then(|| manifest::of(site, base, chain, rules, plan.as_ref())).transpose()?;
    let asks = phase.stage == Stage::Implement && base.policy.asks(phase, LawId::P9);
    let promised = if asks { delivery::promised(base.view(), chain, rules)? } else { None };
    let promises = promised.as_ref().and_then(|promised| promised.deliverables.as_ref().ok());
    let required = required_commands(rules, phase, plan.as_ref(), promises, changed.as_ref())?;
    if required.is_empty() {
        return Ok(None);
    }
    rehearse(site, target, chain, state, at)?;
    let coverage = promises.and_then(|promises| promises.coverage.as_ref());
    let report = coverage.map(|wanted| CoverageReport::before_the_run(site, wanted)).transpose()?;
    let ran = commands::run(site, rules, &required, base.tree_id, watch)?;
    // A report of tests that failed shows nothing; AO-P6 refuses for the failure.
    let succeeded = ran.iter().all(|ran| ran.run.exit == 0);
    let coverage = report.filter(|_| succeeded).map(|report| report.after_the_run(&chain.task)).transpose()?;
    Ok(Some(Runs { tree: base.tree_id, ran, coverage }))
}
