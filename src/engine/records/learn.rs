//! Learnings: recording what was found out, and finding it again.

use super::{home_folders, session};
use crate::engine::error::EngineError;
use crate::engine::knowledge::filed::{self, Filed};
use crate::engine::knowledge::likeness::{NEAR, Words, may_differ_in_sense};
use crate::engine::knowledge::replacing::Replacements;
use crate::engine::site::{Base, Site};
use crate::engine::writing::compose;
use crate::engine::writing::transact::{Committed, Draft, Target, transact};
use crate::law::wording;
use crate::model::canonical::Canonical as _;
use crate::model::citation::{Cited, CitedTree};
use crate::model::layout;
use crate::model::message::one_line;
use crate::model::name::{RecordId, Word};
use crate::model::record::{Grade, Learning};

/// What `learn add` is told.
#[derive(Debug, Clone)]
pub struct NewLearning {
    /// What holds, in a sentence or two.
    pub pattern: String,
    /// The profile; where left out that of the task, of the open session, or the only one.
    pub profile: Option<String>,
    /// Where it shows: paths of HEAD with or without a line, URLs, commits.
    pub evidence: Vec<String>,
    /// When and how to use it.
    pub application: String,
    /// How widely it may serve.
    pub reusability: Grade,
    /// Free words.
    pub tags: Vec<String>,
    /// The task it came from, or a prefix.
    pub task: Option<String>,
    /// Learnings that it replaces, or prefixes.
    pub supersedes: Vec<String>,
}

/// A learning that was recorded, and those that are near it.
#[derive(Debug, Clone)]
pub struct Added {
    /// The learning.
    pub learning: Learning,
    /// Known ones that say much the same in other words, the nearest first: a search shows them with it.
    pub near: Vec<Learning>,
}

/// So many near ones are named.
const NEAR_ONES: usize = 3;

/// Records a learning: one commit of one file.
///
/// Errors: `Refused` where evidence does not exist or where a learning says the same already.
pub fn add(site: &Site, target: &Target, request: &NewLearning) -> Result<Committed<Added>, EngineError> {
    let at = site.clock.now();
    let id = site.clock.new_record_id();
    transact(site, target, |base| {
        let (principal, actor) = site.actor(&base.policy)?;
        let chain = request.task.as_deref().map(|prefix| base.task(prefix)).transpose()?;
        let open = session::open(site, base)?;
        let hints: Vec<_> =
            chain.iter().map(|chain| &chain.profile).chain(open.iter().map(|open| &open.profile)).collect();
        let profile = base.home(request.profile.as_deref(), &hints, actor)?;
        if let Some(chain) = chain.as_ref().filter(|chain| chain.profile != profile) {
            return Err(EngineError::usage(
                format!("task `{}` belongs to profile `{}`, not to `{profile}`", chain.task, chain.profile),
                "leave `--profile` out: the task says it",
            ));
        }
        let pattern = one_line(&request.pattern);
        let mut supersedes = Vec::new();
        for prefix in &request.supersedes {
            supersedes.push(filed::find::<Learning>(base, prefix)?.0.id);
        }
        supersedes.sort_unstable();
        supersedes.dedup();
        let near = refuse_repeat(base, &pattern, &supersedes)?;
        let evidence =
            request.evidence.iter().map(|text| evidence(site, base, text)).collect::<Result<Vec<_>, EngineError>>()?;
        let mut tags = request.tags.iter().map(|tag| Word::parse(tag)).collect::<Result<Vec<Word>, _>>()?;
        tags.sort_unstable();
        tags.dedup();
        let learning = Learning {
            v: 1,
            project: base.policy.format.project.clone(),
            id: id.clone(),
            profile: profile.clone(),
            actor: principal.clone(),
            at: at.clone(),
            task: chain.map(|chain| chain.task.to_string()).unwrap_or_default(),
            pattern,
            evidence,
            application: one_line(&request.application),
            reusability: request.reusability,
            tags,
            supersedes,
        };
        learning.validate()?;
        let texts = [("the pattern", &learning.pattern), ("the application", &learning.application)];
        home_folders::refuse(texts.map(|(what, text)| (what, text.as_str())), site.env)?;
        let mut trailers = vec![format!("Agentops-Learning: {id}")];
        if !learning.task.is_empty() {
            trailers.push(format!("Agentops-Task: {}", learning.task));
        }
        trailers.extend(compose::assisted_by(principal, actor));
        let message =
            compose::plain_message(&compose::subject(&profile, "record a learning"), &learning.pattern, &trailers);
        Ok(Draft {
            files: vec![(layout::learning(&profile, &at.date(), &id), Some(learning.print().into_bytes()))],
            message,
            outcome: Added { learning, near },
        })
    })
}

/// A learning that is there already is worth a look, not a copy. Returns those that are merely near.
fn refuse_repeat(base: &Base<'_>, pattern: &str, supersedes: &[RecordId]) -> Result<Vec<Learning>, EngineError> {
    let words = Words::of(pattern);
    let mut near = Vec::new();
    for file in filed::list::<Learning>(base, None)? {
        if supersedes.contains(&file.id) {
            continue;
        }
        let Some(known) = file.open(base)? else { continue };
        let is_same = wording::say_the_same(&known.pattern, pattern);
        // An opposite in the same words is a finding of its own, and worth showing beside the other.
        if is_same && !may_differ_in_sense(&known.pattern, pattern) {
            return Err(EngineError::refused(
                format!("learning `{}` says the same: {}", known.id, known.pattern),
                format!(
                    "name it where it served again: `agentops session end --learning {id}`; to replace it by a better \
                     one: `--supersedes {id}`",
                    id = known.id
                ),
            ));
        }
        let likeness = words.likeness(&Words::of(&known.pattern));
        if is_same || likeness >= NEAR {
            near.push((likeness, known));
        }
    }
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    Ok(near.into_iter().map(|(_, known)| known).take(NEAR_ONES).collect())
}

/// A piece of evidence as it is kept: a URL, a full commit id, or a path of HEAD's tree.
fn evidence(site: &Site, base: &Base<'_>, text: &str) -> Result<String, EngineError> {
    let text = text.trim();
    if text.starts_with("https://") || text.starts_with("http://") {
        return Ok(text.to_owned());
    }
    let cited = Cited::parse(text);
    let problem = CitedTree::new(base.view()).problem(&cited)?;
    let Some(problem) = problem else { return Ok(text.to_owned()) };
    let is_hex = (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && let Ok(commit) = site.repo.resolve(text) {
        return Ok(commit.to_string());
    }
    Err(EngineError::refused(
        format!("the evidence `{}` {problem}", crate::model::escape::visible(text)),
        "give `path` or `path:line` from the top of the repository as committed at HEAD, a commit id, or a URL",
    ))
}

/// What `learn list` shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this profile.
    pub profile: Option<String>,
    /// Only learnings with this tag.
    pub tag: Option<String>,
    /// Only learnings of this task, or prefix of a task's id.
    pub task: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// A learning as it is listed.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The learning.
    pub learning: Learning,
    /// The newest of the learnings that replace it.
    pub superseded_by: Vec<RecordId>,
}

/// The learnings at HEAD, newest first.
pub fn list(site: &Site, filter: &Filter) -> Result<Vec<Listed>, EngineError> {
    let base = site.base()?;
    let profile = filter.profile.as_deref().map(|name| base.profile(name)).transpose()?.map(|profile| &profile.name);
    let task = filter.task.as_deref().map(|prefix| base.task(prefix)).transpose()?.map(|chain| chain.task);
    let tag = filter.tag.as_deref().map(Word::parse).transpose()?;
    // Newest first: whoever replaces a learning has been seen before it.
    let mut replacements = Replacements::default();
    let mut listed = Vec::new();
    for file in filed::list::<Learning>(&base, None)? {
        if filter.limit.is_some_and(|limit| listed.len() >= limit) {
            break;
        }
        let Some(learning) = file.open(&base)? else { continue };
        replacements.note(&learning);
        let fits = profile.is_none_or(|profile| *profile == learning.profile)
            && task.as_ref().is_none_or(|task| task.as_str() == learning.task)
            && tag.as_ref().is_none_or(|tag| learning.tags.contains(tag));
        if fits {
            let superseded_by = replacements.newest(&learning.id);
            listed.push(Listed { learning, superseded_by });
        }
    }
    Ok(listed)
}

/// One learning by the beginning of its id, with its path.
pub fn show(site: &Site, prefix: &str) -> Result<(Listed, String), EngineError> {
    let base = site.base()?;
    let (file, learning): (Filed<Learning>, Learning) = filed::find(&base, prefix)?;
    let mut replacements = Replacements::default();
    for later in filed::list::<Learning>(&base, None)?.iter().take_while(|later| later.id > file.id) {
        later.open(&base)?.iter().for_each(|later| replacements.note(later));
    }
    let superseded_by = replacements.newest(&file.id);
    Ok((Listed { learning, superseded_by }, file.path.to_string()))
}
