//! `pre-commit` and `pre-merge-commit`: the staged content, before there is a message.

use super::{Answer, Call, HookError, chained, message};
use crate::engine::EngineError;
use crate::engine::Site;
use crate::engine::judging::staged::{self, Ground};
use crate::engine::writing::leftovers::Traces;
use crate::model::report::Violation;
use crate::store::{handover, journal};

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    let chained = chained::find(call);
    let site = call.open()?;
    let ground = Ground::of(&site)?;
    let mut loops = Vec::new();
    let changes = match chained {
        None => ground.changes(&site)?,
        Some(hook) => {
            let traces = Traces::take(&site, ground.changes(&site)?)?;
            let refusal = chained::run(call, &hook, None)?;
            let (changes, found) = traces.compare(&site, &ground, call.hook.name())?;
            if let Some(mut refusal) = refusal {
                // A fixer refuses because it wrote: what it wrote is the first thing to know.
                if ground.is_governed(&site)? {
                    refusal.warnings.extend(found.iter().map(sentence));
                }
                return Ok(refusal);
            }
            loops = found;
            changes
        }
    };
    let Some(mut report) = staged::staged_on(&site, &ground, changes.clone())? else {
        return Ok(Answer::note("not judged: neither HEAD nor what is staged has `.agentops`"));
    };
    // What others' hooks do is judged by law only where a law rules already.
    if ground.is_governed(&site)? {
        report.violations.extend(loops);
    }
    if report.passes() {
        // Lost or not: `commit-msg` judges anew what it does not find.
        let _ = seal(&site, &ground).map(|seal| handover::save(site.repo.git_dir(), &seal, &changes));
    }
    let waits = !report.passes() && staged::message_may_excuse(&report);
    if waits && !message::is_edited(call) {
        // The message is written already: `commit-msg` tells in a moment.
        return Ok(Answer::default());
    }
    let mut answer = Answer::default();
    answer.add(None, report);
    if answer.refuses && journal::exists(site.repo.git_dir()) {
        // What was committed and did not reach the index looks like somebody's removal.
        answer
            .remedies
            .push("a command of agentops was killed here: `agentops doctor --fix` finishes it, then try again".into());
    }
    if waits {
        answer.refuses = false;
        answer.notes.push("this passes only where the message excuses it: `Agentops-Waive: ID reason`".into());
    }
    Ok(answer)
}

/// A finding that decides nothing, because something else refused already.
fn sentence(found: &Violation) -> String {
    let path = found.place.path.as_ref().map(|path| format!(" {path}")).unwrap_or_default();
    format!("{}{path}: {}", found.law, found.message)
}

/// What the staged changes were computed from: the index and the commit before.
pub(super) fn seal(site: &Site<'_>, ground: &Ground) -> Result<String, EngineError> {
    let index = site.repo.index_seal()?;
    Ok(match &ground.commit {
        Some(commit) => format!("{index} {commit}"),
        None => format!("{index} -"),
    })
}
