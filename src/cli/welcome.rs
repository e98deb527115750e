//! What `agentops` alone shows: the first steps, and the one that is next here.

use super::{CommandError, Context, Outcome};
use crate::ui::{Mode, Table, hint, plain, strong};

/// What to type first, and what it does. Each row is a command that this binary has.
const FIRST_STEPS: &[(&str, &str)] = &[
    ("agentops init", "set this repository up: laws, profiles, actors, hooks"),
    ("agentops task new TITLE --profile P", "open a task; `phase next` moves it on"),
    ("agentops explain five-laws", "what the Five Laws demand of every change"),
    ("agentops explain", "every law with its id"),
    ("agentops help", "every command"),
];

/// Shows the first steps. In JSON mode there is nothing to show: a command is needed.
pub(super) fn run(context: &mut Context) -> Result<Outcome, CommandError> {
    if context.ui.mode() == Mode::Json {
        return Err(CommandError::usage("a command is needed").hint("`agentops help` lists them"));
    }
    // Where it cannot be told how things stand, `init` says what is the matter.
    let is_set_up = context.site(None).is_ok_and(|site| site.base().is_ok());
    let next = if is_set_up { "agentops session suggest" } else { "agentops init" };
    context.ui.data(|page| {
        page.line([strong("agentops"), plain(": agents work in phases, humans hold the gates, git proves it.")]);
        page.blank();
        let mut table = Table::without_headings();
        for (command, purpose) in FIRST_STEPS {
            table.row([plain(format!("  {command}")), plain(purpose)]);
        }
        page.table(&table);
        page.blank();
        page.labelled(hint("next"), next);
    });
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn the_first_steps_can_be_taken() {
        assert!(FIRST_STEPS.len() <= 14, "the whole text stays within 20 lines");
        for (command, _) in FIRST_STEPS {
            if let Err(error) = tree().try_get_matches_from(command.split(' ')) {
                assert!(!error.use_stderr(), "{error}");
            }
        }
    }
}
