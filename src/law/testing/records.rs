//! An event and records that satisfy the laws, for tests to spoil.

use std::collections::BTreeMap;

use super::{PROJECT, id_of, principal};
use crate::model::canonical::Canonical;
use crate::model::decision::{Decision, Fate};
use crate::model::digest::Digest;
use crate::model::event::{Event, EventKind, EventName, Evidence};
use crate::model::layout;
use crate::model::name::{PhaseName, ProfileName, RecordId, TaskId};
use crate::model::record::{Grade, Improvement, Learning, Session, Suggestions};
use crate::model::state::{Priority, Stage, Status, TaskState};
use crate::model::time::{Date, Timestamp};
use crate::model::tree::MemoryTree;

/// The path and the text of an `open` event of `task` in the profile `dev`, at phase `research`, with evidence.
pub(crate) fn event(task: &str, evidence: &[&str]) -> (String, String) {
    let task = TaskId::parse(task).unwrap();
    let event = Event {
        v: 1,
        project: PROJECT.into(),
        task: task.clone(),
        seq: 1,
        kind: EventKind::Open,
        prev: Vec::new(),
        actor: principal("claude"),
        at: Timestamp::from_seconds(1_795_000_000),
        reason: String::new(),
        evidence: evidence
            .iter()
            .map(|path| Evidence { path: (*path).to_owned(), sha256: Digest::of(path.as_bytes()) })
            .collect(),
        base: id_of("base"),
        runs: Vec::new(),
        note: BTreeMap::new(),
        state: TaskState {
            phase: PhaseName::parse("research").unwrap(),
            stage: Stage::Research,
            status: Status::Working,
            attempt: 1,
            opened: Date::parse("2026-11-21").unwrap(),
            title: "Create new authentication system".into(),
            priority: Priority::Normal,
            labels: Vec::new(),
            after: Vec::new(),
        },
        signature: None,
    };
    let profile = ProfileName::parse("dev").unwrap();
    (layout::event(&profile, &task, &EventName::of(&event)).to_string(), event.print())
}

/// A session record in the profile `dev` that satisfies the laws, once [`learning`] is there too.
pub(crate) fn session() -> Session {
    Session {
        v: 1,
        project: PROJECT.into(),
        id: record_id("01kbjd8r00000000000000000s"),
        profile: ProfileName::parse("dev").unwrap(),
        actor: principal("claude"),
        started: Timestamp::from_seconds(1_795_000_000),
        ended: Timestamp::from_seconds(1_795_003_600),
        summary: "Parser reads CRLF".into(),
        work: Vec::new(),
        learnings: vec![learning().id],
        bundles: Vec::new(),
        usage: "unmeasured".into(),
        measured: BTreeMap::new(),
        spent: Vec::new(),
        peaks: Vec::new(),
        collapses: Vec::new(),
        suggestions: Suggestions {
            shown: vec!["Submit task auth-k3f9 for review".into(), "Profile the parser on large files".into()],
            choice: "none".into(),
        },
        improvements: vec![Improvement {
            what: "Run the parser's fuzz target nightly, not only on release branches".into(),
            impact: Grade::Medium,
            effort: Grade::Low,
            priority: Grade::Medium,
        }],
    }
}

/// A learning in the profile `dev`.
pub(crate) fn learning() -> Learning {
    Learning {
        v: 1,
        project: PROJECT.into(),
        id: record_id("01kbjd8r00000000000000000m"),
        profile: ProfileName::parse("dev").unwrap(),
        actor: principal("claude"),
        at: Timestamp::from_seconds(1_795_000_000),
        task: String::new(),
        pattern: "`rename(2)` is atomic only within one file system.".into(),
        evidence: Vec::new(),
        application: String::new(),
        reusability: Grade::High,
        tags: Vec::new(),
        supersedes: Vec::new(),
    }
}

/// A decision that drops the improvement of [`session`].
pub(crate) fn decision() -> Decision {
    Decision {
        v: 1,
        project: PROJECT.into(),
        profile: ProfileName::parse("dev").unwrap(),
        session: session().id,
        number: 1,
        fate: Fate::Dropped,
        commit: String::new(),
        reason: "The fuzz target was removed together with the old parser".into(),
        prev: Vec::new(),
        actor: principal("claude"),
        at: Timestamp::from_seconds(1_795_007_200),
    }
}

/// A tree with these records where they belong.
pub(crate) fn records<'a>(
    sessions: impl IntoIterator<Item = &'a Session>,
    learnings: impl IntoIterator<Item = &'a Learning>,
) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for session in sessions {
        tree.put(layout::session(&session.profile, &session.started.date(), &session.id), session.print());
    }
    for learning in learnings {
        tree.put(layout::learning(&learning.profile, &learning.at.date(), &learning.id), learning.print());
    }
    tree
}

fn record_id(text: &str) -> RecordId {
    RecordId::parse(text).unwrap()
}
