//! Filling in a command of a `profile.toml` in place: comments, order and spacing stay as they are.

use super::problem::{PolicyError, Problem};
use super::strict::{Source, Table};
use crate::model::canonical::quote;
use crate::model::layout;
use crate::model::name::{ProfileName, Word};

/// The text of a profile's `profile.toml` with `run` of `[commands.<command>]` set to program and arguments.
///
/// # Errors
///
/// A problem where the text is not TOML, or does not state that command with a `run`.
pub fn set_command(profile: &ProfileName, text: &str, command: &Word, run: &[String]) -> Result<String, PolicyError> {
    let words: Vec<String> = run.iter().map(|word| quote(word)).collect();
    set(profile, text, command, ("run", "[]"), &format!("[{}]", words.join(", ")))
}

/// The text of a profile's `profile.toml` with `takes_paths` of `[commands.<command>]` set.
///
/// # Errors
///
/// A problem where the text is not TOML, or does not state that command with a `takes_paths`.
pub fn set_takes_paths(
    profile: &ProfileName,
    text: &str,
    command: &Word,
    takes_paths: bool,
) -> Result<String, PolicyError> {
    set(profile, text, command, ("takes_paths", "true"), &takes_paths.to_string())
}

/// Puts `value` in the place of a command's value; `key` comes with an example of a value.
fn set(
    profile: &ProfileName,
    text: &str,
    command: &Word,
    (key, example): (&str, &str),
    value: &str,
) -> Result<String, PolicyError> {
    let source = Source::new(layout::profile_file(profile), text);
    let span = source.document().and_then(|document| {
        let top = Table::open(&source, document.get_ref(), 0..0, "the top of the file");
        let table = top.get("commands")?.table("`[commands]`")?.get(command.as_str())?.table("a command")?;
        Some(table.get(key)?.span())
    });
    let problems = source.take_problems();
    if !problems.is_empty() {
        return Err(PolicyError::Problems(problems));
    }
    let Some((before, after)) = span.and_then(|span| Some((text.get(..span.start)?, text.get(span.end..)?))) else {
        let message = format!("the file does not state `{key}` of a command `{command}`.");
        let fix = format!("add `[commands.{command}]` with `{key} = {example}`");
        return Err(PolicyError::Problems(vec![Problem::of_file(source.path().clone(), message, fix)]));
    };
    Ok(format!("{before}{value}{after}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(text: &str, run: &[&str]) -> Result<String, PolicyError> {
        let run: Vec<String> = run.iter().map(|word| (*word).to_owned()).collect();
        set_command(&ProfileName::parse("sre").unwrap(), text, &Word::parse("test").unwrap(), &run)
    }

    #[test]
    fn only_the_list_changes() {
        let text = "# top\n[commands.smoke]\nrun = []\n[commands.test] # why\nrun = [ ] # say it\ntakes_paths = true\n";
        let expected = text.replace("run = [ ] #", "run = [\"cargo\", \"test\"] #");
        assert_eq!(set(text, &["cargo", "test"]).unwrap(), expected);
        assert_eq!(set(&expected, &[]).unwrap(), text.replace("[ ] #", "[] #"));
        assert_eq!(
            set("commands = { test = { run = [\n\"a\"] } }", &["b"]).unwrap(),
            "commands = { test = { run = [\"b\"] } }"
        );
    }

    #[test]
    fn whether_paths_follow_is_set_in_place() {
        let text = "[commands.test]\nrun = []\ntakes_paths = true # why\n";
        let (profile, command) = (ProfileName::parse("sre").unwrap(), Word::parse("test").unwrap());
        let edited = set_takes_paths(&profile, text, &command, false).unwrap();
        assert_eq!(edited, text.replace("true", "false"));
        assert!(set_takes_paths(&profile, "[commands.test]\nrun = []\n", &command, false).is_err());
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        for text in ["", "[commands.tset]\nrun = []", "[commands.test]\ntakes_paths = true"] {
            let error = set(text, &["x"]).unwrap_err();
            assert!(error.to_string().contains("`run` of a command `test`"), "{error}");
        }
        assert!(set("[commands.test", &[]).unwrap_err().to_string().contains(":1:"));
    }

    proptest! {
        #[test]
        fn what_was_set_is_read(words in prop::collection::vec("\\PC{0,12}", 0..5), noise in "[ -~]{0,20}") {
            let text = format!("# {noise}\n[commands.test]\nrun = [\"old\"] # {noise}\n");
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let edited = set(&text, &words).unwrap();
            let value: toml::Table = toml::from_str(&edited).unwrap();
            let run: Vec<&str> = value["commands"]["test"]["run"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
            prop_assert_eq!(run, words);
            prop_assert_eq!(edited.matches(&format!("# {noise}\n")).count(), text.matches(&format!("# {noise}\n")).count());
        }
    }
}
