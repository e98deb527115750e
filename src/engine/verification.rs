//! `verify report`: of one passed gate, what is checked and what is somebody's word. Reads git objects and runs nothing.

use std::collections::BTreeMap;

use super::error::EngineError;
use super::judging::{self, Policies};
use super::point::{self, Address, Origin};
use super::rerun::claiming;
use super::site::{Base, Site};
use crate::law::{Reads, Records, registry};
use crate::model::digest::{Digest, ObjectId};
use crate::model::event::{EventKind, Run};
use crate::model::law_id::{LawId, Level};
use crate::model::manifest::{Manifest, ManifestLine};
use crate::model::name::{Principal, ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::profile::{ArtifactKind, VoteKind};
use crate::model::report::Violation;
use crate::model::state::TaskState;
use crate::model::tree::MAX_TEXT_FILE;
use crate::model::trust::Proved;
use crate::model::verdict::Outcome;
use crate::workflow::chain::{Chain, Link};
use crate::workflow::gate::{self, Tally};
use crate::workflow::risk::Gate;
pub use crate::workflow::verdict::Standing;
use crate::workflow::{artifact, governance, proof};

/// What is known of one passed gate.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// Its state at HEAD; of a forked task that of its first head.
    pub state: TaskState,
    /// HEAD's commit.
    pub head: ObjectId,
    /// The event that claims the gate was passed.
    pub link: Link,
    /// The state that it left.
    pub left: TaskState,
    /// Whether nothing later supersedes it.
    pub live: bool,
    /// Where history holds it.
    pub origin: Origin,
    /// That commit's tree.
    pub tree: ObjectId,
    /// The key behind the event: none where it is unsigned, the reason where the signature does not hold.
    pub doer_key: Option<Result<Proved, String>>,
    /// What the laws say.
    pub laws: Judged,
    /// The votes; none where the gate wants none.
    pub votes: Option<Tally>,
    /// The evidence, and where its bytes are.
    pub artifacts: Vec<Held>,
    /// The files of the task, where the gate has a manifest that can be read.
    pub manifest: Option<Bound>,
    /// What the event says ran.
    pub runs: Vec<Run>,
    /// What verdicts say of that.
    pub verdicts: Standing,
    /// What nobody checked: sentences.
    pub not_checked: Vec<String>,
}

/// The laws over the step that brought the event.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// The checks of this gate.
    pub checks: Vec<LawId>,
    /// How many laws were asked; 0 where the step cannot be seen.
    pub asked: usize,
    /// What they found.
    pub violations: Vec<Violation>,
}

impl Judged {
    /// How many findings of that level.
    pub fn count(&self, level: Level) -> usize {
        self.violations.iter().filter(|violation| violation.level == level).count()
    }
}

/// An artifact of the gate.
#[derive(Debug, Clone)]
pub struct Held {
    /// Where it lies.
    pub path: RepoPath,
    /// The digest that the event lists.
    pub digest: Digest,
    /// Where its bytes are.
    pub place: HeldIn,
}

/// Where bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldIn {
    /// At their path in HEAD.
    Head,
    /// In an earlier commit.
    History,
    /// In no commit that HEAD reaches.
    Nowhere,
}

impl HeldIn {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "in HEAD",
            Self::History => "in history, HEAD has other bytes",
            Self::Nowhere => "content not in history",
        }
    }
}

/// The files that the event binds.
#[derive(Debug, Clone)]
pub struct Bound {
    /// Each with its mode and digest.
    pub lines: Vec<ManifestLine>,
    /// Those that HEAD has otherwise. Code goes on after its task is done, so that is no fault by itself.
    pub changed: Vec<RepoPath>,
}

/// What is known of the event that `address` names, or of the one that left the implement phase.
pub fn report(site: &Site, address: &str) -> Result<Verification, EngineError> {
    let address = Address::parse(address)?;
    let base = site.base()?;
    let chain = base.task(&address.task)?;
    let link = claiming(&base, &chain, &address)?;
    let rules = base.rules(&chain)?;
    let origin = point::origin(site, &base, &chain, link)?;
    let left = chain.origin(link).clone();
    let mut verification = Verification {
        task: chain.task.clone(),
        profile: chain.profile.clone(),
        state: chain.heads().first().map_or_else(|| left.clone(), |head| head.event.state.clone()),
        head: base.commit,
        live: chain.live(rules).contains(&link.digest),
        tree: site.repo.tree_of(&origin.commit)?,
        doer_key: proof::event_key(&base.policy, &link.event),
        laws: Judged::default(),
        votes: votes(&base, &chain, link)?,
        artifacts: Vec::new(),
        manifest: None,
        runs: link.event.runs.clone(),
        verdicts: super::verdict::standing(&base, &chain, link)?,
        not_checked: Vec::new(),
        link: link.clone(),
        left,
        origin,
    };
    evidence(site, &base, &mut verification)?;
    laws(site, &base, &mut verification)?;
    let superseded = chain.links.len() - chain.live(rules).len();
    remain(&mut verification, superseded);
    Ok(verification)
}

fn votes(base: &Base<'_>, chain: &Chain, link: &Link) -> Result<Option<Tally>, EngineError> {
    let rules = base.rules(chain)?;
    let Some((_, phase)) = rules.phase(&link.event.state.phase).filter(|_| link.event.kind == EventKind::Submit) else {
        return Ok(None);
    };
    let resolved = Gate::resolve(&base.policy, rules, phase, &chain.until(&link.digest), base.view())?;
    if resolved.vote == VoteKind::None {
        return Ok(None);
    }
    let sessions = Records::default().sessions_on(base.view(), chain, &link.event.state)?;
    let doers = gate::doers(chain, link, &sessions);
    let files = gate::read_votes(base.view(), &chain.profile, link)?;
    Ok(Some(gate::tally(&base.policy, rules, &resolved, link, &doers, &files)))
}

fn evidence(site: &Site, base: &Base<'_>, found: &mut Verification) -> Result<(), EngineError> {
    for item in &found.link.event.evidence {
        let path = RepoPath::from(item.path.as_str());
        let bytes = point::content(site, base, &found.origin, &path, &item.sha256)?;
        let now = base.view().file(&path, MAX_TEXT_FILE)?.is_some_and(|now| Digest::of(&now) == item.sha256);
        let place = match (now, &bytes) {
            (true, _) => HeldIn::Head,
            (false, Some(_)) => HeldIn::History,
            (false, None) => HeldIn::Nowhere,
        };
        let is_manifest =
            artifact::owner(&base.policy, &path).is_some_and(|owner| owner.spec.kind == ArtifactKind::Manifest);
        if let Some(manifest) = bytes.filter(|_| is_manifest).and_then(|bytes| Manifest::parse(&bytes).ok()) {
            let mut changed = Vec::new();
            for line in manifest.lines() {
                if ManifestLine::of(base.view(), &line.path)? != *line {
                    changed.push(line.path.clone());
                }
            }
            found.manifest = Some(Bound { lines: manifest.lines().to_vec(), changed });
        }
        found.artifacts.push(Held { path, digest: item.sha256, place });
    }
    Ok(())
}

/// Judges the step that brought the event, by the rules of the commit before it, as a replay does.
fn laws(site: &Site, base: &Base<'_>, found: &mut Verification) -> Result<(), EngineError> {
    let rules = base.profile(found.profile.as_str())?;
    found.laws.checks = rules.phase(&found.left.phase).map(|(_, phase)| phase.gate.checks.clone()).unwrap_or_default();
    let commit = site.repo.commit(&found.origin.commit)?;
    let parent = commit.parents.first().copied();
    if parent.is_some_and(|parent| !site.repo.has_object(&parent)) {
        found.not_checked.push("the step that brought the event: history is cut off there, fetch more of it".into());
        return Ok(());
    }
    let commits = match (&parent, commit.is_merge()) {
        (Some(parent), true) => site.repo.range(Some(parent), &found.origin.commit)?.commits,
        _ => vec![commit.clone()],
    };
    let reads = [Reads::Trees];
    let let_go = governance::redactions(&governance::read_amends(base.view())?.links);
    let own = (commits, Some(&let_go));
    let report = judging::edge(&site.repo, &mut Policies::default(), parent.as_ref(), &commit, own, &reads)?;
    found.laws.asked = registry().iter().filter(|law| law.reads != Reads::Messages).count();
    found.laws.violations = report.violations;
    Ok(())
}

/// What no law can see, and what is a claim here.
fn remain(found: &mut Verification, superseded: usize) {
    let event = &found.link.event;
    let mut add = |sentence: String| found.not_checked.push(sentence);
    if !event.runs.is_empty() && found.verdicts.reproduced.is_empty() && found.verdicts.refuted.is_empty() {
        let (runs, are) = if event.runs.len() == 1 { ("run", "is a claim") } else { ("runs", "are claims") };
        add(format!(
            "{} {runs} {are} of {}, not reproduced: `agentops verify rerun {}` repeats what was claimed",
            event.runs.len(),
            event.actor,
            found.task
        ));
    }
    if !matches!(found.doer_key, Some(Ok(_))) {
        add(format!("who did the work: the event says {}, and no key stands behind it", event.actor));
    }
    if found.votes.as_ref().is_some_and(|tally| !tally.approvals.is_empty()) {
        add("attention: a vote shows that somebody signed or typed, not that anybody read".into());
    }
    add("tokens, durations and dates: whoever wrote the file says so".into());
    if !found.origin.is_own {
        add("the trees in between: a squash or a rebase replaced the commit that wrote the event".into());
    }
    if superseded > 0 {
        let are = if superseded == 1 { "event is" } else { "events are" };
        add(format!("{superseded} superseded {are} judged for form and chain, not for content"));
    }
}

impl Verification {
    /// What the runs rest on: `claimed`, or who reproduced or refuted them. `true` where a key stands behind it.
    pub fn runs_rest_on(&self) -> (String, bool) {
        let proved = |all: &BTreeMap<Principal, Option<Proved>>| all.values().any(Option::is_some);
        let verdicts = &self.verdicts;
        if let Some(said) = verdicts.said(Outcome::Refuted) {
            return (said, proved(&verdicts.refuted));
        }
        match verdicts.said(Outcome::Reproduced) {
            Some(said) => (said, proved(&verdicts.reproduced)),
            None => ("claimed".into(), false),
        }
    }

    /// Who approves, with what that rests on; empty where the gate wants no vote.
    pub fn approvals(&self) -> BTreeMap<&Principal, String> {
        let all = self.votes.iter().flat_map(|tally| &tally.approvals);
        all.map(|(voter, approval)| (voter, approval.honest())).collect()
    }
}
