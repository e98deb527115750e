//! AO-P4: a plan names every change as a place that exists.

use crate::law::{Findings, Law, Reads};
use crate::model::citation::CitedTree;
use crate::model::document::Document;
use crate::model::law_id::LawId;
use crate::model::plan::{Plan, PlannedChange};
use crate::model::profile::ArtifactKind;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

use super::{Artifact, Material, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P4,
    title: "changes as path:line",
    rule: "The plan has a section `## Changes` with at least one change. Each item names `path:line` or `path:line-line` in \
           backticks, which exists in the tree that the plan was made on, and says what changes; `(new file)` after a \
           path says that it does not exist yet, `(removed)` that the whole file goes. A place that is gone from the base \
           of the step, or a new file that exists there by now, is a stale plan: a warning.",
    passes: "## Changes\n- `src/login.rs:10-20` — check the token before the session is opened\n- `src/token.rs` (new file) \
             — read and verify tokens\n- `src/legacy.rs` (removed) — nobody calls it",
    fails: "## Changes\n- the login code — make it better\n\nThe item names no place: write `src/login.rs:10` in backticks.",
    reads: Reads::Trees,
    check: |case, findings| live::examine_each(case, LawId::P4, examine, findings),
};

const HOW: &str = "write `path:line` in backticks with a line of the tree the plan was made on, `path` and `(new file)`, or \
                   `path` and `(removed)`";

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let base = CitedTree::new(material.cited).or(material.also);
    let target = material.target.filter(|_| material.also.is_none()).map(CitedTree::new);
    for artifact in material.present(ArtifactKind::Plan, findings) {
        let Some(text) = artifact.text(findings) else { continue };
        let document = Document::parse(text);
        let plan = Plan::of(&document);
        for problem in &plan.change_problems {
            findings.add(Finding::new(artifact.line(problem.line), problem.message.clone(), HOW));
        }
        if plan.changes.is_empty() && plan.change_problems.is_empty() {
            let place = document.section("Changes").map_or(artifact.place(), |section| artifact.line(section.line));
            findings.add(Finding::new(
                place,
                format!("`{}` names no change below `## Changes`", artifact.path),
                "list each change: `path:line` in backticks and what changes there",
            ));
        }
        for change in &plan.changes {
            examine_change(material, artifact, change, (&base, target.as_ref()), findings)?;
        }
    }
    Ok(())
}

fn examine_change(
    material: &Material<'_>,
    artifact: &Artifact<'_>,
    change: &PlannedChange,
    (base, target): (&CitedTree<'_>, Option<&CitedTree<'_>>),
    findings: &mut Findings,
) -> Result<(), SightError> {
    let place = artifact.line(change.line);
    let cited = change.cited();
    if change.new_file {
        if material.cited.entry(&change.path)?.is_some() {
            let message = format!("`{}` is planned as a new file but exists already", change.path);
            findings.add(Finding::new(place, message, "name the line that changes, as `path:line`"));
        } else if let Some(target) = material.target
            && target.entry(&change.path)?.is_some()
        {
            findings.add(stale(material, place, &format!("`{}` was to be a new file and exists by now", change.path)));
        }
        return Ok(());
    }
    if change.lines.is_none() && !change.removed {
        let message = format!("`{}` names no line", change.path);
        findings.add(Finding::new(place, message, HOW));
    } else if let Some(problem) = base.problem(&cited)? {
        findings.add(Finding::new(place, format!("`{cited}` {problem}"), HOW));
    } else if let Some(target) = target
        && let Some(problem) = target.problem(&cited)?
    {
        findings.add(stale(material, place, &format!("`{cited}` {problem} any more")));
    }
    Ok(())
}

fn stale(material: &Material<'_>, place: Place, what: &str) -> Finding {
    let fix =
        format!("plan again: `agentops phase rewind {} --to {} --reason \"…\"`", material.task, material.phase.name);
    Finding::new(place, format!("stale plan: {what}"), fix).warning()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Gate, shown};
    use super::*;

    fn gate(changes: &str) -> Gate {
        Gate::plan().with("spec", format!("## Changes\n{changes}")).cites("src/a.rs", "1\n2\n").cites("old.rs", "1\n")
    }

    #[test]
    fn places_that_exist_pass() {
        let found = gate(
            "- `src/a.rs:2` — drop it\n- `src/b.rs` (new file) — add it\n- `old.rs` (removed) — unused\n- `old.rs:1` (removed) — unused\n",
        )
        .judge(LawId::P4);
        assert_eq!(shown(&found), [""; 0]);
    }

    #[test]
    fn other_places_are_found() {
        let found = gate(
            "- `src/a.rs:3` — a\n- `src/a.rs` — b\n- `src/a.rs` (new file) — c\n- `src/c.rs:1` — d\n- tidy\n- `x.rs` (removed) — e\n",
        )
        .judge(LawId::P4);
        assert_eq!(
            shown(&found),
            [
                "6: this item names no path in backticks, such as `src/login.rs:10`",
                "2: `src/a.rs:3` has no line 3: it ends at line 2",
                "3: `src/a.rs` names no line",
                "4: `src/a.rs` is planned as a new file but exists already",
                "5: `src/c.rs:1` does not exist",
                "7: `x.rs` does not exist",
            ]
        );
        assert!(shown(&gate("").judge(LawId::P4))[0].starts_with("1: "), "an empty section");
        assert!(shown(&Gate::plan().with("spec", "text").judge(LawId::P4))[0].contains("names no change"));
    }

    #[test]
    fn what_went_stale_is_a_warning() {
        let mut gate = gate("- `src/a.rs:2` — drop it\n- `src/b.rs` (new file) — add it\n");
        gate.target = Some(gate.cited.clone());
        assert_eq!(shown(&gate.judge(LawId::P4)), [""; 0]);
        gate.target.as_mut().unwrap().put("src/a.rs", "1\n").put("src/b.rs", "");
        let found = gate.judge(LawId::P4);
        assert_eq!(shown(&found).len(), 2);
        assert!(shown(&found).iter().all(|line| line.starts_with("warning ") && line.contains("stale plan")));
        assert!(found.list[0].fix.contains("agentops phase rewind auth-k3f9 --to spec"));
    }
}
