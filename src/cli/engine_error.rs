//! From the engine's refusals to exit codes and hints.

use super::{CommandError, ErrorKind};
use crate::engine::EngineError;
use crate::engine::error::Fault;
use crate::ui::ReportBody;

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        let hint = error.hint().map(str::to_owned);
        let result = match error {
            EngineError::Law(report) => {
                let message = EngineError::Law(report.clone()).to_string();
                let laws = ReportBody::of(&report).broken_laws();
                let result = Self::new(ErrorKind::Law, message).report(*report);
                match laws.first() {
                    Some(law) => result.hint(format!("agentops explain {law}")),
                    None => result,
                }
            }
            error => Self::new(kind(error.fault()), error),
        };
        hint.into_iter().fold(result, Self::hint)
    }
}

fn kind(fault: Fault) -> ErrorKind {
    match fault {
        Fault::Failed => ErrorKind::Failure,
        Fault::Usage => ErrorKind::Usage,
        Fault::Law => ErrorKind::Law,
        Fault::Waiting => ErrorKind::Waiting,
        Fault::Budget => ErrorKind::Budget,
        Fault::Conflict => ErrorKind::Conflict,
        Fault::MissingTool => ErrorKind::MissingTool,
        Fault::Interrupted => ErrorKind::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::law_id::{LawId, Level};
    use crate::model::report::{Place, Report, Violation};
    use crate::ui::{Mode, Settings, Ui};

    fn codes(error: EngineError) -> u8 {
        CommandError::from(error).kind().exit_code()
    }

    #[test]
    fn codes_follow_the_table() {
        let text = || String::from("x");
        assert_eq!(codes(EngineError::NotGoverned), 1);
        assert_eq!(codes(EngineError::NotFound { what: "task", name: text(), hint: text() }), 2);
        assert_eq!(codes(EngineError::Law(Box::default())), 3);
        assert_eq!(codes(EngineError::Waiting { message: text(), hint: text() }), 4);
        assert_eq!(codes(EngineError::Budget { message: text(), hint: text() }), 5);
        assert_eq!(codes(EngineError::Conflict { message: text(), hint: text() }), 6);
        assert_eq!(codes(EngineError::MissingTool { tool: text(), hint: text() }), 7);
        assert_eq!(codes(EngineError::Interrupted), 130);
    }

    #[test]
    fn a_law_brings_its_report() {
        let violation = Violation {
            law: LawId::P1,
            level: Level::Error,
            place: Place::line("a.md", 3),
            message: "empty".into(),
            fix: "fill it".into(),
        };
        let report = Report { violations: vec![violation], ..Report::default() };
        let printed = |mode| {
            let ui = Ui::memory(Settings { mode, ..Settings::default() });
            CommandError::from(EngineError::Law(Box::new(report.clone()))).print(&ui);
            ui.captured()
        };
        insta::assert_snapshot!(printed(Mode::Human).1, @r"
        error[AO-P1] a.md:3: empty
          fix: fill it

        fail: 1 error, 0 warnings
        error: 1 finding against the laws; nothing was committed
        hint: agentops explain AO-P1
        ");
        let document: serde_json::Value = serde_json::from_str(&printed(Mode::Json).0).unwrap();
        assert_eq!(document["error"]["code"], "law");
        assert_eq!(document["violations"][0]["law"], "AO-P1");
    }
}
