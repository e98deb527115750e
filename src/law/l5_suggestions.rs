//! AO-L5: ALWAYS guide with workflow suggestions.

use super::records::{new_sessions, tempered};
use super::substance::assess_reason;
use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::record::Suggestions;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::L5,
    title: "ALWAYS guide with workflow suggestions",
    rule: "A session ends with suggestions for what to do next, up to six, and a human chooses one or none; nothing starts by \
           itself. The session record keeps the suggestions as they were shown, each once and each a command of agentops or saying something, and \
           the choice: the words of one of them, or `none`.",
    passes: "[suggestions]\nshown = [\"Submit task auth-k3f9 for review\", \"Profile the parser on large files\"]\nchoice = \"none\"",
    fails: "[suggestions]\nshown = [\"Continue\", \"Continue\"]\nchoice = \"Something else\"\n\n`agentops session suggest` makes \
            suggestions from the state of the tasks.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for (path, session) in new_sessions(case)? {
        for message in problems(&session.suggestions) {
            let fix = "`agentops session suggest` makes suggestions, `agentops session end` keeps the choice";
            findings.add(tempered(case, Finding::new(Place::path(path.clone()), message, fix)));
        }
    }
    Ok(())
}

fn problems(suggestions: &Suggestions) -> Vec<String> {
    let shown = &suggestions.shown;
    let mut problems = Vec::new();
    if !(1..=6).contains(&shown.len()) {
        problems.push(format!("the session record keeps {} suggestions; 1 to 6 are shown", shown.len()));
    }
    for (index, line) in shown.iter().enumerate() {
        // A command says enough, whatever the task is called that it is about.
        let is_command = line.starts_with("agentops ");
        if let (false, Err(weakness)) = (is_command, assess_reason(line)) {
            problems.push(format!("suggestion {} {}", index + 1, weakness.problem()));
        } else if shown[..index].iter().any(|earlier| earlier.eq_ignore_ascii_case(line)) {
            problems.push(format!("suggestion {} was shown twice", index + 1));
        }
    }
    if suggestions.choice != "none" && !shown.contains(&suggestions.choice) {
        problems.push(format!("the choice `{}` is neither one of the suggestions nor `none`", suggestions.choice));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, learning, policy, records, session};

    fn found(shown: &[&str], choice: &str) -> Vec<String> {
        let mut session = session();
        session.suggestions.shown = shown.iter().map(|line| (*line).to_owned()).collect();
        session.suggestions.choice = choice.to_owned();
        let step = TestStep::new().after(records([&session], [&learning()]));
        step.judge(&LAW, &policy()).list.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn suggestions_and_choice() {
        let real = ["Submit task auth-k3f9 for review", "agentops phase next auth-k3f9"];
        assert_eq!(found(&real, "none"), [""; 0]);
        assert_eq!(found(&real, real[1]), [""; 0]);
        for (title, id) in
            [("Month edge", "month-edge-rsts"), ("WIP", "wip-jjjj"), ("Improve code", "improve-code-fghj")]
        {
            let line = format!("agentops phase next {id}: “{title}” is at work in phase research");
            assert_eq!(found(&[&line], "none"), [""; 0], "whatever people call their tasks");
        }
        assert_eq!(found(&[], "none"), ["the session record keeps 0 suggestions; 1 to 6 are shown"]);
        assert_eq!(found(&[real[0], real[0]], "none"), ["suggestion 2 was shown twice"]);
        assert_eq!(found(&["Continue"], "none"), ["suggestion 1 could stand below any change"]);
        assert_eq!(found(&real, "rest"), ["the choice `rest` is neither one of the suggestions nor `none`"]);
        assert_eq!(found(&real, "").len(), 1);
    }
}
