//! Questions to a person at a terminal.
//!
//! A question goes to standard error and the answer is one line of standard input, both of them terminals: standard
//! output stays data. Where nobody can answer, a verb fails and names the flag to use instead. Ctrl-C is left to the
//! terminal's own doing: the process ends by SIGINT, which a shell reports as 130; nothing is written before the last
//! answer.

use std::fmt::Display;
use std::io::{self, BufRead as _, Read as _};

use super::Ui;
use super::page::{plain, strong, warning};

/// The longest answer, in bytes.
const LONGEST: u64 = 16 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// Nobody can answer.
    #[error(
        "nobody can be asked: standard input or standard error is no terminal, or prompts are off (`--no-input`, `CI`)"
    )]
    NobodyThere,
    /// The person ended the input (Ctrl-D) instead of answering.
    #[error("the input ended without an answer")]
    Ended,
    /// The terminal failed.
    #[error("cannot read from the terminal")]
    Io(#[from] io::Error),
}

impl Ui {
    /// Whether somebody can answer.
    pub fn can_ask(&self) -> bool {
        self.settings().interactive
    }

    /// Asks until `accept` takes the answer, a line without its end and without spaces around it. What `accept` says
    /// instead is printed, and the question comes again.
    pub fn ask<T>(
        &self,
        question: impl Display,
        mut accept: impl FnMut(&str) -> Result<T, String>,
    ) -> Result<T, PromptError> {
        if !self.can_ask() {
            return Err(PromptError::NobodyThere);
        }
        let question = question.to_string();
        loop {
            self.aside(|page| page.open_line([strong(&question), plain(" ")]));
            let answer = match read_line(&mut io::stdin().lock()) {
                Ok(Answer::Line(line)) => accept(line.trim()),
                Ok(Answer::Unfit(reason)) => Err(reason.to_owned()),
                Ok(Answer::End) => {
                    self.aside(|page| page.blank());
                    return Err(PromptError::Ended);
                }
                Err(error) => return Err(error.into()),
            };
            match answer {
                Ok(value) => return Ok(value),
                Err(reason) => self.aside(|page| page.labelled(warning("again"), reason)),
            }
        }
    }
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Line(String),
    Unfit(&'static str),
    End,
}

/// Reads one line. One that is too long is read to its end and refused.
fn read_line(input: &mut impl io::BufRead) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(Answer::End);
    }
    if bytes.len() as u64 == LONGEST && bytes.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
        return Ok(Answer::Unfit("that line is too long"));
    }
    Ok(String::from_utf8(bytes).map_or(Answer::Unfit("that is not UTF-8"), Answer::Line))
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[test]
    fn nobody_is_asked_without_a_terminal() {
        let ui = Ui::memory(Settings::default());
        let answer = ui.ask("Really?", |_| Ok(()));
        assert!(matches!(answer, Err(PromptError::NobodyThere)));
        assert_eq!(ui.captured().1, "");
    }

    #[test]
    fn lines_that_fit_and_lines_that_do_not() {
        let long = "x".repeat(LONGEST as usize + 5);
        let text = format!("yes\r\n{long}\nlast");
        let mut input = text.as_bytes();
        assert_eq!(read_line(&mut input).unwrap(), Answer::Line("yes\r\n".into()));
        assert!(matches!(read_line(&mut input).unwrap(), Answer::Unfit(_)));
        assert_eq!(read_line(&mut input).unwrap(), Answer::Line("last".into()));
        assert_eq!(read_line(&mut input).unwrap(), Answer::End);
        assert!(matches!(read_line(&mut &b"\xff\n"[..]).unwrap(), Answer::Unfit(_)));
    }
}
