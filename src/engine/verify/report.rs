//! `verify report`: of one passed gate, what is checked and what is somebody's word. Reads git objects and runs nothing.

use super::rerun::claiming;
pub use super::rules::Rules;
use super::rules::{rules, rules_of_step};
use crate::engine::compliance;
use crate::engine::error::EngineError;
use crate::engine::judging::cases::{self, Hindsight};
use crate::engine::policies::Policies;
use crate::engine::site::{Base, Site};
use crate::engine::tasks::point::{self, Address, Origin};
use crate::law::{Reads, Records, registry};
use crate::model::digest::{Digest, ObjectId};
use crate::model::event::{EventKind, Run};
use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::manifest::{Manifest, ManifestLine};
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::profile::{ArtifactKind, Profile, VoteKind};
use crate::model::report::Violation;
use crate::model::state::{Stage, TaskState};
use crate::model::time::Timestamp;
use crate::model::tree::MAX_TEXT_FILE;
use crate::model::trust::Proved;
use crate::model::verdict::Outcome;
use crate::workflow::chain::{Chain, Link};
use crate::workflow::delivery::{self, Promised};
use crate::workflow::gate::{self, Tally};
use crate::workflow::governance::Redactions;
use crate::workflow::risk::Gate;
pub use crate::workflow::verdict::Standing;
use crate::workflow::{artifact, proof};

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
    /// By whose rules votes, signatures and verdicts count.
    pub rules: Rules,
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
    /// What the plan promised, where the event left the implement stage or a later one.
    pub promises: Option<Promises>,
    /// What it rests on besides its own evidence, or would, and owners let go.
    pub redacted: Vec<Redacted>,
    /// When the votes had to count: the time that the advance after them states.
    pub advanced_at: Option<Timestamp>,
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
    /// In an earlier commit; HEAD has others.
    History,
    /// In an earlier commit; HEAD has no such file.
    Gone,
    /// In no commit that HEAD reaches.
    Nowhere,
    /// Owners let them go, by the amend with that number; HEAD has no such file.
    Redacted(u32),
}

impl HeldIn {
    /// The words for it.
    pub fn told(self) -> String {
        match self {
            Self::Head => "in HEAD".into(),
            Self::History => "in history, HEAD has other bytes".into(),
            Self::Gone => "in history, HEAD has no such file".into(),
            Self::Nowhere => "content not in history".into(),
            Self::Redacted(amend) => format!("redacted by amend {amend:04}"),
        }
    }
}

/// A file that owners let go: a document that an earlier gate left, a vote or a verdict.
#[derive(Debug, Clone)]
pub struct Redacted {
    /// Where it lay.
    pub path: RepoPath,
    /// The digest that is left of it.
    pub digest: Digest,
    /// The amend that let it go.
    pub amend: u32,
    /// The event that lists it; none of a vote or a verdict.
    pub listed_by: Option<u32>,
}

/// What a plan promised of files, tests and evidence, and what of it is not there. What commands show is not seen here.
#[derive(Debug, Clone)]
pub struct Promises {
    /// Where it is written.
    pub path: RepoPath,
    /// What became of it, or why nobody can tell.
    pub kept: Result<Kept, String>,
}

/// How promises were kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// How many there are.
    pub promised: usize,
    /// What was missing where the event landed: sentences.
    pub missing_then: Vec<String>,
    /// What is missing in HEAD. Code goes on after its task is done, so that is no fault by itself.
    pub missing_now: Vec<String>,
}

/// The files that the event binds.
#[derive(Debug, Clone)]
pub struct Bound {
    /// Each with its mode and digest.
    pub lines: Vec<ManifestLine>,
    /// Those that HEAD has otherwise. Code goes on after its task is done, so that is no fault by itself.
    pub changed: Vec<RepoPath>,
}

/// What is known of the event that `address` names, or of the one that left the implement phase. By the rules at `named`;
/// without one by those that landed: what a branch says of its own votes is worth no more than the branch.
pub fn report(site: &Site, address: &str, named: Option<&str>) -> Result<Verification, EngineError> {
    let address = Address::parse(address)?;
    let here = site.base()?;
    let chain = here.task(&address.task)?;
    let link = claiming(&here, &chain, &address)?;
    let (base, ruled) = rules(site, &chain, named)?;
    let ruling = &Ruling { here: &here, policy: &base.policy, profile: base.rules(&chain)? };
    let origin = point::origin(site, &here, &chain, link)?;
    let left = chain.origin(link).clone();
    let live = chain.live(ruling.profile);
    let mut verification = Verification {
        task: chain.task.clone(),
        profile: chain.profile.clone(),
        state: chain.heads().first().map_or_else(|| left.clone(), |head| head.event.state.clone()),
        head: here.commit,
        rules: ruled,
        live: live.contains(&link.digest),
        tree: site.repo.tree_of(&origin.commit)?,
        doer_key: proof::event_key(&base.policy, &link.event),
        laws: Judged::default(),
        votes: votes(ruling, &chain, link)?,
        artifacts: Vec::new(),
        manifest: None,
        promises: None,
        redacted: Vec::new(),
        advanced_at: advanced_at(&chain, link),
        runs: link.event.runs.clone(),
        verdicts: super::verdict::standing(&here, &base.policy, &chain, link)?,
        not_checked: Vec::new(),
        link: link.clone(),
        left,
        origin,
    };
    let hindsight = Hindsight::of(base.view())?;
    evidence(site, ruling, &hindsight.let_go, &mut verification)?;
    verification.redacted = redacted(ruling, &chain, link, &hindsight.let_go)?;
    verification.promises = promises(site, ruling, &chain, &verification)?;
    laws(site, &base, &hindsight, &mut verification)?;
    remain(&mut verification, chain.links.len() - live.len());
    Ok(verification)
}

/// What is looked at, and the rules by which it is.
struct Ruling<'a> {
    here: &'a Base<'a>,
    policy: &'a Policy,
    profile: &'a Profile,
}

fn votes(ruling: &Ruling<'_>, chain: &Chain, link: &Link) -> Result<Option<Tally>, EngineError> {
    let Ruling { here, policy, profile } = ruling;
    let Some((_, phase)) = profile.phase(&link.event.state.phase).filter(|_| link.event.kind == EventKind::Submit)
    else {
        return Ok(None);
    };
    let resolved = Gate::resolve(policy, profile, phase, &chain.until(&link.digest), here.view())?;
    if resolved.vote == VoteKind::None {
        return Ok(None);
    }
    let sessions = Records::default().sessions_on(here.view(), chain, &link.event.state)?;
    let doers = gate::doers(chain, link, &sessions);
    let files = gate::read_votes(here.view(), &chain.profile, link)?;
    Ok(Some(gate::tally(policy, profile, &resolved, link, &doers, &files)))
}

/// The time that the advance after the submit `link` states.
fn advanced_at(chain: &Chain, link: &Link) -> Option<Timestamp> {
    let follows = |next: &&Link| next.event.kind == EventKind::Advance && next.event.prev.contains(&link.digest);
    let advance = chain.links.iter().find(follows).filter(|_| link.event.kind == EventKind::Submit);
    advance.map(|advance| advance.event.at.clone())
}

/// What live gates before `link` left, and votes and verdicts on it, of which only the digest is left.
fn redacted(
    ruling: &Ruling<'_>,
    chain: &Chain,
    link: &Link,
    let_go: &Redactions,
) -> Result<Vec<Redacted>, EngineError> {
    let view = ruling.here.view();
    let then = chain.until(&link.digest);
    let live = then.live(ruling.profile);
    let mut found = Vec::new();
    for earlier in then.links.iter().filter(|own| own.digest != link.digest && live.contains(&own.digest)) {
        for item in &earlier.event.evidence {
            let key = (RepoPath::from(item.path.as_str()), item.sha256);
            if let Some(amend) = let_go.get(&key)
                && view.entry(&key.0)?.is_none()
            {
                let listed_by = Some(earlier.event.seq);
                found.push(Redacted { path: key.0, digest: key.1, amend: *amend, listed_by });
            }
        }
    }
    let folders = [
        layout::votes(&chain.profile, &chain.task, &link.digest),
        layout::verdicts(&chain.profile, &chain.task, &link.digest),
    ];
    for ((path, digest), amend) in let_go {
        if folders.iter().any(|folder| path.is_below(&folder.to_string())) && view.entry(path)?.is_none() {
            found.push(Redacted { path: path.clone(), digest: *digest, amend: *amend, listed_by: None });
        }
    }
    Ok(found)
}

/// What the plan promised, held against the tree in which the event landed and against HEAD.
fn promises(
    site: &Site,
    ruling: &Ruling<'_>,
    chain: &Chain,
    found: &Verification,
) -> Result<Option<Promises>, EngineError> {
    if matches!(found.left.stage, Stage::Research | Stage::Plan) {
        return Ok(None);
    }
    let then = site.repo.tree(&found.tree);
    let promised = delivery::promised(&then, &chain.until(&found.link.digest), ruling.profile)?;
    let Some(Promised { path, planned_on, deliverables }) = promised else { return Ok(None) };
    let kept = match deliverables {
        Err(problem) => Err(problem.message),
        Ok(made) => Ok(Kept {
            promised: made.files.len()
                + made.tests.len()
                + made.criteria.iter().map(|criterion| criterion.evidence.len()).sum::<usize>(),
            missing_then: compliance::missing(&site.repo, &made, &planned_on, &then)?,
            missing_now: compliance::missing(&site.repo, &made, &planned_on, ruling.here.view())?,
        }),
    };
    Ok(Some(Promises { path, kept }))
}

fn evidence(
    site: &Site,
    ruling: &Ruling<'_>,
    let_go: &Redactions,
    found: &mut Verification,
) -> Result<(), EngineError> {
    let here = ruling.here;
    for item in &found.link.event.evidence {
        let path = RepoPath::from(item.path.as_str());
        let bytes = point::content(site, here, &found.origin, &path, &item.sha256)?;
        let now = here.view().file(&path, MAX_TEXT_FILE)?.map(|now| Digest::of(&now) == item.sha256);
        let amend = let_go.get(&(path.clone(), item.sha256));
        let place = match (now, amend, &bytes) {
            (Some(true), ..) => HeldIn::Head,
            (None, Some(amend), _) => HeldIn::Redacted(*amend),
            (Some(false), _, Some(_)) => HeldIn::History,
            (None, None, Some(_)) => HeldIn::Gone,
            (_, _, None) => HeldIn::Nowhere,
        };
        let is_manifest =
            artifact::owner(ruling.policy, &path).is_some_and(|owner| owner.spec.kind == ArtifactKind::Manifest);
        if let Some(manifest) = bytes.filter(|_| is_manifest).and_then(|bytes| Manifest::parse(&bytes).ok()) {
            let mut changed = Vec::new();
            for line in manifest.lines() {
                if ManifestLine::of(here.view(), &line.path)? != *line {
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
fn laws(site: &Site, base: &Base<'_>, hindsight: &Hindsight, found: &mut Verification) -> Result<(), EngineError> {
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
    if found.rules.own_word.is_none() {
        found.not_checked.extend(rules_of_step(site, base, &found.rules, parent.as_ref())?);
    }
    let reads = [Reads::Trees];
    let own = (commits, Some(hindsight));
    let report = cases::edge(&site.repo, &mut Policies::default(), parent.as_ref(), &commit, own, &reads)?;
    found.laws.asked = registry().iter().filter(|law| law.reads != Reads::Messages).count();
    found.laws.violations = report.violations;
    Ok(())
}

/// What no law can see, and what is a claim here.
fn remain(found: &mut Verification, superseded: usize) {
    let event = &found.link.event;
    let mut sentences = Vec::new();
    let mut add = |sentence: String| sentences.push(sentence);
    if let Some(own_word) = &found.rules.own_word {
        add(own_word.clone());
    }
    if !event.runs.is_empty() && !found.runs_are_proved() {
        let told = found.verdicts.told(event.runs.len(), &event.actor);
        let has_verdict = !found.verdicts.reproduced.is_empty() || !found.verdicts.refuted.is_empty();
        let task = &found.task;
        let again = format!(": `agentops verify rerun {task}` repeats what was claimed");
        add(if has_verdict { told } else { told + &again });
    }
    if !matches!(found.doer_key, Some(Ok(_))) {
        add(format!("who did the work: the event says {}, and no key stands behind it", event.actor));
    }
    for Redacted { path, amend, listed_by, .. } in &found.redacted {
        add(match listed_by {
            Some(seq) => format!(
                "`{path}`, which event {seq:04} lists and on which it rests: redacted by amend {amend:04}, only its digest is left"
            ),
            None => {
                format!("`{path}`, a vote or a verdict on it: redacted by amend {amend:04}, so it does not count here")
            }
        });
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
    found.not_checked.append(&mut sentences);
}

impl Verification {
    /// Whether keys stand behind what verdicts say of the runs, by rules that are more than HEAD's word.
    pub fn runs_are_proved(&self) -> bool {
        self.verdicts.is_proved() && self.rules.own_word.is_none()
    }

    /// What the runs rest on: `claimed`, or who reproduced or refuted them.
    pub fn runs_rest_on(&self) -> String {
        let said = |outcome| self.verdicts.said(outcome);
        said(Outcome::Refuted).or_else(|| said(Outcome::Reproduced)).unwrap_or_else(|| "claimed".into())
    }
}
