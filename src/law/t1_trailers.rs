//! AO-T1: honest trailers.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::actor::{ASSISTED_BY, agents, is_agent_email, name_and_email};
use super::exempt::is_exempt;
use super::records::tempered;
use super::waiver;
use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::message::{Message, Trailer};
use crate::model::name::TaskId;
use crate::model::path::RepoPath;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::T1,
    title: "honest trailers",
    rule: "An agent never adds `Signed-off-by:`, which is a person's word before the law. A commit that an agent made or \
           helped to make under a person's name carries `Assisted-by:`. `Agentops-Task:` names a task that exists, \
           `Agentops-Event:` an event of that task, `Agentops-Waive:` a law that can be waived and a reason.",
    passes: "Assisted-by: Claude:opus\nAgentops-Task: auth-k3f9\nAgentops-Event: auth-k3f9 0003-spec-waiting",
    fails: "Co-authored-by: Claude <noreply@anthropic.com>\nSigned-off-by: Claude <noreply@anthropic.com>\n\nTake the second line \
            away, and add `Assisted-by: Claude`.",
    reads: Reads::Both,
    check,
};

const SIGNED_OFF_BY: &str = "Signed-off-by";
const TASK: &str = "Agentops-Task";
const EVENT: &str = "Agentops-Event";

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let messages = case.messages();
    let events = Events { case, profiles: RefCell::default(), tasks: RefCell::default() };
    let mut waivers = waiver::read(messages).into_iter().filter_map(Result::err).peekable();
    for (index, message) in messages.iter().enumerate() {
        let mut problems: Vec<(usize, String, String)> = Vec::new();
        let mut disagreements: Vec<(usize, String, String)> = Vec::new();
        while let Some(bad) = waivers.next_if(|bad| bad.commit_index == index) {
            problems.push((bad.line, bad.problem, waiver::FORM.to_owned()));
        }
        if !message.trailers.is_empty() {
            check_people(case, index, message, &mut problems);
            for trailer in message.trailers_named(TASK) {
                disagreements.extend(events.problem_of_task(trailer)?);
            }
            for trailer in message.trailers_named(EVENT) {
                disagreements.extend(events.problem_of_event(trailer)?);
            }
        }
        if problems.is_empty() && disagreements.is_empty() || is_exempt(case, index, LawId::T1)? {
            continue;
        }
        let commit = case.step.commits()[index].id;
        let finding = |(line, problem, fix)| Finding::new(Place::message(commit, line), problem, fix);
        findings.list.extend(problems.into_iter().map(finding));
        // A commit may name a task that a later commit of its landing opens; cut into commits, it is not there yet.
        findings.list.extend(disagreements.into_iter().map(finding).map(|finding| tempered(case, finding)));
    }
    Ok(())
}

fn check_people(case: &Case<'_>, index: usize, message: &Message, problems: &mut Vec<(usize, String, String)>) {
    let config = &case.policy.config;
    let is_agents_own = is_agent_email(config, &case.step.commits()[index].author.email);
    for trailer in message.trailers_named(SIGNED_OFF_BY) {
        if is_agents_own || is_agent_email(config, name_and_email(&trailer.value).1) {
            problems.push((
                trailer.line,
                format!("an agent added `{SIGNED_OFF_BY}: {}`", trailer.value),
                "take the line away: only a person can certify the origin of a change".into(),
            ));
        }
    }
    if is_agents_own || message.trailers_named(ASSISTED_BY).next().is_some() {
        return;
    }
    if let Some((trailer, _)) = agents(config, message).next() {
        let name = name_and_email(&trailer.value).0;
        problems.push((
            trailer.line,
            format!("`{}` helped with a commit under a person's name, and no `{ASSISTED_BY}:` says so", name),
            format!("add the line `{ASSISTED_BY}: {name}`"),
        ));
    }
}

/// The tasks and events of M, looked up once each.
struct Events<'c, 'p> {
    case: &'c Case<'p>,
    profiles: RefCell<Option<Vec<RepoPath>>>,
    tasks: RefCell<BTreeMap<TaskId, Vec<String>>>,
}

type Problem = Option<(usize, String, String)>;

impl Events<'_, '_> {
    /// The names of the task's event files; none where there is no such task.
    fn of(&self, task: &TaskId) -> Result<Vec<String>, SightError> {
        if let Some(known) = self.tasks.borrow().get(task) {
            return Ok(known.clone());
        }
        let tree = self.case.step.next();
        if self.profiles.borrow().is_none() {
            let root = RepoPath::from(layout::ROOT);
            let folders = tree.list(&root)?.into_iter().filter(|entry| entry.mode == crate::model::tree::Mode::Tree);
            *self.profiles.borrow_mut() = Some(folders.map(|entry| root.join(&entry.name)).collect());
        }
        let mut names = Vec::new();
        for profile in self.profiles.borrow().iter().flatten() {
            for entry in tree.list(&profile.join(b"events").join(task.as_str().as_bytes()))? {
                names.push(String::from_utf8_lossy(&entry.name).into_owned());
            }
        }
        self.tasks.borrow_mut().insert(task.clone(), names.clone());
        Ok(names)
    }

    fn problem_of_task(&self, trailer: &Trailer) -> Result<Problem, SightError> {
        let problem = match TaskId::parse(&trailer.value) {
            Err(error) => error.to_string(),
            Ok(task) if self.of(&task)?.is_empty() => format!("there is no task `{task}`"),
            Ok(_) => return Ok(None),
        };
        let fix = "name a task that `agentops task list` shows, or take the line away";
        Ok(Some((trailer.line, problem, fix.to_owned())))
    }

    fn problem_of_event(&self, trailer: &Trailer) -> Result<Problem, SightError> {
        let parts: Vec<&str> = trailer.value.split_whitespace().collect();
        let task = parts.first().and_then(|task| TaskId::parse(task).ok());
        let problem = match (task, parts.as_slice()) {
            (Some(task), [_, name]) if name.bytes().filter(|byte| *byte == b'-').count() == 2 => {
                let start = format!("{name}-");
                if self.of(&task)?.iter().any(|file| file.starts_with(&start)) {
                    return Ok(None);
                }
                format!("task `{task}` has no event `{name}`")
            }
            _ => format!("`{}` does not name an event", trailer.value),
        };
        let fix = "write `Agentops-Event: <task> <seq>-<phase>-<status>` as `agentops phase log` shows it, or take the line \
                   away";
        Ok(Some((trailer.line, problem, fix.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{ALICE, CLAUDE, TestStep, event, policy, tree};

    fn found_by(email: &str, trailers: &str) -> Vec<(String, String)> {
        let (path, text) = event("auth-k3f9", &[]);
        let message = format!("feat: x\n\n{trailers}\n");
        let step = TestStep::new().after(tree(&[(&path, &text)])).commit(&message).by("Someone", email);
        step.judge(&LAW, &policy()).list.into_iter().map(|finding| (finding.message, finding.fix)).collect()
    }

    fn found(trailers: &str) -> Vec<String> {
        found_by(ALICE, trailers).into_iter().map(|(message, _)| message).collect()
    }

    #[test]
    fn agents_do_not_sign_off() {
        assert_eq!(found("Signed-off-by: Alice <alice@example.org>"), [""; 0]);
        assert_eq!(found("Assisted-by: Claude:opus\nSigned-off-by: Alice <alice@example.org>"), [""; 0]);
        assert_eq!(found(&format!("Assisted-by: Claude\nSigned-off-by: Claude <{CLAUDE}>")).len(), 1);
        assert_eq!(found("Assisted-by: Claude\nSigned-off-by: Claude <noreply@anthropic.com>").len(), 1);
        assert_eq!(found_by(CLAUDE, "Signed-off-by: Alice <alice@example.org>").len(), 1);
    }

    #[test]
    fn help_is_named() {
        let aider = found_by(ALICE, "Co-authored-by: aider (some-model) <aider@aider.chat>");
        assert_eq!(aider[0].1, "add the line `Assisted-by: aider (some-model)`");
        assert_eq!(found("Co-authored-by: aider (m) <aider@aider.chat>\nAssisted-by: aider:m"), [""; 0]);
        assert_eq!(found("Co-authored-by: Bob <bob@example.org>"), [""; 0]);
        assert_eq!(found_by(CLAUDE, "Co-authored-by: Claude <noreply@anthropic.com>"), []);
    }

    #[test]
    fn trailers_agree_with_events() {
        assert_eq!(found("Agentops-Task: auth-k3f9\nAgentops-Event: auth-k3f9 0001-research-working"), [""; 0]);
        assert_eq!(found("Agentops-Task: auth-zzzz"), ["there is no task `auth-zzzz`"]);
        assert!(found("Agentops-Task: Auth")[0].contains("is not a task id"));
        assert_eq!(
            found("Agentops-Event: auth-k3f9 0002-spec-working"),
            ["task `auth-k3f9` has no event `0002-spec-working`"]
        );
        assert_eq!(found("Agentops-Event: auth-k3f9 0001"), ["`auth-k3f9 0001` does not name an event"]);
        assert_eq!(found("Agentops-Event: auth-k3f9").len(), 1);
    }

    #[test]
    fn malformed_waivers_are_named() {
        assert_eq!(found("Agentops-Waive: AO-L1 vendored sources of zlib"), [""; 0]);
        assert_eq!(found("Agentops-Waive: AO-E1 vendored sources of zlib"), ["AO-E1 cannot be waived"]);
    }
}
