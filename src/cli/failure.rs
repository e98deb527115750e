//! What the engine says went wrong, as the command line says it.

use super::{CommandError, ErrorKind};
use crate::engine::EngineError;
use crate::engine::error::Class;
use crate::model::law_id::Level;
use crate::model::report::{Report, Violation};

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        let kind = match error.class() {
            Class::Failure => ErrorKind::Failure,
            Class::Usage => ErrorKind::Usage,
            Class::Law => ErrorKind::Law,
            Class::Waiting => ErrorKind::Waiting,
            Class::Budget => ErrorKind::Budget,
            Class::Conflict => ErrorKind::Conflict,
            Class::MissingTool => ErrorKind::MissingTool,
        };
        if let EngineError::Law(report) = &error {
            return broken_laws(report, CommandError::new(kind, error.to_string()));
        }
        let hint = error.hint().map(str::to_owned);
        let result = CommandError::new(kind, error);
        hint.into_iter().flat_map(|hint| hint.lines().map(str::to_owned).collect::<Vec<_>>()).fold(result, Self::hint)
    }
}

/// Every error of the report with its remedy.
fn broken_laws(report: &Report, error: CommandError) -> CommandError {
    let errors: Vec<&Violation> =
        report.violations.iter().filter(|violation| violation.level == Level::Error).collect();
    let lines: Vec<String> = errors
        .iter()
        .map(|violation| match &violation.place.path {
            Some(path) => format!("{} {path}: {}", violation.law, violation.message),
            None => format!("{} {}", violation.law, violation.message),
        })
        .collect();
    let mut hints: Vec<String> = Vec::new();
    let explained = errors.iter().map(|violation| format!("agentops explain {}", violation.law));
    for hint in errors.iter().map(|violation| violation.fix.clone()).chain(explained) {
        if !hint.is_empty() && !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    hints.into_iter().fold(error.because(lines.join("\n")), CommandError::hint)
}
