//! Which profile a task belongs to, by its text and by what the repository says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use crate::clock::Clock;
use crate::config::builtin;
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::env::Env;
use crate::git::GitError;
use crate::model::layout::{self, Place};
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::profile::Profile;
use crate::model::tree::{SightError, TreeView as _};
use crate::routing::decision::{Route, decide_text};
use crate::routing::evaluation::{self, Evaluation, LineError};
use crate::routing::features::head_of;
use crate::routing::model::Model;
use crate::routing::signals::{self, Signal, Taught, paths_in};
use crate::workflow::chain;
use crate::workflow::globs::Globs;

/// A path below a profile's namespace says whose work it is.
const NAMESPACE: f64 = 3.0;

/// A path that a profile declares as a document, or checks the syntax of.
const DECLARED: f64 = 1.5;

/// A task of the profile that the text names, or whose title it repeats.
const TASK: f64 = 3.0;

/// Bytes of a text that may be a title: none is longer, however it is punctuated.
const LONGEST_TITLE: usize = 1024;

/// What the router says, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed {
    /// Decision and candidates.
    pub route: Route,
    /// What spoke for a profile besides the text, for people.
    pub signals: Vec<String>,
    /// The model that judged the text.
    pub model: String,
}

impl Routed {
    /// The decision as an event's notes tell it. What was chosen stands beside it where it is another profile.
    pub fn notes(&self, chosen: &str) -> Vec<(String, String)> {
        let mut candidates = String::new();
        for candidate in self.route.named() {
            let _ = write!(candidates, " {} {:.2}", candidate.profile, candidate.score);
        }
        let proposed = self.route.profile().map(ProfileName::as_str);
        let decision = format!("{}{}", self.route.decision.as_str(), candidates);
        let mut notes = vec![("route".to_owned(), decision), ("route-model".to_owned(), self.model.clone())];
        if proposed != Some(chosen) {
            notes.push(("route-override".to_owned(), chosen.to_owned()));
        }
        notes
    }
}

/// Routes by the text alone, over the four profiles that the classifier knows.
fn route_text(text: &str) -> Routed {
    let model = Model::shipped();
    let route = decide_text(&model.judge(&model.weigh(&model.count(text)))).unless_untold(text);
    Routed { route, signals: Vec::new(), model: model.name().to_owned() }
}

/// Routes a text in the repository at or above `dir`, by HEAD's profiles and tasks; where there is none that is governed,
/// by the text alone.
pub fn route_in(dir: &Path, env: &Env, clock: &Clock, text: &str) -> Result<Routed, EngineError> {
    match Site::open(dir, env, clock, None).and_then(|site| route(&site.looking().base()?, text)) {
        Err(EngineError::NotGoverned | EngineError::Git(GitError::NotARepository { .. } | GitError::Unborn { .. })) => {
            Ok(route_text(text))
        }
        other => other,
    }
}

/// Routes a text in a repository, by the profiles and tasks of `base`.
pub fn route(base: &Base<'_>, text: &str) -> Result<Routed, EngineError> {
    let model = Model::shipped();
    let profiles: Vec<Taught<'_>> = base.policy.profiles.values().map(taught).collect();
    let mut found = path_signals(base, text)?;
    found.extend(task_signals(base, text)?);
    let (route, mut signals) = signals::route(&model, text, &profiles, found);
    let route = route.unless_untold(text);
    if let Some(absent) = route.candidates.first().filter(|best| !best.present) {
        let name = &absent.profile;
        signals.push(format!("`{name}` is no profile of this repository; `agentops init --profile {name}` adds it"));
    }
    Ok(Routed { route, signals, model: model.name().to_owned() })
}

/// How well the shipped classifier routes these texts, a JSON object a line, by the text alone.
pub fn evaluation(file: &str) -> Result<Evaluation, LineError> {
    let model = Model::shipped();
    let judge = |text: &str| model.judge(&model.weigh(&model.count(text)));
    let judged: Vec<_> = evaluation::read(file)?.iter().map(|one| (one.gold, judge(&one.text))).collect();
    Ok(evaluation::evaluate(&judged))
}

/// What teaches a profile: of the four that the classifier knows, what a repository says beyond the program's own text.
fn taught(profile: &Profile) -> Taught<'_> {
    let own = builtin::profile_file(&profile.name).unwrap_or_default();
    let texts = std::iter::once(&profile.description).chain(&profile.examples).map(String::as_str);
    Taught { name: &profile.name, texts: texts.filter(|text| !own.contains(text)).collect() }
}

/// The profiles whose files the text names.
fn path_signals(base: &Base<'_>, text: &str) -> Result<Vec<Signal>, SightError> {
    let mut signals = Vec::new();
    let mut elsewhere = Vec::new();
    for named in paths_in(head_of(text)) {
        let path = RepoPath::from(named);
        match Place::of(&path).as_ref().and_then(Place::profile) {
            Some(owner) => {
                let says = format!("`{named}` lies in the namespace of `{owner}`");
                signals.push(Signal { profile: owner.clone(), weight: NAMESPACE, says });
            }
            None => elsewhere.push((named, path)),
        }
    }
    // Globs are dear to compile, and few texts name a path.
    let asked = if elsewhere.is_empty() { None } else { Some(base.policy.profiles.values()) };
    for profile in asked.into_iter().flatten() {
        let documents = Globs::new(&profile.documents)?;
        let syntax = Globs::new(profile.syntax.iter().map(|(glob, _)| glob))?;
        for (named, path) in &elsewhere {
            let what = match () {
                () if documents.matches(path) => "a document of",
                () if syntax.matches(path) => "a file checked by",
                () => continue,
            };
            let says = format!("`{named}` is {what} `{}`", profile.name);
            signals.push(Signal { profile: profile.name.clone(), weight: DECLARED, says });
        }
    }
    Ok(signals)
}

/// The open tasks that the text names by id, or whose title it repeats: their phase and whether they wait.
fn task_signals(base: &Base<'_>, text: &str) -> Result<Vec<Signal>, SightError> {
    let ids = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    let named: BTreeSet<&[u8]> =
        text.split(ids).filter(|word| TaskId::parse(word).is_ok()).map(str::as_bytes).collect();
    // Ids say which few tasks may have the title, and what they leave out of it their events have.
    let like = (text.len() <= LONGEST_TITLE).then(|| TaskId::from_title(text, 0));
    let like = like.as_ref().map(|like| slug(like.as_str().as_bytes()));
    let mut signals = Vec::new();
    if named.is_empty() && like.is_none() {
        return Ok(signals);
    }
    for profile in base.policy.profiles.keys() {
        for entry in base.tree.list(&layout::events(profile))? {
            let is_named = !named.is_empty() && named.contains(entry.name.as_slice());
            if !is_named && like.is_none_or(|like| slug(&entry.name) != like) {
                continue;
            }
            let Some(task) = std::str::from_utf8(&entry.name).ok().and_then(|name| TaskId::parse(name).ok()) else {
                continue;
            };
            let Some(standing) = chain::standing_by_name(&base.tree, profile, &task)? else { continue };
            if !standing.status.is_open() {
                continue;
            }
            // A malformed event is AO-E2's, and no title.
            let state = || chain::state_by_name(&base.tree, profile, &task, &standing);
            let how = match () {
                () if is_named => "is named",
                () if state().is_ok_and(|state| is_title(text, &state.title)) => "has such a title",
                () => continue,
            };
            let says =
                format!("the open task `{task}` of `{profile}` {how}: phase {}, {}", standing.phase, standing.status);
            signals.push(Signal { profile: profile.clone(), weight: TASK, says });
        }
    }
    Ok(signals)
}

/// Whether a text has the words of a title, in the same order.
fn is_title(text: &str, title: &str) -> bool {
    let words = |text: &str| {
        // As in ids, an apostrophe parts no word.
        let text = text.to_lowercase().replace(['\'', '\u{2019}'], "");
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let (said, wanted) = (words(text), words(title));
    if wanted.is_empty() { text.trim() == title } else { said == wanted }
}

/// A task's id without its random digits and the sign before them.
fn slug(task: &[u8]) -> &[u8] {
    &task[..task.len().saturating_sub(5)]
}
