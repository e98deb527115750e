//! SARIF 2.1.0, as far as code scanning reads it: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>.
//!
//! GitHub tells findings apart by `primaryLocationLineHash` alone, and would make one of the content of a line: all findings
//! about messages, which have no line of a file, would be one. So the fingerprint stands there, too.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::fingerprint::fingerprints;
use super::{artifact, beside_file, last_line, told};
use crate::law::{Law, registry};
use crate::model::escape::visible;
use crate::model::law_id::Level;
use crate::model::path::RepoPath;
use crate::model::report::{Report, Violation};

/// How many results GitHub takes of a run; a file with more is refused. Of these it shows 5,000.
const MOST_RESULTS: usize = 25_000;

/// How many characters of a description GitHub takes.
const LONGEST_DESCRIPTION: usize = 1024;

/// The whole log.
#[derive(Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

/// A place that is no file: a commit, or its message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fully_qualified_name: Option<String>,
}

/// The log of one run with every law of the registry and, errors first, every finding that code scanning takes.
pub(super) fn log(report: &Report) -> Log {
    let mut results: Vec<(Level, Finding)> = report
        .violations
        .iter()
        .zip(fingerprints(report))
        .map(|(one, print)| (one.level, finding(one, print)))
        .collect();
    // A stable sort: where some are left out, it is not an error that a warning came before.
    results.sort_by_key(|(level, _)| *level != Level::Error);
    let mut notifications: Vec<Notification> = Vec::new();
    let mut tell = |level, text: String| notifications.push(Notification { level, message: Message { text } });
    if results.len() > MOST_RESULTS {
        tell(
            "warning",
            format!(
                "{} of {} findings are left out: code scanning takes {MOST_RESULTS} of a run",
                results.len() - MOST_RESULTS,
                results.len()
            ),
        );
        results.truncate(MOST_RESULTS);
    }
    for sentence in &report.not_checked {
        tell("note", plain_message(&format!("not checked: {}", visible(sentence))));
    }
    for sentence in &report.notes {
        tell("note", plain_message(&visible(sentence)));
    }
    tell("note", plain_message(&last_line(report)));
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "agentops",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: registry().iter().map(|law| rule(law)).collect(),
                },
            },
            invocations: [Invocation { execution_successful: true, tool_execution_notifications: notifications }],
            results: results.into_iter().map(|(_, finding)| finding).collect(),
        }],
    }
}

fn rule(law: &Law) -> Rule {
    let explain = format!("`agentops explain {}` tells it in a terminal.", law.id);
    let fenced = |text: &str| format!("~~~text\n{text}\n~~~");
    Rule {
        id: law.id.as_str(),
        short_description: Message { text: law.title.into() },
        full_description: Message { text: shortened(law.rule) },
        help: Help {
            text: format!("{}\n\nThis passes:\n{}\n\nThis fails:\n{}\n\n{explain}", law.rule, law.passes, law.fails),
            markdown: format!(
                "{}\n\nThis passes:\n\n{}\n\nThis fails:\n\n{}\n\n{explain}",
                law.rule,
                fenced(law.passes),
                fenced(law.fails)
            ),
        },
        default_configuration: Configuration { level: level(law.id.default_level()) },
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST_DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(LONGEST_DESCRIPTION - 1).chain(['…']).collect()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Off => "none",
    }
}

fn finding(violation: &Violation, fingerprint: String) -> Finding {
    let place = &violation.place;
    let line = place.path.as_ref().and(place.line);
    let logical = beside_file(place)
        .map(|name| Logical { name, fully_qualified_name: place.commit.as_ref().map(ToString::to_string) });
    Finding {
        rule_id: violation.law.as_str(),
        rule_index: registry().iter().position(|law| law.id == violation.law),
        level: level(violation.level),
        message: Message { text: plain_message(&told(violation).join("\n")) },
        locations: [Location {
            physical_location: Physical {
                artifact_location: Artifact { uri: uri(&artifact(place)), uri_base_id: "%SRCROOT%" },
                region: line.map(|start_line| Region { start_line }),
            },
            logical_locations: logical.into_iter().collect(),
        }],
        partial_fingerprints: ["agentopsFinding/v1", "primaryLocationLineHash"]
            .into_iter()
            .map(|name| (name, fingerprint.clone()))
            .collect(),
    }
}

/// A plain text message: `[text](place)` in it would be a link, so the brackets of what looks like one are escaped.
fn plain_message(text: &str) -> String {
    if !text.contains("](") {
        return text.to_owned();
    }
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// A path as a relative reference: every byte but letters, digits, `-._~` and `/` as `%XX`.
fn uri(path: &RepoPath) -> String {
    let mut out = String::new();
    for byte in path.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            out.push(char::from(*byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
