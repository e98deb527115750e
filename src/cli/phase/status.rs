//! `agentops phase status`: where a task stands, for people and for programs.

use serde::Serialize;

use crate::cli::gate::{ClassBody, fill_classes};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::tasks::phase::{self, PhaseStatus};
use crate::ui::{Page, Table, Ui, hint, plain, strong, warning};

/// One task as programs read it. The fields up to `next` are a promise; the rest came later.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct StatusBody {
    task: String,
    profile: String,
    phase: String,
    stage: &'static str,
    status: &'static str,
    attempt: u32,
    waiting_for: Vec<String>,
    lapsed: Vec<String>,
    next: Vec<String>,
    title: String,
    priority: &'static str,
    labels: Vec<String>,
    opened: String,
    after: Vec<String>,
    documents: Vec<DocumentBody>,
    stale: Vec<String>,
    /// The classes of risk that tighten the gate of this phase.
    classes: Vec<ClassBody>,
    heads: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DocumentBody {
    path: String,
    required: bool,
}

#[derive(Serialize)]
struct AllBody {
    tasks: Vec<StatusBody>,
}

impl StatusBody {
    /// The form that programs read.
    pub(in crate::cli) fn of(status: &PhaseStatus) -> Self {
        let state = &status.state;
        Self {
            task: status.task.to_string(),
            profile: status.profile.to_string(),
            phase: state.phase.to_string(),
            stage: state.stage.as_str(),
            status: word(status),
            attempt: state.attempt,
            waiting_for: status.waiting_for.clone(),
            lapsed: status.lapsed.clone(),
            next: status.next.clone(),
            title: state.title.clone(),
            priority: state.priority.as_str(),
            labels: state.labels.iter().map(ToString::to_string).collect(),
            opened: state.opened.to_string(),
            after: state.after.iter().map(ToString::to_string).collect(),
            documents: status
                .documents
                .iter()
                .map(|(path, required)| DocumentBody { path: path.clone(), required: *required })
                .collect(),
            stale: status.stale.clone(),
            classes: ClassBody::all(&status.classes),
            heads: status.fork.iter().map(|digest| digest.hex()).collect(),
        }
    }
}

pub(super) fn run(task: Option<&str>, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    match task {
        Some(task) => show(&context.ui, &phase::status(&site, task)?),
        None => show_all(&context.ui, &phase::status_all(&site)?),
    }
    Ok(Outcome::Done)
}

/// Shows one task.
pub(super) fn show(ui: &Ui, status: &PhaseStatus) {
    ui.show(&StatusBody::of(status), |page| fill_status(page, status));
}

fn show_all(ui: &Ui, all: &[PhaseStatus]) {
    let body = AllBody { tasks: all.iter().map(StatusBody::of).collect() };
    ui.show(&body, |page| {
        let mut table = Table::new(["task", "profile", "phase", "status", "waiting for"]);
        for status in all {
            table.row([
                strong(&status.task),
                plain(&status.profile),
                plain(&status.state.phase),
                plain(word(status)),
                plain(status.waiting_for.join("; ")),
            ]);
        }
        if !all.is_empty() {
            page.table(&table);
        }
    });
    match all {
        [] => {
            ui.talk("no task is open");
            ui.hint("agentops task new \"TITLE\" --profile NAME");
        }
        _ => ui.hint("agentops phase status ID tells more of one"),
    }
}

/// One task for people.
pub(in crate::cli) fn fill_status(page: &mut Page, status: &PhaseStatus) {
    let state = &status.state;
    page.line([strong(&status.task), plain(": "), plain(&state.title)]);
    let attempt = if state.attempt > 1 { format!(", attempt {}", state.attempt) } else { String::new() };
    page.text(format!(
        "  {}: phase {} (stage {}), {}{attempt}",
        status.profile,
        state.phase,
        state.stage,
        word(status)
    ));
    for what in &status.waiting_for {
        page.indented_label(2, [plain("waits for")], what);
    }
    fill_classes(page, &status.classes);
    for path in &status.lapsed {
        page.indented_label(2, [warning("lapsed")], format!("`{path}` changed after it was submitted"));
    }
    for sentence in &status.stale {
        page.indented_label(2, [warning("stale")], sentence);
    }
    for (path, required) in &status.documents {
        page.indented_label(2, [plain(if *required { "document" } else { "optional" })], path);
    }
    for command in &status.next {
        page.indented_label(2, [hint("next")], command);
    }
}

fn word(status: &PhaseStatus) -> &'static str {
    if status.fork.is_empty() { status.state.status.as_str() } else { "forked" }
}
