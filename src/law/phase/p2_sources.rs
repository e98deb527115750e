//! AO-P2: research names its sources, and they exist.

use std::collections::BTreeSet;

use crate::law::{Findings, Law, Reads};
use crate::model::citation::{CitationKind, Cited, CitedTree};
use crate::model::document::Document;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::profile::ArtifactKind;
use crate::model::report::Finding;
use crate::model::tree::{SightError, TreeView};

use super::{Artifact, Material, count, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P2,
    title: "sources that exist",
    rule: "The research has a section `## Sources`. What it names in backticks, as `path`, `path:line` or \
           `path:line-line`, exists in the tree that the work started from; a line is not beyond the file's end. URLs and \
           commits may be named too, but are not looked up: at least one source must be one that can be checked, unless \
           the repository holds nothing yet.",
    passes: "## Sources\n- `src/login.rs:10-42` — how a session is opened today\n- https://example.org/tokens — the format",
    fails: "## Sources\n- `src/login.rs:999` — how a session is opened today\n\nThe file ends at line 120: look the place up \
            and cite the line that is meant.",
    reads: Reads::Trees,
    check: |case, findings| live::examine_each(case, LawId::P2, examine, findings),
};

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for artifact in material.present(ArtifactKind::Research, findings) {
        if let Some(text) = artifact.text(findings) {
            let document = Document::parse(text);
            examine_sources(material, artifact, &document, findings)?;
        }
    }
    Ok(())
}

fn examine_sources(
    material: &Material<'_>,
    artifact: &Artifact<'_>,
    document: &Document,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let how = "name what you read, each in a list item: `path:line` in backticks, a URL, or `commit` and its id";
    let Some(section) = document.section("Sources") else {
        let message = format!("`{}` has no section `## Sources`", artifact.path);
        findings.add(Finding::new(artifact.place(), message, format!("add the section and {how}")));
        return Ok(());
    };
    let tree = CitedTree::new(material.cited).or(material.also);
    let (mut checkable, mut broken) = (0_usize, 0_usize);
    let (mut urls, mut commits) = (BTreeSet::new(), BTreeSet::new());
    for citation in section.citations() {
        let cited = match citation.kind {
            CitationKind::Url(url) => {
                urls.insert(url);
                continue;
            }
            CitationKind::Commit(id) => {
                commits.insert(id.to_lowercase());
                continue;
            }
            CitationKind::Word(word) => {
                let cited = Cited { path: word, lines: None };
                checkable += usize::from(tree.problem(&cited)?.is_none());
                continue;
            }
            CitationKind::Path(cited) => cited,
        };
        match tree.problem(&cited)? {
            None => checkable += 1,
            Some(problem) => {
                broken += 1;
                findings.add(Finding::new(
                    artifact.line(citation.line),
                    format!("the source `{cited}` {problem}"),
                    "cite a path of the tree the work started from; write what is no path without backticks",
                ));
            }
        }
    }
    let named = urls.len() + commits.len() + checkable + broken;
    if named == 0 {
        findings.add(Finding::new(artifact.line(section.line), "`## Sources` names no source", how));
    } else if checkable + broken == 0 && !is_empty(material.cited)? {
        findings.add(Finding::new(
            artifact.line(section.line),
            "`## Sources` names nothing that can be checked",
            "name at least one place in this repository, as `path:line` in backticks",
        ));
    }
    if !urls.is_empty() || !commits.is_empty() {
        let both = [(urls.len(), "URL"), (commits.len(), "commit")];
        let parts: Vec<String> =
            both.iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(*number, noun)).collect();
        findings.not_checked(format!("not looked up: {} cited by `{}`", parts.join(" and "), artifact.path));
    }
    Ok(())
}

/// Whether a tree holds nothing but the state of agentops.
fn is_empty(tree: &dyn TreeView) -> Result<bool, SightError> {
    Ok(tree.list(&RepoPath::default())?.iter().all(|entry| entry.name == layout::ROOT.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::law::phase::testing::{Gate, shown};
    use crate::model::law_id::LawId;

    fn judge(sources: &str) -> crate::law::Findings {
        Gate::research().with("notes", sources).cites("src/a.rs", "1\n2\n").cites("Makefile", "x").judge(LawId::P2)
    }

    #[test]
    fn sources_that_exist_pass() {
        let found = judge(
            "## Sources\n- `src/a.rs:2` — entry\n- `src/` — all\n- https://example.org/x\n- commit abcdef1, commit ABCDEF1\n",
        );
        assert_eq!(shown(&found), [""; 0]);
        assert_eq!(
            found.not_checked,
            ["not looked up: 1 URL and 1 commit cited by `.agentops/dev/research/2026-11-21-auth-k3f9.md`"]
        );
        assert_eq!(shown(&judge("## Sources\n- `Makefile` — the targets\n")), [""; 0]);
    }

    #[test]
    fn broken_sources_are_named_by_line() {
        let found = judge(
            "# N\n\n## Sources\n- `src/a.rs:3` — entry\n- `src/b.rs` — other\n- `src/a.rs` — fine\n- `/etc/hosts`\n",
        );
        assert_eq!(
            shown(&found),
            [
                "4: the source `src/a.rs:3` has no line 3: it ends at line 2",
                "5: the source `src/b.rs` does not exist",
                "7: the source `/etc/hosts` is not a plain path from the repository's root",
            ]
        );
    }

    #[test]
    fn something_must_be_checkable() {
        assert_eq!(shown(&judge("## Other\n")).len(), 1);
        assert_eq!(shown(&judge("## Sources\n\nmany things\n")), ["1: `## Sources` names no source"]);
        assert_eq!(shown(&judge("## Sources\n\nI read `Cellar`.\n")), ["1: `## Sources` names no source"]);
        let url = "## Sources\n- https://example.org/x\n";
        assert_eq!(shown(&judge(url)), ["1: `## Sources` names nothing that can be checked"]);
        let empty = Gate::research().with("notes", url).cites(".agentops/format.toml", "");
        assert_eq!(shown(&empty.judge(LawId::P2)), [""; 0]);
        let comment = judge("## Sources\n<!-- `src/a.rs` -->\n");
        assert_eq!(shown(&comment), ["1: `## Sources` names no source"]);
    }
}
