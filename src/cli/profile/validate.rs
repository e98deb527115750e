//! `agentops profile validate`: what is wrong with profiles in the working tree, each with its place and remedy.

use serde::Serialize;

use super::super::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::governance::profile::{self, Verdict};
use crate::ui::{Page, dim, error, good, plain, strong};

#[derive(Serialize)]
struct ValidateBody {
    valid: bool,
    profiles: Vec<VerdictBody>,
}

#[derive(Serialize)]
struct VerdictBody {
    profile: String,
    valid: bool,
    problems: Vec<ProblemBody>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct ProblemBody {
    path: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    fix: Option<String>,
}

/// Prints the verdict on one profile, or on all.
pub(super) fn run(name: Option<&str>, context: &Context) -> Result<Outcome, CommandError> {
    let verdicts = profile::validate(&context.site(None)?, name)?;
    let body = ValidateBody {
        valid: verdicts.iter().all(|(_, verdict)| verdict.is_ok()),
        profiles: verdicts.iter().map(verdict_body).collect(),
    };
    context.ui.show(&body, |page| {
        for profile in &body.profiles {
            let verdict = if profile.valid { good("valid") } else { error("not valid") };
            page.line([strong(&profile.profile), plain(": "), verdict]);
            for problem in &profile.problems {
                fill_problem(page, problem);
            }
            for note in &profile.notes {
                page.indented_label(2, [dim("note")], note);
            }
        }
    });
    Ok(if body.valid { Outcome::Done } else { Outcome::Ended(ErrorKind::Failure) })
}

fn verdict_body((name, verdict): &Verdict) -> VerdictBody {
    let profile = name.to_string();
    match verdict {
        Ok(report) => VerdictBody { profile, valid: true, problems: Vec::new(), notes: report.notes.clone() },
        Err(failure) => {
            let mut problems: Vec<ProblemBody> = failure
                .problems()
                .iter()
                .map(|problem| ProblemBody {
                    path: Some(problem.path.to_string()),
                    line: Some(problem.line),
                    column: Some(problem.column),
                    message: problem.message.clone(),
                    fix: Some(problem.fix.clone()),
                })
                .collect();
            if problems.is_empty() {
                let message = failure.to_string();
                problems.push(ProblemBody { path: None, line: None, column: None, message, fix: None });
            }
            VerdictBody { profile, valid: false, problems, notes: Vec::new() }
        }
    }
}

fn fill_problem(page: &mut Page, problem: &ProblemBody) {
    let place = match (&problem.path, problem.line, problem.column) {
        (Some(path), Some(line), Some(column)) => format!("{path}:{line}:{column}"),
        _ => "error".to_owned(),
    };
    page.indented_label(2, [error(place)], &problem.message);
    if let Some(fix) = &problem.fix {
        page.indented_label(4, [plain("fix")], fix);
    }
}
