//! The bundle of the phase that `phase next` leaves, where the base's config asks for one: in the same commit.

use crate::engine::error::EngineError;
use crate::engine::knowledge::bundles::making::{self, Label, Material, Shortened};
use crate::engine::site::{Base, Site};
use crate::engine::writing::seal::Author;
use crate::engine::writing::transact::FileEdit;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::profile::Phase;
use crate::workflow::chain::Chain;

/// The documents of a phase, as they are committed.
pub(super) type Documents = [(RepoPath, Vec<u8>)];

/// What is known of the bundle when the commit is drafted.
#[derive(Clone, Copy)]
pub(super) enum Handover<'a> {
    /// Nothing is committed: the command of the config is spared.
    Rehearsed,
    /// What that command made before any lock was taken; nothing where this program makes bundles.
    Ahead(Option<&'a Shortened>),
}

/// Whether a command makes the bundle: then it runs before any lock is taken.
pub(super) fn runs_a_command(base: &Base<'_>) -> bool {
    base.policy.config.bundles.at_phase_end && base.policy.config.bundles.command.is_some()
}

/// What the command of the config makes of the documents; nothing where there are none. It may take minutes.
pub(super) fn ahead(
    site: &Site,
    base: &Base<'_>,
    phase: &Phase,
    documents: &Documents,
) -> Result<Option<Shortened>, EngineError> {
    let materials = materials(site, documents)?;
    if materials.is_empty() {
        return Ok(None);
    }
    making::shorten(site, base, &materials, making::kind_of(phase)).map(Some)
}

/// The file of the bundle; nothing where none is wanted, or where the phase has no documents.
pub(super) fn draft(
    site: &Site,
    base: &Base<'_>,
    chain: &Chain,
    phase: &Phase,
    documents: &Documents,
    author: &Author<'_>,
    handover: Handover<'_>,
) -> Result<Option<FileEdit>, EngineError> {
    let rules = &base.policy.config.bundles;
    let materials = if rules.at_phase_end { materials(site, documents)? } else { Vec::new() };
    if materials.is_empty() {
        return Ok(None);
    }
    let short = match (handover, &rules.command) {
        (Handover::Rehearsed, Some(_)) => return Ok(None),
        (_, None) => making::shorten(site, base, &materials, making::kind_of(phase))?,
        (Handover::Ahead(made), Some(_)) => match made.filter(|made| made.is_of(&materials)) {
            Some(made) => made.clone(),
            None => {
                return Err(EngineError::Conflict {
                    message: "the phase's documents changed while they were being shortened".into(),
                    hint: format!("run it again: agentops phase next {}", chain.task),
                });
            }
        },
    };
    let id = site.clock.new_record_id();
    let label = Label {
        id: id.clone(),
        at: author.at.clone(),
        profile: chain.profile.clone(),
        name: making::name_of(chain.task.as_str(), phase.name.as_str())?,
        actor: author.principal,
        place: Some((&chain.task, &phase.name)),
        tags: Vec::new(),
    };
    let bundle = making::bundle(base, label, short)?;
    Ok(Some((layout::bundle(&chain.profile, &id), Some(bundle.print().into_bytes()))))
}

/// What is written for people; promises and the like are read by programs from where they lie.
fn materials(site: &Site, documents: &Documents) -> Result<Vec<Material>, EngineError> {
    let texts = documents.iter().filter(|(path, _)| making::is_prose(path));
    let materials = texts.map(|(path, bytes)| Material::of(site, path, bytes)).collect::<Result<Vec<_>, _>>()?;
    Ok(materials.into_iter().filter(|material| !material.is_empty()).collect())
}
