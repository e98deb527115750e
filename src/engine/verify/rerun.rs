//! `verify rerun`: the commands that an event claims ran, run again on the very tree, apart from this repository.
//!
//! What runs is decided by the base: its profile names the command lines of the gate. From the task come only the names that
//! its plan selects and the paths it adds, as `phase next` takes them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::trunk::trunk;
use super::verdict;
use crate::engine::error::EngineError;
use crate::engine::running::Leftovers;
use crate::engine::site::{Base, Site};
use crate::engine::tasks::commands::Progress;
use crate::engine::tasks::commands::{self, Ran, Runner};
use crate::engine::tasks::point::{self, Address, Origin};
use crate::law::phase::{Required, required_commands};
use crate::model::deliverables::Deliverables;
use crate::model::digest::ObjectId;
use crate::model::event::Run;
use crate::model::law_id::LawId;
use crate::model::manifest::Manifest;
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::policy::Policy;
use crate::model::profile::{ArtifactKind, Phase, Profile};
use crate::model::state::Stage;
use crate::model::tree::TreeView as _;
use crate::workflow::artifact;
use crate::workflow::chain::{Chain, Link};

/// What somebody asks to run again.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The task, or `ID@SEQ`.
    pub address: String,
    /// The revision whose profiles name the commands; none: see [`rerun`].
    pub base: Option<String>,
    /// Leave the copy where it is.
    pub keep: bool,
    /// A verdict is to be recorded: who may give none is refused before anything runs.
    pub record: bool,
}

/// How a claim stood the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every command ended as claimed, and succeeded.
    Reproduced,
    /// Every command ended as claimed, and one failed both times.
    Fails,
    /// At least one ended otherwise.
    NotReproduced,
    /// There is something that could not be run again; the reason.
    CannotBeRerun(String),
}

/// One command: what was claimed, and what happened.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name and what is added to its command line.
    pub required: Required,
    /// The last entry in the event; none: the event claims nothing of it.
    pub claimed: Option<Run>,
    /// How it ended this time; none: it did not run.
    pub again: Option<Ran>,
}

impl Row {
    /// Whether it ended as claimed; `None` where there is nothing to compare.
    pub fn agrees(&self) -> Option<bool> {
        Some(self.claimed.as_ref()?.exit == self.again.as_ref()?.run.exit)
    }

    /// Whether it printed what was printed then; `None` where there is nothing to compare. A date is enough to differ.
    pub fn same_output(&self) -> Option<bool> {
        Some(self.claimed.as_ref()?.output_sha256 == self.again.as_ref()?.run.output_sha256)
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Rerun {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// The event that claims the runs.
    pub link: Link,
    /// The tree that it claims they ran on.
    pub tree: Option<ObjectId>,
    /// A commit with that tree.
    pub commit: Option<ObjectId>,
    /// The commit whose profile named the commands, and how people call it.
    pub base: (ObjectId, String),
    /// Whether the claims hold.
    pub outcome: Outcome,
    /// The commands, in the order in which the gate wants them.
    pub rows: Vec<Row>,
    /// What a reader should know: sentences.
    pub notes: Vec<String>,
    /// Where the copy was left, if it was.
    pub kept: Option<PathBuf>,
}

/// Runs again what the event claims. Without `--base` the remote's default branch names the commands, else `main` or
/// `master`, and never HEAD: where a branch is looked at, its own profile decides nothing.
pub fn rerun(site: &Site, request: &Request, watch: &mut dyn FnMut(Progress<'_>)) -> Result<Rerun, EngineError> {
    let address = Address::parse(&request.address)?;
    let here = site.base()?;
    let chain = here.task(&address.task)?;
    let link = claiming(&here, &chain, &address)?;
    if request.record {
        verdict::refuse_verifier(site, &here, &chain, link)?;
    }
    let (base, called) = judge(site, request.base.as_deref())?;
    let mut rerun = Rerun {
        task: chain.task.clone(),
        profile: chain.profile.clone(),
        link: link.clone(),
        tree: None,
        commit: None,
        base: (base.commit, called),
        outcome: Outcome::Reproduced,
        rows: Vec::new(),
        notes: Vec::new(),
        kept: None,
    };
    if !chain.live(here.rules(&chain)?).contains(&link.digest) {
        rerun
            .notes
            .push("the event is superseded by what came later: this says nothing of the task as it stands".into());
    }
    match prepare(site, &here, &base, &chain, link, &mut rerun)? {
        Some(reason) => rerun.outcome = Outcome::CannotBeRerun(reason),
        None => repeat(site, &base, request, &mut rerun, watch)?,
    }
    Ok(rerun)
}

/// The event that is meant: the one that is named, or the live one that left the implement phase, or else the last live one
/// that claims anything.
pub(crate) fn claiming<'c>(here: &Base<'_>, chain: &'c Chain, address: &Address) -> Result<&'c Link, EngineError> {
    let found = match &address.event {
        Some(_) => Some(point::matching(chain, address)?),
        None => {
            let rules = here.rules(chain)?;
            let live = chain.live(rules);
            let last =
                || chain.links.iter().rev().find(|link| live.contains(&link.digest) && link.event.carries_gate(chain));
            chain.leaving(rules, Stage::Implement).or_else(last)
        }
    };
    found.filter(|link| link.event.carries_gate(chain)).ok_or_else(|| {
        EngineError::refused(
            format!("no event of `{}` claims that a gate was passed", chain.task),
            format!(
                "`agentops phase log {}` lists its events; a submit, or an advance without a vote, claims it",
                chain.task
            ),
        )
    })
}

/// The commit whose profiles name the commands, and how people call it.
fn judge<'a>(site: &'a Site, named: Option<&str>) -> Result<(Base<'a>, String), EngineError> {
    if let Some(rev) = named {
        return Ok((site.base_of(rev)?, rev.to_owned()));
    }
    trunk(site)?.ok_or_else(|| {
        EngineError::refused(
            "no branch is known whose profile names the commands: there is neither `origin/HEAD` nor a `main` or `master` \
             with `.agentops`, and what is looked at does not decide what runs",
            "name the branch that work lands on, after fetching it: agentops verify rerun … --base origin/BRANCH",
        )
    })
}

/// Finds tree and commands; the reason why nothing can be run again, where there is one.
fn prepare(
    site: &Site,
    here: &Base<'_>,
    base: &Base<'_>,
    chain: &Chain,
    link: &Link,
    rerun: &mut Rerun,
) -> Result<Option<String>, EngineError> {
    let event = &link.event;
    let Some(tree) = event.runs.first().map(|run| run.tree) else {
        return Ok(Some("the event claims no run".into()));
    };
    if event.runs.iter().any(|run| run.tree != tree) {
        return Ok(Some("the event's runs name different trees".into()));
    }
    rerun.tree = Some(tree);
    if tree != event.base {
        return Ok(Some(format!(
            "the event was made on the tree {}, and says that its commands ran on {}: what runs there shows nothing of its work",
            event.base.short(),
            tree.short()
        )));
    }
    rerun.commit = site.repo.commit_with_tree(&here.commit, &tree)?;
    if rerun.commit.is_none() {
        return Ok(Some(format!(
            "no commit that HEAD reaches has the tree {}: a squash or a rebase replaced it, or this clone is shallow",
            tree.short()
        )));
    }
    let Ok(rules) = base.rules(chain) else {
        return Ok(Some(format!("the base has no profile `{}`", chain.profile)));
    };
    let Some((_, phase)) = rules.phase(&chain.origin(link).phase) else {
        return Ok(Some(format!("the base's profile has no phase `{}`", chain.origin(link).phase)));
    };
    let origin = point::origin(site, here, chain, link)?;
    if !origin.is_own {
        rerun.notes.push(
            "no commit of this history has the event right after that tree: a squash or a rebase replaced it, or the event was \
             written by hand"
                .into(),
        );
    }
    let evidence = Evidence { site, here, origin: &origin, policy: &base.policy };
    let manifest = match evidence.manifest(link, phase)? {
        Ok(manifest) => manifest,
        Err(reason) => return Ok(Some(reason)),
    };
    if let Some(manifest) = &manifest
        && let Some(path) = manifest.first_unlike(&site.repo.tree(&tree))?
    {
        return Ok(Some(format!(
            "the tree {} holds `{path}` otherwise than the event's manifest lists: what runs there shows nothing of its work",
            tree.short()
        )));
    }
    let required = match evidence.wanted(chain, link, (rules, phase), manifest.as_ref())? {
        Ok(required) => required,
        Err(reason) => return Ok(Some(reason)),
    };
    for required in required {
        let fits = |run: &&Run| run.name == required.name && run.arguments == required.arguments;
        let claimed = event.runs.iter().rev().find(fits).cloned();
        rerun.rows.push(Row { required, claimed, again: None });
    }
    let asked = |run: &Run| {
        rerun.rows.iter().any(|row| row.required.name == run.name && row.required.arguments == run.arguments)
    };
    if let Some(run) = event.runs.iter().find(|run| !asked(run)) {
        return Ok(Some(format!("the base's profile does not ask for `{}` at this gate", run.name)));
    }
    let unset = |row: &&Row| rules.commands.get(&row.required.name).is_none_or(|spec| spec.run.is_empty());
    if let Some(row) = rerun.rows.iter().find(unset) {
        return Ok(Some(format!("the base's profile names no command line for `{}`", row.required.name)));
    }
    Ok(None)
}

/// The evidence of events. Its bytes lie in the history that is looked at; what it is, and what a gate wants of it, says the
/// base alone: a branch that calls its promises something else would have fewer commands run.
struct Evidence<'a> {
    site: &'a Site<'a>,
    here: &'a Base<'a>,
    origin: &'a Origin,
    policy: &'a Policy,
}

impl Evidence<'_> {
    /// The commands that the gate wanted, by the base's profile, the plan and the manifest of that time.
    fn wanted(
        &self,
        chain: &Chain,
        link: &Link,
        (rules, phase): (&Profile, &Phase),
        manifest: Option<&Manifest>,
    ) -> Result<Result<Vec<Required>, String>, EngineError> {
        let then = chain.until(&link.digest);
        let planned = then.leaving(rules, Stage::Plan).filter(|_| phase.stage == Stage::Implement);
        let document = |kind: ArtifactKind| match planned {
            Some(planned) => self.listed(planned, kind),
            None => Ok(Ok(None)),
        };
        let promises = match self.policy.asks(phase, LawId::P9) {
            true => document(ArtifactKind::Deliverables)?,
            false => Ok(None),
        };
        let (plan, promises) = match (document(ArtifactKind::Plan)?, promises) {
            (Ok(plan), Ok(promises)) => (plan, promises),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
        };
        let plan = plan.map(|bytes| Plan::parse(&String::from_utf8_lossy(&bytes)));
        let promises = promises.and_then(|bytes| Deliverables::parse(&bytes).ok());
        Ok(Ok(required_commands(rules, phase, plan.as_ref(), promises.as_ref(), manifest)?))
    }

    /// The manifest of the event, where the base's profile has the gate write one; or why its work cannot be known.
    fn manifest(&self, link: &Link, phase: &Phase) -> Result<Result<Option<Manifest>, String>, EngineError> {
        let bytes = match self.listed(link, ArtifactKind::Manifest)? {
            Ok(Some(bytes)) => bytes,
            Ok(None) if phase.artifacts.iter().any(|spec| spec.kind == ArtifactKind::Manifest) => {
                return Ok(Err("the event lists no manifest, so nobody knows which files its work is".into()));
            }
            Ok(None) => return Ok(Ok(None)),
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(Manifest::parse(&bytes).map(Some).map_err(|error| format!("the event's manifest cannot be read: {error}")))
    }

    /// The bytes of the evidence of that kind, if `link` lists any; or why nobody can tell.
    fn listed(&self, link: &Link, kind: ArtifactKind) -> Result<Result<Option<Vec<u8>>, String>, EngineError> {
        let mut found = None;
        for item in &link.event.evidence {
            let path = RepoPath::from(item.path.as_str());
            match artifact::owner(self.policy, &path) {
                None => {
                    let seq = link.event.seq;
                    return Ok(Err(format!(
                        "event {seq:04} lists `{path}`, which is no artifact by the base's profiles: what it asks for is not known there"
                    )));
                }
                Some(owner) if owner.spec.kind == kind => found = found.or(Some((path, item.sha256))),
                Some(_) => {}
            }
        }
        let Some((path, digest)) = found else { return Ok(Ok(None)) };
        let bytes = point::content(self.site, self.here, self.origin, &path, &digest)?;
        Ok(bytes.map(Some).ok_or_else(|| format!("`{path}` as it was then: content not in history")))
    }
}

/// Runs the commands in a copy, and compares.
fn repeat(
    site: &Site,
    base: &Base<'_>,
    request: &Request,
    rerun: &mut Rerun,
    watch: &mut dyn FnMut(Progress<'_>),
) -> Result<(), EngineError> {
    let (Some(commit), Some(tree)) = (rerun.commit, rerun.tree) else { return Ok(()) };
    let rules = base.profile(rerun.profile.as_str())?;
    let required: Vec<Required> = rerun.rows.iter().map(|row| row.required.clone()).collect();
    // From here on an interruption is waited for, so that the copy is taken away.
    let runner = Runner::new()?;
    let copy = Copy::new(site)?;
    site.repo.copy_to(&copy.tree(), &commit)?;
    let jobs = commands::jobs(rules, &required);
    let ran = runner.run(site.clock, &copy.tree(), jobs, tree, Leftovers::End, watch)?;
    for row in &mut rerun.rows {
        let fits = |ran: &&Ran| ran.run.name == row.required.name && ran.run.arguments == row.required.arguments;
        row.again = ran.iter().find(fits).cloned();
    }
    rerun.outcome = compare(&rerun.rows);
    let changed = site.repo.changed_in_copy(&copy.tree(), &commit)?;
    if !changed.is_empty() {
        rerun.notes.push(format!("the commands changed tracked files: {}", changed.join(", ")));
    }
    if site.repo.tree(&tree).entry(&RepoPath::from(".gitmodules"))?.is_some() {
        rerun.notes.push("submodules were not checked out".into());
    }
    if request.keep {
        rerun.kept = Some(copy.keep());
    } else if let Err(error) = copy.remove() {
        rerun.notes.push(error);
    }
    Ok(())
}

fn compare(rows: &[Row]) -> Outcome {
    if rows.iter().any(|row| row.agrees() == Some(false)) {
        return Outcome::NotReproduced;
    }
    if let Some(row) = rows.iter().find(|row| row.agrees().is_none()) {
        return Outcome::CannotBeRerun(format!("the event claims no run of `{}`", row.required.name));
    }
    let has_failed = |row: &Row| row.again.as_ref().is_some_and(|ran| ran.run.exit != 0);
    if rows.iter().any(has_failed) { Outcome::Fails } else { Outcome::Reproduced }
}

/// A folder of its own for one rerun, outside this repository. Dropped, it is taken away, however the rerun ended.
struct Copy(Option<TempDir>);

impl Copy {
    fn new(site: &Site) -> Result<Self, EngineError> {
        let failed = |why: String| {
            EngineError::refused(
                format!("no folder for a copy can be made: {why}"),
                "name a folder outside of this repository in TMPDIR, with room for its files",
            )
        };
        let dir = tempfile::Builder::new().prefix("agentops-rerun-").tempdir();
        let copy = Self(Some(dir.map_err(|error| failed(error.to_string()))?));
        let place = copy.root().canonicalize().map_err(|error| failed(error.to_string()))?;
        let mut inside = vec![site.repo.common_dir().to_path_buf()];
        inside.extend(site.repo.worktrees()?);
        match inside.iter().filter_map(|own| own.canonicalize().ok()).find(|own| place.starts_with(own)) {
            Some(own) => Err(failed(format!("`{}` lies inside `{}`", place.display(), own.display()))),
            None => {
                std::fs::create_dir(copy.tree()).map_err(|error| failed(error.to_string()))?;
                Ok(copy)
            }
        }
    }

    fn root(&self) -> &Path {
        self.0.as_ref().map_or(Path::new(""), TempDir::path)
    }

    /// Where the files are: a name that a command may show without telling the place.
    fn tree(&self) -> PathBuf {
        self.root().join("tree")
    }

    fn keep(mut self) -> PathBuf {
        let tree = self.tree();
        if let Some(dir) = self.0.take() {
            let _ = dir.keep();
        }
        tree
    }

    /// Takes it away, and says what stays where that is not possible.
    fn remove(mut self) -> Result<(), String> {
        let Some(dir) = self.0.take() else { return Ok(()) };
        open_folders(dir.path());
        let place = dir.path().display().to_string();
        dir.close().map_err(|error| format!("`{place}` could not be removed: {error}"))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Some(dir) = &self.0 {
            open_folders(dir.path());
        }
    }
}

/// Commands leave folders that nobody may write to, a module cache for one: those could not be emptied.
fn open_folders(root: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in walkdir::WalkDir::new(root).follow_links(false).into_iter().flatten() {
            if entry.file_type().is_dir() {
                let _ = std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o700));
            }
        }
    }
    #[cfg(not(unix))]
    let _ = root;
}
