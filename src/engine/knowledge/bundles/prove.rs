//! `bundle verify`: the facts looked up again, and the figures counted again, from the sources as they were.
//!
//! Sources are found by their blob ids, so it does not matter what HEAD has. What is not in this clone is named: of that, nothing
//! was seen. Rules about what must be kept may have grown since the bundle was saved; it is held against today's.

use super::making::readable;
use super::shelf::{self, Shelved};
use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::model::bundle::{Bundle, BundleSource, MAX_SOURCE_BYTES};
use crate::model::tree::SightError;
use crate::text::units::{Reading, Source};
use crate::text::{fidelity, tokens};

/// A fact that the bundle does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostFact {
    /// What it is, a noun.
    pub kind: &'static str,
    /// How it reads.
    pub text: String,
    /// The source that says it.
    pub path: String,
    /// The line, from 1, on which the block begins that says it.
    pub line: usize,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The bundle.
    pub shelved: Shelved,
    /// Sources that were read.
    pub seen: Vec<BundleSource>,
    /// Sources that are not in this clone.
    pub unseen: Vec<BundleSource>,
    /// Facts of the sources seen that must be kept.
    pub facts: usize,
    /// Those that the bundle does not hold.
    pub lost: Vec<LostFact>,
    /// Figures of the front matter that do not hold, sentences.
    pub wrong: Vec<String>,
}

impl Proof {
    /// Whether nothing speaks against the bundle.
    pub fn holds(&self) -> bool {
        self.lost.is_empty() && self.wrong.is_empty()
    }

    /// What speaks against it, sentences.
    pub fn doubts(&self) -> Vec<String> {
        let lost = self.lost.iter().map(|LostFact { kind, text, path, line }| {
            format!("the {kind} `{text}` ({path}:{line}) must be kept, and is not in it")
        });
        lost.chain(self.wrong.iter().cloned()).collect()
    }
}

/// Holds the bundle that `wanted` means against its sources.
pub fn verify(site: &Site, wanted: &str) -> Result<Proof, EngineError> {
    prove(site, shelf::find(&site.base()?, wanted)?)
}

/// Holds a bundle against its sources.
pub(super) fn prove(site: &Site, shelved: Shelved) -> Result<Proof, EngineError> {
    let Bundle { head, body } = &shelved.bundle;
    let (mut seen, mut unseen, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for source in &head.sources {
        match site.repo.blob(&source.blob, &source.path, MAX_SOURCE_BYTES) {
            Ok(bytes) => {
                seen.push(source.clone());
                texts.push(readable(&bytes).unwrap_or_default());
            }
            Err(SightError::Missing { .. }) => unseen.push(source.clone()),
            Err(error) => return Err(error.into()),
        }
    }
    let sources: Vec<Source<'_>> =
        seen.iter().zip(&texts).map(|(source, text)| Source { name: &source.path, text }).collect();
    let reading = Reading::of(&sources, head.kind);
    let lost = fidelity::lost(&reading, body).into_iter().map(|fact| {
        let (source, line) = reading.place(fact);
        LostFact { kind: fact.kind.noun(), text: fact.text.clone(), path: seen[source].path.clone(), line }
    });
    let lost: Vec<LostFact> = lost.collect();
    let mut wrong = Vec::new();
    if head.estimator.as_str() == tokens::ESTIMATOR {
        let mut check = |what: &str, said: usize, found: usize| {
            if said != found.max(1) {
                wrong.push(format!("{what} takes {found} tokens, not {said}"));
            }
        };
        check("the body", head.tokens_after, tokens::count(body));
        if unseen.is_empty() {
            let before = texts.iter().map(|text| tokens::count(text)).sum();
            check("what it was made of", head.tokens_before, before);
        }
    }
    let mut distinct: Vec<&str> = reading.facts.iter().map(|fact| fact.text.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let facts = distinct.len();
    Ok(Proof { facts, lost, wrong, seen, unseen, shelved })
}
