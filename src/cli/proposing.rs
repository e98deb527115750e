//! Amends that other owners sign before they land: the flags of the verbs that make one, and the file that goes round.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{CommandError, Context, out_file};
use crate::engine::governance::proposal::Proposal;
use crate::ui::Ui;

/// Whether the amend is committed or goes round first, and which key signs it.
#[derive(Debug, Args)]
pub(super) struct Proposing {
    /// Write the amend to FILE for other owners to sign, and commit nothing
    #[arg(long, value_name = "FILE", value_parser = out_file::named())]
    out: Option<PathBuf>,
    /// Sign with the private key in FILE; else git's `user.signingKey`, `~/.ssh` and your agent are looked at
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Proposing {
    /// Where the proposal goes; none: the amend is committed.
    pub(super) fn out(&self, context: &Context) -> Option<PathBuf> {
        self.out.as_ref().map(|file| context.path(file))
    }

    /// The key that is named.
    pub(super) fn key(&self, context: &Context) -> Option<PathBuf> {
        self.key.as_ref().map(|file| context.path(file))
    }
}

/// What each document about a proposal says of it.
pub(super) struct Proposed {
    /// Its file.
    pub(super) file: String,
    /// The governed digest that it leads to.
    pub(super) governed: String,
    /// The owners who signed so far.
    pub(super) signed: Vec<String>,
}

impl Proposed {
    /// Writes `proposal` to `out`, where no file is yet; a dry run writes nothing.
    pub(super) fn write(out: &Path, proposal: &Proposal, dry_run: bool) -> Result<Self, CommandError> {
        if !dry_run {
            out_file::write_new(out, proposal.print()?.as_bytes(), "proposal")?;
        }
        Ok(Self {
            file: out.display().to_string(),
            governed: proposal.amend.to.hex(),
            signed: proposal.amend.signatures.iter().map(|signature| signature.principal.to_string()).collect(),
        })
    }

    /// Says what comes next.
    pub(super) fn hint(&self, ui: &Ui) {
        ui.hint(format!("each owner reads and signs it: agentops policy sign {}", self.file));
    }
}
