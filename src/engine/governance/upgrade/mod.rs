//! `upgrade`: brings what this program has newer of the built-in profiles and of the laws, by an amend.
//!
//! Each installed profile is merged in three ways: what its `version` was when it was built in, what the team made of it, and
//! what is built in now. The first is known from this program alone ([`builtin::files_of`]), so it is the same in a shallow
//! clone and after a squash. What the team changed stays, what is new arrives, and where both changed the same lines nothing
//! is written until somebody decides. Raising `laws` in `format.toml` is this verb's alone.

mod merging;
mod origin;

use std::path::PathBuf;

use merging::Files;
use origin::Origin;

use super::policy::{self, Amended};
use super::proposal::Proposal;
use crate::config::{self, builtin};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::writing::transact::{Committed, FileEdit, Target};
use crate::git::Favour;
use crate::law::editions;
use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;
use crate::model::policy::{LAWS_VERSION, SIGNATURES_SINCE};
use crate::model::tree::{MAX_TEXT_FILE, TreeView as _};
use crate::workflow::governance::Governed;

pub use merging::Way;

/// What `upgrade` is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The profiles to upgrade; none: every one that comes from a built-in profile.
    pub profiles: Vec<String>,
    /// Files of which the repository's lines stay where both sides changed the same ones.
    pub keep: Vec<String>,
    /// Files of which this program's lines are taken there.
    pub take: Vec<String>,
    /// Why; `None`: a sentence that names the versions.
    pub reason: Option<String>,
    /// The file of the key that signs; `None`: the one that is found.
    pub key: Option<PathBuf>,
}

/// A profile that is brought to another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Which.
    pub profile: ProfileName,
    /// Its version here.
    pub from: u32,
    /// The built-in version that it is merged from, where its own number is none of ours: the one it is nearest to.
    pub taken_for: Option<u32>,
    /// Its version afterwards.
    pub to: u32,
}

/// What an upgrade does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The edition of the laws here and afterwards, where it rises.
    pub laws: Option<(u32, u32)>,
    /// What the laws of the new edition bring, each a sentence.
    pub begins: Vec<&'static str>,
    /// Profiles that rise.
    pub raised: Vec<Raised>,
    /// Profiles that are as this program has them, with their versions.
    pub current: Vec<(ProfileName, u32)>,
    /// Profiles of the team's own, which are left alone.
    pub own: Vec<ProfileName>,
    /// The files that change, sorted by path.
    pub files: Vec<(RepoPath, Way)>,
    edits: Vec<FileEdit>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    fn reason(&self) -> String {
        let laws = self.laws.map(|(from, to)| format!("the laws rise from edition {from} to {to}"));
        let raised =
            self.raised.iter().map(|one| format!("profile {} from version {} to {}", one.profile, one.from, one.to));
        let what: Vec<String> = laws.into_iter().chain(raised).collect();
        format!("Upgrade to agentops {}: {}", env!("CARGO_PKG_VERSION"), what.join(", "))
    }
}

/// Commits the upgrade of HEAD; nothing is committed where there is nothing to do.
///
/// # Errors
///
/// [`EngineError::Conflict`] names the files that need a decision; then nothing is written.
pub fn upgrade(
    site: &Site,
    target: &Target,
    request: &Request,
) -> Result<(Plan, Option<Committed<Amended>>), EngineError> {
    let plan = planned(site, request)?;
    if plan.is_empty() {
        return Ok((plan, None));
    }
    let reason = request.reason.clone().unwrap_or_else(|| plan.reason());
    let committed = policy::amend_with(site, target, &reason, request.key.as_deref(), |base| {
        Ok(plan_on(base, request)?.edits.into())
    })?;
    Ok((plan, Some(committed)))
}

/// The upgrade as a proposal for other owners to sign; `None` where there is nothing to do.
///
/// # Errors
///
/// As [`upgrade`].
pub fn propose(site: &Site, request: &Request) -> Result<(Plan, Option<Proposal>), EngineError> {
    let plan = planned(site, request)?;
    if plan.is_empty() {
        return Ok((plan, None));
    }
    let reason = request.reason.clone().unwrap_or_else(|| plan.reason());
    let proposal = policy::propose_with(site, &reason, request.key.as_deref(), |_| Ok(plan.edits.clone().into()))?;
    Ok((plan, Some(proposal)))
}

fn planned(site: &Site, request: &Request) -> Result<Plan, EngineError> {
    let base = site.base()?;
    let (laws, owners) = (base.policy.format.laws, base.policy.config.owners);
    if laws < SIGNATURES_SINCE && owners > 0 {
        return Err(EngineError::refused(
            format!(
                "edition {laws} of the laws verifies no signatures and `governance.owners` is {owners}: no amend can pass here, \
                 an upgrade neither"
            ),
            "an administrator commits `owners = 0` in `.agentops/config.toml` past the check; then `agentops upgrade`, and set \
             it again",
        ));
    }
    let plan = plan_on(&base, request)?;
    refuse_edited(site, &base, &plan)?;
    Ok(plan)
}

/// What the working tree has otherwise would be overwritten by the next `policy amend`, or would undo the upgrade there.
fn refuse_edited(site: &Site, base: &Base<'_>, plan: &Plan) -> Result<(), EngineError> {
    if site.repo.is_bare() {
        return Ok(());
    }
    let worktree = site.repo.worktree_view()?;
    let mut edited = Vec::new();
    for (path, _) in &plan.edits {
        if worktree.file(path, MAX_TEXT_FILE)? != base.tree.file(path, MAX_TEXT_FILE)? {
            edited.push(path.to_string());
        }
    }
    if edited.is_empty() {
        return Ok(());
    }
    Err(EngineError::refused(
        format!("files that the upgrade changes differ from HEAD in the working tree: {}", edited.join(", ")),
        format!(
            "commit them first with `agentops policy amend --reason \"…\"`, or take them back: git checkout HEAD -- {}",
            edited.join(" ")
        ),
    ))
}

fn plan_on(base: &Base<'_>, request: &Request) -> Result<Plan, EngineError> {
    let mut plan = Plan::default();
    let laws = base.policy.format.laws;
    if laws < LAWS_VERSION {
        let path = RepoPath::from(layout::FORMAT);
        let text = text(base.tree.file(&path, MAX_TEXT_FILE)?.as_ref());
        let raised = config::set_number(path.clone(), &text, "laws", LAWS_VERSION)?;
        plan.laws = Some((laws, LAWS_VERSION));
        plan.begins = (laws + 1..=LAWS_VERSION).flat_map(|edition| editions::brings(edition).iter().copied()).collect();
        plan.edits.push((path.clone(), Some(raised.into_bytes())));
        plan.files.push((path, Way::Replaced));
    }
    let mut conflicts = Vec::new();
    for name in chosen(base, request)? {
        let ours = governed_below(base, &name)?;
        match origin::of(&name, &ours)? {
            Some(origin) => conflicts.extend(merge_profile(name, &origin, ours, request, &mut plan)?),
            None => plan.own.push(name),
        }
    }
    if let (false, Some(own)) = (request.profiles.is_empty(), plan.own.first()) {
        return Err(EngineError::refused(
            format!("`{own}` is a profile of your own: there is nothing built in to bring to it"),
            "change it yourself: edit its files, then `agentops policy amend --reason \"…\"`",
        ));
    }
    settled(request, &conflicts)?;
    plan.edits.sort();
    plan.files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(plan)
}

/// Refuses where a conflict is not decided, or a decision decides nothing.
fn settled(request: &Request, conflicts: &[RepoPath]) -> Result<(), EngineError> {
    let open: Vec<String> =
        conflicts.iter().filter(|path| favour(request, path) == Favour::Neither).map(ToString::to_string).collect();
    if !open.is_empty() {
        return Err(EngineError::Conflict {
            message: format!(
                "you and agentops {} changed the same lines of {}: nothing was written",
                env!("CARGO_PKG_VERSION"),
                open.join(", ")
            ),
            hint: format!(
                "decide for each file, in the lines in question: `--keep {0}` leaves yours, `--take {0}` brings the new ones",
                open[0]
            ),
        });
    }
    let mut asked = request.keep.iter().chain(&request.take);
    match asked.find(|path| !conflicts.contains(&RepoPath::from(path.as_str()))) {
        Some(path) => Err(EngineError::usage(
            format!("`{path}` is in no conflict: there is nothing to decide"),
            "leave `--keep` and `--take` away for it: what only one side changed comes by itself",
        )),
        None => Ok(()),
    }
}

fn favour(request: &Request, path: &RepoPath) -> Favour {
    let names = |list: &[String]| path.as_str().is_some_and(|path| list.iter().any(|name| name == path));
    match (names(&request.keep), names(&request.take)) {
        (true, false) => Favour::Ours,
        (false, true) => Favour::Theirs,
        _ => Favour::Neither,
    }
}

fn chosen(base: &Base<'_>, request: &Request) -> Result<Vec<ProfileName>, EngineError> {
    let mut names = Vec::new();
    for name in &request.profiles {
        match base.profile(name) {
            Ok(profile) => names.push(profile.name.clone()),
            Err(_) if builtin::names().iter().any(|known| known.as_str() == name) => {
                return Err(EngineError::refused(
                    format!("the profile `{name}` is not installed here"),
                    format!("install it: agentops init --profile {name}"),
                ));
            }
            Err(error) => return Err(error),
        }
    }
    names.sort();
    names.dedup();
    Ok(if request.profiles.is_empty() { base.policy.profiles.keys().cloned().collect() } else { names })
}

/// The governed files of a profile at HEAD. Its documents are the team's own from the day they were laid out.
fn governed_below(base: &Base<'_>, name: &ProfileName) -> Result<Files, EngineError> {
    let space = layout::namespace(name);
    let mut files = Files::new();
    for path in Governed::new(&[]).files(&base.tree)?.into_keys().filter(|path| path.is_below(&space)) {
        files.extend(base.tree.file(&path, MAX_TEXT_FILE)?.map(|bytes| (path, bytes)));
    }
    Ok(files)
}

/// Enters what becomes of the profile into `plan`. Its conflicts, decided or not.
fn merge_profile(
    name: ProfileName,
    origin: &Origin,
    mut ours: Files,
    request: &Request,
    plan: &mut Plan,
) -> Result<Vec<RepoPath>, EngineError> {
    let file = layout::profile_file(&name);
    let (newest, theirs) = &origin.newest;
    let (base, ancestors) = &origin.base;
    if base == newest {
        plan.current.push((name, origin.stated));
        return Ok(Vec::new());
    }
    // The number is not the team's text: it would clash with ours for nothing.
    let own_number = (origin.stated != *base).then_some(origin.stated);
    if own_number.is_some() {
        let text = config::set_number(file.clone(), &text(ours.get(&file)), "version", *base)?;
        ours.insert(file.clone(), text.into_bytes());
    }
    let outcome = merging::merge(ancestors, &ours, theirs, |path| favour(request, path));
    let to = own_number.map_or(*newest, |own| own.saturating_add(1));
    for ((path, bytes), way) in outcome.edits {
        let bytes = match &bytes {
            Some(merged) if path == file => {
                Some(config::set_number(path.clone(), &text(Some(merged)), "version", to)?.into_bytes())
            }
            _ => bytes,
        };
        plan.files.push((path.clone(), way));
        plan.edits.push((path, bytes));
    }
    let taken_for = own_number.map(|_| *base);
    plan.raised.push(Raised { profile: name, from: origin.stated, taken_for, to });
    Ok(outcome.conflicts)
}

fn text(bytes: Option<&Vec<u8>>) -> String {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}
