//! AO-E2: every state file is well-formed and named after its content.

use super::{Case, Findings, Law, Reads};
use crate::model::bundle::{BUNDLES_SINCE, Bundle};
use crate::model::canonical::Canonical;
use crate::model::decision::Decision;
use crate::model::law_id::LawId;
use crate::model::layout::Place as Kind;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;
use crate::model::policy::{DECISIONS_SINCE, VERDICTS_SINCE};
use crate::model::record::{Learning, Session};
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_STATE_FILE, Mode, SightError};
use crate::model::verdict::Verdict;
use crate::model::vote::Vote;

pub(crate) const LAW: Law = Law {
    id: LawId::E2,
    title: "state files are well-formed",
    rule: "Events, votes, verdicts, session records, learnings and decisions about improvements are canonical TOML of at most 64 KiB (printing \
           what was read gives the same bytes), carry this project's id, and are named after their content. A context bundle is such \
           TOML between two lines `+++`, then Markdown. Nothing else lies in their folders.",
    passes: "`0001-research-working-<hash32>.toml` whose sha256 starts with that hash32.",
    fails: "An event edited by hand: its digest no longer fits its name. Let the verbs write these files: `agentops phase next`, \
            `agentops gate approve`, `agentops learn add`, `agentops session end`, `agentops bundle save`.",
    reads: Reads::Trees,
    check,
};

const FIX: &str =
    "these files are written by agentops alone: remove this one and use the verb (`agentops explain AO-E2` names them)";

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let project = &case.policy.format.project;
    for task in case.tasks()? {
        for broken in &task.after.broken {
            let changed = case.step.changes()?.iter().any(|change| change.path == broken.path);
            if changed {
                findings.add(Finding::new(
                    Place::path(broken.path.clone()),
                    format!("this is no event: {}", broken.reason),
                    FIX,
                ));
            }
        }
        for link in task.fresh_links().filter(|link| link.event.project != *project) {
            findings.add(Finding::new(Place::path(task.path(link)), "this event belongs to another project", FIX));
        }
    }
    for change in case.step.changes()? {
        let (Some((mode, id)), Some(kind)) = (change.after, Kind::of(&change.path)) else { continue };
        let mut add = |reason: String| findings.add(Finding::new(Place::path(change.path.clone()), reason, FIX));
        match kind {
            Kind::Stray => add("nothing of this name belongs below `.agentops/`".into()),
            Kind::Secrets if !case.policy.judges(LawId::S1) => {
                add("rules about secrets are read from edition 2 of the laws on: `agentops upgrade` first".into());
            }
            Kind::Vote(..) | Kind::Learning(..) | Kind::Session(..) | Kind::Bundle(..) if mode != Mode::File => {
                add(format!("mode {:o} is not a plain file", mode.bits()));
            }
            Kind::Verdict(..) if mode != Mode::File && case.policy.format.laws >= VERDICTS_SINCE => {
                add(format!("mode {:o} is not a plain file", mode.bits()));
            }
            Kind::Decision(..) if mode != Mode::File && case.policy.format.laws >= DECISIONS_SINCE => {
                add(format!("mode {:o} is not a plain file", mode.bits()));
            }
            Kind::Verdict(..) if case.policy.format.laws < VERDICTS_SINCE => {}
            Kind::Bundle(..) if case.policy.format.laws < BUNDLES_SINCE => {}
            Kind::Decision(..) if case.policy.format.laws < DECISIONS_SINCE => {}
            Kind::Vote(..)
            | Kind::Verdict(..)
            | Kind::Learning(..)
            | Kind::Session(..)
            | Kind::Bundle(..)
            | Kind::Decision(..) => {
                let bytes = case.step.next().blob(&id, &change.path, MAX_STATE_FILE)?;
                if let Err(reason) = record_form(&kind, &change.path, &bytes, project) {
                    add(reason);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn record_form(kind: &Kind, path: &RepoPath, bytes: &[u8], project: &str) -> Result<(), String> {
    let same = |what: &str, found: &str, expected: &str| {
        if found == expected {
            Ok(())
        } else {
            Err(format!("its {what} is `{found}`, but its place asks for `{expected}`"))
        }
    };
    let month = |at: &crate::model::time::Timestamp| -> Result<(), String> {
        let date = at.date();
        let folder = format!("/{}/{}/", date.year(), date.month());
        if path.as_str().is_some_and(|path| path.contains(&folder)) {
            Ok(())
        } else {
            Err(format!("its month asks for the folder `{folder}`"))
        }
    };
    let owner = |found: &ProfileName, expected: &ProfileName| same("profile", found.as_str(), expected.as_str());
    match kind {
        Kind::Vote(_, task, submit) => {
            let vote = Vote::parse(bytes).map_err(|error| format!("this is no vote: {error}"))?;
            same("project", &vote.project, project)?;
            same("task", vote.task.as_str(), task.as_str())?;
            same("submit", &vote.submit.short(), submit)?;
            same("name", &String::from_utf8_lossy(path.file_name()), &vote.file_name())
        }
        Kind::Verdict(_, task, event) => {
            let verdict = Verdict::parse(bytes).map_err(|error| format!("this is no verdict: {error}"))?;
            same("project", &verdict.project, project)?;
            same("task", verdict.task.as_str(), task.as_str())?;
            same("event", &verdict.event.short(), event)?;
            same("name", &String::from_utf8_lossy(path.file_name()), &verdict.file_name())
        }
        Kind::Decision(profile, session, number) => {
            let decision = Decision::parse(bytes).map_err(|error| format!("this is no decision: {error}"))?;
            same("project", &decision.project, project)?;
            owner(&decision.profile, profile)?;
            same("session", decision.session.as_str(), session.as_str())?;
            same("number", &decision.number.to_string(), &number.to_string())?;
            same("name", &String::from_utf8_lossy(path.file_name()), &decision.file_name())
        }
        Kind::Learning(profile, id) => {
            let learning = Learning::parse(bytes).map_err(|error| format!("this is no learning: {error}"))?;
            same("project", &learning.project, project)?;
            owner(&learning.profile, profile)?;
            month(&learning.at)?;
            same("id", learning.id.as_str(), id.as_str())
        }
        Kind::Session(profile, id) => {
            let session = Session::parse(bytes).map_err(|error| format!("this is no session record: {error}"))?;
            same("project", &session.project, project)?;
            owner(&session.profile, profile)?;
            month(&session.started)?;
            same("id", session.id.as_str(), id.as_str())
        }
        Kind::Bundle(profile, id) => {
            let bundle = Bundle::parse(bytes).map_err(|error| format!("this is no context bundle: {error}"))?;
            same("project", &bundle.head.project, project)?;
            owner(&bundle.head.profile, profile)?;
            same("id", bundle.head.id.as_str(), id.as_str())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestStep, policy_with_profile, tree};
    use super::*;
    use crate::model::bundle::tests::bundle;

    fn found(laws: u32, text: &str) -> Vec<String> {
        let mut policy = policy_with_profile();
        policy.format.laws = laws;
        let path = ".agentops/dev/bundles/01arz3ndektsv4rrffq69g5fav.md";
        let step = TestStep::new().before(tree(&[("a", "1")])).after(tree(&[("a", "1"), (path, text)]));
        step.judge(&LAW, &policy).list.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn bundles_have_a_form_from_edition_2_on() {
        let text = bundle().print();
        assert_eq!(found(2, &text), [""; 0]);
        for (from, to, reason) in [
            ("+++\nv", "v", "this is no context bundle: it does not begin with a line `+++`"),
            ("profile = \"dev\"", "profile = \"sre\"", "its profile is `sre`, but its place asks for `dev`"),
            ("id = \"01a", "id = \"01b", "its id is `01brz3"),
            ("0001", "0002", "its project is"),
        ] {
            let broken = text.replacen(from, to, 1);
            let found_now = found(2, &broken);
            assert!(found_now.len() == 1 && found_now[0].starts_with(reason), "{found_now:?}");
            assert_eq!(found(1, &broken), [""; 0], "edition 1 knows no form of bundles");
        }
    }
}
