//! What a key signed that was listed as compromised afterwards.
//!
//! A step is judged by the policy of its base, so what landed stays. Looking back with today's list, `check --all` names
//! votes and amends of such keys: those dated after the key was lost, and those that say they are older but landed later.

use crate::engine::error::EngineError;
use crate::git::Repo;
use crate::model::canonical::Canonical as _;
use crate::model::digest::ObjectId;
use crate::model::law_id::{LawId, Level};
use crate::model::layout::{self, Place as Kind};
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::report::{Place, Violation};
use crate::model::time::Timestamp;
use crate::model::tree::{MAX_STATE_FILE, Mode, SightError, TreeView};
use crate::model::trust::signer_of;
use crate::model::vote::{Verdict, Vote};
use crate::workflow::chain::{Chain, tasks};
use crate::workflow::governance;

/// One commit of the line: its id, its tree, and the second in which it was committed, as it says.
pub(super) struct Landing {
    pub(super) commit: ObjectId,
    pub(super) tree: ObjectId,
    pub(super) seconds: i64,
}

/// Something that a listed key signed.
struct Signed {
    path: RepoPath,
    law: LawId,
    /// What it is, as the beginning of a sentence.
    what: String,
    key: String,
    at: Timestamp,
    fix: String,
}

/// Names what keys that `policy` lists as compromised signed. `line` is the history that was replayed, oldest first; the
/// tree of its last commit still has all votes and amends, because they are write-once.
pub(super) fn named(repo: &Repo, line: &[Landing], policy: &Policy) -> Result<Vec<Violation>, EngineError> {
    let Some(tip) = line.last().filter(|_| !policy.config.compromised.is_empty()) else {
        return Ok(Vec::new());
    };
    let tree = repo.tree(&tip.tree);
    let mut signed = votes(&tree, policy)?;
    signed.extend(amends(&tree)?);
    let mut found = Vec::new();
    for Signed { path, law, what, key, at, fix } in signed {
        let Some(since) = policy.config.compromised.get(&key) else { continue };
        let landed = landed(repo, line, &path)?;
        let when = landed.map(|landing| Timestamp::from_seconds(landing.seconds));
        let why = if at >= *since {
            format!("it is dated {at}")
        } else if let Some(when) = when.filter(|when| when >= since) {
            format!("it landed at {when}; it is dated {at}, but that it is older is a claim of whoever signed it")
        } else {
            continue;
        };
        found.push(Violation {
            law,
            level: Level::Warn,
            place: Place::path(path).in_commit(landed.map(|landing| landing.commit)),
            message: format!("{what} {key}, listed as compromised since {since}: {why}"),
            fix,
        });
    }
    Ok(found)
}

/// The first commit of the line that has `path`.
fn landed<'l>(repo: &Repo, line: &'l [Landing], path: &RepoPath) -> Result<Option<&'l Landing>, SightError> {
    for landing in line {
        if repo.tree(&landing.tree).entry(path)?.is_some() {
            return Ok(Some(landing));
        }
    }
    Ok(None)
}

fn votes(tree: &dyn TreeView, policy: &Policy) -> Result<Vec<Signed>, SightError> {
    let mut found = Vec::new();
    for profile in policy.profiles.keys() {
        for task in tasks(tree, profile)? {
            let folder = RepoPath::from(format!("{}/votes/{task}", layout::namespace(profile)));
            for submit in tree.list(&folder)?.into_iter().filter(|entry| entry.mode == Mode::Tree) {
                let folder = folder.join(&submit.name);
                for entry in tree.list(&folder)?.into_iter().filter(|entry| entry.mode == Mode::File) {
                    let path = folder.join(&entry.name);
                    let Some(Kind::Vote(..)) = Kind::of(&path) else { continue };
                    let Ok(vote) = Vote::parse(&tree.blob(&entry.id, &path, MAX_STATE_FILE)?) else { continue };
                    let Some(key) = vote.signature.as_ref().and_then(|one| signer_of(&one.armor)) else { continue };
                    if !policy.config.compromised.contains_key(&key) {
                        continue;
                    }
                    let chain = Chain::read(tree, profile, &task)?;
                    let phase = chain.link(&vote.submit).map(|link| link.event.state.phase.to_string());
                    let phase = phase.unwrap_or_default();
                    let word = if vote.verdict == Verdict::Approve { "approval" } else { "rejection" };
                    found.push(Signed {
                        path,
                        law: LawId::G2,
                        what: format!("the {word} of {task} ({phase}) by `{}` is signed by", vote.voter),
                        key,
                        at: vote.at,
                        fix: format!(
                            "ask the voter; if it was not theirs: `agentops phase rewind {task} --to {phase} --reason \"…\"`"
                        ),
                    });
                }
            }
        }
    }
    Ok(found)
}

fn amends(tree: &dyn TreeView) -> Result<Vec<Signed>, SightError> {
    let mut found = Vec::new();
    for link in governance::read_amends(tree)?.links {
        for signature in &link.amend.signatures {
            let Some(key) = signer_of(&signature.armor) else { continue };
            found.push(Signed {
                path: link.path.clone(),
                law: LawId::G3,
                what: format!("amend {:04} is signed for `{}` by", link.amend.seq, signature.principal),
                key,
                at: link.amend.at.clone(),
                fix: "read what it changed; what nobody else agreed to goes by another amend, signed with good keys"
                    .into(),
            });
        }
    }
    Ok(found)
}
