//! `agentops redact`: the bytes of a leaked secret go, their digest stays.

use clap::Args;
use serde::Serialize;

use super::acting::{Acting, CommitBody, tell};
use super::proposing::{Proposed, Proposing};
use super::{CommandError, Context, Outcome};
use crate::engine::governance::redact::{self as letting_go, Redacted, Request};
use crate::engine::writing::transact::Committed;
use crate::ui::{Table, plain, strong};

/// Let the bytes of a state file go, and keep their digest in the chain
///
/// For a secret in a document, a vote, a session record, a learning or a bundle. An amend names path and digest, signed by as
/// many owners as `governance.owners` asks for, and the file goes. Git's history still holds it: change the secret first, then
/// take the bytes out of history as the command says. `agentops check --all` passes before and after.
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops redact .agentops/sre/incidents/2026-11-21-db-k3f9/incident.md --reason \"A password\"
  agentops redact PATH --at HEAD~4 --reason \"An earlier draft shows a password\" --dry-run
  agentops redact PATH --reason \"It shows a password\" --out redact.toml")]
pub struct Arguments {
    /// The file, from the root of the repository
    #[arg(value_name = "PATH")]
    path: String,
    /// Why, for whoever reads the chain of amends later; not the secret itself
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Take the bytes that PATH has in REV, where HEAD has others by now
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    #[command(flatten)]
    proposing: Proposing,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Serialize)]
struct Body {
    path: String,
    sha256: String,
    /// Git's id of the bytes, which history still holds.
    blob: String,
    /// The task that has to go back before it goes on.
    reopen: Option<String>,
    /// Whether nobody's signature was asked for.
    unsigned: bool,
    signed: Vec<String>,
    /// The proposal, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(flatten)]
    commit: Option<CommitBody>,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.acting.site(context)?;
    let target = arguments.acting.target();
    let request = Request {
        path: arguments.path,
        at: arguments.at,
        reason: arguments.reason,
        key: arguments.proposing.key(context),
    };
    if let Some(out) = arguments.proposing.out(context) {
        let (redacted, proposal) = letting_go::propose(&site, &request)?;
        let proposed = Proposed::write(&out, &proposal, target.dry_run)?;
        let mut body = body(&redacted);
        body.signed = proposed.signed.clone();
        body.file = Some(proposed.file.clone());
        show(&body, context);
        proposed.hint(&context.ui);
        return Ok(Outcome::Done);
    }
    let (redacted, committed) = letting_go::redact(&site, &target, &request)?;
    let mut body = body(&redacted);
    body.unsigned = committed.outcome.unsigned;
    body.signed = committed.outcome.signed.iter().map(ToString::to_string).collect();
    body.commit = Some(CommitBody::of(&committed));
    show(&body, context);
    tell(&context.ui, &committed);
    advise(&redacted, &committed, context);
    Ok(Outcome::Done)
}

fn body(redacted: &Redacted) -> Body {
    Body {
        path: redacted.path.to_string(),
        sha256: redacted.sha256.hex(),
        blob: redacted.blob.to_string(),
        reopen: redacted.reopen.as_ref().map(|(task, _)| task.to_string()),
        unsigned: false,
        signed: Vec::new(),
        file: None,
        commit: None,
    }
}

fn show(body: &Body, context: &Context) {
    context.ui.show(body, |page| {
        let mut table = Table::without_headings();
        table.row([plain("redacted"), strong(&body.path)]);
        table.row([plain("sha256"), plain(&body.sha256)]);
        table.row([plain("blob"), plain(&body.blob)]);
        if !body.signed.is_empty() {
            table.row([plain("signed by"), plain(body.signed.join(", "))]);
        }
        if let Some(file) = &body.file {
            table.row([plain("proposal"), strong(file)]);
        }
        page.table(&table);
    });
}

fn advise<T>(redacted: &Redacted, committed: &Committed<T>, context: &Context) {
    if committed.commit.is_none() {
        return;
    }
    if let Some((task, phase)) = &redacted.reopen {
        context.ui.hint(format!(
            "`{task}` rests on it and passes no gate before: agentops phase rewind {task} --to {phase} --reason \"…\""
        ));
    }
    context.ui.hint("git's history still holds the bytes: change the secret first, for every clone has it");
    context.ui.hint(format!(
        "then, once this has landed, take them out of every commit and push that: echo {} > ../blobs && git filter-repo \
         --strip-blobs-with-ids ../blobs; ask the forge to purge its caches and pull requests",
        redacted.blob
    ));
}
