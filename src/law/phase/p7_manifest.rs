//! AO-P7: the manifest holds, and covers the plan.

use std::collections::BTreeSet;

use crate::law::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::manifest::{Manifest, ManifestLine};
use crate::model::path::RepoPath;
use crate::model::plan::{Plan, PlannedChange};
use crate::model::profile::ArtifactKind;
use crate::model::report::Finding;
use crate::model::tree::{Entry, Mode, SightError};

use super::{Artifact, Material, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P7,
    title: "a manifest that holds",
    rule: "The manifest lists one line `mode sha256 path` for every path of the task outside `.agentops`; a deleted path \
           has mode 0. Every line holds in the tree that is to land, every planned path is listed and differs from the \
           tree that the plan was made on, and a path is listed as deleted exactly where the plan says `(removed)`. \
           Listed paths that the plan does not name are printed as unplanned. Where a submit has landed and its advance \
           comes later, every line must still hold then: otherwise the votes on it lapse.",
    passes: "100644 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 src/token.rs",
    fails: "100644 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 src/token.rs\n\nwhile `src/token.rs` was \
            edited since: commit the edit and run `agentops phase next TASK` again, which writes the manifest anew.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    live::examine_each(case, LawId::P7, examine, findings)?;
    live::examine_resting(case, LawId::P7, examine_again, findings)
}

/// What was voted on is still there.
fn examine_again(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for artifact in material.present(ArtifactKind::Manifest, findings) {
        // One that cannot be read is not what was submitted: that its bytes changed is AO-E8's.
        if let Ok(manifest) = Manifest::parse(artifact.bytes.as_deref().unwrap_or_default()) {
            examine_lines(material, artifact, &manifest, findings)?;
        }
    }
    Ok(())
}

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let present = material.present(ArtifactKind::Manifest, findings);
    if !present.is_empty() && material.plan.is_none() {
        findings
            .not_checked(format!("task `{}` has no live plan that its manifest could be held against", material.task));
    }
    for artifact in present {
        match Manifest::parse(artifact.bytes.as_deref().unwrap_or_default()) {
            Ok(manifest) => {
                examine_lines(material, artifact, &manifest, findings)?;
                if let Some(plan) = &material.plan {
                    examine_plan(material, artifact, &manifest, plan, findings)?;
                }
            }
            Err(error) => {
                let message = format!("the manifest cannot be read: {}", error.message);
                findings.add(Finding::new(artifact.line(error.line), message, again(material)));
            }
        }
    }
    Ok(())
}

fn again(material: &Material<'_>) -> String {
    format!("`agentops phase next {}` writes it anew", material.task)
}

/// Every line holds in M.
fn examine_lines(
    material: &Material<'_>,
    artifact: &Artifact<'_>,
    manifest: &Manifest,
    findings: &mut Findings,
) -> Result<(), SightError> {
    for (index, line) in manifest.lines().iter().enumerate() {
        let found = ManifestLine::of(material.next, &line.path)?;
        if found == *line {
            continue;
        }
        let path = &line.path;
        let message = match (&line.content, &found.content) {
            (None, _) => format!("`{path}` is listed as deleted but exists"),
            (Some(_), None) => format!("`{path}` is listed but does not exist"),
            (Some((listed, _)), Some((mode, _))) if listed != mode => {
                format!("`{path}` is listed with mode {:o} but has {:o}", listed.bits(), mode.bits())
            }
            _ => format!("`{path}` has other content than the manifest lists"),
        };
        let fix = format!("commit what belongs to the task; then {}", again(material));
        findings.add(Finding::new(artifact.line(index + 1), message, fix));
    }
    Ok(())
}

/// Every planned path is listed, and changed.
fn examine_plan(
    material: &Material<'_>,
    artifact: &Artifact<'_>,
    manifest: &Manifest,
    plan: &Plan,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let removed: BTreeSet<&RepoPath> =
        plan.changes.iter().filter(|change| change.removed).map(|change| &change.path).collect();
    let mut planned: Vec<&PlannedChange> =
        plan.changes.iter().filter(|change| !change.path.is_below(layout::ROOT)).collect();
    planned.sort_by(|a, b| a.path.cmp(&b.path));
    planned.dedup_by(|a, b| a.path == b.path);
    for change in &planned {
        let path = &change.path;
        let removed = removed.contains(path);
        let rewind = format!("do as planned, or plan again: {}", material.plan_again());
        match manifest.get(path) {
            None => {
                let message = format!("`{path}` is planned but not in the manifest");
                findings.add(Finding::new(artifact.place(), message, again(material)));
            }
            Some((line, listed)) if listed.content.is_none() != removed => {
                let message = if removed {
                    format!("`{path}` is to be removed by the plan but still there")
                } else {
                    format!("`{path}` is deleted, which the plan does not say")
                };
                findings.add(Finding::new(artifact.line(line), message, rewind));
            }
            Some((line, _)) if is_unchanged(material, path)? => {
                let message = format!("`{path}` is planned but unchanged since the plan was made");
                findings.add(Finding::new(artifact.line(line), message, rewind));
            }
            Some(_) => {}
        }
    }
    for (index, line) in manifest.lines().iter().enumerate() {
        if planned.binary_search_by(|change| change.path.cmp(&line.path)).is_err() {
            let message = format!("unplanned: `{}` is in the manifest but not in the plan", line.path);
            let fix = format!("if it matters, plan it: {}", material.plan_again());
            findings.add(Finding::new(artifact.line(index + 1), message, fix).warning());
        }
    }
    Ok(())
}

/// Whether a path is the same in M and in the tree that the plan was made on.
fn is_unchanged(material: &Material<'_>, path: &RepoPath) -> Result<bool, SightError> {
    // The base would be no substitute: it may have what the task brought there.
    let Some(planned_on) = material.planned_on else { return Ok(false) };
    let file =
        |entry: Option<Entry>| entry.filter(|entry| entry.mode != Mode::Tree).map(|entry| (entry.mode, entry.id));
    Ok(file(planned_on.entry(path)?) == file(material.next.entry(path)?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Gate, shown};
    use super::*;

    const PLAN: &str =
        "## Changes\n- `a:1` — edit\n- `a:2` — edit more\n- `new` (new file) — add\n- `old` (removed) — drop\n";

    /// A task that did as planned.
    fn gate() -> Gate {
        let mut gate = Gate::implement().cites("a", "1\n2\n").cites("old", "x").holds("a", "3\n").holds("new", "n");
        gate.plan = Some(Plan::parse(PLAN));
        gate
    }

    fn listed(gate: Gate, paths: &[&str]) -> Gate {
        let lines = paths.iter().map(|path| ManifestLine::of(&gate.next, &(*path).into()).unwrap()).collect();
        let bytes = Manifest::new(lines).unwrap().print();
        gate.with("manifest", bytes)
    }

    #[test]
    fn a_full_manifest_passes() {
        assert_eq!(shown(&listed(gate(), &["a", "new", "old"]).judge(LawId::P7)), [""; 0]);
        let mut without_plan = listed(gate(), &["a"]);
        without_plan.plan = None;
        let found = without_plan.judge(LawId::P7);
        assert_eq!((shown(&found).len(), found.not_checked.len()), (0, 1));
    }

    #[test]
    fn lines_must_hold_in_the_next_tree() {
        let mut gate = listed(gate(), &["a", "new", "old"]);
        gate.next.put("a", "4\n").put_mode("new", Mode::Executable, "n").put("old", "x");
        let found = shown(&gate.judge(LawId::P7));
        assert_eq!(
            found,
            [
                "1: `a` has other content than the manifest lists",
                "2: `new` is listed with mode 100644 but has 100755",
                "3: `old` is listed as deleted but exists",
                "3: `old` is planned but unchanged since the plan was made",
            ]
        );
        gate.next.remove("a");
        assert_eq!(shown(&gate.judge(LawId::P7))[0], "1: `a` is listed but does not exist");
    }

    #[test]
    fn the_plan_is_covered() {
        let short = listed(gate().holds("extra", "e"), &["a", "extra", "new"]).judge(LawId::P7);
        assert_eq!(
            shown(&short),
            [
                "0: `old` is planned but not in the manifest",
                "warning 2: unplanned: `extra` is in the manifest but not in the plan",
            ]
        );
        let idle = listed(gate().holds("a", "1\n2\n").holds("old", "x"), &["a", "new", "old"]).judge(LawId::P7);
        assert_eq!(
            shown(&idle),
            [
                "1: `a` is planned but unchanged since the plan was made",
                "3: `old` is to be removed by the plan but still there",
            ]
        );
        let mut gone = gate();
        gone.next.remove("a");
        let gone = listed(gone, &["a", "new", "old"]).judge(LawId::P7);
        assert_eq!(shown(&gone), ["1: `a` is deleted, which the plan does not say"]);
    }

    #[test]
    fn an_unreadable_or_missing_manifest_is_found() {
        assert!(shown(&gate().judge(LawId::P7))[0].contains("is missing"));
        let found = gate().with("manifest", "100644 x a\n").judge(LawId::P7);
        assert!(shown(&found)[0].starts_with("1: the manifest cannot be read"));
    }
}
