//! What CI asks: whether a revision may land on another. The authority.

use super::beginnings::Beginnings;
use super::cases::{self, ALL};
use super::commits;
use super::memory::PushMemory;
use super::root::{Start, check_root};
use crate::engine::error::EngineError;
use crate::engine::policies::Ruling;
use crate::engine::site::Site;
use crate::git::{GitError, Merged, Range, Repo, RepoStep, Revision};
use crate::law::{self, Case, Context, judge};
use crate::model::digest::ObjectId;
use crate::model::law_id::{LawId, Level};
use crate::model::layout;
use crate::model::policy::Policy;
use crate::model::report::{Place, Report, Violation};
use crate::model::tree::StepView as _;
use crate::workflow::globs::Globs;
use crate::workflow::governance::Governed;

/// What `check --base` is told.
#[derive(Debug, Clone, Default)]
pub struct Landing {
    /// T: the commit whose laws rule.
    pub base: String,
    /// REV; HEAD where nothing is said.
    pub tip: Option<String>,
    /// Nothing to judge is no failure.
    pub allow_empty: bool,
    /// The governed digest where trust starts.
    pub root: Option<String>,
    /// The branch that is to move to REV; where nothing is said, REV is to be merged into a protected one.
    pub onto: Option<String>,
    /// Whether that branch is protected whatever the config says.
    pub protected: bool,
}

/// Judges the landing of REV on T: the authority.
pub fn landing(site: &Site, request: &Landing) -> Result<Report, EngineError> {
    one_of(site, request, &mut PushMemory::default())
}

/// As [`landing`], of one branch of a push.
pub(super) fn one_of(site: &Site, request: &Landing, memory: &mut PushMemory) -> Result<Report, EngineError> {
    let repo = &site.repo;
    let (base, tip, mut range) = range_of(repo, request)?;
    if range.commits.is_empty() {
        return Ok(nothing_new(base, tip));
    }
    let Revision { commit: base, name: base_name } = base;
    let Revision { commit: tip, name: tip_name } = tip;
    let straight = range.follows(&base);
    let merged: Option<Merged> = if straight { None } else { Some(repo.foretell(&base, &tip)?) };
    let (next_repo, next_tree) = match &merged {
        Some(merged) => (merged.repo(), *merged.tree_id()),
        None => (repo, repo.tree_of(&tip)?),
    };
    let base_tree = repo.tree_of(&base)?;
    let policies = &mut memory.policies;
    let (policy, bootstrap) = match policies.of(&repo.tree(&base_tree))? {
        Ruling::Governed(policy) => (policy, false),
        Ruling::Ungoverned => match policies.of(&next_repo.tree(&next_tree))? {
            Ruling::Governed(policy) => (policy, true),
            Ruling::Ungoverned => return Err(EngineError::NotGoverned),
        },
    };
    let start = if bootstrap { Start::Here(&next_tree) } else { Start::Before(&base_tree) };
    let unseen = check_root(next_repo, &policy, request.root.as_deref(), start)?;
    let beginnings =
        Beginnings::among(repo, &range.commits, Some(&base).filter(|_| !bootstrap), &policy.format.project)?;
    let commits = match bootstrap {
        true => cases::governed_commits(repo, range.commits.clone())?,
        false => std::mem::take(&mut range.commits),
    };
    let count = commits.len();
    let step = RepoStep::between(next_repo, Some(&base_tree), &next_tree, commits, Some(base));
    let mut case = Case::new(&step, &policy, Context::Landing);
    case.bootstrap = bootstrap;
    let foreign = beginnings.unseen();
    case.beginnings = beginnings.ours;
    case.onto_protected = request.protected || policy.config.protects(request.onto.as_deref());
    case.next_policy = cases::next_policy(&step, &policy)?;
    // A bootstrap is judged by rules that no other branch need have.
    let read = policies.read_off(&policy).filter(|_| !bootstrap);
    case.read_off = read.as_deref();
    let mut report = judge(&case, ALL);
    report.not_checked.extend(unseen.into_iter().chain(foreign));
    name_code_outside(&case, &policy, &mut report)?;
    // What passes as one step must also pass cut into its commits: whoever replays history sees those.
    // A protected branch that is to move to REV has REV's first parents for its line from then on, be T beside it.
    let becomes_line = straight || (request.onto.is_some() && case.onto_protected && repo.is_ancestor(&base, &tip)?);
    let base_policy = (!bootstrap).then_some(&policy);
    let brought = if bootstrap { &range.commits } else { step.commits() };
    commits::each(site, memory, brought, becomes_line.then_some(&tip), base_policy, &mut report)?;
    // Where a law is broken, that says more.
    if merged.is_some() && report.passes() {
        refuse_contested(repo, &case, &policy, &base, &tip)?;
    }
    report.commits = count;
    report.base = Some(base);
    report.tip = Some(tip);
    (report.base_name, report.tip_name) = (base_name, tip_name);
    if !straight {
        let (base, tip) = (base.short(), tip.short());
        report.notes.push(format!("{base} is not on the first-parent line of {tip}: {}", match becomes_line {
            true => "that line becomes the branch's, and at each of its merges what came in is judged as one step; `git merge \
                     --no-ff` into the branch keeps its own line",
            false => "judged is the tree that merging the one into the other gives; land it with a merge commit, for a branch \
                      that is moved there instead loses its own line",
        }));
    }
    Ok(report)
}

/// T, REV and what lies between them, where that can be seen whole, and is empty only where it may be.
fn range_of(repo: &Repo, request: &Landing) -> Result<(Revision, Revision, Range), EngineError> {
    let nothing = |what: &str| {
        EngineError::refused(
            format!("nothing was judged: {what}"),
            "name the commit before the change with `--base`; `--allow-empty` where an empty range is meant",
        )
    };
    if request.base.trim().is_empty() || request.base.bytes().all(|byte| byte == b'0') {
        return Err(nothing("the base is empty or all zeros"));
    }
    let base = repo.revision(&request.base)?;
    let tip = repo.revision(request.tip.as_deref().unwrap_or("HEAD"))?;
    let range = repo.range(Some(&base.commit), &tip.commit)?;
    if let Some(at) = range.shallow_at.first() {
        return Err(EngineError::refused(
            format!("nothing was judged: history is cut off at {}, so the range cannot be seen whole", at.short()),
            "fetch it: `git fetch --unshallow`, or `fetch-depth: 0` in CI",
        ));
    }
    if range.commits.is_empty() && !request.allow_empty {
        let (base, tip) = (base.commit.short(), tip.commit.short());
        return Err(nothing(&format!("no commit is reachable from {tip} and not from {base}")));
    }
    Ok((base, tip, range))
}

/// The report of a landing that brings no commit.
fn nothing_new(base: Revision, tip: Revision) -> Report {
    let mut report = Report {
        base: Some(base.commit),
        tip: Some(tip.commit),
        base_name: base.name,
        tip_name: tip.name,
        ..Report::default()
    };
    if base.commit != tip.commit {
        report.notes.push(format!(
            "{} lies behind {}: landing it changes nothing; a push that moves a branch back takes commits away, which \
             no law sees",
            tip.commit.short(),
            base.commit.short()
        ));
    }
    report
}

/// What a law binds to its bytes must come from one side alone, for no two programs need merge its lines alike.
fn refuse_contested(
    repo: &Repo,
    case: &Case<'_>,
    policy: &Policy,
    base: &ObjectId,
    tip: &ObjectId,
) -> Result<(), EngineError> {
    let mut paths = repo.contested(base, tip)?;
    if paths.is_empty() {
        return Ok(());
    }
    let listed = law::listed(case)?;
    let governed = Governed::new(&policy.config.governed);
    let of_classes = Globs::new(policy.config.risks.iter().flat_map(|class| &class.paths))?;
    paths.retain(|path| {
        path.is_below(layout::ROOT) || listed.contains(path) || governed.contains(path) || of_classes.matches(path)
    });
    if paths.is_empty() { Ok(()) } else { Err(GitError::Conflict { paths }.into()) }
}

/// Paths changed in the step for which no task answers.
fn name_code_outside(case: &Case<'_>, policy: &Policy, report: &mut Report) -> Result<(), EngineError> {
    let outside: Vec<String> = law::unanswered(case)?.iter().map(ToString::to_string).collect();
    if outside.is_empty() {
        return Ok(());
    }
    let names = outside[..outside.len().min(5)].join(", ");
    let sentence = format!(
        "{} changed path{} to no task's manifest: {names}{}",
        outside.len(),
        if outside.len() == 1 { " belongs" } else { "s belong" },
        if outside.len() > 5 { ", …" } else { "" }
    );
    if policy.config.require_task {
        report.violations.push(Violation {
            law: LawId::P7,
            level: Level::Error,
            place: Place::nowhere(),
            message: format!("{sentence} (`paths.require_task`)"),
            fix: "do the work in a task: `agentops task new`, plan the paths, and let `phase next` write the manifest"
                .into(),
        });
    } else {
        report.notes.push(sentence);
    }
    Ok(())
}
