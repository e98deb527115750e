//! A whole number at the top of a governed file, read and set in place: comments, order and spacing stay as they are.

use super::problem::{PolicyError, Problem};
use super::strict::Source;
use crate::model::path::RepoPath;

/// The whole number `key` at the top of the TOML file `path`, whose text is `text`.
///
/// # Errors
///
/// A problem where the text is not TOML, or does not state that number.
pub fn number(path: RepoPath, text: &str, key: &str) -> Result<u32, PolicyError> {
    find(path, text, key).map(|(number, _)| number)
}

/// The text with that number replaced by `value`.
///
/// # Errors
///
/// As [`number`].
pub fn set_number(path: RepoPath, text: &str, key: &str, value: u32) -> Result<String, PolicyError> {
    let (_, span) = find(path, text, key)?;
    let (before, after) = (text.get(..span.start), text.get(span.end..));
    Ok(format!("{}{value}{}", before.unwrap_or_default(), after.unwrap_or_default()))
}

fn find(path: RepoPath, text: &str, key: &str) -> Result<(u32, std::ops::Range<usize>), PolicyError> {
    let source = Source::new(path.clone(), text);
    let found = source.document().and_then(|document| {
        let value = document.get_ref().get(key)?;
        let integer = value.get_ref().as_integer()?;
        Some((u32::from_str_radix(integer.as_str(), integer.radix()).ok()?, value.span()))
    });
    let mut problems = source.take_problems();
    if problems.is_empty() && found.is_none() {
        let fix = format!("add a line such as `{key} = 1`");
        problems.push(Problem::of_file(path, format!("the file states no whole number `{key}`."), fix));
    }
    found.filter(|_| problems.is_empty()).ok_or(PolicyError::Problems(problems))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_number_changes() {
        let text = "# laws = 7\nlaws   = 0x1  # why\n[laws2]\nlaws = 9\n";
        assert_eq!(number("f".into(), text, "laws"), Ok(1));
        assert_eq!(set_number("f".into(), text, "laws", 12).unwrap(), text.replace("0x1", "12"));
    }

    #[test]
    fn what_is_no_number_is_named() {
        for text in ["", "laws = \"1\"", "laws = -1", "[t]\nlaws = 1", "laws = "] {
            let error = number("f".into(), text, "laws").unwrap_err().to_string();
            assert!(error.starts_with("f:1"), "{error}");
        }
    }
}
