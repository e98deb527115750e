//! `agentops verify rerun`.

use serde::Serialize;

use super::RerunArguments;
use crate::cli::acting::{self, CommitBody};
use crate::cli::progress::tell_progress;
use crate::cli::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::tasks::commands::Progress;
use crate::engine::verify::rerun::{self, Outcome as Found, Request, Rerun, Row};
use crate::engine::verify::verdict::{self, Recorded};
use crate::engine::writing::transact::Committed;
use crate::ui::{Page, dim, error, good, plain, strong, warning};

#[derive(Serialize)]
struct RerunBody {
    task: String,
    profile: String,
    seq: u32,
    sha256: String,
    tree: Option<String>,
    commit: Option<String>,
    base: String,
    outcome: &'static str,
    /// Why it cannot be rerun.
    reason: Option<String>,
    runs: Vec<RowBody>,
    notes: Vec<String>,
    kept: Option<String>,
    /// The verdict, where one was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<RecordedBody>,
}

#[derive(Serialize)]
struct RecordedBody {
    verdict: &'static str,
    verifier: String,
    /// `SHA256:…` of the key that signed it; null where the verifier is a claim.
    key: Option<String>,
    #[serde(flatten)]
    commit: CommitBody,
}

#[derive(Serialize)]
struct RowBody {
    name: String,
    arguments: Vec<String>,
    command: Option<Vec<String>>,
    claimed_exit: Option<i32>,
    exit: Option<i32>,
    ms: Option<u64>,
    same_output: Option<bool>,
}

pub(super) fn run(arguments: &RerunArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.sealing.site(&arguments.acting, context)?;
    let request = Request {
        address: arguments.event.clone(),
        base: arguments.base.clone(),
        keep: arguments.keep,
        record: arguments.record,
    };
    let mut watch = |progress: Progress<'_>| tell_progress(&context.ui, &progress);
    let rerun = rerun::rerun(&site, &request, &mut watch)?;
    // What cannot be rerun says nothing, for or against.
    let recorded = match (arguments.record, &rerun.outcome) {
        (true, Found::Reproduced | Found::NotReproduced) => {
            Some(verdict::record(&site, &arguments.acting.target(), &rerun, &arguments.reason)?)
        }
        _ => None,
    };
    context.ui.show(&body(&rerun, recorded.as_ref()), |page| fill(page, &rerun));
    if let Some(recorded) = &recorded {
        let Recorded { verdict, verifier, key } = &recorded.outcome;
        acting::tell_key(&context.ui, key.as_ref());
        acting::tell(&context.ui, recorded);
        context.ui.talk(format!("recorded: {} by {verifier}", verdict.as_str()));
    }
    for note in &rerun.notes {
        context.ui.warning(note);
    }
    if arguments.record && rerun.outcome == Found::Fails {
        context
            .ui
            .warning("no verdict was recorded: the event itself says that a command failed, and AO-P6 refuses it");
    }
    if let Some(place) = &rerun.kept {
        context.ui.talk(format!("the copy is at {}", place.display()));
    }
    Ok(match rerun.outcome {
        Found::Reproduced => Outcome::Done,
        Found::Fails | Found::NotReproduced => Outcome::Ended(ErrorKind::Law),
        Found::CannotBeRerun(_) => Outcome::Ended(ErrorKind::Failure),
    })
}

fn body(rerun: &Rerun, recorded: Option<&Committed<Recorded>>) -> RerunBody {
    let (outcome, reason) = match &rerun.outcome {
        Found::Reproduced => ("reproduced", None),
        Found::Fails => ("fails", None),
        Found::NotReproduced => ("not-reproduced", None),
        Found::CannotBeRerun(reason) => ("cannot-be-rerun", Some(reason.clone())),
    };
    RerunBody {
        task: rerun.task.to_string(),
        profile: rerun.profile.to_string(),
        seq: rerun.link.event.seq,
        sha256: rerun.link.digest.hex(),
        tree: rerun.tree.map(|id| id.to_string()),
        commit: rerun.commit.map(|id| id.to_string()),
        base: rerun.base.0.to_string(),
        outcome,
        reason,
        runs: rerun.rows.iter().map(row_body).collect(),
        notes: rerun.notes.clone(),
        kept: rerun.kept.as_ref().map(|place| place.display().to_string()),
        recorded: recorded.map(|recorded| RecordedBody {
            verdict: recorded.outcome.verdict.as_str(),
            verifier: recorded.outcome.verifier.to_string(),
            key: recorded.outcome.key.as_ref().map(|key| key.fingerprint.clone()),
            commit: CommitBody::of(recorded),
        }),
    }
}

fn row_body(row: &Row) -> RowBody {
    RowBody {
        name: row.required.name.to_string(),
        arguments: row.required.arguments.clone(),
        command: row.again.as_ref().map(|ran| ran.line.clone()),
        claimed_exit: row.claimed.as_ref().map(|run| run.exit),
        exit: row.again.as_ref().map(|ran| ran.run.exit),
        ms: row.again.as_ref().map(|ran| ran.run.ms),
        same_output: row.same_output(),
    }
}

fn fill(page: &mut Page, rerun: &Rerun) {
    let outcome = match &rerun.outcome {
        Found::Reproduced => good("reproduced"),
        Found::Fails => error("reproduced: it fails"),
        Found::NotReproduced => error("not reproduced"),
        Found::CannotBeRerun(_) => warning("cannot be rerun"),
    };
    let event = format!("{}@{}", rerun.task, rerun.link.event.seq);
    let on = rerun.tree.filter(|_| rerun.rows.iter().any(|row| row.again.is_some()));
    let on = on.map(|tree| format!(" on tree {}", tree.short())).unwrap_or_default();
    page.line([strong(event), plain(": "), outcome, plain(on)]);
    if let Found::CannotBeRerun(reason) = &rerun.outcome {
        page.indented_label(2, [plain("because")], reason);
    }
    for row in &rerun.rows {
        let words: Vec<&str> = std::iter::once(row.required.name.as_str())
            .chain(row.required.arguments.iter().map(String::as_str))
            .collect();
        let claimed = row.claimed.as_ref().map_or("nothing".to_owned(), |run| format!("exit {}", run.exit));
        let again = row.again.as_ref().map_or("did not run".to_owned(), |ran| format!("exit {}", ran.run.exit));
        let output = match row.same_output() {
            Some(true) => ", same output",
            Some(false) => ", other output (no failure)",
            None => "",
        };
        let text = format!("`{}`: claimed {claimed}; again: {again}", words.join(" "));
        page.line([plain("  "), if row.agrees() == Some(false) { error(text) } else { plain(text) }, dim(output)]);
    }
    let (commit, called) = &rerun.base;
    page.line([dim(format!("  the commands are those of the profile at {called} ({})", commit.short()))]);
}
