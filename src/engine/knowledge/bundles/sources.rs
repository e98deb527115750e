//! What became of the files that a bundle is made of: at HEAD, and in the working tree.

use std::collections::HashMap;

use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::bundle::{BundleHead, BundleSource};
use crate::model::digest::ObjectId;
use crate::model::escape::shell_word;
use crate::model::path::RepoPath;
use crate::model::tree::TreeView as _;

/// A source that HEAD does not have where it was, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Its path.
    pub path: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Another file stands at its path.
    Changed,
    /// Its bytes stand at this path, and nothing at its own.
    Moved(String),
    /// Neither its path nor its bytes are at HEAD.
    Gone,
}

/// The sources that HEAD does not have where they were, as they were. Only where there is nothing at a source's path is its blob
/// looked for in all of HEAD's tree.
pub(super) fn stale(base: &Base<'_>, sources: &[BundleSource]) -> Result<Vec<Stale>, EngineError> {
    let mut found = Vec::new();
    for source in sources {
        let fate = match base.tree.entry(&RepoPath::from(source.path.as_str()))? {
            Some(entry) if entry.id == source.blob => continue,
            Some(_) => Fate::Changed,
            None => Fate::Gone,
        };
        found.push((source, fate));
    }
    let mut places = HashMap::new();
    for (source, _) in found.iter().filter(|(_, fate)| *fate == Fate::Gone) {
        places.insert(source.blob, Vec::new());
    }
    if !places.is_empty() {
        collect_places(base, &RepoPath::from(""), &mut places)?;
    }
    Ok(found
        .into_iter()
        .map(|(source, fate)| {
            let moved =
                places.get(&source.blob).filter(|_| fate == Fate::Gone).and_then(|places| likeliest(places, source));
            Stale { path: source.path.clone(), fate: moved.map_or(fate, Fate::Moved) }
        })
        .collect())
}

/// Adds to each of some blobs the paths at which HEAD has it.
fn collect_places(
    base: &Base<'_>,
    folder: &RepoPath,
    places: &mut HashMap<ObjectId, Vec<RepoPath>>,
) -> Result<(), EngineError> {
    for entry in base.tree.list(folder)? {
        let path = folder.join(&entry.name);
        if entry.mode.is_folder() {
            collect_places(base, &path, places)?;
        } else if let Some(found) = places.get_mut(&entry.id).filter(|_| entry.mode.is_file()) {
            found.push(path);
        }
    }
    Ok(())
}

/// Which of the paths that have a source's bytes it most likely moved to: one with the same file name, otherwise the first.
fn likeliest(places: &[RepoPath], source: &BundleSource) -> Option<String> {
    let name = RepoPath::from(source.path.as_str()).file_name().to_vec();
    places.iter().find(|path| path.file_name() == name).or(places.first()).map(ToString::to_string)
}

/// Where the sources stand at HEAD, changed or not.
pub(super) fn now_at(sources: &[BundleSource], stale: &[Stale]) -> Vec<RepoPath> {
    let place =
        |source: &BundleSource| match stale.iter().find(|stale| stale.path == source.path).map(|stale| &stale.fate) {
            Some(Fate::Gone) => None,
            Some(Fate::Moved(path)) => Some(path.as_str().into()),
            Some(Fate::Changed) | None => Some(source.path.as_str().into()),
        };
    sources.iter().filter_map(place).collect()
}

/// The command that saves a bundle anew from what its sources are now; nothing where none of them is at HEAD.
pub(super) fn save_again(base: &Base<'_>, head: &BundleHead, stale: &[Stale]) -> Option<String> {
    let paths: Vec<String> = now_at(&head.sources, stale).iter().map(|path| shell_word(&path.to_string())).collect();
    if paths.is_empty() {
        return None;
    }
    let mut command = format!("agentops bundle save {} --type {}", paths.join(" "), head.kind.as_str());
    let is_there = !head.task.is_empty() && base.task(&head.task).is_ok_and(|chain| chain.task.as_str() == head.task);
    command.push_str(&match head.phase.as_str() {
        _ if !is_there => format!(" --profile {}", head.profile),
        "" => format!(" --task {}", head.task),
        phase => format!(" --task {} --phase {phase}", head.task),
    });
    command.push_str(&format!(" --name {}", head.name));
    for tag in &head.tags {
        command.push_str(&format!(" --tag {tag}"));
    }
    Some(command)
}

/// Those of some paths that the working tree or the index has otherwise than HEAD; none where there is no working tree.
pub(super) fn uncommitted(site: &Site, paths: &[RepoPath]) -> Result<Vec<String>, EngineError> {
    if site.repo.work_dir().is_none() {
        return Ok(Vec::new());
    }
    Ok(site.repo.path_status(paths)?.into_iter().map(|(path, _)| path.to_string()).collect())
}
