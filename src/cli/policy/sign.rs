//! `agentops policy sign`, and the file that a proposal travels in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::amend::ChangeBody;
use crate::cli::gate::fill_difference;
use crate::cli::{CommandError, Context, Outcome};
use crate::cli::{acting, out_file};
use crate::engine::governance::policy;
use crate::engine::governance::proposal::Proposal;
use crate::model::tree::Mode;
use crate::ui::{Page, plain, strong};

/// No proposal is longer, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Arguments of `policy sign`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The proposal, as `policy amend --out` wrote it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Sign with the private key in FILE; else git's `user.signingKey`, `~/.ssh` and your agent are looked at
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Act as NAME, an actor of the config; else AGENTOPS_ACTOR, the marks of an agent's client, your e-mail address
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
}

#[derive(Serialize)]
struct Body {
    file: String,
    governed: String,
    files: Vec<ChangeBody>,
    signed: Vec<String>,
    /// How many owners' signatures are still wanted.
    missing: u32,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(arguments.actor.as_deref())?;
    let place = context.path(&arguments.file);
    let mut proposal = read(&place)?;
    let before = policy::before(&site, &proposal)?;
    context.ui.aside(|page| fill(page, &proposal, &before));
    confirm(context, &proposal)?;
    let key = arguments.key.as_ref().map(|file| context.path(file));
    let missing = policy::sign(&site, &mut proposal, key.as_deref())?;
    out_file::write_over(&place, proposal.print()?.as_bytes(), "proposal")?;
    let body = Body {
        file: place.display().to_string(),
        governed: proposal.amend.to.hex(),
        files: proposal.amend.files.iter().map(ChangeBody::of).collect(),
        signed: proposal.amend.signatures.iter().map(|signature| signature.principal.to_string()).collect(),
        missing,
    };
    context.ui.show(&body, |page| page.line([plain("signed by "), strong(body.signed.join(", "))]));
    context.ui.hint(match missing {
        0 => format!("commit it: agentops policy amend --from {}", place.display()),
        1 => "one more owner signs it: agentops policy sign".to_owned() + &format!(" {}", place.display()),
        more => format!("{more} more owners sign it: agentops policy sign {}", place.display()),
    });
    Ok(Outcome::Done)
}

/// What is signed: the reason, and each file against HEAD.
fn fill(page: &mut Page, proposal: &Proposal, before: &[policy::Version]) {
    let amend = &proposal.amend;
    page.line([strong(format!("amend {:04}", amend.seq)), plain(format!(" by {}: {}", amend.actor, amend.reason))]);
    for ((path, after), before) in proposal.files.iter().zip(before) {
        page.blank();
        page.line([strong(path.to_string())]);
        let old = before.as_ref().map(|(mode, _)| *mode);
        if let Some(new) = proposal.modes.get(path).filter(|new| old.unwrap_or(Mode::File) != **new) {
            page.text(format!("  mode {:o} -> {:o}", old.unwrap_or(Mode::File).bits(), new.bits()));
        }
        let text = |bytes: Option<&Vec<u8>>| String::from_utf8_lossy(bytes.map_or(&[], Vec::as_slice)).into_owned();
        fill_difference(page, &text(before.as_ref().map(|(_, bytes)| bytes)), &text(after.as_ref()));
    }
    for redaction in &amend.redact {
        page.line([plain("lets go "), strong(&redaction.path), plain(format!("  sha256 {}", redaction.sha256))]);
    }
    page.blank();
    page.text(format!("leads to the governed digest {}", amend.to.hex()));
}

fn confirm(context: &Context, proposal: &Proposal) -> Result<(), CommandError> {
    let number = format!("{:04}", proposal.amend.seq);
    let question = format!("Type `{number}` to sign amend {number}, or Ctrl-C to leave:");
    let nobody = ("an amend is signed by a person at a terminal", "run it in a terminal of your own".to_owned());
    acting::confirm_by_typing(context, &number, question, "nothing was signed", nobody)
}

/// Reads a proposal.
pub(super) fn read(place: &Path) -> Result<Proposal, CommandError> {
    let failed = |error: io::Error| {
        CommandError::failed(format!("cannot read the proposal `{}`", place.display())).because(error)
    };
    let size = fs::metadata(place).map_err(failed)?.len();
    if size > LONGEST {
        return Err(CommandError::failed(format!("`{}` has {size} bytes: that is no proposal", place.display())));
    }
    Ok(Proposal::read(&fs::read(place).map_err(failed)?)?)
}
