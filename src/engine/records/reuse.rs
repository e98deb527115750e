//! Whether learnings served: where each was shown, where it was cited later, and whether what it warns of came back. All of it
//! is read from files and commits; where they say nothing, that is the answer.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::error::EngineError;
use crate::engine::knowledge::ageing::{Ageing, cited_lines, times_in};
use crate::engine::knowledge::filed::{self, Filed};
use crate::engine::knowledge::likeness::{Words, near_pairs};
use crate::engine::knowledge::offer::{LEARNINGS_NOTE, shown_by};
use crate::engine::knowledge::replacing::Replacements;
use crate::engine::site::{Base, Site};
use crate::git::{CommitTree, GitError};
use crate::model::citation::Cited;
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::layout::{self, Place};
use crate::model::message::{Message, SubjectKind};
use crate::model::name::{RecordId, TaskId};
use crate::model::path::RepoPath;
use crate::model::record::{Learning, Session};
use crate::model::tree::{Change, MAX_TEXT_FILE, Mode, SightError, TreeView as _};
use crate::workflow::artifact;
use crate::workflow::chain::{self, Chain};

/// The trailer by which commits name learnings.
const TRAILER: &str = "Agentops-Learning";

/// What a line of the message of each fix and of each revert begins with; of others, too.
const FIX_OR_REVERT: &str = "^(fix|revert)";

/// A learning, and what is known of its use.
#[derive(Debug, Clone)]
pub struct Served {
    /// The learning.
    pub learning: Learning,
    /// The newest of the learnings that replace it.
    pub superseded_by: Vec<RecordId>,
    /// The tasks whose events say that it was shown, sorted.
    pub shown: BTreeSet<TaskId>,
    /// Where it is cited, in order of what cites.
    pub cited: BTreeSet<Citation>,
    /// The evidence with lines at which later commits were looked for. Where the commit that brought the learning is not to be
    /// seen, there is none.
    pub watched: Vec<String>,
    /// What may say that what it warns of came back.
    pub signs: Vec<Sign>,
}

impl Served {
    /// Whether a task cites it to which it was shown.
    pub fn is_cited_where_shown(&self) -> bool {
        self.cited
            .iter()
            .any(|citation| matches!(citation, Citation::Document(_, Some(task)) if self.shown.contains(task)))
    }
}

/// Something that names a learning by its id, later than it and not as its origin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Citation {
    /// A document of HEAD's tree below `.agentops`, and the task whose artifact it is.
    Document(String, Option<TaskId>),
    /// The record of a session that did not bring it.
    Session(RecordId),
    /// Another learning.
    Learning(RecordId),
    /// A commit of HEAD's history, by a trailer.
    Commit(ObjectId),
}

/// A fact that may mean that what a learning warns of came back. Whether it does, a reader decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// A later learning says much the same, and does not replace it.
    SaidAgain(RecordId),
    /// A commit of type `fix` took away the lines that it cites.
    Fixed(ObjectId, String),
    /// A revert took them away.
    Reverted(ObjectId, String),
}

/// What is known of the use of each learning at HEAD, or of one profile's, newest first.
pub fn report(site: &Site, profile: Option<&str>) -> Result<Vec<Served>, EngineError> {
    let base = site.base()?;
    let profile = profile.map(|name| base.profile(name)).transpose()?.map(|profile| &profile.name);
    let mut all: Vec<(Filed<Learning>, Served)> = Vec::new();
    for file in filed::list::<Learning>(&base, None)? {
        if let Some(learning) = file.open(&base)? {
            all.push((file, Served::unknown(learning)));
        }
    }
    let places: BTreeMap<RecordId, usize> =
        all.iter().enumerate().map(|(place, (file, _))| (file.id.clone(), place)).collect();
    let mut book = Book { all, places };
    book.replacements_and_repeats();
    book.shown(&base)?;
    book.cited_by_documents(&base)?;
    book.cited_by_sessions(&base)?;
    book.cited_by_learnings();
    book.cited_by_commits(site, &base)?;
    let mut all = book.all;
    all.retain(|(file, _)| profile.is_none_or(|profile| *profile == file.profile));
    touched(site, &base, &mut all)?;
    Ok(all.into_iter().map(|(_, served)| served).collect())
}

impl Served {
    fn unknown(learning: Learning) -> Self {
        Self {
            watched: Vec::new(),
            learning,
            superseded_by: Vec::new(),
            shown: BTreeSet::new(),
            cited: BTreeSet::new(),
            signs: Vec::new(),
        }
    }
}

/// All learnings with what is known so far.
struct Book {
    all: Vec<(Filed<Learning>, Served)>,
    places: BTreeMap<RecordId, usize>,
}

impl Book {
    fn get(&mut self, id: &RecordId) -> Option<&mut Served> {
        let place = *self.places.get(id)?;
        Some(&mut self.all[place].1)
    }

    fn replacements_and_repeats(&mut self) {
        let mut replacements = Replacements::default();
        self.all.iter().for_each(|(_, served)| replacements.note(&served.learning));
        for (file, served) in &mut self.all {
            served.superseded_by = replacements.newest(&file.id);
        }
        let words: Vec<Words> = self.all.iter().map(|(_, served)| Words::of(&served.learning.pattern)).collect();
        // Newest first: the second of a pair is the older one.
        for (newer, older) in near_pairs(&words) {
            let id = self.all[newer].0.id.clone();
            let (file, served) = &mut self.all[older];
            if !replacements.newer(&file.id).contains(&id) {
                served.signs.push(Sign::SaidAgain(id));
            }
        }
    }

    fn shown(&mut self, base: &Base<'_>) -> Result<(), EngineError> {
        for profile in base.policy.profiles.keys() {
            for task in chain::tasks(&base.tree, profile)? {
                for link in Chain::read(&base.tree, profile, &task)?.links {
                    for id in shown_by(&link.event, LEARNINGS_NOTE) {
                        if let Some(served) = self.get(&id) {
                            served.shown.insert(task.clone());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn cited_by_documents(&mut self, base: &Base<'_>) -> Result<(), EngineError> {
        for profile in base.policy.profiles.keys() {
            let mut folders = vec![RepoPath::from(layout::namespace(profile))];
            while let Some(folder) = folders.pop() {
                for entry in base.tree.list(&folder)? {
                    let path = folder.join(&entry.name);
                    if entry.mode.is_folder() {
                        folders.push(path);
                        continue;
                    }
                    let is_document = matches!(Place::of(&path), Some(Place::Document(_) | Place::Bundle(..)));
                    if !is_document || !entry.mode.is_file() {
                        continue;
                    }
                    let bytes = match base.tree.blob(&entry.id, &path, MAX_TEXT_FILE) {
                        Err(SightError::TooLarge { .. }) => continue,
                        other => other?,
                    };
                    let task = artifact::owner(&base.policy, &path).map(|owner| owner.task);
                    for id in ids_in(&String::from_utf8_lossy(&bytes)) {
                        if let Some(served) = self.get(&id) {
                            served.cited.insert(Citation::Document(path.to_string(), task.clone()));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn cited_by_sessions(&mut self, base: &Base<'_>) -> Result<(), EngineError> {
        for file in filed::list::<Session>(base, None)? {
            let Some(session) = file.open(base)? else { continue };
            for id in &session.learnings {
                if let Some(served) = self.get(id).filter(|served| !is_origin(&session, &served.learning)) {
                    served.cited.insert(Citation::Session(file.id.clone()));
                }
            }
        }
        Ok(())
    }

    fn cited_by_learnings(&mut self) {
        let mut found = Vec::new();
        for (file, Served { learning, .. }) in &self.all {
            let text = format!("{} {} {}", learning.pattern, learning.application, learning.evidence.join(" "));
            found.extend(ids_in(&text).into_iter().filter(|id| *id != file.id).map(|id| (id, file.id.clone())));
        }
        for (id, by) in found {
            if let Some(served) = self.get(&id) {
                served.cited.insert(Citation::Learning(by));
            }
        }
    }

    fn cited_by_commits(&mut self, site: &Site, base: &Base<'_>) -> Result<(), EngineError> {
        for (commit, value) in site.repo.trailers(&base.commit, TRAILER)? {
            let Some(place) = RecordId::parse(&value).ok().and_then(|id| self.places.get(&id).copied()) else {
                continue;
            };
            // The commit that records a learning names it as well. Where its parent was cut off, nobody can tell.
            let Some(parent) = parent_of(site, &site.repo.commit(&commit)?) else { continue };
            if tree(site, &parent)?.entry(&self.all[place].0.path)?.is_some() {
                self.all[place].1.cited.insert(Citation::Commit(commit));
            }
        }
        Ok(())
    }
}

/// Whether the session is where the learning comes from: the same actor recorded it while it was open or, where the session was
/// never begun, before it ended and for a task that it names.
fn is_origin(session: &Session, learning: &Learning) -> bool {
    let was_begun = session.started < session.ended;
    let is_of_its_tasks = session.work.iter().any(|work| work.task.as_str() == learning.task);
    session.actor == learning.actor
        && learning.at <= session.ended
        && (learning.at >= session.started || (!was_begun && is_of_its_tasks))
}

/// The ids of records in a text.
fn ids_in(text: &str) -> BTreeSet<RecordId> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 26).filter_map(|word| RecordId::parse(word).ok()).collect()
}

/// Lines that a learning cites.
struct Watched {
    /// The learning's place.
    learning: usize,
    evidence: String,
    /// The lines as they were when it came.
    lines: Vec<Vec<u8>>,
    /// The commit that brought it.
    since: ObjectId,
}

/// Looks for fixes and reverts that took cited lines away, after the learnings came: one walk, however many there are.
fn touched(site: &Site, base: &Base<'_>, all: &mut [(Filed<Learning>, Served)]) -> Result<(), EngineError> {
    let watched = watched(site, base, all)?;
    if watched.is_empty() {
        return Ok(());
    }
    let mut signs: Vec<(usize, Sign)> = Vec::new();
    for id in site.repo.commits_saying(&base.commit, FIX_OR_REVERT)? {
        let commit = site.repo.commit(&id)?;
        let message = Message::parse(&commit.message, &[]);
        let is_revert = message.kind == SubjectKind::Revert;
        let is_fix = message.header.as_ref().is_some_and(|header| header.kind == "fix");
        let Some(parent) = parent_of(site, &commit).filter(|_| is_fix || is_revert) else { continue };
        let before = site.repo.tree_of(&parent)?;
        for Change { path, before, after } in site.repo.diff_trees(Some(&before), &site.repo.tree_of(&id)?)? {
            let Some(citing) = watched.get(&path) else { continue };
            let text = |entry: Option<(Mode, ObjectId)>| text_of(site, &path, entry);
            let (Some(before), after) = (text(before)?, text(after)?.unwrap_or_default()) else { continue };
            for cited in citing {
                let lines: Vec<&[u8]> = cited.lines.iter().map(Vec::as_slice).collect();
                let is_gone = times_in(&after, &lines) < times_in(&before, &lines);
                if is_gone && id != cited.since && is_later(site, &cited.since, &id)? {
                    let sign = if is_revert { Sign::Reverted } else { Sign::Fixed };
                    signs.push((cited.learning, sign(id, cited.evidence.clone())));
                }
            }
        }
    }
    for (learning, sign) in signs {
        all[learning].1.signs.push(sign);
    }
    Ok(())
}

/// The cited lines of all learnings whose origin is to be seen, by path. Each learning is told which of its evidence that is.
fn watched(
    site: &Site,
    base: &Base<'_>,
    all: &mut [(Filed<Learning>, Served)],
) -> Result<BTreeMap<RepoPath, Vec<Watched>>, EngineError> {
    let ageing = Ageing::new(site, base);
    let mut found: BTreeMap<RepoPath, Vec<Watched>> = BTreeMap::new();
    for (learning, (file, served)) in all.iter_mut().enumerate() {
        let mut origin = None;
        for evidence in &served.learning.evidence {
            let cited = Cited::parse(evidence);
            let (path, Some(lines)) = (cited.repo_path(), cited.lines) else { continue };
            if !path.is_ordinary() {
                continue;
            }
            if origin.is_none() {
                origin = ageing.brought_by(file, None)?;
            }
            let Some(since) = origin.map(|origin| origin.commit) else { break };
            let entry = tree(site, &since)?.entry(&path)?.map(|entry| (entry.mode, entry.id));
            let Some(then) = text_of(site, &path, entry)? else { continue };
            let Some(lines) = cited_lines(&then, lines) else { continue };
            let lines = lines.into_iter().map(<[u8]>::to_vec).collect();
            served.watched.push(evidence.clone());
            found.entry(path).or_default().push(Watched { learning, evidence: evidence.clone(), lines, since });
        }
    }
    Ok(found)
}

/// The text of a file; `None` where there is none, or none that can be looked through.
fn text_of(site: &Site, path: &RepoPath, entry: Option<(Mode, ObjectId)>) -> Result<Option<Vec<u8>>, EngineError> {
    let Some((_, blob)) = entry.filter(|(mode, _)| mode.is_file()) else { return Ok(None) };
    match site.repo.blob(&blob, path, MAX_TEXT_FILE) {
        Err(SightError::Missing { .. } | SightError::TooLarge { .. }) => Ok(None),
        other => Ok(Some(other?)),
    }
}

/// The first parent of a commit, where there is one in this clone.
fn parent_of(site: &Site, commit: &Commit) -> Option<ObjectId> {
    commit.parents.first().copied().filter(|parent| site.repo.has_object(parent))
}

/// Whether `later` has `earlier` in its history. Where history was cut off, nobody can tell, and nothing is claimed.
fn is_later(site: &Site, earlier: &ObjectId, later: &ObjectId) -> Result<bool, EngineError> {
    match site.repo.is_ancestor(earlier, later) {
        Err(GitError::MissingObject { .. }) if site.repo.is_shallow() => Ok(false),
        other => Ok(other?),
    }
}

fn tree<'s>(site: &'s Site, commit: &ObjectId) -> Result<CommitTree<'s>, EngineError> {
    Ok(site.repo.tree(&site.repo.tree_of(commit)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{learning, session};
    use crate::model::time::Timestamp;

    #[test]
    fn ids_stand_alone_in_a_text() {
        let id = learning().id;
        let found = |text: String| ids_in(&text).into_iter().collect::<Vec<_>>();
        assert_eq!(found(format!("see learning:{id}, and `{id}`.")), std::slice::from_ref(&id));
        assert_eq!(found(format!("x{id}")), []);
        assert_eq!(found(id.as_str().to_uppercase()), []);
    }

    #[test]
    fn a_session_is_the_origin_of_what_it_brought() {
        let (mut session, mut learning) = (session(), learning());
        assert!(is_origin(&session, &learning));
        learning.at = Timestamp::from_seconds(1_790_000_000);
        assert!(!is_origin(&session, &learning), "before it began");
        session.started = session.ended.clone();
        assert!(!is_origin(&session, &learning), "of no task");
        learning.actor = crate::model::name::Principal::parse("alice").unwrap();
        learning.at = session.started.clone();
        assert!(!is_origin(&session, &learning), "of somebody else");
    }
}
