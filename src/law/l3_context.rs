//! AO-L3: ALWAYS document context.

use super::exempt::is_exempt;
use super::l1_learnings::LEARNING;
use super::records::tempered;
use super::substance::{Sketch, Weakness, Wording, assess};
use super::{Case, Findings, Law, Reads, for_each_of_many};
use crate::model::commit::Commit;
use crate::model::law_id::LawId;
use crate::model::message::{Message, Section};
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::L3,
    title: "ALWAYS document context",
    rule: "Every commit message has the configured sections, `Context:`, `Solution:`, `Learning:` and `Impact:` unless the \
           config names others. Each stands at the beginning of a line, says something, and says something else than the \
           other sections. In the body of a squash any complete set suffices. `## Context` is no section: git deletes \
           lines that begin with `#`. Clean merges, commits that change nothing but state, commits still to be folded \
           into others, and exempted bots are left alone.",
    passes: "fix(upload): write beside the target\n\nContext: Uploads above 2 GB failed when /tmp was another disk.\n\
             Solution: Create the temporary file in the folder of its target.\n\
             Learning: `rename(2)` is atomic only within one file system.\n\
             Impact: Large uploads work again; the target's disk needs room for two copies.",
    fails: "fix(upload): write beside the target\n\n## Context\nSee above.\n\nThe token must stand alone at the beginning of the \
            line, `Context: …`, and the text must say here what was the matter.",
    reads: Reads::Messages,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let tokens = &case.policy.config.sections;
    let is_known = |commit: &Commit| case.read_off.is_some_and(|read_off| read_off.is_complete(commit.id));
    let known = case.step.commits().iter().map(is_known);
    let unread: Vec<(&Message, bool)> = case.messages().iter().zip(known).collect();
    let problems = for_each_of_many(&unread, |(message, is_complete)| {
        let problems = if *is_complete { Vec::new() } else { problems(message, tokens) };
        (*message, *is_complete, problems)
    });
    for (index, ((message, is_known, problems), commit)) in problems.into_iter().zip(case.step.commits()).enumerate() {
        if problems.is_empty() {
            if let Some(read_off) = case.read_off.filter(|_| !is_known) {
                read_off.note_complete(commit.id);
            }
            continue;
        }
        if is_exempt(case, index, LawId::L3)? {
            continue;
        }
        for problem in problems {
            let finding = problem.finding(message, &commit.message).at(commit.id);
            // That a section is there at all is no matter of wording.
            findings.add(if matches!(problem, Problem::Missing(_)) { finding } else { tempered(case, finding) });
        }
    }
    Ok(())
}

/// What keeps a message's sections from being complete.
#[derive(Debug, PartialEq)]
enum Problem<'a> {
    Missing(Vec<&'a str>),
    Weak(&'a Section, Weakness),
    Same(&'a Section, &'a Section),
}

/// The problems of the message: none when any set of its sections is complete, otherwise those of the one that lacks least.
fn problems<'a>(message: &'a Message, tokens: &'a [String]) -> Vec<Problem<'a>> {
    let mut best = None;
    // An ordinary message is one piece; a squash has one for each commit, and its own.
    let mut pieces = message.sections.chunk_by(|one, other| one.piece == other.piece);
    let first = pieces.next().unwrap_or_default();
    for piece in std::iter::once(first).chain(pieces) {
        let problems = problems_of(piece, tokens);
        // Squashes that nobody can take apart repeat their sections.
        if problems.is_empty() || has_complete_set(piece, tokens) {
            return Vec::new();
        }
        let lacks = |problems: &[Problem<'_>]| match problems.first() {
            Some(Problem::Missing(tokens)) => (tokens.len(), problems.len()),
            _ => (0, problems.len()),
        };
        if best.as_deref().is_none_or(|best| lacks(&problems) < lacks(best)) {
            best = Some(problems);
        }
    }
    best.unwrap_or_default()
}

fn has_complete_set(sections: &[Section], tokens: &[String]) -> bool {
    if sections.len() <= tokens.len() {
        return false;
    }
    let mut start = 0;
    for end in 1..=sections.len() {
        let set = &sections[start..end];
        let next = sections.get(end);
        if next.is_none_or(|next| set.iter().any(|section| section.token == next.token)) {
            if problems_of(set, tokens).is_empty() {
                return true;
            }
            start = end;
        }
    }
    false
}

fn problems_of<'a>(sections: &'a [Section], tokens: &'a [String]) -> Vec<Problem<'a>> {
    let mut problems = Vec::new();
    let mut missing = Vec::new();
    let mut sound: Vec<(&Section, Sketch)> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let mut weak = None;
        let mut own = sections.iter().filter(|section| section.token == *token);
        let found = own.find(|section| match substance(section) {
            Ok(()) => true,
            Err(weakness) => {
                weak.get_or_insert(Problem::Weak(section, weakness));
                false
            }
        });
        match (found, weak) {
            (Some(section), _) => sound.push((section, Sketch::of(&section.text))),
            (None, Some(weak)) => problems.push(weak),
            (None, None) => missing.push(token.as_str()),
        }
    }
    for (index, (later, sketch)) in sound.iter().enumerate() {
        let is_same = |earlier: &Section| Wording::of(&earlier.text).is_same(&Wording::of(&later.text));
        let same = sound[..index].iter().find(|(earlier, other)| other.is_near(sketch) && is_same(earlier));
        problems.extend(same.map(|(earlier, _)| Problem::Same(earlier, later)));
    }
    if !missing.is_empty() {
        problems.insert(0, Problem::Missing(missing));
    }
    problems
}

/// Whether a section says something. The learning's substance is AO-L1's matter: it may be `N/A` with a reason.
fn substance(section: &Section) -> Result<(), Weakness> {
    if section.token == LEARNING && !section.text.is_empty() {
        return Ok(());
    }
    if section.text.eq_ignore_ascii_case(&section.token) {
        return Err(Weakness::Placeholder);
    }
    assess(&section.text)
}

/// A finding still without its commit.
struct Draft {
    line: usize,
    message: String,
    fix: String,
}

impl Draft {
    fn at(self, commit: Option<crate::model::digest::ObjectId>) -> Finding {
        Finding::new(Place::message(commit, self.line), self.message, self.fix)
    }
}

impl Problem<'_> {
    fn finding(&self, message: &Message, text: &str) -> Draft {
        match self {
            Self::Missing(tokens) => {
                let list = tokens.iter().map(|token| format!("`{token}:`")).collect::<Vec<_>>().join(", ");
                let lookalike = tokens.iter().find_map(|token| {
                    // In a squash, another commit may have what this one lacks.
                    let found = lookalike(text, token)?;
                    message.sections.iter().all(|section| section.line != found.0).then_some(found)
                });
                let fix = match lookalike {
                    Some((_, seen, token)) => format!(
                        "write `{token}: …` at the beginning of the line instead of `{seen}`; git deletes lines that \
                         begin with `#`"
                    ),
                    None => format!("add a line for each: {}", tokens.join(": …, ") + ": …"),
                };
                let line = lookalike.map_or(message.subject_line.max(1), |(line, ..)| line);
                let noun = if tokens.len() == 1 { "the section" } else { "the sections" };
                Draft { line, message: format!("{noun} {list} {} missing", are(tokens.len())), fix }
            }
            Self::Weak(section, weakness) => Draft {
                line: section.line,
                message: format!("`{}:` {}", section.token, weakness.problem()),
                fix: weakness.remedy().to_owned(),
            },
            Self::Same(earlier, later) => Draft {
                line: later.line,
                message: format!("`{}:` says the same as `{}:`", later.token, earlier.token),
                fix: "let each section answer its own question: what was the matter, what was done, what was learned, \
                      what is different now"
                    .into(),
            },
        }
    }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// A line that was probably meant as the section `token`: a heading, bold, another case.
fn lookalike<'a>(text: &'a str, token: &'a str) -> Option<(usize, &'a str, &'a str)> {
    text.lines().enumerate().find_map(|(index, line)| {
        let line = line.trim();
        let word = line.trim_start_matches(['#', '*', '-', '_', ' ']);
        let rest = word.get(token.len()..)?;
        let is_marked = word.len() < line.len() || rest.starts_with(':');
        let is_end = rest.trim_start_matches(['*', '_']).chars().next().is_none_or(|next| next == ':');
        let is_heading = line.starts_with('#') && rest.starts_with(' ');
        let is_token = word[..token.len()].eq_ignore_ascii_case(token);
        let seen = &line[..line.len() - rest.len()];
        (is_token && is_marked && (is_end || is_heading)).then_some((index + 1, seen, token))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, policy, tree};

    const GOOD: &str = "fix(upload): write beside the target

Context: Uploads above 2 GB failed when /tmp was another disk.
Solution: Create the temporary file in the folder of its target.
Learning: `rename(2)` is atomic only within one file system.
Impact: Large uploads work again; the target's disk needs room for two copies.
";

    fn found(message: &str) -> Vec<(usize, String)> {
        let findings = TestStep::new().commit(message).judge(&LAW, &policy());
        findings.list.into_iter().map(|finding| (finding.place.line.unwrap(), finding.message)).collect()
    }

    #[test]
    fn four_sections_of_substance() {
        assert_eq!(found(GOOD), []);
        assert_eq!(found(LAW.passes), []);
        assert_eq!(
            found("fix: a"),
            [(1, "the sections `Context:`, `Solution:`, `Learning:`, `Impact:` are missing".into())]
        );
        let weak = GOOD.replace("Uploads above 2 GB failed when /tmp was another disk.", "See above.");
        assert_eq!(found(&weak), [(3, "`Context:` points elsewhere".into())]);
        let optional = GOOD.replace("`rename(2)` is atomic only within one file system.", "N/A");
        assert_eq!(found(&optional), [], "what the learning says is judged by AO-L1");
        assert_eq!(found(&GOOD.replace("`rename(2)` is atomic only within one file system.", "")).len(), 1);
    }

    #[test]
    fn headings_are_no_sections_and_are_named() {
        let findings = TestStep::new().commit(&GOOD.replace("Context:", "## Context")).judge(&LAW, &policy());
        assert_eq!(findings.list[0].place.line, Some(3));
        assert!(findings.list[0].fix.contains("instead of `## Context`"), "{}", findings.list[0].fix);
        assert_eq!(found(&GOOD.replace("Context:", "**Context:**"))[0].0, 3);
        assert_eq!(found(&GOOD.replace("Impact:", "impact:"))[0].0, 6);
    }

    #[test]
    fn sections_differ() {
        let same = GOOD.replace(
            "Large uploads work again; the target's disk needs room for two copies.",
            "Uploads above 2 GB failed, when /tmp was another disk",
        );
        assert_eq!(found(&same), [(6, "`Impact:` says the same as `Context:`".into())]);
    }

    #[test]
    fn any_complete_set_of_a_squash_suffices() {
        let squash = format!(
            "feat: all\n\n* fix: one\n\nContext: TODO\n\nImpact: none\n\n* {GOOD}\n* fix: three\n\nLearning: ...\n"
        );
        assert_eq!(found(&squash), []);
        // Taken together the sections collide; the second commit's own set does not.
        let again = "Create the temporary file in the folder of its target.";
        let colliding = format!("feat: all\n\n* fix: one\n\nContext: {again}\n\n* {GOOD}");
        assert_eq!(found(&colliding), []);
        let incomplete = squash.replace("Solution: Create", "Create");
        assert_eq!(found(&incomplete), [(1, "the section `Solution:` is missing".into())]);
    }

    #[test]
    fn half_a_set_in_each_of_two_commits_is_none() {
        let (first, second) = GOOD.split_at(GOOD.find("Learning:").unwrap());
        let squash = format!("feat: all\n\n* {first}\n* fix: the rest\n\n{second}");
        assert_eq!(found(&squash), [(1, "the sections `Learning:`, `Impact:` are missing".into())]);
        let repeated = GOOD.replace("Learning:", "Solution: Remove it when the copy fails half-way.\nLearning:");
        assert_eq!(found(&repeated), [], "two paragraphs of one section are no two sets");
    }

    #[test]
    fn exempt_commits_are_left_alone() {
        let merge = TestStep::new().commit("Merge branch 'a'").merging(tree(&[]), true);
        assert_eq!(merge.judge(&LAW, &policy()).list, []);
        let edited = TestStep::new().commit("Merge branch 'a'").merging(tree(&[]), false);
        assert_eq!(edited.judge(&LAW, &policy()).list.len(), 1);
        assert_eq!(found("squash! fix: a"), []);
    }
}
