//! Learnings found by words: the best first, those near one another or replaced by one another shown as one.

use std::collections::BTreeMap;

pub use super::ageing::{Aged, Change};
use super::ageing::{Ageing, Origin};
use super::corpus::{Corpus, Memory};
use super::likeness::{Words, refuse_no_words};
use super::replacing::{newer, newest};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::citation::Cited;
use crate::model::digest::ObjectId;
use crate::model::name::{ProfileName, RecordId, Word};
use crate::model::record::Learning;
use crate::model::tree::TreeView as _;
use crate::text::search::search as best;

/// What is left of the score of a learning whose cited lines changed: it may hold still, and somebody should look.
const AGED: f32 = 0.5;

/// So many more than twice as many as are wanted are looked at.
const SPARE: usize = 8;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Words of the pattern, the application, the evidence or the tags, in any order and form.
    pub words: String,
    /// Only this profile; all where left out.
    pub profile: Option<String>,
    /// Only learnings with this tag.
    pub tag: Option<String>,
    /// At most so many, the linked ones not counted.
    pub limit: usize,
}

/// A learning that fits.
#[derive(Debug, Clone)]
pub struct Found {
    /// The learning.
    pub learning: Learning,
    /// How well it fits: comparable within one search only.
    pub score: f32,
    /// Its evidence that is not as it was, or not where it was. Where some of it changed or is gone, the score is halved.
    pub aged: Vec<Aged>,
    /// The newest of the learnings that replace it: it then stands behind all that nothing replaces.
    pub superseded_by: Vec<RecordId>,
    /// Further ones that fit and are shown with it.
    pub linked: Vec<Linked>,
}

/// A learning shown with another one.
#[derive(Debug, Clone)]
pub struct Linked {
    /// The learning.
    pub learning: Learning,
    /// What links them.
    pub link: Link,
    /// Its evidence that is not as it was.
    pub aged: Vec<Aged>,
}

/// Why two learnings are shown as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// They say much the same.
    Near,
    /// The other one replaces it.
    Superseded,
}

/// The learnings at HEAD that fit, of all profiles. Fails where there is no word that could be looked for.
pub fn search(site: &Site, question: &Question) -> Result<Vec<Found>, EngineError> {
    refuse_no_words(&question.words, "agentops learn list")?;
    let base = site.base()?;
    search_at(site, &base, question, Memory::Clone)
}

/// A learning on the way to the list.
struct Candidate {
    place: usize,
    score: f32,
    superseded_by: Vec<RecordId>,
    /// All that replace it, those included.
    newer: Vec<RecordId>,
    /// The places of those that it replaces and that fit as well.
    replaced: Vec<usize>,
}

/// As [`search`], in a base.
pub(crate) fn search_at(
    site: &Site,
    base: &Base<'_>,
    question: &Question,
    memory: Memory,
) -> Result<Vec<Found>, EngineError> {
    let profile = question.profile.as_deref().map(|name| base.profile(name)).transpose()?.map(|profile| &profile.name);
    let tag = question.tag.as_deref().map(Word::parse).transpose()?;
    let mut corpus = Corpus::load(site, base, memory)?;
    let mut candidates = candidates(&corpus, &question.words, profile, tag.as_ref());
    candidates.sort_by(rank);
    let ageing = Ageing::new(site, base);
    let mut found: Vec<(Words, Found)> = Vec::new();
    let mut brought = Vec::new();
    let mut waiting = candidates.into_iter();
    // The score of some is about to fall, and some are shown with others: more are looked at than are wanted.
    while found.len() < question.limit {
        let batch: Vec<Candidate> = waiting.by_ref().take(2 * question.limit + SPARE).collect();
        if batch.is_empty() {
            break;
        }
        let mut opened = Vec::with_capacity(batch.len());
        for mut candidate in batch {
            let Some((learning, aged)) = open(&corpus, base, &ageing, candidate.place, &mut brought)? else { continue };
            if aged.iter().any(Aged::speaks_against) {
                candidate.score *= AGED;
            }
            opened.push((candidate, learning, aged));
        }
        opened.sort_by(|(a, ..), (b, ..)| rank(a, b));
        for (candidate, learning, aged) in opened {
            let words = Words::of(&learning.pattern);
            let mut linked = Vec::new();
            for place in &candidate.replaced {
                let replaced = open(&corpus, base, &ageing, *place, &mut brought)?;
                linked.extend(replaced.map(|(learning, aged)| Linked { learning, link: Link::Superseded, aged }));
            }
            let like = found.iter_mut().find(|(known, _)| known.is_near(&words)).map(|(_, found)| found);
            if let Some(like) = like {
                let is_replaced = candidate.newer.contains(&like.learning.id);
                let link = if is_replaced { Link::Superseded } else { Link::Near };
                like.linked.push(Linked { learning, link, aged });
                like.linked.append(&mut linked);
            } else if found.len() < question.limit {
                let Candidate { score, superseded_by, .. } = candidate;
                found.push((words, Found { learning, score, aged, superseded_by, linked }));
            }
        }
    }
    if !brought.is_empty() {
        corpus.note_origins(site, &brought);
    }
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

/// The learning at `place`, and what of its evidence is not as it was; `None` where its file is no learning. Who brought it is
/// added to `brought` where nobody knew.
fn open(
    corpus: &Corpus,
    base: &Base<'_>,
    ageing: &Ageing<'_>,
    place: usize,
    brought: &mut Vec<(usize, Origin)>,
) -> Result<Option<(Learning, Vec<Aged>)>, EngineError> {
    let Some(file) = corpus.file(place) else { return Ok(None) };
    let Some(learning) = file.open(base)? else { return Ok(None) };
    if !may_have_aged(base, &learning)? {
        return Ok(Some((learning, Vec::new())));
    }
    let known = corpus.origin(place);
    let Some(origin) = ageing.brought_by(&file, known)? else { return Ok(Some((learning, Vec::new()))) };
    if known != Some(origin) {
        brought.push((place, origin));
    }
    let aged = ageing.aged(&learning, &origin.commit)?;
    Ok(Some((learning, aged)))
}

/// Whether history has to be asked: for lines always, for a whole file where it is not there any more.
fn may_have_aged(base: &Base<'_>, learning: &Learning) -> Result<bool, EngineError> {
    for evidence in &learning.evidence {
        let cited = Cited::parse(evidence);
        let is_path = || cited.repo_path().is_ordinary() && ObjectId::parse(evidence).is_err();
        if cited.lines.is_some() || (is_path() && base.tree.entry(&cited.repo_path())?.is_none()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The learnings that have one of the words. One that others replace is behind the newest of them, which takes its score where
/// that is higher, be it found by itself or not; it stands alone where the newest is not asked for.
fn candidates(corpus: &Corpus, words: &str, profile: Option<&ProfileName>, tag: Option<&Word>) -> Vec<Candidate> {
    let of_profile = profile.map(|profile| corpus.of_profile(profile));
    let is_wanted = |place: usize| {
        of_profile.as_ref().is_none_or(|of_profile| of_profile[place])
            && tag.is_none_or(|tag| corpus.has_tag(place, tag))
    };
    let replacements = corpus.replacements();
    let replaced_by = |place: &usize| replacements.get(corpus.id(*place)).cloned().unwrap_or_default();
    let id = |place: usize| RecordId::parse(corpus.id(place)).ok();
    let mut by_place: BTreeMap<usize, Candidate> = BTreeMap::new();
    for hit in best(&corpus.texts(), words, usize::MAX).into_iter().filter(|hit| is_wanted(hit.text)) {
        let newest = newest(&hit.text, replaced_by);
        // Of a circle none is the newest: each stands for itself.
        let is_end = |place: &usize| replaced_by(place).is_empty();
        let wanted: Vec<usize> = newest.iter().copied().filter(|place| is_wanted(*place) && is_end(place)).collect();
        let (targets, by) = if wanted.is_empty() { (vec![hit.text], newest) } else { (wanted, Vec::new()) };
        for place in targets {
            let candidate = by_place.entry(place).or_insert_with(|| Candidate {
                place,
                score: 0.0,
                superseded_by: by.iter().copied().filter_map(id).collect(),
                newer: newer(&place, replaced_by).into_iter().filter_map(id).collect(),
                replaced: Vec::new(),
            });
            candidate.score = candidate.score.max(hit.score);
            if place != hit.text {
                candidate.replaced.push(hit.text);
            }
        }
    }
    by_place.into_values().collect()
}

/// What nothing replaces first, then the better, then the newer.
fn rank(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    let is_replaced = |candidate: &Candidate| !candidate.superseded_by.is_empty();
    is_replaced(a).cmp(&is_replaced(b)).then(b.score.total_cmp(&a.score)).then(a.place.cmp(&b.place))
}
