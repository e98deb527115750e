//! AO-L4 where hooks of others run: what a chained hook changed behind a commit, and what hooks left behind.
//!
//! Read off cheap facts alone: the seal of the index, and size and time of the staged files in the working tree.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use crate::engine::error::EngineError;
use crate::engine::judging::staged::Ground;
use crate::engine::site::Site;
use crate::git::{Repo, path_from};
use crate::model::law_id::{LawId, Level};
use crate::model::path::RepoPath;
use crate::model::report::{Place, Report, Violation};
use crate::model::tree::Change;

/// Size and time of a file; `None` where there is none.
type FileFacts = Option<(u64, u128)>;

/// How index and working tree stood before somebody else's hook ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    seal: String,
    staged: Vec<Change>,
    files: BTreeMap<RepoPath, FileFacts>,
}

impl Traces {
    /// Reads them; `staged` are the changes as they are now.
    pub fn take(site: &Site, staged: Vec<Change>) -> Result<Self, EngineError> {
        let files = staged.iter().map(|change| (change.path.clone(), facts(&site.repo, &change.path))).collect();
        Ok(Self { seal: site.repo.index_seal()?, staged, files })
    }

    /// What the hook `name` changed since: the rewritten working files and index entries as warnings; as errors where
    /// nothing is left of what was staged before, so that the commit would consist of the hook's own writing. The staged
    /// changes as they are now come with it.
    pub fn compare(
        self,
        site: &Site,
        ground: &Ground,
        name: &str,
    ) -> Result<(Vec<Change>, Vec<Violation>), EngineError> {
        let mut found = Vec::new();
        for (path, before) in &self.files {
            if facts(&site.repo, path) != *before {
                found.push(finding(
                    Level::Warn,
                    Some(path),
                    format!("the chained `{name}` hook changed this file while it was being committed"),
                    "look at it with `git diff`; let the hook check, and run what rewrites files by hand",
                ));
            }
        }
        if site.repo.index_seal()? == self.seal {
            return Ok((self.staged, found));
        }
        let now = ground.changes(site)?;
        let rewritten = now.iter().filter(|change| at(&self.staged, change) != Some(*change));
        // A path that somebody staged stays theirs, whatever a formatter made of it.
        let is_theirs = |change: &Change| at(&self.staged, change).is_some();
        let (level, what) = if !now.is_empty() && !now.iter().any(is_theirs) {
            (Level::Error, "staged this path, and nothing else is left to commit: it would hold only what a hook wrote")
        } else {
            (Level::Warn, "changed what is staged here")
        };
        for change in rewritten {
            found.push(finding(
                level,
                Some(&change.path),
                format!("the chained `{name}` hook {what}"),
                "unstage it with `git restore --staged`, run by hand what wrote it, and commit what you mean to",
            ));
        }
        for change in self.staged.iter().filter(|change| at(&now, change).is_none()) {
            found.push(finding(
                Level::Warn,
                Some(&change.path),
                format!("the chained `{name}` hook took this path out of the commit"),
                "stage it again with `git add`, or let the hook refuse instead",
            ));
        }
        Ok((now, found))
    }
}

/// What hooks left behind after a push or a commit: tracked files that are not as in HEAD, and, where `since` names a
/// revision, commits that came after it.
pub fn after_push(site: &Site, since: Option<&str>) -> Result<Report, EngineError> {
    let head = site.repo.head_commit()?;
    let mut report = Report { tip: Some(head), ..Report::default() };
    if let Some(since) = since {
        let base = site.repo.resolve(since)?;
        report.base = Some(base);
        for commit in site.repo.range(Some(&base), &head)?.commits {
            let subject = commit.message.lines().next().unwrap_or_default().to_owned();
            let mut finding = finding(
                Level::Error,
                None,
                format!("`{subject}` was committed after `{since}`"),
                "if a hook made it: let the hook check only, and drop the commit with `git reset --soft`",
            );
            finding.place = Place::nowhere().in_commit(commit.id);
            report.violations.push(finding);
        }
    }
    for (path, _) in site.repo.tracked_changes()? {
        report.violations.push(finding(
            Level::Error,
            Some(&path),
            "this tracked file is not as in HEAD".to_owned(),
            "if it is your own work, go on; if a hook wrote it, `git diff` shows what, `git restore --staged --worktree` \
             undoes it, and the hook must not write tracked files",
        ));
    }
    Ok(report)
}

fn finding(level: Level, path: Option<&RepoPath>, message: String, fix: &str) -> Violation {
    let place = path.map_or_else(Place::nowhere, |path| Place::path(path.clone()));
    Violation { law: LawId::L4, level, place, message, fix: fix.to_owned() }
}

/// The change of the same path in a sorted list.
fn at<'a>(list: &'a [Change], change: &Change) -> Option<&'a Change> {
    list.binary_search_by(|other| other.path.cmp(&change.path)).ok().map(|index| &list[index])
}

fn facts(repo: &Repo, path: &RepoPath) -> FileFacts {
    let about = repo.work_dir()?.join(path_from(path.as_bytes())).symlink_metadata().ok()?;
    let time = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((about.len(), time.as_nanos()))
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::sandbox::Sandbox;

    #[test]
    fn names_that_are_no_text_are_looked_at_too() {
        let sandbox = Sandbox::new();
        let path = RepoPath::from_bytes(b"caf\xe9");
        std::fs::write(sandbox.path().join(path_from(path.as_bytes())), "1").unwrap();
        assert!(facts(&sandbox.open(), &path).is_some());
    }
}
