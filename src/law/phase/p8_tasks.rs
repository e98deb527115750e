//! AO-P8: what is ticked has evidence.

use crate::law::{Findings, Law, Reads};
use crate::model::citation::{CitationKind, Cited, CitedTree};
use crate::model::law_id::LawId;
use crate::model::profile::ArtifactKind;
use crate::model::report::Finding;
use crate::model::state::Stage;
use crate::model::tasks::{TaskItem, Tasks, Tick};
use crate::model::tree::SightError;

use super::{Artifact, Material, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P8,
    title: "ticks with evidence",
    rule: "The task list has boxes. Each ticked one names, after `evidence:`, a `path` or `path:line` in backticks that \
           exists in the tree that is to land, a URL or a commit; URLs and commits are not looked up. The implement stage \
           is left with every box ticked, or struck out as `- [-] text — reason`.",
    passes: "- [x] refuse a wrong token — evidence: `tests/login.rs:12`\n- [-] cache the token — the session holds it already",
    fails: "- [x] refuse a wrong token\n\nThe tick has no evidence: add `— evidence:` and the place that shows it.",
    reads: Reads::Trees,
    check: |case, findings| live::examine_each(case, LawId::P8, examine, findings),
};

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let next = CitedTree::new(material.next);
    for artifact in material.present(ArtifactKind::Tasks, findings) {
        let Some(text) = artifact.text(findings) else { continue };
        let tasks = Tasks::parse(text);
        for problem in &tasks.problems {
            let fix = "write `[x]` for done, `[-]` for struck out, `[ ]` for open";
            findings.add(Finding::new(artifact.line(problem.line), problem.message.clone(), fix));
        }
        if tasks.items.is_empty() && tasks.problems.is_empty() {
            let message = format!("`{}` has no boxes", artifact.path);
            findings.add(Finding::new(artifact.place(), message, "list each task as `- [ ] what is to be done`"));
        }
        let mut unseen = 0;
        for item in &tasks.items {
            unseen += examine_item(material, artifact, item, &next, findings)?;
        }
        if unseen > 0 {
            let what = if unseen == 1 { "1 URL or commit".to_owned() } else { format!("{unseen} URLs or commits") };
            findings.not_checked(format!("not looked up: {what} given as evidence in `{}`", artifact.path));
        }
    }
    Ok(())
}

/// Judges one box; hands back how many pieces of evidence could not be looked up.
fn examine_item(
    material: &Material<'_>,
    artifact: &Artifact<'_>,
    item: &TaskItem,
    next: &CitedTree<'_>,
    findings: &mut Findings,
) -> Result<usize, SightError> {
    let place = artifact.line(item.line);
    match item.tick {
        Tick::Open if material.phase.stage == Stage::Implement => {
            let fix = "do it and tick it with evidence, or strike it out: `- [-] text — reason`";
            findings.add(Finding::new(place, format!("`{}` is not done", item.text), fix));
        }
        Tick::Struck if !item.reason.chars().any(char::is_alphanumeric) => {
            let fix = "say why it is not needed: `- [-] text — reason`";
            findings.add(Finding::new(place, format!("`{}` is struck out without a reason", item.text), fix));
        }
        Tick::Ticked => return examine_evidence(artifact, item, next, findings),
        Tick::Open | Tick::Struck => {}
    }
    Ok(0)
}

fn examine_evidence(
    artifact: &Artifact<'_>,
    item: &TaskItem,
    next: &CitedTree<'_>,
    findings: &mut Findings,
) -> Result<usize, SightError> {
    let (mut found, mut unseen) = (0_usize, 0_usize);
    for citation in &item.evidence {
        let cited = match &citation.kind {
            CitationKind::Url(_) | CitationKind::Commit(_) => {
                unseen += 1;
                continue;
            }
            // A word such as `Guard` is a path only where there is such a file.
            CitationKind::Word(word) => {
                let cited = Cited { path: word.clone(), lines: None };
                found += usize::from(next.problem(&cited)?.is_none());
                continue;
            }
            CitationKind::Path(cited) => cited.clone(),
        };
        found += 1;
        if let Some(problem) = next.problem(&cited)? {
            let fix = "name a place that is in the tree to land, as `path` or `path:line`";
            findings.add(Finding::new(artifact.line(citation.line), format!("the evidence `{cited}` {problem}"), fix));
        }
    }
    if found + unseen == 0 {
        let message = format!("`{}` is ticked without evidence", item.text);
        let fix = "add `— evidence:` and the `path:line` in backticks that shows it, or untick it";
        findings.add(Finding::new(artifact.line(item.line), message, fix));
    }
    Ok(unseen)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Gate, shown};
    use super::*;

    fn judge(gate: Gate, tasks: &str) -> Findings {
        gate.artifact("tasks", ArtifactKind::Tasks, true).with("tasks", tasks).holds("t.rs", "1\n").judge(LawId::P8)
    }

    #[test]
    fn evidence_that_exists_passes() {
        let tasks = "- [x] one — evidence: `t.rs:1` uses `Guard`\n- [x] two — evidence: commit abcdef1 and https://example.org/x\n\
                     - [-] three — the first covers it\n";
        let found = judge(Gate::implement(), tasks);
        assert_eq!(shown(&found), [""; 0]);
        assert_eq!(
            found.not_checked,
            ["not looked up: 2 URLs or commits given as evidence in `.agentops/dev/extra/tasks.md`"]
        );
    }

    #[test]
    fn ticks_without_evidence_are_found() {
        let tasks = "- [x] one\n- [x] two — evidence: it works\n- [x] three — evidence: `t.rs:2`\n- [-] four\n- [ ] five\n- [?] six\n";
        assert_eq!(
            shown(&judge(Gate::implement(), tasks)),
            [
                "6: `[?]` is no box: write `[ ]`, `[x]` or `[-]`",
                "1: `one` is ticked without evidence",
                "2: `two` is ticked without evidence",
                "3: the evidence `t.rs:2` has no line 2: it ends at line 1",
                "4: `four` is struck out without a reason",
                "5: `five` is not done",
            ]
        );
        assert_eq!(shown(&judge(Gate::plan(), "- [ ] five\n")), [""; 0], "open boxes are fine before implement");
        assert_eq!(
            shown(&judge(Gate::implement(), "- [x] one — evidence: `Guard`\n")),
            ["1: `one` is ticked without evidence"],
            "a bare word names a file only where there is one"
        );
        assert!(shown(&judge(Gate::plan(), "five\n"))[0].contains("has no boxes"));
    }
}
