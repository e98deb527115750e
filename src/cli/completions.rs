//! `agentops completions`.

use clap_complete::Shell;
use serde::Serialize;

use super::{CommandError, Context, Outcome, tree};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops completions bash > ~/.local/share/bash-completion/completions/agentops
  agentops completions zsh > ~/.zfunc/_agentops
  agentops completions fish > ~/.config/fish/completions/agentops.fish")]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

#[derive(Serialize)]
struct Body {
    shell: String,
    script: String,
}

/// Prints the script.
pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut tree(), "agentops", &mut script);
    let script = String::from_utf8(script).map_err(CommandError::failed)?;
    let body = Body { shell: arguments.shell.to_string(), script };
    context.ui.show(&body, |page| page.raw(&body.script));
    Ok(Outcome::Done)
}
