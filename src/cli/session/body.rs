//! A session as programs and people read it.

use serde::Serialize;

use super::usage::{ContextBody, MeasuredBody};
use crate::engine::records::measure::Measured;
use crate::engine::records::session::Open;
use crate::model::record::Session;
use crate::ui::{Page, dim, plain, strong};

#[derive(Serialize)]
pub(super) struct SessionBody {
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) profile: String,
    pub(super) actor: String,
    pub(super) started: String,
    ended: Option<String>,
    pub(super) summary: Option<String>,
    /// The tasks of an open session.
    tasks: Vec<String>,
    work: Vec<WorkBody>,
    learnings: Vec<String>,
    usage: String,
    /// Where usage was measured.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    measured: Option<MeasuredBody>,
    /// The context of an open session as the last call left it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ContextBody>,
    /// Context bundles that were loaded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bundles: Vec<String>,
    pub(super) suggestions: Option<ChosenBody>,
    improvements: Vec<ImprovementBody>,
}

#[derive(Serialize)]
struct WorkBody {
    task: String,
    phase: String,
    attempt: u32,
}

#[derive(Serialize)]
pub(super) struct ChosenBody {
    shown: Vec<String>,
    pub(super) choice: String,
}

#[derive(Serialize)]
struct ImprovementBody {
    what: String,
    impact: &'static str,
    effort: &'static str,
    priority: &'static str,
}

impl SessionBody {
    pub(super) fn open(open: &Open) -> Self {
        Self {
            id: open.id.to_string(),
            state: "open",
            profile: open.profile.to_string(),
            actor: open.actor.to_string(),
            started: open.started.to_string(),
            ended: None,
            summary: None,
            tasks: open.tasks.iter().map(ToString::to_string).collect(),
            work: Vec::new(),
            learnings: Vec::new(),
            usage: "unmeasured".into(),
            measured: None,
            context: None,
            bundles: open.bundles.iter().map(ToString::to_string).collect(),
            suggestions: None,
            improvements: Vec::new(),
        }
    }

    pub(super) fn ended(record: &Session) -> Self {
        let mut tasks: Vec<String> = record.work.iter().map(|work| work.task.to_string()).collect();
        tasks.dedup();
        Self {
            id: record.id.to_string(),
            state: "ended",
            profile: record.profile.to_string(),
            actor: record.actor.to_string(),
            started: record.started.to_string(),
            ended: Some(record.ended.to_string()),
            summary: Some(record.summary.clone()),
            tasks,
            work: record
                .work
                .iter()
                .map(|work| WorkBody {
                    task: work.task.to_string(),
                    phase: work.phase.to_string(),
                    attempt: work.attempt.parse().unwrap_or_default(),
                })
                .collect(),
            learnings: record.learnings.iter().map(ToString::to_string).collect(),
            usage: record.usage.clone(),
            measured: (record.usage == "measured").then(|| MeasuredBody::of_record(record)),
            context: None,
            bundles: record.bundles.iter().map(ToString::to_string).collect(),
            suggestions: Some(ChosenBody {
                shown: record.suggestions.shown.clone(),
                choice: record.suggestions.choice.clone(),
            }),
            improvements: record
                .improvements
                .iter()
                .map(|improvement| ImprovementBody {
                    what: improvement.what.clone(),
                    impact: improvement.impact.as_str(),
                    effort: improvement.effort.as_str(),
                    priority: improvement.priority.as_str(),
                })
                .collect(),
        }
    }

    /// With what an open session took until now.
    pub(super) fn measured(mut self, measured: &Measured) -> Self {
        if measured.is_measured() {
            self.usage = "measured".into();
            self.measured = Some(MeasuredBody::until_now(measured));
            self.context = measured.now.as_ref().map(ContextBody::of);
        }
        self
    }

    /// What was measured, or that nothing was.
    pub(super) fn fill_usage(&self, page: &mut Page) {
        match &self.measured {
            Some(measured) => measured.fill(page),
            None => page.indented_label(2, [dim("usage")], &self.usage),
        }
        if let Some(context) = &self.context {
            page.indented_label(2, [dim("context")], context.line());
        }
    }

    pub(super) fn fill(&self, page: &mut Page) {
        let until = self.ended.as_ref().map_or("open".to_owned(), |ended| format!("until {ended}"));
        page.line([strong(&self.id), plain(format!("  {} by {}, {} {until}", self.profile, self.actor, self.started))]);
        if let Some(summary) = &self.summary {
            page.wrapped(2, summary);
        }
        if self.state == "open" && !self.tasks.is_empty() {
            page.indented_label(2, [dim("tasks")], self.tasks.join(", "));
        }
        for work in &self.work {
            page.indented_label(2, [dim("work")], format!("{} {}, attempt {}", work.task, work.phase, work.attempt));
        }
        if !self.learnings.is_empty() {
            page.indented_label(2, [dim("learnings")], self.learnings.join(", "));
        }
        for improvement in &self.improvements {
            let ImprovementBody { what, impact, effort, priority } = improvement;
            let grades = format!("(impact {impact}, effort {effort}, priority {priority})");
            page.indented_label(2, [dim("improvement")], format!("{what} {grades}"));
        }
        if let Some(suggestions) = &self.suggestions {
            for line in &suggestions.shown {
                page.indented_label(2, [dim("suggested")], line);
            }
            page.indented_label(2, [dim("chosen")], &suggestions.choice);
        }
        if !self.bundles.is_empty() {
            page.indented_label(2, [dim("bundles")], self.bundles.join(", "));
        }
        self.fill_usage(page);
    }
}
