//! AO-P5: a plan says how it is proved, in which order, at which risk, and how it is undone.

use crate::law::{Findings, Law, Reads};
use crate::model::document::Document;
use crate::model::law_id::LawId;
use crate::model::plan::{Plan, SelectedCommand};
use crate::model::profile::ArtifactKind;
use crate::model::report::Finding;
use crate::model::tree::SightError;

use super::filled::Filled;
use super::{Artifact, Material, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P5,
    title: "tests, order, risks, rollback",
    rule: "The plan has a section `## Tests` with at least one item that starts with `run` and names a command of the \
           profile in backticks; paths may follow in backticks where the command takes paths. It has sections `## Order`, \
           `## Risks` and `## Rollback`, each with a text of its own.",
    passes: "## Tests\n- run `test` `tests/login.rs` — a wrong token is refused\n\n## Rollback\nRevert the commit; no data was \
             migrated, so the old binary reads every session.",
    fails: "## Tests\nTested by hand.\n\nNo command is named: write `- run` and a command of the profile in backticks, which \
            `agentops profile show` lists.",
    reads: Reads::Trees,
    check: |case, findings| live::examine_each(case, LawId::P5, examine, findings),
};

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for artifact in material.present(ArtifactKind::Plan, findings) {
        let Some(filled) = Filled::read(material, artifact, findings) else { continue };
        examine_tests(material, artifact, &filled.document, findings);
        for heading in ["Order", "Risks", "Rollback"] {
            match filled.document.section(heading) {
                Some(section) => findings.list.extend(filled.weakness(section)),
                None => {
                    let message = format!("`{}` has no section `## {heading}`", artifact.path);
                    let fix = format!("add `## {heading}` and write what belongs there");
                    findings.add(Finding::new(artifact.place(), message, fix));
                }
            }
        }
    }
    Ok(())
}

fn examine_tests(material: &Material<'_>, artifact: &Artifact<'_>, document: &Document, findings: &mut Findings) {
    let plan = Plan::of(document);
    let known: Vec<String> = material.profile.commands.keys().map(|name| format!("`{name}`")).collect();
    let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    let how = format!("write `- run` and a command of the profile in backticks; it has {known}");
    for problem in &plan.test_problems {
        findings.add(Finding::new(artifact.line(problem.line), problem.message.clone(), how.clone()));
    }
    if plan.tests.is_empty() && plan.test_problems.is_empty() {
        let place = document.section("Tests").map_or(artifact.place(), |section| artifact.line(section.line));
        let message = format!("`{}` names no command below `## Tests`", artifact.path);
        findings.add(Finding::new(place, message, how.clone()));
    }
    for test in &plan.tests {
        if let Some((message, fix)) = problem(material, test, &how) {
            findings.add(Finding::new(artifact.line(test.line), message, fix));
        }
    }
}

/// What is wrong with an item, and how to mend it.
fn problem(material: &Material<'_>, test: &SelectedCommand, how: &str) -> Option<(String, String)> {
    let name = &test.name;
    match material.profile.commands.get(name) {
        None => Some((format!("the profile has no command `{name}`"), how.to_owned())),
        Some(spec) if !spec.takes_paths && !test.paths.is_empty() => Some((
            format!("the command `{name}` takes no paths, but {} given", super::count(test.paths.len(), "path")),
            format!(
                "leave the paths out, or put their backticks away where they are part of what it proves; a command with \
                 `takes_paths = true` below `[commands.{name}]` takes them"
            ),
        )),
        Some(_) if !test.description.chars().any(char::is_alphanumeric) => Some((
            format!("the item about `{name}` does not say what it proves"),
            "go on after the command with a dash and what it shows when it passes".to_owned(),
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Gate, shown};
    use super::*;

    const REST: &str = "## Order\nThe reader first, because the handler needs it; then the handler.\n\
                        ## Risks\nA clock that runs ahead refuses fresh tokens on two of the nodes.\n\
                        ## Rollback\nRevert the commit; no session was migrated, so the old binary reads all of them.\n";

    fn judge(text: &str) -> Vec<String> {
        let gate = Gate::plan().command("test", &["cargo", "test"], true).command("lint", &["true"], false);
        shown(&gate.with("spec", text).judge(LawId::P5))
    }

    #[test]
    fn a_ready_plan_passes() {
        let tests = "## Tests\n- run `test` `tests/a.rs` — a wrong token is refused\n- run `lint` — no warnings\n";
        assert_eq!(judge(&format!("{tests}{REST}")), [""; 0]);
    }

    #[test]
    fn tests_must_be_commands_of_the_profile() {
        let tests = "## Tests\n- run `lint` `a.rs` — x\n- run `smoke` — y\n- run it — z\n- run `test`\n";
        assert_eq!(
            judge(&format!("{tests}{REST}")),
            [
                "4: this item starts with `run` and names no command in backticks, such as `run` `test`",
                "2: the command `lint` takes no paths, but 1 path given",
                "3: the profile has no command `smoke`",
                "5: the item about `test` does not say what it proves",
            ]
        );
        assert!(judge(&format!("## Tests\nTested by hand.\n{REST}"))[0].starts_with("1: "));
        let gate = Gate::plan().command("lint", &["true"], false);
        let found = gate.with("spec", format!("{tests}{REST}")).judge(LawId::P5);
        let paths = found.list.iter().find(|finding| finding.message.contains("takes no paths")).unwrap();
        assert!(paths.fix.starts_with("leave the paths out"), "{}", paths.fix);
    }

    #[test]
    fn sections_must_be_there_and_say_something() {
        let tests = "## Tests\n- run `lint` — no warnings\n";
        assert_eq!(judge(tests).len(), 3);
        let found = judge(&format!(
            "{tests}{}",
            REST.replace("Revert the commit; no session was migrated, so the old binary reads all of them.", "TBD")
        ));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("7: `## Rollback`") && found[0].contains("placeholder"), "{found:?}");
    }
}
