//! `bundle save`: one bundle of texts at HEAD, in one commit.

use super::making::{Label, Material, bundle, is_carried, kind_of, name_of, name_of_phase, shorten};
use super::sources::uncommitted;
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::writing::compose;
use crate::engine::writing::transact::{Committed, Draft, Target, transact};
use crate::model::bundle::{Bundle, BundleType, MAX_SOURCE_BYTES, MAX_SOURCES};
use crate::model::layout;
use crate::model::name::{PhaseName, ProfileName, Word};
use crate::model::path::RepoPath;
use crate::model::policy::Actor;
use crate::model::profile::{ArtifactKind, Phase, Profile};
use crate::model::tree::{SightError, TreeView as _};
use crate::workflow::chain::{Chain, Standing};

/// What `bundle save` is told.
#[derive(Debug, Clone, Default)]
pub struct NewBundle {
    /// Paths at HEAD; where none is given, the documents of the task's phase.
    pub sources: Vec<String>,
    /// The task it belongs to, or prefix of its id.
    pub task: Option<String>,
    /// The phase of that task; where left out, the one it is in, or the last one that has documents.
    pub phase: Option<String>,
    /// What it carries over; where left out, as the phase's stage says, and research without a task.
    pub kind: Option<BundleType>,
    /// The profile; where left out that of the task, or the only one.
    pub profile: Option<String>,
    /// A name to find it by; where left out it is made of the task and its phase, or of the first source.
    pub name: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
}

/// A bundle that was saved.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The bundle.
    pub bundle: Bundle,
    /// How many facts had to be kept, and were found in it.
    pub facts: usize,
    /// Whether nobody said what it carries over: neither a type nor a phase.
    pub is_type_assumed: bool,
    /// Sources that have changes which are not committed: nothing of them is in it.
    pub uncommitted: Vec<String>,
}

/// Saves a bundle: one commit of one file.
///
/// The command of the config, if there is one, runs before any lock is taken.
/// Errors: `NotFound` for a source that HEAD does not have, `Refused` where a fact that must be kept is lost, `Budget` where
/// what must be kept does not fit.
pub fn save(site: &Site, target: &Target, request: &NewBundle) -> Result<Committed<Saved>, EngineError> {
    let at = site.clock.now();
    let id = site.clock.new_record_id();
    let tags = request.tags.iter().map(|tag| Word::parse(tag)).collect::<Result<Vec<Word>, _>>()?;
    let base = site.base()?;
    let wanted = Wanted::of(site, &base, request)?;
    home(&base, request, &wanted, site.actor(&base.policy)?.1)?;
    let short = shorten(site, &base, &wanted.materials, wanted.kind.unwrap_or(BundleType::Research))?;
    transact(site, target, |base| {
        let (principal, actor) = site.actor(&base.policy)?;
        let now = Wanted::of(site, base, request)?;
        if !short.is_of(&now.materials) {
            return Err(EngineError::Conflict {
                message: "the sources changed while they were being shortened".into(),
                hint: "run it again".into(),
            });
        }
        let profile = home(base, request, &now, actor)?;
        let name = match (&request.name, &now.place) {
            (Some(name), _) => Word::parse(name)?,
            (None, Some((chain, phase))) => name_of_phase(&chain.task, phase)?,
            (None, None) => name_of(stem(&now.paths[0]), "")?,
        };
        let label = Label {
            id: id.clone(),
            at: at.clone(),
            profile: profile.clone(),
            name,
            actor: principal,
            place: now.place.as_ref().map(|(chain, phase)| (&chain.task, phase)),
            tags: tags.clone(),
        };
        let bundle = bundle(base, label, short.clone())?;
        let uncommitted = uncommitted(site, &now.paths)?;
        let mut trailers = vec![format!("Agentops-Bundle: {id}")];
        trailers.extend(now.place.as_ref().map(|(chain, _)| format!("Agentops-Task: {}", chain.task)));
        trailers.extend(compose::assisted_by(principal, actor));
        let told = format!("{} ({}), {} to 1", bundle.head.name, bundle.head.kind.as_str(), bundle.head.ratio);
        let message = compose::plain_message(&compose::subject(&profile, "save a context bundle"), &told, &trailers);
        Ok(Draft {
            files: vec![(layout::bundle(&profile, &id), Some(bundle.print().into_bytes()))],
            message,
            outcome: Saved { bundle, facts: short.facts, is_type_assumed: now.kind.is_none(), uncommitted },
        })
    })
}

/// The profile that the bundle belongs to.
fn home(base: &Base<'_>, request: &NewBundle, wanted: &Wanted, actor: &Actor) -> Result<ProfileName, EngineError> {
    let hints: Vec<_> = wanted.place.iter().map(|(chain, _)| &chain.profile).collect();
    let profile = base.home(request.profile.as_deref(), &hints, actor)?;
    match wanted.place.as_ref().filter(|(chain, _)| chain.profile != profile) {
        Some((chain, _)) => Err(EngineError::usage(
            format!("task `{}` belongs to profile `{}`, not to `{profile}`", chain.task, chain.profile),
            "leave `--profile` out: the task says it",
        )),
        None => Ok(profile),
    }
}

/// A file's name without folders and ending.
fn stem(path: &RepoPath) -> &str {
    let name = path.as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    name.split_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}

/// What a request means in a tree.
struct Wanted {
    paths: Vec<RepoPath>,
    materials: Vec<Material>,
    place: Option<(Chain, PhaseName)>,
    /// Nothing where neither a type nor a phase is named.
    kind: Option<BundleType>,
}

impl Wanted {
    fn of(site: &Site, base: &Base<'_>, request: &NewBundle) -> Result<Self, EngineError> {
        let place = match (&request.task, &request.phase) {
            (Some(prefix), phase) => Some(place(base, prefix, phase.as_deref(), request.sources.is_empty())?),
            (None, Some(_)) => {
                return Err(EngineError::usage("a phase of which task?", "name the task with `--task`"));
            }
            (None, None) => None,
        };
        let paths: Vec<RepoPath> = match (&place, request.sources.as_slice()) {
            (None, []) => {
                return Err(EngineError::usage(
                    "a bundle of what? neither a path nor a task is named",
                    "agentops bundle save PATH…   or: agentops bundle save --task ID",
                ));
            }
            (Some((chain, phase)), []) => documents(base, chain, phase)?,
            (_, named) => named.iter().map(|path| RepoPath::from(path.trim_start_matches("./"))).collect(),
        };
        if paths.len() > MAX_SOURCES {
            return Err(EngineError::usage(
                format!("{} sources; a bundle has at most {MAX_SOURCES}", paths.len()),
                "save several bundles",
            ));
        }
        let (mut materials, mut left) = (Vec::new(), MAX_SOURCE_BYTES);
        for (number, path) in paths.iter().enumerate() {
            if paths[..number].contains(path) {
                return Err(EngineError::usage(format!("`{path}` is named twice"), "name each source once"));
            }
            let bytes = base.tree.file(path, left).map_err(|error| match error {
                SightError::TooLarge { size, .. } => EngineError::Budget {
                    message: format!(
                        "with `{path}` the sources have {} bytes; a bundle is made of at most {MAX_SOURCE_BYTES}",
                        size + (MAX_SOURCE_BYTES - left)
                    ),
                    hint: "save fewer or shorter sources: a bundle for each of them".into(),
                },
                other => other.into(),
            })?;
            let bytes = bytes.ok_or_else(|| EngineError::NotFound {
                what: "file at HEAD",
                name: path.to_string(),
                hint: "paths are meant from the top of the repository, as committed; commit the file first".into(),
            })?;
            left = left.saturating_sub(bytes.len() as u64);
            materials.push(Material::of(site, path, &bytes)?);
        }
        let staged = place.as_ref().and_then(|(chain, name)| Some(base.rules(chain).ok()?.phase(name)?.1));
        let kind = request.kind.or_else(|| staged.map(kind_of));
        Ok(Self { paths, materials, place, kind })
    }
}

/// The task and the phase that are meant. Where documents are wanted, the phase is the last one up to the task's own of which
/// HEAD has some.
fn place(
    base: &Base<'_>,
    prefix: &str,
    phase: Option<&str>,
    wants_documents: bool,
) -> Result<(Chain, PhaseName), EngineError> {
    let chain = base.task(prefix)?;
    let rules = base.rules(&chain)?;
    if let Some(name) = phase {
        let found = PhaseName::parse(name).ok().and_then(|name| rules.phase(&name));
        let (_, phase) = found.ok_or_else(|| EngineError::NotFound {
            what: "phase",
            name: name.to_owned(),
            hint: crate::engine::site::near(name, rules.phases.iter().map(|phase| phase.name.as_str())),
        })?;
        return Ok((chain, phase.name.clone()));
    }
    let Standing::At(state) = chain.standing() else {
        return Err(EngineError::Conflict {
            message: format!("`{}` is forked: which phase it is in is not decided", chain.task),
            hint: format!("name one with `--phase`, or end the fork: agentops phase resolve {}", chain.task),
        });
    };
    let own = rules.phase(&state.phase).map_or(0, |(at, _)| at);
    let mut found = state.phase.clone();
    if wants_documents {
        for phase in rules.phases[..=own].iter().rev() {
            if !existing(base, &chain, rules, phase)?.is_empty() {
                found = phase.name.clone();
                break;
            }
        }
    }
    Ok((chain, found))
}

fn documents(base: &Base<'_>, chain: &Chain, phase: &PhaseName) -> Result<Vec<RepoPath>, EngineError> {
    let rules = base.rules(chain)?;
    let found = match rules.phase(phase) {
        Some((_, phase)) => existing(base, chain, rules, phase)?,
        None => Vec::new(),
    };
    if found.is_empty() {
        return Err(EngineError::refused(
            format!("HEAD has no documents of `{}` in phase `{phase}`", chain.task),
            format!("name paths, or commit the phase's documents first: agentops phase next {}", chain.task),
        ));
    }
    Ok(found)
}

/// The documents of a phase that HEAD has, without what `phase next` writes.
fn existing(base: &Base<'_>, chain: &Chain, rules: &Profile, phase: &Phase) -> Result<Vec<RepoPath>, EngineError> {
    let Standing::At(state) = chain.standing() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for spec in phase.artifacts.iter().filter(|spec| spec.kind != ArtifactKind::Manifest) {
        let path = RepoPath::from(spec.path_for(&rules.name, &chain.task, &state));
        if is_carried(&path) && base.tree.entry(&path)?.is_some_and(|entry| entry.mode.is_file()) {
            found.push(path);
        }
    }
    Ok(found)
}
