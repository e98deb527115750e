//! What an author wrote into a template: the sections of an artifact without the template's own lines and comments.

use std::collections::BTreeSet;

use crate::law::Findings;
use crate::law::substance::{assess, assess_reason};
use crate::model::citation::citations;
use crate::model::document::{Document, Section};
use crate::model::plan::Plan;
use crate::model::profile::ArtifactKind;
use crate::model::report::Finding;
use crate::model::tasks::Tasks;

use super::{Artifact, Material};

/// An artifact beside its template.
pub(super) struct Filled<'m> {
    pub(super) artifact: &'m Artifact<'m>,
    pub(super) document: Document,
    /// The template with the task's values filled in.
    pub(super) template: Option<Document>,
    /// The lines of the template, trimmed, with and without values; comments without their marks.
    template_lines: BTreeSet<String>,
}

impl<'m> Filled<'m> {
    /// Reads an artifact that is there; not being text is a finding.
    pub(super) fn read(material: &Material<'_>, artifact: &'m Artifact<'m>, findings: &mut Findings) -> Option<Self> {
        let document = Document::parse(artifact.text(findings)?);
        let mut template_lines = BTreeSet::new();
        let mut template = None;
        if let Some(raw) = &artifact.template {
            let filled = material.fill(raw);
            for line in raw.lines().chain(filled.lines()) {
                let line = line.trim();
                template_lines.insert(line.to_owned());
                let inner = line.trim_start_matches("<!--").trim_end_matches("-->").trim();
                template_lines.insert(inner.strip_prefix("optional:").unwrap_or(inner).trim().to_owned());
            }
            template = Some(Document::parse(&filled));
        }
        Some(Self { artifact, document, template, template_lines })
    }

    /// `text` without lines of the template; lines keep their numbers.
    pub(super) fn own(&self, text: &str) -> String {
        let lines: Vec<&str> =
            text.lines().map(|line| if self.template_lines.contains(line.trim()) { "" } else { line }).collect();
        lines.join("\n")
    }

    /// What the author wrote, in a form in which copies are equal: words in lower case with single spaces.
    pub(super) fn essence(&self, section: &Section) -> String {
        let own = self.own(&section.text);
        own.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
    }

    /// A finding where a section holds nothing, nothing but its template, or filler.
    pub(super) fn weakness(&self, section: &Section) -> Option<Finding> {
        let own = self.own(&section.text);
        let place = self.artifact.line(section.line);
        let heading = &section.heading;
        if own.trim().is_empty() {
            let what = if self.template.is_some() { "holds nothing but its template" } else { "is empty" };
            return Some(Finding::new(
                place,
                format!("`## {heading}` {what}"),
                format!("write what belongs below `## {heading}`"),
            ));
        }
        let weakness = assess(&own).err()?;
        if self.is_list(section, &own) {
            return None;
        }
        Some(Finding::new(place, format!("`## {heading}` {}", weakness.problem()), weakness.remedy()))
    }

    /// Whether a section that is a list by its nature has an item that is well-formed and says something about it.
    fn is_list(&self, section: &Section, own: &str) -> bool {
        let text = format!("## {}\n{own}\n", section.heading);
        let document = Document::parse(&text);
        let plan = Plan::of(&document);
        let kind = self.artifact.spec.kind;
        let says = |text: &str| assess_reason(text).is_ok();
        match kind {
            ArtifactKind::Research if section.is("Sources") => {
                let items = document.items.iter();
                items.filter(|item| !citations(&item.text, 1).is_empty()).any(|item| says(&item.text))
            }
            ArtifactKind::Plan if section.is("Changes") => {
                plan.changes.iter().any(|change| says(&format!("`{}` — {}", change.cited(), change.description)))
            }
            ArtifactKind::Plan if section.is("Tests") => {
                plan.tests.iter().any(|test| says(&format!("`{}` — {}", test.name, test.description)))
            }
            ArtifactKind::Tasks => Tasks::of(&document).items.iter().any(|item| says(&item.text)),
            _ => false,
        }
    }
}
