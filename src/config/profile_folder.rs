//! A profile's whole folder: agents, standards, workflows and templates besides `profile.toml`.

use std::rc::Rc;

use super::lineage::Lineage;
use super::problem::{PolicyError, Problem};
use super::strict::Source;
use super::{agent_file, sorted};
use crate::model::layout;
use crate::model::name::{ProfileName, Word};
use crate::model::path::RepoPath;
use crate::model::profile::{Agent, Profile};
use crate::model::tree::{Mode, SightError, TreeView};

/// Most files in one folder of a profile.
const MAX_FILES: usize = 500;

/// What a valid profile consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileReport {
    /// The profile, merged with its parents.
    pub profile: Profile,
    /// Its own agents, by name.
    pub agents: Vec<Agent>,
    /// Its own standards.
    pub standards: Vec<RepoPath>,
    /// Its own workflows.
    pub workflows: Vec<RepoPath>,
    /// What is allowed and yet worth knowing, each a sentence.
    pub notes: Vec<String>,
}

/// The agents of a profile's own folder, by name; none where it has no `agents/`.
///
/// # Errors
///
/// All problems of the agents' files.
pub fn agents(tree: &dyn TreeView, name: &ProfileName) -> Result<Vec<Agent>, PolicyError> {
    let mut problems = Vec::new();
    let agents = read_agents(tree, name, &mut problems)?;
    if problems.is_empty() { Ok(agents) } else { Err(PolicyError::Problems(sorted(problems))) }
}

/// Reads everything that makes up a profile.
///
/// # Errors
///
/// All problems of `profile.toml`, its parents, agents, standards, workflows and templates.
pub fn validate_profile(tree: &dyn TreeView, name: &ProfileName) -> Result<ProfileReport, PolicyError> {
    let mut lineage = Lineage::new(tree);
    let resolved = lineage.resolve(name)?;
    let mut problems = lineage.into_problems();
    let agents = read_agents(tree, name, &mut problems)?;
    let mut paths = |folder: &str| -> Result<Vec<RepoPath>, SightError> {
        let sources = read_texts(tree, name, folder, &mut problems)?;
        for source in &sources {
            if source.text().trim().is_empty() && !source.has_problems() {
                source.report(0, "the file is empty.", "write it, or remove it");
            }
            problems.extend(source.take_problems());
        }
        Ok(sources.iter().map(|source| source.path().clone()).collect())
    };
    let (standards, workflows, templates) = (paths("standards")?, paths("workflows")?, paths("templates")?);
    match resolved.profile {
        Some(profile) if problems.is_empty() => {
            let notes = notes(&profile, &agents, &templates);
            Ok(ProfileReport { profile, agents, standards, workflows, notes })
        }
        _ => Err(PolicyError::Problems(sorted(problems))),
    }
}

fn notes(profile: &Profile, agents: &[Agent], templates: &[RepoPath]) -> Vec<String> {
    let unsaid = profile.commands.iter().filter(|(_, command)| command.run.is_empty()).map(|(name, _)| {
        format!("`[commands.{name}]` has no program yet: gates that want it cannot pass until `run` is filled in.")
    });
    let unused = templates
        .iter()
        .filter(|path| std::str::from_utf8(path.file_name()).is_ok_and(|name| !profile.templates.contains_key(name)))
        .map(|path| format!("No artifact uses the template `{path}`."));
    let unmanned = agents.is_empty().then(|| "The profile has no agents of its own.".to_owned());
    unsaid.chain(unused).chain(unmanned).collect()
}

fn read_agents(tree: &dyn TreeView, name: &ProfileName, problems: &mut Vec<Problem>) -> Result<Vec<Agent>, SightError> {
    let mut agents = Vec::new();
    for source in read_texts(tree, name, "agents", problems)? {
        let file = String::from_utf8_lossy(source.path().file_name()).into_owned();
        match file.strip_suffix(".md").map(Word::parse) {
            Some(Ok(stem)) => agents.extend(agent_file::read(&source, stem)),
            _ => {
                source.report(0, "this is not the file of an agent.", "name it `<agent>.md` in a-z, 0-9, `_` and `-`");
            }
        }
        problems.extend(source.take_problems());
    }
    agents.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(agents)
}

/// The files directly in a folder of the profile. What is no file, or has a name that some disks cannot keep apart,
/// is a problem.
fn read_texts(
    tree: &dyn TreeView,
    name: &ProfileName,
    folder: &str,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Rc<Source>>, SightError> {
    let folder = RepoPath::from(format!("{}/{folder}", layout::namespace(name)));
    let entries = tree.list(&folder)?;
    if entries.len() > MAX_FILES {
        let message = format!("the folder has {} entries; at most {MAX_FILES} are read.", entries.len());
        problems.push(Problem::of_file(folder, message, "remove some"));
        return Ok(Vec::new());
    }
    let mut sources = Vec::new();
    for entry in entries {
        let path = folder.join(&entry.name);
        let plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if entry.mode == Mode::Tree || !entry.name.iter().all(plain) {
            let fix = "keep plain files here, named in a-z, 0-9, `.`, `_` and `-`";
            problems.push(Problem::of_file(path, "this entry does not belong here.", fix));
        } else {
            sources.extend(Source::read(tree, &path)?);
        }
    }
    Ok(sources)
}
