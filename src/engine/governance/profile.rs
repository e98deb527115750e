//! Profiles: listing and showing those at HEAD, checking those in the working tree, and beginning a new one.

use crate::config::{self, PolicyError, ProfileReport};
use crate::engine::error::EngineError;
use crate::engine::site::{Site, near};
use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;
use crate::model::profile::{Agent, Profile};
use crate::model::tree::{Mode, SightError, TreeView};
use crate::workflow::governance::Governed;

/// A profile at HEAD with what lies beside it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The profile, merged with its parents.
    pub profile: Profile,
    /// Its own agents.
    pub agents: Vec<Agent>,
    /// The files of its standards.
    pub standards: Vec<RepoPath>,
    /// The files of its workflows.
    pub workflows: Vec<RepoPath>,
    /// The documents it declares that are there.
    pub documents: Vec<RepoPath>,
    /// The context window that bands are percent of, in tokens.
    pub window: u32,
    /// Whether the working tree has another version of one of its governed files.
    pub differs: bool,
}

/// The profiles at HEAD, by name.
pub fn list(site: &Site) -> Result<Vec<Profile>, EngineError> {
    Ok(site.base()?.policy.profiles.values().cloned().collect())
}

/// The profiles of the working tree that HEAD does not have: begun, and not landed by an amend.
pub fn begun(site: &Site) -> Result<Vec<ProfileName>, EngineError> {
    if site.repo.is_bare() {
        return Ok(Vec::new());
    }
    let base = site.base()?;
    let mut names = names(&site.repo.worktree_view()?)?;
    names.retain(|name| !base.policy.profiles.contains_key(name));
    Ok(names)
}

/// One profile at HEAD.
pub fn show(site: &Site, name: &str) -> Result<Shown, EngineError> {
    let base = site.base()?;
    let profile = base.profile(name)?.clone();
    let agents = config::agents(base.view(), &profile.name)?;
    let folder = |folder: &str| files_in(base.view(), &format!("{}/{folder}", layout::namespace(&profile.name)));
    let (standards, workflows) = (folder("standards")?, folder("workflows")?);
    Ok(Shown {
        documents: documents(base.view(), &profile)?,
        window: base.policy.config.window,
        differs: !site.repo.is_bare() && differs(site, base.view(), &profile.name)?,
        profile,
        agents,
        standards,
        workflows,
    })
}

fn files_in(tree: &dyn TreeView, folder: &str) -> Result<Vec<RepoPath>, SightError> {
    let folder = RepoPath::from(folder);
    let files = tree.list(&folder)?;
    Ok(files.iter().filter(|entry| entry.mode != Mode::Tree).map(|entry| folder.join(&entry.name)).collect())
}

/// Documents by the profile's globs: those folders are looked into that a glob names literally.
fn documents(tree: &dyn TreeView, profile: &Profile) -> Result<Vec<RepoPath>, EngineError> {
    let space = layout::namespace(&profile.name);
    let mut found = Vec::new();
    for pattern in &profile.documents {
        let Ok(glob) = globset::Glob::new(pattern) else { continue };
        let glob = glob.compile_matcher();
        let folder = pattern.rsplit_once('/').map_or("", |(folder, _)| folder);
        for path in files_in(tree, format!("{space}/{folder}").trim_end_matches('/'))? {
            let rest = path.as_str().and_then(|path| path.strip_prefix(&space)?.strip_prefix('/'));
            if rest.is_some_and(|rest| glob.is_match(rest)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whether governed files of the profile are other ones in the working tree.
fn differs(site: &Site, base: &dyn TreeView, name: &ProfileName) -> Result<bool, EngineError> {
    let own = |tree: &dyn TreeView| -> Result<Vec<_>, SightError> {
        let space = layout::namespace(name);
        let files = Governed::new(&[]).files(tree)?;
        Ok(files
            .into_iter()
            .filter(|(path, _)| path.is_below(&space))
            .map(|(path, (_, digest))| (path, digest))
            .collect())
    };
    Ok(own(base)? != own(&site.repo.worktree_view()?)?)
}

/// A profile begun in the working tree.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Its name.
    pub name: ProfileName,
    /// Its parent.
    pub extends: Option<ProfileName>,
    /// The files, written unless it was a dry run.
    pub files: Vec<RepoPath>,
}

/// Writes the files of a new profile into the working tree; they land by an amend. Nothing is overwritten.
pub fn begin(site: &Site, name: &str, extends: Option<&str>, dry_run: bool) -> Result<Begun, EngineError> {
    let worktree = site.repo.worktree_view()?;
    let base = site.base()?;
    let name = ProfileName::parse(name)?;
    let folder = RepoPath::from(layout::namespace(&name));
    if worktree.entry(&folder)?.is_some() || base.view().entry(&folder)?.is_some() {
        return Err(EngineError::refused(
            format!("`{folder}` is there already"),
            format!("choose another name, or look at it: agentops profile validate {name}"),
        ));
    }
    let extends = extends.map(|parent| known(&worktree, parent)).transpose()?;
    let files = config::new_profile(&name, extends.as_ref());
    if !dry_run {
        for (path, bytes) in &files {
            site.repo.write_worktree_file(path, bytes)?;
        }
    }
    Ok(Begun { name, extends, files: files.into_iter().map(|(path, _)| path).collect() })
}

/// The verdict on one profile: what it consists of, or what is wrong with it.
pub type Verdict = (ProfileName, Result<Box<ProfileReport>, PolicyError>);

/// Checks the profile called `name`, or all profiles, as they lie in the working tree.
pub fn validate(site: &Site, name: Option<&str>) -> Result<Vec<Verdict>, EngineError> {
    let worktree = site.repo.worktree_view()?;
    let names = match name {
        Some(name) => vec![known(&worktree, name)?],
        None => names(&worktree)?,
    };
    if names.is_empty() {
        return Err(EngineError::NotGoverned);
    }
    Ok(names
        .into_iter()
        .map(|name| {
            let report = config::validate_profile(&worktree, &name).map(Box::new);
            (name, report)
        })
        .collect())
}

/// Folders below `.agentops` with a `profile.toml`.
fn names(tree: &dyn TreeView) -> Result<Vec<ProfileName>, EngineError> {
    let root = RepoPath::from(layout::ROOT);
    let mut names = Vec::new();
    for entry in tree.list(&root)? {
        let name = std::str::from_utf8(&entry.name).ok().and_then(|name| ProfileName::parse(name).ok());
        if let Some(name) = name
            && tree.entry(&layout::profile_file(&name))?.is_some()
        {
            names.push(name);
        }
    }
    Ok(names)
}

fn known(tree: &dyn TreeView, name: &str) -> Result<ProfileName, EngineError> {
    let names = names(tree)?;
    let found = names.iter().find(|known| known.as_str() == name).cloned();
    found.ok_or_else(|| EngineError::NotFound {
        what: "profile",
        name: name.to_owned(),
        hint: near(name, names.iter().map(ProfileName::as_str)),
    })
}
