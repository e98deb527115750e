//! The policy: showing it, and amending the governed files.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::compose;
use super::error::EngineError;
use super::site::{Base, Site};
use super::transact::{Committed, Draft, FileEdit, Target, mode_after, transact};
use crate::git::Selection;
use crate::model::amend::{Amend, GovernedChange};
use crate::model::canonical::Canonical as _;
use crate::model::digest::Digest;
use crate::model::layout;
use crate::model::message::{Header, Message};
use crate::model::name::Principal;
use crate::model::path::RepoPath;
use crate::model::policy::{Actor, Policy};
use crate::model::tree::{MAX_TEXT_FILE, TreeView};
use crate::workflow::governance::{self, Governed};

/// The policy at HEAD with its governed digest.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The policy.
    pub policy: Policy,
    /// Digest over all governed files.
    pub governed: Digest,
    /// The governed files.
    pub files: Vec<(RepoPath, Digest)>,
    /// How many amends there were.
    pub amends: usize,
}

/// The policy at HEAD.
pub fn show(site: &Site) -> Result<Shown, EngineError> {
    let base = site.base()?;
    let files = Governed::new(&base.policy.config.governed).files(&base.tree)?;
    let amends = governance::read_amends(&base.tree)?.links.len();
    Ok(Shown {
        governed: governance::digest_of(&files),
        files: files.into_iter().map(|(path, (_, digest))| (path, digest)).collect(),
        amends,
        policy: Rc::unwrap_or_clone(base.policy),
    })
}

/// An amend that was made.
#[derive(Debug, Clone)]
pub struct Amended {
    /// The governed digest it leads to.
    pub to: Digest,
    /// The governed files that changed.
    pub files: Vec<GovernedChange>,
    /// Whether owners' signatures were asked for; if not, the amend proves nothing about who agreed.
    pub unsigned: bool,
}

/// Commits the governed files as they are in the working tree, with an amend that says why.
pub fn amend(site: &Site, target: &Target, reason: &str) -> Result<Committed<Amended>, EngineError> {
    let changes = move |base: &Base<'_>| from_worktree(site, base);
    amend_with(site, target, reason, changes)
}

/// Commits the changes of governed files that `changes` gives, with an amend: what `policy amend`, `init` and
/// `profile new` share. `None` as content removes a file.
pub(crate) fn amend_with(
    site: &Site,
    target: &Target,
    reason: &str,
    changes: impl Fn(&Base<'_>) -> Result<Vec<FileEdit>, EngineError>,
) -> Result<Committed<Amended>, EngineError> {
    let at = site.clock.now();
    transact(site, target, |base| {
        let files = changes(base)?;
        // Where amends of two branches met, the files are merged and nobody has agreed to the whole yet.
        let amends = governance::read_amends(base.view())?.links;
        if files.is_empty() && governance::amend_heads(&amends).len() < 2 {
            return Err(EngineError::refused(
                "no governed file differs from HEAD: there is nothing to amend",
                "edit `.agentops/config.toml` or a profile first, then `agentops policy amend --reason \"…\"`",
            ));
        }
        let (principal, actor) = site.actor(&base.policy)?;
        let amend = compose_amend(site, base, principal, &at, reason, &files)?;
        let path = RepoPath::from(layout::GOVERNANCE).join(amend.file_name().as_bytes());
        let message = message(base, &amend, principal, actor);
        let outcome = Amended { to: amend.to, files: amend.files.clone(), unsigned: base.policy.config.owners == 0 };
        let mut all = files;
        all.push((path, Some(amend.print().into_bytes())));
        Ok(Draft { files: all, message, outcome })
    })
}

/// An amend's commit is judged like anybody's: it says in the configured sections what it is. The reason is the user's
/// word; what surrounds it names the amend, so that a short reason stands beside facts.
fn message(base: &Base<'_>, amend: &Amend, principal: &Principal, actor: &Actor) -> String {
    let config = &base.policy.config;
    let names: Vec<String> = amend.files.iter().map(|file| format!("- `{}`", file.path)).collect();
    let short = |digest: &Digest| digest.hex()[..12].to_owned();
    let before = amend.from.iter().map(short).collect::<Vec<_>>().join(" and ");
    let number = format!("amend {:04}", amend.seq);
    let texts: Vec<(&str, String)> = config
        .sections
        .iter()
        .map(|token| {
            let text = match token.as_str() {
                "Context" => format!("{}\n\nBefore {number} the governed digest was {before}.", amend.reason),
                "Solution" if names.is_empty() => {
                    format!("Amends of two branches meet in {number}, which starts from both.")
                }
                "Solution" => format!("The governed files of {number} change together:\n{}", names.join("\n")),
                "Learning" => format!("N/A {number} is kept in `{}/` with its reason", layout::GOVERNANCE),
                "Impact" => {
                    format!("Whatever comes after {number} is judged by the governed digest {}.", short(&amend.to))
                }
                other => format!("{other} of {number}: {}", amend.reason),
            };
            (token.as_str(), text)
        })
        .collect();
    let sections: Vec<(&str, &str)> = texts.iter().map(|(token, text)| (*token, text.as_str())).collect();
    // Only such a type may do without a learning; a new one would be made up.
    let may = |kind: &&String| config.types.contains(*kind);
    let kind = config.learning_optional.iter().filter(may).find(|kind| *kind == "chore");
    let kind = kind.or_else(|| config.learning_optional.iter().find(may)).map_or("chore", String::as_str);
    let header = Header {
        kind: kind.to_owned(),
        scope: Some("policy".to_owned()),
        breaking: false,
        subject: "amend governed files".to_owned(),
    };
    let trailer = compose::assisted_by(principal, actor);
    let trailers: Vec<(&str, &str)> = trailer.iter().filter_map(|line| line.split_once(": ")).collect();
    Message::compose(&header, &sections, &trailers)
}

fn compose_amend(
    site: &Site,
    base: &Base<'_>,
    actor: &crate::model::name::Principal,
    at: &crate::model::time::Timestamp,
    reason: &str,
    files: &[FileEdit],
) -> Result<Amend, EngineError> {
    let ours = Governed::new(&base.policy.config.governed);
    let before = ours.files(&base.tree)?;
    let mut edits = Vec::new();
    for (path, bytes) in files {
        let content = match bytes {
            Some(bytes) => {
                let mode = mode_after(site, path, before.get(path).map(|(mode, _)| *mode))?;
                Some((mode, site.repo.write_blob(bytes)?))
            }
            None => None,
        };
        edits.push(crate::git::TreeEdit { path: path.clone(), entry: content });
    }
    let next = site.repo.tree(&site.repo.edit_tree(Some(&base.tree_id), &edits)?);
    let policy = crate::config::read_policy(&next)?;
    let to = Governed::new(&policy.config.governed).digest(&next)?;
    let mut changed: Vec<GovernedChange> = files
        .iter()
        .map(|(path, bytes)| GovernedChange {
            path: path.to_string(),
            before: before.get(path).map(|(_, digest)| digest.hex()).unwrap_or_default(),
            after: bytes.as_ref().map(|bytes| Digest::of(bytes).hex()).unwrap_or_default(),
        })
        .collect();
    changed.sort_by(|a, b| a.path.cmp(&b.path));
    let amends = governance::read_amends(&base.tree)?.links;
    let heads = governance::amend_heads(&amends);
    // Where amends of two branches met, the new one starts from what each of them led to.
    let mut from: Vec<Digest> = heads.iter().map(|head| head.amend.to).collect();
    from.push(governance::digest_of(&before));
    from.sort_unstable();
    from.dedup();
    let mut prev: Vec<Digest> = heads.iter().map(|head| head.digest).collect();
    prev.sort_unstable();
    let amend = Amend {
        v: 1,
        project: base.policy.format.project.clone(),
        seq: 1 + heads.iter().map(|head| head.amend.seq).max().unwrap_or(0),
        prev,
        from,
        to,
        actor: actor.clone(),
        at: at.clone(),
        reason: reason.trim().to_owned(),
        files: changed,
        signatures: Vec::new(),
    };
    amend.validate()?;
    Ok(amend)
}

/// The governed files that differ from the base in the working tree, by bytes or mode.
fn from_worktree(site: &Site, base: &Base<'_>) -> Result<Vec<FileEdit>, EngineError> {
    let worktree = site.repo.worktree_view()?;
    // Governed by the old config, or by the one that is proposed.
    let proposed = match worktree.file(&layout::CONFIG.into(), MAX_TEXT_FILE)? {
        Some(_) => crate::config::read_policy(&worktree)?.config.governed,
        None => Vec::new(),
    };
    let mut patterns = base.policy.config.governed.clone();
    patterns.extend(proposed);
    let governed = Governed::new(&patterns);
    let before = governed.files(&base.tree)?;
    let mut after = governed.files(&worktree)?;
    // Below `.agentops` bytes are the same everywhere. Elsewhere git says what a commit takes: converted bytes, modes as
    // far as the file system has them, and nothing that it was not told of.
    let is_own = |path: &RepoPath| path.is_below(layout::ROOT);
    let known = governed.files(&site.repo.staged()?)?;
    let known: BTreeSet<RepoPath> =
        known.into_keys().chain(before.keys().cloned()).filter(|path| !is_own(path)).collect();
    let loose: Vec<RepoPath> = after.keys().filter(|path| !is_own(path) && !known.contains(path)).cloned().collect();
    refuse_untracked(site, &loose)?;
    after.retain(|path, _| is_own(path));
    let selected = site.repo.selected(site.repo.require_work_dir()?, &Selection::literal(&known))?;
    let committed = selected.repo.staged()?;
    after.extend(governed.files(&committed)?.into_iter().filter(|(path, _)| !is_own(path)));
    let mut files = Vec::new();
    for (path, version) in &after {
        if before.get(path) != Some(version) {
            let view: &dyn TreeView = if is_own(path) { &worktree } else { &committed };
            files.push((path.clone(), view.file(path, MAX_TEXT_FILE)?));
        }
    }
    files.extend(before.keys().filter(|path| !after.contains_key(*path)).map(|path| (path.clone(), None)));
    Ok(files)
}

/// A governed file that git knows nothing of is left out only where it is ignored: a forgotten one is not found missing.
fn refuse_untracked(site: &Site, loose: &[RepoPath]) -> Result<(), EngineError> {
    let untracked = site.repo.path_status(loose)?;
    if untracked.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = untracked.iter().map(|(path, _)| path.to_string()).collect();
    Err(EngineError::refused(
        format!("governed files are not known to git: {}", names.join(", ")),
        format!("`git add {}` takes them into the amend; a `.gitignore` leaves them out", names.join(" ")),
    ))
}
