//! AO-L2: ALWAYS improve self or system.

use super::records::{new_sessions, tempered};
use super::substance::assess;
use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::L2,
    title: "ALWAYS improve self or system",
    rule: "Every session record names at least one improvement of the work or of the system that does it: what to change, \
           its impact, its effort, its priority. What to change has substance. A task that an agent brings to done is named \
           by a session record.",
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
    super::done::check_session(case, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, learning, policy, records, session};
    use crate::model::record::Session;

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
}
