//! Wrong usage, in the three lines that help: what is wrong, what may be meant, where to read on.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};

use super::{CommandError, ErrorKind, tree};

/// Clap's refusal without its usage text.
pub(super) fn error(error: &clap::Error, arguments: &[OsString]) -> CommandError {
    let text = error.render().to_string();
    let mut message = Vec::new();
    let mut tips = Vec::new();
    for line in text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
    {
        if let Some(tip) = line.trim_start().strip_prefix("tip: ") {
            tips.push(tip.to_owned());
        } else if !line.trim().is_empty() {
            message.push(line.strip_prefix("error: ").unwrap_or(line));
        }
    }
    let mut result = CommandError::new(ErrorKind::Usage, message.join("\n"));
    if error.get(ContextKind::InvalidArg) == Some(&ContextValue::String("-C".into())) {
        result = result.hint("`-C DIR` stands before the command, as in git");
        tips.clear();
    }
    let help = format!("read on with `{} --help`", command_path(arguments));
    tips.into_iter().fold(result, CommandError::hint).hint(help)
}

/// The name that `text` may be meant to be, if one is near: for ids, profiles, topics.
pub(super) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&text, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 5)
        // The first of several that are equally near.
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The command that was meant, as far as its names stand in the line. A flag's value that is named like a command
/// misleads this, which costs a less fitting hint.
fn command_path(arguments: &[OsString]) -> String {
    let tree = tree();
    let mut command = &tree;
    let mut path = String::from("agentops");
    for argument in arguments.iter().skip(1) {
        if let Some(next) = command.find_subcommand(argument) {
            path = format!("{path} {}", next.get_name());
            command = next;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{Settings, Ui};

    fn refusal(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let error = super::error(&tree().try_get_matches_from(&arguments).unwrap_err(), &arguments);
        assert_eq!(error.kind(), ErrorKind::Usage);
        let ui = Ui::memory(Settings::default());
        ui.error(&error.body());
        ui.captured().1
    }

    #[test]
    fn only_what_is_near_is_guessed() {
        let names = ["product-dev", "devops", "sre"];
        assert_eq!(nearest("devosp", names), Some("devops"));
        assert_eq!(nearest("Product-Dve", names), Some("product-dev"));
        assert_eq!(nearest("marketing", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn refusals_are_short() {
        insta::assert_snapshot!(refusal("agentops explian"), @"
        error: unrecognized subcommand 'explian'
        hint: a similar subcommand exists: 'explain'
        hint: read on with `agentops --help`
        ");
        insta::assert_snapshot!(refusal("agentops explain --jsno"), @"
        error: unexpected argument '--jsno' found
        hint: a similar argument exists: '--json'
        hint: read on with `agentops explain --help`
        ");
        insta::assert_snapshot!(refusal("agentops completions"), @"
        error: the following required arguments were not provided:
            <SHELL>
        hint: read on with `agentops completions --help`
        ");
        insta::assert_snapshot!(refusal("agentops completions fihs"), @"
        error: invalid value 'fihs' for '<SHELL>'
            [possible values: bash, elvish, fish, powershell, zsh]
        hint: a similar value exists: 'fish'
        hint: read on with `agentops completions --help`
        ");
        insta::assert_snapshot!(refusal("agentops explain -C x"), @"
        error: unexpected argument '-C' found
        hint: `-C DIR` stands before the command, as in git
        hint: read on with `agentops explain --help`
        ");
        insta::assert_snapshot!(refusal("agentops --color"), @"
        error: a value is required for '--color <WHEN>' but none was supplied
            [possible values: auto, always, never]
        hint: read on with `agentops --help`
        ");
    }
}
