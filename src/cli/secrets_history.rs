//! `agentops check --secrets-history`: what every file of history is searched for, and how that is printed.

use std::path::Path;

use serde::Serialize;

use super::{CommandError, Context, ErrorKind, Outcome, out_file};
use crate::engine::judging::secrets_history::{self, History, Secret};
use crate::model::escape::visible_bytes;
use crate::model::layout;
use crate::ui::{Page, error, good, plain, strong, warning};

#[derive(Serialize)]
struct Body<'h> {
    searched: Searched,
    secrets: Vec<SecretBody<'h>>,
    known: usize,
    allowed: usize,
    not_checked: &'h [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<String>,
}

#[derive(Serialize)]
struct Searched {
    commits: usize,
    files: usize,
}

#[derive(Serialize)]
struct SecretBody<'h> {
    rule: &'h str,
    description: &'h str,
    commit: String,
    path: String,
    line: Option<usize>,
    secret: &'h str,
    fingerprint: Option<&'h str>,
}

impl<'h> SecretBody<'h> {
    fn of(secret: &'h Secret) -> Self {
        let path = secret.path.as_str().map_or_else(|| visible_bytes(secret.path.as_bytes()), str::to_owned);
        Self {
            rule: &secret.rule,
            description: &secret.description,
            commit: secret.commit.to_string(),
            path,
            line: secret.line,
            secret: &secret.redacted,
            fingerprint: secret.baseline.as_deref().and_then(|line| line.split(' ').next()),
        }
    }
}

/// Searches, prints what was found, and writes it as a baseline where that is wanted.
pub(super) fn run(
    tip: Option<&str>,
    write: Option<&Path>,
    exit_zero: bool,
    context: &mut Context,
) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let history = secrets_history::search(&site, tip)?;
    if let Some(file) = write {
        let text = history.baseline()?;
        out_file::write_own(&context.path(file), Some(layout::SECRETS_BASELINE), text.as_bytes(), "baseline")?;
    }
    let body = Body {
        searched: Searched { commits: history.commits, files: history.files },
        secrets: history.secrets.iter().map(SecretBody::of).collect(),
        known: history.known.len(),
        allowed: history.allowed,
        not_checked: &history.not_checked,
        baseline: write.map(|file| file.display().to_string()),
    };
    context.ui.show(&body, |page| fill(page, &history));
    if let Some(file) = write {
        context.ui.talk(format!("wrote `{}`", file.display()));
        context.ui.hint(format!(
            "git add {0} && agentops policy amend --reason \"Secrets that are known and revoked\"",
            file.display()
        ));
        return Ok(Outcome::Done);
    }
    Ok(if history.secrets.is_empty() || exit_zero { Outcome::Done } else { Outcome::Ended(ErrorKind::Law) })
}

fn fill(page: &mut Page, history: &History) {
    let mut commit = None;
    for secret in &history.secrets {
        if commit != Some(secret.commit) {
            page.line([plain("commit "), strong(secret.commit.short())]);
            commit = Some(secret.commit);
        }
        let line = secret.line.map(|line| format!(":{line}")).unwrap_or_default();
        let label = [error(format!("secret[{}]", secret.rule)), plain(format!(" {}{line}", secret.path))];
        page.indented_label(0, label, format!("{}: {}", secret.description, secret.redacted));
    }
    if !history.secrets.is_empty() {
        page.blank();
    }
    for sentence in &history.not_checked {
        page.labelled(warning("not checked"), sentence);
    }
    let count = |number: usize, noun: &str| if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") };
    let (verdict, found) = match history.secrets.len() {
        0 => (good("pass"), "no secrets".to_owned()),
        number => (error("found"), count(number, "secret")),
    };
    let mut text = format!(": {found} in {} of {}", count(history.files, "file"), count(history.commits, "commit"));
    let besides = [(history.known.len(), "known"), (history.allowed, "allowed on their lines")];
    for (number, what) in besides.into_iter().filter(|(number, _)| *number > 0) {
        text.push_str(&format!(", {number} {what}"));
    }
    page.line([verdict, plain(text)]);
}
