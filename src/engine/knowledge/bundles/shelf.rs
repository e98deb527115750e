//! Bundles in a tree: listed newest first, found by id, name, tag and by what they say. Of all profiles: reading is free.

use super::reuse::Reuse;
use crate::engine::error::EngineError;
use crate::engine::knowledge::filed::Filed;
use crate::engine::knowledge::likeness::refuse_no_words;
use crate::engine::site::{Base, Site, near, refuse_empty_id};
use crate::model::bundle::{Bundle, BundleHead, BundleType, WrittenId};
use crate::model::layout::{self, Place};
use crate::model::name::Word;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_STATE_FILE, SightError, TreeView as _};
use crate::text::search::{self, TokenisedText};

/// The command that lists them.
const LIST: &str = "agentops bundle list";

/// A bundle with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// The bundle.
    pub bundle: Bundle,
    /// Where it lies.
    pub path: RepoPath,
}

/// A file in the place of a bundle that is none: damaged, altered, or from before bundles had a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where.
    pub path: RepoPath,
    /// Why, a clause.
    pub reason: String,
}

/// Bundles, and what lies where some should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked<T> {
    /// What fits.
    pub found: Vec<T>,
    /// Files of the same profiles that could not be read; whether they would fit, nobody can tell.
    pub malformed: Vec<Malformed>,
}

/// The files of all bundles, newest first. Only folders are read.
fn files(base: &Base<'_>) -> Result<Vec<Filed<Bundle>>, EngineError> {
    let mut found = Vec::new();
    for profile in base.policy.profiles.keys() {
        let folder = layout::bundles(profile);
        for entry in base.tree.list(&folder)?.into_iter().filter(|entry| entry.mode.is_file()) {
            let path = folder.join(&entry.name);
            if let Some(Place::Bundle(_, id)) = Place::of(&path) {
                found.push(Filed::new(id, profile.clone(), path, entry.id));
            }
        }
    }
    found.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(found)
}

/// The bundle in a file, or why it is none.
fn open(base: &Base<'_>, file: &Filed<Bundle>) -> Result<Result<Shelved, Malformed>, EngineError> {
    let malformed = |reason: String| Malformed { path: file.path.clone(), reason };
    let bytes = match base.tree.blob(&file.object, &file.path, MAX_STATE_FILE) {
        Err(error @ SightError::TooLarge { .. }) => return Ok(Err(malformed(error.to_string()))),
        other => other?,
    };
    Ok(match Bundle::parse(&bytes) {
        Ok(bundle) => Ok(Shelved { bundle, path: file.path.clone() }),
        Err(error) => Err(malformed(error.to_string())),
    })
}

/// Which bundles are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this profile.
    pub profile: Option<String>,
    /// Only this type.
    pub kind: Option<BundleType>,
    /// Only bundles with this tag.
    pub tag: Option<String>,
    /// Only bundles of this task, or prefix of a task's id.
    pub task: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// The bundles at HEAD that fit, newest first.
pub fn list(site: &Site, filter: &Filter) -> Result<Looked<Shelved>, EngineError> {
    let mut looked = look(&site.base()?, filter)?;
    looked.found.truncate(filter.limit.unwrap_or(usize::MAX));
    Ok(looked)
}

/// All bundles of a base that fit, newest first.
pub(crate) fn list_at(base: &Base<'_>, filter: &Filter) -> Result<Vec<Shelved>, EngineError> {
    Ok(look(base, filter)?.found)
}

fn look(base: &Base<'_>, filter: &Filter) -> Result<Looked<Shelved>, EngineError> {
    let profile = filter.profile.as_deref().map(|name| base.profile(name)).transpose()?.map(|profile| &profile.name);
    let task = filter.task.as_deref().map(|prefix| base.task(prefix)).transpose()?.map(|chain| chain.task);
    let tag = filter.tag.as_deref().map(Word::parse).transpose()?;
    let (mut found, mut malformed) = (Vec::new(), Vec::new());
    for file in files(base)? {
        let shelved = match open(base, &file)? {
            Ok(shelved) => shelved,
            Err(other) => {
                malformed.extend(Some(other).filter(|_| profile.is_none_or(|profile| *profile == file.profile)));
                continue;
            }
        };
        let head = &shelved.bundle.head;
        let fits = profile.is_none_or(|profile| *profile == head.profile)
            && filter.kind.is_none_or(|kind| kind == head.kind)
            && task.as_ref().is_none_or(|task| task.as_str() == head.task)
            && tag.as_ref().is_none_or(|tag| head.tags.contains(tag));
        if fits {
            found.push(shelved);
        }
    }
    Ok(Looked { found, malformed })
}

/// A bundle that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The bundle.
    pub shelved: Shelved,
    /// How well it fits: comparable within one search.
    pub score: f32,
    /// The line of its body that fits best.
    pub line: String,
}

/// The bundles at HEAD that `words` are about, best first. Fails where there is no word that could be looked for.
pub fn search(site: &Site, words: &str, filter: &Filter) -> Result<Looked<Hit>, EngineError> {
    refuse_no_words(words, LIST)?;
    let Looked { found, malformed } = look(&site.base()?, filter)?;
    Ok(Looked { found: best(&found, words, filter), malformed })
}

/// As [`search`], in a base.
pub(crate) fn search_at(base: &Base<'_>, words: &str, filter: &Filter) -> Result<Vec<Hit>, EngineError> {
    Ok(best(&list_at(base, filter)?, words, filter))
}

fn best(shelved: &[Shelved], words: &str, filter: &Filter) -> Vec<Hit> {
    let texts: Vec<TokenisedText> = shelved.iter().map(|shelved| TokenisedText::of(&searched(shelved))).collect();
    let hits = search::search(&texts, words, filter.limit.unwrap_or(10));
    let hit = |hit: search::Hit| {
        let shelved = shelved[hit.text].clone();
        Hit { line: best_line(&shelved.bundle.body, words), score: hit.score, shelved }
    };
    hits.into_iter().map(hit).collect()
}

/// What a bundle is searched by: its name, task, tags and body.
pub(crate) fn searched(Shelved { bundle: Bundle { head, body }, .. }: &Shelved) -> String {
    let tags: Vec<&str> = head.tags.iter().map(Word::as_str).collect();
    format!("{} {} {}\n{body}", head.name, head.task, tags.join(" "))
}

/// The line of a text that `words` are about most, or its first one.
fn best_line(body: &str, words: &str) -> String {
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let texts: Vec<TokenisedText> = lines.iter().map(|line| TokenisedText::of(line)).collect();
    let best = search::search(&texts, words, 1).first().map_or(0, |hit| hit.text);
    lines.get(best).map(|line| (*line).to_owned()).unwrap_or_default()
}

/// The bundle that `wanted` means, and what is known of its use.
pub fn show(site: &Site, wanted: &str) -> Result<(Shelved, Reuse), EngineError> {
    let base = site.base()?;
    let shelved = find(&base, wanted)?;
    let reuse = Reuse::of(&base, &shelved.bundle.head.id)?;
    Ok((shelved, reuse))
}

/// The bundle that `wanted` means: the beginning of one id or of its UUID, or the newest one that has this name or is
/// of this task and phase, `ID-PHASE`.
pub(super) fn find(base: &Base<'_>, wanted: &str) -> Result<Shelved, EngineError> {
    refuse_empty_id("bundle", LIST, wanted)?;
    let written = WrittenId::new(wanted);
    let wanted = written.as_str();
    let files = files(base)?;
    let fits = written.select(&files, |file| &file.id);
    if let [file] = fits.as_slice() {
        return open(base, file)?.map_err(|Malformed { path, reason }| {
            EngineError::refused(format!("`{path}` is no well-formed bundle: {reason}"), "agentops check --all")
        });
    }
    let (mut names, mut malformed) = (Vec::new(), Vec::new());
    for file in &files {
        let shelved = match open(base, file)? {
            Ok(shelved) => shelved,
            Err(Malformed { path, .. }) => {
                malformed.push(format!("; `{path}` is no well-formed bundle"));
                continue;
            }
        };
        let BundleHead { name, task, phase, .. } = &shelved.bundle.head;
        let of_phase = (!phase.is_empty()).then(|| format!("{task}-{phase}"));
        if name.as_str() == wanted || of_phase.as_deref() == Some(wanted) {
            return Ok(shelved);
        }
        names.extend(of_phase);
        names.push(name.to_string());
    }
    if fits.len() > 1 {
        return Err(Filed::several("bundle", wanted, &fits));
    }
    let hint = match names.is_empty() {
        true => "there is none yet: agentops bundle save PATH".to_owned(),
        false => format!("{}; `{LIST}` lists them", near(wanted, names.iter().map(String::as_str))),
    };
    let hint = format!("{hint}{}", malformed.first().map_or("", String::as_str));
    Err(EngineError::NotFound { what: "bundle", name: wanted.to_owned(), hint })
}
