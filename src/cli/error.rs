//! Why a verb failed, and the exit code that goes with it.

use std::error::Error;

use crate::model::report::Report;
use crate::ui::{ErrorBody, PromptError, Ui};

/// The kinds of failure: exit codes for scripts, code words in JSON. Stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// It did not work, or nothing was judged.
    Failure,
    /// Wrong usage.
    Usage,
    /// A law is violated.
    Law,
    /// Waiting for a human.
    Waiting,
    /// A budget is exceeded.
    Budget,
    /// Conflict: fork, lock, lost race, another operation in progress.
    Conflict,
    /// An external tool is missing.
    MissingTool,
    /// Interrupted by the person at the terminal.
    Interrupted,
}

impl ErrorKind {
    /// Every kind, by exit code.
    pub const ALL: &'static [Self] = &[
        Self::Failure,
        Self::Usage,
        Self::Law,
        Self::Waiting,
        Self::Budget,
        Self::Conflict,
        Self::MissingTool,
        Self::Interrupted,
    ];

    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Law => 3,
            Self::Waiting => 4,
            Self::Budget => 5,
            Self::Conflict => 6,
            Self::MissingTool => 7,
            Self::Interrupted => 130,
        }
    }

    /// `error.code` in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Failure => "failed",
            Self::Usage => "usage",
            Self::Law => "law",
            Self::Waiting => "waiting",
            Self::Budget => "budget",
            Self::Conflict => "conflict",
            Self::MissingTool => "missing-tool",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failure on its way to the person or program that asked.
#[derive(Debug)]
pub struct CommandError {
    kind: ErrorKind,
    source: Box<dyn Error + Send + Sync>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    hints: Vec<String>,
    report: Option<Box<Report>>,
}

impl CommandError {
    /// A failure by its kind and an error or a message.
    pub fn new(kind: ErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into(), cause: None, hints: Vec::new(), report: None }
    }

    /// Something that did not work: exit 1.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Failure, source)
    }

    /// Something that cannot be meant: exit 2.
    pub fn usage(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Usage, source)
    }

    /// The same, with what is behind it. For messages; an error brings its own causes.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same, with one more thing to do about it: a sentence, or a command to paste.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same, with the verdict of the judge that is behind it.
    #[must_use]
    pub fn report(mut self, report: Report) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Prints the failure, after the verdict of the judge where there is one.
    pub(super) fn print(&self, ui: &Ui) {
        match &self.report {
            Some(report) => ui.refusal(&self.body(), report),
            None => ui.error(&self.body()),
        }
    }

    /// What kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The failure as it is printed. A cause that its error spelled out already is left out.
    pub fn body(&self) -> ErrorBody {
        let mut text = self.source.to_string();
        let mut body = ErrorBody::new(self.kind.code(), &text);
        let causes = std::iter::successors(self.source.source(), |error| (*error).source());
        let more = self.cause.as_deref().map(|error| error as &dyn Error);
        for cause in causes.chain(std::iter::successors(more, |error| (*error).source())) {
            let next = cause.to_string();
            if !text.contains(&next) {
                body = body.caused_by(&next);
                text = next;
            }
        }
        self.hints.iter().fold(body, ErrorBody::hint)
    }
}

impl From<PromptError> for CommandError {
    fn from(error: PromptError) -> Self {
        let kind = match error {
            PromptError::NobodyThere => ErrorKind::Usage,
            PromptError::Ended => ErrorKind::Interrupted,
            PromptError::Io(_) => ErrorKind::Failure,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::ui::{Settings, Ui};

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the task")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("bad file: {0}")]
    struct Middle(#[source] io::Error);

    fn printed(error: &CommandError) -> String {
        let ui = Ui::memory(Settings::default());
        ui.error(&error.body());
        ui.captured().1
    }

    #[test]
    fn causes_are_told_once() {
        let error = CommandError::failed(Outer(Middle(io::Error::other("line 3")))).hint("mend line 3");
        assert_eq!(printed(&error), "error: cannot read the task\ncaused by: bad file: line 3\nhint: mend line 3\n");
        let error = CommandError::usage("cannot read it").because(io::Error::other("line 3"));
        assert_eq!(printed(&error), "error: cannot read it\ncaused by: line 3\n");
    }

    #[test]
    fn codes_and_words_differ() {
        let codes: std::collections::BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.exit_code()).collect();
        let words: std::collections::BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!((codes.len(), words.len()), (ErrorKind::ALL.len(), ErrorKind::ALL.len()));
        assert!(!codes.contains(&0));
    }
}
