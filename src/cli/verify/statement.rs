//! A report as an in-toto Statement, version 1: what the files are, and what is known of them. Unsigned: whoever wants a
//! signature wraps it in an envelope of their own.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>

use std::collections::BTreeMap;

use serde::Serialize;

use super::report::ReportBody;

const TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate is the JSON form of the report.
const PREDICATE_TYPE: &str = "urn:agentops:verification:v1";

/// A statement.
#[derive(Serialize)]
pub(super) struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject<'a>>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: &'a ReportBody,
}

/// What the statement is about, by digests of which each suffices.
#[derive(Serialize)]
struct Subject<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, &'a str>,
}

impl<'a> Statement<'a> {
    /// About the files of the manifest, deleted ones excepted, and the commit and tree that brought the event.
    pub(super) fn new(report: &'a ReportBody, commit: &'a str, tree: &'a str) -> Self {
        let files = report.manifest.iter().filter_map(|file| {
            Some(Subject { name: &file.path, digest: BTreeMap::from([("sha256", file.sha256.as_deref()?)]) })
        });
        let whole = Subject { name: "git:commit", digest: BTreeMap::from([("gitCommit", commit), ("gitTree", tree)]) };
        Self {
            kind: TYPE,
            subject: std::iter::once(whole).chain(files).collect(),
            predicate_type: PREDICATE_TYPE,
            predicate: report,
        }
    }
}
