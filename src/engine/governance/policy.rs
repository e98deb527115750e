//! The policy: showing it, and amending the governed files.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::proposal::Proposal;
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::writing::compose as text;
use crate::engine::writing::signing::SigningKey;
use crate::engine::writing::transact::{
    Committed, Draft, FileEdit, Modes, Target, mode_after, transact, transact_with,
};
use crate::git::Selection;
use crate::model::amend::{Amend, GovernedChange, OwnerSignature, Redaction};
use crate::model::canonical::Canonical as _;
use crate::model::digest::Digest;
use crate::model::layout;
use crate::model::message::{Header, Message};
use crate::model::name::Principal;
use crate::model::path::RepoPath;
use crate::model::policy::{Actor, Policy};
use crate::model::time::Timestamp;
use crate::model::tree::{MAX_TEXT_FILE, Mode, TreeView};
use crate::workflow::governance::{self, Governed};
use crate::workflow::proof;

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
        policy: Arc::unwrap_or_clone(base.policy),
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
    /// The state files that it let go.
    pub redact: Vec<Redaction>,
    /// The owners who signed.
    pub signed: Vec<Principal>,
}

/// What an amend brings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    /// Governed files; `None` removes one.
    pub(crate) files: Vec<FileEdit>,
    /// State files to let go.
    pub(crate) redact: Vec<Redaction>,
}

impl From<Vec<FileEdit>> for Change {
    fn from(files: Vec<FileEdit>) -> Self {
        Self { files, redact: Vec::new() }
    }
}

/// Commits the governed files as they are in the working tree, with an amend that says why. Where the base wants owners'
/// signatures, the actor signs with the key in the file `key`, or with the one that is found.
pub fn amend(
    site: &Site,
    target: &Target,
    reason: &str,
    key: Option<&Path>,
) -> Result<Committed<Amended>, EngineError> {
    amend_with(site, target, reason, key, |base| Ok(from_worktree(site, base)?.into()))
}

/// Commits what `changes` gives, with an amend: what `policy amend`, `init`, `upgrade` and `redact` share.
pub(crate) fn amend_with(
    site: &Site,
    target: &Target,
    reason: &str,
    key: Option<&Path>,
    changes: impl Fn(&Base<'_>) -> Result<Change, EngineError>,
) -> Result<Committed<Amended>, EngineError> {
    let at = site.clock.now();
    let base = site.base()?;
    let signatures = if base.policy.config.owners == 0 {
        None
    } else {
        // Signed before the lock is taken, for a person may take their time over a passphrase.
        let mut proposal = compose(site, &base, &at, reason, changes(&base)?)?;
        add_signature(site, &base, &mut proposal.amend, key)?;
        let missing = missing_signatures(&base, &proposal.amend);
        if missing > 0 {
            return Err(EngineError::refused(
                format!(
                    "{} of {} owners have signed this amend; nothing was committed",
                    base.policy.config.owners - missing,
                    base.policy.config.owners
                ),
                "write it down with `--out FILE`; each owner runs `agentops policy sign FILE`, and the last one \
                 `agentops policy amend --from FILE`",
            ));
        }
        Some(proposal.amend)
    };
    drop(base);
    transact(site, target, |base| {
        let mut proposal = compose(site, base, &at, reason, changes(base)?)?;
        if let Some(signed) = &signatures {
            take_signatures(&mut proposal.amend, signed)?;
        }
        draft(site, base, proposal)
    })
}

/// What `policy amend` would commit, for other owners to sign: signed by the actor where it is an owner who can.
pub fn propose(site: &Site, reason: &str, key: Option<&Path>) -> Result<Proposal, EngineError> {
    propose_with(site, reason, key, |base| Ok(from_worktree(site, base)?.into()))
}

/// As [`propose`], with what `changes` gives.
pub(crate) fn propose_with(
    site: &Site,
    reason: &str,
    key: Option<&Path>,
    changes: impl Fn(&Base<'_>) -> Result<Change, EngineError>,
) -> Result<Proposal, EngineError> {
    let base = site.base()?;
    let mut proposal = compose(site, &base, &site.clock.now(), reason, changes(&base)?)?;
    let (principal, _) = site.actor(&base.policy)?;
    if proof::owner_refusal(&base.policy, principal).is_none() && base.policy.signers.get(principal).is_some() {
        add_signature(site, &base, &mut proposal.amend, key)?;
    }
    Ok(proposal)
}

/// Adds the actor's signature to a proposal on HEAD. Says how many more are wanted.
pub fn sign(site: &Site, proposal: &mut Proposal, key: Option<&Path>) -> Result<u32, EngineError> {
    let base = site.base()?;
    fits(site, &base, proposal)?;
    add_signature(site, &base, &mut proposal.amend, key)?;
    Ok(missing_signatures(&base, &proposal.amend))
}

/// Mode and bytes of a file; `None` where there is none.
pub type Version = Option<(Mode, Vec<u8>)>;

/// The files that `proposal` changes as HEAD has them, for showing what is signed.
pub fn before(site: &Site, proposal: &Proposal) -> Result<Vec<Version>, EngineError> {
    let base = site.base()?;
    fits(site, &base, proposal)?;
    let file = |path: &RepoPath| {
        let Some(entry) = base.view().entry(path)? else { return Ok(None) };
        Ok(base.view().file(path, MAX_TEXT_FILE)?.map(|bytes| (entry.mode, bytes)))
    };
    proposal.files.iter().map(|(path, _)| file(path)).collect()
}

/// Commits a proposal that enough owners have signed.
pub fn commit(site: &Site, target: &Target, proposal: &Proposal) -> Result<Committed<Amended>, EngineError> {
    transact_with(site, target, &proposal.modes, |base| {
        fits(site, base, proposal)?;
        draft(site, base, proposal.clone())
    })
}

/// Whether the base wants amends signed.
pub fn is_signed(site: &Site) -> Result<bool, EngineError> {
    Ok(site.base()?.policy.config.owners > 0)
}

fn compose(
    site: &Site,
    base: &Base<'_>,
    at: &Timestamp,
    reason: &str,
    Change { files, redact }: Change,
) -> Result<Proposal, EngineError> {
    // Where amends of two branches met, the files are merged and nobody has agreed to the whole yet.
    let amends = governance::read_amends(base.view())?.links;
    if files.is_empty() && redact.is_empty() && governance::amend_heads(&amends).len() < 2 {
        return Err(EngineError::refused(
            "no governed file differs from HEAD: there is nothing to amend",
            "edit `.agentops/config.toml` or a profile first, then `agentops policy amend --reason \"…\"`",
        ));
    }
    let (principal, _) = site.actor(&base.policy)?;
    let before = Governed::new(&base.policy.config.governed).files(&base.tree)?;
    let mut modes = Modes::new();
    for (path, _) in files.iter().filter(|(_, bytes)| bytes.is_some()) {
        modes.insert(path.clone(), mode_after(site, path, before.get(path).map(|(mode, _)| *mode))?);
    }
    let amend = compose_amend(site, base, principal, at, reason, (&files, &modes, &redact))?;
    Ok(Proposal { amend, files, modes })
}

/// Whether a proposal is about this base: composed again, it has the same bytes before its signatures.
fn fits(site: &Site, base: &Base<'_>, proposal: &Proposal) -> Result<(), EngineError> {
    let amend = &proposal.amend;
    let content = (proposal.files.as_slice(), &proposal.modes, amend.redact.as_slice());
    let again = compose_amend(site, base, &amend.actor, &amend.at, &amend.reason, content)?;
    if again.signed_bytes() == amend.signed_bytes() {
        return Ok(());
    }
    Err(EngineError::Conflict {
        message: format!("the proposed amend {:04} does not start from HEAD's governed files", amend.seq),
        hint: "bring the branch it was proposed on up to date, or propose it again: `agentops policy amend --out FILE`"
            .into(),
    })
}

fn add_signature(site: &Site, base: &Base<'_>, amend: &mut Amend, key: Option<&Path>) -> Result<(), EngineError> {
    let (principal, _) = site.actor(&base.policy)?;
    site.refuse_agents(&base.policy, "sign", "agentops policy sign FILE")?;
    if let Some(reason) = proof::owner_refusal(&base.policy, principal) {
        return Err(EngineError::refused(reason, "ask an owner: `agentops policy show` lists them"));
    }
    let key = SigningKey::find(site, &base.policy, principal, key)?;
    let armor = key.sign(&amend.signed_bytes())?;
    amend.signatures.retain(|signature| signature.principal != *principal);
    amend.signatures.push(OwnerSignature { principal: principal.clone(), armor });
    amend.signatures.sort_by(|a, b| a.principal.cmp(&b.principal));
    let owners = proof::owners(&base.policy, amend);
    match owners.void.iter().find(|(who, _)| who == principal) {
        Some((_, reason)) => Err(EngineError::refused(
            format!("this signature would count for nothing: {reason}"),
            "`agentops policy show` prints the signers and what `gates.presence` asks for",
        )),
        None => Ok(()),
    }
}

fn missing_signatures(base: &Base<'_>, amend: &Amend) -> u32 {
    let signed = u32::try_from(proof::owners(&base.policy, amend).signed.len()).unwrap_or(u32::MAX);
    base.policy.config.owners.saturating_sub(signed)
}

fn take_signatures(amend: &mut Amend, signed: &Amend) -> Result<(), EngineError> {
    if amend.signed_bytes() != signed.signed_bytes() {
        return Err(EngineError::Conflict {
            message: "the governed files or HEAD changed while you signed: nothing was committed".into(),
            hint: "run `agentops policy amend` again".into(),
        });
    }
    amend.signatures.clone_from(&signed.signatures);
    Ok(())
}

fn draft(site: &Site, base: &Base<'_>, proposal: Proposal) -> Result<Draft<Amended>, EngineError> {
    let Proposal { amend, mut files, .. } = proposal;
    let (principal, actor) = site.actor(&base.policy)?;
    let path = RepoPath::from(layout::GOVERNANCE).join(amend.file_name().as_bytes());
    let message = message(base, &amend, principal, actor);
    let outcome = Amended {
        to: amend.to,
        files: amend.files.clone(),
        redact: amend.redact.clone(),
        unsigned: base.policy.config.owners == 0,
        signed: amend.signatures.iter().map(|signature| signature.principal.clone()).collect(),
    };
    for redaction in &amend.redact {
        let path = RepoPath::from(redaction.path.as_str());
        // What stands there now may be other bytes, which stay.
        let found = base.tree.file(&path, MAX_TEXT_FILE)?;
        if found.is_some_and(|bytes| Digest::of(&bytes) == redaction.sha256) {
            files.push((path, None));
        }
    }
    files.push((path, Some(amend.print().into_bytes())));
    Ok(Draft { files, message, outcome })
}

/// An amend's commit is judged like anybody's: it says in the configured sections what it is. The reason is the user's
/// word; what surrounds it names the amend, so that a short reason stands beside facts.
fn message(base: &Base<'_>, amend: &Amend, principal: &Principal, actor: &Actor) -> String {
    let config = &base.policy.config;
    let changed = amend.files.iter().map(|file| &file.path);
    let names: Vec<String> =
        changed.chain(amend.redact.iter().map(|file| &file.path)).map(|path| format!("- `{path}`")).collect();
    let redacts = !amend.redact.is_empty();
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
                "Solution" if redacts => {
                    format!("The bytes of these files go, and {number} keeps their digests:\n{}", names.join("\n"))
                }
                "Solution" => format!("The governed files of {number} change together:\n{}", names.join("\n")),
                "Learning" => format!("N/A {number} is kept in `{}/` with its reason", layout::GOVERNANCE),
                "Impact" if redacts => {
                    format!("Rules stay as they are; what rests on these files counts as before {number}.")
                }
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
        subject: if redacts { "redact state files" } else { "amend governed files" }.to_owned(),
    };
    let trailer = text::assisted_by(principal, actor);
    let trailers: Vec<(&str, &str)> = trailer.iter().filter_map(|line| line.split_once(": ")).collect();
    Message::compose(&header, &sections, &trailers)
}

fn compose_amend(
    site: &Site,
    base: &Base<'_>,
    actor: &crate::model::name::Principal,
    at: &crate::model::time::Timestamp,
    reason: &str,
    (files, modes, redact): (&[FileEdit], &Modes, &[Redaction]),
) -> Result<Amend, EngineError> {
    let ours = Governed::new(&base.policy.config.governed);
    let before = ours.files(&base.tree)?;
    let mut edits = Vec::new();
    for (path, bytes) in files {
        let content = match bytes {
            Some(bytes) => {
                let mode = modes.get(path).copied().unwrap_or(Mode::File);
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
        redact: redact.to_vec(),
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
