//! `agentops gate approve` and `agentops gate reject`.

use std::path::Path;

use serde::Serialize;

use super::Voting;
use super::ballot;
use super::list::{GateBody, fill_gate};
use crate::cli::acting::{self, CommitBody, short_branch};
use crate::cli::out_file;
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::Site;
use crate::engine::tasks::gate::{self, Ballot, Choice, WaitingGate, Wish};
use crate::engine::writing::transact::{Committed, Target};
use crate::model::vote::{Verdict, Window};
use crate::ui::{good, plain, strong, warning};

#[derive(Serialize)]
struct VotedBody {
    task: String,
    verdict: &'static str,
    voter: String,
    proof: &'static str,
    worth: &'static str,
    #[serde(flatten)]
    commit: CommitBody,
    /// What to run so that others see a vote on another branch.
    push: Option<String>,
    gate: GateBody,
}

#[derive(Serialize)]
struct AgainBody {
    task: String,
    verdict: &'static str,
    voter: String,
    commit: Option<String>,
    gate: GateBody,
}

#[derive(Serialize)]
struct FileBody {
    task: String,
    verdict: &'static str,
    voter: String,
    proof: &'static str,
    worth: &'static str,
    file: String,
    path: String,
    dry_run: bool,
}

pub(super) fn run(
    task: &str,
    verdict: Verdict,
    reason: String,
    window: Window,
    voting: &Voting,
    context: &Context,
) -> Result<Outcome, CommandError> {
    let site = voting.acting.site(context)?;
    let target = Target { reference: voting.reference.clone(), ..voting.acting.target() };
    let key = voting.key.as_ref().map(|file| context.path(file));
    let wish = if voting.simulated { Wish::Simulated } else { Wish::Person { key } };
    // Agents, doers and those without a part in it are refused here, before anybody is asked.
    let paper = gate::prepare(&site, &target, task, &wish)?;
    if has_voted(&paper, verdict, &window) {
        tell_again(&paper, verdict, context);
        return Ok(Outcome::Done);
    }
    context.ui.aside(|page| ballot::fill(page, &paper, &window));
    if !voting.simulated && !voting.acting.writing.dry_run {
        confirm(context, &paper, verdict)?;
    }
    if let Some(why) = paper.key.as_ref().and_then(|key| key.answers_unasked(&site)) {
        context.ui.warning(format!("whoever runs programs as you could cast this vote: {why}"));
    }
    let choice = Choice {
        task: paper.gate.task.to_string(),
        verdict,
        reason,
        proof: paper.proof,
        key: paper.key.clone(),
        window,
        submit: paper.gate.submit,
    };
    match &voting.out {
        Some(file) => write_file(file, &site, &target, &choice, &paper, context)?,
        None => {
            let cast = gate::cast(&site, &target, &choice)?;
            tell(&cast, &paper, &choice, &site, context);
        }
    }
    Ok(Outcome::Done)
}

/// Whether the voter said the same of this submit before, in a vote that counts.
fn has_voted(paper: &Ballot, verdict: Verdict, window: &Window) -> bool {
    let tally = &paper.gate.tally;
    match verdict {
        Verdict::Approve => tally.approvals.get(&paper.voter).is_some_and(|approval| approval.windows.contains(window)),
        Verdict::Reject => tally.rejects.contains(&paper.voter),
    }
}

fn tell_again(paper: &Ballot, verdict: Verdict, context: &Context) {
    let gate = GateBody::of(&paper.gate);
    let body = AgainBody {
        task: paper.gate.task.to_string(),
        verdict: verdict.as_str(),
        voter: paper.voter.to_string(),
        commit: None,
        gate,
    };
    context.ui.show(&body, |page| fill_gate(page, &paper.gate));
    context.ui.talk(format!("{} said so already; nothing was written", paper.voter));
}

/// The one question without a flag: an answer that a script could give would be worth nothing.
fn confirm(context: &Context, paper: &Ballot, verdict: Verdict) -> Result<(), CommandError> {
    let (id, verb) = (paper.gate.task.as_str(), verdict.as_str());
    let question = format!("Type `{id}` to {verb} it, or Ctrl-C to leave:");
    let nobody =
        ("a vote is given by a person at a terminal", format!("run it in a terminal: agentops gate {verb} {id}"));
    acting::confirm_by_typing(context, id, question, "nothing was written", nobody)
}

fn tell(cast: &Committed<WaitingGate>, paper: &Ballot, choice: &Choice, site: &Site<'_>, context: &Context) {
    let ui = &context.ui;
    // In a dry run there is nothing to push.
    let moved = cast.branch.as_deref().filter(|_| cast.other_branch && cast.commit.is_some());
    let push = moved.map(|branch| gate::push_command(site, branch));
    let (verdict, proof) = (choice.verdict, choice.proof);
    let body = VotedBody {
        task: choice.task.clone(),
        verdict: verdict.as_str(),
        voter: paper.voter.to_string(),
        proof: proof.as_str(),
        worth: proof.honest(),
        commit: CommitBody::of(cast),
        push: push.clone(),
        gate: GateBody::of(&cast.outcome),
    };
    ui.show(&body, |page| {
        let word = match verdict {
            Verdict::Approve => good("approved"),
            Verdict::Reject => warning("rejected"),
        };
        page.line([
            strong(&choice.task),
            plain(": "),
            word,
            plain(format!(" by {} ({})", paper.voter, proof.honest())),
        ]);
    });
    acting::tell(ui, cast);
    if let Some(command) = push {
        ui.hint(format!("publish the vote: {command}"));
    }
    ui.hint(match verdict {
        Verdict::Approve if cast.outcome.tally.is_satisfied() => {
            let when = if choice.window.is_always() { String::new() } else { format!(", {}", choice.window) };
            format!("its doer goes on with: agentops phase next {}{when}", choice.task)
        }
        Verdict::Approve => {
            let tally = &cast.outcome.tally;
            format!(
                "{} of {} votes are there; others run: agentops gate approve {}",
                tally.approvals.len(),
                tally.wanted,
                choice.task
            )
        }
        Verdict::Reject => format!("its doer takes it back with: agentops phase rework {} --reason \"…\"", choice.task),
    });
}

fn write_file(
    file: &Path,
    site: &Site<'_>,
    target: &Target,
    choice: &Choice,
    paper: &Ballot,
    context: &Context,
) -> Result<(), CommandError> {
    let (path, bytes) = gate::vote_file(site, target, choice)?;
    let place = context.path(file);
    if !target.dry_run {
        out_file::write_new(&place, &bytes, "vote")?;
    }
    let body = FileBody {
        task: choice.task.clone(),
        verdict: choice.verdict.as_str(),
        voter: paper.voter.to_string(),
        proof: choice.proof.as_str(),
        worth: choice.proof.honest(),
        file: place.display().to_string(),
        path: path.to_string(),
        dry_run: target.dry_run,
    };
    context.ui.show(&body, |page| page.text(&body.file));
    let place = target.reference.as_deref().map(|name| format!(" of `{}`", short_branch(name))).unwrap_or_default();
    context.ui.talk(if target.dry_run { "nothing was written; the vote would count" } else { "the vote counts" });
    context.ui.talk(format!("once anyone commits the file{place} as"));
    context.ui.talk(format!("  {path}"));
    Ok(())
}
