//! AO-P6: the required commands ran and succeeded.

use crate::law::{Findings, Law, Reads};
use crate::model::coverage::{COVERAGE_NOTE, Lines};
use crate::model::deliverables::Coverage;
use crate::model::digest::ObjectId;
use crate::model::event::Run;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::manifest::Manifest;
use crate::model::profile::ArtifactKind;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

use super::{MadeOn, Material, Required, live, required_commands};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P6,
    title: "commands that succeeded",
    rule: "Every command that the gate requires, and in the implement stage every command that the plan selects or the \
           profile's `[syntax]` names for a changed file or the task's deliverables name, has an entry `[[run]]` in the event with the same arguments and exit 0, and all entries name the same tree, from edition 2 of the laws on the one that the event was made on. Where that tree \
           is known it holds every line of the manifest, so that what ran was this work. Entries \
           are claims of the doer until the commands are run again: reports say so. Where the deliverables name a coverage \
           report, the event notes how many lines it shows as covered, and they reach what was promised. A command for which the profile \
           names no command line cannot have run.",
    passes: "[[run]]\nname = \"test\"\narguments = [\"tests/login.rs\"]\nexit = 0",
    fails: "[[run]]\nname = \"test\"\narguments = []\nexit = 101\n\nMend what fails, commit it, then run `agentops phase next \
            TASK`: it runs the commands and writes the entries.",
    reads: Reads::Trees,
    check: |case, findings| live::examine_each(case, LawId::P6, examine, findings),
};

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let manifests = material.artifacts.iter().filter(|artifact| artifact.spec.kind == ArtifactKind::Manifest);
    let manifest = manifests.filter_map(|artifact| Manifest::parse(artifact.bytes.as_deref()?).ok()).next();
    let promises = material.promised.as_ref().and_then(|promised| promised.deliverables.as_ref().ok());
    let (profile, plan) = (material.profile, material.plan.as_ref());
    let required = required_commands(profile, material.phase, plan, promises, manifest.as_ref())?;
    let mut claimed = 0_usize;
    for command in &required {
        match problem(material, command) {
            None => claimed += 1,
            Some(finding) => findings.add(finding),
        }
    }
    let mut trees: Vec<_> = material.runs.iter().map(|run| run.tree).collect();
    trees.sort_unstable();
    trees.dedup();
    if trees.len() > 1 {
        let shown: Vec<String> = trees.iter().map(|tree| format!("`{}`", tree.short())).collect();
        findings.add(Finding::new(
            Place::nowhere(),
            format!("the runs of task `{}` name different trees: {}", material.task, shown.join(", ")),
            format!("run all commands on one state: `agentops phase next {}`", material.task),
        ));
    } else if let (Some(made_on), Some(tree)) = (&material.made_on, trees.first()) {
        examine_tree(material, made_on, tree, manifest.as_ref(), findings)?;
    }
    if claimed > 0 {
        tell_standing(material, claimed, findings);
    }
    if let Some(coverage) = promises.and_then(|promises| promises.coverage.as_ref()) {
        examine_coverage(material, coverage, findings);
    }
    Ok(())
}

/// The commands ran on the tree that the event was made on, and that tree holds the work.
fn examine_tree(
    material: &Material<'_>,
    made_on: &MadeOn<'_>,
    ran_on: &ObjectId,
    manifest: Option<&Manifest>,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let (task, tree) = (material.task, ran_on.short());
    let fix = format!("`agentops phase next {task}` runs them on what is committed, and records that");
    let mut add = |message: String| findings.add(Finding::new(Place::nowhere(), message, fix.clone()));
    if *ran_on != made_on.id {
        add(format!(
            "the runs of task `{task}` name the tree `{tree}`, and its event was made on `{}`",
            made_on.id.short()
        ));
        return Ok(());
    }
    let Some(manifest) = manifest else { return Ok(()) };
    match &made_on.tree {
        Some(known) => {
            if let Some(path) = manifest.first_unlike(known.as_ref())? {
                add(format!(
                    "the runs of task `{task}` name the tree `{tree}`, which holds `{path}` otherwise than the manifest lists"
                ));
            }
        }
        None => findings.not_checked(format!(
            "whether the tree `{tree}`, on which the commands of `{task}` are said to have run, holds what the manifest \
             lists: it is not part of this history"
        )),
    }
    Ok(())
}

/// The share of lines that the event claims reaches what was promised.
fn examine_coverage(material: &Material<'_>, coverage: &Coverage, findings: &mut Findings) {
    let (task, report, least) = (material.task, &coverage.report, coverage.least);
    let noted = material.notes.iter().find(|(key, _)| key.as_str() == COVERAGE_NOTE);
    let message = match noted.and_then(|(_, text)| Lines::parse(text)) {
        Some(lines) if lines.reach(least) => {
            findings.not_checked(format!(
                "that the tests of `{task}` cover {} ({lines} by `{report}`) is claimed by {}, not reproduced",
                lines.percent(),
                material.actor
            ));
            return;
        }
        Some(lines) => format!(
            "the tests of task `{task}` cover {} ({lines} by `{report}`); promised are {least} %",
            lines.percent()
        ),
        None => format!("the event of task `{task}` does not say how many lines `{report}` shows as covered"),
    };
    let fix = format!("`agentops phase next {task}` runs the tests, reads the report and records the figure");
    findings.add(Finding::new(Place::nowhere(), message, fix));
}

/// Says what the claims rest on. A refutation is a warning: without a key anybody could have written it.
fn tell_standing(material: &Material<'_>, claimed: usize, findings: &mut Findings) {
    let verdicts = &material.verdicts;
    let told = verdicts.told(claimed, material.actor);
    if !verdicts.refuted.is_empty() {
        let fix = format!("look for yourself: `agentops verify rerun {}`", material.task);
        findings.add(Finding::new(Place::nowhere(), told, fix).warning());
    } else if verdicts.is_proved() {
        findings.note(told);
    } else {
        findings.not_checked(told);
    }
}

/// Why `command` does not count as run. The last run with its arguments decides.
fn problem(material: &Material<'_>, command: &Required) -> Option<Finding> {
    let (profile, name) = (&material.profile.name, &command.name);
    let file = layout::profile_file(profile);
    let define = format!("set `[commands.{name}] run = […]` in {file}, then `agentops policy amend`");
    match material.profile.commands.get(name) {
        None => {
            let known: Vec<String> = material.profile.commands.keys().map(|known| format!("`{known}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("the profile has no command `{name}`; it has {known}");
            return Some(Finding::new(Place::path(file), message, define));
        }
        Some(spec) if spec.run.is_empty() => {
            let message = format!("the profile names no command line for `{name}`");
            return Some(Finding::new(Place::path(file), message, define));
        }
        Some(_) => {}
    }
    let next = format!("`agentops phase next {}`", material.task);
    let shown = command.shown();
    let own = |run: &&Run| run.name == *name;
    let run = material.runs.iter().rev().filter(own).find(|run| run.arguments == command.arguments);
    match run {
        Some(run) if run.exit == 0 => None,
        Some(run) => Some(Finding::new(
            Place::nowhere(),
            format!("`{shown}` ended with exit {} for task `{}`", run.exit, material.task),
            format!("mend what fails and commit it, then {next} runs it again"),
        )),
        None => {
            let other = if material.runs.iter().any(|run| own(&run)) { "with these arguments " } else { "" };
            Some(Finding::new(
                Place::nowhere(),
                format!("`{shown}` has no run {other}in the event of task `{}`", material.task),
                format!("{next} runs it and records the result"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Gate, shown};
    use super::*;
    use crate::law::testing::word;
    use crate::model::plan::Plan;
    use crate::model::trust::Proved;

    fn gate() -> Gate {
        let mut gate = Gate::implement().command("test", &["cargo", "test"], true).command("lint", &["true"], false);
        gate.phase.gate.commands = vec![word("lint")];
        gate.plan = Some(Plan::parse("## Tests\n- run `test` `tests/a.rs` — proves it\n"));
        gate
    }

    #[test]
    fn successful_runs_pass_as_claims() {
        let found = gate().ran("lint", &[], 0, "a").ran("test", &["tests/a.rs"], 0, "a").judge(LawId::P6);
        assert_eq!(shown(&found), [""; 0]);
        assert_eq!(found.not_checked, ["2 commands are claimed by claude, not reproduced"]);
        let bob = || [(crate::law::testing::principal("bob"), None)].into_iter().collect();
        let mut verified = gate().ran("lint", &[], 0, "a").ran("test", &["tests/a.rs"], 0, "a");
        verified.verdicts.reproduced = bob();
        assert_eq!(
            verified.judge(LawId::P6).not_checked,
            ["2 commands are claimed by claude, reproduced by bob (claimed)"]
        );
        let key = Proved { fingerprint: "SHA256:x".into(), presence: None };
        verified.verdicts.reproduced = [(crate::law::testing::principal("bob"), Some(key))].into_iter().collect();
        assert_eq!(
            verified.judge(LawId::P6).not_checked,
            [
                "2 commands are claimed by claude, reproduced by bob (signed by SHA256:x); that the verifier is no doer is a claim"
            ]
        );
        verified.verdicts.doers_are_proved = true;
        let proved = verified.judge(LawId::P6);
        assert_eq!((proved.not_checked.len(), proved.notes.len()), (0, 1));
        verified.verdicts.refuted = bob();
        assert_eq!(
            shown(&verified.judge(LawId::P6)),
            ["warning 0: 2 commands are claimed by claude, refuted by bob (claimed)"]
        );
        let again = gate().ran("lint", &[], 1, "a").ran("lint", &[], 0, "a").ran("test", &["tests/a.rs"], 0, "a");
        assert_eq!(shown(&again.judge(LawId::P6)), [""; 0], "the last run decides");
    }

    #[test]
    fn missing_failed_and_mixed_runs_are_found() {
        let found = gate().ran("lint", &[], 2, "a").ran("test", &[], 0, "b").judge(LawId::P6);
        assert_eq!(
            shown(&found),
            [
                "0: `lint` ended with exit 2 for task `auth-k3f9`",
                "0: `test tests/a.rs` has no run with these arguments in the event of task `auth-k3f9`",
                "0: the runs of task `auth-k3f9` name different trees: `aaaaaaaaaaaa`, `bbbbbbbbbbbb`",
            ]
        );
        assert!(found.not_checked.is_empty());
        let failed_last = gate().ran("lint", &[], 0, "a").ran("lint", &[], 1, "a").judge(LawId::P6);
        assert!(shown(&failed_last)[0].contains("exit 1"));
    }

    #[test]
    fn a_promised_share_of_lines_is_claimed() {
        let promises = "[deliverables]\ncoverage = { report = \"lcov.info\" }\n[[deliverables.criterion]]\nname = \"a\"\n\
                        kind = \"quality\"\ntext = \"It works\"\ncommand = \"lint\"\n";
        let ran = || gate().ran("lint", &[], 0, "a").ran("test", &["tests/a.rs"], 0, "a").promised(promises);
        assert!(shown(&ran().judge(LawId::P6))[0].contains("does not say how many lines `lcov.info` shows"));
        let noted = |text: &str| {
            let mut gate = ran();
            gate.notes.insert(word(COVERAGE_NOTE), text.into());
            gate.judge(LawId::P6)
        };
        let low = noted("79 of 100 lines");
        assert_eq!(
            shown(&low),
            ["0: the tests of task `auth-k3f9` cover 79.0 % (79 of 100 lines by `lcov.info`); promised are 80 %"]
        );
        assert_eq!(shown(&noted("many")).len(), 1);
        let found = noted("80 of 100 lines");
        assert_eq!(shown(&found), [""; 0]);
        assert!(found.not_checked[1].contains("cover 80.0 % (80 of 100 lines by `lcov.info`) is claimed by claude"));
    }

    #[test]
    fn a_command_without_a_command_line_cannot_have_run() {
        let found = gate().command("lint", &[], false).ran("lint", &[], 0, "a").judge(LawId::P6);
        assert_eq!(found.list[0].message, "the profile names no command line for `lint`");
        let fix = "set `[commands.lint] run = […]` in .agentops/dev/profile.toml, then `agentops policy amend`";
        assert_eq!(found.list[0].fix, fix);
        let mut gate = gate();
        gate.phase.gate.commands = vec![word("smoke")];
        assert!(gate.judge(LawId::P6).list[0].message.contains("no command `smoke`; it has `lint`, `test`"));
    }
}
