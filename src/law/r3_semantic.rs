//! AO-R3: semantic commits.

use super::exempt::is_exempt;
use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::message::{Message, SubjectKind, without_forge_suffix};
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::R3,
    title: "semantic commits",
    rule: "The subject reads `type(scope)!: subject`; scope and `!` are optional, the type is one of the config's. It has at \
           most 72 characters, a forge's ` (#123)` not counted, no full stop at its end, and an empty line after it. What \
           git writes itself is accepted: `Revert \"…\"` and `Reapply \"…\"` with `This reverts commit` below, and the \
           subject of a clean merge. `fixup!`, `squash!` and `amend!` are fine on branches and refused in the step onto a \
           protected one.",
    passes: "fix(parser)!: refuse a byte order mark inside a file (#123)",
    fails: "Fixed the parser.\n\nWrite `fix(parser): …`: a type, a colon, a space, and no full stop.",
    reads: Reads::Messages,
    check,
};

/// Characters of a subject, as the usual tools show them without cutting.
const LIMIT: usize = 72;

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for (index, (message, commit)) in case.messages().iter().zip(case.step.commits()).enumerate() {
        let mut problems = problems(message, &case.policy.config.types, case.onto_protected);
        if !commit.message_is_text {
            problems.push((
                "the message is not UTF-8 and names no encoding".into(),
                "set `i18n.commitEncoding` to what your editor writes, or write UTF-8".into(),
            ));
        }
        if problems.is_empty() || is_exempt(case, index, LawId::R3)? {
            continue;
        }
        for (problem, fix) in problems {
            let place = Place::message(commit.id, message.subject_line.max(1));
            findings.add(Finding::new(place, problem, fix));
        }
    }
    Ok(())
}

/// Pairs of what is wrong and how to mend it.
fn problems(message: &Message, types: &[String], onto_protected: bool) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let subject = message.subject.as_str();
    match (message.kind, &message.header) {
        (SubjectKind::Revert | SubjectKind::Reapply, _) => return problems,
        (SubjectKind::Autosquash, _) => {
            if onto_protected {
                problems.push((
                    format!("`{}` is still to be folded into another commit", first_word(subject)),
                    "run `git rebase -i --autosquash` before this lands".into(),
                ));
            }
            return problems;
        }
        (_, None) => problems.push(without_header(subject, message.kind, types)),
        (_, Some(header)) => {
            if !types.contains(&header.kind) {
                problems.push((
                    format!("`{}` is no commit type of this repository", header.kind),
                    nearest(&header.kind, types),
                ));
            }
            if without_forge_suffix(subject).ends_with(':') {
                problems
                    .push(("nothing stands after the type".into(), "say what the commit does, in a few words".into()));
            }
        }
    }
    let counted = without_forge_suffix(subject);
    let length = if counted.len() > LIMIT { counted.chars().count() } else { 0 };
    if length > LIMIT {
        problems.push((
            format!("the subject has {length} characters; {LIMIT} are allowed"),
            "shorten it; details belong in the body".into(),
        ));
    }
    if counted.ends_with('.') {
        problems.push(("the subject ends in a full stop".into(), "take the full stop away".into()));
    }
    if !message.subject_stands_alone {
        problems.push((
            "no empty line follows the subject, so git takes the next line for a part of it".into(),
            "put an empty line after the subject".into(),
        ));
    }
    problems
}

fn without_header(subject: &str, kind: SubjectKind, types: &[String]) -> (String, String) {
    if subject.is_empty() {
        return ("the message is empty".into(), "write `type: subject`".into());
    }
    if kind == SubjectKind::Merge {
        let fix = "write e.g. `chore(merge): …` and say in the sections what the conflict was about";
        return (
            "this is git's subject for a merge, and does not say what the commit itself changes".into(),
            fix.into(),
        );
    }
    if subject.starts_with("Revert \"") || subject.starts_with("Reapply \"") {
        let fix = "keep git's line `This reverts commit <id>.`, or write `revert: …`";
        return ("a revert does not name what it reverts".into(), fix.into());
    }
    let fix = format!("begin with one of the types {}, then `: ` and the subject", types.join(", "));
    ("the subject does not read `type(scope): subject`".into(), fix)
}

/// The types to choose from, the likely one first.
fn nearest(kind: &str, types: &[String]) -> String {
    let kind = kind.to_lowercase();
    let likely =
        types.iter().map(|known| (strsim::jaro_winkler(&kind, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = likely.filter(|(score, _)| *score > 0.75).map(|(_, known)| format!("did you mean `{known}`? "));
    format!("{}the types are {}", hint.unwrap_or_default(), types.join(", "))
}

fn first_word(subject: &str) -> &str {
    subject.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, policy, tree};

    fn found(message: &str) -> Vec<String> {
        let findings = TestStep::new().commit(message).judge(&LAW, &policy());
        findings.list.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_passes() {
        let long = format!("feat: {} (#12345)", "x".repeat(66));
        for message in [
            "feat: x",
            "fix(parser)!: y",
            LAW.passes,
            &long,
            "Revert \"feat: x\"\n\nThis reverts commit abc.",
            "fixup! feat: x",
            "docs: größer und schöner, aber kurz genug für zweiundsiebzig Zeichen äöü",
        ] {
            assert_eq!(found(message), [""; 0], "{message}");
        }
    }

    #[test]
    fn what_fails() {
        for (message, problem) in [
            ("", "the message is empty"),
            ("Fixed the parser", "the subject does not read"),
            ("feat:x", "the subject does not read"),
            ("feta: x", "`feta` is no commit type"),
            ("feat:  (#12)", "nothing stands after"),
            ("feat: x.", "ends in a full stop"),
            ("feat: x\ny", "no empty line follows"),
            ("Revert \"feat: x\"\n\nIt broke.", "does not name what it reverts"),
            ("Merge branch 'a'", "this is git's subject for a merge"),
        ] {
            let found = found(message);
            assert_eq!(found.len(), 1, "{message}: {found:?}");
            assert!(found[0].contains(problem), "{message}: {found:?}");
        }
        assert_eq!(found(&format!("feat: {}", "x".repeat(67))), ["the subject has 73 characters; 72 are allowed"]);
        let typo = TestStep::new().commit("feta: x").judge(&LAW, &policy());
        assert!(typo.list[0].fix.starts_with("did you mean `feat`?"));
    }

    #[test]
    fn merges_and_what_is_to_be_folded() {
        let policy = policy();
        let clean = TestStep::new().commit("Merge branch 'a'").merging(tree(&[]), true);
        assert_eq!(clean.judge(&LAW, &policy).list, []);
        let fixup = TestStep::new().commit("fixup! feat: x");
        let mut case = fixup.case(&policy);
        case.onto_protected = true;
        let mut findings = Findings::default();
        check(&case, &mut findings).unwrap();
        assert_eq!(findings.list.len(), 1);
    }
}
