//! `agentops verify report`.

use clap::ValueEnum;
use serde::Serialize;

use super::ReportArguments;
use super::statement::Statement;
use crate::cli::{CommandError, Context, Outcome as Ended};
use crate::engine::tasks::gate::Approval;
use crate::engine::verify::report::{self, HeldIn, Verification};
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
    rules: RulesBody,
    event: EventBody,
    laws: LawsBody,
    votes: VotesBody,
    artifacts: Vec<ArtifactBody>,
    pub(super) manifest: Vec<FileBody>,
    /// Null where the plan promised nothing, or the event did not leave the implement stage or a later one.
    promises: Option<PromisesBody>,
    redacted: Vec<RedactedBody>,
    runs: Vec<RunBody>,
    verdicts: Vec<VerdictBody>,
    void_verdicts: Vec<VoidBody>,
    not_checked: Vec<String>,
}

/// By whose rules votes, signatures and verdicts count.
#[derive(Serialize)]
struct RulesBody {
    commit: String,
    name: String,
    /// Whether nobody but HEAD stands behind them; then nothing is proved by them.
    own_word: bool,
}

#[derive(Serialize)]
struct PromisesBody {
    path: String,
    /// How many files, tests and pieces of evidence; null where they cannot be read.
    promised: Option<usize>,
    undelivered_at_event: Vec<String>,
    undelivered_at_head: Vec<String>,
    problem: Option<String>,
}

/// What it rests on besides its own artifacts, and owners let go.
#[derive(Serialize)]
struct RedactedBody {
    path: String,
    sha256: String,
    amend: u32,
    /// The event that lists it; null of a vote or a verdict.
    listed_by: Option<u32>,
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
    /// When they had to count; null where no advance followed.
    advanced_at: Option<String>,
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
    /// When it counts, a clause; null: at any time.
    counts: Option<String>,
    /// Whether the advance lies in that time; null where none followed.
    counted: Option<bool>,
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
    /// `head`, `history`, `redacted` or `nowhere`.
    held: &'static str,
    /// The amend that let it go.
    redacted_by: Option<u32>,
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
    /// Whether keys stand behind that: a verifier's, and of a reproduction all doers'.
    proved: bool,
}

pub(super) fn run(arguments: &ReportArguments, context: &mut Context) -> Result<Ended, CommandError> {
    if arguments.format == Format::Json && context.ui.mode() == Mode::Human {
        context.ui = Ui::new(Settings { mode: Mode::Json, ..context.ui.settings() });
    }
    let found = report::report(&context.site(None)?, &arguments.event, arguments.base.as_deref())?;
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
        rules: RulesBody {
            commit: found.rules.commit.to_string(),
            name: found.rules.called.clone(),
            own_word: found.rules.own_word.is_some(),
        },
        event: EventBody {
            seq: event.seq,
            sha256: found.link.digest.hex(),
            kind: event.kind.as_str(),
            left: found.left.phase.to_string(),
            attempt: found.left.attempt,
            live: found.live,
            actor: event.actor.to_string(),
            actor_rests_on: match &found.doer_key {
                Some(Ok(_)) if found.rules.own_word.is_none() => "signature",
                Some(Ok(_)) => "claim",
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
            advanced_at: found.advanced_at.as_ref().map(ToString::to_string),
            approvals: tally.iter().flat_map(|tally| &tally.approvals).map(|one| approval(one, found)).collect(),
            rejects: tally.iter().flat_map(|tally| &tally.rejects).map(ToString::to_string).collect(),
            void: tally.iter().flat_map(|tally| &tally.void).map(void).collect(),
        },
        artifacts: found.artifacts.iter().map(artifact).collect(),
        manifest: found.manifest.iter().flat_map(files).collect(),
        promises: found.promises.as_ref().map(promises),
        redacted: found.redacted.iter().map(redacted).collect(),
        runs: event.runs.iter().map(|run| run_body(run, found)).collect(),
        verdicts: verdicts(found),
        void_verdicts: found.verdicts.void.iter().map(void).collect(),
        not_checked: found.not_checked.clone(),
    }
}

fn finding(violation: &crate::model::report::Violation) -> FindingBody {
    FindingBody { law: violation.law.as_str(), level: violation.level, message: violation.message.clone() }
}

fn approval((voter, approval): (&Principal, &Approval), found: &Verification) -> ApprovalBody {
    ApprovalBody {
        voter: voter.to_string(),
        proof: approval.proof.as_str(),
        proved: approval.key.is_some() && found.rules.own_word.is_none(),
        says: approval.honest(),
        counts: approval.bounds(),
        counted: found.advanced_at.as_ref().map(|at| approval.counts_at(at)),
    }
}

fn void((path, reason): &(crate::model::path::RepoPath, String)) -> VoidBody {
    VoidBody { path: path.to_string(), reason: reason.clone() }
}

fn artifact(held: &report::Held) -> ArtifactBody {
    let place = match held.place {
        HeldIn::Head => "head",
        HeldIn::History | HeldIn::Gone => "history",
        HeldIn::Nowhere => "nowhere",
        HeldIn::Redacted(_) => "redacted",
    };
    let redacted_by = match held.place {
        HeldIn::Redacted(amend) => Some(amend),
        _ => None,
    };
    ArtifactBody { path: held.path.to_string(), sha256: held.digest.hex(), held: place, redacted_by }
}

fn promises(promises: &report::Promises) -> PromisesBody {
    let kept = promises.kept.as_ref();
    PromisesBody {
        path: promises.path.to_string(),
        promised: kept.map(|kept| kept.promised).ok(),
        undelivered_at_event: kept.map(|kept| kept.missing_then.clone()).unwrap_or_default(),
        undelivered_at_head: kept.map(|kept| kept.missing_now.clone()).unwrap_or_default(),
        problem: kept.err().cloned(),
    }
}

fn redacted(gone: &report::Redacted) -> RedactedBody {
    RedactedBody {
        path: gone.path.to_string(),
        sha256: gone.digest.hex(),
        amend: gone.amend,
        listed_by: gone.listed_by,
    }
}

fn files(bound: &report::Bound) -> impl Iterator<Item = FileBody> + '_ {
    bound.lines.iter().map(|line| FileBody {
        path: line.path.to_string(),
        sha256: line.content.as_ref().map(|(_, digest): &(FileMode, Digest)| digest.hex()),
        mode: line.content.as_ref().map_or("0".to_owned(), |(mode, _)| format!("{:o}", mode.bits())),
        in_head: !bound.changed.contains(&line.path),
    })
}

fn verdicts(found: &Verification) -> Vec<VerdictBody> {
    let standing = &found.verdicts;
    let is_agreed = found.rules.own_word.is_none();
    let body = |verdict: Outcome| {
        move |(verifier, key): (&Principal, &Option<Proved>)| VerdictBody {
            verifier: verifier.to_string(),
            verdict: verdict.as_str(),
            proved: key.is_some() && is_agreed,
        }
    };
    let reproduced = standing.reproduced.iter().map(body(Outcome::Reproduced));
    reproduced.chain(standing.refuted.iter().map(body(Outcome::Refuted))).collect()
}

fn run_body(run: &crate::model::event::Run, found: &Verification) -> RunBody {
    let verdicts = &found.verdicts;
    RunBody {
        name: run.name.to_string(),
        arguments: run.arguments.clone(),
        exit: run.exit,
        tree: run.tree.to_string(),
        output_sha256: run.output_sha256.hex(),
        standing: match (verdicts.refuted.is_empty(), verdicts.reproduced.is_empty()) {
            (false, _) => Outcome::Refuted.as_str(),
            (true, false) => Outcome::Reproduced.as_str(),
            (true, true) => "claimed",
        },
        proved: found.runs_are_proved(),
    }
}

fn fill(page: &mut Page, found: &Verification) {
    let event = &found.link.event;
    page.line([strong(format!("{}@{}", found.task, event.seq)), plain(": "), plain(&found.state.title)]);
    let gone = if found.live { "" } else { "; superseded by what came later" };
    page.text(format!("  {} left phase {} of {} on {}{gone}", event.actor, found.left.phase, found.profile, event.at));
    page.line([strong("checked")]);
    if found.rules.commit != found.head {
        let by =
            format!("votes and signatures count by those of {} ({})", found.rules.called, found.rules.commit.short());
        page.indented_label(2, [plain("rules")], by);
    }
    fill_laws(page, found);
    let is_agreed = found.rules.own_word.is_none();
    if is_agreed {
        fill_votes(page, found);
    }
    for held in &found.artifacts {
        let place = held.place.told();
        let is_lost = matches!(held.place, HeldIn::Nowhere | HeldIn::Redacted(_));
        let place = if is_lost { warning(place) } else { dim(place) };
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
    fill_promises(page, found);
    if is_agreed {
        fill_doer(page, found);
    }
    let is_proved = found.runs_are_proved();
    if is_proved {
        fill_runs(page, found);
    }
    page.line([strong("not checked")]);
    if !is_agreed {
        fill_votes(page, found);
        fill_doer(page, found);
    }
    if !is_proved {
        fill_runs(page, found);
    }
    for (path, reason) in &found.verdicts.void {
        page.line([plain("  "), warning("void verdict"), plain(format!(": {path}: {reason}"))]);
    }
    for sentence in &found.not_checked {
        page.line([plain("  "), plain(sentence)]);
    }
}

fn fill_doer(page: &mut Page, found: &Verification) {
    if let Some(Ok(key)) = &found.doer_key {
        page.indented_label(2, [plain("doer")], format!("{}, {}", found.link.event.actor, key.honest()));
    }
}

fn fill_promises(page: &mut Page, found: &Verification) {
    let Some(promises) = &found.promises else { return };
    let kept = match &promises.kept {
        Ok(kept) => kept,
        Err(problem) => {
            page.indented_label(2, [plain("promises")], format!("they cannot be read: {problem}"));
            return;
        }
    };
    let (then, now) = (&kept.missing_then, &kept.missing_now);
    let text = format!("{} of them; undelivered: {} at the event, {} in HEAD", kept.promised, then.len(), now.len());
    page.line([plain("  promises: "), if then.is_empty() { plain(text) } else { error(text) }]);
    for (when, missing) in [("at the event", then), ("in HEAD", now)] {
        for sentence in missing {
            page.line([plain(format!("    undelivered {when}: {sentence}"))]);
        }
    }
}

fn fill_runs(page: &mut Page, found: &Verification) {
    let rests_on = found.runs_rest_on();
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
    let counted = found.advanced_at.as_ref().map_or(tally.approvals.len(), |at| tally.approved_at(at));
    page.indented_label(2, [plain("votes")], format!("{counted} of {} approvals", tally.wanted));
    for (voter, approval) in &tally.approvals {
        let counts = approval.bounds().map(|bounds| format!("; counts {bounds}")).unwrap_or_default();
        let mut line =
            vec![plain(format!("    approved by {voter}")), dim(format!("  ({}{counts})", approval.honest()))];
        if let Some(at) = found.advanced_at.as_ref().filter(|at| !approval.counts_at(at)) {
            line.push(warning(format!("  did not count at {at}, when the task advanced")));
        }
        page.line(line);
    }
    for voter in &tally.rejects {
        page.line([plain("    "), error(format!("rejected by {voter}"))]);
    }
    for (path, reason) in &tally.void {
        page.line([plain("    "), warning("void"), plain(format!(": {path}: {reason}"))]);
    }
}
