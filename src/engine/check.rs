//! `check`: the judge's entry points. Reads git objects and runs nothing.

use super::beginnings::Beginnings;
use super::error::EngineError;
use super::judging::{self, ALL, Policies, Ruling};
use super::replay;
use super::site::{Site, seconds_of};
use crate::config;
use crate::git::{Merged, RepoStep, Revision};
use crate::law::{Case, Context, Reads, judge};
use crate::model::commit::{Commit, Person};
use crate::model::digest::{Digest, ObjectId};
use crate::model::law_id::Level;
use crate::model::layout;
use crate::model::policy::Policy;
use crate::model::report::Report;
use crate::model::tree::{Change, TreeView};
use crate::workflow::governance::{self, Governed};

pub use super::replay::all;

/// What a commit under way stands on: the commit that it follows, and its parents to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The commit before; `None` where the new commit is the first one.
    pub commit: Option<ObjectId>,
    /// Its tree: T.
    pub tree: Option<ObjectId>,
    /// The parents of the commit under way, as far as they are known; a merge in progress adds its own.
    pub parents: Vec<ObjectId>,
}

impl Ground {
    /// HEAD; for `git commit --amend`, which replaces HEAD, the first parent of HEAD.
    pub fn of(site: &Site) -> Result<Self, EngineError> {
        let repo = &site.repo;
        let Some(head) = repo.head()?.commit() else {
            return Ok(Self { commit: None, tree: None, parents: Vec::new() });
        };
        let head = repo.commit(&head)?;
        if !is_amended(site, &head) {
            return Ok(Self { commit: head.id, tree: head.tree, parents: head.id.into_iter().collect() });
        }
        let commit = head.parents.first().copied();
        let tree = commit.map(|id| repo.tree_of(&id)).transpose()?;
        Ok(Self { commit, tree, parents: head.parents })
    }

    /// Whether laws rule here: the tree holds `.agentops/format.toml`.
    pub fn is_governed(&self, site: &Site) -> Result<bool, EngineError> {
        let Some(tree) = &self.tree else { return Ok(false) };
        Ok(config::is_governed(&site.repo.tree(tree))?)
    }

    /// How the staged content differs from it, sorted by path.
    pub fn changes(&self, site: &Site) -> Result<Vec<Change>, EngineError> {
        Ok(site.repo.diff_index_against(self.tree.as_ref())?)
    }
}

/// Whether a hook runs for an amend of `head`. Git does not say so; but it keeps the author and the second in which the
/// commit was written, where a new commit is written now.
fn is_amended(site: &Site, head: &Commit) -> bool {
    if site.env.git_author_date().is_none() {
        return false;
    }
    let author = site.pending_author(Person::default());
    let stated = site.env.git_committer_date().and_then(|date| seconds_of(&date));
    let now = stated.unwrap_or_else(|| site.clock.now().seconds());
    author == head.author && now.abs_diff(author.seconds) > 1
}

/// Judges the staged content against what the commit will stand on: what `pre-commit` does. The message is judged when it
/// is known. Where no law rules this is [`EngineError::NotGoverned`]: what was not judged did not pass.
pub fn staged(site: &Site) -> Result<Report, EngineError> {
    let ground = Ground::of(site)?;
    let changes = ground.changes(site)?;
    staged_on(site, &ground, changes)?.ok_or(EngineError::NotGoverned)
}

/// As [`staged`], where the ground and the staged changes are known already. `None`: no law rules here.
pub fn staged_on(site: &Site, ground: &Ground, changes: Vec<Change>) -> Result<Option<Report>, EngineError> {
    judge_staged(site, ground, changes, None, &[Reads::Trees], |_| false)
}

/// Whether the staged content may go on to its message: what is wrong with it, if anything, a waiver there can excuse.
pub fn message_may_excuse(report: &Report) -> bool {
    let mut errors = report.violations.iter().filter(|violation| violation.level == Level::Error);
    errors.all(|violation| violation.law.may_be_waived())
}

/// Judges a message for the content that is staged, or for a pull request's title and body: message laws only. `onto` is
/// the branch that it is for; protected where nothing is said. As [`staged`], an error
/// where no law rules.
pub fn message(site: &Site, text: &str, onto: Option<&str>) -> Result<Report, EngineError> {
    let ground = Ground::of(site)?;
    let changes = if site.repo.work_dir().is_some() { ground.changes(site)? } else { Vec::new() };
    let pending = pending(site, &ground, (text.to_owned(), true))?;
    let protected = |policy: &Policy| is_protected(policy, onto);
    let report = judge_staged(site, &ground, changes, Some(pending), &[Reads::Messages], protected)?;
    report.ok_or(EngineError::NotGoverned)
}

/// Judges a commit whose message is known: what `commit-msg` does. `judged` are the staged changes where they passed
/// without it; otherwise they are judged here, with the waivers of the message. The text comes with whether its bytes were
/// text at all. `None`: no law rules here.
pub fn commit_on(
    site: &Site,
    ground: &Ground,
    text: (String, bool),
    judged: Option<Vec<Change>>,
) -> Result<Option<Report>, EngineError> {
    let pending = Some(pending(site, ground, text)?);
    match judged {
        Some(changes) => judge_staged(site, ground, changes, pending, &[Reads::Messages], |_| false),
        None => judge_staged(site, ground, ground.changes(site)?, pending, judging::ALL, |_| false),
    }
}

/// The commit under way.
fn pending(site: &Site, ground: &Ground, (message, message_is_text): (String, bool)) -> Result<Commit, EngineError> {
    let mut parents = ground.parents.clone();
    parents.extend(site.repo.merge_heads()?);
    let known = |author| site.repo.configured_identity(author).map_or_else(|| site.repo.user_identity().ok(), Some);
    let now = site.clock.now().seconds();
    let person = |author| Person { seconds: now, ..known(author).unwrap_or_default() };
    let (author, committer) = (site.pending_author(person(true)), person(false));
    Ok(Commit { id: None, parents, tree: None, author, committer, message, message_is_text })
}

fn judge_staged(
    site: &Site,
    ground: &Ground,
    changes: Vec<Change>,
    pending: Option<Commit>,
    reads: &[Reads],
    onto_protected: impl FnOnce(&Policy) -> bool,
) -> Result<Option<Report>, EngineError> {
    let repo = &site.repo;
    let base_tree = &ground.tree;
    let next = Box::new(crate::git::Overlay::new(repo, base_tree.as_ref(), changes.clone()));
    let mut policies = Policies::for_changes(&changes);
    let before = match base_tree {
        Some(tree) => policies.of(&repo.tree(tree))?,
        None => Ruling::Ungoverned,
    };
    let (policy, bootstrap) = match before {
        Ruling::Governed(policy) => (policy, false),
        Ruling::Ungoverned => match policies.of(next.as_ref())? {
            Ruling::Governed(policy) => (policy, true),
            Ruling::Ungoverned => return Ok(None),
        },
    };
    // The commit that brings `.agentops` has no governed parent: its message is under no law yet.
    let pending = pending.filter(|_| !bootstrap);
    let changes = if pending.is_none() { without_merged(site, changes)? } else { changes };
    let step = RepoStep::local(repo, base_tree.as_ref(), next, changes, pending, ground.commit);
    let mut case = Case::new(&step, &policy, Context::Local);
    case.bootstrap = bootstrap;
    case.next_policy = judging::next_policy(&step, &policy)?;
    case.onto_protected = onto_protected(&policy);
    let mut report = judge(&case, reads);
    report.base = ground.commit;
    Ok(Some(report))
}

/// In a merge under way: without what comes unchanged from the other side. That was judged where it was made, and may need
/// more steps than one; what a merge may not lose, its commit is judged for.
fn without_merged(site: &Site, mut changes: Vec<Change>) -> Result<Vec<Change>, EngineError> {
    for theirs in site.repo.merge_heads()? {
        let theirs = site.repo.tree_of(&theirs)?;
        let theirs = site.repo.tree(&theirs);
        let mut kept = Vec::with_capacity(changes.len());
        for change in changes {
            let same = theirs.entry(&change.path)?.map(|entry| (entry.mode, entry.id)) == change.after;
            kept.extend((!same).then_some(change));
        }
        changes = kept;
    }
    Ok(changes)
}

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
}

/// Judges the landing of REV on T: the authority.
pub fn landing(site: &Site, request: &Landing) -> Result<Report, EngineError> {
    let repo = &site.repo;
    let nothing = |what: &str| {
        EngineError::refused(
            format!("nothing was judged: {what}"),
            "name the commit before the change with `--base`; `--allow-empty` where an empty range is meant",
        )
    };
    if request.base.trim().is_empty() || request.base.bytes().all(|byte| byte == b'0') {
        return Err(nothing("the base is empty or all zeros"));
    }
    let Revision { commit: base, name: base_name } = repo.revision(&request.base)?;
    let Revision { commit: tip, name: tip_name } = repo.revision(request.tip.as_deref().unwrap_or("HEAD"))?;
    let range = repo.range(Some(&base), &tip)?;
    if let Some(at) = range.shallow_at.first() {
        return Err(EngineError::refused(
            format!("nothing was judged: history is cut off at {}, so the range cannot be seen whole", at.short()),
            "fetch it: `git fetch --unshallow`, or `fetch-depth: 0` in CI",
        ));
    }
    if range.commits.is_empty() {
        if request.allow_empty {
            let mut report = Report { base: Some(base), tip: Some(tip), base_name, tip_name, ..Report::default() };
            if base != tip {
                report.notes.push(format!(
                    "{} lies behind {}: landing it changes nothing; a push that moves a branch back takes commits away, which \
                     no law sees",
                    tip.short(),
                    base.short()
                ));
            }
            return Ok(report);
        }
        return Err(nothing(&format!("no commit is reachable from {} and not from {}", tip.short(), base.short())));
    }
    let straight = repo.first_parent_line_contains(&tip, &base)?;
    let merged: Option<Merged> = if straight { None } else { Some(repo.merge(&base, &tip)?) };
    let (next_repo, next_tree) = match &merged {
        Some(merged) => (merged.repo(), *merged.tree_id()),
        None => (repo, repo.tree_of(&tip)?),
    };
    let base_tree = repo.tree_of(&base)?;
    let mut policies = Policies::default();
    let (policy, bootstrap) = match policies.of(&repo.tree(&base_tree))? {
        Ruling::Governed(policy) => (policy, false),
        Ruling::Ungoverned => match policies.of(&next_repo.tree(&next_tree))? {
            Ruling::Governed(policy) => (policy, true),
            Ruling::Ungoverned => return Err(EngineError::NotGoverned),
        },
    };
    let start = if bootstrap { Start::Here(&next_tree) } else { Start::Before(&base_tree) };
    let unseen = check_root(next_repo, &policy, request.root.as_deref(), start)?;
    let beginnings = Beginnings::among(repo, &range.commits, &policy.format.project)?;
    let commits =
        if bootstrap { judging::governed_commits(repo, range.commits.clone())? } else { range.commits.clone() };
    let count = commits.len();
    let step = RepoStep::between(next_repo, Some(&base_tree), &next_tree, commits, Some(base));
    let mut case = Case::new(&step, &policy, Context::Landing);
    case.bootstrap = bootstrap;
    let foreign = beginnings.unseen();
    case.beginnings = beginnings.ours;
    case.onto_protected = is_protected(&policy, request.onto.as_deref());
    case.next_policy = judging::next_policy(&step, &policy)?;
    let mut report = judge(&case, ALL);
    report.not_checked.extend(unseen.into_iter().chain(foreign));
    name_code_outside(&case, &policy, &mut report)?;
    // What passes as one step must also pass cut into its commits: whoever replays history sees those.
    // A protected branch that is to move to REV has REV's first parents for its line from then on, be T beside it.
    let becomes_line = straight || (request.onto.is_some() && case.onto_protected && repo.is_ancestor(&base, &tip)?);
    let base_policy = (!bootstrap).then_some(&policy);
    replay::commits(site, &mut policies, &range.commits, becomes_line.then_some(&tip), base_policy, &mut report)?;
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

/// Paths changed in the step that no manifest lists.
fn name_code_outside(case: &Case<'_>, policy: &Policy, report: &mut Report) -> Result<(), EngineError> {
    let listed = crate::law::phase::listed_paths(case)?;
    let outside: Vec<String> = case
        .step
        .changes()?
        .iter()
        .map(|change| &change.path)
        .filter(|path| !path.is_below(layout::ROOT) && !listed.contains(path))
        .map(ToString::to_string)
        .collect();
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
        report.violations.push(crate::model::report::Violation {
            law: crate::model::law_id::LawId::P7,
            level: Level::Error,
            place: crate::model::report::Place::nowhere(),
            message: format!("{sentence} (`paths.require_task`)"),
            fix: "do the work in a task: `agentops task new`, plan the paths, and let `phase next` write the manifest"
                .into(),
        });
    } else {
        report.notes.push(sentence);
    }
    Ok(())
}

/// The tree in which a judged history meets its first laws.
pub(super) enum Start<'a> {
    /// It brings them.
    Here(&'a ObjectId),
    /// They came earlier, in commits that are not judged now.
    Before(&'a ObjectId),
}

/// Whether trust starts where the caller says it does. Amends lead on from there only where they came later: in the tree that
/// brings the laws, nothing judged them. Hands back what is believed without having been seen.
pub(super) fn check_root(
    repo: &crate::git::Repo,
    policy: &Policy,
    root: Option<&str>,
    start: Start<'_>,
) -> Result<Option<String>, EngineError> {
    let Some(root) = root else { return Ok(None) };
    let wanted = Digest::parse(root)?;
    let (Start::Here(id) | Start::Before(id)) = start;
    let tree = repo.tree(id);
    let found = Governed::new(&policy.config.governed).digest(&tree)?;
    if found == wanted {
        return Ok(None);
    }
    let amends = governance::read_amends(&tree)?.links;
    if matches!(start, Start::Before(_)) && governance::leads(&amends.iter().collect::<Vec<_>>(), wanted, found) {
        return Ok(Some(format!(
            "the amends that lead from the pinned root {} to the base's governed digest {}: `agentops check --all --root` \
             replays them",
            &wanted.hex()[..12],
            &found.hex()[..12]
        )));
    }
    Err(EngineError::refused(
        format!(
            "trust does not start at {}: the governed files there have the digest {}",
            &wanted.hex()[..12],
            found.hex()
        ),
        "if that digest is the one you mean, pass it as `--root`; otherwise this history was replaced",
    ))
}

/// Whether the branch `onto` is a protected one; it is taken for one where nothing is said.
fn is_protected(policy: &Policy, onto: Option<&str>) -> bool {
    let name = onto.map(|onto| onto.strip_prefix("refs/heads/").unwrap_or(onto));
    name.is_none_or(|name| policy.config.protected.iter().any(|own| own == name))
}

/// The governed digest at a revision: what `--root` wants.
pub fn root_digest(site: &Site, rev: &str) -> Result<Digest, EngineError> {
    let tree = site.repo.tree_of(&site.repo.resolve(rev)?)?;
    let tree = site.repo.tree(&tree);
    let policy = crate::config::read_policy(&tree)?;
    Ok(Governed::new(&policy.config.governed).digest(&tree as &dyn TreeView)?)
}

/// Whether there is nothing for [`staged`] to judge.
pub fn nothing_staged(site: &Site) -> Result<bool, EngineError> {
    Ok(site.repo.diff_staged()?.is_empty())
}
