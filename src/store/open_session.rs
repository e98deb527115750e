//! The open session of one worktree: begun by `session start`, turned into a record by `session end`.
//!
//! Local to the worktree and never committed; it holds names and times, no prompts. What is loaded while it is open is noted in
//! a file beside it, to which lines are only added: two agents that load at the same time lose nothing.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{StoreError, read_whole, remove, write_whole};
use crate::faults::{Write, reach};

/// So many different bundles are noted for one session.
const MOST_BUNDLES: usize = 64;

/// What is known of a session before it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// The id that the record will have.
    pub id: String,
    /// The namespace.
    pub profile: String,
    /// Whose sitting.
    pub actor: String,
    /// When it began.
    pub started: String,
    /// The tasks it was begun for.
    pub tasks: Vec<String>,
    /// The commit HEAD was at; empty on an unborn branch.
    pub head: String,
    /// The ids of the bundles that were loaded since, each once, in that order: [`note_bundle`] adds to them.
    #[serde(skip)]
    pub bundles: Vec<String>,
}

/// Where the session is remembered.
pub fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("agentops").join("session.toml")
}

/// Lines of a session's id and a bundle's, so that what is left of an earlier session is no other one's.
fn loaded(git_dir: &Path) -> PathBuf {
    git_dir.join("agentops").join("session.bundles")
}

/// The open session of the worktree whose git folder is `git_dir`. A file that cannot be read as one counts as none:
/// it is only a convenience, and whoever asks says so.
pub fn load(git_dir: &Path) -> Result<Option<OpenSession>, StoreError> {
    let bytes = read_whole(&path(git_dir))?;
    let Some(mut session) =
        bytes.and_then(|bytes| toml::from_str::<OpenSession>(std::str::from_utf8(&bytes).ok()?).ok())
    else {
        return Ok(None);
    };
    let lines = read_whole(&loaded(git_dir))?.unwrap_or_default();
    for line in String::from_utf8_lossy(&lines).lines() {
        if let Some((_, bundle)) = line.split_once(' ').filter(|(of, _)| *of == session.id)
            && !session.bundles.iter().any(|known| known == bundle)
        {
            session.bundles.push(bundle.to_owned());
        }
    }
    session.bundles.truncate(MOST_BUNDLES);
    Ok(Some(session))
}

/// Remembers `session` as the open one. Bundles that were noted for another one are forgotten.
pub fn save(git_dir: &Path, session: &OpenSession) -> Result<(), StoreError> {
    let text = toml::to_string(session).unwrap_or_default();
    write_whole(&path(git_dir), text.as_bytes(), Write::Session)?;
    remove(&loaded(git_dir), Write::SessionEnd)
}

/// Notes that a bundle was loaded, where a session is open; once each, and 64 at most.
pub fn note_bundle(git_dir: &Path, bundle: &str) -> Result<(), StoreError> {
    let Some(session) = load(git_dir)? else { return Ok(()) };
    if session.bundles.len() >= MOST_BUNDLES || session.bundles.iter().any(|known| known == bundle) {
        return Ok(());
    }
    let file = loaded(git_dir);
    let line = format!("{} {bundle}\n", session.id);
    let append = || -> std::io::Result<()> {
        reach(Write::Session)?;
        OpenOptions::new().create(true).append(true).open(&file)?.write_all(line.as_bytes())
    };
    append().map_err(|source| StoreError::new("write", &file, source))
}

/// Forgets the open session.
pub fn clear(git_dir: &Path) -> Result<(), StoreError> {
    remove(&path(git_dir), Write::SessionEnd)?;
    remove(&loaded(git_dir), Write::SessionEnd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: &str) -> OpenSession {
        OpenSession {
            id: id.into(),
            profile: "sre".into(),
            actor: "claude".into(),
            started: "2026-11-21T07:00:00Z".into(),
            tasks: vec!["db-k3f9".into()],
            head: String::new(),
            bundles: Vec::new(),
        }
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()).unwrap(), None);
        save(folder.path(), &session("01arz3ndektsv4rrffq69g5fav")).unwrap();
        assert_eq!(load(folder.path()).unwrap(), Some(session("01arz3ndektsv4rrffq69g5fav")));
        clear(folder.path()).unwrap();
        clear(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap(), None);
    }

    #[test]
    fn what_is_loaded_is_noted_once_and_for_its_session_alone() {
        let folder = tempfile::tempdir().unwrap();
        let noted = || load(folder.path()).unwrap().unwrap().bundles;
        note_bundle(folder.path(), "early").unwrap();
        save(folder.path(), &session("one")).unwrap();
        assert_eq!(noted(), [""; 0], "no session was open");
        ["b", "a", "b"].into_iter().for_each(|bundle| note_bundle(folder.path(), bundle).unwrap());
        assert_eq!(noted(), ["b", "a"]);
        // A file that is left, as when it could not be removed, is no other session's.
        let left = std::fs::read(loaded(folder.path())).unwrap();
        save(folder.path(), &session("two")).unwrap();
        assert_eq!(noted(), [""; 0]);
        std::fs::write(loaded(folder.path()), [left.as_slice(), b"two c\nhalf a li"].concat()).unwrap();
        assert_eq!(noted(), ["c"]);
        clear(folder.path()).unwrap();
        save(folder.path(), &session("three")).unwrap();
        (0..2 * MOST_BUNDLES).for_each(|number| note_bundle(folder.path(), &number.to_string()).unwrap());
        assert_eq!((noted().len(), noted()[1].as_str()), (MOST_BUNDLES, "1"));
        save(folder.path(), &session("four")).unwrap();
        let place = folder.path();
        std::thread::scope(|scope| {
            for bundle in ["a", "b", "c", "d"] {
                scope.spawn(move || note_bundle(place, bundle).unwrap());
            }
        });
        let mut all = noted();
        all.sort_unstable();
        assert_eq!(all, ["a", "b", "c", "d"]);
    }
}
