//! `agentops phase show`: a task as it was at one of its events.

use serde::Serialize;

use super::{EffectsBody, ShowArguments, fill_effects};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::tasks::show::{self, PastArtifact, PastVote, Shown};
use crate::model::digest::Digest;
use crate::model::event::Run;
use crate::ui::{Mode, Page, Ui, dim, plain, strong, warning};

#[derive(Serialize)]
struct ShowBody<'a> {
    task: &'a str,
    profile: &'a str,
    seq: u32,
    sha256: String,
    prev: Vec<String>,
    kind: &'static str,
    actor: &'a str,
    at: String,
    reason: &'a str,
    live: bool,
    commit: String,
    commit_is_own: bool,
    state: StateBody<'a>,
    artifacts: Vec<ArtifactBody>,
    votes: Vec<VoteBody<'a>>,
    runs: Vec<RunBody<'a>>,
    not_undone: EffectsBody,
}

#[derive(Serialize)]
struct StateBody<'a> {
    phase: &'a str,
    stage: &'static str,
    status: &'static str,
    attempt: u32,
    title: &'a str,
    priority: &'static str,
    labels: Vec<&'a str>,
    after: Vec<&'a str>,
    opened: String,
}

#[derive(Serialize)]
struct ArtifactBody {
    path: String,
    name: Option<String>,
    sha256: String,
    seq: u32,
    /// Null where history does not hold them.
    bytes: Option<usize>,
}

#[derive(Serialize)]
struct VoteBody<'a> {
    seq: u32,
    voter: &'a str,
    verdict: &'static str,
    proof: &'static str,
    at: String,
    reason: &'a str,
    was_there: Option<bool>,
}

#[derive(Serialize)]
struct RunBody<'a> {
    name: &'a str,
    arguments: &'a [String],
    exit: i32,
    ms: u64,
    output_sha256: String,
    tree: String,
}

#[derive(Serialize)]
struct ContentBody<'a> {
    task: &'a str,
    seq: u32,
    path: String,
    sha256: String,
    /// Null where the bytes are no text.
    text: Option<&'a str>,
}

pub(super) fn run(arguments: &ShowArguments, context: &Context) -> Result<Outcome, CommandError> {
    let shown = show::show(&context.site(None)?, &arguments.event)?;
    match &arguments.artifact {
        None => {
            context.ui.show(&body(&shown), |page| fill(page, &shown));
            context.ui.hint(format!("agentops phase restore {}", address(&shown)));
        }
        Some(wanted) => show_content(&context.ui, &shown, shown.artifact(wanted)?)?,
    }
    Ok(Outcome::Done)
}

/// How the event is named again.
pub(super) fn address(shown: &Shown) -> String {
    format!("{}@{}:{}", shown.task, shown.link.event.seq, &shown.link.digest.hex()[..12])
}

fn show_content(ui: &Ui, shown: &Shown, item: &PastArtifact) -> Result<(), CommandError> {
    let bytes = shown.bytes_of(item)?;
    if ui.mode() == Mode::Human {
        ui.bytes(bytes);
        return Ok(());
    }
    let body = ContentBody {
        task: shown.task.as_str(),
        seq: shown.link.event.seq,
        path: item.path.to_string(),
        sha256: item.digest.hex(),
        text: std::str::from_utf8(bytes).ok(),
    };
    ui.show(&body, |_| ());
    Ok(())
}

fn body(shown: &Shown) -> ShowBody<'_> {
    let event = &shown.link.event;
    let state = &event.state;
    ShowBody {
        task: shown.task.as_str(),
        profile: shown.profile.as_str(),
        seq: event.seq,
        sha256: shown.link.digest.hex(),
        prev: event.prev.iter().map(Digest::hex).collect(),
        kind: event.kind.as_str(),
        actor: event.actor.as_str(),
        at: event.at.to_string(),
        reason: &event.reason,
        live: shown.live,
        commit: shown.origin.commit.to_string(),
        commit_is_own: shown.origin.is_own,
        state: StateBody {
            phase: state.phase.as_str(),
            stage: state.stage.as_str(),
            status: state.status.as_str(),
            attempt: state.attempt,
            title: &state.title,
            priority: state.priority.as_str(),
            labels: state.labels.iter().map(|label| label.as_str()).collect(),
            after: state.after.iter().map(|task| task.as_str()).collect(),
            opened: state.opened.to_string(),
        },
        artifacts: shown.artifacts.iter().map(artifact).collect(),
        votes: shown.votes.iter().map(vote).collect(),
        runs: event.runs.iter().map(run_body).collect(),
        not_undone: EffectsBody::of(&shown.effects),
    }
}

fn run_body(run: &Run) -> RunBody<'_> {
    RunBody {
        name: run.name.as_str(),
        arguments: &run.arguments,
        exit: run.exit,
        ms: run.ms,
        output_sha256: run.output_sha256.hex(),
        tree: run.tree.to_string(),
    }
}

fn artifact(item: &PastArtifact) -> ArtifactBody {
    ArtifactBody {
        path: item.path.to_string(),
        name: item.name.as_ref().map(ToString::to_string),
        sha256: item.digest.hex(),
        seq: item.seq,
        bytes: item.bytes.as_ref().map(Vec::len),
    }
}

fn vote(past: &PastVote) -> VoteBody<'_> {
    let vote = &past.vote;
    VoteBody {
        seq: past.seq,
        voter: vote.voter.as_str(),
        verdict: vote.verdict.as_str(),
        proof: vote.proof.as_str(),
        at: vote.at.to_string(),
        reason: &vote.reason,
        was_there: past.was_there,
    }
}

fn fill(page: &mut Page, shown: &Shown) {
    let event = &shown.link.event;
    let state = &event.state;
    page.line([strong(format!("{}@{}", shown.task, event.seq)), plain(": "), plain(&state.title)]);
    let attempt = if state.attempt > 1 { format!(", attempt {}", state.attempt) } else { String::new() };
    let standing = format!("phase {} (stage {}), {}{attempt}", state.phase, state.stage, state.status);
    page.text(format!("  {}: {standing}", shown.profile));
    let gone = if shown.live { "" } else { "; superseded by what came later" };
    page.indented_label(2, [plain("event")], format!("{} by {}, {}{gone}", event.kind, event.actor, event.at));
    page.indented_label(2, [plain("sha256")], shown.link.digest.hex());
    page.indented_label(2, [plain("commit")], shown.origin.commit);
    if !shown.origin.is_own {
        page.indented_label(2, [warning("note")], stand_in(shown));
    }
    if !event.reason.is_empty() {
        page.indented_label(2, [plain("reason")], &event.reason);
    }
    for item in &shown.artifacts {
        let held = match &item.bytes {
            Some(bytes) => dim(format!("{} bytes, listed by {:04}", bytes.len(), item.seq)),
            None => warning(format!("content not in history, listed by {:04}", item.seq)),
        };
        let digest = &item.digest.hex()[..12];
        page.line([plain("  artifact: "), plain(&item.path), dim(format!("  {digest}  ")), held]);
    }
    for past in &shown.votes {
        let vote = &past.vote;
        let reason = if vote.reason.is_empty() { String::new() } else { format!(": {}", vote.reason) };
        let later = if past.was_there == Some(false) { ", came later" } else { "" };
        let what = format!("{} of {:04} by {}{reason}", vote.verdict.as_str(), past.seq, vote.voter);
        page.line([plain("  vote: "), plain(what), dim(format!("  ({}{later})", vote.proof.honest()))]);
    }
    for run in &event.runs {
        let words: Vec<&str> =
            std::iter::once(run.name.as_str()).chain(run.arguments.iter().map(String::as_str)).collect();
        page.indented_label(2, [plain("run")], format!("`{}` exit {} (claimed)", words.join(" "), run.exit));
    }
    fill_effects(page, 2, &shown.effects);
}

/// Why the commit is not the event's own.
pub(super) fn stand_in(shown: &Shown) -> String {
    format!(
        "the commit that wrote this event is not in the history of HEAD: a squash or a rebase replaced it; {} is the first \
         on HEAD's line that holds the event",
        shown.origin.commit.short()
    )
}
