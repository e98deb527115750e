//! What rules a tree: its policy, read once for the many trees of a history that share it.

use std::collections::HashMap;
use std::rc::Rc;

use super::error::EngineError;
use crate::config;
use crate::git::Repo;
use crate::law::ReadOff;
use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::tree::{Change, Mode, TreeView};

/// What rules a step from some tree.
pub(crate) enum Ruling {
    /// That tree's own policy.
    Governed(Rc<Policy>),
    /// The tree is from before adoption.
    Ungoverned,
}

impl Ruling {
    /// The policy, where there is one.
    pub(crate) fn policy(self) -> Option<Rc<Policy>> {
        match self {
            Self::Governed(policy) => Some(policy),
            Self::Ungoverned => None,
        }
    }
}

/// Whether laws rule what follows a commit.
pub(crate) fn is_governed(repo: &Repo, commit: &ObjectId) -> Result<bool, EngineError> {
    Ok(config::is_governed(&repo.tree(&repo.tree_of(commit)?))?)
}

/// What decides a policy: the names of its files and the objects they hold.
type Key = Vec<(RepoPath, ObjectId)>;

/// Policies by the objects they were read from: along a history they rarely change.
#[derive(Default)]
pub(crate) struct Policies {
    read: Vec<(Key, Rc<Policy>)>,
    /// What rules by the object that `.agentops` is: all that decides a policy lies in it, and most commits leave it alone.
    folders: HashMap<ObjectId, Option<Rc<Policy>>>,
    settled: bool,
    /// What was read off commits under each of the last policies.
    read_off: Vec<(Rc<Policy>, Rc<ReadOff>)>,
    /// Bytes that may be kept of it under each.
    room: usize,
}

/// Policies under which commits are judged in turn, where branches bring their own.
const IN_TURN: usize = 4;

impl Policies {
    /// Policies for many cases that see the same commits: of what is read off these, so many bytes are kept under each of
    /// the last four.
    pub(crate) fn remembering(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// What was read off commits under `policy`; `None` where nothing is kept.
    pub(crate) fn read_off(&mut self, policy: &Rc<Policy>) -> Option<Rc<ReadOff>> {
        if let Some((_, read_off)) = self.read_off.iter().find(|(known, _)| Rc::ptr_eq(known, policy)) {
            return Some(Rc::clone(read_off));
        }
        if self.room == 0 {
            return None;
        }
        if self.read_off.len() >= IN_TURN {
            self.read_off.remove(0);
        }
        let read_off = Rc::new(ReadOff::of(self.room));
        self.read_off.push((Rc::clone(policy), Rc::clone(&read_off)));
        Some(read_off)
    }

    /// Policies for a step with these changes: where it leaves `.agentops` alone, what settled there is not read anew.
    pub(crate) fn for_changes(changes: &[Change]) -> Self {
        let settled = changes.iter().all(|change| !change.path.is_below(layout::ROOT));
        Self { settled, ..Self::default() }
    }

    /// The policy in `tree`.
    pub(crate) fn of(&mut self, tree: &dyn TreeView) -> Result<Ruling, EngineError> {
        // Views of what is no tree yet have no id for a folder.
        let entry = tree.entry(&layout::ROOT.into())?;
        let folder = entry.filter(|entry| entry.mode == Mode::Tree && !entry.id.is_null()).map(|entry| entry.id);
        let policy = match folder.and_then(|id| self.folders.get(&id)) {
            Some(known) => known.clone(),
            None => {
                let found = self.find(tree)?;
                self.folders.extend(folder.map(|id| (id, found.clone())));
                found
            }
        };
        Ok(policy.map_or(Ruling::Ungoverned, Ruling::Governed))
    }

    fn find(&mut self, tree: &dyn TreeView) -> Result<Option<Rc<Policy>>, EngineError> {
        let Some(key) = key(tree)? else { return Ok(None) };
        if let Some((_, policy)) = self.read.iter().rev().find(|(known, _)| *known == key) {
            return Ok(Some(policy.clone()));
        }
        let read = if self.settled { config::read_settled_policy } else { config::read_policy };
        let policy = Rc::new(read(tree)?);
        self.read.push((key, policy.clone()));
        Ok(Some(policy))
    }
}

/// The objects that decide a policy: format, config, signers, rules about secrets, and each profile's file and templates.
/// `None`: not governed.
fn key(tree: &dyn TreeView) -> Result<Option<Key>, EngineError> {
    if !config::is_governed(tree)? {
        return Ok(None);
    }
    let root = RepoPath::from(layout::ROOT);
    let mut paths: Vec<RepoPath> =
        vec![layout::FORMAT.into(), layout::CONFIG.into(), layout::SIGNERS.into(), layout::SECRETS.into()];
    for entry in tree.list(&root)? {
        let folder = root.join(&entry.name);
        paths.extend(["profile.toml", "templates"].map(|name| folder.join(name.as_bytes())));
    }
    let mut ids = Vec::with_capacity(paths.len());
    for path in paths {
        let found = tree.entry(&path)?;
        ids.extend(found.map(|entry| (path, entry.id)));
    }
    Ok(Some(ids))
}
