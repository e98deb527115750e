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
    let source = Source::new(layout::profile_file(profile), text);
    let span = source.document().and_then(|document| {
        let top = Table::open(&source, document.get_ref(), 0..0, "the top of the file");
        let table = top.get("commands")?.table("`[commands]`")?.get(command.as_str())?.table("a command")?;
        Some(table.get("run")?.span())
    });
    let problems = source.take_problems();
    if !problems.is_empty() {
        return Err(PolicyError::Problems(problems));
    }
    let Some((before, after)) = span.and_then(|span| Some((text.get(..span.start)?, text.get(span.end..)?))) else {
        let message = format!("the file does not state `run` of a command `{command}`.");
        let fix = format!("add `[commands.{command}]` with `run = []`");
        return Err(PolicyError::Problems(vec![Problem::of_file(source.path().clone(), message, fix)]));
    };
    let words: Vec<String> = run.iter().map(|word| quote(word)).collect();
    Ok(format!("{before}[{}]{after}", words.join(", ")))
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
