//! What surrounds a task: the folders of the repository, commits about what it is about, commands that were run for it.

use std::collections::VecDeque;

use super::item::{About, Body, Candidate, Form};
use super::page::{readable, span};
use super::recipe::Kind;
use super::scene::Scene;
use crate::engine::error::EngineError;
use crate::engine::knowledge::likeness::Words;
use crate::engine::knowledge::offer::is_about;
use crate::git::Walk;
use crate::model::citation::{CitationKind, citations};
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::escape::visible_bytes;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::tree::{Entry, TreeView as _};
use crate::text::search::{TokenisedText, search};

/// Folders are listed down to this depth.
const DEPTH: usize = 3;
/// Folders at most.
const FOLDERS: usize = 150;
/// Commits of HEAD's line that are looked at.
const HORIZON: usize = 300;
/// Commits at most.
const COMMITS: usize = 5;
/// Of these, so many for each path that the title names.
const PER_PATH: usize = 2;
/// Characters of a message at most.
const MESSAGE: usize = 1_500;
/// Events whose runs are told.
const EVENTS: usize = 2;

/// The folders of the repository with what they hold.
pub(super) fn structure(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    // By levels: where there are too many, those are told that are near the top.
    let mut waiting: VecDeque<(RepoPath, usize)> = VecDeque::from([(RepoPath::default(), 0)]);
    let mut told: Vec<(RepoPath, usize, String)> = Vec::new();
    while let Some((folder, depth)) = waiting.pop_front().filter(|_| told.len() < FOLDERS) {
        let entries = scene.base.tree.list(&folder)?;
        let folders: Vec<RepoPath> =
            entries.iter().filter(|entry| entry.mode.is_folder()).map(|entry| folder.join(&entry.name)).collect();
        let held = held(entries.len() - folders.len(), folders.len());
        if depth < DEPTH && folder != RepoPath::from(layout::ROOT) {
            waiting.extend(folders.into_iter().map(|path| (path, depth + 1)));
        }
        told.push((folder, depth, held));
    }
    let is_all = waiting.is_empty();
    // A folder stands above what lies in it, `a/b` before `a-b`.
    told.sort_by(|(a, ..), (b, ..)| {
        a.as_bytes().split(|byte| *byte == b'/').cmp(b.as_bytes().split(|byte| *byte == b'/'))
    });
    let mut text = String::new();
    for (folder, depth, held) in &told {
        let name = if *depth == 0 { ".".to_owned() } else { format!("{}/", visible_bytes(folder.file_name())) };
        text.push_str(&format!("{}{name} {held}\n", "  ".repeat(*depth)));
    }
    if !is_all {
        text.push_str("… and more\n");
    }
    let about = About {
        kind: Kind::Structure,
        title: "Folders".into(),
        source: format!("tree {}", scene.base.tree_id.short()),
        reason: format!("Where things lie: folders down to a depth of {DEPTH}, with what they hold."),
        command: format!("git ls-tree -r --full-tree --name-only {}", scene.base.commit),
    };
    Ok(vec![part(about, text)])
}

fn held(files: usize, folders: usize) -> String {
    let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    match (files, folders) {
        (_, 0) => count(files, "file"),
        (0, _) => count(folders, "folder"),
        _ => format!("{}, {}", count(files, "file"), count(folders, "folder")),
    }
}

/// The last commits of HEAD's line that change a path which the title names, then those whose messages are about it. Commits
/// that bring events and records tell nothing that these do not.
pub(super) fn commits(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let repo = &scene.site.repo;
    let mut found: Vec<(ObjectId, String)> = Vec::new();
    for citation in citations(&scene.state.title, 1) {
        let CitationKind::Path(cited) = citation.kind else { continue };
        let path = cited.repo_path();
        if !path.is_ordinary() || scene.base.tree.entry(&path)?.is_none() {
            continue;
        }
        for id in repo.commits_changing(&scene.base.commit, &path, Walk::FirstParents)?.into_iter().take(PER_PATH) {
            found.push((id, format!("It changes {}, which the title names.", span(&path.to_string()))));
        }
    }
    let line = repo.first_parents(&scene.base.commit, HORIZON)?;
    let mut told: Vec<&Commit> = Vec::with_capacity(line.len());
    for commit in &line {
        if !is_own(scene, commit)? {
            told.push(commit);
        }
    }
    let texts: Vec<TokenisedText> = told.iter().map(|commit| TokenisedText::of(&commit.message)).collect();
    let words = Words::of(&scene.state.title);
    for hit in search(&texts, &scene.state.title, usize::MAX) {
        if let Some(id) = told[hit.text].id.filter(|_| is_about(&words, &told[hit.text].message)) {
            found.push((id, "Its message has words of this task's title.".to_owned()));
        }
        if found.len() >= 2 * COMMITS {
            break;
        }
    }
    let mut seen: Vec<ObjectId> = Vec::new();
    found.retain(|(id, _)| {
        !seen.contains(id) && {
            seen.push(*id);
            true
        }
    });
    found.truncate(COMMITS);
    found.into_iter().map(|(id, reason)| commit(scene, &id, reason)).collect()
}

/// Whether agentops made the commit to bring an event, a record or a bundle: it says so, and changes nothing outside `.agentops`.
fn is_own(scene: &Scene<'_>, commit: &Commit) -> Result<bool, EngineError> {
    if !commit.message.starts_with("chore") || !commit.message.contains("\nAgentops-") {
        return Ok(false);
    }
    let repo = &scene.site.repo;
    let Some(parent) = commit.parents.first().filter(|parent| repo.has_object(parent)) else { return Ok(false) };
    let outside = |tree: &ObjectId| -> Result<Vec<Entry>, EngineError> {
        let mut entries = repo.tree(tree).list(&RepoPath::default())?;
        entries.retain(|entry| entry.name != layout::ROOT.as_bytes());
        Ok(entries)
    };
    let tree = commit.tree.map_or_else(|| Ok(Vec::new()), |tree| outside(&tree))?;
    Ok(tree == outside(&repo.tree_of(parent)?)?)
}

fn commit(scene: &Scene<'_>, id: &ObjectId, reason: String) -> Result<Candidate, EngineError> {
    let commit = scene.site.repo.commit(id)?;
    let mut text: String = commit.message.chars().take(MESSAGE).collect();
    if text.len() < commit.message.len() {
        text.push_str(" …");
    }
    let about = About {
        kind: Kind::Commit,
        title: format!("Commit `{}`", id.short()),
        source: format!("commit {}", id.short()),
        reason,
        command: format!("git show {id}"),
    };
    Ok(part(about, text))
}

/// The commands that the last events claim to have run.
pub(super) fn runs(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let live = scene.chain.live(scene.rules);
    let with_runs = scene.chain.links.iter().rev().filter(|link| !link.event.runs.is_empty());
    let mut found = Vec::new();
    for link in with_runs.filter(|link| live.contains(&link.digest)).take(EVENTS) {
        let event = &link.event;
        let mut text = String::new();
        for run in &event.runs {
            let words: Vec<&str> =
                std::iter::once(run.name.as_str()).chain(run.arguments.iter().map(String::as_str)).collect();
            text.push_str(&format!("{}: exit {}, on tree {}\n", words.join(" "), run.exit, run.tree.short()));
        }
        let about = About {
            kind: Kind::Runs,
            title: format!("Commands of event {:04}", event.seq),
            source: format!("event {}@{}", scene.chain.task, event.seq),
            reason: format!("They were run for the last gates; `{}` claims it.", event.actor),
            command: format!("agentops phase show {}@{}", scene.chain.task, event.seq),
        };
        found.push(part(about, text));
    }
    Ok(found)
}

fn part(about: About, text: String) -> Candidate {
    let body = match readable(text.as_bytes()) {
        Some(text) => Body::Part { form: Form::Whole, text, language: "text".into(), of: None },
        None => Body::Unreadable("is no text".into()),
    };
    Candidate { about, body, made_of: Vec::new() }
}
