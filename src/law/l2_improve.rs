//! AO-L2: ALWAYS improve self or system.

use super::records::{find_in_months, new_decisions, new_sessions, tempered};
use super::substance::{assess, assess_reason};
use super::{Case, Findings, Law, Reads};
use crate::model::canonical::Canonical as _;
use crate::model::decision::{Decision, Fate};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::record::Session;
use crate::model::report::{Finding, Place};
use crate::model::tree::{MAX_STATE_FILE, SightError};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::L2,
    title: "ALWAYS improve self or system",
    rule: "Every session record names at least one improvement of the work or of the system that does it: what to change, \
           its impact, its effort, its priority. What to change has substance. A task that an agent brings to done is named \
           by a session record. From edition 2 of the laws on, a decision about an improvement is about one that a session record \
           of this tree proposes, replaces decisions that are there, and says in its own words why where it drops it.",
    passes: "[[improvement]]\nwhat = \"Run the parser's fuzz target nightly, not only on release branches\"\nimpact = \"medium\"\n\
             effort = \"low\"\npriority = \"medium\"",
    fails: "[[improvement]]\nwhat = \"Improve code quality\"\n\nIt could stand below any change: name the part and what it would bring.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for (path, session) in new_sessions(case)? {
        if session.improvements.is_empty() {
            findings.add(tempered(
                case,
                Finding::new(
                    Place::path(path),
                    "the session record names no improvement",
                    "name one with `agentops session end`: what to change, its impact, effort and priority",
                ),
            ));
            continue;
        }
        let verdicts: Vec<_> = session.improvements.iter().map(|improvement| assess(&improvement.what)).collect();
        if let (false, Some(Err(weakness))) = (verdicts.iter().any(Result::is_ok), verdicts.first()) {
            let message = format!("the improvement {}", weakness.problem());
            findings.add(tempered(case, Finding::new(Place::path(path), message, weakness.remedy())));
        }
    }
    for (path, decision) in new_decisions(case)? {
        if let Some((problem, fix)) = problem_of(case, &path, &decision)? {
            findings.add(tempered(case, Finding::new(Place::path(path), problem, fix)));
        }
    }
    super::done::check_session(case, findings)
}

/// Why a decision decides nothing, and how that is mended.
fn problem_of(
    case: &Case<'_>,
    path: &RepoPath,
    decision: &Decision,
) -> Result<Option<(String, &'static str)>, SightError> {
    let made_up =
        |problem: String| Ok(Some((problem, "let `agentops learn adopt` and `agentops learn drop` write these files")));
    let tree = case.step.next();
    let Decision { session, number, .. } = decision;
    let sessions = RepoPath::from(format!("{}/sessions", layout::namespace(&decision.profile)));
    let record = match find_in_months(tree, &sessions, &format!("{session}.toml"))? {
        Some(record) => tree.file(&record, MAX_STATE_FILE)?,
        None => return made_up(format!("it decides about session `{session}`, of which there is no record")),
    };
    // A record that is malformed is AO-E2's.
    let proposed = record.and_then(|bytes| Session::parse(&bytes).ok()).map(|record| record.improvements.len());
    if proposed.is_some_and(|proposed| proposed < *number as usize) {
        return made_up(format!("it decides about improvement {number} of session `{session}`, which proposes fewer"));
    }
    for replaced in &decision.prev {
        let name = format!("{number}-{}.toml", replaced.short());
        let folder = layout::decisions(&decision.profile, session);
        if tree.entry(&folder.join(name.as_bytes()))?.is_none_or(|_| path.file_name() == name.as_bytes()) {
            return made_up(format!("it replaces the decision {}, which is not there", replaced.short()));
        }
    }
    let weakness = (decision.fate == Fate::Dropped).then(|| assess_reason(&decision.reason).err()).flatten();
    Ok(weakness.map(|weakness| (format!("its reason {}", weakness.problem()), weakness.remedy())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, learning, policy, records, session};
    use crate::model::digest::Digest;
    use crate::model::tree::MemoryTree;

    fn found(session: &Session) -> Vec<String> {
        let step = TestStep::new().after(records([session], [&learning()]));
        step.judge(&LAW, &policy()).list.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_session_names_an_improvement_of_substance() {
        let mut session = session();
        assert_eq!(found(&session), [""; 0]);
        let mut filler = session.improvements[0].clone();
        filler.what = "Improve code quality".into();
        session.improvements.insert(0, filler.clone());
        assert_eq!(found(&session), [""; 0], "one is enough");
        session.improvements = vec![filler];
        assert_eq!(found(&session), ["the improvement could stand below any change"]);
        session.improvements.clear();
        assert_eq!(found(&session), ["the session record names no improvement"]);
    }

    #[test]
    fn a_decision_is_about_an_improvement_that_is_there() {
        let session = session();
        let there = records([&session], [&learning()]);
        let file = |tree: &mut MemoryTree, decision: &Decision| {
            let folder = layout::decisions(&decision.profile, &decision.session);
            tree.put(folder.join(decision.file_name().as_bytes()), decision.print());
        };
        let findings = |decision: &Decision, laws: u32| {
            let (mut policy, mut after) = (policy(), there.clone());
            policy.format.laws = laws;
            file(&mut after, decision);
            let step = TestStep::new().before(there.clone()).after(after);
            step.judge(&LAW, &policy).list
        };
        let found = |decision: &Decision, laws: u32| {
            findings(decision, laws).into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let dropped = crate::law::testing::decision();
        assert_eq!(found(&dropped, 2), [""; 0]);
        let beyond = Decision { number: 2, ..dropped.clone() };
        assert!(found(&beyond, 2)[0].contains("which proposes fewer"));
        assert_eq!(found(&beyond, 1), [""; 0], "edition 1 knows no decisions");
        let strange = Decision { session: learning().id, ..dropped.clone() };
        assert!(found(&strange, 2)[0].contains("of which there is no record"));
        let replacing = Decision { prev: vec![Digest::of(b"nothing")], ..dropped.clone() };
        assert!(found(&replacing, 2)[0].contains("which is not there"));
        let filler = Decision { reason: "TODO".into(), ..dropped };
        assert_eq!(found(&filler, 2), ["its reason is a placeholder"]);
        let fix = |decision: &Decision| findings(decision, 2)[0].fix.clone();
        assert_eq!(fix(&filler), "write the sentence that belongs there");
        assert!(fix(&beyond).contains("agentops learn drop"));
    }
}
