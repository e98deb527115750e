//! AO-P3: research extracts a pattern that the next phases can use.

use crate::law::{Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::profile::ArtifactKind;
use crate::model::report::Finding;
use crate::model::tree::SightError;

use super::filled::Filled;
use super::{Material, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P3,
    title: "a pattern extracted",
    rule: "The research has a section `## Pattern` that says in its own words what the findings have in common, or which \
           existing solution to follow. A copy of another section is none.",
    passes: "## Pattern\nEvery handler reads the session through `Guard`, so a check there covers all routes at once.",
    fails: "## Pattern\nN/A\n\nThe section says nothing: name what the sources have in common, or the place in the code that \
            already solves a problem like this.",
    reads: Reads::Trees,
    check: |case, findings| live::examine_each(case, LawId::P3, examine, findings),
};

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for artifact in material.present(ArtifactKind::Research, findings) {
        let Some(filled) = Filled::read(material, artifact, findings) else { continue };
        let Some(section) = filled.document.section("Pattern") else {
            let message = format!("`{}` has no section `## Pattern`", artifact.path);
            let fix = "add it: what the findings have in common, or which existing solution to follow";
            findings.add(Finding::new(artifact.place(), message, fix));
            continue;
        };
        if let Some(weakness) = filled.weakness(section) {
            findings.add(weakness);
            continue;
        }
        let essence = filled.essence(section);
        let copied =
            filled.document.sections.iter().find(|other| !other.is("Pattern") && filled.essence(other) == essence);
        if let Some(other) = copied {
            let message = format!("`## Pattern` holds the same text as `## {}`", other.heading);
            let fix = "say what the findings have in common, or which existing solution to follow";
            findings.add(Finding::new(artifact.line(section.line), message, fix));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Gate, shown};
    use super::*;

    const PATTERN: &str =
        "Every handler reads the session through `Guard`, so a check there covers all routes at once.";

    fn judge(text: &str) -> Vec<String> {
        shown(&Gate::research().with("notes", text).judge(LawId::P3))
    }

    #[test]
    fn a_pattern_passes() {
        assert_eq!(judge(&format!("## Findings\nThree.\n## Pattern\n{PATTERN}\n")), [""; 0]);
    }

    #[test]
    fn no_pattern_filler_and_copies_are_found() {
        assert!(judge("## Findings\nThree.\n")[0].contains("has no section `## Pattern`"));
        assert!(judge("## Pattern\n<!-- what is common -->\n")[0].contains("is empty"));
        assert!(judge("## Pattern\nN/A\n")[0].starts_with("1: "));
        let copy = judge(&format!("## Findings\n{PATTERN}\n## Pattern\n{PATTERN}\n"));
        assert_eq!(copy, ["3: `## Pattern` holds the same text as `## Findings`"]);
    }
}
