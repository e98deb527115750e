//! The bundle of the phase that `phase next` leaves, where the base's config asks for one: in the same commit.

use crate::engine::error::EngineError;
use crate::engine::knowledge::bundles::making::{self, Label, Material, Shortened};
use crate::engine::knowledge::bundles::shelf::Shelved;
use crate::engine::site::{Base, Site};
use crate::engine::writing::seal::Author;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::profile::Phase;
use crate::workflow::chain::Chain;

/// The documents of a phase, as they are committed.
pub(super) type Documents = [(RepoPath, Vec<u8>)];

/// What the command of the config made of the documents before any lock was taken, or why the phase is left without a bundle.
pub(super) type Made = Result<Shortened, String>;

/// What is known of the bundle when the commit is drafted.
#[derive(Clone, Copy)]
pub(super) enum Handover<'a> {
    /// Nothing is committed: the command of the config is spared.
    Rehearsed,
    /// What that command came to; nothing where this program makes bundles.
    Ahead(Option<&'a Made>),
}

/// What goes into the commit.
pub(super) enum Bundled {
    /// Nothing: none is wanted, or the phase has no documents.
    None,
    /// The bundle, and where it lies.
    Made(Box<Shelved>),
    /// A bundle is wanted and cannot be made: why, and how it is made by hand. No phase waits for it.
    LeftOut(String),
}

/// Whether a command makes the bundle: then it runs before any lock is taken.
pub(super) fn runs_a_command(base: &Base<'_>) -> bool {
    base.policy.config.bundles.at_phase_end && base.policy.config.bundles.command.is_some()
}

/// What the command of the config makes of the documents; nothing where there are none. It may take minutes.
pub(super) fn ahead(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    phase: &Phase,
    documents: &Documents,
) -> Result<Option<Made>, EngineError> {
    let made = materials(site, documents).and_then(|materials| match materials.is_empty() {
        true => Ok(None),
        false => making::shorten(site, base, &materials, making::kind_of(phase)).map(Some),
    });
    match made {
        Err(error) => left_out(chain, phase, error).map(|told| Some(Err(told))),
        Ok(made) => Ok(made.map(Ok)),
    }
}

/// The bundle of the phase, where one is wanted and can be made.
pub(super) fn draft(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    phase: &Phase,
    documents: &Documents,
    author: &Author<'_>,
    handover: Handover<'_>,
) -> Result<Bundled, EngineError> {
    if !base.policy.config.bundles.at_phase_end {
        return Ok(Bundled::None);
    }
    match make(site, base, chain, phase, documents, author, handover) {
        Ok(Some(Ok(made))) => Ok(Bundled::Made(Box::new(made))),
        Ok(Some(Err(told))) => Ok(Bundled::LeftOut(told)),
        Ok(None) => Ok(Bundled::None),
        Err(error) => left_out(chain, phase, error).map(Bundled::LeftOut),
    }
}

/// The bundle; nothing where the phase has no documents.
fn make(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    phase: &Phase,
    documents: &Documents,
    author: &Author<'_>,
    handover: Handover<'_>,
) -> Result<Option<Result<Shelved, String>>, EngineError> {
    let materials = materials(site, documents)?;
    if materials.is_empty() {
        return Ok(None);
    }
    let short = match (handover, &base.policy.config.bundles.command) {
        (Handover::Rehearsed, _) => return Ok(None),
        (_, None) => making::shorten(site, base, &materials, making::kind_of(phase))?,
        (Handover::Ahead(Some(Err(told))), Some(_)) => return Ok(Some(Err(told.clone()))),
        (Handover::Ahead(made), Some(_)) => {
            match made.and_then(|made| made.as_ref().ok()).filter(|made| made.is_of(&materials)) {
                Some(made) => made.clone(),
                None => {
                    return Err(EngineError::Conflict {
                        message: "the phase's documents changed while they were being shortened".into(),
                        hint: format!("run it again: agentops phase next {}", chain.task),
                    });
                }
            }
        }
    };
    let id = site.clock.new_record_id();
    let label = Label {
        id: id.clone(),
        at: author.at.clone(),
        profile: chain.profile.clone(),
        name: making::name_of_phase(&chain.task, &phase.name)?,
        actor: author.principal,
        place: Some((&chain.task, &phase.name)),
        tags: Vec::new(),
    };
    let bundle = making::bundle(base, label, short)?;
    Ok(Some(Ok(Shelved { bundle, path: layout::bundle(&chain.profile, &id) })))
}

/// Tells of a bundle that cannot be made of the documents as they are. Other failures end the step: they say nothing of the
/// documents.
fn left_out(chain: &Chain, phase: &Phase, error: EngineError) -> Result<String, EngineError> {
    let by_hand = |paths: &str| format!("agentops bundle save {paths}--task {} --phase {}", chain.task, phase.name);
    let mended = match &error {
        EngineError::Budget { .. } => format!("to make one of less: {}", by_hand("PATH… ")),
        EngineError::Refused { .. } | EngineError::MissingTool { .. } | EngineError::Form(_) | EngineError::Name(_) => {
            format!("to make it when that is mended: {}", by_hand(""))
        }
        _ => return Err(error),
    };
    Ok(format!("phase `{}` is left without its bundle: {error}; {mended}", phase.name))
}

/// The documents that say something to whoever goes on.
fn materials(site: &Site, documents: &Documents) -> Result<Vec<Material>, EngineError> {
    let texts = documents.iter().filter(|(path, _)| making::is_carried(path));
    let materials = texts.map(|(path, bytes)| Material::of(site, path, bytes)).collect::<Result<Vec<_>, _>>()?;
    Ok(materials.into_iter().filter(|material| !material.is_empty()).collect())
}
