//! Contexts: what a fresh agent needs for the phase that a task is in, within a budget of tokens.
//!
//! [`assemble`] makes the text from one commit, and from nothing else: no clock, no environment, no working tree, nothing that
//! this clone keeps. So the same commit, task, budget and recipe give the same bytes everywhere, and [`given::show`] can make them
//! again. [`given::record`] notes that the text was handed to somebody.
//!
//! A gatherer for each kind of source makes candidates, `recipe` ranks them, `fit` decides what the budget has room for.

mod carried;
mod code;
mod documents;
mod fit;
pub mod given;
mod head;
pub mod item;
mod library;
mod measure;
mod page;
pub mod recipe;
mod scene;
mod surroundings;

use std::collections::BTreeMap;

use crate::engine::error::EngineError;
use crate::engine::knowledge::corpus::Memory;
use crate::engine::site::{Base, Site};
use crate::model::digest::{Digest, ObjectId};
use crate::model::name::{PhaseName, ProfileName, TaskId};

use self::item::{Candidate, Item, LeftOut};
use self::measure::Measure;
use self::recipe::{Kind, RECIPE};
use self::scene::Scene;

pub use self::measure::CacheUse;

/// What `context` is told.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The task, or the beginning of its id.
    pub task: String,
    /// Tokens that the text may have; where left out, a quarter of what the phase's context may take.
    pub budget: Option<u32>,
}

/// A context.
#[derive(Debug, Clone)]
pub struct Assembled {
    /// The task.
    pub task: TaskId,
    /// Its profile.
    pub profile: ProfileName,
    /// The phase that it is for.
    pub phase: PhaseName,
    /// The commit that everything in it was read from.
    pub commit: ObjectId,
    /// Of the bytes of the text.
    pub digest: Digest,
    /// The version of the recipe.
    pub recipe: u32,
    /// Tokens that it may have.
    pub budget: u32,
    /// Tokens that it has.
    pub tokens: usize,
    /// What it gives besides the task itself, in the order of ranks.
    pub items: Vec<Item>,
    /// What the recipe asks for and the text does not give, in the order of ranks.
    pub left_out: Vec<LeftOut>,
    /// How much of the work was known before.
    pub cache: CacheUse,
    /// Exactly what an agent reads: Markdown that ends with a line feed.
    pub text: String,
}

impl Assembled {
    /// Tokens that the sources of its items have and the items have not: each source once, however many windows show it.
    pub fn saved(&self) -> usize {
        saved_by(&self.items)
    }
}

fn saved_by(items: &[Item]) -> usize {
    let mut sources: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for item in items {
        let (of, given) = sources.entry(&item.about.source).or_default();
        (*of, *given) = ((*of).max(item.of), *given + item.tokens);
    }
    sources.values().map(|(of, given)| of.saturating_sub(*given)).sum()
}

/// The context of a task at HEAD. Nothing is written but what speeds up the next one; see [`given::record`].
///
/// Errors: `Refused` where the task is done or abandoned, `Conflict` where it is forked, `Budget` where the budget is smaller
/// than what must be said of the task.
pub fn assemble(site: &Site, request: &Request) -> Result<Assembled, EngineError> {
    assemble_at(site, &site.base()?, request, Memory::Clone)
}

/// As [`assemble`], at a commit.
fn assemble_at(site: &Site, base: &Base<'_>, request: &Request, memory: Memory) -> Result<Assembled, EngineError> {
    let chain = base.task(&request.task)?;
    let scene = Scene::of(site, base, &chain)?;
    let budget = request.budget.unwrap_or_else(|| recipe::default_budget(scene.phase));
    let head = head::print(&scene)?;
    let mut measure = Measure::new(site, memory);
    let mut candidates = Vec::new();
    for kind in recipe::ranks(scene.phase.stage) {
        candidates.extend(gather(&scene, *kind, &mut measure)?);
    }
    let all = format!("agentops context {} --explain", chain.task);
    let fitted = fit::fit(&head, &all, candidates, budget as usize, &mut measure)
        .map_err(|least| too_small(&scene, budget, least))?;
    let cache = measure.used();
    measure.keep(site);
    Ok(Assembled {
        task: chain.task.clone(),
        profile: chain.profile.clone(),
        phase: scene.phase.name.clone(),
        commit: base.commit,
        digest: Digest::of(fitted.text.as_bytes()),
        recipe: RECIPE,
        budget,
        tokens: fitted.tokens,
        items: fitted.items,
        left_out: fitted.left_out,
        cache,
        text: fitted.text,
    })
}

fn gather(scene: &Scene<'_>, kind: Kind, measure: &mut Measure) -> Result<Vec<Candidate>, EngineError> {
    match kind {
        Kind::Approved => documents::approved(scene),
        Kind::Draft => documents::drafts(scene),
        Kind::Code => code::candidates(scene, measure),
        Kind::Bundle => carried::bundles(scene),
        Kind::Related => carried::related(scene),
        Kind::Learning => carried::learnings(scene),
        Kind::Standard => library::standards(scene),
        Kind::Agent => library::agents(scene),
        Kind::Document => library::documents(scene),
        Kind::Structure => surroundings::structure(scene),
        Kind::Commit => surroundings::commits(scene),
        Kind::Runs => surroundings::runs(scene),
    }
}

fn too_small(scene: &Scene<'_>, budget: u32, least: usize) -> EngineError {
    let id = &scene.chain.task;
    EngineError::Budget {
        message: format!(
            "{budget} tokens are too few to say what `{id}` is and what its phase asks: that takes {least}"
        ),
        hint: format!("agentops context {id} --budget {least}"),
    }
}

#[cfg(test)]
mod tests {
    use super::item::{About, Form};
    use super::*;

    #[test]
    fn windows_of_one_file_save_it_once() {
        let item = |source: &str, tokens, of| {
            let [title, reason, command] = ["", "", ""].map(str::to_owned);
            let about = About { kind: Kind::Code, title, source: source.into(), reason, command };
            Item { about, form: Form::Lines(1, 2), tokens, of }
        };
        let items = [item("a", 100, 1000), item("b", 20, 30), item("a", 200, 1000), item("c", 50, 40)];
        assert_eq!(saved_by(&items), 700 + 10);
    }
}
