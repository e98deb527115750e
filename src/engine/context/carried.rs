//! What others found out: context bundles of this task and of other work, learnings of any profile.

use std::collections::BTreeSet;

use super::item::{About, Body, Candidate, Form};
use super::page::{readable, span};
use super::recipe::Kind;
use super::scene::Scene;
use crate::engine::error::EngineError;
use crate::engine::knowledge::bundles::load::injected;
use crate::engine::knowledge::bundles::shelf::{self, Filter, Shelved};
use crate::engine::knowledge::corpus::Memory;
use crate::engine::knowledge::likeness::Words;
use crate::engine::knowledge::offer::{is_about, nearest};
use crate::engine::knowledge::search::{Found, Link};

/// Bundles of other work at most.
const RELATED: usize = 3;
/// The best hits that these are taken from. The task's own bundles have its name and come first, so it is more than a few.
const LOOKED_AT: usize = 64;
/// Learnings at most.
const LEARNINGS: usize = 5;
/// Learnings linked to one that are told with it, at most.
const LINKED: usize = 3;

/// The newest bundle of each phase of this task.
pub(super) fn bundles(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let filter = Filter { task: Some(scene.chain.task.to_string()), ..Filter::default() };
    let mut phases = BTreeSet::new();
    let mut found = Vec::new();
    for shelved in shelf::list_at(scene.base, &filter)? {
        let phase = shelved.bundle.head.phase.clone();
        if phases.insert(phase.clone()) {
            let of = if phase.is_empty() { String::new() } else { format!(" of its phase `{phase}`") };
            found.push(bundle(scene, Kind::Bundle, &shelved, format!("The newest bundle{of} for this task."))?);
        }
    }
    Ok(found)
}

/// Bundles of other work that have words of the title.
pub(super) fn related(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let words = Words::of(&scene.state.title);
    let mut found = Vec::new();
    let filter = Filter { limit: Some(LOOKED_AT), ..Filter::default() };
    for hit in shelf::search_at(scene.base, &scene.state.title, &filter)? {
        let head = &hit.shelved.bundle.head;
        let is_near = is_about(&words, &format!("{} {}", head.name, hit.shelved.bundle.body));
        if head.task != scene.chain.task.as_str() && is_near && found.len() < RELATED {
            let reason = format!("It is of `{}` and has words of this task's title.", head.profile);
            found.push(bundle(scene, Kind::Related, &hit.shelved, reason)?);
        }
    }
    Ok(found)
}

fn bundle(scene: &Scene<'_>, kind: Kind, shelved: &Shelved, reason: String) -> Result<Candidate, EngineError> {
    let head = &shelved.bundle.head;
    let about = About {
        kind,
        title: format!("Bundle `{}` ({})", head.id, head.name),
        source: format!("bundle {}", head.id),
        reason,
        command: format!("agentops bundle show {}", head.id),
    };
    let text = injected(scene.base, &mut scene.places.borrow_mut(), shelved)?;
    let body = match readable(text.as_bytes()) {
        Some(text) => Body::Part { form: Form::Whole, text, language: "markdown".into(), of: Some(head.tokens_before) },
        None => Body::Unreadable("is no text".into()),
    };
    Ok(Candidate { about, body, made_of: head.sources.iter().map(|source| source.blob).collect() })
}

/// The nearest learnings. What this clone keeps of learnings is not asked: it may know more than the commit says.
pub(super) fn learnings(scene: &Scene<'_>) -> Result<Vec<Candidate>, EngineError> {
    let found = nearest(scene.site, scene.base, &scene.state.title, LEARNINGS, Memory::Nothing)?;
    Ok(found.iter().map(learning).collect())
}

fn learning(found: &Found) -> Candidate {
    let learning = &found.learning;
    let mut text = format!("{}\n", learning.pattern);
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("{what}: {value}\n"));
        }
    };
    line("application", &learning.application);
    line("evidence", &learning.evidence.join(", "));
    let more = found.linked.len().saturating_sub(LINKED);
    for linked in found.linked.iter().take(LINKED) {
        let what = match linked.link {
            Link::Near => "near",
            Link::Superseded => "replaces",
        };
        line(what, &format!("learning:{}: {}", linked.learning.id, linked.learning.pattern));
    }
    if more > 0 {
        line("and", &format!("{more} more that are near it or that it replaces"));
    }
    let id = &learning.id;
    let mut reason = format!(
        "It is of {} and has words of this task's title; where it serves, cite it as `learning:{id}`.",
        span(learning.profile.as_str())
    );
    // Whether it still holds says agentops, and not the learning: so it stands before what is quoted.
    for aged in &found.aged {
        reason.push_str(&format!(" Its evidence {}.", aged.told(span)));
    }
    if !found.superseded_by.is_empty() {
        let newer: Vec<String> = found.superseded_by.iter().map(|id| format!("`learning:{id}`")).collect();
        reason.push_str(&format!(" It was replaced by {}.", newer.join(", ")));
    }
    let body = match readable(text.as_bytes()) {
        Some(text) => Body::Part { form: Form::Whole, text, language: "text".into(), of: None },
        None => Body::Unreadable("is no text".into()),
    };
    Candidate {
        about: About {
            kind: Kind::Learning,
            title: format!("Learning `{id}`"),
            source: format!("learning {id}"),
            reason,
            command: format!("agentops learn show {id}"),
        },
        body,
        made_of: Vec::new(),
    }
}
