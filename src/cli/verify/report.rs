//! `agentops verify report`.

use clap::ValueEnum;
use serde::Serialize;

use super::ReportArguments;
use super::statement::Statement;
use crate::cli::{CommandError, Context, Outcome as Ended};
use crate::engine::verification::{self, HeldIn, Standing, Verification};
use crate::model::digest::Digest;
use crate::model::law_id::Level;
use crate::model::name::Principal;
use crate::model::tree::Mode as FileMode;
use crate::model::trust::Proved;
use crate::model::verdict::Outcome;
use crate::ui::{Mode, Page, Settings, Ui, dim, error, good, plain, strong, warning};

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One JSON document, as --json
    Json,
    /// An in-toto Statement v1 about the files, for attestations
    InToto,
}

#[derive(Serialize)]
pub(super) struct ReportBody {
    pub(super) task: String,
    pub(super) profile: String,
    title: String,
    phase: String,
    status: &'static str,
    head: String,
    event: EventBody,
    laws: LawsBody,
    votes: VotesBody,
    artifacts: Vec<ArtifactBody>,
    pub(super) manifest: Vec<FileBody>,
    runs: Vec<RunBody>,
    verdicts: Vec<VerdictBody>,
    void_verdicts: Vec<VoidBody>,
    not_checked: Vec<String>,
}

#[derive(Serialize)]
struct VerdictBody {
    verifier: String,
    verdict: &'static str,
    proved: bool,
}

#[derive(Serialize)]
struct EventBody {
    seq: u32,
    sha256: String,
    kind: &'static str,
    left: String,
    attempt: u32,
    live: bool,
    actor: String,
    /// `signature`, `claim`, or `void` where a signature does not hold.
    actor_rests_on: &'static str,
    at: String,
    commit: String,
    commit_is_own: bool,
    tree: String,
}

#[derive(Serialize)]
struct LawsBody {
    checks: Vec<&'static str>,
    asked: usize,
    errors: usize,
    warnings: usize,
    findings: Vec<FindingBody>,
}

#[derive(Serialize)]
struct FindingBody {
    law: &'static str,
    level: Level,
    message: String,
}

#[derive(Serialize)]
struct VotesBody {
    wanted: u32,
    approvals: Vec<ApprovalBody>,
    rejects: Vec<String>,
    void: Vec<VoidBody>,
}

#[derive(Serialize)]
struct ApprovalBody {
    voter: String,
    proof: &'static str,
    proved: bool,
    says: String,
}

#[derive(Serialize)]
struct VoidBody {
    path: String,
    reason: String,
}

#[derive(Serialize)]
struct ArtifactBody {
    path: String,
    sha256: String,
    /// `head`, `history` or `nowhere`.
    held: &'static str,
}

/// A file of the manifest.
#[derive(Serialize)]
pub(super) struct FileBody {
    pub(super) path: String,
    /// Null for a file that the task deleted.
    pub(super) sha256: Option<String>,
    mode: String,
    in_head: bool,
}

#[derive(Serialize)]
struct RunBody {
    name: String,
    arguments: Vec<String>,
    exit: i32,
    tree: String,
    output_sha256: String,
    /// `claimed`, `reproduced` or `refuted`.
    standing: &'static str,
}

pub(super) fn run(arguments: &ReportArguments, context: &mut Context) -> Result<Ended, CommandError> {
    if arguments.format == Format::Json && context.ui.mode() == Mode::Human {
        context.ui = Ui::new(Settings { mode: Mode::Json, ..context.ui.settings() });
    }
    let found = verification::report(&context.site(None)?, &arguments.event)?;
    let body = body(&found);
    if arguments.format == Format::InToto {
        let (commit, tree) = (found.origin.commit.to_string(), found.tree.to_string());
        context.ui.statement(&Statement::new(&body, &commit, &tree));
    } else {
        context.ui.show(&body, |page| fill(page, &found));
    }
    Ok(Ended::Done)
}

fn body(found: &Verification) -> ReportBody {
    let event = &found.link.event;
    let tally = found.votes.as_ref();
    ReportBody {
        task: found.task.to_string(),
        profile: found.profile.to_string(),
        title: found.state.title.clone(),
        phase: found.state.phase.to_string(),
        status: found.state.status.as_str(),
        head: found.head.to_string(),
        event: EventBody {
            seq: event.seq,
            sha256: found.link.digest.hex(),
            kind: event.kind.as_str(),
            left: found.left.phase.to_string(),
            attempt: found.left.attempt,
            live: found.live,
            actor: event.actor.to_string(),
            actor_rests_on: match &found.doer_key {
                Some(Ok(_)) => "signature",
                Some(Err(_)) => "void",
                None => "claim",
            },
            at: event.at.to_string(),
            commit: found.origin.commit.to_string(),
            commit_is_own: found.origin.is_own,
            tree: found.tree.to_string(),
        },
        laws: LawsBody {
            checks: found.laws.checks.iter().map(|law| law.as_str()).collect(),
            asked: found.laws.asked,
            errors: found.laws.count(Level::Error),
            warnings: found.laws.count(Level::Warn),
            findings: found.laws.violations.iter().map(finding).collect(),
        },
        votes: VotesBody {
            wanted: tally.map_or(0, |tally| tally.wanted),
            approvals: tally.iter().flat_map(|tally| &tally.approvals).map(approval).collect(),
            rejects: tally.iter().flat_map(|tally| &tally.rejects).map(ToString::to_string).collect(),
            void: tally.iter().flat_map(|tally| &tally.void).map(void).collect(),
        },
        artifacts: found.artifacts.iter().map(artifact).collect(),
        manifest: found.manifest.iter().flat_map(files).collect(),
        runs: event.runs.iter().map(|run| run_body(run, standing_word(found))).collect(),
        verdicts: verdicts(&found.verdicts),
        void_verdicts: found.verdicts.void.iter().map(void).collect(),
        not_checked: found.not_checked.clone(),
    }
}

fn finding(violation: &crate::model::report::Violation) -> FindingBody {
    FindingBody { law: violation.law.as_str(), level: violation.level, message: violation.message.clone() }
}

fn approval((voter, approval): (&crate::model::name::Principal, &crate::engine::gate::Approval)) -> ApprovalBody {
    ApprovalBody {
        voter: voter.to_string(),
        proof: approval.proof.as_str(),
        proved: approval.key.is_some(),
        says: approval.honest(),
    }
}

fn void((path, reason): &(crate::model::path::RepoPath, String)) -> VoidBody {
    VoidBody { path: path.to_string(), reason: reason.clone() }
}

fn artifact(held: &verification::Held) -> ArtifactBody {
    let place = match held.place {
        HeldIn::Head => "head",
        HeldIn::History => "history",
        HeldIn::Nowhere => "nowhere",
    };
    ArtifactBody { path: held.path.to_string(), sha256: held.digest.hex(), held: place }
}

fn files(bound: &verification::Bound) -> impl Iterator<Item = FileBody> + '_ {
    bound.lines.iter().map(|line| FileBody {
        path: line.path.to_string(),
        sha256: line.content.as_ref().map(|(_, digest): &(FileMode, Digest)| digest.hex()),
        mode: line.content.as_ref().map_or("0".to_owned(), |(mode, _)| format!("{:o}", mode.bits())),
        in_head: !bound.changed.contains(&line.path),
    })
}

fn verdicts(standing: &Standing) -> Vec<VerdictBody> {
    let body = |verdict: Outcome| {
        move |(verifier, key): (&Principal, &Option<Proved>)| VerdictBody {
            verifier: verifier.to_string(),
            verdict: verdict.as_str(),
            proved: key.is_some(),
        }
    };
    let reproduced = standing.reproduced.iter().map(body(Outcome::Reproduced));
    reproduced.chain(standing.refuted.iter().map(body(Outcome::Refuted))).collect()
}

fn standing_word(found: &Verification) -> &'static str {
    match (found.verdicts.refuted.is_empty(), found.verdicts.reproduced.is_empty()) {
        (false, _) => "refuted",
        (true, false) => "reproduced",
        (true, true) => "claimed",
    }
}

fn run_body(run: &crate::model::event::Run, standing: &'static str) -> RunBody {
    RunBody {
        name: run.name.to_string(),
        arguments: run.arguments.clone(),
        exit: run.exit,
        tree: run.tree.to_string(),
        output_sha256: run.output_sha256.hex(),
        standing,
    }
}

fn fill(page: &mut Page, found: &Verification) {
    let event = &found.link.event;
    page.line([strong(format!("{}@{}", found.task, event.seq)), plain(": "), plain(&found.state.title)]);
    let gone = if found.live { "" } else { "; superseded by what came later" };
    page.text(format!("  {} left phase {} of {} on {}{gone}", event.actor, found.left.phase, found.profile, event.at));
    page.line([strong("checked")]);
    fill_laws(page, found);
    fill_votes(page, found);
    for held in &found.artifacts {
        let place = held.place.as_str();
        let place = if held.place == HeldIn::Nowhere { warning(place) } else { dim(place) };
        let digest = held.digest.hex();
        page.line([plain("  artifact: "), plain(&held.path), dim(format!("  {}  ", &digest[..12])), place]);
    }
    if let Some(bound) = &found.manifest {
        let holds = bound.lines.len() - bound.changed.len();
        page.indented_label(
            2,
            [plain("files")],
            format!("{holds} of {} are in HEAD as the manifest lists them", bound.lines.len()),
        );
        for path in &bound.changed {
            page.line([plain("    changed since: "), plain(path)]);
        }
    }
    if let Some(Ok(key)) = &found.doer_key {
        page.indented_label(2, [plain("doer")], format!("{}, {}", event.actor, key.honest()));
    }
    let (rests_on, is_proved) = found.runs_rest_on();
    if is_proved {
        fill_runs(page, found, &rests_on);
    }
    page.line([strong("not checked")]);
    if !is_proved {
        fill_runs(page, found, &rests_on);
    }
    for (path, reason) in &found.verdicts.void {
        page.line([plain("  "), warning("void verdict"), plain(format!(": {path}: {reason}"))]);
    }
    for sentence in &found.not_checked {
        page.line([plain("  "), plain(sentence)]);
    }
}

fn fill_runs(page: &mut Page, found: &Verification, rests_on: &str) {
    for run in &found.runs {
        let words: Vec<&str> =
            std::iter::once(run.name.as_str()).chain(run.arguments.iter().map(String::as_str)).collect();
        let text = format!("  run: `{}` exit {}, {rests_on}", words.join(" "), run.exit);
        page.line([if found.verdicts.refuted.is_empty() { plain(text) } else { error(text) }]);
    }
}

fn fill_laws(page: &mut Page, found: &Verification) {
    let laws = &found.laws;
    if laws.asked == 0 {
        return;
    }
    let (errors, warnings) = (laws.count(Level::Error), laws.count(Level::Warn));
    let checks: Vec<&str> = laws.checks.iter().map(|law| law.as_str()).collect();
    let checks = if checks.is_empty() { String::new() } else { format!("; those of the gate: {}", checks.join(", ")) };
    let text =
        format!("all that read trees, over the step that brought it: {errors} errors, {warnings} warnings{checks}");
    page.line([plain("  laws: "), if errors == 0 { good(text) } else { error(text) }]);
    for violation in &laws.violations {
        page.line([plain("    "), warning(violation.law), plain(": "), plain(&violation.message)]);
    }
}

fn fill_votes(page: &mut Page, found: &Verification) {
    let Some(tally) = &found.votes else {
        page.indented_label(2, [plain("votes")], "this gate wants none");
        return;
    };
    page.indented_label(2, [plain("votes")], format!("{} of {} approvals", tally.approvals.len(), tally.wanted));
    for (voter, says) in found.approvals() {
        page.line([plain(format!("    approved by {voter}")), dim(format!("  ({says})"))]);
    }
    for voter in &tally.rejects {
        page.line([plain("    "), error(format!("rejected by {voter}"))]);
    }
    for (path, reason) in &tally.void {
        page.line([plain("    "), warning("void"), plain(format!(": {path}: {reason}"))]);
    }
}
