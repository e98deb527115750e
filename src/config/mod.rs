//! Strict readers of `format.toml`, `config.toml`, profiles and agents; the built-in profiles.
//!
//! Pure: everything is read through a [`TreeView`] or from text, and nothing is written here. A reader tells all
//! problems at once, each with file, line, column and remedy. Called by `engine`; the laws see only what comes out.

pub mod builtin;

mod agent_file;
mod config_toml;
mod default_config;
mod format_toml;
mod lineage;
mod new_profile;
mod number;
mod phases_toml;
mod problem;
mod profile_folder;
mod profile_toml;
mod risk_toml;
mod secrets_toml;
mod set_command;
mod signers;
mod strict;
mod values;

use lineage::Lineage;
use strict::Source;

pub use config_toml::{can_be_protected, defaults};
pub use default_config::default_config;
pub use format_toml::{default_format, project_of};
pub use new_profile::new_profile;
pub use number::{number, set_number};
pub use problem::{PolicyError, Problem};
pub use profile_folder::{ProfileReport, agents, validate_profile};
pub use set_command::{set_command, set_takes_paths};

use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;
use crate::model::policy::{Policy, SIGNATURES_SINCE};
use crate::model::profile::Profile;
use crate::model::tree::{Mode, SightError, TreeView};
use crate::model::trust::Signers;

/// Everything that rules a step from `tree`: format, config and all profiles.
///
/// # Errors
///
/// [`PolicyError::Absent`] without `.agentops`, [`PolicyError::TooNew`] where this program is too old, otherwise all
/// problems of all these files.
pub fn read_policy(tree: &dyn TreeView) -> Result<Policy, PolicyError> {
    read_with(tree, Lineage::new(tree), Care::Fresh)
}

/// As [`read_policy`], for a step that changes nothing below `.agentops`: what is there settled when it came in. With
/// [`Profile::templates`] left empty, for no gate is judged, and without a look at the expressions of rules about secrets,
/// which are compiled when they are wanted. These two are the larger part of the work.
///
/// # Errors
///
/// As [`read_policy`].
pub fn read_settled_policy(tree: &dyn TreeView) -> Result<Policy, PolicyError> {
    read_with(tree, Lineage::without_templates(tree), Care::Settled)
}

/// How closely files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// They may have come in just now.
    Fresh,
    /// They were looked at when they came in.
    Settled,
}

fn read_with(tree: &dyn TreeView, mut lineage: Lineage<'_>, care: Care) -> Result<Policy, PolicyError> {
    let root = RepoPath::from(layout::ROOT);
    match tree.entry(&root)?.map(|entry| entry.mode) {
        None => return Err(PolicyError::Absent),
        Some(Mode::Tree) => {}
        Some(_) => {
            let fix = "remove it and run `agentops init`, or restore the folder from history";
            return Err(PolicyError::Problems(vec![Problem::of_file(root, "`.agentops` is not a folder.", fix)]));
        }
    }
    let mut problems = Vec::new();
    let format_source = Source::read(tree, &layout::FORMAT.into())?.unwrap_or_else(|| missing(layout::FORMAT));
    let format = format_toml::read(&format_source)?;
    let config_source = Source::read(tree, &layout::CONFIG.into())?.unwrap_or_else(|| missing(layout::CONFIG));
    let file = config_toml::read(&config_source);

    let signers_source =
        Source::read(tree, &layout::SIGNERS.into())?.unwrap_or_else(|| Source::new(layout::SIGNERS.into(), ""));
    let verifies = format.as_ref().is_some_and(|format| format.laws >= SIGNATURES_SINCE);
    let signers = if verifies { signers::read(&signers_source, &file.config) } else { Signers::default() };

    let has_secrets = format.as_ref().is_some_and(|format| format.laws >= LawId::S1.edition());
    let secrets_source = if has_secrets { Source::read(tree, &layout::SECRETS.into())? } else { None };
    let secrets = secrets_source.as_ref().map(|source| secrets_toml::read(source, care)).unwrap_or_default();
    if let (true, Care::Fresh, Some(format)) = (has_secrets, care, &format) {
        problems.extend(secrets_toml::baseline_problems(tree, &format.project)?);
    }
    if !verifies && !file.config.risks.is_empty() {
        let message = "classes of risk (`[[gates.risk]]`) are judged from edition 2 of the laws on.";
        config_source.report(0, message, "set `laws = 2` in `.agentops/format.toml` first, by an amend of its own");
    }
    let names = lineage.names()?;
    let mut policy_profiles = std::collections::BTreeMap::new();
    for name in &names {
        let resolved = lineage.resolve(name)?;
        for (law, level) in &resolved.laws {
            let general = file.config.laws.get(law).copied().unwrap_or_else(|| law.default_level());
            if level.value < general {
                let message = format!("the profile lowers {law}, which `config.toml` sets to `error`.");
                level.spot.report(message, "write `error`, or remove the line: a profile may only raise a level");
            }
        }
        policy_profiles.extend(resolved.profile.map(|profile| (name.clone(), profile)));
    }
    for at in file.actor_profiles.iter().filter(|at| !names.contains(&at.value)) {
        let (message, fix) = lineage::absent(&at.value, &names);
        at.spot.report(message, fix);
    }
    problems.extend(format_source.take_problems());
    problems.extend(config_source.take_problems());
    problems.extend(signers_source.take_problems());
    problems.extend(secrets_source.iter().flat_map(|source| source.take_problems()));
    problems.extend(lineage.into_problems());
    match (format, sorted(problems)) {
        (Some(format), problems) if problems.is_empty() => {
            Ok(Policy { format, config: file.config, signers, profiles: policy_profiles, secrets })
        }
        (_, problems) => Err(PolicyError::Problems(problems)),
    }
}

/// One profile with its parents merged in. Levels of laws are not compared with the config.
///
/// # Errors
///
/// All problems of the profile's and its parents' `profile.toml`; a profile that is not there is a problem too.
pub fn read_profile(tree: &dyn TreeView, name: &ProfileName) -> Result<Profile, PolicyError> {
    let mut lineage = Lineage::new(tree);
    let resolved = lineage.resolve(name)?;
    let problems = sorted(lineage.into_problems());
    match resolved.profile {
        Some(profile) if problems.is_empty() => Ok(profile),
        _ => Err(PolicyError::Problems(problems)),
    }
}

/// Whether laws rule what follows `tree`: it holds the format file.
pub fn is_governed(tree: &dyn TreeView) -> Result<bool, SightError> {
    Ok(tree.entry(&layout::FORMAT.into())?.is_some())
}

/// The place and the bytes of the template `file` of a profile, from its own folder or from a parent's.
///
/// # Errors
///
/// As [`read_profile`]; `Ok(None)` where nobody has the file.
pub fn template(
    tree: &dyn TreeView,
    name: &ProfileName,
    file: &str,
) -> Result<Option<(RepoPath, Vec<u8>)>, PolicyError> {
    let mut lineage = Lineage::new(tree);
    let found = lineage.template(name, file)?;
    let problems = sorted(lineage.into_problems());
    if problems.is_empty() { Ok(found) } else { Err(PolicyError::Problems(problems)) }
}

fn missing(path: &str) -> std::rc::Rc<Source> {
    let source = Source::new(path.into(), "");
    source.report(0, "the file is missing.", format!("restore it from history: `git log -- {path}` shows it"));
    source
}

/// In the order of the files, each problem once.
fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort();
    problems.dedup();
    problems
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
