//! What verbs that move a task or vote have in common: their flags, and what they say afterwards.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{CommandError, Context, Writing};
use crate::engine::Site;
use crate::engine::site::Signing;
use crate::engine::writing::transact::{Committed, Target};
use crate::model::report::Report;
use crate::model::trust::Proved;
use crate::ui::{Mode, PromptError, ReportBody, Ui, dim, plain, strong};

/// Who acts, where, and whether anything is written.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Acting {
    /// Act as NAME, an actor of the config; else AGENTOPS_ACTOR, the marks of an agent's client, your e-mail address
    #[arg(long, value_name = "NAME")]
    pub(super) actor: Option<String>,
    /// Commit on a detached HEAD too; no branch will hold the commit
    #[arg(long)]
    pub(super) detach: bool,
    #[command(flatten)]
    pub(super) writing: Writing,
}

impl Acting {
    /// The repository, for these flags; in a dry run what is written stays in memory.
    pub(super) fn site<'c>(&self, context: &'c Context) -> Result<Site<'c>, CommandError> {
        let site = context.site(self.actor.as_deref())?;
        Ok(if self.writing.dry_run { site.rehearsal() } else { site })
    }

    /// HEAD's branch, as these flags say.
    pub(super) fn target(&self) -> Target {
        Target { reference: None, detach: self.detach, dry_run: self.writing.dry_run }
    }
}

/// The fields that each document about a commit has.
#[derive(Debug, Serialize)]
pub(super) struct CommitBody {
    /// Full id; null in a dry run.
    commit: Option<String>,
    /// Short name of the branch that moved; null on a detached HEAD.
    branch: Option<String>,
    /// The paths in the commit.
    paths: Vec<String>,
    /// Whether nothing was written.
    dry_run: bool,
    /// What could not be done after the commit, and what finishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<String>,
}

/// Whether the event is signed.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Sealing {
    /// Sign the event with your SSH key; `git config agentops.sign true` makes it the default
    #[arg(long, conflicts_with = "no_sign")]
    sign: bool,
    /// Do not sign the event, whatever `agentops.sign` says
    #[arg(long)]
    no_sign: bool,
    /// Sign with the private key in FILE; else git's `user.signingKey`, `~/.ssh` and your agent are looked at
    #[arg(long, value_name = "FILE", conflicts_with = "no_sign")]
    key: Option<PathBuf>,
}

impl Sealing {
    /// The repository, for these flags and `acting`'s.
    pub(super) fn site<'c>(&self, acting: &Acting, context: &'c Context) -> Result<Site<'c>, CommandError> {
        let mut site = acting.site(context)?;
        site.signing = match (&self.key, self.sign, self.no_sign) {
            (Some(file), _, _) => Signing::Always(Some(context.path(file))),
            (None, true, _) => Signing::Always(None),
            (None, false, true) => Signing::Never,
            (None, false, false) => Signing::Configured,
        };
        Ok(site)
    }
}

/// Says which key signed the event.
pub(super) fn tell_key(ui: &Ui, key: Option<&Proved>) {
    if let Some(key) = key {
        ui.talk(key.honest());
    }
}

impl CommitBody {
    /// The fields of one transaction.
    pub(super) fn of<T>(committed: &Committed<T>) -> Self {
        Self {
            commit: committed.commit.map(|id| id.to_string()),
            branch: committed.branch.as_deref().map(|name| short_branch(name).to_owned()),
            paths: committed.paths.iter().map(ToString::to_string).collect(),
            dry_run: committed.commit.is_none(),
            unfinished: committed.unfinished.clone(),
        }
    }
}

/// Says what was committed, and what the judge had to remark.
pub(super) fn tell<T>(ui: &Ui, committed: &Committed<T>) {
    remarks(ui, &committed.report);
    if let Some(unfinished) = &committed.unfinished {
        ui.warning(unfinished);
    }
    if ui.mode() == Mode::Json || ui.settings().quiet {
        return;
    }
    let place = committed.branch.as_deref().map_or("the detached HEAD", short_branch);
    ui.aside(|page| {
        match &committed.commit {
            Some(id) => page.line([plain("committed "), strong(id.short()), plain(format!(" on {place}"))]),
            None => page.line([plain(format!("would commit on {place}; nothing was written"))]),
        }
        for path in &committed.paths {
            page.line([dim(format!("  {path}"))]);
        }
    });
}

/// Warnings and notes of a verdict that passes; nothing where it has none.
pub(super) fn remarks(ui: &Ui, report: &Report) {
    if !report.violations.is_empty() || !report.notes.is_empty() || !report.not_checked.is_empty() {
        ui.aside(|page| ReportBody::of(report).fill(page));
    }
}

/// Documents that were laid out and wait to be filled in.
pub(super) fn tell_documents(ui: &Ui, written: &[impl ToString]) {
    if ui.mode() == Mode::Json || ui.settings().quiet || written.is_empty() {
        return;
    }
    ui.aside(|page| {
        page.text("fill in, from its template; `phase next` will commit it:");
        for path in written {
            page.line([plain("  "), strong(path.to_string())]);
        }
    });
}

/// A branch as people name it.
pub(super) fn short_branch(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}

/// Asks until the person types `word`. A script at a pipe is told that nobody can answer: `nobody` is that sentence and what
/// to do instead.
pub(super) fn confirm_by_typing(
    context: &Context,
    word: &str,
    question: String,
    otherwise: &str,
    (nobody, instead): (&str, String),
) -> Result<(), CommandError> {
    let answer = context.ui.ask(question, |answer| {
        if answer == word { Ok(()) } else { Err(format!("that is not `{word}`; {otherwise}")) }
    });
    match answer {
        Err(error @ PromptError::NobodyThere) => Err(CommandError::failed(nobody).because(error).hint(instead)),
        other => Ok(other?),
    }
}
