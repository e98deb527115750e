//! `bundle verify`: the facts looked up again, and the figures counted again, from the sources as they were.
//!
//! Sources are found by their blob ids, so it does not matter what HEAD has. What is not in this clone is named: of that, nothing
//! was seen, and a bundle of which nothing was seen is not proved. Rules about what must be kept may have grown since the bundle
//! was saved; it is held against today's.

use super::making::{count, readable};
use super::shelf::{self, Shelved};
use super::sources::{Fate, Stale};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::model::bundle::{Bundle, BundleSource, MAX_SOURCE_BYTES};
use crate::model::tree::{SightError, TreeView as _};
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

/// A source that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The source.
    pub source: BundleSource,
    /// Why.
    pub why: Why,
}

/// Why a source was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is not in this clone.
    Missing,
    /// With those before it there are more bytes than these.
    TooLong(u64),
}

/// Which sources a bundle is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// All that this clone has, as far as a bundle can be made of them.
    Clone,
    /// Those whose bytes the commit has, by what became of them all: what is found is the same in every clone. Of a context's
    /// bundles no more is read than does not keep anybody waiting.
    Commit(&'a [Stale]),
}

impl Scope<'_> {
    /// Most bytes that are read, of all sources together.
    fn limit(self) -> u64 {
        match self {
            Self::Clone => MAX_SOURCE_BYTES,
            Self::Commit(_) => 1024 * 1024,
        }
    }

    fn has(self, source: &BundleSource) -> bool {
        let is_other = |stale: &Stale| stale.path == source.path && !matches!(stale.fate, Fate::Moved(_));
        match self {
            Self::Clone => true,
            Self::Commit(stale) => !stale.iter().any(is_other),
        }
    }
}

/// What a proof comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All was looked at, and nothing speaks against it.
    Holds,
    /// Something speaks against it.
    DoesNotHold,
    /// Nothing speaks against it, but not all could be looked at.
    Unproved,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Sources that were read.
    pub seen: Vec<BundleSource>,
    /// Sources that should have been, and were not.
    pub unseen: Vec<Unseen>,
    /// Facts of the sources seen that must be kept.
    pub facts: usize,
    /// Those that the bundle does not hold.
    pub lost: Vec<LostFact>,
    /// Figures of the front matter that do not hold, sentences.
    pub wrong: Vec<String>,
    /// What could not be looked at, sentences.
    pub unproved: Vec<String>,
}

impl Proof {
    /// Holds a bundle against its sources.
    pub(super) fn of(base: &Base<'_>, Bundle { head, body }: &Bundle, scope: Scope<'_>) -> Result<Self, EngineError> {
        let (mut seen, mut unseen, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let mut left = scope.limit();
        for source in head.sources.iter().filter(|source| scope.has(source)) {
            let mut pass_over = |why: Why| unseen.push(Unseen { source: source.clone(), why });
            match base.tree.blob(&source.blob, &source.path.as_str().into(), left) {
                Ok(bytes) => {
                    left -= bytes.len() as u64;
                    seen.push(source.clone());
                    texts.push(readable(&bytes).unwrap_or_default());
                }
                Err(SightError::Missing { .. }) if matches!(scope, Scope::Clone) => pass_over(Why::Missing),
                Err(SightError::TooLarge { .. }) => pass_over(Why::TooLong(scope.limit())),
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
        let mut unproved = told(&unseen, scope.limit());
        if head.estimator.as_str() == tokens::ESTIMATOR {
            let mut check = |what: &str, said: usize, found: usize| {
                if said != found.max(1) {
                    wrong.push(format!("{what} takes {found} tokens, not {said}"));
                }
            };
            check("the body", head.tokens_after, tokens::count(body));
            if seen.len() == head.sources.len() {
                let before = texts.iter().map(|text| tokens::count(text)).sum();
                check("what it was made of", head.tokens_before, before);
            }
        } else {
            unproved.push(format!(
                "its tokens were counted by `{}`, which is not known here: they cannot be proved",
                head.estimator
            ));
        }
        let mut distinct: Vec<&str> = reading.facts.iter().map(|fact| fact.text.as_str()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        Ok(Self { facts: distinct.len(), lost, wrong, unproved, seen, unseen })
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        match (self.lost.is_empty() && self.wrong.is_empty(), self.unproved.is_empty()) {
            (false, _) => Verdict::DoesNotHold,
            (true, false) => Verdict::Unproved,
            (true, true) => Verdict::Holds,
        }
    }

    /// Why one may not rely on it, sentences: first what speaks against it, then what could not be looked at.
    pub fn doubts(&self) -> Vec<String> {
        let lost = self.lost.iter().map(|LostFact { kind, text, path, line }| {
            format!("the {kind} `{text}` ({path}:{line}) must be kept, and is not in it")
        });
        lost.chain(self.wrong.iter().cloned()).chain(self.unproved.iter().cloned()).collect()
    }
}

/// What is told of sources that were not read, sentences.
fn told(unseen: &[Unseen], limit: u64) -> Vec<String> {
    let missing = unseen.iter().filter(|unseen| unseen.why == Why::Missing).count();
    let kinds = [
        (missing, "not in this repository".to_owned()),
        (unseen.len() - missing, format!("beyond the {limit} bytes that are read")),
    ];
    let told = |(number, what): (usize, String)| {
        let are = if number == 1 { "is" } else { "are" };
        format!("{} {are} {what}: it cannot be proved", count(number, "source"))
    };
    kinds.into_iter().filter(|(number, _)| *number > 0).map(told).collect()
}

/// Holds the bundle that `wanted` means against its sources.
pub fn verify(site: &Site, wanted: &str) -> Result<(Shelved, Proof), EngineError> {
    let base = site.base()?;
    let shelved = shelf::find(&base, wanted)?;
    let proof = Proof::of(&base, &shelved.bundle, Scope::Clone)?;
    Ok((shelved, proof))
}
