//! The files of the profile: standards, descriptions of agents, declared documents. Those that have most words in common with
//! the task and its phase come first.

use super::documents::{file, rules_for};
use super::item::{Body, Candidate};
use super::page::span;
use super::recipe::{Kind, agent_type};
use super::scene::Scene;
use crate::config;
use crate::engine::error::EngineError;
use crate::model::layout::{self, NAMESPACE_FOLDERS};
use crate::model::path::RepoPath;
use crate::model::tree::TreeView as _;
use crate::text::search::{TokenisedText, search};
use crate::text::units::{Reading, Source};
use crate::workflow::globs::Globs;

/// Files of one kind at most.
const FILES: usize = 40;
/// Files of one kind that are read to find those, at most.
const READ: usize = 400;
/// Bytes of a text that tell what it is about.
const BEGINNING: usize = 64 * 1024;
/// Entries of folders that are looked at for declared documents, at most.
const ENTRIES: usize = 5_000;

/// The standards of the profile's own folder.
pub(super) fn standards(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let paths = folder(scene, "standards")?;
    ranked(scene, Kind::Standard, paths, "Standard", "A standard of the profile that the work has to meet.")
}

/// The descriptions of those of the profile's agents whose work this is; of all, where it is nobody's.
pub(super) fn agents(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let mut paths = folder(scene, "agents")?;
    let wanted = agent_type(scene.phase.stage);
    // Where one of the files is malformed, nobody can tell whose work it is.
    let known = config::agents(scene.base.view(), &scene.rules.name).unwrap_or_default();
    let own: Vec<String> = known
        .iter()
        .filter(|agent| agent.agent_type.as_str() == wanted)
        .map(|agent| format!("{}.md", agent.name))
        .collect();
    if !own.is_empty() {
        paths.retain(|path| own.iter().any(|name| name.as_bytes() == path.file_name()));
    }
    let reason = match own.is_empty() {
        true => "It describes an agent of the profile.".to_owned(),
        false => format!("It describes the agent whose work this is ({wanted})."),
    };
    ranked(scene, Kind::Agent, paths, "Agent", &reason)
}

/// The documents that the profile declares.
pub(super) fn documents(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let root = RepoPath::from(layout::namespace(&scene.rules.name));
    let globs = Globs::exact(&scene.rules.documents)?;
    let mut waiting = vec![root.clone()];
    let (mut paths, mut seen) = (Vec::new(), 0);
    'walk: while let Some(folder) = waiting.pop() {
        for entry in scene.base.tree.list(&folder)? {
            seen += 1;
            if seen > ENTRIES {
                break 'walk;
            }
            let path = folder.join(&entry.name);
            let below = RepoPath::from_bytes(&path.as_bytes()[root.as_bytes().len() + 1..]);
            if entry.mode.is_folder() {
                let is_own = folder == root && NAMESPACE_FOLDERS.iter().any(|name| entry.name == name.as_bytes());
                if !is_own {
                    waiting.push(path);
                }
            } else if entry.mode.is_file() && globs.matches(&below) {
                paths.push(path);
            }
        }
    }
    let mut found = ranked(scene, Kind::Document, paths, "Document", "A document that the profile declares.")?;
    // A form that nobody filled in tells nothing.
    found.retain(|candidate| match &candidate.body {
        Body::Document { text, .. } => {
            !Reading::of(&[Source { name: "", text }], rules_for(scene.phase)).units.is_empty()
        }
        _ => true,
    });
    Ok(found)
}

/// The Markdown files of one of the profile's folders.
fn folder(scene: &Scene<'_>, name: &str) -> Result<Vec<RepoPath>, EngineError> {
    let folder = RepoPath::from(format!("{}/{name}", layout::namespace(&scene.rules.name)));
    let entries = scene.base.tree.list(&folder)?;
    let files = entries.into_iter().filter(|entry| entry.mode.is_file() && entry.name.ends_with(b".md"));
    Ok(files.map(|entry| folder.join(&entry.name)).collect())
}

fn ranked(
    scene: &Scene<'_>,
    kind: Kind,
    mut paths: Vec<RepoPath>,
    noun: &str,
    reason: &str,
) -> Result<Vec<Candidate>, EngineError> {
    paths.sort();
    paths.truncate(READ);
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        let title = format!("{noun}: {}", span(&path.to_string()));
        found.push(file(scene, kind, title, reason.to_owned(), &path, Some(rules_for(scene.phase)))?);
    }
    let text = |candidate: &Candidate| match &candidate.body {
        // A text that is as long as can be tells by its beginning what it is about.
        Body::Document { text, .. } => TokenisedText::of(beginning(text)),
        _ => TokenisedText::default(),
    };
    let texts: Vec<TokenisedText> = found.iter().map(text).collect();
    let about = format!("{} {} {}", scene.state.title, scene.phase.name, scene.phase.purpose);
    let best: Vec<usize> = search(&texts, &about, usize::MAX).into_iter().map(|hit| hit.text).collect();
    let mut places: Vec<usize> = (0..found.len()).collect();
    places.sort_by_key(|place| best.iter().position(|hit| hit == place).unwrap_or(usize::MAX));
    let mut found: Vec<Option<Candidate>> = found.into_iter().map(Some).collect();
    Ok(places.into_iter().take(FILES).filter_map(|place| found[place].take()).collect())
}

/// The first bytes of a text, up to a character's end.
fn beginning(text: &str) -> &str {
    let end = (0..=BEGINNING.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}
