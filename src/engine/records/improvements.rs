//! Improvements: what session records propose, and what became of it.
//!
//! An improvement is named by its session and its number in the record. What became of it is a decision, a write-once file; a
//! later decision names those that it replaces. Two branches may decide differently: then both stand, and it is disputed.

use std::collections::BTreeSet;

use crate::engine::error::EngineError;
use crate::engine::knowledge::filed::{self, Filed};
use crate::engine::site::{Base, Site};
use crate::engine::writing::compose;
use crate::engine::writing::transact::{Committed, Draft, Target, transact};
use crate::model::canonical::Canonical as _;
use crate::model::decision::{Decision, Fate};
use crate::model::digest::{Digest, ObjectId};
use crate::model::layout::{self, Place};
use crate::model::message::one_line;
use crate::model::name::{Principal, ProfileName, RecordId};
use crate::model::path::RepoPath;
use crate::model::policy::{DECISIONS_SINCE, LAWS_VERSION};
use crate::model::record::{Improvement, Session};
use crate::model::tree::{MAX_STATE_FILE, TreeView as _};

/// Where an improvement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Proposed,
    /// A commit brought it.
    Adopted,
    /// It was given up.
    Dropped,
    /// Decisions that do not know of each other say different things.
    Disputed,
}

impl State {
    /// The word in output and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Adopted => "adopted",
            Self::Dropped => "dropped",
            Self::Disputed => "disputed",
        }
    }
}

/// A decision that no other replaces.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What it says.
    pub decision: Decision,
    /// The digest by which a later one names it.
    pub digest: Digest,
    /// Whether the commit that it names is in HEAD's history; nothing where it names none. A squash or a rebase replaces
    /// commits, so that a `false` is no reproach.
    pub is_in_history: Option<bool>,
}

/// An improvement of a session record, and where it stands.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The session whose record proposes it.
    pub session: RecordId,
    /// Its number in the record, from 1.
    pub number: u32,
    /// The namespace.
    pub profile: ProfileName,
    /// Who proposed it.
    pub actor: Principal,
    /// What it is.
    pub improvement: Improvement,
    /// The decisions that stand, by their digests.
    pub standing: Vec<Standing>,
}

impl Listed {
    /// How it is named on the command line: `<session>.<number>`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.session, self.number)
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        let fates: BTreeSet<Fate> = self.standing.iter().map(|standing| standing.decision.fate).collect();
        match (fates.contains(&Fate::Adopted), fates.contains(&Fate::Dropped)) {
            (false, false) => State::Proposed,
            (true, false) => State::Adopted,
            (false, true) => State::Dropped,
            (true, true) => State::Disputed,
        }
    }
}

/// The improvements of all session records at HEAD, or of one profile's: those of the newest session first.
pub fn list(site: &Site, profile: Option<&str>, state: Option<State>) -> Result<Vec<Listed>, EngineError> {
    let base = site.base()?;
    let profile = profile.map(|name| base.profile(name)).transpose()?.map(|profile| &profile.name);
    let mut listed = Vec::new();
    for file in filed::list::<Session>(&base, profile)? {
        if let Some(record) = file.open(&base)? {
            listed.extend(of_session(site, &base, &file, &record)?);
        }
    }
    listed.retain(|one| state.is_none_or(|state| one.state() == state));
    Ok(listed)
}

fn of_session(
    site: &Site,
    base: &Base<'_>,
    file: &Filed<Session>,
    record: &Session,
) -> Result<Vec<Listed>, EngineError> {
    let mut listed: Vec<Listed> = (1..)
        .zip(&record.improvements)
        .map(|(number, improvement)| Listed {
            session: file.id.clone(),
            number,
            profile: file.profile.clone(),
            actor: record.actor.clone(),
            improvement: improvement.clone(),
            standing: Vec::new(),
        })
        .collect();
    let decisions = decisions(base, &file.profile, &file.id)?;
    let replaced: BTreeSet<Digest> = decisions.iter().flat_map(|(_, decision)| decision.prev.iter().copied()).collect();
    for (digest, decision) in decisions {
        let place = (decision.number as usize).checked_sub(1);
        if let Some(one) = place.and_then(|place| listed.get_mut(place)).filter(|_| !replaced.contains(&digest)) {
            let commit = ObjectId::parse(&decision.commit).ok();
            let is_in_history = commit.map(|commit| is_in_history(site, base, &commit)).transpose()?;
            one.standing.push(Standing { decision, digest, is_in_history });
        }
    }
    Ok(listed)
}

fn is_in_history(site: &Site, base: &Base<'_>, commit: &ObjectId) -> Result<bool, EngineError> {
    Ok(site.repo.has_object(commit) && site.repo.is_ancestor(commit, &base.commit)?)
}

/// The well-formed decisions on a session's improvements, by their digests. Others are AO-E2's. Before the edition that knows
/// them there are none.
fn decisions(
    base: &Base<'_>,
    profile: &ProfileName,
    session: &RecordId,
) -> Result<Vec<(Digest, Decision)>, EngineError> {
    if base.policy.format.laws < DECISIONS_SINCE {
        return Ok(Vec::new());
    }
    let folder = layout::decisions(profile, session);
    let mut found = Vec::new();
    for entry in base.tree.list(&folder)?.into_iter().filter(|entry| entry.mode.is_file()) {
        let path = folder.join(&entry.name);
        let Some(Place::Decision(_, _, number)) = Place::of(&path) else { continue };
        let bytes = base.tree.blob(&entry.id, &path, MAX_STATE_FILE)?;
        let fits = |decision: &Decision| decision.number == number && decision.session == *session;
        if let Some(decision) = Decision::parse(&bytes).ok().filter(fits) {
            found.push((Digest::of(&bytes), decision));
        }
    }
    found.sort_by_key(|(digest, _)| *digest);
    Ok(found)
}

/// What is decided about an improvement.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The commit at this revision brought it.
    Adopt {
        /// Any revision of HEAD's history.
        commit: String,
        /// A remark, or empty.
        reason: String,
    },
    /// It is given up.
    Drop {
        /// Why.
        reason: String,
    },
}

/// Records what became of the improvement `name`: one commit of one file.
///
/// Errors: `Refused` where it is decided that way already, or where the commit is not in HEAD's history or older than what was
/// proposed.
pub fn decide(site: &Site, target: &Target, name: &str, verdict: &Verdict) -> Result<Committed<Listed>, EngineError> {
    let at = site.clock.now();
    transact(site, target, |base| {
        refuse_edition(base)?;
        let (principal, actor) = site.actor(&base.policy)?;
        let (record, mut improvement) = find(site, base, name)?;
        let (fate, commit, reason) = match verdict {
            Verdict::Adopt { commit, reason } => {
                (Fate::Adopted, bringing(site, base, &record, &improvement, commit)?.to_string(), reason)
            }
            Verdict::Drop { reason } => (Fate::Dropped, String::new(), reason),
        };
        let decision = Decision {
            v: 1,
            project: base.policy.format.project.clone(),
            profile: improvement.profile.clone(),
            session: improvement.session.clone(),
            number: improvement.number,
            fate,
            commit,
            reason: one_line(reason),
            prev: improvement.standing.iter().map(|standing| standing.digest).collect(),
            actor: principal.clone(),
            at: at.clone(),
        };
        refuse_again(&improvement, &decision)?;
        decision.validate()?;
        let folder = layout::decisions(&decision.profile, &decision.session);
        let path = folder.join(decision.file_name().as_bytes());
        let verb = if fate == Fate::Adopted { "adopt" } else { "drop" };
        let mut trailers = vec![format!("Agentops-Session: {}", decision.session)];
        trailers.extend(compose::assisted_by(principal, actor));
        let subject = compose::subject(&decision.profile, &format!("{verb} an improvement"));
        let mut text = improvement.improvement.what.clone();
        if !decision.reason.is_empty() {
            text = format!("{text}\n\n{}", decision.reason);
        }
        let bytes = decision.print().into_bytes();
        let is_in_history = (fate == Fate::Adopted).then_some(true);
        improvement.standing = vec![Standing { digest: Digest::of(&bytes), decision, is_in_history }];
        Ok(Draft {
            files: vec![(path, Some(bytes))],
            message: compose::plain_message(&subject, &text, &trailers),
            outcome: improvement,
        })
    })
}

fn refuse_edition(base: &Base<'_>) -> Result<(), EngineError> {
    if base.policy.format.laws >= DECISIONS_SINCE {
        return Ok(());
    }
    Err(EngineError::refused(
        format!(
            "edition {} of the laws rules here, and it knows no decisions on improvements",
            base.policy.format.laws
        ),
        format!("`agentops upgrade` raises it to {LAWS_VERSION}"),
    ))
}

/// The same decision once more would say nothing; another commit, or another mind, is a decision of its own.
fn refuse_again(improvement: &Listed, decision: &Decision) -> Result<(), EngineError> {
    let [standing] = improvement.standing.as_slice() else { return Ok(()) };
    let known = &standing.decision;
    if known.fate != decision.fate || known.commit != decision.commit {
        return Ok(());
    }
    let how = match known.fate {
        Fate::Adopted => format!("by commit {}", known.commit.get(..12).unwrap_or(&known.commit)),
        Fate::Dropped => format!("because: {}", known.reason),
    };
    Err(EngineError::refused(
        format!("`{}` is {} already, {how}", improvement.name(), known.fate.as_str()),
        "`agentops learn improvements` shows where each stands",
    ))
}

/// The improvement that `name` means, and the record that proposes it: the beginning of a session's id, a dot and a number, which
/// may be left out where the session proposes one alone.
fn find(site: &Site, base: &Base<'_>, name: &str) -> Result<((RepoPath, Session), Listed), EngineError> {
    let (prefix, number) = match name.trim().rsplit_once('.') {
        Some((prefix, number)) => (prefix, Some(number)),
        None => (name.trim(), None),
    };
    let (file, record) = filed::find::<Session>(base, prefix)?;
    let mut all = of_session(site, base, &file, &record)?;
    let place = match number {
        None if all.len() == 1 => Some(0),
        None => None,
        Some(number) => number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)),
    };
    match place.filter(|place| *place < all.len()) {
        Some(place) => Ok(((file.path, record), all.swap_remove(place))),
        None => Err(EngineError::usage(
            match number {
                Some(number) => format!("session `{}` proposes no improvement `{number}`", file.id),
                None => format!("session `{}` proposes {} improvements", file.id, all.len()),
            },
            match all.as_slice() {
                [] => "`agentops learn improvements` lists those that there are".to_owned(),
                all => format!("one of: {}", all.iter().map(Listed::name).collect::<Vec<_>>().join(", ")),
            },
        )),
    }
}

/// The commit that brought an improvement: of HEAD's history, for what is elsewhere is not adopted here, and made once it was
/// proposed, for what was there before is not what it asks for. A commit that brings the record along with other changes, as a
/// squash does, may hold both.
fn bringing(
    site: &Site,
    base: &Base<'_>,
    (path, record): &(RepoPath, Session),
    improvement: &Listed,
    revision: &str,
) -> Result<ObjectId, EngineError> {
    let id = site.repo.revision(revision)?.commit;
    if !site.repo.is_ancestor(&id, &base.commit)? {
        return Err(EngineError::refused(
            format!("the commit {} is not in HEAD's history", id.short()),
            "merge it first, or name the commit that brought the improvement here",
        ));
    }
    let holds_record = |tree: &ObjectId| site.repo.tree(tree).entry(path);
    let commit = site.repo.commit(&id)?;
    let tree = site.repo.tree_of(&id)?;
    let problem = if holds_record(&tree)?.is_none() {
        // On a branch beside the record's own only times tell which of the two came first.
        (commit.committer.seconds < record.ended.seconds())
            .then(|| format!("is older than the improvement, which was proposed at {}", record.ended))
    } else {
        // What a merge brings is what its first parent had not.
        match commit.parents.first() {
            Some(parent) if !site.repo.has_object(parent) => {
                Some("cannot be compared with the one before it, which is not in this shallow clone".to_owned())
            }
            parent => {
                let before = parent.map(|parent| site.repo.tree_of(parent)).transpose()?;
                let is_work = |path| Place::of(path).is_none_or(|place| !place.is_record());
                let brings_work =
                    site.repo.diff_trees(before.as_ref(), &tree)?.iter().any(|change| is_work(&change.path));
                (!brings_work).then(|| "brings nothing but records of agentops".to_owned())
            }
        }
    };
    problem.map_or(Ok(id), |problem| {
        Err(EngineError::refused(
            format!("the commit {} {problem}", id.short()),
            format!(
                "name a later commit that brought it, or give it up: agentops learn drop {} --reason \"…\"",
                improvement.name()
            ),
        ))
    })
}
