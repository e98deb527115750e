//! The only printer: human text, JSON, colour, escaping, prompts.
//!
//! - Standard output is data, standard error is talk. In JSON mode there is one document on standard output, for errors
//!   too, and neither talk nor hints; warnings stay on standard error.
//! - Whoever prints hands over plain text. Every line is escaped here ([`visible`]), so nothing that comes from a
//!   repository can move the cursor, colour the terminal or turn a line around; nor, in a job of GitHub's, be a command to
//!   its runner ([`no_runner_command`]).
//! - Colour never stands alone: `error`, `warning`, `hint` are words.
//! - A reader that has gone (a broken pipe) ends nothing: what is written after that is dropped, the verb finishes its
//!   work and keeps its exit code. Any other failure to write the data is kept for the end ([`Ui::failure`]).
//!
//! Called by `cli`, and by `hooks` through it. Knows `law` and `model`; what the environment says is handed in.

mod document;
pub mod formats;
mod page;
mod prompt;
mod report;
mod sink;
mod table;

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io;

use serde::Serialize;

pub use document::{ErrorBody, SCHEMA_VERSION};
pub use page::{Page, Span, dim, error, good, hint, plain, strong, warning};
pub use prompt::PromptError;
pub use report::ReportBody;
use sink::Sink;
pub use table::Table;

use crate::model::escape::no_runner_command;
#[cfg(doc)]
use crate::model::escape::visible;
use crate::model::report::Report;

/// Who reads the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// A person.
    #[default]
    Human,
    /// A program.
    Json,
}

/// What the command line and the environment say about output. The default: for people, plain, not quiet, nobody to
/// ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Who reads the data.
    pub mode: Mode,
    /// No talk and no hints; warnings and errors remain.
    pub quiet: bool,
    /// Colour on standard output.
    pub color_output: bool,
    /// Colour on standard error.
    pub color_error: bool,
    /// Somebody can answer: both ends are a terminal, it is no CI job, and prompts are not forbidden.
    pub interactive: bool,
    /// Columns to wrap text at; `None`: 80.
    pub columns: Option<usize>,
    /// Standard output is a terminal, to which no byte from a repository goes as it is.
    pub terminal_output: bool,
    /// A runner of GitHub's reads both streams: no text for people is a command to it.
    pub runner_reads: bool,
}

/// The printer. One for each process.
#[derive(Debug)]
pub struct Ui {
    settings: Settings,
    output: RefCell<Sink>,
    error: RefCell<Sink>,
    failure: RefCell<Option<io::Error>>,
    has_document: Cell<bool>,
}

impl Ui {
    /// A printer onto the standard streams of the process.
    pub fn new(settings: Settings) -> Self {
        Self::onto(settings, Sink::Output, Sink::Error)
    }

    /// A printer into memory, for tests; see [`captured`](Self::captured).
    pub fn memory(settings: Settings) -> Self {
        Self::onto(settings, Sink::Memory(Vec::new()), Sink::Memory(Vec::new()))
    }

    fn onto(settings: Settings, output: Sink, error: Sink) -> Self {
        Self {
            settings,
            output: RefCell::new(output),
            error: RefCell::new(error),
            failure: RefCell::new(None),
            has_document: Cell::new(false),
        }
    }

    /// Who reads the data.
    pub fn mode(&self) -> Mode {
        self.settings.mode
    }

    /// What this printer was told.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// What was printed into memory: standard output and standard error.
    pub fn captured(&self) -> (String, String) {
        (self.output.borrow().text(), self.error.borrow().text())
    }

    /// Shows what a verb is for: `body` as a document with `schema_version` in JSON mode, else the page that `human`
    /// fills. `body` is a struct or a map; a verb shows once.
    pub fn show(&self, body: &impl Serialize, human: impl FnOnce(&mut Page)) {
        match self.settings.mode {
            Mode::Json => self.document(body),
            Mode::Human => self.data(human),
        }
    }

    /// Prints a page on standard output, whatever the mode: for help and the like, which have no JSON form.
    pub fn data(&self, fill: impl FnOnce(&mut Page)) {
        let mut page = self.page(self.settings.color_output);
        fill(&mut page);
        self.write_output(&self.told(page), self.settings.color_output);
    }

    /// Prints a file of the repository on standard output: the bytes as they are, as `git show` would; on a terminal as
    /// escaped text, for the bytes could do there whatever they like.
    pub fn bytes(&self, bytes: &[u8]) {
        if self.settings.terminal_output {
            self.data(|page| page.text(String::from_utf8_lossy(bytes)));
        } else if let Err(error) = self.output.borrow_mut().write(bytes, false) {
            self.fail(error);
        }
    }

    /// Prints a document of somebody else's format on standard output, whatever the mode: without `schema_version`.
    pub fn statement(&self, body: &impl Serialize) {
        self.has_document.set(true);
        match document::print_foreign(body) {
            Ok(text) => self.write_output(&text, false),
            Err(error) => self.fail(error.into()),
        }
    }

    /// Prints what [`formats`] made on standard output, whatever the mode.
    pub fn foreign(&self, text: &str) {
        self.has_document.set(true);
        self.write_output(text, false);
    }

    /// Prints a page on standard error, whatever the mode and however quiet: for hooks, whose reader is git's.
    pub fn aside(&self, fill: impl FnOnce(&mut Page)) {
        let mut page = self.page(self.settings.color_error);
        fill(&mut page);
        self.write_error(&self.told(page));
    }

    /// One sentence on standard error about what happened. Silent when quiet and in JSON mode.
    pub fn talk(&self, text: impl Display) {
        if self.talks() {
            self.aside(|page| page.text(text));
        }
    }

    /// What to do next, on standard error. Silent when quiet and in JSON mode.
    pub fn hint(&self, text: impl Display) {
        if self.talks() {
            self.aside(|page| page.labelled(hint("hint"), text));
        }
    }

    /// Something that may be wrong, on standard error; always.
    pub fn warning(&self, text: impl Display) {
        self.aside(|page| page.labelled(warning("warning"), text));
    }

    /// Why a verb failed: `error:`, `caused by:` and `hint:` on standard error; in JSON mode a document, unless one was
    /// printed already.
    pub fn error(&self, body: &ErrorBody) {
        if self.settings.mode == Mode::Json && !self.has_document.get() {
            self.document(&document::ErrorDocument { error: body });
        } else {
            self.aside(|page| body.fill(page));
        }
    }

    /// As [`error`](Self::error), for a verdict of the judge: people read it in full above the error, programs find its
    /// fields beside `error`.
    pub fn refusal(&self, body: &ErrorBody, report: &Report) {
        let report = ReportBody::of(report);
        if self.settings.mode == Mode::Json && !self.has_document.get() {
            self.document(&document::RefusalDocument { error: body, report: &report });
        } else {
            self.aside(|page| {
                report.fill(page);
                body.fill(page);
            });
        }
    }

    /// The first failure to write data, other than a reader that has gone. Asked once, at the end.
    pub fn failure(&self) -> Option<io::Error> {
        self.failure.borrow_mut().take()
    }

    fn talks(&self) -> bool {
        !self.settings.quiet && self.settings.mode == Mode::Human
    }

    fn page(&self, color: bool) -> Page {
        Page::new(color, self.settings.columns.unwrap_or(80))
    }

    fn told(&self, page: Page) -> String {
        let text = page.finish();
        if self.settings.runner_reads { no_runner_command(&text) } else { text }
    }

    fn document(&self, body: &impl Serialize) {
        self.has_document.set(true);
        match document::print(body) {
            Ok(text) => self.write_output(&text, false),
            Err(error) => self.fail(error.into()),
        }
    }

    fn write_output(&self, text: &str, color: bool) {
        if let Err(error) = self.output.borrow_mut().write(text.as_bytes(), color) {
            self.fail(error);
        }
    }

    /// Nobody can be told where standard error cannot be written to.
    fn write_error(&self, text: &str) {
        let _ = self.error.borrow_mut().write(text.as_bytes(), self.settings.color_error);
    }

    fn fail(&self, error: io::Error) {
        self.failure.borrow_mut().get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Body {
        title: &'static str,
    }

    const BODY: Body = Body { title: "a\u{1b}[31m\u{202e}b" };

    fn printed(settings: Settings, print: impl FnOnce(&Ui)) -> (String, String) {
        let ui = Ui::memory(settings);
        print(&ui);
        ui.captured()
    }

    #[test]
    fn people_and_programs_read_the_same() {
        let show = |ui: &Ui| ui.show(&BODY, |page| page.text(BODY.title));
        let (human, _) = printed(Settings::default(), show);
        assert_eq!(human, "a\\u{1b}[31m\\u{202e}b\n");
        let (json, _) = printed(Settings { mode: Mode::Json, ..Settings::default() }, show);
        assert_eq!(json, "{\"schema_version\":1,\"title\":\"a\\u001b[31m\\u202eb\"}\n");
    }

    #[test]
    fn bytes_go_as_they_are_to_a_pipe_and_never_to_a_terminal() {
        let bytes = b"a\x1b[31m\xff\n";
        let print = |terminal_output| {
            let ui = Ui::memory(Settings { terminal_output, ..Settings::default() });
            ui.bytes(bytes);
            let Sink::Memory(printed) = &*ui.output.borrow() else { panic!("not in memory") };
            printed.clone()
        };
        assert_eq!(print(false), bytes);
        assert_eq!(print(true), "a\\u{1b}[31m\u{fffd}\n".as_bytes());
    }

    #[test]
    fn where_a_runner_reads_no_text_commands_it() {
        let all = |ui: &Ui| {
            ui.data(|page| page.text("::add-mask::a"));
            ui.error(&ErrorBody::new("failed", "no\n::stop-commands::x\n##[group]y"));
        };
        let (out, err) = printed(Settings { runner_reads: true, ..Settings::default() }, all);
        assert_eq!(out, "\\u{3a}:add-mask::a\n");
        assert_eq!(err, "error: no\n  \\u{3a}:stop-commands::x\n  #\\u{23}[group]y\n");
        assert_eq!(printed(Settings::default(), all).0, "::add-mask::a\n");
    }

    #[test]
    fn quiet_keeps_warnings_and_errors() {
        let all = |ui: &Ui| {
            ui.talk("wrote 1 file");
            ui.hint("look at it");
            ui.warning("it is old");
            ui.error(&ErrorBody::new("failed", "no"));
        };
        let quiet = Settings { quiet: true, ..Settings::default() };
        assert_eq!(printed(quiet, all).1, "warning: it is old\nerror: no\n");
        let (out, err) = printed(Settings::default(), all);
        assert_eq!(
            (out.as_str(), err.as_str()),
            ("", "wrote 1 file\nhint: look at it\nwarning: it is old\nerror: no\n")
        );
    }

    #[test]
    fn json_mode_has_one_document() {
        let json = Settings { mode: Mode::Json, ..Settings::default() };
        let (out, err) = printed(json, |ui| {
            ui.talk("wrote 1 file");
            ui.error(&ErrorBody::new("usage", "no").hint("do"));
        });
        assert_eq!(out, "{\"schema_version\":1,\"error\":{\"code\":\"usage\",\"message\":\"no\",\"hint\":\"do\"}}\n");
        assert_eq!(err, "");
        let (out, err) = printed(json, |ui| {
            ui.show(&BODY, |_| ());
            ui.error(&ErrorBody::new("failed", "no"));
        });
        assert_eq!((out.lines().count(), err.as_str()), (1, "error: no\n"));
    }
}
