//! A bundle made of texts: shortened, held against what must be kept, and written down with what it was made of.
//!
//! What shortens is this program or the command that the config names; the gate is the same.

use super::compressor;
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::bundle::{BUNDLE_TOKENS, Bundle, BundleHead, BundleSource, BundleType, ratio};
use crate::model::digest::ObjectId;
use crate::model::escape::is_hidden;
use crate::model::name::{PhaseName, Principal, ProfileName, RecordId, TaskId, Word};
use crate::model::path::RepoPath;
use crate::model::profile::Phase;
use crate::model::state::Stage;
use crate::model::time::Timestamp;
use crate::model::tree::MAX_STATE_FILE;
use crate::text::compress::{Unfit, compress};
use crate::text::units::{Reading, Source, toml_title};
use crate::text::{fidelity, tokens};

/// Shorter than this nothing is made, whatever the ratio: a small text is no burden.
const SMALL: usize = 120;
/// The ratio that is aimed at: some of it goes to what must be kept.
const AIM: usize = crate::model::bundle::WANTED_RATIO;
/// So many facts are named where more are lost.
const NAMED: usize = 12;

/// A text that a bundle is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Material {
    path: RepoPath,
    blob: ObjectId,
    text: String,
}

impl Material {
    /// A file's bytes, as git names them. What nobody sees of them is left out.
    pub(crate) fn of(site: &Site, path: &RepoPath, bytes: &[u8]) -> Result<Self, EngineError> {
        let text = readable(bytes).ok_or_else(|| {
            EngineError::refused(
                format!("`{path}` is not UTF-8: it cannot be shortened"),
                "name a text, such as Markdown",
            )
        })?;
        if path.as_str().is_none() {
            return Err(EngineError::refused(format!("the name of `{path}` is not UTF-8"), "rename the file"));
        }
        Ok(Self { path: path.clone(), blob: site.repo.blob_id(bytes)?, text })
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Whether a file is written for people, in Markdown or without any form.
pub(crate) fn is_prose(path: &RepoPath) -> bool {
    let name = path.as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_none_or(|ending| ["md", "markdown", "mdx", "txt"].contains(&ending.as_str()))
}

/// Whether a document of a phase belongs into the phase's bundle: what is written for people, and what is promised.
pub(crate) fn is_carried(path: &RepoPath) -> bool {
    is_prose(path) || path.as_str().is_some_and(|path| toml_title(path).is_some())
}

/// A file's text without what nobody sees; `None` where it is none.
pub(super) fn readable(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_hidden(*c)).collect())
}

/// A shorter text that has passed the gate, and of what it was made.
#[derive(Debug, Clone)]
pub(crate) struct Shortened {
    sources: Vec<BundleSource>,
    kind: BundleType,
    body: String,
    compressor: Word,
    before: usize,
    after: usize,
    /// Facts that had to be kept, each counted once.
    pub(crate) facts: usize,
}

impl Shortened {
    /// Whether it was made of exactly these texts.
    pub(crate) fn is_of(&self, materials: &[Material]) -> bool {
        self.sources == sources(materials)
    }
}

fn sources(materials: &[Material]) -> Vec<BundleSource> {
    let source = |material: &Material| BundleSource { path: material.path.to_string(), blob: material.blob };
    materials.iter().map(source).collect()
}

/// Shortens texts, by the command of the base's config where it names one, and holds the result against them.
///
/// Errors: `Refused` where what must be kept does not fit, or where a fact was lost; it is named.
pub(crate) fn shorten(
    site: &Site,
    base: &Base<'_>,
    materials: &[Material],
    kind: BundleType,
) -> Result<Shortened, EngineError> {
    if materials.iter().all(Material::is_empty) {
        return Err(EngineError::refused("there is nothing to shorten: the sources are empty", "name other sources"));
    }
    let names: Vec<String> = materials.iter().map(|material| material.path.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let texts: Vec<Source<'_>> =
        materials.iter().zip(&names).map(|(material, name)| Source { name, text: &material.text }).collect();
    let reading = Reading::of(&texts, kind);
    let before: usize = materials.iter().map(|material| tokens::count(&material.text)).sum();
    let limit = BUNDLE_TOKENS as usize - reserved(materials);
    let wanted = (before / AIM).max(SMALL).min(limit);
    let (body, made_by) = match &base.policy.config.bundles.command {
        Some(command) => (compressor::run(site, command, &texts, kind, wanted)?, "command"),
        None if reading.units.is_empty() => {
            return Err(EngineError::refused(
                "there is nothing to shorten: nothing in the sources says anything that could be kept",
                "name sources that say more",
            ));
        }
        None => match compress(&reading, &names, wanted, limit) {
            Ok(short) => (short.body, "extractive"),
            Err(unfit) => return Err(unfit_error(&reading, &names, &unfit, limit)),
        },
    };
    let after = tokens::count(&body);
    if after > limit {
        return Err(EngineError::Budget {
            message: format!(
                "the command of the config gave {after} tokens; with its front matter a bundle may take {BUNDLE_TOKENS}"
            ),
            hint: format!("it is told in AGENTOPS_BUNDLE_TOKENS how many are wanted: {wanted}"),
        });
    }
    let lost = fidelity::lost(&reading, &body);
    if !lost.is_empty() {
        let told: Vec<String> = lost
            .iter()
            .take(NAMED)
            .map(|fact| {
                let (source, line) = reading.place(fact);
                format!("the {} `{}` ({}:{line})", fact.kind.noun(), fact.text, names[source])
            })
            .collect();
        let more = lost.len().checked_sub(NAMED).filter(|more| *more > 0);
        let more = more.map(|more| format!(", and {more} more")).unwrap_or_default();
        return Err(EngineError::refused(
            format!("the bundle would lose {} that must be kept: {}{more}", count(lost.len(), "fact"), told.join(", ")),
            "nothing was written; the text must hold these as the source spells them (docs/bundles.md says what must be kept)",
        ));
    }
    let mut distinct: Vec<&str> = reading.facts.iter().map(|fact| fact.text.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    Ok(Shortened {
        sources: sources(materials),
        kind,
        body,
        compressor: Word::parse(made_by)?,
        before,
        after,
        facts: distinct.len(),
    })
}

/// So many of something, in words.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Tokens that the front matter may take.
fn reserved(materials: &[Material]) -> usize {
    // An object id has about as many tokens as digits over two; the rest is room for names and tags.
    400 + materials.iter().map(|material| tokens::count(&material.path.to_string()) + 60).sum::<usize>().min(6_000)
}

fn unfit_error(reading: &Reading, names: &[&str], unfit: &Unfit, limit: usize) -> EngineError {
    match unfit {
        Unfit::Facts { tokens, left_out } => {
            let first = left_out.first().map(|fact| {
                let (source, line) = reading.place(fact);
                let noun = fact.kind.noun();
                format!("; the first one without room is the {noun} `{}` ({}:{line})", fact.text, names[source])
            });
            EngineError::Budget {
                message: format!(
                    "what must be kept takes {tokens} tokens, and there is room for {limit}{}",
                    first.unwrap_or_default()
                ),
                hint: "save fewer or shorter sources: a bundle for each of them".into(),
            }
        }
        Unfit::Unit { unit, tokens } => {
            let unit = &reading.units[*unit];
            let source = reading.sections[unit.section].source;
            EngineError::Budget {
                message: format!(
                    "the block at {}:{} has nothing at which it can be cut; it takes {tokens} tokens, and there is room for {limit}",
                    names[source], unit.line
                ),
                hint: "break it into sentences, words or lines, and commit that; or save other sources".into(),
            }
        }
    }
}

/// What a bundle is told besides its text.
pub(crate) struct Label<'a> {
    pub(crate) id: RecordId,
    pub(crate) at: Timestamp,
    pub(crate) profile: ProfileName,
    pub(crate) name: Word,
    pub(crate) actor: &'a Principal,
    pub(crate) place: Option<(&'a TaskId, &'a PhaseName)>,
    pub(crate) tags: Vec<Word>,
}

/// The bundle of a text that has passed the gate.
pub(crate) fn bundle(base: &Base<'_>, label: Label<'_>, short: Shortened) -> Result<Bundle, EngineError> {
    let mut tags = label.tags;
    tags.sort_unstable();
    tags.dedup();
    let bundle = Bundle {
        head: BundleHead {
            v: 1,
            project: base.policy.format.project.clone(),
            id: label.id,
            profile: label.profile,
            name: label.name,
            kind: short.kind,
            actor: label.actor.clone(),
            at: label.at,
            task: label.place.map(|(task, _)| task.to_string()).unwrap_or_default(),
            phase: label.place.map(|(_, phase)| phase.to_string()).unwrap_or_default(),
            compressor: short.compressor,
            estimator: Word::parse(tokens::ESTIMATOR)?,
            tokens_before: short.before.max(1),
            tokens_after: short.after.max(1),
            ratio: ratio(short.before.max(1), short.after.max(1)),
            tags,
            sources: short.sources,
        },
        body: short.body,
    };
    bundle.validate()?;
    let printed = bundle.print();
    let (taken, allowed) = (tokens::count(&printed), BUNDLE_TOKENS as usize);
    if taken > allowed || printed.len() as u64 > MAX_STATE_FILE {
        return Err(EngineError::Budget {
            message: format!(
                "the bundle takes {taken} tokens and {} bytes; it may take {allowed} and {MAX_STATE_FILE}",
                printed.len()
            ),
            hint: "save fewer or shorter sources: a bundle for each of them".into(),
        });
    }
    Ok(bundle)
}

/// What a bundle of a phase carries over.
pub(crate) fn kind_of(phase: &Phase) -> BundleType {
    match phase.stage {
        Stage::Research => BundleType::Research,
        Stage::Plan => BundleType::Plan,
        Stage::Implement | Stage::Post => BundleType::Progress,
    }
}

/// A name made of a task and one of its phases. Where it does not hold the whole id, it holds the digits at its end, which no other
/// task has.
pub(crate) fn name_of_phase(task: &TaskId, phase: &PhaseName) -> Result<Word, EngineError> {
    let (slug, digits) = task.as_str().rsplit_once('-').unwrap_or((task.as_str(), ""));
    name_of(slug, &format!("{digits}-{phase}"))
}

/// A name made of a text: its letters and digits, joined by hyphens, as much as a name may hold before `ending`.
pub(crate) fn name_of(text: &str, ending: &str) -> Result<Word, EngineError> {
    let ending = if ending.is_empty() { String::new() } else { format!("-{ending}") };
    let room = 32 - ending.len().min(24);
    let mut name = String::new();
    for c in text.chars() {
        match c {
            _ if name.len() >= room => break,
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
    }
    let name = name.trim_end_matches('-');
    let name = if name.is_empty() { "bundle" } else { name };
    Ok(Word::parse(&format!("{name}{ending}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_anything() {
        for (text, ending, name) in
            [("Design Notes", "", "design-notes"), ("日本", "", "bundle"), ("_x__y_", "plan", "x-y-plan")]
        {
            assert_eq!(name_of(text, ending).unwrap().as_str(), name);
        }
        for (task, phase, name) in [
            ("auth-k3f9", "research", "auth-k3f9-research"),
            ("greet-people-by-their-name-rneg", "research", "greet-people-by-th-rneg-research"),
            ("greet-people-by-their-name-rneg", "spec", "greet-people-by-their-rneg-spec"),
            ("greet-people-by-their-name-rneg", "abcdefghijklmnop", "greet-peop-rneg-abcdefghijklmnop"),
        ] {
            let (task, phase) = (TaskId::parse(task).unwrap(), PhaseName::parse(phase).unwrap());
            assert_eq!(name_of_phase(&task, &phase).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        assert_eq!(readable("a\r\nb\u{200b}c\u{202e}\td".as_bytes()).unwrap(), "a\nbc\td");
        assert_eq!(readable(b"\xff"), None);
    }
}
