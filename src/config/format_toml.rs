//! `format.toml`: which reader and which edition of the laws a repository wants.

use std::rc::Rc;

use toml::de::DeTable;

use super::problem::PolicyError;
use super::strict::{Source, Table};
use crate::model::policy::{FORMAT_VERSION, Format, LAWS_VERSION};

/// Reads the file. `Ok(None)` where it has problems, which stay with `source`.
///
/// A newer file is told apart from a wrong one before anything else is looked at: what it holds besides is not ours
/// to judge.
pub(crate) fn read(source: &Rc<Source>) -> Result<Option<Format>, PolicyError> {
    let Some(document) = source.document() else { return Ok(None) };
    for (key, known) in [("format", FORMAT_VERSION), ("min_reader", FORMAT_VERSION), ("laws", LAWS_VERSION)] {
        if let Some(found) = plain_number(document.get_ref(), key).filter(|found| *found > known) {
            return Err(PolicyError::TooNew { key, found, known });
        }
    }
    let top = Table::top(source, &document, &["format", "min_reader", "laws", "project"]);
    let number =
        |key: &str, newest: u32| top.need(key, "1").and_then(|value| value.number(1..=newest)).map(|at| at.value);
    let format = number("format", FORMAT_VERSION);
    let min_reader = number("min_reader", FORMAT_VERSION);
    let laws = number("laws", LAWS_VERSION);
    let project = top.need("project", "\"<32 lower-case hex digits>\"").and_then(|value| {
        let text = value.line(64)?;
        if is_project(&text.value) {
            return Some(text.value);
        }
        let fix = "restore the id from history: `git log -p -- .agentops/format.toml` shows it";
        text.spot.report("`project` is not 32 lower-case hex digits.", fix);
        None
    });
    Ok((|| Some(Format { format: format?, min_reader: min_reader?, laws: laws?, project: project? }))())
}

/// The text of a fresh `format.toml` for the project id `project`, 32 lower-case hex digits.
pub fn default_format(project: &str) -> String {
    format!(
        "# What these files are. `agentops upgrade` raises the numbers; nothing else changes this file.\n\
         format = {FORMAT_VERSION}      # the form of the files below .agentops\n\
         min_reader = {FORMAT_VERSION}  # the oldest agentops that may write here\n\
         laws = {LAWS_VERSION}        # the edition of the laws that judges this repository\n\
         project = \"{project}\"  # names this project in votes\n"
    )
}

/// The project id that the bytes of a `format.toml` state; `None` where they state none.
pub fn project_of(bytes: &[u8]) -> Option<String> {
    let table: toml::Table = toml::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
    table.get("project")?.as_str().map(str::to_owned)
}

fn is_project(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn plain_number(table: &DeTable<'_>, key: &str) -> Option<u32> {
    let integer = table.get(key)?.get_ref().as_integer()?;
    let number = u128::from_str_radix(integer.as_str(), integer.radix()).ok()?;
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Result<Option<Format>, PolicyError>, Vec<String>) {
        let source = Source::new(crate::model::layout::FORMAT.into(), text);
        let format = read(&source);
        (format, source.take_problems().iter().map(|problem| problem.to_string()).collect())
    }

    #[test]
    fn the_default_is_read_back() {
        let project = "0123456789abcdef0123456789abcdef";
        let (format, problems) = read_text(&default_format(project));
        assert_eq!(problems, [""; 0]);
        let expected = Format { format: 1, min_reader: 1, laws: 2, project: project.into() };
        assert_eq!(format, Ok(Some(expected)));
    }

    #[test]
    fn newer_files_are_no_mistake() {
        let newer = |text: &str| read_text(text).0;
        assert_eq!(newer("format = 2\nstrange = 1"), Err(PolicyError::TooNew { key: "format", found: 2, known: 1 }));
        assert_eq!(
            newer("format = 1\nmin_reader = 0x7"),
            Err(PolicyError::TooNew { key: "min_reader", found: 7, known: 1 })
        );
        assert_eq!(
            newer("laws = 99999999999999999999"),
            Err(PolicyError::TooNew { key: "laws", found: u32::MAX, known: 2 })
        );
    }

    #[test]
    fn mistakes_have_a_place_and_a_remedy() {
        let (format, problems) = read_text("format = 1\nmin_raeder = 1\nlaws = \"1\"\nproject = \"ABC\"\n");
        assert_eq!(format, Ok(None));
        assert_eq!(
            problems,
            [
                ".agentops/format.toml:2:1: `min_raeder` is not a key of the top of the file. To mend it: did you mean \
                 `min_reader`? The keys are `format`, `min_reader`, `laws` and `project`",
                ".agentops/format.toml:1:1: `min_reader` is missing in the top of the file. To mend it: add a line \
                 such as `min_reader = 1`",
                ".agentops/format.toml:3:8: `laws` must be a whole number, not a text. To mend it: write it as `1`",
                ".agentops/format.toml:4:11: `project` is not 32 lower-case hex digits. To mend it: restore the id \
                 from history: `git log -p -- .agentops/format.toml` shows it",
            ]
        );
    }
}
