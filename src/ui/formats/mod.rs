//! The verdict of the judge in the formats that forges and CI servers read: pure functions from a report to text.
//!
//! Whatever a message or a path holds, a reader of the format gets it back as text: nothing in a repository ends a string,
//! an element or a command. Hidden characters are spelled out, for what shows these texts is no terminal of ours.

mod fingerprint;
mod github;
mod gitlab;
mod junit;
mod sarif;
#[cfg(test)]
mod testing;

pub use github::{LARGEST_SUMMARY, summary};

use super::document;
use super::page::Page;
use super::report::ReportBody;
use crate::model::escape::{visible, visible_bytes};
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::report::{Place, Report, Violation};

/// Who reads a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// People.
    Human,
    /// Programs: the document of `--json`.
    Json,
    /// Code scanning: SARIF 2.1.0.
    Sarif,
    /// The log of a GitHub job: workflow commands.
    Github,
    /// GitLab's Code Quality.
    Gitlab,
    /// Whoever shows tests, as `JUnit` XML.
    Junit,
}

/// The verdict in that format, complete with its last line feed. Fails where a document cannot be printed, which no report
/// brings about.
pub fn verdict(report: &Report, format: Format) -> serde_json::Result<String> {
    match format {
        Format::Human => Ok(page(|page| ReportBody::of(report).fill(page))),
        Format::Json => document::print(&ReportBody::of(report)),
        Format::Sarif => document::print_foreign(&sarif::log(report)),
        Format::Github => Ok(github::commands(report)),
        Format::Gitlab => document::print_foreign(&gitlab::issues(report)),
        Format::Junit => Ok(junit::suites(report)),
    }
}

fn page(fill: impl FnOnce(&mut Page)) -> String {
    let mut page = Page::new(false, 80);
    fill(&mut page);
    page.finish()
}

/// The last line that people read: pass or fail, and how many.
fn last_line(report: &Report) -> String {
    let text = page(|page| page.line(ReportBody::of(report).summary()));
    text.trim_end().to_owned()
}

/// The file that a finding about a message or a whole history points at where a format wants one: it says which laws rule.
fn artifact(place: &Place) -> RepoPath {
    place.path.clone().unwrap_or_else(|| layout::FORMAT.into())
}

/// A path for people.
fn path_text(path: &RepoPath) -> String {
    visible_bytes(path.as_bytes())
}

/// What a place says beside a file's path and line: `message of commit 1234567, line 3`. None: nothing.
fn beside_file(place: &Place) -> Option<String> {
    let commit = place.commit.as_ref().map(|id| format!("commit {}", id.short()));
    match (&place.path, place.line, commit) {
        (Some(_), _, commit) | (None, None, commit) => commit,
        (None, Some(line), Some(commit)) => Some(format!("message of {commit}, line {line}")),
        (None, Some(line), None) => Some(format!("message, line {line}")),
    }
}

/// What is wrong, where, and how to mend it: lines, each without anything hidden.
fn told(violation: &Violation) -> Vec<String> {
    let place = beside_file(&violation.place).map(|place| place + ": ").unwrap_or_default();
    let fix = if violation.fix.is_empty() { String::new() } else { format!("\nTo mend it: {}", violation.fix) };
    format!("{place}{}{fix}", violation.message).lines().map(visible).collect()
}
