//! What rules a tree: its policy, read once for the many trees of a history that share it.

use std::rc::Rc;
use std::sync::Arc;

use super::error::EngineError;
use crate::config;
use crate::git::Repo;
use crate::law::ReadOff;
use crate::model::digest::ObjectId;
use crate::model::ids::IdMap;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::tree::{Change, Mode, TreeView};

/// What rules a step from some tree.
pub(crate) enum Ruling {
    /// That tree's own policy.
    Governed(Arc<Policy>),
    /// The tree is from before adoption.
    Ungoverned,
}

impl Ruling {
    /// The policy, where there is one.
    pub(crate) fn policy(self) -> Option<Arc<Policy>> {
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

/// Policies by the objects they were read from: along a history they rarely change. What is forgotten is read again, so
/// policies are compared by what they say and never by where they lie.
#[derive(Default)]
pub(crate) struct Policies {
    known: Known,
    settled: bool,
    /// What was read off commits under each of the last policies.
    read_off: Vec<(Arc<Policy>, Rc<ReadOff>)>,
    /// Bytes that may be kept of it under each.
    room: usize,
}

/// What was read lately.
#[derive(Default, Clone)]
struct Known {
    /// The one that was asked for last at the end.
    policies: Vec<(Key, Arc<Policy>)>,
    /// What rules by the object that `.agentops` is: all that decides a policy lies in it, and most commits leave it alone.
    folders: IdMap<Option<Arc<Policy>>>,
}

/// Policies that are kept: whoever pushes decides how many there are, and how long.
const KEPT: usize = 16;

/// Folders that are kept: each commit that writes an event makes one.
const FOLDERS: usize = 4096;

impl Known {
    /// The policy that was read from these objects.
    fn policy(&mut self, key: &Key) -> Option<Arc<Policy>> {
        let at = self.policies.iter().rposition(|(known, _)| known == key)?;
        let last = self.policies.len() - 1;
        self.policies[at..].rotate_left(1);
        Some(Arc::clone(&self.policies[last].1))
    }

    fn keep(&mut self, key: Key, policy: &Arc<Policy>) {
        if self.policies.len() >= KEPT {
            self.policies.remove(0);
            // They hold policies too.
            self.folders.clear();
        }
        self.policies.push((key, Arc::clone(policy)));
    }

    fn keep_folder(&mut self, folder: ObjectId, policy: Option<&Arc<Policy>>) {
        if self.folders.len() >= FOLDERS {
            self.folders.clear();
        }
        self.folders.insert(folder, policy.cloned());
    }
}

/// Policies under which commits are judged in turn, where branches bring their own.
const IN_TURN: usize = 4;

impl Policies {
    /// Policies for many cases that see the same commits: of what is read off these, so many bytes are kept under each of
    /// the last four.
    pub(crate) fn remembering(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// Makes policies for other threads, which begin with what is known here and keep at most so many bytes of what they read
    /// off commits under each of the last four; none where none are kept here.
    pub(crate) fn elsewhere(&self, room: usize) -> impl Fn() -> Self + Sync + use<> {
        let (known, settled, room) = (self.known.clone(), self.settled, self.room.min(room));
        move || Self { known: known.clone(), settled, read_off: Vec::new(), room }
    }

    /// What was read off commits under `policy`; `None` where nothing is kept.
    pub(crate) fn read_off(&mut self, policy: &Arc<Policy>) -> Option<Rc<ReadOff>> {
        if let Some((_, read_off)) = self.read_off.iter().find(|(known, _)| known == policy) {
            return Some(Rc::clone(read_off));
        }
        if self.room == 0 {
            return None;
        }
        if self.read_off.len() >= IN_TURN {
            self.read_off.remove(0);
        }
        let read_off = Rc::new(ReadOff::of(self.room));
        self.read_off.push((Arc::clone(policy), Rc::clone(&read_off)));
        Some(read_off)
    }

    /// Policies for looking at what is there, which settled when it came in: no gate is judged by them.
    pub(crate) fn settled() -> Self {
        Self { settled: true, ..Self::default() }
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
        let policy = match folder.and_then(|id| self.known.folders.get(&id)) {
            Some(known) => known.clone(),
            None => {
                let found = self.find(tree)?;
                if let Some(folder) = folder {
                    self.known.keep_folder(folder, found.as_ref());
                }
                found
            }
        };
        Ok(policy.map_or(Ruling::Ungoverned, Ruling::Governed))
    }

    fn find(&mut self, tree: &dyn TreeView) -> Result<Option<Arc<Policy>>, EngineError> {
        let Some(key) = key(tree)? else { return Ok(None) };
        if let Some(policy) = self.known.policy(&key) {
            return Ok(Some(policy));
        }
        let read = if self.settled { config::read_settled_policy } else { config::read_policy };
        let policy = Arc::new(read(tree)?);
        self.known.keep(key, &policy);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::policy;

    fn id(number: usize) -> ObjectId {
        ObjectId::parse(&format!("{number:040x}")).unwrap()
    }

    fn key_of(number: usize) -> Key {
        vec![(layout::CONFIG.into(), id(number))]
    }

    #[test]
    fn a_history_of_many_policies_keeps_the_last_ones() {
        let mut known = Known::default();
        let first = Arc::new(policy());
        known.keep(key_of(0), &first);
        for number in 1..100 {
            let policy = Arc::new(policy());
            known.keep(key_of(number), &policy);
            known.keep_folder(id(number), Some(&policy));
            // It is asked for again and again, as that of the base is.
            assert!(Arc::ptr_eq(&known.policy(&key_of(0)).unwrap(), &first));
            drop(policy);
            assert!(
                known.folders.values().flatten().all(|kept| Arc::strong_count(kept) == 2),
                "kept by a folder alone"
            );
        }
        let kept: Vec<usize> = (0..100).filter(|number| known.policy(&key_of(*number)).is_some()).collect();
        assert_eq!(kept, std::iter::once(0).chain(100 - KEPT + 1..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_history_of_many_folders_keeps_some() {
        let mut known = Known::default();
        for number in 0..3 * FOLDERS {
            known.keep_folder(id(number), None);
            assert!(known.folders.len() <= FOLDERS && known.folders.contains_key(&id(number)));
        }
    }

    #[test]
    fn what_was_read_off_under_a_policy_counts_for_an_equal_one() {
        let mut policies = Policies::remembering(1);
        let of = |policies: &mut Policies, policy: Policy| policies.read_off(&Arc::new(policy)).unwrap();
        let first = of(&mut policies, policy());
        assert!(Rc::ptr_eq(&first, &of(&mut policies, policy())));
        let mut other = policy();
        other.config.waivers_max += 1;
        assert!(!Rc::ptr_eq(&first, &of(&mut policies, other)));
    }
}
