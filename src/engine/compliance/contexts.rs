//! How full the contexts of sessions were: what their records measured, and how many measured nothing.

use std::collections::BTreeMap;

use super::Since;
use crate::engine::error::EngineError;
use crate::engine::knowledge::filed;
use crate::engine::site::{Base, Site};
use crate::model::measured::{Band, Share};
use crate::model::name::ProfileName;
use crate::model::record::Session;
use crate::model::tree::TreeView as _;

/// The sessions on record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contexts {
    /// All of them.
    pub sessions: usize,
    /// Those whose usage was measured.
    pub measured: usize,
    /// Contexts that did not last.
    pub collapses: usize,
    /// By profile and phase, where a session measured a share. No phase is empty text.
    pub phases: BTreeMap<(ProfileName, String), PhaseContexts>,
}

/// The fullest contexts of the sessions in one phase. The limits are those that ruled when each session ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhaseContexts {
    /// Sessions up to the first limit.
    pub green: usize,
    /// Up to the second.
    pub yellow: usize,
    /// Above it.
    pub red: usize,
    /// The highest share.
    pub highest: Option<Share>,
}

/// Counts the records at HEAD, from `since` on.
pub(super) fn of_sessions(site: &Site, base: &Base<'_>, since: Option<&Since>) -> Result<Contexts, EngineError> {
    let before = match since {
        Some(Since::Commit(id)) => Some(site.repo.tree(&site.repo.tree_of(id)?)),
        _ => None,
    };
    let mut found = Contexts::default();
    for file in filed::list::<Session>(base, None)? {
        let is_older = before.as_ref().map(|tree| tree.entry(&file.path)).transpose()?.flatten().is_some();
        let Some(record) = file.open(base)?.filter(|_| !is_older) else { continue };
        if matches!(since, Some(Since::Day(day)) if record.ended.date() < *day) {
            continue;
        }
        found.sessions += 1;
        found.measured += usize::from(record.usage == "measured");
        found.collapses += record.collapses.len();
        for peak in record.peaks {
            let Some(share) = peak.share() else { continue };
            let own = found.phases.entry((record.profile.clone(), peak.phase)).or_default();
            match share.band() {
                Band::Green => own.green += 1,
                Band::Yellow => own.yellow += 1,
                Band::Red => own.red += 1,
            }
            own.highest = own.highest.into_iter().chain([share]).max_by_key(Share::tenths);
        }
    }
    Ok(found)
}
