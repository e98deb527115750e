//! AO-P1: the artifacts of a phase are there, and every section of their templates is filled.

use std::collections::BTreeMap;

use crate::law::substance::assess;
use crate::law::{Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::profile::ArtifactKind;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

use super::filled::Filled;
use super::{Artifact, Material, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P1,
    title: "sections filled",
    rule: "Every required artifact of the phase is there, and every artifact that is there holds each `## Section` of its \
           template with a text of its own: what the template brings, comments and filler do not count, and no two \
           sections hold the same text. Sections whose comment starts with `optional:` may be missing or empty.",
    passes: "## Risks\nTokens signed with the old key are refused for up to an hour, until all nodes have the new one.",
    fails: "## Risks\n<!-- what can go wrong, and how it would be noticed -->\n\nThe section holds nothing but its template: \
            write what can go wrong below the heading.",
    reads: Reads::Trees,
    check: |case, findings| live::examine_each(case, LawId::P1, examine, findings),
};

/// Where each text was seen first, to find copies.
type Seen = BTreeMap<String, String>;

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let mut seen = Seen::new();
    for artifact in &material.artifacts {
        if artifact.spec.kind == ArtifactKind::Manifest {
            continue;
        }
        material.missing(artifact, findings);
        // Promises are no prose: AO-P9 reads them.
        if artifact.spec.kind == ArtifactKind::Deliverables {
            continue;
        }
        if artifact.bytes.is_some()
            && let Some(filled) = Filled::read(material, artifact, findings)
        {
            examine_document(material, &filled, &mut seen, findings);
        }
    }
    Ok(())
}

fn examine_document(material: &Material<'_>, filled: &Filled<'_>, seen: &mut Seen, findings: &mut Findings) {
    let artifact = filled.artifact;
    match (&filled.template, &artifact.spec.template) {
        (Some(template), _) => {
            for wanted in template.sections.iter().filter(|section| !section.optional) {
                match filled.document.section(&wanted.heading) {
                    Some(section) => findings.list.extend(filled.weakness(section)),
                    None => {
                        let heading = &wanted.heading;
                        let message = format!("`{}` has no section `## {heading}`", artifact.path);
                        let fix = format!("add `## {heading}` and write what belongs there");
                        findings.add(Finding::new(artifact.place(), message, fix));
                    }
                }
            }
        }
        (None, Some(name)) => {
            let path = layout::template(&material.profile.name, name);
            let message = format!("the template `{path}`, whose sections `{}` must hold, is missing", artifact.path);
            let fix = "put the template back, then run `agentops policy amend`";
            findings.add(Finding::new(Place::path(path), message, fix));
        }
        (None, None) => examine_plain(artifact, findings),
    }
    find_copies(filled, seen, findings);
}

/// Without a template, the document as a whole must say something.
fn examine_plain(artifact: &Artifact<'_>, findings: &mut Findings) {
    let text = artifact.text(findings).unwrap_or_default();
    if let Err(weakness) = assess(text) {
        let message = format!("`{}` {}", artifact.path, weakness.problem());
        findings.add(Finding::new(artifact.place(), message, weakness.remedy()));
    }
}

fn find_copies(filled: &Filled<'_>, seen: &mut Seen, findings: &mut Findings) {
    for section in &filled.document.sections {
        let essence = filled.essence(section);
        // Weak text is a finding already where it matters, and optional sections may all say "none".
        if essence.is_empty() || filled.weakness(section).is_some() {
            continue;
        }
        let name = format!("`## {}` of `{}`", section.heading, filled.artifact.path);
        match seen.get(&essence) {
            Some(first) => findings.add(Finding::new(
                filled.artifact.line(section.line),
                format!("{name} holds the same text as {first}"),
                "write in each section what belongs there",
            )),
            None => {
                seen.insert(essence, name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Gate, shown};
    use super::*;

    const TEMPLATE: &str = "\
# Research: {title}

## Question
<!-- what must be found out -->
For {task}:

## Sources
<!-- what was read -->
- `path:line` — what it shows

## Notes
<!-- optional: anything else -->
";

    const GOOD: &str = "\
# Research: Create new authentication system

## Question
For auth-k3f9:
Which part of the login refuses an expired token, and what does it answer to the caller?

## Sources
- `src/login.rs:10` — where the token is compared
";

    fn judge(text: &str) -> Vec<String> {
        shown(&Gate::research().template("notes", TEMPLATE).with("notes", text).judge(LawId::P1))
    }

    #[test]
    fn filled_sections_pass() {
        assert_eq!(judge(GOOD), [""; 0]);
    }

    #[test]
    fn an_untouched_template_fails_by_section() {
        let filled = TEMPLATE.replace("{title}", "Create new authentication system").replace("{task}", "auth-k3f9");
        for text in [TEMPLATE.to_owned(), filled, TEMPLATE.replace("<!--", "").replace("-->", "")] {
            let found = judge(&text);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].starts_with("3: `## Question` holds"), "{found:?}");
            assert!(found[1].starts_with("7: `## Sources`") && found[1].ends_with("nothing but its template"));
        }
    }

    #[test]
    fn filler_fails_by_section() {
        let text = GOOD
            .replace("Which part of the login refuses an expired token, and what does it answer to the caller?", "TODO")
            .replace("- `src/login.rs:10` — where the token is compared", "various improvements");
        let found = judge(&text);
        assert!(found.len() == 2 && found[0].starts_with("3: ") && found[1].starts_with("7: "), "{found:?}");
        assert!(found[0].contains("is a placeholder"), "{found:?}");
        assert_eq!(judge(&GOOD.replace("where the token is compared", "TODO")).len(), 1, "a source without a reason");
    }

    #[test]
    fn missing_sections_and_files_are_found() {
        let found = judge("## Question\nWhich part of the login refuses an expired token first?\n");
        assert_eq!(found, ["0: `.agentops/dev/research/2026-11-21-auth-k3f9.md` has no section `## Sources`"]);
        let missing = Gate::research().template("notes", TEMPLATE).judge(LawId::P1);
        assert!(missing.list[0].message.contains("is missing"));
        assert!(missing.list[0].fix.contains("`.agentops/dev/templates/notes.md`"), "{}", missing.list[0].fix);
        let mut lost = Gate::research().template("notes", TEMPLATE).with("notes", GOOD);
        lost.templates.clear();
        assert!(shown(&lost.judge(LawId::P1))[0].contains("the template `.agentops/dev/templates/notes.md`"));
        let bytes = Gate::research().template("notes", TEMPLATE).with("notes", b"\xff".to_vec());
        assert!(shown(&bytes.judge(LawId::P1))[0].contains("not UTF-8"));
    }

    #[test]
    fn copies_are_found() {
        let text = GOOD.to_owned()
            + "\n## Notes\nWhich part of the login   refuses an expired token, and what does it answer to the caller?\n";
        let found = judge(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("10: `## Notes`") && found[0].contains("same text as `## Question`"), "{found:?}");
    }

    #[test]
    fn a_document_without_template_must_say_something() {
        let judge = |text: &str| shown(&Gate::research().with("notes", text).judge(LawId::P1)).len();
        assert_eq!(judge("The login compares the token before it reads the session."), 0);
        assert_eq!(judge("TODO"), 1);
    }
}
