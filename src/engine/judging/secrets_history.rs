//! `check --secrets-history`: every file that history holds, searched for secrets. Reads git objects, and decides nothing.
//!
//! It asks the rules of HEAD, because the question is what is known today; where HEAD is under no law, the built-in ones.

use crate::engine::error::EngineError;
use crate::engine::policies::Policies;
use crate::engine::site::Site;
use crate::git::{PastBlob, Repo};
use crate::law;
use crate::model::digest::ObjectId;
use crate::model::law_id::LawId;
use crate::model::path::RepoPath;
use crate::model::tree::SightError;
use crate::secrets::baseline::{self, Baseline};
use crate::secrets::{MAX_FOUND, MAX_SCANNED, RuleError, Scanner};

/// One secret of history. It holds nothing that may not be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The rule that knows it.
    pub rule: String,
    /// What that finds.
    pub description: String,
    /// The first commit that holds the file with it.
    pub commit: ObjectId,
    /// The file's path there.
    pub path: RepoPath,
    /// The line, from 1; `None` in what is no text.
    pub line: Option<usize>,
    /// Its first characters and its length.
    pub redacted: String,
    /// Its line in a baseline; `None` where there is no project to have one.
    pub baseline: Option<String>,
}

/// What history holds.
#[derive(Debug, Default)]
pub struct History {
    /// How many commits were walked.
    pub commits: usize,
    /// How many files, each content once.
    pub files: usize,
    /// Secrets that nobody has named, in the order in which they came in.
    pub secrets: Vec<Secret>,
    /// Those that HEAD's baseline knows.
    pub known: Vec<Secret>,
    /// Those whose lines say why they are none.
    pub allowed: usize,
    /// What was not searched, each a sentence.
    pub not_checked: Vec<String>,
}

/// What came of one file.
enum Outcome {
    Secrets { found: Vec<(Secret, bool)>, allowed: usize, more: Option<RepoPath> },
    Unseen(String),
    Broken(RuleError),
}

/// Searches all that is reachable from `tip`, or from every reference and HEAD.
pub fn search(site: &Site, tip: Option<&str>) -> Result<History, EngineError> {
    let repo = &site.repo;
    let mut tips = Vec::new();
    match tip {
        Some(rev) => tips.push(repo.revision(rev)?.commit),
        None => {
            tips.extend(repo.head()?.commit());
            tips.extend(repo.references("refs/")?.into_iter().map(|(_, id)| id));
        }
    }
    if tips.is_empty() {
        return Err(EngineError::refused("nothing was searched: there is no commit", "commit something first"));
    }
    let mut history = History::default();
    let head = repo.head_tree()?;
    let policy = match &head {
        Some(tree) => Policies::default().of(&repo.tree(tree))?.policy(),
        None => None,
    };
    let own = policy.as_ref().map(|policy| policy.secrets.clone()).unwrap_or_default();
    let judging = policy.as_ref().filter(|policy| policy.judges(LawId::S1));
    let project = judging.map(|policy| policy.format.project.as_str());
    let known = match (&head, project) {
        (Some(tree), Some(project)) => law::secrets_baseline(&repo.tree(tree), project)?,
        _ => Baseline::default(),
    };
    let scanner = Scanner::new(&own);
    let work = |repo: &Repo, blob: &PastBlob| search_blob(repo, blob, &scanner, project, &known);
    let (walked, outcomes) = repo.each_past_blob(&tips, work)?;
    history.commits = walked.commits;
    history.files = walked.blobs;
    for id in walked.shallow_at {
        history.not_checked.push(format!("what {} brought and all before: history is cut off there", id.short()));
    }
    for outcome in outcomes {
        match outcome {
            Outcome::Secrets { found, allowed, more } => {
                history.allowed += allowed;
                for (secret, is_known) in found {
                    if is_known { history.known.push(secret) } else { history.secrets.push(secret) }
                }
                let more = more.map(|path| {
                    format!("`{path}` has more than {MAX_FOUND} of what looks like secrets: the first are told")
                });
                history.not_checked.extend(more);
            }
            Outcome::Unseen(sentence) => history.not_checked.push(sentence),
            Outcome::Broken(error) => {
                return Err(EngineError::refused(
                    error.to_string(),
                    "correct the rule: `agentops doctor` names its line",
                ));
            }
        }
    }
    Ok(history)
}

fn search_blob(
    repo: &Repo,
    blob: &PastBlob,
    scanner: &Scanner<'_>,
    project: Option<&str>,
    known: &Baseline,
) -> Option<Outcome> {
    let PastBlob { id, path, commit } = blob;
    let bytes = match repo.blob(id, path, MAX_SCANNED) {
        Ok(bytes) => bytes,
        Err(SightError::TooLarge { size, limit, .. }) => {
            let short = commit.short();
            return Some(Outcome::Unseen(format!(
                "`{path}` of {short}: it has {size} bytes, more than the {limit} that are searched"
            )));
        }
        Err(error) => return Some(Outcome::Unseen(format!("`{path}` of {}: {error}", commit.short()))),
    };
    let scan = match scanner.scan(path, &bytes) {
        Ok(scan) => scan,
        Err(error) => return Some(Outcome::Broken(error)),
    };
    if scan.found.is_empty() {
        return None;
    }
    let mut allowed = 0;
    let mut found = Vec::new();
    for one in &scan.found {
        if matches!(law::reason_beside(one), Some(Ok(_))) {
            allowed += 1;
            continue;
        }
        let fingerprint = project.map(|project| one.fingerprint(project, path));
        let secret = Secret {
            rule: one.rule.id.to_string(),
            description: one.rule.description.to_string(),
            commit: *commit,
            path: path.clone(),
            line: one.line,
            redacted: one.redacted().to_string(),
            baseline: fingerprint.map(|fingerprint| baseline::line(&fingerprint, &one.rule.id, path)),
        };
        found.push((secret, fingerprint.is_some_and(|fingerprint| known.knows(&fingerprint))));
    }
    Some(Outcome::Secrets { found, allowed, more: scan.has_more.then(|| path.clone()) })
}

impl History {
    /// The baseline that knows all that was found, also what it knew already; each secret once, by path.
    pub fn baseline(&self) -> Result<String, EngineError> {
        let mut lines = Vec::new();
        for secret in self.known.iter().chain(&self.secrets) {
            let Some(line) = &secret.baseline else {
                return Err(EngineError::refused(
                    "a baseline belongs to a project that AO-S1 judges, and this repository is none",
                    "run `agentops init`, or `agentops upgrade` where `.agentops/format.toml` says `laws = 1`",
                ));
            };
            lines.push((&secret.path, &secret.rule, line.as_str()));
        }
        lines.sort_unstable();
        lines.dedup();
        let mut text = String::from(
            "# Secrets that were in history when this was written, and are known: AO-S1 passes over them where they are. Each of\n\
             # them should be revoked. This file is governed: `agentops policy amend` lands it, and a step is judged by its base's.\n",
        );
        for (_, _, line) in lines {
            text.push_str(line);
            text.push('\n');
        }
        Ok(text)
    }
}
