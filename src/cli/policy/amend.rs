//! `agentops policy amend`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::sign;
use crate::cli::acting::{Acting, CommitBody, tell};
use crate::cli::proposing::{Proposed, Proposing};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::Site;
use crate::engine::governance::policy;
use crate::model::amend::GovernedChange;
use crate::ui::{Table, plain, strong};

/// Arguments of `policy amend`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Why, for whoever reads the chain of amends later
    #[arg(long, value_name = "TEXT", required_unless_present = "from")]
    reason: Option<String>,
    /// Commit the proposal in FILE, which enough owners have signed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reason", "out"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    proposing: Proposing,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Serialize)]
struct Body {
    governed: String,
    files: Vec<ChangeBody>,
    /// The state files that it let go.
    redacted: Vec<String>,
    unsigned: bool,
    /// The owners who signed.
    signed: Vec<String>,
    #[serde(flatten)]
    commit: CommitBody,
}

#[derive(Serialize)]
struct ProposedBody<'a> {
    file: &'a str,
    governed: &'a str,
    files: Vec<ChangeBody>,
    signed: &'a [String],
}

#[derive(Serialize)]
pub(super) struct ChangeBody {
    path: String,
    change: &'static str,
    before: Option<String>,
    after: Option<String>,
}

impl ChangeBody {
    pub(super) fn of(file: &GovernedChange) -> Self {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            path: file.path.clone(),
            change: match (file.before.is_empty(), file.after.is_empty()) {
                (true, _) => "added",
                (_, true) => "removed",
                _ => "changed",
            },
            before: some(&file.before),
            after: some(&file.after),
        }
    }
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.acting.site(context)?;
    let target = arguments.acting.target();
    let key = arguments.proposing.key(context);
    let reason = arguments.reason.as_deref().unwrap_or_default();
    if let Some(out) = arguments.proposing.out(context) {
        return propose(&site, &out, reason, key.as_deref(), target.dry_run, context);
    }
    let committed = match &arguments.from {
        Some(file) => policy::commit(&site, &target, &sign::read(&context.path(file))?)?,
        None => policy::amend(&site, &target, reason, key.as_deref())?,
    };
    let body = Body {
        governed: committed.outcome.to.hex(),
        files: committed.outcome.files.iter().map(ChangeBody::of).collect(),
        redacted: committed.outcome.redact.iter().map(|redaction| redaction.path.clone()).collect(),
        unsigned: committed.outcome.unsigned,
        signed: committed.outcome.signed.iter().map(ToString::to_string).collect(),
        commit: CommitBody::of(&committed),
    };
    context.ui.show(&body, |page| {
        let mut table = Table::without_headings();
        for file in &body.files {
            table.row([plain(file.change), strong(&file.path)]);
        }
        for path in &body.redacted {
            table.row([plain("redacted"), strong(path)]);
        }
        table.row([plain("governed"), plain(&body.governed)]);
        if !body.signed.is_empty() {
            table.row([plain("signed by"), plain(body.signed.join(", "))]);
        }
        page.table(&table);
    });
    tell(&context.ui, &committed);
    Ok(Outcome::Done)
}

fn propose(
    site: &Site<'_>,
    out: &Path,
    reason: &str,
    key: Option<&Path>,
    dry_run: bool,
    context: &Context,
) -> Result<Outcome, CommandError> {
    let proposal = policy::propose(site, reason, key)?;
    let proposed = Proposed::write(out, &proposal, dry_run)?;
    let body = ProposedBody {
        file: &proposed.file,
        governed: &proposed.governed,
        files: proposal.amend.files.iter().map(ChangeBody::of).collect(),
        signed: &proposed.signed,
    };
    context.ui.show(&body, |page| page.text(body.file));
    proposed.hint(&context.ui);
    Ok(Outcome::Done)
}
