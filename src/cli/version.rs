//! `agentops version`.

use serde::Serialize;

use super::{CommandError, Context, Outcome};
use crate::model::policy::{FORMAT_VERSION, LAWS_VERSION};
use crate::ui::Ui;

/// Print the version, and which format and laws it knows
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops version
  agentops version --json")]
pub struct Arguments {}

#[derive(Serialize)]
struct Body {
    version: &'static str,
    format: u32,
    laws: u32,
}

/// Prints the version.
pub(super) fn run(_: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    show(&context.ui)
}

/// Prints the version; also for `--version --json`.
pub(super) fn show(ui: &Ui) -> Result<Outcome, CommandError> {
    let body = Body { version: env!("CARGO_PKG_VERSION"), format: FORMAT_VERSION, laws: LAWS_VERSION };
    ui.show(&body, |page| {
        page.text(format!("agentops {} (format {}, laws {})", body.version, body.format, body.laws));
    });
    Ok(Outcome::Done)
}
